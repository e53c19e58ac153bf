//! The command's part of the command line.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use autoscale_core::format_duration;
use capacity_forecast::{Combine, MetricKind, Urgency};
use clap::{Args, ValueEnum};

use crate::cli::{Moment, OutputArgs, duration, moment, refuse_flag};

/// Arguments of `plimsoll forecast`.
#[derive(Debug, Args)]
pub(crate) struct ForecastArgs {
    /// Recorded metrics: CSV with the columns timestamp,value; timestamp,metric,value; or timestamp and
    /// a column for each metric (- = standard input). Times are seconds or milliseconds since the epoch,
    /// or dates (UTC where they have no offset); empty, nan and null are values that were not recorded.
    #[arg(required_unless_present = "tasks")]
    pub(crate) file: Option<PathBuf>,

    /// Answer the tasks of a file instead, one JSON object a line, each with one line on standard
    /// output: key, h (steps ahead), m (season lengths in steps), y (history, gaps filled in), raw
    /// (history, null where nothing was observed), and limit where P(reached) is asked for.
    #[arg(long, value_name = "FILE", exclusive = true)]
    pub(crate) tasks: Option<PathBuf>,

    /// What must not be reached, in the metric's unit; NAME=LIMIT for one metric. Default: that of the
    /// kind (cpu 0.8, memory 0.85, disk 0.9, response-time 2, queue 1000); others need one.
    #[arg(long, value_name = "LIMIT", value_parser = named::<Number>, allow_hyphen_values = true)]
    pub(crate) limit: Vec<Named<Number>>,

    /// Time from the decision until its remedy helps; NAME=D for one metric. Default: that of the kind
    /// (1d; disk and what is of no known kind 3d).
    #[arg(long, value_name = "D", value_parser = named::<Span>)]
    pub(crate) lead_time: Vec<Named<Span>>,

    /// How far to look ahead, at least the lead time. Default: 7d, or twice the longest lead time that
    /// is given.
    #[arg(long, value_name = "D", value_parser = above_0)]
    pub(crate) horizon: Option<Duration>,

    /// Length of a season, at most two, or none. Default: found in the data.
    #[arg(long, value_name = "D", value_parser = season)]
    pub(crate) season: Vec<SeasonLength>,

    /// Kind of a metric: cpu, memory, disk, response-time, queue or other. Default: by its name.
    #[arg(long, value_name = "NAME=KIND", value_parser = kind_of_metric)]
    pub(crate) metric: Vec<(String, MetricKind)>,

    /// Metric to look at; the others are left out. May be given several times.
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Vec<String>,

    /// The limit is reached from above: free space, cache hits. =NAME for one metric.
    #[arg(long, value_name = "NAME", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) falling: Vec<String>,

    /// The values are readings of a counter that only grows: its increase a second is what counts.
    /// =NAME for one metric.
    #[arg(long, value_name = "NAME", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) counter: Vec<String>,

    /// The limit counts as reached when K of N steps in a row are beyond it, such as 3/5.
    #[arg(long, value_name = "K/N", value_parser = sustained, allow_hyphen_values = true)]
    pub(crate) sustained: Option<(usize, usize)>,

    /// Nothing lies below this; NAME=BOUND for one metric. Default: 0 where nothing ever was negative.
    #[arg(long, value_name = "BOUND", value_parser = named::<Number>, allow_hyphen_values = true)]
    pub(crate) min: Vec<Named<Number>>,

    /// Nothing lies above this, such as the size of a disk; NAME=BOUND for one metric.
    #[arg(
        long, visible_alias = "cap", value_name = "BOUND", value_parser = named::<Number>,
        allow_hyphen_values = true
    )]
    pub(crate) max: Vec<Named<Number>>,

    /// Planned events (TOML, YAML or JSON): launches, holidays, growth; docs/forecast.md has the format.
    #[arg(long, value_name = "FILE")]
    pub(crate) events: Option<PathBuf>,

    /// Moment to forecast from: seconds since the epoch, a date, or a duration since the file's first
    /// line. What is later is not looked at. Default: the newest time in the file.
    #[arg(long, value_name = "T", value_parser = moment)]
    pub(crate) now: Option<Moment>,

    /// Time from step to step. Default: that of the data, or, where the horizon would be more than 400
    /// steps, the shortest round one that makes it fewer, at most a day.
    #[arg(long, value_name = "D", value_parser = above_0)]
    pub(crate) step: Option<Duration>,

    /// What becomes of several values in a step. Default: the largest, with --falling the smallest:
    /// what reaches the limit must not be averaged away.
    #[arg(long, value_name = "NAME")]
    pub(crate) bins: Option<Bins>,

    /// Newest steps that are kept and learned from.
    #[arg(long, value_name = "N", default_value_t = Self::KEEP, value_parser = keep)]
    pub(crate) keep: usize,

    /// Age of a metric's newest value from which on there is no answer for it. Default: a tenth of the
    /// horizon, at least three steps.
    #[arg(long, value_name = "D", value_parser = duration)]
    pub(crate) max_age: Option<Duration>,

    /// Exit code 1 where a metric is at least this urgent.
    #[arg(long, value_name = "NAME")]
    pub(crate) fail_on: Option<FailOn>,

    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

impl ForecastArgs {
    /// Default of `keep`.
    pub(crate) const KEEP: usize = 4096;
}

/// A value for all metrics, or for one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Named<T> {
    pub(crate) metric: Option<String>,
    pub(crate) value: T,
}

