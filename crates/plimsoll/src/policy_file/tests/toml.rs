use std::time::Duration;

use autoscale_core::{MetricSpec, Statistic};

use super::*;

const KPA: &str = "\
name = \"burst\"
kind = \"kpa\"
target_utilization = 0.7
stable_window = \"5m\"

[bounds]
min = 2
max = 50
";

#[test]
fn toml_policies_are_read() {
    let policies = load_as("x.toml", KPA).unwrap();
    let PolicySource::Kpa(kpa) = &policies[0].source else {
        panic!("{policies:?}");
    };
    assert_eq!(policies[0].name, "burst");
    assert_eq!(kpa.bounds.min.zip(kpa.bounds.max), Some((2, 50)));
    assert_eq!(kpa.target, KpaTarget::Utilization(0.7));
    let config = kpa.config(100.0);
    assert!((config.target_value - 70.0).abs() < 1e-9);
    assert_eq!(config.total_value, Some(100.0));
    assert_eq!(config.stable_window, Duration::from_secs(300));

    let policies = load_as("steady.toml", "kind = \"kpa\"\ntarget_value = 20").unwrap();
    let PolicySource::Kpa(kpa) = &policies[0].source else {
        panic!("{policies:?}");
    };
    assert_eq!(policies[0].name, "steady");
    assert_eq!(kpa.bounds, Bounds::default());
    assert_eq!(kpa.config(100.0), KpaConfig::new(20.0));

    let policies = load_as("seven.toml", "kind = \"fixed\"\nreplicas = 7").unwrap();
    assert_eq!(policies[0].source, PolicySource::Fixed(7));

    let hpa = "kind = \"hpa\"\nbounds = { min = 2, max = 9 }\n\
               metrics = [{ resource = { name = \"cpu\", target = { utilization = 60 } } }]";
    let policies = load_as("hpa.toml", hpa).unwrap();
    let expected = HpaConfig::new(9, [MetricSpec::cpu_utilization(60)]).with_min_replicas(2);
    assert_eq!(hpa_of(&policies), &expected);
}

#[test]
fn toml_errors_have_their_place() {
    for (from, to, message) in [
        (
            "stable_window",
            "stable_windw",
            "4:1: unknown field \"stable_windw\"; did you mean \"stable_window\"?",
        ),
        (
            "[bounds]",
            "[bound]",
            "6:2: unknown field \"bound\"; did you mean \"bounds\"?",
        ),
        (
            "max = 50",
            "maxi = 50",
            "8:1: unknown field \"maxi\" in bounds; did you mean \"max\"?",
        ),
        (
            "\"5m\"",
            "\"5 minutes\"",
            "4:17: stable_window: \"5 minutes\" is not a duration: write 15s, 5m, 1h30m, 3d, \
             250ms or plain seconds",
        ),
        (
            "\"5m\"",
            "\"2h\"",
            "4:17: stable_window is 2h, must be 0 … 1h",
        ),
        (
            "stable_window = \"5m\"",
            "panic_window = \"5m\"",
            "4:16: panic_window is 5m, must be at most 6s or stable_window (1m)",
        ),
        (
            "0.7",
            "7",
            "3:22: target_utilization is 7, must be above 0 and at most 1.5",
        ),
        (
            "0.7",
            "nan",
            "3:22: target_utilization is NaN, must be above 0 and at most 1.5",
        ),
        (
            "0.7",
            "\"high\"",
            "3:22: target_utilization is \"high\", must be a number",
        ),
        (
            "target_utilization = 0.7",
            "target_utilization = 0.7\ntarget_value = 3",
            "3:1: target_value and target_utilization exclude each other: give one",
        ),
        (
            "target_utilization = 0.7\n",
            "",
            "1:1: target_value is missing",
        ),
        (
            "min = 2",
            "min = 60",
            "7:7: bounds.min is 60, must be at most bounds.max (50)",
        ),
        (
            "max = 50",
            "max = 1000001",
            "8:7: bounds.max is 1000001, must be at most 1000000",
        ),
        (
            "max = 50",
            "max = 0",
            "8:7: bounds.max is 0, must be at least 1",
        ),
        (
            "max = 50",
            "max = -1",
            "8:7: bounds.max is -1, must be a whole number from 0 to 4294967295",
        ),
        (
            "\"kpa\"",
            "\"kpaa\"",
            "2:8: kind has the unknown value \"kpaa\"; did you mean \"kpa\"?",
        ),
        (
            "kind = \"kpa\"\n",
            "",
            "1:1: kind is missing: one of hpa, kpa, target-tracking, step, \
             predictive, triggers, weighted, fixed",
        ),
    ] {
        assert!(KPA.contains(from), "{from}");
        assert_eq!(
            error_of("x.toml", KPA.replace(from, to)),
            format!("x.toml:{message}")
        );
    }
    assert_eq!(
        error_of(
            "x.toml",
            "kind = \"fixed\"\nreplicas = 3\n[bounds]\nmin = 1"
        ),
        "x.toml:3:2: unknown field \"bounds\"; valid fields: replicas, name, kind, activation, \
         schedule"
    );
    let hpa = "kind = \"hpa\"\nmax_replicas = 3\nmetrics = [{ resorce = {} }]\n";
    assert_eq!(
        error_of("x.toml", hpa),
        "x.toml:3:14: metrics[0] has the unknown value \"resorce\"; did you mean \"resource\"?"
    );
    let twice = error_of("x.toml", "kind = \"fixed\"\nreplicas = 3\nreplicas = 4\n");
    assert!(twice.starts_with("x.toml:3:1: not valid TOML: "), "{twice}");
    let open = error_of("x.toml", "kind = \"fixed\nreplicas = 3\n");
    assert!(open.starts_with("x.toml:1:"), "{open}");
}

