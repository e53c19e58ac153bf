//! A tracker against plans made anew, its bounds, its refusals and its stored form.

use std::time::Duration;

use capacity_forecast::{
    EventChange, ForecastError, Limit, PlannedEvent, Planner, PlannerConfig, ReplanReason, Seasons,
    Series, SeriesConfig, Tracker, TrackerConfig,
};
use proptest::prelude::*;

use crate::close;

const HOUR: Duration = Duration::from_secs(3600);

fn noise(step: u32) -> f64 {
    f64::from(step.wrapping_mul(2_654_435_761) >> 16) / 65_536.0 - 0.5
}

fn wave(step: u32) -> f64 {
    let day = f64::from(step % 24) / 24.0 * std::f64::consts::TAU;
    20.0 + 5.0 * day.sin() + noise(step)
}

fn series(count: u32) -> Series {
    Series::from_grid(Duration::ZERO, HOUR, (0..count).map(wave)).unwrap()
}

fn planner() -> Planner {
    Planner::new(PlannerConfig::default().with_horizon(24 * HOUR)).unwrap()
}

fn tracker(config: TrackerConfig) -> Tracker {
    let series = series(480);
    let now = series.end();
    Tracker::new(&planner(), config, series, now).unwrap()
}

#[test]
fn without_samples_and_spare_steps_it_is_the_plan() {
    let config = TrackerConfig::default().with_spare(Some(Duration::ZERO));
    let tracker = tracker(config);
    let series = series(480);
    let plan = planner().plan(&series, series.end()).unwrap();
    let own = tracker.plan(series.end()).unwrap();
    assert_eq!(own.point, plan.point);
    assert_eq!((own.first, own.newest), (plan.first, plan.newest));
    for (own, planned) in own.intervals.iter().zip(&plan.intervals) {
        assert_eq!(
            (own.level, own.calibrated),
            (planned.level, planned.calibrated)
        );
        for (own, planned) in own.lower.iter().zip(&planned.lower) {
            close(*own, *planned, 1e-12);
        }
        for (own, planned) in own.upper.iter().zip(&planned.upper) {
            close(*own, *planned, 1e-12);
        }
    }
    let limit = Limit::at_least(25.2);
    assert_eq!(own.breach(&limit).unwrap(), plan.breach(&limit).unwrap());
}

#[test]
fn single_steps_are_those_of_the_whole_plan() {
    let mut tracker = tracker(TrackerConfig::default());
    for step in 480..484 {
        tracker.update(step * HOUR, wave(step) + 2.0).unwrap();
    }
    assert_eq!(tracker.elapsed(), 4);
    let plan = tracker.plan(483 * HOUR).unwrap();
    assert_eq!(plan.first, 484 * HOUR);
    assert_eq!(plan.point.len(), 24);
    for (step, value) in plan.point.iter().enumerate() {
        assert_eq!(tracker.point(step), Some(*value));
        for (level, interval) in plan.intervals.iter().enumerate() {
            let ends = (interval.lower[step], interval.upper[step]);
            assert_eq!(tracker.interval(level, step), Some(ends));
        }
    }
    assert_eq!(tracker.point(24), None);
    assert_eq!(tracker.interval(0, 24), None);
    assert_eq!(tracker.interval(2, 0), None);
}

/// The level of this series wanders, and its errors say where it went.
#[test]
fn errors_that_last_move_the_forecast() {
    let mut level = 0.0;
    let values: Vec<f64> = (0..600)
        .map(|step| {
            level = 0.995 * level + noise(step);
            50.0 + 4.0 * level
        })
        .collect();
    let series = Series::from_grid(Duration::ZERO, HOUR, values[..480].to_vec()).unwrap();
    let config = PlannerConfig::default()
        .with_horizon(12 * HOUR)
        .with_seasons(Seasons::None);
    let planner = Planner::new(config).unwrap();
    let config = TrackerConfig::default().with_spare(Some(48 * HOUR));
    let mut tracker = Tracker::new(&planner, config, series, 479 * HOUR).unwrap();
    let stale: Vec<f64> = {
        let config = PlannerConfig::default()
            .with_horizon(60 * HOUR)
            .with_seasons(Seasons::None);
        let series = Series::from_grid(Duration::ZERO, HOUR, values[..480].to_vec()).unwrap();
        let planner = Planner::new(config).unwrap();
        planner.plan(&series, 479 * HOUR).unwrap().point
    };
    let (mut own, mut old) = (0.0, 0.0);
    for step in 480..528_u32 {
        let index = step as usize;
        own += (tracker.point(0).unwrap() - values[index]).abs();
        old += (stale[index - 480] - values[index]).abs();
        tracker.update(step * HOUR, values[index]).unwrap();
    }
    assert!(
        own < 0.85 * old,
        "one step ahead: {own} against {old} of the plan"
    );
}

