use std::time::Duration;

use autoscale_core::{Change, MetricSpec, Milli, ResourceTarget};

use super::*;

#[test]
fn the_guides_manifests_load() {
    for (file, name, metrics, bounds) in [
        ("ara-api-hpa", "ara-api-hpa", 2, (3, 20)),
        ("creativedynamics-hpa", "creativedynamics-hpa", 3, (2, 10)),
        ("sysmanage-api-hpa", "sysmanage-api-hpa", 4, (3, 50)),
        ("sysmanage-workers-hpa", "sysmanage-workers-hpa", 2, (2, 20)),
    ] {
        let policies = load(&manifest(&format!("{file}.yaml"))).unwrap();
        assert_eq!(policies[0].name, name);
        let config = hpa_of(&policies);
        assert_eq!((config.min_replicas, config.max_replicas), bounds);
        assert_eq!(config.metrics.len(), metrics);
    }
    let policies = load(&manifest("sysmanage-api-hpa.yaml")).unwrap();
    let config = hpa_of(&policies);
    assert_eq!(config.metrics[0], MetricSpec::cpu_utilization(70));
    assert_eq!(
        config.metrics[3],
        MetricSpec::Pods {
            name: "response_time_p95".into(),
            average_value: Milli(500),
        }
    );
    let up = &config.behavior.as_ref().unwrap().scale_up;
    assert_eq!(up.stabilization_window, Some(Duration::from_secs(60)));
    assert_eq!(up.policies[1].change, Change::Pods(5));
}

#[test]
fn a_misspelt_field_is_named_with_the_nearest() {
    let path = manifest("creativedynamics-hpa-misspelt.yaml");
    let message = "unknown field \"behaviour\" in spec; did you mean \"behavior\"?";
    assert_eq!(
        load(&path).unwrap_err().to_string(),
        format!("{}:33:3: {message}", path.display())
    );
    for (from, to, message) in [
        (
            "  maxReplicas",
            "  max_replicas",
            "11:3: unknown field \"max_replicas\" in spec; did you mean \"maxReplicas\"?",
        ),
        (
            "spec:\n",
            "specs:\n",
            "5:1: unknown field \"specs\"; did you mean \"spec\"?",
        ),
        (
            "kind: Horiz",
            "Kind: Horiz",
            "2:1: unknown field \"Kind\"; did you mean \"kind\"?",
        ),
        (
            "        target:",
            "        goal:",
            "17:9: unknown field \"goal\" in spec.metrics[0].pods; valid fields: metric, target",
        ),
    ] {
        assert_eq!(broken(from, to), format!("web.yaml:{message}"));
    }
}

#[test]
fn other_kinds_are_not_supported() {
    let path = manifest("sysmanage-analytics-vpa.yaml");
    assert_eq!(
        load(&path).unwrap_err().to_string(),
        format!(
            "{}:2:7: kind VerticalPodAutoscaler sizes containers: replay it with --vertical SERIES.csv",
            path.display()
        )
    );
    assert_eq!(
        broken("autoscaling/v2", "autoscaling/v1"),
        "web.yaml:1:13: kind HorizontalPodAutoscaler (autoscaling/v1) is not supported; write it \
         as autoscaling/v2"
    );
    assert_eq!(
        broken(
            "kind: HorizontalPodAutoscaler",
            "kind: HorizontalPodAutoscalr"
        ),
        "web.yaml:2:7: kind HorizontalPodAutoscalr (autoscaling/v2) is not supported; did you \
         mean \"HorizontalPodAutoscaler\"?"
    );
}

#[test]
fn documents_and_lists_are_read_in_order() {
    let names = |policies: &[NamedPolicy]| -> Vec<String> {
        policies.iter().map(|p| p.name.clone()).collect()
    };
    let second = WEB.replace("name: web\nspec", "name: second\nspec");
    let file = format!("---\n# none here\n---\n{WEB}---\n{second}---\n");
    assert_eq!(
        names(&load_as("two.yml", &file).unwrap()),
        ["web", "second"]
    );
    let broken = format!("{WEB}---\n{}", second.replace("minR", "minnR"));
    assert_eq!(
        error_of("two.yaml", broken),
        "two.yaml:30:3: unknown field \"minnReplicas\" in spec; did you mean \"minReplicas\"?"
    );

    let item = |text: &str| format!("  - {}\n", text.trim_end().replace('\n', "\n    "));
    let list = format!(
        "apiVersion: v1\nkind: List\nmetadata:\n  resourceVersion: ''\nitems:\n{}{}",
        item(WEB),
        item(&second)
    );
    assert_eq!(
        names(&load_as("list.yaml", &list).unwrap()),
        ["web", "second"]
    );
    let broken = list.replace("minReplicas: 2", "minReplicas: 20");
    assert_eq!(
        error_of("list.yaml", broken),
        "list.yaml:15:20: spec.minReplicas is 20, must be at most spec.maxReplicas (10)"
    );
    assert_eq!(
        error_of("list.yaml", list.replace("items", "item")),
        "list.yaml:5:1: unknown field \"item\"; did you mean \"items\"?"
    );
}

#[test]
fn json_is_read_as_well() {
    let json = serde_json::json!({
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "creationTimestamp": null},
        "spec": {
            "scaleTargetRef": {"kind": "Deployment", "name": "web"},
            "maxReplicas": 5,
            "metrics": [{"type": "Resource", "resource":
                {"name": "memory", "target": {"type": "AverageValue", "averageValue": "2Gi"}}}],
        },
        "status": {"currentReplicas": 1, "conditions": [{"type": "AbleToScale"}]},
    });
    let pretty = serde_json::to_string_pretty(&json).unwrap();
    for text in [json.to_string(), pretty.clone(), pretty.replace("  ", "\t")] {
        let policies = load_as("web.json", &text).unwrap();
        assert_eq!(
            hpa_of(&policies).metrics,
            [MetricSpec::Resource {
                name: "memory".into(),
                target: ResourceTarget::AverageValue(Milli(2_147_483_648_000)),
            }]
        );
    }
    let misspelt = pretty.replace("maxReplicas", "maxReplica");
    let error = error_of("web.json", misspelt);
    assert!(
        error.contains("unknown field \"maxReplica\" in spec"),
        "{error}"
    );
}

#[test]
fn anchors_are_resolved() {
    let text = WEB.replace("name: web\nspec", "name: &it web\nspec");
    let text = text.replace("          name: rps", "          name: *it");
    let policies = load_as("web.yaml", text).unwrap();
    assert_eq!(hpa_of(&policies).metrics[0].name(), "web");
}

#[test]
fn quantities_keep_their_meaning() {
    for (text, milli) in [
        ("1e3", 1_000_000),
        ("\"100\"", 100_000),
        ("100", 100_000),
        ("500m", 500),
        ("1.5", 1500),
        ("0.1", 100),
        ("99999999999999999999", i64::MAX),
        ("1E", i64::MAX),
    ] {
        let policies = load_as("web.yaml", WEB.replace("1e3", text)).unwrap();
        let expected = MetricSpec::Pods {
            name: "rps".into(),
            average_value: Milli(milli),
        };
        assert_eq!(hpa_of(&policies).metrics[0], expected, "{text}");
    }
}
