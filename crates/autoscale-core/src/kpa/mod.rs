//! The Knative pod autoscaler.
//!
//! With a per-pod target and the metric's averages over a stable and a panic window: wanted =
//! ⌈average ÷ target⌉, each kept within `[⌊ready ÷ max_scale_down_rate⌋, ⌈ready ×
//! max_scale_up_rate⌉]` (`ready` at least 1; the lower limit is 0 for a revision without traffic).
//! Panic begins when the panic average *before* that limit asks for `panic_threshold` times the
//! ready pods; during panic the count never falls; panic ends a stable window after its last cause.
//!
//! Source: knative/serving `pkg/autoscaler/scaling/autoscaler.go`. Cost: O(samples in the stable
//! window) a decision. Edge cases: a stable window of 0 ends panic at the next calmer decision; a
//! failed reading changes nothing; an instance born with more than one ready pod starts in panic,
//! so that a restart without history never scales in. Vectors: `kpa_sequence`.

mod config;

use core::time::Duration;
use std::collections::VecDeque;

pub use config::KpaConfig;

use crate::policy::direction;
use crate::snapshot::snapshot;
use crate::{
    ConfigError, Decision, KpaStage, MetricReading, Observation, Policy, Reason, SampleValue,
    StageKind, numeric,
};

/// Granularity of the scale-down delay.
const DELAY_BUCKET_S: u64 = 2;

/// The metric's averages over the two windows, in its own unit, summed over pods.
///
/// ```
/// use autoscale_core::{Averages, Kpa, KpaConfig};
/// let mut kpa = Kpa::new(KpaConfig::new(10.0))?;
/// let calm = Averages { stable: 35.0, panic: 38.0 }; // 35 requests in flight over all pods
/// assert_eq!(kpa.scale(std::time::Duration::ZERO, 3, calm).0, 4);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Averages {
    /// Over the stable window.
    pub stable: f64,
    /// Over the panic window.
    pub panic: f64,
}

/// Knative's pod autoscaler.
///
/// As a [`Policy`] it reads one reading of an observation — the total over all pods: the sum
/// of a [`MetricReading::Values`] or of a [`MetricReading::Pods`] — and averages it itself; with
/// [`scale`](Self::scale) the caller gives the averages. Bounds are not part of it: see
/// [`Bounded`](crate::Bounded).
///
/// ```
/// use autoscale_core::{Kpa, KpaConfig, MetricReading, Milli, Observation, PodGroup, Policy};
/// use std::time::Duration;
/// let mut kpa = Kpa::new(KpaConfig::new(10.0))?;
/// let seen = Observation::new(1)
///     .with_pods([PodGroup::running(1)])
///     .with_readings([MetricReading::value(Milli(45_000))]);
/// let decision = kpa.decide(Duration::ZERO, &seen);
/// assert_eq!(decision.replicas, 5);
/// assert!(decision.kpa.is_some_and(|k| k.panicking));
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(try_from = "KpaSnapshot", into = "KpaSnapshot")
)]
pub struct Kpa {
    config: KpaConfig,
    state: KpaState,
}

/// What a KPA remembers between decisions.
///
/// ```
/// use autoscale_core::{Averages, Kpa, KpaConfig};
/// use std::time::Duration;
/// let mut kpa = Kpa::new(KpaConfig::new(10.0))?;
/// kpa.scale(Duration::from_secs(2), 1, Averages { stable: 15.0, panic: 45.0 });
/// assert_eq!(kpa.state().panic_since, Some(Duration::from_secs(2)));
/// assert_eq!(kpa.state().max_panic_replicas, 5);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct KpaState {
    /// The latest `now`.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub now: Duration,
    /// Whether it has seen a target yet.
    pub born: bool,
    /// When the cause of panic was last seen, while in panic.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration::option"))]
    pub panic_since: Option<Duration>,
    /// The largest count of this panic.
    pub max_panic_replicas: u32,
    /// Counts of the scale-down delay, largest first: (2-second bucket, count).
    pub delayed: VecDeque<(u64, u32)>,
    /// Readings of the stable window, oldest first.
    pub samples: VecDeque<KpaSample>,
    /// Whether the latest decision had no data.
    pub blind: bool,
}

