//! Whatever is asked: no panic, and more never costs less nor a choice more.

use autoscale_core::{
    Demand, FleetGroup, FleetSizing, HourlyProfile, InstanceType, Offer, PoolRules, PurchaseOption,
    choose, choose_within, off_peak, reserve, right_size,
};
use proptest::prelude::*;

use super::optimal::{demand, rules, table};
use crate::cases;

proptest! {
    #![proptest_config(cases(300, 20_000))]

    #[test]
    fn more_load_never_costs_less(
        types in table(4), demand in demand(), rules in rules(40), more in 1_u32..200,
    ) {
        let larger = demand.clone()
            .with_requests_per_minute(demand.requests_per_minute + f64::from(more));
        if let (Ok(less), Ok(more)) =
            (choose(&types, &demand, &rules), choose(&types, &larger, &rules))
        {
            prop_assume!(less.proven && more.proven);
            prop_assert!(more.cost_per_hour >= less.cost_per_hour - 1e-9);
        }
    }

    /// Unless spot goes to the cheapest pools: then a type may push another one out.
    #[test]
    fn another_type_never_costs_more(
        types in table(4), demand in demand(), rules in rules(40),
    ) {
        let rules = rules.with_spot_instance_pools(None);
        let fewer: Vec<InstanceType> = types.iter().skip(1).cloned().collect();
        if let (false, Ok(fewer)) = (fewer.is_empty(), choose(&fewer, &demand, &rules)) {
            prop_assume!(fewer.proven);
            let all = choose(&types, &demand, &rules).unwrap();
            prop_assert!(all.cost_per_hour <= fewer.cost_per_hour + 1e-9);
        }
    }

    #[test]
    fn survivors_carry_the_load(types in table(4), demand in demand(), rules in rules(40)) {
        if let Ok(mix) = choose(&types, &demand, &rules) {
            let load = demand.requests_per_minute;
            let (whole, left) = (1.0 + demand.headroom, 1.0 + demand.survivor_headroom);
            prop_assert!(mix.requests_per_minute >= load * whole - 0.001);
            prop_assert!(mix.requests_per_minute_after_loss >= load * left - 0.001);
            prop_assert!((rules.min_size..=rules.max_size).contains(&mix.size));
            prop_assert!(mix.cheaper.iter().all(|c| !mix.proven || !c.violates.is_empty()));
        }
    }

    #[test]
    fn advice_never_panics_and_saves_what_it_says(
        types in table(3), rules in rules(40), demand in demand(),
        count in 0_u32..30, cpu in 0.0_f64..1.0, memory in 0.0_f64..1.0,
        day in prop::collection::vec(0.0_f64..500.0, 24),
    ) {
        let fleet = [FleetGroup::new("t0", PurchaseOption::OnDemand, count, cpu, memory)];
        if let Ok(advice) = right_size(&types, &fleet, &FleetSizing::default()) {
            let saves = advice.cost_per_month - advice.mix.cost_per_month();
            prop_assert!((saves - advice.saves_per_month).abs() < 1e-6);
            prop_assert!(advice.idle.iter().all(|idle| idle.nodes.count <= count));
            prop_assert!(advice.by_type.iter().all(
                |one| one.mix.cost_per_hour >= advice.mix.cost_per_hour - 1e-9
            ));
        }
        let profile = HourlyProfile::new(day);
        if let Ok(saved) = off_peak(&types, &profile, &demand, &rules, 3) {
            prop_assert!(saved.saves_per_month >= 0.0 && saved.blocks.len() <= 3);
            let hours: u32 = saved.blocks.iter().map(|b| b.to_hour - b.from_hour).sum();
            prop_assert_eq!(hours, 24);
            prop_assert!(saved.blocks.iter().all(|block| block.min <= block.max));
        }
        for advice in reserve(&types, &profile, &demand, &rules).unwrap_or_default() {
            prop_assert!(advice.reserved <= advice.peak && advice.saves_per_month >= 0.0);
        }
    }
}

/// Many types whose loads and prices have nothing to divide them by.
fn uneven() -> impl Strategy<Value = Vec<InstanceType>> {
    let row = (100_u32..6400, 0.9_f64..1.1, 0.25_f64..0.45, 1_u32..9);
    prop::collection::vec(row, 10..60).prop_map(|rows| {
        let instance = |(index, (load, price, spot, size)): (usize, (u32, f64, f64, u32))| {
            let (load, size) = (f64::from(load), f64::from(size));
            let price = load * 0.0005 * price;
            InstanceType::new(format!("t{index}"), size, size * 4.0, load)
                .with_on_demand(Some(Offer::at(price)))
                .with_reserved(Some(Offer::at(price * 0.63)))
                .with_spot(Some(Offer::at(price * spot)))
        };
        rows.into_iter().enumerate().map(instance).collect()
    })
}

fn node_rules() -> impl Strategy<Value = PoolRules> {
    let percentage = prop_oneof![3 => Just(None), 1 => Just(Some(50)), 1 => Just(Some(0))];
    let pools = prop_oneof![3 => Just(None), 1 => (1_u32..4).prop_map(Some)];
    (0_u32..4, 0_u32..4, 12_u32..60, percentage, pools).prop_map(
        |(base, min, max, percentage, pools)| {
            PoolRules::default()
                .with_on_demand_base_capacity(base)
                .with_min_size(min)
                .with_max_size(max)
                .with_on_demand_percentage_above_base_capacity(percentage)
                .with_spot_instance_pools(pools)
        },
    )
}

proptest! {
    #![proptest_config(cases(300, 10_000))]

    #[test]
    fn a_search_gives_up_only_for_want_of_steps_and_its_bound_holds(
        types in uneven(), rules in node_rules(), load in 800_u32..9000, steps in 0_u64..400,
    ) {
        let demand = Demand::new(f64::from(load));
        if let Ok(mix) = choose_within(&types, &demand, &rules, 4000) {
            prop_assert!(mix.proven || mix.steps >= 4000, "{} steps", mix.steps);
            prop_assert!(!mix.proven || mix.gap_per_hour().abs() < 1e-9);
            if let Ok(cut) = choose_within(&types, &demand, &rules, steps) {
                prop_assert!(cut.proven || cut.steps >= steps);
                prop_assert!(cut.cost_lower_bound_per_hour <= mix.cost_per_hour + 1e-9);
                prop_assert!(cut.cost_per_hour >= mix.cost_lower_bound_per_hour - 1e-9);
                prop_assert!(cut.gap_per_hour() >= 0.0);
            }
        }
    }
}
