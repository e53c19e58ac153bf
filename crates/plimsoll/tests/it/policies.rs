//! `plimsoll replay --policy`.

use serde_json::Value;

use crate::{CPU, Dir, MEMORY, REQUESTS, manifest, near, number, waves};

fn names(report: &Value) -> Vec<&str> {
    let policies = report["policies"].as_array().unwrap().iter();
    policies.map(|p| p["name"].as_str().unwrap()).collect()
}

fn notes(policy: &Value) -> Vec<&str> {
    policy["notes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n.as_str().unwrap())
        .collect()
}

#[test]
fn a_manifest_is_named_by_its_metadata() {
    let dir = Dir::new()
        .with("t.csv", waves(2))
        .with("x.yaml", manifest("shop-api", 400, CPU));
    let report = dir.replay(&["t.csv", "--policy", "x.yaml"]);
    assert_eq!(names(&report), ["shop-api"]);
    let policy = &report["policies"][0];
    assert_eq!(
        (&policy["kind"], number(&policy["setting"])),
        (&Value::from("hpa"), 0.7)
    );
    assert_eq!(notes(policy), [""; 0]);
    assert_eq!(policy["sweep"].as_array().unwrap().len(), 66);
    let text = dir.run(&["replay", "t.csv", "--policy", "x.yaml"]).ok();
    assert!(text.lines().any(|l| l.starts_with("shop-api ")), "{text}");
}

#[test]
fn policies_come_in_the_order_of_flags_and_documents() {
    let two = [manifest("b", 400, CPU), manifest("a", 400, CPU)].join("---\n");
    let dir = Dir::new()
        .with("t.csv", waves(2))
        .with("two.yaml", two)
        .with("z.toml", "kind = \"fixed\"\nreplicas = 9\n")
        .with(
            "k.toml",
            "name = \"knative\"\nkind = \"kpa\"\ntarget_utilization = 0.6\n",
        );
    let flags = [
        "--policy", "z.toml", "--policy", "two.yaml", "--policy", "k.toml",
    ];
    let report = dir.replay(&[&["t.csv"][..], &flags].concat());
    assert_eq!(names(&report), ["z", "b", "a", "knative"]);
    let kinds = report["policies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| &p["kind"]);
    assert_eq!(kinds.collect::<Vec<_>>(), ["fixed", "hpa", "hpa", "kpa"]);
    assert_eq!(number(&report["policies"][3]["setting"]), 0.6);
}

/// The default rule of steps, written out.
const STEP: &str = "kind = \"step\"
warm_up = \"90s\"
[[alarms]]
alarm = { name = \"high\", gauge = { statistic = { utilization = { resource = \"cpu\" } } }, \
comparison = \"greater_than_threshold\", threshold = 77.0 }
action = { policy_type = \"step\", adjustment_type = \"percent_change_in_capacity\", \
steps = [{ lower_bound = 0, upper_bound = 14, adjustment = 10 }, { lower_bound = 14, adjustment = 30 }] }
[[alarms]]
alarm = { name = \"low\", gauge = { statistic = { utilization = { resource = \"cpu\" } } }, \
comparison = \"less_than_threshold\", threshold = 49.0, evaluation_periods = 5 }
action = { policy_type = \"simple\", adjustment_type = \"percent_change_in_capacity\", \
steps = [{ adjustment = -10 }], min_adjustment_magnitude = 1, cooldown = \"300s\" }
";

#[test]
fn the_default_policies_are_what_their_files_would_be() {
    let dir = Dir::new()
        .with("t.csv", waves(6))
        .with(
            "hpa.yaml",
            manifest("hpa", 400, CPU).replace("minReplicas: 2", "minReplicas: 1"),
        )
        .with("kpa.toml", "kind = \"kpa\"\ntarget_utilization = 0.7\n")
        .with(
            "kpa-delay.toml",
            "kind = \"kpa\"\ntarget_utilization = 0.7\nscale_down_delay = \"300s\"\n",
        )
        .with(
            "target-tracking.toml",
            "kind = \"target-tracking\"\ntarget_utilization = 0.7\nwarm_up = \"90s\"\n",
        )
        .with("step.toml", STEP)
        .with(
            "predictive.toml",
            "kind = \"predictive\"\naccepted_bad_share = 0.01\n",
        );
    let files = [
        "hpa.yaml",
        "kpa.toml",
        "kpa-delay.toml",
        "target-tracking.toml",
        "step.toml",
        "predictive.toml",
    ];
    let flags: Vec<&str> = files.iter().flat_map(|f| ["--policy", f]).collect();
    let [built_in, from_files] = [&[][..], &flags].map(|flags| {
        let mut report = dir.replay(&[&["t.csv", "--start-up", "90s"][..], flags].concat());
        // What was typed differs.
        report["command"].take();
        report
    });
    assert_eq!(built_in, from_files);
}

#[test]
fn metrics_that_a_load_says_nothing_about_are_left_out_with_a_note() {
    let dir = Dir::new()
        .with("t.csv", waves(2))
        .with("both.yaml", manifest("api", 400, &format!("{MEMORY}{CPU}")))
        .with("cpu.yaml", manifest("api", 400, CPU));
    let both = dir.replay(&["t.csv", "--policy", "both.yaml"]);
    let policy = &both["policies"][0];
    assert!(
        matches!(notes(policy)[..], [note] if note.contains("memory")),
        "{:?}",
        notes(policy)
    );
    let text = dir.run(&["replay", "t.csv", "--policy", "both.yaml"]).ok();
    assert!(
        text.lines()
            .any(|l| l.starts_with("api: ") && l.contains("memory")),
        "{text}"
    );
    // Without it the policy is the one without that metric.
    let alone = &dir.replay(&["t.csv", "--policy", "cpu.yaml"])["policies"][0];
    assert_eq!(policy["cost_ratio"], alone["cost_ratio"]);
    assert_eq!(policy["sweep"], alone["sweep"]);
}

#[test]
fn a_policy_without_a_metric_that_the_load_drives_is_refused() {
    let dir = Dir::new()
        .with("t.csv", waves(2))
        .with("m.yaml", manifest("api", 40, MEMORY));
    let before = dir.content();
    let error = dir
        .run(&["replay", "t.csv", "--policy", "m.yaml"])
        .refused();
    assert!(
        ["m.yaml", "\"api\"", "memory"]
            .iter()
            .all(|w| error.contains(w)),
        "{error}"
    );
    assert_eq!(dir.content(), before);
}

#[test]
fn a_request_rate_is_driven_by_the_load() {
    let dir = Dir::new()
        .with("t.csv", waves(6))
        .with("r.yaml", manifest("api", 400, REQUESTS));
    let report = dir.replay(&["t.csv", "--policy", "r.yaml", "--capacity", "50"]);
    let policy = &report["policies"][0];
    assert_eq!(notes(policy), [""; 0]);
    // 35 of 50 requests a second.
    assert!(
        near(number(&policy["setting"]), 0.7),
        "{}",
        policy["setting"]
    );
    assert!(number(&policy["changes_per_day"]) > 10.0);
    let bad = |i: usize| number(&policy["sweep"][i]["bad_share"]);
    assert!(bad(0) < bad(65), "a lower target must serve better");
}

#[test]
fn several_metrics_ask_for_the_largest_count() {
    let dir = Dir::new()
        .with("t.csv", waves(6))
        .with("cpu.yaml", manifest("api", 400, CPU))
        .with(
            "both.yaml",
            manifest("api", 400, &format!("{REQUESTS}{CPU}")),
        );
    // With 40 a replica, the target of 35 is 87.5 %: CPU decides. With 140 the requests do.
    let cost = |file: &str, capacity: &str| {
        let report = dir.replay(&["t.csv", "--policy", file, "--capacity", capacity]);
        number(&report["policies"][0]["cost_ratio"])
    };
    assert!(near(cost("both.yaml", "40"), cost("cpu.yaml", "40")));
    assert!(cost("both.yaml", "140") > 1.5 * cost("cpu.yaml", "140"));
}

#[test]
fn an_upper_bound_below_the_peak_is_pointed_out() {
    let dir = Dir::new()
        .with("t.csv", waves(2))
        .with("five.yaml", manifest("five", 5, CPU))
        .with(
            "k.toml",
            "kind = \"kpa\"\ntarget_utilization = 0.7\n[bounds]\nmax = 6\n",
        )
        .with("f.toml", "kind = \"fixed\"\nreplicas = 7\n");
    let flags = [
        "--policy",
        "five.yaml",
        "--policy",
        "k.toml",
        "--policy",
        "f.toml",
    ];
    let report = dir.replay(&[&["t.csv"][..], &flags].concat());
    let peak = report["peak_replicas"].to_string();
    assert_eq!(peak, "40");
    for (policy, most) in report["policies"]
        .as_array()
        .unwrap()
        .iter()
        .zip(["5", "6", "7"])
    {
        let notes = notes(policy);
        let words = [most, &peak, "--capacity"];
        let hit = |note: &&str| words.iter().all(|w| note.contains(w));
        assert!(notes.iter().any(hit), "{notes:?}");
    }
}

#[test]
fn a_fleet_that_may_not_grow_to_the_peak_is_pointed_out() {
    let dir = Dir::new().with("t.csv", waves(2));
    let report = dir.replay(&["t.csv", "--max", "5"]);
    for policy in report["policies"].as_array().unwrap() {
        let said = notes(policy)
            .iter()
            .any(|n| n.contains('5') && n.contains("40"));
        assert!(said, "{}: notes {:?}", policy["name"], notes(policy));
    }
}

#[test]
fn a_policys_own_bounds_hold() {
    let policies = [
        (
            "a.yaml",
            manifest("a", 12, CPU).replace("minReplicas: 2", "minReplicas: 12"),
        ),
        (
            "b.toml",
            "kind = \"kpa\"\ntarget_utilization = 0.7\n[bounds]\nmin = 12\nmax = 12\n".to_owned(),
        ),
    ];
    for (file, text) in policies {
        let dir = Dir::new().with("t.csv", waves(2)).with(file, text);
        let report = dir.replay(&["t.csv", "--policy", file, "--warm-up", "1h"]);
        let policy = &report["policies"][0];
        let peak = number(&report["peak_replicas"]);
        assert!(
            near(number(&policy["static_peak_ratio"]), 12.0 / peak),
            "{file}: {policy:#}"
        );
    }
}

/// In a replay there is exactly one observation for each policy, so a field that says where in a
/// shared one to look can only do harm: it must be refused or of no effect.
#[test]
fn a_reading_index_does_not_blind_a_policy() {
    let kpa = "kind = \"kpa\"\ntarget_utilization = 0.7\nreading = 1\n";
    let hpa = "kind = \"hpa\"\nmax_replicas = 400\nfirst_reading = 1\n[[metrics]]\n[metrics.resource]\n\
               name = \"cpu\"\ntarget = { utilization = 70 }\n";
    for text in [kpa, hpa] {
        let dir = Dir::new().with("t.csv", waves(2)).with("p.toml", text);
        let run = dir.run(&["replay", "t.csv", "--policy", "p.toml", "--json", "-"]);
        if run.code == Some(2) {
            assert!(run.refused().contains("reading"));
            continue;
        }
        let report: Value = serde_json::from_str(&run.ok()).unwrap();
        let policy = &report["policies"][0];
        assert!(
            number(&policy["changes_per_day"]) > 0.0,
            "never decides: {text}"
        );
    }
}

/// Comparing a policy with its next version is what the tool is for, and both have one name.
#[test]
fn policies_of_one_name_can_be_told_apart() {
    let dir = Dir::new()
        .with("t.csv", waves(2))
        .with("old.yaml", manifest("api", 400, CPU))
        .with("new.yaml", manifest("api", 400, CPU).replace("70", "50"))
        .with(
            "odd.toml",
            "name = \"api (2)\"\nkind = \"fixed\"\nreplicas = 5\n",
        );
    for files in [
        &["old", "new"][..],
        &["old", "new", "old"],
        &["odd", "old", "new"],
    ] {
        let mut args = vec!["t.csv".to_owned()];
        for name in files {
            let ending = if *name == "odd" { "toml" } else { "yaml" };
            args.extend(["--policy".to_owned(), format!("{name}.{ending}")]);
        }
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let report = dir.replay(&args);
        let mut names = names(&report);
        assert!(names.contains(&"api"), "{names:?}");
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), files.len(), "{files:?} are shown as {names:?}");
    }
}
