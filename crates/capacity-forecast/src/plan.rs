//! What is expected of a series, how sure that is, and why.

use core::time::Duration;

use crate::breach::Breach;
use crate::error::ForecastError;
use crate::event::Effect;
use crate::limit::{Direction, Limit, Sustained};
use crate::numeric::{count_f64, part, tail};
use crate::pool::{Climatology, Member, Pooled, Run};
use crate::season::SeasonReport;
use crate::series::{Repairs, Sampling};
use crate::trend::{CycleLevels, Points, Trend};

const DAY: f64 = 86_400.0;

/// A plan of a series: forecast, intervals, what carried it, and how good it was.
///
/// With the feature `serde` it is written out without what it needs to answer
/// [`breach`](Self::breach) and [`interval`](Self::interval): plan again for that, it is cheap.
///
/// ```
/// use capacity_forecast::{Planner, PlannerConfig, Series};
/// use std::time::Duration;
/// let hour = Duration::from_secs(3600);
/// let series = Series::from_grid(Duration::ZERO, hour, (0..240).map(|h| f64::from(h % 24)))?;
/// let planner = Planner::new(PlannerConfig::default().with_horizon(24 * hour))?;
/// let plan = planner.plan(&series, series.end())?;
/// assert_eq!(plan.time(0), Some(240 * hour));
/// assert!((plan.point[5] - 5.0).abs() < 1e-6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Plan {
    /// The moment it was made for.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub now: Duration,
    /// Time of the first step ahead.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub first: Duration,
    /// Time from step to step.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub step: Duration,
    /// When the newest value was observed.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub newest: Duration,
    /// That value.
    pub current: f64,
    /// Share of the history that was observed, 0 to 1.
    pub coverage: f64,
    /// What was done to the samples.
    pub repairs: Repairs,
    /// The seasons, and why.
    pub seasons: SeasonReport,
    /// The forecast, one value a step ahead: the middle of what is expected.
    pub point: Vec<f64>,
    /// Intervals around it, narrow ones first.
    pub intervals: Vec<Interval>,
    /// The members that carry it, heaviest first.
    pub members: Vec<MemberShare>,
    /// How good its like was in the backtest; `None` with fewer than three origins.
    pub calibration: Option<Calibration>,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) model: Model,
}

/// Where values lie with a probability.
///
/// ```
/// use capacity_forecast::{Planner, PlannerConfig, Series};
/// use std::time::Duration;
/// let hour = Duration::from_secs(3600);
/// let series = Series::from_grid(Duration::ZERO, hour, [1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0])?;
/// let planner = Planner::new(PlannerConfig::default().with_horizon(24 * hour))?;
/// // Eight values are too few to know what happens one time in twenty.
/// assert!(!planner.plan(&series, series.end())?.intervals[1].calibrated);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Interval {
    /// The probability, 0 to 1.
    pub level: f64,
    /// Whether the backtest saw enough to know it; where not, it is what the few errors seen suggest.
    pub calibrated: bool,
    /// Lower ends, one a step ahead.
    pub lower: Vec<f64>,
    /// Upper ends.
    pub upper: Vec<f64>,
}

/// A member and its part in the forecast.
///
/// ```
/// use capacity_forecast::{Planner, PlannerConfig, Series};
/// use std::time::Duration;
/// let hour = Duration::from_secs(3600);
/// let series = Series::from_grid(Duration::ZERO, hour, (0..240).map(|h| f64::from(h % 24)))?;
/// let plan = Planner::new(PlannerConfig::default())?.plan(&series, series.end())?;
/// let sum: f64 = plan.members.iter().map(|share| share.weight).sum();
/// assert!((sum - 1.0).abs() < 1e-9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct MemberShare {
    /// The member.
    pub member: Member,
    /// Its mean weight over the steps ahead; all add up to 1.
    pub weight: f64,
    /// Why: its mean absolute error in the backtest, newer origins counting more, in the series' unit. The
    /// weight falls with about the fifth power of it, in groups of steps ahead. `None` where nothing
    /// could be judged.
    pub error: Option<f64>,
}

/// How good forecasts of this kind were on the series itself.
///
/// ```
/// use capacity_forecast::{Planner, PlannerConfig, Series};
/// use std::time::Duration;
/// let hour = Duration::from_secs(3600);
/// let wave = (0..480).map(|h| f64::from(h % 24) + f64::from(h * 7 % 5));
/// let series = Series::from_grid(Duration::ZERO, hour, wave)?;
/// let planner = Planner::new(PlannerConfig::default().with_horizon(24 * hour))?;
/// let calibration = planner.plan(&series, series.end())?.calibration;
/// assert!(calibration.is_some_and(|c| c.origins == 24 && c.skill > Some(0.0)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Calibration {
    /// Moments of the past that it was tried from.
    pub origins: usize,
    /// How many windows without overlap they cover.
    pub windows: f64,
    /// 1 less its mean absolute error over that of the naive forecast that repeats the last season
    /// (or the last value): 0 is no better, 1 perfect. `None` where the naive one was perfect.
    pub skill: Option<f64>,
    /// For each level: the share of the newer half's values within intervals from the older half.
    pub coverage: Vec<LevelCoverage>,
}

