//! Tokens given to another breaker, told twice, lost: what can't be told apart, and what holds anyway.

use circuit_breaker::{CircuitBreaker, Config, ManualClock, Outcome, Recorded, State};

use crate::{breaker, config, secs, tell};

fn half_open() -> CircuitBreaker {
    let breaker = breaker(config());
    breaker.trip(secs(0), None);
    breaker
}

#[test]
fn a_token_of_another_breaker_counts_where_the_generations_agree() {
    let (one, other) = (breaker(config()), breaker(config()));
    let token = one.try_acquire(secs(0)).unwrap();
    assert_eq!(
        other.record(token, Outcome::Success, secs(0)),
        Recorded::Counted
    );
    other.reset(secs(0));
    assert_eq!(
        other.record(token, Outcome::Success, secs(0)),
        Recorded::Stale
    );
    assert_eq!(one.metrics(secs(0)).window.calls, 0);
}

#[test]
fn a_foreign_token_is_no_probe_where_none_is_out() {
    let (one, other) = (half_open(), half_open());
    let foreign = one.try_acquire(secs(1)).unwrap();
    let own = other.try_acquire(secs(1)).unwrap();
    assert_eq!(
        other.record(own, Outcome::Success, secs(1)),
        Recorded::Counted
    );
    // Generation and state agree; but every probe of this breaker has been told.
    assert_eq!(
        other.record(foreign, Outcome::Failure, secs(1)),
        Recorded::Stale
    );
    assert_eq!(
        other.record(foreign, Outcome::Ignored, secs(1)),
        Recorded::Stale
    );
    let metrics = other.metrics(secs(1));
    assert_eq!((metrics.window.calls, metrics.window.failures), (1, 0));
}

#[test]
fn a_probe_told_twice_speaks_for_another_and_no_more() {
    let breaker = half_open();
    let [first, second] = [1, 1].map(|at| breaker.try_acquire(secs(at)).unwrap());
    for _ in 0..2 {
        assert_eq!(
            breaker.record(first, Outcome::Success, secs(1)),
            Recorded::Counted
        );
    }
    assert_eq!(
        breaker.record(second, Outcome::Success, secs(1)),
        Recorded::Stale
    );
    assert_eq!(breaker.metrics(secs(1)).window.calls, 2);
}

#[test]
fn a_place_given_back_twice_was_anothers() {
    let breaker = half_open();
    let tokens = [1; 5].map(|at| breaker.try_acquire(secs(at)).unwrap());
    for _ in 0..2 {
        breaker.record(tokens[0], Outcome::Ignored, secs(1));
    }
    // Four are out in truth; the breaker knows of three.
    assert_eq!(breaker.metrics(secs(1)).probes_out, 3);
    let admitted = (0..10).filter(|_| breaker.try_acquire(secs(1)).is_ok());
    assert_eq!(admitted.count(), 2);
}

#[test]
fn places_given_back_twice_never_come_below_none() {
    let breaker = half_open();
    let token = breaker.try_acquire(secs(1)).unwrap();
    let told = [(); 3].map(|()| breaker.record(token, Outcome::Ignored, secs(1)));
    assert_eq!(told, [Recorded::Ignored, Recorded::Stale, Recorded::Stale]);
    let admitted = (0..10)
        .filter(|_| breaker.try_acquire(secs(1)).is_ok())
        .count();
    assert_eq!(admitted, 5);
}

#[test]
fn forgotten_permits_are_reclaimed_after_their_lease() {
    let breaker = half_open();
    let clock = ManualClock::default();
    clock.set(secs(1));
    for _ in 0..5 {
        std::mem::forget(breaker.permit(&clock).unwrap());
    }
    assert!(breaker.try_acquire(secs(30)).is_err());
    assert_eq!(breaker.state(), State::HalfOpen);
    assert!(breaker.try_acquire(secs(31)).is_err());
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(breaker.metrics(secs(31)).window.failures, 5);
    assert!(breaker.try_acquire(secs(33)).is_ok());
}

#[test]
fn a_forgotten_permit_holds_nothing_up_while_places_are_free() {
    let breaker = half_open();
    let clock = ManualClock::default();
    clock.set(secs(1));
    std::mem::forget(breaker.permit(&clock).unwrap());
    for _ in 0..3 {
        tell(&breaker, Outcome::Success, secs(1));
    }
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn without_a_lease_forgotten_permits_keep_the_breaker_half_open() {
    let breaker = breaker(
        Config::resilience4j()
            .with_min_calls(1)
            .with_count_window(Some(10)),
    );
    breaker.trip(secs(0), None);
    for _ in 0..10 {
        let _ = breaker.try_acquire(secs(61)).unwrap();
    }
    assert!(breaker.try_acquire(secs(1_000_000)).is_err());
    assert_eq!(breaker.state(), State::HalfOpen);
}
