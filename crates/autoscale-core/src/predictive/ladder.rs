//! The price ladder: candidates in shadow, their records, and the choice among them.

use core::time::Duration;
use std::collections::VecDeque;

use super::layers::{Held, Layers};
use super::plant::Plant;
use crate::{Averages, Kpa, RungStage, numeric};

/// Prices a style.
const PRICES: u8 = 14;
const LOWEST_PRICE: f64 = 0.6;
/// Ratio between the highest and the lowest price: 1.6¹⁵.
const PRICE_SPAN: f64 = 1_152.921_504_606_847;
/// Days until half of a record is forgotten.
const RECORD_DAYS: f64 = 5.0;
const DAY_S: f64 = 86_400.0;
/// How often the choice is made, in seconds.
const CHOICE_S: f64 = 300.0;
/// What is expected of a price before it has a record: this share of bad demand at price 1 …
const PRIOR_SHARE: f64 = 0.12;
/// … and what is, after the first week.
const SETTLED_PRIOR_SHARE: f64 = 0.07;
const SETTLED_DAYS: f64 = 7.0;
/// The choice aims at this part of the accepted share: a burst that nobody saw coming is charged to
/// it too, and costs the more the longer a start-up takes: at three minutes or less, and at ten.
const AIM: f64 = 0.85;
const SLOW_AIM: f64 = 0.70;
const QUICK_S: f64 = 180.0;
const SLOW_S: f64 = 600.0;
/// Layers are held so much longer than it pays, in start-ups.
const PATIENCE: f64 = 0.40;
/// The part of the best record that no price can buy off.
const UNBUYABLE: f64 = 0.3;
/// Where no candidate keeps the accepted share, saving as much bad demand as is accepted may cost so
/// many times what serves the whole demand. The price of each replica is bounded, but not what a rung
/// costs altogether: the load may be such that the dearest runs ten times what is needed all day.
const WORTH: f64 = 2.0;
/// A brisk candidate's cost counts so much, since it changes its mind more often.
const BRISK_HANDICAP: f64 = 1.02;
/// The present candidate stays unless another is cheaper by this.
const HYSTERESIS: f64 = 0.01;
/// Start-ups longer than this make holding on worth less than ordering anew, in seconds.
const KEEP_S: f64 = 75.0;

/// Lengths in intervals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Timing {
    pub(super) interval: Duration,
    /// From an order to its first serving interval.
    pub(super) delay: usize,
    pub(super) lag: usize,
}

impl Timing {
    fn delay_s(&self) -> f64 {
        numeric::count_f64(self.delay) * self.interval.as_secs_f64()
    }

    fn intervals(&self, seconds: f64) -> f64 {
        (seconds / self.interval.as_secs_f64()).max(1.0)
    }
}

/// A price and a style, with its own imagined fleet and record.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Candidate {
    price: f64,
    brisk: bool,
    /// Factor on the price of what is held already.
    keep: f64,
    /// Idle intervals until a worthless layer is released.
    patience: f32,
    held: Held,
    plant: Plant,
    /// Before and within the bounds.
    wanted: (u32, u32),
    bad: f64,
    cost: f64,
    share: f64,
}

/// All candidates.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Ladder {
    candidates: Vec<Candidate>,
    followed: usize,
    /// What a plain reactive policy at full use would run: no candidate runs less.
    floor: Kpa,
    floor_plant: Plant,
    last_minute: VecDeque<f64>,
    minute: usize,
    /// Decayed demand, and the part of it that was really bad.
    demand: f64,
    bad: f64,
    mean: f64,
    seen: u64,
    decay: f64,
}

/// What the ladder sees of one interval.
pub(super) struct Seen {
    pub(super) tick: u64,
    /// The newest sample.
    pub(super) demand: f64,
    /// Really ready replicas when it was taken.
    pub(super) ready: u32,
    pub(super) bounds: (u32, u32),
}

