//! The naive quadratic planner: a parabola through the samples by least squares.
//!
//! `y = c₀ + c₁ x + c₂ x²` with `x` the hours since the first sample, fitted by linfa-linear (QR);
//! extrapolated hour by hour for seven days; the share of variance that it explains, kept within
//! 0.1 and 0.95, is called confidence. Many teams run this. It is here as the baseline that the
//! pool must beat: it knows no season, its end bends away with the square of the horizon, and its
//! confidence says how well the past is drawn, nothing about the future.
//!
//! It is no member of the pool unless a caller adds it, `Planner::with_member(Box::new(PolynomialTrend))`:
//! there it is weighed by its backtest as all are. On 42 operational series by the hour it has 1.8 % of
//! the weight, never more than 14 %, and makes the day ahead 0.3 to 0.6 % worse; on hourly M4
//! series it has none.
//!
//! Source: scikit-learn's `PolynomialFeatures(2)` and `LinearRegression`, as such planners combine
//! them. Cost O(n). Fewer than 10 samples, fewer than three different times, a constant series and
//! numbers that are not finite are refused.
//! Vectors: `regression.json` (`quadratic_c0_c1_c2`, `r_squared_quadratic`, `seeds_confidence`).

use linfa::Dataset;
use linfa::traits::Fit;
use linfa_linear::LinearRegression;
use ndarray::{Array1, Array2, ArrayView1};

use crate::error::ForecastError;
use crate::forecaster::{Forecaster, History, check_finite};
use crate::numeric::{count_f64, mean};
use crate::seasonal::{is_constant, range};

/// The planner has an answer from so many samples on.
const LEAST_SAMPLES: usize = 10;
/// Bounds of what it calls confidence.
const CONFIDENCE: (f64, f64) = (0.1, 0.95);

/// Fits the parabola. As a [`Forecaster`] it counts steps instead of hours, which makes no difference
/// to the values.
///
/// ```
/// use capacity_forecast::PolynomialTrend;
/// let hours: Vec<f64> = (0..12).map(f64::from).collect();
/// let values: Vec<f64> = hours.iter().map(|x| 1.0 + 0.5 * x + 0.25 * x * x).collect();
/// let fit = PolynomialTrend.fit(&hours, &values)?;
/// assert!((fit.predict(20.0) - 111.0).abs() < 1e-9);
/// # Ok::<(), capacity_forecast::ForecastError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolynomialTrend;

impl PolynomialTrend {
    /// Fits to samples at `hours` since any origin, in any order.
    ///
    /// # Errors
    /// [`ForecastError::OutOfRange`] unless there are as many hours as values;
    /// [`ForecastError::TooShort`] below 10 samples; [`ForecastError::NotFinite`] with the index of
    /// the first hour or value that is not finite; [`ForecastError::Constant`];
    /// [`ForecastError::NoFit`] with fewer than three different hours.
    ///
    /// ```
    /// use capacity_forecast::{ForecastError, PolynomialTrend};
    /// let refused = PolynomialTrend.fit(&[0.0, 1.0], &[1.0, 2.0]);
    /// assert_eq!(refused, Err(ForecastError::TooShort { have: 2, need: 10 }));
    /// ```
    pub fn fit(&self, hours: &[f64], values: &[f64]) -> Result<PolynomialFit, ForecastError> {
        let count = values.len();
        if hours.len() != count {
            return Err(ForecastError::OutOfRange {
                what: "the number of hours".to_owned(),
                value: hours.len().to_string(),
                bound: format!("that of the values, {count}"),
            });
        }
        check_finite(hours)?;
        check_finite(values)?;
        if count < LEAST_SAMPLES {
            return Err(ForecastError::TooShort {
                have: count,
                need: LEAST_SAMPLES,
            });
        }
        let (low, high) = range(values);
        if is_constant(values) {
            return Err(ForecastError::Constant { count, value: low });
        }
        let no_fit = || ForecastError::NoFit {
            model: "quadratic".to_owned(),
        };
        // In units of the greatest hour and value the columns are of one size.
        let (first, last) = range(hours);
        let reach = first.abs().max(last.abs());
        let scale = low.abs().max(high.abs());
        if last <= first {
            return Err(no_fit());
        }
        let mut columns = Array2::zeros((count, 2));
        for (mut row, hour) in columns.outer_iter_mut().zip(hours) {
            let hour = hour / reach;
            for (cell, power) in row.iter_mut().zip([hour, hour * hour]) {
                *cell = power;
            }
        }
        let targets: Array1<f64> = values.iter().map(|v| v / scale).collect();
        let fitted = LinearRegression::new()
            .fit(&Dataset::new(columns, targets))
            .map_err(|_| no_fit())?;
        let slopes = fitted.params();
        let (Some(linear), Some(square)) = (slopes.first(), slopes.last()) else {
            return Err(no_fit());
        };
        let coefficients = [
            fitted.intercept() * scale,
            linear * scale / reach,
            square * scale / reach / reach,
        ];
        let mut fit = PolynomialFit {
            coefficients,
            r_squared: 0.0,
        };
        let middle = mean(values);
        let (mut left, mut whole) = (0.0, 0.0);
        for (hour, value) in hours.iter().zip(values) {
            left += ((value - fit.predict(*hour)) / scale).powi(2);
            whole += ((value - middle) / scale).powi(2);
        }
        fit.r_squared = 1.0 - left / whole;
        let numbers = coefficients.iter().chain([&fit.r_squared]);
        if numbers.into_iter().all(|c| c.is_finite()) {
            Ok(fit)
        } else {
            Err(no_fit())
        }
    }

