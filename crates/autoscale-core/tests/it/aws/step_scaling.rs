//! Step scaling: the examples of the EC2 Auto Scaling User Guide, "Step and simple scaling policies".

use autoscale_core::{
    AdjustmentType, Decision, Observation, Reason, ScalingAction, StageKind, StepAdjustment,
    StepScaling, StepScalingConfig, TreatMissingData,
};

use super::{Run, above, at, below, config, failed, policy, starting, step};
use crate::given::{secs, seen_value};

/// The guide's configuration: a threshold of 50, a tenth from 10 away, three tenths from 20.
fn guide() -> StepScalingConfig {
    let bounds = [
        (0.0, Some(10.0), 0),
        (10.0, Some(20.0), 10),
        (20.0, None, 30),
    ];
    let out =
        bounds.map(|(lower, upper, percent)| StepAdjustment::new(Some(lower), upper, percent));
    let down = bounds.map(|(lower, upper, percent)| {
        StepAdjustment::new(upper.map(|u: f64| -u), Some(-lower), -percent)
    });
    let percent = AdjustmentType::PercentChangeInCapacity;
    config([
        (above(50.0), ScalingAction::step(percent, out)),
        (below(50.0), ScalingAction::step(percent, down)),
    ])
}

fn guide_policy() -> StepScaling {
    StepScaling::new(guide().with_warm_up(secs(120))).unwrap()
}

/// One minute of a value in front of this many settled replicas.
fn after_a_minute(policy: StepScaling, replicas: u32, value: i64) -> Decision {
    Run::new(policy, replicas).until(60, at(value))
}

#[test]
fn the_guides_steps() {
    for (value, expected) in [
        (0, 7),
        (29, 7),
        (30, 7), // below the threshold the upper bound belongs to the step
        (31, 9),
        (40, 9),
        (41, 10),
        (49, 10),
        (50, 10),
        (51, 10),
        (59, 10),
        (60, 11), // above it the lower one does
        (69, 11),
        (70, 13),
        (1000, 13),
    ] {
        assert_eq!(
            after_a_minute(guide_policy(), 10, value).replicas,
            expected,
            "{value}"
        );
    }
}

/// "If the metric value gets to 60 … to 11. … to 70 … to 14. … to 40 … to 13. … to 30 … to 10."
#[test]
fn the_guides_day() {
    let mut run = Run::new(guide_policy(), 10);
    for (start, value, expected) in [(0, 60, 11), (300, 70, 14), (600, 40, 13), (900, 30, 10)] {
        run.before(start + 180, at(50)); // what warms up has done so by then
        run.before(start + 240, at(value));
        assert_eq!(run.once(at(50)).replicas, expected, "after {start} s");
    }
}

/// "Suppose that the metric gets to 60, and then it gets to 62 while the new instance is still
/// warming up. … If the metric gets to 70 while the new instance is still warming up … we add only 2
/// instances, for a new desired capacity of 13 instances."
#[test]
fn the_guides_warm_up() {
    let mut run = Run::new(guide_policy(), 10);
    let warming = |value| move |n: u32| starting(at(value)(n), n - 10, Some(30));
    let pending = |n: u32| starting(at(75)(n), n - 10, None);
    run.before(60, at(60));
    assert_eq!(run.once(warming(62)).replicas, 11);
    run.before(120, warming(62));
    assert_eq!(run.once(warming(70)).replicas, 11);
    run.before(180, warming(70));
    assert_eq!(run.once(pending).replicas, 13);
    run.before(240, pending);
    assert_eq!(run.once(pending).replicas, 13);
    run.before(300, at(75));
    assert_eq!(run.once(at(75)).replicas, 16); // 30 % of 13 that have warmed up
}

