//! Every refused configuration names the field, the value and the bound.

use autoscale_core::{
    ConfigError, JobQueue, NodePool, NodePoolConfig, ReadReplicas, ReadReplicasConfig,
};

use crate::given::secs;

fn message<T>(result: Result<T, ConfigError>) -> String {
    result.map_or_else(|error| error.to_string(), |_| "accepted".to_owned())
}

#[test]
fn node_pool() {
    let fine = || NodePoolConfig::new(1000.0);
    let queue = |jobs_per_node_s, drain| {
        NodePoolConfig::workers(JobQueue {
            jobs_per_node_s,
            drain_time: secs(drain),
        })
    };
    let nothing = fine()
        .with_memory_per_node(None)
        .with_ops_per_node(None)
        .with_latency_limit_ms(None);
    for (config, expected) in [
        (fine(), "accepted"),
        (queue(1.0, 1), "accepted"),
        (NodePoolConfig::default(), "accepted"),
        (
            NodePoolConfig::new(0.0),
            "memory_per_node is 0, must be a finite number > 0",
        ),
        (
            NodePoolConfig::new(f64::NAN),
            "memory_per_node is NaN, must be a finite number > 0",
        ),
        (
            fine().with_ops_per_node(Some(-1.0)),
            "ops_per_node is -1, must be a finite number > 0",
        ),
        (
            fine().with_latency_limit_ms(Some(f64::INFINITY)),
            "latency_limit_ms is inf, must be a finite number > 0",
        ),
        (
            fine().with_idle_ops_per_s(0.0),
            "idle_ops_per_s is 0, must be a finite number > 0",
        ),
        (
            queue(0.0, 1),
            "queue.jobs_per_node_s is 0, must be a finite number > 0",
        ),
        (
            queue(1.0, 0),
            "queue.drain_time is 0, must be longer than 0s",
        ),
        (
            fine().with_memory_scale_out(1.1),
            "memory_scale_out is 1.1, must be > 0 and ≤ 1",
        ),
        (
            fine().with_ops_scale_out(0.0),
            "ops_scale_out is 0, must be > 0 and ≤ 1",
        ),
        (
            fine().with_idle_share(f64::NAN),
            "idle_share is NaN, must be > 0 and ≤ 1",
        ),
        (
            fine().with_idle_memory(2.0),
            "idle_memory is 2, must be > 0 and ≤ 1",
        ),
        (
            fine().with_target_utilization(0.9),
            "target_utilization is 0.9, must be at most memory_scale_out (0.8)",
        ),
        (
            fine().with_ops_scale_out(0.5),
            "target_utilization is 0.6, must be at most ops_scale_out (0.5)",
        ),
        (
            fine().with_idle_memory(0.9),
            "idle_memory is 0.9, must be at most memory_scale_out (0.8)",
        ),
        (
            fine().with_degraded_share(0.95),
            "degraded_share is 0.95, must be at most healthy_share (0.9)",
        ),
        (
            fine().with_healthy_share(0.0),
            "healthy_share is 0, must be > 0 and ≤ 1",
        ),
        (
            fine().with_min_nodes(0),
            "min_nodes is 0, must be 1 … 2147483647",
        ),
        (
            fine().with_max_nodes(Some(2)),
            "max_nodes is 2, must be at least min_nodes (3)",
        ),
        (
            fine().with_scale_in_step(0),
            "scale_in_step is 0, must be ≥ 1",
        ),
        (
            nothing,
            "memory_per_node is missing: that, ops_per_node, latency_limit_ms or queue, or nothing is looked at",
        ),
    ] {
        assert_eq!(message(NodePool::new(config)), expected);
    }
}

#[test]
fn read_replicas() {
    let fine = || ReadReplicasConfig::new(1000.0);
    for (config, expected) in [
        (fine(), "accepted"),
        (
            ReadReplicasConfig::new(0.0),
            "reads_per_replica is 0, must be a finite number > 0",
        ),
        (
            fine().with_target_utilization(1.5),
            "target_utilization is 1.5, must be > 0 and ≤ 1",
        ),
        (
            fine().with_loss_utilization(0.0),
            "loss_utilization is 0, must be > 0 and ≤ 1",
        ),
        (
            fine().with_loss_utilization(0.5),
            "target_utilization is 0.7, must be at most loss_utilization (0.5)",
        ),
        (
            fine().with_lag_limit_s(0.0),
            "lag_limit_s is 0, must be a finite number > 0",
        ),
        (
            fine().with_fresh_share(-0.1),
            "fresh_share is -0.1, must be 0 … 1",
        ),
        (
            fine().with_replay_per_s(Some(0.0)),
            "replay_per_s is 0, must be a finite number > 0",
        ),
        (
            fine().with_min_replicas(0),
            "min_replicas is 0, must be 1 … 2147483647",
        ),
        (
            fine().with_max_replicas(Some(1)),
            "max_replicas is 1, must be at least min_replicas (2)",
        ),
    ] {
        assert_eq!(message(ReadReplicas::new(config)), expected);
    }
}
