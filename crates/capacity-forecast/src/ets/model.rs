//! A model of the family: its form, its parameters, the state it starts in.

use core::fmt;
use core::str::FromStr;

use crate::error::ConfigError;
use crate::numeric::{at, count_f64};

/// How the error joins the forecast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum EtsError {
    /// `y = f + e`.
    Additive,
    /// `y = f (1 + e)`; for positive values.
    Multiplicative,
}

/// How the level moves on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum EtsTrend {
    /// It stays.
    None,
    /// By the same amount each step.
    Additive,
    /// By an amount that fades by the damping each step.
    Damped,
}

/// How the season joins the level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum EtsSeason {
    /// There is none.
    None,
    /// As an amount.
    Additive,
    /// As a factor; for positive values.
    Multiplicative,
}

/// By which level a multiplicative season is told from the value. An additive season is the same
/// either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum SeasonUpdate {
    /// By the level before the value: `c' = c + γ (y/q − c)`, as Hyndman et al. (2008), R and
    /// statsforecast have it.
    #[default]
    PriorLevel,
    /// By the level after it: `c' = c + γ/(1 − α) (y/l' − c)`, as Holt and Winters had it, and
    /// statsmodels has it.
    NewLevel,
}

/// A form of the family, written as in the literature: `ANN`, `AAdA`, `MAM`.
///
/// Multiplicative trends are left out: their forecasts grow without bound.
///
/// ```
/// use capacity_forecast::{EtsForm, EtsTrend};
/// let form: EtsForm = "MAdM".parse()?;
/// assert_eq!(form.trend, EtsTrend::Damped);
/// assert_eq!(form.to_string(), "MAdM");
/// # Ok::<(), capacity_forecast::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct EtsForm {
    /// How the error joins the forecast.
    pub error: EtsError,
    /// How the level moves on.
    pub trend: EtsTrend,
    /// How the season joins the level.
    pub season: EtsSeason,
}

impl EtsForm {
    /// ```
    /// use capacity_forecast::{EtsError, EtsForm, EtsSeason, EtsTrend};
    /// let form = EtsForm::new(EtsError::Additive, EtsTrend::None, EtsSeason::Additive);
    /// assert_eq!(form.to_string(), "ANA");
    /// ```
    #[must_use]
    pub const fn new(error: EtsError, trend: EtsTrend, season: EtsSeason) -> Self {
        Self {
            error,
            trend,
            season,
        }
    }

    pub(super) fn is_seasonal(self) -> bool {
        self.season != EtsSeason::None
    }

    pub(super) fn has_trend(self) -> bool {
        self.trend != EtsTrend::None
    }

    pub(super) fn is_damped(self) -> bool {
        self.trend == EtsTrend::Damped
    }

    /// Whether it needs positive values.
    pub(super) fn is_multiplicative(self) -> bool {
        self.error == EtsError::Multiplicative || self.season == EtsSeason::Multiplicative
    }
}

impl fmt::Display for EtsForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.error {
            EtsError::Additive => "A",
            EtsError::Multiplicative => "M",
        })?;
        f.write_str(match self.trend {
            EtsTrend::None => "N",
            EtsTrend::Additive => "A",
            EtsTrend::Damped => "Ad",
        })?;
        f.write_str(match self.season {
            EtsSeason::None => "N",
            EtsSeason::Additive => "A",
            EtsSeason::Multiplicative => "M",
        })
    }
}

impl FromStr for EtsForm {
    type Err = ConfigError;

