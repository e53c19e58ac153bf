//! Every field changes an answer, every refusal names its field, and files keep everything.

use autoscale_core::{
    Demand, FleetGroup, HourlyProfile, InstanceType, NodeSettings, Offer, PoolRules,
    PurchaseOption, RightSizing, choose, off_peak, right_size,
};

use super::guide;

#[cfg(feature = "serde")]
fn assert_covers(structure: &impl serde::Serialize, tested: &[&str]) {
    let json = serde_json::to_value(structure).unwrap();
    let mut fields: Vec<_> = json.as_object().unwrap().keys().cloned().collect();
    let mut tested: Vec<_> = tested.iter().map(|t| (*t).to_owned()).collect();
    fields.sort();
    tested.sort();
    assert_eq!(tested, fields);
}

#[cfg(not(feature = "serde"))]
fn assert_covers<T>(_: &T, _: &[&str]) {}

#[test]
fn demand_and_rules() {
    let demand = || Demand::new(2000.0);
    let rules = PoolRules::default;
    let mut types = guide();
    types[0].gpus = 1;
    types[3].memory_gib = 64.0;
    let plain = choose(&types, &demand(), &rules()).unwrap();
    let demands = [
        (
            "requests_per_minute",
            demand().with_requests_per_minute(4000.0),
        ),
        ("headroom", demand().with_headroom(2.0)),
        ("survivor_headroom", demand().with_survivor_headroom(1.0)),
        ("min_vcpu", demand().with_min_vcpu(100.0)),
        ("min_memory_gib", demand().with_min_memory_gib(400.0)),
        ("min_gpus", demand().with_min_gpus(5)),
        ("node_vcpu", demand().with_node_vcpu(16.0)),
        ("node_memory_gib", demand().with_node_memory_gib(64.0)),
    ];
    assert_covers(&demand(), &demands.each_ref().map(|c| c.0));
    for (field, changed) in demands {
        let mix = choose(&types, &changed, &rules()).unwrap();
        assert_ne!(mix.nodes, plain.nodes, "{field}");
    }
    let changes = [
        ("min_size", rules().with_min_size(20)),
        ("max_size", rules().with_max_size(2)),
        (
            "on_demand_base_capacity",
            rules().with_on_demand_base_capacity(4),
        ),
        (
            "on_demand_percentage_above_base_capacity",
            rules().with_on_demand_percentage_above_base_capacity(Some(100)),
        ),
        (
            "spot_instance_pools",
            rules().with_spot_instance_pools(Some(1)),
        ),
        (
            "purchase_options",
            rules().with_purchase_options(vec![PurchaseOption::OnDemand]),
        ),
    ];
    assert_covers(&rules(), &changes.each_ref().map(|c| c.0));
    for (field, changed) in changes {
        let mix = choose(&types, &demand(), &changed).unwrap();
        assert_ne!(mix.nodes, plain.nodes, "{field}");
    }
}

#[test]
fn right_sizing() {
    let fleet = || FleetGroup::new("t3.large", PurchaseOption::OnDemand, 40, 0.5, 0.3);
    let config = RightSizing::default;
    let advise =
        |group: FleetGroup, config: RightSizing| right_size(&guide(), &[group], &config).unwrap();
    let plain = advise(fleet(), config());
    let settings = NodeSettings::default().with_workers_per_vcpu(1.0);
    let changes = [
        ("cpu_utilization", config().with_cpu_utilization(0.3)),
        ("memory_utilization", config().with_memory_utilization(0.2)),
        (
            "survivor_utilization",
            config().with_survivor_utilization(0.7),
        ),
        ("node_vcpu", config().with_node_vcpu(16.0)),
        ("node_memory_gib", config().with_node_memory_gib(32.0)),
        (
            "rules",
            config().with_rules(PoolRules::default().with_min_size(20)),
        ),
        ("settings", config().with_settings(settings)),
    ];
    assert_covers(&config(), &changes.each_ref().map(|c| c.0));
    for (field, changed) in changes {
        assert_ne!(advise(fleet(), changed), plain, "{field}");
    }
    assert!(plain.carried && plain.saves_per_month > 0.0);
    let idle: u32 = plain.idle.iter().map(|i| i.nodes.count).sum();
    // 40 of 80 vCPU in use: 57.2 are needed, 29 nodes.
    assert_eq!(idle, 11);
}

