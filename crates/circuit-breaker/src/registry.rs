//! A breaker for each key, in bounded memory.

mod config;
mod hasher;
mod metrics;
mod shard;
mod table;

use std::borrow::Borrow;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

pub use self::config::RegistryConfig;
pub use self::hasher::SeededState;
pub use self::metrics::RegistryMetrics;
use self::shard::Shard;
use crate::breaker::{CircuitBreaker, mix};
use crate::config::Config;
use crate::error::ConfigError;
use crate::settings::Settings;

/// A breaker for each key: a host, a tenant, a route. At most [`RegistryConfig::capacity`] of them,
/// whatever keys come.
///
/// **Who goes** when a new key finds it full: a closed breaker that was never asked for a second time,
/// the oldest first, or else one that was not asked for lately (two queues, as in S3-FIFO; a bounded
/// number of steps, after which one that was asked for goes all the same). Never one that refuses calls
/// before its time: open until its wait is over, half-open until its newest probe's lease is, ramping
/// up until it is done, and what an operator has set (forced open, disabled, metrics only) for as long
/// as it is set; after its time such a breaker queues like a new one. Never one whose handle someone
/// holds: no key has two breakers at a time (but by [`insert`](Self::insert)), and no outcome is told to a forgotten one.
///
/// **When nobody may go**, or none is found within a bounded number of steps, the new key gets the [`overflow`](Self::overflow) breaker, which all such
/// keys share, until there is room. It is metrics-only: it admits, counts and never opens. A flood of
/// keys can thus fill the registry, but it takes no memory beyond it, makes it forget nobody's open
/// breaker, and gets nobody refused for another's failures; what it costs is that new keys have no
/// breaker meanwhile, which [`RegistryMetrics::overflowed`] shows.
///
/// A hit takes a read lock of one shard. Keys are hashed by SipHash over the `seed` and the key: with a
/// seed that attackers do not know they cannot choose keys that collide. The breakers' seeds come
/// from `seed` and the order of creation: the same calls make the same breakers. (Which shard a key
/// falls in, and so which key goes first, may differ between releases of Rust.)
///
/// ```
/// use circuit_breaker::{Config, Outcome, Registry, RegistryConfig, Settings, State};
/// use std::time::Duration;
///
/// let settings = Settings::new(Config::consecutive(5, Duration::from_secs(30)))?;
/// let hosts: Registry<String> = Registry::new(&settings, RegistryConfig::default(), 7)?;
/// let now = Duration::ZERO;
/// for _ in 0..5 {
///     let breaker = hosts.get("orders:8080", now);
///     let token = breaker.try_acquire(now)?;
///     breaker.record(token, Outcome::Failure, now);
/// }
/// assert_eq!(hosts.get("orders:8080", now).state(), State::Open);
/// assert_eq!(hosts.get("users:8080", now).state(), State::Closed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Registry<K, S = SeededState> {
    shards: Box<[RwLock<Shard<K>>]>,
    hasher: S,
    source: Source<K>,
    seed: u64,
    config: RegistryConfig,
    overflow: Arc<CircuitBreaker>,
    created: AtomicU64,
    evicted: AtomicU64,
    overflowed: AtomicU64,
}

/// Where a new breaker's settings come from.
enum Source<K> {
    One(Settings),
    PerKey(Box<dyn Fn(&K) -> Settings + Send + Sync>),
}

impl<K> Registry<K> {
    /// All breakers of the same `settings`.
    ///
    /// # Errors
    /// Names the field of `config` out of its range, the value and the bound.
    ///
    /// ```
    /// use circuit_breaker::{Config, Registry, RegistryConfig, Settings};
    ///
    /// let settings = Settings::new(Config::default())?;
    /// let none = RegistryConfig::default().with_capacity(0);
    /// assert_eq!(
    ///     Registry::<u32>::new(&settings, none, 1).unwrap_err().to_string(),
    ///     "capacity is 0, must be from 1 to 1073741824"
    /// );
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    pub fn new(
        settings: &Settings,
        config: RegistryConfig,
        seed: u64,
    ) -> Result<Self, ConfigError> {
        Self::with_source(Source::One(settings.clone()), config, seed)
    }

