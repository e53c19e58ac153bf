//! Exponential smoothing by state space models (ETS): fifteen forms of error, trend and season.
//!
//! With `b` the trend, damped by `φ`, and `c` the season's value of one period ago:
//! `q = l + φ b`; forecast `f = q + c` (`q c` for a multiplicative season, `q` without one);
//! `e = y − f`, or `(y − f)/f` for a multiplicative error; then `l' = q + α (y ⊖ c − q)`,
//! `b' = φ b + β (y ⊖ c − q)`, `c' = c + γ (y ⊖ q − c)`, where `⊖` is `−` or `/` as the season is.
//! `−2 ln L = n ln Σe² + 2 Σ ln |f|` (the second sum only for a multiplicative error) and constants.
//!
//! Source: Hyndman, Koehler, Ord & Snyder, *Forecasting with Exponential Smoothing* (2008);
//! constants and selection as in R's `forecast` and statsforecast. [`AutoEts`] differs from them in
//! the search: the exact gradient by reverse accumulation and BFGS instead of Nelder–Mead, as a
//! season of 24 means 28 unknowns.
//!
//! Cost: a pass is O(n); an iteration of the search O(n + (m + 4)²). Constant series, NaN and fewer
//! values than parameters are refused; multiplicative forms are left out where a value is not above
//! 0; forecasts stay within ten ranges of the history, and intervals within ten ranges' width.
//! Vectors: `ets_filter.json`, `auto_models_statsforecast_2_1_1.json` (`auto_ets`).

mod filter;
mod fit;
mod model;
mod select;

pub use model::{
    Ets, EtsError, EtsForm, EtsParameters, EtsSeason, EtsState, EtsTrend, SeasonUpdate,
};
pub use select::AutoEts;

use crate::error::ForecastError;
use crate::forecaster::check_finite;
use crate::normal::normal_quantile;
use crate::numeric::{at, count_f64};
use crate::seasonal::range;
use filter::{Running, Sums};

/// Forecasts stay within so many ranges of the history beyond its least and greatest value.
const REACH: f64 = 10.0;
/// An interval is at most twice this wide, in ranges of the history.
const WIDEST: f64 = 5.0;

impl Ets {
    /// Runs over `values`; O(n).
    ///
    /// # Errors
    /// [`ForecastError::AllMissing`] for no value, [`ForecastError::NotFinite`] for a value that is
    /// not finite, [`ForecastError::NoFit`] where a multiplicative form meets a forecast, a level or
    /// a season that is not above 0, or numbers overflow.
    ///
    /// ```
    /// use capacity_forecast::{Ets, EtsParameters, EtsState};
    /// let start = EtsState { level: 2.0, ..EtsState::default() };
    /// let fit = Ets::new("MNN".parse()?, EtsParameters::default(), start)?.filter(&[3.0])?;
    /// assert_eq!(fit.errors(), &[0.5]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn filter(&self, values: &[f64]) -> Result<EtsFit, ForecastError> {
        self.filter_with(values, 0)
    }

    fn filter_with(&self, values: &[f64], estimated: usize) -> Result<EtsFit, ForecastError> {
        if values.is_empty() {
            return Err(ForecastError::AllMissing { count: 0 });
        }
        check_finite(values)?;
        let no_fit = || ForecastError::NoFit {
            model: format!("ETS {}", self.form()),
        };
        let start = self.start();
        let mut running = Running {
            level: start.level,
            trend: if self.form().has_trend() {
                start.trend
            } else {
                0.0
            },
            season: if start.season.is_empty() {
                vec![0.0]
            } else {
                start.season.clone()
            },
        };
        let mut fitted = Vec::with_capacity(values.len());
        let sums = filter::run(
            self.form(),
            self.season_update(),
            &self.parameters(),
            values,
            &mut running,
            |forecast, _| fitted.push(forecast),
        )
        .ok_or_else(no_fit)?;
        let relative = self.form().error == EtsError::Multiplicative;
        let errors = fitted.iter().zip(values).map(|(forecast, value)| {
            let miss = value - forecast;
            if relative { miss / forecast } else { miss }
        });
        let mut season = Vec::new();
        if self.form().is_seasonal() {
            season = running.season;
            let period = season.len().max(1);
            season.rotate_left(values.len() % period);
        }
        let (low, high) = range(values);
        Ok(EtsFit {
            errors: errors.collect(),
            fitted,
            sums,
            end: EtsState {
                level: running.level,
                trend: running.trend,
                season,
            },
            estimated,
            low,
            high,
            model: self.clone(),
        })
    }
}

