//! Every policy under every disturbance.

use maud::{Markup, html};

use super::ReplayReport;
use super::figures::{duration, fixed, given, percent, ratio};

/// The table of disturbances; nothing where none were asked for.
pub(super) fn scenarios(report: &ReplayReport) -> Markup {
    if report.scenarios.is_empty() {
        return html! {};
    }
    html! {
        section aria-labelledby="scenarios" {
            h2 id="scenarios" { "Under disturbance" }
            div.scroll role="region" aria-labelledby="scenarios" tabindex="0" {
                table {
                    thead {
                        tr {
                            th scope="col" { "Scenario" }
                            th scope="col" { "Policy" }
                            th scope="col" { "Cost ÷ optimum" }
                            th scope="col" { "Bad requests" }
                            th scope="col" { "Longest run" }
                            th scope="col" { "Reversals a day" }
                        }
                    }
                    tbody {
                        @for row in &report.scenarios {
                            tr {
                                th.name scope="row" { (row.scenario) }
                                td { (given(&row.policy)) }
                                td { (ratio(row.cost_ratio)) }
                                td { (percent(row.bad_share)) }
                                td { (duration(row.longest_bad_run_s)) }
                                td { (fixed(row.reversals_per_day, 1)) }
                            }
                        }
                    }
                }
            }
            p.note {
                "Each disturbance once a day, twelve hours after the start: ten minutes without "
                "metrics, a rolling update with a surge of 25 %, ten times the load for ten "
                "minutes, a crash of half of the pods. Each policy as given; each cost over the "
                "optimum for the same load."
            }
        }
    }
}
