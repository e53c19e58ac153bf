//! Classical decomposition, and whether there is a season at all.

use crate::numeric::{at, count_f64, mean, part};

/// The 95th percentile of the standard normal distribution, as the M4 benchmarks have it.
const M4_NORMAL: f64 = 1.645;

/// Whether the autocorrelation at the season is significant at 90 %, as the M4 benchmarks test it:
/// `|r_m| > 1.645 √((1 + 2 Σ_{i<m} r_i²)/n)`. Seasons below 4 and fewer than two cycles: no. O(n m).
pub(crate) fn is_seasonal(values: &[f64], season: usize) -> bool {
    let count = values.len();
    if season < 4 || count < 2 * season {
        return false;
    }
    let middle = mean(values);
    let spread: f64 = values.iter().map(|v| (v - middle) * (v - middle)).sum();
    let correlation = |lag: usize| {
        let pairs = values.iter().zip(part(values, lag, count));
        pairs.map(|(a, b)| (a - middle) * (b - middle)).sum::<f64>() / spread
    };
    let before: f64 = (1..season).map(|lag| correlation(lag).powi(2)).sum();
    let limit = M4_NORMAL * ((1.0 + 2.0 * before) / count_f64(count)).sqrt();
    correlation(season).abs() > limit
}

/// Seasonal indices by centred moving averages, one a phase, the first value's first: amounts with
/// mean 0, or factors with mean 1. `None` below two cycles, and for factors that are not finite.
/// O(n m).
pub(crate) fn indices(values: &[f64], season: usize, factors: bool) -> Option<Vec<f64>> {
    if season < 2 || values.len() < 2 * season {
        return None;
    }
    let half = season / 2;
    let width = 2 * half + 1;
    // An even season's window is one longer, and its ends count half.
    let ends = if season.is_multiple_of(2) { 0.5 } else { 0.0 };
    let mut sums = vec![(0.0, 0_u32); season];
    let mut phases = (0..season).cycle().skip(half);
    for window in values.windows(width) {
        let outer = at(window, 0) + at(window, width - 1);
        let trend = (window.iter().sum::<f64>() - ends * outer) / count_f64(season);
        let value = at(window, half);
        let phase = phases.next().unwrap_or(0);
        if let Some((sum, count)) = sums.get_mut(phase) {
            *sum += if factors {
                value / trend
            } else {
                value - trend
            };
            *count += 1;
        }
    }
    let mut indices: Vec<f64> = sums
        .iter()
        .map(|(sum, count)| sum / f64::from(*count))
        .collect();
    let middle = mean(&indices);
    for index in &mut indices {
        if factors {
            *index /= middle;
        } else {
            *index -= middle;
        }
    }
    indices.iter().all(|v| v.is_finite()).then_some(indices)
}

/// `values` without the season whose first index is the first value's.
pub(crate) fn adjusted(values: &[f64], indices: &[f64], factors: bool) -> Vec<f64> {
    let pairs = values.iter().zip(indices.iter().cycle());
    pairs
        .map(|(value, index)| {
            if factors {
                value / index
            } else {
                value - index
            }
        })
        .collect()
}

/// The indices from `from` on, the next step's first.
pub(crate) fn turned(indices: &[f64], from: usize) -> Vec<f64> {
    let mut turned = indices.to_vec();
    let length = turned.len().max(1);
    turned.rotate_left(from % length);
    turned
}

/// The least and the greatest value.
pub(crate) fn range(values: &[f64]) -> (f64, f64) {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (low, high)
}

/// Whether all values are the same, up to rounding.
pub(crate) fn is_constant(values: &[f64]) -> bool {
    let (low, high) = range(values);
    high - low <= 1e-12 * high.abs().max(low.abs())
}
