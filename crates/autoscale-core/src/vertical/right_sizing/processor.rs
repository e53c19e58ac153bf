//! CPU: what a violation costs is learnt from how often it happens.
//!
//! Each half-life of [`Levels`] has a shadow with a price of its own: the level at which slack + price
//! × violations is least is what it asks for. The price rises while use is above the shadow's request
//! and falls otherwise, so that it settles where the accepted share is violated (adaptive conformal
//! inference); the price is held, not the share, so that violations go where they save most. A new
//! request must save, over the half-life, more than a restart is worth.

use super::RightSizingConfig;
use super::levels::{HALF_LIVES_H, Levels};
use super::record::{Budget, Record, Whole, sound};

/// Price of a violation at first: so many times the mean use, divided by the accepted share. The
/// newsvendor's price for a tail that thins out by e over a fifth of the mean.
const FIRST_PRICE: f64 = 0.2;
/// The price falls by 2^this a day without violations.
const LEARNING_A_DAY: f64 = 0.6;
/// Bounds of the price's logarithm, in mean uses.
const LOG_PRICES: (f64, f64) = (-3.0, 10.0);
/// A restart must save this much: slack of the mean use for so many hours.
const RESTART_H: f64 = 0.8;
/// What a restart counts in a shadow's cost, to choose among them, in the same unit.
const CHOICE_RESTART_H: f64 = 2.0;
/// A restart must change the request by this share.
const LEAST_CHANGE: f64 = 0.05;
/// Added while too little was seen to know the accepted share's level …
const MARGIN: f64 = 0.15;
/// … which takes this many hours divided by the share to halve: neighbouring samples are alike.
const ALIKE_H: f64 = 0.3;
/// Hours between two looks at the levels, and at the shadows' records.
const LOOK_H: f64 = 1.0 / 12.0;
const CHOICE_H: f64 = 3.0;
/// Another shadow is followed where it is cheaper by this share.
const HYSTERESIS: f64 = 0.2;

/// A half-life with its own price, request and record.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) struct Shadow {
    log_price: f64,
    /// In cores; 0 before the first sample.
    pub(super) request: f64,
    pub(super) record: Record,
    budget: Budget,
}

/// What is remembered of CPU.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) struct Processor {
    levels: Levels,
    pub(super) whole: Whole,
    pub(super) shadows: [Shadow; 3],
    pub(super) followed: usize,
    /// The level that the followed shadow finds cheapest, in cores.
    pub(super) level: f64,
    /// With its margin.
    pub(super) with_margin: f64,
    look_in: f64,
    choice_in: f64,
}

impl Processor {
    pub(super) fn new(config: &RightSizingConfig) -> Self {
        let (least, most) = LOG_PRICES;
        let log_price = (FIRST_PRICE / config.cpu_violations).log2();
        let shadow = Shadow {
            log_price: log_price.clamp(least, most),
            request: 0.0,
            record: Record::default(),
            budget: Budget::new(),
        };
        Self {
            levels: Levels::new(),
            whole: Whole::default(),
            shadows: [(); 3].map(|()| shadow.clone()),
            followed: 0,
            level: 0.0,
            with_margin: 0.0,
            look_in: 0.0,
            choice_in: 0.0,
        }
    }

    /// Takes a sample that stands for so many hours. Gives what to ask for where a container that
    /// asks for `request` should ask for something else.
    pub(super) fn observe(
        &mut self,
        usage: f64,
        hours: f64,
        request: Option<f64>,
        budget: &Budget,
        config: &RightSizingConfig,
    ) -> Option<f64> {
        let left = self.whole.add(usage, hours);
        let days = hours / 24.0;
        let (least, most) = LOG_PRICES;
        for shadow in &mut self.shadows {
            shadow.record.fade(left);
            shadow.budget.earn(hours, config.max_restarts_per_day);
            if shadow.request > 0.0 {
                let violated = shadow.record.add(usage, shadow.request, hours);
                let share = if violated {
                    1.0 / config.cpu_violations
                } else {
                    0.0
                };
                let learnt = shadow.log_price + LEARNING_A_DAY * days * (share - 1.0);
                shadow.log_price = learnt.clamp(least, most);
            }
        }
        self.levels.add(usage, hours);
        self.look_in -= hours;
        self.choice_in -= hours;
        if self.look_in > 0.0 {
            return None;
        }
        let since = LOOK_H - self.look_in;
        self.look_in = LOOK_H;
        let margin = 1.0 + MARGIN / (1.0 + config.cpu_violations * self.whole.age / ALIKE_H);
        let changed = request.and_then(|request| self.look(request, budget, margin));
        for index in 0..HALF_LIVES_H.len() {
            self.step(index, margin);
        }
        self.levels.fade(since);
        if self.choice_in <= 0.0 {
            self.choice_in = CHOICE_H;
            self.choose();
        }
        changed
    }

