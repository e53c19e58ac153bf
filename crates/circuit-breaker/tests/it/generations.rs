//! What tells one period of a breaker from another.

use circuit_breaker::{Config, OpenWait, Outcome, State};

use crate::given::{breaker, call, ms};

/// Eras are told apart within half a round of generations: a window that nothing is counted in for
/// longer must not take a new outcome for an old one.
#[test]
fn a_count_window_outlives_an_outage_of_a_million_transitions() {
    let config = Config::default()
        .with_time_window(None)
        .with_count_window(Some(10))
        .with_min_calls(5)
        .with_open_wait(OpenWait::fixed(ms(1)));
    let breaker = breaker(config);
    call(&breaker, Outcome::Success, ms(0));
    breaker.trip(ms(0), None);
    let mut now = ms(0);
    for _ in 0..600_000 {
        now += ms(1);
        for _ in 0..3 {
            call(&breaker, Outcome::Failure, now);
        }
        assert_eq!(breaker.state(), State::Open);
    }
    now += ms(1);
    for _ in 0..3 {
        call(&breaker, Outcome::Success, now);
    }
    assert_eq!(breaker.state(), State::Closed);
    for _ in 0..5 {
        call(&breaker, Outcome::Failure, now);
    }
    assert_eq!(breaker.state(), State::Open);
}

/// A closed period's window is its own, in every dialect.
#[test]
fn a_period_begins_with_an_empty_window() {
    let windows = [
        Config::default(),
        Config::polly(),
        Config::default()
            .with_time_window(None)
            .with_count_window(Some(30)),
    ];
    for config in windows {
        let breaker = breaker(config);
        call(&breaker, Outcome::Failure, ms(0));
        assert_eq!(breaker.metrics(ms(0)).window.calls, 1);
        breaker.metrics_only(ms(0));
        assert_eq!(breaker.metrics(ms(0)).window.calls, 0);
        call(&breaker, Outcome::Failure, ms(0));
        breaker.reset(ms(0));
        assert_eq!(breaker.metrics(ms(0)).window.calls, 0);
        breaker.trip(ms(0), None);
        assert_eq!(breaker.metrics(ms(0)).window.calls, 0);
    }
}
