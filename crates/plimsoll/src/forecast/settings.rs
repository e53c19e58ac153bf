//! What the flags come to for each metric.

use std::time::Duration;

use autoscale_core::format_duration;
use capacity_forecast::{
    CapacityPlannerConfig, Combine, Direction, Kind, Limit, LimitValue, Metric, MetricKind,
    PlannerConfig, Seasons, SeriesConfig,
};

use super::args::{ForecastArgs, Named, SeasonLength};
use super::events::Planned;
use super::read::listed;
use crate::input_error::InputError;
use crate::policy_file::quote;
use crate::recorded::flag_error;

const WEEK: Duration = Duration::from_secs(7 * 86_400);

/// Parts of names that tell a kind.
const NAMED: [(MetricKind, &[&str]); 5] = [
    (MetricKind::CpuUtilization, &["cpu", "processor"]),
    (MetricKind::MemoryUtilization, &["mem", "rss", "heap"]),
    (
        MetricKind::DiskUtilization,
        &["disk", "storage", "filesystem", "volume"],
    ),
    (
        MetricKind::ResponseTime,
        &["latency", "response_time", "response-time", "duration"],
    ),
    (MetricKind::QueueLength, &["queue", "backlog"]),
];

/// The flags, checked as far as they can be without the data.
pub(super) struct Settings<'a> {
    args: &'a ForecastArgs,
    pub(super) horizon: Duration,
    seasons: Seasons,
    events: Vec<Planned>,
}

impl<'a> Settings<'a> {
    /// The seasons of `--season`.
    pub(super) fn asked_seasons(&self) -> &[Duration] {
        match &self.seasons {
            Seasons::Given(lengths) => lengths,
            _ => &[],
        }
    }

    pub(super) fn new(args: &'a ForecastArgs, events: Vec<Planned>) -> Result<Self, InputError> {
        let longest = args.lead_time.iter().map(|named| named.value.0).max();
        let longest = longest.unwrap_or_default();
        let horizon = args.horizon.unwrap_or(WEEK.max(longest.saturating_mul(2)));
        if longest > horizon {
            let (lead, horizon) = (format_duration(longest), format_duration(horizon));
            let message = format!("--lead-time is {lead}, must be at most --horizon ({horizon})");
            return Err(flag_error(&message));
        }
        for (flag, twice) in [
            ("--limit", twice(&args.limit)),
            ("--lead-time", twice(&args.lead_time)),
            ("--min", twice(&args.min)),
            ("--max", twice(&args.max)),
        ] {
            if let Some(metric) = twice {
                let whose = metric.map_or("all metrics".to_owned(), |name| quote(&name));
                return Err(flag_error(&format!("{flag} is given twice for {whose}")));
            }
        }
        Ok(Self {
            args,
            horizon,
            seasons: seasons(&args.season)?,
            events,
        })
    }

    /// How a metric's samples become its series.
    pub(super) fn series(&self, metric: &str) -> SeriesConfig {
        let args = self.args;
        let worst = if is_for(&args.falling, metric) {
            Combine::Min
        } else {
            Combine::Max
        };
        let kind = if is_for(&args.counter, metric) {
            Kind::Counter
        } else {
            Kind::Gauge
        };
        SeriesConfig::default()
            .with_kind(kind)
            .with_step(args.step)
            .with_bins(args.bins.map_or(worst, Combine::from))
            .with_keep(Some(args.keep))
    }

    /// Refuses flags for metrics that do not exist.
    pub(super) fn check_names(&self, names: &[String]) -> Result<(), InputError> {
        let args = self.args;
        let of = |flag, names: Vec<&'a str>| (flag, names);
        let given = [
            of("--limit", of_one(&args.limit)),
            of("--lead-time", of_one(&args.lead_time)),
            of("--min", of_one(&args.min)),
            of("--max", of_one(&args.max)),
            of(
                "--metric",
                args.metric.iter().map(|(name, _)| name.as_str()).collect(),
            ),
            of("--only", args.only.iter().map(String::as_str).collect()),
            of("--falling", some(&args.falling)),
            of("--counter", some(&args.counter)),
        ];
        for (flag, wanted) in given {
            if let Some(name) = wanted
                .into_iter()
                .find(|name| !names.iter().any(|n| n == name))
            {
                let (name, names) = (quote(name), listed(names));
                let message = format!("{flag} names {name}, must be a metric of the file: {names}");
                return Err(flag_error(&message));
            }
        }
        let mut about = self
            .events
            .iter()
            .filter_map(|planned| planned.metric.as_ref());
        match about.find(|about| !names.iter().any(|name| name == *about)) {
            Some(name) => {
                let (name, names) = (quote(name), listed(names));
                let message = format!(
                    "an event is about {name}, must be about a metric of the file: {names}"
                );
                Err(flag_error(&format!("--events: {message}")))
            }
            None => Ok(()),
        }
    }

