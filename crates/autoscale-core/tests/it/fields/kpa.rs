//! Every field of a KPA's configuration.

use autoscale_core::{Kpa, KpaConfig, KpaStage, MetricReading, Milli, Observation, Policy};

use super::assert_covers;
use crate::given::{secs, seen_value};

/// Counts and excess burst capacity, 2 s apart.
fn kpa(config: &KpaConfig, script: &[Observation]) -> (Vec<u32>, Vec<Option<i32>>) {
    let mut kpa = Kpa::new(config.clone())
        .unwrap()
        .with_initial_ready(secs(0), 1);
    let times = (0..).map(|tick| secs(tick * 2));
    let burst = |stage: KpaStage| stage.excess_burst_capacity;
    times
        .zip(script)
        .map(|(now, seen)| kpa.decide(now, seen))
        .map(|decision| (decision.replicas, decision.kpa.map(burst)))
        .unzip()
}

/// The field, a configuration that differs in it, what is seen, counts without and with the change.
type Case = (&'static str, KpaConfig, Vec<Observation>, [Vec<u32>; 2]);

#[test]
fn kpa_config() {
    let base = || KpaConfig::new(10.0);
    let loads = |ready: u32, loads: &[i64]| -> Vec<_> {
        loads
            .iter()
            .map(|load| seen_value(ready, load * 1000))
            .collect()
    };
    let second = Observation {
        readings: [
            seen_value(1, 30_000).readings,
            seen_value(1, 50_000).readings,
        ]
        .concat(),
        ..seen_value(3, 0)
    };
    let stale = Observation {
        readings: vec![MetricReading::Values {
            values_milli: vec![Milli(30_000)],
            age: secs(400),
        }],
        ..seen_value(2, 0)
    };
    let short = base()
        .with_stable_window(secs(6))
        .with_panic_window(secs(2));
    let cases: Vec<Case> = vec![
        (
            "target_value",
            KpaConfig::new(15.0),
            loads(3, &[30]),
            [vec![3], vec![2]],
        ),
        (
            "panic_threshold",
            base().with_panic_threshold(3.0),
            loads(2, &[40, 10]),
            [vec![4, 4], vec![4, 3]],
        ),
        (
            "max_scale_up_rate",
            base().with_max_scale_up_rate(2.0),
            loads(2, &[100]),
            [vec![10], vec![4]],
        ),
        (
            "max_scale_down_rate",
            base().with_max_scale_down_rate(5.0),
            loads(10, &[0]),
            [vec![5], vec![2]],
        ),
        (
            "stable_window",
            short,
            loads(5, &[90, 0, 0, 0]),
            [vec![9, 5, 3, 3], vec![9, 5, 3, 2]],
        ),
        (
            "panic_window",
            base().with_panic_window(secs(2)),
            loads(5, &[50, 99, 99]),
            [vec![5, 8, 9], vec![5, 10, 10]],
        ),
        (
            "scale_down_delay",
            base().with_scale_down_delay(secs(4)),
            loads(5, &[50, 0]),
            [vec![5, 3], vec![5, 5]],
        ),
        (
            "activation_scale",
            base().with_activation_scale(4),
            loads(3, &[30]),
            [vec![3], vec![4]],
        ),
        (
            "reachable",
            base().with_reachable(false),
            loads(9, &[0]),
            [vec![4], vec![0]],
        ),
        (
            "max_sample_age",
            base().with_max_sample_age(None),
            vec![stale],
            [vec![2], vec![3]],
        ),
        (
            "reading",
            base().with_reading(1),
            vec![second],
            [vec![3], vec![5]],
        ),
    ];
    let bursts = [
        (
            "total_value",
            base().with_total_value(Some(100.0)),
            -199,
            59,
        ),
        (
            "target_burst_capacity",
            base().with_target_burst_capacity(20.0),
            -199,
            -8,
        ),
    ];
    let names = cases.iter().map(|c| c.0).chain(bursts.iter().map(|b| b.0));
    assert_covers(&base(), names);
    for (field, changed, script, expected) in cases {
        assert_eq!(
            [kpa(&base(), &script).0, kpa(&changed, &script).0],
            expected,
            "{field}"
        );
        assert_ne!(expected[0], expected[1], "{field}");
    }
    for (field, changed, before, after) in bursts {
        let script = loads(3, &[30]);
        let both = [kpa(&base(), &script).1, kpa(&changed, &script).1];
        assert_eq!(both, [vec![Some(before)], vec![Some(after)]], "{field}");
    }
}
