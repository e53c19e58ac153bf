//! One policy in detail.

use maud::{Markup, PreEscaped, html};

use super::axis::time;
use super::figures::{NBSP, fixed, given, percent, ratio, short};
use super::load_plot::{Clock, Columns, load_plot};
use super::look::Look;
use super::moment::moment;
use super::reasons_plot::reasons_plot;
use super::verdict::setting;
use super::{PolicyReport, ReplayReport};

/// The section of the policy at `index`.
pub(super) fn policy_section(report: &ReplayReport, index: usize, policy: &PolicyReport) -> Markup {
    let (look, name) = (Look(index), given(&policy.name));
    let columns = Columns::new(&policy.timeline);
    let clock = Clock {
        from_s: report.from_s,
        tick_s: report.tick_s,
    };
    let ticks = time(report.from_s, columns.ticks * report.tick_s);
    let heading = format!("policy-{}", index + 1);
    html! {
        section.policy aria-labelledby=(heading) {
            h2 id=(heading) { (look.swatch()) " " (name) }
            p.subtitle {
                @if policy.kind != policy.name { (policy.kind) " · " }
                @if let Some(at) = policy.setting { (setting(policy.kind, at)) " · " }
                "cost " (ratio(policy.cost_ratio)) (NBSP) "× the optimum · "
                (percent(policy.bad_share)) " of requests bad"
            }
            @if !policy.notes.is_empty() {
                ul.notes { @for note in &policy.notes { li { (given(note)) } } }
            }
            @if columns.ticks > 0.0 {
                (load_plot("Replicas over time", &name, look, &columns, clock, &ticks))
                (reasons_plot(&name, look, &columns, &ticks))
                (close_up(report, look, policy))
            } @else {
                p.note { "No course over time was recorded." }
            }
            div.details { (held_back(policy)) (elasticity(policy)) (prices(policy)) }
        }
    }
}

/// The worst hours.
fn close_up(report: &ReplayReport, look: Look, policy: &PolicyReport) -> Markup {
    let Some(part) = &policy.close_up else {
        return html! {};
    };
    let columns = Columns::new(&part.timeline);
    let clock = Clock {
        from_s: part.from_s,
        tick_s: report.tick_s,
    };
    let span_s = columns.ticks * report.tick_s;
    let ticks = time(part.from_s, span_s);
    let bad = part.timeline.columns.iter().any(|c| c.bad_ticks > 0);
    let what = if bad { "The worst" } else { "The busiest" };
    let hours = fixed(span_s / 3600.0, 0);
    let title = format!("{what} {hours}{NBSP}hours, from {}", moment(part.from_s));
    load_plot(&title, &given(&policy.name), look, &columns, clock, &ticks)
}

/// The prices that a predictive policy followed.
fn prices(policy: &PolicyReport) -> Markup {
    let Some(switches) = policy.ladder_switches_per_week else {
        return html! {};
    };
    let names: Vec<String> = policy.ladder.iter().map(|f| short(f.price)).collect();
    let rows: Vec<_> = (policy.ladder.iter().zip(&names))
        .map(|(followed, name)| {
            let style = if followed.brisk {
                "of the time, brisk: releases idle replicas early"
            } else {
                "of the time, calm: holds on to idle replicas"
            };
            (name.as_str(), percent(followed.share_of_time), style)
        })
        .collect();
    let about = format!(
        "Replica-time paid to save as much bad demand. The cheapest price whose record keeps ε is \
         followed; it changed {} times a week.",
        fixed(switches, usize::from(switches < 99.5))
    );
    list("Prices followed", &about, &rows)
}

fn held_back(policy: &PolicyReport) -> Markup {
    let b = policy.blocked;
    list(
        "Held back",
        "Share of time that a stage kept the policy from what its metrics asked for.",
        &[
            (
                "tolerance",
                percent(b.tolerance),
                "close enough to the target to stay",
            ),
            (
                "stabilization",
                percent(b.stabilization),
                "a window waits for the wish to last",
            ),
            (
                "rate",
                percent(b.rate),
                "a rate policy allows a smaller step",
            ),
            (
                "bounds",
                percent(b.bounds),
                "the least or the most replicas allowed",
            ),
            (
                "missing data",
                percent(b.missing_data),
                "samples failed, stale, absent or in doubt",
            ),
        ],
    )
}

fn elasticity(policy: &PolicyReport) -> Markup {
    let e = policy.elasticity;
    list(
        "Elasticity",
        "Accuracy and timeliness after SPEC RG (SPEC-RG-2016-01).",
        &[
            (
                "shortage θ<sub>U</sub>",
                percent(e.under_accuracy),
                "mean shortage relative to the need",
            ),
            (
                "surplus θ<sub>O</sub>",
                percent(e.over_accuracy),
                "mean surplus relative to the need",
            ),
            (
                "time short τ<sub>U</sub>",
                percent(e.under_time_share),
                "share of time with too few replicas",
            ),
            (
                "time over τ<sub>O</sub>",
                percent(e.over_time_share),
                "share of time with too many",
            ),
            (
                "instability",
                percent(e.instability),
                "share of time supply and need move apart",
            ),
            (
                "jitter",
                format!("{}{NBSP}/h", fixed(e.jitter_per_hour, 2)),
                "changes of supply less changes of need",
            ),
            (
                "overload",
                percent(policy.overload_share),
                "requests beyond all that served could carry",
            ),
        ],
    )
}

fn list(title: &str, about: &str, rows: &[(&str, String, &str)]) -> Markup {
    html! {
        div {
            h3 { (title) }
            p.note { (about) }
            dl.figures {
                @for (name, value, meaning) in rows {
                    div {
                        dt { (PreEscaped(name)) }
                        dd.value { (value) }
                        dd.meaning { (meaning) }
                    }
                }
            }
        }
    }
}