/// A model after its pass over a series.
///
/// ```
/// use capacity_forecast::AutoEts;
/// let values: Vec<f64> = (0..40).map(|t| 10.0 + f64::from(t % 4) + 0.01 * f64::from(t * t % 7)).collect();
/// let fit = AutoEts::new().fit(&values, 4)?;
/// let (low, high) = fit.interval(0.95, 4)[0];
/// assert!(low < high);
/// # Ok::<(), capacity_forecast::ForecastError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct EtsFit {
    model: Ets,
    fitted: Vec<f64>,
    errors: Vec<f64>,
    sums: Sums,
    end: EtsState,
    estimated: usize,
    low: f64,
    high: f64,
}

impl EtsFit {
    /// The model.
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// let model = Ets::new("ANN".parse()?, EtsParameters::default(), EtsState::default())?;
    /// assert_eq!(model.filter(&[1.0])?.model(), &model);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn model(&self) -> &Ets {
        &self.model
    }

    /// One-step forecasts, one a value.
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// let model = Ets::new("ANN".parse()?, EtsParameters::default(), EtsState::default())?;
    /// assert_eq!(model.filter(&[1.0])?.fitted(), &[0.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn fitted(&self) -> &[f64] {
        &self.fitted
    }

    /// One-step errors, one a value: shares of the forecast where the error is multiplicative.
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// let model = Ets::new("ANN".parse()?, EtsParameters::default(), EtsState::default())?;
    /// assert_eq!(model.filter(&[1.0])?.errors(), &[1.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn errors(&self) -> &[f64] {
        &self.errors
    }

    /// The state after the last value.
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// let model = Ets::new("ANN".parse()?, EtsParameters::default(), EtsState::default())?;
    /// assert_eq!(model.filter(&[1.0])?.end().level, 0.1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn end(&self) -> &EtsState {
        &self.end
    }

    /// Sum of the squared [`errors`](Self::errors).
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// let model = Ets::new("ANN".parse()?, EtsParameters::default(), EtsState::default())?;
    /// assert_eq!(model.filter(&[2.0])?.sum_of_squares(), 4.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn sum_of_squares(&self) -> f64 {
        self.sums.squares
    }

    /// Gaussian log-likelihood at the variance that makes it greatest; infinite where no error is
    /// left.
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// let model = Ets::new("ANN".parse()?, EtsParameters::default(), EtsState::default())?;
    /// assert!((model.filter(&[1.0])?.log_likelihood() + 1.418_938_5).abs() < 1e-6);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn log_likelihood(&self) -> f64 {
        self.relative_log_likelihood() - self.left_out()
    }

    /// The same without `n/2 (1 + ln(2π/n))`, as R's `forecast` and statsforecast give it.
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// let model = Ets::new("ANN".parse()?, EtsParameters::default(), EtsState::default())?;
    /// assert_eq!(model.filter(&[1.0])?.relative_log_likelihood(), 0.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn relative_log_likelihood(&self) -> f64 {
        -0.5 * self.sums.cost(self.errors.len())
    }

    fn left_out(&self) -> f64 {
        let count = count_f64(self.errors.len());
        0.5 * count * (1.0 + (core::f64::consts::TAU / count).ln())
    }

    /// Akaike's criterion, corrected for small samples, of the
    /// [relative](Self::relative_log_likelihood) log-likelihood, as R's `forecast` and statsforecast
    /// give it. Counts the estimated parameters and states and the variance; of a model with known
    /// parameters only the variance. Infinite where there are too few values for it.
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// let model = Ets::new("ANN".parse()?, EtsParameters::default(), EtsState::default())?;
    /// assert!(model.filter(&[1.0, 2.0])?.aicc().is_infinite());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn aicc(&self) -> f64 {
        corrected(
            -2.0 * self.relative_log_likelihood(),
            self.estimated,
            self.errors.len(),
        )
    }

    /// Goes on by one value: the same as a pass over the longer series. O(1) but for the season, which
    /// moves up by one step; `fitted` and `errors` grow.
    ///
    /// # Errors
    /// [`ForecastError::NotFinite`] and [`NoFit`](ForecastError::NoFit) as for [`Ets::filter`]; nothing
    /// changes then.
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// let model = Ets::new("ANN".parse()?, EtsParameters::default(), EtsState::default())?;
    /// let mut fit = model.filter(&[1.0, 2.0])?;
    /// fit.update(4.0)?;
    /// assert_eq!(fit, model.filter(&[1.0, 2.0, 4.0])?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn update(&mut self, value: f64) -> Result<(), ForecastError> {
        check_finite(&[value]).map_err(|_| ForecastError::NotFinite {
            what: "values".to_owned(),
            index: self.errors.len(),
        })?;
        let form = self.model.form();
        let mut running = Running {
            level: self.end.level,
            trend: self.end.trend,
            season: core::mem::take(&mut self.end.season),
        };
        if running.season.is_empty() {
            running.season.push(0.0);
        }
        let first = running.season.first().copied();
        let mut expected = 0.0;
        let sums = filter::run(
            form,
            self.model.season_update(),
            &self.model.parameters(),
            &[value],
            &mut running,
            |forecast, _| expected = forecast,
        );
        if sums.is_none()
            && let (Some(place), Some(before)) = (running.season.first_mut(), first)
        {
            *place = before;
        }
        if sums.is_some() {
            running.season.rotate_left(1);
        }
        if form.is_seasonal() {
            self.end.season = running.season;
        }
        let Some(sums) = sums else {
            return Err(ForecastError::NoFit {
                model: format!("ETS {form}"),
            });
        };
        self.end.level = running.level;
        self.end.trend = running.trend;
        let miss = value - expected;
        let relative = form.error == EtsError::Multiplicative;
        self.errors
            .push(if relative { miss / expected } else { miss });
        self.fitted.push(expected);
        self.sums.squares += sums.squares;
        self.sums.logs += sums.logs;
        self.low = self.low.min(value);
        self.high = self.high.max(value);
        Ok(())
    }

    /// Point forecasts: the path without errors. `false`, and nothing to rely on, if one is not
    /// finite. O(h).
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// let model = Ets::new("ANN".parse()?, EtsParameters::default(), EtsState::default())?;
    /// let mut out = [0.0; 2];
    /// assert!(model.filter(&[1.0])?.forecast(&mut out));
    /// assert_eq!(out, [0.1, 0.1]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn forecast(&self, out: &mut [f64]) -> bool {
        let reach = REACH * (self.high - self.low);
        let (low, high) = (self.low - reach, self.high + reach);
        let bounded = low.is_finite() && high.is_finite();
        for (out, (base, season)) in out.iter_mut().zip(self.path()) {
            let value = match self.model.form().season {
                EtsSeason::Multiplicative => base * season,
                EtsSeason::None | EtsSeason::Additive => base + season,
            };
            *out = if bounded && low < high {
                value.clamp(low, high)
            } else {
                value
            };
        }
        out.iter().all(|v| v.is_finite())
    }

    /// Level with trend, and season, of each step ahead.
    fn path(&self) -> impl Iterator<Item = (f64, f64)> {
        let damping = self.model.parameters().damping;
        let trend = self.end.trend;
        let (mut level, mut growth) = (self.end.level, 1.0);
        let period = self.end.season.len().max(1);
        (0..).map(move |step| {
            growth *= damping;
            level += growth * trend;
            (level, at(&self.end.season, step % period))
        })
    }

    /// Standard deviation of each step's error, at least that of the first and at most 5 ranges of
    /// the history. O(h²).
    ///
    /// Additive errors: exact, `σ² (1 + Σ c_j²)` with `c_j = α + β (φ + … + φ^j) + γ [m | j]`.
    /// Multiplicative ones with an additive season or none: exact, `(1 + σ²) θ_h − μ_h²` with
    /// `θ_h = μ_h² + σ² Σ c_j² θ_{h−j}`. With a multiplicative season: the approximation of
    /// Hyndman, Koehler, Ord & Snyder (2005), which multiplies `θ` by the squared season and
    /// `(1 + γ² σ²)` a full cycle. `σ²` divides the squares by the number of values less the
    /// estimated parameters less 2, as statsforecast does, with known parameters by the number.
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// let model = Ets::new("ANN".parse()?, EtsParameters::default(), EtsState::default())?;
    /// let deviations = model.filter(&[1.0, -1.0])?.deviations(2);
    /// assert!(deviations[0] < deviations[1]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn deviations(&self, horizon: usize) -> Vec<f64> {
        let count = self.errors.len();
        let free = if self.estimated == 0 {
            count
        } else {
            count.saturating_sub(self.estimated + 2).max(1)
        };
        let variance = self.sums.squares / count_f64(free);
        let EtsParameters {
            level,
            trend,
            season,
            damping,
        } = self.model.parameters();
        let form = self.model.form();
        let period = self.model.period();
        let factor = form.season == EtsSeason::Multiplicative;
        let (mut growth, mut reached) = (1.0, 0.0);
        let effects: Vec<f64> = (1..horizon.max(1))
            .map(|step| {
                growth *= damping;
                reached += growth;
                // A multiplicative season's part is in the factor of a full cycle.
                let seasonal = if step.is_multiple_of(period) && !factor {
                    season
                } else {
                    0.0
                };
                level + trend * reached + seasonal
            })
            .collect();
        let widest = WIDEST * (self.high - self.low);
        let mut least: f64 = 0.0;
        let mut bounded = |variance: f64| {
            // Rounding must not make a later step surer than the first.
            let deviation = variance.max(0.0).sqrt();
            least = if least > 0.0 { least } else { deviation };
            deviation.max(least).min(widest)
        };
        if form.error == EtsError::Additive && !factor {
            let mut sum = 1.0;
            let first = core::iter::once(0.0);
            let effects = first.chain(effects).take(horizon);
            return effects
                .map(|effect| {
                    sum += effect * effect;
                    bounded(variance * sum)
                })
                .collect();
        }
        let mut squares: Vec<f64> = Vec::with_capacity(horizon);
        let path = self.path().take(horizon).enumerate();
        path.map(|(step, (base, index))| {
            let mean = if factor { base } else { base + index };
            let before = effects.iter().zip(squares.iter().rev());
            let sum: f64 = before.map(|(c, square)| c * c * square).sum();
            let square = mean * mean + variance * sum;
            squares.push(square);
            let spread = if factor {
                let cycles = count_f64(step / period);
                let turns = (cycles * (season * season * variance).ln_1p()).exp();
                index * index * ((1.0 + variance) * turns * square - mean * mean)
            } else {
                (1.0 + variance) * square - mean * mean
            };
            bounded(spread)
        })
        .collect()
    }

    /// Normal prediction intervals, low and high, one a step; `level` is the share of values that
    /// they are meant to hold, kept within 0 and 0.999999. No wider than ten ranges of the history.
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// let model = Ets::new("ANN".parse()?, EtsParameters::default(), EtsState::default())?;
    /// let fit = model.filter(&[1.0, -1.0, 1.0, -1.0])?;
    /// let (narrow, wide) = (fit.interval(0.8, 1)[0], fit.interval(0.95, 1)[0]);
    /// assert!(wide.0 < narrow.0 && narrow.1 < wide.1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn interval(&self, level: f64, horizon: usize) -> Vec<(f64, f64)> {
        let level = if level.is_finite() { level } else { 0.0 };
        let quantile = normal_quantile(0.5 + 0.5 * level.clamp(0.0, 0.999_999));
        let widest = WIDEST * (self.high - self.low);
        let mut means = vec![0.0; horizon];
        if !self.forecast(&mut means) {
            return Vec::new();
        }
        let deviations = self.deviations(horizon);
        let steps = means.iter().zip(deviations);
        steps
            .map(|(mean, deviation)| {
                let half = (quantile * deviation).min(widest);
                (mean - half, mean + half)
            })
            .collect()
    }
}

/// Akaike's corrected criterion from −2 log-likelihood; `estimated` is without the variance.
fn corrected(cost: f64, estimated: usize, count: usize) -> f64 {
    let parameters = count_f64(estimated + 1);
    let left = count_f64(count) - parameters - 1.0;
    if left <= 0.0 {
        return f64::INFINITY;
    }
    cost + 2.0 * parameters + 2.0 * parameters * (parameters + 1.0) / left
}
