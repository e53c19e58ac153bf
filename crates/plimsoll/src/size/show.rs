//! What is printed.

use super::report::Report;
use super::sheets::{Sheet, failures, heading, sheets};
use crate::output::printable;
use crate::table::table;

/// The tables.
pub(super) fn tables(report: &Report) -> String {
    let mut parts = vec![heading(report).join("\n") + "\n"];
    parts.extend(sheets(report).iter().map(shown));
    let failures = failures(report);
    if !failures.is_empty() {
        parts.push(failures.join("\n") + "\n");
    }
    // Names come from files: nothing in them may act on a terminal.
    let text = parts.join("\n");
    text.lines().map(|line| printable(line) + "\n").collect()
}

fn shown(sheet: &Sheet) -> String {
    let mut text = String::new();
    if !sheet.rows.is_empty() {
        let (mut header, mut rows) = (sheet.header.clone(), sheet.rows.clone());
        if sheet.words {
            let mut last: Vec<&mut String> = rows
                .iter_mut()
                .chain([&mut header])
                .filter_map(|row| row.last_mut())
                .collect();
            let width = last
                .iter()
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0);
            for cell in &mut last {
                let pad = " ".repeat(width - cell.chars().count());
                cell.push_str(&pad);
            }
        }
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        text = table(&header, &rows);
    }
    for note in &sheet.notes {
        text.push_str(note);
        text.push('\n');
    }
    text
}
