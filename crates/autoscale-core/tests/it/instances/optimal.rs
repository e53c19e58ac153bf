//! The mix chosen is the cheapest that there is.

use autoscale_core::{
    Constraint, Demand, InstanceError, InstanceType, Offer, PoolRules, PurchaseOption, choose,
    choose_within,
};
use proptest::prelude::*;

use super::brute;
use crate::cases;

fn offer(spot: bool) -> impl Strategy<Value = Option<Offer>> {
    let share = if spot { 0_u32..4 } else { 0..1 };
    let limit = prop_oneof![4 => Just(None), 1 => (0_u32..4).prop_map(Some)];
    let fields = (1_u32..30, limit, share);
    let offer = fields.prop_map(|(price, limit, share)| {
        Offer::at(f64::from(price) / 10.0)
            .with_max_count(limit)
            .with_interruption_share(f64::from(share) / 20.0)
    });
    prop_oneof![3 => offer.prop_map(Some), 1 => Just(None)]
}

/// A type; the price follows the size in some of them, as prices do.
fn instance(index: usize) -> impl Strategy<Value = InstanceType> {
    let sizes = (1_u32..9, 1_u32..9, 0_u32..3, 1_u32..12);
    (
        sizes,
        offer(false),
        offer(false),
        offer(true),
        any::<bool>(),
    )
        .prop_map(
            move |((vcpu, memory, gpus, load), on_demand, reserved, spot, by_size)| {
                let on_demand = if by_size {
                    Some(Offer::at(f64::from(load) * 0.3))
                } else if on_demand.is_none() && reserved.is_none() && spot.is_none() {
                    Some(Offer::at(1.0))
                } else {
                    on_demand
                };
                let (vcpu, memory, load) = (f64::from(vcpu), f64::from(memory), f64::from(load));
                InstanceType::new(format!("t{index}"), vcpu, memory, load * 10.0)
                    .with_gpus(gpus)
                    .with_on_demand(on_demand)
                    .with_reserved(reserved)
                    .with_spot(spot)
            },
        )
}

pub(super) fn table(most: usize) -> impl Strategy<Value = Vec<InstanceType>> {
    let rows: Vec<_> = (0..most).map(instance).collect();
    (1..=most, rows).prop_map(|(count, mut rows)| {
        rows.truncate(count);
        rows
    })
}

pub(super) fn demand() -> impl Strategy<Value = Demand> {
    let load = prop_oneof![Just(0), 0_u32..400];
    let share = prop_oneof![Just(0.0), (0_u32..10).prop_map(|x| f64::from(x) / 10.0)];
    let extra = || prop_oneof![2 => Just(0.0), 1 => (0_u32..25).prop_map(f64::from)];
    let node = || prop_oneof![3 => Just(0.0), 1 => (0_u32..6).prop_map(f64::from)];
    let gpus = prop_oneof![2 => Just(0), 1 => 0_u32..6];
    (
        load,
        share.clone(),
        share,
        extra(),
        extra(),
        gpus,
        node(),
        node(),
    )
        .prop_map(
            |(load, headroom, survivors, vcpu, memory, gpus, node_vcpu, node_memory)| {
                Demand::new(f64::from(load))
                    .with_headroom(headroom)
                    .with_survivor_headroom(survivors)
                    .with_min_vcpu(vcpu)
                    .with_min_memory_gib(memory)
                    .with_min_gpus(gpus)
                    .with_node_vcpu(node_vcpu)
                    .with_node_memory_gib(node_memory)
            },
        )
}

pub(super) fn rules(most: u32) -> impl Strategy<Value = PoolRules> {
    let percentage = prop_oneof![
        2 => Just(None),
        1 => prop_oneof![Just(0), Just(100), 0_u32..101].prop_map(Some),
    ];
    let pools = prop_oneof![2 => Just(None), 1 => (1_u32..4).prop_map(Some)];
    let options = prop::sample::subsequence(
        vec![
            PurchaseOption::OnDemand,
            PurchaseOption::Reserved,
            PurchaseOption::Spot,
        ],
        1..=3,
    );
    let options = prop_oneof![2 => Just(PoolRules::default().purchase_options), 1 => options];
    (1..=most, 0_u32..=most, 0_u32..5, percentage, pools, options).prop_map(
        |(max, min, base, percentage, pools, options)| {
            PoolRules::default()
                .with_max_size(max)
                .with_min_size(min.min(max) / 2)
                .with_on_demand_base_capacity(base)
                .with_on_demand_percentage_above_base_capacity(percentage)
                .with_spot_instance_pools(pools)
                .with_purchase_options(options)
        },
    )
}

fn same_as_brute_force(
    types: &[InstanceType],
    demand: &Demand,
    rules: &PoolRules,
) -> Result<(), TestCaseError> {
    let expected = brute::best(types, demand, rules, rules.max_size);
    same(types, demand, rules, expected)
}

pub(super) fn same(
    types: &[InstanceType],
    demand: &Demand,
    rules: &PoolRules,
    expected: Option<brute::Rank>,
) -> Result<(), TestCaseError> {
    let chosen = match choose(types, demand, rules) {
        // Rare: the usual steps ended before any mix was found. As it asks, with more of them.
        Err(InstanceError::Undecided { .. }) => choose_within(types, demand, rules, 10_000_000),
        chosen => chosen,
    };
    match chosen {
        Ok(mix) => {
            prop_assert!(mix.proven);
            prop_assert_eq!(Some(brute::rank(types, &mix)), expected, "{:?}", mix);
        }
        // Of no use at all, even where no node is needed.
        Err(InstanceError::Infeasible(short))
            if matches!(
                short.constraint,
                Constraint::NodeVcpu | Constraint::NodeMemory
            ) =>
        {
            prop_assert!(
                types
                    .iter()
                    .all(|t| t.vcpu < demand.node_vcpu || t.memory_gib < demand.node_memory_gib)
            );
        }
        Err(InstanceError::Infeasible(short)) => prop_assert_eq!(None, expected, "{}", short),
        Err(error) => prop_assert!(false, "{}", error),
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(1500, 100_000))]

    #[test]
    fn three_types_with_all_rules(
        types in table(3), demand in demand(), rules in rules(7),
    ) {
        same_as_brute_force(&types, &demand, &rules)?;
    }
}

proptest! {
    #![proptest_config(cases(200, 5000))]

    #[test]
    fn two_types_of_many_nodes(
        types in table(2), demand in demand(), rules in rules(14),
    ) {
        same_as_brute_force(&types, &demand, &rules)?;
    }
}
