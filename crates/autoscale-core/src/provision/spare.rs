//! Spare replicas, by the exact tail of the binomial distribution.

use super::MOST;
use crate::numeric::count_f64;

/// P(Binomial(n, p) < k): the probability that of `replicas`, each up with probability
/// `availability` and independently, fewer than `needed` are up.
///
/// Summed in the logarithm, so that neither the powers nor the coefficients leave the range of a
/// number; relative error about 10⁻¹² × needed. O(needed). `availability` outside 0 … 1 counts as
/// the nearer bound, NaN as 0.
///
/// ```
/// use autoscale_core::binomial_below;
/// // Three replicas of 99 %: two are up unless two or three are down.
/// let exact = 3.0 * 0.99 * 0.01_f64.powi(2) + 0.01_f64.powi(3);
/// assert!((binomial_below(3, 0.99, 2) - exact).abs() < 1e-15);
/// assert_eq!(binomial_below(3, 0.99, 0), 0.0);
/// assert_eq!(binomial_below(3, 0.99, 4), 1.0);
/// ```
#[must_use]
pub fn binomial_below(replicas: u32, availability: f64, needed: u32) -> f64 {
    if needed == 0 {
        return 0.0;
    }
    if needed > replicas {
        return 1.0;
    }
    let up = availability.clamp(0.0, 1.0);
    if up.is_nan() || up <= 0.0 {
        return 1.0;
    }
    if up >= 1.0 {
        return 0.0;
    }
    // From the largest term of the tail downwards: ln C(n, i) p^i q^(n−i), i = needed − 1 … 0.
    let (ln_up, ln_down) = (up.ln(), (-up).ln_1p());
    let n = f64::from(replicas);
    let top = f64::from(needed - 1);
    let ln_term = ln_choose(replicas, needed - 1) + top * ln_up + (n - top) * ln_down;
    // The others relative to it: each is the one above × i ÷ (n − i + 1) × q ÷ p.
    let odds = (ln_down - ln_up).exp();
    let (mut sum, mut term, mut i) = (1.0_f64, 1.0_f64, top);
    while i > 0.0 {
        term *= i / (n - i + 1.0) * odds;
        sum += term;
        i -= 1.0;
        if !sum.is_finite() {
            return 1.0;
        }
        // Below the mode the terms only shrink.
        if term < sum * 1e-18 {
            break;
        }
    }
    (ln_term + sum.ln()).exp().min(1.0)
}

/// ln of the binomial coefficient, from the shorter side.
fn ln_choose(n: u32, k: u32) -> f64 {
    let k = k.min(n - k);
    let n = f64::from(n);
    (0..k)
        .map(|i| ((n - f64::from(i)) / (f64::from(i) + 1.0)).ln())
        .sum()
}

/// The fewest replicas of which fewer than `needed` are up with at most this probability; `None`
/// where a million do not suffice.
pub(super) fn replicas_for(needed: u32, availability: f64, budget: f64) -> Option<u32> {
    let enough = |replicas: u32| binomial_below(replicas, availability, needed) <= budget;
    if enough(needed) {
        return Some(needed);
    }
    // More replicas never make a shortage likelier, so the first that will do is found by halving.
    let (mut few, mut step) = (needed, 1_u32);
    let mut many = loop {
        let next = few.saturating_add(step).min(MOST);
        if enough(next) {
            break next;
        }
        if next == MOST {
            return None;
        }
        (few, step) = (next, step.saturating_mul(2));
    };
    while many - few > 1 {
        let middle = few + (many - few) / 2;
        if enough(middle) {
            many = middle;
        } else {
            few = middle;
        }
    }
    Some(many)
}

/// The smallest sample that at most this share of them exceeds; 0 without samples.
pub(super) fn covered(samples: &[f64], short: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    // That many may be exceeded; division leaves whole counts a hair too low.
    let exceeded = (short * count_f64(sorted.len()) + 1e-9).floor();
    let index = crate::numeric::index(exceeded, sorted.len());
    sorted.get(index).copied().unwrap_or(0.0)
}
