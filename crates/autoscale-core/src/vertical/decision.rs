use core::time::Duration;

use super::resources::{Resource, Resources};

/// What a vertical sizer is shown of one container.
///
/// ```
/// use autoscale_core::{ContainerObservation, Resources};
/// let seen = ContainerObservation::new(Resources::new(500, 1 << 30)).with_cpu(0.3).with_memory(6e8);
/// assert_eq!(seen.cpu_cores, Some(0.3));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct ContainerObservation {
    /// Cores in use; `None` where there is no sample this time.
    pub cpu_cores: Option<f64>,
    /// Bytes in use (working set); `None` where there is no sample this time.
    pub memory_bytes: Option<f64>,
    /// What the container asks for now.
    pub request: Resources,
    /// How long it has been running; `None` where that is not known.
    pub running_s: Option<f64>,
    /// It was killed for want of memory since the last observation.
    pub oom: Option<OomKill>,
}

impl ContainerObservation {
    /// A container without samples.
    ///
    /// ```
    /// use autoscale_core::{ContainerObservation, Resources};
    /// assert_eq!(ContainerObservation::new(Resources::default()).oom, None);
    /// ```
    #[must_use]
    pub fn new(request: Resources) -> Self {
        Self {
            request,
            ..Self::default()
        }
    }

    /// Sets the cores in use.
    ///
    /// ```
    /// use autoscale_core::ContainerObservation;
    /// assert_eq!(ContainerObservation::default().with_cpu(0.5).cpu_cores, Some(0.5));
    /// ```
    #[must_use]
    pub const fn with_cpu(mut self, cores: f64) -> Self {
        self.cpu_cores = Some(cores);
        self
    }

    /// Sets the bytes in use.
    ///
    /// ```
    /// use autoscale_core::ContainerObservation;
    /// assert_eq!(ContainerObservation::default().with_memory(5e8).memory_bytes, Some(5e8));
    /// ```
    #[must_use]
    pub const fn with_memory(mut self, bytes: f64) -> Self {
        self.memory_bytes = Some(bytes);
        self
    }

    /// Sets how long it has been running.
    ///
    /// ```
    /// use autoscale_core::ContainerObservation;
    /// let hour = std::time::Duration::from_secs(3600);
    /// assert_eq!(ContainerObservation::default().with_running(hour).running_s, Some(3600.0));
    /// ```
    #[must_use]
    pub const fn with_running(mut self, running: Duration) -> Self {
        self.running_s = Some(running.as_secs_f64());
        self
    }

    /// Says that it was killed for want of memory.
    ///
    /// ```
    /// use autoscale_core::{ContainerObservation, OomKill};
    /// let seen = ContainerObservation::default().with_oom(OomKill { request_bytes: 1 << 30, lived_s: 40.0 });
    /// assert!(seen.oom.is_some());
    /// ```
    #[must_use]
    pub const fn with_oom(mut self, oom: OomKill) -> Self {
        self.oom = Some(oom);
        self
    }
}

/// A kill for want of memory.
///
/// ```
/// use autoscale_core::OomKill;
/// let kill = OomKill { request_bytes: 1 << 30, lived_s: 40.0 };
/// assert!(kill.lived_s < 600.0); // a quick one by the VPA's default
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct OomKill {
    /// What it asked for then, in bytes.
    pub request_bytes: u64,
    /// How long it had lived, in seconds.
    pub lived_s: f64,
}

/// What a vertical sizer answers.
///
/// ```
/// use autoscale_core::{VerticalDecision, VerticalReason};
/// let nothing = VerticalDecision::default();
/// assert_eq!((nothing.update, nothing.reason), (false, VerticalReason::NoSamples));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct VerticalDecision {
    /// What the container should ask for. `None` for a resource that is not controlled or of which
    /// too little is known.
    pub target: Resources,
    /// A request below this is too small.
    pub lower_bound: Resources,
    /// A request above this is too large.
    pub upper_bound: Resources,
    /// The target before the allowed minimum and maximum.
    pub uncapped_target: Resources,
    /// Whether the container should be given `target` now, which may mean a restart.
    pub update: bool,
    /// Why, or why not.
    pub reason: VerticalReason,
    /// The numbers behind the target, one entry for each resource that has one.
    pub stages: Vec<ResourceStage>,
    /// What each candidate would have delivered; empty for a [`Vpa`](crate::Vpa).
    pub candidates: Vec<CandidateStage>,
    /// How far the history is to be trusted: 1 for a full interval of samples, 24 h by default.
    pub confidence: f64,
    /// Sum over the resources of `|request − target| / request`.
    pub change: f64,
    /// Samples of this observation that made no sense and were left out.
    pub rejected_samples: u32,
}

