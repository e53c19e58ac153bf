//! The suite `forecast`.

use std::error::Error;

use serde_json::{Value, json};

use crate::{Folder, Run, conformance};

type Outcome = Result<(), Box<dyn Error>>;

fn run(kind: &str, cases: &Value) -> Result<Run, Box<dyn Error>> {
    let folder = Folder::new()?;
    let file = json!({"suite": "forecast", "kind": kind, "about": {}, "cases": cases});
    let file = folder.write("x.json", &file.to_string())?;
    Ok(conformance("forecast", [file])?)
}

#[test]
fn shipped_cases_pass() -> Outcome {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/forecast");
    let run = conformance("forecast", [folder])?;
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert_eq!(run.last_line(), "66 passed, 0 failed, 0 disputed");
    Ok(())
}

#[test]
fn a_changed_digit_fails() -> Outcome {
    let change = |cost: f64| {
        json!({
            "id": format!("c-{cost}"), "values": [0, 0, 9, 9], "penalty": 1, "min_segment": 2,
            "expect": {"change_indices": [2], "total_cost": cost},
        })
    };
    let cases = json!([change(1.0), change(1.000_000_1)]);
    let run = run("change_points_l2", &cases)?;
    assert_eq!(run.last_line(), "1 passed, 1 failed, 0 disputed");
    Ok(())
}

#[test]
fn a_step_within_the_horizon_is_no_answer_where_none_is_expected() -> Outcome {
    let case = |id: &str, step: &Value| {
        json!({
            "id": id, "hours": [0, 1, 2, 3], "values": [0, 1, 2, 3], "limit": 5,
            "expect": {"seeds_first_step_at_or_over_limit": step},
        })
    };
    let cases = json!([case("two", &2.into()), case("none", &Value::Null)]);
    let run = run("regression", &cases)?;
    assert_eq!(run.last_line(), "1 passed, 1 failed, 0 disputed");
    Ok(())
}

#[test]
fn an_infinite_radius_is_a_refusal() -> Outcome {
    let case = |id: &str, scores: usize, radius: &Value| {
        json!({
            "id": id, "scores": vec![1.0; scores], "alpha": 0.1, "expect": {"radius": radius},
        })
    };
    let cases = json!([
        case("too few", 8, &Value::Null),
        case("enough", 9, &1.0.into()),
        case("enough after all", 9, &Value::Null),
        case("too few after all", 8, &1.0.into()),
    ]);
    let run = run("split_conformal", &cases)?;
    assert_eq!(run.last_line(), "2 passed, 2 failed, 0 disputed");
    Ok(())
}

#[test]
fn the_allowance_for_rounding_covers_no_wrong_answer() -> Outcome {
    // 2 μ d / σ² = 200: the reference's own formula says nothing here.
    let case = |id: &str, p: f64| {
        json!({
            "id": id, "distance": 1, "drift_per_step": 1, "sigma_per_sqrt_step": 0.1,
            "expect": {"1": p},
        })
    };
    let cases = json!([case("near", 0.515), case("far", 0.6)]);
    let run = run("first_passage_brownian", &cases)?;
    assert_eq!(run.last_line(), "1 passed, 1 failed, 0 disputed");
    Ok(())
}