#[test]
fn a_new_plan_is_due_when_used_up_or_adrift() {
    let mut calm = tracker(TrackerConfig::default());
    let mut due = None;
    for step in 480..487 {
        due = calm.due();
        calm.update(step * HOUR, wave(step)).unwrap();
    }
    assert_eq!(due, None);
    assert_eq!(calm.due(), Some(ReplanReason::UsedUp));
    let refused = calm.plan(486 * HOUR).unwrap_err().to_string();
    assert_eq!(
        refused,
        "steps since the plan is 7, must be at most 6: replan"
    );
    calm.replan(&planner(), 486 * HOUR).unwrap();
    assert_eq!((calm.due(), calm.elapsed()), (None, 0));

    let mut shifted = tracker(TrackerConfig::default());
    for step in 480..484 {
        shifted.update(step * HOUR, wave(step) + 30.0).unwrap();
    }
    assert_eq!(shifted.due(), Some(ReplanReason::Drift));
    let mut patient = tracker(TrackerConfig::default().with_drift(100.0));
    for step in 480..484 {
        patient.update(step * HOUR, wave(step) + 30.0).unwrap();
    }
    assert_eq!(patient.due(), None);
}

#[test]
fn misses_widen_and_hits_narrow_the_next_interval() {
    let width = |gamma: f64, off: f64| {
        let spare = Some(240 * HOUR);
        let config = TrackerConfig::default().with_gamma(gamma).with_spare(spare);
        let mut tracker = tracker(config);
        for step in 480..500 {
            let sign = if step % 2 == 0 { 1.0 } else { -1.0 };
            tracker
                .update(step * HOUR, wave(step) + sign * off)
                .unwrap();
        }
        let (low, high) = tracker.interval(0, 3).unwrap();
        high - low
    };
    assert!(width(0.01, 3.0) > 1.1 * width(0.0, 3.0));
    assert!(width(0.01, 0.0) < width(0.0, 0.0));
}

#[test]
fn samples_that_are_late_double_or_senseless_are_counted_not_believed() {
    let mut tracker = tracker(TrackerConfig::default());
    tracker.update(480 * HOUR, wave(480)).unwrap();
    let before = tracker.point(0);
    tracker.update(470 * HOUR, 1e6).unwrap();
    tracker.update(480 * HOUR, f64::NAN).unwrap();
    assert_eq!(tracker.point(0), before);
    assert_eq!(tracker.series().repairs().late, 1);
    assert_eq!(tracker.series().repairs().rejected, 1);
    // Twice the same time: their mean counts.
    tracker.update(480 * HOUR, wave(480) + 2.0).unwrap();
    let mut once = self::tracker(TrackerConfig::default());
    once.update(480 * HOUR, wave(480) + 1.0).unwrap();
    let (twice, once) = (tracker.point(0).unwrap(), once.point(0).unwrap());
    close(twice, once, 1e-12);
}

#[test]
fn a_gap_makes_errors_older_not_smaller() {
    let mut gap = tracker(TrackerConfig::default());
    gap.update(480 * HOUR, wave(480) + 4.0).unwrap();
    let known = gap.point(3);
    gap.update(482 * HOUR, f64::NAN).unwrap();
    assert_eq!((gap.elapsed(), gap.point(3)), (1, known));
    let mut skipped = tracker(TrackerConfig::default());
    skipped.update(481 * HOUR, wave(481)).unwrap();
    assert_eq!(skipped.elapsed(), 2);
    assert_eq!(skipped.series().repairs().missing, 1);
}

#[test]
fn old_or_future_times_are_refused() {
    let tracker = tracker(TrackerConfig::default());
    let stale = tracker.plan(485 * HOUR);
    assert!(matches!(stale, Err(ForecastError::Stale { limit, .. }) if limit == 3 * HOUR));
    let early = tracker.plan(470 * HOUR);
    assert!(matches!(early, Err(ForecastError::FromTheFuture { .. })));
}