/// What the replicas that warm up report is not part of the metric.
#[test]
fn warming_replicas_are_not_read() {
    let usage = |old: i64, young: i64| {
        move |n: u32| {
            let mut seen = starting(seen_value(n, 0), 2, Some(30));
            let sample = |group, count, usage| {
                autoscale_core::Sample::of_group(group, count, autoscale_core::Milli(usage))
            };
            let samples = vec![sample(0, n - 2, old), sample(1, 2, young)];
            seen.readings = vec![autoscale_core::MetricReading::Pods(samples)];
            seen
        }
    };
    let mut alarm = above(70.0);
    alarm.gauge = autoscale_core::Gauge::cpu_utilization();
    let action = step(AdjustmentType::ChangeInCapacity, 3);
    for (old, young, expected) in [(600, 1000, 10), (800, 0, 11)] {
        let policy = policy([(alarm.clone(), action.clone())]);
        let decision = Run::new(policy, 10).until(60, usage(old, young));
        assert_eq!(decision.replicas, expected, "{old} {young}");
    }
}

#[test]
fn nothing_is_removed_while_replicas_warm_up() {
    let mut run = Run::new(guide_policy(), 10);
    let young = |n| starting(at(30)(n), 1, Some(100));
    let decision = run.until(60, young);
    assert_eq!(
        (decision.replicas, decision.reason),
        (10, Reason::WarmingUp)
    );
    assert_eq!(decision.after(StageKind::Recommended), Some(7));
    assert_eq!(decision.after(StageKind::Cooled), Some(10));
    assert_eq!(run.until(75, at(30)).replicas, 10); // 20 s are left at 60
    assert_eq!(run.policy.state().group.warm_until, secs(80));
    assert_eq!(run.until(90, at(30)).replicas, 7);
}

/// Replicas that do not start within the warm-up hold back nothing any longer.
#[test]
fn a_stuck_replica_does_not_block_for_ever() {
    let mut run = Run::new(guide_policy(), 10);
    run.until(60, at(60));
    let stuck = |value| move |n: u32| starting(at(value)(n), 1, None);
    assert_eq!(run.until(180, stuck(40)).reason, Reason::WarmingUp);
    assert_eq!(run.until(195, stuck(40)).replicas, 10);
}

/// Nor does it make an adjustment upwards one downwards.
#[test]
fn adding_to_what_has_settled_never_removes() {
    let one = step(AdjustmentType::ChangeInCapacity, 1);
    let mut run = Run::new(policy([(above(50.0), one)]), 13);
    let stuck = |n: u32| starting(at(80)(n), 3, None);
    let decision = run.until(600, stuck);
    assert_eq!((decision.replicas, decision.reason), (13, Reason::Steady));
    assert_eq!(decision.thresholds[0].proposal, Some(13));
}

/// What an alarm asked for does not outlast a change by another hand.
#[test]
fn another_hand_is_not_undone() {
    let hasty = StepScaling::new(guide().with_warm_up(secs(0))).unwrap();
    let mut run = Run::new(hasty, 10);
    assert_eq!(run.until(60, at(60)).replicas, 11);
    run.replicas = 15;
    assert_eq!(run.once(at(60)).replicas, 15);
}

/// "While scaling in, we consider instances that are terminating as part of the current capacity."
#[test]
fn what_is_leaving_counts_as_present() {
    let leaving = |n: u32| {
        let mut seen = at(40)(n);
        let gone = autoscale_core::PodGroup {
            count: 1,
            deleting: true,
            ..seen.pods[0].clone()
        };
        seen.pods.push(gone);
        seen
    };
    let two = step(AdjustmentType::ChangeInCapacity, -2);
    let mut run = Run::new(policy([(below(50.0), two)]), 10);
    assert_eq!(run.until(60, leaving).replicas, 9); // one of the two is on its way
}

#[test]
fn percentages_are_rounded() {
    for (replicas, percent, expected) in [
        (127, 10, 139), // 12.7 → 12
        (67, 1, 68),    // 0.67 → 1
        (58, -1, 57),   // −0.58 → −1
        (667, -1, 661), // −6.67 → −6
        (100, 1, 101),
        (0, 10, 0),
        (3, -400, 0),
        (i32::MAX.unsigned_abs(), i32::MAX, i32::MAX.unsigned_abs()),
        (u32::MAX, i32::MIN, 0),
    ] {
        let alarm = if percent < 0 {
            below(50.0)
        } else {
            above(50.0)
        };
        let action = step(AdjustmentType::PercentChangeInCapacity, percent);
        let decision = after_a_minute(policy([(alarm, action)]), replicas, 50);
        assert_eq!(decision.replicas, expected, "{percent} % of {replicas}");
    }
}

