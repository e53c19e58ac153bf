use super::Series;
use crate::numeric::count_f64;

/// Gaps up to this many steps are bridged by a line.
const BRIDGED: usize = 3;

/// A series without gaps, and which of its values were observed.
///
/// ```
/// use capacity_forecast::Series;
/// use std::time::Duration;
/// let hour = Duration::from_secs(3600);
/// let series = Series::from_grid(Duration::ZERO, hour, [Some(1.0), None, Some(3.0)])?;
/// let filled = series.fill(1)?;
/// assert_eq!(filled.values, [1.0, 2.0, 3.0]);
/// assert_eq!(filled.observed, [true, false, true]);
/// # Ok::<(), capacity_forecast::SeriesError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filled {
    /// Every value finite.
    pub values: Vec<f64>,
    /// Whether the value at the same index was observed.
    pub observed: Vec<bool>,
}

impl Series {
    /// The values with gaps filled as protocol CF-1 does, from the past only where a gap is long: up
    /// to three steps between two observed values are interpolated, longer gaps and the last one
    /// repeat the value a `season` (in steps; 0 and 1 for none) earlier or, where there is none, the
    /// previous one; what comes before the first observed value repeats it. O(n).
    ///
    /// # Errors
    /// [`SeriesError::AllMissing`](super::SeriesError::AllMissing).
    ///
    /// ```
    /// use capacity_forecast::Series;
    /// use std::time::Duration;
    /// let values = [1.0, 5.0, 2.0, f64::NAN];
    /// let series = Series::from_grid(Duration::ZERO, Duration::from_secs(60), values)?;
    /// assert_eq!(series.fill(2)?.values, [1.0, 5.0, 2.0, 5.0]);
    /// # Ok::<(), capacity_forecast::SeriesError>(())
    /// ```
    pub fn fill(&self, season: usize) -> Result<Filled, super::SeriesError> {
        fill(self.values(), season).ok_or(super::SeriesError::AllMissing { count: self.len() })
    }
}

/// `None` where no value is finite.
fn fill(raw: &[f64], season: usize) -> Option<Filled> {
    let first = *raw.iter().find(|value| value.is_finite())?;
    let observed = raw.iter().map(|value| value.is_finite()).collect();
    let mut values: Vec<f64> = Vec::with_capacity(raw.len());
    let mut index = 0;
    while let Some(rest) = raw.get(index..).filter(|rest| !rest.is_empty()) {
        let gap = rest.iter().take_while(|value| !value.is_finite()).count();
        let (before, after) = (values.last().copied(), rest.get(gap).copied());
        match (before, after) {
            (None, _) => values.extend(core::iter::repeat_n(first, gap)),
            (Some(before), Some(after)) if gap <= BRIDGED => {
                let steps = count_f64(gap + 1);
                values.extend((1..=gap).map(|step| {
                    let value = before + (after - before) * count_f64(step) / steps;
                    if value.is_finite() { value } else { before }
                }));
            }
            (Some(before), _) => {
                for at in index..index + gap {
                    let earlier = at.checked_sub(season.max(1));
                    let value = earlier.and_then(|at| values.get(at)).or(values.last());
                    values.push(value.copied().unwrap_or(before));
                }
            }
        }
        values.extend(after);
        index += gap + 1;
    }
    Some(Filled { values, observed })
}
