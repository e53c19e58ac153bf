//! Scaling to an accepted share of bad demand: the price ladder.
//!
//! A forecast gives the demand one horizon (metric lag + start-up + one interval) ahead as a
//! distribution. At a *price* — replica-intervals paid to save one replica-interval of bad demand —
//! each further replica is ordered where what it is expected to save is worth its cost, and
//! released once it has been worthless for a while. Nobody knows the price that keeps the accepted
//! share; so 14 prices in two styles run in shadow, each with an imagined fleet that takes as long
//! to start as the real one, and the cheapest whose decayed record kept the share is followed. No
//! candidate runs less than a plain reactive policy at full use would.
//!
//! Cost: O(counts considered + bins) a decision, at about 1 … 3 µs for tens of replicas; state at
//! most about 200 KiB at 400 replicas. Evidence and figures: `docs/predictive.md` of the workspace.

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
use crate::{
    ConfigError, Decision, Kpa, KpaConfig, Observation, Policy, Reason, StageKind, numeric,
};

/// A demand beyond this many times the upper bound is cut: nothing could serve it anyway.
const BELIEVABLE: f64 = 2.0;

/// A replica that carries more than so many times what it did, or less than this part of it, is
/// another service.
const SAME_SERVICE: f64 = 10.0;

/// Scaling to an accepted share of bad demand, [`accepted_bad_share`]: its only knob.
///
/// Demand is bad while fewer replicas are ready than it needs. The policy learns from the first
/// decision on; a share far below 1 % is kept only once it has seen what the load can do, a week
/// or so. It reads one figure, the total load. Without one it changes nothing, and what it sees
/// after that it does not count as an outcome of what it forecast before. The decision's
/// [`ladder`](Decision::ladder) says which price was followed and what each would have delivered.
///
/// [`accepted_bad_share`]: PredictiveConfig::accepted_bad_share
///
/// ```
/// use autoscale_core::{MetricReading, Milli, Observation, PodGroup, Policy};
/// use autoscale_core::{Predictive, PredictiveConfig};
/// # use std::time::Duration;
/// let mut policy = Predictive::new(PredictiveConfig::new(0.01, 50.0))?;
/// let (mut replicas, mut decision) = (1, Default::default());
/// for tick in 1..=40_u64 {
///     let seen = Observation::new(replicas)
///         .with_pods([PodGroup::running(replicas)])
///         .with_readings([MetricReading::value(Milli(410_000))]); // 8.2 replicas' worth
///     policy.decide_into(Duration::from_secs(15 * tick), &seen, &mut decision);
///     replicas = decision.replicas;
/// }
/// assert!((9..=14).contains(&replicas));
/// let followed = decision.ladder.followed.and_then(|index| decision.ladder.rungs.get(index));
/// assert_eq!(followed.map(|rung| rung.replicas), Some(replicas));
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(
        try_from = "Snapshot<F>",
        into = "Snapshot<F>",
        bound(
            serialize = "F: serde::Serialize + Clone",
            deserialize = "F: serde::Deserialize<'de> + DemandForecast"
        )
    )
)]
pub struct Predictive<F = AdaptiveForecast> {
    config: PredictiveConfig,
    layers: Layers,
    floor: Kpa,
    forecast: F,
    /// What the forecast counts demand in, in the metric's unit: the first target value.
    counted_in: f64,
    ladder: Option<Ladder>,
    clock: Ticks,
    /// Really ready replicas of the last intervals, oldest first.
    ready: VecDeque<u32>,
    /// The latest count, before and within the bounds.
    wanted: Option<(u32, u32)>,
}

fn is_same_service(unit: f64) -> bool {
    (1.0 / SAME_SERVICE..=SAME_SERVICE).contains(&unit)
}

/// Intervals counted from the first decision; late and early calls do not shift them.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Ticks {
    first: Option<Duration>,
    now: Duration,
    count: u64,
}

