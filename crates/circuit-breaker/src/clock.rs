//! Where a permit that is dropped learns the time.

use std::sync::Arc;
use std::time::Duration;

use crate::sync::{AtomicU64, Ordering};

/// The caller's clock: time since an origin that never moves, never going back.
///
/// Only permits need one, since a `Drop` takes no argument. Closures are clocks; a clock of another
/// type, behind whatever pointer, is handed over as `|| clock.now()`:
///
/// ```
/// use std::time::{Duration, Instant};
/// use circuit_breaker::{CircuitBreaker, Config};
///
/// let origin = Instant::now();
/// let clock = move || origin.elapsed();
/// let breaker = CircuitBreaker::with_config(Config::default(), 1)?;
/// breaker.permit(&clock)?.success();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Clock {
    /// The time since the origin.
    fn now(&self) -> Duration;
}

impl<F: Fn() -> Duration> Clock for F {
    #[inline]
    fn now(&self) -> Duration {
        self()
    }
}

/// A clock that stands still until it is told the time: for tests and simulations.
///
/// ```
/// use circuit_breaker::{Clock, ManualClock};
/// use std::time::Duration;
///
/// let clock = ManualClock::default();
/// clock.advance(Duration::from_secs(3));
/// assert_eq!(clock.now(), Duration::from_secs(3));
/// ```
#[derive(Debug, Default)]
pub struct ManualClock(AtomicU64);

impl ManualClock {
    /// Moves the clock on by `span`, to a nanosecond.
    ///
    /// ```
    /// # use circuit_breaker::{Clock, ManualClock};
    /// # use std::time::Duration;
    /// let clock = ManualClock::default();
    /// clock.advance(Duration::from_millis(5));
    /// clock.advance(Duration::from_millis(5));
    /// assert_eq!(clock.now(), Duration::from_millis(10));
    /// ```
    pub fn advance(&self, span: Duration) {
        self.0
            .fetch_add(crate::time::nanos(span), Ordering::Relaxed);
    }

    /// Sets the clock, backwards too.
    ///
    /// ```
    /// # use circuit_breaker::{Clock, ManualClock};
    /// # use std::time::Duration;
    /// let clock = ManualClock::default();
    /// clock.set(Duration::from_secs(9));
    /// assert_eq!(clock.now(), Duration::from_secs(9));
    /// ```
    pub fn set(&self, now: Duration) {
        self.0.store(crate::time::nanos(now), Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

impl Clock for &ManualClock {
    fn now(&self) -> Duration {
        (*self).now()
    }
}

impl Clock for Arc<ManualClock> {
    fn now(&self) -> Duration {
        self.as_ref().now()
    }
}
