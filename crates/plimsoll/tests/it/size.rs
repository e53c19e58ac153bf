//! `plimsoll size`: figures worked out by hand.

use serde_json::{Value, json};

use crate::{Dir, START_S, trace};

/// Two types; 100 and 500 requests a minute.
pub(crate) const TYPES: &str = r#"
[[types]]
name = "small"
vcpu = 2
memory_gib = 8
requests_per_minute = 100
on_demand = 0.10

[[types]]
name = "large"
vcpu = 8
memory_gib = 32
requests_per_minute = 500
on_demand = 0.40
reserved = 0.25
spot = { price_per_hour = 0.12, interruption_share = 0.05 }
"#;

/// The answer to a plan.
#[track_caller]
pub(crate) fn answer(plan: &str) -> Value {
    asked(&Dir::new().with("plan.toml", plan), &["plan.toml"])
}

/// The answer to a command line.
#[track_caller]
pub(crate) fn asked(dir: &Dir, args: &[&str]) -> Value {
    let run = dir.run(&[&["size"], args, &["--json", "-"]].concat());
    assert_eq!(run.stderr, "", "{args:?}");
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let met = report["bars"]
        .as_array()
        .unwrap()
        .iter()
        .all(|bar| bar["met"] == true);
    assert_eq!(run.code, Some(i32::from(!met)), "{args:?}");
    report
}

/// The nodes of an answer, as `count × type offer`.
fn nodes(report: &Value) -> Vec<String> {
    let nodes = report["instances"]["nodes"].as_array().unwrap();
    nodes
        .iter()
        .map(|n| {
            let text = |field: &str| n[field].as_str().unwrap().to_owned();
            format!("{} × {} {}", n["count"], text("instance"), text("option"))
        })
        .collect()
}

#[track_caller]
fn near(value: &Value, expected: f64) {
    let found = value.as_f64().unwrap_or(f64::NAN);
    assert!((found - expected).abs() < 1e-6, "{found}, not {expected}");
}

#[test]
fn a_load_becomes_nodes_and_their_cost() {
    // 1000 × 1.2 = 1200: on-demand nodes only.
    for (rules, expected, hour) in [
        // 2 × 500 + 2 × 100: 1.00 an hour; 3 × 500 would be 1.20, 12 × 100 1.20.
        (
            r#"["on_demand"]"#,
            &["2 × small on_demand", "2 × large on_demand"][..],
            1.0,
        ),
        // 3 × 500 reserved are 0.75; 2 and two small ones 0.70.
        (
            r#"["on_demand", "reserved"]"#,
            &["2 × small on_demand", "2 × large reserved"],
            0.7,
        ),
        // Of spot nodes alone all may be lost; what is left carries 1000: 2 reserved, 1 spot.
        (
            r#"["on_demand", "reserved", "spot"]"#,
            &["2 × large reserved", "1 × large spot"],
            0.62,
        ),
    ] {
        let plan = format!(
            "[load]\nrequests_per_minute = 1000\n[objective]\nheadroom = 0.2\n[pool]\n\
             purchase_options = {rules}\n{TYPES}"
        );
        let report = answer(&plan);
        assert_eq!(nodes(&report), expected, "{rules}");
        let mix = &report["instances"];
        near(&mix["cost_per_hour"], hour);
        near(&mix["cost_per_month"], hour * 730.0);
        assert_eq!(mix["proven"], true);
        assert_eq!(mix["chosen_by"], "cost");
        assert_eq!(report["replicas"]["count"], mix["size"]);
        assert_eq!(report["replicas"]["replica_is"], "node");
    }
}

