//! All states × all operations, and what a listener is told.

use std::sync::{Arc, Mutex};

use circuit_breaker::{
    CircuitBreaker, Config, Dialect, HalfOpen, OpenReason, OpenWait, Outcome, Recorded,
    RejectReason, Settings, State, Transition,
};
use proptest::prelude::*;

use crate::given::{Driver, Op, anything, cases, config, ms};

use State::{Closed, Disabled, ForcedOpen, HalfOpen as Half, MetricsOnly, Open};

const STATES: [State; 6] = [Closed, Open, Half, ForcedOpen, Disabled, MetricsOnly];

fn config_of_the_table() -> Config {
    Config::consecutive(1, ms(1000))
        .with_half_open(HalfOpen::default().with_permits(1))
        .with_open_wait(OpenWait::fixed(ms(1000)))
}

/// In `state` at one second; half-open with a place free. Also a token of this state, where it gives any.
fn in_state(state: State) -> CircuitBreaker {
    let breaker = CircuitBreaker::with_config(config_of_the_table(), 7).unwrap();
    match state {
        Open => _ = breaker.trip(ms(500), None),
        Half => {
            breaker.trip(ms(0), None);
            let probe = breaker.try_acquire(ms(1000)).unwrap();
            breaker.record(probe, Outcome::Ignored, ms(1000));
        }
        ForcedOpen => breaker.force_open(ms(0)),
        Disabled => breaker.disable(ms(0)),
        MetricsOnly => breaker.metrics_only(ms(0)),
        _ => {}
    }
    assert_eq!(breaker.state(), state);
    breaker
}

#[test]
fn asking() {
    let now = ms(1000);
    for state in STATES {
        let breaker = in_state(state);
        let answer = breaker
            .try_acquire(now)
            .map_err(|r| (r.reason, r.retry_after, r.opened_by));
        let wanted = match state {
            Open => Err((RejectReason::Open, Some(ms(500)), Some(OpenReason::Tripped))),
            ForcedOpen => Err((RejectReason::ForcedOpen, None, None)),
            _ => Ok(()),
        };
        assert_eq!(answer.map(|_| ()), wanted, "{state:?}");
        assert_eq!(breaker.state(), state);
        // The second one.
        let full = breaker.try_acquire(now).map(|_| ()).map_err(|r| r.reason);
        let wanted = match state {
            Half => Err(RejectReason::HalfOpenFull),
            _ => wanted.map_err(|(reason, ..)| reason),
        };
        assert_eq!(full, wanted, "{state:?}");
    }
}

#[test]
fn recording() {
    let now = ms(1000);
    // State, outcome, what is said, the state then.
    let table = [
        (Closed, Outcome::Success, Recorded::Counted, Closed),
        (Closed, Outcome::Slow, Recorded::Counted, Closed),
        (Closed, Outcome::Failure, Recorded::Counted, Open),
        (Closed, Outcome::Ignored, Recorded::Ignored, Closed),
        (Half, Outcome::Success, Recorded::Counted, Closed),
        (Half, Outcome::Slow, Recorded::Counted, Closed),
        (Half, Outcome::Failure, Recorded::Counted, Open),
        (Half, Outcome::Ignored, Recorded::Ignored, Half),
        (Disabled, Outcome::Success, Recorded::Ignored, Disabled),
        (Disabled, Outcome::Slow, Recorded::Ignored, Disabled),
        (Disabled, Outcome::Failure, Recorded::Ignored, Disabled),
        (Disabled, Outcome::Ignored, Recorded::Ignored, Disabled),
        (
            MetricsOnly,
            Outcome::Success,
            Recorded::Counted,
            MetricsOnly,
        ),
        (MetricsOnly, Outcome::Slow, Recorded::Counted, MetricsOnly),
        (
            MetricsOnly,
            Outcome::Failure,
            Recorded::Counted,
            MetricsOnly,
        ),
        (
            MetricsOnly,
            Outcome::Ignored,
            Recorded::Ignored,
            MetricsOnly,
        ),
    ];
    for (state, outcome, told, after) in table {
        let breaker = in_state(state);
        let token = breaker.try_acquire(now).unwrap();
        assert_eq!(
            breaker.record(token, outcome, now),
            told,
            "{state:?} {outcome:?}"
        );
        assert_eq!(breaker.state(), after, "{state:?} {outcome:?}");
        let stale = breaker.metrics(now).stale;
        assert_eq!(stale, 0);
        // As if the duration had been measured.
        let breaker = in_state(state);
        let token = breaker.try_acquire(now).unwrap();
        assert_eq!(
            breaker.record_timed(token, outcome, ms(5), now),
            told,
            "{state:?} {outcome:?}"
        );
        assert_eq!(breaker.state(), after, "{state:?} {outcome:?}");
    }
}

