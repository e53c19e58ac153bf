//! The forecast suite: what its comparisons see, and what they let pass.

use serde_json::{Value, json};

use super::{Folder, Run, conformance};

type Outcome = Result<(), Box<dyn std::error::Error>>;

const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/forecast");

/// The shipped file of a kind, changed.
fn run(kind: &str, change: impl FnOnce(&mut Value)) -> Result<Run, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string(format!("{SHIPPED}/{kind}.json"))?;
    let mut file: Value = serde_json::from_str(&text)?;
    change(&mut file["cases"]);
    let folder = Folder::new()?;
    let path = folder.write("x.json", &file.to_string())?;
    Ok(conformance("forecast", [path])?)
}

fn shift(value: &mut Value, by: f64) {
    *value = json!(value.as_f64().unwrap_or(f64::NAN) + by);
}

#[test]
fn shipped_models_pass() -> Outcome {
    for (kind, count) in [
        ("ets_filter", 10),
        ("auto_models_statsforecast_2_1_1", 8),
        ("stl_statsmodels", 4),
    ] {
        let run = run(kind, |_| ())?;
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
        assert_eq!(
            run.last_line(),
            format!("{count} passed, 0 failed, 0 disputed")
        );
    }
    Ok(())
}

#[test]
fn every_answer_of_a_model_is_compared() -> Outcome {
    for (kind, field, by) in [
        ("ets_filter", "/0/expect/fitted/70", 1e-3),
        ("ets_filter", "/8/expect/fitted/60", 1e-3),
        ("ets_filter", "/2/expect/forecast/23", 1e-3),
        ("ets_filter", "/3/expect/log_likelihood", 1e-3),
        ("ets_filter", "/4/expect/sse_of_residuals", 1e-2),
        ("stl_statsmodels", "/0/expect/trend/100", 1e-3),
        ("stl_statsmodels", "/1/expect/seasonal/100", 1e-3),
        ("stl_statsmodels", "/3/expect/remainder/50", 1e-3),
        (
            "auto_models_statsforecast_2_1_1",
            "/0/expect/auto_ets/aicc",
            -20.0,
        ),
        (
            "auto_models_statsforecast_2_1_1",
            "/3/expect/auto_ets/log_likelihood",
            0.1,
        ),
        (
            "auto_models_statsforecast_2_1_1",
            "/3/expect/auto_ets/mean/0",
            30.0,
        ),
        (
            "auto_models_statsforecast_2_1_1",
            "/3/expect/auto_ets/hi95/9",
            9.0,
        ),
        ("auto_models_statsforecast_2_1_1", "/0/expect/theta/5", 0.1),
        (
            "auto_models_statsforecast_2_1_1",
            "/1/expect/optimized_theta/5",
            0.1,
        ),
        (
            "auto_models_statsforecast_2_1_1",
            "/2/expect/dynamic_optimized_theta/5",
            0.1,
        ),
        (
            "auto_models_statsforecast_2_1_1",
            "/4/expect/seasonal_naive/mean/5",
            1e-3,
        ),
        (
            "auto_models_statsforecast_2_1_1",
            "/5/expect/seasonal_naive/lo-95/5",
            1e-3,
        ),
        (
            "auto_models_statsforecast_2_1_1",
            "/6/expect/drift/hi-95/5",
            1e-3,
        ),
    ] {
        let run = run(kind, |cases| {
            if let Some(value) = cases.pointer_mut(field) {
                shift(value, by);
            }
        })?;
        assert_eq!(run.code, Some(1), "{kind} {field}: {}", run.stderr);
        assert!(run.last_line().contains(" 1 failed"), "{kind} {field}");
    }
    Ok(())
}

/// A criterion below the reference's is a better model: it need not have the same form.
#[test]
fn a_better_model_may_look_different() -> Outcome {
    let kind = "auto_models_statsforecast_2_1_1";
    let components = |aicc: f64| {
        move |cases: &mut Value| {
            let answer = &mut cases[3]["expect"]["auto_ets"];
            answer["components"] = json!("AANN");
            shift(&mut answer["aicc"], aicc);
        }
    };
    assert_eq!(run(kind, components(1.0))?.code, Some(0));
    let same = run(kind, components(0.0))?;
    assert!(
        same.stdout.contains("auto_ets.components"),
        "{}",
        same.stdout
    );
    Ok(())
}

#[test]
fn unknown_fields_of_models_are_refused() -> Outcome {
    for kind in [
        "ets_filter",
        "auto_models_statsforecast_2_1_1",
        "stl_statsmodels",
    ] {
        for parent in ["/0", "/0/expect"] {
            let run = run(kind, |cases| {
                if let Some(Value::Object(fields)) = cases.pointer_mut(parent) {
                    fields.insert("colour".to_owned(), 1.into());
                }
            })?;
            assert_eq!(run.code, Some(2), "{kind}{parent}");
            assert!(run.stderr.contains("colour"), "{}", run.stderr);
        }
    }
    Ok(())
}
