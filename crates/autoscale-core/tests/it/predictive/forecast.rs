//! A forecast of the user's own.

use std::time::Duration;

use autoscale_core::{
    AdaptiveForecast, DemandForecast, MetricReading, Observation, Policy, Predictive,
};

use super::service::{DAY, HOUR, Noise, Service, config, steady};
use crate::given::secs;

/// Knows every interval's load.
struct Known(fn(u64) -> f64, f64);

impl DemandForecast for Known {
    fn observe(&mut self, at: Duration, demand: f64) {
        // The sample is of the interval that it is said to be of.
        let tick = at.as_secs() / 15;
        assert!(tick == 0 || (self.0(tick) - demand).abs() < 1e-5, "{tick}");
    }

    fn skip(&mut self, _: u64) {}

    fn partial_expectations(&mut self, at: Duration, counts: &[f64], out: &mut [f64]) -> usize {
        self.1 = self.0(at.as_secs() / 15);
        for (out, count) in out.iter_mut().zip(counts) {
            *out = if self.1 > *count { self.1 } else { 0.0 };
        }
        counts.len()
    }

    fn expected(&self) -> f64 {
        self.1
    }
}

fn stairs(tick: u64) -> f64 {
    match tick / HOUR {
        0 => 5.3,
        1 => 21.5,
        2 => 9.0,
        _ => 33.2,
    }
}

#[test]
fn who_knows_the_load_meets_it() {
    for start_up in [15, 60, 600] {
        let config = config().with_start_up(secs(start_up));
        let policy = Predictive::with_forecast(config, Known(stairs, 0.0)).unwrap();
        let mut service = Service::of(policy);
        service.ready = 6;
        service.run(4 * HOUR, stairs);
        assert!(service.bad_share() < 1e-9, "{start_up}: {}", service.bad);
        let ideal: f64 = (1..=4 * HOUR).map(|tick| stairs(tick).ceil()).sum();
        assert!(service.cost < ideal * 1.15, "{start_up}: {}", service.cost);
        assert_eq!(service.out.ladder.expected_demand, 33.2);
    }
}

/// Writes down what it is told.
#[derive(Clone, Debug, Default, PartialEq)]
struct Spy(Vec<Told>);

#[derive(Clone, Debug, PartialEq)]
enum Told {
    Sample(u64, f64),
    Skipped(u64),
    Asked(u64),
}

impl DemandForecast for Spy {
    fn observe(&mut self, at: Duration, demand: f64) {
        self.0.push(Told::Sample(at.as_secs(), demand));
    }

    fn skip(&mut self, intervals: u64) {
        self.0.push(Told::Skipped(intervals));
    }

    fn partial_expectations(&mut self, at: Duration, _: &[f64], out: &mut [f64]) -> usize {
        self.0.push(Told::Asked(at.as_secs()));
        out.fill(0.0);
        out.len()
    }

    fn expected(&self) -> f64 {
        0.0
    }
}

#[test]
fn a_forecast_is_told_every_interval_once() {
    let config = config().with_unix_origin(secs(1_000_000));
    let mut policy = Predictive::with_forecast(config, Spy::default()).unwrap();
    let failed = Observation {
        readings: vec![MetricReading::Failed],
        ..steady(3, 0.0)
    };
    policy.decide(secs(600), &steady(3, 2.5));
    policy.decide(secs(603), &steady(3, 9.0)); // early
    policy.decide(secs(615), &steady(3, 3.5));
    policy.decide(secs(630), &failed);
    policy.decide(secs(690), &steady(3, 4.5)); // three intervals are missing
    policy.decide(secs(720), &failed); // one is, and this one
    policy.decide(secs(705), &steady(3, 9.0)); // backwards
    policy.decide(secs(600 + 86_400), &steady(3, 1.0));
    policy.decide(secs(615 + 86_400), &steady(3, 5000.0)); // twice the upper bound is believed
    // Samples are 30 s old; an order of now serves 75 s from now.
    let told = [
        Told::Sample(1_000_570, 2.5),
        Told::Asked(1_000_675),
        Told::Sample(1_000_585, 3.5),
        Told::Asked(1_000_690),
        Told::Skipped(1),
        Told::Skipped(3),
        Told::Sample(1_000_660, 4.5),
        Told::Asked(1_000_765),
        Told::Skipped(2),
        Told::Skipped(5751),
        Told::Sample(1_086_970, 1.0),
        Told::Asked(1_087_075),
        Told::Sample(1_086_985, 200.0),
        Told::Asked(1_087_090),
    ];
    assert_eq!(policy.forecast().0, told);
}

#[test]
fn a_time_of_day_that_surprises_is_expected_to() {
    let interval = secs(15);
    let mut forecast = AdaptiveForecast::new(interval, 7);
    let (counts, mut beyond) = (Vec::from_iter((1..=40).map(f64::from)), [0.0; 40]);
    let mut noise = Noise(6);
    // Nobody can know what comes from 9:00 to 9:30; the rest of the day is calm.
    let (nine, mut doubts) = (9 * HOUR, [0.0; 24]);
    for tick in 0..6 * DAY {
        let wild = (nine..nine + HOUR / 2).contains(&(tick % DAY));
        let deviation = if wild { 0.4 } else { 0.05 };
        let at = interval * u32::try_from(tick).unwrap();
        forecast.observe(at, 10.0 * (deviation * noise.normal()).exp());
        forecast.partial_expectations(at + interval * 7, &counts, &mut beyond);
        if tick >= 5 * DAY && tick % HOUR == HOUR - 4 {
            // Shortly before each hour, for the first minute of it.
            doubts[usize::try_from((tick + 4) / HOUR % 24).unwrap()] = beyond[11];
        }
    }
    for (hour, doubt) in doubts.iter().enumerate().filter(|(hour, _)| *hour != 9) {
        assert!(doubts[9] > 1.5 * doubt, "{hour}: {doubts:?}");
    }
}

/// Expects half as much again, and says that so many counts are worth considering.
struct Careless(usize, f64);

impl DemandForecast for Careless {
    fn observe(&mut self, _: Duration, demand: f64) {
        self.1 = demand * 1.5;
    }

    fn skip(&mut self, _: u64) {}

    fn partial_expectations(&mut self, _: Duration, counts: &[f64], out: &mut [f64]) -> usize {
        for (out, count) in out.iter_mut().zip(counts) {
            *out = if self.1 > *count { self.1 } else { 0.0 };
        }
        self.0
    }

    fn expected(&self) -> f64 {
        self.1
    }
}

#[test]
fn more_counts_than_there_are_is_all_of_them() {
    let run = |useful| {
        let policy = Predictive::with_forecast(config(), Careless(useful, 0.0)).unwrap();
        let mut service = Service::of(policy);
        service.run(HOUR, |tick| f64::from(u8::from(tick > 120)) * 8.0 + 3.5);
        service.out
    };
    assert_eq!(run(100).replicas, 18);
    assert_eq!(run(usize::MAX), run(100));
    // None is worth considering: what a reactive policy would run is left.
    assert_eq!(run(0).replicas, 12);
}