/// Nominal and measured share of values within an interval.
///
/// ```
/// use capacity_forecast::{Planner, PlannerConfig, Series};
/// use std::time::Duration;
/// let hour = Duration::from_secs(3600);
/// let wave = (0..480).map(|h| f64::from(h % 24) + f64::from(h * 7 % 5));
/// let series = Series::from_grid(Duration::ZERO, hour, wave)?;
/// let planner = Planner::new(PlannerConfig::default().with_horizon(24 * hour))?;
/// let plan = planner.plan(&series, series.end())?;
/// let coverage = &plan.calibration.as_ref().ok_or("no calibration")?.coverage[0];
/// assert_eq!(coverage.level, 0.8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct LevelCoverage {
    /// What the interval promises.
    pub level: f64,
    /// What it kept; `None` with too few origins in either half.
    pub measured: Option<f64>,
}

impl Plan {
    /// Time of a step ahead, from 0; `None` beyond what a [`Duration`] holds.
    #[must_use]
    pub fn time(&self, step: usize) -> Option<Duration> {
        let steps = u32::try_from(step).ok()?;
        self.first.checked_add(self.step.checked_mul(steps)?)
    }

    /// Time from `now` to the last step ahead: what it covers.
    ///
    /// ```
    /// use capacity_forecast::{Planner, PlannerConfig, Series};
    /// use std::time::Duration;
    /// let hour = Duration::from_secs(3600);
    /// let series = Series::from_grid(Duration::ZERO, hour, (0..240).map(|h| f64::from(h % 24)))?;
    /// let plan = Planner::new(PlannerConfig::default())?.plan(&series, series.end())?;
    /// assert_eq!(plan.horizon(), 168 * hour);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn horizon(&self) -> Duration {
        let last = self.time(self.point.len().saturating_sub(1));
        last.unwrap_or(Duration::MAX).saturating_sub(self.now)
    }

    /// Where the series goes: the trend of its cycles' medians, at most the 60 newest. Times are days
    /// from `now`, so that the slope is per day. `reference` as in [`Trend::assess`]. O(cycles²).
    ///
    /// # Errors
    /// [`ForecastError`] for fewer than three cycles, or a reference that is 0 or not finite.
    ///
    /// ```
    /// use capacity_forecast::{Planner, PlannerConfig, Series, TrendDirection};
    /// use std::time::Duration;
    /// let hour = Duration::from_secs(3600);
    /// let values = (0..240).map(|h| f64::from(h % 24) + 0.5 * f64::from(h));
    /// let series = Series::from_grid(Duration::ZERO, hour, values)?;
    /// let plan = Planner::new(PlannerConfig::default())?.plan(&series, series.end())?;
    /// let trend = plan.trend(Some(200.0))?;
    /// assert_eq!(trend.direction, TrendDirection::Increasing);
    /// assert!((trend.line.slope - 12.0).abs() < 0.01, "half a unit an hour");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn trend(&self, reference: Option<f64>) -> Result<Trend, ForecastError> {
        let CycleLevels { steps, medians } = &self.model.cycles;
        let step = self.step.as_secs_f64() / DAY;
        let first = (self.first.as_secs_f64() - self.now.as_secs_f64()) / DAY;
        let cycle = count_f64(*steps);
        // The middle of the newest cycle lies half a cycle before the middle of the gap to `first`.
        let newest = first - step * 0.5 * (cycle + 1.0);
        let back = (0..medians.len()).rev().map(count_f64);
        let times: Vec<f64> = back.map(|cycles| newest - cycles * cycle * step).collect();
        let points = Points::new(&times, medians)?;
        Trend::assess(&points, self.horizon().as_secs_f64() / DAY, reference)
    }

    /// The interval of any probability.
    ///
    /// # Errors
    /// [`ForecastError::OutOfRange`] for a level that is not above 0 and below 1.
    ///
    /// ```
    /// use capacity_forecast::{Planner, PlannerConfig, Series};
    /// use std::time::Duration;
    /// let hour = Duration::from_secs(3600);
    /// let series = Series::from_grid(Duration::ZERO, hour, (0..240).map(|h| f64::from(h % 24)))?;
    /// let plan = Planner::new(PlannerConfig::default())?.plan(&series, series.end())?;
    /// assert_eq!(plan.interval(0.5)?.lower.len(), plan.point.len());
    /// let refused = plan.interval(95.0).map_err(|error| error.to_string());
    /// assert_eq!(refused, Err("level is 95, must be above 0 and below 1".to_owned()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn interval(&self, level: f64) -> Result<Interval, ForecastError> {
        if !(level > 0.0 && level < 1.0) {
            return Err(ForecastError::OutOfRange {
                what: "level".to_owned(),
                value: level.to_string(),
                bound: "above 0 and below 1".to_owned(),
            });
        }
        Ok(self.model.interval(level))
    }

    /// When a limit is reached. O(steps × remainders).
    ///
    /// # Errors
    /// [`ForecastError::OutOfRange`] for a limit that is not finite, has too few steps, or whose
    /// `sustained` is out of range.
    ///
    /// ```
    /// use capacity_forecast::{Limit, Planner, PlannerConfig, Series};
    /// use std::time::Duration;
    /// let hour = Duration::from_secs(3600);
    /// let series = Series::from_grid(Duration::ZERO, hour, (0..240).map(|h| f64::from(h % 24)))?;
    /// let planner = Planner::new(PlannerConfig::default().with_horizon(24 * hour))?;
    /// let plan = planner.plan(&series, series.end())?;
    /// assert!(plan.breach(&Limit::at_least(20.0))?.probability[23] > 0.9);
    /// assert!(plan.breach(&Limit::at_least(30.0))?.probability[23] < 0.1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn breach(&self, limit: &Limit) -> Result<Breach, ForecastError> {
        limit.check(self.point.len())?;
        let now = self.model.reached_now(limit);
        // A bin's time is its begin; that it reached a limit is known at its end.
        let end = match self.model.sampling {
            Sampling::Points => self.first,
            Sampling::Bins => self.first.saturating_add(self.step),
        };
        Ok(Breach {
            limit: limit.clone(),
            now,
            first: end.saturating_sub(self.now),
            past: self.now.saturating_sub(end),
            step: self.step,
            probability: if now {
                vec![1.0; self.point.len()]
            } else {
                let mut reached = self.model.reached(limit);
                self.agree(limit, &mut reached);
                reached
            },
        })
    }
}

