//! The time window: turn-over, full buckets, judgements that meet.

use circuit_breaker::{CircuitBreaker, Outcome, State};

use crate::{breaker, check, config, race, secs};

fn tell(outcome: Outcome, at: f64) -> impl Fn(&CircuitBreaker) + Send + Sync + Copy + 'static {
    move |b| {
        if let Ok(token) = b.try_acquire(secs(at)) {
            b.record(token, outcome, secs(at));
        }
    }
}

#[test]
fn outcomes_that_meet_at_a_turn_are_all_counted() {
    check(|| {
        let breaker = breaker(config());
        tell(Outcome::Failure, 0.5)(&breaker);
        race(
            &breaker,
            tell(Outcome::Success, 2.5),
            tell(Outcome::Failure, 2.5),
            tell(Outcome::Success, 2.5),
        );
        let held = breaker.metrics(secs(2.5)).window;
        assert_eq!((held.calls, held.failures), (3, 1));
    });
}

#[test]
fn an_outcome_late_by_a_turn_counts_as_new_or_not_at_all() {
    check(|| {
        let breaker = breaker(config());
        tell(Outcome::Success, 0.5)(&breaker);
        race(
            &breaker,
            tell(Outcome::Failure, 0.5),
            tell(Outcome::Success, 2.5),
            tell(Outcome::Success, 2.5),
        );
        let held = breaker.metrics(secs(2.5)).window;
        assert_eq!(held.calls - held.failures, 2);
        assert!(held.failures <= 1);
    });
}

#[test]
fn a_success_late_by_a_turn_counts_as_new_or_not_at_all() {
    check(|| {
        let breaker = breaker(config());
        tell(Outcome::Success, 0.5)(&breaker);
        race(
            &breaker,
            tell(Outcome::Success, 0.5),
            tell(Outcome::Failure, 2.5),
            tell(Outcome::Failure, 2.5),
        );
        let held = breaker.metrics(secs(2.5)).window;
        assert_eq!(held.failures, 2);
        assert!((2..=3).contains(&held.calls));
    });
}

#[test]
fn a_full_bucket_is_halved_once() {
    check(|| {
        let breaker = breaker(config());
        for outcome in [Outcome::Failure, Outcome::Failure, Outcome::Success] {
            tell(outcome, 0.5)(&breaker);
        }
        race(
            &breaker,
            tell(Outcome::Success, 0.5),
            tell(Outcome::Success, 0.5),
            tell(Outcome::Success, 0.5),
        );
        // Full at the fourth; the fifth or the sixth halves, and nothing is full again.
        let held = breaker.metrics(secs(0.5)).window;
        assert_eq!((held.calls, held.failures), (3, 1));
    });
}

#[test]
fn a_full_bucket_takes_failures_while_it_is_halved() {
    check(|| {
        let breaker = breaker(config());
        for _ in 0..3 {
            tell(Outcome::Failure, 0.5)(&breaker);
        }
        race(
            &breaker,
            tell(Outcome::Failure, 0.5),
            tell(Outcome::Success, 0.5),
            tell(Outcome::Failure, 0.5),
        );
        let held = breaker.metrics(secs(0.5)).window;
        assert!((3..=4).contains(&held.calls), "{held:?}");
        assert!(
            held.failures <= held.calls && held.failures + 1 >= held.calls - 1,
            "{held:?}"
        );
    });
}

#[test]
fn two_failures_that_reach_the_rate_together_open() {
    check(|| {
        let breaker = breaker(config().with_failure_rate(Some(1.0)).with_min_calls(2));
        // In two buckets: neither thread touches what the other adds to.
        race(
            &breaker,
            tell(Outcome::Failure, 0.5),
            tell(Outcome::Failure, 1.5),
            |b| b.state(),
        );
        assert_eq!(breaker.state(), State::Open);
    });
}

#[test]
fn the_call_that_was_missing_opens_or_the_next_one_does() {
    check(|| {
        let breaker = breaker(config().with_failure_rate(Some(0.5)).with_min_calls(2));
        race(
            &breaker,
            tell(Outcome::Failure, 0.5),
            tell(Outcome::Success, 0.5),
            |b| b.state(),
        );
        if breaker.state() == State::Closed {
            tell(Outcome::Failure, 0.5)(&breaker);
        }
        assert_eq!(breaker.state(), State::Open);
    });
}
