//! A saw-tooth: a level that rises step by step and falls at once, as retention, compaction and
//! garbage collection make it, at times that no calendar has.
//!
//! A drop is a change of the mean of 3 steps by at least 0.35 of the range between the quantiles 0.05
//! and 0.95, and by 6 usual changes from step to step; 4 of them are needed, and at most a fifth as
//! many rises of that size. Each tooth, from drop to drop, is a line by least squares; what the lines
//! leave has a profile of the season, shrunk to nothing by how much of it is chance. The teeth are
//! taken for what they are where the lines leave at most 0.3 of the variance, and the drops do not
//! come at one time of the season. Free space falls and is freed: the same upside down.
//!
//! Source: own; a renewal process with a line as its reward. Cost: O(n), most histories end after one
//! pass. Edge cases: a drop in a gap is not seen and makes one long tooth, which is left out as no
//! usual length; a present tooth half again as long as the longest one means that the drops have
//! ended, and there is no saw-tooth; spikes fall as suddenly as they rise and are none.

use super::task::Task;
use crate::numeric::{at, count_f64, line, mean, median, part, tail};
use crate::trend::{mann_kendall_z, theil_sen_slope};

/// Values needed.
const FEWEST: usize = 60;
/// Steps of the means on either side of a drop.
const SIDE: usize = 3;
/// Size of a drop: share of the range, and usual changes.
const DROP: f64 = 0.35;
const USUAL_CHANGES: f64 = 6.0;
/// Drops needed, and how many of them there are to a rise of that size.
const FEWEST_DROPS: usize = 4;
const DROPS_A_RISE: usize = 5;
/// Shortest tooth.
const SHORTEST: f64 = 6.0;
/// Newest teeth that are used, and lengths that are usual, as shares of the median.
const MOST_TEETH: usize = 40;
const USUAL_LENGTH: (f64, f64) = (0.4, 1.7);
/// Complete teeth needed.
const FEWEST_TEETH: usize = 3;
/// What lines may leave of the variance.
const UNEXPLAINED: f64 = 0.3;
/// Drops within a step of one time of the season, as a share: then the season explains them.
const SAME_PHASE: f64 = 0.6;
/// The present tooth may be longer than any before by this factor.
const OVERDUE: f64 = 1.5;
/// Share of the residuals' phases that is chance: as for the mean of so many residuals.
const CHANCE: f64 = 1.57;
/// Residuals kept.
const NOISE: usize = 1000;
/// Mann–Kendall's |z| from which on the bottoms have a trend.
const SIGNIFICANT: f64 = 2.5;
/// The top must be this much more regular than the length to end a tooth.
const MORE_REGULAR: f64 = 0.8;

/// A tooth: its line, and how long it lasts.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Tooth {
    pub(super) steps: f64,
    pub(super) bottom: f64,
    pub(super) slope: f64,
}

impl Tooth {
    /// The line through all of it.
    pub(super) fn of(values: &[f64]) -> Self {
        let (bottom, slope) = line(values);
        Self {
            steps: count_f64(values.len()),
            bottom,
            slope,
        }
    }

    /// Where it would be when it drops.
    pub(super) fn top(&self) -> f64 {
        self.bottom + self.slope * self.steps
    }
}

/// Teeth of a history.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Teeth {
    /// Whether values fall and jump, rather than rise and drop; all else is turned then.
    pub(super) upside_down: bool,
    /// Complete ones, oldest first.
    pub(super) teeth: Vec<Tooth>,
    /// The present one; its length is its age at the first step ahead.
    pub(super) present: Tooth,
    /// Whether the level ends a tooth, rather than time.
    pub(super) by_level: bool,
    /// Rise of the bottom from tooth to tooth.
    pub(super) growth: f64,
    /// What the season adds, the first step ahead first.
    pub(super) profile: Vec<f64>,
    /// What lines and season left.
    pub(super) noise: Vec<f64>,
}

/// First steps of the teeth, the newest being the present one's.
#[derive(Debug)]
pub(super) struct Drops {
    upside_down: bool,
    pub(super) steps: Vec<usize>,
}

impl Drops {
    /// O(n).
    pub(super) fn find(task: &Task<'_>) -> Option<Self> {
        let values = task.values;
        if values.len() < FEWEST {
            return None;
        }
        let mut sorted = values.to_vec();
        let rank = values.len() / 20;
        let mut ranked = |rank: usize| *sorted.select_nth_unstable_by(rank, f64::total_cmp).1;
        let range = ranked(values.len() - 1 - rank) - ranked(rank);
        let mut changes: Vec<f64> = values
            .windows(2)
            .map(|pair| at(pair, 1) - at(pair, 0))
            .map(f64::abs)
            .collect();
        let least = (DROP * range).max(USUAL_CHANGES * median(&mut changes));
        if least <= 0.0 {
            return None;
        }
        let (mut falls, mut rises) = (Vec::new(), Vec::new());
        for (sign, found) in [(1.0, &mut falls), (-1.0, &mut rises)] {
            sudden(values, sign, least, found);
        }
        [
            (false, falls.len(), rises.len()),
            (true, rises.len(), falls.len()),
        ]
        .into_iter()
        .find(|(_, drops, rises)| *drops >= FEWEST_DROPS && rises * DROPS_A_RISE <= *drops)
        .map(|(upside_down, ..)| Self {
            upside_down,
            steps: if upside_down { rises } else { falls },
        })
        .filter(|drops| !drops.is_seasonal(task.season))
    }

