//! Figures as they are shown, in the tables and on the page.

use autoscale_core::{NodeGroup, ProvisionReason};

use super::load::Source;
use super::report::{ReplicaIs, Report, Stage, Unit};

/// Stands for a figure that does not exist.
pub(super) const NONE: &str = "-";

/// As many digits as it needs, two after the point at most.
pub(super) fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

/// Money to the cent.
pub(super) fn money(value: f64) -> String {
    let text = format!("{value:.2}");
    if text == "-0.00" {
        "0.00".to_owned()
    } else {
        text
    }
}

/// A price of an hour.
pub(super) fn hourly(value: f64) -> String {
    format!("{value:.4}")
}

pub(super) fn or_none<T>(value: Option<T>, shown: impl Fn(T) -> String) -> String {
    value.map_or_else(|| NONE.to_owned(), shown)
}

/// A probability or a small share.
pub(super) fn probability(value: f64) -> String {
    if value > 0.0 && value < 1e-4 {
        format!("{value:.1e}")
    } else {
        let text = format!("{:.4}", value * 100.0);
        format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// `2 × a on_demand + 3 × b spot`.
pub(super) fn nodes(groups: &[NodeGroup]) -> String {
    let groups: Vec<String> = groups.iter().map(NodeGroup::to_string).collect();
    if groups.is_empty() {
        "none".to_owned()
    } else {
        groups.join(" + ")
    }
}

pub(super) const fn reason(reason: ProvisionReason) -> &'static str {
    match reason {
        ProvisionReason::Load => "load",
        ProvisionReason::LoadSamples => "recorded load",
        ProvisionReason::Phase => "phase",
        ProvisionReason::Endpoints => "endpoints",
        ProvisionReason::Spare => "spare for the error budget",
        ProvisionReason::MinReplicas => "fewest allowed",
        _ => "other",
    }
}

/// The stage's name, with the endpoint or phase that it is about.
pub(super) fn stage(stage: &Stage) -> String {
    match (stage.reason, stage.name.as_str()) {
        (ProvisionReason::Endpoints, "") => "endpoints together".to_owned(),
        (_, "") => reason(stage.reason).to_owned(),
        (kind, name) => format!("{} {name}", reason(kind)),
    }
}

/// Where the load comes from.
pub(super) fn source(report: &Report) -> String {
    let load = &report.load;
    match load.source {
        None => String::new(),
        Some(Source::RequestsPerMinute) => "as stated".to_owned(),
        Some(Source::Users) => {
            format!("{} users", number(load.users.unwrap_or(0.0)))
        }
        Some(Source::Trace) => load.trace.as_ref().map_or_else(String::new, |trace| {
            format!("{} quantile of {}", probability(trace.quantile), trace.file)
        }),
        Some(Source::Hourly) => "busiest hour".to_owned(),
        Some(Source::Phases) => "largest phase".to_owned(),
        Some(Source::Endpoints) => "what the endpoints are asked".to_owned(),
    }
}

/// What the count of replicas counts.
pub(super) fn replica_noun(report: &Report) -> &'static str {
    match report.replicas.as_ref().map(|r| r.replica_is) {
        Some(ReplicaIs::Node) => "replicas (a node is a replica)",
        _ => "replicas",
    }
}

/// The heading of a column of money.
pub(super) fn per(report: &Report, time: &str) -> String {
    match &report.currency {
        Some(currency) => format!("{currency}/{time}"),
        None => format!("cost/{time}"),
    }
}

/// The heading of a column of capacity.
pub(super) const fn carries(unit: Unit) -> &'static str {
    match unit {
        Unit::RequestsPerMinute => "req/min",
        Unit::Replicas => "replicas",
    }
}
