//! The trend member: a robust slope of cycle means where there is one, and a median cycle.

use super::forecasts::{Forecasts, Member};
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
    let mut sum = 0.0;
    let sums: Vec<f64> = core::iter::once(0.0)
        .chain(task.values.iter().map(|value| {
            sum += value - task.least;
            sum
        }))
        .collect();
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
