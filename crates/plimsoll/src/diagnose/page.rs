//! The report as one self-contained HTML page, in the style of the replay's.

use maud::html;
use plimsoll_sim::html_page;

use super::Report;
use super::show::{HEADER, notes, row};

pub(super) fn page(report: &Report) -> String {
    let found = &report.diagnosis;
    let content = html! {
                    header {
                        p.kicker { "plimsoll diagnose " (report.figures) }
                        h1 { (report.summary) }
                    }
                    @if !found.evidence.is_empty() {
                        section aria-labelledby="evidence" {
                            h2 id="evidence" { "Evidence" }
                            div.scroll role="region" aria-labelledby="evidence" tabindex="0" {
                                table {
                                    thead { tr { @for name in HEADER { th scope="col" { (name) } } } }
                                    tbody {
                                        @for evidence in &found.evidence {
                                            tr {
                                                @for (i, cell) in row(evidence).iter().enumerate() {
                                                    @if i == 0 { th scope="row" { (cell) } }
                                                    @else if evidence.over { td { strong { (cell) } } }
                                                    @else { td { (cell) } }
                                                }
                                            }
                                        }
                                    }
                                }
                            }
                            p.note {
                                "Of limit: value over limit; of a hit ratio, misses over allowed "
                                "misses. Weight: that, times the layer's share of the response time "
                                "while requests are slow."
                            }
                        }
                    }
                    @let notes = notes(found);
                    @if !notes.is_empty() {
                        section aria-labelledby="notes" {
                            h2 id="notes" { "Beside that" }
                            ul { @for (what, said) in &notes { li { (what) ": " (said) } } }
                        }
                    }
    };
    html_page(&report.summary, &content.0)
}
