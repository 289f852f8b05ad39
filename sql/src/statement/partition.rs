//! `ALTER TABLE … ADD|DROP PARTITION`, `MSCK REPAIR TABLE`, `REFRESH`, `INVALIDATE METADATA`.

use super::values::{PartitionValue, partition_values};
use crate::error::{Error, Result};
use crate::parse::{PartitionSpec, TableName};
use crate::session::{Done, Session};

pub(super) async fn add(
    session: &Session,
    name: &TableName,
    if_not_exists: bool,
    partitions: Vec<(PartitionSpec, Option<String>)>,
) -> Result<Done> {
    let table = session.table(name).await?;
    let mut added = 0;
    for (spec, location) in partitions {
        let values = fixed(session, spec).await?;
        let new = session
            .warehouse()
            .add_partition(&table, values, location, if_not_exists)
            .await?;
        added += usize::from(new);
    }
    Ok(Done::new(format!(
        "{added} partition(s) added to {}",
        name.name
    )))
}

pub(super) async fn drop(
    session: &Session,
    name: &TableName,
    if_exists: bool,
    partitions: Vec<PartitionSpec>,
) -> Result<Done> {
    let table = session.table(name).await?;
    let mut dropped = Vec::new();
    for spec in partitions {
        let values = fixed(session, spec).await?;
        dropped.extend(
            session
                .warehouse()
                .drop_partitions(&table, values, if_exists)
                .await?,
        );
    }
    Ok(Done::new(format!(
        "{} partition(s) dropped from {}",
        dropped.len(),
        name.name
    )))
}

/// How much of what MSCK passes over its message names.
const SKIPPED_NAMED: usize = 20;

pub(super) async fn repair(session: &Session, name: &TableName) -> Result<Done> {
    let table = session.table(name).await?;
    let report = session.warehouse().repair(&table).await?;
    let mut message = format!("{} partition(s) added to {}", report.added.len(), name.name);
    for (path, reason) in report.skipped.iter().take(SKIPPED_NAMED) {
        message.push_str(&format!("; skipped '{path}': {reason}"));
    }
    let more = report.skipped.len().saturating_sub(SKIPPED_NAMED);
    if more > 0 {
        message.push_str(&format!("; skipped {more} more"));
    }
    Ok(Done::new(message))
}

pub(super) async fn refresh(
    session: &Session,
    name: &TableName,
    partition: Option<PartitionSpec>,
) -> Result<Done> {
    let table = session.table(name).await?;
    let partition = match partition {
        Some(spec) => Some(fixed(session, spec).await?),
        None => None,
    };
    let report = session.warehouse().refresh(&table, partition).await?;
    Ok(Done::new(format!(
        "{} refreshed: {} partition(s) added; {} file(s) added, {} changed, {} removed",
        name.name,
        report.partitions_added,
        report.files_added,
        report.files_changed,
        report.files_removed
    )))
}

pub(super) async fn invalidate(session: &Session, name: Option<&TableName>) -> Result<Done> {
    let table = match name {
        Some(name) => Some(session.table(name).await?),
        None => None,
    };
    session.warehouse().invalidate(table.as_deref()).await?;
    Ok(Done::new("metadata read anew"))
}

/// A PARTITION clause in which every column has a value.
async fn fixed(session: &Session, spec: PartitionSpec) -> Result<Vec<(String, PartitionValue)>> {
    partition_values(session, spec)
        .await?
        .into_iter()
        .map(|(column, value)| match value {
            Some(value) => Ok((column, value)),
            None => Err(Error::PartitionValue {
                value: String::new(),
                reason: format!("write {column} = …"),
                column,
            }),
        })
        .collect()
}