/// Given up early, nothing; late, a failure.
#[test]
fn cancelling() {
    let table = [
        (Closed, Recorded::Counted, Open),
        (Half, Recorded::Counted, Open),
        (Disabled, Recorded::Ignored, Disabled),
        (MetricsOnly, Recorded::Counted, MetricsOnly),
    ];
    for (state, told, after) in table {
        let breaker = in_state(state);
        let early = breaker.try_acquire(ms(1000)).unwrap();
        assert_eq!(breaker.cancel(early, ms(1999)), Recorded::Ignored);
        assert_eq!(breaker.state(), state);
        let late = breaker.try_acquire(ms(2000)).unwrap();
        assert_eq!(breaker.cancel(late, ms(3000)), told, "{state:?}");
        assert_eq!(breaker.state(), after, "{state:?}");
    }
}

/// Outcomes of an earlier state change nothing in any state.
#[test]
fn a_token_of_before() {
    for state in STATES.into_iter().filter(|state| *state != Closed) {
        let breaker = in_state(Closed);
        let token = breaker.try_acquire(ms(0)).unwrap();
        let change = |breaker: &CircuitBreaker| match state {
            Open => _ = breaker.trip(ms(500), None),
            ForcedOpen => breaker.force_open(ms(0)),
            Disabled => breaker.disable(ms(0)),
            MetricsOnly => breaker.metrics_only(ms(0)),
            _ => {
                breaker.trip(ms(0), None);
                let _probe = breaker.try_acquire(ms(1000)).unwrap();
            }
        };
        change(&breaker);
        let before = breaker.metrics(ms(1000));
        assert_eq!(
            breaker.record(token, Outcome::Failure, ms(1000)),
            Recorded::Stale
        );
        let after = breaker.metrics(ms(1000));
        assert_eq!(after.stale, before.stale + 1);
        assert_eq!((after.state, after.generation), (state, before.generation));
        assert_eq!(
            (after.window, after.probes_out),
            (before.window, before.probes_out)
        );
    }
}

