//! Futures that are dropped, never polled, or panic.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use circuit_breaker_tower::{AsError, ErrorsAreFailures, Shared};
use circuit_breaker_tower::{
    CircuitBreaker, CircuitBreakerLayer, Config, Error, ManualClock, OnDrop, Outcome, State,
};
use tower::{Layer, Service};

use crate::services::{Pending, Run, answer, never, poll, says, touchy};

type Guarded = CircuitBreaker<Run, Shared, ErrorsAreFailures, AsError, Arc<ManualClock>>;

fn service(config: Config) -> (Guarded, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::default());
    let layer = CircuitBreakerLayer::new(config).expect("accepted");
    (
        layer.with_clock(Arc::clone(&clock)).layer(Run::default()),
        clock,
    )
}

fn counts(service: &Guarded, clock: &ManualClock) -> (u64, u64) {
    let now = circuit_breaker_tower::Clock::now(&clock);
    let window = service.breaker().metrics(now).window;
    (window.calls, window.failures)
}

#[test]
fn given_up_late_is_a_failure_and_early_is_nothing() {
    let (mut service, clock) = service(Config::default());
    for (age, expected) in [(10, (0, 0)), (999, (0, 0)), (1000, (1, 1)), (5000, (2, 2))] {
        let mut call = service.call(never());
        assert!(poll(&mut call).is_pending());
        clock.advance(Duration::from_millis(age));
        drop(call);
        assert_eq!(
            counts(&service, &clock),
            expected,
            "given up after {age} ms"
        );
    }
}

#[test]
fn dropped_before_its_first_poll_it_is_cancelled() {
    let (mut service, clock) = service(Config::default().with_on_drop(OnDrop::Failure));
    drop(service.call(never()));
    assert_eq!(counts(&service, &clock), (1, 1));
}

#[test]
fn a_dropped_probe_frees_its_place() {
    let (mut service, clock) = service(touchy(Duration::from_secs(1), 1));
    assert!(answer(service.call(std::future::ready(Err("down")))).is_err());
    clock.advance(Duration::from_secs(1));
    let probe = service.call(never());
    assert!(answer(service.call(never())).is_err(), "the probe is out");
    drop(probe);
    assert_eq!(answer(service.call(std::future::ready(Ok(1)))), Ok(1));
    assert_eq!(service.breaker().state(), State::Closed);
}

#[test]
fn a_service_that_panics_in_call_cancels() {
    let clock = Arc::new(ManualClock::default());
    let config = Config::default().with_on_drop(OnDrop::Failure);
    let layer = CircuitBreakerLayer::new(config)
        .expect("accepted")
        .with_clock(Arc::clone(&clock));
    let panics = |_: ()| -> std::future::Ready<Result<(), ()>> { panic!("in call") };
    let mut service = layer.layer(tower::service_fn(panics));
    assert!(catch_unwind(AssertUnwindSafe(|| drop(service.call(())))).is_err());
    assert_eq!(service.breaker().metrics(Duration::ZERO).window.failures, 1);
}

#[test]
fn a_future_that_panics_cancels_once() {
    let (mut service, clock) = service(Config::default().with_on_drop(OnDrop::Failure));
    let mut call = service.call(Box::pin(std::future::poll_fn(|_| panic!("in poll"))) as Pending);
    assert!(catch_unwind(AssertUnwindSafe(|| poll(&mut call))).is_err());
    drop(call);
    assert_eq!(counts(&service, &clock), (1, 1));
}

#[test]
fn a_classifier_that_panics_cancels_once() {
    let layer = CircuitBreakerLayer::new(Config::default().with_on_drop(OnDrop::Failure))
        .expect("accepted")
        .with_classifier(|_: &Result<u32, &'static str>| -> Outcome { panic!("in classify") });
    let mut service = layer.with_clock(|| Duration::ZERO).layer(Run::default());
    let mut call = service.call(std::future::ready(Ok(1)));
    assert!(catch_unwind(AssertUnwindSafe(|| poll(&mut call))).is_err());
    drop(call);
    assert_eq!(service.breaker().metrics(Duration::ZERO).window.failures, 1);
}

#[test]
fn a_finished_call_counts_once_however_long_it_is_kept() {
    let (mut service, clock) = service(Config::default().with_on_drop(OnDrop::Failure));
    let mut call = service.call(std::future::ready(Ok(1)));
    assert_eq!(poll(&mut call), Poll::Ready(Ok(1)));
    clock.advance(Duration::from_secs(3));
    drop(call);
    assert_eq!(counts(&service, &clock), (1, 0));
}

#[test]
fn the_late_success_of_a_closed_era_call_changes_nothing() {
    let (mut service, clock) = service(touchy(Duration::from_secs(1), 2));
    let (answer_late, late) = gate();
    let mut old = service.call(late);
    assert!(poll(&mut old).is_pending());
    assert!(answer(service.call(says(Err("down")))).is_err());
    clock.advance(Duration::from_secs(1));
    let mut probe = service.call(never());
    assert!(poll(&mut probe).is_pending());
    answer_late();
    assert_eq!(poll(&mut old), Poll::Ready(Ok(7)));
    let metrics = service.breaker().metrics(Duration::from_secs(1));
    assert_eq!((metrics.state, metrics.stale), (State::HalfOpen, 1));
    assert_eq!((metrics.window.calls, metrics.probes_out), (0, 1));
}

#[test]
fn a_late_failure_does_not_lengthen_the_open_wait() {
    let (mut service, clock) = service(touchy(Duration::from_secs(1), 1));
    let mut old = service.call(says(Err("late")));
    assert!(answer(service.call(says(Err("down")))).is_err());
    clock.advance(Duration::from_millis(900));
    assert_eq!(poll(&mut old), Poll::Ready(Err(Error::Inner("late"))));
    assert_eq!(
        service.breaker().next_wakeup(),
        Some(Duration::from_secs(1))
    );
}

/// A call that answers 7 once the function was called.
fn gate() -> (impl FnOnce(), Pending) {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let open = move || sender.send(()).expect("the call waits");
    (
        open,
        Box::pin(async move { receiver.await.map(|()| 7).map_err(|_| "gone") }),
    )
}

// The future can go to another task.
#[test]
fn futures_are_send() {
    fn send<T: Send + Future>(_: &T) {}
    let (mut service, _) = service(Config::default());
    let call = service.call(never());
    send(&call);
}
