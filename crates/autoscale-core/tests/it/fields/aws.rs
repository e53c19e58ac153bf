//! Every field of the AWS policies' configurations.

use autoscale_core::{
    AdjustmentType, Alarm, Comparison, Gauge, MetricReading, Milli, Observation, PeriodStatistic,
    Policy, PolicyType, ScalingAction, ScalingAlarm, Statistic, StepAdjustment, StepScaling,
    StepScalingConfig, TargetTracking, TargetTrackingConfig, TrackedTarget, TreatMissingData,
};

use super::assert_covers;
use crate::given::{secs, seen_value};

/// What a reading of each quarter of a minute leads to, carried out at once; `None` = it fails.
fn run(mut policy: impl Policy, readings: &[Option<i64>]) -> Vec<u32> {
    let mut replicas = 10;
    let mut counts = vec![replicas];
    for (tick, reading) in (0..).zip(readings) {
        let reading = |part: i64| match reading {
            Some(value) => MetricReading::value(Milli(value * 1000 / part)),
            None => MetricReading::Failed,
        };
        let seen = Observation {
            readings: vec![reading(1), reading(2)],
            ..seen_value(replicas, 0)
        };
        replicas = policy.decide(secs(tick * 15), &seen).replicas;
        if counts.last() != Some(&replicas) {
            counts.push(replicas);
        }
    }
    counts
}

/// The value for so many minutes, and the reading that ends the last of them.
fn minutes(value: i64, count: usize) -> Vec<Option<i64>> {
    vec![Some(value); count * 4 + 1]
}

fn value() -> Gauge {
    Gauge::new(Statistic::Value)
}

/// The field, the structure with it changed, the readings, the counts without and with the change.
type Case<C> = (&'static str, C, Vec<Option<i64>>, [&'static [u32]; 2]);

/// The fields of a structure, changed one at a time, and the readings that show it.
fn check<C: Clone, P: Policy>(base: &C, policy: impl Fn(C) -> P, cases: &[Case<C>]) {
    for (field, changed, readings, expected) in cases {
        let found = [base, changed].map(|config| run(policy(config.clone()), readings));
        assert_eq!(found, expected.map(<[u32]>::to_vec), "{field}");
        assert_ne!(found[0], found[1], "{field}");
    }
}

#[test]
fn tracked_target() {
    let base = TrackedTarget::new(value(), 50.0);
    let mut cases: Vec<Case<TrackedTarget>> = vec![
        (
            "gauge",
            TrackedTarget::new(value().with_reading(1), 50.0),
            minutes(60, 3),
            [&[10, 12], &[10]],
        ),
        (
            "target_value",
            TrackedTarget::new(value(), 40.0),
            minutes(60, 3),
            [&[10, 12], &[10, 15]],
        ),
        (
            "period",
            base.clone().with_period(secs(30)),
            minutes(60, 2),
            [&[10], &[10, 12]],
        ),
        (
            "scale_out_periods",
            base.clone().with_scale_out_periods(2),
            minutes(60, 2),
            [&[10], &[10, 12]],
        ),
        (
            "scale_in_periods",
            base.clone().with_scale_in_periods(5),
            minutes(20, 5),
            [&[10], &[10, 4]],
        ),
        (
            "scale_in_threshold",
            base.clone().with_scale_in_threshold(0.7),
            minutes(40, 15),
            [&[10, 8], &[10]],
        ),
    ];
    let never = base.clone().with_disable_scale_in(true);
    cases.push((
        "disable_scale_in",
        never,
        minutes(20, 15),
        [&[10, 4], &[10]],
    ));
    assert_covers(&base, cases.iter().map(|c| c.0));
    let policy = |target| {
        let config = TargetTrackingConfig::new([target]).with_warm_up(secs(0));
        TargetTracking::new(config).unwrap()
    };
    check(&base, policy, &cases);
}

