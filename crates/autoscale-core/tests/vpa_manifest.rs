//! Manifests of autoscaling.k8s.io/v1.
#![cfg(feature = "manifest")]

use std::time::Duration;

use autoscale_core::manifest::VerticalPodAutoscaler;
use autoscale_core::{
    ChangeRequirement, EvictionRequirement, Resource, Resources, UpdateMode, UsageConfig, VpaConfig,
};
use serde_json::{Value, json};

/// A manifest with this `spec`, beside the target that every one needs.
fn manifest(spec: Value) -> Value {
    let mut whole =
        json!({"targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"}});
    let fields = whole.as_object_mut().unwrap();
    fields.extend(spec.as_object().unwrap().clone());
    json!({
        "apiVersion": "autoscaling.k8s.io/v1",
        "kind": "VerticalPodAutoscaler",
        "metadata": {"name": "api"},
        "spec": whole,
    })
}

fn parse(value: Value) -> VerticalPodAutoscaler {
    serde_json::from_value(value).unwrap()
}

fn containers(policies: Value) -> VerticalPodAutoscaler {
    parse(manifest(
        json!({"resourcePolicy": {"containerPolicies": policies}}),
    ))
}

fn refusal(spec: Value) -> String {
    parse(manifest(spec)).config("web").unwrap_err().to_string()
}

fn container_refusal(policy: Value) -> String {
    containers(json!([policy]))
        .config("web")
        .unwrap_err()
        .to_string()
}

#[test]
fn absent_fields_have_the_defaults() {
    let config = parse(manifest(json!({}))).config("web").unwrap();
    assert_eq!(config, Some(VpaConfig::default()));
}

#[test]
fn every_field_is_taken_over() {
    let manifest = parse(manifest(json!({
        "updatePolicy": {
            "updateMode": "InPlaceOrRecreate",
            "minReplicas": 2,
            "evictAfterOOMSeconds": 90,
            "evictionRequirements": [
                {"resources": ["cpu", "memory"], "changeRequirement": "TargetHigherThanRequests"}
            ]
        },
        "recommenders": [{"name": "default"}],
        "resourcePolicy": {"containerPolicies": [{
            "containerName": "web",
            "mode": "Auto",
            "minAllowed": {"cpu": "500m", "memory": "1Gi"},
            "maxAllowed": {"cpu": 4, "memory": "16Gi"},
            "controlledResources": ["cpu"],
            "controlledValues": "RequestsOnly",
            "oomBumpUpRatio": "1.5",
            "oomMinBumpUp": "50Mi",
            "memoryAggregationIntervalSeconds": 3600,
            "memoryAggregationIntervalCount": 8
        }]}
    })));
    let expected = VpaConfig::default()
        .with_update_mode(UpdateMode::InPlaceOrRecreate)
        .with_evict_after_oom(Duration::from_secs(90))
        .with_eviction_requirements(vec![EvictionRequirement {
            resources: vec![Resource::Cpu, Resource::Memory],
            change: ChangeRequirement::TargetHigherThanRequests,
        }])
        .with_min_allowed(Resources::new(500, 1 << 30))
        .with_max_allowed(Resources::new(4000, 16 << 30))
        .with_control_memory(false)
        .with_usage(
            UsageConfig::default()
                .with_oom_bump_up_ratio(1.5)
                .with_oom_min_bump_up_bytes(50 << 20)
                .with_memory_interval(Duration::from_secs(3600)),
        );
    assert_eq!(manifest.config("web").unwrap(), Some(expected));
    // Written and read again it is the same.
    let again = parse(serde_json::to_value(&manifest).unwrap());
    assert_eq!(again, manifest);
}

#[test]
fn a_container_has_its_own_policy_or_that_of_all_others() {
    let manifest = containers(json!([
        {"containerName": "*", "minAllowed": {"cpu": 1}},
        {"containerName": "proxy", "mode": "Off"},
        {"containerName": "web", "minAllowed": {"cpu": 2}},
    ]));
    let least = |name: &str| {
        manifest
            .config(name)
            .unwrap()
            .map(|c| c.min_allowed.cpu_milli)
    };
    assert_eq!(least("web"), Some(Some(2000)));
    assert_eq!(least("proxy"), None);
    assert_eq!(least("other"), Some(Some(1000)));
    assert_eq!(manifest.containers().collect::<Vec<_>>(), ["proxy", "web"]);
}

#[test]
fn modes_that_evict_are_one() {
    for mode in ["Auto", "Recreate"] {
        let config = parse(manifest(json!({"updatePolicy": {"updateMode": mode}})));
        let config = config.config("web").unwrap().unwrap();
        assert_eq!(config.update_mode, UpdateMode::Recreate, "{mode}");
    }
}

