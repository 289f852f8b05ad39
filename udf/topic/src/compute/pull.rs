//! The innermost loops: what a row pulls from the rows of the other side that its pairs name.
//!
//! Pairs are taken eight at a time, so that eight rows are on their way from memory at once and
//! the sums over topics share their instructions. Every pair is added to the row's sum in turn,
//! whether it was taken among eight or alone, in registers or through memory: the way is not
//! seen in the bits.

use super::lanes::{BATCH, Group, Lanes, Real};

/// The other side's rows, read by number.
pub(crate) trait Pull<T: Real> {
    /// `sum_k = Σ_j r_j y_jk` over some pairs of a row, and every pair's `z_j`.
    fn pull<L: Lanes<T>>(
        &self,
        lanes: L,
        x: &[Group<T>],
        columns: &[u32],
        counts: &[u32],
        sum: &mut [Group<T>],
        z: &mut [T],
    );
}

/// Rows of `G` groups: the sums stay in registers.
pub(crate) struct Fixed<'a, T: Real, const G: usize>(pub(crate) &'a [[Group<T>; G]]);

impl<T: Real, const G: usize> Fixed<'_, T, G> {
    #[inline(always)]
    fn batch<L: Lanes<T>>(
        &self,
        lanes: L,
        x: &[L::Vector; G],
        columns: &[u32; BATCH],
        counts: &[u32; BATCH],
        sum: &mut [L::Vector; G],
    ) -> [T; BATCH] {
        let mut y = [&self.0[columns[0] as usize]; BATCH];
        for (y, column) in y.iter_mut().zip(columns).skip(1) {
            *y = &self.0[*column as usize];
        }
        let mut z = [x[0]; BATCH];
        for (z, y) in z.iter_mut().zip(y) {
            *z = lanes.mul(x[0], lanes.load(&y[0]));
            for g in 1..G {
                *z = lanes.add(*z, lanes.mul(x[g], lanes.load(&y[g])));
            }
        }
        let z = lanes.sums(z);
        let mut r = z;
        for (r, count) in r.iter_mut().zip(counts) {
            *r = T::from_count(*count) / *r;
        }
        for (r, y) in r.into_iter().zip(y) {
            let r = lanes.splat(r);
            for g in 0..G {
                sum[g] = lanes.add(sum[g], lanes.mul(r, lanes.load(&y[g])));
            }
        }
        z
    }
}

impl<T: Real, const G: usize> Pull<T> for Fixed<'_, T, G> {
    #[inline(always)]
    fn pull<L: Lanes<T>>(
        &self,
        lanes: L,
        x: &[Group<T>],
        columns: &[u32],
        counts: &[u32],
        sums: &mut [Group<T>],
        z: &mut [T],
    ) {
        let zero = lanes.splat(T::from_f64(0.0));
        let mut vector = [zero; G];
        for (vector, x) in vector.iter_mut().zip(x) {
            *vector = lanes.load(x);
        }
        let x = vector;
        let mut sum = [zero; G];
        let (columns, last_columns) = columns.as_chunks::<BATCH>();
        let (counts, last_counts) = counts.as_chunks::<BATCH>();
        let (z, last_z) = z.as_chunks_mut::<BATCH>();
        for ((columns, counts), z) in columns.iter().zip(counts).zip(z) {
            *z = self.batch(lanes, &x, columns, counts, &mut sum);
        }
        for ((column, count), z) in last_columns.iter().zip(last_counts).zip(last_z) {
            let y = &self.0[*column as usize];
            let mut products = lanes.mul(x[0], lanes.load(&y[0]));
            for g in 1..G {
                products = lanes.add(products, lanes.mul(x[g], lanes.load(&y[g])));
            }
            *z = lanes.sum(products);
            let r = lanes.splat(T::from_count(*count) / *z);
            for g in 0..G {
                sum[g] = lanes.add(sum[g], lanes.mul(r, lanes.load(&y[g])));
            }
        }
        for (store, sum) in sums.iter_mut().zip(sum) {
            *store = lanes.store(sum);
        }
    }
}

/// Rows of any width: groups outside, pairs inside, so that a group of the sum is loaded and
/// stored once for eight pairs. The same additions in the same order as [`Fixed`].
pub(crate) struct Any<'a, T: Real>(pub(crate) &'a [Group<T>]);

impl<T: Real> Any<'_, T> {
    #[inline(always)]
    fn batch<L: Lanes<T>>(
        &self,
        lanes: L,
        x: &[Group<T>],
        columns: &[u32; BATCH],
        counts: &[u32; BATCH],
        sum: &mut [Group<T>],
    ) -> [T; BATCH] {
        let groups = x.len();
        let mut y = [&self.0[..0]; BATCH];
        for (y, column) in y.iter_mut().zip(columns) {
            *y = &self.0[*column as usize * groups..][..groups];
        }
        let mut z = [lanes.splat(T::from_f64(0.0)); BATCH];
        for (g, x) in x.iter().enumerate() {
            let x = lanes.load(x);
            for (z, y) in z.iter_mut().zip(y) {
                let product = lanes.mul(x, lanes.load(&y[g]));
                *z = if g == 0 {
                    product
                } else {
                    lanes.add(*z, product)
                };
            }
        }
        let z = lanes.sums(z);
        let mut r = z;
        for (r, count) in r.iter_mut().zip(counts) {
            *r = T::from_count(*count) / *r;
        }
        for (g, sum) in sum.iter_mut().enumerate() {
            let mut new = lanes.load(sum);
            for (r, y) in r.iter().zip(y) {
                new = lanes.add(new, lanes.mul(lanes.splat(*r), lanes.load(&y[g])));
            }
            *sum = lanes.store(new);
        }
        z
    }
}

impl<T: Real> Pull<T> for Any<'_, T> {
    #[inline(always)]
    fn pull<L: Lanes<T>>(
        &self,
        lanes: L,
        x: &[Group<T>],
        columns: &[u32],
        counts: &[u32],
        sums: &mut [Group<T>],
        z: &mut [T],
    ) {
        sums.fill(T::group(T::from_f64(0.0)));
        for ((columns, counts), z) in columns
            .chunks(BATCH)
            .zip(counts.chunks(BATCH))
            .zip(z.chunks_mut(BATCH))
        {
            let length = columns.len();
            let mut all_columns = [columns[0]; BATCH];
            let mut all_counts = [0; BATCH];
            all_columns[..length].copy_from_slice(columns);
            all_counts[..length].copy_from_slice(counts);
            let all_z = self.batch(lanes, x, &all_columns, &all_counts, sums);
            z.copy_from_slice(&all_z[..length]);
        }
    }
}