impl Ticks {
    /// Moves on; gives how many intervals have ended since the last call.
    fn advance(&mut self, now: Duration, interval: Duration) -> u64 {
        self.now = self.now.max(now);
        let Some(first) = self.first else {
            self.first = Some(self.now);
            return 1;
        };
        let interval = interval.as_nanos().max(1);
        let since = self.now.saturating_sub(first).as_nanos();
        let count = u64::try_from((since + interval / 2) / interval).unwrap_or(u64::MAX);
        let ended = count.saturating_sub(self.count);
        self.count = count.max(self.count);
        ended
    }

    /// When so many intervals have ended, whenever the calls came.
    fn end(&self, count: u64, interval: Duration) -> Option<Duration> {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        Some(self.first?.saturating_add(interval.saturating_mul(count)))
    }
}

/// A predictive policy as it is written to disk.
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct Snapshot<F> {
    config: PredictiveConfig,
    forecast: F,
    counted_in: f64,
    ladder: Option<Ladder>,
    clock: Ticks,
    ready: VecDeque<u32>,
    wanted: Option<(u32, u32)>,
}

#[cfg(feature = "serde")]
impl<F> From<Predictive<F>> for Snapshot<F> {
    fn from(policy: Predictive<F>) -> Self {
        Self {
            config: policy.config,
            forecast: policy.forecast,
            counted_in: policy.counted_in,
            ladder: policy.ladder,
            clock: policy.clock,
            ready: policy.ready,
            wanted: policy.wanted,
        }
    }
}

#[cfg(feature = "serde")]
impl<F: DemandForecast> TryFrom<Snapshot<F>> for Predictive<F> {
    type Error = ConfigError;

    fn try_from(snapshot: Snapshot<F>) -> Result<Self, ConfigError> {
        if !snapshot.forecast.is_sound() {
            let (value, bound) = ("not sound", "as a forecast was written");
            return Err(ConfigError::range("forecast", value, bound));
        }
        let mut made = Self::with_forecast(snapshot.config, snapshot.forecast)?;
        made.counted_in = snapshot.counted_in;
        if !is_same_service(made.unit()) {
            let (value, bound) = (snapshot.counted_in.to_string(), "near target_value");
            return Err(ConfigError::range("counted_in", value, bound));
        }
        made.layers = Layers::new(made.config.max_replicas, made.unit());
        made.ladder = snapshot.ladder.filter(|l| l.is_sound(&made.layers));
        made.clock = snapshot.clock;
        made.ready.extend(snapshot.ready);
        let (min, max) = (made.config.min_replicas, made.config.max_replicas);
        let wanted = snapshot.wanted.filter(|_| made.ladder.is_some());
        made.wanted = wanted.map(|(wanted, _)| (wanted, wanted.clamp(min, max)));
        Ok(made)
    }
}

impl Predictive {
    /// With the forecast of this crate.
    ///
    /// # Errors
    /// [`ConfigError`] names the field, the value and the bound.
    ///
    /// ```
    /// use autoscale_core::{Predictive, PredictiveConfig};
    /// assert!(Predictive::new(PredictiveConfig::new(0.001, 120.0)).is_ok());
    /// let error = Predictive::new(PredictiveConfig::new(0.0, 120.0)).unwrap_err();
    /// assert_eq!(error.to_string(), "accepted_bad_share is 0, must be 1e-6 … 0.5");
    /// ```
    pub fn new(config: PredictiveConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let forecast = AdaptiveForecast::new(config.interval, config.horizon());
        Self::with_forecast(config, forecast)
    }
}

