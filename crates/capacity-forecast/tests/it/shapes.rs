//! Shapes that are looked for: saw-teeth, growth to a declared cap, levels without a season; and what
//! was usual before.

use std::time::Duration;

use capacity_forecast::{Limit, Member, Plan, Planner, PlannerConfig, Seasons, Series};
use proptest::prelude::*;

const HOUR: Duration = Duration::from_secs(3600);

/// Bits of a step, mixed so that neighbours have nothing in common.
fn mixed(step: u32) -> u32 {
    let mut bits = step.wrapping_add(0x9E37_79B9);
    for factor in [0x85EB_CA6B, 0xC2B2_AE35] {
        bits = (bits ^ (bits >> 16)).wrapping_mul(factor);
    }
    bits ^ (bits >> 16)
}

/// Even on -0.5 to 0.5.
fn noise(step: u32) -> f64 {
    f64::from(mixed(step) >> 16) / 65_536.0 - 0.5
}

fn plan_with(config: PlannerConfig, values: impl Iterator<Item = f64>) -> Plan {
    let series = Series::from_grid(Duration::ZERO, HOUR, values).unwrap();
    Planner::new(config)
        .unwrap()
        .plan(&series, series.end())
        .unwrap()
}

fn plan(values: impl Iterator<Item = f64>) -> Plan {
    plan_with(
        PlannerConfig::default().with_seasons(Seasons::Given(vec![24 * HOUR, 168 * HOUR])),
        values,
    )
}

fn has(plan: &Plan, member: Member) -> bool {
    plan.members.iter().any(|share| share.member == member)
}

/// Rises from 0.3 by a hundredth an hour, and falls back after 53 hours: to 0.82 at most.
fn teeth(step: u32) -> f64 {
    0.3 + 0.01 * f64::from(step % 53) + 0.01 * noise(step)
}

/// 700 hours end 11 hours into a tooth: the next drop comes 42 hours later.
#[test]
fn the_next_drop_of_a_saw_tooth_is_foreseen() {
    let plan = plan((0..700).map(teeth));
    assert!(has(&plan, Member::Teeth), "{:?}", plan.members);
    assert!((plan.point[38] - 0.79).abs() < 0.03, "{}", plan.point[38]);
    assert!((plan.point[46] - 0.34).abs() < 0.03, "{}", plan.point[46]);
    // The line through the present tooth reaches 0.95 after 54 hours; no tooth does.
    let above = plan.breach(&Limit::at_least(0.95)).unwrap();
    assert!(above.probability[167] < 0.03, "{}", above.probability[167]);
    // 0.7 is reached after 30 hours, not before, and not later either.
    let within = plan.breach(&Limit::at_least(0.7)).unwrap();
    assert!(within.probability[24] < 0.1, "{}", within.probability[24]);
    assert!(within.probability[34] > 0.9, "{}", within.probability[34]);
    // After the drop there is time again: down to 0.32 it comes with the drop.
    let below = plan.breach(&Limit::at_most(0.33)).unwrap();
    assert!(below.probability[38] < 0.1, "{}", below.probability[38]);
    assert!(below.probability[46] > 0.9, "{}", below.probability[46]);
}

/// Drops come after 40 to 66 hours, from 0.54 to 0.8.
#[test]
fn an_irregular_saw_tooth_is_reached_as_often_as_its_teeth_do() {
    let mut left = 0;
    let mut level = 0.0;
    let irregular = (0..1000).map(|step| {
        if left == 0 {
            left = 40 + mixed(step) % 27;
            level = 0.28;
        }
        left -= 1;
        level += 0.008;
        level + 0.01 * noise(step)
    });
    let plan = plan(irregular);
    assert!(has(&plan, Member::Teeth), "{:?}", plan.members);
    let p = |value: f64| plan.breach(&Limit::at_least(value)).unwrap().probability[167];
    assert!(p(0.55) > 0.95, "{}", p(0.55));
    assert!(p(0.9) < 0.05, "{}", p(0.9));
}

/// Free space falls and is freed.
#[test]
fn a_saw_tooth_may_stand_on_its_head() {
    let up = plan((0..700).map(teeth));
    let down = plan((0..700).map(|step| -teeth(step)));
    assert!(has(&down, Member::Teeth), "{:?}", down.members);
    for value in [0.5, 0.7, 0.8, 0.9] {
        let up = up.breach(&Limit::at_least(value)).unwrap();
        let down = down.breach(&Limit::at_most(-value)).unwrap();
        for (up, down) in up.probability.iter().zip(&down.probability) {
            assert!((up - down).abs() < 0.02, "{up} against {down} at {value}");
        }
    }
}

