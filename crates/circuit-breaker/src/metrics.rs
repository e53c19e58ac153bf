//! What a breaker holds, as data.

use std::time::Duration;

use crate::breaker::CircuitBreaker;
use crate::settings::Compiled;
use crate::state::{OpenReason, State};
use crate::sync::Ordering;
use crate::time::nanos;
use crate::word::Word;

/// What a window holds.
///
/// ```
/// use circuit_breaker::{CircuitBreaker, Config, Outcome};
/// use std::time::Duration;
///
/// let breaker = CircuitBreaker::with_config(Config::default(), 1)?;
/// for outcome in [Outcome::Success, Outcome::Success, Outcome::Failure, Outcome::Success] {
///     let token = breaker.try_acquire(Duration::ZERO)?;
///     breaker.record(token, outcome, Duration::ZERO);
/// }
/// let window = breaker.metrics(Duration::ZERO).window;
/// assert_eq!((window.calls, window.failures), (4, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Counts {
    /// Calls that were counted.
    pub calls: u64,
    /// Those that failed.
    pub failures: u64,
    /// Those that were slow, failed or not; 0 where slow calls are not counted.
    pub slow: u64,
    /// Those that were slow and failed.
    pub slow_failures: u64,
}

/// What a breaker holds at a time: for logs, exporters, dashboards.
///
/// ```
/// use circuit_breaker::{CircuitBreaker, Config, State};
/// use std::time::Duration;
///
/// let breaker = CircuitBreaker::with_config(Config::default(), 1)?;
/// let metrics = breaker.metrics(Duration::from_secs(3));
/// assert_eq!((metrics.state, metrics.failure_rate), (State::Closed, None));
/// # Ok::<(), circuit_breaker::ConfigError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Metrics {
    /// The state.
    pub state: State,
    /// Transitions so far, modulo 2²¹.
    pub generation: u32,
    /// How long it has been in this state.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub for_how_long: Duration,
    /// Why it opened, where it is open.
    pub opened_by: Option<OpenReason>,
    /// How long the open wait still lasts.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration::option"))]
    pub retry_after: Option<Duration>,
    /// Openings in a row without closing in between.
    pub openings: u8,
    /// The time window where there is one, otherwise the count window. Half-open: the probes. Open:
    /// what made it open, as far as it is not too old by now.
    pub window: Counts,
    /// The count window, where there is one beside a time window.
    pub count_window: Option<Counts>,
    /// Failures ÷ calls of `window`, or of the count window beside it where that has the larger share;
    /// `None` below the calls from which on they are judged.
    pub failure_rate: Option<f64>,
    /// Slow calls ÷ calls, likewise.
    pub slow_call_rate: Option<f64>,
    /// Failures in a row, where they are counted.
    pub consecutive_failures: u32,
    /// Probes that were admitted in this half-open period and have not come back.
    pub probes_out: u8,
    /// Calls that were refused, since the breaker was made.
    pub rejected: u64,
    /// Calls that were refused since the last closed or half-open period began, modulo 2³².
    pub rejected_in_period: u32,
    /// Outcomes that came too late to count, since the breaker was made, modulo 2³².
    pub stale: u32,
}

