//! Random numbers that depend on the seed and on a place, and on nothing else.
//!
//! The generator is SplitMix64 (Steele, Lea and Flood 2014) used as a hash: the pair picks the
//! stream, the topic the place in it. Each 64-bit number gives two uniform numbers in (0, 1), of
//! 31 bits each: a start needs variety, not precision. Whole-number arithmetic throughout, so a
//! start is the same on every platform.

/// Fills `mix` with the numbers of a pair, 0 to 2^31 - 1, two from each hash.
pub(crate) fn numbers(seed: u64, document: u64, word: u64, mix: &mut [[i32; 2]]) {
    let stream = hash(seed ^ hash(document << 32 | word));
    for (place, two) in (1..).zip(mix) {
        let bits = hash(stream.wrapping_add(GOLDEN.wrapping_mul(place)));
        *two = [(bits >> 33) as i32, (bits as u32 >> 1) as i32];
    }
}

/// 2^64 divided by the golden ratio: SplitMix64's step.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// SplitMix64's output function: every bit of the input reaches every bit of the output.
pub(crate) fn hash(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn the_numbers_of_different_pairs_are_uniform_and_independent() {
        let mut mixes = [[[0; 2]; 10]; 2];
        let (mut sum, mut product, mut count) = (0.0, 0.0, 0.0);
        for document in 0..100 {
            for word in 0..100 {
                numbers(1, document, word, &mut mixes[0]);
                numbers(1, document, word + 1, &mut mixes[1]);
                let [one, other] = &mixes;
                for (one, other) in one.as_flattened().iter().zip(other.as_flattened()) {
                    let unit = |u: i32| f64::from(u) / f64::from(1u32 << 31);
                    sum += unit(*one);
                    product += (unit(*one) - 0.5) * (unit(*other) - 0.5);
                    count += 1.0;
                }
            }
        }
        // Three standard errors of the mean, and of the covariance.
        assert!((sum / count - 0.5).abs() < 3.0 * (1.0 / 12.0f64 / count).sqrt());
        assert!((product / count).abs() < 3.0 / 12.0 / f64::sqrt(count));
    }
}
