//! Rules: thresholds, times, cooldowns, and who speaks when several do.

use std::time::Duration;

use autoscale_core::{
    Gauge, MetricReading, Milli, Observation, PodGroup, Policy, Reason, StageKind, Statistic,
    TriggerAdjustment::{self, Count, Percent},
    TriggerRule, Triggers, TriggersConfig,
};

use crate::given::{pod, secs};

/// A rule of a minute and two minutes' cooldown on the reading of this index.
fn above(name: &str, reading: usize, threshold: f64, adjustment: TriggerAdjustment) -> TriggerRule {
    let gauge = Gauge::new(Statistic::Value).with_reading(reading);
    TriggerRule::above(name, gauge, threshold, adjustment)
        .with_sustained(secs(60))
        .with_cooldown(secs(120))
}

fn below(name: &str, reading: usize, threshold: f64, adjustment: TriggerAdjustment) -> TriggerRule {
    let gauge = Gauge::new(Statistic::Value).with_reading(reading);
    TriggerRule::below(name, gauge, threshold, adjustment)
        .with_sustained(secs(60))
        .with_cooldown(secs(120))
}

fn triggers(rules: impl IntoIterator<Item = TriggerRule>) -> Triggers {
    Triggers::new(TriggersConfig::new(rules)).unwrap()
}

/// `spec` ready pods and these values; `None` where the source failed.
fn seen(spec: u32, values: &[Option<i64>]) -> Observation {
    let reading = |v: &Option<i64>| {
        v.map_or(MetricReading::Failed, |v| {
            MetricReading::value(Milli(v * 1000))
        })
    };
    Observation::new(spec)
        .with_pods([PodGroup {
            count: spec,
            ..pod()
        }])
        .with_readings(values.iter().map(reading))
}

/// Decides at each of these seconds; every change is carried out.
fn play(triggers: &mut Triggers, spec: u32, ticks: &[(u64, &[Option<i64>])]) -> Vec<(u32, Reason)> {
    let mut spec = spec;
    let decide = |(at, values): &(u64, &[Option<i64>])| {
        let decision = triggers.decide(secs(*at), &seen(spec, values));
        spec = decision.replicas;
        (decision.replicas, decision.reason)
    };
    ticks.iter().map(decide).collect()
}

#[test]
fn sustained_and_cooldown() {
    let mut policy = triggers([above("queue", 0, 10.0, Count(2))]);
    let (busy, calm): (&[Option<i64>], &[Option<i64>]) = (&[Some(11)], &[Some(10)]);
    let out = play(
        &mut policy,
        3,
        &[
            (0, busy),
            (59, busy),
            (60, busy),
            (90, busy),
            (179, busy),
            (180, busy),
            (300, calm),
            (301, busy),
            (361, busy),
        ],
    );
    use Reason::{CoolingDown, ScaleUp, Steady};
    let expected = [
        (3, Steady),
        (3, Steady),
        (5, ScaleUp),
        (5, CoolingDown),
        (5, CoolingDown),
        (7, ScaleUp),
        (7, Steady),
        (7, Steady),
        (9, ScaleUp),
    ];
    assert_eq!(out, expected);
}

#[test]
fn every_stage_is_shown() {
    let mut policy = triggers([
        above("queue", 0, 10.0, Count(2)),
        below("idle", 0, 2.0, Count(-1)),
    ]);
    policy.decide(secs(0), &seen(3, &[Some(11)]));
    let decision = policy.decide(secs(45), &seen(3, &[Some(12)]));
    let [queue, idle] = decision.thresholds[..] else {
        panic!("{decision:?}")
    };
    assert_eq!((queue.value, queue.threshold), (Some(12.0), 10.0));
    assert_eq!(
        (queue.crossed, queue.needed, queue.met, queue.proposal),
        (45_000, 60_000, false, None)
    );
    assert_eq!((idle.crossed, idle.met), (0, false));
    let decision = policy.decide(secs(60), &seen(3, &[Some(12)]));
    assert!(decision.thresholds[0].met);
    assert_eq!(decision.thresholds[0].proposal, Some(5));
    let held = policy.decide(secs(75), &seen(5, &[Some(12)]));
    assert_eq!(held.after(StageKind::Recommended), Some(7));
    assert_eq!(held.after(StageKind::Cooled), Some(5));
}

