//! `plimsoll replay`.

mod command;
mod show;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use autoscale_core::{Policy, format_duration};
use plimsoll_sim::{
    CloseUp, CsvSource, Demand, Optimum, Outcome, Plant, PlantConfig, PolicyReport, ReplayReport,
    Scenario, ScenarioReport, ServiceModel, StartUp, Summary, SweepPoint, Timeline, Trace,
    TraceSource, frontier, html, in_parallel, peak,
};

use crate::candidate::{Candidate, Fleet, default_set, settings};
use crate::cli::{Moment, ReplayArgs, ScenarioName};
use crate::input_error::InputError;
use crate::output;
use crate::policy_file;
use crate::progress::Progress;

/// Three weeks of June 1998; see `data/README.md` for origin and terms.
const WORLD_CUP: &str = include_str!("../../data/worldcup98_part1_1m.csv");
const WORLD_CUP_NAME: &str = "worldcup98_part1_1m";

/// Length of the part that the report shows closer.
const CLOSE_UP: Duration = Duration::from_secs(6 * 3600);

/// Columns of the report's plots.
const PLOT_COLUMNS: usize = 800;

/// Runs the command; gives what to print.
pub(crate) fn run(args: &ReplayArgs) -> Result<String, InputError> {
    let places = Places::of(args)?;
    if let Some(longest) = args.start_up_max
        && longest < args.start_up
    {
        let (longest, shortest) = (format_duration(longest), format_duration(args.start_up));
        let message =
            format!("--start-up-max is {longest}, must be at least --start-up ({shortest})");
        return Err(flag_error(&message));
    }
    let (name, trace) = load_trace(args)?;
    let command = command::command(args, &trace);
    let (trace, warm_up) = select(args, &trace).map_err(|m| flag_error(&m))?;
    let load = load(args, &trace, warm_up)?;
    let fleet = Fleet {
        min: args.min,
        max: args.max,
        capacity_rps: load.model.capacity_rps,
        start_up: args.start_up,
    };
    // What is wrong with the fleet is said before what follows from it for a policy.
    Plant::new(&load, plant_config(args)).map_err(|e| flag_error(&e))?;
    let candidates = candidates(args, fleet)?;
    let settle = candidates
        .iter()
        .map(Candidate::settles_within)
        .max()
        .unwrap_or_default();
    let scenario = Scenario::from(args.scenario);
    let (demand, config) = disturbed(&load, scenario, args, settle);
    let plant = Plant::new(&demand, config).map_err(|e| flag_error(&e))?;

    let best = plant.optimum();
    let tick_s = args.tick.as_secs_f64();
    let model = demand.model;
    let mut report = ReplayReport {
        trace: name,
        from_s: trace.start_s + (demand.scored_from as f64 * tick_s).round() as i64,
        to_s: trace.end_s(),
        repairs: trace.repairs,
        start_up_s: plant.config().start_up.mean().as_secs_f64(),
        lag_s: args.lag.as_secs_f64(),
        tick_s,
        capacity_rps: model.capacity_rps,
        utilization: model.utilization,
        scenario: scenario.name(),
        seed: args.seed,
        optimum_replica_seconds: best.replica_ticks as f64 * tick_s,
        peak_replicas: peak(&plant),
        command,
        policies: replay_all(&plant, &best, fleet, &candidates, args.capacity.is_some())?,
        scenarios: Vec::new(),
    };
    if args.scenario == ScenarioName::All {
        report.scenarios = disturbances(args, &load, fleet, settle, &candidates)?;
    }
    places.write(&report)
}

fn flag_error(message: &impl std::fmt::Display) -> InputError {
    InputError::new("command line", None, message.to_string())
}

