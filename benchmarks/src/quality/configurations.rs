//! What is compared: the arguments of `lda_score`, and two rankings that need no model.

use std::error::Error;

use crate::kind::Kind;

/// A way to score records.
#[derive(Debug, Clone)]
pub(super) struct Configuration {
    pub(super) name: String,
    pub(super) method: Method,
    /// What makes records one lead.
    pub(super) leads: Words,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Method {
    /// `lda_score` with these arguments besides `source` and `seed`.
    Model(String),
    /// A query of `row_id` and `score` over the records, with [`SEED`] where the seed belongs.
    Query(String),
    /// The word's share of all words; a record has the smallest share of its words.
    Rarity,
    /// The word's share of its document's words; again the smallest.
    Host,
}

/// What a seed replaces in a query.
const SEED: &str = "{seed}";

/// The configurations with a name: name, method, words of the leads.
const KNOWN: [(&str, Known, Words); 6] = [
    ("rarity", Known::Rarity, Words::Spot),
    ("host", Known::Host, Words::Spot),
    (
        "spot",
        Known::Model("words => 'spot', scoring => 'spot'"),
        Words::Spot,
    ),
    ("spot words", Known::Model("words => 'spot'"), Words::Spot),
    ("spot scoring", Known::Model("scoring => 'spot'"), Words::V2),
    ("new", Known::Model(""), Words::V2),
];

enum Known {
    Rarity,
    Host,
    Model(&'static str),
}

impl Configuration {
    /// All that have a name.
    pub(super) fn known() -> Vec<Self> {
        let known = KNOWN.iter().map(|(name, method, leads)| Self {
            name: (*name).to_owned(),
            method: match method {
                Known::Rarity => Method::Rarity,
                Known::Host => Method::Host,
                Known::Model(arguments) => Method::Model((*arguments).to_owned()),
            },
            leads: *leads,
        });
        known.collect()
    }

    /// Reads what `--configs` was given once: names of known ones with commas between, or one of
    /// one's own as `name=arguments` or `name@words=arguments`; in place of arguments, a whole query.
    pub(super) fn parse(text: &str) -> Result<Vec<Self>, Box<dyn Error>> {
        if let Some((name, arguments)) = text.split_once('=') {
            if arguments.starts_with('>') {
                return Err(format!("give the arguments a name: name={text}").into());
            }
            let (name, leads) = match name.split_once('@') {
                Some((name, words)) => (name, Words::named(words.trim())?),
                None => (name, Words::V2),
            };
            let arguments = arguments.trim();
            let is_query = arguments
                .split_whitespace()
                .next()
                .is_some_and(|first| ["select", "with"].contains(&first.to_lowercase().as_str()));
            let method = if is_query {
                Method::Query(arguments.to_owned())
            } else {
                Method::Model(arguments.to_owned())
            };
            return Ok(vec![Self {
                name: name.trim().to_owned(),
                method,
                leads,
            }]);
        }
        let known = Self::known();
        text.split(',')
            .map(|name| {
                let found = known.iter().find(|known| known.name == name.trim());
                Ok(found.cloned().ok_or_else(|| {
                    let names: Vec<&str> = known.iter().map(|known| known.name.as_str()).collect();
                    format!(
                        "no configuration is called '{name}'; there are {}, and name=arguments of \
                         lda_score",
                        names.join(", ")
                    )
                })?)
            })
            .collect()
    }

    /// The query of `row_id` and `score` of the records of `table`.
    pub(super) fn query(&self, kind: Kind, table: &str, seed: u64) -> String {
        let share = match &self.method {
            Method::Model(arguments) => {
                let comma = if arguments.is_empty() { "" } else { ", " };
                return format!(
                    "SELECT row_id, CAST(score AS DOUBLE) AS score FROM lda_score(\
                     (SELECT * FROM {table}), source => '{}', seed => {seed}{comma}{arguments})",
                    kind.name()
                );
            }
            Method::Query(query) => {
                let query = query.replace(SEED, &seed.to_string());
                return format!(
                    "SELECT CAST(row_id AS BIGINT) AS row_id, CAST(score AS DOUBLE) AS score \
                     FROM ({query})"
                );
            }
            Method::Rarity => {
                "CAST(count(*) OVER (PARTITION BY word) AS DOUBLE) / count(*) OVER ()"
            }
            Method::Host => {
                "CAST(count(*) OVER (PARTITION BY document, word) AS DOUBLE) \
                 / count(*) OVER (PARTITION BY document)"
            }
        };
        format!(
            "SELECT row_id, min(share) AS score FROM (SELECT row_id, {share} AS share FROM ({})) \
             GROUP BY row_id",
            Recipe::of(kind).pairs(kind, table)
        )
    }

    /// Whether other seeds give other scores.
    pub(super) fn is_seeded(&self) -> bool {
        match &self.method {
            Method::Model(_) => true,
            Method::Query(query) => query.contains(SEED),
            Method::Rarity | Method::Host => false,
        }
    }

