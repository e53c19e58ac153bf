//! How much each member counts: by its error in the backtest, in groups of steps ahead.

use super::forecasts::Forecasts;
use super::task::Task;
use crate::numeric::{at, count_f64, part};

/// An origin counts this much less than the one after it; with and without a season.
const AGE: f64 = 0.92;
const AGE_NO_SEASON: f64 = 0.98;
/// A member this much worse than the best one (to the fifth power) is left out.
const NEGLIGIBLE: f64 = 0.05;
/// The forecast is the mean of the middle of the members' weight, between the quantiles 0.5 ± this.
const MIDDLE: f64 = 0.1;
/// Groups of steps at most.
const GROUPS: usize = 4;

/// Ends of the groups of steps ahead, ascending; the last one is the horizon.
pub(super) fn group_ends(horizon: usize) -> Vec<usize> {
    let inner: &[usize] = match horizon {
        0..13 => &[3],
        13..49 => &[4, 12],
        _ => &[6, 24, 72],
    };
    let inner = inner.iter().copied().filter(|end| *end < horizon);
    inner.chain([horizon]).collect()
}

/// Sums of absolute errors, by member, origin and group.
#[derive(Debug)]
pub(super) struct Errors {
    pub(super) ends: Vec<usize>,
    members: usize,
    origins: usize,
    /// What each origin counts.
    pub(super) ages: Vec<f64>,
    sums: Vec<f64>,
    /// Observed steps, by origin and group.
    counts: Vec<f64>,
    /// Keeps the errors of a perfect member above zero.
    least: f64,
}

/// A weight for every member and group, adding up to 1 in each group.
#[derive(Clone, Debug)]
pub(super) struct Weights {
    groups: usize,
    values: Vec<f64>,
}

impl Weights {
    /// Weights of all members in a group.
    pub(super) fn group(&self, group: usize) -> impl Iterator<Item = f64> {
        self.values.iter().skip(group).step_by(self.groups).copied()
    }

    /// A member's mean weight over the groups.
    pub(super) fn mean(&self, member: usize) -> f64 {
        let start = member * self.groups;
        part(&self.values, start, start + self.groups)
            .iter()
            .sum::<f64>()
            / count_f64(self.groups)
    }
}

impl Errors {
    /// `origin_weights`: what each origin counts besides its age.
    pub(super) fn new(task: &Task<'_>, forecasts: &Forecasts, origin_weights: &[f64]) -> Self {
        let ends = group_ends(task.horizon);
        let judged = task.judged();
        let mut counts = Vec::with_capacity(judged.len() * ends.len());
        for origin in judged {
            let seen = part(task.observed, *origin, task.observed.len());
            let mut start = 0;
            for end in &ends {
                let group = seen.iter().take(*end).skip(start);
                counts.push(count_f64(group.filter(|seen| **seen).count()));
                start = *end;
            }
        }
        let mut sums = Vec::with_capacity(forecasts.len() * counts.len());
        for member in 0..forecasts.len() {
            for (index, origin) in judged.iter().enumerate() {
                let row = forecasts.row(member, index);
                let actual = part(task.values, *origin, task.values.len());
                let seen = part(task.observed, *origin, task.values.len());
                let mut start = 0;
                for end in &ends {
                    let steps = row.iter().zip(actual.iter().zip(seen));
                    let sum: f64 = steps
                        .take(*end)
                        .skip(start)
                        .map(|(f, (y, seen))| if *seen { (y - f).abs() } else { 0.0 })
                        .sum();
                    sums.push(sum);
                    start = *end;
                }
            }
        }
        let age = if task.season > 1 { AGE } else { AGE_NO_SEASON };
        let mut present = 1.0;
        let mut ages: Vec<f64> = judged
            .iter()
            .map(|_| {
                let weight = present;
                present *= age;
                weight
            })
            .collect();
        ages.reverse();
        for (age, weight) in ages.iter_mut().zip(origin_weights) {
            *age *= weight;
        }
        Self {
            members: forecasts.len(),
            origins: judged.len(),
            ages,
            sums,
            counts,
            least: 1e-9 * (task.most.abs().max(task.least.abs()) + 1e-100),
            ends,
        }
    }

