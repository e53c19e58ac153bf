//! What has to hold in every order in which threads can take their steps.
//!
//! The same models under two checkers: `RUSTFLAGS="--cfg loom"` tries every schedule of up to three
//! preemptions and every value that the memory model lets a load see; `RUSTFLAGS="--cfg shuttle"` draws
//! schedules, 10⁶ a model with the feature `full`. A breaker has 2 slots in its ring then, and a
//! bucket is full at 4 calls.
#![cfg(any(loom, shuttle))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg_attr(
    shuttle,
    allow(unused_qualifications, reason = "its Arc is the standard library's")
)]
#![allow(clippy::disallowed_macros, reason = "how many schedules there were")]

mod control;
mod counts;
mod generations;
mod probes;
mod times;
mod windows;

use std::sync::Mutex;
use std::time::Duration;

use circuit_breaker::{CircuitBreaker, Config, OpenWait, Settings, TimeWindow, Token, Transition};

#[cfg(loom)]
use loom::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};
#[cfg(shuttle)]
use shuttle::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

/// Runs `model` in every schedule of up to three preemptions.
#[cfg(loom)]
fn check(model: impl Fn() + Send + Sync + 'static) {
    check_to(Some(3), model);
}

/// Runs a `model` of two threads in every schedule there is.
#[cfg(loom)]
fn check_all(model: impl Fn() + Send + Sync + 'static) {
    check_to(None, model);
}

#[cfg(loom)]
fn check_to(preemptions: Option<usize>, model: impl Fn() + Send + Sync + 'static) {
    let executions = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let seen = std::sync::Arc::clone(&executions);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions;
    builder.max_branches = 100_000;
    builder.check(move || {
        seen.fetch_add(1, Ordering::Relaxed);
        model();
    });
    println!("{} executions", executions.load(Ordering::Relaxed));
}

#[cfg(shuttle)]
use check as check_all;

/// Runs `model` in as many schedules, half of them uniform, half with few preemptions.
#[cfg(shuttle)]
fn check(model: impl Fn() + Send + Sync + 'static) {
    const SCHEDULES: usize = if cfg!(feature = "full") {
        500_000
    } else {
        5_000
    };
    let model = std::sync::Arc::new(model);
    let again = std::sync::Arc::clone(&model);
    shuttle::check_random(move || model(), SCHEDULES);
    shuttle::check_pct(move || again(), SCHEDULES, 3);
}

/// Where every job starts: a step that excludes every other, so that each order of starts is tried.
///
/// Loom looks for the reverse of two steps only where no other step on the same atomic lies between
/// them: with a reader that comes first and a thread that loads and then swaps, it never lets the reader
/// come second.
struct Gate(AtomicU64);

impl Gate {
    fn pass(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

/// Three jobs on one breaker at once; what each gave.
fn race<A, B, C>(
    breaker: &Arc<CircuitBreaker>,
    first: impl FnOnce(&CircuitBreaker) -> A + Send + 'static,
    second: impl FnOnce(&CircuitBreaker) -> B + Send + 'static,
    third: impl FnOnce(&CircuitBreaker) -> C,
) -> (A, B, C)
where
    A: Send + 'static,
    B: Send + 'static,
{
    let gate = Arc::new(Gate(AtomicU64::new(0)));
    let one = start(breaker, &gate, first);
    let two = start(breaker, &gate, second);
    gate.pass();
    let third = third(breaker);
    (one.join().unwrap(), two.join().unwrap(), third)
}

/// Two jobs on one breaker at once; what each gave.
fn meet<A: Send + 'static, B>(
    breaker: &Arc<CircuitBreaker>,
    first: impl FnOnce(&CircuitBreaker) -> A + Send + 'static,
    second: impl FnOnce(&CircuitBreaker) -> B,
) -> (A, B) {
    let gate = Arc::new(Gate(AtomicU64::new(0)));
    let one = start(breaker, &gate, first);
    gate.pass();
    let second = second(breaker);
    (one.join().unwrap(), second)
}

fn start<A: Send + 'static>(
    breaker: &Arc<CircuitBreaker>,
    gate: &Arc<Gate>,
    job: impl FnOnce(&CircuitBreaker) -> A + Send + 'static,
) -> thread::JoinHandle<A> {
    let (breaker, gate) = (Arc::clone(breaker), Arc::clone(gate));
    thread::spawn(move || {
        gate.pass();
        job(&breaker)
    })
}

/// What a listener was told.
type Told = std::sync::Arc<Mutex<Vec<Transition>>>;

fn listened(config: Config) -> (Arc<CircuitBreaker>, Told) {
    let told = Told::default();
    let into = std::sync::Arc::clone(&told);
    let listener = move |change: &Transition| into.lock().unwrap().push(*change);
    let settings = Settings::new(config)
        .unwrap()
        .with_listener(std::sync::Arc::new(listener));
    (Arc::new(CircuitBreaker::new(&settings, 1)), told)
}

fn breaker(config: Config) -> Arc<CircuitBreaker> {
    Arc::new(CircuitBreaker::with_config(config, 1).unwrap())
}

/// Two buckets of a second, a wait of a second; opens by nothing that a model does not ask for.
fn config() -> Config {
    Config::default()
        .with_time_window(Some(TimeWindow::new(secs(2.0), 2)))
        .with_min_calls(1_000)
        .with_open_wait(OpenWait::fixed(secs(1.0)))
}

fn secs(secs: f64) -> Duration {
    Duration::from_secs_f64(secs)
}

/// The generation that a token was admitted in.
fn generation(token: Token) -> u64 {
    token.to_bits()[0] >> 43
}
