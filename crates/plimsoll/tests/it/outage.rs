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
    let said = refusal(&[
        "--defence",
        "all",
        "--defence",
        "budget+breaker+bounded-queue",
    ]);
    assert_eq!(said, "error: command line: --defence all is given twice");
}

#[test]
fn what_lies_out_of_range_is_refused_with_its_bound() {
    for (flag, value, said) in [
        ("--load", "0.5%", "load is 0.005, must be from 0.01 to 1"),
        (
            "--capacity",
            "2001",
            "capacity is 2001, must be from 10 to 2000 requests a second",
        ),
        (
            "--time-out",
            "61s",
            "time-out is 61 s, must be from 100ms to 60s",
        ),
        (
            "--outage",
            "0s",
            "outage is 0 s, must be from 100ms to 300s",
        ),
        ("--after", "5s", "after is 5 s, must be from 10s to 1000s"),
        ("--attempts", "0", "attempts is 0, must be from 1 to 125"),
        ("--layers", "0", "layers is 0, must be from 1 to 4"),
        (
            "--attempts",
            "6",
            "attempts to the power of layers is 216, must be at most 125",
        ),
        (
            "--clients",
            "1001",
            "clients is 1001, must be from 1 to 1000",
        ),
        ("--queue", "0.001", "queue is 0.001, must be from 0.01 to 1"),
        (
            "--budget-ttl",
            "1ms",
            "budget-ttl is 0.001 s, must be from 10ms to 10m",
        ),
    ] {
        assert_eq!(
            refusal(&[flag, value]),
            format!("error: command line: {said}")
        );
    }
    for (flag, value, said) in [
        (
            "--load",
            "120%",
            "must be more than 0 and at most 1 (or 100%)",
        ),
        (
            "--budget",
            "0",
            "must be more than 0 and at most 1 (or 100%)",
        ),
        (
            "--attempts",
            "x",
            "must be a whole number from 0 to 1000000",
        ),
        ("--outage", "soon", "is not a duration"),
    ] {
        let refused = refusal(&[flag, value]);
        assert!(
            refused.contains(said) && refused.contains(flag),
            "{refused}"
        );
    }
}

#[test]
fn a_group_without_a_model_says_which_there_are() {
    let run = Dir::new().run(&["simulate"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("outage"), "{}", run.stderr);
}
