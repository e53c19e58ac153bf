//! `plimsoll tune`.

mod search;
mod setting;
mod show;
mod yaml;

use std::path::Path;

use autoscale_core::HpaConfig;
use autoscale_core::manifest::HorizontalPodAutoscaler;
use plimsoll_sim::{Demand, Plant, SweepPoint, html};
use serde::Serialize;

use crate::cli::TuneArgs;
use crate::input_error::InputError;
use crate::recorded::{Recorded, flag_error};
use crate::{command, output, policy_file, replay};

use search::{Ground, Tried};
pub(crate) use setting::Knob;
use setting::{Setting, Shown, tightest};

/// A setting is refuted where the manifest with another target is cheaper by this share, at no more
/// bad requests on the judged part: targets are whole percents.
const SLACK: f64 = 0.01;

/// What tuning came to.
#[derive(Serialize)]
struct Tuning {
    trace: String,
    bad_limit: f64,
    /// Unix time at which the part that is judged begins, in seconds.
    judged_from_s: i64,
    before: Side,
    after: Side,
    /// The manifest as it was with the cheapest target that, on the judged part and in hindsight,
    /// had no more bad requests than the tuned one.
    before_at_equal_bad: Option<SweepPoint>,
    /// Whether any knob was turned.
    changed: bool,
}

/// A manifest's knobs, and what they delivered on either part.
#[derive(Serialize)]
struct Side {
    setting: Shown,
    train: Figures,
    test: Figures,
}

#[derive(Clone, Copy, Serialize)]
struct Figures {
    cost_ratio: f64,
    bad_share: f64,
    reversals_per_day: f64,
}

impl From<SweepPoint> for Figures {
    fn from(point: SweepPoint) -> Self {
        Self {
            cost_ratio: point.cost_ratio,
            bad_share: point.bad_share,
            reversals_per_day: point.reversals_per_day,
        }
    }
}

/// Runs the command; gives what to print.
pub(crate) fn run(args: &TuneArgs) -> Result<String, InputError> {
    check_places(args)?;
    let (manifest, config) = policy_file::load_manifest(&args.policy)?;
    let recorded = Recorded::read(&args.load)?;
    let (train, whole) = split(&recorded.demand, args.train)?;
    let plants = (plant(&recorded, &train)?, plant(&recorded, &whole)?);
    let grounds = (
        ground(&recorded, &plants.0, &manifest, &config, args.bad),
        ground(&recorded, &plants.1, &manifest, &config, args.bad),
    );
    let refuse =
        |e: crate::candidate::CandidateError| InputError::new(&args.policy, None, e.to_string());
    let own = Setting::default();
    // What the load cannot drive is said before anything is searched.
    grounds.0.candidate(&own).map_err(refuse)?;

    let before = (
        grounds.0.run(&own).map_err(refuse)?,
        grounds.1.run(&own).map_err(refuse)?,
    );
    // All knobs; and the target alone, for where the rest was only good for the searched part.
    let mut target_alone = vec![Knob::Windows, Knob::Rates, Knob::Tolerance, Knob::Min];
    target_alone.extend(&args.keep);
    let mut refuted = None;
    let mut chosen = None;
    for (keep, is_last) in [(&args.keep, false), (&target_alone, true)] {
        let found = search(&grounds.0, &config, keep).map_err(refuse)?;
        let judged = grounds.1.run(&found.setting).map_err(refuse)?;
        let mut candidates = Vec::new();
        for (name, setting) in [("before", &own), ("after", &found.setting)] {
            let mut candidate = grounds.1.candidate(setting).map_err(refuse)?;
            name.clone_into(&mut candidate.name);
            candidates.push(candidate);
        }
        let command = command::tune(args, &recorded);
        let report = replay::side_by_side(&recorded, &plants.1, &candidates, command)?;
        let sweep = report.policies.first().map_or(&[][..], |p| &p.sweep);
        let equal = sweep
            .iter()
            .filter(|p| p.bad_share <= judged.figures.bad_share)
            .min_by(|a, b| a.cost_ratio.total_cmp(&b.cost_ratio))
            .copied();
        // Never worse than the input: what the judged part refutes is not returned.
        let worse = before.1.beats(&judged, args.bad)
            || !is_last
                && equal.is_some_and(|e| e.cost_ratio < judged.figures.cost_ratio * (1.0 - SLACK));
        let stays = found.setting == own;
        if !worse || stays {
            chosen = Some(((found, judged), equal, report));
            break;
        }
        refuted = refuted.or(Some(found));
    }
    let (after, at_equal_bad, report) = match chosen {
        Some(chosen) => chosen,
        None => {
            let mut candidate = grounds.1.candidate(&own).map_err(refuse)?;
            "before".clone_into(&mut candidate.name);
            let command = command::tune(args, &recorded);
            let report = replay::side_by_side(&recorded, &plants.1, &[candidate], command)?;
            (before.clone(), None, report)
        }
    };

    let tuned = after
        .0
        .setting
        .apply(&manifest, &config.metrics, recorded.fleet.capacity_rps);
    let shown = |manifest: &HorizontalPodAutoscaler| -> Result<Shown, InputError> {
        let metrics = manifest.config().map_err(|e| flag_error(&e))?.metrics;
        Ok(Shown::of(manifest, &metrics, recorded.fleet.capacity_rps))
    };
    let side = |manifest, (train, test): &(Tried, Tried)| {
        Ok::<_, InputError>(Side {
            setting: shown(manifest)?,
            train: train.figures.into(),
            test: test.figures.into(),
        })
    };
    let tuning = Tuning {
        trace: recorded.name.clone(),
        bad_limit: args.bad,
        judged_from_s: report.from_s,
        before: side(&manifest, &before)?,
        after: side(&tuned, &after)?,
        before_at_equal_bad: at_equal_bad,
        changed: after.0.setting != own,
    };
    let text = show::tables(&tuning, refuted.as_ref(), &report.policies);
    write(args, &tuning, &report, &tuned, text)
}

