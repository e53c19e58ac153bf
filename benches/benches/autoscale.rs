//! One decision of `autoscale-core`: time and allocations after warm-up.
//!
//! Bars: at most 1 µs for each policy and 10 pods, at most 60 µs for an HPA of 1000 pods × 3 metrics,
//! all with every pod listed by itself, and no allocation; 100 000 services of mixed policies within
//! 0.2 s. The clock is virtual: one tick of 15 s a decision, so that the windows are full and move.
//! The predictive policy has a bench of its own.

use std::hint::black_box;
use std::time::Duration;

use autoscale_core::{
    ActivationConfig, AdjustmentType, Alarm, Behavior, Comparison, Decision, Gauge, Hpa, HpaConfig,
    Kpa, KpaConfig, LoadTrend, MaxOf, MetricReading, MetricSpec, Milli, NodePool, NodePoolConfig,
    Observation, PodGroup, Policy, PolicyExt, PoolNode, PoolObservation, ReadReplicas,
    ReadReplicasConfig, ReplicaNode, ReplicaObservation, ResourceTarget, Sample, ScalingAction,
    ScalingAlarm, Schedule, ScheduleEntry, ScheduleUntil, Sizer, Statistic, StepAdjustment,
    StepScaling, StepScalingConfig, TargetTracking, TargetTrackingConfig, TrackedTarget, Triggers,
    TriggersConfig, WeightedConfig, WeightedFactors,
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// `groups` groups of `count` pods and `metrics` readings of their samples; usages differ from pod
/// to pod and from one observation of the returned eight to the next.
fn observations(groups: usize, count: u32, metrics: usize) -> Vec<Observation> {
    let pod = PodGroup {
        count,
        ..PodGroup::running(1)
            .with_request("app", "cpu", Milli(1000))
            .with_request("app", "memory", Milli(1000))
    };
    let usage = |tick: usize, pod: usize, metric: usize| {
        let step = (tick * 7919 + pod * 104_729 + metric * 31) % 400;
        Milli(300 + i64::try_from(step).unwrap_or_default())
    };
    let reading = |tick, metric| {
        MetricReading::Pods(
            (0..groups)
                .map(|pod| Sample::of_group(pod, count, usage(tick, pod, metric)))
                .collect(),
        )
    };
    let replicas = u32::try_from(groups)
        .unwrap_or(u32::MAX)
        .saturating_mul(count);
    (0..8)
        .map(|tick| {
            Observation::new(replicas)
                .with_pods(vec![pod.clone(); groups])
                .with_readings((0..metrics).map(|metric| reading(tick, metric)))
        })
        .collect()
}

/// 10 pods' CPU and memory, and three values that move: what a web service is watched by.
fn web_service() -> Vec<Observation> {
    let value = |tick: usize, value| {
        MetricReading::value(Milli(value + 100 * i64::try_from(tick).unwrap_or_default()))
    };
    let mut seen = observations(10, 1, 2);
    for (tick, seen) in seen.iter_mut().enumerate() {
        // A p95 in seconds, requests a minute or waiting ones, percents in use or failed.
        let values = [1500, 900_000, 40_000].map(|v| value(tick, v));
        seen.readings.extend(values);
    }
    seen
}

fn hpa(metrics: usize, behavior: Option<Behavior>) -> Hpa {
    let memory = MetricSpec::Resource {
        name: "memory".into(),
        target: ResourceTarget::Utilization(50),
    };
    let queue = MetricSpec::Pods {
        name: "queue".into(),
        average_value: Milli(500),
    };
    let all = [MetricSpec::cpu_utilization(50), memory, queue];
    let config = HpaConfig::new(5000, all.into_iter().take(metrics)).with_behavior(behavior);
    Hpa::new(config).expect("a good configuration")
}

fn kpa() -> Kpa {
    Kpa::new(KpaConfig::new(0.5)).expect("a good configuration")
}

fn target_tracking() -> TargetTracking {
    let target = TrackedTarget::new(Gauge::cpu_utilization(), 50.0);
    TargetTracking::new(TargetTrackingConfig::new([target])).expect("a good configuration")
}

fn step_scaling() -> StepScaling {
    let gauge = Gauge::cpu_utilization;
    let high = Alarm::new("high", gauge(), Comparison::GreaterThanThreshold, 60.0);
    let low = Alarm::new("low", gauge(), Comparison::LessThanThreshold, 40.0);
    let percent = AdjustmentType::PercentChangeInCapacity;
    let step = |lower, upper, by| StepAdjustment::new(lower, upper, by);
    let out = [step(Some(0.0), Some(15.0), 10), step(Some(15.0), None, 30)];
    let config = StepScalingConfig::new([
        ScalingAlarm::new(high, ScalingAction::step(percent, out)),
        ScalingAlarm::new(
            low,
            ScalingAction::step(percent, [step(None, Some(0.0), -10)]),
        ),
    ]);
    StepScaling::new(config).expect("a good configuration")
}

fn weighted_factors() -> WeightedFactors {
    let requests = Gauge::new(Statistic::Total).with_reading(3);
    let config = WeightedConfig::default().with_trend(Some(LoadTrend::new(requests)));
    WeightedFactors::new(config).expect("a good configuration")
}

fn office_hours() -> Schedule {
    let end = ScheduleUntil::Cron("0 20 * * 1-5".into());
    let office = ScheduleEntry::new("0 6 * * 1-5", end, "Europe/Berlin").with_min(Some(12));
    Schedule::new([office])
}

/// A policy with its own clock, decision and place in the observations.
struct Run<P> {
    policy: P,
    seen: Vec<Observation>,
    out: Decision,
    tick: u32,
    step: Duration,
}

impl<P: Policy> Run<P> {
    fn new(policy: P, seen: Vec<Observation>, step_s: u64) -> Self {
        let mut run = Self {
            policy,
            seen,
            out: Decision::default(),
            tick: 0,
            step: Duration::from_secs(step_s),
        };
        for _ in 0..200 {
            run.decide();
        }
        run
    }

    fn decide(&mut self) -> u32 {
        for seen in self.seen.get(self.tick as usize % 8).into_iter() {
            self.policy
                .decide_into(self.step * self.tick, black_box(seen), &mut self.out);
        }
        self.tick += 1;
        self.out.replicas
    }
}

fn bench<P: Policy>(criterion: &mut Criterion, name: &str, mut run: Run<P>) {
    let counted = allocation_counter::measure(|| {
        for _ in 0..1000 {
            black_box(run.decide());
        }
    });
    println!(
        "autoscale/{name}: {} allocations in 1000 decisions",
        counted.count_total
    );
    let mut group = criterion.benchmark_group("autoscale");
    group.throughput(Throughput::Elements(1));
    group.bench_function(name, |b| b.iter(|| black_box(run.decide())));
    group.finish();
}

fn decisions(c: &mut Criterion) {
    let behavior = || Some(Behavior::default());
    let mut row = |name, policy: Box<dyn Policy>, seen| bench(c, name, Run::new(policy, seen, 15));
    let ten = || observations(10, 1, 1);
    row("hpa/10x1", Box::new(hpa(1, None)), ten());
    row("hpa/10x1/behavior", Box::new(hpa(1, behavior())), ten());
    let thousand = || observations(1000, 1, 3);
    row("hpa/1000x3", Box::new(hpa(3, None)), thousand());
    row(
        "hpa/1000x3/behavior",
        Box::new(hpa(3, behavior())),
        thousand(),
    );
    let one_group = observations(1, 400, 1);
    row("hpa/one_group_of_400x1", Box::new(hpa(1, None)), one_group);
    row("target_tracking/10", Box::new(target_tracking()), ten());
    row(
        "step_scaling_of_2_alarms/10",
        Box::new(step_scaling()),
        ten(),
    );
    let triggers = Triggers::new(TriggersConfig::web_service(100.0)).expect("a good configuration");
    row(
        "triggers_of_a_web_service/10",
        Box::new(triggers),
        web_service(),
    );
    row(
        "weighted_factors/10x5+trend",
        Box::new(weighted_factors()),
        web_service(),
    );
    let gauge = Gauge::new(Statistic::Total);
    let activated = hpa(1, None).activated(ActivationConfig::new(gauge));
    let activated = activated.expect("a good configuration");
    row("hpa_activated/10x1", Box::new(activated), ten());
    let scheduled = hpa(1, None)
        .scheduled(office_hours())
        .expect("a good schedule");
    row("hpa_scheduled/10x1", Box::new(scheduled), ten());
    let three: Vec<Box<dyn Policy>> = vec![
        Box::new(hpa(1, None)),
        Box::new(hpa(1, behavior())),
        Box::new(kpa()),
    ];
    let largest = MaxOf::new(three).expect("three policies");
    row("max_of_3/10x1", Box::new(largest), ten());
    bench(c, "kpa/10", Run::new(kpa(), ten(), 2));
}

/// One tick of 100 000 services, each with a policy and state of its own and 10 pods: 7 HPAs, 4
/// KPAs, 4 with target tracking, 4 with step scaling and one HPA of 200 pods and 3 metrics in turn.
fn fleet(criterion: &mut Criterion) {
    let (small, large) = (observations(10, 1, 1), observations(200, 1, 3));
    let service = |i: usize| -> Box<dyn Policy> {
        match i % 20 {
            0 => Box::new(hpa(3, None)),
            1..=7 => Box::new(hpa(1, None)),
            8..=11 => Box::new(kpa()),
            12..=15 => Box::new(target_tracking()),
            _ => Box::new(step_scaling()),
        }
    };
    let mut fleet: Vec<_> = (0..100_000).map(service).collect();
    let mut out = Decision::default();
    let mut tick = 0;
    let mut decide = || {
        let now = Duration::from_secs(15) * tick;
        for (i, policy) in fleet.iter_mut().enumerate() {
            let seen = if i % 20 == 0 { &large } else { &small };
            let seen = seen.get((i + tick as usize) % 8);
            policy.decide_into(now, black_box(seen.expect("eight observations")), &mut out);
            black_box(out.replicas);
        }
        tick += 1;
    };
    // Until the windows of five minutes are full.
    (0..24).for_each(|_| decide());
    let mut group = criterion.benchmark_group("autoscale");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(100_000));
    group.bench_function("tick_of_100000_services", |b| b.iter(&mut decide));
    group.finish();
}

