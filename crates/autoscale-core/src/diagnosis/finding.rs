use core::fmt;

use super::figures::{Layer, Place, Signal, SignalKind};

/// What a [`diagnose`](super::diagnose) found, with its evidence.
///
/// ```
/// use autoscale_core::{diagnose, DiagnosedAction, DiagnosisConfig, Layer, LayerFigures};
/// use autoscale_core::SystemFigures;
/// let figures = SystemFigures {
///     p95_s: Some(3.1),
///     application: LayerFigures { cpu: Some(0.4), time_s: Some(0.2), ..LayerFigures::default() },
///     database: LayerFigures {
///         cpu: Some(0.94),
///         time_s: Some(1.1),
///         read_share: Some(0.9),
///         ..LayerFigures::default()
///     },
///     ..SystemFigures::default()
/// };
/// let found = diagnose(&DiagnosisConfig::default(), &figures)?;
/// assert_eq!(found.bottleneck, Some(Layer::Database));
/// assert_eq!(found.action, DiagnosedAction::AddReadReplicas);
/// assert_eq!(found.evidence[1].place.to_string(), "database.cpu");
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Diagnosis {
    /// Whether users notice.
    pub status: DiagnosisStatus,
    /// The layer that requests wait for, or that will be the first to make them wait.
    pub bottleneck: Option<Layer>,
    /// What is to be done.
    pub action: DiagnosedAction,
    /// The layer that is relieved with it, where that is another: a cache that answers more lookups
    /// relieves the database.
    pub relieves: Option<Layer>,
    /// Every figure that has a limit: those over it first, each part by falling weight.
    pub evidence: Vec<Evidence>,
    /// Each layer's share of the response time, where every layer with figures has its time.
    pub time_shares: Vec<TimeShare>,
    /// Share of the mean response time that no layer's time accounts for.
    pub unaccounted_share: Option<f64>,
    /// Requests a second at which the first known utilization reaches its limit, by the utilization law
    /// (U = X · D: a utilization grows with the rate).
    pub max_requests_per_s: Option<f64>,
    /// What contradicts what.
    pub contradictions: Vec<Contradiction>,
    /// What would make sure.
    pub missing: Vec<Place>,
    /// Figures that cannot be ones, and were left out.
    pub rejected: Vec<Place>,
}

/// A figure against its limit.
///
/// ```
/// use autoscale_core::{diagnose, DiagnosisConfig, SystemFigures};
/// let slow = SystemFigures { p95_s: Some(3.0), ..SystemFigures::default() };
/// let found = diagnose(&DiagnosisConfig::default(), &slow)?;
/// assert_eq!((found.evidence[0].severity, found.evidence[0].over), (1.5, true));
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Evidence {
    /// The figure.
    pub place: Place,
    /// What it speaks of.
    pub kind: SignalKind,
    /// Its value.
    pub value: f64,
    /// Its limit, in the same unit.
    pub limit: f64,
    /// Value over limit; of a hit ratio, misses over the misses that are allowed.
    pub severity: f64,
    /// Severity times the layer's share of the response time, where requests are slow and the shares
    /// are known; otherwise the severity.
    pub weight: f64,
    /// Whether it is beyond its limit.
    pub over: bool,
}

/// A layer's share of the response time.
///
/// ```
/// let share = autoscale_core::TimeShare { layer: autoscale_core::Layer::Cache, share: 0.1 };
/// assert!(share.share < 1.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TimeShare {
    /// The layer.
    pub layer: Layer,
    /// Its share.
    pub share: f64,
}

/// Whether users notice.
///
/// ```
/// use autoscale_core::{diagnose, DiagnosisConfig, DiagnosisStatus, SystemFigures};
/// let found = diagnose(&DiagnosisConfig::default(), &SystemFigures::default())?;
/// assert_eq!(found.status, DiagnosisStatus::Unknown);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum DiagnosisStatus {
    /// The objectives are met, and nothing is over its limit.
    Ok,
    /// No objective is known to be broken, but a layer is over a limit.
    AtRisk,
    /// Requests are slow, or too many fail: the system's p95 or its error rate is over its limit.
    Breached,
    /// The response time is not known, and nothing else is over its limit.
    #[default]
    Unknown,
}

