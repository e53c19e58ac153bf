//! The theta method: standard, optimised, and dynamic optimised (DOT).
//!
//! The series without its season is taken for half a line and half (in general 1/θ) a theta line
//! that is smoothed exponentially. As a state space model (Fiorucci, Pellegrini, Louzada,
//! Petropoulos & Koehler, *International Journal of Forecasting* 32, 2016):
//! `f_t = l_{t−1} + (1 − 1/θ) (A (1−α)^{t−1} + B (1 − (1−α)^t)/α)`, `l_t = α y_t + (1−α) l_{t−1}`.
//! Standard: θ = 2. Standard and optimised: `A`, `B` are the least-squares line of all values.
//! Dynamic: they are brought up to date with every value.
//!
//! α, the first level and θ minimise the squared one-step errors from the fourth on (Nelder–Mead,
//! with statsforecast's start, bounds 0.1 ≤ α ≤ 0.99 and θ ≥ 1, and coefficients). The season is
//! taken out if the M4 benchmarks' test finds one (season of at least 4 steps, two cycles): as
//! factors where every value is above 0 and no factor is below 0.01, otherwise as amounts.
//!
//! Cost: O(n) an evaluation, some hundred evaluations; the test of the season O(n m). A constant
//! series, NaN and fewer than four values are refused.
//! Vectors: `auto_models_statsforecast_2_1_1.json` (`theta`, `optimized_theta`,
//! `dynamic_optimized_theta`).

use crate::error::ForecastError;
use crate::forecaster::{Forecaster, History, check_finite};
use crate::numeric::{at, line, mean};
use crate::seasonal::{adjusted, indices, is_constant, is_seasonal, range, turned};
use crate::simplex::minimize;

const LEAST_VALUES: usize = 4;
/// One-step errors that do not count: the first level is still taking shape.
const UNCOUNTED: usize = 3;
const ALPHA: (f64, f64) = (0.1, 0.99);
const THETA: (f64, f64) = (1.0, 1e10);
/// The first level lies within so many times the greatest value.
const LEVEL_REACH: f64 = 1e10;
const FIRST_ALPHA: f64 = 0.5;
const FIRST_THETA: f64 = 2.0;
const LEAST_FACTOR: f64 = 0.01;
const ITERATIONS: usize = 1000;
const TOLERANCE: f64 = 1e-4;

/// Which of the theta methods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum ThetaMethod {
    /// θ = 2, one line for all values.
    Standard,
    /// θ estimated, one line for all values.
    Optimized,
    /// θ estimated, the line brought up to date with every value.
    #[default]
    DynamicOptimized,
}

/// A theta method. As a [`Forecaster`] it takes the shortest season.
///
/// ```
/// use capacity_forecast::{Theta, ThetaMethod};
/// let values: Vec<f64> = (0..60).map(|t| 50.0 + f64::from(t) + f64::from(t * 7 % 5)).collect();
/// let fit = Theta::new(ThetaMethod::Standard).fit(&values, 1)?;
/// let mut out = [0.0; 2];
/// assert!(fit.forecast(&mut out));
/// assert!(out[0] > 105.0 && out[1] > out[0]);
/// # Ok::<(), capacity_forecast::ForecastError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Theta {
    method: ThetaMethod,
}

impl Theta {
    /// ```
    /// use capacity_forecast::{Theta, ThetaMethod};
    /// assert_eq!(Theta::new(ThetaMethod::DynamicOptimized), Theta::default());
    /// ```
    #[must_use]
    pub const fn new(method: ThetaMethod) -> Self {
        Self { method }
    }

