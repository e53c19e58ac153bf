//! The Kubernetes HorizontalPodAutoscaler, version 2, as a pure decision.

mod calculate;
mod config;
mod history;
mod limit;
mod pods;
mod rules;
mod stabilize;

use core::time::Duration;

pub use calculate::{GroupCounts, ReplicaCalculator, per_pod_usage};
pub use config::{Behavior, Compat, HpaConfig, MetricSpec, ResourceTarget, ValueTarget};
pub use history::{PendingRescale, ScaleEvent, ScaleEventLog, ScaleHistory};
pub use limit::{legacy_limit, rate_limit};
pub use rules::{Change, ScalingPolicy, ScalingRules, SelectPolicy};
pub use stabilize::{Recommendation, RecommendationLog};

use crate::policy::direction;
use crate::snapshot::snapshot;
use crate::{
    Condition, ConditionReason, ConfigError, Decision, MetricError, MetricReading, MetricStage,
    Observation, Policy, Reason, StageKind,
};

/// Kubernetes' HPA v2: the largest count that any metric asks for, stabilized, rate-limited and
/// bounded, as the controller of the newest release does it.
///
/// State is the log of past recommendations and scale events, a few hundred bytes. A change is
/// taken into the log of scale events when the next observation shows that it was carried out. One
/// decision costs O(metrics × (pod groups + samples) + recommendations in the window) and, after
/// the first, allocates nothing.
///
/// ```
/// use autoscale_core::{
///     Hpa, HpaConfig, MetricReading, MetricSpec, Milli, Observation, PodGroup, Policy, Sample,
/// };
/// use std::time::Duration;
///
/// let mut hpa = Hpa::new(HpaConfig::new(10, [MetricSpec::cpu_utilization(50)]))?;
/// let seen = Observation::new(3)
///     .with_pods([PodGroup::running(3).with_request("app", "cpu", Milli(1000))])
///     .with_readings([MetricReading::Pods(vec![Sample::of_group(0, 3, Milli(900))])]);
/// let decision = hpa.decide(Duration::ZERO, &seen);
/// assert_eq!(decision.replicas, 6); // ⌈90 % ÷ 50 % × 3⌉
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(try_from = "HpaSnapshot", into = "HpaSnapshot")
)]
pub struct Hpa {
    config: HpaConfig,
    calculator: ReplicaCalculator,
    state: HpaState,
}

/// What an HPA remembers between decisions.
///
/// ```
/// use autoscale_core::{Hpa, HpaConfig, MetricSpec, Observation, Policy};
/// use std::time::Duration;
/// let mut hpa = Hpa::new(HpaConfig::new(10, [MetricSpec::cpu_utilization(50)]))?;
/// assert_eq!(hpa.state().recommendations, None);
/// hpa.decide(Duration::from_secs(15), &Observation::new(2));
/// assert_eq!(hpa.state().now, Duration::from_secs(15));
/// assert!(hpa.state().recommendations.is_some());
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct HpaState {
    /// The latest `now`.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub now: Duration,
    /// Past recommendations; `None` before the first decision.
    pub recommendations: Option<RecommendationLog>,
    /// Past changes of the count; stays empty without `behavior`.
    pub history: ScaleHistory,
    /// What held the latest decision back, if a window or a rate did.
    pub held_by: Option<Reason>,
    /// Status of the `ScaledToZero` condition, where there is one.
    pub scaled_to_zero: Option<bool>,
}

/// An HPA's configuration and state, as it is written to disk.
///
/// ```
/// use autoscale_core::{Hpa, HpaConfig, HpaSnapshot, MetricSpec, Observation, Policy};
/// let mut hpa = Hpa::new(HpaConfig::new(10, [MetricSpec::cpu_utilization(50)]))?;
/// hpa.decide(std::time::Duration::from_secs(15), &Observation::new(2));
/// let restored = Hpa::try_from(HpaSnapshot::from(hpa.clone()))?;
/// assert_eq!(restored.state(), hpa.state());
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct HpaSnapshot {
    /// The configuration.
    pub config: HpaConfig,
    /// The state.
    #[cfg_attr(feature = "serde", serde(default))]
    pub state: HpaState,
}

snapshot!(Hpa, HpaSnapshot);

