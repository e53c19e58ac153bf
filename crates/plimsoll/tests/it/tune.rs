//! `plimsoll tune`: what it finds, and that what it writes does what it says.

use std::process::Command;

use serde_json::{Value, json};

use crate::{CPU, Dir, MEMORY, PLIMSOLL, REQUESTS, START_S, manifest, number, trace, waves};

/// Searched and judged for 13 hours each.
const ARGS: &[&str] = &["--tick", "60s", "--train", "0.5"];

/// Hours of waves with a draw on every minute.
fn noisy(hours: u32) -> String {
    let mut state = 1_u64;
    trace((0..hours * 60).map(|minute| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let phase = minute % 60;
        1200 + 360 * phase.min(60 - phase) + (state >> 33) as u32 % 3000
    }))
}

fn dir(policy: &str) -> Dir {
    Dir::new().with("t.csv", noisy(26)).with("hpa.yaml", policy)
}

#[track_caller]
fn tune(dir: &Dir, args: &[&str]) -> Value {
    let args = [
        &["tune", "t.csv", "--policy", "hpa.yaml", "--json", "-"],
        ARGS,
        args,
    ]
    .concat();
    let run = dir.run(&args);
    assert_eq!(run.stderr, "");
    let tuning: Value = serde_json::from_str(&run.stdout).unwrap();
    let kept = number(&tuning["after"]["train"]["bad_share"]) <= number(&tuning["bad_limit"]);
    assert_eq!(run.code, Some(if kept { 0 } else { 1 }));
    tuning
}

/// The policy of the written manifest, replayed on the judged part.
#[track_caller]
fn replay(dir: &Dir, tuning: &Value, file: &str) -> Value {
    let from = tuning["judged_from_s"].to_string();
    let capacity = tuning["capacity_rps"].to_string();
    let report = dir.replay(&[
        "t.csv",
        "--policy",
        file,
        "--tick",
        "60s",
        "--from",
        &from,
        "--warm-up",
        "365d",
        "--capacity",
        &capacity,
    ]);
    report["policies"][0].clone()
}

const CONTAINER: &str = "    - type: ContainerResource
      containerResource:
        name: cpu
        container: app
        target: {type: Utilization, averageUtilization: 70}
