use core::fmt;

use crate::ConfigError;

/// What is measured of a system as its users see it, and of its layers. What is not known is left
/// out.
///
/// ```
/// use autoscale_core::{LayerFigures, SystemFigures};
/// let figures = SystemFigures {
///     p95_s: Some(3.1),
///     database: LayerFigures { cpu: Some(0.94), ..LayerFigures::default() },
///     ..SystemFigures::default()
/// };
/// assert!(figures.check().is_ok());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct SystemFigures {
    /// 95th percentile of the response time, in seconds.
    #[cfg_attr(feature = "serde", serde(with = "super::written::seconds::option"))]
    pub p95_s: Option<f64>,
    /// What it should be at most, in seconds; > 0.
    #[cfg_attr(feature = "serde", serde(with = "super::written::seconds::option"))]
    pub objective_s: Option<f64>,
    /// Mean response time, in seconds.
    #[cfg_attr(feature = "serde", serde(with = "super::written::seconds::option"))]
    pub mean_s: Option<f64>,
    /// Share of the requests that fail.
    #[cfg_attr(feature = "serde", serde(with = "super::written::share::option"))]
    pub error_rate: Option<f64>,
    /// Requests a second.
    pub requests_per_s: Option<f64>,
    /// The processes that answer requests, and the machines that they run on.
    pub application: LayerFigures,
    /// The primary and its replicas.
    pub database: LayerFigures,
    /// The cache in front of the database.
    pub cache: LayerFigures,
    /// Load balancers and links.
    pub network: LayerFigures,
}

/// What is measured of a layer. Utilizations are shares, the busiest node's where they differ.
///
/// ```
/// use autoscale_core::LayerFigures;
/// let cache = LayerFigures { memory: Some(0.97), hit_ratio: Some(0.55), ..LayerFigures::default() };
/// assert_eq!(cache.time_s, None);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct LayerFigures {
    /// CPU; 0 … 10: bursts beyond what was requested are more than 1.
    #[cfg_attr(feature = "serde", serde(with = "super::written::share::option"))]
    pub cpu: Option<f64>,
    /// Memory in use.
    #[cfg_attr(feature = "serde", serde(with = "super::written::share::option"))]
    pub memory: Option<f64>,
    /// Connections in use, of those that are allowed.
    #[cfg_attr(feature = "serde", serde(with = "super::written::share::option"))]
    pub connections: Option<f64>,
    /// Share of the time that disks are busy.
    #[cfg_attr(feature = "serde", serde(with = "super::written::share::option"))]
    pub disk_io: Option<f64>,
    /// Bandwidth in use.
    #[cfg_attr(feature = "serde", serde(with = "super::written::share::option"))]
    pub bandwidth: Option<f64>,
    /// Requests that wait for each server or worker of the layer.
    pub queue_per_server: Option<f64>,
    /// How long a request waits before the layer takes it: for a connection of the pool, for a
    /// worker; in seconds.
    #[cfg_attr(feature = "serde", serde(with = "super::written::seconds::option"))]
    pub wait_s: Option<f64>,
    /// What the layer itself adds to the mean response time, its waits included and other layers
    /// not, in seconds a request.
    #[cfg_attr(feature = "serde", serde(with = "super::written::seconds::option"))]
    pub time_s: Option<f64>,
    /// 95th percentile of the layer's own latency, in seconds a call.
    #[cfg_attr(feature = "serde", serde(with = "super::written::seconds::option"))]
    pub latency_s: Option<f64>,
    /// What it should be at most, in seconds; > 0.
    #[cfg_attr(feature = "serde", serde(with = "super::written::seconds::option"))]
    pub objective_s: Option<f64>,
    /// Share of the calls that fail.
    #[cfg_attr(feature = "serde", serde(with = "super::written::share::option"))]
    pub error_rate: Option<f64>,
    /// Share of the lookups that a cache answers, a database's buffer cache among them.
    #[cfg_attr(feature = "serde", serde(with = "super::written::share::option"))]
    pub hit_ratio: Option<f64>,
    /// How far the slowest replica is behind, in seconds.
    #[cfg_attr(feature = "serde", serde(with = "super::written::seconds::option"))]
    pub replication_lag_s: Option<f64>,
    /// Share of the load that only reads.
    #[cfg_attr(feature = "serde", serde(with = "super::written::share::option"))]
    pub read_share: Option<f64>,
}

/// A layer of a system.
///
/// ```
/// assert_eq!(autoscale_core::Layer::Database.to_string(), "database");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Layer {
    /// The database: asked first where layers are otherwise alike.
    Database,
    /// The application.
    Application,
    /// The cache.
    Cache,
    /// The network.
    Network,
}

