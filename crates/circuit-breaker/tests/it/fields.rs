//! Every field of a configuration changes some decision: two values, one script, two ends.

use std::collections::BTreeSet;
use std::time::Duration;

use circuit_breaker::{
    CircuitBreaker, Config, Dialect, HalfOpen, LatencyLimit, OnDrop, OpenWait, Outcome, TimeWindow,
};

use crate::given::{breaker, ms};

type Flip = (&'static str, Config, Config, fn(&CircuitBreaker) -> String);

fn record(breaker: &CircuitBreaker, outcome: Outcome, calls: u32, took: Duration, now: Duration) {
    for _ in 0..calls {
        if let Ok(token) = breaker.try_acquire(now) {
            breaker.record_timed(token, outcome, took, now);
        }
    }
}

fn fail(breaker: &CircuitBreaker, calls: u32, now: Duration) {
    record(breaker, Outcome::Failure, calls, ms(0), now);
}

fn succeed(breaker: &CircuitBreaker, calls: u32, now: Duration) {
    record(breaker, Outcome::Success, calls, ms(0), now);
}

fn state(breaker: &CircuitBreaker) -> String {
    breaker.state().as_str().to_owned()
}

/// Four failures of ten.
fn four_of_ten(breaker: &CircuitBreaker) -> String {
    succeed(breaker, 6, ms(0));
    fail(breaker, 4, ms(0));
    state(breaker)
}

/// Ten calls that take two seconds.
fn ten_slow(breaker: &CircuitBreaker) -> String {
    record(breaker, Outcome::Success, 10, ms(2000), ms(0));
    state(breaker)
}

/// Ten failures, one every second.
fn spread(breaker: &CircuitBreaker) -> String {
    for second in 0..10 {
        fail(breaker, 1, ms(1000 * second));
    }
    state(breaker)
}

/// Nine failures at 0.9 s, one at 2 s.
fn across_a_bucket(breaker: &CircuitBreaker) -> String {
    fail(breaker, 9, ms(900));
    fail(breaker, 1, ms(2000));
    state(breaker)
}

/// Ten failures, then nothing but successes.
fn old_failures(breaker: &CircuitBreaker) -> String {
    fail(breaker, 9, ms(0));
    succeed(breaker, 20, ms(0));
    fail(breaker, 1, ms(0));
    state(breaker)
}

/// The ends of the first three waits.
fn waits(breaker: &CircuitBreaker) -> String {
    breaker.trip(ms(0), None);
    let mut ends = Vec::new();
    for _ in 0..3 {
        let end = breaker.next_wakeup().unwrap();
        ends.push(format!("{end:?}"));
        let end = end + Duration::from_micros(1);
        fail(breaker, 5, end);
    }
    ends.join(" ")
}

/// Two probes fail, three succeed.
fn probes(breaker: &CircuitBreaker) -> String {
    breaker.trip(ms(0), Some(ms(1)));
    fail(breaker, 2, ms(10));
    succeed(breaker, 3, ms(10));
    state(breaker)
}

/// All probes are out, and a call asks after 15 s.
fn lost_probes(breaker: &CircuitBreaker) -> String {
    breaker.trip(ms(0), Some(ms(1)));
    while breaker.try_acquire(ms(10)).is_ok() {}
    format!(
        "{:?}",
        breaker.try_acquire(ms(15_000)).map(|_| state(breaker))
    )
}

/// One probe is out, and a call asks after 15 s.
fn a_lost_probe(breaker: &CircuitBreaker) -> String {
    breaker.trip(ms(0), Some(ms(1)));
    let _lost = breaker.try_acquire(ms(10)).unwrap();
    format!("{}", breaker.try_acquire(ms(15_000)).is_ok())
}

/// How many of a hundred calls are admitted just after closing.
fn after_closing(breaker: &CircuitBreaker) -> String {
    breaker.trip(ms(0), Some(ms(1)));
    succeed(breaker, 5, ms(10));
    let admitted = (0..100)
        .filter(|_| breaker.try_acquire(ms(20)).is_ok())
        .count();
    format!("{} {admitted}", state(breaker))
}

/// Ten calls given up after 500 ms.
fn given_up(breaker: &CircuitBreaker) -> String {
    for _ in 0..10 {
        if let Ok(token) = breaker.try_acquire(ms(0)) {
            breaker.cancel(token, ms(500));
        }
    }
    state(breaker)
}

/// When an open breaker probes.
fn end_of_the_wait(breaker: &CircuitBreaker) -> String {
    breaker.trip(ms(0), Some(ms(1)));
    breaker.try_acquire(ms(1)).is_ok().to_string()
}

fn flips() -> Vec<Flip> {
    let ten = Config::default().with_min_calls(10);
    let slow = ten.clone().with_slow_call_rate(Some(1.0));
    let late = |q, limit| {
        let limit = LatencyLimit::new(q, ms(limit));
        ten.clone().with_latency(Some(limit))
    };
    let window = |length, buckets| {
        ten.clone()
            .with_time_window(Some(TimeWindow::new(ms(length), buckets)))
    };
    let wait = |change: fn(OpenWait) -> OpenWait| {
        let doubling = OpenWait::fixed(ms(1000))
            .with_multiplier(2.0)
            .with_cap(ms(3000));
        ten.clone().with_open_wait(change(doubling))
    };
    let half =
        |change: fn(HalfOpen) -> HalfOpen| ten.clone().with_half_open(change(HalfOpen::default()));
    let dropped = |on_drop| ten.clone().with_on_drop(on_drop);
    vec![
        (
            "failure_rate",
            ten.clone(),
            ten.clone().with_failure_rate(Some(0.4)),
            four_of_ten,
        ),
        (
            "slow_call_duration",
            slow.clone(),
            slow.clone().with_slow_call_duration(ms(2000)),
            ten_slow,
        ),
        ("slow_call_rate", ten.clone(), slow, ten_slow),
        (
            "consecutive_failures",
            ten.clone(),
            ten.clone().with_consecutive_failures(Some(4)),
            four_of_ten,
        ),
        ("latency", ten.clone(), late(0.5, 1000), ten_slow),
        ("latency.limit", late(0.5, 2000), late(0.5, 1999), ten_slow),
        (
            "latency.quantile",
            late(0.5, 500),
            late(0.95, 500),
            |breaker| {
                record(breaker, Outcome::Success, 9, ms(0), ms(0));
                record(breaker, Outcome::Success, 1, ms(501), ms(0));
                state(breaker)
            },
        ),
        (
            "min_calls",
            ten.clone(),
            ten.clone().with_min_calls(11),
            spread,
        ),
        (
            "time_window",
            ten.clone(),
            ten.clone()
                .with_time_window(None)
                .with_count_window(Some(10)),
            |b| {
                fail(b, 9, ms(0));
                fail(b, 1, ms(60_000));
                state(b)
            },
        ),
        (
            "time_window.length",
            window(10_000, 10),
            window(9000, 10),
            spread,
        ),
        (
            "time_window.buckets",
            window(2000, 2),
            window(2000, 20),
            across_a_bucket,
        ),
        (
            "count_window",
            ten.clone()
                .with_time_window(None)
                .with_count_window(Some(30)),
            ten.clone()
                .with_time_window(None)
                .with_count_window(Some(10)),
            old_failures_late,
        ),
        ("open_wait", ten.clone(), wait(|w| w), waits),
        (
            "open_wait.base",
            wait(|w| w),
            wait(|w| w.with_base(ms(500))),
            waits,
        ),
        (
            "open_wait.multiplier",
            wait(|w| w),
            wait(|w| w.with_multiplier(1.5)),
            waits,
        ),
        (
            "open_wait.cap",
            wait(|w| w),
            wait(|w| w.with_cap(ms(3500))),
            waits,
        ),
        (
            "open_wait.jitter",
            wait(|w| w),
            wait(|w| w.with_jitter(0.5)),
            waits,
        ),
        (
            "half_open",
            half(|h| h),
            half(|h| h.with_permits(1)),
            probes,
        ),
        (
            "half_open.permits",
            half(|h| h),
            half(|h| h.with_permits(3)),
            probes,
        ),
        (
            "half_open.failure_rate",
            half(|h| h),
            half(|h| h.with_failure_rate(Some(0.4))),
            probes,
        ),
        (
            "half_open.lease",
            half(|h| h.with_lease(Some(ms(10_000)))),
            half(|h| h.with_lease(Some(ms(20_000)))),
            lost_probes,
        ),
        (
            "half_open.max_wait",
            half(|h| h),
            half(|h| h.with_max_wait(Some(ms(9000)))),
            a_lost_probe,
        ),
        (
            "ramp_up",
            ten.clone(),
            ten.clone().with_ramp_up(Some(ms(1000))),
            after_closing,
        ),
        (
            "on_drop",
            dropped(OnDrop::FailureIfSlow),
            dropped(OnDrop::Failure),
            given_up,
        ),
        (
            "on_drop",
            dropped(OnDrop::FailureIfOlderThan(ms(501))),
            dropped(OnDrop::FailureIfOlderThan(ms(500))),
            given_up,
        ),
        (
            "on_drop",
            dropped(OnDrop::Ignore),
            dropped(OnDrop::Failure),
            given_up,
        ),
        (
            "dialect",
            ten.clone(),
            ten.with_dialect(Dialect::Resilience4j),
            end_of_the_wait,
        ),
    ]
}

fn old_failures_late(breaker: &CircuitBreaker) -> String {
    succeed(breaker, 25, ms(0));
    fail(breaker, 5, ms(0));
    old_failures(breaker)
}

#[test]
fn each_changes_a_decision() {
    for (field, one, other, script) in flips() {
        assert_ne!(one, other, "{field}");
        let [one, other] = [one, other].map(|config| script(&breaker(config)));
        assert_ne!(one, other, "{field}");
    }
}

/// Fails when a field comes without a row above.
#[test]
fn no_field_is_left_out() {
    let all = Config::default().with_latency(Some(LatencyLimit::new(0.5, ms(1))));
    let mut path: Vec<String> = Vec::new();
    let mut fields = BTreeSet::new();
    // Indented by four a level, wrapped in Some( or not.
    for line in format!("{all:#?}").lines() {
        let level = (line.len() - line.trim_start().len()) / 4;
        let Some((name, _)) = line.trim().split_once(':') else {
            continue;
        };
        path.truncate(path.iter().take_while(|at| level_of(at) < level).count());
        path.push(format!("{level}{name}"));
        let names: Vec<_> = path
            .iter()
            .map(|at| at.trim_start_matches(char::is_numeric))
            .collect();
        fields.insert(names.join("."));
    }
    let tested: BTreeSet<_> = flips().iter().map(|flip| flip.0.to_owned()).collect();
    assert_eq!(tested, fields);
}

fn level_of(entry: &str) -> usize {
    let name = entry.trim_start_matches(char::is_numeric);
    entry[..entry.len() - name.len()].parse().unwrap()
}