impl VerticalDecision {
    /// Empties it for the next decision and keeps its buffers.
    pub(crate) fn reset(&mut self) {
        let stages = core::mem::take(&mut self.stages);
        let candidates = core::mem::take(&mut self.candidates);
        *self = Self {
            stages,
            candidates,
            ..Self::default()
        };
        self.stages.clear();
        self.candidates.clear();
    }
}

/// The numbers behind one resource's target.
///
/// ```
/// use autoscale_core::{Resource, ResourceStage};
/// let stage = ResourceStage { resource: Resource::Cpu, estimated: 200, with_margin: 230, with_minimum: 230, capped: 500 };
/// assert!(stage.capped > stage.with_minimum);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ResourceStage {
    /// Which resource; the amounts are millicores or bytes.
    pub resource: Resource,
    /// What the history asks for.
    pub estimated: u64,
    /// With the safety margin.
    pub with_margin: u64,
    /// At least the pod's minimum.
    pub with_minimum: u64,
    /// Within the allowed minimum and maximum: the target.
    pub capped: u64,
}

/// What makes a [`RightSizing`](crate::RightSizing)'s candidate.
///
/// ```
/// use autoscale_core::Candidate;
/// assert_ne!(Candidate::MemoryMargin(0.03), Candidate::MemoryMargin(0.08));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Candidate {
    /// CPU use is remembered with this half-life, in hours.
    CpuHalfLifeHours(f64),
    /// Memory is given this share more than its highest use, learnt from what it rises by at once.
    MemoryMargin(f64),
}

/// What a candidate would have delivered, by its decayed record.
///
/// ```
/// use autoscale_core::{Candidate, CandidateStage};
/// let stage = CandidateStage {
///     candidate: Candidate::MemoryMargin(0.03),
///     request: 1 << 30,
///     violation_share: 2e-5,
///     slack: 0.2,
///     restarts_per_day: 0.1,
///     followed: true,
/// };
/// assert!(stage.slack > stage.violation_share);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CandidateStage {
    /// Which one.
    pub candidate: Candidate,
    /// What it would ask for now, in millicores or bytes.
    pub request: u64,
    /// Share of the time with use above its request.
    pub violation_share: f64,
    /// What it requested in vain, as a share of the use.
    pub slack: f64,
    /// How often it would have started the container anew.
    pub restarts_per_day: f64,
    /// Whether it is the one that is followed.
    pub followed: bool,
}

/// Why a container is resized, or is not.
///
/// ```
/// use autoscale_core::VerticalReason;
/// assert_eq!(VerticalReason::default(), VerticalReason::NoSamples);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum VerticalReason {
    /// There was no sample yet of any controlled resource.
    #[default]
    NoSamples,
    /// The mode says that nothing is to be changed.
    Off,
    /// The mode says that only new containers are sized.
    InitialOnly,
    /// A controlled resource has no request.
    NoRequest,
    /// The request is below the lower bound.
    BelowLowerBound,
    /// The request is above the upper bound.
    AboveUpperBound,
    /// It was killed for want of memory soon after its start.
    QuickOom,
    /// It has run long enough, and the target is far enough from the request.
    LargeChange,
    /// Within bounds, and not running long enough for a change.
    ShortLived,
    /// Within bounds, and how long it has run is not known.
    StartUnknown,
    /// Within bounds, and the target is too near to the request.
    SmallChange,
    /// An eviction requirement is not met.
    Unwanted,
    /// The request will do for the share of violations that is accepted.
    Sufficient,
    /// The request is larger than it needs to be for the share of violations that is accepted.
    Slack,
    /// The request is smaller than it needs to be for the share of violations that is accepted.
    Violations,
}
