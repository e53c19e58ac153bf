//! The door: a configuration, and the plan of a series.

use core::time::Duration;

use crate::duration;
use crate::error::{ConfigError, ForecastError};
use crate::event::{Events, PlannedEvent};
use crate::forecaster::Forecaster;
use crate::numeric::{tail, trunc_count};
use crate::plan::{Model, Plan};
use crate::pool;
use crate::season::{SeasonReport, Seasons};
use crate::series::Series;
use crate::setters::setters;
use crate::trend::CycleLevels;

/// Steps ahead at most.
const MOST_STEPS: usize = 10_000;
/// Values needed at least, whatever is configured.
const FEWEST: usize = 4;

/// How a series is planned.
///
/// ```
/// use capacity_forecast::{Planner, PlannerConfig};
/// use std::time::Duration;
/// let config = PlannerConfig::default()
///     .with_horizon(Duration::from_secs(3 * 86_400))
///     .with_lower_bound(Some(0.0))
///     .with_upper_bound(Some(1.0));
/// let planner = Planner::new(config)?;
/// assert_eq!(planner.config().levels, [0.8, 0.95]);
/// # Ok::<(), capacity_forecast::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct PlannerConfig {
    /// How far to look ahead, from `now`; above 0, at most 10 000 steps of the series. Default: 7 days.
    #[cfg_attr(feature = "serde", serde(with = "duration"))]
    pub horizon: Duration,
    /// The series' seasons. Default: found in the data.
    pub seasons: Seasons,
    /// Probabilities of the intervals, each above 0 and below 1, ascending, at most 20. Default: 80
    /// and 95 %.
    pub levels: Vec<f64>,
    /// Nothing lies below this. Default: `None`, which is 0 for a series that never was negative.
    pub lower_bound: Option<f64>,
    /// Nothing lies above this, above `lower_bound`; levels that grow as towards it are expected to
    /// slow down before it, where no event is planned. Default: `None`, no bound.
    pub upper_bound: Option<f64>,
    /// Age of the newest observed value from which on there is no plan. Default: `None`, a tenth of
    /// the horizon, at least three steps.
    #[cfg_attr(feature = "serde", serde(with = "duration::option"))]
    pub max_age: Option<Duration>,
    /// Observed values needed, 4 at least. Default: 8.
    pub min_observed: usize,
    /// Newest values used, at least `min_observed`; cost and memory grow with it. Default: 4096.
    pub max_history: usize,
    /// Changes that are known beforehand, and those that were.
    pub events: Vec<PlannedEvent>,
}

impl Default for PlannerConfig {
    fn default() -> Self {
        Self {
            horizon: Duration::from_secs(7 * 86_400),
            seasons: Seasons::default(),
            levels: vec![0.8, 0.95],
            lower_bound: None,
            upper_bound: None,
            max_age: None,
            min_observed: 8,
            max_history: 4096,
            events: Vec::new(),
        }
    }
}

impl PlannerConfig {
    setters! { "PlannerConfig::default()";
        with_horizon: horizon, Duration, "Duration::from_secs(3600)";
        with_seasons: seasons, Seasons, "Seasons::None";
        with_levels: levels, Vec<f64>, "vec![0.5]";
        with_lower_bound: lower_bound, Option<f64>, "Some(0.0)";
        with_upper_bound: upper_bound, Option<f64>, "Some(1.0)";
        with_max_age: max_age, Option<Duration>, "Some(Duration::from_secs(60))";
        with_min_observed: min_observed, usize, "48";
        with_max_history: max_history, usize, "1000";
        with_events: events, Vec<PlannedEvent>, "Vec::new()";
    }

    fn validate(&self) -> Result<(), ConfigError> {
        if self.horizon.is_zero() {
            return Err(ConfigError::range("horizon", "0s", "above 0"));
        }
        if self.levels.len() > 20 {
            let count = self.levels.len();
            return Err(ConfigError::range(
                "levels",
                format!("{count} levels"),
                "at most 20",
            ));
        }
        let mut before = 0.0;
        for (index, level) in self.levels.iter().enumerate() {
            if !(*level > before && *level < 1.0) {
                let bound = "above 0 and the level before it, below 1";
                return Err(ConfigError::range(format!("levels[{index}]"), level, bound));
            }
            before = *level;
        }
        let bounds = [
            ("lower_bound", self.lower_bound),
            ("upper_bound", self.upper_bound),
        ];
        for (field, bound) in bounds {
            if let Some(value) = bound.filter(|value| !value.is_finite()) {
                return Err(ConfigError::range(field, value, "a finite number"));
            }
        }
        if let (Some(lower), Some(upper)) = (self.lower_bound, self.upper_bound)
            && lower >= upper
        {
            return Err(ConfigError::Inconsistent {
                field: "upper_bound",
                value: upper.to_string(),
                relation: "above",
                other: "lower_bound",
                other_value: lower.to_string(),
            });
        }
        if self.min_observed < FEWEST {
            return Err(ConfigError::range(
                "min_observed",
                self.min_observed,
                "at least 4",
            ));
        }
        if self.max_history < self.min_observed {
            return Err(ConfigError::Inconsistent {
                field: "max_history",
                value: self.max_history.to_string(),
                relation: "at least",
                other: "min_observed",
                other_value: self.min_observed.to_string(),
            });
        }
        Ok(())
    }
}

