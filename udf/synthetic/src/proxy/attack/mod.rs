//! The attacks of a proxy day.
//!
//! Kinds were chosen from MITRE ATT&CK and published descriptions (the folder's `README.md` names
//! them) before any detection result had been seen. [`channel`] has how machines talk to an
//! intruder, [`theft`] what leaves, [`delivery`] how it began. Requests are weighed by the same code
//! as the background's; domains are invented by the same generator as harmless sites'.

mod channel;
mod delivery;
mod scene;
mod theft;

use super::kind::Proxy;
use super::request::Row;
use crate::draw::Draw;
use crate::log::{Planted, Record};
use crate::population::World;
use crate::scene::{Play, plan as play};

/// How many of the kinds a day has.
const KINDS_A_DAY: usize = 12;

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
    play(proxy, world, draw, KINDS, KINDS_A_DAY, |row: &Row| {
        let method = row.method.text();
        (row.second(), row.client, method, row.up, row.down)
    })
}
