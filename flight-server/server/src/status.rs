//! From an error to the gRPC code that a client acts on, and the sentence that its user reads.
//!
//! This is the one place that knows codes. `INTERNAL` is for faults of our own; what the user can
//! mend in the statement, the data or the settings has a code that says so. The message is the
//! error's own sentence: no Debug text, no backtrace.

use std::io;

use arrow_flight::error::FlightError;
use datafusion::arrow::error::ArrowError;
use datafusion::common::DataFusionError;
use spotql_catalog::Error as CatalogError;
use spotql_sql::{Error as SqlError, Stop, SuspicionError, names_what_is_absent};
use tonic::{Code, Status};

/// The status of a statement's error.
pub(super) fn of(error: SqlError) -> Status {
    let code = match &error {
        // ADBC's cursors conclude from this one that nothing can be prepared, and go on without. What is wrong
        // with parameters is never it.
        SqlError::Unsupported { .. } => Code::Unimplemented,
        SqlError::TableNotFound { .. } => Code::NotFound,
        SqlError::Stopped(stop) => match stop {
            Stop::TimedOut(_) => Code::DeadlineExceeded,
            Stop::Memory { .. } => Code::ResourceExhausted,
            Stop::ServerStops => Code::Unavailable,
            _ => Code::Cancelled,
        },
        SqlError::Busy { .. } | SqlError::MemoryExhausted { .. } => Code::ResourceExhausted,
        SqlError::Fault { .. } => Code::Internal,
        SqlError::Script { .. } => Code::Internal,
        SqlError::Catalog(error) => of_catalog(error),
        SqlError::Query(error) => of_query(error),
        // The rest speak of the statement's text.
        _ => Code::InvalidArgument,
    };
    status(code, &error.to_string())
}

/// The status of an error that came with a query's rows.
pub(super) fn of_rows(error: DataFusionError) -> Status {
    of(SqlError::from(error))
}

/// The status of an error in encoding or decoding Flight messages.
pub(super) fn of_flight(error: FlightError) -> Status {
    match error {
        FlightError::Tonic(status) => *status,
        FlightError::Arrow(error) => of_arrow_error(error),
        FlightError::ProtocolError(text) | FlightError::DecodeError(text) => status(
            Code::InvalidArgument,
            &format!("the message cannot be read: {text}"),
        ),
        other => status(Code::Internal, &other.to_string()),
    }
}

/// The status of an error of Arrow's.
pub(super) fn of_arrow_error(error: ArrowError) -> Status {
    of_rows(DataFusionError::from(error))
}

fn of_catalog(error: &CatalogError) -> Code {
    match error {
        CatalogError::DatabaseNotFound { .. }
        | CatalogError::TableNotFound { .. }
        | CatalogError::PartitionNotFound { .. }
        | CatalogError::SourceNotFound { .. } => Code::NotFound,
        CatalogError::DatabaseExists { .. }
        | CatalogError::TableExists { .. }
        | CatalogError::PartitionExists { .. }
        | CatalogError::SourceExists { .. } => Code::AlreadyExists,
        CatalogError::Conflict { .. } | CatalogError::SourceChanged { .. } => Code::Aborted,
        CatalogError::InvalidName { .. }
        | CatalogError::InvalidType { .. }
        | CatalogError::InvalidDefinition { .. }
        | CatalogError::InvalidPartitionSpec { .. }
        | CatalogError::InvalidPartitionValue { .. }
        | CatalogError::InvalidLocation { .. }
        | CatalogError::SchemaMismatch { .. } => Code::InvalidArgument,
        CatalogError::DatabaseNotEmpty { .. }
        | CatalogError::UnreadableFile { .. }
        | CatalogError::NotText { .. }
        | CatalogError::NewerFormat { .. } => Code::FailedPrecondition,
        CatalogError::ReadOnly { .. } => Code::FailedPrecondition,
        CatalogError::PathNotAllowed { .. } => Code::PermissionDenied,
        CatalogError::DiskFull { .. } => Code::ResourceExhausted,
        CatalogError::Io { source, .. } => of_io(source),
        CatalogError::Query(error) => of_query(error),
        _ => Code::Internal,
    }
}

