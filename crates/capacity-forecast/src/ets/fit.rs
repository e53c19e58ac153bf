//! Finding the parameters and the start of one form, by likelihood.

use super::filter::{self, Gradient, Running, Step};
use super::model::{Ets, EtsForm, EtsParameters, EtsSeason, EtsState, SeasonUpdate};
use crate::descent::minimize;
use crate::numeric::{at, count_f64, line, mean, part};
use crate::seasonal::{adjusted, indices};

/// Bounds of α, of β/α and of γ/(1 − α).
const SHARE: (f64, f64) = (1e-4, 0.9999);
/// Bounds of φ.
const DAMPING: (f64, f64) = (0.8, 0.98);
/// Parameters that the search begins with: those of the least cost among all combinations.
const LEVELS: [f64; 4] = [0.05, 0.2, 0.5, 0.9];
const TRENDS: [f64; 2] = [0.02, 0.2];
const SEASONS: [f64; 2] = [0.02, 0.2];
const FIRST_DAMPING: f64 = 0.97;

/// A search for one form's best parameters, which can be taken up again.
#[derive(Clone, Debug)]
pub(super) struct Search {
    pub(super) form: EtsForm,
    period: usize,
    /// Angles of the smoothing parameters, then the states in units of `scale`.
    x: Vec<f64>,
    level_scale: f64,
    season_scale: f64,
    /// −2 log-likelihood without its constant.
    pub(super) cost: f64,
}

/// What evaluations use again.
struct Scratch {
    steps: Vec<Step>,
    gradient: Gradient,
}

impl Scratch {
    fn new(search: &Search, count: usize) -> Self {
        let period = if search.form.is_seasonal() {
            search.period
        } else {
            1
        };
        Self {
            steps: Vec::with_capacity(count),
            gradient: Gradient {
                season: vec![0.0; period],
                ..Gradient::default()
            },
        }
    }
}

/// A value between bounds, from an angle: bounds are reached without a limit on the angle.
fn within((low, high): (f64, f64), angle: f64) -> (f64, f64) {
    let (sin, cos) = angle.sin_cos();
    (
        low + (high - low) * sin * sin,
        (high - low) * 2.0 * sin * cos,
    )
}

fn angle((low, high): (f64, f64), value: f64) -> f64 {
    ((value - low) / (high - low)).clamp(0.0, 1.0).sqrt().asin()
}

/// Parameters and start that a point of the search stands for, with the derivatives by the angles.
struct Point {
    parameters: EtsParameters,
    running: Running,
    by_alpha: f64,
    share_trend: (f64, f64),
    share_season: (f64, f64),
    by_phi: f64,
}

/// Free parameters of a form: smoothing parameters and states, without the variance.
pub(super) fn parameter_count(form: EtsForm, period: usize) -> usize {
    let trend = if form.has_trend() { 2 } else { 0 };
    let season = if form.is_seasonal() { period } else { 0 };
    2 + trend + usize::from(form.is_damped()) + season
}

impl Search {
    /// Begins with a decomposition's start and the best of a few parameters. `None` where the form
    /// cannot follow the values from there.
    pub(super) fn begin(form: EtsForm, values: &[f64], period: usize) -> Option<Self> {
        let state = first_state(form, values, period)?;
        let mut best: Option<(f64, EtsParameters, f64)> = None;
        let trends: &[f64] = if form.has_trend() { &TRENDS } else { &[0.0] };
        let seasons: &[f64] = if form.is_seasonal() { &SEASONS } else { &[0.0] };
        for level in LEVELS {
            for trend in trends {
                for season in seasons {
                    let parameters = EtsParameters {
                        level,
                        trend: level * trend,
                        season: (1.0 - level) * season,
                        damping: if form.is_damped() { FIRST_DAMPING } else { 1.0 },
                    };
                    let mut running = state.clone();
                    let mut misses = 0.0;
                    let sums = filter::run(
                        form,
                        SeasonUpdate::PriorLevel,
                        &parameters,
                        values,
                        &mut running,
                        |_, step| misses += step.miss() * step.miss(),
                    );
                    let Some(sums) = sums else { continue };
                    let cost = sums.cost(values.len());
                    if cost.is_finite() && best.is_none_or(|(least, ..)| cost < least) {
                        best = Some((cost, parameters, misses));
                    }
                }
            }
        }
        let (cost, parameters, misses) = best?;
        let miss = (misses / count_f64(values.len())).sqrt();
        // States in units of the typical miss: then every coordinate bends the cost about alike.
        let level_scale = miss.max(1e-9);
        let season_scale = if form.season == EtsSeason::Multiplicative {
            (miss / state.level.abs()).clamp(1e-9, 1.0)
        } else {
            level_scale
        };
        let mut x = vec![angle(SHARE, parameters.level)];
        if form.has_trend() {
            x.push(angle(SHARE, parameters.trend / parameters.level));
        }
        if form.is_seasonal() {
            x.push(angle(SHARE, parameters.season / (1.0 - parameters.level)));
        }
        if form.is_damped() {
            x.push(angle(DAMPING, FIRST_DAMPING));
        }
        x.push(state.level / level_scale);
        if form.has_trend() {
            x.push(state.trend / level_scale);
        }
        if form.is_seasonal() {
            let free = part(&state.season, 0, period.saturating_sub(1));
            x.extend(free.iter().map(|s| s / season_scale));
        }
        Some(Self {
            form,
            period,
            x,
            level_scale,
            season_scale,
            cost,
        })
    }

