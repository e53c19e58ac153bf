//! `plimsoll forecast`: when a metric reaches its limit, how sure that is, and whether to act now.
//!
//! The file is read a line at a time and never held: each metric keeps its newest steps. `--tasks` is
//! the same planner for scoring. `docs/forecast.md` has the formats.

mod args;
mod cells;
mod cpu;
mod events;
mod feed;
mod lines;
mod page;
mod plot;
mod read;
mod report;
mod settings;
mod show;
mod tasks;
mod verdict;
mod words;

use std::path::Path;

pub(crate) use args::{ForecastArgs, kind_name};

use capacity_forecast::{
    CapacityPlanner, Combine, ForecastError, Kind, Plan, Refusal, Series, Urgency,
};

use self::read::{Recorded, Wanted};
use self::report::{Curve, Event, Report};
use self::settings::Settings;
use crate::input_error::InputError;
use crate::output;
use crate::recorded::flag_error;
use crate::report_files::ReportFiles;

/// Runs the command; gives what to print, and whether every metric has an answer that `--fail-on`
/// accepts.
pub(crate) fn run(args: &ForecastArgs) -> Result<(String, bool), InputError> {
    let Some(file) = &args.file else {
        let tasks = args.tasks.as_deref();
        tasks.map_or_else(|| Err(flag_error(&"FILE is missing")), tasks::run)?;
        return Ok((String::new(), true));
    };
    let events = args.events.as_deref();
    if events.is_some_and(|events| output::is_stdout(events) && output::is_stdout(file)) {
        return Err(flag_error(
            &"FILE and --events are both standard input, must be different ones",
        ));
    }
    let read: Vec<(&str, &Path)> = [("FILE", Some(file.as_path())), ("--events", events)]
        .into_iter()
        .filter_map(|(flag, path)| Some((flag, path.filter(|path| !output::is_stdout(path))?)))
        .collect();
    let files = ReportFiles::of(&args.output, None, &read)?;
    let events = events.map_or_else(|| Ok(Vec::new()), events::read)?;
    let shown: Vec<Event> = events.iter().map(Event::new).collect();
    let settings = Settings::new(args, events)?;
    let recorded = read::read(
        file,
        &Wanted {
            horizon: settings.horizon,
            now: args.now,
            only: &args.only,
            series: &|metric| settings.series(metric),
        },
    )?;
    settings.check_names(&recorded.names)?;
    let report = answer(args, &settings, recorded, shown)?;
    let answered = report.report.refusals.is_empty();
    let bar = args.fail_on.map(Urgency::from);
    let fine = report
        .report
        .forecasts
        .iter()
        .all(|forecast| bar.is_none_or(|bar| forecast.urgency.level < bar));
    let text = files.write(&report, page::page, show::tables)?;
    Ok((text, answered && fine))
}

fn answer(
    args: &ForecastArgs,
    settings: &Settings<'_>,
    recorded: Recorded,
    events: Vec<Event>,
) -> Result<Report, InputError> {
    let file = args.file.as_deref().unwrap_or(Path::new("-"));
    let now = recorded.now;
    let mut metrics = Vec::new();
    for (name, series) in &recorded.metrics {
        let most = series.as_ref().ok().map(largest);
        metrics.push(settings.metric(name, most)?);
    }
    let config = settings.config(metrics);
    let mut planner = CapacityPlanner::new(config).map_err(|error| flag_error(&error))?;
    let plans: Vec<(&str, Result<Plan, ForecastError>)> = recorded
        .metrics
        .iter()
        .map(|(name, series)| {
            let series = series.as_ref().map_err(Clone::clone);
            let plan = series.and_then(|series| planner.plan(name, series, now));
            (name.as_str(), plan)
        })
        .collect();
    let given = plans
        .iter()
        .map(|(name, plan)| (*name, plan.as_ref().map_err(Clone::clone)));
    let report = planner.report_plans(now, given);
    if report.forecasts.is_empty()
        && let Some(first) = report.refusals.first()
    {
        return Err(InputError::new(file, None, nothing(first, &recorded)));
    }
    let mut curves = Vec::new();
    for forecast in &report.forecasts {
        let of = |name: &str| name == forecast.metric;
        let plan = plans
            .iter()
            .find(|(name, _)| of(name))
            .and_then(|(_, plan)| plan.as_ref().ok());
        let series = recorded.metrics.iter().find(|(name, _)| of(name));
        let series = series.and_then(|(_, series)| series.as_ref().ok());
        if let (Some(plan), Some(series)) = (plan, series) {
            let breach = plan
                .breach(&forecast.limit)
                .map_err(|error| flag_error(&error))?;
            let bins = bins(settings, &forecast.metric);
            curves.push(Curve::new(
                forecast,
                plan,
                &breach,
                series,
                bins,
                settings.asked_seasons(),
            ));
        }
    }
    let sentences: Vec<String> = curves.iter().map(|curve| curve.verdict.clone()).collect();
    Ok(Report {
        series: file.display().to_string(),
        command: crate::command::forecast(args),
        now_s: now.as_secs_f64(),
        verdict: verdict::overall(&report, &sentences),
        report,
        curves,
        events,
        later_lines: recorded.later,
    })
}

/// Why there is no answer at all.
fn nothing(first: &Refusal, recorded: &Recorded) -> String {
    let mut message = format!(
        "nothing can be said about {}: {}",
        first.metric, first.reason
    );
    let series = recorded
        .metrics
        .iter()
        .find(|(name, _)| *name == first.metric);
    if let (ForecastError::TooShort { have, .. }, Some((_, Ok(series)))) = (&first.reason, series)
        && series.repairs().given > *have
    {
        let (given, step) = (series.repairs().given, words::about(series.step()));
        message.push_str(&format!(
            " ({given} samples in steps of {step}: a shorter --horizon or --step makes more of them)"
        ));
    }
    message
}

fn largest(series: &Series) -> f64 {
    let values = series.values().iter();
    values.copied().fold(f64::NEG_INFINITY, f64::max)
}

/// What several values of a step become, for people.
fn bins(settings: &Settings<'_>, metric: &str) -> &'static str {
    let config = settings.series(metric);
    match (config.kind, config.bins) {
        (Kind::Counter, _) => "increase a second",
        (_, Combine::Mean) => "mean",
        (_, Combine::Max) => "largest value",
        (_, Combine::Min) => "smallest value",
        (_, Combine::Last) => "last value",
        _ => "sum",
    }
}
