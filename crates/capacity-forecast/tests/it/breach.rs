//! When limits are reached: rising and falling, changing, sustained, already.

use std::time::Duration;

use capacity_forecast::{Limit, Plan, Planner, PlannerConfig, Series};

const HOUR: Duration = Duration::from_secs(3600);

fn noise(step: u32) -> f64 {
    f64::from(step.wrapping_mul(2_654_435_761) >> 16) / 65_536.0 - 0.5
}

fn plan(values: impl Iterator<Item = f64>, hours: u32) -> Plan {
    let series = Series::from_grid(Duration::ZERO, HOUR, values).unwrap();
    let config = PlannerConfig::default().with_horizon(hours * HOUR);
    let planner = Planner::new(config).unwrap();
    planner.plan(&series, series.end()).unwrap()
}

/// A disk that fills by a percent in four hours, from a fifth.
fn disk(step: u32) -> f64 {
    0.2 + 0.0025 * f64::from(step) + 0.002 * noise(step)
}

#[test]
fn a_line_is_followed_to_its_limit() {
    // 0.2 + 0.0025 t reaches 0.9 at t = 280: 41 steps after 239.
    let breach = plan((0..240).map(disk), 168)
        .breach(&Limit::at_least(0.9))
        .unwrap();
    let time = breach.time_to_limit();
    let (p10, p50, p90) = (time.p10.unwrap(), time.p50.unwrap(), time.p90.unwrap());
    assert!(p10 <= p50 && p50 <= p90);
    assert!((36..=46).contains(&(p50.as_secs() / 3600)), "{p50:?}");
    assert!(breach.probability_within(24 * HOUR) < 0.1);
    assert!(breach.probability_within(72 * HOUR) > 0.9);
}

#[test]
fn falling_is_rising_upside_down() {
    let rising = plan((0..240).map(disk), 72);
    let config = PlannerConfig::default().with_horizon(72 * HOUR);
    let upside_down = Series::from_grid(Duration::ZERO, HOUR, (0..240).map(|h| -disk(h))).unwrap();
    let falling = Planner::new(config).unwrap();
    let falling = falling.plan(&upside_down, upside_down.end()).unwrap();
    for value in [0.82, 0.85, 0.9] {
        let up = rising.breach(&Limit::at_least(value)).unwrap();
        let down = falling.breach(&Limit::at_most(-value)).unwrap();
        for (up, down) in up.probability.iter().zip(&down.probability) {
            assert!((up - down).abs() < 0.02, "{up} against {down} at {value}");
        }
    }
}

/// Ten values leave no whole error path; what the forecast itself says still counts.
#[test]
fn a_short_history_follows_its_forecast() {
    let plan = plan((1..=10).map(f64::from), 3);
    let p = |limit: f64| plan.breach(&Limit::at_least(limit)).unwrap().probability;
    assert_eq!(plan.point, [11.0, 12.0, 13.0]);
    let (near, far) = (p(11.5), p(20.0));
    assert!(near[0] < 0.2 && near[2] > 0.8, "{near:?}");
    assert!(far[2] < 0.2, "{far:?}");
}

#[test]
fn beyond_the_limit_is_now() {
    let plan = plan((0..240).map(disk), 24);
    let breach = plan.breach(&Limit::at_least(0.5)).unwrap();
    assert!(breach.now);
    assert_eq!(breach.probability, vec![1.0; 24]);
    assert_eq!(breach.time_to_limit().p10, Some(Duration::ZERO));
    assert_eq!(breach.probability_within(Duration::ZERO), 1.0);
}

/// Capacity that arrives in time keeps the limit away.
#[test]
fn a_limit_may_change() {
    let plan = plan((0..240).map(disk), 72);
    let grown = (0..72)
        .map(|step| if step < 20 { 0.9 } else { 1.8 })
        .collect();
    let grown = plan
        .breach(&Limit::at_least(0.0).with_steps(grown))
        .unwrap();
    let fixed = plan.breach(&Limit::at_least(0.9)).unwrap();
    assert!(fixed.probability[71] > 0.9);
    assert!(grown.probability[71] < 0.1, "{}", grown.probability[71]);
    assert_eq!(grown.probability[10], fixed.probability[10]);
    let short = plan.breach(&Limit::at_least(0.0).with_steps(vec![1.0; 71]));
    let message = "limit.steps is 71, must be at least 72 values, one a step ahead";
    assert_eq!(short.unwrap_err().to_string(), message);
}

/// A spike of one step now and then reaches a limit, but not three steps in a row.
#[test]
fn sustained_limits_pass_spikes_by() {
    let spikes = |step: u32| {
        if step % 17 == 5 {
            90.0
        } else {
            20.0 + noise(step)
        }
    };
    let plan = plan((0..480).map(spikes), 72);
    let once = plan.breach(&Limit::at_least(80.0)).unwrap().probability[71];
    let lasting = plan
        .breach(&Limit::at_least(80.0).with_sustained(3, 3))
        .unwrap();
    assert!(once > 0.8, "{once}");
    assert!(lasting.probability[71] < 0.2, "{}", lasting.probability[71]);
    // One of three is no less likely than one.
    let any = plan
        .breach(&Limit::at_least(80.0).with_sustained(1, 3))
        .unwrap();
    assert!((any.probability[71] - once).abs() < 0.05);
}

