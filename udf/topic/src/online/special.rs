//! Digamma, trigamma, the logarithm of gamma, and the exponential function, by the million.
//!
//! All are sums and quotients without branches, so that the compiler makes vectors of their
//! loops, and none calls the system's library: its bits differ from processor to processor.
//!
//! The gamma family is shifted upwards by 8 and taken from its asymptotic series there
//! (Abramowitz and Stegun 1964, 6.1.40, 6.3.18, 6.4.11). The shift needs one division: with
//! `t = x (x + 7)` the product `x (x + 1) … (x + 7)` is `t (t + 6) (t + 10) (t + 12)`, and the sum
//! of the reciprocals is that product's logarithmic derivative. All terms are positive: nothing
//! cancels. Arguments are positive and below 1e70.

use crate::compute::ln::ln;

/// How far arguments are shifted before a series is used.
const SHIFT: f64 = 8.0;

/// `x (x + 1) … (x + 7)`, and its derivative by `t = x (x + 7)`.
#[inline(always)]
fn rising(x: f64) -> (f64, f64) {
    let t = x * (x + 7.0);
    let product = t * (720.0 + t * (252.0 + t * (28.0 + t)));
    let derivative = 720.0 + t * (504.0 + t * (84.0 + t * 4.0));
    (product, derivative)
}

/// `ψ(x)`, the derivative of `ln Γ(x)`; absolute error below 2e-15 times the larger of 1 and the
/// result.
#[inline(always)]
pub(super) fn digamma(x: f64) -> f64 {
    let (product, derivative) = rising(x);
    let reciprocals = (2.0 * x + 7.0) * derivative / product;
    let y = x + SHIFT;
    let u = 1.0 / y;
    let v = u * u;
    let series = v
        * (1.0 / 12.0
            - v * (1.0 / 120.0
                - v * (1.0 / 252.0
                    - v * (1.0 / 240.0
                        - v * (1.0 / 132.0 - v * (691.0 / 32760.0 - v * (1.0 / 12.0)))))));
    ln(y) - 0.5 * u - series - reciprocals
}

/// `ln Γ(x)`; error below 1e-14 times the larger of 1 and the result, about.
#[inline(always)]
pub(super) fn ln_gamma(x: f64) -> f64 {
    let (product, _) = rising(x);
    let y = x + SHIFT;
    let u = 1.0 / y;
    let v = u * u;
    let series = u
        * (1.0 / 12.0
            - v * (1.0 / 360.0
                - v * (1.0 / 1260.0
                    - v * (1.0 / 1680.0
                        - v * (1.0 / 1188.0 - v * (691.0 / 360_360.0 - v * (1.0 / 156.0)))))));
    (y - 0.5) * ln(y) - y + HALF_LN_TWO_PI + series - ln(product)
}

const HALF_LN_TWO_PI: f64 = 0.918_938_533_204_672_8;

/// `ψ'(x)`. Seldom needed: a loop will do.
pub(super) fn trigamma(x: f64) -> f64 {
    let shifted: f64 = (0..8)
        .map(|step| 1.0 / ((x + f64::from(step)) * (x + f64::from(step))))
        .sum();
    let u = 1.0 / (x + SHIFT);
    let v = u * u;
    let last = 5.0 / 66.0 - v * (691.0 / 2730.0 - v * (7.0 / 6.0));
    let series =
        u * v * (1.0 / 6.0 - v * (1.0 / 30.0 - v * (1.0 / 42.0 - v * (1.0 / 30.0 - v * last))));
    shifted + u + 0.5 * v + series
}

/// The smallest weight a topic has beside the largest: far below any rounding, far above the
/// smallest float, so that products of two are no zeros.
const LEAST_EXPONENT: f64 = -300.0;

