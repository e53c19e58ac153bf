use std::time::Duration;

use autoscale_core::{
    Behavior, Change, Fixed, Hpa, HpaConfig, Milli, PolicyExt, ResourceTarget, ScalingPolicy,
};

use super::{HOUR_AND_MORE, message};
use crate::given::{average, cpu, external, memory, object, pods_metric, secs, value};

#[test]
fn hpa() {
    let base = || HpaConfig::new(10, [cpu(50)]);
    let metric = |metric| HpaConfig::new(10, [cpu(50), metric]);
    let container = |target| autoscale_core::MetricSpec::ContainerResource {
        name: "cpu".into(),
        container: "app".into(),
        target,
    };
    let max = |max| HpaConfig::new(max, [cpu(50)]);
    for (config, expected) in [
        (max(0), "max_replicas is 0, must be 1 … 2147483647"),
        (
            max(1 << 31),
            "max_replicas is 2147483648, must be 1 … 2147483647",
        ),
        (
            base().with_min_replicas(11),
            "min_replicas is 11, must be at most max_replicas (10)",
        ),
        (HpaConfig::new(10, []), "metrics is missing: at least one"),
        (
            metric(cpu(0)),
            "metrics[1].resource.target.utilization is 0, must be at least 1",
        ),
        (
            metric(container(ResourceTarget::Utilization(0))),
            "metrics[1].container_resource.target.utilization is 0, must be at least 1",
        ),
        (
            metric(memory(0)),
            "metrics[1].resource.target.average_value is 0m, must be greater than 0",
        ),
        (
            metric(container(ResourceTarget::AverageValue(Milli(-5)))),
            "metrics[1].container_resource.target.average_value is -5m, must be greater than 0",
        ),
        (
            metric(pods_metric(0)),
            "metrics[1].pods.average_value is 0m, must be greater than 0",
        ),
        (
            metric(object(value(i64::MIN))),
            "metrics[1].object.target.value is -9223372036854775808m, must be greater than 0",
        ),
        (
            metric(object(average(0))),
            "metrics[1].object.target.average_value is 0m, must be greater than 0",
        ),
        (
            metric(external(value(0))),
            "metrics[1].external.target.value is 0m, must be greater than 0",
        ),
        (
            metric(external(average(-1))),
            "metrics[1].external.target.average_value is -1m, must be greater than 0",
        ),
        (
            base().with_tolerance(-0.1),
            "tolerance is -0.1, must be a finite number ≥ 0",
        ),
        (
            base().with_tolerance(f64::NAN),
            "tolerance is NaN, must be a finite number ≥ 0",
        ),
        (
            base().with_legacy_scale_up_factor(0.5),
            "legacy_scale_up_factor is 0.5, must be a finite number ≥ 1",
        ),
        (
            base().with_legacy_scale_up_factor(f64::INFINITY),
            "legacy_scale_up_factor is inf, must be a finite number ≥ 1",
        ),
        (
            base().with_downscale_stabilization(HOUR_AND_MORE),
            "downscale_stabilization is 3600001ms, must be 0 … 1h",
        ),
    ] {
        assert_eq!(message(Hpa::new(config)), expected);
    }
}

/// What is a nanosecond too long must not read as what is allowed.
#[test]
fn a_nanosecond_too_long() {
    let nano = secs(3600) + Duration::from_nanos(1);
    let config = HpaConfig::new(10, [cpu(50)]).with_downscale_stabilization(nano);
    let text = message(Hpa::new(config));
    assert_ne!(text, "downscale_stabilization is 1h, must be 0 … 1h");
}

fn rules_with(change: impl Fn(&mut Behavior)) -> Behavior {
    let mut behavior = Behavior::default();
    change(&mut behavior);
    behavior
}

#[test]
fn scaling_rules() {
    let second = |policy: ScalingPolicy| rules_with(|b| b.scale_up.policies[1] = policy);
    let policy = |change, ms| ScalingPolicy {
        change,
        period: Duration::from_millis(ms),
    };
    for (rules, expected) in [
        (
            rules_with(|b| b.scale_up.stabilization_window = Some(HOUR_AND_MORE)),
            "scale_up.stabilization_window is 3600001ms, must be 0 … 1h",
        ),
        (
            rules_with(|b| b.scale_down.stabilization_window = Some(Duration::MAX)),
            "scale_down.stabilization_window is 18446744073709551615.999999999s, must be 0 … 1h",
        ),
        (
            rules_with(|b| b.scale_up.tolerance = Some(f64::NEG_INFINITY)),
            "scale_up.tolerance is -inf, must be a finite number ≥ 0",
        ),
        (
            rules_with(|b| b.scale_down.tolerance = Some(-1.0)),
            "scale_down.tolerance is -1, must be a finite number ≥ 0",
        ),
        (
            rules_with(|b| b.scale_down.policies.clear()),
            "scale_down.policies is missing: at least one policy",
        ),
        (
            second(policy(Change::Pods(0), 1000)),
            "scale_up.policies[1].change is 0, must be 1 … 2147483647",
        ),
        (
            second(policy(Change::Percent(1 << 31), 1000)),
            "scale_up.policies[1].change is 2147483648, must be 1 … 2147483647",
        ),
        (
            second(policy(Change::Pods(1), 999)),
            "scale_up.policies[1].period is 999ms, must be 1s … 30m",
        ),
        (
            second(policy(Change::Pods(1), 1_800_001)),
            "scale_up.policies[1].period is 1800001ms, must be 1s … 30m",
        ),
    ] {
        assert_eq!(message(Fixed(1).rate_limited(rules.clone())), expected);
        let config = HpaConfig::new(10, [cpu(50)]).with_behavior(Some(rules));
        assert_eq!(message(Hpa::new(config)), format!("behavior.{expected}"));
    }
}
