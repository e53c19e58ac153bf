//! What holds for every accepted configuration, every observation and every order of times.

use autoscale_core::{
    AdjustmentType, Alarm, Comparison, Decision, Gauge, MetricReading, Milli, Observation,
    PeriodStatistic, Policy, Reason, ScalingAction, ScalingAlarm, Statistic, StepAdjustment,
    StepScaling, StepScalingConfig, TargetTracking, TargetTrackingConfig, TrackedTarget,
    TreatMissingData,
};
use proptest::collection::vec;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use super::starting;
use crate::cases;
use crate::decode::Bytes;
use crate::given::{secs, seen_value};

fn gauge(bytes: &mut Bytes<'_>) -> Gauge {
    let statistic = match bytes.byte() % 4 {
        0 => Statistic::Value,
        1 => Statistic::PerReplica,
        2 => Statistic::Total,
        _ => return Gauge::cpu_utilization(),
    };
    Gauge::new(statistic).with_reading(usize::from(bytes.byte() % 2))
}

fn target_tracking(bytes: &mut Bytes<'_>) -> TargetTracking {
    let targets: Vec<_> = (0..=bytes.byte() % 2)
        .map(|_| {
            TrackedTarget::new(gauge(bytes), f64::from(bytes.byte()) + 0.5)
                .with_period(secs(u64::from(bytes.byte()) + 1))
                .with_scale_out_periods(u32::from(bytes.byte() % 4) + 1)
                .with_scale_in_periods(u32::from(bytes.byte() % 4) + 1)
                .with_disable_scale_in(bytes.byte().is_multiple_of(8))
        })
        .collect();
    let warm_up = secs(u64::from(bytes.byte()));
    TargetTracking::new(TargetTrackingConfig::new(targets).with_warm_up(warm_up)).unwrap()
}

fn action(bytes: &mut Bytes<'_>) -> ScalingAction {
    let adjustment_type = match bytes.byte() % 3 {
        0 => AdjustmentType::ChangeInCapacity,
        1 => AdjustmentType::PercentChangeInCapacity,
        _ => AdjustmentType::ExactCapacity,
    };
    let mut adjustment = || match bytes.byte() {
        255 => i32::MAX,
        254 if adjustment_type != AdjustmentType::ExactCapacity => i32::MIN,
        other if adjustment_type == AdjustmentType::ExactCapacity => i32::from(other),
        other => i32::from(other) - 100,
    };
    let steps = [
        StepAdjustment::new(None, Some(-10.0), adjustment()),
        StepAdjustment::new(Some(-10.0), Some(10.0), adjustment()),
        StepAdjustment::new(Some(10.0), None, adjustment()),
    ];
    let action = if bytes.byte().is_multiple_of(2) {
        let cooldown = secs(u64::from(bytes.byte()));
        ScalingAction::simple(adjustment_type, steps[1].adjustment).with_cooldown(cooldown)
    } else {
        ScalingAction::step(adjustment_type, steps)
    };
    if adjustment_type == AdjustmentType::PercentChangeInCapacity {
        return action.with_min_adjustment_magnitude(Some(u32::from(bytes.byte()) + 1));
    }
    action
}

fn alarm(bytes: &mut Bytes<'_>) -> Alarm {
    let comparison = match bytes.byte() % 4 {
        0 => Comparison::GreaterThanThreshold,
        1 => Comparison::GreaterThanOrEqualToThreshold,
        2 => Comparison::LessThanThreshold,
        _ => Comparison::LessThanOrEqualToThreshold,
    };
    let treatment = match bytes.byte() % 4 {
        0 => TreatMissingData::Missing,
        1 => TreatMissingData::Breaching,
        2 => TreatMissingData::NotBreaching,
        _ => TreatMissingData::Ignore,
    };
    let statistic = match bytes.byte() % 4 {
        0 => PeriodStatistic::Average,
        1 => PeriodStatistic::Minimum,
        2 => PeriodStatistic::Maximum,
        _ => PeriodStatistic::Sum,
    };
    let n = u32::from(bytes.byte() % 4) + 1;
    Alarm::new("alarm", gauge(bytes), comparison, f64::from(bytes.byte()))
        .with_period(secs(u64::from(bytes.byte()) + 1))
        .with_evaluation_periods(n)
        .with_datapoints_to_alarm(Some(u32::from(bytes.byte()) % n + 1))
        .with_treat_missing_data(treatment)
        .with_statistic(statistic)
}

