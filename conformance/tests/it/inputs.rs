//! Input that the format allows but the shipped cases hardly use.

use std::error::Error;

use serde_json::{Value, json};

use crate::{Folder, conformance};

type Outcome = Result<(), Box<dyn Error>>;

fn passes(kind: &str, cases: &[Value]) -> Outcome {
    let folder = Folder::new()?;
    let file = folder.cases("x.json", kind, cases)?;
    let run = conformance("autoscale", [file])?;
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert_eq!(
        run.last_line(),
        format!("{} passed, 0 failed, 0 disputed", cases.len())
    );
    Ok(())
}

/// A pod that has been ready for long, with a container that requests 1000.
fn pod(name: &str) -> Value {
    json!({
        "name": name, "phase": "running", "deleting": false, "started_age_s": 1_000_000_000,
        "ready": "true", "ready_transition_age_s": 1_000_000_000,
        "containers": [{"name": "app", "request_milli": 1000}],
    })
}

/// A sample of a pod whose only container has these fields.
fn pod_sample(pod: &str, container: Value) -> Value {
    let containers = json!([with(json!({"name": "app"}), container)]);
    json!({"pod": pod, "age_s": 0, "window_s": 60, "containers": containers})
}

fn condition(kind: &str, status: bool, reason: &str) -> Value {
    json!({"type": kind, "status": status, "reason": reason})
}

fn with(mut value: Value, changes: Value) -> Value {
    if let (Value::Object(fields), Value::Object(changes)) = (&mut value, changes) {
        fields.extend(changes);
    }
    value
}

fn calculation(changes: Value) -> Value {
    let base = json!({
        "id": "a-1", "tolerance": {"scale_up": 0.1, "scale_down": 0.1},
        "cpu_initialization_s": 120, "initial_readiness_delay_s": 10, "current_replicas": 2,
        "pods": [pod("p0"), pod("p1")],
    });
    with(base, changes)
}

#[test]
fn calculations() -> Outcome {
    let memory = json!({
        "source": "container_resource", "resource": "memory", "container": "app",
        "target": {"kind": "utilization", "percent": 50},
    });
    let qps = json!({
        "source": "external", "name": "qps", "target": {"kind": "average_value", "milli": 1000},
    });
    passes(
        "replica_calculation",
        &[
            // A container without a value: the pod is missing, and scaling down takes it as full.
            calculation(json!({
                "metric": memory,
                "samples": [pod_sample("p0", json!({"value_milli": 250})),
                            pod_sample("p1", json!({}))],
                "expect": {"replicas": 2, "utilization_percent": 25, "average_value_milli": 250},
            })),
            // A sample of a pod that the list does not hold counts in no utilization.
            calculation(json!({
                "metric": memory,
                "samples": [pod_sample("p0", json!({"value_milli": 900})),
                            pod_sample("p1", json!({"value_milli": 900})),
                            pod_sample("gone", json!({"value_milli": 9})) ],
                "expect": {"replicas": 4, "utilization_percent": 90},
            })),
            // One value a pod cannot answer for a container.
            calculation(json!({
                "metric": memory, "samples": [{"pod": "p0", "value_milli": 900}],
                "expect": {"error": "container_metric_missing"},
            })),
            calculation(json!({
                "metric": {"source": "pods", "name": "qps",
                           "target": {"kind": "average_value", "milli": 1000}},
                "pods": [], "samples": [{"pod": "p0", "value_milli": 900}],
                "expect": {"error": "no_pods"},
            })),
            // The target counts pods that exist: 4 of them, each with half of its target.
            calculation(json!({
                "metric": qps, "status_replicas": 4,
                "samples": [{"value_milli": 1500}, {"value_milli": 500}],
                "expect": {"replicas": 2, "usage_milli": 500},
            })),
            // Only the upper tolerance holds 1.05 back.
            calculation(json!({
                "metric": qps, "current_replicas": 20, "pods": [],
                "tolerance": {"scale_up": 0.0, "scale_down": 0.1},
                "samples": [{"value_milli": 21_000}], "expect": {"replicas": 21},
            })),
        ],
    )
}

