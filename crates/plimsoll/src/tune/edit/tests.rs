use std::path::Path;

use autoscale_core::HpaConfig;
use autoscale_core::manifest::HorizontalPodAutoscaler;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::setting::{DOWN_RATES, UP_RATES};
use super::super::setting::{Direction, Setting, spell_out_metrics};
use super::*;
use crate::policy_file::manifest_of;

fn read(text: &str) -> (HorizontalPodAutoscaler, HpaConfig) {
    manifest_of(Path::new("hpa.yaml"), text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// The text with the knobs turned, and what it should say.
fn tuned(text: &str, setting: &Setting) -> (Result<String, Unsafe>, HorizontalPodAutoscaler) {
    let (given, config) = read(text);
    let mut manifest = given.clone();
    spell_out_metrics(&mut manifest, &config);
    let tuned = setting.apply(&manifest, &config.metrics, 50.0);
    let values = [&given, &tuned].map(|m| serde_json::to_value(m).unwrap());
    (edited(text, &values[0], &values[1]), tuned)
}

/// The text with the knobs turned, which says what it should.
#[track_caller]
fn turned(text: &str, setting: &Setting) -> String {
    let (edited, tuned) = tuned(text, setting);
    let edited = edited.unwrap_or_else(|e| panic!("{e}\n{text}"));
    assert_eq!(read(&edited).0, tuned, "{edited}");
    edited
}

fn everything() -> Setting {
    let direction = |window, rate| Direction {
        window: Some(window),
        rate: Some(rate),
        tolerance: Some(50),
    };
    Setting {
        target: Some(35),
        up: direction(30, UP_RATES[2]),
        down: direction(600, DOWN_RATES[1]),
        min: Some(4),
    }
}

const BLOCK: &str = "\
# the front door
---
kind: HorizontalPodAutoscaler # v2
apiVersion: \"autoscaling/v2\"
spec:
    maxReplicas: 60

    metrics: # one
    - type: Resource
      resource:
          target: {averageUtilization: 70, type: 'Utilization'} # was 80
          name: cpu
    behavior:
        scaleDown: # slow
            policies:
            # never faster
            - {type: Percent, value: 10, periodSeconds: 60}
            - type: Pods # or so
              value: 4 # four
              periodSeconds: 60
    scaleTargetRef: {kind: Deployment, name: web}
# who
metadata:
    name: web
    labels: &labels
        app: web
    annotations: *labels
...
---
# nothing here
";

#[test]
fn only_the_tuned_values_change() {
    let expected = BLOCK
        .replace(
            "    maxReplicas: 60",
            "    minReplicas: 4\n    maxReplicas: 60",
        )
        .replace("averageUtilization: 70", "averageUtilization: 35")
        .replace(
            "value: 10, periodSeconds: 60",
            "value: 50, periodSeconds: 60",
        )
        .replace(
            "
            - type: Pods # or so
              value: 4 # four
              periodSeconds: 60
",
            "
            selectPolicy: Max
            stabilizationWindowSeconds: 600
            tolerance: \"50m\"
        scaleUp:
            policies:
                - type: Percent
                  value: 50
                  periodSeconds: 15
                - type: Pods
                  value: 2
                  periodSeconds: 15
            selectPolicy: Max
            stabilizationWindowSeconds: 30
            tolerance: \"50m\"
",
        );
    assert_eq!(turned(BLOCK, &everything()), expected);
    let windows = BLOCK.replace('\n', "\r\n");
    assert_eq!(
        turned(&windows, &everything()),
        expected.replace('\n', "\r\n")
    );
    assert_eq!(turned(BLOCK, &Setting::default()), BLOCK);
}

#[test]
fn json_stays_json() {
    let whole = json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": {
            "scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 60,
            "metrics": [{"type": "Pods", "pods": {"metric": {"name": "rps"},
                "target": {"type": "AverageValue", "averageValue": 35}}}],
            "behavior": {},
        },
    });
    for text in [
        serde_json::to_string_pretty(&whole).unwrap(),
        whole.to_string().replace(',', ", ").replace(':', ": "),
    ] {
        let made = turned(&text, &everything());
        let read: HorizontalPodAutoscaler = serde_json::from_str(&made).unwrap();
        assert_eq!(read.spec.min_replicas, Some(4), "{made}");
        assert!(made.contains("\"averageValue\": \"17500m\""), "{made}");
    }
}