impl Layer {
    /// All, in the order in which they are asked where they are otherwise alike.
    pub const ALL: [Self; 4] = [
        Self::Database,
        Self::Application,
        Self::Cache,
        Self::Network,
    ];
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Database => "database",
            Self::Application => "application",
            Self::Cache => "cache",
            Self::Network => "network",
        })
    }
}

/// A figure, named as its field.
///
/// ```
/// assert_eq!(autoscale_core::Signal::DiskIo.field(), "disk_io");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
#[allow(missing_docs)] // named and described as the fields
pub enum Signal {
    #[cfg_attr(feature = "serde", serde(rename = "p95_s"))]
    P95,
    #[cfg_attr(feature = "serde", serde(rename = "objective_s"))]
    Objective,
    #[cfg_attr(feature = "serde", serde(rename = "mean_s"))]
    Mean,
    ErrorRate,
    #[cfg_attr(feature = "serde", serde(rename = "requests_per_s"))]
    Requests,
    Cpu,
    Memory,
    Connections,
    DiskIo,
    Bandwidth,
    #[cfg_attr(feature = "serde", serde(rename = "queue_per_server"))]
    Queue,
    #[cfg_attr(feature = "serde", serde(rename = "wait_s"))]
    Wait,
    #[cfg_attr(feature = "serde", serde(rename = "time_s"))]
    Time,
    #[cfg_attr(feature = "serde", serde(rename = "latency_s"))]
    Latency,
    HitRatio,
    #[cfg_attr(feature = "serde", serde(rename = "replication_lag_s"))]
    ReplicationLag,
    ReadShare,
}

/// What a figure speaks of: the U, S and E of Gregg's USE method, and latency.
///
/// ```
/// use autoscale_core::{Signal, SignalKind};
/// assert_eq!(Signal::Wait.kind(), SignalKind::Saturation);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum SignalKind {
    /// How much of a resource is in use.
    Utilization,
    /// Work that a resource cannot take: what waits, what lags, what a cache does not answer.
    Saturation,
    /// What fails.
    Errors,
    /// How long it takes.
    Latency,
    /// What the others are seen against.
    Context,
}

impl Signal {
    /// Its field in [`SystemFigures`] or [`LayerFigures`].
    ///
    /// ```
    /// assert_eq!(autoscale_core::Signal::P95.field(), "p95_s");
    /// ```
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::P95 => "p95_s",
            Self::Objective => "objective_s",
            Self::Mean => "mean_s",
            Self::ErrorRate => "error_rate",
            Self::Requests => "requests_per_s",
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Connections => "connections",
            Self::DiskIo => "disk_io",
            Self::Bandwidth => "bandwidth",
            Self::Queue => "queue_per_server",
            Self::Wait => "wait_s",
            Self::Time => "time_s",
            Self::Latency => "latency_s",
            Self::HitRatio => "hit_ratio",
            Self::ReplicationLag => "replication_lag_s",
            Self::ReadShare => "read_share",
        }
    }

    /// What it speaks of.
    ///
    /// ```
    /// use autoscale_core::{Signal, SignalKind};
    /// assert_eq!(Signal::Cpu.kind(), SignalKind::Utilization);
    /// ```
    #[must_use]
    pub const fn kind(self) -> SignalKind {
        match self {
            Self::Cpu | Self::Memory | Self::Connections | Self::DiskIo | Self::Bandwidth => {
                SignalKind::Utilization
            }
            Self::Queue | Self::Wait | Self::HitRatio | Self::ReplicationLag => {
                SignalKind::Saturation
            }
            Self::ErrorRate => SignalKind::Errors,
            Self::P95 | Self::Latency => SignalKind::Latency,
            Self::Objective | Self::Mean | Self::Requests | Self::Time | Self::ReadShare => {
                SignalKind::Context
            }
        }
    }

    /// The values that it can have: at most, and in words.
    const fn range(self) -> (f64, &'static str) {
        match self {
            Self::Cpu => (10.0, "0 … 10, a share: 85 % is 0.85"),
            Self::Memory
            | Self::Connections
            | Self::DiskIo
            | Self::Bandwidth
            | Self::ErrorRate
            | Self::HitRatio
            | Self::ReadShare => (1.0, "0 … 1, a share: 85 % is 0.85"),
            Self::Objective => (f64::MAX, "a finite number > 0"),
            _ => (f64::MAX, "a finite number ≥ 0"),
        }
    }

    /// Whether it can have this value.
    fn allows(self, value: f64) -> bool {
        let (most, _) = self.range();
        (0.0..=most).contains(&value) && (value > 0.0 || !matches!(self, Self::Objective))
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.field())
    }
}

