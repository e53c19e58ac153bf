//! A plan that follows its series, sample by sample.
//!
//! A plan costs most of a millisecond, a sample a fraction of a microsecond. Between two plans the
//! tracker keeps the newest error of the plan and the weighted mean of its errors, and adds to each
//! step ahead what the backtest's residual paths say such errors mean at that distance (`correction`).
//! Intervals are those of the distance from now, not from the plan, and their levels follow their own
//! misses (adaptive conformal inference, Gibbs and Candès 2021): α ← α + γ (α₀ − missed).
//!
//! Cost: O(levels) a sample, no allocation. Edge cases: missing steps make the errors older, not
//! smaller; samples that share a step move it until the next step begins; a sample that is late fills
//! the history for the next plan and changes no error.

mod config;
mod correction;
#[cfg(feature = "serde")]
mod stored;

use core::time::Duration;

pub use config::TrackerConfig;

use crate::error::ForecastError;
use crate::numeric::{at, tail};
use crate::plan::{Interval, Model, Plan};
use crate::planner::Planner;
use crate::pool::Pooled;
use crate::series::{Series, SeriesError};
use crate::trend::CycleLevels;
use correction::{Correction, Errors};

/// Why it is time for a new plan.
///
/// ```
/// use capacity_forecast::{Planner, PlannerConfig, ReplanReason, Series, Tracker, TrackerConfig};
/// use std::time::Duration;
/// let hour = Duration::from_secs(3600);
/// let wave = |h: u32| f64::from(h % 24) + f64::from(h * 7 % 5);
/// let series = Series::from_grid(Duration::ZERO, hour, (0..240).map(wave))?;
/// let planner = Planner::new(PlannerConfig::default().with_horizon(24 * hour))?;
/// let mut tracker = Tracker::new(&planner, TrackerConfig::default(), series, 239 * hour)?;
/// for h in 240..246 {
///     tracker.update(h * hour, 100.0)?;
/// }
/// assert_eq!(tracker.due(), Some(ReplanReason::Drift));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ReplanReason {
    /// So many steps have passed that the plan no longer reaches as far ahead as is asked for.
    UsedUp,
    /// The plan's errors have become much larger than those of its backtest.
    Drift,
}

/// A series and its plan, kept up to date sample by sample.
///
/// Call order: [`update`](Self::update) with each sample, read [`point`](Self::point),
/// [`interval`](Self::interval) or the whole [`plan`](Self::plan) at any time, and
/// [`replan`](Self::replan) when [`due`](Self::due) says so, or as often as wanted.
///
/// ```
/// use capacity_forecast::{Limit, Planner, PlannerConfig, Series, Tracker, TrackerConfig};
/// use std::time::Duration;
/// let hour = Duration::from_secs(3600);
/// let wave = |h: u32| f64::from(h % 24) + f64::from(h * 7 % 5);
/// let series = Series::from_grid(Duration::ZERO, hour, (0..240).map(wave))?;
/// let planner = Planner::new(PlannerConfig::default().with_horizon(24 * hour))?;
/// let mut tracker = Tracker::new(&planner, TrackerConfig::default(), series, 239 * hour)?;
/// for h in 240..243 {
///     tracker.update(h * hour, wave(h))?;
///     if tracker.due().is_some() {
///         tracker.replan(&planner, h * hour)?;
///     }
/// }
/// assert!((tracker.point(0).ok_or("no step")? - 5.0).abs() < 2.5);
/// let plan = tracker.plan(242 * hour)?;
/// assert!(plan.breach(&Limit::at_least(20.0))?.probability_within(24 * hour) > 0.9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(into = "stored::Stored", try_from = "stored::Stored")
)]
pub struct Tracker {
    config: TrackerConfig,
    series: Series,
    plan: Plan,
    /// Steps ahead that are promised, and how far that is from a `now`.
    window: usize,
    horizon: Duration,
    /// Greatest age of the newest value.
    max_age: Duration,
    correction: Correction,
    /// After all steps that are over, and with the newest step as well.
    settled: State,
    current: State,
}

