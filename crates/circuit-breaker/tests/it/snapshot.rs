//! A breaker restored decides as the one it was taken of; what no breaker gives is refused.

use std::time::Duration;

use circuit_breaker::{
    CircuitBreaker, Config, Dialect, HalfOpen, OpenReason, OpenWait, Outcome, ProbeCounts,
    Settings, Snapshot, State, TimeWindow, WindowBucket,
};
use proptest::prelude::*;

use crate::given::{Driver, Op, anything, breaker, call, cases, config, ms};

/// Gives back the probes that are out, as a restart does.
fn give_back(driver: &mut Driver) {
    let out: Vec<_> = driver
        .tokens
        .drain(..)
        .chain(driver.lost.drain(..))
        .collect();
    for token in out {
        driver.breaker.record(token, Outcome::Ignored, driver.now);
    }
}

proptest! {
    #![proptest_config(cases(400, 40_000))]

    #[test]
    fn a_restored_breaker_decides_the_same(
        config in config(),
        seed in any::<u64>(),
        start in 100_000..200_000_u64,
        before in prop::collection::vec(anything(), 0..150),
        after in prop::collection::vec(anything(), 0..150),
    ) {
        let settings = Settings::new(config).unwrap();
        let mut one = Driver::new(CircuitBreaker::new(&settings, seed), ms(start));
        for op in before {
            one.step(op);
        }
        give_back(&mut one);
        let snapshot = one.breaker.snapshot(one.now);
        let other = CircuitBreaker::restore(&settings, seed, &snapshot, one.now).unwrap();
        prop_assert_eq!(&other.snapshot(one.now), &snapshot);
        let mut other = Driver::new(other, one.now);
        prop_assert_eq!(one.metrics(), other.metrics());
        for op in after {
            prop_assert_eq!(one.step(op), other.step(op), "{:?}", op);
            prop_assert_eq!(one.metrics(), other.metrics(), "{:?}", op);
            // What is over is over.
            let due = |d: &Driver| d.breaker.next_wakeup().map(|at| at.max(d.now));
            prop_assert_eq!(due(&one), due(&other), "{:?}", op);
        }
    }

    /// Whatever the new settings are: no panic, the same state, and it gives a sound snapshot again.
    #[test]
    fn any_settings_take_any_snapshot(
        [from, to] in [config(), config()],
        ops in prop::collection::vec(anything(), 0..150),
        after in prop::collection::vec(anything(), 0..50),
        now in prop_oneof![Just(0), 0..1000_u64, Just(u64::MAX)],
    ) {
        let mut one = Driver::new(breaker(from), ms(50_000));
        for op in ops {
            one.step(op);
        }
        let snapshot = one.breaker.snapshot(one.now);
        let settings = Settings::new(to).unwrap();
        let now = ms(now);
        let other = CircuitBreaker::restore(&settings, 1, &snapshot, now).unwrap();
        prop_assert_eq!(other.state(), snapshot.state);
        let metrics = other.metrics(now);
        prop_assert_eq!(metrics.rejected, snapshot.rejected);
        prop_assert_eq!(metrics.generation, snapshot.generation);
        prop_assert_eq!(metrics.probes_out, 0);
        let again = CircuitBreaker::restore(&settings, 1, &other.snapshot(now), now);
        prop_assert!(again.is_ok());
        let mut other = Driver::new(other, now);
        for op in after {
            other.step(op);
        }
    }

    /// Whatever bytes were changed on the way: refused, or a breaker that answers.
    #[test]
    fn damage_is_refused_or_harmless(
        config in config(),
        ops in prop::collection::vec(anything(), 0..100),
        numbers in prop::collection::vec(any::<u64>(), 12),
        letters in "[.fsbx]{0,40}",
        which in any::<u32>(),
    ) {
        let mut one = Driver::new(breaker(config.clone()), ms(50_000));
        for op in ops {
            one.step(op);
        }
        let mut damaged = one.breaker.snapshot(one.now);
        let small = |at: usize| u8::try_from(numbers[at] % 256).unwrap();
        let set = |bit: u32| which >> bit & 1 == 1;
        if set(0) { damaged.generation = numbers[0] as u32; }
        if set(1) { damaged.for_how_long = Duration::from_nanos(numbers[1]); }
        if set(2) { damaged.open_for = set(3).then(|| Duration::from_secs(numbers[2])); }
        if set(4) { damaged.openings = small(3); }
        if set(5) { damaged.consecutive_failures = numbers[4] as u32 >> 14; }
        if set(6) { damaged.ramp_up_calls = set(7).then_some(numbers[5] as u32 >> 18); }
        if set(8) { damaged.count_window = letters; }
        if set(9) { damaged.state = State::HalfOpen; }
        if set(10) { damaged.opened_by = set(11).then_some(OpenReason::Shared); }
        if set(12) { damaged.judge_next = set(13); }
        if set(14) && let Some(bucket) = damaged.window.first_mut() {
            bucket.calls = numbers[6] >> 15;
            bucket.failures = numbers[7] >> 16;
            bucket.age = Duration::from_nanos(numbers[8] >> 18);
        }
        if set(15) && let Some(probes) = &mut damaged.probes {
            probes.done = small(9);
            probes.failed = small(10);
        }
        let settings = Settings::new(config).unwrap();
        if let Ok(restored) = CircuitBreaker::restore(&settings, 1, &damaged, one.now) {
            let mut driver = Driver::new(restored, one.now);
            for op in [Op::Acquire, Op::Record(0, Outcome::Failure), Op::Wait(4000), Op::Acquire, Op::Cancel(0)] {
                driver.step(op);
                driver.metrics();
            }
            prop_assert_eq!(driver.breaker.snapshot(driver.now).check_again(&settings), Ok(()));
        }
    }
}

