//! Functions of DataFusion whose results or work grow beyond their arguments, kept within bounds.
//!
//! `lpad('x', 2000000000)` takes 2 GB in one allocation, outside of the memory pool; `levenshtein` of two long texts
//! computes for minutes within one call. [`Bounded`] stands around such a function. It measures a call before it runs, works
//! on few rows at a time where a batch would be too much, and looks between them whether the statement is to stop. A
//! single row beyond the limits is refused.
//!
//! Calls whose arguments are all constants are worked out while planning, and their results stay in the plan: they have a
//! limit of their own (`spotql.max_constant_bytes`).

mod error;
mod measure;

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::compute::concat;
use arrow::datatypes::{DataType, FieldRef};
use datafusion::error::Result;
use datafusion::logical_expr::interval_arithmetic::Interval;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature,
};

use crate::control::Control;
use crate::settings::SpotqlOptions;
use error::Error;
use measure::{Cost, Measure};

/// The functions that are bounded, by name; each with what it costs.
const FUNCTIONS: &[(&str, Measure)] = &[
    ("array_concat", measure::joined),
    ("array_repeat", measure::array_repeated),
    ("array_resize", measure::array_resized),
    ("concat", measure::joined),
    ("concat_ws", measure::joined_with_separator),
    ("generate_series", measure::series),
    ("levenshtein", measure::compared),
    ("lpad", measure::padded),
    ("range", measure::series),
    ("regexp_replace", measure::replaced_by_pattern),
    ("repeat", measure::repeated),
    ("replace", measure::replaced),
    ("rpad", measure::padded),
];

/// Puts bounds around those of these functions that need them.
pub(crate) fn bound(functions: &mut [Arc<ScalarUDF>]) {
    for function in functions {
        let measure = FUNCTIONS
            .iter()
            .find(|(name, _)| *name == function.name())
            .map(|(_, measure)| *measure);
        if let Some(measure) = measure {
            *function = Arc::new(ScalarUDF::from(Bounded {
                inner: Arc::clone(function),
                measure: Measured(measure),
            }));
        }
    }
}

/// A function with a limit on what one call may cost.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Bounded {
    inner: Arc<ScalarUDF>,
    measure: Measured,
}

/// A measure; it belongs to the function's name, so that equal functions have equal ones.
#[derive(Clone, Copy)]
struct Measured(Measure);

impl std::fmt::Debug for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Measured")
    }
}

