//! Members that repeat a season: its last cycle, the median of some, a weighted mean, each also
//! corrected by how far the last cycle lies off it.

use super::forecasts::{Forecasts, Member};
use super::task::Task;
use crate::numeric::{MEDIAN_ROWS, at, count_f64, mean, median, median4, medians, part, tail};

/// Cycles that a median is taken over.
const SHORT_CYCLES: usize = 7;
const LONG_CYCLES: usize = 4;
const PERIOD_CYCLES: usize = 5;
/// Weights of the cycles of a weighted mean, and how many.
const CYCLE_WEIGHT: f64 = 0.7;
const WEIGHTED_CYCLES: usize = 8;
/// How fast the level correction looks back, and fades ahead.
const SHORT_FADE: f64 = 0.985;
const LONG_LOOK: f64 = 0.97;
const LONG_FADE: f64 = 0.995;
/// Bounds of the ratio between the last cycle and the profile.
const RATIOS: (f64, f64) = (0.2, 5.0);
/// A profile of fewer steps is not smoothed.
const SMOOTHED_FROM: usize = 24;

/// Median of each step of the season over the last `cycles` cycles, at most 16.
pub(super) fn median_profile(past: &[f64], season: usize, cycles: usize, out: &mut Vec<f64>) {
    let cycles = cycles.min(past.len() / season).clamp(1, 16);
    let used = tail(past, cycles * season);
    let cycle = |number: usize| part(used, number * season, (number + 1) * season);
    out.clear();
    if MEDIAN_ROWS.contains(&cycles) {
        let rows = [0, 1, 2, 3, 4, 5, 6].map(cycle);
        out.resize(season, 0.0);
        medians(part(&rows, 0, cycles), |_, value| value, out);
        return;
    }
    if cycles == LONG_CYCLES {
        let rows = [0, 1, 2, 3].map(cycle);
        out.extend((0..season).map(|step| median4(rows.map(|row| at(row, step)))));
        return;
    }
    let mut column = [0.0; 16];
    out.extend((0..season).map(|step| {
        for (place, value) in column
            .iter_mut()
            .zip(used.iter().skip(step).step_by(season))
        {
            *place = *value;
        }
        median(column.get_mut(..cycles).unwrap_or_default())
    }));
}

/// Weighted mean of each step over the last `cycles` cycles, the newest weighing most, smoothed
/// over neighbouring steps.
pub(super) fn weighted_profile(
    past: &[f64],
    season: usize,
    cycles: usize,
    weight: f64,
    out: &mut Vec<f64>,
) {
    let cycles = cycles.min(past.len() / season).max(1);
    let used = tail(past, cycles * season);
    out.clear();
    out.resize(season, 0.0);
    let (mut total, mut present) = (0.0, 1.0);
    for cycle in used.chunks_exact(season).rev() {
        for (sum, value) in out.iter_mut().zip(cycle) {
            *sum += present * value;
        }
        total += present;
        present *= weight;
    }
    for sum in out.iter_mut() {
        *sum /= total;
    }
    if season >= SMOOTHED_FROM {
        let first = at(out, 0);
        let mut before = at(out, season - 1);
        for index in 0..season {
            let present = at(out, index);
            let after = if index + 1 < season {
                at(out, index + 1)
            } else {
                first
            };
            if let Some(smoothed) = out.get_mut(index) {
                *smoothed = 0.5 * present + 0.25 * (before + after);
            }
            before = present;
        }
    }
}

/// Discounted mean of how far the newest cycle lies above the profile.
fn level_above(past: &[f64], profile: &[f64], look: f64) -> f64 {
    let (mut sum, mut total, mut weight) = (0.0, 0.0, 1.0);
    for (value, expected) in past.iter().rev().zip(profile.iter().rev()) {
        sum += weight * (value - expected);
        total += weight;
        weight *= look;
        if weight < 1e-4 {
            break;
        }
    }
    if total > 0.0 { sum / total } else { 0.0 }
}

/// The profile from the origin on, with a level above it that fades.
fn write(row: &mut [f64], profile: &[f64], above: f64, fade: f64) {
    let mut above = above;
    for (out, value) in row.iter_mut().zip(profile.iter().cycle()) {
        above *= fade;
        *out = value + above;
    }
}

