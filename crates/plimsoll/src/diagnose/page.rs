//! The report as one self-contained HTML page, in the style of the replay's.

use maud::{PreEscaped, html};
use plimsoll_sim::PAGE_STYLE;

use super::Report;
use super::show::{HEADER, notes, row};

pub(super) fn page(report: &Report) -> String {
    let found = &report.diagnosis;
    let page = html! {
        (PreEscaped("<!DOCTYPE html>\n"))
        html lang="en" {
            head {
                (PreEscaped("<meta charset=\"utf-8\"/>"))
                (PreEscaped(
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>"
                ))
                (PreEscaped("<meta name=\"color-scheme\" content=\"light dark\"/>"))
                title { (report.summary) }
                style { (PreEscaped(PAGE_STYLE)) }
            }
            body {
                main {
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
                }
            }
        }
    };
    page.into_string()
}
