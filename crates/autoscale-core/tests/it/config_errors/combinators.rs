use autoscale_core::{
    ActivationBurst, ActivationConfig, Fallback, FallbackMode, Fixed, Gauge, Hpa, HpaConfig, MaxOf,
    PolicyExt, Statistic,
};

use super::{HOUR_AND_MORE, message};
use crate::given::{cpu, secs};

#[test]
fn activation() {
    let base = || ActivationConfig::new(Gauge::new(Statistic::Total));
    let of = |gauge| ActivationConfig::new(gauge);
    let burst = |burst| base().with_capacity(Some(1.0)).with_burst(Some(burst));
    let missing = "capacity is missing: what one replica carries, where room for a burst is kept";
    for (config, expected) in [
        (
            of(Gauge::new(Statistic::PerReplica)),
            "gauge.statistic is PerReplica, must be Total or Value, which exist without replicas",
        ),
        (
            base().with_activation_threshold(-1.0),
            "activation_threshold is -1, must be a finite number ≥ 0",
        ),
        (
            base().with_min_active(0),
            "min_active is 0, must be 1 … 2147483647",
        ),
        (
            base().with_idle_replicas(1),
            "idle_replicas is 1, must be below min_active (1)",
        ),
        (
            base().with_capacity(Some(0.0)),
            "capacity is 0, must be a finite number > 0",
        ),
        (
            burst(ActivationBurst::Replicas(0)),
            "burst is 0, must be 1 … 2147483647",
        ),
        (
            burst(ActivationBurst::Load(f64::NAN)),
            "burst is NaN, must be a finite number > 0",
        ),
        (
            base().with_burst(Some(ActivationBurst::Replicas(1))),
            missing,
        ),
    ] {
        assert_eq!(message(Fixed(1).activated(config)), expected);
    }
}

#[test]
fn combinators() {
    let fallback = Fallback {
        failure_threshold: 0,
        mode: FallbackMode::Current,
    };
    #[allow(clippy::reversed_empty_ranges)] // the case
    let empty = Fixed(1).bounded(5..=4);
    for (text, expected) in [
        (message(empty), "min is 5, must be at most max (4)"),
        (
            message(Fixed(1).stabilized(HOUR_AND_MORE, secs(0))),
            "up is 3600001ms, must be 0 … 1h",
        ),
        (
            message(Fixed(1).stabilized(secs(0), HOUR_AND_MORE)),
            "down is 3600001ms, must be 0 … 1h",
        ),
        (
            message(Fixed(1).with_fallback(fallback)),
            "failure_threshold is 0, must be at least 1",
        ),
        (
            message(MaxOf::<Fixed>::new([])),
            "policies is missing: at least one policy",
        ),
    ] {
        assert_eq!(text, expected);
    }
    // At the bounds all is well.
    assert!(Fixed(1).bounded(4..=4).is_ok());
    assert!(Fixed(1).stabilized(secs(3600), secs(3600)).is_ok());
    let widest = HpaConfig::new(i32::MAX.unsigned_abs(), [cpu(1)])
        .with_downscale_stabilization(secs(3600))
        .with_legacy_scale_up_factor(1.0)
        .with_tolerance(0.0);
    assert!(Hpa::new(widest).is_ok());
}