/// What follows from the steps since the plan.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct State {
    /// Steps seen since the plan, missing ones included.
    steps: usize,
    errors: Errors,
    /// Share outside that the next interval of each level is made for.
    alphas: Vec<f64>,
}

impl State {
    fn clone_from_in_place(&mut self, other: &Self) {
        self.steps = other.steps;
        self.errors = other.errors;
        self.alphas.copy_from_slice(&other.alphas);
    }
}

impl Tracker {
    /// Plans a series and follows it from there. The series keeps what the planner uses and no more.
    ///
    /// # Errors
    /// As for [`Planner::plan`]; the horizon with its spare part must be within a plan's.
    pub fn new(
        planner: &Planner,
        config: TrackerConfig,
        series: Series,
        now: Duration,
    ) -> Result<Self, ForecastError> {
        config.check()?;
        let keep = planner.config().max_history.min(series.keep());
        let series = series.clone().with_keep(keep).unwrap_or(series);
        let (mut plan, window) = planner.plan_beyond(&series, now, config.spare)?;
        // Taken anew from all samples when asked for.
        plan.model.cycles = CycleLevels::default();
        let state = State {
            steps: 0,
            errors: Errors::default(),
            alphas: plan.intervals.iter().map(|i| 1.0 - i.level).collect(),
        };
        let residuals = &plan.model.pooled.residuals;
        Ok(Self {
            config,
            max_age: planner.max_age(&series),
            correction: Correction::fit(residuals.scaled(), residuals.horizon()),
            series,
            window,
            horizon: planner.config().horizon,
            settled: state.clone(),
            current: state,
            plan,
        })
    }

