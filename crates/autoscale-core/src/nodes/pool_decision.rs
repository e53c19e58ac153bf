use core::fmt;

use super::{MissingFigure, NodeAction};

/// What a [`NodePool`](super::NodePool) decided, and every number that led to it.
///
/// ```
/// use autoscale_core::{NodePool, NodePoolConfig, PoolNode, PoolObservation, Sizer};
/// let mut pool = NodePool::new(NodePoolConfig::new(1000.0))?;
/// let full = PoolNode::cache(850.0, 500.0, 1.0);
/// let decision = pool.decide(std::time::Duration::ZERO, &PoolObservation::new([full; 3]));
/// assert_eq!((decision.target_nodes, decision.nodes_to_add()), (5, 2));
/// assert_eq!((decision.needed.memory, decision.needed.ops), (Some(5), Some(1)));
/// assert_eq!(decision.explain(), "memory");
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PoolDecision {
    /// What is to be done.
    pub action: NodeAction,
    /// Nodes to end up with. Where nodes are started, healthy ones: with two of three nodes down a
    /// scale-out by one has the target 2. Where nothing is done, the nodes that there are.
    pub target_nodes: u32,
    /// The last word.
    pub reason: PoolReason,
    /// Which limits a healthy node is over, whatever became of it.
    pub pressures: PoolPressures,
    /// Nodes that there are.
    pub nodes: u32,
    /// Those of them that are healthy.
    pub healthy_nodes: u32,
    /// The pool's health.
    pub health: PoolHealth,
    /// Nodes that each figure asks for.
    pub needed: PoolNeeds,
    /// Healthy nodes that are idle.
    pub idle_nodes: u32,
    /// What those that stay would carry, where taking away was considered.
    pub survivors: Option<PoolSurvivors>,
    /// Figures of healthy nodes that were not there. With any nothing is taken away.
    pub missing: Vec<MissingFigure>,
    /// Whether a figure that is looked at was absent from every healthy node.
    pub blind: bool,
}

impl PoolDecision {
    /// Nodes to start: what the healthy ones lack of the target.
    ///
    /// ```
    /// assert_eq!(autoscale_core::PoolDecision::default().nodes_to_add(), 0);
    /// ```
    #[must_use]
    pub const fn nodes_to_add(&self) -> u32 {
        match self.action {
            NodeAction::ScaleOut | NodeAction::Replace => {
                self.target_nodes.saturating_sub(self.healthy_nodes)
            }
            _ => 0,
        }
    }

    /// Nodes to take away.
    ///
    /// ```
    /// assert_eq!(autoscale_core::PoolDecision::default().nodes_to_remove(), 0);
    /// ```
    #[must_use]
    pub const fn nodes_to_remove(&self) -> u32 {
        match self.action {
            NodeAction::ScaleIn => self.nodes.saturating_sub(self.target_nodes),
            _ => 0,
        }
    }

    /// The reason in words; of a scale-out, the limits that nodes are over, such as `memory+ops`.
    ///
    /// ```
    /// assert_eq!(autoscale_core::PoolDecision::default().explain(), "no healthy node");
    /// ```
    #[must_use]
    pub fn explain(&self) -> String {
        match self.reason {
            PoolReason::Pressure => self.pressures.to_string(),
            reason => reason.to_string(),
        }
    }

    pub(super) fn reset(&mut self) {
        let mut missing = core::mem::take(&mut self.missing);
        missing.clear();
        *self = Self {
            missing,
            ..Self::default()
        };
    }
}

/// Limits that nodes are over; written in this order, joined by `+`.
///
/// ```
/// use autoscale_core::PoolPressures;
/// let both = PoolPressures { memory: true, latency: true, ..PoolPressures::default() };
/// assert_eq!(both.to_string(), "memory+latency");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PoolPressures {
    /// A node's memory.
    pub memory: bool,
    /// A node's operations a second.
    pub ops: bool,
    /// A node's latency.
    pub latency: bool,
    /// The queue needs more nodes than are healthy.
    pub queue: bool,
}

impl PoolPressures {
    /// Whether there is any.
    ///
    /// ```
    /// assert!(!autoscale_core::PoolPressures::default().any());
    /// ```
    #[must_use]
    pub const fn any(self) -> bool {
        self.memory || self.ops || self.latency || self.queue
    }
}

