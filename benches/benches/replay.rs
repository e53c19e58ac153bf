//! The simulator: ticks a second of a fixed-size policy, of an HPA, of a KPA; the exact optimum.
//!
//! Bars, on one core: at least 30 M ticks a second for a fixed-size policy, 5 M for an HPA with one
//! metric; the optimum of 120 960 ticks × 50 replicas in at most 2 ms. The load is the World Cup
//! trace that the tool ships: 120 960 ticks of 15 s.

use std::hint::black_box;
use std::time::Duration;

use autoscale_core::{Behavior, Fixed, Hpa, HpaConfig, Kpa, KpaConfig, MetricSpec, Policy};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use plimsoll_sim::{
    CsvSource, Demand, Plant, PlantConfig, ServiceModel, Signal, Summary, TraceSource, optimum,
};

const WORLD_CUP: &str = include_str!("../../crates/plimsoll/data/worldcup98_part1_1m.csv");

fn replay(c: &mut Criterion) {
    let trace = CsvSource::new(WORLD_CUP).load().expect("the shipped trace");
    let model = ServiceModel::fitted(&trace, 0.8, 40.0);
    let demand =
        Demand::new(&trace, model, Duration::from_secs(15), Duration::ZERO).expect("a good demand");
    let plant = Plant::new(&demand, PlantConfig::default()).expect("a good plant");
    let ticks = demand.load.len() as u64;

    let hpa = |behavior: Option<Behavior>| {
        let config = HpaConfig::new(400, [MetricSpec::cpu_utilization(70)]).with_behavior(behavior);
        Hpa::new(config).expect("a good configuration")
    };
    let kpa = Kpa::new(KpaConfig::new(model.capacity_rps * 0.7)).expect("a good configuration");
    type Row<'a> = (&'a str, Box<dyn Fn() -> Box<dyn Policy>>, &'a [Signal]);
    let rows: [Row<'_>; 4] = [
        ("fixed", Box::new(|| Box::new(Fixed(40))), &[]),
        ("hpa", Box::new(move || Box::new(hpa(None))), &[Signal::Cpu]),
        (
            "hpa_behavior",
            Box::new(move || Box::new(hpa(Some(Behavior::default())))),
            &[Signal::Cpu],
        ),
        (
            "kpa",
            Box::new(move || Box::new(kpa.clone())),
            &[Signal::TotalRate],
        ),
    ];
    let mut group = c.benchmark_group("replay");
    group.throughput(Throughput::Elements(ticks));
    for (name, make, signals) in &rows {
        group.bench_function(*name, |b| {
            b.iter(|| {
                let mut figures = Summary::default();
                plant.run(&mut *make(), signals, &mut figures);
                black_box(figures)
            });
        });
    }
    group.bench_function("optimum", |b| {
        b.iter(|| optimum(black_box(plant.needed()), 4))
    });
    group.finish();
}

criterion_group!(benches, replay);
criterion_main!(benches);
