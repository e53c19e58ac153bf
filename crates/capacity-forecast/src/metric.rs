//! What is watched, what helps when it runs out, and how long that takes.

use core::time::Duration;

use crate::error::{ConfigError, ForecastError};
use crate::limit::Limit;
use crate::planner::PlannerConfig;

const DAY: Duration = Duration::from_secs(86_400);

/// What a metric measures; it gives limit, remedy and lead time where none is configured.
///
/// | kind | limit | action | lead time |
/// |---|---|---|---|
/// | `CpuUtilization` | 0.8 | scale out | 1 day |
/// | `MemoryUtilization` | 0.85 | scale up or out | 1 day |
/// | `DiskUtilization` | 0.9 | add storage or archive | 3 days |
/// | `ResponseTime` | 2 (seconds) | scale out or optimise queries | 1 day |
/// | `QueueLength` | 1000 (items) | add workers | 1 day |
/// | `Other` | none | review the requirements | 3 days |
///
/// ```
/// use capacity_forecast::{Action, Limit, MetricKind};
/// let disk = MetricKind::DiskUtilization;
/// assert_eq!(disk.action(), Action::AddStorageOrArchive);
/// assert_eq!(disk.limit(), Some(Limit::at_least(0.9)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum MetricKind {
    /// Processor use.
    CpuUtilization,
    /// Memory use.
    MemoryUtilization,
    /// Disk use.
    DiskUtilization,
    /// Time to answer a request.
    ResponseTime,
    /// Requests or items that wait.
    QueueLength,
    /// Anything else.
    #[default]
    Other,
}

impl MetricKind {
    /// The remedy, where a metric names none.
    ///
    /// ```
    /// use capacity_forecast::{Action, MetricKind};
    /// assert_eq!(MetricKind::QueueLength.action(), Action::AddWorkers);
    /// ```
    #[must_use]
    pub const fn action(self) -> Action {
        match self {
            Self::CpuUtilization => Action::ScaleOut,
            Self::MemoryUtilization => Action::ScaleUpOrOut,
            Self::DiskUtilization => Action::AddStorageOrArchive,
            Self::ResponseTime => Action::ScaleOutOrOptimizeQueries,
            Self::QueueLength => Action::AddWorkers,
            Self::Other => Action::Review,
        }
    }

    /// The limit, where a metric names none; `None` for [`Other`](Self::Other), which needs its own.
    ///
    /// ```
    /// use capacity_forecast::{Limit, MetricKind};
    /// assert_eq!(MetricKind::ResponseTime.limit(), Some(Limit::at_least(2.0)));
    /// assert_eq!(MetricKind::Other.limit(), None);
    /// ```
    #[must_use]
    pub const fn limit(self) -> Option<Limit> {
        Some(Limit::at_least(match self {
            Self::CpuUtilization => 0.8,
            Self::MemoryUtilization => 0.85,
            Self::DiskUtilization => 0.9,
            Self::ResponseTime => 2.0,
            Self::QueueLength => 1000.0,
            Self::Other => return None,
        }))
    }

    /// Whether it falls in proportion as capacity is added.
    pub(crate) const fn is_share_of_capacity(self) -> bool {
        matches!(
            self,
            Self::CpuUtilization | Self::MemoryUtilization | Self::DiskUtilization
        )
    }
}

/// What to do about a metric that reaches its limit. Its `Display` is a sentence for people.
///
/// ```
/// use capacity_forecast::Action;
/// assert_eq!(Action::AddStorageOrArchive.to_string(), "add storage, or archive data");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Action {
    /// More servers.
    ScaleOut,
    /// Larger servers, or more.
    ScaleUpOrOut,
    /// More storage, or less in it.
    AddStorageOrArchive,
    /// More servers, or less work a request.
    ScaleOutOrOptimizeQueries,
    /// More workers.
    AddWorkers,
    /// Nothing more exact is known.
    Review,
}