    /// The weights, where given without one of the origins: its residuals are then those of a
    /// forecast that did not know them.
    pub(super) fn weigh(&self, without: Option<usize>, sums: &Sums) -> Weights {
        let groups = self.ends.len();
        let mut counts = [0.0; GROUPS];
        counts
            .iter_mut()
            .zip(&sums.counts)
            .for_each(|(c, s)| *c = *s);
        let left_out = without.filter(|_| self.origins > 3);
        if let Some(origin) = left_out {
            let age = at(&self.ages, origin);
            let own = part(&self.counts, origin * groups, (origin + 1) * groups);
            for (count, own) in counts.iter_mut().zip(own) {
                *count = (*count - age * own).max(0.0);
            }
        }
        let total: f64 = part(&counts, 0, groups).iter().sum();
        let mut values = Vec::with_capacity(self.members * groups);
        for member in 0..self.members {
            let mut errors = [0.0; GROUPS];
            let all = part(&sums.errors, member * groups, (member + 1) * groups);
            errors.iter_mut().zip(all).for_each(|(e, s)| *e = *s);
            if let Some(origin) = left_out {
                let age = at(&self.ages, origin);
                let start = (member * self.origins + origin) * groups;
                let own = part(&self.sums, start, start + groups);
                for (error, own) in errors.iter_mut().zip(own) {
                    *error = (*error - age * own).max(0.0);
                }
            }
            let overall = if total > NOTHING {
                errors.iter().sum::<f64>() / total
            } else {
                0.0
            };
            for (error, count) in errors.iter().zip(&counts).take(groups) {
                let own = if *count > NOTHING {
                    error / count
                } else {
                    overall
                };
                // Geometric mean of the group's and the overall error.
                values.push(((own + self.least) * (overall + self.least)).sqrt());
            }
        }
        for group in 0..groups {
            let column = || values.iter().skip(group).step_by(groups);
            let best = column().copied().fold(f64::INFINITY, f64::min);
            let mut sum = 0.0;
            for score in values.iter_mut().skip(group).step_by(groups) {
                let ratio = best / *score;
                let fifth = (ratio * ratio) * (ratio * ratio) * ratio;
                *score = if fifth < NEGLIGIBLE { 0.0 } else { fifth };
                sum += *score;
            }
            for weight in values.iter_mut().skip(group).step_by(groups) {
                *weight /= sum;
            }
        }
        Weights { groups, values }
    }

    /// Sums over all origins.
    pub(super) fn sums(&self) -> Sums {
        let groups = self.ends.len();
        let mut counts = vec![0.0; groups];
        for (age, own) in self.ages.iter().zip(self.counts.chunks_exact(groups)) {
            for (sum, count) in counts.iter_mut().zip(own) {
                *sum += age * count;
            }
        }
        let mut errors = vec![0.0; self.members * groups];
        let members = self.sums.chunks_exact((self.origins * groups).max(1));
        for (out, rows) in errors.chunks_exact_mut(groups).zip(members) {
            for (age, own) in self.ages.iter().zip(rows.chunks_exact(groups)) {
                for (sum, error) in out.iter_mut().zip(own) {
                    *sum += age * error;
                }
            }
        }
        Sums { counts, errors }
    }
}

/// A count that is only what rounding left.
const NOTHING: f64 = 1e-9;

/// Errors and counts over all origins.
#[derive(Debug)]
pub(super) struct Sums {
    counts: Vec<f64>,
    errors: Vec<f64>,
}

impl Sums {
    /// Discounted mean absolute error of a member over all steps; `None` where none was judged.
    pub(super) fn error(&self, member: usize) -> Option<f64> {
        let groups = self.counts.len();
        let total: f64 = self.counts.iter().sum();
        let own = part(&self.errors, member * groups, (member + 1) * groups);
        (total > NOTHING).then(|| own.iter().sum::<f64>() / total)
    }
}

/// The weighted middle of the members, step by step. `row` gives a member's forecast.
pub(super) fn combine<'f>(
    ends: &[usize],
    weights: &Weights,
    row: impl Fn(usize) -> &'f [f64],
    out: &mut [f64],
) {
    // Members keep their order from step to step, nearly: each is sorted in from where it was.
    let mut counted: Vec<(f64, &[f64])> = Vec::with_capacity(32);
    let mut ranked: Vec<(f64, usize)> = Vec::with_capacity(32);
    let mut start = 0;
    for (group, end) in ends.iter().enumerate() {
        counted.clear();
        let members = weights.group(group).enumerate().filter(|(_, w)| *w > 0.0);
        counted.extend(members.map(|(member, weight)| (weight, row(member))));
        ranked.clear();
        ranked.extend((0..counted.len()).map(|place| (0.0, place)));
        for (step, out) in out.iter_mut().enumerate().take(*end).skip(start) {
            for (value, place) in &mut ranked {
                *value = counted.get(*place).map_or(0.0, |(_, row)| at(row, step));
            }
            sort(&mut ranked);
            *out = weighted_middle(&ranked, &counted);
        }
        start = *end;
    }
}

/// Insertion sort: what is nearly sorted costs little.
fn sort(ranked: &mut [(f64, usize)]) {
    for end in 1..ranked.len() {
        let Some(window) = ranked.get_mut(..=end) else {
            return;
        };
        let mut rest = window;
        while let [.., before, last] = rest {
            if before.0 <= last.0 {
                break;
            }
            core::mem::swap(before, last);
            let shorter = rest.len() - 1;
            let Some(next) = rest.get_mut(..shorter) else {
                break;
            };
            rest = next;
        }
    }
}

/// Mean of the middle of ascending values whose weights add up to 1: between the quantiles 0.5 ± `MIDDLE`.
/// `counted` has the weights, at the places that `ranked` names.
fn weighted_middle(ranked: &[(f64, usize)], counted: &[(f64, &[f64])]) -> f64 {
    let (low, high) = (0.5 - MIDDLE, 0.5 + MIDDLE);
    let (mut sum, mut below) = (0.0, 0.0);
    let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
    for (value, place) in ranked {
        if below >= high {
            break;
        }
        let above: f64 = below + counted.get(*place).map_or(0.0, |(weight, _)| *weight);
        let share = above.min(high) - below.max(low);
        if share > 0.0 {
            sum += share * value;
            least = least.min(*value);
            most = most.max(*value);
        }
        below = above;
    }
    // Where they agree the mean is what they say, not that and a rounding.
    (sum / (2.0 * MIDDLE)).max(least).min(most)
}
