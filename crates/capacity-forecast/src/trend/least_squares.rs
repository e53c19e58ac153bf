//! Least-squares lines and quadratics.
//!
//! Fitted in polynomials that are orthogonal over the very points (Forsythe 1957) on times mapped to
//! −1..=1, the quadratic one orthogonalised twice: times such as Unix seconds lose no digits, which they
//! do in normal equations of powers. R² = 1 − residual / total sum of squares.
//!
//! Cost: O(n). Vectors: `forecast/regression.json`.
//!
//! Edge cases: fewer different times than coefficients are refused; constant values are fitted exactly,
//! R² = 1; R² says how well the past is fitted and nothing about the future.

use crate::error::ForecastError;
use crate::numeric::{count_f64, finite, magnitude};

use super::points::Points;

/// A polynomial of degree 1 or 2 with the least squared error.
///
/// ```
/// use capacity_forecast::{LeastSquares, Points};
/// # fn main() -> Result<(), capacity_forecast::ForecastError> {
/// let square = LeastSquares::quadratic(&Points::grid(&[1.0, 2.0, 5.0, 10.0]))?;
/// assert!((square.value_at(10.0) - 101.0).abs() < 1e-9);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LeastSquares {
    centre: f64,
    half: f64,
    unit: f64,
    /// In powers of (time − centre) / half, in units of `unit`.
    terms: [f64; 3],
    r_squared: f64,
}

impl LeastSquares {
    /// Fits a line.
    ///
    /// ```
    /// use capacity_forecast::{LeastSquares, Points};
    /// # fn main() -> Result<(), capacity_forecast::ForecastError> {
    /// let line = LeastSquares::line(&Points::new(&[0.0, 2.0, 6.0], &[1.0, 2.0, 4.0])?)?;
    /// assert_eq!(line.coefficients(), [1.0, 0.5, 0.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Fewer than 2 different times.
    pub fn line(points: &Points) -> Result<Self, ForecastError> {
        Self::fit(points, 2)
    }

    /// Fits a quadratic.
    ///
    /// ```
    /// use capacity_forecast::{LeastSquares, Points};
    /// assert!(LeastSquares::quadratic(&Points::grid(&[1.0, 2.0])).is_err());
    /// ```
    ///
    /// # Errors
    /// Fewer than 3 different times.
    pub fn quadratic(points: &Points) -> Result<Self, ForecastError> {
        Self::fit(points, 3)
    }

    fn fit(points: &Points, need: usize) -> Result<Self, ForecastError> {
        let have = points.distinct_times();
        let (first, last) = match (points.times().first(), points.times().last()) {
            (Some(first), Some(last)) => (*first, *last),
            _ => (0.0, 0.0),
        };
        let (centre, half) = (first / 2.0 + last / 2.0, last / 2.0 - first / 2.0);
        if have < need || half <= 0.0 {
            return Err(ForecastError::TooShort { have, need });
        }
        let unit = magnitude(points.values());
        let times = || points.times().iter().map(|t| (t - centre) / half);
        let values = || points.values().iter().map(|v| v / unit);
        let count = count_f64(points.len());

        let mean = values().sum::<f64>() / count;
        let mean_time = times().sum::<f64>() / count;
        let line: Vec<f64> = times().map(|t| t - mean_time).collect();
        let slope = project(values().map(|v| v - mean), &line);
        let mut terms = [mean - slope * mean_time, slope, 0.0];
        if need == 3 {
            let (square, below) = orthogonal_square(times(), &line, mean_time);
            let curve = project(values().map(|v| v - mean), &square);
            let [constant, linear] = below;
            terms = [
                mean - slope * mean_time + curve * constant,
                slope + curve * linear,
                curve,
            ];
        }
        let (mut residual, mut total) = (0.0, 0.0);
        for (time, value) in times().zip(values()) {
            residual += (value - horner(terms, time)).powi(2);
            total += (value - mean).powi(2);
        }
        Ok(Self {
            centre,
            half,
            unit,
            terms,
            r_squared: if total > 0.0 {
                (1.0 - residual / total).clamp(0.0, 1.0)
            } else {
                1.0
            },
        })
    }

