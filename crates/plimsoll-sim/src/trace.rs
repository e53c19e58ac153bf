//! Recorded load: a rate for each step, from a CSV of `timestamp,value`.

/// Where a trace comes from. A CSV today; a metrics server is another implementation.
///
/// ```
/// use plimsoll_sim::{Repairs, Trace, TraceSource};
/// struct Flat(f64);
/// impl TraceSource for Flat {
///     type Error = std::convert::Infallible;
///
///     fn load(&self) -> Result<Trace, Self::Error> {
///         let (rates, repairs) = (vec![self.0; 1440], Repairs::default());
///         Ok(Trace { start_s: 0, step_s: 60, rates, repairs })
///     }
/// }
/// assert_eq!(Flat(100.0).load()?.end_s(), 86_400);
/// # Ok::<(), std::convert::Infallible>(())
/// ```
pub trait TraceSource {
    /// What can go wrong.
    type Error: std::error::Error;

    /// Reads the whole trace.
    ///
    /// # Errors
    /// Whatever the source says.
    fn load(&self) -> Result<Trace, Self::Error>;
}

/// What a trace's values count.
///
/// ```
/// use plimsoll_sim::{CsvSource, TraceSource, Unit};
/// let text = "0,120\n60,180\n";
/// assert_eq!(CsvSource::new(text).with_unit(Unit::Requests).load()?.rates, [2.0, 3.0]);
/// let rates = CsvSource::new(text).with_unit(Unit::RequestsPerSecond).load()?.rates;
/// assert_eq!(rates, [120.0, 180.0]);
/// # Ok::<(), plimsoll_sim::TraceError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// Requests in the step.
    #[default]
    Requests,
    /// Requests a second.
    RequestsPerSecond,
}

/// A recorded load on an even grid.
///
/// ```
/// use plimsoll_sim::{CsvSource, TraceSource};
/// let trace = CsvSource::new("600,120\n660,180\n720,60\n").load()?;
/// assert_eq!((trace.start_s, trace.step_s, trace.end_s()), (600, 60, 780));
/// assert_eq!(trace.rates, [2.0, 3.0, 1.0]);
/// # Ok::<(), plimsoll_sim::TraceError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// Timestamp of the first step, seconds since the Unix epoch.
    pub start_s: i64,
    /// Length of a step in seconds, ≥ 1.
    pub step_s: u32,
    /// Requests a second in each step; finite and ≥ 0.
    pub rates: Vec<f64>,
    /// What had to be repaired, in the whole trace that this is a part of.
    pub repairs: Repairs,
}

/// What was wrong with a trace and how it was repaired.
///
/// ```
/// use plimsoll_sim::{CsvSource, Repairs, TraceSource};
/// let trace = CsvSource::new("0,60\n60,60\n60,180\n120,60\n300,60\n").load()?;
/// let repairs = Repairs { missing_steps: 2, longest_gap_steps: 2, duplicate_rows: 1 };
/// assert_eq!(trace.repairs, repairs);
/// assert_eq!(trace.rates, [1.0, 2.0, 1.0, 1.0, 1.0, 1.0]);
/// # Ok::<(), plimsoll_sim::TraceError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Repairs {
    /// Steps without a value; each repeats the value before it.
    pub missing_steps: usize,
    /// Longest run of them, in steps.
    pub longest_gap_steps: usize,
    /// Rows whose timestamp fell into a step that had a value already; such values are averaged.
    pub duplicate_rows: usize,
}

