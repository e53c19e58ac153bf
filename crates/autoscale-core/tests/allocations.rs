//! After warm-up a decision allocates nothing. A binary of its own: it replaces the allocator.

use std::time::Duration;

use autoscale_core::{
    ActivationConfig, AdjustmentType, Alarm, Behavior, Comparison, Decision, Fallback,
    FallbackMode, Gauge, Hpa, HpaConfig, Kpa, KpaConfig, LoadTrend, MaxOf, MetricReading,
    MetricSpec, Milli, NodePool, NodePoolConfig, Observation, PodGroup, Policy, PolicyExt,
    PoolNode, PoolObservation, Predictive, PredictiveConfig, ReadReplicas, ReadReplicasConfig,
    ReplicaNode, ReplicaObservation, ResourceTarget, Sample, ScalingAction, ScalingAlarm, Sizer,
    Statistic, StepAdjustment, StepScaling, StepScalingConfig, TargetTracking,
    TargetTrackingConfig, TrackedTarget, Triggers, TriggersConfig, WeightedConfig, WeightedFactors,
};

/// `groups` groups of `count` pods, `metrics` readings of which every `loss`th sample is missing.
fn seen(groups: usize, count: u32, metrics: usize, usage: i64, loss: usize) -> Observation {
    let pod = PodGroup {
        count,
        ..PodGroup::running(1)
            .with_request("app", "cpu", Milli(1000))
            .with_request("app", "memory", Milli(1000))
    };
    let samples = (0..groups)
        .filter(|i| loss == 0 || i % loss != 0)
        .map(|i| Sample::of_group(i, count, Milli(usage)))
        .collect();
    Observation::new(u32::try_from(groups).unwrap() * count)
        .with_pods(vec![pod; groups])
        .with_readings(vec![MetricReading::Pods(samples); metrics])
}

/// Decides on these in turn for half an hour, then counts the allocations of as many decisions.
fn allocations(mut policy: impl Policy, seen: &[Observation]) -> u64 {
    let mut out = Decision::default();
    let mut tick = 0;
    let mut run = |out: &mut Decision| {
        for _ in 0..120 {
            for seen in seen {
                policy.decide_into(Duration::from_secs(tick * 15), seen, out);
                tick += 1;
            }
        }
    };
    run(&mut out);
    allocation_counter::measure(|| run(&mut out)).count_total
}

fn metrics(count: usize) -> Vec<MetricSpec> {
    let memory = MetricSpec::Resource {
        name: "memory".into(),
        target: ResourceTarget::Utilization(70),
    };
    let queue = MetricSpec::Pods {
        name: "queue".into(),
        average_value: Milli(600),
    };
    let all = [MetricSpec::cpu_utilization(50), memory, queue];
    all.into_iter().take(count).collect()
}

fn hpa(count: usize, behavior: Option<Behavior>) -> Hpa {
    Hpa::new(HpaConfig::new(2000, metrics(count)).with_behavior(behavior)).unwrap()
}

/// Calm, busy, idle, with holes, and dead.
fn day(groups: usize, count: u32, metrics: usize) -> Vec<Observation> {
    let mut day: Vec<_> = [(500, 0), (900, 0), (100, 0), (900, 3), (100, 3)]
        .map(|(usage, loss)| seen(groups, count, metrics, usage, loss))
        .into();
    day.push(Observation {
        readings: vec![MetricReading::Failed; metrics],
        ..seen(groups, count, metrics, 1, 0)
    });
    day
}

#[test]
fn the_counter_counts() {
    let grow = allocation_counter::measure(|| drop(std::hint::black_box(vec![1; 100])));
    assert_eq!(grow.count_total, 1);
}

#[test]
fn hpa_allocates_nothing() {
    for behavior in [None, Some(Behavior::default())] {
        for (name, groups, count, metrics) in [
            ("10 pods", 10, 1, 1),
            ("1000 pods, 3 metrics", 1000, 1, 3),
            ("a group of 400", 1, 400, 1),
            ("3 groups of 300, 3 metrics", 3, 300, 3),
        ] {
            let found = allocations(hpa(metrics, behavior.clone()), &day(groups, count, metrics));
            assert_eq!(found, 0, "{name}");
        }
    }
}

