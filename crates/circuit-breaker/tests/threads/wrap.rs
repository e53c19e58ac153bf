//! 2²¹ transitions: the generation begins anew, and nothing breaks.

use circuit_breaker::{CircuitBreaker, Config, Dialect, Outcome, Recorded, State};

use crate::{breaker, config, secs, tell};

const GENERATIONS: u32 = 1 << 21;

fn transitions(breaker: &CircuitBreaker, count: u32, at: u64) {
    for _ in 0..count {
        breaker.reset(secs(at));
    }
}

/// Opens by its own rules, probes, closes, with the times and counts that belong to it.
fn cycle(breaker: &CircuitBreaker, at: u64) {
    for failures in 1..=20 {
        assert_eq!(breaker.state(), State::Closed);
        assert_eq!(tell(breaker, Outcome::Failure, secs(at)), Recorded::Counted);
        if failures < 20 {
            assert_eq!(breaker.metrics(secs(at)).window.failures, failures);
        }
    }
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(breaker.next_wakeup(), Some(secs(at + 1)));
    assert!(breaker.try_acquire(secs(at)).is_err());
    while breaker.state() != State::Closed {
        assert_eq!(
            tell(breaker, Outcome::Success, secs(at + 1)),
            Recorded::Counted
        );
    }
    let metrics = breaker.metrics(secs(at + 3));
    assert_eq!((metrics.window.calls, metrics.for_how_long), (0, secs(2)));
}

fn wraps(config: Config) {
    let breaker = breaker(config);
    let old = breaker.try_acquire(secs(0)).unwrap();
    cycle(&breaker, 0);
    // Half of all generations, and most of the other half: ahead and behind change places.
    for gap in [GENERATIONS / 2 - 1, GENERATIONS / 2 - 20, 5, 1, 1, 1] {
        transitions(&breaker, gap, 100);
        assert_eq!(
            breaker.record(old, Outcome::Failure, secs(100)),
            Recorded::Stale
        );
        cycle(&breaker, 100);
    }
    let generation = breaker.metrics(secs(100)).generation;
    assert!(generation < 20, "{generation}");
}

#[test]
fn generations_wrap_in_the_time_window() {
    wraps(config());
}

#[test]
fn generations_wrap_in_the_count_window() {
    wraps(config().with_time_window(None).with_count_window(Some(20)));
}

#[test]
fn generations_wrap_in_the_window_of_polly() {
    let mut polly = config().with_dialect(Dialect::Polly);
    polly.half_open.permits = 1;
    wraps(polly);
}

#[test]
fn a_token_held_through_exactly_all_generations_is_taken_for_one_of_today() {
    let breaker = breaker(config());
    let old = breaker.try_acquire(secs(0)).unwrap();
    transitions(&breaker, GENERATIONS - 1, 0);
    assert_eq!(
        breaker.record(old, Outcome::Success, secs(0)),
        Recorded::Stale
    );
    transitions(&breaker, 1, 0);
    assert_eq!(
        breaker.record(old, Outcome::Success, secs(0)),
        Recorded::Counted
    );
}
