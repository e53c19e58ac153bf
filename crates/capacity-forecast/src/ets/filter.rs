//! One pass over the series, and the way back that gives the gradient.

use super::model::{EtsError, EtsForm, EtsParameters, EtsSeason, SeasonUpdate};
use crate::numeric::count_f64;

/// What a step leaves for the way back: the trend before it, the level with the trend, the season
/// that was used, and the miss `y − f`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    trend: f64,
    base: f64,
    season: f64,
    miss: f64,
}

impl Step {
    /// By how much the forecast missed the value.
    pub(super) fn miss(self) -> f64 {
        self.miss
    }

    fn forecast<const FACTOR: bool>(self) -> f64 {
        if FACTOR {
            self.base * self.season
        } else {
            self.base + self.season
        }
    }
}

/// A running state. Without a season, `season` is one zero.
#[derive(Clone, Debug)]
pub(super) struct Running {
    pub(super) level: f64,
    pub(super) trend: f64,
    pub(super) season: Vec<f64>,
}

/// Sums over a pass.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sums {
    /// Of the squared errors: relative ones where the error is multiplicative.
    pub(super) squares: f64,
    /// Of the logarithms of the forecasts where the error is multiplicative; otherwise 0.
    pub(super) logs: f64,
}

impl Sums {
    /// −2 log-likelihood without its constant: `n ln Σe² + 2 Σ ln f`.
    pub(super) fn cost(self, count: usize) -> f64 {
        count_f64(count) * self.squares.ln() + 2.0 * self.logs
    }
}

/// Derivatives of [`Sums::cost`].
#[derive(Clone, Debug, Default)]
pub(super) struct Gradient {
    pub(super) alpha: f64,
    pub(super) beta: f64,
    pub(super) gamma: f64,
    pub(super) phi: f64,
    pub(super) level: f64,
    pub(super) trend: f64,
    pub(super) season: Vec<f64>,
}

/// Runs over `values`; `each` sees the forecast and the step. `None` where a number that must be
/// positive is not.
pub(super) fn run(
    form: EtsForm,
    update: SeasonUpdate,
    parameters: &EtsParameters,
    values: &[f64],
    state: &mut Running,
    each: impl FnMut(f64, Step),
) -> Option<Sums> {
    let relative = form.error == EtsError::Multiplicative;
    let factor = form.season == EtsSeason::Multiplicative;
    let late = update == SeasonUpdate::NewLevel;
    match (relative, factor, late) {
        (false, false, _) => pass::<false, false, false>(parameters, values, state, each),
        (true, false, _) => pass::<true, false, false>(parameters, values, state, each),
        (false, true, false) => pass::<false, true, false>(parameters, values, state, each),
        (true, true, false) => pass::<true, true, false>(parameters, values, state, each),
        (false, true, true) => pass::<false, true, true>(parameters, values, state, each),
        (true, true, true) => pass::<true, true, true>(parameters, values, state, each),
    }
}

/// `RELATIVE`: the error is; `FACTOR`: the season is; `LATE`: told by the new level.
fn pass<const RELATIVE: bool, const FACTOR: bool, const LATE: bool>(
    parameters: &EtsParameters,
    values: &[f64],
    state: &mut Running,
    mut each: impl FnMut(f64, Step),
) -> Option<Sums> {
    let EtsParameters {
        level: alpha,
        trend: beta,
        season: gamma,
        damping: phi,
    } = *parameters;
    let (mut level, mut trend) = (state.level, state.trend);
    let mut sums = Sums::default();
    // A running product saves most of the logarithms.
    let mut product = 1.0;
    for cycle in values.chunks(state.season.len().max(1)) {
        for (value, season) in cycle.iter().zip(&mut state.season) {
            let base = level + phi * trend;
            let step = Step {
                trend,
                base,
                season: *season,
                miss: 0.0,
            };
            let forecast = step.forecast::<FACTOR>();
            let whole = base > 0.0 && *season > 0.0;
            let ahead = forecast > 0.0;
            if (FACTOR && !whole) || (RELATIVE && !ahead) {
                return None;
            }
            let miss = value - forecast;
            each(forecast, Step { miss, ..step });
            if RELATIVE {
                let error = miss / forecast;
                sums.squares += error * error;
                product *= forecast;
                if !(1e-100..1e100).contains(&product) {
                    sums.logs += product.ln();
                    product = 1.0;
                }
            } else {
                sums.squares += miss * miss;
            }
            let shift = if FACTOR { miss / *season } else { miss };
            level = base + alpha * shift;
            trend = phi * trend + beta * shift;
            *season += if LATE {
                gamma / (1.0 - alpha) * (value / level - *season)
            } else {
                gamma * if FACTOR { miss / base } else { miss }
            };
        }
    }
    if RELATIVE {
        sums.logs += product.ln();
    }
    state.level = level;
    state.trend = trend;
    (sums.squares.is_finite() && sums.logs.is_finite() && level.is_finite()).then_some(sums)
}

