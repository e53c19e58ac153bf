use std::time::Duration;

use autoscale_core::{
    AdjustmentType, Alarm, Comparison, Gauge, PeriodStatistic, ScalingAction, ScalingAlarm,
    Statistic, StepAdjustment, StepScalingConfig, TargetTrackingConfig, TrackedTarget,
    TreatMissingData,
};

use super::*;

#[test]
fn the_guides_file_loads() {
    let policies = load(&manifest("creativedynamics-autoscaling.tf")).unwrap();
    let alarm = Alarm::new(
        "creativedynamics-high-cpu",
        Gauge::cpu_utilization(),
        Comparison::GreaterThanThreshold,
        70.0,
    )
    .with_period(Duration::from_secs(120))
    .with_evaluation_periods(2);
    let action = ScalingAction::simple(AdjustmentType::ChangeInCapacity, 2);
    let five_minutes = Duration::from_secs(300);
    assert_eq!(action.cooldown, five_minutes);
    let step = StepScalingConfig::new([ScalingAlarm::new(alarm, action)]);
    let expected = NamedPolicy {
        at: Some((37, 25)),
        name: "creativedynamics-asg".to_owned(),
        source: PolicySource::Group(Box::new(ScalingGroup {
            step: Some(step.with_warm_up(five_minutes)),
            tracking: None,
            metrics: vec!["cpu".to_owned()],
            bounds: Bounds {
                min: Some(2),
                max: Some(10),
            },
            warms_up_as_fleet: false,
        })),
        around: Around::default(),
        notes: [
            "policy \"creativedynamics-scale-down\": no alarm triggers it: it never scales in",
            "desired_capacity (3) is not replayed: the fleet begins as large as the load needs it",
            "alarm \"creativedynamics-high-cpu\": no dimension AutoScalingGroupName: AWS watches \
             the instances of all groups, the replay those of this one",
            "ignored: health_check_type, launch_template, target_group_arns, tag, alarm_description",
        ]
        .map(str::to_owned)
        .to_vec(),
    };
    assert_eq!(policies, [expected]);
}

#[test]
fn the_small_file_loads() {
    let (group, notes) = only(&web());
    assert_eq!(notes, [""; 0]);
    assert_eq!(load_as("x.tf", web()).unwrap()[0].notes, [GROWS_ONLY]);
    assert_eq!(group.bounds.min.zip(group.bounds.max), Some((2, 20)));
}

#[test]
fn values_of_locals_and_variables_are_known() {
    let values = r#"
variable "sizes" {
  type    = object({ least = number })
  default = { least = "3", most = 30 }
}
variable "stage" { default = "prod" }
variable "secret" {}
locals {
  group     = "web-${var.stage}"
  threshold = (local.half)
  half      = 50.5
}
"#;
    let text = web()
        .replacen("\"web\"\n", "local.group\n", 1)
        .replace(
            "= 2\n  max_size = 20",
            "= var.sizes.least\n  max_size = var.sizes.most",
        )
        .replace("threshold           = 70", "threshold = local.threshold");
    let policies = load_as("x.tf", text.clone() + values).unwrap();
    assert_eq!(policies[0].name, "web-prod");
    let group = group_of(&policies[0]);
    assert_eq!(group.bounds.min.zip(group.bounds.max), Some((3, 30)));
    let alarm = &group.step.as_ref().unwrap().alarms[0].alarm;
    assert!((alarm.threshold - 50.5).abs() < 1e-9);

    for (from, to, message) in [
        (
            "var.sizes.most",
            "var.secret",
            "4:14: max_size: var.secret has no default",
        ),
        (
            "var.sizes.most",
            "var.sizes.more",
            "4:14: max_size: var.sizes.more has no field more",
        ),
        (
            "var.sizes.most",
            "var.size.most",
            "4:14: max_size: var.size is not in the file; did you mean \"sizes\"?",
        ),
        (
            "half      = 50.5",
            "half      = local.threshold",
            "20:15: threshold: locals and variables use each other in a circle, or too deep",
        ),
    ] {
        let text = (text.clone() + values).replacen(from, to, 1);
        assert_eq!(error_of("x.tf", &text), format!("x.tf:{message}"), "{to}");
    }
    let twice = error_of("x.tf", text + values + "locals { half = 1 }\n");
    assert!(twice.ends_with("local.half is defined twice"), "{twice}");

    // Each is twice the one before: nothing that could be held in memory.
    let mut bomb = "locals {\n  a0 = [1, 2]\n".to_owned();
    for i in 0..60 {
        bomb += &format!("  a{} = [local.a{i}, local.a{i}]\n", i + 1);
    }
    let text = web().replace("= 70", "= local.a60") + &bomb + "}\n";
    let error = error_of("x.tf", text);
    assert!(error.contains("threshold"), "{error}");
}

