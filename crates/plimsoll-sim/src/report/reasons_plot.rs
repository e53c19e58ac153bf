//! Which stage of a policy had the last word, over time.

use std::fmt::Write as _;

use autoscale_core::Reason;
use maud::{Markup, html};

use super::axis::{TimeTick, px, time_marks};
use super::figures::percent;
use super::load_plot::Columns;
use super::look::Look;

/// Reasons that a reader need not tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    Steady,
    Tolerance,
    Up,
    Down,
    Stabilized,
    Rate,
    Bounds,
    Cooling,
    WarmingUp,
    Scheduled,
    Activated,
    Idle,
    Missing,
    Panic,
    Largest,
    Fixed,
    Other,
}

const GROUPS: [(Group, &str); 17] = [
    (Group::Steady, "steady"),
    (Group::Tolerance, "within tolerance"),
    (Group::Up, "scale up"),
    (Group::Down, "scale down"),
    (Group::Stabilized, "stabilized"),
    (Group::Rate, "rate limited"),
    (Group::Bounds, "at a bound"),
    (Group::Cooling, "cooling down, dampened"),
    (Group::WarmingUp, "warming up"),
    (Group::Scheduled, "by schedule"),
    (Group::Activated, "activated"),
    (Group::Idle, "idle, switched off"),
    (Group::Missing, "missing data"),
    (Group::Panic, "panic"),
    (Group::Largest, "largest of several"),
    (Group::Fixed, "fixed number"),
    (Group::Other, "other"),
];

impl Group {
    const fn of(reason: Reason) -> Self {
        match reason {
            Reason::Steady => Self::Steady,
            Reason::WithinTolerance => Self::Tolerance,
            Reason::ScaleUp => Self::Up,
            Reason::ScaleDown => Self::Down,
            Reason::ScaleUpStabilized | Reason::ScaleDownStabilized => Self::Stabilized,
            Reason::ScaleUpLimit | Reason::ScaleDownLimit => Self::Rate,
            Reason::TooManyReplicas
            | Reason::TooFewReplicas
            | Reason::AboveMaximum
            | Reason::BelowMinimum => Self::Bounds,
            Reason::CoolingDown | Reason::Dampened => Self::Cooling,
            Reason::WarmingUp => Self::WarmingUp,
            Reason::Scheduled => Self::Scheduled,
            Reason::Activated => Self::Activated,
            Reason::Idle | Reason::Disabled => Self::Idle,
            Reason::MetricsFailed
            | Reason::SamplesLost
            | Reason::Uncertain
            | Reason::NoData
            | Reason::Fallback => Self::Missing,
            Reason::Panic => Self::Panic,
            Reason::Largest => Self::Largest,
            Reason::Fixed => Self::Fixed,
            _ => Self::Other,
        }
    }
}

const ROW: f64 = 34.0;
const BAR: f64 = 15.0;

/// A row of bars a group, all on the same time axis.
pub(super) fn reasons_plot(
    name: &str,
    look: Look,
    columns: &Columns<'_>,
    ticks: &[TimeTick],
) -> Markup {
    let spans: Vec<Span> = columns
        .spans()
        .map(|(from, width, run)| {
            let mut shares = [0.0; GROUPS.len()];
            for (reason, ticks) in run.iter().flat_map(|c| &c.reasons) {
                shares[Group::of(*reason) as usize] += f64::from(*ticks) / width.max(1.0);
            }
            Span {
                from,
                width,
                shares,
            }
        })
        .collect();
    let rows: Vec<Row> = GROUPS
        .into_iter()
        .filter_map(|(group, label)| {
            let total: f64 = spans
                .iter()
                .map(|s| s.shares[group as usize] * s.width)
                .sum();
            (total > 0.0).then(|| Row {
                label,
                total: total / columns.ticks.max(1.0),
                bars: bars(&spans, group),
            })
        })
        .collect();
    if rows.is_empty() {
        return html! {};
    }
    let height = rows.len() as f64 * ROW;
    html! {
        figure class=(look.class()) {
            figcaption {
                strong { "Who had the last word" }
                p { "Share of the decisions by reason; a bar of full height is all of them." }
            }
            div.plot {
                svg role="img" aria-label=(description(name, &rows))
                    style={ "height:" (px(height)) "px" } {
                    (time_marks(ticks, height))
                    @for (i, row) in rows.iter().enumerate() {
                        @let top = i as f64 * ROW;
                        text.row-label x="0" y=(px(top + 13.0)) {
                            tspan.total { (percent(row.total)) } " " (row.label)
                        }
                        svg y=(px(top + ROW - BAR)) width="100%" height=(px(BAR))
                            viewBox={ "0 0 " (columns.ticks) " " (px(BAR)) }
                            preserveAspectRatio="none" {
                            path.share d=(row.bars) {}
                        }
                        line.grid x1="0" x2="100%" y1=(px(top + ROW)) y2=(px(top + ROW)) {}
                    }
                }
            }
        }
    }
}

struct Span {
    from: f64,
    width: f64,
    shares: [f64; GROUPS.len()],
}

struct Row {
    label: &'static str,
    total: f64,
    bars: String,
}

/// Bars as high as a group's share; one that is not 0 stays visible.
fn bars(spans: &[Span], group: Group) -> String {
    let mut path = String::new();
    let mut open: Option<String> = None;
    for span in spans {
        let share = span.shares[group as usize];
        if share > 0.0 {
            let y = px(BAR - (share.min(1.0) * BAR).max(2.0));
            match &open {
                None => {
                    let _ = write!(path, "M{},{}V{y}", span.from, px(BAR));
                }
                Some(last) if *last != y => {
                    let _ = write!(path, "V{y}");
                }
                Some(_) => {}
            }
            let _ = write!(path, "h{}", span.width);
            open = Some(y);
        } else if open.take().is_some() {
            let _ = write!(path, "V{}Z", px(BAR));
        }
    }
    if open.is_some() {
        let _ = write!(path, "V{}Z", px(BAR));
    }
    path
}

fn description(name: &str, rows: &[Row]) -> String {
    let shares: Vec<String> = rows
        .iter()
        .map(|row| format!("{} {}", row.label, percent(row.total)))
        .collect();
    format!(
        "{name}: share of decisions by reason. {}.",
        shares.join(", ")
    )
}
