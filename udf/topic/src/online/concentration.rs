//! The documents' concentration: one Newton step towards the alpha under which the documents'
//! mixes are most probable.
//!
//! Maximised is `ln Γ(Σ_k alpha_k) - Σ_k ln Γ(alpha_k) + Σ_k alpha_k t_k` with `t` the mean of
//! `E[ln theta_d]` over documents. Its second derivative is a diagonal plus a constant, so that
//! Newton's step takes linear time (Blei, Ng and Jordan 2003, appendices A.2 and A.4.2).

use super::special::{digamma, ln_gamma, trigamma};

/// The smallest alpha: a topic that no document needs stays a number.
const LEAST: f64 = 1e-6;
/// The largest: where all mixes are equal the maximum lies at infinity.
const MOST: f64 = 1e6;

/// What is maximised, a document.
fn objective(alpha: &[f64], mean_logs: &[f64]) -> f64 {
    let total: f64 = alpha.iter().sum();
    let terms = alpha.iter().zip(mean_logs);
    ln_gamma(total)
        + terms
            .map(|(alpha, mean)| alpha * mean - ln_gamma(*alpha))
            .sum::<f64>()
}

/// Moves `alpha` by `rho` times a step of Newton's, the step halved until it is one upwards.
pub(super) fn improve(alpha: &mut [f64], mean_logs: &[f64], rho: f64) {
    let total: f64 = alpha.iter().sum();
    let (of_total, constant) = (digamma(total), trigamma(total));
    let gradient: Vec<f64> = alpha
        .iter()
        .zip(mean_logs)
        .map(|(alpha, mean)| of_total - digamma(*alpha) + mean)
        .collect();
    let diagonal: Vec<f64> = alpha.iter().map(|alpha| -trigamma(*alpha)).collect();
    let (mut above, mut below) = (0.0, 1.0 / constant);
    for (gradient, diagonal) in gradient.iter().zip(&diagonal) {
        above += gradient / diagonal;
        below += 1.0 / diagonal;
    }
    let common = above / below;
    let before = objective(alpha, mean_logs);
    let mut size = 1.0;
    // A step too far is seldom, and a few halvings shorten any: 2^-30 of one is none at all.
    for _ in 0..30 {
        let moved: Vec<f64> = alpha
            .iter()
            .zip(gradient.iter().zip(&diagonal))
            .map(|(alpha, (gradient, diagonal))| {
                let moved = alpha - size * (gradient - common) / diagonal;
                // The parabola knows nothing of what lies a tenfold away.
                moved.clamp(alpha / 10.0, alpha * 10.0).clamp(LEAST, MOST)
            })
            .collect();
        if objective(&moved, mean_logs) >= before {
            for (alpha, moved) in alpha.iter_mut().zip(moved) {
                *alpha = (*alpha + rho * (moved - *alpha)).clamp(LEAST, MOST);
            }
            return;
        }
        size /= 2.0;
    }
}

#[cfg(test)]
mod tests {
    use super::super::special::digamma;
    use super::{LEAST, MOST, improve};

    #[test]
    fn the_concentrations_that_made_the_mixes_are_found() {
        for known in [[0.01, 0.3, 2.0], [0.5, 0.5, 0.5], [40.0, 3.0, 0.001]] {
            let of_total = digamma(known.iter().sum());
            let mean_logs = known.map(|alpha| digamma(alpha) - of_total);
            let mut alpha = [1.0 / 3.0; 3];
            for _ in 0..60 {
                improve(&mut alpha, &mean_logs, 1.0);
            }
            for (found, known) in alpha.iter().zip(known) {
                assert!((found / known - 1.0).abs() < 1e-4, "{alpha:?} {known}");
            }
        }
    }

    #[test]
    fn mixes_without_a_best_concentration_leave_it_within_bounds() {
        // All alike, or all certain of one topic.
        for mean_logs in [[0.5f64.ln(); 2], [-1e-12, -1e7]] {
            let mut alpha = [0.5; 2];
            for _ in 0..200 {
                improve(&mut alpha, &mean_logs, 1.0);
            }
            assert!(
                alpha.iter().all(|one| (LEAST..=MOST).contains(one)),
                "{alpha:?}"
            );
        }
    }
}
