//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use plimsoll_sim::{Scenario, Unit};

use crate::forecast::ForecastArgs;
use crate::simulate::SimulateArgs;
use crate::size::{self, Share};
use crate::timestamp;
use crate::tune::Knob;

/// What would this autoscaler have done with last week's load, what would it have cost, and how far
/// is that from the best possible?
#[derive(Debug, Parser)]
#[command(name = "plimsoll", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Names of values that are numbers, durations or moments, which may begin with a minus.
const SIGNED: [&str; 6] = ["D", "N", "R", "RATE", "SHARE", "T"];

/// The command line, where a negative number is a value that is out of range, not a flag that does
/// not exist.
fn command() -> clap::Command {
    let is_signed = |arg: &clap::Arg| {
        let names = arg.get_value_names().unwrap_or_default();
        names.iter().any(|name| SIGNED.contains(&name.as_str()))
    };
    let signed = |arg: clap::Arg| match is_signed(&arg) {
        true => arg.allow_hyphen_values(true),
        false => arg,
    };
    Cli::command().mut_subcommands(|command| {
        let command = command.mut_args(signed);
        command.mut_subcommands(|command| command.mut_args(signed))
    })
}

impl Cli {
    /// Reads the command line of the process, or ends it with what is wrong.
    pub(crate) fn of_process() -> Self {
        let mut matches = command().get_matches();
        Self::from_arg_matches_mut(&mut matches).unwrap_or_else(|error| error.exit())
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Replay a recorded load through scaling policies on a simulated fleet.
    Replay(Box<ReplayArgs>),
    /// Take one decision, with all of its reasons, on an observation read from standard input.
    Decide(DecideArgs),
    /// Search an HPA's knobs on the first part of a recorded load, judge them on the rest, and write
    /// the manifest to apply: the file's own text with the tuned values in it.
    ///
    /// Exit code 0, or 1 where what is returned does not keep --bad on the searched part (everything
    /// is written then, too), or 2 for bad input.
    Tune(Box<TuneArgs>),
    /// Say how many replicas and which instances a load needs, what they cost, and what saves.
    Size(Box<SizeArgs>),
    /// Say which layer of a system is the bottleneck and what to do about it, with the evidence.
    Diagnose(DiagnoseArgs),
    /// Say when a metric reaches its limit, how sure that is, and whether to act now.
    Forecast(Box<ForecastArgs>),
    /// Run a model: what an outage leaves behind.
    Simulate(SimulateArgs),
}

/// Arguments of `plimsoll replay`.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    pub(crate) load: LoadArgs,

    /// Policy file: a HorizontalPodAutoscaler manifest (YAML, several documents a file), AWS auto
    /// scaling groups (Terraform), one of plimsoll's own (TOML), or the name of one built in; several
    /// times if need be. Default: hpa, kpa, kpa-delay, target-tracking and step at 70 %, predictive
    /// (and, for over 23 days, predictive-seasonal) at 1 %; what the flags rule out is left out.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Vec<PathBuf>,

    /// Disturbance, once a day, twelve hours after the start. With `all` the main tables stay at
    /// --start-up, --start-up-max and --lag, and the matrix has its own: start-up 15, 60, 180 and
    /// 600 s, never drawn, by lag 15, 30 and 60 s.
    #[arg(long, value_name = "NAME", default_value = "healthy")]
    pub(crate) scenario: ScenarioName,

    #[command(flatten)]
    pub(crate) vertical: VerticalArgs,

    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// What is replayed with `--vertical`, beside --policy, --warm-up, --json and --html.
#[derive(Debug, Args)]
pub(crate) struct VerticalArgs {
    /// Replay a container's recorded use through vertical sizers instead: CSV with the columns
    /// timestamp and cpu (cores), memory (bytes) or value; empty, nan and null are values that were not
    /// recorded. --policy then takes VerticalPodAutoscaler manifests; default: a VPA with its defaults. Right-sizing stands beside them, with the same
    /// bounds.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = [
            "trace", "start_up", "start_up_max", "lag", "tick", "scrape", "drain", "capacity",
            "utilization", "min", "max", "from", "to", "unit", "seed", "scenario",
        ]
    )]
    pub(crate) vertical: Option<PathBuf>,

    /// What a column named value holds, and the only resource that is replayed. Default: cpu for
    /// value, and all that the file has.
    #[arg(long, value_name = "NAME", requires = "vertical")]
    pub(crate) resource: Option<ResourceName>,

    /// Container whose policy counts, where a manifest has several.
    #[arg(long, value_name = "NAME", requires = "vertical")]
    pub(crate) container: Option<String>,

    /// Share of the time that use may exceed the request, for right-sizing, at most 50 %. Default: the share that
    /// the first VPA delivered, so that slack is compared at equal violations.
    #[arg(long, value_name = "SHARE", requires = "vertical", value_parser = violations)]
    pub(crate) violations: Option<f64>,
}

