//! The times beside the word: a late writer, a reader between the two.

use circuit_breaker::{HalfOpen, Outcome, RejectReason, State};

use crate::{breaker, check, config, generation, listened, meet, race, secs};

#[test]
fn a_reader_before_the_stamp_waits_as_long_as_any() {
    check(|| {
        let breaker = breaker(config().with_consecutive_failures(Some(1)));
        let token = breaker.try_acquire(secs(1.0)).unwrap();
        let (_, early, late) = race(
            &breaker,
            move |b| b.record(token, Outcome::Failure, secs(1.0)),
            |b| b.try_acquire(secs(1.0)),
            |b| b.try_acquire(secs(1.9)),
        );
        for asked in [early, late] {
            match asked {
                Ok(token) => assert_eq!(generation(token), 0),
                Err(refused) => {
                    assert_eq!(refused.reason, RejectReason::Open);
                    assert!(refused.retry_after.unwrap() <= secs(1.9));
                    assert!(refused.retry_after.unwrap() >= secs(0.1));
                }
            }
        }
        assert_eq!(breaker.state(), State::Open);
        let until = breaker.next_wakeup().unwrap();
        assert!((secs(2.0)..=secs(2.9)).contains(&until), "{until:?}");
    });
}

#[test]
fn a_late_writer_leaves_the_times_of_a_later_generation() {
    check(|| {
        let (breaker, told) = listened(config());
        meet(
            &breaker,
            |b| b.trip(secs(0.0), Some(secs(1.0))),
            |b| {
                b.reset(secs(5.0));
                b.trip(secs(6.0), Some(secs(10.0)));
                b.reset(secs(7.0));
            },
        );
        let metrics = breaker.metrics(secs(8.0));
        let told = told.lock().unwrap();
        let last = told.iter().max_by_key(|t| t.generation).unwrap();
        assert_eq!(metrics.for_how_long, secs(8.0) - last.at);
        if let Some(wait) = last.open_wait {
            let until = breaker.next_wakeup().unwrap();
            // A trip of what is open moves the end of its wait.
            assert!([last.at + wait, secs(1.0), secs(16.0)].contains(&until));
        }
    });
}

#[test]
fn a_probe_just_admitted_keeps_its_lease() {
    check(|| {
        let half_open = HalfOpen::default()
            .with_permits(2)
            .with_lease(Some(secs(10.0)));
        let breaker = breaker(config().with_half_open(half_open));
        breaker.trip(secs(0.0), None);
        let first = breaker.try_acquire(secs(1.0));
        assert!(first.is_ok());
        let (one, two, three) = race(
            &breaker,
            |b| b.try_acquire(secs(11.5)),
            |b| b.try_acquire(secs(11.5)),
            |b| b.try_acquire(secs(11.5)),
        );
        // One of the three has the second place; nothing was lost for as long as a lease.
        assert_eq!([one, two, three].iter().filter(|a| a.is_ok()).count(), 1);
        assert_eq!(breaker.state(), State::HalfOpen);
    });
}

#[test]
fn who_began_half_open_does_not_set_the_lease_back() {
    check(|| {
        let half_open = HalfOpen::default()
            .with_permits(2)
            .with_lease(Some(secs(10.0)));
        let breaker = breaker(config().with_half_open(half_open));
        breaker.trip(secs(0.0), None);
        let (_, second, _) = race(
            &breaker,
            |b| b.try_acquire(secs(1.0)).is_ok(),
            |b| b.try_acquire(secs(9.0)).is_ok(),
            |b| b.next_wakeup(),
        );
        assert!(second);
        // The newest probe was admitted at 9 s at the earliest.
        let refused = breaker.try_acquire(secs(12.0)).unwrap_err();
        assert_eq!(refused.reason, RejectReason::HalfOpenFull);
        assert_eq!(breaker.state(), State::HalfOpen);
    });
}

#[test]
fn a_hold_that_was_accepted_holds() {
    check(|| {
        let breaker = breaker(config().with_consecutive_failures(Some(1)));
        let token = breaker.try_acquire(secs(1.0)).unwrap();
        let (_, _, held) = race(
            &breaker,
            move |b| b.record(token, Outcome::Failure, secs(1.0)),
            |b| b.try_acquire(secs(1.0)).is_ok(),
            |b| b.hold_open(secs(50.0)),
        );
        assert_eq!(breaker.state(), State::Open);
        if held {
            assert_eq!(breaker.next_wakeup(), Some(secs(50.0)));
        }
    });
}

#[test]
fn an_earlier_probe_that_was_accepted_comes() {
    check(|| {
        let breaker = breaker(config().with_consecutive_failures(Some(1)));
        let token = breaker.try_acquire(secs(1.0)).unwrap();
        let (_, _, moved) = race(
            &breaker,
            move |b| b.record(token, Outcome::Failure, secs(1.0)),
            |b| b.try_acquire(secs(1.0)).is_ok(),
            |b| b.probe_at(secs(1.25)),
        );
        if moved {
            assert_eq!(breaker.next_wakeup(), Some(secs(1.25)));
        }
    });
}

#[test]
fn holds_and_probes_meet_at_a_time_that_one_of_them_said() {
    check(|| {
        let breaker = breaker(config());
        breaker.trip(secs(0.0), Some(secs(10.0)));
        race(
            &breaker,
            |b| assert!(b.hold_open(secs(30.0))),
            |b| assert!(b.probe_at(secs(20.0))),
            |b| assert!(b.hold_open(secs(25.0))),
        );
        let until = breaker.next_wakeup().unwrap();
        assert!([20.0, 25.0, 30.0].map(secs).contains(&until), "{until:?}");
        assert!(breaker.try_acquire(secs(19.0)).is_err());
    });
}

#[test]
fn a_wait_that_a_trip_gave_is_kept() {
    check(|| {
        let breaker = breaker(config().with_consecutive_failures(Some(1)));
        let token = breaker.try_acquire(secs(1.0)).unwrap();
        race(
            &breaker,
            move |b| b.record(token, Outcome::Failure, secs(1.0)),
            |b| b.try_acquire(secs(1.0)).is_ok(),
            |b| assert!(b.trip(secs(1.0), Some(secs(40.0)))),
        );
        assert_eq!(breaker.next_wakeup(), Some(secs(41.0)));
    });
}
