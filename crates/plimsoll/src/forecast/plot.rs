//! History, forecast and the limit over time; below it, how probable the limit is.

use std::fmt::Write as _;
use std::time::Duration;

use capacity_forecast::{CapacityForecast, LimitValue};
use maud::{Markup, html};

use super::report::{Curve, Event};
use super::words::{about, number};
use crate::output::printable;

/// Heights of the two plots, and the width of their coordinates; they are stretched to the page's.
const VALUES: f64 = 260.0;
const CHANCES: f64 = 84.0;
const WIDTH: f64 = 1000.0;
/// More points than that are not told apart.
const MOST_POINTS: usize = 1000;
/// Ticks of the time axis.
const MOST_TICKS: f64 = 9.0;
const HOUR: f64 = 3600.0;
const DAY: f64 = 24.0 * HOUR;
/// How a planned event is filled.
const EVENT: &str = "fill:var(--p4);fill-opacity:.16";
/// Where ticks may be apart.
const APART: [f64; 14] = [
    60.0,
    300.0,
    900.0,
    HOUR,
    3.0 * HOUR,
    6.0 * HOUR,
    12.0 * HOUR,
    DAY,
    2.0 * DAY,
    3.0 * DAY,
    7.0 * DAY,
    14.0 * DAY,
    30.0 * DAY,
    90.0 * DAY,
];

/// Times and values into coordinates.
struct Axes {
    from_s: f64,
    to_s: f64,
    low: f64,
    high: f64,
}

impl Axes {
    fn new(curve: &Curve, limit: Option<f64>) -> Self {
        let ends = curve
            .intervals
            .iter()
            .flat_map(|i| i.lower.iter().chain(&i.upper));
        let values = curve
            .history
            .iter()
            .flatten()
            .chain(&curve.point)
            .chain(ends)
            .copied();
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.chain(limit) {
            low = low.min(value);
            high = high.max(value);
        }
        if low >= 0.0 && low < 0.4 * high {
            low = 0.0;
        }
        let room = if high > low {
            0.06 * (high - low)
        } else {
            high.abs().max(1.0)
        };
        let last = curve.forecast_start_s + curve.step_s * curve.point.len() as f64;
        Self {
            from_s: curve.history_start_s,
            to_s: last,
            low: if low == 0.0 { 0.0 } else { low - room },
            high: high + room,
        }
    }

    fn share(&self, at_s: f64) -> f64 {
        ((at_s - self.from_s) / (self.to_s - self.from_s).max(1e-9)).clamp(0.0, 1.0)
    }

    fn x(&self, at_s: f64) -> f64 {
        WIDTH * self.share(at_s)
    }

    fn y(&self, value: f64) -> f64 {
        VALUES * (1.0 - (value - self.low) / (self.high - self.low))
    }
}

pub(super) fn plot(forecast: &CapacityForecast, curve: &Curve, events: &[Event]) -> Markup {
    let limit = match forecast.limit.value {
        LimitValue::Constant(limit) => Some(limit),
        _ => None,
    };
    let axes = Axes::new(curve, limit);
    let events: Vec<(&str, f64, f64)> = shown(events, curve, &axes);
    html! {
        figure.c0 {
            figcaption {
                (key(forecast, !events.is_empty()))
            }
            div.plot {
                svg role="img" aria-label={ (printable(&curve.metric)) ": history and forecast" }
                    style={ "height:" (VALUES) "px" } {
                    @for value in ticks(axes.low, axes.high) {
                        line.grid x1="0" x2="100%" y1=(px(axes.y(value))) y2=(px(axes.y(value))) {}
                        text.ax.end x="-6" y=(px(axes.y(value) + 4.0)) { (number(value)) }
                    }
                    svg viewBox={ "0 0 " (WIDTH) " " (VALUES) } preserveAspectRatio="none"
                        width="100%" height=(VALUES) {
                        @for (_, from, to) in &events {
                            rect style=(EVENT) x=(px(axes.x(*from))) y="0" height=(VALUES)
                                width=(px((axes.x(*to) - axes.x(*from)).max(1.5))) {}
                        }
                        @for interval in curve.intervals.iter().rev() {
                            path.serve-range d=(band(&axes, curve, &interval.lower, &interval.upper)) {}
                        }
                        path.need d=(history(&axes, curve)) {}
                        path.serve d=(line(&axes, curve, &curve.point)) {}
                    }
                    @if let Some(limit) = limit {
                        line x1="0" x2="100%" y1=(px(axes.y(limit))) y2=(px(axes.y(limit)))
                            style="stroke:var(--bad);stroke-dasharray:6 4" {}
                        text.ax x="4" y=(px(axes.y(limit) - 5.0)) style="fill:var(--bad)" {
                            "limit " (number(limit))
                        }
                    }
                    (marks(&axes, forecast, curve, VALUES))
                    @for (name, from, _) in &events {
                        text.row-label x=(across(axes.share(*from))) y="12" dx="3" { (printable(name)) }
                    }
                }
            }
            div.plot.c1 {
                svg role="img" aria-label="Probability that the limit is reached by then"
                    style={ "height:" (CHANCES) "px" } {
                    @for percent in [0, 50, 100] {
                        @let y = px(CHANCES * (1.0 - f64::from(percent) / 100.0));
                        line.grid x1="0" x2="100%" y1=(y) y2=(y) {}
                        text.ax.end x="-6" y=(y) dy="4" { (percent) "%" }
                    }
                    svg viewBox={ "0 0 " (WIDTH) " " (CHANCES) } preserveAspectRatio="none"
                        width="100%" height=(CHANCES) {
                        @let path = chances(&axes, curve);
                        path.serve-range d={ (path) "V" (CHANCES) "H" (px(axes.x(curve.forecast_start_s))) "Z" } {}
                        path.serve d=(path) {}
                    }
                    (marks(&axes, forecast, curve, CHANCES))
                    text.ax x="4" y="14" { "P(reached by then)" }
                    @for (share, label) in time_ticks(&axes) {
                        text.ax.mid x=(across(share)) y=(CHANCES + 18.0) { (label) }
                    }
                }
            }
        }
    }
}

