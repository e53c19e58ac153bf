//! Policies made of policies.

use autoscale_core::{
    Behavior, Blocked, Change, Decision, Fallback, FallbackMode, Fixed, Hpa, HpaConfig, Kpa,
    KpaConfig, MaxOf, Observation, Policy, PolicyExt, Reason, ScalingRules, SelectPolicy,
    StageKind, from_fn,
};

use crate::given::{behavior, cpu, rules, secs, seen_value};

fn outcome(decision: &Decision) -> (u32, Reason) {
    (decision.replicas, decision.reason)
}

/// A policy that follows the total of the observation's value, and is blind without one.
fn follow() -> Kpa {
    let config = KpaConfig::new(1.0)
        .with_stable_window(secs(0))
        .with_panic_window(secs(0))
        .with_panic_threshold(f64::MAX)
        .with_reachable(false);
    Kpa::new(config).unwrap().with_initial_ready(secs(0), 1)
}

fn wants(current: u32, count: i64) -> Observation {
    seen_value(current, count * 1000)
}

#[test]
fn fixed_and_from_fn() {
    let decision = Fixed(7).decide(secs(0), &Observation::new(2));
    assert_eq!(outcome(&decision), (7, Reason::Fixed));
    assert_eq!(decision.after(StageKind::Recommended), Some(7));
    let mut policy = from_fn(|now, seen: &Observation| {
        seen.spec_replicas + u32::try_from(now.as_secs()).unwrap()
    });
    assert_eq!(
        outcome(&policy.decide(secs(3), &Observation::new(2))),
        (5, Reason::ScaleUp)
    );
    assert_eq!(
        outcome(&policy.decide(secs(0), &Observation::new(2))),
        (2, Reason::Steady)
    );
    let mut zero = from_fn(|_, _: &Observation| 0);
    assert_eq!(
        outcome(&zero.decide(secs(0), &Observation::new(2))),
        (0, Reason::ScaleDown)
    );
}

#[test]
fn bounded() {
    for (wanted, replicas, reason) in [
        (1, 3, Reason::TooFewReplicas),
        (3, 3, Reason::Fixed),
        (5, 5, Reason::Fixed),
        (6, 5, Reason::TooManyReplicas),
    ] {
        let mut policy = Fixed(wanted).bounded(3..=5).unwrap();
        let decision = policy.decide(secs(0), &Observation::new(2));
        assert_eq!(outcome(&decision), (replicas, reason));
        assert_eq!(decision.after(StageKind::Bounded), Some(replicas));
    }
}

#[test]
fn largest_of_several() {
    let mut policy = MaxOf::new([Fixed(3), Fixed(8), Fixed(5)]).unwrap();
    let decision = policy.decide(secs(0), &Observation::new(2));
    assert_eq!(outcome(&decision), (8, Reason::Largest));
    assert_eq!(
        outcome(&policy.decide(secs(0), &Observation::new(9))),
        (8, Reason::Fixed)
    );
    // A blind one stays where it is: the others can only add.
    for order in [0, 1] {
        let mut policies: Vec<Box<dyn Policy>> = vec![Box::new(follow()), Box::new(Fixed(4))];
        policies.rotate_left(order);
        let mut policy = MaxOf::new(policies).unwrap();
        let seen = Observation::new(6);
        assert_eq!(outcome(&policy.decide(secs(0), &seen)), (6, Reason::NoData));
        assert_eq!(policy.decide(secs(0), &Observation::new(2)).replicas, 4);
    }
}

#[test]
fn stabilized() {
    let mut policy = follow().stabilized(secs(10), secs(30)).unwrap();
    for (now, current, wanted, replicas, reason) in [
        (0, 5, 5, 5, Reason::Steady),
        (5, 5, 9, 5, Reason::ScaleUpStabilized),
        (10, 5, 9, 9, Reason::ScaleUp),
        (11, 9, 2, 9, Reason::ScaleDownStabilized),
        (39, 9, 2, 9, Reason::ScaleDownStabilized),
        (40, 9, 2, 2, Reason::ScaleDown),
    ] {
        let decision = policy.decide(secs(now), &wants(current, wanted));
        assert_eq!(outcome(&decision), (replicas, reason), "{now}");
    }
}

