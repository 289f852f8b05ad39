//! Web requests of a proxy, in the columns of the table `proxy`.

use spotql_words::text::proxy_word_text;

use super::descriptor::{Counted, Domains, Enrichment, Log, Rating, Sharing, Words};

const CLIENT: &str = "canonical_address(clientip)";

pub(super) const PROXY: Log = Log {
    name: "proxy",
    synonyms: &[&["p_date", "tdate"], &["p_time", "time"]],
    words: &[
        Words {
            name: "spot",
            recipe: "proxy",
            // A request without a content type is as valid as one whose type is `-`.
            pairs: &[(
                CLIENT,
                "proxy_word(host, p_time, reqmethod, fulluri, coalesce(absent_as_null(resconttype), '-'), \
                 `__lda_occurrences`, respcode)",
            )],
            distinct: None,
            domains: Domains::Original,
            folds: false,
        },
        Words {
            name: "v2",
            recipe: "proxy v2",
            pairs: &[(
                CLIENT,
                "proxy_word_v2(host, reqmethod, resconttype, respcode, `__lda_occurrences`, fulluri, scbytes, \
                 csbytes)",
            )],
            distinct: None,
            domains: Domains::Registrable,
            folds: true,
        },
    ],
    valid: "proxy_invalid(p_date, p_time, clientip, host, fulluri) IS NULL",
    advice: "proxy_invalid(…) says why a record cannot be used, and 'spotql run detect/proxy_summary.sql' counts the \
             reasons; a record that is valid has no word where an address is absent",
    // Rare user agents are a part of the words.
    counted: Some(Counted {
        name: "user agents",
        value: "coalesce(absent_as_null(useragent), '-')",
    }),
    meaning: proxy_word_text,
    rating: Some(Rating {
        keys: &["p_date", "fulluri"],
        // The table keeps its partitions as text.
        day: &[
            "TRY_CAST(y AS INT)",
            "TRY_CAST(m AS INT)",
            "TRY_CAST(d AS INT)",
        ],
        severities: &["uri_sev"],
    }),
    enrichment: &[
        Enrichment {
            name: "uri_rep",
            values: &["reputation(fulluri)"],
        },
        Enrichment {
            name: "respcode_name",
            values: &["http_status_name(respcode)"],
        },
        Enrichment {
            name: "network_context",
            values: &["network_context(clientip)"],
        },
    ],
    sharing: Some(Sharing {
        columns: &["tdate", "fulluri", "uri_sev"],
        found: include_str!("proxy.sql"),
    }),
};
