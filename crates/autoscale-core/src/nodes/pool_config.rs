use core::time::Duration;

use super::{at_most, check, check_counts, check_positive, check_share};
use crate::ConfigError;
use crate::setters::setters;

/// What a [`NodePool`](super::NodePool) is configured with.
///
/// ```
/// use autoscale_core::{NodePool, NodePoolConfig};
/// let gibibyte = 1_073_741_824.0;
/// let pool = NodePool::new(NodePoolConfig::new(gibibyte).with_max_nodes(Some(20)))?;
/// assert_eq!((pool.config().min_nodes, pool.config().target_utilization), (3, 0.6));
/// assert!(NodePool::new(NodePoolConfig::new(0.0)).is_err());
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct NodePoolConfig {
    /// Memory of a node that is started, and of those that name no limit of their own, in bytes; > 0.
    /// `None` = memory is not looked at.
    pub memory_per_node: Option<f64>,
    /// A node that uses more than this share of its memory asks for more nodes; > 0, at most 1,
    /// default 0.8.
    pub memory_scale_out: f64,
    /// Operations a second that a node carries; > 0, default 10 000. `None` = they are not looked
    /// at.
    pub ops_per_node: Option<f64>,
    /// A node with more than this share of them asks for more nodes; > 0, at most 1, default 1.
    pub ops_scale_out: f64,
    /// A node that is slower asks for more nodes, in milliseconds; > 0, default 10. `None` = latency
    /// is not looked at.
    pub latency_limit_ms: Option<f64>,
    /// Share of their memory and operations that nodes are loaded to after a change; > 0, at most
    /// `memory_scale_out` and `ops_scale_out`, default 0.6.
    pub target_utilization: f64,
    /// An idle node uses less than this share of its memory; > 0, at most `memory_scale_out`, default
    /// 0.3.
    pub idle_memory: f64,
    /// An idle node has fewer operations a second; > 0, default 1000.
    pub idle_ops_per_s: f64,
    /// Share of the nodes that must be idle before one is taken away, rounded up to whole nodes; > 0,
    /// at most 1, default 0.7.
    pub idle_share: f64,
    /// Most nodes that one decision takes away; ≥ 1, default 1.
    pub scale_in_step: u32,
    /// Fewest nodes that a scale-in leaves; ≥ 1, default 3 (a Redis Cluster's fewest primaries).
    pub min_nodes: u32,
    /// Most nodes that a scale-out asks for; at least `min_nodes`, default none.
    pub max_nodes: Option<u32>,
    /// The pool is healthy from this share of healthy nodes on; at least `degraded_share`, at most 1,
    /// default 0.9.
    pub healthy_share: f64,
    /// From this share on it is degraded, below it critical; > 0, default 0.7.
    pub degraded_share: f64,
    /// Whether nodes that fail, or that the minimum lacks, are replaced without any pressure on the
    /// others; default false.
    pub replace_unhealthy: bool,
    /// How long the pool must have been idle before a node is taken away; default 0.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub scale_in_after: Duration,
    /// How long nothing is taken away after the number of nodes changed or a scale-out was asked for;
    /// default 0.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub cooldown: Duration,
    /// The queue that the nodes work off; default none.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub queue: Option<JobQueue>,
}

/// A queue and how fast it is to be worked off.
///
/// ```
/// use autoscale_core::{JobQueue, NodePool, NodePoolConfig, PoolNode, PoolObservation, Sizer};
/// use std::time::Duration;
/// let queue = JobQueue { jobs_per_node_s: 2.0, drain_time: Duration::from_secs(300) };
/// let mut workers = NodePool::new(NodePoolConfig::workers(queue))?;
/// let seen = PoolObservation {
///     nodes: vec![PoolNode::running(); 3],
///     jobs_waiting: Some(6000.0),
///     arrivals_per_s: Some(4.0),
/// };
/// let decision = workers.decide(Duration::ZERO, &seen);
/// assert_eq!(decision.target_nodes, 12); // (4 + 6000 ÷ 300) ÷ 2
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct JobQueue {
    /// Jobs that a node finishes in a second; > 0.
    pub jobs_per_node_s: f64,
    /// Time in which what waits now is to be worked off; > 0.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub drain_time: Duration,
}

/// A pool that is sized by operations and latency alone.
impl Default for NodePoolConfig {
    fn default() -> Self {
        Self {
            memory_per_node: None,
            memory_scale_out: 0.8,
            ops_per_node: Some(10_000.0),
            ops_scale_out: 1.0,
            latency_limit_ms: Some(10.0),
            target_utilization: 0.6,
            idle_memory: 0.3,
            idle_ops_per_s: 1000.0,
            idle_share: 0.7,
            scale_in_step: 1,
            min_nodes: 3,
            max_nodes: None,
            healthy_share: 0.9,
            degraded_share: 0.7,
            replace_unhealthy: false,
            scale_in_after: Duration::ZERO,
            cooldown: Duration::ZERO,
            queue: None,
        }
    }
}

