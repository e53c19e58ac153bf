use core::time::Duration;
use std::collections::BTreeSet;

use crate::setters::setters;
use crate::{ConfigError, format_duration};

/// Users and how often each asks.
///
/// ```
/// use autoscale_core::UserLoad;
/// use std::time::Duration;
/// let by_rate = UserLoad::Rate { requests_per_minute: 6.0 };
/// let by_thinking = UserLoad::ThinkTime {
///     think_time: Duration::from_millis(9800),
///     response_time: Duration::from_millis(200),
/// };
/// assert_eq!(by_rate.requests_per_minute(100.0), by_thinking.requests_per_minute(100.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
pub enum UserLoad {
    /// So many requests a minute and user; above 0, at most 10⁶.
    Rate {
        /// Requests a minute that one user makes.
        requests_per_minute: f64,
    },
    /// Each user asks, waits for the answer, thinks, and asks again.
    ThinkTime {
        /// How long a user thinks; at most 1 d.
        #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
        think_time: Duration,
        /// How long an answer takes; at most 1 d. The two together are at least 1 ms.
        #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
        response_time: Duration,
    },
}

impl UserLoad {
    /// Requests a minute of so many concurrent users.
    ///
    /// ```
    /// let rate = autoscale_core::UserLoad::Rate { requests_per_minute: 6.0 };
    /// assert_eq!(rate.requests_per_minute(500.0), 3000.0);
    /// ```
    #[must_use]
    pub fn requests_per_minute(&self, users: f64) -> f64 {
        match self {
            Self::Rate {
                requests_per_minute,
            } => users * requests_per_minute,
            Self::ThinkTime {
                think_time,
                response_time,
            } => users * 60.0 / think_time.saturating_add(*response_time).as_secs_f64(),
        }
    }

    fn validate(&self) -> Result<(), ConfigError> {
        const DAY: Duration = Duration::from_secs(86_400);
        match *self {
            Self::Rate {
                requests_per_minute,
            } => positive(
                "user_load.rate.requests_per_minute",
                requests_per_minute,
                1e6,
                "above 0, at most 1000000",
            ),
            Self::ThinkTime {
                think_time,
                response_time,
            } => {
                let times = [("think_time", think_time), ("response_time", response_time)];
                for (name, time) in times {
                    if time > DAY {
                        return Err(ConfigError::range(
                            format!("user_load.think_time.{name}"),
                            format_duration(time),
                            "at most 1d",
                        ));
                    }
                }
                if think_time + response_time < Duration::from_millis(1) {
                    return Err(ConfigError::range(
                        "user_load.think_time.think_time",
                        format_duration(think_time),
                        "at least 1ms together with response_time",
                    ));
                }
                Ok(())
            }
        }
    }
}

/// A stage of growth: so many users, on so many instances.
///
/// ```
/// use autoscale_core::LoadPhase;
/// let phase = LoadPhase::new("Phase 1", 100.0).with_min_instances(Some(2)).with_max_instances(Some(3));
/// assert_eq!((phase.users, phase.max_instances), (100.0, Some(3)));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct LoadPhase {
    /// Its name, not empty, once among the phases.
    pub name: String,
    /// Concurrent users; above 0, at most 10⁹.
    pub users: f64,
    /// Fewest instances of the phase; unset there is no such bound.
    #[cfg_attr(feature = "serde", serde(default))]
    pub min_instances: Option<u32>,
    /// Most instances of the phase; unset there is no such bound.
    #[cfg_attr(feature = "serde", serde(default))]
    pub max_instances: Option<u32>,
}

impl LoadPhase {
    /// So many users, without bounds.
    ///
    /// ```
    /// assert_eq!(autoscale_core::LoadPhase::new("launch", 500.0).min_instances, None);
    /// ```
    #[must_use]
    pub fn new(name: impl Into<String>, users: f64) -> Self {
        Self {
            name: name.into(),
            users,
            min_instances: None,
            max_instances: None,
        }
    }

    setters! { "LoadPhase::new(\"launch\", 500.0)";
        with_min_instances: min_instances, Option<u32>, "Some(2)";
        with_max_instances: max_instances, Option<u32>, "Some(3)";
    }
}

/// What one replica was measured to serve at one endpoint, and what is asked of it.
///
/// ```
/// use autoscale_core::Endpoint;
/// let list = Endpoint::new("GET", "/api/v1/datasets", 200.0, 1000.0).with_offered_rps(2500.0);
/// assert_eq!((list.p95_ms, list.max_rps), (200.0, 1000.0));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Endpoint {
    /// The method, such as `GET`.
    pub method: String,
    /// The path.
    pub path: String,
    /// The 95 % quantile of the response time, in milliseconds, that the benchmark kept to; above 0,
    /// at most 86 400 000.
    pub p95_ms: f64,
    /// Most requests a second of one replica within `p95_ms`; above 0, at most 10⁹.
    pub max_rps: f64,
    /// The 95 % quantile that is allowed, in milliseconds; default `p95_ms`. A stricter one than
    /// the benchmark's is refused: what it allows was not measured.
    #[cfg_attr(feature = "serde", serde(default))]
    pub allowed_p95_ms: Option<f64>,
    /// Requests a second that are offered to it; 0 … 10⁹, default 0.
    #[cfg_attr(feature = "serde", serde(default))]
    pub offered_rps: f64,
}

