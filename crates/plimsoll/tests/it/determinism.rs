//! The same input gives the same output, byte for byte.

use crate::{Dir, waves};

fn reports(flags: &[&str]) -> (String, String, String) {
    let dir = Dir::new().with("t.csv", waves(4));
    let files = ["--json", "a.json", "--html", "a.html"];
    let text = dir
        .run(&[&["replay", "t.csv"], &files[..], flags].concat())
        .ok();
    let table = text
        .lines()
        .filter(|l| !l.contains("a.json") && !l.contains("a.html"));
    (dir.read("a.json"), dir.read("a.html"), table.collect())
}

const DRAWN: [&str; 2] = ["--start-up-max", "5m"];

#[test]
fn two_runs_write_the_same_bytes() {
    let scenarios = [["--scenario", "crash"], ["--scenario", "all"]];
    for flags in [&[][..], &DRAWN, &scenarios[0], &scenarios[1]] {
        assert_eq!(reports(flags), reports(flags), "{flags:?}");
    }
}

#[test]
fn the_seed_decides_what_is_drawn() {
    let figures = |flags: &[&str]| {
        let dir = Dir::new().with("t.csv", waves(4));
        let report = dir.replay(&[&["t.csv"], flags].concat());
        assert_eq!(report["seed"].to_string(), flags[1]);
        report["policies"].clone()
    };
    let seeds = |extra: &[&str]| {
        ["1", "2", "18446744073709551615"].map(|s| figures(&[&["--seed", s], extra].concat()))
    };
    let drawn = seeds(&DRAWN);
    assert!(drawn[0] != drawn[1] && drawn[1] != drawn[2] && drawn[0] != drawn[2]);
    // Nothing is drawn where every start-up is the same.
    let same = seeds(&[]);
    assert!(same[0] == same[1] && same[1] == same[2]);
}

#[test]
fn the_default_seed_is_1() {
    assert_eq!(
        reports(&DRAWN),
        reports(&[&DRAWN[..], &["--seed", "1"]].concat())
    );
}

#[test]
fn decisions_are_the_same_twice() {
    let dir = Dir::new().with("k.toml", "kind = \"kpa\"\ntarget_value = 10.0\n");
    let seen = r#"{"spec_replicas": 1, "status_replicas": 1, "readings": [{"values": {"values_milli": [45000]}}]}"#;
    let decide = || dir.run_with(&["decide", "--policy", "k.toml"], seen).ok();
    assert_eq!(decide(), decide());
}
