//! Rate policies: how fast a count may change.
//!
//! A policy allows a number of pods, or a percentage, a period. The count at the period's start is
//! `current − added(period) + removed(period)`; up: `start + pods` or `⌈start·(1 + percent/100)⌉`,
//! down: `start − pods` or `trunc(start·(1 − percent/100))`. `Max` takes the policy that allows the
//! largest change, `Min` the smallest, `Disabled` forbids the direction. The limit may lie on the
//! other side of the current count; whoever applies it takes the current count then.
//!
//! Source: Kubernetes KEP-853 and `pkg/controller/podautoscaler/horizontal.go`. Cost: O(policies ×
//! events in the longest period). Edge cases: an event exactly one period old no longer counts; a
//! direction without policies is refused by the configuration; a count never leaves 0 … 2³¹ − 1.
//! Vectors: `scale_limit`.

use core::time::Duration;

use super::history::{ScaleEventLog, ScaleHistory};
use crate::{ConfigError, numeric};

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
