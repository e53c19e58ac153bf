//! Dead, lying and patchy sources; the first decisions.

use autoscale_core::{Blocked, MetricReading, Milli, PodGroup, Policy, Predictive, Reason, Sample};

use super::service::{HOUR, Noise, Service, config, reading, steady};
use crate::given::secs;

/// A service that carried 10 ± 5 % for some hours.
fn busy(hours: u64) -> Service {
    let (mut service, mut noise) = (Service::new(config()), Noise(2));
    for _ in 0..hours * HOUR {
        service.step(10.0 * (0.05 * noise.normal()).exp());
    }
    assert!((10..=16).contains(&service.out.replicas));
    service
}

#[test]
fn without_readings_nothing_changes() {
    let mut service = busy(4);
    let (before, count) = (service.out.clone(), service.out.replicas);
    let stale = MetricReading::Values {
        values_milli: vec![Milli(1)],
        age: secs(301),
    };
    let empty = MetricReading::Values {
        values_milli: vec![],
        age: secs(0),
    };
    let unread = [
        vec![MetricReading::Failed],
        vec![],
        vec![MetricReading::value(Milli(-1))],
        vec![MetricReading::Pods(vec![Sample::of_group(0, 1, Milli(-5))])],
        vec![MetricReading::Pods(vec![])],
        vec![stale],
        vec![empty],
    ];
    for tick in 0..6 * HOUR {
        let mut seen = service.load(0.0);
        seen.readings = unread[usize::try_from(tick).unwrap() % unread.len()].clone();
        assert_eq!(service.decide(&seen), count);
        let out = &service.out;
        assert!(out.blind && out.ladder.rungs.is_empty());
        assert_eq!(out.reason, Reason::NoData);
        assert!(out.is_blocked_by(Blocked::MissingData));
    }
    // It comes back as it was: no outcome was made of the silence.
    service.step(10.0);
    assert!(!service.out.blind);
    assert!(service.out.replicas.abs_diff(count) <= 2);
    let costs = |ladder: &autoscale_core::LadderStage| ladder.rungs[7].cost;
    assert!(costs(&service.out.ladder) < costs(&before.ladder) + 20.0);
}

#[test]
fn a_load_that_vanishes_is_not_believed_for_half_an_hour() {
    let mut service = busy(4);
    for tick in 0..4 * HOUR {
        service.step(0.0);
        // Half an hour, counted from the first zero that is seen, 30 s after it was.
        if tick < 2 + 119 {
            assert!(service.out.replicas >= 10, "{tick}");
        }
        if tick >= HOUR {
            assert!(
                service.out.replicas <= 4,
                "{tick}: {}",
                service.out.replicas
            );
        }
    }
    assert_eq!(service.out.replicas, 1);
}

#[test]
fn before_two_hours_a_vanished_load_is_followed() {
    let mut service = busy(1);
    service.run(60, |_| 0.0);
    assert!(service.out.replicas <= 5, "{}", service.out.replicas);
}

#[test]
fn one_absurd_sample_is_bounded_and_forgotten() {
    let mut service = busy(24);
    let cost = service.cost;
    let mut seen = service.load(10.0);
    seen.readings = vec![reading(10_000.0)];
    assert!(service.decide(&seen) <= 100);
    let mut noise = Noise(3);
    for tick in 0..24 * HOUR {
        service.step(10.0 * (0.05 * noise.normal()).exp());
        assert!(service.out.replicas <= 100);
        if tick >= HOUR {
            assert!(
                service.out.replicas <= 20,
                "{tick}: {}",
                service.out.replicas
            );
        }
    }
    // The day costs little more than the one before.
    assert!(service.cost - cost < cost * 1.15, "{}", service.cost / cost);
}

#[test]
fn the_largest_numbers_are_bounded() {
    let mut service = busy(3);
    for _ in 0..HOUR {
        let mut seen = service.load(10.0);
        seen.readings = vec![MetricReading::value(Milli(i64::MAX))];
        assert!(service.decide(&seen) <= 100);
    }
    assert_eq!(service.out.replicas, 100);
    // The floor of a tiny target is as bounded.
    let tiny = config().with_target_value(f64::MIN_POSITIVE);
    let mut policy = Predictive::new(tiny).unwrap();
    for tick in 0..40 {
        assert!(policy.decide(secs(15 * tick), &steady(5, 10.0)).replicas <= 100);
    }
}

