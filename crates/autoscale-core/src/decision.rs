use core::fmt;

use crate::{FactorStage, MetricError};

/// What a policy decided, and every number that led to it.
///
/// "No change" and "not enough data" are decisions like any other. A `Decision` can be reused:
/// [`Policy::decide_into`](crate::Policy::decide_into) keeps its buffers, so that deciding does not
/// allocate once the policy's windows have been filled.
///
/// ```
/// use autoscale_core::{Decision, Fixed, Observation, Policy, PolicyExt};
/// # use std::time::Duration;
/// let (mut policy, mut decision) = (Fixed(9).bounded(1..=5)?, Decision::default());
/// for current in [2, 5] {
///     policy.decide_into(Duration::ZERO, &Observation::new(current), &mut decision);
///     assert_eq!((decision.current_replicas, decision.replicas), (current, 5));
/// }
/// assert_eq!(decision.stages[0].replicas, 9); // before the bounds
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Decision {
    /// Replicas to run.
    pub replicas: u32,
    /// Replicas asked for before this decision.
    pub current_replicas: u32,
    /// Why `replicas` is what it is: the stage that had the last word.
    pub reason: Reason,
    /// Whether metrics failed such that the current count was kept (unless a bound or a fallback
    /// spoke after that).
    pub blind: bool,
    /// The replica count after each stage, in the order they ran.
    pub stages: Vec<Stage>,
    /// What each metric said, in the policy's order.
    pub metrics: Vec<MetricStage>,
    /// Kubernetes' status conditions, where the policy is an HPA.
    pub conditions: Conditions,
    /// Knative's figures, where the policy is a KPA.
    pub kpa: Option<KpaStage>,
    /// What each target, alarm or trigger has seen, in the policy's order.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Vec::is_empty")
    )]
    pub thresholds: Vec<ThresholdStage>,
    /// The prices and what each would have delivered, where the policy is predictive.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "LadderStage::is_empty")
    )]
    pub ladder: LadderStage,
    /// What each factor has said, in the policy's order, where factors are weighted.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Vec::is_empty")
    )]
    pub factors: Vec<FactorStage>,
    /// How sure the policy is, 0 … 1, where it says so.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub confidence: Option<f64>,
}

impl Decision {
    /// Whether the decision asks for another number of replicas than is asked for now.
    ///
    /// ```
    /// assert!(!autoscale_core::Decision::default().is_change());
    /// ```
    #[must_use]
    pub const fn is_change(&self) -> bool {
        self.replicas != self.current_replicas
    }

    /// The count that came out of a stage, where it ran; the last such stage counts.
    ///
    /// ```
    /// use autoscale_core::{Fixed, Observation, Policy, PolicyExt, StageKind};
    /// let mut policy = Fixed(9).bounded(1..=5)?;
    /// let decision = policy.decide(std::time::Duration::ZERO, &Observation::new(2));
    /// assert_eq!(decision.after(StageKind::Recommended), Some(9));
    /// assert_eq!(decision.after(StageKind::Stabilized), None);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub fn after(&self, kind: StageKind) -> Option<u32> {
        self.stages
            .iter()
            .rev()
            .find(|s| s.kind == kind)
            .map(|s| s.replicas)
    }

    /// Whether a stage kept the decision from what the metrics asked for. Several may have.
    ///
    /// ```
    /// use autoscale_core::{Blocked, Fixed, Observation, Policy, PolicyExt};
    /// let mut policy = Fixed(9).bounded(1..=5)?;
    /// let decision = policy.decide(std::time::Duration::ZERO, &Observation::new(2));
    /// assert!(decision.is_blocked_by(Blocked::Bounds) && !decision.is_blocked_by(Blocked::Rate));
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub fn is_blocked_by(&self, what: Blocked) -> bool {
        let changed = |kind: StageKind| {
            self.stages
                .windows(2)
                .any(|pair| matches!(pair, [a, b] if b.kind == kind && a.replicas != b.replicas))
        };
        match what {
            Blocked::Tolerance => {
                self.after(StageKind::Recommended) == Some(self.current_replicas)
                    && self.metrics.iter().any(|m| m.within_tolerance)
            }
            Blocked::Stabilization => changed(StageKind::Stabilized),
            Blocked::Rate => changed(StageKind::RateLimited),
            Blocked::Bounds => changed(StageKind::Bounded),
            Blocked::MissingData => {
                self.blind
                    || changed(StageKind::Guarded)
                    || matches!(self.reason, Reason::SamplesLost | Reason::Uncertain)
            }
        }
    }

    pub(crate) fn reset(&mut self, current_replicas: u32) {
        self.replicas = current_replicas;
        self.current_replicas = current_replicas;
        self.reason = Reason::Steady;
        self.blind = false;
        self.stages.clear();
        self.metrics.clear();
        self.conditions = Conditions::default();
        self.kpa = None;
        self.thresholds.clear();
        self.ladder.clear();
        self.factors.clear();
        self.confidence = None;
    }

    pub(crate) fn push(&mut self, kind: StageKind, replicas: u32) {
        self.stages.push(Stage { kind, replicas });
        self.replicas = replicas;
    }
}