#[test]
fn a_target_is_tracked() {
    let tracking = r#"resource "aws_autoscaling_policy" "track" {
  name                      = "track"
  policy_type               = "TargetTrackingScaling"
  autoscaling_group_name    = aws_autoscaling_group.web.id
  estimated_instance_warmup = 90
  target_tracking_configuration {
    target_value     = 55
    disable_scale_in = true
    predefined_metric_specification {
      predefined_metric_type = "ASGAverageCPUUtilization"
    }
  }
}
resource "aws_autoscaling_policy" "requests" {
  name                   = "requests"
  policy_type            = "TargetTrackingScaling"
  autoscaling_group_name = "web"
  target_tracking_configuration {
    target_value = 1200
    predefined_metric_specification {
      predefined_metric_type = "ALBRequestCountPerTarget"
      resource_label         = aws_lb.web.arn_suffix
    }
  }
}
"#;
    let (group, notes) = only(&format!("{GROUP}{tracking}"));
    assert_eq!(notes, [""; 0]);
    // CloudWatch counts requests of a minute, a gauge those of a second.
    let expected = TargetTrackingConfig::new([
        TrackedTarget::new(Gauge::cpu_utilization(), 55.0).with_disable_scale_in(true),
        TrackedTarget::new(Gauge::new(Statistic::PerReplica).with_reading(1), 20.0),
    ])
    .with_warm_up(Duration::from_secs(90));
    assert_eq!(group.tracking.as_ref(), Some(&expected));
    assert_eq!(
        (group.step.as_ref(), group.kind()),
        (None, "target-tracking")
    );
    assert_eq!(group.metrics, ["cpu", "requests per target"]);

    // With alarms beside it, a group has both.
    let (both, _) = only(&format!("{}{tracking}", web()));
    assert_eq!(both.tracking.as_ref(), Some(&expected));
    assert_eq!(both.step.unwrap().alarms[0].alarm.gauge.reading, 0);

    for (from, to, message) in [
        (
            "target_value     = 55",
            "target_value     = 0",
            "12:24: aws_autoscaling_policy.track: target_value is 0, must be a finite number > 0",
        ),
        (
            "    predefined_metric_specification {\n      predefined_metric_type = \
             \"ASGAverageCPUUtilization\"\n    }\n",
            "",
            "11:3: target_tracking_configuration must have either a \
             predefined_metric_specification or a customized_metric_specification",
        ),
        (
            "ASGAverageCPUUtilization",
            "ASGAverageCPUUtilisation",
            "15:32: target_tracking_configuration.predefined_metric_specification.\
             predefined_metric_type has the unknown value \"ASGAverageCPUUtilisation\"; did you \
             mean \"ASGAverageCPUUtilization\"?",
        ),
        (
            "disable_scale_in",
            "disable_scale_im",
            "13:5: unknown field \"disable_scale_im\" in target_tracking_configuration; did you \
             mean \"disable_scale_in\"?",
        ),
    ] {
        let text = format!("{GROUP}{}", tracking.replacen(from, to, 1));
        assert_eq!(error_of("x.tf", &text), format!("x.tf:{message}"), "{to}");
    }
    let own = ALARM.replace("policy.out.arn", "policy.track.arn");
    assert_eq!(
        error_of("x.tf", format!("{GROUP}{tracking}{own}")),
        "x.tf:41:3: alarm_actions: aws_autoscaling_policy.track is a target tracking policy, which \
         has alarms of its own"
    );
}

