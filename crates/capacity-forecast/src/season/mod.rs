//! Season lengths: given, or found in the series.
//!
//! Candidates are the hour, the day and the week where the step divides them, and the year for daily
//! steps; each must have been seen twice (n ≥ 2m + 1). From the shortest on, a candidate is accepted
//! when its cycles agree more than those of nearly all random walks do (`agreement`), after the shape
//! of the longest shorter season has been taken off: a week must show more than its days. A week
//! that does not is assumed all the same where there are days. The two longest stay. Where none agrees
//! well, the autocorrelation proposes one period that no calendar knows, which must pass the same
//! test with a higher bar and then outdoes the calendar.
//!
//! The bars follow from what a wrong decision costs this crate's pool, in mean absolute error
//! (geometric means). Seasons found against those that protocol CF-1 declares: hourly operations .99
//! (174 windows), 5-minute .95 (39), daily 1.00 (5), M4 hourly 1.005 (207), M4 weekly 1.00 (180); other
//! windows of the same series, not looked at before: hourly 1.007 (524), 5-minute 1.00 (174). Never
//! a season would be 1.16 on the first. A day that is not there costs 3 to 4 % on noise and
//! autoregressions and nothing on random walks, a week that is not there nothing.
//! Of generated series without a season (300 a kind) 0 to 6 % get one: random walks 2 to 4 %.
//!
//! Cost: O(n) for each of at most three candidates, on at most 32 cycles; O(n × 400) on at most 1008
//! values for the period. Edge cases: level shifts and outliers move the ranks of the cycles that they
//! are in only; missing values take no part; a noise-free curve is a trend, not a season.

mod agreement;
mod period;

use core::time::Duration;

use crate::duration::{self, from_nanos, times};
use crate::error::ConfigError;
use crate::numeric::count_f64;
use crate::series::Series;
use agreement::{Agreement, agreement, without_shape};

const HOUR: u128 = 3600 * duration::NANOS;
const DAY: u128 = 24 * HOUR;
const WEEK: u128 = 7 * DAY;
const YEAR: u128 = 365 * DAY;
/// Candidates that are not a whole number of steps may be off by one part in so many: after 32
/// cycles that is a twentieth of a cycle.
const OFF: u128 = 640;
/// The strengths that, over K cycles, one in a hundred and one in twenty random walks exceed (noise and
/// autoregressions in between reach less), times K.
const ONE_IN_HUNDRED: f64 = 1.7;
const ONE_IN_TWENTY: f64 = 1.2;
/// An hour, a week without days (one level shift in four weeks looks like one), and a period without
/// a calendar must agree at least this much.
const LEAST_HOUR: f64 = 0.1;
const LEAST_WEEK: f64 = 0.6;
const LEAST_PERIOD: f64 = 0.3;
/// A period without a calendar must be seen this often.
const PERIOD_CYCLES: usize = 3;

/// The seasons of a series.
///
/// ```
/// use capacity_forecast::{Seasons, Series};
/// use std::time::Duration;
/// let hour = Duration::from_secs(3600);
/// let by_day = |k: u32| f64::from(k % 24).sin() + f64::from(k % 7) * 0.1;
/// let series = Series::from_grid(Duration::ZERO, hour, (0..240).map(by_day))?;
/// assert_eq!(Seasons::Detect.resolve(&series)?.lengths(), [24]);
/// let day = Seasons::Given(vec![24 * hour]);
/// assert_eq!(day.resolve(&series)?.lengths(), [24]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Seasons {
    /// Those that the series shows.
    #[default]
    Detect,
    /// None.
    None,
    /// These, at most two: multiples of the step, at least two steps. One that has not been seen twice
    /// yet is left out.
    Given(#[cfg_attr(feature = "serde", serde(with = "crate::duration::list"))] Vec<Duration>),
}

/// What became of a candidate.
///
/// ```
/// use capacity_forecast::{SeasonVerdict, Seasons, Series};
/// use std::time::Duration;
/// let hour = Duration::from_secs(3600);
/// let series = Series::from_grid(Duration::ZERO, hour, vec![1.0; 30])?;
/// let report = Seasons::Detect.resolve(&series)?;
/// assert_eq!(report.candidates[0].verdict, SeasonVerdict::TooShort);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum SeasonVerdict {
    /// It is a season of the series.
    Accepted,
    /// It was not seen twice.
    TooShort,
    /// Its cycles agree too little to show it, but a series with days is taken to have weeks.
    Assumed,
    /// Its cycles agree too little.
    Weak,
    /// A period that no calendar knows agrees better.
    Outdone,
    /// It is a season, but two longer ones contain it.
    Contained,
}