/// The last word on a decision.
///
/// ```
/// use autoscale_core::{Fixed, Observation, Policy, PolicyExt, Reason};
/// let mut policy = Fixed(2).bounded(3..=5)?;
/// let decision = policy.decide(std::time::Duration::ZERO, &Observation::new(4));
/// assert_eq!(decision.reason, Reason::TooFewReplicas); // the bound spoke after `Fixed`
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Reason {
    /// The metrics ask for exactly what runs.
    #[default]
    Steady,
    /// The metrics ask for another count, but are within tolerance of their target.
    WithinTolerance,
    /// The metrics ask for more, and get it.
    ScaleUp,
    /// The metrics ask for fewer, and get it.
    ScaleDown,
    /// A scale-up waits until it has been asked for during a whole stabilization window.
    ScaleUpStabilized,
    /// A scale-down waits until it has been asked for during a whole stabilization window.
    ScaleDownStabilized,
    /// A rate policy allows fewer new replicas than asked for.
    ScaleUpLimit,
    /// A rate policy allows fewer removals than asked for.
    ScaleDownLimit,
    /// The upper bound cuts what is asked for.
    TooManyReplicas,
    /// The lower bound lifts what is asked for.
    TooFewReplicas,
    /// More replicas than the upper bound were asked for from outside; brought back without
    /// reading metrics.
    AboveMaximum,
    /// Fewer replicas than the lower bound were asked for from outside; brought back without
    /// reading metrics.
    BelowMinimum,
    /// The target was scaled to zero by hand: the policy stands aside.
    Disabled,
    /// All metrics failed, or some failed and the rest ask for fewer: nothing is changed.
    MetricsFailed,
    /// Pods that must have a sample have none, and the rest ask for fewer: nothing is changed.
    SamplesLost,
    /// Missing or unready pods could turn the change around, or it would go against its own
    /// direction: nothing is changed.
    Uncertain,
    /// Not enough data to decide on yet.
    NoData,
    /// A burst is being followed without scaling in.
    Panic,
    /// The source is dead, and the fallback that the user asked for speaks.
    Fallback,
    /// The largest of several policies' answers.
    Largest,
    /// The decision is only shown: nothing is changed.
    DryRun,
    /// A fixed number.
    Fixed,
    /// The cooldown of an earlier change is not over.
    CoolingDown,
    /// Nothing is taken away while new replicas warm up.
    WarmingUp,
    /// A schedule's bounds moved the count.
    Scheduled,
    /// Nothing to do for a while: down to the idle count.
    Idle,
    /// There is something to do again: up from the idle count, or kept above it.
    Activated,
    /// A change is held back until the last one is long enough ago.
    Dampened,
}

/// What kept a decision from what the metrics asked for.
///
/// ```
/// use autoscale_core::{Behavior, Blocked, Fixed, Observation, Policy, PolicyExt};
/// let mut policy = Fixed(50).rate_limited(Behavior::default())?.bounded(1..=15)?;
/// let decision = policy.decide(std::time::Duration::ZERO, &Observation::new(10));
/// assert!(decision.is_blocked_by(Blocked::Rate)); // 50 → 20
/// assert!(decision.is_blocked_by(Blocked::Bounds)); // 20 → 15
/// assert!(!decision.is_blocked_by(Blocked::Stabilization));
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Blocked {
    /// The tolerance around the target.
    Tolerance,
    /// A stabilization window.
    Stabilization,
    /// A rate policy.
    Rate,
    /// The lower or upper bound.
    Bounds,
    /// Failed, stale or missing samples.
    MissingData,
}