impl Hpa {
    /// Checks a configuration and makes the policy.
    ///
    /// # Errors
    /// [`ConfigError`] names the field, the value and the bound.
    ///
    /// ```
    /// use autoscale_core::{Hpa, HpaConfig, MetricSpec};
    /// let cpu = [MetricSpec::cpu_utilization(50)];
    /// assert_eq!(Hpa::new(HpaConfig::new(10, cpu.clone()))?.config().min_replicas, 1);
    /// let message = Hpa::new(HpaConfig::new(0, cpu)).err().map(|error| error.to_string());
    /// assert_eq!(message.as_deref(), Some("max_replicas is 0, must be 1 … 2147483647"));
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    pub fn new(config: HpaConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let calculator = ReplicaCalculator::new(&config);
        Ok(Self {
            config,
            calculator,
            state: HpaState::default(),
        })
    }

    /// The configuration.
    ///
    /// ```
    /// # use autoscale_core::{Hpa, HpaConfig, MetricSpec};
    /// let hpa = Hpa::new(HpaConfig::new(10, [MetricSpec::cpu_utilization(50)]))?;
    /// assert_eq!(hpa.config().max_replicas, 10);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn config(&self) -> &HpaConfig {
        &self.config
    }

    /// What it remembers; see [`HpaSnapshot`] for restoring it.
    ///
    /// ```
    /// # use autoscale_core::{Hpa, HpaConfig, HpaState, MetricSpec};
    /// let hpa = Hpa::new(HpaConfig::new(10, [MetricSpec::cpu_utilization(50)]))?;
    /// assert_eq!(hpa.state(), &HpaState::default());
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn state(&self) -> &HpaState {
        &self.state
    }

    /// The largest count that a metric asks for, or the first failure where failures forbid it.
    fn recommend(&mut self, seen: &Observation, out: &mut Decision) -> Option<u32> {
        let mut largest = None;
        let mut failed = None;
        for (i, metric) in self.config.metrics.iter().enumerate() {
            let index = self.config.first_reading.saturating_add(i);
            let reading = seen.readings.get(index).unwrap_or(&MetricReading::Failed);
            let stage = self.calculator.calculate(metric, reading, seen);
            match stage.proposal {
                Ok(count) if largest.is_none_or(|(most, _)| count > most) => {
                    largest = Some((count, i));
                }
                Ok(_) => {}
                Err(_) => failed = failed.or(Some(metric)),
            }
            out.metrics.push(stage);
        }
        let refused = |metric: &MetricSpec| Condition {
            status: false,
            reason: failure_reason(metric),
        };
        match (largest, failed) {
            (Some((count, _)), Some(metric)) if count < seen.spec_replicas => {
                out.conditions.scaling_active = Some(refused(metric));
                None
            }
            (Some((count, winner)), _) => {
                out.conditions.scaling_active = Some(Condition {
                    status: true,
                    reason: ConditionReason::ValidMetricFound,
                });
                out.push(StageKind::Recommended, count);
                let stage = out.metrics.get(winner).copied().unwrap_or_default();
                out.reason = self.held_by(&stage, out);
                Some(count)
            }
            (None, metric) => {
                out.conditions.scaling_active = metric.map(refused);
                None
            }
        }
    }

    /// The reason as far as the metrics decide it.
    fn held_by(&self, winner: &MetricStage, out: &Decision) -> Reason {
        if out.replicas != out.current_replicas {
            direction(out.current_replicas, out.replicas)
        } else if out.metrics.iter().any(|m| m.samples_lost) {
            Reason::SamplesLost
        } else if winner.uncertain {
            Reason::Uncertain
        } else if winner.within_tolerance {
            Reason::WithinTolerance
        } else {
            Reason::Steady
        }
    }

    /// Stabilization, rates and bounds.
    fn normalize(&mut self, now: Duration, recommended: u32, out: &mut Decision) {
        let current = out.current_replicas;
        let stabilized = self.stabilize(now, current, recommended);
        out.push(StageKind::Stabilized, stabilized);
        let held = if self.config.behavior.is_some() && recommended >= current {
            (
                ConditionReason::ScaleUpStabilized,
                Reason::ScaleUpStabilized,
            )
        } else {
            (
                ConditionReason::ScaleDownStabilized,
                Reason::ScaleDownStabilized,
            )
        };
        let able = if stabilized == recommended {
            ConditionReason::ReadyForNewScale
        } else {
            out.reason = held.1;
            held.0
        };
        out.conditions.able_to_scale = Some(Condition {
            status: true,
            reason: able,
        });

        let limited = self.limit(now, current, stabilized);
        out.push(StageKind::RateLimited, limited.rate_limited);
        out.push(StageKind::Bounded, limited.bounded);
        out.conditions.scaling_limited = Some(Condition {
            status: limited.bounded != stabilized,
            reason: limited.reason,
        });
        out.reason = match limited.reason {
            ConditionReason::ScaleUpLimit => Reason::ScaleUpLimit,
            ConditionReason::ScaleDownLimit => Reason::ScaleDownLimit,
            ConditionReason::TooManyReplicas => Reason::TooManyReplicas,
            ConditionReason::TooFewReplicas => Reason::TooFewReplicas,
            _ => out.reason,
        };
    }

    /// Rates and bounds of a stabilized count.
    fn limit(&self, now: Duration, current: u32, stabilized: u32) -> limit::Limited {
        let bounds = self.config.min_replicas..=self.config.max_replicas;
        match &self.config.behavior {
            None => limit::legacy_limits(
                current,
                stabilized,
                bounds,
                self.config.legacy_scale_up_factor,
                self.config.legacy_scale_up_minimum,
            ),
            Some(behavior) => limit::limits(
                now,
                current,
                stabilized,
                bounds,
                behavior,
                &self.state.history.up,
                &self.state.history.down,
            ),
        }
    }

    /// A time without data asks for what runs: windows begin anew after it.
    fn record_blind(&mut self, now: Duration, current: u32) {
        if self.config.compat == Compat::Upstream {
            return;
        }
        self.stabilize(now, current, current);
    }

    /// Records a recommendation and gives the count after the windows.
    fn stabilize(&mut self, now: Duration, current: u32, recommended: u32) -> u32 {
        let log = self.state.recommendations.get_or_insert_default();
        let controller_window = self.config.downscale_stabilization;
        match &self.config.behavior {
            None => log.stabilize_down(now, recommended, controller_window),
            Some(behavior) => {
                let up = behavior.scale_up.stabilization_window.unwrap_or_default();
                let down = behavior
                    .scale_down
                    .stabilization_window
                    .unwrap_or(controller_window);
                log.stabilize(now, current, recommended, up, down)
            }
        }
    }

    /// What to do at zero, above the maximum or below the minimum; `None`: ask the metrics.
    fn out_of_bounds(&self, current: u32) -> Option<(u32, Reason)> {
        let HpaConfig {
            min_replicas,
            max_replicas,
            ..
        } = self.config;
        if current == 0 {
            let scaled = self.config.scale_to_zero && self.state.scaled_to_zero == Some(true);
            let wakes = self
                .config
                .metrics
                .iter()
                .any(MetricSpec::can_wake_from_zero);
            (!scaled || (min_replicas == 0 && !wakes)).then_some((0, Reason::Disabled))
        } else if current > max_replicas {
            Some((max_replicas, Reason::AboveMaximum))
        } else if current < min_replicas {
            Some((min_replicas, Reason::BelowMinimum))
        } else {
            None
        }
    }

    /// Conditions and pending change of a decision that asks for another count.
    fn rescale(&mut self, now: Duration, out: &mut Decision) {
        out.conditions.able_to_scale = Some(Condition {
            status: true,
            reason: ConditionReason::SucceededRescale,
        });
        if self.config.behavior.is_some() {
            self.state
                .history
                .expect(now, out.current_replicas, out.replicas);
        }
        if self.config.scale_to_zero {
            let to_zero = out.replicas == 0
                && self.config.min_replicas == 0
                && self
                    .config
                    .metrics
                    .iter()
                    .any(MetricSpec::can_wake_from_zero);
            self.state.scaled_to_zero = Some(to_zero);
        }
    }
}

