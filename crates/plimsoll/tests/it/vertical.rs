//! `plimsoll replay --vertical`.

use serde_json::Value;

use crate::Dir;

const VPA: &str = "\
apiVersion: autoscaling.k8s.io/v1
kind: VerticalPodAutoscaler
metadata:
  name: api-vpa
spec:
  targetRef:
    kind: Deployment
    name: api
  resourcePolicy:
    containerPolicies:
      - containerName: api
        maxAllowed:
          cpu: 440m
";

/// Two days of values, one a minute.
fn series(value: impl Fn(u64) -> f64) -> String {
    let mut text = "timestamp,value\n".to_owned();
    for minute in 0..2880 {
        text.push_str(&format!("{},{}\n", 60 * minute, value(minute)));
    }
    text
}

fn constant() -> Dir {
    Dir::new().with("s.csv", series(|_| 0.4))
}

/// The JSON of a replay with these arguments.
fn report(dir: &Dir, args: &[&str]) -> Value {
    let all = [&["replay", "--vertical", "s.csv", "--json", "-"], args].concat();
    serde_json::from_str(&dir.run(&all).ok()).unwrap()
}

#[track_caller]
fn near(value: &Value, expected: f64) {
    let got = value.as_f64().unwrap();
    assert!((got - expected).abs() < 1e-9, "{got}, not {expected}");
}

#[test]
fn a_constant_use_is_asked_for_with_its_margin() {
    let report = report(&constant(), &[]);
    let vpa = &report["policies"][0];
    assert_eq!((&vpa["name"], &vpa["kind"]), (&"vpa".into(), &"vpa".into()));
    // 0.4 cores end in the bucket up to 414 m; 15 % of that are 62 m.
    near(&vpa["cpu"]["mean_request"], 0.476);
    near(&vpa["slack"], 0.076 / 0.4);
    near(&vpa["violation_share"], 0.0);
    assert_eq!(vpa["restarts"], 0);
    assert_eq!(vpa["memory"], Value::Null);
}

#[test]
fn a_manifest_bounds_its_container() {
    let dir = constant().with("vpa.yaml", VPA);
    let report = report(&dir, &["--policy", "vpa.yaml"]);
    let vpa = &report["policies"][0];
    assert_eq!(vpa["name"], "api-vpa");
    near(&vpa["cpu"]["mean_request"], 0.44);
}

#[test]
fn memory_beyond_the_request_kills() {
    // A day at 1 GB, then 1.5 GB: more than the 15 % margin.
    let dir = Dir::new().with("s.csv", series(|m| if m < 1440 { 1e9 } else { 1.5e9 }));
    let report = report(&dir, &["--resource", "memory"]);
    let vpa = &report["policies"][0];
    let kills = vpa["oom_kills"].as_u64().unwrap();
    assert!(kills >= 1, "{vpa}");
    assert!(
        vpa["restarts"].as_u64().unwrap() > kills,
        "a kill and a resize: {vpa}"
    );
    near(&vpa["violation_share"], kills as f64 / 2879.0);
}

#[test]
fn warm_up_does_not_count() {
    let dir = Dir::new().with("s.csv", series(|m| if m < 1440 { 0.8 } else { 0.4 }));
    let all = report(&dir, &[]);
    let rest = report(&dir, &["--warm-up", "1d"]);
    near(
        &all["policies"][0]["cpu"]["mean_usage"],
        (1439.0 * 0.8 + 1440.0 * 0.4) / 2879.0,
    );
    near(&rest["policies"][0]["cpu"]["mean_usage"], 0.4);
    assert_eq!(rest["from_s"], 86_400);
}

#[test]
fn it_writes_a_table_and_a_page() {
    let dir = constant();
    let text = dir.run(&["replay", "--vertical", "s.csv"]).ok();
    assert!(
        text.contains("vpa") && text.contains("476m") && text.contains("plimsoll-vertical.html")
    );
    let page = std::fs::read_to_string(dir.path().join("plimsoll-vertical.html")).unwrap();
    assert!(page.contains("plimsoll replay --vertical s.csv"));
    let again = constant();
    again.run(&["replay", "--vertical", "s.csv"]).ok();
    assert_eq!(dir.content(), again.content());
}

