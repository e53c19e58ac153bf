//! AWS target tracking and step scaling.

mod alarm;
mod config_errors;
mod properties;
mod simple_scaling;
#[cfg(feature = "serde")]
mod snapshot;
mod step_scaling;
mod target_tracking;

use std::time::Duration;

use autoscale_core::{
    AdjustmentType, Alarm, Comparison, Decision, Gauge, MetricReading, Observation, PodGroup,
    Policy, ScalingAction, ScalingAlarm, Statistic, StepAdjustment, StepScaling, StepScalingConfig,
};

use crate::given::{secs, seen_value};

/// Decides every 15 s, and carries out what is decided at once.
pub(crate) struct Run<P> {
    pub(crate) policy: P,
    pub(crate) now: Duration,
    pub(crate) replicas: u32,
    pub(crate) tick: Duration,
}

impl<P: Policy> Run<P> {
    pub(crate) const fn new(policy: P, replicas: u32) -> Self {
        Self {
            policy,
            now: Duration::ZERO,
            replicas,
            tick: Duration::from_secs(15),
        }
    }

    /// One decision on what the group of so many replicas shows.
    pub(crate) fn once(&mut self, seen: impl Fn(u32) -> Observation) -> Decision {
        let decision = self.policy.decide(self.now, &seen(self.replicas));
        self.replicas = decision.replicas;
        self.now += self.tick;
        decision
    }

    /// Up to but not including the instant given.
    pub(crate) fn before(&mut self, end: u64, seen: impl Fn(u32) -> Observation) {
        while self.now < secs(end) {
            self.once(&seen);
        }
    }

    /// Up to and including the instant given; the last decision.
    pub(crate) fn until(&mut self, end: u64, seen: impl Fn(u32) -> Observation) -> Decision {
        let mut last = Decision::default();
        while self.now <= secs(end) {
            last = self.once(&seen);
        }
        last
    }
}

/// A metric that is the same however many replicas there are.
pub(crate) fn at(units: i64) -> impl Fn(u32) -> Observation {
    move |replicas| seen_value(replicas, units * 1000)
}

pub(crate) fn failed(replicas: u32) -> Observation {
    seen_value(replicas, 0).with_readings([MetricReading::Failed])
}

pub(crate) fn value() -> Gauge {
    Gauge::new(Statistic::Value)
}

pub(crate) fn above(threshold: f64) -> Alarm {
    let comparison = Comparison::GreaterThanOrEqualToThreshold;
    Alarm::new("high", value(), comparison, threshold)
}

pub(crate) fn below(threshold: f64) -> Alarm {
    let comparison = Comparison::LessThanOrEqualToThreshold;
    Alarm::new("low", value(), comparison, threshold)
}

pub(crate) fn change(adjustment: i32) -> ScalingAction {
    ScalingAction::simple(AdjustmentType::ChangeInCapacity, adjustment)
}

/// A step policy with one step on the alarm's side.
pub(crate) fn step(adjustment_type: AdjustmentType, adjustment: i32) -> ScalingAction {
    let step = if adjustment < 0 {
        StepAdjustment::new(None, Some(0.0), adjustment)
    } else {
        StepAdjustment::new(Some(0.0), None, adjustment)
    };
    ScalingAction::step(adjustment_type, [step])
}

pub(crate) fn policy<const N: usize>(alarms: [(Alarm, ScalingAction); N]) -> StepScaling {
    StepScaling::new(config(alarms)).unwrap()
}

pub(crate) fn config<const N: usize>(alarms: [(Alarm, ScalingAction); N]) -> StepScalingConfig {
    let alarms = alarms.map(|(alarm, action)| ScalingAlarm::new(alarm, action));
    StepScalingConfig::new(alarms)
}

/// The observation with its newest `count` replicas started so long ago, or not yet.
pub(crate) fn starting(mut seen: Observation, count: u32, age: Option<u64>) -> Observation {
    let old = seen.pods[0].clone();
    seen.pods[0].count -= count;
    seen.pods.push(PodGroup {
        count,
        started_age: age.map(secs),
        ready: age.and(old.ready),
        phase: if age.is_some() {
            old.phase
        } else {
            autoscale_core::Phase::Pending
        },
        ..old
    });
    seen
}
