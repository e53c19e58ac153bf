//! What each setting of `plimsoll replay` does to the figures.

use serde_json::Value;

use crate::{Dir, START_S, constant, near, number, trace, waves};

const FIXED: &str = "kind = \"fixed\"\nreplicas = 7\n";

fn steady() -> Dir {
    Dir::new()
        .with("t.csv", constant(3))
        .with("seven.toml", FIXED)
}

fn wavy() -> Dir {
    Dir::new().with("t.csv", waves(6))
}

/// Replica-seconds of a policy.
fn cost(report: &Value, policy: usize) -> f64 {
    number(&report["policies"][policy]["cost_ratio"]) * number(&report["optimum_replica_seconds"])
}

fn figure(report: &Value, policy: usize, name: &str) -> f64 {
    number(&report["policies"][policy][name])
}

#[test]
fn a_fixed_fleet_costs_its_size_times_the_time() {
    let dir = steady();
    let report = dir.replay(&["t.csv", "--policy", "seven.toml", "--warm-up", "1h"]);
    assert!(near(cost(&report, 0), 7.0 * 7200.0), "{}", cost(&report, 0));
    assert!(near(figure(&report, 0, "static_peak_ratio"), 7.0 / 40.0));
    assert!(near(
        number(&report["optimum_replica_seconds"]),
        40.0 * 7200.0
    ));
    let none = ["frontier", "sweep"].map(|f| report["policies"][0][f].as_array().unwrap().len());
    assert_eq!(none, [0, 0]);
    assert!(report["policies"][0]["setting"].is_null());
}

#[test]
fn capacity_and_utilization_say_how_many_replicas_are_needed() {
    let dir = steady();
    for (flags, peak) in [
        (&[][..], 40),
        (&["--capacity", "50"], 3), // 100 ÷ (50 × 0.8) = 2.5
        (&["--capacity", "10"], 13),
        (&["--capacity", "50", "--utilization", "0.5"], 4),
        (&["--capacity", "50", "--utilization", "50%"], 4),
        (&["--capacity", "50", "--utilization", "1"], 2),
        (&["--utilization", "0.5"], 40),
        (&["--capacity", "50", "--min", "5"], 5),
        (&["--capacity", "0.5", "--unit", "requests"], 250),
        (&["--capacity", "50", "--unit", "rps"], 150), // 6000 a second
    ] {
        let report = dir.replay(&[&["t.csv", "--policy", "seven.toml"], flags].concat());
        assert_eq!(report["peak_replicas"], peak, "{flags:?}");
        let optimum = number(&report["optimum_replica_seconds"]);
        assert!(
            near(optimum, f64::from(peak) * 10_800.0),
            "{flags:?}: {optimum}"
        );
    }
}

#[test]
fn the_most_replicas_bound_every_policy() {
    let dir = steady();
    let flags = [
        "t.csv",
        "--policy",
        "seven.toml",
        "--max",
        "5",
        "--warm-up",
        "1h",
    ];
    let report = dir.replay(&flags);
    assert!(near(cost(&report, 0), 5.0 * 7200.0), "{}", cost(&report, 0));
    let report = dir.replay(&[
        "t.csv",
        "--policy",
        "seven.toml",
        "--min",
        "9",
        "--warm-up",
        "1h",
    ]);
    assert!(near(cost(&report, 0), 9.0 * 7200.0), "{}", cost(&report, 0));
}

#[test]
fn a_longer_start_up_serves_worse_and_makes_the_optimum_dearer() {
    let dir = wavy();
    let [fast, slow] = ["0s", "5m"].map(|d| dir.replay(&["t.csv", "--start-up", d]));
    assert_eq!(
        [&fast, &slow].map(|r| number(&r["start_up_s"]) as u32),
        [0, 300]
    );
    let optimum = |r: &Value| number(&r["optimum_replica_seconds"]);
    assert!(optimum(&fast) < optimum(&slow));
    for policy in 0..3 {
        let bad = [&fast, &slow].map(|r| figure(r, policy, "bad_share"));
        assert!(bad[0] < bad[1], "{policy}: {bad:?}");
    }
}