fn step_scaling(bytes: &mut Bytes<'_>) -> StepScaling {
    let count = bytes.byte() % 3;
    let alarms: Vec<_> = (0..=count)
        .map(|_| ScalingAlarm::new(alarm(bytes), action(bytes)))
        .collect();
    let warm_up = secs(u64::from(bytes.byte()));
    StepScaling::new(StepScalingConfig::new(alarms).with_warm_up(warm_up)).unwrap()
}

/// What a group mostly looks like: two readings, all replicas there, some of them young at times.
fn plausible(bytes: &mut Bytes<'_>, replicas: u32) -> Observation {
    let value = |bytes: &mut Bytes<'_>| MetricReading::value(Milli(i64::from(bytes.byte()) * 1000));
    let readings = [value(bytes), value(bytes)];
    let seen = seen_value(replicas, 0).with_readings(readings);
    match bytes.byte() % 8 {
        0 => starting(seen, replicas.min(2), Some(u64::from(bytes.byte()))),
        1 => starting(seen, replicas.min(1), None),
        _ => seen,
    }
}

/// What must hold of one decision.
fn check(out: &Decision, spec: u32) -> Result<(), proptest::test_runner::TestCaseError> {
    prop_assert_eq!(out.current_replicas, spec);
    prop_assert!(!out.blind || out.replicas == spec);
    prop_assert!(out.reason != Reason::Steady || !out.is_change());
    prop_assert!(
        out.stages
            .last()
            .is_some_and(|s| s.replicas == out.replicas)
    );
    Ok(())
}

proptest! {
    #![proptest_config(cases(2_000, 200_000))]

    /// Random times, which also go backwards: nothing panics, the same comes of the same, an earlier
    /// `now` is the last one, and missing data never scales in.
    #[test]
    fn nothing_panics(bytes in vec(any::<u8>(), 100..2500)) {
        let mut bytes = Bytes::new(&bytes);
        let mut tracking = target_tracking(&mut bytes);
        let mut stepping = step_scaling(&mut bytes);
        let mut latest = secs(0);
        let mut spec = bytes.u32();
        for _ in 0..16 {
            let now = bytes.duration();
            latest = latest.max(now);
            let mut seen = if bytes.byte().is_multiple_of(2) {
                bytes.observation(spec)
            } else {
                plausible(&mut bytes, spec)
            };
            let blind = bytes.byte().is_multiple_of(4);
            if blind {
                seen.readings.fill(MetricReading::Failed);
            }
            let copies = (tracking.clone(), stepping.clone());
            let tracked = tracking.decide(now, &seen);
            prop_assert_eq!(&copies.0.clone().decide(latest, &seen), &tracked);
            check(&tracked, spec)?;
            let stepped = stepping.decide(now, &seen);
            prop_assert_eq!(&copies.1.clone().decide(latest, &seen), &stepped);
            check(&stepped, spec)?;
            if blind {
                prop_assert!(tracked.replicas >= spec && stepped.replicas >= spec);
            }
            prop_assert!(tracking.next_wakeup().is_none_or(|at| at > latest));
            prop_assert!(stepping.next_wakeup().is_none_or(|at| at > latest));
            spec = if bytes.byte().is_multiple_of(2) { tracked.replicas } else { stepped.replicas };
        }
    }

}

