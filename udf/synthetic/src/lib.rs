//! A synthetic day of netflow, of DNS answers or of web proxy requests, for `spotql demo` and the
//! benchmarks, as table functions.
//!
//! ```sql
//! SELECT * FROM synthetic_flow(300000, 42, '2016-07-08');
//! SELECT attack, count(*) FROM synthetic_dns_truth(300000, 42, '2016-07-08') GROUP BY attack;
//! ```
//!
//! **`synthetic_flow(flows, seed, date)`, `synthetic_dns(responses, seed, date)` and
//! `synthetic_proxy(requests, seed, date)`** give the columns of the `flow`, `dns` and `proxy`
//! ingest tables in their order, then their partition columns `y`, `m`, `d`, `h` (numbers; text
//! with leading zeros for `proxy`). Nothing is null but `dns_a` of answers without an address.
//! There are exactly as many background rows as asked and a few hundred rows of attacks among
//! them. 24 partitions, one an hour (UTC), each in order of time; only the columns that are read
//! are made, and a partition never holds more than a slice of its hour.
//!
//! **`synthetic_flow_truth`, `synthetic_dns_truth` and `synthetic_proxy_truth`**, with the same arguments, give the
//! attack rows of the same day. Their columns are `attack` (the kind, with its MITRE ATT&CK technique), `story` (one
//! sentence), and the columns that it takes to match exactly one row of the log. These are `treceived`, `sip`, `dip`,
//! `sport`, `dport`, `proto`, `ipkt`, `ibyt` for flows. They are `frame_time`, `unix_tstamp`, `frame_len`, `ip_dst`,
//! `dns_qry_name`, `dns_qry_type`, `dns_qry_rcode` for DNS, and for proxy `p_date`, `p_time`, `clientip`, `host`,
//! `reqmethod`, `useragent`, `fulluri`, `scbytes`, `csbytes`. They are for judging a detection. No detection may read
//! them.
//!
//! Arguments are literals: the count from 1 to 1e9, `seed` any 64-bit integer, `date`
//! `'YYYY-MM-DD'` from 1970 on. The same three arguments give the same rows, whatever the batch
//! size, the number of threads or the query around it (on one platform: see `draw`), and the same
//! organisation whatever the log.
//!
//! # What the day is like
//! An organisation of about the square root of the count of workstations (60 to 40,000), with all that belongs to them.
//! There are phones, printers, servers in their usual roles, a guest network behind NAT, a public web site, remote
//! workers. Outside are sites of Zipf-like popularity, mail peers, visitors, and scanners. `population` says who, the
//! `activity` table of each log says what: shares, hours, ports, names, sizes. People have their own hours (office,
//! early, late, night shift, mornings only), and local time differs from UTC. Sizes are log-normal, clients return to
//! their usual servers, minutes are bursty, polling comes every five minutes, backups at night. Harmless oddities are
//! included on purpose: a vulnerability scanner, peer-to-peer, traceroutes, rare ports; hashes in names, block lists,
//! random probes; scripts, odd agents, uploads. Counters of flows are those of unidirectional NetFlow: see
//! `flow::talk`.
//!
//! # Attacks, and why they are not tuned to the detector
//! Each day plants most of the kinds in the log's `attack` folder (10 of 13, 12 of 15, 12 of 16). Each has a handful to
//! some dozens of rows, in all about 0.1 % of 300,000 rows. Hosts, times, names and sizes come from the seed. Their
//! number does not grow with the day, so that a day of a few thousand rows is attacked unusually much. They were chosen
//! from MITRE ATT&CK and published descriptions before any detection result had been seen, and were not changed after.
//! Nothing marks their rows. The same code makes them as makes the background, from the same pools of addresses and the
//! same generator of names. They stand in order of time among the other rows of their hour. Several imitate ordinary
//! traffic and are *expected to be missed*: above all the beacons to ordinary sites, the slow tunnels and the phishing.
//! The folder's `README.md` lists kinds, techniques, expectations and sources.
//!
//! # How it is made
//! `log` has what a kind of log says for itself (its columns, its activities, its attacks, how an
//! event becomes records); `day`, `mix`, `scene`, `batch` and `table` are the same for all.
//! Records hold no text: names and paths are numbers that `names` and its like write out when a
//! column is read.
//!
//! # What it is not
//! No packet is simulated: there is no congestion, no loss, no correlation between the sizes of
//! one client's flows, no cache of names. There is no week and no holiday. A detector's figures
//! on this day say how it does on this day.

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
