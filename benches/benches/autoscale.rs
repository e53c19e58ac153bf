//! One decision of `autoscale-core`: time and allocations after warm-up.
//!
//! Bars: at most 1 µs for 10 pods × 1 metric, at most 60 µs for 1000 pods × 3 metrics, both with
//! every pod listed by itself, and no allocation. The clock is virtual: one tick of 15 s a decision,
//! so that the windows are full and move.

use std::hint::black_box;
use std::time::Duration;

use autoscale_core::{
    Behavior, Decision, Hpa, HpaConfig, Kpa, KpaConfig, MaxOf, MetricReading, MetricSpec, Milli,
    Observation, PodGroup, Policy, ResourceTarget, Sample,
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
    bench(
        c,
        "hpa/10x1",
        Run::new(hpa(1, None), observations(10, 1, 1), 15),
    );
    bench(
        c,
        "hpa/10x1/behavior",
        Run::new(hpa(1, behavior()), observations(10, 1, 1), 15),
    );
    bench(
        c,
        "hpa/1000x3",
        Run::new(hpa(3, None), observations(1000, 1, 3), 15),
    );
    bench(
        c,
        "hpa/1000x3/behavior",
        Run::new(hpa(3, behavior()), observations(1000, 1, 3), 15),
    );
    bench(
        c,
        "hpa/one_group_of_400x1",
        Run::new(hpa(1, None), observations(1, 400, 1), 15),
    );
    bench(c, "kpa/10", Run::new(kpa(), observations(10, 1, 1), 2));
    let three: Vec<Box<dyn Policy>> = vec![
        Box::new(hpa(1, None)),
        Box::new(hpa(1, behavior())),
        Box::new(kpa()),
    ];
    let largest = MaxOf::new(three).expect("three policies");
    bench(
        c,
        "max_of_3/10x1",
        Run::new(largest, observations(10, 1, 1), 15),
    );
}

/// 100 000 decisions of a fleet: 80 small HPAs, 15 KPAs and 5 large HPAs in turn.
fn fleet(criterion: &mut Criterion) {
    let one = |policy: Box<dyn Policy>, seen| Run::new(policy, seen, 15);
    let mut fleet: Vec<_> = (0..100)
        .map(|i| match i % 20 {
            0 => one(Box::new(hpa(3, None)), observations(200, 1, 3)),
            1..=3 => one(Box::new(kpa()), observations(10, 1, 1)),
            _ => one(Box::new(hpa(1, None)), observations(10, 1, 1)),
        })
        .collect();
    let mut group = criterion.benchmark_group("autoscale");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(100_000));
    group.bench_function("fleet_of_100/100000_decisions", |b| {
        b.iter(|| {
            for _ in 0..1000 {
                for run in &mut fleet {
                    black_box(run.decide());
                }
            }
        });
    });
    group.finish();
}

criterion_group!(benches, decisions, fleet);
criterion_main!(benches);
