//! Target tracking.

use autoscale_core::{
    Gauge, MetricReading, Milli, Observation, Policy, PolicyExt, Reason, Sample, StageKind,
    Statistic, TargetTracking, TargetTrackingConfig, TrackedTarget,
};

use super::{Run, at, failed, starting, value};
use crate::given::{secs, seen_value};

/// Keeps 50 a replica.
fn half() -> TrackedTarget {
    TrackedTarget::new(Gauge::new(Statistic::PerReplica), 50.0)
}

fn policy(targets: impl IntoIterator<Item = TrackedTarget>) -> TargetTracking {
    TargetTracking::new(TargetTrackingConfig::new(targets).with_warm_up(secs(0))).unwrap()
}

/// When the count changed, and to what.
fn changes(
    run: &mut Run<TargetTracking>,
    end: u64,
    seen: impl Fn(u32) -> Observation,
) -> Vec<(u64, u32)> {
    let mut found = vec![];
    while run.now <= secs(end) {
        let now = run.now;
        let decision = run.once(&seen);
        if decision.is_change() {
            found.push((now.as_secs(), decision.replicas));
        }
    }
    found
}

#[test]
fn out_after_three_periods_and_in_after_fifteen() {
    for (load, replicas, expected) in [
        (251, 5, vec![(180, 6)]),
        (250, 5, vec![]), // exactly the target
        (225, 5, vec![]), // exactly nine tenths of it
        (224, 5, vec![]), // ⌈4.48⌉ are still five
        (200, 5, vec![(900, 4)]),
        (1, 5, vec![(900, 1)]),
        (0, 5, vec![(900, 0)]),
        (1000, 5, vec![(180, 20)]),
    ] {
        let mut run = Run::new(policy([half()]), replicas);
        assert_eq!(changes(&mut run, 1000, at(load)), expected, "{load}");
    }
}

/// 2 × 1.05 ÷ 0.7 are three, whatever binary fractions make of them.
#[test]
fn what_comes_out_even_is_not_rounded_up() {
    let target = TrackedTarget::new(Gauge::new(Statistic::PerReplica), 0.7);
    let mut run = Run::new(policy([target]), 2);
    assert_eq!(run.until(180, |n| seen_value(n, 2100)).replicas, 3);
}

/// A single calm period in between, and the count begins again.
#[test]
fn periods_are_consecutive() {
    let mut run = Run::new(policy([half()]), 4);
    run.until(105, at(300));
    run.until(165, at(200));
    assert_eq!(changes(&mut run, 400, at(300)), [(360, 6)]);
    let mut run = Run::new(policy([half()]), 4);
    run.until(825, at(100));
    run.until(885, at(190));
    assert_eq!(changes(&mut run, 2000, at(100)), [(1800, 2)]);
}

/// Out by the newest datapoint, in by the largest of the fifteen.
#[test]
fn out_by_the_newest_in_by_the_largest() {
    let mut run = Run::new(policy([half()]), 4);
    run.until(105, at(1000));
    assert_eq!(changes(&mut run, 200, at(300)), [(180, 6)]);
    let mut run = Run::new(policy([half()]), 10);
    run.until(300, at(100));
    run.until(345, at(400));
    assert_eq!(changes(&mut run, 1000, at(100)), [(900, 7)]); // a minute of 340 in between
}

/// After a change the windows start anew, though its own reading came with it.
#[test]
fn windows_start_anew() {
    let mut run = Run::new(policy([half()]), 4);
    assert_eq!(
        changes(&mut run, 540, |n| at(75 * i64::from(n))(n)),
        [(180, 6), (360, 9), (540, 14)]
    );
    run.once(at(0));
    assert!(run.policy.state().targets[0].closed.is_empty());
}

/// A change by another hand leaves them as they are.
#[test]
fn another_hands_change_is_no_activity() {
    let mut run = Run::new(policy([half()]), 4);
    run.before(120, at(1000));
    run.replicas = 5;
    assert_eq!(changes(&mut run, 200, at(1000)), [(180, 20)]);

    // Nor is one against what was asked for.
    let mut run = Run::new(policy([half()]), 4);
    assert_eq!(run.until(180, at(1000)).replicas, 20);
    run.replicas = 3;
    run.once(at(1000));
    assert_eq!(run.policy.state().targets[0].closed.len(), 3);
}