    /// What `lda_score` is given, or what is done without it.
    pub(super) fn description(&self) -> String {
        match &self.method {
            Method::Model(arguments) if arguments.is_empty() => {
                "`lda_score` with its defaults".to_owned()
            }
            Method::Model(arguments) => format!("`lda_score` with `{arguments}`"),
            Method::Query(query) => format!("`{query}`"),
            Method::Rarity => "no model: the word's share of all words of the set, the smallest \
                               of a record's words"
                .to_owned(),
            Method::Host => "no model: the word's share of the words of its host, the smallest of \
                             a record's pairs"
                .to_owned(),
        }
    }
}

/// The generations of words, which say what makes records one lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Words {
    Spot,
    V2,
}

impl Words {
    const ALL: [Self; 2] = [Self::Spot, Self::V2];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Spot => "spot",
            Self::V2 => "v2",
        }
    }

    fn named(name: &str) -> Result<Self, Box<dyn Error>> {
        let found = Self::ALL.into_iter().find(|words| words.name() == name);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name);
            let names = names.join(", ");
            format!("no words are called '{name}'; there are {names}").into()
        })
    }

    /// The query of `row_id` and `lead`, a number from 1, of the records of `table`: the same for
    /// records of the same documents and words. The model, which does not matter, is a small one.
    pub(super) fn leads(self, kind: Kind, table: &str) -> String {
        format!(
            "SELECT row_id, CAST(dense_rank() OVER (ORDER BY lead) AS BIGINT) AS lead FROM \
             lda_score((SELECT * FROM {table}), source => '{}', words => '{}', scoring => 'spot', \
             topics => 2, iterations => 1, lead => true)",
            kind.name(),
            self.name()
        )
    }
}

/// What makes the pairs of a record: the first document goes with the first word, and so on.
#[derive(Debug)]
struct Recipe {
    documents: &'static [&'static str],
    words: &'static [&'static str],
    valid: &'static str,
}

impl Recipe {
    fn of(kind: Kind) -> &'static Self {
        match kind {
            Kind::Flow => &FLOW,
            Kind::Dns => &DNS,
            Kind::Proxy => &PROXY,
        }
    }

    /// The query of `row_id`, `document` and `word`, a row a pair.
    fn pairs(&self, kind: Kind, table: &str) -> String {
        let pairs: Vec<String> = self
            .documents
            .iter()
            .zip(self.words)
            .map(|(document, word)| {
                format!(
                    "SELECT row_id, {document} AS document, {word} AS word FROM {} WHERE {}",
                    input(kind, table),
                    self.valid
                )
            })
            .collect();
        pairs.join(" UNION ALL ")
    }
}

/// The records, with what the words need besides.
fn input(kind: Kind, table: &str) -> String {
    match kind {
        Kind::Flow | Kind::Dns => table.to_owned(),
        Kind::Proxy => format!(
            "(SELECT *, count(*) OVER (PARTITION BY coalesce(useragent, '-')) AS agents \
             FROM {table}) AS requests"
        ),
    }
}

// Apache Spot's words (`udf/functions/src/lda/preset.rs`).
static FLOW: Recipe = Recipe {
    documents: &["sip", "dip"],
    words: &[
        "flow_src_word(trhour, sport, dport, proto, ibyt, ipkt)",
        "flow_dst_word(trhour, sport, dport, proto, ibyt, ipkt)",
    ],
    valid: "flow_invalid(treceived, trhour, trminute, trsec, sip, dip, sport, dport, ibyt, ipkt) \
            IS NULL",
};
static DNS: Recipe = Recipe {
    documents: &["ip_dst"],
    words: &["dns_word(frame_time, frame_len, dns_qry_name, dns_qry_type, dns_qry_rcode)"],
    valid: "dns_invalid(frame_time, unix_tstamp, frame_len, ip_dst, dns_qry_name, dns_qry_class, \
            dns_qry_type, dns_qry_rcode) IS NULL",
};
static PROXY: Recipe = Recipe {
    documents: &["clientip"],
    words: &[
        "proxy_word(host, p_time, reqmethod, fulluri, coalesce(resconttype, '-'), agents, respcode)",
    ],
    valid: "proxy_invalid(p_date, p_time, clientip, host, fulluri) IS NULL",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_are_named_or_written_out() {
        let two = Configuration::parse("rarity, spot").unwrap();
        assert_eq!(two[0].method, Method::Rarity);
        let spot = "words => 'spot', scoring => 'spot'".to_owned();
        assert_eq!(two[1].method, Method::Model(spot));

        let own = Configuration::parse("try@spot=optimizer => 'cvb0', topics => 10").unwrap();
        assert_eq!(own[0].name, "try");
        let sql = own[0].query(Kind::Dns, "records", 3);
        let arguments = "source => 'dns', seed => 3, optimizer => 'cvb0', topics => 10)";
        assert!(sql.ends_with(arguments), "{sql}");

        let query = "SELECT row_id, score FROM lda_score(records, seed => {seed})";
        let own = Configuration::parse(&format!("mine={query}")).unwrap();
        assert!(own[0].is_seeded());
        let sql = own[0].query(Kind::Dns, "records", 3);
        assert!(sql.ends_with("(SELECT row_id, score FROM lda_score(records, seed => 3))"));
    }

    #[test]
    fn what_is_not_known_is_named() {
        let error = |text| Configuration::parse(text).unwrap_err().to_string();
        assert_eq!(
            error("spot,none"),
            "no configuration is called 'none'; there are rarity, host, spot, spot words, spot \
             scoring, new, and name=arguments of lda_score"
        );
        assert_eq!(
            error("topics => 10"),
            "give the arguments a name: name=topics => 10"
        );
        assert_eq!(
            error("try@odd="),
            "no words are called 'odd'; there are spot, v2"
        );
    }
}
