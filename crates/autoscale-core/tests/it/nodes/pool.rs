//! Cache and worker pools, case by case.

use autoscale_core::{
    JobQueue, MissingFigure, NodeAction, NodeFigure, NodePoolConfig, PoolHealth, PoolNode,
    PoolObservation, PoolReason, Sizer,
};

use super::{MEMORY, calm, decide, down, idle, pool};
use crate::given::secs;

fn config() -> NodePoolConfig {
    NodePoolConfig::new(MEMORY)
}

#[test]
fn each_rule_has_its_word() {
    let full = PoolNode::cache(900.0, 10.0, 1.0);
    let busy = PoolNode::cache(200.0, 12_001.0, 1.0);
    let slow = PoolNode::cache(200.0, 10.0, 10.5);
    let silent = PoolNode {
        ops_per_s: None,
        ..idle()
    };
    let cases: [(&[PoolNode], &str, NodeAction, u32); 14] = [
        (&[], "no healthy node", NodeAction::Hold, 0),
        (&[down(); 3], "no healthy node", NodeAction::Hold, 3),
        (&[calm(); 4], "steady", NodeAction::Hold, 4),
        (&[full; 3], "memory", NodeAction::ScaleOut, 5),
        (&[busy; 3], "ops", NodeAction::ScaleOut, 7),
        (&[slow; 3], "latency", NodeAction::ScaleOut, 4),
        (
            &[full, slow, calm(), busy],
            "memory+ops+latency",
            NodeAction::ScaleOut,
            5,
        ),
        (&[slow, down(), down()], "latency", NodeAction::ScaleOut, 2),
        (&[idle(); 4], "underutilised", NodeAction::ScaleIn, 3),
        (&[idle(); 3], "at the minimum", NodeAction::Hold, 3),
        (
            &[idle(), idle(), calm(), idle()],
            "underutilised",
            NodeAction::ScaleIn,
            3,
        ),
        (
            &[idle(), idle(), calm(), calm()],
            "steady",
            NodeAction::Hold,
            4,
        ),
        (
            &[idle(), idle(), idle(), idle(), down()],
            "unhealthy nodes",
            NodeAction::Hold,
            5,
        ),
        (
            &[idle(), idle(), idle(), silent],
            "missing data",
            NodeAction::Hold,
            4,
        ),
    ];
    for (nodes, reason, action, target) in cases {
        let decision = decide(config(), nodes);
        assert_eq!(decision.explain(), reason, "{nodes:?}");
        assert_eq!(
            (decision.action, decision.target_nodes),
            (action, target),
            "{reason}"
        );
    }
}

#[test]
fn limits_themselves_are_not_crossed() {
    let at = PoolNode::cache(800.0, 10_000.0, 10.0);
    assert_eq!(decide(config(), &[at; 4]).reason, PoolReason::Steady);
    let at_idle = [
        PoolNode::cache(300.0, 10.0, 1.0),
        PoolNode::cache(200.0, 1000.0, 1.0),
    ];
    for node in at_idle {
        assert_eq!(decide(config(), &[node; 4]).idle_nodes, 0);
    }
}

#[test]
fn health_is_a_share_of_the_nodes() {
    let of = |healthy: usize, nodes: usize| {
        let mut all = vec![calm(); healthy];
        all.resize(nodes, down());
        decide(config(), &all).health
    };
    assert_eq!(of(0, 0), PoolHealth::Critical);
    assert_eq!(of(9, 10), PoolHealth::Healthy);
    assert_eq!(of(8, 10), PoolHealth::Degraded);
    assert_eq!(of(7, 10), PoolHealth::Degraded);
    assert_eq!(of(6, 10), PoolHealth::Critical);
}

