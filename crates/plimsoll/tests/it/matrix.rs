//! `plimsoll replay --scenario all`: the scenario matrix.

use serde_json::Value;

use crate::replay::DEFAULTS;
use crate::{CPU, Dir, constant, manifest, near, number, waves};

const SCENARIOS: [&str; 5] = ["healthy", "metric-gap", "rolling-update", "step", "crash"];
const CELLS: usize = 12;

fn waves_all(flags: &[&str]) -> Value {
    let dir = Dir::new().with("t.csv", waves(6));
    dir.replay(&[&["t.csv", "--scenario", "all"], flags].concat())
}

fn rows(report: &Value) -> &Vec<Value> {
    report["scenarios"].as_array().unwrap()
}

fn bad(row: &Value) -> f64 {
    number(&row["bad_share"])
}

/// The row of a policy under a scenario at a start-up and a lag.
#[track_caller]
fn row<'a>(report: &'a Value, policy: &str, scenario: &str, start_up: u32, lag: u32) -> &'a Value {
    let seconds = |row: &Value| [&row["start_up_s"], &row["lag_s"]].map(|v| number(v) as u32);
    rows(report)
        .iter()
        .find(|row| {
            (&row["policy"], &row["scenario"]) == (&policy.into(), &scenario.into())
                && seconds(row) == [start_up, lag]
        })
        .unwrap()
}