#[test]
fn steps_and_everything_of_an_alarm_are_read() {
    let policy = r#"resource "aws_autoscaling_policy" "out" {
  name                      = "out"
  policy_type               = "StepScaling"
  adjustment_type           = "PercentChangeInCapacity"
  min_adjustment_magnitude  = 2
  metric_aggregation_type   = "Average"
  estimated_instance_warmup = 120
  autoscaling_group_name    = aws_autoscaling_group.web.name
  step_adjustment {
    metric_interval_lower_bound = "0"
    metric_interval_upper_bound = 6000
    scaling_adjustment          = 10
  }
  step_adjustment {
    metric_interval_lower_bound = 6000
    scaling_adjustment          = 30
  }
}
"#;
    let alarm = ALARM
        .replace("CPUUtilization", "RequestCountPerTarget")
        .replace("AWS/EC2", "AWS/ApplicationELB")
        .replace("\"Average\"", "\"Sum\"")
        .replace("GreaterThanThreshold", "GreaterThanOrEqualToThreshold")
        .replace(
            "= 70",
            "= 12000\n  datapoints_to_alarm = 1\n  treat_missing_data = \"notBreaching\"",
        )
        .replace("period              = 60", "period              = 300")
        .replace("[aws", "[aws_sns_topic.ops.arn, aws");
    let (group, notes) = only(&format!("{GROUP}{policy}{alarm}"));
    assert_eq!(
        notes,
        ["ignored: metric_aggregation_type, aws_sns_topic.ops.arn"]
    );
    let gauge = Gauge::new(Statistic::PerReplica);
    let expected = Alarm::new(
        "high",
        gauge,
        Comparison::GreaterThanOrEqualToThreshold,
        40.0,
    )
    .with_period(Duration::from_secs(300))
    .with_evaluation_periods(2)
    .with_datapoints_to_alarm(Some(1))
    .with_statistic(PeriodStatistic::Average)
    .with_treat_missing_data(TreatMissingData::NotBreaching);
    let steps = [
        StepAdjustment::new(Some(0.0), Some(20.0), 10),
        StepAdjustment::new(Some(20.0), None, 30),
    ];
    let action = ScalingAction::step(AdjustmentType::PercentChangeInCapacity, steps)
        .with_min_adjustment_magnitude(Some(2));
    let expected = StepScalingConfig::new([ScalingAlarm::new(expected, action)])
        .with_warm_up(Duration::from_secs(120));
    assert_eq!(group.step, Some(expected));

    let averaged = alarm.replace("\"Sum\"", "\"Average\"");
    assert_eq!(
        error_of("x.tf", format!("{GROUP}{policy}{averaged}")),
        "x.tf:31:25: statistic is Average, must be Sum for requests per target"
    );
    let gap = policy.replacen("= 6000", "= 5000", 1);
    assert_eq!(
        error_of("x.tf", format!("{GROUP}{gap}{alarm}")),
        "x.tf:14:3: aws_autoscaling_policy.out: step_adjustment is 16.666666666666668 before 20, must \
         be without gap or overlap"
    );
}

#[test]
fn warm_up_and_cooldown_come_from_the_nearest() {
    let sizes = "  max_size = 20";
    for (group, policy, warm_up, cooldown) in [
        ("", "", 300, 300),
        ("health_check_grace_period = 40", "", 40, 300),
        (
            "health_check_grace_period = 40\n  default_instance_warmup = 50",
            "",
            50,
            300,
        ),
        ("default_cooldown = 60", "", 60, 60),
        ("default_cooldown = 60", "cooldown = 70", 60, 70),
    ] {
        let text = web()
            .replace(sizes, &format!("{sizes}\n  {group}"))
            .replace("  scaling_adj", &format!("  {policy}\n  scaling_adj"));
        let (group, _) = only(&text);
        let step = group.step.unwrap();
        let seconds = Duration::from_secs;
        let got = (step.warm_up, step.alarms[0].action.cooldown);
        assert_eq!(got, (seconds(warm_up), seconds(cooldown)), "{text}");
    }
}

#[test]
fn what_does_not_bear_on_scaling_may_be_anything() {
    let rest = r#"
terraform { required_version = ">= 1.5" }
provider "aws" { region = var.region }
data "aws_ami" "ubuntu" { most_recent = true }
module "network" { source = "./network" }
resource "aws_launch_template" "web" {
  count     = var.on ? 1 : 0
  user_data = base64encode(templatefile("init.sh", { a = [for x in var.xs : x] }))
}
resource "aws_cloudwatch_metric_alarm" "disk" {
  count               = 3
  alarm_name          = "disk"
  alarm_actions       = concat([aws_sns_topic.ops.arn], var.more)
  comparison_operator = "LessThanLowerThreshold"
}
resource "aws_autoscaling_schedule" "night" {
  scheduled_action_name  = "night"
  min_size               = 1
  max_size               = 2
  recurrence             = "0 20 * * *"
  autoscaling_group_name = aws_autoscaling_group.web.name
}
output "name" { value = aws_autoscaling_group.web.name }
"#;
    let text = web().replace(
        "  max_size = 20",
        r#"  max_size = 20
  vpc_zone_identifier = data.aws_subnets.x.ids[*]
  suspended_processes = ["AlarmNotification"]
  dynamic "tag" {
    for_each = var.tags
    content { key = tag.key }
  }
  lifecycle { ignore_changes = [desired_capacity] }"#,
    );
    let (_, notes) = only(&(text + rest));
    assert_eq!(
        notes,
        [
            "not followed, though it bears on scaling: suspended_processes",
            "ignored: vpc_zone_identifier, tag",
            "module \"network\" is not read",
            "alarm \"disk\": none of its actions is a scaling policy of the file: it changes nothing",
        ]
    );
}

