//! How long a breaker stays open: exactly, spread over seeds, and what it tells callers meanwhile.

use std::time::Duration;

use circuit_breaker::{
    CircuitBreaker, Config, Dialect, HalfOpen, OpenWait, Outcome, RejectReason, Settings, State,
};
use proptest::prelude::*;

use crate::given::{Driver, Told, anything, breaker, call, cases, config, ms};

const MICRO: Duration = Duration::from_micros(1);

fn settings(wait: OpenWait) -> Settings {
    Settings::new(Config::default().with_open_wait(wait)).unwrap()
}

#[test]
fn refused_until_the_end_and_told_how_long() {
    for (dialect, end) in [
        (Dialect::Plimsoll, ms(3000)),
        (Dialect::Resilience4j, ms(3000) + MICRO),
    ] {
        let config = Config::default()
            .with_open_wait(OpenWait::fixed(ms(2000)))
            .with_dialect(dialect);
        for early in [end - MICRO, ms(2000), ms(1000), ms(1999)] {
            let breaker = breaker(config.clone());
            breaker.trip(ms(1000), None);
            let rejected = breaker.try_acquire(early).unwrap_err();
            assert_eq!(rejected.reason, RejectReason::Open);
            let retry = rejected.retry_after.unwrap();
            assert_eq!(early + retry, end);
            assert!(breaker.try_acquire(early + retry).is_ok());
            assert_eq!(breaker.state(), State::HalfOpen);
        }
    }
}

#[test]
fn waits_grow_to_the_cap_and_begin_anew_after_closing() {
    let wait = OpenWait::default()
        .with_base(ms(1000))
        .with_multiplier(2.0)
        .with_cap(ms(5000))
        .with_jitter(0.0);
    let config = Config::default()
        .with_open_wait(wait)
        .with_half_open(HalfOpen::default().with_permits(1));
    let breaker = breaker(config);
    let mut now = ms(0);
    for _ in 0..2 {
        breaker.trip(now, None);
        for wait in [1000, 2000, 4000, 5000, 5000] {
            let end = breaker.next_wakeup().unwrap();
            assert_eq!(end - now, ms(wait));
            now = end;
            call(&breaker, Outcome::Failure, now);
        }
        now = breaker.next_wakeup().unwrap();
        call(&breaker, Outcome::Success, now);
        assert_eq!(breaker.state(), State::Closed);
    }
}

/// u is drawn evenly from 0 to 1: the waits of ten thousand seeds fill the tenths of their range.
#[test]
fn jitter_spreads_over_seeds() {
    let jittered = settings(OpenWait::fixed(ms(10_000)).with_jitter(0.4));
    let waits: Vec<_> = (0..10_000)
        .map(|seed| {
            let breaker = CircuitBreaker::new(&jittered, seed);
            breaker.trip(ms(0), None);
            breaker.next_wakeup().unwrap()
        })
        .collect();
    let mut tenths = [0_u32; 10];
    for wait in &waits {
        assert!((ms(6000)..=ms(10_000)).contains(wait), "{wait:?}");
        let place = (wait.as_secs_f64() - 6.0) / 0.4;
        tenths[(place as usize).min(9)] += 1;
    }
    // 1000 each, the standard deviation being 30.
    assert!(
        tenths.iter().all(|count| (850..1150).contains(count)),
        "{tenths:?}"
    );
    let mut distinct = waits;
    distinct.sort_unstable();
    distinct.dedup();
    assert!(distinct.len() > 9950, "{} different waits", distinct.len());
}

/// The draws of one breaker's openings differ too.
#[test]
fn jitter_spreads_over_openings() {
    let settings = settings(OpenWait::fixed(ms(10_000)).with_jitter(1.0));
    let breaker = CircuitBreaker::new(&settings, 3);
    let mut waits: Vec<_> = (0..1000)
        .map(|_| {
            breaker.reset(ms(0));
            breaker.trip(ms(0), None);
            breaker.next_wakeup().unwrap()
        })
        .collect();
    let mean = waits.iter().sum::<Duration>().as_secs_f64() / 1000.0;
    assert!((mean - 5.0).abs() < 0.5, "{mean}");
    waits.sort_unstable();
    waits.dedup();
    assert!(waits.len() > 995, "{} different waits", waits.len());
}