#[test]
fn a_change_that_is_not_carried_out_is_asked_for_again() {
    let mut run = Run::new(policy([half()]).bounded(1..=5).unwrap(), 5);
    let decision = run.until(180, at(400));
    assert_eq!(
        (decision.replicas, decision.reason),
        (5, Reason::TooManyReplicas)
    );
    assert_eq!(
        run.until(240, at(400)).after(StageKind::Recommended),
        Some(8)
    );
}

#[test]
fn of_several_targets_the_largest_wins() {
    let queue = || TrackedTarget::new(value().with_reading(1), 100.0);
    let both = |load: i64, queue: i64| {
        move |n: u32| Observation {
            readings: vec![
                MetricReading::value(Milli(load * 1000)),
                MetricReading::value(Milli(queue * 1000)),
            ],
            ..seen_value(n, 0)
        }
    };
    for (name, targets, seen, expected) in [
        ("one out", [half(), queue()], both(400, 0), 8),
        ("both out", [half(), queue()], both(400, 300), 12),
        ("one in", [half(), queue()], both(50, 95), 4),
        ("both in", [half(), queue()], both(50, 60), 3),
        (
            "one never in",
            [half(), queue().with_disable_scale_in(true)],
            both(50, 95),
            1,
        ),
        (
            "none ever in",
            [half(), queue()].map(|t| t.with_disable_scale_in(true)),
            both(50, 60),
            4,
        ),
    ] {
        let mut run = Run::new(policy(targets), 4);
        let first = changes(&mut run, 900, seen).first().map_or(4, |c| c.1);
        assert_eq!(first, expected, "{name}");
    }
}

/// "The scaling policies only scale out if the metric value from instances that are not warming up is
/// greater than the target"; those that are count as part of the desired capacity.
#[test]
fn warming_replicas_count_as_added() {
    let half = || TrackedTarget::new(Gauge::cpu_utilization(), 50.0);
    let config = TargetTrackingConfig::new([half()]).with_warm_up(secs(600));
    let mut run = Run::new(TargetTracking::new(config).unwrap(), 4);
    let usage = |settled: i64, warming: i64| {
        move |n: u32| {
            let samples = [(0, 4, settled), (1, n - 4, warming)]
                .map(|(group, count, usage)| Sample::of_group(group, count, Milli(usage)));
            starting(seen_value(n, 0), n - 4, Some(30))
                .with_readings([MetricReading::Pods(samples.to_vec())])
        }
    };
    let seen = changes(&mut run, 345, usage(750, 999));
    assert_eq!(seen, [(180, 6)]); // asked again each minute: ⌈4 × 75 ÷ 50⌉ are six already
    assert_eq!(changes(&mut run, 585, usage(1000, 0)), [(420, 8)]);
    let held = run.until(1500, usage(0, 0));
    assert_eq!((held.replicas, held.reason), (8, Reason::WarmingUp));
    assert_eq!(held.after(StageKind::Recommended), Some(0));
}

