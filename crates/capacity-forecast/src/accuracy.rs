//! How good forecasts were: errors, interval scores and Brier scores, as protocol CF-1 defines them.
//!
//! With actual values a, forecasts f, n steps and the seasonal-naive scale s:
//! - MAE = mean |a − f|, RMSE = √mean (a − f)², MASE = MAE / s, sMAPE = mean 200 |a − f| / (|a| + |f|)
//!   in percent with 0/0 = 0 (Hyndman and Koehler 2006; Makridakis, M4);
//! - pinball loss at q = mean of q (a − f) where a ≥ f, else (1 − q) (f − a);
//! - WIS = mean over quantiles of 2 pinball, / s (the scaled quantile loss);
//! - MSIS = mean [(u − l) + 2/α (l − a)₊ + 2/α (a − u)₊] / s (Gneiting and Raftery 2007; M4);
//! - coverage = share of l ≤ a ≤ u; Brier = mean (p − happened)², skill = 1 − Brier / Brier of the
//!   base rate.
//!
//! Cost: O(n) each, no allocation. Vectors: `forecast/metrics.json`.
//!
//! Edge cases: an actual value that is not finite is missing: skipped and counted; forecasts must be
//! finite wherever there is an actual value; lengths must agree. A sum or quotient too large for a
//! double becomes the largest finite number.

use crate::error::ForecastError;
use crate::numeric::{at, count_f64, finite, magnitude};

/// A mean over the steps that were observed.
///
/// ```
/// use capacity_forecast::accuracy::mae;
/// # fn main() -> Result<(), capacity_forecast::ForecastError> {
/// let score = mae(&[1.0, f64::NAN, 4.0], &[2.0, 2.0, 2.0])?;
/// assert_eq!((score.value, score.observed, score.missing), (1.5, 2, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Score {
    /// The score, finite.
    pub value: f64,
    /// Steps with an actual value.
    pub observed: usize,
    /// Steps without one, which count nowhere else.
    pub missing: usize,
}

impl Score {
    fn map(self, change: impl FnOnce(f64) -> f64) -> Self {
        Self {
            value: finite(change(self.value)),
            ..self
        }
    }
}

/// Mean of a loss over the observed steps.
fn averaged<const N: usize>(
    actual: &[f64],
    forecasts: [(&str, &[f64]); N],
    mut loss: impl FnMut(f64, [f64; N]) -> f64,
) -> Result<Score, ForecastError> {
    for (what, forecast) in forecasts {
        same_length(what, forecast.len(), actual.len())?;
    }
    let observed = actual.iter().filter(|a| a.is_finite()).count();
    if observed == 0 {
        return Err(nothing_observed(actual.len()));
    }
    let count = count_f64(observed);
    let (mut sum, mut mean) = (0.0, 0.0);
    for (index, actual) in actual.iter().enumerate() {
        if !actual.is_finite() {
            continue;
        }
        for (what, forecast) in forecasts {
            if !at(forecast, index).is_finite() {
                return Err(not_finite(what, index));
            }
        }
        let loss = loss(*actual, forecasts.map(|(_, f)| at(f, index)));
        sum += loss;
        mean += loss / count;
    }
    let value = if sum < f64::INFINITY {
        sum / count
    } else {
        mean
    };
    Ok(Score {
        value: finite(value),
        observed,
        missing: actual.len() - observed,
    })
}

fn same_length(what: &str, have: usize, need: usize) -> Result<(), ForecastError> {
    if have == need {
        return Ok(());
    }
    Err(ForecastError::LengthMismatch {
        what: what.to_owned(),
        have,
        need,
    })
}

fn not_finite(what: &str, index: usize) -> ForecastError {
    ForecastError::NotFinite {
        what: what.to_owned(),
        index,
    }
}

const fn nothing_observed(count: usize) -> ForecastError {
    if count == 0 {
        ForecastError::TooShort { have: 0, need: 1 }
    } else {
        ForecastError::AllMissing { count }
    }
}

