//! Must I act now? The probability that a limit is reached before a remedy can help, against bars with
//! hysteresis.
//!
//! p = P(T ≤ lead time), T the time to the limit. A level is entered at its bar, [`UrgencyConfig::high`]
//! or [`medium`](UrgencyConfig::medium), and left only below bar × [`release`](UrgencyConfig::release):
//! p moves a little with every new sample, and an alarm that comes and goes is switched off.
//!
//! Cost: O(steps) a decision, O(log metrics) for the level before.
//!
//! Edge cases: a limit that is reached now is high whatever the bars; a probability that is no number
//! counts as 1, since no answer is no good news; a lead time beyond the horizon is refused, because
//! p would be that of the horizon, and too small.

use core::time::Duration;
use std::collections::BTreeMap;

use crate::breach::Breach;
use crate::duration::format;
use crate::error::{ConfigError, ForecastError};
use crate::setters::setters;

/// How soon something must be done.
///
/// ```
/// use capacity_forecast::Urgency;
/// assert!(Urgency::High > Urgency::Medium && Urgency::Medium > Urgency::Low);
/// assert_eq!(Urgency::default(), Urgency::Low);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Urgency {
    /// A remedy begun later is still in time, as surely as was asked for.
    #[default]
    Low,
    /// It may already be too late for a remedy begun now.
    Medium,
    /// It probably is, or the limit is reached.
    High,
}

impl core::fmt::Display for Urgency {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        })
    }
}

/// Where the bars lie.
///
/// ```
/// use capacity_forecast::{UrgencyConfig, UrgencyTracker};
/// let refused = UrgencyTracker::new(UrgencyConfig::default().with_medium(0.6));
/// let message = "urgency.medium is 0.6, must be at most urgency.high (0.5)";
/// assert_eq!(refused.map_err(|error| error.to_string()), Err(message.to_owned()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct UrgencyConfig {
    /// From this probability on the urgency is high; above 0, at most 1. Default: 0.5.
    pub high: f64,
    /// From this probability on it is medium; above 0, at most `high`. Default: 0.1. It is also the
    /// risk that a [`Relief`](crate::Relief) brings the metric down to.
    pub medium: f64,
    /// A level is left only when the probability is below so much of its bar; above 0, at most 1,
    /// which is no hysteresis. Default: 0.7.
    pub release: f64,
}

impl Default for UrgencyConfig {
    fn default() -> Self {
        Self {
            high: 0.5,
            medium: 0.1,
            release: 0.7,
        }
    }
}

impl UrgencyConfig {
    setters! { "UrgencyConfig::default()";
        with_high: high, f64, "0.9";
        with_medium: medium, f64, "0.05";
        with_release: release, f64, "1.0";
    }

    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        let fields = [
            ("urgency.high", self.high),
            ("urgency.medium", self.medium),
            ("urgency.release", self.release),
        ];
        for (field, value) in fields {
            if !(value > 0.0 && value <= 1.0) {
                return Err(ConfigError::range(field, value, "above 0 and at most 1"));
            }
        }
        if self.medium > self.high {
            return Err(ConfigError::Inconsistent {
                field: "urgency.medium",
                value: self.medium.to_string(),
                relation: "at most",
                other: "urgency.high",
                other_value: self.high.to_string(),
            });
        }
        Ok(())
    }

    /// The level after `before` with probability `p`.
    fn decide(&self, before: Urgency, p: f64) -> (Urgency, UrgencyReason, f64) {
        for (level, bar) in [(Urgency::High, self.high), (Urgency::Medium, self.medium)] {
            if p >= bar {
                return (level, UrgencyReason::Likely, bar);
            }
            let lower = bar * self.release;
            if before >= level && p >= lower {
                return (level, UrgencyReason::Held, lower);
            }
        }
        (Urgency::Low, UrgencyReason::Unlikely, self.medium)
    }
}

/// Why an urgency is what it is.
///
/// ```
/// # use capacity_forecast::*;
/// # use std::time::Duration;
/// let hour = Duration::from_secs(3600);
/// let series = Series::from_grid(Duration::ZERO, hour, (0..72).map(f64::from))?;
/// let planner = Planner::new(PlannerConfig::default().with_horizon(24 * hour))?;
/// let breach = planner.plan(&series, 71 * hour)?.breach(&Limit::at_least(70.0))?;
/// let decision = UrgencyTracker::new(UrgencyConfig::default())?.decide("queue", &breach, hour)?;
/// assert_eq!(decision.reason, UrgencyReason::Reached);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum UrgencyReason {
    /// The limit is reached now.
    Reached,
    /// The probability is at the level's bar or above.
    Likely,
    /// It is below the bar, but not by enough to leave the level.
    Held,
    /// It is below every bar.
    Unlikely,
}

