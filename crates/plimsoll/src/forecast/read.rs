//! Metrics from a CSV of any size: each line goes into its series and is forgotten.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use capacity_forecast::{ForecastError, Series, SeriesConfig};

use super::cells::cells;
use super::feed::Feed;
use super::lines::Lines;
use crate::cli::Moment;
use crate::input_error::InputError;
use crate::output;
use crate::policy_file::quote;
use crate::progress::Progress;
use crate::recorded::stem;
use crate::timestamp;

/// Longest line.
const LONGEST: u64 = 1 << 20;
/// Metrics at most: each holds its newest steps.
const MOST_METRICS: usize = 500;
/// Lines from one look of the progress bar to the next.
const LINES: usize = 4096;
/// What a column with the time may be called, what one with the metric's name, and what one with its
/// value.
const TIME: [&str; 5] = ["timestamp", "time", "ts", "date", "datetime"];
const METRIC: [&str; 3] = ["metric", "name", "series"];
const VALUE: &str = "value";
/// What stands for a value that was not recorded, in any case of its letters.
const MISSING: [&str; 3] = ["", "nan", "null"];

/// What the metrics' series are made with.
pub(super) struct Wanted<'a> {
    pub(super) horizon: Duration,
    pub(super) now: Option<Moment>,
    /// Metrics to look at; all where there is none.
    pub(super) only: &'a [String],
    /// How the samples of a metric become its series.
    pub(super) series: &'a dyn Fn(&str) -> SeriesConfig,
}

/// What a file holds.
pub(super) struct Recorded {
    /// The moment asked for, or the newest time.
    pub(super) now: Duration,
    /// In the order of the file.
    pub(super) metrics: Vec<(String, Result<Series, ForecastError>)>,
    /// Names of all metrics, those that were not looked at included.
    pub(super) names: Vec<String>,
    /// Lines that are later than the moment asked for.
    pub(super) later: usize,
}

/// Where a line has what.
enum Layout {
    /// A column for each metric: cell and feed.
    Wide {
        time: usize,
        count: usize,
        columns: Vec<(usize, Option<usize>)>,
    },
    /// A line for each metric.
    Long {
        time: usize,
        metric: usize,
        value: usize,
    },
}

struct Reader<'a> {
    wanted: &'a Wanted<'a>,
    feeds: Vec<Feed>,
    /// Feed of each metric; none for those that are not looked at.
    by_name: BTreeMap<String, Option<usize>>,
    names: Vec<String>,
    now: Option<Duration>,
    newest: Option<Duration>,
    later: usize,
}

/// Reads a file.
pub(super) fn read(path: &Path, wanted: &Wanted<'_>) -> Result<Recorded, InputError> {
    let mut lines = Lines::open(path, LONGEST)?;
    let mut progress = Progress::bytes(lines.size());
    let mut reader = Reader {
        wanted,
        feeds: Vec::new(),
        by_name: BTreeMap::new(),
        names: Vec::new(),
        now: None,
        newest: None,
        later: 0,
    };
    let alone = if output::is_stdout(path) {
        VALUE.to_owned()
    } else {
        stem(path)
    };
    let mut layout: Option<Layout> = None;
    let mut count = 0;
    while let Some((_, line)) = lines.next()? {
        let taken = match (cells(line), &layout) {
            (None, _) => Err("a quote is not closed on its line".to_owned()),
            (Some(cells), Some(layout)) => reader.row(layout, &cells, line),
            (Some(cells), None) => match reader.header(&cells, &alone) {
                Ok((found, is_row)) => {
                    let taken = match is_row {
                        true => reader.row(&found, &cells, line),
                        false => Ok(()),
                    };
                    layout = Some(found);
                    taken
                }
                Err(message) => Err(message),
            },
        };
        taken.map_err(|message| lines.fault(message))?;
        count += 1;
        if count % LINES == 0 {
            progress.set_bytes(lines.read());
        }
    }
    progress.finish();
    reader.finish(lines.file())
}

