//! The report as one self-contained HTML page.
//!
//! No script, no font and no picture from anywhere else. Plots are SVGs without a view box: x is a
//! share of the width and y is in pixels, so that a plot fills any width and its text keeps its
//! size; curves are in nested SVGs that are stretched, with strokes that are not. The markup is
//! well-formed XML, too.

use maud::{Markup, PreEscaped, html as markup};

use super::ReplayReport;
use super::facts::{footer, heading, question, terms};
use super::frontier_plot::frontier_plot;
use super::look::definitions;
use super::policy_section::policy_section;
use super::scenarios::scenarios;
use super::table::comparison;
use super::verdict::verdict;

const STYLE: &str = include_str!("page.css");

/// Renders the page. The same report gives the same bytes; the size grows with the number of
/// policies, by about 100 kB each and 30 kB more with a scenario matrix.
///
/// ```
/// use plimsoll_sim::{Repairs, ReplayReport, html};
/// let report = ReplayReport {
///     trace: "checkout <eu>".to_owned(),
///     from_s: 896_659_200,
///     to_s: 898_473_600,
///     repairs: Repairs::default(),
///     start_up_s: 60.0,
///     lag_s: 30.0,
///     tick_s: 15.0,
///     capacity_rps: 65.0,
///     utilization: 0.8,
///     scenario: "healthy",
///     seed: 1,
///     optimum_replica_seconds: 11_145_600.0,
///     peak_replicas: 50,
///     command: "plimsoll replay".to_owned(),
///     policies: Vec::new(),
///     scenarios: Vec::new(),
/// };
/// let page = html(&report);
/// assert!(page.contains("checkout &lt;eu&gt;"));
/// assert!(page.contains("1\u{a0}Jun\u{a0}1998, 00:00"));
/// ```
#[must_use]
pub fn html(report: &ReplayReport) -> String {
    page(
        &question(report),
        &markup! {
            (heading(report))
            @if report.policies.is_empty() {
                p.note { "No policy was replayed." }
            } @else {
                (verdict(report, &terms(report)))
                (comparison(report))
                (frontier_plot(report))
                (scenarios(report))
                @for (i, policy) in report.policies.iter().enumerate() {
                    (policy_section(report, i, policy))
                }
            }
            (footer(report))
        },
    )
}

/// A page of this look, with the definitions that the plots refer to.
pub(super) fn page(title: &str, content: &Markup) -> String {
    framed(title, &definitions(), &content.0)
}

/// A self-contained page in the look of the reports. The title is text; the content is markup, and
/// stands in the page as it is.
///
/// ```
/// let page = plimsoll_sim::html_page("a < b", "<h1>Smaller</h1>");
/// assert!(page.contains("<title>a &lt; b</title>"));
/// assert!(page.contains("<main><h1>Smaller</h1></main>"));
/// ```
#[must_use]
pub fn html_page(title: &str, content: &str) -> String {
    framed(title, &Markup::default(), content)
}

fn framed(title: &str, definitions: &Markup, content: &str) -> String {
    let page = markup! {
        (PreEscaped("<!DOCTYPE html>\n"))
        html lang="en" {
            head {
                (PreEscaped("<meta charset=\"utf-8\"/>"))
                (PreEscaped(
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>"
                ))
                (PreEscaped("<meta name=\"color-scheme\" content=\"light dark\"/>"))
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (definitions)
                main { (PreEscaped(content)) }
            }
        }
    };
    page.into_string()
}
