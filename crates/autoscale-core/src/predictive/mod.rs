//! Scaling to an accepted share of bad demand: the price ladder.

mod config;
mod forecast;
mod ladder;
mod layers;
mod plant;

use core::time::Duration;
use std::collections::VecDeque;

pub use config::PredictiveConfig;
pub use forecast::{AdaptiveForecast, DemandForecast};
use ladder::{Ladder, Seen, Timing};
use layers::Layers;

use crate::policy::direction;
use crate::{ConfigError, Decision, LadderStage, Observation, Policy, Reason, StageKind};

/// A demand beyond this many times the upper bound is taken for a lie and cut.
const BELIEVABLE: f64 = 2.0;

/// Scaling to an accepted share of bad demand.
#[derive(Clone, Debug)]
pub struct Predictive<F = AdaptiveForecast> {
    config: PredictiveConfig,
    forecast: F,
    layers: Layers,
    ladder: Option<Ladder>,
    /// When the first interval ended.
    anchor: Option<Duration>,
    tick: u64,
    now: Duration,
    /// Really ready replicas of the last intervals, oldest first.
    ready: VecDeque<u32>,
    wanted: u32,
}

impl Predictive {
    /// With the forecast of this crate.
    ///
    /// # Errors
    /// [`ConfigError`] names the field, the value and the bound.
    pub fn new(config: PredictiveConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let horizon = config.lag() + config.delay();
        let forecast = AdaptiveForecast::new(config.interval, horizon);
        Self::with_forecast(config, forecast)
    }
}

impl<F: DemandForecast> Predictive<F> {
    /// With another forecast.
    ///
    /// # Errors
    /// [`ConfigError`] names the field, the value and the bound.
    pub fn with_forecast(config: PredictiveConfig, forecast: F) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self {
            layers: Layers::new(config.max_replicas),
            ready: VecDeque::with_capacity(config.lag() + 2),
            ladder: None,
            anchor: None,
            tick: 0,
            now: Duration::ZERO,
            wanted: 0,
            forecast,
            config,
        })
    }

    /// The configuration.
    #[must_use]
    pub const fn config(&self) -> &PredictiveConfig {
        &self.config
    }

    const fn timing(&self, delay: usize, lag: usize) -> Timing {
        Timing {
            interval: self.config.interval,
            delay,
            lag,
        }
    }

    /// One interval with a sample.
    fn advance(&mut self, demand: f64, seen: &Observation) -> Result<(), ConfigError> {
        let timing = self.timing(self.config.delay(), self.config.lag());
        let at = |intervals: usize| {
            let after = u32::try_from(intervals).unwrap_or(u32::MAX);
            let end = self.config.unix_origin.saturating_add(self.now);
            end.saturating_add(self.config.interval.saturating_mul(after))
        };
        // The sample's interval ended `lag` ago; what is ordered now serves `delay` intervals on.
        let sampled = at(0).saturating_sub(
            self.config
                .interval
                .saturating_mul(u32::try_from(timing.lag).unwrap_or(0)),
        );
        let served = at(timing.delay);
        let (min, max) = (self.config.min_replicas, self.config.max_replicas);
        let ladder = match &mut self.ladder {
            Some(ladder) => ladder,
            empty => {
                let current = seen.spec_replicas.clamp(min, max);
                empty.insert(Ladder::new(timing, &self.layers, current)?)
            }
        };
        self.forecast.observe(sampled, demand);
        let (counts, beyond) = self.layers.to_fill();
        let useful = self.forecast.partial_expectations(served, counts, beyond);
        self.layers.price(useful);
        let ready = self.ready.front().copied().unwrap_or(0);
        let seen = Seen {
            tick: self.tick,
            demand,
            ready,
            bounds: (min, max),
        };
        self.wanted = ladder.step(&seen, timing, &self.layers, self.config.accepted_bad_share);
        Ok(())
    }
}

impl<F: DemandForecast> Policy for Predictive<F> {
    fn decide_into(&mut self, now: Duration, seen: &Observation, out: &mut Decision) {
        out.reset(seen.spec_replicas);
        let now = now.max(self.now);
        self.now = now;
        let anchor = *self.anchor.get_or_insert(now);
        let interval = self.config.interval.as_nanos().max(1);
        let since = now.saturating_sub(anchor).as_nanos();
        let tick = u64::try_from((since + interval / 2) / interval).unwrap_or(u64::MAX);
        let elapsed = if self.ladder.is_none() && self.tick == 0 {
            1
        } else {
            tick - self.tick
        };
        self.tick = tick;
        let reading = self.config.gauge.read(seen);
        if elapsed > 1 {
            self.forecast.skip(elapsed - 1);
        }
        if elapsed > 0 {
            let lag = self.config.lag();
            while self.ready.len() > lag {
                self.ready.pop_front();
            }
            let ready = if seen.pods.is_empty() {
                seen.status_replicas
            } else {
                seen.ready_replicas()
            };
            self.ready.push_back(ready);
        }
        let complete;
        match reading {
            Ok(reading) => {
                complete = reading.complete;
                if elapsed > 0 {
                    let most = BELIEVABLE * f64::from(self.config.max_replicas);
                    let demand = (reading.value / self.config.target_value).min(most);
                    let _ = self.advance(demand, seen);
                }
            }
            Err(_) => {
                if elapsed > 0 {
                    self.forecast.skip(1);
                    if let Some(ladder) = &mut self.ladder {
                        ladder.hold(tick);
                    }
                }
                out.blind = true;
                out.reason = Reason::NoData;
                return;
            }
        }
        out.push(StageKind::Recommended, self.wanted);
        out.reason = direction(seen.spec_replicas, self.wanted);
        if self.wanted < seen.spec_replicas && (!complete || seen.is_shortened()) {
            out.push(StageKind::Guarded, seen.spec_replicas);
            out.reason = Reason::SamplesLost;
        }
        if let Some(ladder) = &self.ladder {
            let LadderStage {
                rungs,
                followed,
                expected_demand,
            } = &mut out.ladder;
            *followed = ladder.describe(rungs);
            *expected_demand = self.forecast.expected();
        }
    }

    fn next_wakeup(&self) -> Option<Duration> {
        self.anchor
            .map(|_| self.now.saturating_add(self.config.interval))
    }
}
