use core::time::Duration;

use super::ScalingRules;
use crate::setters::setters;
use crate::{ConfigError, Milli};

/// What an HPA is configured with: the object's `spec` and the flags of its controller.
///
/// `HpaConfig::new` fills in Kubernetes' defaults; `max_replicas` and at least one metric have
/// none.
///
/// ```
/// use autoscale_core::{Hpa, HpaConfig, MetricSpec};
/// let config = HpaConfig::new(20, [MetricSpec::cpu_utilization(70)]).with_min_replicas(3);
/// let hpa = Hpa::new(config)?;
/// assert_eq!(hpa.config().min_replicas, 3);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct HpaConfig {
    /// Fewest replicas, 0 … `max_replicas`; default 1. With 0 the target is scaled to zero where
    /// an object or external metric says so and `scale_to_zero` is on.
    #[cfg_attr(feature = "serde", serde(default = "one"))]
    pub min_replicas: u32,
    /// Most replicas, 1 … 2³¹ − 1.
    pub max_replicas: u32,
    /// At least one metric; the largest count that any of them asks for wins.
    pub metrics: Vec<MetricSpec>,
    /// Stabilization windows and rate policies for both directions; `None` selects the legacy
    /// rules: at most `max(2 × current, 4)` at once, down-scaling stabilized only.
    #[cfg_attr(feature = "serde", serde(default))]
    pub behavior: Option<Behavior>,
    /// How far the ratio of current to target may be from 1 without a change, as a fraction ≥ 0;
    /// default 0.1 (`--horizontal-pod-autoscaler-tolerance`). `behavior` may override it for each
    /// direction.
    #[cfg_attr(feature = "serde", serde(default = "tenth"))]
    pub tolerance: f64,
    /// Window whose largest recommendation a scale-down follows where `behavior` gives none;
    /// default 5 m, at most 1 h (`--horizontal-pod-autoscaler-downscale-stabilization`).
    #[cfg_attr(
        feature = "serde",
        serde(default = "five_minutes", with = "crate::duration")
    )]
    pub downscale_stabilization: Duration,
    /// After a pod's start, how long its CPU sample counts only if the pod is ready and a whole
    /// window has passed since it became so; default 5 m
    /// (`--horizontal-pod-autoscaler-cpu-initialization-period`).
    #[cfg_attr(
        feature = "serde",
        serde(default = "five_minutes", with = "crate::duration")
    )]
    pub cpu_initialization_period: Duration,
    /// A pod that turned unready within this time of its start is taken to have never been ready;
    /// default 30 s (`--horizontal-pod-autoscaler-initial-readiness-delay`).
    #[cfg_attr(
        feature = "serde",
        serde(default = "half_minute", with = "crate::duration")
    )]
    pub initial_readiness_delay: Duration,
    /// Without `behavior`: the factor that one decision may grow the count by; ≥ 1, default 2.
    #[cfg_attr(feature = "serde", serde(default = "two"))]
    pub legacy_scale_up_factor: f64,
    /// Without `behavior`: the count that one decision may always reach; default 4.
    #[cfg_attr(feature = "serde", serde(default = "four"))]
    pub legacy_scale_up_minimum: u32,
    /// Whether scaling to and from zero is enabled (KEP-2021); default true, as in Kubernetes 1.37.
    #[cfg_attr(feature = "serde", serde(default = "yes"))]
    pub scale_to_zero: bool,
    /// Whether pod-level requests count (KEP-2837); default true.
    #[cfg_attr(feature = "serde", serde(default = "yes"))]
    pub pod_level_requests: bool,
    /// Samples older than this are treated as missing; default 5 m, `None` (in files `"any"`) =
    /// any age will do, as in Kubernetes, which leaves this to the metrics server.
    #[cfg_attr(
        feature = "serde",
        serde(default = "some_five_minutes", with = "crate::duration::option")
    )]
    pub max_sample_age: Option<Duration>,
    /// How long after a pod became ready its first sample may take; a ready pod older than this without
    /// one forbids a scale-down. Default 90 s, at most 1 h; not used with `Compat::Upstream`.
    #[cfg_attr(
        feature = "serde",
        serde(default = "ninety_seconds", with = "crate::duration")
    )]
    pub first_sample_grace: Duration,
    /// Which of upstream's known flaws to reproduce; default none.
    #[cfg_attr(feature = "serde", serde(default))]
    pub compat: Compat,
    /// Index of the first metric's reading in the observation; default 0, another where several
    /// policies share one observation.
    #[cfg_attr(feature = "serde", serde(default))]
    pub first_reading: usize,
}

