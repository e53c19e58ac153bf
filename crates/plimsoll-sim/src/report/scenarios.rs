//! Every policy at every start-up and lag, under every disturbance: the scenario matrix.
//!
//! A scenario has one small table a policy, with a row a start-up and a column a lag, side by side.

use maud::{Markup, html};

use super::figures::{NBSP, NONE, about, brief, difference, duration, fixed, given};
use super::figures::{percent, plain_percent, ratio};
use super::look::Look;
use super::matrix::{PolicySummary, best, distinct, rank};
use super::{ReplayReport, ScenarioReport};
use crate::{BAD_LIMITS, Scenario};

/// Share of bad requests that the cheapest policy of a cell may have.
const LIMIT: f64 = BAD_LIMITS[0];
/// Shares of bad requests up to which a cell has the shade of this index; the last shade has none.
const SHADES: [f64; 4] = [0.0001, 0.001, 0.01, 0.1];

/// The matrix; nothing where it was not asked for.
pub(super) fn scenarios(report: &ReplayReport) -> Markup {
    let rows: Vec<&ScenarioReport> = report.scenarios.iter().collect();
    if rows.is_empty() {
        return html! {};
    }
    html! {
        section aria-labelledby="scenarios" {
            h2 id="scenarios" { "Scenario matrix" }
            p.note {
                "Each policy as given, at each start-up and metric lag, whatever those above are. "
                "Each disturbance once a day, twelve hours after the start; each cost over the "
                "optimum for the same load and start-up."
            }
            (overview(report))
            (key(rows.iter().any(|row| row.policy != rows[0].policy)))
            @for (i, name) in distinct(&rows, |row| row.scenario).into_iter().enumerate() {
                @let under: Vec<_> = rows.iter().copied().filter(|r| r.scenario == name).collect();
                (scenario(report, i, name, &under))
            }
        }
    }
}