impl fmt::Display for PoolPressures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (self.memory, "memory"),
            (self.ops, "ops"),
            (self.latency, "latency"),
            (self.queue, "queue"),
        ];
        let mut glue = "";
        for (_, name) in names.into_iter().filter(|(there, _)| *there) {
            write!(f, "{glue}{name}")?;
            glue = "+";
        }
        Ok(())
    }
}

/// The last word on a pool.
///
/// ```
/// use autoscale_core::{NodePool, NodePoolConfig, PoolNode, PoolObservation, PoolReason, Sizer};
/// let mut pool = NodePool::new(NodePoolConfig::new(1000.0))?;
/// let idle = PoolNode::cache(200.0, 10.0, 1.0);
/// let decision = pool.decide(std::time::Duration::ZERO, &PoolObservation::new([idle; 3]));
/// assert_eq!(decision.reason, PoolReason::AtMinimum);
/// assert_eq!(decision.reason.to_string(), "at the minimum");
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum PoolReason {
    /// No node works: there is nothing to measure.
    #[default]
    NoHealthyNode,
    /// Nodes are over a limit: see [`PoolDecision::pressures`].
    Pressure,
    /// Nodes are over a limit, and no more may be started.
    AtMaximum,
    /// Fewer nodes work than there are, or than the minimum.
    Replacement,
    /// Nodes are neither over a limit nor idle.
    Steady,
    /// A figure is missing: nothing is taken away.
    MissingData,
    /// A node is not healthy: nothing is taken away.
    UnhealthyNodes,
    /// There are no more nodes than the minimum.
    AtMinimum,
    /// Idle, but those that stay would be over the target.
    SurvivorsOverTarget,
    /// Idle, but not for long enough yet.
    IdleNotLongEnough,
    /// Idle, but the number of nodes changed a short while ago.
    CoolingDown,
    /// Idle: nodes are taken away.
    Underutilised,
}

impl fmt::Display for PoolReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoHealthyNode => "no healthy node",
            Self::Pressure => "over a limit",
            Self::AtMaximum => "at the maximum",
            Self::Replacement => "replacement",
            Self::Steady => "steady",
            Self::MissingData => "missing data",
            Self::UnhealthyNodes => "unhealthy nodes",
            Self::AtMinimum => "at the minimum",
            Self::SurvivorsOverTarget => "survivors over target",
            Self::IdleNotLongEnough => "idle, not long enough",
            Self::CoolingDown => "cooling down",
            Self::Underutilised => "underutilised",
        })
    }
}

/// A pool's health by the share of its nodes that are healthy.
///
/// ```
/// use autoscale_core::{NodePool, NodePoolConfig, PoolHealth, PoolNode, PoolObservation, Sizer};
/// let mut pool = NodePool::new(NodePoolConfig::new(1000.0))?;
/// let mut nodes = vec![PoolNode::cache(500.0, 2000.0, 1.0); 4];
/// nodes[0].healthy = false;
/// let decision = pool.decide(std::time::Duration::ZERO, &PoolObservation::new(nodes));
/// assert_eq!(decision.health, PoolHealth::Degraded);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum PoolHealth {
    /// Too few work; a pool without nodes is this, too.
    #[default]
    Critical,
    /// Some do not.
    Degraded,
    /// Nearly all do.
    Healthy,
}

/// Nodes that each figure asks for at the target utilization; `None` where it is not looked at or
/// not there.
///
/// ```
/// assert_eq!(autoscale_core::PoolNeeds::default().latency, None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PoolNeeds {
    /// By memory.
    pub memory: Option<u32>,
    /// By operations a second.
    pub ops: Option<u32>,
    /// By latency: one more than are healthy, where a node is over the limit.
    pub latency: Option<u32>,
    /// By the queue.
    pub queue: Option<u32>,
}

impl PoolNeeds {
    pub(super) fn largest(self) -> u32 {
        let all = [self.memory, self.ops, self.latency, self.queue];
        all.into_iter().flatten().max().unwrap_or(0)
    }
}

/// What those that stay would carry; `None` where that is not looked at, or nothing would be left to
/// carry it.
///
/// ```
/// let survivors = autoscale_core::PoolSurvivors { nodes: 3, memory: Some(0.27), ops: Some(0.001) };
/// assert!(survivors.memory.is_some_and(|share| share <= 0.6));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PoolSurvivors {
    /// How many stay.
    pub nodes: u32,
    /// Share of their memory in use, if the largest ones went.
    pub memory: Option<f64>,
    /// Share of the operations that they carry.
    pub ops: Option<f64>,
}
