//! Read replicas, case by case.

use autoscale_core::{
    LagCause, NodeAction, ReadReplicasConfig, ReplicaNode, ReplicaObservation, ReplicaReason, Sizer,
};

use super::{decide_replicas, even, rule};
use crate::given::secs;

fn config() -> ReadReplicasConfig {
    ReadReplicasConfig::new(1000.0).with_scale_in_after(secs(0))
}

fn lagging(reads: f64) -> ReplicaNode {
    ReplicaNode::running(reads, 60.0)
}

#[test]
fn the_count_carries_the_reads_and_a_loss() {
    let count = |reads: f64| {
        let decision = decide_replicas(config(), &even(reads, 2));
        (decision.target_replicas, decision.reason)
    };
    // At 0.7 two carry 1400; one left carries 1000.
    assert_eq!(count(1000.0), (2, ReplicaReason::Steady));
    assert_eq!(count(1001.0), (3, ReplicaReason::Loss));
    assert_eq!(count(1400.0), (3, ReplicaReason::Loss));
    // From 2100 on the target asks for as many as the loss does.
    assert_eq!(count(2101.0), (4, ReplicaReason::Reads));
    assert_eq!(count(70_000.0), (100, ReplicaReason::Reads));
    let two_lost = decide_replicas(config().with_losses(2), &even(1400.0, 2));
    assert_eq!(two_lost.target_replicas, 4);
    assert_eq!(two_lost.needed_for_loss, Some(4));
    let none = decide_replicas(config(), &ReplicaObservation::new(0.0, []));
    assert_eq!(
        (none.target_replicas, none.reason),
        (2, ReplicaReason::BelowMinimum)
    );
}

#[test]
fn one_at_a_time_goes_and_the_rest_could_lose_one() {
    let reason = |reads: f64, replicas: u32| {
        let decision = decide_replicas(config(), &even(reads, replicas));
        (decision.reason, decision.target_replicas)
    };
    // Of 5, 4 stay and 3 of them carry 2100 at the target.
    assert_eq!(reason(2100.0, 5), (ReplicaReason::Underutilised, 4));
    assert_eq!(reason(2101.0, 5), (ReplicaReason::Steady, 5));
    assert_eq!(reason(0.0, 9), (ReplicaReason::Underutilised, 8));
    assert_eq!(reason(0.0, 2), (ReplicaReason::Steady, 2));
}

#[test]
fn it_waits_before_one_goes() {
    let mut rule = rule(config().with_scale_in_after(secs(60)));
    let mut at = |second: u64, replicas: u32, reads: f64| {
        let reason = rule.decide(secs(second), &even(reads, replicas)).reason;
        (reason, rule.next_wakeup())
    };
    assert_eq!(
        at(0, 5, 0.0),
        (ReplicaReason::WaitingToScaleIn, Some(secs(60)))
    );
    assert_eq!(at(30, 5, 3000.0), (ReplicaReason::Steady, None));
    assert_eq!(
        at(40, 5, 0.0),
        (ReplicaReason::WaitingToScaleIn, Some(secs(100)))
    );
    assert_eq!(at(100, 5, 0.0), (ReplicaReason::Underutilised, None));
    assert_eq!(at(70, 5, 0.0), (ReplicaReason::Underutilised, None));
    assert_eq!(
        at(110, 4, 0.0),
        (ReplicaReason::WaitingToScaleIn, Some(secs(170)))
    );
}

#[test]
fn what_does_not_work_is_replaced() {
    let mut seen = even(600.0, 4);
    seen.replicas[1].healthy = false;
    let decision = decide_replicas(config(), &seen);
    assert_eq!(
        (decision.action, decision.replace),
        (NodeAction::Replace, 1)
    );
    assert_eq!(
        (decision.target_replicas, decision.reason),
        (4, ReplicaReason::Unhealthy)
    );
    seen.reads_per_s = Some(5000.0);
    let decision = decide_replicas(config(), &seen);
    assert_eq!(
        (decision.action, decision.replace),
        (NodeAction::ScaleOut, 1)
    );
    assert_eq!(decision.target_replicas, 8);
}

