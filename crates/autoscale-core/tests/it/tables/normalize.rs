//! Several metrics, zero, bounds, windows and rates.

use autoscale_core::{
    Behavior, Change, Condition, ConditionReason, Decision, HpaConfig, MetricReading, Observation,
    Policy, Reason, SelectPolicy, StageKind, legacy_limit,
};

use crate::given::{
    average, behavior, config, cpu, decide, external, memory, rules, secs, seen, seen_value,
    settled, value,
};

fn outcome(decision: &Decision) -> (u32, Reason) {
    (decision.replicas, decision.reason)
}

#[test]
fn several_metrics() {
    let config = || {
        HpaConfig::new(100, [cpu(50), external(average(10))]).with_downscale_stabilization(secs(0))
    };
    let seen = |usage: Option<i64>, total: Option<i64>| {
        let mut seen = seen(&[usage.unwrap_or(0); 4]);
        if usage.is_none() {
            seen.readings = vec![MetricReading::Failed];
        }
        seen.readings
            .extend(total.map(|t| seen_value(1, t).readings.remove(0)));
        seen
    };
    for (usage, total, replicas, reason, blind) in [
        (Some(800), Some(60), 7, Reason::ScaleUp, false), // 7 and 6
        (Some(600), Some(60), 6, Reason::ScaleUp, false), // 5 and 6
        (Some(250), Some(30), 3, Reason::ScaleDown, false), // 2 and 3
        (Some(800), None, 7, Reason::ScaleUp, false),     // one failed, the other asks for more
        (Some(250), None, 4, Reason::MetricsFailed, true), // … for fewer
        (Some(500), None, 4, Reason::Steady, false),      // … for the same
        (None, Some(60), 6, Reason::ScaleUp, false),
        (None, Some(30), 4, Reason::MetricsFailed, true),
        (None, None, 4, Reason::MetricsFailed, true),
    ] {
        let decision = decide(config(), &seen(usage, total));
        assert_eq!(
            outcome(&decision),
            (replicas, reason),
            "{usage:?} {total:?}"
        );
        assert_eq!(decision.blind, blind, "{usage:?} {total:?}");
    }
    let failed = decide(config(), &seen(None, None));
    assert_eq!(
        failed.conditions.scaling_active,
        Some(Condition {
            status: false,
            reason: ConditionReason::FailedGetResourceMetric,
        })
    );
}

#[test]
fn to_zero_and_back() {
    let zero = |decision: &Decision| decision.conditions.scaled_to_zero.map(|c| c.status);
    let mut hpa = settled(config(external(average(10))).with_min_replicas(0), 2);
    let decision = hpa.decide(secs(15), &seen_value(2, 0));
    assert_eq!(
        (outcome(&decision), zero(&decision)),
        ((0, Reason::ScaleDown), Some(true))
    );
    let decision = hpa.decide(secs(30), &seen_value(0, 0));
    assert_eq!(
        (outcome(&decision), zero(&decision)),
        ((0, Reason::Steady), Some(true))
    );
    let decision = hpa.decide(secs(45), &seen_value(0, 25));
    assert_eq!(
        (outcome(&decision), zero(&decision)),
        ((3, Reason::ScaleUp), Some(false))
    );
    // Somebody scales to zero by hand: stand aside.
    let decision = hpa.decide(secs(60), &seen_value(0, 25));
    assert_eq!(
        (outcome(&decision), zero(&decision)),
        ((0, Reason::Disabled), Some(false))
    );
    let active = decision
        .conditions
        .scaling_active
        .map(|c| (c.status, c.reason));
    assert_eq!(active, Some((false, ConditionReason::ScalingDisabled)));
    // A failing source keeps it at zero.
    let mut hpa = settled(config(external(value(10))).with_min_replicas(0), 1);
    assert_eq!(hpa.decide(secs(15), &seen_value(1, 0)).replicas, 0);
    let dead = hpa.decide(secs(30), &Observation::new(0));
    assert_eq!(outcome(&dead), (0, Reason::MetricsFailed));
    assert_eq!(hpa.decide(secs(45), &seen_value(0, 25)).replicas, 3); // ⌈25 ÷ 10⌉, no pods to ask
}

#[test]
fn outside_the_bounds() {
    let config = || {
        HpaConfig::new(10, [cpu(50)])
            .with_min_replicas(3)
            .with_tolerance(0.0)
    };
    for (usages, replicas, reason) in [
        (vec![500; 12], 10, Reason::AboveMaximum),
        (vec![500; 2], 3, Reason::BelowMinimum),
        (vec![900; 8], 10, Reason::TooManyReplicas), // ⌈14.4⌉
        (vec![500; 10], 10, Reason::Steady),
    ] {
        let mut hpa = autoscale_core::Hpa::new(config()).unwrap();
        assert_eq!(
            outcome(&hpa.decide(secs(0), &seen(&usages))),
            (replicas, reason)
        );
    }
    let low = decide(
        config().with_downscale_stabilization(secs(0)),
        &seen(&[100; 8]),
    ); // ⌈1.6⌉
    assert_eq!(outcome(&low), (3, Reason::TooFewReplicas));
    assert_eq!(low.after(StageKind::Recommended), Some(2));
}

