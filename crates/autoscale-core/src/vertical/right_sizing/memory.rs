//! Memory: the highest use of the last days, and a margin that is larger where kills are rarer.
//!
//! A kill costs a restart, and another one to give more, so memory is given more before it runs out:
//! as soon as use is within 1 % of the request. How much more doubles while that happens again and
//! again, and is larger in the first days. It is taken back once what is too much has cost more than
//! a restart is worth, and the days that it is judged by have been seen.

use super::RightSizingConfig;
use super::record::{Budget, Record, Whole, sound};

/// Margins above the highest use, one a shadow: little more than noise, the VPA's half, the VPA's.
pub(super) const MARGINS: [f64; 3] = [0.03, 0.08, 0.2];
/// What a shadow is expected to violate before it has a record, as if it had been seen for a month.
const EXPECTED: f64 = 6e-7;
const EXPECTED_H: f64 = 30.0 * 24.0;
/// A larger margin is of no use where it violates hardly less, by this factor.
const OF_NO_USE: f64 = 1.3;
/// The highest use of three whole blocks and the present one, each a day: most leaks and caches are
/// released within three days, and weekends fall within it twice.
const BLOCKS: usize = 4;
const BLOCK_H: f64 = 24.0;
const SEEN_H: f64 = 72.0;
/// Use this near to the request is too near.
const NEAR: f64 = 0.01;
/// Given beyond use: at first, more in the first days (halved each), and doubled each time.
const FIRST: f64 = 0.15;
const STEP: f64 = 0.04;
const YOUNG_STEP: f64 = 0.4;
const YOUNG_H: f64 = 24.0;
const STEP_HALF_LIFE_H: f64 = 24.0;
/// A restart to take memory back must have cost this much: slack of the mean use for so many hours.
const RESTART_H: f64 = 20.0;
/// So much more than what is asked for is left alone.
const LEFT_ALONE: f64 = 0.03;

/// A request, and what was learnt of how it has to grow.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
struct Growth {
    /// What the next growth adds, as a share.
    step: f64,
    /// Slack since the last change, in byte-hours.
    excess: f64,
}

impl Growth {
    const fn new() -> Self {
        Self {
            step: 2.0 * STEP,
            excess: 0.0,
        }
    }

    /// What to ask for instead of `request`, if anything.
    fn judge(&mut self, seen: &Seen, request: f64, ceiling: f64, budget: &Budget) -> Option<f64> {
        let Seen {
            usage,
            hours,
            age,
            mean,
            ..
        } = *seen;
        self.step = STEP + (self.step - STEP) * (-hours / STEP_HALF_LIFE_H).exp2();
        if usage * (1.0 + NEAR) > request {
            let young = YOUNG_STEP * (-age / YOUNG_H).exp2();
            return Some(ceiling.max(usage * (1.0 + self.step + young)));
        }
        if request <= ceiling * (1.0 + LEFT_ALONE) {
            self.excess = 0.0;
            return None;
        }
        self.excess += (request - ceiling) * hours;
        let dear = budget.scarcity()? * RESTART_H * mean;
        (age >= SEEN_H && self.excess > dear).then_some(ceiling)
    }

    fn changed(&mut self, grown: bool) {
        self.excess = 0.0;
        if grown {
            self.step = (2.0 * self.step).min(1.0);
        }
    }

    fn is_sound(&self) -> bool {
        sound(&self.step) && sound(&self.excess)
    }
}

/// A margin with its own request and record.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) struct Shadow {
    /// In bytes; 0 before the first sample.
    pub(super) request: f64,
    pub(super) record: Record,
    growth: Growth,
    budget: Budget,
}

/// What is remembered of memory.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) struct Memory {
    /// Highest use of each block, the present one first.
    highest: [f64; BLOCKS],
    block_left: f64,
    pub(super) whole: Whole,
    pub(super) shadows: [Shadow; 3],
    pub(super) followed: usize,
    growth: Growth,
}

/// A sample and what is known.
#[derive(Clone, Copy)]
struct Seen {
    usage: f64,
    hours: f64,
    age: f64,
    mean: f64,
}

impl Memory {
    pub(super) fn new() -> Self {
        let shadow = Shadow {
            request: 0.0,
            record: Record::default(),
            growth: Growth::new(),
            budget: Budget::new(),
        };
        Self {
            highest: [0.0; BLOCKS],
            block_left: BLOCK_H,
            whole: Whole::default(),
            shadows: [(); 3].map(|()| shadow.clone()),
            followed: 0,
            growth: Growth::new(),
        }
    }

