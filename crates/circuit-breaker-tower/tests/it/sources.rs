//! Which services and requests are under one breaker.

use std::sync::Arc;
use std::time::Duration;

use circuit_breaker_tower::circuit_breaker::CircuitBreaker;
use circuit_breaker_tower::{CircuitBreakerLayer, Error, ManualClock, Settings, State, Static};
use tower::{Layer, Service};

use crate::services::{Echo, answer, touchy};

const WAIT: Duration = Duration::from_secs(3);

#[test]
fn clones_share_and_wrapped_services_do_not() {
    let layer = CircuitBreakerLayer::new(touchy(WAIT, 1)).expect("accepted");
    let mut first = layer.layer(Echo::default());
    let mut clone = first.clone();
    let mut second = layer.layer(Echo::default());
    assert_eq!(answer(first.call(Err("down"))), Err(Error::Inner("down")));
    assert!(matches!(answer(clone.call(Ok(1))), Err(Error::Rejected(_))));
    assert_eq!(answer(second.call(Ok(1))), Ok(1));
    assert_eq!(clone.get_ref().calls(), 1);
}

#[test]
fn a_shared_breaker_is_under_all_of_them() {
    let breaker = Arc::new(CircuitBreaker::with_config(touchy(WAIT, 1), 1).expect("accepted"));
    let layer = CircuitBreakerLayer::shared(Arc::clone(&breaker));
    let (mut first, mut second) = (layer.layer(Echo::default()), layer.layer(Echo::default()));
    assert_eq!(answer(first.call(Err("down"))), Err(Error::Inner("down")));
    assert!(answer(second.call(Ok(1))).is_err());
    assert_eq!(second.into_inner().calls(), 0);
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn a_static_breaker_is_found_without_counting() {
    let breaker = CircuitBreaker::with_config(touchy(WAIT, 1), 1).expect("accepted");
    let breaker: &'static CircuitBreaker = Box::leak(Box::new(breaker));
    let mut service = CircuitBreakerLayer::from_source(Static(breaker)).layer(Echo::default());
    assert_eq!(answer(service.call(Err("down"))), Err(Error::Inner("down")));
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn a_key_opens_alone() {
    let settings = Settings::new(touchy(WAIT, 1)).expect("accepted");
    let breakers = [0, 1].map(|seed| Arc::new(CircuitBreaker::new(&settings, seed)));
    let of_key = breakers.clone();
    // The key stands in the request: odd numbers and even ones.
    let layer = CircuitBreakerLayer::from_source(move |request: &Result<u32, &'static str>| {
        Arc::clone(&of_key[request.map_or(1, |n| n as usize % 2)])
    })
    .with_clock(Arc::new(ManualClock::default()));
    let mut service = layer.layer(Echo::default());
    assert!(answer(service.call(Err("odd ones are down"))).is_err());
    assert!(matches!(
        answer(service.call(Ok(3))),
        Err(Error::Rejected(_))
    ));
    assert_eq!(answer(service.call(Ok(4))), Ok(4));
    assert_eq!(breakers.map(|b| b.state()), [State::Closed, State::Open]);
}

#[test]
fn seeds_differ_between_services_and_repeat_with_a_seed() {
    let waits = |layer: &CircuitBreakerLayer| {
        [(); 4].map(|()| {
            let service = layer.layer(());
            service.breaker().trip(Duration::ZERO, None);
            service.breaker().next_wakeup().expect("open")
        })
    };
    let layer = || CircuitBreakerLayer::new(Default::default()).expect("accepted");
    let drawn = waits(&layer());
    let again = waits(&layer());
    assert!(drawn.windows(2).all(|pair| pair[0] != pair[1]), "{drawn:?}");
    assert_ne!(drawn, again);
    assert_eq!(waits(&layer().with_seed(5)), waits(&layer().with_seed(5)));
    assert_ne!(waits(&layer().with_seed(5)), waits(&layer().with_seed(6)));
}