/// What a diagnosis calls for.
///
/// ```
/// use autoscale_core::DiagnosedAction;
/// assert_eq!(DiagnosedAction::AddReadReplicas.to_string(), "add read replicas");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum DiagnosedAction {
    /// Nothing.
    None,
    /// More or larger application replicas.
    ScaleApplication,
    /// A larger database, or shards.
    ScaleDatabase,
    /// More read replicas.
    AddReadReplicas,
    /// A larger cache.
    ScaleCache,
    /// More bandwidth, or larger machines.
    ScaleInfrastructure,
    /// Better code, queries, keys or settings: no resource is short.
    Optimise,
    /// Too little is known: see [`Diagnosis::missing`].
    #[default]
    Measure,
}

impl fmt::Display for DiagnosedAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::ScaleApplication => "scale application",
            Self::ScaleDatabase => "scale database",
            Self::AddReadReplicas => "add read replicas",
            Self::ScaleCache => "scale cache",
            Self::ScaleInfrastructure => "scale infrastructure",
            Self::Optimise => "optimise",
            Self::Measure => "measure",
        })
    }
}

/// Figures that do not go together.
///
/// ```
/// use autoscale_core::{Contradiction, Layer};
/// let idle = Contradiction::WaitsThoughIdle { layer: Layer::Database };
/// assert!(idle.to_string().starts_with("requests wait for the database"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Contradiction {
    /// The layers' times are more than the mean response time: they were not used.
    TimesExceedMean {
        /// Their sum, in seconds.
        sum_s: f64,
        /// The mean response time, in seconds.
        mean_s: f64,
    },
    /// A layer is over a limit, but requests spend next to no time in it.
    SaturatedThoughFast {
        /// The layer.
        layer: Layer,
    },
    /// Requests wait for a layer of which no resource is busy: a pool or a lock is too small.
    WaitsThoughIdle {
        /// The layer.
        layer: Layer,
    },
    /// More of the response time is outside of the layers' times than in any of them.
    TimeUnaccounted {
        /// Share of the mean response time.
        share: f64,
    },
    /// Too many requests fail, but the calls of no layer do.
    FailuresUnaccounted {
        /// Share of the requests that fail.
        error_rate: f64,
    },
    /// The mean response time is above the 95th percentile: possible, but rare.
    MeanAboveP95 {
        /// The mean, in seconds.
        mean_s: f64,
        /// The percentile, in seconds.
        p95_s: f64,
    },
    /// A request waits longer for a layer than it spends there, its wait included.
    WaitAboveTime {
        /// The layer.
        layer: Layer,
        /// The wait, in seconds.
        wait_s: f64,
        /// The time, in seconds.
        time_s: f64,
    },
    /// A request spends longer in a layer than its calls take: possible where it makes several.
    TimeAboveLatency {
        /// The layer.
        layer: Layer,
        /// The time, in seconds a request.
        time_s: f64,
        /// 95th percentile of the layer's own latency, in seconds a call.
        latency_s: f64,
    },
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimesExceedMean { sum_s, mean_s } => write!(
                f,
                "the layers' times are {} s together, more than the mean of {} s: not used",
                short(sum_s),
                short(mean_s)
            ),
            Self::SaturatedThoughFast { layer } => write!(
                f,
                "the {layer} is over a limit, but hardly any of the response time is spent there"
            ),
            Self::WaitsThoughIdle { layer } => write!(
                f,
                "requests wait for the {layer}, of which nothing is busy: a pool or a lock is too small"
            ),
            Self::TimeUnaccounted { share } => write!(
                f,
                "{:.0} % of the response time is in none of the layers",
                share * 100.0
            ),
            Self::FailuresUnaccounted { error_rate } => write!(
                f,
                "error_rate is {}, over the limit, but no layer's is",
                short(error_rate)
            ),
            Self::MeanAboveP95 { mean_s, p95_s } => write!(
                f,
                "mean_s is {} s, above p95_s of {} s: that is unusual and takes a few very \
                 slow requests; check the units",
                short(mean_s),
                short(p95_s)
            ),
            Self::WaitAboveTime {
                layer,
                wait_s,
                time_s,
            } => write!(
                f,
                "{layer}.wait_s is {} s, above {layer}.time_s of {} s, which should include \
                 it; check the units, and that both are means",
                short(wait_s),
                short(time_s)
            ),
            Self::TimeAboveLatency {
                layer,
                time_s,
                latency_s,
            } => write!(
                f,
                "{layer}.time_s is {} s a request, above {layer}.latency_s of {} s a \
                 call: unless a request makes several calls, check the units",
                short(time_s),
                short(latency_s)
            ),
        }
    }
}