fn positive(what: &str, value: f64) -> Result<f64, ForecastError> {
    if value.is_finite() && value > 0.0 {
        return Ok(value);
    }
    Err(ForecastError::range(what, value, "above 0 and finite"))
}

fn share(what: &str, value: f64) -> Result<f64, ForecastError> {
    if value > 0.0 && value < 1.0 {
        return Ok(value);
    }
    Err(ForecastError::range(
        what,
        value,
        "within 0..1, both exclusive",
    ))
}

/// Mean absolute error, in the series' unit.
///
/// ```
/// # fn main() -> Result<(), capacity_forecast::ForecastError> {
/// assert_eq!(capacity_forecast::accuracy::mae(&[1.0, 3.0], &[2.0, 5.0])?.value, 1.5);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Lengths differ, nothing was observed, or a forecast is not finite.
pub fn mae(actual: &[f64], point: &[f64]) -> Result<Score, ForecastError> {
    averaged(actual, [("point", point)], |a, [f]| finite((a - f).abs()))
}

/// Root of the mean squared error, in the series' unit.
///
/// ```
/// # fn main() -> Result<(), capacity_forecast::ForecastError> {
/// assert_eq!(capacity_forecast::accuracy::rmse(&[1.0, 9.0], &[2.0, 2.0])?.value, 5.0);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As for [`mae`].
pub fn rmse(actual: &[f64], point: &[f64]) -> Result<Score, ForecastError> {
    let mut largest = 0.0_f64;
    averaged(actual, [("point", point)], |a, [f]| {
        largest = largest.max(finite((a - f).abs()));
        0.0
    })?;
    let unit = magnitude([&largest]);
    let square = averaged(actual, [("point", point)], |a, [f]| {
        (finite((a - f).abs()) / unit).powi(2)
    })?;
    Ok(square.map(|mean| unit * mean.sqrt()))
}

/// Symmetric mean absolute percentage error, 0 to 200 percent. Where actual and forecast are both 0,
/// the error is 0.
///
/// ```
/// # fn main() -> Result<(), capacity_forecast::ForecastError> {
/// assert_eq!(capacity_forecast::accuracy::smape(&[0.0, 3.0], &[0.0, 1.0])?.value, 50.0);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As for [`mae`].
pub fn smape(actual: &[f64], point: &[f64]) -> Result<Score, ForecastError> {
    averaged(actual, [("point", point)], |a, [f]| {
        // Halved, so that neither overflows.
        let size = a.abs() / 2.0 + f.abs() / 2.0;
        if size > 0.0 {
            200.0 * ((a / 2.0 - f / 2.0).abs() / size).min(1.0)
        } else {
            0.0
        }
    })
}

/// Mean absolute error of the seasonal naive forecast inside a training window: the mean of
/// |y(t) − y(t − season)| over the pairs of which both are observed.
///
/// ```
/// # fn main() -> Result<(), capacity_forecast::ForecastError> {
/// let train = [1.0, 5.0, 2.0, 8.0];
/// assert_eq!(capacity_forecast::accuracy::seasonal_naive_scale(&train, 2)?.value, 2.0);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// The season is 0, the window is not longer than it, or no pair was observed.
pub fn seasonal_naive_scale(train: &[f64], season: usize) -> Result<Score, ForecastError> {
    if season == 0 {
        return Err(ForecastError::range("season", season, "at least one step"));
    }
    let Some(later) = train.get(season..).filter(|l| !l.is_empty()) else {
        return Err(ForecastError::TooShort {
            have: train.len(),
            need: season.saturating_add(1),
        });
    };
    let mut pairs = later.iter().zip(train);
    let mut differences = Differences::default();
    pairs.by_ref().for_each(|(a, b)| differences.add(*a, *b));
    differences.mean(later.len())
}

/// Absolute differences of pairs, of which either may be missing.
#[derive(Default)]
struct Differences {
    sum: f64,
    halves: f64,
    count: usize,
}

impl Differences {
    fn add(&mut self, a: f64, b: f64) {
        if a.is_finite() && b.is_finite() {
            self.sum += (a - b).abs();
            self.count += 1;
            let weight = 1.0 / count_f64(self.count);
            self.halves += ((a / 2.0 - b / 2.0).abs() - self.halves) * weight;
        }
    }

