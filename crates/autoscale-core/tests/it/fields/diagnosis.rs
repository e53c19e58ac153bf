//! Every limit of a diagnosis, and every figure that it is shown.

use autoscale_core::{DiagnosisConfig, LayerFigures, SystemFigures, diagnose};
use serde_json::{Value, json};

use super::assert_covers;

fn figures(changes: &Value) -> SystemFigures {
    serde_json::from_value(changes.clone()).unwrap()
}

fn with(mut base: Value, path: &str, value: Value) -> Value {
    *base.pointer_mut(path).unwrap() = value;
    base
}

#[test]
fn diagnosis_config() {
    let base = DiagnosisConfig::default;
    let application =
        |field: &str, value: f64| json!({"p95_s": 0.1, "application": {field: value}});
    let cases: Vec<(&str, DiagnosisConfig, Value)> = vec![
        (
            "objective_s",
            base().with_objective_s(0.05),
            application("cpu", 0.1),
        ),
        (
            "error_rate",
            base().with_error_rate(0.1),
            json!({"p95_s": 0.1, "error_rate": 0.05}),
        ),
        ("cpu", base().with_cpu(0.8), application("cpu", 0.75)),
        (
            "memory",
            base().with_memory(0.9),
            application("memory", 0.85),
        ),
        (
            "connections",
            base().with_connections(0.9),
            application("connections", 0.85),
        ),
        (
            "disk_io",
            base().with_disk_io(0.9),
            application("disk_io", 0.85),
        ),
        (
            "bandwidth",
            base().with_bandwidth(0.9),
            application("bandwidth", 0.85),
        ),
        (
            "queue_per_server",
            base().with_queue_per_server(2.0),
            application("queue_per_server", 1.5),
        ),
        (
            "wait_s",
            base().with_wait_s(0.5),
            application("wait_s", 0.3),
        ),
        (
            "hit_ratio",
            base().with_hit_ratio(0.5),
            json!({"p95_s": 0.1, "cache": {"hit_ratio": 0.7, "memory": 0.2}}),
        ),
        (
            "replication_lag_s",
            base().with_replication_lag_s(60.0),
            json!({"p95_s": 0.1, "database": {"replication_lag_s": 30, "cpu": 0.2}}),
        ),
        (
            "read_share",
            base().with_read_share(0.95),
            json!({"p95_s": 3, "database": {"cpu": 0.9, "read_share": 0.9}}),
        ),
        (
            "min_time_share",
            base().with_min_time_share(0.3),
            json!({"p95_s": 3, "application": {"cpu": 0.9, "time_s": 0.2}, "database": {"cpu": 0.1, "time_s": 0.8}}),
        ),
        (
            "time_tolerance",
            base().with_time_tolerance(0.5),
            json!({
                "p95_s": 3, "mean_s": 1,
                "application": {"cpu": 0.1, "time_s": 0.2}, "database": {"cpu": 0.1, "time_s": 1.1},
            }),
        ),
    ];
    for (field, changed, seen) in &cases {
        let found = |config: &DiagnosisConfig| {
            let found = diagnose(config, &figures(seen)).unwrap();
            (found.status, found.bottleneck, found.action)
        };
        assert_ne!(found(&base()), found(changed), "{field}");
    }
    assert_covers(&base(), cases.iter().map(|(field, ..)| *field));
}

#[test]
fn figures_of_a_layer() {
    let seen = || {
        json!({
            "p95_s": 3, "mean_s": 1, "error_rate": 0, "requests_per_s": 100, "objective_s": 2,
            "database": {
                "cpu": 0.9, "memory": 0.2, "connections": 0.2, "disk_io": 0.2, "bandwidth": 0.2,
                "queue_per_server": 0, "wait_s": 0, "time_s": 0.7, "latency_s": 0.1,
                "objective_s": 0.2, "error_rate": 0, "hit_ratio": 0.99, "replication_lag_s": 0,
                "read_share": 0.9,
            },
        })
    };
    let layer: Vec<(&str, f64)> = vec![
        ("cpu", 0.1),
        ("memory", 0.9),
        ("connections", 0.9),
        ("disk_io", 0.9),
        ("bandwidth", 0.9),
        ("queue_per_server", 2.0),
        ("wait_s", 1.0),
        ("time_s", 0.05),
        ("latency_s", 0.5),
        ("objective_s", 0.01),
        ("error_rate", 0.5),
        ("hit_ratio", 0.1),
        ("replication_lag_s", 60.0),
        ("read_share", 0.1),
    ];
    let whole = [
        ("p95_s", 1.0),
        ("objective_s", 4.0),
        ("mean_s", 0.1),
        ("error_rate", 0.1),
        ("requests_per_s", 200.0),
    ];
    let found = |seen: &Value| diagnose(&DiagnosisConfig::default(), &figures(seen)).unwrap();
    let before = found(&seen());
    let paths = layer
        .iter()
        .map(|(field, value)| (format!("/database/{field}"), value));
    let paths = paths.chain(
        whole
            .iter()
            .map(|(field, value)| (format!("/{field}"), value)),
    );
    for (path, value) in paths {
        assert_ne!(before, found(&with(seen(), &path, json!(value))), "{path}");
    }
    assert_covers(
        &LayerFigures::default(),
        layer.iter().map(|(field, _)| *field),
    );
    let layers = ["application", "database", "cache", "network"];
    assert_covers(
        &SystemFigures::default(),
        whole.iter().map(|(field, _)| *field).chain(layers),
    );
}
