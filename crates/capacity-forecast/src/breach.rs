//! When a limit is reached, as probabilities.

use core::time::Duration;

use crate::duration::times;
use crate::limit::Limit;

/// Probability that a limit is reached, by time.
///
/// ```
/// use capacity_forecast::{Limit, Planner, PlannerConfig, Series};
/// use std::time::Duration;
/// let hour = Duration::from_secs(3600);
/// // A disk that fills by one percent an hour.
/// let used = (0..72).map(|h| 0.1 + 0.01 * f64::from(h));
/// let series = Series::from_grid(Duration::ZERO, hour, used)?;
/// let planner = Planner::new(PlannerConfig::default().with_horizon(24 * hour))?;
/// let breach = planner.plan(&series, 71 * hour)?.breach(&Limit::at_least(0.9))?;
/// assert!(breach.probability_within(2 * hour) < 0.1);
/// assert!(breach.probability_within(20 * hour) > 0.9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Breach {
    /// The limit.
    pub limit: Limit,
    /// Whether the newest values reach it: the probability is 1 at once.
    pub now: bool,
    /// Time from the plan's `now` to the end of the first step ahead; 0 where that is past.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub first: Duration,
    /// How long before the plan's `now` the first step ahead ended; 0 where it is yet to end. Steps that are
    /// past and were not observed may have reached the limit: their probability counts at once.
    #[cfg_attr(feature = "serde", serde(default, with = "crate::duration"))]
    pub past: Duration,
    /// Time from step to step.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub step: Duration,
    /// P(reached by this step), never falling, between 0 and 1.
    pub probability: Vec<f64>,
}

/// When a limit is reached, counted from the plan's `now`; `None` beyond the horizon.
///
/// ```
/// use capacity_forecast::TimeToLimit;
/// assert_eq!(TimeToLimit::default().p50, None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct TimeToLimit {
    /// One in ten is sooner.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration::option"))]
    pub p10: Option<Duration>,
    /// One in two is sooner.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration::option"))]
    pub p50: Option<Duration>,
    /// Nine in ten are sooner.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration::option"))]
    pub p90: Option<Duration>,
}

impl Breach {
    /// Time from the plan's `now` to the last step ahead: what it covers.
    ///
    /// ```
    /// use capacity_forecast::{Limit, Planner, PlannerConfig, Series};
    /// use std::time::Duration;
    /// let hour = Duration::from_secs(3600);
    /// let series = Series::from_grid(Duration::ZERO, hour, (0..72).map(|h| f64::from(h)))?;
    /// let planner = Planner::new(PlannerConfig::default().with_horizon(24 * hour))?;
    /// let breach = planner.plan(&series, 71 * hour)?.breach(&Limit::at_least(80.0))?;
    /// assert_eq!(breach.horizon(), 24 * hour);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn horizon(&self) -> Duration {
        let after = self.probability.len().saturating_sub(1);
        let after = times(self.step, after as u128).unwrap_or(Duration::MAX);
        self.first.saturating_add(after).saturating_sub(self.past)
    }

    /// Seconds from the plan's `now` to the end of the first step, negative where that is past.
    fn first_s(&self) -> f64 {
        self.first.as_secs_f64() - self.past.as_secs_f64()
    }

    /// P(limit reached within `within` of the plan's `now`), linear between steps; that of the
    /// horizon beyond it.
    #[must_use]
    pub fn probability_within(&self, within: Duration) -> f64 {
        if self.now {
            return 1.0;
        }
        let step = self.step.as_secs_f64().max(1e-9);
        let steps = (within.as_secs_f64() - self.first_s()) / step;
        // `first` is the end of the first step: before it only a share of that is over.
        let (mut before, mut reached) = (0.0, 0.0);
        for (index, p) in (0..).map(f64::from).zip(&self.probability) {
            if steps >= index {
                reached = *p;
            } else {
                let share = (steps + 1.0 - index).clamp(0.0, 1.0);
                return reached.max(before + share * (p - before));
            }
            before = *p;
        }
        reached
    }

    /// Time by which the limit is reached with probability `q`, linear between steps; `None` where
    /// that is beyond the horizon.
    ///
    /// ```
    /// use capacity_forecast::{Limit, Planner, PlannerConfig, Series};
    /// use std::time::Duration;
    /// let hour = Duration::from_secs(3600);
    /// let series = Series::from_grid(Duration::ZERO, hour, (0..72).map(|h| f64::from(h)))?;
    /// let planner = Planner::new(PlannerConfig::default().with_horizon(24 * hour))?;
    /// let plan = planner.plan(&series, 71 * hour)?;
    /// assert_eq!(plan.breach(&Limit::at_least(71.0))?.quantile(0.5), Some(Duration::ZERO));
    /// assert_eq!(plan.breach(&Limit::at_least(1e6))?.quantile(0.5), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        if self.now {
            return Some(Duration::ZERO);
        }
        let step = self.step.as_secs_f64();
        let mut before = 0.0;
        for (index, p) in (0..).map(f64::from).zip(&self.probability) {
            if *p >= q && *p > 0.0 {
                let share = ((q - before) / (p - before)).clamp(0.0, 1.0);
                let at = self.first_s() + (index - 1.0 + share) * step;
                return Duration::try_from_secs_f64(at.max(0.0)).ok();
            }
            before = *p;
        }
        None
    }

    /// The 10, 50 and 90 % quantiles.
    ///
    /// ```
    /// use capacity_forecast::{Limit, Planner, PlannerConfig, Series};
    /// use std::time::Duration;
    /// let hour = Duration::from_secs(3600);
    /// let series = Series::from_grid(Duration::ZERO, hour, (0..72).map(|h| f64::from(h)))?;
    /// let planner = Planner::new(PlannerConfig::default().with_horizon(24 * hour))?;
    /// let breach = planner.plan(&series, 71 * hour)?.breach(&Limit::at_least(80.0))?;
    /// let time = breach.time_to_limit();
    /// assert!(time.p10 <= time.p50 && time.p50.is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn time_to_limit(&self) -> TimeToLimit {
        TimeToLimit {
            p10: self.quantile(0.1),
            p50: self.quantile(0.5),
            p90: self.quantile(0.9),
        }
    }
}
