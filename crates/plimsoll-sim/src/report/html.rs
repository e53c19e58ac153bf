//! The report as one self-contained HTML page.

use super::ReplayReport;

/// Renders the page.
#[must_use]
pub fn html(report: &ReplayReport) -> String {
    format!("<!doctype html><title>{}</title>", report.trace)
}
