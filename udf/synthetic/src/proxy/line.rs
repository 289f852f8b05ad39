//! The line that a request leaves in the log.

use super::agent::Agent;
use super::request::{
    CATEGORIES, Category, Content, Method, OF_SITES, Row, Scheme, Status, UNCATEGORISED, bytes,
};
use super::url::{Host, Path, Referer};
use crate::draw::{Draw, mix, share_of};
use crate::population::HostId;

/// A request with nothing special about it.
pub(super) fn request(order: u64, client: HostId, host: Host) -> Row {
    Row {
        order,
        client,
        host,
        path: Path::Root,
        referer: Referer::None,
        agent: Agent::Browser,
        method: Method::Get,
        content: Content::Html,
        status: Status::Ok,
        scheme: Scheme::Https,
        port: 443,
        category: category(host),
        known: true,
        down: 0,
        up: 0,
        millis: 0,
    }
}

impl Row {
    /// How it ended, with the sizes of the bodies: heads are added. `up` and `down` count for
    /// tunnels as they are.
    pub(super) fn transfer(
        &mut self,
        status: Status,
        up: f64,
        down: f64,
        seconds: f64,
        draw: &mut Draw,
    ) {
        self.status = status;
        // Heads: few lines from programs, cookies from browsers.
        let head = match self.agent {
            Agent::Browser => draw.log_normal(620.0, 0.45),
            _ => draw.log_normal(240.0, 0.25),
        };
        let mut seconds = seconds;
        match status {
            Status::Tunnelled => {
                (self.up, self.down) = (bytes(up + 200.0), bytes(down + 39.0));
            }
            Status::Ok | Status::Hit | Status::Created | Status::Partial => {
                (self.up, self.down) =
                    (bytes(up + head), bytes(down + draw.log_normal(380.0, 0.3)));
            }
            Status::Denied | Status::Authenticate | Status::Unresolved | Status::Unreachable => {
                // The proxy's own page.
                (self.up, self.down) = (bytes(up + head), bytes(draw.log_normal(2_600.0, 0.2)));
                self.content = Content::Html;
                seconds = if status == Status::Unreachable {
                    20.0
                } else {
                    0.01
                };
            }
            _ => {
                (self.up, self.down) = (bytes(up + head), bytes(draw.log_normal(330.0, 0.25)));
                if matches!(status, Status::NoContent | Status::NotModified) {
                    self.content = Content::None;
                }
            }
        }
        self.millis = bytes(seconds * 1_000.0);
    }
}

/// What the vendor thinks of a host. Of the lesser known sites it knows little.
pub(super) fn category(host: Host) -> Category {
    let word = host.key();
    if matches!(host, Host::Kept(_)) && share_of(mix(word)) < 0.5 {
        return UNCATEGORISED;
    }
    // Squared: the first ones are the common ones.
    let unit = share_of(word);
    debug_assert!(OF_SITES <= CATEGORIES.len());
    (unit * unit * OF_SITES as f64) as Category
}
