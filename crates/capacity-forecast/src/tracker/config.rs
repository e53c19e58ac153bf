use core::time::Duration;

#[cfg(feature = "serde")]
use crate::duration;
use crate::error::ForecastError;
use crate::setters::setters;

/// How a [`Tracker`](super::Tracker) follows its series.
///
/// ```
/// use capacity_forecast::TrackerConfig;
/// use std::time::Duration;
/// let config = TrackerConfig::default().with_spare(Some(Duration::from_secs(86_400)));
/// assert_eq!(config.gamma, 0.01);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct TrackerConfig {
    /// How much further than the planner's horizon a plan reaches: so long it can be followed before a
    /// new one is [due](super::Tracker::due). Default: `None`, a quarter of the horizon.
    #[cfg_attr(feature = "serde", serde(with = "duration::option"))]
    pub spare: Option<Duration>,
    /// How far one miss moves an interval's level; within 0 to 1. Larger follows faster and wavers more, 0
    /// stays at the planner's. Default: 0.01.
    pub gamma: f64,
    /// A new plan is due once the weighted mean of the errors is so many times what it usually was in
    /// the backtest; above 0. Default: 4.
    pub drift: f64,
}

impl Default for TrackerConfig {
    fn default() -> Self {
        Self {
            spare: None,
            gamma: 0.01,
            drift: 4.0,
        }
    }
}

impl TrackerConfig {
    setters! { "TrackerConfig::default()";
        with_spare: spare, Option<Duration>, "Some(Duration::from_secs(3600))";
        with_gamma: gamma, f64, "0.05";
        with_drift: drift, f64, "6.0";
    }

    pub(super) fn check(&self) -> Result<(), ForecastError> {
        if !(0.0..=1.0).contains(&self.gamma) {
            return Err(ForecastError::range("gamma", self.gamma, "within 0 to 1"));
        }
        if self.drift.is_nan() || self.drift <= 0.0 {
            return Err(ForecastError::range("drift", self.drift, "above 0"));
        }
        Ok(())
    }
}