    /// A metric with its limit, lead time and planner. `most` is its largest value.
    pub(super) fn metric(&self, name: &str, most: Option<f64>) -> Result<Metric, InputError> {
        let args = self.args;
        let given = args.metric.iter().rev().find(|(metric, _)| metric == name);
        let kind = given.map_or_else(|| kind_of(name), |(_, kind)| *kind);
        let limit = self.limit(name, kind, most)?;
        let number =
            |values: &[Named<super::args::Number>]| of(values, name).map(|number| number.0);
        let (min, max) = (number(&args.min), number(&args.max));
        if let (Some(min), Some(max)) = (min, max)
            && min >= max
        {
            let message = format!(
                "--min of {} is {min}, must be below --max ({max})",
                quote(name)
            );
            return Err(flag_error(&message));
        }
        self.check_reach(name, &limit, min, max)?;
        let events = self.events.iter();
        let events = events.filter(|planned| planned.metric.as_deref().is_none_or(|m| m == name));
        let planner = self
            .planner()
            .with_lower_bound(min)
            .with_upper_bound(max)
            .with_events(events.map(|planned| planned.event.clone()).collect());
        let mut metric = Metric::new(name, kind)
            .with_limit(limit)
            .with_planner(planner);
        if let Some(span) = of(&args.lead_time, name) {
            metric = metric.with_lead_time(span.0);
        }
        if metric.lead_time() > self.horizon {
            let (lead, horizon) = (metric.lead_time(), self.horizon);
            let (lead, horizon) = (format_duration(lead), format_duration(horizon));
            let message = format!(
                "--lead-time of {} is {lead} by default, must be at most --horizon ({horizon})",
                quote(name)
            );
            return Err(flag_error(&message));
        }
        Ok(metric)
    }

    /// A limit beyond a bound would never be reached, which nobody means.
    fn check_reach(
        &self,
        name: &str,
        limit: &Limit,
        min: Option<f64>,
        max: Option<f64>,
    ) -> Result<(), InputError> {
        let LimitValue::Constant(limit_at) = limit.value else {
            return Ok(());
        };
        let (flag, relation, bound) = if is_rising(limit) {
            ("--max", "at most", max.filter(|max| limit_at > *max))
        } else {
            ("--min", "at least", min.filter(|min| limit_at < *min))
        };
        match bound {
            Some(bound) => Err(flag_error(&format!(
                "--limit of {} is {limit_at}, must be {relation} {flag} ({bound}), or it is never reached",
                quote(name)
            ))),
            None => Ok(()),
        }
    }

    /// The whole configuration.
    pub(super) fn config(&self, metrics: Vec<Metric>) -> CapacityPlannerConfig {
        CapacityPlannerConfig::default()
            .with_metrics(metrics)
            .with_planner(self.planner())
    }

    fn planner(&self) -> PlannerConfig {
        PlannerConfig::default()
            .with_horizon(self.horizon)
            .with_seasons(self.seasons.clone())
            .with_max_age(self.args.max_age)
            .with_max_history(self.args.keep)
    }

