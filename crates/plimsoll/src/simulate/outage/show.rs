//! What is printed.

use plimsoll_sim::outage::{OutageReport, OutageRow};

use crate::table::table;

const HEADER: [&str; 7] = [
    "defence",
    "attempts/arrival",
    "refused",
    "recovers",
    "good from 2 s",
    "attempts then",
    "p99 then",
];

/// A line a defence.
pub(super) fn tables(report: &OutageReport) -> String {
    let rows: Vec<Vec<String>> = report.rows.iter().map(row).collect();
    table(&HEADER, &rows)
}

fn row(row: &OutageRow) -> Vec<String> {
    let seconds = row.recovery_s.map(|s| format!("{s} s"));
    let p99 = row.p99_s.map(|s| format!("{s:.2} s"));
    vec![
        row.defence.clone(),
        format!("{:.2}", row.attempts_per_arrival),
        format!("{:.2}", row.rejected_per_arrival),
        seconds.unwrap_or_else(|| "never".to_owned()),
        format!("{:.1}%", row.goodput_percent()),
        format!("{:.2}", row.attempts_after_2s),
        p99.unwrap_or_else(|| "-".to_owned()),
    ]
}
