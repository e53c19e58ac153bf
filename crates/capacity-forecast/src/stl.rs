//! Seasonal-trend decomposition by Loess, for one season ([`Stl`]) and several ([`Mstl`]).
//!
//! Values = trend + season(s) + remainder. The inner loop smooths each phase of the cycle over the
//! cycles (window `n_s`), takes a low-pass of the result out of it (window: the next odd number
//! above the season), and smooths what is left for the trend (window `n_t`, by default the next odd
//! number from `1.5 m/(1 − 1.5/n_s)` on). The outer loop weighs values down by their remainder.
//! [`Stl`] has statsmodels' choices: local lines throughout, every point computed, 5 inner loops, or
//! 2 and 15 outer ones if robust. [`Mstl`] has those of R's `mstl`: windows 11, 15, … by season, two
//! passes over the seasons.
//!
//! Source: Cleveland, Cleveland, McRae & Terpenning (1990); Bandara, Hyndman & Bergmeir (2021). The
//! smoothing itself is the crate `stlrs`. Cost: O(n (n_s + n_t + m)) a loop. Fewer than two cycles,
//! NaN and seasons below 2 are refused; a constant series has a constant trend.
//! Vectors: `stl_statsmodels.json`.

use crate::error::{ConfigError, ForecastError};
use crate::ets::AutoEts;
use crate::forecaster::{Forecaster, History, check_finite};
use crate::numeric::{count_f64, tail, trunc_count};
use crate::seasonal::range;

/// How [`Stl`] decomposes.
///
/// ```
/// use capacity_forecast::{Stl, StlConfig};
/// let stl = Stl::new(StlConfig::default().with_period(7).with_robust(true))?;
/// assert_eq!(stl.config().period, 7);
/// # Ok::<(), capacity_forecast::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct StlConfig {
    /// Steps a season, at least 2. Default 24.
    pub period: usize,
    /// Cycles that the smoothing of a phase looks at: odd, at least 3. `None`: all cycles count
    /// alike, so that the season repeats itself. Default 7.
    pub seasonal_window: Option<usize>,
    /// Steps that the trend's smoothing looks at: odd, at least 3, above the period. Default `None`:
    /// the next odd number from `1.5 m/(1 − 1.5/n_s)` on.
    pub trend_window: Option<usize>,
    /// Whether outliers are weighed down. Default no.
    pub robust: bool,
    /// Rounds of season and trend, at least 1. Default `None`: 5, or 2 if robust.
    pub inner_loops: Option<usize>,
    /// Rounds of weighing down. Default `None`: 0, or 15 if robust.
    pub outer_loops: Option<usize>,
}

impl Default for StlConfig {
    fn default() -> Self {
        Self {
            period: 24,
            seasonal_window: Some(7),
            trend_window: None,
            robust: false,
            inner_loops: None,
            outer_loops: None,
        }
    }
}

macro_rules! setters {
    ($($setter:ident: $field:ident, $type:ty, $example:literal;)*) => {$(
        #[doc = concat!("Sets [`", stringify!($field), "`](Self::", stringify!($field), ").")]
        #[doc = concat!(
            "\n```\nlet config = capacity_forecast::StlConfig::default().", stringify!($setter), "(",
            $example, ");\nassert_eq!(config.", stringify!($field), ", ", $example, ");\n```"
        )]
        #[must_use]
        pub fn $setter(mut self, value: $type) -> Self {
            self.$field = value;
            self
        }
    )*};
}

impl StlConfig {
    setters! {
        with_period: period, usize, "7";
        with_seasonal_window: seasonal_window, Option<usize>, "None";
        with_trend_window: trend_window, Option<usize>, "Some(37)";
        with_robust: robust, bool, "true";
        with_inner_loops: inner_loops, Option<usize>, "Some(2)";
        with_outer_loops: outer_loops, Option<usize>, "Some(15)";
    }
}

/// The next odd number from `value` on.
const fn odd(value: usize) -> usize {
    value | 1
}

fn check_window(
    field: &'static str,
    window: Option<usize>,
    least: usize,
    bound: &'static str,
) -> Result<(), ConfigError> {
    match window {
        Some(window) if window < least || window.is_multiple_of(2) => {
            Err(ConfigError::range(field, window, bound))
        }
        _ => Ok(()),
    }
}

/// Decomposes a series with one season.
///
/// ```
/// use capacity_forecast::{Stl, StlConfig};
/// let values: Vec<f64> = (0..70).map(|t| f64::from(t) + [0.0, 5.0, 1.0][t as usize % 3]).collect();
/// let parts = Stl::new(StlConfig::default().with_period(3))?.decompose(&values)?;
/// assert!((parts.trend[30] - 32.0).abs() < 0.5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stl {
    config: StlConfig,
}

