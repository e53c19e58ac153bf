//! Vertical sizers, amortised over four weeks of one container.
//!
//! Bar: at most 2 µs a sample. A sample's cost changes from minute to minute: right-sizing looks at its
//! levels every five minutes and at its records every three hours. So the bench replays 40 320 samples
//! of CPU and memory, one a minute, with the request that the sizer asks for.

use std::hint::black_box;
use std::time::Duration;

use autoscale_core::{
    ContainerObservation, Resource, Resources, RightSizing, RightSizingConfig, Sizer,
    VerticalDecision, Vpa, VpaConfig,
};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use plimsoll_sim::vertical::MemoryPattern;

const SAMPLES: u32 = 28 * 1440;

fn observations() -> Vec<ContainerObservation> {
    let memory = MemoryPattern::CacheFill.series(1, 28);
    let cores = MemoryPattern::Daily.series(2, 28);
    let value = |series: &plimsoll_sim::vertical::UsageSeries, minute: u32| {
        series.value(Resource::Memory, minute as usize / 5)
    };
    (0..SAMPLES)
        .map(|minute| {
            let mut seen = ContainerObservation::default();
            seen.cpu_cores = value(&cores, minute).map(|bytes| bytes / 4e9);
            seen.memory_bytes = value(&memory, minute);
            seen.running_s = Some(f64::from(minute) * 60.0);
            seen
        })
        .collect()
}

fn replay<S>(sizer: &mut S, seen: &mut [ContainerObservation]) -> u64
where
    S: Sizer<Observation = ContainerObservation, Decision = VerticalDecision>,
{
    let mut out = VerticalDecision::default();
    let (mut request, mut now) = (Resources::new(2000, 8 << 30), Duration::ZERO);
    let mut updates = 0;
    for seen in seen {
        seen.request = request;
        now += Duration::from_secs(60);
        sizer.decide_into(now, black_box(seen), &mut out);
        if out.update {
            request = out.target;
            updates += 1;
        }
    }
    updates
}

fn bench<S>(criterion: &mut Criterion, name: &str, sizer: &S)
where
    S: Sizer<Observation = ContainerObservation, Decision = VerticalDecision> + Clone,
{
    let mut seen = observations();
    let mut group = criterion.benchmark_group("vertical");
    group.throughput(Throughput::Elements(u64::from(SAMPLES)));
    group.sample_size(20);
    group.bench_function(name, |b| {
        b.iter_batched_ref(
            || sizer.clone(),
            |sizer| replay(sizer, &mut seen),
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

fn sizers(c: &mut Criterion) {
    bench(c, "vpa", &Vpa::new(VpaConfig::default()).expect("defaults"));
    let ours = RightSizing::new(RightSizingConfig::default()).expect("defaults");
    bench(c, "right-sizing", &ours);
}

criterion_group!(benches, sizers);
criterion_main!(benches);
