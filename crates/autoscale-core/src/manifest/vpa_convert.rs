//! From a VPA's manifest to one container's configuration, with the admission controller's checks.
//!
//! Source: `kubernetes/autoscaler/vertical-pod-autoscaler/pkg/{admission-controller/resource/vpa/
//! validation.go, utils/vpa/capping.go}`.

use core::time::Duration;

use super::convert::{Checked, not_empty, one_of};
use super::{
    ContainerControlledValues, ContainerResourcePolicy, ContainerScalingMode, ManifestError,
    PodUpdatePolicy, Quantity, StartupBoost, VerticalPodAutoscaler, VpaChangeRequirement,
    VpaResource, VpaResourceList, VpaUpdateMode,
};
use crate::{
    ChangeRequirement, EvictionRequirement, Resource, Resources, UpdateMode, UsageConfig, VpaConfig,
};

impl VerticalPodAutoscaler {
    /// The configuration for one container; `None` where its mode is `Off`. What a manifest cannot
    /// say — the recommender's and the updater's flags, and how many containers share the pod's
    /// minimum — has the defaults of [`VpaConfig`].
    ///
    /// # Errors
    /// [`ManifestError`] where the admission controller would refuse the object, or for what has no
    /// effect that could be shown here: another recommender, a startup boost.
    ///
    /// ```
    /// # use autoscale_core::manifest::VerticalPodAutoscaler;
    /// # let text = r#"{
    /// #     "apiVersion": "autoscaling.k8s.io/v1", "kind": "VerticalPodAutoscaler",
    /// #     "metadata": {"name": "api"},
    /// #     "spec": {"targetRef": {"kind": "Deployment", "name": "api"},
    /// #              "resourcePolicy": {"containerPolicies": [
    /// #                  {"containerName": "proxy", "mode": "Off"}, {"containerName": "*"}]}}
    /// # }"#;
    /// let manifest: VerticalPodAutoscaler = serde_json::from_str(text)?;
    /// assert_eq!(manifest.config("proxy")?, None);
    /// assert!(manifest.config("web")?.is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn config(&self, container: &str) -> Result<Option<VpaConfig>, ManifestError> {
        one_of("apiVersion", &self.api_version, "autoscaling.k8s.io/v1")?;
        one_of("kind", &self.kind, "VerticalPodAutoscaler")?;
        not_empty("metadata.name", &self.metadata.name)?;
        not_empty("spec.targetRef.kind", &self.spec.target_ref.kind)?;
        not_empty("spec.targetRef.name", &self.spec.target_ref.name)?;
        for (i, recommender) in self.spec.recommenders.iter().enumerate() {
            let path = format!("spec.recommenders[{i}].name");
            one_of(&path, &recommender.name, "default")?;
        }
        unsupported_boost("spec.startupBoost", self.spec.startup_boost.as_ref())?;
        let mut config = VpaConfig::default();
        if let Some(policy) = &self.spec.update_policy {
            apply_update_policy(policy, &mut config)?;
        }
        let mut own = None;
        let mut others = None;
        for (i, policy) in self.policies().iter().enumerate() {
            let path = format!("spec.resourcePolicy.containerPolicies[{i}]");
            let mut earlier = self.policies().iter().take(i);
            if let Some(first) = earlier.position(|p| p.container_name == policy.container_name) {
                return Err(given_twice(&path, policy, first));
            }
            let mut of_policy = config.clone();
            let on = apply_container_policy(&path, policy, &mut of_policy)?;
            if policy.container_name == "*" {
                others = Some(on.then_some(of_policy));
            } else if policy.container_name == container {
                own = Some(on.then_some(of_policy));
            }
        }
        Ok(own.or(others).unwrap_or(Some(config)))
    }
}

fn given_twice(path: &str, policy: &ContainerResourcePolicy, first: usize) -> ManifestError {
    let name = &policy.container_name;
    ManifestError::Forbidden {
        path: format!("{path}.containerName"),
        why: format!("\"{name}\" has a policy already, containerPolicies[{first}]"),
    }
}

fn unsupported_boost(path: &str, boost: Option<&StartupBoost>) -> Checked<()> {
    boost.map_or(Ok(()), |_| {
        Err(ManifestError::Forbidden {
            path: path.to_owned(),
            why: "a startup boost is not supported; size with it left out".to_owned(),
        })
    })
}

fn apply_update_policy(policy: &PodUpdatePolicy, config: &mut VpaConfig) -> Checked<()> {
    if let Some(mode) = policy.update_mode {
        config.update_mode = match mode {
            VpaUpdateMode::Off => UpdateMode::Off,
            VpaUpdateMode::Initial => UpdateMode::Initial,
            VpaUpdateMode::Recreate | VpaUpdateMode::Auto => UpdateMode::Recreate,
            VpaUpdateMode::InPlaceOrRecreate => UpdateMode::InPlaceOrRecreate,
            VpaUpdateMode::InPlace => UpdateMode::InPlace,
        };
    }
    let path = "spec.updatePolicy.minReplicas";
    positive(path, policy.min_replicas.map(i64::from))?;
    let path = "spec.updatePolicy.evictAfterOOMSeconds";
    if let Some(seconds) = positive(path, policy.evict_after_oom_seconds.map(i64::from))? {
        config.evict_after_oom = Duration::from_secs(seconds);
    }
    for (i, requirement) in policy.eviction_requirements.iter().enumerate() {
        if requirement.resources.is_empty() {
            return Err(ManifestError::Missing {
                path: format!("spec.updatePolicy.evictionRequirements[{i}].resources"),
                need: "at least one resource".to_owned(),
            });
        }
        config.eviction_requirements.push(EvictionRequirement {
            resources: requirement.resources.iter().map(|&r| resource(r)).collect(),
            change: match requirement.change_requirement {
                VpaChangeRequirement::TargetHigherThanRequests => {
                    ChangeRequirement::TargetHigherThanRequests
                }
                VpaChangeRequirement::TargetLowerThanRequests => {
                    ChangeRequirement::TargetLowerThanRequests
                }
            },
        });
    }
    Ok(())
}

