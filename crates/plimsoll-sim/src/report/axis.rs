//! Where an axis has its ticks, and lengths as SVG writes them.

use maud::{Markup, html};

use super::figures::NBSP;
use super::moment::{DAY_S, Date, clock, weekday};

/// A length in pixels, one digit after the point at most.
pub(super) fn px(value: f64) -> String {
    let tenths = if value.is_finite() {
        (value * 10.0).round()
    } else {
        0.0
    };
    // Adding 0 turns −0 into 0.
    format!("{}", tenths / 10.0 + 0.0)
}

/// A share of the width.
pub(super) fn across(share: f64) -> String {
    let hundredths = if share.is_finite() {
        (share * 1e4).round()
    } else {
        0.0
    };
    format!("{}%", hundredths / 100.0 + 0.0)
}

/// Round steps such that about `about` of them fill a range.
pub(super) fn step(range: f64, about: f64) -> f64 {
    if !(range.is_finite() && range > 0.0) {
        return 1.0;
    }
    let rough = range / about;
    let power = 10_f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0]
        .into_iter()
        .map(|m| m * power)
        .find(|s| *s >= rough * 0.999)
        .unwrap_or(10.0 * power)
}

/// The multiples of `step` from `low` to `high`.
pub(super) fn multiples(low: f64, high: f64, step: f64) -> Vec<f64> {
    let first = (low / step - 1e-9).ceil();
    let count = ((high / step + 1e-9).floor() - first).clamp(-1.0, 100.0) as i64;
    (0..=count).map(|i| (first + i as f64) * step).collect()
}

/// A tick of a time axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TimeTick {
    /// Where, as a share of the width.
    pub(super) share: f64,
    /// Said before the label where there is room.
    pub(super) before: &'static str,
    pub(super) label: String,
    /// Whether a narrow screen has room for the label.
    pub(super) narrow: bool,
}

const MOST_TICKS: i64 = 13;

/// The ticks of an axis that begins at `from_s` and is `span_s` long.
pub(super) fn time(from_s: i64, span_s: f64) -> Vec<TimeTick> {
    if !(span_s.is_finite() && span_s >= 1.0) {
        return Vec::new();
    }
    let to_s = from_s.saturating_add(span_s as i64);
    let steps = [
        1,
        5,
        15,
        30,
        60,
        120,
        300,
        600,
        900,
        1800,
        3600,
        7200,
        10_800,
        21_600,
        43_200,
        DAY_S,
        2 * DAY_S,
        7 * DAY_S,
        14 * DAY_S,
    ];
    let fits = |s: &i64| (to_s - from_s) / s <= MOST_TICKS;
    let found = match steps.into_iter().find(fits) {
        Some(step_s) => even(from_s, to_s, step_s),
        None => months(from_s, to_s),
    };
    let every = found.len().div_ceil(5).max(1);
    found
        .into_iter()
        .enumerate()
        .map(|(i, (at_s, before, label))| TimeTick {
            share: (at_s - from_s) as f64 / span_s,
            before,
            label,
            narrow: i.is_multiple_of(every),
        })
        .collect()
}

type Label = (i64, &'static str, String);

fn even(from_s: i64, to_s: i64, step_s: i64) -> Vec<Label> {
    // Weeks begin on Mondays, and the epoch was a Thursday; steps of two days have no phase.
    let phase = match step_s / DAY_S {
        7.. => 4 * DAY_S,
        2 => from_s.saturating_add(DAY_S - 1).div_euclid(DAY_S) * DAY_S,
        _ => 0,
    };
    let first = from_s
        .saturating_sub(phase)
        .saturating_add(step_s - 1)
        .div_euclid(step_s)
        * step_s;
    (0..=MOST_TICKS)
        .map(|i| first.saturating_add(phase).saturating_add(i * step_s))
        .take_while(|at| *at <= to_s)
        .map(|at| {
            let midnight = at.rem_euclid(DAY_S) == 0;
            let label = if midnight {
                Date::of(at).short()
            } else {
                clock(at)
            };
            (
                at,
                if midnight && step_s < 7 * DAY_S {
                    weekday(at)
                } else {
                    ""
                },
                label,
            )
        })
        .collect()
}

fn months(from_s: i64, to_s: i64) -> Vec<Label> {
    let (from, to) = (Date::of(from_s), Date::of(to_s));
    let span = (to.year - from.year) * 12 + to.month - from.month;
    let mut every = [1, 2, 3, 6, 12, 24, 60]
        .into_iter()
        .find(|m| span / m <= MOST_TICKS)
        .unwrap_or(120);
    while span / every > MOST_TICKS {
        every *= 10;
    }
    let first = (from.year * 12 + from.month - 1).div_euclid(every) * every;
    (0..=MOST_TICKS + 1)
        .map(|i| {
            Date {
                year: 0,
                month: first + i * every + 1,
                day: 1,
            }
            .start_s()
        })
        .filter(|at| (from_s..=to_s).contains(at))
        .map(|at| {
            let date = Date::of(at);
            let month = if every < 12 { date.month_name() } else { "" };
            (
                at,
                "",
                format!("{month} {}", date.year)
                    .trim()
                    .replace(' ', "\u{a0}"),
            )
        })
        .collect()
}

/// Lines and labels of a time axis below a plot of `height` pixels.
pub(super) fn time_marks(ticks: &[TimeTick], height: f64) -> Markup {
    html! {
        @for tick in ticks {
            @let x = across(tick.share);
            line class="grid" x1=(x) x2=(x) y1="0" y2=(px(height + 4.0)) {}
            @let anchor = if tick.share > 0.96 { "end" } else { "mid" };
            @let wide = if tick.narrow { "" } else { " wide" };
            text class={ "ax " (anchor) (wide) } x=(x) y=(px(height + 18.0)) {
                @if !tick.before.is_empty() { tspan class="wide" { (tick.before) (NBSP) } }
                (tick.label)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        assert_eq!(
            [10.0, 52.0, 0.4, 4e9].map(|r| step(r, 4.0)),
            [5.0, 20.0, 0.1, 1e9]
        );
        assert_eq!(multiples(0.0, 10.0, 5.0), [0.0, 5.0, 10.0]);
        assert_eq!(multiples(2.0, 1.0, 1.0), [0.0_f64; 0]);
    }

    #[test]
    fn three_weeks_have_a_tick_every_second_day() {
        let ticks = time(896_659_200, 21.0 * 86_400.0);
        assert_eq!(ticks.len(), 11);
        assert!(ticks[0].label.contains("Jun") && ticks[0].before == "Mon");
    }

    #[test]
    fn any_span_has_a_few_ticks_within_the_axis() {
        for span_s in [1.0, 59.0, 3600.0, 9e4, 8e6, 3e8, 1e10, 2e11] {
            for from_s in [-3_000_000_007, 0, 897_350_411] {
                let ticks = time(from_s, span_s);
                assert!(ticks.len() <= 15, "{span_s}: {}", ticks.len());
                assert!(span_s < 60.0 || !ticks.is_empty(), "{span_s}");
                assert!(
                    ticks.iter().all(|t| (0.0..=1.0).contains(&t.share)),
                    "{span_s}"
                );
            }
        }
        assert!(time(0, f64::NAN).is_empty() && time(0, 0.0).is_empty());
    }
}
