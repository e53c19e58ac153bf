//! The states, why a breaker opened, and what is told of a change.

use std::fmt;
use std::time::Duration;

/// What the breaker does with the calls that ask.
///
/// ```
/// use circuit_breaker::{CircuitBreaker, Config, Settings, State};
///
/// let breaker = CircuitBreaker::new(&Settings::new(Config::default())?, 1);
/// assert_eq!(breaker.state(), State::Closed);
/// # Ok::<(), circuit_breaker::ConfigError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum State {
    /// Admits, counts, and opens when a trip policy says so.
    Closed,
    /// Refuses until the open wait is over.
    Open,
    /// Admits the configured number of probes, and judges by them.
    HalfOpen,
    /// Refuses until someone says otherwise.
    ForcedOpen,
    /// Admits everything and counts nothing.
    Disabled,
    /// Admits everything and counts; never opens.
    MetricsOnly,
}

impl State {
    pub(crate) const fn bits(self) -> u64 {
        match self {
            Self::Closed => 0,
            Self::Open => 1,
            Self::HalfOpen => 2,
            Self::ForcedOpen => 3,
            Self::Disabled => 4,
            Self::MetricsOnly => 5,
        }
    }

    pub(crate) const fn from_bits(bits: u64) -> Self {
        match bits {
            1 => Self::Open,
            2 => Self::HalfOpen,
            3 => Self::ForcedOpen,
            4 => Self::Disabled,
            5 => Self::MetricsOnly,
            _ => Self::Closed,
        }
    }

    /// The state's name as it stands in files and labels: `closed`, `half_open`, …
    ///
    /// ```
    /// assert_eq!(circuit_breaker::State::HalfOpen.as_str(), "half_open");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::ForcedOpen => "forced_open",
            Self::Disabled => "disabled",
            Self::MetricsOnly => "metrics_only",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for OpenReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a breaker opened.
///
/// ```
/// use circuit_breaker::{CircuitBreaker, Config, OpenReason, Settings};
/// use std::time::Duration;
///
/// let breaker = CircuitBreaker::new(&Settings::new(Config::default())?, 1);
/// breaker.trip(Duration::ZERO, None);
/// assert_eq!(breaker.metrics(Duration::ZERO).opened_by, Some(OpenReason::Tripped));
/// # Ok::<(), circuit_breaker::ConfigError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum OpenReason {
    /// Failures ÷ calls of a window reached [`Config::failure_rate`](crate::Config::failure_rate).
    FailureRate,
    /// Slow calls ÷ calls of a window reached [`Config::slow_call_rate`](crate::Config::slow_call_rate).
    SlowCallRate,
    /// [`Config::consecutive_failures`](crate::Config::consecutive_failures) failures in a row.
    ConsecutiveFailures,
    /// The quantile of [`Config::latency`](crate::Config::latency) lies beyond its limit.
    Latency,
    /// Too many probes failed or were slow.
    ProbesFailed,
    /// Probes did not come back within their lease, or not all within the longest half-open time.
    ProbeTimeout,
    /// [`CircuitBreaker::trip`](crate::CircuitBreaker::trip) was called.
    Tripped,
    /// The shared view over all instances said so.
    Shared,
}

impl OpenReason {
    pub(crate) const fn bits(self) -> u64 {
        match self {
            Self::FailureRate => 0,
            Self::SlowCallRate => 1,
            Self::ConsecutiveFailures => 2,
            Self::Latency => 3,
            Self::ProbesFailed => 4,
            Self::ProbeTimeout => 5,
            Self::Tripped => 6,
            Self::Shared => 7,
        }
    }

    pub(crate) const fn from_bits(bits: u64) -> Self {
        match bits {
            0 => Self::FailureRate,
            1 => Self::SlowCallRate,
            2 => Self::ConsecutiveFailures,
            3 => Self::Latency,
            4 => Self::ProbesFailed,
            5 => Self::ProbeTimeout,
            7 => Self::Shared,
            _ => Self::Tripped,
        }
    }

    /// The reason's name as it stands in files and labels: `failure_rate`, `probes_failed`, …
    ///
    /// ```
    /// assert_eq!(circuit_breaker::OpenReason::SlowCallRate.as_str(), "slow_call_rate");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FailureRate => "failure_rate",
            Self::SlowCallRate => "slow_call_rate",
            Self::ConsecutiveFailures => "consecutive_failures",
            Self::Latency => "latency",
            Self::ProbesFailed => "probes_failed",
            Self::ProbeTimeout => "probe_timeout",
            Self::Tripped => "tripped",
            Self::Shared => "shared",
        }
    }
}

/// A change of state, as a [`Listener`] is told of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Transition {
    /// The breaker: the [`seed`](crate::CircuitBreaker::seed) that it was made with.
    pub breaker: u64,
    /// The state before.
    pub from: State,
    /// The state now.
    pub to: State,
    /// When, in the caller's time.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub at: Duration,
    /// The generation that begins; it counts transitions modulo 2²¹.
    pub generation: u32,
    /// Why it opened, where it opened.
    pub reason: Option<OpenReason>,
    /// How long it stays open, where it opened.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration::option"))]
    pub open_wait: Option<Duration>,
}

/// Told of every change of state, once, on the thread whose call made it, after it took effect. Two
/// changes of two threads may be told of in either order, at once: [`Transition::generation`] says which
/// came first.
///
/// Calls that change nothing never get here. A listener must not block.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use std::sync::Arc;
/// use std::time::Duration;
/// use circuit_breaker::{CircuitBreaker, Config, Listener, Settings, State, Transition};
///
/// #[derive(Default)]
/// struct Openings(AtomicU32);
/// impl Listener for Openings {
///     fn on_transition(&self, change: &Transition) {
///         if change.to == State::Open {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
///
/// let openings = Arc::new(Openings::default());
/// let settings = Settings::new(Config::default())?.with_listener(openings.clone());
/// CircuitBreaker::new(&settings, 1).trip(Duration::ZERO, None);
/// assert_eq!(openings.0.load(Ordering::Relaxed), 1);
/// # Ok::<(), circuit_breaker::ConfigError>(())
/// ```
pub trait Listener: Send + Sync {
    /// What changed.
    fn on_transition(&self, change: &Transition);
}

impl<F: Fn(&Transition) + Send + Sync> Listener for F {
    fn on_transition(&self, change: &Transition) {
        self(change);
    }
}
