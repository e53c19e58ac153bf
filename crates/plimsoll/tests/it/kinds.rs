//! Replays of triggers and weighted factors, and of what stands around any policy.

use serde_json::Value;

use crate::{Dir, constant, near, number, waves};

const CPU: &str = "{ statistic = { utilization = { resource = \"cpu\" } } }";

fn triggers() -> String {
    format!(
        "kind = \"triggers\"
[[rules]]
name = \"busy\"
gauge = {CPU}
comparison = \"above\"
threshold = 77
sustained = \"30s\"
adjustment = {{ percent = 20 }}
cooldown = \"1m\"
[[rules]]
name = \"idle\"
gauge = {CPU}
comparison = \"below\"
threshold = 49
sustained = \"2m\"
adjustment = {{ percent = -10 }}
cooldown = \"1m\"
"
    )
}

/// A rule and a factor that no load trace says anything about.
const QUEUE: &str = "[[rules]]
name = \"queue\"
gauge = { statistic = \"value\", reading = 1 }
comparison = \"above\"
threshold = 100
adjustment = { count = 2 }
";

fn only(report: &Value) -> &Value {
    let policies = report["policies"].as_array().unwrap();
    assert_eq!(policies.len(), 1);
    &policies[0]
}

/// Mean of the replicas that were paid for, in the part from `from` to `to`.
fn mean_replicas(dir: &Dir, policy: &str, from: &str, to: &str, hours: f64) -> f64 {
    let args = [
        "t.csv",
        "--capacity",
        "50",
        "--policy",
        policy,
        "--warm-up",
        "30m",
    ];
    let report = dir.replay(&[&args[..], &["--from", from, "--to", to]].concat());
    let cost = number(&only(&report)["cost_ratio"]);
    cost * number(&report["optimum_replica_seconds"]) / (3600.0 * hours)
}

#[test]
fn triggers_are_replayed_with_the_rules_that_a_load_drives() {
    let dir = Dir::new()
        .with("t.csv", waves(6))
        .with("cpu.toml", triggers())
        .with("both.toml", triggers() + QUEUE);
    let report = dir.replay(&["t.csv", "--policy", "cpu.toml"]);
    let cpu = only(&report);
    assert_eq!(cpu["kind"], "triggers");
    assert!(near(number(&cpu["setting"]), 0.7));
    assert_eq!(cpu["notes"].as_array().unwrap().len(), 0);
    let sweep = cpu["sweep"].as_array().unwrap();
    assert_eq!(sweep.len(), 66);
    let at = |setting: f64| {
        let point = sweep.iter().find(|p| near(number(&p["setting"]), setting));
        point.unwrap()
    };
    for field in ["cost_ratio", "bad_share", "reversals_per_day"] {
        assert_eq!(at(0.7)[field], cpu[field]);
    }
    let (low, high) = (at(0.3), at(0.8));
    assert!(number(&low["cost_ratio"]) > 1.5 * number(&high["cost_ratio"]));
    assert!(number(&low["bad_share"]) < number(&high["bad_share"]));

    let report = dir.replay(&["t.csv", "--policy", "both.toml"]);
    let both = only(&report);
    let note = "left out, since a load trace says nothing about it: queue";
    assert_eq!(both["notes"], Value::from(vec![note]));
    assert_eq!(both["sweep"], cpu["sweep"]);
}

#[test]
fn weighted_factors_are_replayed_with_cpu_alone() {
    let cpu = |weight: f64| {
        format!("[[factors]]\nkind = \"cpu\"\ngauge = {CPU}\ntarget = 70\nweight = {weight}\n")
    };
    let dir = Dir::new()
        .with("t.csv", waves(6))
        .with("all.toml", "kind = \"weighted\"\n")
        .with("cpu.toml", format!("kind = \"weighted\"\n{}", cpu(0.3)))
        .with("heavy.toml", format!("kind = \"weighted\"\n{}", cpu(9.0)))
        .with(
            "trend.toml",
            format!(
                "kind = \"weighted\"\ntrend.gauge = {{ statistic = \"total\", reading = 1 }}\n{}",
                cpu(1.0)
            ),
        );
    let files = ["all.toml", "cpu.toml", "heavy.toml", "trend.toml"];
    let flags: Vec<&str> = files.iter().flat_map(|f| ["--policy", f]).collect();
    let report = dir.replay(&[&["t.csv"][..], &flags].concat());
    let [all, cpu, heavy, trend] = [0, 1, 2, 3].map(|i| &report["policies"][i]);
    assert_eq!(
        (&all["kind"], number(&all["setting"])),
        (&"weighted".into(), 0.7)
    );
    let note = "left out, since a load trace says nothing about it: memory, response time, queue, \
                errors";
    assert_eq!(all["notes"], Value::from(vec![note]));
    assert_eq!(all["sweep"].as_array().unwrap().len(), 66);
    // What is left has all the weight.
    assert_eq!(all["sweep"], cpu["sweep"]);
    assert_eq!(heavy["sweep"], cpu["sweep"]);
    assert_ne!(trend["sweep"], cpu["sweep"]);
    assert_eq!(trend["notes"].as_array().unwrap().len(), 0);
    assert!(number(&cpu["static_peak_ratio"]) < 1.5);
    let costs = cpu["sweep"].as_array().unwrap().iter();
    let costs: Vec<f64> = costs.map(|p| number(&p["cost_ratio"])).collect();
    assert!(costs[0] > 1.5 * costs[65], "{costs:?}");
}

#[test]
fn what_no_load_drives_is_refused() {
    let queue = format!(
        "kind = \"triggers\"\n{}",
        QUEUE.replace("reading = 1", "reading = 0")
    );
    let dir = Dir::new().with("t.csv", waves(1)).with("q.toml", queue);
    let refused = dir
        .run(&["replay", "t.csv", "--policy", "q.toml"])
        .refused();
    assert!(refused.contains("says nothing about queue"), "{refused}");
}

/// Twenty from 6 to 7 o'clock in a time zone, else five.
fn shift(zone: &str) -> String {
    format!(
        "kind = \"fixed\"
replicas = 5
[[schedule.entries]]
start = \"0 6 * * *\"
until = {{ after = \"1h\" }}
time_zone = \"{zone}\"
min = 20
"
    )
}

#[test]
fn a_schedule_follows_the_traces_time_and_its_zone() {
    let dir = Dir::new()
        .with("t.csv", constant(12))
        .with("utc.toml", shift("UTC"))
        .with("berlin.toml", shift("Europe/Berlin"));
    let hours = [("4h", "5h"), ("6h", "7h")];
    let mean =
        |file: &str| hours.map(|(from, to)| mean_replicas(&dir, file, from, to, 1.0).round());
    assert_eq!(mean("utc.toml"), [5.0, 20.0]);
    assert_eq!(mean("berlin.toml"), [20.0, 5.0]); // summer time: two hours ahead
}

#[test]
fn a_schedules_bounds_go_before_the_policys_own() {
    let text = shift("UTC").replace(
        "kind = \"fixed\"\nreplicas = 5",
        "kind = \"kpa\"\ntarget_value = 35\nbounds.max = 6",
    );
    let dir = Dir::new()
        .with("t.csv", constant(12))
        .with("up.toml", &text)
        .with("down.toml", text.replace("min = 20", "max = 2"))
        .with(
            "step.toml",
            text.replace(
                "kind = \"kpa\"\ntarget_value = 35\n",
                "kind = \"step\"\ntarget_utilization = 0.7\n",
            ),
        );
    // 100 requests a second at 35 a replica.
    for (file, outside, inside) in [
        ("up.toml", 3.0, 20.0),
        ("down.toml", 3.0, 2.0),
        ("step.toml", 3.0, 20.0),
    ] {
        let mean = |from, to| mean_replicas(&dir, file, from, to, 1.0).round();
        assert_eq!(
            (mean("4h", "5h"), mean("6h", "7h")),
            (outside, inside),
            "{file}"
        );
    }
}

#[test]
fn terraforms_scheduled_actions_are_replayed() {
    let action = |name: &str, recurrence: &str, min: u32, max: u32| {
        format!(
            r#"resource "aws_autoscaling_schedule" "{name}" {{
  scheduled_action_name  = "{name}"
  autoscaling_group_name = aws_autoscaling_group.web.name
  recurrence             = "{recurrence}"
  time_zone              = "Europe/Berlin"
  min_size               = {min}
  max_size               = {max}
}}
"#
        )
    };
    let group = "resource \"aws_autoscaling_group\" \"web\" {\n  min_size = 1\n  max_size = 9\n}\n";
    let text = [
        group,
        &action("day", "0 6 * * *", 20, 20),
        &action("noon", "0 9 * * *", 7, 7),
        &action("night", "0 20 * * *", 2, 2),
    ];
    let dir = Dir::new()
        .with("t.csv", constant(20))
        .with("web.tf", text.concat());
    for (from, to, mean) in [
        ("2h", "3h", 2.0),
        ("4h", "5h", 20.0),
        ("7h", "8h", 7.0),
        ("19h", "20h", 2.0),
    ] {
        assert_eq!(
            mean_replicas(&dir, "web.tf", from, to, 1.0).round(),
            mean,
            "{from}"
        );
    }
    let report = dir.replay(&["t.csv", "--policy", "web.tf", "--capacity", "50"]);
    let web = only(&report);
    assert_eq!(
        (&web["kind"], web["setting"].as_f64()),
        (&"schedule".into(), None)
    );
    assert_eq!(
        web["notes"].as_array().unwrap().len(),
        0,
        "{}",
        web["notes"]
    );
}
