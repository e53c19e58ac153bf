//! What no series may do to a plan: 20 000 of them, a million with the feature `full`.

use std::time::Duration;

use capacity_forecast::{
    Direction, ForecastError, Limit, Plan, Planner, PlannerConfig, Seasons, Series,
};
use proptest::prelude::*;

const HOUR: Duration = Duration::from_secs(3600);

/// Histories that break forecasters: short ones, constants, zeros, spikes, gaps, explosions, sizes from
/// 1e-300 to 1e300, and a few ordinary ones.
fn history() -> impl Strategy<Value = Vec<Option<f64>>> {
    let length = prop_oneof![4 => 0..50_usize, 2 => 50..120_usize, 1 => 120..260_usize];
    let size = prop_oneof![
        4 => Just(1.0),
        1 => Just(1e-300),
        1 => Just(1e-12),
        1 => Just(1e12),
        1 => Just(1e300),
        1 => Just(f64::MAX),
        1 => Just(0.0),
    ];
    let gaps = prop_oneof![2 => Just(0.0), 1 => Just(0.02), 1 => Just(0.3), 1 => Just(0.9)];
    (length, size, gaps, 0..9_u8, any::<u64>()).prop_map(|(length, size, gaps, kind, seed)| {
        let mut state = seed | 1;
        let mut uniform = move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let mut level = 0.0;
        (0..length)
            .map(|step| {
                let phase = (step % 24) as f64 / 24.0;
                let noise = uniform() - 0.5;
                level += noise;
                let value = match kind {
                    0 => 0.3,
                    1 => noise,
                    2 => uniform(),
                    3 => 0.5 + 0.3 * (phase * std::f64::consts::TAU).sin() + 0.1 * noise,
                    4 if uniform() < 0.03 => 1e6 * noise,
                    4 => 1e-3 * noise,
                    5 => level / 20.0,
                    6 => (0.05 * step as f64 + noise).exp().min(1e6) * 1e-6,
                    7 => f64::from(u8::from(uniform() < 0.1)),
                    _ => step as f64 / 300.0 - 0.4,
                };
                let value = (size * value).clamp(f64::MIN, f64::MAX);
                (uniform() >= gaps).then_some(value)
            })
            .collect()
    })
}

fn range(history: &[Option<f64>]) -> (f64, f64) {
    let values = history.iter().flatten();
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(*value), high.max(*value))
    })
}

/// Bounds, order and size of all that a plan says.
fn check(plan: &Plan, horizon: usize, (low, high): (f64, f64), bounds: (f64, f64)) {
    assert_eq!(plan.point.len(), horizon);
    for (step, value) in plan.point.iter().enumerate() {
        assert!(value.is_finite(), "point[{step}] is {value}");
        assert!(
            bounds.0 <= *value && *value <= bounds.1,
            "point[{step}] is {value}"
        );
        for interval in &plan.intervals {
            let (lower, upper) = (interval.lower[step], interval.upper[step]);
            assert!(bounds.0 <= lower && lower <= *value, "{lower} > {value}");
            assert!(*value <= upper && upper <= bounds.1, "{value} > {upper}");
            let width = upper / 2.0 - lower / 2.0;
            assert!(width <= 50.0 * (high / 2.0 - low / 2.0) * 2.0 + 1e-300 || high - low > 1e300);
        }
    }
    for pair in plan.intervals.windows(2) {
        for step in 0..horizon {
            assert!(pair[1].lower[step] <= pair[0].lower[step]);
            assert!(pair[0].upper[step] <= pair[1].upper[step]);
        }
    }
    let weight: f64 = plan.members.iter().map(|share| share.weight).sum();
    assert!((weight - 1.0).abs() < 1e-9, "weights add up to {weight}");
}

proptest! {
    #![proptest_config(crate::cases(20_000, 1_000_000))]

    #[test]
    fn a_plan_keeps_its_bounds(
        history in history(),
        horizon in 1..60_u32,
        season in 0..5_usize,
        share in 0.0..1.2_f64,
        falling in any::<bool>(),
        sustained in 1..4_usize,
        capped in any::<bool>(),
    ) {
        let Ok(series) = Series::from_grid(Duration::ZERO, HOUR, history.clone()) else {
            prop_assert!(history.is_empty());
            return Ok(());
        };
        let seasons = match season {
            0 => Seasons::Detect,
            1 => Seasons::None,
            2 => Seasons::Given(vec![2 * HOUR]),
            3 => Seasons::Given(vec![7 * HOUR]),
            _ => Seasons::Given(vec![24 * HOUR, 168 * HOUR]),
        };
        let (low, high) = range(&history);
        let cap = (low / 2.0 + high / 2.0) * 1.1 + 1e-3;
        let cap = (capped && cap > 0.0 && cap.is_finite()).then_some(cap);
        let mut config = PlannerConfig::default()
            .with_horizon(horizon * HOUR)
            .with_seasons(seasons)
            .with_max_age(Some(Duration::MAX))
            .with_upper_bound(cap);
        if low.is_finite() && low < 0.0 {
            config = config.with_lower_bound(Some(low * 1.5 - 1.0).filter(|bound| bound.is_finite()));
        }
        let bounds = (
            config.lower_bound.unwrap_or(if low >= 0.0 { 0.0 } else { f64::MIN }),
            cap.unwrap_or(f64::MAX),
        );
        let planner = Planner::new(config).unwrap();
        let plan = match planner.plan(&series, series.end()) {
            Ok(plan) => plan,
            Err(error) => {
                let observed = series.observed();
                let known = matches!(
                    error,
                    ForecastError::TooShort { have, need } if have == observed && have < need
                ) || matches!(error, ForecastError::AllMissing { .. } if observed == 0);
                prop_assert!(known, "{error}");
                return Ok(());
            }
        };
        check(&plan, horizon as usize, (low, high), bounds);
        // The same again is the same.
        prop_assert!(planner.plan(&series, series.end()).unwrap().point == plan.point);

        let value = low + share * (high / 2.0 - low / 2.0);
        let value = value.clamp(f64::MIN, f64::MAX);
        let limit_value = value;
        let limit = if falling { Limit::at_most(value) } else { Limit::at_least(value) };
        let limit = limit.with_sustained(sustained, sustained);
        let breach = plan.breach(&limit).unwrap();
        let mut before = 0.0;
        for p in &breach.probability {
            prop_assert!((before..=1.0).contains(p), "{:?}", breach.probability);
            before = *p;
        }
        if sustained == 1 && !breach.now {
            for (p, value) in breach.probability.iter().zip(&plan.point) {
                let beyond = if falling { *value <= limit_value } else { *value >= limit_value };
                prop_assert!(!beyond || *p >= 0.5, "{p} where the middle is beyond");
            }
        }
        prop_assert!(!breach.now || breach.probability.iter().all(|p| *p >= 1.0));
        // A limit that is farther off is not reached sooner.
        let farther = match limit.direction {
            Direction::Falling => value - (high / 2.0 - low / 2.0),
            _ => value + (high / 2.0 - low / 2.0),
        };
        if farther.is_finite() {
            let limit = if falling { Limit::at_most(farther) } else { Limit::at_least(farther) };
            let farther = plan.breach(&limit.with_sustained(sustained, sustained)).unwrap();
            for (near, far) in breach.probability.iter().zip(&farther.probability) {
                prop_assert!(*far <= *near + 1e-12, "{far} > {near}");
            }
        }
    }
}