#[test]
fn the_same_seed_waits_the_same() {
    let settings = settings(OpenWait::default().with_jitter(1.0));
    let of = |seed: u64| {
        let breaker = CircuitBreaker::new(&settings, seed);
        breaker.trip(ms(0), None);
        breaker.next_wakeup()
    };
    assert_eq!(of(5), of(5));
    assert_ne!(of(5), of(6));
}

#[test]
fn after_closing_the_share_rises_from_a_tenth() {
    let breaker = breaker(
        Config::default()
            .with_ramp_up(Some(ms(10_000)))
            .with_half_open(HalfOpen::default().with_permits(1)),
    );
    breaker.trip(ms(0), Some(ms(1)));
    call(&breaker, Outcome::Success, ms(1000));
    // Share admitted at a time after closing, a thousand calls each.
    for (after, share) in [
        (0, 100),
        (500, 100),
        (1000, 100),
        (2500, 250),
        (5000, 500),
        (9999, 1000),
    ] {
        let now = ms(1000 + after);
        let admitted = (0..1000)
            .filter(|_| breaker.try_acquire(now).is_ok())
            .count();
        assert!(
            admitted.abs_diff(share) <= 3,
            "{admitted} of 1000 after {after} ms"
        );
    }
    for after in [10_000, 10_001] {
        let now = ms(1000 + after);
        assert!((0..1000).all(|_| breaker.try_acquire(now).is_ok()));
    }
    assert_eq!(breaker.next_wakeup(), None);
}

#[test]
fn ramping_up_tells_when_to_ask_again() {
    let breaker = breaker(
        Config::default()
            .with_ramp_up(Some(ms(10_000)))
            .with_open_wait(OpenWait::fixed(ms(2000)))
            .with_half_open(HalfOpen::default().with_permits(1)),
    );
    breaker.trip(ms(0), Some(ms(1)));
    call(&breaker, Outcome::Success, ms(1000));
    assert_eq!(breaker.next_wakeup(), Some(ms(11_000)));
    let rejected = |now: u64| {
        let first = (0..100)
            .find_map(|_| breaker.try_acquire(ms(now)).err())
            .unwrap();
        assert_eq!(first.reason, RejectReason::RampUp);
        first.retry_after.unwrap()
    };
    assert_eq!(rejected(1000), ms(2000));
    assert_eq!(rejected(9500), ms(1500));
    // While ramping up it opens as ever.
    for _ in 0..400 {
        if let Ok(token) = breaker.try_acquire(ms(9600)) {
            breaker.record(token, Outcome::Failure, ms(9600));
        }
    }
    assert_eq!(breaker.state(), State::Open);
}

proptest! {
    #![proptest_config(cases(300, 20_000))]

    /// Whoever asks again after what an open breaker told is a probe, and nobody is before.
    #[test]
    fn retry_after_is_exact(config in config(), ops in prop::collection::vec(anything(), 0..150)) {
        let mut driver = Driver::new(breaker(config.clone()), ms(500));
        for op in ops {
            let Told::Acquired(Err(rejected)) = driver.step(op) else { continue };
            if rejected.reason != RejectReason::Open {
                continue;
            }
            let retry = rejected.retry_after.unwrap();
            prop_assert!(retry > Duration::ZERO);
            let metrics = driver.metrics();
            let snapshot = driver.breaker.snapshot(driver.now);
            let settings = Settings::new(config.clone()).unwrap();
            let copy = || CircuitBreaker::restore(&settings, 7, &snapshot, driver.now).unwrap();
            prop_assert_eq!(metrics.opened_by, rejected.opened_by);
            prop_assert!(copy().try_acquire(driver.now + retry).is_ok());
            prop_assert!(copy().try_acquire(driver.now + retry - MICRO).is_err());
        }
    }
}