    fn is_seasonal(&self, season: usize) -> bool {
        if season < 2 {
            return false;
        }
        let near = |a: usize, b: usize| {
            let apart = (a % season).abs_diff(b % season);
            apart.min(season - apart) <= 1
        };
        let alike = |drop: &usize| {
            self.steps
                .iter()
                .filter(|other| near(*drop, **other))
                .count()
        };
        let most = self.steps.iter().map(alike).max().unwrap_or(0);
        count_f64(most) >= SAME_PHASE * count_f64(self.steps.len())
    }
}

/// First steps after each sudden fall.
fn sudden(values: &[f64], sign: f64, least: f64, found: &mut Vec<usize>) {
    let count = values.len();
    // The steepest step of the fall that is under way.
    let mut steepest: Option<(f64, usize)> = None;
    for step in SIDE..count {
        let after = mean(part(values, step, (step + SIDE).min(count)));
        let change = sign * (after - mean(part(values, step - SIDE, step)));
        if change <= -least {
            let own = sign * (at(values, step) - at(values, step - 1));
            if steepest.is_none_or(|(most, _)| own < most) {
                steepest = Some((own, step));
            }
        } else if let Some((_, step)) = steepest.take() {
            found.push(step);
        }
    }
    found.extend(steepest.map(|(_, step)| step));
}

/// What turns values.
const fn sign(upside_down: bool) -> f64 {
    if upside_down { -1.0 } else { 1.0 }
}

/// Mean and variance.
pub(super) fn moments(values: &[f64]) -> (f64, f64) {
    let middle = mean(values);
    let squares: f64 = values.iter().map(|v| (v - middle) * (v - middle)).sum();
    (middle, squares / (count_f64(values.len()) - 1.0).max(1.0))
}

impl Teeth {
    /// What turns values and paths.
    pub(super) const fn sign(&self) -> f64 {
        sign(self.upside_down)
    }

    /// Fits the teeth between the drops of the whole history.
    pub(super) fn fit(task: &Task<'_>, drops: &Drops) -> Option<Self> {
        let sign = sign(drops.upside_down);
        let mut values: Vec<f64> = task.values.iter().map(|value| sign * value).collect();
        let season = task.season;
        let steps = tail(&drops.steps, MOST_TEETH + 1);
        let (first, last) = (*steps.first()?, *steps.last()?);
        let lines = |values: &[f64]| -> Vec<Tooth> {
            let pairs = steps.windows(2).filter_map(|pair| match pair {
                [from, to] => Some(Tooth::of(part(values, *from, *to))),
                _ => None,
            });
            pairs.collect()
        };
        let whole = moments(part(&values, first, values.len())).1;
        let rest = remainders(&values, steps, &lines(&values));
        let profile = season_profile(&rest, season, first);
        for (value, usual) in values.iter_mut().zip(profile.iter().cycle()) {
            *value -= usual;
        }
        let all = lines(&values);
        let rest = remainders(&values, steps, &all);
        let left = moments(&rest).1;
        let mut lengths: Vec<f64> = all.iter().map(|tooth| tooth.steps).collect();
        let usual = median(&mut lengths);
        let (short, long) = (USUAL_LENGTH.0 * usual, USUAL_LENGTH.1 * usual);
        let mut teeth = all;
        teeth.retain(|tooth| tooth.steps >= short && tooth.steps <= long);
        let longest = teeth.iter().map(|tooth| tooth.steps).fold(0.0, f64::max);
        let age = count_f64(values.len() - last);
        let rising = teeth.iter().filter(|tooth| tooth.slope > 0.0).count();
        let sound = teeth.len() >= FEWEST_TEETH
            && usual >= SHORTEST
            && left <= UNEXPLAINED * whole
            && 5 * rising >= 4 * teeth.len()
            && age <= OVERDUE * longest;
        if !sound {
            return None;
        }
        let bottoms: Vec<f64> = teeth.iter().map(|tooth| tooth.bottom).collect();
        let growth = if mann_kendall_z(&bottoms).abs() >= SIGNIFICANT {
            theil_sen_slope(&bottoms)
        } else {
            0.0
        };
        let seen = (first..).zip(&rest);
        let noise: Vec<f64> = seen
            .filter(|(step, _)| task.observed.get(*step) == Some(&true))
            .map(|(_, value)| *value)
            .collect();
        let by_level = ends_by_level(&teeth);
        shrink(&mut teeth, growth, left);
        let present = present(part(&values, last, values.len()), &teeth, growth, left);
        let mut profile = profile;
        let turn = values.len() % profile.len().max(1);
        profile.rotate_left(turn);
        Some(Self {
            upside_down: drops.upside_down,
            teeth,
            present,
            by_level,
            growth,
            profile,
            noise: tail(&noise, NOISE).to_vec(),
        })
    }
}

