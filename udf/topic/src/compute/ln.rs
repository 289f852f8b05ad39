//! Natural logarithms by the million.
//!
//! [`ln`] is branchless, so that the compiler makes vectors of it: the exponent is taken out,
//! the rest, between 0.707 and 1.414, goes through `ln m = 2 atanh((m - 1) / (m + 1))`, whose
//! series is cut where the rest is below 4e-16. It refuses nothing: zero, negative, subnormal and
//! infinite inputs give meaningless numbers, and no caller has any.
//!
//! [`Product`] takes the logarithm of a product without any logarithm, for sums that need no
//! weights.

/// The square root of 2 in bits, rounded down to what is needed.
const SQRT_HALF_BITS: u64 = 0x3FE6_A09E_0000_0000;
/// 2^52: its bits with a small integer added are that integer, added.
const INTEGER_BITS: u64 = 0x4330_0000_0000_0000;
const MANTISSA: u64 = 0x000F_FFFF_FFFF_FFFF;

/// `ln x` for positive normal finite `x`; the error is below 1e-15 or two units in the last
/// place, whichever is more.
#[inline(always)]
pub(crate) fn ln(x: f64) -> f64 {
    // Moves [sqrt(1/2), sqrt(2)) to exponent 0: a bias keeps the difference positive.
    let bits = x
        .to_bits()
        .wrapping_sub(SQRT_HALF_BITS)
        .wrapping_add(1023 << 52);
    let exponent =
        f64::from_bits((bits >> 52) | INTEGER_BITS) - (f64::from_bits(INTEGER_BITS) + 1023.0);
    let m = f64::from_bits((bits & MANTISSA).wrapping_add(SQRT_HALF_BITS));
    let s = (m - 1.0) / (m + 1.0);
    let t = s * s;
    let (t2, t4) = (t * t, (t * t) * (t * t));
    let low = (2.0 + t * (2.0 / 3.0)) + t2 * (2.0 / 5.0 + t * (2.0 / 7.0));
    let high = (2.0 / 9.0 + t * (2.0 / 11.0)) + t2 * (2.0 / 13.0 + t * (2.0 / 15.0));
    let series = low + t4 * (high + t4 * (2.0 / 17.0));
    exponent * std::f64::consts::LN_2 + s * series
}

/// The logarithm of a product of any length: a mantissa in [1, 2) and an exponent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Product {
    mantissa: f64,
    exponent: u64,
    factors: u64,
}

impl Product {
    /// The empty product, 1.
    pub(crate) const ONE: Self = Self {
        mantissa: 1.0,
        exponent: 0,
        factors: 0,
    };

    /// Multiplies by a positive normal finite number.
    #[inline(always)]
    pub(crate) fn multiply(&mut self, factor: f64) {
        let bits = (self.mantissa * factor).to_bits();
        self.mantissa = f64::from_bits((bits & MANTISSA) | (1023 << 52));
        self.exponent += bits >> 52;
        self.factors += 1;
    }

    /// The logarithm.
    pub(crate) fn ln(self) -> f64 {
        let exponent = self.exponent as f64 - 1023.0 * self.factors as f64;
        exponent * std::f64::consts::LN_2 + ln(self.mantissa)
    }
}

#[cfg(test)]
mod tests {
    use super::{Product, ln};

    #[test]
    fn the_logarithm_agrees_with_the_standard_library() {
        let mut worst: f64 = 0.0;
        let mut x = 1e-300;
        while x < 1e300 {
            worst = worst.max((ln(x) - x.ln()).abs() / x.ln().abs().max(1.0));
            x *= 1.0007;
        }
        for i in 0..200_000 {
            let x = 0.5 + f64::from(i) * 1e-5;
            worst = worst.max((ln(x) - x.ln()).abs());
        }
        assert!(worst < 1e-15, "{worst:e}");
        assert_eq!(ln(1.0), 0.0);
    }

    #[test]
    fn a_product_far_beyond_any_float_has_a_logarithm() {
        let mut product = Product::ONE;
        let mut sum = 0.0;
        for i in 1..100_000 {
            let factor = if i % 3 == 0 {
                1e-12
            } else {
                f64::from(i) * 1e7
            };
            product.multiply(factor);
            sum += factor.ln();
        }
        assert!((product.ln() / sum - 1.0).abs() < 1e-13);
    }
}
