//! Weighted factors: CPU, memory, response time, queue and errors blended into one count.
//!
//! Each factor's value becomes a score ([`FactorKind`]), the multiple of the current count that it
//! asks for. Over the factors that are there, mean = Σ weight × score ÷ Σ weight, times the trend of
//! the load ([`LoadTrend`]). Then, with [`Scoring::Demand`]:
//!
//! * wanted = ⌈current × mean⌉;
//! * a factor at `saturation` times its target or more gets ⌈ready × score⌉ whatever the others say
//!   (`ready`: the ready replicas, where they are listed; those that still start are capacity already
//!   asked for);
//! * fewer replicas never leave a factor below ⌈current × value ÷ target⌉; errors above their target
//!   keep all, and below it say nothing; the last replica stays.
//!
//! The confidence is min(1, 2 × |m − 1|) for a change and 1 − |m − 1| for none, m the larger of the
//! mean and the saturated scores, times the share of the weights that is there. Within `dampening` of
//! a change that was carried out it is halved, and a change that then has less than `min_confidence`
//! is not made — but what a saturated factor needs is, once replicas are listed as ready.
//!
//! A factor that is missing takes its weight with it, lowers the confidence, and forbids fewer
//! replicas, as do incomplete samples and a load whose trend cannot be read.
//!
//! Source: the application autoscaler of a scaling guide, whose formula [`Scoring::Plain`] is. It
//! dampens every change for five minutes; that saturation is exempt is ours. Cost: O(factors × pods)
//! a decision, under 1 KiB of state. Edge cases: 0 replicas stay 0; a steady mean that rounding puts
//! a hair above 1 adds nothing; a mean of scores never removes replicas while any factor is above
//! its target.

mod config;
mod factor;
mod stats;

use core::time::Duration;

pub use config::{LoadTrend, Scoring, WeightedConfig};
pub use factor::{Factor, FactorKind, FactorStage};
pub use stats::{DecisionHour, RecentDecision, ScalingDirection, ScalingTrend, WeightedStats};

use crate::policy::direction;
use crate::snapshot::snapshot;
use crate::{
    ConfigError, Decision, Observation, PendingRescale, Policy, Reason, StageKind, numeric,
};

/// Samples that the trend of the load is drawn through.
const SAMPLES: usize = 10;
/// How many of the times between samples it looks ahead.
const PERIODS_AHEAD: u32 = 5;
const HOUR: Duration = Duration::from_secs(3600);
/// What sums of weights may be off by.
const HAIR: f64 = 1e-9;

/// Scales by a weighted mean of factors, in which none that is saturated is outvoted.
///
/// Bounds are not part of it: see [`Bounded`](crate::Bounded); the guide has 2 … 50.
///
/// ```
/// use autoscale_core::{
///     MetricReading, Milli, Observation, PodGroup, Policy, Sample, Scoring, WeightedConfig,
///     WeightedFactors,
/// };
/// # use std::time::Duration;
/// let pods = PodGroup::running(10)
///     .with_request("app", "cpu", Milli(1000))
///     .with_request("app", "memory", Milli(1000));
/// let sample = |milli| MetricReading::Pods(vec![Sample::of_group(0, 10, Milli(milli))]);
/// let value = |milli| MetricReading::value(Milli(milli));
/// // All of the CPU, half of the memory, 200 ms, an empty queue, no errors.
/// let readings = [sample(1000), sample(500), value(200), value(0), value(0)];
/// let seen = Observation::new(10).with_pods([pods]).with_readings(readings);
///
/// let mut policy = WeightedFactors::new(WeightedConfig::default())?;
/// assert_eq!(policy.decide(Duration::ZERO, &seen).replicas, 15);
/// let plain = WeightedConfig::default().with_scoring(Scoring::Plain);
/// assert_eq!(WeightedFactors::new(plain)?.decide(Duration::ZERO, &seen).replicas, 10);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(try_from = "WeightedSnapshot", into = "WeightedSnapshot")
)]
pub struct WeightedFactors {
    config: WeightedConfig,
    state: WeightedState,
}

