//! The presets behind `source => 'flow' | 'dns' | 'proxy'`: which columns are documents, which
//! word functions apply, which records are valid.
//!
//! A preset is nothing but a few SQL expressions over the ingest table's columns; any other log is
//! described by giving such expressions as `documents` and `words`.

use std::sync::Arc;

use datafusion::common::{Column, DFSchema, JoinType, ScalarValue};
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, ScalarUDF, col, lit};
use spotql_words::text;

use crate::canonical;
use crate::relation::{Error, Result};
use crate::words;

/// A kind of log that Apache Spot knew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Preset {
    Flow,
    Dns,
    Proxy,
}

/// How records become words: `words => …` beside a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Generation {
    /// The original's, fault by fault.
    Spot,
    /// Ours (see [`spotql_words::flow_v2`], [`spotql_words::dns_v2`], [`spotql_words::proxy_v2`]).
    #[default]
    V2,
}

impl Generation {
    pub(crate) const NAMES: &'static str =
        "'spot' or 'v2' (or, without source, expressions together with documents)";

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "spot" => Some(Self::Spot),
            "v2" => Some(Self::V2),
            _ => None,
        }
    }
}

/// A user agent, in [`Preset::agents`].
pub(crate) const AGENT: &str = "__lda_agent";
/// How often it occurs.
pub(crate) const AGENT_COUNT: &str = "__lda_agent_count";

fn udf_named(name: &str) -> Result<Arc<ScalarUDF>> {
    words::functions()
        .into_iter()
        .find(|known| known.name() == name)
        .ok_or_else(|| Error::MissingFunction {
            name: name.to_owned(),
        })
}

/// The (document, word) expressions of a record, and which records they hold for.
#[derive(Debug)]
pub(crate) struct Recipe {
    pub(crate) documents: Vec<Expr>,
    pub(crate) words: Vec<Expr>,
    /// True for the records that can be scored; none means that all can.
    pub(crate) valid: Option<Expr>,
    /// If there is one, records of the same documents and words count in training as often as they
    /// differ in it.
    pub(crate) distinct: Option<Expr>,
}

