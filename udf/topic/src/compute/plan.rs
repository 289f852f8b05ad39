//! How a pass over the rows of a sparse matrix is cut into tasks.
//!
//! The cut depends on the matrix alone, never on the number of threads. Every task's sums are its own, and they are
//! added in the tasks' order. So the bits are the same whichever thread computed them. Rows are heavy-tailed (a name
//! server talks to everybody): a row longer than a task is cut into pieces, whose sums are added in their order.

use std::ops::Range;

/// Pairs and rows a task has about: a tenth of a millisecond's work.
const SMALLEST: usize = 8192;
/// Tasks a pass has at most, about: their sums take memory.
const MOST: usize = 1024;

/// A part of a pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Task {
    /// Whole rows.
    Rows(Range<usize>),
    /// Some of the pairs of one long row. The pieces of a row follow one another.
    Piece {
        /// The row.
        row: usize,
        /// Which pairs, counted over the whole matrix.
        pairs: Range<usize>,
    },
}

/// All tasks of a pass, in the order in which their results are added.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The tasks.
    pub(crate) tasks: Vec<Task>,
    /// How many of them are pieces.
    pub(crate) pieces: usize,
}

/// How many pairs and rows make a task in a matrix with so many.
fn task_size(pairs: usize, rows: usize) -> usize {
    (pairs.saturating_add(rows) / MOST).max(SMALLEST)
}

/// An upper bound of the tasks, and of the pieces among them, that [`Plan::new`] makes.
pub(crate) fn task_bounds(pairs: usize, rows: usize) -> (usize, usize) {
    let size = task_size(pairs, rows);
    // A row is cut only where it is longer than a task: at most twice as many pieces as full
    // ones. Two neighbours among the other tasks hold more than one task's size together,
    // or stand beside a long row.
    let pieces = 2 * (pairs / size) + 2;
    (
        pieces + 2 * (pairs.saturating_add(rows) / size) + pieces + 2,
        pieces,
    )
}

impl Plan {
    /// Cuts the rows that these offsets describe.
    pub(crate) fn new(offsets: &[usize]) -> Self {
        let rows = offsets.len() - 1;
        let size = task_size(offsets[rows], rows);
        let mut tasks = Vec::new();
        let mut pieces = 0;
        let mut begin = 0;
        let mut weight = 0;
        for row in 0..rows {
            let pairs = offsets[row]..offsets[row + 1];
            let long = pairs.len() > size;
            if begin < row && (long || weight + pairs.len() + 1 > size) {
                tasks.push(Task::Rows(begin..row));
                begin = row;
                weight = 0;
            }
            if long {
                for piece in pairs.clone().step_by(size) {
                    let pairs = piece..(piece + size).min(pairs.end);
                    tasks.push(Task::Piece { row, pairs });
                    pieces += 1;
                }
                begin = row + 1;
            } else {
                weight += pairs.len() + 1;
            }
        }
        if begin < rows {
            tasks.push(Task::Rows(begin..rows));
        }
        Self { tasks, pieces }
    }
}

#[cfg(test)]
mod tests {
    use super::{Plan, SMALLEST, Task, task_bounds};

    #[test]
    fn every_pair_is_in_one_task_and_tasks_are_even() {
        let lengths = [0, 3, 50_000, 1, SMALLEST, 0, SMALLEST + 1, 7, 9_000];
        let mut offsets = vec![0];
        for length in lengths.iter().chain([5; 30_000].iter()) {
            offsets.push(offsets[offsets.len() - 1] + length);
        }
        let plan = Plan::new(&offsets);
        let mut next = 0;
        for task in &plan.tasks {
            let pairs = match task {
                Task::Rows(rows) => offsets[rows.start]..offsets[rows.end],
                Task::Piece { row, pairs } => {
                    assert!(offsets[*row] <= pairs.start && pairs.end <= offsets[row + 1]);
                    pairs.clone()
                }
            };
            assert_eq!(pairs.start, next);
            assert!(pairs.len() <= SMALLEST);
            next = pairs.end;
        }
        assert_eq!(Some(&next), offsets.last());
        let (tasks, pieces) = task_bounds(next, offsets.len() - 1);
        assert!(plan.tasks.len() <= tasks && plan.pieces <= pieces);
        assert_eq!(plan.pieces, 7 + 2 + 2);
    }

    #[test]
    fn no_cut_has_more_tasks_than_was_predicted() {
        for lengths in [
            vec![SMALLEST + 1; 5000],
            vec![0; 100_000],
            vec![SMALLEST - 1; 4000],
            [1, SMALLEST * 3 + 1].repeat(700),
            [1, SMALLEST - 1].repeat(700),
            vec![30_000_000],
        ] {
            let mut offsets = vec![0];
            for length in &lengths {
                offsets.push(offsets[offsets.len() - 1] + length);
            }
            let plan = Plan::new(&offsets);
            let (tasks, pieces) = task_bounds(offsets[lengths.len()], lengths.len());
            assert!(plan.tasks.len() <= tasks && plan.pieces <= pieces);
        }
    }

    #[test]
    fn a_task_is_a_small_part_of_a_large_pass() {
        let (tasks, _) = task_bounds(1 << 30, 1 << 20);
        assert!((1024..8192).contains(&tasks), "{tasks}");
    }
}
