//! The attacks of a DNS day.
//!
//! Kinds were chosen from MITRE ATT&CK and published descriptions (the folder's `README.md` names
//! them) before any detection result had been seen. [`tunnel`] has data in names and answers,
//! [`generated`] the names that malware makes up, [`look`] what intruders and their victims ask.
//! Answers are weighed by the same code as the background's; domains are invented by the same
//! generator as harmless sites'.

mod generated;
mod look;
mod tunnel;

use super::Dns;
use super::background::server;
use super::name::Name;
use super::reply::{Answer, Outcome, Question, Row};
use crate::draw::Draw;
use crate::log::{Planted, Record, later, order};
use crate::names::Bits;
use crate::population::{HostId, Pool, World};
use crate::scene::{self, Play};

/// How many of the kinds a day has.
const KINDS_A_DAY: usize = 12;

/// Where an attack plays.
type Scene<'a> = scene::Scene<'a, Dns>;

/// Every kind.
const KINDS: [(&str, Play<Dns>); 15] = [
    ("tunnel in base32 names (T1071.004)", tunnel::base32),
    ("tunnel in TXT answers (T1071.004)", tunnel::hex_text),
    ("fast tunnel in NULL records (T1572)", tunnel::null_records),
    ("slow tunnel (T1071.004)", tunnel::slow),
    ("tunnel in short labels (T1071.004)", tunnel::short_labels),
    (
        "hourly exfiltration in names (T1048.003)",
        tunnel::hourly_exfiltration,
    ),
    ("orders in TXT records (T1071.004)", tunnel::orders),
    ("random domain generator (T1568.002)", generated::random),
    ("word domain generator (T1568.002)", generated::words),
    ("dated domain generator (T1568.002)", generated::dated),
    ("fast flux (T1568.001)", generated::fast_flux),
    ("phishing domain (T1566.002)", look::phishing),
    ("rebinding (T1189)", look::rebinding),
    ("zone reconnaissance (T1018)", look::zone),
    ("reverse sweep (T1018)", look::reverse_sweep),
];

/// The attacks of the day that `world` and `draw` stand for.
pub(super) fn plan(dns: &mut Dns, world: &World, draw: Draw) -> Vec<Planted<Row>> {
    scene::plan(dns, world, draw, KINDS, KINDS_A_DAY, |row: &Row| {
        (row.second(), row.micros(), row.client, row.kind)
    })
}

impl Scene<'_> {
    /// A domain of the attacker, with a dot before it.
    fn domain(&mut self) -> String {
        let mut text = String::from(".");
        Bits::new(self.draw.word()).coined(&mut text);
        text
    }

    /// Some random characters of an alphabet: what encoded or encrypted data looks like.
    fn data(&mut self, alphabet: &[u8], count: usize) -> String {
        let mut text = String::with_capacity(count);
        Bits::new(self.draw.word()).letters(&mut text, alphabet, count);
        text
    }

    /// A number in `low..=high` of things.
    fn count(&mut self, low: u32, high: u32) -> usize {
        self.draw.between(low, high) as usize
    }

    /// The answer to a question that `client` asks its resolver in `second`.
    fn ask(&mut self, client: HostId, name: Name, kind: u16, outcome: Outcome, second: u32) {
        let order = order(second.min(86_399), &mut self.draw);
        let question = Question {
            client,
            server: server(self.world, Pool::Resolver, client),
            name,
            kind,
        };
        let row = question.answered(outcome, order, self.world, &mut self.draw);
        self.rows.push(row);
    }

    /// The same for a text, which is kept.
    fn say(&mut self, client: HostId, text: String, kind: u16, outcome: Outcome, second: u32) {
        let name = Name::Kept(self.log.texts.keep(text));
        self.ask(client, name, kind, outcome, second);
    }

    /// Changes the size of the last answer's records, which the attacker's own server chose.
    fn weighing(&mut self, bytes: u32) {
        if let Some(row) = self.rows.last_mut() {
            row.records = bytes.min(1_400) as u16;
        }
    }

    /// Changes the address in the last answer.
    fn resolving_to(&mut self, host: HostId) {
        if let Some(row) = self.rows.last_mut() {
            row.answer = Answer::Host(host);
        }
    }

    /// Moves the last answer to some milliseconds after `order`, and gives its time.
    fn right_after(&mut self, order: u64) -> u64 {
        let time = later(order, &mut self.draw);
        if let Some(row) = self.rows.last_mut() {
            row.order = time;
        }
        time
    }

    /// The time of the last answer.
    fn last_order(&self) -> u64 {
        self.rows.last().map_or(0, |row| row.order)
    }

    /// A machine's name for stories.
    fn who(&self, host: HostId) -> String {
        self.address(host).to_owned()
    }
}
