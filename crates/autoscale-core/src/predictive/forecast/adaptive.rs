use core::time::Duration;
use std::collections::VecDeque;

use super::DemandForecast;
use super::clock::Clock;
use super::days::Days;
use super::histogram::{Grid, Histogram, Place, Tails};
use super::phase::{self, Phases};
use super::regression::{FEATURES, Features, Regression};
use super::scale::LevelScale;
use super::smooth::Smoothers;
use crate::numeric;

/// The price at which the forecast judges its own parts, so that it does not depend on its user's.
const REFERENCE_PRICE: f64 = 40.0;
const DAY_MINUTES: f64 = 1440.0;
/// Half-life of the regression, in days.
const REGRESSION_DAYS: f64 = 4.0;
const SCALE_DAYS: f64 = 2.0;
const SHAPE_DAYS: f64 = 3.0;
const GATE_DAYS: f64 = 1.0;
/// A mean absolute deviation times this is a standard deviation, nearly.
const SPREAD: f64 = 1.25;
/// Targets are clipped at so many spreads.
const CLIP: f64 = 20.0;
const SMALLEST_LEVEL: f64 = 0.02;
const LONGEST_HORIZON: usize = 1 << 16;
/// Weight of "this time of day is like any other", in horizons: neighbouring errors are alike.
const CLOCK_PRIOR: f64 = 5.0;

/// A self-calibrating forecast of the demand one horizon ahead.
///
/// Means over 1 … 120 minutes are regressed on what came, apart for calm load and for load that has
/// just left its level. The error's size is learnt by the load's level and the time of day, its
/// shape as a histogram with a heavy-tailed prior; errors by the minute of the hour, and of the day,
/// are used as long as they make better decisions than the common shape. Growth far beyond what was ever seen
/// is not believed, and neither is, for half an hour, a load that drops below a fifth of its
/// two-hour mean.
///
/// ```
/// use autoscale_core::{AdaptiveForecast, DemandForecast};
/// use std::time::Duration;
/// let interval = Duration::from_secs(15);
/// let (mut forecast, mut beyond) = (AdaptiveForecast::new(interval, 7), [0.0; 40]);
/// let counts: Vec<f64> = (1..=40).map(f64::from).collect();
/// for tick in 0..240 {
///     let (now, ahead) = (interval * tick, interval * (tick + 7));
///     forecast.observe(now, 10.0 + f64::from(tick % 3));
///     forecast.partial_expectations(ahead, &counts, &mut beyond);
/// }
/// assert!((10.0..12.5).contains(&forecast.expected()));
/// assert!(beyond[8] > 9.0 && beyond[19] < 0.1); // 9 replicas are too few, 20 enough
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AdaptiveForecast {
    horizon: usize,
    ticks_a_minute: f64,
    smooth: Smoothers,
    /// Calm and hot.
    regressions: [Regression; 2],
    regression_decay: f64,
    /// Relative error of the forecast, and of the reference level itself.
    errors: LevelScale,
    naive_errors: LevelScale,
    shapes: [Histogram; 2],
    shape_decay: f64,
    /// Of the shapes, brought up to date now and then.
    tails: [Tails; 2],
    fresh: bool,
    phases: Phases,
    days: Days,
    clock: Clock,
    /// Decayed loss without the phases, with them, and with the days as well.
    losses: [f64; 3],
    loss_decay: f64,
    volatility: f64,
    learnt: u64,
    pending: VecDeque<Forecast>,
    expected: f64,
    #[cfg_attr(feature = "serde", serde(skip))]
    work: Work,
}

/// What is rebuilt rather than stored.
#[derive(Clone, Debug)]
struct Work {
    grid: Grid,
}

impl Default for Work {
    fn default() -> Self {
        Self { grid: Grid::new() }
    }
}

/// A forecast that waits for its outcome.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Forecast {
    /// Whether it was made; without a sample none is.
    made: bool,
    features: Features,
    reference: f64,
    level: f64,
    error: f64,
    naive_error: f64,
    /// Level and error before the time of day had its say.
    plain: (f64, f64),
    quarter: usize,
    phase: usize,
    hot: bool,
    /// Counts that it would have chosen, as the losses.
    choices: [f64; 3],
    /// Of what it was made for, since the epoch.
    minute: u64,
}

