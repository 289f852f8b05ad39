//! The attacks of a proxy day.
//!
//! Kinds were chosen from MITRE ATT&CK and published descriptions (the folder's `README.md` names
//! them) before any detection result had been seen. [`channel`] has how machines talk to an
//! intruder, [`theft`] what leaves, [`delivery`] how it began. Requests are weighed by the same code
//! as the background's; domains are invented by the same generator as harmless sites'.

mod channel;
mod delivery;
mod theft;

use super::Proxy;
use super::agent::Agent;
use super::background::request;
use super::request::{Content, Method, Row, Scheme, Status};
use super::url::{Host, Path};
use crate::draw::Draw;
use crate::log::{Planted, Record, order};
use crate::names::Bits;
use crate::population::{HostId, World};
use crate::scene::{self, Play};

/// How many of the kinds a day has.
const KINDS_A_DAY: usize = 12;

/// Where an attack plays.
type Scene<'a> = scene::Scene<'a, Proxy>;

/// Every kind.
const KINDS: [(&str, Play<Proxy>); 16] = [
    ("beacon to a site (T1071.001)", channel::beacon),
    (
        "beacon with a rare agent (T1071.001)",
        channel::rare_agent_beacon,
    ),
    ("beacon to an address (T1071.001)", channel::address_beacon),
    ("beacon by a cloud service (T1102)", channel::cloud_beacon),
    ("fronted tunnel (T1090.004)", channel::fronted_tunnel),
    ("tunnel to an odd port (T1571)", channel::odd_tunnel),
    ("coin miner (T1496)", channel::miner),
    ("generated hosts (T1568.002)", channel::generated_hosts),
    ("few large uploads (T1567)", theft::large_uploads),
    ("many small uploads (T1041)", theft::small_uploads),
    ("phished credentials (T1566.002)", theft::phishing),
    ("PowerShell download (T1059.001)", delivery::powershell),
    ("certutil download (T1105)", delivery::certutil),
    (
        "program from an address (T1105)",
        delivery::program_from_address,
    ),
    ("drive-by chain (T1189)", delivery::drive_by),
    ("web shell (T1505.003)", delivery::web_shell),
];

/// The attacks of the day that `world` and `draw` stand for.
pub(super) fn plan(proxy: &mut Proxy, world: &World, draw: Draw) -> Vec<Planted<Row>> {
    scene::plan(proxy, world, draw, KINDS, KINDS_A_DAY, |row: &Row| {
        let method = row.method.text();
        (row.second(), row.client, method, row.up, row.down)
    })
}

impl Scene<'_> {
    /// A domain of the attacker.
    fn domain(&mut self) -> String {
        let mut text = String::new();
        Bits::new(self.draw.word()).coined(&mut text);
        text
    }

    /// Some random characters of an alphabet.
    fn data(&mut self, alphabet: &[u8], count: usize) -> String {
        let mut text = String::with_capacity(count);
        Bits::new(self.draw.word()).letters(&mut text, alphabet, count);
        text
    }

    /// A host of that name.
    fn host(&mut self, name: &str) -> Host {
        Host::Kept(self.log.texts.keep(name.to_owned()))
    }

    /// A path with its query, `-` for none.
    fn path(&mut self, path: &str, query: &str) -> Path {
        let texts = &mut self.log.texts;
        Path::Kept(texts.keep(path.to_owned()), texts.keep(query.to_owned()))
    }

    /// A program of that name.
    fn agent(&mut self, name: &str) -> Agent {
        Agent::Kept(self.log.texts.keep(name.to_owned()))
    }

    /// A request over HTTPS; adjust it and [`Self::tell`] it.
    fn get(&self, client: HostId, host: Host) -> Row {
        request(0, client, host)
    }

    /// A request over plain HTTP on a port.
    fn plain(&self, client: HostId, host: Host, port: u16) -> Row {
        Row {
            scheme: Scheme::Http,
            port,
            ..request(0, client, host)
        }
    }

    /// A tunnel through the proxy.
    fn connect(&self, client: HostId, host: Host, port: u16) -> Row {
        Row {
            method: Method::Connect,
            content: Content::None,
            scheme: Scheme::Tcp,
            port,
            ..request(0, client, host)
        }
    }

    /// Writes a request in `second` of the UTC day: the sizes of its bodies, and how it ended.
    fn tell(&mut self, mut row: Row, second: u32, status: Status, (up, down): (f64, f64)) {
        row.order = order(second.min(86_399), &mut self.draw);
        let seconds = match row.method {
            Method::Connect => self.draw.log_normal(20.0, 1.2),
            _ => self.draw.log_normal(0.2, 0.8) + (up + down) / 4e6,
        };
        row.transfer(status, up, down, seconds, &mut self.draw);
        self.rows.push(row);
    }
}