trait CheckAgain {
    fn check_again(&self, settings: &Settings) -> Result<(), String>;
}

impl CheckAgain for Snapshot {
    fn check_again(&self, settings: &Settings) -> Result<(), String> {
        CircuitBreaker::restore(settings, 1, self, ms(0))
            .map(|_| ())
            .map_err(|e| e.to_string())
    }
}

/// A process that has just begun, its clock at zero: what the window held is not lost.
#[test]
fn windows_survive_a_clock_that_begins_anew() {
    let config = Config::default().with_count_window(Some(100));
    for config in [
        Config::default(),
        config.with_time_window(None),
        Config::polly(),
    ] {
        let settings = Settings::new(config.with_min_calls(20)).unwrap();
        let breaker = CircuitBreaker::new(&settings, 1);
        for call_no in 0..19 {
            call(&breaker, Outcome::Failure, ms(50_000 + 100 * call_no));
        }
        let snapshot = breaker.snapshot(ms(52_000));
        let restored = CircuitBreaker::restore(&settings, 1, &snapshot, ms(0)).unwrap();
        assert_eq!(restored.metrics(ms(0)).window.failures, 19);
        call(&restored, Outcome::Failure, ms(10));
        assert_eq!(restored.state(), State::Open);
    }
}

#[test]
fn forgetting_goes_on() {
    let restored = |config: Config, taken: u64, now: u64| {
        let settings = Settings::new(config).unwrap();
        let breaker = CircuitBreaker::new(&settings, 1);
        for second in 0..10 {
            call(&breaker, Outcome::Success, ms(1000 * second + 500));
        }
        let snapshot = breaker.snapshot(ms(taken));
        let at = ms(now);
        CircuitBreaker::restore(&settings, 1, &snapshot, at).unwrap()
    };
    let left = |b: &CircuitBreaker, now: u64| b.metrics(ms(now)).window.calls;
    // The same place within a bucket: exact. Another one: within a bucket.
    let same = restored(Config::default(), 9500, 500);
    assert_eq!(
        [500, 1000, 5999, 9999, 10_000].map(|now| left(&same, now)),
        [10, 9, 5, 1, 0]
    );
    let other = restored(Config::default(), 9999, 0);
    assert_eq!(
        [0, 1000, 9000, 9999, 10_000].map(|now| left(&other, now)),
        [10, 9, 1, 1, 0]
    );
}

#[test]
fn other_windows_take_what_they_hold() {
    let base = Config::default()
        .with_count_window(Some(50))
        .with_slow_call_rate(Some(0.9))
        .with_failure_rate(None);
    let breaker = breaker(base.clone());
    for second in 0..10 {
        let now = ms(1000 * second);
        let failed = [Outcome::Success, Outcome::Failure][usize::from(second % 3 == 0)];
        for took in [ms(0), ms(1500)] {
            let token = breaker.try_acquire(now).unwrap();
            breaker.record_timed(token, failed, took, now);
        }
    }
    let snapshot = breaker.snapshot(ms(9000));
    assert_eq!(snapshot.count_window, "fb.s.sfb.s.sfb.s.sfb");
    let taken = |config: Config| {
        let settings = Settings::new(config).unwrap();
        let restored = CircuitBreaker::restore(&settings, 1, &snapshot, ms(9000)).unwrap();
        let metrics = restored.metrics(ms(9000));
        let of = |c: circuit_breaker::Counts| (c.calls, c.failures, c.slow, c.slow_failures);
        (of(metrics.window), metrics.count_window.map(of))
    };
    assert_eq!(taken(base.clone()), ((20, 8, 10, 4), Some((20, 8, 10, 4))));
    let small = base.clone().with_count_window(Some(5)).with_min_calls(5);
    assert_eq!(taken(small).1, Some((5, 2, 3, 1)));
    let short = TimeWindow::new(ms(4000), 2);
    let short = base.clone().with_time_window(Some(short));
    assert_eq!(taken(short).0, (8, 4, 4, 2));
    let fine = base
        .clone()
        .with_time_window(Some(TimeWindow::new(ms(10_000), 100)));
    assert_eq!(taken(fine).0, (20, 8, 10, 4));
    let no_slow = base.clone().with_slow_call_rate(None);
    assert_eq!(taken(no_slow), ((20, 8, 0, 0), Some((20, 8, 0, 0))));
    let no_time = base.clone().with_time_window(None);
    assert_eq!(taken(no_time), ((20, 8, 10, 4), None));
    let no_count = base.with_count_window(None);
    assert_eq!(taken(no_count), ((20, 8, 10, 4), None));
    assert_eq!(taken(Config::polly()).0, (20, 8, 0, 0));
}

