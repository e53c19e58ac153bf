//! Memory: the highest use of a week, and above it what use is seen to rise by all at once.
//!
//! Use that climbs is followed before it runs out, so headroom is needed only for what it rises by
//! from one sample to the next: its *rise*, the most by which it exceeded its highest use of the last
//! hour within a week. What is larger than [`SUDDEN`] no headroom foresees; after a kill much more is
//! therefore given at once, and what was too much of it is soon taken back.
//!
//! Margin = scale × ([`LEAST`] + [`RISES`] × rise), the scale one a shadow. More is given once the
//! highest use of the last hour is within [`NEAR`] of the margin. How much more doubles while that
//! happens again and again. It is taken back once what is too much has cost more than a restart is
//! worth.

use super::RightSizingConfig;
use super::record::{Budget, Record, Whole, sound};

/// What the margin is multiplied by, one a shadow.
const SCALES: [f64; 3] = [1.0, 2.0, 4.0];
/// What the smallest margin is expected to violate before it has a record, as if it had been seen for
/// a month; larger ones so much less. It is no more than what can be accepted at least: the smallest
/// margin is followed until something happens.
const EXPECTED: f64 = 1e-6;
const EXPECTED_H: f64 = 30.0 * 24.0;
/// A larger margin is of no use where it violates hardly less, by this factor.
const OF_NO_USE: f64 = 1.3;
/// The smallest margin: what any use moves by, and of the rise so much. Half of it is enough, as
/// rises as large as the largest seldom begin right at the request.
const LEAST: f64 = 0.005;
const RISES: f64 = 0.5;
/// Use that needs this share of the margin is near.
const NEAR: f64 = 0.75;
/// A larger rise is no climb.
const SUDDEN: f64 = 0.12;
/// Until its rises are known, use is taken to rise by this (what the VPA adds), halved so often.
const UNKNOWN: f64 = 0.15;
const UNKNOWN_H: f64 = 12.0;
/// The highest use of seven whole blocks and the present one, each a day.
const BLOCKS: usize = 8;
const BLOCK_H: f64 = 24.0;
/// The last hour: one whole hour and the present one.
const HOUR_H: f64 = 1.0;
const RISE_HALF_LIFE_H: f64 = 7.0 * 24.0;
/// Nothing is taken back before a day and its next morning have been seen.
const SEEN_H: f64 = 36.0;
/// Given beyond use that is near, doubled each time.
const STEP: f64 = 0.03;
const STEP_HALF_LIFE_H: f64 = 24.0;
/// And after a kill, which shows that use was above the request, not by how much: a second kill would
/// cost more than the slack until it is taken back.
const AFTER_A_KILL: f64 = 0.8;
/// A restart to take memory back must have cost this much: slack of the mean use for so many hours.
const RESTART_H: f64 = 4.0;
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
    fn judge(&mut self, seen: &Seen, request: f64, margin: f64, budget: &Budget) -> Option<f64> {
        let Seen {
            hours,
            age,
            mean,
            highest,
            of_hour,
        } = *seen;
        self.step = STEP + (self.step - STEP) * (-hours / STEP_HALF_LIFE_H).exp2();
        let ceiling = highest * (1.0 + margin);
        if of_hour * (1.0 + NEAR * margin) > request {
            // The ceiling is above what is near: what is given is enough until use is higher still.
            return Some(ceiling.max(of_hour * (1.0 + self.step)));
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
    /// Highest use of each block, the present one first; of hours that are over.
    highest: [f64; BLOCKS],
    block_left: f64,
    /// Highest use of the present hour and of the one before.
    hours: [f64; 2],
    hour_left: f64,
    /// The largest rise lately, as a share.
    rise: f64,
    pub(super) whole: Whole,
    pub(super) shadows: [Shadow; 3],
    pub(super) followed: usize,
    growth: Growth,
}

/// A sample's time and what is known.
#[derive(Clone, Copy)]
struct Seen {
    hours: f64,
    age: f64,
    mean: f64,
    /// Highest use of the last days and of the last hour.
    highest: f64,
    of_hour: f64,
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
            hours: [0.0; 2],
            hour_left: HOUR_H,
            rise: 0.0,
            whole: Whole::default(),
            shadows: [(); 3].map(|()| shadow.clone()),
            followed: 0,
            growth: Growth::new(),
        }
    }

    /// Highest use of the last days.
    pub(super) fn highest(&self) -> f64 {
        let all = self.highest.iter().chain(&self.hours);
        all.copied().fold(0.0, f64::max)
    }

    fn of_hour(&self) -> f64 {
        self.hours.iter().copied().fold(0.0, f64::max)
    }

    /// Each shadow's margin above the highest use.
    pub(super) fn margins(&self) -> [f64; 3] {
        let unknown = UNKNOWN * (-self.whole.age / UNKNOWN_H).exp2();
        let margin = LEAST + RISES * self.rise.max(unknown);
        SCALES.map(|scale| scale * margin)
    }

    fn margin(&self) -> f64 {
        let margins = self.margins();
        margins.get(self.followed).copied().unwrap_or(0.0)
    }

    /// What the followed shadow asks for where nothing is held.
    pub(super) fn with_margin(&self) -> f64 {
        self.highest() * (1.0 + self.margin())
    }

    /// Remembers a sample's use and rise.
    fn remember(&mut self, usage: f64, hours: f64) {
        let before = self.of_hour();
        self.rise *= (-hours / RISE_HALF_LIFE_H).exp2();
        // Of less than two hours the highest is too low.
        if self.whole.age > 2.0 * HOUR_H && before > 0.0 {
            let rise = usage / before - 1.0;
            if rise < SUDDEN {
                self.rise = self.rise.max(rise);
            }
        }
        self.block_left -= hours;
        if self.block_left <= 0.0 {
            self.block_left = BLOCK_H;
            self.highest.rotate_right(1);
            if let Some(present) = self.highest.first_mut() {
                *present = 0.0;
            }
        }
        self.hour_left -= hours;
        let [present, past] = &mut self.hours;
        if self.hour_left <= 0.0 {
            self.hour_left = HOUR_H;
            *past = core::mem::take(present);
        }
        *present = present.max(usage);
        if let Some(block) = self.highest.first_mut() {
            *block = block.max(*past);
        }
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
        let before = self.of_hour();
        self.remember(usage, hours);
        let seen = Seen {
            hours,
            age: self.whole.age,
            mean: self.whole.mean(),
            highest: self.highest(),
            of_hour: self.of_hour(),
        };
        let margins = self.margins();
        for (shadow, margin) in self.shadows.iter_mut().zip(margins) {
            shadow.record.fade(left);
            shadow.budget.earn(hours, config.max_restarts_per_day);
            if shadow.request <= 0.0 {
                shadow.request = usage * (1.0 + UNKNOWN.max(margin));
                continue;
            }
            if shadow.record.add(usage, shadow.request, hours) {
                shadow.record.restarts += 1.0;
                shadow.request *= config.oom_bump_up_ratio;
            }
            let Shadow {
                request, budget, ..
            } = *shadow;
            if let Some(wanted) = shadow.growth.judge(&seen, request, margin, &budget) {
                shadow.growth.changed(wanted > request);
                shadow.request = wanted;
                shadow.record.restarts += 1.0;
                shadow.budget.spend();
            }
        }
        self.choose(config.memory_violations);
        let request = request?;
        let margin = self.margin();
        let wanted = self.growth.judge(&seen, request, margin, budget);
        match killed {
            Some(needed) => {
                // What was never seen before may just have been started with too little.
                let unknown = if before > 0.0 { AFTER_A_KILL } else { 0.0 };
                let more = self.growth.step + unknown;
                let grown = needed * (1.0 + more);
                Some(wanted.unwrap_or(0.0).max(grown).max(self.with_margin()))
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
        let prior = EXPECTED / SCALES.get(index).copied().unwrap_or(1.0);
        let violated = self.shadows.get(index).map_or(0.0, |s| s.record.violated);
        (violated + EXPECTED_H * prior) / (self.whole.hours + EXPECTED_H)
    }

    /// Follows the smallest margin that is expected to keep the share; where none is, the smallest
    /// one that hardly violates more than the best: a larger one would be of no use.
    fn choose(&mut self, accepted: f64) {
        let best = (0..SCALES.len()).map(|index| self.expected(index));
        let best = best.fold(f64::INFINITY, f64::min);
        let most = accepted.max(OF_NO_USE * best);
        let keeps = |index: &usize| self.expected(*index) <= most;
        self.followed = (0..SCALES.len()).find(keeps).unwrap_or(0);
    }

    pub(super) fn is_sound(&self) -> bool {
        self.highest.iter().chain(&self.hours).all(sound)
            && self.block_left.is_finite()
            && self.hour_left.is_finite()
            && (0.0..SUDDEN).contains(&self.rise)
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
