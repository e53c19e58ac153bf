//! Does a metric rise, fall, or neither, in terms that no unit and no sampling rate changes.
//!
//! Increasing (decreasing) if Mann–Kendall's p < 0.05, the 95 % confidence interval of Theil–Sen's slope
//! excludes 0 on that side, and |slope| × horizon is at least 1 % of the reference: the limit where there
//! is one, else the range of the values. Otherwise stable.
//!
//! Cost: O(n²), at most [`MAX_PAIRWISE_POINTS`](super::MAX_PAIRWISE_POINTS) points.
//!
//! Edge cases: constant values are stable; a significant trend too small to matter by the horizon is
//! stable; samples that follow each other closely make a trend look surer than it is, so give the medians
//! of cycles.

use crate::error::ForecastError;
use crate::numeric::finite;

use super::mann_kendall::MannKendall;
use super::points::Points;
use super::theil_sen::TheilSen;

const SIGNIFICANT: f64 = 0.05;
/// Share of the reference that a change must come to.
const MATTERS: f64 = 0.01;

/// Where a metric goes.
///
/// ```
/// use capacity_forecast::{Points, Trend, TrendDirection};
/// # fn main() -> Result<(), capacity_forecast::ForecastError> {
/// let falling = Trend::assess(&Points::grid(&[9.0, 8.0, 7.0, 6.0, 5.0]), 24.0, None)?;
/// assert_eq!(falling.direction, TrendDirection::Decreasing);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum TrendDirection {
    /// It rises, surely and by enough to matter.
    Increasing,
    /// It falls, surely and by enough to matter.
    Decreasing,
    /// It does neither.
    Stable,
}

/// A direction and the numbers that led to it.
///
/// ```
/// use capacity_forecast::{Points, Trend, TrendDirection};
/// # fn main() -> Result<(), capacity_forecast::ForecastError> {
/// let days = Points::grid(&[0.50, 0.52, 0.53, 0.55, 0.58, 0.59, 0.61]);
/// let trend = Trend::assess(&days, 7.0, Some(0.9))?;
/// assert_eq!(trend.direction, TrendDirection::Increasing);
/// assert!(trend.change > 0.1, "a tenth of the limit in a week");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Trend {
    /// Where the metric goes.
    pub direction: TrendDirection,
    /// slope × horizon over the reference; 0 where that is 0.
    pub change: f64,
    /// How steep.
    pub line: TheilSen,
    /// Whether there is a trend at all.
    pub test: MannKendall,
}

impl Trend {
    /// Assesses the trend over `horizon` units of the points' time. `reference` is the limit or another
    /// value in the metric's unit that a change is a share of; `None` takes the range of the values.
    ///
    /// ```
    /// use capacity_forecast::{Points, Trend, TrendDirection};
    /// # fn main() -> Result<(), capacity_forecast::ForecastError> {
    /// let slow = Points::grid(&[1.0, 1.001, 1.002, 1.003, 1.004, 1.005]);
    /// let trend = Trend::assess(&slow, 7.0, Some(90.0))?;
    /// assert_eq!(trend.direction, TrendDirection::Stable, "far too slow for a limit of 90");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Fewer than 3 values or 2 different times, more than
    /// [`MAX_PAIRWISE_POINTS`](super::MAX_PAIRWISE_POINTS) points, a horizon that is not above 0 and
    /// finite, or a reference that is 0 or not finite.
    pub fn assess(
        points: &Points,
        horizon: f64,
        reference: Option<f64>,
    ) -> Result<Self, ForecastError> {
        if !(horizon > 0.0 && horizon.is_finite()) {
            return Err(ForecastError::range(
                "horizon",
                horizon,
                "above 0 and finite",
            ));
        }
        if let Some(bad) = reference.filter(|r| !(r.abs() > 0.0 && r.is_finite())) {
            return Err(ForecastError::range("reference", bad, "finite and not 0"));
        }
        let test = MannKendall::test(points)?;
        let line = TheilSen::fit(points)?;
        let reference = reference.map_or_else(|| range(points.values()), f64::abs);
        let change = if reference > 0.0 {
            finite(finite(line.slope * horizon) / reference)
        } else {
            0.0
        };
        let matters = test.p < SIGNIFICANT && change.abs() >= MATTERS;
        let direction = if matters && line.slope_low > 0.0 {
            TrendDirection::Increasing
        } else if matters && line.slope_high < 0.0 {
            TrendDirection::Decreasing
        } else {
            TrendDirection::Stable
        };
        Ok(Self {
            direction,
            change,
            line,
            test,
        })
    }
}

fn range(values: &[f64]) -> f64 {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    finite(high - low)
}