    /// Takes a sample. O(levels), without allocation once the series has its full length. A sample
    /// that makes no sense is counted by the series, not used.
    ///
    /// # Errors
    /// As for [`Series::push`]; nothing changes then.
    ///
    /// ```
    /// use capacity_forecast::{Planner, PlannerConfig, Series, Tracker, TrackerConfig};
    /// use std::time::Duration;
    /// let hour = Duration::from_secs(3600);
    /// let series = Series::from_grid(Duration::ZERO, hour, (0..240).map(|h| f64::from(h % 24)))?;
    /// let planner = Planner::new(PlannerConfig::default().with_horizon(24 * hour))?;
    /// let mut tracker = Tracker::new(&planner, TrackerConfig::default(), series, 239 * hour)?;
    /// tracker.update(240 * hour, 0.0)?;
    /// assert_eq!(tracker.elapsed(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn update(&mut self, at: Duration, value: f64) -> Result<(), SeriesError> {
        self.series.push(at, value)?;
        let steps = self.steps_since_plan();
        // A step is settled once a later one has begun.
        while self.settled.steps + 1 < steps {
            let step = self.settled.steps;
            let value = self.value(step);
            self.observe(false, step, value);
        }
        if steps > self.settled.steps {
            self.current.clone_from_in_place(&self.settled);
            let step = self.settled.steps;
            // Half a sum is no error.
            let value = if self.series.is_sum() {
                f64::NAN
            } else {
                self.value(step)
            };
            self.observe(true, step, value);
        }
        Ok(())
    }

    /// Steps of the series since the plan.
    fn steps_since_plan(&self) -> usize {
        let Some(since) = self.series.end().checked_sub(self.plan.first) else {
            return 0;
        };
        let steps = since.as_nanos() / self.series.step().as_nanos().max(1);
        usize::try_from(steps)
            .unwrap_or(usize::MAX)
            .saturating_add(1)
    }

    /// Value of a step since the plan, NaN where missing.
    fn value(&self, step: usize) -> f64 {
        let values = self.series.values();
        let back = self.steps_since_plan().saturating_sub(step);
        let index = values.len().checked_sub(back);
        index
            .and_then(|index| values.get(index))
            .copied()
            .unwrap_or(f64::NAN)
    }

    /// Scores a step's value and learns from it.
    fn observe(&mut self, current: bool, step: usize, value: f64) {
        let state = if current {
            &mut self.current
        } else {
            &mut self.settled
        };
        let Model {
            pooled, effects, ..
        } = &self.plan.model;
        state.steps = step + 1;
        let Some(point) = pooled.point.get(step) else {
            return;
        };
        let scale = pooled.residuals.scale(step);
        if value.is_nan() || scale <= 0.0 {
            return;
        }
        let value = effects
            .get(step)
            .map_or(value, |effect| effect.remove(value));
        let off = (value - point) / pooled.unit;
        let distance = distance(&state.errors, step);
        let off_corrected = off - scale * corrected(&self.correction, &state.errors, distance);
        for (interval, alpha) in self.plan.intervals.iter().zip(&mut state.alphas) {
            let level = (1.0 - *alpha).clamp(0.0, 1.0);
            let (low, high) = pooled.residuals.around(step, distance - 1, level);
            let outside = off_corrected < low || off_corrected > high;
            let missed = f64::from(u8::from(outside || *alpha >= 1.0));
            *alpha += self.config.gamma * (1.0 - interval.level - missed);
            // Beyond these the level is the same: what lies there would only have to be made up for.
            *alpha = alpha.clamp(0.0, 1.0);
        }
        let error = off / scale;
        if error.is_finite() {
            let cut = self.correction.cut;
            state.errors.observe(step, error.max(-cut).min(cut));
        }
    }

    /// Steps of the series that have begun since the plan.
    ///
    /// ```
    /// use capacity_forecast::{Planner, PlannerConfig, Series, Tracker, TrackerConfig};
    /// use std::time::Duration;
    /// let hour = Duration::from_secs(3600);
    /// let series = Series::from_grid(Duration::ZERO, hour, (0..240).map(|h| f64::from(h % 24)))?;
    /// let planner = Planner::new(PlannerConfig::default().with_horizon(24 * hour))?;
    /// let tracker = Tracker::new(&planner, TrackerConfig::default(), series, 239 * hour)?;
    /// assert_eq!(tracker.elapsed(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn elapsed(&self) -> usize {
        self.current.steps
    }

    /// The series, with all samples so far.
    ///
    /// ```
    /// use capacity_forecast::{Planner, PlannerConfig, Series, Tracker, TrackerConfig};
    /// use std::time::Duration;
    /// let hour = Duration::from_secs(3600);
    /// let series = Series::from_grid(Duration::ZERO, hour, (0..240).map(|h| f64::from(h % 24)))?;
    /// let planner = Planner::new(PlannerConfig::default().with_horizon(24 * hour))?;
    /// let tracker = Tracker::new(&planner, TrackerConfig::default(), series, 239 * hour)?;
    /// assert_eq!(tracker.series().len(), 240);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn series(&self) -> &Series {
        &self.series
    }

    /// The forecast of a step ahead of the newest one, from 0; `None` beyond the promised horizon and
    /// once the plan is used up. O(1).
    ///
    /// ```
    /// use capacity_forecast::{Planner, PlannerConfig, Series, Tracker, TrackerConfig};
    /// use std::time::Duration;
    /// let hour = Duration::from_secs(3600);
    /// let series = Series::from_grid(Duration::ZERO, hour, (0..240).map(|h| f64::from(h % 24)))?;
    /// let planner = Planner::new(PlannerConfig::default().with_horizon(24 * hour))?;
    /// let mut tracker = Tracker::new(&planner, TrackerConfig::default(), series, 239 * hour)?;
    /// tracker.update(240 * hour, 0.0)?;
    /// assert!(tracker.point(0).is_some_and(|value| (value - 1.0).abs() < 1e-6));
    /// assert_eq!(tracker.point(24), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn point(&self, step: usize) -> Option<f64> {
        let target = self.target(step)?;
        let model = &self.plan.model;
        Some(model.within(target, self.usual(target) * model.pooled.unit))
    }

    /// The interval of one of the planner's levels, in their order, around a step ahead; `None` where
    /// [`point`](Self::point) is or there is no such level. O(log steps).
    ///
    /// ```
    /// use capacity_forecast::{Planner, PlannerConfig, Series, Tracker, TrackerConfig};
    /// use std::time::Duration;
    /// let hour = Duration::from_secs(3600);
    /// let wave = |h: u32| f64::from(h % 24) + f64::from(h * 7 % 5);
    /// let series = Series::from_grid(Duration::ZERO, hour, (0..240).map(wave))?;
    /// let planner = Planner::new(PlannerConfig::default().with_horizon(24 * hour))?;
    /// let tracker = Tracker::new(&planner, TrackerConfig::default(), series, 239 * hour)?;
    /// let (narrow, wide) = (tracker.interval(0, 5), tracker.interval(1, 5));
    /// assert!(narrow.zip(wide).is_some_and(|(narrow, wide)| narrow.1 <= wide.1));
    /// assert_eq!(tracker.interval(2, 5), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn interval(&self, level: usize, step: usize) -> Option<(f64, f64)> {
        let alpha = *self.current.alphas.get(level)?;
        let target = self.target(step)?;
        Some(self.around(target, step, alpha))
    }

    fn around(&self, target: usize, lead: usize, alpha: f64) -> (f64, f64) {
        let Model { pooled, .. } = &self.plan.model;
        let level = (1.0 - alpha).clamp(0.0, 1.0);
        let (low, high) = pooled.residuals.around(target, lead, level);
        let usual = self.usual(target);
        let (least, most) = pooled.farthest();
        let low = (usual + low.min(0.0)).max(least).min(usual);
        let high = (usual + high.max(0.0)).min(most).max(usual);
        let within = |value: f64| self.plan.model.within(target, value * pooled.unit);
        (within(low), within(high))
    }

    /// Step of the plan that lies so many ahead of the newest one.
    fn target(&self, step: usize) -> Option<usize> {
        let target = step.checked_add(self.current.steps)?;
        (step < self.window && target < self.plan.point.len()).then_some(target)
    }

    /// Forecast of a step of the plan over the pool's unit, planned events apart.
    fn usual(&self, target: usize) -> f64 {
        let pooled = &self.plan.model.pooled;
        let errors = &self.current.errors;
        let correction = corrected(&self.correction, errors, distance(errors, target));
        let planned = at(&pooled.point, target) / pooled.unit;
        let value = planned + pooled.residuals.scale(target) * correction;
        let (least, most) = pooled.farthest();
        value.max(least.min(planned)).min(most.max(planned))
    }

    /// Why a new plan should be made; `None` while this one does.
    #[must_use]
    pub fn due(&self) -> Option<ReplanReason> {
        if self.current.steps + self.window > self.plan.point.len() {
            return Some(ReplanReason::UsedUp);
        }
        let Errors { count, .. } = self.current.errors;
        let bound = self.config.drift * self.correction.usual;
        let drifted = self.current.errors.level(1).abs() > bound;
        (count >= 3 && drifted).then_some(ReplanReason::Drift)
    }

    /// Plans anew from all samples so far.
    ///
    /// # Errors
    /// As for [`new`](Self::new); the old plan stays then.
    ///
    /// ```
    /// use capacity_forecast::{Planner, PlannerConfig, Series, Tracker, TrackerConfig};
    /// use std::time::Duration;
    /// let hour = Duration::from_secs(3600);
    /// let series = Series::from_grid(Duration::ZERO, hour, (0..240).map(|h| f64::from(h % 24)))?;
    /// let planner = Planner::new(PlannerConfig::default().with_horizon(24 * hour))?;
    /// let mut tracker = Tracker::new(&planner, TrackerConfig::default(), series, 239 * hour)?;
    /// tracker.update(240 * hour, 0.0)?;
    /// tracker.replan(&planner, 240 * hour)?;
    /// assert_eq!(tracker.elapsed(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn replan(&mut self, planner: &Planner, now: Duration) -> Result<(), ForecastError> {
        let alphas = core::mem::take(&mut self.current.alphas);
        match Self::new(planner, self.config, self.series.clone(), now) {
            Ok(mut fresh) => {
                // What the intervals learnt about their misses stays true where their levels do.
                let same = |(a, b): (&Interval, &Interval)| a.level.total_cmp(&b.level).is_eq();
                let levels = fresh.plan.intervals.iter().zip(&self.plan.intervals);
                if levels.len() == alphas.len() && levels.clone().all(same) {
                    fresh.settled.alphas.copy_from_slice(&alphas);
                    fresh.current.alphas.copy_from_slice(&alphas);
                }
                *self = fresh;
                Ok(())
            }
            Err(error) => {
                self.current.alphas = alphas;
                Err(error)
            }
        }
    }

    /// The plan as of now: forecast, intervals, and what answers [`Plan::breach`]. Costs about a tenth
    /// of a plan made anew.
    ///
    /// # Errors
    /// [`ForecastError::Stale`] and [`FromTheFuture`](ForecastError::FromTheFuture) as for
    /// [`Planner::plan`]; [`OutOfRange`](ForecastError::OutOfRange) once the plan is used up.
    pub fn plan(&self, now: Duration) -> Result<Plan, ForecastError> {
        let steps = self.current.steps;
        let first = self.plan.time(steps).unwrap_or(Duration::MAX);
        let (newest, current) = match self.series.last_observed() {
            Some((at, value)) => (at, value),
            None => (self.plan.newest, self.plan.current),
        };
        crate::planner::check_age(newest, now, self.series.step(), self.max_age)?;
        let until = now.saturating_add(self.horizon);
        let window = crate::planner::steps_until(&self.series, until).max(1);
        let reach = self.plan.point.len().saturating_sub(window);
        if steps > reach {
            return Err(ForecastError::OutOfRange {
                what: "steps since the plan".to_owned(),
                value: steps.to_string(),
                bound: format!("at most {reach}: replan"),
            });
        }
        let Model {
            pooled,
            effects,
            lower,
            upper,
            ..
        } = &self.plan.model;
        let targets = steps..steps + window;
        let model = Model {
            pooled: Pooled {
                point: targets
                    .clone()
                    .map(|target| self.usual(target) * pooled.unit)
                    .collect(),
                residuals: pooled.residuals.later(steps, window),
                paths: pooled
                    .paths
                    .later(steps, pooled.residuals.horizon(), window),
                members: pooled.members.clone(),
                ..*pooled
            },
            effects: effects.get(targets.clone()).unwrap_or_default().to_vec(),
            lower: *lower,
            upper: *upper,
            newest: tail(self.series.values(), 1000).to_vec(),
            sampling: self.series.sampling(),
            cycles: CycleLevels::new(self.series.values(), &self.plan.seasons.lengths()),
        };
        let alphas = self.plan.intervals.iter().zip(&self.current.alphas);
        let interval = |(planned, alpha): (&Interval, &f64)| {
            let ends = targets.clone().enumerate();
            let ends = ends.map(|(lead, target)| self.around(target, lead, *alpha));
            let (lower, upper) = ends.unzip();
            Interval {
                lower,
                upper,
                ..planned.clone()
            }
        };
        Ok(Plan {
            now,
            first,
            step: self.plan.step,
            newest,
            current,
            coverage: self.series.coverage(),
            repairs: self.series.repairs(),
            seasons: self.plan.seasons.clone(),
            point: model.point(),
            intervals: alphas.map(interval).collect(),
            members: self.plan.members.clone(),
            calibration: self.plan.calibration.clone(),
            model,
        })
    }
}

/// Steps from the newest error, or from before the first, to a step.
const fn distance(errors: &Errors, step: usize) -> usize {
    if errors.count == 0 {
        step + 1
    } else {
        let since = step.saturating_sub(errors.step);
        if since == 0 { 1 } else { since }
    }
}

fn corrected(correction: &Correction, errors: &Errors, distance: usize) -> f64 {
    if errors.count == 0 {
        0.0
    } else {
        correction.at(distance, errors)
    }
}