/// Gives whether the container is sized.
fn apply_container_policy(
    path: &str,
    policy: &ContainerResourcePolicy,
    config: &mut VpaConfig,
) -> Checked<bool> {
    not_empty(&format!("{path}.containerName"), &policy.container_name)?;
    unsupported_boost(
        &format!("{path}.startupBoost"),
        policy.startup_boost.as_ref(),
    )?;
    let on = policy.mode != Some(ContainerScalingMode::Off);
    if !on && policy.controlled_values == Some(ContainerControlledValues::RequestsAndLimits) {
        return Err(ManifestError::Forbidden {
            path: format!("{path}.controlledValues"),
            why: "mode is Off".to_owned(),
        });
    }
    config.min_allowed = amounts(&format!("{path}.minAllowed"), policy.min_allowed.as_ref())?;
    config.max_allowed = amounts(&format!("{path}.maxAllowed"), policy.max_allowed.as_ref())?;
    for (which, name) in [(Resource::Cpu, "cpu"), (Resource::Memory, "memory")] {
        if let (Some(least), Some(most)) =
            (config.min_allowed.get(which), config.max_allowed.get(which))
            && most < least
        {
            let bound = "at least what minAllowed gives";
            return Err(ManifestError::range(
                format!("{path}.maxAllowed.{name}"),
                written(policy.max_allowed.as_ref(), which),
                bound,
            ));
        }
    }
    if let Some(resources) = &policy.controlled_resources {
        if resources.is_empty() && on {
            return Err(ManifestError::Missing {
                path: format!("{path}.controlledResources"),
                need: "cpu or memory, or mode: Off".to_owned(),
            });
        }
        config.control_cpu = resources.contains(&VpaResource::Cpu);
        config.control_memory = resources.contains(&VpaResource::Memory);
    }
    apply_memory_history(path, policy, &mut config.usage)?;
    Ok(on)
}

fn apply_memory_history(
    path: &str,
    policy: &ContainerResourcePolicy,
    usage: &mut UsageConfig,
) -> Checked<()> {
    if let Some(ratio) = &policy.oom_bump_up_ratio {
        usage.oom_bump_up_ratio = ratio.to_units();
        if !(1.0..=100.0).contains(&usage.oom_bump_up_ratio) {
            let path = format!("{path}.oomBumpUpRatio");
            return Err(ManifestError::range(
                path,
                ratio.as_str(),
                "between 1 and 100",
            ));
        }
    }
    if let Some(least) = &policy.oom_min_bump_up {
        usage.oom_min_bump_up_bytes = whole(&format!("{path}.oomMinBumpUp"), least, 1000)?;
    }
    let interval = policy.memory_aggregation_interval_seconds.map(i64::from);
    let field = format!("{path}.memoryAggregationIntervalSeconds");
    if let Some(seconds) = positive(&field, interval)? {
        usage.memory_interval = Duration::from_secs(seconds);
    }
    let field = format!("{path}.memoryAggregationIntervalCount");
    positive(&field, policy.memory_aggregation_interval_count)?;
    Ok(())
}

const fn resource(of: VpaResource) -> Resource {
    match of {
        VpaResource::Cpu => Resource::Cpu,
        VpaResource::Memory => Resource::Memory,
    }
}

fn written(list: Option<&VpaResourceList>, which: Resource) -> String {
    let quantity = list.and_then(|list| match which {
        Resource::Cpu => list.cpu.as_ref(),
        Resource::Memory => list.memory.as_ref(),
    });
    quantity.map_or_else(String::new, |quantity| quantity.as_str().to_owned())
}

fn amounts(path: &str, list: Option<&VpaResourceList>) -> Checked<Resources> {
    let Some(list) = list else {
        return Ok(Resources::default());
    };
    let cpu = list.cpu.as_ref();
    let memory = list.memory.as_ref();
    Ok(Resources {
        cpu_milli: cpu
            .map(|q| whole(&format!("{path}.cpu"), q, 1))
            .transpose()?,
        memory_bytes: memory
            .map(|q| whole(&format!("{path}.memory"), q, 1000))
            .transpose()?,
    })
}

/// A quantity in units of `thousandths`, rounded up.
fn whole(path: &str, quantity: &Quantity, thousandths: u64) -> Checked<u64> {
    let refuse = || ManifestError::range(path, quantity.as_str(), "a quantity >= 0");
    let milli = u64::try_from(quantity.milli().0).map_err(|_| refuse())?;
    Ok(milli.div_ceil(thousandths))
}

/// A count or a number of seconds, at least 1.
fn positive(path: &str, value: Option<i64>) -> Checked<Option<u64>> {
    value
        .map(|value| match u64::try_from(value) {
            Ok(value) if value > 0 => Ok(value),
            _ => Err(ManifestError::range(path, value, "at least 1")),
        })
        .transpose()
}