#[test]
fn values_are_checked() {
    let policy = "spec.resourcePolicy.containerPolicies[0]";
    for (message, expected) in [
        (
            refusal(json!({"updatePolicy": {"minReplicas": 0}})),
            "spec.updatePolicy.minReplicas is 0, must be at least 1".to_owned(),
        ),
        (
            refusal(json!({"updatePolicy": {"evictAfterOOMSeconds": -1}})),
            "spec.updatePolicy.evictAfterOOMSeconds is -1, must be at least 1".to_owned(),
        ),
        (
            refusal(json!({"updatePolicy": {"evictionRequirements": [
                {"resources": [], "changeRequirement": "TargetLowerThanRequests"}]}})),
            "spec.updatePolicy.evictionRequirements[0].resources is missing: at least one resource"
                .to_owned(),
        ),
        (
            refusal(json!({"recommenders": [{"name": "frugal"}]})),
            "spec.recommenders[0].name is \"frugal\", must be default".to_owned(),
        ),
        (
            refusal(json!({"startupBoost": {"cpu": {"type": "Factor", "factor": 2}}})),
            "spec.startupBoost must not be given: a startup boost is not supported; size with it \
             left out"
                .to_owned(),
        ),
        (
            container_refusal(json!({"containerName": "web", "minAllowed": {"memory": "-1Gi"}})),
            format!("{policy}.minAllowed.memory is -1Gi, must be a quantity >= 0"),
        ),
        (
            container_refusal(json!({
                "containerName": "web", "minAllowed": {"cpu": 2}, "maxAllowed": {"cpu": "500m"}})),
            format!("{policy}.maxAllowed.cpu is 500m, must be at least what minAllowed gives"),
        ),
        (
            container_refusal(json!({"containerName": "web", "oomBumpUpRatio": "0.5"})),
            format!("{policy}.oomBumpUpRatio is 0.5, must be between 1 and 100"),
        ),
        (
            container_refusal(json!({
                "containerName": "web", "memoryAggregationIntervalSeconds": 0})),
            format!("{policy}.memoryAggregationIntervalSeconds is 0, must be at least 1"),
        ),
        (
            container_refusal(json!({
                "containerName": "web", "mode": "Off", "controlledValues": "RequestsAndLimits"})),
            format!("{policy}.controlledValues must not be given: mode is Off"),
        ),
        (
            container_refusal(json!({"containerName": ""})),
            format!("{policy}.containerName is \"\", must be a name"),
        ),
    ] {
        assert_eq!(message, expected);
    }
}

#[test]
fn a_container_with_two_policies_is_refused() {
    for name in ["web", "*", "proxy"] {
        let twice = containers(json!([{"containerName": name}, {"containerName": name}]));
        let expected = format!(
            "spec.resourcePolicy.containerPolicies[1].containerName must not be given: \"{name}\" \
             has a policy already, containerPolicies[0]"
        );
        assert_eq!(twice.config("web").unwrap_err().to_string(), expected);
    }
}

#[test]
fn a_maximum_of_nothing_is_no_bound_and_below_any_minimum() {
    let most = json!({"cpu": 0, "memory": "0"});
    let open = containers(json!([{"containerName": "web", "maxAllowed": most}]));
    let config = open.config("web").unwrap().unwrap();
    let asked = Resources::new(64_000, 1 << 40);
    assert_eq!(asked.clamp(&config.min_allowed, &config.max_allowed), asked);
    let refused = container_refusal(
        json!({"containerName": "web", "minAllowed": {"cpu": "100m"}, "maxAllowed": most}),
    );
    let expected = "spec.resourcePolicy.containerPolicies[0].maxAllowed.cpu is 0, must be at least what \
                    minAllowed gives";
    assert_eq!(refused, expected);
}

#[test]
fn what_the_api_does_not_know_is_refused() {
    for spec in [
        json!({"updatePolicy": {"mode": "Auto"}}),
        json!({"updatePolicy": {"updateMode": "auto"}}),
        json!({"resourcePolicy": {"containerPolicies": [{"containerName": "web", "minAllowed": {"gpu": 1}}]}}),
        json!({"resourcePolicy": {"containerPolicies": [{"containerName": "web", "controlledResources": ["disk"]}]}}),
    ] {
        let read = serde_json::from_value::<VerticalPodAutoscaler>(manifest(spec.clone()));
        assert!(read.is_err(), "{spec}");
    }
}
