//! Numbers as a reader is shown them: fixed digits, grouped thousands, never "not a number".

/// Joins a number and its unit.
pub(super) const NBSP: char = '\u{a0}';
/// Stands for a figure that does not exist.
pub(super) const NONE: &str = "—";

/// A number with `digits` digits after the point, thousands grouped.
pub(super) fn fixed(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return NONE.to_owned();
    }
    if value.abs() >= 1e12 {
        return format!("{value:.2e}");
    }
    let text = format!("{:.digits$}", value.abs());
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::with_capacity(text.len() + 4);
    if value < 0.0 && text.bytes().any(|b| (b'1'..=b'9').contains(&b)) {
        grouped.push('−');
    }
    let group = whole.len() > 4;
    for (i, digit) in whole.chars().enumerate() {
        if group && i > 0 && (whole.len() - i).is_multiple_of(3) {
            grouped.push('\u{202f}');
        }
        grouped.push(digit);
    }
    grouped + fraction
}

/// A whole number.
pub(super) fn count(value: f64) -> String {
    fixed(value, 0)
}

/// A whole number and its noun: `1 replica`, `2 replicas`.
pub(super) fn counted(value: f64, noun: &str) -> String {
    let number = count(value);
    let plural = if number == "1" { "" } else { "s" };
    format!("{number}{NBSP}{noun}{plural}")
}

/// A ratio with four significant digits.
pub(super) fn ratio(value: f64) -> String {
    let digits = match value.abs() {
        v if v < 9.9995 => 3,
        v if v < 99.995 => 2,
        v if v < 999.95 => 1,
        _ => 0,
    };
    fixed(value, digits)
}

/// A ratio with two digits after the point, as prose has it.
pub(super) fn about(value: f64) -> String {
    fixed(value, if value.abs() < 99.995 { 2 } else { 0 })
}

