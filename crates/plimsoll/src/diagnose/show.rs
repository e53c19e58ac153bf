//! What is printed, and how figures are written.

use autoscale_core::{Diagnosis, Evidence, Place, Signal, SignalKind};

use super::Report;
use crate::table::{plain_percent, table};

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
        format!("{:.2}", evidence.severity),
        format!("{:.2}", evidence.weight),
        over.to_owned(),
    ]
}

fn value(evidence: &Evidence, value: f64) -> String {
    match (evidence.kind, evidence.place.signal) {
        (SignalKind::Latency, _) | (_, Signal::Wait | Signal::ReplicationLag) => {
            format!("{value} s")
        }
        (_, Signal::Queue) => value.to_string(),
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
        let law = "requests a second, where the first known utilization reaches its limit";
        notes.push(("carries", format!("{most:.1} {law}")));
    }
    for contradiction in &found.contradictions {
        notes.push(("contradiction", contradiction.to_string()));
    }
    if !found.missing.is_empty() {
        notes.push(("to be sure, measure", names(&found.missing)));
    }
    notes
}

/// To tenths of a percent.
fn round(share: f64) -> f64 {
    (share * 1000.0).round() / 1000.0
}
