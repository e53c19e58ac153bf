use core::time::Duration;

use crate::setters::setters;
use crate::{ConfigError, Gauge, Statistic};

/// What a predictive policy is configured with: one knob, and facts about the service.
///
/// ```
/// use autoscale_core::{Predictive, PredictiveConfig};
/// # use std::time::Duration;
/// // A replica carries 50 requests a second; 1 % of them may come while there are too few.
/// let config = PredictiveConfig::new(0.01, 50.0)
///     .with_start_up(Duration::from_secs(90))
///     .with_max_replicas(60);
/// assert_eq!(Predictive::new(config)?.config().accepted_bad_share, 0.01);
/// assert!(Predictive::new(PredictiveConfig::new(1.5, 50.0)).is_err());
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
#[non_exhaustive]
pub struct PredictiveConfig {
    /// The knob, ε: the share of the demand that may arrive while fewer replicas are ready than it
    /// needs; 1e-6 … 0.5.
    pub accepted_bad_share: f64,
    /// What one replica should carry at most, in the metric's unit; > 0.
    pub target_value: f64,
    /// The load: the total over all replicas. Default: the first reading's total, no older than
    /// five minutes.
    #[cfg_attr(feature = "serde", serde(default = "total"))]
    pub gauge: Gauge,
    /// From an order until its replica serves; at most a day. Default 60 s.
    #[cfg_attr(feature = "serde", serde(default = "minute", with = "crate::duration"))]
    pub start_up: Duration,
    /// How old the newest value is when it is seen; at most an hour. Default 30 s.
    #[cfg_attr(
        feature = "serde",
        serde(default = "half_minute", with = "crate::duration")
    )]
    pub metric_lag: Duration,
    /// Time between decisions; 1 s … 10 min, and such that start-up and lag are at most 1000 of it.
    /// Default 15 s.
    #[cfg_attr(
        feature = "serde",
        serde(default = "quarter", with = "crate::duration")
    )]
    pub interval: Duration,
    /// Fewest replicas, ≥ 1; default 1. Scaling to zero is [`Activated`](crate::PolicyExt)'s.
    #[cfg_attr(feature = "serde", serde(default = "one"))]
    pub min_replicas: u32,
    /// Most replicas, 1 … 1 000 000; default 100.
    #[cfg_attr(feature = "serde", serde(default = "hundred"))]
    pub max_replicas: u32,
    /// Unix time of `now` = 0, for load that comes by the clock. Default 0: `now` is Unix time.
    #[cfg_attr(feature = "serde", serde(default, with = "crate::duration"))]
    pub unix_origin: Duration,
}

fn total() -> Gauge {
    Gauge::new(Statistic::Total).with_max_sample_age(Duration::from_secs(300))
}
const fn minute() -> Duration {
    Duration::from_secs(60)
}
const fn half_minute() -> Duration {
    Duration::from_secs(30)
}
const fn quarter() -> Duration {
    Duration::from_secs(15)
}
const fn one() -> u32 {
    1
}
const fn hundred() -> u32 {
    100
}

impl PredictiveConfig {
    /// The knob, what one replica should carry, and defaults.
    ///
    /// ```
    /// let config = autoscale_core::PredictiveConfig::new(0.01, 50.0);
    /// assert_eq!((config.min_replicas, config.max_replicas), (1, 100));
    /// ```
    #[must_use]
    pub fn new(accepted_bad_share: f64, target_value: f64) -> Self {
        Self {
            accepted_bad_share,
            target_value,
            gauge: total(),
            start_up: minute(),
            metric_lag: half_minute(),
            interval: quarter(),
            min_replicas: one(),
            max_replicas: hundred(),
            unix_origin: Duration::ZERO,
        }
    }

    setters! {
        "PredictiveConfig::new(0.01, 50.0)";
        with_accepted_bad_share: accepted_bad_share, f64, "0.001";
        with_target_value: target_value, f64, "80.0";
        with_gauge: gauge, Gauge, "Gauge::new(Statistic::Total).with_reading(1)";
        with_start_up: start_up, Duration, "Duration::from_secs(180)";
        with_metric_lag: metric_lag, Duration, "Duration::from_secs(45)";
        with_interval: interval, Duration, "Duration::from_secs(30)";
        with_min_replicas: min_replicas, u32, "2";
        with_max_replicas: max_replicas, u32, "60";
        with_unix_origin: unix_origin, Duration, "Duration::from_secs(1_790_000_000)";
    }

    /// Intervals from an order to its first serving one.
    pub(super) fn delay(&self) -> usize {
        intervals(self.start_up, self.interval) + 1
    }

    /// How many intervals ahead demand must be known: metric lag, start-up, and one more.
    ///
    /// ```
    /// use autoscale_core::PredictiveConfig;
    /// assert_eq!(PredictiveConfig::new(0.01, 50.0).horizon(), 2 + 4 + 1); // 30 s, 60 s, 15 s
    /// ```
    #[must_use]
    pub fn horizon(&self) -> usize {
        self.lag() + self.delay()
    }

    /// Intervals that the newest value is old.
    pub(super) fn lag(&self) -> usize {
        intervals(self.metric_lag, self.interval)
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let refuse =
            |field: &str, value: String, bound| Err(ConfigError::range(field, value, bound));
        let share = self.accepted_bad_share;
        if !(1e-6..=0.5).contains(&share) {
            return refuse("accepted_bad_share", share.to_string(), "1e-6 … 0.5");
        }
        let target = self.target_value;
        if !(target > 0.0 && target.is_finite()) {
            return refuse("target_value", target.to_string(), "finite and more than 0");
        }
        if !(Duration::from_secs(1)..=Duration::from_secs(600)).contains(&self.interval) {
            return refuse(
                "interval",
                crate::format_duration(self.interval),
                "1 s … 10 min",
            );
        }
        if self.metric_lag > Duration::from_secs(3600) {
            return refuse(
                "metric_lag",
                crate::format_duration(self.metric_lag),
                "at most 1 h",
            );
        }
        if self.start_up > Duration::from_secs(86_400) {
            return refuse(
                "start_up",
                crate::format_duration(self.start_up),
                "at most a day",
            );
        }
        if self.horizon() > 1001 {
            let [start_up, lag] = [self.start_up, self.metric_lag].map(crate::format_duration);
            let long = format!("{start_up} + {lag}");
            return refuse("start_up + metric_lag", long, "at most 1000 intervals");
        }
        if self.min_replicas == 0 {
            return refuse("min_replicas", "0".to_owned(), "at least 1");
        }
        if !(1..=1_000_000).contains(&self.max_replicas) {
            return refuse("max_replicas", self.max_replicas.to_string(), "1 … 1000000");
        }
        if self.min_replicas > self.max_replicas {
            return Err(ConfigError::Inconsistent {
                field: "min_replicas",
                value: self.min_replicas.to_string(),
                relation: "at most",
                other: "max_replicas",
                other_value: self.max_replicas.to_string(),
            });
        }
        Ok(())
    }
}

fn intervals(time: Duration, interval: Duration) -> usize {
    usize::try_from(time.as_millis().div_ceil(interval.as_millis().max(1)))
        .unwrap_or(usize::MAX / 4)
}
