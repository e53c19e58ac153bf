//! What is emitted, of a server that answers, hangs, and answers again.

use std::time::Instant;

use circuit_breaker_redis::{Error, SharedBreaker};

use crate::restart::{Log, fleet};
use crate::server::Server;

/// Some ticks that go well, some that do not, some that do; how many of each.
fn story(id: &str) -> [usize; 3] {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let server = Server::start().await;
        let (breaker, fleet) = fleet();
        let manager = server.manager(&fleet);
        let mut shared = SharedBreaker::new(manager, "orders", id, &fleet, 1).unwrap();
        let origin = Instant::now();
        let clock = || origin.elapsed();
        let mut counts = [0; 3];
        for (phase, count) in counts.iter_mut().enumerate() {
            server.hang(phase == 1);
            let log = Log::default();
            let tell = |tick: Result<_, Error>| {
                *count += 1;
                log.tell(tick.map(|_| ()));
            };
            tokio::select! {
                _ = shared.run(&breaker, &clock, tell) => unreachable!("it never ends"),
                _ = log.until(0, phase != 1, 4) => {}
            }
        }
        counts
    })
}

#[cfg(feature = "metrics")]
#[test]
fn metrics_tell_the_story() {
    use metrics_util::debugging::{DebugValue, DebuggingRecorder};
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let counts = metrics::with_local_recorder(&recorder, || story("counted"));
    let read: std::collections::BTreeMap<_, _> = snapshotter
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
            let name = key.name().trim_start_matches("circuit_breaker_fleet_");
            (format!("{name} {}", labels.join(" ")), value)
        })
        .collect();
    let of = |name: &str| read[name];
    let failed = of("failures_total breaker=orders retryable=true");
    let decided = of("decisions_total breaker=orders action=nothing");
    let all = counts.iter().sum::<usize>() as f64;
    assert_eq!(of("ticks_total breaker=orders"), all);
    assert_eq!(failed + decided, all);
    assert!(failed >= 4.0 && decided >= 8.0, "{read:?}");
    assert_eq!(of("live_reporters breaker=orders"), 1.0);
    for action in ["open", "hold", "probe", "reopen"] {
        assert_eq!(
            of(&format!("decisions_total breaker=orders action={action}")),
            0.0
        );
    }
    assert_eq!(of("failures_total breaker=orders retryable=false"), 0.0);
    assert_eq!(read.len(), 9);
}

#[cfg(feature = "tracing")]
mod events {
    use std::fmt::{Debug, Write};
    use std::sync::{Arc, Mutex};

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Level, Metadata, Subscriber};

    /// Level and text of each event; names of spans.
    #[derive(Clone, Default)]
    struct Events(Arc<Mutex<Vec<(Level, String)>>>);

    #[derive(Default)]
    struct Line(String);

    impl Visit for Line {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            write!(self.0, "{field}={value:?} ").unwrap();
        }
    }

    impl Subscriber for Events {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target() == "circuit_breaker_redis"
        }

        fn new_span(&self, span: &Attributes<'_>) -> Id {
            let mut line = Line("span ".to_owned());
            span.record(&mut line);
            let line = (*span.metadata().level(), line.0);
            self.0.lock().unwrap().push(line);
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, event: &Event<'_>) {
            let mut line = Line::default();
            event.record(&mut line);
            let line = (*event.metadata().level(), line.0);
            self.0.lock().unwrap().push(line);
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    #[test]
    fn a_server_that_hangs_is_told_of_once() {
        let events = Events::default();
        // For all threads: a thread's own would miss what another thread's call emitted first.
        tracing::subscriber::set_global_default(events.clone()).unwrap();
        let counts = super::story("told");
        let mut events = std::mem::take(&mut *events.0.lock().unwrap());
        events.retain(|(_, line)| line.contains("id=\"told\""));
        let of = |level, part: &str| {
            let lines = events.iter().filter(|(l, _)| *l == level);
            lines.filter(|(_, line)| line.contains(part)).count()
        };
        let named = "breaker=\"orders\" id=\"told\"";
        assert_eq!(of(Level::WARN, ""), 1, "{events:?}");
        assert_eq!(of(Level::WARN, "the breaker is on its own"), 1);
        assert_eq!(of(Level::WARN, named), 1);
        assert_eq!(of(Level::INFO, ""), 1);
        assert_eq!(of(Level::INFO, "hears of the others again"), 1);
        assert!(of(Level::DEBUG, "still on its own") >= 3);
        // One begun at the end of each phase and dropped at most.
        let (spans, ticks) = (of(Level::DEBUG, "span "), counts.iter().sum::<usize>());
        assert!((ticks..=ticks + 3).contains(&spans), "{spans} of {ticks}");
    }
}