/// A replica count and the stage that it came out of.
///
/// ```
/// use autoscale_core::{Fixed, Observation, Policy, PolicyExt, Stage, StageKind};
/// let mut policy = Fixed(9).bounded(1..=5)?;
/// let decision = policy.decide(std::time::Duration::ZERO, &Observation::new(2));
/// assert_eq!(decision.stages.last(), Some(&Stage { kind: StageKind::Bounded, replicas: 5 }));
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Stage {
    /// The stage.
    pub kind: StageKind,
    /// The count after it.
    pub replicas: u32,
}

/// The stages that a count passes through.
///
/// ```
/// use autoscale_core::{Fixed, Observation, Policy, PolicyExt, StageKind};
/// let mut policy = Fixed(9).bounded(1..=5)?.dry_run();
/// let decision = policy.decide(std::time::Duration::ZERO, &Observation::new(2));
/// let ran: Vec<StageKind> = decision.stages.iter().map(|stage| stage.kind).collect();
/// assert_eq!(ran, [StageKind::Recommended, StageKind::Bounded, StageKind::DryRun]);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum StageKind {
    /// The largest count that a metric asks for.
    Recommended,
    /// After the stabilization windows.
    Stabilized,
    /// After the rate policies.
    RateLimited,
    /// After the lower and upper bound.
    Bounded,
    /// After panic mode.
    Panicked,
    /// After absent samples forbade a smaller count.
    Guarded,
    /// After the largest of several answers was taken.
    MaxOf,
    /// After a fallback for dead sources.
    Fallback,
    /// After a dry run put the current count back.
    DryRun,
    /// After cooldown and warm-up.
    Cooled,
    /// After a schedule's bounds.
    Scheduled,
    /// After activation: idle, woken, or kept ready.
    Activated,
    /// After dampening.
    Dampened,
}

/// What one metric said.
///
/// ```
/// use autoscale_core::{Hpa, HpaConfig, MetricReading, MetricSpec, Milli, Observation, PodGroup};
/// use autoscale_core::{Policy, ValueTarget};
/// let queue = MetricSpec::External {
///     name: "queue".into(),
///     target: ValueTarget::Value(Milli(10_000)),
/// };
/// let seen = Observation::new(2)
///     .with_pods([PodGroup::running(2)])
///     .with_readings([MetricReading::value(Milli(25_000))]);
/// let mut hpa = Hpa::new(HpaConfig::new(10, [queue]))?;
/// let said = hpa.decide(std::time::Duration::ZERO, &seen).metrics[0];
/// assert_eq!((said.ratio, said.proposal), (Some(2.5), Ok(5)));
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MetricStage {
    /// The replicas it asks for, or why it could not say.
    #[cfg_attr(feature = "serde", serde(with = "proposal"))]
    pub proposal: Result<u32, MetricError>,
    /// Current value over target; `None` where it could not be computed.
    pub ratio: Option<f64>,
    /// The ratio after missing and unready pods were filled in with conservative values, where any
    /// were.
    pub adjusted_ratio: Option<f64>,
    /// Whether the tolerance kept the proposal at the current count.
    pub within_tolerance: bool,
    /// Whether a smaller proposal was refused since samples that must be there are not.
    pub samples_lost: bool,
    /// Whether the proposal is the current count since missing or unready pods, taken
    /// conservatively, put the ratio on the other side of the target or the count against it.
    pub uncertain: bool,
    /// Average utilization in whole percent of the request, for utilization targets.
    pub utilization_percent: Option<i32>,
    /// Average usage a pod, or the value for the whole target, in thousandths.
    pub usage_milli: Option<i64>,
    /// Pods by what their samples are good for.
    pub pods: PodCounts,
    /// Samples that made no sense (stale, negative) and were treated as missing.
    pub rejected_samples: u32,
}

impl Default for MetricStage {
    fn default() -> Self {
        Self {
            proposal: Err(MetricError::WrongReading),
            ratio: None,
            adjusted_ratio: None,
            within_tolerance: false,
            samples_lost: false,
            uncertain: false,
            utilization_percent: None,
            usage_milli: None,
            pods: PodCounts::default(),
            rejected_samples: 0,
        }
    }
}

/// A proposal in files: the count, or the error's name.
#[cfg(feature = "serde")]
mod proposal {
    use super::MetricError;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Written {
        Count(u32),
        Error(MetricError),
    }

