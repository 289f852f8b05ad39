//! One task of a pass over the rows of a sparse matrix.
//!
//! A row `x` (its topic weights) pulls from the other side's rows `y_j` that its pairs name:
//!
//! ```text
//! z_j = Σ_k x_k y_jk        r_j = n_j / z_j        x'_k = x_k Σ_j r_j y_jk + prior_k
//! ```
//!
//! The innermost loops are in [`super::pull`]; here is what is done once a row. Rows with many
//! pairs are summed a segment at a time, and the segments in `f64`.

use super::lanes::{Group, Kernel, Lanes, Real};
use super::logs::{Logs, Weights, logs_of_rows};
use super::matrix;
use super::pull::{Any, Fixed, Pull};
use crate::Rows;

/// Pairs that are summed in the matrix' own precision before the sum is added to an `f64`:
/// bounds the rounding error of a row of a million pairs in 32 bits.
pub(crate) const SEGMENT: usize = 2048;

/// What a pass over a side is to do, the same for every row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order<'a, T: Real> {
    /// The sparse matrix by this side's rows.
    pub(crate) pairs: &'a Rows,
    /// The other side's rows.
    pub(crate) others: &'a [Group<T>],
    /// What every row is multiplied by before it is used.
    pub(crate) scale: &'a [Group<T>],
    /// What is added to every new row.
    pub(crate) prior: &'a [Group<T>],
    /// How many topics there are, padding not counted.
    pub(crate) topics: usize,
    /// For documents: how many tokens each has. Asks for the logarithms that the likelihood
    /// needs.
    pub(crate) tokens: Option<&'a [f64]>,
    /// Whether to compute new rows at all, or only [`Logs::cells`] of the old ones.
    pub(crate) pull: bool,
}

impl<T: Real> Order<'_, T> {
    fn groups(&self) -> usize {
        self.scale.len()
    }
}

/// A thread's working memory, the same for every task.
#[derive(Debug)]
pub(crate) struct Scratch<T: Real> {
    x: Vec<Group<T>>,
    sum: Vec<Group<T>>,
    long: Vec<f64>,
    z: Vec<T>,
}

impl<T: Real> Scratch<T> {
    /// For rows of so many groups.
    pub(crate) fn new(groups: usize) -> Self {
        let zero = T::from_f64(0.0);
        Self {
            x: vec![T::group(zero); groups],
            sum: vec![T::group(zero); groups],
            long: vec![0.0; groups * T::LANES],
            z: vec![zero; 2 * SEGMENT],
        }
    }

    /// How many bytes one takes.
    pub(crate) fn bytes(groups: usize) -> usize {
        groups * (2 * size_of::<Group<T>>() + 8 * T::LANES) + 2 * SEGMENT * size_of::<T>()
    }
}

/// Whole rows: replaces `own` by the new rows.
pub(crate) struct WholeRows<'a, T: Real> {
    /// What to do.
    pub(crate) order: Order<'a, T>,
    /// The number of the first row.
    pub(crate) first: usize,
    /// The rows.
    pub(crate) own: &'a mut [Group<T>],
    /// The new rows' column sums, lane by lane; empty where nobody needs them.
    pub(crate) columns: &'a mut [f64],
    /// Working memory.
    pub(crate) scratch: &'a mut Scratch<T>,
}

impl<T: Real> Kernel<T> for WholeRows<'_, T> {
    type Output = Logs;

    #[inline(always)]
    fn call<L: Lanes<T>>(self, lanes: L) -> Logs {
        let mut logs = logs_of_rows(&self.order, self.first, self.own);
        if self.order.pull {
            let others = self.order.others;
            logs.pairs = match self.order.groups() {
                1 => self.rows(lanes, Fixed::<T, 1>(others.as_chunks().0)),
                2 => self.rows(lanes, Fixed::<T, 2>(others.as_chunks().0)),
                3 => self.rows(lanes, Fixed::<T, 3>(others.as_chunks().0)),
                4 => self.rows(lanes, Fixed::<T, 4>(others.as_chunks().0)),
                5 => self.rows(lanes, Fixed::<T, 5>(others.as_chunks().0)),
                _ => self.rows(lanes, Any(others)),
            };
        }
        logs
    }
}