/// What a series is made of: the parts add up to it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Decomposition {
    /// The slow part.
    pub trend: Vec<f64>,
    /// One part a season, in the order asked for.
    pub seasonal: Vec<Vec<f64>>,
    /// What is left.
    pub remainder: Vec<f64>,
}

impl Stl {
    /// # Errors
    /// [`ConfigError`] for a period below 2, a window that is even or below 3, a trend window that
    /// is not above the period, no inner loop.
    ///
    /// ```
    /// use capacity_forecast::{Stl, StlConfig};
    /// let refused = Stl::new(StlConfig::default().with_seasonal_window(Some(8)));
    /// assert_eq!(refused.unwrap_err().to_string(), "seasonal_window is 8, must be odd and at least 3");
    /// ```
    pub fn new(config: StlConfig) -> Result<Self, ConfigError> {
        if config.period < 2 {
            return Err(ConfigError::range("period", config.period, "at least 2"));
        }
        let bound = "odd and at least 3";
        check_window("seasonal_window", config.seasonal_window, 3, bound)?;
        let bound = "odd, at least 3 and above the period";
        check_window(
            "trend_window",
            config.trend_window,
            config.period + 1,
            bound,
        )?;
        if config.inner_loops == Some(0) {
            return Err(ConfigError::range("inner_loops", 0, "at least 1"));
        }
        Ok(Self { config })
    }

    /// The configuration.
    ///
    /// ```
    /// use capacity_forecast::{Stl, StlConfig};
    /// assert_eq!(Stl::new(StlConfig::default())?.config(), &StlConfig::default());
    /// # Ok::<(), capacity_forecast::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn config(&self) -> &StlConfig {
        &self.config
    }

    /// Decomposes `values`, evenly spaced.
    ///
    /// # Errors
    /// [`ForecastError::NotFinite`]; [`ForecastError::TooShort`] below two cycles;
    /// [`ForecastError::NoFit`] where sums overflow.
    ///
    /// ```
    /// use capacity_forecast::{ForecastError, Stl, StlConfig};
    /// let refused = Stl::new(StlConfig::default())?.decompose(&[1.0; 9]);
    /// assert_eq!(refused, Err(ForecastError::TooShort { have: 9, need: 48 }));
    /// # Ok::<(), capacity_forecast::ConfigError>(())
    /// ```
    pub fn decompose(&self, values: &[f64]) -> Result<Decomposition, ForecastError> {
        let StlConfig {
            period,
            seasonal_window,
            trend_window,
            robust,
            inner_loops,
            outer_loops,
        } = self.config;
        let (scale, scaled) = scaled(values, period)?;
        let count = values.len();
        // A window of many times the series weighs all cycles alike.
        let window = seasonal_window.unwrap_or(odd(10 * count));
        let trend = 1.5 * count_f64(period) / (1.0 - 1.5 / count_f64(window));
        let mut params = stlrs::StlParams::new();
        params
            .seasonal_length(window)
            .trend_length(trend_window.unwrap_or(odd(trunc_count(trend.ceil()))))
            .low_pass_length(odd(period + 1))
            .seasonal_degree(i32::from(seasonal_window.is_some()))
            .trend_degree(1)
            .low_pass_degree(1)
            .seasonal_jump(1)
            .trend_jump(1)
            .low_pass_jump(1)
            .inner_loops(inner_loops.unwrap_or(if robust { 2 } else { 5 }))
            .outer_loops(outer_loops.unwrap_or(if robust { 15 } else { 0 }))
            .robust(robust);
        let (seasonal, trend, remainder, _) = params
            .fit(&scaled, period)
            .map_err(|_| no_fit("STL"))?
            .into_parts();
        finished("STL", scale, trend, vec![seasonal], remainder)
    }
}

fn no_fit(model: &str) -> ForecastError {
    ForecastError::NoFit {
        model: model.to_owned(),
    }
}

/// Values in units of the greatest one, so that nothing overflows.
fn scaled(values: &[f64], period: usize) -> Result<(f64, Vec<f64>), ForecastError> {
    check_finite(values)?;
    let need = period.saturating_mul(2);
    if values.len() < need {
        return Err(ForecastError::TooShort {
            have: values.len(),
            need,
        });
    }
    let (low, high) = range(values);
    let greatest = low.abs().max(high.abs());
    let scale = if greatest >= f64::MIN_POSITIVE {
        greatest
    } else {
        1.0
    };
    Ok((scale, values.iter().map(|v| v / scale).collect()))
}

