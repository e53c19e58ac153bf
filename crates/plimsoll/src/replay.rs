//! `plimsoll replay`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use autoscale_core::Policy;
use plimsoll_sim::{
    CsvSource, Demand, Optimum, Outcome, Plant, PlantConfig, PolicyReport, ReplayReport, Scenario,
    ServiceModel, StartUp, Summary, SweepPoint, Timeline, Trace, TraceSource as _, frontier, html,
    in_parallel, peak,
};

use crate::candidate::{Candidate, Fleet, default_set, settings};
use crate::cli::{Moment, ReplayArgs};
use crate::input_error::InputError;
use crate::output;
use crate::policy_file;
use crate::progress::Progress;
use crate::table::{percent, table};

/// Three weeks of June 1998; see `data/README.md` for origin and terms.
const WORLD_CUP: &str = include_str!("../data/worldcup98_part1_1m.csv");
const WORLD_CUP_NAME: &str = "worldcup98_part1_1m";

/// Columns of the report's plots.
const PLOT_COLUMNS: usize = 800;

/// Runs the command; gives what to print.
pub(crate) fn run(args: &ReplayArgs) -> Result<String, InputError> {
    let flag = |message: String| InputError::new("command line", None, message);
    let (name, trace) = load_trace(args)?;
    let (trace, warm_up) = select(args, &trace).map_err(&flag)?;
    let scored = trace
        .between(
            trace.start_s.saturating_add_unsigned(warm_up.as_secs()),
            trace.end_s(),
        )
        .map_err(|e| flag(e.to_string()))?;
    let mut model = ServiceModel::fitted(&scored, args.utilization, 40.0);
    if let Some(capacity) = args.capacity {
        model.capacity_rps = capacity;
    }
    let mut demand =
        Demand::new(&trace, model, args.tick, warm_up).map_err(|e| flag(e.to_string()))?;
    let mut config = plant_config(args);
    let scenario = Scenario::from(args.scenario);
    scenario.apply(&mut demand, &mut config);
    let plant = Plant::new(&demand, config).map_err(|e| flag(e.to_string()))?;
    let fleet = Fleet {
        min: args.min,
        max: args.max,
        capacity_rps: model.capacity_rps,
    };
    let candidates = candidates(args, fleet)?;

    let best = plant.optimum();
    let mut report = ReplayReport {
        trace: name,
        from_s: scored.start_s,
        to_s: scored.end_s(),
        repairs: trace.repairs,
        start_up_s: plant.config().start_up.mean().as_secs_f64(),
        lag_s: args.lag.as_secs_f64(),
        tick_s: args.tick.as_secs_f64(),
        capacity_rps: model.capacity_rps,
        utilization: model.utilization,
        scenario: scenario.name(),
        seed: args.seed,
        optimum_replica_seconds: best.replica_ticks as f64 * args.tick.as_secs_f64(),
        peak_replicas: peak(&plant),
        policies: Vec::new(),
    };
    report.policies = replay_all(&plant, &best, fleet, &candidates)?;
    finish(args, &report)
}

/// Reads the trace, or the built-in one.
fn load_trace(args: &ReplayArgs) -> Result<(String, Trace), InputError> {
    let parse = |file: &str, text: &str| {
        CsvSource::new(text)
            .with_unit(args.unit.into())
            .load()
            .map_err(|e| match e.line() {
                Some(line) => InputError::in_line(file, line, e.to_string()),
                None => InputError::new(file, None, e.to_string()),
            })
    };
    let Some(path) = &args.trace else {
        return Ok((WORLD_CUP_NAME.to_owned(), parse(WORLD_CUP_NAME, WORLD_CUP)?));
    };
    let file = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|e| InputError::unreadable(path, &e))?;
    let text = String::from_utf8(bytes).map_err(|e| {
        let good = &e.as_bytes()[..e.utf8_error().valid_up_to()];
        let line = 1 + good.iter().filter(|b| **b == b'\n').count();
        InputError::in_line(&file, line, "not UTF-8 text")
    })?;
    let name = path
        .file_stem()
        .map_or_else(|| file.clone(), |s| s.to_string_lossy().into_owned());
    Ok((name, parse(&file, &text)?))
}

