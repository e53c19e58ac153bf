//! Schedules, reserved nodes and profiles of the hours, with the values worked out by hand.

use autoscale_core::{
    Demand, HourlyProfile, InstanceType, Offer, PoolRules, ReserveAdvice, ScheduleDays, off_peak,
    reserve,
};

/// 100 requests a minute for 0.1 an hour.
fn table() -> Vec<InstanceType> {
    vec![InstanceType::new("a", 2.0, 8.0, 100.0).with_on_demand(Some(Offer::at(0.1)))]
}

/// 2 nodes for 8 hours, 10 for 12, 4 for 4.
fn day() -> Vec<f64> {
    [(200.0, 8), (1000.0, 12), (400.0, 4)]
        .into_iter()
        .flat_map(|(load, hours)| core::iter::repeat_n(load, hours))
        .collect()
}

fn plain() -> Demand {
    Demand::new(0.0).with_headroom(0.0)
}

fn near(has: f64, expected: f64) {
    assert!((has - expected).abs() < 1e-6, "{has}, expected {expected}");
}

#[test]
fn off_peak_cuts_the_day_where_it_saves_most() {
    let week: Vec<f64> = core::iter::repeat_n(1000.0, 120)
        .chain(core::iter::repeat_n(200.0, 48))
        .collect();
    use ScheduleDays::{Every, Weekdays, Weekend};
    // Blocks as (days, from, to, most nodes); node hours a week, of 0.1 each.
    let cases = [
        (day(), 1, vec![(Every, 0, 24, 10)], 7.0 * 240.0),
        (
            day(),
            2,
            vec![(Every, 0, 8, 2), (Every, 8, 24, 10)],
            7.0 * (16.0 + 160.0),
        ),
        (
            day(),
            3,
            vec![(Every, 0, 8, 2), (Every, 8, 20, 10), (Every, 20, 24, 4)],
            7.0 * (16.0 + 120.0 + 16.0),
        ),
        // No more blocks than save something.
        (vec![300.0; 24], 24, vec![(Every, 0, 24, 3)], 7.0 * 72.0),
        (
            week,
            3,
            vec![(Weekdays, 0, 24, 10), (Weekend, 0, 24, 2)],
            1200.0 + 96.0,
        ),
    ];
    for (loads, blocks, expected, node_hours) in cases {
        let profile = HourlyProfile::new(loads);
        let most = profile.peak() / 100.0;
        let saved = off_peak(&table(), &profile, &plain(), &PoolRules::default(), blocks).unwrap();
        let found: Vec<_> = saved
            .blocks
            .iter()
            .map(|block| (block.days, block.from_hour, block.to_hour, block.max))
            .collect();
        assert_eq!(found, expected);
        near(saved.static_cost_per_month, most * 0.1 * 730.0);
        near(saved.cost_per_month, node_hours * 0.1 / 168.0 * 730.0);
        near(
            saved.saves_per_month,
            saved.static_cost_per_month - node_hours * 0.1 / 168.0 * 730.0,
        );
    }
}

