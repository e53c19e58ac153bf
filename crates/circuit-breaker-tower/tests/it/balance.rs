//! Balancers pass over what is not ready.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use circuit_breaker_tower::{AsBoxError, CircuitBreakerLayer, Config, OpenWait, State};
use tower::balance::p2c::Balance;
use tower::discover::ServiceList;
use tower::load::Constant;
use tower::{Layer, Service, ServiceExt};

use crate::services::TokioClock;

/// Two endpoints, one of them down: once its breaker is open, nothing goes there but probes.
#[tokio::test(start_paused = true)]
async fn an_open_breaker_is_not_ready() {
    let calls: [_; 2] = std::array::from_fn(|_| Arc::new(AtomicU32::new(0)));
    let config = Config::default()
        .with_min_calls(5)
        .with_open_wait(OpenWait::fixed(Duration::from_secs(60)));
    let layer = CircuitBreakerLayer::new(config).expect("accepted");
    let layer = layer
        .with_clock(TokioClock::new())
        .with_rejection(AsBoxError)
        .with_back_pressure(tokio::time::sleep);
    let endpoints: Vec<_> = [true, false]
        .into_iter()
        .zip(calls.clone())
        .map(|(down, calls)| {
            layer.layer(tower::service_fn(move |n: u32| {
                calls.fetch_add(1, Ordering::Relaxed);
                async move { if down { Err("down") } else { Ok(n) } }
            }))
        })
        .collect();
    let breakers: Vec<_> = endpoints.iter().map(|e| Arc::clone(e.breaker())).collect();
    let loads = endpoints.into_iter().map(|e| Constant::new(e, 1_u32));
    let mut balance = Balance::new(ServiceList::new::<u32>(loads));

    let mut failed = 0;
    for n in 0..300 {
        let answer = balance.ready().await.expect("ready").call(n).await;
        failed += u32::from(answer.is_err());
    }
    assert_eq!(breakers[0].state(), State::Open);
    assert_eq!(breakers[1].state(), State::Closed);
    let calls = calls.map(|c| c.load(Ordering::Relaxed));
    assert_eq!(calls[0], 5, "min_calls until it opens, none after");
    // The one that was ready when its breaker opened may be refused once.
    assert!((5..=6).contains(&failed), "{failed}");
    assert_eq!(calls[0] + calls[1] + failed - 5, 300);
}
