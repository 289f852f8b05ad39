//! What all word functions share: a declaration made into a DataFusion scalar function.
//!
//! Arguments are cast while planning to the one type that the kernel reads, so that EXPLAIN shows
//! it and the work is shared between functions of the same columns. Types that would silently mean
//! something else (a timestamp as text, a text as number) are refused.

use std::hash::{Hash, Hasher};

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, DocSection, Documentation, ScalarFunctionArgs, ScalarUDFImpl, Signature,
    Volatility,
};

use crate::word::error::Error;
use crate::word::settings::SpotqlOptions;

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
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
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) takes: Takes,
    /// What it is, with its unit, and what NULL means where that is not obvious.
    pub(super) about: &'static str,
}

/// A parameter in one line of a declaration.
pub(super) const fn parameter(name: &'static str, takes: Takes, about: &'static str) -> Parameter {
    Parameter { name, takes, about }
}

/// A scalar function over columns.
#[derive(Debug)]
pub(super) struct Declaration {
    pub(super) name: &'static str,
    pub(super) parameters: &'static [Parameter],
    pub(super) returns: DataType,
    /// Does the result depend on [`SpotqlOptions`]?
    pub(super) reads_settings: bool,
    pub(super) about: &'static str,
    /// A SQL expression and what it gives.
    pub(super) example: (&'static str, &'static str),
    /// Computes the result, of the declared type and as long as the arguments.
    pub(super) kernel: fn(&Call) -> Result<ArrayRef>,
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

    fn documentation(&self) -> Documentation {
        let names: Vec<&str> = self
            .parameters
            .iter()
            .map(|parameter| parameter.name)
            .collect();
        let section = DocSection {
            include: true,
            label: "Words",
            description: Some("Functions that turn log records into words"),
        };
        let (call, result) = self.example;
        let syntax = format!("{}({})", self.name, names.join(", "));
        let documentation = Documentation::builder(section, self.about, syntax)
            .with_sql_example(format!("```sql\n> SELECT {call};\n{result}\n```"));
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
pub(super) struct Call {
    declaration: &'static Declaration,
    columns: Vec<ArrayRef>,
    rows: usize,
    options: SpotqlOptions,
}

impl Call {
    /// How many rows each column has, and the result must have.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// The settings of the session.
    pub(super) fn options(&self) -> &SpotqlOptions {
        &self.options
    }

    /// A column of whole numbers.
    pub(super) fn whole(&self, index: usize) -> &Int64Array {
        self.columns[index].as_primitive::<Int64Type>()
    }

    /// A column of numbers: whole ones if it has such a type, else real ones.
    pub(super) fn number(&self, index: usize) -> Number<'_> {
        match self.columns[index].as_primitive_opt::<Int64Type>() {
            Some(whole) => Number::Whole(whole),
            None => Number::Real(self.columns[index].as_primitive::<Float64Type>()),
        }
    }

    /// A column of real numbers.
    pub(super) fn real(&self, index: usize) -> &Float64Array {
        self.columns[index].as_primitive::<Float64Type>()
    }

    /// A column of texts.
    pub(super) fn text(&self, index: usize) -> &StringViewArray {
        self.columns[index].as_string_view()
    }

    /// A column of any type.
    pub(super) fn anything(&self, index: usize) -> &dyn Array {
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
            options: SpotqlOptions::of(&args.config_options),
        })
    }

    fn run(&self) -> Result<ArrayRef> {
        (self.declaration.kernel)(self)
    }
}

/// The text in this row, if there is one.
#[inline]
pub(super) fn text_at(column: &StringViewArray, row: usize) -> Option<&str> {
    column.is_valid(row).then(|| column.value(row))
}

/// The number in this row, if there is one.
#[inline]
pub(super) fn whole_at(column: &Int64Array, row: usize) -> Option<i64> {
    column.is_valid(row).then(|| column.value(row))
}

/// A column of [`Takes::Number`].
pub(super) enum Number<'a> {
    Whole(&'a Int64Array),
    Real(&'a Float64Array),
}

/// A [`Declaration`] as DataFusion calls it.
#[derive(Debug)]
pub(super) struct WordFunction {
    declaration: &'static Declaration,
    signature: Signature,
    documentation: Documentation,
}

impl WordFunction {
    pub(super) fn new(declaration: &'static Declaration) -> Self {
        let volatility = if declaration.reads_settings {
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
            documentation: declaration.documentation(),
        }
    }
}

// Declarations are told apart by their names.
impl PartialEq for WordFunction {
    fn eq(&self, other: &Self) -> bool {
        self.declaration.name == other.declaration.name
    }
}

impl Eq for WordFunction {}

impl Hash for WordFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.declaration.name.hash(state);
    }
}

impl ScalarUDFImpl for WordFunction {
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