/// What weighted factors remember between decisions.
///
/// ```
/// use autoscale_core::{Observation, Policy, WeightedConfig, WeightedFactors};
/// let mut policy = WeightedFactors::new(WeightedConfig::default())?;
/// policy.decide(std::time::Duration::from_secs(15), &Observation::new(2));
/// assert_eq!(policy.state().changed_at, None);
/// assert_eq!(policy.state().recent.len(), 1);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct WeightedState {
    /// The latest `now`.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub now: Duration,
    /// When a change was last carried out.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration::option"))]
    pub changed_at: Option<Duration>,
    /// A change that the next observation will confirm.
    pub pending: Option<PendingRescale>,
    /// Samples of the load, oldest first; at most ten, none older than an hour.
    pub samples: Vec<LoadSample>,
    /// The hours of the last day that had decisions, oldest first.
    pub hours: Vec<DecisionHour>,
    /// The latest five decisions, oldest first.
    pub recent: Vec<RecentDecision>,
}

/// A sample of the load.
///
/// ```
/// use autoscale_core::{
///     Gauge, LoadSample, LoadTrend, MetricReading, Milli, Observation, Policy, Statistic,
///     WeightedConfig, WeightedFactors,
/// };
/// # use std::time::Duration;
/// let rate = LoadTrend::new(Gauge::new(Statistic::Total));
/// let config = WeightedConfig::default().with_trend(Some(rate));
/// let mut policy = WeightedFactors::new(config)?;
/// let seen = Observation::new(2).with_readings([MetricReading::value(Milli(7_500))]);
/// policy.decide(Duration::ZERO, &seen);
/// assert_eq!(policy.state().samples, [LoadSample { at: Duration::ZERO, value: 7.5 }]);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct LoadSample {
    /// When.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub at: Duration,
    /// The load, in the gauge's unit.
    pub value: f64,
}

/// Weighted factors' configuration and state, as they are written to disk.
///
/// ```
/// use autoscale_core::{WeightedConfig, WeightedFactors, WeightedSnapshot};
/// let policy = WeightedFactors::new(WeightedConfig::default())?;
/// let restored = WeightedFactors::try_from(WeightedSnapshot::from(policy.clone()))?;
/// assert_eq!(restored.state(), policy.state());
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct WeightedSnapshot {
    /// The configuration.
    pub config: WeightedConfig,
    /// The state.
    #[cfg_attr(feature = "serde", serde(default))]
    pub state: WeightedState,
}

snapshot!(WeightedFactors, WeightedSnapshot, |policy| {
    policy.state = core::mem::take(&mut policy.state).settle();
});

impl WeightedFactors {
    /// Checks a configuration and makes the policy.
    ///
    /// # Errors
    /// [`ConfigError`] names the field, the value and the bound.
    ///
    /// ```
    /// use autoscale_core::{WeightedConfig, WeightedFactors};
    /// let config = WeightedConfig::default().with_saturation(0.5);
    /// let error = WeightedFactors::new(config).err().map(|e| e.to_string());
    /// assert_eq!(error.as_deref(), Some("saturation is 0.5, must be a finite number ≥ 1"));
    /// ```
    pub fn new(config: WeightedConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let state = WeightedState::default().settle();
        Ok(Self { config, state })
    }

