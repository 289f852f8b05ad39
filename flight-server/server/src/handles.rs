//! Opaque handles: what the server remembers between two calls of a client.
//!
//! A handle is 128 random bits, so that it cannot be guessed; whoever holds it may use it, except that what a
//! remembered session made can be used from that session only. Memory is bounded three ways: an entry that is not used
//! for its lifetime is dropped, and there are limits on the number of entries and on their weight. Where they are reached
//! the client that has the most gives up the entry that it did not use for longest: a client that never closes anything
//! pushes out its own.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;

/// How much a store of handles may hold, and for how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// An entry is dropped when it was not used for this long.
    pub(super) lifetime: Duration,
    /// At most so many entries.
    pub(super) entries: usize,
    /// At most so many bytes, as the entries' makers weigh them.
    pub(super) bytes: usize,
}

/// Values by handle.
#[derive(Debug)]
pub(super) struct Handles<T> {
    limits: Limits,
    store: Mutex<Store<T>>,
}

#[derive(Debug)]
struct Store<T> {
    entries: HashMap<Uuid, Entry<T>>,
    bytes: usize,
}

/// Whose an entry is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Owner {
    /// The remembered session, from which alone it can be used.
    pub(super) session: Option<Uuid>,
    /// The connection that it came by.
    pub(super) peer: Option<SocketAddr>,
}

#[derive(Debug)]
struct Entry<T> {
    value: T,
    owner: Owner,
    bytes: usize,
    used: Instant,
}

impl<T> Handles<T> {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            store: Mutex::new(Store {
                entries: HashMap::new(),
                bytes: 0,
            }),
        }
    }

    /// Keeps a value that weighs `bytes`, for the owner's session alone if there is one.
    pub(super) fn insert(&self, owner: Owner, bytes: usize, value: T) -> Uuid {
        let handle = Uuid::new_v4();
        let entry = Entry {
            value,
            owner,
            bytes,
            used: Instant::now(),
        };
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let mut dropped = Vec::new();
        if store.entries.len() >= self.limits.entries || store.bytes + bytes > self.limits.bytes {
            dropped = store.sweep(self.limits.lifetime, entry.used);
        }
        dropped.extend(store.make_room(&self.limits, 1, bytes, None));
        store.bytes += bytes;
        store.entries.insert(handle, entry);
        // A plan's drop can take a while; others need not wait for it.
        drop(store);
        drop(dropped);
        handle
    }

    /// Takes the value out, if it is there and the caller's.
    pub(super) fn take(&self, handle: &[u8], caller: Option<Uuid>) -> Option<T> {
        let handle = Uuid::from_slice(handle).ok()?;
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        store.usable(&handle, caller, self.limits.lifetime)?;
        store.remove(&handle)
    }

    /// Weighs a value anew that has grown or shrunk where it lies; others go if they are too large together.
    pub(super) fn weigh(&self, handle: &[u8], bytes: usize) {
        let Ok(handle) = Uuid::from_slice(handle) else {
            return;
        };
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = store.entries.get_mut(&handle) else {
            return;
        };
        let before = std::mem::replace(&mut entry.bytes, bytes);
        store.bytes = store.bytes - before + bytes;
        let dropped = store.make_room(&self.limits, 0, 0, Some(handle));
        drop(store);
        drop(dropped);
    }

    /// Drops what an owner left behind.
    pub(super) fn forget(&self, owner: Uuid) {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let dropped = store.extract(|entry| entry.owner.session == Some(owner));
        drop(store);
        drop(dropped);
    }

    /// Drops what has outlived its lifetime.
    pub(super) fn sweep(&self) {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let dropped = store.sweep(self.limits.lifetime, Instant::now());
        drop(store);
        drop(dropped);
    }
}

impl<T: Clone> Handles<T> {
    /// The value, if it is there and the caller's. Its lifetime begins anew.
    pub(super) fn get(&self, handle: &[u8], caller: Option<Uuid>) -> Option<T> {
        let handle = Uuid::from_slice(handle).ok()?;
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = store.usable(&handle, caller, self.limits.lifetime)?;
        entry.used = Instant::now();
        Some(entry.value.clone())
    }
}

