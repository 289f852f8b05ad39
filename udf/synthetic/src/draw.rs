//! Random draws: seeded streams, and the few distributions that traffic needs.
//!
//! Everything is derived from the 64-bit words of ChaCha8 (`rand_chacha`, whose stream is
//! specified and portable) by the arithmetic below, not by `rand`'s distributions, whose results
//! may change between releases. Only `ln`, `cos` and `exp` of the platform's mathematics library
//! remain: they may differ in the last bit from one operating system to another.
//!
//! It refuses nothing: callers pass non-empty ranges and finite parameters.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// One step of splitmix64 (Steele, Lea and Flood 2014): a well mixed hash of `x`.
pub(super) fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The number in `0..n` that a 64-bit word stands for, without modulo bias worth mentioning.
pub(super) fn scale(word: u64, n: usize) -> usize {
    ((u128::from(word) * n as u128) >> 64) as usize
}

/// The number in `[0, 1)` that a 64-bit word stands for.
pub(super) fn share_of(word: u64) -> f64 {
    (word >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// True for a share of all ids: a trait that each keeps. Aspects are independent.
pub(super) fn trait_of(id: u32, aspect: u64, share: f64) -> bool {
    share_of(mix(u64::from(id) | (aspect << 40))) < share
}

/// A stream of random draws.
pub(super) struct Draw {
    rng: ChaCha8Rng,
    /// Box and Muller give normals in pairs; this is the one not yet used.
    spare: Option<f64>,
}

impl Draw {
    /// Stream number `stream` of the family that `key` names: independent of all its others.
    pub(super) fn new(key: &[u64; 3], stream: u64) -> Self {
        let mut seed = [0u8; 32];
        let mut state = 0;
        for (i, chunk) in seed.chunks_exact_mut(8).enumerate() {
            state = mix(state ^ key.get(i).copied().unwrap_or(0));
            chunk.copy_from_slice(&state.to_le_bytes());
        }
        let mut rng = ChaCha8Rng::from_seed(seed);
        rng.set_stream(stream);
        Self { rng, spare: None }
    }

    /// 64 random bits.
    pub(super) fn word(&mut self) -> u64 {
        self.rng.next_u64()
    }

    /// A number in `[0, 1)`.
    pub(super) fn unit(&mut self) -> f64 {
        share_of(self.word())
    }

    /// True with probability `p`.
    pub(super) fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// An index in `0..n`; `n` must not be 0.
    pub(super) fn below(&mut self, n: usize) -> usize {
        scale(self.word(), n)
    }

    /// An integer in `low..=high`.
    pub(super) fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below((high - low) as usize + 1) as u32
    }

    /// A port in `low..=high`.
    pub(super) fn port(&mut self, low: u16, high: u16) -> u16 {
        low + self.below(usize::from(high - low) + 1) as u16
    }

    /// A real number in `[low, high)`.
    pub(super) fn within(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// One of `items`, which must not be empty.
    pub(super) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// An index in `0..n`, nearly harmonic: `n^u - 1` has density `1 / (index + 1)`.
    pub(super) fn harmonic(&mut self, n: usize) -> usize {
        (((n as f64 + 1.0).powf(self.unit()) - 1.0) as usize).min(n - 1)
    }

    /// A standard normal (Box and Muller 1958).
    pub(super) fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        let (sin, cos) = (std::f64::consts::TAU * self.unit()).sin_cos();
        self.spare = Some(radius * sin);
        radius * cos
    }

    /// A log-normal with the given median; `sigma` is the standard deviation of its logarithm.
    pub(super) fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        if sigma == 0.0 {
            median
        } else {
            median * (sigma * self.normal()).exp()
        }
    }

    /// Puts `items` in random order (Fisher and Yates).
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last + 1);
            items.swap(last, other);
        }
    }
}

/// A discrete distribution with constant time draws (Walker 1977, built as by Vose 1991).
#[derive(Debug, Clone)]
pub(super) struct Alias {
    /// For each index: keep it if the coin is below the threshold, else take the other one.
    cells: Vec<(u32, u32)>,
}

impl Alias {
    /// Index `i` is drawn in proportion to `weights[i]`, which must be finite, not negative and
    /// fewer than 2^32. Where all are zero, every index is as likely.
    pub(super) fn new(weights: &[f64]) -> Self {
        let n = weights.len();
        let total: f64 = weights.iter().sum();
        let mut scaled: Vec<f64> = weights
            .iter()
            .map(|w| {
                if total > 0.0 {
                    w * n as f64 / total
                } else {
                    1.0
                }
            })
            .collect();
        let mut cells: Vec<(u32, u32)> = (0..n).map(|i| (u32::MAX, i as u32)).collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) =
            (0..n).partition(|&i| scaled[i] < 1.0);
        while let (Some(&below), Some(&above)) = (small.last(), large.last()) {
            small.pop();
            // `as` saturates: a weight of nearly 1 becomes the largest threshold.
            cells[below] = ((scaled[below] * 4_294_967_296.0) as u32, above as u32);
            scaled[above] -= 1.0 - scaled[below];
            if scaled[above] < 1.0 {
                large.pop();
                small.push(above);
            }
        }
        Self { cells }
    }

    /// Popularity by rank: index `i` has weight `1 / (i + 1)^exponent` (Zipf).
    pub(super) fn zipf(n: usize, exponent: f64) -> Self {
        Self::new(
            &(1..=n)
                .map(|rank| (rank as f64).powf(-exponent))
                .collect::<Vec<_>>(),
        )
    }

    /// The index that 64 random (or hashed) bits stand for.
    pub(super) fn pick(&self, word: u64) -> usize {
        // The upper half chooses the cell, the lower half is the coin.
        let cell = (((word >> 32) * self.cells.len() as u64) >> 32) as usize;
        let (threshold, other) = self.cells[cell];
        if (word as u32) < threshold {
            cell
        } else {
            other as usize
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_table_draws_in_proportion_to_the_weights() {
        let mut draw = Draw::new(&[1, 2, 3], 4);
        let alias = Alias::new(&[1.0, 0.0, 3.0, 6.0]);
        let mut seen = [0u32; 4];
        for _ in 0..100_000 {
            seen[alias.pick(draw.word())] += 1;
        }
        assert_eq!(seen[1], 0);
        for (count, expected) in seen.iter().zip([10_000, 0, 30_000, 60_000]) {
            assert!(count.abs_diff(expected) < 1_000, "{seen:?}");
        }
    }

    #[test]
    fn a_log_normal_has_the_asked_median_and_spread() {
        let mut draw = Draw::new(&[1, 2, 3], 5);
        let mut values: Vec<f64> = (0..100_001).map(|_| draw.log_normal(1000.0, 1.5)).collect();
        values.sort_by(f64::total_cmp);
        assert!((values[50_000] / 1000.0).ln().abs() < 0.05);
        // One standard deviation above the median is the 84.13th percentile.
        assert!(((values[84_134] / 1000.0).ln() - 1.5).abs() < 0.05);
    }

    #[test]
    fn streams_of_one_key_and_keys_of_one_stream_differ() {
        let first = Draw::new(&[1, 2, 3], 0).word();
        assert_eq!(first, Draw::new(&[1, 2, 3], 0).word());
        assert_ne!(first, Draw::new(&[1, 2, 3], 1).word());
        assert_ne!(first, Draw::new(&[1, 2, 4], 0).word());
    }
}
