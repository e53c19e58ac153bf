//! The outcome in sentences.

use maud::{Markup, html};

use super::figures::{NBSP, about, counted, fixed, given, percent, plain_percent, ratio, short};
use super::look::Look;
use super::{PolicyReport, ReplayReport};

/// A setting of a policy's knob, with the knob's name.
pub(super) fn setting(kind: &str, value: f64) -> String {
    let (knob, value) = knob(kind, value);
    format!("{knob}{NBSP}{value}")
}

pub(super) fn knob(kind: &str, value: f64) -> (&'static str, String) {
    match kind {
        "predictive" => ("ε", plain_percent(value)),
        _ if value.abs() <= 2.0 => ("target", plain_percent(value)),
        _ => ("target", short(value)),
    }
}

/// The outcome of the whole replay and of each policy, and the meaning of its terms.
pub(super) fn verdict(report: &ReplayReport, terms: &Markup) -> Markup {
    html! {
        section.split aria-labelledby="verdict" {
            div {
                h2 id="verdict" { "Verdict" }
                (cheapest(report))
                ul.verdicts {
                    @for (i, policy) in report.policies.iter().enumerate() {
                        li { (Look(i).swatch()) span { (sentence(report, policy)) } }
                    }
                }
            }
            (terms)
        }
    }
}

/// The cheapest policy within the strictest limit that two or more reach.
fn cheapest(report: &ReplayReport) -> Markup {
    let reached = |i: usize| {
        report.policies.iter().filter_map(move |policy| {
            let point = policy.frontier.get(i)?;
            Some((policy, point.bad_limit, point.cost_ratio?, point.setting?))
        })
    };
    let limits = report
        .policies
        .iter()
        .map(|p| p.frontier.len())
        .max()
        .unwrap_or(0);
    let Some(i) = (0..limits.min(2)).rev().find(|i| reached(*i).count() >= 2) else {
        return html! {};
    };
    let mut order: Vec<_> = reached(i).collect();
    order.sort_by(|a, b| a.2.total_cmp(&b.2));
    let (best, limit, cost, at) = order[0];
    html! {
        p.lead {
            "With at most " (plain_percent(limit)) " of requests bad, the cheapest is "
            strong { (given(&best.name)) } " (" (setting(best.kind, at)) ") at "
            strong { (ratio(cost)) (NBSP) "×" } " the optimum"
            @for (i, (policy, _, cost, at)) in order[1..].iter().take(3).enumerate() {
                (if i == 0 { "; then " } else { ", " })
                (given(&policy.name)) " (" (setting(policy.kind, *at)) ") at "
                (ratio(*cost)) (NBSP) "×"
            }
            "."
        }
    }
}

fn sentence(report: &ReplayReport, policy: &PolicyReport) -> Markup {
    let minutes = policy.bad_minutes;
    let many = minutes >= 9.95;
    html! {
        strong { (given(&policy.name)) }
        @if let Some(at) = policy.setting { " (" (setting(policy.kind, at)) ")" }
        " would have cost " strong { (about(policy.cost_ratio)) (NBSP) "×" } " the optimum ("
        (about(policy.static_peak_ratio)) (NBSP) "× a fleet of "
        (report.peak_replicas) ", sized for the peak); "
        @if policy.bad_share > 0.0 {
            strong { (percent(policy.bad_share)) } " of requests, in "
            @if many { (counted(minutes, "minute")) } @else { (fixed(minutes, 1)) (NBSP) "minutes" }
            ", met too few replicas."
        } @else {
            strong { "no request" } " met too few replicas."
        }
        @for point in policy.frontier.iter().take(1) {
            @if let (Some(cost), Some(at)) = (point.cost_ratio, point.setting) {
                @let (name, value) = knob(policy.kind, at);
                " With " (if name == "ε" { "ε" } else { "the target" }) " at " (value)
                " it keeps bad ≤" (NBSP) (plain_percent(point.bad_limit)) " at "
                strong { (ratio(cost)) (NBSP) "×" } "."
            } @else {
                " No setting of this sweep keeps bad ≤" (NBSP) (plain_percent(point.bad_limit)) "."
            }
        }
    }
}
