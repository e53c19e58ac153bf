//! Snapshots continue where they were taken; files are what people write.

use autoscale_core::{
    AdjustmentType, Decision, Gauge, Policy, StepScaling, StepScalingConfig, StepScalingSnapshot,
    TargetTracking, TargetTrackingConfig, TargetTrackingSnapshot, TrackedTarget,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{above, at, below, change, policy, step, value};
use crate::given::secs;

fn through_json<T: Serialize + DeserializeOwned>(value: &T) -> T {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}

/// Runs for an hour; from each minute on, a copy from a file does the same.
fn continues<P: Policy + Clone + Serialize + DeserializeOwned>(policy: P) {
    let decide = |policy: &mut P, tick: u64, replicas: u32| -> Decision {
        let load = i64::try_from((tick * 13) % 97).unwrap();
        policy.decide(secs(tick * 15), &at(load)(replicas))
    };
    let (mut policy, mut replicas, mut changes) = (policy, 4, 0);
    for tick in 0..240 {
        let mut copy = through_json(&policy);
        let decision = decide(&mut policy, tick, replicas);
        assert_eq!(decide(&mut copy, tick, replicas), decision, "{tick}");
        changes += u32::from(decision.is_change());
        replicas = decision.replicas.clamp(1, 20);
    }
    assert!(changes > 3, "{changes}");
}

#[test]
fn policies_continue() {
    let target = TrackedTarget::new(value(), 40.0).with_scale_in_periods(2);
    let config = TargetTrackingConfig::new([target]).with_warm_up(secs(60));
    continues(TargetTracking::new(config).unwrap());
    continues(policy([
        (
            above(45.0),
            step(AdjustmentType::PercentChangeInCapacity, 20),
        ),
        (below(40.0), change(-1).with_cooldown(secs(90))),
    ]));
}

#[test]
fn a_snapshot_that_does_not_fit_is_made_to() {
    let two = policy([(above(45.0), change(1)), (below(40.0), change(-1))]);
    let mut snapshot = StepScalingSnapshot::from(two);
    snapshot.state.alarms.truncate(1);
    snapshot.state.alarms[0].window.closed = vec![None; 100].into();
    let restored = StepScaling::try_from(snapshot).unwrap();
    assert_eq!(restored.state().alarms.len(), 2);
    assert_eq!(restored.state().alarms[0].window.closed.len(), 3);
    let target = TrackedTarget::new(value(), 40.0);
    let one = TargetTracking::new(TargetTrackingConfig::new([target])).unwrap();
    let mut snapshot = TargetTrackingSnapshot::from(one);
    snapshot.config.warm_up = secs(86_400);
    assert!(TargetTracking::try_from(snapshot).is_err());
}

#[test]
fn files_are_what_people_write() {
    let written = json!({
        "targets": [{
            "gauge": { "statistic": { "utilization": { "resource": "cpu" } } },
            "target_value": 50.0,
            "scale_in_periods": 30,
        }],
        "warm_up": "90s",
    });
    let read: TargetTrackingConfig = serde_json::from_value(written).unwrap();
    let target = TrackedTarget::new(Gauge::cpu_utilization(), 50.0).with_scale_in_periods(30);
    assert_eq!(
        read,
        TargetTrackingConfig::new([target]).with_warm_up(secs(90))
    );

    let written = json!({
        "alarms": [{
            "alarm": {
                "name": "high",
                "gauge": { "statistic": "value" },
                "comparison": "greater_than_or_equal_to_threshold",
                "threshold": 45.0,
                "period": "1m",
            },
            "action": {
                "policy_type": "step",
                "adjustment_type": "percent_change_in_capacity",
                "steps": [{ "lower_bound": 0.0, "adjustment": 20 }],
            },
        }],
    });
    let read: StepScalingConfig = serde_json::from_value(written.clone()).unwrap();
    let twenty = step(AdjustmentType::PercentChangeInCapacity, 20);
    assert_eq!(read, super::config([(above(45.0), twenty)]));
    assert_eq!(through_json(&read), read);

    let mut misspelt = written;
    misspelt["alarms"][0]["alarm"]["treshold"] = Value::from(1.0);
    let refused = serde_json::from_value::<StepScalingConfig>(misspelt);
    assert!(refused.unwrap_err().to_string().contains("treshold"));
    let bad = json!({ "config": { "targets": [] } });
    let refused = serde_json::from_value::<TargetTracking>(bad).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "targets is missing: at least one target"
    );
}