#[test]
fn missing_figures_are_named_and_counted_with_the_mean() {
    for bad in [None, Some(f64::NAN), Some(-1.0), Some(f64::INFINITY)] {
        let node = PoolNode {
            memory_used: bad,
            ..idle()
        };
        let decision = decide(config(), &[idle(), idle(), idle(), node]);
        let missing = MissingFigure {
            node: Some(3),
            figure: NodeFigure::Memory,
        };
        assert_eq!(decision.missing, [missing]);
        assert_eq!(decision.reason, PoolReason::MissingData);
        assert!(!decision.blind);
    }
    // Two of three are known: 2 × 900 ÷ 2 × 3 = 2700, as if all were.
    let unknown = PoolNode {
        memory_used: None,
        ..PoolNode::cache(0.0, 10.0, 1.0)
    };
    let full = PoolNode::cache(900.0, 10.0, 1.0);
    let decision = decide(config(), &[full, full, unknown]);
    assert_eq!(
        (decision.target_nodes, decision.explain()),
        (5, "memory".to_owned())
    );
    let all_unknown = decide(config(), &[PoolNode::running(); 4]);
    assert!(all_unknown.blind);
    assert_eq!(all_unknown.missing.len(), 12);
    assert_eq!(all_unknown.action, NodeAction::Hold);
    let odd = PoolNode {
        memory_limit: Some(0.0),
        ..idle()
    };
    let odd = decide(config(), &[odd, idle(), idle(), idle()]);
    assert_eq!(odd.missing[0].to_string(), "nodes[0].memory_limit");
    // Figures of a node that is down are nobody's business.
    assert!(
        decide(config(), &[calm(), down(), calm()])
            .missing
            .is_empty()
    );
}

#[test]
fn nodes_may_differ_in_memory() {
    let of = |limit: f64, used: f64| PoolNode {
        memory_limit: Some(limit),
        ..PoolNode::cache(used, 10.0, 1.0)
    };
    // 850 + 1200 + 400 in use, 1000 + 2000 + 500 there; new nodes bring 1000 × 0.6 each:
    // 2450 ÷ 600 − 0.5 = 3.58.
    let decision = decide(
        config(),
        &[of(1000.0, 850.0), of(2000.0, 1200.0), of(500.0, 300.0)],
    );
    assert_eq!(decision.explain(), "memory");
    assert_eq!(decision.needed.memory, Some(4));
    // Idle by itself, but the large one may be the one that goes: 690 of 700 on the others.
    let mut nodes = vec![of(100.0, 29.0); 7];
    nodes.push(of(4000.0, 490.0));
    let decision = decide(config(), &nodes);
    assert_eq!(decision.reason, PoolReason::SurvivorsOverTarget);
    let survivors = decision.survivors.unwrap();
    assert!((survivors.memory.unwrap() - 693.0 / 700.0).abs() < 1e-12);
}

#[test]
fn the_maximum_stops_growth_and_removes_nothing() {
    let full = PoolNode::cache(900.0, 10.0, 1.0);
    let capped = |max| decide(config().with_max_nodes(Some(max)), &[full; 4]);
    assert_eq!((capped(9).target_nodes, capped(5).target_nodes), (6, 5));
    for max in [4, 3] {
        let held = capped(max);
        assert_eq!((held.action, held.target_nodes), (NodeAction::Hold, 4));
        assert_eq!(held.explain(), "at the maximum");
        assert!(held.pressures.memory);
    }
}

#[test]
fn what_fails_is_replaced_where_asked_for() {
    let config = || config().with_replace_unhealthy(true);
    let some = decide(config(), &[calm(), calm(), calm(), down()]);
    assert_eq!((some.action, some.target_nodes), (NodeAction::Replace, 4));
    assert_eq!((some.nodes_to_add(), some.nodes_to_remove()), (1, 0));
    let none = decide(config(), &[]);
    assert_eq!(
        (none.action, none.nodes_to_add()),
        (NodeAction::ScaleOut, 3)
    );
    assert_eq!(none.reason, PoolReason::NoHealthyNode);
    let dead = decide(config(), &[down(); 4]);
    assert_eq!((dead.action, dead.nodes_to_add()), (NodeAction::Replace, 4));
    // One more than is healthy would be 2 of 4: the others come back as well.
    let slow = PoolNode::cache(200.0, 10.0, 99.0);
    assert_eq!(
        decide(config(), &[slow, down(), down(), down()]).target_nodes,
        4
    );
}

