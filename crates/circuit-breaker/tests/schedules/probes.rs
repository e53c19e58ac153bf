//! Half-open: no more probes than permits, and every place comes back.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use circuit_breaker::{CircuitBreaker, HalfOpen, Outcome, Recorded, RejectReason, State, Token};

use crate::{breaker, check, config, generation, listened, race, secs};

/// Probes of the first half-open period that are out, counted from outside: up once they are
/// admitted, down before they are told of. What is out in truth is never less.
#[derive(Default)]
struct Out {
    now: AtomicU32,
    most: AtomicU32,
}

impl Out {
    fn admitted(&self, token: Token) {
        if generation(token) == 2 {
            let now = self.now.fetch_add(1, SeqCst) + 1;
            self.most.fetch_max(now, SeqCst);
        }
    }

    fn telling(&self, token: Token) {
        if generation(token) == 2 {
            self.now.fetch_sub(1, SeqCst);
        }
    }

    /// Asks at `at`, and tells at once; `None` gives up.
    fn probe(&self, breaker: &CircuitBreaker, at: f64, outcome: Option<Outcome>) -> Option<Token> {
        let token = breaker.try_acquire(secs(at)).ok()?;
        self.admitted(token);
        // Where another thread's step may come in between.
        let _ = breaker.state();
        self.telling(token);
        match outcome {
            Some(outcome) => breaker.record(token, outcome, secs(at)),
            None => breaker.cancel(token, secs(at)),
        };
        Some(token)
    }
}

fn permits(permits: u32) -> circuit_breaker::Config {
    config().with_half_open(HalfOpen::default().with_permits(permits))
}

#[test]
fn half_open_never_has_more_out_than_its_permits() {
    check(|| {
        let breaker = breaker(permits(2));
        breaker.trip(secs(0.0), None);
        let out = std::sync::Arc::new(Out::default());
        let (one, two) = (out.clone(), out.clone());
        let _ = race(
            &breaker,
            move |b| one.probe(b, 1.0, Some(Outcome::Success)),
            move |b| two.probe(b, 1.0, None),
            |b| b.try_acquire(secs(1.0)).map(|token| out.admitted(token)),
        );
        assert!((1..=2).contains(&out.most.load(SeqCst)));
    });
}

#[test]
fn half_open_admits_exactly_its_permits_while_none_comes_back() {
    check(|| {
        let breaker = breaker(permits(2));
        breaker.trip(secs(0.0), None);
        let ask = |b: &CircuitBreaker| b.try_acquire(secs(1.0));
        let (a, b, c) = race(&breaker, ask, ask, ask);
        let asked = [a, b, c];
        assert_eq!(asked.iter().filter(|a| a.is_ok()).count(), 2);
        let refused = asked.iter().find_map(|a| a.as_ref().err()).unwrap();
        assert_eq!(refused.reason, RejectReason::HalfOpenFull);
        assert_eq!(breaker.metrics(secs(1.0)).probes_out, 2);
    });
}

#[test]
fn every_generation_begins_once() {
    check(|| {
        let (breaker, told) = listened(permits(1));
        breaker.trip(secs(0.0), None);
        race(
            &breaker,
            |b| Out::default().probe(b, 1.0, Some(Outcome::Failure)),
            |b| b.trip(secs(1.0), None),
            |b| b.reset(secs(1.0)),
        );
        let mut told: Vec<_> = told.lock().unwrap().clone();
        told.sort_by_key(|t| t.generation);
        let began: Vec<u32> = told.iter().map(|t| t.generation).collect();
        let last = breaker.metrics(secs(1.0)).generation;
        assert_eq!(began, (1..=last).collect::<Vec<_>>());
        for pair in told.windows(2) {
            assert_eq!(pair[0].to, pair[1].from, "{told:?}");
        }
        assert_eq!(told.last().unwrap().to, breaker.state());
    });
}

#[test]
fn places_of_probes_that_say_nothing_come_back() {
    check(|| {
        let breaker = breaker(permits(2));
        breaker.trip(secs(0.0), None);
        let first = breaker.try_acquire(secs(1.0)).unwrap();
        race(
            &breaker,
            move |b| b.record(first, Outcome::Ignored, secs(1.0)),
            |b| Out::default().probe(b, 1.0, None),
            |b| Out::default().probe(b, 1.0, Some(Outcome::Ignored)),
        );
        let metrics = breaker.metrics(secs(1.0));
        assert_eq!((metrics.state, metrics.probes_out), (State::HalfOpen, 0));
        let again = [1.0, 1.0, 1.0].map(|at| breaker.try_acquire(secs(at)).is_ok());
        assert_eq!(again, [true, true, false]);
    });
}

#[test]
fn a_lost_probe_is_reclaimed_once_and_its_outcome_is_late() {
    check(|| {
        let (breaker, told) = listened(permits(1));
        breaker.trip(secs(0.0), None);
        let probe = breaker.try_acquire(secs(1.0)).unwrap();
        let (recorded, again, other) = race(
            &breaker,
            move |b| b.record(probe, Outcome::Ignored, secs(11.0)),
            |b| b.try_acquire(secs(11.0)),
            |b| b.try_acquire(secs(11.0)),
        );
        let metrics = breaker.metrics(secs(11.0));
        let admitted = [again, other].iter().filter(|a| a.is_ok()).count();
        let told = told.lock().unwrap().len();
        let seen = (metrics.state, told, admitted, metrics.probes_out);
        let allowed: &[_] = match recorded {
            // The place came back and one of the two has it, or came too early for the place. Given away
            // again between two looks of the third thread, it looks like one that never came back.
            Recorded::Ignored => &[
                (State::HalfOpen, 2, 1, 1),
                (State::HalfOpen, 2, 0, 0),
                (State::Open, 3, 1, 0),
            ],
            Recorded::Stale => &[(State::Open, 3, 0, 0)],
            Recorded::Counted => &[],
        };
        assert!(allowed.contains(&seen), "{recorded:?} {seen:?}");
        assert_eq!(metrics.stale, u32::from(recorded == Recorded::Stale));
    });
}

#[test]
fn the_last_probes_close_once_whatever_their_order() {
    check(|| {
        let (breaker, told) = listened(permits(3));
        breaker.trip(secs(0.0), None);
        let [a, b, c] = [1.0; 3].map(|at| breaker.try_acquire(secs(at)).unwrap());
        let tell = |token, outcome| move |b: &CircuitBreaker| b.record(token, outcome, secs(1.5));
        race(
            &breaker,
            tell(a, Outcome::Success),
            tell(b, Outcome::Failure),
            tell(c, Outcome::Success),
        );
        // Two of three have to fail: two successes close, and the third outcome is late or counted.
        assert_eq!(breaker.state(), State::Closed);
        assert_eq!(told.lock().unwrap().len(), 3);
        let metrics = breaker.metrics(secs(1.5));
        assert_eq!((metrics.window.calls, metrics.openings), (0, 0));
    });
}
