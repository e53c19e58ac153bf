//! Kubernetes objects into policies.

use std::path::Path;

use autoscale_core::HpaConfig;
use autoscale_core::manifest::HorizontalPodAutoscaler;
use serde::Deserialize;

use super::fault::Fault;
use super::nearest::nearest;
use super::reader::read;
use super::tree::{Node, Value};
use super::{Around, NamedPolicy, PolicySource};
use crate::input_error::InputError;

const KIND: &str = "HorizontalPodAutoscaler";
const VERSION: &str = "autoscaling/v2";

/// The policies of a file's documents.
pub(super) fn policies(file: &Path, documents: &[Node]) -> Result<Vec<NamedPolicy>, InputError> {
    let found = autoscalers(file, documents)?.into_iter();
    let policy = |(manifest, config): (HorizontalPodAutoscaler, HpaConfig)| NamedPolicy {
        name: manifest.name().to_owned(),
        at: None,
        source: PolicySource::Hpa(config),
        around: Around::default(),
        notes: Vec::new(),
    };
    Ok(found.map(policy).collect())
}

/// The manifests of a file's documents, at least one, and what they say.
pub(super) fn autoscalers(
    file: &Path,
    documents: &[Node],
) -> Result<Vec<(HorizontalPodAutoscaler, HpaConfig)>, InputError> {
    let mut found = Vec::new();
    for document in documents {
        if !matches!(document.value, Value::Null) {
            collect(document, &mut found).map_err(|fault| fault.in_file(file, &[]))?;
        }
    }
    if found.is_empty() {
        return Err(InputError::new(file, None, format!("holds no {KIND}")));
    }
    Ok(found)
}

/// The fields of a list of objects; its items are read one by one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct List {
    #[serde(rename = "apiVersion")]
    _api_version: String,
    #[serde(rename = "kind")]
    _kind: String,
    #[serde(default, rename = "metadata")]
    _metadata: serde::de::IgnoredAny,
    #[serde(rename = "items")]
    _items: Vec<serde::de::IgnoredAny>,
}

fn collect(
    object: &Node,
    found: &mut Vec<(HorizontalPodAutoscaler, HpaConfig)>,
) -> Result<(), Fault> {
    match (object.text("kind"), object.text("apiVersion")) {
        (Some("List"), Some("v1")) | (Some("HorizontalPodAutoscalerList"), Some(VERSION)) => {
            read::<List>(object)?;
            if let Some(Value::List(items)) = object.entry("items").map(|e| &e.node.value) {
                for item in items {
                    collect(item, found)?;
                }
            }
            Ok(())
        }
        (Some(kind), Some(version)) if (kind, version) != (KIND, VERSION) => {
            Err(unsupported(object, kind, version))
        }
        _ => {
            let manifest: HorizontalPodAutoscaler = read(object)?;
            let config = manifest.config().map_err(|error| {
                let at = object.find(error.path());
                Fault::new(at, error.to_string())
            })?;
            found.push((manifest, config));
            Ok(())
        }
    }
}

fn unsupported(object: &Node, kind: &str, version: &str) -> Fault {
    let wrong = if kind == KIND { "apiVersion" } else { "kind" };
    if kind == "VerticalPodAutoscaler" {
        let message = format!("kind {kind} sizes containers: replay it with --vertical SERIES.csv");
        return Fault::new(object.find(wrong), message);
    }
    let hint = match nearest(kind, &[KIND]) {
        Some(name) if name != kind => format!("; did you mean \"{name}\"?"),
        Some(_) => format!("; write it as {VERSION}"),
        None => format!("; write a {KIND} ({VERSION})"),
    };
    let message = format!("kind {kind} ({version}) is not supported{hint}");
    Fault::new(object.find(wrong), message)
}