#[test]
fn what_a_node_has_gives_workers_and_cache() {
    let plan = format!(
        "[load]\nrequests_per_minute = 400\n[pool]\npurchase_options = [\"on_demand\"]\n{TYPES}"
    );
    let report = answer(&plan);
    // 480: one large node; 2 workers a vCPU, at most 4, and an eighth of the memory.
    let node = &report["instances"]["nodes"][0];
    assert_eq!(
        (&node["workers"], &node["max_workers"], &node["cache_mb"]),
        (&json!(16), &json!(32), &json!(4096))
    );
    let small = &report["types"][0];
    assert_eq!(
        (&small["workers"], &small["cache_mb"]),
        (&json!(4), &json!(1024))
    );
    assert_eq!(small["alone"], 5);
    near(&small["alone_cost_per_month"], 5.0 * 0.1 * 730.0);
    let settings = "[settings]\nworkers_per_vcpu = 1.0\ncache_memory_share = 0.25\n";
    let node = answer(&format!("{plan}{settings}"))["instances"]["nodes"][0].clone();
    assert_eq!(
        (&node["workers"], &node["cache_mb"]),
        (&json!(8), &json!(8192))
    );
}

#[test]
fn replicas_of_their_own_come_stage_by_stage() {
    // 12 000 × 1.25 ÷ 1000 = 15; with 99.9 % of replicas up 99 % of the time two more.
    let plan = "[load]\nrequests_per_minute = 12000\n[objective]\nheadroom = 0.25\n\
                availability = \"99.9%\"\nreplica_availability = 0.99\nmin_replicas = 3\n\
                [replica]\nrequests_per_minute = 1000\n";
    let report = answer(plan);
    let replicas = &report["replicas"];
    assert_eq!(
        (
            &replicas["count"],
            &replicas["needed"],
            &replicas["spare"],
            &replicas["reason"]
        ),
        (&json!(17), &json!(15), &json!(2), &json!("spare"))
    );
    let stages: Vec<(&str, u64)> = replicas["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| {
            (
                s["reason"].as_str().unwrap(),
                s["replicas"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(stages, [("load", 15), ("spare", 17), ("min_replicas", 17)]);
    near(&replicas["stages"][0]["exact"], 15.0);
    // P(Binomial(17, 0.99) < 15) by hand: C(17,3) 0.01³ 0.99¹⁴ and what is beyond.
    let tail: f64 = (3..=17)
        .map(|down| binomial(17, down) * 0.01_f64.powi(down) * 0.99_f64.powi(17 - down))
        .sum();
    near(&replicas["shortage_probability"], tail);
    assert_eq!(report["instances"], Value::Null);
    assert_eq!(report["no_cost"], Value::Null);
}

fn binomial(n: i32, k: i32) -> f64 {
    (0..k)
        .map(|i| f64::from(n - i) / f64::from(i + 1))
        .product()
}

#[test]
fn replicas_are_put_on_the_nodes_that_hold_them() {
    // 40 replicas of 2 vCPU and 4 GiB: one on a small node, four on a large one.
    let plan = format!(
        "[load]\nrequests_per_minute = 3200\n[objective]\nheadroom = 0.25\n[replica]\n\
         requests_per_minute = 100\nvcpu = 2\nmemory_gib = 4\n[pool]\n\
         purchase_options = [\"on_demand\"]\n{TYPES}"
    );
    let report = answer(&plan);
    assert_eq!(report["replicas"]["count"], 40);
    assert_eq!(report["replicas"]["replica_is"], "part");
    // Four a large node by vCPU: 0.10 a replica, as on a small one; fewest nodes.
    assert_eq!(nodes(&report), ["10 × large on_demand"]);
    let mix = &report["instances"];
    assert_eq!(
        (&mix["unit"], &mix["nodes"][0]["carries"]),
        (&json!("replicas"), &json!(4.0))
    );
    // A type that holds none is left out and said.
    let report = answer(&plan.replace("vcpu = 2\nmemory_gib = 4\n[pool]", "vcpu = 4\n[pool]"));
    assert_eq!(report["types"].as_array().unwrap().len(), 1);
    let notes = report["notes"].as_array().unwrap();
    assert!(
        notes.contains(&json!("too small for a replica: small")),
        "{notes:?}"
    );
}

#[test]
fn endpoints_use_up_shares_of_a_replica() {
    // 6000 a minute are 100 a second: 90 ÷ (50 × 0.8) = 2.25 and 10 ÷ (10 × 0.8) = 1.25.
    let plan = "[load]\nrequests_per_minute = 6000\n[objective]\nheadroom = 0.25\n\
                [[endpoints]]\nmethod = \"GET\"\npath = \"/a\"\np95_latency = \"200ms\"\n\
                max_rps = 50\nshare = \"90%\"\n\
                [[endpoints]]\nmethod = \"POST\"\npath = \"/b\"\np95_ms = 500\nmax_rps = 10\n\
                offered_rps = 10\n";
    let report = answer(plan);
    let replicas = &report["replicas"];
    assert_eq!(
        (&replicas["count"], &replicas["reason"]),
        (&json!(4), &json!("endpoints"))
    );
    let stages = replicas["stages"].as_array().unwrap();
    assert_eq!(stages[0]["name"], "GET /a");
    for (stage, exact) in stages.iter().zip([2.25, 1.25, 3.5]) {
        near(&stage["exact"], exact);
    }
}

#[test]
fn what_no_endpoint_is_asked_is_sized_and_named() {
    let plan = |asked: &str, replica: &str| {
        format!(
            "[load]\nrequests_per_minute = 6000\n[objective]\nheadroom = 0.25\n[[endpoints]]\n\
             method = \"GET\"\npath = \"/a\"\np95_ms = 200\nmax_rps = 50\n{asked}\n{replica}"
        )
    };
    let replica = "[replica]\nrequests_per_minute = 1200\n";
    for (asked, rest, count) in [
        // 100 a second: 80 ÷ (50 × 0.8) = 2 and 20 ÷ (20 × 0.8) = 1.25; 6000 × 1.25 ÷ 1200 = 6.25.
        ("share = 0.8", Some("20"), 7),
        ("offered_rps = 70", Some("30"), 7),
        ("share = 1", None, 7),
        ("share = 0.9999995", None, 7),
    ] {
        let report = answer(&plan(asked, replica));
        assert_eq!(report["replicas"]["count"], count, "{asked}");
        let note = rest.map(|rest| {
            json!(format!(
                "{rest} req/s not covered by an endpoint: sized with replica.requests_per_minute \
                 (1200)"
            ))
        });
        let notes = report["notes"].as_array().unwrap();
        let said = notes
            .iter()
            .find(|n| n.as_str().unwrap().contains("not covered"));
        assert_eq!(said, note.as_ref(), "{asked}");
    }
    // A replica that carries much: what the endpoints and the rest come to counts.
    let report = answer(&plan(
        "share = 0.8",
        "[replica]\nrequests_per_minute = 6000\n",
    ));
    let replicas = &report["replicas"];
    assert_eq!(
        (&replicas["count"], &replicas["reason"]),
        (&json!(3), &json!("endpoints"))
    );
    // 2 + 20 ÷ (100 × 0.8).
    near(&replicas["stages"][3]["exact"], 2.25);
    assert_eq!(
        replicas["stages"][2]["name"],
        "other (20 req/s not covered by an endpoint)"
    );
    // More than the load: the endpoints count, and that is said.
    let report = answer(&plan("offered_rps = 170", ""));
    assert_eq!(report["replicas"]["count"], 5);
    let note = "the endpoints are asked 170 req/s, the load is 100 req/s: the endpoints count";
    assert_eq!(report["notes"][0], note);
}

#[test]
fn users_are_a_load() {
    let table = Dir::new().with("types.toml", TYPES);
    let by_load = asked(&table, &["--load", "3000/m", "--types", "types.toml"]);
    for args in [
        &["--users", "500", "--requests-per-user", "6/m"][..],
        &["--users", "500", "--requests-per-user", "0.1/s"],
        &["--load", "50/s"],
    ] {
        let mut report = asked(&table, &[args, &["--types", "types.toml"]].concat());
        for field in ["load", "command"] {
            report[field] = by_load[field].clone();
        }
        assert_eq!(report, by_load, "{args:?}");
    }
    let of = |load: &str| {
        let report = answer(&format!("[load]\n{load}\n{TYPES}"));
        (
            report["load"]["requests_per_minute"].clone(),
            report["instances"].clone(),
        )
    };
    let users = of("users = 500\nrequests_per_user_minute = 6");
    let thinking = of("users = 500\nthink_time = \"9.8s\"\nresponse_time = \"200ms\"");
    assert_eq!(users, thinking);
    assert_eq!(users.1, by_load["instances"]);
    assert_eq!(users.0, 3000.0);
}

#[test]
fn a_trace_is_carried_to_its_quantile() {
    // 1000 minutes: 990 of 600 requests, 9 of 1200, one of 6000.
    let load = (0..1000).map(|i| match i {
        500 => 6000,
        501..510 => 1200,
        _ => 600,
    });
    let dir = Dir::new()
        .with("t.csv", trace(load))
        .with("types.toml", TYPES);
    for (flags, carried, uncovered) in [
        (&["--quantile", "99%"][..], 600.0, 0.01),
        (&["--quantile", "99.8%"], 1200.0, 0.001),
        (&[], 1200.0, 0.001),
        (&["--quantile", "100%"], 6000.0, 0.0),
        // Half of a budget of 2 % may be above: 1 %.
        (&["--availability", "98%"], 600.0, 0.01),
    ] {
        let args = [&["t.csv", "--types", "types.toml"], flags].concat();
        let load = asked(&dir, &args)["load"].clone();
        near(&load["requests_per_minute"], carried);
        near(&load["trace"]["uncovered_share"], uncovered);
        near(&load["trace"]["peak_requests_per_minute"], 6000.0);
        assert_eq!(load["source"], "trace");
    }
    let report = asked(
        &dir,
        &[
            "t.csv",
            "--types",
            "types.toml",
            "--unit",
            "rps",
            "--quantile",
            "1",
        ],
    );
    near(&report["load"]["requests_per_minute"], 360_000.0);
}

#[test]
fn a_trace_above_the_load_uses_up_the_error_budget() {
    let load = (0..1000).map(|i| if i % 100 == 0 { 1200 } else { 600 });
    let dir = Dir::new()
        .with("t.csv", trace(load))
        .with("types.toml", TYPES);
    let args = [
        "t.csv",
        "--types",
        "types.toml",
        "--quantile",
        "95%",
        "--availability",
        "99.9%",
    ];
    let report = asked(&dir, &args);
    let bar = &report["bars"][0];
    assert_eq!(
        (&bar["bar"], &bar["met"]),
        (&json!("error budget"), &json!(false))
    );
    assert!(
        bar["message"]
            .as_str()
            .unwrap()
            .contains("0.010000 of the time"),
        "{bar}"
    );
    let run = dir.run(&[&["size"], &args[..]].concat());
    assert_eq!(run.code, Some(1));
    assert!(
        run.stdout.contains("NOT MET: error budget: "),
        "{}",
        run.stdout
    );
}

#[test]
fn off_peak_hours_come_from_the_hours_of_a_trace() {
    // Two weeks from a Tuesday: 1000 a minute from 8 to 20, 100 otherwise.
    assert_eq!(START_S % 86_400, 0);
    let load = (0..14 * 1440).map(|i| {
        if (8..20).contains(&(i / 60 % 24)) {
            1000
        } else {
            100
        }
    });
    let dir = Dir::new()
        .with("t.csv", trace(load))
        .with("types.toml", TYPES);
    let args = [
        "t.csv",
        "--types",
        "types.toml",
        "--no-spot",
        "--headroom",
        "0",
    ];
    let report = asked(&dir, &args);
    let schedule = &report["off_peak"];
    let blocks: Vec<(u64, u64, u64)> = schedule["blocks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|b| b["days"] == "weekdays")
        .map(|b| {
            let of = |field: &str| b[field].as_u64().unwrap();
            (of("from_hour"), of("to_hour"), of("max"))
        })
        .collect();
    assert_eq!(blocks, [(0, 8, 1), (8, 20, 2), (20, 24, 1)]);
    // 2 × 0.40 for half of the time, 0.10 for the other, against 2 × 0.25 reserved all the time.
    near(&schedule["saves_per_month"], (0.5 - 0.45) * 730.0);
    // Reserved at 0.25 of 0.40: needed in more than 62.5 % of the hours.
    let advice = &report["reserve"][0];
    assert_eq!(
        (&advice["instance"], &advice["reserved"]),
        (&json!("large"), &json!(1))
    );
    near(&advice["break_even_share"], 0.625);
}

#[test]
fn nodes_that_are_down_now_and_then_need_spare_ones() {
    // 10 nodes of 100 carry 1000; of nodes that are up 99 % of the time 12 keep 99.9 %.
    let types = "[[types]]\nname = \"a\"\nvcpu = 2\nmemory_gib = 8\n\
                 requests_per_minute = 100\non_demand = 0.1\n";
    let plan = format!(
        "[load]\nrequests_per_minute = 800\n[objective]\nheadroom = 0.25\n\
         availability = \"99.9%\"\nreplica_availability = \"99%\"\n{types}"
    );
    let report = answer(&plan);
    let replicas = &report["replicas"];
    assert_eq!(
        (&replicas["count"], &replicas["needed"], &replicas["spare"]),
        (&json!(12), &json!(10), &json!(2))
    );
    // The same as for replicas of their own.
    let own = answer(&plan.replace("[[ty", "[replica]\nrequests_per_minute = 100\n[[ty"));
    for field in ["count", "needed", "spare", "reason"] {
        assert_eq!(own["replicas"][field], replicas[field], "{field}");
    }
    let (a, b) = (
        &own["replicas"]["shortage_probability"],
        &replicas["shortage_probability"],
    );
    near(a, b.as_f64().unwrap());
    assert_eq!(report["instances"]["raised_for_error_budget"], true);
    // One less of them carries 1100, yet too often fewer than the 1000 that are needed.
    let short: f64 = (2..=11)
        .map(|down| binomial(11, down) * 0.01_f64.powi(down) * 0.99_f64.powi(11 - down))
        .sum();
    let less = &report["instances"]["cheaper"][0];
    assert_eq!(
        less["why"],
        format!(
            "error budget: fewer than 1000 requests a minute with probability {short:.1e}, may be 1.0e-3"
        )
    );
    near(&less["shortage_probability"], short);
    assert_eq!(less["violates"], json!([]));
}

#[test]
fn smaller_nodes_may_keep_the_error_budget_for_less() {
    // Per request small and large cost the same; three of a kind lost are a smaller part.
    let types = TYPES
        .replace("on_demand = 0.40", "on_demand = 0.50")
        .replace(
            "reserved = 0.25\nspot = { price_per_hour = 0.12, interruption_share = 0.05 }\n",
            "",
        );
    let plan = format!(
        "[load]\nrequests_per_minute = 2000\n[objective]\nheadroom = 0.0\n\
         availability = \"99.9%\"\n{types}"
    );
    let report = answer(&plan);
    let cost = report["instances"]["cost_per_month"].as_f64().unwrap();
    for other in report["alternatives"].as_array().unwrap() {
        assert!(
            other["cost_per_month"].as_f64().unwrap() >= cost - 1e-6,
            "{other}"
        );
    }
    assert!(report["replicas"]["shortage_probability"].as_f64().unwrap() <= 0.001);
    let bound = report["instances"]["cost_lower_bound_per_hour"]
        .as_f64()
        .unwrap();
    near(&json!(bound), 2.0);
    assert_eq!(report["instances"]["proven"], false);
}
