//! The sets of records that detection is judged by.
//!
//! A set is a union of parts, each of them the records of one source (see `sources.rs`), some of
//! them, or a sample, and perhaps moved to another host or hour. The description in the report is
//! made from the same parts as the SQL.

use std::fmt;

use crate::kind::Kind;

/// How much a set says about detection of real attacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    /// A capture of one network as it is; the attacks are often most of it.
    Capture,
    /// Real normal traffic, and real attacks recorded elsewhere.
    Mixed,
    /// Synthetic normal traffic, and real attacks.
    SemiReal,
    /// A synthetic day with planted attacks.
    Synthetic,
}

impl Group {
    pub(super) const ALL: [Self; 4] = [Self::Capture, Self::Mixed, Self::SemiReal, Self::Synthetic];
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Capture => "capture",
            Self::Mixed => "mixed",
            Self::SemiReal => "semi-real",
            Self::Synthetic => "synthetic",
        })
    }
}

#[derive(Debug, Clone)]
pub(super) struct Set {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) group: Group,
    pub(super) parts: Vec<Part>,
}

impl Set {
    /// The query of its records: `columns`, the label and the number of the record from 0.
    pub(super) fn query(&self, columns: &[String]) -> String {
        let parts: Vec<String> = (0..)
            .zip(&self.parts)
            .map(|(number, part)| part.query(number, columns))
            .collect();
        format!(
            "SELECT {}, label, \
             CAST(row_number() OVER (ORDER BY part, row_id) AS BIGINT) - CAST(1 AS BIGINT) AS row_id \
             FROM ({})",
            columns.join(", "),
            parts.join(" UNION ALL ")
        )
    }

    /// What it is made of.
    pub(super) fn made_of(&self) -> String {
        let parts: Vec<String> = self.parts.iter().map(ToString::to_string).collect();
        parts.join("; ")
    }
}

/// Records of one source.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) source: String,
    only: Option<String>,
    sample: Option<usize>,
    changes: Vec<Change>,
}

/// A column with another value.
#[derive(Debug, Clone)]
struct Change {
    column: &'static str,
    value: String,
    /// For the reader.
    note: String,
}

/// All records of a source.
fn all(source: impl Into<String>) -> Part {
    Part {
        source: source.into(),
        only: None,
        sample: None,
        changes: Vec::new(),
    }
}

impl Part {
    fn only(mut self, condition: &str) -> Self {
        self.only = Some(condition.to_owned());
        self
    }

    /// So many of them; always the same ones.
    fn sample(mut self, count: usize) -> Self {
        self.sample = Some(count);
        self
    }

    /// DNS: all in this hour, so that time alone does not give them away.
    fn at_hour(mut self, hour: u8) -> Self {
        self.changes.push(Change {
            column: "frame_time",
            value: format!("regexp_replace(frame_time, ' [0-9][0-9]:', ' {hour:02}:')"),
            note: format!("at hour {hour}"),
        });
        self
    }

    /// DNS: all asked by this client.
    fn asked_by(mut self, client: &Host) -> Self {
        self.changes.push(Change {
            column: "ip_dst",
            value: client.query.clone(),
            note: format!("asked by {}", client.note),
        });
        self
    }

    /// Flows: one host's are another's.
    fn moved(mut self, from: &str, to: &Host) -> Self {
        for column in ["sip", "dip"] {
            self.changes.push(Change {
                column,
                value: format!(
                    "CASE WHEN {column} = '{from}' THEN {} ELSE {column} END",
                    to.query
                ),
                note: format!("{column} {from} is {}", to.note),
            });
        }
        self
    }

    fn query(&self, number: usize, columns: &[String]) -> String {
        let values: Vec<String> = columns
            .iter()
            .map(|column| {
                let change = self.changes.iter().find(|change| change.column == column);
                change.map_or(column.clone(), |change| {
                    format!("{} AS {column}", change.value)
                })
            })
            .collect();
        let mut records = format!("SELECT * FROM {}", self.source);
        if let Some(condition) = &self.only {
            records += &format!(" WHERE {condition}");
        }
        if let Some(count) = self.sample {
            // The digest stands for a random number that is the same everywhere.
            records += &format!(" ORDER BY md5(CAST(row_id AS STRING)), row_id LIMIT {count}");
        }
        format!(
            "SELECT {number} AS part, row_id, label, {} FROM ({records}) AS records",
            values.join(", ")
        )
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(count) = self.sample {
            write!(f, "{count} of ")?;
        }
        f.write_str(&self.source)?;
        if let Some(condition) = &self.only {
            write!(f, " where {condition}")?;
        }
        for change in &self.changes {
            write!(f, ", {}", change.note)?;
        }
        Ok(())
    }
}

