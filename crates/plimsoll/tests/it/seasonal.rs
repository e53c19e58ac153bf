//! `predictive-seasonal`, and `forecast = "seasonal"` in a policy file.

use serde_json::Value;

use crate::replay::DEFAULTS;
use crate::{Dir, trace};

const SEASONAL: &str = "predictive-seasonal";

fn named<'a>(report: &'a Value, name: &str) -> &'a Value {
    let mut policies = report["policies"].as_array().unwrap().iter();
    policies.find(|p| p["name"] == name).unwrap()
}

/// Office hours of five days a week, with noise.
fn office(days: u32) -> String {
    trace((0..days * 1440).map(|minute| {
        let (day, ten) = (minute / 1440, minute / 10);
        let works = day % 7 < 5 && (540..1050).contains(&(minute % 1440));
        let noise = ten.wrapping_mul(2_654_435_761) >> 16;
        (if works { 60_000 } else { 8_000 }) * (950 + noise % 100) / 1000
    }))
}

#[test]
fn stands_beside_predictive_and_is_the_same_while_nothing_shows_better() {
    let dir = Dir::new();
    let report = dir.replay(&[
        "--policy",
        "predictive",
        "--policy",
        SEASONAL,
        "--from",
        "8d",
        "--to",
        "9d",
        "--warm-up",
        "8d",
        "--tick",
        "1m",
    ]);
    let (usual, seasonal) = (named(&report, "predictive"), named(&report, SEASONAL));
    assert_eq!(report["policies"].as_array().unwrap().len(), 2);
    for field in [
        "kind",
        "cost_ratio",
        "bad_share",
        "sweep",
        "frontier",
        "ladder",
    ] {
        assert!(!usual[field].is_null(), "{field}");
        assert_eq!(usual[field], seasonal[field], "{field}");
    }
}

#[test]
fn a_file_can_name_the_forecast() {
    let dir = Dir::new()
        .with("t.csv", trace((0..600).map(|m| 1000 + m * 7 % 500)))
        .with(
            "s.toml",
            "kind = \"predictive\"\naccepted_bad_share = 0.01\nforecast = \"seasonal\"\n",
        )
        .with(
            "a.toml",
            "kind = \"predictive\"\naccepted_bad_share = 0.01\nforecast = \"adaptive\"\n",
        )
        .with(
            "x.toml",
            "kind = \"predictive\"\naccepted_bad_share = 0.01\nforecast = \"seasonl\"\n",
        );
    let report = dir.replay(&["t.csv", "--policy", "s.toml", "--policy", "a.toml"]);
    assert_eq!(named(&report, "s")["kind"], "predictive");
    assert_eq!(named(&report, "s")["sweep"], named(&report, "a")["sweep"]);
    assert_eq!(
        dir.run(&["replay", "t.csv", "--policy", "x.toml"])
            .refused(),
        "error: x.toml:3:12: forecast has the unknown value \"seasonl\"; did you mean \"seasonal\"?"
    );
}

#[test]
fn long_loads_show_it_unasked() {
    let dir = Dir::new()
        .with("short.csv", office(23))
        .with("long.csv", office(24));
    let names = |file: &str| {
        let report = dir.replay(&[file, "--tick", "10m", "--start-up", "10m"]);
        let policies = report["policies"].as_array().unwrap().iter();
        policies
            .map(|p| p["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("short.csv"), DEFAULTS);
    assert_eq!(names("long.csv"), [&DEFAULTS[..], &[SEASONAL]].concat());
}

#[test]
fn its_state_is_its_own() {
    let dir = Dir::new()
        .with("a.toml", "kind = \"predictive\"\naccepted_bad_share = 0.01\ntarget_value = 50.0\n")
        .with(
            "s.toml",
            "kind = \"predictive\"\naccepted_bad_share = 0.01\ntarget_value = 50.0\nforecast = \"seasonal\"\n",
        );
    let seen = r#"{"spec_replicas": 2, "status_replicas": 2,
        "readings": [{"values": {"values_milli": [410000]}}]}"#;
    let decide = |policy: &str, state: &str, now: &str| {
        let args = ["decide", "--policy", policy, "--state", state, "--now", now];
        dir.run_with(&args, seen)
    };
    // Call by call it decides as the usual one does.
    for now in ["15s", "30s", "45s"] {
        assert_eq!(
            decide("s.toml", "s.json", now).ok(),
            decide("a.toml", "a.json", now).ok()
        );
    }
    let state: Value = serde_json::from_str(&dir.read("s.json")).unwrap();
    assert!(state["predictive_seasonal"].is_object(), "{state}");
    let refused = decide("a.toml", "s.json", "60s").refused();
    assert!(
        refused.ends_with("s.json: holds the state of another kind of policy"),
        "{refused}"
    );
}