/// One past reading.
///
/// ```
/// use autoscale_core::{Kpa, KpaConfig, KpaSample, MetricReading, Milli, Observation, Policy};
/// use std::time::Duration;
/// let mut kpa = Kpa::new(KpaConfig::new(10.0))?;
/// let seen = Observation::new(1).with_readings([MetricReading::value(Milli(7_500))]);
/// kpa.decide(Duration::from_secs(2), &seen);
/// assert_eq!(kpa.state().samples, [KpaSample { at: Duration::from_secs(2), value: 7.5 }]);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct KpaSample {
    /// When.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub at: Duration,
    /// The total, in the metric's unit.
    pub value: f64,
}

/// A KPA's configuration and state, as it is written to disk.
///
/// ```
/// use autoscale_core::{Kpa, KpaConfig, KpaSnapshot};
/// let kpa = Kpa::new(KpaConfig::new(10.0))?.with_initial_ready(std::time::Duration::ZERO, 5);
/// let restored = Kpa::try_from(KpaSnapshot::from(kpa.clone()))?;
/// assert_eq!(restored.state(), kpa.state());
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct KpaSnapshot {
    /// The configuration.
    pub config: KpaConfig,
    /// The state.
    #[cfg_attr(feature = "serde", serde(default))]
    pub state: KpaState,
}

snapshot!(Kpa, KpaSnapshot);

