//! What came of a call, and who says which it was.

/// What came of a call.
///
/// ```
/// use circuit_breaker::{CircuitBreaker, Config, Outcome, Settings};
/// use std::time::Duration;
///
/// let breaker = CircuitBreaker::new(&Settings::new(Config::default())?, 1);
/// let token = breaker.try_acquire(Duration::ZERO)?;
/// breaker.record(token, Outcome::Failure, Duration::from_millis(40));
/// assert_eq!(breaker.metrics(Duration::from_millis(40)).window.failures, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Outcome {
    /// The dependency answered. Slow if it took longer than
    /// [`Config::slow_call_duration`](crate::Config::slow_call_duration).
    Success,
    /// The dependency failed: an error, a time-out.
    Failure,
    /// The dependency answered, and the caller found it slow, whatever the clock says. A success where
    /// [`Config::slow_call_rate`](crate::Config::slow_call_rate) is not set.
    Slow,
    /// Says nothing about the dependency: the caller's own mistake, a cancelled hedge. A probe's
    /// place goes to the next one.
    Ignored,
}

/// What a breaker made of an outcome.
///
/// ```
/// use circuit_breaker::{CircuitBreaker, Config, Outcome, Recorded, Settings};
/// use std::time::Duration;
///
/// let breaker = CircuitBreaker::new(&Settings::new(Config::default())?, 1);
/// let token = breaker.try_acquire(Duration::ZERO)?;
/// breaker.trip(Duration::ZERO, None);
/// // Admitted before the breaker opened: it changes nothing any more.
/// assert_eq!(breaker.record(token, Outcome::Success, Duration::ZERO), Recorded::Stale);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Recorded {
    /// Counted in the windows, or as a probe.
    Counted,
    /// Told to be ignored, or the breaker is disabled. A probe's place is free again.
    Ignored,
    /// Admitted in an earlier generation: no effect, but for [`Metrics::stale`](crate::Metrics::stale).
    Stale,
}

/// Says what a result means for the breaker.
///
/// Closures are classifiers:
///
/// ```
/// use circuit_breaker::{Classifier, Outcome};
///
/// # #[derive(Debug)]
/// enum QueryError { BadRequest, Unavailable }
///
/// let classifier = |result: &Result<u32, QueryError>| match result {
///     Ok(_) => Outcome::Success,
///     Err(QueryError::BadRequest) => Outcome::Ignored,
///     Err(QueryError::Unavailable) => Outcome::Failure,
/// };
/// assert_eq!(classifier.classify(&Err(QueryError::BadRequest)), Outcome::Ignored);
/// ```
pub trait Classifier<T, E> {
    /// What `result` means for the breaker.
    fn classify(&self, result: &Result<T, E>) -> Outcome;
}

impl<T, E, F: Fn(&Result<T, E>) -> Outcome> Classifier<T, E> for F {
    fn classify(&self, result: &Result<T, E>) -> Outcome {
        self(result)
    }
}

/// Every error is a failure, everything else a success.
///
/// ```
/// use circuit_breaker::{Classifier, ErrorsAreFailures, Outcome};
///
/// assert_eq!(ErrorsAreFailures.classify(&Ok::<_, ()>(7)), Outcome::Success);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ErrorsAreFailures;

impl<T, E> Classifier<T, E> for ErrorsAreFailures {
    fn classify(&self, result: &Result<T, E>) -> Outcome {
        match result {
            Ok(_) => Outcome::Success,
            Err(_) => Outcome::Failure,
        }
    }
}
