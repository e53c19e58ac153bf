//! What the pool works on: a filled history, its seasons, and the origins to forecast from.

use crate::numeric::{count_f64, trunc_count};

/// Forecasts may lie this far outside the history's range, as a share of it.
const BEYOND_RANGE: f64 = 0.5;
/// Origins of a backtest: many for a short horizon, fewer for a long one, where they overlap.
const ORIGINS: usize = 24;
const ORIGINS_LONG: usize = 12;
const LONG_HORIZON: usize = 48;
/// The first origin comes no sooner than this share of the history …
const FIRST_SHARE: f64 = 0.34;
/// … and the origins reach back this many short seasons (steps where there is no season).
const SPAN_SEASONS: usize = 14;
const SPAN_STEPS: usize = 40;
/// The last origins have fewer than `horizon` steps to be judged on: this share of a short horizon …
const TRUNCATED: f64 = 0.25;
/// … and this many steps of a long one.
const TRUNCATED_STEPS: usize = 24;
/// A horizon this short is judged on whole windows only.
const WHOLE_WINDOWS: usize = 12;

/// Cycles that a history without a season is taken in where levels are looked at, and the fewest steps
/// of one.
const PSEUDO_CYCLES: usize = 40;
const SHORTEST_PSEUDO_CYCLE: usize = 4;

/// A history, and how to look at it.
#[derive(Debug)]
pub(crate) struct Task<'a> {
    /// Values in time order without gaps; every one is finite.
    pub(crate) values: &'a [f64],
    /// Which of them were seen; the others were filled in.
    pub(crate) observed: &'a [bool],
    /// Steps to forecast, at least 1.
    pub(crate) horizon: usize,
    /// Steps of the short season; 1 where there is none.
    pub(crate) season: usize,
    /// Steps of the long season; 0 where there is none.
    pub(crate) long: usize,
    pub(crate) least: f64,
    pub(crate) most: f64,
    /// Where members' forecasts are kept.
    pub(crate) floor: f64,
    pub(crate) ceiling: f64,
    /// Lengths of the histories to forecast from, ascending; the last one is the whole history.
    pub(crate) origins: Vec<usize>,
}

impl<'a> Task<'a> {
    /// `seasons`: ascending, each at least 2 and at most half the history; two at most are used.
    pub(crate) fn new(
        values: &'a [f64],
        observed: &'a [bool],
        seasons: &[usize],
        horizon: usize,
    ) -> Self {
        let count = values.len();
        let season = seasons.first().copied().unwrap_or(1);
        let long = seasons.get(1).copied().unwrap_or(0);
        let long = if count >= 2 * long + 8 { long } else { 0 };
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let beyond = BEYOND_RANGE * (most - least);
        let floor = if least >= 0.0 {
            (least - beyond).max(0.0)
        } else {
            least - beyond
        };
        let mut task = Self {
            values,
            observed,
            horizon,
            season,
            long,
            least,
            most,
            floor,
            ceiling: most + beyond,
            origins: Vec::new(),
        };
        task.place_origins();
        task
    }

    fn place_origins(&mut self) {
        let (count, horizon, season) = (self.values.len(), self.horizon, self.season);
        let shortest = if self.long > 0 {
            self.long + season
        } else {
            2 * season + 8
        };
        let shortest = shortest
            .max(trunc_count(FIRST_SHARE * count_f64(count)))
            .min(count.saturating_sub(1))
            .max(1);
        let judged = if horizon <= WHOLE_WINDOWS {
            horizon
        } else if horizon <= TRUNCATED_STEPS {
            trunc_count(count_f64(horizon) * TRUNCATED).max(1)
        } else {
            TRUNCATED_STEPS
        };
        let last = count.saturating_sub(judged).max(shortest);
        let span = if season == 1 {
            SPAN_STEPS
        } else {
            SPAN_SEASONS * season
        };
        let first = last
            .saturating_sub(span.max(3 * horizon))
            .clamp(shortest, last);
        let most = if horizon > LONG_HORIZON {
            ORIGINS_LONG
        } else {
            ORIGINS
        };
        let wanted = most.min(last - first + 1).max(1);
        let spread = |index: usize| match wanted {
            1 => last,
            _ => first + (index * (last - first) + (wanted - 1) / 2) / (wanted - 1),
        };
        self.origins = (0..wanted).map(spread).collect();
        self.origins.dedup();
        self.origins.push(count);
    }

    /// The origins that can be judged: all but the last.
    pub(crate) fn judged(&self) -> &[usize] {
        self.origins.split_last().map_or(&[], |(_, rest)| rest)
    }

    /// Steps of a cycle where there is no season.
    pub(crate) fn pseudo_cycle(&self) -> usize {
        (self.values.len() / PSEUDO_CYCLES).max(SHORTEST_PSEUDO_CYCLE)
    }

    /// Independent windows in the backtest, at least 1.
    pub(crate) fn effective_windows(&self) -> f64 {
        let first = self.origins.first().copied().unwrap_or(0);
        let span = self.values.len().saturating_sub(first);
        (count_f64(span) / count_f64(self.horizon)).max(1.0)
    }

    /// A member's value, brought into the range that is believed.
    pub(crate) fn tame(&self, value: f64) -> f64 {
        let value = if value > self.floor {
            value
        } else {
            self.floor
        };
        if value < self.ceiling {
            value
        } else {
            self.ceiling
        }
    }
}
