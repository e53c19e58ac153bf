use super::*;
use crate::policy_file::terraform::policies as terraform_policies;

/// The error of the small file with `from` replaced by `to`.
#[track_caller]
fn web_with(from: &str, to: &str) -> String {
    assert!(web().contains(from), "{from}");
    error_of("web.tf", web().replacen(from, to, 1))
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    for (from, to, message) in [
        // Functions and other expressions.
        (
            "max_size = 20",
            "max_size = max(20, 30)",
            "4:14: max_size: function max() is not supported",
        ),
        (
            "max_size = 20",
            "max_size = 2 * 10",
            "4:14: max_size: operator * is not supported",
        ),
        (
            "threshold           = 70",
            "threshold           = true ? 1 : 2",
            "20:25: threshold: a condition is not supported",
        ),
        (
            "[aws_autoscaling_policy.out.arn]",
            "[for p in [1] : aws_autoscaling_policy.out.arn]",
            "22:25: alarm_actions: a for expression is not supported",
        ),
        (
            "[aws_autoscaling_policy.out.arn]",
            "concat([aws_autoscaling_policy.out.arn])",
            "22:25: alarm_actions: function concat() is not supported",
        ),
        (
            "[aws_autoscaling_policy.out.arn]",
            "[aws_autoscaling_policy.out[0].arn]",
            "22:26: alarm_actions: aws_autoscaling_policy.out[…]: an index is not supported",
        ),
        (
            "min_size = 2",
            "min_size = two",
            "3:14: min_size: \"two\" is no value: quote it",
        ),
        (
            "min_size = 2",
            "min_size = var.least",
            "3:14: min_size: var.least is not in the file",
        ),
        (
            "min_size = 2",
            "min_size = aws_ssm_parameter.least.value",
            "3:14: min_size: aws_ssm_parameter.least.value has no value that the file gives",
        ),
        // Blocks that are made at run time.
        (
            "  min_size = 2",
            "  count = 2\n  min_size = 2",
            "3:3: count of aws_autoscaling_group.web is not supported: write the resources out",
        ),
        (
            "  scaling_adjustment     = 2",
            "  for_each = toset([])\n  scaling_adjustment = 2",
            "9:3: for_each of aws_autoscaling_policy.out is not supported: write the resources out",
        ),
        (
            "  scaling_adjustment     = 2",
            "  dynamic \"step_adjustment\" {\n    for_each = []\n    content {}\n  }",
            "9:3: dynamic \"step_adjustment\" is not supported: write it out",
        ),
        (
            "  scaling_adjustment     = 2",
            "  dynamic \"step_adjustmnt\" {\n    for_each = []\n    content {}\n  }",
            "9:3: unknown block: dynamic \"step_adjustmnt\" in aws_autoscaling_policy; did you mean \
             \"step_adjustment\"?",
        ),
        // Fields.
        (
            "max_size = 20",
            "maxsize = 20",
            "4:3: unknown field \"maxsize\" in aws_autoscaling_group; did you mean \"max_size\"?",
        ),
        (
            "max_size = 20",
            "max_size = 20\n  health_check_typ = \"ELB\"",
            "5:3: unknown field \"health_check_typ\" in aws_autoscaling_group; did you mean \
             \"health_check_type\"?",
        ),
        (
            "max_size = 20",
            "max_size = 20\n  colour = \"red\"",
            "5:3: unknown field \"colour\" in aws_autoscaling_group; fields that are read: name, \
             name_prefix, min_size, max_size, desired_capacity, health_check_grace_period, \
             default_cooldown, default_instance_warmup",
        ),
        ("  max_size = 20\n", "", "1:1: max_size is missing"),
        (
            "  threshold           = 70\n",
            "",
            "12:1: threshold of aws_cloudwatch_metric_alarm.high is missing",
        ),
        (
            "  scaling_adjustment     = 2\n",
            "",
            "6:1: scaling_adjustment of aws_autoscaling_policy.out is missing",
        ),
        // Values.
        (
            "threshold           = 70",
            "threshold           = \"high\"",
            "20:25: threshold is \"high\", must be a number",
        ),
        (
            "threshold           = 70",
            "threshold           = \"inf\"",
            "20:25: threshold is inf, must be a number",
        ),
        (
            "max_size = 20",
            "max_size = 1",
            "3:14: min_size is 2, must be at most max_size (1)",
        ),
        (
            "min_size = 2",
            "min_size = -2",
            "3:14: min_size is -2, must be a whole number from 0 to 4294967295",
        ),
        (
            "min_size = 2",
            "min_size = 1.5",
            "3:14: min_size is 1.5, must be a whole number",
        ),
        (
            "  max_size = 20",
            "  max_size = 20\n  desired_capacity = 30",
            "5:22: desired_capacity is 30, must be min_size … max_size (2 … 20)",
        ),
        (
            "\"GreaterThanThreshold\"",
            "\"GreatrThanThreshold\"",
            "14:25: comparison_operator has the unknown value \"GreatrThanThreshold\"; did you mean \
             \"GreaterThanThreshold\"?",
        ),
        (
            "evaluation_periods  = 2",
            "evaluation_periods  = 0",
            "15:25: aws_cloudwatch_metric_alarm.high: evaluation_periods is 0, must be 1 … 1440",
        ),
        (
            "  scaling_adjustment     = 2",
            "  scaling_adjustment     = 2\n  min_adjustment_magnitude = 3",
            "10:30: aws_autoscaling_policy.out: min_adjustment_magnitude is 3, must be ≥ 1, and given for percent-change-in-capacity only",
        ),
        (
            "\"Average\"",
            "\"SampleCount\"",
            "19:25: statistic is SampleCount, must be Average, Minimum, Maximum or Sum",
        ),
        (
            "  statistic           = \"Average\"",
            "  extended_statistic = \"p90\"",
            "19:24: extended_statistic is not supported",
        ),
        // References.
        (
            "policy.out.arn",
            "policy.outt.arn",
            "22:26: alarm_actions: aws_autoscaling_policy.outt is not in the file; did you mean \
             \"aws_autoscaling_policy.out\"?",
        ),
        (
            "policy.out.arn",
            "policy.out.name",
            "22:26: alarm_actions: aws_autoscaling_policy.out.name must be \
             aws_autoscaling_policy.out.arn",
        ),
        (
            "alarm_actions       =",
            "ok_actions          =",
            "22:26: ok_actions: aws_autoscaling_policy.out.arn: only alarm_actions may trigger a \
             policy",
        ),
        (
            "= aws_autoscaling_group.web.name\n}",
            "= aws_autoscaling_group.wep.name\n}",
            "10:28: autoscaling_group_name: the file has no aws_autoscaling_group \
             \"aws_autoscaling_group.wep\"; did you mean \"aws_autoscaling_group.web\"?",
        ),
        (
            "  autoscaling_group_name = aws_autoscaling_group.web.name\n",
            "",
            "6:1: autoscaling_group_name of aws_autoscaling_policy.out is missing",
        ),
        // Kinds of policies.
        (
            "  scaling_adjustment     = 2",
            "  policy_type = \"PredictiveScaling\"",
            "9:17: policy_type PredictiveScaling is not supported: write kind = \"predictive\" in a \
             TOML policy file",
        ),
        (
            "  scaling_adjustment     = 2",
            "  policy_type = \"StepScalin\"",
            "9:17: policy_type has the unknown value \"StepScalin\"; did you mean \
             \"StepScaling\"?",
        ),
        (
            "  scaling_adjustment     = 2",
            "  scaling_adjustment = 2\n  estimated_instance_warmup = 60",
            "10:31: estimated_instance_warmup does not belong to policy_type SimpleScaling",
        ),
        // Blocks.
        (
            "resource \"aws_autoscaling_policy\"",
            "resorce \"aws_autoscaling_policy\"",
            "6:1: unknown block \"resorce\"; did you mean \"resource\"?",
        ),
        (
            "\"aws_autoscaling_policy\"",
            "\"aws_autoscaling_polcy\"",
            "6:1: unknown resource \"aws_autoscaling_polcy\"; did you mean \
             \"aws_autoscaling_policy\"?",
        ),
        (
            "resource \"aws_autoscaling_policy\" \"out\" {",
            "a = 1\nresource \"aws_autoscaling_policy\" \"out\" {",
            "6:1: \"a\" stands in no block",
        ),
    ] {
        assert_eq!(web_with(from, to), format!("web.tf:{message}"), "{to}");
    }
}

