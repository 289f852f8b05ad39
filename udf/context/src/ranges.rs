//! Which of many address ranges holds an address; where several do, the most specific one.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::ops::Sub;

use spotql_values::address::{Address, AddressRange};

/// Ranges being gathered, each with a number that means something to the caller.
#[derive(Debug, Default)]
pub(crate) struct RangesBuilder {
    v4: Vec<(u32, u32, u32)>,
    v6: Vec<(u128, u128, u32)>,
}

impl RangesBuilder {
    pub(crate) fn add(&mut self, range: AddressRange, id: u32) {
        match range {
            AddressRange::V4(first, last) => self.v4.push((first, last, id)),
            AddressRange::V6(first, last) => self.v6.push((first, last, id)),
        }
    }

    pub(crate) fn build(self) -> Ranges {
        Ranges {
            v4: Flat::of(self.v4),
            v6: Flat::of(self.v6),
        }
    }
}

/// Ranges, to be asked for an address.
///
/// The smallest range that holds it wins (longest prefix, for CIDR blocks), of two equal ones the one that was
/// added first. Overlaps are resolved when it is built: it holds disjoint intervals in order, and a
/// look-up is one binary search.
#[derive(Debug, Default)]
pub(crate) struct Ranges {
    v4: Flat<u32>,
    v6: Flat<u128>,
}

impl Ranges {
    /// The number of the range that an address is in.
    #[inline]
    pub(crate) fn get(&self, address: Address) -> Option<u32> {
        match address {
            Address::V4(address) => self.v4.get(address),
            Address::V6(address) => self.v6.get(address),
        }
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.v4.memory_bytes() + self.v6.memory_bytes()
    }
}

/// Disjoint intervals: `firsts[i]..=lasts[i]` has number `ids[i]`.
#[derive(Debug, Default)]
struct Flat<T> {
    firsts: Vec<T>,
    lasts: Vec<T>,
    ids: Vec<u32>,
}

/// The unsigned integers that addresses are.
trait Bits: Copy + Ord + Sub<Output = Self> + From<u8> {
    fn next(self) -> Option<Self>;
}

impl Bits for u32 {
    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
}

impl Bits for u128 {
    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
}

impl<T: Bits> Flat<T> {
    fn of(mut ranges: Vec<(T, T, u32)>) -> Self {
        // A stable sort: of equal ranges the first one stays first.
        ranges.sort_by_key(|&(first, last, _)| (first, Reverse(last)));
        ranges.dedup_by_key(|&mut (first, last, _)| (first, last));
        let mut flat = Self {
            firsts: Vec::with_capacity(ranges.len()),
            lasts: Vec::with_capacity(ranges.len()),
            ids: Vec::with_capacity(ranges.len()),
        };
        // Ranges that hold the place where the sweep is, the smallest first: (size, place in the list).
        let mut open: BTreeSet<(T, usize)> = BTreeSet::new();
        let mut place: Option<T> = None;
        for next in 0..=ranges.len() {
            let begins = ranges.get(next).map(|range| range.0);
            // From where the sweep is up to where the next range begins, the smallest open one wins.
            while let Some(&(size, smallest)) = open.first() {
                let (_, last, id) = ranges[smallest];
                let Some(from) = place else { break };
                if last < from {
                    open.remove(&(size, smallest));
                    continue;
                }
                if begins.is_some_and(|begins| begins <= from) {
                    break;
                }
                // A larger one that ends earlier cannot matter while a smaller one is open.
                let to = match begins {
                    Some(begins) if begins <= last => begins - T::from(1),
                    _ => last,
                };
                flat.push(from, to, id);
                place = to.next();
                if place.is_none() {
                    open.clear();
                }
            }
            if let Some(&(first, last, _)) = ranges.get(next) {
                open.insert((last - first, next));
                place = Some(first);
            }
        }
        flat.firsts.shrink_to_fit();
        flat.lasts.shrink_to_fit();
        flat.ids.shrink_to_fit();
        flat
    }

    fn push(&mut self, first: T, last: T, id: u32) {
        self.firsts.push(first);
        self.lasts.push(last);
        self.ids.push(id);
    }

    #[inline]
    fn get(&self, address: T) -> Option<u32> {
        let after = self.firsts.partition_point(|first| *first <= address);
        let place = after.checked_sub(1)?;
        (address <= self.lasts[place]).then(|| self.ids[place])
    }

    fn memory_bytes(&self) -> usize {
        (self.firsts.capacity() + self.lasts.capacity()) * size_of::<T>()
            + self.ids.capacity() * size_of::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(texts: &[&str]) -> Ranges {
        let mut builder = RangesBuilder::default();
        for (id, text) in (0..).zip(texts) {
            builder.add(AddressRange::parse(text).unwrap(), id);
        }
        builder.build()
    }

    fn get(ranges: &Ranges, address: &str) -> Option<u32> {
        ranges.get(Address::parse(address).unwrap())
    }

    #[test]
    fn the_most_specific_range_wins_whatever_the_order() {
        let networks = ranges(&[
            "10.1.2.3",
            "10.0.0.0/8",
            "10.1.0.0/16",
            "10.1.2.0-10.1.2.9",
            "2001:db8::/32",
            "2001:db8:1::/48",
            "10.0.0.0/8",
        ]);
        for (address, expected) in [
            ("10.1.2.3", Some(0)),
            ("10.1.2.4", Some(3)),
            ("10.1.2.10", Some(2)),
            ("10.2.0.0", Some(1)),
            ("10.255.255.255", Some(1)),
            ("11.0.0.0", None),
            ("9.255.255.255", None),
            ("2001:db8:1::7", Some(5)),
            ("2001:db8:2::7", Some(4)),
            ("::1", None),
        ] {
            assert_eq!(get(&networks, address), expected, "{address}");
        }
    }

    #[test]
    fn the_ends_of_the_address_space_are_reached() {
        let all = ranges(&[
            "0.0.0.0/0",
            "255.255.255.255",
            "0.0.0.0",
            "::/0",
            "ffff::/16",
        ]);
        assert_eq!(get(&all, "255.255.255.255"), Some(1));
        assert_eq!(get(&all, "255.255.255.254"), Some(0));
        assert_eq!(get(&all, "0.0.0.0"), Some(2));
        assert_eq!(
            get(&all, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            Some(4)
        );
        assert_eq!(get(&all, "::"), Some(3));
        assert_eq!(get(&Ranges::default(), "1.2.3.4"), None);
    }

    /// What a look at every range says.
    #[test]
    fn overlaps_are_resolved_as_by_a_look_at_all() {
        let mut state = 7_u64;
        let mut random = |below: u32| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as u32 % below
        };
        for _ in 0..200 {
            let all: Vec<(u32, u32)> = (0..12)
                .map(|_| {
                    let first = random(60);
                    (first, first + random(25))
                })
                .collect();
            let mut builder = RangesBuilder::default();
            for (id, &(first, last)) in (0..).zip(&all) {
                builder.add(AddressRange::V4(first, last), id);
            }
            let built = builder.build();
            for address in 0..90 {
                let expected = (0..12)
                    .filter(|&i| (all[i].0..=all[i].1).contains(&address))
                    .min_by_key(|&i| (all[i].1 - all[i].0, all[i].0, i))
                    .map(|i| all[i]);
                let found = built.get(Address::V4(address)).map(|id| all[id as usize]);
                assert_eq!(found, expected, "{address} in {all:?}");
            }
        }
    }
}
