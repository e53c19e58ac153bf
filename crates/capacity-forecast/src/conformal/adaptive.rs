use std::collections::VecDeque;

use super::{needed, radius};
use crate::error::{ConfigError, ForecastError};
use crate::setters::setters;

const MAX_WINDOW: usize = 1 << 20;

/// What an adaptive interval aims at.
///
/// ```
/// use capacity_forecast::{AdaptiveConformal, AdaptiveConformalConfig};
/// # fn main() -> Result<(), capacity_forecast::ConfigError> {
/// let config = AdaptiveConformalConfig::default().with_alpha(0.05).with_window(200);
/// assert_eq!(AdaptiveConformal::new(config)?.alpha(), 0.05);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct AdaptiveConformalConfig {
    /// Share that may lie outside, in the long run. Default 0.1, within 0..1.
    pub alpha: f64,
    /// How far one miss moves the current α. Default 0.005, within 0..=1; usual are 0.005 to 0.05. Larger
    /// follows faster and wavers more; 0 stays at `alpha`.
    pub gamma: f64,
    /// Newest scores that are kept. Default 256; at least 1/α − 1, or there would never be an interval,
    /// and at most 1 048 576.
    pub window: usize,
}

impl Default for AdaptiveConformalConfig {
    fn default() -> Self {
        Self {
            alpha: 0.1,
            gamma: 0.005,
            window: 256,
        }
    }
}

impl AdaptiveConformalConfig {
    setters! {
        "AdaptiveConformalConfig::default()";
        with_alpha: alpha, f64, "0.2";
        with_gamma: gamma, f64, "0.01";
        with_window: window, usize, "500";
    }

    fn check(&self) -> Result<(), ConfigError> {
        if !(self.alpha > 0.0 && self.alpha < 1.0) {
            let bound = "within 0..1, both exclusive";
            return Err(ConfigError::range("alpha", self.alpha, bound));
        }
        if !(0.0..=1.0).contains(&self.gamma) {
            return Err(ConfigError::range("gamma", self.gamma, "within 0..=1"));
        }
        if self.window > MAX_WINDOW {
            return Err(ConfigError::range("window", self.window, "at most 1048576"));
        }
        let least = needed(self.alpha).max(1);
        if self.window < least {
            return Err(ConfigError::Inconsistent {
                field: "window",
                value: self.window.to_string(),
                relation: "at least 1/alpha - 1 for",
                other: "alpha",
                other_value: self.alpha.to_string(),
            });
        }
        Ok(())
    }
}

/// An interval whose width follows its own misses. Call [`radius`](Self::radius) for the next forecast,
/// then [`observe`](Self::observe) with that forecast's score once the value is known.
///
/// ```
/// use capacity_forecast::{AdaptiveConformal, AdaptiveConformalConfig};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut interval = AdaptiveConformal::new(AdaptiveConformalConfig::default())?;
/// assert!(interval.radius().is_err(), "no scores yet");
/// for hour in 0..100_u32 {
///     let error = f64::from(hour % 10);
///     interval.observe(error);
/// }
/// assert!(interval.radius()? >= 8.0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct AdaptiveConformal {
    config: AdaptiveConformalConfig,
    alpha: f64,
    /// The same scores: in order of arrival, and ascending.
    arrived: VecDeque<f64>,
    sorted: Vec<f64>,
    ignored: u64,
}

/// Everything that an [`AdaptiveConformal`] knows.
///
/// ```
/// use capacity_forecast::{AdaptiveConformal, AdaptiveConformalConfig};
/// # fn main() -> Result<(), capacity_forecast::ConfigError> {
/// let mut interval = AdaptiveConformal::new(AdaptiveConformalConfig::default())?;
/// interval.observe(1.5);
/// assert_eq!(AdaptiveConformal::restore(interval.snapshot())?, interval);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct AdaptiveConformalSnapshot {
    /// The configuration.
    pub config: AdaptiveConformalConfig,
    /// The current α.
    pub alpha: f64,
    /// Scores, oldest first.
    pub scores: Vec<f64>,
    /// Scores that were not finite.
    pub ignored: u64,
}

