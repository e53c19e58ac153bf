//! Outliers by Hampel's rule: a value further from the median of its window than a number of scaled
//! median absolute deviations is drawn in to that distance. Nothing is deleted.
//!
//! Scale = 1.4826 MAD, which is σ for normal values; threshold 3 (Hampel 1974; Davies and Gather
//! 1993). Where more than half of a window is the same value the MAD is 0, or what rounding left, and
//! says nothing: then 1.2533 times the mean absolute deviation takes its place, so that a spike is still
//! drawn in and the rest stays.
//!
//! Cost: O(n) for one window over everything; O(n w) for windows of w values.
//!
//! Edge cases: missing values (NaN, infinities) stay as they are and belong to no window; constant
//! values have no outliers; at the ends the window is cut off. Use it on what remains after the
//! seasons were taken out, or the daily peak is an outlier; never on values whose extremes are the
//! question, such as breach paths.

use crate::error::ConfigError;
use crate::numeric::{count_f64, finite, magnitude, median, part};
use crate::setters::setters;

/// σ of normal values over their median absolute deviation.
const PER_MAD: f64 = 1.482_602_218_505_602;
/// σ of normal values over their mean absolute deviation: √(π/2).
const PER_MEAN_DEVIATION: f64 = 1.253_314_137_315_500_3;

/// A median deviation below this share of the mean one is the rounding of equal values.
const ROUNDING: f64 = 1e-9;

/// Which values are outliers.
///
/// ```
/// use capacity_forecast::HampelConfig;
/// # fn main() -> Result<(), capacity_forecast::ConfigError> {
/// let kept = HampelConfig::default().winsorize(&[1.0, 2.0, 3.0, 2.0, 90.0, 1.0, 2.0])?;
/// assert_eq!(kept.outliers, [4]);
/// assert!(kept.values[4] > 3.0 && kept.values[4] < 8.0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct HampelConfig {
    /// Distance from the median, in standard deviations, beyond which a value is an outlier. Default 3,
    /// above 0; larger finds fewer.
    pub threshold: f64,
    /// Steps before and after a value that make its window. Default `None`: everything; at least 1.
    pub half_window: Option<usize>,
}

impl Default for HampelConfig {
    fn default() -> Self {
        Self {
            threshold: 3.0,
            half_window: None,
        }
    }
}

/// Values without extremes.
///
/// ```
/// use capacity_forecast::HampelConfig;
/// # fn main() -> Result<(), capacity_forecast::ConfigError> {
/// let kept = HampelConfig::default().winsorize(&[4.0, 4.0, f64::NAN])?;
/// assert!(kept.outliers.is_empty() && kept.values[2].is_nan());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Winsorized {
    /// As many values as were given; outliers stand at the threshold.
    pub values: Vec<f64>,
    /// Where outliers were, ascending.
    pub outliers: Vec<usize>,
}

impl HampelConfig {
    setters! {
        "HampelConfig::default()";
        with_threshold: threshold, f64, "2.5";
        with_half_window: half_window, Option<usize>, "Some(12)";
    }

    /// Draws outliers in to the threshold.
    ///
    /// ```
    /// use capacity_forecast::HampelConfig;
    /// # fn main() -> Result<(), capacity_forecast::ConfigError> {
    /// let rising = [1.0, 2.0, 3.0, 40.0, 5.0, 6.0, 7.0];
    /// let config = HampelConfig::default().with_half_window(Some(2));
    /// assert_eq!(config.winsorize(&rising)?.outliers, [3]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The threshold is not above 0 and finite, or the window is 0.
    pub fn winsorize(&self, values: &[f64]) -> Result<Winsorized, ConfigError> {
        if !(self.threshold > 0.0 && self.threshold.is_finite()) {
            let bound = "above 0 and finite";
            return Err(ConfigError::range("threshold", self.threshold, bound));
        }
        if self.half_window == Some(0) {
            return Err(ConfigError::range("half_window", 0, "at least 1"));
        }
        let mut kept = Winsorized {
            values: values.to_vec(),
            outliers: Vec::new(),
        };
        let mut scratch = Vec::with_capacity(values.len());
        let whole = self
            .half_window
            .is_none()
            .then(|| self.limits(values, &mut scratch));
        for (index, value) in kept.values.iter_mut().enumerate() {
            if !value.is_finite() {
                continue;
            }
            let (low, high) = whole.unwrap_or_else(|| {
                let half = self.half_window.unwrap_or(values.len());
                let end = index
                    .saturating_add(half)
                    .saturating_add(1)
                    .min(values.len());
                let window = part(values, index.saturating_sub(half), end);
                self.limits(window, &mut scratch)
            });
            if *value < low || *value > high {
                kept.outliers.push(index);
                *value = value.clamp(low, high);
            }
        }
        Ok(kept)
    }

    /// What a window's values must lie within.
    fn limits(&self, window: &[f64], scratch: &mut Vec<f64>) -> (f64, f64) {
        scratch.clear();
        scratch.extend(window.iter().filter(|v| v.is_finite()));
        // In units near 1 no sum or difference of two overflows.
        let unit = magnitude(scratch.iter());
        for value in scratch.iter_mut() {
            *value /= unit;
        }
        let middle = median(scratch);
        let reach = self.threshold * deviation(scratch, middle);
        (
            finite((middle - reach) * unit),
            finite((middle + reach) * unit),
        )
    }
}

/// Robust standard deviation around `middle`; leaves the distances in `values`.
pub(crate) fn deviation(values: &mut [f64], middle: f64) -> f64 {
    for value in values.iter_mut() {
        *value = (*value - middle).abs();
    }
    let mean = values.iter().sum::<f64>() / count_f64(values.len().max(1));
    let middle = median(values);
    if middle > ROUNDING * mean {
        PER_MAD * middle
    } else {
        PER_MEAN_DEVIATION * mean
    }
}
