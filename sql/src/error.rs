//! What can go wrong with a statement, each as a sentence with the way out.

use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::parser::ParserError;
use spotql_functions::control::Stop;

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of the language or of a statement's execution.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is no statement that SpotQL knows.
    #[error("syntax error: {0}")]
    Syntax(String),
    /// A statement of a kind that is known and not supported.
    #[error("{what} is not supported; {instead}")]
    Unsupported {
        /// What was asked for.
        what: String,
        /// What to do in its place.
        instead: String,
    },
    /// A column of a type that a table cannot have.
    #[error("column '{column}': {reason}")]
    ColumnType {
        /// The column.
        column: String,
        /// What is wrong with its type.
        reason: String,
    },
    /// A statement that is too large to be planned.
    #[error("the statement has more than {limit} {what} ({setting}); {instead}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much may be.
        limit: usize,
        /// The setting that says so.
        setting: &'static str,
        /// What to do in its place.
        instead: String,
    },
    /// A text in double quotes that could be meant as a column.
    #[error(
        "\"{text}\" is a text in Hive's SQL, and the statement has a column of that name; write `{text}` for the column, \
         '{text}' for the text, or let double quotes hold names with SET spotql.quotes = 'ansi'"
    )]
    AmbiguousQuotes {
        /// The text.
        text: String,
    },
    /// No statement at all.
    #[error("the statement is empty; write one, such as SHOW TABLES")]
    Empty,
    /// More than one statement where one is expected.
    #[error(
        "one statement is expected here and {found} were given; send them one by one, or put \
         them in a file for 'spotql run'"
    )]
    SeveralStatements {
        /// How many.
        found: usize,
    },
    /// A table that does not exist.
    #[error(
        "table {database}.{table} does not exist; SHOW TABLES IN {database} lists those that do"
    )]
    TableNotFound {
        /// Its database.
        database: String,
        /// Its name.
        table: String,
    },
    /// The SELECT of an INSERT has the wrong number of columns.
    #[error(
        "INSERT into {table}: the query returns {found} columns and {expected} are expected \
         ({columns})"
    )]
    InsertColumns {
        /// The target.
        table: String,
        /// Columns of the query.
        found: usize,
        /// Columns expected.
        expected: usize,
        /// Their names.
        columns: String,
    },
    /// A LOAD FILES that cannot be carried out.
    #[error("LOAD FILES into {table}: {reason}")]
    Load {
        /// The target.
        table: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A column that the table does not have.
    #[error("table {table} has no {what} '{column}'; it has: {present}")]
    ColumnNotFound {
        /// The table.
        table: String,
        /// `column` or `partition column`.
        what: &'static str,
        /// The name given.
        column: String,
        /// What there is.
        present: String,
    },
    /// A partition value that is no constant.
    #[error("PARTITION ({column} = {value}): a constant is expected here; {reason}")]
    PartitionValue {
        /// The partition column.
        column: String,
        /// The value as written.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A setting that cannot take its value.
    #[error("SET {name} = {value}: {reason}")]
    Setting {
        /// The setting.
        name: String,
        /// The value.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A source of context that cannot be used.
    #[error("{kind} '{name}': {reason}")]
    Source {
        /// What it is, as in SQL.
        kind: String,
        /// Its name.
        name: String,
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// Messages that a broker has not taken.
    #[error(
        "PUBLISH TO '{url}': {reason}; the broker has taken {taken} messages of this statement"
    )]
    Publish {
        /// The broker and its topic.
        url: String,
        /// How many messages it has acknowledged.
        taken: u64,
        /// What went wrong.
        reason: String,
    },
    /// A script's variable without a value.
    #[error(
        "line {line}: the variable '{name}' has no value; give one with --var {name}=…, with SET \
         {name}=… before this line, or a default in its place: ${{{name}:-…}}"
    )]
    UndefinedVariable {
        /// Its name.
        name: String,
        /// Where it is used, from 1.
        line: usize,
    },
    /// A script whose quotes, comments or braces do not close.
    #[error("line {line}: {what} is opened here and never closed")]
    Unclosed {
        /// What.
        what: &'static str,
        /// Where, from 1.
        line: usize,
    },
    /// A script that cannot be read.
    #[error("script {path}: {source}")]
    Script {
        /// Its path.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A script that runs itself.
    #[error("script {path} would run itself without an end; take the RUN out")]
    EndlessScript {
        /// Its path.
        path: String,
    },
    /// A statement with parameters where no values are bound to them.
    #[error(
        "this statement has parameters (?, $1 or :name) and no values are bound to them; prepare it and bind a value to each"
    )]
    Parameters,
    /// More or fewer values than parameters.
    #[error(
        "this statement has {expected} parameter(s) and {found} value(s) are bound; bind one value to each parameter"
    )]
    Bound {
        /// Parameters.
        expected: usize,
        /// Values in a row.
        found: usize,
    },
    /// More rows of values, or parameters, than a statement takes.
    #[error("the statement has more than {limit} {what}; {instead}")]
    TooManyBound {
        /// What there is too much of.
        what: &'static str,
        /// How much may be.
        limit: usize,
        /// What to do in its place.
        instead: String,
    },
    /// A value that cannot be bound.
    #[error("parameter {parameter}: {reason}")]
    ParameterValue {
        /// Its place, from 1.
        parameter: usize,
        /// What is wrong with the value.
        reason: String,
    },
    /// Parameters where none may be.
    #[error(
        "a statement that begins with {statement} takes no parameters; write the values into the statement"
    )]
    NoParameters {
        /// Its first word.
        statement: String,
    },
    /// A statement that was stopped before its end.
    #[error(transparent)]
    Stopped(Stop),
    /// More statements than the server runs, and keeps waiting.
    #[error(
        "{waiting} statements wait already and {running} run, which is as many as the server takes; try again later"
    )]
    Busy {
        /// How many run at once, at most.
        running: usize,
        /// How many wait.
        waiting: usize,
    },
    /// The process holds more memory than it may: nothing new begins.
    #[error(
        "the server's memory is exhausted ({resident_mib} MiB are in use); try again when others' statements have ended, \
         or give the server more with --memory"
    )]
    MemoryExhausted {
        /// Resident memory of the process, in MiB.
        resident_mib: usize,
    },
    /// A fault of the program's own.
    #[error(
        "the statement has failed by a fault of SpotQL's own (query {id}): {reason}; the server goes on. Please report it \
         with the statement"
    )]
    Fault {
        /// The statement's number.
        id: uuid::Uuid,
        /// What the program said.
        reason: String,
    },
    /// From the metastore or the warehouse.
    #[error(transparent)]
    Catalog(spotql_catalog::Error),
    /// From the query engine.
    #[error("{}", crate::wording::readable(.0))]
    Query(DataFusionError),
}