    fn mean(self, pairs: usize) -> Result<Score, ForecastError> {
        if self.count == 0 {
            return Err(ForecastError::AllMissing { count: pairs });
        }
        let mean = self.sum / count_f64(self.count);
        Ok(Score {
            value: finite(if mean.is_finite() {
                mean
            } else {
                self.halves * 2.0
            }),
            observed: self.count,
            missing: pairs - self.count,
        })
    }
}

/// Mean absolute scaled error: [`mae`] over a [`seasonal_naive_scale`]. Below 1 beats the seasonal naive
/// forecast's one-season-ahead error in the training window.
///
/// ```
/// # fn main() -> Result<(), capacity_forecast::ForecastError> {
/// assert_eq!(capacity_forecast::accuracy::mase(&[1.0, 3.0], &[2.0, 5.0], 3.0)?.value, 0.5);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As for [`mae`]; the scale is not above 0 (a window that repeats itself exactly has none).
pub fn mase(actual: &[f64], point: &[f64], scale: f64) -> Result<Score, ForecastError> {
    let scale = positive("scale", scale)?;
    Ok(mae(actual, point)?.map(|mae| mae / scale))
}

/// Mean pinball loss of forecasts of the quantile `level`, in the series' unit. At 0.5 it is half of
/// [`mae`].
///
/// ```
/// # fn main() -> Result<(), capacity_forecast::ForecastError> {
/// let loss = capacity_forecast::accuracy::pinball(&[10.0, 10.0], &[8.0, 12.0], 0.75)?;
/// assert_eq!(loss.value, (0.75 * 2.0 + 0.25 * 2.0) / 2.0);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As for [`mae`]; the level is not within 0..1.
pub fn pinball(actual: &[f64], quantile: &[f64], level: f64) -> Result<Score, ForecastError> {
    let level = share("level", level)?;
    averaged(actual, [("quantile", quantile)], |a, [f]| {
        let weight = if a >= f { level } else { 1.0 - level };
        weight * finite((a - f).abs())
    })
}

/// Weighted interval score: the mean over the given quantile forecasts of twice their [`pinball`] loss,
/// over a [`seasonal_naive_scale`]. Protocol CF-1 gives the quantiles .025, .1, .5 (the point), .9 and
/// .975.
///
/// ```
/// # fn main() -> Result<(), capacity_forecast::ForecastError> {
/// use capacity_forecast::accuracy::weighted_interval_score;
/// let (low, middle, high) = ([8.0], [10.0], [12.0]);
/// let quantiles: [(f64, &[f64]); 3] = [(0.1, &low), (0.5, &middle), (0.9, &high)];
/// let score = weighted_interval_score(&[11.0], &quantiles, 1.0)?;
/// assert!((score.value - 2.0 * (0.3 + 0.5 + 0.1) / 3.0).abs() < 1e-12);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As for [`pinball`]; there are no quantiles, or the scale is not above 0.
pub fn weighted_interval_score(
    actual: &[f64],
    quantiles: &[(f64, &[f64])],
    scale: f64,
) -> Result<Score, ForecastError> {
    let scale = positive("scale", scale)?;
    let count = count_f64(quantiles.len());
    let mut total = None;
    for (level, quantile) in quantiles {
        let loss = pinball(actual, quantile, *level)?.map(|loss| loss / count);
        total = Some(total.map_or(loss, |sum: Score| sum.map(|sum| sum + loss.value)));
    }
    total
        .map(|sum| sum.map(|sum| 2.0 * sum / scale))
        .ok_or_else(|| ForecastError::range("quantiles", "empty", "at least one"))
}