impl Trace {
    /// The part of the trace from `from_s` to before `to_s`, both seconds since the epoch.
    ///
    /// # Errors
    /// [`TraceError`] where nothing is left.
    ///
    /// ```
    /// use plimsoll_sim::{CsvSource, TraceSource};
    /// let trace = CsvSource::new("0,120\n60,180\n120,60\n").load()?;
    /// let part = trace.between(30, 120)?; // a step belongs to the part if it begins in it
    /// assert_eq!((part.start_s, part.rates), (60, vec![3.0]));
    /// assert!(trace.between(180, 240).is_err());
    /// # Ok::<(), plimsoll_sim::TraceError>(())
    /// ```
    pub fn between(&self, from_s: i64, to_s: i64) -> Result<Self, TraceError> {
        let step = i64::from(self.step_s.max(1));
        let index = |at: i64| {
            let since = at.saturating_sub(self.start_s);
            // Rounded up: a step belongs to the part if it begins in it.
            let steps = since.div_euclid(step) + i64::from(since.rem_euclid(step) > 0);
            usize::try_from(steps).unwrap_or(0).min(self.rates.len())
        };
        let (from, to) = (index(from_s), index(to_s));
        if from >= to {
            return Err(TraceError::Empty {
                from_s,
                to_s,
                start_s: self.start_s,
                end_s: self.end_s(),
            });
        }
        Ok(Self {
            start_s: self.start_s + i64::try_from(from).unwrap_or(i64::MAX) * step,
            step_s: self.step_s,
            rates: self.rates[from..to].to_vec(),
            repairs: self.repairs,
        })
    }

    /// End of the last step, seconds since the epoch.
    ///
    /// ```
    /// # use plimsoll_sim::{CsvSource, TraceSource};
    /// assert_eq!(CsvSource::new("0,120\n60,180\n").load()?.end_s(), 120);
    /// # Ok::<(), plimsoll_sim::TraceError>(())
    /// ```
    #[must_use]
    pub fn end_s(&self) -> i64 {
        let steps = i64::try_from(self.rates.len()).unwrap_or(i64::MAX);
        self.start_s
            .saturating_add(steps.saturating_mul(i64::from(self.step_s)))
    }
}

/// Why a trace was refused.
///
/// ```
/// use plimsoll_sim::{CsvSource, TraceError, TraceSource};
/// assert_eq!(CsvSource::new("0,120\n").load(), Err(TraceError::TooShort { rows: 1 }));
/// assert_eq!(CsvSource::new("0,0\n60,0\n").load(), Err(TraceError::NoLoad));
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TraceError {
    /// A row is wrong.
    #[error("{field} is {value:?}, must be {bound}")]
    Row {
        /// Line in the file, from 1.
        line: usize,
        /// The column.
        field: &'static str,
        /// What stands there.
        value: String,
        /// What must stand there.
        bound: &'static str,
    },
    /// Fewer than two rows with a value.
    #[error("the trace has {rows} row(s) with a value, must have at least 2")]
    TooShort {
        /// Rows found.
        rows: usize,
    },
    /// The step is not a whole number of seconds.
    #[error("timestamps are {step_s} s apart, must be a whole number of seconds, at least 1")]
    Step {
        /// Usual distance between rows.
        step_s: f64,
    },
    /// The steps between timestamps span too much.
    #[error("timestamps span {steps} steps of {step_s} s, must be at most 20000000")]
    TooLong {
        /// Steps from first to last row.
        steps: u64,
        /// Length of a step.
        step_s: u32,
    },
    /// No load at all.
    #[error("every value is 0: there is no load to scale for")]
    NoLoad,
    /// A part of the trace was asked for that holds nothing.
    #[error(
        "the part from {from_s} to {to_s} holds no step of the trace, which goes from {start_s} to \
         {end_s} (seconds since the epoch)"
    )]
    Empty {
        /// Start asked for.
        from_s: i64,
        /// End asked for.
        to_s: i64,
        /// Start of the trace.
        start_s: i64,
        /// End of the trace.
        end_s: i64,
    },
}

impl TraceError {
    /// Line in the file, where one row is to blame.
    ///
    /// ```
    /// use plimsoll_sim::{CsvSource, TraceError, TraceSource};
    /// let refused = CsvSource::new("timestamp,value\n0,120\n60,many\n").load().err();
    /// assert_eq!(refused.and_then(|error| error.line()), Some(3));
    /// assert_eq!(TraceError::NoLoad.line(), None);
    /// ```
    #[must_use]
    pub const fn line(&self) -> Option<usize> {
        match self {
            Self::Row { line, .. } => Some(*line),
            _ => None,
        }
    }
}