#[test]
fn rate_limited() {
    let up = rules(SelectPolicy::Max, &[(Change::Pods(3), 60)]);
    let down = rules(SelectPolicy::Max, &[(Change::Percent(50), 60)]);
    let mut policy = follow()
        .rate_limited(behavior(Some(up), Some(down)))
        .unwrap();
    for (now, current, wanted, replicas, reason) in [
        (0, 5, 20, 8, Reason::ScaleUpLimit),
        (30, 8, 20, 8, Reason::ScaleUpLimit),
        (60, 8, 20, 11, Reason::ScaleUpLimit),
        // 11 − 3 added within the period: half of 8.
        (119, 11, 1, 4, Reason::ScaleDownLimit),
        (120, 4, 1, 4, Reason::ScaleDownLimit), // half of 4 + 7 is 5, above 4
        (179, 4, 2, 2, Reason::ScaleDown),
    ] {
        let decision = policy.decide(secs(now), &wants(current, wanted));
        assert_eq!(outcome(&decision), (replicas, reason), "{now}");
    }
    let mut forbidden = Fixed(9)
        .rate_limited(Behavior::new(
            rules(SelectPolicy::Disabled, &[(Change::Pods(1), 1)]),
            ScalingRules::scale_down(),
        ))
        .unwrap();
    let decision = forbidden.decide(secs(0), &Observation::new(4));
    assert!(decision.is_blocked_by(Blocked::Rate));
    assert_eq!(decision.replicas, 4);
}

#[test]
fn fallback() {
    use FallbackMode::{Current, HigherOf, LowerOf, Static};
    for (mode, low, high) in [
        (Static(5), 5, 5),
        (Current, 3, 8),
        (HigherOf(5), 5, 8),
        (LowerOf(5), 3, 5),
    ] {
        for (current, expected) in [(3, low), (8, high)] {
            let fallback = Fallback {
                failure_threshold: 3,
                mode,
            };
            let mut policy = follow().with_fallback(fallback).unwrap();
            let dead = Observation::new(current);
            let mut next = |seen: &Observation| outcome(&policy.decide(secs(0), seen));
            // Twice nothing, then a reading: the count starts again.
            assert_eq!(next(&dead), (current, Reason::NoData));
            assert_eq!(next(&dead), (current, Reason::NoData));
            // After a time without data, as after a birth, the KPA does not scale in.
            assert_eq!(next(&wants(current, 9)), (9, Reason::Panic));
            assert_eq!(next(&dead), (current, Reason::NoData));
            assert_eq!(next(&dead), (current, Reason::NoData));
            assert_eq!(
                next(&dead),
                (expected, Reason::Fallback),
                "{mode:?} {current}"
            );
            assert_eq!(
                next(&dead),
                (expected, Reason::Fallback),
                "{mode:?} {current}"
            );
        }
    }
    // An HPA whose metrics all fail is as dead.
    let fallback = Fallback {
        failure_threshold: 1,
        mode: HigherOf(6),
    };
    let hpa = Hpa::new(HpaConfig::new(10, [cpu(50)])).unwrap();
    let decision = hpa
        .with_fallback(fallback)
        .unwrap()
        .decide(secs(0), &Observation::new(2));
    assert_eq!(outcome(&decision), (6, Reason::Fallback));
}

#[test]
fn dry_run() {
    let mut policy = Fixed(9).bounded(1..=5).unwrap().dry_run();
    let decision = policy.decide(secs(0), &Observation::new(2));
    assert_eq!(outcome(&decision), (2, Reason::DryRun));
    let counts: Vec<_> = decision.stages.iter().map(|s| s.replicas).collect();
    assert_eq!(counts, [9, 5, 2]);
    assert!(!decision.is_change());
}