impl<T> Store<T> {
    fn usable(
        &mut self,
        handle: &Uuid,
        caller: Option<Uuid>,
        lifetime: Duration,
    ) -> Option<&mut Entry<T>> {
        self.entries.get_mut(handle).filter(|entry| {
            let session = entry.owner.session;
            entry.used.elapsed() < lifetime && (session.is_none() || session == caller)
        })
    }

    /// Drops entries until there is room for so many more of so many bytes; `spared` stays.
    fn make_room(
        &mut self,
        limits: &Limits,
        entries: usize,
        bytes: usize,
        spared: Option<Uuid>,
    ) -> Vec<T> {
        let mut dropped = Vec::new();
        while self.entries.len() + entries > limits.entries || self.bytes + bytes > limits.bytes {
            let Some(oldest) = self.oldest_of_the_largest(spared) else {
                break;
            };
            dropped.extend(self.remove(&oldest));
        }
        dropped
    }

    /// The entry unused for longest of the client that has the most: first by address, then by connection.
    fn oldest_of_the_largest(&self, spared: Option<Uuid>) -> Option<Uuid> {
        let others = || {
            let entries = self.entries.iter();
            entries.filter(move |(handle, _)| Some(**handle) != spared)
        };
        let mut by_address: HashMap<Option<IpAddr>, usize> = HashMap::new();
        let mut by_peer: HashMap<Option<SocketAddr>, usize> = HashMap::new();
        for (_, entry) in others() {
            let peer = entry.owner.peer;
            // An entry without weight counts, too.
            let share = entry.bytes + size_of::<Uuid>();
            *by_address.entry(peer.map(|peer| peer.ip())).or_default() += share;
            *by_peer.entry(peer).or_default() += share;
        }
        let (address, _) = by_address.into_iter().max_by_key(|(_, share)| *share)?;
        let (peer, _) = by_peer
            .into_iter()
            .filter(|(peer, _)| peer.map(|peer| peer.ip()) == address)
            .max_by_key(|(_, share)| *share)?;
        let own = others().filter(|(_, entry)| entry.owner.peer == peer);
        own.min_by_key(|(_, entry)| entry.used)
            .map(|(handle, _)| *handle)
    }

    fn remove(&mut self, handle: &Uuid) -> Option<T> {
        let entry = self.entries.remove(handle)?;
        self.bytes -= entry.bytes;
        Some(entry.value)
    }

    fn sweep(&mut self, lifetime: Duration, now: Instant) -> Vec<T> {
        self.extract(|entry| now.saturating_duration_since(entry.used) >= lifetime)
    }

    fn extract(&mut self, goes: impl Fn(&Entry<T>) -> bool) -> Vec<T> {
        let mut bytes = 0;
        let gone = self.entries.extract_if(|_, entry| goes(entry));
        let values = gone.map(|(_, entry)| {
            bytes += entry.bytes;
            entry.value
        });
        let values = values.collect();
        self.bytes -= bytes;
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handles(lifetime: Duration, entries: usize, bytes: usize) -> Handles<&'static str> {
        Handles::new(Limits {
            lifetime,
            entries,
            bytes,
        })
    }

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_value_is_taken_once() {
        let handles = handles(HOUR, 10, 100);
        let handle = handles.insert(Owner::default(), 1, "plan");
        assert_eq!(handles.get(handle.as_bytes(), None), Some("plan"));
        assert_eq!(handles.take(handle.as_bytes(), None), Some("plan"));
        assert_eq!(handles.take(handle.as_bytes(), None), None);
    }

    #[test]
    fn an_expired_handle_is_unknown() {
        let handles = handles(Duration::ZERO, 10, 100);
        let handle = handles.insert(Owner::default(), 1, "plan");
        assert_eq!(handles.get(handle.as_bytes(), None), None);
        assert_eq!(handles.take(handle.as_bytes(), None), None);
    }

    #[test]
    fn sweeping_gives_back_the_memory_of_expired_entries() {
        let handles = handles(Duration::ZERO, 10, 100);
        handles.insert(Owner::default(), 60, "a");
        handles.sweep();
        let store = handles.store.lock().unwrap();
        assert_eq!((store.entries.len(), store.bytes), (0, 0));
    }

