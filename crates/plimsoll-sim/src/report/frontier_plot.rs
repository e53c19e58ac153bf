//! Cost against bad requests: every setting of every policy.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::axis::{across, multiples, px, step};
use super::figures::{NBSP, about, compact, counted, given, percent, plain_percent, ratio};
use super::look::Look;
use super::place::Placer;
use super::verdict::{knob, setting};
use super::{PolicyReport, ReplayReport};
use crate::{BAD_LIMITS, SweepPoint};

const HEIGHT: f64 = 400.0;
/// Cost beyond which a plot is cut, unless a policy has nothing cheaper.
const MOST_COST: f64 = 5.0;
/// How many times the middle extra cost is far off.
const FAR: f64 = 5.0;
/// Shares below this are drawn at it.
const LEAST_SHARE: f64 = 1e-7;
/// Narrowest and widest plot with labels beside its markers.
const WIDTHS: [f64; 2] = [620.0, 1100.0];
/// Mean width of a letter of a label.
const LETTER: f64 = 7.2;
/// Width of the column for "no bad request", and where the logarithmic part begins.
const ZERO_WIDTH: f64 = 0.07;
const LOG_FROM: f64 = 0.11;

/// The axes: what is shown and where it lies.
struct Axes {
    /// Decimal logarithms of the smallest and largest share.
    x: (f64, f64),
    y: (f64, f64),
    has_zero: bool,
    /// Place of each policy's points within the column of 0, side by side.
    zero: Vec<f64>,
}

impl Axes {
    fn new(report: &ReplayReport) -> Self {
        let all = || report.policies.iter().flat_map(settings);
        let shares = || all().map(|(share, _)| share).filter(|s| *s > 0.0);
        let low = shares()
            .fold(BAD_LIMITS[2] / 2.0, f64::min)
            .max(LEAST_SHARE);
        let high = (shares().fold(BAD_LIMITS[0] * 2.0, f64::max) * 1.1).min(1.0);

        let cheapest = all().map(|(_, cost)| cost).fold(f64::INFINITY, f64::min);
        // What matters are the current settings and the frontiers, without what lies far off: the
        // differences between most policies must stay visible.
        let matter = |p: &PolicyReport| {
            let frontier = p.frontier.iter().filter_map(|f| f.cost_ratio);
            frontier.chain([p.cost_ratio]).collect::<Vec<_>>()
        };
        let mut wanted: Vec<f64> = report.policies.iter().flat_map(matter).collect();
        wanted.retain(|c| c.is_finite());
        wanted.sort_by(f64::total_cmp);
        let middle = wanted.get(wanted.len() / 2).copied().unwrap_or(1.0);
        let far = (1.0 + FAR * (middle - 1.0)).min(MOST_COST.max(cheapest.min(f64::MAX)));
        let top = wanted.last().copied().unwrap_or(1.0).min(far).max(1.2);
        let bottom = cheapest.min(1.0);
        let margin = (top - bottom) * 0.05;
        let touches = |p: &PolicyReport| settings(p).any(|(share, _)| share <= 0.0);
        let slots = report.policies.iter().filter(|p| touches(p)).count() as f64;
        let mut used = 0.0;
        let zero = report.policies.iter().map(|p| {
            used += f64::from(u8::from(touches(p)));
            used / (slots + 1.0) * ZERO_WIDTH
        });
        Self {
            x: (low.log10(), high.log10()),
            y: (bottom - margin, top + margin),
            has_zero: slots > 0.0,
            zero: zero.collect(),
        }
    }

    /// Where a share lies, 0 … 1.
    fn x(&self, policy: usize, share: f64) -> f64 {
        if share > 0.0 {
            self.log_x(share)
        } else {
            self.zero[policy]
        }
    }

    fn log_x(&self, share: f64) -> f64 {
        let from = if self.has_zero { LOG_FROM } else { 0.0 };
        let part = (share.log10() - self.x.0) / (self.x.1 - self.x.0);
        from + part.clamp(0.0, 1.0) * (1.0 - from)
    }

