//! What is printed.

use plimsoll_sim::{PolicyReport, ReplayReport, ScenarioReport};

use crate::output::printable;
use crate::table::{percent, table};

/// The tables.
pub(super) fn summary(report: &ReplayReport) -> String {
    let days = (report.to_s - report.from_s) as f64 / 86_400.0;
    let mut text = format!(
        "{}: {days:.1} days, peak {} replicas of {:.4} requests/s at {}; start-up {} s, lag {} s, \
         tick {} s, scenario {}\n",
        printable(&report.trace),
        report.peak_replicas,
        report.capacity_rps,
        percent(report.utilization),
        report.start_up_s,
        report.lag_s,
        report.tick_s,
        report.scenario,
    );
    if report.repairs.missing_steps + report.repairs.duplicate_rows > 0 {
        text.push_str(&format!(
            "repaired in the whole trace: {} missing steps (longest gap {} steps) repeat the value before, {} \
             duplicate rows averaged\n",
            report.repairs.missing_steps,
            report.repairs.longest_gap_steps,
            report.repairs.duplicate_rows
        ));
    }
    text.push_str(&format!(
        "optimum with perfect knowledge: {:.0} replica-hours\n\n",
        report.optimum_replica_seconds / 3600.0
    ));
    let header = [
        "policy",
        "at",
        "cost/optimum",
        "cost/peak",
        "bad",
        "bad min",
        "longest",
        "reversals/d",
        "changes/d",
        "bad≤1%",
        "≤0.1%",
        "≤0.01%",
    ];
    let rows: Vec<Vec<String>> = report.policies.iter().map(row).collect();
    text.push_str(&table(&header, &rows));
    text.push_str("\nbad≤…: cheapest cost/optimum in the sweep that keeps bad requests to it, and its target\n");
    if !report.scenarios.is_empty() {
        let header = [
            "scenario",
            "policy",
            "cost/optimum",
            "bad",
            "longest",
            "reversals/d",
        ];
        let rows: Vec<Vec<String>> = report.scenarios.iter().map(scenario_row).collect();
        text.push('\n');
        text.push_str(&table(&header, &rows));
    }
    for policy in &report.policies {
        for note in &policy.notes {
            text.push_str(&format!("{}: {note}\n", printable(&policy.name)));
        }
    }
    text
}

fn row(policy: &PolicyReport) -> Vec<String> {
    let mut cells = vec![
        printable(&policy.name),
        policy
            .setting
            .map_or_else(|| "–".to_owned(), |s| format!("{s:.2}")),
        format!("{:.3}", policy.cost_ratio),
        format!("{:.3}", policy.static_peak_ratio),
        percent(policy.bad_share),
        format!("{:.0}", policy.bad_minutes),
        format!("{:.0} s", policy.longest_bad_run_s),
        format!("{:.1}", policy.reversals_per_day),
        format!("{:.1}", policy.changes_per_day),
    ];
    for i in 0..3 {
        let point = policy.frontier.get(i);
        cells.push(
            match point.and_then(|p| Some((p.cost_ratio?, p.setting?))) {
                Some((cost, setting)) => format!("{cost:.3} @{setting:.2}"),
                None if point.is_some() => "never".to_owned(),
                None => "–".to_owned(),
            },
        );
    }
    cells
}

fn scenario_row(row: &ScenarioReport) -> Vec<String> {
    vec![
        row.scenario.to_owned(),
        printable(&row.policy),
        format!("{:.3}", row.cost_ratio),
        percent(row.bad_share),
        format!("{:.0} s", row.longest_bad_run_s),
        format!("{:.1}", row.reversals_per_day),
    ]
}
