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
    ///
    /// ```
    /// # use autoscale_core::manifest::HorizontalPodAutoscaler;
    /// # let text = r#"{
    /// #     "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
    /// #     "metadata": {"name": "api"},
    /// #     "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 9}
    /// # }"#;
    /// let manifest: HorizontalPodAutoscaler = serde_json::from_str(text)?;
    /// assert_eq!(manifest.name(), "api");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// The object's namespace, where the manifest gives one.
    ///
    /// ```
    /// # use autoscale_core::manifest::HorizontalPodAutoscaler;
    /// # let text = r#"{
    /// #     "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
    /// #     "metadata": {"name": "api", "namespace": "shop"},
    /// #     "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 9}
    /// # }"#;
    /// let manifest: HorizontalPodAutoscaler = serde_json::from_str(text)?;
    /// assert_eq!(manifest.namespace(), Some("shop"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.metadata.namespace.as_deref()
    }

    /// What is scaled.
    ///
    /// ```
    /// # use autoscale_core::manifest::HorizontalPodAutoscaler;
    /// # let text = r#"{
    /// #     "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
    /// #     "metadata": {"name": "api"},
    /// #     "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 9}
    /// # }"#;
    /// let manifest: HorizontalPodAutoscaler = serde_json::from_str(text)?;
    /// assert_eq!(manifest.target().name, "web");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub const fn target(&self) -> &CrossVersionObjectReference {
        &self.spec.scale_target_ref
    }
}