/// The part that is searched on, and the whole with the rest scored.
fn split(demand: &Demand, share: f64) -> Result<(Demand, Demand), InputError> {
    let scored = demand.load.len() - demand.scored_from;
    let at = demand.scored_from + (scored as f64 * share).round() as usize;
    let day = demand.ticks_a_day();
    let shorter = (at - demand.scored_from).min(demand.load.len() - at);
    if (shorter as f64) < 0.5 * day {
        let message = format!(
            "--train {share} of {:.1} days leaves less than half a day on one side",
            scored as f64 / day
        );
        return Err(flag_error(&message));
    }
    let (mut train, mut whole) = (demand.clone(), demand.clone());
    train.load.truncate(at);
    whole.scored_from = at;
    Ok((train, whole))
}

fn plant<'d>(recorded: &Recorded, demand: &'d Demand) -> Result<Plant<'d>, InputError> {
    Plant::new(demand, recorded.plant_config()).map_err(|e| flag_error(&e))
}

fn ground<'a>(
    recorded: &Recorded,
    plant: &'a Plant<'a>,
    manifest: &'a HorizontalPodAutoscaler,
    config: &'a HpaConfig,
    limit: f64,
) -> Ground<'a> {
    Ground {
        manifest,
        metrics: &config.metrics,
        fleet: recorded.fleet,
        optimum_ticks: plant.optimum().replica_ticks,
        plant,
        limit,
    }
}

/// Searches; the fewest replicas tried are low quantiles of what the load needs.
fn search(
    ground: &Ground<'_>,
    config: &HpaConfig,
    keep: &[Knob],
) -> Result<Tried, crate::candidate::CandidateError> {
    let mut needed = ground.plant.needed().to_vec();
    needed.sort_unstable();
    let last = needed.len().saturating_sub(1);
    let mut minima: Vec<i32> = [0.02, 0.1, 0.25, 0.5]
        .into_iter()
        .filter_map(|q| needed.get((last as f64 * q) as usize))
        .filter(|n| (1..=config.max_replicas).contains(n))
        .filter_map(|n| i32::try_from(*n).ok())
        .collect();
    minima.dedup();
    let own = tightest(&config.metrics, ground.fleet.capacity_rps) * 100.0;
    ground.search(keep, &minima, own.round() as u32)
}

fn check_places(args: &TuneArgs) -> Result<(), InputError> {
    let json = args.output.json.as_deref().map(|path| ("--json", path));
    let html = args.output.html.as_deref().map(|path| ("--html", path));
    let out = Some(("--out", args.out.as_path()));
    let written: Vec<(&str, &Path)> = [json, html, out].into_iter().flatten().collect();
    let trace = args.load.trace.as_deref().map(|path| ("the trace", path));
    let policy = Some(("--policy", args.policy.as_path()));
    let read: Vec<(&str, &Path)> = [trace, policy].into_iter().flatten().collect();
    output::check_apart(&written, &read)
}

fn write(
    args: &TuneArgs,
    tuning: &Tuning,
    report: &plimsoll_sim::ReplayReport,
    tuned: &HorizontalPodAutoscaler,
    mut text: String,
) -> Result<String, InputError> {
    let manifest = yaml::document(tuned, &show::summary(tuning))?;
    let json = args
        .output
        .json
        .as_deref()
        .map(|path| Ok::<_, InputError>((path, replay::to_json(tuning)?)))
        .transpose()?;
    let page = args.output.html.as_deref().map(|path| (path, html(report)));
    let mut texts: Vec<(&Path, &str)> = vec![(&args.out, &manifest)];
    texts.extend(
        json.iter()
            .chain(&page)
            .map(|(path, text)| (*path, text.as_str())),
    );
    output::write_all(&texts)?;
    if texts.iter().any(|(path, _)| output::is_stdout(path)) {
        return Ok(String::new());
    }
    for (label, path) in [
        ("manifest", Some(&args.out)),
        ("figures", args.output.json.as_ref()),
        ("report", args.output.html.as_ref()),
    ] {
        if let Some(path) = path {
            text.push_str(&format!("{label}: {}\n", replay::absolute(path)));
        }
    }
    Ok(text)
}
