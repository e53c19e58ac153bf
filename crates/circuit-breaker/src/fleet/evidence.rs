//! What an instance's own calls say, and how sure that is.
//!
//! Of n calls, k bad, Wilson's bounds on the true share at z standard errors are
//! (k + z²/2 ± z·√(k(n−k)/n + z²/4)) ÷ (n + z²). At z = 2, four of four failing have a lower bound
//! of 0.5; five of five succeeding an upper one of 0.44. Source: E. B. Wilson, "Probable
//! inference", 1927. O(buckets).

use std::time::Duration;

use super::config::FleetSettings;
use crate::breaker::CircuitBreaker;
use crate::metrics::Counts;

/// What an instance says of its own calls.
///
/// ```
/// use circuit_breaker::fleet::Vote;
///
/// assert_eq!(Vote::Bad.as_str(), "bad");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Vote {
    /// It has opened by its own rules, or its share of bad calls lies significantly at or above the
    /// threshold.
    Bad,
    /// Its newest calls lie significantly below the threshold, and are not late.
    Good,
    /// Too few calls to say, or neither.
    #[default]
    Unknown,
}

impl Vote {
    /// The vote's name as it stands in logs and labels.
    ///
    /// ```
    /// assert_eq!(circuit_breaker::fleet::Vote::Unknown.as_str(), "unknown");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bad => "bad",
            Self::Good => "good",
            Self::Unknown => "unknown",
        }
    }
}

/// What an instance's own window holds: the whole window, its recent part, and how sure a share of
/// the latter is.
///
/// ```
/// use circuit_breaker::fleet::{FleetConfig, FleetSettings, Own, Vote};
/// use circuit_breaker::{CircuitBreaker, Config, Outcome, Settings};
/// use std::time::Duration;
///
/// let breaker = CircuitBreaker::new(&Settings::new(Config::default())?, 1);
/// let fleet = FleetSettings::new(FleetConfig::default(), breaker.settings())?;
/// let now = Duration::from_secs(5);
/// for _ in 0..4 {
///     let token = breaker.try_acquire(now)?;
///     breaker.record(token, Outcome::Failure, now);
/// }
/// // Too few calls for the breaker itself, enough to say that they are bad.
/// let own = Own::read(&fleet, &breaker, now);
/// assert_eq!((own.calls, own.failures, own.vote), (4, 4, Vote::Bad));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Own {
    /// Calls in the window.
    pub calls: u64,
    /// Those that failed.
    pub failures: u64,
    /// Those that were slow; 0 where slow calls are not counted.
    pub slow: u64,
    /// Calls in its part that is recent.
    pub recent_calls: u64,
    /// Those that failed.
    pub recent_failures: u64,
    /// Those that were slow.
    pub recent_slow: u64,
    /// Those that took longer than [`Config::latency`](crate::Config::latency) allows.
    pub recent_late: u64,
    /// The share of failures of the recent calls is at most this, significantly; 1 without calls.
    pub recent_failures_at_most: f64,
    /// Whether its newest calls, however many buckets of the recent part one takes for them, reach
    /// a threshold with at least three bad ones.
    pub newest_failing: bool,
    /// What that comes to.
    pub vote: Vote,
}

impl Own {
    /// Reads a breaker's window at `now`, as far as it reaches.
    ///
    /// ```
    /// use circuit_breaker::fleet::{FleetConfig, FleetSettings, Own, Vote};
    /// use circuit_breaker::{CircuitBreaker, Config, Settings};
    /// use std::time::Duration;
    ///
    /// let breaker = CircuitBreaker::new(&Settings::new(Config::default())?, 1);
    /// let fleet = FleetSettings::new(FleetConfig::default(), breaker.settings())?;
    /// assert_eq!(Own::read(&fleet, &breaker, Duration::ZERO).vote, Vote::Unknown);
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    #[must_use]
    pub fn read(settings: &FleetSettings, breaker: &CircuitBreaker, now: Duration) -> Self {
        Self::read_after(settings, breaker, now, None)
    }