    /// Fits to `values`, evenly spaced, with a season of `season` steps (0 or 1: none).
    ///
    /// # Errors
    /// [`ForecastError::NotFinite`], [`ForecastError::TooShort`] below 4 values,
    /// [`ForecastError::Constant`], [`ForecastError::NoFit`] where sums overflow.
    ///
    /// ```
    /// use capacity_forecast::{ForecastError, Theta};
    /// let refused = Theta::default().fit(&[1.0, 2.0], 1).map(|_| ());
    /// assert_eq!(refused, Err(ForecastError::TooShort { have: 2, need: 4 }));
    /// ```
    pub fn fit(&self, values: &[f64], season: usize) -> Result<ThetaFit, ForecastError> {
        check_finite(values)?;
        let count = values.len();
        if count < LEAST_VALUES {
            return Err(ForecastError::TooShort {
                have: count,
                need: LEAST_VALUES,
            });
        }
        if is_constant(values) {
            return Err(ForecastError::Constant {
                count,
                value: at(values, 0),
            });
        }
        let seasonal = Seasonal::of(values, season);
        let flat = match &seasonal {
            Some(seasonal) => adjusted(values, &seasonal.indices, seasonal.factors),
            None => values.to_vec(),
        };
        let series = Line::new(&flat, self.method == ThetaMethod::DynamicOptimized);
        let (low, high) = range(&flat);
        let scale = low.abs().max(high.abs());
        let reach = LEVEL_REACH * scale.max(1.0);
        let level = (-reach, reach);
        let first = 0.5 * at(&flat, 0);
        let tolerance = TOLERANCE * series.cost(first, FIRST_ALPHA, FIRST_THETA).min(1.0);
        let (level, alpha, theta, cost) = if self.method == ThetaMethod::Standard {
            let cost = |[level, alpha]: &[f64; 2]| series.cost(*level, *alpha, FIRST_THETA);
            let start = [first, FIRST_ALPHA];
            let ([level, alpha], cost) =
                minimize(cost, start, &[level, ALPHA], ITERATIONS, tolerance);
            (level, alpha, FIRST_THETA, cost)
        } else {
            let cost = |[level, alpha, theta]: &[f64; 3]| series.cost(*level, *alpha, *theta);
            let start = [first, FIRST_ALPHA, FIRST_THETA];
            let ([level, alpha, theta], cost) =
                minimize(cost, start, &[level, ALPHA, THETA], ITERATIONS, tolerance);
            (level, alpha, theta, cost)
        };
        if !cost.is_finite() {
            return Err(ForecastError::NoFit {
                model: "theta".to_owned(),
            });
        }
        let mut state = series.start(level, alpha, theta);
        for value in flat.iter().skip(1) {
            state.observe(*value);
        }
        Ok(ThetaFit {
            state,
            seasonal: seasonal.map(|seasonal| Seasonal {
                indices: turned(&seasonal.indices, count),
                ..seasonal
            }),
        })
    }
}

impl Forecaster for Theta {
    fn name(&self) -> &str {
        match self.method {
            ThetaMethod::Standard => "theta",
            ThetaMethod::Optimized => "optimized theta",
            ThetaMethod::DynamicOptimized => "dynamic optimized theta",
        }
    }

    fn forecast(&self, history: &History<'_>, out: &mut [f64]) -> bool {
        self.fit(history.values(), history.season())
            .is_ok_and(|fit| fit.forecast(out))
    }
}

/// A theta method after its pass over a series.
///
/// ```
/// use capacity_forecast::Theta;
/// let values: Vec<f64> = (0..40).map(|t| f64::from(t) + f64::from(t * 7 % 5)).collect();
/// let fit = Theta::default().fit(&values, 1)?;
/// assert!((0.1..=0.99).contains(&fit.alpha()) && fit.theta() >= 1.0);
/// # Ok::<(), capacity_forecast::ForecastError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ThetaFit {
    state: State,
    seasonal: Option<Seasonal>,
}

impl ThetaFit {
    /// α, the smoothing rate.
    ///
    /// ```
    /// # use capacity_forecast::Theta;
    /// assert!(Theta::default().fit(&[1.0, 3.0, 2.0, 5.0, 4.0], 1)?.alpha() >= 0.1);
    /// # Ok::<(), capacity_forecast::ForecastError>(())
    /// ```
    #[must_use]
    pub const fn alpha(&self) -> f64 {
        self.state.alpha
    }

    /// θ; 2 for the standard method.
    ///
    /// ```
    /// # use capacity_forecast::{Theta, ThetaMethod};
    /// let theta = Theta::new(ThetaMethod::Standard);
    /// assert_eq!(theta.fit(&[1.0, 3.0, 2.0, 5.0, 4.0], 1)?.theta(), 2.0);
    /// # Ok::<(), capacity_forecast::ForecastError>(())
    /// ```
    #[must_use]
    pub const fn theta(&self) -> f64 {
        self.state.theta
    }

    /// Whether a season was taken out.
    ///
    /// ```
    /// # use capacity_forecast::Theta;
    /// assert!(!Theta::default().fit(&[1.0, 3.0, 2.0, 5.0, 4.0], 1)?.is_seasonal());
    /// # Ok::<(), capacity_forecast::ForecastError>(())
    /// ```
    #[must_use]
    pub const fn is_seasonal(&self) -> bool {
        self.seasonal.is_some()
    }