#[test]
fn reserved_are_the_nodes_that_are_needed_often_enough() {
    let reserved = |most| Some(Offer::at(0.06).with_max_count(most));
    let of = |instance: InstanceType, demand: Demand, rules: PoolRules| -> ReserveAdvice {
        let profile = HourlyProfile::new(day());
        reserve(&[instance], &profile, &demand, &rules)
            .unwrap()
            .remove(0)
    };
    let row = || table().remove(0);
    // Break-even at 0.6 of the hours: the fourth node is needed in 16 of 24, the fifth in 12.
    let four = of(
        row().with_reserved(reserved(None)),
        plain(),
        PoolRules::default(),
    );
    assert_eq!((four.reserved, four.peak, four.spot), (4, 10, 0));
    near(four.break_even_share, 0.6);
    near(four.last_reserved_share, 16.0 / 24.0);
    near(
        four.cost_per_month,
        (4.0 * 0.06 + 12.0 * 6.0 * 0.1 / 24.0) * 730.0,
    );
    near(
        four.saves_per_month,
        152.0 * 0.1 / 24.0 * 730.0 - four.cost_per_month,
    );
    // No more than there are to be had.
    let three = of(
        row().with_reserved(reserved(Some(3))),
        plain(),
        PoolRules::default(),
    );
    assert_eq!(three.reserved, 3);
    let above = (12.0 * 7.0 + 4.0) * 0.1 / 24.0;
    near(three.cost_per_month, (3.0 * 0.06 + above) * 730.0);
    // Twice the nodes, half of which may be lost: above 4 reserved ones, in 12 hours 10 spot nodes
    // and 6 on demand, in 4 hours 4 spot nodes.
    let spot = row()
        .with_reserved(reserved(None))
        .with_spot(Some(Offer::at(0.03)));
    let half = of(
        spot.clone(),
        plain().with_headroom(1.0),
        PoolRules::default(),
    );
    assert_eq!((half.reserved, half.peak, half.spot), (4, 20, 10));
    near(half.last_reserved_share, 1.0);
    near(
        half.cost_per_month,
        (4.0 * 0.06 + (12.0 * 0.9 + 4.0 * 0.12) / 24.0) * 730.0,
    );
    // With a base of 20 none is spot: the eighth node is needed in 16 hours, the ninth in 12.
    let base = PoolRules::default().with_on_demand_base_capacity(20);
    let all = of(spot, plain().with_headroom(1.0), base);
    assert_eq!((all.reserved, all.spot), (8, 0));
    near(all.last_reserved_share, 16.0 / 24.0);
    // A price that is no lower: none.
    let dear = row().with_reserved(Some(Offer::at(0.1)));
    let none = of(dear, plain(), PoolRules::default());
    assert_eq!((none.reserved, none.saves_per_month), (0, 0.0));
    near(none.last_reserved_share, 0.0);
}

#[test]
fn a_profile_is_the_largest_load_of_each_hour_of_the_week() {
    const MONDAY: i64 = 4 * 86_400;
    const WEEK: i64 = 7 * 86_400;
    let profile = |samples: &[(i64, f64)], offset| {
        HourlyProfile::from_samples(samples.iter().copied(), offset)
            .map(|profile| profile.requests_per_minute)
            .map_err(|error| error.to_string())
    };
    // Samples, offset, and (hour, load) of the hours that are not the largest load of all.
    for (samples, offset, hours) in [
        (vec![(MONDAY, 5.0), (MONDAY + 3600, 9.0)], 0, vec![(0, 5.0)]),
        (
            vec![
                (MONDAY, 5.0),
                (MONDAY + 3599, 7.0),
                (MONDAY + WEEK, 6.0),
                (0, 9.0),
            ],
            0,
            vec![(0, 7.0)],
        ),
        (vec![(MONDAY, 5.0), (0, 9.0)], 3600, vec![(1, 5.0)]),
        (vec![(MONDAY, 5.0), (0, 9.0)], -3600, vec![(167, 5.0)]),
        // 1 January 1970 was a Thursday, the day before it a Wednesday.
        (vec![(0, 5.0), (MONDAY, 9.0)], 0, vec![(72, 5.0)]),
        (vec![(-1, 5.0), (MONDAY, 9.0)], 0, vec![(71, 5.0)]),
    ] {
        let mut expected = vec![9.0; 168];
        for (hour, load) in hours {
            expected[hour] = load;
        }
        assert_eq!(profile(&samples, offset), Ok(expected), "{samples:?}");
    }
    let bound = "must be 0 … 1000000000";
    for (samples, expected) in [
        (vec![], "samples is missing: at least one sample".to_owned()),
        (
            vec![(0, 1.0), (1, -1.0)],
            format!("samples[1] is -1, {bound}"),
        ),
        (vec![(0, f64::NAN)], format!("samples[0] is NaN, {bound}")),
        (
            vec![(0, 1e9 + 1.0)],
            format!("samples[0] is 1000000001, {bound}"),
        ),
    ] {
        assert_eq!(profile(&samples, 0), Err(expected));
    }
    assert_eq!(
        HourlyProfile::new(day()).peak().to_bits(),
        1000.0_f64.to_bits()
    );
    let mut loads = day();
    loads[7] = f64::NAN;
    let refused = reserve(
        &table(),
        &HourlyProfile::new(loads),
        &plain(),
        &PoolRules::default(),
    );
    let expected = format!("requests_per_minute[7] is NaN, {bound}");
    assert_eq!(refused.unwrap_err().to_string(), expected);
}