proptest! {
    #![proptest_config(cases(500, 50_000))] // × 40 decisions × 8

    /// One reading or one pod less than a healthy run has: no decision falls below what is asked for.
    #[test]
    fn missing_data_never_scales_in(bytes in vec(any::<u8>(), 200..1500), tick in 10_u64..90) {
        let mut bytes = Bytes::plain(&bytes);
        let mut tracking = target_tracking(&mut bytes);
        let mut stepping = step_scaling(&mut bytes);
        // A gauge that is not asked for cannot be missed.
        let used = |reading: usize| {
            let tracked = tracking.config().targets.iter().all(|t| t.gauge.reading == reading);
            let stepped = stepping.config().alarms.iter().all(|a| a.alarm.gauge.reading == reading);
            (tracked, stepped)
        };
        let used = [used(0), used(1)];
        let mut spec = 9;
        for i in 0..40 {
            let now = secs(i * tick);
            let seen = plausible(&mut bytes, spec);
            for lost in 0..3 {
                let mut less = seen.clone();
                match less.readings.get_mut(lost) {
                    Some(reading) => *reading = MetricReading::Failed,
                    None => less.status_replicas += 1,
                }
                let (tracked, stepped) = used.get(lost).copied().unwrap_or((true, true));
                let count = tracking.clone().decide(now, &less).replicas;
                prop_assert!(!tracked || count >= spec, "{count} of {spec} without {lost}");
                let count = stepping.clone().decide(now, &less).replicas;
                prop_assert!(!stepped || count >= spec, "{count} of {spec} without {lost}");
            }
            let counts = [tracking.decide(now, &seen), stepping.decide(now, &seen)];
            spec = counts[usize::from(bytes.byte() % 2)].replicas.clamp(1, 50);
        }
    }

    /// However often it is asked, what is remembered stays as small as the windows.
    #[test]
    fn memory_is_bounded(bytes in vec(any::<u8>(), 100..2500), ticks in 1_u64..40) {
        let mut bytes = Bytes::new(&bytes);
        let mut tracking = target_tracking(&mut bytes);
        let mut stepping = step_scaling(&mut bytes);
        for tick in 0..60 {
            let seen = bytes.observation(5);
            tracking.decide(secs(tick * ticks), &seen);
            stepping.decide(secs(tick * ticks), &seen);
        }
        for window in &tracking.state().targets {
            prop_assert!(window.closed.len() <= 6);
        }
        for memory in &stepping.state().alarms {
            prop_assert!(memory.window.closed.len() <= 6);
        }
    }
}

/// The property is not empty: decisions of every kind do come about.
#[test]
fn the_decisions_are_of_every_kind() {
    let mut reasons = std::collections::BTreeSet::new();
    for seed in 0..4000_u32 {
        let mut last = seed + 1;
        let noise = std::iter::repeat_with(|| {
            last = last.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            u8::try_from(last >> 24).unwrap()
        });
        let noise: Vec<u8> = noise.take(2000).collect();
        let mut bytes = Bytes::plain(&noise);
        let mut stepping = step_scaling(&mut bytes);
        let mut tracking = target_tracking(&mut bytes);
        let mut spec = 5;
        for tick in 0..12 {
            let mut seen = plausible(&mut bytes, spec);
            match bytes.byte() {
                0..16 => seen.readings.fill(MetricReading::Failed),
                16..32 => seen.status_replicas += 1,
                _ => {}
            }
            let stepped = stepping.decide(secs(tick * 60), &seen);
            reasons.insert(format!("{:?}", stepped.reason));
            let tracked = tracking.decide(secs(tick * 60), &seen);
            reasons.insert(format!("{:?}", tracked.reason));
            spec = stepped.replicas.clamp(1, 50);
        }
    }
    let all = [
        "CoolingDown",
        "MetricsFailed",
        "NoData",
        "SamplesLost",
        "ScaleDown",
        "ScaleUp",
        "Steady",
        "WarmingUp",
    ];
    assert_eq!(reasons.into_iter().collect::<Vec<_>>(), all);
}
