//! `plimsoll replay --vertical`.

mod series;
mod show;

use std::path::Path;

use autoscale_core::{
    ContainerObservation, RightSizing, RightSizingConfig, Sizer, UpdateMode, VerticalDecision, Vpa,
    VpaConfig,
};
use plimsoll_sim::vertical::{
    ContainerConfig, ContainerPlant, ResourceReport, SizerPoint, SizerReport, SizingOutcome,
    SizingTimeline, VerticalReport, html,
};

use crate::cli::ReplayArgs;
use crate::command;
use crate::input_error::InputError;
use crate::policy_file::{NamedVpa, load_vertical, tell_apart};
use crate::recorded::{flag_error, stem};
use crate::report_files::ReportFiles;

/// Columns of the report's plots.
const PLOT_COLUMNS: usize = 400;

/// Shares of violations that right-sizing is swept over.
const SWEEP: [f64; 10] = [0.2, 0.1, 0.05, 0.02, 0.01, 5e-3, 2e-3, 1e-3, 3e-4, 1e-4];
/// And parts of the share that the VPA delivered.
const NEAR: [f64; 7] = [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.35];
/// Least and most that it can be asked for.
const LEAST: f64 = 1e-5;
const MOST: f64 = 0.5;
/// Restarts a day that it is allowed beside a VPA without any.
const LEAST_RESTARTS: f64 = 0.01;

type AnySizer = dyn Sizer<Observation = ContainerObservation, Decision = VerticalDecision>;

/// Runs the command; gives what to print.
pub(crate) fn run(path: &Path, args: &ReplayArgs) -> Result<String, InputError> {
    let policies = args.policy.iter().map(|path| ("--policy", path.as_path()));
    let read: Vec<(&str, &Path)> = [("--vertical", path)].into_iter().chain(policies).collect();
    let files = ReportFiles::of(&args.output, Some("plimsoll-vertical"), &read)?;
    let series = series::read(path, args.vertical.resource)?;
    let vpas = vpas(args)?;
    let mut report = VerticalReport {
        series: stem(path),
        from_s: series.start.as_secs() + args.load.warm_up.as_secs(),
        to_s: series.start.as_secs() + series.step.as_secs() * series.len() as u64,
        step_s: series.step.as_secs_f64(),
        tick_s: 0.0,
        warm_up_s: args.load.warm_up.as_secs_f64(),
        command: command::vertical(path, args),
        policies: Vec::new(),
    };
    for (index, vpa) in vpas.iter().enumerate() {
        let config = ContainerConfig::default()
            .with_update_mode(vpa.config.update_mode)
            .with_warm_up(args.load.warm_up);
        let plant = ContainerPlant::new(&series, config).map_err(|e| flag_error(&e))?;
        report.tick_s = plant.tick().as_secs_f64();
        let of_vpa = replay_vpa(&plant, vpa)?;
        // Right-sizing stands beside the first one, whose bounds it has.
        let ours = (index == 0)
            .then(|| right_sizing(&plant, vpa, &of_vpa, args.vertical.violations))
            .transpose()?;
        report.policies.push(of_vpa);
        report.policies.extend(ours);
    }
    files.write(&report, html, show::summary)
}

/// The VPAs that are given, or one with its defaults.
fn vpas(args: &ReplayArgs) -> Result<Vec<NamedVpa>, InputError> {
    if args.policy.is_empty() {
        return Ok(vec![NamedVpa {
            name: "vpa".to_owned(),
            config: VpaConfig::default(),
            notes: Vec::new(),
        }]);
    }
    let mut all = Vec::new();
    for path in &args.policy {
        all.extend(load_vertical(path, args.vertical.container.as_deref())?);
    }
    tell_apart(&mut all, |vpa| &mut vpa.name);
    Ok(all)
}

