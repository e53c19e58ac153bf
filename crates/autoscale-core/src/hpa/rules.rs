//! Rate policies: how fast a count may change.
//!
//! A policy allows a number of pods, or a percentage, a period. The count at the period's start is
//! `current − added(period) + removed(period)`; up: `start + pods` or `⌈start·(1 + percent/100)⌉`,
//! down: `start − pods` or `trunc(start·(1 − percent/100))`. `Max` takes the policy that allows the
//! largest change, `Min` the smallest, `Disabled` forbids the direction. The limit never crosses
//! the current count.
//!
//! Source: Kubernetes KEP-853 and `pkg/controller/podautoscaler/horizontal.go`. Cost: O(policies ×
//! events in the longest period). Edge cases: an event exactly one period old no longer counts; a
//! direction without policies is refused by the configuration; the log keeps at most one stale
//! event for reuse. Vectors: `rate_limit_with_behavior`, `scale_limit`, `scale_event_log`.

use core::time::Duration;

use super::stabilize::Start;
use crate::{ConditionReason, ConfigError, numeric};

pub(super) const MAX_WINDOW: Duration = Duration::from_secs(3600);
const MAX_PERIOD: Duration = Duration::from_secs(1800);

/// Stabilization window, tolerance and rate policies of one direction.
///
/// Use [`ScalingRules::scale_up`] or [`ScalingRules::scale_down`] for the API's defaults.
///
/// ```
/// use autoscale_core::{Change, ScaleEventLog, ScalingPolicy, ScalingRules};
/// use std::time::Duration;
/// let policy = ScalingPolicy { change: Change::Pods(2), period: Duration::from_secs(60) };
/// let rules = ScalingRules::scale_down().with_policies([policy]);
/// let none = ScaleEventLog::default();
/// assert_eq!(rules.scale_down_limit(Duration::ZERO, 10, &none, &none), 8);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct ScalingRules {
    /// How long the direction must have been asked for; 0 … 1 h. `None`: 0 s upwards, the
    /// controller's `downscale_stabilization` downwards.
    #[cfg_attr(feature = "serde", serde(default, with = "crate::duration::option"))]
    pub stabilization_window: Option<Duration>,
    /// Tolerance of this direction, a fraction ≥ 0 (KEP-4951); `None`: the controller's.
    #[cfg_attr(feature = "serde", serde(default))]
    pub tolerance: Option<f64>,
    /// Which policy counts; default the one that allows the largest change.
    #[cfg_attr(feature = "serde", serde(default))]
    pub select: SelectPolicy,
    /// At least one policy.
    pub policies: Vec<ScalingPolicy>,
}

/// Which of several rate policies counts.
///
/// ```
/// use autoscale_core::{ScaleEventLog, ScalingRules, SelectPolicy};
/// let none = ScaleEventLog::default();
/// let limit = [SelectPolicy::Max, SelectPolicy::Min, SelectPolicy::Disabled].map(|select| {
///     let rules = ScalingRules::scale_up().with_select(select); // 4 pods or 100 %
///     rules.scale_up_limit(std::time::Duration::ZERO, 10, &none, &none)
/// });
/// assert_eq!(limit, [20, 14, 10]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum SelectPolicy {
    /// The one that allows the largest change.
    #[default]
    Max,
    /// The one that allows the smallest change.
    Min,
    /// None: the direction is forbidden.
    Disabled,
}

/// How much a count may change in a period.
///
/// ```
/// use autoscale_core::{Change, ScalingPolicy, ScalingRules};
/// use std::time::Duration;
/// let by_four = ScalingPolicy { change: Change::Pods(4), period: Duration::from_secs(15) };
/// assert_eq!(ScalingRules::scale_up().policies[0], by_four);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct ScalingPolicy {
    /// The amount.
    pub change: Change,
    /// The period; 1 s … 30 m.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub period: Duration,
}