/// Whether to follow the Kubernetes controller to the letter where it is known to be wrong.
///
/// ```
/// use autoscale_core::{Compat, Hpa, HpaConfig, MetricSpec};
/// let asleep = HpaConfig::new(9, [MetricSpec::cpu_utilization(70)]).with_min_replicas(0);
/// assert!(Hpa::new(asleep.clone()).is_err()); // pods that are gone have no CPU usage
/// let hpa = Hpa::new(asleep.with_compat(Compat::Upstream))?;
/// assert_eq!(hpa.config().min_replicas, 0);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Compat {
    /// Repaired:
    /// * surge pods of a rolling update never raise the count (kubernetes#138505: inside the
    ///   tolerance of an average-value target upstream answers with the *existing* replicas; for
    ///   value targets, and for what each pod has of its own such as memory, it multiplies by all
    ///   ready pods; below the target it may answer with more than now);
    /// * a pod that has been ready for `first_sample_grace`, or whose initialization period is over,
    ///   but whose sample, readiness or start is absent, and a pod list shorter than the status says,
    ///   forbid a scale-down;
    /// * a time without data counts as a recommendation of what runs, so that stabilization windows
    ///   begin anew after it;
    /// * `min_replicas` of 0 is refused where nothing could wake the target again;
    /// * a ratio above the target never scales down;
    /// * negative values are treated as missing.
    #[default]
    Repaired,
    /// Upstream's result in each of these cases.
    Upstream,
}

/// One metric of an HPA with its target.
///
/// ```
/// use autoscale_core::{Hpa, HpaConfig, MetricSpec, Milli, ValueTarget};
/// let target = ValueTarget::AverageValue(Milli(30_000)); // 30 messages a pod
/// let queue = MetricSpec::External { name: "queue_length".into(), target };
/// let hpa = Hpa::new(HpaConfig::new(20, [MetricSpec::cpu_utilization(70), queue]))?;
/// assert_eq!(hpa.config().metrics[1].name(), "queue_length");
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
#[non_exhaustive]
pub enum MetricSpec {
    /// A resource's usage over all containers of a pod.
    Resource {
        /// Resource name, `cpu` or `memory`; the start-up rules apply to `cpu`.
        name: String,
        /// The target.
        target: ResourceTarget,
    },
    /// A resource's usage in one container.
    ContainerResource {
        /// Resource name.
        name: String,
        /// Container name.
        container: String,
        /// The target.
        target: ResourceTarget,
    },
    /// A custom metric of each pod.
    Pods {
        /// Metric name.
        name: String,
        /// Target for the average over pods; > 0.
        average_value: Milli,
    },
    /// A metric of one object.
    Object {
        /// Metric name.
        name: String,
        /// The target.
        target: ValueTarget,
    },
    /// A metric from outside the cluster; its series are summed.
    External {
        /// Metric name.
        name: String,
        /// The target.
        target: ValueTarget,
    },
    /// A source type that this version does not know: always fails, so that it forbids scaling
    /// down.
    Unknown {
        /// The type's name.
        source_type: String,
    },
}

