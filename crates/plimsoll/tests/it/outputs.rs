//! Where results go, and that they arrive whole or not at all.

use std::os::unix::fs::FileTypeExt as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{Dir, waves};

fn dir() -> Dir {
    Dir::new().with("t.csv", waves(2))
}

#[test]
fn json_to_standard_output_is_all_there_is() {
    let dir = dir();
    let text = dir.run(&["replay", "t.csv", "--json", "-"]).ok();
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["trace"], "t");
    assert!(text.ends_with("}\n"));
    assert_eq!(dir.names(), ["t.csv"]);
}

#[test]
fn html_to_standard_output_is_all_there_is() {
    let dir = dir();
    let text = dir.run(&["replay", "t.csv", "--html", "-"]).ok();
    assert!(
        text.to_lowercase().starts_with("<!doctype html>"),
        "{text:.80}"
    );
    assert_eq!(text.to_lowercase().matches("<!doctype").count(), 1);
    assert_eq!(dir.names(), ["t.csv"]);
}

#[test]
fn only_the_files_asked_for_are_written() {
    for (args, names) in [
        (&["--json", "a.json"][..], &["a.json", "t.csv"][..]),
        (&["--html", "a.html"], &["a.html", "t.csv"]),
        (&["--html", "b", "--json", "a"], &["a", "b", "t.csv"]),
        (&["--html", "b", "--json", "-"], &["b", "t.csv"]),
        (
            &[],
            &["plimsoll-report.html", "plimsoll-report.json", "t.csv"],
        ),
    ] {
        let dir = dir();
        dir.run(&[&["replay", "t.csv"], args].concat()).ok();
        assert_eq!(dir.names(), names, "{args:?}");
    }
}

#[test]
fn the_table_is_printed_beside_a_file_and_names_it() {
    let dir = dir();
    let text = dir.run(&["replay", "t.csv", "--json", "a.json"]).ok();
    assert!(
        text.contains("policy ") && text.contains("a.json"),
        "{text}"
    );
    assert!(!text.contains("html"), "{text}");
}

#[test]
fn files_hold_what_standard_output_shows() {
    let dir = dir();
    let json = dir.run(&["replay", "t.csv", "--json", "-"]).ok();
    let html = dir.run(&["replay", "t.csv", "--html", "-"]).ok();
    dir.run(&["replay", "t.csv", "--json", "a.json", "--html", "a.html"])
        .ok();
    assert_eq!((dir.read("a.json"), dir.read("a.html")), (json, html));
}

#[test]
fn a_file_is_replaced() {
    let dir = dir().with("a.json", "x".repeat(1_000_000));
    dir.run(&["replay", "t.csv", "--json", "a.json"]).ok();
    let report: Value = serde_json::from_str(&dir.read("a.json")).unwrap();
    assert_eq!(report["trace"], "t");
    assert_eq!(dir.names(), ["a.json", "t.csv"]);
}

#[test]
fn a_file_that_cannot_be_written_leaves_the_other_one_alone() {
    for bad in ["missing/b.html", "sub"] {
        let dir = dir().with("a.json", "old");
        std::fs::create_dir(dir.path().join("sub")).unwrap();
        let before = dir.content();
        for flags in [
            ["--json", "a.json", "--html", bad],
            ["--html", "a.json", "--json", bad],
        ] {
            let error = dir
                .run(&[&["replay", "t.csv"][..], &flags].concat())
                .refused();
            assert!(error.contains(bad), "{error}");
            assert_eq!(dir.content(), before, "{flags:?}");
        }
    }
}

#[test]
fn one_file_cannot_hold_both_reports() {
    let dir = dir();
    let error = dir
        .run(&["replay", "t.csv", "--json", "a", "--html", "a"])
        .refused();
    assert!(
        error.contains("--json") && error.contains("--html"),
        "{error}"
    );
    assert_eq!(dir.names(), ["t.csv"]);
}

#[test]
fn a_pipe_is_written_into_and_not_replaced() {
    let dir = dir();
    let pipe = dir.path().join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let mut reader = Command::new("cat")
        .arg(&pipe)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let run = dir.run(&["replay", "t.csv", "--json", "pipe"]);
    let kept = std::fs::metadata(&pipe).unwrap().file_type().is_fifo();
    if !kept {
        reader.kill().unwrap();
    }
    let read = reader.wait_with_output().unwrap().stdout;
    assert!(kept, "the pipe was replaced by a file");
    run.ok();
    let report: Value = serde_json::from_slice(&read).unwrap();
    assert_eq!(report["trace"], "t");
}

#[test]
fn a_reader_that_stops_early_is_no_error() {
    let dir = dir();
    let mut command = Command::new("sh");
    let script = "\"$0\" replay t.csv --json - | head -c 10; exit 0";
    command.args(["-c", script, crate::PLIMSOLL]);
    let run = dir.finish(command, "");
    assert_eq!(
        (run.code, run.stderr.as_str(), run.stdout.len()),
        (Some(0), "", 10)
    );
}

#[test]
fn standard_error_is_silent_where_it_is_no_terminal() {
    let run = dir().run(&["replay", "t.csv"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
}
