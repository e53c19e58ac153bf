//! Activation: scale to an idle count (0, as a rule), wake, and keep room for a burst.
//!
//! A figure above its activation threshold means that there is something to do. Then at least
//! `min_active` replicas run and the inner policy decides above that; the first step from below
//! `min_active` goes to what the figure needs, ⌈value ÷ capacity⌉, where the capacity is known. Once
//! the figure has been at or below the threshold for `cooldown`, `idle_replicas` run; until then the
//! inner policy is not followed below `min_active`. The inner policy is shown every observation,
//! also while its answers are not followed.
//!
//! While active, room for a burst is kept as in Knative's target burst capacity (ready × capacity −
//! burst − load is not to fall below 0), rounded to whole replicas: at least ⌈value ÷ capacity⌉ +
//! ⌈burst ÷ capacity⌉ replicas run. It is a floor under the inner policy's count, not an addition to
//! it: what is added to "as many as now" would grow without end.
//!
//! Source: KEDA, ScaledObject specification and `scale_scaledobjects.go`: active is *above* the
//! threshold, activation has priority over what the scaler asks for, cooldownPeriod 300 s,
//! idleReplicaCount below minReplicaCount. Unlike KEDA:
//! * without a history the cooldown runs from the first decision, after `initial_cooldown` (as KEDA's
//!   documentation has it; its code does not wait, keda#5008, so that a restarted operator takes
//!   away what runs);
//! * the idle count need not be 0 (keda#2314), and the cooldown is the same from any count
//!   (keda#737: there it does not apply above one replica);
//! * with `gradual` the inner policy's own pace brings the count down to `min_active` before the last
//!   step (keda#7770, #7204: there 5 replicas go to 0 at once, past any scale-down rule);
//! * an absent figure counts as activity for the cooldown and takes nothing away; it does not wake
//!   what is idle. Put [`with_fallback`](crate::PolicyExt::with_fallback) around it for a count that a
//!   dead source gets after so many failures, and not before them (keda#6053).
//!
//! Cost: one reading a decision. Edge cases: an idle count above what runs is gone up to; a cooldown
//! of 0 idles at once; what already rests at the idle count stays there without a cooldown.

use core::time::Duration;

use crate::setters::setters;
use crate::{
    Blocked, ConfigError, Decision, Gauge, Observation, Policy, Reason, StageKind, Statistic,
    numeric,
};

/// Room that is kept for a burst.
///
/// ```
/// use autoscale_core::{ActivationBurst, ActivationConfig, Fixed, Gauge, PolicyExt, Statistic};
/// let in_flight = ActivationConfig::new(Gauge::new(Statistic::Total))
///     .with_capacity(Some(10.0))
///     .with_burst(Some(ActivationBurst::Load(25.0))); // three replicas more
/// assert!(Fixed(1).activated(in_flight).is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum ActivationBurst {
    /// So many replicas; at least 1.
    Replicas(u32),
    /// As many as carry this much, in the gauge's unit; finite and > 0.
    Load(f64),
}

/// What [`activated`](crate::PolicyExt::activated) is configured with.
///
/// ```
/// use autoscale_core::{ActivationConfig, Gauge, Statistic};
/// let config = ActivationConfig::new(Gauge::new(Statistic::Value));
/// assert_eq!((config.cooldown.as_secs(), config.idle_replicas, config.min_active), (300, 0, 1));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct ActivationConfig {
    /// What says that there is something to do: a [`Total`](Statistic::Total) or a
    /// [`Value`](Statistic::Value), which exist without replicas.
    pub gauge: Gauge,
    /// There is something to do above this, in the gauge's unit; finite and ≥ 0, default 0.
    #[cfg_attr(feature = "serde", serde(default))]
    pub activation_threshold: f64,
    /// How long there must have been nothing to do before the idle count is gone to; default 5 m.
    #[cfg_attr(
        feature = "serde",
        serde(default = "five_minutes", with = "crate::duration")
    )]
    pub cooldown: Duration,
    /// How long after the first decision the cooldown may begin at the earliest; default 0.
    #[cfg_attr(feature = "serde", serde(default, with = "crate::duration"))]
    pub initial_cooldown: Duration,
    /// Replicas while there is nothing to do; below `min_active`, default 0.
    #[cfg_attr(feature = "serde", serde(default))]
    pub idle_replicas: u32,
    /// Fewest replicas while there is something to do; 1 … 2147483647, default 1.
    #[cfg_attr(feature = "serde", serde(default = "one"))]
    pub min_active: u32,
    /// Whether the idle count waits until the inner policy asks for no more than `min_active`, and
    /// not for want of data, so that its pace downwards holds and load that only it sees counts;
    /// default false: the gauge alone decides.
    #[cfg_attr(feature = "serde", serde(default))]
    pub gradual: bool,
    /// What one replica carries, in the gauge's unit; finite and > 0, unknown unless set. With it the
    /// first step goes to what is needed.
    #[cfg_attr(feature = "serde", serde(default))]
    pub capacity: Option<f64>,
    /// Room kept for a burst, for which the capacity must be known; none unless set.
    #[cfg_attr(feature = "serde", serde(default))]
    pub burst: Option<ActivationBurst>,
}