#[test]
fn each_group_is_a_policy() {
    let named = web().replace("  name     = \"web\"\n", "  name_prefix = \"w-\"\n");
    let second = web()
        .replace("\"web\"", "\"jobs\"")
        .replace("group.web", "group.jobs")
        .replace("\"out\"", "\"more\"")
        .replace("policy.out", "policy.more")
        .replace("\"high\"", "\"busy\"");
    let idle = GROUP.replace("web", "idle");
    let policies = load_as("x.tf", format!("{idle}{named}{second}")).unwrap();
    let names: Vec<&str> = policies.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["web", "jobs"]);
    assert_eq!(
        policies[0].notes,
        [
            GROWS_ONLY,
            "aws_autoscaling_group.idle: no policy of it can act: it is not replayed"
        ]
    );
    assert_eq!(policies[1].notes, [GROWS_ONLY.replace("web", "jobs")]);
}

#[test]
fn metrics_that_no_trace_drives_have_a_reading_of_their_own() {
    let queue = ALARM
        .replace("\"high\"", "\"queue\"")
        .replace("CPUUtilization", "ApproximateNumberOfMessagesVisible")
        .replace("AWS/EC2", "AWS/SQS");
    let (group, _) = only(&format!("{}{queue}", web()));
    assert_eq!(group.metrics, ["cpu", "ApproximateNumberOfMessagesVisible"]);
    let gauge = &group.step.as_ref().unwrap().alarms[1].alarm.gauge;
    assert_eq!(gauge, &Gauge::new(Statistic::Value).with_reading(1));
    let (driven, signals, left_out) = group.driven_by_load();
    assert_eq!(driven.step.unwrap().alarms.len(), 1);
    assert_eq!(signals.len(), 1);
    assert_eq!(left_out, ["ApproximateNumberOfMessagesVisible"]);
}

#[test]
fn services_of_ecs_are_read_as_well() {
    let text = r#"resource "aws_appautoscaling_target" "api" {
  max_capacity       = 12
  min_capacity       = 2
  resource_id        = "service/${aws_ecs_cluster.main.name}/${aws_ecs_service.api.name}"
  scalable_dimension = "ecs:service:DesiredCount"
  service_namespace  = "ecs"
}
resource "aws_appautoscaling_policy" "cpu" {
  name               = "cpu"
  policy_type        = "TargetTrackingScaling"
  resource_id        = aws_appautoscaling_target.api.resource_id
  scalable_dimension = aws_appautoscaling_target.api.scalable_dimension
  service_namespace  = aws_appautoscaling_target.api.service_namespace
  target_tracking_scaling_policy_configuration {
    target_value       = 60
    scale_in_cooldown  = 400
    scale_out_cooldown = 45
    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}
"#;
    let policies = load_as("x.tf", text).unwrap();
    assert_eq!(policies[0].name, "api");
    assert_eq!(
        policies[0].notes,
        [
            "policy \"cpu\": scale_in_cooldown (400 s) is not replayed",
            "ignored: scalable_dimension, service_namespace"
        ]
    );
    let expected = TargetTrackingConfig::new([TrackedTarget::new(Gauge::cpu_utilization(), 60.0)])
        .with_warm_up(Duration::from_secs(45));
    let group = group_of(&policies[0]);
    assert_eq!(group.tracking, Some(expected));
    assert_eq!(group.bounds.min.zip(group.bounds.max), Some((2, 12)));
    assert_eq!(
        error_of("x.tf", text.replacen("\"ecs\"", "\"dynamodb\"", 1)),
        "x.tf:6:24: service_namespace is \"dynamodb\", must be \"ecs\""
    );
}

