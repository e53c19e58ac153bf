//! The course that a load's seasons give it: plans of its past, put end to end.

use std::time::Duration;

use capacity_forecast::{Planner, PlannerConfig, Series};
use serde::{Deserialize, Serialize};

/// Below this there is no week to plan from.
const LEAST: Duration = Duration::from_secs(7 * 86_400);
/// How much of the gap between the course and the load's own level a plan closes. The course must not
/// jump from plan to plan, since what is learnt is learnt relative to it; nor may it drift away.
const LEAK: f64 = 0.1;
/// No part of a course lies below this share of its mean: what is divided by it must stay a number.
const LEAST_SHARE: f64 = 0.02;

/// How a load's past is planned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Grain {
    /// Length of a step, in seconds.
    pub(super) step_s: u64,
    /// Steps from plan to plan.
    pub(super) every: usize,
    /// Steps ahead, more than `every` and what is asked for.
    pub(super) ahead: u32,
    /// Steps that are kept.
    pub(super) keep: usize,
}

/// The mean of the step that is under way.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Bin {
    /// Steps since the epoch.
    number: u64,
    sum: f64,
    count: f64,
}

/// What the latest plan says, relative to the load's mean.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Course {
    /// The middle of its first step, in Unix seconds.
    first_s: f64,
    values: Vec<f64>,
}

/// A load's past in steps, and the course that is expected of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Outlook {
    /// Means of the steps before the one under way; none where nothing was seen.
    past: Vec<Option<f64>>,
    bin: Option<Bin>,
    since_plan: usize,
    course: Option<Course>,
    /// The longest season that any plan knew, in steps.
    longest: usize,
}

impl Outlook {
    pub(super) const fn new() -> Self {
        Self {
            past: Vec::new(),
            bin: None,
            since_plan: 0,
            course: None,
            longest: 0,
        }
    }

    /// Whether there has been a plan.
    pub(super) const fn is_known(&self) -> bool {
        self.course.is_some()
    }

    /// The longest season that was ever planned with, in steps.
    pub(super) const fn longest_season(&self) -> usize {
        self.longest
    }

    /// Takes the demand at a moment; plans where a step ends.
    pub(super) fn observe(&mut self, grain: Grain, at_s: f64, demand: f64) {
        let number = at_s.max(0.0) as u64 / grain.step_s;
        let bin = self.bin.get_or_insert(Bin {
            number,
            sum: 0.0,
            count: 0.0,
        });
        if number > bin.number {
            let ended = usize::try_from(number - bin.number).unwrap_or(usize::MAX);
            self.past
                .push((bin.count > 0.0).then(|| bin.sum / bin.count));
            let gap = (ended - 1).min(grain.keep);
            self.past.extend(std::iter::repeat_n(None, gap));
            *bin = Bin {
                number,
                sum: 0.0,
                count: 0.0,
            };
            // Dropped in one go now and then, not one by one.
            if self.past.len() > 2 * grain.keep {
                self.past.drain(..self.past.len() - grain.keep);
            }
            self.since_plan = self.since_plan.saturating_add(ended);
            self.plan(grain, number);
        }
        if let Some(bin) = &mut self.bin {
            bin.sum += demand;
            bin.count += 1.0;
        }
    }

    /// Plans anew where it is time to, from the end of the step before `number`.
    fn plan(&mut self, grain: Grain, number: u64) {
        let step = Duration::from_secs(grain.step_s);
        let known = step * u32::try_from(self.past.len()).unwrap_or(u32::MAX);
        let due = self.since_plan >= grain.every || self.course.is_none();
        if known < LEAST || !due {
            return;
        }
        self.since_plan = 0;
        let kept = &self.past[self.past.len().saturating_sub(grain.keep)..];
        let Some((planned, season)) = planned(grain, number, kept) else {
            return;
        };
        let seen = kept.iter().flatten();
        let mean = seen.clone().sum::<f64>() / seen.count().max(1) as f64;
        let now_s = (number * grain.step_s) as f64;
        let fresh = planned.first().copied().unwrap_or(0.0);
        if !(mean > 0.0 && fresh > 0.0) {
            return;
        }
        let joined = self.factor(grain, now_s) / fresh;
        let scale = joined.powf(1.0 - LEAK) * mean.powf(-LEAK);
        if scale.is_finite() && scale > 0.0 {
            self.course = Some(Course {
                first_s: now_s + step.as_secs_f64() / 2.0,
                values: planned.into_iter().map(|value| value * scale).collect(),
            });
            self.longest = self.longest.max(season);
        }
    }

    /// How much load the seasons bring at a Unix time, relative to its mean; 1 while nothing is known.
    pub(super) fn factor(&self, grain: Grain, at_s: f64) -> f64 {
        let Some(Course { first_s, values }) = &self.course else {
            return 1.0;
        };
        let place = ((at_s - first_s) / grain.step_s as f64).max(0.0);
        let (index, share) = (place as usize, place.fract());
        match values.get(index..) {
            Some([from, to, ..]) => from * (1.0 - share) + to * share,
            _ => values.last().copied().unwrap_or(1.0),
        }
    }

    /// Whether what was read back can be gone on with.
    pub(super) fn is_sound(&self) -> bool {
        let course = self.course.iter().flat_map(|c| &c.values);
        course
            .clone()
            .all(|value| value.is_finite() && *value > 0.0)
            && self.past.iter().flatten().all(|value| value.is_finite())
            && self.course.as_ref().is_none_or(|c| !c.values.is_empty())
    }
}

/// What the pool expects of the steps from `number` on, none of it near 0, and the longest season in
/// that; nothing where it refuses.
fn planned(grain: Grain, number: u64, past: &[Option<f64>]) -> Option<(Vec<f64>, usize)> {
    let step = Duration::from_secs(grain.step_s);
    let first = number.checked_sub(u64::try_from(past.len()).ok()?)?;
    let start = Duration::from_secs(first * grain.step_s);
    let series = Series::from_grid(start, step, past.iter().copied()).ok()?;
    let config = PlannerConfig::default()
        .with_horizon(step * grain.ahead)
        .with_max_history(grain.keep)
        .with_lower_bound(Some(0.0));
    let plan = Planner::new(config)
        .ok()?
        .plan(&series, series.end() + step)
        .ok()?;
    let mut point = plan.point;
    let mean = point.iter().sum::<f64>() / point.len().max(1) as f64;
    for value in &mut point {
        *value = value.max(LEAST_SHARE * mean);
    }
    let season = plan.seasons.lengths().last().copied().unwrap_or(0);
    Some((point, season))
}
