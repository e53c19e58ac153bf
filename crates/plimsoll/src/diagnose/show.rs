//! What is printed, and how figures are written.

use autoscale_core::{Diagnosis, Evidence, Place, Signal, SignalKind};

use super::Report;
use crate::table::{plain_percent, table};

/// From here on a number is written with its power of ten.
const LARGE: f64 = 1e6;
/// A rate from which on it is no longer told: no extrapolation carries that far.
const MOST_REQUESTS: f64 = 1e9;

/// The summary, the evidence, and what is in doubt.
pub(super) fn tables(report: &Report) -> String {
    let found = &report.diagnosis;
    let mut text = format!("{}\n", report.summary);
    if !found.evidence.is_empty() {
        let rows: Vec<Vec<String>> = found.evidence.iter().map(row).collect();
        text.push('\n');
        text.push_str(&table(&HEADER, &rows));
    }
    for (what, said) in notes(found) {
        text.push_str(&format!("\n{what}: {said}\n"));
    }
    text
}

pub(super) const HEADER: [&str; 6] = ["figure", "value", "limit", "of limit", "weight", ""];

/// A row of the evidence.
pub(super) fn row(evidence: &Evidence) -> Vec<String> {
    let over = if evidence.over { "over" } else { "" };
    vec![
        evidence.place.to_string(),
        value(evidence, evidence.value),
        value(evidence, evidence.limit),
        number(evidence.severity),
        number(evidence.weight),
        over.to_owned(),
    ]
}

fn value(evidence: &Evidence, value: f64) -> String {
    match (evidence.kind, evidence.place.signal) {
        (SignalKind::Latency, _) | (_, Signal::Wait | Signal::ReplicationLag) => {
            format!("{} s", plain(value))
        }
        (_, Signal::Queue) => plain(value),
        _ => plain_percent(value),
    }
}

/// Everything else that a diagnosis says, each under its heading.
pub(super) fn notes(found: &Diagnosis) -> Vec<(&'static str, String)> {
    let names = |places: &[Place]| {
        let names: Vec<String> = places.iter().map(Place::to_string).collect();
        names.join(", ")
    };
    let mut notes = Vec::new();
    if !found.time_shares.is_empty() {
        let shares = found
            .time_shares
            .iter()
            .map(|s| format!("{} {}", s.layer, plain_percent(round(s.share))));
        let elsewhere = found
            .unaccounted_share
            .map(|share| format!("elsewhere {}", plain_percent(round(share))));
        let shares: Vec<String> = shares.chain(elsewhere).collect();
        notes.push(("response time", shares.join(", ")));
    }
    if let Some(most) = found.max_requests_per_s {
        let said = if most < MOST_REQUESTS {
            let law = "requests a second, where the first known utilization reaches its limit";
            format!("{most:.1} {law}")
        } else {
            let idle = "hardly anything is in use, which says little about more load";
            format!("more than 10^9 requests a second: {idle}")
        };
        notes.push(("carries", said));
    }
    for contradiction in &found.contradictions {
        notes.push(("contradiction", contradiction.to_string()));
    }
    if !found.missing.is_empty() {
        notes.push(("to be sure, measure", names(&found.missing)));
    }
    notes
}

/// A ratio, with two digits after the point unless it is far too large for that.
fn number(value: f64) -> String {
    if value < LARGE {
        format!("{value:.2}")
    } else {
        format!("{value:.1e}")
    }
}

/// A number as it was given, unless that takes too many digits.
fn plain(value: f64) -> String {
    if value <= 0.0 || (1.0 / LARGE..LARGE).contains(&value) {
        value.to_string()
    } else {
        format!("{value:.1e}")
    }
}

/// To tenths of a percent.
fn round(share: f64) -> f64 {
    (share * 1000.0).round() / 1000.0
}