/// The part of the trace to replay, and how much of its beginning only warms up.
fn select(args: &ReplayArgs, trace: &Trace) -> Result<(Trace, Duration), String> {
    let start = trace.start_s;
    let warm_up = args.warm_up.as_secs();
    let resolve = |moment: Option<Moment>| moment.map(|m| m.resolve(start));
    let from = resolve(args.from).unwrap_or_else(|| start.saturating_add_unsigned(warm_up));
    let to = resolve(args.to).unwrap_or(trace.end_s());
    if from >= to {
        return Err(format!("--from is {from}, must be before --to ({to})"));
    }
    let begin = from.saturating_sub_unsigned(warm_up).max(start);
    let part = trace.between(begin, to).map_err(|e| e.to_string())?;
    let warm = u64::try_from(from.saturating_sub(part.start_s)).unwrap_or(0);
    Ok((part, Duration::from_secs(warm)))
}

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
            .map(|p| (String::new(), p))
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
    let mut names: Vec<String> = Vec::new();
    policies
        .into_iter()
        .map(|(file, mut policy)| {
            // The same name in two files, or in two namespaces, stays apart in the report.
            let same = names.iter().filter(|name| **name == policy.name).count();
            names.push(policy.name.clone());
            if same > 0 {
                policy.name = format!("{} ({})", policy.name, same + 1);
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
    Whole(Box<(Outcome, Timeline)>),
    Setting(SweepPoint),
}

fn replay_all(
    plant: &Plant<'_>,
    best: &Optimum,
    fleet: Fleet,
    candidates: &[Candidate],
) -> Result<Vec<PolicyReport>, InputError> {
    let mut work = Vec::new();
    for candidate in candidates {
        work.push(Piece::Whole(candidate));
        if candidate.has_knob() {
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
                let (outcome, timeline) = *run;
                let mut report = PolicyReport::new(
                    candidate.name.clone(),
                    candidate.kind,
                    plant,
                    best,
                    &outcome,
                    timeline,
                );
                report.setting = candidate.own_setting(fleet);
                report.notes.clone_from(&candidate.notes);
                let most = candidate.most(fleet);
                if most < peak(plant) {
                    report.notes.push(format!(
                        "it may run {most} replicas at most, but the load needs up to {}: give \
                         what one replica carries with --capacity",
                        peak(plant)
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
            Ok(Done::Whole(Box::new(notes)))
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

/// Writes the files and gives the table to print.
fn finish(args: &ReplayArgs, report: &ReplayReport) -> Result<String, InputError> {
    let chosen = args.output.json.is_some() || args.output.html.is_some();
    let default = |name: &str| (!chosen).then(|| PathBuf::from(name));
    let json = args
        .output
        .json
        .clone()
        .or_else(|| default("plimsoll-report.json"));
    let page = args
        .output
        .html
        .clone()
        .or_else(|| default("plimsoll-report.html"));
    let to_stdout = |path: &Option<PathBuf>| path.as_deref().is_some_and(output::is_stdout);
    if to_stdout(&json) && to_stdout(&page) {
        return Err(InputError::new(
            "command line",
            None,
            "--json and --html are both -, must be one at most".to_owned(),
        ));
    }
    if let Some(path) = &json {
        output::write(path, &to_json(report)?)?;
    }
    if let Some(path) = &page {
        output::write(path, &html(report))?;
    }
    if to_stdout(&json) || to_stdout(&page) {
        return Ok(String::new());
    }
    let mut text = summary(report);
    let mut written = |label: &str, path: &Option<PathBuf>| {
        if let Some(path) = path {
            text.push_str(&format!("{label}: {}\n", absolute(path)));
        }
    };
    written("figures", &json);
    written("report", &page);
    Ok(text)
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

fn summary(report: &ReplayReport) -> String {
    let days = (report.to_s - report.from_s) as f64 / 86_400.0;
    let mut text = format!(
        "{}: {days:.1} days, peak {} replicas of {:.4} requests/s at {}; start-up {} s, lag {} s, \
         tick {} s, scenario {}\n",
        report.trace,
        report.peak_replicas,
        report.capacity_rps,
        percent(report.utilization),
        report.start_up_s,
        report.lag_s,
        report.tick_s,
        report.scenario,
    );
    if report.repairs.missing_steps + report.repairs.duplicate_rows > 0 {
        text.push_str(&format!(
            "repaired: {} missing steps (longest gap {} steps) repeat the value before, {} \
             duplicate rows averaged\n",
            report.repairs.missing_steps,
            report.repairs.longest_gap_steps,
            report.repairs.duplicate_rows
        ));
    }
    text.push_str(&format!(
        "optimum with perfect knowledge: {:.0} replica-hours\n\n",
        report.optimum_replica_seconds / 3600.0
    ));
    let header = [
        "policy",
        "at",
        "cost/optimum",
        "cost/peak",
        "bad",
        "bad min",
        "longest",
        "reversals/d",
        "changes/d",
        "bad≤1%",
        "≤0.1%",
        "≤0.01%",
    ];
    let rows: Vec<Vec<String>> = report.policies.iter().map(row).collect();
    text.push_str(&table(&header, &rows));
    text.push_str("\nbad≤…: cheapest cost/optimum in the sweep that keeps bad requests to it, and its target\n");
    for policy in &report.policies {
        for note in &policy.notes {
            text.push_str(&format!("{}: {note}\n", policy.name));
        }
    }
    text
}

fn row(policy: &PolicyReport) -> Vec<String> {
    let mut cells = vec![
        policy.name.clone(),
        policy
            .setting
            .map_or_else(|| "–".to_owned(), |s| format!("{s:.2}")),
        format!("{:.3}", policy.cost_ratio),
        format!("{:.3}", policy.static_peak_ratio),
        percent(policy.bad_share),
        format!("{:.0}", policy.bad_minutes),
        format!("{:.0} s", policy.longest_bad_run_s),
        format!("{:.1}", policy.reversals_per_day),
        format!("{:.1}", policy.changes_per_day),
    ];
    for i in 0..3 {
        let point = policy.frontier.get(i);
        cells.push(
            match point.and_then(|p| Some((p.cost_ratio?, p.setting?))) {
                Some((cost, setting)) => format!("{cost:.3} @{setting:.2}"),
                None if point.is_some() => "never".to_owned(),
                None => "–".to_owned(),
            },
        );
    }
    cells
}
