//! `plimsoll diagnose`.

use serde_json::{Value, json};

use crate::Dir;

const SHOP: &str = r#"
p95_s = "3100ms"
mean_s = 1.5

[application]
cpu = "55%"
time_s = 0.3

[database]
cpu = 0.94
time_s = 1.1
read_share = 0.85
"#;

fn json_of(dir: &Dir, args: &[&str], input: &str) -> Value {
    let args = [&["diagnose"], args, &["--json", "-"]].concat();
    serde_json::from_str(&dir.run_with(&args, input).ok()).unwrap()
}

#[test]
fn a_table_says_what_was_found() {
    let text = Dir::new()
        .with("shop.toml", SHOP)
        .run(&["diagnose", "shop.toml"])
        .ok();
    assert_eq!(
        text,
        "\
Requests are slow: the database is the bottleneck, add read replicas.

figure           value  limit  of limit  weight
p95_s            3.1 s    2 s      1.55    1.55  over
database.cpu       94%    70%      1.34    0.98  over
application.cpu    55%    70%      0.79    0.16

response time: database 73.3%, application 20%, elsewhere 6.7%
"
    );
}

#[test]
fn every_format_says_the_same() {
    let yaml = "p95_s: 3.1\nmean_s: 1.5\napplication: {cpu: 0.55, time_s: 0.3}\n\
        database:\n  cpu: 94%\n  time_s: 1100ms\n  read_share: 0.85\n";
    let same = json!({
        "p95_s": 3.1, "mean_s": 1.5, "application": {"cpu": 0.55, "time_s": 0.3},
        "database": {"cpu": 0.94, "time_s": 1.1, "read_share": 0.85},
    })
    .to_string();
    let dir = Dir::new()
        .with("a.toml", SHOP)
        .with("a.yaml", yaml)
        .with("a.json", &same);
    let found = |args: &[&str], input: &str| {
        let mut found = json_of(&dir, args, input);
        found["figures"].take();
        found
    };
    let expected = found(&["a.toml"], "");
    assert_eq!(expected["bottleneck"], "database");
    assert_eq!(expected["action"], "add_read_replicas");
    assert_eq!(
        expected["evidence"][1]["place"],
        json!({"layer": "database", "signal": "cpu"})
    );
    assert_eq!(found(&["a.yaml"], ""), expected);
    assert_eq!(found(&["a.json"], ""), expected);
    assert_eq!(found(&["-"], &same), expected);
}

#[test]
fn limits_of_the_file_count() {
    let shop = format!("{SHOP}\n[limits]\nobjective_s = 4\ncpu = \"95%\"\n");
    let dir = Dir::new().with("shop.toml", shop);
    assert_eq!(json_of(&dir, &["shop.toml"], "")["status"], "ok");
}

#[test]
fn files_are_written_whole() {
    let dir = Dir::new().with("<shop>.toml", SHOP);
    let args = [
        "diagnose",
        "<shop>.toml",
        "--json",
        "a.json",
        "--html",
        "a.html",
    ];
    let text = dir.run(&args).ok();
    assert!(
        text.contains("\nfigures: ") && text.contains("\nreport: "),
        "{text}"
    );
    let page = dir.read("a.html");
    assert!(
        page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"),
        "{page}"
    );
    assert!(
        page.contains("<th scope=\"row\">database.cpu</th>"),
        "{page}"
    );
    assert!(
        page.contains("&lt;shop&gt;.toml") && !page.contains("<shop>"),
        "{page}"
    );
    let json: Value = serde_json::from_str(&dir.read("a.json")).unwrap();
    assert_eq!(json["summary"], text.lines().next().unwrap());
    assert_eq!(dir.run(&args).ok(), text);
    assert_eq!(dir.read("a.html"), page);
}

#[test]
fn numbers_stay_readable() {
    let dir = Dir::new();
    let shown = |input: &str| dir.run_with(&["diagnose", "-"], input).ok();
    let idle = shown(r#"{"p95_s": 1, "requests_per_s": 10, "database": {"cpu": 1e-300}}"#);
    assert!(
        idle.contains("carries: more than 10^9 requests a second"),
        "{idle}"
    );
    let huge = shown(
        r#"{"p95_s": 1e300, "limits": {"cpu": 1e-300}, "requests_per_s": 1e300,
            "database": {"cpu": 1, "queue_per_server": 1e300}}"#,
    );
    assert!(
        huge.contains("p95_s                      1.0e300 s    2 s"),
        "{huge}"
    );
    for text in [idle, huge] {
        assert!(text.lines().all(|line| line.len() < 120), "{text}");
    }
}

#[test]
fn what_is_no_json_is_told_so() {
    let broken = "{\"p95_s\": 3 \"mean_s\": 1}";
    let dir = Dir::new().with("a.json", broken).with("a.yaml", broken);
    let said = dir.run_with(&["diagnose", "-"], broken).refused();
    let place = "error: standard input:1:21: not valid JSON or YAML: ";
    assert!(said.starts_with(place), "{said}");
    for (file, place) in [
        ("a.json", "error: a.json:1:21: not valid JSON: "),
        ("a.yaml", "error: a.yaml:1:21: not valid YAML: "),
    ] {
        let said = dir.run(&["diagnose", file]).refused();
        assert!(said.starts_with(place), "{said}");
    }
}

#[test]
fn bad_input_names_place_field_value_and_bound() {
    let dir = Dir::new();
    for (input, expected) in [
        (
            "{\n \"database\": {\"cpu\": 85}\n}",
            "2:22: database.cpu is 85, must be 0 … 10, a share: 85 % is 0.85",
        ),
        (
            "{\"objective_s\": 0}",
            "1:17: objective_s is 0, must be a finite number > 0",
        ),
        (
            "{\"limits\": {\"cpu\": 1.5}}",
            "1:20: limits: cpu is 1.5, must be > 0 and ≤ 1",
        ),
        (
            "{\"limits\": {\"cup\": 1}}",
            "1:13: unknown field \"cup\" in limits; did you mean \"cpu\"?",
        ),
        (
            "{\"databse\": {}}",
            "1:2: unknown field \"databse\"; did you mean \"database\"?",
        ),
        (
            "{\"p95_s\": \"soon\"}",
            "1:11: p95_s is \"soon\", must be a number of seconds or a duration such as \"250ms\"",
        ),
        ("{\"cache\": 3}", "1:11: cache is 3, must be a mapping"),
        ("[]", "1:1: the file is a list, must be a mapping"),
    ] {
        let error = dir.run_with(&["diagnose", "-"], input).refused();
        assert_eq!(error, format!("error: standard input:{expected}"));
    }
    assert!(
        dir.run(&["diagnose", "-"])
            .refused()
            .contains("holds 0 documents")
    );
    let dir = dir.with("a.txt", "").with("a.toml", "cpu = ");
    assert!(
        dir.run(&["diagnose", "a.txt"])
            .refused()
            .contains("must end in .toml")
    );
    assert!(
        dir.run(&["diagnose", "a.toml"])
            .refused()
            .contains("a.toml:1:")
    );
    assert!(
        dir.run(&["diagnose", "none.toml"])
            .refused()
            .contains("cannot be read")
    );
    let same = dir
        .run(&["diagnose", "a.toml", "--json", "a.toml"])
        .refused();
    assert!(same.contains("FILE and --json are the same file"), "{same}");
}