    fn y(&self, cost: f64) -> f64 {
        // Far beyond the edge a curve's slope no longer matters.
        (HEIGHT * (self.y.1 - cost) / (self.y.1 - self.y.0)).clamp(-20.0 * HEIGHT, 2.0 * HEIGHT)
    }

    fn shows(&self, cost: f64) -> bool {
        cost <= self.y.1
    }
}

/// Every setting of a policy as share and cost, its own first.
fn settings(policy: &PolicyReport) -> impl Iterator<Item = (f64, f64)> {
    let swept = policy.sweep.iter().map(|p| (p.bad_share, p.cost_ratio));
    std::iter::once((policy.bad_share, policy.cost_ratio))
        .chain(swept)
        .filter(|(share, cost)| share.is_finite() && cost.is_finite())
}

fn drawable(point: &&SweepPoint) -> bool {
    point.bad_share.is_finite() && point.cost_ratio.is_finite()
}

/// The plot of all policies together.
pub(super) fn frontier_plot(report: &ReplayReport) -> Markup {
    let axes = Axes::new(report);
    let outside = report
        .policies
        .iter()
        .flat_map(|p| &p.sweep)
        .filter(drawable);
    let outside = outside.filter(|p| !axes.shows(p.cost_ratio)).count();
    let labels = labels(report, &axes);
    let swept = report.policies.iter().any(|p| !p.sweep.is_empty());
    html! {
        section aria-labelledby="frontier" {
            h2 id="frontier" {
                (if swept { "What each setting buys" } else { "Cost against bad requests" })
            }
            figure {
                figcaption {
                    p {
                        @if swept {
                            "Each curve is one policy with its knob turned: left is better served, "
                            "down is cheaper. Filled marker: the setting of this replay. Hollow: "
                            "the cheapest within a limit. Dots: the other settings."
                        } @else {
                            "Left is better served, down is cheaper."
                        }
                    }
                    ul.key {
                        @for (i, policy) in report.policies.iter().enumerate() {
                            li { (Look(i).swatch()) (given(&policy.name)) }
                        }
                    }
                }
                div.plot.frontier {
                    svg role="img" aria-label=(description(report))
                        style={ "height:" (px(HEIGHT)) "px" } {
                        (grid(&axes))
                        @for (i, policy) in report.policies.iter().enumerate() {
                            g class=(Look(i).class()) { (curve(&axes, Look(i), policy)) }
                        }
                        @for (i, policy) in report.policies.iter().enumerate() {
                            g class=(Look(i).class()) { (markers(&axes, Look(i), policy)) }
                        }
                        @for label in labels { (label) }
                    }
                }
                @if outside > 0 {
                    p.note {
                        (counted(outside as f64, "setting"))
                        (if outside == 1 { " costs" } else { " cost" })
                        " more than the plot shows (" (about(axes.y.1)) (NBSP) "× the optimum)."
                    }
                }
            }
        }
    }
}