const MOST_STEPS: u64 = 20_000_000;

/// A CSV text with the columns `timestamp` (seconds since the epoch, ascending) and `value`.
///
/// A header is optional where there are just these two columns, in this order. An empty value, `NaN`
/// or `null` is a missing one. The step is the usual distance between rows, a whole number of
/// seconds; a row belongs to the nearest step.
///
/// ```
/// use plimsoll_sim::{CsvSource, TraceSource, Unit};
/// let trace = CsvSource::new("timestamp,value\n0,120\n60,180\n180,60\n").load()?;
/// assert_eq!(trace.rates, [2.0, 3.0, 3.0, 1.0]);
/// assert_eq!(trace.repairs.missing_steps, 1);
/// # Ok::<(), plimsoll_sim::TraceError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct CsvSource<'a> {
    text: &'a str,
    unit: Unit,
}

impl<'a> CsvSource<'a> {
    /// A source that reads `text` as requests in the step.
    ///
    /// ```
    /// use plimsoll_sim::{CsvSource, TraceSource};
    /// let trace = CsvSource::new("value,timestamp\n600,0\n60,60\n").load()?;
    /// assert_eq!(trace.rates, [10.0, 1.0]);
    /// # Ok::<(), plimsoll_sim::TraceError>(())
    /// ```
    #[must_use]
    pub const fn new(text: &'a str) -> Self {
        Self {
            text,
            unit: Unit::Requests,
        }
    }

    /// Sets what the values count.
    ///
    /// ```
    /// use plimsoll_sim::{CsvSource, TraceSource, Unit};
    /// let source = CsvSource::new("0,12.5\n60,10\n").with_unit(Unit::RequestsPerSecond);
    /// assert_eq!(source.load()?.rates, [12.5, 10.0]);
    /// # Ok::<(), plimsoll_sim::TraceError>(())
    /// ```
    #[must_use]
    pub const fn with_unit(mut self, unit: Unit) -> Self {
        self.unit = unit;
        self
    }
}

impl TraceSource for CsvSource<'_> {
    type Error = TraceError;

    fn load(&self) -> Result<Trace, TraceError> {
        let rows = parse(self.text)?;
        let step_s = step(&rows)?;
        grid(&rows, step_s, self.unit)
    }
}

struct Row {
    at: f64,
    value: Option<f64>,
}

fn parse(text: &str) -> Result<Vec<Row>, TraceError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (mut time_column, mut value_column) = (0, 1);
    let mut rows: Vec<Row> = Vec::new();
    let (mut first, mut header) = (true, false);
    for (i, line) in text.lines().enumerate() {
        let number = i + 1;
        if line.trim().is_empty() {
            continue;
        }
        let cells = || line.split(',').map(|cell| cell.trim().trim_matches('"'));
        if std::mem::take(&mut first) && cells().next().is_some_and(|c| c.parse::<f64>().is_err()) {
            let find = |name: &'static str| {
                cells()
                    .position(|c| c.eq_ignore_ascii_case(name))
                    .ok_or_else(|| TraceError::Row {
                        line: number,
                        field: "header",
                        value: line.to_owned(),
                        bound: "a header with the columns timestamp and value (timestamps are seconds \
                                since the epoch)",
                    })
            };
            (time_column, value_column) = (find("timestamp")?, find("value")?);
            header = true;
            continue;
        }
        if !header && cells().count() > 2 {
            return Err(TraceError::Row {
                line: number,
                field: "row",
                value: line.to_owned(),
                bound: "two columns, timestamp and value, where there is no header",
            });
        }
        let cell = |column: usize, field: &'static str| {
            cells().nth(column).ok_or_else(|| TraceError::Row {
                line: number,
                field,
                value: line.to_owned(),
                bound: "present: two columns separated by a comma",
            })
        };
        let (time, value) = (
            cell(time_column, "timestamp")?,
            cell(value_column, "value")?,
        );
        let wrong = |field, value: &str, bound| TraceError::Row {
            line: number,
            field,
            value: value.to_owned(),
            bound,
        };
        let at = time
            .parse::<f64>()
            .ok()
            .filter(|t| t.is_finite() && t.abs() < 1e11)
            .ok_or_else(|| wrong("timestamp", time, "seconds since the epoch, within ±1e11"))?;
        if rows.last().is_some_and(|previous| at < previous.at) {
            return Err(wrong(
                "timestamp",
                time,
                "no earlier than the row before it",
            ));
        }
        let value = match value {
            "" | "NaN" | "nan" | "null" => None,
            text => Some(
                text.parse::<f64>()
                    .ok()
                    .filter(|v| v.is_finite() && (0.0..=1e15).contains(v))
                    .ok_or_else(|| wrong("value", text, "a number from 0 to 1e15"))?,
            ),
        };
        rows.push(Row { at, value });
    }
    let valued = rows.iter().filter(|r| r.value.is_some()).count();
    if valued < 2 {
        return Err(TraceError::TooShort { rows: valued });
    }
    Ok(rows)
}