    /// Each breaker of the settings that `settings` names for its key. Clone the same [`Settings`] for
    /// keys that share them; it is called without a lock, once for each new key.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    ///
    /// ```
    /// use circuit_breaker::{Config, Registry, RegistryConfig, Settings};
    /// use std::time::Duration;
    ///
    /// let careful = Settings::new(Config::default().with_failure_rate(Some(0.1)))?;
    /// let usual = Settings::new(Config::default())?;
    /// let registry = Registry::per_key(RegistryConfig::default(), 1, move |key: &String| {
    ///     if key.starts_with("pay") { careful.clone() } else { usual.clone() }
    /// })?;
    /// let payments = registry.get("payments", Duration::ZERO);
    /// assert_eq!(payments.settings().config().failure_rate, Some(0.1));
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    pub fn per_key(
        config: RegistryConfig,
        seed: u64,
        settings: impl Fn(&K) -> Settings + Send + Sync + 'static,
    ) -> Result<Self, ConfigError> {
        Self::with_source(Source::PerKey(Box::new(settings)), config, seed)
    }

    fn with_source(
        source: Source<K>,
        config: RegistryConfig,
        seed: u64,
    ) -> Result<Self, ConfigError> {
        let shards = config.split()?.into_iter().map(Shard::new).map(RwLock::new);
        let overflow = CircuitBreaker::with_config(Config::default(), mix(seed))?;
        overflow.metrics_only(Duration::ZERO);
        Ok(Self {
            shards: shards.collect(),
            hasher: SeededState::new(seed),
            source,
            seed,
            config,
            overflow: Arc::new(overflow),
            created: AtomicU64::new(0),
            evicted: AtomicU64::new(0),
            overflowed: AtomicU64::new(0),
        })
    }

    /// With another hasher, and empty. A fast one whose collisions attackers can find makes a
    /// [`get`](Self::get) O(entries) for them.
    ///
    /// ```
    /// use circuit_breaker::{Config, Registry, RegistryConfig, Settings};
    /// use std::hash::{BuildHasherDefault, DefaultHasher};
    /// use std::time::Duration;
    ///
    /// let settings = Settings::new(Config::default())?;
    /// let registry = Registry::<u64>::new(&settings, RegistryConfig::default(), 1)?
    ///     .with_hasher(BuildHasherDefault::<DefaultHasher>::default());
    /// registry.get(&5, Duration::ZERO);
    /// assert_eq!(registry.len(), 1);
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    #[must_use]
    pub fn with_hasher<S: BuildHasher>(self, hasher: S) -> Registry<K, S> {
        let shards = self.config.split().unwrap_or_default();
        Registry {
            shards: shards
                .into_iter()
                .map(Shard::new)
                .map(RwLock::new)
                .collect(),
            hasher,
            source: self.source,
            seed: self.seed,
            config: self.config,
            overflow: self.overflow,
            created: AtomicU64::new(0),
            evicted: AtomicU64::new(0),
            overflowed: AtomicU64::new(0),
        }
    }
}