/// The gradient of the cost, by going back over the steps of a pass (reverse accumulation). For the
/// season told by the prior level.
pub(super) fn gradient(
    form: EtsForm,
    parameters: &EtsParameters,
    steps: &[Step],
    squares: f64,
    out: &mut Gradient,
) {
    let relative = form.error == EtsError::Multiplicative;
    let factor = form.season == EtsSeason::Multiplicative;
    match (relative, factor) {
        (false, false) => back::<false, false>(parameters, steps, squares, out),
        (false, true) => back::<false, true>(parameters, steps, squares, out),
        (true, false) => back::<true, false>(parameters, steps, squares, out),
        (true, true) => back::<true, true>(parameters, steps, squares, out),
    }
}

fn back<const RELATIVE: bool, const FACTOR: bool>(
    parameters: &EtsParameters,
    steps: &[Step],
    squares: f64,
    out: &mut Gradient,
) {
    let EtsParameters {
        level: alpha,
        trend: beta,
        season: gamma,
        damping: phi,
    } = *parameters;
    let weight = 2.0 * count_f64(steps.len()) / squares;
    let (mut to_alpha, mut to_beta, mut to_gamma, mut to_phi) = (0.0, 0.0, 0.0, 0.0);
    let (mut to_level, mut to_trend) = (0.0, 0.0);
    out.season.fill(0.0);
    let period = out.season.len().max(1);
    for cycle in steps.chunks(period).rev() {
        let seasons = out.season.iter_mut().take(cycle.len()).rev();
        for (step, to_season) in cycle.iter().rev().zip(seasons) {
            let Step {
                trend,
                base,
                season,
                miss,
            } = *step;
            let forecast = step.forecast::<FACTOR>();
            let direct = if RELATIVE {
                let error = miss / forecast;
                (2.0 - weight * error * (1.0 + error)) / forecast
            } else {
                -weight * miss
            };
            let shift = alpha * to_level + beta * to_trend;
            let turn = gamma * *to_season;
            let by_level = if FACTOR { miss / season } else { miss };
            let by_season = if FACTOR { miss / base } else { miss };
            to_alpha += to_level * by_level;
            to_beta += to_trend * by_level;
            to_gamma += *to_season * by_season;
            let (mut to_base, mut to_used) = (to_level, *to_season);
            let to_miss = if FACTOR {
                to_used -= shift * by_level / season;
                to_base -= turn * by_season / base;
                shift / season + turn / base
            } else {
                shift + turn
            };
            let to_forecast = direct - to_miss;
            to_base += to_forecast * if FACTOR { season } else { 1.0 };
            to_used += to_forecast * if FACTOR { base } else { 1.0 };
            to_phi += trend * (to_trend + to_base);
            to_trend = phi * (to_trend + to_base);
            to_level = to_base;
            *to_season = to_used;
        }
    }
    out.alpha = to_alpha;
    out.beta = to_beta;
    out.gamma = to_gamma;
    out.phi = to_phi;
    out.level = to_level;
    out.trend = to_trend;
}