/// A resource of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ResourceName {
    /// Processor time, in cores.
    Cpu,
    /// Memory, in bytes.
    Memory,
}

/// Arguments of `plimsoll tune`.
#[derive(Debug, Args)]
pub(crate) struct TuneArgs {
    #[command(flatten)]
    pub(crate) load: LoadArgs,

    /// Manifest of one HorizontalPodAutoscaler (YAML or JSON).
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: PathBuf,

    /// Accepted share of badly served requests. The exit code is 1 where what is returned does not
    /// keep it on the searched part.
    #[arg(long, value_name = "SHARE", default_value = "1%", value_parser = share)]
    pub(crate) bad: f64,

    /// Share of the load, from its beginning, that knobs are searched on; the rest judges them.
    #[arg(long, value_name = "SHARE", default_value = "0.67", value_parser = share)]
    pub(crate) train: f64,

    /// Knob that stays as it is. May be given several times.
    #[arg(long, value_name = "KNOB")]
    pub(crate) keep: Vec<Knob>,

    /// Where the manifest is written (- = standard output).
    #[arg(long, value_name = "FILE", default_value = "plimsoll-hpa.yaml")]
    pub(crate) out: PathBuf,

    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// A recorded load and the fleet that it is replayed on.
#[derive(Debug, Args)]
pub(crate) struct LoadArgs {
    /// Recorded load: CSV with the columns timestamp (seconds since the epoch) and value (requests
    /// in the step). Default: three weeks of the 1998 World Cup's web site, built in.
    pub(crate) trace: Option<PathBuf>,

    /// Time from ordering a replica to its service.
    #[arg(long, value_name = "D", default_value = "60s", value_parser = duration)]
    pub(crate) start_up: Duration,

    /// Longest start-up: each replica's is drawn, evenly, between --start-up and this.
    #[arg(long, value_name = "D", value_parser = duration)]
    pub(crate) start_up_max: Option<Duration>,

    /// Age of the newest sample when a policy sees it.
    #[arg(long, value_name = "D", default_value = "30s", value_parser = duration)]
    pub(crate) lag: Duration,

    /// Time between decisions.
    #[arg(long, value_name = "D", default_value = "15s", value_parser = duration)]
    pub(crate) tick: Duration,

    /// Time between samples. Default: the tick.
    #[arg(long, value_name = "D", value_parser = duration)]
    pub(crate) scrape: Option<Duration>,

    /// How long a released replica is still paid for.
    #[arg(long, value_name = "D", default_value = "0s", value_parser = duration)]
    pub(crate) drain: Duration,

    /// Requests a second that one replica carries at most. Default: such that the 99.9 % quantile
    /// of the rate needs 40 replicas at the allowed utilization.
    #[arg(long, value_name = "R", value_parser = positive)]
    pub(crate) capacity: Option<f64>,

    /// Share of its capacity that a replica may be loaded to before requests count as badly served.
    #[arg(long, value_name = "SHARE", default_value = "0.8", value_parser = share)]
    pub(crate) utilization: f64,

    /// Fewest replicas.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = replicas)]
    pub(crate) min: u32,

    /// Most replicas.
    #[arg(long, value_name = "N", default_value_t = 400, value_parser = replicas)]
    pub(crate) max: u32,

    /// First moment that counts: seconds since the epoch, a date such as 1998-06-09 (UTC), or a
    /// duration such as 8d since the trace's start.
    #[arg(long, value_name = "T", value_parser = moment)]
    pub(crate) from: Option<Moment>,

    /// Moment that ends the part that counts, written like --from.
    #[arg(long, value_name = "T", value_parser = moment)]
    pub(crate) to: Option<Moment>,

    /// Load that the policies see before the part that counts.
    #[arg(long, value_name = "D", default_value = "0s", value_parser = duration)]
    pub(crate) warm_up: Duration,