/// An amount of change.
///
/// ```
/// use autoscale_core::{Change, ScaleEventLog, ScalingPolicy, ScalingRules};
/// use std::time::Duration;
/// let none = ScaleEventLog::default();
/// let limit = [Change::Pods(10), Change::Percent(10)].map(|change| {
///     let policy = ScalingPolicy { change, period: Duration::from_secs(60) };
///     let rules = ScalingRules::scale_up().with_policies([policy]);
///     rules.scale_up_limit(Duration::ZERO, 25, &none, &none)
/// });
/// assert_eq!(limit, [35, 28]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Change {
    /// A number of pods; ≥ 1.
    Pods(u32),
    /// Percent of the count at the period's start; ≥ 1.
    Percent(u32),
}

impl ScalingRules {
    /// Sets [`stabilization_window`](Self::stabilization_window).
    #[must_use]
    pub fn with_stabilization_window(mut self, window: Option<Duration>) -> Self {
        self.stabilization_window = window;
        self
    }

    /// Sets [`tolerance`](Self::tolerance).
    #[must_use]
    pub fn with_tolerance(mut self, tolerance: Option<f64>) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Sets [`select`](Self::select).
    #[must_use]
    pub fn with_select(mut self, select: SelectPolicy) -> Self {
        self.select = select;
        self
    }

    /// Sets [`policies`](Self::policies).
    #[must_use]
    pub fn with_policies(mut self, policies: impl IntoIterator<Item = ScalingPolicy>) -> Self {
        self.policies = policies.into_iter().collect();
        self
    }

    /// The API's defaults upwards: no window, the larger of 4 pods and 100 % in 15 s.
    ///
    /// ```
    /// let up = autoscale_core::ScalingRules::scale_up();
    /// assert!(up.policies.len() == 2 && up.stabilization_window.is_some_and(|w| w.is_zero()));
    /// ```
    #[must_use]
    pub fn scale_up() -> Self {
        let period = Duration::from_secs(15);
        Self {
            stabilization_window: Some(Duration::ZERO),
            tolerance: None,
            select: SelectPolicy::Max,
            policies: vec![
                ScalingPolicy {
                    change: Change::Pods(4),
                    period,
                },
                ScalingPolicy {
                    change: Change::Percent(100),
                    period,
                },
            ],
        }
    }

    /// The API's defaults downwards: the controller's window, 100 % in 15 s.
    ///
    /// ```
    /// let rules = autoscale_core::ScalingRules::scale_down();
    /// assert_eq!((rules.stabilization_window, rules.policies.len()), (None, 1));
    /// ```
    #[must_use]
    pub fn scale_down() -> Self {
        Self {
            stabilization_window: None,
            tolerance: None,
            select: SelectPolicy::Max,
            policies: vec![ScalingPolicy {
                change: Change::Percent(100),
                period: Duration::from_secs(15),
            }],
        }
    }

    /// The most replicas that these rules allow at `now`. Where events of the period already
    /// exceed the rules this is below `current`: the caller takes the larger of the two.
    ///
    /// ```
    /// use autoscale_core::{ScaleEventLog, ScalingRules};
    /// use std::time::Duration;
    /// let none = ScaleEventLog::default();
    /// let limit = ScalingRules::scale_up().scale_up_limit(Duration::ZERO, 10, &none, &none);
    /// assert_eq!(limit, 20);
    /// ```
    #[must_use]
    pub fn scale_up_limit(
        &self,
        now: Duration,
        current: u32,
        added: &ScaleEventLog,
        removed: &ScaleEventLog,
    ) -> u32 {
        let allowed = self.policies.iter().map(|policy| {
            let start = period_start(policy, now, current, added, removed);
            match policy.change {
                Change::Pods(pods) => clamp_count(start.saturating_add(i64::from(pods))),
                Change::Percent(percent) => numeric::ceil_replicas(
                    numeric::to_f64(start) * (1.0 + f64::from(percent) / 100.0),
                ),
            }
        });
        match self.select {
            SelectPolicy::Disabled => current,
            SelectPolicy::Max => allowed.max().unwrap_or(current),
            SelectPolicy::Min => allowed.min().unwrap_or(current),
        }
    }