#[test]
fn has_every_scenario_start_up_lag_and_policy_in_order() {
    let report = waves_all(&[]);
    let mut expected = Vec::new();
    for scenario in SCENARIOS {
        for start_up in [15.0, 60.0, 180.0, 600.0] {
            for lag in [15.0, 30.0, 60.0] {
                for policy in report["policies"].as_array().unwrap() {
                    let policy = policy["name"].as_str().unwrap();
                    expected.push((scenario, start_up, lag, policy));
                }
            }
        }
    }
    let found: Vec<_> = rows(&report)
        .iter()
        .map(|row| {
            let times = [&row["start_up_s"], &row["lag_s"]].map(number);
            let names = [&row["scenario"], &row["policy"]].map(|v| v.as_str().unwrap());
            (names[0], times[0], times[1], names[1])
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn every_row_has_its_figures() {
    let report = waves_all(&[]);
    for row in rows(&report) {
        let figures = [
            "cost_ratio",
            "bad_share",
            "longest_bad_run_s",
            "reversals_per_day",
        ];
        let figures = figures.map(|name| number(&row[name]));
        assert!(figures[0] > 0.0, "{row}");
        assert!(figures.iter().all(|figure| *figure >= 0.0), "{row}");
        // Bad requests come in runs of at least a tick.
        assert_eq!(figures[1] > 0.0, figures[2] >= 15.0, "{row}");
    }
}

#[test]
fn extra_bad_requests_are_those_beyond_the_same_cell_without_a_disturbance() {
    let report = waves_all(&[]);
    let rows = rows(&report);
    for under in rows.chunks(rows.len() / SCENARIOS.len()) {
        for (row, healthy) in under.iter().zip(rows) {
            let extra = number(&row["extra_bad_share"]);
            assert!(near(bad(healthy) + extra, bad(row)), "{row}");
            match row["scenario"].as_str() {
                Some("healthy") => assert_eq!(row["extra_bad_share"], 0.0),
                Some("step") => assert!(extra > 0.0, "{row}"),
                _ => {}
            }
        }
    }
}

#[test]
fn a_cell_is_a_replay_at_its_start_up_and_lag() {
    let all = waves_all(&[]);
    for (scenario, start_up, lag) in [
        ("healthy", 60, 30),
        ("crash", 600, 15),
        ("step", 15, 60),
        ("metric-gap", 180, 15),
    ] {
        let dir = Dir::new().with("t.csv", waves(6));
        let times = [start_up, lag].map(|seconds| format!("{seconds}s"));
        let flags = ["--scenario", scenario, "--start-up", &times[0], "--lag"];
        let alone = dir.replay(&[&["t.csv"], &flags[..], &[&times[1]]].concat());
        for policy in alone["policies"].as_array().unwrap() {
            let cell = row(
                &all,
                policy["name"].as_str().unwrap(),
                scenario,
                start_up,
                lag,
            );
            for name in [
                "cost_ratio",
                "bad_share",
                "longest_bad_run_s",
                "reversals_per_day",
            ] {
                assert_eq!(cell[name], policy[name], "{name}: {cell}");
            }
        }
    }
}

#[test]
fn flags_move_the_main_figures_and_not_the_matrix() {
    let plain = waves_all(&[]);
    let times = [
        "--start-up",
        "90s",
        "--start-up-max",
        "4m",
        "--lag",
        "45s",
        "--seed",
        "7",
    ];
    let moved = waves_all(&times);
    assert_eq!(moved["scenarios"], plain["scenarios"]);
    assert_ne!(moved["policies"], plain["policies"]);
    let shown = ["start_up_s", "lag_s"].map(|name| number(&moved[name]) as u32);
    assert_eq!(shown, [165, 45]);
    let dir = Dir::new().with("t.csv", waves(6));
    let alone = dir.replay(&[&["t.csv"], &times[..]].concat());
    assert_eq!(moved["policies"], alone["policies"]);
    assert_eq!(alone.get("scenarios"), None);
}

#[test]
fn other_flags_hold_in_the_matrix_too() {
    let plain = waves_all(&[]);
    for flags in [
        ["--min", "9"],
        ["--drain", "5m"],
        ["--tick", "30s"],
        ["--capacity", "3"],
        ["--scrape", "60s"],
    ] {
        assert_ne!(
            waves_all(&flags)["scenarios"],
            plain["scenarios"],
            "{flags:?}"
        );
    }
}

/// Even at the slowest start-up of the matrix the step lasts until what it made a policy start has
/// begun to serve.
#[test]
fn a_step_outlasts_the_slowest_start_up() {
    let dir = Dir::new().with("t.csv", constant(24));
    let report = dir.replay(&["t.csv", "--scenario", "all"]);
    for policy in ["hpa", "kpa", "kpa-delay"] {
        let longest = |lag| number(&row(&report, policy, "step", 600, lag)["longest_bad_run_s"]);
        // A start-up and a lag at the least, and less than the step's half an hour.
        for lag in [15, 30, 60] {
            let run = longest(lag);
            assert!(
                run >= 600.0 + f64::from(lag) && run < 1500.0,
                "{policy}: {run}"
            );
        }
    }
}

#[test]
fn a_policy_that_may_not_run_what_the_step_needs_is_told_of() {
    let dir = Dir::new()
        .with("t.csv", constant(24))
        .with("small.yaml", manifest("small", 100, CPU))
        .with("large.yaml", manifest("large", 400, CPU));
    let flags = ["--policy", "small.yaml", "--policy", "large.yaml"];
    let notes = |scenario: &str| {
        let report = dir.replay(&[&["t.csv", "--scenario", scenario], &flags[..]].concat());
        [0, 1].map(|policy| report["policies"][policy]["notes"].clone())
    };
    let [small, large] = notes("all");
    let text = small[0].as_str().unwrap();
    assert!(
        text.contains("step") && text.contains("400") && text.contains("100"),
        "{text}"
    );
    assert_eq!(large, Value::Array(Vec::new()));
    assert_eq!(notes("healthy")[0], Value::Array(Vec::new()));
}

#[test]
fn the_table_is_short_and_the_page_has_every_cell() {
    let dir = Dir::new().with("t.csv", waves(6));
    let text = dir.run(&["replay", "t.csv", "--scenario", "all"]).ok();
    assert!(text.lines().count() < 25, "{text}");
    let (_, matrix) = text.split_once("scenario matrix").unwrap();
    let header = matrix.lines().nth(1).unwrap();
    assert!(SCENARIOS.iter().all(|name| header.contains(name)), "{text}");
    let report: Value = serde_json::from_str(&dir.read("plimsoll-report.json")).unwrap();
    for (policy, line) in DEFAULTS.iter().zip(matrix.lines().skip(2)) {
        let own: Vec<&Value> = rows(&report)
            .iter()
            .filter(|row| row["policy"] == *policy)
            .collect();
        let costs: f64 = own.iter().map(|row| number(&row["cost_ratio"])).sum();
        let mut words = line.split_whitespace();
        assert_eq!(words.next(), Some(*policy));
        let mean = format!("{:.3}", costs / own.len() as f64);
        assert_eq!(words.next(), Some(&*mean), "{line}");
        // "12% @600/60" for each scenario.
        let places: Vec<&str> = words.filter(|word| word.starts_with('@')).collect();
        assert_eq!(places.len(), SCENARIOS.len(), "{line}");
        for (scenario, place) in SCENARIOS.iter().zip(places) {
            let (start_up, lag) = place[1..].split_once('/').unwrap();
            let [start_up, lag] = [start_up, lag].map(|s| s.parse().unwrap());
            let here = bad(row(&report, policy, scenario, start_up, lag));
            let under = own.iter().filter(|row| row["scenario"] == *scenario);
            assert!(under.map(|row| bad(row)).all(|b| b <= here), "{line}");
        }
    }
    let page = dir.read("plimsoll-report.html");
    let tables = page.split("<table class=\"matrix\">").skip(1);
    let cells = tables.map(|t| t.split("</table>").next().unwrap().matches("<td").count());
    assert_eq!(
        cells.collect::<Vec<_>>(),
        [CELLS; SCENARIOS.len() * DEFAULTS.len()]
    );
}
