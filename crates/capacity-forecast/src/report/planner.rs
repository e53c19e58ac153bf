//! The door of the report: which metrics, with which limits and bars.

use core::time::Duration;
use std::borrow::Borrow;
use std::collections::BTreeMap;

use super::advice::Recommendation;
use super::forecast::CapacityForecast;
use super::{Health, Refusal, Report, Summary};
use crate::duration::format;
use crate::error::{ConfigError, ForecastError};
use crate::limit::Limit;
use crate::metric::Metric;
use crate::plan::Plan;
use crate::planner::{Planner, PlannerConfig};
use crate::series::Series;
use crate::setters::setters;
use crate::urgency::{Urgency, UrgencyConfig, UrgencyTracker};

const HOUR: u64 = 3600;
const MOST_CHECKPOINTS: usize = 32;

/// What is watched, and how.
///
/// ```
/// use capacity_forecast::{CapacityPlanner, CapacityPlannerConfig, Metric, MetricKind};
/// let other = Metric::new("connections", MetricKind::Other);
/// let refused = CapacityPlanner::new(CapacityPlannerConfig::default().with_metrics(vec![other]));
/// let message = "metrics[0].limit is absent, must be given for a metric of kind other";
/// assert_eq!(refused.err().map(|error| error.to_string()).as_deref(), Some(message));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct CapacityPlannerConfig {
    /// The metrics, at least one, each with a name of its own. Default: [`Metric::standard`].
    #[doc(alias = "capacity_limits")]
    pub metrics: Vec<Metric>,
    /// How those are planned that do not say so themselves. Default: a week ahead.
    #[doc(alias = "prediction_horizon")]
    pub planner: PlannerConfig,
    /// The bars of urgency.
    pub urgency: UrgencyConfig,
    /// A metric is near its limit where it reaches it within the horizon with this probability or
    /// more; above 0, at most 1. Default: 0.5.
    pub near: f64,
    /// Times for which the report gives the probability, above 0, ascending, at most 32; those beyond
    /// the horizon are left out. Default: 1 h, 6 h, 1 day, 3 days and 7 days.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration::list"))]
    pub checkpoints: Vec<Duration>,
}

impl Default for CapacityPlannerConfig {
    fn default() -> Self {
        Self {
            metrics: Metric::standard().into(),
            planner: PlannerConfig::default(),
            urgency: UrgencyConfig::default(),
            near: 0.5,
            checkpoints: [1, 6, 24, 72, 168]
                .map(|hours| Duration::from_secs(hours * HOUR))
                .into(),
        }
    }
}

impl CapacityPlannerConfig {
    setters! { "CapacityPlannerConfig::default()";
        with_metrics: metrics, Vec<Metric>, "vec![Metric::new(\"cpu\", MetricKind::CpuUtilization)]";
        with_planner: planner, PlannerConfig, "PlannerConfig::default().with_min_observed(48)";
        with_urgency: urgency, UrgencyConfig, "UrgencyConfig::default().with_high(0.9)";
        with_near: near, f64, "0.9";
        with_checkpoints: checkpoints, Vec<Duration>, "vec![Duration::from_secs(60)]";
    }

    fn validate(&self) -> Result<(), ConfigError> {
        if self.metrics.is_empty() {
            return Err(ConfigError::range("metrics", "empty", "at least one"));
        }
        self.urgency.validate()?;
        if !(self.near > 0.0 && self.near <= 1.0) {
            return Err(ConfigError::range(
                "near",
                self.near,
                "above 0 and at most 1",
            ));
        }
        let count = self.checkpoints.len();
        if count > MOST_CHECKPOINTS {
            return Err(ConfigError::range("checkpoints", count, "at most 32"));
        }
        let mut before = Duration::ZERO;
        for (index, time) in self.checkpoints.iter().enumerate() {
            if *time <= before {
                let field = format!("checkpoints[{index}]");
                let bound = "above 0 and the one before it";
                return Err(ConfigError::range(field, format(*time), bound));
            }
            before = *time;
        }
        Ok(())
    }
}

