use core::time::Duration;

use super::resources::{Resource, Resources};
use super::usage::UsageConfig;
use crate::ConfigError;
use crate::setters::setters;

/// When a recommendation is carried out.
///
/// ```
/// use autoscale_core::UpdateMode;
/// assert_eq!(UpdateMode::default(), UpdateMode::Recreate);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum UpdateMode {
    /// Never: the target is only said.
    Off,
    /// When a container starts.
    Initial,
    /// Also while it runs, by starting it anew (`Auto` of a manifest too).
    #[default]
    Recreate,
    /// In place where the node can, by starting it anew where it cannot.
    InPlaceOrRecreate,
    /// In place only.
    InPlace,
}

/// Which way a resource must change for a container to be started anew.
///
/// ```
/// use autoscale_core::{ChangeRequirement, EvictionRequirement, Resource};
/// let only_up = EvictionRequirement {
///     resources: vec![Resource::Cpu, Resource::Memory],
///     change: ChangeRequirement::TargetHigherThanRequests,
/// };
/// assert_eq!(only_up.resources.len(), 2);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum ChangeRequirement {
    /// The target is above the request.
    TargetHigherThanRequests,
    /// The target is below the request.
    TargetLowerThanRequests,
}

/// A condition of a restart: at least one of the resources changes that way.
///
/// ```
/// use autoscale_core::{ChangeRequirement, EvictionRequirement, Resource};
/// let requirement = EvictionRequirement {
///     resources: vec![Resource::Cpu],
///     change: ChangeRequirement::TargetLowerThanRequests,
/// };
/// assert_eq!(requirement.change, ChangeRequirement::TargetLowerThanRequests);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct EvictionRequirement {
    /// The resources, one of which must change so.
    pub resources: Vec<Resource>,
    /// The way.
    pub change: ChangeRequirement,
}

/// What a [`Vpa`](crate::Vpa) is configured with: the recommender's and the updater's flags, and one
/// container's part of a `VerticalPodAutoscaler`.
///
/// ```
/// use autoscale_core::{Resources, Vpa, VpaConfig};
/// let vpa = Vpa::new(
///     VpaConfig::default()
///         .with_min_allowed(Resources::new(500, 1 << 30))
///         .with_max_allowed(Resources::new(4000, 16 << 30)),
/// )?;
/// assert!(Vpa::new(VpaConfig::default().with_target_cpu_percentile(1.5)).is_err());
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct VpaConfig {
    /// How use is remembered.
    pub usage: UsageConfig,
    /// Percentile of CPU use that the target carries; 0 … 1, default 0.9.
    pub target_cpu_percentile: f64,
    /// That of the lower bound; 0 … 1, default 0.5.
    pub lower_bound_cpu_percentile: f64,
    /// That of the upper bound; 0 … 1, default 0.95.
    pub upper_bound_cpu_percentile: f64,
    /// Percentile of the memory peaks that the target carries; 0 … 1, default 0.9.
    pub target_memory_percentile: f64,
    /// That of the lower bound; 0 … 1, default 0.5.
    pub lower_bound_memory_percentile: f64,
    /// That of the upper bound; 0 … 1, default 0.95.
    pub upper_bound_memory_percentile: f64,
    /// Share added to every estimate; 0 … 100, default 0.15.
    pub safety_margin: f64,
    /// History that counts as a confidence of 1; > 0, default 24 h.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub confidence_interval: Duration,
    /// Least that a pod is given; shared by its containers. Default 25 m and 250 MiB.
    pub pod_minimum: Resources,
    /// Containers of the pod that share `pod_minimum`; ≥ 1, default 1.
    pub containers: u32,
    /// Least that may be recommended; default no bound.
    pub min_allowed: Resources,
    /// Most that may be recommended, ≥ `min_allowed`; 0 and the default are no bound.
    pub max_allowed: Resources,
    /// Whether CPU is recommended; default true.
    pub control_cpu: bool,
    /// Whether memory is recommended; default true.
    pub control_memory: bool,
    /// When a recommendation is carried out; default [`UpdateMode::Recreate`].
    pub update_mode: UpdateMode,
    /// Least [`change`](crate::VerticalDecision::change) that is worth a restart; ≥ 0, default 0.1.
    pub min_change: f64,
    /// A container within bounds is let run this long; default 12 h.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub min_lifetime: Duration,
    /// A kill for want of memory sooner than this after the start resizes at once; default 10 min.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub evict_after_oom: Duration,
    /// Every one of these must be met for a restart; default none.
    pub eviction_requirements: Vec<EvictionRequirement>,
}

