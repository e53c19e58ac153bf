use core::time::Duration;

use crate::error::ForecastError;
use crate::numeric::{count_f64, finite, magnitude};

/// Most points whose pairs are all looked at: 8 million slopes, 64 MiB. Thin a longer series first, by
/// the medians of its cycles for example.
///
/// ```
/// use capacity_forecast::{MAX_PAIRWISE_POINTS, Points, TheilSen};
/// assert!(TheilSen::fit(&Points::grid(&vec![0.0; MAX_PAIRWISE_POINTS + 1])).is_err());
/// ```
pub const MAX_PAIRWISE_POINTS: usize = 4096;

/// Observed values at their times: what a trend is fitted to. Times may be irregular, in any order, and
/// occur twice.
///
/// ```
/// use capacity_forecast::Points;
/// # fn main() -> Result<(), capacity_forecast::ForecastError> {
/// let points = Points::new(&[4.0, 0.0, 1.5], &[3.0, 1.0, f64::NAN])?;
/// assert_eq!((points.times(), points.values()), ([0.0, 4.0].as_slice(), [1.0, 3.0].as_slice()));
/// assert_eq!(points.missing(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Points {
    times: Vec<f64>,
    values: Vec<f64>,
    missing: usize,
}

impl Points {
    /// Values at `times`, in any unit: slopes are per that unit. Values that are not finite are missing,
    /// and counted.
    ///
    /// ```
    /// # fn main() -> Result<(), capacity_forecast::ForecastError> {
    /// assert_eq!(capacity_forecast::Points::new(&[0.0, 7.5], &[1.0, 2.0])?.len(), 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Lengths differ, or a time is not finite.
    pub fn new(times: &[f64], values: &[f64]) -> Result<Self, ForecastError> {
        if times.len() != values.len() {
            return Err(ForecastError::LengthMismatch {
                what: "values".to_owned(),
                have: values.len(),
                need: times.len(),
            });
        }
        if let Some(index) = times.iter().position(|time| !time.is_finite()) {
            let what = "times".to_owned();
            return Err(ForecastError::NotFinite { what, index });
        }
        Ok(Self::observed(times.iter().copied(), values))
    }

    /// Values one step apart, at 0, 1, 2 …
    ///
    /// ```
    /// assert_eq!(capacity_forecast::Points::grid(&[5.0, 6.0]).times(), [0.0, 1.0]);
    /// ```
    #[must_use]
    pub fn grid(values: &[f64]) -> Self {
        Self::observed((0..values.len()).map(count_f64), values)
    }

    /// Values at instants since the Unix epoch, in units of `unit` after the earliest: with an hour
    /// slopes are per hour.
    ///
    /// ```
    /// use std::time::Duration;
    /// # fn main() -> Result<(), capacity_forecast::ForecastError> {
    /// let minute = Duration::from_secs(60);
    /// let times = [1_700_000_000, 1_700_000_090].map(Duration::from_secs);
    /// let points = capacity_forecast::Points::at_times(&times, minute, &[1.0, 2.0])?;
    /// assert_eq!(points.times(), [0.0, 1.5]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Lengths differ, or the unit is zero.
    pub fn at_times(
        times: &[Duration],
        unit: Duration,
        values: &[f64],
    ) -> Result<Self, ForecastError> {
        if unit.is_zero() {
            return Err(ForecastError::range("unit", "0 s", "above 0 s"));
        }
        let first = times.iter().min().copied().unwrap_or_default();
        let times: Vec<f64> = times
            .iter()
            .map(|time| time.saturating_sub(first).as_secs_f64() / unit.as_secs_f64())
            .collect();
        Self::new(&times, values)
    }

    /// In order of time, then of value, so that the order of the input means nothing.
    fn observed(times: impl Iterator<Item = f64>, values: &[f64]) -> Self {
        let mut pairs: Vec<(f64, f64)> = times
            .zip(values.iter().copied())
            .filter(|(_, value)| value.is_finite())
            // −0 and 0 are one time and one value.
            .map(|(time, value)| (time + 0.0, value + 0.0))
            .collect();
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let missing = values.len() - pairs.len();
        let (times, values) = pairs.into_iter().unzip();
        Self {
            times,
            values,
            missing,
        }
    }

    /// Times of the observed values, ascending.
    ///
    /// ```
    /// assert_eq!(capacity_forecast::Points::grid(&[f64::NAN, 6.0]).times(), [1.0]);
    /// ```
    #[must_use]
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// The observed values, in order of their times.
    ///
    /// ```
    /// assert_eq!(capacity_forecast::Points::grid(&[f64::NAN, 6.0]).values(), [6.0]);
    /// ```
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Number of observed values.
    ///
    /// ```
    /// assert_eq!(capacity_forecast::Points::grid(&[1.0, f64::NAN]).len(), 1);
    /// ```
    #[must_use]
    pub const fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether nothing was observed.
    ///
    /// ```
    /// assert!(capacity_forecast::Points::grid(&[f64::NAN]).is_empty());
    /// ```
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Number of values that were missing.
    ///
    /// ```
    /// assert_eq!(capacity_forecast::Points::grid(&[1.0, f64::NAN]).missing(), 1);
    /// ```
    #[must_use]
    pub const fn missing(&self) -> usize {
        self.missing
    }

    /// Number of different times.
    pub(super) fn distinct_times(&self) -> usize {
        let changes = self.times.windows(2).filter(|w| w.first() < w.last());
        changes.count() + usize::from(!self.is_empty())
    }

    /// Refuses what too few different times or too many points would make meaningless or too dear.
    pub(super) fn check_pairwise(&self) -> Result<(), ForecastError> {
        let have = self.distinct_times();
        if have < 2 {
            return Err(ForecastError::TooShort { have, need: 2 });
        }
        if self.len() > MAX_PAIRWISE_POINTS {
            let bound = format!("at most {MAX_PAIRWISE_POINTS}");
            return Err(ForecastError::range("number of points", self.len(), bound));
        }
        Ok(())
    }

    /// Times and values over powers of two, which is exact and keeps their products from overflowing.
    pub(super) fn scaled(&self) -> Scaled {
        let (time, value) = (magnitude(&self.times), magnitude(&self.values));
        Scaled {
            times: self.times.iter().map(|t| t / time).collect(),
            values: self.values.iter().map(|v| v / value).collect(),
            time,
            value,
        }
    }
}

/// Points in units near 1.
pub(super) struct Scaled {
    pub(super) times: Vec<f64>,
    pub(super) values: Vec<f64>,
    pub(super) time: f64,
    pub(super) value: f64,
}

impl Scaled {
    /// A slope in the caller's units.
    pub(super) fn slope(&self, slope: f64) -> f64 {
        finite(finite(slope * self.value) / self.time)
    }

    /// A value in the caller's unit.
    pub(super) fn value(&self, value: f64) -> f64 {
        finite(value * self.value)
    }
}

/// Slope between two points, small enough that two may be added.
pub(super) fn slope(earlier: (f64, f64), later: (f64, f64)) -> f64 {
    const HALF: f64 = f64::MAX / 2.0;
    ((later.1 - earlier.1) / (later.0 - earlier.0)).clamp(-HALF, HALF)
}