/// Sizing of ten nodes whose figures move; the clock is virtual, as above.
fn sizing<S: Sizer>(criterion: &mut Criterion, name: &str, mut sizer: S, seen: &[S::Observation]) {
    let mut out = S::Decision::default();
    let mut tick = 0;
    let mut decide = || {
        for seen in seen.get(tick as usize % seen.len()).into_iter() {
            sizer.decide_into(Duration::from_secs(15) * tick, black_box(seen), &mut out);
        }
        tick += 1;
        black_box(&out);
    };
    (0..200).for_each(|_| decide());
    let counted = allocation_counter::measure(|| (0..1000).for_each(|_| decide()));
    println!(
        "autoscale/{name}: {} allocations in 1000 decisions",
        counted.count_total
    );
    let mut group = criterion.benchmark_group("autoscale");
    group.throughput(Throughput::Elements(1));
    group.bench_function(name, |b| b.iter(&mut decide));
    group.finish();
}

fn node_counts(c: &mut Criterion) {
    let moving = |tick: u32, node: u32| f64::from((tick * 7919 + node * 104_729) % 400);
    let pools: Vec<_> = (0..8)
        .map(|tick| {
            let node = |i| PoolNode::cache(moving(tick, i), 2.0 * moving(tick, i), 1.0);
            PoolObservation::new((0..10).map(node).collect::<Vec<_>>())
        })
        .collect();
    let pool = NodePool::new(NodePoolConfig::new(1000.0)).expect("a good configuration");
    sizing(c, "node_pool/10", pool, &pools);
    let replicas: Vec<_> = (0..8)
        .map(|tick| {
            let node = |i| ReplicaNode::running(moving(tick, i), moving(tick, i) / 30.0);
            let reads = 10.0 * moving(tick, 3);
            ReplicaObservation::new(reads, (0..10).map(node).collect::<Vec<_>>())
        })
        .collect();
    let rule = ReadReplicas::new(ReadReplicasConfig::new(500.0)).expect("a good configuration");
    sizing(c, "read_replicas/10", rule, &replicas);
}

criterion_group!(benches, decisions, node_counts, fleet);
criterion_main!(benches);
