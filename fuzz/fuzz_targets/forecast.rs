//! Any samples are refused or planned: finite, ordered, within bounds; and followed by any others.
#![no_main]

use std::time::Duration;

use capacity_forecast::{
    Limit, Planner, PlannerConfig, Series, SeriesConfig, Tracker, TrackerConfig,
};
use libfuzzer_sys::fuzz_target;

/// Bytes as samples: a time of four bytes in seconds, a value of two, or of eight where the two are all ones.
fn samples(mut bytes: &[u8]) -> Vec<(Duration, f64)> {
    let mut samples = Vec::new();
    while let Some((head, rest)) = bytes.split_at_checked(6) {
        let at =
            Duration::from_secs(u64::from(u32::from_le_bytes([head[0], head[1], head[2], 0])) * 60);
        let short = i16::from_le_bytes([head[4], head[5]]);
        let (value, rest) = match rest.split_at_checked(8) {
            Some((wide, rest)) if short == -1 => (
                f64::from_le_bytes(wide.try_into().expect("eight bytes")),
                rest,
            ),
            _ => (f64::from(short) / 100.0, rest),
        };
        samples.push((at, value));
        bytes = rest;
    }
    samples
}

fuzz_target!(|bytes: &[u8]| {
    let Some((options, bytes)) = bytes.split_at_checked(4) else {
        return;
    };
    let samples = samples(bytes);
    let half = samples.len() / 2;
    let config = SeriesConfig::default().with_max_values(2000);
    let Ok(series) = Series::from_samples(samples[..half].iter().copied(), &config) else {
        return;
    };
    let step = series.step();
    let planner = PlannerConfig::default()
        .with_horizon(step.saturating_mul(u32::from(options[0]) + 1))
        .with_max_age(Some(Duration::MAX))
        .with_upper_bound((options[1] > 0).then(|| f64::from(options[1])));
    let Ok(planner) = Planner::new(planner) else {
        return;
    };
    let Ok(plan) = planner.plan(&series, series.end()) else {
        return;
    };
    for (step, value) in plan.point.iter().enumerate() {
        assert!(value.is_finite());
        let interval = &plan.intervals[1];
        assert!(interval.lower[step] <= *value && *value <= interval.upper[step]);
    }
    let limit =
        Limit::at_least(f64::from(options[2])).with_sustained(1 + usize::from(options[3] % 3), 3);
    let breach = plan.breach(&limit).expect("a finite limit");
    assert!(breach.probability.iter().all(|p| (0.0..=1.0).contains(p)));
    assert!(breach.probability.is_sorted());
    let spare = TrackerConfig::default().with_spare(Some(step.saturating_mul(50)));
    let now = series.end();
    let Ok(mut tracker) = Tracker::new(&planner, spare, series, now) else {
        return;
    };
    for (at, value) in &samples[half..] {
        if tracker.update(*at, *value).is_ok() {
            assert!(tracker.point(0).is_none_or(f64::is_finite));
        }
    }
    let text = serde_json::to_string(&tracker).expect("a tracker is data");
    let back: Tracker = serde_json::from_str(&text).expect("what was written is read");
    assert_eq!(back.point(0), tracker.point(0));
});
