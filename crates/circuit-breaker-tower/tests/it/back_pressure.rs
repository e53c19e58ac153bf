//! Services that wait for their breaker.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use circuit_breaker_tower::circuit_breaker::CircuitBreaker;
use circuit_breaker_tower::{
    AsError, BackPressure, CircuitBreakerLayer, Clock, Config, Error, ErrorsAreFailures,
    ManualClock, RejectReason, State,
};
use tower::{Layer, Service, ServiceExt};

use crate::services::{
    Echo, Pending, Run, TokioClock, answer, never, poll, ready_now, says, touchy,
};

const WAIT: Duration = Duration::from_secs(1);

type Sleeps = fn(Duration) -> std::future::Pending<()>;
type Waiting = BackPressure<Run, Sleeps, ErrorsAreFailures, AsError, Arc<ManualClock>>;

/// A service whose timer never ends: what wakes it is the breaker.
fn service(config: Config) -> (Waiting, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::default());
    let layer = CircuitBreakerLayer::new(config)
        .expect("accepted")
        .with_clock(Arc::clone(&clock));
    let timer: Sleeps = |_| std::future::pending();
    (layer.with_back_pressure(timer).layer(Run::default()), clock)
}

#[derive(Default)]
struct Woken(AtomicU32);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn poll_ready(service: &mut Waiting, woken: &Arc<Woken>) -> Poll<()> {
    let waker = Waker::from(Arc::clone(woken));
    Service::<Pending>::poll_ready(service, &mut Context::from_waker(&waker))
        .map(|ready| ready.expect("the service never fails"))
}