#[cfg(feature = "serde")]
const fn one() -> u32 {
    1
}
const fn five_minutes() -> Duration {
    Duration::from_secs(300)
}

impl ActivationConfig {
    /// KEDA's defaults around the figure, which has none.
    ///
    /// ```
    /// use autoscale_core::{ActivationConfig, Gauge, Statistic};
    /// let queue = ActivationConfig::new(Gauge::new(Statistic::Total)).with_activation_threshold(5.0);
    /// assert_eq!(queue.activation_threshold, 5.0);
    /// ```
    #[must_use]
    pub const fn new(gauge: Gauge) -> Self {
        Self {
            gauge,
            activation_threshold: 0.0,
            cooldown: five_minutes(),
            initial_cooldown: Duration::ZERO,
            idle_replicas: 0,
            min_active: 1,
            gradual: false,
            capacity: None,
            burst: None,
        }
    }

    setters! {
        with_activation_threshold: activation_threshold, f64;
        with_cooldown: cooldown, Duration;
        with_initial_cooldown: initial_cooldown, Duration;
        with_idle_replicas: idle_replicas, u32;
        with_min_active: min_active, u32;
        with_gradual: gradual, bool;
        with_capacity: capacity, Option<f64>;
        with_burst: burst, Option<ActivationBurst>;
    }

    fn validate(&self) -> Result<(), ConfigError> {
        let check = |field: &'static str, value: f64, ok: bool, bound: &'static str| {
            if value.is_finite() && ok {
                Ok(())
            } else {
                Err(ConfigError::range(field, value, bound))
            }
        };
        if !matches!(self.gauge.statistic, Statistic::Total | Statistic::Value) {
            let statistic = format!("{:?}", self.gauge.statistic);
            let bound = "Total or Value, which exist without replicas";
            return Err(ConfigError::range("gauge.statistic", statistic, bound));
        }
        let least = self.activation_threshold;
        let bound = "a finite number ≥ 0";
        check("activation_threshold", least, least >= 0.0, bound)?;
        let count = |field: &'static str, count: u32| {
            if count == 0 || i32::try_from(count).is_err() {
                return Err(ConfigError::range(field, count, "1 … 2147483647"));
            }
            Ok(())
        };
        count("min_active", self.min_active)?;
        if self.idle_replicas >= self.min_active {
            return Err(ConfigError::Inconsistent {
                field: "idle_replicas",
                value: self.idle_replicas.to_string(),
                relation: "below",
                other: "min_active",
                other_value: self.min_active.to_string(),
            });
        }
        let bound = "a finite number > 0";
        if let Some(capacity) = self.capacity {
            check("capacity", capacity, capacity > 0.0, bound)?;
        }
        match self.burst {
            None => return Ok(()),
            Some(ActivationBurst::Replicas(replicas)) => count("burst", replicas)?,
            Some(ActivationBurst::Load(load)) => check("burst", load, load > 0.0, bound)?,
        }
        self.capacity.map(|_| ()).ok_or(ConfigError::Missing {
            field: "capacity".into(),
            need: "what one replica carries, where room for a burst is kept",
        })
    }

    /// The fewest replicas while active, of which `current` are asked for now.
    fn floor(&self, value: f64, current: u32) -> u32 {
        let Some(capacity) = self.capacity else {
            return self.min_active;
        };
        let carriers = |load: f64| numeric::ceil_replicas(load / capacity);
        let spare = self.burst.map(|burst| match burst {
            ActivationBurst::Replicas(replicas) => replicas,
            ActivationBurst::Load(load) => carriers(load),
        });
        // Above `min_active`, and without a burst to keep room for, the inner policy knows better.
        if spare.is_none() && current >= self.min_active {
            return self.min_active;
        }
        let need = carriers(value).saturating_add(spare.unwrap_or(0));
        need.clamp(self.min_active, i32::MAX.unsigned_abs())
    }
}

