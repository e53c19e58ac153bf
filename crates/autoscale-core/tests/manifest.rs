//! Manifests of autoscaling/v2 and resource quantities.
#![cfg(feature = "manifest")]

use std::time::Duration;

use autoscale_core::manifest::{HorizontalPodAutoscaler, ManifestError, Quantity};
use autoscale_core::{
    Behavior, Change, Hpa, HpaConfig, MetricSpec, Milli, ResourceTarget, ScalingPolicy,
    ScalingRules, SelectPolicy, ValueTarget,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A manifest with this `spec`, beside the fields that every one needs.
fn manifest(spec: Value) -> Value {
    let mut whole = json!({
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"},
        "maxReplicas": 10,
    });
    let fields = whole.as_object_mut().unwrap();
    fields.extend(spec.as_object().unwrap().clone());
    json!({
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "api"},
        "spec": whole,
    })
}

fn parse(value: Value) -> HorizontalPodAutoscaler {
    serde_json::from_value(value).unwrap()
}

fn config(spec: Value) -> HpaConfig {
    let config = parse(manifest(spec)).config().unwrap();
    Hpa::new(config.clone()).unwrap();
    config
}

fn refusal(spec: Value) -> String {
    parse(manifest(spec)).config().unwrap_err().to_string()
}

fn metric(kind: &str, block: &str, body: Value) -> Value {
    json!({"metrics": [{"type": kind, block: body}]})
}

#[test]
fn quantities_are_read_as_kubernetes_reads_them() {
    const GI: i64 = 1 << 30;
    for (text, milli) in [
        ("0", 0),
        ("100", 100_000),
        ("500m", 500),
        ("1.5", 1500),
        (".5", 500),
        ("5.", 5000),
        ("+2", 2000),
        ("-2", -2000),
        ("1e3", 1_000_000),
        ("1E6", 1_000_000_000),
        ("12e-1", 1200),
        ("1E", i64::MAX),
        ("1n", 1),
        ("1u", 1),
        ("1500u", 2),
        ("-1500u", -2),
        ("2k", 2_000_000),
        ("2M", 2_000_000_000),
        ("2G", 2_000_000_000_000),
        ("2T", 2_000_000_000_000_000),
        ("2P", 2_000_000_000_000_000_000),
        ("1Ki", 1_024_000),
        ("1Mi", 1024 * 1_024_000),
        ("2Gi", 2 * GI * 1000),
        ("1.5Gi", 3 * GI / 2 * 1000),
        ("1Ti", 1024 * GI * 1000),
        ("8Pi", 8 * 1024 * 1024 * GI * 1000),
        ("1Ei", i64::MAX),
        ("-1Ei", i64::MIN),
        ("0.0000000000001", 1),
        ("1e-400", 1),
        ("1e400", i64::MAX),
        ("0e99999", 0),
        ("00000000000000000000000000000001.50", 1500),
        ("10000000000000000000000000000000000000000n", i64::MAX),
        ("10000000000000000000000000000m", i64::MAX),
        ("0.12300000000000000000000000000000000001", 124),
    ] {
        let quantity: Quantity = text.parse().unwrap();
        assert_eq!(quantity.milli(), Milli(milli), "{text}");
        assert_eq!(quantity.to_string(), text);
    }
    for text in [
        "", " ", ".", "+", "m", "1 ", " 1", "1 m", "1K", "1ki", "1.1.M", "1+1.0M", "0.1mi",
        "0.1am", "aoeu", ".5i", "1i", "-3.01i", "-3.01e-", "1e", "1e1.5", "--1", "1_000", "½",
        "1µ", "inf", "NaN", "0x10",
    ] {
        let error = text.parse::<Quantity>().unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("\"{text}\" is not a quantity")),
            "{error}"
        );
        assert!(error.contains("Ki") && error.contains("e3"), "{error}");
    }
}