impl Ladder {
    pub(super) fn new(
        timing: Timing,
        layers: &Layers,
        floor: Kpa,
        replicas: u32,
        first: u64,
    ) -> Self {
        let delay = numeric::count_f64(timing.delay);
        let slack = (KEEP_S / timing.delay_s()).min(1.0);
        // A clone of one would not have its room for orders.
        let plant = move || Plant::new(replicas, timing.lag, timing.delay, first);
        let step = PRICE_SPAN.powf(1.0 / f64::from(PRICES - 1));
        let styles = [(false, 1.0 + 3.0 * slack), (true, 1.0 + 1.5 * slack)];
        let candidates = styles.into_iter().flat_map(|(brisk, keep)| {
            let held = Held::new(layers.len(), layers.holding(replicas));
            (0..PRICES).map(move |rung| Candidate {
                price: LOWEST_PRICE * step.powi(i32::from(rung)),
                brisk,
                keep,
                patience: numeric::to_f32(1.0 + PATIENCE * delay),
                held: held.clone(),
                plant: plant(),
                wanted: (replicas, replicas),
                bad: 0.0,
                cost: 0.0,
                share: 0.0,
            })
        });
        let minute = numeric::index(timing.intervals(60.0), 1 << 16).max(1);
        Self {
            candidates: candidates.collect(),
            followed: 0,
            floor,
            floor_plant: plant(),
            last_minute: VecDeque::with_capacity(minute + 1),
            minute,
            demand: 0.0,
            bad: 0.0,
            mean: 1.0,
            seen: 0,
            decay: 0.5_f64.powf(1.0 / timing.intervals(RECORD_DAYS * DAY_S)),
        }
    }

    /// An interval without a sample: fleets finish starting, nothing is ordered or recorded.
    pub(super) fn hold(&mut self, tick: u64) {
        self.floor_plant.begin(tick);
        for candidate in &mut self.candidates {
            candidate.plant.begin(tick);
        }
    }

    /// One interval of every candidate; gives the followed one's count before and within the
    /// bounds.
    pub(super) fn step(
        &mut self,
        seen: &Seen,
        timing: Timing,
        layers: &Layers,
        accepted: f64,
    ) -> (u32, u32) {
        let needed = numeric::replicas_for(seen.demand).max(1);
        let bad = |ready: u32| if ready < needed { seen.demand } else { 0.0 };
        let due = seen.tick.saturating_add(numeric::count_u64(timing.delay));
        let (min, max) = seen.bounds;

        self.seen = self.seen.saturating_add(1);
        let count = f64::from(u32::try_from(self.seen).unwrap_or(u32::MAX));
        let gain = (1.0 / timing.intervals(7200.0)).max(1.0 / count);
        self.mean += gain * (seen.demand - self.mean);
        self.demand = self.demand * self.decay + seen.demand;
        self.bad = self.bad * self.decay + bad(seen.ready);

        let floor = self.floor(seen, timing, due);
        let savings = layers.savings();
        for candidate in &mut self.candidates {
            let ready = candidate.plant.begin(seen.tick);
            let replicas = f64::from(candidate.plant.replicas());
            let handicap = if candidate.brisk { BRISK_HANDICAP } else { 1.0 };
            candidate.bad = candidate.bad * self.decay + bad(ready);
            candidate.cost = candidate.cost * self.decay + replicas * handicap;
            let Candidate {
                price,
                keep,
                patience,
                ..
            } = *candidate;
            candidate.held.step(savings, price, keep, patience);
            let own = layers.replicas(candidate.held.top);
            let wanted = own.max(floor);
            candidate.wanted = (wanted, wanted.clamp(min, max));
            candidate.plant.order(candidate.wanted.1, due);
        }
        let every = numeric::count_u64(numeric::index(timing.intervals(CHOICE_S), 1 << 16));
        if self.seen % every == 1 % every {
            self.choose(timing, accepted);
        }
        let followed = self.candidates.get(self.followed);
        followed.map_or((min, min), |c| c.wanted)
    }

