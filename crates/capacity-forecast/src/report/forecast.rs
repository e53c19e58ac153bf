//! What is expected of a metric, against its limit.

use core::time::Duration;

use super::Health;
use crate::breach::{Breach, TimeToLimit};
use crate::error::ForecastError;
use crate::limit::Limit;
use crate::metric::{Metric, MetricKind};
use crate::numeric::finite;
use crate::plan::{Calibration, MemberShare, Plan};
use crate::trend::{Trend, TrendDirection};
use crate::urgency::UrgencyDecision;

/// Probability that the limit is reached by a time.
///
/// ```
/// # use capacity_forecast::*;
/// # use std::time::Duration;
/// let hour = Duration::from_secs(3600);
/// let wave = (0..336).map(|h| 0.4 + 0.01 * f64::from(h % 24));
/// let series = Series::from_grid(Duration::ZERO, hour, wave)?;
/// let cpu = Metric::new("cpu", MetricKind::CpuUtilization);
/// let mut planner = CapacityPlanner::new(CapacityPlannerConfig::default().with_metrics(vec![cpu]))?;
/// let report = planner.report(series.end(), [("cpu", &series)]);
/// let by: Vec<u64> = report.forecasts[0].probability_by.iter().map(|p| p.within.as_secs() / 3600).collect();
/// assert_eq!(by, [1, 6, 24, 72, 168]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ProbabilityBy {
    /// So long after `now`.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub within: Duration,
    /// P(reached by then), 0 to 1.
    pub probability: f64,
}

/// The trend, or why none can be told.
///
/// ```
/// use capacity_forecast::{ForecastError, TrendFinding};
/// let finding = TrendFinding::Unknown(ForecastError::TooShort { have: 2, need: 3 });
/// assert_eq!(finding.direction(), None);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum TrendFinding {
    /// That of the cycles' medians, as [`Plan::trend`] finds it; slopes are per day.
    Found(Trend),
    /// Too few cycles were seen.
    Unknown(ForecastError),
}

impl TrendFinding {
    /// Where the metric goes, if that is known.
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// let trend = Trend::assess(&Points::grid(&[1.0, 2.0, 3.0, 4.0, 5.0]), 1.0, None)?;
    /// assert_eq!(TrendFinding::Found(trend).direction(), Some(TrendDirection::Increasing));
    /// # Ok::<(), ForecastError>(())
    /// ```
    #[must_use]
    pub const fn direction(&self) -> Option<TrendDirection> {
        match self {
            Self::Found(trend) => Some(trend.direction),
            Self::Unknown(_) => None,
        }
    }
}

/// A metric's forecast against its limit.
///
/// ```
/// # use capacity_forecast::*;
/// # use std::time::Duration;
/// let hour = Duration::from_secs(3600);
/// let wave = (0..336).map(|h| 0.4 + 0.01 * f64::from(h % 24));
/// let series = Series::from_grid(Duration::ZERO, hour, wave)?;
/// let cpu = Metric::new("cpu", MetricKind::CpuUtilization);
/// let mut planner = CapacityPlanner::new(CapacityPlannerConfig::default().with_metrics(vec![cpu]))?;
/// let report = planner.report(series.end(), [("cpu", &series)]);
/// let forecast = report.forecast("cpu").ok_or("not planned")?;
/// assert!(!forecast.near_limit && forecast.time_to_limit.p50.is_none());
/// assert_eq!(forecast.trend.direction(), Some(TrendDirection::Stable));
/// assert!((forecast.nearest - 0.63).abs() < 1e-3, "the daily peak");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct CapacityForecast {
    /// The metric.
    #[doc(alias = "metric_name")]
    pub metric: String,
    /// What it measures.
    pub kind: MetricKind,
    /// Age of the newest value.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub age: Duration,
    /// Share of the history that was observed, 0 to 1.
    pub coverage: f64,
    /// The newest value.
    #[doc(alias = "current_value")]
    pub current: f64,
    /// What must not be reached.
    #[doc(alias = "capacity_limit")]
    pub limit: Limit,
    /// Whether the newest values reach it.
    pub reached: bool,
    /// What is left from `current` to the limit; negative where it is over.
    pub headroom: f64,
    /// How far was looked ahead.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub horizon: Duration,
    /// The value expected at the horizon.
    #[doc(alias = "predicted_values")]
    pub predicted: f64,
    /// The expected value that comes nearest to the limit until then, or goes furthest beyond it.
    pub nearest: f64,
    /// When the limit is reached, from `now`.
    pub time_to_limit: TimeToLimit,
    /// How probable it is by when: the configured checkpoints within the horizon, then the horizon.
    pub probability_by: Vec<ProbabilityBy>,
    /// Whether it is probably reached within the horizon.
    pub near_limit: bool,
    /// Whether something must be done now.
    pub urgency: UrgencyDecision,
    /// Where the metric goes; the limit is what a change is a share of.
    pub trend: TrendFinding,
    /// How good forecasts of this kind were on the series itself: what to trust the rest by.
    /// `None` with fewer than three origins.
    #[doc(alias = "confidence")]
    pub calibration: Option<Calibration>,
    /// The pool's members that carry the forecast, heaviest first.
    pub members: Vec<MemberShare>,
}

