//! A manifest as YAML.

use autoscale_core::manifest::HorizontalPodAutoscaler;
use serde_json::{Map, Value};

use crate::input_error::InputError;

/// The manifest with a comment before it.
pub(super) fn document(
    manifest: &HorizontalPodAutoscaler,
    comment: &str,
) -> Result<String, InputError> {
    let value = serde_json::to_value(manifest)
        .map_err(|e| InputError::new("manifest", None, e.to_string()))?;
    let lines = comment.lines();
    let mut text: String = lines.map(|line| format!("# {}\n", escaped(line))).collect();
    write(&value, 0, 2, &mut text);
    Ok(text)
}

/// Lines of a collection whose keys or dashes stand at column `column`.
pub(super) fn block(value: &Value, column: usize, step: usize) -> String {
    let mut text = String::new();
    write(value, column, step, &mut text);
    text
}

fn write(value: &Value, column: usize, step: usize, text: &mut String) {
    let pad = " ".repeat(column);
    match value {
        Value::Object(fields) => {
            for (key, field) in ordered(fields) {
                text.push_str(&format!("{pad}{}:", scalar(&Value::String(key.clone()))));
                below(field, column + step, step, text);
            }
        }
        Value::Array(items) => {
            for item in items {
                // The first line of what an item holds stands beside its dash.
                let mut inner = String::new();
                below(item, column + 2, step, &mut inner);
                let inner = inner.trim_start_matches(['\n', ' ']);
                text.push_str(&format!("{pad}- {inner}"));
            }
        }
        _ => text.push_str(&format!("{pad}{}\n", scalar(value))),
    }
}

/// What follows a key or a dash.
fn below(value: &Value, column: usize, step: usize, text: &mut String) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            text.push('\n');
            write(value, column, step, text);
        }
        Value::Array(items) if !items.is_empty() => {
            text.push('\n');
            write(value, column, step, text);
        }
        _ => text.push_str(&format!(" {}\n", scalar(value))),
    }
}

/// Fields in the order of Kubernetes' documentation, where that is another one than the alphabet's.
fn ordered(fields: &Map<String, Value>) -> Vec<(&String, &Value)> {
    const FIRST: [&str; 3] = ["type", "value", "periodSeconds"];
    let place = |key: &str| FIRST.iter().position(|first| *first == key);
    let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
    fields.sort_by_key(|(key, _)| place(key).unwrap_or(FIRST.len()));
    fields
}

