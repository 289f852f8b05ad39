//! `lda_train`: the plan node that fits a model to its input and returns it as rows.
//!
//! The input has the columns described in [`super::tally`]; so has the feedback, if there is any,
//! each of whose records counts many times. All partitions are counted at the
//! same time; the fitting itself runs on as many threads as the session has target partitions, and
//! the result does not depend on that number. Memory for counts and fitting is taken from the
//! query's memory pool before it is used. Dropping the stream stops the work.

mod exec;
mod training;

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use datafusion::common::{DFSchema, DFSchemaRef, internal_err};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};

pub(crate) use exec::TrainExec;
pub(super) use training::reserve;

use super::model::SCHEMA;
use super::settings::Settings;
use super::tally::Rows;

/// The logical node of `lda_train`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Train {
    pub(crate) input: LogicalPlan,
    /// Records that an analyst has rated harmless.
    pub(crate) feedback: Option<LogicalPlan>,
    pub(crate) settings: Settings,
    /// (document, word) column pairs of the input.
    pub(crate) width: usize,
    /// What a row of the input, and of the feedback, stands for.
    pub(crate) rows: Rows,
    /// Whether the model says what it knows of each pair, for scoring the very input.
    pub(crate) judges: bool,
    schema: DFSchemaRef,
}

impl Train {
    pub(crate) fn new(
        input: LogicalPlan,
        feedback: Option<LogicalPlan>,
        settings: Settings,
        width: usize,
        rows: Rows,
        judges: bool,
    ) -> Result<Self> {
        let schema = DFSchema::try_from(Arc::clone(&SCHEMA))?;
        Ok(Self {
            input,
            feedback,
            settings,
            width,
            rows,
            judges,
            schema: Arc::new(schema),
        })
    }
}

impl PartialOrd for Train {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (&self.input, &self.feedback).partial_cmp(&(&other.input, &other.feedback))
    }
}

impl UserDefinedLogicalNodeCore for Train {
    fn name(&self) -> &str {
        "LdaTrain"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        [&self.input].into_iter().chain(&self.feedback).collect()
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LdaTrain: {}", self.settings)
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        let mut inputs = inputs.into_iter();
        let (Some(input), feedback, None) = (inputs.next(), inputs.next(), inputs.next()) else {
            return internal_err!("LdaTrain has an input and perhaps feedback");
        };
        Ok(Self {
            input,
            feedback,
            ..self.clone()
        })
    }
}
