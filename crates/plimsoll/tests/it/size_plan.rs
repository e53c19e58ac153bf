//! `plimsoll size`: verdicts, advice, and what is written.

use serde_json::{Value, json};

use crate::Dir;
use crate::size::{TYPES, answer, asked};

#[track_caller]
fn near(value: &Value, expected: f64) {
    let found = value.as_f64().unwrap_or(f64::NAN);
    assert!((found - expected).abs() < 1e-6, "{found}, not {expected}");
}

/// A bar by its name.
#[track_caller]
fn bar<'a>(report: &'a Value, name: &str) -> &'a Value {
    let mut bars = report["bars"].as_array().unwrap().iter();
    bars.find(|bar| bar["bar"] == name).unwrap()
}

fn fields<'a>(of: &'a Value, names: &[&str]) -> Vec<&'a Value> {
    names.iter().map(|name| &of[*name]).collect()
}

const PHASES: &str = "
[load]
requests_per_user_minute = 10
[objective]
headroom = 0.25
[[phases]]
name = \"Phase 1\"
users = 100
min_instances = 2
max_instances = 3
[[phases]]
name = \"Phase 2\"
users = 500
min_instances = 20
[[phases]]
name = \"Phase 3\"
users = 1000
max_instances = 20
";

#[test]
fn phases_are_judged_in_replicas() {
    let report = answer(&format!("{PHASES}[replica]\nrequests_per_minute = 500\n"));
    // 1250, 6250 and 12 500 requests a minute by 500: 3, 13 and 25.
    let verdicts: Vec<Vec<&Value>> = report["phases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|phase| fields(phase, &["needed", "replicas", "carried", "missing", "idle"]))
        .collect();
    assert_eq!(
        json!(verdicts),
        json!([
            [3, 3, true, 0, 0],
            [13, 20, true, 0, 7],
            [25, 20, false, 5, 0]
        ])
    );
    // The largest phase is the load.
    assert_eq!(report["load"]["source"], "phases");
    assert_eq!(report["replicas"]["count"], 25);
    let bars: Vec<Vec<&Value>> = report["bars"]
        .as_array()
        .unwrap()
        .iter()
        .map(|bar| fields(bar, &["bar", "met", "message"]))
        .collect();
    assert_eq!(
        json!(bars),
        json!([
            ["phase Phase 1", true, "needs 3, may have 3"],
            ["phase Phase 2", true, "needs 13, may have any number"],
            ["phase Phase 3", false, "needs 25, may have 20"]
        ])
    );
}

#[test]
fn phases_are_judged_in_nodes() {
    let plan = format!("{PHASES}[pool]\npurchase_options = [\"on_demand\"]\n{TYPES}")
        .replace("on_demand = 0.40", "on_demand = 0.39");
    let report = answer(&plan);
    let of = |i: usize| {
        let phase = &report["phases"][i];
        json!(fields(
            phase,
            &["needed", "replicas", "carried", "missing", "idle"]
        ))
    };
    // 1250: 2 large and 3 small are the cheapest, but only 3 nodes are allowed: 3 large.
    assert_eq!(of(0), json!([3, 3, true, 0, 0]));
    near(&report["phases"][0]["cost_per_month"], 3.0 * 0.39 * 730.0);
    // 6250: 12 large and 3 small; at least 20: 10 large, 10 small are the cheapest of 20.
    near(
        &report["phases"][1]["cost_per_month"],
        (11.0 * 0.39 + 9.0 * 0.1) * 730.0,
    );
    assert_eq!(of(1), json!([15, 20, true, 0, 5]));
    // 12 500 by 500: 25 large, 20 allowed.
    assert_eq!(of(2), json!([25, null, false, 5, null]));
}

#[test]
fn a_plan_that_cannot_be_met_fails() {
    let plan = format!("[load]\nrequests_per_minute = 10000\n[pool]\nmax_size = 10\n{TYPES}");
    let report = answer(&plan);
    assert_eq!(report["instances"], Value::Null);
    assert_eq!(report["replicas"], Value::Null);
    let bar_of = bar(&report, "instances");
    assert_eq!(bar_of["met"], false);
    let message = bar_of["message"].as_str().unwrap();
    assert!(message.starts_with("no mix will do: "), "{message}");
    let run = Dir::new()
        .with("plan.toml", plan)
        .run(&["size", "plan.toml", "--json", "a.json"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(1), ""));
    assert!(
        run.stdout.contains("NOT MET: instances: no mix will do: "),
        "{}",
        run.stdout
    );
    let dear = format!(
        "[load]\nrequests_per_minute = 1000\n[objective]\nmax_cost_per_month = 100\n{TYPES}"
    );
    // 0.62 an hour.
    let message = bar(&answer(&dear), "cost")["message"].clone();
    assert_eq!(message, "452.60 a month, may be 100.00");
    let allowed = dear.replace("month = 100", "month = 452.60");
    assert_eq!(bar(&answer(&allowed), "cost")["met"], true);
}

#[test]
fn what_a_plan_cannot_use_is_said() {
    let plan = format!(
        "[load]\nrequests_per_minute = 9\n[right_sizing]\n[off_peak]\nmax_blocks = 2\n{TYPES}"
    );
    let report = answer(&plan);
    assert_eq!(
        report["notes"],
        json!([
            "headroom is not given: 20%",
            "availability is not given: no spare for replicas that are down",
            "right_sizing: no fleet is given",
            "off_peak: no trace and no hourly load is given"
        ])
    );
}

#[test]
fn what_else_would_do_and_what_the_choice_saves() {
    let report = answer(&format!("[load]\nrequests_per_minute = 1000\n{TYPES}"));
    // The choice costs 0.62 an hour.
    let found: Vec<(String, i64)> = report["alternatives"]
        .as_array()
        .unwrap()
        .iter()
        .map(|other| {
            near(
                &other["choice_saves_per_month"],
                other["cost_per_month"].as_f64().unwrap() - 0.62 * 730.0,
            );
            let hour = other["cost_per_month"].as_f64().unwrap() / 730.0;
            (
                other["name"].as_str().unwrap().to_owned(),
                (hour * 100.0).round() as i64,
            )
        })
        .collect();
    let expected = [
        // 2 small, 2 large reserved.
        ("on_demand and reserved", 70),
        // 10 of the load on demand: 2 large; one large spot: 0.80 + 0.12.
        ("on_demand and spot", 92),
        ("on_demand alone", 100),
        ("small alone", 120),
    ];
    assert_eq!(
        found,
        expected.map(|(name, cents)| (name.to_owned(), cents))
    );
    assert_eq!(report["savings"][0]["kind"], "mix");
    near(&report["savings"][0]["per_month"], (1.0 - 0.62) * 730.0);
    let mix = &report["instances"];
    assert_eq!(mix["binding"], json!(["load", "survivor_load"]));
    assert_eq!(
        fields(
            mix,
            &[
                "capacity",
                "needs",
                "capacity_after_loss",
                "needs_after_loss"
            ]
        ),
        [
            &json!(1500.0),
            &json!(1200.0),
            &json!(1000.0),
            &json!(1000.0)
        ]
    );
}

#[test]
fn gpus_are_another_column() {
    let gpu = "[[types]]\nname = \"gpu\"\nvcpu = 8\nmemory_gib = 61\ngpus = 2\n\
               requests_per_minute = 400\non_demand = 0.9\n";
    let plan = format!(
        "[load]\nrequests_per_minute = 1000\n[objective]\nmin_gpus = 3\n[pool]\n\
         purchase_options = [\"on_demand\"]\n{TYPES}{gpu}"
    );
    let report = answer(&plan);
    // Two for the GPUs carry 800 of 1200; one large node the rest.
    assert_eq!(
        fields(&report["instances"], &["gpus", "size"]),
        [&json!(4), &json!(3)]
    );
    near(&report["instances"]["cost_per_hour"], 2.0 * 0.9 + 0.4);
    let text = Dir::new()
        .with("plan.toml", plan)
        .run(&["size", "plan.toml"])
        .ok();
    assert!(text.contains("GPUs"), "{text}");
}

#[test]
fn a_fleet_in_use_is_right_sized() {
    // 10 large nodes at 35 % use 28 vCPU and 64 GiB: at 70 % five of them do.
    let plan = format!(
        "[pool]\npurchase_options = [\"on_demand\"]\n[[fleet]]\ninstance = \"large\"\n\
         option = \"on_demand\"\ncount = 10\ncpu_utilization = 0.35\nmemory_utilization = 0.2\n{TYPES}"
    );
    let report = answer(&plan);
    assert_eq!(report["load"]["requests_per_minute"], Value::Null);
    let advice = &report["right_sizing"];
    near(&advice["used_vcpu"], 28.0);
    near(&advice["used_memory_gib"], 64.0);
    near(&advice["cost_per_month"], 10.0 * 0.4 * 730.0);
    // Small nodes have 2 vCPU for 0.10, large ones 8 for 0.40: 40 vCPU cost 2.00 either way.
    near(&advice["saves_per_month"], 2.0 * 730.0);
    assert_eq!(advice["carried"], true);
    assert_eq!(advice["idle"][0]["nodes"]["count"], 5);
    let kinds: Vec<&Value> = report["savings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| &s["kind"])
        .collect();
    assert_eq!(kinds, ["right_sizing", "idle"]);
    near(&report["savings"][1]["per_month"], 5.0 * 0.4 * 730.0);
    // Busier nodes: none is idle.
    let report = answer(&plan.replace("0.35", "0.69"));
    assert_eq!(report["right_sizing"]["idle"], json!([]));
    // Another target, another answer.
    let report = answer(&format!("{plan}[right_sizing]\ncpu_utilization = 0.35\n"));
    near(&report["right_sizing"]["saves_per_month"], 0.0);
}

#[test]
fn a_database_and_a_cache_are_sized() {
    // 2600 ÷ (1000 × 0.7) = 3.7 and 2600 ÷ 1000 + 1 = 4: four.
    let plan = "[read_replicas]\nreads_per_s = 2600\nreads_per_replica = 1000\n";
    let report = answer(plan);
    assert_eq!(
        fields(
            &report["read_replicas"],
            &["target_replicas", "needed_for_reads", "needed_for_loss"]
        ),
        [&json!(4), &json!(4), &json!(4)]
    );
    // Six in use, of which one is too many: not yet taken away.
    let six = answer(&format!("{plan}replicas = 6\nlag_s = 0.1\n"));
    assert_eq!(six["read_replicas"]["action"], "hold");
    let few = answer(&format!("{plan}max_replicas = 3\n"));
    assert_eq!(
        few["bars"][0],
        json!({"bar": "read replicas", "met": false, "message": "needs 4, gets 3"})
    );
    // 9 GiB ÷ (4 × 0.6) = 3.75; 70 000 ÷ (10 000 × 0.6) = 11.7.
    let cache = "[cache]\nmemory_gib = 9\nnode_memory_gib = 4\n";
    let report = answer(cache)["cache"].clone();
    assert_eq!(
        fields(
            &report,
            &["target_nodes", "needed_for_memory", "reason", "missing"]
        ),
        [
            &json!(4),
            &json!(4),
            &json!("memory"),
            &json!(["ops_per_s", "latency_ms"])
        ]
    );
    let report = answer(&format!("{cache}ops_per_s = 70000\n"))["cache"].clone();
    assert_eq!(
        fields(&report, &["target_nodes", "needed_for_ops", "reason"]),
        [&json!(12), &json!(12), &json!("operations")]
    );
    let report = answer(&format!("{cache}ops_per_s = 70000\nmax_nodes = 10\n"));
    assert_eq!(report["bars"][0]["met"], false);
    // Fewer than the fewest are as many as of a cache that is yet to be built.
    let small = "memory_gib = 1\nnode_memory_gib = 4\nops_per_s = 500\nlatency_ms = 1\n";
    for (nodes, least, expected) in [
        (0, 3, 3),
        (1, 3, 3),
        (2, 3, 3),
        (3, 3, 3),
        (1, 1, 1),
        (2, 5, 5),
    ] {
        let plan = format!("[cache]\nnodes = {nodes}\nmin_nodes = {least}\n{small}");
        let report = answer(&plan)["cache"].clone();
        assert_eq!(
            fields(&report, &["target_nodes", "reason"]),
            [&json!(expected), &json!("at the minimum")],
            "{plan}"
        );
    }
    // Ten nodes that have little to do lose one.
    let report = answer(
        "[cache]\nnodes = 10\nmemory_gib = 2\nnode_memory_gib = 4\nops_per_s = 500\nlatency_ms = 1\n",
    );
    assert_eq!(report["cache"]["target_nodes"], 9);
}

#[test]
fn toml_yaml_and_json_say_the_same() {
    let toml = "[load]\nusers = 500\nrequests_per_user_minute = 6\n[objective]\nheadroom = \"25%\"\n\
                [replica]\nrequests_per_minute = 200\n";
    let yaml = "load: {users: 500, requests_per_user_minute: 6}\nobjective:\n  headroom: 25%\n\
                replica:\n  requests_per_minute: 200\n";
    let json = r#"{"load": {"users": 500, "requests_per_user_minute": 6},
                   "objective": {"headroom": "25%"}, "replica": {"requests_per_minute": 200}}"#;
    let dir = Dir::new()
        .with("p.toml", toml)
        .with("p.yaml", yaml)
        .with("p.json", json);
    let mut reports = ["p.toml", "p.yaml", "p.json"].map(|file| {
        let mut report = asked(&dir, &[file]);
        report["plan"] = Value::Null;
        report["command"] = Value::Null;
        report
    });
    assert_eq!(reports[0]["replicas"]["count"], 19);
    let last = reports[2].take();
    assert_eq!((&reports[0], &reports[1]), (&last, &last));
}

#[test]
fn flags_stand_in_for_the_plans_fields() {
    let plan = format!("[load]\nrequests_per_minute = 1000\n{TYPES}");
    let dir = Dir::new()
        .with("plan.toml", &plan)
        .with("other.toml", TYPES.replace("0.25", "0.20"));
    let hour = |args: &[&str]| {
        let report = asked(&dir, &[&["plan.toml"], args].concat());
        (report["instances"]["cost_per_hour"].as_f64().unwrap() * 1e6).round() / 1e6
    };
    for (args, cost) in [
        (&[][..], 0.62),
        (&["--spot"], 0.62),
        (&["--no-spot"], 0.7),
        (&["--load", "2000/m"], 1.12),
        (&["--headroom", "0"], 0.5),
        (&["--headroom", "0", "--types", "other.toml"], 0.4),
    ] {
        assert_eq!(hour(args), cost, "{args:?}");
    }
    // The plan's rates of users stay where only their number is given.
    let users = Dir::new().with(
        "plan.toml",
        format!("[load]\nusers = 5\nrequests_per_user_minute = 6\n{TYPES}"),
    );
    let report = asked(&users, &["plan.toml", "--users", "500"]);
    assert_eq!(report["load"]["requests_per_minute"], 3000.0);
    assert_eq!(report["command"], "plimsoll size plan.toml --users 500");
}

#[test]
fn the_built_in_plan_is_answered_whole() {
    let dir = Dir::new();
    let report = asked(&dir, &[]);
    for part in [
        "replicas",
        "instances",
        "right_sizing",
        "off_peak",
        "read_replicas",
        "cache",
    ] {
        assert!(report[part].is_object(), "{part}");
    }
    for part in [
        "alternatives",
        "types",
        "phases",
        "reserve",
        "savings",
        "bars",
    ] {
        assert!(!report[part].as_array().unwrap().is_empty(), "{part}");
    }
    assert_eq!(report["types"].as_array().unwrap().len(), 4);
    assert_eq!(report["prices_made_up"], true);
    let text = dir.run(&["size"]).ok();
    assert!(text.contains("PRICES ARE MADE UP"), "{text}");
    assert_eq!(
        dir.names(),
        [] as [&str; 0],
        "written without being asked to"
    );
    // One's own prices are not.
    let own = Dir::new().with("types.toml", TYPES);
    let text = own
        .run(&["size", "--load", "5/m", "--types", "types.toml"])
        .ok();
    assert!(!text.contains("MADE UP"), "{text}");
    // A load alone takes the built-in table.
    assert_eq!(asked(&dir, &["--load", "12000/m"])["prices_made_up"], true);
}

#[test]
fn the_examples_are_answered() {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");
    let table = |path: &str| std::fs::read_to_string(path).unwrap();
    assert_eq!(
        table(&format!("{examples}/instances.toml")),
        table(concat!(env!("CARGO_MANIFEST_DIR"), "/data/size/types.toml")),
        "the built-in table is the example's"
    );
    let mut count = 0;
    for entry in std::fs::read_dir(format!("{examples}/size")).unwrap() {
        let path = entry.unwrap().path();
        let types = format!("{examples}/instances.toml");
        let flags: &[&str] = if path.ends_with("cluster.yaml") {
            &["--load", "1000/m", "--types", &types]
        } else {
            &[]
        };
        let report = asked(&Dir::new(), &[&[path.to_str().unwrap()], flags].concat());
        assert!(
            report["bars"]
                .as_array()
                .unwrap()
                .iter()
                .all(|bar| bar["met"] == true),
            "{path:?}"
        );
        assert!(
            report["instances"]["cost_per_month"].as_f64().unwrap() > 0.0,
            "{path:?}"
        );
        count += 1;
    }
    assert_eq!(count, 4);
}

#[test]
fn the_json_has_its_fields_in_order() {
    let dir = Dir::new().with(
        "plan.toml",
        format!("[load]\nrequests_per_minute = 9\n{TYPES}"),
    );
    let text = dir.run(&["size", "plan.toml", "--json", "-"]).ok();
    let names: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("  \""))
        .filter_map(|line| line.split('"').nth(1))
        .collect();
    assert_eq!(
        names,
        [
            "plan",
            "currency",
            "prices_made_up",
            "load",
            "objective",
            "replicas",
            "instances",
            "no_cost",
            "left_out",
            "alternatives",
            "types",
            "phases",
            "right_sizing",
            "off_peak",
            "reserve",
            "read_replicas",
            "cache",
            "savings",
            "bars",
            "notes",
            "command"
        ]
    );
    let report: Value = serde_json::from_str(&text).unwrap();
    for absent in [
        "currency",
        "no_cost",
        "right_sizing",
        "off_peak",
        "read_replicas",
        "cache",
    ] {
        assert_eq!(report[absent], Value::Null, "{absent}");
    }
    assert_eq!(report["load"]["users"], Value::Null);
    assert_eq!(report["replicas"]["shortage_probability"], Value::Null);
}