fn key(forecast: &CapacityForecast, has_events: bool) -> Markup {
    html! {
        ul.key {
            li { svg.sample viewBox="0 0 26 12" { path.need d="M0,6h26" {} } "recorded" }
            li { svg.sample viewBox="0 0 26 12" { path.serve d="M0,6h26" {} } "expected" }
            li {
                svg.sample viewBox="0 0 26 12" {
                    rect.serve-range width="26" height="12" {}
                    rect.serve-range y="3" width="26" height="6" {}
                }
                "80 and 95 of 100 cases"
            }
            li {
                svg.sample viewBox="0 0 26 12" {
                    path d="M0,6h26" style="stroke:var(--bad);stroke-dasharray:6 4" {}
                }
                "limit"
            }
            @if has_events {
                li { svg.sample viewBox="0 0 26 12" { rect style=(EVENT) width="26" height="12" {} } "planned event" }
            }
            li { "lead time " (about(forecast.urgency.lead_time)) }
        }
    }
}

/// The present, and where the lead time ends.
fn marks(axes: &Axes, forecast: &CapacityForecast, curve: &Curve, height: f64) -> Markup {
    let now = curve.now_s.max(axes.from_s);
    let lead = curve.now_s + forecast.urgency.lead_time.as_secs_f64();
    html! {
        // On either side, so that they stay apart however short the lead time is.
        @for (at, name, anchor, dx) in [(now, "now", "end", -4), (lead, "lead time", "start", 4)] {
            @let x = across(axes.share(at));
            line.base x1=(x) x2=(x) y1="0" y2=(height) {}
            @if height > CHANCES {
                text.ax x=(x) y=(height - 6.0) dx=(dx) text-anchor=(anchor) { (name) }
            }
        }
    }
}

/// Name, begin and end of every event within the axes.
fn shown<'a>(events: &'a [Event], curve: &Curve, axes: &Axes) -> Vec<(&'a str, f64, f64)> {
    let about = events.iter().filter(|event| {
        event
            .metric
            .as_ref()
            .is_none_or(|metric| *metric == curve.metric)
    });
    let times = about.flat_map(|event| {
        let times = event.times_s.iter();
        times.map(|(from, to)| (event.name.as_str(), *from, to.unwrap_or(f64::INFINITY)))
    });
    times
        .filter(|(_, from, to)| *to > axes.from_s && *from < axes.to_s)
        .map(|(name, from, to)| (name, from.max(axes.from_s), to.min(axes.to_s)))
        .collect()
}

/// At most so many indices of a curve that its extremes are among them.
fn picked(values: &[Option<f64>]) -> Vec<usize> {
    let width = values.len().div_ceil(MOST_POINTS / 2).max(1);
    if values.len() <= MOST_POINTS {
        return (0..values.len()).collect();
    }
    let starts = (0..values.len()).step_by(width);
    let mut picked = Vec::new();
    for start in starts {
        let within = start..(start + width).min(values.len());
        let value = |index: &usize| values[*index].unwrap_or(f64::NAN);
        let seen: Vec<usize> = within
            .clone()
            .filter(|index| values[*index].is_some())
            .collect();
        let least = seen.iter().min_by(|a, b| value(a).total_cmp(&value(b)));
        let most = seen.iter().max_by(|a, b| value(a).total_cmp(&value(b)));
        let mut pair: Vec<usize> = least.into_iter().chain(most).copied().collect();
        pair.sort_unstable();
        pair.dedup();
        if pair.is_empty() {
            pair.push(start);
        }
        picked.extend(pair);
    }
    picked
}