#[test]
fn what_cannot_be_used_is_named_with_its_line() {
    let dir = constant()
        .with("vpa.yaml", VPA)
        .with(
            "boost.yaml",
            VPA.replace(
                "maxAllowed:\n          cpu: 440m",
                "startupBoost:\n          cpu: {type: Factor, factor: 2}",
            ),
        )
        .with("misspelt.yaml", VPA.replace("maxAllowed", "maxAlowed"))
        .with("disk.yaml", VPA.replace("cpu: 440m", "disk: 5Gi"))
        .with("old.yaml", VPA.replace("k8s.io/v1", "k8s.io/v1beta2"))
        .with(
            "off.yaml",
            VPA.replace("maxAllowed:\n          cpu: 440m", "mode: \"Off\""),
        )
        .with(
            "two.yaml",
            VPA.to_owned() + "      - containerName: proxy\n",
        )
        .with(
            "again.yaml",
            VPA.to_owned() + "      - containerName: api\n",
        )
        .with("same.yaml", format!("{VPA}---\n{VPA}"))
        .with(
            "below.yaml",
            VPA.replace("440m", "0") + "        minAllowed: {cpu: 50m}\n",
        )
        .with(
            "none.yaml",
            VPA.replace(
                "maxAllowed:\n          cpu: 440m",
                "controlledResources: []",
            ),
        )
        .with("bad.csv", "timestamp,cpu\n0,0.4\n60,much\n");
    for (args, expected) in [
        (
            &["s.csv", "--policy", "boost.yaml"][..],
            "boost.yaml:12:9: ",
        ),
        (
            &["s.csv", "--policy", "misspelt.yaml"],
            "misspelt.yaml:12:9: ",
        ),
        (&["s.csv", "--policy", "disk.yaml"], "disk.yaml:13:11: "),
        (&["s.csv", "--policy", "old.yaml"], "old.yaml:1:13: "),
        (
            &["s.csv", "--policy", "off.yaml"],
            "container \"api\" has mode Off",
        ),
        (
            &["s.csv", "--policy", "two.yaml"],
            "name one with --container",
        ),
        (
            &["s.csv", "--policy", "again.yaml"],
            "again.yaml:14:24: container \"api\" has a policy in line 11 already: keep one",
        ),
        (
            &["s.csv", "--policy", "same.yaml"],
            "same.yaml:18:9: VerticalPodAutoscaler \"api-vpa\" is in line 4 already: keep one",
        ),
        (
            &["s.csv", "--policy", "below.yaml"],
            "below.yaml:13:16: spec.resourcePolicy.containerPolicies[0].maxAllowed.cpu is 0, must be at \
             least what minAllowed gives",
        ),
        (
            &["s.csv", "--policy", "vpa.toml"],
            "must be the manifest of a VerticalPodAutoscaler",
        ),
        (
            &["bad.csv"],
            "bad.csv:3: cpu is \"much\", must be a number from 0 to 1e14",
        ),
        (&["none.csv"], "none.csv: cannot be read"),
        (
            &["s.csv", "--warm-up", "2d"],
            "warm_up is 172800s, must be shorter than the series",
        ),
    ] {
        let all = [&["replay", "--vertical"], args].concat();
        let said = dir.run(&all).refused();
        assert!(said.contains(expected), "{args:?}: {said}");
    }
    let named = [
        "replay",
        "--vertical",
        "s.csv",
        "--policy",
        "two.yaml",
        "--container",
        "proxy",
    ];
    dir.run(&named).ok();
}