#[test]
fn what_is_switched_off_does_nothing() {
    let off = format!("{POLICY}{ALARM}")
        .replace("\"out\"", "\"off\"")
        .replace("policy.out", "policy.off")
        .replace("\"high\"", "\"queue\"")
        .replace("CPUUtilization", "QueueLength");
    let policy_off = off.replace("  scaling_adj", "  enabled = false\n  scaling_adj");
    let alarm_off = off.replace(
        "  alarm_actions",
        "  actions_enabled = false\n  alarm_actions",
    );
    for (text, expected) in [
        (
            policy_off,
            &["policy \"off\" is switched off (enabled)"][..],
        ),
        (
            alarm_off,
            &[
                "policy \"off\": no alarm triggers it: it never scales out",
                "alarm \"queue\" is switched off (actions_enabled)",
            ],
        ),
    ] {
        let (group, notes) = only(&format!("{}{text}", web()));
        assert_eq!(notes, expected);
        assert_eq!(group.step.unwrap().alarms.len(), 1);
        assert_eq!(group.metrics, ["cpu"]);
    }
}

#[test]
fn an_alarm_may_trigger_several_policies() {
    let second = POLICY.replace("\"out\"", "\"more\"");
    let alarm = ALARM
        .replace(
            "[aws_autoscaling_policy.out.arn]",
            "[aws_autoscaling_policy.out.arn, aws_autoscaling_policy.more.arn]",
        )
        .replace(
            "  dimensions          = { AutoScalingGroupName = aws_autoscaling_group.web.name }\n",
            "",
        );
    let (group, notes) = only(&format!("{GROUP}{POLICY}{second}{alarm}"));
    assert_eq!(group.step.unwrap().alarms.len(), 2);
    assert_eq!(notes.len(), 1, "{notes:?}");
}

/// Each group that only goes one way is named once, whatever keeps it from the other.
#[test]
fn a_group_that_only_goes_one_way_is_named() {
    let of = |text: &str| load_as("x.tf", text).unwrap()[0].notes.clone();
    let shrinks =
        "aws_autoscaling_group.web: nothing that acts on it adds replicas: it never scales out";
    let inwards = format!(
        "{}{}",
        POLICY
            .replace("\"out\"", "\"in\"")
            .replace("= 2\n", "= -1\n"),
        ALARM
            .replace("policy.out", "policy.in")
            .replace("\"high\"", "\"low\""),
    );
    assert_eq!(of(&web()), [GROWS_ONLY]);
    assert_eq!(of(&format!("{GROUP}{inwards}")), [shrinks]);
    assert_eq!(of(&format!("{}{inwards}", web())), [""; 0]);
    let off = inwards.replace("= -1\n", "= -1\n enabled = false\n");
    assert_eq!(
        of(&format!("{}{off}", web())),
        [GROWS_ONLY, "policy \"in\" is switched off (enabled)"]
    );
    // A policy that no alarm triggers has said it.
    let untriggered = POLICY
        .replace("\"out\"", "\"in\"")
        .replace("= 2\n", "= -1\n");
    assert_eq!(
        of(&format!("{}{untriggered}", web())),
        ["policy \"in\": no alarm triggers it: it never scales in"]
    );
    let exact = web().replace("ChangeInCapacity", "ExactCapacity");
    assert_eq!(of(&exact), [""; 0]);
    let tracking = |more: &str| {
        format!(
            "{GROUP}resource \"aws_autoscaling_policy\" \"cpu\" {{
  policy_type            = \"TargetTrackingScaling\"
  autoscaling_group_name = aws_autoscaling_group.web.name
  target_tracking_configuration {{
    predefined_metric_specification {{
      predefined_metric_type = \"ASGAverageCPUUtilization\"
    }}
    target_value = 50
    {more}
  }}
}}
"
        )
    };
    assert_eq!(of(&tracking("")), [""; 0]);
    assert_eq!(of(&tracking("disable_scale_in = true")), [GROWS_ONLY]);
}

/// A whole policy that is refused has the line of the first metric that it looks at.
#[test]
fn a_policy_has_the_place_of_its_metric() {
    let policies = load_as("x.tf", web()).unwrap();
    let line = web()
        .lines()
        .position(|l| l.contains("metric_name"))
        .unwrap()
        + 1;
    assert_eq!(policies[0].at, Some((line, 25)));
}
