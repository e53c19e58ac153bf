//! `plimsoll decide`.

use serde_json::{Value, json};

use crate::{CPU, Dir, manifest, near, number};

/// `replicas` pods that each use `milli` of their 1000 millicores.
pub(crate) fn seen(replicas: u32, milli: i64) -> String {
    json!({
        "spec_replicas": replicas,
        "status_replicas": replicas,
        "pods": [{
            "count": replicas,
            "ready": "true",
            "started_age": "1d",
            "ready_transition_age": "1d",
            "containers": [{
                "name": "app",
                "requests": [{ "resource": "cpu", "amount_milli": 1000 }],
            }],
        }],
        "readings": [{ "pods": [{ "group": 0, "count": replicas, "value": { "milli": milli } }] }],
    })
    .to_string()
}

/// A total of `milli` over one ready pod.
pub(crate) fn total(milli: i64) -> String {
    json!({
        "spec_replicas": 1,
        "status_replicas": 1,
        "pods": [{ "count": 1, "ready": "true" }],
        "readings": [{ "values": { "values_milli": [milli] } }],
    })
    .to_string()
}

fn dir() -> Dir {
    Dir::new()
        .with("hpa.yaml", manifest("api", 20, CPU))
        .with(
            "kpa.toml",
            "kind = \"kpa\"\ntarget_value = 10.0\n[bounds]\nmax = 4\n",
        )
        .with("share.toml", "kind = \"kpa\"\ntarget_utilization = 0.5\n")
        .with("five.toml", "kind = \"fixed\"\nreplicas = 5\n")
}

#[track_caller]
fn decide(dir: &Dir, args: &[&str], input: &str) -> Value {
    let args = [&["decide", "--policy"], args].concat();
    serde_json::from_str(&dir.run_with(&args, input).ok()).unwrap()
}

fn stages(decision: &Value) -> Vec<(&str, u64)> {
    let stages = decision["stages"].as_array().unwrap().iter();
    stages
        .map(|s| (s["kind"].as_str().unwrap(), s["replicas"].as_u64().unwrap()))
        .collect()
}

#[test]
fn an_hpa_shows_every_stage() {
    let dir = dir();
    let decision = decide(&dir, &["hpa.yaml"], &seen(4, 900));
    assert_eq!(
        (&decision["current_replicas"], &decision["replicas"]),
        (&json!(4), &json!(6))
    );
    assert_eq!(decision["reason"], "scale_up");
    assert_eq!(
        stages(&decision),
        [
            ("recommended", 6),
            ("stabilized", 6),
            ("rate_limited", 6),
            ("bounded", 6)
        ]
    );
    let metric = &decision["metrics"][0];
    assert_eq!(metric["proposal"], json!(6));
    assert_eq!(metric["utilization_percent"], 90);
    assert!(near(number(&metric["ratio"]), 90.0 / 70.0));
    assert_eq!(metric["pods"]["ready"], 4);
    assert_eq!(decision["conditions"]["ScalingActive"]["status"], true);
    assert_eq!(
        decision["conditions"]["AbleToScale"]["reason"],
        "SucceededRescale"
    );
    assert!(decision["kpa"].is_null());
    // 75 % is within a tenth of 70 %; 40 times as much is beyond the upper bound.
    assert_eq!(
        decide(&dir, &["hpa.yaml"], &seen(4, 750))["reason"],
        "within_tolerance"
    );
    let most = decide(&dir, &["hpa.yaml"], &seen(16, 28_000));
    assert_eq!(
        (&most["replicas"], &most["reason"]),
        (&json!(20), &json!("too_many_replicas"))
    );
    assert_eq!(dir.names().len(), 4);
}

#[test]
fn a_kpa_shows_its_averages_and_stages() {
    let decision = decide(&dir(), &["kpa.toml"], &total(45_000));
    assert_eq!(
        (&decision["replicas"], &decision["reason"]),
        (&json!(4), &json!("too_many_replicas"))
    );
    assert_eq!(
        stages(&decision),
        [
            ("recommended", 5),
            ("rate_limited", 5),
            ("panicked", 5),
            ("bounded", 4)
        ]
    );
    let kpa = &decision["kpa"];
    assert!(near(number(&kpa["stable_value"]), 45.0) && near(number(&kpa["panic_value"]), 45.0));
    assert_eq!(
        (&kpa["stable_replicas"], &kpa["panicking"]),
        (&json!(5), &json!(true))
    );
}

#[test]
fn a_share_is_a_share_of_the_capacity() {
    let replicas = |capacity: &str| {
        let args = ["share.toml", "--capacity", capacity];
        decide(&dir(), &args, &total(45_000))["replicas"].clone()
    };
    assert_eq!([replicas("10"), replicas("20"), replicas("100")], [9, 5, 1]);
}

#[test]
fn a_fixed_number_needs_no_reading() {
    let decision = decide(
        &dir(),
        &["five.toml"],
        r#"{"spec_replicas":1,"status_replicas":1}"#,
    );
    assert_eq!(
        (&decision["replicas"], &decision["reason"]),
        (&json!(5), &json!("fixed"))
    );
}

