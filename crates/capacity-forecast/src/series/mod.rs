//! A validated series on a regular grid: what every forecast starts from.

mod config;
mod counter;
mod error;
mod fill;
mod resample;
#[cfg(feature = "serde")]
mod stored;
mod stream;
mod tally;

use core::time::Duration;

pub use config::{Combine, Kind, SeriesConfig};
pub use error::SeriesError;
pub use fill::Filled;

use crate::duration::times;
use config::check_step;
use counter::Reading;
use tally::Tally;

/// Share of a step that must be over for its value to stand for all of it; where that is a sum.
const WHOLE: f64 = 0.5;
const WHOLE_SUM: f64 = 0.9;

/// Values at `start`, `start + step`, …; `NaN` where nothing was observed.
///
/// Made by [`from_samples`](Self::from_samples) of timestamped samples, or by
/// [`from_grid`](Self::from_grid) of values that already are on a grid; goes on with
/// [`push`](Self::push). Times are since the Unix epoch.
///
/// ```
/// use capacity_forecast::Series;
/// use std::time::Duration;
/// let hour = Duration::from_secs(3600);
/// let mut series = Series::from_grid(Duration::ZERO, hour, [0.4, 0.5])?;
/// series.push(2 * hour, 0.6)?;
/// assert_eq!(series.end(), 2 * hour);
/// assert_eq!(series.values(), [0.4, 0.5, 0.6]);
/// assert_eq!(series.staleness(3 * hour)?, hour);
/// # Ok::<(), capacity_forecast::SeriesError>(())
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(into = "stored::Stored", try_from = "stored::Stored")
)]
pub struct Series {
    /// Time of `cells[0]`, dropped values included; `cell` counts from here.
    origin: Duration,
    step: Duration,
    sampling: Sampling,
    config: SeriesConfig,
    /// Dropped values stay at the front until there are as many of them as are kept: dropping costs
    /// O(1) amortised, and the values stay one slice.
    cells: Vec<f64>,
    dropped: usize,
    observed: usize,
    counts: Counts,
    state: State,
    /// Time of the newest sample.
    newest: Duration,
    /// Longest distance over which a counter's increase is spread.
    reach: Duration,
}

/// Which samples a value stands for.
///
/// ```
/// # use capacity_forecast::*;
/// # use std::time::Duration;
/// // A sample a second in steps of a minute.
/// let config = SeriesConfig::default().with_step(Some(Duration::from_secs(60)));
/// let samples = (0..300).map(|s| (Duration::from_secs(s), 1.0));
/// let series = Series::from_samples(samples, &config)?;
/// assert_eq!((series.len(), series.sampling()), (5, Sampling::Bins));
/// # Ok::<(), SeriesError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Sampling {
    /// Those within half a step of the grid time.
    #[default]
    Points,
    /// Those from the grid time until before the next.
    Bins,
}

/// What the newest step is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
enum State {
    /// The instants before the newest one, and that.
    Gauge {
        bin: Tally,
        instant: Tally,
    },
    Counter(Reading),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
struct Counts {
    given: usize,
    unsorted: usize,
    duplicates: usize,
    binned: usize,
    rejected: usize,
    late: usize,
    resets: usize,
    dropped: usize,
}

/// What was done to the samples, and what is missing.
///
/// Of a gauge nothing is lost: `given` = [`observed`](Series::observed) + `dropped` + `duplicates` +
/// `binned` + `rejected` + `late`.
///
/// ```
/// use capacity_forecast::{Series, SeriesConfig};
/// use std::time::Duration;
/// let samples = [(0, 1.0), (60, f64::NAN), (120, 2.0), (180, 3.0)];
/// let samples = samples.map(|(s, value)| (Duration::from_secs(s), value));
/// let series = Series::from_samples(samples, &SeriesConfig::default())?;
/// let repairs = series.repairs();
/// assert_eq!((repairs.given, repairs.rejected), (4, 1));
/// assert_eq!((repairs.missing, repairs.longest_gap), (1, 1));
/// # Ok::<(), capacity_forecast::SeriesError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Repairs {
    /// Samples given.
    pub given: usize,
    /// Samples earlier than the one given before them.
    pub unsorted: usize,
    /// Samples merged with another of the same instant.
    pub duplicates: usize,
    /// Instants merged with another of the same step.
    pub binned: usize,
    /// Samples that are not finite, or negative for a counter.
    pub rejected: usize,
    /// Streamed samples for a step that already had a value, or before the first one; not used.
    pub late: usize,
    /// Restarts of a counter.
    pub resets: usize,
    /// Observed values dropped because newer ones filled the series.
    pub dropped: usize,
    /// Values that are missing now.
    pub missing: usize,
    /// Longest run of missing values now, in steps.
    pub longest_gap: usize,
}

