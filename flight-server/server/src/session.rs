//! Which session a call belongs to.
//!
//! Flight has no sessions: each call stands alone, and several clients may share a connection
//! through a proxy, so that the connection says nothing. Here a call runs in a fresh session, in
//! the database that its `database` header names or else in `default`, until a statement changes
//! the session (`USE`, `SET`). That session is then remembered, and the answer to that call sets
//! the cookie `arrow_flight_session_id`, as the servers of the Arrow project do; a client that
//! sends the cookie back stays in it. Clients that never say `USE` thus cost no memory.
//!
//! - ADBC keeps cookies with `adbc.flight.sql.rpc.with_cookie_middleware = "true"`, and sends
//!   the header with `adbc.flight.sql.rpc.call_header.database = "logs"`.
//! - The JDBC driver keeps cookies by itself and sends unknown parameters of its URL as headers:
//!   `jdbc:arrow-flight-sql://host:port/?useEncryption=false&database=logs`.
//! - Both take `quotes` likewise: `quotes=ansi` for BI tools, which put names in double quotes.
//! - For a client that does neither, `USE` has no effect on the next call: write
//!   `database.table`.
//!
//! A cookie of a session that is gone is an error rather than a fresh session: a statement must
//! not run in a database that its writer did not mean. A session ends with the action
//! `CloseSession`, after eight hours without a call, or as the one unused for longest among too
//! many.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use spotql_sql::{DEFAULT_DATABASE, Engine, Session};
use tonic::Status;
use tonic::metadata::{MetadataMap, MetadataValue};
use uuid::Uuid;

use super::handles::{Handles, Limits, Owner};
use super::statement;
use super::transactions::Transaction;
use super::user;

/// The cookie that names a session.
const COOKIE: &str = "arrow_flight_session_id";
/// The header that names the database of a fresh session.
const DATABASE_HEADER: &str = "database";
/// The header that says what double quotes hold in a fresh session.
const QUOTES_HEADER: &str = "quotes";

const LIMITS: Limits = Limits {
    lifetime: Duration::from_secs(8 * 3600),
    entries: 1_000,
    bytes: 64 << 20,
};
/// Bytes of a session, roughly: its settings and variables.
const SESSION: usize = 16 << 10;

/// The sessions that are remembered.
#[derive(Debug)]
pub(super) struct Sessions {
    engine: Arc<Engine>,
    kept: Handles<Arc<Session>>,
}

/// The client of one call.
#[derive(Debug, Clone)]
pub(super) struct Caller(Arc<Identity>, Option<Arc<Transaction>>);

#[derive(Debug)]
struct Identity {
    kept: Option<(Uuid, Arc<Session>)>,
    database: Option<String>,
    /// What double quotes hold, as the client says.
    quotes: Option<String>,
    user: Option<String>,
    peer: Option<SocketAddr>,
    /// The session that this call made worth remembering.
    new: OnceLock<Uuid>,
}

impl Caller {
    /// The remembered session's number; none if the caller has no such session.
    pub(super) fn id(&self) -> Option<Uuid> {
        self.0.kept.as_ref().map(|(id, _)| *id)
    }

    /// Whose is what this call leaves behind.
    pub(super) fn owner(&self) -> Owner {
        Owner {
            session: self.id(),
            peer: self.0.peer,
        }
    }

    /// The remembered session.
    pub(super) fn kept(&self) -> Option<&Arc<Session>> {
        self.0.kept.as_ref().map(|(_, session)| session)
    }

    /// The caller within a transaction, if there is one.
    pub(super) fn within(&self, transaction: Option<Arc<Transaction>>) -> Self {
        Self(Arc::clone(&self.0), transaction)
    }

    /// The transaction that the call is part of.
    pub(super) fn transaction(&self) -> Option<&Arc<Transaction>> {
        self.1.as_ref()
    }

    /// Adds the cookie of a session that this call began.
    pub(super) fn set_cookie(&self, metadata: &mut MetadataMap) {
        let Some(id) = self.0.new.get() else { return };
        if let Ok(cookie) = MetadataValue::try_from(format!("{COOKIE}={id}")) {
            metadata.append("set-cookie", cookie);
        }
    }
}

impl Sessions {
    pub(super) fn new(engine: Arc<Engine>) -> Self {
        Self {
            engine,
            kept: Handles::new(LIMITS),
        }
    }