    /// What the trace's values count.
    #[arg(long, value_name = "UNIT", default_value = "requests")]
    pub(crate) unit: UnitName,

    /// Seed of everything that is drawn.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = seed)]
    pub(crate) seed: u64,
}

/// Where results are written.
#[derive(Debug, Args)]
pub(crate) struct OutputArgs {
    /// Write the figures as JSON (- = standard output).
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// Write the report as an HTML page (- = standard output).
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

/// Arguments of `plimsoll size`.
#[derive(Debug, Args)]
pub(crate) struct SizeArgs {
    /// Plan (TOML, YAML or JSON), a recorded load (CSV with the columns timestamp and value), or an
    /// eksctl ClusterConfig. Default, without --load, --users and --types: an example plan, built in.
    pub(crate) file: Option<PathBuf>,

    /// Load to carry, such as 12000/m or 200/s; in place of the plan's.
    #[arg(long, value_name = "RATE", value_parser = rate, conflicts_with = "users")]
    pub(crate) load: Option<f64>,

    /// Concurrent users; in place of the plan's load.
    #[arg(long, value_name = "N", value_parser = positive)]
    pub(crate) users: Option<f64>,

    /// Requests that one user makes, such as 6/m.
    #[arg(long, value_name = "RATE", value_parser = rate)]
    pub(crate) requests_per_user: Option<f64>,

    /// Quantile of the recorded load to carry. Default: 99.9%, or, with --availability, what half
    /// of the error budget leaves.
    #[arg(long, value_name = "SHARE", value_parser = quantile)]
    pub(crate) quantile: Option<Share>,

    /// What the recorded load's values count.
    #[arg(long, value_name = "UNIT")]
    pub(crate) unit: Option<UnitName>,

    /// Table of instance types (TOML, YAML or JSON); in place of the plan's. Default: four types
    /// with made-up prices, built in.
    #[arg(long, value_name = "FILE")]
    pub(crate) types: Option<PathBuf>,

    /// Node group of a ClusterConfig; needed where there are several.
    #[arg(long, value_name = "NAME")]
    pub(crate) node_group: Option<String>,

    /// Share of the load that is held ready beyond it. Default: 20%.
    #[arg(long, value_name = "SHARE", value_parser = headroom)]
    pub(crate) headroom: Option<Share>,

    /// Share of the time that the whole load is carried though replicas fail, such as 99.9%.
    #[arg(long, value_name = "SHARE", value_parser = availability)]
    pub(crate) availability: Option<Share>,

    /// Take spot nodes where they have a price, whatever the plan says.
    #[arg(long, conflicts_with = "no_spot")]
    pub(crate) spot: bool,

    /// Take no spot nodes.
    #[arg(long)]
    pub(crate) no_spot: bool,

    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// Arguments of `plimsoll decide`.
#[derive(Debug, Args)]
pub(crate) struct DecideArgs {
    /// Policy file with exactly one policy.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: PathBuf,

    /// Time of the decision since an origin that stays the same from call to call. Default: 0s.
    #[arg(long, value_name = "D", value_parser = duration)]
    pub(crate) now: Option<Duration>,

    /// Requests a second that one replica carries at most, for targets given as a share of it.
    #[arg(long, value_name = "R", value_parser = positive)]
    pub(crate) capacity: Option<f64>,

    /// State file: read if it exists, and written after the decision, so that windows and rates
    /// work across calls.
    #[arg(long, value_name = "FILE", requires = "now")]
    pub(crate) state: Option<PathBuf>,