impl Series {
    /// A series of values that already are on a grid; `None`, `NaN` and infinities are missing (an
    /// infinity counts as rejected).
    ///
    /// # Errors
    /// [`SeriesError::TooFew`] without a value, [`TooLong`](SeriesError::TooLong) beyond 2²⁰,
    /// [`Config`](SeriesError::Config) for a zero step, [`BeyondTime`](SeriesError::BeyondTime).
    ///
    /// ```
    /// use capacity_forecast::Series;
    /// use std::time::Duration;
    /// let day = Duration::from_secs(86_400);
    /// let series = Series::from_grid(100 * day, day, [Some(3.0), None, Some(5.0)])?;
    /// assert_eq!((series.len(), series.observed()), (3, 2));
    /// # Ok::<(), capacity_forecast::SeriesError>(())
    /// ```
    pub fn from_grid<V: Into<Option<f64>>>(
        start: Duration,
        step: Duration,
        values: impl IntoIterator<Item = V>,
    ) -> Result<Self, SeriesError> {
        check_step(step)?;
        let config = SeriesConfig::default();
        let state = State::Gauge {
            bin: Tally::default(),
            instant: Tally::default(),
        };
        let mut series = Self::empty(start, step, Sampling::Points, state, config);
        for value in values {
            let value = value.into().unwrap_or(f64::NAN);
            let finite = value.is_finite();
            series.counts.given += usize::from(!value.is_nan());
            series.counts.rejected += usize::from(value.is_infinite());
            series.observed += usize::from(finite);
            series.cells.push(if finite { value } else { f64::NAN });
            if series.cells.len() > series.config.max_values {
                return Err(SeriesError::TooLong {
                    values: series.cells.len() as u128,
                    step,
                    max: series.config.max_values,
                });
            }
        }
        if series.cells.is_empty() {
            return Err(SeriesError::TooFew {
                have: 0,
                rejected: 0,
                need: 1,
            });
        }
        series.settle()?;
        Ok(series)
    }

    fn empty(
        origin: Duration,
        step: Duration,
        sampling: Sampling,
        state: State,
        config: SeriesConfig,
    ) -> Self {
        Self {
            origin,
            step,
            sampling,
            config,
            cells: Vec::new(),
            dropped: 0,
            observed: 0,
            counts: Counts::default(),
            state,
            newest: origin,
            reach: counter::reach(step, step),
        }
    }

    /// Derives what values on a grid leave open: the newest sample's time and step.
    fn settle(&mut self) -> Result<(), SeriesError> {
        let values = self.cells.len() as u128;
        let end = times(self.step, values).and_then(|span| self.origin.checked_add(span));
        if end.is_none() {
            return Err(SeriesError::BeyondTime {
                start: self.origin,
                step: self.step,
                values,
            });
        }
        if let Some(index) = self.cells.iter().rposition(|value| !value.is_nan()) {
            self.newest = self.time_of(index).unwrap_or(self.origin);
        }
        if let (State::Gauge { instant, .. }, Some(last)) = (&mut self.state, self.cells.last())
            && !last.is_nan()
        {
            *instant = Tally::of(*last);
        }
        Ok(())
    }

