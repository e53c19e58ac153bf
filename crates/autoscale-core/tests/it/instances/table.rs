//! Mixes of the guide's table, refusals, and what the answer says.

use autoscale_core::{
    Constraint, Demand, InstanceError, InstanceType, NodeGroup, Offer, PoolRules, PurchaseOption,
    Shortfall, choose, choose_within,
};

use super::guide;

fn nodes(types: &[InstanceType], demand: &Demand, rules: &PoolRules) -> Vec<String> {
    let mix = choose(types, demand, rules).unwrap();
    assert!(mix.proven);
    mix.nodes.iter().map(NodeGroup::to_string).collect()
}

/// The table of the EC2 Auto Scaling documentation, "Scaling behavior".
#[test]
fn the_split_of_a_group_is_that_of_ec2() {
    for (base, percentage, on_demand) in [
        (10, 50, [10, 15, 20, 25]),
        (0, 0, [0, 0, 0, 0]),
        (0, 60, [6, 12, 18, 24]),
        (0, 100, [10, 20, 30, 40]),
        (12, 0, [10, 12, 12, 12]),
        // "If the result creates a fractional number, it rounds up … in favor of On-Demand."
        (0, 33, [4, 7, 10, 14]),
    ] {
        let rules = PoolRules::default()
            .with_on_demand_base_capacity(base)
            .with_on_demand_percentage_above_base_capacity(Some(percentage));
        let split = [10, 20, 30, 40].map(|size| rules.on_demand_nodes(size));
        assert_eq!(split, on_demand, "{base} {percentage}");
    }
}

#[test]
fn survivors_of_the_largest_spot_group_carry_the_load() {
    let demand = Demand::new(10_000.0);
    let mix = choose(&guide(), &demand, &PoolRules::default()).unwrap();
    assert!(mix.requests_per_minute >= 12_000.0);
    assert!(mix.requests_per_minute_after_loss >= 10_000.0);
    let lost = mix.largest_spot_group.clone().unwrap();
    assert_eq!(lost.option, PurchaseOption::Spot);
    let load = guide()
        .iter()
        .find(|t| t.name == lost.instance)
        .unwrap()
        .requests_per_minute;
    let left = mix.requests_per_minute - f64::from(lost.count) * load;
    assert!((left - mix.requests_per_minute_after_loss).abs() < 1e-9);
    assert!((mix.interruptions_per_month - 0.05 * f64::from(spots(&mix.nodes))).abs() < 1e-9);
    assert!(mix.binding.contains(&Constraint::SurvivorLoad));
    for cheaper in &mix.cheaper {
        assert!(cheaper.saves_per_hour > 0.0 && !cheaper.violates.is_empty());
    }
}

fn spots(nodes: &[NodeGroup]) -> u32 {
    let spot = nodes.iter().filter(|n| n.option == PurchaseOption::Spot);
    spot.map(|n| n.count).sum()
}

/// The guide's eksctl group: two on-demand nodes, then spot over the two cheapest pools.
#[test]
fn the_guides_group() {
    let rules = PoolRules::default()
        .with_min_size(3)
        .with_max_size(20)
        .with_on_demand_base_capacity(2)
        .with_on_demand_percentage_above_base_capacity(Some(0))
        .with_spot_instance_pools(Some(2));
    let expected = ["1 × t3.large spot", "2 × c5.4xlarge on_demand"];
    let demand = Demand::new(3500.0).with_headroom(0.1);
    assert_eq!(nodes(&guide(), &demand, &rules), expected);
    let refused = choose(&guide(), &Demand::new(20_000.0), &rules);
    let Err(InstanceError::Infeasible(short)) = refused else {
        panic!("{refused:?}");
    };
    // Two of 2000, nine of 100 and nine of 500 at most.
    let expected = Shortfall {
        constraint: Constraint::Load,
        has: 9400.0,
        needs: 24_000.0,
    };
    assert_eq!(short, expected);
}

