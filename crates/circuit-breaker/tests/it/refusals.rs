//! Every refusal of a configuration: the field, the value and the bound, on both sides of the bound.

use std::time::Duration;

use circuit_breaker::{
    Config, ConfigError, Dialect, HalfOpen, LatencyLimit, OnDrop, OpenWait, Settings, TimeWindow,
};

use crate::given::ms;

const DAY: Duration = Duration::from_secs(86_400);
const YEAR: Duration = Duration::from_secs(365 * 86_400);
const NANO: Duration = Duration::from_nanos(1);

fn base() -> Config {
    Config::default()
}

fn window(length: Duration, buckets: u32) -> Config {
    base().with_time_window(Some(TimeWindow::new(length, buckets)))
}

fn wait(change: impl Fn(OpenWait) -> OpenWait) -> Config {
    base().with_open_wait(change(OpenWait::default()))
}

fn half(change: impl Fn(HalfOpen) -> HalfOpen) -> Config {
    base().with_half_open(change(HalfOpen::default()))
}

fn latency(quantile: f64, limit: Duration) -> Config {
    base().with_latency(Some(LatencyLimit::new(quantile, limit)))
}

fn count(size: u32, min_calls: u32) -> Config {
    base()
        .with_count_window(Some(size))
        .with_min_calls(min_calls)
}

#[test]
fn each_names_field_value_and_bound() {
    let rate = "from 0.000001 to 1";
    let span = "above 0 and at most 365 days";
    let rates = |field: &str, of: fn(f64) -> Config| {
        [0.0, -0.5, 1.1, 9e-7, f64::INFINITY, f64::NAN]
            .map(|value| (of(value), format!("{field} is {value}, must be {rate}")))
    };
    let spans = |field: &str, of: fn(Duration) -> Config| {
        [Duration::ZERO, YEAR + NANO, Duration::MAX]
            .map(|value| (of(value), format!("{field} is {value:?}, must be {span}")))
    };
    let mut table: Vec<(Config, String)> = Vec::new();
    table.extend(rates("failure_rate", |v| base().with_failure_rate(Some(v))));
    table.extend(rates("slow_call_rate", |v| {
        base().with_slow_call_rate(Some(v))
    }));
    table.extend(rates("half_open.failure_rate", |v| {
        half(|h| h.with_failure_rate(Some(v)))
    }));
    table.extend(spans("slow_call_duration", |v| {
        base().with_slow_call_duration(v)
    }));
    table.extend(spans("latency.limit", |v| latency(0.5, v)));
    table.extend(spans("half_open.lease", |v| {
        half(|h| h.with_lease(Some(v)))
    }));
    table.extend(spans("half_open.max_wait", |v| {
        half(|h| h.with_max_wait(Some(v)))
    }));
    table.extend(spans("ramp_up", |v| base().with_ramp_up(Some(v))));
    table.extend(spans("on_drop.failure_if_older_than", |v| {
        base().with_on_drop(OnDrop::FailureIfOlderThan(v))
    }));
    for value in [0, 65_536] {
        let config = base().with_consecutive_failures(Some(value));
        let told = format!("consecutive_failures is {value}, must be from 1 to 65535");
        table.push((config, told));
    }
    for value in [-0.1, 1.0, 2.0, f64::NAN] {
        let told = format!("latency.quantile is {value}, must be above 0 and below 1");
        table.push((latency(value, ms(1)), told));
    }
    for buckets in [0, 4097] {
        let told = format!("time_window.buckets is {buckets}, must be from 1 to 4096");
        table.push((window(DAY, buckets), told));
    }
    for (length, buckets) in [(ms(10) - NANO, 10), (DAY + NANO, 1), (Duration::ZERO, 1)] {
        let bound = "at least a millisecond a bucket and at most 24h";
        let told = format!("time_window.length is {length:?}, must be {bound}");
        table.push((window(length, buckets), told));
    }
    for size in [0, 32_768] {
        let told = format!("count_window is {size}, must be from 1 to 32767");
        table.push((count(size, 1), told));
    }
    for base_wait in [Duration::ZERO, ms(1) - NANO, YEAR + NANO] {
        let told = format!("open_wait.base is {base_wait:?}, must be from 1ms to 365 days");
        table.push((wait(|w| w.with_base(base_wait).with_cap(YEAR)), told));
    }
    for value in [0.99, 100.1, f64::INFINITY, f64::NAN] {
        let told = format!("open_wait.multiplier is {value}, must be from 1 to 100");
        table.push((wait(|w| w.with_multiplier(value)), told));
    }
    for value in [-0.01, 1.01, f64::NAN] {
        let told = format!("open_wait.jitter is {value}, must be from 0 to 1");
        table.push((wait(|w| w.with_jitter(value)), told));
    }
    for permits in [0, 256] {
        let told = format!("half_open.permits is {permits}, must be from 1 to 255");
        table.push((half(|h| h.with_permits(permits)), told));
    }
    let polly = Config::polly().with_half_open(HalfOpen::default().with_permits(2));
    let nothing = base().with_time_window(None);
    let slow_only = nothing
        .clone()
        .with_failure_rate(None)
        .with_slow_call_rate(Some(0.25));
    let late_only = nothing
        .clone()
        .with_failure_rate(None)
        .with_latency(Some(LatencyLimit::new(0.9, ms(5))));
    let cap = wait(|w| w.with_base(ms(1000)).with_cap(ms(999)));
    let far = wait(|w| w.with_cap(YEAR + NANO));
    let none = "time_window or count_window, which is not set";
    table.extend([
        (
            base().with_min_calls(0),
            "min_calls is 0, must be from 1 to 100000".to_owned(),
        ),
        (
            count(19, 20),
            "min_calls is 20, must be at most count_window (19)".to_owned(),
        ),
        (
            cap,
            "open_wait.cap is 999ms, must be at least open_wait.base (1s)".to_owned(),
        ),
        (
            far,
            format!(
                "open_wait.cap is {:?}, must be at most 365 days",
                YEAR + NANO
            ),
        ),
        (
            polly,
            "half_open.permits is 2, must be 1 in the dialect polly".to_owned(),
        ),
        (nothing, format!("failure_rate is 0.5 and needs {none}")),
        (
            slow_only,
            format!("slow_call_rate is 0.25 and needs {none}"),
        ),
        (
            late_only,
            "latency.quantile is 0.9 and needs time_window, which is not set".to_owned(),
        ),
    ]);
    for (config, told) in table {
        let error: ConfigError = Settings::new(config).unwrap_err();
        assert_eq!(error.to_string(), told);
    }
}