    /// The fewest replicas that these rules allow at `now`; the caller takes the smaller of the
    /// result and `current`.
    ///
    /// ```
    /// use autoscale_core::{Change, ScaleEventLog, ScalingPolicy, ScalingRules};
    /// use std::time::Duration;
    /// let minute = Duration::from_secs(60);
    /// let policy = ScalingPolicy { change: Change::Pods(4), period: minute };
    /// let rules = ScalingRules::scale_down().with_policies([policy]);
    /// let (added, mut removed) = (ScaleEventLog::default(), ScaleEventLog::default());
    /// removed.record(minute, 3, minute); // 13 ran at the period's start
    /// assert_eq!(rules.scale_down_limit(minute, 10, &added, &removed), 9);
    /// ```
    #[must_use]
    pub fn scale_down_limit(
        &self,
        now: Duration,
        current: u32,
        added: &ScaleEventLog,
        removed: &ScaleEventLog,
    ) -> u32 {
        let allowed = self.policies.iter().map(|policy| {
            let start = period_start(policy, now, current, added, removed);
            match policy.change {
                Change::Pods(pods) => clamp_count(start.saturating_sub(i64::from(pods))),
                Change::Percent(percent) => numeric::trunc_replicas(
                    numeric::to_f64(start) * (1.0 - f64::from(percent) / 100.0),
                ),
            }
        });
        match self.select {
            SelectPolicy::Disabled => current,
            SelectPolicy::Max => allowed.min().unwrap_or(current),
            SelectPolicy::Min => allowed.max().unwrap_or(current),
        }
    }

    /// When an event of either direction next leaves the period of one of these policies.
    pub(crate) fn next_expiry(&self, now: Duration, history: &ScaleHistory) -> Option<Duration> {
        let ends = |policy: &ScalingPolicy| {
            let (up, down) = (&history.up, &history.down);
            [
                up.next_expiry(now, policy.period),
                down.next_expiry(now, policy.period),
            ]
        };
        self.policies.iter().flat_map(ends).flatten().min()
    }

    /// The longest period of any policy: how long an event matters.
    ///
    /// ```
    /// use autoscale_core::ScalingRules;
    /// assert_eq!(ScalingRules::scale_up().longest_period(), std::time::Duration::from_secs(15));
    /// ```
    #[must_use]
    pub fn longest_period(&self) -> Duration {
        self.policies
            .iter()
            .map(|p| p.period)
            .max()
            .unwrap_or_default()
    }

    pub(crate) fn validate(&self, path: &str) -> Result<(), ConfigError> {
        if let Some(window) = self.stabilization_window
            && window > MAX_WINDOW
        {
            return Err(ConfigError::range(
                format!("{path}.stabilization_window"),
                crate::format_duration(window),
                "0 … 1h",
            ));
        }
        if let Some(tolerance) = self.tolerance {
            super::config::non_negative(&format!("{path}.tolerance"), tolerance)?;
        }
        if self.policies.is_empty() {
            return Err(ConfigError::Missing {
                field: format!("{path}.policies"),
                need: "at least one policy",
            });
        }
        for (i, policy) in self.policies.iter().enumerate() {
            let (Change::Pods(value) | Change::Percent(value)) = policy.change;
            if value == 0 || i32::try_from(value).is_err() {
                return Err(ConfigError::range(
                    format!("{path}.policies[{i}].change"),
                    value,
                    "1 … 2147483647",
                ));
            }
            if policy.period < Duration::from_secs(1) || policy.period > MAX_PERIOD {
                return Err(ConfigError::range(
                    format!("{path}.policies[{i}].period"),
                    crate::format_duration(policy.period),
                    "1s … 30m",
                ));
            }
        }
        Ok(())
    }
}

fn period_start(
    policy: &ScalingPolicy,
    now: Duration,
    current: u32,
    added: &ScaleEventLog,
    removed: &ScaleEventLog,
) -> i64 {
    i64::from(current) - i64::from(added.change_within(now, policy.period))
        + i64::from(removed.change_within(now, policy.period))
}