/// A number with about three significant digits.
pub(super) fn short(value: f64) -> String {
    let digits = match value.abs() {
        v if v < 0.0005 => 6,
        v if v < 0.005 => 5,
        v if v < 0.05 => 4,
        v if v < 0.9995 => 3,
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    let text = fixed(value, digits);
    if text.contains('.') && !text.contains('e') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A share as percent with two or three significant digits.
pub(super) fn percent(share: f64) -> String {
    let value = share * 100.0;
    if !value.is_finite() {
        return NONE.to_owned();
    }
    let digits = match value.abs() {
        v if v <= 0.0 => 0,
        v if v < 0.0001 => return format!("<{NBSP}0.0001{NBSP}%"),
        v if v < 0.000_995 => 5,
        v if v < 0.00995 => 4,
        v if v < 0.0995 => 3,
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    format!("{}{NBSP}%", fixed(value, digits))
}

/// A share as percent with as few digits as it needs, for settings and limits.
pub(super) fn plain_percent(share: f64) -> String {
    let text = fixed(share * 100.0, 4);
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    format!("{text}{NBSP}%")
}

/// A length of time in its two largest units.
pub(super) fn duration(seconds: f64) -> String {
    if !seconds.is_finite() {
        return NONE.to_owned();
    }
    if seconds < 60.0 {
        return format!("{}{NBSP}s", short(seconds.max(0.0)));
    }
    let units = [
        (86_400.0, "d", 3600.0, "h"),
        (3600.0, "h", 60.0, "min"),
        (60.0, "min", 1.0, "s"),
    ];
    let (unit, name, part, part_name) = units
        .into_iter()
        .find(|u| seconds >= u.0)
        .unwrap_or(units[2]);
    let parts = (seconds / part).round();
    let per_unit = unit / part;
    let (whole, rest) = ((parts / per_unit).floor(), parts % per_unit);
    let rest = if rest < 1.0 {
        String::new()
    } else {
        format!(" {rest:.0}{NBSP}{part_name}")
    };
    format!("{}{NBSP}{name}{rest}", count(whole))
}

/// A length of time in the space that a cell has: `45 s`, `9.5 min`, `24 min`.
pub(super) fn brief(seconds: f64) -> String {
    let (value, unit) = match seconds {
        s if s < 120.0 => (s.max(0.0), "s"),
        s if s < 5970.0 => (s / 60.0, "min"),
        s => (s / 3600.0, "h"),
    };
    let digits = usize::from(unit != "s" && value < 9.95);
    match fixed(value, digits) {
        none if none == NONE => none,
        number => format!("{number}{NBSP}{unit}"),
    }
}

/// A difference of shares, with its sign.
pub(super) fn difference(share: f64) -> String {
    let sign = match share {
        d if d > 0.0 => "+",
        d if d < 0.0 => "−",
        _ => "±",
    };
    format!("{sign}{}", percent(share.abs()))
}

/// A number in the space that an axis has: `12k`, `4.3G`.
pub(super) fn compact(value: f64) -> String {
    let scaled = |unit: f64, name: &str| short(value / unit) + name;
    match value.abs() {
        v if !v.is_finite() => NONE.to_owned(),
        v if v >= 1e12 => format!("{value:.0e}"),
        v if v >= 1e9 => scaled(1e9, "G"),
        v if v >= 1e6 => scaled(1e6, "M"),
        v if v >= 1e4 => scaled(1e3, "k"),
        _ => short(value),
    }
}

/// What a user named, without characters that no page may hold.
pub(super) fn given(text: &str) -> String {
    let forbidden = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
    text.chars()
        .map(|c| if forbidden(c) { '\u{fffd}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_follow_the_size() {
        assert_eq!(
            [0.1668, 1.1084, 12.345, 5e13].map(ratio),
            ["0.167", "1.108", "12.35", "5.00e13"]
        );
        assert_eq!(
            [0.0, 0.0114, 5e-5, 3e-9, 0.25]
                .map(percent)
                .map(|p| p.replace(NBSP, " ")),
            ["0 %", "1.14 %", "0.0050 %", "< 0.0001 %", "25.0 %"]
        );
        assert_eq!(
            [0.69, 0.695, 0.0001]
                .map(plain_percent)
                .map(|p| p.replace(NBSP, " ")),
            ["69 %", "69.5 %", "0.01 %"]
        );
        assert_eq!(
            [0.05, 12_000.0, 4.2949e9, 2.5].map(compact),
            ["0.05", "12k", "4.29G", "2.5"]
        );
    }

    #[test]
    fn thousands_are_grouped_and_zero_has_no_sign() {
        assert_eq!(fixed(1_234_567.891, 1), "1\u{202f}234\u{202f}567.9");
        assert_eq!(
            [fixed(-0.001, 2), fixed(-1.5, 1), fixed(9999.0, 0)],
            ["0.00", "−1.5", "9999"]
        );
        assert_eq!([f64::NAN, f64::INFINITY].map(ratio), [NONE, NONE]);
    }

    #[test]
    fn durations_have_two_units() {
        let shown = |s: f64| duration(s).replace(NBSP, " ");
        assert_eq!(
            [15.0, 60.0, 90.0, 3599.9, 8100.0].map(shown),
            ["15 s", "1 min", "1 min 30 s", "60 min", "2 h 15 min"]
        );
        assert_eq!(shown(21.0 * 86_400.0), "21 d");
        let shown =
            [0.0, 105.0, 570.0, 1425.0, 9000.0, f64::NAN].map(|s| brief(s).replace(NBSP, " "));
        assert_eq!(shown, ["0 s", "105 s", "9.5 min", "24 min", "2.5 h", NONE]);
    }

    #[test]
    fn differences_have_a_sign() {
        let shown = [0.0, 0.012, -0.0004].map(|d| difference(d).replace(NBSP, " "));
        assert_eq!(shown, ["±0 %", "+1.20 %", "−0.040 %"]);
    }
}
