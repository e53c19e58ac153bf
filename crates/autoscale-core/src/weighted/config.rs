use core::time::Duration;

use super::{Factor, FactorKind};
use crate::setters::setters;
use crate::{ConfigError, Gauge, format_duration};

/// How the scores become a count.
///
/// ```
/// assert_eq!(autoscale_core::Scoring::default(), autoscale_core::Scoring::Demand);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Scoring {
    /// The weighted mean, but a saturated factor gets what it needs by itself, and no factor is
    /// left with less than it needs: ⌈current × mean⌉ upwards and downwards.
    #[default]
    Demand,
    /// The guide's own formula, for those who must match it: ⌊current × mean⌋, where a missing factor
    /// counts as 1. Beside a calm queue it gives a service of ten replicas or fewer nothing at 100 %
    /// CPU. That a missing factor forbids fewer replicas holds here too.
    Plain,
}

/// Where the load is going: a straight line through its last ten samples.
///
/// With the line's value at the samples' middle and its slope, the factor is
/// `1 + slope × window ÷ mean`, within 0.5 … 2; 1 with fewer than ten samples of the last hour.
///
/// ```
/// use autoscale_core::{Gauge, LoadTrend, Statistic};
/// let trend = LoadTrend::new(Gauge::new(Statistic::Total).with_reading(5));
/// assert_eq!(trend.window, std::time::Duration::from_secs(300));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct LoadTrend {
    /// The load, such as requests a second of all replicas.
    pub gauge: Gauge,
    /// How far ahead the line is followed; a fifth of it lies between two samples. 5 s … 30 m,
    /// default 5 m.
    #[cfg_attr(
        feature = "serde",
        serde(default = "five_minutes", with = "crate::duration")
    )]
    pub window: Duration,
}

impl LoadTrend {
    /// This load, five minutes ahead.
    ///
    /// ```
    /// use autoscale_core::{Gauge, LoadTrend, Statistic};
    /// use std::time::Duration;
    /// let rate = Gauge::new(Statistic::Total);
    /// let trend = LoadTrend::new(rate).with_window(Duration::from_secs(150));
    /// assert_eq!(trend.interval(), Duration::from_secs(30));
    /// ```
    #[must_use]
    pub const fn new(gauge: Gauge) -> Self {
        Self {
            gauge,
            window: FIVE_MINUTES,
        }
    }

    setters! {
        with_window: window, Duration;
    }

    /// The least time between two samples.
    ///
    /// ```
    /// use autoscale_core::{Gauge, LoadTrend, Statistic};
    /// let trend = LoadTrend::new(Gauge::new(Statistic::Total));
    /// assert_eq!(trend.interval().as_secs(), 60);
    /// ```
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.window / super::PERIODS_AHEAD
    }
}

const FIVE_MINUTES: Duration = Duration::from_secs(300);

/// What [`WeightedFactors`](crate::WeightedFactors) is configured with.
///
/// ```
/// use autoscale_core::{Scoring, WeightedConfig, WeightedFactors};
/// let plain = WeightedConfig::default().with_scoring(Scoring::Plain);
/// assert!(WeightedFactors::new(plain).is_ok());
/// assert!(WeightedFactors::new(WeightedConfig::new([])).is_err());
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct WeightedConfig {
    /// The factors, at least one; default the guide's five: CPU 0.3 and memory 0.25 at 70 %, p95
    /// response time 0.2 at 500 ms, queue 0.15 at 10, errors 0.1 at 5 %, from readings 0 to 4.
    #[cfg_attr(feature = "serde", serde(default = "standard"))]
    pub factors: Vec<Factor>,
    /// Where the load is going; none unless set.
    #[cfg_attr(feature = "serde", serde(default))]
    pub trend: Option<LoadTrend>,
    /// The share of their target below which CPU and memory ask for fewer replicas; above 0, at
    /// most 1, default 3/7 (30 % of 70 %).
    #[cfg_attr(feature = "serde", serde(default = "low_ratio"))]
    pub low_ratio: f64,
    /// The multiple of its target from which a factor is saturated; ≥ 1, default 1.25 (87.5 % CPU
    /// of 70 %).
    #[cfg_attr(feature = "serde", serde(default = "saturation"))]
    pub saturation: f64,
    /// How long after a change the next one is dampened: its confidence is halved, and must then
    /// reach `min_confidence`. Default 5 m.
    #[cfg_attr(
        feature = "serde",
        serde(default = "five_minutes", with = "crate::duration")
    )]
    pub dampening: Duration,
    /// The confidence that a dampened change needs, 0 … 1; default 0.7, which no halved one reaches.
    #[cfg_attr(feature = "serde", serde(default = "min_confidence"))]
    pub min_confidence: f64,
    /// How the scores become a count.
    #[cfg_attr(feature = "serde", serde(default))]
    pub scoring: Scoring,
}