#[test]
fn lag_has_a_cause_and_only_reads_ask_for_more() {
    let fresh = |reads: f64| ReplicaNode::running(reads, 0.1);
    let blind = ReplicaNode {
        reads_per_s: None,
        ..lagging(0.0)
    };
    let unknown_lag = ReplicaNode {
        lag_s: None,
        ..fresh(100.0)
    };
    let cases: [(&[ReplicaNode], LagCause, ReplicaReason, NodeAction, u32); 7] = [
        // Reads press on all: 2 stale ones, and 3 fresh ones for 1500 reads.
        (
            &[lagging(750.0); 2],
            LagCause::Reads,
            ReplicaReason::LagFromReads,
            NodeAction::ScaleOut,
            5,
        ),
        (
            &[lagging(200.0); 2],
            LagCause::Writes,
            ReplicaReason::LagFromWrites,
            NodeAction::Hold,
            2,
        ),
        (
            &[lagging(900.0), lagging(200.0)],
            LagCause::Writes,
            ReplicaReason::Loss,
            NodeAction::ScaleOut,
            3,
        ),
        (
            &[lagging(100.0), fresh(300.0), fresh(300.0)],
            LagCause::Replica,
            ReplicaReason::LaggingReplica,
            NodeAction::Replace,
            3,
        ),
        (
            &[blind, fresh(300.0)],
            LagCause::Unknown,
            ReplicaReason::LagUnexplained,
            NodeAction::Hold,
            2,
        ),
        // Nobody knows whether the other one keeps up.
        (
            &[lagging(100.0), unknown_lag],
            LagCause::Unknown,
            ReplicaReason::LagUnexplained,
            NodeAction::Hold,
            2,
        ),
        // Enough others keep up.
        (
            &[lagging(750.0), fresh(100.0), fresh(100.0), fresh(100.0)],
            LagCause::Reads,
            ReplicaReason::Steady,
            NodeAction::Hold,
            4,
        ),
    ];
    for (replicas, cause, reason, action, target) in cases {
        let reads = replicas.iter().filter_map(|r| r.reads_per_s).sum();
        let seen = ReplicaObservation::new(reads, replicas);
        let decision = decide_replicas(config(), &seen);
        assert_eq!(decision.lag_cause, Some(cause), "{replicas:?}");
        assert_eq!(
            (decision.action, decision.reason),
            (action, reason),
            "{cause}"
        );
        assert_eq!(decision.target_replicas, target, "{cause}");
    }
    assert_eq!(decide_replicas(config(), &even(100.0, 3)).lag_cause, None);
}

#[test]
fn writes_beyond_what_a_replica_replays_are_the_cause() {
    let config = || config().with_replay_per_s(Some(500.0));
    let seen = |writes: Option<f64>| ReplicaObservation {
        writes_per_s: writes,
        ..ReplicaObservation::new(900.0, [lagging(900.0), ReplicaNode::running(0.0, 0.1)])
    };
    let cause = |writes| decide_replicas(config(), &seen(writes)).lag_cause;
    assert_eq!(cause(Some(501.0)), Some(LagCause::Writes));
    assert_eq!(cause(Some(500.0)), Some(LagCause::Reads));
    assert_eq!(cause(None), Some(LagCause::Unknown));
    assert_eq!(cause(Some(f64::NAN)), Some(LagCause::Unknown));
}

#[test]
fn reads_that_may_be_stale_need_no_fresh_replica() {
    let seen = ReplicaObservation::new(1500.0, [lagging(750.0); 3]);
    let with = |share| decide_replicas(config().with_fresh_share(share), &seen);
    assert_eq!(with(1.0).target_replicas, 6);
    assert_eq!(with(0.1).target_replicas, 5);
    assert_eq!(
        (with(0.0).target_replicas, with(0.0).needed_fresh),
        (3, None)
    );
}

#[test]
fn without_a_rate_the_replicas_own_count_and_else_nothing_shrinks() {
    let mut seen = even(4500.0, 3);
    seen.reads_per_s = None;
    let summed = decide_replicas(config(), &seen);
    assert_eq!(
        (summed.reads_per_s, summed.target_replicas),
        (Some(4500.0), 7)
    );
    seen.replicas[2].reads_per_s = None;
    for rate in [None, Some(f64::NAN), Some(-1.0)] {
        seen.reads_per_s = rate;
        let blind = decide_replicas(config(), &seen);
        assert_eq!((blind.blind, blind.target_replicas), (true, 3));
        assert_eq!(blind.reason, ReplicaReason::MissingData);
        assert_eq!(blind.missing[0].to_string(), "reads_per_s");
    }
    // A lag that is not known keeps everything as it is, too.
    let mut seen = even(0.0, 6);
    seen.replicas[0].lag_s = None;
    let decision = decide_replicas(config(), &seen);
    assert_eq!(
        (decision.reason, decision.target_replicas),
        (ReplicaReason::MissingData, 6)
    );
    // What is down is replaced even so.
    seen.reads_per_s = None;
    seen.replicas[1] = ReplicaNode::default();
    assert_eq!(decide_replicas(config(), &seen).action, NodeAction::Replace);
}

#[test]
fn the_maximum_stops_growth_and_removes_nothing() {
    let capped = |max| decide_replicas(config().with_max_replicas(Some(max)), &even(7000.0, 4));
    assert_eq!(
        (capped(20).target_replicas, capped(6).target_replicas),
        (10, 6)
    );
    for max in [4, 2] {
        assert_eq!(
            (capped(max).target_replicas, capped(max).reason),
            (4, ReplicaReason::AtMaximum)
        );
    }
}