    /// Takes another configuration without forgetting anything.
    ///
    /// # Errors
    /// [`ConfigError`]; the old configuration stays.
    ///
    /// ```
    /// use autoscale_core::{Scoring, WeightedConfig, WeightedFactors};
    /// let mut policy = WeightedFactors::new(WeightedConfig::default())?;
    /// policy.reconfigure(WeightedConfig::default().with_scoring(Scoring::Plain))?;
    /// assert!(policy.reconfigure(WeightedConfig::new([])).is_err());
    /// assert_eq!(policy.config().scoring, Scoring::Plain);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    pub fn reconfigure(&mut self, config: WeightedConfig) -> Result<(), ConfigError> {
        config.validate()?;
        self.config = config;
        Ok(())
    }

    /// The configuration.
    ///
    /// ```
    /// use autoscale_core::{WeightedConfig, WeightedFactors};
    /// let policy = WeightedFactors::new(WeightedConfig::default())?;
    /// assert_eq!(policy.config().factors.len(), 5);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn config(&self) -> &WeightedConfig {
        &self.config
    }

    /// What is remembered.
    ///
    /// ```
    /// use autoscale_core::{WeightedConfig, WeightedFactors};
    /// let policy = WeightedFactors::new(WeightedConfig::default())?;
    /// assert!(policy.state().samples.is_empty());
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn state(&self) -> &WeightedState {
        &self.state
    }

    /// What the last 24 hours' decisions were.
    ///
    /// ```
    /// use autoscale_core::{WeightedConfig, WeightedFactors};
    /// let policy = WeightedFactors::new(WeightedConfig::default())?;
    /// assert_eq!(policy.stats(std::time::Duration::ZERO).decisions, 0);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub fn stats(&self, now: Duration) -> WeightedStats {
        self.state.stats(now)
    }

    /// Reads and scores every factor.
    fn examine(&self, seen: &Observation, out: &mut Decision) -> Blend {
        let plain = self.config.scoring == Scoring::Plain;
        let (mut sum, mut known, mut all) = (0.0, 0.0, 0.0);
        let mut blend = Blend {
            lost: seen.is_shortened(),
            ..Blend::default()
        };
        for factor in &self.config.factors {
            let (kind, target, weight) = (factor.kind, factor.target, factor.weight);
            let read = factor.gauge.read(seen).ok();
            let value = read.map(|r| r.value);
            let score = value.map_or(1.0, |v| kind.score(v, target, self.config.low_ratio));
            all += weight;
            if let Some(read) = read {
                blend.lost |= !read.complete;
                blend.need = blend.need.max(kind.need(read.value, target));
                if read.value / target >= self.config.saturation {
                    blend.saturated = blend.saturated.max(score);
                }
                known += weight;
                sum += weight * score;
            } else {
                blend.failed += 1;
                sum += if plain { weight } else { 0.0 };
            }
            out.factors.push(FactorStage {
                kind,
                value,
                score,
                weight: if plain || read.is_some() { weight } else { 0.0 },
            });
        }
        let counted = if plain { all } else { known };
        for stage in &mut out.factors {
            stage.weight = if counted > 0.0 {
                stage.weight / counted
            } else {
                0.0
            };
        }
        blend.known = known / all;
        blend.mean = if counted > 0.0 { sum / counted } else { 1.0 };
        blend
    }

    /// Takes a sample of the load where one is due, and follows its line.
    fn follow_trend(
        &mut self,
        now: Duration,
        seen: &Observation,
        blend: &mut Blend,
        out: &mut Decision,
    ) {
        let Some(trend) = &self.config.trend else {
            return;
        };
        let samples = &mut self.state.samples;
        samples.retain(|s| now.saturating_sub(s.at) <= HOUR);
        let read = trend.gauge.read(seen).ok();
        let interval = trend.interval();
        let due = |last: &LoadSample| now >= last.at.saturating_add(interval);
        if let Some(read) = read
            && samples.last().is_none_or(due)
        {
            if samples.len() >= SAMPLES {
                samples.remove(0);
            }
            let value = read.value;
            samples.push(LoadSample { at: now, value });
        }
        let score = trend_factor(samples, interval);
        blend.lost |= read.is_none_or(|r| !r.complete);
        blend.mean *= score;
        out.factors.push(FactorStage {
            kind: FactorKind::Trend,
            value: read.map(|r| r.value),
            score,
            weight: 0.0,
        });
    }

    /// What the mean asks for, and what it comes to with each factor's own needs.
    fn propose(&self, current: u32, ready: u32, blend: &Blend) -> Proposal {
        let count = f64::from(current);
        if self.config.scoring == Scoring::Plain {
            let mean = numeric::trunc_replicas(count * blend.mean + count * HAIR);
            return Proposal {
                mean,
                lifted: mean,
                urgent: 0,
            };
        }
        let ceil = |count: f64, factor: f64| numeric::ceil_replicas(count * (factor - HAIR));
        let mean = ceil(count, blend.mean);
        let base = if ready == 0 {
            current
        } else {
            ready.min(current)
        };
        let urgent = ceil(f64::from(base), blend.saturated);
        let least = ceil(count, blend.need).clamp(1, current);
        Proposal {
            mean,
            lifted: mean.max(urgent).max(least),
            urgent: if ready == 0 { 0 } else { urgent },
        }
    }
}

/// What the factors say together, as multiples of the current count.
#[derive(Default)]
struct Blend {
    mean: f64,
    /// The largest score of a saturated factor; 0 where none is.
    saturated: f64,
    /// What the neediest factor needs.
    need: f64,
    /// The share of the weights that is there.
    known: f64,
    failed: usize,
    lost: bool,
}

