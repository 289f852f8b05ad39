//! The presets behind `source => 'flow' | 'dns' | 'proxy'`: which columns are documents, which
//! word functions apply, which records are valid.
//!
//! A preset is nothing but a few SQL expressions over the ingest table's columns; any other log is
//! described by giving such expressions as `documents` and `words`.

use std::sync::Arc;

use datafusion::common::{Column, DFSchema};
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{
    Expr, ExprFunctionExt, LogicalPlan, LogicalPlanBuilder, ScalarUDF, lit,
};

use super::error::{Error, Result};
use crate::word;

/// A kind of log that Apache Spot knew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Preset {
    Flow,
    Dns,
    Proxy,
}

/// Name of the column that [`Preset::prepare`] adds to proxy records.
const AGENT_COUNT: &str = "__lda_agent_count";

fn udf_named(name: &str) -> Result<Arc<ScalarUDF>> {
    word::functions()
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

    /// Adds what the words need and a record does not hold: for proxy logs, how often its user
    /// agent occurs in the whole input.
    pub(crate) fn prepare(
        self,
        function: &str,
        input: LogicalPlan,
    ) -> datafusion::error::Result<LogicalPlan> {
        if self != Self::Proxy {
            return Ok(input);
        }
        let agent = self.column(function, input.schema(), "useragent")?;
        let occurrences = count(lit(1))
            .partition_by(vec![coalesce(vec![agent, lit("-")])])
            .build()?
            .alias(AGENT_COUNT);
        LogicalPlanBuilder::from(input)
            .window(vec![occurrences])?
            .build()
    }

    /// The recipe over `schema`, the schema of a prepared input.
    pub(crate) fn recipe(self, function: &str, schema: &DFSchema) -> Result<Recipe> {
        let call = |udf: &str, columns: &[&str]| -> Result<Expr> {
            let arguments = columns
                .iter()
                .map(|column| self.column(function, schema, column))
                .collect::<Result<Vec<_>>>()?;
            Ok(udf_named(udf)?.call(arguments))
        };
        let documents = |columns: &[&str]| -> Result<Vec<Expr>> {
            columns
                .iter()
                .map(|column| self.column(function, schema, column))
                .collect()
        };
        match self {
            Self::Flow => {
                let columns = ["trhour", "sport", "dport", "proto", "ibyt", "ipkt"];
                Ok(Recipe {
                    documents: documents(&["sip", "dip"])?,
                    words: vec![
                        call("flow_src_word", &columns)?,
                        call("flow_dst_word", &columns)?,
                    ],
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
                })
            }
            Self::Dns => Ok(Recipe {
                documents: documents(&["ip_dst"])?,
                words: vec![call(
                    "dns_word",
                    &[
                        "frame_time",
                        "frame_len",
                        "dns_qry_name",
                        "dns_qry_type",
                        "dns_qry_rcode",
                    ],
                )?],
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
            }),
            Self::Proxy => {
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
                arguments[4] = coalesce(vec![arguments[4].clone(), lit("-")]);
                Ok(Recipe {
                    documents: documents(&["clientip"])?,
                    words: vec![udf_named("proxy_word")?.call(arguments)],
                    valid: Some(
                        call(
                            "proxy_invalid",
                            &["p_date", "p_time", "clientip", "host", "fulluri"],
                        )?
                        .is_null(),
                    ),
                })
            }
        }
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