    fn time_of(&self, cell: usize) -> Option<Duration> {
        times(self.step, cell as u128).and_then(|since| self.origin.checked_add(since))
    }

    /// Time of the first value.
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// # use std::time::Duration;
    /// let minute = Duration::from_secs(60);
    /// let series = Series::from_grid(minute, minute, [Some(1.0), None, Some(3.0)])?;
    /// assert_eq!(series.start(), minute);
    /// # Ok::<(), SeriesError>(())
    /// ```
    #[must_use]
    pub fn start(&self) -> Duration {
        self.time_of(self.dropped).unwrap_or(self.origin)
    }

    /// Distance of two values.
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// # use std::time::Duration;
    /// let minute = Duration::from_secs(60);
    /// let series = Series::from_grid(minute, minute, [Some(1.0), None, Some(3.0)])?;
    /// assert_eq!(series.step(), minute);
    /// # Ok::<(), SeriesError>(())
    /// ```
    #[must_use]
    pub fn step(&self) -> Duration {
        self.step
    }

    /// Time of the last value.
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// # use std::time::Duration;
    /// let minute = Duration::from_secs(60);
    /// let series = Series::from_grid(minute, minute, [Some(1.0), None, Some(3.0)])?;
    /// assert_eq!(series.end(), 3 * minute);
    /// # Ok::<(), SeriesError>(())
    /// ```
    #[must_use]
    pub fn end(&self) -> Duration {
        self.time_of(self.cells.len().saturating_sub(1))
            .unwrap_or(self.origin)
    }

    /// Time of the value at `index`; also beyond the last one, where forecasts lie. `None` beyond what
    /// a [`Duration`] holds.
    ///
    /// ```
    /// use capacity_forecast::Series;
    /// use std::time::Duration;
    /// let minute = Duration::from_secs(60);
    /// let series = Series::from_grid(minute, minute, [1.0, 2.0])?;
    /// assert_eq!(series.time(2), Some(3 * minute));
    /// # Ok::<(), capacity_forecast::SeriesError>(())
    /// ```
    #[must_use]
    pub fn time(&self, index: usize) -> Option<Duration> {
        self.time_of(self.dropped.checked_add(index)?)
    }

    /// When the step at `index` begins and ends: what its value stands for.
    pub(crate) fn span(&self, index: usize) -> Option<(Duration, Duration)> {
        let time = self.time(index)?;
        Some(match self.sampling {
            Sampling::Points => {
                let half = self.step / 2;
                (time.saturating_sub(half), time.saturating_add(half))
            }
            Sampling::Bins => (time, time.saturating_add(self.step)),
        })
    }

    /// Number of steps that are over at a time, counted from the first value's.
    pub(crate) fn steps_before(&self, at: Duration) -> usize {
        let cell = self.cell_wide(at).unwrap_or(0);
        let steps = cell.saturating_sub(self.dropped as u128);
        usize::try_from(steps).unwrap_or(usize::MAX)
    }

    /// The same series with other values where it has some; they must be finite.
    pub(crate) fn map_values(&self, change: impl Fn(usize, f64) -> f64) -> Self {
        let mut changed = self.tail(self.len());
        for (index, value) in changed.cells.iter_mut().enumerate() {
            if !value.is_nan() {
                *value = change(index, *value);
            }
        }
        changed
    }

    /// Which samples a value stands for.
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// # use std::time::Duration;
    /// let minute = Duration::from_secs(60);
    /// let series = Series::from_grid(minute, minute, [Some(1.0), None, Some(3.0)])?;
    /// assert_eq!(series.sampling(), Sampling::Points);
    /// # Ok::<(), SeriesError>(())
    /// ```
    #[must_use]
    pub fn sampling(&self) -> Sampling {
        self.sampling
    }

