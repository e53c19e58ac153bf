use std::time::Duration;

use autoscale_core::Resource;

/// Longest series, in steps.
const MOST_STEPS: u128 = 10_000_000;

/// One line of a recorded use; `None` where nothing was recorded.
///
/// ```
/// use plimsoll_sim::vertical::UsageRow;
/// let row = UsageRow { time_s: 60, cpu_cores: Some(0.25), memory_bytes: None };
/// assert_eq!(row, UsageRow { memory_bytes: None, ..row });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct UsageRow {
    /// Unix time in seconds.
    pub time_s: u64,
    /// Cores in use.
    pub cpu_cores: Option<f64>,
    /// Bytes in use.
    pub memory_bytes: Option<f64>,
}

/// A container's recorded use at even steps.
///
/// ```
/// use plimsoll_sim::vertical::{UsageRow, UsageSeries};
/// let at = |time_s, cores| UsageRow { time_s, cpu_cores: Some(cores), memory_bytes: None };
/// let series = UsageSeries::from_rows(&[at(0, 0.1), at(300, 0.2), at(600, 0.3), at(1200, 0.5)])?;
/// assert_eq!(series.step.as_secs(), 300);
/// assert_eq!(series.cpu_cores, [Some(0.1), Some(0.2), Some(0.3), None, Some(0.5)]);
/// # Ok::<(), plimsoll_sim::vertical::UsageError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct UsageSeries {
    /// Unix time of the first value.
    pub start: Duration,
    /// Between two values.
    pub step: Duration,
    /// Cores in use, one value a step; empty where only memory was recorded.
    pub cpu_cores: Vec<Option<f64>>,
    /// Bytes in use, one value a step; empty where only CPU was recorded.
    pub memory_bytes: Vec<Option<f64>>,
}

impl UsageSeries {
    /// From lines in the order of time. The step is the commonest distance between two lines, the
    /// shorter one of equals; a line goes to its nearest step, the larger value where two meet.
    ///
    /// # Errors
    /// [`UsageError`] where there are fewer than two lines, times go backwards, a value is negative
    /// or not finite, nothing was recorded at all, or the series is longer than 10⁷ steps.
    ///
    /// ```
    /// use plimsoll_sim::vertical::{UsageRow, UsageSeries};
    /// let lie = UsageRow { time_s: 0, cpu_cores: Some(-1.0), memory_bytes: None };
    /// let refused = UsageSeries::from_rows(&[lie, UsageRow { time_s: 60, ..lie }]);
    /// assert_eq!(
    ///     refused.err().map(|error| error.to_string()).as_deref(),
    ///     Some("line 1: cpu_cores is -1, must be a finite number ≥ 0")
    /// );
    /// ```
    pub fn from_rows(rows: &[UsageRow]) -> Result<Self, UsageError> {
        let (Some(first), Some(last), Some(step)) =
            (rows.first(), rows.last(), commonest_step(rows)?)
        else {
            return Err(UsageError::Short { lines: rows.len() });
        };
        let position = |time_s: u64| (time_s - first.time_s + step / 2) / step;
        let steps = u128::from(position(last.time_s)) + 1;
        if steps > MOST_STEPS {
            return Err(UsageError::Long { steps });
        }
        let column = |name, of: fn(&UsageRow) -> Option<f64>| {
            let mut values = vec![None; steps as usize];
            for (index, row) in rows.iter().enumerate() {
                let Some(value) = of(row) else { continue };
                if !(value.is_finite() && value >= 0.0) {
                    let line = index + 1;
                    return Err(UsageError::Value { line, name, value });
                }
                let held: &mut Option<f64> = &mut values[position(row.time_s) as usize];
                *held = Some(held.map_or(value, |held| held.max(value)));
            }
            if values.iter().all(Option::is_none) {
                values.clear();
            }
            Ok(values)
        };
        let series = Self {
            start: Duration::from_secs(first.time_s),
            step: Duration::from_secs(step),
            cpu_cores: column("cpu_cores", |row| row.cpu_cores)?,
            memory_bytes: column("memory_bytes", |row| row.memory_bytes)?,
        };
        if series.cpu_cores.is_empty() && series.memory_bytes.is_empty() {
            return Err(UsageError::Empty);
        }
        Ok(series)
    }

    /// How many steps there are.
    ///
    /// ```
    /// use plimsoll_sim::vertical::MemoryPattern;
    /// assert_eq!(MemoryPattern::Daily.series(1, 21).len(), 21 * 288);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.cpu_cores.len().max(self.memory_bytes.len())
    }

    /// Whether there is none.
    ///
    /// ```
    /// assert!(!plimsoll_sim::vertical::MemoryPattern::Leak.series(1, 1).is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a step, in cores or bytes.
    ///
    /// ```
    /// use autoscale_core::Resource;
    /// use plimsoll_sim::vertical::MemoryPattern;
    /// let series = MemoryPattern::Daily.series(1, 1);
    /// assert_eq!(series.value(Resource::Cpu, 0), None);
    /// assert_eq!(series.value(Resource::Memory, 7), series.memory_bytes[7]);
    /// ```
    #[must_use]
    pub fn value(&self, resource: Resource, step: usize) -> Option<f64> {
        let values = match resource {
            Resource::Cpu => &self.cpu_cores,
            Resource::Memory => &self.memory_bytes,
        };
        values.get(step).copied().flatten()
    }
}

/// The commonest distance between two lines, in seconds.
fn commonest_step(rows: &[UsageRow]) -> Result<Option<u64>, UsageError> {
    let mut steps = Vec::with_capacity(rows.len());
    for (index, pair) in rows.windows(2).enumerate() {
        let step = pair[1].time_s.checked_sub(pair[0].time_s);
        let line = index + 2;
        steps.push(step.ok_or(UsageError::Order { line })?);
    }
    steps.retain(|&step| step > 0);
    steps.sort_unstable();
    let runs = steps.chunk_by(|a, b| a == b);
    // `max_by_key` gives the last one of equals.
    Ok(runs.rev().max_by_key(|run| run.len()).map(|run| run[0]))
}

/// Why lines are no series.
///
/// ```
/// use plimsoll_sim::vertical::{UsageError, UsageSeries};
/// assert_eq!(UsageSeries::from_rows(&[]), Err(UsageError::Short { lines: 0 }));
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UsageError {
    /// There are fewer than two lines of different times.
    #[error("lines are {lines}, must be at least 2 of different times")]
    Short {
        /// How many there are.
        lines: usize,
    },
    /// The first line is too far from the last one.
    #[error("steps are {steps}, must be at most 10000000")]
    Long {
        /// How many there would be.
        steps: u128,
    },
    /// A line is older than the one before.
    #[error("line {line}: time must not be before that of the line before")]
    Order {
        /// The line, from 1.
        line: usize,
    },
    /// A value makes no sense.
    #[error("line {line}: {name} is {value}, must be a finite number ≥ 0")]
    Value {
        /// The line, from 1.
        line: usize,
        /// Its column.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// No line has a value.
    #[error("no line has a value")]
    Empty,
}