#[test]
fn missing_data_changes_nothing() {
    let mut run = Run::new(policy([half()]), 4);
    let first = run.once(at(400));
    assert_eq!((first.blind, first.reason), (false, Reason::NoData));
    run.before(120, at(400));
    let blind = run.until(1000, failed);
    assert_eq!(
        (blind.replicas, blind.blind, blind.reason),
        (4, true, Reason::NoData)
    );

    // One minute without data: passed over on the way out, in the way of going in.
    for (load, expected) in [(400, (240, 8)), (100, (1020, 2))] {
        let mut run = Run::new(policy([half()]), 4);
        run.until(45, at(load));
        run.until(105, failed);
        assert_eq!(changes(&mut run, 1020, at(load))[0], expected, "{load}");
    }

    // Nor are short runs of calm joined over it, or rushes repeated once it is gone.
    let quick = half().with_scale_in_periods(2);
    let mut run = Run::new(policy([quick]), 4);
    run.before(60, at(100));
    run.before(120, failed);
    assert_eq!(changes(&mut run, 240, at(100)), [(240, 2)]);
    let mut run = Run::new(policy([half()]).bounded(1..=4).unwrap(), 4);
    let rush = run.until(180, at(400));
    assert_eq!(rush.after(StageKind::Recommended), Some(8));
    run.before(240, failed);
    let gone = run.until(240, failed);
    assert_eq!(gone.after(StageKind::Recommended), Some(8)); // of the minute until 240
    run.before(300, failed);
    let gone = run.once(failed);
    assert_eq!(gone.after(StageKind::Recommended), Some(4));
    assert!(!gone.thresholds[0].met && gone.thresholds[0].crossed == 0);

    // Not while it fails, and not for what is incomplete.
    let mut run = Run::new(policy([half()]), 4);
    run.until(885, at(100));
    let guarded = run.until(900, failed);
    assert_eq!(
        (guarded.replicas, guarded.reason),
        (4, Reason::MetricsFailed)
    );
    assert!(guarded.blind);
    let short = |n: u32| Observation {
        status_replicas: n + 1,
        ..at(100)(n)
    };
    let guarded = run.until(915, short);
    assert_eq!((guarded.replicas, guarded.reason), (4, Reason::SamplesLost));
    assert_eq!(run.until(930, at(100)).replicas, 2);
}

/// A figure that no replica stands behind says nothing of how many are enough.
#[test]
fn the_dead_are_not_calm() {
    let mut run = Run::new(policy([TrackedTarget::new(value(), 50.0)]), 4);
    let dead = |n: u32| {
        let mut seen = at(1)(n);
        seen.pods[0].ready = Some(autoscale_core::Readiness::False);
        seen
    };
    assert_eq!(run.until(3600, dead).replicas, 4);
}

#[test]
fn a_stage_says_how_far_it_is() {
    let mut run = Run::new(policy([half()]), 4);
    let high = run.until(120, at(400)).thresholds[0];
    assert_eq!((high.value, high.threshold), (Some(100.0), 50.0));
    assert_eq!((high.crossed, high.needed, high.met), (2, 3, false));
    assert_eq!(high.proposal, None);
    let met = run.until(180, at(400)).thresholds[0];
    assert_eq!((met.crossed, met.met, met.proposal), (3, true, Some(8)));
    let mut run = Run::new(policy([half()]), 4);
    let low = run.until(600, at(100)).thresholds[0];
    assert_eq!((low.value, low.threshold), (Some(25.0), 45.0));
    assert_eq!((low.crossed, low.needed, low.met), (10, 15, false));
}

/// The rule as a few lines: means of four readings, cleared after each action.
#[derive(Default)]
struct Model {
    readings: Vec<f64>,
    means: Vec<f64>,
}

impl Model {
    fn decide(&mut self, replicas: u32, ready: u32, value: f64) -> u32 {
        self.readings.push(value);
        if self.readings.len() < 4 {
            return replicas;
        }
        let mean = self.readings.drain(..).sum::<f64>() / 4.0;
        self.means.push(mean);
        let wanted = |value: f64| (f64::from(ready) * value / 50.0 - 1e-9).ceil() as u32;
        let out = self.means.iter().rev().take(3);
        if out.len() == 3 && out.clone().all(|v| *v > 50.0) && ready == replicas {
            self.means.clear();
            return wanted(mean).max(replicas);
        }
        let low = self.means.iter().rev().take(15);
        let largest = low.clone().fold(0.0, |a: f64, b| a.max(*b));
        if low.len() == 15 && largest < 45.0 {
            self.means.clear();
            return wanted(largest).min(replicas);
        }
        replicas
    }
}

