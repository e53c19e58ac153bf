use core::fmt;

use super::{MissingFigure, NodeAction};

/// What [`ReadReplicas`](super::ReadReplicas) decided, and every number that led to it.
///
/// ```
/// use autoscale_core::{ReadReplicas, ReadReplicasConfig, ReplicaNode, ReplicaObservation, Sizer};
/// let mut replicas = ReadReplicas::new(ReadReplicasConfig::new(1000.0))?;
/// let seen = ReplicaObservation::new(2600.0, [ReplicaNode::running(1300.0, 0.2); 2]);
/// let decision = replicas.decide(std::time::Duration::ZERO, &seen);
/// assert_eq!(decision.target_replicas, 4);
/// assert_eq!((decision.needed_for_reads, decision.needed_for_loss), (Some(4), Some(4)));
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ReplicaDecision {
    /// What is to be done.
    pub action: NodeAction,
    /// Replicas to end up with, all of them working.
    pub target_replicas: u32,
    /// The last word.
    pub reason: ReplicaReason,
    /// Replicas that there are.
    pub replicas: u32,
    /// Those of them that are healthy.
    pub healthy_replicas: u32,
    /// Healthy ones that are known to keep up: those that serve reads of fresh data.
    pub fresh_replicas: u32,
    /// Healthy ones that lag by more than the limit.
    pub lagging_replicas: u32,
    /// Replicas for which a new one is to be started: unhealthy ones, and those that lag by
    /// themselves.
    pub replace: u32,
    /// Where lag comes from, where there is any.
    pub lag_cause: Option<LagCause>,
    /// Reads a second that were counted with.
    pub reads_per_s: Option<f64>,
    /// Replicas that carry the reads at the target.
    pub needed_for_reads: Option<u32>,
    /// Replicas of which some may be lost.
    pub needed_for_loss: Option<u32>,
    /// Replicas without lag that the reads of fresh data need.
    pub needed_fresh: Option<u32>,
    /// Figures that were not there. With any nothing is taken away.
    pub missing: Vec<MissingFigure>,
    /// Whether the read rate was not known.
    pub blind: bool,
}

impl ReplicaDecision {
    pub(super) fn reset(&mut self) {
        let mut missing = core::mem::take(&mut self.missing);
        missing.clear();
        *self = Self {
            missing,
            ..Self::default()
        };
    }
}

/// Where replication lag comes from.
///
/// Every replica replays every write of the primary: more replicas take reads off each other, but
/// none of the writes.
///
/// ```
/// assert_eq!(autoscale_core::LagCause::Writes.to_string(), "writes");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum LagCause {
    /// Every replica that lags is loaded with reads beyond the target: replay has to share with them.
    /// More replicas help.
    Reads,
    /// The primary writes more than a replica can replay, or all lag though some have few reads. More
    /// replicas would lag as well: fewer or smaller writes, parallel replay or larger replicas help.
    Writes,
    /// A replica lags with few reads while others keep up: it is slow by itself and is replaced.
    Replica,
    /// A figure that would tell is missing.
    Unknown,
}

impl fmt::Display for LagCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reads => "reads",
            Self::Writes => "writes",
            Self::Replica => "the replica itself",
            Self::Unknown => "unknown",
        })
    }
}

/// The last word on read replicas.
///
/// ```
/// use autoscale_core::ReplicaReason;
/// assert_eq!(ReplicaReason::LagFromWrites.to_string(), "lag from writes");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ReplicaReason {
    /// As many as are needed, or one too many.
    #[default]
    Steady,
    /// The reads need more.
    Reads,
    /// The reads need more once some are lost.
    Loss,
    /// Reads of fresh data need more, since reads make replicas lag.
    LagFromReads,
    /// Reads of fresh data need replicas that keep up, but the writes are what they lag behind: more
    /// replicas would not help.
    LagFromWrites,
    /// A replica lags by itself.
    LaggingReplica,
    /// Reads of fresh data need replicas that keep up, and what is missing would tell why some do not.
    LagUnexplained,
    /// Some do not work.
    Unhealthy,
    /// There are fewer than the minimum.
    BelowMinimum,
    /// More are needed than may be started.
    AtMaximum,
    /// A figure is missing: nothing is taken away.
    MissingData,
    /// One is too many, but not for long enough yet.
    WaitingToScaleIn,
    /// One is too many, and goes.
    Underutilised,
}

impl fmt::Display for ReplicaReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Steady => "steady",
            Self::Reads => "reads",
            Self::Loss => "loss of a replica",
            Self::LagFromReads => "lag from reads",
            Self::LagFromWrites => "lag from writes",
            Self::LaggingReplica => "a replica lags by itself",
            Self::LagUnexplained => "lag unexplained",
            Self::Unhealthy => "unhealthy replicas",
            Self::BelowMinimum => "below the minimum",
            Self::AtMaximum => "at the maximum",
            Self::MissingData => "missing data",
            Self::WaitingToScaleIn => "underutilised, not long enough",
            Self::Underutilised => "underutilised",
        })
    }
}
