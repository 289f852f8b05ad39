//! The attacks of a DNS day.
//!
//! Kinds were chosen from MITRE ATT&CK and published descriptions (the folder's `README.md` names
//! them) before any detection result had been seen. [`tunnel`] has data in names and answers,
//! [`generated`] the names that malware makes up, [`look`] what intruders and their victims ask.
//! Answers are weighed by the same code as the background's; domains are invented by the same
//! generator as harmless sites'.

mod generated;
mod look;
mod scene;
mod tunnel;

use super::kind::Dns;
use super::reply::Row;
use crate::draw::Draw;
use crate::log::{Planted, Record};
use crate::population::World;
use crate::scene::{Play, plan as play};

/// How many of the kinds a day has.
const KINDS_A_DAY: usize = 12;

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
    play(dns, world, draw, KINDS, KINDS_A_DAY, |row: &Row| {
        (row.second(), row.micros(), row.client, row.kind)
    })
}