/// A season that was considered.
///
/// ```
/// # use capacity_forecast::*;
/// # use std::time::Duration;
/// let hour = Duration::from_secs(3600);
/// let wave = |k: u32| (f64::from(k) / 24.0 * std::f64::consts::TAU).sin();
/// let series = Series::from_grid(Duration::ZERO, hour, (0..240).map(wave))?;
/// let day = Seasons::Detect.resolve(&series)?.candidates[0];
/// assert_eq!((day.steps, day.cycles, day.verdict), (24, 10, SeasonVerdict::Accepted));
/// assert!(day.strength > 0.99 && day.needed < 0.2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct SeasonCandidate {
    /// Its length in steps.
    pub steps: usize,
    /// Its length.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub length: Duration,
    /// Cycles that were compared.
    pub cycles: usize,
    /// Mean rank correlation of every two of them beyond the shorter seasons, at most 1.
    pub strength: f64,
    /// What `strength` must reach; 0 for given seasons.
    pub needed: f64,
    /// What became of it.
    pub verdict: SeasonVerdict,
}

/// The seasons of a series, and why these.
///
/// ```
/// use capacity_forecast::{Seasons, Series};
/// use std::time::Duration;
/// let series = Series::from_grid(Duration::ZERO, Duration::from_secs(3600), vec![1.0; 100])?;
/// let report = Seasons::Detect.resolve(&series)?;
/// assert!(report.lengths().is_empty());
/// assert_eq!((report.candidates[0].steps, report.candidates[0].cycles), (24, 4));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct SeasonReport {
    /// Everything that was considered, ascending by length.
    pub candidates: Vec<SeasonCandidate>,
}

impl SeasonReport {
    /// The accepted and assumed lengths in steps, ascending: none, one or two.
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// assert!(SeasonReport::default().lengths().is_empty());
    /// ```
    #[must_use]
    pub fn lengths(&self) -> Vec<usize> {
        let used = self.candidates.iter().filter(|c| c.is_used());
        used.map(|candidate| candidate.steps).collect()
    }
}

impl SeasonCandidate {
    fn is_used(&self) -> bool {
        matches!(
            self.verdict,
            SeasonVerdict::Accepted | SeasonVerdict::Assumed
        )
    }
}

impl Seasons {
    /// The lengths in steps of a series' step. O(n).
    ///
    /// # Errors
    /// [`ConfigError`] for given seasons that are more than two, shorter than two steps, or no
    /// multiple of the step.
    ///
    /// ```
    /// use capacity_forecast::{Seasons, Series};
    /// use std::time::Duration;
    /// let minute = Duration::from_secs(60);
    /// let series = Series::from_grid(Duration::ZERO, minute, [1.0, 2.0])?;
    /// let refused = Seasons::Given(vec![minute]).resolve(&series);
    /// let message = "seasons[0] is 1m, must be a multiple of the step, at least two steps";
    /// assert_eq!(refused.map_err(|e| e.to_string()), Err(message.to_owned()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resolve(&self, series: &Series) -> Result<SeasonReport, ConfigError> {
        match self {
            Self::None => Ok(SeasonReport::default()),
            Self::Given(lengths) => given(lengths, series),
            Self::Detect => Ok(detect(series)),
        }
    }
}

fn given(lengths: &[Duration], series: &Series) -> Result<SeasonReport, ConfigError> {
    let step = series.step().as_nanos().max(1);
    let mut candidates = Vec::with_capacity(2);
    for (index, length) in lengths.iter().enumerate() {
        let refuse = |bound| {
            let field = format!("seasons[{index}]");
            ConfigError::range(field, duration::format(*length), bound)
        };
        if index >= 2 {
            return Err(refuse("one of at most two"));
        }
        let steps = length.as_nanos() / step;
        if steps < 2 || !length.as_nanos().is_multiple_of(step) {
            return Err(refuse("a multiple of the step, at least two steps"));
        }
        let steps = usize::try_from(steps).unwrap_or(usize::MAX);
        let mut candidate = candidate(steps, *length, series.len());
        if candidate.verdict != SeasonVerdict::TooShort {
            let found = agreement(series.values(), steps);
            (candidate.cycles, candidate.strength) = (found.cycles, found.strength);
            candidate.verdict = SeasonVerdict::Accepted;
        }
        if !candidates.contains(&candidate) {
            candidates.push(candidate);
        }
    }
    candidates.sort_by_key(|candidate| candidate.steps);
    Ok(SeasonReport { candidates })
}

/// A candidate before its test.
fn candidate(steps: usize, length: Duration, count: usize) -> SeasonCandidate {
    let verdict = if count / 2 < steps || count < 2 * steps + 1 {
        SeasonVerdict::TooShort
    } else {
        SeasonVerdict::Weak
    };
    SeasonCandidate {
        steps,
        length,
        cycles: 0,
        strength: 0.0,
        needed: 0.0,
        verdict,
    }
}