    /// Write the decision as JSON to this file instead of standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

/// Arguments of `plimsoll diagnose`.
#[derive(Debug, Args)]
pub(crate) struct DiagnoseArgs {
    /// Figures of the system and its layers: TOML, YAML or JSON by the file's ending (- = JSON or YAML
    /// on standard input). docs/diagnose.md lists them.
    #[arg(value_name = "FILE")]
    pub(crate) figures: PathBuf,

    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// A moment in a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Seconds since the epoch.
    Epoch(i64),
    /// Since the start of the trace.
    Offset(Duration),
}

impl Moment {
    /// Seconds since the epoch, for a trace that starts at `start_s`.
    pub(crate) fn resolve(self, start_s: i64) -> i64 {
        match self {
            Self::Epoch(at) => at,
            Self::Offset(after) => start_s.saturating_add_unsigned(after.as_secs()),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum UnitName {
    /// Requests in the step.
    Requests,
    /// Requests a second.
    Rps,
}

impl From<UnitName> for Unit {
    fn from(name: UnitName) -> Self {
        match name {
            UnitName::Requests => Self::Requests,
            UnitName::Rps => Self::RequestsPerSecond,
        }
    }
}

/// A scenario, or all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScenarioName {
    /// Nothing goes wrong.
    Healthy,
    /// No metrics for ten minutes.
    MetricGap,
    /// Every pod is replaced, with a surge of 25 %.
    RollingUpdate,
    /// Ten times the load for thirty minutes.
    Step,
    /// Half of the pods crash.
    Crash,
    /// Nothing in the main figures, and beside them every scenario at twelve start-ups and lags.
    All,
}

impl From<ScenarioName> for Scenario {
    fn from(name: ScenarioName) -> Self {
        match name {
            ScenarioName::Healthy | ScenarioName::All => Self::Healthy,
            ScenarioName::MetricGap => Self::MetricGap,
            ScenarioName::RollingUpdate => Self::RollingUpdate,
            ScenarioName::Step => Self::Step,
            ScenarioName::Crash => Self::Crash,
        }
    }
}

pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    refuse_flag(text)?;
    if text.starts_with('-') {
        return Err("must be at least 0s".to_owned());
    }
    autoscale_core::parse_duration(text).map_err(|e| e.to_string())
}

/// The next flag stands where a value must.
pub(crate) fn refuse_flag(text: &str) -> Result<(), String> {
    match text.starts_with("--") {
        true => Err(format!("must be a value: {text} is the next flag")),
        false => Ok(()),
    }
}

pub(crate) fn replicas(text: &str) -> Result<u32, String> {
    refuse_flag(text)?;
    text.parse()
        .map_err(|_| "must be a whole number from 0 to 1000000".to_owned())
}

pub(crate) fn seed(text: &str) -> Result<u64, String> {
    refuse_flag(text)?;
    text.parse()
        .map_err(|_| format!("must be a whole number from 0 to {}", u64::MAX))
}

pub(crate) fn positive(text: &str) -> Result<f64, String> {
    refuse_flag(text)?;
    text.parse::<f64>()
        .ok()
        .filter(|v| v.is_finite() && *v > 0.0)
        .ok_or_else(|| "must be a number > 0".to_owned())
}

/// A share of violations.
fn violations(text: &str) -> Result<f64, String> {
    refuse_flag(text)?;
    share(text)
        .ok()
        .filter(|share| (1e-5..=0.5).contains(share))
        .ok_or_else(|| "must be at least 0.001% and at most 50%".to_owned())
}

/// A share, `0.01` or `1%`.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    refuse_flag(text)?;
    let value = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().map(|p| p / 100.0),
        None => text.parse(),
    };
    value
        .ok()
        .filter(|v| *v > 0.0 && *v <= 1.0)
        .ok_or_else(|| "must be more than 0 and at most 1 (or 100%)".to_owned())
}

fn rate(text: &str) -> Result<f64, String> {
    refuse_flag(text)?;
    size::per_minute(text)
}

fn quantile(text: &str) -> Result<Share, String> {
    share(text).map(Share)
}

fn headroom(text: &str) -> Result<Share, String> {
    refuse_flag(text)?;
    size::share(text).and_then(|share| {
        let fine = share.0 <= size::MOST_HEADROOM;
        let bound = "must be at most 10 (1000%): it is a share, 30% is 0.3";
        fine.then_some(share).ok_or_else(|| bound.to_owned())
    })
}

fn availability(text: &str) -> Result<Share, String> {
    refuse_flag(text)?;
    size::share(text).and_then(|share| {
        let fine = share.0 <= 0.999_999;
        fine.then_some(share)
            .ok_or_else(|| "must be at most 0.999999 (99.9999%)".to_owned())
    })
}

pub(crate) fn moment(text: &str) -> Result<Moment, String> {
    refuse_flag(text)?;
    if let Ok(seconds) = text.parse::<i64>() {
        return Ok(Moment::Epoch(seconds));
    }
    if let Some(stamp) = timestamp::date(text) {
        return Ok(Moment::Epoch(stamp.as_second()));
    }
    autoscale_core::parse_duration(text)
        .map(Moment::Offset)
        .map_err(|_| {
            "must be seconds since the epoch, a date such as 1998-06-09, or a duration such as 8d"
                .to_owned()
        })
}

#[cfg(test)]
mod tests;
