//! What a planner refuses, and what each of its fields changes.

use std::time::Duration;

use capacity_forecast::{
    AutoEts, EventChange, ForecastError, Limit, Member, PlannedEvent, Planner, PlannerConfig,
    Seasons, Series,
};

const HOUR: Duration = Duration::from_secs(3600);

fn noise(step: u32) -> f64 {
    f64::from(step.wrapping_mul(2_654_435_761) >> 16) / 65_536.0 - 0.5
}

fn wave(step: u32) -> f64 {
    let day = f64::from(step % 24) / 24.0 * std::f64::consts::TAU;
    20.0 + 8.0 * day.sin() + noise(step)
}

fn series(count: u32) -> Series {
    Series::from_grid(Duration::ZERO, HOUR, (0..count).map(wave)).unwrap()
}

fn config() -> PlannerConfig {
    PlannerConfig::default().with_horizon(24 * HOUR)
}

fn planner(config: PlannerConfig) -> Planner {
    Planner::new(config).unwrap()
}

#[test]
fn configurations_out_of_range_are_named() {
    let event = PlannedEvent::new("x", HOUR, EventChange::Multiplicative(0.0));
    let cases = [
        (
            config().with_horizon(Duration::ZERO),
            "horizon is 0s, must be above 0",
        ),
        (
            config().with_levels(vec![0.5; 21]),
            "levels is 21 levels, must be at most 20",
        ),
        (
            config().with_levels(vec![0.9, 0.8]),
            "levels[1] is 0.8, must be above 0 and the level before it, below 1",
        ),
        (
            config().with_levels(vec![f64::NAN]),
            "levels[0] is NaN, must be above 0 and the level before it, below 1",
        ),
        (
            config().with_lower_bound(Some(f64::NEG_INFINITY)),
            "lower_bound is -inf, must be a finite number",
        ),
        (
            config().with_upper_bound(Some(f64::NAN)),
            "upper_bound is NaN, must be a finite number",
        ),
        (
            config()
                .with_lower_bound(Some(2.0))
                .with_upper_bound(Some(2.0)),
            "upper_bound is 2, must be above lower_bound (2)",
        ),
        (
            config().with_min_observed(3),
            "min_observed is 3, must be at least 4",
        ),
        (
            config().with_max_history(7),
            "max_history is 7, must be at least min_observed (8)",
        ),
    ];
    for (config, message) in cases {
        let refused = Planner::new(config).err().map(|error| error.to_string());
        assert_eq!(refused.as_deref(), Some(message));
    }
    let refused = Planner::new(config().with_events(vec![event])).unwrap_err();
    assert!(refused.to_string().starts_with("events[0]"), "{refused}");
}

#[test]
fn series_that_cannot_be_planned_are_refused_by_type() {
    let planner = planner(config());
    let short = series(7);
    let refused = planner.plan(&short, short.end());
    assert_eq!(refused, Err(ForecastError::TooShort { have: 7, need: 8 }));
    let empty = Series::from_grid(Duration::ZERO, HOUR, vec![None; 30]).unwrap();
    let refused = planner.plan(&empty, empty.end());
    assert_eq!(refused, Err(ForecastError::AllMissing { count: 30 }));
    let series = series(48);
    let refused = planner.plan(&series, series.end() + 4 * HOUR);
    let stale = ForecastError::Stale {
        age: 4 * HOUR,
        limit: 3 * HOUR,
    };
    assert_eq!(refused, Err(stale));
    let refused = planner.plan(&series, series.end() - 5 * HOUR);
    assert_eq!(
        refused,
        Err(ForecastError::FromTheFuture { ahead: 5 * HOUR })
    );
    let odd = self::planner(config().with_seasons(Seasons::Given(vec![HOUR / 2])));
    assert!(matches!(
        odd.plan(&series, series.end()),
        Err(ForecastError::OutOfRange { .. })
    ));
    let far = self::planner(config().with_horizon(10_001 * HOUR));
    let refused = far.plan(&series, series.end()).unwrap_err().to_string();
    assert_eq!(
        refused,
        "horizon is 10001 steps of 1h, must be at most 10000 steps"
    );
}