impl Endpoint {
    /// What one replica was measured to serve.
    ///
    /// ```
    /// use autoscale_core::Endpoint;
    /// assert_eq!(Endpoint::new("POST", "/api/v1/agents", 500.0, 100.0).offered_rps, 0.0);
    /// ```
    #[must_use]
    pub fn new(
        method: impl Into<String>,
        path: impl Into<String>,
        p95_ms: f64,
        max_rps: f64,
    ) -> Self {
        Self {
            method: method.into(),
            path: path.into(),
            p95_ms,
            max_rps,
            allowed_p95_ms: None,
            offered_rps: 0.0,
        }
    }

    setters! { "Endpoint::new(\"GET\", \"/\", 200.0, 1000.0)";
        with_allowed_p95_ms: allowed_p95_ms, Option<f64>, "Some(250.0)";
        with_offered_rps: offered_rps, f64, "400.0";
    }

    fn validate(&self, path: &str) -> Result<(), ConfigError> {
        let field = |name: &str| format!("{path}.{name}");
        let day = "above 0, at most 86400000";
        positive(&field("p95_ms"), self.p95_ms, 8.64e7, day)?;
        positive(
            &field("max_rps"),
            self.max_rps,
            1e9,
            "above 0, at most 1000000000",
        )?;
        if let Some(allowed) = self.allowed_p95_ms {
            positive(&field("allowed_p95_ms"), allowed, 8.64e7, day)?;
            if allowed < self.p95_ms {
                let bound = "at least p95_ms, at which max_rps was measured";
                return Err(ConfigError::range(field("allowed_p95_ms"), allowed, bound));
            }
        }
        if !(0.0..=1e9).contains(&self.offered_rps) {
            return Err(ConfigError::range(
                field("offered_rps"),
                self.offered_rps,
                "0 … 1000000000",
            ));
        }
        Ok(())
    }
}

/// What [`provision`](crate::provision) is asked.
///
/// At least one load must be given: `requests_per_minute`, `users`, `phases`, `load_samples` or
/// `endpoints`.
///
/// ```
/// use autoscale_core::{ProvisionConfig, UserLoad, provision};
/// let config = ProvisionConfig::new()
///     .with_users(Some(1000.0))
///     .with_user_load(Some(UserLoad::Rate { requests_per_minute: 6.0 }))
///     .with_replica_requests_per_minute(Some(1000.0));
/// assert_eq!(provision(&config)?.replicas, 8);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct ProvisionConfig {
    /// The load in requests a minute; 0 … 10⁹.
    pub requests_per_minute: Option<f64>,
    /// Concurrent users; 0 … 10⁹. Needs `user_load`.
    pub users: Option<f64>,
    /// What a user asks for.
    pub user_load: Option<UserLoad>,
    /// Stages of growth; each is checked by itself. Needs `user_load`. Where nothing else states a
    /// load, the phase that needs most replicas does.
    pub phases: Vec<LoadPhase>,
    /// Requests a minute at times of equal weight, each 0 … 10⁹. The load is then the smallest of
    /// them that is exceeded for no more than the error budget's share of the time; the whole
    /// budget may go there or to replicas that are down, see `short_share`.
    pub load_samples: Vec<f64>,
    /// Requests a minute that one replica can carry; above 0, at most 10⁹. Needed for every load
    /// but the endpoints'.
    pub replica_requests_per_minute: Option<f64>,
    /// Endpoints with what one replica was benchmarked at.
    pub endpoints: Vec<Endpoint>,
    /// Share of what a replica can carry that it should carry; above 0, at most 1, default 0.8.
    pub utilization: f64,
    /// Share of the time that the service should carry its whole load, such as 0.999; 0 … 0.999999.
    /// Unset there is no error budget, hence no spare and no load left uncovered.
    pub availability: Option<f64>,
    /// Share of the error budget that may go to load that is too high for the replicas, where
    /// `load_samples` are given; 0 … 1, default 0.5. The rest is for replicas that are down.
    pub short_share: f64,
    /// Share of the time that a replica is up, independently of the others; above 0, at most 1,
    /// default 0.99.
    pub replica_availability: f64,
    /// Fewest replicas; at most 1 000 000, default 1.
    pub min_replicas: u32,
}

impl Default for ProvisionConfig {
    fn default() -> Self {
        Self {
            requests_per_minute: None,
            users: None,
            user_load: None,
            phases: Vec::new(),
            load_samples: Vec::new(),
            replica_requests_per_minute: None,
            endpoints: Vec::new(),
            utilization: 0.8,
            availability: None,
            short_share: 0.5,
            replica_availability: 0.99,
            min_replicas: 1,
        }
    }
}