#[test]
fn a_name_in_two_files_or_namespaces_is_numbered() {
    let elsewhere = VPA.replace("metadata:\n", "metadata:\n  namespace: shop\n");
    let dir = constant()
        .with("a.yaml", format!("{VPA}---\n{elsewhere}"))
        .with("b.yaml", VPA.replace("440m", "0"));
    let report = report(&dir, &["--policy", "a.yaml", "--policy", "b.yaml"]);
    let policies = report["policies"].as_array().unwrap();
    let names: Vec<&str> = policies
        .iter()
        .map(|p| p["name"].as_str().unwrap())
        .collect();
    let expected = ["api-vpa", "right-sizing", "api-vpa (2)", "api-vpa (3)"];
    assert_eq!(names, expected);
    // A maximum of 0 is told to be no bound: the margin holds.
    let note = "maxAllowed.cpu is 0, which is no bound, as in Kubernetes";
    assert_eq!(policies[3]["notes"], serde_json::json!([note]));
    assert_eq!(policies[0]["notes"], serde_json::json!([]));
    near(&policies[3]["cpu"]["mean_request"], 0.476);
}

#[test]
fn a_short_series_has_a_length() {
    let dir = Dir::new().with("s.csv", "timestamp,cpu\n0,0.4\n60,0.4\n");
    let text = dir.run(&["replay", "--vertical", "s.csv"]).ok();
    assert!(
        text.starts_with("s: 2.0 minutes, a value every 60 s"),
        "{text}"
    );
    let page = dir.read("plimsoll-vertical.html");
    assert!(page.contains("2\u{a0}min, from"), "{page}");
}

#[test]
fn help_says_what_a_missing_value_is() {
    let help = Dir::new().run(&["replay", "--help"]).ok();
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        help.contains("empty, nan and null are values that were not recorded"),
        "{help}"
    );
}

#[test]
fn without_use_there_is_no_slack() {
    let dir = Dir::new().with("s.csv", series(|_| 0.0));
    let report = report(&dir, &[]);
    assert_eq!(report["policies"][0]["slack"], Value::Null);
    assert_eq!(report["policies"][0]["cpu"]["slack"], Value::Null);
}

#[test]
fn a_vpa_that_changes_nothing_sets_no_share() {
    let dir = Dir::new()
        .with("s.csv", series(|m| if m < 60 { 0.1 } else { 0.8 }))
        .with(
            "vpa.yaml",
            "\
apiVersion: autoscaling.k8s.io/v1
kind: VerticalPodAutoscaler
metadata: {name: off}
spec:
  targetRef: {kind: Deployment, name: api}
  updatePolicy: {updateMode: \"Off\"}
",
        );
    let report = report(&dir, &["--policy", "vpa.yaml"]);
    assert!(report["policies"][0]["violation_share"].as_f64().unwrap() > 0.9);
    near(&report["policies"][1]["setting"], 0.05); // its own default
}

#[test]
fn violations_have_bounds() {
    let dir = constant();
    for share in ["0.6", "75%", "0"] {
        let run = dir.run(&["replay", "--vertical", "s.csv", "--violations", share]);
        assert_eq!(run.code, Some(2), "{share}");
        assert!(run.stderr.contains("at most 50%"), "{}", run.stderr);
    }
}

#[test]
fn flags_of_the_other_replay_are_refused() {
    let dir = constant();
    for args in [
        &["--start-up", "5s"][..],
        &["--capacity", "5"],
        &["--scenario", "all"],
        &["--max", "9"],
        &["s.csv"],
    ] {
        let run = dir.run(&[&["replay", "--vertical", "s.csv"], args].concat());
        assert_eq!(run.code, Some(2), "{args:?}");
        assert!(run.stderr.contains("cannot be used with"), "{}", run.stderr);
    }
    for args in [&["--container", "api"][..], &["--violations", "1%"]] {
        let run = dir.run(&[&["replay"], args].concat());
        assert_eq!(run.code, Some(2), "{args:?}");
        assert!(run.stderr.contains("--vertical"), "{}", run.stderr);
    }
}