#[test]
fn what_an_operator_does() {
    type Act = fn(&CircuitBreaker) -> bool;
    type Row = (&'static str, Act, [(bool, State); 6]);
    let now = ms(1000);
    // Name, what is done, then for each state whether it says so and the state after.
    let acts: [Row; 7] = [
        (
            "trip",
            |b| b.trip(ms(1000), None),
            [
                (true, Open),
                (true, Open),
                (true, Open),
                (false, ForcedOpen),
                (false, Disabled),
                (false, MetricsOnly),
            ],
        ),
        (
            "force_open",
            |b| {
                b.force_open(ms(1000));
                true
            },
            [(true, ForcedOpen); 6],
        ),
        (
            "disable",
            |b| {
                b.disable(ms(1000));
                true
            },
            [(true, Disabled); 6],
        ),
        (
            "metrics_only",
            |b| {
                b.metrics_only(ms(1000));
                true
            },
            [(true, MetricsOnly); 6],
        ),
        (
            "reset",
            |b| {
                b.reset(ms(1000));
                true
            },
            [(true, Closed); 6],
        ),
        (
            "hold_open",
            |b| b.hold_open(ms(9000)),
            STATES.map(|s| (s == Open, s)),
        ),
        (
            "probe_at",
            |b| b.probe_at(ms(1000)),
            STATES.map(|s| (s == Open, s)),
        ),
    ];
    for (name, act, wanted) in acts {
        for (state, (told, after)) in STATES.into_iter().zip(wanted) {
            let breaker = in_state(state);
            assert_eq!(act(&breaker), told, "{name} in {state:?}");
            assert_eq!(breaker.state(), after, "{name} in {state:?}");
            if name == "reset" {
                assert_eq!(breaker.metrics(now).window.calls, 0);
                assert!(breaker.try_acquire(now).is_ok());
            }
        }
    }
    let end = |act: fn(&CircuitBreaker) -> bool| {
        let breaker = in_state(Open);
        act(&breaker);
        breaker.next_wakeup()
    };
    assert_eq!(end(|b| b.hold_open(ms(9000))), Some(ms(9000)));
    assert_eq!(end(|b| b.hold_open(ms(900))), Some(ms(1500)));
    assert_eq!(end(|b| b.probe_at(ms(900))), Some(ms(900)));
    assert_eq!(end(|b| b.probe_at(ms(9000))), Some(ms(1500)));
    assert_eq!(end(|b| b.trip(ms(1000), Some(ms(7)))), Some(ms(1007)));
    assert_eq!(end(|b| b.trip(ms(1000), None)), Some(ms(2000)));
}

#[test]
fn wakeups() {
    for state in STATES {
        let wanted = (state == Open).then_some(ms(1500));
        assert_eq!(in_state(state).next_wakeup(), wanted, "{state:?}");
    }
    let half = in_state(Half);
    let _probe = half.try_acquire(ms(1200)).unwrap();
    assert_eq!(half.next_wakeup(), Some(ms(31_200)));
}

#[test]
fn a_token_told_twice_is_harmless_for_what_closes() {
    let config = config_of_the_table().with_half_open(HalfOpen::default().with_permits(3));
    let breaker = CircuitBreaker::with_config(config, 7).unwrap();
    breaker.trip(ms(0), None);
    let probe = breaker.try_acquire(ms(1000)).unwrap();
    assert_eq!(
        breaker.record(probe, Outcome::Success, ms(1000)),
        Recorded::Counted
    );
    // No other probe is out: nobody but it can have been told.
    for outcome in [Outcome::Success, Outcome::Failure, Outcome::Ignored] {
        assert_eq!(breaker.record(probe, outcome, ms(1000)), Recorded::Stale);
    }
    assert_eq!(breaker.metrics(ms(1000)).window.calls, 1);
    assert_eq!(breaker.metrics(ms(1000)).probes_out, 0);
    assert_eq!(breaker.state(), Half);
    // Given back twice, its place is free once.
    let second = breaker.try_acquire(ms(1000)).unwrap();
    assert_eq!(
        breaker.record(second, Outcome::Ignored, ms(1000)),
        Recorded::Ignored
    );
    assert_eq!(
        breaker.record(second, Outcome::Ignored, ms(1000)),
        Recorded::Stale
    );
    let admitted = (0..9)
        .filter(|_| breaker.try_acquire(ms(1000)).is_ok())
        .count();
    assert_eq!(admitted, 2);
}

proptest! {
    #![proptest_config(cases(300, 20_000))]

    /// A listener is told once of each change, in order, and of nothing else.
    #[test]
    fn a_listener_is_told_of_each_change_once(
        config in config(),
        ops in prop::collection::vec(anything(), 0..200),
    ) {
        let seen: Arc<Mutex<Vec<Transition>>> = Arc::default();
        let told = Arc::clone(&seen);
        let listener = move |change: &Transition| told.lock().unwrap().push(*change);
        let strictly = config.dialect == Dialect::Resilience4j;
        let settings = Settings::new(config).unwrap().with_listener(Arc::new(listener));
        let mut driver = Driver::new(CircuitBreaker::new(&settings, 99), ms(500));
        let mut before = (Closed, 0);
        for op in ops {
            driver.step(op);
            let metrics = driver.metrics();
            for change in seen.lock().unwrap().drain(..) {
                prop_assert_eq!(change.breaker, 99);
                prop_assert_eq!((change.from, change.generation), (before.0, before.1 + 1));
                prop_assert_eq!(change.at, driver.now);
                prop_assert_eq!(change.reason.is_some(), change.to == Open);
                prop_assert_eq!(change.open_wait.is_some(), change.to == Open);
                if change.to == Open {
                    prop_assert_eq!(change.reason, metrics.opened_by);
                    let strictly = std::time::Duration::from_micros(u64::from(strictly));
                    prop_assert_eq!(change.open_wait.map(|w| up(w) + strictly), metrics.retry_after);
                }
                before = (change.to, change.generation);
            }
            prop_assert_eq!(before, (metrics.state, metrics.generation), "{:?}", op);
        }
        let opened = matches!(driver.step(Op::Trip(None)), crate::given::Told::Changed(true));
        prop_assert_eq!(opened, matches!(before.0, Closed | Open | Half));
    }
}

/// Waits are kept in microseconds, none of them shortened.
fn up(wait: std::time::Duration) -> std::time::Duration {
    std::time::Duration::from_micros(u64::try_from(wait.as_nanos().div_ceil(1000)).unwrap())
}
