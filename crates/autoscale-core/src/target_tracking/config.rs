use core::time::Duration;

use crate::activity::check_warm_up;
use crate::alarm::{check_period, check_periods};
use crate::setters::setters;
use crate::{ConfigError, Gauge};

/// What target tracking is configured with.
///
/// ```
/// use autoscale_core::{Gauge, TargetTracking, TargetTrackingConfig, TrackedTarget};
/// let half = TrackedTarget::new(Gauge::cpu_utilization(), 50.0);
/// TargetTracking::new(TargetTrackingConfig::new([half]))?;
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
#[non_exhaustive]
pub struct TargetTrackingConfig {
    /// The targets, at least one; the largest capacity that one asks for wins.
    pub targets: Vec<TrackedTarget>,
    /// How long a replica warms up after its start: until then it is not part of the figures and
    /// nothing is taken away; 0 … 1 h, default 300 s.
    #[cfg_attr(
        feature = "serde",
        serde(default = "five_minutes", with = "crate::duration")
    )]
    pub warm_up: Duration,
}

/// A figure to be kept near a value.
///
/// ```
/// use autoscale_core::{Gauge, Statistic, TrackedTarget};
/// let target = TrackedTarget::new(Gauge::new(Statistic::PerReplica), 1000.0);
/// assert_eq!((target.scale_out_periods, target.scale_in_periods), (3, 15));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
#[non_exhaustive]
pub struct TrackedTarget {
    /// The figure; it must fall as replicas are added, in proportion: a mean utilization, a rate
    /// per replica.
    pub gauge: Gauge,
    /// Where it is kept, in the gauge's unit; finite, > 0.
    pub target_value: f64,
    /// What one datapoint covers: the mean of the readings in it; more than 0, at most 1 d, default
    /// 60 s.
    #[cfg_attr(feature = "serde", serde(default = "minute", with = "crate::duration"))]
    pub period: Duration,
    /// Datapoints in a row above the target that scale out; 1 … 1440, default 3.
    #[cfg_attr(feature = "serde", serde(default = "three"))]
    pub scale_out_periods: u32,
    /// Datapoints in a row below `scale_in_threshold` that scale in; 1 … 1440, default 15.
    #[cfg_attr(feature = "serde", serde(default = "fifteen"))]
    pub scale_in_periods: u32,
    /// Share of the target below which a datapoint counts towards scaling in; > 0, at most 1,
    /// default 0.9.
    #[cfg_attr(feature = "serde", serde(default = "nine_tenths"))]
    pub scale_in_threshold: f64,
    /// Whether it never scales in, and is not asked before others do; default false.
    #[cfg_attr(feature = "serde", serde(default))]
    pub disable_scale_in: bool,
}

#[cfg(feature = "serde")]
mod defaults {
    use super::Duration;

    pub(super) const fn minute() -> Duration {
        Duration::from_secs(60)
    }
    pub(super) const fn five_minutes() -> Duration {
        Duration::from_secs(300)
    }
    pub(super) const fn three() -> u32 {
        3
    }
    pub(super) const fn fifteen() -> u32 {
        15
    }
    pub(super) const fn nine_tenths() -> f64 {
        0.9
    }
}
#[cfg(feature = "serde")]
use defaults::{fifteen, five_minutes, minute, nine_tenths, three};

impl TargetTrackingConfig {
    /// The targets given, and a warm-up of 300 s.
    ///
    /// ```
    /// use autoscale_core::{Gauge, TargetTrackingConfig, TrackedTarget};
    /// let half = TrackedTarget::new(Gauge::cpu_utilization(), 50.0);
    /// assert_eq!(TargetTrackingConfig::new([half]).warm_up.as_secs(), 300);
    /// ```
    #[must_use]
    pub fn new(targets: impl IntoIterator<Item = TrackedTarget>) -> Self {
        Self {
            targets: targets.into_iter().collect(),
            warm_up: Duration::from_secs(300),
        }
    }

    setters! {
        "TargetTrackingConfig::new([])";
        with_warm_up: warm_up, Duration, "Duration::from_secs(90)";
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if self.targets.is_empty() {
            return Err(ConfigError::Missing {
                field: "targets".to_owned(),
                need: "at least one target",
            });
        }
        for (i, target) in self.targets.iter().enumerate() {
            target.validate(i)?;
        }
        check_warm_up(self.warm_up)
    }
}

impl TrackedTarget {
    /// AWS's own periods and threshold around what has no default.
    ///
    /// ```
    /// use autoscale_core::{Gauge, TrackedTarget};
    /// let target = TrackedTarget::new(Gauge::cpu_utilization(), 50.0);
    /// assert_eq!((target.period.as_secs(), target.scale_in_threshold), (60, 0.9));
    /// ```
    #[must_use]
    pub const fn new(gauge: Gauge, target_value: f64) -> Self {
        Self {
            gauge,
            target_value,
            period: Duration::from_secs(60),
            scale_out_periods: 3,
            scale_in_periods: 15,
            scale_in_threshold: 0.9,
            disable_scale_in: false,
        }
    }

    setters! {
        "TrackedTarget::new(Gauge::cpu_utilization(), 50.0)";
        with_period: period, Duration, "Duration::from_secs(10)";
        with_scale_out_periods: scale_out_periods, u32, "2";
        with_scale_in_periods: scale_in_periods, u32, "30";
        with_scale_in_threshold: scale_in_threshold, f64, "0.8";
        with_disable_scale_in: disable_scale_in, bool, "true";
    }

    fn validate(&self, index: usize) -> Result<(), ConfigError> {
        let field = |name: &str| format!("targets[{index}].{name}");
        let target = self.target_value;
        if !target.is_finite() || target <= 0.0 {
            let bound = "a finite number > 0";
            return Err(ConfigError::range(field("target_value"), target, bound));
        }
        check_period(&field("period"), self.period)?;
        check_periods(&field("scale_out_periods"), self.scale_out_periods)?;
        check_periods(&field("scale_in_periods"), self.scale_in_periods)?;
        let share = self.scale_in_threshold;
        if !share.is_finite() || share <= 0.0 || share > 1.0 {
            let bound = "more than 0, at most 1";
            return Err(ConfigError::range(
                field("scale_in_threshold"),
                share,
                bound,
            ));
        }
        Ok(())
    }
}