    /// As [`read`](Self::read), without the buckets that `after` lies in or behind, except for what is
    /// recent: good calls are good whatever the fleet has made of others meanwhile.
    pub(crate) fn read_after(
        settings: &FleetSettings,
        breaker: &CircuitBreaker,
        now: Duration,
        after: Option<Duration>,
    ) -> Self {
        let mut own = Self::default();
        let Some(ring) = breaker.ring() else {
            let Counts {
                calls,
                failures,
                slow,
                ..
            } = breaker.metrics(now).window;
            (own.calls, own.failures, own.slow) = (calls, failures, slow);
            (own.recent_calls, own.recent_failures, own.recent_slow) = (calls, failures, slow);
            own.judge(settings);
            return own;
        };
        let compiled = breaker.compiled();
        let era = breaker.load().era();
        let newest = ring.newest(compiled.epochs.of(now), era);
        let epoch = |time: Duration| compiled.epochs.of(time);
        let recent = epoch(now.saturating_sub(settings.config().recent));
        let first = after.map_or(0, |time| epoch(time).saturating_add(1));
        for (epoch, calls, failures) in ring.live(newest, compiled.buckets, era) {
            if epoch < first.min(recent) {
                break;
            }
            let slow = breaker
                .slow_ring()
                .map_or(0, |slow| slow.sum(epoch, 1, era).calls);
            if epoch >= first {
                own.calls += calls;
                own.failures += failures;
                own.slow += slow;
            }
            if epoch >= recent {
                own.recent_calls += calls;
                own.recent_failures += failures;
                own.recent_slow += slow;
                own.recent_late += breaker
                    .late_ring()
                    .map_or(0, |late| late.sum(epoch, 1, era).calls);
                let [calls, failures, slow] =
                    [own.recent_calls, own.recent_failures, own.recent_slow];
                own.newest_failing |= failures.max(slow) >= 3
                    && reached(settings, calls, failures, slow)
                    || own.recent_late >= 3
                        && compiled
                            .late_share
                            .is_some_and(|share| share.is_exceeded(own.recent_late, calls));
            }
        }
        own.judge(settings);
        own
    }

    /// What the counts of a window come to where nothing is known of their age.
    pub(crate) fn of_counts(settings: &FleetSettings, counts: Counts) -> Self {
        let mut own = Self {
            calls: counts.calls,
            failures: counts.failures,
            slow: counts.slow,
            ..Self::default()
        };
        own.judge(settings);
        own
    }

    fn judge(&mut self, settings: &FleetSettings) {
        let z = settings.config().significance;
        let rate = settings.failure_rate();
        let (_, upper) = wilson(self.recent_failures, self.recent_calls, z);
        self.recent_failures_at_most = upper;
        let slow_is_low = settings.slow_rate().is_none_or(|slow_rate| {
            let (_, upper) = wilson(self.recent_slow, self.recent_calls, z);
            upper < slow_rate
        });
        let late_is_low = settings.late_share().is_none_or(|share| {
            let (_, upper) = wilson(self.recent_late, self.recent_calls, z);
            // A share such as 0.01 is more than a few calls can be significantly below.
            upper < share.max(rate)
        });
        let good = upper < rate && slow_is_low && late_is_low && !self.newest_failing;
        let (lower, _) = wilson(self.failures, self.calls, z);
        let slow_is_high = settings.slow_rate().is_some_and(|slow_rate| {
            let (lower, _) = wilson(self.slow, self.calls, z);
            self.calls > 0 && lower >= slow_rate
        });
        let enough = u64::from(settings.breaker().config().min_calls);
        let bad = self.calls > 0 && lower >= rate
            || slow_is_high
            || self.calls >= enough && reached(settings, self.calls, self.failures, self.slow);
        self.vote = if good {
            Vote::Good
        } else if bad {
            Vote::Bad
        } else {
            Vote::Unknown
        };
    }
}

/// Whether a share of the calls reaches its threshold.
fn reached(settings: &FleetSettings, calls: u64, failures: u64, slow: u64) -> bool {
    let calls = calls as f64;
    failures as f64 >= settings.failure_rate() * calls
        || settings
            .slow_rate()
            .is_some_and(|rate| slow as f64 >= rate * calls)
}

/// Between what bounds the true share lies of which `bad` of `calls` were seen; 0 and 1 without
/// calls.
fn wilson(bad: u64, calls: u64, z: f64) -> (f64, f64) {
    if calls == 0 {
        return (0.0, 1.0);
    }
    let n = calls as f64;
    let k = bad.min(calls) as f64;
    let z2 = z * z;
    let spread = z * (k * (n - k) / n + z2 / 4.0).sqrt();
    let lower = (k + z2 / 2.0 - spread) / (n + z2);
    let upper = (k + z2 / 2.0 + spread) / (n + z2);
    (lower.clamp(0.0, 1.0), upper.clamp(0.0, 1.0))
}