impl Plan {
    /// A limit is reached by a step at least as likely as it is reached at that step: a half where the
    /// forecast, its middle, lies beyond it, more where all of an interval does.
    fn agree(&self, limit: &Limit, reached: &mut [f64]) {
        if limit.sustained.hits > 1 {
            return;
        }
        let sign = limit.sign();
        // Intervals hold the forecast: where it stays on this side of the limit, so do their near ends.
        let beyond = |(step, point): (usize, &f64)| sign * (point - limit.at(step)) >= 0.0;
        if !self.point.iter().enumerate().any(beyond) {
            return;
        }
        let mut before = 0.0_f64;
        let ends = [0.8, 0.95].map(|level| (level, self.model.interval(level)));
        for (step, p) in reached.iter_mut().enumerate() {
            let value = limit.at(step);
            let beyond = |end: &[f64]| end.get(step).is_some_and(|end| sign * (end - value) >= 0.0);
            if beyond(&self.point) {
                before = before.max(0.5);
            }
            for (level, interval) in &ends {
                let near = if sign > 0.0 {
                    &interval.lower
                } else {
                    &interval.upper
                };
                if interval.calibrated && beyond(near) {
                    before = before.max(0.5 + 0.5 * level);
                }
            }
            *p = p.max(before);
        }
    }
}

/// What answers further questions about a plan.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Model {
    pub(crate) pooled: Pooled,
    /// What planned events do to each step ahead; empty where there are none.
    pub(crate) effects: Vec<Effect>,
    pub(crate) lower: f64,
    pub(crate) upper: f64,
    /// The newest values, NaN where missing.
    pub(crate) newest: Vec<f64>,
    pub(crate) cycles: CycleLevels,
    pub(crate) sampling: Sampling,
}

impl Model {
    fn effect(&self, step: usize) -> Effect {
        self.effects.get(step).copied().unwrap_or(Effect::NONE)
    }

    /// A step's value with its events, within the bounds.
    pub(crate) fn within(&self, step: usize, value: f64) -> f64 {
        let value = self.effect(step).apply(value);
        value.max(self.lower).min(self.upper)
    }

    /// What forecasts cannot go beyond on a limit's side. The pool lets nothing that never was
    /// negative become so, whatever the bound.
    pub(crate) const fn bound(&self, direction: Direction) -> f64 {
        match direction {
            Direction::Rising => self.upper,
            Direction::Falling if self.pooled.range.0 >= 0.0 => self.lower.max(0.0),
            Direction::Falling => self.lower,
        }
    }

    pub(crate) fn point(&self) -> Vec<f64> {
        let steps = self.pooled.point.iter().enumerate();
        steps
            .map(|(step, value)| self.within(step, *value))
            .collect()
    }

