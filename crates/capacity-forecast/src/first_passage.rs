//! When a Brownian motion with drift first reaches a limit: the closed form behind a breach
//! probability's tail, and its check.
//!
//! With distance d > 0, drift μ a step and deviation σ a square root of a step,
//! P(T ≤ t) = Φ((μt − d) / σ√t) + exp(2μd / σ²) Φ(−(d + μt) / σ√t)
//! (the inverse Gaussian distribution; Karatzas and Shreve 1991, §3.5.C).
//!
//! The textbook's second term multiplies a number that overflows by one that vanishes; for a rising
//! drift it is computed as φ(z₁) · (1 − Φ(z₂)) / φ(z₂), which needs neither. So no digits are lost where
//! 2μd / σ² is large: there the plain formula is off by up to 2⁻⁵⁴ exp(2μd / σ²).
//!
//! Cost: two evaluations of Φ; a quantile takes at most 63 of those. Vectors:
//! `forecast/first_passage_brownian.json`.
//!
//! Edge cases: distance ≤ 0 has been reached at 0; σ = 0 reaches it at d / μ or never; a falling drift
//! reaches it at all with probability exp(2μd / σ²), so that higher quantiles do not exist. A floor
//! below is the same with distance and drift negated.

use crate::error::ConfigError;
use crate::normal::{bell, normal_cdf, scaled_tail};

/// First passage of a Brownian motion with drift.
///
/// ```
/// use capacity_forecast::FirstPassage;
/// # fn main() -> Result<(), capacity_forecast::ConfigError> {
/// // 0.3 below the limit, rising by 0.005 an hour, give or take 0.01 a root hour.
/// let passage = FirstPassage::new(0.3, 0.005, 0.01)?;
/// assert!(passage.probability_by(24.0) < 0.01);
/// assert!(passage.probability_by(96.0) > 0.95);
/// assert!(passage.quantile(0.5).is_some_and(|steps| (steps - 60.0).abs() < 4.0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FirstPassage {
    distance: f64,
    drift: f64,
    deviation: f64,
}

impl FirstPassage {
    /// A passage over `distance`, with `drift` a step and `deviation` a square root of a step.
    ///
    /// ```
    /// use capacity_forecast::FirstPassage;
    /// # fn main() -> Result<(), capacity_forecast::ConfigError> {
    /// assert_eq!(FirstPassage::new(1.0, 0.5, 0.0)?.quantile(0.9), Some(2.0));
    /// assert!(FirstPassage::new(1.0, 0.5, -1.0).is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// A number is not finite, or the deviation is below 0.
    pub fn new(distance: f64, drift: f64, deviation: f64) -> Result<Self, ConfigError> {
        for (field, value) in [("distance", distance), ("drift", drift)] {
            if !value.is_finite() {
                return Err(ConfigError::range(field, value, "finite"));
            }
        }
        if !(deviation >= 0.0 && deviation.is_finite()) {
            return Err(ConfigError::range(
                "deviation",
                deviation,
                "at least 0 and finite",
            ));
        }
        Ok(Self {
            distance,
            drift,
            deviation,
        })
    }

    /// Probability that the limit is reached within `steps`; never falls with them. NaN and negative
    /// steps count as 0.
    ///
    /// ```
    /// use capacity_forecast::FirstPassage;
    /// # fn main() -> Result<(), capacity_forecast::ConfigError> {
    /// // Without drift: the reflection principle, 2 (1 − Φ(d / σ√t)).
    /// let passage = FirstPassage::new(2.0, 0.0, 1.0)?;
    /// assert!((passage.probability_by(4.0) - 0.317_310_507_862_914_1).abs() < 1e-15);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn probability_by(&self, steps: f64) -> f64 {
        let Self {
            distance,
            drift,
            deviation,
        } = *self;
        if distance <= 0.0 {
            return 1.0;
        }
        if steps.is_nan() || steps <= 0.0 {
            return 0.0;
        }
        if steps.is_infinite() {
            return self.probability_ever();
        }
        let moved = drift * steps;
        let spread = deviation * steps.sqrt();
        let (ahead, behind) = if moved.is_finite() && spread.is_finite() {
            ((moved - distance) / spread, (moved + distance) / spread)
        } else {
            let moved = drift / deviation * steps.sqrt();
            let distance = distance / deviation / steps.sqrt();
            (moved - distance, moved + distance)
        };
        if spread <= 0.0 || ahead.is_nan() || behind.is_nan() {
            // Chance plays no part beside the drift, or there is neither.
            return f64::from(u8::from(moved >= distance));
        }
        let reflected = if behind >= 0.0 {
            bell(ahead) * scaled_tail(behind)
        } else {
            self.reflection() * normal_cdf(-behind)
        };
        (normal_cdf(ahead) + reflected).clamp(0.0, 1.0)
    }

    /// Probability that the limit is ever reached: 1 unless the drift leads away from it.
    ///
    /// ```
    /// use capacity_forecast::FirstPassage;
    /// # fn main() -> Result<(), capacity_forecast::ConfigError> {
    /// assert_eq!(FirstPassage::new(1.0, 0.0, 0.1)?.probability_ever(), 1.0);
    /// let away = FirstPassage::new(1.0, -0.5, 1.0)?.probability_ever();
    /// assert!((away - (-1.0_f64).exp()).abs() < 1e-15);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn probability_ever(&self) -> f64 {
        if self.distance <= 0.0 || self.drift > 0.0 {
            1.0
        } else if self.deviation <= 0.0 {
            0.0
        } else {
            self.reflection().min(1.0)
        }
    }

    /// The fewest steps within which the limit is reached with probability `p`; `None` where it never
    /// gets there, and for a `p` outside 0..=1.
    ///
    /// ```
    /// use capacity_forecast::FirstPassage;
    /// # fn main() -> Result<(), capacity_forecast::ConfigError> {
    /// let passage = FirstPassage::new(1.0, -0.5, 1.0)?;
    /// assert!(passage.quantile(0.3).is_some());
    /// assert_eq!(passage.quantile(0.4), None, "it is reached with probability 0.37");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn quantile(&self, p: f64) -> Option<f64> {
        if !(0.0..=1.0).contains(&p) {
            return None;
        }
        if self.distance <= 0.0 || p <= 0.0 {
            return Some(0.0);
        }
        // Positive doubles are ordered as their bits are: bisection of the bits ends at the very number.
        let (mut below, mut reached) = (0, f64::MAX.to_bits());
        if self.probability_by(f64::MAX) < p {
            return None;
        }
        while reached - below > 1 {
            let middle = below + (reached - below) / 2;
            if self.probability_by(f64::from_bits(middle)) < p {
                below = middle;
            } else {
                reached = middle;
            }
        }
        Some(f64::from_bits(reached))
    }

    /// exp(2μd / σ²), in an order that squares nothing.
    fn reflection(&self) -> f64 {
        (2.0 * (self.drift / self.deviation) * (self.distance / self.deviation)).exp()
    }
}