#[test]
fn refusals_name_field_value_and_bound() {
    let mut types = guide();
    let message = |types: &[InstanceType], demand: Demand, rules: PoolRules| {
        let refused = choose(types, &demand, &rules).err();
        refused.map(|error| error.to_string()).unwrap_or_default()
    };
    let fine = || Demand::new(10.0);
    for (given, expected) in [
        (
            message(&[], fine(), PoolRules::default()),
            "types is missing: at least one instance type",
        ),
        (
            message(&types, Demand::new(f64::NAN), PoolRules::default()),
            "requests_per_minute is NaN, must be 0 … 1000000000",
        ),
        (
            message(&types, fine().with_headroom(-0.1), PoolRules::default()),
            "headroom is -0.1, must be 0 … 100",
        ),
        (
            message(&types, fine(), PoolRules::default().with_max_size(0)),
            "max_size is 0, must be 1 … 65535",
        ),
        (
            message(
                &types,
                fine(),
                PoolRules::default().with_max_size(2).with_min_size(3),
            ),
            "min_size is 3, must be at most max_size (2)",
        ),
        (
            message(
                &types,
                fine(),
                PoolRules::default().with_spot_instance_pools(Some(21)),
            ),
            "spot_instance_pools is 21, must be 1 … 20",
        ),
    ] {
        assert_eq!(given, expected);
    }
    types[1].vcpu = 0.0;
    let expected = "types[1].vcpu is 0, must be 0.001 … 1000000";
    assert_eq!(message(&types, fine(), PoolRules::default()), expected);
    types[1] = guide().swap_remove(0);
    let expected = "types[1].name is t3.large, must be once in the table";
    assert_eq!(message(&types, fine(), PoolRules::default()), expected);
    types[1] = InstanceType::new("a", 1.0, 1.0, 1.0).with_on_demand(Some(Offer::at(-1.0)));
    let expected = "types[1].on_demand.price_per_hour is -1, must be above 0, at most 10000";
    assert_eq!(message(&types, fine(), PoolRules::default()), expected);
    let refused = off_peak(
        &guide(),
        &HourlyProfile::new([1.0; 25]),
        &fine(),
        &PoolRules::default(),
        3,
    );
    let expected = "requests_per_minute is 25 hours, must be 24 or 168 hours";
    assert_eq!(
        refused.err().map(|e| e.to_string()).as_deref(),
        Some(expected)
    );
}

#[cfg(feature = "serde")]
#[test]
fn files_keep_everything_and_take_eksctls_names() {
    let back: Vec<InstanceType> =
        serde_json::from_value(serde_json::to_value(guide()).unwrap()).unwrap();
    assert_eq!(back, guide());
    let mix = choose(&guide(), &Demand::new(5000.0), &PoolRules::default()).unwrap();
    let json = serde_json::to_value(&mix).unwrap();
    assert_eq!(json["nodes"][0]["option"], "spot");
    assert_eq!(
        serde_json::from_value::<autoscale_core::Mix>(json).unwrap(),
        mix
    );
    let eksctl = r#"{"minSize": 3, "maxSize": 20, "onDemandBaseCapacity": 2,
        "onDemandPercentageAboveBaseCapacity": 0, "spotInstancePools": 2}"#;
    let expected = PoolRules::default()
        .with_min_size(3)
        .with_max_size(20)
        .with_on_demand_base_capacity(2)
        .with_on_demand_percentage_above_base_capacity(Some(0))
        .with_spot_instance_pools(Some(2));
    assert_eq!(serde_json::from_str::<PoolRules>(eksctl).unwrap(), expected);
}
