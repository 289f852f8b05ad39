//! Dense matrices of topic counts: a row for every document or word, padded to whole groups of
//! lanes with zeros.

use super::lanes::{Group, Real};

/// A matrix of rows × topics.
#[derive(Debug)]
pub(crate) struct Matrix<T: Real> {
    /// Groups of lanes a row has.
    pub(crate) groups: usize,
    /// All rows, one after the other.
    pub(crate) cells: Vec<Group<T>>,
}

/// How many groups of lanes hold so many topics.
pub(crate) fn groups<T: Real>(topics: usize) -> usize {
    topics.div_ceil(T::LANES)
}

/// One padded row: `value(topic)` for every topic, 0 behind.
pub(crate) fn row<T: Real>(topics: usize, value: impl Fn(usize) -> f64) -> Vec<Group<T>> {
    let mut row = vec![T::group(T::from_f64(0.0)); groups::<T>(topics)];
    for (topic, cell) in lanes_mut(&mut row).take(topics).enumerate() {
        *cell = T::from_f64(value(topic));
    }
    row
}

/// Every lane, padding included.
pub(crate) fn lanes<T: Real>(groups: &[Group<T>]) -> impl Iterator<Item = &T> {
    groups.iter().flat_map(|group| group.0.as_ref())
}

/// Every lane, padding included.
pub(crate) fn lanes_mut<T: Real>(groups: &mut [Group<T>]) -> impl Iterator<Item = &mut T> {
    groups.iter_mut().flat_map(|group| group.0.as_mut())
}

impl<T: Real> Matrix<T> {
    /// All zeros.
    pub(crate) fn zeros(rows: usize, topics: usize) -> Self {
        let groups = groups::<T>(topics);
        Self {
            groups,
            cells: vec![T::group(T::from_f64(0.0)); rows * groups],
        }
    }

    /// Takes another matrix' cells, keeping its own memory where it has some.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.cells.clear();
        self.cells.extend_from_slice(&other.cells);
    }

    /// Adds the same padded row to every row.
    pub(crate) fn add_to_rows(&mut self, addend: &[Group<T>]) {
        for row in self.cells.chunks_exact_mut(self.groups) {
            for (cell, addend) in lanes_mut(row).zip(lanes(addend)) {
                *cell = *cell + *addend;
            }
        }
    }

    /// The rows without their padding, each put through `normalise`, as plain numbers.
    pub(crate) fn unpadded(&self, topics: usize, normalise: impl Fn(&mut [f64])) -> Vec<f64> {
        let rows = self.cells.len() / self.groups;
        let mut plain = Vec::with_capacity(rows * topics);
        for row in self.cells.chunks_exact(self.groups) {
            let begin = plain.len();
            plain.extend(lanes(row).take(topics).map(|cell| cell.to_f64()));
            normalise(&mut plain[begin..]);
        }
        plain
    }
}