#[test]
fn quantities_come_from_strings_and_numbers() {
    for (value, milli) in [
        (json!("500m"), 500),
        (json!(100), 100_000),
        (json!(-1), -1000),
        (json!(1.5), 1500),
        (json!(1e3), 1_000_000),
        (json!(1e30), i64::MAX),
    ] {
        let quantity: Quantity = serde_json::from_value(value).unwrap();
        assert_eq!(quantity.milli(), Milli(milli));
    }
    for value in [json!(true), json!(null), json!([1]), json!("ten")] {
        let error = serde_json::from_value::<Quantity>(value).unwrap_err();
        assert!(error.to_string().contains("quantity"), "{error}");
    }
}

#[test]
fn every_metric_source_is_taken_over() {
    let name = json!({"name": "rps", "selector": {"matchLabels": {"verb": "GET"}}});
    let object = json!({"kind": "Ingress", "name": "main"});
    let spec = json!({"metrics": [
        {"type": "Resource", "resource":
            {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}},
        {"type": "Resource", "resource":
            {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Ki"}}},
        {"type": "ContainerResource", "containerResource":
            {"name": "cpu", "container": "app",
             "target": {"type": "Utilization", "averageUtilization": 120}}},
        {"type": "Pods", "pods":
            {"metric": name, "target": {"type": "AverageValue", "averageValue": "500m"}}},
        {"type": "Object", "object":
            {"metric": name, "describedObject": object,
             "target": {"type": "Value", "value": 2, "averageValue": 7}}},
        {"type": "External", "external":
            {"metric": name, "target": {"type": "AverageValue", "averageValue": 1.5}}},
    ]});
    let name = || "rps".to_owned();
    assert_eq!(
        config(spec).metrics,
        [
            MetricSpec::cpu_utilization(70),
            MetricSpec::Resource {
                name: "memory".into(),
                target: ResourceTarget::AverageValue(Milli(1_024_000)),
            },
            MetricSpec::ContainerResource {
                name: "cpu".into(),
                container: "app".into(),
                target: ResourceTarget::Utilization(120),
            },
            MetricSpec::Pods {
                name: name(),
                average_value: Milli(500),
            },
            MetricSpec::Object {
                name: name(),
                target: ValueTarget::Value(Milli(2000)),
            },
            MetricSpec::External {
                name: name(),
                target: ValueTarget::AverageValue(Milli(1500)),
            },
        ]
    );
}

#[test]
fn absent_fields_have_the_apis_defaults() {
    let plain = config(json!({}));
    assert_eq!(plain, HpaConfig::new(10, [MetricSpec::cpu_utilization(80)]));
    let nulls = json!({"minReplicas": null, "metrics": null, "behavior": null});
    assert_eq!(config(nulls), plain);

    let behavior = |value: Value| config(json!({"behavior": value})).behavior.unwrap();
    assert_eq!(behavior(json!({})), Behavior::default());
    assert_eq!(
        behavior(json!({"scaleDown": {}, "scaleUp": {}})),
        Behavior::default()
    );
    let window = behavior(json!({"scaleDown": {"stabilizationWindowSeconds": 60}}));
    assert_eq!(window.scale_up, ScalingRules::scale_up());
    assert_eq!(
        window.scale_down,
        ScalingRules::scale_down().with_stabilization_window(Some(Duration::from_secs(60)))
    );
    let full = behavior(json!({"scaleUp": {
        "stabilizationWindowSeconds": 3600,
        "tolerance": "37500u",
        "selectPolicy": "Min",
        "policies": [
            {"type": "Pods", "value": 5, "periodSeconds": 1800},
            {"type": "Percent", "value": 10, "periodSeconds": 1},
        ],
    }}));
    let policy = |change, seconds| ScalingPolicy {
        change,
        period: Duration::from_secs(seconds),
    };
    assert_eq!(
        full.scale_up,
        ScalingRules::scale_up()
            .with_stabilization_window(Some(Duration::from_secs(3600)))
            .with_tolerance(Some(0.0375))
            .with_select(SelectPolicy::Min)
            .with_policies([
                policy(Change::Pods(5), 1800),
                policy(Change::Percent(10), 1)
            ])
    );
    assert_eq!(full.scale_down, ScalingRules::scale_down());
    let disabled = behavior(json!({"scaleDown": {"selectPolicy": "Disabled"}}));
    assert_eq!(disabled.scale_down.select, SelectPolicy::Disabled);
}

#[test]
fn bounds_are_checked() {
    let external = json!([{"type": "External", "external":
        {"metric": {"name": "queue"}, "target": {"type": "Value", "value": 5}}}]);
    let to_zero = config(json!({"minReplicas": 0, "metrics": external}));
    assert_eq!(to_zero.min_replicas, 0);
    for (spec, message) in [
        (
            json!({"maxReplicas": 0}),
            "spec.maxReplicas is 0, must be at least 1",
        ),
        (
            json!({"minReplicas": -1}),
            "spec.minReplicas is -1, must be at least 0",
        ),
        (
            json!({"minReplicas": 0}),
            "spec.minReplicas is 0, must be at least 1 without an Object or External metric",
        ),
        (
            json!({"minReplicas": 11}),
            "spec.minReplicas is 11, must be at most spec.maxReplicas (10)",
        ),
    ] {
        assert_eq!(refusal(spec), message);
    }
}

#[test]
fn metric_blocks_are_checked() {
    let target = json!({"metric": {"name": "rps"}, "target": {"type": "Value", "value": 1}});
    let cpu = json!({"name": "cpu", "target": {"type": "Utilization"}});
    let nameless = json!({"name": "cpu", "container": "", "target": {"type": "Utilization"}});
    for (spec, message) in [
        (
            json!({"metrics": [{"type": "Pods"}]}),
            "spec.metrics[0].pods is missing: spec.metrics[0].type is Pods",
        ),
        (
            metric("Pods", "resource", cpu),
            "spec.metrics[0].resource must not be given: spec.metrics[0].type is Pods",
        ),
        (
            json!({"metrics": [
                {"type": "External", "external": target},
                {"type": "Pods", "pods": target},
            ]}),
            "spec.metrics[1].pods.target.type is Value, must be AverageValue for a Pods metric",
        ),
        (
            metric("ContainerResource", "containerResource", nameless),
            "spec.metrics[0].containerResource.container is \"\", must be a name",
        ),
    ] {
        assert_eq!(refusal(spec), message);
    }
}

#[test]
fn targets_are_checked() {
    let resource = |target: Value| {
        let block = json!({"name": "cpu", "target": target});
        refusal(metric("Resource", "resource", block))
    };
    let at = "spec.metrics[0].resource.target";
    assert_eq!(
        resource(json!({"type": "Value", "value": 1})),
        format!("{at}.type is Value, must be Utilization or AverageValue for a resource metric")
    );
    assert_eq!(
        resource(json!({"type": "Utilization"})),
        format!("{at}.averageUtilization is missing: {at}.type is Utilization")
    );
    assert_eq!(
        resource(json!({"type": "Utilization", "averageUtilization": 0})),
        format!("{at}.averageUtilization is 0, must be at least 1")
    );
    assert_eq!(
        resource(json!({"type": "Utilization", "averageUtilization": 5, "averageValue": 1})),
        format!("{at}.averageValue must not be given: {at}.averageUtilization is given too")
    );

    let pods = |target: Value| {
        let block = json!({"metric": {"name": "rps"}, "target": target});
        refusal(metric("Pods", "pods", block))
    };
    let at = "spec.metrics[0].pods.target";
    assert_eq!(
        pods(json!({"type": "AverageValue"})),
        format!("{at}.averageValue is missing: {at}.type is AverageValue")
    );
    assert_eq!(
        pods(json!({"type": "AverageValue", "averageValue": "0"})),
        format!("{at}.averageValue is 0, must be greater than 0")
    );

    let external = |target: Value| {
        let block = json!({"metric": {"name": "rps"}, "target": target});
        refusal(metric("External", "external", block))
    };
    let at = "spec.metrics[0].external.target";
    assert_eq!(
        external(json!({"type": "Utilization"})),
        format!(
            "{at}.type is Utilization, must be Value or AverageValue for an Object or External \
             metric"
        )
    );
    assert_eq!(
        external(json!({"type": "Value", "value": 1, "averageValue": 1})),
        format!("{at}.averageValue must not be given: {at}.value is given too")
    );
    assert_eq!(
        external(json!({"type": "Value", "value": "-1m"})),
        format!("{at}.value is -1m, must be greater than 0")
    );
}

#[test]
fn behavior_is_checked() {
    let down = |rules: Value| json!({"behavior": {"scaleDown": rules}});
    let policy = |value: i32, period: i32| {
        let policy = json!({"type": "Pods", "value": value, "periodSeconds": period});
        down(json!({"policies": [policy]}))
    };
    let window = |seconds: i32| down(json!({"stabilizationWindowSeconds": seconds}));
    for (spec, message) in [
        (
            window(3601),
            "stabilizationWindowSeconds is 3601, must be 0 … 3600",
        ),
        (
            window(-1),
            "stabilizationWindowSeconds is -1, must be 0 … 3600",
        ),
        (
            down(json!({"tolerance": "-10m"})),
            "tolerance is -10m, must be at least 0",
        ),
        (
            down(json!({"policies": []})),
            "policies is missing: at least one policy, or leave the field out for the default",
        ),
        (policy(0, 15), "policies[0].value is 0, must be at least 1"),
        (
            policy(1, 0),
            "policies[0].periodSeconds is 0, must be 1 … 1800",
        ),
        (
            policy(1, 1801),
            "policies[0].periodSeconds is 1801, must be 1 … 1800",
        ),
    ] {
        assert_eq!(refusal(spec), format!("spec.behavior.scaleDown.{message}"));
    }
}

#[test]
fn identity_is_checked() {
    for (path, value) in [
        ("apiVersion", "autoscaling/v1"),
        ("kind", "VerticalPodAutoscaler"),
    ] {
        let mut whole = manifest(json!({}));
        whole[path] = json!(value);
        let error = parse(whole).config().unwrap_err();
        assert_eq!(error.path(), path);
        assert!(error.to_string().contains(value), "{error}");
    }
    let mut unnamed = manifest(json!({}));
    unnamed["metadata"]["name"] = json!("");
    let error = parse(unnamed).config().unwrap_err();
    assert!(matches!(error, ManifestError::OutOfRange { .. }));
    assert_eq!(error.path(), "metadata.name");
}

#[test]
fn unknown_fields_are_refused_at_every_level() {
    let whole = || {
        let mut whole = manifest(json!({
            "metrics": [
                {"type": "Object", "object": {
                    "describedObject": {"kind": "Ingress", "name": "main"},
                    "metric": {"name": "rps", "selector": {"matchExpressions": [
                        {"key": "verb", "operator": "In", "values": ["GET"]},
                    ]}},
                    "target": {"type": "Value", "value": "1"}}},
            ],
            "behavior": {"scaleUp": {"policies": [
                {"type": "Pods", "value": 1, "periodSeconds": 15},
            ]}},
        }));
        whole["metadata"]["ownerReferences"] =
            json!([{"apiVersion": "v1", "kind": "App", "name": "a", "uid": "1"}]);
        whole
    };
    parse(whole()).config().unwrap();
    for place in [
        "",
        "/metadata",
        "/metadata/ownerReferences/0",
        "/spec",
        "/spec/scaleTargetRef",
        "/spec/metrics/0",
        "/spec/metrics/0/object",
        "/spec/metrics/0/object/describedObject",
        "/spec/metrics/0/object/metric",
        "/spec/metrics/0/object/metric/selector",
        "/spec/metrics/0/object/metric/selector/matchExpressions/0",
        "/spec/metrics/0/object/target",
        "/spec/behavior",
        "/spec/behavior/scaleUp",
        "/spec/behavior/scaleUp/policies/0",
    ] {
        let mut broken = whole();
        broken.pointer_mut(place).unwrap()["wrong"] = json!(1);
        let error = serde_json::from_value::<HorizontalPodAutoscaler>(broken).unwrap_err();
        assert!(
            error.to_string().contains("unknown field `wrong`"),
            "{place}: {error}"
        );
    }
}

#[test]
fn the_servers_fields_are_accepted_and_the_users_are_written_back() {
    let mut whole = manifest(json!({
        "minReplicas": 2,
        "metrics": [{"type": "Pods", "pods":
            {"metric": {"name": "rps"},
             "target": {"type": "AverageValue", "averageValue": "500m"}}}],
        "behavior": {"scaleUp": {"selectPolicy": "Min", "tolerance": "0.05"}},
    }));
    whole["metadata"] = json!({
        "name": "api",
        "namespace": "shop",
        "labels": {"tier": "web"},
        "annotations": {"note": "x"},
        "finalizers": ["f"],
    });
    let users = whole.clone();
    let meta = whole["metadata"].as_object_mut().unwrap();
    for (field, value) in [
        ("uid", json!("4f2c")),
        ("resourceVersion", json!("12")),
        ("generation", json!(3)),
        ("creationTimestamp", json!(null)),
        ("deletionTimestamp", json!("2024-01-01T00:00:00Z")),
        ("deletionGracePeriodSeconds", json!(30)),
        ("selfLink", json!("/api")),
        ("managedFields", json!([{"manager": "kubectl"}])),
    ] {
        meta.insert(field.into(), value);
    }
    whole["status"] = json!({"currentReplicas": 3, "conditions": [{"type": "AbleToScale"}]});
    let parsed = parse(whole);
    assert_eq!(parsed.name(), "api");
    assert_eq!(parsed.namespace(), Some("shop"));
    assert_eq!(parsed.target().kind, "Deployment");
    assert_eq!(serde_json::to_value(&parsed).unwrap(), users);
}

proptest! {
    #[test]
    fn milli_and_quantity_round_trip(milli in any::<i64>()) {
        let quantity = Quantity::from(Milli(milli));
        prop_assert_eq!(quantity.milli(), Milli(milli));
        prop_assert_eq!(&quantity, &quantity.as_str().parse::<Quantity>().unwrap());
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[-+]?[0-9.]{0,50}[eEnumkMGTPi]{0,2}[-+0-9]{0,25}") {
        if let Ok(quantity) = text.parse::<Quantity>() {
            prop_assert_eq!(quantity.milli().0.signum(), i64::from(quantity.signum()));
        }
    }

    #[test]
    fn what_a_manifest_gives_is_a_valid_policy(
        min in -1_i32..5, max in -1_i32..5, percent in -1_i32..3,
        window in -1_i32..3700, period in -1_i32..1900, value in -1_i32..3,
    ) {
        let spec = json!({
            "minReplicas": min,
            "maxReplicas": max,
            "metrics": [{"type": "Resource", "resource":
                {"name": "cpu",
                 "target": {"type": "Utilization", "averageUtilization": percent}}}],
            "behavior": {"scaleDown": {
                "stabilizationWindowSeconds": window,
                "policies": [{"type": "Pods", "value": value, "periodSeconds": period}],
            }},
        });
        if let Ok(config) = parse(manifest(spec)).config() {
            prop_assert!(Hpa::new(config).is_ok());
        }
    }
}
