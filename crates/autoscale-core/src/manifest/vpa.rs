use serde::{Deserialize, Serialize};

use super::meta::{Ignored, null_as_default};
use super::{CrossVersionObjectReference, ObjectMeta, Quantity};

/// An `autoscaling.k8s.io/v1` VerticalPodAutoscaler as it stands in a manifest.
///
/// Reading accepts exactly the API's fields; [`config`](Self::config) checks the values as the
/// admission controller does and gives one container's configuration.
///
/// ```
/// use autoscale_core::{Resources, Vpa, manifest::VerticalPodAutoscaler};
/// let manifest: VerticalPodAutoscaler = serde_json::from_str(
///     r#"{
///         "apiVersion": "autoscaling.k8s.io/v1",
///         "kind": "VerticalPodAutoscaler",
///         "metadata": {"name": "analytics"},
///         "spec": {
///             "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "analytics"},
///             "resourcePolicy": {"containerPolicies": [
///                 {"containerName": "analytics", "maxAllowed": {"cpu": 4, "memory": "16Gi"}}
///             ]}
///         }
///     }"#,
/// )?;
/// let config = manifest.config("analytics")?.ok_or("mode Off")?;
/// assert_eq!(config.max_allowed, Resources::new(4000, 16 << 30));
/// let vpa = Vpa::new(config.with_containers(2))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct VerticalPodAutoscaler {
    /// `autoscaling.k8s.io/v1`.
    pub api_version: String,
    /// `VerticalPodAutoscaler`.
    pub kind: String,
    /// Name, namespace, labels.
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: VpaSpec,
    #[serde(default, skip_serializing)]
    status: Ignored,
}

/// The `spec` of a VerticalPodAutoscaler.
///
/// ```
/// use autoscale_core::manifest::VpaSpec;
/// let spec: VpaSpec = serde_json::from_str(r#"{"targetRef": {"kind": "Deployment", "name": "api"}}"#)?;
/// assert_eq!(spec.resource_policy, None);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct VpaSpec {
    /// Whose containers are sized.
    pub target_ref: CrossVersionObjectReference,
    /// When a recommendation is carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update_policy: Option<PodUpdatePolicy>,
    /// Bounds and modes by container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_policy: Option<PodResourcePolicy>,
    /// Another recommender than the default one: refused by [`VerticalPodAutoscaler::config`].
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub recommenders: Vec<VpaRecommender>,
    /// More CPU at the start: refused by [`VerticalPodAutoscaler::config`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub startup_boost: Option<StartupBoost>,
}

/// The recommender that is asked.
///
/// ```
/// use autoscale_core::manifest::VpaRecommender;
/// let recommender: VpaRecommender = serde_json::from_str(r#"{"name": "default"}"#)?;
/// assert_eq!(recommender.name, "default");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct VpaRecommender {
    /// Its name.
    pub name: String,
}

/// More CPU while a pod starts; its fields are not read.
///
/// ```
/// use autoscale_core::manifest::StartupBoost;
/// let boost: StartupBoost = serde_json::from_str(r#"{"cpu": {"type": "Factor", "factor": 2}}"#)?;
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct StartupBoost {
    #[serde(default, skip_serializing)]
    cpu: Ignored,
}

/// How a recommendation is carried out.
///
/// ```
/// use autoscale_core::manifest::{PodUpdatePolicy, VpaUpdateMode};
/// let policy: PodUpdatePolicy = serde_json::from_str(r#"{"updateMode": "Off"}"#)?;
/// assert_eq!(policy.update_mode, Some(VpaUpdateMode::Off));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct PodUpdatePolicy {
    /// When; default `Recreate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update_mode: Option<VpaUpdateMode>,
    /// Replicas that must be alive for a restart, ≥ 1. Carried along; one container is sized here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_replicas: Option<i32>,
    /// Conditions of a restart, all of which must be met.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub eviction_requirements: Vec<VpaEvictionRequirement>,
    /// A kill for want of memory sooner than this after the start resizes at once, in seconds;
    /// ≥ 1, default 600.
    #[serde(
        default,
        rename = "evictAfterOOMSeconds",
        skip_serializing_if = "Option::is_none"
    )]
    pub evict_after_oom_seconds: Option<i32>,
}

/// When a recommendation is carried out.
///
/// ```
/// use autoscale_core::manifest::VpaUpdateMode;
/// let mode: VpaUpdateMode = serde_json::from_str(r#""InPlaceOrRecreate""#)?;
/// assert_eq!(mode, VpaUpdateMode::InPlaceOrRecreate);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum VpaUpdateMode {
    /// Never.
    Off,
    /// When a pod is created.
    Initial,
    /// Also by evicting pods.
    Recreate,
    /// The same as `Recreate`; deprecated upstream.
    Auto,
    /// In place, by evicting where that fails.
    InPlaceOrRecreate,
    /// In place only.
    InPlace,
}

/// A condition of a restart.
///
/// ```
/// use autoscale_core::manifest::VpaEvictionRequirement;
/// let only_up: VpaEvictionRequirement = serde_json::from_str(
///     r#"{"resources": ["cpu"], "changeRequirement": "TargetHigherThanRequests"}"#,
/// )?;
/// assert_eq!(only_up.resources.len(), 1);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct VpaEvictionRequirement {
    /// One of these must change so.
    pub resources: Vec<VpaResource>,
    /// The way.
    pub change_requirement: VpaChangeRequirement,
}

/// Which way a resource must change.
///
/// ```
/// use autoscale_core::manifest::VpaChangeRequirement;
/// let up: VpaChangeRequirement = serde_json::from_str(r#""TargetHigherThanRequests""#)?;
/// assert_eq!(up, VpaChangeRequirement::TargetHigherThanRequests);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum VpaChangeRequirement {
    /// The target is above the request.
    TargetHigherThanRequests,
    /// The target is below the request.
    TargetLowerThanRequests,
}