impl CapacityForecast {
    /// `near`: from this probability on it is near its limit.
    pub(super) fn new(
        metric: &Metric,
        plan: &Plan,
        breach: &Breach,
        urgency: UrgencyDecision,
        checkpoints: &[Duration],
        near: f64,
    ) -> Self {
        let limit = &breach.limit;
        let horizon = plan.horizon();
        let left = |step: usize, value: f64| finite(limit.sign() * (limit.at(step) - value));
        let steps = plan.point.iter().copied().enumerate();
        let nearest = steps.min_by(|a, b| left(a.0, a.1).total_cmp(&left(b.0, b.1)));
        let reference = Some(limit.at(0)).filter(|limit| limit.abs() > 0.0);
        let trend = plan.trend(reference);
        let by_horizon = breach.probability_within(horizon);
        Self {
            metric: metric.name.clone(),
            kind: metric.kind,
            age: plan.now.saturating_sub(plan.newest),
            coverage: plan.coverage,
            current: plan.current,
            limit: limit.clone(),
            reached: breach.now,
            headroom: left(0, plan.current),
            horizon,
            predicted: plan.point.last().copied().unwrap_or(plan.current),
            nearest: nearest.map_or(plan.current, |(_, value)| value),
            time_to_limit: breach.time_to_limit(),
            probability_by: probability_by(breach, checkpoints, horizon, plan.step),
            near_limit: by_horizon >= near,
            urgency,
            trend: trend.map_or_else(TrendFinding::Unknown, TrendFinding::Found),
            calibration: plan.calibration.clone(),
            members: plan.members.clone(),
        }
    }

    /// What it makes of the whole.
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// # use std::time::Duration;
    /// let hour = Duration::from_secs(3600);
    /// let series = Series::from_grid(Duration::ZERO, hour, vec![0.95; 100])?;
    /// let disk = Metric::new("disk", MetricKind::DiskUtilization);
    /// let mut planner = CapacityPlanner::new(CapacityPlannerConfig::default().with_metrics(vec![disk]))?;
    /// let report = planner.report(series.end(), [("disk", &series)]);
    /// assert_eq!(report.forecasts[0].health(), Health::Critical, "it is full already");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn health(&self) -> Health {
        let near = if self.near_limit {
            Health::Warning
        } else {
            Health::Healthy
        };
        near.max(self.urgency.level.into())
    }
}

fn probability_by(
    breach: &Breach,
    checkpoints: &[Duration],
    horizon: Duration,
    step: Duration,
) -> Vec<ProbabilityBy> {
    let within = checkpoints.iter().copied().filter(|time| *time <= horizon);
    let mut times: Vec<Duration> = within.collect();
    // The last step may end a little later than the horizon that was asked for.
    if times
        .last()
        .is_none_or(|last| last.saturating_add(step) <= horizon)
    {
        times.push(horizon);
    }
    let at = |within| ProbabilityBy {
        within,
        probability: breach.probability_within(within),
    };
    times.into_iter().map(at).collect()
}
