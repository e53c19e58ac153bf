//! Streaming: one sample more, in amortised constant time.

use core::time::Duration;

use super::tally::Tally;
use super::{Sampling, Series, SeriesError, State};
use crate::duration::times;

impl Series {
    /// Keeps only the newest `keep` values, now and while streaming.
    ///
    /// # Errors
    /// [`SeriesError::Config`] for 0 and more than
    /// [`max_values`](super::SeriesConfig::max_values).
    ///
    /// ```
    /// use capacity_forecast::Series;
    /// use std::time::Duration;
    /// let minute = Duration::from_secs(60);
    /// let mut series = Series::from_grid(Duration::ZERO, minute, [1.0, 2.0, 3.0])?.with_keep(2)?;
    /// series.push(3 * minute, 4.0)?;
    /// assert_eq!(series.values(), [3.0, 4.0]);
    /// assert_eq!(series.start(), 2 * minute);
    /// # Ok::<(), capacity_forecast::SeriesError>(())
    /// ```
    pub fn with_keep(mut self, keep: usize) -> Result<Self, SeriesError> {
        let config = self.config.clone().with_keep(Some(keep));
        config.check()?;
        self.config = config;
        self.evict();
        Ok(self)
    }

    /// Takes a new sample. O(1) amortised, without allocation once the series has its full length.
    ///
    /// A sample that makes no sense is counted in [`repairs`](Self::repairs), not used: one that is
    /// not finite, and one for an earlier step that already has a value. An earlier step that is
    /// missing is filled by it (not for counters).
    ///
    /// # Errors
    /// [`SeriesError::TooLong`] when the sample's time leaves a gap of
    /// [`max_values`](super::SeriesConfig::max_values) or more, [`BeyondTime`](SeriesError::BeyondTime) at the end of time; nothing changes then.
    ///
    /// ```
    /// use capacity_forecast::Series;
    /// use std::time::Duration;
    /// let minute = Duration::from_secs(60);
    /// let mut series = Series::from_grid(Duration::ZERO, minute, [1.0])?;
    /// series.push(minute, f64::NAN)?;
    /// series.push(2 * minute, 3.0)?;
    /// assert_eq!((series.len(), series.observed()), (3, 2));
    /// assert_eq!(series.repairs().rejected, 1);
    /// # Ok::<(), capacity_forecast::SeriesError>(())
    /// ```
    pub fn push(&mut self, at: Duration, value: f64) -> Result<(), SeriesError> {
        let counter = matches!(self.state, State::Counter(_));
        let usable = value.is_finite() && !(counter && value < 0.0);
        if usable {
            let earlier = at < self.newest;
            self.take(at, value + 0.0)?;
            self.counts.unsorted += usize::from(earlier);
        } else {
            self.counts.rejected += 1;
        }
        self.counts.given += 1;
        Ok(())
    }

    pub(super) fn take(&mut self, at: Duration, value: f64) -> Result<(), SeriesError> {
        let Some(cell) = self.cell(at) else {
            if at > self.newest {
                return Err(self.checked_cell(at).err().unwrap_or(self.too_late(at)));
            }
            self.counts.late += 1;
            return Ok(());
        };
        if at < self.newest && matches!(self.state, State::Counter(_)) {
            self.counts.late += 1;
            return Ok(());
        }
        let State::Gauge { bin, instant } = self.state else {
            return self.push_reading(at, value);
        };
        let newest_cell = (self.cells.len() as u64).checked_sub(1);
        if newest_cell.is_some_and(|newest| cell < newest) {
            self.fill_hole(cell, at, value);
            return Ok(());
        }
        let fresh = newest_cell != Some(cell);
        if fresh {
            let cell = self.checked_cell(at)?;
            self.advance(cell)?;
        }
        let (mut bin, mut instant) = if fresh {
            (Tally::default(), Tally::default())
        } else {
            (bin, instant)
        };
        let empty = bin.count + instant.count == 0;
        if !empty && at == self.newest {
            self.counts.duplicates += 1;
            instant.add(value);
        } else {
            self.counts.binned += usize::from(!empty);
            if at < self.newest && !empty {
                bin.add(value);
            } else {
                if instant.count > 0 {
                    bin.add(instant.value(self.config.duplicates));
                }
                instant = Tally::of(value);
            }
        }
        self.newest = self.newest.max(at);
        self.state = State::Gauge { bin, instant };
        bin.add(instant.value(self.config.duplicates));
        self.set_last(bin.value(self.config.bins));
        Ok(())
    }

