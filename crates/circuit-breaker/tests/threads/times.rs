//! Clocks that go astray.

use std::time::Duration;

use circuit_breaker::{Outcome, State, TimeWindow};

use crate::{breaker, config, secs, tell};

#[test]
fn a_clock_that_goes_back_over_a_reset_revives_nothing() {
    // A turn of the ring is 16 s.
    for back in [0, 1, 15, 16, 17, 32, 48, 160, 320, 1_000] {
        let breaker = breaker(config());
        let then = secs(2_000);
        for _ in 0..19 {
            tell(&breaker, Outcome::Failure, then);
        }
        breaker.reset(then);
        let now = then - secs(back);
        tell(&breaker, Outcome::Failure, now);
        assert_eq!(breaker.state(), State::Closed, "{back} s back");
        let held = breaker.metrics(now).window;
        assert_eq!((held.calls, held.failures), (1, 1), "{back} s back");
    }
}

#[test]
fn a_clock_that_goes_back_64_turns_over_a_reset_revives_a_bucket() {
    // How far a clock may go back: one turn less revives nothing.
    for (turns, revived) in [(63, 0), (64, 19), (65, 19), (80, 19), (81, 0)] {
        let breaker = breaker(config());
        let then = secs(2_000);
        for _ in 0..19 {
            tell(&breaker, Outcome::Failure, then);
        }
        breaker.reset(then);
        let held = breaker.metrics(then - secs(16 * turns)).window;
        assert_eq!(held.failures, revived, "{turns} turns back");
    }
}

#[test]
fn a_thread_that_was_held_up_through_a_whole_cycle_revives_nothing() {
    // Buckets of a millisecond: a turn is 16 ms, and a cycle of three transitions takes 48.
    let window = TimeWindow::new(Duration::from_millis(16), 16);
    let breaker = breaker(config().with_time_window(Some(window)));
    let read = Duration::from_millis(1_000);
    let then = read + Duration::from_millis(48);
    for _ in 0..20 {
        tell(&breaker, Outcome::Failure, then);
    }
    assert_eq!(breaker.state(), State::Open);
    for _ in 0..3 {
        tell(&breaker, Outcome::Success, then + secs(1));
    }
    assert_eq!(breaker.state(), State::Closed);
    tell(&breaker, Outcome::Failure, read);
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(breaker.metrics(read).window.calls, 1);
}

#[test]
fn one_time_in_the_future_blinds_no_judgement() {
    for ahead in [5, 9, 10, 15, 16, 100, 250, 300, 10_000] {
        let breaker = breaker(config());
        tell(&breaker, Outcome::Success, secs(100 + ahead));
        let mut failures = 0;
        while breaker.state() == State::Closed && failures < 100 {
            tell(&breaker, Outcome::Failure, secs(100));
            failures += 1;
        }
        assert!((19..=20).contains(&failures), "{ahead} s ahead: {failures}");
    }
}

#[test]
fn a_later_bucket_that_an_earlier_time_fills_does_not_overflow() {
    let breaker = breaker(config());
    tell(&breaker, Outcome::Failure, secs(16));
    for _ in 0..(1 << 21) + 10 {
        tell(&breaker, Outcome::Success, secs(0));
    }
    let held = breaker.metrics(secs(16)).window;
    assert!(held.failures <= 1, "{held:?}");
    assert!((1 << 17..=1 << 18).contains(&held.calls), "{held:?}");
    assert_eq!(breaker.metrics(secs(32)).window.calls, 0);
}

#[test]
fn a_wait_is_never_cut_by_a_part_of_a_microsecond() {
    let breaker = breaker(config());
    let opened = Duration::from_nanos(1_999);
    breaker.trip(opened, None);
    assert!(
        breaker
            .try_acquire(opened + secs(1) - Duration::from_nanos(1))
            .is_err()
    );
    assert!(
        breaker
            .try_acquire(opened + secs(1) + Duration::from_micros(1))
            .is_ok()
    );
}
