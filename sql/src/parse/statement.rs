//! The statements of the language, as parsing gives them.

use datafusion::sql::sqlparser::ast;

use crate::sent::{Ingest, SentRows};
use crate::timing::Timing;

/// A table as named in a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableName {
    /// The database, if one is named.
    pub(crate) database: Option<String>,
    /// The table, in lower case.
    pub(crate) name: String,
}

/// One `PARTITION (…)` entry: the column and its value, none for a dynamic one.
pub(crate) type PartitionSpec = Vec<(String, Option<ast::Expr>)>;

/// A statement of the language.
#[derive(Debug, Clone)]
pub(crate) enum Statement {
    /// `SELECT`, `WITH`, `VALUES`, `EXPLAIN`, and what else DataFusion plans by itself.
    Query(Box<ast::Statement>),
    Insert(Box<ast::Insert>),
    /// `INSERT … VALUES (?, …)` with rows of values.
    BoundInsert(Box<BoundInsert>),
    /// Rows that a client sends for a table, which is no SQL.
    Ingest(Box<Ingest>),
    /// `EXPLAIN INSERT …`
    ExplainInsert(Box<ast::Statement>),
    LoadFiles(Box<LoadFiles>),
    CreateTable(Box<ast::CreateTable>),
    DropTable {
        table: TableName,
        if_exists: bool,
    },
    CreateDatabase {
        name: String,
        if_not_exists: bool,
        comment: Option<String>,
        location: Option<String>,
    },
    DropDatabase {
        name: String,
        if_exists: bool,
        cascade: bool,
    },
    Use {
        database: String,
    },
    ShowDatabases {
        like: Option<String>,
    },
    ShowTables {
        database: Option<String>,
        like: Option<String>,
    },
    ShowPartitions {
        table: TableName,
    },
    ShowCreateTable {
        table: TableName,
    },
    Describe {
        table: TableName,
        formatted: bool,
    },
    Repair {
        table: TableName,
    },
    Refresh {
        table: TableName,
        partition: Option<PartitionSpec>,
    },
    Invalidate {
        table: Option<TableName>,
    },
    AddPartitions {
        table: TableName,
        if_not_exists: bool,
        partitions: Vec<(PartitionSpec, Option<String>)>,
    },
    DropPartitions {
        table: TableName,
        if_exists: bool,
        partitions: Vec<PartitionSpec>,
    },
    CreateSource(CreateSource),
    RefreshSource {
        kind: SourceKind,
        name: String,
    },
    DropSource {
        kind: SourceKind,
        name: String,
        if_exists: bool,
    },
    ShowSources {
        kind: SourceKind,
    },
    /// SHOW INDICATOR LIST name REJECTED
    ShowRejected {
        kind: SourceKind,
        name: String,
    },
    CreateSchedule(CreateSchedule),
    DropSchedule {
        name: String,
        if_exists: bool,
    },
    ShowSchedules,
    /// SHOW WRITES
    ShowWrites,
    Publish(Publish),
    /// `SET name = value`.
    Set {
        name: String,
        value: String,
    },
    /// `SET` and `SET name`.
    ShowSettings {
        name: Option<String>,
    },
}

/// What a statement does; every entry path asks this one function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Returns rows and changes nothing.
    Query,
    /// Adds or replaces rows, or sends them elsewhere.
    Write,
    /// Changes databases, tables, partitions, sources of context or schedules.
    Ddl,
    /// Changes the session only.
    Session,
}

impl Statement {
    /// Whether it is a SHOW or DESCRIBE: its rows are no query's.
    pub(crate) fn is_listing(&self) -> bool {
        self.kind() == Kind::Query && !matches!(self, Self::Query(_) | Self::ExplainInsert(_))
    }

    /// What the statement does.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Query(_)
            | Self::ExplainInsert(_)
            | Self::ShowDatabases { .. }
            | Self::ShowTables { .. }
            | Self::ShowPartitions { .. }
            | Self::ShowCreateTable { .. }
            | Self::ShowSources { .. }
            | Self::ShowRejected { .. }
            | Self::ShowSchedules
            | Self::ShowWrites
            | Self::Describe { .. }
            | Self::ShowSettings { .. } => Kind::Query,
            Self::Insert(_)
            | Self::BoundInsert(_)
            | Self::Ingest(_)
            | Self::LoadFiles(_)
            | Self::Publish(_) => Kind::Write,
            Self::CreateTable(create) if create.query.is_some() => Kind::Write,
            Self::Use { .. } | Self::Set { .. } => Kind::Session,
            Self::CreateTable(_)
            | Self::DropTable { .. }
            | Self::CreateDatabase { .. }
            | Self::DropDatabase { .. }
            | Self::Repair { .. }
            | Self::Refresh { .. }
            | Self::Invalidate { .. }
            | Self::AddPartitions { .. }
            | Self::DropPartitions { .. }
            | Self::CreateSource(_)
            | Self::RefreshSource { .. }
            | Self::DropSource { .. }
            | Self::CreateSchedule(_)
            | Self::DropSchedule { .. } => Kind::Ddl,
        }
    }
}

/// `INSERT … VALUES (?, …)` with rows of values.
#[derive(Debug, Clone)]
pub(crate) struct BoundInsert {
    /// Its query reads the rows as a relation.
    pub(crate) insert: ast::Insert,
    pub(crate) rows: SentRows,
}

/// `LOAD FILES …`.
#[derive(Debug, Clone)]
pub(crate) struct LoadFiles {
    /// A file, a folder or a pattern.
    pub(crate) path: String,
    pub(crate) table: TableName,
    pub(crate) partition: PartitionSpec,
    /// Columns that every file must have, of each inner list one; in lower case.
    pub(crate) require: Vec<Vec<String>>,
    /// Whether files that were loaded before are loaded once more.
    pub(crate) again: bool,
    /// What makes the table's rows of those of the relation `files`; all columns if there is none.
    pub(crate) query: Option<Box<ast::Query>>,
}

/// A kind of source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum SourceKind {
    Geo,
    Indicators,
    Networks,
    Services,
}

impl SourceKind {
    pub(crate) const ALL: [Self; 4] = [Self::Geo, Self::Indicators, Self::Networks, Self::Services];

    /// As it is kept in the metastore, and in upper case written in SQL.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Geo => "geo database",
            Self::Indicators => "indicator list",
            Self::Networks => "network list",
            Self::Services => "reputation service",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// `CREATE kind …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CreateSource {
    pub(crate) kind: SourceKind,
    pub(crate) name: String,
    pub(crate) or_replace: bool,
    pub(crate) if_not_exists: bool,
    pub(crate) origin: Origin,
    /// Names in lower case.
    pub(crate) options: Vec<(String, String)>,
}

/// Where a source comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A file, or a service's URL.
    Location(String),
    /// The rows of a query.
    Query(String),
}

/// `CREATE SCHEDULE …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CreateSchedule {
    pub(crate) name: String,
    pub(crate) or_replace: bool,
    pub(crate) if_not_exists: bool,
    pub(crate) timing: Timing,
    pub(crate) script: String,
    /// As they are written: the script's variables.
    pub(crate) variables: Vec<(String, String)>,
}

/// `PUBLISH …`.
#[derive(Debug, Clone)]
pub(crate) struct Publish {
    pub(crate) url: String,
    /// Names in lower case.
    pub(crate) options: Vec<(String, String)>,
    pub(crate) query: Box<ast::Statement>,
}