#[test]
fn fields_out_of_range_are_named() {
    let refusal = |config: TrackerConfig| {
        let now = series(480).end();
        let refused = Tracker::new(&planner(), config, series(480), now);
        refused.err().unwrap().to_string()
    };
    let config = TrackerConfig::default;
    assert_eq!(
        refusal(config().with_gamma(1.5)),
        "gamma is 1.5, must be within 0 to 1"
    );
    assert_eq!(
        refusal(config().with_gamma(f64::NAN)),
        "gamma is NaN, must be within 0 to 1"
    );
    assert_eq!(
        refusal(config().with_drift(0.0)),
        "drift is 0, must be above 0"
    );
    let long = config().with_spare(Some(20_000 * HOUR));
    let message = "horizon is 20024 steps of 1h, must be at most 10000 steps";
    assert_eq!(refusal(long), message);
}

#[test]
fn planned_events_are_no_errors() {
    let sale = PlannedEvent::new("sale", 480 * HOUR, EventChange::Multiplicative(3.0))
        .with_end(Some(490 * HOUR));
    let config = PlannerConfig::default()
        .with_horizon(24 * HOUR)
        .with_events(vec![sale]);
    let planner = Planner::new(config).unwrap();
    let now = series(480).end();
    let mut tracker = Tracker::new(&planner, TrackerConfig::default(), series(480), now).unwrap();
    for step in 480..484 {
        tracker.update(step * HOUR, 3.0 * wave(step)).unwrap();
    }
    assert_eq!(tracker.due(), None);
    let ahead = tracker.point(0).unwrap();
    assert!((ahead - 3.0 * wave(484)).abs() < 4.0, "{ahead}");
}

#[test]
fn many_samples_a_step_are_their_mean() {
    let config = SeriesConfig::default().with_step(Some(HOUR));
    let quarters = (0..1920_u32).map(|quarter| (quarter * HOUR / 4, wave(quarter / 4)));
    let samples: Vec<(Duration, f64)> = quarters.collect();
    let bins = || Series::from_samples(samples.clone(), &config).unwrap();
    let now = bins().end();
    let mut whole = Tracker::new(&planner(), TrackerConfig::default(), bins(), now).unwrap();
    let mut parts = whole.clone();
    for step in 480..484 {
        whole.update(step * HOUR, wave(step)).unwrap();
        for quarter in 0..4_u32 {
            let at = step * HOUR + quarter * HOUR / 4;
            let off = [0.5, -1.0, 1.5, -1.0][quarter as usize];
            parts.update(at, wave(step) + off).unwrap();
        }
    }
    for step in 0..24 {
        close(parts.point(step).unwrap(), whole.point(step).unwrap(), 1e-9);
    }
}

#[cfg(feature = "serde")]
#[test]
fn a_stored_tracker_goes_on_bit_for_bit() {
    let mut tracker = tracker(TrackerConfig::default());
    for step in 480..483 {
        tracker.update(step * HOUR, wave(step) + 1.0).unwrap();
    }
    let text = serde_json::to_string(&tracker).unwrap();
    let mut back: Tracker = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&back).unwrap(), text);
    for step in 483..486 {
        tracker.update(step * HOUR, wave(step)).unwrap();
        back.update(step * HOUR, wave(step)).unwrap();
    }
    let (one, other) = (
        tracker.plan(485 * HOUR).unwrap(),
        back.plan(485 * HOUR).unwrap(),
    );
    assert_eq!(
        (&one.point, &one.intervals),
        (&other.point, &other.intervals)
    );
    let limit = Limit::at_least(25.0);
    assert_eq!(one.breach(&limit).unwrap(), other.breach(&limit).unwrap());
}

/// A plan with teeth too is stored with all that answers.
#[cfg(feature = "serde")]
#[test]
fn a_stored_saw_tooth_answers_as_before() {
    let teeth = |step: u32| f64::from(step % 53) + noise(step);
    let series = Series::from_grid(Duration::ZERO, HOUR, (0..700).map(teeth)).unwrap();
    let now = series.end();
    let config = PlannerConfig::default().with_seasons(Seasons::None);
    let planner = Planner::new(config.with_horizon(24 * HOUR)).unwrap();
    let tracker = Tracker::new(&planner, TrackerConfig::default(), series, now).unwrap();
    let text = serde_json::to_string(&tracker).unwrap();
    assert!(text.contains("upside_down"), "no teeth were found");
    let back: Tracker = serde_json::from_str(&text).unwrap();
    let limit = Limit::at_least(45.0);
    let breach = |tracker: &Tracker| tracker.plan(now).unwrap().breach(&limit).unwrap();
    assert_eq!(breach(&tracker), breach(&back));
    let good = serde_json::to_value(&tracker).unwrap();
    for part in ["teeth", "noise", "profile"] {
        let mut damaged = good.clone();
        let place = format!("/plan/pooled/paths/teeth/{part}");
        *damaged.pointer_mut(&place).unwrap() = serde_json::json!([]);
        assert!(
            serde_json::from_value::<Tracker>(damaged).is_err(),
            "{part}"
        );
    }
}