/// Plans series: forecast, intervals, and what is needed to say when a limit is reached.
///
/// Built once, used for any number of series; deterministic, no state.
///
/// ```
/// use capacity_forecast::{Limit, Planner, PlannerConfig, Series};
/// use std::time::Duration;
/// let hour = Duration::from_secs(3600);
/// // Four weeks of use by the hour: a day's wave on a level that grows.
/// let use_at = |h: u32| {
///     let day = f64::from(h % 24) / 24.0 * std::f64::consts::TAU;
///     0.40 + 0.10 * day.sin() + 0.0005 * f64::from(h)
/// };
/// let series = Series::from_grid(Duration::ZERO, hour, (0..672).map(use_at))?;
/// let planner = Planner::new(PlannerConfig::default())?;
/// let plan = planner.plan(&series, series.end())?;
/// assert_eq!(plan.point.len(), 168);
/// assert!((plan.point[0] - use_at(672)).abs() < 0.01);
/// let breach = plan.breach(&Limit::at_least(0.9))?;
/// assert!(breach.probability_within(Duration::from_secs(7 * 86_400)) > 0.5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Planner {
    config: PlannerConfig,
    events: Events,
    members: Vec<Box<dyn Forecaster>>,
}

impl Planner {
    /// Accepts a configuration.
    ///
    /// # Errors
    /// [`ConfigError`] naming the field, its value and its bound.
    ///
    /// ```
    /// use capacity_forecast::{Planner, PlannerConfig};
    /// let refused = Planner::new(PlannerConfig::default().with_levels(vec![0.8, 1.2]));
    /// let message = "levels[1] is 1.2, must be above 0 and the level before it, below 1";
    /// assert_eq!(refused.err().map(|e| e.to_string()).as_deref(), Some(message));
    /// ```
    pub fn new(config: PlannerConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let events = Events::new(config.events.clone())?;
        Ok(Self {
            config,
            events,
            members: Vec::new(),
        })
    }

