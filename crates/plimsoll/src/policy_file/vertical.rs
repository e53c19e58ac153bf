//! Kubernetes objects into vertical sizers.

use std::path::Path;

use autoscale_core::VpaConfig;
use autoscale_core::manifest::VerticalPodAutoscaler;

use super::fault::{Fault, quote};
use super::reader::read;
use super::tree::{Node, Position, Value};
use super::yaml;
use crate::input_error::InputError;

const KIND: &str = "VerticalPodAutoscaler";
const VERSION: &str = "autoscaling.k8s.io/v1";
const POLICIES: &str = "spec.resourcePolicy.containerPolicies";

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
    let mut names = Vec::new();
    for document in &documents {
        if !matches!(document.value, Value::Null) {
            let vpa = vpa(document, container, &mut names);
            found.push(vpa.map_err(|fault| fault.in_file(path, &[]))?);
        }
    }
    if found.is_empty() {
        return Err(InputError::new(path, None, format!("holds no {KIND}")));
    }
    Ok(found)
}

/// An object's namespace and name, and where the name stands.
type Named = (Option<String>, String, Position);

fn vpa(object: &Node, container: Option<&str>, names: &mut Vec<Named>) -> Result<NamedVpa, Fault> {
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
    check_name(object, &manifest, names)?;
    check_containers(object, &manifest)?;
    let name = match container {
        Some(name) => {
            let all = manifest.spec.resource_policy.iter();
            let mut all = all.flat_map(|policy| &policy.container_policies).peekable();
            let given = all.peek().is_some();
            if given && !all.any(|policy| [name, "*"].contains(&policy.container_name.as_str())) {
                let message = format!("{POLICIES} has none for \"{name}\" and none for \"*\"");
                return Err(Fault::new(object.find(POLICIES), message));
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
                        "{POLICIES} has {} containers ({}), name one with --container",
                        several.len(),
                        several.join(", ")
                    );
                    return Err(Fault::new(object.find(POLICIES), message));
                }
            }
        }
    };
    let config = manifest
        .config(name)
        .map_err(|error| Fault::new(object.find(error.path()), error.to_string()))?;
    let Some(config) = config else {
        let message = format!("container \"{name}\" has mode Off: nothing sizes it");
        return Err(Fault::new(object.find(POLICIES), message));
    };
    Ok(NamedVpa {
        name: manifest.name().to_owned(),
        config,
        notes: notes(&manifest, name),
    })
}

/// Refuses a second object of one name, which would take the first one's place in a cluster.
fn check_name(
    object: &Node,
    manifest: &VerticalPodAutoscaler,
    names: &mut Vec<Named>,
) -> Result<(), Fault> {
    let at = object.find("metadata.name");
    let (namespace, name) = (&manifest.metadata.namespace, manifest.name());
    let earlier = names
        .iter()
        .find(|(space, known, _)| space == namespace && known == name);
    if let Some((_, _, (line, _))) = earlier {
        let message = format!("{KIND} {} is in line {line} already: keep one", quote(name));
        return Err(Fault::new(at, message));
    }
    names.push((namespace.clone(), name.to_owned(), at));
    Ok(())
}

/// Refuses a second policy for one container.
fn check_containers(object: &Node, manifest: &VerticalPodAutoscaler) -> Result<(), Fault> {
    let place = |index: usize| object.find(&format!("{POLICIES}[{index}].containerName"));
    let policies = manifest.spec.resource_policy.iter();
    let mut names: Vec<&str> = Vec::new();
    for (index, policy) in policies.flat_map(|p| &p.container_policies).enumerate() {
        let name = policy.container_name.as_str();
        if let Some(first) = names.iter().position(|known| *known == name) {
            let (line, _) = place(first);
            let message = format!(
                "container {} has a policy in line {line} already: keep one",
                quote(name)
            );
            return Err(Fault::new(place(index), message));
        }
        names.push(name);
    }
    Ok(())
}

/// What is read and has no effect on the size of the container of this name.
fn notes(manifest: &VerticalPodAutoscaler, container: &str) -> Vec<String> {
    let mut notes = Vec::new();
    let update = manifest.spec.update_policy.as_ref();
    if update.is_some_and(|policy| policy.min_replicas.is_some()) {
        notes.push("minReplicas is not followed: one container is replayed".to_owned());
    }
    let policies = manifest.spec.resource_policy.iter();
    let all = || {
        policies
            .clone()
            .flat_map(|policy| &policy.container_policies)
    };
    if all().any(|policy| policy.controlled_values.is_some()) {
        notes.push("controlledValues is not followed: memory is limited to its request".to_owned());
    }
    let of = |name: &str| all().find(|policy| policy.container_name == name);
    let most = of(container).or_else(|| of("*"));
    if let Some(most) = most.and_then(|policy| policy.max_allowed.as_ref()) {
        for (resource, amount) in [("cpu", &most.cpu), ("memory", &most.memory)] {
            if amount.as_ref().is_some_and(|amount| amount.milli().0 == 0) {
                let bound = "no bound, as in Kubernetes";
                notes.push(format!("maxAllowed.{resource} is 0, which is {bound}"));
            }
        }
    }
    notes
}
