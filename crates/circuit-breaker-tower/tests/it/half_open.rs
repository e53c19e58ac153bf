//! Half-open, with many calls at once.

use std::sync::Arc;
use std::time::Duration;

use circuit_breaker_tower::{CircuitBreakerLayer, Error, ManualClock, RejectReason, State};
use tower::{Layer, Service};

use crate::services::{Run, answer, never, poll, says, touchy};

#[test]
fn a_hundred_calls_at_once_get_exactly_the_permits() {
    for permits in [1, 2, 5, 100] {
        let clock = Arc::new(ManualClock::default());
        let layer = CircuitBreakerLayer::new(touchy(Duration::from_secs(1), permits));
        let layer = layer.expect("accepted").with_clock(Arc::clone(&clock));
        let mut service = layer.layer(Run::default());
        assert!(answer(service.call(says(Err("down")))).is_err());
        clock.advance(Duration::from_secs(1));

        let mut calls: Vec<_> = (0..100).map(|_| service.clone().call(never())).collect();
        let refused = calls.iter_mut().filter_map(|call| match poll(call) {
            std::task::Poll::Ready(Err(Error::Rejected(rejected))) => Some(rejected.reason),
            std::task::Poll::Ready(other) => panic!("{other:?}"),
            std::task::Poll::Pending => None,
        });
        let refused: Vec<_> = refused.collect();
        assert_eq!(refused.len(), 100 - permits as usize);
        assert!(refused.iter().all(|r| *r == RejectReason::HalfOpenFull));
        assert_eq!(
            service
                .get_ref()
                .0
                .load(std::sync::atomic::Ordering::Relaxed),
            permits + 1
        );
    }
}

#[test]
fn a_hundred_threads_get_exactly_the_permits() {
    let clock = Arc::new(ManualClock::default());
    let layer = CircuitBreakerLayer::new(touchy(Duration::from_secs(1), 5)).expect("accepted");
    let mut service = layer.with_clock(Arc::clone(&clock)).layer(Run::default());
    assert!(answer(service.call(says(Err("down")))).is_err());
    clock.advance(Duration::from_secs(1));
    let barrier = std::sync::Barrier::new(100);
    let admitted: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..100)
            .map(|_| {
                let (mut service, barrier) = (service.clone(), &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    let mut call = service.call(never());
                    let admitted = poll(&mut call).is_pending();
                    // Kept until all have asked: a dropped probe frees its place.
                    barrier.wait();
                    usize::from(admitted)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|t| t.join().expect("no panic"))
            .sum()
    });
    assert_eq!(admitted, 5);
}

#[test]
fn probes_close_it_or_open_it_again() {
    for (answers, state) in [
        ([Ok(1), Ok(2)], State::Closed),
        ([Err("still down"), Err("still down")], State::Open),
    ] {
        let clock = Arc::new(ManualClock::default());
        let layer = CircuitBreakerLayer::new(touchy(Duration::from_secs(1), 2)).expect("accepted");
        let mut service = layer.with_clock(Arc::clone(&clock)).layer(Run::default());
        assert!(answer(service.call(std::future::ready(Err("down")))).is_err());
        clock.advance(Duration::from_secs(1));
        let mut probes = answers.map(|a| service.call(std::future::ready(a)));
        for probe in &mut probes {
            assert!(poll(probe).is_ready());
        }
        assert_eq!(service.breaker().state(), state);
    }
}