impl PartialEq for Measured {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Measured {}

impl std::hash::Hash for Measured {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

/// Pairs of letters that are compared at once, about a tenth of a second's work, and at most for one row.
const COMPARED_AT_ONCE: u64 = 50_000_000;
const COMPARED_A_ROW: u64 = 400_000_000;

/// What one call may cost.
struct Bounds {
    bytes: u64,
    setting: &'static str,
    control: Arc<Control>,
}

impl Bounded {
    /// The results of these rows, in parts none of which is too large.
    fn parts(
        &self,
        args: ScalarFunctionArgs,
        bounds: &Bounds,
        made: &mut u64,
        parts: &mut Vec<ArrayRef>,
    ) -> Result<()> {
        bounds.control.check()?;
        let rows = args.number_rows;
        let cost = (self.measure.0)(&args)?;
        let (at_once, a_row) = match cost {
            Cost::Bytes(_) => (bounds.bytes, bounds.bytes),
            Cost::Pairs(_) => (COMPARED_AT_ONCE, COMPARED_A_ROW),
        };
        let amount = cost.amount();
        if amount > at_once && rows > 1 {
            let half = rows / 2;
            self.parts(slice(&args, 0, half), bounds, made, parts)?;
            return self.parts(slice(&args, half, rows - half), bounds, made, parts);
        }
        if amount > a_row {
            return Err(match cost {
                Cost::Bytes(bytes) => Error::Result {
                    function: self.inner.name().to_owned(),
                    bytes,
                    limit: bounds.bytes,
                    setting: bounds.setting,
                },
                Cost::Pairs(pairs) => Error::Comparison {
                    function: self.inner.name().to_owned(),
                    pairs,
                    limit: COMPARED_A_ROW,
                },
            }
            .into());
        }
        let part = self.inner.invoke_with_args(args)?.into_array(rows)?;
        if matches!(cost, Cost::Bytes(_)) {
            *made += part.get_array_memory_size() as u64;
            // Offsets and views come on top of what was measured.
            if *made > bounds.bytes.saturating_mul(2) {
                return Err(Error::Result {
                    function: self.inner.name().to_owned(),
                    bytes: *made,
                    limit: bounds.bytes,
                    setting: bounds.setting,
                }
                .into());
            }
        }
        parts.push(part);
        Ok(())
    }
}

/// The call for some of its rows.
fn slice(args: &ScalarFunctionArgs, from: usize, rows: usize) -> ScalarFunctionArgs {
    let slice = |value: &ColumnarValue| match value {
        ColumnarValue::Array(array) => ColumnarValue::Array(array.slice(from, rows)),
        ColumnarValue::Scalar(scalar) => ColumnarValue::Scalar(scalar.clone()),
    };
    ScalarFunctionArgs {
        args: args.args.iter().map(slice).collect(),
        arg_fields: args.arg_fields.clone(),
        number_rows: rows,
        return_field: Arc::clone(&args.return_field),
        config_options: Arc::clone(&args.config_options),
    }
}

impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        self.inner.schema_name(args)
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arg_types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        self.inner.return_field_from_args(args)
    }

    fn is_strict(&self) -> bool {
        self.inner.is_strict()
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let constant = args
            .args
            .iter()
            .all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let options = args.config_options.extensions.get::<SpotqlOptions>();
        let (result, folded) = options.map_or_else(
            || {
                let options = SpotqlOptions::default();
                (options.max_function_bytes, options.max_constant_bytes)
            },
            |options| (options.max_function_bytes, options.max_constant_bytes),
        );
        let (bytes, setting) = match constant {
            true => (folded, "spotql.max_constant_bytes"),
            false => (result, "spotql.max_function_bytes"),
        };
        let bounds = Bounds {
            bytes: bytes as u64,
            setting,
            control: Control::of(&args.config_options),
        };
        // One value for all rows is worked out once, as the function itself would.
        if constant {
            let mut once = args;
            once.number_rows = 1;
            let mut parts = Vec::new();
            self.parts(once, &bounds, &mut 0, &mut parts)?;
            return match parts.first() {
                Some(value) => Ok(ColumnarValue::Scalar(
                    datafusion::common::ScalarValue::try_from_array(value, 0)?,
                )),
                None => Err(Error::Empty.into()),
            };
        }
        let mut parts = Vec::new();
        self.parts(args, &bounds, &mut 0, &mut parts)?;
        match parts.as_slice() {
            [whole] if whole.len() == rows => Ok(ColumnarValue::Array(Arc::clone(whole))),
            parts => {
                let parts: Vec<&dyn arrow::array::Array> =
                    parts.iter().map(AsRef::as_ref).collect();
                Ok(ColumnarValue::Array(concat(&parts)?))
            }
        }
    }

    // Not handed on: `concat` would take an unbounded self for what it simplifies.
    fn simplify(&self, args: Vec<Expr>, _: &SimplifyContext) -> Result<ExprSimplifyResult> {
        Ok(ExprSimplifyResult::Original(args))
    }

    fn short_circuits(&self) -> bool {
        self.inner.short_circuits()
    }

    fn evaluate_bounds(&self, inputs: &[&Interval]) -> Result<Interval> {
        self.inner.evaluate_bounds(inputs)
    }

    fn output_ordering(&self, inputs: &[ExprProperties]) -> Result<SortProperties> {
        self.inner.output_ordering(inputs)
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arg_types)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }
}

#[cfg(test)]
mod tests;
