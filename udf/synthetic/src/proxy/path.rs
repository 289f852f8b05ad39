//! What paths and queries look like, by what is fetched.

use super::url::Shape;
use crate::names::{ALNUM, BASE64, Bits, DIGITS, HEX, WORDS};
use std::fmt::Write;

/// Appends a path.
pub(super) fn path(shape: Shape, bits: &mut Bits, out: &mut String) {
    out.push('/');
    match shape {
        Shape::Page => page(bits, out),
        Shape::Script => {
            out.push_str(bits.pick(&[
                "js/",
                "assets/",
                "static/js/",
                "_next/static/chunks/",
                "lib/",
            ]));
            out.push_str(bits.pick(&[
                "app",
                "main",
                "vendor",
                "jquery-1.12.4",
                "bundle",
                "analytics",
            ]));
            if bits.below(2) == 0 {
                out.push('.');
                bits.letters(out, HEX, 8);
            }
            out.push_str(bits.pick(&[".js", ".min.js"]));
        }
        Shape::Sheet => {
            out.push_str(bits.pick(&["css/", "assets/", "static/css/", "themes/default/"]));
            out.push_str(bits.pick(&["main", "style", "print", "bootstrap", "layout"]));
            out.push_str(bits.pick(&[".css", ".min.css"]));
        }
        Shape::Jpeg => image(bits, ".jpg", out),
        Shape::Png => image(bits, ".png", out),
        Shape::Gif => image(bits, ".gif", out),
        Shape::Svg => image(bits, ".svg", out),
        Shape::Font => {
            out.push_str("fonts/");
            bits.spoken(out, 2);
            out.push_str(bits.pick(&["-regular.woff2", "-bold.woff2", "-webfont.woff"]));
        }
        Shape::Advert => out.push_str(bits.pick(&[
            "pixel",
            "b",
            "collect",
            "ads/ga-audiences",
            "pagead/adview",
            "hit.gif",
            "imp",
            "sync",
            "cm/push",
            "rtb/bid",
            "activityi",
            "tr/",
            "dtc",
            "event/impression",
        ])),
        Shape::Api => {
            let _ = write!(out, "api/v{}/", 1 + bits.below(3));
            out.push_str(bits.pick(WORDS));
            if bits.below(2) == 0 {
                let _ = write!(out, "/{}", bits.below(100_000));
            }
        }
        Shape::Search => out.push_str(bits.pick(&["search", "complete/search", "suggest", "s"])),
        Shape::Chunk => match bits.below(3) {
            0 => out.push_str("videoplayback"),
            1 => {
                out.push_str("vod/");
                bits.letters(out, ALNUM, 12);
                let _ = write!(out, "/seg-{}-v1-a1.ts", bits.below(900));
            }
            _ => {
                bits.letters(out, DIGITS, 9);
                let _ = write!(
                    out,
                    "/chunk-stream{}-{:05}.m4s",
                    bits.below(4),
                    bits.below(3_000)
                );
            }
        },
        Shape::Update => {
            out.push_str("d/msdownload/update/software/secu/2016/0");
            let _ = write!(
                out,
                "{}/windows6.1-kb3{}-x64_",
                1 + bits.below(9),
                100_000 + bits.below(99_999)
            );
            bits.letters(out, HEX, 40);
            out.push_str(".cab");
        }
        Shape::Definition => {
            let _ = write!(out, "defs/v5i64/{}/delta-", 20_000 + bits.below(4_000));
            bits.letters(out, DIGITS, 6);
            out.push_str(".zip");
        }
        Shape::Ocsp => {
            out.push_str("MFEwTzBNMEswSTAJBgUrDgMCGgUABBT");
            bits.letters(out, BASE64, 54);
            out.push_str("%3D");
        }
        Shape::Sync => {
            out.push_str(bits.pick(&[
                "2/files/upload_session/append_v2",
                "upload/drive/v3/files",
                "personal/documents/_api/web/upload",
                "block",
            ]));
        }
        Shape::Poll => {
            out.push_str(bits.pick(&[
                "v1/poll",
                "notifications/subscribe",
                "presence/status",
                "messages/unread",
                "sync/delta",
            ]));
        }
        Shape::Telemetry => {
            out.push_str(bits.pick(&[
                "OneCollector/1.0/",
                "v2/track",
                "telemetry/submit",
                "report/crash",
                "jserrors/1/beacon",
            ]));
        }
        Shape::Internal => {
            out.push_str(bits.pick(&[
                "apps/",
                "portal/",
                "hr/",
                "sites/projects/",
                "erp/",
                "wiki/",
            ]));
            out.push_str(bits.pick(WORDS));
            out.push_str(bits.pick(&[
                "/default.aspx",
                "/index.jsp",
                "",
                "/list",
                "/view.do",
                "/edit",
            ]));
        }
        Shape::Document => {
            out.push_str(bits.pick(&["docs/", "download/", "files/", "publications/"]));
            let _ = write!(
                out,
                "{}-{}-{}.pdf",
                bits.pick(WORDS),
                bits.pick(WORDS),
                2009 + bits.below(8)
            );
        }
        Shape::Package => {
            out.push_str(bits.pick(&["simple/", "debian/pool/main/", "packages/", "maven2/org/"]));
            bits.spoken(out, 2);
            let _ = write!(
                out,
                "/{}.{}.{}",
                bits.below(5),
                bits.below(20),
                bits.below(30)
            );
            out.push_str(bits.pick(&["", ".tar.gz", "_amd64.deb", ".jar", ".whl"]));
        }
        Shape::Feed => {
            out.push_str(bits.pick(&["rss", "feed/", "rss.xml", "atom.xml", "news/rss.php"]))
        }
    }
}