/// A resource that a VerticalPodAutoscaler can control.
///
/// ```
/// use autoscale_core::manifest::VpaResource;
/// let cpu: VpaResource = serde_json::from_str(r#""cpu""#)?;
/// assert_eq!(cpu, VpaResource::Cpu);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VpaResource {
    /// Processor time.
    Cpu,
    /// Memory.
    Memory,
}

/// Policies by container.
///
/// ```
/// use autoscale_core::manifest::PodResourcePolicy;
/// let policy: PodResourcePolicy = serde_json::from_str(r#"{"containerPolicies": []}"#)?;
/// assert!(policy.container_policies.is_empty());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct PodResourcePolicy {
    /// At most one a container, and one named `*` for all others.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub container_policies: Vec<ContainerResourcePolicy>,
}

/// The policy of one container.
///
/// ```
/// use autoscale_core::manifest::ContainerResourcePolicy;
/// let policy: ContainerResourcePolicy =
///     serde_json::from_str(r#"{"containerName": "*", "minAllowed": {"cpu": "500m"}}"#)?;
/// assert_eq!(policy.container_name, "*");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct ContainerResourcePolicy {
    /// Whose, or `*`.
    pub container_name: String,
    /// Whether it is sized; default `Auto`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<ContainerScalingMode>,
    /// Least that may be recommended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_allowed: Option<VpaResourceList>,
    /// Most that may be recommended, at least `min_allowed`; 0 is no bound, as in Kubernetes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_allowed: Option<VpaResourceList>,
    /// What is recommended; default both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub controlled_resources: Option<Vec<VpaResource>>,
    /// Whether limits follow requests. Carried along; requests are decided here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub controlled_values: Option<ContainerControlledValues>,
    /// Ratio of the increase after a kill for want of memory, ≥ 1; default 1.2.
    #[serde(
        default,
        rename = "oomBumpUpRatio",
        skip_serializing_if = "Option::is_none"
    )]
    pub oom_bump_up_ratio: Option<Quantity>,
    /// Least increase after a kill for want of memory; default 100 MiB.
    #[serde(
        default,
        rename = "oomMinBumpUp",
        skip_serializing_if = "Option::is_none"
    )]
    pub oom_min_bump_up: Option<Quantity>,
    /// One memory peak is kept for each of these, ≥ 1 s; default 24 h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_aggregation_interval_seconds: Option<i32>,
    /// Intervals after which an unused history is dropped, ≥ 1. Carried along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_aggregation_interval_count: Option<i64>,
    /// More CPU at the start: refused by [`VerticalPodAutoscaler::config`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub startup_boost: Option<StartupBoost>,
}

/// Whether a container is sized.
///
/// ```
/// use autoscale_core::manifest::ContainerScalingMode;
/// let mode: ContainerScalingMode = serde_json::from_str(r#""Off""#)?;
/// assert_eq!(mode, ContainerScalingMode::Off);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ContainerScalingMode {
    /// It is.
    Auto,
    /// It is not.
    Off,
}

/// Whether limits follow requests.
///
/// ```
/// use autoscale_core::manifest::ContainerControlledValues;
/// let values: ContainerControlledValues = serde_json::from_str(r#""RequestsOnly""#)?;
/// assert_eq!(values, ContainerControlledValues::RequestsOnly);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ContainerControlledValues {
    /// Limits keep their ratio to the requests.
    RequestsAndLimits,
    /// Limits stay as they are.
    RequestsOnly,
}

/// An amount of each resource.
///
/// ```
/// use autoscale_core::manifest::VpaResourceList;
/// let list: VpaResourceList = serde_json::from_str(r#"{"cpu": "500m", "memory": "1Gi"}"#)?;
/// assert_eq!(list.cpu.map(|cpu| cpu.milli().0), Some(500));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct VpaResourceList {
    /// Cores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Quantity>,
    /// Bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Quantity>,
}

impl VerticalPodAutoscaler {
    /// The object's name.
    ///
    /// ```
    /// # use autoscale_core::manifest::VerticalPodAutoscaler;
    /// # let text = r#"{
    /// #     "apiVersion": "autoscaling.k8s.io/v1", "kind": "VerticalPodAutoscaler",
    /// #     "metadata": {"name": "api"},
    /// #     "spec": {"targetRef": {"kind": "Deployment", "name": "api"}}
    /// # }"#;
    /// let manifest: VerticalPodAutoscaler = serde_json::from_str(text)?;
    /// assert_eq!(manifest.name(), "api");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// The containers that have a policy of their own, in the manifest's order.
    ///
    /// ```
    /// # use autoscale_core::manifest::VerticalPodAutoscaler;
    /// # let text = r#"{
    /// #     "apiVersion": "autoscaling.k8s.io/v1", "kind": "VerticalPodAutoscaler",
    /// #     "metadata": {"name": "api"},
    /// #     "spec": {"targetRef": {"kind": "Deployment", "name": "api"},
    /// #              "resourcePolicy": {"containerPolicies": [{"containerName": "*"}, {"containerName": "web"}]}}
    /// # }"#;
    /// let manifest: VerticalPodAutoscaler = serde_json::from_str(text)?;
    /// assert_eq!(manifest.containers().collect::<Vec<_>>(), ["web"]);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn containers(&self) -> impl Iterator<Item = &str> {
        let named = self.policies().iter().map(|p| p.container_name.as_str());
        named.filter(|&name| name != "*")
    }

    pub(super) fn policies(&self) -> &[ContainerResourcePolicy] {
        let policy = self.spec.resource_policy.as_ref();
        policy.map_or(&[], |policy| &policy.container_policies)
    }
}