/// One missing value silences nothing; a constant series has an answer.
#[test]
fn gaps_and_constants_are_planned() {
    let holes = (0..240).map(|h| (h % 7 != 3).then(|| wave(h)));
    let series = Series::from_grid(Duration::ZERO, HOUR, holes).unwrap();
    let plan = planner(config()).plan(&series, series.end()).unwrap();
    assert!((plan.coverage - 0.857).abs() < 0.01);
    let error: f64 = (0..24)
        .map(|h| (plan.point[h as usize] - wave(240 + h)).abs())
        .sum();
    assert!(error / 24.0 < 1.0, "mean error {}", error / 24.0);

    let flat = Series::from_grid(Duration::ZERO, HOUR, vec![0.4; 100]).unwrap();
    let plan = planner(config()).plan(&flat, flat.end()).unwrap();
    assert_eq!(plan.point, vec![0.4; 24]);
    let breach = plan.breach(&Limit::at_least(0.9)).unwrap();
    assert!(breach.probability[23] < 0.05, "{}", breach.probability[23]);
    assert_eq!(breach.time_to_limit().p50, None);
}

#[test]
fn each_field_changes_something() {
    let series = series(480);
    let now = series.end() + HOUR;
    let plan = |config: PlannerConfig| planner(config).plan(&series, now).unwrap();
    let usual = plan(config());
    assert_eq!(usual.point.len(), 25);
    assert_eq!(plan(config().with_horizon(48 * HOUR)).point.len(), 49);
    assert_ne!(
        plan(config().with_seasons(Seasons::None)).point,
        usual.point
    );
    assert_eq!(plan(config().with_levels(vec![0.5])).intervals.len(), 1);
    let high = plan(config().with_lower_bound(Some(15.0)));
    assert!(high.point.iter().all(|value| *value >= 15.0));
    assert!(usual.point.iter().any(|value| *value < 15.0));
    let low = plan(config().with_upper_bound(Some(25.0)));
    assert!(low.intervals[1].upper.iter().all(|value| *value <= 25.0));
    assert!(usual.intervals[1].upper.iter().any(|value| *value > 25.0));
    let strict = planner(config().with_max_age(Some(HOUR / 2)));
    assert!(matches!(
        strict.plan(&series, now),
        Err(ForecastError::Stale { .. })
    ));
    let many = planner(config().with_min_observed(481));
    assert!(matches!(
        many.plan(&series, now),
        Err(ForecastError::TooShort { .. })
    ));
    let recent = plan(config().with_max_history(100));
    assert_eq!(recent.repairs.dropped, 380);
    let sale = PlannedEvent::new("sale", now, EventChange::Additive(100.0));
    let sale = plan(config().with_events(vec![sale]));
    assert!((sale.point[5] - usual.point[5] - 100.0).abs() < 1e-9);
}

#[test]
fn a_member_of_ones_own_carries_what_it_knows() {
    /// Knows the future of `wave` but for its noise.
    #[derive(Debug)]
    struct Oracle;
    impl capacity_forecast::Forecaster for Oracle {
        fn name(&self) -> &'static str {
            "oracle"
        }
        fn forecast(&self, history: &capacity_forecast::History<'_>, out: &mut [f64]) -> bool {
            let from = u32::try_from(history.values().len()).unwrap();
            for (step, out) in (from..).zip(out) {
                *out = jumps(step);
            }
            true
        }
    }
    /// A level that jumps where no other member can know.
    fn jumps(step: u32) -> f64 {
        10.0 + 8.0 * noise(step / 5)
    }
    let values = (0..300).map(|step| jumps(step) + 0.1 * noise(step));
    let series = Series::from_grid(Duration::ZERO, HOUR, values).unwrap();
    let planner = planner(config())
        .with_member(Box::new(AutoEts::new()))
        .with_member(Box::new(Oracle));
    let plan = planner.plan(&series, series.end()).unwrap();
    assert_eq!(plan.members[0].member, Member::Custom(1));
    assert!(plan.members[0].weight > 0.9, "{:?}", plan.members);
    // Its error is the noise that it cannot know, a uniform one of width 0.1.
    let error = plan.members[0].error.unwrap();
    assert!((0.02..0.03).contains(&error), "{error}");
    let skill = plan.calibration.unwrap().skill.unwrap();
    assert!(skill > 0.9, "skill {skill}");
}

