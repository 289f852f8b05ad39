//! `rhythm(input, conversation => [sip, dip, proto], time => unix_tstamp)`: every row of the input
//! with how long ago the conversation had one before.
//!
//! Programs call home by the clock, people do not: a beacon's pauses are alike. Three columns are added,
//! BIGINT all, in the unit of `time`:
//!
//! * `pause`: from the latest earlier time of the same conversation to this row's; NULL where there is none;
//! * `pause_before`: the pause that ended at that earlier time; NULL where there is none;
//! * `at_once`: the conversation's rows at this very time, itself included, so 1 or more.
//!
//! Rows of the same time have no order, and all have the same three values: nothing depends on the
//! order in which rows arrive. A NULL in the conversation is a value like others; a row without a time takes no
//! part and gets NULLs. A window function could say much of this (`lag(…) OVER (PARTITION BY … ORDER BY …)`), but
//! sorts whole rows by text. Here only times are sorted, as numbers: the input is read twice, once for the
//! conversations and their times, once to pass through, both parted by conversation, so that
//! each thread has its own.

mod exec;
mod planner;
mod reference;
mod times;

use std::cmp::Ordering;
use std::fmt;

use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::{DFSchemaRef, internal_err};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};

pub(crate) use exec::RhythmExec;
pub(crate) use planner::plan_rhythm;
pub(crate) use reference::RHYTHM;

use crate::relation::{HIDDEN, all_columns, extended, needed};

/// Column of part `i` of the conversation.
pub(crate) fn conversation_column(i: usize) -> String {
    format!("{HIDDEN}conversation_{i}")
}

/// The column of times, Int64.
pub(crate) const TIME: &str = "__lda_time";

/// The columns that are added.
pub(crate) fn columns() -> [Field; 3] {
    ["pause", "pause_before", "at_once"].map(|name| Field::new(name, DataType::Int64, true))
}

/// The logical node of `rhythm`.
///
/// Both inputs have the hidden columns [`conversation_column`] 0, 1, … and [`TIME`], the first one
/// nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Rhythm {
    times: LogicalPlan,
    records: LogicalPlan,
    schema: DFSchemaRef,
}

impl Rhythm {
    pub(crate) fn new(times: LogicalPlan, records: LogicalPlan) -> Result<Self> {
        let schema = extended(records.schema(), columns())?;
        Ok(Self {
            times,
            records,
            schema,
        })
    }
}

impl PartialOrd for Rhythm {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (&self.times, &self.records).partial_cmp(&(&other.times, &other.records))
    }
}

impl UserDefinedLogicalNodeCore for Rhythm {
    fn name(&self) -> &str {
        "Rhythm"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.times, &self.records]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    /// No filter moves below the node: without the rows that it takes out, the pauses would be others.
    fn prevent_predicate_push_down_columns(&self) -> std::collections::HashSet<String> {
        all_columns(&self.schema)
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rhythm")
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        let Ok([times, records]) = <[LogicalPlan; 2]>::try_from(inputs) else {
            return internal_err!("Rhythm has two inputs, the times and the records");
        };
        Self::new(times, records)
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let times = (0..self.times.schema().fields().len()).collect();
        Some(vec![times, needed(self.records.schema(), output_columns)])
    }
}
