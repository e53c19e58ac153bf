//! How large a registry may get.

use crate::error::ConfigError;
use crate::setters::setters;

/// How many breakers a [`Registry`](crate::Registry) holds, in how many parts.
///
/// ```
/// use circuit_breaker::{Config, Registry, RegistryConfig, Settings};
///
/// let config = RegistryConfig::default().with_capacity(50_000);
/// let registry: Registry<String> = Registry::new(&Settings::new(Config::default())?, config, 1)?;
/// assert_eq!(registry.capacity(), 50_000);
/// # Ok::<(), circuit_breaker::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct RegistryConfig {
    /// The most entries, ever. Default 10 000; 1 to 2³⁰. Take more than the keys in use: the parts
    /// fill unevenly.
    pub capacity: u32,
    /// Parts with a lock each. Default 16; 1 to 1024, at most one for every 16 entries.
    pub shards: u32,
}

impl Default for RegistryConfig {
    fn default() -> Self {
        Self {
            capacity: 10_000,
            shards: 16,
        }
    }
}

impl RegistryConfig {
    setters! { "RegistryConfig::default()";
        with_capacity: capacity, u32, "500";
        with_shards: shards, u32, "64";
    }

    /// The capacity of each shard.
    pub(super) fn split(&self) -> Result<Vec<usize>, ConfigError> {
        let Self { capacity, shards } = *self;
        if !(1..=1 << 30).contains(&capacity) {
            return Err(ConfigError::OutOfRange {
                field: "capacity",
                value: capacity.to_string(),
                bound: "from 1 to 1073741824",
            });
        }
        if !(1..=1024).contains(&shards) {
            return Err(ConfigError::OutOfRange {
                field: "shards",
                value: shards.to_string(),
                bound: "from 1 to 1024",
            });
        }
        let shards = shards.min(capacity / 16).max(1);
        let (each, rest) = (capacity / shards, capacity % shards);
        Ok((0..shards)
            .map(|shard| (each + u32::from(shard < rest)) as usize)
            .collect())
    }
}
