use std::time::Duration;

use autoscale_core::{Factor, FactorKind, LoadTrend, WeightedConfig, WeightedFactors};

use super::message;
use crate::given::secs;

#[test]
fn weighted_factors() {
    let gauge = autoscale_core::Gauge::cpu_utilization;
    let factor = |kind, target, weight| Factor::new(kind, gauge(), target, weight);
    let one = |kind, target, weight| WeightedConfig::new([factor(kind, target, weight)]);
    let base = WeightedConfig::default;
    let trend = |window| base().with_trend(Some(LoadTrend::new(gauge()).with_window(window)));
    let twice = [
        factor(FactorKind::Cpu, 1.0, 1.0),
        factor(FactorKind::Cpu, 2.0, 1.0),
    ];
    let kinds = "must be cpu, memory, response_time, queue or errors, each once";
    let doubled = format!("factors[1].kind is Cpu, {kinds}");
    let refused = format!("factors[0].kind is Trend, {kinds}");
    for (config, expected) in [
        (
            WeightedConfig::new([]),
            "factors is missing: at least one factor",
        ),
        (
            one(FactorKind::Cpu, 0.0, 1.0),
            "factors[0].target is 0, must be a finite number > 0",
        ),
        (
            one(FactorKind::Cpu, f64::INFINITY, 1.0),
            "factors[0].target is inf, must be a finite number > 0",
        ),
        (
            one(FactorKind::Cpu, 1.0, 0.0),
            "factors[0].weight is 0, must be 0.001 … 1000",
        ),
        (
            one(FactorKind::Cpu, 1.0, f64::NAN),
            "factors[0].weight is NaN, must be 0.001 … 1000",
        ),
        (one(FactorKind::Trend, 1.0, 1.0), &refused),
        (WeightedConfig::new(twice), &doubled),
        (
            trend(Duration::from_millis(4999)),
            "trend.window is 4999ms, must be 5s … 30m",
        ),
        (trend(secs(1801)), "trend.window is 1801s, must be 5s … 30m"),
        (
            base().with_low_ratio(0.0),
            "low_ratio is 0, must be above 0 and at most 1",
        ),
        (
            base().with_low_ratio(1.5),
            "low_ratio is 1.5, must be above 0 and at most 1",
        ),
        (
            base().with_saturation(0.9),
            "saturation is 0.9, must be a finite number ≥ 1",
        ),
        (
            base().with_min_confidence(1.1),
            "min_confidence is 1.1, must be 0 … 1",
        ),
        (
            base().with_min_confidence(f64::NAN),
            "min_confidence is NaN, must be 0 … 1",
        ),
    ] {
        assert_eq!(message(WeightedFactors::new(config.clone())), expected);
        let mut policy = WeightedFactors::new(base()).unwrap();
        assert_eq!(message(policy.reconfigure(config)), expected);
        assert_eq!(policy.config(), &base());
    }
}