/// The policy that [`PolicyExt::activated`](crate::PolicyExt::activated) makes.
///
/// ```
/// use autoscale_core::{
///     ActivationConfig, Fixed, Gauge, MetricReading, Milli, Observation, Policy, PolicyExt, Reason,
///     Statistic,
/// };
/// use std::time::Duration;
/// let queue = ActivationConfig::new(Gauge::new(Statistic::Total)).with_capacity(Some(20.0));
/// let mut policy = Fixed(3).activated(queue)?;
/// let seen = |replicas, waiting: i64| {
///     Observation::new(replicas)
///         .with_pods([autoscale_core::PodGroup::running(replicas)])
///         .with_readings([MetricReading::value(Milli(waiting * 1000))])
/// };
/// let minute = Duration::from_secs(60);
/// assert_eq!(policy.decide(minute, &seen(0, 90)).replicas, 5); // ⌈90 ÷ 20⌉
/// assert_eq!(policy.decide(minute * 2, &seen(5, 0)).replicas, 3);
/// let idle = policy.decide(minute * 6, &seen(3, 0));
/// assert_eq!((idle.replicas, idle.reason), (0, Reason::Idle));
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(
        try_from = "ActivatedData<P>",
        bound(deserialize = "P: Policy + serde::Deserialize<'de>")
    )
)]
pub struct Activated<P> {
    inner: P,
    config: ActivationConfig,
    state: State,
}

#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
struct State {
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    now: Duration,
    /// When there was last something to do, or might have been; `None` before the first decision.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration::option"))]
    active_at: Option<Duration>,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
enum Phase {
    #[default]
    Active,
    CoolingDown,
    Idle,
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct ActivatedData<P> {
    inner: P,
    config: ActivationConfig,
    #[serde(default)]
    state: State,
}

#[cfg(feature = "serde")]
impl<P: Policy> TryFrom<ActivatedData<P>> for Activated<P> {
    type Error = ConfigError;

    fn try_from(data: ActivatedData<P>) -> Result<Self, ConfigError> {
        let state = data.state;
        Ok(Self {
            state,
            ..Self::new(data.inner, data.config)?
        })
    }
}

impl<P: Policy> Activated<P> {
    pub(crate) fn new(inner: P, config: ActivationConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self {
            inner,
            config,
            state: State::default(),
        })
    }
}

impl<P: Policy> Policy for Activated<P> {
    fn decide_into(&mut self, now: Duration, seen: &Observation, out: &mut Decision) {
        self.inner.decide_into(now, seen, out);
        let (config, state) = (&self.config, &mut self.state);
        let now = now.max(state.now);
        state.now = now;
        let birth = now.saturating_add(config.initial_cooldown);
        let active_at = state.active_at.get_or_insert(birth);
        let (current, wanted) = (out.current_replicas, out.replicas);
        let read = config.gauge.read(seen).ok();
        let value = read.map(|r| r.value);
        let complete = read.is_some_and(|r| r.complete) && !seen.is_shortened();
        let held = out.is_blocked_by(Blocked::MissingData);
        let at_rest = current <= config.idle_replicas;
        if let Some(value) = value.filter(|v| *v > config.activation_threshold) {
            *active_at = now.max(*active_at);
            state.phase = Phase::Active;
            let active = wanted.max(config.floor(value, current));
            out.push(StageKind::Activated, active);
            if active > wanted {
                out.reason = Reason::Activated;
            }
            if active < current && !complete {
                out.push(StageKind::Guarded, current);
                out.reason = Reason::SamplesLost;
            }
        } else if !complete {
            // What is absent takes nothing away, and wakes nothing.
            let kept = if at_rest || state.phase == Phase::Idle {
                current
            } else {
                *active_at = now.max(*active_at);
                wanted.max(current)
            };
            out.push(StageKind::Activated, kept);
            if kept == current {
                (out.blind, out.reason) = (true, Reason::NoData);
            }
        } else if (at_rest || now >= active_at.saturating_add(config.cooldown))
            && !(config.gradual && (wanted > config.min_active || held))
        {
            state.phase = Phase::Idle;
            out.push(StageKind::Activated, config.idle_replicas);
            out.reason = Reason::Idle;
        } else {
            state.phase = Phase::CoolingDown;
            let least = current.min(config.min_active);
            out.push(StageKind::Activated, wanted.max(least));
            if out.replicas > wanted {
                out.reason = Reason::CoolingDown;
            }
        }
    }

    fn next_wakeup(&self) -> Option<Duration> {
        let State {
            now,
            active_at,
            phase,
        } = self.state;
        let idle = active_at.filter(|_| phase == Phase::CoolingDown);
        let idle = idle.map(|at| at.saturating_add(self.config.cooldown));
        let idle = idle.filter(|at| *at > now);
        idle.into_iter().chain(self.inner.next_wakeup()).min()
    }
}
