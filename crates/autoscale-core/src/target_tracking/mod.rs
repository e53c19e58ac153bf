mod config;

pub use config::*;

use crate::ConfigError;

/// Under construction.
#[derive(Clone, Debug)]
pub struct TargetTracking {
    config: TargetTrackingConfig,
}

impl TargetTracking {
    /// Checks a configuration and makes the policy.
    ///
    /// # Errors
    /// [`ConfigError`] names the field, the value and the bound.
    pub fn new(config: TargetTrackingConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self { config })
    }

    /// The configuration.
    #[must_use]
    pub const fn config(&self) -> &TargetTrackingConfig {
        &self.config
    }
}
