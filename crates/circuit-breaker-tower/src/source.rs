//! Which breaker a request is under.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use circuit_breaker::CircuitBreaker as Breaker;

/// Says which breaker a request is under.
///
/// Closures are sources: the one below keeps a breaker a host.
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::Arc;
/// use circuit_breaker_tower::circuit_breaker::CircuitBreaker;
/// use circuit_breaker_tower::{CircuitBreakerLayer, Config, Settings};
///
/// let settings = Settings::new(Config::default())?;
/// let hosts = ["orders", "users"];
/// let breakers: HashMap<_, _> = (0..)
///     .zip(hosts)
///     .map(|(seed, host)| (host, Arc::new(CircuitBreaker::new(&settings, seed))))
///     .collect();
/// let layer = CircuitBreakerLayer::from_source(move |host: &&'static str| {
///     Arc::clone(&breakers[*host])
/// });
/// # Ok::<(), circuit_breaker_tower::ConfigError>(())
/// ```
pub trait BreakerSource<Request> {
    /// The breaker, or what leads to it; it lives as long as the call.
    type Handle: Deref<Target = Breaker>;

    /// The breaker of `request`, which comes at `now`.
    fn source(&self, request: &Request, now: Duration) -> Self::Handle;
}

impl<Request, Handle, F> BreakerSource<Request> for F
where
    F: Fn(&Request) -> Handle,
    Handle: Deref<Target = Breaker>,
{
    type Handle = Handle;

    #[inline]
    fn source(&self, request: &Request, _: Duration) -> Handle {
        self(request)
    }
}

/// One breaker for all requests.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use circuit_breaker_tower::circuit_breaker::CircuitBreaker;
/// use circuit_breaker_tower::{BreakerSource, Config, Shared, State};
///
/// let source = Shared::new(Arc::new(CircuitBreaker::with_config(Config::default(), 1)?));
/// assert_eq!(source.source(&"any request", Duration::ZERO).state(), State::Closed);
/// # Ok::<(), circuit_breaker_tower::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Shared(Arc<Breaker>);

impl Shared {
    /// All requests are under `breaker`.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use circuit_breaker_tower::circuit_breaker::CircuitBreaker;
    /// # use circuit_breaker_tower::{CircuitBreakerLayer, Config, Shared};
    /// let breaker = Arc::new(CircuitBreaker::with_config(Config::default(), 1)?);
    /// let layer = CircuitBreakerLayer::from_source(Shared::new(breaker)); // as CircuitBreakerLayer::shared
    /// # Ok::<(), circuit_breaker_tower::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn new(breaker: Arc<Breaker>) -> Self {
        Self(breaker)
    }

    /// The breaker.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use circuit_breaker_tower::circuit_breaker::CircuitBreaker;
    /// # use circuit_breaker_tower::{Config, Shared, State};
    /// let source = Shared::new(Arc::new(CircuitBreaker::with_config(Config::default(), 1)?));
    /// assert_eq!(source.breaker().state(), State::Closed);
    /// # Ok::<(), circuit_breaker_tower::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn breaker(&self) -> &Arc<Breaker> {
        &self.0
    }
}

impl<Request> BreakerSource<Request> for Shared {
    type Handle = Arc<Breaker>;

    #[inline]
    fn source(&self, _: &Request, _: Duration) -> Arc<Breaker> {
        Arc::clone(&self.0)
    }
}

/// One breaker for all requests that lives as long as the program: a call takes no part in counting
/// who still needs it, which is about half of what a call through [`Shared`] costs.
///
/// ```
/// use std::sync::LazyLock;
/// use circuit_breaker_tower::circuit_breaker::CircuitBreaker;
/// use circuit_breaker_tower::{CircuitBreakerLayer, Config, Settings, Static};
///
/// static ORDERS: LazyLock<CircuitBreaker> = LazyLock::new(|| {
///     CircuitBreaker::new(&Settings::new(Config::default()).expect("the defaults"), 1)
/// });
/// let layer = CircuitBreakerLayer::from_source(Static(&ORDERS));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Static(pub &'static Breaker);

impl<Request> BreakerSource<Request> for Static {
    type Handle = &'static Breaker;

    #[inline]
    fn source(&self, _: &Request, _: Duration) -> &'static Breaker {
        self.0
    }
}
