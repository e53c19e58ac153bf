//! Circuit breakers side by side: the same closed, successful call through each.
//!
//! Our rows get the time as an argument, as a caller does who has it anyway; the peers' closed path
//! reads no clock either.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use circuit_breaker::fleet::{Board, FleetConfig, FleetSettings, FleetView};
use circuit_breaker::{CircuitBreaker, Config, Outcome};

/// A nanosecond passes between two calls, up to this many: the cheapest clock that moves.
const NANOS: u64 = (1 << 29) - 1;

/// The rows, by name.
pub const ROWS: [&str; 14] = [
    "loop",
    "load-and-fetch-add",
    "plimsoll",
    "plimsoll-permit",
    "plimsoll-fleet",
    "plimsoll-slow",
    "plimsoll-count",
    "plimsoll-slow-both",
    "plimsoll-resilience4j",
    "plimsoll-polly",
    "failsafe-consecutive",
    "failsafe-default",
    "recloser",
    "tower-resilience",
];

/// Makes `calls` calls through the row; how many were admitted. `None`: no such row.
///
/// Each row has its own loop, so that the call is inlined where a user's would be.
#[must_use]
pub fn run(row: &str, calls: u64) -> Option<u64> {
    Some(match row {
        "loop" => drive(calls, |now| black_box(now) >= Duration::ZERO),
        // The least that counting a call in shared memory can cost.
        "load-and-fetch-add" => {
            let (word, count) = (AtomicU64::new(0), AtomicU64::new(0));
            let (word, count) = (black_box(&word), black_box(&count));
            drive(calls, |now| {
                let open = word.load(Ordering::Acquire) != 0;
                count.fetch_add(1, Ordering::AcqRel) < u64::MAX
                    && !open
                    && black_box(now) >= Duration::ZERO
            })
        }
        "plimsoll" => token(&breaker(Config::default()), calls),
        "plimsoll-permit" => {
            let breaker = breaker(Config::default());
            drive(calls, |now| {
                let Ok(permit) = breaker.permit(|| now) else {
                    return false;
                };
                permit.success();
                true
            })
        }
        // One of a fleet, between two ticks.
        "plimsoll-fleet" => {
            let breaker = breaker(Config::default());
            let now = Duration::from_secs(1);
            let fleet = FleetSettings::new(FleetConfig::default(), breaker.settings());
            let view = fleet.and_then(|fleet| FleetView::new(&fleet, "a", 1));
            let (mut view, mut board) = (view.expect("the default"), Board::default());
            let request = view.prepare(&breaker, now);
            let reply = board.exchange(&request, 1000);
            view.decide(&breaker, now, &reply).apply(&breaker);
            token(&breaker, calls)
        }
        "plimsoll-slow" => token(
            &breaker(Config::default().with_slow_call_rate(Some(0.8))),
            calls,
        ),
        "plimsoll-count" => {
            let config = Config::default()
                .with_time_window(None)
                .with_count_window(Some(100));
            token(&breaker(config), calls)
        }
        "plimsoll-slow-both" => {
            let config = Config::default()
                .with_slow_call_rate(Some(0.8))
                .with_count_window(Some(100));
            token(&breaker(config), calls)
        }
        "plimsoll-resilience4j" => token(&breaker(Config::resilience4j()), calls),
        "plimsoll-polly" => token(&breaker(Config::polly()), calls),
        "failsafe-consecutive" => {
            use failsafe::CircuitBreaker as _;
            let wait = failsafe::backoff::constant(Duration::from_secs(60));
            let policy = failsafe::failure_policy::consecutive_failures(5, wait);
            let breaker = failsafe::Config::new().failure_policy(policy).build();
            drive(calls, |now| {
                breaker.call(|| Ok::<_, ()>(black_box(now))).is_ok()
            })
        }
        "failsafe-default" => {
            use failsafe::CircuitBreaker as _;
            let breaker = failsafe::Config::new().build();
            drive(calls, |now| {
                breaker.call(|| Ok::<_, ()>(black_box(now))).is_ok()
            })
        }
        "recloser" => {
            let breaker = recloser::Recloser::default();
            drive(calls, |now| {
                breaker.call(|| Ok::<_, ()>(black_box(now))).is_ok()
            })
        }
        "tower-resilience" => tower_resilience(calls),
        _ => return None,
    })
}

fn breaker(config: Config) -> CircuitBreaker {
    CircuitBreaker::with_config(config, 1).expect("a preset with plain changes")
}

fn token(breaker: &CircuitBreaker, calls: u64) -> u64 {
    drive(calls, |now| {
        let Ok(token) = breaker.try_acquire(now) else {
            return false;
        };
        breaker.record(token, Outcome::Success, now);
        true
    })
}

#[inline(always)]
fn drive(calls: u64, mut call: impl FnMut(Duration) -> bool) -> u64 {
    let mut admitted = 0;
    for i in 0..calls {
        admitted += u64::from(call(black_box(Duration::new(1, (i & NANOS) as u32))));
    }
    admitted
}

/// The service that is always ready, and the future that is: what a layer is measured over.
fn tower_resilience(calls: u64) -> u64 {
    use std::convert::Infallible;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};
    use tower::{Layer as _, Service as _};
    use tower_resilience_circuitbreaker::CircuitBreakerLayer;

    let layer = CircuitBreakerLayer::builder()
        .build()
        .expect("its defaults");
    let ready = tower::service_fn(|now: Duration| std::future::ready(Ok::<_, Infallible>(now)));
    let mut service = layer.layer(ready);
    let mut context = Context::from_waker(Waker::noop());
    drive(calls, |now| {
        if !matches!(service.poll_ready(&mut context), Poll::Ready(Ok(()))) {
            return false;
        }
        let mut call = pin!(service.call(black_box(now)));
        matches!(call.as_mut().poll(&mut context), Poll::Ready(Ok(_)))
    })
}
