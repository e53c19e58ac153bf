//! The pool's seasons in a `predictive` policy: `capacity-forecast` plans the load, and what the plans
//! say about the time of the day and of the week goes before `autoscale-core`'s own forecast.
//!
//! A plan's points, put end to end, are the course that the seasons give the load. The load over that
//! course is a load without seasons; `AdaptiveForecast` forecasts it, with errors as it has learnt them
//! there, and the course at the time in question is put back on. Two grains of plan (hours, and five
//! minutes), each believed by half (the course's square root) or wholly, make four such forecasts. They
//! run in shadow beside the usual one from the first week on. Each one's choices are charged day by day
//! as the policy is, at four prices; one that lost less, surely, is followed, and until then every
//! figure is the usual forecast's, bit for bit.

mod outlook;
mod record;
#[cfg(test)]
mod tests;

use std::time::Duration;

use autoscale_core::{AdaptiveForecast, DemandForecast, PredictiveConfig};
use serde::{Deserialize, Serialize};

use outlook::{Grain, Outlook};
use record::{Choices, Record};

/// The plans: one a day of the last four weeks' hours, two a day of their five minutes.
const GRAINS: [Grain; 2] = [
    Grain {
        step_s: 3600,
        every: 24,
        ahead: 50,
        keep: 672,
    },
    Grain {
        step_s: 300,
        every: 144,
        ahead: 312,
        keep: 8064,
    },
];
/// How far a course is believed: the power that it is raised to.
const TRUST: [f64; 2] = [0.5, 1.0];

/// A forecast of the load without what a course gives it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Shadow {
    /// Which course, and how far it is believed.
    course: usize,
    trust: f64,
    forecast: AdaptiveForecast,
    #[serde(skip)]
    beyond: Vec<f64>,
    useful: usize,
    expected: f64,
}

/// The usual forecast, and those with seasons that stand in for it where their record is better.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SeasonalForecast {
    interval: Duration,
    horizon: usize,
    usual: AdaptiveForecast,
    outlooks: [Outlook; GRAINS.len()],
    /// None before there is a plan.
    shadows: Vec<Shadow>,
    record: Record,
    expected: f64,
    /// Counts over a course.
    #[serde(skip)]
    counts: Vec<f64>,
}

impl SeasonalForecast {
    /// What a policy of this configuration asks.
    pub(crate) fn of(config: &PredictiveConfig) -> Self {
        Self::new(config.interval, config.horizon())
    }

    /// For forecasts `horizon` intervals ahead.
    fn new(interval: Duration, horizon: usize) -> Self {
        let day = 86_400.0 / interval.as_secs_f64().max(1e-3);
        Self {
            interval,
            horizon: horizon.max(1),
            usual: AdaptiveForecast::new(interval, horizon),
            outlooks: [Outlook::new(), Outlook::new()],
            shadows: Vec::new(),
            record: Record::new(1 + GRAINS.len() * TRUST.len(), day.round() as u64),
            expected: 0.0,
            counts: Vec::new(),
        }
    }

    /// The middle of the interval that ends at a time, in Unix seconds.
    fn middle(&self, end: Duration) -> f64 {
        end.as_secs_f64() - self.interval.as_secs_f64() / 2.0
    }

    /// What each course is at a time.
    fn factors(&self, at_s: f64) -> [f64; GRAINS.len()] {
        std::array::from_fn(|i| self.outlooks[i].factor(GRAINS[i], at_s))
    }
}

impl DemandForecast for SeasonalForecast {
    fn observe(&mut self, at: Duration, demand: f64) {
        let at_s = self.middle(at);
        self.usual.observe(at, demand);
        self.record.settle(demand, self.horizon);
        let factors = self.factors(at_s);
        for shadow in &mut self.shadows {
            let factor = factors[shadow.course].powf(shadow.trust);
            shadow.forecast.observe(at, demand / factor);
        }
        let mut learnt = false;
        for (outlook, grain) in self.outlooks.iter_mut().zip(GRAINS) {
            let before = outlook.longest_season();
            outlook.observe(grain, at_s, demand);
            learnt |= outlook.longest_season() > before;
        }
        if learnt {
            // Plans that know of weeks are others than those that did not.
            self.record.restart();
        }
        if self.shadows.is_empty() && self.outlooks.iter().all(Outlook::is_known) {
            // Where a course begins it is 1: what was learnt before holds for what is over it.
            let each = (0..GRAINS.len()).flat_map(|course| TRUST.map(|trust| (course, trust)));
            self.shadows = each
                .map(|(course, trust)| Shadow {
                    course,
                    trust,
                    forecast: self.usual.clone(),
                    beyond: Vec::new(),
                    useful: 0,
                    expected: 0.0,
                })
                .collect();
        }
    }

    fn skip(&mut self, intervals: u64) {
        self.usual.skip(intervals);
        for shadow in &mut self.shadows {
            shadow.forecast.skip(intervals);
        }
        if !self.shadows.is_empty() {
            self.record.skip(intervals, self.horizon);
        }
    }

    fn partial_expectations(&mut self, at: Duration, counts: &[f64], out: &mut [f64]) -> usize {
        let useful = self.usual.partial_expectations(at, counts, out);
        self.expected = self.usual.expected();
        if self.shadows.is_empty() {
            return useful;
        }
        let factors = self.factors(self.middle(at));
        let mut chosen: Vec<Choices> = Vec::with_capacity(1 + self.shadows.len());
        chosen.push(record::choices(counts, out, useful));
        for shadow in &mut self.shadows {
            let factor = factors[shadow.course].powf(shadow.trust);
            self.counts.clear();
            self.counts
                .extend(counts.iter().map(|count| count / factor));
            shadow.beyond.resize(counts.len(), 0.0);
            let beyond = &mut shadow.beyond;
            shadow.useful = shadow
                .forecast
                .partial_expectations(at, &self.counts, beyond);
            for beyond in beyond.iter_mut() {
                *beyond *= factor;
            }
            shadow.expected = shadow.forecast.expected() * factor;
            chosen.push(record::choices(counts, beyond, shadow.useful));
        }
        self.record.expect(chosen);
        let followed = self.record.followed().checked_sub(1);
        match followed.and_then(|index| self.shadows.get(index)) {
            None => useful,
            Some(shadow) => {
                self.expected = shadow.expected;
                for (out, beyond) in out.iter_mut().zip(&shadow.beyond) {
                    *out = *beyond;
                }
                shadow.useful
            }
        }
    }

    fn expected(&self) -> f64 {
        self.expected
    }

    fn set_horizon(&mut self, horizon: usize) {
        if self.horizon != horizon.max(1) {
            self.horizon = horizon.max(1);
            self.record.restart();
        }
        self.usual.set_horizon(horizon);
        for shadow in &mut self.shadows {
            shadow.forecast.set_horizon(horizon);
        }
    }

    fn restart(&mut self, interval: Duration, horizon: usize) {
        *self = Self::new(interval, horizon);
    }

    fn is_sound(&self) -> bool {
        let shadows = GRAINS.len() * TRUST.len();
        self.usual.is_sound()
            && self.horizon > 0
            && !self.interval.is_zero()
            && self.outlooks.iter().all(Outlook::is_sound)
            && self.record.is_sound(1 + shadows)
            && (self.shadows.is_empty() || self.shadows.len() == shadows)
            && self.shadows.iter().all(|shadow| {
                shadow.course < GRAINS.len()
                    && shadow.trust > 0.0
                    && shadow.trust <= 1.0
                    && shadow.forecast.is_sound()
            })
    }
}
