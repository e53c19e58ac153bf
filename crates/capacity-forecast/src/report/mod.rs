//! The capacity report: every watched metric's forecast, what is urgent, what to do, and a summary.
//!
//! Each metric is forecast once; forecast, urgency and recommendation come from that one plan.
//! The report never fails and never leaves a metric out: one that cannot be planned stands in it with
//! its typed refusal, and the whole is then not healthy.

mod advice;
mod forecast;
mod planner;

use core::time::Duration;

pub use advice::{Recommendation, Relief};
pub use forecast::{CapacityForecast, ProbabilityBy, TrendFinding};
pub use planner::{CapacityPlanner, CapacityPlannerConfig};

use crate::error::ForecastError;
use crate::metric::MetricKind;
use crate::urgency::Urgency;

/// How things stand.
///
/// ```
/// use capacity_forecast::Health;
/// assert!(Health::Critical > Health::Warning && Health::Warning > Health::Healthy);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Health {
    /// Every metric was planned, none is urgent, none is near its limit.
    #[default]
    Healthy,
    /// A metric is of medium urgency, is near its limit, or could not be planned.
    Warning,
    /// A metric is of high urgency, or was when last planned.
    Critical,
}

impl core::fmt::Display for Health {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Healthy => "healthy",
            Self::Warning => "warning",
            Self::Critical => "critical",
        })
    }
}

impl From<Urgency> for Health {
    fn from(urgency: Urgency) -> Self {
        match urgency {
            Urgency::Low => Self::Healthy,
            Urgency::Medium => Self::Warning,
            Urgency::High => Self::Critical,
        }
    }
}

/// A metric that could not be planned, and why.
///
/// ```
/// use capacity_forecast::{
///     CapacityPlanner, CapacityPlannerConfig, ForecastError, Health, Metric, MetricKind,
/// };
/// use std::time::Duration;
/// let cpu = Metric::new("cpu", MetricKind::CpuUtilization);
/// let mut planner = CapacityPlanner::new(CapacityPlannerConfig::default().with_metrics(vec![cpu]))?;
/// let report = planner.report(Duration::ZERO, []);
/// assert_eq!(report.refusals[0].reason, ForecastError::NoSeries);
/// assert_eq!(report.health, Health::Warning);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Refusal {
    /// The metric.
    pub metric: String,
    /// What it measures.
    pub kind: MetricKind,
    /// Why there is no forecast.
    pub reason: ForecastError,
    /// Its urgency when it last was planned: that nothing is known now makes it no smaller.
    pub urgency: Urgency,
}

impl Refusal {
    /// What it makes of the whole: a warning at least.
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// # use std::time::Duration;
    /// let mut planner = CapacityPlanner::new(CapacityPlannerConfig::default())?;
    /// let report = planner.report(Duration::ZERO, []);
    /// assert_eq!(report.refusals[0].health(), Health::Warning);
    /// # Ok::<(), ConfigError>(())
    /// ```
    #[must_use]
    pub fn health(&self) -> Health {
        Health::Warning.max(self.urgency.into())
    }
}

/// Counts over the metrics.
///
/// ```
/// use capacity_forecast::{CapacityPlanner, CapacityPlannerConfig};
/// use std::time::Duration;
/// let mut planner = CapacityPlanner::new(CapacityPlannerConfig::default())?;
/// let summary = planner.report(Duration::ZERO, []).summary;
/// assert_eq!((summary.metrics, summary.refused, summary.near_limit), (5, 5, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Summary {
    /// Metrics watched, refused ones included.
    #[doc(alias = "total_metrics_monitored")]
    pub metrics: usize,
    /// Metrics near their limits.
    #[doc(alias = "metrics_near_limit")]
    pub near_limit: usize,
    /// Metrics of high urgency, those among them that were when last planned.
    #[doc(alias = "high_urgency_items")]
    pub high_urgency: usize,
    /// Metrics that could not be planned.
    pub refused: usize,
    /// How far was looked ahead; metrics may have horizons of their own.
    #[doc(alias = "prediction_horizon_days")]
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub horizon: Duration,
}

/// How the metrics of a system stand against their limits.
///
/// ```
/// use capacity_forecast::{
///     CapacityPlanner, CapacityPlannerConfig, Health, Metric, MetricKind, Series,
/// };
/// use std::time::Duration;
/// let hour = Duration::from_secs(3600);
/// // A disk that fills by a thousandth an hour, and is at 0.771.
/// let used = Series::from_grid(Duration::ZERO, hour, (0..672).map(|h| 0.1 + 0.001 * f64::from(h)))?;
/// let disk = Metric::new("disk", MetricKind::DiskUtilization).with_lead_time(6 * 24 * hour);
/// let mut planner = CapacityPlanner::new(CapacityPlannerConfig::default().with_metrics(vec![disk]))?;
/// let report = planner.report(used.end(), [("disk", &used)]);
/// assert_eq!(report.health, Health::Critical, "a new one takes six days, this one is full in five");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Report {
    /// The moment it was made for.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub generated_at: Duration,
    /// The worst of the metrics' [healths](Health).
    #[doc(alias = "capacity_health")]
    pub health: Health,
    /// The metrics that were planned, in their configured order.
    pub forecasts: Vec<CapacityForecast>,
    /// Those that were not, in their configured order.
    pub refusals: Vec<Refusal>,
    /// What to do: a metric of medium or high urgency each, the most urgent first, then the most
    /// likely.
    pub recommendations: Vec<Recommendation>,
    /// Names of series that no metric asks for, or that came a second time; they were not used.
    pub unused: Vec<String>,
    /// Counts.
    pub summary: Summary,
}

impl Report {
    /// A metric's forecast; `None` where it was refused or is not watched.
    ///
    /// ```
    /// use capacity_forecast::{CapacityPlanner, CapacityPlannerConfig};
    /// use std::time::Duration;
    /// let mut planner = CapacityPlanner::new(CapacityPlannerConfig::default())?;
    /// assert_eq!(planner.report(Duration::ZERO, []).forecast("cpu_utilization"), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn forecast(&self, metric: &str) -> Option<&CapacityForecast> {
        self.forecasts.iter().find(|f| f.metric == metric)
    }

    /// Orders the advice, counts, and takes the worst.
    fn finish(&mut self) {
        self.recommendations.sort_by(|a, b| {
            let (a, b) = (a.urgency, b.urgency);
            let level = b.level.cmp(&a.level);
            level.then(b.probability.total_cmp(&a.probability))
        });
        let planned = self.forecasts.iter().map(CapacityForecast::health);
        let refused = self.refusals.iter().map(Refusal::health);
        self.health = planned.chain(refused).max().unwrap_or_default();
        let planned = self.forecasts.iter().map(|f| f.urgency.level);
        let urgencies = planned.chain(self.refusals.iter().map(|r| r.urgency));
        let summary = &mut self.summary;
        summary.high_urgency = urgencies.filter(|u| *u == Urgency::High).count();
        summary.near_limit = self.forecasts.iter().filter(|f| f.near_limit).count();
        summary.refused = self.refusals.len();
    }
}