impl MetricSpec {
    /// CPU usage at `percent` of the request, averaged over pods.
    ///
    /// ```
    /// use autoscale_core::{MetricSpec, ResourceTarget};
    /// let target = ResourceTarget::Utilization(70);
    /// let spelled_out = MetricSpec::Resource { name: "cpu".into(), target };
    /// assert_eq!(MetricSpec::cpu_utilization(70), spelled_out);
    /// ```
    #[must_use]
    pub fn cpu_utilization(percent: u32) -> Self {
        Self::Resource {
            name: "cpu".to_owned(),
            target: ResourceTarget::Utilization(percent),
        }
    }

    /// The metric's or the resource's name.
    ///
    /// ```
    /// assert_eq!(autoscale_core::MetricSpec::cpu_utilization(70).name(), "cpu");
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Resource { name, .. }
            | Self::ContainerResource { name, .. }
            | Self::Pods { name, .. }
            | Self::Object { name, .. }
            | Self::External { name, .. } => name,
            Self::Unknown { source_type } => source_type,
        }
    }

    /// The kind's name, as serde writes it.
    const fn kind(&self) -> &'static str {
        match self {
            Self::Resource { .. } => "resource",
            Self::ContainerResource { .. } => "container_resource",
            Self::Pods { .. } => "pods",
            Self::Object { .. } => "object",
            Self::External { .. } => "external",
            Self::Unknown { .. } => "unknown",
        }
    }

    pub(super) const fn can_wake_from_zero(&self) -> bool {
        matches!(self, Self::Object { .. } | Self::External { .. })
    }
}

/// Target of a resource metric.
///
/// ```
/// use autoscale_core::{Hpa, HpaConfig, MetricSpec, Milli, ResourceTarget};
/// let memory = |milli| MetricSpec::Resource {
///     name: "memory".into(),
///     target: ResourceTarget::AverageValue(Milli(milli)),
/// };
/// Hpa::new(HpaConfig::new(9, [memory(512 * 1024 * 1024 * 1000)]))?; // 512 MiB a pod
/// assert!(Hpa::new(HpaConfig::new(9, [memory(0)])).is_err());
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum ResourceTarget {
    /// Usage in percent of the request, averaged over pods; ≥ 1, may be above 100.
    Utilization(u32),
    /// Usage averaged over pods; > 0.
    AverageValue(Milli),
}

/// Target of an object or external metric.
///
/// ```
/// use autoscale_core::{HpaConfig, MetricReading, MetricSpec, Milli, Observation, PodGroup};
/// use autoscale_core::{ReplicaCalculator, ValueTarget};
/// let mut calculator = ReplicaCalculator::new(&HpaConfig::new(10, []));
/// let seen = Observation::new(2).with_pods([PodGroup::running(2)]);
/// let ten = Milli(10_000);
/// let counts = [ValueTarget::Value(ten), ValueTarget::AverageValue(ten)].map(|target| {
///     let queue = MetricSpec::External { name: "queue".into(), target };
///     calculator.calculate(&queue, &MetricReading::value(Milli(30_000)), &seen).proposal
/// });
/// assert_eq!(counts, [Ok(6), Ok(3)]); // three times two pods; ten for each of three
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum ValueTarget {
    /// The value itself; > 0.
    Value(Milli),
    /// The value divided by the number of pods; > 0.
    AverageValue(Milli),
}

/// Scaling rules for both directions.
///
/// ```
/// use autoscale_core::{Behavior, Fixed, Observation, Policy, PolicyExt, SelectPolicy};
/// let mut never_down = Behavior::default();
/// never_down.scale_down.select = SelectPolicy::Disabled;
/// let mut policy = Fixed(1).rate_limited(never_down)?;
/// assert_eq!(policy.decide(std::time::Duration::ZERO, &Observation::new(5)).replicas, 5);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Behavior {
    /// Rules for more replicas.
    #[cfg_attr(feature = "serde", serde(default = "ScalingRules::scale_up"))]
    pub scale_up: ScalingRules,
    /// Rules for fewer replicas.
    #[cfg_attr(feature = "serde", serde(default = "ScalingRules::scale_down"))]
    pub scale_down: ScalingRules,
}