impl Reader<'_> {
    /// What the first line makes of the file, and whether it is a line of values itself.
    fn header(&mut self, cells: &[Cow<'_, str>], alone: &str) -> Result<(Layout, bool), String> {
        let first = cells.first().map_or("", |cell| cell);
        if timestamp::since_epoch(first).is_some() {
            let layout = match cells {
                [_, _] => {
                    let feed = self.feed(alone)?;
                    Layout::Wide {
                        time: 0,
                        count: 2,
                        columns: vec![(1, feed)],
                    }
                }
                [_, name, _] if number(name).is_err() => Layout::Long {
                    time: 0,
                    metric: 1,
                    value: 2,
                },
                _ => {
                    return Err(format!(
                        "the first line has {} cells and no names, must have a header, or be \
                         timestamp,value or timestamp,metric,value",
                        cells.len()
                    ));
                }
            };
            return Ok((layout, true));
        }
        let at = |names: &[&str]| {
            let is = |cell: &Cow<'_, str>| names.iter().any(|name| cell.eq_ignore_ascii_case(name));
            cells.iter().position(is)
        };
        let time = at(&TIME).ok_or_else(|| {
            let known = TIME.join(", ");
            format!("the header has no column timestamp (or one of {known}) and does not begin with a time")
        })?;
        if let (Some(metric), Some(value)) = (at(&METRIC), at(&[VALUE])) {
            let known = [time, metric, value];
            if let Some(other) = (0..cells.len()).find(|column| !known.contains(column)) {
                let name = quote(&cells[other]);
                return Err(format!(
                    "the header has the column {name} beside timestamp, metric and value"
                ));
            }
            return Ok((
                Layout::Long {
                    time,
                    metric,
                    value,
                },
                false,
            ));
        }
        let mut columns = Vec::new();
        for (column, name) in cells
            .iter()
            .enumerate()
            .filter(|(column, _)| *column != time)
        {
            if name.is_empty() {
                return Err(format!("column {} of the header has no name", column + 1));
            }
            if self.by_name.contains_key(name.as_ref()) {
                return Err(format!("the header has the column {} twice", quote(name)));
            }
            let single = cells.len() == 2 && name.eq_ignore_ascii_case(VALUE);
            let name = if single { alone } else { name };
            columns.push((column, self.feed(name)?));
        }
        if columns.is_empty() {
            return Err("the header has no column beside the time".to_owned());
        }
        Ok((
            Layout::Wide {
                time,
                count: cells.len(),
                columns,
            },
            false,
        ))
    }

    /// The feed of a metric; `None` for one that is not looked at.
    fn feed(&mut self, name: &str) -> Result<Option<usize>, String> {
        if let Some(feed) = self.by_name.get(name) {
            return Ok(*feed);
        }
        let only = self.wanted.only;
        let feed = (only.is_empty() || only.iter().any(|wanted| wanted == name)).then(|| {
            let config = (self.wanted.series)(name);
            self.feeds
                .push(Feed::new(name.to_owned(), config, self.wanted.horizon));
            self.feeds.len() - 1
        });
        if self.feeds.len() > MOST_METRICS {
            return Err(format!(
                "{} is metric {}, must be at most {MOST_METRICS}: --only NAME picks some",
                quote(name),
                MOST_METRICS + 1
            ));
        }
        // Names of what is not looked at are only for messages: there may be any number of them.
        if feed.is_some() || self.names.len() < MOST_METRICS {
            self.by_name.insert(name.to_owned(), feed);
            self.names.push(name.to_owned());
        }
        Ok(feed)
    }

    fn row(&mut self, layout: &Layout, cells: &[Cow<'_, str>], line: &str) -> Result<(), String> {
        let (time, count) = match layout {
            Layout::Wide { time, count, .. } => (*time, *count),
            Layout::Long { time, .. } => (*time, 3),
        };
        if cells.len() != count {
            let have = cells.len();
            return Err(format!(
                "{} has {have} cells, must have {count}",
                quote(line)
            ));
        }
        let at = timestamp::since_epoch(&cells[time]).ok_or_else(|| {
            let expected = timestamp::EXPECTED;
            format!("timestamp is {}, {expected}", quote(&cells[time]))
        })?;
        if self.newest.is_none() {
            self.now = self.wanted.now.map(|now| resolve(now, at)).transpose()?;
        }
        if self.now.is_some_and(|now| at > now) {
            self.later += 1;
            self.newest = self.newest.or(Some(Duration::ZERO));
            return Ok(());
        }
        self.newest = self.newest.max(Some(at));
        match layout {
            Layout::Wide { columns, .. } => {
                for (column, feed) in columns {
                    let Some(feed) = feed else { continue };
                    self.push(*feed, at, &cells[*column])?;
                }
            }
            Layout::Long { metric, value, .. } => {
                let name = cells[*metric].as_ref();
                if name.is_empty() {
                    return Err("metric is empty, must be a name".to_owned());
                }
                if let Some(feed) = self.feed(name)? {
                    self.push(feed, at, &cells[*value])?;
                }
            }
        }
        Ok(())
    }

    fn push(&mut self, feed: usize, at: Duration, cell: &str) -> Result<(), String> {
        let feed = &mut self.feeds[feed];
        let name = &feed.name;
        match number(cell).map_err(|message| format!("{name} is {message}"))? {
            Some(value) => {
                let pushed = feed.push(at, value);
                pushed.map_err(|error| format!("{}: {error}", feed.name))
            }
            None => Ok(()),
        }
    }

    fn finish(self, file: &Path) -> Result<Recorded, InputError> {
        let Some(newest) = self.newest else {
            return Err(InputError::new(
                file,
                None,
                "holds no line with a time and a value",
            ));
        };
        if self.feeds.is_empty() {
            let names = listed(&self.names);
            let message = format!("has none of the metrics of --only; it has {names}");
            return Err(InputError::new(file, None, message));
        }
        Ok(Recorded {
            now: self.now.unwrap_or(newest),
            metrics: self
                .feeds
                .into_iter()
                .map(|feed| (feed.name.clone(), feed.finish()))
                .collect(),
            names: self.names,
            later: self.later,
        })
    }
}

/// The moment that is forecast from, in a file whose first line is at `first`.
fn resolve(now: Moment, first: Duration) -> Result<Duration, String> {
    let first = i64::try_from(first.as_secs()).unwrap_or(i64::MAX);
    let seconds = now.resolve(first);
    u64::try_from(seconds)
        .map(Duration::from_secs)
        .map_err(|_| format!("--now is {seconds}, must not be before 1970"))
}

/// A value; `None` where nothing was recorded.
fn number(cell: &str) -> Result<Option<f64>, String> {
    if MISSING.iter().any(|word| cell.eq_ignore_ascii_case(word)) {
        return Ok(None);
    }
    cell.parse().map(Some).map_err(|_| {
        let cell = quote(cell);
        format!("{cell}, must be a number, or empty, nan or null where nothing was recorded")
    })
}

/// Names, the first ones.
pub(super) fn listed(names: &[String]) -> String {
    const MOST: usize = 10;
    let shown: Vec<String> = names.iter().take(MOST).map(|name| quote(name)).collect();
    let more = names.len().saturating_sub(MOST);
    match more {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