impl CircuitBreaker {
    /// What the breaker holds at `now`: O(buckets). The parts are read one after another, while other
    /// threads may change them.
    ///
    /// ```
    /// use circuit_breaker::{CircuitBreaker, Config};
    /// use std::time::Duration;
    ///
    /// let breaker = CircuitBreaker::with_config(Config::default(), 1)?;
    /// breaker.trip(Duration::ZERO, Some(Duration::from_secs(9)));
    /// let metrics = breaker.metrics(Duration::from_secs(4));
    /// assert_eq!(metrics.for_how_long, Duration::from_secs(4));
    /// assert_eq!(metrics.retry_after, Some(Duration::from_secs(5)));
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    #[must_use]
    pub fn metrics(&self, now: Duration) -> Metrics {
        let settings = self.compiled();
        let word = self.load();
        let generation = word.generation();
        let at = crate::time::micros(now);
        let since = self.since.get(generation).unwrap_or(at);
        let open = word.state() == State::Open;
        let until = self.until.get(generation).filter(|_| open);
        let probes = word.state() == State::HalfOpen || open && word.is_probed();
        let (window, count_window) = self.windows(word, probes, now);
        let judged = if probes {
            u64::from(settings.probes)
        } else if settings.config.time_window.is_some() {
            settings.min_calls
        } else {
            settings.min_count
        };
        let rate = |part: fn(&Counts) -> u64| {
            let share = |counts: &Counts, least: u64| {
                (counts.calls > 0 && counts.calls >= least)
                    .then(|| part(counts) as f64 / counts.calls as f64)
            };
            let beside = count_window.and_then(|counts| share(&counts, settings.min_count));
            share(&window, judged)
                .into_iter()
                .chain(beside)
                .reduce(f64::max)
        };
        let rejected = self.rejected.load(Ordering::Relaxed);
        #[allow(clippy::cast_possible_truncation, reason = "the lower half on purpose")]
        let rejected_low = rejected as u32;
        let closed = word.state() == State::Closed;
        let half_open = word.state() == State::HalfOpen;
        Metrics {
            state: word.state(),
            generation,
            for_how_long: Duration::from_micros(at.saturating_sub(since)),
            opened_by: open.then(|| word.reason()),
            retry_after: until
                .map(|end| Duration::from_micros(self.first_after(end).saturating_sub(at))),
            openings: word.attempt(),
            window,
            count_window,
            failure_rate: rate(|counts| counts.failures),
            slow_call_rate: rate(|counts| counts.slow).filter(|_| settings.counts_slow),
            consecutive_failures: if closed { word.streak() } else { 0 },
            probes_out: if half_open {
                word.issued().saturating_sub(word.done())
            } else {
                0
            },
            rejected,
            rejected_in_period: rejected_low
                .wrapping_sub(self.rejected_before.load(Ordering::Relaxed)),
            stale: self.stale.load(Ordering::Relaxed),
        }
    }

    fn windows(&self, word: Word, probes: bool, now: Duration) -> (Counts, Option<Counts>) {
        let extras = self.extras.as_deref();
        if let Some(window) = extras.and_then(|e| e.anchored.as_ref()) {
            // Polly keeps the closed period's window until it closes again.
            let counting = matches!(word.state(), State::Closed | State::MetricsOnly);
            let era = counting.then(|| word.era());
            let sum = window.sum(nanos(now), era);
            let counts = Counts {
                calls: sum.calls,
                failures: sum.failures,
                ..Counts::default()
            };
            return (counts, None);
        }
        if probes {
            return (self.probe_counts(word), None);
        }
        let era = match word.state() {
            State::Open => word.era_before(),
            _ => word.era(),
        };
        let by_time = self.ring().map(|_| self.counts_by_time(era, now));
        let by_count = extras.and_then(|e| e.count.as_ref()).map(|window| {
            let sums = window.sums(era);
            Counts {
                calls: u64::from(sums.calls),
                failures: u64::from(sums.failures),
                slow: u64::from(sums.slow),
                slow_failures: u64::from(sums.slow_failures),
            }
        });
        match (by_time, by_count) {
            (Some(time), count) => (time, count),
            (None, count) => (count.unwrap_or_default(), None),
        }
    }

    fn counts_by_time(&self, era: u64, now: Duration) -> Counts {
        let Compiled {
            epochs, buckets, ..
        } = *self.compiled();
        let epoch = epochs.of(now);
        let newest = self.ring().map_or(epoch, |ring| ring.newest(epoch, era));
        let sum = |ring: Option<crate::time_window::Ring<'_>>| {
            ring.map(|r| r.held(epoch, newest, buckets, era))
                .unwrap_or_default()
        };
        let (calls, slow) = (sum(self.ring()), sum(self.slow_ring()));
        let all_slow = slow.calls.min(calls.calls);
        Counts {
            calls: calls.calls,
            failures: calls.failures,
            slow: all_slow,
            slow_failures: slow.failures.min(calls.failures).min(all_slow),
        }
    }

    pub(crate) fn probe_counts(&self, word: Word) -> Counts {
        let generation = match word.state() {
            State::Open => word.generation().wrapping_sub(1) & (u32::MAX >> 11),
            _ => word.generation(),
        };
        let slow_failed = self
            .extras
            .as_deref()
            .and_then(|e| e.slow_failed_probes.as_ref())
            .map(|count| count.load(Ordering::Relaxed))
            .filter(|value| value >> 32 == u64::from(generation));
        Counts {
            calls: u64::from(word.done()),
            failures: u64::from(word.failed()),
            slow: u64::from(word.slow()),
            slow_failures: slow_failed.map_or(0, |value| value & 0xffff_ffff),
        }
    }
}
