//! The cheapest mix of instances out of 500 types.
//!
//! Bar: less than 10 ms. The table is made of six sizes of 84 families whose speed and price differ,
//! each on demand, reserved and spot, so that hardly any two offers are worth the same.

use std::hint::black_box;

use autoscale_core::{Demand, InstanceType, Offer, PoolRules, choose};
use criterion::{Criterion, criterion_group, criterion_main};

/// Numbers in 0 … 1 that look random and are the same in every run.
fn numbers() -> impl FnMut() -> f64 {
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn table(types: u32) -> Vec<InstanceType> {
    let mut next = numbers();
    let row = |index: u32| {
        let vcpu = f64::from(2 << (index % 6));
        let load = (vcpu * 100.0 * (0.8 + 0.4 * next())).round();
        let price = vcpu * 0.05 * (0.85 + 0.3 * next());
        let spot = Offer::at(price * (0.25 + 0.2 * next()))
            .with_interruption_share((next() * 20.0).round() / 100.0);
        InstanceType::new(format!("type-{index}"), vcpu, vcpu * 4.0, load)
            .with_on_demand(Some(Offer::at(price)))
            .with_reserved(Some(Offer::at(price * 0.63)))
            .with_spot(Some(spot))
    };
    (0..types).map(row).collect()
}

fn instances(c: &mut Criterion) {
    let mut group = c.benchmark_group("instances");
    group.sample_size(10);
    let rules = PoolRules::default();
    let guide = PoolRules::default()
        .with_on_demand_base_capacity(2)
        .with_on_demand_percentage_above_base_capacity(Some(0))
        .with_spot_instance_pools(Some(2));
    let bounded = PoolRules::default()
        .with_on_demand_base_capacity(2)
        .with_min_size(3)
        .with_max_size(20);
    let demand = Demand::new(5000.0);
    for (types, name, rules) in [
        (4, "4 types", &rules),
        (500, "500 types", &rules),
        (500, "500 types, 2 pools", &guide),
        (500, "500 types, 3 to 20 nodes", &bounded),
    ] {
        let table = table(types);
        group.bench_function(name, |b| {
            b.iter(|| choose(black_box(&table), &demand, rules).expect("a mix"));
        });
    }
    group.finish();
}

criterion_group!(benches, instances);
criterion_main!(benches);
