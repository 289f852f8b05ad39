//! What our scalar functions share: a declaration made into a DataFusion function.
//!
//! Arguments are cast while planning to the one type that the kernel reads, so that EXPLAIN shows
//! it and the work is shared between functions of the same columns. Types that would silently mean
//! something else (a timestamp as text, a text as number) are refused.

pub(crate) mod distinct;
mod error;
mod needs;
pub(crate) mod section;

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::common::{Result, ScalarValue};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use crate::description::{documented, sql_type};
use error::Error;

pub use needs::Needs;
pub(crate) use section::Section;

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// A whole number; read as [`Int64Array`]. Fractions are cut off.
    Whole,
    /// Any number; whole ones are read as [`Int64Array`], all others as [`Float64Array`].
    Number,
    /// Any number; read as [`Float64Array`].
    Real,
    /// A text; read as [`StringViewArray`].
    Text,
    /// A text, or a whole number that is written as text; read as [`StringViewArray`].
    TextOrWhole,
    /// Anything; only whether it is there counts.
    Anything,
}

impl Takes {
    /// The type that a value of type `given` is cast to, if it is accepted.
    fn coerce(self, given: &DataType) -> Option<DataType> {
        let given = match given {
            DataType::Dictionary(_, values) if self != Self::Anything => values,
            other => other,
        };
        let null = given.is_null();
        let text = matches!(
            given,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
        );
        match self {
            Self::Whole if null || given.is_numeric() => Some(DataType::Int64),
            // An unsigned 64-bit number may not fit a signed one; here it need not.
            Self::Number if null || (given.is_integer() && *given != DataType::UInt64) => {
                Some(DataType::Int64)
            }
            Self::Number if given.is_numeric() => Some(DataType::Float64),
            Self::Real if null || given.is_numeric() => Some(DataType::Float64),
            Self::Text if null || text => Some(DataType::Utf8View),
            Self::TextOrWhole if null || text || given.is_integer() => Some(DataType::Utf8View),
            Self::Anything => Some(given.clone()),
            _ => None,
        }
    }

    /// The types taken, in SQL's words.
    fn accepted(self) -> &'static str {
        match self {
            Self::Whole => "a number (TINYINT to BIGINT, signed or not, DECIMAL, FLOAT or DOUBLE)",
            Self::Number | Self::Real => "a number (TINYINT to BIGINT, DECIMAL, FLOAT or DOUBLE)",
            Self::Text => "a text (STRING or VARCHAR)",
            Self::TextOrWhole => "a text (STRING or VARCHAR) or a whole number",
            Self::Anything => "any type",
        }
    }

    /// The type in a usage line.
    fn usage(self) -> &'static str {
        match self {
            Self::Whole => "BIGINT",
            Self::Number | Self::Real => "DOUBLE",
            Self::Text | Self::TextOrWhole => "STRING",
            Self::Anything => "ANY",
        }
    }
}

/// A parameter of a function.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) takes: Takes,
    /// What it is, with its unit, and what NULL means where that is not obvious.
    pub(crate) about: &'static str,
}

/// A parameter in one line of a declaration.
pub(crate) const fn parameter(name: &'static str, takes: Takes, about: &'static str) -> Parameter {
    Parameter { name, takes, about }
}

/// A scalar function over columns.
#[derive(Debug)]
pub(crate) struct Declaration {
    pub(crate) name: &'static str,
    pub(crate) parameters: &'static [Parameter],
    pub(crate) returns: DataType,
    /// Does the result depend on the settings of the session?
    pub(crate) reads_settings: bool,
    /// What context it depends on.
    pub(crate) needs: Needs,
    pub(crate) about: &'static str,
    /// A SQL expression and what it gives.
    pub(crate) example: (&'static str, &'static str),
    /// Computes the result, of the declared type and as long as the arguments.
    pub(crate) kernel: fn(&Call) -> Result<ArrayRef>,
}

impl Declaration {
    /// The function with its parameters and their types.
    fn usage(&self) -> String {
        let parameters: Vec<String> = self
            .parameters
            .iter()
            .map(|parameter| format!("{} {}", parameter.name, parameter.takes.usage()))
            .collect();
        format!("{}({})", self.name, parameters.join(", "))
    }

    fn coerce(&self, given: &[DataType]) -> Result<Vec<DataType>, Error> {
        if given.len() != self.parameters.len() {
            return Err(Error::ArgumentCount {
                function: self.name,
                expected: self.parameters.len(),
                given: given.len(),
                usage: self.usage(),
            });
        }
        let pairs = self.parameters.iter().zip(given);
        pairs
            .map(|(parameter, given)| {
                parameter
                    .takes
                    .coerce(given)
                    .ok_or_else(|| Error::ArgumentType {
                        function: self.name,
                        argument: parameter.name,
                        given: given.clone(),
                        accepted: parameter.takes.accepted(),
                        usage: self.usage(),
                    })
            })
            .collect()
    }

    fn documentation(&self, section: Section) -> Documentation {
        let names: Vec<&str> = self
            .parameters
            .iter()
            .map(|parameter| parameter.name)
            .collect();
        let (call, result) = self.example;
        let syntax = format!("{}({})", self.name, names.join(", "));
        let documentation = Documentation::builder(section.documented(), self.about, syntax)
            .with_sql_example(documented(call, result));
        self.parameters
            .iter()
            .fold(documentation, |documentation, parameter| {
                let about = format!("{}: {}", parameter.takes.usage(), parameter.about);
                documentation.with_argument(parameter.name, about)
            })
            .build()
    }
}

