//! What probes decide that are late, lost, or given back again and again.

use std::time::Duration;

use circuit_breaker::{
    CircuitBreaker, Config, HalfOpen, LatencyLimit, OpenReason, OpenWait, Outcome, State,
};

use crate::given::ms;

/// Half-open from 1 s on, with as many probes out as it admits.
fn half_open(config: Config, probes: u32) -> (CircuitBreaker, Vec<circuit_breaker::Token>) {
    let config = config.with_open_wait(OpenWait::fixed(ms(1000)));
    let breaker = CircuitBreaker::with_config(config, 1).unwrap();
    breaker.trip(ms(0), None);
    let tokens = (0..probes)
        .map(|_| breaker.try_acquire(ms(1000)).unwrap())
        .collect();
    (breaker, tokens)
}

#[test]
fn lost_probes_are_slow_too() {
    let config = Config::default()
        .with_failure_rate(Some(1.0))
        .with_slow_call_rate(Some(0.5));
    let (breaker, tokens) = half_open(config, 5);
    breaker.record(tokens[0], Outcome::Success, ms(1010));
    assert!(breaker.try_acquire(ms(30_999)).is_err());
    let rejected = breaker.try_acquire(ms(31_000)).unwrap_err();
    assert_eq!(rejected.opened_by, Some(OpenReason::ProbeTimeout));
    assert_eq!(breaker.state(), State::Open);
}

/// Callers that give up early give their place back: the newest probe is young for ever, and those
/// that are lost would never be noticed.
#[test]
fn places_given_back_do_not_keep_lost_probes_out() {
    let (breaker, tokens) = half_open(Config::default(), 5);
    let mut given_back = tokens[4];
    let mut now = ms(1000);
    let opened = loop {
        now += ms(900);
        breaker.cancel(given_back, now);
        given_back = breaker.try_acquire(now).unwrap();
        if breaker
            .try_acquire(now + ms(1))
            .unwrap_err()
            .opened_by
            .is_some()
        {
            break now;
        }
        assert!(now < ms(62_000), "still half-open");
        assert!(breaker.next_wakeup().is_some_and(|at| at <= ms(61_000)));
    };
    assert!(opened >= ms(60_000), "{opened:?}");
}

#[test]
fn late_probes_open_where_a_latency_limit_is_set() {
    let limit = LatencyLimit::new(0.9, ms(300));
    let config = Config::default()
        .with_failure_rate(None)
        .with_latency(Some(limit));
    let (breaker, tokens) = half_open(config, 5);
    breaker.record(tokens[0], Outcome::Success, ms(1300));
    assert_eq!(breaker.state(), State::HalfOpen);
    breaker.record(tokens[1], Outcome::Success, ms(1301));
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn two_of_three_reach_two_thirds() {
    let half = HalfOpen::default().with_permits(3);
    let config = Config::default()
        .with_failure_rate(Some(2.0 / 3.0))
        .with_half_open(half);
    let (breaker, tokens) = half_open(config.clone(), 3);
    for (token, outcome) in
        tokens
            .into_iter()
            .zip([Outcome::Failure, Outcome::Success, Outcome::Failure])
    {
        breaker.record(token, outcome, ms(1000));
    }
    assert_eq!(breaker.state(), State::Open);

    let breaker = CircuitBreaker::with_config(config, 1).unwrap();
    for call in 0..21 {
        assert_eq!(breaker.state(), State::Closed, "{call}");
        let token = breaker.try_acquire(Duration::ZERO).unwrap();
        let outcome = if call % 3 == 0 {
            Outcome::Success
        } else {
            Outcome::Failure
        };
        breaker.record(token, outcome, Duration::ZERO);
    }
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn the_rate_is_the_larger_of_both_windows() {
    let config = Config::default()
        .with_count_window(Some(4))
        .with_min_calls(4)
        .with_failure_rate(Some(1.0));
    let breaker = CircuitBreaker::with_config(config, 1).unwrap();
    let outcomes = [
        Outcome::Success,
        Outcome::Success,
        Outcome::Failure,
        Outcome::Failure,
        Outcome::Failure,
    ];
    for outcome in outcomes {
        let token = breaker.try_acquire(ms(0)).unwrap();
        breaker.record(token, outcome, ms(0));
    }
    // Three of the last four, three of all five.
    assert_eq!(breaker.metrics(ms(0)).failure_rate, Some(0.75));
}
