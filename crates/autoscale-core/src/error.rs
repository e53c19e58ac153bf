/// Why a configuration was refused. Each message names the field, the value and the bound.
///
/// ```
/// use autoscale_core::{Kpa, KpaConfig};
/// let message = Kpa::new(KpaConfig::new(0.0)).err().map(|error| error.to_string());
/// assert_eq!(message.as_deref(), Some("target_value is 0, must be a finite number > 0"));
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A number is outside its range.
    #[error("{field} is {value}, must be {bound}")]
    OutOfRange {
        /// Path of the field, for example `behavior.scale_up.policies[0].value`.
        field: String,
        /// The value given.
        value: String,
        /// The range it must lie in.
        bound: &'static str,
    },
    /// A list or a choice that must be given is empty.
    #[error("{field} is missing: {need}")]
    Missing {
        /// Path of the field.
        field: String,
        /// What is needed there.
        need: &'static str,
    },
    /// Two fields contradict each other.
    #[error("{field} is {value}, must be {relation} {other} ({other_value})")]
    Inconsistent {
        /// Path of the field.
        field: &'static str,
        /// The value given.
        value: String,
        /// The relation that must hold, such as "at least".
        relation: &'static str,
        /// Path of the other field.
        other: &'static str,
        /// The other field's value.
        other_value: String,
    },
}

impl ConfigError {
    pub(crate) fn range(
        field: impl Into<String>,
        value: impl ToString,
        bound: &'static str,
    ) -> Self {
        Self::OutOfRange {
            field: field.into(),
            value: value.to_string(),
            bound,
        }
    }
}

/// Why one metric gave no replica count. Not an error of the policy: it becomes part of the
/// decision, and a metric that failed never makes a workload smaller.
///
/// ```
/// use autoscale_core::{Hpa, HpaConfig, MetricError, MetricSpec, Observation, Policy};
/// let mut hpa = Hpa::new(HpaConfig::new(10, [MetricSpec::cpu_utilization(50)]))?;
/// let decision = hpa.decide(std::time::Duration::ZERO, &Observation::new(4));
/// assert_eq!(decision.metrics[0].proposal, Err(MetricError::FetchFailed));
/// assert_eq!(decision.replicas, 4);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum MetricError {
    /// The source could not be read.
    #[error("the metric source failed")]
    FetchFailed,
    /// The observation has no reading at this metric's place, or one of another kind.
    #[error("the observation has no reading of the kind that this metric needs")]
    WrongReading,
    /// The source answered with no sample at all.
    #[error("the metric source returned no samples")]
    NoSamples,
    /// The value is older than the policy accepts.
    #[error("the newest sample is older than max_sample_age")]
    Stale,
    /// The value is negative, which no load can be.
    #[error("the value is negative")]
    Negative,
    /// The target selects no pods.
    #[error("no pods match the target's selector")]
    NoPods,
    /// Samples came, but none for a pod that is ready.
    #[error("no samples for pods that are ready")]
    NoSamplesForReadyPods,
    /// The samples belong to no known pod.
    #[error("no sample belongs to a known pod")]
    MetricsMatchNoPod,
    /// A pod of a utilization metric has a container without a resource request.
    #[error("a container has no request for the resource")]
    MissingRequest,
    /// The named container is not in a pod.
    #[error("the named container is not in a pod")]
    ContainerNotFound,
    /// A sample lacks the named container's value.
    #[error("a sample has no value for the named container")]
    ContainerMetricMissing,
    /// The metric source type is not known to this policy.
    #[error("unknown metric source type")]
    UnknownSource,
}