    /// Goes on for at most so many iterations, or until one brings less than `tolerance`.
    pub(super) fn improve(&mut self, values: &[f64], iterations: usize, tolerance: f64) {
        let mut x = core::mem::take(&mut self.x);
        let mut scratch = Scratch::new(self, values.len());
        let cost = |x: &[f64], slope: &mut [f64]| self.evaluate(x, values, &mut scratch, slope);
        let least = minimize(cost, &mut x, iterations, tolerance);
        self.x = x;
        if least.is_finite() {
            self.cost = least;
        }
    }

    /// The cost at `x` and its slope there; infinite where the form cannot follow the values.
    fn evaluate(&self, x: &[f64], values: &[f64], scratch: &mut Scratch, slope: &mut [f64]) -> f64 {
        let mut point = self.point(x);
        let Scratch { steps, gradient } = scratch;
        steps.clear();
        let sums = filter::run(
            self.form,
            SeasonUpdate::PriorLevel,
            &point.parameters,
            values,
            &mut point.running,
            |_, step| steps.push(step),
        );
        let Some(sums) = sums else {
            return f64::INFINITY;
        };
        filter::gradient(self.form, &point.parameters, steps, sums.squares, gradient);
        self.slope(&point, gradient, slope);
        sums.cost(values.len())
    }

    fn point(&self, x: &[f64]) -> Point {
        let mut x = x.iter().copied();
        let mut next = || x.next().unwrap_or(0.0);
        let (alpha, by_alpha) = within(SHARE, next());
        let share_trend = if self.form.has_trend() {
            within(SHARE, next())
        } else {
            (0.0, 0.0)
        };
        let share_season = if self.form.is_seasonal() {
            within(SHARE, next())
        } else {
            (0.0, 0.0)
        };
        let (phi, by_phi) = if self.form.is_damped() {
            within(DAMPING, next())
        } else {
            (1.0, 0.0)
        };
        let level = next() * self.level_scale;
        let trend = if self.form.has_trend() {
            next() * self.level_scale
        } else {
            0.0
        };
        let season = if self.form.is_seasonal() {
            let mut season: Vec<f64> = x.map(|s| s * self.season_scale).collect();
            let total = if self.form.season == EtsSeason::Multiplicative {
                count_f64(self.period)
            } else {
                0.0
            };
            season.push(total - season.iter().sum::<f64>());
            season
        } else {
            vec![0.0]
        };
        Point {
            parameters: EtsParameters {
                level: alpha,
                trend: alpha * share_trend.0,
                season: (1.0 - alpha) * share_season.0,
                damping: phi,
            },
            running: Running {
                level,
                trend,
                season,
            },
            by_alpha,
            share_trend,
            share_season,
            by_phi,
        }
    }