fn of_query(error: &DataFusionError) -> Code {
    match error {
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => {
            of_query(inner)
        }
        DataFusionError::Shared(inner) => of_query(inner),
        DataFusionError::Collection(errors) => errors.first().map_or(Code::Internal, of_query),
        DataFusionError::Plan(_) if names_what_is_absent(error) => Code::NotFound,
        DataFusionError::Plan(_)
        | DataFusionError::SQL(..)
        | DataFusionError::SchemaError(..)
        | DataFusionError::Configuration(_)
        | DataFusionError::Execution(_) => Code::InvalidArgument,
        DataFusionError::NotImplemented(_) => Code::Unimplemented,
        DataFusionError::ResourcesExhausted(_) => Code::ResourceExhausted,
        DataFusionError::IoError(error) => of_io(error),
        DataFusionError::ArrowError(error, _) => of_arrow(error),
        DataFusionError::ExecutionJoin(error) if error.is_cancelled() => Code::Cancelled,
        DataFusionError::External(error) => of_external(error.as_ref()),
        _ => Code::Internal,
    }
}

fn of_arrow(error: &ArrowError) -> Code {
    match error {
        ArrowError::CastError(_)
        | ArrowError::ParseError(_)
        | ArrowError::ComputeError(_)
        | ArrowError::DivideByZero
        | ArrowError::ArithmeticOverflow(_)
        | ArrowError::OffsetOverflowError(_) => Code::InvalidArgument,
        ArrowError::NotYetImplemented(_) => Code::Unimplemented,
        ArrowError::MemoryError(_) => Code::ResourceExhausted,
        ArrowError::IoError(_, error) => of_io(error),
        ArrowError::ExternalError(error) => of_external(error.as_ref()),
        _ => Code::Internal,
    }
}

fn of_external(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Code {
    if let Some(error) = error.downcast_ref::<CatalogError>() {
        of_catalog(error)
    } else if let Some(error) = error.downcast_ref::<DataFusionError>() {
        of_query(error)
    } else if let Some(error) = error.downcast_ref::<ArrowError>() {
        of_arrow(error)
    } else if let Some(error) = error.downcast_ref::<io::Error>() {
        of_io(error)
    } else if error.is::<SuspicionError>() {
        Code::InvalidArgument
    } else {
        Code::Internal
    }
}

fn of_io(error: &io::Error) -> Code {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::OutOfMemory => {
            Code::ResourceExhausted
        }
        io::ErrorKind::NotFound
        | io::ErrorKind::PermissionDenied
        | io::ErrorKind::ReadOnlyFilesystem => Code::FailedPrecondition,
        _ => Code::Internal,
    }
}

/// The status of a panic outside of any statement; its message is in the log.
pub(super) fn fault() -> Status {
    let id = uuid::Uuid::now_v7();
    log::error!("call {id} has panicked");
    status(
        Code::Internal,
        &format!(
            "the call has failed by a fault of SpotQL's own (call {id}); the server goes on. Please report it"
        ),
    )
}

/// A gRPC message travels as a header, percent-encoded, and the JDBC driver takes 8 KiB of
/// headers: what is longer would reach the user as a broken connection.
const LONGEST_MESSAGE: usize = 2_000;

fn status(code: Code, message: &str) -> Status {
    match message.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => Status::new(code, format!("{} …", &message[..end])),
        None => Status::new(code, message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_keeps_its_code_through_wrappers() {
        let conflict = CatalogError::Conflict {
            table: "default.t".into(),
            partition: None,
            reason: "somebody was faster".into(),
        };
        let wrapped = DataFusionError::Context(
            "writing".into(),
            Box::new(DataFusionError::External(Box::new(conflict))),
        );
        let status = of_rows(wrapped);
        assert_eq!(status.code(), Code::Aborted);
        assert!(
            status.message().contains("somebody was faster"),
            "{}",
            status.message()
        );
    }

    #[test]
    fn running_out_of_memory_is_no_internal_error() {
        let error = DataFusionError::ResourcesExhausted("too large".into());
        assert_eq!(of_rows(error).code(), Code::ResourceExhausted);
    }

    #[test]
    fn a_value_that_cannot_be_cast_is_the_statements_fault() {
        let error = DataFusionError::from(ArrowError::CastError("no number: 'x'".into()));
        assert_eq!(of_rows(error).code(), Code::InvalidArgument);
    }

    #[test]
    fn what_is_wrong_with_parameters_is_the_callers_and_never_unimplemented() {
        let bound = SqlError::Bound {
            expected: 2,
            found: 1,
        };
        for error in [SqlError::Parameters, bound] {
            assert_eq!(of(error).code(), Code::InvalidArgument);
        }
    }

    #[test]
    fn a_very_long_message_is_cut_at_a_character() {
        let status = of_rows(DataFusionError::Execution("ä".repeat(10_000)));
        assert_eq!(status.message().chars().count(), LONGEST_MESSAGE + 2);
    }
}