impl Forecast {
    const NONE: Self = Self {
        made: false,
        features: [0.0; FEATURES],
        reference: 1.0,
        level: 1.0,
        error: 1.0,
        naive_error: 1.0,
        plain: (1.0, 1.0),
        quarter: 0,
        phase: 0,
        hot: false,
        choices: [0.0; 3],
        minute: 0,
    };
}

impl AdaptiveForecast {
    /// For forecasts `horizon` intervals (1 … 65 536) of length `interval` (1 s … 10 min) ahead; what
    /// lies outside is taken for the nearest.
    ///
    /// ```
    /// use autoscale_core::{AdaptiveForecast, DemandForecast};
    /// let forecast = AdaptiveForecast::new(std::time::Duration::from_secs(15), 7);
    /// assert_eq!(forecast.expected(), 0.0);
    /// ```
    #[must_use]
    pub fn new(interval: Duration, horizon: usize) -> Self {
        let ticks_a_minute = 60.0 / interval.as_secs_f64().clamp(1.0, 600.0);
        let horizon = horizon.clamp(1, LONGEST_HORIZON);
        let decay = |days: f64| 0.5_f64.powf(1.0 / (days * DAY_MINUTES * ticks_a_minute));
        let grid = Grid::new();
        let shape = Histogram::with_prior(&grid, prior_weight(horizon));
        Self {
            horizon,
            ticks_a_minute,
            smooth: Smoothers::new(ticks_a_minute),
            regressions: [Regression::new(); 2],
            regression_decay: decay(REGRESSION_DAYS),
            errors: LevelScale::new(decay(SCALE_DAYS)),
            naive_errors: LevelScale::new(decay(SCALE_DAYS)),
            shapes: [shape.clone(), shape],
            shape_decay: decay(SHAPE_DAYS),
            tails: [Tails::new(), Tails::new()],
            fresh: false,
            phases: Phases::new(ticks_a_minute),
            days: Days::new(),
            clock: Clock::new(ticks_a_minute),
            losses: [0.0; 3],
            loss_decay: decay(GATE_DAYS),
            volatility: 1.0,
            learnt: 0,
            pending: VecDeque::with_capacity(horizon + 1),
            expected: 0.0,
            work: Work::default(),
        }
    }

    /// Another horizon: what was learnt stays, forecasts that wait for their outcome are dropped.
    ///
    /// ```
    /// # let interval = std::time::Duration::from_secs(15);
    /// let mut forecast = autoscale_core::AdaptiveForecast::new(interval, 7);
    /// forecast.set_horizon(43); // replicas take ten minutes now
    /// ```
    pub fn set_horizon(&mut self, horizon: usize) {
        let horizon = horizon.clamp(1, LONGEST_HORIZON);
        if horizon != self.horizon {
            self.horizon = horizon;
            self.pending.clear();
            self.pending.reserve(horizon + 1);
        }
    }

    /// Learns from the forecast that was made for now.
    fn learn(&mut self, demand: f64) {
        if self.pending.len() < self.horizon {
            return;
        }
        let Some(old) = self.pending.pop_front().filter(|f| f.made) else {
            return;
        };
        let state = usize::from(old.hot);
        let change = (demand - old.reference) / old.reference;
        let clip = CLIP * SPREAD * old.naive_error;
        let weight = 1.0 / (old.naive_error * old.naive_error + 4e-4);
        if let Some(regression) = self.regressions.get_mut(state) {
            let target = change.clamp(-clip, clip);
            regression.add(&old.features, target, weight, self.regression_decay);
        }
        self.learnt = self.learnt.saturating_add(1);
        if self.learnt.is_multiple_of(20)
            && let Some(regression) = self.regressions.get_mut(state)
        {
            regression.solve();
        }
        self.naive_errors.add(old.reference, change.abs().min(3.0));
        let miss = (demand - old.level) / old.level;
        self.errors
            .add(old.level, miss.abs().min(clip.max(0.05) * 2.0).min(3.0));
        let z = miss / (SPREAD * old.error);
        self.volatility += 0.008 * ((z.abs() * SPREAD).min(4.0) - self.volatility);
        let bin = Grid::bin(z);
        if let Some(shape) = self.shapes.get_mut(state) {
            shape.add(bin);
        }
        self.phases.learn(old.phase, bin);
        self.days.learn(old.minute, bin);
        let (level, error) = old.plain;
        let spread = ((demand - level) / level / (SPREAD * error)).abs().min(4.0);
        let bias = (demand / level).max(0.1).ln().clamp(-clip, clip);
        self.clock.learn(old.quarter, SPREAD * spread, bias);

        let needed = f64::from(numeric::replicas_for(demand).max(1));
        let bad = |choice: f64| {
            if choice < needed {
                REFERENCE_PRICE * demand
            } else {
                0.0
            }
        };
        for (loss, choice) in self.losses.iter_mut().zip(old.choices) {
            *loss = *loss * self.loss_decay + choice + bad(choice);
        }
        if self.learnt.is_multiple_of(60) {
            let keep = self.shape_decay.powi(60);
            for shape in &mut self.shapes {
                shape.decay(keep);
                shape.add_prior(&self.work.grid, prior_weight(self.horizon) * (1.0 - keep));
            }
        }
        if self.learnt.is_multiple_of(20) || (self.learnt < 20 && self.learnt.is_multiple_of(5)) {
            self.fresh = false;
        }
    }

