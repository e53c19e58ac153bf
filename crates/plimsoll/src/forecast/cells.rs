//! The cells of a line of CSV.

use std::borrow::Cow;

/// Splits a line at its commas, those within double quotes aside; a double quote within is written
/// twice. A quote that is not closed gives `None`.
pub(super) fn cells(line: &str) -> Option<Vec<Cow<'_, str>>> {
    if !line.contains('"') {
        return Some(
            line.split(',')
                .map(|cell| Cow::Borrowed(cell.trim()))
                .collect(),
        );
    }
    let mut cells = Vec::new();
    let (mut start, mut within) = (0, false);
    for (at, c) in line.char_indices() {
        match c {
            '"' => within = !within,
            ',' if !within => {
                cells.push(unquoted(&line[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    cells.push(unquoted(&line[start..]));
    (!within).then_some(cells)
}

fn unquoted(cell: &str) -> Cow<'_, str> {
    let cell = cell.trim();
    match cell
        .strip_prefix('"')
        .and_then(|cell| cell.strip_suffix('"'))
    {
        Some(inner) if inner.contains('"') => Cow::Owned(inner.replace("\"\"", "\"")),
        Some(inner) => Cow::Borrowed(inner),
        None => Cow::Borrowed(cell),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_within_quotes_are_no_separators() {
        for (line, expected) in [
            ("1, 2 ,3", vec!["1", "2", "3"]),
            ("", vec![""]),
            ("a,", vec!["a", ""]),
            (
                r#"1,"disk{host=""a"",dev=""b""}",3"#,
                vec!["1", r#"disk{host="a",dev="b"}"#, "3"],
            ),
            (r#""1","","x""#, vec!["1", "", "x"]),
        ] {
            assert_eq!(cells(line).unwrap(), expected, "{line}");
        }
        assert_eq!(cells(r#"1,"2"#), None);
    }
}
