//! A recorded load, and the fleet that it is replayed on.

use std::path::Path;
use std::time::Duration;

use autoscale_core::format_duration;
use plimsoll_sim::{
    CsvSource, Demand, Plant, PlantConfig, ServiceModel, StartUp, Trace, TraceSource, Unit,
};

use crate::candidate::Fleet;
use crate::cli::{LoadArgs, Moment};
use crate::input_error::InputError;

/// Three weeks of June 1998; see `data/README.md` for origin and terms.
const WORLD_CUP: &str = include_str!("../data/worldcup98_part1_1m.csv");
const WORLD_CUP_NAME: &str = "worldcup98_part1_1m";

/// What the flags about the load and the fleet come to.
pub(crate) struct Recorded {
    pub(crate) name: String,
    /// The part that is replayed.
    pub(crate) trace: Trace,
    pub(crate) demand: Demand,
    pub(crate) fleet: Fleet,
    /// When the whole trace starts, in Unix seconds.
    pub(crate) trace_start_s: i64,
    pub(crate) capacity_given: bool,
    config: PlantConfig,
}

impl Recorded {
    /// Reads the trace and checks the fleet.
    pub(crate) fn read(args: &LoadArgs) -> Result<Self, InputError> {
        if let Some(longest) = args.start_up_max
            && longest < args.start_up
        {
            let (longest, shortest) = (format_duration(longest), format_duration(args.start_up));
            let message =
                format!("--start-up-max is {longest}, must be at least --start-up ({shortest})");
            return Err(flag_error(&message));
        }
        let (name, whole) = load_trace(args)?;
        let (trace, warm_up) = select(args, &whole).map_err(|m| flag_error(&m))?;
        let demand = load(args, &trace, warm_up)?;
        let start_up = start_up(args);
        let fleet = Fleet {
            min: args.min,
            max: args.max,
            capacity_rps: demand.model.capacity_rps,
            start_up: start_up.mean(),
            lag: args.lag,
            tick: args.tick,
            utilization: args.utilization,
            origin_s: u64::try_from(trace.start_s).unwrap_or(0),
        };
        // What is wrong with the fleet is said before what follows from it for a policy.
        let mut config = plant_config(args, fleet);
        config.start_up = start_up;
        Plant::new(&demand, config.clone()).map_err(|e| flag_error(&e))?;
        Ok(Self {
            name,
            trace,
            demand,
            fleet,
            trace_start_s: whole.start_s,
            capacity_given: args.capacity.is_some(),
            config,
        })
    }

    /// How the fleet behaves.
    pub(crate) fn plant_config(&self) -> PlantConfig {
        self.config.clone()
    }
}

pub(crate) fn flag_error(message: &impl std::fmt::Display) -> InputError {
    InputError::new("command line", None, message.to_string())
}

/// The load to replay, before any disturbance.
fn load(args: &LoadArgs, trace: &Trace, warm_up: Duration) -> Result<Demand, InputError> {
    let scored_from = trace.start_s.saturating_add_unsigned(warm_up.as_secs());
    let scored = trace
        .between(scored_from, trace.end_s())
        .map_err(|e| flag_error(&e))?;
    if scored.rates.iter().all(|rate| *rate <= 0.0) {
        return Err(flag_error(
            &"the part that counts has no load: every value is 0",
        ));
    }
    let mut model = ServiceModel::fitted(&scored, args.utilization, 40.0);
    if let Some(capacity) = args.capacity {
        model.capacity_rps = capacity;
    }
    Demand::new(trace, model, args.tick, warm_up).map_err(|e| flag_error(&e))
}

/// Reads the trace, or the built-in one.
fn load_trace(args: &LoadArgs) -> Result<(String, Trace), InputError> {
    let unit = args.unit.into();
    let Some(path) = &args.trace else {
        let trace = parse_trace(WORLD_CUP_NAME, WORLD_CUP, unit)?;
        return Ok((WORLD_CUP_NAME.to_owned(), trace));
    };
    Ok((stem(path), trace_from(path, unit)?))
}

/// Reads a trace from a file.
pub(crate) fn trace_from(path: &Path, unit: Unit) -> Result<Trace, InputError> {
    parse_trace(&path.display().to_string(), &read_text(path)?, unit)
}

fn parse_trace(file: &str, text: &str, unit: Unit) -> Result<Trace, InputError> {
    read_trace(&CsvSource::new(text).with_unit(unit), |e| match e.line() {
        Some(line) => InputError::in_line(file, line, e.to_string()),
        None => InputError::new(file, None, e.to_string()),
    })
}

/// A file's text.
pub(crate) fn read_text(path: &Path) -> Result<String, InputError> {
    let bytes = std::fs::read(path).map_err(|e| InputError::unreadable(path, &e))?;
    String::from_utf8(bytes).map_err(|e| InputError::not_utf8(path, &e))
}

/// A file's name without its ending.
pub(crate) fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(
        || path.display().to_string(),
        |stem| stem.to_string_lossy().into_owned(),
    )
}

/// Reads a trace from any source.
fn read_trace<S: TraceSource>(
    source: &S,
    refuse: impl FnOnce(S::Error) -> InputError,
) -> Result<Trace, InputError> {
    source.load().map_err(refuse)
}

/// The part of the trace to replay, and how much of its beginning only warms up.
fn select(args: &LoadArgs, trace: &Trace) -> Result<(Trace, Duration), String> {
    let start = trace.start_s;
    let warm_up = args.warm_up.as_secs();
    let resolve = |moment: Option<Moment>| moment.map(|m| m.resolve(start));
    let to = resolve(args.to).unwrap_or(trace.end_s()).min(trace.end_s());
    let from = resolve(args.from).unwrap_or_else(|| start.saturating_add_unsigned(warm_up));
    if args.from.is_none() && warm_up > 0 && from >= to {
        return Err(format!(
            "--warm-up is {warm_up} s, must be shorter than the part that is replayed ({} s)",
            to.saturating_sub(start)
        ));
    }
    if from >= to {
        let end = if args.to.is_some() {
            "--to"
        } else {
            "the trace's end"
        };
        return Err(format!("--from is {from}, must be before {end} ({to})"));
    }
    let begin = from.saturating_sub_unsigned(warm_up).max(start);
    let part = trace.between(begin, to).map_err(|e| e.to_string())?;
    let warm = u64::try_from(from.saturating_sub(part.start_s)).unwrap_or(0);
    Ok((part, Duration::from_secs(warm)))
}

/// The start-up time that the flags ask for.
fn start_up(args: &LoadArgs) -> StartUp {
    match args.start_up_max {
        Some(to) => StartUp::Uniform {
            from: args.start_up,
            to,
        },
        None => StartUp::Fixed(args.start_up),
    }
}

/// How a fleet behaves whose start-ups are all the same.
pub(crate) fn plant_config(args: &LoadArgs, fleet: Fleet) -> PlantConfig {
    let mut config = PlantConfig::default();
    config.start_up = StartUp::Fixed(fleet.start_up);
    config.metric_lag = fleet.lag;
    config.scrape_interval = args.scrape.unwrap_or(fleet.tick);
    config.drain = args.drain;
    config.min = fleet.min;
    config.max = fleet.max;
    config.seed = args.seed;
    config
}