#[test]
fn target_tracking_config() {
    let base = || {
        let quick = TrackedTarget::new(value(), 50.0).with_scale_in_periods(1);
        TargetTrackingConfig::new([quick]).with_warm_up(secs(0))
    };
    let mut other = base();
    other.targets[0].target_value = 60.0;
    // Out after three minutes, and in a minute later: not while the new ones warm up.
    let script = [vec![Some(75); 12], minutes(30, 1)].concat();
    let cases: Vec<Case<TargetTrackingConfig>> = vec![
        (
            "targets",
            other,
            script.clone(),
            [&[10, 15, 9], &[10, 13, 7]],
        ),
        (
            "warm_up",
            base().with_warm_up(secs(600)),
            script,
            [&[10, 15, 9], &[10, 15]],
        ),
    ];
    assert_covers(&base(), cases.iter().map(|c| c.0));
    check(
        &base(),
        |config| TargetTracking::new(config).unwrap(),
        &cases,
    );
}

fn high() -> Alarm {
    let high = Comparison::GreaterThanThreshold;
    Alarm::new("high", value(), high, 50.0).with_evaluation_periods(2)
}

fn one_more() -> ScalingAction {
    let steps = [StepAdjustment::new(Some(0.0), None, 1)];
    ScalingAction::step(AdjustmentType::ChangeInCapacity, steps)
}

fn policy(alarm: Alarm, action: ScalingAction) -> StepScaling {
    let config = StepScalingConfig::new([ScalingAlarm::new(alarm, action)]);
    StepScaling::new(config.with_warm_up(secs(0))).unwrap()
}

#[test]
fn alarm() {
    let mut at_least = high();
    at_least.comparison = Comparison::GreaterThanOrEqualToThreshold;
    let mut higher = high();
    higher.threshold = 60.0;
    let mut second = high();
    second.gauge.reading = 1;
    let mixed = [vec![Some(80); 4], vec![Some(20); 4], minutes(20, 0)].concat();
    let uneven = [Some(40), Some(40), Some(40), Some(60)].repeat(2);
    let uneven = [uneven, minutes(0, 0)].concat();
    let lost = [vec![Some(80); 4], vec![None; 9]].concat();
    let cases: Vec<Case<Alarm>> = vec![
        ("gauge", second, minutes(60, 2), [&[10, 11], &[10]]),
        ("comparison", at_least, minutes(50, 2), [&[10], &[10, 11]]),
        ("threshold", higher, minutes(60, 2), [&[10, 11], &[10]]),
        (
            "period",
            high().with_period(secs(30)),
            minutes(60, 1),
            [&[10], &[10, 11]],
        ),
        (
            "evaluation_periods",
            high().with_evaluation_periods(1),
            minutes(60, 1),
            [&[10], &[10, 11]],
        ),
        (
            "datapoints_to_alarm",
            high().with_datapoints_to_alarm(Some(1)),
            mixed,
            [&[10], &[10, 11]],
        ),
        (
            "statistic",
            high().with_statistic(PeriodStatistic::Maximum),
            uneven,
            [&[10], &[10, 11]],
        ),
        (
            "treat_missing_data",
            high().with_treat_missing_data(TreatMissingData::NotBreaching),
            lost,
            [&[10, 11, 12], &[10]],
        ),
    ];
    // A name is for people; it decides which datapoints a new configuration keeps.
    let mut whole = high();
    whole.datapoints_to_alarm = Some(2);
    assert_covers(&whole, cases.iter().map(|c| c.0).chain(["name"]));
    check(&high(), |alarm| policy(alarm, one_more()), &cases);

    let renamed = |name: &str| {
        let mut policy = policy(high(), one_more());
        run(&mut policy, &minutes(60, 1));
        let mut other = policy.config().clone();
        other.alarms[0].alarm.name = name.into();
        policy.reconfigure(other).unwrap();
        policy.state().alarms[0].window.closed.len()
    };
    assert_eq!(["high", "other"].map(renamed), [1, 0]);
}