";
const EXTERNAL: &str = "    - type: External
      external:
        metric: {name: queue_rps, selector: {matchLabels: {queue: \"1\"}}}
        target: {type: AverageValue, averageValue: 30500m}
";
const DISABLED: &str = "  behavior:
    scaleDown: {selectPolicy: Disabled, tolerance: 50m}
    scaleUp: {tolerance: 0.05}
";

/// Manifests of every kind that a load can drive.
fn manifests() -> Vec<(&'static str, String)> {
    let of = |metrics: &[&str]| manifest("web", 60, &metrics.concat());
    let bare = of(&[]).replace("  metrics:\n", "");
    vec![
        ("cpu", of(&[CPU])),
        ("no metric given", bare),
        ("a metric that is left out", of(&[MEMORY, CPU])),
        ("two metrics", of(&[CPU, REQUESTS])),
        ("rate", of(&[REQUESTS])),
        ("container", of(&[CONTAINER])),
        (
            "to zero",
            of(&[EXTERNAL]).replace("minReplicas: 2", "minReplicas: 0"),
        ),
        ("no minimum", of(&[CPU]).replace("  minReplicas: 2\n", "")),
        ("forbidden direction", of(&[CPU, DISABLED])),
        (
            "target 1 %",
            of(&[CPU]).replace("averageUtilization: 70", "averageUtilization: 1"),
        ),
        (
            "target 100 %",
            of(&[CPU]).replace("averageUtilization: 70", "averageUtilization: 100"),
        ),
        (
            "maximum below the need",
            of(&[CPU]).replace("maxReplicas: 60", "maxReplicas: 3"),
        ),
    ]
}

#[test]
fn the_written_manifest_replays_to_the_judged_figures() {
    for (name, policy) in manifests() {
        let dir = dir(&policy);
        let tuning = tune(&dir, &["--bad", "2%", "--capacity", "50"]);
        for (side, file) in [("before", "hpa.yaml"), ("after", "plimsoll-hpa.yaml")] {
            let (judged, replayed) = (&tuning[side]["test"], replay(&dir, &tuning, file));
            for figure in ["cost_ratio", "bad_share", "reversals_per_day"] {
                assert_eq!(judged[figure], replayed[figure], "{name}: {side} {figure}");
            }
            assert_eq!(
                tuning[side]["setting"]["target"], replayed["setting"],
                "{name}: {side}"
            );
        }
    }
}

#[test]
fn nothing_worse_than_the_manifest_is_returned() {
    for (name, policy) in manifests() {
        let dir = dir(&policy);
        for bad in ["0.1%", "2%", "100%"] {
            let limit = if bad == "100%" {
                1.0
            } else {
                bad[..bad.len() - 1].parse::<f64>().unwrap() / 100.0
            };
            let tuning = tune(&dir, &["--bad", bad, "--capacity", "50"]);
            let figure = |side: &str, figure: &str| number(&tuning[side]["test"][figure]);
            let (before, after) = (figure("before", "bad_share"), figure("after", "bad_share"));
            assert!(after <= before.max(limit), "{name} {bad}: {tuning}");
            if before <= limit {
                let (before, after) = (
                    figure("before", "cost_ratio"),
                    figure("after", "cost_ratio"),
                );
                assert!(after <= before, "{name} {bad}: {tuning}");
            }
        }
    }
}

#[test]
fn figures_have_their_fields() {
    let dir = dir(&manifest("web", 60, CPU));
    let tuning = tune(&dir, &["--bad", "2%"]);
    assert_eq!(
        tuning["before"]["setting"],
        json!({"target": 0.7, "min_replicas": 2, "behavior": null})
    );
    assert_eq!(
        (&tuning["trace"], &tuning["bad_limit"]),
        (&json!("t"), &json!(0.02))
    );
    assert_eq!(tuning["judged_from_s"], START_S + 13 * 3600);
    assert_eq!(tuning["changed"], true);
    let equal = &tuning["before_at_equal_bad"];
    let after = &tuning["after"]["test"];
    assert!(
        number(&equal["bad_share"]) <= number(&after["bad_share"]),
        "{tuning}"
    );
    assert!(number(&after["cost_ratio"]) > 1.0);
}

/// A manifest without metrics stands for CPU at 80 %, and that target is turned as any other.
#[test]
fn the_target_that_goes_without_saying_is_turned_and_written() {
    let bare = manifest("web", 60, "").replace("  metrics:\n", "");
    let dir = dir(&bare);
    let tuning = tune(
        &dir,
        &[
            "--bad",
            "0.5%",
            "--keep",
            "windows",
            "--keep",
            "rates",
            "--keep",
            "tolerance",
        ],
    );
    assert_eq!(tuning["before"]["setting"]["target"], 0.8);
    let target = number(&tuning["after"]["setting"]["target"]);
    assert!(target < 0.7, "{tuning}");
    let percent = (target * 100.0).round();
    let text = dir.read("plimsoll-hpa.yaml");
    assert!(
        text.contains(&format!("averageUtilization: {percent}\n")),
        "{text}"
    );
}

/// Waves so slow that scaling in would be cheaper and calm.
#[test]
fn a_forbidden_direction_stays_forbidden() {
    let slow = trace((0..26 * 60).map(|minute| {
        let phase = minute % 360;
        1200 + 60 * phase.min(360 - phase)
    }));
    let dir = dir(&manifest("web", 60, &[CPU, DISABLED].concat())).with("t.csv", slow);
    for bad in ["100%", "5%"] {
        let tuning = tune(&dir, &["--bad", bad]);
        let down = &tuning["after"]["setting"]["behavior"]["scaleDown"];
        assert_eq!(
            (&down["selectPolicy"], &down["policies"]),
            (&json!("Disabled"), &Value::Null)
        );
    }
}

#[test]
fn the_fewest_replicas_only_go_up() {
    for (own, bad) in [(2, "0.5%"), (30, "100%")] {
        let policy =
            manifest("web", 60, CPU).replace("minReplicas: 2", &format!("minReplicas: {own}"));
        let dir = dir(&policy);
        for flags in [&["--bad", bad][..], &["--bad", bad, "--capacity", "10"]] {
            let tuned = tune(&dir, flags);
            let min = &tuned["after"]["setting"]["min_replicas"];
            assert!(number(min) >= f64::from(own), "{tuned}");
            let turned = *min != own;
            let is_noted = tuned["notes"].to_string().contains("without --capacity");
            assert_eq!(is_noted, turned && flags.len() == 2, "{tuned}");
        }
    }
}

#[test]
fn knobs_that_are_kept_are_not_turned() {
    let dir = dir(&manifest("web", 60, CPU));
    let only = |knob: &str| {
        let all = ["target", "windows", "rates", "tolerance", "min"];
        let keep: Vec<&str> = all
            .iter()
            .filter(|k| **k != knob)
            .flat_map(|k| ["--keep", k])
            .collect();
        tune(&dir, &[&keep[..], &["--bad", "100%"]].concat())["after"]["setting"].clone()
    };
    let target = only("target");
    assert_eq!(
        (&target["behavior"], target["target"] != json!(0.7)),
        (&Value::Null, true)
    );
    for (knob, field) in [
        ("windows", "stabilizationWindowSeconds"),
        ("tolerance", "tolerance"),
    ] {
        let setting = only(knob);
        assert_eq!(setting["target"], 0.7);
        let text = setting["behavior"].to_string();
        let others = ["stabilizationWindowSeconds", "tolerance", "policies"];
        for other in others.iter().filter(|o| **o != field) {
            assert!(!text.contains(other), "{knob}: {text}");
        }
        assert!(text.contains(field), "{knob}: {text}");
    }
}

/// Nothing but the tuned values differs; where that is not safe, a note says so.
#[test]
fn the_written_manifest_is_the_file_with_other_values() {
    let only = [
        "--keep",
        "windows",
        "--keep",
        "rates",
        "--keep",
        "tolerance",
        "--keep",
        "min",
    ];
    let args = [
        &["tune", "t.csv", "--policy", "hpa.yaml", "--bad", "0.5%"],
        ARGS,
        &only,
    ]
    .concat();
    let policy = manifest("web", 60, CPU)
        .replace("spec:", "# busy at noon\nspec:")
        .replace(
            "averageUtilization: 70\n",
            "averageUtilization: 70 # why not\n",
        )
        + "---\n# the rest is elsewhere\n";
    let dir_of = dir(&policy);
    let text = dir_of.run(&args).ok();
    assert!(!text.contains("written anew"), "{text}");
    let (head, rest) = policy.split_once("70 # why").unwrap();
    let made = dir_of.read("plimsoll-hpa.yaml");
    let target = made
        .strip_prefix(head)
        .and_then(|m| m.strip_suffix(&format!(" # why{rest}")));
    let target: u32 = target.unwrap_or_else(|| panic!("{made}")).parse().unwrap();
    assert!((10..=100).contains(&target) && target != 70, "{made}");

    let anchored = policy.replace("averageUtilization: 70", "averageUtilization: &target 70");
    let dir_of = dir(&anchored);
    let text = dir_of.run(&args).ok();
    let note =
        "the manifest is written anew, without comments and in the order of its keys: an anchor";
    assert!(text.contains(&format!("note: {note}")), "{text}");
    let made = dir_of.read("plimsoll-hpa.yaml");
    assert!(made.starts_with("# Written by plimsoll tune"), "{made}");
    assert!(made.contains(&format!("# {note}")), "{made}");
    assert!(
        made.contains(&format!("averageUtilization: {target}\n")),
        "{made}"
    );
}

/// More replicas than the manifest allows would be needed: a lower target costs and helps nobody.
#[test]
fn a_limit_out_of_reach_does_not_buy_replicas_that_help_nobody() {
    let dir = dir(&manifest("web", 3, CPU));
    let args = [
        "tune", "t.csv", "--policy", "hpa.yaml", "--bad", "0.1%", "--json", "f.json",
    ];
    let run = dir.run(&[&args[..], ARGS].concat());
    assert_eq!((run.code, run.stderr.as_str()), (Some(1), ""));
    let text = run.stdout;
    assert_eq!(
        dir.names(),
        ["f.json", "hpa.yaml", "plimsoll-hpa.yaml", "t.csv"]
    );
    assert!(
        text.contains("no setting that was tried keeps bad requests to 0.10%"),
        "{text}"
    );
    assert!(text.contains("it may run 3 replicas at most"), "{text}");
    let tuning: Value = serde_json::from_str(&dir.read("f.json")).unwrap();
    let cost = |side: &str| number(&tuning[side]["train"]["cost_ratio"]);
    assert!(cost("after") <= 1.1 * cost("before"), "{tuning}");
}

#[test]
fn what_is_printed_says_what_changed_and_what_to_know() {
    let dir = dir(&manifest("web", 60, &[CPU, MEMORY].concat()));
    let args = ["tune", "t.csv", "--policy", "hpa.yaml", "--bad", "2%"];
    let text = dir.run(&[&args[..], ARGS].concat()).ok();
    for part in [
        "t: at most 2.0% bad requests; searched before, judged from 1998-06-09T13:00:00Z on",
        "\nbefore  ",
        "\nafter  ",
        "than the manifest as it was",
        "note: left out, since a load trace says nothing about it: memory",
        "plimsoll-hpa.yaml\n",
    ] {
        assert!(text.contains(part), "{part:?}: {text}");
    }
    assert_eq!(dir.names(), ["hpa.yaml", "plimsoll-hpa.yaml", "t.csv"]);
    let tolerance = dir.read("plimsoll-hpa.yaml").contains("tolerance: ");
    assert_eq!(
        text.contains("note: a tolerance needs Kubernetes 1.35"),
        tolerance,
        "{text}"
    );
}

/// The judged half is harder: what just keeps the limit on the searched one breaks it there.
#[test]
fn a_limit_that_does_not_hold_is_aimed_at_more_carefully() {
    let harder = trace((0..26 * 60).map(|minute| {
        let (phase, draw) = (minute % 360, minute * 7919 % 500);
        let times = if minute < 13 * 60 { 1 } else { 3 };
        1200 + 40 * phase.min(360 - phase) + times * draw
    }));
    let policy =
        manifest("web", 60, CPU).replace("averageUtilization: 70", "averageUtilization: 5");
    let dir = dir(&policy).with("t.csv", harder);
    let tuning = tune(&dir, &["--bad", "2%"]);
    let figure = |side: &str, part: &str, name: &str| number(&tuning[side][part][name]);
    assert_eq!(tuning["changed"], true);
    assert!(figure("after", "test", "bad_share") <= 0.02, "{tuning}");
    assert!(figure("after", "test", "cost_ratio") < 0.5 * figure("before", "test", "cost_ratio"));
    let args = ["tune", "t.csv", "--policy", "hpa.yaml", "--bad", "2%"];
    let text = dir.run(&[&args[..], ARGS].concat()).ok();
    assert!(
        text.contains("one with fewer bad requests there is taken"),
        "{text}"
    );
}

#[test]
fn a_constant_load_is_tuned_too() {
    let dir = Dir::new()
        .with("t.csv", crate::constant(26))
        .with("hpa.yaml", manifest("web", 60, CPU));
    let tuning = tune(&dir, &["--bad", "0.1%"]);
    assert_eq!(tuning["after"]["test"]["bad_share"], 0.0);
    assert!(
        number(&tuning["after"]["test"]["cost_ratio"])
            <= number(&tuning["before"]["test"]["cost_ratio"])
    );
}

#[test]
fn the_same_bytes_on_any_number_of_threads() {
    let one = dir(&manifest("web", 60, CPU));
    let two = dir(&manifest("web", 60, CPU));
    let args = [
        "tune", "t.csv", "--policy", "hpa.yaml", "--bad", "1%", "--json", "f.json", "--html",
        "p.html",
    ];
    let args = [&args[..], ARGS].concat();
    one.run(&args).ok();
    let mut single = Command::new("taskset");
    single.args(["-c", "0", PLIMSOLL]).args(&args);
    two.finish(single, "").ok();
    assert!(one.content() == two.content());
}

#[test]
fn the_page_says_what_it_shows() {
    let dir = Dir::new()
        .with("t.csv", waves(26))
        .with("hpa.yaml", manifest("web", 60, CPU));
    let args = [
        "tune", "t.csv", "--policy", "hpa.yaml", "--bad", "1%", "--html", "p.html",
    ];
    dir.run(&[&args[..], ARGS].concat()).ok();
    let page = dir.read("p.html");
    assert!(page.contains("with the judged part of t?"), "{page:.400}");
    assert!(page.contains("web as it was") && page.contains("web tuned"));
}
