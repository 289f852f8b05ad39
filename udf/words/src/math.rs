//! The logarithms and bins that words are made of, exactly as the original computed them.
//!
//! The original took `log10(x) / log10(2)` in double precision and rounded the quotient. That quotient is a little off
//! near high powers of two, and bins follow it. For whole numbers this module answers from the bit length and a table
//! of the values at which the original's quotient really steps. So no logarithm is computed per row, and no platform's
//! `log10` can move a bin. It refuses to "repair" the steps.
//!
//! Words of generation v2 take their logarithms from the bit length alone: [`log2_of_size`].

/// The cuts of [`entropy_bin`]: 0.0, 0.3, … 5.4 bits, and infinity.
pub const ENTROPY_CUTS: [f64; 20] = [
    0.0,
    0.3,
    0.6,
    0.9,
    1.2,
    1.5,
    1.8,
    2.1,
    2.4,
    2.7,
    3.0,
    3.3,
    3.6,
    3.9,
    4.2,
    4.5,
    4.8,
    5.1,
    5.4,
    f64::INFINITY,
];

/// Below this power of two both quotients step where they should: just above it, and at it.
const FIRST_LATE_STEP: usize = 48;

/// How far above 2^48, 2^49, … 2^62 the rounded-up quotient steps to the next whole number.
///
/// Found by bisection with `Math.log10` of OpenJDK 17 on x86-64, where the quotient is monotone.
const CEIL_STEPS_AFTER: [u64; 15] = [
    2, 3, 6, 11, 4, 10, 59, 117, 248, 529, 1057, 2240, 4480, 9473, 19968,
];

/// How far below 2^48, 2^49, … 2^63 the truncated quotient already steps. Found likewise.
const FLOOR_STEPS_BEFORE: [u64; 16] = [
    1, 2, 3, 7, 14, 28, 90, 178, 340, 663, 1296, 2527, 4799, 9344, 18175, 35328,
];

/// `CEIL_FROM[k]`: the smallest number whose rounded-up logarithm is more than `k`.
const CEIL_FROM: [u64; 64] = {
    let mut from = [0; 64];
    let mut k = 0;
    while k < 64 {
        let late = k >= FIRST_LATE_STEP && k - FIRST_LATE_STEP < CEIL_STEPS_AFTER.len();
        from[k] = (1_u64 << k)
            + if late {
                CEIL_STEPS_AFTER[k - FIRST_LATE_STEP]
            } else {
                1
            };
        k += 1;
    }
    from
};

/// `FLOOR_FROM[k]`: the smallest number whose truncated logarithm is at least `k`.
const FLOOR_FROM: [u64; 65] = {
    let mut from = [u64::MAX; 65];
    let mut k = 0;
    while k < 64 {
        let early = k >= FIRST_LATE_STEP;
        from[k] = (1_u64 << k)
            - if early {
                FLOOR_STEPS_BEFORE[k - FIRST_LATE_STEP]
            } else {
                0
            };
        k += 1;
    }
    from
};

/// `ceil(log10(x) / log10(2))` as the original rounds it.
///
/// 0 has the logarithm minus infinity and gives the smallest 32-bit integer; a negative number has
/// none and gives 0, as the Java conversion of NaN does.
///
/// ```
/// use spotql_words::math::ceil_log2;
/// assert_eq!(ceil_log2(1024), 10);
/// assert_eq!(ceil_log2(1025), 11);
/// ```
#[inline]
pub fn ceil_log2(x: i64) -> i32 {
    if x <= 0 {
        return if x == 0 { i32::MIN } else { 0 };
    }
    let k = x.ilog2();
    k as i32 + i32::from(x as u64 >= CEIL_FROM[k as usize & 63])
}

/// `trunc(log10(x) / log10(2))` as the original rounds it, and 0 for 0.
///
/// A negative number has no logarithm and gives 0, as the Java conversion of NaN does.
#[inline]
pub fn floor_log2(x: i64) -> i32 {
    if x <= 0 {
        return 0;
    }
    let k = x.ilog2();
    k as i32 + i32::from(x as u64 >= FLOOR_FROM[(k as usize & 63) + 1])
}

/// `floor(log2(size + 1))`, exactly: 0 for nothing, then a step at 1, 3, 7, 15 … A negative size
/// counts as nothing.
///
/// ```
/// use spotql_words::math::log2_of_size;
/// assert_eq!([0, 1, 2, 3, 6, 7].map(log2_of_size), [0, 1, 1, 2, 2, 3]);
/// ```
#[inline]
pub fn log2_of_size(size: i64) -> u32 {
    (size.max(0).unsigned_abs() + 1).ilog2()
}

/// Is one size more than four times the other one and a bit, `one > 4 * (other + 1)`? Negative
/// sizes count as nothing.
///
/// The 1 keeps a few bytes against none from looking lopsided.
#[inline]
pub fn outweighs(one: i64, other: i64) -> bool {
    // Saturation changes nothing: what would overflow is more than any `one`.
    one > other.max(0).saturating_add(1).saturating_mul(4)
}

/// [`ceil_log2`] of any number; fractions below 1 give negative results.
pub fn ceil_log2_real(x: f64) -> i32 {
    match whole(x) {
        Some(x) => ceil_log2(x),
        // `as` saturates and takes NaN to 0, as Java's conversion does.
        None => (x.log10() / 2.0_f64.log10()).ceil() as i32,
    }
}

/// [`floor_log2`] of any number; truncates towards 0, so that 0.3 gives -1.
pub fn floor_log2_real(x: f64) -> i32 {
    match whole(x) {
        Some(x) => floor_log2(x),
        None => (x.log10() / 2.0_f64.log10()) as i32,
    }
}

