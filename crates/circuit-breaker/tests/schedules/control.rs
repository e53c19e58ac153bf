//! An operator's commands beside calls.

use circuit_breaker::{Outcome, RejectReason, State};

use crate::{breaker, check, config, listened, race, secs};

#[test]
fn forced_open_stays_whatever_the_calls_say() {
    check(|| {
        let (breaker, told) = listened(config().with_consecutive_failures(Some(1)));
        let token = breaker.try_acquire(secs(0.0)).unwrap();
        race(
            &breaker,
            move |b| b.record(token, Outcome::Failure, secs(0.0)),
            |b| {
                if let Ok(token) = b.try_acquire(secs(9.0)) {
                    b.record(token, Outcome::Failure, secs(9.0));
                }
            },
            |b| b.force_open(secs(1.0)),
        );
        assert_eq!(breaker.state(), State::ForcedOpen);
        let refused = breaker.try_acquire(secs(99.0)).unwrap_err();
        assert_eq!(refused.reason, RejectReason::ForcedOpen);
        let told = told.lock().unwrap();
        let last = told.iter().max_by_key(|t| t.generation).unwrap();
        assert_eq!(last.to, State::ForcedOpen);
        assert_eq!(u32::try_from(told.len()).unwrap(), last.generation);
    });
}

#[test]
fn a_trip_and_an_opening_open_once() {
    check(|| {
        let (breaker, told) = listened(config().with_consecutive_failures(Some(2)));
        let [one, two] = [0.0; 2].map(|at| breaker.try_acquire(secs(at)).unwrap());
        race(
            &breaker,
            move |b| b.record(one, Outcome::Failure, secs(0.0)),
            move |b| b.record(two, Outcome::Failure, secs(0.0)),
            |b| assert!(b.trip(secs(0.0), None)),
        );
        assert_eq!(breaker.state(), State::Open);
        assert_eq!(breaker.metrics(secs(0.0)).generation, 1);
        assert_eq!(told.lock().unwrap().len(), 1);
    });
}

#[test]
fn nothing_opens_a_breaker_that_only_counts() {
    check(|| {
        let breaker = breaker(config().with_consecutive_failures(Some(1)));
        race(
            &breaker,
            |b| b.metrics_only(secs(0.0)),
            |b| {
                if let Ok(token) = b.try_acquire(secs(0.0)) {
                    b.record(token, Outcome::Failure, secs(0.0));
                }
            },
            |b| b.trip(secs(0.0), None),
        );
        assert_eq!(breaker.state(), State::MetricsOnly);
        let token = breaker.try_acquire(secs(0.0)).unwrap();
        breaker.record(token, Outcome::Failure, secs(0.0));
        assert_eq!(breaker.state(), State::MetricsOnly);
        assert!(breaker.metrics(secs(0.0)).window.failures >= 1);
    });
}
