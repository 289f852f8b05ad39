//! Strings to dense numbers: every distinct string gets the next number, from 0.
//!
//! One table serves millions of look-ups a second: the bytes lie in one arena, a slot of the hash
//! table holds a 32-bit tag and the number. It holds at most `u32::MAX` strings.

use ahash::RandomState;
use hashbrown::HashTable;

/// More than 2^32 texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than 4,294,967,295 distinct texts")]
pub struct TooManyTexts;

/// The strings seen so far, in order of first appearance.
#[derive(Debug, Default)]
pub struct Interner {
    slots: HashTable<Slot>,
    /// Randomly keyed: an attacker chooses the strings, and must not choose the collisions.
    /// Nothing visible depends on the keys; the numbers follow the order of arrival.
    hasher: RandomState,
    strings: Strings,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    tag: u32,
    id: u32,
}

impl Slot {
    /// The hash table's own hash, rebuilt from the tag: growing never reads the arena.
    fn hash(self) -> u64 {
        spread(self.tag)
    }
}

fn spread(tag: u32) -> u64 {
    (u64::from(tag) << 32) | u64::from(tag)
}

impl Interner {
    /// The number of `string`, given now if it is new.
    pub fn intern(&mut self, string: &str) -> Result<u32, TooManyTexts> {
        let tag = self.tag(string);
        let strings = &self.strings;
        let entry = self.slots.entry(
            spread(tag),
            |slot| slot.tag == tag && strings.get(slot.id) == string,
            |slot| slot.hash(),
        );
        match entry {
            hashbrown::hash_table::Entry::Occupied(slot) => Ok(slot.get().id),
            hashbrown::hash_table::Entry::Vacant(slot) => {
                let id = self.strings.push(string)?;
                slot.insert(Slot { tag, id });
                Ok(id)
            }
        }
    }

    /// The number of `string`, if it has one.
    pub fn get(&self, string: &str) -> Option<u32> {
        let tag = self.tag(string);
        self.slots
            .find(spread(tag), |slot| {
                slot.tag == tag && self.strings.get(slot.id) == string
            })
            .map(|slot| slot.id)
    }

    /// The string of a number that it has given.
    pub fn name(&self, id: u32) -> &str {
        self.strings.get(id)
    }

    /// Whether it knows no string.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many strings it knows.
    pub fn len(&self) -> usize {
        self.strings.len()
    }

    /// Bytes held, capacity included.
    pub fn memory_bytes(&self) -> usize {
        self.slots.allocation_size() + self.strings.memory_bytes()
    }

    /// Gives up the hash table and keeps the strings.
    pub fn into_strings(self) -> Strings {
        self.strings
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "half of the hash is the tag"
    )]
    fn tag(&self, string: &str) -> u32 {
        self.hasher.hash_one(string) as u32
    }
}

/// A list of strings in one allocation.
#[derive(Debug)]
pub struct Strings {
    text: String,
    /// `offsets[i]..offsets[i + 1]` is string `i`.
    offsets: Vec<usize>,
}

impl Default for Strings {
    fn default() -> Self {
        Self {
            text: String::new(),
            offsets: vec![0],
        }
    }
}

impl Strings {
    /// Appends a string, and gives its number.
    ///
    /// # Errors
    /// When there are 2^32 already.
    pub fn push(&mut self, string: &str) -> Result<u32, TooManyTexts> {
        let id = u32::try_from(self.len()).map_err(|_| TooManyTexts)?;
        self.text.push_str(string);
        self.offsets.push(self.text.len());
        Ok(id)
    }

    /// The number of `string`, when strings come in order: that of the last one if it is the same.
    pub fn push_sorted(&mut self, string: &str) -> Result<u32, TooManyTexts> {
        match self.len().checked_sub(1) {
            Some(last) if self.get(last as u32) == string => Ok(last as u32),
            _ => self.push(string),
        }
    }

    /// The string of a number that it has given.
    pub fn get(&self, id: u32) -> &str {
        let id = id as usize;
        &self.text[self.offsets[id]..self.offsets[id + 1]]
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Bytes held, capacity included.
    pub fn memory_bytes(&self) -> usize {
        self.text.capacity() + self.offsets.capacity() * size_of::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_strings_share_a_number_and_numbers_are_dense() {
        let mut interner = Interner::default();
        let ids: Vec<u32> = ["a", "b", "a", "", "b", "ä"]
            .iter()
            .map(|string| interner.intern(string).unwrap())
            .collect();
        assert_eq!(ids, [0, 1, 0, 2, 1, 3]);
        assert_eq!(interner.get("ä"), Some(3));
        assert_eq!(interner.get("c"), None);
        assert_eq!(interner.into_strings().get(3), "ä");
    }

    #[test]
    fn a_hundred_thousand_strings_are_told_apart() {
        let mut interner = Interner::default();
        for i in 0..100_000_u32 {
            assert_eq!(interner.intern(&i.to_string()).unwrap(), i);
        }
        assert!((0..100_000_u32).all(|i| interner.get(&i.to_string()) == Some(i)));
    }
}