fn open(service: &mut Waiting) {
    assert!(ready_now::<Pending, _>(service));
    assert!(answer(service.call(says(Err("down")))).is_err());
    assert_eq!(service.breaker().state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn ready_when_the_open_wait_is_over() {
    let begun = tokio::time::Instant::now();
    let layer = CircuitBreakerLayer::new(touchy(WAIT, 1)).expect("accepted");
    let layer = layer
        .with_clock(TokioClock::new())
        .with_back_pressure(tokio::time::sleep);
    let mut service = layer.layer(Echo::default());
    assert!(
        service
            .ready()
            .await
            .expect("ready")
            .call(Err("down"))
            .await
            .is_err()
    );
    let waiting = tokio::join!(service.clone().oneshot(Ok(1)), async {
        tokio::time::sleep(WAIT / 2).await;
        service.get_ref().calls()
    });
    assert_eq!(waiting, (Ok(1), 1), "nothing is called before");
    assert!((WAIT..WAIT + Duration::from_millis(2)).contains(&begun.elapsed()));
    // Polled at the beginning and, by `join!`, when the other branch woke.
    assert_eq!(service.breaker().metrics(Duration::ZERO).rejected, 2);
}

#[cfg(feature = "tokio")]
#[tokio::test(start_paused = true)]
async fn tokios_timer() {
    let layer = CircuitBreakerLayer::new(touchy(WAIT, 1)).expect("accepted");
    let layer = layer
        .with_clock(TokioClock::new())
        .with_back_pressure(circuit_breaker_tower::TokioTimer);
    let mut service = layer.layer(Echo::default());
    assert!(
        service
            .ready()
            .await
            .expect("ready")
            .call(Err("down"))
            .await
            .is_err()
    );
    assert_eq!(service.oneshot(Ok(1)).await, Ok(1));
}

/// Many wait while probes fail and the breaker opens again and again; once the dependency is back all
/// get through, woken by the probes that closed it.
#[tokio::test(start_paused = true)]
async fn nobody_is_left_behind() {
    const CALLERS: u32 = 50;
    let layer = CircuitBreakerLayer::new(touchy(WAIT, 2)).expect("accepted");
    let layer = layer
        .with_clock(TokioClock::new())
        .with_back_pressure(tokio::time::sleep);
    let begun = tokio::time::Instant::now();
    let back = begun + WAIT * 9 / 2;
    let inner = tower::service_fn(move |n: u32| async move {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let down = tokio::time::Instant::now() < back;
        if down { Err("down") } else { Ok(n) }
    });
    let service = layer.layer(inner);
    service.breaker().trip(Duration::ZERO, None);
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..CALLERS {
        calls.spawn(service.clone().oneshot(n));
    }
    let (mut served, mut failed) = (0, 0);
    while let Some(call) = calls.join_next().await {
        match call.expect("no panic") {
            Ok(_) => served += 1,
            Err(Error::Inner("down")) => failed += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    // Two probes each in the four half-open periods before it was back.
    assert_eq!((served, failed), (CALLERS - 8, 8));
    assert_eq!(service.breaker().state(), State::Closed);
    // The fifth period's two probes, 20 ms, and the rest at once behind them, 20 ms.
    let took = begun.elapsed();
    assert!(took < WAIT * 5 + Duration::from_millis(150), "{took:?}");
}

#[test]
fn a_probe_that_ends_wakes_all_who_wait() {
    let (mut first, clock) = service(touchy(WAIT, 1));
    open(&mut first);
    clock.advance(WAIT);
    let mut others: Vec<_> = (0..3)
        .map(|_| (first.clone(), Arc::new(Woken::default())))
        .collect();
    assert!(ready_now::<Pending, _>(&mut first));
    let mut probe = first.call(says(Ok(1)));
    for (service, woken) in &mut others {
        assert!(poll_ready(service, woken).is_pending());
    }
    assert!(poll(&mut probe).is_ready());
    for (service, woken) in &mut others {
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        assert!(poll_ready(service, woken).is_ready());
    }
}

#[test]
fn a_probe_that_is_dropped_wakes_them_too() {
    let (mut first, clock) = service(touchy(WAIT, 1));
    open(&mut first);
    clock.advance(WAIT);
    assert!(ready_now::<Pending, _>(&mut first));
    let probe = first.call(never());
    let (mut second, mut third) = (first.clone(), first.clone());
    let woken = Arc::new(Woken::default());
    assert!(poll_ready(&mut second, &woken).is_pending());
    assert!(poll_ready(&mut third, &woken).is_pending());
    drop(probe);
    assert_eq!(woken.0.load(Ordering::Relaxed), 2);
    // The one that comes first goes away unused: its place goes to the next, who is woken again.
    assert!(poll_ready(&mut second, &woken).is_ready());
    assert!(poll_ready(&mut third, &woken).is_pending());
    drop(second);
    assert_eq!(woken.0.load(Ordering::Relaxed), 3);
    assert!(poll_ready(&mut third, &woken).is_ready());
}

#[test]
fn one_that_goes_while_it_waits_takes_nobodys_turn() {
    let (mut first, clock) = service(touchy(WAIT, 1));
    open(&mut first);
    clock.advance(WAIT);
    assert!(ready_now::<Pending, _>(&mut first));
    let probe = first.call(never());
    let (mut gone, mut stays) = (first.clone(), first.clone());
    let (gone_woken, woken) = (Arc::new(Woken::default()), Arc::new(Woken::default()));
    assert!(poll_ready(&mut gone, &gone_woken).is_pending());
    assert!(poll_ready(&mut stays, &woken).is_pending());
    drop(gone);
    drop(probe);
    assert_eq!(gone_woken.0.load(Ordering::Relaxed), 0);
    assert_eq!(woken.0.load(Ordering::Relaxed), 1);
    assert!(poll_ready(&mut stays, &woken).is_ready());
}

#[test]
fn an_operator_wakes_them() {
    let (mut first, _clock) = service(touchy(WAIT, 1));
    first.breaker().force_open(Duration::ZERO);
    let woken = Arc::new(Woken::default());
    assert!(poll_ready(&mut first, &woken).is_pending());
    first.breaker().reset(Duration::ZERO);
    assert_eq!(woken.0.load(Ordering::Relaxed), 1);
    assert!(poll_ready(&mut first, &woken).is_ready());
}

/// A reservation is no call: however long it is held, it counts nothing.
#[test]
fn a_reservation_counts_nothing() {
    let (mut first, clock) = service(Config::default());
    assert!(ready_now::<Pending, _>(&mut first));
    clock.advance(Duration::from_secs(5));
    let breaker = Arc::clone(first.breaker());
    drop(first);
    assert_eq!(breaker.metrics(Duration::from_secs(5)).window.calls, 0);
}

/// The call's time begins with the call, not with the readiness.
#[test]
fn a_call_is_as_old_as_itself() {
    let (mut first, clock) = service(Config::default().with_slow_call_rate(Some(0.9)));
    assert!(ready_now::<Pending, _>(&mut first));
    clock.advance(Duration::from_secs(5));
    assert_eq!(answer(first.call(says(Ok(1)))), Ok(1));
    let window = first.breaker().metrics(Duration::from_secs(5)).window;
    assert_eq!((window.calls, window.slow), (1, 0));
}

#[test]
fn opened_between_readiness_and_call_it_refuses() {
    let (mut first, _clock) = service(touchy(WAIT, 1));
    let mut second = first.clone();
    assert!(ready_now::<Pending, _>(&mut second));
    open(&mut first);
    let refused = answer(second.call(never()));
    assert!(matches!(refused, Err(Error::Rejected(r)) if r.retry_after == Some(WAIT)));
}

/// Reserved in one half-open period, called in the next: the old place is none there.
#[test]
fn a_place_of_an_earlier_period_is_not_one_of_this() {
    let (mut first, clock) = service(touchy(WAIT, 2));
    open(&mut first);
    clock.advance(WAIT);
    let mut held = first.clone();
    assert!(ready_now::<Pending, _>(&mut held));
    open(&mut first);
    clock.advance(WAIT);
    let mut probes = [first.clone(), first.clone()].map(|mut service| {
        assert!(ready_now::<Pending, _>(&mut service));
        service.call(never())
    });
    assert!(probes.iter_mut().all(|probe| poll(probe).is_pending()));
    assert_eq!(first.breaker().state(), State::HalfOpen);
    let refused = answer(held.call(never()));
    assert!(matches!(refused, Err(Error::Rejected(r)) if r.reason == RejectReason::HalfOpenFull));
}

/// A service that is not ready itself does not sit on a probe.
#[test]
fn a_probe_is_not_held_for_a_service_that_is_not_ready() {
    struct Gate(Arc<AtomicBool>);
    impl Service<()> for Gate {
        type Response = ();
        type Error = ();
        type Future = std::future::Ready<Result<(), ()>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ()>> {
            if self.0.load(Ordering::Relaxed) {
                Poll::Ready(Ok(()))
            } else {
                Poll::Pending
            }
        }
        fn call(&mut self, (): ()) -> Self::Future {
            std::future::ready(Ok(()))
        }
    }
    let clock = Arc::new(ManualClock::default());
    let layer = CircuitBreakerLayer::new(touchy(WAIT, 1))
        .expect("accepted")
        .with_clock(Arc::clone(&clock));
    let gate = Arc::new(AtomicBool::new(true));
    let mut service = layer
        .with_back_pressure(|_| std::future::pending::<()>())
        .layer(Gate(Arc::clone(&gate)));
    service.breaker().trip(Duration::ZERO, Some(WAIT));
    clock.advance(WAIT);
    assert!(ready_now(&mut service));
    let probes = |s: &CircuitBreaker| s.metrics(WAIT).probes_out;
    assert_eq!(probes(service.breaker()), 1);
    gate.store(false, Ordering::Relaxed);
    assert!(!ready_now(&mut service));
    assert_eq!(probes(service.breaker()), 0);
}

/// Ready while the breaker is shared with services that refuse.
#[tokio::test(start_paused = true)]
async fn a_shared_breaker_forced_open_is_looked_at_again() {
    let breaker = Arc::new(CircuitBreaker::with_config(touchy(WAIT, 1), 1).expect("accepted"));
    let layer = CircuitBreakerLayer::shared(Arc::clone(&breaker)).with_clock(TokioClock::new());
    let service = layer
        .with_back_pressure(tokio::time::sleep)
        .layer(Echo::default());
    breaker.force_open(Duration::ZERO);
    let call = tokio::spawn(service.oneshot(Ok(1)));
    tokio::time::sleep(WAIT * 5 / 2).await;
    assert!(!call.is_finished());
    breaker.reset(WAIT);
    let begun = tokio::time::Instant::now();
    assert_eq!(call.await.expect("no panic"), Ok(1));
    assert!(begun.elapsed() <= WAIT);
}

/// Nobody tells who waits that the end of the wait has moved.
#[tokio::test(start_paused = true)]
async fn an_open_wait_that_is_cut_short_is_seen_within_the_base() {
    let breaker = Arc::new(CircuitBreaker::with_config(touchy(WAIT, 1), 1).expect("accepted"));
    let clock = TokioClock::new();
    let layer = CircuitBreakerLayer::shared(Arc::clone(&breaker)).with_clock(clock);
    let layer = layer.with_back_pressure(tokio::time::sleep);
    for cut in [CircuitBreaker::reset, |b: &CircuitBreaker, now| {
        let _ = b.probe_at(now);
    }] {
        let now = clock.now();
        breaker.trip(now, Some(WAIT * 60));
        let call = tokio::spawn(layer.layer(Echo::default()).oneshot(Ok(1)));
        tokio::time::sleep(WAIT * 2 + WAIT / 2).await;
        assert!(!call.is_finished());
        cut(&breaker, clock.now());
        let begun = tokio::time::Instant::now();
        assert_eq!(call.await.expect("no panic"), Ok(1));
        assert!(begun.elapsed() <= WAIT, "{:?}", begun.elapsed());
    }
}

/// Each refused poll is an ask, whatever refuses.
#[test]
fn a_refused_poll_counts_as_demand() {
    let (mut first, clock) = service(touchy(WAIT, 1));
    let woken = Arc::new(Woken::default());
    let rejected = |first: &mut Waiting, polls| {
        let count = |first: &Waiting| first.breaker().metrics(clock.now()).rejected;
        let before = count(first);
        for _ in 0..polls {
            assert!(poll_ready(first, &woken).is_pending());
        }
        count(first) - before
    };
    first.breaker().trip(Duration::ZERO, Some(WAIT));
    assert_eq!(rejected(&mut first, 3), 3, "open");
    clock.advance(WAIT);
    let mut probe = first.clone();
    assert!(ready_now::<Pending, _>(&mut probe));
    assert_eq!(rejected(&mut first, 3), 3, "half-open");
    first.breaker().force_open(clock.now());
    assert_eq!(rejected(&mut first, 3), 3, "forced open");
}

/// A timer that ends at once must not keep the thread.
#[test]
fn a_timer_that_ends_at_once_gives_its_turn_up() {
    let clock = Arc::new(ManualClock::default());
    let layer = CircuitBreakerLayer::new(touchy(WAIT, 1))
        .expect("accepted")
        .with_clock(clock);
    let mut service = layer
        .with_back_pressure(|_| std::future::ready(()))
        .layer(Run::default());
    service.breaker().trip(Duration::ZERO, Some(WAIT));
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let ready = Service::<Pending>::poll_ready(&mut service, &mut Context::from_waker(&waker));
    assert!(ready.is_pending());
    assert_eq!(woken.0.load(Ordering::Relaxed), 1);
}