/// The same number as an integer, if it is one and no more than 63 bits long.
fn whole(x: f64) -> Option<i64> {
    // 2^63 itself is out: the conversion would saturate one below it.
    (x.trunc() == x && x.abs() < 9_223_372_036_854_775_808.0).then_some(x as i64)
}

/// The index of the first of [`ENTROPY_CUTS`] that is no smaller than `entropy` (bits): 0 to 19.
///
/// NaN is beyond every cut and gives -1.
#[inline]
pub fn entropy_bin(entropy: f64) -> i32 {
    if entropy.is_nan() {
        return -1;
    }
    // The quotient lands on the bin or beside it; the cuts decide.
    let mut bin = ((entropy / 0.3) as usize).min(ENTROPY_CUTS.len() - 1);
    while bin > 0 && ENTROPY_CUTS[bin - 1] >= entropy {
        bin -= 1;
    }
    while bin < ENTROPY_CUTS.len() - 1 && ENTROPY_CUTS[bin] < entropy {
        bin += 1;
    }
    bin as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quotient(x: i64) -> f64 {
        (x as f64).log10() / 2.0_f64.log10()
    }

    #[test]
    fn the_tables_follow_the_quotient_at_every_power_of_two_up_to_two_to_the_47() {
        for k in 1..FIRST_LATE_STEP as u32 {
            for x in [(1_i64 << k) - 1, 1 << k, (1 << k) + 1] {
                assert_eq!(ceil_log2(x), quotient(x).ceil() as i32, "ceil_log2({x})");
                assert_eq!(floor_log2(x), quotient(x) as i32, "floor_log2({x})");
            }
        }
    }

    #[test]
    fn rounding_up_steps_late_at_high_powers_of_two() {
        for (index, after) in CEIL_STEPS_AFTER.iter().enumerate() {
            let k = FIRST_LATE_STEP + index;
            let step = (1_i64 << k) + *after as i64;
            assert_eq!(
                ceil_log2(step - 1),
                k as i32,
                "just below the step after 2^{k}"
            );
            assert_eq!(ceil_log2(step), k as i32 + 1, "at the step after 2^{k}");
        }
        assert_eq!(ceil_log2(i64::MAX), 63);
    }

    #[test]
    fn truncating_steps_early_at_high_powers_of_two() {
        for (index, before) in FLOOR_STEPS_BEFORE.iter().enumerate() {
            let k = FIRST_LATE_STEP + index;
            let step = ((1_u64 << k) - before) as i64;
            assert_eq!(
                floor_log2(step - 1),
                k as i32 - 1,
                "just below the step before 2^{k}"
            );
            assert_eq!(floor_log2(step), k as i32, "at the step before 2^{k}");
        }
        assert_eq!(floor_log2(i64::MAX), 63);
    }

    #[test]
    fn the_tables_follow_the_quotient_away_from_the_steps() {
        // Multiples of an odd constant visit all magnitudes; the last bit of `log10` differs
        // between C libraries, so that the neighbourhood of the steps is left to the table.
        let mut x = 1_u64;
        for _ in 0..200_000 {
            x = x
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let value = ((x >> 1) >> (x % 60)) as i64;
            let nearest = quotient(value.max(1)).round();
            if value == 0 || (nearest >= 48.0 && (quotient(value) - nearest).abs() < 1e-13) {
                continue;
            }
            assert_eq!(
                ceil_log2(value),
                quotient(value).ceil() as i32,
                "ceil_log2({value})"
            );
            assert_eq!(
                floor_log2(value),
                quotient(value) as i32,
                "floor_log2({value})"
            );
        }
    }

    #[test]
    fn zero_and_negative_numbers_follow_the_java_conversions() {
        assert_eq!(ceil_log2(0), i32::MIN);
        assert_eq!(ceil_log2(-1), 0);
        assert_eq!(ceil_log2(i64::MIN), 0);
        assert_eq!(floor_log2(0), 0);
        assert_eq!(floor_log2(-7), 0);
        assert_eq!(ceil_log2_real(f64::NAN), 0);
        assert_eq!(ceil_log2_real(-0.5), 0);
        assert_eq!(ceil_log2_real(f64::INFINITY), i32::MAX);
    }

    #[test]
    fn sizes_and_their_ratios_hold_at_the_ends_of_the_numbers() {
        assert_eq!([i64::MIN, -1, i64::MAX].map(log2_of_size), [0, 0, 63]);
        assert!(!outweighs(4, 0) && outweighs(5, 0));
        assert!(!outweighs(i64::MAX, i64::MAX) && !outweighs(i64::MIN, i64::MIN));
        assert!(outweighs(i64::MAX, i64::MIN) && outweighs(i64::MAX, i64::MAX / 8));
    }

    #[test]
    fn fractions_have_negative_logarithms() {
        assert_eq!(ceil_log2_real(0.3), -1);
        assert_eq!(floor_log2_real(0.3), -1);
        assert_eq!(ceil_log2_real(0.2), -2);
        assert_eq!(ceil_log2_real(2.5), 2);
        assert_eq!(floor_log2_real(2.5), 1);
    }

    #[test]
    fn an_entropy_on_a_cut_belongs_to_that_cut() {
        for (bin, cut) in ENTROPY_CUTS.iter().enumerate() {
            assert_eq!(entropy_bin(*cut), bin as i32);
            if bin > 0 {
                assert_eq!(entropy_bin(ENTROPY_CUTS[bin - 1].next_up()), bin as i32);
            }
        }
        assert_eq!(entropy_bin(-1.0), 0);
        assert_eq!(entropy_bin(f64::NEG_INFINITY), 0);
        assert_eq!(entropy_bin(1e300), 19);
        assert_eq!(entropy_bin(f64::NAN), -1);
    }
}