#[test]
fn equal_costs_are_decided_by_nodes_then_interruptions_then_the_table() {
    let on_demand = |name: &str, load, price| {
        InstanceType::new(name, 1.0, 1.0, load).with_on_demand(Some(Offer::at(price)))
    };
    let demand = Demand::new(200.0).with_headroom(0.0);
    let free = PoolRules::default();
    let fewer = [
        on_demand("small", 100.0, 0.1),
        on_demand("large", 200.0, 0.2),
    ];
    assert_eq!(nodes(&fewer, &demand, &free), ["1 × large on_demand"]);
    let steadier =
        [on_demand("a", 200.0, 0.2).with_spot(Some(Offer::at(0.2).with_interruption_share(0.1)))];
    assert_eq!(nodes(&steadier, &demand, &free), ["1 × a on_demand"]);
    let first = [on_demand("a", 200.0, 0.2), on_demand("b", 200.0, 0.2)];
    assert_eq!(nodes(&first, &demand, &free), ["1 × a on_demand"]);
}

#[test]
fn gpus_are_another_column() {
    let mut types = guide();
    types.push(
        InstanceType::new("g4dn.xlarge", 4.0, 16.0, 500.0)
            .with_gpus(1)
            .with_on_demand(Some(Offer::at(0.6))),
    );
    let demand = Demand::new(400.0).with_headroom(0.0).with_min_gpus(2);
    let expected = ["2 × g4dn.xlarge on_demand"];
    assert_eq!(nodes(&types, &demand, &PoolRules::default()), expected);
}

#[test]
fn no_price_no_cost() {
    let mut types = guide();
    types[1].spot = Some(Offer::default());
    let refused = |rules: PoolRules| choose(&types, &Demand::new(100.0), &rules);
    let expected = InstanceError::NoPrice {
        instance: "t3.xlarge".into(),
        option: PurchaseOption::Spot,
    };
    assert_eq!(refused(PoolRules::default()), Err(expected));
    let on_demand = PoolRules::default().with_purchase_options(vec![PurchaseOption::OnDemand]);
    assert!(refused(on_demand).is_ok());
}

#[test]
fn what_cannot_be_met_is_named() {
    let short = |demand: Demand, rules: PoolRules| {
        let refused = choose(&guide(), &demand, &rules).err();
        refused.map(|error| error.to_string()).unwrap_or_default()
    };
    let demand = || Demand::new(1000.0);
    let rules = PoolRules::default;
    let spot = || rules().with_purchase_options(vec![PurchaseOption::Spot]);
    for (message, expected) in [
        (
            short(demand().with_node_vcpu(17.0), rules()),
            "no mix will do: virtual CPUs of a node: 16 of 17 vCPU",
        ),
        (
            short(demand().with_node_memory_gib(64.0), rules()),
            "no mix will do: memory of a node: 32 of 64 GiB",
        ),
        (
            short(demand().with_min_gpus(1), rules()),
            "no mix will do: GPUs: 0 of 1 GPUs",
        ),
        (
            short(Demand::new(4000.0), rules().with_max_size(2)),
            "no mix will do: load: 4000 of 4800 requests a minute",
        ),
        (
            short(
                demand(),
                spot().with_on_demand_base_capacity(1).with_max_size(9),
            ),
            "no mix will do: on-demand nodes: 0 of 1 nodes",
        ),
        (
            short(
                demand(),
                spot().with_spot_instance_pools(Some(1)).with_max_size(99),
            ),
            "no mix will do: load after a loss: 0 of 1000 requests a minute",
        ),
    ] {
        assert_eq!(message, expected);
    }
}

#[test]
fn a_search_cut_short_says_so() {
    let demand = Demand::new(10_000.0);
    let full = choose(&guide(), &demand, &PoolRules::default()).unwrap();
    let cut = choose_within(&guide(), &demand, &PoolRules::default(), full.steps / 2).unwrap();
    assert!(!cut.proven && full.proven);
    assert!(cut.cost_lower_bound_per_hour <= full.cost_per_hour + 1e-9);
    assert!(cut.cost_per_hour >= full.cost_per_hour);
    let none = choose_within(&guide(), &demand, &PoolRules::default(), 0);
    assert_eq!(none, Err(InstanceError::Undecided { steps: 0 }));
}
