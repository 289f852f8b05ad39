//! Who may connect: so many connections of one address, so many in all, and none that says nothing.
//!
//! A connection beyond the limits is closed at once. A client's first bytes are HTTP/2's preface (RFC 9113, section 3.4);
//! one that does not send them in time is closed, too, so that silent connections cannot fill the places of others.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpStream;

use super::linger::Lingering;

/// How many connections a server keeps, and how long it waits for their first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Connections in all.
    pub total: usize,
    /// Connections from one address.
    pub by_peer: usize,
    /// How long a client may take to send HTTP/2's preface.
    pub preface: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            total: 4_096,
            by_peer: 512,
            preface: Duration::from_secs(10),
        }
    }
}

/// The connections that there are.
#[derive(Debug)]
pub(super) struct Connections {
    limits: ConnectionLimits,
    open: Arc<Open>,
}

#[derive(Debug, Default)]
struct Open(Mutex<HashMap<IpAddr, usize>>);

/// The place of one connection, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    peer: IpAddr,
    open: Arc<Open>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.open.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.peer);
            }
        }
    }
}

impl Connections {
    pub(super) fn new(limits: ConnectionLimits) -> Self {
        Self {
            limits,
            open: Arc::default(),
        }
    }

    /// Takes a connection; `None` if there are too many, and then it is closed.
    ///
    /// # Errors
    /// When the client is gone already.
    pub(super) fn take(&self, stream: TcpStream) -> io::Result<Option<Lingering>> {
        let peer = stream.peer_addr()?.ip();
        let place = self.place(peer);
        if place.is_none() {
            log::warn!("a connection from {peer} is refused: there are too many");
        }
        Ok(place.map(|place| Lingering::new(stream, place, self.limits.preface)))
    }

    fn place(&self, peer: IpAddr) -> Option<Place> {
        let mut open = self.open.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.values().sum::<usize>() >= self.limits.total {
            return None;
        }
        let count = open.entry(peer).or_default();
        if *count >= self.limits.by_peer {
            return None;
        }
        *count += 1;
        Some(Place {
            peer,
            open: Arc::clone(&self.open),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_cannot_take_the_places_of_others() {
        let connections = Connections::new(ConnectionLimits {
            total: 3,
            by_peer: 2,
            ..ConnectionLimits::default()
        });
        let (a, b) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let first = connections.place(a).unwrap();
        let _second = connections.place(a).unwrap();
        assert!(connections.place(a).is_none());
        let _other = connections.place(b).unwrap();
        assert!(connections.place(b).is_none(), "three in all");
        drop(first);
        assert!(connections.place(b).is_some());
    }
}