    /// Highest use of the last days.
    pub(super) fn highest(&self) -> f64 {
        self.highest.iter().copied().fold(0.0, f64::max)
    }

    /// What the followed shadow asks for where nothing is held.
    pub(super) fn with_margin(&self) -> f64 {
        let margin = MARGINS.get(self.followed).copied().unwrap_or(0.0);
        self.highest() * (1.0 + margin)
    }

    /// Takes a sample that stands for so many hours; `killed` says what a kill for want of memory
    /// shows that it needs at least. Gives what to ask for where a container that asks for `request`
    /// should ask for something else.
    pub(super) fn observe(
        &mut self,
        usage: f64,
        hours: f64,
        killed: Option<f64>,
        request: Option<f64>,
        budget: &Budget,
        config: &RightSizingConfig,
    ) -> Option<f64> {
        let left = self.whole.add(usage, hours);
        self.block_left -= hours;
        if self.block_left <= 0.0 {
            self.block_left = BLOCK_H;
            self.highest.rotate_right(1);
            if let Some(present) = self.highest.first_mut() {
                *present = 0.0;
            }
        }
        if let Some(present) = self.highest.first_mut() {
            *present = present.max(usage);
        }
        let highest = self.highest();
        let seen = Seen {
            usage,
            hours,
            age: self.whole.age,
            mean: self.whole.mean(),
        };
        for (shadow, margin) in self.shadows.iter_mut().zip(MARGINS) {
            shadow.record.fade(left);
            shadow.budget.earn(hours, config.max_restarts_per_day);
            if shadow.request <= 0.0 {
                shadow.request = usage * (1.0 + FIRST.max(margin));
                continue;
            }
            if shadow.record.add(usage, shadow.request, hours) {
                shadow.record.restarts += 1.0;
                shadow.request *= config.oom_bump_up_ratio;
            }
            let ceiling = highest * (1.0 + margin);
            let Shadow {
                request, budget, ..
            } = *shadow;
            if let Some(wanted) = shadow.growth.judge(&seen, request, ceiling, &budget) {
                shadow.growth.changed(wanted > request);
                shadow.request = wanted;
                shadow.record.restarts += 1.0;
                shadow.budget.spend();
            }
        }
        self.choose(config.memory_violations);
        let ceiling = self.with_margin();
        let request = request?;
        let wanted = self.growth.judge(&seen, request, ceiling, budget);
        match killed {
            Some(needed) => {
                let grown = needed * (1.0 + self.growth.step);
                Some(wanted.unwrap_or(0.0).max(grown).max(ceiling))
            }
            None => wanted,
        }
    }

    /// What was asked for was given.
    pub(super) fn changed(&mut self, grown: bool) {
        self.growth.changed(grown);
    }

    /// What to ask for at first.
    pub(super) fn first(&self) -> f64 {
        self.shadows
            .get(self.followed)
            .map_or(0.0, |shadow| shadow.request)
    }

    /// Share of the time that a shadow is expected to violate.
    pub(super) fn expected(&self, index: usize) -> f64 {
        let prior = EXPECTED / MARGINS.get(index).copied().unwrap_or(1.0);
        let violated = self.shadows.get(index).map_or(0.0, |s| s.record.violated);
        (violated + EXPECTED_H * prior) / (self.whole.hours + EXPECTED_H)
    }

    /// Follows the smallest margin that is expected to keep the share; where none is, the smallest
    /// one that hardly violates more than the best: a larger one would be of no use.
    fn choose(&mut self, accepted: f64) {
        let best = (0..MARGINS.len()).map(|index| self.expected(index));
        let best = best.fold(f64::INFINITY, f64::min);
        let most = accepted.max(OF_NO_USE * best);
        let keeps = |index: &usize| self.expected(*index) <= most;
        self.followed = (0..MARGINS.len()).find(keeps).unwrap_or(0);
    }

    pub(super) fn is_sound(&self) -> bool {
        self.highest.iter().all(sound)
            && self.block_left.is_finite()
            && self.whole.is_sound()
            && self.followed < self.shadows.len()
            && self.growth.is_sound()
            && self.shadows.iter().all(|shadow| {
                sound(&shadow.request)
                    && shadow.record.is_sound()
                    && shadow.growth.is_sound()
                    && shadow.budget.is_sound()
            })
    }
}
