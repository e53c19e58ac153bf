//! Every field of a node pool's and of read replicas' configuration.

use autoscale_core::{
    JobQueue, NodePool, NodePoolConfig, PoolDecision, PoolNode, PoolObservation, ReadReplicas,
    ReadReplicasConfig, ReplicaNode, ReplicaObservation, Sizer,
};

use super::assert_covers;
use crate::given::secs;

/// The field, a configuration that differs in it, and what is seen.
type PoolCase = (&'static str, NodePoolConfig, Vec<PoolObservation>);

#[test]
fn node_pool_config() {
    let base = || NodePoolConfig::new(1000.0);
    let of = |nodes: usize, node: PoolNode| vec![PoolObservation::new(vec![node; nodes])];
    let idle = PoolNode::cache(200.0, 10.0, 1.0);
    let some_down = |healthy: usize| {
        let mut nodes = vec![PoolNode::cache(500.0, 3000.0, 1.0); 10];
        nodes[healthy..].fill(PoolNode::default());
        vec![PoolObservation::new(nodes)]
    };
    let queue = JobQueue {
        jobs_per_node_s: 1.0,
        drain_time: secs(60),
    };
    let waiting = PoolObservation {
        jobs_waiting: Some(6000.0),
        arrivals_per_s: Some(0.0),
        ..of(4, idle).remove(0)
    };
    let mut mixed = vec![idle; 4];
    mixed.extend([PoolNode::cache(400.0, 10.0, 1.0); 2]);
    let grown = [of(4, idle), of(5, idle)].concat();
    let cases: Vec<PoolCase> = vec![
        (
            "memory_per_node",
            base().with_memory_per_node(Some(200.0)),
            of(4, idle),
        ),
        (
            "memory_scale_out",
            base().with_memory_scale_out(0.6),
            of(4, PoolNode::cache(700.0, 10.0, 1.0)),
        ),
        (
            "ops_per_node",
            base().with_ops_per_node(Some(5000.0)),
            of(4, PoolNode::cache(200.0, 6000.0, 1.0)),
        ),
        (
            "ops_scale_out",
            base().with_ops_scale_out(0.6),
            of(4, PoolNode::cache(200.0, 7000.0, 1.0)),
        ),
        (
            "latency_limit_ms",
            base().with_latency_limit_ms(Some(0.5)),
            of(4, idle),
        ),
        (
            "target_utilization",
            base().with_target_utilization(0.2),
            of(4, idle),
        ),
        ("idle_memory", base().with_idle_memory(0.1), of(4, idle)),
        (
            "idle_ops_per_s",
            base().with_idle_ops_per_s(5.0),
            of(4, idle),
        ),
        (
            "idle_share",
            base().with_idle_share(0.6),
            vec![PoolObservation::new(mixed)],
        ),
        ("scale_in_step", base().with_scale_in_step(2), of(9, idle)),
        ("min_nodes", base().with_min_nodes(4), of(4, idle)),
        (
            "max_nodes",
            base().with_max_nodes(Some(4)),
            of(4, PoolNode::cache(900.0, 10.0, 1.0)),
        ),
        (
            "healthy_share",
            base().with_healthy_share(0.8),
            some_down(8),
        ),
        (
            "degraded_share",
            base().with_degraded_share(0.5),
            some_down(6),
        ),
        (
            "replace_unhealthy",
            base().with_replace_unhealthy(true),
            some_down(6),
        ),
        (
            "scale_in_after",
            base().with_scale_in_after(secs(60)),
            of(4, idle),
        ),
        ("cooldown", base().with_cooldown(secs(60)), grown),
        ("queue", base().with_queue(Some(queue)), vec![waiting]),
    ];
    let decide = |config: &NodePoolConfig, script: &[PoolObservation]| -> Vec<PoolDecision> {
        let mut pool = NodePool::new(config.clone()).unwrap();
        let times = (0..).map(|tick| secs(tick * 15));
        times
            .zip(script)
            .map(|(now, seen)| pool.decide(now, seen))
            .collect()
    };
    for (field, changed, script) in &cases {
        let [a, b] = [decide(&base(), script), decide(changed, script)].map(|all| {
            let last = all.last().unwrap().clone();
            (last.action, last.target_nodes, last.health)
        });
        assert_ne!(a, b, "{field}");
    }
    let with_queue = base().with_queue(Some(queue));
    assert_covers(&with_queue, cases.iter().map(|(field, ..)| *field));
    // A queue's own fields.
    let seen = [cases.into_iter().last().unwrap().2.remove(0)];
    let wanted = |jobs_per_node_s: f64, drain: u64| {
        let queue = JobQueue {
            jobs_per_node_s,
            drain_time: secs(drain),
        };
        decide(&NodePoolConfig::workers(queue), &seen)[0].target_nodes
    };
    assert_eq!(
        [wanted(1.0, 60), wanted(2.0, 60), wanted(1.0, 600)],
        [100, 50, 10]
    );
    assert_covers(&queue, ["jobs_per_node_s", "drain_time"]);
}

#[test]
fn read_replicas_config() {
    let base = || ReadReplicasConfig::new(1000.0);
    let of = |reads: f64, replicas: usize, lag: f64| {
        let share = reads / f64::from(u32::try_from(replicas).unwrap());
        ReplicaObservation::new(reads, vec![ReplicaNode::running(share, lag); replicas])
    };
    let busy = of(9000.0, 4, 0.1);
    let spare = of(100.0, 6, 0.1);
    let cases: Vec<(&str, ReadReplicasConfig, ReplicaObservation)> = vec![
        (
            "reads_per_replica",
            ReadReplicasConfig::new(2000.0),
            busy.clone(),
        ),
        (
            "target_utilization",
            base().with_target_utilization(0.5),
            busy.clone(),
        ),
        (
            "loss_utilization",
            base().with_loss_utilization(0.7),
            of(1450.0, 3, 0.1),
        ),
        ("losses", base().with_losses(2), of(1400.0, 3, 0.1)),
        ("min_replicas", base().with_min_replicas(7), spare.clone()),
        ("max_replicas", base().with_max_replicas(Some(5)), busy),
        (
            "lag_limit_s",
            base().with_lag_limit_s(1.0),
            of(1700.0, 3, 5.0),
        ),
        (
            "fresh_share",
            base().with_fresh_share(0.1),
            of(2800.0, 3, 20.0),
        ),
        (
            "replay_per_s",
            base().with_replay_per_s(Some(10.0)),
            of(3200.0, 4, 20.0).with_writes_per_s(11.0),
        ),
        ("scale_in_after", base().with_scale_in_after(secs(0)), spare),
    ];
    for (field, changed, seen) in &cases {
        let [a, b] = [&base(), changed].map(|config| {
            let decision = ReadReplicas::new(config.clone())
                .unwrap()
                .decide(secs(0), seen);
            (
                decision.action,
                decision.target_replicas,
                decision.lag_cause,
            )
        });
        assert_ne!(a, b, "{field}");
    }
    assert_covers(&base(), cases.iter().map(|(field, ..)| *field));
}
