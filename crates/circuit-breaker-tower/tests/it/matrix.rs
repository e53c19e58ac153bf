//! The middleware's contract, for each way of building it.
//!
//! Admitted calls reach the service and their answers come back unchanged; refused ones do not reach
//! it; an outcome is counted once; a dropped call is cancelled; readiness is passed on.

use std::sync::Arc;
use std::time::Duration;

use circuit_breaker_tower::circuit_breaker::CircuitBreaker;
use circuit_breaker_tower::{CircuitBreakerLayer, Error, ManualClock, OnDrop, State, Static};
use tower::{Layer, Service};

use crate::services::{Pending, Run, answer, never, poll, ready_now, says, touchy};

const WAIT: Duration = Duration::from_secs(2);

fn holds<S, F>(name: &str, mut service: S, breaker: &CircuitBreaker, clock: &ManualClock, calls: F)
where
    S: Service<Pending, Response = u32, Error = Error<&'static str>> + Clone,
    S::Future: Unpin,
    F: Fn() -> u32,
{
    let send = |service: &mut S, answer_with: Result<u32, &'static str>| {
        assert!(ready_now(service), "{name}");
        answer(service.call(says(answer_with)))
    };
    assert_eq!(send(&mut service, Ok(7)), Ok(7), "{name}");
    assert_eq!(send(&mut service.clone(), Ok(8)), Ok(8), "{name}");
    assert_eq!(breaker.metrics(Duration::ZERO).window.calls, 2, "{name}");
    assert_eq!(
        send(&mut service, Err("down")),
        Err(Error::Inner("down")),
        "{name}"
    );
    assert_eq!(breaker.state(), State::Open, "{name}");

    let refused = answer(service.call(never()));
    assert!(
        matches!(refused, Err(Error::Rejected(r)) if r.retry_after == Some(WAIT)),
        "{name}"
    );
    assert_eq!(calls(), 3, "{name}: refused calls do not reach the service");

    clock.advance(WAIT);
    assert!(ready_now(&mut service), "{name}");
    let mut probe = service.call(never());
    assert!(poll(&mut probe).is_pending(), "{name}");
    assert_eq!(breaker.state(), State::HalfOpen, "{name}");
    drop(probe);
    assert_eq!(
        breaker.state(),
        State::Open,
        "{name}: dropped probes fail here"
    );

    clock.advance(WAIT);
    assert_eq!(send(&mut service, Ok(9)), Ok(9), "{name}");
    assert_eq!(breaker.state(), State::Closed, "{name}");
    assert_eq!(calls(), 5, "{name}");
}

#[test]
fn all_of_them_keep_the_contract() {
    let config = || touchy(WAIT, 1).with_on_drop(OnDrop::Failure);
    let breaker = || Arc::new(CircuitBreaker::with_config(config(), 1).expect("accepted"));
    let timer = |_: Duration| std::future::pending::<()>();
    let count = |run: &Run| {
        let calls = Arc::clone(&run.0);
        move || calls.load(std::sync::atomic::Ordering::Relaxed)
    };
    let clock = || Arc::new(ManualClock::default());

    let (run, at) = (Run::default(), clock());
    let own = CircuitBreakerLayer::new(config())
        .expect("accepted")
        .with_clock(Arc::clone(&at));
    let service = own.layer(run.clone());
    let known = Arc::clone(service.breaker());
    holds("a breaker a service", service, &known, &at, count(&run));

    let (run, at, shared) = (Run::default(), clock(), breaker());
    let layer = CircuitBreakerLayer::shared(Arc::clone(&shared)).with_clock(Arc::clone(&at));
    holds(
        "shared",
        layer.layer(run.clone()),
        &shared,
        &at,
        count(&run),
    );

    let (run, at, keyed) = (Run::default(), clock(), breaker());
    let of_key = Arc::clone(&keyed);
    let layer = CircuitBreakerLayer::from_source(move |_: &Pending| Arc::clone(&of_key));
    let service = layer.with_clock(Arc::clone(&at)).layer(run.clone());
    holds("by the request", service, &keyed, &at, count(&run));

    let (run, at) = (Run::default(), clock());
    let leaked: &'static CircuitBreaker = Box::leak(Box::new(
        CircuitBreaker::with_config(config(), 1).expect("accepted"),
    ));
    let layer = CircuitBreakerLayer::from_source(Static(leaked)).with_clock(Arc::clone(&at));
    holds("static", layer.layer(run.clone()), leaked, &at, count(&run));

    let (run, at) = (Run::default(), clock());
    let layer = CircuitBreakerLayer::new(config())
        .expect("accepted")
        .with_clock(Arc::clone(&at));
    let service = layer.with_back_pressure(timer).layer(run.clone());
    let known = Arc::clone(service.breaker());
    holds("back-pressure", service, &known, &at, count(&run));

    let (run, at, shared) = (Run::default(), clock(), breaker());
    let layer = CircuitBreakerLayer::shared(Arc::clone(&shared)).with_clock(Arc::clone(&at));
    let service = layer.with_back_pressure(timer).layer(run.clone());
    holds("back-pressure, shared", service, &shared, &at, count(&run));
}

/// Readiness and its errors are the service's own.
#[test]
fn readiness_is_passed_on() {
    struct Broken;
    impl Service<()> for Broken {
        type Response = ();
        type Error = &'static str;
        type Future = std::future::Ready<Result<(), &'static str>>;
        fn poll_ready(
            &mut self,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Result<(), &'static str>> {
            std::task::Poll::Ready(Err("finished"))
        }
        fn call(&mut self, (): ()) -> Self::Future {
            unreachable!("it is never ready")
        }
    }
    let layer = CircuitBreakerLayer::new(touchy(WAIT, 1)).expect("accepted");
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let mut service = layer.layer(Broken);
    let finished = std::task::Poll::Ready(Err(Error::Inner("finished")));
    assert_eq!(service.poll_ready(&mut cx), finished);
    assert_eq!(service.breaker().state(), State::Closed);
    let mut waiting = layer
        .with_back_pressure(|_| std::future::pending::<()>())
        .layer(Broken);
    assert_eq!(waiting.poll_ready(&mut cx), finished);
}
