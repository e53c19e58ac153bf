//! `plimsoll replay`: its figures as JSON, and the table.

use serde_json::Value;

use crate::{CPU, Dir, manifest, near, number, trace, waves};

/// The policies that are replayed where none is named.
pub(crate) const DEFAULTS: [&str; 6] = [
    "hpa",
    "kpa",
    "kpa-delay",
    "target-tracking",
    "step",
    "predictive",
];

/// The accepted shares of bad demand that a sweep of `predictive` tries.
const ACCEPTED: [f64; 16] = [
    0.04, 0.03, 0.02, 0.015, 0.01, 0.007, 0.005, 0.003, 0.002, 0.0015, 0.001, 0.0007, 0.0005,
    0.0003, 0.0002, 0.0001,
];

const ONE_DAY: [&str; 4] = ["--from", "1998-06-09", "--to", "1998-06-10"];

#[test]
fn needs_no_arguments_and_writes_both_reports() {
    let dir = Dir::new();
    let text = dir.run(&[&["replay"][..], &ONE_DAY].concat()).ok();
    assert_eq!(
        dir.names(),
        ["plimsoll-report.html", "plimsoll-report.json"]
    );
    for name in dir.names() {
        let path = dir.path().canonicalize().unwrap().join(name);
        assert!(
            text.contains(&*path.to_string_lossy()),
            "{path:?} not in {text}"
        );
    }
    let rows = |name: &str| {
        text.lines()
            .filter(|l| l.split(' ').next() == Some(name))
            .count()
    };
    assert_eq!(DEFAULTS.map(rows), [1; DEFAULTS.len()], "{text}");
    assert_eq!(
        text.lines().filter(|l| l.starts_with("policy ")).count(),
        1,
        "{text}"
    );
    let at = |name: &str| {
        let line = text.lines().find(|l| l.split(' ').next() == Some(name));
        line.and_then(|l| l.split_whitespace().nth(1))
    };
    assert_eq!((at("hpa"), at("predictive")), (Some("0.70"), Some("1%")));
    let legend = text.lines().find(|l| l.starts_with("at: ")).unwrap();
    assert!(legend.contains("target") && legend.contains('ε'), "{text}");
    let report: Value = serde_json::from_str(&dir.read("plimsoll-report.json")).unwrap();
    assert_eq!(report["trace"], "worldcup98_part1_1m");
    for policy in report["policies"].as_array().unwrap() {
        let ladder = policy["ladder"].as_array();
        assert_eq!(ladder.is_some(), policy["kind"] == "predictive");
        for followed in ladder.into_iter().flatten() {
            assert!(followed["brisk"].is_boolean() && number(&followed["price"]) > 0.0);
            let share = number(&followed["share_of_time"]);
            assert!(share > 0.0 && share <= 1.0, "{followed}");
        }
    }
}

#[test]
fn the_report_has_the_fields_of_the_contract() {
    let report = Dir::new().replay(&ONE_DAY);
    let has = |value: &Value, fields: &[&str]| {
        for field in fields {
            assert!(value.get(field).is_some(), "{field} is missing in {value}");
        }
    };
    has(
        &report,
        &[
            "trace",
            "start_up_s",
            "lag_s",
            "tick_s",
            "optimum_replica_seconds",
        ],
    );
    let header = ["start_up_s", "lag_s", "tick_s"].map(|f| number(&report[f]) as u32);
    assert_eq!(header, [60, 30, 15]);
    let policies = report["policies"].as_array().unwrap();
    let names: Vec<&Value> = policies.iter().map(|p| &p["name"]).collect();
    assert_eq!(names, DEFAULTS);
    let kinds: Vec<&Value> = policies.iter().map(|p| &p["kind"]).collect();
    assert_eq!(
        kinds,
        ["hpa", "kpa", "kpa", "target-tracking", "step", "predictive"]
    );
    let figures = ["cost_ratio", "bad_share", "reversals_per_day"];
    for policy in policies {
        has(
            policy,
            &["name", "kind", "static_peak_ratio", "changes_per_day"],
        );
        has(policy, &figures);
        let frontier = policy["frontier"].as_array().unwrap();
        let limits: Vec<f64> = frontier.iter().map(|p| number(&p["bad_limit"])).collect();
        assert_eq!(limits, [0.01, 0.001, 0.0001]);
        for point in frontier {
            has(
                point,
                &["bad_limit", "cost_ratio", "setting", "reversals_per_day"],
            );
        }
        let sweep = policy["sweep"].as_array().unwrap();
        let settings: Vec<f64> = match policy["kind"].as_str() {
            Some("predictive") => ACCEPTED.to_vec(),
            _ => (15..=80)
                .map(|percent| f64::from(percent) / 100.0)
                .collect(),
        };
        assert_eq!(sweep.len(), settings.len());
        for (point, setting) in sweep.iter().zip(settings) {
            has(point, &figures);
            assert!(near(number(&point["setting"]), setting), "{point}");
        }
    }
}

/// Paths of the nulls in a value.
fn nulls(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Null => found.push(path.to_owned()),
        Value::Array(items) => items.iter().for_each(|v| nulls(v, path, found)),
        Value::Object(fields) => {
            for (key, value) in fields {
                nulls(value, &format!("{path}/{key}"), found);
            }
        }
        _ => {}
    }
}