    fn slope(&self, point: &Point, gradient: &Gradient, slope: &mut [f64]) {
        let mut slope = slope.iter_mut();
        let mut put = |value: f64| {
            if let Some(slope) = slope.next() {
                *slope = value;
            }
        };
        let alpha = point.parameters.level;
        let by_level = gradient.alpha + point.share_trend.0 * gradient.beta
            - point.share_season.0 * gradient.gamma;
        put(point.by_alpha * by_level);
        if self.form.has_trend() {
            put(point.share_trend.1 * alpha * gradient.beta);
        }
        if self.form.is_seasonal() {
            put(point.share_season.1 * (1.0 - alpha) * gradient.gamma);
        }
        if self.form.is_damped() {
            put(point.by_phi * gradient.phi);
        }
        put(gradient.level * self.level_scale);
        if self.form.has_trend() {
            put(gradient.trend * self.level_scale);
        }
        if self.form.is_seasonal() {
            // The last one is what the others leave.
            let last = gradient.season.last().copied().unwrap_or(0.0);
            for season in part(&gradient.season, 0, self.period.saturating_sub(1)) {
                put((season - last) * self.season_scale);
            }
        }
    }

    /// The model at the best point, in units that are `scale` times those of the search.
    pub(super) fn model(&self, scale: f64) -> Option<Ets> {
        let Point {
            parameters,
            running,
            ..
        } = self.point(&self.x);
        let season = match self.form.season {
            EtsSeason::None => Vec::new(),
            EtsSeason::Additive => running.season.iter().map(|s| s * scale).collect(),
            EtsSeason::Multiplicative => running.season,
        };
        let start = EtsState {
            level: running.level * scale,
            trend: running.trend * scale,
            season,
        };
        Ets::found(self.form, parameters, start)
    }

    /// Free parameters, without the variance.
    pub(super) fn parameter_count(&self) -> usize {
        parameter_count(self.form, self.period)
    }
}

/// Season by decomposition; level and trend by a line through the first values without it.
fn first_state(form: EtsForm, values: &[f64], period: usize) -> Option<Running> {
    let factors = form.season == EtsSeason::Multiplicative;
    let (season, flat) = if form.is_seasonal() {
        let mut season = indices(values, period, factors)?;
        if factors {
            for index in &mut season {
                *index = index.max(1e-2);
            }
            let middle = mean(&season);
            for index in &mut season {
                *index /= middle;
            }
        }
        let flat = adjusted(values, &season, factors);
        (season, flat)
    } else {
        (vec![0.0], values.to_vec())
    };
    let first = part(&flat, 0, flat.len().min((2 * period).max(10)));
    let (level, trend) = if form.has_trend() {
        let (level, slope) = line(first);
        let before = level - slope;
        // A relative error needs a forecast above 0 from the first step on.
        if form.is_multiplicative() && before <= 0.0 {
            (at(first, 0), 0.0)
        } else {
            (before, slope)
        }
    } else {
        (mean(first), 0.0)
    };
    Some(Running {
        level,
        trend,
        season,
    })
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
mod tests {
    use super::{Scratch, Search};

    /// The reverse pass against central differences, in every coordinate of every form.
    #[test]
    fn the_slope_is_that_of_the_cost() {
        let values: Vec<f64> = (0..30_u32)
            .map(|t| {
                let season = [1.0, 1.4, 0.8, 0.9][t as usize % 4];
                (3.0 + 0.05 * f64::from(t)) * season + 0.1 * f64::from(t * t % 7)
            })
            .collect();
        for name in [
            "ANN", "AAN", "AAdN", "ANA", "AAA", "AAdA", "MNN", "MAN", "MAdN", "MNA", "MAA", "MAdA",
            "MNM", "MAM", "MAdM", "ANM", "AAM",
        ] {
            let form = name.parse().unwrap();
            let search = Search::begin(form, &values, 4).unwrap();
            let mut scratch = Scratch::new(&search, values.len());
            let mut slope = vec![0.0; search.x.len()];
            search.evaluate(&search.x, &values, &mut scratch, &mut slope);
            let mut unused = slope.clone();
            for (axis, slope) in slope.iter().enumerate() {
                let mut at = |step: f64| {
                    let mut x = search.x.clone();
                    x[axis] += step;
                    search.evaluate(&x, &values, &mut scratch, &mut unused)
                };
                let step = 1e-5;
                let difference = (at(step) - at(-step)) / (2.0 * step);
                let close = (difference - slope).abs() <= 1e-5 * (1.0 + slope.abs());
                assert!(
                    close,
                    "{name}, coordinate {axis}: {slope} against {difference}"
                );
            }
        }
    }
}
