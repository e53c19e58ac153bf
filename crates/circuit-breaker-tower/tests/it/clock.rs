//! The clock of the machine.

use std::time::Duration;

use circuit_breaker_tower::{
    Clock, Config, HalfOpen, LatencyLimit, OnDrop, OpenWait, SystemClock, TimeWindow,
};

#[test]
fn both_clocks_are_one_time_line() {
    let before = SystemClock::precise().now();
    let coarse = SystemClock::coarse().now();
    let after = SystemClock::precise().now();
    assert!(coarse <= after);
    // A tick is 10 ms at most.
    assert!(
        coarse + Duration::from_millis(11) >= before,
        "{coarse:?} {before:?}"
    );
    assert!(coarse > Duration::ZERO);
}

#[test]
fn it_never_goes_back() {
    for clock in [SystemClock::coarse(), SystemClock::precise()] {
        let mut last = clock.now();
        for _ in 0..10_000 {
            let now = clock.now();
            assert!(now >= last);
            last = now;
        }
    }
}

#[test]
fn short_limits_get_the_precise_one() {
    let short = Duration::from_millis(99);
    let long = Duration::from_millis(100);
    let config = Config::default;
    let half_open = |half_open| config().with_half_open(half_open);
    let window = |ms| {
        let length = Duration::from_millis(ms);
        config().with_time_window(Some(TimeWindow::new(length, 10)))
    };
    for (config, precise) in [
        (config(), false),
        (config().with_slow_call_duration(short), true),
        (
            config()
                .with_slow_call_duration(short)
                .with_on_drop(OnDrop::Ignore),
            false,
        ),
        (
            config()
                .with_slow_call_duration(short)
                .with_on_drop(OnDrop::Failure),
            false,
        ),
        (
            config()
                .with_slow_call_duration(long)
                .with_slow_call_rate(Some(0.5)),
            false,
        ),
        (
            config().with_on_drop(OnDrop::FailureIfOlderThan(short)),
            true,
        ),
        (config().with_open_wait(OpenWait::fixed(short)), true),
        (config().with_open_wait(OpenWait::fixed(long)), false),
        (half_open(HalfOpen::default().with_lease(Some(short))), true),
        (half_open(HalfOpen::default().with_lease(None)), false),
        (
            half_open(HalfOpen::default().with_max_wait(Some(short))),
            true,
        ),
        (config().with_ramp_up(Some(short)), true),
        (config().with_ramp_up(Some(long)), false),
        (window(399), true),
        (window(400), false),
        (config().with_time_window(None), false),
        (
            config().with_latency(Some(LatencyLimit::new(0.5, short))),
            true,
        ),
        (
            config().with_latency(Some(LatencyLimit::new(0.5, long))),
            false,
        ),
        (
            config()
                .with_slow_call_duration(short)
                .with_slow_call_rate(Some(0.5))
                .with_on_drop(OnDrop::Ignore),
            true,
        ),
    ] {
        let clock = SystemClock::for_config(&config);
        assert_eq!(clock == SystemClock::precise(), precise, "{config:?}");
    }
}