fn clamp_count(value: i64) -> u32 {
    u32::try_from(value.clamp(0, i64::from(i32::MAX))).unwrap_or(0)
}

/// Past changes of the count in one direction.
///
/// ```
/// use autoscale_core::ScaleEventLog;
/// use std::time::Duration;
/// let (second, mut log) = (Duration::from_secs(1), ScaleEventLog::default());
/// log.record(second * 10, 3, second * 60);
/// log.record(second * 40, 2, second * 60);
/// assert_eq!(log.change_within(second * 50, second * 60), 5);
/// assert_eq!(log.change_within(second * 70, second * 60), 2); // the first is a period old
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ScaleEventLog {
    events: Vec<ScaleEvent>,
}

/// One past change of the count.
///
/// ```
/// use autoscale_core::{ScaleEvent, ScaleEventLog};
/// use std::time::Duration;
/// let mut log = ScaleEventLog::default();
/// log.record(Duration::from_secs(10), 3, Duration::from_secs(60));
/// let event = ScaleEvent { replica_change: 3, at: Duration::from_secs(10), outdated: false };
/// assert_eq!(log.events(), [event]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ScaleEvent {
    /// By how many replicas, whatever the direction.
    pub replica_change: u32,
    /// When.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub at: Duration,
    /// Whether it is older than any policy's period, so that its place may be used again.
    pub outdated: bool,
}

impl ScaleEventLog {
    /// A log with these events.
    ///
    /// ```
    /// use autoscale_core::{ScaleEvent, ScaleEventLog};
    /// use std::time::Duration;
    /// let event = ScaleEvent { replica_change: 3, at: Duration::from_secs(10), outdated: false };
    /// let log = ScaleEventLog::from_events([event]);
    /// assert_eq!(log.change_within(Duration::from_secs(20), Duration::from_secs(60)), 3);
    /// ```
    #[must_use]
    pub fn from_events(events: impl IntoIterator<Item = ScaleEvent>) -> Self {
        Self {
            events: events.into_iter().collect(),
        }
    }

    /// The events, in no particular order.
    ///
    /// ```
    /// # use autoscale_core::ScaleEventLog;
    /// assert!(ScaleEventLog::default().events().is_empty());
    /// ```
    #[must_use]
    pub fn events(&self) -> &[ScaleEvent] {
        &self.events
    }

    /// Sum of the changes less than `period` ago.
    ///
    /// ```
    /// use autoscale_core::ScaleEventLog;
    /// use std::time::Duration;
    /// let (second, mut log) = (Duration::from_secs(1), ScaleEventLog::default());
    /// log.record(second, 3, second * 60);
    /// assert_eq!(log.change_within(second * 60, second * 60), 3);
    /// assert_eq!(log.change_within(second * 61, second * 60), 0);
    /// ```
    #[must_use]
    pub fn change_within(&self, now: Duration, period: Duration) -> u32 {
        let start = Start::of(now, period);
        self.events
            .iter()
            .filter(|e| start.is_before(e.at))
            .fold(0, |sum, e| sum.saturating_add(e.replica_change))
    }

    /// When the next event of `period` leaves it.
    pub(crate) fn next_expiry(&self, now: Duration, period: Duration) -> Option<Duration> {
        let ends = self
            .events
            .iter()
            .map(|event| event.at.saturating_add(period));
        ends.filter(|end| *end > now).min()
    }