/// A host that takes over another's traffic.
struct Host {
    query: String,
    note: String,
}

/// The host that stands at a place (from 1) when a source's hosts are put in the order of their records.
fn busiest(source: &str, column: &str, place: usize) -> Host {
    Host {
        query: format!(
            "(SELECT {column} FROM {source} WHERE label = 0 GROUP BY {column} \
             ORDER BY count(*) DESC, {column} LIMIT 1 OFFSET {})",
            place - 1
        ),
        note: format!("busiest {column} no. {place} of {source}"),
    }
}

const NORMAL: &str = "label = 0";
const ATTACKS: &str = "label = 1";
/// The seeds of the synthetic days.
const SEEDS: [u64; 2] = [11, 12];

/// All sets, in the order of the report.
pub(super) fn sets() -> Vec<Set> {
    let mut sets = flow_captures();
    sets.extend(flow_mixed());
    sets.extend(flow_semi_real());
    sets.extend(dns_mixed());
    sets.extend(dns_semi_real());
    for kind in [Kind::Flow, Kind::Dns, Kind::Proxy] {
        for seed in SEEDS {
            let source = format!("synthetic_{}_{seed}", kind.name());
            let name = format!("{} synthetic {seed}", kind.name());
            sets.push(set(kind, Group::Synthetic, &name, vec![all(source)]));
        }
    }
    sets
}

fn set(kind: Kind, group: Group, name: &str, parts: Vec<Part>) -> Set {
    Set {
        name: name.to_owned(),
        kind,
        group,
        parts,
    }
}

fn flow_captures() -> Vec<Set> {
    let captures = [
        ("IoT 34-1, 21st", all("iot_34").only("trday = 21")),
        ("IoT 34-1, 22nd", all("iot_34").only("trday = 22")),
        ("IoT 34-1, 22nd, uni", all("iot_34_uni").only("trday = 22")),
        ("IoT 42-1", all("iot_42")),
        ("IoT 42-1, uni", all("iot_42_uni")),
        ("APT29 day 1", all("apt29_1")),
        ("APT29 day 1, uni", all("apt29_1_uni")),
        ("APT29 day 2", all("apt29_2")),
        ("APT29 day 2, uni", all("apt29_2_uni")),
        ("LUFlow 21", all("luflow_21")),
        ("Spot demo", all("spot_demo")),
    ];
    captures
        .map(|(name, part)| set(Kind::Flow, Group::Capture, name, vec![part]))
        .into()
}

fn flow_mixed() -> Vec<Set> {
    let mixed = |name: &str, parts| set(Kind::Flow, Group::Mixed, name, parts);
    let office = |name: &str, attacks: &[Part]| {
        // Small networks of every kind, as one.
        let mut parts = vec![all("iot_34").only(NORMAL), all("iot_42"), all("honeypot_4")];
        parts.extend(["apt29_1", "apt29_2"].map(|source| all(source).only(NORMAL)));
        parts.extend_from_slice(attacks);
        mixed(&format!("IoT and office + {name}"), parts)
    };
    let of_type = |attack: &str| all("iot_34").only(&format!("attack_type = '{attack}'"));
    let commands = |source: &str| all(source).only(ATTACKS).sample(100);
    vec![
        mixed(
            "LUFlow 17 + IoT 34-1 without DDoS",
            vec![
                all("luflow_17"),
                all("iot_34").only("attack_type <> 'DDoS'"),
            ],
        ),
        mixed(
            "LUFlow 22 + IoT 34-1",
            vec![all("luflow_22"), all("iot_34")],
        ),
        mixed(
            "LUFlow 17 + IoT 42-1",
            vec![all("luflow_17"), all("iot_42")],
        ),
        mixed(
            "LUFlow 22 + APT29 day 1",
            vec![all("luflow_22"), all("apt29_1")],
        ),
        mixed(
            "LUFlow 22 + APT29 day 2",
            vec![all("luflow_22"), all("apt29_2")],
        ),
        mixed(
            "LUFlow 17 + 107 of the 21st",
            vec![all("luflow_17"), all("luflow_21").only(ATTACKS).sample(107)],
        ),
        office("100 C&C", &[of_type("C&C").sample(100)]),
        office("port scan", &[of_type("PartOfAHorizontalPortScan")]),
        office("500 DDoS", &[of_type("DDoS").sample(500)]),
        office("200 APT29", &[commands("apt29_1"), commands("apt29_2")]),
    ]
}

