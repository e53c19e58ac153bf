//! What becomes of a call that the breaker refuses.

use std::error::Error as StdError;

use circuit_breaker::Rejected;

use crate::error::Error;

/// What a caller gets for a refused call, and how the service's own errors look beside it.
///
/// ```
/// use circuit_breaker_tower::{Config, CircuitBreakerLayer, OnRejection, Rejected};
///
/// #[derive(Clone)]
/// struct LastKnown;
/// impl<E> OnRejection<u32, E> for LastKnown {
///     type Error = E;
///     fn reject(&self, _: Rejected) -> Result<u32, E> { Ok(42) }
///     fn inner(&self, error: E) -> E { error }
/// }
///
/// let layer = CircuitBreakerLayer::new(Config::default())?.with_rejection(LastKnown);
/// # Ok::<(), circuit_breaker_tower::ConfigError>(())
/// ```
pub trait OnRejection<Response, E> {
    /// The error of the whole.
    type Error;

    /// The answer to a refused call.
    fn reject(&self, rejected: Rejected) -> Result<Response, Self::Error>;

    /// An error of the service, as one of the whole.
    fn inner(&self, error: E) -> Self::Error;
}

/// A refused call is an [`Error::Rejected`].
///
/// ```
/// use circuit_breaker_tower::{AsError, Error, OnRejection};
///
/// let error = <AsError as OnRejection<(), _>>::inner(&AsError, "broken pipe");
/// assert_eq!(error, Error::Inner("broken pipe"));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct AsError;

impl<T, E> OnRejection<T, E> for AsError {
    type Error = Error<E>;

    fn reject(&self, rejected: Rejected) -> Result<T, Error<E>> {
        Err(Error::Rejected(rejected))
    }

    fn inner(&self, error: E) -> Error<E> {
        Error::Inner(error)
    }
}

/// A refused call is a boxed [`Rejected`], for stacks whose errors are boxed: ask with
/// `error.downcast_ref::<Rejected>()`.
///
/// ```
/// use circuit_breaker_tower::{AsBoxError, CircuitBreakerLayer, Config};
///
/// let layer = CircuitBreakerLayer::new(Config::default())?.with_rejection(AsBoxError);
/// # Ok::<(), circuit_breaker_tower::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct AsBoxError;

impl<T, E: Into<Box<dyn StdError + Send + Sync>>> OnRejection<T, E> for AsBoxError {
    type Error = Box<dyn StdError + Send + Sync>;

    fn reject(&self, rejected: Rejected) -> Result<T, Self::Error> {
        Err(rejected.into())
    }

    fn inner(&self, error: E) -> Self::Error {
        error.into()
    }
}