    /// The same for views of ndarray arrays, contiguous or not.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    ///
    /// ```
    /// use capacity_forecast::PolynomialTrend;
    /// use ndarray::Array1;
    /// let hours = Array1::from_iter((0..12).map(f64::from));
    /// let fit = PolynomialTrend.fit_view(hours.view(), hours.mapv(|x| 2.0 * x).view())?;
    /// assert!((fit.coefficients()[1] - 2.0).abs() < 1e-9);
    /// # Ok::<(), capacity_forecast::ForecastError>(())
    /// ```
    pub fn fit_view(
        &self,
        hours: ArrayView1<'_, f64>,
        values: ArrayView1<'_, f64>,
    ) -> Result<PolynomialFit, ForecastError> {
        self.fit(&hours.to_vec(), &values.to_vec())
    }
}

/// The parabola of [`PolynomialTrend`].
///
/// ```
/// use capacity_forecast::PolynomialTrend;
/// let hours: Vec<f64> = (0..24).map(f64::from).collect();
/// let values: Vec<f64> = hours.iter().map(|x| 0.5 + 0.001 * x).collect();
/// let fit = PolynomialTrend.fit(&hours, &values)?;
/// assert_eq!(fit.confidence(), 0.95);
/// # Ok::<(), capacity_forecast::ForecastError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PolynomialFit {
    coefficients: [f64; 3],
    r_squared: f64,
}

impl PolynomialFit {
    /// `c₀`, `c₁` (an hour), `c₂` (an hour squared).
    ///
    /// ```
    /// # let hours: Vec<f64> = (0..24).map(f64::from).collect();
    /// let fit = capacity_forecast::PolynomialTrend.fit(&hours, &hours)?;
    /// assert!((fit.coefficients()[1] - 1.0).abs() < 1e-9);
    /// # Ok::<(), capacity_forecast::ForecastError>(())
    /// ```
    #[must_use]
    pub const fn coefficients(&self) -> [f64; 3] {
        self.coefficients
    }

    /// The share of the samples' variance that the parabola explains, at most 1.
    ///
    /// ```
    /// # let hours: Vec<f64> = (0..24).map(f64::from).collect();
    /// let fit = capacity_forecast::PolynomialTrend.fit(&hours, &hours)?;
    /// assert!((fit.r_squared() - 1.0).abs() < 1e-9);
    /// # Ok::<(), capacity_forecast::ForecastError>(())
    /// ```
    #[must_use]
    pub const fn r_squared(&self) -> f64 {
        self.r_squared
    }

    /// [`r_squared`](Self::r_squared) kept within 0.1 and 0.95: what the naive planner calls
    /// confidence. It is none.
    ///
    /// ```
    /// # let hours: Vec<f64> = (0..24).map(f64::from).collect();
    /// let fit = capacity_forecast::PolynomialTrend.fit(&hours, &hours)?;
    /// assert_eq!(fit.confidence(), 0.95);
    /// # Ok::<(), capacity_forecast::ForecastError>(())
    /// ```
    #[must_use]
    pub fn confidence(&self) -> f64 {
        self.r_squared.clamp(CONFIDENCE.0, CONFIDENCE.1)
    }

    /// The value at an hour.
    ///
    /// ```
    /// # let hours: Vec<f64> = (0..24).map(f64::from).collect();
    /// let fit = capacity_forecast::PolynomialTrend.fit(&hours, &hours)?;
    /// assert!((fit.predict(30.0) - 30.0).abs() < 1e-9);
    /// # Ok::<(), capacity_forecast::ForecastError>(())
    /// ```
    #[must_use]
    pub fn predict(&self, hour: f64) -> f64 {
        let [c0, c1, c2] = self.coefficients;
        c0 + hour * (c1 + hour * c2)
    }

    /// How many hours after `now`, from 1 to `horizon` (168 is the planner's), the value is first at
    /// or above `limit`; `None` if it is not. As the planner does it, 0 is never an answer.
    ///
    /// ```
    /// # let hours: Vec<f64> = (0..24).map(f64::from).collect();
    /// let fit = capacity_forecast::PolynomialTrend.fit(&hours, &hours)?;
    /// assert_eq!(fit.hours_to_limit(23.0, 30.5, 168), Some(8));
    /// # Ok::<(), capacity_forecast::ForecastError>(())
    /// ```
    #[must_use]
    pub fn hours_to_limit(&self, now: f64, limit: f64, horizon: usize) -> Option<usize> {
        (1..=horizon).find(|step| self.predict(now + count_f64(*step)) >= limit)
    }
}

impl Forecaster for PolynomialTrend {
    fn name(&self) -> &str {
        "quadratic"
    }

    fn forecast(&self, history: &History<'_>, out: &mut [f64]) -> bool {
        let steps: Vec<f64> = (0..history.len()).map(count_f64).collect();
        let Ok(fit) = self.fit(&steps, history.values()) else {
            return false;
        };
        for (step, out) in out.iter_mut().enumerate() {
            *out = fit.predict(count_f64(history.len() + step));
        }
        out.iter().all(|v| v.is_finite())
    }
}
