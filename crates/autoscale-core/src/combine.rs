//! Policies made of policies.

use core::ops::RangeInclusive;
use core::time::Duration;

use crate::{
    Activated, ActivationConfig, Behavior, ConditionReason, ConfigError, Decision, Observation,
    Policy, Reason, RecommendationLog, ScaleHistory, StageKind, rate_limit,
};

/// Wrappers for every policy.
///
/// ```
/// use autoscale_core::{from_fn, Observation, Policy, PolicyExt};
/// use std::time::Duration;
/// let mut policy = from_fn(|_, seen: &Observation| seen.spec_replicas + 50).bounded(1..=20)?;
/// assert_eq!(policy.decide(Duration::ZERO, &Observation::new(3)).replicas, 20);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
pub trait PolicyExt: Policy + Sized {
    /// Keeps the count within bounds.
    ///
    /// # Errors
    /// [`ConfigError`] where the range is empty.
    fn bounded(self, bounds: RangeInclusive<u32>) -> Result<Bounded<Self>, ConfigError> {
        if bounds.is_empty() {
            return Err(ConfigError::Inconsistent {
                field: "min",
                value: bounds.start().to_string(),
                relation: "at most",
                other: "max",
                other_value: bounds.end().to_string(),
            });
        }
        Ok(Bounded {
            inner: self,
            min: *bounds.start(),
            max: *bounds.end(),
        })
    }

    /// Follows the smallest count of `up` upwards and the largest of `down` downwards.
    ///
    /// # Errors
    /// [`ConfigError`] where a window is longer than an hour.
    fn stabilized(self, up: Duration, down: Duration) -> Result<Stabilized<Self>, ConfigError> {
        for (field, window) in [("up", up), ("down", down)] {
            if window > Duration::from_secs(3600) {
                return Err(ConfigError::range(
                    field,
                    crate::format_duration(window),
                    "0 … 1h",
                ));
            }
        }
        Ok(Stabilized {
            inner: self,
            up,
            down,
            now: Duration::ZERO,
            log: RecommendationLog::default(),
        })
    }

    /// Limits how fast the count changes; the rules' windows and tolerances are not used.
    ///
    /// # Errors
    /// [`ConfigError`] names the rule that is out of range.
    fn rate_limited(self, rules: Behavior) -> Result<RateLimited<Self>, ConfigError> {
        rules.scale_up.validate("scale_up")?;
        rules.scale_down.validate("scale_down")?;
        Ok(RateLimited {
            inner: self,
            rules,
            now: Duration::ZERO,
            history: ScaleHistory::default(),
        })
    }

    /// Speaks when the source of the policy's metrics is dead.
    ///
    /// # Errors
    /// [`ConfigError`] where the threshold is 0.
    fn with_fallback(self, fallback: Fallback) -> Result<WithFallback<Self>, ConfigError> {
        if fallback.failure_threshold == 0 {
            return Err(ConfigError::range("failure_threshold", 0, "at least 1"));
        }
        Ok(WithFallback {
            inner: self,
            fallback,
            failures: 0,
        })
    }

    /// Scales to an idle count while there is nothing to do, and keeps room for a burst while there
    /// is. Bounds belong inside: `policy.bounded(1..=20)?.activated(config)?`.
    ///
    /// # Errors
    /// [`ConfigError`] names the field, the value and the bound.
    fn activated(self, config: ActivationConfig) -> Result<Activated<Self>, ConfigError> {
        Activated::new(self, config)
    }

    /// Keeps the count within bounds at recurring local times.
    ///
    /// # Errors
    /// [`ConfigError`] names the entry's field, the part of its cron expression, and the bound.
    #[cfg(feature = "schedule")]
    fn scheduled(self, schedule: crate::Schedule) -> Result<crate::Scheduled<Self>, ConfigError> {
        crate::Scheduled::new(self, schedule)
    }

    /// Decides, shows every stage, and changes nothing.
    fn dry_run(self) -> DryRun<Self> {
        DryRun { inner: self }
    }
}

impl<P: Policy> PolicyExt for P {}

