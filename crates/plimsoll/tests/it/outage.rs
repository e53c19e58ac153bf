//! `plimsoll simulate outage`.

use serde_json::{Value, json};

use crate::{Dir, number};

fn json_of(args: &[&str]) -> Value {
    let args = [&["simulate", "outage"], args, &["--json", "-"]].concat();
    serde_json::from_str(&Dir::new().run(&args).ok()).unwrap()
}

/// What is said about a command line that is refused; clap says more than one line.
#[track_caller]
fn refusal(args: &[&str]) -> String {
    let dir = Dir::new();
    let run = dir.run(&[&["simulate", "outage", "--json", "a.json"], args].concat());
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{args:?}");
    assert_eq!(dir.names(), [""; 0], "{args:?}");
    run.stderr.lines().next().unwrap().to_owned()
}

#[test]
fn a_table_says_what_is_left_of_the_outage() {
    let dir = Dir::new();
    let args = ["--defence", "no-retries", "--defence", "three-tries"];
    let text = dir.run(&[&["simulate", "outage"], &args[..]].concat()).ok();
    assert_eq!(
        text,
        "\
defence      attempts/arrival  refused  recovers  good from 2 s  attempts then  p99 then
no-retries               1.00     0.00      27 s          64.4%           1.00         -
three-tries              2.62     0.00     never           0.0%           3.00         -
"
    );
    assert_eq!(dir.names(), [""; 0]);
}

#[test]
fn every_usual_defence_has_its_row() {
    let report = json_of(&[]);
    let rows = report["rows"].as_array().unwrap();
    let names: Vec<&str> = rows
        .iter()
        .map(|row| row["defence"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "no-retries",
            "no-retries+bounded-queue",
            "three-tries",
            "three-tries+budget",
            "three-tries+all",
            "retries",
            "jitter",
            "budget",
            "tower-budget",
            "bounded-queue",
            "breaker",
            "budget+bounded-queue",
            "bounded-queue+breaker",
            "all",
        ]
    );
    for row in rows {
        let fields: Vec<&String> = row.as_object().unwrap().keys().collect();
        assert_eq!(
            fields,
            [
                "attempts_after_2s",
                "attempts_per_arrival",
                "defence",
                "goodput_after_2s",
                "p99_s",
                "recovery_s",
                "rejected_per_arrival",
            ]
        );
        let goodput = number(&row["goodput_after_2s"]);
        assert!((0.0..=1.0).contains(&goodput), "{row}");
        assert_eq!(row["p99_s"].is_null(), goodput < 0.99, "{row}");
    }
    let of = |name: &str| rows.iter().find(|row| row["defence"] == name).unwrap();
    assert_eq!(of("retries")["recovery_s"], Value::Null);
    assert_eq!(of("no-retries")["recovery_s"], 27);
    assert_eq!(
        report["command"],
        json!(
            "plimsoll simulate outage --load 0.8 --capacity 500 --time-out 1s --outage 8s \
        --after 72s --attempts 3 --layers 3 --clients 10 --queue 0.5 --budget 0.2 --budget-ttl 1s --seed 1"
        )
    );
}

#[test]
fn the_command_in_a_report_gives_it_again() {
    let flags = [
        "--defence",
        "jitter+breaker",
        "--defence",
        "tower-budget",
        "--load",
        "70%",
        "--capacity",
        "50.5",
        "--timeout",
        "500ms",
        "--outage",
        "2500ms",
        "--after",
        "20s",
        "--attempts",
        "2",
        "--layers",
        "4",
        "--clients",
        "3",
        "--queue",
        "25%",
        "--budget",
        "10%",
        "--drops",
        "--open-wait-cap",
        "3s",
        "--budget-ttl",
        "1500ms",
        "--seed",
        "9",
    ];
    let report = json_of(&flags);
    let command = report["command"].as_str().unwrap();
    let words: Vec<&str> = command.split(' ').skip(3).collect();
    assert_eq!(json_of(&words), report);
    for (field, value) in [
        ("load", json!(0.7)),
        ("capacity_rps", json!(50.5)),
        ("time_out_s", json!(0.5)),
        ("outage_s", json!(2.5)),
        ("after_s", json!(20.0)),
        ("attempts", json!(2)),
        ("layers", json!(4)),
        ("clients", json!(3)),
        ("queue", json!(0.25)),
        ("budget", json!(0.1)),
        ("budget_ttl_s", json!(1.5)),
        ("open_wait_cap_s", json!(3.0)),
        ("drops", json!(true)),
        ("seed", json!(9)),
    ] {
        assert_eq!(report[field], value, "{field}");
    }
}

#[test]
fn a_seed_gives_the_same_report_and_another_another() {
    let dir = Dir::new();
    let page = |seed: &str| {
        let args = [
            "simulate",
            "outage",
            "--defence",
            "jitter",
            "--seed",
            seed,
            "--html",
            "-",
        ];
        dir.run(&args).ok()
    };
    assert_eq!(page("5"), page("5"));
    assert_ne!(page("5"), page("6"));
}

#[test]
fn files_are_written_where_they_are_asked_for() {
    let dir = Dir::new();
    let args = ["--defence", "all", "--json", "a.json", "--html", "a.html"];
    let text = dir.run(&[&["simulate", "outage"], &args[..]].concat()).ok();
    assert_eq!(dir.names(), ["a.html", "a.json"]);
    assert!(
        text.contains("figures: ") && text.contains("report: "),
        "{text}"
    );
    assert!(
        dir.read("a.html")
            .contains("What is left of 8 s of outage?")
    );
    let same = ["simulate", "outage", "--json", "a", "--html", "a"];
    assert!(
        Dir::new()
            .run(&same)
            .refused()
            .contains("--json and --html are the same file")
    );
}

