//! Members without a season, and theta: exponential smoothing with the rate that did best.

use super::forecasts::{Forecasts, Member};
use super::seasonal::weighted_profile;
use super::task::Task;
use crate::numeric::{at, count_f64, line, mean, part, tail};

/// Smoothing rates.
const RATES: [f64; 5] = [0.05, 0.1, 0.2, 0.4, 0.7];
const THETA_RATES: [f64; 6] = [0.02, 0.05, 0.1, 0.2, 0.4, 0.7];
/// How one-step errors are forgotten.
const ERROR_FADE: f64 = 0.99;
/// Theta's profile: this weight a cycle, over so many cycles.
const THETA_WEIGHT: f64 = 0.85;
const THETA_CYCLES: usize = 14;
/// Theta smooths this many values (or two seasons).
const THETA_STEPS: usize = 400;
/// Theta's slope is that of this many cycle means, halved.
const SLOPE_CYCLES: usize = 28;

/// The rate of the least error, and its level.
fn best<const N: usize>(levels: &[f64; N], errors: &[f64; N]) -> f64 {
    let ranked = errors.iter().zip(levels);
    ranked
        .min_by(|a, b| a.0.total_cmp(b.0))
        .map_or(0.0, |(_, level)| *level)
}

/// Simple exponential smoothing, and the last value.
pub(super) fn level(task: &Task<'_>, forecasts: &mut Forecasts) {
    forecasts.add([Member::Smoothing, Member::Naive], |[smooth, naive]| {
        let mut levels = [at(task.values, 0); RATES.len()];
        let mut errors = [0.0; RATES.len()];
        let mut from = 0;
        for (origin, (smooth, naive)) in task.origins.iter().zip(smooth.zip(naive)) {
            for value in part(task.values, from, *origin) {
                let states = levels.iter_mut().zip(&mut errors).zip(RATES);
                for ((level, error), rate) in states {
                    let miss = value - *level;
                    *error = ERROR_FADE * *error + miss.abs();
                    *level += rate * miss;
                }
            }
            from = *origin;
            smooth.fill(best(&levels, &errors));
            naive.fill(at(task.values, origin - 1));
        }
    });
}

/// Theta.
pub(super) fn theta(task: &Task<'_>, forecasts: &mut Forecasts) {
    let season = task.season;
    forecasts.add([Member::Theta], |[rows]| {
        let mut profile = Vec::with_capacity(season);
        for (origin, row) in task.origins.iter().zip(rows) {
            let past = part(task.values, 0, *origin);
            if season > 1 {
                weighted_profile(past, season, THETA_CYCLES, THETA_WEIGHT, &mut profile);
                let middle = mean(&profile);
                for value in &mut profile {
                    *value -= middle;
                }
            } else {
                profile.clear();
                profile.push(0.0);
            }
            let used = tail(past, THETA_STEPS.max(2 * season));
            // The profile's last step is the newest value's.
            let phase = (season - used.len() % season) % season;
            let mut seasonal = profile.iter().cycle().skip(phase);
            let first = at(used, 0) - at(&profile, phase);
            let mut levels = [first; THETA_RATES.len()];
            let mut errors = [0.0; THETA_RATES.len()];
            for value in used {
                let value = value - seasonal.next().copied().unwrap_or(0.0);
                let states = levels.iter_mut().zip(&mut errors).zip(THETA_RATES);
                for ((level, error), rate) in states {
                    let miss = value - *level;
                    *error += miss.abs();
                    *level += rate * miss;
                }
            }
            let mut cycles = [0.0; SLOPE_CYCLES];
            let count = (used.len() / season).min(SLOPE_CYCLES);
            let newest = past.rchunks_exact(season).take(count);
            for (out, cycle) in cycles.iter_mut().rev().zip(newest) {
                *out = mean(cycle);
            }
            let slope = match tail(&cycles, count) {
                cycles if count >= 3 => 0.5 * line(cycles).1 / count_f64(season),
                _ => 0.0,
            };
            let mut level = best(&levels, &errors);
            for (out, seasonal) in row.iter_mut().zip(profile.iter().cycle()) {
                level += slope;
                *out = level + seasonal;
            }
        }
    });
}