impl Behavior {
    /// These rules upwards and downwards; [`Behavior::default`] has the API's own.
    ///
    /// ```
    /// use autoscale_core::{Behavior, ScalingRules};
    /// let both = Behavior::new(ScalingRules::scale_up(), ScalingRules::scale_down());
    /// assert_eq!(both, Behavior::default());
    /// ```
    #[must_use]
    pub const fn new(scale_up: ScalingRules, scale_down: ScalingRules) -> Self {
        Self {
            scale_up,
            scale_down,
        }
    }
}

impl Default for Behavior {
    fn default() -> Self {
        Self {
            scale_up: ScalingRules::scale_up(),
            scale_down: ScalingRules::scale_down(),
        }
    }
}

const FIVE_MINUTES: Duration = Duration::from_secs(300);
const HALF_MINUTE: Duration = Duration::from_secs(30);

#[cfg(feature = "serde")]
mod defaults {
    use super::Duration;

    pub(super) const fn one() -> u32 {
        1
    }
    pub(super) const fn four() -> u32 {
        4
    }
    pub(super) const fn two() -> f64 {
        2.0
    }
    pub(super) const fn tenth() -> f64 {
        0.1
    }
    pub(super) const fn yes() -> bool {
        true
    }
    pub(super) const fn five_minutes() -> Duration {
        super::FIVE_MINUTES
    }
    pub(super) const fn some_five_minutes() -> Option<Duration> {
        Some(super::FIVE_MINUTES)
    }
    pub(super) const fn ninety_seconds() -> Duration {
        Duration::from_secs(90)
    }
    pub(super) const fn half_minute() -> Duration {
        super::HALF_MINUTE
    }
}
#[cfg(feature = "serde")]
use defaults::{
    five_minutes, four, half_minute, ninety_seconds, one, some_five_minutes, tenth, two, yes,
};

impl HpaConfig {
    /// Kubernetes' defaults around the two things that have none.
    ///
    /// ```
    /// use autoscale_core::{Hpa, HpaConfig, MetricSpec};
    /// use std::time::Duration;
    /// let config = HpaConfig::new(20, [MetricSpec::cpu_utilization(70)]);
    /// assert_eq!(config.downscale_stabilization, Duration::from_secs(300));
    /// let hasty = config.with_tolerance(0.05).with_downscale_stabilization(Duration::ZERO);
    /// assert_eq!(Hpa::new(hasty)?.config().tolerance, 0.05);
    /// assert!(Hpa::new(HpaConfig::new(20, [])).is_err()); // no metric
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub fn new(max_replicas: u32, metrics: impl IntoIterator<Item = MetricSpec>) -> Self {
        Self {
            min_replicas: 1,
            max_replicas,
            metrics: metrics.into_iter().collect(),
            behavior: None,
            tolerance: 0.1,
            downscale_stabilization: FIVE_MINUTES,
            cpu_initialization_period: FIVE_MINUTES,
            initial_readiness_delay: HALF_MINUTE,
            legacy_scale_up_factor: 2.0,
            legacy_scale_up_minimum: 4,
            scale_to_zero: true,
            pod_level_requests: true,
            max_sample_age: Some(FIVE_MINUTES),
            first_sample_grace: Duration::from_secs(90),
            compat: Compat::Repaired,
            first_reading: 0,
        }
    }

