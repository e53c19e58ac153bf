//! A call allocates nothing.

use std::sync::Arc;
use std::time::Duration;

use circuit_breaker_tower::circuit_breaker::CircuitBreaker;
use circuit_breaker_tower::{
    CircuitBreakerLayer, Config, LatencyLimit, Registry, RegistryConfig, Settings,
};
use tower::{Layer, Service};

use crate::services::{Echo, answer, poll, ready_now, touchy};

fn allocations<S>(service: &mut S, request: Result<u32, &'static str>) -> u64
where
    S: Service<Result<u32, &'static str>>,
{
    let call = |service: &mut S| {
        assert!(ready_now(service));
        let mut future = std::pin::pin!(service.call(request));
        assert!(poll(&mut future).is_ready());
    };
    // Whatever is made once is made now.
    call(service);
    allocation_counter::measure(|| (0..100).for_each(|_| call(service))).count_total
}

#[test]
fn calls_allocate_nothing() {
    let timed = Config::default()
        .with_slow_call_rate(Some(0.8))
        .with_count_window(Some(100))
        .with_latency(Some(LatencyLimit::new(0.9, Duration::from_secs(1))));
    for config in [Config::default(), timed] {
        let layer = CircuitBreakerLayer::new(config).expect("accepted");
        let mut service = layer.layer(Echo::default());
        assert_eq!(allocations(&mut service, Ok(1)), 0);
        let mut waiting = layer
            .with_back_pressure(|_| std::future::pending::<()>())
            .layer(Echo::default());
        assert_eq!(allocations(&mut waiting, Ok(1)), 0);
    }
}

#[test]
fn failures_and_refusals_allocate_nothing() {
    let config = Config::default().with_min_calls(1000);
    let mut closed = CircuitBreakerLayer::new(config)
        .expect("accepted")
        .layer(Echo::default());
    assert_eq!(allocations(&mut closed, Err("down")), 0);

    let layer = CircuitBreakerLayer::new(touchy(Duration::from_secs(60), 1)).expect("accepted");
    let mut open = layer.layer(Echo::default());
    assert!(answer(open.call(Err("down"))).is_err());
    assert_eq!(allocations(&mut open, Ok(1)), 0);
    assert_eq!(open.get_ref().calls(), 1);
}

#[test]
fn keyed_calls_allocate_nothing() {
    let breaker = Arc::new(CircuitBreaker::with_config(Config::default(), 1).expect("accepted"));
    let layer =
        CircuitBreakerLayer::from_source(move |_: &Result<u32, &'static str>| Arc::clone(&breaker));
    assert_eq!(allocations(&mut layer.layer(Echo::default()), Ok(1)), 0);

    let settings = Settings::new(Config::default()).expect("accepted");
    let registry = Registry::<bool>::new(&settings, RegistryConfig::default(), 7);
    let layer = CircuitBreakerLayer::per_made_key(
        Arc::new(registry.expect("accepted")),
        |request: &Result<u32, &'static str>| request.is_ok(),
    );
    assert_eq!(allocations(&mut layer.layer(Echo::default()), Ok(1)), 0);
}

#[cfg(any(feature = "tracing", feature = "metrics"))]
#[test]
fn telemetry_allocates_nothing_a_call() {
    let layer = CircuitBreakerLayer::new(Config::default()).expect("accepted");
    let telemetry = circuit_breaker_tower::Telemetry::new("orders");
    let mut service = layer.with_telemetry(telemetry).layer(Echo::default());
    assert_eq!(allocations(&mut service, Ok(1)), 0);
}
