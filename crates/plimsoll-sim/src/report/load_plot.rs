//! Load against capacity over time.

use std::fmt::Write as _;

use maud::{Markup, PreEscaped, html};

use super::axis::{TimeTick, multiples, px, step, time_marks};
use super::figures::{NBSP, compact, count, percent, short};
use super::look::Look;
use super::moment::moment;
use crate::{Column, Timeline};

const HEIGHT: f64 = 280.0;
const STRIP_TOP: f64 = HEIGHT + 8.0;
const STRIP_HEIGHT: f64 = 16.0;
/// Height down to the time axis.
pub(super) const BOTTOM: f64 = STRIP_TOP + STRIP_HEIGHT;

/// The columns that the tooltips and the plot of reasons are made of, several of the timeline's
/// each: pointing at one must be possible, and every one costs bytes.
const MOST_SPANS: usize = 240;

/// When the columns of a timeline were.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    pub(super) from_s: i64,
    pub(super) tick_s: f64,
}

impl Clock {
    /// The moment `ticks` after the first one.
    pub(super) fn at(self, ticks: f64) -> i64 {
        self.from_s.saturating_add((ticks * self.tick_s) as i64)
    }
}

/// A timeline's columns with places on the axis, which are counted in ticks.
#[derive(Debug)]
pub(super) struct Columns<'a> {
    columns: &'a [Column],
    pub(super) ticks: f64,
}

impl<'a> Columns<'a> {
    pub(super) fn new(timeline: &'a Timeline) -> Self {
        let ticks = timeline.columns.iter().map(|c| f64::from(c.ticks)).sum();
        Self {
            columns: &timeline.columns,
            ticks,
        }
    }

    /// Runs of columns, at most [`MOST_SPANS`] of them, each with its first tick and its length.
    pub(super) fn spans(&self) -> impl Iterator<Item = (f64, f64, &'a [Column])> {
        let size = self.columns.len().div_ceil(MOST_SPANS).max(1);
        let mut from = 0.0;
        self.columns.chunks(size).map(move |run| {
            let ticks = run.iter().map(|c| f64::from(c.ticks)).sum();
            let place = (from, ticks, run);
            from += ticks;
            place
        })
    }

    /// A line that holds each column's value for the column's width.
    fn line(&self, y: impl Fn(&Column) -> f64) -> String {
        let mut path = String::new();
        self.forward(&mut path, 'M', y);
        path
    }

    fn forward(&self, path: &mut String, first: char, y: impl Fn(&Column) -> f64) {
        let mut last = String::new();
        for (i, column) in self.columns.iter().enumerate() {
            let at = px(y(column));
            if i == 0 {
                let _ = write!(path, "{first}0,{at}");
            } else if at != last {
                let _ = write!(path, "V{at}");
            }
            let _ = write!(path, "h{}", column.ticks);
            last = at;
        }
    }

    /// The area between two such lines.
    fn band(&self, low: impl Fn(&Column) -> f64, high: impl Fn(&Column) -> f64) -> String {
        let mut path = self.line(high);
        for column in self.columns.iter().rev() {
            let _ = write!(path, "V{}h-{}", px(low(column)), column.ticks);
        }
        path.push('Z');
        path
    }
}

