//! What files and logs see: durations as text, defaults filled in, unknown fields refused.

use std::time::Duration;

use circuit_breaker::{
    CircuitBreaker, Config, Dialect, HalfOpen, LatencyLimit, OnDrop, OpenWait, RegistryConfig,
    Settings, TimeWindow, Transition,
};
use serde_json::{Value, from_value, json, to_value};
use std::sync::{Arc, Mutex};

fn round_trip(config: &Config) {
    let text = serde_json::to_string(config).unwrap();
    assert_eq!(&serde_json::from_str::<Config>(&text).unwrap(), config);
}

#[test]
fn configs_come_back() {
    let full = Config::default()
        .with_failure_rate(None)
        .with_slow_call_duration(Duration::from_nanos(1_000_000_001))
        .with_slow_call_rate(Some(0.1))
        .with_consecutive_failures(Some(3))
        .with_latency(Some(LatencyLimit::new(0.95, Duration::from_micros(1500))))
        .with_min_calls(7)
        .with_time_window(None)
        .with_count_window(Some(9))
        .with_open_wait(OpenWait::fixed(Duration::from_secs(90)))
        .with_half_open(
            HalfOpen::default()
                .with_permits(2)
                .with_failure_rate(Some(0.3))
                .with_lease(None)
                .with_max_wait(Some(Duration::from_secs(3600))),
        )
        .with_ramp_up(Some(Duration::from_millis(1)))
        .with_on_drop(OnDrop::FailureIfOlderThan(Duration::from_secs(5)))
        .with_dialect(Dialect::Resilience4j);
    for config in [
        full,
        Config::default(),
        Config::resilience4j(),
        Config::polly(),
        Config::hystrix(),
        Config::consecutive(5, Duration::from_secs(60)),
    ] {
        round_trip(&config);
    }
}

#[test]
fn the_written_form() {
    let wanted = json!({
        "failure_rate": 0.5,
        "slow_call_duration": "1s",
        "slow_call_rate": null,
        "consecutive_failures": null,
        "latency": { "quantile": 0.99, "limit": "250ms" },
        "min_calls": 20,
        "time_window": { "length": "10s", "buckets": 10 },
        "count_window": null,
        "open_wait": { "base": "1s", "multiplier": 1.1, "cap": "5s", "jitter": 0.5 },
        "half_open": { "permits": 5, "failure_rate": null, "lease": "30s", "max_wait": null },
        "ramp_up": "2d",
        "on_drop": { "failure_if_older_than": "1h" },
        "dialect": "plimsoll",
    });
    let limit = LatencyLimit::new(0.99, Duration::from_millis(250));
    let config = Config::default()
        .with_latency(Some(limit))
        .with_ramp_up(Some(Duration::from_secs(2 * 86_400)))
        .with_on_drop(OnDrop::FailureIfOlderThan(Duration::from_secs(3600)));
    assert_eq!(to_value(config).unwrap(), wanted);
    let drops = [OnDrop::Ignore, OnDrop::Failure, OnDrop::FailureIfSlow];
    assert_eq!(
        to_value(drops).unwrap(),
        json!(["ignore", "failure", "failure_if_slow"])
    );
    let dialects = [Dialect::Resilience4j, Dialect::Polly];
    assert_eq!(
        to_value(dialects).unwrap(),
        json!(["resilience4j", "polly"])
    );
    let registry = RegistryConfig::default();
    assert_eq!(
        to_value(registry).unwrap(),
        json!({ "capacity": 10_000, "shards": 16 })
    );
}

#[test]
fn what_is_left_out_is_the_default() {
    let config: Config = from_value(json!({
        "min_calls": 5,
        "time_window": { "length": "1h30m" },
        "open_wait": { "base": 2, "cap": 2.5 },
        "half_open": { "lease": "1.5s" },
    }))
    .unwrap();
    let wanted = Config::default()
        .with_min_calls(5)
        .with_time_window(Some(TimeWindow::new(Duration::from_secs(5400), 10)))
        .with_open_wait(
            OpenWait::default()
                .with_base(Duration::from_secs(2))
                .with_cap(Duration::from_millis(2500)),
        )
        .with_half_open(HalfOpen::default().with_lease(Some(Duration::from_millis(1500))));
    assert_eq!(config, wanted);
    let absent: Config = from_value(json!({ "time_window": null })).unwrap();
    assert_eq!(absent.time_window, None);
    assert_eq!(
        from_value::<RegistryConfig>(json!({ "shards": 3 }))
            .unwrap()
            .capacity,
        10_000
    );
}

#[test]
fn what_is_not_known_is_refused() {
    let refused = |value: Value| from_value::<Config>(value).unwrap_err().to_string();
    let unknown = [
        json!({ "failure_rat": 0.5 }),
        json!({ "time_window": { "size": 1 } }),
        json!({ "open_wait": { "bas": "1s" } }),
        json!({ "half_open": { "permit": 1 } }),
        json!({ "latency": { "quantile": 0.5, "limit": "1s", "x": 0 } }),
    ];
    for value in unknown {
        assert!(refused(value).starts_with("unknown field `"));
    }
    assert!(from_value::<RegistryConfig>(json!({ "size": 3 })).is_err());
    assert_eq!(
        refused(json!({ "latency": { "quantile": 0.5 } })),
        "missing field `limit`"
    );
    for text in ["", "5 m", "5x", "1h5", "-1s", ".s", "99999999999999999999d"] {
        let told = refused(json!({ "ramp_up": text }));
        assert!(
            told.contains("expected a duration such as"),
            "{text}: {told}"
        );
    }
    assert!(refused(json!({ "ramp_up": -1 })).contains("expected a duration such as"));
    assert!(refused(json!({ "ramp_up": -1.5 })).contains("expected a duration such as"));
}

#[test]
fn metrics_and_transitions_say_durations_as_text() {
    let seen: Arc<Mutex<Vec<Transition>>> = Arc::default();
    let told = Arc::clone(&seen);
    let settings = Settings::new(Config::default())
        .unwrap()
        .with_listener(Arc::new(move |change: &Transition| {
            told.lock().unwrap().push(*change)
        }));
    let breaker = CircuitBreaker::new(&settings, 3);
    breaker.trip(Duration::from_secs(60), Some(Duration::from_millis(1500)));
    let metrics = to_value(breaker.metrics(Duration::from_secs(61))).unwrap();
    assert_eq!(metrics["state"], json!("open"));
    assert_eq!(metrics["for_how_long"], json!("1s"));
    assert_eq!(metrics["retry_after"], json!("500ms"));
    let wanted = json!({
        "breaker": 3, "from": "closed", "to": "open", "at": "1m", "generation": 1,
        "reason": "tripped", "open_wait": "1500ms",
    });
    assert_eq!(to_value(seen.lock().unwrap()[0]).unwrap(), wanted);
}