fn flow_semi_real() -> Vec<Set> {
    let mut sets = Vec::new();
    for seed in SEEDS {
        let day = format!("synthetic_flow_{seed}");
        let host = busiest(&day, "sip", 61);
        let beacon = all("iot_34_uni")
            .only("attack_type = 'C&C' AND trday = 22")
            .sample(400)
            .moved("192.168.1.195", &host);
        let attacks = [
            ("IoT 34-1, 21st", all("iot_34_uni").only("trday = 21")),
            ("3000 of IoT 34-1", all("iot_34_uni").sample(3000)),
            ("IoT 42-1", all("iot_42_uni")),
            ("APT29 day 1", all("apt29_1_uni")),
            ("APT29 day 2", all("apt29_2_uni")),
            ("own host's C&C", beacon),
            (
                "300 of LUFlow 21",
                all("luflow_21").only(ATTACKS).sample(300),
            ),
        ];
        sets.extend(attacks.map(|(name, attack)| {
            let parts = vec![all(&day).only(NORMAL), attack];
            let name = format!("flow normal {seed} + {name}");
            set(Kind::Flow, Group::SemiReal, &name, parts)
        }));
    }
    sets
}

fn dns_mixed() -> Vec<Set> {
    let mixed = |name, parts| set(Kind::Dns, Group::Mixed, name, parts);
    let iodine = |hour| all("iodine").at_hour(hour);
    let domains = |family: &str, hour| {
        let family = format!("family = '{family}'");
        all("malware_names").only(&family).sample(100).at_hour(hour)
    };
    // The hours are those of the normal traffic: all of WRCCDC's, one of CTU-SME's busiest.
    vec![
        mixed("WRCCDC + iodine", vec![all("wrccdc"), iodine(17)]),
        mixed("SME + iodine", vec![all("sme"), iodine(12)]),
        mixed(
            "all four + iodine",
            ["wrccdc", "sme", "apt29_dns_1", "apt29_dns_2"]
                .map(all)
                .into_iter()
                .chain([iodine(17)])
                .collect(),
        ),
        mixed(
            "SME + 40 of iodine",
            vec![all("sme"), iodine(12).sample(40)],
        ),
        mixed(
            "SME host tunnels",
            vec![
                all("sme"),
                iodine(12).asked_by(&busiest("sme", "ip_dst", 1)),
            ],
        ),
        mixed(
            "WRCCDC client tunnels",
            vec![
                all("wrccdc"),
                iodine(17).asked_by(&busiest("wrccdc", "ip_dst", 4)),
            ],
        ),
        mixed(
            "WRCCDC client asks for matsnu's domains",
            vec![
                all("wrccdc"),
                domains("matsnu", 17).asked_by(&busiest("wrccdc", "ip_dst", 6)),
            ],
        ),
        mixed(
            "SME and APT29, whose client asks for necurs' domains",
            vec![
                all("sme"),
                all("apt29_dns_2"),
                domains("necurs", 7).asked_by(&busiest("apt29_dns_2", "ip_dst", 1)),
            ],
        ),
    ]
}

fn dns_semi_real() -> Vec<Set> {
    let mut sets = Vec::new();
    for seed in SEEDS {
        let day = format!("synthetic_dns_{seed}");
        let iodine = all("iodine").at_hour(14);
        let own = iodine.clone().asked_by(&busiest(&day, "ip_dst", 41));
        sets.extend(
            [("+ iodine", iodine), ("host tunnels", own)].map(|(name, attack)| {
                let parts = vec![all(&day).only(NORMAL), attack];
                let name = format!("dns normal {seed} {name}");
                set(Kind::Dns, Group::SemiReal, &name, parts)
            }),
        );
    }
    sets
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::quality::sources;

    #[test]
    fn every_set_has_a_name_of_its_own_and_sources_that_there_are() {
        let sets = sets();
        let names: HashSet<&str> = sets.iter().map(|set| set.name.as_str()).collect();
        assert_eq!(names.len(), sets.len());
        for set in &sets {
            for part in &set.parts {
                assert!(sources::is_known(&part.source), "{}", part.source);
            }
        }
    }

    #[test]
    fn a_set_says_what_it_is_made_of() {
        let client = busiest("sme", "ip_dst", 1);
        let tunnel = all("iodine")
            .only(ATTACKS)
            .sample(40)
            .at_hour(9)
            .asked_by(&client);
        let set = set(Kind::Dns, Group::Mixed, "tunnel", vec![all("sme"), tunnel]);
        assert_eq!(
            set.made_of(),
            "sme; 40 of iodine where label = 1, at hour 9, asked by busiest ip_dst no. 1 of sme"
        );
    }
}