/// Mean scaled interval score of central intervals that should hold the share `level`: width, plus
/// 2 / (1 − level) times what an actual value lies outside, over a [`seasonal_naive_scale`].
///
/// ```
/// # fn main() -> Result<(), capacity_forecast::ForecastError> {
/// let score = capacity_forecast::accuracy::msis(&[9.0, 13.0], &[8.0, 8.0], &[12.0, 12.0], 0.5, 2.0)?;
/// assert_eq!(score.value, (4.0 + (4.0 + 4.0 * 1.0)) / 2.0 / 2.0);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As for [`coverage`]; the level is not within 0..1, or the scale is not above 0.
pub fn msis(
    actual: &[f64],
    lower: &[f64],
    upper: &[f64],
    level: f64,
    scale: f64,
) -> Result<Score, ForecastError> {
    let scale = positive("scale", scale)?;
    let penalty = 2.0 / (1.0 - share("level", level)?);
    let bands = [("lower", lower), ("upper", upper)];
    let score = averaged(actual, bands, |a, [low, high]| {
        finite((high - low) + penalty * (low - a).max(0.0) + penalty * (a - high).max(0.0))
    })?;
    Ok(score.map(|score| score / scale))
}

/// Share of actual values within their interval, bounds included.
///
/// ```
/// # fn main() -> Result<(), capacity_forecast::ForecastError> {
/// let share = capacity_forecast::accuracy::coverage(&[1.0, 5.0], &[0.0, 0.0], &[2.0, 2.0])?;
/// assert_eq!(share.value, 0.5);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Lengths differ, nothing was observed, or a bound is not finite.
pub fn coverage(actual: &[f64], lower: &[f64], upper: &[f64]) -> Result<Score, ForecastError> {
    let bands = [("lower", lower), ("upper", upper)];
    averaged(actual, bands, |a, [low, high]| {
        f64::from(u8::from(a >= low && a <= high))
    })
}

/// Brier score of probabilities: the mean of (p − happened)². 0 is perfect; a constant ½ scores ¼.
///
/// ```
/// # fn main() -> Result<(), capacity_forecast::ForecastError> {
/// assert_eq!(capacity_forecast::accuracy::brier(&[true, false], &[0.5, 0.0])?, 0.125);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Lengths differ, there are no events, or a probability is not within 0..=1.
pub fn brier(happened: &[bool], probability: &[f64]) -> Result<f64, ForecastError> {
    same_length("probability", probability.len(), happened.len())?;
    if happened.is_empty() {
        return Err(ForecastError::TooShort { have: 0, need: 1 });
    }
    let mut sum = 0.0;
    for (index, (p, happened)) in probability.iter().zip(happened).enumerate() {
        if !(0.0..=1.0).contains(p) {
            let what = format!("probability[{index}]");
            return Err(ForecastError::range(what, p, "within 0..=1"));
        }
        sum += (p - f64::from(u8::from(*happened))).powi(2);
    }
    Ok(sum / count_f64(happened.len()))
}

/// Skill of probabilities over climatology, which always says `base_rate`: 1 − [`brier`] / its score.
/// 1 is perfect, 0 no better than the base rate, negative is worse.
///
/// ```
/// # fn main() -> Result<(), capacity_forecast::ForecastError> {
/// let happened = [true, false, true, false];
/// let skill = capacity_forecast::accuracy::brier_skill(&happened, &[0.8, 0.2, 0.8, 0.2], 0.5)?;
/// assert!((skill - 0.84).abs() < 1e-12);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As for [`brier`]; the base rate is not within 0..=1, or it is right for every event, which leaves
/// nothing to be better at.
pub fn brier_skill(
    happened: &[bool],
    probability: &[f64],
    base_rate: f64,
) -> Result<f64, ForecastError> {
    let score = brier(happened, probability)?;
    if !(0.0..=1.0).contains(&base_rate) {
        return Err(ForecastError::range("base_rate", base_rate, "within 0..=1"));
    }
    let hits = happened.iter().filter(|h| **h).count();
    let rate = count_f64(hits) / count_f64(happened.len());
    let climatology = rate * (1.0 - base_rate).powi(2) + (1.0 - rate) * base_rate.powi(2);
    let climatology = positive("climatology's Brier score", climatology)?;
    Ok(finite(1.0 - score / climatology))
}