    /// Point forecasts. `false`, and nothing to rely on, if one is not finite. O(h).
    ///
    /// ```
    /// # use capacity_forecast::Theta;
    /// let mut out = [0.0; 3];
    /// assert!(Theta::default().fit(&[1.0, 3.0, 2.0, 5.0, 4.0], 1)?.forecast(&mut out));
    /// # Ok::<(), capacity_forecast::ForecastError>(())
    /// ```
    #[must_use]
    pub fn forecast(&self, out: &mut [f64]) -> bool {
        let mut state = self.state.clone();
        for out in out.iter_mut() {
            let forecast = state.forecast();
            state.observe(forecast);
            *out = forecast;
        }
        if let Some(Seasonal { indices, factors }) = &self.seasonal {
            for (out, index) in out.iter_mut().zip(indices.iter().cycle()) {
                if *factors {
                    *out *= index;
                } else {
                    *out += index;
                }
            }
        }
        out.iter().all(|v| v.is_finite())
    }
}

/// A season, the next step's index first.
#[derive(Clone, Debug, PartialEq)]
struct Seasonal {
    indices: Vec<f64>,
    factors: bool,
}

impl Seasonal {
    fn of(values: &[f64], season: usize) -> Option<Self> {
        if !is_seasonal(values, season) {
            return None;
        }
        if range(values).0 > 0.0 {
            let factors = indices(values, season, true)?;
            if factors.iter().all(|f| *f >= LEAST_FACTOR) {
                return Some(Self {
                    indices: factors,
                    factors: true,
                });
            }
        }
        Some(Self {
            indices: indices(values, season, false)?,
            factors: false,
        })
    }
}

/// A series without its season, and what every pass needs of it.
#[derive(Clone, Copy, Debug)]
struct Line<'a> {
    values: &'a [f64],
    dynamic: bool,
    intercept: f64,
    slope: f64,
    size: f64,
}

impl<'a> Line<'a> {
    fn new(values: &'a [f64], dynamic: bool) -> Self {
        let (first, slope) = line(values);
        let sizes: Vec<f64> = values.iter().map(|v| v.abs()).collect();
        Self {
            values,
            dynamic,
            intercept: first - slope,
            slope,
            size: mean(&sizes).max(1e-10),
        }
    }

    /// The state after the first value.
    fn start(&self, level: f64, alpha: f64, theta: f64) -> State {
        let first = at(self.values, 0);
        let (intercept, slope) = if self.dynamic {
            (first, 0.0)
        } else {
            (self.intercept, self.slope)
        };
        State {
            alpha,
            theta,
            dynamic: self.dynamic,
            seen: 1.0,
            fade: 1.0 - alpha,
            level: alpha * first + (1.0 - alpha) * level,
            mean: first,
            intercept,
            slope,
        }
    }

    /// Squared one-step errors, in units of the mean value.
    fn cost(&self, level: f64, alpha: f64, theta: f64) -> f64 {
        let mut state = self.start(level, alpha, theta);
        let mut sum = 0.0;
        for (index, value) in self.values.iter().enumerate().skip(1) {
            let forecast = state.forecast();
            if index >= UNCOUNTED {
                sum += (value - forecast) * (value - forecast);
            }
            state.observe(*value);
        }
        sum / self.size
    }
}

#[derive(Clone, Debug, PartialEq)]
struct State {
    alpha: f64,
    theta: f64,
    dynamic: bool,
    /// Values seen.
    seen: f64,
    /// `(1−α)` to the power of the values seen.
    fade: f64,
    level: f64,
    mean: f64,
    intercept: f64,
    slope: f64,
}

impl State {
    fn forecast(&self) -> f64 {
        let faded = self.fade * (1.0 - self.alpha);
        let line = self.intercept * self.fade + self.slope * (1.0 - faded) / self.alpha;
        self.level + (1.0 - 1.0 / self.theta) * line
    }

    fn observe(&mut self, value: f64) {
        let seen = self.seen;
        self.level = self.alpha * value + (1.0 - self.alpha) * self.level;
        if self.dynamic {
            self.slope = ((seen - 1.0) * self.slope + 6.0 * (value - self.mean) / (seen + 1.0))
                / (seen + 2.0);
        }
        self.mean = (seen * self.mean + value) / (seen + 1.0);
        if self.dynamic {
            self.intercept = self.mean - self.slope * (seen + 2.0) / 2.0;
        }
        self.seen = seen + 1.0;
        self.fade *= 1.0 - self.alpha;
    }
}