/// The recorded values; a gap is a gap.
fn history(axes: &Axes, curve: &Curve) -> String {
    let mut path = String::new();
    let mut drawn = false;
    for index in picked(&curve.history) {
        let Some(value) = curve.history[index] else {
            drawn = false;
            continue;
        };
        let at = curve.history_start_s + curve.step_s * index as f64;
        let command = if drawn { 'L' } else { 'M' };
        write(&mut path, command, axes.x(at), axes.y(value));
        if !drawn {
            // A value alone is a dot.
            path.push_str("h.1");
        }
        drawn = true;
    }
    path
}

fn line(axes: &Axes, curve: &Curve, values: &[f64]) -> String {
    let mut path = String::new();
    let values: Vec<Option<f64>> = values.iter().copied().map(Some).collect();
    for index in picked(&values) {
        let command = if path.is_empty() { 'M' } else { 'L' };
        let at = curve.forecast_start_s + curve.step_s * index as f64;
        write(
            &mut path,
            command,
            axes.x(at),
            axes.y(values[index].unwrap_or(0.0)),
        );
    }
    path
}

fn band(axes: &Axes, curve: &Curve, lower: &[f64], upper: &[f64]) -> String {
    let there = line(axes, curve, upper);
    let back = line(axes, curve, lower);
    let mut points: Vec<&str> = back
        .split(['M', 'L'])
        .filter(|point| !point.is_empty())
        .collect();
    points.reverse();
    let mut path = there;
    for point in points {
        path.push('L');
        path.push_str(point);
    }
    path.push('Z');
    path
}

fn chances(axes: &Axes, curve: &Curve) -> String {
    let mut path = String::new();
    let step = curve.probability.len().div_ceil(MOST_POINTS).max(1);
    let last = curve.probability.len().saturating_sub(1);
    for (index, chance) in curve.probability.iter().enumerate() {
        if index % step == 0 || index == last {
            let command = if path.is_empty() { 'M' } else { 'L' };
            let at = curve.forecast_start_s + curve.step_s * index as f64;
            write(&mut path, command, axes.x(at), CHANCES * (1.0 - chance));
        }
    }
    path
}

fn write(path: &mut String, command: char, x: f64, y: f64) {
    // Writing to a string does not fail.
    let _ = write!(path, "{command}{},{}", px(x), px(y));
}

fn px(value: f64) -> String {
    let tenths = if value.is_finite() {
        (value * 10.0).round()
    } else {
        0.0
    };
    format!("{}", tenths / 10.0 + 0.0)
}

fn across(share: f64) -> String {
    format!("{:.2}%", 100.0 * share)
}

/// Round values within a range.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let rough = (high - low) / 6.0;
    if !(rough.is_finite() && rough > 0.0) {
        return Vec::new();
    }
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power);
    let step = step
        .clone()
        .find(|step| *step >= rough * 0.999)
        .unwrap_or(10.0 * power);
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last)
        .take(12)
        .map(|index| index as f64 * step)
        .collect()
}

/// Where the time axis has its labels, as shares of the width, and the labels.
fn time_ticks(axes: &Axes) -> Vec<(f64, String)> {
    let span = axes.to_s - axes.from_s;
    let apart = APART.into_iter().find(|apart| span / apart <= MOST_TICKS);
    let apart = apart.unwrap_or(span / MOST_TICKS);
    let first = (axes.from_s / apart).ceil() as i64;
    let last = (axes.to_s / apart).floor() as i64;
    let ticks = (first..=last).take(12).map(|index| index as f64 * apart);
    ticks
        .filter_map(|at| Some((axes.share(at), label(at, apart)?)))
        .collect()
}

fn label(at_s: f64, apart_s: f64) -> Option<String> {
    let at = Duration::try_from_secs_f64(at_s).ok()?;
    let stamp = jiff::Timestamp::from_second(i64::try_from(at.as_secs()).ok()?).ok()?;
    let form = match apart_s {
        apart if apart < DAY && at_s % DAY != 0.0 => "%H:%M",
        apart if apart < 90.0 * DAY => "%-d %b",
        _ => "%b %Y",
    };
    Some(stamp.strftime(form).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        assert_eq!(ticks(0.0, 1.06).len(), 6);
        assert_eq!(ticks(-3.0, 12.0), [0.0, 5.0, 10.0]);
        assert!(ticks(1.0, 1.0).is_empty());
    }

    #[test]
    fn a_thinned_curve_keeps_its_extremes() {
        let mut values: Vec<Option<f64>> = (0..10_000).map(|k| Some(f64::from(k % 7))).collect();
        values[4321] = Some(99.0);
        values[777] = None;
        let picked = picked(&values);
        assert!(picked.len() <= MOST_POINTS && picked.contains(&4321));
        assert!(picked.is_sorted());
    }

    #[test]
    fn days_have_dates_and_hours_have_clocks() {
        let day = 1_392_336_000.0;
        assert_eq!(label(day, DAY).as_deref(), Some("14 Feb"));
        assert_eq!(
            label(day + 6.0 * HOUR, 6.0 * HOUR).as_deref(),
            Some("06:00")
        );
        assert_eq!(label(day, 6.0 * HOUR).as_deref(), Some("14 Feb"));
    }
}