#[test]
fn older_metrics_serve_worse() {
    let dir = wavy();
    for flag in ["--lag", "--scrape"] {
        let [fresh, stale] = ["15s", "4m"].map(|d| dir.replay(&["t.csv", flag, d]));
        if flag == "--lag" {
            assert_eq!(
                [&fresh, &stale].map(|r| number(&r["lag_s"]) as u32),
                [15, 240]
            );
        }
        for policy in 0..3 {
            let bad = [&fresh, &stale].map(|r| figure(r, policy, "bad_share"));
            assert!(bad[0] < bad[1], "{flag} {policy}: {bad:?}");
        }
    }
}

#[test]
fn a_longer_tick_changes_the_count_less_often() {
    let dir = wavy();
    let [short, long] = ["15s", "2m"].map(|d| dir.replay(&["t.csv", "--tick", d]));
    assert_eq!(
        [&short, &long].map(|r| number(&r["tick_s"]) as u32),
        [15, 120]
    );
    let changes = [&short, &long].map(|r| figure(r, 1, "changes_per_day"));
    assert!(changes[0] > changes[1], "{changes:?}");
}

#[test]
fn draining_is_paid_and_serves_nobody() {
    let dir = wavy();
    let [none, long] = ["0", "10m"].map(|d| dir.replay(&["t.csv", "--drain", d]));
    assert_eq!(
        none["optimum_replica_seconds"],
        long["optimum_replica_seconds"]
    );
    for policy in 0..3 {
        let costs = [&none, &long].map(|r| cost(r, policy));
        assert!(costs[0] < costs[1], "{policy}: {costs:?}");
        let bad = [&none, &long].map(|r| figure(r, policy, "bad_share"));
        assert!(near(bad[0], bad[1]), "{policy}: {bad:?}");
    }
}

#[test]
fn drawn_start_ups_are_charged_by_their_mean() {
    let report = wavy().replay(&["t.csv", "--start-up", "30s", "--start-up-max", "5m"]);
    assert!(near(number(&report["start_up_s"]), 165.0));
}

#[test]
fn each_scenario_disturbs_in_its_own_way() {
    // One replica more than the 40 that are needed.
    let dir = Dir::new()
        .with("t.csv", constant(24))
        .with("f.toml", "kind=\"fixed\"\nreplicas=41\n");
    let run = |name: &str| {
        let fixed = [
            "t.csv",
            "--policy",
            "f.toml",
            "--warm-up",
            "1h",
            "--scenario",
            name,
        ];
        let report = dir.replay(&fixed);
        assert_eq!(report["scenario"], name);
        report
    };
    let healthy = run("healthy");
    assert!(figure(&healthy, 0, "bad_minutes") <= 0.0);
    // A minute until the crashed half is back.
    let crash = run("crash");
    assert!(near(figure(&crash, 0, "bad_minutes"), 1.0), "{crash:#}");
    assert!(near(figure(&crash, 0, "longest_bad_run_s"), 60.0));
    assert!(near(cost(&crash, 0), cost(&healthy, 0)));
    // Surge pods cost and nobody suffers.
    let update = run("rolling-update");
    assert!(cost(&update, 0) > cost(&healthy, 0));
    assert!(figure(&update, 0, "bad_minutes") <= 0.0);
    let step = run("step");
    assert_eq!(step["peak_replicas"], 400);
    assert!(near(figure(&step, 0, "bad_minutes"), 30.0));
    // A fixed fleet reads no metrics.
    let gap = run("metric-gap");
    assert_eq!(gap["policies"], healthy["policies"]);
}

#[test]
fn no_metrics_mean_no_changes() {
    let dir = Dir::new().with("t.csv", constant(24));
    let gap = dir.replay(&["t.csv", "--scenario", "metric-gap"]);
    let healthy = dir.replay(&["t.csv"]);
    for policy in 0..3 {
        let missing = |report: &Value| {
            number(&report["policies"][policy]["blocked"]["missing_data"]) * 24.0 * 240.0
        };
        // Ten minutes are forty ticks.
        assert!(
            near(missing(&gap) - missing(&healthy), 40.0),
            "{policy}: {}",
            missing(&gap)
        );
    }
}

