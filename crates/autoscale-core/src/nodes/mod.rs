//! How many nodes: cache and worker pools ([`NodePool`]), and a database's read replicas
//! ([`ReadReplicas`]).
//!
//! Both count nodes that work: a target is the number of healthy nodes to end up with. Both take away
//! only where every node is healthy, every figure is there, and those that stay remain at or under
//! the target.

mod pool;
mod pool_config;
mod pool_decision;
mod replicas;
mod replicas_config;
mod replicas_decision;

pub use pool::{NodePool, NodePoolSnapshot, NodePoolState, PoolNode, PoolObservation};
pub use pool_config::{JobQueue, NodePoolConfig};
pub use pool_decision::{
    PoolDecision, PoolHealth, PoolNeeds, PoolPressures, PoolReason, PoolSurvivors,
};
pub use replicas::{
    ReadReplicas, ReadReplicasSnapshot, ReadReplicasState, ReplicaNode, ReplicaObservation,
};
pub use replicas_config::ReadReplicasConfig;
pub use replicas_decision::{LagCause, ReplicaDecision, ReplicaReason};

use crate::ConfigError;

/// What is to be done with a pool of nodes.
///
/// ```
/// use autoscale_core::{NodeAction, NodePool, NodePoolConfig, PoolObservation, Sizer};
/// let mut pool = NodePool::new(NodePoolConfig::new(1024.0 * 1024.0 * 1024.0))?;
/// let empty = pool.decide(std::time::Duration::ZERO, &PoolObservation::default());
/// assert_eq!(empty.action, NodeAction::Hold);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum NodeAction {
    /// Start nodes.
    ScaleOut,
    /// Take nodes away.
    ScaleIn,
    /// Start a new node for each that no longer works; the count stays.
    Replace,
    /// Leave everything as it is.
    #[default]
    Hold,
}

/// A figure that was absent, or no figure at all (NaN, infinite, negative).
///
/// ```
/// use autoscale_core::{MissingFigure, NodeFigure};
/// let missing = MissingFigure { node: Some(2), figure: NodeFigure::Memory };
/// assert_eq!(missing.to_string(), "nodes[2].memory_used");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MissingFigure {
    /// Place of the node in the observation; `None` where the figure is the pool's own.
    pub node: Option<usize>,
    /// The figure.
    pub figure: NodeFigure,
}

impl core::fmt::Display for MissingFigure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.node {
            Some(node) => write!(f, "nodes[{node}].{}", self.figure.field()),
            None => f.write_str(self.figure.field()),
        }
    }
}

/// The figures that a pool or its nodes can lack.
///
/// ```
/// assert_eq!(autoscale_core::NodeFigure::Latency.field(), "latency_ms");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum NodeFigure {
    /// Memory in use.
    Memory,
    /// The node's own memory limit, where one was given that makes no sense.
    MemoryLimit,
    /// Operations a second.
    Ops,
    /// Latency.
    Latency,
    /// Jobs that wait in the queue.
    JobsWaiting,
    /// Jobs that arrive a second.
    Arrivals,
    /// Reads a second.
    Reads,
    /// Writes a second on the primary.
    Writes,
    /// Replication lag.
    Lag,
}

impl NodeFigure {
    /// The observation's field.
    ///
    /// ```
    /// assert_eq!(autoscale_core::NodeFigure::Lag.field(), "lag_s");
    /// ```
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::Memory => "memory_used",
            Self::MemoryLimit => "memory_limit",
            Self::Ops => "ops_per_s",
            Self::Latency => "latency_ms",
            Self::JobsWaiting => "jobs_waiting",
            Self::Arrivals => "arrivals_per_s",
            Self::Reads => "reads_per_s",
            Self::Writes => "writes_per_s",
            Self::Lag => "lag_s",
        }
    }
}

/// A figure that can be one.
fn figure(value: Option<f64>) -> Option<f64> {
    value.filter(|v| v.is_finite() && *v >= 0.0)
}

/// `count` of a slice's items as a node count.
fn count(items: usize) -> u32 {
    u32::try_from(items).unwrap_or(u32::MAX)
}

fn check(field: &str, value: f64, ok: bool, bound: &'static str) -> Result<(), ConfigError> {
    if value.is_finite() && ok {
        Ok(())
    } else {
        Err(ConfigError::range(field, value, bound))
    }
}

fn check_positive(field: &str, value: f64) -> Result<(), ConfigError> {
    check(field, value, value > 0.0, "a finite number > 0")
}

fn check_share(field: &str, value: f64) -> Result<(), ConfigError> {
    check(field, value, value > 0.0 && value <= 1.0, "> 0 and ≤ 1")
}

fn at_most(
    field: &'static str,
    value: f64,
    other: &'static str,
    bound: f64,
) -> Result<(), ConfigError> {
    if value <= bound {
        return Ok(());
    }
    Err(ConfigError::Inconsistent {
        field,
        value: value.to_string(),
        relation: "at most",
        other,
        other_value: bound.to_string(),
    })
}

fn check_counts(
    [min_field, max_field]: [&'static str; 2],
    min: u32,
    max: Option<u32>,
) -> Result<(), ConfigError> {
    if min == 0 || i32::try_from(min).is_err() {
        return Err(ConfigError::range(min_field, min, "1 … 2147483647"));
    }
    match max {
        Some(max) if max < min => Err(ConfigError::Inconsistent {
            field: max_field,
            value: max.to_string(),
            relation: "at least",
            other: min_field,
            other_value: min.to_string(),
        }),
        _ => Ok(()),
    }
}
