//! What is printed.

use std::time::Duration;

use plimsoll_sim::{
    MATRIX_LAGS, MATRIX_START_UPS, PolicyReport, PolicySummary, ReplayReport, ScenarioReport,
};

use crate::output::printable;
use crate::table::{percent, plain_percent, span, table};

/// The kind whose knob is no target.
const PREDICTIVE: &str = "predictive";

/// The tables.
pub(super) fn summary(report: &ReplayReport) -> String {
    let length = span(report.to_s.abs_diff(report.from_s));
    let mut text = format!(
        "{}: {length}, peak {} replicas of {:.4} requests/s at {}; start-up {} s, lag {} s, \
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
    text.push_str(&legend(&report.policies));
    if !report.scenarios.is_empty() {
        text.push('\n');
        text.push_str(&matrix(&report.scenarios));
    }
    for policy in &report.policies {
        for note in &policy.notes {
            text.push_str(&format!("{}: {note}\n", printable(&policy.name)));
        }
    }
    text
}

/// A setting of a policy's knob: a target, or the accepted share of bad requests as percent.
fn setting(kind: &str, value: f64) -> String {
    match kind {
        PREDICTIVE => plain_percent(value),
        _ => format!("{value:.2}"),
    }
}

/// What a setting is, for the kinds that are shown.
fn legend(policies: &[PolicyReport]) -> String {
    let mut set = policies.iter().filter(|policy| policy.setting.is_some());
    let (mut text, mut knobs) = ("\n".to_owned(), Vec::new());
    if set.clone().any(|policy| policy.kind != PREDICTIVE) {
        knobs.push("the target, a share of what a replica carries");
    }
    if set.any(|policy| policy.kind == PREDICTIVE) {
        knobs.push("of predictive ε, the share of requests that may be bad");
    }
    if !knobs.is_empty() {
        text.push_str(&format!("at: {}\n", knobs.join("; ")));
    }
    text.push_str(
        "bad≤…: cheapest cost/optimum in the sweep that keeps bad requests to it, and at what\n",
    );
    text
}

fn row(policy: &PolicyReport) -> Vec<String> {
    let mut cells = vec![
        printable(&policy.name),
        policy
            .setting
            .map_or_else(|| "–".to_owned(), |at| setting(policy.kind, at)),
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
                Some((cost, at)) => format!("{cost:.3} @{}", setting(policy.kind, at)),
                None if point.is_some() => "never".to_owned(),
                None => "–".to_owned(),
            },
        );
    }
    cells
}

/// Each policy's worst cells; all of them are in the JSON and on the page.
fn matrix(rows: &[ScenarioReport]) -> String {
    let summaries = PolicySummary::of(rows);
    let worst = |summary: &PolicySummary<'_>| {
        let cell = |row: &&ScenarioReport| {
            let bad = percent(row.bad_share);
            format!("{bad} @{}/{}", row.start_up_s, row.lag_s)
        };
        let mut cells = vec![
            printable(summary.policy),
            format!("{:.3}", summary.mean_cost_ratio),
        ];
        cells.extend(summary.worst.iter().map(cell));
        cells
    };
    let mut header = vec!["policy", "mean cost/optimum"];
    if let Some(first) = summaries.first() {
        header.extend(first.worst.iter().map(|row| row.scenario));
    }
    let seconds = |times: &[Duration]| {
        let times: Vec<String> = times.iter().map(|t| t.as_secs().to_string()).collect();
        times.join("/")
    };
    format!(
        "scenario matrix, start-up {} s × lag {} s: most bad requests, @start-up/lag\n{}",
        seconds(&MATRIX_START_UPS),
        seconds(&MATRIX_LAGS),
        table(&header, &summaries.iter().map(worst).collect::<Vec<_>>()),
    )
}