/// The worst cell of each policy under each scenario.
fn overview(report: &ReplayReport) -> Markup {
    let summaries = PolicySummary::of(&report.scenarios);
    let rows: Vec<_> = report.scenarios.iter().collect();
    let names = distinct(&rows, |row| row.scenario);
    html! {
        div.scroll role="region" aria-labelledby="scenarios" tabindex="0" {
            table {
                thead {
                    tr {
                        th scope="col" rowspan="2" { "Policy" }
                        th.first scope="col" rowspan="2" { "Mean cost ÷ optimum" }
                        th.group scope="colgroup" colspan=(names.len()) {
                            "Most bad requests, at start-up / lag"
                        }
                    }
                    tr {
                        @for (i, name) in names.iter().enumerate() {
                            th.first[i == 0] scope="col" { (name) }
                        }
                    }
                }
                tbody {
                    @for summary in &summaries {
                        tr {
                            th.name scope="row" { (policy_name(report, summary.policy)) }
                            td.first { (ratio(summary.mean_cost_ratio)) }
                            @for (i, row) in summary.worst.iter().enumerate() {
                                td.first[i == 0] {
                                    (percent(row.bad_share))
                                    small { (duration(row.start_up_s)) " / " (brief(row.lag_s)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A policy's name with its look, and a way to its section.
fn policy_name(report: &ReplayReport, name: &str) -> Markup {
    let place = report.policies.iter().position(|p| p.name == name);
    html! {
        @if let Some(i) = place {
            (Look(i).swatch()) " "
            a href={ "#policy-" (i + 1) } { (given(name)) }
        } @else {
            (given(name))
        }
    }
}

/// What a cell's figures and its shade mean.
fn key(has_choice: bool) -> Markup {
    html! {
        div.matrix-key {
            ul.key {
                li { span { "Bad requests:" } }
                @for (i, limit) in SHADES.into_iter().enumerate() {
                    li { span.shade.{ "s" (i) } {} "≤" (NBSP) (plain_percent(limit)) }
                }
                li { span.shade.{ "s" (SHADES.len()) } {} "more" }
                @if has_choice {
                    li {
                        span.shade.best {}
                        "best: the cheapest with at most " (plain_percent(LIMIT)) " bad, or else "
                        "the one with the fewest bad"
                    }
                }
            }
            p.note {
                "In each cell: the share of bad requests; under a disturbance, how much more that "
                "is than without it; cost ÷ optimum, and the longest run of bad requests."
            }
        }
    }
}

/// One scenario: a table a policy, and all figures to unfold.
fn scenario(report: &ReplayReport, i: usize, name: &str, rows: &[&ScenarioReport]) -> Markup {
    let id = format!("scenario-{}", i + 1);
    html! {
        div.scenario {
            h3 id=(id) { (name) }
            p.note { (about_scenario(name)) }
            div.matrices {
                @for policy in distinct(rows, |row| row.policy.as_str()) {
                    (matrix(report, policy, rows))
                }
            }
            details {
                summary { "All figures of " (name) }
                (figures(report, &id, rows))
            }
        }
    }
}

fn about_scenario(name: &str) -> &'static str {
    match Scenario::ALL.into_iter().find(|s| s.name() == name) {
        Some(Scenario::MetricGap) => "No metrics for ten minutes.",
        Some(Scenario::RollingUpdate) => "Every pod is replaced, with a surge of 25 %.",
        Some(Scenario::Step) => "Ten times the load for thirty minutes.",
        Some(Scenario::Crash) => "Half of the pods crash and start again.",
        Some(Scenario::Healthy) => "Nothing goes wrong.",
        None => "",
    }
}

/// One policy under one scenario.
fn matrix(report: &ReplayReport, policy: &str, rows: &[&ScenarioReport]) -> Markup {
    let start_ups = distinct(rows, |row| row.start_up_s.to_bits());
    let lags = distinct(rows, |row| row.lag_s.to_bits());
    html! {
        table.matrix {
            caption { (policy_name(report, policy)) }
            thead {
                tr {
                    th scope="col" { "start-up" }
                    @for lag in &lags {
                        th scope="col" { "lag " (brief(f64::from_bits(*lag))) }
                    }
                }
            }
            tbody {
                @for start_up in &start_ups {
                    tr {
                        th scope="row" { (duration(f64::from_bits(*start_up))) }
                        @for lag in &lags {
                            @let here = |row: &&&ScenarioReport| {
                                (row.start_up_s.to_bits(), row.lag_s.to_bits()) == (*start_up, *lag)
                            };
                            @let all: Vec<_> = rows.iter().filter(here).copied().collect();
                            (cell(all.iter().find(|row| row.policy == policy), best(&all, LIMIT)))
                        }
                    }
                }
            }
        }
    }
}

/// One cell; `best` is the rank of the best policy there.
fn cell(row: Option<&&ScenarioReport>, best: Option<(bool, f64)>) -> Markup {
    let Some(row) = row else {
        return html! { td { (NONE) } };
    };
    let is_best = best == Some(rank(row, LIMIT));
    let shade = SHADES
        .iter()
        .filter(|limit| row.bad_share > **limit)
        .count();
    html! {
        td.{ "s" (shade) }.best[is_best] {
            span.pair {
                @if is_best { b { "best" } " " }
                strong { (percent(row.bad_share)) }
            }
            @if row.scenario != Scenario::Healthy.name() {
                small { (difference(row.extra_bad_share)) }
            }
            span.pair {
                small { (about(row.cost_ratio)) "×" } " "
                small { (brief(row.longest_bad_run_s)) }
            }
        }
    }
}

/// Every figure of a scenario.
fn figures(report: &ReplayReport, id: &str, rows: &[&ScenarioReport]) -> Markup {
    html! {
        div.scroll role="region" aria-labelledby=(id) tabindex="0" {
            table {
                thead {
                    tr {
                        th scope="col" { "Policy" }
                        th scope="col" { "Start-up" }
                        th scope="col" { "Lag" }
                        th scope="col" { "Cost ÷ optimum" }
                        th scope="col" { "Bad requests" }
                        th scope="col" { "… more than healthy" }
                        th scope="col" { "Longest run" }
                        th scope="col" { "Reversals a day" }
                    }
                }
                tbody {
                    @for row in rows {
                        tr {
                            th.name scope="row" { (policy_name(report, &row.policy)) }
                            td { (duration(row.start_up_s)) }
                            td { (brief(row.lag_s)) }
                            td { (ratio(row.cost_ratio)) }
                            td { (percent(row.bad_share)) }
                            td { (difference(row.extra_bad_share)) }
                            td { (duration(row.longest_bad_run_s)) }
                            td { (fixed(row.reversals_per_day, 1)) }
                        }
                    }
                }
            }
        }
    }
}
