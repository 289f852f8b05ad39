//! `spotql sql`: statements from the command line.

use clap::Args;
use spotql_sql::Outcome;
use spotql_sql::script::Script;

use super::progress::Progress;
use super::run::Runner;
use super::{Common, DEFAULT_WAREHOUSE, Error};
use crate::output::{Format, write_rows};

/// Runs one statement, or several separated by semicolons.
#[derive(Debug, Args)]
pub(crate) struct Sql {
    /// The SQL text
    statement: String,
    /// How rows are written
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    #[command(flatten)]
    common: Common,
}

impl Sql {
    /// Runs the text.
    ///
    /// # Errors
    /// The first failure.
    pub(crate) async fn execute(self) -> Result<(), Error> {
        let engine = self
            .common
            .open(self.common.warehouse(DEFAULT_WAREHOUSE))
            .await?;
        let session = engine.session();
        let script = Script {
            name: "sql".to_owned(),
            text: self.statement,
        };
        let pieces = script.statements()?;
        if pieces.len() > 1 {
            let runner = Runner {
                session: &session,
                variables: Default::default(),
                progress: Progress::new(false),
                format: self.format,
            };
            return runner.run(&script).await;
        }
        let progress = Progress::new(false);
        match progress
            .during("working", session.execute(&script.text))
            .await?
        {
            Outcome::Done(done) => progress.line(&done.message),
            Outcome::Rows(rows) => {
                let mut output = std::io::BufWriter::new(std::io::stdout());
                write_rows(rows, self.format, &mut output).await?;
            }
        }
        Ok(())
    }
}
