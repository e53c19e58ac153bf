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

/// As now, in the unit of the first observation; writes down what it was told of changes.
#[derive(Clone, Debug, Default)]
struct Naive {
    demand: f64,
    horizons: Vec<usize>,
    restarts: Vec<(Duration, usize)>,
}

impl DemandForecast for Naive {
    fn observe(&mut self, _: Duration, demand: f64) {
        self.demand = demand;
    }

    fn skip(&mut self, _: u64) {}

    fn partial_expectations(&mut self, _: Duration, counts: &[f64], out: &mut [f64]) -> usize {
        for (out, count) in out.iter_mut().zip(counts) {
            *out = if self.demand > *count {
                self.demand
            } else {
                0.0
            };
        }
        counts.len()
    }

    fn expected(&self) -> f64 {
        self.demand
    }

    fn set_horizon(&mut self, horizon: usize) {
        self.horizons.push(horizon);
    }

    fn restart(&mut self, interval: Duration, horizon: usize) {
        self.restarts.push((interval, horizon));
    }
}

#[test]
fn any_forecast_is_kept_by_another_configuration() {
    let policy = Predictive::with_forecast(config(), Naive::default()).unwrap();
    let mut service = Service::of(policy);
    service.run(HOUR, |_| 11.5);
    assert_eq!(service.out.replicas, 12);
    // Replicas of half the size: twice as many, while the forecast counts on as before.
    let half = config().with_target_value(50.0);
    service.policy.reconfigure(half.clone()).unwrap();
    service.run(1, |_| 11.5);
    assert_eq!(service.out.ladder.expected_demand, 23.0);
    assert_eq!(
        (service.out.replicas, service.policy.forecast().demand),
        (23, 11.5)
    );
    let slow = half.with_start_up(secs(180)).with_max_replicas(20);
    service.policy.reconfigure(slow.clone()).unwrap();
    service.run(1, |_| 11.5);
    assert_eq!(service.out.replicas, 20);
    let strict = slow.with_accepted_bad_share(0.001);
    service.policy.reconfigure(strict.clone()).unwrap();
    assert_eq!(service.policy.forecast().horizons, [7, 15]);
    assert_eq!(service.policy.forecast().restarts, []);
    let long = strict.with_interval(secs(30));
    service.policy.reconfigure(long).unwrap();
    assert_eq!(service.policy.forecast().restarts, [(secs(30), 8)]);
    assert_eq!(service.policy.next_wakeup(), None);
}

#[test]
fn what_comes_once_a_day_is_expected_then_and_not_every_hour() {
    let interval = secs(15);
    let mut forecast = AdaptiveForecast::new(interval, 7);
    let (counts, mut beyond) = (Vec::from_iter((1..=60).map(f64::from)), [0.0; 60]);
    let mut noise = Noise(3);
    let (noon, mut fears) = (12 * HOUR, [0.0; 24]);
    for tick in 0..6 * DAY {
        let burst = (noon..noon + HOUR / 2).contains(&(tick % DAY));
        let level = if burst { 50.0 } else { 5.0 };
        let at = interval * u32::try_from(tick).unwrap();
        forecast.observe(at, level * (0.05 * noise.normal()).exp());
        forecast.partial_expectations(at + interval * 7, &counts, &mut beyond);
        if tick >= 5 * DAY && tick % HOUR == HOUR - 4 {
            // Before each hour, for its first minute: the demand expected beyond 20.
            fears[usize::try_from((tick + 4) / HOUR % 24).unwrap()] = beyond[19];
        }
    }
    assert!(fears[12] > 15.0, "{fears:?}");
    for (hour, fear) in fears.iter().enumerate().filter(|(hour, _)| *hour != 12) {
        assert!(*fear < 1.0, "{hour}: {fears:?}");
    }
}