    /// The highest demand that is believed: growth beyond what was ever seen has a limit.
    fn cap(&self) -> f64 {
        let samples = f64::from(u32::try_from(self.smooth.seen).unwrap_or(u32::MAX));
        let days = samples / (DAY_MINUTES * self.ticks_a_minute);
        let known = self.smooth.maximum * (1.15 + (-2.0 * days).exp()) + 1.0;
        let [.., forty, _] = self.smooth.means;
        known.max(3.0 * forty)
    }

    fn features(&self, reference: f64) -> Features {
        let [last, one, two, _, fifteen, forty, long] = self.smooth.means;
        let relative = |mean: f64| ((mean - reference) / reference).clamp(-2.0, 5.0);
        let [last, one, two] = [last, one, two].map(relative);
        let [fifteen, forty, long] = [fifteen, forty, long].map(relative);
        [last, one, two, fifteen, forty, long, 0.05]
    }

    /// Whether the load has just left its level.
    fn is_hot(&self, naive_error: f64) -> bool {
        let [_, one, .., long] = self.smooth.means;
        let rise = one - long;
        rise > 0.6 * long && rise > 5.0 * naive_error.min(0.5) * long
    }
}

/// Neighbouring errors are as correlated as the horizon is long.
fn prior_weight(horizon: usize) -> f64 {
    3.0 * numeric::count_f64(horizon)
}

/// The count of least loss, the lowest of them.
#[derive(Clone, Copy)]
struct Cheapest {
    count: f64,
    loss: f64,
}

impl Cheapest {
    const NONE: Self = Self {
        count: 1.0,
        loss: f64::INFINITY,
    };

    fn see(&mut self, count: f64, beyond: f64) {
        let loss = count + REFERENCE_PRICE * beyond;
        if loss < self.loss {
            *self = Self { count, loss };
        }
    }
}

impl DemandForecast for AdaptiveForecast {
    fn observe(&mut self, _at: Duration, demand: f64) {
        let believed = self.smooth.add(demand);
        self.learn(believed);
    }

    fn skip(&mut self, intervals: u64) {
        for _ in 0..intervals.min(numeric::count_u64(self.horizon) + 1) {
            if self.pending.len() >= self.horizon {
                self.pending.pop_front();
            }
            self.pending.push_back(Forecast::NONE);
        }
    }

