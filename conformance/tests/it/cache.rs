//! Kind `cluster_sizing` of the suite `cache`.

use std::error::Error;

use serde_json::{Value, json};

use crate::{Folder, Run, conformance};

type Outcome = Result<(), Box<dyn Error>>;

fn run(cases: &Value) -> Result<Run, Box<dyn Error>> {
    let folder = Folder::new()?;
    let file = json!({"suite": "cache", "kind": "cluster_sizing", "about": {}, "cases": cases});
    let file = folder.write("x.json", &file.to_string())?;
    Ok(conformance("cache", [file])?)
}

fn case(id: usize, nodes: &Value, expect: &Value) -> Value {
    json!({"id": format!("a-{id}"), "nodes": nodes, "max_memory": 1000, "expect": expect})
}

fn nodes(count: usize, memory: u32) -> Value {
    let node =
        json!({"healthy": true, "memory_used": memory, "ops_per_s": 2000, "latency_ms": 1.0});
    Value::from(vec![node; count])
}

#[test]
fn shipped_cases_pass() -> Outcome {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/cache");
    let run = conformance("cache", [folder])?;
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert_eq!(run.last_line(), "66 passed, 0 failed, 0 disputed");
    Ok(())
}

#[test]
fn a_hold_is_compared_by_action_and_target() -> Outcome {
    let hold = |reason: &str, target: u32| json!({"action": "hold", "reason": reason, "target_nodes": target});
    let mut down = nodes(4, 500);
    down[3]["healthy"] = false.into();
    let cases = json!([
        case(1, &nodes(4, 500), &hold("nothing to do", 4)),
        case(2, &nodes(4, 500), &hold("no healthy node", 4)),
        case(3, &nodes(4, 500), &hold("nothing to do", 3)),
        case(4, &json!([]), &hold("no healthy node", 0)),
        case(5, &json!([]), &hold("nothing to do", 0)),
        case(6, &down, &json!({"action": "hold", "health": "degraded"})),
        case(7, &json!([]), &json!({"health": "critical"})),
    ]);
    let run = run(&cases)?;
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert_eq!(run.last_line(), "4 passed, 3 failed, 0 disputed");
    let failed: Vec<&str> = run
        .stdout
        .lines()
        .filter(|l| l.contains("failed a-"))
        .collect();
    assert!(failed[0].contains("a-2: reason: expected \"no healthy node\", got \"steady\""));
    assert!(failed[1].contains("a-3: target_nodes: expected 3, got 4"));
    assert!(failed[2].contains("a-5: reason"));
    Ok(())
}

#[test]
fn a_scale_out_is_compared_to_the_letter() -> Outcome {
    let out = |reason: &str| json!({"action": "scale_out", "reason": reason, "target_nodes": 5});
    let cases = json!([
        case(1, &nodes(3, 900), &out("memory")),
        case(2, &nodes(3, 900), &out("memory+ops")),
    ]);
    let run = run(&cases)?;
    assert_eq!(run.last_line(), "1 passed, 1 failed, 0 disputed");
    Ok(())
}

#[test]
fn unknown_fields_are_refused() -> Outcome {
    let good = case(1, &nodes(3, 900), &json!({"action": "scale_out"}));
    for (field, name) in [
        ("/colour", "colour"),
        ("/expect/colour", "colour"),
        ("/nodes/0/colour", "colour"),
    ] {
        let mut case = good.clone();
        let (parent, _) = field.rsplit_once('/').unwrap_or_default();
        if let Some(Value::Object(fields)) = case.pointer_mut(parent) {
            fields.insert(name.to_owned(), 1.into());
        }
        let run = run(&json!([case]))?;
        assert_eq!(run.code, Some(2), "{field}: {}", run.stdout);
        assert!(
            run.stderr.contains("unknown field `colour`"),
            "{}",
            run.stderr
        );
    }
    Ok(())
}