    fn from_str(name: &str) -> Result<Self, ConfigError> {
        let bad = || {
            ConfigError::range(
                "form",
                name,
                "error A or M, trend N, A or Ad, season N, A or M, such as AAdN",
            )
        };
        let (error, rest) = match name.split_at_checked(1).ok_or_else(bad)? {
            ("A", rest) => (EtsError::Additive, rest),
            ("M", rest) => (EtsError::Multiplicative, rest),
            _ => return Err(bad()),
        };
        let cut = rest.len().saturating_sub(1);
        let (trend, season) = rest.split_at_checked(cut).ok_or_else(bad)?;
        let trend = match trend {
            "N" => EtsTrend::None,
            "A" => EtsTrend::Additive,
            "Ad" => EtsTrend::Damped,
            _ => return Err(bad()),
        };
        let season = match season {
            "N" => EtsSeason::None,
            "A" => EtsSeason::Additive,
            "M" => EtsSeason::Multiplicative,
            _ => return Err(bad()),
        };
        Ok(Self::new(error, trend, season))
    }
}

/// The smoothing parameters, as Hyndman et al. (2008) write them: `trend` is β = α β*.
///
/// What a form does not have is left out of account.
///
/// ```
/// use capacity_forecast::EtsParameters;
/// let parameters = EtsParameters { level: 0.3, ..EtsParameters::default() };
/// assert_eq!(parameters.damping, 1.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct EtsParameters {
    /// α: the share of an error that stays in the level. Default 0.1.
    pub level: f64,
    /// β: the share of an error that stays in the trend. Default 0.
    pub trend: f64,
    /// γ: the share of an error that stays in the season. Default 0.
    pub season: f64,
    /// φ: what is left of the trend after a step, above 0 and at most 1. Default 1.
    pub damping: f64,
}

impl Default for EtsParameters {
    fn default() -> Self {
        Self {
            level: 0.1,
            trend: 0.0,
            season: 0.0,
            damping: 1.0,
        }
    }
}

/// A state: level, trend, and one value of the season for each step of the period to come.
///
/// ```
/// use capacity_forecast::EtsState;
/// let state = EtsState { level: 50.0, trend: 0.0, season: vec![4.0, -4.0] };
/// assert_eq!(state.season.len(), 2);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct EtsState {
    /// Level, in the unit of the values.
    pub level: f64,
    /// Change a step; left out of account without a trend.
    pub trend: f64,
    /// Amounts or factors, the next step's first; empty without a season.
    pub season: Vec<f64>,
}

/// A model with known parameters and a known start.
///
/// ```
/// use capacity_forecast::{Ets, EtsParameters, EtsState};
/// let parameters = EtsParameters { level: 0.5, ..EtsParameters::default() };
/// let start = EtsState { level: 10.0, ..EtsState::default() };
/// let fit = Ets::new("ANN".parse()?, parameters, start)?.filter(&[12.0, 11.0, 13.0])?;
/// assert_eq!(fit.fitted(), &[10.0, 11.0, 11.0]);
/// let mut ahead = [0.0];
/// assert!(fit.forecast(&mut ahead));
/// assert_eq!(ahead, [12.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Ets {
    form: EtsForm,
    parameters: EtsParameters,
    start: EtsState,
    season_update: SeasonUpdate,
}