    fn limit(&self, name: &str, kind: MetricKind, most: Option<f64>) -> Result<Limit, InputError> {
        let args = self.args;
        let falling = is_for(&args.falling, name);
        let given = of(&args.limit, name).map(|number| number.0);
        let by_kind = || kind.limit().filter(|_| !falling);
        let limit = match given {
            Some(limit) if falling => Limit::at_most(limit),
            Some(limit) => Limit::at_least(limit),
            None => {
                let limit = by_kind().ok_or_else(|| {
                    let name = quote(name);
                    flag_error(&format!(
                        "--limit is missing for {name}: give --limit LIMIT or NAME=LIMIT"
                    ))
                })?;
                check_unit(name, &limit, kind, most)?;
                limit
            }
        };
        let (hits, of) = args.sustained.unwrap_or((1, 1));
        Ok(limit.with_sustained(hits, of))
    }
}

/// A share's limit says nothing about values in percent.
fn check_unit(
    name: &str,
    limit: &Limit,
    kind: MetricKind,
    most: Option<f64>,
) -> Result<(), InputError> {
    let is_share = matches!(
        kind,
        MetricKind::CpuUtilization | MetricKind::MemoryUtilization | MetricKind::DiskUtilization
    );
    let LimitValue::Constant(limit) = limit.value else {
        return Ok(());
    };
    match most.filter(|most| is_share && *most > 1.5) {
        Some(most) => {
            let name = quote(name);
            let message = format!(
                "{name} goes up to {most}, must be a share of at most 1 for the usual limit of {limit}: \
                 give --limit in the metric's unit"
            );
            Err(flag_error(&message))
        }
        None => Ok(()),
    }
}

/// The value for a metric: its own, or that for all.
fn of<T: Copy>(values: &[Named<T>], metric: &str) -> Option<T> {
    let own = values
        .iter()
        .find(|named| named.metric.as_deref() == Some(metric));
    let all = values.iter().find(|named| named.metric.is_none());
    own.or(all).map(|named| named.value)
}

/// Whether a flag that may name metrics is given for one.
fn is_for(names: &[String], metric: &str) -> bool {
    names.iter().any(|name| name.is_empty() || name == metric)
}

fn of_one<T>(values: &[Named<T>]) -> Vec<&str> {
    values
        .iter()
        .filter_map(|named| named.metric.as_deref())
        .collect()
}

fn some(names: &[String]) -> Vec<&str> {
    let names = names.iter().map(String::as_str);
    names.filter(|name| !name.is_empty()).collect()
}

/// The metric that a flag is given for a second time.
fn twice<T>(values: &[Named<T>]) -> Option<Option<String>> {
    values.iter().enumerate().find_map(|(index, named)| {
        let again = values[..index]
            .iter()
            .any(|other| other.metric == named.metric);
        again.then(|| named.metric.clone())
    })
}

fn seasons(given: &[SeasonLength]) -> Result<Seasons, InputError> {
    let lengths: Vec<Duration> = given
        .iter()
        .filter_map(|season| match season {
            SeasonLength::Length(length) => Some(*length),
            SeasonLength::None => None,
        })
        .collect();
    match (given.len(), lengths.len()) {
        (0, _) => Ok(Seasons::Detect),
        (1, 0) => Ok(Seasons::None),
        (given, lengths) if given != lengths => Err(flag_error(
            &"--season none and other seasons exclude each other: give one",
        )),
        (1 | 2, _) => Ok(Seasons::Given(lengths)),
        (count, _) => Err(flag_error(&format!(
            "--season is given {count} times, must be at most 2"
        ))),
    }
}

/// The kind that a name tells.
fn kind_of(name: &str) -> MetricKind {
    let name = name.to_ascii_lowercase();
    let found = NAMED
        .iter()
        .find(|(_, parts)| parts.iter().any(|part| name.contains(part)));
    found.map_or(MetricKind::Other, |(kind, _)| *kind)
}

/// Whether a limit is reached from below.
pub(super) fn is_rising(limit: &Limit) -> bool {
    limit.direction == Direction::Rising
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_kinds() {
        for (name, kind) in [
            ("node_cpu_utilization", MetricKind::CpuUtilization),
            ("MemUsed", MetricKind::MemoryUtilization),
            ("/data disk", MetricKind::DiskUtilization),
            ("p95_latency_s", MetricKind::ResponseTime),
            ("orders.queue", MetricKind::QueueLength),
            ("requests", MetricKind::Other),
        ] {
            assert_eq!(kind_of(name), kind, "{name}");
        }
    }
}