#[test]
fn kpa_allocates_nothing() {
    let config = KpaConfig::new(10.0).with_scale_down_delay(Duration::from_secs(60));
    assert_eq!(allocations(Kpa::new(config).unwrap(), &day(10, 1, 1)), 0);
}

#[test]
fn target_tracking_allocates_nothing() {
    let target = TrackedTarget::new(Gauge::cpu_utilization(), 50.0);
    let policy = TargetTracking::new(TargetTrackingConfig::new([target])).unwrap();
    for (groups, count) in [(10, 1), (1000, 1), (1, 400)] {
        assert_eq!(allocations(policy.clone(), &day(groups, count, 1)), 0);
    }
}

#[test]
fn step_scaling_allocates_nothing() {
    let gauge = Gauge::cpu_utilization;
    let high = Alarm::new("high", gauge(), Comparison::GreaterThanThreshold, 70.0);
    let low = Alarm::new("low", gauge(), Comparison::LessThanThreshold, 30.0);
    let add = StepAdjustment::new(Some(0.0), None, 10);
    let percent = AdjustmentType::PercentChangeInCapacity;
    let config = StepScalingConfig::new([
        ScalingAlarm::new(high, ScalingAction::step(percent, [add])),
        ScalingAlarm::new(low, ScalingAction::simple(percent, -10)),
    ]);
    let policy = StepScaling::new(config).unwrap();
    assert_eq!(allocations(policy, &day(10, 1, 1)), 0);
}

#[test]
fn triggers_allocate_nothing() {
    let triggers = Triggers::new(TriggersConfig::web_service(100.0)).unwrap();
    assert_eq!(allocations(triggers, &day(10, 1, 5)), 0);
}

#[test]
fn weighted_factors_allocate_nothing() {
    let rate = Gauge::new(Statistic::Total).with_reading(4);
    let config = WeightedConfig::default().with_trend(Some(LoadTrend::new(rate)));
    let policy = WeightedFactors::new(config).unwrap();
    assert_eq!(allocations(policy, &day(10, 1, 5)), 0);
}

#[test]
fn combinators_allocate_nothing() {
    let fallback = Fallback {
        failure_threshold: 3,
        mode: FallbackMode::HigherOf(7),
    };
    let all: Vec<Box<dyn Policy>> = vec![
        Box::new(hpa(3, None)),
        Box::new(hpa(1, Some(Behavior::default()))),
        Box::new(Kpa::new(KpaConfig::new(10.0)).unwrap()),
    ];
    let policy = MaxOf::new(all)
        .unwrap()
        .stabilized(Duration::from_secs(30), Duration::from_secs(300))
        .unwrap()
        .rate_limited(Behavior::default())
        .unwrap()
        .with_fallback(fallback)
        .unwrap()
        .bounded(1..=50)
        .unwrap()
        .activated(ActivationConfig::new(Gauge::new(Statistic::Total)))
        .unwrap()
        .dry_run();
    assert_eq!(allocations(policy, &day(10, 1, 3)), 0);
}

/// Between changes: a change searches the calendar.
#[cfg(feature = "schedule")]
#[test]
fn schedules_allocate_nothing() {
    use autoscale_core::{Schedule, ScheduleEntry, ScheduleUntil};
    let end = ScheduleUntil::Cron("0 20 * * 1-5".into());
    let office = ScheduleEntry::new("0 6 * * 1-5", end, "Europe/Berlin").with_min(Some(12));
    let policy = hpa(1, None).scheduled(Schedule::new([office])).unwrap();
    assert_eq!(allocations(policy, &day(10, 1, 1)), 0);
}

/// 400 at most; 16 … 240 replicas' worth in a day, with steps, silence and noise.
struct Load {
    tick: u64,
    random: u64,
    seen: Observation,
    out: Decision,
}

impl Load {
    fn new() -> Self {
        Self {
            tick: 0,
            random: 1,
            seen: seen(1, 100, 0, 0, 0).with_readings([MetricReading::value(Milli(0))]),
            out: Decision::default(),
        }
    }

