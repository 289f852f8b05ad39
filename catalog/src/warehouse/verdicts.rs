//! What reputation services have answered, kept until it expires, for all processes of the warehouse.
//!
//! A verdict belongs to one version of its service: one that is replaced or refreshed starts anew.

use super::Warehouse;
use crate::error::Result;
use crate::metastore::verdicts::{self, VerdictRow};

/// What a service has said of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptVerdict {
    /// The value asked about.
    pub value: String,
    /// The caller's scale.
    pub severity: u8,
    /// What it is about.
    pub text: String,
}

impl Warehouse {
    /// Those of the values that a service has judged in this version, and whose verdicts hold at `now` (seconds since 1970, as
    /// all times here).
    ///
    /// # Errors
    /// When the metastore cannot be used; likewise below.
    pub async fn verdicts(
        &self,
        service: &str,
        version: i64,
        values: Vec<String>,
        now: i64,
    ) -> Result<Vec<KeptVerdict>> {
        let service = service.to_owned();
        let rows = self
            .backend
            .metastore
            .read(move |tx| verdicts::find(tx, &service, version, &values, now))
            .await?;
        let kept = rows.into_iter().map(|(value, severity, text)| KeptVerdict {
            value,
            severity,
            text,
        });
        Ok(kept.collect())
    }

    /// Keeps verdicts until `expires`.
    ///
    /// # Errors
    /// As [`Warehouse::verdicts`].
    pub async fn keep_verdicts(
        &self,
        service: &str,
        version: i64,
        kept: Vec<KeptVerdict>,
        now: i64,
        expires: i64,
    ) -> Result<()> {
        let service = service.to_owned();
        let rows = kept.into_iter();
        let rows: Vec<VerdictRow> = rows.map(|it| (it.value, it.severity, it.text)).collect();
        self.backend
            .metastore
            .write(move |tx| verdicts::put(tx, &service, version, &rows, now, expires))
            .await
    }

    /// Notes that a service did not answer.
    ///
    /// # Errors
    /// As [`Warehouse::verdicts`].
    pub async fn note_failure(
        &self,
        service: &str,
        version: i64,
        now: i64,
        reason: String,
    ) -> Result<()> {
        let service = service.to_owned();
        self.backend
            .metastore
            .write(move |tx| verdicts::fail(tx, &service, version, now, &reason))
            .await
    }

    /// How many verdicts of a service hold, and when and why it last did not answer.
    ///
    /// # Errors
    /// As [`Warehouse::verdicts`].
    pub async fn service_state(
        &self,
        service: &str,
        version: i64,
        now: i64,
    ) -> Result<(i64, Option<(i64, String)>)> {
        let service = service.to_owned();
        self.backend
            .metastore
            .read(move |tx| verdicts::state(tx, &service, version, now))
            .await
    }
}
