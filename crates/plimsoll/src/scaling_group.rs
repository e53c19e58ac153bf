//! AWS auto scaling groups: their alarms and targets, and the policy that these make together.

use std::collections::BTreeMap;
use std::time::Duration;

use autoscale_core::{
    AdjustmentType, Alarm, Comparison, ConfigError, Decision, Fixed, Gauge, Observation, Policy,
    ScalingAction, ScalingAlarm, Stage, StageKind, Statistic, StepAdjustment, StepScaling,
    StepScalingConfig, StepScalingSnapshot, StepScalingState, TargetTracking, TargetTrackingConfig,
    TargetTrackingSnapshot, TargetTrackingState, TrackedTarget,
};
use plimsoll_sim::Signal;
use serde::{Deserialize, Serialize};

use crate::policy_file::Bounds;

/// The lowest scale-out threshold lies this many times above what a step policy aims at.
pub(crate) const OUT: f64 = 1.1;
/// Where the default rule takes larger steps.
const FAR_OUT: f64 = 1.3;
/// Where the default rule scales in.
const IN: f64 = 0.7;

/// What an auto scaling group scales by: alarms with their actions, targets, or both.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ScalingGroup {
    pub(crate) step: Option<StepScalingConfig>,
    pub(crate) tracking: Option<TargetTrackingConfig>,
    /// What each reading of an observation is.
    pub(crate) metrics: Vec<String>,
    /// Bounds that the file gives.
    pub(crate) bounds: Bounds,
    /// Whether a replica is warm as soon as the fleet's start-up is over, whatever is said below.
    pub(crate) warms_up_as_fleet: bool,
}

impl ScalingGroup {
    /// The same with another warm-up.
    pub(crate) fn with_warm_up(mut self, warm_up: Duration) -> Self {
        if let Some(step) = &mut self.step {
            step.warm_up = warm_up;
        }
        if let Some(tracking) = &mut self.tracking {
            tracking.warm_up = warm_up;
        }
        self
    }

    /// Target tracking of a CPU utilization, a share of the request.
    pub(crate) fn tracking_cpu(share: f64) -> TargetTrackingConfig {
        let target = TrackedTarget::new(Gauge::cpu_utilization(), 100.0 * share);
        TargetTrackingConfig::new([target])
    }

    /// A common rule about a CPU utilization, at periods of a minute: above 1.1 times of it 10 %
    /// are added, above 1.3 times 30 %; 5 minutes below 0.7 times 10 % are taken, at least 1, and
    /// then nothing for 5 minutes.
    pub(crate) fn stepping_cpu(share: f64) -> StepScalingConfig {
        let percent = AdjustmentType::PercentChangeInCapacity;
        let far = 100.0 * share * (FAR_OUT - OUT);
        let out = ScalingAction::step(
            percent,
            [
                StepAdjustment::new(Some(0.0), Some(far), 10),
                StepAdjustment::new(Some(far), None, 30),
            ],
        );
        let inwards = ScalingAction::simple(percent, -10).with_min_adjustment_magnitude(Some(1));
        let alarm = |name: &str, comparison, factor: f64| {
            let gauge = Gauge::cpu_utilization();
            Alarm::new(name, gauge, comparison, 100.0 * share * factor)
        };
        StepScalingConfig::new([
            ScalingAlarm::new(alarm("high", Comparison::GreaterThanThreshold, OUT), out),
            ScalingAlarm::new(
                alarm("low", Comparison::LessThanThreshold, IN).with_evaluation_periods(5),
                inwards,
            ),
        ])
    }

    /// Names the readings after what its gauges make of them; fails with the first reading that no
    /// gauge looks at.
    pub(crate) fn with_named_metrics(mut self) -> Result<Self, usize> {
        let mut names = BTreeMap::new();
        for gauge in self.gauges_mut() {
            let name = match &gauge.statistic {
                Statistic::Utilization { resource } => resource.as_str(),
                Statistic::PerReplica => "a value of each replica",
                Statistic::Total => "a total",
                _ => "a value",
            };
            names.insert(gauge.reading, name.to_owned());
        }
        if let Some(gap) = (0..names.len()).find(|reading| !names.contains_key(reading)) {
            return Err(gap);
        }
        self.metrics = names.into_values().collect();
        Ok(self)
    }