/// Where a figure stands: in a layer, or of the system as a whole.
///
/// ```
/// use autoscale_core::{Layer, Place, Signal};
/// let place = Place { layer: Some(Layer::Cache), signal: Signal::HitRatio };
/// assert_eq!(place.to_string(), "cache.hit_ratio");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Place {
    /// The layer, if it is one's.
    pub layer: Option<Layer>,
    /// The figure.
    pub signal: Signal,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.layer {
            Some(layer) => write!(f, "{layer}.{}", self.signal),
            None => write!(f, "{}", self.signal),
        }
    }
}

impl LayerFigures {
    /// All figures in a fixed order, without judgement.
    pub(super) const fn given(&self) -> [(Signal, Option<f64>); 14] {
        [
            (Signal::Cpu, self.cpu),
            (Signal::Memory, self.memory),
            (Signal::Connections, self.connections),
            (Signal::DiskIo, self.disk_io),
            (Signal::Bandwidth, self.bandwidth),
            (Signal::Queue, self.queue_per_server),
            (Signal::Wait, self.wait_s),
            (Signal::Time, self.time_s),
            (Signal::Latency, self.latency_s),
            (Signal::Objective, self.objective_s),
            (Signal::ErrorRate, self.error_rate),
            (Signal::HitRatio, self.hit_ratio),
            (Signal::ReplicationLag, self.replication_lag_s),
            (Signal::ReadShare, self.read_share),
        ]
    }

    /// A figure, if it is there and can be one.
    pub(super) fn known(&self, signal: Signal) -> Option<f64> {
        let mut given = self.given().into_iter();
        let (_, value) = given.find(|(s, _)| *s == signal)?;
        value.filter(|v| signal.allows(*v))
    }

    pub(super) fn is_given(&self) -> bool {
        self.given().into_iter().any(|(_, value)| value.is_some())
    }
}

impl SystemFigures {
    /// The figures of a layer.
    ///
    /// ```
    /// use autoscale_core::{Layer, SystemFigures};
    /// assert_eq!(SystemFigures::default().layer(Layer::Cache).hit_ratio, None);
    /// ```
    #[must_use]
    pub const fn layer(&self, layer: Layer) -> &LayerFigures {
        match layer {
            Layer::Application => &self.application,
            Layer::Database => &self.database,
            Layer::Cache => &self.cache,
            Layer::Network => &self.network,
        }
    }

    const fn own(&self) -> [(Signal, Option<f64>); 5] {
        [
            (Signal::P95, self.p95_s),
            (Signal::Objective, self.objective_s),
            (Signal::Mean, self.mean_s),
            (Signal::ErrorRate, self.error_rate),
            (Signal::Requests, self.requests_per_s),
        ]
    }

    /// A figure of the whole, if it is there and can be one.
    pub(super) fn known(&self, signal: Signal) -> Option<f64> {
        let mut own = self.own().into_iter();
        let (_, value) = own.find(|(s, _)| *s == signal)?;
        value.filter(|v| signal.allows(*v))
    }

    /// Figures that are there and cannot be ones, with their values.
    pub(super) fn impossible(&self) -> impl Iterator<Item = (Place, f64)> + '_ {
        let of = |layer: Option<Layer>| {
            move |(signal, value): (Signal, Option<f64>)| {
                let value = value.filter(|v| !signal.allows(*v))?;
                Some((Place { layer, signal }, value))
            }
        };
        let layers = Layer::ALL.into_iter().flat_map(move |layer| {
            self.layer(layer)
                .given()
                .into_iter()
                .filter_map(of(Some(layer)))
        });
        self.own().into_iter().filter_map(of(None)).chain(layers)
    }

    /// Refuses the first figure that cannot be one: not finite, negative, or a share above 1. A
    /// [`diagnose`](super::diagnose) of such figures leaves them out and says so.
    ///
    /// # Errors
    /// [`ConfigError`] names the field, the value and the bound.
    ///
    /// ```
    /// use autoscale_core::{LayerFigures, SystemFigures};
    /// let percent = LayerFigures { memory: Some(85.0), ..LayerFigures::default() };
    /// let figures = SystemFigures { database: percent, ..SystemFigures::default() };
    /// let message = figures.check().map_err(|e| e.to_string());
    /// let wrong = "database.memory is 85, must be 0 … 1, a share: 85 % is 0.85";
    /// assert_eq!(message, Err(wrong.to_owned()));
    /// ```
    pub fn check(&self) -> Result<(), ConfigError> {
        match self.impossible().next() {
            Some((place, value)) => {
                let (_, bound) = place.signal.range();
                Err(ConfigError::range(place.to_string(), value, bound))
            }
            None => Ok(()),
        }
    }
}
