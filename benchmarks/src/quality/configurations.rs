//! What is compared: the arguments of `lda_score`, and two rankings that need no model.

use std::error::Error;

use crate::kind::Kind;

/// A way to score records.
#[derive(Debug, Clone)]
pub(super) struct Configuration {
    pub(super) name: String,
    pub(super) method: Method,
    /// What makes records one lead.
    pub(super) leads: &'static Words,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Method {
    /// `lda_score` with these arguments besides `source` and `seed`.
    Model(String),
    /// The word's share of all words; a record has the smallest share of its words.
    Rarity,
    /// The word's share of its document's words; again the smallest.
    Host,
}

/// The configurations with a name: name, method, words of the leads.
const KNOWN: [(&str, Known, &Words); 3] = [
    ("rarity", Known::Rarity, &SPOT),
    ("host", Known::Host, &SPOT),
    ("spot", Known::Model(""), &SPOT),
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
            leads,
        });
        known.collect()
    }

    /// Reads what `--configs` was given once: names of known ones with commas between, or one of
    /// one's own as `name=arguments` or `name@words=arguments`.
    pub(super) fn parse(text: &str) -> Result<Vec<Self>, Box<dyn Error>> {
        if let Some((name, arguments)) = text.split_once('=') {
            if arguments.starts_with('>') {
                return Err(format!("give the arguments a name: name={text}").into());
            }
            let (name, leads) = match name.split_once('@') {
                Some((name, words)) => (name, Words::named(words.trim())?),
                None => (name, &SPOT),
            };
            return Ok(vec![Self {
                name: name.trim().to_owned(),
                method: Method::Model(arguments.trim().to_owned()),
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
            SPOT.of(kind).pairs(kind, table)
        )
    }

    /// Whether other seeds give other scores.
    pub(super) fn is_seeded(&self) -> bool {
        matches!(self.method, Method::Model(_))
    }

    /// What `lda_score` is given, or what is done without it.
    pub(super) fn description(&self) -> String {
        match &self.method {
            Method::Model(arguments) if arguments.is_empty() => {
                "`lda_score` with its defaults".to_owned()
            }
            Method::Model(arguments) => format!("`lda_score` with `{arguments}`"),
            Method::Rarity => "no model: the word's share of all words of the set, the smallest \
                               of a record's words"
                .to_owned(),
            Method::Host => "no model: the word's share of the words of its host, the smallest of \
                             a record's pairs"
                .to_owned(),
        }
    }
}

/// The (document, word) functions of every kind of log, under a name.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) name: &'static str,
    flow: Recipe,
    dns: Recipe,
    proxy: Recipe,
}

/// The words that there are.
const WORDS: [&Words; 1] = [&SPOT];

impl Words {
    fn named(name: &str) -> Result<&'static Self, String> {
        let found = WORDS.iter().find(|words| words.name == name).copied();
        found.ok_or_else(|| {
            let names = WORDS.map(|words| words.name);
            format!(
                "no words are called '{name}'; there are {}",
                names.join(", ")
            )
        })
    }

    fn of(&self, kind: Kind) -> &Recipe {
        match kind {
            Kind::Flow => &self.flow,
            Kind::Dns => &self.dns,
            Kind::Proxy => &self.proxy,
        }
    }

    /// The query of `row_id` and `lead`, a number from 1, of the records of `table`: the same for
    /// records of the same documents and words.
    pub(super) fn leads(&self, kind: Kind, table: &str) -> String {
        let recipe = self.of(kind);
        let together: Vec<&str> = recipe
            .documents
            .iter()
            .chain(recipe.words)
            .copied()
            .collect();
        format!(
            "SELECT row_id, CAST(dense_rank() OVER (ORDER BY {}) AS BIGINT) AS lead FROM {}",
            together.join(", "),
            input(kind, table)
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

/// Those of `source => …`, which are Apache Spot's (`udf/src/suspicion/preset.rs`).
static SPOT: Words = Words {
    name: "spot",
    flow: Recipe {
        documents: &["sip", "dip"],
        words: &[
            "flow_src_word(trhour, sport, dport, proto, ibyt, ipkt)",
            "flow_dst_word(trhour, sport, dport, proto, ibyt, ipkt)",
        ],
        valid: "flow_invalid(treceived, trhour, trminute, trsec, sip, dip, sport, dport, ibyt, \
                ipkt) IS NULL",
    },
    dns: Recipe {
        documents: &["ip_dst"],
        words: &["dns_word(frame_time, frame_len, dns_qry_name, dns_qry_type, dns_qry_rcode)"],
        valid: "dns_invalid(frame_time, unix_tstamp, frame_len, ip_dst, dns_qry_name, \
                dns_qry_class, dns_qry_type, dns_qry_rcode) IS NULL",
    },
    proxy: Recipe {
        documents: &["clientip"],
        words: &[
            "proxy_word(host, p_time, reqmethod, fulluri, coalesce(resconttype, '-'), \
                  agents, respcode)",
        ],
        valid: "proxy_invalid(p_date, p_time, clientip, host, fulluri) IS NULL",
    },
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_are_named_or_written_out() {
        let two = Configuration::parse("rarity, spot").unwrap();
        assert_eq!(two[0].method, Method::Rarity);
        assert_eq!(two[1].method, Method::Model(String::new()));

        let own = Configuration::parse("try@spot=optimizer => 'cvb0', topics => 10").unwrap();
        assert_eq!(own[0].name, "try");
        let sql = own[0].query(Kind::Dns, "records", 3);
        let arguments = "source => 'dns', seed => 3, optimizer => 'cvb0', topics => 10)";
        assert!(sql.ends_with(arguments), "{sql}");
    }

    #[test]
    fn what_is_not_known_is_named() {
        let error = |text| Configuration::parse(text).unwrap_err().to_string();
        assert_eq!(
            error("spot,none"),
            "no configuration is called 'none'; there are rarity, host, spot, and name=arguments \
             of lda_score"
        );
        assert_eq!(
            error("topics => 10"),
            "give the arguments a name: name=topics => 10"
        );
        assert_eq!(
            error("try@odd="),
            "no words are called 'odd'; there are spot"
        );
    }
}