/// The policy that [`PolicyExt::bounded`] makes.
///
/// ```
/// use autoscale_core::{Fixed, Observation, Policy, PolicyExt, Reason};
/// let mut policy = Fixed(9).bounded(1..=5)?;
/// let decision = policy.decide(std::time::Duration::ZERO, &Observation::new(2));
/// assert_eq!((decision.replicas, decision.reason), (5, Reason::TooManyReplicas));
/// assert!(Fixed(9).bounded(5..=1).is_err());
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(
        try_from = "BoundedData<P>",
        bound(deserialize = "P: Policy + serde::Deserialize<'de>")
    )
)]
pub struct Bounded<P> {
    inner: P,
    min: u32,
    max: u32,
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct BoundedData<P> {
    inner: P,
    min: u32,
    max: u32,
}

#[cfg(feature = "serde")]
impl<P: Policy> TryFrom<BoundedData<P>> for Bounded<P> {
    type Error = ConfigError;

    fn try_from(data: BoundedData<P>) -> Result<Self, ConfigError> {
        data.inner.bounded(data.min..=data.max)
    }
}

impl<P: Policy> Policy for Bounded<P> {
    fn decide_into(&mut self, now: Duration, seen: &Observation, out: &mut Decision) {
        self.inner.decide_into(now, seen, out);
        let wanted = out.replicas;
        out.push(StageKind::Bounded, wanted.clamp(self.min, self.max));
        if wanted < self.min {
            out.reason = Reason::TooFewReplicas;
        } else if wanted > self.max {
            out.reason = Reason::TooManyReplicas;
        }
    }

    fn next_wakeup(&self) -> Option<Duration> {
        self.inner.next_wakeup()
    }
}

/// The policy that [`PolicyExt::stabilized`] makes.
///
/// A decision without data counts as one for what runs, so that the windows begin anew after it.
///
/// ```
/// use autoscale_core::{from_fn, Observation, Policy, PolicyExt, Reason};
/// use std::time::Duration;
/// let (minute, seen) = (Duration::from_secs(60), Observation::new(10));
/// let wanted = from_fn(|now: Duration, _: &Observation| if now.is_zero() { 10 } else { 4 });
/// let mut policy = wanted.stabilized(Duration::ZERO, minute * 5)?;
/// assert_eq!(policy.decide(Duration::ZERO, &seen).replicas, 10);
/// assert_eq!(policy.decide(minute, &seen).reason, Reason::ScaleDownStabilized);
/// assert_eq!(policy.decide(minute * 6, &seen).replicas, 4);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(
        try_from = "StabilizedData<P>",
        bound(deserialize = "P: Policy + serde::Deserialize<'de>")
    )
)]
pub struct Stabilized<P> {
    inner: P,
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    up: Duration,
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    down: Duration,
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    now: Duration,
    log: RecommendationLog,
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct StabilizedData<P> {
    inner: P,
    #[serde(with = "crate::duration")]
    up: Duration,
    #[serde(with = "crate::duration")]
    down: Duration,
    #[serde(with = "crate::duration")]
    now: Duration,
    log: RecommendationLog,
}

#[cfg(feature = "serde")]
impl<P: Policy> TryFrom<StabilizedData<P>> for Stabilized<P> {
    type Error = ConfigError;

    fn try_from(data: StabilizedData<P>) -> Result<Self, ConfigError> {
        let (now, log) = (data.now, data.log);
        Ok(Self {
            now,
            log,
            ..data.inner.stabilized(data.up, data.down)?
        })
    }
}

impl<P: Policy> Policy for Stabilized<P> {
    fn decide_into(&mut self, now: Duration, seen: &Observation, out: &mut Decision) {
        self.now = now.max(self.now);
        self.inner.decide_into(now, seen, out);
        let (current, wanted) = (out.current_replicas, out.replicas);
        let steady = self
            .log
            .stabilize(self.now, current, wanted, self.up, self.down);
        out.push(StageKind::Stabilized, steady);
        if steady != wanted {
            out.reason = if wanted >= current {
                Reason::ScaleUpStabilized
            } else {
                Reason::ScaleDownStabilized
            };
        }
    }

