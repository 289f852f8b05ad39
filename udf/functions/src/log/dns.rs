//! DNS answers, in the columns of the table `dns`.

use spotql_words::text::dns_word_text;

use super::descriptor::{Domains, Enrichment, Log, Rating, Sharing, Words};

const CLIENT: &str = "canonical_address(ip_dst)";
/// Clients may mix upper and lower case at random (draft-vixie-dnsext-dns0x20), which makes no other name.
const NAME: &str = "canonical_name(dns_qry_name)";

pub(super) const DNS: Log = Log {
    name: "dns",
    synonyms: &[],
    words: &[
        Words {
            name: "spot",
            recipe: "dns",
            pairs: &[(
                CLIENT,
                "dns_word(frame_time, frame_len, dns_qry_name, dns_qry_type, dns_qry_rcode)",
            )],
            distinct: None,
            domains: Domains::Original,
            folds: false,
        },
        Words {
            name: "v2",
            recipe: "dns v2",
            pairs: &[
                (
                    CLIENT,
                    "dns_word_v2(frame_len, dns_qry_name, dns_qry_type, dns_qry_rcode, dns_a)",
                ),
                (
                    "registrable_domain(dns_qry_name)",
                    "dns_domain_word_v2(dns_qry_name, dns_qry_type, dns_qry_rcode, dns_a)",
                ),
            ],
            // To ask for one name again and again is no news; to ask for another each time is how tunnels and
            // generated names show.
            distinct: Some(NAME),
            domains: Domains::Registrable,
            folds: true,
        },
    ],
    valid: "dns_invalid(frame_time, unix_tstamp, frame_len, ip_dst, dns_qry_name, dns_qry_class, dns_qry_type, \
            dns_qry_rcode) IS NULL",
    advice: "dns_invalid(…) says why a record cannot be used, and 'spotql run detect/dns_summary.sql' counts the \
             reasons; a record that is valid has no word where an address is absent",
    counted: None,
    meaning: dns_word_text,
    rating: Some(Rating {
        keys: &["unix_tstamp", CLIENT, NAME],
        day: &["y", "m", "d"],
        severities: &["ip_sev", "dns_sev"],
    }),
    enrichment: &[
        Enrichment {
            name: "tld",
            values: &["registrable_domain(dns_qry_name)"],
        },
        Enrichment {
            name: "query_rep",
            values: &["reputation(dns_qry_name)"],
        },
        Enrichment {
            name: "hh",
            // The hour of the partition, if the input has it.
            values: &[
                "TRY_CAST(h AS INT)",
                "TRY_CAST(unix_tstamp % 86400 / 3600 AS INT)",
            ],
        },
        Enrichment {
            name: "dns_qry_class_name",
            values: &["dns_class_name(dns_qry_class)"],
        },
        Enrichment {
            name: "dns_qry_type_name",
            values: &["dns_type_name(dns_qry_type)"],
        },
        Enrichment {
            name: "dns_qry_rcode_name",
            values: &["dns_rcode_name(dns_qry_rcode)"],
        },
        Enrichment {
            name: "network_context",
            values: &["network_context(ip_dst)"],
        },
    ],
    sharing: Some(Sharing {
        columns: &["unix_tstamp", "ip_dst", "dns_qry_name", "ip_sev", "dns_sev"],
        found: include_str!("dns.sql"),
    }),
};
