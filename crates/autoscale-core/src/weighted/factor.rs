use crate::{Gauge, Statistic};

/// What a factor measures, which decides how a value becomes a score.
///
/// With `r = value ÷ target` (source: the scaling guide's application autoscaler):
///
/// | kind | above the target | at or below it |
/// |---|---|---|
/// | `Cpu`, `Memory` | min(2, r) | 1; below `low_ratio`: max(0.5, r ÷ low_ratio) |
/// | `ResponseTime` | min(3, r) | 1 |
/// | `Queue` | min(2, r) | max(0.8, r) |
/// | `Errors` | min(2, 1 + value) | 1 |
///
/// ```
/// use autoscale_core::FactorKind;
/// assert_eq!(FactorKind::Cpu.score(84.0, 70.0, 0.5), 1.2);
/// assert_eq!(FactorKind::Cpu.score(14.0, 70.0, 0.4), 0.5);
/// assert_eq!(FactorKind::Errors.score(0.25, 0.05, 0.5), 1.25);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum FactorKind {
    /// CPU utilization.
    Cpu,
    /// Memory utilization.
    Memory,
    /// A response time, such as the p95.
    ResponseTime,
    /// Work that waits.
    Queue,
    /// The share of requests that fail, 0 … 1: it can add replicas, and keep them, but never asks
    /// for fewer.
    Errors,
    /// In decisions only: where the load is going. It multiplies the other factors' mean.
    Trend,
}

impl FactorKind {
    /// The score of a value, as the table above has it; 1 asks for what runs. The trend's value is
    /// its score.
    ///
    /// ```
    /// use autoscale_core::FactorKind;
    /// assert_eq!(FactorKind::Queue.score(0.0, 10.0, 0.5), 0.8);
    /// assert_eq!(FactorKind::ResponseTime.score(9.0, 0.5, 0.5), 3.0);
    /// ```
    #[must_use]
    pub fn score(self, value: f64, target: f64, low_ratio: f64) -> f64 {
        let ratio = value / target;
        let over = ratio > 1.0;
        match self {
            Self::Cpu | Self::Memory | Self::Queue if over => ratio.min(2.0),
            Self::Cpu | Self::Memory if ratio < low_ratio => (ratio / low_ratio).max(0.5),
            Self::ResponseTime if over => ratio.min(3.0),
            Self::Queue => ratio.max(0.8),
            Self::Errors if over => (1.0 + value).min(2.0),
            Self::Trend => value,
            _ => 1.0,
        }
    }

    /// The share of the current count that the factor needs to stay at its target.
    pub(super) fn need(self, value: f64, target: f64) -> f64 {
        match self {
            // Fewer replicas do not make fewer errors: all stay, or errors say nothing.
            Self::Errors => f64::from(u8::from(value > target)),
            _ => value / target,
        }
    }
}

/// One factor: a figure, what it should be, and how much it counts.
///
/// ```
/// use autoscale_core::{Factor, FactorKind, Gauge};
/// let cpu = Factor::new(FactorKind::Cpu, Gauge::cpu_utilization(), 70.0, 0.3);
/// assert_eq!(cpu.weight, 0.3);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Factor {
    /// What it measures; once in a list.
    pub kind: FactorKind,
    /// The figure.
    pub gauge: Gauge,
    /// What it should be at most, in the gauge's unit; finite and > 0.
    pub target: f64,
    /// How much its score counts beside the others'; 0.001 … 1000.
    pub weight: f64,
}

impl Factor {
    /// This factor.
    ///
    /// ```
    /// use autoscale_core::{Factor, FactorKind, Gauge, Statistic};
    /// let waiting = Gauge::new(Statistic::Total).with_reading(3);
    /// assert_eq!(Factor::new(FactorKind::Queue, waiting, 10.0, 0.15).target, 10.0);
    /// ```
    #[must_use]
    pub const fn new(kind: FactorKind, gauge: Gauge, target: f64, weight: f64) -> Self {
        Self {
            kind,
            gauge,
            target,
            weight,
        }
    }

    /// The guide's five: readings are CPU and memory samples of the pods, the p95 response time in
    /// seconds, the length of the queue, the share of failing requests.
    pub(super) fn standard() -> [Self; 5] {
        let memory = Gauge::new(Statistic::Utilization {
            resource: "memory".to_owned(),
        });
        let value = |reading| Gauge::new(Statistic::Value).with_reading(reading);
        let queue = Gauge::new(Statistic::Total).with_reading(3);
        [
            Self::new(FactorKind::Cpu, Gauge::cpu_utilization(), 70.0, 0.3),
            Self::new(FactorKind::Memory, memory.with_reading(1), 70.0, 0.25),
            Self::new(FactorKind::ResponseTime, value(2), 0.5, 0.2),
            Self::new(FactorKind::Queue, queue, 10.0, 0.15),
            Self::new(FactorKind::Errors, value(4), 0.05, 0.1),
        ]
    }
}

/// What one factor said.
///
/// ```
/// use autoscale_core::{Observation, Policy, WeightedConfig, WeightedFactors};
/// let mut policy = WeightedFactors::new(WeightedConfig::default())?;
/// let blind = policy.decide(std::time::Duration::ZERO, &Observation::new(2));
/// assert_eq!(blind.factors[0].value, None);
/// assert_eq!(blind.confidence, Some(0.0));
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FactorStage {
    /// What it measures.
    pub kind: FactorKind,
    /// The figure; `None` where it is missing.
    pub value: Option<f64>,
    /// What it asks for, as a multiple of the current count, before any saturation.
    pub score: f64,
    /// Its share of the mean; 0 where it is missing, and for the trend, which multiplies.
    pub weight: f64,
}