fn grid(axes: &Axes) -> Markup {
    let decades = multiples(axes.x.0, axes.x.1, 1.0);
    let (low, high) = axes.y;
    let ticks = multiples(low, high, step(high - low, 6.0));
    let zero = across(ZERO_WIDTH / 2.0);
    let few = decades.len() <= 4;
    html! {
        @for value in ticks {
            @let y = px(axes.y(value));
            line.grid x1="0" x2="100%" y1=(y) y2=(y) {}
            text class="ax end" x="-7" y=(px(axes.y(value) + 4.0)) { (compact(value)) }
        }
        @for exponent in decades {
            @let share = 10_f64.powi(exponent as i32);
            @let x = across(axes.log_x(share));
            // A narrow screen has room for every second label.
            @let class = if few || exponent as i32 % 2 == 0 { "ax mid" } else { "ax mid wide" };
            @let limit = BAD_LIMITS.iter().any(|l| (l / share - 1.0).abs() < 1e-6);
            line class=(if limit { "limit" } else { "grid" })
                x1=(x) x2=(x) y1="0" y2=(px(HEIGHT + 4.0)) {}
            @if limit {
                text class=(class) x=(x) y="-7" { "≤" (NBSP) (plain_percent(share)) }
            }
            text class=(class) x=(x) y=(px(HEIGHT + 18.0)) { (plain_percent(share)) }
        }
        line.base x1=(if axes.has_zero { across(LOG_FROM - 0.01) } else { across(0.0) }) x2="100%"
            y1=(px(HEIGHT)) y2=(px(HEIGHT)) {}
        @if axes.has_zero {
            rect.zero x="0" y="0" width=(across(ZERO_WIDTH)) height=(px(HEIGHT)) {}
            line.base x1="0" x2=(across(ZERO_WIDTH)) y1=(px(HEIGHT)) y2=(px(HEIGHT)) {}
            svg.whole x=(across((ZERO_WIDTH + LOG_FROM - 0.01) / 2.0)) y=(px(HEIGHT)) {
                path.base d="M-5,5L-1,-5M1,5L5,-5" {}
            }
            text.ax.mid x=(zero) y=(px(HEIGHT + 18.0)) { "0" }
        }
        text.ax x="-40" y="-22" { "cost ÷ optimum" }
        text class="ax end" x="100%" y=(px(HEIGHT + 36.0)) { "share of bad requests, logarithmic" }
        @let optimum = px(axes.y(1.0));
        line.optimum x1="0" x2="100%" y1=(optimum) y2=(optimum) {}
        text.ax x=(across(if axes.has_zero { LOG_FROM } else { 0.005 }))
            y=(px(axes.y(1.0) - 5.0)) { "optimum" }
    }
}

/// The curve through a sweep, and its dots. To and from the column of 0 it is dashed: there the
/// axis has a gap.
fn curve(axes: &Axes, look: Look, policy: &PolicyReport) -> Markup {
    let points: Vec<&SweepPoint> = policy.sweep.iter().filter(drawable).collect();
    let at = |p: &SweepPoint| {
        format!(
            "{},{}",
            px(axes.x(look.0, p.bad_share) * 1e4),
            px(axes.y(p.cost_ratio))
        )
    };
    let (mut path, mut bridges) = (String::new(), String::new());
    for pair in points.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let bridge = (a.bad_share > 0.0) != (b.bad_share > 0.0);
        let into = if bridge { &mut bridges } else { &mut path };
        let _ = write!(into, "M{}L{}", at(a), at(b));
    }
    html! {
        svg width="100%" height=(px(HEIGHT)) viewBox={ "0 0 10000 " (px(HEIGHT)) }
            preserveAspectRatio="none" {
            @if !path.is_empty() { path class=(look.curve()) d=(path) {} }
            @if !bridges.is_empty() { path class="curve bridge" d=(bridges) {} }
        }
        @for point in points.iter().filter(|p| axes.shows(p.cost_ratio)) {
            circle.dot cx=(across(axes.x(look.0, point.bad_share)))
                cy=(px(axes.y(point.cost_ratio))) r="1.8" {
                title { (tooltip_of(policy, point)) }
            }
        }
    }
}

fn tooltip_of(policy: &PolicyReport, point: &SweepPoint) -> String {
    tooltip(
        policy,
        Some(point.setting),
        point.cost_ratio,
        point.bad_share,
    )
}

fn tooltip(policy: &PolicyReport, at: Option<f64>, cost: f64, bad: f64) -> String {
    let at = at
        .map(|at| format!(", {}", setting(policy.kind, at)))
        .unwrap_or_default();
    format!(
        "{}{at}\n{}{NBSP}× the optimum\n{} bad",
        given(&policy.name),
        ratio(cost),
        percent(bad)
    )
}

