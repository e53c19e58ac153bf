//! `plimsoll replay --vertical`.

mod series;
mod show;

use std::path::Path;

use autoscale_core::{ContainerObservation, Sizer, VerticalDecision, Vpa, VpaConfig};
use plimsoll_sim::vertical::{
    ContainerConfig, ContainerPlant, SizerReport, SizingOutcome, SizingTimeline, VerticalReport,
    html,
};

use crate::cli::ReplayArgs;
use crate::command;
use crate::input_error::InputError;
use crate::policy_file::{NamedVpa, load_vertical};
use crate::recorded::{flag_error, stem};
use crate::report_files::ReportFiles;

/// Columns of the report's plots.
const PLOT_COLUMNS: usize = 400;

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
        command: command::vertical(path, args),
        policies: Vec::new(),
    };
    for vpa in &vpas {
        let config = ContainerConfig::default()
            .with_update_mode(vpa.config.update_mode)
            .with_warm_up(args.load.warm_up);
        let plant = ContainerPlant::new(&series, config).map_err(|e| flag_error(&e))?;
        report.tick_s = plant.tick().as_secs_f64();
        report.policies.push(replay_vpa(&plant, vpa)?);
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
