//! What is emitted.

use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "metrics")]
use circuit_breaker_tower::Config;
use circuit_breaker_tower::{AsError, ErrorsAreFailures, Shared, State};
use circuit_breaker_tower::{CircuitBreaker, CircuitBreakerLayer, ManualClock, Telemetry};
use tower::{Layer, Service};

use crate::services::{Run, answer, never, says, touchy};

type Watched = CircuitBreaker<Run, Shared, ErrorsAreFailures, AsError, Arc<ManualClock>>;

/// One success, one failure that opens, a refusal, a cancelled probe, a probe that closes.
fn story() -> Watched {
    let clock = Arc::new(ManualClock::default());
    let layer = CircuitBreakerLayer::new(touchy(Duration::from_secs(2), 1)).expect("accepted");
    let mut service = layer
        .with_seed(77)
        .with_clock(Arc::clone(&clock))
        .with_telemetry(Telemetry::new("orders"))
        .layer(Run::default());
    let send =
        |service: &mut Watched, with: Result<u32, &'static str>| answer(service.call(says(with)));
    assert!(send(&mut service, Ok(1)).is_ok());
    assert!(send(&mut service, Err("down")).is_err());
    assert!(send(&mut service, Ok(1)).is_err());
    clock.advance(Duration::from_secs(2));
    drop(service.call(never()));
    assert!(send(&mut service, Ok(1)).is_ok());
    assert_eq!(service.breaker().state(), State::Closed);
    service
}

#[cfg(feature = "metrics")]
#[test]
fn metrics_tell_the_story() {
    use metrics_util::debugging::{DebugValue, DebuggingRecorder};
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let service = metrics::with_local_recorder(&recorder, story);
    let read = || {
        let mut lines: Vec<_> = snapshotter
            .snapshot()
            .into_vec()
            .into_iter()
            .map(|(key, _, _, value)| {
                let key = key.key();
                let labels: Vec<_> = key
                    .labels()
                    .map(|l| format!("{}={}", l.key(), l.value()))
                    .collect();
                let value = match value {
                    DebugValue::Counter(n) => n as f64,
                    DebugValue::Gauge(g) => g.into_inner(),
                    DebugValue::Histogram(_) => panic!("no histograms"),
                };
                (format!("{} {}", key.name(), labels.join(" ")), value)
            })
            .filter(|(_, value)| *value != 0.0)
            .collect();
        lines.sort_by(|a, b| a.0.cmp(&b.0));
        lines
    };
    let expected = [
        (
            "circuit_breaker_calls_total breaker=orders outcome=cancelled",
            1.0,
        ),
        (
            "circuit_breaker_calls_total breaker=orders outcome=failure",
            1.0,
        ),
        (
            "circuit_breaker_calls_total breaker=orders outcome=success",
            2.0,
        ),
        (
            "circuit_breaker_rejected_total breaker=orders reason=open",
            1.0,
        ),
        (
            "circuit_breaker_transitions_total breaker=orders to=closed",
            1.0,
        ),
        (
            "circuit_breaker_transitions_total breaker=orders to=half_open",
            1.0,
        ),
        (
            "circuit_breaker_transitions_total breaker=orders to=open",
            1.0,
        ),
    ];
    assert_eq!(read(), expected.map(|(key, value)| (key.to_owned(), value)));
    service.breaker().force_open(Duration::from_secs(3));
    let forced = (
        "circuit_breaker_state breaker=orders state=forced_open".to_owned(),
        1.0,
    );
    assert!(read().contains(&forced));
}

/// A success that the breaker counts as slow is told as slow, and only where it counts them.
#[cfg(feature = "metrics")]
#[test]
fn slow_successes_are_told_as_slow() {
    use metrics_util::debugging::{DebugValue, DebuggingRecorder};
    for (rate, expected) in [(Some(0.9), ["slow", "success"]), (None, ["success"; 2])] {
        let recorder = DebuggingRecorder::new();
        let snapshotter = recorder.snapshotter();
        metrics::with_local_recorder(&recorder, || {
            let clock = Arc::new(ManualClock::default());
            let config = Config::default().with_slow_call_rate(rate);
            let mut service = CircuitBreakerLayer::new(config)
                .expect("accepted")
                .with_clock(Arc::clone(&clock))
                .with_telemetry(Telemetry::new("orders"))
                .layer(Run::default());
            for ms in [1000, 1001] {
                let call = service.call(says(Ok(1)));
                clock.advance(Duration::from_millis(ms));
                assert_eq!(answer(call), Ok(1));
            }
        });
        let told: Vec<_> = snapshotter.snapshot().into_vec().into_iter().collect();
        let mut outcomes = Vec::new();
        for (key, _, _, value) in told {
            if let DebugValue::Counter(n) = value {
                let outcome = key.key().labels().find(|l| l.key() == "outcome");
                outcomes.extend((0..n).filter_map(|_| outcome.map(|l| l.value().to_owned())));
            }
        }
        outcomes.sort();
        assert_eq!(outcomes, expected);
    }
}

#[cfg(feature = "tracing")]
mod events {
    use std::fmt::{Debug, Write as _};
    use std::sync::{Arc, Mutex};

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    /// Writes every event down, a line each.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<String>>>);

    struct Line(String);

    impl Visit for Line {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            write!(self.0, " {}={value:?}", field.name()).expect("a string takes it");
        }
    }

    impl Subscriber for Log {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, event: &Event<'_>) {
            let mut line = Line(format!(
                "{} {}",
                event.metadata().level(),
                event.metadata().target()
            ));
            event.record(&mut line);
            self.0.lock().expect("no panic").push(line.0);
        }
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    #[test]
    fn events_tell_the_story() {
        let log = Log::default();
        let service = tracing::subscriber::with_default(log.clone(), super::story);
        drop(service);
        let lines = log.0.lock().expect("no panic");
        assert_eq!(
            *lines,
            [
                "WARN circuit_breaker message=circuit breaker opened breaker=\"orders\" seed=77 from=\"closed\" to=\"open\" generation=1 reason=\"consecutive_failures\" open_wait_ms=2000",
                "DEBUG circuit_breaker message=call refused breaker=\"orders\" reason=open retry_after_ms=2000",
                "INFO circuit_breaker message=circuit breaker changed breaker=\"orders\" seed=77 from=\"open\" to=\"half_open\" generation=2",
                "INFO circuit_breaker message=circuit breaker changed breaker=\"orders\" seed=77 from=\"half_open\" to=\"closed\" generation=3",
            ]
        );
    }
}