#[test]
fn the_bounds_themselves_are_accepted() {
    let accepted = [
        base().with_failure_rate(Some(1e-6)),
        base().with_failure_rate(Some(1.0)),
        base().with_slow_call_rate(Some(1e-6)),
        base().with_slow_call_rate(Some(1.0)),
        half(|h| h.with_failure_rate(Some(1e-6))),
        half(|h| h.with_failure_rate(Some(1.0))),
        base().with_slow_call_duration(NANO),
        half(|h| h.with_lease(Some(YEAR))).with_slow_call_duration(YEAR),
        latency(0.000_001, NANO),
        latency(0.999_999, YEAR),
        half(|h| h.with_lease(Some(NANO)).with_max_wait(Some(NANO))).with_slow_call_duration(NANO),
        half(|h| h.with_lease(Some(YEAR)).with_max_wait(Some(YEAR))),
        base().with_ramp_up(Some(NANO)),
        base().with_ramp_up(Some(YEAR)),
        base().with_on_drop(OnDrop::FailureIfOlderThan(NANO)),
        base().with_on_drop(OnDrop::FailureIfOlderThan(YEAR)),
        base().with_consecutive_failures(Some(1)),
        base().with_consecutive_failures(Some(65_535)),
        base().with_min_calls(1),
        base().with_min_calls(100_000),
        window(DAY, 1),
        window(DAY, 4096),
        window(ms(4096), 4096),
        window(ms(1), 1),
        count(1, 1),
        count(32_767, 32_767),
        wait(|w| w.with_base(ms(1)).with_cap(ms(1)).with_multiplier(1.0)),
        wait(|w| w.with_base(YEAR).with_cap(YEAR).with_multiplier(100.0)),
        wait(|w| w.with_jitter(0.0)),
        wait(|w| w.with_jitter(1.0)),
        half(|h| h.with_permits(1)),
        half(|h| h.with_permits(255)),
        // Nothing to judge by: it opens by hand only.
        base().with_failure_rate(None).with_time_window(None),
        base()
            .with_dialect(Dialect::Polly)
            .with_half_open(HalfOpen::default().with_permits(1)),
    ];
    for config in accepted {
        assert!(Settings::new(config.clone()).is_ok(), "{config:?}");
    }
}