impl Policy for Hpa {
    fn decide_into(&mut self, now: Duration, seen: &Observation, out: &mut Decision) {
        let now = now.max(self.state.now);
        self.state.now = now;
        let current = seen.spec_replicas;
        if let Some(behavior) = &self.config.behavior {
            self.state.history.confirm(current, behavior);
        }
        out.reset(current);
        out.conditions.able_to_scale = Some(Condition {
            status: true,
            reason: ConditionReason::SucceededGetScale,
        });
        if self.state.recommendations.is_none() {
            let first = Recommendation {
                replicas: current,
                at: now,
            };
            self.state.recommendations = Some(RecommendationLog::from_entries([first]));
        }

        if let Some((replicas, reason)) = self.out_of_bounds(current) {
            if reason == Reason::Disabled {
                out.conditions.scaling_active = Some(Condition {
                    status: false,
                    reason: ConditionReason::ScalingDisabled,
                });
            }
            out.push(StageKind::Bounded, replicas);
            out.reason = reason;
        } else if let Some(recommended) = self.recommend(seen, out) {
            self.normalize(now, recommended, out);
            if current == 0 && out.replicas < self.config.min_replicas {
                out.push(StageKind::Bounded, self.config.min_replicas);
                out.reason = Reason::TooFewReplicas;
            }
        } else {
            out.reason = Reason::MetricsFailed;
            out.blind = true;
            self.record_blind(now, current);
        }

        if out.is_change() {
            self.rescale(now, out);
        }
        self.state.held_by = Some(out.reason).filter(|reason| {
            use Reason::{ScaleDownLimit, ScaleDownStabilized, ScaleUpLimit, ScaleUpStabilized};
            [
                ScaleUpStabilized,
                ScaleDownStabilized,
                ScaleUpLimit,
                ScaleDownLimit,
            ]
            .contains(reason)
        });
        if !self.config.scale_to_zero {
            self.state.scaled_to_zero = None;
        }
        out.conditions.scaled_to_zero = self.state.scaled_to_zero.map(|status| Condition {
            status,
            reason: if status {
                ConditionReason::ScaledToZero
            } else {
                ConditionReason::NotScaledToZero
            },
        });
    }