fn standard() -> Vec<Factor> {
    Factor::standard().into()
}
const fn low_ratio() -> f64 {
    3.0 / 7.0
}
const fn saturation() -> f64 {
    1.25
}
const fn min_confidence() -> f64 {
    0.7
}
#[cfg(feature = "serde")]
const fn five_minutes() -> Duration {
    FIVE_MINUTES
}

impl Default for WeightedConfig {
    fn default() -> Self {
        Self::new(standard())
    }
}

impl WeightedConfig {
    /// These factors; the rest as the guide has it, without a trend.
    ///
    /// ```
    /// use autoscale_core::{Factor, FactorKind, Gauge, WeightedConfig};
    /// let cpu = Factor::new(FactorKind::Cpu, Gauge::cpu_utilization(), 60.0, 1.0);
    /// assert_eq!(WeightedConfig::new([cpu]).min_confidence, 0.7);
    /// ```
    #[must_use]
    pub fn new(factors: impl IntoIterator<Item = Factor>) -> Self {
        Self {
            factors: factors.into_iter().collect(),
            trend: None,
            low_ratio: low_ratio(),
            saturation: saturation(),
            dampening: FIVE_MINUTES,
            min_confidence: min_confidence(),
            scoring: Scoring::Demand,
        }
    }

    setters! {
        with_trend: trend, Option<LoadTrend>;
        with_low_ratio: low_ratio, f64;
        with_saturation: saturation, f64;
        with_dampening: dampening, Duration;
        with_min_confidence: min_confidence, f64;
        with_scoring: scoring, Scoring;
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let check = |field: String, value: f64, ok: bool, bound: &'static str| {
            if value.is_finite() && ok {
                Ok(())
            } else {
                Err(ConfigError::range(field, value, bound))
            }
        };
        if self.factors.is_empty() {
            return Err(ConfigError::Missing {
                field: "factors".into(),
                need: "at least one factor",
            });
        }
        for (index, factor) in self.factors.iter().enumerate() {
            let field = |name: &str| format!("factors[{index}].{name}");
            let Factor { target, weight, .. } = *factor;
            check(field("target"), target, target > 0.0, "a finite number > 0")?;
            let counts = (0.001..=1000.0).contains(&weight);
            check(field("weight"), weight, counts, "0.001 … 1000")?;
            let mut before = self.factors.iter().take(index);
            if factor.kind == FactorKind::Trend || before.any(|f| f.kind == factor.kind) {
                let kind = format!("{:?}", factor.kind);
                let bound = "cpu, memory, response_time, queue or errors, each once";
                return Err(ConfigError::range(field("kind"), kind, bound));
            }
        }
        if let Some(trend) = &self.trend {
            let range = Duration::from_secs(5)..=Duration::from_secs(1800);
            if !range.contains(&trend.window) {
                let window = format_duration(trend.window);
                return Err(ConfigError::range("trend.window", window, "5s … 30m"));
            }
        }
        let low = self.low_ratio;
        let bound = "above 0 and at most 1";
        check("low_ratio".into(), low, low > 0.0 && low <= 1.0, bound)?;
        let full = self.saturation;
        check(
            "saturation".into(),
            full,
            full >= 1.0,
            "a finite number ≥ 1",
        )?;
        let least = self.min_confidence;
        let ok = (0.0..=1.0).contains(&least);
        check("min_confidence".into(), least, ok, "0 … 1")
    }
}
