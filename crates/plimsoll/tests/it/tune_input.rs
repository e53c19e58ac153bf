//! `plimsoll tune`: what it refuses, before anything is written.

use crate::{CPU, Dir, MEMORY, constant, manifest, trace, waves};

fn dir() -> Dir {
    Dir::new()
        .with("t.csv", waves(26))
        .with("hpa.yaml", manifest("web", 60, CPU))
}

#[track_caller]
fn refused(dir: &Dir, args: &[&str], parts: &[&str]) {
    let before = dir.content();
    let args = [&["tune", "t.csv", "--tick", "60s", "--train", "0.5"], args].concat();
    let error = dir.run(&args).refused();
    for part in parts {
        assert!(error.contains(part), "{part:?} in {error}");
    }
    assert_eq!(dir.content(), before, "{args:?}");
}

#[test]
fn parts_too_short_or_without_load() {
    let run = |load: String, train: &str, parts: &[&str]| {
        let dir = dir().with("t.csv", load);
        let before = dir.content();
        let args = [
            "tune", "t.csv", "--policy", "hpa.yaml", "--tick", "60s", "--train", train,
        ];
        let error = dir.run(&args).refused();
        for part in parts {
            assert!(error.contains(part), "{part:?} in {error}");
        }
        assert_eq!(dir.content(), before);
    };
    for (train, parts) in [
        ("1", &["--train is 1", "0.0 to judge", "half a day"][..]),
        ("0.01", &["--train is 0.01", "0.0 to search", "half a day"]),
    ] {
        run(waves(26), train, parts);
    }
    run(constant(20), "0.5", &["of 0.8 days", "half a day"]);
    let ones = |minute: u32, from: u32, to: u32| u32::from((from..to).contains(&minute)) * 100;
    let day = 24 * 60;
    run(
        trace((0..day).map(|m| ones(m, 0, day / 2))),
        "0.5",
        &["judged has no load"],
    );
    run(
        trace((0..day).map(|m| ones(m, day / 2, day))),
        "0.5",
        &["searched has no load"],
    );
    run(trace((0..day).map(|_| 0)), "0.5", &["no load"]);
}

#[test]
fn policies_that_are_no_manifest_of_one_hpa() {
    let dir = dir()
        .with(
            "two.yaml",
            format!("{}---\n{}", manifest("a", 9, CPU), manifest("b", 9, CPU)),
        )
        .with("memory.yaml", manifest("web", 9, MEMORY))
        .with("p.toml", "kind = \"kpa\"\ntarget_utilization = 0.7\n")
        .with("asg.tf", "resource \"aws_autoscaling_group\" \"web\" {}\n")
        .with(
            "wrong.yaml",
            manifest("web", 9, CPU).replace("maxReplicas", "maxReplica"),
        );
    for (file, parts) in [
        (
            "two.yaml",
            &["two.yaml", "holds 2 policies, must hold 1"][..],
        ),
        ("memory.yaml", &["memory.yaml", "memory"]),
        (
            "p.toml",
            &["p.toml", "manifest of a HorizontalPodAutoscaler"],
        ),
        (
            "asg.tf",
            &["asg.tf", "manifest of a HorizontalPodAutoscaler"],
        ),
        ("wrong.yaml", &["wrong.yaml:11:", "maxReplicas"]),
        ("absent.yaml", &["absent.yaml"]),
    ] {
        refused(&dir, &["--policy", file], parts);
    }
}

#[test]
fn a_list_of_one_is_a_manifest() {
    let json = r#"{"apiVersion": "v1", "kind": "List", "items": [{
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "labels": {"a": "yes"}, "resourceVersion": "1"},
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "minReplicas": 1, "maxReplicas": 60}
    }]}"#;
    let dir = dir().with("list.json", json);
    let args = [
        "tune",
        "t.csv",
        "--policy",
        "list.json",
        "--tick",
        "60s",
        "--train",
        "0.5",
        "--out",
        "-",
    ];
    let text = dir.run(&args).ok();
    let (head, _) = json.split_once("\"minReplicas\"").unwrap();
    assert!(text.starts_with(head), "{text}");
    let list: serde_json::Value = serde_json::from_str(&text).unwrap();
    let spec = &list["items"][0]["spec"];
    assert!(
        spec["metrics"][0]["resource"]["target"].is_object(),
        "{text}"
    );
    assert_eq!(dir.names(), ["hpa.yaml", "list.json", "t.csv"]);
}

#[test]
fn results_in_one_place_or_in_the_place_of_input() {
    let dir = dir();
    let policy = ["--policy", "hpa.yaml"];
    for (args, parts) in [
        (
            &["--out", "-", "--json", "-"][..],
            &["--json and --out"][..],
        ),
        (&["--out", "hpa.yaml"], &["hpa.yaml", "--policy and --out"]),
        (&["--out", "./t.csv"], &["the trace and --out"]),
        (&["--json", "plimsoll-hpa.yaml"], &["--json and --out"]),
        (&["--html", "hpa.yaml"], &["--policy and --html"]),
    ] {
        refused(&dir, &[&policy[..], args].concat(), parts);
    }
}

#[test]
fn knobs_that_leave_nothing_to_turn() {
    let dir = dir();
    let keep = |knobs: &[&str]| -> Vec<String> {
        let flags = knobs
            .iter()
            .flat_map(|k| ["--keep".to_owned(), (*k).to_owned()]);
        ["--policy".to_owned(), "hpa.yaml".to_owned()]
            .into_iter()
            .chain(flags)
            .collect()
    };
    let all = keep(&["target", "windows", "rates", "tolerance", "min"]);
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    refused(&dir, &all, &["--keep names every knob"]);
}

#[test]
fn flags_that_say_nothing_or_nonsense() {
    for (flag, value) in [
        ("--bad", "0"),
        ("--bad", "101%"),
        ("--bad", "x"),
        ("--train", "0"),
        ("--train", "1.5"),
        ("--keep", "speed"),
    ] {
        let dir = dir();
        let before = dir.content();
        let run = dir.run(&["tune", "t.csv", "--policy", "hpa.yaml", flag, value]);
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (Some(2), ""),
            "{flag} {value}"
        );
        let error = format!("error: invalid value '{value}' for '{flag} ");
        assert!(run.stderr.starts_with(&error), "{}", run.stderr);
        assert_eq!(dir.content(), before);
    }
}

#[test]
fn results_that_cannot_be_written_leave_the_others_alone() {
    let dir = dir();
    let args = [
        "--policy",
        "hpa.yaml",
        "--bad",
        "1%",
        "--json",
        "no/such/f.json",
    ];
    refused(&dir, &args, &["no/such/f.json", "cannot be written"]);
}