    fn next_wakeup(&self) -> Option<Duration> {
        self.held_until()
    }
}

impl Hpa {
    /// The end of whatever held the latest decision back.
    fn held_until(&self) -> Option<Duration> {
        let now = self.state.now;
        let log = self.state.recommendations.as_ref()?;
        let window = self.config.downscale_stabilization;
        let Some(behavior) = &self.config.behavior else {
            return match self.state.held_by? {
                Reason::ScaleDownStabilized => log.next_expiry(now, window),
                // The legacy limit depends on the count alone.
                _ => None,
            };
        };
        let (up, down) = (&behavior.scale_up, &behavior.scale_down);
        match self.state.held_by? {
            Reason::ScaleUpStabilized => {
                log.next_expiry(now, up.stabilization_window.unwrap_or_default())
            }
            Reason::ScaleDownStabilized => {
                log.next_expiry(now, down.stabilization_window.unwrap_or(window))
            }
            Reason::ScaleUpLimit => up.next_expiry(now, &self.state.history),
            _ => down.next_expiry(now, &self.state.history),
        }
    }
}

const fn failure_reason(metric: &MetricSpec) -> ConditionReason {
    match metric {
        MetricSpec::Resource { .. } => ConditionReason::FailedGetResourceMetric,
        MetricSpec::ContainerResource { .. } => ConditionReason::FailedGetContainerResourceMetric,
        MetricSpec::Pods { .. } => ConditionReason::FailedGetPodsMetric,
        MetricSpec::Object { .. } => ConditionReason::FailedGetObjectMetric,
        MetricSpec::External { .. } => ConditionReason::FailedGetExternalMetric,
        MetricSpec::Unknown { .. } => ConditionReason::InvalidMetricSourceType,
    }
}

impl MetricStage {
    /// Why the metric gave no count, if it gave none.
    ///
    /// ```
    /// use autoscale_core::{MetricError, MetricStage};
    /// let stage = MetricStage { proposal: Err(MetricError::Stale), ..MetricStage::default() };
    /// assert_eq!(stage.error(), Some(MetricError::Stale));
    /// ```
    #[must_use]
    pub fn error(&self) -> Option<MetricError> {
        self.proposal.err()
    }
}