impl AdaptiveConformal {
    /// An interval without scores.
    ///
    /// ```
    /// use capacity_forecast::{AdaptiveConformal, AdaptiveConformalConfig};
    /// let error = AdaptiveConformal::new(AdaptiveConformalConfig::default().with_gamma(-1.0));
    /// assert!(error.is_err_and(|e| e.to_string() == "gamma is -1, must be within 0..=1"));
    /// ```
    ///
    /// # Errors
    /// A field is out of its range, or the window too short for α.
    pub fn new(config: AdaptiveConformalConfig) -> Result<Self, ConfigError> {
        config.check()?;
        Ok(Self {
            config,
            alpha: config.alpha,
            arrived: VecDeque::with_capacity(config.window),
            sorted: Vec::with_capacity(config.window),
            ignored: 0,
        })
    }

    /// The current α: the share outside that the next interval is made for. Below the configured one
    /// after misses.
    ///
    /// ```
    /// use capacity_forecast::{AdaptiveConformal, AdaptiveConformalConfig};
    /// # fn main() -> Result<(), capacity_forecast::ConfigError> {
    /// let mut interval = AdaptiveConformal::new(AdaptiveConformalConfig::default().with_gamma(0.05))?;
    /// interval.record(true);
    /// assert!((interval.alpha() - 0.055).abs() < 1e-15);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub const fn alpha(&self) -> f64 {
        self.alpha
    }

    /// Scores that were not finite, which changed nothing.
    ///
    /// ```
    /// use capacity_forecast::{AdaptiveConformal, AdaptiveConformalConfig};
    /// # fn main() -> Result<(), capacity_forecast::ConfigError> {
    /// let mut interval = AdaptiveConformal::new(AdaptiveConformalConfig::default())?;
    /// interval.observe(f64::NAN);
    /// assert_eq!(interval.ignored(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub const fn ignored(&self) -> u64 {
        self.ignored
    }

    /// How far around the next forecast to go.
    ///
    /// ```
    /// use capacity_forecast::{AdaptiveConformal, AdaptiveConformalConfig, ForecastError};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let config = AdaptiveConformalConfig::default().with_alpha(0.5).with_window(4);
    /// let mut interval = AdaptiveConformal::new(config)?;
    /// assert_eq!(interval.radius(), Err(ForecastError::NotCalibrated { have: 0, need: 1 }));
    /// interval.observe(3.0);
    /// assert_eq!(interval.radius()?, 3.0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Not calibrated: too few scores for the current α, even where the window is full. After a run of
    /// misses that is the honest answer until hits bring α back. At or below 0 no number of scores is
    /// enough (`need` is the largest number there is).
    pub fn radius(&self) -> Result<f64, ForecastError> {
        if self.alpha >= 1.0 {
            return Ok(0.0);
        }
        // At or below 0 no number of scores is enough; the formulas say so with an infinite rank.
        radius(&self.sorted, self.alpha.max(0.0))
    }

    /// Takes the score of the forecast whose interval [`radius`](Self::radius) gave, adapts α, and keeps
    /// the score. Says whether the interval missed; `None` if there was none or the score is not finite.
    ///
    /// ```
    /// use capacity_forecast::{AdaptiveConformal, AdaptiveConformalConfig};
    /// # fn main() -> Result<(), capacity_forecast::ConfigError> {
    /// let config = AdaptiveConformalConfig::default().with_alpha(0.5).with_window(4);
    /// let mut interval = AdaptiveConformal::new(config)?;
    /// assert_eq!(interval.observe(1.0), None);
    /// assert_eq!(interval.observe(2.0), Some(true));
    /// # Ok(())
    /// # }
    /// ```
    pub fn observe(&mut self, score: f64) -> Option<bool> {
        if !score.is_finite() {
            self.ignored = self.ignored.saturating_add(1);
            return None;
        }
        let missed = self.missed(score);
        if let Some(missed) = missed {
            self.record(missed);
        }
        self.keep(score);
        missed
    }

    /// Adapts α to a miss or a hit that the caller saw, without a score.
    ///
    /// ```
    /// use capacity_forecast::{AdaptiveConformal, AdaptiveConformalConfig};
    /// # fn main() -> Result<(), capacity_forecast::ConfigError> {
    /// let mut interval = AdaptiveConformal::new(AdaptiveConformalConfig::default().with_gamma(0.05))?;
    /// interval.record(false);
    /// assert!((interval.alpha() - 0.105).abs() < 1e-15);
    /// # Ok(())
    /// # }
    /// ```
    pub fn record(&mut self, missed: bool) {
        let error = f64::from(u8::from(missed));
        self.alpha += self.config.gamma * (self.config.alpha - error);
    }

    /// Everything that is known, as data.
    ///
    /// ```
    /// use capacity_forecast::{AdaptiveConformal, AdaptiveConformalConfig};
    /// # fn main() -> Result<(), capacity_forecast::ConfigError> {
    /// let mut interval = AdaptiveConformal::new(AdaptiveConformalConfig::default())?;
    /// interval.observe(2.0);
    /// assert_eq!(interval.snapshot().scores, [2.0]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> AdaptiveConformalSnapshot {
        AdaptiveConformalSnapshot {
            config: self.config,
            alpha: self.alpha,
            scores: self.arrived.iter().copied().collect(),
            ignored: self.ignored,
        }
    }

    /// Goes on from a snapshot, bit for bit.
    ///
    /// ```
    /// use capacity_forecast::{AdaptiveConformal, AdaptiveConformalConfig};
    /// # fn main() -> Result<(), capacity_forecast::ConfigError> {
    /// let mut snapshot = AdaptiveConformal::new(AdaptiveConformalConfig::default())?.snapshot();
    /// snapshot.alpha = f64::NAN;
    /// assert!(AdaptiveConformal::restore(snapshot).is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`new`](Self::new); α or a score is not finite, or there are more scores than the window
    /// holds.
    pub fn restore(snapshot: AdaptiveConformalSnapshot) -> Result<Self, ConfigError> {
        let mut restored = Self::new(snapshot.config)?;
        if !snapshot.alpha.is_finite() {
            return Err(ConfigError::range("alpha", snapshot.alpha, "finite"));
        }
        if snapshot.scores.len() > snapshot.config.window {
            return Err(ConfigError::Inconsistent {
                field: "scores",
                value: snapshot.scores.len().to_string(),
                relation: "at most",
                other: "window",
                other_value: snapshot.config.window.to_string(),
            });
        }
        for (index, score) in snapshot.scores.into_iter().enumerate() {
            if !score.is_finite() {
                return Err(ConfigError::range(
                    format!("scores[{index}]"),
                    score,
                    "finite",
                ));
            }
            restored.keep(score);
        }
        restored.alpha = snapshot.alpha;
        restored.ignored = snapshot.ignored;
        Ok(restored)
    }

    /// Whether the current interval misses; `None` while there never was one.
    fn missed(&self, score: f64) -> Option<bool> {
        radius(&self.sorted, self.config.alpha).ok()?;
        Some(if self.alpha >= 1.0 {
            true
        } else {
            self.radius().is_ok_and(|radius| score > radius)
        })
    }

    fn keep(&mut self, score: f64) {
        if self.arrived.len() == self.config.window
            && let Some(oldest) = self.arrived.pop_front()
        {
            let place = self
                .sorted
                .partition_point(|s| s.total_cmp(&oldest).is_lt());
            self.sorted.drain(place..(place + 1).min(self.sorted.len()));
        }
        self.arrived.push_back(score);
        let place = self.sorted.partition_point(|s| s.total_cmp(&score).is_lt());
        self.sorted.insert(place, score);
    }
}