#[test]
fn a_failed_reading_changes_nothing() {
    let failed = r#"{"spec_replicas":7,"status_replicas":7,"readings":["failed"]}"#;
    for args in [&["hpa.yaml"][..], &["share.toml", "--capacity", "10"]] {
        let decision = decide(&dir(), args, failed);
        assert_eq!(
            (&decision["replicas"], &decision["blind"]),
            (&json!(7), &json!(true))
        );
    }
}

#[test]
fn the_state_makes_windows_work_across_calls() {
    let dir = dir();
    let at = |now: &str, state: &[&str]| {
        let args = [&["hpa.yaml", "--now", now], state].concat();
        let decision = decide(&dir, &args, &seen(8, 100));
        (
            decision["replicas"].as_u64(),
            decision["reason"].as_str().unwrap().to_owned(),
        )
    };
    let held = (Some(8), "scale_down_stabilized".to_owned());
    let down = (Some(2), "scale_down".to_owned());
    let state = ["--state", "s.json"];
    assert_eq!(at("1h", &state), held);
    assert_eq!(at("61m", &state), held);
    assert_eq!(at("64m59s", &state), held);
    assert_eq!(at("65m1s", &state), down);
    // Each call without it is the first one.
    assert_eq!(at("2h", &[]), held);
    let names = dir.names();
    assert_eq!(names.len(), 5, "{names:?}");
}

#[test]
fn the_state_of_a_kpa_keeps_its_panic() {
    let dir = dir();
    let at = |now: &str, milli: i64| {
        let args = [
            "share.toml",
            "--capacity",
            "20",
            "--now",
            now,
            "--state",
            "s.json",
        ];
        let decision = decide(&dir, &args, &total(milli));
        (
            decision["replicas"].as_u64(),
            decision["kpa"]["panicking"].as_bool(),
        )
    };
    assert_eq!(at("0s", 45_000), (Some(5), Some(true)));
    assert_eq!(at("30s", 9_000), (Some(5), Some(true)));
    assert_eq!(at("5m", 9_000), (Some(1), Some(false)));
}

#[test]
fn the_decision_goes_to_a_file_where_one_is_named() {
    let dir = dir();
    let args = ["decide", "--policy", "hpa.yaml", "--json"];
    let shown = dir
        .run_with(&[&args[..], &["-"]].concat(), &seen(4, 900))
        .ok();
    assert_eq!(
        dir.run_with(&[&args[..], &["d.json"]].concat(), &seen(4, 900))
            .ok(),
        ""
    );
    assert_eq!(dir.read("d.json"), shown);
    assert_eq!(dir.run_with(&args[..3], &seen(4, 900)).ok(), shown);
}