impl<K: Hash + Eq, S: BuildHasher> Registry<K, S> {
    /// The breaker of `key`, made now if there is none: O(1). Keep the handle for the length of a
    /// call or of a connection; while it is held the breaker is not forgotten.
    ///
    /// ```
    /// use circuit_breaker::{Config, Registry, RegistryConfig, Settings};
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// let settings = Settings::new(Config::default())?;
    /// let registry: Registry<String> = Registry::new(&settings, RegistryConfig::default(), 1)?;
    /// let [first, second] = [1, 2].map(|s| registry.get("orders", Duration::from_secs(s)));
    /// assert!(Arc::ptr_eq(&first, &second));
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    pub fn get<Q>(&self, key: &Q, now: Duration) -> Arc<CircuitBreaker>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let (shard, hash) = self.place(key);
        if let Some(shard) = shard
            && let Some(entry) = read(shard).find(hash, |k| k.borrow() == key)
        {
            return entry.take();
        }
        self.create(shard, hash, key, now)
    }

    #[cold]
    fn create<Q>(
        &self,
        shard: Option<&RwLock<Shard<K>>>,
        hash: u32,
        key: &Q,
        now: Duration,
    ) -> Arc<CircuitBreaker>
    where
        K: Borrow<Q>,
        Q: Eq + ToOwned<Owned = K> + ?Sized,
    {
        let key = key.to_owned();
        let settings = match &self.source {
            Source::One(settings) => settings.clone(),
            Source::PerKey(settings) => settings(&key),
        };
        let Some(shard) = shard else {
            return self.too_many();
        };
        let mut shard = write(shard);
        if let Some(entry) = shard.find(hash, |k| *k == key) {
            return entry.take();
        }
        let Some(evicted) = shard.make_room(now) else {
            return self.too_many();
        };
        self.evicted
            .fetch_add(u64::from(evicted), Ordering::Relaxed);
        let count = self.created.fetch_add(1, Ordering::Relaxed);
        let seed = mix(mix(self.seed).wrapping_add(count));
        let breaker = Arc::new(CircuitBreaker::new(&settings, seed));
        shard.insert(hash, key, Arc::clone(&breaker));
        breaker
    }

    fn too_many(&self) -> Arc<CircuitBreaker> {
        self.overflowed.fetch_add(1, Ordering::Relaxed);
        Arc::clone(&self.overflow)
    }

    /// The breaker of `key` if there is one; it counts as no use.
    ///
    /// ```
    /// # use circuit_breaker::{Config, Registry, RegistryConfig, Settings};
    /// # let settings = Settings::new(Config::default())?;
    /// let registry: Registry<String> = Registry::new(&settings, RegistryConfig::default(), 1)?;
    /// assert!(registry.peek("orders").is_none());
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    pub fn peek<Q>(&self, key: &Q) -> Option<Arc<CircuitBreaker>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let (shard, hash) = self.place(key);
        let shard = read(shard?);
        let entry = shard.find(hash, |k| k.borrow() == key)?;
        Some(Arc::clone(&entry.breaker))
    }

    /// Puts a breaker in place of what `key` has, such as one that was restored from a snapshot. If
    /// there is no room it comes back.
    ///
    /// # Errors
    /// The breaker, if the key is new and nobody may go for it.
    ///
    /// ```
    /// use circuit_breaker::{CircuitBreaker, Config, Registry, RegistryConfig, Settings, State};
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// let settings = Settings::new(Config::default())?;
    /// let registry: Registry<String> = Registry::new(&settings, RegistryConfig::default(), 1)?;
    /// let breaker = Arc::new(CircuitBreaker::new(&settings, 5));
    /// breaker.force_open(Duration::ZERO);
    /// assert!(registry.insert("orders".to_owned(), breaker, Duration::ZERO).is_ok());
    /// assert_eq!(registry.get("orders", Duration::ZERO).state(), State::ForcedOpen);
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    pub fn insert(
        &self,
        key: K,
        breaker: Arc<CircuitBreaker>,
        now: Duration,
    ) -> Result<(), Arc<CircuitBreaker>> {
        let (Some(shard), hash) = self.place(&key) else {
            return Err(breaker);
        };
        let mut shard = write(shard);
        shard.remove(hash, |k| *k == key);
        let Some(evicted) = shard.make_room(now) else {
            return Err(breaker);
        };
        self.evicted
            .fetch_add(u64::from(evicted), Ordering::Relaxed);
        shard.insert(hash, key, breaker);
        Ok(())
    }

    /// Forgets the breaker of `key`, whatever its state: O(entries of a shard).
    ///
    /// ```
    /// # use circuit_breaker::{Config, Registry, RegistryConfig, Settings};
    /// # use std::time::Duration;
    /// # let settings = Settings::new(Config::default())?;
    /// let registry: Registry<String> = Registry::new(&settings, RegistryConfig::default(), 1)?;
    /// registry.get("orders", Duration::ZERO);
    /// assert!(registry.remove("orders").is_some());
    /// assert!(registry.is_empty());
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    pub fn remove<Q>(&self, key: &Q) -> Option<Arc<CircuitBreaker>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let (shard, hash) = self.place(key);
        let entry = write(shard?).remove(hash, |k| k.borrow() == key)?;
        Some(entry.breaker)
    }

    /// The shard of a key, and the bits of its hash that the shard's table uses.
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "the halves on purpose")]
    fn place<Q: Hash + ?Sized>(&self, key: &Q) -> (Option<&RwLock<Shard<K>>>, u32) {
        let hash = self.hasher.hash_one(key);
        let at = ((hash >> 32) * self.shards.len() as u64) >> 32;
        (self.shards.get(at as usize), hash as u32)
    }
}