    /// What the followed shadow's price and half-life make of the real request.
    fn look(&mut self, request: f64, budget: &Budget, margin: f64) -> Option<f64> {
        let price = self.shadows.get(self.followed)?.log_price;
        let (level, worth) = self.weigh(self.followed, price, request, budget, margin)?;
        self.level = level;
        self.with_margin = level * margin;
        worth.then_some(self.with_margin)
    }

    /// One look of a shadow.
    fn step(&mut self, index: usize, margin: f64) {
        let Some(Shadow {
            log_price,
            request,
            budget,
            ..
        }) = self.shadows.get(index).cloned()
        else {
            return;
        };
        let Some((level, worth)) = self.weigh(index, log_price, request, &budget, margin) else {
            return;
        };
        if request <= 0.0 && index == self.followed {
            (self.level, self.with_margin) = (level, level * margin);
        }
        let Some(shadow) = self.shadows.get_mut(index) else {
            return;
        };
        if request <= 0.0 {
            shadow.request = level * margin;
        } else if worth {
            shadow.request = level * margin;
            shadow.record.restarts += 1.0;
            shadow.budget.spend();
        }
    }

    /// The cheapest level, and whether it is worth a restart.
    fn weigh(
        &self,
        half_life: usize,
        log_price: f64,
        request: f64,
        budget: &Budget,
        margin: f64,
    ) -> Option<(f64, bool)> {
        let mean = self.whole.mean();
        let price = log_price.exp2() * mean;
        let level = self.levels.cheapest(half_life, price)?;
        let target = level * margin;
        let cost = |request| self.levels.outlook(half_life, request).cost(price);
        let remembered = HALF_LIVES_H.get(half_life)? / core::f64::consts::LN_2;
        let saved = (cost(request) - cost(target)) * remembered.min(self.whole.age + 0.5);
        let dear = budget
            .scarcity()
            .map(|scarcity| scarcity * RESTART_H * mean);
        let differs = (target - request).abs() > LEAST_CHANGE * request;
        Some((level, differs && dear.is_some_and(|dear| saved > dear)))
    }

    /// Follows the shadow whose record is cheapest.
    fn choose(&mut self) {
        let mean = self.whole.mean();
        let cost = |shadow: &Shadow| {
            shadow.record.slack / mean + CHOICE_RESTART_H * shadow.record.restarts
        };
        let present = self.shadows.get(self.followed).map_or(f64::INFINITY, cost);
        let all = self.shadows.iter().map(cost).enumerate();
        if let Some((index, cheapest)) = all.min_by(|a, b| a.1.total_cmp(&b.1))
            && cheapest < present * (1.0 - HYSTERESIS)
        {
            self.followed = index;
        }
    }

    pub(super) fn is_sound(&self) -> bool {
        let (least, most) = LOG_PRICES;
        let numbers = [self.level, self.with_margin];
        let waits = [self.look_in, self.choice_in];
        self.levels.is_sound()
            && self.whole.is_sound()
            && self.followed < self.shadows.len()
            && numbers.iter().all(sound)
            && waits.iter().all(|wait| wait.is_finite())
            && self.shadows.iter().all(|shadow| {
                sound(&shadow.request)
                    && shadow.record.is_sound()
                    && shadow.budget.is_sound()
                    && (least..=most).contains(&shadow.log_price)
            })
    }
}
