//! What a service's policy remembers, in bytes that are really allocated. A binary of its own: it
//! replaces the allocator.

use std::time::Duration;

use allocation_counter::measure;
use autoscale_core::{
    AdjustmentType, Alarm, Behavior, Comparison, ContainerObservation, Decision, Gauge, Hpa,
    HpaConfig, Kpa, KpaConfig, LoadTrend, MetricReading, MetricSpec, Milli, Observation, PodGroup,
    Policy, ResourceTarget, Resources, RightSizing, RightSizingConfig, Sample, ScalingAction,
    ScalingAlarm, Sizer, Statistic, StepAdjustment, StepScaling, StepScalingConfig, TargetTracking,
    TargetTrackingConfig, TrackedTarget, Triggers, TriggersConfig, VerticalDecision, Vpa,
    VpaConfig, WeightedConfig, WeightedFactors,
};

const DAY_S: u64 = 86_400;
const MOST: usize = 1024;

/// A load that goes up and down at several speeds and has bursts, in thousandths of a replica.
fn load(second: u64) -> i64 {
    let wave = |period: u64| (second % period).abs_diff(period / 2) * 10_000 / period;
    let burst = if second % 7200 < 300 { 9000 } else { 0 };
    i64::try_from(1000 + wave(600) + wave(5000) / 2 + wave(DAY_S) * 2 + burst).unwrap()
}

/// Runs a policy for a day and holds what it keeps beyond its configuration against the limit.
#[allow(clippy::disallowed_macros)] // The figures of docs/COMPARISON.md.
fn keeps_at_most_a_kibibyte<C: Clone, P: Policy>(
    name: &str,
    config: &C,
    tick_s: u64,
    new: impl FnOnce(C) -> P,
) {
    let (mut policy, mut copy) = (None, None);
    let mut changes = 0;
    let held = measure(|| {
        let mut running = new(config.clone());
        let (mut out, mut replicas) = (Decision::default(), 10);
        for tick in 0..DAY_S / tick_s {
            let now = tick * tick_s;
            let seen = seen(replicas, load(now));
            running.decide_into(Duration::from_secs(now), &seen, &mut out);
            changes += u32::from(out.is_change());
            replicas = out.replicas.clamp(1, 50);
        }
        policy = Some(running);
    });
    let given = measure(|| copy = Some(config.clone()));
    let heap = usize::try_from(held.bytes_current - given.bytes_current).unwrap();
    let state = size_of::<P>() - size_of::<C>() + heap;
    println!("{name}: {state} bytes, {heap} of them on the heap, after {changes} changes");
    assert!(changes > 10, "{name}: {changes} changes");
    assert!(state <= MOST, "{name}: {state} bytes");
}

/// CPU and memory of the pods, a p95, requests and connections.
fn seen(replicas: u32, load: i64) -> Observation {
    let each = Milli(load / i64::from(replicas));
    let pods = PodGroup::running(replicas)
        .with_request("app", "cpu", Milli(1000))
        .with_request("app", "memory", Milli(1000));
    let samples = || MetricReading::Pods(vec![Sample::of_group(0, replicas, each)]);
    let value = |value| MetricReading::value(Milli(value));
    let values = [each.0 * 2, load, each.0 / 20].map(value);
    Observation::new(replicas)
        .with_pods([pods])
        .with_readings([samples(), samples()].into_iter().chain(values))
}

#[test]
fn hpa() {
    let memory = ResourceTarget::Utilization(70);
    let memory = MetricSpec::Resource {
        name: "memory".into(),
        target: memory,
    };
    for (name, behavior) in [
        ("hpa", None),
        ("hpa with behavior", Some(Behavior::default())),
    ] {
        let metrics = [MetricSpec::cpu_utilization(60), memory.clone()];
        let config = HpaConfig::new(50, metrics).with_behavior(behavior);
        keeps_at_most_a_kibibyte(name, &config, 15, |c| Hpa::new(c).unwrap());
    }
}

#[test]
fn kpa() {
    let config = KpaConfig::new(0.6);
    keeps_at_most_a_kibibyte("kpa", &config, 2, |c| Kpa::new(c).unwrap());
}

