//! Idle, woken, and room for a burst.

use std::time::Duration;

use autoscale_core::{
    Activated, ActivationBurst, ActivationConfig, Decision, Fallback, FallbackMode, Fixed, Gauge,
    Hpa, HpaConfig, MetricReading, Milli, Observation, PodGroup, Policy, PolicyExt, Reason,
    StageKind, Statistic, from_fn,
};

use crate::given::{average, external, pod, secs};

fn config() -> ActivationConfig {
    ActivationConfig::new(Gauge::new(Statistic::Total))
}

/// `spec` ready replicas and a queue of this length; `None` where it cannot be read.
fn seen(spec: u32, queue: Option<i64>) -> Observation {
    let reading = queue.map_or(MetricReading::Failed, |q| {
        MetricReading::value(Milli(q * 1000))
    });
    Observation::new(spec)
        .with_pods([PodGroup {
            count: spec,
            ..pod()
        }])
        .with_readings([reading])
}

fn outcome(decision: &Decision) -> (u32, Reason) {
    (decision.replicas, decision.reason)
}

/// Decides at each of these seconds; every change is carried out.
fn play(policy: &mut impl Policy, spec: u32, ticks: &[(u64, Option<i64>)]) -> Vec<(u32, Reason)> {
    let mut spec = spec;
    let decide = |(at, queue): &(u64, Option<i64>)| {
        let decision = policy.decide(secs(*at), &seen(spec, *queue));
        spec = decision.replicas;
        outcome(&decision)
    };
    ticks.iter().map(decide).collect()
}

fn activated(wanted: u32, config: ActivationConfig) -> Activated<Fixed> {
    Fixed(wanted).activated(config).unwrap()
}

#[test]
fn idles_after_the_cooldown_and_wakes_at_once() {
    use Reason::{Activated, CoolingDown, Fixed as Follow, Idle};
    let mut policy = activated(0, config().with_min_active(2));
    let script = [
        (0, Some(7)),
        (60, Some(7)),
        (61, Some(0)),
        (359, Some(0)),
        (360, Some(0)),
        (400, Some(0)),
        (9999, Some(1)),
        (10_000, Some(0)),
    ];
    let expected = [
        (2, Activated),
        (2, Activated),
        (2, CoolingDown),
        (2, CoolingDown),
        (0, Idle),
        (0, Idle),
        (2, Activated),
        (2, CoolingDown),
    ];
    assert_eq!(play(&mut policy, 0, &script), expected);
    // Above `min_active` the inner policy is followed, both ways.
    let mut policy = activated(5, config());
    let out = play(
        &mut policy,
        9,
        &[(0, Some(7)), (10, Some(0)), (300, Some(0))],
    );
    assert_eq!(out, [(5, Follow), (5, Follow), (0, Idle)]);
}

/// `activationThreshold` is to be exceeded, and has priority over what the scaler asks for.
#[test]
fn the_threshold_must_be_exceeded() {
    let mut policy = activated(4, config().with_activation_threshold(50.0));
    let out = play(
        &mut policy,
        0,
        &[
            (0, Some(50)),
            (10, Some(51)),
            (20, Some(40)),
            (310, Some(40)),
        ],
    );
    use Reason::{Fixed as Follow, Idle};
    assert_eq!(out, [(0, Idle), (4, Follow), (4, Follow), (0, Idle)]);
}

#[test]
fn an_idle_count_above_zero() {
    let config = config().with_idle_replicas(2).with_min_active(5);
    let mut policy = activated(0, config);
    let out = play(
        &mut policy,
        0,
        &[(0, Some(0)), (10, Some(1)), (20, Some(0)), (310, Some(0))],
    );
    use Reason::{Activated, CoolingDown, Idle};
    assert_eq!(
        out,
        [(2, Idle), (5, Activated), (5, CoolingDown), (2, Idle)]
    );
}

/// A history that is not known is not a history of idleness.
#[test]
fn the_cooldown_runs_from_the_first_decision() {
    let mut policy = activated(0, config().with_initial_cooldown(secs(120)));
    let script = [(1000, Some(0)), (1419, Some(0)), (1420, Some(0))];
    let out = play(&mut policy, 3, &script);
    assert_eq!(out.iter().map(|o| o.0).collect::<Vec<_>>(), [1, 1, 0]);
    let mut policy = activated(0, config());
    assert_eq!(
        play(
            &mut policy,
            3,
            &[(1000, Some(0)), (1299, Some(0)), (1300, Some(0))]
        )[2]
        .0,
        0
    );
}