impl<F: DemandForecast> Predictive<F> {
    /// With another forecast.
    ///
    /// # Errors
    /// [`ConfigError`] names the field, the value and the bound.
    ///
    /// ```
    /// use autoscale_core::{AdaptiveForecast, Predictive, PredictiveConfig};
    /// let config = PredictiveConfig::new(0.01, 50.0);
    /// let forecast = AdaptiveForecast::new(config.interval, config.horizon());
    /// assert!(Predictive::with_forecast(config, forecast).is_ok());
    /// ```
    pub fn with_forecast(config: PredictiveConfig, forecast: F) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self {
            layers: Layers::new(config.max_replicas, 1.0),
            floor: Kpa::new(KpaConfig::new(1.0))?,
            ready: VecDeque::with_capacity(config.lag() + 2),
            ladder: None,
            clock: Ticks::default(),
            wanted: None,
            forecast,
            counted_in: config.target_value,
            config,
        })
    }

    /// Takes another configuration.
    ///
    /// Another accepted share is kept with the records there are. Another start-up, lag, bound or
    /// target value makes the imagined fleets those of another service: they and their records start
    /// anew, what the forecast has learnt about the load stays, whichever forecast it is. Another
    /// interval, gauge or clock origin, and a target value of another order of magnitude, change what
    /// the numbers mean: everything starts anew, the forecast by [`DemandForecast::restart`].
    ///
    /// # Errors
    /// [`ConfigError`]; the old configuration stays.
    ///
    /// ```
    /// use autoscale_core::{Predictive, PredictiveConfig};
    /// # use std::time::Duration;
    /// let config = PredictiveConfig::new(0.01, 50.0);
    /// let mut policy = Predictive::new(config.clone())?;
    /// policy.reconfigure(config.with_start_up(Duration::from_secs(180)))?;
    /// assert_eq!(policy.config().start_up, Duration::from_secs(180));
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    pub fn reconfigure(&mut self, config: PredictiveConfig) -> Result<(), ConfigError> {
        config.validate()?;
        let old = core::mem::replace(&mut self.config, config);
        let new = &self.config;
        let meaning = |c: &PredictiveConfig| (c.interval, c.gauge.clone(), c.unix_origin);
        let fleet = |c: &PredictiveConfig| {
            let bounds = (c.min_replicas, c.max_replicas);
            (c.delay(), c.lag(), bounds, c.target_value.to_bits())
        };
        if meaning(&old) != meaning(new) || !is_same_service(self.unit()) {
            self.forecast.restart(new.interval, new.horizon());
            self.counted_in = new.target_value;
            self.clock = Ticks::default();
            self.ready.clear();
            self.wanted = None;
        } else if fleet(&old) == fleet(new) {
            return Ok(());
        } else {
            self.forecast.set_horizon(new.horizon());
        }
        self.layers = Layers::new(self.config.max_replicas, self.unit());
        self.ladder = None;
        let (min, max) = (self.config.min_replicas, self.config.max_replicas);
        self.wanted = self
            .wanted
            .map(|(wanted, _)| (wanted, wanted.clamp(min, max)));
        Ok(())
    }

    /// The configuration.
    ///
    /// ```
    /// use autoscale_core::{Predictive, PredictiveConfig};
    /// let policy = Predictive::new(PredictiveConfig::new(0.01, 50.0))?;
    /// assert_eq!(policy.config().target_value, 50.0);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn config(&self) -> &PredictiveConfig {
        &self.config
    }

    /// The forecast.
    ///
    /// ```
    /// use autoscale_core::{DemandForecast, Predictive, PredictiveConfig};
    /// let policy = Predictive::new(PredictiveConfig::new(0.01, 50.0))?;
    /// assert_eq!(policy.forecast().expected(), 0.0); // nothing seen yet
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn forecast(&self) -> &F {
        &self.forecast
    }

    /// What the forecast counts for a replica.
    fn unit(&self) -> f64 {
        self.config.target_value / self.counted_in
    }

    /// One interval with a sample.
    fn step(&mut self, demand: f64, current: u32) {
        let config = &self.config;
        let timing = Timing {
            interval: config.interval,
            delay: config.delay(),
            lag: config.lag(),
        };
        let span = |intervals: usize| {
            let count = u32::try_from(intervals).unwrap_or(u32::MAX);
            config.interval.saturating_mul(count)
        };
        // The sample's interval ended `lag` ago; what is ordered now serves `delay` from now.
        let now = self.clock.end(self.clock.count, config.interval);
        let end = config.unix_origin.saturating_add(now.unwrap_or_default());
        let sampled = end.saturating_sub(span(timing.lag));
        self.forecast.observe(sampled, demand * self.unit());
        let served = end.saturating_add(span(timing.delay));
        let (counts, beyond) = self.layers.parts();
        let useful = self.forecast.partial_expectations(served, counts, beyond);
        self.layers.price(useful);

        let (min, max) = (config.min_replicas, config.max_replicas);
        let ladder = self.ladder.get_or_insert_with(|| {
            let (floor, start) = (self.floor.clone(), current.clamp(min, max));
            Ladder::new(timing, &self.layers, floor, start, self.clock.count)
        });
        let seen = Seen {
            tick: self.clock.count,
            demand,
            ready: self.ready.front().copied().unwrap_or(0),
            bounds: (min, max),
        };
        let wanted = ladder.step(&seen, timing, &self.layers, config.accepted_bad_share);
        self.wanted = Some(wanted);
    }

    /// Notes what is ready now, also for intervals that nobody asked about.
    fn note_ready(&mut self, seen: &Observation, ended: u64) {
        let lag = self.config.lag();
        let ready = if seen.pods.is_empty() {
            seen.status_replicas
        } else {
            seen.ready_replicas()
        };
        for _ in 0..ended.min(numeric::count_u64(lag) + 1) {
            while self.ready.len() > lag {
                self.ready.pop_front();
            }
            self.ready.push_back(ready);
        }
    }
}