    /// Notes a change; the place of an event older than `longest_period` is used again.
    ///
    /// ```
    /// use autoscale_core::ScaleEventLog;
    /// use std::time::Duration;
    /// let mut log = ScaleEventLog::default();
    /// log.record(Duration::from_secs(10), 3, Duration::from_secs(60));
    /// assert_eq!(log.change_within(Duration::from_secs(20), Duration::from_secs(60)), 3);
    /// ```
    pub fn record(&mut self, now: Duration, replica_change: u32, longest_period: Duration) {
        let mut reuse = None;
        let start = Start::of(now, longest_period);
        for event in &mut self.events {
            event.outdated |= start.is_after(event.at);
            if event.outdated {
                reuse = Some(event);
            }
        }
        let event = ScaleEvent {
            replica_change,
            at: now,
            outdated: false,
        };
        if let Some(place) = reuse {
            *place = event;
        } else if let Some(same) = self.events.iter_mut().find(|e| e.at == now) {
            same.replica_change = same.replica_change.saturating_add(replica_change);
        } else {
            // Few are kept: no room ahead.
            self.events.reserve_exact(1);
            self.events.push(event);
        }
    }
}

/// Past changes of a count in both directions, and one that was decided but not seen yet.
///
/// ```
/// use autoscale_core::{Behavior, Hpa, HpaConfig, MetricSpec, Observation, Policy};
/// use std::time::Duration;
/// let config = HpaConfig::new(10, [MetricSpec::cpu_utilization(70)]);
/// let mut hpa = Hpa::new(config.with_behavior(Some(Behavior::default())))?;
/// hpa.decide(Duration::ZERO, &Observation::new(12)); // back to the maximum
/// assert!(hpa.state().history.down.events().is_empty()); // not carried out yet
/// hpa.decide(Duration::from_secs(15), &Observation::new(10));
/// assert_eq!(hpa.state().history.down.events()[0].replica_change, 2);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct ScaleHistory {
    /// Past scale-ups.
    pub up: ScaleEventLog,
    /// Past scale-downs.
    pub down: ScaleEventLog,
    /// A change that the next observation will confirm.
    pub pending: Option<PendingRescale>,
}

/// A change that was decided but not yet seen to be carried out.
///
/// ```
/// use autoscale_core::{Behavior, Hpa, HpaConfig, MetricSpec, Observation, PendingRescale, Policy};
/// use std::time::Duration;
/// let config = HpaConfig::new(10, [MetricSpec::cpu_utilization(70)]);
/// let mut hpa = Hpa::new(config.with_behavior(Some(Behavior::default())))?;
/// hpa.decide(Duration::ZERO, &Observation::new(12));
/// let pending = PendingRescale { from: 12, to: 10, at: Duration::ZERO };
/// assert_eq!(hpa.state().history.pending, Some(pending));
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PendingRescale {
    /// Count before.
    pub from: u32,
    /// Count asked for.
    pub to: u32,
    /// When.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub at: Duration,
}

impl PendingRescale {
    /// Whether the count that is now asked for shows that something of the change was carried out.
    pub(crate) const fn is_carried_out(&self, spec_replicas: u32) -> bool {
        if self.to > self.from {
            spec_replicas > self.from
        } else {
            spec_replicas < self.from
        }
    }
}

impl ScaleHistory {
    /// Notes that a change was decided.
    pub(crate) fn expect(&mut self, at: Duration, from: u32, to: u32) {
        self.pending = (from != to).then_some(PendingRescale { from, to, at });
    }

    /// Takes as much of the pending change into its log as the count that is now asked for shows to
    /// have been carried out.
    pub(crate) fn confirm(&mut self, spec_replicas: u32, behavior: &super::Behavior) {
        let Some(PendingRescale { from, to, at }) = self.pending.take() else {
            return;
        };
        let (log, rules, done) = if to > from {
            let added = spec_replicas.min(to).saturating_sub(from);
            (&mut self.up, &behavior.scale_up, added)
        } else {
            let removed = from.saturating_sub(spec_replicas.max(to));
            (&mut self.down, &behavior.scale_down, removed)
        };
        if done > 0 {
            log.record(at, done, rules.longest_period());
        }
    }
}