    #[test]
    fn the_handle_unused_for_longest_goes_when_there_are_too_many() {
        let handles = handles(HOUR, 2, 100);
        let (a, b) = (
            handles.insert(Owner::default(), 1, "a"),
            handles.insert(Owner::default(), 1, "b"),
        );
        assert_eq!(handles.get(a.as_bytes(), None), Some("a"));
        let c = handles.insert(Owner::default(), 1, "c");
        assert_eq!(handles.get(b.as_bytes(), None), None);
        assert_eq!(handles.get(a.as_bytes(), None), Some("a"));
        assert_eq!(handles.get(c.as_bytes(), None), Some("c"));
    }

    #[test]
    fn large_values_push_out_old_ones_and_never_themselves() {
        let handles = handles(HOUR, 10, 100);
        let small = handles.insert(Owner::default(), 60, "small");
        let large = handles.insert(Owner::default(), 500, "large");
        assert_eq!(handles.get(small.as_bytes(), None), None);
        assert_eq!(handles.get(large.as_bytes(), None), Some("large"));
    }

    #[test]
    fn a_value_that_grows_pushes_out_others_and_never_itself() {
        let handles = handles(HOUR, 10, 100);
        let (a, b) = (
            handles.insert(Owner::default(), 40, "a"),
            handles.insert(Owner::default(), 40, "b"),
        );
        handles.weigh(b.as_bytes(), 50);
        assert_eq!(handles.get(a.as_bytes(), None), Some("a"));
        handles.weigh(a.as_bytes(), 500);
        assert_eq!(handles.get(b.as_bytes(), None), None);
        assert_eq!(handles.get(a.as_bytes(), None), Some("a"));
        handles.weigh(a.as_bytes(), 1);
        assert_eq!(handles.store.lock().unwrap().bytes, 1);
    }

    #[test]
    fn a_client_that_closes_nothing_pushes_out_its_own() {
        let handles = handles(HOUR, 4, 100);
        let of = |port: u16| Owner {
            session: None,
            peer: Some(SocketAddr::from(([10, 0, 0, 1], port))),
        };
        let modest = handles.insert(of(1), 1, "modest");
        for _ in 0..10 {
            handles.insert(of(2), 1, "greedy");
        }
        let elsewhere = Owner {
            session: None,
            peer: Some(SocketAddr::from(([10, 0, 0, 2], 1))),
        };
        let other = handles.insert(elsewhere, 1, "other");
        handles.insert(of(2), 1, "greedy");
        assert_eq!(handles.get(modest.as_bytes(), None), Some("modest"));
        assert_eq!(handles.get(other.as_bytes(), None), Some("other"));
    }

    #[test]
    fn a_client_whose_values_grow_pushes_out_its_own() {
        let handles = handles(HOUR, 10, 100);
        let of = |port: u16| Owner {
            session: None,
            peer: Some(SocketAddr::from(([10, 0, 0, 1], port))),
        };
        let modest = handles.insert(of(1), 20, "modest");
        let (first, second) = (
            handles.insert(of(2), 40, "first"),
            handles.insert(of(2), 1, "second"),
        );
        handles.weigh(second.as_bytes(), 60);
        assert_eq!(handles.get(modest.as_bytes(), None), Some("modest"));
        assert_eq!(handles.get(first.as_bytes(), None), None);
        assert_eq!(handles.get(second.as_bytes(), None), Some("second"));
    }

    #[test]
    fn what_a_session_made_is_its_own_and_goes_with_it() {
        let handles = handles(HOUR, 10, 100);
        let (owner, other) = (Uuid::new_v4(), Uuid::new_v4());
        let handle = handles.insert(
            Owner {
                session: Some(owner),
                peer: None,
            },
            1,
            "plan",
        );
        assert_eq!(handles.get(handle.as_bytes(), None), None);
        assert_eq!(handles.get(handle.as_bytes(), Some(other)), None);
        assert_eq!(handles.get(handle.as_bytes(), Some(owner)), Some("plan"));
        handles.forget(owner);
        assert_eq!(handles.get(handle.as_bytes(), Some(owner)), None);
    }

    #[test]
    fn bytes_that_are_no_handle_are_unknown() {
        assert_eq!(handles(HOUR, 1, 1).take(b"short", None), None);
    }
}
