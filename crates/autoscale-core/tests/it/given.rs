//! Observations and configurations that many tests start from.

use std::time::Duration;

use autoscale_core::{
    Behavior, Change, Decision, Hpa, HpaConfig, MetricReading, MetricSpec, Milli, Observation,
    PodGroup, Policy, ResourceTarget, Sample, ScalingPolicy, ScalingRules, SelectPolicy,
    ValueTarget,
};

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A running, ready, grown-up pod that requests 1000m CPU and 1000m memory.
pub(crate) fn pod() -> PodGroup {
    PodGroup::running(1)
        .with_request("app", "cpu", Milli(1000))
        .with_request("app", "memory", Milli(1000))
}

/// A ready pod that started a minute ago and became ready half a minute ago.
pub(crate) fn young() -> PodGroup {
    PodGroup {
        started_age: Some(secs(60)),
        ready_transition_age: Some(secs(30)),
        ..pod()
    }
}

/// One fresh sample a pod, of the first pods of the list; `None` for a pod without one.
pub(crate) fn samples(values: &[Option<i64>]) -> MetricReading {
    MetricReading::Pods(
        values
            .iter()
            .enumerate()
            .filter_map(|(i, value)| Some(Sample::of_group(i, 1, Milli((*value)?))))
            .collect(),
    )
}

/// `usages.len()` pods, each with a sample.
pub(crate) fn seen(usages: &[i64]) -> Observation {
    let values: Vec<_> = usages.iter().copied().map(Some).collect();
    with_pods(vec![pod(); usages.len()], &values)
}

/// These pods, all of them asked for, with these samples.
pub(crate) fn with_pods(pods: Vec<PodGroup>, values: &[Option<i64>]) -> Observation {
    let count = pods.iter().map(|p| p.count).sum();
    Observation::new(count)
        .with_pods(pods)
        .with_readings([samples(values)])
}

/// `count` ready pods and one value for the whole target.
pub(crate) fn seen_value(count: u32, value: i64) -> Observation {
    Observation::new(count)
        .with_pods([PodGroup { count, ..pod() }])
        .with_readings([MetricReading::value(Milli(value))])
}

pub(crate) fn cpu(percent: u32) -> MetricSpec {
    MetricSpec::cpu_utilization(percent)
}

pub(crate) fn memory(average: i64) -> MetricSpec {
    MetricSpec::Resource {
        name: "memory".into(),
        target: ResourceTarget::AverageValue(Milli(average)),
    }
}

pub(crate) fn pods_metric(average: i64) -> MetricSpec {
    MetricSpec::Pods {
        name: "queue".into(),
        average_value: Milli(average),
    }
}

pub(crate) fn object(target: ValueTarget) -> MetricSpec {
    MetricSpec::Object {
        name: "hits".into(),
        target,
    }
}

pub(crate) fn external(target: ValueTarget) -> MetricSpec {
    MetricSpec::External {
        name: "backlog".into(),
        target,
    }
}

pub(crate) fn value(target: i64) -> ValueTarget {
    ValueTarget::Value(Milli(target))
}

pub(crate) fn average(target: i64) -> ValueTarget {
    ValueTarget::AverageValue(Milli(target))
}

/// One metric, 1 … 100 replicas, and scale-downs that wait for nothing but the same instant.
pub(crate) fn config(metric: MetricSpec) -> HpaConfig {
    HpaConfig::new(100, [metric]).with_downscale_stabilization(Duration::ZERO)
}

/// An HPA that has seen a quiet tick at 0, so that its first recommendation is out of the way.
pub(crate) fn settled(config: HpaConfig, replicas: u32) -> Hpa {
    let mut hpa = Hpa::new(config).unwrap();
    let quiet = hpa.decide(Duration::ZERO, &Observation::new(replicas));
    assert_eq!(quiet.replicas, replicas);
    hpa
}

/// The first decision of a settled HPA.
pub(crate) fn decide(config: HpaConfig, seen: &Observation) -> Decision {
    settled(config, seen.spec_replicas).decide(secs(15), seen)
}

pub(crate) fn rules(select: SelectPolicy, policies: &[(Change, u64)]) -> ScalingRules {
    let policies = policies.iter().map(|(change, period)| ScalingPolicy {
        change: *change,
        period: secs(*period),
    });
    ScalingRules::scale_up()
        .with_select(select)
        .with_policies(policies)
}

/// No windows; everything allowed at once, but for the rules given.
pub(crate) fn behavior(up: Option<ScalingRules>, down: Option<ScalingRules>) -> Behavior {
    let free = || rules(SelectPolicy::Max, &[(Change::Pods(1_000_000), 1)]);
    Behavior::new(up.unwrap_or_else(free), down.unwrap_or_else(free))
}
