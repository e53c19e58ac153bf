//! A breaker for each key of the requests, in bounded memory.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use circuit_breaker::{CircuitBreaker as Breaker, Registry, SeededState};

use crate::clock::SystemClock;
use crate::layer::CircuitBreakerLayer;
use crate::placement::Given;
use crate::source::BreakerSource;

/// A breaker for each key, from a [`Registry`], which bounds how many there are. Made by
/// [`CircuitBreakerLayer::per_key`].
///
/// ```
/// use std::sync::Arc;
/// use circuit_breaker_tower::{CircuitBreakerLayer, Config, Registry, RegistryConfig, Settings};
/// use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let settings = Settings::new(Config::default())?;
/// let registry = Arc::new(Registry::<String>::new(&settings, RegistryConfig::default(), 7)?);
/// let layer = CircuitBreakerLayer::per_key(Arc::clone(&registry), |host: &String| host.as_str());
/// let client = layer.layer(service_fn(async |_: String| Ok::<_, std::io::Error>("pong")));
/// client.oneshot("orders".to_owned()).await?;
/// assert!(registry.peek("orders").is_some());
/// # Ok(())
/// # }
/// ```
pub struct PerKey<K, F, S = SeededState, Q: ?Sized = K> {
    registry: Arc<Registry<K, S>>,
    key: F,
    borrowed: PhantomData<fn(&Q)>,
}

impl<K, F, S, Q: ?Sized> CircuitBreakerLayer<Given<PerKey<K, F, S, Q>>> {
    /// A breaker for each key: `key` finds it in the request, `registry` keeps the breakers. All
    /// services that the layer wraps share them; a call allocates nothing unless its key is new.
    ///
    /// By the coarse [`SystemClock`]: give the precise one with [`with_clock`](Self::with_clock) where
    /// the breakers judge durations below 100 ms.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use circuit_breaker_tower::{CircuitBreakerLayer, Config, Registry, RegistryConfig, Settings};
    ///
    /// struct Query { shard: String }
    ///
    /// let settings = Settings::new(Config::default())?;
    /// let registry = Registry::<String>::new(&settings, RegistryConfig::default(), 7)?;
    /// let layer = CircuitBreakerLayer::per_key(Arc::new(registry), |query: &Query| query.shard.as_str());
    /// # Ok::<(), circuit_breaker_tower::ConfigError>(())
    /// ```
    pub fn per_key<Request>(registry: Arc<Registry<K, S>>, key: F) -> Self
    where
        F: Fn(&Request) -> &Q,
    {
        let source = PerKey {
            registry,
            key,
            borrowed: PhantomData,
        };
        Self::placed(Given(source), SystemClock::coarse())
    }
}

impl<Request, K, F, S, Q> BreakerSource<Request> for PerKey<K, F, S, Q>
where
    K: Hash + Eq + Borrow<Q>,
    F: Fn(&Request) -> &Q,
    S: BuildHasher,
    Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
{
    type Handle = Arc<Breaker>;

    #[inline]
    fn source(&self, request: &Request, now: Duration) -> Arc<Breaker> {
        self.registry.get((self.key)(request), now)
    }
}

impl<K, F: Clone, S, Q: ?Sized> Clone for PerKey<K, F, S, Q> {
    fn clone(&self) -> Self {
        Self {
            registry: Arc::clone(&self.registry),
            key: self.key.clone(),
            borrowed: PhantomData,
        }
    }
}

impl<K, F, S, Q: ?Sized> fmt::Debug for PerKey<K, F, S, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerKey").finish_non_exhaustive()
    }
}

/// A breaker for each key that is made of a request. Made by
/// [`CircuitBreakerLayer::per_made_key`], which has an example.
pub struct PerMadeKey<K, F, S = SeededState> {
    registry: Arc<Registry<K, S>>,
    key: F,
}

impl<K, F, S> CircuitBreakerLayer<Given<PerMadeKey<K, F, S>>> {
    /// As [`per_key`](CircuitBreakerLayer::per_key), for keys that don't stand in the request as they
    /// are: `key` makes one for each call.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use circuit_breaker_tower::{CircuitBreakerLayer, Config, Registry, RegistryConfig, Settings};
    ///
    /// struct Query { tenant: u64, write: bool }
    ///
    /// let settings = Settings::new(Config::default())?;
    /// let registry = Registry::<(u64, bool)>::new(&settings, RegistryConfig::default(), 7)?;
    /// let layer = CircuitBreakerLayer::per_made_key(Arc::new(registry), |query: &Query| {
    ///     (query.tenant % 64, query.write)
    /// });
    /// # Ok::<(), circuit_breaker_tower::ConfigError>(())
    /// ```
    pub fn per_made_key<Request>(registry: Arc<Registry<K, S>>, key: F) -> Self
    where
        F: Fn(&Request) -> K,
    {
        let source = PerMadeKey { registry, key };
        Self::placed(Given(source), SystemClock::coarse())
    }
}

impl<Request, K, F, S> BreakerSource<Request> for PerMadeKey<K, F, S>
where
    K: Hash + Eq + Clone,
    F: Fn(&Request) -> K,
    S: BuildHasher,
{
    type Handle = Arc<Breaker>;

    #[inline]
    fn source(&self, request: &Request, now: Duration) -> Arc<Breaker> {
        self.registry.get(&(self.key)(request), now)
    }
}

impl<K, F: Clone, S> Clone for PerMadeKey<K, F, S> {
    fn clone(&self) -> Self {
        Self {
            registry: Arc::clone(&self.registry),
            key: self.key.clone(),
        }
    }
}

impl<K, F, S> fmt::Debug for PerMadeKey<K, F, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerMadeKey").finish_non_exhaustive()
    }
}