    /// What reports call its kind.
    pub(crate) const fn kind(&self) -> &'static str {
        match (&self.step, &self.tracking) {
            (Some(_), Some(_)) => "step, target-tracking",
            (Some(_), None) => "step",
            (None, Some(_)) => "target-tracking",
            (None, None) => "schedule",
        }
    }

    /// What it looks at.
    pub(crate) fn gauges(&self) -> impl Iterator<Item = &Gauge> {
        let alarms = self.step.iter().flat_map(|step| &step.alarms);
        let targets = self.tracking.iter().flat_map(|t| &t.targets);
        alarms
            .map(|a| &a.alarm.gauge)
            .chain(targets.map(|t| &t.gauge))
    }

    fn gauges_mut(&mut self) -> impl Iterator<Item = &mut Gauge> {
        let alarms = self.step.iter_mut().flat_map(|step| &mut step.alarms);
        let targets = self.tracking.iter_mut().flat_map(|t| &mut t.targets);
        alarms
            .map(|a| &mut a.alarm.gauge)
            .chain(targets.map(|t| &mut t.gauge))
    }

    /// Splits it into what a load trace can drive, with its signals, and the names of the other
    /// metrics. Without signals nothing is left.
    pub(crate) fn driven_by_load(mut self) -> (Self, Vec<Signal>, Vec<String>) {
        let (mut signals, mut left_out) = (Vec::new(), Vec::new());
        let metrics = std::mem::take(&mut self.metrics);
        let mut keep = |gauge: &mut Gauge| {
            let reading = gauge.reading;
            let driven = drive(gauge, &mut signals);
            if !driven {
                let name = metrics.get(reading).cloned().unwrap_or_default();
                if !left_out.contains(&name) {
                    left_out.push(name);
                }
            }
            driven
        };
        if let Some(step) = &mut self.step {
            step.alarms.retain_mut(|alarm| keep(&mut alarm.alarm.gauge));
        }
        if let Some(tracking) = &mut self.tracking {
            tracking
                .targets
                .retain_mut(|target| keep(&mut target.gauge));
        }
        self.step.take_if(|step| step.alarms.is_empty());
        self.tracking
            .take_if(|tracking| tracking.targets.is_empty());
        (self, signals, left_out)
    }

    /// How long a replica's age matters to it.
    pub(crate) fn warm_up(&self) -> Duration {
        let step = self.step.iter().map(|step| step.warm_up);
        let tracking = self.tracking.iter().map(|tracking| tracking.warm_up);
        step.chain(tracking).max().unwrap_or_default()
    }

    /// The utilization that it aims at, as a share of what a replica carries.
    pub(crate) fn setting(&self, capacity_rps: f64) -> Option<f64> {
        let targets = self.tracking.iter().flat_map(|t| &t.targets);
        let targets = targets.filter_map(|t| Some(t.target_value / unit(&t.gauge, capacity_rps)?));
        let step = self.lowest_out(capacity_rps).map(|lowest| lowest / OUT);
        targets.chain(step).reduce(f64::min)
    }

    /// The lowest threshold that scales out, as a share of what a replica carries.
    fn lowest_out(&self, capacity_rps: f64) -> Option<f64> {
        let alarms = self.step.iter().flat_map(|step| &step.alarms);
        alarms
            .filter(|a| {
                matches!(
                    a.alarm.comparison,
                    Comparison::GreaterThanThreshold | Comparison::GreaterThanOrEqualToThreshold
                )
            })
            .filter_map(|a| Some(a.alarm.threshold / unit(&a.alarm.gauge, capacity_rps)?))
            .filter(|share| *share > 0.0)
            .reduce(f64::min)
    }

    /// Aims at another utilization: targets become it, and thresholds and the bounds of steps move
    /// in proportion, so that the lowest one that scales out is 1.1 times of it.
    pub(crate) fn at(&self, share: f64, capacity_rps: f64) -> Self {
        let mut group = self.clone();
        for target in group.tracking.iter_mut().flat_map(|t| &mut t.targets) {
            if let Some(unit) = unit(&target.gauge, capacity_rps) {
                target.target_value = share * unit;
            }
        }
        if let Some(lowest) = self.lowest_out(capacity_rps) {
            let factor = OUT * share / lowest;
            for alarm in group.step.iter_mut().flat_map(|step| &mut step.alarms) {
                if unit(&alarm.alarm.gauge, capacity_rps).is_none() {
                    continue;
                }
                alarm.alarm.threshold *= factor;
                for step in &mut alarm.action.steps {
                    step.lower_bound = step.lower_bound.map(|bound| bound * factor);
                    step.upper_bound = step.upper_bound.map(|bound| bound * factor);
                }
            }
        }
        group
    }
}

