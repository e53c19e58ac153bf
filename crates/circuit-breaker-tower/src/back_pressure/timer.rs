//! Who wakes a service that waits for its breaker.

use std::future::Future;
use std::time::Duration;

/// Makes the futures that a waiting service sleeps on. Closures are timers.
///
/// ```
/// use circuit_breaker_tower::{CircuitBreakerLayer, Config};
///
/// let layer = CircuitBreakerLayer::new(Config::default())?.with_back_pressure(tokio::time::sleep);
/// # Ok::<(), circuit_breaker_tower::ConfigError>(())
/// ```
pub trait Timer {
    /// Done when the time is over.
    type Sleep: Future;

    /// Starts a sleep of `span`.
    fn sleep(&self, span: Duration) -> Self::Sleep;
}

impl<F: Fn(Duration) -> S, S: Future> Timer for F {
    type Sleep = S;

    fn sleep(&self, span: Duration) -> S {
        self(span)
    }
}

/// tokio's timer; with the feature `tokio`.
///
/// ```
/// use circuit_breaker_tower::{CircuitBreakerLayer, Config, TokioTimer};
///
/// let layer = CircuitBreakerLayer::new(Config::default())?.with_back_pressure(TokioTimer);
/// # Ok::<(), circuit_breaker_tower::ConfigError>(())
/// ```
#[cfg(feature = "tokio")]
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioTimer;

#[cfg(feature = "tokio")]
impl Timer for TokioTimer {
    type Sleep = tokio::time::Sleep;

    fn sleep(&self, span: Duration) -> tokio::time::Sleep {
        tokio::time::sleep(span)
    }
}