impl Error {
    /// Whether there was nothing to do: a detection found no records at all.
    #[must_use]
    pub fn is_no_data(&self) -> bool {
        let Self::Query(error) = self else {
            return false;
        };
        match error.find_root() {
            DataFusionError::External(root) => matches!(
                root.downcast_ref(),
                Some(spotql_functions::Error::NothingToTrainOn { records: 0, .. })
            ),
            _ => false,
        }
    }
}

impl Error {
    /// The end of a task that nobody has stopped: a panic of statement `id`.
    pub(crate) fn of_join(error: tokio::task::JoinError, id: uuid::Uuid) -> Self {
        match error.is_panic() {
            true => Self::Fault {
                id,
                reason: error.to_string(),
            },
            false => Self::Stopped(Stop::Cancelled),
        }
    }

    /// The same error; a panic below it becomes a fault of statement `id`.
    pub(crate) fn with_fault(self, id: uuid::Uuid) -> Self {
        let Self::Query(error) = &self else {
            return self;
        };
        let join = match error.find_root() {
            DataFusionError::ExecutionJoin(join) => Some(join.as_ref()),
            DataFusionError::External(root) => root.downcast_ref::<tokio::task::JoinError>(),
            _ => None,
        };
        match join {
            Some(join) if join.is_panic() => Self::Fault {
                id,
                reason: join.to_string(),
            },
            _ => self,
        }
    }
}

/// An error of this crate's that has travelled through DataFusion is itself again.
impl From<DataFusionError> for Error {
    fn from(error: DataFusionError) -> Self {
        let error = match error {
            DataFusionError::External(error) => match error.downcast::<Self>() {
                Ok(error) => return *error,
                Err(error) => DataFusionError::External(error),
            },
            error => error,
        };
        match error.find_root() {
            DataFusionError::External(root) => match root.downcast_ref::<Stop>() {
                Some(stop) => Self::Stopped(stop.clone()),
                None => Self::Query(error),
            },
            _ => Self::Query(error),
        }
    }
}

/// An error that comes with rows; [`Error`] finds itself again in it.
impl From<Error> for DataFusionError {
    fn from(error: Error) -> Self {
        match error {
            Error::Query(error) => error,
            other => Self::External(Box::new(other)),
        }
    }
}

/// What went wrong in the query of a write is the query's error.
impl From<spotql_catalog::Error> for Error {
    fn from(error: spotql_catalog::Error) -> Self {
        match error {
            spotql_catalog::Error::Query(error) => Self::Query(error),
            other => Self::Catalog(other),
        }
    }
}

impl From<ParserError> for Error {
    fn from(error: ParserError) -> Self {
        Self::Syntax(match error {
            ParserError::TokenizerError(text) | ParserError::ParserError(text) => text,
            ParserError::RecursionLimitExceeded => {
                "the statement is nested too deeply; split it with WITH".to_owned()
            }
        })
    }
}

impl Error {
    /// A type with fields, where only the catalog knows it.
    pub(crate) fn nested_type(place: &str, data_type: &str) -> Self {
        Self::Unsupported {
            what: format!("{place} of type {data_type}"),
            instead: "take a column for each field, an ARRAY of simple values, or a STRING of JSON"
                .to_owned(),
        }
    }
}
