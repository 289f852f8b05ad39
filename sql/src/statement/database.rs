//! `CREATE DATABASE`, `DROP DATABASE`, `USE`.

use crate::error::Result;
use crate::session::{Done, Session};

pub(super) async fn create(
    session: &Session,
    name: &str,
    if_not_exists: bool,
    comment: Option<String>,
    location: Option<String>,
) -> Result<Done> {
    let created = session
        .warehouse()
        .create_database(name, if_not_exists, comment, location)
        .await?;
    Ok(Done::new(if created {
        format!("database {name} created")
    } else {
        format!("database {name} exists already")
    }))
}

pub(super) async fn drop(
    session: &Session,
    name: &str,
    if_exists: bool,
    cascade: bool,
) -> Result<Done> {
    let dropped = session
        .warehouse()
        .drop_database(name, if_exists, cascade)
        .await?;
    if dropped && session.database() == name {
        set_current(session, crate::DEFAULT_DATABASE);
    }
    Ok(Done::new(if dropped {
        format!("database {name} dropped")
    } else {
        format!("database {name} does not exist")
    }))
}

pub(super) async fn switch(session: &Session, name: &str) -> Result<Done> {
    if session.warehouse().database(name).await?.is_none() {
        return Err(spotql_catalog::Error::DatabaseNotFound {
            database: name.to_owned(),
        }
        .into());
    }
    set_current(session, name);
    Ok(Done::new(format!("using database {name}")))
}

fn set_current(session: &Session, name: &str) {
    let state = session.context().state_ref();
    state
        .write()
        .config_mut()
        .options_mut()
        .catalog
        .default_schema = name.to_owned();
}