impl Kpa {
    /// Checks a configuration and makes the policy.
    ///
    /// # Errors
    /// [`ConfigError`] names the field, the value and the bound.
    ///
    /// ```
    /// use autoscale_core::{Kpa, KpaConfig};
    /// let kpa = Kpa::new(KpaConfig::new(10.0))?;
    /// assert!(!kpa.state().born); // no decision yet
    /// assert!(Kpa::new(KpaConfig::new(10.0).with_panic_threshold(0.5)).is_err());
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    pub fn new(config: KpaConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self {
            config,
            state: KpaState::default(),
        })
    }

    /// The same policy, born at `now` beside `ready` ready pods: with more than one it starts in
    /// panic. Without this call the first decision's observation counts.
    ///
    /// ```
    /// use autoscale_core::{Kpa, KpaConfig};
    /// let kpa = Kpa::new(KpaConfig::new(10.0))?.with_initial_ready(std::time::Duration::ZERO, 5);
    /// assert_eq!(kpa.state().max_panic_replicas, 5);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub fn with_initial_ready(mut self, now: Duration, ready: u32) -> Self {
        self.be_born(now, ready);
        self
    }

    /// Takes another configuration without forgetting anything.
    ///
    /// # Errors
    /// [`ConfigError`]; the old configuration stays.
    ///
    /// ```
    /// use autoscale_core::{Kpa, KpaConfig};
    /// # let born = std::time::Duration::ZERO;
    /// let mut kpa = Kpa::new(KpaConfig::new(10.0))?.with_initial_ready(born, 5);
    /// kpa.reconfigure(KpaConfig::new(20.0))?;
    /// assert!(kpa.reconfigure(KpaConfig::new(-1.0)).is_err());
    /// assert_eq!((kpa.config().target_value, kpa.state().max_panic_replicas), (20.0, 5));
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    pub fn reconfigure(&mut self, config: KpaConfig) -> Result<(), ConfigError> {
        config.validate()?;
        self.config = config;
        Ok(())
    }

    /// The configuration.
    ///
    /// ```
    /// # use autoscale_core::{Kpa, KpaConfig};
    /// assert_eq!(Kpa::new(KpaConfig::new(10.0))?.config().max_scale_up_rate, 1000.0);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn config(&self) -> &KpaConfig {
        &self.config
    }

    /// What it remembers; see [`KpaSnapshot`] for restoring it.
    ///
    /// ```
    /// # use autoscale_core::{Kpa, KpaConfig, KpaState};
    /// assert_eq!(Kpa::new(KpaConfig::new(10.0))?.state(), &KpaState::default());
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn state(&self) -> &KpaState {
        &self.state
    }

    /// Decides from averages that the caller has computed. NaN counts as 0.
    ///
    /// ```
    /// use autoscale_core::{Averages, Kpa, KpaConfig};
    /// let mut kpa = Kpa::new(KpaConfig::new(10.0))?;
    /// let (replicas, _) =
    ///     kpa.scale(std::time::Duration::ZERO, 1, Averages { stable: 15.0, panic: 15.0 });
    /// assert_eq!(replicas, 2);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    pub fn scale(&mut self, now: Duration, ready: u32, averages: Averages) -> (u32, KpaStage) {
        let now = now.max(self.state.now);
        self.state.now = now;
        self.state.born = true;
        let config = &self.config;
        let divisor = f64::from(ready.max(1));
        let most = (config.max_scale_up_rate * divisor).ceil();
        let fewest = if config.reachable {
            (divisor / config.max_scale_down_rate).floor()
        } else {
            0.0
        };
        let want = |average: f64| {
            let raw = (average / config.target_value).ceil().max(0.0);
            let kept = numeric::trunc_replicas(raw.max(fewest).min(most));
            let active = config.activation_scale > 1 && raw > 0.0;
            (
                raw,
                if active {
                    kept.max(config.activation_scale)
                } else {
                    kept
                },
            )
        };
        let (raw_stable, stable_replicas) = want(averages.stable);
        let (raw_panic, panic_replicas) = want(averages.panic);

        let state = &mut self.state;
        if raw_panic / divisor >= config.panic_threshold {
            state.panic_since = Some(now);
        } else if state
            .panic_since
            .is_some_and(|p| p.saturating_add(config.stable_window) < now)
        {
            state.panic_since = None;
            state.max_panic_replicas = 0;
        }
        let panicking = state.panic_since.is_some();
        let mut wanted = stable_replicas;
        if panicking {
            state.max_panic_replicas = state
                .max_panic_replicas
                .max(stable_replicas.max(panic_replicas));
            wanted = state.max_panic_replicas;
        }
        if !config.scale_down_delay.is_zero() {
            wanted = delayed(&mut state.delayed, now, config.scale_down_delay, wanted);
        }

        let burst = config.target_burst_capacity;
        let excess_burst_capacity = if burst > 0.0 {
            let total = config.total_value.unwrap_or(config.target_value / 0.7);
            numeric::floor_i32(f64::from(ready) * total - burst - averages.panic)
        } else if burst < 0.0 {
            -1
        } else {
            0
        };
        let stage = KpaStage {
            stable_value: averages.stable,
            panic_value: averages.panic,
            stable_wanted: numeric::trunc_replicas(raw_stable),
            panic_wanted: numeric::trunc_replicas(raw_panic),
            stable_replicas,
            panic_replicas,
            panicking,
            excess_burst_capacity,
        };
        (wanted, stage)
    }

    /// Starts in panic beside `replicas`: without history nothing is scaled in.
    fn be_born(&mut self, now: Duration, replicas: u32) {
        self.state.born = true;
        if replicas > 1 {
            self.state.panic_since = Some(now);
            self.state.max_panic_replicas = self.state.max_panic_replicas.max(replicas);
        }
    }

    /// Takes a value into the windows and averages them.
    fn average(&mut self, now: Duration, value: f64) -> Averages {
        let samples = &mut self.state.samples;
        if samples.back().is_some_and(|s| s.at == now) {
            samples.pop_back();
        }
        samples.push_back(KpaSample { at: now, value });
        let mean = |window: Duration| {
            let inside = samples
                .iter()
                .rev()
                .take_while(|s| s.at == now || s.at.saturating_add(window) > now);
            let (sum, count) = inside.fold((0.0, 0.0), |(sum, n), s| (sum + s.value, n + 1.0));
            sum / count
        };
        Averages {
            stable: mean(self.config.stable_window),
            panic: mean(self.config.panic_window),
        }
    }

    /// Forgets values older than the stable window.
    fn expire(&mut self, now: Duration) {
        let window = self.config.stable_window;
        let samples = &mut self.state.samples;
        while samples
            .front()
            .is_some_and(|s| s.at.saturating_add(window) <= now)
        {
            samples.pop_front();
        }
    }
}

/// The largest count of the delay, the new one included.
fn delayed(window: &mut VecDeque<(u64, u32)>, now: Duration, delay: Duration, count: u32) -> u32 {
    let bucket = now.as_secs() / DELAY_BUCKET_S;
    let buckets = delay
        .as_millis()
        .div_ceil(u128::from(DELAY_BUCKET_S) * 1000);
    while window.back().is_some_and(|(_, kept)| *kept <= count) {
        window.pop_back();
    }
    while window
        .front()
        .is_some_and(|(at, _)| u128::from(bucket.saturating_sub(*at)) >= buckets)
    {
        window.pop_front();
    }
    // A larger count of the same bucket stands for this one too.
    if window.back().is_none_or(|(at, _)| *at != bucket) {
        window.push_back((bucket, count));
    }
    window.front().map_or(count, |(_, largest)| *largest)
}