/// A value in one line; `json` has keys and texts in quotes.
pub(super) fn flow(value: &Value, json: bool) -> String {
    let text = |text: &str| match json {
        true => quoted(text),
        false => scalar(&Value::String(text.to_owned())),
    };
    match value {
        Value::Object(fields) => {
            let field =
                |(key, field): (&String, &Value)| format!("{}: {}", text(key), flow(field, json));
            let fields: Vec<String> = ordered(fields).into_iter().map(field).collect();
            format!("{{{}}}", fields.join(", "))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| flow(item, json)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::String(content) => text(content),
        _ => value.to_string(),
    }
}

/// A text in double quotes. JSON's are YAML's.
pub(super) fn quoted(text: &str) -> String {
    escaped(&Value::String(text.to_owned()).to_string())
}

/// A scalar; a text in quotes unless it can only be read as a text.
pub(super) fn scalar(value: &Value) -> String {
    let Value::String(text) = value else {
        return value.to_string();
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    let word = text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(plain);
    let lower = text.to_ascii_lowercase();
    let reserved = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    if word && !reserved.contains(&lower.as_str()) {
        text.clone()
    } else {
        quoted(text)
    }
}

/// What JSON leaves as it is and YAML does not allow, or, before version 1.2, takes for the end of
/// a line.
fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{7f}'..='\u{9f}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}' => {
                shown.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            _ => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::policy_file;

    /// Texts that YAML could take for something else, or that could end a line.
    const ODD: [&str; 44] = [
        "",
        " ",
        "a",
        "a b",
        " a",
        "a ",
        "yes",
        "No",
        "ON",
        "y",
        "N",
        "true",
        "False",
        "null",
        "~",
        "1",
        "-1",
        "1.5",
        ".5",
        "1e3",
        "0x1f",
        "0o7",
        "1_000",
        "12:30:45",
        "2026-01-01",
        ".inf",
        ".nan",
        "-",
        "- a",
        "a: b",
        "a:",
        ": a",
        "#",
        "a # b",
        "{}",
        "[a]",
        "\"q\"",
        "it's",
        "\\n",
        "line\nnext\r\n\ttab",
        "&a",
        "*a",
        "!tag",
        "%",
    ];
    const ODDER: [&str; 14] = [
        "\u{7f}",
        "\u{85}",
        "a\u{85}b",
        "\u{9f}",
        "\u{a0}",
        "\u{2028}",
        "x\u{2029}y",
        "\u{feff}",
        "\u{fffe}",
        "\u{ffff}",
        "\u{0}\u{1}\u{1b}",
        "grün",
        "日本語 🚀",
        "<<",
    ];

    fn odd() -> impl Iterator<Item = &'static str> + Clone {
        ODD.into_iter()
            .chain(ODDER)
            .chain(["|", ">", "@", "`", "?", "? a", "=", ",", "---", "..."])
    }

    fn read_back(manifest: &HorizontalPodAutoscaler) -> HorizontalPodAutoscaler {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hpa.yaml");
        let comment = "\u{2028}kind: Other\nof \u{85}x";
        std::fs::write(&path, document(manifest, comment).unwrap()).unwrap();
        policy_file::manifest_of(&path, &policy_file::read(&path).unwrap())
            .unwrap()
            .0
    }

    fn manifest(value: Value) -> HorizontalPodAutoscaler {
        let mut whole = serde_json::json!({
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "api"},
            "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "api"}, "maxReplicas": 9}
        });
        for (place, part) in value.as_object().unwrap() {
            *whole.pointer_mut(place).unwrap() = part.clone();
        }
        serde_json::from_value(whole).unwrap()
    }

    #[test]
    fn texts_of_any_kind_are_read_back_as_values_and_as_keys() {
        for one in odd() {
            let others = odd().map(|other| format!("{one}{other}"));
            let made = manifest(serde_json::json!({"/metadata": {
                "name": "api",
                "labels": {one: "x", "plain": one},
                "annotations": others.clone().map(|o| (o, one)).collect::<BTreeMap<_, _>>(),
                "finalizers": odd().map(str::to_owned).chain(others).collect::<Vec<_>>(),
            }}));
            assert_eq!(read_back(&made), made, "{one:?}");
        }
    }

    #[test]
    fn every_kind_of_metric_and_rule_is_read_back() {
        let target = serde_json::json!({"type": "AverageValue", "averageValue": "1500m"});
        let selector = serde_json::json!({
            "matchLabels": {"queue": "1", "on": "yes"},
            "matchExpressions": [
                {"key": "a/b", "operator": "In", "values": ["true", "x: y"]},
                {"key": "c", "operator": "Exists", "values": []}
            ]
        });
        let metric = serde_json::json!({"name": "http_requests_per_second", "selector": selector});
        let made = manifest(serde_json::json!({"/spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "1"},
            "minReplicas": 0,
            "maxReplicas": 9,
            "metrics": [
                {"type": "ContainerResource", "containerResource": {"name": "cpu", "container": "on",
                    "target": {"type": "Utilization", "averageUtilization": 70}}},
                {"type": "Pods", "pods": {"metric": metric, "target": target}},
                {"type": "Object", "object": {
                    "describedObject": {"kind": "Ingress", "name": "null"},
                    "metric": {"name": "rps", "selector": {}},
                    "target": {"type": "Value", "value": "2k"}}},
                {"type": "External", "external": {"metric": metric, "target": target}}
            ],
            "behavior": {
                "scaleUp": {},
                "scaleDown": {"selectPolicy": "Disabled", "tolerance": "50m", "policies": [
                    {"type": "Pods", "value": 1, "periodSeconds": 15}
                ]}
            }
        }}));
        assert_eq!(read_back(&made), made);
    }

    #[test]
    fn older_readers_see_no_line_ends_in_texts() {
        let made = manifest(serde_json::json!({"/metadata": {
            "name": "api", "annotations": {"a": "x\u{85}\u{2028}\u{2029}\u{7f}\u{feff}"}
        }}));
        let text = document(&made, "from \u{2028}").unwrap();
        assert!(
            text.contains(r#"a: "x\u0085\u2028\u2029\u007f\ufeff""#),
            "{text}"
        );
        assert!(text.starts_with("# from \\u2028\n"), "{text}");
    }
}