#[test]
fn the_whole_must_be_a_policy_that_can_act() {
    assert_eq!(
        error_of("x.tf", "# nothing\n"),
        "x.tf: holds no aws_autoscaling_group"
    );
    assert_eq!(error_of("x.tf", ""), "x.tf: holds no aws_autoscaling_group");
    let nothing = "x.tf:1:1: aws_autoscaling_group.web: no policy of it can act";
    for text in [
        GROUP.to_owned(),
        format!("{GROUP}{POLICY}"),
        format!(
            "{GROUP}{POLICY}{}",
            ALARM.replace(
                "alarm_actions  ",
                "actions_enabled = false\n  alarm_actions"
            )
        ),
        web().replace(
            "scaling_adjustment ",
            "enabled = false\n  scaling_adjustment ",
        ),
    ] {
        assert_eq!(error_of("x.tf", &text), nothing, "{text}");
    }
    assert_eq!(
        error_of("x.tf", format!("{}{POLICY}", web())),
        "x.tf:24:1: aws_autoscaling_policy.out is given twice, first in line 6"
    );
    assert_eq!(
        error_of("x.tf", POLICY),
        "x.tf:5:28: autoscaling_group_name: the file has no aws_autoscaling_group \
         \"aws_autoscaling_group.web\""
    );
}

#[test]
fn files_that_are_not_hcl_are_refused_with_their_line() {
    for (from, to, at) in [
        ("min_size = 2", "min_size = ", "3:"),
        ("min_size = 2", "min_size 2", "3:"),
        ("name     = \"web\"", "name = \"web", "6:"),
        ("max_size = 20", "max_size = 20\n  max_size = 21", "5:"),
    ] {
        let error = web_with(from, to);
        assert!(
            error.starts_with(&format!("web.tf:{at}")) && error.contains("not valid HCL"),
            "{error}"
        );
    }
    let open = error_of(
        "x.tf",
        "resource \"aws_autoscaling_group\" \"web\" {\n  min_size = 2\n",
    );
    assert!(open.starts_with("x.tf:"), "{open}");
    for deep in [
        "[".repeat(100_000),
        "-".repeat(100_000),
        "a.".repeat(100_000),
    ] {
        let error = web_with("min_size = 2", &format!("min_size = {deep}1"));
        assert!(error.starts_with("web.tf:3:"), "{}", &error[..80]);
    }
}

#[test]
fn a_damaged_file_is_one_error_or_a_policy() {
    let text = web();
    for at in 0..text.len() {
        let cut = &text[..at];
        let hole = format!("{cut}{}", &text[at + 1..]);
        let odd = format!("{cut}${{{}", &text[at + 1..]);
        for text in [cut, &hole, &odd] {
            match terraform_policies(Path::new("x.tf"), text) {
                Ok(policies) => assert_eq!(policies.len(), 1, "{text}"),
                Err(error) => {
                    let line = error.to_string();
                    assert!(line.starts_with("x.tf:") && !line.contains('\n'), "{line}");
                }
            }
        }
    }
}
