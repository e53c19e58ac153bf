//! What a registry holds, as data.

use std::sync::atomic::Ordering;

use super::{Registry, read};
use crate::state::State;

/// What a registry holds at a time.
///
/// ```
/// use circuit_breaker::{Config, Registry, RegistryConfig, Settings};
/// use std::time::Duration;
///
/// let settings = Settings::new(Config::default())?;
/// let registry: Registry<u32> = Registry::new(&settings, RegistryConfig::default(), 1)?;
/// registry.get(&1, Duration::ZERO);
/// registry.get(&2, Duration::ZERO).trip(Duration::ZERO, None);
/// let metrics = registry.metrics();
/// assert_eq!((metrics.closed, metrics.open, metrics.evicted), (1, 1, 0));
/// # Ok::<(), circuit_breaker::ConfigError>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct RegistryMetrics {
    /// Closed breakers.
    pub closed: u64,
    /// Open breakers.
    pub open: u64,
    /// Half-open breakers.
    pub half_open: u64,
    /// Breakers that an operator forced open.
    pub forced_open: u64,
    /// Breakers that an operator disabled.
    pub disabled: u64,
    /// Breakers that an operator lets only count.
    pub metrics_only: u64,
    /// Calls that the breakers which are there refused: less once one of them goes.
    pub rejected: u64,
    /// Outcomes that came too late to count.
    pub stale: u64,
    /// Breakers that were made, the overflow breaker not among them.
    pub created: u64,
    /// Breakers that made room for others.
    pub evicted: u64,
    /// Times that a key got the overflow breaker.
    pub overflowed: u64,
}

impl<K, S> Registry<K, S> {
    /// What the registry holds, all keys together: O(entries). For each key's own see
    /// [`for_each`](Self::for_each) and [`CircuitBreaker::metrics`](crate::CircuitBreaker::metrics).
    ///
    /// ```
    /// # use circuit_breaker::{Config, Registry, RegistryConfig, Settings};
    /// # use std::time::Duration;
    /// # let settings = Settings::new(Config::default())?;
    /// let registry: Registry<String> = Registry::new(&settings, RegistryConfig::default(), 1)?;
    /// registry.get("orders", Duration::ZERO).force_open(Duration::ZERO);
    /// assert_eq!(registry.metrics().forced_open, 1);
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    #[must_use]
    pub fn metrics(&self) -> RegistryMetrics {
        let mut metrics = RegistryMetrics {
            created: self.created.load(Ordering::Relaxed),
            evicted: self.evicted.load(Ordering::Relaxed),
            overflowed: self.overflowed.load(Ordering::Relaxed),
            ..RegistryMetrics::default()
        };
        for shard in &self.shards {
            for entry in read(shard).entries() {
                let count = match entry.breaker.state() {
                    State::Closed => &mut metrics.closed,
                    State::Open => &mut metrics.open,
                    State::HalfOpen => &mut metrics.half_open,
                    State::ForcedOpen => &mut metrics.forced_open,
                    State::Disabled => &mut metrics.disabled,
                    State::MetricsOnly => &mut metrics.metrics_only,
                };
                *count += 1;
                metrics.rejected += entry.breaker.rejected.load(Ordering::Relaxed);
                metrics.stale += u64::from(entry.breaker.stale.load(Ordering::Relaxed));
            }
        }
        metrics
    }
}
