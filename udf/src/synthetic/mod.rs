//! A synthetic day of netflow, for `spotql demo` and the benchmarks, as two table functions.
//!
//! ```sql
//! SELECT * FROM synthetic_flow(300000, 42, '2016-07-08');
//! SELECT attack, count(*) FROM synthetic_flow_truth(300000, 42, '2016-07-08') GROUP BY attack;
//! ```
//!
//! **`synthetic_flow(flows, seed, date)`** gives the columns of the `flow` ingest table in their
//! order (`treceived` … `rip`), then its partition columns `y`, `m`, `d`, `h`; nothing is null.
//! There are exactly `flows` background rows and a few hundred rows of attacks among them.
//! 24 partitions, one an hour (UTC), each in order of `treceived`; only the columns that are read
//! are made, and a partition never holds more than a slice of its hour.
//!
//! **`synthetic_flow_truth(flows, seed, date)`** gives the attack rows of the same day: `attack`
//! (the kind, with its MITRE ATT&CK technique), `story` (one sentence), and `treceived`, `sip`,
//! `dip`, `sport`, `dport`, `proto`, `ipkt`, `ibyt`, which together match exactly one row of
//! `synthetic_flow`. It is for judging a detection. No detection may read it.
//!
//! Arguments are literals: `flows` from 1 to 1e9, `seed` any 64-bit integer, `date`
//! `'YYYY-MM-DD'` from 1970 on. The same three arguments give the same rows, whatever the batch
//! size, the number of threads or the query around it (on one platform: see `draw`).
//!
//! # What the day is like
//! An organisation of about `sqrt(flows)` workstations (60 to 40,000) and what belongs to them:
//! phones, printers, servers in their usual roles, a guest network behind NAT, a public web site,
//! remote workers; outside, sites of Zipf-like popularity, mail peers, visitors, and scanners.
//! `population` says who, `activity` (one table) says what: shares, hours, ports, sizes. People
//! have their own hours (office, early, late, night shift, mornings only), local time differs
//! from UTC, sizes are log-normal, clients return to their usual servers, minutes are bursty,
//! polling comes every five minutes, backups at night. Harmless oddities are included on purpose:
//! a vulnerability scanner, peer-to-peer, traceroutes, rare ports, partner transfers.
//! Counters are those of unidirectional NetFlow: see `talk`.
//!
//! # Attacks, and why they are not tuned to the detector
//! Each day plants 10 of the 13 kinds in `attack`, a handful to some dozens of rows each, in all
//! about 0.1 % of 300,000 flows; hosts, times and sizes come from the seed. Their number does not
//! grow with `flows`, so that a day of a few thousand flows is attacked unusually much. They
//! were chosen from MITRE ATT&CK and published descriptions before any detection result had
//! been seen, and were not changed after. Nothing marks their rows: the same code makes them as
//! makes the background, from the same pools of addresses, and they stand in order of time among
//! the other rows of their hour. Several imitate ordinary traffic and are *expected to be
//! missed* by a detector that looks at ports, hours and sizes: above all the HTTPS beacon. The
//! folder's `README.md` lists kinds, techniques and sources.
//!
//! # What it is not
//! No packet is simulated: there is no congestion, no loss, no correlation between the sizes of
//! one client's flows. There is no week and no holiday. A detector's figures on this day say how
//! it does on this day.

mod arguments;
mod batch;
mod cloud;
mod day;
mod dns;
mod draw;
mod flow;
mod log;
mod mix;
mod names;
mod population;
mod proxy;
mod scene;
mod table;
#[cfg(test)]
mod tests;

use datafusion::catalog::TableFunctionImpl;
use std::sync::Arc;

/// The table functions of this module by their SQL names, to be registered in a session.
pub fn table_functions() -> Vec<(&'static str, Arc<dyn TableFunctionImpl>)> {
    table::functions::<flow::Flow>()
        .into_iter()
        .chain(table::functions::<dns::Dns>())
        .chain(table::functions::<proxy::Proxy>())
        .collect()
}
