//! Samples at any times onto a grid: its step, its phase, and what each step holds.

use core::time::Duration;

use super::config::check_step;
use super::counter::{Reading, reach};
use super::{Combine, Counts, Kind, Sampling, Series, SeriesConfig, SeriesError, State, Tally};
use crate::duration::{NANOS, from_nanos};

const SECOND: u128 = NANOS;
const MINUTE: u128 = 60 * SECOND;
const HOUR: u128 = 60 * MINUTE;
const DAY: u128 = 24 * HOUR;
/// Steps that people choose.
const ROUND: [u128; 25] = [
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    20 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    3 * MINUTE,
    4 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    20 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    4 * HOUR,
    6 * HOUR,
    8 * HOUR,
    12 * HOUR,
    DAY,
    7 * DAY,
];
/// A step within one part in so many of a round one is meant to be that.
const SNAP: u128 = 20;

impl Series {
    /// A series of samples in any order. O(n log n).
    ///
    /// - Samples that are not finite (for a counter also: negative) are rejected and counted.
    /// - Samples of one instant become one ([`SeriesConfig::duplicates`]).
    /// - Where there is about one sample a step, each goes to the nearest grid time, so that jitter
    ///   does no harm; the grid has the samples' own phase, or multiples of the step since the epoch
    ///   if within a twentieth of a step of those. Where there are several a step, step `t` holds
    ///   the samples from `t` until before `t + step`, on multiples of the step since the epoch
    ///   (days are days of UTC), combined by [`SeriesConfig::bins`].
    /// - Steps without a sample are missing; nothing is filled in.
    ///
    /// # Errors
    /// [`SeriesError::TooFew`], [`NoStep`](SeriesError::NoStep), [`TooLong`](SeriesError::TooLong),
    /// [`BeyondTime`](SeriesError::BeyondTime), [`NoIncrease`](SeriesError::NoIncrease) for a
    /// counter, [`Config`](SeriesError::Config).
    ///
    /// ```
    /// use capacity_forecast::{Series, SeriesConfig};
    /// use std::time::Duration;
    /// let at = |minutes: u64| Duration::from_secs(60 * minutes);
    /// let samples = [(at(5), 2.0), (at(0), 1.0), (at(5), 4.0), (at(15), 5.0)];
    /// let series = Series::from_samples(samples, &SeriesConfig::default())?;
    /// assert_eq!(series.step(), at(5));
    /// assert_eq!(series.values()[..2], [1.0, 3.0]);
    /// assert!(series.values()[2].is_nan());
    /// assert_eq!(series.repairs().duplicates, 1);
    /// # Ok::<(), capacity_forecast::SeriesError>(())
    /// ```
    pub fn from_samples(
        samples: impl IntoIterator<Item = (Duration, f64)>,
        config: &SeriesConfig,
    ) -> Result<Self, SeriesError> {
        config.check()?;
        let counter = config.kind == Kind::Counter;
        let (mut counts, mut previous) = (Counts::default(), Duration::ZERO);
        let mut usable = Vec::new();
        for (at, value) in samples {
            counts.given += 1;
            counts.unsorted += usize::from(at < previous);
            previous = at;
            if value.is_finite() && !(counter && value < 0.0) {
                // 0.0 and -0.0 are one value.
                usable.push((at, value + 0.0));
            } else {
                counts.rejected += 1;
            }
        }
        let too_few = |have: usize, need: usize| SeriesError::TooFew {
            have,
            rejected: counts.rejected,
            need,
        };
        let need = if counter || config.step.is_none() {
            2
        } else {
            1
        };
        if usable.len() < need {
            return Err(too_few(usable.len(), need));
        }
        // Samples of one instant are ordered by value, so that no sum depends on the order given.
        let by_value = config.duplicates != Combine::Last || counter;
        usable.sort_by(|(at, value), (other_at, other)| {
            let order = at.cmp(other_at);
            if by_value {
                order.then(value.total_cmp(other))
            } else {
                order
            }
        });
        let (Some(&first), Some(&last)) = (usable.first(), usable.last()) else {
            return Err(too_few(0, need));
        };
        let distance = usual_distance(&usable);
        let step = match (config.step, distance) {
            (Some(step), _) => step,
            (None, Some(distance)) => snapped(distance),
            (None, None) => return Err(SeriesError::NoStep { at: first.0 }),
        };
        check_step(step)?;
        let distance = distance.unwrap_or(step);
        let pointwise = is_pointwise(&usable, distance, step);
        let start = if pointwise {
            phase_start(&usable, first.0, step)
        } else {
            floor(first.0, step)
        };
        let sampling = if pointwise && !counter {
            Sampling::Points
        } else {
            Sampling::Bins
        };
        let state = if counter {
            State::Counter(Reading {
                value: first.1,
                ..Reading::default()
            })
        } else {
            State::Gauge {
                bin: Tally::default(),
                instant: Tally::default(),
            }
        };
        let mut series = Self::empty(start, step, sampling, state, config.clone());
        series.newest = first.0;
        series.reach = reach(step, distance);
        series.counts = counts;
        let span = series.cell_wide(last.0).unwrap_or(0);
        if span >= config.max_values as u128 {
            return Err(SeriesError::TooLong {
                values: span.saturating_add(1),
                step,
                max: config.max_values,
            });
        }
        let fed = if counter { 1 } else { 0 };
        for (at, value) in usable.iter().skip(fed) {
            series.take(*at, *value)?;
        }
        if series.is_empty() {
            return Err(SeriesError::NoIncrease {
                samples: usable.len(),
                reach: series.reach,
            });
        }
        Ok(series)
    }
}

