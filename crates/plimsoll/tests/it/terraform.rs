//! Terraform's auto scaling groups.

use serde_json::{Value, json};

use crate::decide::seen;
use crate::{Dir, near, number, waves};

const GUIDE: &str = include_str!("../manifests/creativedynamics-autoscaling.tf");

/// A group with alarms both ways, and what its fields may be replaced by.
const WEB: &str = r#"
resource "aws_autoscaling_group" "web" {
  name                    = "web"
  min_size                = 2
  max_size                = 60
  default_instance_warmup = 60
}
resource "aws_autoscaling_policy" "out" {
  name                   = "out"
  policy_type            = "StepScaling"
  adjustment_type        = "PercentChangeInCapacity"
  autoscaling_group_name = aws_autoscaling_group.web.name
  step_adjustment {
    metric_interval_lower_bound = 0
    scaling_adjustment          = 20
  }
}
resource "aws_autoscaling_policy" "in" {
  name                   = "in"
  adjustment_type        = "ChangeInCapacity"
  scaling_adjustment     = -1
  cooldown               = 60
  autoscaling_group_name = aws_autoscaling_group.web.name
}
resource "aws_cloudwatch_metric_alarm" "high" {
  alarm_name          = "high"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  metric_name         = "CPUUtilization"
  namespace           = "AWS/EC2"
  period              = 60
  statistic           = "Average"
  threshold           = 66
  dimensions          = { AutoScalingGroupName = aws_autoscaling_group.web.name }
  alarm_actions       = [aws_autoscaling_policy.out.arn]
}
resource "aws_cloudwatch_metric_alarm" "low" {
  alarm_name          = "low"
  comparison_operator = "LessThanThreshold"
  evaluation_periods  = 3
  metric_name         = "CPUUtilization"
  namespace           = "AWS/EC2"
  period              = 60
  statistic           = "Average"
  threshold           = 40
  dimensions          = { AutoScalingGroupName = aws_autoscaling_group.web.name }
  alarm_actions       = [aws_autoscaling_policy.in.arn]
}
"#;

const TRACKING: &str = r#"
resource "aws_autoscaling_policy" "track" {
  name                   = "track"
  policy_type            = "TargetTrackingScaling"
  autoscaling_group_name = aws_autoscaling_group.web.name
  target_tracking_configuration {
    target_value = 50
    predefined_metric_specification {
      predefined_metric_type = "ASGAverageCPUUtilization"
    }
  }
}
"#;

fn notes(policy: &Value) -> Vec<&str> {
    let notes = policy["notes"].as_array().unwrap().iter();
    notes.map(|n| n.as_str().unwrap()).collect()
}

#[test]
fn the_guides_group_is_replayed_with_its_notes() {
    let dir = Dir::new().with("t.csv", waves(4)).with("asg.tf", GUIDE);
    let args = ["t.csv", "--capacity", "30", "--policy", "asg.tf"];
    let report = dir.replay(&args);
    let policy = &report["policies"][0];
    assert_eq!(
        (&policy["name"], &policy["kind"]),
        (&json!("creativedynamics-asg"), &json!("step"))
    );
    assert!(near(number(&policy["setting"]), 0.7 / 1.1));
    assert_eq!(policy["sweep"].as_array().unwrap().len(), 66);
    let scale_in =
        "policy \"creativedynamics-scale-down\": no alarm triggers it: it never scales in";
    assert!(notes(policy).contains(&scale_in), "{:?}", notes(policy));
    assert_eq!(notes(policy).len(), 4);
    assert_eq!(number(&policy["reversals_per_day"]), 0.0);

    let text = dir.run(&[&["replay"][..], &args].concat()).ok();
    let line = format!("creativedynamics-asg: {scale_in}");
    assert!(text.lines().any(|l| l == line), "{text}");
    let page = dir.read("plimsoll-report.html");
    assert!(page.contains("no alarm triggers it: it never scales in"));
}

#[test]
fn the_knob_moves_every_threshold_in_proportion() {
    let dir = Dir::new().with("t.csv", waves(6)).with("web.tf", WEB).with(
        "half.tf",
        WEB.replace("= 66", "= 33").replace("= 40", "= 20"),
    );
    let report = dir.replay(&["t.csv", "--policy", "web.tf", "--policy", "half.tf"]);
    let [web, half] = [&report["policies"][0], &report["policies"][1]];
    assert!(near(number(&web["setting"]), 0.6) && near(number(&half["setting"]), 0.3));
    for (policy, percent) in [(web, 60), (half, 30)] {
        let same = &policy["sweep"][percent - 15];
        for field in ["cost_ratio", "bad_share", "reversals_per_day"] {
            assert_eq!(same[field], policy[field], "{field} at {percent} %");
        }
    }
    // So the two are one policy, turned differently.
    assert_eq!(web["sweep"], half["sweep"]);
    let bad = |i: usize| number(&web["sweep"][i]["bad_share"]);
    assert!(bad(0) < bad(65), "a lower target must serve better");
}

