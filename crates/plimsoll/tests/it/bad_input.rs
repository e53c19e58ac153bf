//! What `plimsoll replay` refuses: one line that says what is wrong and where, exit code 2, and no
//! file created or changed.

use std::process::Command;

use crate::{Dir, PLIMSOLL, trace, waves};

/// Runs a replay that must be refused with a line that holds all of `words`.
#[track_caller]
pub(crate) fn refused(dir: &Dir, args: &[&str], words: &[&str]) {
    std::fs::write(dir.path().join("old.json"), "old").unwrap();
    let before = dir.content();
    let all = [
        &["replay"],
        args,
        &["--json", "old.json", "--html", "new.html"],
    ]
    .concat();
    let error = dir.run(&all).refused();
    for word in words {
        assert!(error.contains(word), "{args:?}: no {word:?} in {error}");
    }
    assert!(!error.contains("panicked"), "{error}");
    assert_eq!(dir.content(), before, "{args:?}");
}

#[test]
fn traces_that_are_not_there() {
    let dir = Dir::new();
    std::fs::create_dir(dir.path().join("sub")).unwrap();
    refused(&dir, &["missing.csv"], &["missing.csv", "cannot be read"]);
    refused(&dir, &["sub"], &["sub", "cannot be read"]);
    refused(&dir, &["sub/deep/t.csv"], &["sub/deep/t.csv"]);
}

#[test]
fn traces_that_make_no_sense() {
    let rows = |rows: &str| format!("timestamp,value\n{rows}");
    let cases: &[(&str, &[&str])] = &[
        ("", &["0 row", "at least 2"]),
        ("\n\n", &["0 row", "at least 2"]),
        ("timestamp,value\n", &["0 row", "at least 2"]),
        (&rows("0,5\n"), &["1 row", "at least 2"]),
        (&rows("0,5\n60,\n120,\n"), &["1 row", "at least 2"]),
        (&rows("0,5\n0,5\n"), &["at least 2"]),
        (
            &rows("0,5\nnoon,6\n"),
            &["t.csv:3", "timestamp", "\"noon\"", "seconds"],
        ),
        (
            &rows("0,5\n1998-06-09,6\n"),
            &["t.csv:3", "timestamp", "1998-06-09"],
        ),
        (&rows("0,5\nNaN,6\n"), &["t.csv:3", "timestamp", "NaN"]),
        (&rows("0,5\n1e12,6\n"), &["t.csv:3", "timestamp", "1e12"]),
        (
            &rows("0,5\n60,-1\n"),
            &["t.csv:3", "value", "\"-1\"", "from 0"],
        ),
        (&rows("0,5\n\n60,inf\n"), &["t.csv:4", "value", "\"inf\""]),
        (
            &rows("0,5\n60,1e16\n"),
            &["t.csv:3", "value", "\"1e16\"", "1e15"],
        ),
        (&rows("0,5\n60,many\n"), &["t.csv:3", "value", "\"many\""]),
        (
            &rows("0,5\n60,5\n30,5\n"),
            &["t.csv:4", "timestamp", "\"30\"", "no earlier"],
        ),
        (&rows("0,0\n60,0\n120,0\n"), &["t.csv", "0"]),
        (&rows("0,5\n60\n"), &["t.csv:3", "value", "two columns"]),
        (
            "time,load\n0,5\n60,5\n",
            &["t.csv:1", "header", "timestamp and value"],
        ),
        (
            "timestamp\n0\n60\n",
            &["t.csv:1", "header", "timestamp and value"],
        ),
        (
            &rows("0,5\n60,5\n10000000000,5\n"),
            &["t.csv", "steps of 60 s", "at most"],
        ),
        ("0;5\n60;5\n", &["t.csv:1", "header"]),
        ("0,api,5\n60,api,5\n", &["t.csv:1", "api"]),
    ];
    for (text, words) in cases {
        let words = [&["t.csv"], *words].concat();
        refused(&Dir::new().with("t.csv", text), &["t.csv"], &words);
    }
}

#[test]
fn a_column_more_needs_a_header() {
    refused(
        &Dir::new().with("t.csv", "0,7,5\n60,7,5\n120,7,5\n"),
        &["t.csv"],
        &["t.csv:1"],
    );
}

#[test]
fn bytes_that_are_no_text() {
    let text = b"timestamp,value\n0,5\n60,\xff\xfe\n120,5\n";
    refused(
        &Dir::new().with("t.csv", text),
        &["t.csv"],
        &["t.csv:3", "UTF-8"],
    );
}

/// A month of days, then one far away: more ticks than fit into memory.
#[test]
fn a_gap_of_a_thousand_years_in_a_trace_of_days() {
    let days = (0..30)
        .map(|day| format!("{},500\n", day * 86_400))
        .collect::<String>();
    let dir = Dir::new().with("t.csv", format!("{days}99999999999,500\n"));
    let before = dir.content();
    let mut limited = Command::new("sh");
    let script = "ulimit -v 4000000; exec \"$0\" \"$@\"";
    limited.args(["-c", script, PLIMSOLL, "replay", "t.csv"]);
    let error = dir.finish(limited, "").refused();
    assert!(error.contains("t.csv") || error.contains("tick"), "{error}");
    assert_eq!(dir.content(), before);
}

#[test]
fn parts_of_the_trace_that_hold_nothing() {
    let dir = Dir::new().with("t.csv", waves(2));
    for (args, words) in [
        (&["--from", "2h", "--to", "1h"][..], &["--from", "--to"][..]),
        (&["--from", "1h", "--to", "1h"], &["--from", "--to"]),
        (
            &["--from", "1998-06-10", "--to", "1998-06-11"],
            &["897357600"],
        ),
        (&["--from", "1999-01-01"], &["897357600"]),
        (
            &["--from", "1998-06-01", "--to", "1998-06-02"],
            &["897350400"],
        ),
        (&["--to", "1998-06-02"], &["--to"]),
        (&["--from", "10s", "--to", "20s"], &["no step"]),
    ] {
        refused(&dir, &[&["t.csv"], args].concat(), words);
    }
}

/// The message names what was given, not what follows from it.
#[test]
fn a_warm_up_that_leaves_nothing() {
    let dir = Dir::new().with("t.csv", waves(2));
    for warm_up in ["2h", "3d"] {
        refused(&dir, &["t.csv", "--warm-up", warm_up], &["warm"]);
    }
}

#[test]
fn a_part_shorter_than_a_tick() {
    let dir = Dir::new().with("t.csv", waves(2));
    refused(
        &dir,
        &["t.csv", "--from", "1h", "--to", "61m", "--tick", "2m"],
        &["tick"],
    );
}

#[test]
fn moments_beyond_any_trace() {
    let dir = Dir::new().with("t.csv", "0,5\n60,5\n120,5\n180,5\n");
    refused(
        &dir,
        &["t.csv", "--from", "9223372036854775807"],
        &["--from"],
    );
    // Later than the end is the end.
    let end = |to: &str| dir.replay(&["t.csv", "--to", to])["to_s"].clone();
    assert_eq!([end("36500d"), end("9223372036854775807")], [240, 240]);
}

#[test]
fn a_part_without_load() {
    let dir = Dir::new().with(
        "t.csv",
        trace((0..120).map(|i| if i < 60 { 0 } else { 600 })),
    );
    refused(&dir, &["t.csv", "--to", "30m"], &["load"]);
}