#[test]
fn an_idle_pool_waits_and_every_break_starts_anew() {
    let mut pool = pool(config().with_scale_in_after(secs(60)));
    let four = PoolObservation::new([idle(); 4]);
    let busy = PoolObservation::new([calm(); 4]);
    let mut at = |second: u64, seen: &PoolObservation| {
        let decision = pool.decide(secs(second), seen);
        (decision.reason, pool.next_wakeup())
    };
    assert_eq!(
        at(0, &four),
        (PoolReason::IdleNotLongEnough, Some(secs(60)))
    );
    assert_eq!(at(30, &busy), (PoolReason::Steady, None));
    assert_eq!(
        at(40, &four),
        (PoolReason::IdleNotLongEnough, Some(secs(100)))
    );
    assert_eq!(at(99, &four).0, PoolReason::IdleNotLongEnough);
    // Not carried out, it is decided again; an earlier time is the last one.
    assert_eq!(at(100, &four), (PoolReason::Underutilised, None));
    assert_eq!(at(50, &four), (PoolReason::Underutilised, None));
    // Another number of nodes is another pool.
    let five = PoolObservation::new([idle(); 5]);
    assert_eq!(at(110, &five).0, PoolReason::IdleNotLongEnough);
    assert_eq!(at(170, &five).0, PoolReason::Underutilised);
}

#[test]
fn after_a_change_the_pool_cools_down() {
    let mut pool = pool(config().with_cooldown(secs(300)));
    let full = PoolNode::cache(900.0, 10.0, 1.0);
    let grown = pool.decide(secs(0), &PoolObservation::new([full; 4]));
    assert_eq!(grown.action, NodeAction::ScaleOut);
    let idle_of = |nodes: usize| PoolObservation::new(vec![idle(); nodes]);
    assert_eq!(
        pool.decide(secs(100), &idle_of(4)).reason,
        PoolReason::CoolingDown
    );
    assert_eq!(pool.next_wakeup(), Some(secs(300)));
    assert_eq!(
        pool.decide(secs(200), &idle_of(6)).reason,
        PoolReason::CoolingDown
    );
    assert_eq!(
        pool.decide(secs(499), &idle_of(6)).reason,
        PoolReason::CoolingDown
    );
    assert_eq!(
        pool.decide(secs(500), &idle_of(6)).reason,
        PoolReason::Underutilised
    );
}

#[test]
fn several_nodes_go_at_once_where_allowed() {
    let step = |step| decide(config().with_scale_in_step(step), &[idle(); 10]);
    assert_eq!((step(1).target_nodes, step(2).target_nodes), (9, 8));
    // 2000 of memory at 0.6: four nodes.
    let most = step(u32::MAX);
    assert_eq!((most.target_nodes, most.nodes_to_remove()), (4, 6));
    assert_eq!(most.survivors.unwrap().memory, Some(0.5));
}

#[test]
fn workers_follow_their_queue() {
    let queue = JobQueue {
        jobs_per_node_s: 2.0,
        drain_time: secs(100),
    };
    let of = |nodes: usize, waiting: Option<f64>, arrivals: Option<f64>| {
        let seen = PoolObservation {
            nodes: vec![PoolNode::running(); nodes],
            jobs_waiting: waiting,
            arrivals_per_s: arrivals,
        };
        pool(NodePoolConfig::workers(queue)).decide(secs(0), &seen)
    };
    let more = of(3, Some(1000.0), Some(4.0));
    assert_eq!((more.target_nodes, more.explain()), (7, "queue".to_owned()));
    assert_eq!(
        of(7, Some(1000.0), Some(4.0)).reason,
        PoolReason::SurvivorsOverTarget
    );
    assert_eq!(of(8, Some(1000.0), Some(4.0)).target_nodes, 7);
    assert_eq!(of(2, Some(0.0), Some(0.0)).target_nodes, 1);
    let blind = of(8, None, Some(0.0));
    assert_eq!((blind.target_nodes, blind.blind), (8, true));
    assert_eq!(blind.missing[0].to_string(), "jobs_waiting");
    assert_eq!(of(8, Some(0.0), None).reason, PoolReason::MissingData);
    // What is known is enough to grow.
    assert_eq!(of(3, None, Some(20.0)).target_nodes, 10);
}