/// `e^x` for `x` from -300 to 0, and the values at these ends beyond them; relative error below
/// 1e-15.
#[inline(always)]
pub(super) fn exp(x: f64) -> f64 {
    // Adding 1.5 · 2^52 rounds to a whole number and leaves it in the lowest bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    // ln 2 in two parts, the first with zeros at its end: its multiples are exact.
    const LN_2_HIGH: f64 = f64::from_bits(0x3FE6_2E42_FEE0_0000);
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let x = if x < LEAST_EXPONENT {
        LEAST_EXPONENT
    } else {
        x
    };
    let x = if x > 0.0 { 0.0 } else { x };
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let r = (x - whole * LN_2_HIGH) - whole * LN_2_LOW;
    let r2 = r * r;
    let r4 = r2 * r2;
    // Taylor's series up to the 13th power, in pairs that do not wait for one another.
    let low = (1.0 + r) + r2 * (1.0 / 2.0 + r * (1.0 / 6.0));
    let middle = (1.0 / 24.0 + r * (1.0 / 120.0)) + r2 * (1.0 / 720.0 + r * (1.0 / 5040.0));
    let high = (1.0 / 40_320.0 + r * (1.0 / 362_880.0))
        + r2 * (1.0 / 3_628_800.0 + r * (1.0 / 39_916_800.0));
    let last = 1.0 / 479_001_600.0 + r * (1.0 / 6_227_020_800.0);
    let series = low + r4 * (middle + r4 * (high + r4 * last));
    f64::from_bits(series.to_bits().wrapping_add(shifted.to_bits() << 52))
}

#[cfg(test)]
mod tests {
    use super::{digamma, exp, ln_gamma, trigamma};

    #[test]
    fn the_exponential_function_agrees_with_the_standard_library() {
        for step in 0..3_000_000 {
            let x = -f64::from(step) * 1e-4;
            assert!((exp(x) / x.exp() - 1.0).abs() < 1e-15, "{x}");
        }
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(f64::MIN).to_bits(), exp(-300.0).to_bits());
    }

    #[test]
    fn the_gamma_family_has_its_known_values() {
        const EULER: f64 = 0.577_215_664_901_532_9;
        let close = |ours: f64, known: f64| {
            assert!(
                (ours - known).abs() < 4e-15 * known.abs().max(1.0),
                "{ours} {known}"
            );
        };
        close(digamma(1.0), -EULER);
        close(digamma(0.5), -EULER - 2.0 * std::f64::consts::LN_2);
        close(digamma(10.0), 2.251_752_589_066_721);
        close(digamma(1e-9), -1_000_000_000.577_215_6);
        close(digamma(1e15), 1e15_f64.ln());
        close(ln_gamma(1.0), 0.0);
        close(ln_gamma(2.0), 0.0);
        close(ln_gamma(0.5), 0.5 * std::f64::consts::PI.ln());
        close(ln_gamma(11.0), 3_628_800_f64.ln());
        close(ln_gamma(1e-9), 20.723_265_836_369_2);
        close(trigamma(1.0), std::f64::consts::PI.powi(2) / 6.0);
        close(trigamma(0.5), std::f64::consts::PI.powi(2) / 2.0);
    }

    #[test]
    fn the_gamma_family_obeys_its_recurrences() {
        let mut x = 1e-6;
        while x < 1e12 {
            let step = digamma(x + 1.0) - digamma(x) - 1.0 / x;
            assert!(
                step.abs() < 1e-14 * digamma(x).abs().max(1.0),
                "{x}: {step:e}"
            );
            let step = ln_gamma(x + 1.0) - ln_gamma(x) - x.ln();
            assert!(
                step.abs() < 1e-14 * ln_gamma(x).abs().max(1.0),
                "{x}: {step:e}"
            );
            let step = trigamma(x) - trigamma(x + 1.0) - 1.0 / (x * x);
            assert!(step.abs() < 1e-13 * trigamma(x).max(1.0), "{x}: {step:e}");
            x *= 1.37;
        }
    }
}
