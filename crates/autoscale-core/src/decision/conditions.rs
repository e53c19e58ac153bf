use core::fmt;

/// Kubernetes' status conditions; `None` where the decision did not set one.
///
/// ```
/// use autoscale_core::{ConditionReason, Hpa, HpaConfig, MetricSpec, Observation, Policy};
/// let mut hpa = Hpa::new(HpaConfig::new(10, [MetricSpec::cpu_utilization(50)]))?;
/// let stopped = hpa.decide(std::time::Duration::ZERO, &Observation::new(0)).conditions;
/// let why = stopped.scaling_active.map(|condition| condition.reason);
/// assert_eq!(why, Some(ConditionReason::ScalingDisabled));
/// assert_eq!(stopped.scaling_limited, None);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "PascalCase"))]
pub struct Conditions {
    /// Whether the controller can get and update the scale.
    pub able_to_scale: Option<Condition>,
    /// Whether metrics could be turned into a count.
    pub scaling_active: Option<Condition>,
    /// Whether bounds or rates cut the count.
    pub scaling_limited: Option<Condition>,
    /// Whether this policy scaled the target to zero (KEP-2021).
    pub scaled_to_zero: Option<Condition>,
}

/// One status condition.
///
/// ```
/// use autoscale_core::{Condition, ConditionReason, Hpa, HpaConfig, MetricSpec, Observation};
/// # use autoscale_core::Policy;
/// let mut hpa = Hpa::new(HpaConfig::new(10, [MetricSpec::cpu_utilization(50)]))?;
/// let blind = hpa.decide(std::time::Duration::ZERO, &Observation::new(2));
/// let failed = Condition { status: false, reason: ConditionReason::FailedGetResourceMetric };
/// assert_eq!(blind.conditions.scaling_active, Some(failed));
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Condition {
    /// Whether it holds.
    pub status: bool,
    /// Why.
    pub reason: ConditionReason,
}

macro_rules! condition_reasons {
    ($($name:ident),* $(,)?) => {
        /// Reasons of status conditions, with Kubernetes' own names.
        ///
        /// ```
        /// use autoscale_core::ConditionReason;
        /// assert_eq!(ConditionReason::ScaledToZero.to_string(), "ScaledToZero");
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[non_exhaustive]
        #[allow(missing_docs)] // the names are Kubernetes' own
        pub enum ConditionReason { $($name),* }

        impl ConditionReason {
            /// The name as Kubernetes writes it.
            ///
            /// ```
            /// use autoscale_core::ConditionReason;
            /// assert_eq!(ConditionReason::ValidMetricFound.name(), "ValidMetricFound");
            /// ```
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),* }
            }
        }
    };
}

condition_reasons! {
    SucceededGetScale, SucceededRescale, ReadyForNewScale, ScaleUpStabilized, ScaleDownStabilized,
    ValidMetricFound, ScalingDisabled, FailedGetResourceMetric, FailedGetContainerResourceMetric,
    FailedGetPodsMetric, FailedGetObjectMetric, FailedGetExternalMetric, InvalidMetricSourceType,
    DesiredWithinRange, TooManyReplicas, TooFewReplicas, ScaleUpLimit, ScaleDownLimit, ScaledToZero,
    NotScaledToZero,
}

impl fmt::Display for ConditionReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