/// A metric, ready to be watched.
#[derive(Debug)]
struct Watched {
    metric: Metric,
    limit: Limit,
    /// `None`: planned as the others are.
    planner: Option<Planner>,
}

/// Watches metrics: plans each once, and reports how all stand against their limits.
///
/// Call order: [`report`](Self::report) with the series as often as wanted; or
/// [`plan`](Self::plan) each metric, use the plans otherwise too, and
/// [`report_plans`](Self::report_plans). It remembers each metric's urgency for the hysteresis
/// ([`tracker`](Self::tracker), [`resume`](Self::resume)), and nothing else.
///
/// ```
/// use capacity_forecast::{
///     CapacityPlanner, CapacityPlannerConfig, ForecastError, Health, Limit, Metric, MetricKind, Series,
/// };
/// use std::time::Duration;
/// let hour = Duration::from_secs(3600);
/// let metrics = vec![
///     Metric::new("cpu", MetricKind::CpuUtilization).with_lead_time(hour),
///     Metric::new("queue", MetricKind::QueueLength).with_limit(Limit::at_least(500.0)),
/// ];
/// let mut planner = CapacityPlanner::new(CapacityPlannerConfig::default().with_metrics(metrics))?;
/// let cpu = Series::from_grid(Duration::ZERO, hour, (0..336).map(|h| 0.3 + 0.01 * f64::from(h % 24)))?;
/// let queue = Series::from_grid(335 * hour, hour, [3.0])?;
/// let report = planner.report(cpu.end(), [("cpu", &cpu), ("queue", &queue)]);
/// assert_eq!(report.forecasts.len(), 1);
/// assert_eq!(report.refusals[0].reason, ForecastError::TooShort { have: 1, need: 8 });
/// assert_eq!(report.health, Health::Warning, "nobody knows about the queue");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct CapacityPlanner {
    watched: Vec<Watched>,
    planner: Planner,
    near: f64,
    checkpoints: Vec<Duration>,
    tracker: UrgencyTracker,
}

impl CapacityPlanner {
    /// Accepts a configuration.
    ///
    /// # Errors
    /// [`ConfigError`] naming the field, its value and its bound.
    ///
    /// ```
    /// use capacity_forecast::{CapacityPlanner, CapacityPlannerConfig};
    /// let refused = CapacityPlanner::new(CapacityPlannerConfig::default().with_near(2.0));
    /// let message = "near is 2, must be above 0 and at most 1";
    /// assert_eq!(refused.err().map(|error| error.to_string()).as_deref(), Some(message));
    /// ```
    pub fn new(config: CapacityPlannerConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let mut watched: Vec<Watched> = Vec::with_capacity(config.metrics.len());
        for (index, metric) in config.metrics.into_iter().enumerate() {
            let path = format!("metrics[{index}]");
            let name = &metric.name;
            if name.is_empty() || watched.iter().any(|other| other.metric.name == *name) {
                let bound = "a name that no other metric has";
                let given = format!("{name:?}");
                return Err(ConfigError::range(format!("{path}.name"), given, bound));
            }
            let limit = metric.checked_limit(&path)?;
            let planner = metric.planner.clone().map(Planner::new).transpose();
            let planner = planner.map_err(|error| error.within(&format!("{path}.planner")))?;
            let horizon = planner
                .as_ref()
                .map_or(config.planner.horizon, |own| own.config().horizon);
            let lead_time = metric.lead_time();
            if lead_time > horizon {
                let field = format!("{path}.lead_time");
                let bound = "at most the horizon, or the probability would be too small";
                return Err(ConfigError::range(field, format(lead_time), bound));
            }
            watched.push(Watched {
                metric,
                limit,
                planner,
            });
        }
        Ok(Self {
            watched,
            planner: Planner::new(config.planner).map_err(|error| error.within("planner"))?,
            near: config.near,
            checkpoints: config.checkpoints,
            tracker: UrgencyTracker::new(config.urgency)?,
        })
    }

