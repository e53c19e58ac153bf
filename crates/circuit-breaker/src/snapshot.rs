//! A breaker as plain data.

mod check;
mod restore;

use std::time::Duration;

pub use self::check::SnapshotError;
use crate::breaker::CircuitBreaker;
use crate::settings::Compiled;
use crate::state::{OpenReason, State};
use crate::sync::Ordering;
use crate::time::{micros, nanos};
use crate::time_window::Ring;
use crate::word::Word;

/// What a breaker holds, as data that outlives the process. All times are relative to the time at
/// which it was taken.
///
/// Probes that are out do not survive: their callers are gone with the process, and their places are
/// free. [`restore`](CircuitBreaker::restore) makes a breaker of it.
///
/// ```
/// use circuit_breaker::{CircuitBreaker, Config, Settings};
/// use std::time::Duration;
///
/// let settings = Settings::new(Config::default())?;
/// let breaker = CircuitBreaker::new(&settings, 7);
/// breaker.trip(Duration::from_secs(100), Some(Duration::from_secs(8)));
/// let snapshot = breaker.snapshot(Duration::from_secs(103));
/// assert_eq!(snapshot.open_for, Some(Duration::from_secs(5)));
///
/// // In another process, whose clock has just begun:
/// let again = CircuitBreaker::restore(&settings, 7, &snapshot, Duration::from_secs(1))?;
/// assert_eq!(again.next_wakeup(), Some(Duration::from_secs(6)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Snapshot {
    /// The state.
    pub state: State,
    /// Transitions so far, modulo 2²¹: the jitter's draws go on from here.
    pub generation: u32,
    /// How long it had been in this state.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub for_how_long: Duration,
    /// The rest of the open wait; only where it was open.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration::option"))]
    pub open_for: Option<Duration>,
    /// Why it opened; only where it was open.
    pub opened_by: Option<OpenReason>,
    /// Openings in a row; 0 where it was neither open nor half-open.
    pub openings: u8,
    /// The probes that had come back; only where it was half-open, or open because of them.
    pub probes: Option<ProbeCounts>,
    /// Failures in a row, where they are counted; only where it was closed.
    pub consecutive_failures: u32,
    /// Whether the next outcome is judged, harm or not; only where it was closed.
    pub judge_next: bool,
    /// Calls that had asked during the ramp-up, modulo 2¹⁴; only where it was closed and ramping up.
    pub ramp_up_calls: Option<u32>,
    /// The time window, newest bucket first.
    pub window: Vec<WindowBucket>,
    /// The count window, oldest call first, a letter each: `.` a success, `f` a failure, `s` a slow
    /// success, `b` both slow and failed.
    pub count_window: String,
    /// Calls that had been refused.
    pub rejected: u64,
    /// Those since the last closed or half-open period began.
    pub rejected_in_period: u32,
    /// Outcomes that had come too late to count.
    pub stale: u32,
}

/// Probes that came back.
///
/// ```
/// use circuit_breaker::{CircuitBreaker, Config, Outcome};
/// use std::time::Duration;
///
/// let breaker = CircuitBreaker::with_config(Config::default(), 7)?;
/// breaker.trip(Duration::ZERO, None);
/// let now = Duration::from_secs(2);
/// let [first, _out] = [breaker.try_acquire(now)?, breaker.try_acquire(now)?];
/// breaker.record(first, Outcome::Success, now);
/// assert_eq!(breaker.snapshot(now).probes.map(|probes| probes.done), Some(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct ProbeCounts {
    /// All of them.
    pub done: u8,
    /// Those that failed.
    pub failed: u8,
    /// Those that were slow.
    pub slow: u8,
    /// Those that were slow and failed.
    pub slow_failures: u8,
}

/// A bucket of the time window.
///
/// ```
/// use circuit_breaker::{CircuitBreaker, Config, Outcome};
/// use std::time::Duration;
///
/// let breaker = CircuitBreaker::with_config(Config::default(), 7)?;
/// for at in [0, 3, 3] {
///     let now = Duration::from_secs(at);
///     let token = breaker.try_acquire(now)?;
///     breaker.record(token, Outcome::Success, now);
/// }
/// let window = breaker.snapshot(Duration::from_secs(4)).window;
/// let calls: Vec<_> = window.iter().map(|bucket| (bucket.age.as_secs(), bucket.calls)).collect();
/// assert_eq!(calls, [(1, 2), (4, 1)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct WindowBucket {
    /// How long before now the bucket began; for buckets at multiples of their width, before the
    /// bucket of now.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub age: Duration,
    /// Calls.
    pub calls: u64,
    /// Those that failed.
    pub failures: u64,
    /// Those that were slow, where slow calls are counted.
    pub slow: u64,
    /// Those that were slow and failed.
    pub slow_failures: u64,
    /// Those beyond the latency limit, where there is one.
    pub late: u64,
}