#[test]
fn what_an_edit_could_break_is_not_edited() {
    let of = |from: &str, to: &str| {
        let (edited, _) = tuned(&BLOCK.replace(from, to), &everything());
        edited.unwrap_err()
    };
    for (from, to) in [
        ("averageUtilization: 70", "averageUtilization: &target 70"),
        ("averageUtilization: 70", "averageUtilization: !!int 70"),
        ("    behavior:\n", "    behavior: &same\n"),
        (
            "- type: Pods # or so",
            "- &pods\n              type: Pods # or so",
        ),
        ("spec:\n", "spec: &spec\n"),
    ] {
        let why = of(from, to);
        assert_eq!(
            why, "an anchor, alias or tag stands where a value changes",
            "{to}"
        );
    }
    let folded = "metrics: # one\n    - type: Pods\n      pods: {metric: {name: rps}, target: {type: \
                  AverageValue, averageValue: *v}}\n      ";
    let aliased = BLOCK
        .replace("app: web", "app: &v \"9\"")
        .replace("spec:\n", "extra: x\nspec:\n");
    // A text that does not hold together is not taken apart either.
    assert!(documents(&aliased.replace("extra: x", folded)).is_none());
    assert!(edited("kind: [", &Value::Null, &Value::Null).is_err());
    assert!(edited("kind: Other\n", &Value::Null, &json!({})).is_err());
}

/// Draws of a manifest's style.
struct Style {
    draws: Vec<u8>,
    at: usize,
    end: &'static str,
    step: usize,
    comments: usize,
    text: String,
}

impl Style {
    fn draw(&mut self, below: u8) -> u8 {
        self.at += 1;
        self.draws[self.at % self.draws.len()] % below
    }

    /// An end of a line, with a comment or without.
    fn end(&mut self, column: usize, quiet: bool) {
        if !quiet && self.draw(4) == 0 {
            self.comments += 1;
            self.text.push_str(&format!(" # c{} ,]: {{", self.comments));
        }
        self.text.push_str(self.end);
        match self.draw(8) {
            0 => self.text.push_str(self.end),
            1 if !quiet => {
                self.comments += 1;
                let pad = " ".repeat(column);
                self.text
                    .push_str(&format!("{pad}# c{}{}", self.comments, self.end));
            }
            _ => {}
        }
    }

    fn scalar(&mut self, value: &Value) {
        let text = match (value, self.draw(3)) {
            (Value::String(text), 1) => format!("'{text}'"),
            (Value::String(text), 2) => format!("\"{text}\""),
            (Value::String(text), _) => yaml::scalar(&Value::String(text.clone())),
            (value, _) => value.to_string(),
        };
        self.text.push_str(&text);
    }

    fn keys(&mut self, fields: &Map<String, Value>) -> Vec<String> {
        let mut keys: Vec<String> = fields.keys().cloned().collect();
        let turn = usize::from(self.draw(7)) % keys.len().max(1);
        keys.rotate_left(turn);
        keys
    }

    fn flow(&mut self, value: &Value) {
        match value {
            Value::Object(fields) => {
                self.text.push('{');
                for (i, key) in self.keys(fields).iter().enumerate() {
                    let glue = if i == 0 { "" } else { ", " };
                    self.text.push_str(&format!("{glue}{key}: "));
                    self.flow(&fields[key]);
                }
                self.text.push('}');
            }
            Value::Array(items) => {
                self.text.push_str("[ ");
                for (i, item) in items.iter().enumerate() {
                    self.text.push_str(if i == 0 { "" } else { "," });
                    self.flow(item);
                }
                self.text.push(']');
            }
            value => self.scalar(value),
        }
    }

    /// What follows a colon or a dash, up to the end of its last line.
    fn below(&mut self, value: &Value, column: usize, in_list: bool, quiet: bool) {
        let empty = match value {
            Value::Object(fields) => fields.is_empty(),
            Value::Array(items) => items.is_empty(),
            _ => true,
        };
        if empty || self.draw(5) == 0 {
            if !(value == &json!({}) && self.draw(2) == 0 && !in_list) {
                self.text.push(' ');
                self.flow(value);
            }
            self.end(column, quiet);
        } else if in_list {
            self.text.push(' ');
            self.block(value, column + 2, true, quiet);
        } else {
            let flat = value.is_array() && self.draw(2) == 0;
            let inner = if flat { column } else { column + self.step };
            self.end(inner, quiet);
            self.block(value, inner, false, quiet);
        }
    }

    fn block(&mut self, value: &Value, column: usize, mut first_stands: bool, quiet: bool) {
        let mut pad = |style: &mut Self| {
            if !std::mem::take(&mut first_stands) {
                style.text.push_str(&" ".repeat(column));
            }
        };
        match value {
            Value::Object(fields) => {
                for key in self.keys(fields) {
                    pad(self);
                    self.text.push_str(&format!("{key}:"));
                    // Comments go with the policies that go.
                    self.below(&fields[&key], column, false, quiet || key == "policies");
                }
            }
            Value::Array(items) => {
                for item in items {
                    pad(self);
                    self.text.push('-');
                    self.below(item, column, true, quiet);
                }
            }
            _ => unreachable!(),
        }
    }
}

prop_compose! {
    fn directions()(
        window in proptest::option::of(0..900_i32),
        tolerance in proptest::option::of(0..300_i32),
        rate in proptest::option::of(0..5_usize),
    ) -> Direction {
        Direction { window, tolerance, rate: rate.map(|i| UP_RATES[i]) }
    }
}

