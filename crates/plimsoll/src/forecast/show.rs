//! What is printed.

use std::time::Duration;

use capacity_forecast::{
    CapacityForecast, LimitValue, Recommendation, Relief, TrendDirection, TrendFinding,
    UrgencyConfig,
};

use super::report::{Curve, Report};
use super::verdict;
use super::words::{about, chance, number};
use crate::output::printable;
use crate::table::table;
use crate::timestamp;

/// The verdict, a row for each metric, and what it rests on.
pub(super) fn tables(report: &Report) -> String {
    let header = header(report);
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let mut text = format!("{}\n\n{}", report.verdict, table(&header, &rows(report)));
    for (what, lines) in remarks(report) {
        text.push_str(&format!("\n{what}:\n"));
        for line in lines {
            text.push_str(&format!("  {line}\n"));
        }
    }
    // Names come from files: nothing in them may act on a terminal.
    text.lines().map(|line| printable(line) + "\n").collect()
}

/// Names of the columns.
pub(super) fn header(report: &Report) -> Vec<String> {
    let horizon = about(report.report.summary.horizon);
    let names = [
        "metric",
        "now",
        "limit",
        "trend a day",
        "nearest",
        "lead time",
        "P(lead time)",
    ];
    let mut names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    names.push(format!("P({horizon})"));
    names.extend(["reached in", "10–90 %", "act by", "urgency"].map(str::to_owned));
    names
}

/// A row for each metric; those without an answer last.
pub(super) fn rows(report: &Report) -> Vec<Vec<String>> {
    let forecasts = report.report.forecasts.iter().zip(&report.curves);
    let mut rows: Vec<Vec<String>> = forecasts
        .map(|(forecast, curve)| row(forecast, curve))
        .collect();
    let columns = header(report).len();
    rows.extend(report.report.refusals.iter().map(|refusal| {
        let mut row = vec!["–".to_owned(); columns];
        row[0].clone_from(&refusal.metric);
        row[columns - 1] = "unknown".to_owned();
        row
    }));
    rows
}

fn row(forecast: &CapacityForecast, curve: &Curve) -> Vec<String> {
    let time = &forecast.time_to_limit;
    let beyond = || format!("> {}", about(forecast.horizon));
    let or_beyond = |time: Option<Duration>| time.map_or_else(beyond, about);
    let by_horizon = forecast
        .probability_by
        .last()
        .map_or(0.0, |by| by.probability);
    let range = match (time.p10, time.p90) {
        (None, None) => beyond(),
        (first, last) => format!("{} – {}", or_beyond(first), or_beyond(last)),
    };
    let slope = match &forecast.trend {
        TrendFinding::Found(trend) if trend.direction == TrendDirection::Stable => {
            "stable".to_owned()
        }
        TrendFinding::Found(trend) => {
            format!("{}{}", plus(trend.line.slope), number(trend.line.slope))
        }
        _ => "–".to_owned(),
    };
    let act_by = match curve.act_by_s {
        _ if forecast.reached => "now".to_owned(),
        Some(at) if at > curve.now_s => shown(at),
        Some(_) => "now".to_owned(),
        None => "–".to_owned(),
    };
    vec![
        forecast.metric.clone(),
        number(forecast.current),
        verdict::limit(forecast),
        slope,
        number(forecast.nearest),
        about(forecast.urgency.lead_time),
        chance(forecast.urgency.probability),
        chance(by_horizon),
        or_beyond(time.p50),
        range,
        act_by,
        forecast.urgency.level.to_string(),
    ]
}

fn plus(value: f64) -> &'static str {
    if value > 0.0 { "+" } else { "" }
}

pub(super) fn shown(at_s: f64) -> String {
    let at = Duration::try_from_secs_f64(at_s).unwrap_or_default();
    timestamp::shown(at)
}

/// Everything else, each under its heading.
pub(super) fn remarks(report: &Report) -> Vec<(&'static str, Vec<String>)> {
    let mut all = Vec::new();
    let metrics = report.report.summary.metrics;
    if metrics > 1 && report.curves.len() > 1 {
        let urgent = report
            .report
            .recommendations
            .iter()
            .map(|advice| &advice.metric);
        let urgent: Vec<&String> = urgent.collect();
        let curves = report
            .curves
            .iter()
            .filter(|curve| urgent.contains(&&curve.metric));
        let lines: Vec<String> = curves.map(|curve| curve.verdict.clone() + ".").collect();
        if lines.len() > 1 {
            all.push(("urgent", lines));
        }
    }
    let advice: Vec<String> = advices(report);
    if !advice.is_empty() {
        all.push(("what helps", advice));
    }
    let rests: Vec<String> = report
        .report
        .forecasts
        .iter()
        .zip(&report.curves)
        .map(|(forecast, curve)| format!("{}: {}", forecast.metric, rests_on(forecast, curve)))
        .collect();
    if !rests.is_empty() {
        all.push(("how far to trust it", rests));
    }
    let refusals = report.report.refusals.iter();
    let refusals: Vec<String> = refusals
        .map(|r| format!("{}: {}", r.metric, r.reason))
        .collect();
    if !refusals.is_empty() {
        all.push(("no answer", refusals));
    }
    if report.later_lines > 0 {
        let lines = format!(
            "{} lines are later than --now and were not looked at",
            report.later_lines
        );
        all.push(("beside that", vec![lines]));
    }
    all
}