/// The usual distance of the distinct times: the mean of those within half of the median, because the
/// median alone is off where jitter is skewed. `None` where there is only one time.
fn usual_distance(sorted: &[(Duration, f64)]) -> Option<Duration> {
    let pairs = sorted.iter().zip(sorted.iter().skip(1));
    let mut distances: Vec<u128> = pairs
        .map(|((a, _), (b, _))| b.saturating_sub(*a).as_nanos())
        .filter(|distance| *distance > 0)
        .collect();
    if distances.is_empty() {
        return None;
    }
    // Gaps make distances longer, nothing makes them shorter: of two middle ones, the lower.
    let half = (distances.len() - 1) / 2;
    let median = *distances.select_nth_unstable(half).1;
    let near = |distance: &&u128| distance.abs_diff(median) <= median / 2;
    let (sum, count) = distances
        .iter()
        .filter(near)
        .fold((0_u128, 0), |(sum, count), d| {
            (sum.saturating_add(*d), count + 1)
        });
    from_nanos(sum / count.max(1))
}

/// Whether the samples are about one a step: as far apart as that, and rarely two in one.
fn is_pointwise(sorted: &[(Duration, f64)], distance: Duration, step: Duration) -> bool {
    if distance < step - step / 4 {
        return false;
    }
    // On the samples' own grid: they may lie around the begins of another.
    let Some((first, _)) = sorted.first() else {
        return false;
    };
    let half = step / 2;
    let start = phase_start(sorted, *first, step).saturating_sub(half);
    let (mut instants, mut steps) = (0_usize, 0_usize);
    let (mut instant, mut last) = (None, None);
    for (at, _) in sorted {
        let cell = at.saturating_sub(start).as_nanos() / step.as_nanos().max(1);
        instants += usize::from(instant != Some(*at));
        steps += usize::from(last != Some(cell));
        (instant, last) = (Some(*at), Some(cell));
    }
    instants <= steps + steps / 2
}

/// A round step, if there is one close by.
fn snapped(step: Duration) -> Duration {
    let nanos = step.as_nanos();
    let near = |round: &&u128| nanos.abs_diff(**round) <= **round / SNAP;
    ROUND
        .iter()
        .find(near)
        .and_then(|round| from_nanos(*round))
        .unwrap_or(step)
}

/// The multiple of the step at or before a time.
fn floor(at: Duration, step: Duration) -> Duration {
    let (at, step) = (at.as_nanos(), step.as_nanos().max(1));
    from_nanos(at - at % step).unwrap_or_default()
}

/// The grid time nearest to the first sample, on a grid that lies in the middle of the samples'
/// own phases.
fn phase_start(sorted: &[(Duration, f64)], first: Duration, step: Duration) -> Duration {
    let (width, first) = (step.as_nanos().max(1), first.as_nanos());
    // Phases are counted from half a step before the first sample's, so that small jitter around
    // it does not wrap.
    let half = width / 2;
    let mut phases: Vec<u128> = sorted
        .iter()
        .map(|(at, _)| (at.as_nanos() - first + half) % width)
        .collect();
    let middle = phases.len() / 2;
    if phases.is_empty() {
        return Duration::ZERO;
    }
    let (_, phase, _) = phases.select_nth_unstable(middle);
    let mut start = (first + *phase).saturating_sub(half);
    let beyond = start % width;
    if beyond <= width / 20 {
        start -= beyond;
    } else if width - beyond <= width / 20 {
        start += width - beyond;
    }
    // Snapping moved it; the first sample stays within half a step.
    if first + half < start {
        start = start.saturating_sub(width);
    } else if first + half >= start + width {
        start += width;
    }
    from_nanos(start).unwrap_or_default()
}