prop_compose! {
    fn rules()(
        policies in proptest::option::of(0..4_usize),
        window in proptest::option::of(0..900_i32),
        select in proptest::option::of(0..3_usize),
        tolerance in proptest::option::of(0..9_u32),
    ) -> Value {
        let mut rules = json!({});
        if let Some(count) = policies.filter(|n| *n > 0) {
            let policy = |i| json!({"type": "Pods", "value": i + 1, "periodSeconds": 60});
            rules["policies"] = (0..count).map(policy).collect();
        }
        if let Some(window) = window {
            rules["stabilizationWindowSeconds"] = window.into();
        }
        if let Some(select) = select {
            rules["selectPolicy"] = ["Max", "Min", "Disabled"][select].into();
        }
        if let Some(tolerance) = tolerance {
            rules["tolerance"] = format!("{tolerance}0m").into();
        }
        rules
    }
}

fn manifests() -> impl Strategy<Value = Value> {
    let option = proptest::option::of::<BoxedStrategy<Value>>;
    let rules = || option(rules().boxed());
    let parts = (
        0..4_u8,
        proptest::option::of(1..5_i32),
        rules(),
        rules(),
        any::<bool>(),
    );
    parts.prop_map(|(metrics, min, up, down, behavior)| {
        let cpu = json!({"type": "Resource", "resource": {"name": "cpu",
            "target": {"type": "Utilization", "averageUtilization": 70}}});
        let rps = json!({"type": "Pods", "pods": {"metric": {"name": "rps"},
            "target": {"type": "AverageValue", "averageValue": "1500m"}}});
        let mut spec = json!({
            "scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 60,
        });
        match metrics {
            0 => {}
            1 => spec["metrics"] = json!([cpu]),
            2 => spec["metrics"] = json!([rps, cpu]),
            _ => spec["metrics"] = json!([rps]),
        }
        if let Some(min) = min {
            spec["minReplicas"] = min.into();
        }
        if behavior || up.is_some() || down.is_some() {
            spec["behavior"] = json!({});
        }
        for (name, rules) in [("scaleUp", up), ("scaleDown", down)] {
            if let Some(rules) = rules {
                spec["behavior"][name] = rules;
            }
        }
        json!({
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "web", "labels": {"a/b": "yes", "c": "d"}}, "spec": spec,
        })
    })
}

/// Words of the lines that may change.
const TUNED: [&str; 15] = [
    "minReplicas",
    "averageUtilization",
    "averageValue",
    "stabilizationWindowSeconds",
    "policies",
    "type",
    "value",
    "periodSeconds",
    "selectPolicy",
    "tolerance",
    "behavior",
    "scaleUp",
    "scaleDown",
    "metrics",
    "spec: {",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn any_manifest_keeps_all_but_what_is_tuned(
        manifest in manifests(),
        draws in proptest::collection::vec(any::<u8>(), 40..200),
        (windows, wide, end) in any::<(bool, bool, bool)>(),
        (up, down) in (directions(), directions()),
        target in proptest::option::of(10..100_u32),
        min in proptest::option::of(5..9_i32),
    ) {
        let mut style = Style {
            draws,
            at: 0,
            end: if windows { "\r\n" } else { "\n" },
            step: if wide { 4 } else { 2 },
            comments: 0,
            text: String::new(),
        };
        style.end(0, false);
        style.block(&manifest, 0, false, false);
        let text = if end { style.text.as_str() } else { style.text.trim_end() };
        let setting = Setting { target, up, down, min };
        let (edited, tuned) = tuned(text, &setting);
        let edited = match edited {
            Ok(edited) => edited,
            Err(why) => return Err(TestCaseError::fail(format!("{why}\n{text}"))),
        };
        let read = manifest_of(Path::new("hpa.yaml"), &edited);
        let read = read.map_err(|e| TestCaseError::fail(format!("{e}\n{text}\n=>\n{edited}")))?;
        prop_assert_eq!(&read.0, &tuned, "\n{}\n=>\n{}", text, edited);
        for comment in 1..=style.comments {
            let comment = format!("# c{comment} ");
            let kept = [&edited, text].map(|t| t.lines().any(|l| format!("{l} ").contains(&comment)));
            prop_assert_eq!(kept[0], kept[1], "{}\n{}\n=>\n{}", comment, text, edited);
        }
        let mut lines = edited.split('\n');
        // A blank line goes with the policy before it.
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            if TUNED.iter().all(|word| !line.contains(word)) {
                let line = line.trim_end_matches('\r');
                let kept = lines.any(|other| other.trim_end_matches('\r') == line);
                prop_assert!(kept, "{}\n{}\n=>\n{}", line, text, edited);
            }
        }
        if windows && text.contains('\n') {
            prop_assert_eq!(edited.matches('\n').count(), edited.matches("\r\n").count());
        }
    }
}