impl<K, S> Registry<K, S> {
    /// Breakers that there are, the overflow breaker not among them.
    ///
    /// ```
    /// # use circuit_breaker::{Config, Registry, RegistryConfig, Settings};
    /// # use std::time::Duration;
    /// # let settings = Settings::new(Config::default())?;
    /// let registry: Registry<u32> = Registry::new(&settings, RegistryConfig::default(), 1)?;
    /// registry.get(&1, Duration::ZERO);
    /// assert_eq!(registry.len(), 1);
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| read(shard).len()).sum()
    }

    /// Whether there is no breaker.
    ///
    /// ```
    /// # use circuit_breaker::{Config, Registry, RegistryConfig, Settings};
    /// # let settings = Settings::new(Config::default())?;
    /// let registry: Registry<u32> = Registry::new(&settings, RegistryConfig::default(), 1)?;
    /// assert!(registry.is_empty());
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shards.iter().all(|shard| read(shard).len() == 0)
    }

    /// The most breakers that there can be.
    ///
    /// ```
    /// # use circuit_breaker::{Config, Registry, RegistryConfig, Settings};
    /// # let settings = Settings::new(Config::default())?;
    /// let registry: Registry<u32> = Registry::new(&settings, RegistryConfig::default(), 1)?;
    /// assert_eq!(registry.capacity(), 10_000);
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.config.capacity as usize
    }

    /// The breaker of the keys that find no room: metrics-only, of [`Config::default`], told to no
    /// listener. An operator may [`force_open`](CircuitBreaker::force_open) it, to refuse them all, or
    /// [`reset`](CircuitBreaker::reset) it, to have one breaker trip for all of them together.
    ///
    /// ```
    /// # use circuit_breaker::{Config, Registry, RegistryConfig, Settings};
    /// use circuit_breaker::State;
    /// # let settings = Settings::new(Config::default())?;
    /// let registry: Registry<u32> = Registry::new(&settings, RegistryConfig::default(), 1)?;
    /// assert_eq!(registry.overflow().state(), State::MetricsOnly);
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    #[must_use]
    pub fn overflow(&self) -> &Arc<CircuitBreaker> {
        &self.overflow
    }

    /// Calls `each` for every key, a shard at a time, without a lock: what is made or forgotten
    /// meanwhile may be left out or in.
    ///
    /// ```
    /// # use circuit_breaker::{Config, Registry, RegistryConfig, Settings};
    /// # use std::time::Duration;
    /// # let settings = Settings::new(Config::default())?;
    /// let registry: Registry<String> = Registry::new(&settings, RegistryConfig::default(), 1)?;
    /// registry.get("orders", Duration::ZERO);
    /// registry.for_each(|key, breaker| {
    ///     assert_eq!(key, "orders");
    ///     breaker.reset(Duration::from_secs(1));
    /// });
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    pub fn for_each(&self, mut each: impl FnMut(&K, &Arc<CircuitBreaker>))
    where
        K: Clone,
    {
        for shard in &self.shards {
            let entries: Vec<_> = read(shard)
                .entries()
                .map(|entry| (entry.key.clone(), Arc::clone(&entry.breaker)))
                .collect();
            for (key, breaker) in &entries {
                each(key, breaker);
            }
        }
    }
}

fn read<K>(shard: &RwLock<Shard<K>>) -> RwLockReadGuard<'_, Shard<K>> {
    shard.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<K>(shard: &RwLock<Shard<K>>) -> RwLockWriteGuard<'_, Shard<K>> {
    shard.write().unwrap_or_else(PoisonError::into_inner)
}

impl<K, S> fmt::Debug for Registry<K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("len", &self.len())
            .field("config", &self.config)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}
