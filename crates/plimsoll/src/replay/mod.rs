//! `plimsoll replay`.

mod matrix;
mod show;

use std::path::Path;
use std::time::Duration;

use autoscale_core::Policy;
use plimsoll_sim::{
    CloseUp, Demand, Optimum, Outcome, Plant, PlantConfig, PolicyReport, ReplayReport, Scenario,
    ScenarioReport, Summary, SweepPoint, Timeline, frontier, html, in_parallel, peak,
};

use crate::candidate::{Candidate, CandidateError, Fleet, built_in};
use crate::cli::{ReplayArgs, ScenarioName};
use crate::command;
use crate::input_error::InputError;
use crate::policy_file::{self, NamedPolicy};
use crate::progress::Progress;
use crate::recorded::{Recorded, flag_error, plant_config};
use crate::report_files::ReportFiles;
use crate::vertical;
use matrix::Cell;

/// Length of the part that the report shows closer.
const CLOSE_UP: Duration = Duration::from_secs(6 * 3600);

/// Columns of the report's plots.
const PLOT_COLUMNS: usize = 800;

/// Runs the command; gives what to print.
pub(crate) fn run(args: &ReplayArgs) -> Result<String, InputError> {
    if let Some(series) = &args.vertical.vertical {
        return vertical::run(series, args);
    }
    let files = report_files(args)?;
    let recorded = Recorded::read(&args.load)?;
    let command = command::replay(args, &recorded);
    let fleet = recorded.fleet;
    let load = &recorded.demand;
    let config = recorded.plant_config();
    let length = load.tick * u32::try_from(load.load.len()).unwrap_or(u32::MAX);
    let candidates = candidates(args, fleet, length)?;
    let settle = candidates
        .iter()
        .map(Candidate::settles_within)
        .max()
        .unwrap_or_default();
    let scenario = Scenario::from(args.scenario);
    let (demand, config) = disturbed(load, scenario, config, settle);
    let plant = Plant::new(&demand, config).map_err(|e| flag_error(&e))?;

    let best = plant.optimum();
    let cells = match args.scenario {
        ScenarioName::All => matrix::cells(&args.load, fleet, settle),
        _ => Vec::new(),
    };
    let work = Work {
        plant: &plant,
        best: &best,
        fleet,
        candidates: &candidates,
        load,
        cells: &cells,
    };
    let (mut policies, scenarios) = replay_all(&work, recorded.capacity_given)?;
    if !cells.is_empty() {
        let config = plant_config(&args.load, fleet);
        matrix::note_short_bounds(&mut policies, &candidates, fleet, load, config)?;
    }
    let mut report = report(&recorded, &work, policies, command);
    report.scenario = scenario.name();
    report.scenarios = scenarios;
    files.write(&report, html, show::summary)
}

/// The report about a healthy replay.
fn report(
    recorded: &Recorded,
    work: &Work<'_>,
    policies: Vec<PolicyReport>,
    command: String,
) -> ReplayReport {
    let (plant, demand) = (work.plant, work.plant.demand());
    let tick_s = demand.tick.as_secs_f64();
    ReplayReport {
        trace: recorded.name.clone(),
        from_s: recorded.trace.start_s + (demand.scored_from as f64 * tick_s).round() as i64,
        to_s: recorded.trace.end_s(),
        repairs: recorded.trace.repairs,
        start_up_s: plant.config().start_up.mean().as_secs_f64(),
        lag_s: work.fleet.lag.as_secs_f64(),
        tick_s,
        capacity_rps: demand.model.capacity_rps,
        utilization: demand.model.utilization,
        scenario: Scenario::Healthy.name(),
        seed: plant.config().seed,
        optimum_replica_seconds: work.best.replica_ticks as f64 * tick_s,
        peak_replicas: peak(plant),
        command,
        policies,
        scenarios: Vec::new(),
    }
}

/// Replays policies side by side, knobs swept, on a healthy fleet.
pub(crate) fn side_by_side(
    recorded: &Recorded,
    plant: &Plant<'_>,
    candidates: &[Candidate],
    command: String,
) -> Result<ReplayReport, InputError> {
    let best = plant.optimum();
    let work = Work {
        plant,
        best: &best,
        fleet: recorded.fleet,
        candidates,
        load: &recorded.demand,
        cells: &[],
    };
    let (policies, _) = replay_all(&work, recorded.capacity_given)?;
    Ok(report(recorded, &work, policies, command))
}

/// A load and the fleet under a disturbance; pods differ until they are `settle` old.
fn disturbed(
    load: &Demand,
    scenario: Scenario,
    mut config: PlantConfig,
    settle: Duration,
) -> (Demand, PlantConfig) {
    let mut demand = load.clone();
    config.settle = config.settle.max(settle + demand.tick);
    scenario.apply(&mut demand, &mut config);
    (demand, config)
}