/// Members of the short season.
pub(super) fn short(task: &Task<'_>, forecasts: &mut Forecasts) {
    let (season, positive) = (task.season, task.least >= 0.0);
    forecasts.add(
        [
            Member::LastCycle,
            Member::MedianCycle,
            Member::MedianCycleLevel,
            Member::MedianCycleRatio,
        ],
        |[last, middle, level, ratio]| {
            let mut profile = Vec::with_capacity(season);
            let rows = last.zip(middle).zip(level.zip(ratio));
            for (origin, ((last, middle), (level, ratio))) in task.origins.iter().zip(rows) {
                let past = part(task.values, 0, *origin);
                median_profile(past, season, SHORT_CYCLES, &mut profile);
                let cycle = tail(past, season);
                let (recent, usual) = (cycle.iter().sum::<f64>(), profile.iter().sum::<f64>());
                let factor = if positive && usual > 0.0 {
                    (recent / usual).clamp(RATIOS.0, RATIOS.1)
                } else {
                    1.0
                };
                write(last, cycle, 0.0, 0.0);
                write(middle, &profile, 0.0, 0.0);
                let above = level_above(past, &profile, SHORT_FADE);
                write(level, &profile, above, SHORT_FADE);
                for value in &mut profile {
                    *value *= factor;
                }
                write(ratio, &profile, 0.0, 0.0);
            }
        },
    );
}

/// Members of the long season.
pub(super) fn long(task: &Task<'_>, forecasts: &mut Forecasts) {
    let season = task.long;
    forecasts.add(
        [
            Member::LongMedianCycle,
            Member::LongWeightedCycle,
            Member::LongWeightedCycleLevel,
        ],
        |[middle, weighted, level]| {
            let mut profile = Vec::with_capacity(season);
            for (origin, ((middle, weighted), level)) in
                task.origins.iter().zip(middle.zip(weighted).zip(level))
            {
                let past = part(task.values, 0, *origin);
                median_profile(past, season, LONG_CYCLES, &mut profile);
                write(middle, &profile, 0.0, 0.0);
                weighted_profile(past, season, WEIGHTED_CYCLES, CYCLE_WEIGHT, &mut profile);
                write(weighted, &profile, 0.0, 0.0);
                let above = level_above(past, &profile, LONG_LOOK);
                write(level, &profile, above, LONG_FADE);
            }
        },
    );
}

/// Members of a period that the calendar does not explain: retention, garbage collection.
pub(super) fn period(task: &Task<'_>, period: usize, forecasts: &mut Forecasts) {
    forecasts.add(
        [
            Member::PeriodLastCycle,
            Member::PeriodMedianCycle,
            Member::PeriodGrowingCycle,
        ],
        |[last, middle, growing]| {
            let mut profile = Vec::with_capacity(period);
            for (origin, ((last, middle), growing)) in
                task.origins.iter().zip(last.zip(middle).zip(growing))
            {
                let past = part(task.values, 0, *origin);
                if past.len() < period {
                    let newest = past.last().copied().unwrap_or(0.0);
                    for row in [last, middle, growing] {
                        row.fill(newest);
                    }
                    continue;
                }
                median_profile(past, period, PERIOD_CYCLES, &mut profile);
                write(last, tail(past, period), 0.0, 0.0);
                let above = level_above(past, &profile, SHORT_FADE);
                write(middle, &profile, above, LONG_FADE);
                let cycles = (past.len() / period).min(PERIOD_CYCLES);
                let growth = growth_a_cycle(past, period, cycles);
                let ahead = growth * (count_f64(cycles) + 1.0) / 2.0;
                for (index, cycle) in growing.chunks_mut(period).enumerate() {
                    let above = ahead + growth * count_f64(index);
                    for (out, value) in cycle.iter_mut().zip(&profile) {
                        *out = value + above;
                    }
                }
            }
        },
    );
}

/// Median change of the mean from one cycle to the next.
fn growth_a_cycle(past: &[f64], period: usize, cycles: usize) -> f64 {
    let mut means = [0.0; PERIOD_CYCLES];
    for (out, cycle) in means
        .iter_mut()
        .zip(past.rchunks_exact(period).take(cycles))
    {
        *out = mean(cycle);
    }
    let mut changes = [0.0; PERIOD_CYCLES];
    let count = cycles.saturating_sub(1);
    for (change, pair) in changes.iter_mut().zip(means.windows(2).take(count)) {
        if let [newer, older] = pair {
            *change = newer - older;
        }
    }
    match changes.get_mut(..count) {
        Some(changes) if count >= 2 => median(changes),
        _ => 0.0,
    }
}
