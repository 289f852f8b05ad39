//! One pass over all rows of a side: tasks handed to threads, results put together in order.
//!
//! The threads are those of [`super::crew`].

use super::crew::{Cancelled, Crew, share, split_off};
use super::kernel::{self, Order, RowPiece, Scratch, WholeRows};
use super::lanes::{Group, Real};
use super::logs::{Logs, logs_of_rows};
use super::matrix::Matrix;
use super::plan::{Plan, Task};

/// A task with the memory that is its own.
pub(crate) enum Job<'a, T: Real> {
    /// Whole rows, from `first` on.
    Rows {
        /// The number of the first row.
        first: usize,
        /// The rows.
        own: &'a mut [Group<T>],
        /// Column sums, all 0 to begin with, or empty.
        columns: &'a mut [f64],
        /// The sums of logarithms.
        logs: &'a mut Logs,
    },
    /// A piece of a row.
    Piece {
        /// The row's number.
        row: usize,
        /// The pairs.
        pairs: std::ops::Range<usize>,
        /// The row.
        own: &'a [Group<T>],
        /// What the piece adds up to, all 0 to begin with.
        sums: &'a mut [f64],
        /// The sums of logarithms.
        logs: &'a mut Logs,
    },
}

/// What a pass leaves behind, task by task.
pub(crate) struct Results {
    logs: Vec<Logs>,
    columns: Vec<f64>,
    pieces: Vec<f64>,
    width: usize,
}

impl Results {
    /// Adds up the logarithms, in the tasks' order.
    pub(crate) fn logs(&self) -> Logs {
        let mut sum = Logs::default();
        self.logs.iter().for_each(|logs| sum.add(logs));
        sum
    }

    /// Adds up the column sums, in the tasks' order; empty if they were not wanted.
    pub(crate) fn columns(&self) -> Vec<f64> {
        let mut sum = vec![
            0.0;
            if self.columns.is_empty() {
                0
            } else {
                self.width
            }
        ];
        for columns in self.columns.chunks_exact(self.width) {
            sum.iter_mut()
                .zip(columns)
                .for_each(|(sum, column)| *sum += column);
        }
        sum
    }
}

/// How many bytes the results of a pass take, and the list of its jobs, for so many tasks and
/// pieces.
pub(crate) fn bytes<T: Real>(tasks: usize, pieces: usize, groups: usize) -> usize {
    let row = groups * T::LANES * size_of::<f64>();
    tasks * (row + size_of::<Logs>() + size_of::<Job<'_, T>>() + size_of::<Task>()) + pieces * row
}

/// Computes new rows for a whole side.
pub(crate) fn pull<T: Real>(
    crew: Crew<'_>,
    plan: &Plan,
    order: Order<'_, T>,
    matrix: &mut Matrix<T>,
) -> Result<Results, Cancelled> {
    let wants_columns = order.tokens.is_none() && order.pull;
    let work = |job: Job<'_, T>, scratch: &mut Scratch<T>| match job {
        Job::Rows {
            first,
            own,
            columns,
            logs,
        } => {
            *logs = crew.instructions.run(WholeRows {
                order,
                first,
                own,
                columns,
                scratch,
            });
        }
        Job::Piece {
            row,
            pairs,
            own,
            sums,
            logs,
        } => {
            if pairs.start == order.pairs.offsets()[row] {
                *logs = logs_of_rows(&order, row, own);
            }
            if order.pull {
                let piece = RowPiece {
                    order,
                    pairs,
                    row: own,
                    sums,
                    scratch,
                };
                logs.add(&crew.instructions.run(piece));
            }
        }
    };
    let finish = |row: &mut [Group<T>], sums: &[f64]| {
        if order.pull {
            kernel::combine(row, order.scale, sums, order.prior);
        }
    };
    for_each(crew, plan, matrix, wants_columns, work, finish)
}

/// Hands every task to a thread, then finishes the rows that were cut into pieces: `finish`
/// gets the row and the sum of its pieces.
pub(crate) fn for_each<T: Real>(
    crew: Crew<'_>,
    plan: &Plan,
    matrix: &mut Matrix<T>,
    wants_columns: bool,
    work: impl Fn(Job<'_, T>, &mut Scratch<T>) + Sync,
    finish: impl Fn(&mut [Group<T>], &[f64]),
) -> Result<Results, Cancelled> {
    let groups = matrix.groups;
    let width = groups * T::LANES;
    let columns = if wants_columns { width } else { 0 };
    let mut results = Results {
        logs: vec![Logs::default(); plan.tasks.len()],
        columns: vec![0.0; plan.tasks.len() * columns],
        pieces: vec![0.0; plan.pieces * width],
        width,
    };
    share(
        crew,
        jobs(plan, matrix, &mut results, columns),
        || Scratch::new(groups),
        work,
    )?;

    let mut pieces = results.pieces.chunks_exact(width);
    let mut sums = vec![0.0; width];
    for (number, task) in plan.tasks.iter().enumerate() {
        let Task::Piece { row, .. } = task else {
            continue;
        };
        let Some(piece) = pieces.next() else { continue };
        sums.iter_mut()
            .zip(piece)
            .for_each(|(sum, piece)| *sum += piece);
        let next = plan.tasks.get(number + 1);
        if !matches!(next, Some(Task::Piece { row: next, .. }) if next == row) {
            let own = &mut matrix.cells[row * groups..][..groups];
            finish(own, &sums);
            kernel::add_columns(own, &mut results.columns[number * columns..][..columns]);
            sums.fill(0.0);
        }
    }
    Ok(results)
}

/// Cuts the matrix and the results along the tasks.
fn jobs<'a, T: Real>(
    plan: &Plan,
    matrix: &'a mut Matrix<T>,
    results: &'a mut Results,
    columns: usize,
) -> Vec<Job<'a, T>> {
    let groups = matrix.groups;
    let mut cells = matrix.cells.as_mut_slice();
    let mut column_sums = results.columns.as_mut_slice();
    let mut pieces = results.pieces.as_mut_slice();
    let mut long: (Option<usize>, &'a [Group<T>]) = (None, &[]);
    let mut jobs = Vec::with_capacity(plan.tasks.len());
    for (task, logs) in plan.tasks.iter().zip(&mut results.logs) {
        let task_columns = split_off(&mut column_sums, columns);
        jobs.push(match task {
            Task::Rows(rows) => Job::Rows {
                first: rows.start,
                own: split_off(&mut cells, rows.len() * groups),
                columns: task_columns,
                logs,
            },
            Task::Piece { row, pairs } => {
                if long.0 != Some(*row) {
                    long = (Some(*row), split_off(&mut cells, groups));
                }
                Job::Piece {
                    row: *row,
                    pairs: pairs.clone(),
                    own: long.1,
                    sums: split_off(&mut pieces, results.width),
                    logs,
                }
            }
        });
    }
    jobs
}
