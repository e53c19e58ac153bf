//! The count window and failures in a row.

use circuit_breaker::{CircuitBreaker, Outcome, State};

use crate::{breaker, check, check_all, config, meet, race, secs};

fn tell(outcome: Outcome) -> impl Fn(&CircuitBreaker) + Send + Sync + Copy + 'static {
    move |b| {
        if let Ok(token) = b.try_acquire(secs(0.0)) {
            b.record(token, outcome, secs(0.0));
        }
    }
}

#[test]
fn the_sums_of_the_count_window_are_those_of_its_ring() {
    check_all(|| {
        let config = config()
            .with_time_window(None)
            .with_min_calls(3)
            .with_count_window(Some(3))
            .with_failure_rate(Some(1.0));
        let breaker = breaker(config);
        tell(Outcome::Success)(&breaker);
        tell(Outcome::Success)(&breaker);
        meet(&breaker, tell(Outcome::Failure), tell(Outcome::Failure));
        // Four outcomes in three places: the oldest, a success, has left.
        let held = breaker.metrics(secs(0.0)).window;
        assert_eq!((held.calls, held.failures), (3, 2));
        // One by one they leave, and the sums end where the ring does.
        let mut left = Vec::new();
        for _ in 0..3 {
            tell(Outcome::Success)(&breaker);
            left.push(breaker.metrics(secs(0.0)).window.failures);
        }
        assert!(left.is_sorted_by(|a, b| a >= b), "{left:?}");
        assert_eq!(left[2], 0);
    });
}

#[test]
fn a_reader_of_the_count_window_sees_whole_outcomes() {
    check_all(|| {
        let config = config()
            .with_time_window(None)
            .with_min_calls(2)
            .with_count_window(Some(2))
            .with_slow_call_rate(Some(1.0));
        let breaker = breaker(config);
        let slow_failure = |b: &CircuitBreaker| {
            let token = b.try_acquire(secs(0.0)).unwrap();
            b.record(token, Outcome::Failure, secs(5.0));
        };
        tell(Outcome::Success)(&breaker);
        let (_, seen) = meet(&breaker, slow_failure, |b| b.metrics(secs(0.0)).window);
        assert!(seen.calls <= 2 && seen.failures <= 1);
        assert_eq!(seen.failures, seen.slow);
        assert_eq!(seen.failures, seen.slow_failures);
        let held = breaker.metrics(secs(0.0)).window;
        assert_eq!((held.calls, held.failures, held.slow), (2, 1, 1));
    });
}

#[test]
fn two_failures_in_a_row_of_two_threads_open() {
    check(|| {
        let breaker = breaker(
            config()
                .with_failure_rate(None)
                .with_consecutive_failures(Some(2)),
        );
        race(
            &breaker,
            tell(Outcome::Failure),
            tell(Outcome::Failure),
            |b| b.metrics(secs(0.0)).consecutive_failures,
        );
        assert_eq!(breaker.state(), State::Open);
    });
}

#[test]
fn failures_in_a_row_are_counted_in_some_order() {
    check(|| {
        let config = config()
            .with_failure_rate(None)
            .with_time_window(None)
            .with_consecutive_failures(Some(9));
        let breaker = breaker(config);
        race(
            &breaker,
            tell(Outcome::Failure),
            tell(Outcome::Success),
            tell(Outcome::Failure),
        );
        let row = breaker.metrics(secs(0.0)).consecutive_failures;
        assert!(row <= 2);
        tell(Outcome::Failure)(&breaker);
        assert_eq!(breaker.metrics(secs(0.0)).consecutive_failures, row + 1);
        tell(Outcome::Success)(&breaker);
        assert_eq!(breaker.metrics(secs(0.0)).consecutive_failures, 0);
    });
}