#[test]
fn the_first_step_goes_to_what_is_needed() {
    let woken = |queue, capacity| {
        let mut policy = activated(0, config().with_capacity(capacity));
        policy.decide(secs(0), &seen(0, Some(queue))).replicas
    };
    assert_eq!(woken(1, None), 1);
    assert_eq!(woken(95, None), 1);
    assert_eq!(woken(1, Some(10.0)), 1);
    assert_eq!(woken(95, Some(10.0)), 10);
    // Once awake, the inner policy decides.
    let mut policy = activated(3, config().with_capacity(Some(10.0)));
    assert_eq!(policy.decide(secs(0), &seen(1, Some(95))).replicas, 3);
}

#[test]
fn gradual_leaves_the_pace_to_the_inner_policy() {
    let shrink = || from_fn(|_, seen: &Observation| seen.spec_replicas.saturating_sub(1));
    let script: Vec<_> = (0..9).map(|i| (i * 60, Some(0))).collect();
    let counts = |gradual| {
        let mut policy = shrink().activated(config().with_gradual(gradual)).unwrap();
        let out = play(&mut policy, 8, &script);
        out.iter().map(|o| o.0).collect::<Vec<_>>()
    };
    assert_eq!(counts(false), [7, 6, 5, 4, 3, 0, 0, 0, 0]);
    assert_eq!(counts(true), [7, 6, 5, 4, 3, 2, 0, 0, 0]);
    // An inner policy that is blind objects.
    let metric = external(average(5_000));
    let hpa = HpaConfig::new(20, [metric]).with_first_reading(1);
    for (gradual, expected) in [(false, 0), (true, 1)] {
        let config = config().with_gradual(gradual).with_cooldown(secs(0));
        let mut policy = Hpa::new(hpa.clone()).unwrap().activated(config).unwrap();
        let decision = policy.decide(secs(0), &seen(1, Some(0)));
        assert_eq!(decision.replicas, expected, "{gradual}");
    }
    // Load that only the inner policy sees.
    let mut policy = activated(4, config().with_gradual(true));
    assert_eq!(
        play(&mut policy, 8, &[(0, Some(0)), (900, Some(0))])[1].0,
        4
    );
}

#[test]
fn an_absent_figure_never_idles() {
    let mut policy = activated(0, config());
    let blind = [
        (0, Some(1)),
        (10, None),
        (500, None),
        (501, Some(0)),
        (799, Some(0)),
        (800, Some(0)),
        (900, None),
    ];
    use Reason::{Activated, CoolingDown, Idle, NoData};
    let expected = [
        (1, Activated),
        (1, NoData),
        (1, NoData),
        (1, CoolingDown),
        (1, CoolingDown),
        (0, Idle),
        (0, NoData),
    ];
    assert_eq!(play(&mut policy, 0, &blind), expected);
    // Nor does it scale in; what the inner policy adds is added.
    assert_eq!(
        activated(2, config())
            .decide(secs(0), &seen(5, None))
            .replicas,
        5
    );
    let grown = activated(9, config()).decide(secs(0), &seen(5, None));
    assert_eq!((grown.replicas, grown.blind), (9, false));
    // What rests is not woken by it; a fallback may.
    let rests = activated(9, config()).decide(secs(0), &seen(0, None));
    assert_eq!((rests.replicas, rests.blind), (0, true));
    let fallback = Fallback {
        failure_threshold: 2,
        mode: FallbackMode::HigherOf(3),
    };
    let mut policy = activated(9, config()).with_fallback(fallback).unwrap();
    let counts = [0, 1].map(|s| policy.decide(secs(s), &seen(0, None)).replicas);
    assert_eq!(counts, [0, 3]);
    // A list of pods that is too short may hide some.
    let mut policy = activated(0, config().with_cooldown(secs(0)));
    let mut short = seen(5, Some(0));
    short.pods[0].count = 4;
    assert_eq!(policy.decide(secs(0), &short).replicas, 5);
    assert_eq!(policy.decide(secs(0), &seen(5, Some(0))).replicas, 0);
}