#[test]
fn limits_out_of_range_are_named() {
    let plan = plan((0..240).map(disk), 24);
    let refusal = |limit: Limit| plan.breach(&limit).unwrap_err().to_string();
    let limit = || Limit::at_least(0.9);
    assert_eq!(
        refusal(Limit::at_least(f64::NAN)),
        "limit is NaN, must be a finite number"
    );
    assert_eq!(
        refusal(limit().with_sustained(1, 1001)),
        "limit.sustained.of is 1001, must be between 1 and 1000"
    );
    assert_eq!(
        refusal(limit().with_sustained(4, 3)),
        "limit.sustained.hits is 4, must be between 1 and of (3)"
    );
    let mut values = vec![1.0; 24];
    values[7] = f64::INFINITY;
    assert_eq!(
        refusal(limit().with_steps(values)),
        "limit.steps[7] is inf, must be a finite number"
    );
}

#[test]
fn time_within_a_step_is_shared_out() {
    let plan = plan((0..240).map(disk), 72);
    let breach = plan.breach(&Limit::at_least(0.9)).unwrap();
    let mut before = 0.0;
    for minutes in (0..72 * 60).step_by(7) {
        let p = breach.probability_within(Duration::from_secs(minutes * 60));
        assert!(p >= before - 1e-12, "falls to {p} after {minutes} min");
        before = p;
    }
    assert_eq!(
        breach.probability_within(1000 * HOUR),
        breach.probability[71]
    );
    // The quantiles are where the probability says.
    for q in [0.1, 0.5, 0.9] {
        let at = breach.quantile(q).unwrap();
        assert!((breach.probability_within(at) - q).abs() < 0.02, "{q}");
    }
}

/// Nothing is beyond the declared cap, so that a limit above it is never reached.
#[test]
fn a_limit_beyond_the_bounds_is_never_reached() {
    let series = Series::from_grid(Duration::ZERO, HOUR, (0..240).map(disk)).unwrap();
    let config = PlannerConfig::default()
        .with_horizon(168 * HOUR)
        .with_upper_bound(Some(1.0));
    let plan = Planner::new(config)
        .unwrap()
        .plan(&series, series.end())
        .unwrap();
    let breach = plan.breach(&Limit::at_least(1.01)).unwrap();
    assert_eq!(breach.probability, [0.0; 168]);
    assert!(plan.breach(&Limit::at_least(1.0)).unwrap().probability[167] > 0.5);
}

/// The answer is a moment of the future, not a time since the newest value: it stays where it is while
/// the value grows old.
#[test]
fn the_moment_does_not_depend_on_when_one_asks() {
    let series = Series::from_grid(Duration::ZERO, HOUR, (0..240).map(disk)).unwrap();
    let config = PlannerConfig::default()
        .with_horizon(168 * HOUR)
        .with_seasons(capacity_forecast::Seasons::None);
    let planner = Planner::new(config).unwrap();
    let moment = |age: u32| {
        let now = series.end() + age * HOUR;
        let breach = planner.plan(&series, now).unwrap();
        let breach = breach.breach(&Limit::at_least(0.9)).unwrap();
        assert!(breach.horizon() >= 168 * HOUR);
        (now + breach.time_to_limit().p50.unwrap()).as_secs_f64() / 3600.0
    };
    let (fresh, old) = (moment(0), moment(16));
    assert!((fresh - old).abs() < 2.0, "{fresh} and {old}");
}

/// What a bin holds is known at its end.
#[test]
fn a_bin_reaches_at_its_end() {
    let quarters = || (0..960_u32).map(|q| (q * HOUR / 4, 0.2 + 0.000_625 * f64::from(q)));
    let config = |step: Duration| capacity_forecast::SeriesConfig::default().with_step(Some(step));
    let moment = |step: Duration| {
        let series = Series::from_samples(quarters(), &config(step)).unwrap();
        let horizon = PlannerConfig::default().with_horizon(168 * HOUR);
        let plan = Planner::new(horizon).unwrap();
        let now = Duration::from_secs(959 * 900);
        let plan = plan.plan(&series, now).unwrap();
        let breach = plan.breach(&Limit::at_least(0.9)).unwrap();
        (now + breach.time_to_limit().p50.unwrap()).as_secs_f64() / 3600.0
    };
    // The line is at 0.9 after 280 hours.
    for step in [HOUR / 4, HOUR, 6 * HOUR] {
        let at = moment(step);
        let allowed = step.as_secs_f64() / 3600.0 + 1.0;
        assert!((at - 280.0).abs() <= allowed, "{at} with steps of {step:?}");
    }
}

/// A run may be longer than the history that leads up to it.
#[test]
fn a_run_longer_than_the_history_is_reached_in_time() {
    let plan = plan((0..30).map(|h| 0.2 + 0.015 * f64::from(h)), 72);
    let lasting = |hits, of| {
        let limit = Limit::at_least(0.66).with_sustained(hits, of);
        plan.breach(&limit).unwrap().probability[71]
    };
    assert!(lasting(1, 1) > 0.4);
    assert!(
        lasting(35, 40) > 0.5 * lasting(30, 40),
        "{}",
        lasting(35, 40)
    );
}