#[test]
fn the_largest_proposal_wins() {
    let rules = || {
        [
            above("a", 0, 10.0, Count(1)),
            above("b", 1, 10.0, Percent(100)),
            above("c", 2, 10.0, Count(2)),
        ]
    };
    let all: &[Option<i64>] = &[Some(99), Some(99), Some(99)];
    assert_eq!(
        play(&mut triggers(rules()), 4, &[(0, all), (60, all)])[1],
        (8, Reason::ScaleUp)
    );
    let two: &[Option<i64>] = &[Some(99), Some(0), Some(99)];
    assert_eq!(
        play(&mut triggers(rules()), 4, &[(0, two), (60, two)])[1].0,
        6
    );
    // Of those that remove, the gentlest.
    let mut policy = triggers([
        below("a", 0, 5.0, Count(-3)),
        below("b", 1, 5.0, Percent(-10)),
    ]);
    let calm: &[Option<i64>] = &[Some(0), Some(0)];
    assert_eq!(
        play(&mut policy, 10, &[(0, calm), (60, calm)])[1],
        (9, Reason::ScaleDown)
    );
}

/// Another rule may add while the first rests.
#[test]
fn a_cooldown_is_the_rules_own_upwards() {
    let mut policy = triggers([above("a", 0, 10.0, Count(1)), above("b", 1, 10.0, Count(5))]);
    let out = play(
        &mut policy,
        4,
        &[
            (0, &[Some(11), Some(0)]),
            (30, &[Some(11), Some(11)]),
            (60, &[Some(11), Some(11)]),
            (90, &[Some(11), Some(11)]),
            (100, &[Some(11), Some(11)]),
        ],
    );
    use Reason::{CoolingDown, ScaleUp, Steady};
    assert_eq!(
        out,
        [
            (4, Steady),
            (4, Steady),
            (5, ScaleUp),
            (10, ScaleUp),
            (10, CoolingDown)
        ]
    );
}

#[test]
fn nothing_is_removed_while_anything_is_crossed_or_cools() {
    let rules = || {
        [
            above("a", 0, 10.0, Count(1)).with_sustained(secs(3600)),
            below("b", 1, 5.0, Count(-1)),
        ]
    };
    let mut policy = triggers(rules());
    let out = play(
        &mut policy,
        4,
        &[
            (0, &[Some(11), Some(0)]),
            (60, &[Some(11), Some(0)]),
            (61, &[Some(9), Some(0)]),
        ],
    );
    use Reason::{CoolingDown, ScaleDown, Steady};
    assert_eq!(out, [(4, Steady), (4, Steady), (3, ScaleDown)]);
    // After an addition of another rule, too.
    let mut policy = triggers([
        above("a", 0, 10.0, Count(1)).with_sustained(secs(0)),
        below("b", 1, 5.0, Count(-1)),
    ]);
    let out = play(
        &mut policy,
        4,
        &[
            (0, &[Some(11), Some(0)]),
            (60, &[Some(0), Some(0)]),
            (120, &[Some(0), Some(0)]),
        ],
    );
    assert_eq!(
        out,
        [(5, Reason::ScaleUp), (5, CoolingDown), (4, ScaleDown)]
    );
}

#[test]
fn missing_keeps_the_clock_upwards_and_restarts_it_downwards() {
    let gap: &[(u64, &[Option<i64>])] = &[
        (0, &[Some(11)]),
        (30, &[None]),
        (59, &[None]),
        (60, &[Some(11)]),
    ];
    let out = play(&mut triggers([above("a", 0, 10.0, Count(1))]), 4, gap);
    use Reason::{NoData, ScaleDown, ScaleUp, Steady};
    assert_eq!(out, [(4, Steady), (4, NoData), (4, NoData), (5, ScaleUp)]);
    let out = play(
        &mut triggers([below("b", 0, 5.0, Count(-1))]),
        4,
        &[
            (0, &[Some(0)]),
            (30, &[None]),
            (60, &[Some(0)]),
            (119, &[Some(0)]),
            (120, &[Some(0)]),
        ],
    );
    assert_eq!(
        out,
        [
            (4, Steady),
            (4, NoData),
            (4, Steady),
            (4, Steady),
            (3, ScaleDown)
        ]
    );
}

#[test]
fn one_dead_figure_forbids_removal_and_only_that() {
    let mut policy = triggers([
        above("a", 0, 10.0, Count(1)),
        below("b", 1, 5.0, Count(-1)),
        above("c", 2, 10.0, Count(2)),
    ]);
    policy.decide(secs(0), &seen(4, &[Some(0), Some(0), Some(11)]));
    let blind = policy
        .clone()
        .decide(secs(60), &seen(4, &[None, Some(0), Some(0)]));
    assert_eq!(
        (blind.replicas, blind.reason, blind.blind),
        (4, Reason::MetricsFailed, true)
    );
    assert_eq!(blind.after(StageKind::Guarded), Some(4));
    let grown = policy
        .clone()
        .decide(secs(60), &seen(4, &[None, Some(0), Some(11)]));
    assert_eq!(
        (grown.replicas, grown.reason, grown.blind),
        (6, Reason::ScaleUp, false)
    );
    // A list shorter than the status says is as incomplete as a missing sample.
    let mut short = seen(4, &[Some(0), Some(0), Some(0)]);
    short.pods[0].count = 3;
    let held = policy.decide(secs(60), &short);
    assert_eq!(
        (held.replicas, held.reason, held.blind),
        (4, Reason::SamplesLost, false)
    );
}