fn detect(series: &Series) -> SeasonReport {
    let count = series.len();
    let mut candidates: Vec<SeasonCandidate> = calendar(series.step())
        .filter_map(|(steps, nanos)| Some(candidate(steps, from_nanos(nanos)?, count)))
        .collect();
    let mut shorter: Option<usize> = None;
    for candidate in &mut candidates {
        if candidate.verdict == SeasonVerdict::TooShort {
            continue;
        }
        let found = match shorter {
            None => agreement(series.values(), candidate.steps),
            Some(steps) => agreement(&without_shape(series.values(), steps), candidate.steps),
        };
        test(
            candidate,
            found,
            bar(candidate.length, series.step(), shorter),
        );
        if candidate.verdict == SeasonVerdict::Accepted {
            shorter = Some(candidate.steps);
        } else if shorter.is_some() && is_week_of_days(candidate.length, series.step()) {
            candidate.verdict = SeasonVerdict::Assumed;
        }
    }
    if let Some(period) = uncommon(series, &candidates) {
        for outdone in candidates.iter_mut().filter(|c| c.is_used()) {
            outdone.verdict = SeasonVerdict::Outdone;
        }
        candidates.push(period);
        candidates.sort_by_key(|candidate| candidate.steps);
    }
    let used = candidates.iter_mut().rev().filter(|c| c.is_used());
    for contained in used.skip(2) {
        contained.verdict = SeasonVerdict::Contained;
    }
    SeasonReport { candidates }
}

fn is_week_of_days(length: Duration, step: Duration) -> bool {
    length.as_nanos() == WEEK && step.as_nanos() < DAY
}

/// A period that no calendar knows, where no season of the calendar agrees well. Cycles that the
/// period nearly fills a whole number of times agree a little too.
fn uncommon(series: &Series, calendar: &[SeasonCandidate]) -> Option<SeasonCandidate> {
    let seasons = calendar.iter().filter(|c| c.is_used());
    let best = seasons.fold(0.0_f64, |best, c| best.max(c.strength));
    if best > LEAST_PERIOD || series.step().as_nanos() > DAY {
        return None;
    }
    let steps = period::search(series.values())?;
    // 145 hours are six days, 37 steps are not three times 12.
    let multiple = |season: usize| {
        let near = (steps + season / 2) / season * season;
        steps.abs_diff(near) <= steps / 100
    };
    let mut known = calendar.iter().filter(|c| c.is_used() || c.steps == steps);
    if known.any(|candidate| multiple(candidate.steps)) {
        return None;
    }
    let length = times(series.step(), steps as u128)?;
    let mut period = candidate(steps, length, series.len());
    let found = agreement(series.values(), steps);
    test(&mut period, found, (ONE_IN_HUNDRED, LEAST_PERIOD));
    let accepted = period.verdict == SeasonVerdict::Accepted;
    (accepted && found.cycles >= PERIOD_CYCLES && found.strength > best).then_some(period)
}

/// What a season's strength must reach: so much divided by the cycles, and at least so much.
fn bar(length: Duration, step: Duration, shorter: Option<usize>) -> (f64, f64) {
    match length.as_nanos() {
        DAY => (ONE_IN_TWENTY, 0.0),
        WEEK if step.as_nanos() >= DAY || shorter.is_some() => (ONE_IN_TWENTY, 0.0),
        WEEK => (ONE_IN_HUNDRED, LEAST_WEEK),
        HOUR => (ONE_IN_HUNDRED, LEAST_HOUR),
        _ => (ONE_IN_HUNDRED, 0.0),
    }
}

fn test(candidate: &mut SeasonCandidate, found: Agreement, (of_cycles, least): (f64, f64)) {
    candidate.cycles = found.cycles;
    candidate.strength = found.strength;
    candidate.needed = (of_cycles / count_f64(found.cycles.max(1))).max(least);
    if found.strength >= candidate.needed && found.is_material() {
        candidate.verdict = SeasonVerdict::Accepted;
    }
}

/// Hour, day, week and (of days) year in steps, where a step can show them. Each comes with its own
/// length; where the step does not divide it, the cycles are a little off.
fn calendar(step: Duration) -> impl Iterator<Item = (usize, u128)> {
    let step = step.as_nanos().max(1);
    [HOUR, DAY, WEEK, YEAR]
        .into_iter()
        .filter_map(move |length| {
            let steps = (length + step / 2) / step;
            let off = (steps * step).abs_diff(length);
            let fits = off <= length / OFF && (length != YEAR || step == DAY);
            let steps = usize::try_from(steps).ok()?;
            (steps >= 2 && fits).then_some((steps, length))
        })
}
