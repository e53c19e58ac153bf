//! Errors, and what else a refusal can become.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use circuit_breaker_tower::{
    AsBoxError, CircuitBreakerLayer, Error, OnRejection, OpenReason, RejectReason, Rejected,
};
use tower::{BoxError, Layer, Service};

use crate::services::{Echo, answer, touchy};

fn rejected(wait: Option<Duration>) -> Rejected {
    let service = CircuitBreakerLayer::new(touchy(Duration::from_secs(1), 1))
        .expect("accepted")
        .layer(());
    // Whole microseconds: what is left of a wait is rounded up to them.
    let now = Duration::from_secs(7);
    match wait {
        Some(_) => drop(service.breaker().trip(now, wait)),
        None => service.breaker().force_open(now),
    }
    service.breaker().try_acquire(now).expect_err("refused")
}

#[test]
fn a_refusal_says_when_to_come_again() {
    let error = Error::<io::Error>::Rejected(rejected(Some(Duration::from_secs(3))));
    assert!(error.is_retryable());
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3)));
    assert_eq!(error.to_string(), "circuit breaker open");
    assert!(error.source().is_none());
    let rejected = error.rejected().expect("a refusal");
    assert_eq!(rejected.reason, RejectReason::Open);
    assert_eq!(rejected.opened_by, Some(OpenReason::Tripped));
    assert!(error.into_inner().is_none());
}

#[test]
fn forced_open_is_not_worth_a_retry() {
    let error = Error::<io::Error>::Rejected(rejected(None));
    assert!(!error.is_retryable());
    assert_eq!(error.retry_after(), None);
    assert_eq!(error.to_string(), "circuit breaker forced open");
}

#[test]
fn the_services_errors_show_through() {
    let error = Error::Inner(io::Error::other("broken pipe"));
    assert!(!error.is_retryable());
    assert_eq!(error.to_string(), "broken pipe");
    assert_eq!(error.rejected(), None);
    // The cause's cause: the message is not repeated on the way down.
    assert_eq!(error.source().map(ToString::to_string), None);
    let outer = Error::Inner(Error::Inner(io::Error::other(rejected(None))));
    assert_eq!(outer.to_string(), "circuit breaker forced open");
    let boxed: BoxError = outer.into();
    assert!(boxed.is::<Error<Error<io::Error>>>());
}

#[test]
fn boxed_errors_are_found_again() {
    let layer = CircuitBreakerLayer::new(touchy(Duration::from_secs(9), 1)).expect("accepted");
    let mut service = layer.with_rejection(AsBoxError).layer(Echo::default());
    let down = answer(service.call(Err("down"))).expect_err("its own");
    assert_eq!(down.to_string(), "down");
    let refused = answer(service.call(Ok(1))).expect_err("refused");
    let rejected = refused.downcast_ref::<Rejected>().expect("a refusal");
    assert!(rejected.retry_after.is_some());
}

#[test]
fn a_refusal_can_be_an_answer() {
    #[derive(Clone)]
    struct LastKnown;
    impl<E> OnRejection<u32, E> for LastKnown {
        type Error = E;
        fn reject(&self, _: Rejected) -> Result<u32, E> {
            Ok(42)
        }
        fn inner(&self, error: E) -> E {
            error
        }
    }
    let layer = CircuitBreakerLayer::new(touchy(Duration::from_secs(9), 1)).expect("accepted");
    let mut service = layer.with_rejection(LastKnown).layer(Echo::default());
    assert_eq!(answer(service.call(Err("down"))), Err("down"));
    assert_eq!(answer(service.call(Ok(1))), Ok(42));
}