/// The total of a reading in whole units, and whether every ready pod is in it.
struct Total {
    value: f64,
    complete: bool,
}

/// Sums a reading; `None` where it cannot be used. A pod without a usable sample is taken to carry
/// as much as the others do on average, as in Knative.
fn total(reading: &MetricReading, max_age: Option<Duration>, ready: u32) -> Option<Total> {
    let fresh = |age: Duration| max_age.is_none_or(|limit| age <= limit);
    let units = |milli: i128| numeric::to_f64(numeric::saturate_i64(milli)) / 1000.0;
    match reading {
        MetricReading::Values { values_milli, age } => {
            let usable = fresh(*age)
                && !values_milli.is_empty()
                && values_milli.iter().all(|value| value.0 >= 0);
            let sum = values_milli.iter().map(|v| i128::from(v.0)).sum();
            usable.then(|| Total {
                value: units(sum),
                complete: true,
            })
        }
        MetricReading::Pods(samples) => {
            let (mut sum, mut count) = (0_i128, 0_u32);
            for sample in samples {
                if let SampleValue::Total(value) = sample.value
                    && value.0 >= 0
                    && fresh(sample.age)
                {
                    sum = sum.saturating_add(i128::from(value.0) * i128::from(sample.count));
                    count = count.saturating_add(sample.count);
                }
            }
            let spread = f64::from(ready.max(count)) / f64::from(count);
            (count > 0).then(|| Total {
                value: units(sum) * spread,
                complete: count >= ready,
            })
        }
        MetricReading::Failed => None,
    }
}

impl Policy for Kpa {
    fn decide_into(&mut self, now: Duration, seen: &Observation, out: &mut Decision) {
        let current = seen.spec_replicas;
        out.reset(current);
        let now = now.max(self.state.now);
        self.state.now = now;
        let ready = seen.ready_replicas();
        if !self.state.born {
            self.be_born(now, ready.max(current));
        }
        self.expire(now);
        let reading = seen.readings.get(self.config.reading);
        let Some(total) = reading.and_then(|r| total(r, self.config.max_sample_age, ready)) else {
            self.state.blind = true;
            out.reason = Reason::NoData;
            out.blind = true;
            return;
        };
        // After a time without data that outlasted the window there is no history, as after a birth.
        if core::mem::take(&mut self.state.blind) && self.state.samples.is_empty() {
            self.be_born(now, current);
        }
        let averages = self.average(now, total.value);
        let (replicas, stage) = self.scale(now, ready, averages);
        out.push(StageKind::Recommended, stage.stable_wanted);
        out.push(StageKind::RateLimited, stage.stable_replicas);
        if stage.panicking {
            out.push(StageKind::Panicked, self.state.max_panic_replicas);
        }
        let before_delay = out.replicas;
        if !self.config.scale_down_delay.is_zero() {
            out.push(StageKind::Stabilized, replicas);
        }
        out.reason = if replicas != before_delay {
            Reason::ScaleDownStabilized
        } else if stage.panicking {
            Reason::Panic
        } else if stage.stable_replicas < stage.stable_wanted {
            Reason::ScaleUpLimit
        } else if stage.stable_replicas > stage.stable_wanted && replicas < current {
            Reason::ScaleDownLimit
        } else {
            direction(current, replicas)
        };
        out.kpa = Some(stage);
        // What is absent makes nothing smaller, and a rate upwards does not cut what runs.
        let rate_cuts = averages.stable / self.config.target_value > f64::from(current) - 1.0;
        if replicas < current && (rate_cuts || !total.complete || seen.is_shortened()) {
            out.push(StageKind::Guarded, current);
            out.reason = if rate_cuts {
                Reason::Steady
            } else {
                Reason::SamplesLost
            };
        }
    }

    fn next_wakeup(&self) -> Option<Duration> {
        let nanosecond = Duration::from_nanos(1);
        let panic = self.state.panic_since.map(|since| {
            since
                .saturating_add(self.config.stable_window)
                .saturating_add(nanosecond)
        });
        let delay = self
            .state
            .delayed
            .front()
            .filter(|_| self.state.delayed.len() > 1);
        let delay = delay.map(|(bucket, _)| {
            Duration::from_secs(bucket.saturating_mul(DELAY_BUCKET_S))
                .saturating_add(self.config.scale_down_delay)
        });
        [panic, delay]
            .into_iter()
            .flatten()
            .filter(|at| *at > self.state.now)
            .min()
    }
}