#[cfg(feature = "serde")]
#[test]
fn a_damaged_tracker_is_refused_and_the_part_named() {
    let good = serde_json::to_value(tracker(TrackerConfig::default())).unwrap();
    let cases: [(&str, serde_json::Value); 9] = [
        ("/window", 0.into()),
        ("/config/gamma", 2.into()),
        ("/plan/pooled/unit", 0.into()),
        ("/plan/pooled/point", serde_json::json!([1.0])),
        (
            "/plan/effects",
            serde_json::json!([{"factor": 1.0, "amount": 0.0}]),
        ),
        ("/plan/intervals/0/level", 1.into()),
        ("/plan/pooled/paths/block", 0.into()),
        ("/correction/shares", serde_json::json!([])),
        ("/current/alphas", serde_json::json!([])),
    ];
    for (path, value) in cases {
        let mut damaged = good.clone();
        *damaged.pointer_mut(path).unwrap() = value;
        let refused = serde_json::from_value::<Tracker>(damaged);
        let message = refused
            .err()
            .unwrap_or_else(|| panic!("{path} was taken"))
            .to_string();
        let mut parts = path.split('/').filter(|part| part.len() > 4);
        assert!(
            parts.any(|part| message.contains(part)),
            "{path}: {message}"
        );
    }
}

proptest! {
    #![proptest_config(crate::cases(60, 20_000))]

    #[test]
    fn any_samples_leave_the_forecast_within_its_bounds(
        start in prop::collection::vec(0.0..100.0_f64, 30..80),
        samples in prop::collection::vec((0..60_u32, crate::wild()), 0..40),
        cap in 50.0..200.0_f64,
    ) {
        let count = u32::try_from(start.len()).unwrap();
        let series = Series::from_grid(Duration::ZERO, HOUR, start).unwrap();
        let config = PlannerConfig::default()
            .with_horizon(12 * HOUR)
            .with_upper_bound(Some(cap));
        let planner = Planner::new(config).unwrap();
        let spare = TrackerConfig::default().with_spare(Some(100 * HOUR));
        let now = series.end();
        let mut tracker = Tracker::new(&planner, spare, series, now).unwrap();
        for (ahead, value) in samples {
            let at = (count - 1 + ahead) * HOUR + Duration::from_secs(7);
            if tracker.update(at, value).is_err() {
                continue;
            }
            for step in [0, 1, 5, 11] {
                let point = tracker.point(step).unwrap();
                prop_assert!((0.0..=cap).contains(&point), "{point}");
                let (narrow, wide) = (tracker.interval(0, step), tracker.interval(1, step));
                let (narrow, wide) = (narrow.unwrap(), wide.unwrap());
                prop_assert!(narrow.0 <= point && point <= narrow.1);
                prop_assert!(wide.0 >= 0.0 && wide.1 <= cap);
            }
        }
    }
}

/// A series without an error has none to be cut at.
#[test]
fn a_constant_that_moves_is_adrift() {
    let flat = Series::from_grid(Duration::ZERO, HOUR, vec![50.0; 240]).unwrap();
    let now = flat.end();
    let mut tracker = Tracker::new(&planner(), TrackerConfig::default(), flat, now).unwrap();
    for step in 240..243 {
        tracker.update(step * HOUR, 50.0).unwrap();
    }
    assert_eq!(tracker.due(), None);
    for step in 243..246 {
        tracker.update(step * HOUR, 90.0).unwrap();
    }
    assert_eq!(tracker.due(), Some(ReplanReason::Drift));
}

#[test]
fn members_and_planners_go_from_thread_to_thread() {
    fn shared<T: Send + Sync>() {}
    shared::<Planner>();
    shared::<Tracker>();
    shared::<capacity_forecast::CapacityPlanner>();
}

/// What is promised reaches from the present, not from the newest value.
#[test]
fn the_horizon_is_that_of_the_present() {
    let tracker = tracker(TrackerConfig::default());
    let limit = Limit::at_least(30.0);
    for minutes in [0, 20, 100] {
        let now = 479 * HOUR + Duration::from_secs(60 * minutes);
        let plan = tracker.plan(now).unwrap();
        assert!(plan.breach(&limit).unwrap().horizon() >= 24 * HOUR);
    }
}
