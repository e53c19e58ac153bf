use std::time::Duration;

use autoscale_core::{Predictive, PredictiveConfig};

use super::{HOUR_AND_MORE, message};
use crate::given::secs;

#[test]
fn predictive() {
    let base = || PredictiveConfig::new(0.01, 50.0);
    let day_and_more = Duration::from_millis(86_400_001);
    for (config, expected) in [
        (
            base().with_accepted_bad_share(0.0),
            "accepted_bad_share is 0, must be 1e-6 … 0.5",
        ),
        (
            base().with_accepted_bad_share(0.6),
            "accepted_bad_share is 0.6, must be 1e-6 … 0.5",
        ),
        (
            base().with_accepted_bad_share(f64::NAN),
            "accepted_bad_share is NaN, must be 1e-6 … 0.5",
        ),
        (
            base().with_target_value(0.0),
            "target_value is 0, must be finite and more than 0",
        ),
        (
            base().with_target_value(f64::INFINITY),
            "target_value is inf, must be finite and more than 0",
        ),
        (
            base().with_target_value(f64::NAN),
            "target_value is NaN, must be finite and more than 0",
        ),
        (
            base().with_interval(Duration::from_millis(999)),
            "interval is 999ms, must be 1 s … 10 min",
        ),
        (
            base().with_interval(Duration::from_millis(600_001)),
            "interval is 600001ms, must be 1 s … 10 min",
        ),
        (
            base().with_metric_lag(HOUR_AND_MORE),
            "metric_lag is 3600001ms, must be at most 1 h",
        ),
        (
            base().with_start_up(day_and_more),
            "start_up is 86400001ms, must be at most a day",
        ),
        (
            base().with_start_up(Duration::MAX),
            "start_up is 18446744073709551615.999999999s, must be at most a day",
        ),
        (
            base().with_start_up(secs(14_971)).with_metric_lag(secs(30)),
            "start_up + metric_lag is 14971s + 30s, must be at most 1000 intervals",
        ),
        (
            base().with_min_replicas(0),
            "min_replicas is 0, must be at least 1",
        ),
        (
            base().with_max_replicas(0),
            "max_replicas is 0, must be 1 … 1000000",
        ),
        (
            base().with_max_replicas(1_000_001),
            "max_replicas is 1000001, must be 1 … 1000000",
        ),
        (
            base().with_min_replicas(101),
            "min_replicas is 101, must be at most max_replicas (100)",
        ),
    ] {
        assert_eq!(message(Predictive::new(config.clone())), expected);
        let mut policy = Predictive::new(base()).unwrap();
        assert_eq!(message(policy.reconfigure(config)), expected);
        assert_eq!(policy.config(), &base());
    }
    for (start_up, interval) in [(14_970, 15), (86_400, 87), (0, 1), (0, 600)] {
        let config = base()
            .with_start_up(secs(start_up))
            .with_interval(secs(interval));
        assert_eq!(message(Predictive::new(config)), "accepted", "{interval}");
    }
}
