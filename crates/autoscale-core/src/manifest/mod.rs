//! Kubernetes manifests: the types of `autoscaling/v2` and of `autoscaling.k8s.io/v1`, and resource
//! quantities (feature `manifest`).
//!
//! The types read and write any serde format; the YAML parser is the caller's. Unknown fields are
//! errors. [`HorizontalPodAutoscaler::config`] checks the values as the API server does, fills in
//! its defaults and gives an [`HpaConfig`](crate::HpaConfig):
//!
//! | absent | default |
//! |---|---|
//! | `minReplicas` | 1 |
//! | `metrics` | `cpu` at 80 % of the request |
//! | `behavior` | the legacy rules (`HpaConfig::behavior` is `None`) |
//! | `behavior.scaleUp` or a field of it | window 0 s, `Max` of 4 pods and 100 % in 15 s |
//! | `behavior.scaleDown` or a field of it | the controller's window, 100 % in 15 s |
//!
//! [`VerticalPodAutoscaler::config`] does the same for one container of a VPA.
//!
//! Two checks go beyond the API server's, which accepts what the controller then can never read: a
//! target has the field that its `type` names, and a `type` that its source knows.
//!
//! ```
//! use autoscale_core::manifest::HorizontalPodAutoscaler;
//! let manifest: HorizontalPodAutoscaler = serde_json::from_str(
//!     r#"{
//!         "apiVersion": "autoscaling/v2",
//!         "kind": "HorizontalPodAutoscaler",
//!         "metadata": {"name": "api"},
//!         "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "api"}, "maxReplicas": 9}
//!     }"#,
//! )?;
//! assert_eq!((manifest.config()?.min_replicas, manifest.config()?.max_replicas), (1, 9));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod convert;
mod error;
mod hpa;
mod meta;
mod quantity;
mod vpa;
mod vpa_convert;

pub use error::ManifestError;
pub use hpa::{
    ContainerResourceMetric, ExternalMetric, HorizontalPodAutoscaler, HpaBehavior, HpaMetric,
    HpaScalingPolicy, HpaScalingRules, HpaSpec, MetricIdentifier, MetricSourceType, MetricTarget,
    MetricTargetType, ObjectMetric, PodsMetric, ResourceMetric, ScalingPolicySelect,
    ScalingPolicyType,
};
pub use meta::{
    CrossVersionObjectReference, LabelSelector, LabelSelectorOperator, LabelSelectorRequirement,
    ObjectMeta, OwnerReference,
};
pub use quantity::{ParseQuantityError, Quantity};
pub use vpa::{
    ContainerControlledValues, ContainerResourcePolicy, ContainerScalingMode, PodResourcePolicy,
    PodUpdatePolicy, StartupBoost, VerticalPodAutoscaler, VpaChangeRequirement,
    VpaEvictionRequirement, VpaRecommender, VpaResource, VpaResourceList, VpaSpec, VpaUpdateMode,
};
