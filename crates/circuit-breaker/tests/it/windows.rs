//! What the windows hold, against an exact list of all calls.

use std::time::Duration;

use circuit_breaker::{CircuitBreaker, Config, Dialect, LatencyLimit, Outcome, State, TimeWindow};
use proptest::prelude::*;

use crate::given::{breaker, call, cases, ms};

/// Ten thousand successes count for nothing once a hundred calls have followed.
#[test]
fn fifty_failures_of_a_hundred_open_after_ten_thousand_successes() {
    for dialect in [Dialect::Plimsoll, Dialect::Resilience4j] {
        let config = Config::default()
            .with_time_window(None)
            .with_count_window(Some(100))
            .with_min_calls(100)
            .with_dialect(dialect);
        let breaker = breaker(config);
        for _ in 0..10_000 {
            call(&breaker, Outcome::Success, ms(0));
        }
        for failed in 1..=50 {
            assert_eq!(
                breaker.state(),
                State::Closed,
                "after {} failures",
                failed - 1
            );
            call(&breaker, Outcome::Failure, ms(0));
        }
        assert_eq!(breaker.state(), State::Open);
    }
}

/// A full bucket is halved: the shares of failed, slow and late calls stay what they are.
#[test]
fn shares_outlive_a_full_bucket() {
    let limit = LatencyLimit::new(0.3, ms(2000));
    let config = Config::default()
        .with_failure_rate(Some(0.3))
        .with_slow_call_rate(Some(0.7))
        .with_latency(Some(limit));
    let breaker = breaker(config);
    // Of ten calls two fail, six are slow, one of them late.
    let record = |turn: u64| {
        let failed = [Outcome::Success, Outcome::Failure][usize::from(turn.is_multiple_of(5))];
        let took = ms([500, 1500, 1500, 500, 1500, 1500, 500, 1500, 2500, 500][turn as usize % 10]);
        let token = breaker.try_acquire(ms(0)).unwrap();
        breaker.record_timed(token, failed, took, ms(0));
    };
    for turn in 0..4_000_000 {
        record(turn);
        assert_eq!(breaker.state(), State::Closed, "after {turn} calls");
    }
    let window = breaker.metrics(ms(0)).window;
    let share = |part: u64| part as f64 / window.calls as f64;
    assert!(
        (1 << 17..1 << 21).contains(&window.calls),
        "{} calls",
        window.calls
    );
    assert!((share(window.failures) - 0.2).abs() < 1e-4, "{window:?}");
    assert!((share(window.slow) - 0.6).abs() < 1e-4, "{window:?}");
    // Then nothing but failures: the share reaches 0.3 after a seventh as many.
    let more = (0_u64..).find(|_| {
        let token = breaker.try_acquire(ms(0)).unwrap();
        breaker.record(token, Outcome::Failure, ms(0));
        breaker.state() == State::Open
    });
    let needed = window.calls / 7;
    assert!(
        more.unwrap().abs_diff(needed) < needed / 50,
        "{more:?}, {needed}"
    );
}

proptest! {
    #![proptest_config(cases(300, 20_000))]

    /// Every call younger than the window less a bucket counts, none that is older than the window.
    #[test]
    fn a_time_window_errs_by_a_bucket(
        length in 10..20_000_u64,
        buckets in prop::sample::select(vec![1, 2, 3, 7, 10, 16, 17, 64, 100]),
        calls in prop::collection::vec((prop_oneof![0..30_u64, 0..3000_u64], any::<bool>()), 1..300),
    ) {
        let length = ms(length.max(u64::from(buckets)));
        let window = TimeWindow::new(length, buckets);
        let breaker = breaker(Config::default().with_time_window(Some(window)));
        breaker.metrics_only(ms(0));
        let mut now = Duration::ZERO;
        let mut all: Vec<(Duration, bool)> = Vec::new();
        // A bucket is less than a nanosecond narrower where its length is no whole number of them.
        let bucket = length / buckets + Duration::from_nanos(1);
        for (wait, failed) in calls {
            now += ms(wait);
            let outcome = if failed { Outcome::Failure } else { Outcome::Success };
            call(&breaker, outcome, now);
            all.push((now, failed));
            let held = breaker.metrics(now).window;
            let younger = |than: Duration| {
                let young = all.iter().filter(|(at, _)| now - *at < than);
                young.fold((0, 0), |(calls, failures), (_, failed)| {
                    (calls + 1, failures + u64::from(*failed))
                })
            };
            let (least, most) = (younger(length.saturating_sub(bucket)), younger(length));
            prop_assert!((least.0..=most.0).contains(&held.calls), "{least:?} {held:?} {most:?}");
            prop_assert!((least.1..=most.1).contains(&held.failures), "{least:?} {held:?} {most:?}");
        }
    }

    /// The count window is the last n outcomes, neither more nor less.
    #[test]
    fn a_count_window_is_exact(
        size in prop::sample::select(vec![1_u32, 2, 31, 32, 33, 100]),
        calls in prop::collection::vec((any::<bool>(), any::<bool>()), 0..400),
    ) {
        let config = Config::default()
            .with_time_window(None)
            .with_count_window(Some(size))
            .with_min_calls(1)
            .with_slow_call_rate(Some(0.5));
        let breaker = breaker(config);
        breaker.metrics_only(ms(0));
        for end in 0..calls.len() {
            let (failed, slow) = calls[end];
            let token = breaker.try_acquire(ms(0)).unwrap();
            let outcome = if failed { Outcome::Failure } else { Outcome::Success };
            breaker.record_timed(token, outcome, ms(if slow { 1001 } else { 1000 }), ms(0));
            let last = &calls[(end + 1).saturating_sub(size as usize)..=end];
            let count = |of: fn(&(bool, bool)) -> bool| last.iter().filter(|c| of(c)).count() as u64;
            let held = breaker.metrics(ms(0)).window;
            let wanted = [last.len() as u64, count(|c| c.0), count(|c| c.1), count(|c| c.0 && c.1)];
            prop_assert_eq!([held.calls, held.failures, held.slow, held.slow_failures], wanted);
        }
    }
}

/// Both windows are judged, each by itself.
#[test]
fn either_window_opens() {
    let config = Config::default()
        .with_count_window(Some(100))
        .with_min_calls(10)
        .with_time_window(Some(TimeWindow::new(ms(1000), 10)));
    let fill = |breaker: &CircuitBreaker, outcome, calls, now| {
        for _ in 0..calls {
            call(breaker, outcome, now);
        }
    };
    // In the last second all fail; of the last hundred less than half do.
    let one = breaker(config.clone());
    fill(&one, Outcome::Success, 90, ms(0));
    fill(&one, Outcome::Failure, 9, ms(5000));
    assert_eq!(one.state(), State::Closed);
    fill(&one, Outcome::Failure, 1, ms(5000));
    assert_eq!(one.state(), State::Open);
    // Never ten calls in a second; of the last ten all fail.
    let other = breaker(config);
    for at in 0..9 {
        fill(&other, Outcome::Failure, 1, ms(2000 * at));
    }
    assert_eq!(other.state(), State::Closed);
    fill(&other, Outcome::Failure, 1, ms(18_000));
    assert_eq!(other.state(), State::Open);
}