#[test]
fn the_same_plan_gives_the_same_bytes() {
    let run = || {
        let dir = Dir::new();
        let text = dir
            .run(&["size", "--json", "a.json", "--html", "a.html"])
            .ok();
        let tables: Vec<String> = text
            .lines()
            .filter(|line| !line.contains("a.json") && !line.contains("a.html"))
            .map(str::to_owned)
            .collect();
        (tables, dir.read("a.json"), dir.read("a.html"))
    };
    assert_eq!(run(), run());
}

#[test]
fn the_page_stands_alone() {
    let plan = format!(
        "currency = \"<b>\"\n[load]\nrequests_per_minute = 9000\n[objective]\nmax_cost_per_month = 1\n{TYPES}"
    );
    let dir = Dir::new().with("plan.toml", plan.replace("\"small\"", "\"<i>\\u001b[2J\""));
    let run = dir.run(&["size", "plan.toml", "--html", "a.html"]);
    assert_eq!(run.code, Some(1));
    let page = dir.read("a.html");
    assert!(page.starts_with("<!DOCTYPE html>"));
    for word in [
        "What carries 9000 requests a minute?",
        "Not met",
        "&lt;i&gt;",
        "&lt;b&gt;",
    ] {
        assert!(page.contains(word), "{word}");
    }
    for word in ["http://", "https://", "<script", "<i>", "<b>", "\u{1b}"] {
        assert!(!page.contains(word), "{word}");
    }
    assert!(!run.stdout.contains('\u{1b}'), "{}", run.stdout);
}

#[test]
fn help_says_what_there_is() {
    let dir = Dir::new();
    assert!(dir.run(&["--help"]).ok().contains("size"));
    let help = dir.run(&["size", "--help"]).ok();
    for flag in [
        "--load",
        "--users",
        "--types",
        "--quantile",
        "--headroom",
        "--availability",
        "--no-spot",
    ] {
        assert!(help.contains(flag), "{flag}");
    }
}
