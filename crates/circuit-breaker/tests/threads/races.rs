//! Many threads, many rounds, no sleeps: they meet at a barrier.

use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use circuit_breaker::{
    CallError, CircuitBreaker, ManualClock, Outcome, RejectReason, Settings, State, Transition,
};

use crate::{breaker, config, secs, tell};

const ROUNDS: u32 = if cfg!(feature = "full") {
    100_000
} else {
    2_000
};

/// Runs `job` with its number and the round's on `threads` threads at once, and `between` after each
/// round.
fn rounds(threads: u32, rounds: u32, job: impl Fn(u32, u32) + Sync, between: impl Fn(u32)) {
    let barrier = Barrier::new(threads as usize + 1);
    let (job, barrier) = (&job, &barrier);
    thread::scope(|scope| {
        for number in 0..threads {
            scope.spawn(move || {
                for round in 0..rounds {
                    barrier.wait();
                    job(number, round);
                    barrier.wait();
                }
            });
        }
        for round in 0..rounds {
            barrier.wait();
            barrier.wait();
            between(round);
        }
    });
}

#[test]
fn of_a_hundred_calls_exactly_the_permits_are_probes() {
    const THREADS: u32 = 100;
    let runs = ROUNDS / 100;
    let breakers: Vec<_> = (0..runs).map(|_| breaker(config())).collect();
    for breaker in &breakers {
        breaker.trip(secs(0), None);
    }
    let admitted = AtomicU32::new(0);
    rounds(
        THREADS,
        runs,
        |_, round| match breakers[round as usize].try_acquire(secs(1)) {
            Ok(_) => {
                admitted.fetch_add(1, Ordering::Relaxed);
            }
            Err(refused) => assert_eq!(refused.reason, RejectReason::HalfOpenFull),
        },
        |round| {
            assert_eq!(admitted.swap(0, Ordering::Relaxed), 5);
            let metrics = breakers[round as usize].metrics(secs(1));
            assert_eq!((metrics.probes_out, metrics.rejected), (5, 95));
            assert_eq!((metrics.state, metrics.generation), (State::HalfOpen, 2));
        },
    );
}

