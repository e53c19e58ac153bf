//! A sample costs no allocation. A binary of its own: it replaces the allocator.

use std::time::Duration;

use capacity_forecast::{AutoEts, Planner, PlannerConfig, Series, Tracker, TrackerConfig};

const HOUR: Duration = Duration::from_secs(3600);

fn wave(step: u32) -> f64 {
    f64::from(step % 24) + f64::from(step * 7 % 5)
}

#[test]
fn a_sample_allocates_nothing() {
    let series = Series::from_grid(Duration::ZERO, HOUR, (0..1344).map(wave)).unwrap();
    let config = PlannerConfig::default()
        .with_horizon(24 * HOUR)
        .with_max_history(672);
    let planner = Planner::new(config).unwrap();
    let now = series.end();
    let spare = TrackerConfig::default().with_spare(Some(1400 * HOUR));
    let mut tracker = Tracker::new(&planner, spare, series, now).unwrap();
    // The series reaches its full length, twice what it keeps.
    for step in 1344..2020 {
        tracker.update(step * HOUR, wave(step)).unwrap();
    }
    let mut seen = 0.0;
    let allocations = allocation_counter::measure(|| {
        for step in 2020..2700 {
            tracker.update(step * HOUR, wave(step)).unwrap();
            seen += tracker.point(23).unwrap() + tracker.interval(1, 23).unwrap().1;
            seen += f64::from(u8::from(tracker.due().is_some()));
        }
    });
    assert!(seen > 0.0);
    assert_eq!(allocations.count_total, 0);
}

#[test]
fn an_ets_state_goes_on_without_allocation_but_for_what_it_keeps() {
    let values: Vec<f64> = (0..240).map(wave).collect();
    let mut fit = AutoEts::new().fit(&values, 24).unwrap();
    let allocations = allocation_counter::measure(|| {
        for step in 240..1240 {
            fit.update(wave(step)).unwrap();
        }
    });
    // Two histories that double now and then.
    assert!(allocations.count_total <= 8, "{}", allocations.count_total);
}
