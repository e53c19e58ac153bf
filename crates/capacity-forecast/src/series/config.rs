use core::time::Duration;

use super::SeriesError;
use crate::ConfigError;
use crate::duration;

/// Longest grid that any configuration can allow: 2²⁶ values, half a gigabyte.
const MOST_VALUES: usize = 1 << 26;

/// What one value is made of where several samples share an instant or a step.
///
/// ```
/// use capacity_forecast::{Combine, SeriesConfig};
/// // What counts for a saturating resource is the worst moment of the hour.
/// let config = SeriesConfig::default().with_bins(Combine::Max);
/// assert_eq!(config.bins, Combine::Max);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Combine {
    /// Their mean.
    #[default]
    Mean,
    /// The largest.
    Max,
    /// The smallest.
    Min,
    /// The latest; of one instant, the last given.
    Last,
    /// Their sum, at most `f64::MAX`.
    Sum,
}

/// What the samples are readings of.
///
/// ```
/// use capacity_forecast::{Kind, SeriesConfig};
/// // http_requests_total becomes requests per second.
/// let config = SeriesConfig::default().with_kind(Kind::Counter);
/// assert_eq!(config.kind, Kind::Counter);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Kind {
    /// A level, used as it is.
    #[default]
    Gauge,
    /// A counter that only grows and restarts at 0: its increase per second is used.
    Counter,
}

/// How samples become a [`Series`](super::Series).
///
/// ```
/// use capacity_forecast::{Combine, SeriesConfig};
/// use std::time::Duration;
/// let config = SeriesConfig::default()
///     .with_step(Some(Duration::from_secs(3600)))
///     .with_bins(Combine::Max);
/// assert_eq!(config.max_values, 1 << 20);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct SeriesConfig {
    /// Distance of two values, above 0. `None` (default): the usual distance of the samples'
    /// times, snapped to a round step (1 s … 30 s, 1 min … 30 min, 1 h … 12 h, 1 d, 7 d) within 5 %.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration::option"))]
    pub step: Option<Duration>,
    /// What becomes of several samples of one instant. Default: their mean. A counter's are always
    /// the highest.
    pub duplicates: Combine,
    /// What becomes of several instants of one step. Default: their mean. A counter's are always
    /// the increase per second over the part of the step that was seen.
    pub bins: Combine,
    /// Level or counter. Default: level.
    pub kind: Kind,
    /// Longest grid accepted, missing values included: 1 to 2²⁶, default 2²⁰. One sample with a
    /// wrong time would otherwise ask for any amount of memory.
    pub max_values: usize,
    /// Values kept, the newest; 1 to `max_values`. `None` (default): `max_values`. What is older is
    /// dropped, also while streaming.
    pub keep: Option<usize>,
}

impl Default for SeriesConfig {
    fn default() -> Self {
        Self {
            step: None,
            duplicates: Combine::Mean,
            bins: Combine::Mean,
            kind: Kind::Gauge,
            max_values: 1 << 20,
            keep: None,
        }
    }
}

impl SeriesConfig {
    /// Sets [`step`](Self::step).
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// let config = SeriesConfig::default().with_step(Some(std::time::Duration::from_secs(60)));
    /// assert_eq!(config.step, Some(std::time::Duration::from_secs(60)));
    /// ```
    #[must_use]
    pub fn with_step(mut self, step: Option<Duration>) -> Self {
        self.step = step;
        self
    }

    /// Sets [`duplicates`](Self::duplicates).
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// let config = SeriesConfig::default().with_duplicates(Combine::Max);
    /// assert_eq!(config.duplicates, Combine::Max);
    /// ```
    #[must_use]
    pub fn with_duplicates(mut self, duplicates: Combine) -> Self {
        self.duplicates = duplicates;
        self
    }

    /// Sets [`bins`](Self::bins).
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// let config = SeriesConfig::default().with_bins(Combine::Max);
    /// assert_eq!(config.bins, Combine::Max);
    /// ```
    #[must_use]
    pub fn with_bins(mut self, bins: Combine) -> Self {
        self.bins = bins;
        self
    }

    /// Sets [`kind`](Self::kind).
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// let config = SeriesConfig::default().with_kind(Kind::Counter);
    /// assert_eq!(config.kind, Kind::Counter);
    /// ```
    #[must_use]
    pub fn with_kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// Sets [`max_values`](Self::max_values).
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// let config = SeriesConfig::default().with_max_values(10_000);
    /// assert_eq!(config.max_values, 10_000);
    /// ```
    #[must_use]
    pub fn with_max_values(mut self, max_values: usize) -> Self {
        self.max_values = max_values;
        self
    }

    /// Sets [`keep`](Self::keep).
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// let config = SeriesConfig::default().with_keep(Some(2016));
    /// assert_eq!(config.keep, Some(2016));
    /// ```
    #[must_use]
    pub fn with_keep(mut self, keep: Option<usize>) -> Self {
        self.keep = keep;
        self
    }

    pub(super) fn kept(&self) -> usize {
        self.keep.unwrap_or(self.max_values)
    }

    pub(super) fn check(&self) -> Result<(), SeriesError> {
        if let Some(step) = self.step {
            check_step(step)?;
        }
        if !(1..=MOST_VALUES).contains(&self.max_values) {
            let bound = "1 to 67108864";
            return Err(ConfigError::range("max_values", self.max_values, bound).into());
        }
        match self.keep {
            Some(0) => Err(ConfigError::range("keep", 0, "at least 1").into()),
            Some(keep) if keep > self.max_values => Err(ConfigError::Inconsistent {
                field: "keep",
                value: keep.to_string(),
                relation: "at most",
                other: "max_values",
                other_value: self.max_values.to_string(),
            }
            .into()),
            _ => Ok(()),
        }
    }
}

pub(super) fn check_step(step: Duration) -> Result<(), SeriesError> {
    if step.is_zero() {
        return Err(ConfigError::range("step", duration::format(step), "above 0").into());
    }
    Ok(())
}