impl Action {
    /// Time from the decision until it helps, where a metric names none: a day, three for storage and
    /// for what nobody has thought about yet. Where scaling is automatic it is minutes: say so with
    /// [`Metric::with_lead_time`].
    ///
    /// ```
    /// use capacity_forecast::Action;
    /// assert!(Action::AddStorageOrArchive.lead_time() > Action::ScaleOut.lead_time());
    /// ```
    #[must_use]
    pub const fn lead_time(self) -> Duration {
        match self {
            Self::AddStorageOrArchive | Self::Review => Duration::from_secs(3 * DAY.as_secs()),
            _ => DAY,
        }
    }
}

impl core::fmt::Display for Action {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::ScaleOut => "scale out: add servers",
            Self::ScaleUpOrOut => "scale up to more memory, or scale out",
            Self::AddStorageOrArchive => "add storage, or archive data",
            Self::ScaleOutOrOptimizeQueries => "scale out, or optimise queries",
            Self::AddWorkers => "add workers",
            Self::Review => "review the capacity requirements",
        })
    }
}

/// A metric that is watched.
///
/// ```
/// use capacity_forecast::{Limit, Metric, MetricKind};
/// use std::time::Duration;
/// // Free bytes, and a volume that grows within minutes.
/// let free = Metric::new("data volume", MetricKind::DiskUtilization)
///     .with_limit(Limit::at_most(50e9))
///     .with_lead_time(Duration::from_secs(1800));
/// assert_eq!(free.lead_time(), Duration::from_secs(1800));
/// assert_eq!(Metric::standard().map(|metric| metric.name)[4], "queue_length");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Metric {
    /// What its series is called; not empty, and no other metric's.
    pub name: String,
    /// What it measures. Default: `other`.
    #[cfg_attr(feature = "serde", serde(default))]
    pub kind: MetricKind,
    /// What must not be reached. Default: `None`, that of the kind.
    #[cfg_attr(feature = "serde", serde(default))]
    pub limit: Option<Limit>,
    /// What to do about it. Default: `None`, that of the kind.
    #[cfg_attr(feature = "serde", serde(default))]
    pub action: Option<Action>,
    /// Time from the decision until that helps, at most the horizon; with 0 only a limit that is
    /// reached already is urgent. Default: `None`, that of the action.
    #[cfg_attr(feature = "serde", serde(default, with = "crate::duration::option"))]
    pub lead_time: Option<Duration>,
    /// How it is planned: bounds, seasons and events of its own. Default: `None`, as the others.
    #[cfg_attr(feature = "serde", serde(default))]
    pub planner: Option<PlannerConfig>,
}

impl Metric {
    /// A metric with the limit, the remedy and the lead time of its kind.
    ///
    /// ```
    /// use capacity_forecast::{Action, Metric, MetricKind};
    /// let cpu = Metric::new("cpu", MetricKind::CpuUtilization);
    /// assert_eq!(cpu.action(), Action::ScaleOut);
    /// ```
    #[must_use]
    pub fn new(name: impl Into<String>, kind: MetricKind) -> Self {
        Self {
            name: name.into(),
            kind,
            limit: None,
            action: None,
            lead_time: None,
            planner: None,
        }
    }

    /// Processor, memory, disk, response time and queue length, under the names that their kinds have
    /// in files, with their kinds' limits.
    ///
    /// ```
    /// use capacity_forecast::Metric;
    /// assert_eq!(Metric::standard().len(), 5);
    /// ```
    #[must_use]
    pub fn standard() -> [Self; 5] {
        [
            Self::new("cpu_utilization", MetricKind::CpuUtilization),
            Self::new("memory_utilization", MetricKind::MemoryUtilization),
            Self::new("disk_utilization", MetricKind::DiskUtilization),
            Self::new("response_time", MetricKind::ResponseTime),
            Self::new("queue_length", MetricKind::QueueLength),
        ]
    }

