use core::time::Duration;

use crate::ConfigError;
use crate::setters::setters;

/// What a KPA is configured with.
///
/// ```
/// use autoscale_core::{Kpa, KpaConfig};
/// let kpa = Kpa::new(KpaConfig::new(70.0))?; // 70 requests in flight a pod
/// assert!(Kpa::new(KpaConfig::new(0.0)).is_err());
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct KpaConfig {
    /// What one pod should carry, in the metric's unit (requests in flight, or requests a second);
    /// > 0.
    pub target_value: f64,
    /// What one pod can carry at most, ≥ 0; default `target_value ÷ 0.7`. Only the burst capacity
    /// depends on it.
    #[cfg_attr(feature = "serde", serde(default))]
    pub total_value: Option<f64>,
    /// Burst to keep capacity for: −1 unlimited, 0 none; default 211.
    #[cfg_attr(feature = "serde", serde(default = "burst"))]
    pub target_burst_capacity: f64,
    /// Panic begins when this many times the ready pods are wanted; ≥ 1, default 2.
    #[cfg_attr(feature = "serde", serde(default = "two"))]
    pub panic_threshold: f64,
    /// Largest factor of one step up; ≥ 1, default 1000.
    #[cfg_attr(feature = "serde", serde(default = "thousand"))]
    pub max_scale_up_rate: f64,
    /// Largest factor of one step down; ≥ 1, default 2.
    #[cfg_attr(feature = "serde", serde(default = "two"))]
    pub max_scale_down_rate: f64,
    /// Window of the stable average, and how long panic outlasts its cause; at most 1 h, default
    /// 60 s.
    #[cfg_attr(feature = "serde", serde(default = "minute", with = "crate::duration"))]
    pub stable_window: Duration,
    /// Window of the panic average; at most the stable window or 6 s,
    /// whichever is longer; default 6 s.
    #[cfg_attr(
        feature = "serde",
        serde(default = "six_seconds", with = "crate::duration")
    )]
    pub panic_window: Duration,
    /// How long a smaller count must have been wanted before it is followed, in steps of 2 s; at
    /// most 1 h, default 0.
    #[cfg_attr(feature = "serde", serde(default, with = "crate::duration"))]
    pub scale_down_delay: Duration,
    /// Fewest replicas of a target that has any load; ≥ 1, default 1.
    #[cfg_attr(feature = "serde", serde(default = "one"))]
    pub activation_scale: u32,
    /// Whether the target gets traffic; if not, it may shrink at any rate. Default true.
    #[cfg_attr(feature = "serde", serde(default = "yes"))]
    pub reachable: bool,
    /// A reading older than this changes nothing; default 5 m, `None` (in files `"any"`) =
    /// any age will do.
    #[cfg_attr(
        feature = "serde",
        serde(default = "five_minutes", with = "crate::duration::option")
    )]
    pub max_sample_age: Option<Duration>,
    /// Index of its reading in the observation; default 0, another where several policies share
    /// one observation.
    #[cfg_attr(feature = "serde", serde(default))]
    pub reading: usize,
}

#[cfg(feature = "serde")]
mod defaults {
    use super::Duration;

    pub(super) const fn burst() -> f64 {
        211.0
    }
    pub(super) const fn two() -> f64 {
        2.0
    }
    pub(super) const fn thousand() -> f64 {
        1000.0
    }
    pub(super) const fn minute() -> Duration {
        Duration::from_secs(60)
    }
    pub(super) const fn six_seconds() -> Duration {
        Duration::from_secs(6)
    }
    pub(super) const fn one() -> u32 {
        1
    }
    pub(super) const fn yes() -> bool {
        true
    }
    pub(super) const fn five_minutes() -> Option<Duration> {
        Some(Duration::from_secs(300))
    }
}
#[cfg(feature = "serde")]
use defaults::{burst, five_minutes, minute, one, six_seconds, thousand, two, yes};

impl KpaConfig {
    /// Knative's defaults around the one thing that has none.
    ///
    /// ```
    /// use autoscale_core::{Kpa, KpaConfig};
    /// use std::time::Duration;
    /// let config = KpaConfig::new(70.0);
    /// assert_eq!(config.stable_window, Duration::from_secs(60));
    /// let kpa = Kpa::new(config.with_activation_scale(3).with_scale_down_delay(Duration::ZERO))?;
    /// assert_eq!(kpa.config().activation_scale, 3);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn new(target_value: f64) -> Self {
        Self {
            target_value,
            total_value: None,
            target_burst_capacity: 211.0,
            panic_threshold: 2.0,
            max_scale_up_rate: 1000.0,
            max_scale_down_rate: 2.0,
            stable_window: Duration::from_secs(60),
            panic_window: Duration::from_secs(6),
            scale_down_delay: Duration::ZERO,
            activation_scale: 1,
            reachable: true,
            max_sample_age: Some(Duration::from_secs(300)),
            reading: 0,
        }
    }

    setters! {
        with_total_value: total_value, Option<f64>;
        with_target_burst_capacity: target_burst_capacity, f64;
        with_panic_threshold: panic_threshold, f64;
        with_max_scale_up_rate: max_scale_up_rate, f64;
        with_max_scale_down_rate: max_scale_down_rate, f64;
        with_stable_window: stable_window, Duration;
        with_panic_window: panic_window, Duration;
        with_scale_down_delay: scale_down_delay, Duration;
        with_activation_scale: activation_scale, u32;
        with_reachable: reachable, bool;
        with_max_sample_age: max_sample_age, Option<Duration>;
        with_reading: reading, usize;
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let check = |field: &'static str, value: f64, ok: bool, bound: &'static str| {
            if value.is_finite() && ok {
                Ok(())
            } else {
                Err(ConfigError::range(field, value, bound))
            }
        };
        let target = self.target_value;
        check("target_value", target, target > 0.0, "a finite number > 0")?;
        let total = self.total_value.unwrap_or(0.0);
        check("total_value", total, total >= 0.0, "a finite number ≥ 0")?;
        let burst = self.target_burst_capacity;
        let unlimited = (burst + 1.0).abs() < f64::EPSILON;
        check(
            "target_burst_capacity",
            burst,
            burst >= 0.0 || unlimited,
            "-1 or ≥ 0",
        )?;
        for (field, value) in [
            ("panic_threshold", self.panic_threshold),
            ("max_scale_up_rate", self.max_scale_up_rate),
            ("max_scale_down_rate", self.max_scale_down_rate),
        ] {
            check(field, value, value >= 1.0, "a finite number ≥ 1")?;
        }
        let hour = Duration::from_secs(3600);
        for (field, value) in [
            ("stable_window", self.stable_window),
            ("scale_down_delay", self.scale_down_delay),
        ] {
            if value > hour {
                return Err(ConfigError::range(
                    field,
                    crate::format_duration(value),
                    "0 … 1h",
                ));
            }
        }
        if self.panic_window > self.stable_window.max(Duration::from_secs(6)) {
            return Err(ConfigError::Inconsistent {
                field: "panic_window",
                value: crate::format_duration(self.panic_window),
                relation: "at most 6s or",
                other: "stable_window",
                other_value: crate::format_duration(self.stable_window),
            });
        }
        if self.activation_scale == 0 || i32::try_from(self.activation_scale).is_err() {
            return Err(ConfigError::range(
                "activation_scale",
                self.activation_scale,
                "1 … 2147483647",
            ));
        }
        Ok(())
    }
}