impl NodePoolConfig {
    /// A cache cluster of nodes with this much memory, in bytes.
    ///
    /// ```
    /// use autoscale_core::NodePoolConfig;
    /// let config = NodePoolConfig::new(1_073_741_824.0);
    /// assert_eq!(config.ops_per_node, Some(10_000.0));
    /// ```
    #[must_use]
    pub fn new(memory_per_node: f64) -> Self {
        Self {
            memory_per_node: Some(memory_per_node),
            ..Self::default()
        }
    }

    /// Workers of a queue, of which nothing else is looked at; 1 node at least.
    ///
    /// ```
    /// use autoscale_core::{JobQueue, NodePoolConfig};
    /// # use std::time::Duration;
    /// let queue = JobQueue { jobs_per_node_s: 2.0, drain_time: Duration::from_secs(300) };
    /// assert_eq!(NodePoolConfig::workers(queue).latency_limit_ms, None);
    /// ```
    #[must_use]
    pub fn workers(queue: JobQueue) -> Self {
        Self {
            ops_per_node: None,
            latency_limit_ms: None,
            min_nodes: 1,
            queue: Some(queue),
            ..Self::default()
        }
    }

    setters! {
        "NodePoolConfig::new(1e9)";
        with_memory_per_node: memory_per_node, Option<f64>, "None";
        with_memory_scale_out: memory_scale_out, f64, "0.75";
        with_ops_per_node: ops_per_node, Option<f64>, "Some(50_000.0)";
        with_ops_scale_out: ops_scale_out, f64, "0.9";
        with_latency_limit_ms: latency_limit_ms, Option<f64>, "Some(2.0)";
        with_target_utilization: target_utilization, f64, "0.5";
        with_idle_memory: idle_memory, f64, "0.2";
        with_idle_ops_per_s: idle_ops_per_s, f64, "500.0";
        with_idle_share: idle_share, f64, "1.0";
        with_scale_in_step: scale_in_step, u32, "2";
        with_min_nodes: min_nodes, u32, "6";
        with_max_nodes: max_nodes, Option<u32>, "Some(30)";
        with_healthy_share: healthy_share, f64, "0.95";
        with_degraded_share: degraded_share, f64, "0.5";
        with_replace_unhealthy: replace_unhealthy, bool, "true";
        with_scale_in_after: scale_in_after, Duration, "Duration::from_secs(600)";
        with_cooldown: cooldown, Duration, "Duration::from_secs(300)";
        with_queue: queue, Option<JobQueue>, "None";
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        for (field, value) in [
            ("memory_per_node", self.memory_per_node),
            ("ops_per_node", self.ops_per_node),
            ("latency_limit_ms", self.latency_limit_ms),
            ("idle_ops_per_s", Some(self.idle_ops_per_s)),
            (
                "queue.jobs_per_node_s",
                self.queue.map(|q| q.jobs_per_node_s),
            ),
        ] {
            value.map_or(Ok(()), |value| check_positive(field, value))?;
        }
        for (field, value) in [
            ("memory_scale_out", self.memory_scale_out),
            ("ops_scale_out", self.ops_scale_out),
            ("target_utilization", self.target_utilization),
            ("idle_memory", self.idle_memory),
            ("idle_share", self.idle_share),
            ("healthy_share", self.healthy_share),
            ("degraded_share", self.degraded_share),
        ] {
            check_share(field, value)?;
        }
        let out = self.memory_scale_out;
        at_most(
            "target_utilization",
            self.target_utilization,
            "memory_scale_out",
            out,
        )?;
        let out_ops = self.ops_scale_out;
        at_most(
            "target_utilization",
            self.target_utilization,
            "ops_scale_out",
            out_ops,
        )?;
        at_most("idle_memory", self.idle_memory, "memory_scale_out", out)?;
        at_most(
            "degraded_share",
            self.degraded_share,
            "healthy_share",
            self.healthy_share,
        )?;
        check_counts(["min_nodes", "max_nodes"], self.min_nodes, self.max_nodes)?;
        if self.scale_in_step == 0 {
            return Err(ConfigError::range("scale_in_step", 0, "≥ 1"));
        }
        if let Some(queue) = self.queue {
            let seconds = queue.drain_time.as_secs_f64();
            check("queue.drain_time", seconds, seconds > 0.0, "longer than 0s")?;
        }
        if self.memory_per_node.is_none()
            && self.ops_per_node.is_none()
            && self.latency_limit_ms.is_none()
            && self.queue.is_none()
        {
            return Err(ConfigError::Missing {
                field: "memory_per_node".to_owned(),
                need: "that, ops_per_node, latency_limit_ms or queue, or nothing is looked at",
            });
        }
        Ok(())
    }
}
