//! The trend members: a robust slope of cycle means where there is one, and a median cycle; growth to
//! a declared upper bound, and a median cycle.

use super::forecasts::{Forecasts, Member};
use super::shape::logistic;
use super::task::Task;
use crate::numeric::{MEDIAN_ROWS, at, count_f64, median, medians, part};
use crate::trend::{mann_kendall_z, theil_sen_slope};

/// Cycles that the slope is taken of.
const CYCLES: usize = 60;
/// Mann–Kendall's |z| from which on there is a trend.
const SIGNIFICANT: f64 = 2.5;
/// Cycles of the median.
const PROFILE_CYCLES: usize = 7;
const PROFILE_STEPS: usize = 3;

pub(super) fn member(task: &Task<'_>, forecasts: &mut Forecasts) {
    let season = task.season;
    let sums = sums(task);
    let mut means = Vec::with_capacity(CYCLES);
    let mut profile = vec![0.0; season];
    forecasts.add([Member::Trend], |[rows]| {
        for (origin, row) in task.origins.iter().zip(rows) {
            let count = (origin / season).clamp(1, CYCLES);
            means.clear();
            means.extend((1..=count).rev().map(|back| {
                let end = (origin + season).saturating_sub(back * season);
                let start = end.saturating_sub(season);
                (at(&sums, end) - at(&sums, start)) / count_f64(season)
            }));
            let slope = if season > 1 && mann_kendall_z(&means).abs() < SIGNIFICANT {
                0.0
            } else {
                theil_sen_slope(&means)
            };
            let most = if season > 1 {
                PROFILE_CYCLES
            } else {
                PROFILE_STEPS
            };
            let cycles = (origin / season).clamp(1, most);
            let used = part(task.values, origin.saturating_sub(cycles * season), *origin);
            let raised = |value: f64, age: usize| value + slope * count_f64(age);
            if MEDIAN_ROWS.contains(&cycles) {
                let rows = [0, 1, 2, 3, 4, 5, 6];
                let rows = rows.map(|number| part(used, number * season, (number + 1) * season));
                medians(
                    part(&rows, 0, cycles),
                    |number, value| raised(value, cycles - number),
                    &mut profile,
                );
            } else {
                for (step, out) in profile.iter_mut().enumerate() {
                    let mut column = [0.0; PROFILE_CYCLES];
                    let values = used.iter().skip(step).step_by(season);
                    let places = column.iter_mut().zip(values);
                    for (age, (place, value)) in (1..=cycles).rev().zip(places) {
                        *place = raised(*value, age);
                    }
                    *out = median(column.get_mut(..cycles).unwrap_or_default());
                }
            }
            for (ahead, cycle) in row.chunks_mut(season).enumerate() {
                for (out, value) in cycle.iter_mut().zip(&profile) {
                    *out = value + slope * count_f64(ahead);
                }
            }
        }
    });
}

/// Logistic growth of cycle means to a known cap, and a median cycle around it.
pub(super) fn capped(task: &Task<'_>, cap: f64, forecasts: &mut Forecasts) {
    let season = task.season;
    let (cycle, most) = if season > 1 {
        (season, PROFILE_CYCLES)
    } else {
        (task.pseudo_cycle(), PROFILE_STEPS)
    };
    let half = (count_f64(cycle) - 1.0) / 2.0;
    let sums = sums(task);
    let mut levels = Vec::with_capacity(CYCLES);
    let mut profile = vec![0.0; season];
    forecasts.add([Member::CappedTrend], |[rows]| {
        for (origin, row) in task.origins.iter().zip(rows) {
            let count = (origin / cycle).min(CYCLES);
            let start = origin - count * cycle;
            levels.clear();
            levels.extend((0..count).map(|number| {
                let from = start + number * cycle;
                task.least + (at(&sums, from + cycle) - at(&sums, from)) / count_f64(cycle)
            }));
            let shape = logistic(&levels, cap);
            let level = |step: usize| {
                let place = (count_f64(step) - count_f64(start) - half) / count_f64(cycle);
                shape.map_or(0.0, |shape| shape.at(place))
            };
            let cycles = (origin / season).clamp(1, most);
            let first = origin.saturating_sub(cycles * season);
            for (step, out) in profile.iter_mut().enumerate() {
                let mut column = [0.0; PROFILE_CYCLES];
                let steps = (first + step..*origin).step_by(season);
                for (place, step) in column.iter_mut().zip(steps) {
                    *place = at(task.values, step) - level(step);
                }
                *out = median(column.get_mut(..cycles).unwrap_or_default());
            }
            for ((out, usual), step) in row.iter_mut().zip(profile.iter().cycle()).zip(*origin..) {
                *out = level(step) + usual;
            }
        }
    });
}

/// Sums of the values above the least one, up to each step.
fn sums(task: &Task<'_>) -> Vec<f64> {
    let mut sum = 0.0;
    core::iter::once(0.0)
        .chain(task.values.iter().map(|value| {
            sum += value - task.least;
            sum
        }))
        .collect()
}
