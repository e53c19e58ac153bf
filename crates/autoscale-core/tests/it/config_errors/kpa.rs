use autoscale_core::{Kpa, KpaConfig};

use super::{HOUR_AND_MORE, message};
use crate::given::secs;

#[test]
fn kpa() {
    let base = || KpaConfig::new(1.0);
    for (config, expected) in [
        (
            KpaConfig::new(0.0),
            "target_value is 0, must be a finite number > 0",
        ),
        (
            KpaConfig::new(f64::NAN),
            "target_value is NaN, must be a finite number > 0",
        ),
        (
            base().with_total_value(Some(-1.0)),
            "total_value is -1, must be a finite number ≥ 0",
        ),
        (
            base().with_target_burst_capacity(-2.0),
            "target_burst_capacity is -2, must be -1 or ≥ 0",
        ),
        (
            base().with_target_burst_capacity(f64::INFINITY),
            "target_burst_capacity is inf, must be -1 or ≥ 0",
        ),
        (
            base().with_panic_threshold(0.9),
            "panic_threshold is 0.9, must be a finite number ≥ 1",
        ),
        (
            base().with_max_scale_up_rate(0.0),
            "max_scale_up_rate is 0, must be a finite number ≥ 1",
        ),
        (
            base().with_max_scale_down_rate(f64::NAN),
            "max_scale_down_rate is NaN, must be a finite number ≥ 1",
        ),
        (
            base().with_stable_window(HOUR_AND_MORE),
            "stable_window is 3600001ms, must be 0 … 1h",
        ),
        (
            base().with_scale_down_delay(HOUR_AND_MORE),
            "scale_down_delay is 3600001ms, must be 0 … 1h",
        ),
        (
            base().with_panic_window(secs(61)),
            "panic_window is 61s, must be at most 6s or stable_window (1m)",
        ),
        (
            base()
                .with_stable_window(secs(2))
                .with_panic_window(secs(7)),
            "panic_window is 7s, must be at most 6s or stable_window (2s)",
        ),
        (
            base().with_activation_scale(0),
            "activation_scale is 0, must be 1 … 2147483647",
        ),
    ] {
        assert_eq!(message(Kpa::new(config.clone())), expected);
        let mut kpa = Kpa::new(base()).unwrap();
        assert_eq!(message(kpa.reconfigure(config)), expected);
        assert_eq!(kpa.config(), &base());
    }
}