/// What lasts must last in a row: the top of a tooth is there for an hour.
#[test]
fn a_sustained_limit_looks_along_the_teeth() {
    let plan = plan((0..700).map(teeth));
    let p = |value: f64, of: usize| {
        let limit = Limit::at_least(value).with_sustained(of, of);
        plan.breach(&limit).unwrap().probability[60]
    };
    assert!(p(0.75, 3) > 0.9, "{}", p(0.75, 3));
    assert!(p(0.75, 20) < 0.05, "{}", p(0.75, 20));
}

/// A value by the hour and the day's wave.
type Value = fn(u32, f64) -> f64;

#[test]
fn what_is_no_saw_tooth_is_not_taken_for_one() {
    let day = |step: u32| (f64::from(step % 24) / 24.0 * std::f64::consts::TAU).sin();
    let cases: [(&str, Value); 6] = [
        ("a day", |_, day| 0.5 + 0.2 * day),
        ("office hours", |h, _| {
            f64::from(u8::from((9..18).contains(&(h % 24))))
        }),
        ("spikes", |h, _| {
            0.3 + 0.5 * f64::from(u8::from(h % 53 == 7))
        }),
        ("a job a day", |h, _| 0.01 * f64::from(h % 24)),
        ("a job a week", |h, _| 0.01 * f64::from(h % 168)),
        ("a line", |h, _| 0.3 + 0.0005 * f64::from(h)),
    ];
    for (name, value) in cases {
        let plan = plan((0..700).map(|h| value(h, day(h)) + 0.01 * noise(h)));
        assert!(!has(&plan, Member::Teeth), "{name}");
    }
}

/// Once nothing is dropped any more the last teeth say nothing about the next one.
#[test]
fn drops_that_have_ended_are_not_waited_for() {
    let ended = |step: u32| {
        if step < 530 {
            teeth(step)
        } else {
            0.3 + 0.01 * f64::from(step - 530) + 0.01 * noise(step)
        }
    };
    let plan = plan((0..630).map(ended));
    assert!(!has(&plan, Member::Teeth), "{:?}", plan.members);
    let breach = plan.breach(&Limit::at_least(1.4)).unwrap();
    assert!(breach.probability[167] > 0.2, "{}", breach.probability[167]);
}

/// Half full after 25 days, e times the odds every 5 days.
fn filling(step: u32) -> f64 {
    let odds = ((f64::from(step) - 600.0) / 120.0).exp();
    odds / (1.0 + odds) + 0.03 * noise(step)
}

#[test]
fn growth_to_a_declared_cap_slows_down() {
    let of = |cap: Option<f64>| {
        let config = PlannerConfig::default()
            .with_seasons(Seasons::Given(vec![24 * HOUR]))
            .with_upper_bound(cap);
        plan_with(config, (0..620).map(filling))
    };
    let (capped, open) = (of(Some(1.0)), of(None));
    assert!(has(&capped, Member::CappedTrend), "{:?}", capped.members);
    let miss = |plan: &Plan| {
        let steps = (620..).zip(&plan.point);
        steps
            .map(|(h, point)| (point - filling(h)).abs())
            .sum::<f64>()
            / 168.0
    };
    assert!(miss(&capped) < 0.02, "{}", miss(&capped));
    assert!(miss(&capped) < 0.5 * miss(&open), "{}", miss(&open));
    // 0.75 is reached at hour 732, 0.9 not before hour 863.
    let p =
        |value: f64, step: usize| capped.breach(&Limit::at_least(value)).unwrap().probability[step];
    assert!(p(0.75, 95) < 0.1, "{}", p(0.75, 95));
    assert!(p(0.75, 135) > 0.8, "{}", p(0.75, 135));
    assert!(p(0.96, 167) < 0.1, "{}", p(0.96, 167));
    assert!(p(1.001, 167) < 0.01, "{}", p(1.001, 167));
}