/// The load to replay, before any disturbance.
fn load(args: &ReplayArgs, trace: &Trace, warm_up: Duration) -> Result<Demand, InputError> {
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

/// A load and the fleet under a disturbance; pods differ until they are `settle` old.
fn disturbed(
    load: &Demand,
    scenario: Scenario,
    args: &ReplayArgs,
    settle: Duration,
) -> (Demand, PlantConfig) {
    let (mut demand, mut config) = (load.clone(), plant_config(args));
    config.settle = config.settle.max(settle + args.tick);
    scenario.apply(&mut demand, &mut config);
    (demand, config)
}

/// Every policy, as given, under every disturbance.
fn disturbances(
    args: &ReplayArgs,
    load: &Demand,
    fleet: Fleet,
    settle: Duration,
    candidates: &[Candidate],
) -> Result<Vec<ScenarioReport>, InputError> {
    let mut rows = Vec::new();
    let mut progress = Progress::new(Scenario::ALL.len() * candidates.len());
    for scenario in Scenario::ALL {
        let (demand, config) = disturbed(load, scenario, args, settle);
        let plant = Plant::new(&demand, config).map_err(|e| flag_error(&e))?;
        let best = plant.optimum();
        let job = |candidate: &Candidate| {
            let mut runnable = candidate.build(None, fleet).map_err(|e| flag_error(&e))?;
            let mut outcome = Outcome::new(demand.model.utilization);
            plant.run(&mut *runnable.policy, &runnable.signals, &mut outcome);
            let point = SweepPoint::new(
                0.0,
                &outcome.summary,
                best.replica_ticks,
                demand.ticks_a_day(),
            );
            Ok(ScenarioReport {
                scenario: scenario.name(),
                policy: candidate.name.clone(),
                cost_ratio: point.cost_ratio,
                bad_share: point.bad_share,
                longest_bad_run_s: outcome.longest_bad_run_ticks as f64 * demand.tick.as_secs_f64(),
                reversals_per_day: point.reversals_per_day,
            })
        };
        let results: Vec<Result<ScenarioReport, InputError>> =
            in_parallel(candidates, job, |done| progress.set(rows.len() + done));
        for row in results {
            rows.push(row?);
        }
    }
    progress.finish();
    Ok(rows)
}

/// Reads the trace, or the built-in one.
fn load_trace(args: &ReplayArgs) -> Result<(String, Trace), InputError> {
    let parse = |file: &str, text: &str| {
        read_trace(
            &CsvSource::new(text).with_unit(args.unit.into()),
            |e| match e.line() {
                Some(line) => InputError::in_line(file, line, e.to_string()),
                None => InputError::new(file, None, e.to_string()),
            },
        )
    };
    let Some(path) = &args.trace else {
        return Ok((WORLD_CUP_NAME.to_owned(), parse(WORLD_CUP_NAME, WORLD_CUP)?));
    };
    let file = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|e| InputError::unreadable(path, &e))?;
    let text = String::from_utf8(bytes).map_err(|e| InputError::not_utf8(path, &e))?;
    let name = path
        .file_stem()
        .map_or_else(|| file.clone(), |s| s.to_string_lossy().into_owned());
    Ok((name, parse(&file, &text)?))
}

/// Reads a trace from any source.
fn read_trace<S: TraceSource>(
    source: &S,
    refuse: impl FnOnce(S::Error) -> InputError,
) -> Result<Trace, InputError> {
    source.load().map_err(refuse)
}