/// A number in few digits, however large or small.
fn short(value: &f64) -> String {
    if *value <= 0.0 || (1e-4..1e9).contains(value) {
        ((value * 1e4).round() / 1e4).to_string()
    } else {
        format!("{value:.1e}")
    }
}

impl Diagnosis {
    /// Whether a figure of the system as a whole is over its limit.
    pub(super) fn is_over(&self, signal: Signal) -> bool {
        let whole = Place {
            layer: None,
            signal,
        };
        self.evidence.iter().any(|e| e.over && e.place == whole)
    }

    /// Whether it is the failures of a layer that call for something: requests are not slow, and more
    /// of its calls fail than may.
    fn fails_in(&self, layer: Layer) -> bool {
        let mut own = self
            .evidence
            .iter()
            .filter(|e| e.place.layer == Some(layer));
        !self.is_over(Signal::P95) && own.any(|e| e.over && e.kind == SignalKind::Errors)
    }

    /// What is known of the objectives.
    fn objectives(&self) -> &'static str {
        let known = |signal| {
            let mut own = self.evidence.iter().filter(|e| e.place.layer.is_none());
            own.any(|e| e.place.signal == signal)
        };
        let (slow, failing) = (self.is_over(Signal::P95), self.is_over(Signal::ErrorRate));
        match self.status {
            DiagnosisStatus::Ok => "The objectives are met",
            DiagnosisStatus::AtRisk if known(Signal::P95) && known(Signal::ErrorRate) => {
                "The objectives are met, but a layer is over a limit"
            }
            DiagnosisStatus::AtRisk => {
                "No objective is known to be broken, but a layer is over a limit"
            }
            DiagnosisStatus::Breached if slow && failing => {
                "Requests are slow, and too many of them fail"
            }
            DiagnosisStatus::Breached if failing => "Too many requests fail",
            DiagnosisStatus::Breached => "Requests are slow",
            DiagnosisStatus::Unknown => "Whether requests are slow is not known",
        }
    }

    /// One sentence: the status, the bottleneck and what is to be done.
    ///
    /// ```
    /// use autoscale_core::{diagnose, DiagnosisConfig, SystemFigures};
    /// let good = SystemFigures { p95_s: Some(0.3), ..SystemFigures::default() };
    /// let found = diagnose(&DiagnosisConfig::default(), &good)?;
    /// assert_eq!(found.summary(), "The objectives are met: nothing to do.");
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub fn summary(&self) -> String {
        let status = self.objectives();
        let place = self.bottleneck.map_or_else(String::new, |layer| {
            format!(" the {layer} is the bottleneck,")
        });
        let action = match (self.action, self.bottleneck) {
            (DiagnosedAction::None, _) => "nothing to do".to_owned(),
            (DiagnosedAction::Optimise, Some(layer)) if self.fails_in(layer) => {
                return format!(
                    "{status}: no resource is short; find out why calls of the {layer} fail."
                );
            }
            (DiagnosedAction::Optimise, Some(layer)) => {
                return format!(
                    "{status}: no resource is short; optimise what requests do in the {layer}."
                );
            }
            (DiagnosedAction::Optimise, None) => {
                "no resource is short; optimise the code and its queries".to_owned()
            }
            (DiagnosedAction::Measure, Some(layer)) => {
                return format!(
                    "{status}: it is about the {layer}, but what is known does not say what to do; \
                     measure what is missing."
                );
            }
            (DiagnosedAction::Measure, None) if self.missing.is_empty() => {
                "what is known does not say what to do; check what does not fit".to_owned()
            }
            (DiagnosedAction::Measure, None) => {
                "what is known does not say what to do; measure what is missing".to_owned()
            }
            (action, _) => action.to_string(),
        };
        let relieves = self
            .relieves
            .map_or_else(String::new, |layer| format!(", which relieves the {layer}"));
        format!("{status}:{place} {action}{relieves}.")
    }
}
