//! The synthetic day's table functions, which are declared in a crate that knows nothing of this reference.

use crate::description::{TableFunction, TableParameter, parameter};

const SEED: TableParameter = parameter(
    "seed",
    "",
    "A whole number. Another seed makes another day.",
);
const DATE: TableParameter = parameter("date", "", "The day, as 'YYYY-MM-DD', from 1970 on.");

const ABOUT_LOG: &str = "Makes a day of one organisation's log, with attacks in it. The same arguments give the same rows.";
const ABOUT_TRUTH: &str = "Lists the attack records of the day that the log function makes of the same arguments. Use it to \
                           judge a detection, never in a detection.";

pub(super) const FUNCTIONS: [TableFunction; 6] = [
    TableFunction {
        name: "synthetic_flow",
        call: "synthetic_flow(flows, seed, date)",
        about: ABOUT_LOG,
        parameters: &[
            parameter("flows", "", "How many netflow records, about."),
            SEED,
            DATE,
        ],
        gives: "the columns of the table `flow`, its partition columns included.",
        examples: &[
            "SELECT treceived, sip, dip, dport FROM synthetic_flow(1000, 1, '2024-05-14') LIMIT 3",
        ],
    },
    TableFunction {
        name: "synthetic_flow_truth",
        call: "synthetic_flow_truth(flows, seed, date)",
        about: ABOUT_TRUTH,
        parameters: &[parameter("flows", "", "As for synthetic_flow."), SEED, DATE],
        gives: "`attack`, `story`, and columns of `flow` that tell a record from all others.",
        examples: &[
            "SELECT DISTINCT attack, story FROM synthetic_flow_truth(1000, 1, '2024-05-14')",
        ],
    },
    TableFunction {
        name: "synthetic_dns",
        call: "synthetic_dns(responses, seed, date)",
        about: ABOUT_LOG,
        parameters: &[
            parameter("responses", "", "How many DNS answers, about."),
            SEED,
            DATE,
        ],
        gives: "the columns of the table `dns`, its partition columns included.",
        examples: &[
            "SELECT frame_time, ip_dst, dns_qry_name FROM synthetic_dns(1000, 1, '2024-05-14') LIMIT 3",
        ],
    },
    TableFunction {
        name: "synthetic_dns_truth",
        call: "synthetic_dns_truth(responses, seed, date)",
        about: ABOUT_TRUTH,
        parameters: &[
            parameter("responses", "", "As for synthetic_dns."),
            SEED,
            DATE,
        ],
        gives: "`attack`, `story`, and columns of `dns` that tell a record from all others.",
        examples: &[
            "SELECT DISTINCT attack, story FROM synthetic_dns_truth(1000, 1, '2024-05-14')",
        ],
    },
    TableFunction {
        name: "synthetic_proxy",
        call: "synthetic_proxy(requests, seed, date)",
        about: ABOUT_LOG,
        parameters: &[
            parameter("requests", "", "How many web requests, about."),
            SEED,
            DATE,
        ],
        gives: "the columns of the table `proxy`, its partition columns included.",
        examples: &[
            "SELECT p_time, clientip, fulluri FROM synthetic_proxy(1000, 1, '2024-05-14') LIMIT 3",
        ],
    },
    TableFunction {
        name: "synthetic_proxy_truth",
        call: "synthetic_proxy_truth(requests, seed, date)",
        about: ABOUT_TRUTH,
        parameters: &[
            parameter("requests", "", "As for synthetic_proxy."),
            SEED,
            DATE,
        ],
        gives: "`attack`, `story`, and columns of `proxy` that tell a record from all others.",
        examples: &[
            "SELECT DISTINCT attack, story FROM synthetic_proxy_truth(1000, 1, '2024-05-14')",
        ],
    },
];