#[test]
fn room_for_a_burst() {
    let with = |burst, wanted, queue, current| {
        let config = config().with_capacity(Some(10.0)).with_burst(Some(burst));
        let decision = activated(wanted, config).decide(secs(0), &seen(current, Some(queue)));
        outcome(&decision)
    };
    use ActivationBurst::{Load, Replicas};
    use Reason::{Activated, Fixed as Follow};
    for (burst, wanted, queue, current, expected) in [
        (Replicas(2), 4, 35, 4, (6, Activated)), // 4 + 2
        (Replicas(2), 4, 35, 6, (6, Activated)), // and no more the next time
        (Load(25.0), 4, 35, 7, (7, Activated)),  // 4 + 3
        (Load(25.0), 9, 35, 9, (9, Follow)),     // there already
        (Load(25.0), 0, 1, 0, (4, Activated)),
        (
            Load(f64::MAX),
            0,
            1,
            0,
            (i32::MAX.unsigned_abs(), Activated),
        ),
    ] {
        let current_and = with(burst, wanted, queue, current);
        assert_eq!(
            current_and, expected,
            "{burst:?} {wanted} {queue} {current}"
        );
    }
    // With a pod missing from the list nothing is taken away from what is active.
    let config_of = || {
        config()
            .with_capacity(Some(10.0))
            .with_burst(Some(Load(25.0)))
    };
    let mut short = seen(9, Some(35));
    short.pods[0].count = 8;
    let held = activated(4, config_of()).decide(secs(0), &short);
    assert_eq!(
        (outcome(&held), held.after(StageKind::Activated)),
        ((9, Reason::SamplesLost), Some(7))
    );
    // None is kept while there is nothing to do.
    let config = config()
        .with_capacity(Some(10.0))
        .with_burst(Some(Replicas(2)));
    let mut policy = activated(1, config);
    let out = play(&mut policy, 3, &[(0, Some(0)), (300, Some(0))]);
    assert_eq!(out, [(1, Follow), (0, Reason::Idle)]);
}

/// The inner policy has seen what happened while its answers were not followed.
#[test]
fn the_inner_policy_keeps_observing() {
    let mut asked = Vec::new();
    let inner = from_fn(|now, _: &Observation| {
        asked.push(now.as_secs());
        0
    });
    let mut policy = inner.activated(config().with_cooldown(secs(0))).unwrap();
    play(
        &mut policy,
        3,
        &[(0, Some(0)), (10, None), (20, Some(0)), (30, Some(4))],
    );
    drop(policy);
    assert_eq!(asked, [0, 10, 20, 30]);
}

#[test]
fn wakes_when_the_cooldown_is_over() {
    let mut policy = activated(0, config());
    policy.decide(secs(10), &seen(3, Some(1)));
    assert_eq!(policy.next_wakeup(), None);
    policy.decide(secs(20), &seen(3, Some(0)));
    assert_eq!(policy.next_wakeup(), Some(secs(310)));
    let before = policy
        .clone()
        .decide(secs(310) - Duration::from_nanos(1), &seen(3, Some(0)));
    assert_eq!(before.replicas, 1);
    assert_eq!(policy.decide(secs(310), &seen(3, Some(0))).replicas, 0);
    assert_eq!(policy.next_wakeup(), None);
}

/// A queue worker as KEDA would run it: an HPA above one replica, nothing at night.
#[test]
fn around_an_hpa() {
    let metric = external(average(5_000)); // five messages a replica
    let hpa = HpaConfig::new(20, [metric]).with_min_replicas(1);
    let mut policy = Hpa::new(hpa)
        .unwrap()
        .activated(config().with_capacity(Some(5.0)))
        .unwrap();
    let out = play(
        &mut policy,
        0,
        &[
            (0, Some(42)),
            (15, Some(42)),
            (30, Some(60)),
            (45, Some(0)),
            (329, Some(0)),
            (330, Some(0)),
        ],
    );
    let counts: Vec<_> = out.iter().map(|o| o.0).collect();
    assert_eq!(counts, [9, 9, 12, 12, 12, 0]);
    let decision = policy.decide(secs(345), &seen(0, Some(3)));
    assert_eq!(decision.after(StageKind::Activated), Some(1));
}
