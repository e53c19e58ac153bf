//! Every field of weighted factors.

use autoscale_core::{
    Factor, FactorKind, Gauge, LoadTrend, MetricReading, Milli, Observation, PodGroup, Policy,
    Sample, Scoring, Statistic, WeightedConfig, WeightedFactors,
};

use super::assert_covers;
use crate::given::{pod, secs};

/// Counts a minute apart, each change carried out: CPU and memory in thousandths of the request, a
/// queue, a load that rises by 10 a minute.
fn play(config: WeightedConfig, figures: [i64; 3]) -> Vec<u32> {
    let mut policy = WeightedFactors::new(config).unwrap();
    let mut spec = 100;
    let tick = |minute: u64| {
        let [cpu, memory, queue] = figures;
        let sample = |v| MetricReading::Pods(vec![Sample::of_group(0, spec, Milli(v))]);
        let rate = 100_000 + 10_000 * i64::try_from(minute).unwrap();
        let values = [queue * 1000, rate].map(|v| MetricReading::value(Milli(v)));
        let seen = Observation::new(spec)
            .with_pods([PodGroup {
                count: spec,
                ..pod()
            }])
            .with_readings([sample(cpu), sample(memory)].into_iter().chain(values));
        spec = policy.decide(secs(minute * 60), &seen).replicas;
        spec
    };
    (0..12).map(tick).collect()
}

fn cpu() -> Factor {
    Factor::new(FactorKind::Cpu, Gauge::cpu_utilization(), 70.0, 3.0)
}

fn queue() -> Factor {
    let gauge = Gauge::new(Statistic::Total).with_reading(2);
    Factor::new(FactorKind::Queue, gauge, 10.0, 1.0)
}

fn base() -> WeightedConfig {
    WeightedConfig::new([cpu(), queue()])
}

/// Busy enough for the mean, above saturation, idle.
const BUSY: [i64; 3] = [800, 500, 9];
const BURNING: [i64; 3] = [900, 500, 9];
const IDLE: [i64; 3] = [100, 500, 1];

#[test]
fn weighted_config() {
    let rate = || Gauge::new(Statistic::Total).with_reading(3);
    let trend = LoadTrend::new(rate());
    let cases = [
        ("factors", WeightedConfig::new([cpu()]), BUSY),
        ("trend", base().with_trend(Some(trend.clone())), BUSY),
        ("low_ratio", base().with_low_ratio(0.2), IDLE),
        ("saturation", base().with_saturation(1.5), BURNING),
        ("dampening", base().with_dampening(secs(60)), BUSY),
        ("min_confidence", base().with_min_confidence(0.01), BUSY),
        ("scoring", base().with_scoring(Scoring::Plain), BURNING),
    ];
    assert_covers(&base(), cases.iter().map(|c| c.0));
    for (field, changed, figures) in cases {
        assert_ne!(play(changed, figures), play(base(), figures), "{field}");
    }
    let flat = trend.clone();
    let mut steady = flat.clone();
    steady.gauge.reading = 2;
    let cases = [("gauge", steady), ("window", trend.with_window(secs(600)))];
    assert_covers(&flat, cases.iter().map(|c| c.0));
    let with = |trend: LoadTrend| play(base().with_trend(Some(trend)), BUSY);
    for (field, changed) in cases {
        assert_ne!(with(changed), with(flat.clone()), "{field}");
    }
}

#[test]
fn factor() {
    let memory = Gauge::new(Statistic::Utilization {
        resource: "memory".into(),
    });
    let changed = |change: &dyn Fn(&mut Factor)| {
        let mut factor = cpu();
        change(&mut factor);
        factor
    };
    let cases = [
        (
            "kind",
            changed(&|f| f.kind = FactorKind::ResponseTime),
            IDLE,
        ),
        (
            "gauge",
            changed(&|f| f.gauge = memory.clone().with_reading(1)),
            BUSY,
        ),
        ("target", changed(&|f| f.target = 75.0), BUSY),
        ("weight", changed(&|f| f.weight = 9.0), BUSY),
    ];
    assert_covers(&cpu(), cases.iter().map(|c| c.0));
    for (field, changed, figures) in cases {
        let found = play(WeightedConfig::new([changed, queue()]), figures);
        assert_ne!(found, play(base(), figures), "{field}");
    }
}