/// An urgency and the numbers that led to it.
///
/// ```
/// # use capacity_forecast::*;
/// # use std::time::Duration;
/// let hour = Duration::from_secs(3600);
/// let series = Series::from_grid(Duration::ZERO, hour, (0..72).map(f64::from))?;
/// let planner = Planner::new(PlannerConfig::default().with_horizon(24 * hour))?;
/// let breach = planner.plan(&series, 71 * hour)?.breach(&Limit::at_least(80.0))?;
/// let decision = UrgencyTracker::new(UrgencyConfig::default())?.decide("queue", &breach, 20 * hour)?;
/// assert_eq!((decision.level, decision.reason), (Urgency::High, UrgencyReason::Likely));
/// assert!(decision.probability >= decision.bar);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct UrgencyDecision {
    /// The level.
    pub level: Urgency,
    /// Why.
    pub reason: UrgencyReason,
    /// P(limit reached within the lead time).
    pub probability: f64,
    /// Time until the remedy helps.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub lead_time: Duration,
    /// The bar that the probability is at or above, or the lowest one where it is below all.
    pub bar: f64,
}

/// Decides urgencies, and remembers each metric's for the hysteresis.
///
/// With the feature `serde` it is written out and read back as it stands.
///
/// ```
/// use capacity_forecast::{Limit, Planner, PlannerConfig, Series, Urgency, UrgencyConfig, UrgencyTracker};
/// use std::time::Duration;
/// let hour = Duration::from_secs(3600);
/// // A disk that fills by one percent an hour.
/// let used = (0..72).map(|h| 0.1 + 0.01 * f64::from(h));
/// let series = Series::from_grid(Duration::ZERO, hour, used)?;
/// let planner = Planner::new(PlannerConfig::default().with_horizon(24 * hour))?;
/// let breach = planner.plan(&series, 71 * hour)?.breach(&Limit::at_least(0.9))?;
/// let mut tracker = UrgencyTracker::new(UrgencyConfig::default())?;
/// assert_eq!(tracker.decide("disk", &breach, 20 * hour)?.level, Urgency::High);
/// assert_eq!(tracker.last("disk"), Some(Urgency::High));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Stored", into = "Stored"))]
pub struct UrgencyTracker {
    config: UrgencyConfig,
    levels: BTreeMap<String, Urgency>,
}

