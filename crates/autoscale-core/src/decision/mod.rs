mod conditions;
mod figures;

pub use conditions::{Condition, ConditionReason, Conditions};
pub use figures::{KpaStage, LadderStage, MetricStage, PodCounts, RungStage, ThresholdStage};

use crate::FactorStage;

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