/// The part of the trace to replay, and how much of its beginning only warms up.
fn select(args: &ReplayArgs, trace: &Trace) -> Result<(Trace, Duration), String> {
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

/// How the fleet behaves.
fn plant_config(args: &ReplayArgs) -> PlantConfig {
    let mut config = PlantConfig::default();
    config.start_up = match args.start_up_max {
        Some(to) => StartUp::Uniform {
            from: args.start_up,
            to,
        },
        None => StartUp::Fixed(args.start_up),
    };
    config.metric_lag = args.lag;
    config.scrape_interval = args.scrape.unwrap_or(args.tick);
    config.drain = args.drain;
    config.min = args.min;
    config.max = args.max;
    config.seed = args.seed;
    config
}

fn candidates(args: &ReplayArgs, fleet: Fleet) -> Result<Vec<Candidate>, InputError> {
    let mut policies = Vec::new();
    if args.policy.is_empty() {
        policies = default_set(fleet)
            .into_iter()
            .map(|p| ("command line".to_owned(), p))
            .collect();
    }
    for path in &args.policy {
        let file = path.display().to_string();
        policies.extend(
            policy_file::load(path)?
                .into_iter()
                .map(|p| (file.clone(), p)),
        );
    }
    let mut taken: BTreeSet<String> = policies.iter().map(|(_, p)| p.name.clone()).collect();
    let mut shown = BTreeSet::new();
    policies
        .into_iter()
        .map(|(file, mut policy)| {
            // The same name in two files, or in two namespaces, stays apart in the report.
            if !shown.insert(policy.name.clone()) {
                let numbered = (2..).map(|n| format!("{} ({n})", policy.name));
                policy.name = numbered
                    .into_iter()
                    .find(|name| taken.insert(name.clone()))
                    .unwrap_or_default();
            }
            let candidate = Candidate::new(policy)
                .map_err(|e| InputError::new(file.clone(), None, e.to_string()))?;
            // Building once here means that no later build of it can fail.
            candidate
                .build(None, fleet)
                .map_err(|e| InputError::new(file, None, e.to_string()))?;
            Ok(candidate)
        })
        .collect()
}

/// One run: a policy as given, with all figures, or a setting of its knob.
enum Piece<'a> {
    Whole(&'a Candidate),
    Setting(&'a Candidate, u32),
}

enum Done {
    Whole(Box<(Outcome, Timeline, Option<CloseUp>)>),
    Setting(SweepPoint),
}

fn replay_all(
    plant: &Plant<'_>,
    best: &Optimum,
    fleet: Fleet,
    candidates: &[Candidate],
    capacity_given: bool,
) -> Result<Vec<PolicyReport>, InputError> {
    let mut work = Vec::new();
    for candidate in candidates {
        work.push(Piece::Whole(candidate));
        if candidate.has_knob(fleet) {
            work.extend(settings().map(|s| Piece::Setting(candidate, s)));
        }
    }
    let mut progress = Progress::new(work.len());
    let results = in_parallel(
        &work,
        |piece| do_piece(plant, best, fleet, piece),
        |done| progress.set(done),
    );
    progress.finish();

    let mut reports: Vec<PolicyReport> = Vec::new();
    for (piece, result) in work.iter().zip(results) {
        match (piece, result?) {
            (Piece::Whole(candidate), Done::Whole(run)) => {
                let (outcome, timeline, close_up) = *run;
                let mut report = PolicyReport::new(
                    candidate.name.clone(),
                    candidate.kind,
                    plant,
                    best,
                    &outcome,
                    timeline,
                );
                report.close_up = close_up;
                report.setting = candidate.own_setting(fleet);
                report.notes.clone_from(&candidate.notes);
                let most = candidate.most(fleet);
                let needed = peak(plant);
                if most < needed {
                    let hint = match capacity_given {
                        true => "",
                        false => ": give what one replica carries with --capacity",
                    };
                    report.notes.push(format!(
                        "it may run {most} replicas at most (by its own bounds or --max), but the \
                         load needs up to {needed}{hint}"
                    ));
                }
                if plant.config().max < needed {
                    report.notes.push(format!(
                        "no fleet may run more than {}, the optimum included",
                        plant.config().max
                    ));
                }
                reports.push(report);
            }
            (_, Done::Setting(point)) => {
                if let Some(report) = reports.last_mut() {
                    report.sweep.push(point);
                }
            }
            (Piece::Setting(..), Done::Whole(_)) => {}
        }
    }
    for report in &mut reports {
        if !report.sweep.is_empty() {
            report.frontier = frontier(&report.sweep).to_vec();
        }
    }
    Ok(reports)
}

fn do_piece(
    plant: &Plant<'_>,
    best: &Optimum,
    fleet: Fleet,
    piece: &Piece<'_>,
) -> Result<Done, InputError> {
    let (candidate, percent) = match piece {
        Piece::Whole(candidate) => (candidate, None),
        Piece::Setting(candidate, percent) => (candidate, Some(*percent)),
    };
    let mut runnable = candidate
        .build(percent, fleet)
        .map_err(|e| InputError::new("policy", None, e.to_string()))?;
    let policy: &mut dyn Policy = &mut *runnable.policy;
    match percent {
        None => {
            let demand = plant.demand();
            let mut notes = (
                Outcome::new(demand.model.utilization),
                Timeline::new(demand, PLOT_COLUMNS),
            );
            plant.run(policy, &runnable.signals, &mut notes);
            let (outcome, timeline) = notes;
            let close_up = close_up(plant, candidate, fleet, &timeline)?;
            Ok(Done::Whole(Box::new((outcome, timeline, close_up))))
        }
        Some(percent) => {
            let mut figures = Summary::default();
            plant.run(policy, &runnable.signals, &mut figures);
            let setting = f64::from(percent) / 100.0;
            let day = plant.demand().ticks_a_day();
            Ok(Done::Setting(SweepPoint::new(
                setting,
                &figures,
                best.replica_ticks,
                day,
            )))
        }
    }
}

/// The worst hours of a run, closer: the same run again, with its notes taken there.
fn close_up(
    plant: &Plant<'_>,
    candidate: &Candidate,
    fleet: Fleet,
    timeline: &Timeline,
) -> Result<Option<CloseUp>, InputError> {
    let demand = plant.demand();
    let Some(part) = timeline.worst(Demand::ticks(CLOSE_UP, demand.tick)) else {
        return Ok(None);
    };
    let mut runnable = candidate.build(None, fleet).map_err(|e| flag_error(&e))?;
    let before = demand.tick.as_secs_f64() * part.start as f64;
    let mut timeline = Timeline::part(part, PLOT_COLUMNS);
    plant.run(&mut *runnable.policy, &runnable.signals, &mut timeline);
    let from_s = demand.start_s.saturating_add(before.round() as i64);
    Ok(Some(CloseUp { from_s, timeline }))
}

/// Where the results go.
struct Places {
    json: Option<PathBuf>,
    html: Option<PathBuf>,
}

impl Places {
    /// Checked before any work is done.
    fn of(args: &ReplayArgs) -> Result<Self, InputError> {
        let chosen = args.output.json.is_some() || args.output.html.is_some();
        let default = |name: &str| (!chosen).then(|| PathBuf::from(name));
        let places = Self {
            json: args
                .output
                .json
                .clone()
                .or_else(|| default("plimsoll-report.json")),
            html: args
                .output
                .html
                .clone()
                .or_else(|| default("plimsoll-report.html")),
        };
        let json = places.json.iter().map(|path| ("--json", path.as_path()));
        let html = places.html.iter().map(|path| ("--html", path.as_path()));
        let written: Vec<(&str, &Path)> = json.chain(html).collect();
        let trace = args.trace.iter().map(|path| ("the trace", path.as_path()));
        let policies = args.policy.iter().map(|path| ("--policy", path.as_path()));
        let read: Vec<(&str, &Path)> = trace.chain(policies).collect();
        output::check_apart(&written, &read)?;
        Ok(places)
    }

    /// Writes the files and gives the table to print.
    fn write(&self, report: &ReplayReport) -> Result<String, InputError> {
        let json = self
            .json
            .as_deref()
            .map(|path| Ok((path, to_json(report)?)))
            .transpose()?;
        let page = self.html.as_deref().map(|path| (path, html(report)));
        let texts: Vec<(&Path, &str)> = json
            .iter()
            .chain(&page)
            .map(|(path, text)| (*path, text.as_str()))
            .collect();
        output::write_all(&texts)?;
        if texts.iter().any(|(path, _)| output::is_stdout(path)) {
            return Ok(String::new());
        }
        let mut text = show::summary(report);
        for (label, path) in [("figures", &self.json), ("report", &self.html)] {
            if let Some(path) = path {
                text.push_str(&format!("{label}: {}\n", absolute(path)));
            }
        }
        Ok(text)
    }
}

fn to_json(report: &ReplayReport) -> Result<String, InputError> {
    serde_json::to_string_pretty(report)
        .map(|text| text + "\n")
        .map_err(|e| InputError::new("report", None, e.to_string()))
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path)
        .unwrap_or_else(|_| path.to_owned())
        .display()
        .to_string()
}
