//! A period that no calendar knows, from the autocorrelation: garbage collection, compaction,
//! retention, a test's cycle.
//!
//! The newest 1008 values, less a line and outliers; the proposal is the lag of the first peak of the
//! autocorrelation that no later one beats by a tenth, if it is above ¼ and rises by that above
//! the least of the shorter lags. Whether it is a season, `agreement` decides.

use super::agreement::observed_mean;
use crate::numeric::{at, count_f64, line, median, part, tail};

/// Fewer values are not searched, and no more than this many are.
const FEWEST: usize = 30;
const MOST: usize = 1008;
const SHORTEST: usize = 3;
const LONGEST: usize = 400;
/// Least autocorrelation, and rise of it above the least one of any shorter lag.
const LEAST: f64 = 0.25;
/// A longer period must be this much better.
const BETTER: f64 = 1.1;
/// Values further from the median than this many (robust) standard deviations are cut back to it.
const OUTLIER: f64 = 4.0;

/// The lag that the series repeats itself at, if there is one. O(n × 400).
pub(super) fn search(values: &[f64]) -> Option<usize> {
    let newest = tail(values, MOST);
    if newest.len() < FEWEST {
        return None;
    }
    let middle = observed_mean(newest);
    let filled: Vec<f64> = newest
        .iter()
        .map(|value| if value.is_nan() { middle } else { *value })
        .collect();
    let (intercept, slope) = line(&filled);
    let mut rest: Vec<f64> = newest
        .iter()
        .enumerate()
        .map(|(index, value)| value - intercept - slope * count_f64(index))
        .collect();
    cut_outliers(&mut rest);
    let count = rest.len();
    let power = dot(&rest, &rest) / count_f64(count);
    if power <= 0.0 || !power.is_finite() {
        return None;
    }
    let longest = (count / 3).min(LONGEST);
    let correlation: Vec<f64> = (0..=longest + 1)
        .map(|lag| dot(part(&rest, lag, count), &rest) / (count_f64(count - lag) * power))
        .collect();
    let (mut least, mut best, mut found) = (1.0_f64, 0.0, None);
    for lag in 1..=longest {
        let present = at(&correlation, lag);
        least = least.min(present);
        let peak = present >= at(&correlation, lag - 1) && present >= at(&correlation, lag + 1);
        let strong = present > LEAST && present - least > LEAST && present > best * BETTER;
        if lag >= SHORTEST && peak && strong {
            (best, found) = (present, Some(lag));
        }
    }
    found
}

/// Sum of products over the shorter length, in eight sums that the compiler keeps side by side.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let b = part(b, 0, a.len());
    let (wide_a, wide_b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest = wide_a.remainder().iter().zip(wide_b.remainder());
    let rest: f64 = rest.map(|(a, b)| a * b).sum();
    let mut sums = [0.0; 8];
    for (a, b) in wide_a.zip(wide_b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// Missing values become 0, outliers what is just not one.
fn cut_outliers(rest: &mut [f64]) {
    let mut sizes: Vec<f64> = rest
        .iter()
        .filter(|v| !v.is_nan())
        .map(|v| v.abs())
        .collect();
    let scale = 1.4826 * median(&mut sizes);
    let most = if scale > 0.0 {
        OUTLIER * scale
    } else {
        f64::MAX
    };
    for value in rest {
        *value = if value.is_nan() {
            0.0
        } else {
            value.clamp(-most, most)
        };
    }
}