#[test]
fn scaling_action() {
    let base = || ScalingAction::simple(AdjustmentType::PercentChangeInCapacity, 25);
    let mut step_type = base();
    step_type.policy_type = PolicyType::Step;
    step_type.steps = vec![StepAdjustment::new(Some(0.0), None, 25)];
    let mut absolute = base();
    absolute.adjustment_type = AdjustmentType::ChangeInCapacity;
    let mut more = base();
    more.steps[0].adjustment = 40;
    let cases: Vec<Case<ScalingAction>> = vec![
        (
            "policy_type",
            step_type,
            minutes(60, 3),
            [&[10, 12], &[10, 12, 15]],
        ),
        (
            "adjustment_type",
            absolute,
            minutes(60, 2),
            [&[10, 12], &[10, 35]],
        ),
        ("steps", more, minutes(60, 2), [&[10, 12], &[10, 14]]),
        (
            "cooldown",
            base().with_cooldown(secs(30)),
            minutes(60, 3),
            [&[10, 12], &[10, 12, 15]],
        ),
        (
            "min_adjustment_magnitude",
            base().with_min_adjustment_magnitude(Some(4)),
            minutes(60, 2),
            [&[10, 12], &[10, 14]],
        ),
    ];
    let whole = base().with_min_adjustment_magnitude(Some(1));
    assert_covers(&whole, cases.iter().map(|c| c.0));
    check(&base(), |action| policy(high(), action), &cases);
}

#[test]
fn step_adjustment() {
    let by = |lower, upper, adjustment| {
        let mut steps = vec![StepAdjustment::new(lower, upper, adjustment)];
        if let Some(upper) = upper {
            steps.push(StepAdjustment::new(Some(upper), None, 5));
        }
        ScalingAction::step(AdjustmentType::ChangeInCapacity, steps)
    };
    let base = by(Some(0.0), Some(10.0), 1);
    let cases: Vec<Case<ScalingAction>> = vec![
        (
            "lower_bound",
            by(Some(5.0), Some(10.0), 1),
            minutes(52, 2),
            [&[10, 11], &[10]],
        ),
        (
            "upper_bound",
            by(Some(0.0), Some(20.0), 1),
            minutes(65, 2),
            [&[10, 15], &[10, 11]],
        ),
        (
            "adjustment",
            by(Some(0.0), Some(10.0), 2),
            minutes(52, 2),
            [&[10, 11], &[10, 12]],
        ),
    ];
    assert_covers(&base.steps[0], cases.iter().map(|c| c.0));
    check(&base, |action| policy(high(), action), &cases);
}

#[test]
fn step_scaling_config() {
    let base = || {
        let low = Comparison::LessThanThreshold;
        let low = Alarm::new("low", value(), low, 20.0);
        let one_less = ScalingAction::simple(AdjustmentType::ChangeInCapacity, -1);
        let both = [
            ScalingAlarm::new(high(), one_more()),
            ScalingAlarm::new(low, one_less),
        ];
        StepScalingConfig::new(both).with_warm_up(secs(0))
    };
    let mut only_out = base();
    only_out.alarms.pop();
    let script = [vec![Some(60); 8], minutes(10, 1)].concat();
    let cases: Vec<Case<StepScalingConfig>> = vec![
        (
            "alarms",
            only_out,
            script.clone(),
            [&[10, 11, 10], &[10, 11]],
        ),
        (
            "warm_up",
            base().with_warm_up(secs(600)),
            script,
            [&[10, 11, 10], &[10, 11]],
        ),
    ];
    assert_covers(&base(), cases.iter().map(|c| c.0));
    check(&base(), |config| StepScaling::new(config).unwrap(), &cases);
}

#[test]
fn scaling_alarm() {
    let base = ScalingAlarm::new(high(), one_more());
    let low = Alarm::new("low", value(), Comparison::LessThanThreshold, 50.0);
    let cases: Vec<Case<ScalingAlarm>> = vec![
        (
            "alarm",
            ScalingAlarm::new(low, one_more()),
            minutes(60, 2),
            [&[10, 11], &[10]],
        ),
        (
            "action",
            ScalingAlarm::new(
                high(),
                ScalingAction::simple(AdjustmentType::ExactCapacity, 20),
            ),
            minutes(60, 2),
            [&[10, 11], &[10, 20]],
        ),
    ];
    assert_covers(&base, cases.iter().map(|c| c.0));
    check(&base, |both| policy(both.alarm, both.action), &cases);
}
