//! Kubernetes objects into vertical sizers.

use std::path::Path;

use autoscale_core::VpaConfig;
use autoscale_core::manifest::VerticalPodAutoscaler;

use super::fault::Fault;
use super::reader::read;
use super::tree::{Node, Value};
use super::yaml;
use crate::input_error::InputError;

const KIND: &str = "VerticalPodAutoscaler";
const VERSION: &str = "autoscaling.k8s.io/v1";

/// A VPA's configuration for one container.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NamedVpa {
    /// The object's name.
    pub(crate) name: String,
    pub(crate) config: VpaConfig,
    /// What the file says that is not followed.
    pub(crate) notes: Vec<String>,
}

/// The VPAs of a manifest file, at least one, for the container of this name, or for the only one
/// that has a policy of its own.
pub(crate) fn load_vertical(
    path: &Path,
    container: Option<&str>,
) -> Result<Vec<NamedVpa>, InputError> {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    if !["yaml", "yml", "json"].contains(&extension.to_ascii_lowercase().as_str()) {
        let message = format!("must be the manifest of a {KIND} (.yaml, .yml or .json)");
        return Err(InputError::new(path, None, message));
    }
    let documents = yaml::documents(path, &super::read(path)?)?;
    let mut found = Vec::new();
    for document in &documents {
        if !matches!(document.value, Value::Null) {
            let vpa = vpa(document, container).map_err(|fault| fault.in_file(path, &[]))?;
            found.push(vpa);
        }
    }
    if found.is_empty() {
        return Err(InputError::new(path, None, format!("holds no {KIND}")));
    }
    Ok(found)
}

fn vpa(object: &Node, container: Option<&str>) -> Result<NamedVpa, Fault> {
    if let (Some(kind), Some(version)) = (object.text("kind"), object.text("apiVersion")) {
        let wrong = if kind != KIND {
            Some("kind")
        } else if version != VERSION {
            Some("apiVersion")
        } else {
            None
        };
        if let Some(wrong) = wrong {
            let message = format!(
                "kind {kind} ({version}) cannot size a container: write a {KIND} ({VERSION})"
            );
            return Err(Fault::new(object.find(wrong), message));
        }
    }
    let manifest: VerticalPodAutoscaler = read(object)?;
    let policies = "spec.resourcePolicy.containerPolicies";
    let name = match container {
        Some(name) => {
            let all = manifest.spec.resource_policy.iter();
            let mut all = all.flat_map(|policy| &policy.container_policies).peekable();
            let given = all.peek().is_some();
            if given && !all.any(|policy| [name, "*"].contains(&policy.container_name.as_str())) {
                let message = format!("{policies} has none for \"{name}\" and none for \"*\"");
                return Err(Fault::new(object.find(policies), message));
            }
            name
        }
        None => {
            let own: Vec<&str> = manifest.containers().collect();
            match own.as_slice() {
                [] => "*",
                [one] => one,
                several => {
                    let message = format!(
                        "{policies} has {} containers ({}), name one with --container",
                        several.len(),
                        several.join(", ")
                    );
                    return Err(Fault::new(object.find(policies), message));
                }
            }
        }
    };
    let config = manifest
        .config(name)
        .map_err(|error| Fault::new(object.find(error.path()), error.to_string()))?;
    let Some(config) = config else {
        let message = format!("container \"{name}\" has mode Off: nothing sizes it");
        return Err(Fault::new(object.find(policies), message));
    };
    Ok(NamedVpa {
        name: manifest.name().to_owned(),
        config,
        notes: notes(&manifest),
    })
}

/// What is read and has no effect on the size of one container.
fn notes(manifest: &VerticalPodAutoscaler) -> Vec<String> {
    let mut notes = Vec::new();
    let update = manifest.spec.update_policy.as_ref();
    if update.is_some_and(|policy| policy.min_replicas.is_some()) {
        notes.push("minReplicas is not followed: one container is replayed".to_owned());
    }
    let policy = manifest.spec.resource_policy.as_ref();
    let mut containers = policy.iter().flat_map(|policy| &policy.container_policies);
    if containers.any(|container| container.controlled_values.is_some()) {
        notes.push("controlledValues is not followed: memory is limited to its request".to_owned());
    }
    notes
}