    /// A late sample's step gets its value if it has none.
    fn fill_hole(&mut self, cell: u64, at: Duration, value: f64) {
        let index = usize::try_from(cell).unwrap_or(usize::MAX);
        match self.cells.get_mut(index) {
            Some(hole) if hole.is_nan() && index >= self.dropped => {
                *hole = value;
                self.observed += 1;
                self.newest = self.newest.max(at);
            }
            _ => self.counts.late += 1,
        }
    }

    /// Steps from the origin to the step of a time; `None` before the first, and beyond any.
    pub(super) fn cell(&self, at: Duration) -> Option<u64> {
        self.cell_wide(at).and_then(|cell| u64::try_from(cell).ok())
    }

    pub(super) fn cell_wide(&self, at: Duration) -> Option<u128> {
        let half = match self.sampling {
            Sampling::Points => self.step / 2,
            Sampling::Bins => Duration::ZERO,
        };
        let since = at.checked_add(half)?.checked_sub(self.origin)?;
        Some(since.as_nanos() / self.step.as_nanos().max(1))
    }

    /// The step of a later sample, if the gap that it leaves is accepted.
    pub(super) fn checked_cell(&self, at: Duration) -> Result<u64, SeriesError> {
        let cell = self.cell(at).ok_or_else(|| self.too_late(at))?;
        let end = times(self.step, u128::from(cell) + 2).and_then(|t| self.origin.checked_add(t));
        if end.is_none() {
            return Err(SeriesError::BeyondTime {
                start: self.origin,
                step: self.step,
                values: u128::from(cell) + 1,
            });
        }
        let gap = cell.saturating_sub(self.cells.len() as u64);
        if gap >= self.config.max_values as u64 {
            return Err(self.too_late(at));
        }
        Ok(cell)
    }

    fn too_late(&self, at: Duration) -> SeriesError {
        let values = self.cell_wide(at).map_or(u128::MAX, |cell| cell + 1);
        SeriesError::TooLong {
            values: values.saturating_sub(self.dropped as u128),
            step: self.step,
            max: self.config.max_values,
        }
    }

    /// Makes `cell` the newest one; what lies between is missing. The first cell of all becomes the
    /// series' start.
    pub(super) fn advance(&mut self, cell: u64) -> Result<(), SeriesError> {
        let cell = usize::try_from(cell).unwrap_or(usize::MAX);
        let Some(gap) = cell.checked_sub(self.cells.len()) else {
            return Ok(());
        };
        if self.cells.is_empty() || gap >= self.config.kept() {
            self.counts.dropped += self.observed;
            self.observed = 0;
            self.shift_origin(cell)?;
            self.cells.clear();
            self.dropped = 0;
        } else {
            self.cells.extend(core::iter::repeat_n(f64::NAN, gap));
        }
        self.cells.push(f64::NAN);
        self.evict();
        Ok(())
    }

    /// Sets the newest value.
    pub(super) fn set_last(&mut self, value: f64) {
        if let Some(last) = self.cells.last_mut() {
            self.observed += usize::from(last.is_nan());
            *last = value;
        }
    }

    fn shift_origin(&mut self, by: usize) -> Result<(), SeriesError> {
        let shift = times(self.step, by as u128).and_then(|shift| self.origin.checked_add(shift));
        self.origin = shift.ok_or(SeriesError::BeyondTime {
            start: self.origin,
            step: self.step,
            values: by as u128,
        })?;
        Ok(())
    }

    pub(super) fn evict(&mut self) {
        let keep = self.config.kept();
        while self.len() > keep {
            let seen = self.cells.get(self.dropped).is_some_and(|v| !v.is_nan());
            self.observed -= usize::from(seen);
            self.counts.dropped += usize::from(seen);
            self.dropped += 1;
        }
        if self.dropped >= keep && self.shift_origin(self.dropped).is_ok() {
            self.cells.drain(..self.dropped);
            self.dropped = 0;
        }
    }
}
