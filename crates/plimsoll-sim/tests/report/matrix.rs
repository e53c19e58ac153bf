use plimsoll_sim::{PolicySummary, ScenarioReport};

use crate::given::{replay, waves};
use crate::page::{check, words};

/// A matrix of two scenarios, two start-ups and two lags; bad shares as a function of the cell.
fn matrix(policies: &[&str], bad: impl Fn(&str, f64, f64, &str) -> f64) -> Vec<ScenarioReport> {
    let mut rows = Vec::new();
    for scenario in ["healthy", "step"] {
        for (start_up_s, lag_s) in [(15.0, 15.0), (15.0, 60.0), (600.0, 15.0), (600.0, 60.0)] {
            for policy in policies {
                let bad_share = bad(scenario, start_up_s, lag_s, policy);
                rows.push(ScenarioReport {
                    scenario,
                    start_up_s,
                    lag_s,
                    policy: (*policy).to_owned(),
                    cost_ratio: if *policy == "fixed-3" { 1.5 } else { 1.2 },
                    bad_share,
                    extra_bad_share: bad_share - bad("healthy", start_up_s, lag_s, policy),
                    longest_bad_run_s: 570.0,
                    reversals_per_day: 2.5,
                });
            }
        }
    }
    rows
}

/// The best of a cell is the cheapest within 1 %, and where there is none the one with the fewest
/// bad requests.
#[test]
fn the_matrix_marks_the_best_of_each_cell() {
    let mut report = replay(&waves(), &[3, 11], false, 50);
    report.scenarios = matrix(&["fixed-3", "fixed-11"], |scenario, _, _, policy| {
        match (scenario, policy) {
            ("healthy", "fixed-3") => 0.0,
            ("healthy", _) => 0.009,
            (_, "fixed-3") => 0.05,
            _ => 0.2,
        }
    });
    let page = check(&report);
    let tables: Vec<&str> = page
        .split("<table class=\"matrix\">")
        .skip(1)
        .map(|t| t.split("</table>").next().unwrap_or(t))
        .collect();
    // fixed-3 and fixed-11 when healthy, then under the step.
    let marks: Vec<usize> = tables
        .iter()
        .map(|t| t.matches("<b>best</b>").count())
        .collect();
    assert_eq!(marks, [0, 4, 4, 0]);
    let shades: Vec<bool> = (tables.iter().zip(["s0", "s2", "s3", "s4"]))
        .map(|(t, shade)| t.matches(&format!("<td class=\"{shade}")).count() == 4)
        .collect();
    assert_eq!(shades, [true; 4], "{}", tables[0]);
    let text = words(&page);
    for expected in [
        "lag 60 s",
        "10 min",
        "+19.1 %",
        "1.50×",
        "9.5 min",
        "Ten times the load",
    ] {
        assert!(text.contains(expected), "{expected} is missing");
    }
    // Nothing is the best of one, and no difference is shown where nothing disturbs.
    report.policies.truncate(1);
    report.scenarios = matrix(&["fixed-3"], |_, _, _, _| 0.02);
    let page = check(&report);
    assert!(!page.contains("<b>best</b>") && !words(&page).contains("best:"));
    assert_eq!(page.matches("<small>±0").count(), 4);
}

#[test]
fn a_matrix_with_holes_and_strange_numbers_is_shown() {
    let mut report = replay(&waves(), &[3], false, 50);
    report.scenarios = matrix(&["fixed-3", "<gone>"], |_, _, _, _| f64::NAN);
    report.scenarios.remove(3);
    report.scenarios.truncate(9);
    for value in [0.0, -1.0, 1e300, f64::NAN, f64::INFINITY] {
        let row = &mut report.scenarios[1];
        (row.start_up_s, row.lag_s, row.cost_ratio) = (value, value, value);
        (row.extra_bad_share, row.longest_bad_run_s) = (value, value);
        assert!(words(&check(&report)).contains("<gone>"));
    }
}

#[test]
fn a_summary_has_the_worst_cell_of_each_scenario() {
    let rows = matrix(&["a", "b"], |scenario, start_up, lag, policy| {
        match (scenario, policy) {
            ("step", "a") => start_up + lag,
            ("step", _) => -start_up,
            _ => 0.0,
        }
    });
    let worst: Vec<_> = PolicySummary::of(&rows)
        .iter()
        .flat_map(|s| {
            s.worst
                .iter()
                .map(|w| (s.policy, w.scenario, w.start_up_s, w.lag_s))
        })
        .collect();
    let expected = [
        ("a", "healthy", 15.0, 15.0),
        ("a", "step", 600.0, 60.0),
        ("b", "healthy", 15.0, 15.0),
        ("b", "step", 15.0, 15.0),
    ];
    assert_eq!(worst, expected);
}
