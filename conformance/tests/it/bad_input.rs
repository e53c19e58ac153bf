//! Input that cannot be read or checked: exit 2, nothing on standard output, and a message that
//! says where.

use std::error::Error;
use std::path::Path;

use serde_json::{Value, json};

use crate::{Folder, conformance, usage_case};

type Outcome = Result<(), Box<dyn Error>>;

fn refused(suite: &str, path: &Path, says: &[&str]) -> Outcome {
    let run = conformance(suite, [path])?;
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(run.stdout.is_empty(), "{run:?}");
    for text in says {
        assert!(run.stderr.contains(text), "{text:?} is not in {run:?}");
    }
    Ok(())
}

/// A passing case with one change.
fn changed(change: impl FnOnce(&mut Value)) -> Value {
    let mut case = usage_case("a-1", 7);
    change(&mut case);
    case
}

#[test]
fn unknown_kinds() -> Outcome {
    let folder = Folder::new()?;
    let file = folder.cases("x.json", "hpa_conditions", &[usage_case("a-1", 7)])?;
    refused(
        "autoscale",
        &file,
        &["x.json", "kind hpa_conditions is not built yet"],
    )?;
    let text = r#"{"suite": "cache", "kind": "xfetch", "about": {}, "cases": [{"id": "a-1"}]}"#;
    let file = folder.write("y.json", text)?;
    refused("cache", &file, &["y.json", "kind xfetch is not built yet"])
}

#[test]
fn unknown_fields() -> Outcome {
    let folder = Folder::new()?;
    let refuse = |case: Value, says: &[&str]| {
        let file = folder.cases("x.json", "per_pod_usage", &[usage_case("a-0", 7), case])?;
        refused("autoscale", &file, &[&["x.json", "a-1"], says].concat())
    };
    refuse(
        changed(|c| c["burst"] = json!(1)),
        &["unknown field `burst`"],
    )?;
    refuse(
        changed(|c| c["expect"]["p99"] = json!(1)),
        &["expect.p99", "unknown field `p99`"],
    )?;
    refuse(
        changed(|c| c["replicas"] = json!("three")),
        &["replicas", "invalid type"],
    )?;
    refuse(
        changed(|c| c["replicas"] = json!(-1)),
        &["replicas", "invalid value"],
    )?;
    refuse(
        changed(|c| c["expect"] = json!({})),
        &["expect", "missing field"],
    )
}

#[test]
fn answers_that_say_nothing() -> Outcome {
    let folder = Folder::new()?;
    let case = |expect: Value| {
        json!({
            "id": "a-1", "downscale_stabilization_s": 300, "history": [],
            "recommended_replicas": 3, "expect": expect,
        })
    };
    let kind = "stabilize_without_behavior";
    let file = folder.cases("x.json", kind, &[case(json!({}))])?;
    refused("autoscale", &file, &["a-1", "nothing to compare"])?;
    let file = folder.cases("x.json", kind, &[case(json!({"replicas": null}))])?;
    refused("autoscale", &file, &["a-1", "expect.replicas"])
}

#[test]
fn unreadable_files() -> Outcome {
    let folder = Folder::new()?;
    refused("autoscale", &folder.path(), &["no *.json"])?;
    refused(
        "autoscale",
        &folder.path().join("absent.json"),
        &["absent.json"],
    )?;
    let file = folder.write("x.json", r#"{"suite": "autoscale", "kind": "#)?;
    refused("autoscale", &file, &["x.json"])?;
    let file = folder.write(
        "x.json",
        r#"{"suite": "autoscale", "kind": "k", "cases": []}"#,
    )?;
    refused("autoscale", &file, &["cases is empty"])?;
    let file = folder.cases("x.json", "per_pod_usage", &[json!({"name": "no id"})])?;
    refused("autoscale", &file, &["cases[0].id"])
}

#[test]
fn files_of_another_shape() -> Outcome {
    let folder = Folder::new()?;
    let file = folder.cases("x.json", "per_pod_usage", &[usage_case("a-1", 7)])?;
    refused("sharding", &file, &["suite is autoscale, must be sharding"])?;
    let with = |key: &str, value: Value| {
        let mut file = json!({
            "suite": "autoscale", "kind": "per_pod_usage", "about": {},
            "cases": [usage_case("a-1", 7)],
        });
        file[key] = value;
        folder.write("x.json", &file.to_string())
    };
    refused(
        "autoscale",
        &with("about", json!({"tolerance": 1}))?,
        &["about.tolerance"],
    )?;
    refused("autoscale", &with("extra", json!(1))?, &["extra"])
}

#[test]
fn one_bad_file_among_good_ones_is_not_passed_over() -> Outcome {
    let folder = Folder::new()?;
    folder.cases("a.json", "per_pod_usage", &[usage_case("a-1", 7)])?;
    folder.write("b.json", "{")?;
    refused("autoscale", &folder.path(), &["b.json"])
}

#[test]
fn command_lines() -> Outcome {
    let folder = Folder::new()?;
    let file = folder.cases("x.json", "per_pod_usage", &[usage_case("a-1", 7)])?;
    let file = file.to_string_lossy();
    for (suite, words) in [
        ("autoscale", vec![]),
        ("network", vec![&*file]),
        ("autoscale", vec![&*file, "--fast"]),
        ("autoscale", vec![&*file, "--disputed"]),
        ("autoscale", vec![&*file, "--disputed", "absent.md"]),
    ] {
        let run = conformance(suite, &words)?;
        assert_eq!(run.code, Some(2), "{words:?}: {run:?}");
        assert!(
            run.stdout.is_empty() && !run.stderr.is_empty(),
            "{words:?}: {run:?}"
        );
    }
    Ok(())
}
