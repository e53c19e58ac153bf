//! The presets, step by step against the rules that their names promise.

use circuit_breaker::{CircuitBreaker, Config, OpenReason, Outcome, Recorded, RejectReason, State};

use crate::given::{breaker, call, ms};

fn calls(breaker: &CircuitBreaker, outcome: Outcome, count: u32, now: u64) {
    for _ in 0..count {
        call(breaker, outcome, ms(now));
    }
}

/// Hystrix: `requestVolumeThreshold` 20 in a rolling 10 s, `errorThresholdPercentage` 50,
/// `sleepWindowInMilliseconds` 5000, one probe.
#[test]
fn hystrix() {
    let of = |successes: u32, failures: u32| {
        let breaker = breaker(Config::hystrix());
        calls(&breaker, Outcome::Success, successes, 0);
        calls(&breaker, Outcome::Failure, failures, 0);
        breaker
    };
    // 19 failures are too few calls, 9 of 20 too few failures.
    assert_eq!(of(0, 19).state(), State::Closed);
    assert_eq!(of(11, 9).state(), State::Closed);
    let breaker = of(10, 10);
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(
        breaker.metrics(ms(0)).opened_by,
        Some(OpenReason::FailureRate)
    );
    // Short-circuited for the sleep window, exactly.
    assert_eq!(
        breaker.try_acquire(ms(4999)).unwrap_err().retry_after,
        Some(ms(1))
    );
    // Then one call is let through, the others are not.
    let probe = breaker.try_acquire(ms(5000)).unwrap();
    let other = breaker.try_acquire(ms(5000)).unwrap_err();
    assert_eq!(other.reason, RejectReason::HalfOpenFull);
    // It fails: another sleep window, as long.
    assert_eq!(
        breaker.record(probe, Outcome::Failure, ms(5100)),
        Recorded::Counted
    );
    assert_eq!(
        breaker.metrics(ms(5100)).opened_by,
        Some(OpenReason::ProbesFailed)
    );
    assert_eq!(breaker.next_wakeup(), Some(ms(10_100)));
    // It succeeds: closed, and the window begins anew.
    calls(&breaker, Outcome::Success, 1, 10_100);
    assert_eq!(breaker.state(), State::Closed);
    calls(&breaker, Outcome::Failure, 19, 10_100);
    assert_eq!(breaker.state(), State::Closed);
    // Ten seconds on they are forgotten.
    calls(&breaker, Outcome::Failure, 19, 21_000);
    assert_eq!(breaker.state(), State::Closed);
    calls(&breaker, Outcome::Failure, 1, 21_000);
    assert_eq!(breaker.state(), State::Open);
}

/// Five failures in a row, whatever came before; a minute; one probe.
#[test]
fn consecutive() {
    let breaker = breaker(Config::consecutive(5, ms(60_000)));
    for _ in 0..100 {
        calls(&breaker, Outcome::Failure, 4, 0);
        calls(&breaker, Outcome::Success, 1, 0);
    }
    assert_eq!(breaker.state(), State::Closed);
    calls(&breaker, Outcome::Failure, 4, 3_600_000);
    // However long the row takes, and ignored calls don't end it.
    let ignored = breaker.try_acquire(ms(3_600_000)).unwrap();
    breaker.record(ignored, Outcome::Ignored, ms(3_600_000));
    assert_eq!(breaker.metrics(ms(3_600_000)).consecutive_failures, 4);
    let late = breaker.try_acquire(ms(7_200_000)).unwrap();
    calls(&breaker, Outcome::Failure, 1, 7_200_000);
    assert_eq!(
        breaker.metrics(ms(7_200_000)).opened_by,
        Some(OpenReason::ConsecutiveFailures)
    );
    // A late success closes nothing.
    assert_eq!(
        breaker.record(late, Outcome::Success, ms(7_200_001)),
        Recorded::Stale
    );
    assert_eq!(breaker.state(), State::Open);
    assert!(breaker.try_acquire(ms(7_259_999)).is_err());
    // The probe hangs: its place is free again after the lease, and it counts as failed.
    let hung = breaker.try_acquire(ms(7_260_000)).unwrap();
    assert!(breaker.try_acquire(ms(7_289_999)).is_err());
    let again = breaker.try_acquire(ms(7_290_000)).unwrap_err();
    assert_eq!(again.opened_by, Some(OpenReason::ProbeTimeout));
    assert_eq!(
        breaker.record(hung, Outcome::Success, ms(7_290_001)),
        Recorded::Stale
    );
    calls(&breaker, Outcome::Success, 1, 7_350_000);
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(breaker.metrics(ms(7_350_000)).consecutive_failures, 0);
}

/// resilience4j: half of the last hundred, from a hundred on; open for more than a minute; ten probes,
/// judged when all ten have come back.
#[test]
fn resilience4j() {
    let breaker = breaker(Config::resilience4j());
    calls(&breaker, Outcome::Failure, 99, 0);
    assert_eq!(breaker.state(), State::Closed);
    calls(&breaker, Outcome::Success, 1, 0);
    assert_eq!(breaker.state(), State::Open);
    assert!(breaker.try_acquire(ms(60_000)).is_err());
    calls(&breaker, Outcome::Failure, 4, 60_001);
    calls(&breaker, Outcome::Success, 5, 60_001);
    assert_eq!(breaker.state(), State::HalfOpen);
    calls(&breaker, Outcome::Failure, 1, 60_001);
    assert_eq!(breaker.state(), State::Open);
    assert!(breaker.try_acquire(ms(120_001)).is_err());
    calls(&breaker, Outcome::Failure, 4, 120_002);
    calls(&breaker, Outcome::Success, 6, 120_002);
    assert_eq!(breaker.state(), State::Closed);
}

/// Polly: a tenth of at least a hundred calls within 30 s; judged on failures only; 5 s; one probe.
#[test]
fn polly() {
    let breaker = breaker(Config::polly());
    calls(&breaker, Outcome::Failure, 10, 0);
    calls(&breaker, Outcome::Success, 200, 0);
    assert_eq!(breaker.state(), State::Closed);
    calls(&breaker, Outcome::Failure, 12, 100);
    assert_eq!(breaker.state(), State::Closed);
    calls(&breaker, Outcome::Failure, 1, 200);
    assert_eq!(breaker.state(), State::Open);
    assert!(breaker.try_acquire(ms(5199)).is_err());
    let probe = breaker.try_acquire(ms(5200)).unwrap();
    assert!(breaker.try_acquire(ms(5200)).is_err());
    breaker.record(probe, Outcome::Success, ms(5200));
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(breaker.metrics(ms(5200)).window.calls, 0);
}
