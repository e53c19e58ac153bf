//! What to do about a metric, by when, and how much of it.

use core::time::Duration;

use crate::breach::{Breach, TimeToLimit};
use crate::duration::format;
use crate::limit::{Direction, Limit, LimitValue};
use crate::metric::{Action, Metric, MetricKind};
use crate::plan::Plan;
use crate::urgency::{UrgencyConfig, UrgencyDecision, UrgencyReason};

/// Doublings of the distance until a limit is given up as too far, and halvings of the last one.
const DOUBLINGS: usize = 10;
const HALVINGS: usize = 12;

/// How far the limit must move so that the metric reaches it within the horizon, which covers the lead
/// time, with less than the accepted risk, [`UrgencyConfig::medium`]. Found by bisection on the same
/// plan, to a thousandth of the move; an expectation like the rest of the plan, not an order form.
///
/// ```
/// # use capacity_forecast::*;
/// # use std::time::Duration;
/// let hour = Duration::from_secs(3600);
/// let used = (0..672).map(|h| 0.1 + 0.001 * f64::from(h));
/// let series = Series::from_grid(Duration::ZERO, hour, used)?;
/// let disk = Metric::new("disk", MetricKind::DiskUtilization).with_lead_time(6 * 24 * hour);
/// let mut planner = CapacityPlanner::new(CapacityPlannerConfig::default().with_metrics(vec![disk]))?;
/// let report = planner.report(series.end(), [("disk", &series)]);
/// let Relief::Limit { from, to, factor, .. } = report.recommendations[0].relief else {
///     return Err("no relief".into());
/// };
/// assert_eq!(from, 0.9);
/// assert!(to > 0.93, "a week on it is at 0.939");
/// assert_eq!(factor, Some(to / from));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Relief {
    /// A limit that would do.
    Limit {
        /// Where it lies at the first step ahead.
        from: f64,
        /// Where it would have to.
        to: f64,
        /// So many times the capacity, for use of processor, memory or disk with one limit that is
        /// reached from below: that is what brings the metric down as a limit at `to` would. Other
        /// metrics do not answer to capacity in proportion.
        factor: Option<f64>,
        /// P(reached within the horizon) with the limit there.
        probability: f64,
    },
    /// The limit would have to lie where the metric cannot go: it is full for part of the horizon,
    /// and how much is wanted beyond that the series does not show.
    BeyondBounds {
        /// The bound.
        bound: f64,
    },
    /// No limit that could be told brings the probability down: the backtest is too short to say so
    /// much.
    NotFound {
        /// The furthest limit that was tried.
        tried: f64,
        /// P(reached within the horizon) there.
        probability: f64,
    },
}

/// What to do about a metric that is urgent. Its `Display` is one line for people.
///
/// ```
/// # use capacity_forecast::*;
/// # use std::time::Duration;
/// let hour = Duration::from_secs(3600);
/// let series = Series::from_grid(Duration::ZERO, hour, vec![0.95; 100])?;
/// let disk = Metric::new("disk", MetricKind::DiskUtilization);
/// let mut planner = CapacityPlanner::new(CapacityPlannerConfig::default().with_metrics(vec![disk]))?;
/// let report = planner.report(series.end(), [("disk", &series)]);
/// let recommendation = &report.recommendations[0];
/// assert_eq!(recommendation.action, Action::AddStorageOrArchive);
/// assert_eq!(recommendation.act_by, Some(series.end()));
/// let line = "disk (high): add storage, or archive data; the limit of 0.9 is reached, now at 0.95";
/// assert_eq!(recommendation.to_string(), line);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Recommendation {
    /// The metric.
    pub metric: String,
    /// What it measures.
    pub kind: MetricKind,
    /// How urgent it is, and why.
    pub urgency: UrgencyDecision,
    /// What to do.
    #[doc(alias = "recommended_action")]
    pub action: Action,
    /// How much of it.
    pub relief: Relief,
    /// From this moment on the limit is reached before the action helps with a probability of
    /// [`UrgencyConfig::high`] or more. Not before `now`; `None` where that is beyond the horizon.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration::option"))]
    pub act_by: Option<Duration>,
    /// When the limit is reached, from `now`.
    pub time_to_limit: TimeToLimit,
    /// The newest value.
    #[doc(alias = "current_value")]
    pub current: f64,
    /// The limit's value at the first step ahead.
    #[doc(alias = "capacity_limit")]
    pub limit: f64,
}

