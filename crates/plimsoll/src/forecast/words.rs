//! Numbers, times and probabilities for people.

use std::time::Duration;

const DAY: f64 = 86_400.0;

/// A number with four digits that count.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if size >= 1e7 || (size > 0.0 && size < 1e-5) {
        let text = format!("{value:.3e}");
        let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}e{power}", trimmed(digits));
    }
    // The power of ten of the first digit.
    let power = if size > 0.0 {
        size.log10().floor() as i32
    } else {
        0
    };
    let places = usize::try_from(3 - power).unwrap_or(0);
    let text = format!("{value:.places$}");
    trimmed(&text).to_owned()
}

fn trimmed(text: &str) -> &str {
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => text,
    }
}

/// A length of time, in the unit that fits.
pub(super) fn about(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let (value, unit) = if seconds >= DAY {
        (seconds / DAY, "d")
    } else if seconds >= 3600.0 {
        (seconds / 3600.0, "h")
    } else if seconds >= 60.0 {
        (seconds / 60.0, "min")
    } else {
        (seconds, "s")
    };
    let text = if value >= 9.95 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    };
    format!("{} {unit}", trimmed(&text))
}

/// A probability; nothing is told to be sure or impossible unless it is.
pub(super) fn chance(probability: f64) -> String {
    let percent = probability * 100.0;
    match percent {
        p if p <= 0.0 => "0 %".to_owned(),
        p if p >= 100.0 => "100 %".to_owned(),
        p if p < 1.0 => "< 1 %".to_owned(),
        p if p > 99.0 => "> 99 %".to_owned(),
        p => format!("{p:.0} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_digits() {
        let shown = [
            0.9, 0.0, -0.000_01, 87.345_6, 1234.5, 1e6, 2.5e9, -3.0, 99.999_9,
        ]
        .map(number);
        let expected = [
            "0.9", "0", "-0.00001", "87.35", "1234", "1000000", "2.5e9", "-3", "100",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn times_have_their_unit() {
        let shown = [0, 45, 90, 3600, 40_000, 86_400, 450_000, 3_000_000]
            .map(|seconds| about(Duration::from_secs(seconds)));
        let expected = [
            "0 s", "45 s", "1.5 min", "1 h", "11 h", "1 d", "5.2 d", "35 d",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn nothing_is_sure_that_is_not() {
        let shown = [0.0, 0.001, 0.344, 0.995, 1.0].map(chance);
        assert_eq!(shown, ["0 %", "< 1 %", "34 %", "> 99 %", "100 %"]);
    }
}