fn image(bits: &mut Bits, ending: &str, out: &mut String) {
    out.push_str(bits.pick(&[
        "img/",
        "images/",
        "media/",
        "wp-content/uploads/",
        "i/",
        "t/",
    ]));
    if bits.below(3) == 0 {
        bits.letters(out, ALNUM, 16);
    } else {
        let _ = write!(
            out,
            "{}/{}-{}",
            bits.below(90),
            bits.pick(WORDS),
            bits.below(2_000)
        );
    }
    out.push_str(ending);
}

fn page(bits: &mut Bits, out: &mut String) {
    match bits.below(6) {
        0 | 1 => {}
        2 => {
            out.push_str(bits.pick(WORDS));
            out.push('/');
        }
        3 => {
            let _ = write!(
                out,
                "{}/{}",
                bits.pick(&["products", "item", "p", "story", "topic"]),
                bits.below(90_000)
            );
        }
        4 => {
            out.push_str(bits.pick(&["news", "blog", "article", "en/help", "sport"]));
            let _ = write!(
                out,
                "/{}-{}-{}",
                bits.pick(WORDS),
                bits.pick(WORDS),
                bits.pick(WORDS)
            );
            out.push_str(bits.pick(&["", ".html", "/"]));
        }
        _ => out.push_str(bits.pick(&[
            "index.php",
            "home.aspx",
            "default.htm",
            "account",
            "login",
            "cart",
        ])),
    }
}

/// Appends its query, if it has one.
pub(super) fn query(shape: Shape, bits: &mut Bits, out: &mut String) {
    match shape {
        Shape::Page if bits.below(5) == 0 => {
            let _ = write!(out, "?id={}&ref={}", bits.below(40_000), bits.pick(WORDS));
        }
        Shape::Script | Shape::Sheet if bits.below(3) == 0 => {
            let _ = write!(out, "?v={}.{}", bits.below(9), bits.below(40));
        }
        Shape::Advert => advert(bits, out),
        Shape::Api | Shape::Poll => {
            let _ = write!(out, "?ts=14679{}", 10_000_000 + bits.below(89_999_999));
            if bits.below(2) == 0 {
                out.push_str("&session=");
                bits.letters(out, ALNUM, 20);
            }
        }
        Shape::Search => {
            let _ = write!(out, "?q={}+{}&hl=en", bits.pick(WORDS), bits.pick(WORDS));
        }
        Shape::Chunk if bits.below(3) == 0 => {
            let start = bits.below(90_000_000);
            let _ = write!(
                out,
                "?itag={}&expire=14680{}",
                bits.below(300),
                10_000 + bits.below(89_999)
            );
            let _ = write!(out, "&range={start}-{}&signature=", start + 1_048_575);
            bits.letters(out, HEX, 40);
        }
        Shape::Sync => {
            out.push_str("?uploadId=");
            bits.letters(out, BASE64, 22);
        }
        Shape::Telemetry if bits.below(2) == 0 => {
            out.push_str("?cid=");
            bits.uuid(out);
        }
        Shape::Internal if bits.below(2) == 0 => {
            let _ = write!(out, "?docid={}", bits.below(9_000));
        }
        _ => {}
    }
}

fn advert(bits: &mut Bits, out: &mut String) {
    out.push_str("?id=");
    bits.letters(out, ALNUM, 12);
    let _ = write!(
        out,
        "&cb={}&sz={}x{}",
        bits.below(999_999_999),
        100 + bits.below(900),
        50 + bits.below(600)
    );
    if bits.below(3) > 0 {
        out.push_str("&u=https%3A%2F%2Fwww.");
        bits.domain(out);
        let _ = write!(out, "%2F{}%2F{}", bits.pick(WORDS), bits.pick(WORDS));
    }
    if bits.below(2) == 0 {
        out.push_str("&uid=");
        bits.uuid(out);
        out.push_str("&gdpr=0&data=");
        let count = 20 + bits.below(160);
        bits.letters(out, BASE64, count);
    }
}