    fn next_wakeup(&self) -> Option<Duration> {
        let ends = [self.up, self.down].map(|window| self.log.next_expiry(self.now, window));
        ends.into_iter()
            .flatten()
            .chain(self.inner.next_wakeup())
            .min()
    }
}

/// The policy that [`PolicyExt::rate_limited`] makes.
///
/// ```
/// use autoscale_core::{Behavior, Fixed, Observation, Policy, PolicyExt, Reason};
/// let mut policy = Fixed(50).rate_limited(Behavior::default())?;
/// let decision = policy.decide(std::time::Duration::ZERO, &Observation::new(10));
/// assert_eq!((decision.replicas, decision.reason), (20, Reason::ScaleUpLimit)); // 100 % in 15 s
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(
        try_from = "RateLimitedData<P>",
        bound(deserialize = "P: Policy + serde::Deserialize<'de>")
    )
)]
pub struct RateLimited<P> {
    inner: P,
    rules: Behavior,
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    now: Duration,
    history: ScaleHistory,
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RateLimitedData<P> {
    inner: P,
    rules: Behavior,
    #[serde(with = "crate::duration")]
    now: Duration,
    history: ScaleHistory,
}

#[cfg(feature = "serde")]
impl<P: Policy> TryFrom<RateLimitedData<P>> for RateLimited<P> {
    type Error = ConfigError;

    fn try_from(data: RateLimitedData<P>) -> Result<Self, ConfigError> {
        let (now, history) = (data.now, data.history);
        Ok(Self {
            now,
            history,
            ..data.inner.rate_limited(data.rules)?
        })
    }
}

impl<P: Policy> Policy for RateLimited<P> {
    fn decide_into(&mut self, now: Duration, seen: &Observation, out: &mut Decision) {
        self.now = now.max(self.now);
        self.history.confirm(seen.spec_replicas, &self.rules);
        self.inner.decide_into(now, seen, out);
        let current = out.current_replicas;
        let (limited, why) = rate_limit(
            self.now,
            current,
            out.replicas,
            0..=u32::MAX,
            &self.rules,
            &self.history.up,
            &self.history.down,
        );
        out.push(StageKind::RateLimited, limited);
        match why {
            ConditionReason::ScaleUpLimit => out.reason = Reason::ScaleUpLimit,
            ConditionReason::ScaleDownLimit => out.reason = Reason::ScaleDownLimit,
            _ => {}
        }
        self.history.expect(self.now, current, limited);
    }

    fn next_wakeup(&self) -> Option<Duration> {
        let both = [&self.rules.scale_up, &self.rules.scale_down];
        let ends = both.map(|rules| rules.next_expiry(self.now, &self.history));
        ends.into_iter()
            .flatten()
            .chain(self.inner.next_wakeup())
            .min()
    }
}

/// What to run while a policy's source is dead.
///
/// ```
/// use autoscale_core::{Fallback, FallbackMode, Kpa, KpaConfig, Observation, Policy, PolicyExt};
/// use std::time::Duration;
/// let fallback = Fallback { failure_threshold: 2, mode: FallbackMode::Static(6) };
/// let mut policy = Kpa::new(KpaConfig::new(10.0))?.with_fallback(fallback)?;
/// let blind = Observation::new(2); // it holds no reading
/// let counts = [0, 2].map(|s| policy.decide(Duration::from_secs(s), &blind).replicas);
/// assert_eq!(counts, [2, 6]);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Fallback {
    /// Decisions without data in a row before the fallback speaks; at least 1.
    pub failure_threshold: u32,
    /// What it says.
    pub mode: FallbackMode,
}