#[test]
fn other_probes_begin_anew_if_they_decide() {
    let half = |permits| {
        Config::default()
            .with_open_wait(OpenWait::fixed(ms(1000)))
            .with_half_open(HalfOpen::default().with_permits(permits))
    };
    let breaker = breaker(half(10));
    breaker.trip(ms(0), None);
    for outcome in [Outcome::Failure, Outcome::Success, Outcome::Failure] {
        call(&breaker, outcome, ms(1000));
    }
    let _out = breaker.try_acquire(ms(1000)).unwrap();
    let snapshot = breaker.snapshot(ms(2000));
    let probes = snapshot.probes.unwrap();
    assert_eq!((probes.done, probes.failed), (3, 2));
    let counted = |config: Config| {
        let settings = Settings::new(config).unwrap();
        let restored = CircuitBreaker::restore(&settings, 1, &snapshot, ms(0)).unwrap();
        assert_eq!(restored.state(), State::HalfOpen);
        let window = restored.metrics(ms(0)).window;
        (window.calls, window.failures)
    };
    assert_eq!(counted(half(10)), (3, 2));
    assert_eq!(counted(half(5)), (3, 2));
    assert_eq!(counted(half(4)), (0, 0));
    assert_eq!(counted(half(1)), (0, 0));
    let strict = half(10).with_failure_rate(Some(0.1));
    assert_eq!(counted(strict.clone()), (0, 0));
    let resilience4j = strict.with_dialect(Dialect::Resilience4j);
    assert_eq!(counted(resilience4j), (3, 2));
}

