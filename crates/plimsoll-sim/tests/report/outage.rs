//! The page about an outage.

use std::time::Duration;

use plimsoll_sim::outage::{Defence, OutageConfig, OutageModel, OutageReport, html};

use crate::page::{check_page, words};

fn report(config: OutageConfig, defences: &[Defence]) -> OutageReport {
    let model = OutageModel::new(config).unwrap();
    let mut report = OutageReport::new(model.config(), "plimsoll simulate outage --load '<0.8'");
    for defence in defences {
        report.add(model.run(*defence));
    }
    report
}

fn page(report: &OutageReport) -> String {
    let page = html(report);
    assert_eq!(page, html(&report.clone()), "not the same bytes");
    check_page(&page);
    page
}

#[test]
fn says_what_is_left_of_the_outage() {
    let report = report(OutageConfig::default(), &Defence::usual());
    let page = page(&report);
    let text = words(&page);
    for row in &report.rows {
        // The table and two plots, with their keys.
        assert!(text.matches(&row.defence).count() >= 5, "{}", row.defence);
    }
    for expected in [
        "What is left of 8 s of outage?",
        "Not recovered 72 s after the outage: three-tries,",
        "Of those that recover within 2 s,",
        "never",
        "3 × 3",
        "plimsoll simulate outage --load '<0.8'",
    ] {
        assert!(text.contains(expected), "{expected} is missing");
    }
    assert!(page.len() < 500_000, "{} bytes", page.len());
}

/// What tells the lines apart: the class of its colour, and that of its dashes.
fn looks(part: &str) -> Vec<(String, String)> {
    part.split("<svg class=\"sample ")
        .skip(1)
        .map(|sample| {
            let colour = sample.split('"').next().unwrap();
            let (_, path) = sample.split_once("<path class=\"").unwrap();
            let dashes = path.split('"').next().unwrap();
            (colour.to_owned(), dashes.to_owned())
        })
        .collect()
}

#[test]
fn a_defence_has_one_line_in_table_keys_and_plots_that_no_other_has() {
    let usual = Defence::usual();
    let page = page(&report(OutageConfig::default(), &usual));
    let (_, table) = page.split_once("<tbody>").unwrap();
    let (table, plots) = table.split_once("</tbody>").unwrap();
    let in_table = looks(table);
    assert_eq!(in_table.len(), usual.len());
    for (i, look) in in_table.iter().enumerate() {
        assert!(!in_table[..i].contains(look), "{look:?} twice");
        let (colour, dashes) = look;
        let line = format!("<g class=\"{colour}\"><path class=\"{dashes}\"");
        assert_eq!(plots.matches(&line).count(), 2, "{line}");
    }
    // The keys of both plots.
    assert_eq!(looks(plots), [&in_table[..], &in_table[..]].concat());
    assert!(!page.contains("class=\"swatch"), "a mark that no plot has");
}

#[test]
fn what_is_not_all_is_not_shown_as_100_percent() {
    let mut report = report(OutageConfig::default(), &[Defence::ALL]);
    report.rows[0].goodput_after_2s = 0.999_99;
    assert!(page(&report).contains("<td>99.9\u{a0}%</td>"));
    report.rows[0].goodput_after_2s = 1.0;
    assert!(page(&report).contains("<td>100.0\u{a0}%</td>"));
}

#[test]
fn no_defence_is_no_error() {
    let text = words(&page(&report(OutageConfig::default(), &[])));
    assert!(text.contains("No defence was run."));
}

#[test]
fn any_outage_is_drawn() {
    let hard = ["retries", "bounded-queue", "no-retries"].map(|name| name.parse().unwrap());
    for (outage_ms, load) in [(100, 0.01), (2_350, 1.0), (60_000, 0.9)] {
        let config = OutageConfig::default()
            .with_load(load)
            .with_capacity_rps(10.0)
            .with_after(Duration::from_millis(10_500))
            .with_outage(Duration::from_millis(outage_ms));
        page(&report(config, &hard));
    }
}

#[test]
fn where_all_recover_the_page_says_so() {
    let bounded = "no-retries+bounded-queue".parse().unwrap();
    let text = words(&page(&report(OutageConfig::default(), &[bounded])));
    assert!(text.contains("Every defence recovers."), "{text}");
}
