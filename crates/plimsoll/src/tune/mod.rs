//! `plimsoll tune`.

mod edit;
mod search;
mod setting;
mod show;
mod tree;
mod written;
mod yaml;

use std::path::Path;
use std::sync::Mutex;

use autoscale_core::HpaConfig;
use autoscale_core::manifest::HorizontalPodAutoscaler;
use clap::ValueEnum as _;
use plimsoll_sim::{Demand, Plant, Signal, SweepPoint, html};
use serde::Serialize;

use crate::candidate::CandidateError;
use crate::candidate::hpa::signal_for;
use crate::cli::TuneArgs;
use crate::input_error::InputError;
use crate::recorded::{Recorded, flag_error};
use crate::report_files::{absolute, to_json};
use crate::{command, output, policy_file, replay};

use search::{Ground, Tried};
pub(crate) use setting::Knob;
use setting::{Setting, Shown, tightest};

/// A setting is refuted where the manifest with another target is cheaper by this share, at no more
/// bad requests on the judged part: targets are whole percents.
const SLACK: f64 = 0.01;

/// The search aims at this part of the accepted share: the next weeks may be harder. Where the judged
/// part was so much harder that the limit did not hold, it aims at half of that.
const AIM: f64 = 0.85;
const CAREFUL_AIM: f64 = AIM / 2.0;

