//! Siegel's line of repeated medians.
//!
//! For each point the median slope to all others; the slope is the median of these, the intercept the
//! median over points of value − that point's slope × time (Siegel 1982). Withstands 50 % outliers,
//! where Theil–Sen withstands 29 %.
//!
//! Cost: O(n²) time, O(n) memory, at most [`MAX_PAIRWISE_POINTS`](super::MAX_PAIRWISE_POINTS) points.
//! Vectors: `forecast/regression.json` (SciPy's `siegelslopes`, method `separate`).
//!
//! Edge cases: pairs at one time have no slope; constant values give 0; two points give their line.

use crate::error::ForecastError;
use crate::numeric::{finite, median};

use super::points::{Points, slope};

/// A line of repeated medians.
///
/// ```
/// use capacity_forecast::{Points, Siegel};
/// # fn main() -> Result<(), capacity_forecast::ForecastError> {
/// let line = Siegel::fit(&Points::grid(&[1.0, 50.0, 3.0, 4.0, 60.0, 6.0, 7.0]))?;
/// assert_eq!((line.slope, line.intercept), (1.0, 1.0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Siegel {
    /// Change of the value a unit of time.
    pub slope: f64,
    /// Value at time 0.
    pub intercept: f64,
}

impl Siegel {
    /// Fits the line.
    ///
    /// ```
    /// use capacity_forecast::{Points, Siegel};
    /// assert!(Siegel::fit(&Points::grid(&[1.0])).is_err());
    /// ```
    ///
    /// # Errors
    /// Fewer than 2 different times, or more than [`MAX_PAIRWISE_POINTS`](super::MAX_PAIRWISE_POINTS)
    /// points.
    pub fn fit(points: &Points) -> Result<Self, ForecastError> {
        points.check_pairwise()?;
        let scaled = points.scaled();
        let pairs = || {
            scaled
                .times
                .iter()
                .copied()
                .zip(scaled.values.iter().copied())
        };
        let mut row = Vec::with_capacity(points.len());
        let (mut slopes, mut intercepts): (Vec<f64>, Vec<f64>) = pairs()
            .map(|here| {
                row.clear();
                let others = pairs().filter(|there| (there.0 - here.0).abs() > 0.0);
                row.extend(others.map(|there| slope(here, there)));
                let slope = median(&mut row);
                (
                    slope,
                    (here.1 - slope * here.0).clamp(f64::MIN / 2.0, f64::MAX / 2.0),
                )
            })
            .unzip();
        Ok(Self {
            slope: scaled.slope(median(&mut slopes)),
            intercept: scaled.value(finite(median(&mut intercepts))),
        })
    }
}