#[test]
fn refusals_name_field_value_and_bound() {
    use State::{Closed, ForcedOpen, HalfOpen as Half, Open};
    let settings = Settings::new(
        Config::consecutive(5, ms(1000))
            .with_count_window(Some(100))
            .with_ramp_up(Some(ms(60_000))),
    )
    .unwrap();
    let of = |state: State| {
        let breaker = CircuitBreaker::new(&settings, 1);
        call(&breaker, Outcome::Failure, ms(0));
        match state {
            Open => _ = breaker.trip(ms(0), None),
            Half => {
                breaker.trip(ms(0), None);
                let _probe = breaker.try_acquire(ms(1000)).unwrap();
            }
            ForcedOpen => breaker.force_open(ms(0)),
            _ => {}
        }
        breaker.snapshot(ms(1000))
    };
    type Change = Box<dyn Fn(&mut Snapshot)>;
    let bucket = |change: fn(&mut WindowBucket)| -> Change {
        Box::new(move |s: &mut Snapshot| change(&mut s.window[0]))
    };
    let probes = |done, failed, slow, both| -> Change {
        Box::new(move |s: &mut Snapshot| {
            let mut probes = ProbeCounts::default();
            (probes.done, probes.failed) = (done, failed);
            (probes.slow, probes.slow_failures) = (slow, both);
            s.probes = Some(probes);
        })
    };
    let table: Vec<(State, Change, &str)> = vec![
        (
            Closed,
            Box::new(|s| s.generation = u32::MAX),
            "generation is 4294967295, must be at most 2097151",
        ),
        (
            Closed,
            Box::new(|s| s.consecutive_failures = 65_536),
            "consecutive_failures is 65536, must be at most 65535",
        ),
        (
            Open,
            Box::new(|s| s.consecutive_failures = 1),
            "consecutive_failures is 1, must be 0 in the state open",
        ),
        (
            Closed,
            Box::new(|s| s.ramp_up_calls = Some(16_384)),
            "ramp_up_calls is 16384, must be at most 16383",
        ),
        (
            Half,
            Box::new(|s| s.ramp_up_calls = Some(1)),
            "ramp_up_calls is 1, must be absent in the state half_open",
        ),
        (
            Closed,
            Box::new(|s| s.open_for = Some(ms(5))),
            "open_for is 5ms, must be absent in the state closed",
        ),
        (
            Open,
            Box::new(|s| s.open_for = None),
            "open_for is absent, must be present in the state open",
        ),
        (
            Open,
            Box::new(|s| s.opened_by = None),
            "opened_by is absent, must be present in the state open",
        ),
        (
            ForcedOpen,
            Box::new(|s| s.opened_by = Some(OpenReason::Latency)),
            "opened_by is latency, must be absent in the state forced_open",
        ),
        (
            Open,
            Box::new(|s| s.openings = 0),
            "openings is 0, must be at least 1 in the state open",
        ),
        (
            Half,
            Box::new(|s| s.openings = 0),
            "openings is 0, must be at least 1 in the state half_open",
        ),
        (
            ForcedOpen,
            Box::new(|s| s.openings = 3),
            "openings is 3, must be 0 in the state forced_open",
        ),
        (
            Half,
            Box::new(|s| s.judge_next = true),
            "judge_next is true, must be false in the state half_open",
        ),
        (
            Half,
            Box::new(|s| s.probes = None),
            "probes is absent, must be present in the state half_open",
        ),
        (
            Closed,
            probes(4, 0, 0, 0),
            "probes is 4, must be absent in the state closed",
        ),
        (
            Half,
            probes(4, 5, 0, 0),
            "probes.failed is 5, must be at most 4",
        ),
        (
            Open,
            probes(4, 0, 5, 0),
            "probes.slow is 5, must be at most 4",
        ),
        (
            Half,
            probes(4, 2, 3, 3),
            "probes.slow_failures is 3, must be at most 2",
        ),
        (
            Closed,
            bucket(|b| b.calls = 1 << 49),
            "window[0].calls is 562949953421312, must be at most 281474976710656",
        ),
        (
            Closed,
            bucket(|b| b.failures = 2),
            "window[0].failures is 2, must be at most 1",
        ),
        (
            Closed,
            bucket(|b| b.slow = 2),
            "window[0].slow is 2, must be at most 1",
        ),
        (
            Closed,
            bucket(|b| b.slow_failures = 1),
            "window[0].slow_failures is 1, must be at most 0",
        ),
        (
            Closed,
            bucket(|b| b.late = 2),
            "window[0].late is 2, must be at most 1",
        ),
        (
            Closed,
            bucket(|b| b.age = ms(86_400_001)),
            "window[0].age is 86400.001s, must be at most 86400s",
        ),
        (
            Closed,
            Box::new(|s| {
                let b = s.window[0];
                s.window.push(b);
            }),
            "window[1].age is 1s, must be above 1s, that of the one before",
        ),
        (
            Closed,
            Box::new(|s| s.window = vec![WindowBucket::default(); 4097]),
            "window's length is 4097, must be at most 4096",
        ),
        (
            Closed,
            Box::new(|s| s.count_window = "f.x".to_owned()),
            "count_window[2] is 'x', must be one of . f s b",
        ),
        (
            Closed,
            Box::new(|s| s.count_window = ".".repeat(32_768)),
            "count_window's length is 32768, must be at most 32767",
        ),
    ];
    for (state, change, message) in table {
        let mut snapshot = of(state);
        assert!(CircuitBreaker::restore(&settings, 1, &snapshot, ms(0)).is_ok());
        change(&mut snapshot);
        let error = CircuitBreaker::restore(&settings, 1, &snapshot, ms(0)).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[cfg(feature = "serde")]
#[test]
fn it_is_plain_data() {
    let breaker = breaker(Config::default().with_count_window(Some(20)));
    call(&breaker, Outcome::Failure, ms(500));
    call(&breaker, Outcome::Success, ms(1500));
    let snapshot = breaker.snapshot(ms(3100));
    let text = serde_json::to_string(&snapshot).unwrap();
    assert_eq!(serde_json::from_str::<Snapshot>(&text).unwrap(), snapshot);
    let bucket = |age: &str, failures: u64| {
        serde_json::json!({
            "age": age, "calls": 1, "failures": failures, "slow": 0, "slow_failures": 0, "late": 0,
        })
    };
    let wanted = serde_json::json!({
        "state": "closed", "generation": 0, "for_how_long": "3100ms", "open_for": null,
        "opened_by": null, "openings": 0, "probes": null, "consecutive_failures": 0,
        "judge_next": true, "ramp_up_calls": null,
        "window": [bucket("2s", 0), bucket("3s", 1)],
        "count_window": "f.", "rejected": 0, "rejected_in_period": 0, "stale": 0,
    });
    assert_eq!(serde_json::to_value(&snapshot).unwrap(), wanted);
    let unknown = text.replacen('{', "{\"more\": 1,", 1);
    assert!(serde_json::from_str::<Snapshot>(&unknown).is_err());
    let missing = text.replace("\"stale\":0", "\"stale2\":0");
    assert!(serde_json::from_str::<Snapshot>(&missing).is_err());
}
