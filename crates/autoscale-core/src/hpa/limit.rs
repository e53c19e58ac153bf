//! What rate policies and bounds make of a count that was already stabilized.
//!
//! Upwards the smaller of the rate's limit and the upper bound counts, downwards the larger of the
//! rate's limit and the lower bound; whichever cut the count is named. Without `behavior` the
//! legacy rule holds: at most `max(factor × current, minimum)` upwards, any step downwards.
//!
//! Source: Kubernetes `normalizeDesiredReplicasWithBehaviors`, `convertDesiredReplicasWithRules`.
//! Cost: that of the rate policies. Edge cases: the rates never move a count across the current one;
//! bounds do; a bound and a rate that cut alike are named as the bound. Vectors:
//! `rate_limit_with_behavior`, `clamp_without_behavior`.

use core::time::Duration;

use super::history::ScaleEventLog;
use crate::{ConditionReason, numeric};

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
