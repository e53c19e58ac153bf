//! Theil–Sen's line: the median of the slopes between all pairs of points.
//!
//! Intercept = median of the values − slope × median of the times. Confidence interval (Sen 1968): of
//! the N ascending slopes those at ranks (N ∓ z σ) / 2, with z the normal quantile and σ² the variance of
//! Kendall's S without the terms of ties in both. Withstands 29 % outliers.
//!
//! Cost: O(n²) time and memory, at most [`MAX_PAIRWISE_POINTS`](super::MAX_PAIRWISE_POINTS) points.
//! Vectors: `forecast/regression.json` (SciPy's `theilslopes`).
//!
//! Edge cases: pairs at one time have no slope; constant values give 0 with an interval of width 0;
//! with few points the interval is the range of all slopes.

use crate::error::ForecastError;
use crate::normal::normal_quantile;
use crate::numeric::{at, count_f64, finite, median, trunc_count};

use super::mann_kendall::Ties;
use super::points::{Points, slope};

/// A line through the median of pairwise slopes.
///
/// ```
/// use capacity_forecast::{Points, TheilSen};
/// # fn main() -> Result<(), capacity_forecast::ForecastError> {
/// let line = TheilSen::fit(&Points::new(&[0.0, 1.0, 2.5, 3.0, 6.0], &[1.0, 3.0, 6.0, 90.0, 13.0])?)?;
/// assert_eq!(line.slope, 2.0);
/// assert!(line.slope_low <= 2.0 && line.slope_high >= 2.0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct TheilSen {
    /// Change of the value a unit of time.
    pub slope: f64,
    /// Value at time 0.
    pub intercept: f64,
    /// Lower end of the slope's 95 % confidence interval.
    pub slope_low: f64,
    /// Its upper end.
    pub slope_high: f64,
}

impl TheilSen {
    /// Fits the line.
    ///
    /// ```
    /// use capacity_forecast::{Points, TheilSen};
    /// # fn main() -> Result<(), capacity_forecast::ForecastError> {
    /// let line = TheilSen::fit(&Points::grid(&[4.0, 3.0, 2.0, 1.0]))?;
    /// assert_eq!((line.slope, line.intercept), (-1.0, 4.0));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Fewer than 2 different times, or more than [`MAX_PAIRWISE_POINTS`](super::MAX_PAIRWISE_POINTS)
    /// points.
    pub fn fit(points: &Points) -> Result<Self, ForecastError> {
        points.check_pairwise()?;
        let mut scaled = points.scaled();
        let count = points.len();
        let mut slopes = Vec::with_capacity(count * (count - 1) / 2);
        let pairs = || {
            scaled
                .times
                .iter()
                .copied()
                .zip(scaled.values.iter().copied())
        };
        for (index, later) in pairs().enumerate() {
            let earlier = pairs().take(index).filter(|earlier| earlier.0 < later.0);
            slopes.extend(earlier.map(|earlier| slope(earlier, later)));
        }
        let middle = median(&mut slopes);
        let intercept =
            median(&mut scaled.values.clone()) - middle * median(&mut scaled.times.clone());
        scaled.values.sort_unstable_by(f64::total_cmp);
        let same = |a, b| a >= b;
        let ties =
            Ties::new(&scaled.times, same).weighted + Ties::new(&scaled.values, same).weighted;
        let n = count_f64(count);
        let variance = ((n * (n - 1.0) * (2.0 * n + 5.0) - ties) / 18.0).max(0.0);
        let all = count_f64(slopes.len());
        let reach = normal_quantile(0.975) * variance.sqrt();
        let low = trunc_count(((all - reach) / 2.0).round_ties_even() - 1.0);
        let high = trunc_count(((all + reach) / 2.0).round_ties_even());
        let mut ranked = |rank: usize| {
            let rank = rank.min(slopes.len().saturating_sub(1));
            slopes.select_nth_unstable_by(rank, f64::total_cmp);
            at(&slopes, rank)
        };
        let (low, high) = (ranked(low), ranked(high));
        Ok(Self {
            slope: scaled.slope(middle),
            intercept: scaled.value(finite(intercept)),
            slope_low: scaled.slope(low),
            slope_high: scaled.slope(high),
        })
    }
}
