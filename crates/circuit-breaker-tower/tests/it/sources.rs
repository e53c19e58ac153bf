//! Which services and requests are under one breaker.

use std::sync::Arc;
use std::time::Duration;

use circuit_breaker_tower::circuit_breaker::CircuitBreaker;
use circuit_breaker_tower::{
    CircuitBreakerLayer, Error, ManualClock, Registry, RegistryConfig, Settings, State, Static,
};
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

#[cfg(feature = "http")]
#[test]
fn http_and_grpc_layers_have_one_breaker() {
    let http = CircuitBreakerLayer::http(touchy(WAIT, 1)).expect("accepted");
    let clone = http.clone();
    let (first, second) = (http.layer(()), clone.layer(()));
    assert!(Arc::ptr_eq(first.breaker(), second.breaker()));
    let grpc = CircuitBreakerLayer::grpc(touchy(WAIT, 1)).expect("accepted");
    let grpc = grpc.with_back_pressure(|_| std::future::pending::<()>());
    let (first, second) = (grpc.layer(()), grpc.layer(()));
    assert!(Arc::ptr_eq(first.breaker(), second.breaker()));
    // What is set later is not lost on a breaker that was made before.
    let other = clone.with_seed(7).layer(());
    assert!(!Arc::ptr_eq(other.breaker(), http.layer(()).breaker()));
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

#[test]
fn a_registry_keeps_a_breaker_a_key() {
    let settings = Settings::new(touchy(WAIT, 1)).expect("accepted");
    let config = RegistryConfig::default().with_capacity(4);
    let registry = Arc::new(Registry::<String>::new(&settings, config, 7).expect("accepted"));
    let clock = Arc::new(ManualClock::default());
    let layer = CircuitBreakerLayer::per_key(Arc::clone(&registry), |host: &String| host.as_str());
    let mut service = layer
        .with_clock(Arc::clone(&clock))
        .layer(tower::service_fn(|host: String| async move {
            if host == "orders" {
                Err("down")
            } else {
                Ok(())
            }
        }));
    let mut send = |host: &str| answer(service.call(host.to_owned()));
    assert_eq!(send("orders"), Err(Error::Inner("down")));
    assert!(matches!(send("orders"), Err(Error::Rejected(r)) if r.retry_after == Some(WAIT)));
    assert_eq!(send("users"), Ok(()));
    // Nobody's open breaker is forgotten for new keys before its time.
    for n in 0..100 {
        assert_eq!(send(&n.to_string()), Ok(()));
        assert!(registry.len() <= 4);
    }
    assert!(matches!(send("orders"), Err(Error::Rejected(_))));
    clock.advance(WAIT);
    assert_eq!(send("orders"), Err(Error::Inner("down")), "a probe");
}

#[test]
fn keys_can_be_made() {
    let settings = Settings::new(touchy(WAIT, 1)).expect("accepted");
    let registry = Registry::<bool>::new(&settings, RegistryConfig::default(), 7);
    let registry = Arc::new(registry.expect("accepted"));
    let layer = CircuitBreakerLayer::per_made_key(
        Arc::clone(&registry),
        |request: &Result<u32, &'static str>| request.is_ok(),
    );
    let mut service = layer.clone().layer(Echo::default());
    assert_eq!(answer(service.call(Err("down"))), Err(Error::Inner("down")));
    assert_eq!(answer(service.clone().call(Ok(1))), Ok(1));
    // Services of the same layer share the registry.
    let mut other = layer.layer(Echo::default());
    assert!(matches!(
        answer(other.call(Err("down"))),
        Err(Error::Rejected(_))
    ));
    assert_eq!(registry.len(), 2);
}