    /// The reactive floor of this interval.
    fn floor(&mut self, seen: &Seen, timing: Timing, due: u64) -> u32 {
        if self.last_minute.len() >= self.minute {
            self.last_minute.pop_front();
        }
        self.last_minute.push_back(seen.demand);
        let mean =
            self.last_minute.iter().sum::<f64>() / numeric::count_f64(self.last_minute.len());
        self.floor_plant.begin(seen.tick);
        let ready = self.floor_plant.ready();
        let ticks = u32::try_from(seen.tick).unwrap_or(u32::MAX);
        let averages = Averages {
            stable: mean,
            panic: seen.demand,
        };
        let (wanted, _) = self.floor.scale(timing.interval * ticks, ready, averages);
        let (min, max) = seen.bounds;
        self.floor_plant.order(wanted.clamp(min, max), due);
        wanted
    }

    /// Picks the cheapest candidate whose record has kept the accepted share.
    fn choose(&mut self, timing: Timing, accepted: f64) {
        let slow = ((timing.delay_s() - QUICK_S) / (SLOW_S - QUICK_S)).clamp(0.0, 1.0);
        let accepted = accepted * (AIM + (SLOW_AIM - AIM) * slow);
        let prior = timing.intervals(DAY_S) * self.mean.max(0.5);
        let total = self.demand + prior;
        let settled = numeric::count_u64(numeric::index(
            timing.intervals(SETTLED_DAYS * DAY_S),
            usize::MAX,
        ));
        let unknown = if self.seen > settled {
            SETTLED_PRIOR_SHARE
        } else {
            PRIOR_SHARE
        };
        for candidate in &mut self.candidates {
            let expected = (unknown / candidate.price).min(0.5);
            candidate.share = (candidate.bad + prior * expected) / total;
        }
        let best = self.candidates.iter().map(|c| c.share);
        let floor = UNBUYABLE * best.fold(f64::INFINITY, f64::min);
        // What was not spent may be spent; what was overspent is not paid back.
        let real = (self.bad + accepted * prior) / total;
        let budget = accepted * (2.0 - real / accepted).clamp(1.0, 2.0);
        let feasible = |c: &Candidate| c.share - floor <= budget;

        let all = self.candidates.iter().enumerate();
        let cheapest = all
            .clone()
            .filter(|(_, c)| feasible(c))
            .min_by(|a, b| a.1.cost.total_cmp(&b.1.cost));
        // Where none has kept it, more is paid only as long as it still buys something.
        let worth = WORTH / accepted;
        let loss = |c: &Candidate| c.cost + worth * total * c.share;
        let fallback = || all.min_by(|a, b| loss(a.1).total_cmp(&loss(b.1)));
        let Some((index, picked)) = cheapest.or_else(fallback) else {
            return;
        };
        let stays = self.seen > 1
            && self.candidates.get(self.followed).is_some_and(|present| {
                feasible(present) && present.cost * (1.0 - HYSTERESIS) <= picked.cost
            });
        if !stays {
            self.followed = index;
        }
    }

    /// Writes every candidate; gives the followed one's index.
    pub(super) fn describe(&self, rungs: &mut Vec<RungStage>) -> usize {
        rungs.extend(self.candidates.iter().map(|c| RungStage {
            price: c.price,
            brisk: c.brisk,
            replicas: c.wanted.1,
            bad_share: c.share,
            cost: c.cost,
        }));
        self.followed
    }

    /// Whether it was made for these layers.
    #[cfg(feature = "serde")]
    pub(super) fn is_sound(&self, layers: &Layers) -> bool {
        self.candidates.len() == usize::from(PRICES) * 2
            && (1..=1 << 16).contains(&self.minute)
            && self.followed < self.candidates.len()
            && self
                .candidates
                .iter()
                .all(|c| c.held.is_sound(layers.len()))
    }
}