    /// Sets [`limit`](Self::limit).
    ///
    /// ```
    /// use capacity_forecast::{Limit, Metric, MetricKind};
    /// let cpu = Metric::new("cpu", MetricKind::CpuUtilization).with_limit(Limit::at_least(0.6));
    /// assert_eq!(cpu.limit, Some(Limit::at_least(0.6)));
    /// ```
    #[must_use]
    pub fn with_limit(mut self, limit: Limit) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Sets [`action`](Self::action), and with it the lead time where none is set.
    ///
    /// ```
    /// use capacity_forecast::{Action, Metric, MetricKind};
    /// let pool = Metric::new("pool", MetricKind::Other).with_action(Action::AddWorkers);
    /// assert_eq!(pool.lead_time(), Action::AddWorkers.lead_time());
    /// ```
    #[must_use]
    pub const fn with_action(mut self, action: Action) -> Self {
        self.action = Some(action);
        self
    }

    /// Sets [`lead_time`](Self::lead_time).
    ///
    /// ```
    /// use capacity_forecast::{Metric, MetricKind};
    /// use std::time::Duration;
    /// let hour = Duration::from_secs(3600);
    /// let cpu = Metric::new("cpu", MetricKind::CpuUtilization).with_lead_time(hour);
    /// assert_eq!(cpu.lead_time(), hour);
    /// ```
    #[must_use]
    pub const fn with_lead_time(mut self, lead_time: Duration) -> Self {
        self.lead_time = Some(lead_time);
        self
    }

    /// Sets [`planner`](Self::planner).
    ///
    /// ```
    /// use capacity_forecast::{Metric, MetricKind, PlannerConfig};
    /// let share = PlannerConfig::default().with_upper_bound(Some(1.0));
    /// let cpu = Metric::new("cpu", MetricKind::CpuUtilization).with_planner(share);
    /// assert!(cpu.planner.is_some_and(|own| own.upper_bound == Some(1.0)));
    /// ```
    #[must_use]
    pub fn with_planner(mut self, planner: PlannerConfig) -> Self {
        self.planner = Some(planner);
        self
    }

    /// The remedy: its own or that of its kind.
    ///
    /// ```
    /// use capacity_forecast::{Action, Metric, MetricKind};
    /// assert_eq!(Metric::new("x", MetricKind::Other).action(), Action::Review);
    /// ```
    #[must_use]
    pub fn action(&self) -> Action {
        self.action.unwrap_or_else(|| self.kind.action())
    }

    /// Time until the remedy helps: its own or that of its action.
    ///
    /// ```
    /// use capacity_forecast::{Metric, MetricKind};
    /// let disk = Metric::new("disk", MetricKind::DiskUtilization);
    /// assert_eq!(disk.lead_time().as_secs(), 3 * 86_400);
    /// ```
    #[must_use]
    pub fn lead_time(&self) -> Duration {
        self.lead_time.unwrap_or_else(|| self.action().lead_time())
    }

    /// The limit: its own or that of its kind; `path` names the metric where there is neither, or
    /// where it makes no sense.
    pub(crate) fn checked_limit(&self, path: &str) -> Result<Limit, ConfigError> {
        let Some(limit) = self.limit.clone().or_else(|| self.kind.limit()) else {
            let bound = "given for a metric of kind other";
            return Err(ConfigError::range(format!("{path}.limit"), "absent", bound));
        };
        // How many steps it must have is known when there is a plan.
        match limit.check(0) {
            Err(ForecastError::OutOfRange { what, value, .. }) => {
                let bound = if what.ends_with(".of") {
                    "between 1 and 1000"
                } else if what.ends_with(".hits") {
                    "between 1 and of"
                } else {
                    "a finite number"
                };
                Err(ConfigError::range(format!("{path}.{what}"), value, bound))
            }
            _ => Ok(limit),
        }
    }
}