#[test]
fn a_scenario_happens_once_a_day() {
    let day = |load: &str, days: f64| {
        let dir = Dir::new()
            .with("t.csv", load)
            .with("f.toml", "kind=\"fixed\"\nreplicas=40\n");
        let report = dir.replay(&["t.csv", "--policy", "f.toml", "--scenario", "crash"]);
        assert!(near(figure(&report, 0, "bad_minutes"), days), "{days}");
    };
    day(&constant(2), 1.0);
    day(&constant(24), 1.0);
    day(&constant(72), 3.0);
}

#[test]
fn moments_are_dates_epoch_seconds_or_durations_since_the_start() {
    let dir = Dir::new();
    let same = [
        ["1998-06-09", "1998-06-09T06:00"],
        ["1998-06-09T00:00:00Z", "1998-06-09T08:00:00+02:00"],
        ["897350400", "897372000"],
        ["8d", "8d6h"],
    ]
    .map(|[from, to]| dir.replay(&["--from", from, "--to", to]));
    assert_eq!(
        [&same[0]["from_s"], &same[0]["to_s"]],
        [897_350_400, 897_372_000]
    );
    assert!(same.iter().all(|report| *report == same[0]));
}

#[test]
fn the_end_does_not_count() {
    // 100 requests a second, then 200 from the second hour on.
    let load = trace((0..120).map(|i| if i < 60 { 6000 } else { 12_000 }));
    let dir = Dir::new().with("t.csv", load);
    let peak = |from: &str, to: &str| {
        let flags = ["t.csv", "--from", from, "--to", to, "--capacity", "50"];
        let report = dir.replay(&flags);
        (
            report["peak_replicas"].as_u64(),
            number(&report["to_s"]) - number(&report["from_s"]),
        )
    };
    assert_eq!(peak("0s", "60m"), (Some(3), 3600.0));
    assert_eq!(peak("0s", "61m"), (Some(5), 3660.0));
    assert_eq!(peak("60m", "2h"), (Some(5), 3600.0));
}

#[test]
fn the_warm_up_is_seen_and_not_counted() {
    let dir = wavy();
    let cold = dir.replay(&["t.csv", "--from", "2h"]);
    let warm = dir.replay(&["t.csv", "--from", "2h", "--warm-up", "1h"]);
    for field in [
        "from_s",
        "to_s",
        "capacity_rps",
        "optimum_replica_seconds",
        "peak_replicas",
    ] {
        assert_eq!(cold[field], warm[field], "{field}");
    }
    assert_eq!(cold["from_s"], START_S + 7200);
    assert_ne!(cold["policies"], warm["policies"]);
    // Without --from it is the beginning of the trace.
    assert_eq!(
        dir.replay(&["t.csv", "--warm-up", "2h"])["from_s"],
        START_S + 7200
    );
    let figures = |flags: &[&str]| {
        let mut report = dir.replay(&[&["t.csv", "--warm-up", "2h"], flags].concat());
        // What was typed differs.
        report["command"].take();
        report
    };
    assert_eq!(figures(&[]), figures(&["--from", "2h"]));
}

/// `from_s` and `to_s` are the time that the figures are of, and it never begins before `--from`.
#[test]
fn the_part_that_counts_is_the_part_that_is_reported() {
    let dir = steady();
    for (flags, first) in [
        (&["--from", "30m"][..], 1800),
        (&["--warm-up", "20s"], 20),
        (&["--from", "100s"], 100),
        (&["--from", "100s", "--warm-up", "50s"], 100),
        (&["--from", "30m", "--warm-up", "7m", "--tick", "40s"], 1800),
    ] {
        let report = dir.replay(&[&["t.csv", "--policy", "seven.toml"], flags].concat());
        let scored = number(&report["optimum_replica_seconds"]) / 40.0;
        let reported = number(&report["to_s"]) - number(&report["from_s"]);
        assert!(
            number(&report["from_s"]) >= (START_S + first) as f64,
            "{flags:?}"
        );
        assert!(
            scored <= reported,
            "{flags:?}: {scored} s are scored, {reported} s reported"
        );
        // The last tick may be cut off.
        assert!(
            reported - scored < number(&report["tick_s"]),
            "{flags:?}: {scored} {reported}"
        );
    }
}