/// What lines leave, from the first drop to the last.
fn remainders(values: &[f64], steps: &[usize], lines: &[Tooth]) -> Vec<f64> {
    let mut rest = Vec::with_capacity(values.len());
    for (pair, tooth) in steps.windows(2).zip(lines) {
        let own = part(values, at_step(pair, 0), at_step(pair, 1));
        let line = (0..).map(|age| tooth.bottom + tooth.slope * f64::from(age));
        rest.extend(own.iter().zip(line).map(|(value, line)| value - line));
    }
    rest
}

fn at_step(steps: &[usize], index: usize) -> usize {
    steps.get(index).copied().unwrap_or(0)
}

/// Means of what each step of the season leaves, shrunk; phases count from the first value of the
/// history, `rest` begins at `first`.
fn season_profile(rest: &[f64], season: usize, first: usize) -> Vec<f64> {
    if season < 2 || rest.len() < 2 * season {
        return vec![0.0];
    }
    let mut profile: Vec<f64> = (0..season)
        .map(|phase| {
            let from = (phase + season - first % season) % season;
            let own = rest.iter().skip(from).step_by(season);
            let (sum, count) = own.fold((0.0, 0.0), |(s, c), v| (s + v, c + 1.0));
            sum / count
        })
        .collect();
    let (middle, between) = moments(&profile);
    let within = moments(rest).1;
    let chance = CHANCE * within * count_f64(season) / count_f64(rest.len());
    let kept = (1.0 - chance / (between + 1e-300)).max(0.0);
    for value in &mut profile {
        *value = kept * (*value - middle);
    }
    profile
}

/// Whether tops are more regular than lengths.
fn ends_by_level(teeth: &[Tooth]) -> bool {
    let of = |what: fn(&Tooth) -> f64| moments(&teeth.iter().map(what).collect::<Vec<f64>>());
    let (length, lengths) = of(|tooth| tooth.steps);
    let (rise, _) = of(|tooth| tooth.slope * tooth.steps);
    let tops = of(Tooth::top).1;
    tops.sqrt() / (rise + 1e-300) < MORE_REGULAR * lengths.sqrt() / length
}

/// Takes off bottoms and slopes how much they differ by chance; `noise` is the residuals' variance.
fn shrink(teeth: &mut [Tooth], growth: f64, noise: f64) {
    let count = count_f64(teeth.len());
    let length = teeth.iter().map(|tooth| tooth.steps).sum::<f64>() / count;
    let slopes: Vec<f64> = teeth.iter().map(|tooth| tooth.slope).collect();
    // Bottoms as if all were the newest.
    let back = (0..teeth.len()).rev().map(|ago| growth * count_f64(ago));
    let pairs = teeth.iter().zip(back);
    let bottoms: Vec<f64> = pairs.map(|(tooth, raise)| tooth.bottom + raise).collect();
    let kept = |variance: f64, chance: f64| (1.0 - chance / (variance + 1e-300)).max(0.0).sqrt();
    let (slope, slopes_differ) = moments(&slopes);
    let (bottom, bottoms_differ) = moments(&bottoms);
    let slope_kept = kept(slopes_differ, 12.0 * noise / length.powi(3));
    let bottom_kept = kept(bottoms_differ, 4.0 * noise / length);
    for (tooth, own) in teeth.iter_mut().zip(&bottoms) {
        tooth.slope = slope + slope_kept * (tooth.slope - slope);
        tooth.bottom = bottom + bottom_kept * (own - bottom);
    }
}

/// The tooth that is not over: its line, drawn to the others' by how little of it was seen.
pub(super) fn present(values: &[f64], teeth: &[Tooth], growth: f64, noise: f64) -> Tooth {
    let slopes: Vec<f64> = teeth.iter().map(|tooth| tooth.slope).collect();
    let bottoms: Vec<f64> = teeth.iter().map(|tooth| tooth.bottom).collect();
    let ((usual, slopes), (bottom, bottoms)) = (moments(&slopes), moments(&bottoms));
    let age = count_f64(values.len());
    let trust = |prior: f64, chance: f64| (prior + 1e-300) / (prior + chance + 1e-300);
    let slope = if values.len() > 2 {
        let seen = trust(slopes, 12.0 * noise / age.powi(3));
        usual + seen * (line(values).1 - usual)
    } else {
        usual
    };
    let own = mean(values) - slope * (age - 1.0) / 2.0;
    let usual = bottom + growth;
    Tooth {
        steps: age,
        bottom: usual + trust(bottoms, noise / age.max(1.0)) * (own - usual),
        slope,
    }
}