/// Has a gauge read the signal that shows its figure, where a load trace has one; the signals are a
/// policy's readings.
pub(crate) fn drive(gauge: &mut Gauge, signals: &mut Vec<Signal>) -> bool {
    let Some(signal) = signal_for(&gauge.statistic) else {
        return false;
    };
    let place = signals.iter().position(|s| *s == signal);
    gauge.reading = place.unwrap_or(signals.len());
    if place.is_none() {
        signals.push(signal);
    }
    true
}

fn signal_for(statistic: &Statistic) -> Option<Signal> {
    match statistic {
        Statistic::Utilization { resource } if resource == "cpu" => Some(Signal::Cpu),
        Statistic::PerReplica | Statistic::Total => Some(Signal::TotalRate),
        _ => None,
    }
}

/// What a gauge of one replica's load shows where the replica carries all it can.
pub(crate) fn unit(gauge: &Gauge, capacity_rps: f64) -> Option<f64> {
    match &gauge.statistic {
        Statistic::Utilization { .. } => Some(100.0),
        Statistic::PerReplica => Some(capacity_rps),
        _ => None,
    }
}

/// The policy of an auto scaling group.
///
/// Where both its alarms and its targets change the count, the larger one holds, as in AWS. Unlike
/// in a `MaxOf`, a side that changes nothing holds nothing back, unless it could not see.
#[derive(Debug)]
pub(crate) struct GroupPolicy {
    step: Option<StepScaling>,
    tracking: Option<TargetTracking>,
    other: Decision,
}

/// What a group remembers between decisions.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupState {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    step: Option<StepScalingState>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tracking: Option<TargetTrackingState>,
}

impl GroupPolicy {
    pub(crate) fn new(group: &ScalingGroup) -> Result<Self, ConfigError> {
        Ok(Self {
            step: group.step.clone().map(StepScaling::new).transpose()?,
            tracking: group
                .tracking
                .clone()
                .map(TargetTracking::new)
                .transpose()?,
            other: Decision::default(),
        })
    }

    /// Goes on from a state; `None` where it is another kind of group's.
    pub(crate) fn resume(
        group: ScalingGroup,
        state: GroupState,
    ) -> Option<Result<Self, ConfigError>> {
        let step = match (group.step, state.step) {
            (Some(config), Some(state)) => Some(StepScalingSnapshot { config, state }),
            (None, None) => None,
            _ => return None,
        };
        let tracking = match (group.tracking, state.tracking) {
            (Some(config), Some(state)) => Some(TargetTrackingSnapshot { config, state }),
            (None, None) => None,
            _ => return None,
        };
        let build = || {
            Ok(Self {
                step: step.map(StepScaling::try_from).transpose()?,
                tracking: tracking.map(TargetTracking::try_from).transpose()?,
                other: Decision::default(),
            })
        };
        Some(build())
    }

    pub(crate) fn state(&self) -> GroupState {
        GroupState {
            step: self.step.as_ref().map(|step| step.state().clone()),
            tracking: self.tracking.as_ref().map(|t| t.state().clone()),
        }
    }
}

impl Policy for GroupPolicy {
    fn decide_into(&mut self, now: Duration, seen: &Observation, out: &mut Decision) {
        let (step, tracking) = match (&mut self.step, &mut self.tracking) {
            (Some(step), Some(tracking)) => (step, tracking),
            (Some(step), None) => return step.decide_into(now, seen, out),
            (None, Some(tracking)) => return tracking.decide_into(now, seen, out),
            (None, None) => return Fixed(seen.spec_replicas).decide_into(now, seen, out),
        };
        let other = &mut self.other;
        step.decide_into(now, seen, out);
        tracking.decide_into(now, seen, other);
        let current = seen.spec_replicas;
        let (first, second) = (out.replicas, other.replicas);
        let blind = (out.blind, other.blind);
        let take_other = match () {
            // What one side cannot see must not make the other's scale-in go ahead.
            () if second < current && blind.0 => false,
            () if first < current && blind.1 => true,
            () if first == current => second != current,
            () => second != current && second > first,
        };
        if take_other {
            std::mem::swap(out, other);
        }
        out.stages.push(Stage {
            kind: StageKind::MaxOf,
            replicas: out.replicas,
        });
        out.thresholds.append(&mut other.thresholds);
        out.blind = blind.0 && blind.1;
    }

