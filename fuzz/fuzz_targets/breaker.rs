//! Any configuration and any operations: no panic, no more probes than permits, nobody kept out for
//! ever, and a snapshot that is restored goes on the same.
#![no_main]

use std::time::Duration;

use circuit_breaker::{
    CircuitBreaker, Config, Dialect, HalfOpen, LatencyLimit, OnDrop, OpenWait, Outcome, Recorded,
    RejectReason, Settings, State, TimeWindow, Token,
};
use libfuzzer_sys::fuzz_target;

struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    /// Spread over many magnitudes, both ends among them.
    fn span(&mut self) -> Duration {
        let (shift, mantissa) = (self.byte(), self.byte());
        match shift {
            255 => Duration::MAX,
            254 => Duration::from_nanos(u64::MAX),
            _ => Duration::from_nanos(u64::from(mantissa) << (shift % 56)),
        }
    }

    fn number(&mut self) -> u32 {
        let (shift, mantissa) = (self.byte(), self.byte());
        u32::from(mantissa) << (shift % 25)
    }

    fn share(&mut self) -> f64 {
        f64::from(self.byte()) / 250.0
    }

    fn maybe<T>(&mut self, of: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.byte() % 2 == 1).then(|| of(self))
    }
}

fn config(bytes: &mut Bytes<'_>) -> Config {
    let start = match bytes.byte() % 5 {
        0 => Config::default(),
        1 => Config::resilience4j(),
        2 => Config::polly(),
        3 => Config::hystrix(),
        _ => Config::consecutive(bytes.number(), bytes.span()),
    };
    let on_drop = match bytes.byte() % 4 {
        0 => OnDrop::Ignore,
        1 => OnDrop::Failure,
        2 => OnDrop::FailureIfSlow,
        _ => OnDrop::FailureIfOlderThan(bytes.span()),
    };
    let dialect = match bytes.byte() % 4 {
        0 => Dialect::Resilience4j,
        1 => Dialect::Polly,
        _ => Dialect::Plimsoll,
    };
    let mut config = start.with_on_drop(on_drop).with_dialect(dialect);
    let changed = bytes.byte();
    if changed & 1 != 0 {
        config = config
            .with_failure_rate(bytes.maybe(Bytes::share))
            .with_slow_call_rate(bytes.maybe(Bytes::share))
            .with_slow_call_duration(bytes.span());
    }
    if changed & 2 != 0 {
        config = config
            .with_min_calls(bytes.number())
            .with_consecutive_failures(bytes.maybe(Bytes::number));
    }
    if changed & 4 != 0 {
        config = config
            .with_time_window(bytes.maybe(|b| TimeWindow::new(b.span(), b.number())))
            .with_count_window(bytes.maybe(Bytes::number));
    }
    if changed & 8 != 0 {
        let wait = OpenWait::fixed(bytes.span()).with_cap(bytes.span());
        let wait = wait
            .with_multiplier(bytes.share() * 3.0)
            .with_jitter(bytes.share());
        config = config.with_open_wait(wait);
    }
    if changed & 16 != 0 {
        let half_open = HalfOpen::default()
            .with_permits(bytes.number())
            .with_failure_rate(bytes.maybe(Bytes::share))
            .with_lease(bytes.maybe(Bytes::span))
            .with_max_wait(bytes.maybe(Bytes::span));
        config = config.with_half_open(half_open);
    }
    if changed & 32 != 0 {
        config = config.with_ramp_up(bytes.maybe(Bytes::span));
    }
    if changed & 64 != 0 {
        config = config.with_latency(bytes.maybe(|b| LatencyLimit::new(b.share(), b.span())));
    }
    config
}

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = Bytes(bytes);
    let Ok(settings) = Settings::new(config(&mut bytes)) else {
        return;
    };
    let permits = settings.config().half_open.permits;
    let seed = u64::from(bytes.byte());
    let mut breaker = CircuitBreaker::new(&settings, seed);
    let mut now = bytes.span();
    let mut tokens: Vec<Token> = Vec::new();
    // The half-open period, and how many more it may admit.
    let (mut period, mut left) = (0, 0);
    while !bytes.0.is_empty() {
        let op = bytes.byte();
        let at = usize::from(op >> 4);
        let token = (!tokens.is_empty()).then(|| at % tokens.len());
        let outcome = match op >> 6 {
            0 => Outcome::Success,
            1 => Outcome::Failure,
            2 => Outcome::Slow,
            _ => Outcome::Ignored,
        };
        let (mut admitted, mut given_back) = (false, false);
        match (op % 16, token) {
            (0..=3, _) => match breaker.try_acquire(now) {
                Ok(token) => {
                    admitted = true;
                    tokens.push(token);
                }
                Err(rejected) => {
                    let forced = rejected.reason == RejectReason::ForcedOpen;
                    assert_eq!(rejected.retry_after.is_none(), forced);
                    assert_ne!(rejected.retry_after, Some(Duration::ZERO));
                }
            },
            (4..=6, Some(at)) => {
                let told = breaker.record(tokens.swap_remove(at), outcome, now);
                given_back = told == Recorded::Ignored;
            }
            (7, Some(at)) => {
                let took = bytes.span();
                let told = breaker.record_timed(tokens.swap_remove(at), outcome, took, now);
                given_back = told == Recorded::Ignored;
            }
            (8, Some(at)) => {
                let told = breaker.cancel(tokens.swap_remove(at), now);
                given_back = told == Recorded::Ignored;
            }
            (9 | 10, _) => now = now.saturating_add(bytes.span()),
            (11, _) => now = now.saturating_sub(bytes.span()),
            (12, _) => _ = breaker.trip(now, bytes.maybe(Bytes::span)),
            (13, _) => {
                let until = now.saturating_add(bytes.span());
                _ = if at % 2 == 0 {
                    breaker.hold_open(until)
                } else {
                    breaker.probe_at(until)
                };
            }
            (14, _) => match at % 4 {
                0 => breaker.force_open(now),
                1 => breaker.disable(now),
                2 => breaker.metrics_only(now),
                _ => breaker.reset(now),
            },
            (15, _) => {
                let snapshot = breaker.snapshot(now);
                breaker = CircuitBreaker::restore(&settings, seed, &snapshot, now)
                    .expect("what a breaker gives is taken");
                assert_eq!(breaker.snapshot(now).state, snapshot.state);
                tokens.clear();
                // The probes that were out are not out any more.
                left = permits - snapshot.probes.map_or(0, |probes| u32::from(probes.done));
                period = snapshot.generation;
            }
            _ => {}
        }
        let metrics = breaker.metrics(now);
        if metrics.state == State::HalfOpen {
            if metrics.generation != period {
                (period, left) = (metrics.generation, permits);
            }
            left += u32::from(given_back);
            left = left
                .checked_sub(u32::from(admitted))
                .expect("no more probes than permits");
        }
        assert!(metrics.window.failures <= metrics.window.calls);
        assert!(metrics.window.slow <= metrics.window.calls);
        breaker.next_wakeup();
    }
    keeps_nobody_out(&breaker, &settings, now);
});

/// With a lease, someone is let through after the lease and the wait at the latest.
fn keeps_nobody_out(breaker: &CircuitBreaker, settings: &Settings, now: Duration) {
    let config = settings.config();
    let Some(lease) = config.half_open.lease else {
        return;
    };
    if breaker.state() == State::ForcedOpen || now > Duration::from_secs(1 << 30) {
        return;
    }
    // The clock may have gone back behind the state, and an operator may hold it open.
    let now = breaker.next_wakeup().map_or(now, |at| at.max(now));
    if now > Duration::from_secs(1 << 30) {
        return;
    }
    let micro = Duration::from_micros(3);
    let after = [
        Duration::ZERO,
        lease + micro,
        lease + config.open_wait.cap + micro * 2,
    ];
    let admitted = after
        .into_iter()
        .any(|after| (0..12).any(|_| breaker.try_acquire(now + after).is_ok()));
    assert!(admitted, "{breaker:?} {config:?}");
}
