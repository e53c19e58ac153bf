//! Users become replicas, replicas become nodes, and the nodes say what they cost and why not less.
//!
//! The table is `instances.toml`'s; its prices are made up.

use std::error::Error;

use autoscale_core::{
    Demand, HourlyProfile, InstanceType, NodeSettings, Offer, PoolRules, ProvisionConfig, UserLoad,
    choose, off_peak, provision,
};

fn table() -> Vec<InstanceType> {
    let row = |name: &str, vcpu, memory_gib, requests_per_minute, price: f64| {
        InstanceType::new(name, vcpu, memory_gib, requests_per_minute)
            .with_on_demand(Some(Offer::at(price)))
            .with_spot(Some(Offer::at(price * 0.4).with_interruption_share(0.05)))
    };
    vec![
        row("t3.large", 2.0, 8.0, 100.0, 0.10),
        row("t3.xlarge", 4.0, 16.0, 500.0, 0.20),
        row("t3.2xlarge", 8.0, 32.0, 1000.0, 0.40),
        row("c5.4xlarge", 16.0, 32.0, 2000.0, 0.80),
    ]
}

fn main() -> Result<(), Box<dyn Error>> {
    let users = ProvisionConfig::new()
        .with_users(Some(1000.0))
        .with_user_load(Some(UserLoad::Rate {
            requests_per_minute: 10.0,
        }))
        .with_replica_requests_per_minute(Some(1000.0))
        .with_availability(Some(0.999));
    let answer = provision(&users)?;
    println!(
        "1000 users, {} requests a minute: {} replicas, {} of them spare",
        answer.requests_per_minute, answer.replicas, answer.spare
    );

    let types = table();
    let demand = Demand::new(answer.requests_per_minute);
    let rules = PoolRules::default()
        .with_min_size(3)
        .with_max_size(20)
        .with_on_demand_base_capacity(2);
    let mix = choose(&types, &demand, &rules)?;
    for group in &mix.nodes {
        println!("  {group}");
    }
    println!(
        "{:.2} a month (made-up prices); {} requests a minute, {} without the largest spot group",
        mix.cost_per_month(),
        mix.requests_per_minute,
        mix.requests_per_minute_after_loss
    );
    if let Some(cheaper) = mix.cheaper.first() {
        let violated: Vec<String> = cheaper.violates.iter().map(ToString::to_string).collect();
        println!(
            "one {} less would save {:.2} an hour and break: {}",
            cheaper.without,
            cheaper.saves_per_hour,
            violated.join("; ")
        );
    }
    let settings = NodeSettings::default();
    for instance in &types {
        println!(
            "  {}: {} workers, cache {} MiB",
            instance.name,
            settings.workers(instance),
            settings.cache_mb(instance)
        );
    }

    // Nights at a fifth of the day, weekends at half.
    let hour = |day: usize, hour: usize| {
        let load = answer.requests_per_minute;
        let night = if (7..21).contains(&hour) { 1.0 } else { 0.2 };
        load * night * if day < 5 { 1.0 } else { 0.5 }
    };
    let week = HourlyProfile::new((0..168).map(|h| hour(h / 24, h % 24)));
    let saved = off_peak(&types, &week, &demand, &rules, 3)?;
    for block in &saved.blocks {
        println!(
            "  {:?} {:02}–{:02} h: {} to {} nodes",
            block.days, block.from_hour, block.to_hour, block.min, block.max
        );
    }
    println!("the schedule saves {:.2} a month", saved.saves_per_month);
    Ok(())
}
