//! Conformal intervals: how far to go around a forecast so that it holds the promised share, whatever
//! the distribution of the errors.
//!
//! **Split** (Vovk; Lei et al. 2018): of n scores (absolute errors on data that the forecast has not
//! seen) the radius is the k-th smallest, k = ⌈(n + 1)(1 − α)⌉. With n < 1/α − 1 it would have to be
//! infinite: that is the refusal [`NotCalibrated`](ForecastError::NotCalibrated), never a number.
//!
//! **Adaptive** (Gibbs and Candès 2021): α(t+1) = α(t) + γ (α − missed(t)), so that the share of misses
//! tends to α even where the errors drift. The current α is applied to the newest scores of a bounded
//! window. An α(t) at or below 0 means an infinite interval, which never misses; at or above 1 an empty
//! one, which always does: so α(t) stays within −γ..=1 + γ.
//!
//! Cost: split O(n log n) once, then O(1) a radius. Adaptive: a score O(log w) comparisons and one move
//! of at most w numbers, a radius O(1), no allocation after construction. Vectors:
//! `forecast/split_conformal.json`, `forecast/adaptive_conformal.json`.
//!
//! Edge cases: scores that are not finite are ignored and counted; ties keep their multiplicity; while
//! the window holds too few scores for α itself there is no interval that could miss, so α(t) waits.

mod adaptive;

pub use adaptive::{AdaptiveConformal, AdaptiveConformalConfig, AdaptiveConformalSnapshot};

use crate::error::ForecastError;
use crate::numeric::{count_f64, trunc_count};

/// Calibrated radii from a fixed set of scores.
///
/// ```
/// use capacity_forecast::{ForecastError, SplitConformal};
/// # fn main() -> Result<(), ForecastError> {
/// let errors = [0.4, 0.1, 0.3, 0.2, 0.9, 0.5, 0.7, 0.8, 0.6];
/// let calibrated = SplitConformal::new(errors);
/// assert_eq!(calibrated.radius(0.2)?, 0.8);
/// assert_eq!(calibrated.radius(0.05), Err(ForecastError::NotCalibrated { have: 9, need: 19 }));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SplitConformal {
    sorted: Vec<f64>,
    ignored: usize,
}

impl SplitConformal {
    /// Takes scores in any order; those that are not finite are ignored.
    ///
    /// ```
    /// use capacity_forecast::SplitConformal;
    /// let calibrated = SplitConformal::new([2.0, f64::NAN, 1.0]);
    /// assert_eq!((calibrated.scores(), calibrated.ignored()), ([1.0, 2.0].as_slice(), 1));
    /// ```
    #[must_use]
    pub fn new(scores: impl IntoIterator<Item = f64>) -> Self {
        let mut ignored = 0;
        let mut sorted: Vec<f64> = scores
            .into_iter()
            .filter(|score| {
                ignored += usize::from(!score.is_finite());
                score.is_finite()
            })
            .collect();
        sorted.sort_unstable_by(f64::total_cmp);
        Self { sorted, ignored }
    }

    /// The scores, ascending.
    ///
    /// ```
    /// assert_eq!(capacity_forecast::SplitConformal::new([3.0, 1.0]).scores(), [1.0, 3.0]);
    /// ```
    #[must_use]
    pub fn scores(&self) -> &[f64] {
        &self.sorted
    }

    /// Scores that were not finite.
    ///
    /// ```
    /// assert_eq!(capacity_forecast::SplitConformal::new([f64::INFINITY]).ignored(), 1);
    /// ```
    #[must_use]
    pub const fn ignored(&self) -> usize {
        self.ignored
    }

    /// Which of the ascending scores is the radius, from 1; above their number where none is large
    /// enough. `alpha` is the share that may lie outside.
    ///
    /// ```
    /// # fn main() -> Result<(), capacity_forecast::ForecastError> {
    /// assert_eq!(capacity_forecast::SplitConformal::new([1.0; 26]).rank(0.2)?, 22);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `alpha` is not within 0..1.
    pub fn rank(&self, alpha: f64) -> Result<usize, ForecastError> {
        if !(alpha > 0.0 && alpha < 1.0) {
            let bound = "within 0..1, both exclusive";
            return Err(ForecastError::range("alpha", alpha, bound));
        }
        Ok(rank(self.sorted.len(), alpha))
    }

    /// How far from the forecast all but the share `alpha` lie.
    ///
    /// ```
    /// # fn main() -> Result<(), capacity_forecast::ForecastError> {
    /// assert_eq!(capacity_forecast::SplitConformal::new([3.0, 1.0, 2.0]).radius(0.5)?, 2.0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `alpha` is not within 0..1, or there are too few scores for it.
    pub fn radius(&self, alpha: f64) -> Result<f64, ForecastError> {
        self.rank(alpha)?;
        radius(&self.sorted, alpha)
    }
}

/// ⌈(n + 1)(1 − α)⌉.
fn rank(count: usize, alpha: f64) -> usize {
    trunc_count(((count_f64(count) + 1.0) * (1.0 - alpha)).ceil())
}

/// The score at its rank; for `alpha` within 0..1.
fn radius(sorted: &[f64], alpha: f64) -> Result<f64, ForecastError> {
    let have = sorted.len();
    rank(have, alpha)
        .checked_sub(1)
        .and_then(|index| sorted.get(index).copied())
        .ok_or_else(|| ForecastError::NotCalibrated {
            have,
            need: needed(alpha).max(have.saturating_add(1)),
        })
}

/// Scores that a level needs: 1/α − 1, rounded up.
fn needed(alpha: f64) -> usize {
    trunc_count((1.0 / alpha - 1.0).ceil())
}
