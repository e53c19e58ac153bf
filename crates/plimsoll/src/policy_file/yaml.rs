//! YAML and JSON into trees with positions.

use std::path::Path;

use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, ScanError, YamlData};

use super::fault::{Fault, quote};
use super::tree::{DEPTH_LIMIT, Entry, Node, Position, Value};
use crate::input_error::InputError;

/// Columns that a line's indentation, `- ` and `? ` marks included, may take: the parser's stack
/// grows with them.
const INDENT_LIMIT: usize = 200;

/// The documents of a file, empty ones as `Null`.
pub(super) fn documents(file: &Path, source: &str) -> Result<Vec<Node>, InputError> {
    let fault = |fault: Fault| fault.in_file(file, &[]);
    check_indentation(source).map_err(fault)?;
    let parsed = MarkedYaml::load_from_str(source);
    parsed
        .map_err(|error| fault(malformed(language(file), source, &error)))?
        .into_iter()
        .map(|document| convert(document, 0).map_err(fault))
        .collect()
}

fn check_indentation(source: &str) -> Result<(), Fault> {
    for (index, line) in source.lines().enumerate() {
        let mut rest = line;
        while let Some(inner) = ["- ", "? ", ": ", " "]
            .iter()
            .find_map(|mark| rest.strip_prefix(mark))
        {
            rest = inner;
        }
        if line.len() - rest.len() > INDENT_LIMIT {
            let message = format!("indented by more than {INDENT_LIMIT} columns");
            return Err(Fault::new((index + 1, 1), message));
        }
    }
    Ok(())
}

/// What a text is read as: standard input has no ending that would say which.
fn language(file: &Path) -> &'static str {
    let extension = file.extension().unwrap_or_default().to_string_lossy();
    match extension.to_ascii_lowercase().as_str() {
        "yaml" | "yml" => "YAML",
        "json" => "JSON",
        _ => "JSON or YAML",
    }
}

fn malformed(language: &str, source: &str, error: &ScanError) -> Fault {
    let at = (error.marker().line(), error.marker().col() + 1);
    if error.info() == "duplicated key in mapping" {
        let line = source.lines().nth(at.0.saturating_sub(1)).unwrap_or("");
        let key: String = line.chars().skip(error.marker().col()).collect();
        let key = key.split(':').next().unwrap_or("");
        let key = key.trim().trim_matches(['"', '\'']);
        return Fault::new(at, format!("key {} is given twice", quote(key)));
    }
    if error.info().contains("tab") {
        // Where the tab is, not where the value began that it broke.
        let indented = |line: &str| {
            let (spaces, _) = line.split_at(line.len() - line.trim_start().len());
            spaces.chars().position(|c| c == '\t')
        };
        let lines = source.lines().enumerate().skip(at.0.saturating_sub(1));
        let found = lines
            .into_iter()
            .find_map(|(i, line)| Some((i + 1, indented(line)? + 1)));
        if let Some(at) = found {
            let message = format!("not valid {language}: a tab in the indentation, use spaces");
            return Fault::new(at, message);
        }
    }
    Fault::new(at, format!("not valid {language}: {}", error.info()))
}

fn position(node: &MarkedYaml<'_>) -> Position {
    (node.span.start.line(), node.span.start.col() + 1)
}

fn convert(node: MarkedYaml<'_>, depth: usize) -> Result<Node, Fault> {
    let at = position(&node);
    if depth > DEPTH_LIMIT {
        let message = format!("nested deeper than {DEPTH_LIMIT} levels");
        return Err(Fault::new(at, message));
    }
    let value = match node.data {
        YamlData::Value(scalar) => match scalar {
            Scalar::Null => Value::Null,
            Scalar::Boolean(value) => Value::Boolean(value),
            Scalar::Integer(value) => Value::Integer(value),
            Scalar::FloatingPoint(value) => Value::Float(value.into_inner()),
            Scalar::String(text) => Value::Text(text.into_owned()),
        },
        YamlData::Sequence(items) => Value::List(
            items
                .into_iter()
                .map(|item| convert(item, depth + 1))
                .collect::<Result<_, _>>()?,
        ),
        YamlData::Mapping(mapping) => {
            let mut entries: Vec<Entry> = Vec::with_capacity(mapping.len());
            for (key, value) in mapping {
                let key_at = position(&key);
                let key = key_text(key)?;
                if entries.iter().any(|e| e.key == key) {
                    let message = format!("key {} is given twice", quote(&key));
                    return Err(Fault::new(key_at, message));
                }
                entries.push(Entry {
                    key,
                    key_at,
                    node: convert(value, depth + 1)?,
                });
            }
            Value::Table(entries)
        }
        YamlData::Tagged(tag, _) => {
            let message = format!("tag {}{} is not supported", tag.handle, tag.suffix);
            return Err(Fault::new(at, message));
        }
        YamlData::BadValue | YamlData::Alias(_) | YamlData::Representation(..) => {
            return Err(Fault::new(at, "the value does not fit its tag"));
        }
    };
    Ok(Node { at, value })
}

/// Keys that look like numbers or booleans are texts, as in the JSON that Kubernetes makes of them.
fn key_text(key: MarkedYaml<'_>) -> Result<String, Fault> {
    let at = position(&key);
    match key.data {
        YamlData::Value(Scalar::String(text)) => Ok(text.into_owned()),
        YamlData::Value(Scalar::Integer(value)) => Ok(value.to_string()),
        YamlData::Value(Scalar::Boolean(value)) => Ok(value.to_string()),
        YamlData::Value(Scalar::FloatingPoint(value)) => Ok(value.to_string()),
        _ => Err(Fault::new(at, "a key must be a plain name")),
    }
}