    pub(super) fn serialize<S: Serializer>(
        proposal: &Result<u32, MetricError>,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        match proposal {
            Ok(count) => Written::Count(*count),
            Err(error) => Written::Error(*error),
        }
        .serialize(out)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Result<u32, MetricError>, D::Error> {
        Ok(match Written::deserialize(from)? {
            Written::Count(count) => Ok(count),
            Written::Error(error) => Err(error),
        })
    }
}

/// Pods by what their samples are good for.
///
/// ```
/// use autoscale_core::{HpaConfig, PodCounts, PodGroup, ReplicaCalculator, Milli, Sample};
/// let mut calculator = ReplicaCalculator::new(&HpaConfig::new(10, []));
/// let samples = [Sample::of_group(0, 2, Milli(450))];
/// let groups = calculator.group_pods(Some("cpu"), &[PodGroup::running(3)], &samples);
/// assert_eq!(groups[0].pods, PodCounts { ready: 2, missing: 1, ..PodCounts::default() });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PodCounts {
    /// Ready and with a usable sample.
    pub ready: u32,
    /// Not ready, or too young for its CPU sample to mean anything.
    pub unready: u32,
    /// Without a sample.
    pub missing: u32,
    /// Being deleted, succeeded or failed.
    pub ignored: u32,
}

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

/// The figures of a Knative decision.
///
/// ```
/// use autoscale_core::{Averages, Kpa, KpaConfig};
/// let mut kpa = Kpa::new(KpaConfig::new(10.0))?;
/// let averages = Averages { stable: 15.0, panic: 45.0 };
/// let (replicas, stage) = kpa.scale(std::time::Duration::ZERO, 1, averages);
/// assert_eq!((stage.stable_wanted, stage.panic_wanted), (2, 5));
/// assert!(stage.panicking && replicas == 5);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct KpaStage {
    /// Average over the stable window, in the metric's unit.
    pub stable_value: f64,
    /// Average over the panic window, in the metric's unit.
    pub panic_value: f64,
    /// Count that the stable average asks for, before the scale rates.
    pub stable_wanted: u32,
    /// Count that the panic average asks for, before the scale rates.
    pub panic_wanted: u32,
    /// Count that the stable average asks for, after the scale rates.
    pub stable_replicas: u32,
    /// Count that the panic average asks for, after the scale rates.
    pub panic_replicas: u32,
    /// Whether panic mode is on.
    pub panicking: bool,
    /// Capacity left for a burst beyond the configured one; negative where there is too little.
    pub excess_burst_capacity: i32,
}

/// A figure against a threshold that must be crossed for a while: a tracked target, an alarm, a
/// trigger.
///
/// ```
/// let stage = autoscale_core::ThresholdStage::default();
/// assert!(!stage.met && stage.value.is_none());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ThresholdStage {
    /// The newest figure; `None` where there was none.
    pub value: Option<f64>,
    /// What it is compared with, in the same unit.
    pub threshold: f64,
    /// Periods (or, for a trigger, milliseconds) for which it has been crossed.
    pub crossed: u64,
    /// How many are needed.
    pub needed: u64,
    /// Whether the condition holds.
    pub met: bool,
    /// The replicas that it asks for, where it asks.
    pub proposal: Option<u32>,
}

/// Which price a predictive policy followed, and what each would have delivered.
///
/// ```
/// let stage = autoscale_core::LadderStage::default();
/// assert!(stage.rungs.is_empty() && stage.followed.is_none());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LadderStage {
    /// Index of the rung whose count is the decision's.
    pub followed: Option<usize>,
    /// The demand expected when an order of now serves, in replicas.
    pub expected_demand: f64,
    /// All candidates: the calm ones by rising price, then the brisk ones.
    pub rungs: Vec<RungStage>,
}

impl LadderStage {
    /// Whether the policy is another one.
    #[cfg(feature = "serde")]
    fn is_empty(&self) -> bool {
        self.rungs.is_empty()
    }

    fn clear(&mut self) {
        self.followed = None;
        self.expected_demand = 0.0;
        self.rungs.clear();
    }
}

/// One candidate of a predictive policy: a price and a style, run in shadow.
///
/// ```
/// # use autoscale_core::RungStage;
/// let rung = RungStage { price: 40.0, brisk: false, replicas: 12, bad_share: 0.004, cost: 9e4 };
/// assert!(!rung.brisk);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RungStage {
    /// Replica-intervals that it pays to save one replica-interval of bad demand.
    pub price: f64,
    /// Whether it releases early (the other style holds on for longer).
    pub brisk: bool,
    /// What it would run.
    pub replicas: u32,
    /// The share of bad demand that it would have delivered lately, with its prior.
    pub bad_share: f64,
    /// Replica-intervals that it would have cost lately, recent ones counting more.
    pub cost: f64,
}
