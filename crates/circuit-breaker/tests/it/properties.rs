//! What holds for any configuration and any operations.

use std::time::Duration;

use circuit_breaker::{
    CircuitBreaker, Config, HalfOpen, Outcome, Recorded, RejectReason, Settings, State, Token,
};
use proptest::prelude::*;

use crate::given::{
    Driver, Op, Told, anything, breaker, caller, cases, chaos, config, ms, outcome,
};

proptest! {
    #![proptest_config(cases(400, 40_000))]

    /// No panic, no overflow; and the parts of what it shows fit together.
    #[test]
    fn anything_is_answered(
        config in config(),
        start in prop::sample::select(vec![
            Duration::ZERO, ms(1), ms(1 << 40), Duration::from_nanos(u64::MAX), Duration::MAX,
        ]),
        ops in prop::collection::vec(chaos(), 0..300),
    ) {
        let settings = Settings::new(config.clone()).unwrap();
        let mut driver = Driver::new(CircuitBreaker::new(&settings, 5), start);
        for op in ops {
            let told = driver.step(op);
            let metrics = driver.metrics();
            if let Told::Acquired(Err(rejected)) = told {
                prop_assert_eq!(rejected.opened_by.is_some(), rejected.reason == RejectReason::Open);
                prop_assert_eq!(
                    rejected.retry_after.is_none(),
                    rejected.reason == RejectReason::ForcedOpen
                );
            }
            prop_assert_eq!(metrics.state, driver.breaker.state());
            prop_assert!(u32::from(metrics.probes_out) <= config.half_open.permits);
            prop_assert!(metrics.window.failures <= metrics.window.calls);
            prop_assert!(metrics.window.slow <= metrics.window.calls);
            prop_assert!(metrics.window.slow_failures <= metrics.window.slow);
            let rate = metrics.failure_rate.unwrap_or(0.0);
            prop_assert!((0.0..=1.0).contains(&rate));
            let snapshot = driver.breaker.snapshot(driver.now);
            prop_assert!(CircuitBreaker::restore(&settings, 5, &snapshot, driver.now).is_ok());
        }
    }

    /// No half-open period admits more than its permits and what was given back.
    #[test]
    fn probes_are_counted(config in config(), ops in prop::collection::vec(anything(), 0..300)) {
        let permits = i64::from(config.half_open.permits);
        let mut driver = Driver::new(breaker(config), ms(5));
        let (mut period, mut left) = (0, 0);
        for op in ops {
            let told = driver.step(op);
            let metrics = driver.metrics();
            if metrics.state != State::HalfOpen {
                continue;
            }
            if metrics.generation != period {
                (period, left) = (metrics.generation, permits);
            }
            match told {
                Told::Acquired(Ok(_)) => left -= 1,
                Told::Recorded(Recorded::Ignored) => left += 1,
                _ => {}
            }
            prop_assert!(left >= 0);
        }
    }

    /// Probes that never come back: someone is let through again after the lease and one wait at the
    /// latest, and a dependency that answers closes the breaker within two of both.
    #[test]
    fn lost_probes_keep_nobody_out(
        config in config(),
        lease in 1..5000_u64,
        ops in prop::collection::vec(caller(), 0..200),
    ) {
        let lease = ms(lease).max(config.slow_call_duration);
        let half_open = config.half_open.with_lease(Some(lease));
        let config = config.with_half_open(half_open);
        let cap = config.open_wait.cap;
        let mut driver = Driver::new(breaker(config), ms(5));
        for op in ops {
            driver.step(op);
        }
        let (breaker, now) = (&driver.breaker, driver.now);
        let micro = Duration::from_micros(1);
        // Asked when the lease is over, in whole microseconds, and when the wait that follows is.
        let after = [Duration::ZERO, lease + micro, lease + cap + 4 * micro];
        // A ramp-up refuses nine calls in a row at most.
        let admitted = after
            .into_iter()
            .any(|after| (0..12).any(|_| breaker.try_acquire(now + after).is_ok()));
        prop_assert!(admitted, "{breaker:?}");
        let settings = breaker.settings().clone();
        let step = (lease + cap) / 20;
        let mut at = now + after[2];
        for _ in 0..44 {
            for _ in 0..300 {
                if let Ok(token) = breaker.try_acquire(at) {
                    breaker.record(token, Outcome::Success, at);
                }
            }
            at += step + Duration::from_micros(1);
        }
        prop_assert_eq!(breaker.state(), State::Closed, "{:?}", settings);
    }

    /// Outcomes of an earlier generation change nothing but their own count: beside a run without them.
    #[test]
    fn stale_outcomes_change_nothing(
        config in config(),
        ops in prop::collection::vec((anything(), prop::collection::vec((0..50_usize, outcome(), 0..4000_u64), 0..4)), 0..200),
    ) {
        let settings = Settings::new(config).unwrap();
        let new = || Driver::new(CircuitBreaker::new(&settings, 5), ms(5));
        let (mut quiet, mut noisy) = (new(), new());
        let mut all: Vec<(Token, u32)> = Vec::new();
        for (op, late) in ops {
            let told = noisy.step(op);
            prop_assert_eq!(quiet.step(op), told);
            let generation = noisy.metrics().generation;
            if let Told::Acquired(Ok(token)) = told {
                all.push((token, generation));
            }
            let before: Vec<_> = all.iter().filter(|(_, of)| *of != generation).collect();
            for (place, outcome, took) in late {
                if let Some((token, _)) = before.get(place % before.len().max(1)) {
                    let told = noisy.breaker.record_timed(*token, outcome, ms(took), noisy.now);
                    prop_assert_eq!(told, Recorded::Stale);
                }
            }
            let mut metrics = noisy.metrics();
            metrics.stale = quiet.metrics().stale;
            prop_assert_eq!(quiet.metrics(), metrics);
            prop_assert_eq!(quiet.breaker.next_wakeup(), noisy.breaker.next_wakeup());
        }
    }

    /// Telling twice what closes a breaker never closes it on fewer probes than there were.
    #[test]
    fn told_twice_closes_nothing_early(
        permits in 1..8_u32,
        told in prop::collection::vec((0..8_usize, any::<bool>()), 0..40),
    ) {
        let half_open = HalfOpen::default().with_permits(permits);
        let breaker = breaker(Config::default().with_half_open(half_open));
        breaker.trip(ms(0), Some(ms(1)));
        let probes: Vec<_> = (0..permits).map(|_| breaker.try_acquire(ms(1)).unwrap()).collect();
        let generation = breaker.metrics(ms(1)).generation;
        for (place, success) in told {
            let outcome = if success { Outcome::Success } else { Outcome::Failure };
            breaker.record(probes[place % probes.len()], outcome, ms(1));
            let metrics = breaker.metrics(ms(1));
            prop_assert!(metrics.generation <= generation + 1);
            prop_assert!(metrics.state != State::HalfOpen || metrics.window.calls <= u64::from(permits));
        }
    }
}

