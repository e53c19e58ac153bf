//! Kind `reconcile`: the whole decision of an HPA.

use std::collections::BTreeMap;

use autoscale_core::{
    Conditions, Decision, Hpa, HpaConfig, HpaSnapshot, HpaState, MetricReading, Observation,
    Policy, ScaleHistory,
};
use serde::Deserialize;

use super::calculate::Tolerance;
use super::metrics::{MetricInput, ObservedInput};
use super::pods::{PodInput, groups};
use super::rates::{self, RulesInput};
use super::stabilize::{self, RecommendationInput};
use super::{NOW, upstream};
use crate::fields::{Seconds, given};
use crate::report::Comparison;
use crate::suite::{Question, Refused};

/// An HPA, what it remembers and sees, and what it then does.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reconcile {
    spec: SpecInput,
    state: StateInput,
    observed: Vec<ObservedInput>,
    expect: ReconcileExpect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SpecInput {
    min_replicas: Option<u32>,
    max_replicas: u32,
    metrics: Vec<MetricInput>,
    behavior: Option<BehaviorInput>,
    tolerance: Tolerance,
    downscale_stabilization_s: Seconds,
    cpu_initialization_s: Seconds,
    initial_readiness_delay_s: Seconds,
    legacy_scale_up_factor: f64,
    legacy_scale_up_minimum: u32,
    scale_to_zero_enabled: bool,
    pod_level_requests_enabled: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BehaviorInput {
    scale_up: Option<RulesInput>,
    scale_down: Option<RulesInput>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StateInput {
    spec_replicas: u32,
    status_replicas: u32,
    pods: Vec<PodInput>,
    recommendation_history: Option<Vec<RecommendationInput>>,
    /// Null and false: the condition has never been set.
    scaled_to_zero_by_autoscaler: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReconcileExpect {
    #[serde(default, deserialize_with = "given")]
    replicas: Option<u32>,
    #[serde(default, deserialize_with = "given")]
    conditions: Option<Vec<ConditionExpect>>,
    #[serde(default, deserialize_with = "given")]
    cpu_utilization_percent: Option<i32>,
    #[serde(default, deserialize_with = "given")]
    any_metric_failed_or_error: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConditionExpect {
    #[serde(rename = "type")]
    kind: ConditionType,
    status: bool,
    reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
enum ConditionType {
    AbleToScale,
    ScalingActive,
    ScalingLimited,
    ScaledToZero,
}

/// Conditions by type: status and reason.
type ConditionSet = BTreeMap<ConditionType, (bool, String)>;

impl SpecInput {
    fn config(&self) -> Result<HpaConfig, Refused> {
        let metrics = self.metrics.iter().map(MetricInput::spec);
        let metrics = metrics.collect::<Result<Vec<_>, _>>()?;
        let mut config = upstream(self.max_replicas, metrics)
            .with_downscale_stabilization(self.downscale_stabilization_s.0)
            .with_cpu_initialization_period(self.cpu_initialization_s.0)
            .with_initial_readiness_delay(self.initial_readiness_delay_s.0)
            .with_legacy_scale_up_factor(self.legacy_scale_up_factor)
            .with_legacy_scale_up_minimum(self.legacy_scale_up_minimum)
            .with_scale_to_zero(self.scale_to_zero_enabled);
        if let Some(min) = self.min_replicas {
            config = config.with_min_replicas(min);
        }
        if let Some(enabled) = self.pod_level_requests_enabled {
            config = config.with_pod_level_requests(enabled);
        }
        let Tolerance {
            scale_up,
            scale_down,
        } = self.tolerance;
        Ok(match &self.behavior {
            Some(input) => {
                let mut rules = rates::behavior(input.scale_up.as_ref(), input.scale_down.as_ref());
                self.tolerance.apply(&mut rules);
                config.with_behavior(Some(rules))
            }
            // Without `behavior` an HPA has one tolerance, the controller's.
            None if scale_up.to_bits() == scale_down.to_bits() => config.with_tolerance(scale_up),
            None => {
                return Err(Refused(
                    "spec.tolerance: differs by direction, but there is no behavior".to_owned(),
                ));
            }
        })
    }

    fn resources(&self) -> Vec<&str> {
        let mut resources: Vec<_> = self.metrics.iter().filter_map(|m| m.resource()).collect();
        resources.sort_unstable();
        resources.dedup();
        resources
    }

    fn readings(
        &self,
        observed: &[ObservedInput],
        pods: &[PodInput],
    ) -> Result<Vec<MetricReading>, Refused> {
        if observed.len() != self.metrics.len() {
            return Err(Refused(format!(
                "observed: has {} entries for {} metrics",
                observed.len(),
                self.metrics.len()
            )));
        }
        let pairs = self.metrics.iter().zip(observed);
        pairs
            .map(|(metric, seen)| metric.reading(seen, pods))
            .collect()
    }
}

impl Question for Reconcile {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let Self {
            spec,
            state,
            observed,
            expect,
        } = self;
        let history = state.recommendation_history;
        let remembered = HpaState {
            now: NOW,
            recommendations: history.map(|entries| stabilize::log(&entries)),
            history: ScaleHistory::default(),
            scaled_to_zero: state.scaled_to_zero_by_autoscaler.filter(|scaled| *scaled),
            held_by: None,
        };
        let mut seen = Observation::new(state.spec_replicas)
            .with_pods(groups(&state.pods, &spec.resources()))
            .with_readings(spec.readings(&observed, &state.pods)?);
        seen.status_replicas = state.status_replicas;
        let snapshot = HpaSnapshot {
            config: spec.config()?,
            state: remembered,
        };
        match Hpa::try_from(snapshot) {
            Ok(mut hpa) => expect.compare(answers, &spec, &hpa.decide(NOW, &seen)),
            Err(e) => answers.refused(e),
        }
        Ok(())
    }
}

impl ReconcileExpect {
    fn compare(self, answers: &mut Comparison, spec: &SpecInput, decision: &Decision) {
        answers.same_if_given("replicas", self.replicas.as_ref(), &decision.replicas);
        if let Some(expected) = self.conditions {
            let expected: ConditionSet = expected
                .into_iter()
                .map(|c| (c.kind, (c.status, c.reason)))
                .collect();
            answers.same(
                "conditions",
                &expected,
                &condition_set(&decision.conditions),
            );
        }
        if let Some(expected) = self.cpu_utilization_percent {
            let cpu = spec
                .metrics
                .iter()
                .position(|m| m.resource() == Some("cpu"));
            let stage = cpu.and_then(|index| decision.metrics.get(index));
            let got = stage.and_then(|stage| stage.utilization_percent);
            answers.same("cpu_utilization_percent", &Some(expected), &got);
        }
        let failed = decision.metrics.iter().any(|stage| stage.error().is_some());
        answers.same_if_given(
            "any_metric_failed_or_error",
            self.any_metric_failed_or_error.as_ref(),
            &failed,
        );
    }
}

fn condition_set(conditions: &Conditions) -> ConditionSet {
    [
        (ConditionType::AbleToScale, conditions.able_to_scale),
        (ConditionType::ScalingActive, conditions.scaling_active),
        (ConditionType::ScalingLimited, conditions.scaling_limited),
        (ConditionType::ScaledToZero, conditions.scaled_to_zero),
    ]
    .into_iter()
    .filter_map(|(kind, condition)| {
        let condition = condition?;
        Some((kind, (condition.status, condition.reason.name().to_owned())))
    })
    .collect()
}
