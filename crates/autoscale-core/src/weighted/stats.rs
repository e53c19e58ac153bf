//! What the last 24 hours' decisions were, in hourly sums.

use core::time::Duration;

const HOURS: u32 = 24;
const RECENT: usize = 5;

/// What a decision did to the count.
///
/// ```
/// use autoscale_core::{Observation, Policy, ScalingDirection, WeightedConfig, WeightedFactors};
/// let mut policy = WeightedFactors::new(WeightedConfig::default())?;
/// policy.decide(std::time::Duration::ZERO, &Observation::new(2)); // without data
/// assert_eq!(policy.state().recent[0].action, ScalingDirection::None);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum ScalingDirection {
    /// It asked for more.
    Up,
    /// It asked for fewer.
    Down,
    /// It asked for what ran.
    None,
}

/// Where the latest five decisions of the last 24 hours went; the first rule that holds (source: the
/// scaling guide's statistics).
///
/// ```
/// use autoscale_core::{ScalingTrend, WeightedConfig, WeightedFactors};
/// let policy = WeightedFactors::new(WeightedConfig::default())?;
/// let stats = policy.stats(std::time::Duration::ZERO);
/// assert_eq!(stats.trend, ScalingTrend::InsufficientData);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum ScalingTrend {
    /// Fewer than five decisions.
    InsufficientData,
    /// At least three of them asked for more.
    ScalingUp,
    /// At least three of them asked for fewer.
    ScalingDown,
    /// At least four of them asked for what ran.
    Stable,
    /// None of these.
    Oscillating,
}

/// The decisions of the last 24 hours: of the current hour since `now`'s origin and the 23 before.
///
/// ```
/// use autoscale_core::{Observation, Policy, WeightedConfig, WeightedFactors};
/// let mut policy = WeightedFactors::new(WeightedConfig::default())?;
/// let now = std::time::Duration::from_secs(60);
/// policy.decide(now, &Observation::new(2)); // without data
/// let stats = policy.stats(now);
/// assert_eq!((stats.decisions, stats.scale_ups, stats.scale_downs), (1, 0, 0));
/// assert_eq!(stats.mean_confidence, Some(0.0));
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct WeightedStats {
    /// How many there were.
    pub decisions: u32,
    /// How many asked for more.
    pub scale_ups: u32,
    /// How many asked for fewer.
    pub scale_downs: u32,
    /// Their mean confidence, 0 … 1; `None` without any.
    pub mean_confidence: Option<f64>,
    /// Where the latest went.
    pub trend: ScalingTrend,
}

/// The decisions of one hour.
///
/// ```
/// use autoscale_core::{Observation, Policy, WeightedConfig, WeightedFactors};
/// let mut policy = WeightedFactors::new(WeightedConfig::default())?;
/// policy.decide(std::time::Duration::from_secs(7200), &Observation::new(2));
/// assert_eq!(policy.state().hours[0].hour, 2);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct DecisionHour {
    /// Hours since the origin of `now`.
    pub hour: u32,
    /// Decisions.
    pub decisions: u32,
    /// Those that asked for more.
    pub ups: u32,
    /// Those that asked for fewer.
    pub downs: u32,
    /// The sum of their confidences.
    pub confidence: f64,
}

/// One of the latest decisions.
///
/// ```
/// use autoscale_core::{Observation, Policy, ScalingDirection, WeightedConfig, WeightedFactors};
/// let mut policy = WeightedFactors::new(WeightedConfig::default())?;
/// policy.decide(std::time::Duration::from_secs(3600), &Observation::new(2));
/// let latest = policy.state().recent[0];
/// assert_eq!((latest.hour, latest.action), (1, ScalingDirection::None));
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct RecentDecision {
    /// Hours since the origin of `now`.
    pub hour: u32,
    /// What it did.
    pub action: ScalingDirection,
}

impl super::WeightedState {
    /// Room for all that will be remembered, and no more.
    pub(super) fn settle(mut self) -> Self {
        fn keep<T: Copy>(list: &mut Vec<T>, most: usize) {
            let mut kept = Vec::with_capacity(most);
            kept.extend_from_slice(list.get(list.len().saturating_sub(most)..).unwrap_or(&[]));
            *list = kept;
        }
        keep(&mut self.hours, 24);
        keep(&mut self.recent, RECENT);
        keep(&mut self.samples, super::SAMPLES);
        self
    }

    pub(super) fn record(&mut self, now: Duration, action: ScalingDirection, confidence: f64) {
        let hour = hour(now);
        if self.recent.len() >= RECENT {
            self.recent.remove(0);
        }
        self.recent.push(RecentDecision { hour, action });
        self.hours.retain(|h| is_recent(h.hour, hour));
        if self.hours.last().is_none_or(|h| h.hour != hour) {
            self.hours.push(DecisionHour {
                hour,
                decisions: 0,
                ups: 0,
                downs: 0,
                confidence: 0.0,
            });
        }
        if let Some(sums) = self.hours.last_mut() {
            sums.decisions = sums.decisions.saturating_add(1);
            match action {
                ScalingDirection::Up => sums.ups = sums.ups.saturating_add(1),
                ScalingDirection::Down => sums.downs = sums.downs.saturating_add(1),
                ScalingDirection::None => {}
            }
            sums.confidence += confidence;
        }
    }

    pub(super) fn stats(&self, now: Duration) -> WeightedStats {
        let now = hour(now.max(self.now));
        let mut stats = WeightedStats {
            decisions: 0,
            scale_ups: 0,
            scale_downs: 0,
            mean_confidence: None,
            trend: self.trend_of_decisions(now),
        };
        let mut confidence = 0.0;
        for sums in self.hours.iter().filter(|h| is_recent(h.hour, now)) {
            stats.decisions = stats.decisions.saturating_add(sums.decisions);
            stats.scale_ups = stats.scale_ups.saturating_add(sums.ups);
            stats.scale_downs = stats.scale_downs.saturating_add(sums.downs);
            confidence += sums.confidence;
        }
        stats.mean_confidence =
            (stats.decisions > 0).then(|| confidence / f64::from(stats.decisions));
        stats
    }

    fn trend_of_decisions(&self, now: u32) -> ScalingTrend {
        let recent = || self.recent.iter().filter(|d| is_recent(d.hour, now));
        let count = |action| recent().filter(|d| d.action == action).count();
        if recent().count() < RECENT {
            ScalingTrend::InsufficientData
        } else if count(ScalingDirection::Up) >= 3 {
            ScalingTrend::ScalingUp
        } else if count(ScalingDirection::Down) >= 3 {
            ScalingTrend::ScalingDown
        } else if count(ScalingDirection::None) >= 4 {
            ScalingTrend::Stable
        } else {
            ScalingTrend::Oscillating
        }
    }
}

fn hour(now: Duration) -> u32 {
    u32::try_from(now.as_secs() / 3600).unwrap_or(u32::MAX)
}

const fn is_recent(hour: u32, now: u32) -> bool {
    now.saturating_sub(hour) < HOURS
}
