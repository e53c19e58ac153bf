//! Trends: is there one (Mann–Kendall), how steep (Theil–Sen, Siegel, least squares), does it matter
//! ([`Trend`]). Each works on regular and on irregular times. The two functions here are what the pool
//! calls on its short series of cycle means.

mod cycles;
mod direction;
mod least_squares;
mod mann_kendall;
mod points;
mod siegel;
mod theil_sen;

pub(crate) use cycles::CycleLevels;
pub use direction::{Trend, TrendDirection};
pub use least_squares::LeastSquares;
pub use mann_kendall::MannKendall;
pub use points::{MAX_PAIRWISE_POINTS, Points};
pub use siegel::Siegel;
pub use theil_sen::TheilSen;

use crate::numeric::{count_f64, median, part};

/// Mann–Kendall's statistic over its standard deviation, without ties' correction; 0 below 4 values.
pub(crate) fn mann_kendall_z(values: &[f64]) -> f64 {
    let count = count_f64(values.len());
    if values.len() < 4 {
        return 0.0;
    }
    let mut sum = 0.0;
    for (index, later) in values.iter().enumerate() {
        for earlier in values.iter().take(index) {
            sum += f64::from(i8::from(later > earlier) - i8::from(later < earlier));
        }
    }
    sum / (count * (count - 1.0) * (2.0 * count + 5.0) / 18.0).sqrt()
}

/// Median slope over all pairs, a step; 0 below 3 values. O(n²).
pub(crate) fn theil_sen_slope(values: &[f64]) -> f64 {
    if values.len() < 3 {
        return 0.0;
    }
    let mut slopes = Vec::with_capacity(values.len() * (values.len() - 1) / 2);
    for distance in 1..values.len() {
        let steps = count_f64(distance);
        let pairs = part(values, distance, values.len()).iter().zip(values);
        slopes.extend(pairs.map(|(later, earlier)| (later - earlier) / steps));
    }
    median(&mut slopes)
}
