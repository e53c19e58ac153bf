use core::time::Duration;

use super::{at_most, check, check_counts, check_positive, check_share};
use crate::ConfigError;
use crate::setters::setters;

/// What [`ReadReplicas`](super::ReadReplicas) is configured with.
///
/// ```
/// use autoscale_core::{ReadReplicas, ReadReplicasConfig};
/// let config = ReadReplicasConfig::new(2000.0); // reads a second that one replica carries
/// assert_eq!((config.target_utilization, config.losses), (0.7, 1));
/// assert!(ReadReplicas::new(ReadReplicasConfig::new(-1.0)).is_err());
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct ReadReplicasConfig {
    /// Reads a second that one replica carries; > 0.
    pub reads_per_replica: f64,
    /// Share of it that replicas are loaded to while all of them work; > 0, at most
    /// `loss_utilization`, default 0.7.
    #[cfg_attr(feature = "serde", serde(default = "defaults::target"))]
    pub target_utilization: f64,
    /// Share of it that the others are loaded to at most while `losses` replicas are lost; > 0, at
    /// most 1, default 1.
    #[cfg_attr(feature = "serde", serde(default = "defaults::full"))]
    pub loss_utilization: f64,
    /// Replicas that may be lost at a time; default 1.
    #[cfg_attr(feature = "serde", serde(default = "defaults::one"))]
    pub losses: u32,
    /// Fewest replicas; ≥ 1, default 2.
    #[cfg_attr(feature = "serde", serde(default = "defaults::two"))]
    pub min_replicas: u32,
    /// Most replicas that are asked for; at least `min_replicas`, default none.
    #[cfg_attr(feature = "serde", serde(default))]
    pub max_replicas: Option<u32>,
    /// A replica whose data is older serves no reads that need fresh data, in seconds; > 0, default
    /// 10.
    #[cfg_attr(feature = "serde", serde(default = "defaults::lag_limit"))]
    pub lag_limit_s: f64,
    /// Share of the reads that need fresh data, 0 … 1, default 1.
    #[cfg_attr(feature = "serde", serde(default = "defaults::full"))]
    pub fresh_share: f64,
    /// Writes a second that one replica can replay; > 0. `None` = not known, and the replicas' reads
    /// alone tell where lag comes from.
    #[cfg_attr(feature = "serde", serde(default))]
    pub replay_per_s: Option<f64>,
    /// How long a replica must have been too many before it is taken away; default 15 m.
    #[cfg_attr(
        feature = "serde",
        serde(default = "defaults::quarter", with = "crate::duration")
    )]
    pub scale_in_after: Duration,
}

#[cfg(feature = "serde")]
mod defaults {
    use super::Duration;

    pub(super) const fn target() -> f64 {
        0.7
    }
    pub(super) const fn full() -> f64 {
        1.0
    }
    pub(super) const fn one() -> u32 {
        1
    }
    pub(super) const fn two() -> u32 {
        2
    }
    pub(super) const fn lag_limit() -> f64 {
        10.0
    }
    pub(super) const fn quarter() -> Duration {
        Duration::from_secs(900)
    }
}

impl ReadReplicasConfig {
    /// The defaults around what a replica carries.
    ///
    /// ```
    /// use autoscale_core::ReadReplicasConfig;
    /// assert_eq!(ReadReplicasConfig::new(2000.0).min_replicas, 2);
    /// ```
    #[must_use]
    pub const fn new(reads_per_replica: f64) -> Self {
        Self {
            reads_per_replica,
            target_utilization: 0.7,
            loss_utilization: 1.0,
            losses: 1,
            min_replicas: 2,
            max_replicas: None,
            lag_limit_s: 10.0,
            fresh_share: 1.0,
            replay_per_s: None,
            scale_in_after: Duration::from_secs(900),
        }
    }

    setters! {
        "ReadReplicasConfig::new(2000.0)";
        with_target_utilization: target_utilization, f64, "0.5";
        with_loss_utilization: loss_utilization, f64, "0.9";
        with_losses: losses, u32, "2";
        with_min_replicas: min_replicas, u32, "3";
        with_max_replicas: max_replicas, Option<u32>, "Some(15)";
        with_lag_limit_s: lag_limit_s, f64, "1.0";
        with_fresh_share: fresh_share, f64, "0.2";
        with_replay_per_s: replay_per_s, Option<f64>, "Some(5000.0)";
        with_scale_in_after: scale_in_after, Duration, "Duration::from_secs(3600)";
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        check_positive("reads_per_replica", self.reads_per_replica)?;
        check_share("target_utilization", self.target_utilization)?;
        check_share("loss_utilization", self.loss_utilization)?;
        let loss = self.loss_utilization;
        at_most(
            "target_utilization",
            self.target_utilization,
            "loss_utilization",
            loss,
        )?;
        check_positive("lag_limit_s", self.lag_limit_s)?;
        let fresh = self.fresh_share;
        check("fresh_share", fresh, (0.0..=1.0).contains(&fresh), "0 … 1")?;
        self.replay_per_s
            .map_or(Ok(()), |rate| check_positive("replay_per_s", rate))?;
        let bounds = ["min_replicas", "max_replicas"];
        check_counts(bounds, self.min_replicas, self.max_replicas)
    }
}