/// Applies rate policies and bounds to a count that was already stabilized; gives the count and,
/// with Kubernetes' names, what limited it (`DesiredWithinRange` where nothing did).
///
/// ```
/// use autoscale_core::{rate_limit, Behavior, ConditionReason, ScaleEventLog};
/// use std::time::Duration;
/// let none = ScaleEventLog::default();
/// let (replicas, why) =
///     rate_limit(Duration::ZERO, 10, 50, 1..=100, &Behavior::default(), &none, &none);
/// assert_eq!((replicas, why), (20, ConditionReason::ScaleUpLimit));
/// ```
#[must_use]
pub fn rate_limit(
    now: Duration,
    current: u32,
    desired: u32,
    bounds: core::ops::RangeInclusive<u32>,
    behavior: &super::Behavior,
    added: &ScaleEventLog,
    removed: &ScaleEventLog,
) -> (u32, ConditionReason) {
    let limited = limits(now, current, desired, bounds, behavior, added, removed);
    (limited.bounded, limited.reason)
}

/// A count after the rates, after the bounds too, and what limited it.
pub(super) struct Limited {
    pub(super) rate_limited: u32,
    pub(super) bounded: u32,
    pub(super) reason: ConditionReason,
}

impl Limited {
    const fn free(desired: u32) -> Self {
        Self {
            rate_limited: desired,
            bounded: desired,
            reason: ConditionReason::DesiredWithinRange,
        }
    }
}

/// [`rate_limit`] with the count between the two stages.
pub(super) fn limits(
    now: Duration,
    current: u32,
    desired: u32,
    bounds: core::ops::RangeInclusive<u32>,
    behavior: &super::Behavior,
    added: &ScaleEventLog,
    removed: &ScaleEventLog,
) -> Limited {
    let mut limited = Limited::free(desired);
    if desired > current {
        let limit = behavior
            .scale_up
            .scale_up_limit(now, current, added, removed)
            .max(current);
        let max = *bounds.end();
        limited.rate_limited = desired.min(limit);
        let (most, reason) = if max > limit {
            (limit, ConditionReason::ScaleUpLimit)
        } else {
            (max, ConditionReason::TooManyReplicas)
        };
        if desired > most {
            (limited.bounded, limited.reason) = (most, reason);
        }
    } else if desired < current {
        let limit = behavior
            .scale_down
            .scale_down_limit(now, current, added, removed)
            .min(current);
        let min = *bounds.start();
        limited.rate_limited = desired.max(limit);
        let (fewest, reason) = if min < limit {
            (limit, ConditionReason::ScaleDownLimit)
        } else {
            (min, ConditionReason::TooFewReplicas)
        };
        if desired < fewest {
            (limited.bounded, limited.reason) = (fewest, reason);
        }
    }
    limited
}

/// Applies the legacy rules of an HPA without `behavior`: bounds, and at most
/// `max(factor × current, minimum)` replicas.
///
/// ```
/// use autoscale_core::{legacy_limit, ConditionReason};
/// assert_eq!(legacy_limit(3, 1000, 1..=2000, 2.0, 4), (6, ConditionReason::ScaleUpLimit));
/// ```
#[must_use]
pub fn legacy_limit(
    current: u32,
    desired: u32,
    bounds: core::ops::RangeInclusive<u32>,
    factor: f64,
    minimum: u32,
) -> (u32, ConditionReason) {
    let limited = legacy_limits(current, desired, bounds, factor, minimum);
    (limited.bounded, limited.reason)
}

/// [`legacy_limit`] with the count between the two stages.
pub(super) fn legacy_limits(
    current: u32,
    desired: u32,
    bounds: core::ops::RangeInclusive<u32>,
    factor: f64,
    minimum: u32,
) -> Limited {
    let limit = numeric::trunc_replicas((factor * f64::from(current)).max(f64::from(minimum)));
    let (most, reason) = if *bounds.end() > limit {
        (limit, ConditionReason::ScaleUpLimit)
    } else {
        (*bounds.end(), ConditionReason::TooManyReplicas)
    };
    let mut limited = Limited::free(desired);
    limited.rate_limited = desired.min(limit);
    if desired < *bounds.start() {
        (limited.bounded, limited.reason) = (*bounds.start(), ConditionReason::TooFewReplicas);
    } else if desired > most {
        (limited.bounded, limited.reason) = (most, reason);
    }
    limited
}
