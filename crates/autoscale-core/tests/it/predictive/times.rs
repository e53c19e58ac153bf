//! Early, late, jittered and backward calls; gaps; the time of day.

use std::time::Duration;

use autoscale_core::{Decision, Policy, Predictive};

use super::service::{DAY, HOUR, Noise, Service, config, hourly_burst, steady};
use crate::given::secs;

fn load(tick: u64, noise: &mut Noise) -> f64 {
    hourly_burst(tick) * (0.1 * noise.normal()).exp()
}

#[test]
fn jitter_changes_nothing() {
    let mut exact = Predictive::new(config()).unwrap();
    let mut jittered = exact.clone();
    let (mut noise, mut jitter) = (Noise(1), Noise(2));
    let (mut a, mut b) = (Decision::default(), Decision::default());
    let mut replicas = 4;
    for tick in 0..DAY {
        let now = secs(600 + 15 * tick);
        let by = Duration::from_secs_f64(6.0 * jitter.uniform());
        let shifted = match tick {
            0 => now,
            _ if jitter.uniform() < 0.5 => now - by,
            _ => now + by,
        };
        let seen = steady(replicas, load(tick, &mut noise));
        exact.decide_into(now, &seen, &mut a);
        jittered.decide_into(shifted, &seen, &mut b);
        assert_eq!(a, b, "{tick}");
        assert_eq!(exact.next_wakeup(), jittered.next_wakeup());
        replicas = a.replicas;
    }
}

#[test]
fn early_calls_repeat_the_decision() {
    let mut policy = Predictive::new(config()).unwrap();
    let mut asked_often = policy.clone();
    let mut noise = Noise(1);
    let mut replicas = 4;
    for tick in 0..2 * HOUR {
        let now = secs(15 * tick);
        let seen = steady(replicas, load(tick, &mut noise));
        let decision = policy.decide(now, &seen);
        assert_eq!(asked_often.decide(now, &seen), decision);
        assert_eq!(policy.next_wakeup(), Some(now + secs(15)));
        for early in [0, 1, 7] {
            // Whatever it shows meanwhile.
            let again = asked_often.decide(now + secs(early), &steady(replicas, 30.0));
            assert_eq!(again, decision);
        }
        replicas = decision.replicas;
    }
}

#[test]
fn an_earlier_now_is_the_last_one() {
    let mut straight = Predictive::new(config()).unwrap();
    let mut backwards = straight.clone();
    let mut noise = Noise(4);
    let mut replicas = 4;
    for tick in 0..2 * HOUR {
        let seen = steady(replicas, load(tick, &mut noise));
        let latest = secs(15 * tick);
        let decision = straight.decide(latest, &seen);
        assert_eq!(backwards.decide(latest, &seen), decision);
        let again = straight.decide(latest, &seen);
        assert_eq!(backwards.decide(latest / 3, &seen), again);
        assert_eq!(backwards.next_wakeup(), straight.next_wakeup());
        replicas = decision.replicas;
    }
}

#[test]
fn a_late_call_catches_up_in_one_step() {
    let mut policy = Predictive::new(config()).unwrap();
    policy.decide(secs(100), &steady(3, 2.0));
    assert_eq!(policy.next_wakeup(), Some(secs(115)));
    policy.decide(secs(100 + 15 * 7 + 5), &steady(3, 2.0));
    assert_eq!(policy.next_wakeup(), Some(secs(100 + 15 * 8)));
}

#[test]
fn gaps_teach_nothing() {
    for gap in [1, HOUR, 3 * DAY] {
        let (mut service, mut noise) = (Service::new(config()), Noise(6));
        let mut wave = |service: &mut Service, ticks| {
            for _ in 0..ticks {
                service.step(10.0 * (0.05 * noise.normal()).exp());
            }
        };
        wave(&mut service, DAY);
        let before = service.out.clone();
        service.tick += gap;
        service.step(10.0);
        // Fleets of a while ago, a load like that of a while ago: nothing new.
        assert!(service.out.replicas.abs_diff(before.replicas) <= 1, "{gap}");
        for (old, new) in before.ladder.rungs.iter().zip(&service.out.ladder.rungs) {
            assert!((new.bad_share - old.bad_share).abs() < 1e-3, "{gap}");
        }
        let cost = service.cost;
        wave(&mut service, DAY);
        assert!(
            service.cost - cost < cost * 1.05,
            "{gap}: {}",
            service.cost / cost
        );
        assert!(service.bad_share() < 0.01, "{gap}");
    }
}

#[test]
fn another_load_after_a_gap_is_met() {
    for gap in [1, HOUR, 3 * DAY] {
        let mut service = Service::new(config());
        service.run(6 * HOUR, |_| 10.4);
        service.tick += gap;
        service.run(40, |_| 25.4);
        assert!(
            (26..=60).contains(&service.out.replicas),
            "{gap}: {}",
            service.out.replicas
        );
        service.run(3 * HOUR, |_| 25.4);
        assert!(
            (26..=32).contains(&service.out.replicas),
            "{gap}: {}",
            service.out.replicas
        );
    }
}

#[test]
fn bursts_by_the_clock_are_met_before_they_come() {
    // An origin that is no whole minute, one that is not the clock's at all, and the right one.
    for origin in [0, 37 * 60, 37 * 60 + 30] {
        let mut service = Service::new(config().with_unix_origin(secs(origin)));
        service.run(20, hourly_burst);
        assert!(service.ready < 20, "nobody knew");
        service.run(4 * DAY, hourly_burst);
        for hour in 0..6 {
            let [before, at] = service.next_burst();
            assert!(at >= 20, "{origin} {hour}: {at}");
            assert!(before < 14, "{origin} {hour}: {before}");
        }
    }
}

#[test]
fn the_origin_turns_the_clock() {
    let mut at_zero = Service::new(config());
    let mut at_noon = Service::new(config().with_unix_origin(secs(12 * 3600)));
    let mut at_two = Service::new(config().with_unix_origin(secs(7200 + 450)));
    let mut noise = Noise(8);
    let mut differs = 0;
    for tick in 0..2 * DAY {
        let demand = load(tick, &mut noise);
        at_zero.step(demand);
        at_noon.step(demand);
        at_two.step(demand);
        // Whole quarters of an hour later all is the same.
        assert_eq!(at_zero.out, at_noon.out);
        differs += u32::from(at_zero.out.replicas != at_two.out.replicas);
    }
    assert!(differs > 0);
}

#[test]
fn the_end_of_time() {
    for interval in [1, 15, 600] {
        let config = config()
            .with_interval(secs(interval))
            .with_unix_origin(Duration::MAX);
        let mut policy = Predictive::new(config).unwrap();
        for now in [0, 1, 100, u64::MAX - 1, u64::MAX] {
            let out = policy.decide(secs(now), &steady(4, 3.0));
            assert!((1..=100).contains(&out.replicas));
        }
        policy.decide(Duration::MAX, &steady(4, 30.0));
        assert!(policy.next_wakeup().is_some());
    }
}