#[test]
fn of_a_hundred_futures_exactly_the_permits_are_probes() {
    let breaker = breaker(config());
    breaker.trip(secs(0), None);
    let clock = ManualClock::default();
    clock.set(secs(1));
    let gate = AtomicU32::new(0);
    let calls = |_: u32| {
        let answer = std::future::poll_fn(|_| match gate.load(Ordering::Relaxed) {
            0 => Poll::Pending,
            _ => Poll::Ready(Ok::<_, ()>(())),
        });
        Box::pin(breaker.call_async(&clock, answer))
    };
    let mut context = Context::from_waker(Waker::noop());
    let mut calls: Vec<_> = (0..100).map(calls).collect();
    let first: Vec<_> = calls
        .iter_mut()
        .map(|call| call.as_mut().poll(&mut context))
        .collect();
    let waiting = first.iter().filter(|poll| poll.is_pending()).count();
    assert_eq!(waiting, 5);
    let refused = first.iter().filter(|poll| {
        matches!(poll, Poll::Ready(Err(CallError::Rejected(r))) if r.reason == RejectReason::HalfOpenFull)
    });
    assert_eq!(refused.count(), 95);
    assert_eq!(breaker.metrics(secs(1)).probes_out, 5);

    gate.store(1, Ordering::Relaxed);
    for (call, first) in calls.iter_mut().zip(&first) {
        if first.is_pending() {
            assert_eq!(call.as_mut().poll(&mut context), Poll::Ready(Ok(())));
        }
    }
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn futures_that_are_dropped_give_their_places_back() {
    let breaker = breaker(config());
    breaker.trip(secs(0), None);
    let clock = ManualClock::default();
    clock.set(secs(1));
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..ROUNDS {
        let mut calls: Vec<Pin<Box<_>>> = (0..5)
            .map(|_| Box::pin(breaker.call_async(&clock, pending::<Result<(), ()>>())))
            .collect();
        assert!(
            calls
                .iter_mut()
                .all(|call| call.as_mut().poll(&mut context).is_pending())
        );
        let sixth = pin!(breaker.call_async(&clock, async { Ok::<_, ()>(()) }));
        assert!(matches!(
            sixth.poll(&mut context),
            Poll::Ready(Err(CallError::Rejected(_)))
        ));
        drop(calls);
        assert_eq!(breaker.metrics(secs(1)).probes_out, 0);
    }
    assert_eq!(breaker.state(), State::HalfOpen);
}

#[test]
fn no_outcome_is_lost_where_a_bucket_is_turned_over() {
    const THREADS: u32 = 4;
    let breaker = breaker(config().with_failure_rate(Some(1.0)).with_min_calls(1_000));
    // Sixteen slots of a second: each round is the same slot, one turn later.
    let at = |round: u32| secs(16 * u64::from(round) + 3);
    rounds(
        THREADS,
        ROUNDS,
        |number, round| {
            let failed = (number + round) % 2 == 0;
            let outcome = if failed {
                Outcome::Failure
            } else {
                Outcome::Success
            };
            tell(&breaker, outcome, at(round));
        },
        |round| {
            let held = breaker.metrics(at(round)).window;
            assert_eq!((held.calls, held.failures), (4, 2), "round {round}");
        },
    );
}

#[test]
fn of_two_failures_that_reach_the_rate_together_one_opens() {
    let config = config().with_failure_rate(Some(1.0)).with_min_calls(2);
    let breakers: Vec<_> = (0..ROUNDS).map(|_| breaker(config.clone())).collect();
    rounds(
        2,
        ROUNDS,
        |number, round| {
            tell(
                &breakers[round as usize],
                Outcome::Failure,
                secs(u64::from(number)),
            );
        },
        |round| {
            assert_eq!(
                breakers[round as usize].state(),
                State::Open,
                "round {round}"
            )
        },
    );
}

#[test]
fn the_count_window_ends_where_its_outcomes_do() {
    const THREADS: u32 = 4;
    let config = config()
        .with_time_window(None)
        .with_count_window(Some(100))
        .with_min_calls(100)
        .with_failure_rate(Some(1.0));
    let breaker = breaker(config);
    rounds(
        THREADS,
        ROUNDS / 10,
        |number, round| {
            for call in 0..50 {
                let failed = (call + number + round) % 5 < 2;
                let outcome = if failed {
                    Outcome::Failure
                } else {
                    Outcome::Success
                };
                tell(&breaker, outcome, secs(0));
            }
        },
        |round| {
            let held = breaker.metrics(secs(0)).window;
            assert!(
                held.calls == 100 && held.failures <= 100,
                "round {round}: {held:?}"
            );
        },
    );
    let before = breaker.metrics(secs(0)).window.failures;
    let mut left = before;
    for _ in 0..100 {
        tell(&breaker, Outcome::Success, secs(0));
        let now = breaker.metrics(secs(0)).window.failures;
        assert!(now == left || now + 1 == left);
        left = now;
    }
    assert!(before > 0);
    assert_eq!(left, 0);
}

#[test]
fn a_storm_of_calls_and_commands_begins_every_generation_once() {
    const THREADS: u32 = 4;
    let told = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&told);
    let listener = move |change: &Transition| into.lock().unwrap().push(*change);
    let config = config().with_consecutive_failures(Some(2));
    let settings = Settings::new(config)
        .unwrap()
        .with_listener(Arc::new(listener));
    let breaker = CircuitBreaker::new(&settings, 1);
    let clock = AtomicU64::new(0);
    rounds(
        THREADS,
        ROUNDS,
        |number, round| {
            let now = Duration::from_millis(clock.fetch_add(300, Ordering::Relaxed));
            let token = breaker.try_acquire(now).ok();
            match (number + round) % 7 {
                0 => breaker.reset(now),
                1 => drop(breaker.trip(now, None)),
                _ => {}
            }
            if let Some(token) = token {
                let outcomes = [Outcome::Failure, Outcome::Success, Outcome::Ignored];
                breaker.record(token, outcomes[(number + round) as usize % 3], now);
            }
        },
        |_| {},
    );
    let mut told = told.lock().unwrap().clone();
    told.sort_by_key(|change| change.generation);
    let last = breaker.metrics(secs(0)).generation;
    assert!(last > ROUNDS / 2);
    assert!(told.iter().map(|change| change.generation).eq(1..=last));
    assert!(told.windows(2).all(|pair| pair[0].to == pair[1].from));
    assert!(
        told.windows(2)
            .all(|pair| { pair[0].to != State::HalfOpen || pair[0].from == State::Open })
    );
}