/// Points of the sweep that are the cheapest within a limit, each once.
fn on_frontier(policy: &PolicyReport) -> Vec<&SweepPoint> {
    let mut found: Vec<&SweepPoint> = Vec::new();
    for at in policy.frontier.iter().filter_map(|f| f.setting) {
        let near = |p: &&SweepPoint| (p.setting - at).abs() <= 1e-12 * at.abs();
        if let Some(point) = policy.sweep.iter().filter(drawable).find(near)
            && !found.iter().any(near)
        {
            found.push(point);
        }
    }
    found
}

fn markers(axes: &Axes, look: Look, policy: &PolicyReport) -> Markup {
    let (bad, cost) = (policy.bad_share, policy.cost_ratio);
    html! {
        @for point in on_frontier(policy) {
            @if axes.shows(point.cost_ratio) {
                use.hollow href=(look.marker()) x=(across(axes.x(look.0, point.bad_share)))
                    y=(px(axes.y(point.cost_ratio))) {
                    title { (tooltip_of(policy, point)) }
                }
            }
        }
        @if bad.is_finite() && cost.is_finite() {
            use.now href=(look.marker()) x=(across(axes.x(look.0, bad)))
                y=(px(axes.y(cost).max(0.0))) {
                title { (tooltip(policy, policy.setting, cost, bad)) }
            }
        }
    }
}

/// Names beside the markers of the current settings, as far as there is room.
fn labels(report: &ReplayReport, axes: &Axes) -> Vec<Markup> {
    let place = |i, share, cost| (axes.x(i, share), axes.y(cost).max(0.0));
    let mut placer = Placer::new(&WIDTHS, HEIGHT);
    for (i, policy) in report.policies.iter().enumerate() {
        let (x, y) = place(i, policy.bad_share, policy.cost_ratio);
        placer.keep_free(x, y);
        for point in on_frontier(policy)
            .into_iter()
            .filter(|p| axes.shows(p.cost_ratio))
        {
            let (x, y) = place(i, point.bad_share, point.cost_ratio);
            placer.keep_free(x, y);
        }
        let points = policy.sweep.iter().filter(drawable);
        let points: Vec<_> = points
            .map(|p| place(i, p.bad_share, p.cost_ratio))
            .collect();
        for pair in points.windows(2) {
            placer.avoid(pair[0], pair[1]);
        }
    }
    let mut found = Vec::new();
    for (i, policy) in report.policies.iter().enumerate() {
        if !(policy.bad_share.is_finite() && policy.cost_ratio.is_finite()) {
            continue;
        }
        let mut text = given(&policy.name);
        if let Some(at) = policy.setting {
            let _ = match knob(policy.kind, at) {
                ("target", at) => write!(text, " {at}"),
                (name, at) => write!(text, " {name}{NBSP}{at}"),
            };
        }
        if !axes.shows(policy.cost_ratio) {
            let _ = write!(text, " ↑{NBSP}{}", ratio(policy.cost_ratio));
        }
        let (x, y) = place(i, policy.bad_share, policy.cost_ratio);
        if let Some(spot) = placer.place(x, y, text.chars().count() as f64 * LETTER) {
            found.push(html! {
                text class={ "direct wide " (Look(i).class()) " " (spot.anchor) }
                    x=(across(x)) dx=(px(spot.dx)) y=(px(y + spot.dy)) { (text) }
            });
        }
    }
    found
}

fn description(report: &ReplayReport) -> String {
    let points: Vec<String> = report
        .policies
        .iter()
        .map(|p| {
            let (cost, bad) = (ratio(p.cost_ratio), percent(p.bad_share));
            format!("{}: {cost} times the optimum, {bad} bad", given(&p.name))
        })
        .collect();
    format!(
        "Cost as a multiple of the optimum against the share of bad requests. {}. The table above \
         has the cheapest setting of each policy within each limit.",
        points.join("; ")
    )
}