    fn partial_expectations(&mut self, at: Duration, counts: &[f64], out: &mut [f64]) -> usize {
        if !self.fresh {
            for (tails, shape) in self.tails.iter_mut().zip(&self.shapes) {
                tails.fill(shape, &self.work.grid);
            }
            self.fresh = true;
        }
        let [_, _, _, six, ..] = self.smooth.means;
        let reference = six.max(SMALLEST_LEVEL);
        let naive_error = self.naive_errors.get(reference);
        let features = self.features(reference);
        let hot = self.is_hot(naive_error);
        let state = usize::from(hot);
        let cap = self.cap();
        let change = self
            .regressions
            .get(state)
            .map_or(0.0, |r| r.predict(&features));
        let level = (reference * (1.0 + change.clamp(-0.9, 3.0)))
            .max(SMALLEST_LEVEL)
            .min(cap / 1.05 - 1.0)
            .max(SMALLEST_LEVEL);
        let quarter = Clock::quarter(at.as_secs());
        let prior = CLOCK_PRIOR * numeric::count_f64(self.horizon);
        let (bias, spread) = self.clock.factors(quarter, prior);
        let plain = (level, self.errors.get(level));
        let level = level * bias;
        let error = spread * plain.1 * self.volatility.clamp(0.4, 3.0).sqrt();
        let scale = SPREAD * error * level;

        let minute = usize::try_from(at.as_secs() / 60 % 60).unwrap_or(0);
        let phase = minute + phase::MINUTES * state;
        let [calm_tails, hot_tails] = &self.tails;
        let (phase_tails, phase_weight) = self.phases.tails(phase, &self.work.grid);
        let (day_tails, day_weight) = self.days.tails(at.as_secs() / 60, &self.work.grid);
        let hot_weight = if hot {
            let known = self.shapes.last().map_or(0.0, |s| s.total) / self.ticks_a_minute.max(1.0);
            known / (known + 200.0)
        } else {
            0.0
        };
        let share = 0.02 / (REFERENCE_PRICE * 30.0 * level.max(1.0));
        let grid = &self.work.grid;
        let mut reach = calm_tails.reach(share, grid);
        if hot_weight > 0.0 {
            reach = reach.max(hot_tails.reach(share, grid));
        }
        if phase_weight > 0.0 {
            reach = reach.max(phase_tails.reach(share, grid));
        }
        if day_weight > 0.0 {
            reach = reach.max(day_tails.reach(share, grid));
        }
        let limit = cap.max(level * 1.05 + 1.0).ceil();
        let highest = (level + reach * scale).ceil().min(limit).max(1.0);
        let useful = counts.partition_point(|n| *n <= highest);
        let considered = counts.get(..useful).unwrap_or(counts);

        let (shape, inverse) = ((level, scale), 1.0 / scale);
        // Without the phase, with it, and with the day as well.
        let beyond = |place: Place| {
            let mut plain = calm_tails.expectation(shape, place);
            if hot_weight > 0.0 {
                let hot = hot_tails.expectation(shape, place);
                plain = plain * (1.0 - hot_weight) + hot_weight * hot;
            }
            let mut phased = plain;
            if phase_weight > 0.0 {
                let own = phase_tails.expectation(shape, place);
                phased = plain * (1.0 - phase_weight) + phase_weight * own;
            }
            let mut dayed = phased;
            if day_weight > 0.0 {
                let own = day_tails.expectation(shape, place);
                dayed = phased * (1.0 - day_weight) + day_weight * own;
            }
            [plain, phased, dayed]
        };
        let losses = self.losses.iter().enumerate();
        let best = losses.min_by(|a, b| a.1.total_cmp(b.1));
        let best = best.map_or(0, |(index, _)| index);
        let told = |all: [f64; 3]| all.get(best).copied().unwrap_or(0.0);
        // What lies above the limit is not believed: no layer below it can save that.
        let unbelieved = told(beyond(grid.places()((limit - level) * inverse)));
        let mut place_of = grid.places();
        let mut choices = [Cheapest::NONE; 3];
        for (n, out) in considered.iter().zip(out) {
            let all = beyond(place_of((n - level) * inverse));
            for (choice, beyond) in choices.iter_mut().zip(all) {
                choice.see(*n, beyond);
            }
            *out = (told(all) - unbelieved).max(0.0);
        }
        let choices = choices.map(|c| c.count);
        self.pending.push_back(Forecast {
            made: true,
            features,
            reference,
            level,
            error,
            naive_error,
            plain,
            quarter,
            phase,
            hot,
            choices,
            minute: at.as_secs() / 60,
        });
        self.expected = level;
        useful
    }

    fn expected(&self) -> f64 {
        self.expected
    }

    fn set_horizon(&mut self, horizon: usize) {
        Self::set_horizon(self, horizon);
    }

    fn restart(&mut self, interval: Duration, horizon: usize) {
        *self = Self::new(interval, horizon);
    }

    fn is_sound(&self) -> bool {
        let positive = |value: f64| value > 0.0 && value.is_finite();
        let pending = self.pending.iter().filter(|f| f.made).all(|f| {
            let (level, error) = f.plain;
            [f.reference, f.level, f.error, f.naive_error, level, error]
                .into_iter()
                .all(positive)
        });
        pending
            && (1..=LONGEST_HORIZON).contains(&self.horizon)
            && self.pending.len() <= self.horizon
            && positive(self.ticks_a_minute)
            && positive(self.volatility + 1.0)
    }
}
