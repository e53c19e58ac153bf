//! A dependency that hangs, and callers who give up.

use std::time::Duration;

use circuit_breaker_tower::{CircuitBreakerLayer, Config, Error, State};
use tower::timeout::Timeout;
use tower::{BoxError, Layer, ServiceExt};

use crate::services::{Run, TokioClock, never};

/// The caller's time-out lies outside: the breaker sees nothing but a dropped future.
#[tokio::test(start_paused = true)]
async fn an_outer_time_out_trips_after_min_calls_with_default_settings() {
    let layer = CircuitBreakerLayer::new(Config::default()).expect("accepted");
    let service = layer.with_clock(TokioClock::new()).layer(Run::default());
    let min_calls = service.breaker().settings().config().min_calls;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..min_calls - 1 {
        let service = service.clone();
        calls.spawn(tokio::time::timeout(
            Duration::from_secs(2),
            service.oneshot(never()),
        ));
    }
    while let Some(call) = calls.join_next().await {
        assert!(call.expect("no panic").is_err(), "timed out");
    }
    assert_eq!(service.breaker().state(), State::Closed);
    let last = tokio::time::timeout(Duration::from_secs(2), service.clone().oneshot(never()));
    assert!(last.await.is_err(), "timed out");
    assert_eq!(service.breaker().state(), State::Open);
    let refused = service.oneshot(never()).await;
    assert!(matches!(refused, Err(Error::Rejected(r)) if r.retry_after.is_some()));
}

#[tokio::test(start_paused = true)]
async fn one_after_another_too() {
    let layer = CircuitBreakerLayer::new(Config::default()).expect("accepted");
    // Ten calls a second, so that the window holds min_calls of them.
    let service = layer.with_clock(TokioClock::new()).layer(Run::default());
    let mut given_up = 0;
    let mut calls = tokio::task::JoinSet::new();
    while service.breaker().state() == State::Closed {
        let service = service.clone();
        calls.spawn(tokio::time::timeout(
            Duration::from_secs(1),
            service.oneshot(never()),
        ));
        tokio::time::sleep(Duration::from_millis(100)).await;
        while let Some(call) = calls.try_join_next() {
            given_up += u32::from(call.expect("no panic").is_err());
        }
        assert!(given_up < 40, "never trips");
    }
    assert!((19..=21).contains(&given_up), "{given_up}");
}

#[tokio::test(start_paused = true)]
async fn a_time_out_inside_is_an_error_like_any_other() {
    let layer = CircuitBreakerLayer::new(Config::default()).expect("accepted");
    let inner = Timeout::new(Run::default(), Duration::from_millis(10));
    let service = layer.with_clock(TokioClock::new()).layer(inner);
    for _ in 0..20 {
        let answer: Result<u32, Error<BoxError>> = service.clone().oneshot(never()).await;
        assert!(
            matches!(answer, Err(Error::Inner(error)) if error.is::<tower::timeout::error::Elapsed>())
        );
    }
    assert_eq!(service.breaker().state(), State::Open);
}