impl Preset {
    pub(crate) const NAMES: &'static str = "'flow', 'dns' or 'proxy'";

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "flow" => Some(Self::Flow),
            "dns" => Some(Self::Dns),
            "proxy" => Some(Self::Proxy),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Dns => "dns",
            Self::Proxy => "proxy",
        }
    }

    /// The name, and the generation of its words where it is not the original's.
    pub(crate) fn description(self, generation: Generation) -> String {
        match generation {
            Generation::Spot => self.name().to_owned(),
            Generation::V2 => format!("{} v2", self.name()),
        }
    }

    /// What a word means, for people.
    pub(crate) fn meaning(self, word: &str) -> String {
        let text = match self {
            Self::Flow => text::flow_word_text(word),
            Self::Dns => text::dns_word_text(word),
            Self::Proxy => text::proxy_word_text(word),
        };
        text.unwrap_or_else(|| word.to_owned())
    }

    /// How often each user agent occurs in `input`, for the presets whose words need it: the
    /// columns [`AGENT`] and [`AGENT_COUNT`].
    ///
    /// A relation of its own, because training, scoring and feedback must use the same counts: those of
    /// the input, or those that a stored model brings along.
    pub(crate) fn agents(
        self,
        function: &str,
        input: &LogicalPlan,
    ) -> datafusion::error::Result<Option<LogicalPlan>> {
        if self != Self::Proxy {
            return Ok(None);
        }
        let agent = self.agent(function, input.schema())?.alias(AGENT);
        LogicalPlanBuilder::from(input.clone())
            .aggregate([agent], [count(lit(1)).alias(AGENT_COUNT)])?
            .build()
            .map(Some)
    }

    /// Adds the count of its user agent to every record: 0 for one that `agents` does not list.
    pub(crate) fn with_agents(
        self,
        function: &str,
        input: LogicalPlan,
        agents: LogicalPlan,
    ) -> datafusion::error::Result<LogicalPlan> {
        let agent = self.agent(function, input.schema())?;
        let known = input.schema().columns().into_iter().map(Expr::from);
        let known: Vec<Expr> = known
            .chain([coalesce(vec![col(AGENT_COUNT), lit(0_i64)]).alias(AGENT_COUNT)])
            .collect();
        // The agents are few: they are the side that is kept in memory.
        LogicalPlanBuilder::from(agents)
            .join_with_expr_keys(
                input,
                JoinType::Right,
                (vec![col(AGENT)], vec![agent]),
                None,
            )?
            .project(known)?
            .build()
    }

    fn agent(self, function: &str, schema: &DFSchema) -> Result<Expr> {
        Ok(coalesce(vec![
            canonical::present(self.column(function, schema, "useragent")?),
            lit(ScalarValue::Utf8View(Some("-".to_owned()))),
        ]))
    }

    /// The recipe over `schema`, the schema of an input (with [`AGENT_COUNT`] for proxy logs).
    pub(crate) fn recipe(
        self,
        generation: Generation,
        function: &str,
        schema: &DFSchema,
    ) -> Result<Recipe> {
        let spot = generation == Generation::Spot;
        let call = |udf: &str, columns: &[&str]| -> Result<Expr> {
            let arguments = columns
                .iter()
                .map(|column| self.column(function, schema, column))
                .collect::<Result<Vec<_>>>()?;
            Ok(udf_named(udf)?.call(arguments))
        };
        // One host is one document, however it is written; none where there is no address.
        let documents = |columns: &[&str]| -> Result<Vec<Expr>> {
            columns
                .iter()
                .map(|column| self.column(function, schema, column))
                .map(|column| Ok(canonical::address(column?)))
                .collect()
        };
        match self {
            Self::Flow => {
                let words = if spot {
                    let mut arguments = ["trhour", "sport", "dport", "proto", "ibyt", "ipkt"]
                        .map(|column| self.column(function, schema, column))
                        .into_iter()
                        .collect::<Result<Vec<_>>>()?;
                    // The original's function takes the protocol as it is written.
                    arguments[3] = canonical::protocol(arguments[3].clone());
                    [
                        udf_named("flow_src_word")?.call(arguments.clone()),
                        udf_named("flow_dst_word")?.call(arguments),
                    ]
                } else {
                    let columns = [
                        "sport", "dport", "proto", "ibyt", "opkt", "obyt", "flag", "tdur",
                    ];
                    [
                        call("flow_src_word_v2", &columns)?,
                        call("flow_dst_word_v2", &columns)?,
                    ]
                };
                Ok(Recipe {
                    documents: documents(&["sip", "dip"])?,
                    words: words.to_vec(),
                    valid: Some(
                        call(
                            "flow_invalid",
                            &[
                                "treceived",
                                "trhour",
                                "trminute",
                                "trsec",
                                "sip",
                                "dip",
                                "sport",
                                "dport",
                                "ibyt",
                                "ipkt",
                            ],
                        )?
                        .is_null(),
                    ),
                    distinct: None,
                })
            }
            Self::Dns => {
                let name = || self.column(function, schema, "dns_qry_name");
                let client = canonical::address(self.column(function, schema, "ip_dst")?);
                let (documents, words) = if spot {
                    let columns = [
                        "frame_time",
                        "frame_len",
                        "dns_qry_name",
                        "dns_qry_type",
                        "dns_qry_rcode",
                    ];
                    (vec![client], vec![call("dns_word", &columns)?])
                } else {
                    let columns = [
                        "frame_len",
                        "dns_qry_name",
                        "dns_qry_type",
                        "dns_qry_rcode",
                        "dns_a",
                    ];
                    (
                        vec![client, udf_named("registrable_domain")?.call(vec![name()?])],
                        vec![
                            call("dns_word_v2", &columns)?,
                            call("dns_domain_word_v2", &columns[1..])?,
                        ],
                    )
                };
                Ok(Recipe {
                    documents,
                    words,
                    valid: Some(
                        call(
                            "dns_invalid",
                            &[
                                "frame_time",
                                "unix_tstamp",
                                "frame_len",
                                "ip_dst",
                                "dns_qry_name",
                                "dns_qry_class",
                                "dns_qry_type",
                                "dns_qry_rcode",
                            ],
                        )?
                        .is_null(),
                    ),
                    // To ask for one name again and again is no news; to ask for another each time
                    // is how tunnels and generated names show. Clients may mix upper and lower case
                    // at random (draft-vixie-dnsext-dns0x20), which makes no other name.
                    distinct: if spot {
                        None
                    } else {
                        Some(canonical::name(name()?))
                    },
                })
            }
            Self::Proxy => {
                let words = if spot {
                    let mut arguments = [
                        "host",
                        "p_time",
                        "reqmethod",
                        "fulluri",
                        "resconttype",
                        AGENT_COUNT,
                        "respcode",
                    ]
                    .map(|column| self.column(function, schema, column))
                    .into_iter()
                    .collect::<Result<Vec<_>>>()?;
                    // A request without a content type is as valid as one whose type is `-`.
                    let content = canonical::present(arguments[4].clone());
                    arguments[4] = coalesce(vec![content, lit("-")]);
                    udf_named("proxy_word")?.call(arguments)
                } else {
                    call(
                        "proxy_word_v2",
                        &[
                            "host",
                            "reqmethod",
                            "resconttype",
                            "respcode",
                            AGENT_COUNT,
                            "fulluri",
                            "scbytes",
                            "csbytes",
                        ],
                    )?
                };
                Ok(Recipe {
                    documents: documents(&["clientip"])?,
                    words: vec![words],
                    valid: Some(
                        call(
                            "proxy_invalid",
                            &["p_date", "p_time", "clientip", "host", "fulluri"],
                        )?
                        .is_null(),
                    ),
                    distinct: None,
                })
            }
        }
    }

    /// Whether its words depend on the domain lists of the session's settings.
    pub(crate) fn reads_domains(self) -> bool {
        self != Self::Flow
    }

    /// The SQL that says why records that were read cannot be scored.
    pub(crate) fn advice(self) -> String {
        let name = self.name();
        format!(
            "{name}_invalid(…) says why a record cannot be used, and 'spotql run detect/{name}_summary.sql' counts the \
             reasons; a record that is valid has no word where an address is absent"
        )
    }

    /// The input's column of that name, whatever its case and qualifier.
    fn column(self, function: &str, schema: &DFSchema, name: &str) -> Result<Expr> {
        schema
            .iter()
            .find(|(_, field)| field.name().eq_ignore_ascii_case(name))
            .map(|(qualifier, field)| {
                Expr::Column(Column::new(qualifier.cloned(), field.name().clone()))
            })
            .ok_or_else(|| Error::MissingColumn {
                function: function.to_owned(),
                preset: self.name().to_owned(),
                column: name.to_owned(),
                present: schema
                    .fields()
                    .iter()
                    .map(|field| field.name().as_str())
                    .collect::<Vec<_>>()
                    .join(", "),
            })
    }
}
