//! The tower layer over a service that is ready at once, beside tower-resilience's.
//!
//! Bars: at most 15 ns a call without timed calls, 40 ns with; no allocation a call. Each row takes
//! the same future of the same service; `service` is the service alone.
//!
//! `cargo bench -p benches --bench breaker_tower` measures time;
//! `… -- --table` prints the best of many short passes, CPU time, with allocations a call;
//! `… -- --calls NAME COUNT` makes that many calls and nothing else, for callgrind.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use circuit_breaker_tower::circuit_breaker::CircuitBreaker;
use circuit_breaker_tower::{
    CircuitBreakerLayer, Config, LatencyLimit, Registry, RegistryConfig, Settings, Static,
    SystemClock,
};
use cpu_time::ThreadTime;
use criterion::Criterion;
use tower_layer::Layer;
use tower_resilience_circuitbreaker::{CircuitBreakerLayer as PeerLayer, SlidingWindowType};
use tower_service::Service;

/// Answers at once.
#[derive(Clone)]
struct Echo;

impl Service<u64> for Echo {
    type Response = u64;
    type Error = Infallible;
    type Future = Ready<Result<u64, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: u64) -> Self::Future {
        ready(Ok(request))
    }
}

/// One call through a service, driven by hand.
fn drive<S: Service<u64, Response = u64>>(service: &mut S, request: u64) {
    let mut cx = Context::from_waker(Waker::noop());
    let Poll::Ready(Ok(())) = service.poll_ready(&mut cx) else {
        unreachable!("the service is ready");
    };
    let mut future = pin!(service.call(black_box(request)));
    loop {
        // The peer's mutex may give its turn up.
        if let Poll::Ready(answer) = future.as_mut().poll(&mut cx) {
            assert!(answer.is_ok(), "the service never fails");
            black_box(answer.ok());
            return;
        }
    }
}

fn caller<S: Service<u64, Response = u64> + 'static>(mut service: S) -> Box<dyn FnMut(u32)> {
    Box::new(move |calls| {
        for request in 0..u64::from(calls) {
            drive(&mut service, request);
        }
    })
}

fn peer(window: SlidingWindowType) -> Box<dyn FnMut(u32)> {
    let layer = PeerLayer::builder()
        .sliding_window_type(window)
        .sliding_window_size(100)
        .sliding_window_duration(Duration::from_millis(10))
        .build();
    let layer = layer.expect("an accepted configuration");
    caller(layer.layer(Echo))
}

const NAMES: [&str; 11] = [
    "service",
    "ours",
    "ours, static",
    "ours, per key",
    "ours, slow calls",
    "ours, latency",
    "ours, count window",
    "ours, precise clock",
    "ours, back-pressure",
    "peer, count window",
    "peer, time window",
];

/// Makes calls through the layer of this name, as many as it is told.
fn calls(name: &str) -> Box<dyn FnMut(u32)> {
    let ours = |config: Config| {
        let layer = CircuitBreakerLayer::new(config).expect("an accepted configuration");
        layer.with_seed(1)
    };
    let config = Config::default;
    match name {
        "service" => caller(Echo),
        "ours" => caller(ours(config()).layer(Echo)),
        "ours, static" => {
            let breaker = CircuitBreaker::with_config(config(), 1);
            let breaker = Box::leak(Box::new(breaker.expect("an accepted configuration")));
            caller(CircuitBreakerLayer::from_source(Static(breaker)).layer(Echo))
        }
        "ours, per key" => {
            let settings = Settings::new(config()).expect("an accepted configuration");
            let registry = Registry::<u64>::new(&settings, RegistryConfig::default(), 1);
            let registry = Arc::new(registry.expect("an accepted configuration"));
            let layer = CircuitBreakerLayer::per_made_key(registry, |request: &u64| request % 64);
            caller(layer.layer(Echo))
        }
        "ours, slow calls" => caller(ours(config().with_slow_call_rate(Some(0.8))).layer(Echo)),
        "ours, latency" => {
            let limit = LatencyLimit::new(0.99, Duration::from_millis(500));
            caller(ours(config().with_latency(Some(limit))).layer(Echo))
        }
        "ours, count window" => {
            let config = config().with_time_window(None).with_count_window(Some(100));
            caller(ours(config).layer(Echo))
        }
        "ours, precise clock" => caller(
            ours(config())
                .with_clock(SystemClock::precise())
                .layer(Echo),
        ),
        "ours, back-pressure" => {
            let never = |_| std::future::pending::<()>();
            caller(ours(config()).with_back_pressure(never).layer(Echo))
        }
        "peer, count window" => peer(SlidingWindowType::CountBased),
        "peer, time window" => peer(SlidingWindowType::TimeBased),
        _ => panic!("no row {name}"),
    }
}

fn table() {
    const CALLS: u32 = 20_000;
    println!("{:<22} {:>8} {:>12}", "", "ns/call", "allocs/call");
    for name in NAMES {
        let mut call = calls(name);
        call(CALLS);
        let passes = if name == "peer, time window" { 8 } else { 400 };
        let best = (0..passes)
            .map(|_| {
                let begun = ThreadTime::now();
                call(CALLS);
                begun.elapsed()
            })
            .min()
            .unwrap_or_default();
        let memory = allocation_counter::measure(|| call(1000));
        println!(
            "{name:<22} {:>8.2} {:>12.3}",
            best.as_secs_f64() * 1e9 / f64::from(CALLS),
            memory.count_total as f64 / 1000.0
        );
    }
}

fn main() {
    let arguments: Vec<_> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|a| a == "--calls") {
        let count = arguments[at + 2].parse().expect("a count");
        calls(&arguments[at + 1])(count);
        return;
    }
    if arguments.iter().any(|a| a == "--table") {
        table();
        return;
    }
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("breaker_tower");
    for name in NAMES {
        let mut call = calls(name);
        group.bench_function(name, |b| {
            b.iter_custom(|iterations| {
                let begun = ThreadTime::now();
                (0..iterations).for_each(|_| call(1));
                begun.elapsed()
            });
        });
    }
    group.finish();
    criterion.final_summary();
}