    /// The polynomial's value at a time.
    ///
    /// ```
    /// use capacity_forecast::{LeastSquares, Points};
    /// # fn main() -> Result<(), capacity_forecast::ForecastError> {
    /// let line = LeastSquares::line(&Points::grid(&[1.0, 2.0]))?;
    /// assert_eq!(line.value_at(4.0), 5.0);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn value_at(&self, time: f64) -> f64 {
        let steps = finite((time - self.centre) / self.half);
        let [constant, linear, square] = self.terms;
        let slope = finite(linear + finite(steps * square));
        finite(finite(constant + finite(steps * slope)) * self.unit)
    }

    /// Coefficients of 1, time and time²; the last is 0 for a line. Where times are large against their
    /// range these lose digits that [`value_at`](Self::value_at) keeps.
    ///
    /// ```
    /// use capacity_forecast::{LeastSquares, Points};
    /// # fn main() -> Result<(), capacity_forecast::ForecastError> {
    /// let [c0, c1, c2] = LeastSquares::quadratic(&Points::grid(&[3.0, 4.0, 9.0]))?.coefficients();
    /// assert!((c0 - 3.0).abs() < 1e-12 && (c1 + 1.0).abs() < 1e-12 && (c2 - 2.0).abs() < 1e-12);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn coefficients(&self) -> [f64; 3] {
        let [constant, linear, square] = self.terms;
        let shift = self.centre / self.half;
        let in_unit = |value: f64| finite(finite(value) * self.unit);
        let per_time = |value: f64| finite(value / self.half);
        [
            in_unit(constant - shift * (linear - square * shift)),
            per_time(in_unit(linear - 2.0 * square * shift)),
            per_time(per_time(in_unit(square))),
        ]
    }

    /// Share of the values' variance that the polynomial explains, 0 to 1.
    ///
    /// ```
    /// use capacity_forecast::{LeastSquares, Points};
    /// # fn main() -> Result<(), capacity_forecast::ForecastError> {
    /// assert_eq!(LeastSquares::line(&Points::grid(&[1.0, 2.0, 3.0]))?.r_squared(), 1.0);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub const fn r_squared(&self) -> f64 {
        self.r_squared
    }

    /// What naive capacity planners call their confidence: [`r_squared`](Self::r_squared), at least 0.1 and
    /// at most 0.95. It does not say how sure a forecast is; on real load it rises with the error. Kept to
    /// compare with.
    ///
    /// ```
    /// use capacity_forecast::{LeastSquares, Points};
    /// # fn main() -> Result<(), capacity_forecast::ForecastError> {
    /// assert_eq!(LeastSquares::line(&Points::grid(&[1.0, 2.0, 3.0]))?.naive_confidence(), 0.95);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub const fn naive_confidence(&self) -> f64 {
        self.r_squared.clamp(0.1, 0.95)
    }

    /// The first of `steps` steps after `time`, from 1, at which the polynomial is at or over `limit`.
    /// Steps are one unit of time.
    ///
    /// ```
    /// use capacity_forecast::{LeastSquares, Points};
    /// # fn main() -> Result<(), capacity_forecast::ForecastError> {
    /// let line = LeastSquares::line(&Points::grid(&[1.0, 2.0, 3.0]))?;
    /// assert_eq!(line.first_step_reaching(5.5, 2.0, 168), Some(3));
    /// assert_eq!(line.first_step_reaching(5.5, 2.0, 2), None);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn first_step_reaching(&self, limit: f64, time: f64, steps: usize) -> Option<usize> {
        (1..=steps).find(|step| self.value_at(time + count_f64(*step)) >= limit)
    }
}

fn horner([constant, linear, square]: [f64; 3], x: f64) -> f64 {
    constant + x * (linear + x * square)
}

/// Coefficient of the projection on `basis`.
fn project(values: impl Iterator<Item = f64>, basis: &[f64]) -> f64 {
    let (mut along, mut across) = (0.0, 0.0);
    for (value, basis) in values.zip(basis) {
        along += value * basis;
        across += basis * basis;
    }
    if across > 0.0 { along / across } else { 0.0 }
}

/// time² without its mean and its share along the line, and the two coefficients that were taken off.
fn orthogonal_square(
    times: impl Iterator<Item = f64>,
    line: &[f64],
    mean_time: f64,
) -> (Vec<f64>, [f64; 2]) {
    let mut square: Vec<f64> = times.map(|t| t * t).collect();
    let count = count_f64(square.len());
    let mut taken = [0.0; 2];
    for _ in 0..2 {
        let mean = square.iter().sum::<f64>() / count;
        let along = project(square.iter().copied(), line);
        for (value, line) in square.iter_mut().zip(line) {
            *value -= mean + along * line;
        }
        let [constant, linear] = &mut taken;
        *constant -= mean - along * mean_time;
        *linear -= along;
    }
    (square, taken)
}