/// "You create a policy that adds 25 percent and you specify a minimum increment of 2 instances."
#[test]
fn a_percentage_has_a_least_magnitude() {
    let action = step(AdjustmentType::PercentChangeInCapacity, 25);
    let at_least = |least| action.clone().with_min_adjustment_magnitude(least);
    for (least, replicas, expected) in [(None, 4, 5), (Some(2), 4, 6), (Some(2), 20, 25)] {
        let policy = policy([(above(50.0), at_least(least))]);
        assert_eq!(after_a_minute(policy, replicas, 50).replicas, expected);
    }
    let action = step(AdjustmentType::PercentChangeInCapacity, -10);
    let policy = policy([(below(50.0), action.with_min_adjustment_magnitude(Some(3)))]);
    assert_eq!(after_a_minute(policy, 10, 50).replicas, 7);
}

/// "If one policy terminates three instances, another policy decreases … by 25 percent, and the group
/// has eight instances …, the group terminates two."
#[test]
fn the_largest_capacity_wins() {
    let three = step(AdjustmentType::ChangeInCapacity, -3);
    let quarter = step(AdjustmentType::PercentChangeInCapacity, -25);
    let both = policy([(below(50.0), three), (below(60.0), quarter)]);
    let decision = after_a_minute(both, 8, 40);
    assert_eq!(decision.replicas, 6);
    let proposals: Vec<_> = decision.thresholds.iter().map(|t| t.proposal).collect();
    assert_eq!(proposals, [Some(5), Some(6)]);
}

#[test]
fn capacity_may_be_exact() {
    for (from, to) in [(3, 5), (9, 5)] {
        let exact = step(AdjustmentType::ExactCapacity, 5);
        let decision = after_a_minute(policy([(above(50.0), exact)]), from, 50);
        assert_eq!(decision.replicas, to);
    }
}

/// An alarm acts until it has been heard, then at the end of each period while it lasts.
#[test]
fn an_alarm_that_lasts_acts_again() {
    let one = step(AdjustmentType::ChangeInCapacity, 1);
    let mut run = Run::new(policy([(above(50.0), one)]), 4);
    let mut counts = vec![];
    while run.now <= secs(180) {
        counts.push(run.once(at(80)).replicas);
    }
    assert_eq!(counts, [4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6, 7]);

    let mut deaf = run;
    let unheard: Vec<_> = (0..5)
        .map(|_| {
            deaf.replicas = 6;
            deaf.once(at(80)).replicas
        })
        .collect();
    assert_eq!(unheard, [7; 5]);
}

#[test]
fn missing_data_never_removes() {
    for treatment in [
        TreatMissingData::Missing,
        TreatMissingData::Breaching,
        TreatMissingData::Ignore,
        TreatMissingData::NotBreaching,
    ] {
        let remove = step(AdjustmentType::ChangeInCapacity, -1);
        let alarm = below(50.0).with_treat_missing_data(treatment);
        let mut run = Run::new(policy([(alarm, remove)]), 4);
        run.until(45, at(10));
        let decision = run.until(600, failed);
        assert_eq!(decision.replicas, 4, "{treatment:?}");
    }
}

#[test]
fn missing_data_may_add_where_asked_to() {
    let steps = [
        StepAdjustment::new(Some(0.0), Some(10.0), 1),
        StepAdjustment::new(Some(10.0), None, 5),
    ];
    let action = ScalingAction::step(AdjustmentType::ChangeInCapacity, steps);
    for (treatment, expected) in [
        (TreatMissingData::Missing, 4),
        (TreatMissingData::Breaching, 5),
    ] {
        let alarm = above(50.0).with_treat_missing_data(treatment);
        let mut run = Run::new(policy([(alarm, action.clone())]), 4);
        assert_eq!(run.until(60, failed).replicas, expected);
    }
}