    /// Who calls, by the call's headers.
    ///
    /// # Errors
    /// When the caller's session is gone, or a header is no text.
    pub(super) fn caller(
        &self,
        headers: &MetadataMap,
        peer: Option<SocketAddr>,
    ) -> Result<Caller, Status> {
        let kept = match cookie(headers) {
            Some(id) => {
                let session = self.kept.get(id.as_bytes(), None);
                Some((id, session.ok_or_else(session_gone)?))
            }
            None => None,
        };
        let database = text(headers, DATABASE_HEADER, "a database's name")?;
        let quotes = text(headers, QUOTES_HEADER, "'hive' or 'ansi'")?;
        let identity = Identity {
            kept,
            database,
            quotes,
            user: user::user(headers)?,
            peer,
            new: OnceLock::new(),
        };
        Ok(Caller(Arc::new(identity), None))
    }

    /// The caller's session: the remembered one, or else a fresh one.
    ///
    /// # Errors
    /// When the caller's `database` header names none that exists.
    pub(super) async fn session(&self, caller: &Caller) -> Result<Arc<Session>, Status> {
        if let Some(session) = caller.kept() {
            return Ok(Arc::clone(session));
        }
        let address = || caller.0.peer.map(|peer| peer.ip().to_string());
        let user = caller.0.user.clone().or_else(address).unwrap_or_default();
        let session = Arc::new(self.engine.session_of(&user));
        if let Some(quotes) = &caller.0.quotes {
            let quotes = quotes.replace(['\'', '\\'], "?");
            let set = format!("SET spotql.quotes = '{quotes}'");
            statement::run(&session, statement::prepare(&session, &set).await?).await?;
        }
        if let Some(database) = caller.0.database.as_deref()
            && database != DEFAULT_DATABASE
        {
            if database.contains('`') {
                return Err(Status::invalid_argument(format!(
                    "the header 'database' is \"{database}\", which is no database's name"
                )));
            }
            let switch = statement::prepare(&session, &format!("USE `{database}`")).await?;
            statement::run(&session, switch).await?;
        }
        Ok(session)
    }

    /// Remembers a session that a statement has changed, if it is not remembered yet.
    pub(super) fn keep(&self, caller: &Caller, session: &Arc<Session>) {
        if caller.kept().is_none() {
            caller.0.new.get_or_init(|| {
                self.kept.insert(
                    Owner {
                        session: None,
                        peer: caller.0.peer,
                    },
                    SESSION,
                    Arc::clone(session),
                )
            });
        }
    }

    /// Ends the caller's session and returns its number; none if it had none.
    pub(super) fn close(&self, caller: &Caller) -> Option<Uuid> {
        let id = caller.id()?;
        self.kept.take(id.as_bytes(), None).map(|_| id)
    }

    pub(super) fn sweep(&self) {
        self.kept.sweep();
    }
}

/// A header's text.
fn text(headers: &MetadataMap, name: &str, expected: &str) -> Result<Option<String>, Status> {
    let value = headers.get(name).map(|value| value.to_str());
    value
        .transpose()
        .map(|text| text.map(str::to_owned))
        .map_err(|_| Status::invalid_argument(format!("the header '{name}' must be {expected}")))
}

fn session_gone() -> Status {
    Status::unauthenticated(
        "this connection's session has ended (it was closed, unused for eight hours, or the \
         server was started anew); connect again",
    )
}

/// The session that the cookies name; cookies of others are none of our business.
fn cookie(headers: &MetadataMap) -> Option<Uuid> {
    headers
        .get_all("cookie")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .and_then(|(_, id)| Uuid::parse_str(id.trim().trim_matches('"')).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_cookie_is_found_among_others() {
        let id = Uuid::new_v4();
        let mut headers = MetadataMap::new();
        headers.append("cookie", "a=b".parse().unwrap());
        headers.append(
            "cookie",
            format!("x=1; {COOKIE}={id}; y=2").parse().unwrap(),
        );
        assert_eq!(cookie(&headers), Some(id));
    }

    #[test]
    fn without_our_cookie_there_is_no_session() {
        let mut headers = MetadataMap::new();
        assert_eq!(cookie(&headers), None);
        headers.append("cookie", format!("{COOKIE}=nonsense").parse().unwrap());
        assert_eq!(cookie(&headers), None);
    }
}