#[test]
fn target_tracking() {
    let target = TrackedTarget::new(Gauge::cpu_utilization(), 60.0);
    let config = TargetTrackingConfig::new([target]);
    let new = |c| TargetTracking::new(c).unwrap();
    keeps_at_most_a_kibibyte("target tracking", &config, 15, new);
}

#[test]
fn step_scaling() {
    let gauge = Gauge::cpu_utilization;
    let high = Alarm::new("high", gauge(), Comparison::GreaterThanThreshold, 70.0);
    let low = Alarm::new("low", gauge(), Comparison::LessThanThreshold, 30.0);
    let percent = AdjustmentType::PercentChangeInCapacity;
    let add = StepAdjustment::new(Some(0.0), None, 20);
    let config = StepScalingConfig::new([
        ScalingAlarm::new(high, ScalingAction::step(percent, [add])),
        ScalingAlarm::new(low, ScalingAction::simple(percent, -10)),
    ]);
    let new = |c| StepScaling::new(c).unwrap();
    keeps_at_most_a_kibibyte("step scaling", &config, 15, new);
}

#[test]
fn triggers() {
    let config = TriggersConfig::web_service(1000.0);
    let new = |c| Triggers::new(c).unwrap();
    keeps_at_most_a_kibibyte("triggers", &config, 15, new);
}

#[test]
fn weighted_factors() {
    let trend = LoadTrend::new(Gauge::new(Statistic::Total).with_reading(3));
    let config = WeightedConfig::default().with_trend(Some(trend));
    let new = |c| WeightedFactors::new(c).unwrap();
    keeps_at_most_a_kibibyte("weighted factors", &config, 15, new);
}

/// Most that a vertical sizer keeps of a container.
const MOST_OF_A_CONTAINER: usize = 2048;

/// Runs a sizer for two weeks of a use that spans so many powers of ten; gives what it keeps beyond
/// its configuration.
#[allow(clippy::disallowed_macros)] // The figures of docs/COMPARISON.md.
fn kept<C: Clone, S>(name: &str, config: &C, tens: f64, new: impl FnOnce(C) -> S) -> usize
where
    S: Sizer<Observation = ContainerObservation, Decision = VerticalDecision>,
{
    let (mut sizer, mut copy) = (None, None);
    let held = measure(|| {
        let mut running = new(config.clone());
        let mut out = VerticalDecision::default();
        for minute in 0..14 * 1440_u32 {
            let height = f64::from(minute * 31 % 1000) / 999.0 - 1.0;
            let scale = 10.0_f64.powf(height * tens);
            let seen = ContainerObservation::new(Resources::new(4000, 8 << 30))
                .with_cpu(4.0 * scale)
                .with_memory(8e9 * 10.0_f64.powf((f64::from(minute % 7) - 7.0) / 7.0 * tens))
                .with_running(Duration::from_secs(60) * minute);
            running.decide_into(Duration::from_secs(60) * minute, &seen, &mut out);
        }
        sizer = Some(running);
    });
    let given = measure(|| copy = Some(config.clone()));
    let heap = usize::try_from(held.bytes_current - given.bytes_current).unwrap();
    let state = size_of::<S>() - size_of::<C>() + heap;
    println!("{name}, 10^{tens}: {state} bytes, {heap} of them on the heap");
    state
}

#[test]
fn right_sizing() {
    for tens in [0.2, 1.0, 6.0] {
        let new = |config| RightSizing::new(config).unwrap();
        let state = kept("right-sizing", &RightSizingConfig::default(), tens, new);
        assert!(state <= MOST_OF_A_CONTAINER, "{state} bytes");
    }
}

#[test]
fn vpa() {
    let state = |tens| kept("vpa", &VpaConfig::default(), tens, |c| Vpa::new(c).unwrap());
    let states = [0.2, 1.0, 2.0].map(state);
    assert!(states.is_sorted());
    assert!(
        states.iter().all(|state| *state <= MOST_OF_A_CONTAINER),
        "{states:?}"
    );
}