/// The `spec` of a HorizontalPodAutoscaler.
///
/// ```
/// use autoscale_core::manifest::HpaSpec;
/// let spec: HpaSpec = serde_json::from_str(
///     r#"{"scaleTargetRef": {"kind": "Deployment", "name": "api"}, "maxReplicas": 9}"#,
/// )?;
/// assert_eq!((spec.min_replicas, spec.max_replicas), (None, 9));
/// # Ok::<(), serde_json::Error>(())
/// ```
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
///
/// ```
/// use autoscale_core::manifest::{HpaMetric, MetricSourceType};
/// let metric: HpaMetric = serde_json::from_str(
///     r#"{
///         "type": "Resource",
///         "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}
///     }"#,
/// )?;
/// assert_eq!(metric.source_type, MetricSourceType::Resource);
/// assert!(metric.resource.is_some() && metric.pods.is_none());
/// # Ok::<(), serde_json::Error>(())
/// ```
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
///
/// ```
/// use autoscale_core::manifest::MetricSourceType;
/// let source: MetricSourceType = serde_json::from_str(r#""ContainerResource""#)?;
/// assert_eq!(source, MetricSourceType::ContainerResource);
/// # Ok::<(), serde_json::Error>(())
/// ```
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
///
/// ```
/// use autoscale_core::manifest::ResourceMetric;
/// let memory: ResourceMetric = serde_json::from_str(
///     r#"{"name": "memory", "target": {"type": "AverageValue", "averageValue": "512Mi"}}"#,
/// )?;
/// assert_eq!(memory.target.average_value.map(|q| q.to_units()), Some(536_870_912.0));
/// # Ok::<(), serde_json::Error>(())
/// ```
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
///
/// ```
/// use autoscale_core::manifest::ContainerResourceMetric;
/// let cpu: ContainerResourceMetric = serde_json::from_str(
///     r#"{
///         "name": "cpu",
///         "container": "app",
///         "target": {"type": "Utilization", "averageUtilization": 70}
///     }"#,
/// )?;
/// assert_eq!((cpu.container.as_str(), cpu.target.average_utilization), ("app", Some(70)));
/// # Ok::<(), serde_json::Error>(())
/// ```
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
///
/// ```
/// use autoscale_core::{Milli, manifest::PodsMetric};
/// let rate: PodsMetric = serde_json::from_str(
///     r#"{
///         "metric": {"name": "requests_per_second"},
///         "target": {"type": "AverageValue", "averageValue": "1500m"}
///     }"#,
/// )?;
/// assert_eq!(rate.target.average_value.map(|q| q.milli()), Some(Milli(1500)));
/// # Ok::<(), serde_json::Error>(())
/// ```
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
///
/// ```
/// use autoscale_core::manifest::ObjectMetric;
/// let requests: ObjectMetric = serde_json::from_str(
///     r#"{
///         "describedObject": {"kind": "Ingress", "name": "main"},
///         "metric": {"name": "requests_per_second"},
///         "target": {"type": "Value", "value": "2k"}
///     }"#,
/// )?;
/// assert_eq!(requests.described_object.kind, "Ingress");
/// assert_eq!(requests.target.value.map(|q| q.to_units()), Some(2000.0));
/// # Ok::<(), serde_json::Error>(())
/// ```
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
///
/// ```
/// use autoscale_core::manifest::ExternalMetric;
/// let queue: ExternalMetric = serde_json::from_str(
///     r#"{
///         "metric": {"name": "queue_length"},
///         "target": {"type": "AverageValue", "averageValue": "30"}
///     }"#,
/// )?;
/// assert_eq!(queue.metric.name, "queue_length");
/// # Ok::<(), serde_json::Error>(())
/// ```
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
///
/// ```
/// use autoscale_core::manifest::MetricIdentifier;
/// let metric: MetricIdentifier = serde_json::from_str(
///     r#"{"name": "queue_length", "selector": {"matchLabels": {"queue": "mail"}}}"#,
/// )?;
/// assert!(metric.selector.is_some_and(|s| s.match_labels["queue"] == "mail"));
/// # Ok::<(), serde_json::Error>(())
/// ```
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
///
/// ```
/// use autoscale_core::manifest::{MetricTarget, MetricTargetType};
/// let target: MetricTarget =
///     serde_json::from_str(r#"{"type": "Utilization", "averageUtilization": 70}"#)?;
/// assert_eq!(target.target_type, MetricTargetType::Utilization);
/// assert_eq!((target.average_utilization, target.value), (Some(70), None));
/// # Ok::<(), serde_json::Error>(())
/// ```
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
///
/// ```
/// use autoscale_core::manifest::MetricTargetType;
/// assert_eq!(serde_json::to_string(&MetricTargetType::AverageValue)?, r#""AverageValue""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
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
///
/// ```
/// use autoscale_core::manifest::{HpaBehavior, ScalingPolicySelect};
/// let behavior: HpaBehavior =
///     serde_json::from_str(r#"{"scaleDown": {"selectPolicy": "Disabled"}}"#)?;
/// let down = behavior.scale_down.and_then(|rules| rules.select_policy);
/// assert_eq!((behavior.scale_up, down), (None, Some(ScalingPolicySelect::Disabled)));
/// # Ok::<(), serde_json::Error>(())
/// ```
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
///
/// ```
/// use autoscale_core::manifest::{HpaScalingPolicy, HpaScalingRules, ScalingPolicyType};
/// let rules: HpaScalingRules = serde_json::from_str(
///     r#"{
///         "stabilizationWindowSeconds": 60,
///         "policies": [{"type": "Percent", "value": 10, "periodSeconds": 30}]
///     }"#,
/// )?;
/// let tenth = HpaScalingPolicy::new(ScalingPolicyType::Percent, 10, 30);
/// assert_eq!((rules.policies, rules.select_policy), (Some(vec![tenth]), None));
/// # Ok::<(), serde_json::Error>(())
/// ```
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
///
/// ```
/// use autoscale_core::manifest::ScalingPolicySelect;
/// let select: ScalingPolicySelect = serde_json::from_str(r#""Min""#)?;
/// assert_eq!(select, ScalingPolicySelect::Min);
/// # Ok::<(), serde_json::Error>(())
/// ```
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
///
/// ```
/// use autoscale_core::manifest::{HpaScalingPolicy, ScalingPolicyType};
/// let policy: HpaScalingPolicy =
///     serde_json::from_str(r#"{"type": "Pods", "value": 4, "periodSeconds": 15}"#)?;
/// assert_eq!(policy, HpaScalingPolicy::new(ScalingPolicyType::Pods, 4, 15));
/// # Ok::<(), serde_json::Error>(())
/// ```
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
///
/// ```
/// use autoscale_core::manifest::ScalingPolicyType;
/// assert_eq!(serde_json::to_string(&ScalingPolicyType::Percent)?, r#""Percent""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ScalingPolicyType {
    /// Pods.
    Pods,
    /// Percent of the count at the period's start.
    Percent,
}
