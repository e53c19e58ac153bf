use crate::ConfigError;
use crate::setters::setters;

/// The limits of a [`diagnose`](super::diagnose): what is over one is evidence.
///
/// ```
/// use autoscale_core::DiagnosisConfig;
/// let config = DiagnosisConfig::default().with_objective_s(0.5);
/// assert_eq!((config.cpu, config.memory, config.connections), (0.7, 0.8, 0.8));
/// assert!(config.with_cpu(0.0).validate().is_err());
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct DiagnosisConfig {
    /// Objective of the p95 response time where the figures bring none, in seconds; > 0, default 2.
    #[cfg_attr(feature = "serde", serde(with = "super::written::seconds"))]
    pub objective_s: f64,
    /// Share of requests that may fail; > 0, at most 1, default 0.001 (99.9 % succeed).
    #[cfg_attr(feature = "serde", serde(with = "super::written::share"))]
    pub error_rate: f64,
    /// CPU utilization; > 0, at most 1, default 0.7.
    #[cfg_attr(feature = "serde", serde(with = "super::written::share"))]
    pub cpu: f64,
    /// Memory in use; > 0, at most 1, default 0.8.
    #[cfg_attr(feature = "serde", serde(with = "super::written::share"))]
    pub memory: f64,
    /// Connections in use; > 0, at most 1, default 0.8.
    #[cfg_attr(feature = "serde", serde(with = "super::written::share"))]
    pub connections: f64,
    /// Share of the time that disks are busy; > 0, at most 1, default 0.8.
    #[cfg_attr(feature = "serde", serde(with = "super::written::share"))]
    pub disk_io: f64,
    /// Share of the bandwidth in use; > 0, at most 1, default 0.8.
    #[cfg_attr(feature = "serde", serde(with = "super::written::share"))]
    pub bandwidth: f64,
    /// Requests that wait for each server or worker; > 0, default 1.
    pub queue_per_server: f64,
    /// How long a request may wait for a connection or a worker, in seconds; > 0, default 0.1.
    #[cfg_attr(feature = "serde", serde(with = "super::written::seconds"))]
    pub wait_s: f64,
    /// Share of lookups that a cache should answer; 0 … below 1, default 0.8.
    #[cfg_attr(feature = "serde", serde(with = "super::written::share"))]
    pub hit_ratio: f64,
    /// How far a replica's data may be behind, in seconds; > 0, default 10.
    #[cfg_attr(feature = "serde", serde(with = "super::written::seconds"))]
    pub replication_lag_s: f64,
    /// From this share of reads on a loaded database gets read replicas; > 0, at most 1, default 0.7.
    #[cfg_attr(feature = "serde", serde(with = "super::written::share"))]
    pub read_share: f64,
    /// A layer with a smaller share of the response time does not make requests slow; 0 … 1, default
    /// 0.1.
    #[cfg_attr(feature = "serde", serde(with = "super::written::share"))]
    pub min_time_share: f64,
    /// By how much the layers' times may exceed the mean response time, or any time one that should
    /// not be below it, before the two contradict each other; ≥ 0, default 0.1.
    #[cfg_attr(feature = "serde", serde(with = "super::written::share"))]
    pub time_tolerance: f64,
}

impl Default for DiagnosisConfig {
    fn default() -> Self {
        Self {
            objective_s: 2.0,
            error_rate: 0.001,
            cpu: 0.7,
            memory: 0.8,
            connections: 0.8,
            disk_io: 0.8,
            bandwidth: 0.8,
            queue_per_server: 1.0,
            wait_s: 0.1,
            hit_ratio: 0.8,
            replication_lag_s: 10.0,
            read_share: 0.7,
            min_time_share: 0.1,
            time_tolerance: 0.1,
        }
    }
}

impl DiagnosisConfig {
    setters! {
        "DiagnosisConfig::default()";
        with_objective_s: objective_s, f64, "0.5";
        with_error_rate: error_rate, f64, "0.01";
        with_cpu: cpu, f64, "0.8";
        with_memory: memory, f64, "0.9";
        with_connections: connections, f64, "0.9";
        with_disk_io: disk_io, f64, "0.6";
        with_bandwidth: bandwidth, f64, "0.6";
        with_queue_per_server: queue_per_server, f64, "2.0";
        with_wait_s: wait_s, f64, "0.05";
        with_hit_ratio: hit_ratio, f64, "0.95";
        with_replication_lag_s: replication_lag_s, f64, "1.0";
        with_read_share: read_share, f64, "0.9";
        with_min_time_share: min_time_share, f64, "0.2";
        with_time_tolerance: time_tolerance, f64, "0.5";
    }

    /// Checks the limits.
    ///
    /// # Errors
    /// [`ConfigError`] names the field, the value and the bound.
    ///
    /// ```
    /// use autoscale_core::DiagnosisConfig;
    /// let refused = DiagnosisConfig::default().with_hit_ratio(1.0).validate();
    /// let message = refused.map_err(|e| e.to_string());
    /// assert_eq!(message, Err("hit_ratio is 1, must be ≥ 0 and below 1".to_owned()));
    /// ```
    pub fn validate(&self) -> Result<(), ConfigError> {
        let check = |field: &str, value: f64, ok: bool, bound: &'static str| {
            if value.is_finite() && ok {
                Ok(())
            } else {
                Err(ConfigError::range(field, value, bound))
            }
        };
        for (field, value) in [
            ("error_rate", self.error_rate),
            ("cpu", self.cpu),
            ("memory", self.memory),
            ("connections", self.connections),
            ("disk_io", self.disk_io),
            ("bandwidth", self.bandwidth),
            ("read_share", self.read_share),
        ] {
            check(field, value, value > 0.0 && value <= 1.0, "> 0 and ≤ 1")?;
        }
        for (field, value) in [
            ("objective_s", self.objective_s),
            ("queue_per_server", self.queue_per_server),
            ("wait_s", self.wait_s),
            ("replication_lag_s", self.replication_lag_s),
        ] {
            check(field, value, value > 0.0, "a finite number > 0")?;
        }
        let hits = self.hit_ratio;
        check(
            "hit_ratio",
            hits,
            (0.0..1.0).contains(&hits),
            "≥ 0 and below 1",
        )?;
        let share = self.min_time_share;
        check(
            "min_time_share",
            share,
            (0.0..=1.0).contains(&share),
            "0 … 1",
        )?;
        let slack = self.time_tolerance;
        check("time_tolerance", slack, slack >= 0.0, "a finite number ≥ 0")
    }
}