impl Blend {
    /// How sure a change in this direction is.
    fn confidence(&self, action: ScalingDirection) -> f64 {
        let off = self.mean.max(self.saturated) - 1.0;
        let sure = match action {
            ScalingDirection::Up => 2.0 * off,
            ScalingDirection::Down => -2.0 * off,
            ScalingDirection::None => 1.0 - off.abs(),
        };
        sure.clamp(0.0, 1.0) * self.known
    }
}

struct Proposal {
    mean: u32,
    lifted: u32,
    /// What may not wait; 0 where everything may.
    urgent: u32,
}

/// The line through the samples, five periods on, as a multiple of their mean.
fn trend_factor(samples: &[LoadSample], interval: Duration) -> f64 {
    let Some(first) = samples.first().filter(|_| samples.len() >= SAMPLES) else {
        return 1.0;
    };
    let period = interval.as_secs_f64();
    let x = |s: &LoadSample| s.at.saturating_sub(first.at).as_secs_f64() / period;
    let count = samples.iter().map(|_| 1.0).sum::<f64>();
    let mean_x = samples.iter().map(x).sum::<f64>() / count;
    let mean = samples.iter().map(|s| s.value / count).sum::<f64>();
    let (mut along, mut across) = (0.0, 0.0);
    for sample in samples {
        let dx = x(sample) - mean_x;
        along += dx * (sample.value - mean);
        across += dx * dx;
    }
    if mean <= 0.0 || across <= 0.0 {
        return 1.0;
    }
    (1.0 + along / across * f64::from(PERIODS_AHEAD) / mean).clamp(0.5, 2.0)
}

const fn action(from: u32, to: u32) -> ScalingDirection {
    match direction(from, to) {
        Reason::ScaleUp => ScalingDirection::Up,
        Reason::ScaleDown => ScalingDirection::Down,
        _ => ScalingDirection::None,
    }
}

impl Policy for WeightedFactors {
    fn decide_into(&mut self, now: Duration, seen: &Observation, out: &mut Decision) {
        let current = seen.spec_replicas;
        out.reset(current);
        let now = now.max(self.state.now);
        self.state.now = now;
        let pending = self.state.pending.take();
        if let Some(pending) = pending.filter(|p| p.is_carried_out(current)) {
            self.state.changed_at = Some(pending.at);
        }
        if current == 0 {
            out.reason = Reason::Disabled;
            return;
        }
        let mut blend = self.examine(seen, out);
        self.follow_trend(now, seen, &mut blend, out);
        let proposal = self.propose(current, seen.ready_replicas(), &blend);
        out.push(StageKind::Recommended, proposal.mean);
        if self.config.scoring == Scoring::Demand {
            out.push(StageKind::MaxOf, proposal.lifted);
        }
        let mut confidence = blend.confidence(action(current, out.replicas));
        let ends = |at: Duration| at.saturating_add(self.config.dampening);
        let dampened = self.state.changed_at.is_some_and(|at| now < ends(at));
        if dampened {
            confidence /= 2.0;
        }
        out.reason = direction(current, out.replicas);
        if blend.failed == self.config.factors.len() {
            out.push(StageKind::Guarded, current);
            (out.blind, out.reason) = (true, Reason::NoData);
        } else if out.replicas < current && (blend.lost || blend.failed > 0) {
            out.push(StageKind::Guarded, current);
            out.blind = blend.failed > 0;
            out.reason = if out.blind {
                Reason::MetricsFailed
            } else {
                Reason::SamplesLost
            };
        } else if out.is_change() && dampened && confidence < self.config.min_confidence {
            let wanted = out.replicas;
            let urgent = if wanted > current { proposal.urgent } else { 0 };
            out.push(StageKind::Dampened, urgent.max(current));
            if out.replicas != wanted {
                out.reason = Reason::Dampened;
            }
        }
        out.confidence = Some(confidence);
        self.state
            .record(now, action(current, out.replicas), confidence);
        let (from, to, at) = (current, out.replicas, now);
        self.state.pending = (from != to).then_some(PendingRescale { from, to, at });
    }

    fn next_wakeup(&self) -> Option<Duration> {
        let changed = self.state.changed_at;
        let free = changed.map(|at| at.saturating_add(self.config.dampening));
        free.filter(|at| *at > self.state.now)
    }
}