fn candidates(
    args: &ReplayArgs,
    fleet: Fleet,
    length: Duration,
) -> Result<Vec<Candidate>, InputError> {
    if args.policy.is_empty() {
        return Ok(defaults(fleet, length));
    }
    let mut policies = Vec::new();
    for path in &args.policy {
        let file = path.display().to_string();
        let found = match built_in::named(path, fleet) {
            Some(policy) => vec![policy],
            None => policy_file::load(path)?,
        };
        policies.extend(found.into_iter().map(|p| (file.clone(), p)));
    }
    policy_file::tell_apart(&mut policies, |(_, policy)| &mut policy.name);
    policies
        .into_iter()
        .map(|(file, policy)| {
            let at = policy.at;
            checked(policy, fleet).map_err(|e| InputError::new(file, at, e.to_string()))
        })
        .collect()
}

/// What nobody named gives way to flags that it cannot follow.
fn defaults(fleet: Fleet, length: Duration) -> Vec<Candidate> {
    let policies = built_in::defaults(fleet, length).into_iter();
    policies
        .filter_map(|policy| {
            let name = policy.name.clone();
            checked(policy, fleet)
                .inspect_err(|error| eprintln!("note: {name} is left out: {error}"))
                .ok()
        })
        .collect()
}

/// A candidate that was built once: no later build of it can fail.
fn checked(policy: NamedPolicy, fleet: Fleet) -> Result<Candidate, CandidateError> {
    let candidate = Candidate::new(policy)?;
    candidate.build(None, fleet)?;
    Ok(candidate)
}

/// All that is to be run.
struct Work<'a> {
    plant: &'a Plant<'a>,
    best: &'a Optimum,
    fleet: Fleet,
    candidates: &'a [Candidate],
    /// Before any disturbance.
    load: &'a Demand,
    cells: &'a [Cell],
}

/// One run: a policy as given, with all figures, a setting of its knob, or a cell of the matrix.
enum Piece<'a> {
    Whole(&'a Candidate),
    Setting(&'a Candidate, f64),
    Cell(&'a Cell, &'a Candidate),
}

enum Done {
    Whole(Box<(Outcome, Timeline, Option<CloseUp>)>),
    Setting(SweepPoint),
    Cell(ScenarioReport),
}

fn replay_all(
    work: &Work<'_>,
    capacity_given: bool,
) -> Result<(Vec<PolicyReport>, Vec<ScenarioReport>), InputError> {
    let &Work {
        plant,
        best,
        fleet,
        candidates,
        ..
    } = work;
    let mut pieces = Vec::new();
    for candidate in candidates {
        pieces.push(Piece::Whole(candidate));
        let settings = candidate.settings(fleet).into_iter();
        pieces.extend(settings.map(|setting| Piece::Setting(candidate, setting)));
    }
    for cell in work.cells {
        pieces.extend(candidates.iter().map(|c| Piece::Cell(cell, c)));
    }
    let mut progress = Progress::new(pieces.len());
    let results = in_parallel(
        &pieces,
        |piece| do_piece(work, piece),
        |done| progress.set(done),
    );
    progress.finish();

    let mut reports: Vec<PolicyReport> = Vec::new();
    let mut scenarios = Vec::new();
    for (piece, result) in pieces.iter().zip(results) {
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
                if let Some(least) = candidate.least().filter(|least| *least < fleet.min) {
                    report.notes.push(format!(
                        "it may go down to {least}, but no fleet here runs fewer than {}: --min {least} \
                         lets it",
                        fleet.min
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
            (_, Done::Cell(row)) => scenarios.push(row),
            (_, Done::Whole(_)) => {}
        }
    }
    for report in &mut reports {
        if !report.sweep.is_empty() {
            report.frontier = frontier(&report.sweep).to_vec();
        }
    }
    matrix::compare_with_healthy(&mut scenarios);
    Ok((reports, scenarios))
}

fn do_piece(work: &Work<'_>, piece: &Piece<'_>) -> Result<Done, InputError> {
    let (candidate, setting) = match piece {
        Piece::Whole(candidate) => (candidate, None),
        Piece::Setting(candidate, setting) => (candidate, Some(*setting)),
        Piece::Cell(cell, candidate) => return cell.run(work.load, candidate).map(Done::Cell),
    };
    let &Work {
        plant, best, fleet, ..
    } = work;
    let mut runnable = candidate
        .build(setting, fleet)
        .map_err(|e| InputError::new("policy", None, e.to_string()))?;
    let policy: &mut dyn Policy = &mut *runnable.policy;
    match setting {
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
        Some(setting) => {
            let mut figures = Summary::default();
            plant.run(policy, &runnable.signals, &mut figures);
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

fn report_files(args: &ReplayArgs) -> Result<ReportFiles, InputError> {
    let trace = args.load.trace.iter();
    let trace = trace.map(|path| ("the trace", path.as_path()));
    let policies = args.policy.iter().map(|path| ("--policy", path.as_path()));
    let read: Vec<(&str, &Path)> = trace.chain(policies).collect();
    ReportFiles::of(&args.output, Some("plimsoll-report"), &read)
}