    setters! {
        with_min_replicas: min_replicas, u32;
        with_behavior: behavior, Option<Behavior>;
        with_tolerance: tolerance, f64;
        with_downscale_stabilization: downscale_stabilization, Duration;
        with_cpu_initialization_period: cpu_initialization_period, Duration;
        with_initial_readiness_delay: initial_readiness_delay, Duration;
        with_legacy_scale_up_factor: legacy_scale_up_factor, f64;
        with_legacy_scale_up_minimum: legacy_scale_up_minimum, u32;
        with_scale_to_zero: scale_to_zero, bool;
        with_pod_level_requests: pod_level_requests, bool;
        with_max_sample_age: max_sample_age, Option<Duration>;
        with_first_sample_grace: first_sample_grace, Duration;
        with_compat: compat, Compat;
        with_first_reading: first_reading, usize;
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let int32 = i32::MAX.unsigned_abs();
        if self.max_replicas == 0 || self.max_replicas > int32 {
            return Err(ConfigError::range(
                "max_replicas",
                self.max_replicas,
                "1 … 2147483647",
            ));
        }
        if self.min_replicas > self.max_replicas {
            return Err(ConfigError::Inconsistent {
                field: "min_replicas",
                value: self.min_replicas.to_string(),
                relation: "at most",
                other: "max_replicas",
                other_value: self.max_replicas.to_string(),
            });
        }
        if self.metrics.is_empty() {
            return Err(ConfigError::Missing {
                field: "metrics".into(),
                need: "at least one",
            });
        }
        let wakes = self.metrics.iter().any(MetricSpec::can_wake_from_zero);
        if self.min_replicas == 0
            && self.compat == Compat::Repaired
            && !(self.scale_to_zero && wakes)
        {
            return Err(ConfigError::range(
                "min_replicas",
                0,
                "at least 1 unless scale_to_zero is on and there is an object or external metric",
            ));
        }
        for (i, metric) in self.metrics.iter().enumerate() {
            validate_target(i, metric)?;
        }
        non_negative("tolerance", self.tolerance)?;
        if !(self.legacy_scale_up_factor.is_finite() && self.legacy_scale_up_factor >= 1.0) {
            return Err(ConfigError::range(
                "legacy_scale_up_factor",
                self.legacy_scale_up_factor,
                "a finite number ≥ 1",
            ));
        }
        for (field, value) in [
            ("downscale_stabilization", self.downscale_stabilization),
            ("first_sample_grace", self.first_sample_grace),
        ] {
            if value > super::rules::MAX_WINDOW {
                return Err(ConfigError::range(
                    field,
                    crate::format_duration(value),
                    "0 … 1h",
                ));
            }
        }
        if let Some(behavior) = &self.behavior {
            behavior.scale_up.validate("behavior.scale_up")?;
            behavior.scale_down.validate("behavior.scale_down")?;
        }
        Ok(())
    }
}

pub(super) fn non_negative(field: &str, value: f64) -> Result<(), ConfigError> {
    if value.is_finite() && value >= 0.0 {
        Ok(())
    } else {
        Err(ConfigError::range(field, value, "a finite number ≥ 0"))
    }
}

fn validate_target(index: usize, metric: &MetricSpec) -> Result<(), ConfigError> {
    let field = |leaf: &str| format!("metrics[{index}].{}.{leaf}", metric.kind());
    let positive = |value: Milli, leaf: &str| {
        if value.0 > 0 {
            Ok(())
        } else {
            Err(ConfigError::range(field(leaf), value, "greater than 0"))
        }
    };
    match metric {
        MetricSpec::Resource { target, .. } | MetricSpec::ContainerResource { target, .. } => {
            match target {
                ResourceTarget::Utilization(0) => Err(ConfigError::range(
                    field("target.utilization"),
                    0,
                    "at least 1",
                )),
                ResourceTarget::Utilization(_) => Ok(()),
                ResourceTarget::AverageValue(value) => positive(*value, "target.average_value"),
            }
        }
        MetricSpec::Pods { average_value, .. } => positive(*average_value, "average_value"),
        MetricSpec::Object { target, .. } | MetricSpec::External { target, .. } => match target {
            ValueTarget::Value(value) => positive(*value, "target.value"),
            ValueTarget::AverageValue(value) => positive(*value, "target.average_value"),
        },
        MetricSpec::Unknown { .. } => Ok(()),
    }
}
