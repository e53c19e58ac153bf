//! What `plimsoll decide` refuses: one line, exit code 2, and no file created or changed.

use crate::decide::{seen, total};
use crate::{CPU, Dir, manifest};

fn dir() -> Dir {
    let one = manifest("api", 20, CPU);
    Dir::new()
        .with("two.yaml", format!("{one}---\n{one}"))
        .with("hpa.yaml", one)
        .with("share.toml", "kind = \"kpa\"\ntarget_utilization = 0.5\n")
}

/// Runs a decision that must be refused with a line that holds all of `words`.
#[track_caller]
fn refused(dir: &Dir, args: &[&str], input: &str, words: &[&str]) {
    let before = dir.content();
    let error = dir.run_with(&[&["decide"], args].concat(), input).refused();
    for word in words {
        assert!(error.contains(word), "{args:?}: no {word:?} in {error}");
    }
    assert_eq!(dir.content(), before, "{args:?}");
}

#[test]
fn observations_that_make_no_sense() {
    let good = seen(4, 900);
    let edited = |from: &str, to: &str| {
        assert!(good.contains(from), "{from} not in {good}");
        good.replacen(from, to, 1)
    };
    let cases: &[(&str, &[&str])] = &[
        ("", &["standard input:1:", "EOF"]),
        ("{", &["standard input:1:1", "EOF"]),
        (
            "{\n  \"spec_replicas\": 2,\n  \"status_replicas\" 2\n}",
            &["standard input:3:21"],
        ),
        (
            "{\"spec_replicas\": 2}",
            &["standard input:1:", "status_replicas"],
        ),
        ("7", &["standard input:1:1"]),
        (&format!("{good} x"), &["standard input:1:", "trailing"]),
        (
            &edited("spec_replicas", "specReplicas"),
            &["standard input:1:", "specReplicas"],
        ),
        (
            &edited("\"ready\"", "\"redy\""),
            &["standard input:1:", "redy", "ready"],
        ),
        (
            &edited("\"count\"", "\"number\""),
            &["standard input:1:", "number"],
        ),
        (
            &edited("\"1d\"", "\"a day\""),
            &["standard input:1:", "a day"],
        ),
        (&edited("900", "900.5"), &["standard input:1:", "900.5"]),
        (
            &edited("\"spec_replicas\":4", "\"spec_replicas\":-4"),
            &["standard input:1:", "-4"],
        ),
    ];
    for (input, words) in cases {
        refused(
            &dir(),
            &[
                "--policy", "hpa.yaml", "--now", "0s", "--state", "s", "--json", "d",
            ],
            input,
            words,
        );
    }
}

#[test]
fn an_unknown_field_of_a_total() {
    let input = total(45_000).replace("\"values_milli\"", "\"agee\":\"9m\",\"values_milli\"");
    let flags = ["--policy", "share.toml", "--capacity", "20"];
    refused(&dir(), &flags, &input, &["standard input:1:", "agee"]);
}

#[test]
fn text_that_is_none() {
    let dir = dir();
    let mut shell = std::process::Command::new("sh");
    let script = "printf '\\377' | \"$0\" decide --policy hpa.yaml";
    shell.args(["-c", script, crate::PLIMSOLL]);
    let error = dir.finish(shell, "").refused();
    assert!(error.contains("standard input"), "{error}");
}

#[test]
fn a_reading_too_few_or_too_many() {
    let none = r#"{"spec_replicas":1,"status_replicas":1}"#;
    let two = r#"{"spec_replicas":1,"status_replicas":1,"readings":["failed","failed"]}"#;
    let kpa = ["--policy", "share.toml", "--capacity", "10"];
    for flags in [&["--policy", "hpa.yaml"][..], &kpa] {
        refused(&dir(), flags, none, &["readings", "0", "1"]);
        refused(&dir(), flags, two, &["readings", "2", "1"]);
    }
}

#[test]
fn policies_that_are_not_one() {
    let dir = dir();
    refused(
        &dir,
        &["--policy", "two.yaml"],
        &seen(1, 1),
        &["two.yaml", "2 policies", "1"],
    );
    refused(
        &dir,
        &["--policy", "none.yaml"],
        &seen(1, 1),
        &["none.yaml", "cannot be read"],
    );
    refused(&dir, &["--policy", "none"], &seen(1, 1), &["none", ".yaml"]);
}

#[test]
fn a_share_of_an_unknown_capacity() {
    let words = ["share.toml", "target_utilization", "--capacity"];
    refused(&dir(), &["--policy", "share.toml"], &total(45_000), &words);
}

#[test]
fn states_that_make_no_sense() {
    let flags = ["--policy", "hpa.yaml", "--now", "0s", "--state", "s.json"];
    for (state, words) in [
        ("", &["s.json:1:"][..]),
        ("{\"hpa\":{}}", &["s.json:1:"]),
        ("{\"vpa\":{}}", &["s.json:1:", "vpa"]),
        ("[]", &["s.json:1:"]),
    ] {
        refused(&dir().with("s.json", state), &flags, &seen(1, 1), words);
    }
    let dir = dir();
    std::fs::create_dir(dir.path().join("s.json")).unwrap();
    refused(&dir, &flags, &seen(1, 1), &["s.json", "cannot be read"]);
}

#[test]
fn the_state_of_another_kind() {
    let dir = dir();
    let flags = [
        "decide",
        "--policy",
        "share.toml",
        "--capacity",
        "9",
        "--now",
        "0s",
        "--state",
        "s.json",
    ];
    dir.run_with(&flags, &total(1)).ok();
    let hpa = ["--policy", "hpa.yaml", "--now", "0s", "--state", "s.json"];
    refused(&dir, &hpa, &seen(1, 1), &["s.json", "another kind"]);
}

/// Neither the decision nor the state that goes with it is written where one of them cannot be.
#[test]
fn results_that_cannot_be_written() {
    for (json, state) in [("none/d.json", "s.json"), ("d.json", "none/s.json")] {
        let flags = [
            "--policy", "hpa.yaml", "--json", json, "--now", "0s", "--state", state,
        ];
        refused(&dir(), &flags, &seen(1, 1), &["none/"]);
    }
}

#[test]
fn the_policy_must_be_named() {
    let run = dir().run_with(&["decide"], &seen(1, 1));
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    assert!(
        run.stderr.starts_with("error: ") && run.stderr.contains("--policy"),
        "{}",
        run.stderr
    );
}