#[test]
fn several_metrics_read_in_their_order() {
    let both = manifest("api", 20, &format!("{CPU}{}", crate::REQUESTS));
    let dir = dir().with("both.yaml", both);
    let mut input: Value = serde_json::from_str(&seen(4, 700)).unwrap();
    let rate = json!({ "pods": [{ "group": 0, "count": 4, "value": { "milli": 70_000 } }] });
    input["readings"].as_array_mut().unwrap().push(rate);
    let decision = decide(&dir, &["both.yaml"], &input.to_string());
    let proposals: Vec<&Value> = decision["metrics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| &m["proposal"])
        .collect();
    assert_eq!(proposals, [4, 8]);
    assert_eq!(decision["replicas"], 8);
}

/// A policy of each further kind, by its file's name.
fn further() -> Dir {
    let cpu = "{ statistic = { utilization = { resource = \"cpu\" } } }";
    let activation = "[activation]\ngauge.statistic = \"total\"\ncooldown = \"2m\"\n";
    let kpa = "kind = \"kpa\"\ntarget_value = 10.0\n";
    Dir::new()
        .with(
            "triggers.toml",
            format!(
                "kind = \"triggers\"\nbounds.max = 7\n[[rules]]\nname = \"busy\"\ngauge = {cpu}\n\
                 comparison = \"above\"\nthreshold = 70\nsustained = \"1m\"\n\
                 adjustment = {{ count = 2 }}\ncooldown = \"5m\"\n"
            ),
        )
        .with(
            "weighted.toml",
            format!(
                "kind = \"weighted\"\nbounds.max = 5\n[[factors]]\nkind = \"cpu\"\n\
                 gauge = {cpu}\ntarget = 60\nweight = 1\n"
            ),
        )
        .with("idle.toml", format!("{kpa}{activation}"))
        .with(
            "shifts.toml",
            format!(
                "{kpa}{activation}[[schedule.entries]]\nstart = \"0 6 * * *\"\n\
                 until = {{ cron = \"0 20 * * *\" }}\nmin = 3\n"
            ),
        )
        .with("kpa.toml", kpa)
}

fn step(dir: &Dir, policy: &str, now: &str, input: &str) -> Value {
    decide(dir, &[policy, "--state", "s.json", "--now", now], input)
}

#[test]
fn triggers_remember_since_when_and_until_when() {
    let dir = further();
    let first = step(&dir, "triggers.toml", "0s", &seen(4, 900));
    assert_eq!(
        (&first["replicas"], &first["reason"]),
        (&json!(4), &json!("steady"))
    );
    assert_eq!(first["thresholds"][0]["value"], 90.0);
    let met = step(&dir, "triggers.toml", "60s", &seen(4, 900));
    assert_eq!(
        (&met["replicas"], &met["reason"]),
        (&json!(6), &json!("scale_up"))
    );
    let cooling = step(&dir, "triggers.toml", "75s", &seen(6, 900));
    assert_eq!(
        (&cooling["replicas"], &cooling["reason"]),
        (&json!(6), &json!("cooling_down"))
    );
    let bounded = step(&dir, "triggers.toml", "10m", &seen(6, 900));
    assert_eq!(
        (&bounded["replicas"], &bounded["reason"]),
        (&json!(7), &json!("too_many_replicas"))
    );
}

#[test]
fn weighted_factors_remember_their_last_change() {
    let dir = further();
    let up = step(&dir, "weighted.toml", "0s", &seen(4, 700));
    assert_eq!(
        (&up["replicas"], &up["reason"]),
        (&json!(5), &json!("scale_up"))
    );
    assert_eq!(up["factors"][0]["value"], 70.0);
    let held = step(&dir, "weighted.toml", "60s", &seen(5, 100));
    assert_eq!(
        (&held["replicas"], &held["reason"]),
        (&json!(5), &json!("dampened"))
    );
    let down = step(&dir, "weighted.toml", "10m", &seen(5, 100));
    assert_eq!(
        (&down["replicas"], &down["reason"]),
        (&json!(3), &json!("scale_down"))
    );
}

#[test]
fn an_activation_idles_after_its_cooldown_and_wakes() {
    let dir = further();
    let reasons: Vec<Value> = [("0s", 0), ("60s", 0), ("2m", 0), ("3m", 0)]
        .into_iter()
        .map(|(now, milli)| {
            let decision = step(&dir, "idle.toml", now, &total(milli));
            json!([decision["replicas"], decision["reason"]])
        })
        .collect();
    let waits = json!([1, "cooling_down"]);
    let idle = json!([0, "idle"]);
    assert_eq!(reasons, [waits.clone(), waits, idle.clone(), idle]);
    let woken = step(&dir, "idle.toml", "4m", &total(500));
    assert_eq!(woken["replicas"], 1);
    assert_eq!(stages(&woken).last(), Some(&("activated", 1)));
    // What the policy inside remembers is there, too.
    let state: Value = serde_json::from_str(&dir.read("s.json")).unwrap();
    assert!(state["activated"]["policy"]["kpa"].is_object(), "{state}");
    assert_eq!(state["activated"]["activation"]["phase"], "active");
    // Without a state every call is the first one.
    assert_eq!(
        decide(&dir, &["idle.toml", "--now", "1h"], &total(0))["replicas"],
        1
    );
}

#[test]
fn a_schedule_goes_by_unix_time() {
    let dir = further();
    let at = |hour: u64| {
        let now = (897_350_400 + 3600 * hour).to_string(); // 9 June 1998
        let decision = decide(&dir, &["shifts.toml", "--now", &now], &total(15_000));
        json!([decision["replicas"], decision["reason"]])
    };
    assert_eq!(
        [at(5), at(7)],
        [json!([2, "panic"]), json!([3, "scheduled"])]
    );
    let run = dir.run_with(&["decide", "--policy", "shifts.toml"], &total(0));
    let refused = run.refused();
    assert!(
        refused.contains("shifts.toml") && refused.contains("--now"),
        "{refused}"
    );
}

#[test]
fn a_state_belongs_to_what_stands_around_the_policy_as_well() {
    let dir = further();
    for (written, read) in [
        ("idle.toml", "kpa.toml"),
        ("kpa.toml", "idle.toml"),
        ("triggers.toml", "weighted.toml"),
        ("weighted.toml", "triggers.toml"),
    ] {
        let _ = std::fs::remove_file(dir.path().join("s.json"));
        let input = |file: &str| match file {
            "idle.toml" | "kpa.toml" => total(0),
            _ => seen(2, 500),
        };
        step(&dir, written, "1s", &input(written));
        let args = [
            "decide", "--policy", read, "--state", "s.json", "--now", "2s",
        ];
        let refused = dir.run_with(&args, &input(read)).refused();
        assert!(
            refused.contains("s.json: holds the state of another kind"),
            "{refused}"
        );
    }
    let spoilt = "{\"activated\": {\"activation\": {\"now\": \"1s\", \"sleepy\": true}}}";
    let dir = further().with("s.json", spoilt);
    let args = [
        "decide",
        "--policy",
        "idle.toml",
        "--state",
        "s.json",
        "--now",
        "2s",
    ];
    let refused = dir.run_with(&args, &total(0)).refused();
    assert!(
        refused.contains("s.json: activation: ") && refused.contains("sleepy"),
        "{refused}"
    );
}