#[test]
fn missing_pods_never_scale_in() {
    for shortened in [false, true] {
        let mut service = busy(3);
        let count = service.out.replicas;
        // One of the ready pods has no sample, or is not even in the list.
        let mut lowest = u32::MAX;
        let mut guarded = 0;
        for _ in 0..2 * HOUR {
            let mut seen = service.load(2.0);
            let listed = service.ready - u32::from(shortened);
            let sampled = listed - u32::from(!shortened);
            let share = Milli(200_000 / i64::from(service.ready));
            seen.pods[0] = PodGroup::running(listed);
            seen.readings = vec![MetricReading::Pods(vec![Sample::of_group(
                0, sampled, share,
            )])];
            service.decide(&seen);
            lowest = lowest.min(service.out.replicas);
            if service.out.reason == Reason::SamplesLost {
                assert!(service.out.is_blocked_by(Blocked::MissingData));
                guarded += 1;
            }
            assert!(!service.out.blind);
        }
        assert_eq!(lowest, count, "{shortened}");
        assert!(guarded > 60, "{guarded}");
        // All of them again.
        service.run(2 * HOUR, |_| 2.0);
        assert!(service.out.replicas < count, "{shortened}");
    }
}

#[test]
fn missing_pods_do_not_stop_growth() {
    let mut service = busy(3);
    let count = service.out.replicas;
    for _ in 0..20 {
        let mut seen = service.load(20.0);
        let share = Milli(2_000_000 / i64::from(service.ready));
        let sampled = service.ready - 1;
        seen.readings = vec![MetricReading::Pods(vec![Sample::of_group(
            0, sampled, share,
        )])];
        service.decide(&seen);
    }
    assert!(service.out.replicas >= 19 && count < 19);
}

#[test]
fn the_first_decisions() {
    for (replicas, demand, reason) in [
        (0, 0.0, Reason::ScaleUp),
        (0, 7.5, Reason::ScaleUp),
        (1, 0.0, Reason::Steady),
        (1, 50.0, Reason::ScaleUp),
        (100, 7.5, Reason::Steady),
        (100, 500.0, Reason::TooManyReplicas),
    ] {
        let mut policy = Predictive::new(config()).unwrap();
        let first = policy.decide(secs(0), &steady(replicas, demand));
        assert!(!first.blind);
        assert_eq!(first.reason, reason, "{replicas} {demand}");
        assert!(first.replicas >= replicas.max(1), "held at first");
        assert!(
            f64::from(first.replicas) >= demand.min(100.0),
            "enough at once"
        );
        let mut count = first.replicas;
        for tick in 1..2 * HOUR {
            count = policy
                .decide(secs(15 * tick), &steady(count, demand))
                .replicas;
        }
        let needed = f64::from(count) - demand.min(100.0);
        assert!(
            (0.0..=4.0).contains(&needed),
            "{replicas} {demand}: {count}"
        );
    }
}

#[test]
fn blind_from_the_start() {
    let mut policy = Predictive::new(config()).unwrap();
    let mut seen = steady(7, 3.0);
    let readings = std::mem::take(&mut seen.readings);
    for tick in 0..40 {
        let out = policy.decide(secs(15 * tick), &seen);
        assert_eq!(
            (out.replicas, out.blind, out.reason),
            (7, true, Reason::NoData)
        );
    }
    seen.readings = readings;
    let out = policy.decide(secs(600), &seen);
    assert_eq!((out.replicas, out.blind), (7, false));
}

#[test]
fn started_above_the_upper_bound() {
    for complete in [true, false] {
        let mut policy = Predictive::new(config().with_max_replicas(8)).unwrap();
        let mut seen = steady(30, 3.0);
        if !complete {
            seen.pods = vec![PodGroup::running(29)];
        }
        let out = policy.decide(secs(0), &seen);
        // The bound is the user's word, not the data's; but nothing below it.
        assert_eq!(out.replicas, 8, "{complete}");
    }
}