#[test]
fn what_is_no_defence_is_refused_with_those_there_are() {
    let said = refusal(&["--defence", "bulkhead"]);
    for part in [
        "'--defence <NAME>'",
        "no-retries",
        "tower-budget",
        "breaker and all",
        "\"bulkhead\"",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let said = refusal(&["--defence", "budget+tower-budget"]);
    assert!(
        said.contains("must not have both budget and tower-budget"),
        "{said}"
    );
    let said = refusal(&["--defence", "no-retries+budget"]);
    assert!(
        said.contains("must not have budget beside no-retries"),
        "{said}"
    );
}

#[test]
fn a_defence_given_twice_is_refused_as_it_was_given() {
    for (other, said) in [
        ("all", "--defence all is given twice"),
        (
            "budget+breaker+bounded-queue",
            "--defence all and --defence budget+breaker+bounded-queue are the same defence",
        ),
    ] {
        assert_eq!(
            refusal(&[
                "--defence",
                "jitter",
                "--defence",
                "all",
                "--defence",
                other
            ]),
            format!("error: command line: {said}")
        );
    }
}

/// Whichever way a value is wrong, one bound is named, and the value as it was given.
#[test]
fn what_lies_out_of_range_is_refused_with_its_bound() {
    let share = "must be from 0.01 to 1 (1% to 100%)";
    for (flag, values, said) in [
        (
            "--load",
            &["0", "0.5%", "-1", "120%", "1e-300", "nan", "x"][..],
            share,
        ),
        ("--queue", &["0.001", "1.01", "-5%"], share),
        (
            "--capacity",
            &["2001", "0", "-1", "1e308", "inf", "x"],
            "must be a number from 10 to 2000",
        ),
        (
            "--time-out",
            &["61s", "99ms", "-1s"],
            "must be from 100ms to 60s",
        ),
        (
            "--outage",
            &["0s", "301s", "-8s"],
            "must be from 100ms to 300s",
        ),
        (
            "--after",
            &["9999ms", "1001s", "-1s"],
            "must be from 10s to 1000s",
        ),
        (
            "--attempts",
            &["0", "126", "-1", "x", "1.5"],
            "must be a whole number from 1 to 125",
        ),
        (
            "--layers",
            &["0", "5", "-1"],
            "must be a whole number from 1 to 4",
        ),
        (
            "--clients",
            &["0", "1001", "-1"],
            "must be a whole number from 1 to 1000",
        ),
        (
            "--budget",
            &["-1", "10.5", "1001%"],
            "must be from 0 to 10 (0% to 1000%)",
        ),
        (
            "--budget-ttl",
            &["1ms", "601s", "-1s"],
            "must be from 10ms to 10m",
        ),
        (
            "--open-wait-cap",
            &["999ms", "8761h", "-1s"],
            "must be from 1s to 8760h",
        ),
    ] {
        for value in values {
            let refused = refusal(&[&format!("{flag}={value}")]);
            let start = format!("error: invalid value '{value}' for '{flag} <");
            assert!(refused.starts_with(&start), "{refused}");
            assert!(refused.ends_with(&format!(">': {said}")), "{refused}");
        }
    }
    assert!(refusal(&["--outage", "soon"]).contains("is not a duration"));
    assert_eq!(
        refusal(&["--attempts", "6"]),
        "error: command line: attempts to the power of layers is 216, must be at most 125"
    );
}

#[test]
fn what_lies_at_a_bound_is_taken() {
    let quick = ["--outage", "100ms", "--after", "10s", "--capacity", "10"];
    for (flag, value) in [
        ("--load", "1%"),
        ("--load", "1"),
        ("--budget", "0"),
        ("--budget", "1000%"),
        ("--clients", "1000"),
        ("--open-wait-cap", "1s"),
        ("--open-wait-cap", "8760h"),
        ("--budget-ttl", "10m"),
    ] {
        let args = [&quick[..], &["--defence", "all", flag, value]].concat();
        assert_eq!(json_of(&args)["rows"][0]["defence"], "all", "{flag}");
    }
    let layered = ["--attempts", "125", "--layers", "1", "--defence", "retries"];
    assert_eq!(json_of(&[&quick[..], &layered].concat())["attempts"], 125);
}

#[test]
fn three_tries_are_three_whatever_the_layers_do() {
    let rows = |flags: &[&str]| {
        let three = ["--defence", "three-tries+all"];
        json_of(&[&three[..], flags].concat())["rows"].clone()
    };
    assert_eq!(rows(&[]), rows(&["--attempts", "2", "--layers", "2"]));
}

#[test]
fn the_page_rounds_down_as_the_table_does() {
    let dir = Dir::new();
    let mut told_apart = false;
    for seed in 1..=6 {
        let seed = seed.to_string();
        let args = [
            "simulate",
            "outage",
            "--defence",
            "breaker",
            "--seed",
            &seed,
        ];
        let table = dir.run(&args).ok();
        let row: Vec<&str> = table.lines().nth(1).unwrap().split_whitespace().collect();
        let share = row[4].strip_suffix('%').unwrap();
        let page = dir.run(&[&args[..], &["--html", "-"]].concat()).ok();
        assert!(
            page.contains(&format!("<td>{share}\u{a0}%</td>")),
            "{share}"
        );
        let exact = number(&json_of(&args[2..])["rows"][0]["goodput_after_2s"]);
        told_apart |= share != format!("{:.1}", exact * 100.0);
    }
    assert!(told_apart, "no share tells rounding from rounding down");
}

#[test]
fn a_group_without_a_model_says_which_there_are() {
    let run = Dir::new().run(&["simulate"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("outage"), "{}", run.stderr);
}
