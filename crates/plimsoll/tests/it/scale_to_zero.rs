//! Activation: down to nothing while there is nothing to do, and back.

use serde_json::Value;

use crate::{Dir, number, trace};

/// Idle for six minutes, five calls a minute for 225, then idle until the day's end.
const LATE: &str = include_str!("../traces/azure_functions_2019_queue_2_1m.csv");
/// Five calls a minute for 230 minutes, then idle until the day's end.
const EARLY: &str = include_str!("../traces/azure_functions_2019_queue_0_1m.csv");

const ACTIVATION: &str = "[activation]\ngauge.statistic = \"total\"\ncooldown = \"3m\"\n";

/// Policies that each keep one replica by themselves.
const INNER: [(&str, &str); 4] = [
    (
        "kpa",
        "kind = \"kpa\"\ntarget_utilization = 0.7\nbounds.min = 1\n",
    ),
    (
        "predictive",
        "kind = \"predictive\"\naccepted_bad_share = 0.01\n",
    ),
    ("fixed", "kind = \"fixed\"\nreplicas = 1\n"),
    (
        "hpa",
        "kind = \"hpa\"\nmin_replicas = 1\nmax_replicas = 9\nmetrics = [{ resource = { name = \"cpu\", target = { utilization = 70 } } }]\n",
    ),
];

/// One call a second is what a replica carries.
const FLEET: [&str; 8] = [
    "--capacity",
    "1",
    "--max",
    "10",
    "--start-up",
    "15s",
    "--lag",
    "15s",
];

fn hours(report: &Value, i: usize) -> f64 {
    let cost = number(&report["policies"][i]["cost_ratio"]);
    cost * number(&report["optimum_replica_seconds"]) / 3600.0
}

#[test]
fn activation_scales_to_zero_and_back_for_a_sixth_of_the_cost() {
    for (name, inner) in INNER {
        let dir = Dir::new()
            .with("t.csv", LATE)
            .with("one.toml", inner)
            .with("zero.toml", format!("{inner}{}", activation(name)));
        let flags = [
            "t.csv",
            "--policy",
            "one.toml",
            "--policy",
            "zero.toml",
            "--min",
        ];
        let report = dir.replay(&[&flags[..], &["0"], &FLEET].concat());
        let [one, zero] = [0, 1].map(|i| &report["policies"][i]);
        // All day; or 225 minutes, and a cooldown before and after them.
        assert_eq!(hours(&report, 0), 24.0, "{name}");
        let busy = (225.0 + 3.0 + 3.0) / 60.0;
        let paid = hours(&report, 1);
        assert!(
            (busy - 0.02..busy + 0.02).contains(&paid),
            "{name}: {paid} h"
        );
        assert_eq!(number(&one["changes_per_day"]), 0.0, "{name}");
        assert_eq!(number(&zero["changes_per_day"]), 3.0, "{name}"); // down, up, down
        // Who comes first waits for lag, decision and start-up.
        assert_eq!(number(&one["bad_share"]), 0.0, "{name}");
        assert!(
            number(&zero["bad_share"]) > 0.0 && number(&zero["bad_share"]) < 0.01,
            "{name}"
        );
        assert_eq!(number(&zero["bad_minutes"]), 0.75, "{name}");
        assert_eq!(zero["notes"].as_array().unwrap().len(), 0, "{name}");

        // Where no fleet may run fewer than one, it says so.
        let report = dir.replay(&[&flags[..], &["1"], &FLEET].concat());
        assert_eq!([0, 1].map(|i| hours(&report, i)), [24.0, 24.0], "{name}");
        let note = "it may go down to 0, but no fleet here runs fewer than 1: --min 0 lets it";
        assert_eq!(
            report["policies"][1]["notes"],
            Value::from(vec![note]),
            "{name}"
        );
    }
}

/// With a reading of its own beside samples of pods.
fn activation(inner: &str) -> String {
    match inner {
        "hpa" => ACTIVATION.replace("gauge.", "gauge.reading = 1\ngauge."),
        _ => ACTIVATION.to_owned(),
    }
}

