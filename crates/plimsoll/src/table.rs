//! Plain-text tables.

/// Columns as wide as their widest cell: the first one left-aligned, the others right-aligned.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .chain(header.get(column).map(|h| h.chars().count()))
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = String::new();
        for (i, (cell, width)) in cells.zip(&widths).enumerate() {
            let pad = " ".repeat(width.saturating_sub(cell.chars().count()));
            match i {
                0 => text.push_str(&format!("{cell}{pad}")),
                _ => text.push_str(&format!("  {pad}{cell}")),
            }
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
        text
    };
    let mut text = line(&mut header.iter().copied());
    for row in rows {
        text.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    text
}

/// A share as percent with two significant digits.
pub(crate) fn percent(share: f64) -> String {
    let value = share * 100.0;
    match value {
        v if v <= 0.0 => "0".to_owned(),
        v if v >= 9.95 => format!("{v:.0}%"),
        v if v >= 0.995 => format!("{v:.1}%"),
        v if v >= 0.0995 => format!("{v:.2}%"),
        v => format!("{v:.3}%"),
    }
}

/// A share as percent with as few digits as it needs, three at most: settings and limits.
pub(crate) fn plain_percent(share: f64) -> String {
    let value = share * 100.0;
    let digits = match value.abs() {
        v if v < 0.001 => 6,
        v if v < 0.01 => 5,
        v if v < 0.1 => 4,
        v if v < 1.0 => 3,
        v if v < 10.0 => 2,
        _ => 1,
    };
    let text = format!("{value:.digits$}");
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

/// A length of time in its own unit: days, hours, minutes or seconds.
pub(crate) fn span(seconds: u64) -> String {
    let units = [(86_400, "days"), (3_600, "hours"), (60, "minutes")];
    match units.into_iter().find(|(unit, _)| seconds >= *unit) {
        Some((unit, name)) => format!("{:.1} {name}", seconds as f64 / unit as f64),
        None => format!("{seconds} seconds"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let text = table(&["name", "x"], &[vec!["a".into(), "10".into()]]);
        assert_eq!(text, "name   x\na     10\n");
    }

    #[test]
    fn spans_have_their_unit() {
        let shown = [59, 60, 600, 5_400, 86_399, 86_400, 1_209_600].map(span);
        assert_eq!(
            shown,
            [
                "59 seconds",
                "1.0 minutes",
                "10.0 minutes",
                "1.5 hours",
                "24.0 hours",
                "1.0 days",
                "14.0 days"
            ]
        );
    }

    #[test]
    fn percent_keeps_two_digits() {
        let shown = [0.0, 0.121, 0.0114, 0.0031, 0.00012].map(percent);
        assert_eq!(shown, ["0", "12%", "1.1%", "0.31%", "0.012%"]);
    }

    #[test]
    fn settings_have_as_many_digits_as_they_need() {
        let shown = [0.4, 0.03, 0.01, 0.015, 0.0015, 0.0002, 0.000_012_5].map(plain_percent);
        assert_eq!(
            shown,
            ["40%", "3%", "1%", "1.5%", "0.15%", "0.02%", "0.00125%"]
        );
    }
}
