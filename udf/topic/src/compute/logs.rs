//! The sums of logarithms from which likelihood and priors are put together.
//!
//! They are taken while the rows are at hand anyway. The likelihood needs a logarithm for every
//! pair; the priors need only products.

use super::kernel::Order;
use super::lanes::{BATCH, Group, Real};
use super::ln::{Product, ln};

/// Sums of natural logarithms of what entered a pass.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Logs {
    /// `Σ n ln z` over the pairs.
    pub(crate) pairs: f64,
    /// `Σ ln x_k` over rows and topics.
    pub(crate) cells: f64,
    /// `Σ ln Σ_k x_k` over rows.
    pub(crate) rows: f64,
    /// The same, weighted with the rows' tokens.
    pub(crate) tokens: f64,
}

impl Logs {
    /// Adds another part's sums.
    pub(crate) fn add(&mut self, other: &Self) {
        self.pairs += other.pairs;
        self.cells += other.cells;
        self.rows += other.rows;
        self.tokens += other.tokens;
    }
}

/// The logarithms that concern rows, not pairs.
#[inline(always)]
pub(crate) fn logs_of_rows<T: Real>(order: &Order<'_, T>, first: usize, own: &[Group<T>]) -> Logs {
    let groups = order.scale.len();
    let mut logs = Logs::default();
    // Padding would make the product 0: 1 is added to it.
    let full = order.topics / T::LANES;
    let rest = order.topics % T::LANES;
    let mut products = [Product::ONE; 8];
    for row in own.chunks_exact(groups) {
        for group in &row[..full] {
            for (product, cell) in products.iter_mut().zip(group.0.as_ref()) {
                product.multiply(cell.to_f64());
            }
        }
        for group in &row[full..] {
            for (product, cell) in products.iter_mut().zip(&group.0.as_ref()[..rest]) {
                product.multiply(cell.to_f64());
            }
        }
    }
    logs.cells = products.iter().map(|product| product.ln()).sum();
    if let Some(tokens) = order.tokens {
        for (row, tokens) in own.chunks_exact(groups).zip(&tokens[first..]) {
            let mut sums = [0.0; 8];
            for group in row {
                for (sum, cell) in sums.iter_mut().zip(group.0.as_ref()) {
                    *sum += cell.to_f64();
                }
            }
            let [a, b, c, d, e, f, g, h] = sums;
            let sum = ln(((a + e) + (c + g)) + ((b + f) + (d + h)));
            logs.rows += sum;
            logs.tokens += sum * tokens;
        }
    }
    logs
}

/// Collects `Σ n ln z`: the `z` of many short rows are put one after the other, as their counts
/// lie, and go through the logarithm together.
#[derive(Debug)]
pub(crate) struct Weights {
    wanted: bool,
    /// The pair whose `z` is the first one kept.
    first: usize,
    kept: usize,
    sums: [f64; BATCH],
}

impl Weights {
    /// For pairs from `first` on; if the sum is not `wanted`, nothing is kept.
    #[inline(always)]
    pub(crate) fn new(wanted: bool, first: usize) -> Self {
        let sums = [0.0; BATCH];
        Self {
            wanted,
            first,
            kept: 0,
            sums,
        }
    }

    /// Where in `z` the next `length` values belong; makes room for them if need be.
    #[inline(always)]
    pub(crate) fn room<T: Real>(
        &mut self,
        length: usize,
        counts: &[u32],
        z: &[T],
    ) -> std::ops::Range<usize> {
        if self.kept + length > z.len() {
            self.weigh(counts, z);
        }
        let begin = self.kept;
        if self.wanted {
            self.kept += length;
        }
        begin..begin + length
    }

    /// Adds up what is kept. `counts` are those of the whole matrix.
    #[inline(always)]
    fn weigh<T: Real>(&mut self, counts: &[u32], z: &[T]) {
        let counts = &counts[self.first..self.first + self.kept];
        let (many_counts, counts) = counts.as_chunks::<BATCH>();
        let (many_z, z) = z[..self.kept].as_chunks::<BATCH>();
        for (counts, z) in many_counts.iter().zip(many_z) {
            for lane in 0..BATCH {
                self.sums[lane] += f64::from(counts[lane]) * ln(z[lane].to_f64());
            }
        }
        for ((sum, count), z) in self.sums.iter_mut().zip(counts).zip(z) {
            *sum += f64::from(*count) * ln(z.to_f64());
        }
        self.first += self.kept;
        self.kept = 0;
    }

    /// The sum, 0 if it was not wanted.
    #[inline(always)]
    pub(crate) fn finish<T: Real>(mut self, counts: &[u32], z: &[T]) -> f64 {
        self.weigh(counts, z);
        let [a, b, c, d, e, f, g, h] = self.sums;
        ((a + e) + (c + g)) + ((b + f) + (d + h))
    }
}
