//! Naive forecasts: the last value, the last cycle, the line through the first and last value.
//!
//! With `y` the history of `n` values, `m` the season and `h` the step ahead:
//! last value `yₙ`; last cycle `y` at the same phase of the last `m` values; drift
//! `yₙ + h (yₙ − y₁)/(n − 1)`. Standard deviations `h` steps ahead (Hyndman & Athanasopoulos,
//! *Forecasting: Principles and Practice*, 3rd edition, §5.5): `σ √(⌊(h−1)/m⌋ + 1)` with `σ²` the
//! mean square of the one-cycle differences, and `σ √(h (1 + h/(n−1)))` with `σ²` that of the
//! one-step differences about the drift.
//!
//! Cost O(h), with deviations O(n + h). A constant history is forecast as that constant; an empty
//! one, or one shorter than a season, is refused; sums that overflow are refused.
//! Vectors: `auto_models_statsforecast_2_1_1.json` (`seasonal_naive`, `drift`).

use crate::forecaster::{Forecaster, History};
use crate::numeric::{count_f64, part, tail};

/// The last value, for every step.
///
/// ```
/// use capacity_forecast::{Forecaster, History, Naive};
/// let history = History::new(&[1.0, 5.0], &[true, true], &[])?;
/// let mut out = [0.0; 2];
/// assert!(Naive.forecast(&history, &mut out));
/// assert_eq!(out, [5.0, 5.0]);
/// # Ok::<(), capacity_forecast::ForecastError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Naive;

impl Forecaster for Naive {
    fn name(&self) -> &str {
        "naive"
    }

    fn forecast(&self, history: &History<'_>, out: &mut [f64]) -> bool {
        let Some(last) = history.values().last() else {
            return false;
        };
        out.fill(*last);
        last.is_finite()
    }
}

/// The last cycle, again and again. Without a season it is the last value.
///
/// ```
/// use capacity_forecast::{Forecaster, History, SeasonalNaive};
/// let history = History::new(&[9.0, 1.0, 5.0], &[true; 3], &[2])?;
/// let mut out = [0.0; 3];
/// assert!(SeasonalNaive.forecast(&history, &mut out));
/// assert_eq!(out, [1.0, 5.0, 1.0]);
/// # Ok::<(), capacity_forecast::ForecastError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeasonalNaive;

impl SeasonalNaive {
    /// Standard deviation of each step's error, from the differences a season apart; `None` with
    /// fewer than a season and one value.
    ///
    /// ```
    /// use capacity_forecast::{History, SeasonalNaive};
    /// let history = History::new(&[1.0, 5.0, 2.0, 6.0], &[true; 4], &[2])?;
    /// assert_eq!(SeasonalNaive.deviations(&history, 2), Some(vec![1.0, 1.0]));
    /// # Ok::<(), capacity_forecast::ForecastError>(())
    /// ```
    #[must_use]
    pub fn deviations(&self, history: &History<'_>, horizon: usize) -> Option<Vec<f64>> {
        let season = history.season();
        let later = part(history.values(), season, history.len());
        let sigma = root_mean_square(later.iter().zip(history.values()).map(|(a, b)| a - b))?;
        let cycles = (0..horizon).map(|step| count_f64(step / season + 1));
        Some(cycles.map(|cycle| sigma * cycle.sqrt()).collect())
    }
}

impl Forecaster for SeasonalNaive {
    fn name(&self) -> &str {
        "seasonal naive"
    }

    fn forecast(&self, history: &History<'_>, out: &mut [f64]) -> bool {
        let season = history.season();
        if history.len() < season {
            return false;
        }
        let cycle = tail(history.values(), season);
        for (out, value) in out.iter_mut().zip(cycle.iter().cycle()) {
            *out = *value;
        }
        cycle.iter().all(|v| v.is_finite())
    }
}

/// The line through the first and the last value (random walk with drift).
///
/// ```
/// use capacity_forecast::{Drift, Forecaster, History};
/// let history = History::new(&[1.0, 9.0, 5.0], &[true; 3], &[])?;
/// let mut out = [0.0; 2];
/// assert!(Drift.forecast(&history, &mut out));
/// assert_eq!(out, [7.0, 9.0]);
/// # Ok::<(), capacity_forecast::ForecastError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drift;

impl Drift {
    /// Standard deviation of each step's error; `None` with fewer than two values.
    ///
    /// ```
    /// use capacity_forecast::{Drift, History};
    /// let history = History::new(&[0.0, 1.0, 2.0], &[true; 3], &[])?;
    /// assert_eq!(Drift.deviations(&history, 2), Some(vec![0.0, 0.0]));
    /// # Ok::<(), capacity_forecast::ForecastError>(())
    /// ```
    #[must_use]
    pub fn deviations(&self, history: &History<'_>, horizon: usize) -> Option<Vec<f64>> {
        let values = history.values();
        let slope = slope(values)?;
        let later = part(values, 1, values.len());
        let sigma = root_mean_square(later.iter().zip(values).map(|(a, b)| a - b - slope))?;
        let count = count_f64(values.len() - 1);
        let steps = (1..=horizon).map(count_f64);
        Some(
            steps
                .map(|h| sigma * (h * (1.0 + h / count)).sqrt())
                .collect(),
        )
    }
}

impl Forecaster for Drift {
    fn name(&self) -> &str {
        "drift"
    }

    fn forecast(&self, history: &History<'_>, out: &mut [f64]) -> bool {
        let values = history.values();
        let (Some(slope), Some(last)) = (slope(values), values.last()) else {
            return false;
        };
        for (step, out) in out.iter_mut().enumerate() {
            *out = last + slope * count_f64(step + 1);
        }
        out.iter().all(|v| v.is_finite())
    }
}

fn slope(values: &[f64]) -> Option<f64> {
    let [first, .., last] = values else {
        return None;
    };
    let slope = (last - first) / count_f64(values.len() - 1);
    slope.is_finite().then_some(slope)
}

fn root_mean_square(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = values.fold((0, 0.0), |(count, sum), v| (count + 1, sum + v * v));
    let root = (sum / count_f64(count)).sqrt();
    root.is_finite().then_some(root)
}