impl<F: DemandForecast> Policy for Predictive<F> {
    fn decide_into(&mut self, now: Duration, seen: &Observation, out: &mut Decision) {
        let current = seen.spec_replicas;
        out.reset(current);
        let ended = self.clock.advance(now, self.config.interval);
        let reading = self.config.gauge.read(seen);
        if ended > 0 {
            self.note_ready(seen, ended);
            let sampled = u64::from(reading.is_ok());
            if ended > sampled {
                self.forecast.skip(ended - sampled);
            }
        }
        match reading {
            Ok(reading) if ended > 0 => {
                let most = BELIEVABLE * f64::from(self.config.max_replicas);
                let demand = (reading.value / self.config.target_value).min(most);
                self.step(demand, current);
            }
            Err(_) if ended > 0 => {
                if let Some(ladder) = &mut self.ladder {
                    ladder.hold(self.clock.count);
                }
            }
            _ => {}
        }
        let (Ok(reading), Some((wanted, bounded))) = (reading, self.wanted) else {
            out.blind = true;
            out.reason = Reason::NoData;
            let (min, max) = (self.config.min_replicas, self.config.max_replicas);
            out.push(StageKind::Bounded, current.clamp(min, max));
            return;
        };
        out.push(StageKind::Recommended, wanted);
        out.push(StageKind::Bounded, bounded);
        out.reason = match bounded.cmp(&wanted) {
            core::cmp::Ordering::Less => Reason::TooManyReplicas,
            core::cmp::Ordering::Greater => Reason::TooFewReplicas,
            core::cmp::Ordering::Equal => direction(current, wanted),
        };
        // What is absent makes nothing smaller.
        if bounded < current && (!reading.complete || seen.is_shortened()) {
            out.push(StageKind::Guarded, current.min(self.config.max_replicas));
            out.reason = Reason::SamplesLost;
        }
        if let Some(ladder) = &self.ladder {
            out.ladder.followed = Some(ladder.describe(&mut out.ladder.rungs));
            out.ladder.expected_demand = self.forecast.expected() / self.unit();
        }
    }

    fn next_wakeup(&self) -> Option<Duration> {
        let next = self.clock.count.saturating_add(1);
        self.clock.end(next, self.config.interval)
    }
}