/// Calls that ask with the clock at both ends, and back, of a breaker in each state.
#[test]
fn a_clock_that_goes_back_forgives_nothing() {
    let breaker = breaker(Config::default());
    for _ in 0..10 {
        crate::given::call(&breaker, Outcome::Failure, ms(60_000));
    }
    // Earlier counts with what is there; nothing is lost when the time comes again.
    for _ in 0..9 {
        crate::given::call(&breaker, Outcome::Failure, ms(55_000));
    }
    assert_eq!(breaker.metrics(ms(55_000)).window.failures, 19);
    assert_eq!(breaker.metrics(ms(60_000)).window.failures, 19);
    crate::given::call(&breaker, Outcome::Failure, ms(59_000));
    assert_eq!(breaker.state(), State::Open);
    let until = breaker.next_wakeup().unwrap();
    // Open, an earlier time waits for the same end.
    let rejected = breaker.try_acquire(ms(0)).unwrap_err();
    assert_eq!(rejected.retry_after, Some(until));
    let probe = breaker.try_acquire(until).unwrap();
    assert_eq!(
        breaker.record(probe, Outcome::Success, ms(0)),
        Recorded::Counted
    );
    assert_eq!(breaker.state(), State::HalfOpen);
    assert!(breaker.try_acquire(ms(0)).is_ok());
}

/// A dependency that hangs, its callers giving up after two seconds.
#[test]
fn a_hung_dependency_opens_after_min_calls() {
    for (config, calls) in [
        (Config::default(), 20),
        (Config::default().with_min_calls(7), 7),
        (Config::hystrix(), 20),
        (Config::consecutive(3, ms(1000)), 3),
    ] {
        let breaker = breaker(config);
        let started: Vec<_> = (0..calls)
            .map(|_| breaker.try_acquire(ms(0)).unwrap())
            .collect();
        for (gone, token) in started.into_iter().enumerate() {
            assert_eq!(breaker.state(), State::Closed, "after {gone}");
            assert_eq!(breaker.cancel(token, ms(2000)), Recorded::Counted);
        }
        assert_eq!(breaker.state(), State::Open);
    }
    // Hedges and impatient users, gone within the time of a usual call, say nothing.
    let breaker = breaker(Config::default());
    for _ in 0..1000 {
        let token = breaker.try_acquire(ms(0)).unwrap();
        assert_eq!(breaker.cancel(token, ms(999)), Recorded::Ignored);
    }
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(breaker.metrics(ms(999)).window.calls, 0);
}

/// A step of a driver that has no token answers nothing: the properties above must not run empty.
#[test]
fn the_driver_makes_breakers_open_and_close() {
    let mut driver = Driver::new(breaker(Config::consecutive(1, ms(1000))), ms(0));
    let steps = [
        Op::Acquire,
        Op::Record(0, Outcome::Failure),
        Op::Acquire,
        Op::Wait(1000),
        Op::Acquire,
        Op::Record(0, Outcome::Success),
    ];
    let states: Vec<_> = steps
        .map(|op| {
            driver.step(op);
            driver.breaker.state()
        })
        .into();
    use State::{Closed, HalfOpen, Open};
    assert_eq!(states, [Closed, Open, Open, Open, HalfOpen, Closed]);
}
