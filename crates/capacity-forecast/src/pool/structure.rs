//! A structural model of the whole history: a trend of the cycles' levels by the Bayesian
//! information criterion, the weekday, the hour's profile, cells of the week that stand out, and a
//! period found in the data. No member of the pool: it answers when a limit is reached far ahead.
//!
//! Where there is no season a fortieth of the history, four steps at least, is the cycle: enough of
//! them for any shape, and 30 to 60 do as well.

use super::seasonal::median_profile;
use super::shape::{self, Fitted, Shape};
use super::task::Task;
use crate::numeric::{at, count_f64, line, mean, median, part, tail, trunc_count};
use crate::trend::theil_sen_slope;

/// Cycles that levels are taken of, and that the profile is taken over.
const CYCLES: usize = 60;
const PROFILE_CYCLES: usize = 14;
const PERIOD_CYCLES: usize = 10;
/// A cell of the week stands out from this many standard errors on, where this share of the weeks
/// agree in sign.
const CELL_ERRORS: f64 = 3.0;
const CELL_AGREE: f64 = 0.8;
const CELL_WEEKS: usize = 8;
/// Autocorrelation of the levels that makes the model inadequate, from and to.
const INADEQUATE: (f64, f64) = (0.2, 0.7);
/// Cycles below which it is not believed; after a break.
const FEWEST_CYCLES: f64 = 10.0;
const FEWEST_AFTER_BREAK: f64 = 4.0;
/// Residuals are those of a fit: new ones are this much larger, and the level this much less sure.
const RESIDUALS: f64 = 1.03;
const LEVEL_ERROR: f64 = 1.3;
/// A slope after a bend lasts from this many standard errors on.
const SURE_SLOPE: f64 = 2.0;
/// A break counts for the backtest from this margin of the criterion on.
const BREAK_MARGIN: f64 = 6.0;

/// The fitted model.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Structure {
    /// 0 where it does not describe the history, 1 where nothing speaks against it.
    pub(crate) adequacy: f64,
    /// Whether the level keeps growing or falling, so that the past is not what is to come, or there are too few
    /// cycles to tell.
    pub(crate) is_trend: bool,
    /// Steps of a cycle: the season's, or a share of the history where there is none.
    pub(crate) block: usize,
    pub(crate) shape: Shape,
    /// Forecast, one a step.
    pub(crate) point: Vec<f64>,
    /// What it left of whole cycles; NaN where nothing was seen.
    #[cfg_attr(feature = "serde", serde(with = "crate::gaps"))]
    pub(crate) residuals: Vec<f64>,
    /// Standard deviation of the level, one a cycle ahead.
    pub(crate) level_deviation: Vec<f64>,
    /// Step from which on a new level or slope holds.
    pub(crate) broke_at: Option<usize>,
}

/// The cycles' levels less what the weekday adds.
struct Levels {
    cycles: Vec<f64>,
    weekday: Vec<f64>,
    fitted: Fitted,
}

impl Levels {
    /// `week`: cycles of the long season, 1 where there is none.
    fn fit(raw: &[f64], week: usize, cap: Option<f64>) -> Self {
        let count = raw.len();
        let mut levels = Self {
            cycles: raw.to_vec(),
            weekday: vec![0.0; week],
            fitted: Fitted {
                shape: Shape::Line {
                    level: 0.0,
                    slope: theil_sen_slope(raw),
                },
                margin: 0.0,
            },
        };
        let weeks = week > 1 && count >= 2 * week;
        for _ in 0..if weeks { 2 } else { 1 } {
            if weeks {
                levels.weekdays(raw);
            }
            levels.fitted = shape::fit(&levels.cycles, cap);
        }
        levels
    }

    /// Medians of each weekday, shrunk to nothing by how much they differ by chance.
    fn weekdays(&mut self, raw: &[f64]) {
        let week = self.weekday.len();
        let count = raw.len();
        let shape = self.fitted.shape;
        let rest: Vec<f64> = (0..)
            .zip(raw)
            .map(|(cycle, level)| level - shape.at(f64::from(cycle)))
            .collect();
        let middle = median(&mut rest.clone());
        let (mut within, mut freedom) = (0.0, 0.0);
        for slot in 0..week {
            // The first slot is that of the first cycle ahead.
            let first = (slot + count) % week;
            let mut own: Vec<f64> = rest.iter().skip(first).step_by(week).copied().collect();
            for value in &mut own {
                *value -= middle;
            }
            let center = mean(&own);
            within += own.iter().map(|v| (v - center) * (v - center)).sum::<f64>();
            freedom += count_f64(own.len()) - 1.0;
            if let Some(out) = self.weekday.get_mut(slot) {
                *out = median(&mut own);
            }
        }
        let center = mean(&self.weekday);
        let squares: f64 = self
            .weekday
            .iter()
            .map(|v| (v - center) * (v - center))
            .sum();
        let between = squares / (count_f64(week) - 1.0);
        let error = 1.57 * within / freedom.max(1.0) / (count_f64(count) / count_f64(week));
        let kept = (1.0 - error / (between + 1e-300)).max(0.0);
        for value in &mut self.weekday {
            *value = kept * (*value - center);
        }
        let slots = (0..week).cycle().skip(week - count % week);
        self.cycles.clear();
        let less = raw
            .iter()
            .zip(slots)
            .map(|(level, slot)| level - at(&self.weekday, slot));
        self.cycles.extend(less);
    }
}