const STEP: &str = "\
kind = \"step\"
warm_up = \"2m\"

[[alarms]]
alarm.name = \"high\"
alarm.gauge = { statistic = { utilization = { resource = \"cpu\" } } }
alarm.comparison = \"greater_than_threshold\"
alarm.threshold = 77.0
action.policy_type = \"step\"
action.adjustment_type = \"percent_change_in_capacity\"
action.steps = [{ lower_bound = 0.0, adjustment = 10 }]

[[alarms]]
alarm.name = \"queue\"
alarm.gauge = { statistic = \"value\", reading = 1 }
alarm.comparison = \"less_than_threshold\"
alarm.threshold = 5
action.policy_type = \"simple\"
action.adjustment_type = \"change_in_capacity\"
action.steps = [{ adjustment = -1 }]

[bounds]
max = 30
";

fn group_of(content: &str) -> ScalingGroup {
    let policies = load_as("x.toml", content).unwrap();
    match &policies[0].source {
        PolicySource::Group(group) => (**group).clone(),
        other => panic!("no group: {other:?}"),
    }
}

#[test]
fn alarms_and_targets_are_read() {
    let group = group_of(STEP);
    assert_eq!((group.bounds.min, group.bounds.max), (None, Some(30)));
    assert_eq!(group.metrics, ["cpu", "a value"]);
    let step = group.step.unwrap();
    assert_eq!(step.warm_up, Duration::from_secs(120));
    assert_eq!(step.alarms[1].alarm.gauge.statistic, Statistic::Value);
    assert_eq!(step.alarms[1].action.steps[0].adjustment, -1);

    let group = group_of("kind = \"step\"\ntarget_utilization = 0.5\nwarm_up = 90\n");
    let expected = ScalingGroup::stepping_cpu(0.5).with_warm_up(Duration::from_secs(90));
    assert_eq!(group.step, Some(expected));
    let group = group_of("kind = \"target-tracking\"\ntarget_utilization = 0.5\n");
    assert_eq!(group.tracking, Some(ScalingGroup::tracking_cpu(0.5)));
    let group = group_of(
        "kind = \"target-tracking\"\n[[targets]]\ngauge = { statistic = \"per_replica\" }\n\
         target_value = 20\nscale_in_periods = 5\n",
    );
    let target = &group.tracking.as_ref().unwrap().targets[0];
    assert_eq!(
        (target.scale_in_periods, &target.gauge.statistic),
        (5, &Statistic::PerReplica)
    );
}

#[test]
fn errors_of_alarms_and_targets_have_their_place() {
    let tracking = "kind = \"target-tracking\"\ntarget_utilization = 0.5\n";
    for (text, from, to, message) in [
        (
            STEP,
            "alarm.threshold = 77.0",
            "alarm.treshold = 77.0",
            "8:7: unknown field \"treshold\" in alarms[0].alarm; did you mean \"threshold\"?",
        ),
        (
            STEP,
            "77.0",
            "nan",
            "8:19: alarms[0].alarm.threshold is NaN, must be a finite number",
        ),
        (
            STEP,
            "warm_up",
            "warm-up",
            "2:1: unknown field \"warm-up\"; did you mean \"warm_up\"?",
        ),
        (
            STEP,
            "warm_up = \"2m\"",
            "target_utilization = 0.7",
            "2:1: alarms and target_utilization exclude each other: give one",
        ),
        (
            STEP,
            "reading = 1",
            "reading = 2",
            "4:3: reading 1 is read by none of the alarms: number the readings from 0 on",
        ),
        (
            STEP,
            "greater_than_threshold",
            "greater",
            "7:20: alarms[0].alarm.comparison has the unknown value \"greater\"; valid values: \
             greater_than_threshold, greater_than_or_equal_to_threshold, less_than_threshold, \
             less_than_or_equal_to_threshold",
        ),
        (
            tracking,
            "target_utilization",
            "target-utilization",
            "2:1: unknown field \"target-utilization\"; did you mean \"target_utilization\"?",
        ),
        (
            tracking,
            "0.5",
            "50",
            "2:22: target_utilization is 50, must be above 0 and at most 1.5",
        ),
        (
            tracking,
            "target_utilization = 0.5\n",
            "",
            "1:1: targets is missing",
        ),
        (
            tracking,
            "target_utilization = 0.5\n",
            "targets = []\n",
            "2:1: targets is missing: at least one target",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        assert_eq!(
            error_of("x.toml", text.replacen(from, to, 1)),
            format!("x.toml:{message}"),
            "{to}"
        );
    }
    let far = STEP.replace("reading = 1", "reading = 9999999999");
    let error = error_of("x.toml", far);
    assert!(error.contains("reading 1 is read by none"), "{error}");
}
