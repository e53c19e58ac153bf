//! What is to be said about a metric, in one sentence.

use std::time::Duration;

use capacity_forecast::{CapacityForecast, LimitValue, Report, Urgency};

use super::settings::is_rising;
use super::words::{about, chance, number};
use crate::timestamp;

/// When it reaches its limit, how sure that is, and what to do.
pub(super) fn sentence(
    forecast: &CapacityForecast,
    act_by: Option<Duration>,
    now: Duration,
) -> String {
    let name = &forecast.metric;
    let limit = limit(forecast);
    let urgency = &forecast.urgency;
    let lead = about(urgency.lead_time);
    if forecast.reached {
        let current = number(forecast.current);
        return format!("{name} has reached {limit}, it is at {current}: act now");
    }
    let within = chance(urgency.probability);
    let time = &forecast.time_to_limit;
    let what = match time.p50 {
        Some(middle) => {
            let middle = about(middle);
            let first = time.p10.map_or_else(|| "0 s".to_owned(), about);
            let range = match time.p90 {
                Some(last) => format!("{first} – {}", about(last)),
                None => format!("{first} – beyond {}", about(forecast.horizon)),
            };
            format!("{name} reaches {limit} in about {middle} (10–90 %: {range})")
        }
        None => {
            let by = forecast
                .probability_by
                .last()
                .map_or(0.0, |by| by.probability);
            let (chance, horizon) = (chance(by), about(forecast.horizon));
            format!("{name} reaches {limit} within {horizon} with a probability of {chance}")
        }
    };
    let due = act_by.filter(|by| *by > now).map(timestamp::shown);
    let advice = match (urgency.level, due) {
        (Urgency::High, _) => "act now".to_owned(),
        (Urgency::Medium, Some(by)) => format!("act soon, by {by} at the latest"),
        (Urgency::Medium, None) => "act soon".to_owned(),
        (_, Some(by)) => format!("act by {by}"),
        (_, None) => "nothing to do yet".to_owned(),
    };
    format!("{what}; {within} within the lead time of {lead}: {advice}")
}

/// The limit for people.
pub(super) fn limit(forecast: &CapacityForecast) -> String {
    let limit = &forecast.limit;
    let value = match &limit.value {
        LimitValue::Constant(value) => number(*value),
        _ => "its limit".to_owned(),
    };
    let side = if is_rising(limit) {
        ""
    } else {
        " (from above)"
    };
    let sustained = limit.sustained;
    match (sustained.hits, sustained.of) {
        (1, _) => format!("{value}{side}"),
        (hits, of) => format!("{value}{side} in {hits} of {of} steps"),
    }
}

/// What is most pressing; a metric without an answer is named.
pub(super) fn overall(report: &Report, sentences: &[String]) -> String {
    let worst = report
        .forecasts
        .iter()
        .zip(sentences)
        .min_by(|(a, _), (b, _)| {
            let level = b.urgency.level.cmp(&a.urgency.level);
            // Below one in a hundred they are all the same.
            let within = |f: &CapacityForecast| Some(f.urgency.probability).filter(|p| *p >= 0.01);
            let within = within(b)
                .unwrap_or(0.0)
                .total_cmp(&within(a).unwrap_or(0.0));
            let horizon =
                |f: &CapacityForecast| f.probability_by.last().map_or(0.0, |by| by.probability);
            level.then(within).then(horizon(b).total_cmp(&horizon(a)))
        });
    let mut text = worst.map_or_else(String::new, |(_, sentence)| sentence.clone());
    let urgent = report.recommendations.len();
    if report.summary.metrics > 1 {
        text = match urgent {
            0 => format!(
                "None of {} metrics is urgent; {text}",
                report.summary.metrics
            ),
            1 => format!("1 of {} metrics is urgent: {text}", report.summary.metrics),
            _ => format!(
                "{urgent} of {} metrics are urgent; {text}",
                report.summary.metrics
            ),
        };
    }
    match report.refusals.as_slice() {
        [] => text + ".",
        [one] => format!(
            "{text}. Nothing can be said about {}: {}.",
            one.metric, one.reason
        ),
        several => format!(
            "{text}. Nothing can be said about {} metrics.",
            several.len()
        ),
    }
}