/// A repeating part found in the data, as what it adds at each step of its cycle; the first step is
/// the first one ahead.
fn period_profile(values: &[f64], period: usize) -> Vec<f64> {
    let (intercept, slope) = line(values);
    let rest: Vec<f64> = (0..)
        .zip(values)
        .map(|(index, value)| value - intercept - slope * f64::from(index))
        .collect();
    let mut profile = Vec::new();
    median_profile(&rest, period, PERIOD_CYCLES, &mut profile);
    profile
}

impl Structure {
    /// Fits it; `None` with fewer values than a cycle. `cap`: what values cannot exceed, where that is
    /// known. O(n + cycles²).
    pub(super) fn fit(task: &Task<'_>, period: Option<usize>, cap: Option<f64>) -> Option<Self> {
        let count = task.values.len();
        let seasonal = task.season > 1;
        let season = if seasonal {
            task.season
        } else {
            task.pseudo_cycle()
        };
        if count < season {
            return None;
        }
        let period = period.filter(|period| count >= 3 * period);
        let repeating = period.map(|period| period_profile(task.values, period));
        let values: Vec<f64> = match &repeating {
            Some(profile) => {
                let phases = profile.len() - count % profile.len();
                let added = profile.iter().cycle().skip(phases);
                task.values
                    .iter()
                    .zip(added)
                    .map(|(value, add)| value - add)
                    .collect()
            }
            None => task.values.to_vec(),
        };
        let week = if seasonal {
            (task.long / season).max(1)
        } else {
            1
        };
        let cycles = (count / season).clamp(1, CYCLES);
        let start = count - cycles * season;
        let mut buffer = Vec::with_capacity(season);
        let raw: Vec<f64> = part(&values, start, count)
            .chunks_exact(season)
            .map(|cycle| {
                buffer.clear();
                buffer.extend_from_slice(cycle);
                median(&mut buffer)
            })
            .collect();
        let levels = Levels::fit(&raw, week, cap);
        let model = Model {
            start,
            season,
            week,
            cycles,
            levels: &levels,
        };
        let mut rest: Vec<f64> = (start..)
            .zip(part(&values, start, count))
            .map(|(step, value)| value - model.level(step))
            .collect();
        let mut profile = Vec::new();
        if seasonal {
            median_profile(&rest, season, PROFILE_CYCLES, &mut profile);
        } else {
            profile.push(0.0);
        }
        for (value, usual) in rest.iter_mut().zip(profile.iter().cycle()) {
            *value -= usual;
        }
        let cells = cells(&rest, week, season, task.long);
        let mut point: Vec<f64> = (count..count + task.horizon)
            .zip(profile.iter().cycle())
            .map(|(step, usual)| model.level(step) + usual)
            .collect();
        add_cycle(&mut point, &cells);
        add_cycle(&mut point, repeating.as_deref().unwrap_or_default());
        if !cells.is_empty() {
            let phases = cells.len() - rest.len() % cells.len();
            for (value, cell) in rest.iter_mut().zip(cells.iter().cycle().skip(phases)) {
                *value -= cell;
            }
        }
        for (value, seen) in rest.iter_mut().zip(part(task.observed, start, count)) {
            *value = if *seen { RESIDUALS * *value } else { f64::NAN };
        }
        let (adequacy, level_deviation, is_trend) = levels.judge(task.horizon.div_ceil(season));
        let broke = levels.fitted.shape.broke_at();
        let broke = broke.filter(|_| seasonal && levels.fitted.margin > BREAK_MARGIN);
        Some(Self {
            adequacy,
            is_trend,
            block: season,
            shape: levels.fitted.shape,
            point,
            residuals: rest,
            level_deviation,
            broke_at: broke.map(|cycle| start + trunc_count(cycle * count_f64(season))),
        })
    }
}