/// A finite number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Number(pub(crate) f64);

/// A length of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Span(pub(crate) Duration);

/// A season, or that there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SeasonLength {
    None,
    Length(Duration),
}

/// What several values in a step become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Bins {
    Mean,
    Max,
    Min,
    Last,
    Sum,
}

impl From<Bins> for Combine {
    fn from(bins: Bins) -> Self {
        match bins {
            Bins::Mean => Self::Mean,
            Bins::Max => Self::Max,
            Bins::Min => Self::Min,
            Bins::Last => Self::Last,
            Bins::Sum => Self::Sum,
        }
    }
}

/// An urgency that is a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    Medium,
    High,
}

impl From<FailOn> for Urgency {
    fn from(bar: FailOn) -> Self {
        match bar {
            FailOn::Medium => Self::Medium,
            FailOn::High => Self::High,
        }
    }
}

impl FromStr for Number {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = match text.strip_suffix('%') {
            // Read as a decimal, so that 90% is 0.9 and not a neighbour of it.
            Some(percent) => format!("{}e-2", percent.trim()).parse::<f64>(),
            None => text.parse::<f64>(),
        };
        number
            .ok()
            .filter(|number| number.is_finite())
            .map(Self)
            .ok_or_else(|| "must be a finite number such as 0.9 or 90%, or NAME=NUMBER".to_owned())
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        duration(text).map(Self)
    }
}

/// `VALUE` or `NAME=VALUE`; a name may hold equals signs.
fn named<T: FromStr<Err = String>>(text: &str) -> Result<Named<T>, String> {
    refuse_flag(text)?;
    let (metric, value) = match text.rsplit_once('=') {
        Some((metric, value)) => (Some(metric.to_owned()), value),
        None => (None, text),
    };
    let value = value.trim().parse()?;
    Ok(Named { metric, value })
}

fn above_0(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("must be above 0s".to_owned()),
        length => Ok(length),
    }
}

fn season(text: &str) -> Result<SeasonLength, String> {
    if text == "none" {
        return Ok(SeasonLength::None);
    }
    above_0(text).map(SeasonLength::Length)
}

const KINDS: [(&str, MetricKind); 6] = [
    ("cpu", MetricKind::CpuUtilization),
    ("memory", MetricKind::MemoryUtilization),
    ("disk", MetricKind::DiskUtilization),
    ("response-time", MetricKind::ResponseTime),
    ("queue", MetricKind::QueueLength),
    ("other", MetricKind::Other),
];

/// A kind as the command line has it.
pub(crate) fn kind_name(kind: MetricKind) -> &'static str {
    let found = KINDS.iter().find(|(_, known)| *known == kind);
    found.map_or("other", |(name, _)| name)
}

fn kind_of_metric(text: &str) -> Result<(String, MetricKind), String> {
    let kind = |name: &str| KINDS.iter().find(|(known, _)| *known == name);
    text.rsplit_once('=')
        .and_then(|(metric, name)| Some((metric.to_owned(), kind(name)?.1)))
        .ok_or_else(|| {
            let kinds: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
            format!("must be NAME=KIND, the kind one of {}", kinds.join(", "))
        })
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_duration(self.0))
    }
}

impl fmt::Display for SeasonLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Length(length) => f.write_str(&format_duration(*length)),
        }
    }
}

impl<T: fmt::Display> fmt::Display for Named<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.metric {
            Some(metric) => write!(f, "{metric}={}", self.value),
            None => self.value.fmt(f),
        }
    }
}

fn sustained(text: &str) -> Result<(usize, usize), String> {
    refuse_flag(text)?;
    text.split_once('/')
        .and_then(|(hits, of)| Some((hits.parse().ok()?, of.parse().ok()?)))
        .filter(|(hits, of)| (1..=1000).contains(of) && (1..=*of).contains(hits))
        .ok_or_else(|| "must be K/N, such as 3/5: K from 1 to N, N at most 1000".to_owned())
}

fn keep(text: &str) -> Result<usize, String> {
    refuse_flag(text)?;
    text.parse()
        .ok()
        .filter(|keep| (8..=100_000).contains(keep))
        .ok_or_else(|| "must be a whole number from 8 to 100000".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_be_for_one_metric() {
        let of = |text: &str| named::<Number>(text).map(|named| (named.metric, named.value.0));
        assert_eq!(of("0.9"), Ok((None, 0.9)));
        assert_eq!(of("-5"), Ok((None, -5.0)));
        assert_eq!(of("disk=90%"), Ok((Some("disk".to_owned()), 0.9)));
        assert_eq!(of("a=b=1e9"), Ok((Some("a=b".to_owned()), 1e9)));
        for text in ["disk=", "x", "inf", "NaN", "disk=nan", "", "--json"] {
            assert!(of(text).is_err(), "{text}");
        }
    }

    #[test]
    fn runs_are_part_of_a_window() {
        assert_eq!(sustained("3/5"), Ok((3, 5)));
        for text in ["0/5", "6/5", "3", "3/1001", "-1/5", "a/b", "3/5/6"] {
            assert!(sustained(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_season_is_a_length_or_none() {
        let day = SeasonLength::Length(Duration::from_secs(86_400));
        assert_eq!(season("1d"), Ok(day));
        assert_eq!(season("none"), Ok(SeasonLength::None));
        assert!(season("0s").is_err() && season("day").is_err());
    }
}
