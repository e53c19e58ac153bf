//! The predictive policy, amortised over a recorded week.
//!
//! Bar: at most 3 µs a decision. A decision's cost changes from tick to tick: the regressions are
//! solved every 20 samples, the choice among the candidates is made every five minutes, what the
//! minute of the hour says is read once a minute. So the bench replays the second week of the World
//! Cup trace that the tool ships, 40 320 ticks of 15 s, with a policy that has seen the first one.
//! Replicas are ready at once.

use std::hint::black_box;
use std::time::Duration;

use autoscale_core::{
    Decision, MetricReading, Milli, Observation, PodGroup, Policy, Predictive, PredictiveConfig,
};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use plimsoll_sim::{CsvSource, Demand, ServiceModel, TraceSource};

const WORLD_CUP: &str = include_str!("../../crates/plimsoll/data/worldcup98_part1_1m.csv");
const INTERVAL: Duration = Duration::from_secs(15);
const WEEK: usize = 7 * 5760;

/// A policy, its clock and what it sees.
#[derive(Clone)]
struct Run {
    policy: Predictive,
    seen: Observation,
    out: Decision,
    tick: u32,
}

impl Run {
    fn new(config: PredictiveConfig) -> Self {
        Self {
            policy: Predictive::new(config).expect("a good configuration"),
            seen: Observation::new(1)
                .with_pods([PodGroup::running(1)])
                .with_readings([MetricReading::value(Milli(0))]),
            out: Decision::default(),
            tick: 0,
        }
    }

    fn replay(&mut self, week: &[Milli]) -> u32 {
        for load in week {
            if let [MetricReading::Values { values_milli, .. }] = &mut *self.seen.readings {
                values_milli.fill(*load);
            }
            self.policy
                .decide_into(INTERVAL * self.tick, black_box(&self.seen), &mut self.out);
            self.tick += 1;
            self.seen.spec_replicas = self.out.replicas;
            self.seen
                .pods
                .iter_mut()
                .for_each(|p| p.count = self.out.replicas);
        }
        self.out.replicas
    }
}

fn predictive(c: &mut Criterion) {
    let trace = CsvSource::new(WORLD_CUP).load().expect("the shipped trace");
    let mut group = c.benchmark_group("predictive");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(WEEK as u64));
    for (name, peak, max, start_up_s) in [
        ("week_of_40_replicas", 40.0, 100, 60),
        ("week_of_40_replicas/max_400/start_up_600s", 40.0, 400, 600),
        (
            "week_of_320_replicas/max_400/start_up_600s",
            320.0,
            400,
            600,
        ),
    ] {
        let model = ServiceModel::fitted(&trace, 0.8, peak);
        let demand = Demand::new(&trace, model, INTERVAL, Duration::ZERO).expect("a good demand");
        let load: Vec<_> = demand
            .load
            .iter()
            .map(|d| Milli((d * 1000.0) as i64))
            .collect();
        let (first, second) = load[..2 * WEEK].split_at(WEEK);
        let start = Duration::from_secs(demand.start_s.unsigned_abs());
        let mut run = Run::new(
            PredictiveConfig::new(0.01, 1.0)
                .with_max_replicas(max)
                .with_start_up(Duration::from_secs(start_up_s))
                .with_unix_origin(start),
        );
        run.replay(first);
        let seen_a_week = run.clone();
        let counted = allocation_counter::measure(|| {
            black_box(run.replay(second));
        });
        println!(
            "predictive/{name}: {} allocations in a week",
            counted.count_total
        );
        group.bench_function(name, |b| {
            b.iter_batched_ref(
                || seen_a_week.clone(),
                |run| run.replay(second),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, predictive);
criterion_main!(benches);