impl Ets {
    /// # Errors
    /// [`ConfigError`] where a number is not finite, the season's length contradicts the form (at
    /// least 2 for a seasonal one, otherwise 0), the damping is not within 0 to 1, or the parameters
    /// are neither in the usual region (0 ≤ β ≤ α ≤ 1, 0 ≤ γ ≤ 1 − α) nor
    /// [admissible](Self::is_admissible).
    ///
    /// ```
    /// use capacity_forecast::{Ets, EtsParameters, EtsState};
    /// let parameters = EtsParameters { level: 2.5, ..EtsParameters::default() };
    /// assert!(Ets::new("ANN".parse()?, parameters, EtsState::default()).is_err());
    /// # Ok::<(), capacity_forecast::ConfigError>(())
    /// ```
    pub fn new(
        form: EtsForm,
        parameters: EtsParameters,
        start: EtsState,
    ) -> Result<Self, ConfigError> {
        let numbers = [
            ("parameters.level", parameters.level),
            ("parameters.trend", parameters.trend),
            ("parameters.season", parameters.season),
            ("parameters.damping", parameters.damping),
            ("start.level", start.level),
            ("start.trend", start.trend),
        ];
        let season = start.season.iter().map(|s| ("start.season", *s));
        for (field, value) in numbers.into_iter().chain(season) {
            if !value.is_finite() {
                return Err(ConfigError::range(field, value, "a finite number"));
            }
        }
        let length = start.season.len();
        if form.is_seasonal() && length < 2 {
            return Err(ConfigError::range(
                "start.season.len()",
                length,
                "at least 2",
            ));
        }
        if !form.is_seasonal() && length > 0 {
            return Err(ConfigError::range(
                "start.season.len()",
                length,
                "0 without a season",
            ));
        }
        let model = Self {
            form,
            parameters: relevant(form, parameters),
            start,
            season_update: SeasonUpdate::default(),
        };
        if !model.is_usual() && !model.is_admissible() {
            let EtsParameters {
                level,
                trend,
                season,
                damping,
            } = model.parameters;
            return Err(ConfigError::range(
                "parameters",
                format!("{level}, {trend}, {season}, {damping}"),
                "within 0 <= trend <= level <= 1, 0 <= season <= 1 - level, or admissible",
            ));
        }
        Ok(model)
    }

    /// For parameters and states that a search has found.
    pub(super) fn found(form: EtsForm, parameters: EtsParameters, start: EtsState) -> Option<Self> {
        Self::new(form, parameters, start)
            .ok()
            .filter(Self::is_admissible)
    }

    /// Sets by which level a multiplicative season is told. Default: the prior one.
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// let model = Ets::new("ANN".parse()?, EtsParameters::default(), EtsState::default())?
    ///     .with_season_update(SeasonUpdate::NewLevel);
    /// assert_eq!(model.season_update(), SeasonUpdate::NewLevel);
    /// # Ok::<(), ConfigError>(())
    /// ```
    #[must_use]
    pub const fn with_season_update(mut self, value: SeasonUpdate) -> Self {
        self.season_update = value;
        self
    }

    /// By which level a multiplicative season is told.
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// let model = Ets::new("ANN".parse()?, EtsParameters::default(), EtsState::default())?;
    /// assert_eq!(model.season_update(), SeasonUpdate::PriorLevel);
    /// # Ok::<(), ConfigError>(())
    /// ```
    #[must_use]
    pub const fn season_update(&self) -> SeasonUpdate {
        self.season_update
    }

    /// The form.
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// let model = Ets::new("ANN".parse()?, EtsParameters::default(), EtsState::default())?;
    /// assert_eq!(model.form().to_string(), "ANN");
    /// # Ok::<(), ConfigError>(())
    /// ```
    #[must_use]
    pub const fn form(&self) -> EtsForm {
        self.form
    }

    /// The parameters; 0 for what the form does not have, and damping 1.
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// let model = Ets::new("ANN".parse()?, EtsParameters::default(), EtsState::default())?;
    /// assert_eq!(model.parameters().level, 0.1);
    /// # Ok::<(), ConfigError>(())
    /// ```
    #[must_use]
    pub const fn parameters(&self) -> EtsParameters {
        self.parameters
    }

    /// The state before the first value.
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// let model = Ets::new("ANN".parse()?, EtsParameters::default(), EtsState::default())?;
    /// assert_eq!(model.start(), &EtsState::default());
    /// # Ok::<(), ConfigError>(())
    /// ```
    #[must_use]
    pub const fn start(&self) -> &EtsState {
        &self.start
    }

    /// Steps a season; 1 without one.
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// let model = Ets::new("ANN".parse()?, EtsParameters::default(), EtsState::default())?;
    /// assert_eq!(model.period(), 1);
    /// # Ok::<(), ConfigError>(())
    /// ```
    #[must_use]
    pub fn period(&self) -> usize {
        self.start.season.len().max(1)
    }

