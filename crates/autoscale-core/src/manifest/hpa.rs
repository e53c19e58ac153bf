use serde::{Deserialize, Serialize};

use super::meta::{Ignored, null_as_default};
use super::{CrossVersionObjectReference, LabelSelector, ObjectMeta, Quantity};

/// An `autoscaling/v2` HorizontalPodAutoscaler as it stands in a manifest.
///
/// Reading accepts exactly the API's fields; [`config`](Self::config) then checks the values as the
/// API server does and gives the policy's configuration. Writing leaves out what is absent, the
/// status, and the metadata that the server adds.
///
/// ```
/// use autoscale_core::{Hpa, manifest::HorizontalPodAutoscaler};
/// let manifest: HorizontalPodAutoscaler = serde_json::from_str(
///     r#"{
///         "apiVersion": "autoscaling/v2",
///         "kind": "HorizontalPodAutoscaler",
///         "metadata": {"name": "api"},
///         "spec": {
///             "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"},
///             "minReplicas": 2,
///             "maxReplicas": 20
///         }
///     }"#,
/// )?;
/// let hpa = Hpa::new(manifest.config()?)?;
/// assert_eq!(hpa.config().min_replicas, 2);
/// assert_eq!(hpa.config().metrics.len(), 1); // none given: 80 % of the CPU request
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct HorizontalPodAutoscaler {
    /// `autoscaling/v2`.
    pub api_version: String,
    /// `HorizontalPodAutoscaler`.
    pub kind: String,
    /// Name, namespace, labels.
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: HpaSpec,
    #[serde(default, skip_serializing)]
    status: Ignored,
}

impl HorizontalPodAutoscaler {
    /// The object's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// The object's namespace, where the manifest gives one.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.metadata.namespace.as_deref()
    }

    /// What is scaled.
    #[must_use]
    pub const fn target(&self) -> &CrossVersionObjectReference {
        &self.spec.scale_target_ref
    }
}

/// The `spec` of a HorizontalPodAutoscaler.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct HpaSpec {
    /// What is scaled.
    pub scale_target_ref: CrossVersionObjectReference,
    /// Fewest replicas, ≥ 0; default 1. 0 needs an object or external metric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_replicas: Option<i32>,
    /// Most replicas, ≥ 1 and ≥ `minReplicas`.
    pub max_replicas: i32,
    /// Metrics; default 80 % of the CPU request.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub metrics: Vec<HpaMetric>,
    /// Stabilization windows and rates; without it the legacy rules apply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behavior: Option<HpaBehavior>,
}

/// One metric: its type, and the block of that type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct HpaMetric {
    /// Which of the blocks below is given.
    #[serde(rename = "type")]
    pub source_type: MetricSourceType,
    /// A resource's usage over all containers of a pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<ResourceMetric>,
    /// A resource's usage in one container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container_resource: Option<ContainerResourceMetric>,
    /// A custom metric of each pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pods: Option<PodsMetric>,
    /// A metric of one object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectMetric>,
    /// A metric from outside the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalMetric>,
}

/// Where a metric comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum MetricSourceType {
    /// The resource metrics API, all containers of a pod.
    Resource,
    /// The resource metrics API, one container of each pod.
    ContainerResource,
    /// The custom metrics API, each pod.
    Pods,
    /// The custom metrics API, one object.
    Object,
    /// The external metrics API.
    External,
}

/// A resource metric: `Utilization` or `AverageValue`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct ResourceMetric {
    /// Resource name, such as `cpu`.
    pub name: String,
    /// The target.
    pub target: MetricTarget,
}

/// A container's resource metric: `Utilization` or `AverageValue`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct ContainerResourceMetric {
    /// Resource name, such as `cpu`.
    pub name: String,
    /// Container name.
    pub container: String,
    /// The target.
    pub target: MetricTarget,
}

/// A metric of each pod: `AverageValue`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct PodsMetric {
    /// Name and selector.
    pub metric: MetricIdentifier,
    /// The target.
    pub target: MetricTarget,
}

/// A metric of one object: `Value` or `AverageValue`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct ObjectMetric {
    /// The object.
    pub described_object: CrossVersionObjectReference,
    /// Name and selector.
    pub metric: MetricIdentifier,
    /// The target.
    pub target: MetricTarget,
}

/// A metric from outside the cluster: `Value` or `AverageValue`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct ExternalMetric {
    /// Name and selector.
    pub metric: MetricIdentifier,
    /// The target.
    pub target: MetricTarget,
}

/// A metric's name and the series that count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct MetricIdentifier {
    /// Name.
    pub name: String,
    /// The series that count; `None` is all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
}

/// A metric's target: its type, and the field of that type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct MetricTarget {
    /// Which of the fields below counts.
    #[serde(rename = "type")]
    pub target_type: MetricTargetType,
    /// Percent of the request, averaged over pods; ≥ 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average_utilization: Option<i32>,
    /// Value averaged over pods; > 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average_value: Option<Quantity>,
    /// The value itself; > 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Quantity>,
}

/// What a target is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum MetricTargetType {
    /// Percent of the request, averaged over pods.
    Utilization,
    /// The value averaged over pods.
    AverageValue,
    /// The value itself.
    Value,
}

/// Scaling rules for both directions; one that is absent has the API's defaults.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct HpaBehavior {
    /// Rules for more replicas; default no window, the larger of 4 pods and 100 % in 15 s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale_up: Option<HpaScalingRules>,
    /// Rules for fewer replicas; default the controller's window, 100 % in 15 s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale_down: Option<HpaScalingRules>,
}

/// Scaling rules of one direction; a field that is absent has the API's default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct HpaScalingRules {
    /// Stabilization window, 0 … 3600 s; default 0 upwards, the controller's downwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stabilization_window_seconds: Option<i32>,
    /// How far the metric may be from its target without a change, a fraction ≥ 0; default the
    /// controller's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<Quantity>,
    /// Which policy counts; default `Max`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub select_policy: Option<ScalingPolicySelect>,
    /// Policies, at least one where given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policies: Option<Vec<HpaScalingPolicy>>,
}

/// Which of several policies counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ScalingPolicySelect {
    /// The one that allows the largest change.
    Max,
    /// The one that allows the smallest change.
    Min,
    /// None: the direction is forbidden.
    Disabled,
}

/// How much the count may change in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct HpaScalingPolicy {
    /// What `value` counts.
    #[serde(rename = "type")]
    pub policy_type: ScalingPolicyType,
    /// The amount, ≥ 1.
    pub value: i32,
    /// The period, 1 … 1800 s.
    pub period_seconds: i32,
}

impl HpaScalingPolicy {
    /// A policy.
    ///
    /// ```
    /// use autoscale_core::manifest::{HpaScalingPolicy, ScalingPolicyType};
    /// let policy = HpaScalingPolicy::new(ScalingPolicyType::Pods, 4, 15);
    /// assert_eq!(policy.period_seconds, 15);
    /// ```
    #[must_use]
    pub const fn new(policy_type: ScalingPolicyType, value: i32, period_seconds: i32) -> Self {
        Self {
            policy_type,
            value,
            period_seconds,
        }
    }
}

/// What a policy's value counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ScalingPolicyType {
    /// Pods.
    Pods,
    /// Percent of the count at the period's start.
    Percent,
}