fn finished(
    model: &str,
    scale: f64,
    mut trend: Vec<f64>,
    mut seasonal: Vec<Vec<f64>>,
    mut remainder: Vec<f64>,
) -> Result<Decomposition, ForecastError> {
    let seasons = seasonal.iter_mut().flatten();
    for value in trend.iter_mut().chain(seasons).chain(&mut remainder) {
        *value *= scale;
        if !value.is_finite() {
            return Err(no_fit(model));
        }
    }
    Ok(Decomposition {
        trend,
        seasonal,
        remainder,
    })
}

/// Decomposes a series with several seasons, and forecasts it: the last cycle of each season and
/// [`AutoEts`] without a season for the rest (a level where that is constant).
///
/// As a [`Forecaster`] it takes every season of the history of which there are two cycles; at least
/// the shortest one. Without a season it is [`AutoEts`].
///
/// ```
/// use capacity_forecast::Mstl;
/// let values: Vec<f64> = (0..60).map(|t| f64::from(t % 3) + 2.0 * f64::from(t % 10)).collect();
/// let parts = Mstl::new().decompose(&values, &[3, 10])?;
/// assert_eq!(parts.seasonal.len(), 2);
/// # Ok::<(), capacity_forecast::ForecastError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mstl {
    robust: bool,
}

impl Mstl {
    /// ```
    /// assert_eq!(capacity_forecast::Mstl::new(), capacity_forecast::Mstl::default());
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self { robust: false }
    }

    /// Whether outliers are weighed down. Default no; about eight times the cost.
    ///
    /// ```
    /// # use capacity_forecast::Mstl;
    /// assert_ne!(Mstl::new().with_robust(true), Mstl::new());
    /// ```
    #[must_use]
    pub const fn with_robust(mut self, robust: bool) -> Self {
        self.robust = robust;
        self
    }

    /// Decomposes `values`, evenly spaced, by `seasons`, each at least 2 steps.
    ///
    /// # Errors
    /// [`ForecastError::OutOfRange`] for no season or one below 2; [`ForecastError::NotFinite`];
    /// [`ForecastError::TooShort`] below two cycles of the longest; [`ForecastError::NoFit`] where
    /// sums overflow.
    ///
    /// ```
    /// use capacity_forecast::{ForecastError, Mstl};
    /// let refused = Mstl::new().decompose(&[1.0; 9], &[2, 5]);
    /// assert_eq!(refused, Err(ForecastError::TooShort { have: 9, need: 10 }));
    /// ```
    pub fn decompose(
        &self,
        values: &[f64],
        seasons: &[usize],
    ) -> Result<Decomposition, ForecastError> {
        let least = seasons.iter().copied().min().unwrap_or(0);
        if least < 2 {
            return Err(ForecastError::OutOfRange {
                what: "the shortest season".to_owned(),
                value: least.to_string(),
                bound: "at least 2 steps".to_owned(),
            });
        }
        let longest = seasons.iter().copied().max().unwrap_or(0);
        let (scale, scaled) = scaled(values, longest)?;
        let mut stl = stlrs::StlParams::new();
        stl.robust(self.robust);
        let (seasonal, trend, remainder) = stlrs::MstlParams::new()
            .stl_params(stl)
            .fit(&scaled, seasons)
            .map_err(|_| no_fit("MSTL"))?
            .into_parts();
        finished("MSTL", scale, trend, seasonal, remainder)
    }
}

impl Forecaster for Mstl {
    fn name(&self) -> &str {
        "mstl"
    }

    fn forecast(&self, history: &History<'_>, out: &mut [f64]) -> bool {
        let values = history.values();
        let fitting = history.seasons().iter();
        let seasons: Vec<usize> = fitting
            .copied()
            .filter(|m| values.len() / 2 >= *m)
            .collect();
        if history.seasons().is_empty() {
            return AutoEts::new().forecast(history, out);
        }
        let Ok(parts) = self.decompose(values, &seasons) else {
            return false;
        };
        let rest = parts.trend.iter().zip(&parts.remainder);
        let rest: Vec<f64> = rest.map(|(trend, left)| trend + left).collect();
        match AutoEts::new().fit(&rest, 1) {
            Ok(fit) => {
                if !fit.forecast(out) {
                    return false;
                }
            }
            Err(ForecastError::Constant { value, .. }) => out.fill(value),
            Err(_) => return false,
        }
        for (season, part) in seasons.iter().zip(&parts.seasonal) {
            let cycle = tail(part, *season).iter().cycle();
            for (out, seasonal) in out.iter_mut().zip(cycle) {
                *out += seasonal;
            }
        }
        out.iter().all(|v| v.is_finite())
    }
}
