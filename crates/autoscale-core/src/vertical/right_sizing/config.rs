use crate::ConfigError;
use crate::setters::setters;
use crate::vertical::config::{UpdateMode, bounded};
use crate::vertical::resources::Resources;

/// What a [`RightSizing`](crate::RightSizing) is configured with: how often use may exceed the
/// request, how often the container may be started anew, and bounds.
///
/// ```
/// use autoscale_core::{RightSizing, RightSizingConfig};
/// let config = RightSizingConfig::default()
///     .with_cpu_violations(0.02)
///     .with_max_restarts_per_day(0.5);
/// assert_eq!(RightSizing::new(config)?.config().cpu_violations, 0.02);
/// assert!(RightSizing::new(RightSizingConfig::default().with_cpu_violations(0.9)).is_err());
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct RightSizingConfig {
    /// Share of the time that CPU use may exceed the request; 1e-6 … 0.5, default 0.05.
    pub cpu_violations: f64,
    /// Share of the time that memory use may exceed the request, which kills the container; 1e-6 …
    /// 0.5, default 1e-4. It changes nothing as long as nothing happens; once more than it was violated,
    /// margins that would have violated less are followed.
    pub memory_violations: f64,
    /// Restarts for another request, a day; 0.01 … 100, default 1. Up to four are saved up. Memory
    /// that runs out is given more in any case, and what that costs is saved afterwards.
    pub max_restarts_per_day: f64,
    /// Least that a container is given; default 25 m and 250 MiB.
    pub minimum: Resources,
    /// Least that may be asked for; default no bound.
    pub min_allowed: Resources,
    /// Most that may be asked for, ≥ `min_allowed`; default no bound.
    pub max_allowed: Resources,
    /// Whether CPU is sized; default true.
    pub control_cpu: bool,
    /// Whether memory is sized; default true.
    pub control_memory: bool,
    /// When a new size is carried out; default [`UpdateMode::Recreate`].
    pub update_mode: UpdateMode,
    /// After a kill for want of memory so many times the request is asked for at least; 1 … 100,
    /// default 1.2.
    pub oom_bump_up_ratio: f64,
    /// Or so many bytes more than the request, if that is more; default 100 MiB.
    pub oom_min_bump_up_bytes: u64,
}

impl Default for RightSizingConfig {
    fn default() -> Self {
        Self {
            cpu_violations: 0.05,
            memory_violations: 1e-4,
            max_restarts_per_day: 1.0,
            minimum: Resources::new(25, 250 << 20),
            min_allowed: Resources::default(),
            max_allowed: Resources::default(),
            control_cpu: true,
            control_memory: true,
            update_mode: UpdateMode::Recreate,
            oom_bump_up_ratio: 1.2,
            oom_min_bump_up_bytes: 100 << 20,
        }
    }
}

impl RightSizingConfig {
    setters! { "RightSizingConfig::default()";
        with_cpu_violations: cpu_violations, f64, "0.01";
        with_memory_violations: memory_violations, f64, "1e-5";
        with_max_restarts_per_day: max_restarts_per_day, f64, "0.25";
        with_minimum: minimum, Resources, "Resources::new(10, 1 << 20)";
        with_min_allowed: min_allowed, Resources, "Resources::new(500, 1 << 30)";
        with_max_allowed: max_allowed, Resources, "Resources::new(4000, 16 << 30)";
        with_control_cpu: control_cpu, bool, "true";
        with_control_memory: control_memory, bool, "true";
        with_update_mode: update_mode, UpdateMode, "UpdateMode::Off";
        with_oom_bump_up_ratio: oom_bump_up_ratio, f64, "1.5";
        with_oom_min_bump_up_bytes: oom_min_bump_up_bytes, u64, "1024";
    }

    /// # Errors
    /// [`ConfigError`] naming the field, its value and its bound.
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        for (field, value) in [
            ("cpu_violations", self.cpu_violations),
            ("memory_violations", self.memory_violations),
        ] {
            if !(1e-6..=0.5).contains(&value) {
                return Err(ConfigError::range(field, value, "between 0.000001 and 0.5"));
            }
        }
        if !(0.01..=100.0).contains(&self.max_restarts_per_day) {
            return Err(ConfigError::range(
                "max_restarts_per_day",
                self.max_restarts_per_day,
                "between 0.01 and 100",
            ));
        }
        if !(1.0..=100.0).contains(&self.oom_bump_up_ratio) {
            return Err(ConfigError::range(
                "oom_bump_up_ratio",
                self.oom_bump_up_ratio,
                "between 1 and 100",
            ));
        }
        bounded(&self.min_allowed, &self.max_allowed)
    }
}