#[test]
fn groups_and_requests() -> Outcome {
    let grouping = |changes: Value, expect: Value| {
        json!({
            "id": "a-1", "resource": "cpu", "cpu_initialization_s": 120,
            "initial_readiness_delay_s": 10, "pods": [with(pod("p0"), changes)],
            "samples": [{"pod": "p0", "value_milli": 1, "age_s": 0, "window_s": 60}],
            "expect": expect,
        })
    };
    let ready = json!({"ready_count": 1, "unready": [], "missing": [], "ignored": []});
    let unready = json!({"ready_count": 0, "unready": ["p0"], "missing": [], "ignored": []});
    let memory = json!({"resource": "memory"});
    passes(
        "pod_grouping",
        &[
            grouping(json!({"ready": "unknown"}), ready.clone()),
            grouping(json!({"phase": "unknown"}), ready.clone()),
            grouping(json!({"ready": null}), unready.clone()),
            grouping(json!({"started_age_s": null}), unready.clone()),
            with(grouping(json!({"ready": null}), ready), memory),
            with(
                grouping(json!({"phase": "pending"}), unready),
                json!({"resource": null}),
            ),
        ],
    )?;

    let requests = |changes: Value| {
        let pod = json!({
            "name": "p0", "containers": [{"name": "app", "request_milli": 100}, {"name": "log"}],
            "pod_request_milli": 700,
        });
        let base = json!({
            "id": "a-1", "resource": "cpu", "container": null, "pod_level_requests_enabled": true,
            "pods": [pod],
        });
        with(base, changes)
    };
    passes(
        "pod_requests",
        &[
            requests(json!({"expect": {"requests_milli": {"p0": 700}}})),
            requests(json!({"container": "app", "expect": {"requests_milli": {"p0": 100}}})),
            requests(json!({"container": "db", "expect": {"error": "container_not_found"}})),
            requests(json!({
                "pod_level_requests_enabled": false, "expect": {"error": "missing_request"},
            })),
        ],
    )
}

#[test]
fn rates_in_both_directions() -> Outcome {
    let rules = json!({
        "stabilization_window_s": null, "select": "min",
        "policies": [{"kind": "pods", "value": 2, "period_s": 60},
                     {"kind": "percent", "value": 50, "period_s": 60}],
    });
    let limit = |direction: &str, rules: &Value, limit: u32| {
        json!({
            "id": "a-1", "direction": direction, "current_replicas": 10, "rules": rules,
            "scale_up_events": [{"replica_change": 1, "age_s": 5}],
            "scale_down_events": [{"replica_change": 5, "age_s": 60}],
            "expect": {"limit": limit},
        })
    };
    // The period began at 9.
    passes(
        "scale_limit",
        &[
            limit("up", &rules, 11),
            limit("down", &rules, 7),
            limit("up", &Value::Null, 18),
            limit("down", &Value::Null, 0),
        ],
    )
}

#[test]
fn whole_decisions() -> Outcome {
    let cpu = json!({
        "source": "resource", "resource": "cpu", "target": {"kind": "utilization", "percent": 50},
    });
    let qps = json!({
        "source": "external", "name": "qps", "target": {"kind": "average_value", "milli": 1000},
    });
    let value = json!({"value_milli": 900});
    let samples = json!({"samples": [pod_sample("p0", value.clone()), pod_sample("p1", value)]});
    let case = |metrics: Value, observed: Value, expect: Value| {
        json!({
            "id": "a-1",
            "spec": {
                "min_replicas": 1, "max_replicas": 10, "metrics": metrics,
                "behavior": {"scale_up": null, "scale_down": null},
                "tolerance": {"scale_up": 0.1, "scale_down": 0.2},
                "downscale_stabilization_s": 300, "cpu_initialization_s": 120,
                "initial_readiness_delay_s": 10, "legacy_scale_up_factor": 2,
                "legacy_scale_up_minimum": 4, "scale_to_zero_enabled": true,
            },
            "state": {
                "spec_replicas": 2, "status_replicas": 2, "pods": [pod("p0"), pod("p1")],
                "recommendation_history": null, "scaled_to_zero_by_autoscaler": null,
            },
            "observed": observed,
            "expect": expect,
        })
    };
    passes(
        "reconcile",
        &[
            // The source that failed forbids nothing, since the other asks for more.
            case(
                json!([qps, cpu]),
                json!([{"fetch_error": true}, samples]),
                json!({
                    "replicas": 4, "cpu_utilization_percent": 90,
                    "any_metric_failed_or_error": true,
                    "conditions": [
                        condition("AbleToScale", true, "SucceededRescale"),
                        condition("ScalingActive", true, "ValidMetricFound"),
                        condition("ScalingLimited", false, "DesiredWithinRange"),
                        condition("ScaledToZero", false, "NotScaledToZero"),
                    ],
                }),
            ),
            case(
                json!([{"source": "unknown"}, qps]),
                json!([{}, {"samples": [{"value_milli": 1000}]}]),
                json!({
                    "replicas": 2, "any_metric_failed_or_error": true,
                    "conditions": [
                        condition("AbleToScale", true, "SucceededGetScale"),
                        condition("ScalingActive", false, "InvalidMetricSourceType"),
                    ],
                }),
            ),
        ],
    )
}

#[test]
fn autoscalers_born_in_panic() -> Outcome {
    let case = |since_s: f64, expected: u32| {
        json!({
            "id": "a-1",
            "config": {"metric": "rps", "target_value": 10, "stable_window_s": 60.0},
            "initial_ready": 1, "initial_panic": {"since_s": since_s, "max_replicas": 9},
            "steps": [
                {"at_s": 0.5, "ready": 4, "stable": 10, "panic": 10,
                 "expect": {"replicas": expected}},
                {"at_s": 1, "ready": 4, "stable": 10, "panic": 10},
            ],
        })
    };
    // Down to half of the ready pods once the panic is over.
    passes("kpa_sequence", &[case(-5.0, 9), case(-60.0, 2)])
}