impl Recommendation {
    pub(super) fn new(
        metric: &Metric,
        plan: &Plan,
        breach: &Breach,
        urgency: UrgencyDecision,
        config: &UrgencyConfig,
    ) -> Self {
        let until = breach.quantile(config.high);
        let act_by = until.map(|until| {
            let left = until.saturating_sub(urgency.lead_time);
            plan.now.saturating_add(left)
        });
        Self {
            metric: metric.name.clone(),
            kind: metric.kind,
            urgency,
            action: metric.action(),
            relief: Relief::of(metric, plan, breach, config.medium),
            act_by,
            time_to_limit: breach.time_to_limit(),
            current: plan.current,
            limit: breach.limit.at(0),
        }
    }
}

impl core::fmt::Display for Recommendation {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let UrgencyDecision {
            level: urgency,
            reason,
            probability,
            lead_time,
            bar,
        } = self.urgency;
        write!(f, "{} ({urgency}): {}; ", self.metric, self.action)?;
        if reason == UrgencyReason::Reached {
            let (limit, current) = (self.limit, self.current);
            return write!(f, "the limit of {limit} is reached, now at {current}");
        }
        let within = format(lead_time);
        write!(
            f,
            "the limit of {} is reached within {within} with probability {probability:.2}, bar {bar:.2}",
            self.limit
        )
    }
}

impl Relief {
    fn of(metric: &Metric, plan: &Plan, breach: &Breach, accepted: f64) -> Self {
        let limit = &breach.limit;
        let sign = limit.sign();
        let from = limit.at(0);
        let horizon = plan.horizon();
        let risk = |by: f64| {
            let moved = plan.breach(&limit.moved(sign * by));
            moved.map_or(1.0, |moved| moved.probability_within(horizon))
        };
        let unmoved = risk(0.0);
        if unmoved < accepted {
            return Self::limit(metric, limit, from, unmoved);
        }
        let bound = plan.model.bound(limit.direction);
        let room = sign * (bound - from);
        if room.is_finite() && risk(room) >= accepted {
            return Self::BeyondBounds { bound };
        }
        let mut far = Self::guess(plan, limit).min(room.max(0.0));
        let mut near = 0.0;
        let mut probability = risk(far);
        for _ in 0..DOUBLINGS {
            if probability < accepted {
                break;
            }
            near = far;
            far = (2.0 * far).min(room);
            probability = risk(far);
        }
        if probability >= accepted {
            let tried = from + sign * far;
            return Self::NotFound { tried, probability };
        }
        for _ in 0..HALVINGS {
            let middle = 0.5 * (near + far);
            let at_middle = risk(middle);
            if at_middle < accepted {
                (far, probability) = (middle, at_middle);
            } else {
                near = middle;
            }
        }
        Self::limit(metric, limit, from + sign * far, probability)
    }

    fn limit(metric: &Metric, limit: &Limit, to: f64, probability: f64) -> Self {
        let from = limit.at(0);
        let proportional = metric.kind.is_share_of_capacity()
            && limit.direction == Direction::Rising
            && matches!(limit.value, LimitValue::Constant(_))
            && from > 0.0;
        Self::Limit {
            from,
            to,
            factor: proportional.then_some(to / from),
            probability,
        }
    }

    /// The size of things: what is expected beyond the limit and a part of the widest interval, or a
    /// thousandth of the limit.
    fn guess(plan: &Plan, limit: &Limit) -> f64 {
        let (sign, mut beyond, mut width) = (limit.sign(), 0.0_f64, f64::MIN_POSITIVE);
        for (step, point) in plan.point.iter().enumerate() {
            beyond = beyond.max(sign * (point - limit.at(step)));
        }
        for interval in &plan.intervals {
            for (low, high) in interval.lower.iter().zip(&interval.upper) {
                width = width.max(high - low);
            }
        }
        (beyond + 0.25 * width)
            .max(0.001 * limit.at(0).abs())
            .min(f64::MAX / 4096.0)
    }
}

impl Limit {
    /// The same limit, all of it moved by so much.
    fn moved(&self, by: f64) -> Self {
        let mut moved = self.clone();
        match &mut moved.value {
            LimitValue::Constant(value) => *value += by,
            LimitValue::Steps(values) => values.iter_mut().for_each(|value| *value += by),
        }
        moved
    }
}
