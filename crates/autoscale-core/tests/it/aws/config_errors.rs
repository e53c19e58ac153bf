//! Every refused configuration names the field, the value and the bound.

use std::time::Duration;

use autoscale_core::{
    AdjustmentType, Alarm, ConfigError, ScalingAction, StepAdjustment, StepScaling,
    StepScalingConfig, TargetTracking, TargetTrackingConfig, TrackedTarget,
};

use super::{above, change, config, step, value};
use crate::given::secs;

fn message<T>(result: Result<T, ConfigError>) -> String {
    match result {
        Ok(_) => "accepted".into(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn target_tracking() {
    let target = |value_| TrackedTarget::new(value(), value_);
    let fine = || target(50.0);
    for (changed, expected) in [
        (
            target(0.0),
            "target_value is 0, must be a finite number > 0",
        ),
        (
            target(-1.0),
            "target_value is -1, must be a finite number > 0",
        ),
        (
            target(f64::NAN),
            "target_value is NaN, must be a finite number > 0",
        ),
        (
            target(f64::INFINITY),
            "target_value is inf, must be a finite number > 0",
        ),
        (
            fine().with_period(secs(0)),
            "period is 0s, must be more than 0, at most 1d",
        ),
        (
            fine().with_period(secs(86_401)),
            "period is 86401s, must be more than 0, at most 1d",
        ),
        (
            fine().with_scale_out_periods(0),
            "scale_out_periods is 0, must be 1 … 1440",
        ),
        (
            fine().with_scale_in_periods(1441),
            "scale_in_periods is 1441, must be 1 … 1440",
        ),
        (
            fine().with_scale_in_threshold(0.0),
            "scale_in_threshold is 0, must be more than 0, at most 1",
        ),
        (
            fine().with_scale_in_threshold(1.1),
            "scale_in_threshold is 1.1, must be more than 0, at most 1",
        ),
        (
            fine().with_scale_in_threshold(f64::NAN),
            "scale_in_threshold is NaN, must be more than 0, at most 1",
        ),
    ] {
        let config = TargetTrackingConfig::new([fine(), changed]);
        let expected = format!("targets[1].{expected}");
        assert_eq!(message(TargetTracking::new(config)), expected);
    }
    let none = TargetTracking::new(TargetTrackingConfig::new([]));
    assert_eq!(message(none), "targets is missing: at least one target");
    let slow = TargetTrackingConfig::new([fine()]).with_warm_up(Duration::from_millis(3_600_001));
    let refused = message(TargetTracking::new(slow));
    assert_eq!(refused, "warm_up is 3600001ms, must be 0 … 1h");
}

#[test]
fn alarms() {
    let mut nameless = above(50.0);
    nameless.name.clear();
    let of = |n, m| {
        above(50.0)
            .with_evaluation_periods(n)
            .with_datapoints_to_alarm(m)
    };
    for (alarm, expected) in [
        (nameless, "name is missing: a name"),
        (above(f64::NAN), "threshold is NaN, must be a finite number"),
        (
            above(f64::NEG_INFINITY),
            "threshold is -inf, must be a finite number",
        ),
        (
            above(50.0).with_period(secs(0)),
            "period is 0s, must be more than 0, at most 1d",
        ),
        (of(0, None), "evaluation_periods is 0, must be 1 … 1440"),
        (
            of(1441, None),
            "evaluation_periods is 1441, must be 1 … 1440",
        ),
        (
            of(3, Some(0)),
            "datapoints_to_alarm is 0, must be 1 … evaluation_periods",
        ),
        (
            of(3, Some(4)),
            "datapoints_to_alarm is 4, must be 1 … evaluation_periods",
        ),
    ] {
        let refused = StepScaling::new(config([(alarm, change(1))]));
        assert_eq!(message(refused), format!("alarms[0].alarm.{expected}"));
    }
    let none = StepScaling::new(StepScalingConfig::new([]));
    assert_eq!(message(none), "alarms is missing: at least one alarm");
    let slow = config([(above(50.0), change(1))]).with_warm_up(secs(3601));
    assert_eq!(
        message(StepScaling::new(slow)),
        "warm_up is 3601s, must be 0 … 1h"
    );
}

#[test]
fn actions() {
    let steps = |bounds: &[(Option<f64>, Option<f64>)]| {
        let steps = bounds.iter().map(|(l, u)| StepAdjustment::new(*l, *u, 1));
        ScalingAction::step(AdjustmentType::ChangeInCapacity, steps)
    };
    let percent = || step(AdjustmentType::PercentChangeInCapacity, 10);
    let mut two_simple = change(1);
    two_simple.steps.push(StepAdjustment::new(None, None, 2));
    let mut bounded_simple = change(1);
    bounded_simple.steps[0].lower_bound = Some(0.0);
    let magnitude = "must be ≥ 1, and given for percent-change-in-capacity only";
    let magnitude = |n: u32| format!("min_adjustment_magnitude is {n}, {magnitude}");
    for (action, expected) in [
        (
            change(1).with_cooldown(secs(86_401)),
            "cooldown is 86401s, must be 0 … 1d",
        ),
        (
            percent().with_min_adjustment_magnitude(Some(0)),
            magnitude(0).as_str(),
        ),
        (
            change(1).with_min_adjustment_magnitude(Some(2)),
            magnitude(2).as_str(),
        ),
        (steps(&[]), "steps is missing: at least one adjustment"),
        (
            step(AdjustmentType::ExactCapacity, -1),
            "steps[0].adjustment is -1, must be ≥ 0 for exact_capacity",
        ),
        (
            steps(&[(Some(f64::NAN), None)]),
            "steps[0].lower_bound is NaN, must be a finite number",
        ),
        (
            steps(&[(Some(0.0), Some(f64::INFINITY))]),
            "steps[0].upper_bound is inf, must be a finite number",
        ),
        (
            steps(&[
                (Some(0.0), Some(5.0)),
                (Some(5.0), Some(5.0)),
                (Some(5.0), None),
            ]),
            "steps[1].upper_bound is 5, must be more than lower_bound",
        ),
        (
            two_simple,
            "steps is 2 steps, must be one without bounds for a simple policy",
        ),
        (
            bounded_simple,
            "steps is 1 steps, must be one without bounds for a simple policy",
        ),
        (
            steps(&[(Some(0.0), Some(5.0)), (Some(6.0), None)]),
            "steps is 5 before 6, must be without gap or overlap",
        ),
        (
            steps(&[(Some(0.0), Some(5.0)), (Some(4.0), None)]),
            "steps is 5 before 4, must be without gap or overlap",
        ),
        (
            steps(&[(Some(0.0), None), (Some(4.0), None)]),
            "steps is inf before 4, must be without gap or overlap",
        ),
        (
            steps(&[(None, None)]),
            "steps is without bounds, must be bounded on one side at least",
        ),
        (
            steps(&[(Some(-5.0), Some(0.0))]),
            "steps is from -5, must be open-ended below where a lower bound is negative",
        ),
        (
            steps(&[(Some(0.0), Some(5.0))]),
            "steps is up to 5, must be open-ended above where an upper bound is positive",
        ),
        (
            steps(&[(Some(5.0), None), (Some(0.0), Some(5.0))]),
            "accepted",
        ), // in any order
        (steps(&[(None, Some(-0.0)), (Some(0.0), None)]), "accepted"),
    ] {
        let refused = message(StepScaling::new(config([(above(50.0), action)])));
        let expected = match expected {
            "accepted" => expected.to_owned(),
            _ => format!("alarms[0].action.{expected}"),
        };
        assert_eq!(refused, expected);
    }
}

#[test]
fn a_refused_reconfiguration_leaves_the_old_one() {
    let fine = config([(above(50.0), change(1))]);
    let mut policy = StepScaling::new(fine.clone()).unwrap();
    assert!(
        policy
            .reconfigure(config([(above(f64::NAN), change(1))]))
            .is_err()
    );
    assert_eq!(policy.config(), &fine);
    let other = Alarm::new("other", value(), above(1.0).comparison, 50.0);
    policy
        .reconfigure(config([(other, change(1)), (above(60.0), change(2))]))
        .unwrap();
    assert_eq!(policy.state().alarms.len(), 2);
}