#[test]
fn it_stays_at_zero_as_long_as_there_is_nothing_to_do() {
    let (_, kpa) = INNER[0];
    let dir = Dir::new()
        .with("t.csv", EARLY)
        .with("zero.toml", format!("{kpa}{ACTIVATION}"));
    let args = [
        &["t.csv", "--policy", "zero.toml", "--min", "0"][..],
        &FLEET,
    ]
    .concat();
    let report = dir.replay(&args);
    let policy = &report["policies"][0];
    assert_eq!(
        (
            number(&policy["changes_per_day"]),
            number(&policy["bad_share"])
        ),
        (1.0, 0.0)
    );
    let run = dir.run(&[&["replay"], &args[..], &["--html", "page.html"]].concat());
    assert!(run.ok().contains("zero"));
    let page = dir.read("page.html");
    assert!(page.contains("idle, switched off"), "no reason for it");
}

#[test]
fn the_policies_that_are_built_in_live_through_a_start_without_load() {
    let quiet = trace((0..240).map(|minute| if minute < 60 { 0 } else { 60_000 }));
    let dir = Dir::new().with("t.csv", quiet);
    let report = dir.replay(&["t.csv", "--min", "0"]);
    for policy in report["policies"].as_array().unwrap() {
        let bad = number(&policy["bad_share"]);
        assert!(bad < 0.5, "{}: {bad}", policy["name"]);
    }
}

#[test]
fn an_activation_that_no_load_drives_is_left_out_with_a_note() {
    let value = ACTIVATION.replace("\"total\"", "\"value\"");
    let (_, kpa) = INNER[0];
    let dir = Dir::new()
        .with("t.csv", LATE)
        .with("queue.toml", format!("{kpa}{value}"));
    let args = ["t.csv", "--policy", "queue.toml", "--min", "0"];
    let report = dir.replay(&[&args[..], &FLEET].concat());
    let note = "left out, since a load trace says nothing about it: activation";
    assert_eq!(report["policies"][0]["notes"], Value::from(vec![note]));
    assert_eq!(hours(&report, 0), 24.0);
}

/// The knob is the policy's inside, and what stands around it stays: the sweep turns the same settings,
/// each with its own figures, and none pays for the idle hours.
#[test]
fn a_sweep_turns_the_policy_inside() {
    let day: Vec<u32> = (0..1440_u32)
        .map(|minute| {
            if (400..900).contains(&minute) {
                120 + minute % 60 * 4
            } else {
                0
            }
        })
        .collect();
    let hours =
        "\n[[schedule.entries]]\nstart = \"0 2 * * *\"\nuntil = { after = \"1h\" }\nmin = 9\n";
    for (name, inner) in INNER.into_iter().filter(|(name, _)| *name != "fixed") {
        let dir = Dir::new()
            .with("t.csv", trace(day.iter().copied()))
            .with("one.toml", inner)
            .with("zero.toml", format!("{inner}{}", activation(name)))
            .with("hours.toml", format!("{inner}{hours}"));
        let files = [
            "--policy",
            "one.toml",
            "--policy",
            "zero.toml",
            "--policy",
            "hours.toml",
        ];
        let args = [&["t.csv", "--min", "0"][..], &files, &FLEET].concat();
        let report = dir.replay(&args);
        let sweeps = [0, 1, 2].map(|i| report["policies"][i]["sweep"].as_array().unwrap().clone());
        let [one, zero, hours] = &sweeps;
        assert!(one.len() > 10 && zero.len() == one.len() && hours.len() == one.len());
        for ((one, zero), hours) in one.iter().zip(zero).zip(hours) {
            assert_eq!(one["setting"], zero["setting"], "{name}");
            assert_eq!(one["setting"], hours["setting"], "{name}");
            let [one, zero, hours] = [one, zero, hours].map(|p| number(&p["cost_ratio"]));
            assert!(zero < one && one < hours, "{name}: {zero} {one} {hours}");
        }
        for sweep in &sweeps {
            let costs = [&sweep[0], sweep.last().unwrap()].map(|p| number(&p["cost_ratio"]));
            assert!((costs[0] - costs[1]).abs() > 0.01, "{name}: {costs:?}");
        }
    }
}
