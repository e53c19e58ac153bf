//! A manifest as YAML.

use autoscale_core::manifest::HorizontalPodAutoscaler;
use serde_json::Value;

use crate::input_error::InputError;

/// The manifest with a comment before it.
pub(super) fn document(
    manifest: &HorizontalPodAutoscaler,
    comment: &str,
) -> Result<String, InputError> {
    let value = serde_json::to_value(manifest)
        .map_err(|e| InputError::new("manifest", None, e.to_string()))?;
    let mut text: String = comment.lines().map(|line| format!("# {line}\n")).collect();
    write(&value, 0, &mut text);
    Ok(text)
}

fn write(value: &Value, depth: usize, text: &mut String) {
    let pad = "  ".repeat(depth);
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                text.push_str(&format!("{pad}{}:", scalar(&Value::String(key.clone()))));
                below(field, depth + 1, text);
            }
        }
        Value::Array(items) => {
            for item in items {
                // The first line of what an item holds stands beside its dash.
                let mut inner = String::new();
                below(item, depth + 1, &mut inner);
                let inner = inner.trim_start_matches(['\n', ' ']);
                text.push_str(&format!("{pad}- {inner}"));
            }
        }
        _ => text.push_str(&format!("{pad}{}\n", scalar(value))),
    }
}

/// What follows a key or a dash.
fn below(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            text.push('\n');
            write(value, depth, text);
        }
        Value::Array(items) if !items.is_empty() => {
            text.push('\n');
            write(value, depth, text);
        }
        _ => text.push_str(&format!(" {}\n", scalar(value))),
    }
}

/// A scalar; a text in quotes unless it can only be read as a text. JSON's quotes are YAML's.
fn scalar(value: &Value) -> String {
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
        value.to_string()
    }
}
