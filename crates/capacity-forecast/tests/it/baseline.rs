//! The quadratic baseline as a member of the pool: offered, and weighed by what it is worth.

use std::time::Duration;

use capacity_forecast::{Member, Plan, Planner, PlannerConfig, PolynomialTrend, Seasons, Series};
use proptest::prelude::*;

const HOUR: Duration = Duration::from_secs(3600);

fn plans(values: Vec<f64>) -> (Plan, Plan) {
    let series = Series::from_grid(Duration::ZERO, HOUR, values).unwrap();
    let seasons = Seasons::Given(vec![24 * HOUR]);
    let config = PlannerConfig::default()
        .with_seasons(seasons)
        .with_horizon(48 * HOUR);
    let without = Planner::new(config).unwrap();
    let with = Planner::new(without.config().clone())
        .unwrap()
        .with_member(Box::new(PolynomialTrend));
    let now = series.end();
    (
        without.plan(&series, now).unwrap(),
        with.plan(&series, now).unwrap(),
    )
}

fn weight(plan: &Plan) -> f64 {
    let own = plan.members.iter().find(|m| m.member == Member::Custom(0));
    own.map_or(0.0, |share| share.weight)
}

proptest! {
    #![proptest_config(super::cases(40, 2_000))]

    /// A wave that is as large as its noise or larger: the parabola does not see it.
    #[test]
    fn a_parabola_counts_for_little_where_there_is_a_season(
        noise in prop::collection::vec(-1.0..1.0_f64, 300..500),
        size in 3.0..20.0_f64,
        growth in -0.02..0.02_f64,
    ) {
        let hours = (0..).zip(&noise);
        let values = hours.map(|(hour, noise)| {
            let day = (f64::from(hour) / 24.0 * std::f64::consts::TAU).sin();
            100.0 + size * day + growth * f64::from(hour) + noise
        });
        let (without, with) = plans(values.collect());
        let weight = weight(&with);
        prop_assert!(weight < 0.05, "{weight}");
        // The middle fifth of the weights is the forecast, so that it moves no further than five
        // times what was added, of what members differ by: less than half the range of values here.
        let range = 2.0 * size + 2.0 + 500.0 * growth.abs();
        for (before, after) in without.point.iter().zip(&with.point) {
            let moved = (before - after).abs();
            prop_assert!(moved <= 0.5 * range * (5.0 * weight) + 1e-9, "{moved} by {weight}");
        }
    }
}

/// Where there is nothing but a parabola it carries the forecast.
#[test]
fn a_parabola_counts_where_there_is_one() {
    let bent = |hour: u32| 10.0 + 0.001 * f64::from(hour) * f64::from(hour);
    let series = Series::from_grid(Duration::ZERO, HOUR, (0..300).map(bent)).unwrap();
    let config = PlannerConfig::default()
        .with_seasons(Seasons::None)
        .with_horizon(48 * HOUR);
    let planner = Planner::new(config)
        .unwrap()
        .with_member(Box::new(PolynomialTrend));
    let plan = planner.plan(&series, series.end()).unwrap();
    assert!(weight(&plan) > 0.1, "{:?}", plan.members);
    assert!(
        (plan.point[47] - bent(347)).abs() < 1.0,
        "{}",
        plan.point[47]
    );
}
