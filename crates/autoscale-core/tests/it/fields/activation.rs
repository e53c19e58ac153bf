//! Every field of an activation.

use autoscale_core::{
    ActivationBurst, ActivationConfig, Gauge, MetricReading, Milli, Observation, PodGroup, Policy,
    PolicyExt, Statistic, from_fn,
};

use super::assert_covers;
use crate::given::{pod, secs};

/// Counts a minute apart under a queue that comes and goes, around a policy that always asks for
/// one fewer, each change carried out.
fn play(config: ActivationConfig) -> Vec<u32> {
    let inner = from_fn(|_, seen: &Observation| seen.spec_replicas.saturating_sub(1));
    let mut policy = inner.activated(config).unwrap();
    let mut spec = 6;
    let tick = |(minute, queue): (u64, i64)| {
        let values = [queue * 1000, 5000].map(|v| MetricReading::value(Milli(v)));
        let seen = Observation::new(spec)
            .with_pods([PodGroup {
                count: spec,
                ..pod()
            }])
            .with_readings(values);
        spec = policy.decide(secs(minute * 60), &seen).replicas;
        spec
    };
    let queue = [0, 0, 0, 0, 0, 7, 7, 1, 1, 1, 1];
    (0..).zip(queue).map(tick).collect()
}

#[test]
fn activation_config() {
    let base = || {
        ActivationConfig::new(Gauge::new(Statistic::Total))
            .with_cooldown(secs(120))
            .with_min_active(2)
            .with_activation_threshold(2.0)
            .with_capacity(Some(3.0))
    };
    let mut second = base();
    second.gauge.reading = 1;
    let cases = [
        ("gauge", second),
        (
            "activation_threshold",
            base().with_activation_threshold(0.0),
        ),
        ("cooldown", base().with_cooldown(secs(60))),
        ("initial_cooldown", base().with_initial_cooldown(secs(60))),
        ("idle_replicas", base().with_idle_replicas(1)),
        ("min_active", base().with_min_active(3)),
        ("gradual", base().with_gradual(true)),
        ("capacity", base().with_capacity(None)),
        (
            "burst",
            base().with_burst(Some(ActivationBurst::Replicas(2))),
        ),
    ];
    assert_covers(&base(), cases.iter().map(|c| c.0));
    assert_eq!(play(base()), [5, 4, 0, 0, 0, 3, 2, 2, 0, 0, 0]);
    for (field, changed) in cases {
        assert_ne!(play(changed), play(base()), "{field}");
    }
}