/// The usual distance between rows: the mean of those near the most frequent one, which must be a
/// whole number of seconds.
fn step(rows: &[Row]) -> Result<u32, TraceError> {
    let mut distances: Vec<f64> = rows
        .windows(2)
        .map(|pair| pair[1].at - pair[0].at)
        .filter(|d| *d > 0.0)
        .collect();
    distances.sort_unstable_by(f64::total_cmp);
    let same = |a: &f64, b: &f64| (a * 10.0).round() as i64 == (b * 10.0).round() as i64;
    // The shortest of those that are equally frequent: the others span gaps.
    let usual = distances.chunk_by(same).rev().max_by_key(|run| run.len());
    let Some(usual) = usual.map(|run| run[0]) else {
        return Err(TraceError::TooShort { rows: 1 });
    };
    let near = distances
        .iter()
        .filter(|d| (**d - usual).abs() <= 0.1 * usual);
    let (sum, count) = near.fold((0.0, 0.0), |(sum, count), d| (sum + d, count + 1.0));
    let step_s = sum / count;
    let whole = step_s.round();
    if whole < 1.0 || whole > f64::from(u32::MAX) || (step_s - whole).abs() > 0.01 * whole {
        return Err(TraceError::Step { step_s });
    }
    Ok(whole as u32)
}

fn grid(rows: &[Row], step_s: u32, unit: Unit) -> Result<Trace, TraceError> {
    let step = f64::from(step_s);
    let start = rows[0].at;
    let steps = ((rows[rows.len() - 1].at - start) / step).round() as u64 + 1;
    if steps > MOST_STEPS {
        return Err(TraceError::TooLong { steps, step_s });
    }
    let mut sums = vec![(0.0_f64, 0_u32); steps as usize];
    let mut repairs = Repairs::default();
    for row in rows {
        let Some(value) = row.value else { continue };
        let slot = &mut sums[((row.at - start) / step).round() as usize];
        slot.0 += value;
        slot.1 += 1;
        repairs.duplicate_rows += usize::from(slot.1 > 1);
    }
    let scale = if unit == Unit::Requests {
        1.0 / step
    } else {
        1.0
    };
    let mut rates = Vec::with_capacity(sums.len());
    // A trace that begins with a gap has nothing to repeat: it begins at its first value.
    let lead = sums.iter().take_while(|(_, n)| *n == 0).count();
    let (mut last, mut gap) = (0.0, 0);
    for (sum, count) in sums.into_iter().skip(lead) {
        if count > 0 {
            last = sum / f64::from(count) * scale;
            gap = 0;
        } else {
            repairs.missing_steps += 1;
            gap += 1;
            repairs.longest_gap_steps = repairs.longest_gap_steps.max(gap);
        }
        rates.push(last);
    }
    if rates.iter().all(|r| *r <= 0.0) {
        return Err(TraceError::NoLoad);
    }
    Ok(Trace {
        start_s: (start + lead as f64 * step).round() as i64,
        step_s,
        rates,
        repairs,
    })
}