/// What a fallback says.
///
/// ```
/// use autoscale_core::{Fallback, FallbackMode, Kpa, KpaConfig, Observation, Policy, PolicyExt};
/// # use autoscale_core::ConfigError;
/// let say = |mode| -> Result<u32, ConfigError> {
///     let fallback = Fallback { failure_threshold: 1, mode };
///     let mut policy = Kpa::new(KpaConfig::new(10.0))?.with_fallback(fallback)?;
///     Ok(policy.decide(std::time::Duration::ZERO, &Observation::new(4)).replicas)
/// };
/// assert_eq!(say(FallbackMode::Current)?, 4);
/// assert_eq!(say(FallbackMode::HigherOf(3))?, 4);
/// assert_eq!(say(FallbackMode::LowerOf(3))?, 3);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum FallbackMode {
    /// This number, whatever runs now: its user named it.
    Static(u32),
    /// Whatever is asked for now.
    Current,
    /// The larger of this number and what is asked for now.
    HigherOf(u32),
    /// The smaller of this number and what is asked for now: with [`Static`](Self::Static) the only
    /// way in which absent data makes anything smaller, and only since its user named it.
    LowerOf(u32),
}

/// The policy that [`PolicyExt::with_fallback`] makes.
///
/// ```
/// use autoscale_core::{
///     Fallback, FallbackMode, Kpa, KpaConfig, Observation, Policy, PolicyExt, Reason,
/// };
/// let fallback = Fallback { failure_threshold: 1, mode: FallbackMode::HigherOf(6) };
/// let mut policy = Kpa::new(KpaConfig::new(10.0))?.with_fallback(fallback)?;
/// let decision = policy.decide(std::time::Duration::ZERO, &Observation::new(2));
/// assert_eq!((decision.replicas, decision.reason), (6, Reason::Fallback));
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(
        try_from = "WithFallbackData<P>",
        bound(deserialize = "P: Policy + serde::Deserialize<'de>")
    )
)]
pub struct WithFallback<P> {
    inner: P,
    fallback: Fallback,
    failures: u32,
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct WithFallbackData<P> {
    inner: P,
    fallback: Fallback,
    failures: u32,
}

#[cfg(feature = "serde")]
impl<P: Policy> TryFrom<WithFallbackData<P>> for WithFallback<P> {
    type Error = ConfigError;

    fn try_from(data: WithFallbackData<P>) -> Result<Self, ConfigError> {
        let failures = data.failures;
        Ok(Self {
            failures,
            ..data.inner.with_fallback(data.fallback)?
        })
    }
}

impl<P: Policy> Policy for WithFallback<P> {
    fn decide_into(&mut self, now: Duration, seen: &Observation, out: &mut Decision) {
        self.inner.decide_into(now, seen, out);
        if !out.blind {
            self.failures = 0;
            return;
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures < self.fallback.failure_threshold {
            return;
        }
        let current = out.current_replicas;
        let replicas = match self.fallback.mode {
            FallbackMode::Static(count) => count,
            FallbackMode::Current => current,
            FallbackMode::HigherOf(count) => count.max(current),
            FallbackMode::LowerOf(count) => count.min(current),
        };
        out.push(StageKind::Fallback, replicas);
        out.reason = Reason::Fallback;
    }

    fn next_wakeup(&self) -> Option<Duration> {
        self.inner.next_wakeup()
    }
}

/// The policy that [`PolicyExt::dry_run`] makes: `replicas` stays what is asked for now, and the
/// last but one stage is what would have been.
///
/// ```
/// use autoscale_core::{Fixed, Observation, Policy, PolicyExt, Reason};
/// let decision = Fixed(9).dry_run().decide(std::time::Duration::ZERO, &Observation::new(2));
/// assert_eq!((decision.replicas, decision.reason), (2, Reason::DryRun));
/// assert_eq!(decision.stages[0].replicas, 9);
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DryRun<P> {
    inner: P,
}

impl<P: Policy> Policy for DryRun<P> {
    fn decide_into(&mut self, now: Duration, seen: &Observation, out: &mut Decision) {
        self.inner.decide_into(now, seen, out);
        out.push(StageKind::DryRun, out.current_replicas);
        out.reason = Reason::DryRun;
    }

    fn next_wakeup(&self) -> Option<Duration> {
        self.inner.next_wakeup()
    }
}