fn advices(report: &Report) -> Vec<String> {
    let recommendations = report.report.recommendations.iter();
    let horizon = report.report.summary.horizon;
    recommendations.map(|one| advice(one, horizon)).collect()
}

fn advice(advice: &Recommendation, horizon: Duration) -> String {
    let risk = chance(UrgencyConfig::default().medium);
    let kept = format!("keeps the risk within {} below {risk}", about(horizon));
    let how_much = match advice.relief {
        Relief::Limit {
            from, to, factor, ..
        } => {
            let (from, to) = (number(from), number(to));
            match factor.map(number) {
                Some(factor) => {
                    format!(
                        "{factor} times the capacity, as a limit at {to} instead of {from}, {kept}"
                    )
                }
                None => format!("a limit at {to} instead of {from} {kept}"),
            }
        }
        Relief::BeyondBounds { bound } => {
            let bound = number(bound);
            format!(
                "it is at its bound of {bound} for part of the time, so how much cannot be told"
            )
        }
        _ => "how much is wanted cannot be told".to_owned(),
    };
    format!("{}: {}; {how_much}", advice.metric, advice.action)
}

/// A limit that is out of all proportion to the values, which may be in another unit.
fn other_unit(forecast: &CapacityForecast, curve: &Curve) -> Option<String> {
    const PROPORTION: f64 = 20.0;
    let LimitValue::Constant(limit) = forecast.limit.value else {
        return None;
    };
    let largest = curve.history.iter().flatten().copied().fold(0.0, f64::max);
    let (more, less) = (limit.max(largest), limit.min(largest));
    (less > 0.0 && more / less >= PROPORTION).then(|| {
        let (limit, largest) = (number(limit), number(largest));
        format!("the limit is {limit} and the largest value {largest}: are both in the same unit?")
    })
}

/// What a forecast rests on, and how good its like was.
fn rests_on(forecast: &CapacityForecast, curve: &Curve) -> String {
    let step = about(Duration::try_from_secs_f64(curve.step_s).unwrap_or_default());
    let mut parts = vec![format!("{} of each {step}", curve.bins)];
    let seasons = curve
        .seasons_s
        .iter()
        .map(|length| about(Duration::try_from_secs_f64(*length).unwrap_or_default()));
    let seasons: Vec<String> = seasons.collect();
    parts.push(match seasons.as_slice() {
        [] => "no season".to_owned(),
        some => format!("seasons of {}", some.join(" and ")),
    });
    parts.extend(other_unit(forecast, curve));
    for length in &curve.seasons_left_out_s {
        let length = about(Duration::try_from_secs_f64(*length).unwrap_or_default());
        parts.push(format!(
            "the season of {length} was left out: the history does not hold it twice"
        ));
    }
    if curve.intervals.iter().any(|interval| !interval.calibrated) {
        parts.push(
            "not calibrated: too little history for probabilities to be relied on".to_owned(),
        );
    }
    match &forecast.calibration {
        None => parts.push("too short to try the forecast on its own past".to_owned()),
        Some(tried) => {
            let held = tried.coverage.iter().filter_map(|level| {
                let measured = level.measured?;
                Some(format!("{} held {}", chance(level.level), chance(measured)))
            });
            let held: Vec<String> = held.collect();
            let mut said = format!("tried at {} moments of its past", tried.origins);
            if !held.is_empty() {
                said.push_str(&format!(": intervals of {}", held.join(", of ")));
            }
            parts.push(said);
            if let Some(skill) = tried.skill {
                let than = if seasons.is_empty() {
                    "the last value"
                } else {
                    "the last season"
                };
                parts.push(format!(
                    "errors are {} of those of repeating {than}",
                    chance_of(1.0 - skill)
                ));
            }
        }
    }
    let repairs = &curve.repairs;
    for (count, what) in [
        (repairs.missing, "steps without a value"),
        (repairs.rejected, "values that are no number"),
        (repairs.late, "values too late in the file to be used"),
        (repairs.resets, "restarts of the counter"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    parts.join("; ")
}

fn chance_of(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}
