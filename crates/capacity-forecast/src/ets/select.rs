//! Which form: the one of the least AICc.

use super::fit::{Search, parameter_count};
use super::model::{EtsError, EtsForm, EtsSeason, EtsTrend};
use super::{EtsFit, corrected};
use crate::error::ForecastError;
use crate::forecaster::{Forecaster, History, check_finite};
use crate::seasonal::{is_constant, range};

/// Iterations of each form before only the best go on.
const SCREEN: usize = 12;
/// A form within this of the best AICc after the screening goes on.
const CONTENDER: f64 = 12.0;
/// At most so many go on.
const CONTENDERS: usize = 4;
/// Most iterations for those.
const FINISH: usize = 400;
/// An iteration that lowers −2 log-likelihood by less ends the search.
const SCREEN_TOLERANCE: f64 = 1e-2;
const FINISH_TOLERANCE: f64 = 1e-6;
/// Longest season, in steps.
const LONGEST: usize = 400;

/// Picks the form of the least AICc and estimates its parameters and its start.
///
/// Considered are all combinations of an additive and a multiplicative error, no trend, an additive
/// and a damped one, no season, an additive and a multiplicative one, without additive errors on
/// multiplicative seasons (unstable). Parameters lie in the usual region (0 < β < α < 1,
/// 0 < γ < 1 − α, 0.8 ≤ φ ≤ 0.98) within the admissible one. Each form is searched for a few
/// iterations; the best, at most four of them, are searched to the end.
///
/// As a [`Forecaster`] it takes the shortest season.
///
/// ```
/// use capacity_forecast::AutoEts;
/// let values: Vec<f64> = (0..48).map(|t| 20.0 + 5.0 * f64::from(t % 6) + f64::from(t * 7 % 5)).collect();
/// let fit = AutoEts::new().fit(&values, 6)?;
/// assert_eq!(fit.end().season.len(), 6);
/// # Ok::<(), capacity_forecast::ForecastError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AutoEts {
    /// Leaves the multiplicative forms out. Default: no, though they are left out anyway where a
    /// value is not above 0.
    pub additive_only: bool,
}

impl AutoEts {
    /// ```
    /// use capacity_forecast::AutoEts;
    /// assert!(!AutoEts::new().additive_only);
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self {
            additive_only: false,
        }
    }

    /// Sets [`additive_only`](Self::additive_only).
    ///
    /// ```
    /// use capacity_forecast::AutoEts;
    /// assert!(AutoEts::new().with_additive_only(true).additive_only);
    /// ```
    #[must_use]
    pub const fn with_additive_only(mut self, value: bool) -> Self {
        self.additive_only = value;
        self
    }

    /// Fits to `values`, evenly spaced, with a season of `season` steps (0 or 1: none). A season
    /// needs two cycles, and more values than the form has parameters.
    ///
    /// # Errors
    /// [`ForecastError::NotFinite`], [`ForecastError::Constant`], [`ForecastError::TooShort`] (a
    /// season: two cycles and six values more than its steps; otherwise 6 values),
    /// [`ForecastError::OutOfRange`] for a season above 400 steps, [`ForecastError::NoFit`] where no
    /// form follows the values.
    ///
    /// ```
    /// use capacity_forecast::{AutoEts, ForecastError};
    /// let refused = AutoEts::new().fit(&[1.0, 2.0], 0);
    /// assert_eq!(refused, Err(ForecastError::TooShort { have: 2, need: 6 }));
    /// ```
    pub fn fit(&self, values: &[f64], season: usize) -> Result<EtsFit, ForecastError> {
        let period = season.max(1);
        if period > LONGEST {
            return Err(ForecastError::OutOfRange {
                what: "the season".to_owned(),
                value: season.to_string(),
                bound: format!("at most {LONGEST} steps"),
            });
        }
        check_finite(values)?;
        let seasonal = period > 1;
        let need = if seasonal {
            (2 * period).max(period + 6)
        } else {
            6
        };
        if values.len() < need {
            return Err(ForecastError::TooShort {
                have: values.len(),
                need,
            });
        }
        let (low, high) = range(values);
        if is_constant(values) {
            return Err(ForecastError::Constant {
                count: values.len(),
                value: low,
            });
        }
        // In units of the greatest value nothing overflows.
        let scale = low.abs().max(high.abs());
        let scaled: Vec<f64> = values.iter().map(|v| v / scale).collect();
        let positive = low > 0.0 && !self.additive_only;
        let forms = forms().filter(|form| {
            (positive || !form.is_multiplicative())
                && (seasonal || !form.is_seasonal())
                && parameter_count(*form, period) + 2 < values.len()
        });
        let mut searches: Vec<(f64, Search)> = forms
            .filter_map(|form| {
                let mut search = Search::begin(form, &scaled, period)?;
                search.improve(&scaled, SCREEN, SCREEN_TOLERANCE);
                Some((criterion(&search, values.len())?, search))
            })
            .collect();
        searches.sort_by(|a, b| a.0.total_cmp(&b.0));
        let best = searches.first().map_or(0.0, |(aicc, _)| *aicc);
        searches.truncate(CONTENDERS);
        searches.retain(|(aicc, _)| *aicc <= best + CONTENDER);
        for (aicc, search) in &mut searches {
            search.improve(&scaled, FINISH, FINISH_TOLERANCE);
            *aicc = criterion(search, values.len()).unwrap_or(f64::INFINITY);
        }
        searches.sort_by(|a, b| a.0.total_cmp(&b.0));
        searches
            .iter()
            .find_map(|(_, search)| {
                let model = search.model(scale)?;
                let fit = model.filter_with(values, search.parameter_count()).ok()?;
                fit.aicc().is_finite().then_some(fit)
            })
            .ok_or_else(|| ForecastError::NoFit {
                model: "ETS".to_owned(),
            })
    }
}

fn criterion(search: &Search, count: usize) -> Option<f64> {
    let aicc = corrected(search.cost, search.parameter_count(), count);
    aicc.is_finite().then_some(aicc)
}

/// All forms that are considered.
fn forms() -> impl Iterator<Item = EtsForm> {
    let errors = [EtsError::Additive, EtsError::Multiplicative];
    let trends = [EtsTrend::None, EtsTrend::Additive, EtsTrend::Damped];
    let seasons = [
        EtsSeason::None,
        EtsSeason::Additive,
        EtsSeason::Multiplicative,
    ];
    errors
        .into_iter()
        .flat_map(move |error| {
            trends.into_iter().flat_map(move |trend| {
                seasons
                    .into_iter()
                    .map(move |season| EtsForm::new(error, trend, season))
            })
        })
        .filter(|form| {
            form.error == EtsError::Multiplicative || form.season != EtsSeason::Multiplicative
        })
}

impl Forecaster for AutoEts {
    fn name(&self) -> &str {
        "ets"
    }

    fn forecast(&self, history: &History<'_>, out: &mut [f64]) -> bool {
        self.fit(history.values(), history.season())
            .is_ok_and(|fit| fit.forecast(out))
    }
}