#[test]
fn requests_per_target_are_driven_by_the_load() {
    let requests = TRACKING
        .replace("ASGAverageCPUUtilization", "ALBRequestCountPerTarget")
        .replace("target_value = 50", "target_value = 1200");
    let group = &WEB[..WEB.find("resource \"aws_autoscaling_policy\"").unwrap()];
    let dir = Dir::new()
        .with("t.csv", waves(6))
        .with("cpu.tf", format!("{group}{TRACKING}"))
        .with("requests.tf", format!("{group}{requests}"));
    // 1200 requests a minute are half of 40 a second.
    let flags = [
        "--capacity",
        "40",
        "--policy",
        "cpu.tf",
        "--policy",
        "requests.tf",
    ];
    let report = dir.replay(&[&["t.csv"][..], &flags].concat());
    let [cpu, requests] = [&report["policies"][0], &report["policies"][1]];
    assert_eq!(cpu["kind"], "target-tracking");
    assert!(near(number(&cpu["setting"]), 0.5) && near(number(&requests["setting"]), 0.5));
    // They see the same, but for pods without a sample yet.
    let cost = |policy: &Value| number(&policy["cost_ratio"]);
    assert!((cost(cpu) / cost(requests) - 1.0).abs() < 0.2);
    assert!(number(&requests["changes_per_day"]) > 10.0);
}

#[test]
fn alarms_and_targets_of_one_group_work_together() {
    let dir = Dir::new()
        .with("t.csv", waves(12))
        .with("step.tf", WEB)
        .with("both.tf", format!("{WEB}{TRACKING}"));
    let report = dir.replay(&["t.csv", "--policy", "step.tf", "--policy", "both.tf"]);
    let [step, both] = [&report["policies"][0], &report["policies"][1]];
    assert_eq!(both["kind"], "step, target-tracking");
    // The target is the lower of the two.
    assert!(near(number(&both["setting"]), 0.5));
    assert!(number(&both["bad_share"]) < number(&step["bad_share"]));
    // Each scales in by itself.
    assert!(number(&both["reversals_per_day"]) > 0.0);
}

#[test]
fn what_no_trace_drives_is_left_out() {
    let queue = WEB.replacen("CPUUtilization", "QueueLength", 1);
    let none = WEB.replace("CPUUtilization", "QueueLength");
    let dir = Dir::new()
        .with("t.csv", waves(2))
        .with("queue.tf", queue)
        .with("none.tf", none);
    let report = dir.replay(&["t.csv", "--policy", "queue.tf"]);
    let note = "left out, since a load trace says nothing about it: QueueLength";
    assert_eq!(notes(&report["policies"][0]), [note]);
    // Without an alarm that scales out there is no threshold to turn.
    assert!(report["policies"][0]["setting"].is_null());
    assert_eq!(report["policies"][0]["sweep"], json!([]));
    let error = dir
        .run(&["replay", "t.csv", "--policy", "none.tf"])
        .refused();
    let line = WEB.lines().position(|l| l.contains("CPUUtilization"));
    let place = format!("error: none.tf:{}:25: policy \"web\": ", line.unwrap() + 1);
    assert!(error.starts_with(&place), "{error}");
    assert!(error.contains("QueueLength"), "{error}");
}

#[test]
fn errors_are_one_line_with_file_and_place() {
    let dir = Dir::new()
        .with("t.csv", waves(1))
        .with("web.tf", WEB.replace("= 66", "= \"high\""));
    for args in [&["replay", "t.csv"][..], &["decide"]] {
        let error = dir.run(&[args, &["--policy", "web.tf"]].concat()).refused();
        let expected = "error: web.tf:33:25: threshold is \"high\", must be a number";
        assert_eq!(error, expected);
    }
}

#[test]
fn a_decision_goes_on_from_its_state_and_shows_the_notes() {
    let dir = Dir::new()
        .with("web.tf", format!("{WEB}{TRACKING}"))
        .with("asg.tf", GUIDE)
        .with("cpu.toml", "kind = \"step\"\ntarget_utilization = 0.7\n");
    let at = |now: &str, milli: i64| {
        let args = [
            "decide", "--policy", "web.tf", "--state", "s.json", "--now", now,
        ];
        let text = dir.run_with(&args, &seen(10, milli)).ok();
        let decision: Value = serde_json::from_str(&text).unwrap();
        decision["replicas"].as_u64().unwrap()
    };
    // A minute's alarm adds a fifth; the target's three minutes ask for more.
    assert_eq!(at("0s", 900), 10);
    assert_eq!(at("1m", 900), 12);
    assert_eq!(at("2m", 900), 12);
    assert_eq!(at("3m", 900), 18);
    let state: Value = serde_json::from_str(&dir.read("s.json")).unwrap();
    assert!(state["group"]["step"].is_object() && state["group"]["tracking"].is_object());

    let args = [
        "decide", "--policy", "cpu.toml", "--state", "s.json", "--now", "4m",
    ];
    let error = dir.run_with(&args, &seen(10, 900)).refused();
    assert!(
        error.ends_with("s.json: holds the state of another kind of policy"),
        "{error}"
    );

    let run = dir.run_with(&["decide", "--policy", "asg.tf"], &seen(10, 900));
    assert_eq!(run.code, Some(0));
    let decision: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(decision["replicas"], 10);
    let notes: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(notes.len(), 4, "{notes:?}");
    let first = "note: creativedynamics-asg: policy \"creativedynamics-scale-down\": no alarm \
                 triggers it: it never scales in";
    assert_eq!(notes[0], first);
    // One reading each.
    let two = seen(10, 900).replace("\"readings\":[", "\"readings\":[\"failed\",");
    let error = dir
        .run_with(&["decide", "--policy", "asg.tf"], &two)
        .refused();
    assert!(
        error.contains("readings has 2 entries, must have 1"),
        "{error}"
    );
}
