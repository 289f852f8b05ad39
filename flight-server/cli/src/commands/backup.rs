//! `spotql backup`: a copy of the warehouse, also while it is served.

use std::path::PathBuf;

use clap::Args;
use spotql_sql::Warehouse;

use super::progress::Progress;
use super::{Common, DEFAULT_WAREHOUSE, Error};

/// Copies the warehouse as it is now, also while other programs use it. The copy is a warehouse itself.
#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// Folder of the copy; it must not exist
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Say nothing but errors
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    common: Common,
}

impl Backup {
    /// Makes the copy.
    ///
    /// # Errors
    /// When there is no warehouse, or the copy cannot be made.
    pub(crate) async fn execute(self) -> Result<(), Error> {
        if self.quiet {
            log::set_max_level(log::LevelFilter::Error);
        }
        let folder = self.common.warehouse(DEFAULT_WAREHOUSE);
        if !Warehouse::is_at(&folder) {
            return Err(Error::Usage(format!(
                "there is no warehouse in {}; name its folder with --warehouse",
                folder.display()
            )));
        }
        let engine = self.common.open(folder).await?;
        let progress = Progress::new(self.quiet);
        let copied = engine.warehouse().backup(&self.to);
        let report = progress
            .during("copying", copied)
            .await
            .map_err(spotql_sql::Error::from)?;
        progress.line(&format!(
            "{} tables with {} files of {} bytes are copied to {}",
            report.tables,
            report.files,
            report.bytes,
            self.to.display()
        ));
        for place in report.outside {
            progress.line(&format!(
                "not copied: {} files of {} bytes in {}, of table {}",
                place.files,
                place.bytes,
                place.folder.display(),
                place.table
            ));
        }
        Ok(())
    }
}
