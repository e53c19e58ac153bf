mod malformed;
mod policies;
mod schedules;

use super::*;

const GROUP: &str = r#"resource "aws_autoscaling_group" "web" {
  name     = "web"
  min_size = 2
  max_size = 20
}
"#;

const POLICY: &str = r#"resource "aws_autoscaling_policy" "out" {
  name                   = "out"
  adjustment_type        = "ChangeInCapacity"
  scaling_adjustment     = 2
  autoscaling_group_name = aws_autoscaling_group.web.name
}
"#;

const ALARM: &str = r#"resource "aws_cloudwatch_metric_alarm" "high" {
  alarm_name          = "high"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 2
  metric_name         = "CPUUtilization"
  namespace           = "AWS/EC2"
  period              = 60
  statistic           = "Average"
  threshold           = 70
  dimensions          = { AutoScalingGroupName = aws_autoscaling_group.web.name }
  alarm_actions       = [aws_autoscaling_policy.out.arn]
}
"#;

fn web() -> String {
    format!("{GROUP}{POLICY}{ALARM}")
}

fn group_of(policy: &NamedPolicy) -> &ScalingGroup {
    match &policy.source {
        PolicySource::Group(group) => group,
        other => panic!("no group: {other:?}"),
    }
}

/// What is said of a group with nothing but the policy and the alarm above.
const GROWS_ONLY: &str = "aws_autoscaling_group.web: nothing that acts on it takes replicas away: it \
                          never scales in";

/// The one policy of a file, and its notes but for that.
#[track_caller]
fn only(content: &str) -> (ScalingGroup, Vec<String>) {
    let policies = load_as("x.tf", content).unwrap();
    assert_eq!(policies.len(), 1);
    let mut notes = policies[0].notes.clone();
    notes.retain(|note| note != GROWS_ONLY);
    (group_of(&policies[0]).clone(), notes)
}
