//! What can go wrong: a configuration that is refused, a call that is not admitted.

use std::time::Duration;

use crate::state::OpenReason;

/// Why a configuration was refused. Each message names the field, the value and the bound.
///
/// ```
/// use circuit_breaker::{Config, Settings};
///
/// let error = Settings::new(Config::default().with_failure_rate(Some(1.5))).unwrap_err();
/// assert_eq!(error.to_string(), "failure_rate is 1.5, must be from 0.000001 to 1");
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A number is outside its range.
    #[error("{field} is {value}, must be {bound}")]
    OutOfRange {
        /// Path of the field, for example `half_open.permits`.
        field: &'static str,
        /// The value given.
        value: String,
        /// The range it must lie in.
        bound: &'static str,
    },
    /// Two fields contradict each other.
    #[error("{field} is {value}, must be {relation} {other} ({other_value})")]
    Inconsistent {
        /// Path of the field.
        field: &'static str,
        /// The value given.
        value: String,
        /// The relation that must hold, such as "at most".
        relation: &'static str,
        /// Path of the other field.
        other: &'static str,
        /// The other field's value.
        other_value: String,
    },
    /// A field needs another one, which is not set.
    #[error("{field} is {value} and needs {other}, which is not set")]
    Missing {
        /// Path of the field.
        field: &'static str,
        /// The value given.
        value: String,
        /// Path of the field that is missing.
        other: &'static str,
    },
}

/// Why a call was not admitted.
///
/// ```
/// use circuit_breaker::{CircuitBreaker, Config, RejectReason, Settings};
/// use std::time::Duration;
///
/// let breaker = CircuitBreaker::new(&Settings::new(Config::default())?, 1);
/// breaker.trip(Duration::ZERO, Some(Duration::from_secs(3)));
/// let rejected = breaker.try_acquire(Duration::from_secs(1)).unwrap_err();
/// assert_eq!(rejected.reason, RejectReason::Open);
/// assert_eq!(rejected.retry_after, Some(Duration::from_secs(2)));
/// # Ok::<(), circuit_breaker::ConfigError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("circuit breaker {reason}")]
#[non_exhaustive]
pub struct Rejected {
    /// What refused the call.
    pub reason: RejectReason,
    /// When asking again can be worth it, from now: the rest of the open wait; for a full half-open
    /// state the rest of the newest probe's lease, and ramping up the rest of it, both at most the base
    /// of the open wait; `None` where only an operator ends it.
    pub retry_after: Option<Duration>,
    /// Why the breaker opened, where it is open.
    pub opened_by: Option<OpenReason>,
}

/// What refused a call.
///
/// ```
/// assert_eq!(circuit_breaker::RejectReason::HalfOpenFull.to_string(), "half-open, all probes are out");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum RejectReason {
    /// The open wait is not over.
    #[error("open")]
    Open,
    /// Half-open, and every probe that may be out is out.
    #[error("half-open, all probes are out")]
    HalfOpenFull,
    /// Forced open by an operator.
    #[error("forced open")]
    ForcedOpen,
    /// Closed again a short while ago, and ramping up.
    #[error("ramping up")]
    RampUp,
}

impl RejectReason {
    pub(crate) const fn bits(self) -> u64 {
        match self {
            Self::Open => 0,
            Self::HalfOpenFull => 1,
            Self::ForcedOpen => 2,
            Self::RampUp => 3,
        }
    }

    pub(crate) const fn from_bits(bits: u64) -> Self {
        match bits {
            0 => Self::Open,
            1 => Self::HalfOpenFull,
            3 => Self::RampUp,
            _ => Self::ForcedOpen,
        }
    }
}

/// What a call through a breaker came to.
///
/// ```
/// use circuit_breaker::{CallError, CircuitBreaker, Config, ManualClock, Settings};
///
/// let breaker = CircuitBreaker::new(&Settings::new(Config::default())?, 1);
/// let clock = ManualClock::default();
/// assert_eq!(breaker.call(&clock, || Err::<(), _>("refused")), Err(CallError::Inner("refused")));
/// # Ok::<(), circuit_breaker::ConfigError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CallError<E> {
    /// The breaker did not admit the call.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// The call was made and failed.
    #[error("{0}")]
    Inner(E),
}
