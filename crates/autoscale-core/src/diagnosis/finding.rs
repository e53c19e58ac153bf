use core::fmt;

use super::figures::{Layer, Place, SignalKind};

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
    /// No objective is known to be broken, but a resource is over its limit.
    AtRisk,
    /// Requests are slow, or too many fail.
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
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimesExceedMean { sum_s, mean_s } => write!(
                f,
                "the layers' times are {sum_s} s together, more than the mean of {mean_s} s: not used"
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
        }
    }
}

impl Diagnosis {
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
        let status = match self.status {
            DiagnosisStatus::Ok => "The objectives are met",
            DiagnosisStatus::AtRisk => "The objectives are not known to be broken, but in danger",
            DiagnosisStatus::Breached => "Requests are slow or fail",
            DiagnosisStatus::Unknown => "Whether requests are slow is not known",
        };
        let place = self.bottleneck.map_or_else(String::new, |layer| {
            format!(" the {layer} is the bottleneck,")
        });
        let action = match (self.action, self.bottleneck) {
            (DiagnosedAction::None, _) => "nothing to do".to_owned(),
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