/// A bound that growth does not head for changes nothing but what lies beyond it.
#[test]
fn a_cap_far_away_leaves_a_wave_alone() {
    let wave =
        |h: u32| 0.3 + 0.1 * (f64::from(h) * std::f64::consts::TAU / 24.0).sin() + 0.02 * noise(h);
    let of = |cap: Option<f64>| {
        let config = PlannerConfig::default().with_upper_bound(cap);
        plan_with(config, (0..500).map(wave))
    };
    let (capped, open) = (of(Some(10.0)), of(None));
    assert!(!has(&capped, Member::CappedTrend));
    assert_eq!(capped.point, open.point);
}

/// Without a season too a line is followed to its limit, and a level is told from it.
#[test]
fn a_series_without_a_season_has_a_trend_all_the_same() {
    let config = || PlannerConfig::default().with_seasons(Seasons::None);
    // 0.2 + 0.0006 h, at 0.56 after 600 hours: 0.6 is reached after 66 hours, give or take the noise.
    let line = |h: u32| 0.2 + 0.0006 * f64::from(h) + 0.04 * noise(h);
    let rising = plan_with(config(), (0..600).map(line));
    let p =
        |value: f64, step: usize| rising.breach(&Limit::at_least(value)).unwrap().probability[step];
    assert!(p(0.64, 167) > 0.8, "{}", p(0.64, 167));
    assert!(p(0.64, 71) < 0.2, "{}", p(0.64, 71));
    assert!(p(0.72, 167) < 0.1, "{}", p(0.72, 167));
    let level = plan_with(config(), (0..600).map(|h| 0.5 + 0.04 * noise(h)));
    let breach = level.breach(&Limit::at_least(0.56)).unwrap();
    assert!(breach.probability[167] < 0.1, "{}", breach.probability[167]);
}

/// A series of one of several shapes, and whether it is told its season.
fn any_shape() -> impl Strategy<Value = (Vec<f64>, bool, bool)> {
    let shape = (
        0..5_u32,
        100..700_u32,
        20..90_u32,
        0.0..0.1_f64,
        any::<u32>(),
    );
    let values = shape.prop_map(|(kind, count, period, size, seed)| {
        let value = |h: u32| {
            let tooth = f64::from(h % period) / f64::from(period);
            let day = (f64::from(h) * std::f64::consts::TAU / 24.0).sin();
            let noise = size * noise(h.wrapping_add(seed));
            noise
                + match kind {
                    0 => 0.3 + 0.4 * tooth,
                    1 => 0.9 - 0.4 * tooth + 0.05 * day,
                    2 => 1.0 / (1.0 + (3.0 - f64::from(h) / 90.0).exp()),
                    3 => 0.5 + 0.2 * day,
                    _ => 0.2 + 0.001 * f64::from(h),
                }
        };
        (0..count).map(value).collect()
    });
    (values, any::<bool>(), any::<bool>())
}

proptest! {
    #![proptest_config(super::cases(60, 5_000))]

    /// The cap holds for all that is said; a higher limit is never likelier, nor an earlier step.
    #[test]
    fn caps_hold_and_higher_limits_are_reached_less(
        (values, seasonal, capped) in any_shape(),
        hours in 1..120_u32,
    ) {
        let seasons = if seasonal {
            Seasons::Given(vec![24 * HOUR])
        } else {
            Seasons::None
        };
        let most = values.iter().copied().fold(0.0, f64::max);
        let cap = most + 0.01;
        let config = PlannerConfig::default()
            .with_horizon(hours * HOUR)
            .with_seasons(seasons)
            .with_upper_bound(capped.then_some(cap));
        let plan = plan_with(config, values.into_iter());
        if capped {
            let ends = plan.intervals.iter().flat_map(|interval| &interval.upper);
            prop_assert!(plan.point.iter().chain(ends).all(|value| *value <= cap));
            let beyond = plan.breach(&Limit::at_least(cap + 0.01))?;
            prop_assert!(beyond.probability.iter().all(|p| *p < 0.1), "{:?}", beyond.probability);
        }
        let mut before: Option<Vec<f64>> = None;
        for share in [0.5, 0.7, 0.9, 0.97, 1.0, 1.1, 1.4] {
            let reached = plan.breach(&Limit::at_least(share * most))?.probability;
            prop_assert!(reached.windows(2).all(|pair| pair[0] <= pair[1]));
            prop_assert!(reached.iter().all(|p| (0.0..=1.0).contains(p)));
            if let Some(before) = before {
                for (lower, higher) in before.iter().zip(&reached) {
                    prop_assert!(*higher <= lower + 1e-9, "{higher} above {lower} at {share}");
                }
            }
            before = Some(reached);
        }
    }
}
