//! All policies and all figures side by side.

use maud::{Markup, html};

use super::figures::{NONE, duration, fixed, given, percent, plain_percent, ratio};
use super::look::Look;
use super::verdict::setting;
use super::{PolicyReport, ReplayReport};
use crate::BAD_LIMITS;

/// The comparison table.
pub(super) fn comparison(report: &ReplayReport) -> Markup {
    let best = BAD_LIMITS.map(|limit| cheapest(report, limit));
    html! {
        section aria-labelledby="comparison" {
            h2 id="comparison" {
                (if report.policies.len() == 1 { "In figures" } else { "Side by side" })
            }
            div.scroll role="region" aria-labelledby="comparison" tabindex="0" {
                table {
                    (head())
                    tbody {
                        @for (i, policy) in report.policies.iter().enumerate() {
                            (row(i, policy, &best))
                        }
                    }
                }
            }
            p.note {
                "Cost within a limit: the cheapest setting of the sweep that keeps the share of "
                "bad requests to it, as a multiple of the optimum."
                @if best.iter().any(Option::is_some) { " Bold: the cheapest policy." }
            }
        }
    }
}

fn head() -> Markup {
    html! {
        thead {
            tr {
                th scope="col" rowspan="2" { "Policy" }
                th.group scope="colgroup" colspan="2" { "Cost" }
                th.group scope="colgroup" colspan="3" { "Bad requests" }
                th.group scope="colgroup" colspan="2" { "Changes of the count" }
                th.group scope="colgroup" colspan="3" { "Cost ÷ optimum with bad at most" }
            }
            tr {
                th.first scope="col" { "÷ optimum" }
                th scope="col" { "÷ static peak" }
                th.first scope="col" { "share" }
                th scope="col" { "minutes" }
                th scope="col" { "longest run" }
                th.first scope="col" { "a day" }
                th scope="col" { "reversals a day" }
                @for (i, limit) in BAD_LIMITS.into_iter().enumerate() {
                    th.first[i == 0] scope="col" { (plain_percent(limit)) }
                }
            }
        }
    }
}

fn row(i: usize, policy: &PolicyReport, best: &[Option<f64>; 3]) -> Markup {
    html! {
        tr {
            th.name scope="row" {
                (Look(i).swatch()) " "
                a href={ "#policy-" (i + 1) } { (given(&policy.name)) }
                @if let Some(at) = policy.setting { small { (setting(policy.kind, at)) } }
            }
            td.first { (ratio(policy.cost_ratio)) }
            td { (ratio(policy.static_peak_ratio)) }
            td.first { (percent(policy.bad_share)) }
            td { (fixed(policy.bad_minutes, if policy.bad_minutes < 9.95 { 1 } else { 0 })) }
            td { (duration(policy.longest_bad_run_s)) }
            td.first { (fixed(policy.changes_per_day, 1)) }
            td { (fixed(policy.reversals_per_day, 1)) }
            @for (i, limit) in BAD_LIMITS.into_iter().enumerate() {
                td.first[i == 0] { (within(policy, limit, best[i])) }
            }
        }
    }
}

/// The cheapest cost within a limit, and where.
fn within(policy: &PolicyReport, limit: f64, best: Option<f64>) -> Markup {
    let Some(cost) = cost_within(policy, limit) else {
        let why = if policy.sweep.is_empty() {
            "no sweep"
        } else {
            "never in this sweep"
        };
        return html! { (NONE) small.why { (why) } };
    };
    let is_best = best.is_some_and(|best| cost <= best);
    let at = policy
        .frontier
        .iter()
        .find(|p| same(p.bad_limit, limit))
        .and_then(|p| p.setting);
    html! {
        @if is_best { strong { (ratio(cost)) } } @else { (ratio(cost)) }
        @if let Some(at) = at { small { (setting(policy.kind, at)) } }
    }
}

fn same(a: f64, b: f64) -> bool {
    (a / b - 1.0).abs() < 1e-9
}

fn cost_within(policy: &PolicyReport, limit: f64) -> Option<f64> {
    let point = policy.frontier.iter().find(|p| same(p.bad_limit, limit))?;
    point.cost_ratio.filter(|c| c.is_finite())
}

/// The lowest cost within a limit, where there is a choice.
fn cheapest(report: &ReplayReport, limit: f64) -> Option<f64> {
    let costs: Vec<f64> = report
        .policies
        .iter()
        .filter_map(|policy| cost_within(policy, limit))
        .collect();
    (costs.len() > 1).then(|| costs.into_iter().fold(f64::INFINITY, f64::min))
}
