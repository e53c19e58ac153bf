//! The loop in real time: twenty tasks, real clocks, an outage, its end, and a server that goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use circuit_breaker::fleet::{FleetConfig, FleetSettings};
use circuit_breaker::{
    CircuitBreaker, Config, HalfOpen, OpenWait, Outcome, Settings, State, TimeWindow, Transition,
};
use circuit_breaker_redis::{Error, SharedBreaker};

use crate::server::Server;

const PERIOD: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks again and again until it is so.
async fn until(what: &str, so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_loops_open_probe_by_one_and_recover() {
    let mut server = Server::start().await;
    let probing = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let counted = (probing.clone(), most.clone());
    let listener = move |change: &Transition| {
        let (probing, most) = &counted;
        if change.to == State::HalfOpen {
            most.fetch_max(probing.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        } else if change.from == State::HalfOpen {
            probing.fetch_sub(1, Ordering::SeqCst);
        }
    };
    let config = Config::default()
        .with_min_calls(10)
        .with_time_window(Some(TimeWindow::new(Duration::from_secs(1), 10)))
        .with_half_open(HalfOpen::default().with_permits(3))
        .with_open_wait(OpenWait::fixed(Duration::from_millis(300)));
    let settings = Settings::new(config)
        .unwrap()
        .with_listener(Arc::new(listener));
    let config = FleetConfig::default()
        .with_period(PERIOD)
        .with_missed_periods(20)
        .with_recent(Duration::from_millis(300));
    let fleet = FleetSettings::new(config, &settings).unwrap();
    let down = Arc::new(AtomicBool::new(false));
    let errors = Arc::new(AtomicUsize::new(0));
    // Ticks that came when what was held had ended: the machine was busy with something else.
    let late = Arc::new(AtomicUsize::new(0));
    let origin = Instant::now();
    let clock = move || origin.elapsed();
    let mut breakers = Vec::new();
    let mut tasks = Vec::new();
    for i in 0..20_u64 {
        let breaker = Arc::new(CircuitBreaker::new(&settings, i));
        let connection = server.connect().await;
        let mut shared =
            SharedBreaker::new(connection, "live", &format!("pod-{i}"), &fleet, i).unwrap();
        let (of_loop, lost) = (breaker.clone(), errors.clone());
        let late = late.clone();
        tasks.push(tokio::spawn(async move {
            let mut last = clock();
            shared
                .run(&of_loop, &clock, |tick: Result<_, Error>| {
                    lost.fetch_add(usize::from(tick.is_err()), Ordering::SeqCst);
                    let now = clock();
                    late.fetch_add(usize::from(now - last >= 2 * PERIOD), Ordering::SeqCst);
                    last = now;
                })
                .await;
        }));
        let (called, down) = (breaker.clone(), down.clone());
        tasks.push(tokio::spawn(async move {
            loop {
                if let Ok(token) = called.try_acquire(clock()) {
                    let failed = down.load(Ordering::SeqCst);
                    let outcome = if failed {
                        Outcome::Failure
                    } else {
                        Outcome::Success
                    };
                    called.record(token, outcome, clock());
                }
                // One in four has too few calls to tell by itself.
                let pause = if i % 4 == 0 { 400 } else { 10 };
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
        }));
        breakers.push(breaker);
    }
    let all = |wanted: State| breakers.iter().all(|b| b.state() == wanted);
    until("everybody has calls", || {
        breakers.iter().all(|b| b.metrics(clock()).window.calls > 0)
    })
    .await;
    assert!(all(State::Closed));

    down.store(true, Ordering::SeqCst);
    until("everybody is open", || all(State::Open)).await;
    // From here on one at a time probes, whoever had begun before has been stopped.
    let settled = clock() + 4 * PERIOD;
    until("the fleet has settled", || clock() > settled).await;
    most.store(probing.load(Ordering::SeqCst), Ordering::SeqCst);
    late.store(0, Ordering::SeqCst);
    let rounds = clock() + Duration::from_secs(3);
    until("some rounds have failed", || clock() > rounds).await;
    let (most, late) = (most.load(Ordering::SeqCst), late.load(Ordering::SeqCst));
    assert!(most <= 1 + late, "{most} at once, {late} ticks late");

    down.store(false, Ordering::SeqCst);
    until("everybody has recovered", || all(State::Closed)).await;

    server.kill();
    until("nobody reaches the server", || {
        errors.load(Ordering::SeqCst) > 40
    })
    .await;
    down.store(true, Ordering::SeqCst);
    let busy = || breakers.iter().enumerate().filter(|(i, _)| i % 4 != 0);
    until("the local rule opens", || {
        busy().all(|(_, b)| b.state() != State::Closed)
    })
    .await;
    down.store(false, Ordering::SeqCst);
    until("and closes", || {
        busy().all(|(_, b)| b.state() == State::Closed)
    })
    .await;
    for task in tasks {
        task.abort();
    }
}