#[test]
fn levels_are_not_called_calibrated_without_history() {
    let short = series(12);
    let plan = planner(config()).plan(&short, short.end()).unwrap();
    assert!(plan.intervals.iter().all(|interval| !interval.calibrated));
    let long = series(480);
    let plan = planner(config()).plan(&long, long.end()).unwrap();
    assert!(plan.intervals.iter().all(|interval| interval.calibrated));
    let coverage = plan.calibration.unwrap().coverage;
    let measured = coverage[0].measured.unwrap();
    assert!((0.6..=1.0).contains(&measured), "{measured}");
}

/// Unit and zero do not matter: a plan of 1000 x + 5 is 1000 times that of x, and 5.
#[test]
fn plans_scale_with_their_series() {
    let plain = Series::from_grid(Duration::ZERO, HOUR, (0..480).map(wave)).unwrap();
    let scaled = (0..480).map(|step| 1024.0 * wave(step));
    let scaled = Series::from_grid(Duration::ZERO, HOUR, scaled).unwrap();
    let planner = planner(config());
    let (plain, scaled) = (
        planner.plan(&plain, 479 * HOUR).unwrap(),
        planner.plan(&scaled, 479 * HOUR).unwrap(),
    );
    for (plain, scaled) in plain.point.iter().zip(&scaled.point) {
        crate::close(*scaled, 1024.0 * plain, 1e-12);
    }
    let limits = (Limit::at_least(28.0), Limit::at_least(28.0 * 1024.0));
    let (plain, scaled) = (
        plain.breach(&limits.0).unwrap(),
        scaled.breach(&limits.1).unwrap(),
    );
    assert_eq!(plain.probability, scaled.probability);
}

/// A counter's reading after a long silence is new, but says nothing of the rate: that stays old.
#[test]
fn a_reading_after_a_silence_makes_no_old_rate_new() {
    let counter = capacity_forecast::SeriesConfig::default()
        .with_kind(capacity_forecast::Kind::Counter)
        .with_step(Some(HOUR));
    let hours = (0..100_u32).chain([400]);
    let readings = hours.map(|h| (HOUR * h, 100.0 * f64::from(h)));
    let series = Series::from_samples(readings, &counter).unwrap();
    let (at, _) = series.last_observed().unwrap();
    assert!(at <= HOUR * 101, "{at:?}");
    let now = HOUR * 400;
    assert!(series.staleness(now).unwrap() >= HOUR * 298);
    let refused = planner(config()).plan(&series, now);
    assert!(matches!(refused, Err(ForecastError::Stale { .. })));
}

/// Times that lie a little before and after the minute are one a minute.
#[test]
fn times_around_the_minute_are_one_a_minute() {
    let times = (1..=600_u64).map(|k| if k % 2 == 0 { 60 * k + 1 } else { 60 * k - 1 });
    let samples = times.map(|at| (Duration::from_secs(at), at as f64));
    let series = Series::from_samples(samples, &capacity_forecast::SeriesConfig::default());
    let series = series.unwrap();
    assert_eq!(series.sampling(), capacity_forecast::Sampling::Points);
    assert_eq!((series.len(), series.observed()), (600, 600));
    assert_eq!(series.step(), Duration::from_secs(60));
}