impl Default for VpaConfig {
    fn default() -> Self {
        Self {
            usage: UsageConfig::default(),
            target_cpu_percentile: 0.9,
            lower_bound_cpu_percentile: 0.5,
            upper_bound_cpu_percentile: 0.95,
            target_memory_percentile: 0.9,
            lower_bound_memory_percentile: 0.5,
            upper_bound_memory_percentile: 0.95,
            safety_margin: 0.15,
            confidence_interval: Duration::from_secs(86_400),
            pod_minimum: Resources::new(25, 250 << 20),
            containers: 1,
            min_allowed: Resources::default(),
            max_allowed: Resources::default(),
            control_cpu: true,
            control_memory: true,
            update_mode: UpdateMode::Recreate,
            min_change: 0.1,
            min_lifetime: Duration::from_secs(12 * 3600),
            evict_after_oom: Duration::from_secs(600),
            eviction_requirements: Vec::new(),
        }
    }
}

impl VpaConfig {
    setters! { "VpaConfig::default()";
        with_usage: usage, UsageConfig, "UsageConfig::default()";
        with_target_cpu_percentile: target_cpu_percentile, f64, "0.8";
        with_lower_bound_cpu_percentile: lower_bound_cpu_percentile, f64, "0.4";
        with_upper_bound_cpu_percentile: upper_bound_cpu_percentile, f64, "0.99";
        with_target_memory_percentile: target_memory_percentile, f64, "0.8";
        with_lower_bound_memory_percentile: lower_bound_memory_percentile, f64, "0.4";
        with_upper_bound_memory_percentile: upper_bound_memory_percentile, f64, "0.99";
        with_safety_margin: safety_margin, f64, "0.3";
        with_confidence_interval: confidence_interval, Duration, "Duration::from_secs(3600)";
        with_pod_minimum: pod_minimum, Resources, "Resources::new(10, 1 << 20)";
        with_containers: containers, u32, "2";
        with_min_allowed: min_allowed, Resources, "Resources::new(500, 1 << 30)";
        with_max_allowed: max_allowed, Resources, "Resources::new(4000, 16 << 30)";
        with_control_cpu: control_cpu, bool, "true";
        with_control_memory: control_memory, bool, "true";
        with_update_mode: update_mode, UpdateMode, "UpdateMode::Off";
        with_min_change: min_change, f64, "0.2";
        with_min_lifetime: min_lifetime, Duration, "Duration::from_secs(3600)";
        with_evict_after_oom: evict_after_oom, Duration, "Duration::from_secs(60)";
        with_eviction_requirements: eviction_requirements, Vec<EvictionRequirement>, "vec![]";
    }

    /// # Errors
    /// [`ConfigError`] naming the field, its value and its bound.
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        self.usage.validate()?;
        for (field, value) in [
            ("target_cpu_percentile", self.target_cpu_percentile),
            (
                "lower_bound_cpu_percentile",
                self.lower_bound_cpu_percentile,
            ),
            (
                "upper_bound_cpu_percentile",
                self.upper_bound_cpu_percentile,
            ),
            ("target_memory_percentile", self.target_memory_percentile),
            (
                "lower_bound_memory_percentile",
                self.lower_bound_memory_percentile,
            ),
            (
                "upper_bound_memory_percentile",
                self.upper_bound_memory_percentile,
            ),
        ] {
            if !(0.0..=1.0).contains(&value) {
                return Err(ConfigError::range(field, value, "between 0 and 1"));
            }
        }
        for (field, value) in [
            ("safety_margin", self.safety_margin),
            ("min_change", self.min_change),
        ] {
            if !(0.0..=100.0).contains(&value) {
                return Err(ConfigError::range(field, value, "between 0 and 100"));
            }
        }
        if self.confidence_interval.is_zero() {
            let field = "confidence_interval";
            return Err(ConfigError::range(field, "0s", "longer than zero"));
        }
        if self.containers == 0 {
            return Err(ConfigError::range("containers", 0, "at least 1"));
        }
        bounded(&self.min_allowed, &self.max_allowed)
    }
}

/// Refuses a minimum above its maximum.
pub(super) fn bounded(least: &Resources, most: &Resources) -> Result<(), ConfigError> {
    for resource in Resource::ALL {
        let (field, other) = match resource {
            Resource::Cpu => ("max_allowed.cpu_milli", "min_allowed.cpu_milli"),
            Resource::Memory => ("max_allowed.memory_bytes", "min_allowed.memory_bytes"),
        };
        if let (Some(least), Some(most)) = (least.get(resource), most.get(resource))
            && most > 0
            && most < least
        {
            return Err(ConfigError::Inconsistent {
                field,
                value: most.to_string(),
                relation: "at least",
                other,
                other_value: least.to_string(),
            });
        }
    }
    Ok(())
}
