//! Wake-ups between threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use circuit_breaker_tower::{CircuitBreakerLayer, ManualClock, Outcome, State};
use tower::{Layer, Service};

use crate::services::{Pending, Run, answer, says, touchy};

const WAIT: Duration = Duration::from_secs(1);

/// Threads that have nothing but wake-ups: no timer, one place, which is free again after each call.
/// A wake-up that is lost leaves a thread parked.
#[test]
fn no_wake_up_is_lost_between_threads() {
    const THREADS: u32 = 8;
    let calls = if cfg!(feature = "full") { 20_000 } else { 1000 };
    let clock = Arc::new(ManualClock::default());
    let timer = |_| std::future::pending::<()>();
    let service = CircuitBreakerLayer::new(touchy(WAIT, 1))
        .expect("accepted")
        .with_clock(Arc::clone(&clock))
        .with_classifier(|_: &Result<u32, &'static str>| Outcome::Ignored)
        .with_back_pressure(timer)
        .layer(Run::default());
    service.breaker().trip(Duration::ZERO, Some(WAIT));
    clock.advance(WAIT);
    let start = std::sync::Barrier::new(THREADS as usize);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            let (mut service, start) = (service.clone(), &start);
            scope.spawn(move || {
                start.wait();
                for call in 0..calls {
                    parked_until(|cx| Service::<Pending>::poll_ready(&mut service, cx))
                        .expect("the service never fails");
                    // While the place is taken, so that the others find it so.
                    std::thread::yield_now();
                    // Each second one goes away without a call.
                    if call % 2 == 0 {
                        assert_eq!(answer(service.call(says(Ok(1)))), Ok(1));
                    } else {
                        service = service.clone();
                    }
                }
            });
        }
    });
    let made = service.get_ref().0.load(Ordering::Relaxed);
    assert_eq!(made, THREADS * calls / 2);
    assert_eq!(service.breaker().state(), State::HalfOpen);
}

/// Polls until it is ready, parked between wake-ups.
fn parked_until<T>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T {
    struct Unpark(std::thread::Thread, AtomicBool);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.1.store(true, Ordering::Release);
            self.0.unpark();
        }
    }
    let unpark = Arc::new(Unpark(std::thread::current(), AtomicBool::new(false)));
    let waker = Waker::from(Arc::clone(&unpark));
    loop {
        if let Poll::Ready(answer) = poll(&mut Context::from_waker(&waker)) {
            return answer;
        }
        let begun = std::time::Instant::now();
        while !unpark.1.swap(false, Ordering::Acquire) {
            std::thread::park_timeout(Duration::from_secs(1));
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "a wake-up was lost"
            );
        }
    }
}