    /// Adds a member of the caller's own to the pool: it is weighed by its errors as the others are.
    /// Every [`Forecaster`] of this crate may be one, the quadratic baseline with the feature `linfa`
    /// too, which seldom has a weight.
    ///
    /// ```
    /// use capacity_forecast::{AutoEts, Member, Planner, PlannerConfig, Series};
    /// use std::time::Duration;
    /// let planner = Planner::new(PlannerConfig::default())?.with_member(Box::new(AutoEts::default()));
    /// let hour = Duration::from_secs(3600);
    /// let series = Series::from_grid(Duration::ZERO, hour, (0..100).map(|h| f64::from(h % 24)))?;
    /// let plan = planner.plan(&series, series.end())?;
    /// assert!(plan.members.iter().any(|share| share.member == Member::Custom(0)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_member(mut self, member: Box<dyn Forecaster>) -> Self {
        self.members.push(member);
        self
    }

    /// What was configured.
    ///
    /// ```
    /// use capacity_forecast::{Planner, PlannerConfig};
    /// assert_eq!(Planner::new(PlannerConfig::default())?.config().min_observed, 8);
    /// # Ok::<(), capacity_forecast::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn config(&self) -> &PlannerConfig {
        &self.config
    }

    /// Plans a series as of `now`, in the series' time. Below 1 ms for four weeks of hours and a week
    /// ahead; O(values × (lags² + 400) + steps × members × origins).
    ///
    /// # Errors
    /// [`ForecastError`]: too few values, none at all, the newest too old or after `now`, seasons that
    /// do not fit the series' step, a horizon of too many steps.
    pub fn plan(&self, series: &Series, now: Duration) -> Result<Plan, ForecastError> {
        Ok(self.plan_beyond(series, now, Some(Duration::ZERO))?.0)
    }

    /// A plan that reaches further than the horizon, by a quarter where that is not given; and the
    /// steps within the horizon.
    pub(crate) fn plan_beyond(
        &self,
        series: &Series,
        now: Duration,
        spare: Option<Duration>,
    ) -> Result<(Plan, usize), ForecastError> {
        let config = &self.config;
        let series = &series.tail(config.max_history).without_partial(now);
        let observed = series.observed();
        let Some((last, current)) = series.last_observed() else {
            return Err(ForecastError::AllMissing {
                count: series.len(),
            });
        };
        if observed < config.min_observed {
            return Err(ForecastError::TooShort {
                have: observed,
                need: config.min_observed,
            });
        }
        check_age(last, now, series.step(), self.max_age(series))?;
        let window = self.steps(series, now, Duration::ZERO)?;
        let steps = match spare {
            Some(spare) => self.steps(series, now, spare)?,
            None => (window + window.div_ceil(4)).min(MOST_STEPS),
        };
        let report = config
            .seasons
            .resolve(series)
            .map_err(|error| match error {
                ConfigError::OutOfRange {
                    field,
                    value,
                    bound,
                } => ForecastError::OutOfRange {
                    what: field,
                    value,
                    bound: bound.to_owned(),
                },
                other => ForecastError::OutOfRange {
                    what: "seasons".to_owned(),
                    value: other.to_string(),
                    bound: "accepted".to_owned(),
                },
            })?;
        let plan = self.fit(series, now, (last, current), steps, report);
        Ok((plan, window))
    }

    /// Greatest age of the newest value.
    pub(crate) fn max_age(&self, series: &Series) -> Duration {
        let usual = (self.config.horizon / 10).max(series.step().saturating_mul(3));
        self.config.max_age.unwrap_or(usual)
    }

    /// Steps until `now` + horizon and what is spare.
    fn steps(
        &self,
        series: &Series,
        now: Duration,
        spare: Duration,
    ) -> Result<usize, ForecastError> {
        let until = now.saturating_add(self.config.horizon);
        let until = until.saturating_add(spare);
        let steps = steps_until(series, until).max(1);
        if steps > MOST_STEPS {
            return Err(ForecastError::OutOfRange {
                what: "horizon".to_owned(),
                value: format!("{steps} steps of {}", duration::format(series.step())),
                bound: format!("at most {MOST_STEPS} steps"),
            });
        }
        Ok(steps)
    }

    fn fit(
        &self,
        series: &Series,
        now: Duration,
        (last, current): (Duration, f64),
        steps: usize,
        seasons: SeasonReport,
    ) -> Plan {
        let config = &self.config;
        let count = series.len();
        let usual = if config.events.is_empty() {
            None
        } else {
            Some(self.events.removed_from(series))
        };
        let lengths = seasons.lengths();
        let season = lengths.first().copied().unwrap_or(1);
        let filled = usual.as_ref().unwrap_or(series).fill(season).ok();
        let (values, seen) = filled.map(|f| (f.values, f.observed)).unwrap_or_default();
        // What the bound is without an event's effect is not known.
        let cap = config.upper_bound.filter(|_| usual.is_none());
        let pooled = pool::forecast(&values, &seen, &lengths, steps, cap, &self.members);
        let least = series
            .values()
            .iter()
            .copied()
            .fold(f64::INFINITY, f64::min);
        let lower = config.lower_bound.or((least >= 0.0).then_some(0.0));
        let model = Model {
            pooled,
            effects: match usual {
                Some(_) => self.events.effects(series, count..count + steps),
                None => Vec::new(),
            },
            lower: lower.unwrap_or(f64::NEG_INFINITY),
            upper: config.upper_bound.unwrap_or(f64::INFINITY),
            newest: tail(series.values(), 1000).to_vec(),
            cycles: CycleLevels::new(series.values(), &lengths),
            sampling: series.sampling(),
        };
        let first = series.time(count).unwrap_or(Duration::MAX);
        Plan {
            now,
            first,
            step: series.step(),
            newest: last,
            current,
            coverage: series.coverage(),
            repairs: series.repairs(),
            seasons,
            point: model.point(),
            intervals: config
                .levels
                .iter()
                .map(|level| model.interval(*level))
                .collect(),
            members: model.members(),
            calibration: model.calibration(&config.levels),
            model,
        }
    }
}

/// Refuses a newest value that is too old, or later than `now`.
pub(crate) fn check_age(
    newest: Duration,
    now: Duration,
    step: Duration,
    limit: Duration,
) -> Result<(), ForecastError> {
    let age = match now.checked_sub(newest) {
        Some(age) => age,
        // The value of a step is known when the step is over; its time may lie within it.
        None if newest - now <= step => Duration::ZERO,
        None => {
            let ahead = newest - now;
            return Err(ForecastError::FromTheFuture { ahead });
        }
    };
    if age > limit {
        return Err(ForecastError::Stale { age, limit });
    }
    Ok(())
}

/// Steps after the series' last one until a time, a part of one as a whole.
pub(crate) fn steps_until(series: &Series, until: Duration) -> usize {
    let ahead = until.saturating_sub(series.end()).as_secs_f64() / series.step().as_secs_f64();
    // A whole number of steps must not become one more by rounding.
    trunc_count((ahead - 1e-9).ceil())
}
