//! Settings and policy files that `plimsoll replay` refuses.

use crate::bad_input::refused;
use crate::{CPU, Dir, constant, manifest, waves};

/// Runs a command line that cannot be right whatever the files hold: the parser may say more.
#[track_caller]
fn usage(args: &[&str], words: &[&str]) {
    let dir = Dir::new().with("t.csv", constant(1));
    let before = dir.content();
    let run = dir.run(args);
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{args:?}");
    let first = run.stderr.lines().next().unwrap();
    assert!(first.starts_with("error: "), "{args:?}: {first}");
    assert!(
        words.iter().all(|w| run.stderr.contains(w)),
        "{args:?}: {}",
        run.stderr
    );
    assert_eq!(dir.content(), before, "{args:?}");
}

#[test]
fn settings_out_of_range() {
    let dir = Dir::new().with("t.csv", waves(1));
    for (args, words) in [
        (&["--tick", "0"][..], &["tick is 0", "1 s", "1 h"][..]),
        (&["--tick", "2h"], &["tick", "1 h"]),
        (&["--tick", "10ms"], &["tick", "1 s"]),
        (&["--start-up", "2d"], &["start_up", "at most a day"]),
        (&["--start-up-max", "2d"], &["start_up", "at most a day"]),
        (&["--start-up", "5m", "--start-up-max", "1m"], &["start-up"]),
        (&["--lag", "2d"], &["lag", "at most a day"]),
        (&["--scrape", "2d"], &["scrape", "at most a day"]),
        (&["--drain", "2d"], &["drain", "at most a day"]),
        (&["--min", "5", "--max", "4"], &["min is 5", "max"]),
        (&["--max", "0"], &["max is 0", "1 …"]),
        (&["--max", "1000001"], &["max is 1000001", "1000000"]),
    ] {
        refused(&dir, &[&["t.csv"], args].concat(), words);
    }
}

#[test]
fn command_lines_that_cannot_be_right() {
    for (args, words) in [
        (&["reply"][..], &["reply"][..]),
        (
            &["replay", "t.csv", "--capacity", "0"],
            &["--capacity", "> 0"],
        ),
        (
            &["replay", "t.csv", "--capacity", "NaN"],
            &["--capacity", "> 0"],
        ),
        (
            &["replay", "t.csv", "--capacity=-1"],
            &["--capacity", "> 0"],
        ),
        (
            &["replay", "t.csv", "--utilization", "1.5"],
            &["--utilization", "at most 1"],
        ),
        (
            &["replay", "t.csv", "--utilization", "0%"],
            &["--utilization", "more than 0"],
        ),
        (
            &["replay", "t.csv", "--scenario", "flood"],
            &["--scenario", "metric-gap"],
        ),
        (&["replay", "t.csv", "--unit", "bytes"], &["--unit", "rps"]),
        (
            &["replay", "t.csv", "--start-up", "soon"],
            &["--start-up", "soon", "15s"],
        ),
        (&["replay", "t.csv", "--tick=-5s"], &["--tick"]),
        (&["replay", "t.csv", "--lag", "99999999999d"], &["lag"]),
        (
            &["replay", "t.csv", "--from", "yesterday"],
            &["--from", "1998-06-09"],
        ),
        (
            &["replay", "t.csv", "--from", "1998-02-30"],
            &["--from", "1998-02-30"],
        ),
        (&["replay", "t.csv", "--min=-1"], &["--min"]),
        (&["replay", "t.csv", "--max", "4294967296"], &["--max"]),
        (&["replay", "t.csv", "--seed", "x"], &["--seed"]),
        (&["replay", "t.csv", "u.csv"], &["u.csv"]),
        (&["replay", "t.csv", "--frm", "1h"], &["--frm"]),
        (&["replay", "t.csv", "--json"], &["--json"]),
    ] {
        usage(args, words);
    }
}

#[test]
fn nothing_to_do() {
    let run = Dir::new().run(&[]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    assert!(
        ["Usage:", "replay", "decide"]
            .iter()
            .all(|w| run.stderr.contains(w)),
        "{run:?}"
    );
}

#[test]
fn both_reports_on_standard_output() {
    let dir = Dir::new().with("t.csv", waves(1));
    let error = dir
        .run(&["replay", "t.csv", "--json", "-", "--html", "-"])
        .refused();
    assert!(
        error.contains("--json") && error.contains("--html"),
        "{error}"
    );
    assert_eq!(dir.names(), ["t.csv"]);
}

#[test]
fn policy_files_that_make_no_sense() {
    let cpu = manifest("api", 10, CPU);
    let misspelt = cpu.replace("maxReplicas", "maxReplica");
    let inverted = cpu.replace("minReplicas: 2", "minReplicas: 20");
    let old = cpu.replace("autoscaling/v2", "autoscaling/v1");
    let two = format!(
        "{cpu}---\n{}",
        cpu.replace("averageUtilization: 70", "averageUtilization: x")
    );
    let cases: &[(&str, &str, &[&str])] = &[
        (
            "p.conf",
            "kind = \"fixed\"\nreplicas = 1\n",
            &[".yaml", ".toml"],
        ),
        ("p", "kind = \"fixed\"\nreplicas = 1\n", &[".yaml", ".toml"]),
        ("p.yaml", "", &["HorizontalPodAutoscaler"]),
        ("p.yaml", "a: [1\n", &["p.yaml:2"]),
        (
            "p.yaml",
            &misspelt,
            &["p.yaml:11:3", "maxReplica", "maxReplicas"],
        ),
        ("p.yaml", &inverted, &["p.yaml:10", "20", "10"]),
        ("p.yaml", &old, &["p.yaml:1", "autoscaling/v1"]),
        ("p.yaml", &two, &["p.yaml:", "averageUtilization"]),
        (
            "p.toml",
            "kind = \"fixed\"\nreplicas = 1\nreplica = 2\n",
            &["p.toml:3:1", "replica"],
        ),
        (
            "p.toml",
            "kind = \"fixd\"\nreplicas = 1\n",
            &["p.toml:1", "fixd", "fixed"],
        ),
        ("p.toml", "kind = \"fixed\"\n", &["p.toml", "replicas"]),
        (
            "p.toml",
            "kind = \"fixed\"\nreplicas = -1\n",
            &["p.toml:2", "replicas", "-1"],
        ),
        ("p.toml", "kind = \n", &["p.toml:1"]),
        (
            "p.toml",
            "kind = \"kpa\"\ntarget_utilization = 1.6\n",
            &["p.toml:2", "target_utilization", "1.6", "1.5"],
        ),
        (
            "p.toml",
            "kind = \"kpa\"\ntarget_utilization = 0.7\n[bounds]\nmin = 500\n",
            &["p.toml", "500", "400"],
        ),
    ];
    for (file, text, words) in cases {
        let dir = Dir::new().with("t.csv", waves(1)).with(file, text);
        refused(
            &dir,
            &["t.csv", "--policy", file],
            &[&[*file], *words].concat(),
        );
    }
    let dir = Dir::new().with("t.csv", waves(1)).with("good.yaml", &cpu);
    let flags = ["t.csv", "--policy", "good.yaml", "--policy", "missing.yaml"];
    refused(&dir, &flags, &["missing.yaml", "cannot be read"]);
}