#[test]
fn stabilization() {
    // Downwards, legacy: the largest of 300 s, an entry of exactly 300 s included.
    let default_window = config(cpu(50)).with_downscale_stabilization(secs(300));
    let mut hpa = settled(default_window, 10);
    for (now, replicas, reason) in [
        (15, 10, Reason::ScaleDownStabilized),
        (300, 10, Reason::ScaleDownStabilized),
        (301, 4, Reason::ScaleDown),
    ] {
        let decision = hpa.decide(secs(now), &seen(&[200; 10]));
        assert_eq!(outcome(&decision), (replicas, reason), "{now}");
    }
    // With behavior: an entry of exactly the window no longer counts; upwards the smallest counts.
    let mut both = behavior(None, None);
    both.scale_up.stabilization_window = Some(secs(60));
    both.scale_down.stabilization_window = Some(secs(120));
    let both = config(cpu(50)).with_behavior(Some(both));
    for (usage, from, last, until, blocked, replicas, reason) in [
        (
            800,
            15,
            59,
            60,
            Reason::ScaleUpStabilized,
            16,
            Reason::ScaleUp,
        ),
        (
            200,
            15,
            119,
            120,
            Reason::ScaleDownStabilized,
            4,
            Reason::ScaleDown,
        ),
    ] {
        let mut hpa = settled(both.clone(), 10);
        for now in [from, last] {
            let decision = hpa.decide(secs(now), &seen(&[usage; 10]));
            assert_eq!(outcome(&decision), (10, blocked), "{usage} {now}");
        }
        let decision = hpa.decide(secs(until), &seen(&[usage; 10]));
        assert_eq!(outcome(&decision), (replicas, reason), "{usage}");
    }
    // A dip inside the window holds a rise back to the dip's count, never below the current one.
    let mut hpa = settled(both, 10);
    hpa.decide(secs(61), &seen(&[600; 10])); // 12
    let decision = hpa.decide(secs(90), &seen(&[800; 10]));
    assert_eq!(outcome(&decision), (12, Reason::ScaleUpStabilized));
}

#[test]
fn rate_policies() {
    const POLICIES: [(Change, u64); 2] = [(Change::Pods(4), 60), (Change::Percent(100), 60)];
    const DOWN: [(Change, u64); 2] = [(Change::Pods(2), 60), (Change::Percent(50), 60)];
    use SelectPolicy::{Disabled, Max, Min};
    for (select, current, usage, replicas, reason) in [
        (Max, 3, 5000, 7, Reason::ScaleUpLimit),
        (Max, 8, 5000, 16, Reason::ScaleUpLimit),
        (Min, 3, 5000, 6, Reason::ScaleUpLimit),
        (Min, 8, 5000, 12, Reason::ScaleUpLimit),
        (Disabled, 3, 5000, 3, Reason::ScaleUpLimit),
        (Max, 8, 750, 12, Reason::ScaleUp),
        (Max, 9, 1, 4, Reason::ScaleDownLimit), // trunc(4.5)
        (Max, 3, 1, 1, Reason::TooFewReplicas), // 1 and 1: the bound speaks
        (Min, 9, 1, 7, Reason::ScaleDownLimit),
        (Disabled, 9, 1, 9, Reason::ScaleDownLimit),
        (Max, 9, 300, 6, Reason::ScaleDown),
    ] {
        let both = behavior(Some(rules(select, &POLICIES)), Some(rules(select, &DOWN)));
        let usages = vec![usage; current];
        let decision = decide(config(cpu(50)).with_behavior(Some(both)), &seen(&usages));
        assert_eq!(
            outcome(&decision),
            (replicas, reason),
            "{select:?} {current} {usage}"
        );
    }
    // What was added within the period counts against the policy, until exactly its end.
    let up = rules(Max, &POLICIES);
    let mut hpa = settled(
        config(cpu(50)).with_behavior(Some(behavior(Some(up), None))),
        3,
    );
    for (now, current, replicas) in [(15, 3, 7), (30, 7, 7), (74, 7, 7), (75, 7, 14)] {
        let decision = hpa.decide(secs(now), &seen(&vec![5000; current]));
        assert_eq!(
            outcome(&decision),
            (replicas, Reason::ScaleUpLimit),
            "{now}"
        );
    }
    // A change that was not carried out does not count.
    let up = rules(Max, &[(Change::Pods(4), 60)]);
    let mut hpa = settled(
        config(cpu(50)).with_behavior(Some(behavior(Some(up), None))),
        3,
    );
    for now in [15, 30] {
        assert_eq!(
            hpa.decide(secs(now), &seen(&[5000; 3])).replicas,
            7,
            "{now}"
        );
    }
    // The API's defaults: the larger of 4 pods and 100 % every 15 s.
    let mut hpa = settled(config(cpu(50)).with_behavior(Some(Behavior::default())), 1);
    assert_eq!(hpa.decide(secs(15), &seen(&[5000])).replicas, 5);
}

#[test]
fn legacy_rule() {
    for (current, replicas, reason) in [
        (1, 4, Reason::ScaleUpLimit),
        (3, 6, Reason::ScaleUpLimit),
        (60, 100, Reason::TooManyReplicas),
    ] {
        let decision = decide(config(memory(1)), &seen(&vec![1000; current]));
        assert_eq!(outcome(&decision), (replicas, reason), "{current}");
    }
    use ConditionReason as C;
    for (current, desired, replicas, why) in [
        (5, 10, 10, C::DesiredWithinRange),
        (5, 11, 10, C::ScaleUpLimit),
        (5, 1, 2, C::TooFewReplicas),
        (9, 30, 15, C::TooManyReplicas),
    ] {
        assert_eq!(
            legacy_limit(current, desired, 2..=15, 2.0, 4),
            (replicas, why),
            "{current}"
        );
    }
}