/// What nobody carried out starts no cooldown; what was carried out in part does.
#[test]
fn only_what_was_carried_out_cools() {
    let start = || {
        let mut policy = triggers([above("a", 0, 10.0, Count(4))]);
        policy.decide(secs(0), &seen(4, &[Some(11)]));
        assert_eq!(policy.decide(secs(60), &seen(4, &[Some(11)])).replicas, 8);
        policy
    };
    assert_eq!(start().decide(secs(61), &seen(4, &[Some(11)])).replicas, 8);
    let partly = start().decide(secs(61), &seen(5, &[Some(11)]));
    assert_eq!((partly.replicas, partly.reason), (5, Reason::CoolingDown));
}

#[test]
fn adjustments() {
    for (adjustment, current, expected) in [
        (Count(2), 0, 2),
        (Count(2), u32::MAX, u32::MAX),
        (Count(-2), 3, 1),
        (Count(-2), 2, 1),
        (Count(-2), 1, 1),
        (Count(-2), 0, 0),
        (Count(i32::MIN), 9, 1),
        (Percent(50), 3, 5),
        (Percent(1), 3, 4),
        (Percent(-1), 3, 2),
        (Percent(-34), 3, 2),
        (Percent(-99), 300, 3),
    ] {
        assert_eq!(
            adjustment.apply(current),
            expected,
            "{adjustment:?} of {current}"
        );
    }
}

#[test]
fn wakes_when_a_time_or_a_cooldown_is_over() {
    let mut policy = triggers([above("a", 0, 10.0, Count(2))]);
    let busy = |spec| seen(spec, &[Some(11)]);
    policy.decide(secs(5), &busy(4));
    assert_eq!(policy.next_wakeup(), Some(secs(65)));
    let before = policy
        .clone()
        .decide(secs(65) - Duration::from_nanos(1), &busy(4));
    assert_eq!(before.replicas, 4);
    assert_eq!(policy.decide(secs(65), &busy(4)).replicas, 6);
    policy.decide(secs(70), &busy(6));
    assert_eq!(policy.next_wakeup(), Some(secs(185)));
    assert_eq!(policy.decide(secs(185), &busy(6)).replicas, 8);
}

/// The guides' list on the guides' own readings.
#[test]
fn web_service() {
    let calm = [500, 500, 1_000, 4 * 900_000, 50_000];
    let at = |figures: [i64; 5]| {
        let sample =
            |v| MetricReading::Pods(vec![autoscale_core::Sample::of_group(0, 4, Milli(v))]);
        let value = |v| MetricReading::value(Milli(v));
        let [cpu, memory, p95, requests, connections] = figures;
        Observation::new(4)
            .with_pods([PodGroup { count: 4, ..pod() }])
            .with_readings([
                sample(cpu),
                sample(memory),
                value(p95),
                value(requests),
                value(connections),
            ])
    };
    let after = |figures, seconds| {
        let mut policy = Triggers::new(TriggersConfig::web_service(1000.0)).unwrap();
        policy.decide(secs(0), &at(figures));
        policy.decide(secs(seconds), &at(figures)).replicas
    };
    assert_eq!(after(calm, 3600), 4);
    for (reading, crossed, seconds, replicas) in [
        (0, 701, 240, 6),
        (1, 801, 300, 6),
        (2, 2_001, 600, 6),
        (3, 4 * 1_000_001, 240, 6),
        (4, 80_001, 300, 6),
        (0, 299, 300, 3),
    ] {
        let mut figures = calm;
        figures[reading] = crossed;
        assert_eq!(after(figures, seconds), replicas, "reading {reading}");
        assert_eq!(after(figures, seconds - 1), 4, "reading {reading}");
    }
}

#[test]
fn a_reconfigured_rule_is_known_by_its_name() {
    let mut policy = triggers([above("a", 0, 10.0, Count(2)), above("b", 1, 10.0, Count(1))]);
    let busy = |spec| seen(spec, &[Some(99), Some(99)]);
    policy.decide(secs(0), &busy(4));
    let rules = [
        above("new", 1, 10.0, Count(9)),
        above("a", 0, 20.0, Count(3)),
    ];
    policy.reconfigure(TriggersConfig::new(rules)).unwrap();
    assert_eq!(policy.decide(secs(60), &busy(4)).replicas, 7);
}
