//! A decision is about the breaker as it was: carried out late, it changes nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use circuit_breaker::fleet::{Board, FleetAction, FleetDecision, FleetView};
use circuit_breaker::{CircuitBreaker, OpenReason, Outcome, State};

use crate::fleet::settings;

const RACES: u32 = if cfg!(feature = "full") {
    200_000
} else {
    5000
};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// What the fleet says to `breaker` at `now`, by reports of two others that are bad, one of which
/// probes for all.
fn decide(breaker: &CircuitBreaker, view: &mut FleetView, now: Duration) -> FleetDecision {
    let mut board = Board::default();
    board.write("pod-1", "99900 1 open 0 bad 40 30 0 0");
    board.write("pod-2", "99800 1 open 0 bad 40 30 0 0");
    board.write("", "1 0 1 0 101000 0 pod-1");
    let reply = board.exchange(&view.prepare(breaker, now), 100_000);
    view.decide(breaker, now, &reply)
}

fn given() -> (CircuitBreaker, FleetView) {
    let (settings, fleet) = settings();
    let breaker = CircuitBreaker::new(&settings, 1);
    (breaker, FleetView::new(&fleet, "pod-0", 1).unwrap())
}

/// Half-open, one probe out of five back.
fn half_open() -> (CircuitBreaker, FleetView) {
    let (breaker, mut view) = given();
    breaker.trip(ms(0), Some(ms(500)));
    decide(&breaker, &mut view, ms(10));
    let token = breaker.try_acquire(ms(500)).unwrap();
    breaker.record(token, Outcome::Success, ms(510));
    assert_eq!(breaker.state(), State::HalfOpen);
    (breaker, view)
}

#[test]
fn an_opening_is_carried_out_once() {
    let (breaker, mut view) = given();
    let decision = decide(&breaker, &mut view, ms(1000));
    assert_eq!(decision.action, FleetAction::Open);
    assert!(decision.apply(&breaker));
    let metrics = breaker.metrics(ms(1000));
    assert_eq!(metrics.opened_by, Some(OpenReason::Shared));
    assert_eq!(metrics.openings, 1);
    assert!(!decision.apply(&breaker));
    assert_eq!(breaker.metrics(ms(1000)), metrics);
    breaker.reset(ms(2000));
    assert!(!decision.apply(&breaker));
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn what_is_counted_meanwhile_does_not_fence() {
    let (breaker, mut view) = given();
    let decision = decide(&breaker, &mut view, ms(1000));
    let token = breaker.try_acquire(ms(1010)).unwrap();
    breaker.record(token, Outcome::Failure, ms(1020));
    assert!(decision.apply(&breaker));
}

#[test]
fn a_reopening_is_about_those_probes() {
    let (breaker, mut view) = half_open();
    let decision = decide(&breaker, &mut view, ms(600));
    assert_eq!(decision.action, FleetAction::Reopen);
    // They are judged, the breaker opens and probes again before it is carried out.
    while let Ok(token) = breaker.try_acquire(ms(610)) {
        breaker.record(token, Outcome::Failure, ms(620));
    }
    assert_eq!(breaker.state(), State::Open);
    assert!(breaker.try_acquire(ms(60_000)).is_ok());
    assert_eq!(breaker.state(), State::HalfOpen);
    assert!(!decision.apply(&breaker));
    assert_eq!(breaker.state(), State::HalfOpen);

    let (breaker, mut view) = half_open();
    let decision = decide(&breaker, &mut view, ms(600));
    assert!(decision.apply(&breaker));
    assert_eq!(breaker.metrics(ms(600)).openings, 2);
    assert!(!decision.apply(&breaker));
}

#[test]
fn a_hold_is_about_that_opening() {
    let (breaker, mut view) = given();
    breaker.trip(ms(0), Some(ms(100)));
    let decision = decide(&breaker, &mut view, ms(50));
    assert!(matches!(decision.action, FleetAction::Hold { .. }));
    breaker.reset(ms(60));
    breaker.trip(ms(70), Some(ms(10)));
    assert!(!decision.apply(&breaker));
    assert_eq!(breaker.next_wakeup(), Some(ms(80)));
}

#[test]
fn nothing_comes_between_the_check_and_the_change() {
    let mut applied = 0;
    for race in 0..RACES {
        let (breaker, mut view) = half_open();
        let decision = decide(&breaker, &mut view, ms(600));
        let tokens: Vec<_> = (0..4)
            .map(|_| breaker.try_acquire(ms(600)).unwrap())
            .collect();
        let go = AtomicBool::new(false);
        let reopened = std::thread::scope(|scope| {
            let closer = scope.spawn(|| {
                while !go.load(Ordering::Acquire) {
                    std::hint::spin_loop();
                }
                for token in tokens {
                    breaker.record(token, Outcome::Success, ms(610));
                }
            });
            go.store(true, Ordering::Release);
            for _ in 0..race % 64 {
                std::hint::spin_loop();
            }
            let reopened = decision.apply(&breaker);
            closer.join().unwrap();
            reopened
        });
        // Whichever came first stands.
        let expected = if reopened { State::Open } else { State::Closed };
        assert_eq!(breaker.state(), expected, "race {race}");
        applied += u32::from(reopened);
    }
    assert!(applied > 0);
}
