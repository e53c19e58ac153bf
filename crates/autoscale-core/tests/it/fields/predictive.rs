//! Every field of a predictive policy's configuration.

use autoscale_core::{
    Gauge, MetricReading, Milli, Observation, PodGroup, Policy, Predictive, PredictiveConfig,
    Statistic,
};

use super::assert_covers;
use crate::given::secs;

/// Counts, 15 s apart, for four hours of 8 ± 2 replicas with a burst of 16 at each half hour; the
/// second reading shows half of the first.
fn counts(config: &PredictiveConfig) -> Vec<u32> {
    let mut policy = Predictive::new(config.clone()).unwrap();
    let (mut replicas, mut random) = (1, 1_u64);
    let ticks = 0..960;
    ticks
        .map(|tick| {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let noise = i64::try_from(random >> 40).unwrap() * 400_000 / (1 << 24);
            let level = if tick % 120 < 10 { 1_600_000 } else { 600_000 };
            let value = |share| MetricReading::value(Milli((level + noise) / share));
            let seen = Observation::new(replicas)
                .with_pods([PodGroup::running(replicas)])
                .with_readings([value(1), value(2)]);
            replicas = policy.decide(secs(15 * tick), &seen).replicas;
            replicas
        })
        .collect()
}

#[test]
fn predictive_config() {
    let base = || PredictiveConfig::new(0.01, 100.0);
    let second = Gauge::new(Statistic::Total).with_reading(1);
    /// What must hold of the counts without and with the change.
    type Effect = fn(&[u32], &[u32]) -> bool;
    fn sum(counts: &[u32]) -> u32 {
        counts.iter().sum()
    }
    let less: Effect = |before, after| sum(after) < sum(before);
    // The nearest call to each whole minute decides, the later one of two.
    let once_a_minute: Effect = |_, after| {
        let changes = (1..after.len()).filter(|i| after[*i] != after[i - 1]);
        changes.clone().count() > 20 && changes.into_iter().all(|i| i % 4 == 2)
    };
    let at_least_18: Effect =
        |before, after| after.iter().all(|n| *n >= 18) && before.iter().any(|n| *n < 18);
    let at_most_12: Effect =
        |before, after| after.iter().all(|n| *n <= 12) && before.iter().any(|n| *n > 12);
    let any: Effect = |_, _| true;
    let cases = [
        (
            "accepted_bad_share",
            base().with_accepted_bad_share(0.2),
            less,
        ),
        ("target_value", base().with_target_value(150.0), less),
        ("gauge", base().with_gauge(second), less),
        ("start_up", base().with_start_up(secs(300)), any),
        ("metric_lag", base().with_metric_lag(secs(180)), any),
        ("interval", base().with_interval(secs(60)), once_a_minute),
        ("min_replicas", base().with_min_replicas(18), at_least_18),
        ("max_replicas", base().with_max_replicas(12), at_most_12),
        ("unix_origin", base().with_unix_origin(secs(450)), any),
    ];
    let fields = serde_json::to_value(base()).unwrap();
    let fields: serde_json::Map<_, _> = fields.as_object().unwrap().clone();
    let fields: serde_json::Map<_, _> = fields
        .into_iter()
        .map(|(name, value)| (name.replace('-', "_"), value))
        .collect();
    assert_covers(&fields, cases.iter().map(|c| c.0));
    let before = counts(&base());
    for (field, changed, effect) in cases {
        let after = counts(&changed);
        assert_ne!(after, before, "{field}");
        assert!(
            effect(&before, &after),
            "{field}: {} {}",
            sum(&before),
            sum(&after)
        );
    }
}