    /// The values, oldest first; `NaN` where nothing was observed.
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// # use std::time::Duration;
    /// let minute = Duration::from_secs(60);
    /// let series = Series::from_grid(minute, minute, [Some(1.0), None, Some(3.0)])?;
    /// assert!(series.values()[1].is_nan());
    /// # Ok::<(), SeriesError>(())
    /// ```
    #[must_use]
    pub fn values(&self) -> &[f64] {
        self.cells.get(self.dropped..).unwrap_or_default()
    }

    /// Number of values, missing ones included; at least 1.
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// # use std::time::Duration;
    /// let minute = Duration::from_secs(60);
    /// let series = Series::from_grid(minute, minute, [Some(1.0), None, Some(3.0)])?;
    /// assert_eq!(series.len(), 3);
    /// # Ok::<(), SeriesError>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.cells.len() - self.dropped
    }

    /// Whether there is no value at all: never, for a series that was accepted.
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// # use std::time::Duration;
    /// let minute = Duration::from_secs(60);
    /// let series = Series::from_grid(minute, minute, [Some(1.0), None, Some(3.0)])?;
    /// assert!(!series.is_empty());
    /// # Ok::<(), SeriesError>(())
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of values that were observed.
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// # use std::time::Duration;
    /// let minute = Duration::from_secs(60);
    /// let series = Series::from_grid(minute, minute, [Some(1.0), None, Some(3.0)])?;
    /// assert_eq!(series.observed(), 2);
    /// # Ok::<(), SeriesError>(())
    /// ```
    #[must_use]
    pub fn observed(&self) -> usize {
        self.observed
    }

    /// Share of the values that were observed, 0 to 1.
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// # use std::time::Duration;
    /// let minute = Duration::from_secs(60);
    /// let series = Series::from_grid(minute, minute, [Some(1.0), None, Some(3.0)])?;
    /// assert_eq!(series.coverage(), 2.0 / 3.0);
    /// # Ok::<(), SeriesError>(())
    /// ```
    #[must_use]
    pub fn coverage(&self) -> f64 {
        crate::numeric::count_f64(self.observed) / crate::numeric::count_f64(self.len().max(1))
    }

    /// The newest sample's time, and the value of the newest step that was observed. `None` where all
    /// are missing. O(trailing gap).
    ///
    /// ```
    /// use capacity_forecast::Series;
    /// use std::time::Duration;
    /// let minute = Duration::from_secs(60);
    /// let series = Series::from_grid(Duration::ZERO, minute, [Some(1.0), Some(2.0), None])?;
    /// assert_eq!(series.last_observed(), Some((minute, 2.0)));
    /// # Ok::<(), capacity_forecast::SeriesError>(())
    /// ```
    #[must_use]
    pub fn last_observed(&self) -> Option<(Duration, f64)> {
        let index = self.values().iter().rposition(|value| !value.is_nan())?;
        let value = self.values().get(index)?;
        // A reading after a long silence is newer, but no value is from it.
        let (_, end) = self.span(index)?;
        Some((self.newest.min(end), *value))
    }

    /// Age of the newest sample.
    ///
    /// # Errors
    /// [`SeriesError::FromTheFuture`] if it is later than `now`, [`AllMissing`](SeriesError::AllMissing).
    ///
    /// ```
    /// use capacity_forecast::{Series, SeriesError};
    /// use std::time::Duration;
    /// let minute = Duration::from_secs(60);
    /// let series = Series::from_grid(Duration::ZERO, minute, [1.0, 2.0])?;
    /// assert_eq!(series.staleness(5 * minute)?, 4 * minute);
    /// let refused = series.staleness(Duration::ZERO);
    /// assert_eq!(refused, Err(SeriesError::FromTheFuture { ahead: minute }));
    /// # Ok::<(), SeriesError>(())
    /// ```
    pub fn staleness(&self, now: Duration) -> Result<Duration, SeriesError> {
        if self.observed == 0 {
            return Err(SeriesError::AllMissing { count: self.len() });
        }
        let newest = self.last_observed().map_or(self.newest, |(at, _)| at);
        now.checked_sub(newest).ok_or(SeriesError::FromTheFuture {
            ahead: newest.saturating_sub(now),
        })
    }

    /// The newest `count` values as a series of their own, all where there are fewer; at least one.
    /// O(count).
    ///
    /// ```
    /// use capacity_forecast::Series;
    /// use std::time::Duration;
    /// let minute = Duration::from_secs(60);
    /// let series = Series::from_grid(Duration::ZERO, minute, [1.0, 2.0, 3.0])?.tail(2);
    /// assert_eq!((series.start(), series.values()), (minute, &[2.0, 3.0][..]));
    /// # Ok::<(), capacity_forecast::SeriesError>(())
    /// ```
    #[must_use]
    pub fn tail(&self, count: usize) -> Self {
        let count = count.clamp(1, self.len().max(1));
        let skip = self.cells.len() - count.min(self.cells.len());
        let cells = self.cells.get(skip..).unwrap_or_default().to_vec();
        let mut tail = Self {
            observed: cells.iter().filter(|value| !value.is_nan()).count(),
            cells,
            dropped: 0,
            config: self.config.clone(),
            ..*self
        };
        tail.counts.dropped += self.observed - tail.observed;
        tail.origin = self.time_of(skip).unwrap_or(self.origin);
        tail
    }

    /// Values that are kept while streaming.
    pub(crate) fn keep(&self) -> usize {
        self.config.kept()
    }

    /// Whether a value is the sum of its step's samples, so that a step that is not over has too little.
    pub(crate) fn is_sum(&self) -> bool {
        self.sampling == Sampling::Bins
            && self.config.bins == Combine::Sum
            && matches!(self.state, State::Gauge { .. })
    }

    /// The same without the value of a newest step that is too far from over at `now` to stand for
    /// all of it.
    pub(crate) fn without_partial(mut self, now: Duration) -> Self {
        let share = if self.is_sum() { WHOLE_SUM } else { WHOLE };
        let seen = now.max(self.newest).saturating_sub(self.end());
        let enough = seen.as_secs_f64() >= share * self.step.as_secs_f64();
        let gauge = matches!(self.state, State::Gauge { .. });
        if self.sampling == Sampling::Bins && gauge && !enough && self.len() > 1 {
            if self.cells.pop().is_some_and(|value| !value.is_nan()) {
                self.observed -= 1;
            }
            self.newest = self.newest.min(self.end().saturating_add(self.step));
        }
        self
    }

    /// What was done to the samples, and what is missing. O(n).
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// # use std::time::Duration;
    /// let minute = Duration::from_secs(60);
    /// let series = Series::from_grid(minute, minute, [Some(1.0), None, Some(3.0)])?;
    /// assert_eq!(series.repairs().longest_gap, 1);
    /// # Ok::<(), SeriesError>(())
    /// ```
    #[must_use]
    pub fn repairs(&self) -> Repairs {
        let (mut gap, mut longest_gap) = (0, 0);
        for value in self.values() {
            gap = if value.is_nan() { gap + 1 } else { 0 };
            longest_gap = longest_gap.max(gap);
        }
        Repairs {
            given: self.counts.given,
            unsorted: self.counts.unsorted,
            duplicates: self.counts.duplicates,
            binned: self.counts.binned,
            rejected: self.counts.rejected,
            late: self.counts.late,
            resets: self.counts.resets,
            dropped: self.counts.dropped,
            missing: self.len() - self.observed,
            longest_gap,
        }
    }
}

/// Equal values at equal times from equal samples: what was dropped does not count.
impl PartialEq for Series {
    fn eq(&self, other: &Self) -> bool {
        let same = |a: &f64, b: &f64| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
        let times = (self.start(), self.step, self.newest, self.reach);
        let values = self.values().iter().zip(other.values());
        times == (other.start(), other.step, other.newest, other.reach)
            && (self.sampling, &self.config, self.counts)
                == (other.sampling, &other.config, other.counts)
            && self.len() == other.len()
            && values.into_iter().all(|(a, b)| same(a, b))
    }
}
