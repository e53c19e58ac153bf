//! What circuit breakers do where they are usually wrong: ours and the peers' side by side.
//!
//! ```console
//! $ cargo run --release -p benches --bin breaker_behaviour
//! ```
//!
//! Real time, waits of some ten milliseconds; every breaker through its own public API.

use std::future::{pending, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use circuit_breaker::{CircuitBreaker, Config, HalfOpen, OpenWait};
use tokio::time::{sleep, timeout};
use tower::{Layer, Service, ServiceExt};
use tower_resilience_circuitbreaker::{CircuitBreakerLayer, CircuitState};

const WAIT: Duration = Duration::from_millis(50);

/// What the service is told to do.
#[derive(Clone, Copy, Debug)]
enum Order {
    Succeed,
    Fail,
    SucceedAfter(Duration),
    Hang,
}

type Answer = Pin<Box<dyn Future<Output = Result<(), ()>> + Send>>;

fn obey(order: Order) -> Answer {
    match order {
        Order::Succeed => Box::pin(ready(Ok(()))),
        Order::Fail => Box::pin(ready(Err(()))),
        Order::SucceedAfter(time) => Box::pin(async move {
            sleep(time).await;
            Ok(())
        }),
        Order::Hang => Box::pin(pending()),
    }
}

/// A breaker that calls can be made through, however it does that.
trait Peer: Clone + Send + Sync + 'static {
    /// Opens after this many failures in a row, for [`WAIT`], then so many probes.
    fn consecutive(failures: u32, probes: u32) -> Self;
    fn call(&self, order: Order) -> Answer;
    fn is_open(&self) -> bool;
}

#[derive(Clone)]
struct Ours(Arc<CircuitBreaker>, Instant);

impl Peer for Ours {
    fn consecutive(failures: u32, probes: u32) -> Self {
        let config = Config::consecutive(failures, WAIT).with_half_open(
            HalfOpen::default()
                .with_permits(probes)
                .with_lease(Some(2 * WAIT)),
        );
        Self(
            Arc::new(CircuitBreaker::with_config(config, 1).expect("a preset")),
            Instant::now(),
        )
    }

    fn call(&self, order: Order) -> Answer {
        let Self(breaker, origin) = self.clone();
        Box::pin(async move {
            let clock = move || origin.elapsed();
            breaker.call_async(clock, obey(order)).await.map_err(drop)
        })
    }

    fn is_open(&self) -> bool {
        self.0.state() == circuit_breaker::State::Open
    }
}

type FailsafePolicy = failsafe::failure_policy::ConsecutiveFailures<failsafe::backoff::Constant>;

#[derive(Clone)]
struct Failsafe(failsafe::StateMachine<FailsafePolicy, ()>);

impl Peer for Failsafe {
    fn consecutive(failures: u32, _: u32) -> Self {
        let wait = failsafe::backoff::constant(WAIT);
        let policy = failsafe::failure_policy::consecutive_failures(failures, wait);
        Self(failsafe::Config::new().failure_policy(policy).build())
    }

    fn call(&self, order: Order) -> Answer {
        use failsafe::futures::CircuitBreaker as _;
        let breaker = self.0.clone();
        Box::pin(async move { breaker.call(obey(order)).await.map_err(drop) })
    }

    fn is_open(&self) -> bool {
        !self.0.is_call_permitted()
    }
}

#[derive(Clone)]
struct Recloser(Arc<recloser::AsyncRecloser>);

impl Peer for Recloser {
    fn consecutive(failures: u32, probes: u32) -> Self {
        let breaker = recloser::Recloser::custom()
            .closed_len(failures as usize)
            .half_open_len(probes as usize)
            .open_wait(WAIT)
            .build();
        Self(Arc::new(recloser::AsyncRecloser::from(breaker)))
    }

    fn call(&self, order: Order) -> Answer {
        let breaker = self.0.clone();
        Box::pin(async move { breaker.call(obey(order)).await.map_err(drop) })
    }

    fn is_open(&self) -> bool {
        let call = self.0.call(ready(Ok::<_, ()>(())));
        matches!(futures_now(call), Some(Err(recloser::Error::Rejected)))
    }
}

/// A future that is ready at once.
fn futures_now<F: Future>(future: F) -> Option<F::Output> {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}

#[derive(Clone)]
struct Obeying;

impl Service<Order> for Obeying {
    type Response = ();
    type Error = ();
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), ()>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, order: Order) -> Answer {
        obey(order)
    }
}

type TowerService = <CircuitBreakerLayer as Layer<Obeying>>::Service;

#[derive(Clone)]
struct TowerResilience(Arc<std::sync::Mutex<TowerService>>);

impl Peer for TowerResilience {
    fn consecutive(failures: u32, probes: u32) -> Self {
        let layer = CircuitBreakerLayer::builder()
            .consecutive_failures(failures as usize)
            .wait_duration_in_open(WAIT)
            .permitted_calls_in_half_open(probes as usize)
            .build()
            .expect("valid settings");
        Self(Arc::new(std::sync::Mutex::new(layer.layer(Obeying))))
    }

    fn call(&self, order: Order) -> Answer {
        let mut service = self.0.lock().expect("no panic").clone();
        Box::pin(async move {
            let service = service.ready().await.map_err(drop)?;
            service.call(order).await.map_err(drop)
        })
    }

    fn is_open(&self) -> bool {
        self.0.lock().expect("no panic").state_sync() == CircuitState::Open
    }
}