    fn predictive(start_up: u64) -> Predictive {
        let config = PredictiveConfig::new(0.01, 1.0)
            .with_max_replicas(400)
            .with_start_up(Duration::from_secs(start_up));
        Predictive::new(config).unwrap()
    }

    fn run(&mut self, policy: &mut Predictive, ticks: u64) {
        for _ in 0..ticks {
            self.random = self.random.wrapping_mul(6_364_136_223_846_793_005) + 1;
            let noise = i64::try_from(self.random >> 44).unwrap() / 64;
            let hour = (self.tick / 240 % 24).abs_diff(12);
            let level = 240_000 - 18_000 * i64::try_from(hour).unwrap();
            let level = if self.tick % 1000 < 40 {
                380_000
            } else {
                level
            };
            if let MetricReading::Values { values_milli, age } = &mut self.seen.readings[0] {
                values_milli[0] = Milli(level + noise);
                let silent = self.tick % 700 < 9;
                *age = Duration::from_secs(if silent { 3600 } else { 0 });
            }
            policy.decide_into(
                Duration::from_secs(15 * self.tick),
                &self.seen,
                &mut self.out,
            );
            self.seen.spec_replicas = self.out.replicas;
            self.seen.status_replicas = self.out.replicas;
            self.seen.pods[0].count = self.out.replicas;
            self.tick += 1;
        }
    }
}

#[test]
fn predictive_allocates_nothing() {
    for start_up in [15, 60, 600] {
        let (mut policy, mut load) = (Load::predictive(start_up), Load::new());
        load.run(&mut policy, 60);
        let found = allocation_counter::measure(|| load.run(&mut policy, 5760));
        assert_eq!(found.count_total, 0, "{start_up}");
        assert!(load.out.replicas > 16);
    }
}

#[test]
fn predictive_state_is_small() {
    for start_up in [15, 600] {
        let (mut policy, mut load) = (None, Load::new());
        load.out.ladder.rungs.reserve(28); // the caller's
        load.out.stages.reserve(4);
        let held = allocation_counter::measure(|| {
            let mut made = Load::predictive(start_up);
            load.run(&mut made, 2 * 5760);
            policy = Some(made);
        });
        let kib = held.bytes_current / 1024;
        assert!((50..=300).contains(&kib), "{start_up}: {kib} KiB");
        assert_eq!(policy.unwrap().config().max_replicas, 400);
    }
}

/// Decides on these in turn, then counts the allocations of as many decisions.
fn sizing_allocations<S: Sizer>(mut sizer: S, seen: &[S::Observation]) -> u64 {
    let mut out = S::Decision::default();
    let mut run = |from: u64| {
        for (tick, seen) in (from..).zip(seen.iter().cycle().take(100)) {
            sizer.decide_into(Duration::from_secs(tick * 15), seen, &mut out);
        }
    };
    run(0);
    allocation_counter::measure(|| run(100)).count_total
}

#[test]
fn node_sizing_allocates_nothing() {
    let of = |node| PoolObservation::new(vec![node; 10]);
    let seen = [
        of(PoolNode::cache(200.0, 10.0, 1.0)),
        of(PoolNode::cache(900.0, 20_000.0, 99.0)),
        of(PoolNode::running()), // every figure is missing
        of(PoolNode::default()),
    ];
    let pool = NodePool::new(NodePoolConfig::new(1000.0)).unwrap();
    assert_eq!(sizing_allocations(pool, &seen), 0);
    let of = |reads, replica| ReplicaObservation::new(reads, vec![replica; 10]);
    let unknown = ReplicaNode {
        lag_s: None,
        ..ReplicaNode::running(50.0, 0.0)
    };
    let seen = [
        of(500.0, ReplicaNode::running(50.0, 0.1)),
        of(50_000.0, ReplicaNode::running(5000.0, 60.0)),
        of(500.0, unknown),
        of(f64::NAN, ReplicaNode::default()),
    ];
    let rule = ReadReplicas::new(ReadReplicasConfig::new(1000.0)).unwrap();
    assert_eq!(sizing_allocations(rule, &seen), 0);
}
