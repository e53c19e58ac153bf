//! What holds of every pool and all replicas.

use autoscale_core::{
    JobQueue, NodeAction, NodePool, NodePoolConfig, PoolNode, PoolObservation, ReadReplicas,
    ReadReplicasConfig, ReplicaNode, ReplicaObservation, Sizer, SizingEntry, replay_sizing,
};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use crate::cases;
use crate::given::secs;

/// Anything that a source may report.
fn figure(most: f64) -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        8 => (0.0..most).prop_map(Some),
        1 => any::<f64>().prop_map(Some),
        1 => Just(None),
        1 => Just(Some(0.0)),
    ]
}

fn node() -> impl Strategy<Value = PoolNode> {
    let limit = prop_oneof![4 => Just(None), 1 => figure(3000.0)];
    (
        any::<bool>(),
        figure(1200.0),
        figure(15_000.0),
        figure(15.0),
        limit,
    )
        .prop_map(
            |(healthy, memory_used, ops_per_s, latency_ms, memory_limit)| PoolNode {
                healthy,
                memory_used,
                ops_per_s,
                latency_ms,
                memory_limit,
            },
        )
}

fn observation() -> impl Strategy<Value = PoolObservation> {
    (vec(node(), 0..12), figure(1e4), figure(20.0)).prop_map(
        |(nodes, jobs_waiting, arrivals_per_s)| PoolObservation {
            nodes,
            jobs_waiting,
            arrivals_per_s,
        },
    )
}

/// Healthy nodes with every figure, most of them idle.
fn idle_nodes() -> impl Strategy<Value = Vec<PoolNode>> {
    let node = (
        0.0..1.0_f64,
        0.0..1.0_f64,
        prop_oneof![Just(1000.0), 200.0..4000.0_f64],
    );
    let node = node.prop_map(|(memory, ops, limit)| PoolNode {
        memory_limit: Some(limit),
        ..PoolNode::cache(limit * 0.75 * memory.powi(3), 9000.0 * ops.powi(4), 1.0)
    });
    vec(node, 1..14)
}

fn config() -> impl Strategy<Value = NodePoolConfig> {
    let shares = (
        0.05..=1.0_f64,
        0.05..=1.0_f64,
        0.05..=1.0_f64,
        0.05..=1.0_f64,
    );
    let counts = (1..5_u32, 1..6_u32, any::<bool>(), any::<bool>());
    (shares, counts, 0..200_u64, 0..200_u64).prop_map(|(shares, counts, after, cooldown)| {
        let (out, target, idle, share) = shares;
        let (step, min, replace, queue) = counts;
        NodePoolConfig::new(1000.0)
            .with_memory_scale_out(out)
            .with_target_utilization(target * out)
            .with_idle_memory(idle * out)
            .with_idle_share(share)
            .with_scale_in_step(step)
            .with_min_nodes(min)
            .with_replace_unhealthy(replace)
            .with_scale_in_after(secs(after))
            .with_cooldown(secs(cooldown))
            .with_queue(queue.then_some(JobQueue {
                jobs_per_node_s: 3.0,
                drain_time: secs(60),
            }))
    })
}

fn replicas() -> impl Strategy<Value = ReplicaObservation> {
    let replica =
        (any::<bool>(), figure(1500.0), figure(30.0)).prop_map(|(healthy, reads, lag)| {
            ReplicaNode {
                healthy,
                reads_per_s: reads,
                lag_s: lag,
            }
        });
    (vec(replica, 0..9), figure(8000.0), figure(1000.0)).prop_map(
        |(replicas, reads_per_s, writes_per_s)| ReplicaObservation {
            replicas,
            reads_per_s,
            writes_per_s,
        },
    )
}

fn replicas_config() -> impl Strategy<Value = ReadReplicasConfig> {
    (
        0.05..=1.0_f64,
        0.05..=1.0_f64,
        0..4_u32,
        1..4_u32,
        0.0..=1.0_f64,
        0..100_u64,
    )
        .prop_map(|(loss, target, losses, min, fresh, after)| {
            ReadReplicasConfig::new(1000.0)
                .with_loss_utilization(loss)
                .with_target_utilization(target * loss)
                .with_losses(losses)
                .with_min_replicas(min)
                .with_fresh_share(fresh)
                .with_replay_per_s((losses > 1).then_some(500.0))
                .with_scale_in_after(secs(after))
        })
}