/// The columns of one call, all of one length.
pub(crate) struct Call {
    declaration: &'static Declaration,
    columns: Vec<ArrayRef>,
    rows: usize,
    config: Arc<ConfigOptions>,
}

impl Call {
    /// How many rows each column has, and the result must have.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// The configuration of the session, with its settings and the context of the query.
    pub(crate) fn config(&self) -> &ConfigOptions {
        &self.config
    }

    /// A column of whole numbers.
    pub(crate) fn whole(&self, index: usize) -> &Int64Array {
        self.columns[index].as_primitive::<Int64Type>()
    }

    /// A column of numbers: whole ones if it has such a type, else real ones.
    pub(crate) fn number(&self, index: usize) -> Number<'_> {
        match self.columns[index].as_primitive_opt::<Int64Type>() {
            Some(whole) => Number::Whole(whole),
            None => Number::Real(self.columns[index].as_primitive::<Float64Type>()),
        }
    }

    /// A column of real numbers.
    pub(crate) fn real(&self, index: usize) -> &Float64Array {
        self.columns[index].as_primitive::<Float64Type>()
    }

    /// A column of texts.
    pub(crate) fn text(&self, index: usize) -> &StringViewArray {
        self.columns[index].as_string_view()
    }

    /// A column as it came, to be given back.
    pub(crate) fn column(&self, index: usize) -> ArrayRef {
        Arc::clone(&self.columns[index])
    }

    /// A column of any type.
    pub(crate) fn anything(&self, index: usize) -> &dyn Array {
        self.columns[index].as_ref()
    }

    /// The columns cast to what the kernel reads. After planning they are of these types already.
    fn new(declaration: &'static Declaration, args: ScalarFunctionArgs) -> Result<Self> {
        let given: Vec<DataType> = args.args.iter().map(ColumnarValue::data_type).collect();
        let wanted = declaration.coerce(&given)?;
        let scalars = args
            .args
            .iter()
            .all(|value| matches!(value, ColumnarValue::Scalar(_)));
        let rows = if scalars { 1 } else { args.number_rows };
        let columns = args.args.iter().zip(&wanted).map(|(value, wanted)| {
            let column = value.to_array(rows)?;
            Ok(if column.data_type() == wanted {
                column
            } else {
                cast(&column, wanted)?
            })
        });
        Ok(Self {
            declaration,
            columns: columns.collect::<Result<_>>()?,
            rows,
            config: args.config_options,
        })
    }

    fn run(&self) -> Result<ArrayRef> {
        (self.declaration.kernel)(self)
    }
}

/// The text in this row, if there is one.
#[inline]
pub(crate) fn text_at(column: &StringViewArray, row: usize) -> Option<&str> {
    column.is_valid(row).then(|| column.value(row))
}

/// The number in this row, if there is one.
#[inline]
pub(crate) fn whole_at(column: &Int64Array, row: usize) -> Option<i64> {
    column.is_valid(row).then(|| column.value(row))
}

/// A column of [`Takes::Number`].
pub(crate) enum Number<'a> {
    Whole(&'a Int64Array),
    Real(&'a Float64Array),
}

/// A [`Declaration`] as DataFusion calls it.
#[derive(Debug)]
pub(crate) struct ScalarFunction {
    declaration: &'static Declaration,
    signature: Signature,
    documentation: Documentation,
}

impl ScalarFunction {
    pub(crate) fn new(declaration: &'static Declaration, section: Section) -> Self {
        let volatility = if declaration.reads_settings || !declaration.needs.is_nothing() {
            Volatility::Stable
        } else {
            Volatility::Immutable
        };
        let mut signature = Signature::user_defined(volatility);
        // Allows f(sport => 443, …); the constructor could only fail for other signatures.
        let names = declaration
            .parameters
            .iter()
            .map(|parameter| parameter.name.to_owned());
        signature.parameter_names = Some(names.collect());
        Self {
            declaration,
            signature,
            documentation: declaration.documentation(section),
        }
    }
}

impl ScalarFunction {
    /// The function with its parameters and their types, and the type that it gives.
    pub(crate) fn usage(&self) -> String {
        let returns = sql_type(&self.declaration.returns);
        format!("{} -> {returns}", self.declaration.usage())
    }

    /// What its result depends on beside its arguments.
    pub(crate) fn reads(&self) -> Vec<&'static str> {
        let needs = self.declaration.needs;
        let all = [
            (needs.geo, "the geo databases"),
            (
                needs.reputation,
                "the indicator lists and reputation services",
            ),
            (needs.networks, "the network lists"),
            (self.declaration.reads_settings, "the settings of SpotQL"),
        ];
        let read = all.into_iter().filter(|(reads, _)| *reads);
        read.map(|(_, what)| what).collect()
    }
}

// Declarations are told apart by their names.
impl PartialEq for ScalarFunction {
    fn eq(&self, other: &Self) -> bool {
        self.declaration.name == other.declaration.name
    }
}

impl Eq for ScalarFunction {}

impl Hash for ScalarFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.declaration.name.hash(state);
    }
}

impl ScalarUDFImpl for ScalarFunction {
    fn name(&self) -> &str {
        self.declaration.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        Ok(self.declaration.coerce(given)?)
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        self.declaration.coerce(given)?;
        Ok(self.declaration.returns.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let scalars = args
            .args
            .iter()
            .all(|value| matches!(value, ColumnarValue::Scalar(_)));
        let result = Call::new(self.declaration, args)?.run()?;
        Ok(if scalars {
            ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?)
        } else {
            ColumnarValue::Array(result)
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}