impl ProvisionConfig {
    /// No load yet, 80 % utilization, no error budget.
    ///
    /// ```
    /// assert_eq!(autoscale_core::ProvisionConfig::new().utilization, 0.8);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    setters! { "ProvisionConfig::new()";
        with_requests_per_minute: requests_per_minute, Option<f64>, "Some(1000.0)";
        with_users: users, Option<f64>, "Some(500.0)";
        with_user_load: user_load, Option<UserLoad>,
            "Some(UserLoad::Rate { requests_per_minute: 6.0 })";
        with_phases: phases, Vec<LoadPhase>, "vec![LoadPhase::new(\"launch\", 100.0)]";
        with_load_samples: load_samples, Vec<f64>, "vec![900.0, 1100.0]";
        with_replica_requests_per_minute: replica_requests_per_minute, Option<f64>, "Some(1000.0)";
        with_endpoints: endpoints, Vec<Endpoint>,
            "vec![Endpoint::new(\"GET\", \"/\", 200.0, 1000.0)]";
        with_utilization: utilization, f64, "0.7";
        with_availability: availability, Option<f64>, "Some(0.999)";
        with_short_share: short_share, f64, "0.1";
        with_replica_availability: replica_availability, f64, "0.999";
        with_min_replicas: min_replicas, u32, "2";
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let rate = "0 … 1000000000";
        for (field, value) in [
            ("requests_per_minute", self.requests_per_minute),
            ("users", self.users),
        ] {
            between(field, value, 0.0, 1e9, rate)?;
        }
        if let Some(load) = &self.user_load {
            load.validate()?;
        }
        for (index, sample) in self.load_samples.iter().enumerate() {
            between(
                &format!("load_samples[{index}]"),
                Some(*sample),
                0.0,
                1e9,
                rate,
            )?;
        }
        let mut names = BTreeSet::new();
        for (index, phase) in self.phases.iter().enumerate() {
            let field = |name: &str| format!("phases[{index}].{name}");
            let bound = "a name, once among the phases";
            if phase.name.is_empty() {
                return Err(ConfigError::range(field("name"), "empty", bound));
            }
            if !names.insert(&phase.name) {
                return Err(ConfigError::range(field("name"), &phase.name, bound));
            }
            let bound = "above 0, at most 1000000000";
            positive(&field("users"), phase.users, 1e9, bound)?;
            if let (Some(min), Some(max)) = (phase.min_instances, phase.max_instances)
                && min > max
            {
                let bound = "at most the phase's max_instances";
                return Err(ConfigError::range(field("min_instances"), min, bound));
            }
        }
        for (index, endpoint) in self.endpoints.iter().enumerate() {
            endpoint.validate(&format!("endpoints[{index}]"))?;
        }
        if let Some(rate) = self.replica_requests_per_minute {
            positive(
                "replica_requests_per_minute",
                rate,
                1e9,
                "above 0, at most 1000000000",
            )?;
        }
        let share = "above 0, at most 1";
        positive("utilization", self.utilization, 1.0, share)?;
        positive(
            "replica_availability",
            self.replica_availability,
            1.0,
            share,
        )?;
        between(
            "availability",
            self.availability,
            0.0,
            0.999_999,
            "0 … 0.999999",
        )?;
        between("short_share", Some(self.short_share), 0.0, 1.0, "0 … 1")?;
        if self.min_replicas > super::MOST {
            let bound = "at most 1000000";
            return Err(ConfigError::range("min_replicas", self.min_replicas, bound));
        }
        self.complete()
    }

    /// Whether everything that a load needs is there.
    fn complete(&self) -> Result<(), ConfigError> {
        let missing = |field: &str, need| {
            Err(ConfigError::Missing {
                field: field.into(),
                need,
            })
        };
        let by_users = self.users.is_some() || !self.phases.is_empty();
        if by_users && self.user_load.is_none() {
            return missing("user_load", "what one user asks for");
        }
        let by_rate =
            by_users || self.requests_per_minute.is_some() || !self.load_samples.is_empty();
        if by_rate && self.replica_requests_per_minute.is_none() {
            return missing("replica_requests_per_minute", "what one replica can carry");
        }
        if !by_rate && self.endpoints.is_empty() {
            return missing(
                "requests_per_minute",
                "a load: requests_per_minute, users, phases, load_samples or endpoints",
            );
        }
        Ok(())
    }
}

fn between(
    field: &str,
    value: Option<f64>,
    least: f64,
    most: f64,
    bound: &'static str,
) -> Result<(), ConfigError> {
    match value {
        Some(value) if !(least..=most).contains(&value) => {
            Err(ConfigError::range(field, value, bound))
        }
        _ => Ok(()),
    }
}

fn positive(field: &str, value: f64, most: f64, bound: &'static str) -> Result<(), ConfigError> {
    if value > 0.0 && value <= most {
        Ok(())
    } else {
        Err(ConfigError::range(field, value, bound))
    }
}