#[track_caller]
fn assert_figures_are_numbers(report: &Value, allowed: &[&str]) {
    let mut found = Vec::new();
    nulls(report, "", &mut found);
    found.sort();
    found.dedup();
    assert_eq!(found, allowed, "a figure is not a number");
}

#[test]
fn a_calm_load_has_a_figure_everywhere() {
    // A day's wave: alarms of five minutes can follow it.
    let day = trace((0..1440_u32).map(|minute| 1200 + 15 * minute.min(1440 - minute)));
    let dir = Dir::new().with("t.csv", day);
    assert_figures_are_numbers(
        &dir.replay(&["t.csv", "--start-up", "0", "--lag", "0"]),
        &[],
    );
}

#[test]
fn a_limit_that_is_never_kept_is_null_and_shown_as_never() {
    // Jumps by a factor of 1000 without warning.
    let jumps = trace((0..360).map(|i| if (i / 30) % 2 == 0 { 60 } else { 60_000 }));
    let dir = Dir::new().with("jumps.csv", jumps);
    let report = dir.replay(&["jumps.csv"]);
    let frontier = "/policies/frontier";
    assert_figures_are_numbers(
        &report,
        &["cost_ratio", "reversals_per_day", "setting"]
            .map(|f| format!("{frontier}/{f}"))
            .each_ref()
            .map(String::as_str),
    );
    for policy in report["policies"].as_array().unwrap() {
        let last = &policy["frontier"][2];
        assert!(
            last["cost_ratio"].is_null() && last["setting"].is_null(),
            "{last}"
        );
    }
    let text = dir.run(&["replay", "jumps.csv"]).ok();
    assert_eq!(
        text.lines().filter(|l| l.ends_with("never")).count(),
        DEFAULTS.len(),
        "{text}"
    );
}

/// Or the capacity is refused.
#[test]
fn figures_stay_numbers_at_absurd_capacities() {
    let dir = Dir::new().with("t.csv", waves(1));
    for capacity in ["1e-320", "1e-9", "1e300"] {
        let run = dir.run(&["replay", "t.csv", "--capacity", capacity, "--json", "-"]);
        if run.code == Some(2) {
            assert!(run.refused().contains("capacity"));
            continue;
        }
        let report: Value = serde_json::from_str(&run.ok()).unwrap();
        for policy in report["policies"].as_array().unwrap() {
            let bad = number(&policy["bad_share"]);
            assert!((0.0..=1.0).contains(&bad), "{capacity}: {bad}");
        }
    }
}

#[test]
fn the_frontier_is_the_cheapest_of_the_sweep() {
    let report = Dir::new().replay(&ONE_DAY);
    for policy in report["policies"].as_array().unwrap() {
        for point in policy["frontier"].as_array().unwrap() {
            let limit = number(&point["bad_limit"]);
            let within = policy["sweep"].as_array().unwrap().iter();
            let cheapest = within
                .filter(|p| number(&p["bad_share"]) <= limit)
                .map(|p| number(&p["cost_ratio"]))
                .reduce(f64::min);
            assert_eq!(point["cost_ratio"].as_f64(), cheapest, "{point}");
            let chosen = policy["sweep"].as_array().unwrap().iter();
            let same = chosen.filter(|p| p["setting"] == point["setting"]);
            assert!(same.clone().count() == 1, "{point}");
            same.for_each(|p| assert_eq!(p["cost_ratio"], point["cost_ratio"]));
        }
    }
}

#[test]
fn the_sweep_at_a_policys_own_setting_is_its_own_row() {
    let dir = Dir::new().with("api.yaml", manifest("api", 400, CPU));
    let args = [&ONE_DAY[..], &["--policy", "api.yaml"]].concat();
    for report in [dir.replay(&ONE_DAY), dir.replay(&args)] {
        for policy in report["policies"].as_array().unwrap() {
            let usual = if policy["kind"] == "predictive" {
                0.01
            } else {
                0.7
            };
            assert!(
                near(number(&policy["setting"]), usual),
                "{}",
                policy["name"]
            );
            let sweep = policy["sweep"].as_array().unwrap().iter();
            let own: Vec<&Value> = sweep
                .filter(|point| near(number(&point["setting"]), usual))
                .collect();
            let [own] = own[..] else {
                panic!("{own:?}");
            };
            for field in ["cost_ratio", "bad_share", "reversals_per_day"] {
                assert_eq!(own[field], policy[field], "{} of {}", field, policy["name"]);
            }
        }
    }
}

#[test]
fn names_from_outside_cannot_break_the_table_or_the_page() {
    let policy = "name = \"<b>\\u001b[31m\\nx\"\nkind = \"fixed\"\nreplicas = 3\n";
    let dir = Dir::new()
        .with("<i>&.csv", waves(1))
        .with("odd.toml", policy);
    let text = dir
        .run(&["replay", "<i>&.csv", "--policy", "odd.toml"])
        .ok();
    let odd = text.chars().find(|c| c.is_control() && *c != '\n');
    assert_eq!(odd, None, "{text:?}");
    let page = dir.read("plimsoll-report.html");
    assert!(
        !page.contains("<i>") && page.contains("&lt;i&gt;"),
        "{page:.300}"
    );
}
