//! What a call through the middleware can come to.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use circuit_breaker::Rejected;

/// An error of the service, or the breaker's refusal.
///
/// ```
/// use circuit_breaker_tower::circuit_breaker::CircuitBreaker;
/// use circuit_breaker_tower::{Config, Error};
/// use std::time::Duration;
///
/// let breaker = CircuitBreaker::with_config(Config::default(), 1)?;
/// breaker.trip(Duration::ZERO, Some(Duration::from_secs(3)));
/// let rejected = breaker.try_acquire(Duration::ZERO).unwrap_err();
/// let error = Error::<std::io::Error>::Rejected(rejected);
/// assert_eq!(error.to_string(), "circuit breaker open");
/// assert!(error.is_retryable());
/// assert_eq!(error.retry_after(), Some(Duration::from_secs(3)));
/// # Ok::<(), circuit_breaker_tower::ConfigError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Error<E> {
    /// The breaker did not let the call out.
    Rejected(Rejected),
    /// The service's own error.
    Inner(E),
}

impl<E> Error<E> {
    /// Whether the same call can be made again without harm: it was not let out, and the breaker will
    /// ask again by itself. False for a breaker that an operator forced open. Of the service's own
    /// errors nothing is known here: false.
    ///
    /// ```
    /// use circuit_breaker_tower::Error;
    ///
    /// assert!(!Error::Inner("broken pipe").is_retryable());
    /// ```
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Rejected(r) if r.retry_after.is_some())
    }

    /// When asking again can be worth it, from the time of the call.
    ///
    /// ```
    /// use circuit_breaker_tower::Error;
    ///
    /// assert_eq!(Error::Inner("broken pipe").retry_after(), None);
    /// ```
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Rejected(rejected) => rejected.retry_after,
            Self::Inner(_) => None,
        }
    }

    /// The refusal, if it was one.
    ///
    /// ```
    /// use circuit_breaker_tower::Error;
    ///
    /// assert_eq!(Error::Inner("broken pipe").rejected(), None);
    /// ```
    #[must_use]
    pub const fn rejected(&self) -> Option<Rejected> {
        match self {
            Self::Rejected(rejected) => Some(*rejected),
            Self::Inner(_) => None,
        }
    }

    /// The service's own error, if it was one.
    ///
    /// ```
    /// use circuit_breaker_tower::Error;
    ///
    /// assert_eq!(Error::Inner("broken pipe").into_inner(), Some("broken pipe"));
    /// ```
    #[must_use]
    pub fn into_inner(self) -> Option<E> {
        match self {
            Self::Rejected(_) => None,
            Self::Inner(error) => Some(error),
        }
    }
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(rejected) => rejected.fmt(f),
            Self::Inner(error) => error.fmt(f),
        }
    }
}

/// Transparent: message and source of a service's own error are this one's.
impl<E: StdError + 'static> StdError for Error<E> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Rejected(_) => None,
            Self::Inner(error) => error.source(),
        }
    }
}
