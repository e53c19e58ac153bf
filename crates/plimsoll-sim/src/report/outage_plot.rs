//! Goodput and attempts over time, a line a defence.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::axis::{across, multiples, px, step};
use super::figures::{NBSP, fixed, given, short};
use super::look::Look;
use crate::outage::{OutageReport, OutageRow, Second, percent_down};

const HEIGHT: f64 = 240.0;
/// Attempts per arrival at the bottom of the plot: a breaker lets next to nothing through.
const LEAST: f64 = 0.05;

/// A value of each second, and where it stands.
struct Scale {
    of: fn(&Second) -> f64,
    /// From the top of the plot, as a share of its height.
    place: fn(f64, f64) -> f64,
    top: f64,
    marks: Vec<(f64, String)>,
    shown: fn(f64) -> String,
}

/// The line of the defence at a place in the report, as the plots have it.
pub(super) fn sample(place: usize) -> Markup {
    html! {
        svg class={ "sample " (Look(place).class()) } viewBox="0 0 26 12" aria-hidden="true" {
            path class=(Look(place).curve()) d="M0,6H26" {}
        }
    }
}

/// A share served in time; as in the printed table, 100 % is all of them.
pub(super) fn served(share: f64) -> String {
    format!("{}{NBSP}%", fixed(percent_down(share), 1))
}

pub(super) fn goodput_plot(report: &OutageReport) -> Markup {
    let scale = Scale {
        of: |second| ratio(second.served, second.arrivals),
        place: |value, _| 1.0 - value,
        top: 1.0,
        marks: [0.0, 0.25, 0.5, 0.75, 1.0]
            .map(|share| (share, format!("{}%", share * 100.0)))
            .to_vec(),
        shown: served,
    };
    plot(
        report,
        "Served in time, of each second's arrivals",
        "Arrivals of a second that were answered in time, whenever that was.",
        &scale,
    )
}

pub(super) fn attempts_plot(report: &OutageReport) -> Markup {
    let of = |second: &Second| ratio(second.attempts, second.arrivals);
    let seconds = report.rows.iter().flat_map(|row| &row.seconds);
    let most = seconds.map(of).fold(2.0, f64::max);
    let marks = [0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0];
    let top = marks.into_iter().find(|mark| *mark >= most);
    let top = top.unwrap_or(most);
    let scale = Scale {
        of,
        place: |value, top| (top / value.max(LEAST)).ln() / (top / LEAST).ln(),
        top,
        marks: marks
            .into_iter()
            .filter(|mark| *mark <= top)
            .map(|mark| (mark, short(mark)))
            .collect(),
        shown: |value| fixed(value, 2),
    };
    plot(
        report,
        "Attempts at the backend, for each arrival",
        "Logarithmic; what is below 0.05 stands at the bottom.",
        &scale,
    )
}

fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

fn plot(report: &OutageReport, title: &str, note: &str, scale: &Scale) -> Markup {
    let first = report.rows.first().map_or(&[][..], |row| &row.seconds);
    let from = first.first().map_or(0, |second| second.from_s) as f64;
    let to = first.last().map_or(1, |second| second.from_s + 1) as f64;
    let x = |seconds: f64| (seconds - from) / (to - from);
    let marks = multiples(from, to, step(to - from, 10.0));
    let y = |value: f64| HEIGHT * (scale.place)(value, scale.top).clamp(0.0, 1.0);
    html! {
        figure {
            figcaption {
                strong { (title) }
                p { (note) }
                ul.key {
                    @for (i, row) in report.rows.iter().enumerate() {
                        li { (sample(i)) (given(&row.defence)) }
                    }
                }
            }
            div.plot {
                svg role="img" aria-label={ (title) " over time" }
                    style={ "height:" (px(HEIGHT)) "px" } {
                    rect class="need-low" y="0" height=(px(HEIGHT))
                        x=(across(x(-report.outage_s)))
                        width=(across(report.outage_s / (to - from))) {}
                    @for (value, label) in &scale.marks {
                        line class="grid" x1="0" x2="100%" y1=(px(y(*value))) y2=(px(y(*value))) {}
                        text class="ax end" x="-7" y=(px(y(*value) + 4.0)) { (label) }
                    }
                    @for (i, mark) in marks.iter().enumerate() {
                        line class="grid" x1=(across(x(*mark))) x2=(across(x(*mark)))
                            y1=(px(HEIGHT)) y2=(px(HEIGHT + 4.0)) {}
                        @let wide = if i % 2 == 1 { " wide" } else { "" };
                        text class={ "ax mid" (wide) } x=(across(x(*mark))) y=(px(HEIGHT + 18.0)) {
                            (fixed(*mark, 0)) (NBSP) "s"
                        }
                    }
                    svg.whole width="100%" height=(px(HEIGHT))
                        viewBox={ "0 0 " (to - from) " " (px(HEIGHT)) } preserveAspectRatio="none" {
                        @for (i, row) in report.rows.iter().enumerate() {
                            g class=(Look(i).class()) {
                                path class=(Look(i).curve()) d=(line(row, scale, y)) {
                                    title { (given(&row.defence)) }
                                }
                            }
                        }
                        @for (i, second) in first.iter().enumerate() {
                            rect.hit x=(i) width="1" height=(px(HEIGHT)) {
                                title { (tooltip(report, i, second.from_s, scale)) }
                            }
                        }
                    }
                    line class="base" x1="0" x2="100%" y1=(px(HEIGHT)) y2=(px(HEIGHT)) {}
                    text class="ax mid" x=(across(x(-report.outage_s / 2.0))) y="14" { "outage" }
                }
            }
        }
    }
}

fn line(row: &OutageRow, scale: &Scale, y: impl Fn(f64) -> f64) -> String {
    let mut path = String::new();
    for (i, second) in row.seconds.iter().enumerate() {
        let command = if i == 0 { 'M' } else { 'L' };
        let _ = write!(path, "{command}{i}.5,{}", px(y((scale.of)(second))));
    }
    path
}

fn tooltip(report: &OutageReport, index: usize, from_s: i64, scale: &Scale) -> String {
    let mut text = format!("{} s after the outage's end", fixed(from_s as f64, 0));
    for row in &report.rows {
        if let Some(second) = row.seconds.get(index) {
            let shown = (scale.shown)((scale.of)(second));
            let _ = write!(text, "\n{}: {shown}", given(&row.defence));
        }
    }
    text
}
