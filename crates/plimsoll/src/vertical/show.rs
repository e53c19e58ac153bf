//! What is printed.

use plimsoll_sim::vertical::{SizerPoint, SizerReport, VerticalReport};

use crate::output::printable;
use crate::table::{percent, plain_percent, span, table};

/// The tables.
pub(super) fn summary(report: &VerticalReport) -> String {
    let length = span(report.to_s.saturating_sub(report.from_s));
    let mut text = format!(
        "{}: {length}, a value every {} s, a decision every {} s\n\n",
        printable(&report.series),
        report.step_s,
        report.tick_s,
    );
    let header = [
        "sizer",
        "accepts",
        "slack",
        "violations",
        "restarts",
        "restarts/d",
        "resizes",
        "kills",
        "request",
        "used",
    ];
    let rows: Vec<Vec<String>> = report.policies.iter().map(row).collect();
    text.push_str(&table(&header, &rows));
    text.push_str(
        "slack: requested beyond the use, as a share of the use; violations: share of the time that \
         the use exceeded the request;\nrestarts: resizes that start the container anew, and kills \
         for want of memory; request, used: means\n",
    );
    for policy in &report.policies {
        if policy.kind == "right-sizing" {
            text.push_str(&at_equal_violations(policy));
        }
        for note in &policy.notes {
            text.push_str(&format!(
                "note: {}: {}\n",
                printable(&policy.name),
                printable(note)
            ));
        }
    }
    text
}

/// What right-sizing comes to where it is no worse otherwise.
fn at_equal_violations(policy: &SizerReport) -> String {
    match policy.at_vpa_violations {
        Some(SizerPoint {
            setting,
            slack: Some(slack),
            violation_share,
            restarts,
        }) => format!(
            "with no more violations and restarts than the VPA: slack {} at the accepted share {} \
             (in hindsight; {} violations, {restarts} restarts)\n",
            percent(slack),
            plain_percent(setting),
            violation_share.map_or_else(|| "–".to_owned(), percent),
        ),
        _ => "with no more violations and restarts than the VPA: at no swept setting\n".to_owned(),
    }
}

fn row(policy: &SizerReport) -> Vec<String> {
    let share = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), percent);
    let means = |of: fn(f64, f64) -> f64| {
        let cpu = policy.cpu.map(|r| cores(of(r.mean_request, r.mean_usage)));
        let memory = policy
            .memory
            .map(|r| bytes(of(r.mean_request, r.mean_usage)));
        let both: Vec<String> = cpu.into_iter().chain(memory).collect();
        both.join(" ")
    };
    vec![
        printable(&policy.name),
        policy.setting.map_or_else(|| "–".to_owned(), plain_percent),
        share(policy.slack),
        share(policy.violation_share),
        policy.restarts.to_string(),
        format!("{:.2}", policy.restarts_per_day),
        policy.resizes.to_string(),
        policy.oom_kills.to_string(),
        means(|request, _| request),
        means(|_, used| used),
    ]
}

/// Cores as Kubernetes writes them.
fn cores(value: f64) -> String {
    format!("{:.0}m", value * 1000.0)
}

fn bytes(value: f64) -> String {
    const MIB: f64 = 1024.0 * 1024.0;
    if value < 10.0 * 1024.0 * MIB {
        format!("{:.0}Mi", value / MIB)
    } else {
        format!("{:.1}Gi", value / MIB / 1024.0)
    }
}