/// Decides on everything in turn; the log replays bit for bit.
fn run<S: Sizer + Clone>(
    rule: &S,
    script: Vec<(u64, S::Observation)>,
) -> Vec<SizingEntry<S::Observation, S::Decision>>
where
    S::Observation: Clone,
    S::Decision: Clone + PartialEq + std::fmt::Debug,
{
    let mut deciding = rule.clone();
    let log: Vec<_> = script
        .into_iter()
        .map(|(now, observation)| SizingEntry {
            now: secs(now),
            decision: deciding.decide(secs(now), &observation),
            observation,
        })
        .collect();
    let count = replay_sizing(&mut rule.clone(), &log).map_err(|e| e.index);
    assert_eq!(count, Ok(log.len()));
    log
}

proptest! {
    #![proptest_config(cases(2_000, 100_000))]

    /// Nothing panics whatever is reported and whenever; logs replay; missing figures and nodes that
    /// are down keep a pool's size.
    #[test]
    fn a_pool_is_total(config in config(), script in vec((0..1000_u64, observation()), 1..8)) {
        let pool = NodePool::new(config).unwrap();
        for entry in run(&pool, script) {
            let (seen, out) = (&entry.observation, &entry.decision);
            prop_assert_eq!(out.nodes as usize, seen.nodes.len());
            match out.action {
                NodeAction::ScaleOut | NodeAction::Replace => {
                    prop_assert!(out.target_nodes > out.healthy_nodes);
                    prop_assert!(out.nodes_to_add() > 0);
                }
                NodeAction::ScaleIn => {
                    prop_assert!(out.missing.is_empty() && !out.blind);
                    prop_assert!(out.healthy_nodes == out.nodes && !out.pressures.any());
                    prop_assert!(out.target_nodes >= pool.config().min_nodes);
                    prop_assert!(out.nodes_to_remove() <= pool.config().scale_in_step);
                    prop_assert!(out.nodes_to_remove() > 0);
                }
                NodeAction::Hold => prop_assert_eq!(out.target_nodes, out.nodes),
            }
        }
    }

    /// After a scale-in the survivors are at or under the target, whichever nodes went.
    #[test]
    fn scale_in_is_safe(config in config(), nodes in idle_nodes(), rotate in 0..14_usize) {
        let config = config.with_scale_in_after(secs(0)).with_cooldown(secs(0)).with_queue(None);
        let target = config.target_utilization;
        let decision = NodePool::new(config).unwrap().decide(secs(0), &PoolObservation::new(nodes.clone()));
        if decision.action == NodeAction::ScaleIn {
            let total = |of: fn(&PoolNode) -> Option<f64>| nodes.iter().filter_map(of).sum::<f64>();
            let mut left = nodes.clone();
            left.rotate_left(rotate % nodes.len());
            left.truncate(decision.target_nodes as usize);
            let limits: f64 = left.iter().filter_map(|n| n.memory_limit).sum();
            prop_assert!(total(|n| n.memory_used) <= limits * target * (1.0 + 1e-9));
            let carried = f64::from(decision.target_nodes) * 10_000.0 * target;
            prop_assert!(total(|n| n.ops_per_s) <= carried * (1.0 + 1e-9));
        }
    }

    /// Of healthy nodes, more memory, operations or latency never ask for fewer.
    #[test]
    fn a_pool_is_monotone(config in config(), nodes in idle_nodes(), more in vec((0.0..500.0_f64, 0.0..8000.0_f64, 0.0..12.0_f64), 14)) {
        let config = config.with_scale_in_after(secs(0)).with_cooldown(secs(0)).with_queue(None);
        let count = |nodes: &[PoolNode]| {
            let mut pool = NodePool::new(config.clone()).unwrap();
            pool.decide(secs(0), &PoolObservation::new(nodes)).target_nodes
        };
        let mut loaded = nodes.clone();
        for (node, (memory, ops, latency)) in loaded.iter_mut().zip(more) {
            node.memory_used = node.memory_used.map(|m| m + memory);
            node.ops_per_s = node.ops_per_s.map(|o| o + ops);
            node.latency_ms = node.latency_ms.map(|l| l + latency);
        }
        prop_assert!(count(&loaded) >= count(&nodes));
    }

    /// The order of nodes means nothing; sums may differ in their last bit.
    #[test]
    fn order_is_irrelevant(config in config(), seen in observation(), by in 0..12_usize) {
        let mut other = seen.clone();
        other.nodes.reverse();
        if !other.nodes.is_empty() {
            let by = by % other.nodes.len();
            other.nodes.rotate_left(by);
        }
        let whole = |seen: &PoolObservation| {
            let mut rounded = seen.clone();
            for node in &mut rounded.nodes {
                for figure in [&mut node.memory_used, &mut node.ops_per_s] {
                    // Whole numbers add up exactly.
                    *figure = figure.map(|v| if v.abs() < 1e6 { v.round() } else { v.signum() });
                }
                node.memory_limit = node.memory_limit.map(|_| 2000.0);
            }
            rounded
        };
        let decide = |seen: &PoolObservation| {
            let mut out = NodePool::new(config.clone()).unwrap().decide(secs(0), &whole(seen));
            out.missing.iter_mut().for_each(|missing| missing.node = None);
            out.missing.sort_by_key(|missing| missing.figure.field());
            out
        };
        prop_assert_eq!(decide(&seen), decide(&other));
    }

    #[test]
    fn replicas_are_total(config in replicas_config(), script in vec((0..1000_u64, replicas()), 1..8)) {
        let rule = ReadReplicas::new(config).unwrap();
        for entry in run(&rule, script) {
            let (out, config) = (&entry.decision, rule.config());
            prop_assert_eq!(out.replicas as usize, entry.observation.replicas.len());
            match out.action {
                NodeAction::ScaleOut => prop_assert!(out.target_replicas > out.replicas),
                NodeAction::Replace => prop_assert!(out.replace > 0),
                NodeAction::Hold => prop_assert_eq!(out.target_replicas, out.replicas),
                NodeAction::ScaleIn => {
                    prop_assert_eq!(out.target_replicas + 1, out.replicas);
                    prop_assert!(out.missing.is_empty() && !out.blind && out.lagging_replicas == 0);
                    prop_assert_eq!(out.healthy_replicas, out.replicas);
                    // One more may be lost, and the rest is at or under the target.
                    let left = f64::from(out.target_replicas.saturating_sub(config.losses));
                    let reads = out.reads_per_s.unwrap_or(f64::NAN);
                    prop_assert!(reads <= left * 1000.0 * config.target_utilization);
                }
            }
            // Where the target is reached, a loss is carried.
            if let (Some(reads), Some(_)) = (out.reads_per_s, out.needed_for_loss) {
                let left = f64::from(out.target_replicas.saturating_sub(config.losses));
                let carried = left * 1000.0 * config.loss_utilization * (1.0 + 1e-9) + 1e-5;
                prop_assert!(reads <= carried || out.target_replicas >= i32::MAX.unsigned_abs());
            }
        }
    }

    /// More reads never ask for fewer, and order means nothing.
    #[test]
    fn replicas_are_monotone(config in replicas_config(), seen in replicas(), more in 0.0..5000.0_f64) {
        let config = config.with_scale_in_after(secs(0));
        let decide = |seen: &ReplicaObservation| ReadReplicas::new(config.clone()).unwrap().decide(secs(0), seen);
        let mut loaded = seen.clone();
        // What cannot be a rate is none: more of it is none, too.
        let rate = seen.reads_per_s.filter(|reads| *reads >= 0.0);
        loaded.reads_per_s = rate.map(|reads| reads + more);
        prop_assert!(decide(&loaded).target_replicas >= decide(&seen).target_replicas);
        let mut reversed = seen.clone();
        reversed.replicas.reverse();
        let (a, b) = (decide(&seen), decide(&reversed));
        prop_assert_eq!((a.action, a.reason, a.lag_cause), (b.action, b.reason, b.lag_cause));
    }
}
