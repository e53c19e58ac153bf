//! Knative's rules.

use autoscale_core::{Averages, Kpa, KpaConfig, Milli, Observation, Policy, Reason, StageKind};

use crate::given::{secs, seen_value};

fn both(value: f64) -> Averages {
    Averages {
        stable: value,
        panic: value,
    }
}

fn config() -> KpaConfig {
    KpaConfig::new(10.0)
}

#[test]
fn one_step() {
    let fast = || config().with_max_scale_up_rate(2.0);
    let active = || config().with_activation_scale(3);
    for (name, config, ready, stable, panic, replicas, panicking) in [
        ("exact", config(), 3, 30.0, 30.0, 3, false),
        ("rounded up", config(), 3, 31.0, 31.0, 4, false),
        (
            "panic average does not count when calm",
            config(),
            3,
            30.0,
            50.0,
            3,
            false,
        ),
        (
            "panic at twice the ready pods",
            config(),
            3,
            30.0,
            60.0,
            6,
            true,
        ),
        ("just under", config(), 3, 30.0, 50.0, 3, false),
        ("up rate", fast(), 2, 100.0, 100.0, 4, true),
        ("down rate", config(), 10, 0.0, 0.0, 5, false),
        ("down rate, odd", config(), 5, 0.0, 0.0, 2, false),
        (
            "unreachable",
            config().with_reachable(false),
            10,
            0.0,
            0.0,
            0,
            false,
        ),
        ("to zero", config(), 1, 0.0, 0.0, 0, false),
        ("activation", active(), 1, 1.0, 1.0, 3, false),
        ("no load, no activation", active(), 1, 0.0, 0.0, 0, false),
        ("above activation", active(), 3, 45.0, 45.0, 5, false),
        (
            "no ready pod counts as one",
            config(),
            0,
            45.0,
            45.0,
            5,
            true,
        ),
        ("not a number", config(), 3, f64::NAN, f64::NAN, 1, false),
    ] {
        let mut kpa = Kpa::new(config).unwrap();
        let (wanted, stage) = kpa.scale(secs(0), ready, Averages { stable, panic });
        assert_eq!((wanted, stage.panicking), (replicas, panicking), "{name}");
    }
}

#[test]
fn panic_and_its_end() {
    let mut kpa = Kpa::new(config()).unwrap();
    for (now, ready, load, replicas, panicking) in [
        (0, 1, 45.0, 5, true),
        (2, 5, 10.0, 5, true),    // never falls
        (4, 5, 70.0, 7, true),    // may rise; no new cause
        (30, 7, 140.0, 14, true), // a new cause
        (90, 14, 10.0, 14, true), // exactly a stable window later
        (91, 14, 80.0, 8, false),
    ] {
        let (wanted, stage) = kpa.scale(secs(now), ready, both(load));
        assert_eq!((wanted, stage.panicking), (replicas, panicking), "{now}");
    }
    // Born beside several ready pods: in panic, so that no history does not mean no load.
    let mut kpa = Kpa::new(config()).unwrap();
    let decision = kpa.decide(secs(0), &seen_value(5, 1000));
    assert_eq!((decision.replicas, decision.reason), (5, Reason::Panic));
    assert_eq!(decision.after(StageKind::Recommended), Some(1));
    assert_eq!(decision.after(StageKind::RateLimited), Some(2)); // ⌊5 ÷ 2⌋
}

#[test]
fn scale_down_delay() {
    let config = config()
        .with_scale_down_delay(secs(10))
        .with_reachable(false);
    let mut kpa = Kpa::new(config).unwrap();
    for (now, load, replicas) in [
        (0, 50.0, 5),
        (2, 10.0, 5),
        (4, 30.0, 5),
        (9, 10.0, 5),
        (10, 10.0, 3), // the 5 of the first 2 s is out, the 3 is not
        (13, 10.0, 3),
        (14, 10.0, 1),
        (15, 60.0, 6),
    ] {
        assert_eq!(kpa.scale(secs(now), 5, both(load)).0, replicas, "{now}");
    }
}

#[test]
fn averages_of_readings() {
    let mut kpa = Kpa::new(config()).unwrap().with_initial_ready(secs(0), 1);
    for (now, reading, stable, panic) in [
        (0, 10_000, 10.0, 10.0),
        (2, 20_000, 15.0, 15.0),
        (5, 60_000, 30.0, 30.0),
        (8, 0, 22.5, 30.0),       // 3 s … 8 s
        (60, 10_000, 22.5, 10.0), // the first is out
        (200, 7_000, 7.0, 7.0),
    ] {
        let decision = kpa.decide(secs(now), &seen_value(1, reading));
        let stage = decision.kpa.unwrap();
        assert_eq!(
            (stage.stable_value, stage.panic_value),
            (stable, panic),
            "{now}"
        );
    }
}

#[test]
fn burst_capacity() {
    for (burst, panic, excess) in [
        (20.0, 5.0, 20),
        (20.0, 30.5, -6),
        (0.0, 5.0, 0),
        (-1.0, 5.0, -1),
    ] {
        let config = config()
            .with_total_value(Some(15.0))
            .with_target_burst_capacity(burst);
        let averages = Averages { stable: 0.0, panic };
        let (_, stage) = Kpa::new(config).unwrap().scale(secs(0), 3, averages);
        assert_eq!(stage.excess_burst_capacity, excess, "{burst} {panic}");
    }
}

#[test]
fn no_data_changes_nothing() {
    use autoscale_core::{MetricReading, Sample};
    let stale = |age| MetricReading::Values {
        values_milli: vec![Milli(1)],
        age: secs(age),
    };
    let old = Sample {
        age: secs(301),
        ..Sample::of_group(0, 1, Milli(1))
    };
    for (name, readings) in [
        ("none", vec![]),
        ("failed", vec![MetricReading::Failed]),
        (
            "no values",
            vec![MetricReading::Values {
                values_milli: vec![],
                age: secs(0),
            }],
        ),
        ("no samples", vec![MetricReading::Pods(vec![])]),
        ("stale", vec![stale(301)]),
        ("a stale sample", vec![MetricReading::Pods(vec![old])]),
        ("negative", vec![MetricReading::value(Milli(-1))]),
    ] {
        let mut kpa = Kpa::new(config()).unwrap();
        let decision = kpa.decide(
            secs(0),
            &Observation {
                readings,
                ..seen_value(7, 0)
            },
        );
        assert_eq!(
            (decision.replicas, decision.reason),
            (7, Reason::NoData),
            "{name}"
        );
        assert!(decision.blind, "{name}");
    }
}
