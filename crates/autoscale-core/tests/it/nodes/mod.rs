//! Node pools and read replicas.

mod config_errors;
mod pool;
mod properties;
mod replicas;
#[cfg(feature = "serde")]
mod snapshot;

use autoscale_core::{
    NodePool, NodePoolConfig, PoolDecision, PoolNode, PoolObservation, ReadReplicas,
    ReadReplicasConfig, ReplicaDecision, ReplicaNode, ReplicaObservation, Sizer,
};

use crate::given::secs;

/// Memory of the nodes of these tests.
pub(super) const MEMORY: f64 = 1000.0;

pub(super) fn idle() -> PoolNode {
    PoolNode::cache(200.0, 10.0, 1.0)
}

pub(super) fn calm() -> PoolNode {
    PoolNode::cache(500.0, 3000.0, 1.0)
}

pub(super) fn down() -> PoolNode {
    PoolNode::default()
}

pub(super) fn pool(config: NodePoolConfig) -> NodePool {
    NodePool::new(config).unwrap()
}

/// The decision of a pool without history.
pub(super) fn decide(config: NodePoolConfig, nodes: &[PoolNode]) -> PoolDecision {
    pool(config).decide(secs(0), &PoolObservation::new(nodes))
}

pub(super) fn rule(config: ReadReplicasConfig) -> ReadReplicas {
    ReadReplicas::new(config).unwrap()
}

/// Reads a second spread evenly over replicas without lag.
pub(super) fn even(reads: f64, replicas: u32) -> ReplicaObservation {
    let share = reads / f64::from(replicas);
    let replicas = vec![ReplicaNode::running(share, 0.1); replicas as usize];
    ReplicaObservation::new(reads, replicas)
}

/// The decision of a rule without history.
pub(super) fn decide_replicas(
    config: ReadReplicasConfig,
    seen: &ReplicaObservation,
) -> ReplicaDecision {
    rule(config).decide(secs(0), seen)
}