/// What tuning came to.
#[derive(Serialize)]
struct Tuning {
    trace: String,
    bad_limit: f64,
    /// What a replica carries: a replay of a part would fit it to that part.
    capacity_rps: f64,
    /// Unix time at which the part that is judged begins, in seconds.
    judged_from_s: i64,
    before: Side,
    after: Side,
    /// The manifest as it was with the cheapest target that, on the judged part and in hindsight,
    /// had no more bad requests than the tuned one.
    before_at_equal_bad: Option<SweepPoint>,
    /// Whether any knob was turned.
    changed: bool,
    /// What the trace says nothing about, and other things to know.
    notes: Vec<String>,
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

/// Runs the command; gives what to print, and whether the returned setting keeps the limit on the
/// searched part.
pub(crate) fn run(args: &TuneArgs) -> Result<(String, bool), InputError> {
    check_places(args)?;
    let keep = kept(args)?;
    let source = policy_file::read(&args.policy)?;
    let (given, config) = policy_file::manifest_of(&args.policy, &source)?;
    let mut manifest = given.clone();
    setting::spell_out_metrics(&mut manifest, &config);
    let recorded = Recorded::read(&args.load)?;
    let (train, whole) = split(&recorded.demand, args.train)?;
    let plants = (plant(&recorded, &train)?, plant(&recorded, &whole)?);
    let searched = ground(&recorded, &plants.0, &manifest, &config, args.bad);
    let judged = ground(&recorded, &plants.1, &manifest, &config, args.bad);
    let refuse = |e: CandidateError| InputError::new(&args.policy, None, e.to_string());
    let sweep = |setting: &Setting, name: &str| {
        let mut candidate = judged.candidate(setting).map_err(refuse)?;
        candidate.name = format!("{} {name}", manifest.name());
        replay::side_by_side(
            &recorded,
            &plants.1,
            &[candidate],
            command::tune(args, &recorded),
        )
    };

    let own = Setting::default();
    let both = |tried: Tried| judged.run(&tried.setting).map(|rest| (tried, rest));
    // What the load cannot drive is said before anything is searched.
    let before = searched.run(&own).and_then(both).map_err(refuse)?;
    let mut report = sweep(&own, "as it was")?;
    let hindsight = report
        .policies
        .first()
        .map_or(Vec::new(), |p| p.sweep.clone());
    let choice = choose(&searched, both, &config, &keep, &before, &hindsight).map_err(refuse)?;
    let after = &choice.after;
    let changed = after.0.setting != own;
    if changed {
        report
            .policies
            .extend(sweep(&after.0.setting, "tuned")?.policies);
    }

    let capacity = recorded.fleet.capacity_rps;
    let tuned = after.0.setting.apply(&manifest, &config.metrics, capacity);
    let side = |manifest: &HorizontalPodAutoscaler, (train, test): &(Tried, Tried)| {
        let metrics = manifest.config().map_err(|e| flag_error(&e))?.metrics;
        Ok::<_, InputError>(Side {
            setting: Shown::of(manifest, &metrics, capacity),
            train: train.figures.into(),
            test: test.figures.into(),
        })
    };
    let (before_side, after_side) = (side(&manifest, &before)?, side(&tuned, after)?);
    let said = report
        .policies
        .first()
        .map_or(Vec::new(), |p| p.notes.clone());
    let has_rates = config
        .metrics
        .iter()
        .any(|m| matches!(signal_for(m), Some(Signal::PodRate | Signal::TotalRate)));
    let sides = [&before_side.setting, &after_side.setting];
    let notes = notes(&recorded, has_rates, said, sides);
    let mut tuning = Tuning {
        trace: recorded.name.clone(),
        bad_limit: args.bad,
        capacity_rps: capacity,
        judged_from_s: report.from_s,
        before: before_side,
        before_at_equal_bad: changed
            .then(|| at_equal_bad(&hindsight, &before.1, &after.1))
            .flatten(),
        after: after_side,
        changed,
        notes,
    };
    let text = match changed {
        true => written::text(&args.policy, &source, &given, &tuned, &mut tuning)?,
        false => source,
    };
    let shown = show::tables(&tuning, &choice, &report.policies);
    report.trace = format!("the judged part of {}", report.trace);
    let kept = tuning.after.train.bad_share <= args.bad;
    Ok((write(args, &tuning, &report, &text, shown)?, kept))
}

/// The knobs that stay.
fn kept(args: &TuneArgs) -> Result<Vec<Knob>, InputError> {
    if Knob::value_variants().iter().all(|k| args.keep.contains(k)) {
        let message = "--keep names every knob, must leave one to turn";
        return Err(flag_error(&message));
    }
    Ok(args.keep.clone())
}

/// What to know beside the figures.
fn notes(
    recorded: &Recorded,
    has_rates: bool,
    mut notes: Vec<String>,
    [before, after]: [&Shown; 2],
) -> Vec<String> {
    let turned = before.min_replicas != after.min_replicas;
    let counts = match (turned, has_rates) {
        (true, true) => Some("minReplicas and request rates as targets are"),
        (true, false) => Some("minReplicas is"),
        (false, true) => Some("request rates as targets are"),
        (false, false) => None,
    };
    if let Some(counts) = counts
        && !recorded.capacity_given
    {
        notes.push(format!(
            "without --capacity a replica is taken to carry {:.4} requests/s: {counts} only as good \
             as that",
            recorded.fleet.capacity_rps
        ));
    }
    if before.tolerances() != after.tolerances() {
        notes.push(
            "a tolerance needs Kubernetes 1.35, or 1.33 with the feature gate \
             HPAConfigurableTolerance; --keep tolerance does without"
                .to_owned(),
        );
    }
    notes
}

/// A setting on the searched and on the judged part.
type Pair = (Tried, Tried);

/// What is returned, and why.
struct Choice {
    after: Pair,
    /// The best of the searched part, where the judged part refutes it, and what was done instead.
    refuted: Option<(Pair, &'static str)>,
    /// Whether anything tried kept the limit on the searched part.
    kept: bool,
}

/// All knobs; where the judged part refutes what they gave, the better of the target alone and, if it
/// was the limit that did not hold, a more careful aim; where it refutes these too, the manifest as it
/// is: never worse than the input.
fn choose(
    searched: &Ground<'_>,
    both: impl Fn(Tried) -> Result<Pair, CandidateError>,
    config: &HpaConfig,
    keep: &[Knob],
    before: &Pair,
    hindsight: &[SweepPoint],
) -> Result<Choice, CandidateError> {
    let limit = searched.limit;
    let found = both(search(searched, AIM, config, keep)?)?;
    let kept = found.0.figures.bad_share <= limit;
    let worse = |pair: &Pair| before.1.beats(&pair.1, limit);
    let only_fits_the_searched_part = at_equal_bad(hindsight, &before.1, &found.1)
        .is_some_and(|e| e.cost_ratio < found.1.figures.cost_ratio * (1.0 - SLACK));
    let is_worse = worse(&found);
    if found.0.setting == before.0.setting || !is_worse && !only_fits_the_searched_part {
        return Ok(Choice {
            after: found,
            refuted: None,
            kept,
        });
    }
    let mut left = Vec::new();
    let others = Knob::value_variants()
        .iter()
        .filter(|k| **k != Knob::Target);
    let all_others: Vec<Knob> = others.chain(keep).copied().collect();
    let alone = search(searched, AIM, config, &all_others)?;
    left.push((both(alone)?, "only the target is turned"));
    if is_worse && found.1.figures.bad_share > limit {
        let careful = search(searched, CAREFUL_AIM, config, keep)?;
        left.push((both(careful)?, "one with fewer bad requests there is taken"));
    } else if !is_worse {
        left.push((found.clone(), ""));
    }
    let (after, instead) = left
        .into_iter()
        .filter(|(pair, _)| !worse(pair) && pair.0.setting != before.0.setting)
        .reduce(|best, other| {
            if other.0.1.beats(&best.0.1, limit) {
                other
            } else {
                best
            }
        })
        .unwrap_or_else(|| (before.clone(), "nothing is changed"));
    let refuted = (after.0.setting != found.0.setting).then_some((found, instead));
    Ok(Choice {
        after,
        refuted,
        kept,
    })
}

/// The manifest's cheapest target with no more bad requests than a setting has, in hindsight, that
/// does not flap.
fn at_equal_bad(hindsight: &[SweepPoint], own: &Tried, setting: &Tried) -> Option<SweepPoint> {
    let calm = search::accepted_reversals(own).max(setting.figures.reversals_per_day);
    let within = hindsight
        .iter()
        .filter(|p| p.bad_share <= setting.figures.bad_share && p.reversals_per_day <= calm);
    within
        .min_by(|a, b| a.cost_ratio.total_cmp(&b.cost_ratio))
        .copied()
}

/// The part that is searched on, and the whole with the rest scored. They part at a full hour.
fn split(demand: &Demand, share: f64) -> Result<(Demand, Demand), InputError> {
    let first = demand.scored_from;
    let scored = demand.load.len() - first;
    let (day, hour) = (demand.ticks_a_day(), demand.ticks_a_day() / 24.0);
    let hours = (scored as f64 * share / hour).round();
    let at = (first + (hours * hour).round() as usize).min(demand.load.len());
    let shorter = (at - first).min(demand.load.len() - at);
    if (shorter as f64) < 0.5 * day {
        let message = format!(
            "--train is {share}: of {:.1} days it leaves {:.1} to search and {:.1} to judge, must \
             be at least half a day each",
            scored as f64 / day,
            (at - first) as f64 / day,
            (demand.load.len() - at) as f64 / day,
        );
        return Err(flag_error(&message));
    }
    for (part, name) in [(first..at, "searched"), (at..demand.load.len(), "judged")] {
        if demand.load[part].iter().all(|load| *load <= 0.0) {
            let message = format!("the part that is {name} has no load: every value is 0");
            return Err(flag_error(&message));
        }
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
        known: Mutex::default(),
    }
}

/// Searches; the fewest replicas tried are low quantiles of what the load needs. They only go up: a
/// load says nothing about the failures that a minimum may be there for.
fn search(
    ground: &Ground<'_>,
    aim: f64,
    config: &HpaConfig,
    keep: &[Knob],
) -> Result<Tried, CandidateError> {
    let mut needed = ground.plant.needed().to_vec();
    needed.sort_unstable();
    let last = needed.len().saturating_sub(1);
    let mut minima: Vec<i32> = [0.02, 0.1, 0.25, 0.5]
        .into_iter()
        .filter_map(|q| needed.get((last as f64 * q) as usize))
        .filter(|n| (config.min_replicas + 1..=config.max_replicas).contains(n))
        .filter_map(|n| i32::try_from(*n).ok())
        .collect();
    minima.dedup();
    let own = tightest(&config.metrics, ground.fleet.capacity_rps) * 100.0;
    ground.search(aim, keep, &minima, own.round() as u32)
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
    manifest: &str,
    mut text: String,
) -> Result<String, InputError> {
    let json = args
        .output
        .json
        .as_deref()
        .map(|path| Ok::<_, InputError>((path, to_json(tuning)?)))
        .transpose()?;
    let page = args.output.html.as_deref().map(|path| (path, html(report)));
    let mut texts: Vec<(&Path, &str)> = vec![(&args.out, manifest)];
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
            text.push_str(&format!("{label}: {}\n", absolute(path)));
        }
    }
    Ok(text)
}