    /// Replaces a metric's limit, for one whose [steps](crate::LimitValue::Steps) go on with time.
    ///
    /// # Errors
    /// [`ConfigError`] for a metric that is not watched, or a limit that makes no sense; the old one
    /// stays.
    ///
    /// ```
    /// use capacity_forecast::{CapacityPlanner, CapacityPlannerConfig, Limit};
    /// let mut planner = CapacityPlanner::new(CapacityPlannerConfig::default())?;
    /// planner.set_limit("cpu_utilization", Limit::at_least(0.6))?;
    /// assert!(planner.set_limit("cpu", Limit::at_least(0.6)).is_err());
    /// # Ok::<(), capacity_forecast::ConfigError>(())
    /// ```
    pub fn set_limit(&mut self, metric: &str, limit: Limit) -> Result<(), ConfigError> {
        let watched = self.watched.iter_mut().find(|w| w.metric.name == metric);
        let Some(watched) = watched else {
            let given = format!("{metric:?}");
            return Err(ConfigError::range("metric", given, "one that is watched"));
        };
        let changed = watched.metric.clone().with_limit(limit);
        watched.limit = changed.checked_limit(metric)?;
        watched.metric = changed;
        Ok(())
    }

    /// Plans a metric as the report does.
    ///
    /// # Errors
    /// As [`Planner::plan`]; [`ForecastError::OutOfRange`] for a metric that is not watched.
    ///
    /// ```
    /// use capacity_forecast::{CapacityPlanner, CapacityPlannerConfig, Series};
    /// use std::time::Duration;
    /// let hour = Duration::from_secs(3600);
    /// let cpu = Series::from_grid(Duration::ZERO, hour, vec![0.4; 100])?;
    /// let mut planner = CapacityPlanner::new(CapacityPlannerConfig::default())?;
    /// let plan = planner.plan("cpu_utilization", &cpu, cpu.end())?;
    /// let report = planner.report_plans(cpu.end(), [("cpu_utilization", Ok(&plan))]);
    /// assert_eq!(report.forecasts[0].predicted, *plan.point.last().ok_or("empty")?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn plan(
        &self,
        metric: &str,
        series: &Series,
        now: Duration,
    ) -> Result<Plan, ForecastError> {
        let watched = self.watched.iter().find(|w| w.metric.name == metric);
        let watched = watched.ok_or_else(|| {
            ForecastError::range("metric", format!("{metric:?}"), "one that is watched")
        })?;
        let planner = watched.planner.as_ref().unwrap_or(&self.planner);
        planner.plan(series, now)
    }

    /// Plans every metric and reports. Never fails: a metric whose series is absent or cannot be
    /// planned is [refused](Report::refusals), and the whole is then not healthy. The order of the
    /// series means nothing. Cost: a plan a metric, and about 15 breaches more for each urgent one.
    ///
    /// ```
    /// use capacity_forecast::{CapacityPlanner, CapacityPlannerConfig, Series};
    /// use std::time::Duration;
    /// let hour = Duration::from_secs(3600);
    /// let cpu = Series::from_grid(Duration::ZERO, hour, vec![0.4; 100])?;
    /// let mut planner = CapacityPlanner::new(CapacityPlannerConfig::default())?;
    /// let report = planner.report(cpu.end(), [("cpu_utilization", &cpu), ("load", &cpu)]);
    /// assert_eq!((report.forecasts.len(), report.refusals.len()), (1, 4));
    /// assert_eq!(report.unused, ["load"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "get_capacity_report")]
    #[doc(alias = "generate_capacity_forecast")]
    #[doc(alias = "generate_scaling_recommendations")]
    pub fn report<'s>(
        &mut self,
        now: Duration,
        series: impl IntoIterator<Item = (&'s str, &'s Series)>,
    ) -> Report {
        self.build(now, series, |planner, series| planner.plan(series, now))
    }

    /// Reports on plans that were made already, by [`plan`](Self::plan) or otherwise; a refusal is
    /// passed on. Their `now` should be `now`.
    ///
    /// ```
    /// use capacity_forecast::{CapacityPlanner, CapacityPlannerConfig, ForecastError};
    /// use std::time::Duration;
    /// let mut planner = CapacityPlanner::new(CapacityPlannerConfig::default())?;
    /// let refused = Err(ForecastError::AllMissing { count: 3 });
    /// let report = planner.report_plans(Duration::ZERO, [("queue_length", refused.clone())]);
    /// assert_eq!(Some(&report.refusals[4].reason), refused.as_ref().err());
    /// # Ok::<(), capacity_forecast::ConfigError>(())
    /// ```
    pub fn report_plans<'p>(
        &mut self,
        now: Duration,
        plans: impl IntoIterator<Item = (&'p str, Result<&'p Plan, ForecastError>)>,
    ) -> Report {
        self.build(now, plans, |_, plan| plan)
    }

    /// The metrics' urgencies, as they stand.
    ///
    /// ```
    /// use capacity_forecast::{CapacityPlanner, CapacityPlannerConfig};
    /// let planner = CapacityPlanner::new(CapacityPlannerConfig::default())?;
    /// assert_eq!(planner.tracker().last("disk_utilization"), None);
    /// # Ok::<(), capacity_forecast::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn tracker(&self) -> &UrgencyTracker {
        &self.tracker
    }

    /// Goes on with the urgencies of another one, of an earlier run for example; those of metrics that
    /// are not watched are left out, and the bars stay as configured.
    ///
    /// ```
    /// use capacity_forecast::{CapacityPlanner, CapacityPlannerConfig};
    /// let before = CapacityPlanner::new(CapacityPlannerConfig::default())?;
    /// let mut planner = CapacityPlanner::new(CapacityPlannerConfig::default())?;
    /// planner.resume(before.tracker());
    /// assert_eq!(planner.tracker(), before.tracker());
    /// # Ok::<(), capacity_forecast::ConfigError>(())
    /// ```
    pub fn resume(&mut self, before: &UrgencyTracker) {
        let names = self.watched.iter().map(|w| w.metric.name.as_str());
        self.tracker.resume(before, names);
    }

    /// `plan` makes a plan of what was given for a metric.
    fn build<'g, G, P: Borrow<Plan>>(
        &mut self,
        now: Duration,
        given: impl IntoIterator<Item = (&'g str, G)>,
        plan: impl Fn(&Planner, G) -> Result<P, ForecastError>,
    ) -> Report {
        let mut by_name: BTreeMap<&str, G> = BTreeMap::new();
        let mut unused = Vec::new();
        for (name, given) in given {
            let watched = self.watched.iter().any(|w| w.metric.name == name);
            if watched && !by_name.contains_key(name) {
                by_name.insert(name, given);
            } else {
                unused.push(name.to_owned());
            }
        }
        unused.sort();
        let mut report = Report {
            generated_at: now,
            health: Health::Healthy,
            forecasts: Vec::new(),
            refusals: Vec::new(),
            recommendations: Vec::new(),
            unused,
            summary: Summary {
                metrics: self.watched.len(),
                horizon: self.planner.config().horizon,
                ..Summary::default()
            },
        };
        for watched in &self.watched {
            let metric = &watched.metric;
            let planner = watched.planner.as_ref().unwrap_or(&self.planner);
            let given = by_name.remove(metric.name.as_str());
            let assessed = given.ok_or(ForecastError::NoSeries).and_then(|given| {
                let plan = plan(planner, given)?;
                let plan = plan.borrow();
                let breach = plan.breach(&watched.limit)?;
                let lead_time = metric.lead_time();
                let urgency = self.tracker.decide(&metric.name, &breach, lead_time)?;
                let advice = (urgency.level > Urgency::Low).then(|| {
                    let config = self.tracker.config();
                    Recommendation::new(metric, plan, &breach, urgency, config)
                });
                let checkpoints = &self.checkpoints;
                let forecast =
                    CapacityForecast::new(metric, plan, &breach, urgency, checkpoints, self.near);
                Ok((forecast, advice))
            });
            match assessed {
                Ok((forecast, advice)) => {
                    report.recommendations.extend(advice);
                    report.forecasts.push(forecast);
                }
                Err(reason) => report.refusals.push(Refusal {
                    metric: metric.name.clone(),
                    kind: metric.kind,
                    reason,
                    urgency: self.tracker.last(&metric.name).unwrap_or_default(),
                }),
            }
        }
        report.finish();
        report
    }
}