    pub(crate) fn interval(&self, level: f64) -> Interval {
        let Pooled {
            residuals,
            unit,
            point,
            ..
        } = &self.pooled;
        let (least, most) = self.pooled.farthest();
        let band = residuals.band(level).into_iter().zip(point).enumerate();
        let (lower, upper) = band
            .map(|(step, ((low, high), point))| {
                let low = (point / unit + low.min(0.0)).max(least) * unit;
                let high = (point / unit + high.max(0.0)).min(most) * unit;
                (
                    self.within(step, low.min(*point)),
                    self.within(step, high.max(*point)),
                )
            })
            .unzip();
        Interval {
            level,
            calibrated: residuals.is_calibrated(level),
            lower,
            upper,
        }
    }

    pub(crate) fn members(&self) -> Vec<MemberShare> {
        let members = self
            .pooled
            .members
            .iter()
            .filter(|(_, weight, _)| *weight > 0.0);
        let mut members: Vec<MemberShare> = members
            .map(|(member, weight, error)| MemberShare {
                member: *member,
                weight: *weight,
                error: error.filter(|error| error.is_finite()),
            })
            .collect();
        members.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        members
    }

    pub(crate) fn calibration(&self, levels: &[f64]) -> Option<Calibration> {
        let residuals = &self.pooled.residuals;
        let coverage = |(level, measured): (&f64, Option<f64>)| LevelCoverage {
            level: *level,
            measured,
        };
        (residuals.origins() >= 3).then(|| Calibration {
            origins: residuals.origins(),
            windows: residuals.windows(),
            skill: self.pooled.skill,
            coverage: levels
                .iter()
                .zip(residuals.newer_within_older(levels))
                .map(coverage)
                .collect(),
        })
    }

    /// Whether the newest values reach the limit.
    fn reached_now(&self, limit: &Limit) -> bool {
        let Sustained { hits, of } = limit.sustained;
        let sign = limit.sign();
        let value = limit.at(0);
        // A missing value is no evidence of either.
        let newest = self.newest.iter().rev().skip_while(|value| value.is_nan());
        let beyond = newest
            .take(of)
            .filter(|newest| sign * (*newest - value) >= 0.0);
        beyond.count() >= hits
    }

    fn reached(&self, limit: &Limit) -> Vec<f64> {
        let Pooled {
            point, unit, paths, ..
        } = &self.pooled;
        let sign = limit.sign();
        let scaled: Vec<f64> = point.iter().map(|point| point / unit).collect();
        let gaps: Vec<f64> = (0..)
            .zip(&scaled)
            .map(|(step, point)| {
                let value = limit.at(step);
                let beyond_bounds = if sign > 0.0 {
                    value > self.upper
                } else {
                    value < self.lower
                };
                if beyond_bounds {
                    return f64::INFINITY;
                }
                sign * (self.effect(step).remove(value) / unit - point)
            })
            .collect();
        let before = self.beyond_before(limit);
        paths.probability(
            &gaps,
            &scaled,
            sign,
            &Run {
                needed: limit.sustained.hits,
                length: limit.sustained.of,
                before,
            },
            &self.past(limit),
        )
    }

    /// How often the newest values reached the limit, as long as it stays what it is at first.
    fn past(&self, limit: &Limit) -> Climatology {
        if !self.effects.is_empty() {
            return Climatology::default();
        }
        let Sustained { hits, of } = limit.sustained;
        let (sign, value) = (limit.sign(), limit.at(0));
        let changed = |step: &usize| limit.at(*step) < value || limit.at(*step) > value;
        let steps = self.pooled.point.len();
        let until = (0..steps).find(changed).unwrap_or(steps);
        let observed = self.newest.iter().filter(|newest| !newest.is_nan());
        let beyond: Vec<bool> = observed
            .map(|newest| sign * (newest - value) >= 0.0)
            .collect();
        let mut within = 0;
        let leaving = core::iter::repeat_n(&false, of).chain(&beyond);
        let reached: Vec<bool> = beyond
            .iter()
            .zip(leaving)
            .map(|(entering, leaving)| {
                within += usize::from(*entering);
                within -= usize::from(*leaving);
                within >= hits
            })
            .collect();
        Climatology::new(&reached, until)
    }

    /// Which of the newest values lie beyond the limit, as many as its run looks back to.
    fn beyond_before(&self, limit: &Limit) -> Vec<bool> {
        let (sign, value) = (limit.sign(), limit.at(0));
        let seen = self.newest.iter().rposition(|value| !value.is_nan());
        let seen = part(&self.newest, 0, seen.map_or(0, |last| last + 1));
        let newest = tail(seen, limit.sustained.of - 1).iter();
        newest
            .map(|newest| sign * (newest - value) >= 0.0)
            .collect()
    }
}
