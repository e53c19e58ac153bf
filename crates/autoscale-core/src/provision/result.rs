/// What the count of replicas follows from.
///
/// ```
/// assert_ne!(autoscale_core::ProvisionReason::Load, autoscale_core::ProvisionReason::Spare);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ProvisionReason {
    /// The rate of requests, given or from users.
    Load,
    /// The load samples within the error budget.
    LoadSamples,
    /// A phase's users.
    Phase,
    /// The endpoints' benchmarks.
    Endpoints,
    /// Replicas that are down now and then.
    Spare,
    /// The fewest that there may be.
    #[default]
    MinReplicas,
}

/// One stage of the count.
///
/// ```
/// use autoscale_core::{Endpoint, ProvisionConfig, provision};
/// let list = Endpoint::new("GET", "/datasets", 200.0, 1000.0).with_offered_rps(2400.0);
/// let answer = provision(&ProvisionConfig::new().with_endpoints(vec![list]))?;
/// assert_eq!(answer.stages[0].name, "GET /datasets");
/// assert_eq!((answer.stages[0].replicas_exact, answer.stages[0].replicas), (3.0, 3));
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ProvisionStage {
    /// What kind it is of.
    pub reason: ProvisionReason,
    /// The endpoint's method and path, the phase's name, or empty.
    pub name: String,
    /// Requests a minute that it is about; 0 where it is not about a rate.
    pub requests_per_minute: f64,
    /// What it needs before it is rounded up.
    pub replicas_exact: f64,
    /// What it needs. One endpoint's is what it would need alone; the sum is a stage of its own.
    pub replicas: u32,
}

/// Whether a phase's instances carry its users.
///
/// ```
/// use autoscale_core::{LoadPhase, ProvisionConfig, UserLoad, provision};
/// let phase = LoadPhase::new("Phase 1", 100.0).with_min_instances(Some(2)).with_max_instances(Some(3));
/// let config = ProvisionConfig::new()
///     .with_phases(vec![phase])
///     .with_user_load(Some(UserLoad::Rate { requests_per_minute: 30.0 }))
///     .with_replica_requests_per_minute(Some(1000.0));
/// let check = &provision(&config)?.phases[0];
/// assert_eq!((check.needed, check.carried, check.missing), (4, false, 1));
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PhaseCheck {
    /// The phase's name.
    pub name: String,
    /// Requests a minute of its users.
    pub requests_per_minute: f64,
    /// Replicas that carry them, with the spare of the error budget.
    pub needed: u32,
    /// What the phase gets: what is needed, within its bounds.
    pub replicas: u32,
    /// Whether its largest number of instances carries them.
    pub carried: bool,
    /// Instances short at its largest number.
    pub missing: u32,
    /// Instances that its smallest number has beyond what is needed.
    pub idle: u32,
}

/// How many replicas, and why.
///
/// ```
/// use autoscale_core::{ProvisionConfig, ProvisionReason, provision};
/// let config = ProvisionConfig::new()
///     .with_requests_per_minute(Some(8000.0))
///     .with_replica_requests_per_minute(Some(1000.0))
///     .with_availability(Some(0.999));
/// let answer = provision(&config)?;
/// assert_eq!((answer.needed, answer.spare, answer.replicas), (10, 2, 12));
/// assert_eq!(answer.reason, ProvisionReason::Spare);
/// assert!(answer.shortage_probability.is_some_and(|p| p <= 0.001));
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Provision {
    /// How many replicas.
    pub replicas: u32,
    /// What the count follows from: the last stage that raised it.
    pub reason: ProvisionReason,
    /// Replicas that must be up to carry the load.
    pub needed: u32,
    /// Replicas beyond them, for those that are down.
    pub spare: u32,
    /// Probability that fewer than `needed` of the replicas are up; `None` without an error budget.
    pub shortage_probability: Option<f64>,
    /// Share of the load samples that is above what `needed` carry at the utilization; 0 without.
    pub uncovered_share: f64,
    /// Requests a minute that the replicas are to carry, the endpoints' aside.
    pub requests_per_minute: f64,
    /// The stages, in order.
    pub stages: Vec<ProvisionStage>,
    /// The phases, in order.
    pub phases: Vec<PhaseCheck>,
}