fn replay_vpa(plant: &ContainerPlant<'_>, vpa: &NamedVpa) -> Result<SizerReport, InputError> {
    let mut sizer = Vpa::new(vpa.config.clone()).map_err(|e| flag_error(&e))?;
    let (outcome, timeline) = replay(plant, &mut sizer);
    let mut report = SizerReport::new(&vpa.name, "vpa", &outcome);
    report.notes.clone_from(&vpa.notes);
    report.timeline = Some(timeline);
    Ok(report)
}

fn replay(plant: &ContainerPlant<'_>, sizer: &mut AnySizer) -> (SizingOutcome, SizingTimeline) {
    let mut recorder = (
        SizingOutcome::default(),
        SizingTimeline::new(plant, PLOT_COLUMNS),
    );
    plant.run(sizer, &mut recorder);
    recorder
}

/// Right-sizing beside a VPA: with its bounds and mode, and no more restarts a day than it had. Where
/// no share of violations is asked for, the share that the VPA delivered is, of each resource.
fn right_sizing(
    plant: &ContainerPlant<'_>,
    vpa: &NamedVpa,
    delivered: &SizerReport,
    violations: Option<f64>,
) -> Result<SizerReport, InputError> {
    // A VPA that changes nothing delivers no share to be measured by.
    let follows = !matches!(
        vpa.config.update_mode,
        UpdateMode::Off | UpdateMode::Initial
    );
    let of = |resource: Option<ResourceReport>, default: f64| {
        let delivered = resource.filter(|_| follows);
        let share = violations.or(delivered.map(|r| r.violation_share));
        share.unwrap_or(default).clamp(LEAST, MOST)
    };
    let default = RightSizingConfig::default();
    let kills = delivered.oom_kills as f64 / delivered.restarts.max(1) as f64;
    let restarts = (delivered.restarts_per_day * (1.0 - kills)).max(LEAST_RESTARTS);
    let config = RightSizingConfig::default()
        .with_max_restarts_per_day(restarts)
        .with_minimum(vpa.config.pod_minimum)
        .with_min_allowed(vpa.config.min_allowed)
        .with_max_allowed(vpa.config.max_allowed)
        .with_control_cpu(vpa.config.control_cpu)
        .with_control_memory(vpa.config.control_memory)
        .with_update_mode(vpa.config.update_mode)
        .with_oom_bump_up_ratio(vpa.config.usage.oom_bump_up_ratio)
        .with_oom_min_bump_up_bytes(vpa.config.usage.oom_min_bump_up_bytes);
    let at = |cpu, memory| {
        let config = config
            .clone()
            .with_cpu_violations(cpu)
            .with_memory_violations(memory);
        RightSizing::new(config).map_err(|e| flag_error(&e))
    };
    let cpu = of(delivered.cpu, default.cpu_violations);
    let memory = of(delivered.memory, default.memory_violations);
    let (outcome, timeline) = replay(plant, &mut at(cpu, memory)?);
    let mut report = SizerReport::new("right-sizing", "right-sizing", &outcome);
    report.setting = Some(match (report.cpu, report.memory) {
        (None, Some(_)) => memory,
        _ => cpu,
    });
    report.timeline = Some(timeline);
    if violations.is_none() && follows {
        report.notes.push(format!(
            "asked for the share of violations that {} delivered, and allowed as many resizes a day",
            vpa.name
        ));
    }
    // Close to what the VPA delivered too, so that the two can be compared there.
    let near = delivered.violation_share.unwrap_or(0.0);
    let mut shares: Vec<f64> = NEAR.iter().map(|part| part * near).chain(SWEEP).collect();
    shares.retain(|share| (LEAST..=MOST).contains(share));
    shares.sort_by(|a, b| b.total_cmp(a));
    shares.dedup();
    for share in shares {
        let (outcome, _) = replay(plant, &mut at(share, share)?);
        report.sweep.push(SizerPoint::new(share, &outcome));
    }
    report.compare(delivered);
    Ok(report)
}
