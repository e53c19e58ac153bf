//! `plimsoll forecast --tasks`.

use serde_json::{Value, json};

use crate::{Dir, number};

/// Three weeks of hours: a day's wave on a level that grows.
fn history() -> Vec<f64> {
    (0..504)
        .map(|hour| {
            let day = f64::from(hour % 24) / 24.0 * std::f64::consts::TAU;
            0.4 + 0.1 * day.sin() + 0.0005 * f64::from(hour)
        })
        .collect()
}

fn task(more: &Value) -> String {
    let y = history();
    let mut task = json!({ "key": "a", "h": 24, "m": [24, 168], "y": y, "raw": y });
    for (field, value) in more.as_object().unwrap() {
        task[field] = value.clone();
    }
    task.to_string()
}

fn answers(dir: &Dir, input: &str) -> Vec<Value> {
    let text = dir.run_with(&["forecast", "--tasks", "-"], input).ok();
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[track_caller]
fn list(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

#[test]
fn every_task_has_one_answer_in_the_protocols_form() {
    let dir = Dir::new();
    let scored =
        json!({ "key": "b", "track": "t", "series": "s", "window": 0, "actual": [1, null] });
    let input = format!("{}\n\n{}\n", task(&json!({})), task(&scored));
    let found = answers(&dir, &input);
    assert_eq!(found.len(), 2);
    for (answer, key) in found.iter().zip(["a", "b"]) {
        let fields: Vec<&String> = answer.as_object().unwrap().keys().collect();
        let expected = [
            "cpu_seconds",
            "hi80",
            "hi95",
            "key",
            "lo80",
            "lo95",
            "method",
            "point",
            "seconds",
        ];
        assert_eq!(fields, expected);
        assert_eq!(
            (&answer["key"], &answer["method"]),
            (&json!(key), &json!("plimsoll"))
        );
        let ends = ["lo95", "lo80", "point", "hi80", "hi95"].map(|field| list(&answer[field]));
        for step in 0..24 {
            let at: Vec<f64> = ends.iter().map(|values| values[step]).collect();
            assert!(at.is_sorted() && at.len() == 5, "{at:?}");
        }
        assert!(ends.iter().all(|values| values.len() == 24));
        assert!(number(&answer["seconds"]) > 0.0);
        assert!(answer["cpu_seconds"].is_null() || number(&answer["cpu_seconds"]) > 0.0);
    }
    assert!((list(&found[0]["point"])[0] - 0.652).abs() < 0.01);
}

#[test]
fn a_limit_is_answered_with_a_probability_for_every_step() {
    let found = answers(&Dir::new(), &task(&json!({ "limit": 0.72, "h": 168 })));
    let breach = list(&found[0]["breach"]);
    assert_eq!(breach.len(), 168);
    assert!(breach.is_sorted() && breach.iter().all(|p| (0.0..=1.0).contains(p)));
    assert!(breach[167] > 0.9, "{breach:?}");
    let never = answers(&Dir::new(), &task(&json!({ "limit": 9.0 })));
    assert!(list(&never[0]["breach"])[23] < 0.05);
}

#[test]
fn what_was_not_observed_is_taken_from_raw() {
    let mut raw: Vec<Value> = history().into_iter().map(Value::from).collect();
    // What stands in y for these is no observation.
    let mut y = history();
    for hour in 300..330 {
        raw[hour] = Value::Null;
        y[hour] = 1e6;
    }
    let found = answers(&Dir::new(), &task(&json!({ "y": y, "raw": raw })));
    assert!(list(&found[0]["hi95"]).iter().all(|high| *high < 1.0));
    // Nor is a gap at the end a reason not to answer.
    for value in raw.iter_mut().skip(480) {
        *value = Value::Null;
    }
    let found = answers(&Dir::new(), &task(&json!({ "raw": raw })));
    assert_eq!(list(&found[0]["point"]).len(), 24);
}

#[test]
fn seasons_are_a_number_or_a_list() {
    let of = |m: Value| {
        let mut found = answers(&Dir::new(), &task(&json!({ "m": m }))).remove(0);
        found["point"].take()
    };
    assert_eq!(of(json!(24)), of(json!([24])));
    assert_eq!(of(json!(1)), of(json!([])));
    assert_ne!(of(json!(24)), of(json!(1)));
}

#[test]
fn a_task_that_cannot_be_planned_is_answered_with_its_error() {
    let few = task(&json!({ "key": "few", "y": [1, 2], "raw": [1, null] }));
    let none = task(&json!({ "key": "none", "y": [1, 2], "raw": [null, null] }));
    let long = task(&json!({ "key": "long", "h": 10_001, "more": 1 }));
    let input = format!("{few}\n{none}\n{}\n{long}\n", task(&json!({})));
    let found = answers(&Dir::new(), &input);
    assert_eq!(
        found[0],
        json!({
            "key": "few", "method": "plimsoll",
            "error": "the series has 1 observed values, must be at least 8",
        })
    );
    assert_eq!(
        found[1]["error"],
        "every one of the series' 2 values is missing"
    );
    assert!(found[2]["error"].is_null() && found[2]["point"].is_array());
    assert_eq!(found[3]["error"], "h is 10001, must be 1 to 10000");
}

#[test]
fn a_line_that_is_no_task_is_refused_and_nothing_is_written() {
    let good = task(&json!({}));
    let refuse = |bad: &str| {
        let dir = Dir::new().with("t.jsonl", format!("{good}\n{bad}\n"));
        dir.run(&["forecast", "--tasks", "t.jsonl"]).refused()
    };
    for (bad, said) in [
        ("{", "EOF while parsing an object"),
        ("{}", "missing field `key`"),
        (
            "{\"key\": 1}",
            "key: invalid type: integer `1`, expected a string",
        ),
    ] {
        let refused = refuse(bad);
        let place = refused.strip_prefix("error: t.jsonl:2:").unwrap();
        let (column, message) = place.split_once(": ").unwrap();
        assert!(
            column.parse::<usize>().is_ok() && message.starts_with(said),
            "{refused}"
        );
    }
    let missing = Dir::new()
        .run(&["forecast", "--tasks", "none.jsonl"])
        .refused();
    assert!(
        missing.starts_with("error: none.jsonl: cannot be read: "),
        "{missing}"
    );
}

#[test]
fn a_pipe_is_answered_up_to_the_line_that_is_no_task() {
    let run = Dir::new().run_with(
        &["forecast", "--tasks", "-"],
        &format!("{}\n[]\n", task(&json!({}))),
    );
    assert_eq!(run.code, Some(2));
    assert_eq!(run.stdout.lines().count(), 1);
    assert!(run.stdout.ends_with("}\n"));
    assert!(
        run.stderr.starts_with("error: standard input:2:"),
        "{}",
        run.stderr
    );
}

#[test]
fn the_same_tasks_have_the_same_answers() {
    let input = task(&json!({ "limit": 0.7 })) + "\n";
    let of = || {
        let mut found = answers(&Dir::new(), &input).remove(0);
        found["seconds"].take();
        found["cpu_seconds"].take();
        found.to_string()
    };
    assert_eq!(of(), of());
}