    fn is_usual(&self) -> bool {
        let EtsParameters {
            level,
            trend,
            season,
            damping,
        } = self.parameters;
        (0.0..=1.0).contains(&level)
            && (0.0..=level).contains(&trend)
            && (0.0..=1.0 - level).contains(&season)
            && damping > 0.0
            && damping <= 1.0
    }

    /// Whether an error fades out of the forecasts: the admissible region of Hyndman et al. (2008,
    /// chapter 10) for the additive form, which the multiplicative ones are held to as well.
    ///
    /// Without a season by inequalities; with one, all roots of the characteristic polynomial must
    /// lie within the unit circle (1e-9 tolerated), told by the Schur–Cohn recursion in O(m²).
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// let model = Ets::new("ANN".parse()?, EtsParameters::default(), EtsState::default())?;
    /// assert!(model.is_admissible());
    /// # Ok::<(), ConfigError>(())
    /// ```
    #[must_use]
    pub fn is_admissible(&self) -> bool {
        let EtsParameters {
            level: alpha,
            trend: beta,
            season: gamma,
            damping: phi,
        } = self.parameters;
        if phi <= 0.0 || phi > 1.0 {
            return false;
        }
        if !self.form.is_seasonal() {
            return alpha >= 1.0 - 1.0 / phi
                && alpha <= 1.0 + 1.0 / phi
                && beta >= alpha * (phi - 1.0)
                && beta <= (1.0 + phi) * (2.0 - alpha);
        }
        let period = self.period();
        let m = count_f64(period);
        if gamma < (1.0 - 1.0 / phi - alpha).max(0.0)
            || gamma > 1.0 + 1.0 / phi - alpha
            || alpha < 1.0 - 1.0 / phi - gamma * (1.0 - m + phi + phi * m) / (2.0 * phi * m)
            || beta < -(1.0 - phi) * (gamma / m + alpha)
        {
            return false;
        }
        // Highest power first: x^(m+1) + … + constant.
        let mut polynomial = Vec::with_capacity(period + 2);
        polynomial.push(1.0);
        polynomial.push(alpha + beta - phi);
        polynomial.resize(period, alpha + beta - alpha * phi);
        polynomial.push(alpha + beta - alpha * phi + gamma - 1.0);
        polynomial.push(phi * (1.0 - alpha - gamma));
        roots_within_unit_circle(polynomial)
    }
}

/// What a form does not have has no effect.
fn relevant(form: EtsForm, parameters: EtsParameters) -> EtsParameters {
    EtsParameters {
        level: parameters.level,
        trend: if form.has_trend() {
            parameters.trend
        } else {
            0.0
        },
        season: if form.is_seasonal() {
            parameters.season
        } else {
            0.0
        },
        damping: if form.is_damped() {
            parameters.damping
        } else {
            1.0
        },
    }
}

/// Schur–Cohn: each step takes off one degree and one reflection, which must stay below 1. A root
/// on the circle itself is allowed, as rounding decides about it.
fn roots_within_unit_circle(mut polynomial: Vec<f64>) -> bool {
    const TOLERANCE: f64 = 1e-6;
    while polynomial.len() > 1 {
        let (first, last) = (
            at(&polynomial, 0),
            at(&polynomial, polynomial.len().saturating_sub(1)),
        );
        let reflection = last / first;
        if !reflection.is_finite() || reflection.abs() > 1.0 + TOLERANCE {
            return false;
        }
        let rest = 1.0 - reflection * reflection;
        if rest <= TOLERANCE {
            // All remaining roots lie on the circle.
            return true;
        }
        let reversed: Vec<f64> = polynomial.iter().rev().copied().collect();
        for (value, mirror) in polynomial.iter_mut().zip(reversed) {
            *value = (*value - reflection * mirror) / rest;
        }
        polynomial.pop();
    }
    true
}