/// A day of loads that stay for an hour each, replicas that take `start_up` ticks to be ready: the
/// counts in their order.
fn day(start_up: u64, mut decide: impl FnMut(u64, i64, u32, u32) -> u32) -> Vec<u32> {
    let mut starting = std::collections::VecDeque::new();
    let (mut replicas, mut ready, mut counts) = (4, 4, vec![]);
    for tick in 0..5760 {
        while starting.front().is_some_and(|at| *at <= tick) {
            starting.pop_front();
            ready += 1;
        }
        let hour = i64::try_from(tick / 240).unwrap();
        let load = 200 + (hour * 7919) % 1801;
        let wanted = decide(tick, load, replicas, ready);
        if wanted != replicas {
            counts.push(wanted);
        }
        for _ in replicas..wanted {
            starting.push_back(tick + start_up);
        }
        for _ in wanted..replicas {
            if starting.pop_back().is_none() {
                ready -= 1;
            }
        }
        replicas = wanted;
    }
    counts
}

/// Up to a start-up of two minutes: with three the model multiplies the metric of the replicas before
/// with the number of those after.
#[test]
fn it_does_what_the_model_does() {
    for start_up in [0, 4, 8] {
        let mut model = Model::default();
        let expected = day(start_up, |_, load, replicas, ready| {
            model.decide(replicas, ready, load as f64 / f64::from(ready))
        });
        let warm_up = secs(start_up * 15);
        let config = TargetTrackingConfig::new([half()]).with_warm_up(warm_up);
        let mut policy = TargetTracking::new(config).unwrap();
        let found = day(start_up, |tick, load, replicas, ready| {
            let seen = starting(at(load)(replicas), replicas - ready, None);
            policy.decide(secs(tick * 15), &seen).replicas
        });
        assert!(found.len() > 20, "{found:?}");
        assert_eq!(found, expected, "{start_up}");
    }
}

/// Asked on the same observation just before it says so, it answers the same; just then otherwise.
#[test]
fn a_wakeup_is_the_end_of_a_period() {
    let mut run = Run::new(policy([half()]), 4);
    run.until(165, at(400));
    let end = run.policy.next_wakeup().unwrap();
    assert_eq!(end, secs(180));
    let almost = end - std::time::Duration::from_nanos(1);
    assert_eq!(run.policy.clone().decide(almost, &at(400)(4)).replicas, 4);
    assert_eq!(run.policy.decide(end, &at(400)(4)).replicas, 8);
}

#[test]
fn a_new_configuration_keeps_what_it_can() {
    let mut run = Run::new(policy([half()]), 4);
    run.until(165, at(400));
    let mut higher = TargetTrackingConfig::new([half().with_scale_in_periods(3)]);
    higher.targets[0].target_value = 80.0;
    run.policy.reconfigure(higher.clone()).unwrap();
    assert_eq!(run.until(180, at(400)).replicas, 5);
    higher.targets[0].period = secs(30);
    run.policy.reconfigure(higher).unwrap();
    assert!(run.policy.state().targets[0].closed.is_empty());
}

#[test]
fn what_is_remembered_is_small() {
    let run = Run::new(policy([half(), half()]), 4);
    let state = run.policy.state();
    let windows = state.targets.iter().map(|w| {
        let ring = w.closed.capacity() * size_of::<Option<autoscale_core::Datapoint>>();
        size_of_val(w) + ring
    });
    let bytes = size_of_val(state) + windows.sum::<usize>();
    assert!(bytes <= 1024, "{bytes}");
}

/// A tick longer than the period, before and after a change.
#[test]
fn a_slow_tick_works() {
    let target = TrackedTarget::new(value(), 50.0).with_period(secs(10));
    let mut run = Run::new(policy([target]), 4);
    run.tick = secs(60);
    assert_eq!(changes(&mut run, 600, at(75)), [(180, 6), (420, 9)]);
}

/// Without a list of pods a figure speaks for the replicas that the status counts; that nothing is
/// known of them keeps them.
#[test]
fn without_pods_it_only_scales_out() {
    let bare = |units: i64| {
        move |n: u32| Observation {
            pods: vec![],
            ..at(units)(n)
        }
    };
    for (units, expected, reason) in [(75, 6, Reason::ScaleUp), (10, 4, Reason::SamplesLost)] {
        let target = TrackedTarget::new(value(), 50.0).with_scale_in_periods(3);
        let mut run = Run::new(policy([target]), 4);
        let decision = run.until(180, bare(units));
        assert_eq!((decision.replicas, decision.reason), (expected, reason));
    }
}