    fn next_wakeup(&self) -> Option<Duration> {
        let step = self.step.as_ref().and_then(Policy::next_wakeup);
        let tracking = self.tracking.as_ref().and_then(Policy::next_wakeup);
        step.into_iter().chain(tracking).min()
    }
}

#[cfg(test)]
mod tests {
    use autoscale_core::{MetricReading, Milli, PodGroup, Reason, Sample};

    use super::*;

    /// Ten replicas at a CPU utilization in percent; the queue is the second reading.
    fn seen(percent: i64, queue: MetricReading) -> Observation {
        let pods = PodGroup::running(10).with_request("app", "cpu", Milli(1000));
        let cpu = vec![Sample::of_group(0, 10, Milli(10 * percent))];
        Observation::new(10)
            .with_pods([pods])
            .with_readings([MetricReading::Pods(cpu), queue])
    }

    fn value(queue: i64) -> MetricReading {
        MetricReading::value(Milli(1000 * queue))
    }

    /// A target of 50 % CPU, and an alarm that adds 3 where the queue is longer than 100.
    fn group() -> ScalingGroup {
        let gauge = Gauge::new(Statistic::Value).with_reading(1);
        let alarm = Alarm::new("queue", gauge, Comparison::GreaterThanThreshold, 100.0);
        let action = ScalingAction::simple(AdjustmentType::ChangeInCapacity, 3);
        ScalingGroup {
            step: Some(StepScalingConfig::new([ScalingAlarm::new(alarm, action)])),
            tracking: Some(ScalingGroup::tracking_cpu(0.5)),
            ..ScalingGroup::default()
        }
    }

    /// What is decided after 20 minutes of the same.
    fn settled(percent: i64, queue: &MetricReading) -> Decision {
        let mut policy = GroupPolicy::new(&group()).unwrap();
        let decide = |minute: u64| {
            policy.decide(
                Duration::from_secs(60 * minute),
                &seen(percent, queue.clone()),
            )
        };
        (0..20).map(decide).last().unwrap()
    }

    #[test]
    fn the_larger_of_two_changes_holds_and_none_holds_nothing_back() {
        for (percent, queue, replicas) in [
            (50, 10, 10),
            (90, 10, 18),
            (50, 200, 13),
            (90, 200, 18),
            (20, 10, 4),
            (20, 200, 13),
        ] {
            let decision = settled(percent, &value(queue));
            assert_eq!(decision.replicas, replicas, "{percent} %, {queue}");
            assert_eq!(decision.after(StageKind::MaxOf), Some(replicas));
            assert_eq!(decision.thresholds.len(), 2);
        }
    }

    #[test]
    fn what_one_side_cannot_see_makes_nothing_smaller() {
        let failed = MetricReading::Failed;
        let decision = settled(20, &failed);
        assert_eq!((decision.replicas, decision.reason), (10, Reason::NoData));
        assert!(!decision.blind, "the other side saw");
        assert_eq!(settled(90, &failed).replicas, 18);
    }

    #[test]
    fn a_state_goes_with_its_own_kind_of_group_only() {
        let state = || GroupPolicy::new(&group()).unwrap().state();
        assert!(GroupPolicy::resume(group(), state()).is_some_and(|p| p.is_ok()));
        let step_only = ScalingGroup {
            tracking: None,
            ..group()
        };
        assert!(GroupPolicy::resume(step_only, state()).is_none());
    }

    #[test]
    fn the_knob_turns_every_threshold_that_a_replicas_load_has() {
        let group = ScalingGroup {
            step: Some(ScalingGroup::stepping_cpu(0.7)),
            ..group()
        };
        assert!(group.setting(40.0).is_some_and(|s| (s - 0.5).abs() < 1e-9));
        let turned = group.at(0.35, 40.0);
        let thresholds = |group: &ScalingGroup| -> Vec<f64> {
            let alarms = &group.step.as_ref().unwrap().alarms;
            alarms.iter().map(|a| a.alarm.threshold).collect()
        };
        for (before, after) in thresholds(&group).iter().zip(thresholds(&turned)) {
            assert!((after - before / 2.0).abs() < 1e-9);
        }
        let bound = turned.step.as_ref().unwrap().alarms[0].action.steps[1].lower_bound;
        assert!(bound.is_some_and(|b| (b - 7.0).abs() < 1e-9));
        assert_eq!(turned.tracking.unwrap().targets[0].target_value, 35.0);
    }
}
