//! What each forecast's choices would have cost, day by day, and which forecast is followed for it.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// What bad demand costs, in replicas: the policy looks for its own price within this range.
const PRICES: [f64; 4] = [6.0, 25.0, 100.0, 400.0];
/// Days until half of a record is forgotten.
const RECORD_DAYS: f64 = 7.0;
/// Days before a record says anything.
const LEAST_DAYS: f64 = 8.0;
/// A record must be better by so much of what the usual forecast loses …
const MARGIN: f64 = 0.005;
/// … after so many standard errors are taken from it, and is left once fewer than these are.
const SURE: f64 = 1.5;
const UNSURE: f64 = 0.5;

/// Counts that a forecast would have chosen, at each price.
pub(super) type Choices = [f64; PRICES.len()];

/// The count of least cost at each price: of the first `useful` counts, what lies beyond each given.
pub(super) fn choices(counts: &[f64], beyond: &[f64], useful: usize) -> Choices {
    let mut best = [(f64::INFINITY, 1.0); PRICES.len()];
    for (count, beyond) in counts.iter().zip(beyond).take(useful) {
        for ((least, choice), price) in best.iter_mut().zip(PRICES) {
            let loss = count + price * beyond;
            if loss < *least {
                (*least, *choice) = (loss, *count);
            }
        }
    }
    best.map(|(_, choice)| choice)
}

/// Decayed sums over days of a forecast's losses less those of the usual one, in shares of these.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Difference {
    /// At each price.
    sums: Choices,
    /// Of the mean over the prices.
    squares: f64,
}

/// The record of some forecasts, the usual one first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    /// Intervals a day.
    day: u64,
    /// Choices that wait for their outcome; empty ones where none were made.
    pending: VecDeque<Vec<Choices>>,
    /// Losses of the day that is under way.
    today: Vec<Choices>,
    intervals: u64,
    /// Decayed mean loss a day of the usual forecast, at each price.
    usual: Choices,
    /// Days, decayed; and the sum of their squared weights.
    days: f64,
    squared_days: f64,
    complete: f64,
    differences: Vec<Difference>,
    followed: usize,
}

impl Record {
    pub(super) fn new(forecasts: usize, day: u64) -> Self {
        Self {
            day: day.max(1),
            pending: VecDeque::new(),
            today: vec![[0.0; PRICES.len()]; forecasts],
            intervals: 0,
            usual: [0.0; PRICES.len()],
            days: 0.0,
            squared_days: 0.0,
            complete: 0.0,
            differences: vec![Difference::default(); forecasts],
            followed: 0,
        }
    }

    /// Which forecast is followed; 0 is the usual one.
    pub(super) const fn followed(&self) -> usize {
        self.followed
    }

    /// Notes what each forecast would choose for the interval that lies a horizon ahead.
    pub(super) fn expect(&mut self, choices: Vec<Choices>) {
        self.pending.push_back(choices);
    }

    /// Intervals without a sample: what was chosen for them has no outcome.
    pub(super) fn skip(&mut self, intervals: u64, horizon: usize) {
        for _ in 0..intervals.min(horizon as u64 + 1) {
            if self.pending.len() >= horizon {
                self.pending.pop_front();
            }
            self.pending.push_back(Vec::new());
        }
    }

    /// The demand that came: what was chosen for it a horizon ago is charged.
    pub(super) fn settle(&mut self, demand: f64, horizon: usize) {
        if self.pending.len() < horizon {
            return;
        }
        let Some(old) = self.pending.pop_front().filter(|old| !old.is_empty()) else {
            return;
        };
        let needed = demand.ceil().max(1.0);
        for (losses, choices) in self.today.iter_mut().zip(old) {
            for ((loss, choice), price) in losses.iter_mut().zip(choices).zip(PRICES) {
                *loss += choice + if choice < needed { price * demand } else { 0.0 };
            }
        }
        self.intervals += 1;
        if self.intervals >= self.day {
            self.close_day();
            self.choose();
        }
    }

    fn close_day(&mut self) {
        let keep = 0.5_f64.powf(1.0 / RECORD_DAYS);
        let before = self.days * keep;
        self.days = before + 1.0;
        self.squared_days = self.squared_days * keep * keep + 1.0;
        self.complete += 1.0;
        let usual = self.today.first().copied().unwrap_or_default();
        for (mean, loss) in self.usual.iter_mut().zip(usual) {
            *mean = (*mean * before + loss) / self.days;
        }
        for (difference, losses) in self.differences.iter_mut().zip(&mut self.today) {
            let mut mean = 0.0;
            let each = difference.sums.iter_mut().zip(losses.iter());
            for ((sum, loss), (usual, scale)) in each.zip(usual.iter().zip(self.usual)) {
                let share = (loss - usual) / scale;
                *sum = *sum * keep + share;
                mean += share / PRICES.len() as f64;
            }
            difference.squares = difference.squares * keep + mean * mean;
            *losses = Choices::default();
        }
        self.intervals = 0;
    }

    /// A forecast's mean difference a day, the standard error of that, and the worst at any price.
    fn difference(&self, forecast: usize) -> Option<(f64, f64, f64)> {
        let Difference { sums, squares } = self.differences.get(forecast)?;
        let mean = sums.iter().sum::<f64>() / (PRICES.len() as f64 * self.days);
        let count = self.days * self.days / self.squared_days;
        let variance = (squares / self.days - mean * mean).max(0.0) * count / (count - 1.0);
        let worst = sums.iter().copied().fold(f64::NEG_INFINITY, f64::max) / self.days;
        Some((mean, (variance / count).sqrt(), worst))
    }

    fn choose(&mut self) {
        if self.complete < LEAST_DAYS {
            return;
        }
        // What is followed stays while it is still better, if less surely so.
        let better = |forecast: usize| {
            let (mean, error, worst) = self.difference(forecast)?;
            let is_better = match forecast == self.followed {
                true => mean + UNSURE * error < 0.0,
                false => mean + SURE * error < -MARGIN && worst < 0.0,
            };
            is_better.then_some((forecast, mean))
        };
        let better = (1..self.differences.len()).filter_map(better);
        let best = better.min_by(|a, b| a.1.total_cmp(&b.1));
        self.followed = best.map_or(0, |(forecast, _)| forecast);
    }

    /// What is asked for lies elsewhere, or means something else: the record starts anew.
    pub(super) fn restart(&mut self) {
        *self = Self::new(self.differences.len(), self.day);
    }

    /// Whether what was read back can be gone on with, for so many forecasts.
    pub(super) fn is_sound(&self, forecasts: usize) -> bool {
        let finite = |all: &[f64]| all.iter().all(|value| value.is_finite());
        self.day > 0
            && self.today.len() == forecasts
            && self.differences.len() == forecasts
            && self.followed < forecasts
            && finite(&[self.days, self.squared_days, self.complete])
            && finite(&self.usual)
            && self.today.iter().all(|losses| finite(losses))
            && self
                .differences
                .iter()
                .all(|d| finite(&d.sums) && d.squares.is_finite())
    }
}
