//! Names, programs and paths that the table of activities refers to: real ones, as any proxy log
//! has them.

/// What fetches Windows updates.
#[rustfmt::skip]
pub(super) const WINDOWS: &[&str] = &[
    "Microsoft-Delivery-Optimization/10.0",
    "Windows-Update-Agent/7.9.9600.18340 Client-Protocol/1.40", "Microsoft BITS/7.8",
    "Microsoft BITS/7.5",
];
/// What checks certificates.
#[rustfmt::skip]
pub(super) const CRYPTO: &[&str] = &[
    "Microsoft-CryptoAPI/10.0", "Microsoft-CryptoAPI/6.1", "Microsoft-CryptoAPI/6.3",
    "ocspd/1.0.3",
];
/// Updaters, in the order of [`VENDORS`].
#[rustfmt::skip]
pub(super) const UPDATERS: &[&str] = &[
    "Symantec LiveUpdate", "McAfee Agent/#", "AdobeUpdateService/#",
    "Google Update/1.3.30.3;winhttp", "Java/1.8.0_91", "iTunes/12.4.1 (Windows; N)",
    "MozillaMaintenance/#", "Google Update/1.3.30.3;winhttp",
];
/// Programs of the desktop, in the order of [`OFFICE_HOSTS`].
#[rustfmt::skip]
pub(super) const DESKTOP: &[&str] = &[
    "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.#; Pro)", "Slack/# (Windows)",
    "Skype/# (Windows)", "Evernote Windows/#; Windows/6.3.9600;",
    "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Word 16.0.#; Pro)", "Spotify/# Win32/2",
    "Microsoft-WNS/10.0",
];
/// What reports to [`COLLECTORS`], in their order.
#[rustfmt::skip]
pub(super) const REPORTERS: &[&str] = &[
    "Microsoft-UTC/10.0", "NewRelic-Agent/#", "analytics-node/#", "Firefox/47.0 telemetry", "MSDW",
    "raven-js/#", "GoogleAnalytics/#",
];
/// Scripts and libraries: one-offs, mostly.
#[rustfmt::skip]
pub(super) const SCRIPTS: &[&str] = &[
    "curl/7.47.0", "Wget/1.17.1 (linux-gnu)", "python-requests/2.10.0", "Python-urllib/2.7",
    "Java/1.7.0_79", "Go-http-client/1.1", "Apache-HttpClient/4.5.2 (Java/1.8.0_91)",
    "okhttp/3.3.1", "libwww-perl/6.15", "Microsoft Excel 2014", "R (3.3.1 x86_64-w64-mingw32)",
    "PycURL/7.43.0", "Ruby", "axios/0.13.1", "Matlab R2015b",
    "SAP NetWeaver Application Server (1.0;740)",
    "Mozilla/5.0 (Windows NT; Windows NT 6.1; en-US) WindowsPowerShell/3.0", "PHP/5.6.23",
    "lua-resty-http/0.08", "Nessus/6.7",
];
/// Things with a network port.
#[rustfmt::skip]
pub(super) const APPLIANCES: &[&str] = &[
    "HP-ePrint/#", "Linux/3.10 UPnP/1.0 DLNADOC/1.50",
    "Dalvik/2.1.0 (Linux; U; Android 6.0; SM-T810)", "VMware-client/6.0", "Cisco-SPA/#",
    "AXIS Camera/#", "esp8266/#", "CFNetwork/758.4.3 Darwin/15.5.0",
];
/// Package managers.
#[rustfmt::skip]
pub(super) const PACKAGERS: &[&str] = &[
    "Debian APT-HTTP/1.3 (1.2.12)", "pip/8.1.2", "npm/3.8.9 node/v6.2.0 linux x64",
    "Apache-Maven/3.3.9 (Java 1.8.0_91; Linux 4.4.0)", "docker/1.11.2", "git/2.7.4",
];
/// Where Windows updates come from.
#[rustfmt::skip]
pub(super) const UPDATE_HOSTS: &[&str] = &[
    "au.download.windowsupdate.com", "download.windowsupdate.com",
    "tlu.dl.delivery.mp.microsoft.com", "wsus.ds.download.windowsupdate.com",
];
/// Where other software comes from.
#[rustfmt::skip]
pub(super) const VENDORS: &[&str] = &[
    "liveupdate.symantecliveupdate.com", "update.nai.com", "ardownload.adobe.com",
    "redirector.gvt1.com", "javadl-esd.sun.com", "swcdn.apple.com", "download.cdn.mozilla.net",
    "dl.google.com",
];
/// Where certificates are checked.
#[rustfmt::skip]
pub(super) const OCSP: &[&str] = &[
    "ocsp.digicert.com", "ocsp.verisign.com", "ocsp.comodoca.com", "clients1.google.com",
    "ocsp.globalsign.com", "ocsp.entrust.net", "ocsp.msocsp.com",
];
/// Where revoked ones are listed.
#[rustfmt::skip]
pub(super) const CRLS: &[&str] = &[
    "crl.microsoft.com", "crl3.digicert.com", "mscrl.microsoft.com", "crl.globalsign.net",
];
/// The lists.
#[rustfmt::skip]
pub(super) const CRL_PATHS: &[[&str; 2]] = &[
    ["/pki/crl/products/MicRooCerAut2011_2011_03_22.crl", "-"], ["/sha2-ev-server-g1.crl", "-"],
    ["/pki/mscorp/crl/msitwww2.crl", "-"], ["/root.crl", "-"],
];
/// Cloud stores.
#[rustfmt::skip]
pub(super) const CLOUD_STORES: &[&str] = &[
    "content.dropboxapi.com", "d.docs.live.net", "www.googleapis.com", "contoso-my.sharepoint.com",
    "upload.box.com", "xml.syncplicity.com", "block.dropbox.com",
];
/// What feeds them, in the order of [`CLOUD_STORES`].
#[rustfmt::skip]
pub(super) const SYNCERS: &[&str] = &[
    "Dropbox-Sync/#", "OneDrive/17.3.6390", "GoogleDriveSync/#", "Microsoft SkyDriveSync #",
    "Box Sync/#", "Syncplicity Client/#", "Dropbox-Sync/#",
];
/// Where desktop programs turn to.
#[rustfmt::skip]
pub(super) const OFFICE_HOSTS: &[&str] = &[
    "outlook.office365.com", "slack.com", "edge.skype.com", "www.evernote.com",
    "nexus.officeapps.live.com", "api.spotify.com", "client.wns.windows.com",
];
/// Collectors of telemetry.
#[rustfmt::skip]
pub(super) const COLLECTORS: &[&str] = &[
    "vortex.data.microsoft.com", "bam.nr-data.net", "api.segment.io",
    "incoming.telemetry.mozilla.org", "settings-win.data.microsoft.com", "sentry.io",
    "app-measurement.com",
];
/// Where films come from.
#[rustfmt::skip]
pub(super) const VIDEOS: &[&str] = &[
    "r3---sn-5hne6n7z.googlevideo.com", "r1---sn-h5q7dned.googlevideo.com",
    "vod-progressive.akamaized.net", "skyfire.vimeocdn.com",
    "ipv4-c012-fra001-ix.1.oca.nflxvideo.net", "video.xx.fbcdn.net",
];
/// Radio stations.
#[rustfmt::skip]
pub(super) const RADIOS: &[&str] = &[
    "icecast.radiofrance.fr", "stream.live.vc.bbcmedia.co.uk", "streaming.radionomy.com",
    "wdr-1live-live.icecast.wdr.de", "ice1.somafm.com",
];
/// Banners and trackers.
#[rustfmt::skip]
pub(super) const AD_HOSTS: &[&str] = &[
    "www.google-analytics.com", "securepubads.g.doubleclick.net", "ib.adnxs.com",
    "b.scorecardresearch.com", "sync.mathtag.com", "bidder.criteo.com", "cm.everesttech.net",
    "pixel.quantserve.com", "trc.taboola.com", "rtb.openx.net", "tags.bluekai.com",
    "ads.pubmatic.com",
];
/// Where packages come from.
#[rustfmt::skip]
pub(super) const PACKAGE_HOSTS: &[&str] = &[
    "archive.ubuntu.com", "deb.debian.org", "pypi.python.org", "registry.npmjs.org",
    "repo1.maven.org", "registry-1.docker.io", "github.com",
];
/// Is there a network?
#[rustfmt::skip]
pub(super) const CHECKS: &[&str] = &[
    "www.msftncsi.com", "www.msftconnecttest.com", "detectportal.firefox.com", "captive.apple.com",
    "connectivitycheck.gstatic.com",
];
/// The answers, in the order of [`CHECKS`].
#[rustfmt::skip]
pub(super) const CHECK_PATHS: &[[&str; 2]] = &[
    ["/ncsi.txt", "-"], ["/connecttest.txt", "-"], ["/success.txt", "-"],
    ["/hotspot-detect.html", "-"], ["/generate_204", "-"],
];
/// Proxy configuration.
#[rustfmt::skip]
pub(super) const PAC: &[[&str; 2]] = &[
    ["/wpad.dat", "-"], ["/proxy.pac", "-"],
];
/// The mail server's doors.
#[rustfmt::skip]
pub(super) const EXCHANGE: &[[&str; 2]] = &[
    ["/EWS/Exchange.asmx", "-"], ["/autodiscover/autodiscover.xml", "-"], ["/owa/", "-"],
];