impl<T: Real> WholeRows<'_, T> {
    /// Computes every row; returns `Σ n ln z` if the order asks for it.
    #[inline(always)]
    fn rows<L: Lanes<T>, P: Pull<T>>(self, lanes: L, others: P) -> f64 {
        let Self {
            order,
            first,
            own,
            columns,
            scratch,
        } = self;
        let groups = order.groups();
        let offsets = order.pairs.offsets();
        let mut weights = Weights::new(order.tokens.is_some(), offsets[first]);
        for (row, x) in own.chunks_exact_mut(groups).enumerate() {
            let row = first + row;
            for ((scaled, x), scale) in scratch.x.iter_mut().zip(x.iter()).zip(order.scale) {
                *scaled = lanes.store(lanes.mul(lanes.load(x), lanes.load(scale)));
            }
            let (begin, end) = (offsets[row], offsets[row + 1]);
            let short = end - begin <= SEGMENT;
            pull(
                lanes,
                &order,
                begin..end,
                &others,
                scratch,
                &mut weights,
                !short,
            );
            if short {
                for (((x, scaled), sum), prior) in x
                    .iter_mut()
                    .zip(&scratch.x)
                    .zip(&scratch.sum)
                    .zip(order.prior)
                {
                    let new = lanes.mul(lanes.load(scaled), lanes.load(sum));
                    *x = lanes.store(lanes.add(new, lanes.load(prior)));
                }
            } else {
                combine(x, order.scale, &scratch.long, order.prior);
            }
        }
        add_columns(own, columns);
        weights.finish(order.pairs.counts(), &scratch.z)
    }
}

/// A piece of one long row: adds `Σ_j r_j y_jk` of its pairs to `sums`.
pub(crate) struct RowPiece<'a, T: Real> {
    /// What to do.
    pub(crate) order: Order<'a, T>,
    /// Which pairs.
    pub(crate) pairs: std::ops::Range<usize>,
    /// The row as it was.
    pub(crate) row: &'a [Group<T>],
    /// Where the sums go, lane by lane.
    pub(crate) sums: &'a mut [f64],
    /// Working memory.
    pub(crate) scratch: &'a mut Scratch<T>,
}

impl<T: Real> Kernel<T> for RowPiece<'_, T> {
    type Output = Logs;

    #[inline(always)]
    fn call<L: Lanes<T>>(self, lanes: L) -> Logs {
        let Self {
            order,
            pairs,
            row,
            sums,
            scratch,
        } = self;
        for ((scaled, x), scale) in scratch.x.iter_mut().zip(row).zip(order.scale) {
            *scaled = lanes.store(lanes.mul(lanes.load(x), lanes.load(scale)));
        }
        let mut weights = Weights::new(order.tokens.is_some(), pairs.start);
        // Pieces are few and long; the loops for any width do them well.
        pull(
            lanes,
            &order,
            pairs,
            &Any(order.others),
            scratch,
            &mut weights,
            true,
        );
        sums.copy_from_slice(&scratch.long);
        Logs {
            pairs: weights.finish(order.pairs.counts(), &scratch.z),
            ..Logs::default()
        }
    }
}

/// A long row's last step: the new row from the sums of its pieces.
pub(crate) fn combine<T: Real>(
    row: &mut [Group<T>],
    scale: &[Group<T>],
    sums: &[f64],
    prior: &[Group<T>],
) {
    let (scale, prior) = (matrix::lanes(scale), matrix::lanes(prior));
    for (((x, scale), sum), prior) in matrix::lanes_mut(row).zip(scale).zip(sums).zip(prior) {
        *x = T::from_f64((*x * *scale).to_f64() * sum + prior.to_f64());
    }
}

/// Adds every row's cells to the column sums (if there are any).
#[inline(always)]
pub(crate) fn add_columns<T: Real>(rows: &[Group<T>], columns: &mut [f64]) {
    if columns.is_empty() {
        return;
    }
    for row in rows.chunks_exact(columns.len() / T::LANES) {
        for (group, sums) in row.iter().zip(columns.chunks_exact_mut(T::LANES)) {
            for (sum, cell) in sums.iter_mut().zip(group.0.as_ref()) {
                *sum += cell.to_f64();
            }
        }
    }
}

/// Pulls some pairs of a row: a segment at a time into `scratch.sum`, and, if the row is `long`,
/// their sum into `scratch.long`.
#[inline(always)]
fn pull<T: Real, L: Lanes<T>, P: Pull<T>>(
    lanes: L,
    order: &Order<'_, T>,
    pairs: std::ops::Range<usize>,
    others: &P,
    scratch: &mut Scratch<T>,
    weights: &mut Weights,
    long: bool,
) {
    let (columns, counts) = (order.pairs.columns(), order.pairs.counts());
    if long {
        scratch.long.fill(0.0);
    }
    let mut begin = pairs.start;
    loop {
        let end = (begin + SEGMENT).min(pairs.end);
        let room = weights.room(end - begin, counts, &scratch.z);
        let z = &mut scratch.z[room];
        let (columns, counts) = (&columns[begin..end], &counts[begin..end]);
        others.pull(lanes, &scratch.x, columns, counts, &mut scratch.sum, z);
        if long {
            add_columns(&scratch.sum, &mut scratch.long);
        }
        begin = end;
        if begin >= pairs.end {
            break;
        }
    }
}