impl UrgencyTracker {
    /// Accepts a configuration; no metric has a level yet.
    ///
    /// # Errors
    /// [`ConfigError`] naming the field, its value and its bound.
    ///
    /// ```
    /// use capacity_forecast::{UrgencyConfig, UrgencyTracker};
    /// assert!(UrgencyTracker::new(UrgencyConfig::default().with_high(1.5)).is_err());
    /// ```
    pub fn new(config: UrgencyConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self {
            config,
            levels: BTreeMap::new(),
        })
    }

    /// What was configured.
    ///
    /// ```
    /// use capacity_forecast::{UrgencyConfig, UrgencyTracker};
    /// assert_eq!(UrgencyTracker::new(UrgencyConfig::default())?.config().high, 0.5);
    /// # Ok::<(), capacity_forecast::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn config(&self) -> &UrgencyConfig {
        &self.config
    }

    /// Decides a metric's urgency, given the time until its remedy helps. O(steps).
    ///
    /// # Errors
    /// [`ForecastError::OutOfRange`] for a lead time beyond what `breach` covers; the level stays.
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// # use std::time::Duration;
    /// let hour = Duration::from_secs(3600);
    /// let series = Series::from_grid(Duration::ZERO, hour, (0..72).map(f64::from))?;
    /// let planner = Planner::new(PlannerConfig::default().with_horizon(24 * hour))?;
    /// let breach = planner.plan(&series, 71 * hour)?.breach(&Limit::at_least(80.0))?;
    /// let mut tracker = UrgencyTracker::new(UrgencyConfig::default())?;
    /// let refused = tracker.decide("queue", &breach, 72 * hour).map_err(|error| error.to_string());
    /// assert_eq!(refused, Err("lead_time is 3d, must be at most the horizon, 1d".to_owned()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn decide(
        &mut self,
        metric: &str,
        breach: &Breach,
        lead_time: Duration,
    ) -> Result<UrgencyDecision, ForecastError> {
        let horizon = breach.horizon();
        if lead_time > horizon && !breach.now {
            let bound = format!("at most the horizon, {}", format(horizon));
            return Err(ForecastError::range("lead_time", format(lead_time), bound));
        }
        let probability = breach.probability_within(lead_time);
        let mut decision = self.decide_probability(metric, probability, lead_time);
        if breach.now {
            decision.reason = UrgencyReason::Reached;
        }
        Ok(decision)
    }

    /// The same for a probability that comes from elsewhere: that the limit is reached within the lead
    /// time. NaN counts as 1.
    ///
    /// ```
    /// use capacity_forecast::{Urgency, UrgencyConfig, UrgencyReason, UrgencyTracker};
    /// use std::time::Duration;
    /// let day = Duration::from_secs(86_400);
    /// let mut tracker = UrgencyTracker::new(UrgencyConfig::default())?;
    /// assert_eq!(tracker.decide_probability("disk", 0.52, day).level, Urgency::High);
    /// let after = tracker.decide_probability("disk", 0.48, day);
    /// assert_eq!((after.level, after.reason, after.bar), (Urgency::High, UrgencyReason::Held, 0.35));
    /// assert_eq!(tracker.decide_probability("disk", 0.30, day).level, Urgency::Medium);
    /// # Ok::<(), capacity_forecast::ConfigError>(())
    /// ```
    pub fn decide_probability(
        &mut self,
        metric: &str,
        probability: f64,
        lead_time: Duration,
    ) -> UrgencyDecision {
        let before = self.last(metric).unwrap_or_default();
        let probability = if probability.is_nan() {
            1.0
        } else {
            probability.clamp(0.0, 1.0)
        };
        let (urgency, reason, bar) = self.config.decide(before, probability);
        if urgency == Urgency::Low {
            self.levels.remove(metric);
        } else if before != urgency {
            self.levels.insert(metric.to_owned(), urgency);
        }
        UrgencyDecision {
            level: urgency,
            reason,
            probability,
            lead_time,
            bar,
        }
    }

    /// A metric's last level; `None` where it was low or never decided.
    ///
    /// ```
    /// use capacity_forecast::{UrgencyConfig, UrgencyTracker};
    /// assert_eq!(UrgencyTracker::new(UrgencyConfig::default())?.last("disk"), None);
    /// # Ok::<(), capacity_forecast::ConfigError>(())
    /// ```
    #[must_use]
    pub fn last(&self, metric: &str) -> Option<Urgency> {
        self.levels.get(metric).copied()
    }

    /// Forgets a metric's level, for one that is watched no longer.
    ///
    /// ```
    /// use capacity_forecast::{UrgencyConfig, UrgencyTracker};
    /// let mut tracker = UrgencyTracker::new(UrgencyConfig::default())?;
    /// tracker.forget("disk");
    /// assert_eq!(tracker.last("disk"), None);
    /// # Ok::<(), capacity_forecast::ConfigError>(())
    /// ```
    pub fn forget(&mut self, metric: &str) {
        self.levels.remove(metric);
    }

    /// Takes over another's levels of these metrics.
    pub(crate) fn resume<'m>(&mut self, before: &Self, metrics: impl Iterator<Item = &'m str>) {
        let levels = metrics.filter_map(|name| Some((name.to_owned(), before.last(name)?)));
        self.levels = levels.collect();
    }
}

#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    config: UrgencyConfig,
    #[serde(default)]
    levels: BTreeMap<String, Urgency>,
}

#[cfg(feature = "serde")]
impl From<UrgencyTracker> for Stored {
    fn from(tracker: UrgencyTracker) -> Self {
        Self {
            config: tracker.config,
            levels: tracker.levels,
        }
    }
}

#[cfg(feature = "serde")]
impl TryFrom<Stored> for UrgencyTracker {
    type Error = ConfigError;

    fn try_from(stored: Stored) -> Result<Self, ConfigError> {
        let mut tracker = Self::new(stored.config)?;
        tracker.levels = stored.levels;
        tracker.levels.retain(|_, level| *level > Urgency::Low);
        Ok(tracker)
    }
}