/// A metric that fails hides what it would have asked for, unless its absence means calm.
#[test]
fn a_failed_metric_forbids_the_others_to_remove() {
    for (treatment, expected, reason) in [
        (TreatMissingData::Missing, 4, Reason::MetricsFailed),
        (TreatMissingData::NotBreaching, 3, Reason::ScaleDown),
    ] {
        let mut errors = above(1.0).with_treat_missing_data(treatment);
        errors.gauge.reading = 1;
        let add = step(AdjustmentType::ChangeInCapacity, 1);
        let remove = step(AdjustmentType::ChangeInCapacity, -1);
        let mut run = Run::new(policy([(errors, add), (below(50.0), remove)]), 4);
        let decision = run.until(60, at(10));
        assert_eq!((decision.replicas, decision.reason), (expected, reason));
        assert_eq!(decision.blind, expected == 4);
    }
}

#[test]
fn incomplete_data_does_not_remove() {
    let mut alarm = below(50.0);
    alarm.gauge = autoscale_core::Gauge::cpu_utilization();
    let usage = |samples: u32| {
        move |n: u32| {
            let sample = autoscale_core::Sample::of_group(0, samples, autoscale_core::Milli(100));
            let reading = autoscale_core::MetricReading::Pods(vec![sample]);
            seen_value(n, 0).with_readings([reading])
        }
    };
    let remove = step(AdjustmentType::ChangeInCapacity, -1);
    let mut run = Run::new(policy([(alarm, remove)]), 4);
    run.until(15, usage(4));
    run.until(30, usage(3));
    let decision = run.until(60, usage(4));
    assert_eq!(
        (decision.replicas, decision.reason),
        (4, Reason::SamplesLost)
    );
    assert_eq!(decision.after(StageKind::Guarded), Some(4));
    assert_eq!(run.until(120, usage(4)).replicas, 3);
    let short = |n: u32| Observation {
        status_replicas: n + 1,
        ..usage(4)(n)
    };
    assert_eq!(run.until(180, short).reason, Reason::SamplesLost);
}

/// Neither counts what is incomplete towards an alarm that removes, nor acts a removal while the
/// newest datapoint is.
#[test]
fn each_datapoint_must_be_complete_to_remove() {
    let remove = step(AdjustmentType::ChangeInCapacity, -1);
    for (m, incomplete_minute) in [(2, 0), (1, 1)] {
        let mut alarm = below(50.0).with_evaluation_periods(2);
        alarm.datapoints_to_alarm = Some(m);
        alarm.gauge = autoscale_core::Gauge::cpu_utilization();
        let mut run = Run::new(policy([(alarm, remove.clone())]), 4);
        let mut last = Decision::default();
        while run.now <= secs(120) {
            let lost = u32::from(run.now.as_secs() / 60 == incomplete_minute);
            last = run.once(|n| {
                let milli = autoscale_core::Milli(100);
                let sample = autoscale_core::Sample::of_group(0, n - lost, milli);
                let reading = autoscale_core::MetricReading::Pods(vec![sample]);
                seen_value(n, 0).with_readings([reading])
            });
            run.replicas = 4;
        }
        assert_eq!(
            (last.replicas, last.reason),
            (4, Reason::SamplesLost),
            "{m}"
        );
        assert!(last.thresholds[0].met);
    }
}

#[test]
fn from_none_to_some() {
    let add = step(AdjustmentType::ChangeInCapacity, 2);
    let decision = after_a_minute(policy([(above(50.0), add)]), 0, 60);
    assert_eq!(decision.replicas, 2);
}

#[test]
fn without_data_it_says_so() {
    let mut run = Run::new(guide_policy(), 4);
    let first = run.once(at(50));
    assert_eq!((first.reason, first.blind), (Reason::NoData, false));
    let blind = run.until(120, failed);
    assert_eq!(
        (blind.reason, blind.blind, blind.replicas),
        (Reason::NoData, true, 4)
    );
    let calm = run.until(240, at(50));
    assert_eq!((calm.reason, calm.blind), (Reason::Steady, false));
}