/// How many of 100 concurrent calls a half-open breaker that permits 2 admits.
async fn stampede<P: Peer>() -> String {
    let breaker = P::consecutive(1, 2);
    let _ = breaker.call(Order::Fail).await;
    sleep(WAIT + WAIT / 5).await;
    let calls: Vec<_> = (0..100)
        .map(|_| tokio::spawn(breaker.call(Order::SucceedAfter(Duration::from_millis(20)))))
        .collect();
    let mut admitted = 0;
    for call in calls {
        admitted += u32::from(call.await.expect("no panic").is_ok());
    }
    format!("admits {admitted}")
}

/// Whether a success admitted while closed closes a half-open breaker whose own probe hangs.
async fn late_success<P: Peer>() -> String {
    let breaker = P::consecutive(2, 1);
    let late = tokio::spawn(breaker.call(Order::SucceedAfter(3 * WAIT)));
    sleep(WAIT / 10).await;
    for _ in 0..2 {
        let _ = breaker.call(Order::Fail).await;
    }
    sleep(WAIT + WAIT / 5).await;
    let probe = tokio::spawn(breaker.call(Order::Hang));
    let _ = late.await;
    // Closed, it lets many through; half-open, none while its one probe is out.
    let mut let_through = 0;
    for _ in 0..10 {
        let call = timeout(WAIT / 10, breaker.call(Order::Succeed)).await;
        let_through += u32::from(matches!(call, Ok(Ok(()))));
    }
    probe.abort();
    if let_through > 0 {
        "closes by it".into()
    } else {
        "unmoved".into()
    }
}

/// Whether calls that hang and are given up ever open it.
async fn hung<P: Peer>(breaker: P) -> String {
    for given_up in 1..=50 {
        let _ = timeout(Duration::from_millis(3), breaker.call(Order::Hang)).await;
        if breaker.is_open() {
            return format!("opens after {given_up}");
        }
    }
    "never opens".into()
}

/// Whether a probe that hangs keeps it half-open.
async fn lost_probe<P: Peer>() -> String {
    let breaker = P::consecutive(1, 1);
    let _ = breaker.call(Order::Fail).await;
    sleep(WAIT + WAIT / 5).await;
    let probe = tokio::spawn(breaker.call(Order::Hang));
    let begun = Instant::now();
    while begun.elapsed() < 16 * WAIT {
        sleep(WAIT / 2).await;
        if breaker.call(Order::Succeed).await.is_ok() {
            probe.abort();
            let waits = begun.elapsed().as_secs_f64() / WAIT.as_secs_f64();
            return format!("probes again after {waits:.0} waits");
        }
    }
    probe.abort();
    "stuck for 16 waits".into()
}

async fn column<P: Peer>(name: &str, hung_breaker: P) {
    println!(
        "{name:18} 100 at half-open, 2 permitted: {}",
        stampede::<P>().await
    );
    println!("{name:18} late success: {}", late_success::<P>().await);
    println!(
        "{name:18} hung, callers give up: {}",
        hung(hung_breaker).await
    );
    println!(
        "{name:18} a probe never returns: {}",
        lost_probe::<P>().await
    );
}

/// Failures that 10 000 successes need, window 100, 50 %.
async fn forgetting() {
    let breaker = recloser::Recloser::custom()
        .closed_len(100)
        .error_rate(0.5)
        .build();
    for _ in 0..10_000 {
        let _ = breaker.call(|| Ok::<_, ()>(()));
    }
    let mut failures = 0;
    while !matches!(
        breaker.call(|| Err::<(), _>(())),
        Err(recloser::Error::Rejected)
    ) {
        failures += 1;
    }
    println!(
        "{:18} failures after 10 000 successes: {failures}",
        "recloser"
    );

    let layer = CircuitBreakerLayer::builder()
        .failure_rate_threshold(0.5)
        .sliding_window_size(100)
        .minimum_number_of_calls(100)
        .build()
        .expect("valid settings");
    let mut service = layer.layer(Obeying);
    for _ in 0..10_000 {
        let _ = service.call(Order::Succeed).await;
    }
    let mut failures = 0;
    while service.state_sync() == CircuitState::Closed && failures < 20_000 {
        let _ = service.call(Order::Fail).await;
        failures += 1;
    }
    println!(
        "{:18} failures after 10 000 successes: {failures}",
        "tower-resilience"
    );

    let config = Config::default()
        .with_time_window(None)
        .with_count_window(Some(100));
    let breaker = CircuitBreaker::with_config(config, 1).expect("valid settings");
    for _ in 0..10_000 {
        let _ = breaker.call(|| Duration::ZERO, || Ok::<_, ()>(()));
    }
    let mut failures = 0;
    while breaker.call(|| Duration::ZERO, || Err::<(), _>(()))
        == Err(circuit_breaker::CallError::Inner(()))
    {
        failures += 1;
    }
    println!(
        "{:18} failures after 10 000 successes: {failures}",
        "plimsoll"
    );
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // Slow from 2 ms on, so that the 3 ms of the callers count; otherwise the defaults.
    let config = Config::default().with_slow_call_duration(Duration::from_millis(2));
    let ours = CircuitBreaker::with_config(config.with_open_wait(OpenWait::fixed(WAIT)), 1);
    column(
        "plimsoll",
        Ours(Arc::new(ours.expect("valid settings")), Instant::now()),
    )
    .await;
    column("failsafe", Failsafe::consecutive(5, 1)).await;
    column("recloser", Recloser::consecutive(5, 1)).await;
    column("tower-resilience", TowerResilience::consecutive(5, 1)).await;
    forgetting().await;
}
