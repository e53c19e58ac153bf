//! The accepted share is kept, at a sensible cost.

use autoscale_core::PredictiveConfig;

use super::service::{DAY, Noise, Service, config};
use crate::given::secs;

/// A week of a daily wave of 4 … 24 replicas with lognormal noise; the bad share, and the cost in
/// terms of a fleet that always just fits.
fn week(config: PredictiveConfig, noise: f64, seed: u64) -> (f64, f64) {
    let (mut service, mut random) = (Service::new(config), Noise(seed));
    let mut ideal = 0.0;
    for tick in 0..7 * DAY {
        let day = tick as f64 / DAY as f64 * std::f64::consts::TAU;
        let demand = (14.0 - 10.0 * day.cos()) * (noise * random.normal()).exp();
        ideal += demand.ceil();
        service.step(demand);
    }
    (service.bad_share(), service.cost / ideal)
}

#[test]
fn a_noisy_week_keeps_what_was_accepted() {
    for (accepted, noise, most) in [(0.01, 0.08, 1.4), (0.05, 0.08, 1.3), (0.01, 0.15, 1.6)] {
        let (bad, cost) = week(config().with_accepted_bad_share(accepted), noise, 7);
        assert!(bad <= accepted, "{bad} of {accepted}");
        assert!(bad > accepted / 20.0, "{bad} of {accepted}: paid too much");
        assert!((1.0..=most).contains(&cost), "{cost} at {accepted}");
    }
}

#[test]
fn slow_starts_keep_it_too() {
    let (bad, cost) = week(config().with_start_up(secs(600)), 0.08, 3);
    assert!(bad <= 0.01, "{bad}");
    assert!((1.0..=1.6).contains(&cost), "{cost}");
}