/// Adds a cycle whose first value belongs to the first of `values`.
fn add_cycle(values: &mut [f64], cycle: &[f64]) {
    for (value, add) in values.iter_mut().zip(cycle.iter().cycle()) {
        *value += add;
    }
}

/// Trend and weekday of a step.
struct Model<'a> {
    start: usize,
    season: usize,
    week: usize,
    cycles: usize,
    levels: &'a Levels,
}

impl Model<'_> {
    fn level(&self, step: usize) -> f64 {
        let since = step.saturating_sub(self.start);
        let half = (count_f64(self.season) - 1.0) / 2.0;
        let cycle = (count_f64(since) - half) / count_f64(self.season);
        let slot = (since / self.season + self.week - self.cycles % self.week) % self.week;
        self.levels.fitted.shape.at(cycle) + at(&self.levels.weekday, slot)
    }
}

/// What stands out at each step of the week, the first one ahead first; nothing where no long
/// season was seen often enough.
fn cells(rest: &[f64], week: usize, season: usize, long: usize) -> Vec<f64> {
    if week < 2 || rest.len() < 3 * week * season {
        return Vec::new();
    }
    let weeks = (rest.len() / season / week).min(CELL_WEEKS);
    let used = tail(rest, weeks * long);
    let mut sizes: Vec<f64> = used.iter().map(|value| value.abs()).collect();
    let deviation = 1.4826 * median(&mut sizes) + 1e-300;
    let bound = CELL_ERRORS * 1.25 * deviation / count_f64(weeks).sqrt();
    (0..long)
        .map(|step| {
            let mut column = [0.0; CELL_WEEKS];
            let values = used.iter().skip(step).step_by(long);
            let mut above = 0;
            for (place, value) in column.iter_mut().zip(values) {
                *place = *value;
                above += usize::from(*value > 0.0);
            }
            let same = above.max(weeks - above);
            let middle = median(column.get_mut(..weeks).unwrap_or_default());
            let agree = count_f64(same) >= CELL_AGREE * count_f64(weeks);
            if agree && middle.abs() > bound {
                middle
            } else {
                0.0
            }
        })
        .collect()
}

impl Levels {
    /// How far the model is to be believed, and the standard deviation of its level for each cycle
    /// ahead.
    fn judge(&self, ahead: usize) -> (f64, Vec<f64>, bool) {
        let shape = self.fitted.shape;
        let rest: Vec<f64> = (0..)
            .zip(&self.cycles)
            .map(|(cycle, level)| level - shape.at(f64::from(cycle)))
            .collect();
        let count = count_f64(rest.len());
        let power = rest.iter().map(|v| v * v).sum::<f64>() / count;
        let correlation = |lag: usize| {
            if rest.len() <= lag + 2 || power <= 0.0 {
                return 1.0;
            }
            let pairs = part(&rest, lag, rest.len()).iter().zip(&rest);
            pairs.map(|(a, b)| a * b).sum::<f64>() / (count * power)
        };
        let alike = correlation(1).max(correlation(2));
        let broke = shape.broke_at().map_or(0.0, |cycle| cycle.max(0.0).floor());
        let since = count - broke;
        let (from, to) = INADEQUATE;
        let adequacy = if count >= FEWEST_CYCLES && since >= FEWEST_AFTER_BREAK {
            1.0 - ((alike - from) / (to - from)).clamp(0.0, 1.0)
        } else {
            0.0
        };
        let alike = alike.clamp(0.0, 0.6);
        let deviation = (power * count / (count - 3.0).max(1.0)).sqrt()
            * ((1.0 + alike) / (1.0 - alike)).sqrt()
            * LEVEL_ERROR;
        let of_cycle = |cycle: usize| {
            if let Some(error) = shape.error_at(count + count_f64(cycle)) {
                return deviation * error;
            }
            let distance = count_f64(cycle) + 0.5 + since / 2.0;
            let slope = if shape.has_slope() {
                12.0 * distance * distance / (since * since * since)
            } else {
                0.0
            };
            deviation * (1.0 / since + slope).sqrt()
        };
        let slope_error = deviation * (12.0 / (since * since * since)).sqrt();
        let is_trend = match shape {
            Shape::Bend { slope, by, .. } => (slope + by).abs() > SURE_SLOPE * slope_error,
            _ => shape.is_trend() || rest.len() < shape::FEWEST,
        };
        (adequacy, (0..ahead).map(of_cycle).collect(), is_trend)
    }
}