/// The plot of one policy.
pub(super) fn load_plot(
    title: &str,
    name: &str,
    look: Look,
    columns: &Columns<'_>,
    clock: Clock,
    ticks: &[TimeTick],
) -> Markup {
    let most = columns.columns.iter().fold(1.0_f64, |most, c| {
        let billed = if c.billed.is_finite() { c.billed } else { 0.0 };
        most.max(f64::from(c.needed.2.max(c.serving.2))).max(billed)
    });
    let by = step(most, 4.0).max(1.0);
    let top = (most / by).ceil() * by;
    let y = |replicas: f64| HEIGHT * (1.0 - (replicas / top).clamp(0.0, 1.0));
    let view = |height: f64| format!("0 0 {} {}", columns.ticks, px(height));
    html! {
        figure class=(look.class()) {
            (key(title, columns))
            div.plot {
                svg role="img" aria-label=(description(name, columns))
                    style={ "height:" (px(BOTTOM)) "px" } {
                    @for value in multiples(0.0, top, by) {
                        line class="grid" x1="0" x2="100%" y1=(px(y(value))) y2=(px(y(value))) {}
                        text class="ax end" x="-7" y=(px(y(value) + 4.0)) { (compact(value)) }
                    }
                    (time_marks(ticks, BOTTOM))
                    svg.whole width="100%" height=(px(HEIGHT))
                        viewBox=(view(HEIGHT)) preserveAspectRatio="none" {
                        path class="need-low" d=(columns.band(
                            |_| HEIGHT, |c| y(f64::from(c.needed.0)))) {}
                        path class="need-range" d=(columns.band(
                            |c| y(f64::from(c.needed.0)), |c| y(f64::from(c.needed.2)))) {}
                        path class="serve-range" d=(columns.band(
                            |c| y(f64::from(c.serving.0)), |c| y(f64::from(c.serving.2)))) {}
                        path class="bill" d=(columns.line(|c| y(c.billed))) {}
                        path class="need" d=(columns.line(|c| y(c.needed.1))) {}
                        path class="serve" d=(columns.line(|c| y(c.serving.1))) {}
                    }
                    svg y=(px(STRIP_TOP)) width="100%" height=(px(STRIP_HEIGHT))
                        viewBox=(view(STRIP_HEIGHT)) preserveAspectRatio="none" {
                        (bad_marks(columns))
                    }
                    line class="base" x1="0" x2="100%" y1=(px(BOTTOM)) y2=(px(BOTTOM)) {}
                    svg width="100%" height=(px(BOTTOM))
                        viewBox=(view(BOTTOM)) preserveAspectRatio="none" {
                        @for (from, width, run) in columns.spans() {
                            rect.hit x=(from) width=(width) height=(px(BOTTOM)) {
                                title { (tooltip(clock.at(from), run)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A bar a column with bad ticks, the stronger and taller the more of them.
fn bad_marks(columns: &Columns<'_>) -> Markup {
    let mut paths = [String::new(), String::new(), String::new()];
    let mut from = 0_u64;
    for column in columns.columns {
        if column.bad_ticks > 0 && column.ticks > 0 {
            let share = f64::from(column.bad_ticks) / f64::from(column.ticks);
            let strength = if share < 0.05 {
                0
            } else {
                usize::from(share >= 0.25) + 1
            };
            let height = STRIP_HEIGHT * (0.4 + 0.6 * share.sqrt().min(1.0));
            let (h, w) = (px(height), column.ticks);
            let _ = write!(
                paths[strength],
                "M{from},{}v-{h}h{w}v{h}Z",
                px(STRIP_HEIGHT)
            );
        }
        from += u64::from(column.ticks);
    }
    html! {
        @for (i, path) in paths.iter().enumerate() {
            @if !path.is_empty() { path class={ "bad bad" (i) } d=(path) {} }
        }
    }
}

fn key(title: &str, columns: &Columns<'_>) -> Markup {
    let swatch = |content: &str| {
        html! { svg.sample viewBox="0 0 26 12" aria-hidden="true" { (PreEscaped(content)) } }
    };
    let bad: u64 = columns.columns.iter().map(|c| u64::from(c.bad_ticks)).sum();
    html! {
        figcaption {
            strong { (title) }
            ul.key {
                li {
                    (swatch("<rect class='need-range' width='26' height='12'/>\
                             <path class='need' d='M0,6H26'/>"))
                    "needed: range and mean"
                }
                li {
                    (swatch("<rect class='serve-range' width='26' height='12'/>\
                             <path class='serve' d='M0,6H26'/>"))
                    "serving: range and mean"
                }
                li { (swatch("<path class='bill' d='M0,6H26'/>")) "paid for: mean" }
                li {
                    (swatch("<path class='bad bad0' d='M0,12v-6h7v6Z'/>\
                             <path class='bad bad1' d='M9,12v-9h7v9Z'/>\
                             <path class='bad bad2' d='M18,12v-12h7v12Z'/>"))
                    "below: too few replicas"
                    @if bad > 0 { ", in <5, <25, ≥25" (NBSP) "% of the time" } @else { " – never" }
                }
            }
        }
    }
}

fn description(name: &str, columns: &Columns<'_>) -> String {
    let range = |of: fn(&Column) -> (u32, f64, u32)| {
        let low = columns.columns.iter().map(|c| of(c).0).min().unwrap_or(0);
        let high = columns.columns.iter().map(|c| of(c).2).max().unwrap_or(0);
        format!("{} to {}", count(f64::from(low)), count(f64::from(high)))
    };
    let bad: f64 = columns.columns.iter().map(|c| f64::from(c.bad_ticks)).sum();
    format!(
        "{name}: replicas over time. Needed {}, serving {}; too few in {} of the time.",
        range(|c| c.needed),
        range(|c| c.serving),
        percent(bad / columns.ticks.max(1.0)),
    )
}

fn tooltip(at_s: i64, run: &[Column]) -> String {
    let ticks: f64 = run.iter().map(|c| f64::from(c.ticks)).sum::<f64>().max(1.0);
    let mean = |of: fn(&Column) -> f64| {
        run.iter().map(|c| of(c) * f64::from(c.ticks)).sum::<f64>() / ticks
    };
    let low = run.iter().map(|c| c.needed.0).min().unwrap_or(0);
    let high = run.iter().map(|c| c.needed.2).max().unwrap_or(0);
    let bad: f64 = run.iter().map(|c| f64::from(c.bad_ticks)).sum();
    let needed = if low == high {
        count(f64::from(low))
    } else {
        format!("{}–{}", count(f64::from(low)), count(f64::from(high)))
    };
    let mut text = format!(
        "{}\nneeded {needed}, serving {}, paid for {}",
        moment(at_s),
        short(mean(|c| c.serving.1)),
        short(mean(|c| c.billed)),
    );
    if bad > 0.0 {
        let _ = write!(text, "\ntoo few in {} of the time", percent(bad / ticks));
    }
    text
}