impl CircuitBreaker {
    /// What the breaker holds, relative to `now`: O(buckets + count window). The parts are read one
    /// after another, while other threads may change them.
    ///
    /// ```
    /// use circuit_breaker::{CircuitBreaker, Config, State};
    /// use std::time::Duration;
    ///
    /// let breaker = CircuitBreaker::with_config(Config::default(), 7)?;
    /// assert_eq!(breaker.snapshot(Duration::from_secs(3)).state, State::Closed);
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    #[must_use]
    pub fn snapshot(&self, now: Duration) -> Snapshot {
        let word = self.load();
        let at = micros(now);
        let generation = word.generation();
        let state = word.state();
        let since = self.since.get(generation).unwrap_or(at);
        let until = (state == State::Open).then(|| self.open_until(word, now).unwrap_or(at));
        let closed = state == State::Closed;
        let era = match state {
            State::Open => word.era_before(),
            _ => word.era(),
        };
        let rejected = self.rejected.load(Ordering::Relaxed);
        #[allow(clippy::cast_possible_truncation, reason = "the lower half on purpose")]
        let rejected_in_period =
            (rejected as u32).wrapping_sub(self.rejected_before.load(Ordering::Relaxed));
        let probed = state == State::HalfOpen || state == State::Open && word.is_probed();
        Snapshot {
            state,
            generation,
            for_how_long: Duration::from_micros(at.saturating_sub(since)),
            open_for: until.map(|until| {
                let end = until.saturating_add(self.compiled().strictly());
                Duration::from_micros(end.saturating_sub(at))
            }),
            opened_by: until.map(|_| word.reason()),
            openings: word.attempt(),
            probes: probed.then(|| self.probes_done(word)),
            consecutive_failures: if closed { word.streak() } else { 0 },
            judge_next: closed && word.is_watched(),
            ramp_up_calls: (closed && word.is_ramping())
                .then(|| u32::try_from(word.turn()).unwrap_or(0)),
            window: self.window_buckets(state, era, now),
            count_window: self.count_window_letters(era),
            rejected,
            rejected_in_period,
            stale: self.stale.load(Ordering::Relaxed),
        }
    }

    fn probes_done(&self, word: Word) -> ProbeCounts {
        let (failed, slow) = (word.failed(), word.slow());
        let both = self.probe_counts(word).slow_failures;
        ProbeCounts {
            done: word.done(),
            failed,
            slow,
            slow_failures: u8::try_from(both).unwrap_or(u8::MAX).min(failed).min(slow),
        }
    }

    fn window_buckets(&self, state: State, era: u64, now: Duration) -> Vec<WindowBucket> {
        let extras = self.extras.as_deref();
        if let Some(window) = extras.and_then(|e| e.anchored.as_ref()) {
            let era = matches!(state, State::Closed | State::MetricsOnly).then_some(era);
            return window.buckets(nanos(now), era);
        }
        let Some(ring) = self.ring() else {
            return Vec::new();
        };
        let buckets = self.compiled().buckets;
        let width = width(self.compiled());
        let newest = ring.newest(self.epoch(now), era);
        let beside = |ring: Option<Ring<'_>>, epoch| {
            ring.and_then(|ring| ring.bucket(epoch, era))
                .map_or((0, 0), |(_, calls, failures)| (calls, failures))
        };
        ring.live(newest, buckets, era)
            .map(|(epoch, calls, failures)| {
                let (slow, slow_failures) = beside(self.slow_ring(), epoch);
                let (late, _) = beside(self.late_ring(), epoch);
                let failures = failures.min(calls);
                let slow = slow.min(calls);
                WindowBucket {
                    age: Duration::from_nanos(width.saturating_mul(newest.wrapping_sub(epoch))),
                    calls,
                    failures,
                    slow,
                    slow_failures: slow_failures.min(slow).min(failures),
                    late: late.min(calls),
                }
            })
            .collect()
    }

    fn count_window_letters(&self, era: u64) -> String {
        let window = self.extras.as_deref().and_then(|e| e.count.as_ref());
        let outcomes = window.map_or_else(Vec::new, |window| window.outcomes(era));
        outcomes
            .into_iter()
            .map(|outcome| match outcome {
                (false, false) => '.',
                (true, false) => 'f',
                (false, true) => 's',
                (true, true) => 'b',
            })
            .collect()
    }

    fn epoch(&self, now: Duration) -> u64 {
        self.compiled().epochs.of(now)
    }
}

/// A bucket's width in nanoseconds.
fn width(settings: &Compiled) -> u64 {
    let length = settings.config.time_window.map_or(0, |w| nanos(w.length));
    (length / u64::from(settings.buckets.max(1))).max(1)
}
