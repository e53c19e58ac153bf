//! Triggers and weighted factors, and what stands around a policy.

use std::time::Duration;

use autoscale_core::{
    ActivationBurst, FactorKind, ScheduleUntil, Statistic, TriggerAdjustment, TriggersConfig,
    WeightedConfig,
};

use super::*;

const TRIGGERS: &str = "kind = \"triggers\"
bounds = { min = 2, max = 30 }

[[rules]]
name = \"cpu\"
gauge = { statistic = { utilization = { resource = \"cpu\" } } }
comparison = \"above\"
threshold = 70
sustained = \"4m\"
adjustment = { count = 2 }

[[rules]]
name = \"queue\"
gauge = { statistic = \"value\", reading = 1 }
comparison = \"above\"
threshold = 100
adjustment = { percent = 50 }
cooldown = \"10m\"
";

const WEIGHTED: &str = "kind = \"weighted\"
saturation = 1.5

[[factors]]
kind = \"cpu\"
gauge = { statistic = { utilization = { resource = \"cpu\" } } }
target = 60
weight = 0.5

[[factors]]
kind = \"queue\"
gauge = { statistic = \"value\", reading = 1 }
target = 10
weight = 0.5

[trend]
gauge = { statistic = \"total\", reading = 2 }
";

const SHIFTS: &str = "kind = \"kpa\"
target_value = 20

[activation]
gauge.statistic = \"total\"
activation_threshold = 0.5
cooldown = \"10m\"
capacity = 25
burst = { replicas = 2 }

[[schedule.entries]]
start = \"0 6 * * MON-FRI\"
until = { cron = \"0 20 * * MON-FRI\" }
time_zone = \"Europe/Berlin\"
min = 4

[[schedule.entries]]
start = \"0 2 * * SUN\"
until = { after = \"3h\" }
max = 1
";

fn source_of(content: &str) -> (PolicySource, usize) {
    let policy = load_as("x.toml", content).unwrap().remove(0);
    let readings = policy.readings();
    (policy.source, readings)
}

#[test]
fn triggers_are_read() {
    let (source, readings) = source_of(TRIGGERS);
    let PolicySource::Triggers(TriggersConfig { rules, .. }, bounds) = source else {
        panic!("{source:?}");
    };
    assert_eq!((bounds.min, bounds.max, readings), (Some(2), Some(30), 2));
    assert_eq!(rules[0].sustained, Duration::from_secs(240));
    assert_eq!(rules[0].cooldown, Duration::from_secs(300));
    assert_eq!(rules[1].adjustment, TriggerAdjustment::Percent(50));
    assert_eq!(rules[1].gauge.statistic, Statistic::Value);
}

#[test]
fn weighted_factors_are_read() {
    let (source, readings) = source_of(WEIGHTED);
    let PolicySource::Weighted(config, bounds) = source else {
        panic!("{source:?}");
    };
    assert_eq!((bounds, readings), (Bounds::default(), 3));
    assert_eq!(config.saturation, 1.5);
    assert_eq!(config.factors[1].kind, FactorKind::Queue);
    assert_eq!(config.trend.unwrap().window, Duration::from_secs(300));

    let (source, readings) = source_of("kind = \"weighted\"\n");
    let standard = PolicySource::Weighted(Box::default(), Bounds::default());
    assert_eq!((source, readings), (standard, 5));
    assert_eq!(WeightedConfig::default().factors.len(), 5);
}

#[test]
fn a_schedule_and_an_activation_go_around_any_kind() {
    let sections = SHIFTS.split_once("[activation]").unwrap().1;
    for (kind, own) in [
        ("kind = \"kpa\"\ntarget_value = 20\n", 1),
        ("kind = \"predictive\"\naccepted_bad_share = 0.01\n", 1),
        ("kind = \"fixed\"\nreplicas = 3\n", 0),
        (
            "kind = \"hpa\"\nmax_replicas = 9\nmetrics = [{ external = { name = \"rps\", \
             target = { average_value = 20000 } } }]\n",
            1,
        ),
        (
            "kind = \"target-tracking\"\n[[targets]]\ngauge.statistic = \"per_replica\"\n\
             target_value = 20\n",
            1,
        ),
        (
            "kind = \"triggers\"\n[[rules]]\nname = \"busy\"\ngauge.statistic = \"per_replica\"\n\
             comparison = \"above\"\nthreshold = 20\nadjustment = { count = 1 }\n",
            1,
        ),
    ] {
        let policy = load_as("x.toml", format!("{kind}[activation]{sections}")).unwrap();
        let policy = &policy[0];
        assert_eq!(policy.source.readings(), own, "{kind}");
        assert_eq!(policy.readings(), 1, "{kind}");
        let activation = policy.around.activation.as_ref().unwrap();
        assert_eq!(activation.cooldown, Duration::from_secs(600));
        assert_eq!(activation.burst, Some(ActivationBurst::Replicas(2)));
        let schedule = policy.around.schedule.as_ref().unwrap();
        assert_eq!((schedule.entries.len(), schedule.origin_unix), (2, 0));
        let three_hours = ScheduleUntil::After(Duration::from_secs(3 * 3600));
        assert_eq!(schedule.entries[1].until, three_hours);
        assert_eq!(schedule.entries[1].time_zone, "UTC");
        assert_eq!(policy.around.lifts_to(), 4);
        assert_eq!(policy.around.lowers_to(), Some(0));
    }
    // Beside samples of pods it needs a reading of its own.
    for (text, own) in [
        (TRIGGERS, 2),
        (WEIGHTED, 3),
        ("kind = \"step\"\ntarget_utilization = 0.7\n", 1),
    ] {
        let with = |reading: usize| {
            let section = format!(
                "{text}\n[activation]\ngauge = {{ statistic = \"total\", reading = {reading} }}\n"
            );
            load_as("x.toml", section).map(|p| p[0].readings())
        };
        assert_eq!(with(own), Ok(own + 1));
        let shared = with(0).unwrap_err();
        let expected = format!(
            "activation.gauge.reading is 0: samples of pods, which there are none of at 0; {own} is free"
        );
        assert!(shared.ends_with(&expected), "{shared}");
        let far = with(own + 1).unwrap_err();
        let expected = format!("must be a reading of the policy or the next one: 0 … {own}");
        assert!(far.ends_with(&expected), "{far}");
    }
}

#[test]
fn errors_have_their_place() {
    for (text, from, to, message) in [
        (
            TRIGGERS,
            "sustained",
            "sustaned",
            "9:1: unknown field \"sustaned\" in rules[0]; did you mean \"sustained\"?",
        ),
        (
            TRIGGERS,
            "count = 2",
            "count = 0",
            "10:1: rules[0].adjustment is 0, must be other than 0",
        ),
        (
            TRIGGERS,
            "count = 2",
            "cuont = 2",
            "10:16: rules[0].adjustment has the unknown value \"cuont\"; did you mean \"count\"?",
        ),
        (
            TRIGGERS,
            "\"queue\"",
            "\"cpu\"",
            "13:8: rules[1].name is cpu, must be unique",
        ),
        (
            TRIGGERS,
            "reading = 1",
            "reading = 2",
            "4:3: reading 1 is read by none of the rules: number the readings from 0 on",
        ),
        (
            TRIGGERS,
            "\"triggers\"",
            "\"trigers\"",
            "1:8: kind has the unknown value \"trigers\"; did you mean \"triggers\"?",
        ),
        (
            WEIGHTED,
            "saturation = 1.5",
            "saturation = 0.5",
            "2:14: saturation is 0.5, must be a finite number ≥ 1",
        ),
        (
            WEIGHTED,
            "weight = 0.5",
            "weight = 0",
            "8:10: factors[0].weight is 0, must be 0.001 … 1000",
        ),
        (
            WEIGHTED,
            "saturation",
            "saturatoin",
            "2:1: unknown field \"saturatoin\"; did you mean \"saturation\"?",
        ),
        (
            SHIFTS,
            "cooldown",
            "cool_down",
            "7:1: unknown field \"cool_down\" in activation; did you mean \"cooldown\"?",
        ),
        (
            SHIFTS,
            "capacity = 25",
            "capacity = 0",
            "8:12: activation.capacity is 0, must be a finite number > 0",
        ),
        (
            SHIFTS,
            "\"total\"",
            "\"per_replica\"",
            "5:19: activation.gauge.statistic is PerReplica, must be Total or Value, which exist \
             without replicas",
        ),
        (
            SHIFTS,
            "[activation]",
            "[activations]",
            "4:2: unknown field \"activations\"; did you mean \"activation\"?",
        ),
        (
            SHIFTS,
            "time_zone",
            "timezone",
            "14:1: unknown field \"timezone\" in schedule.entries[0]; did you mean \"time_zone\"?",
        ),
        (
            SHIFTS,
            "0 6 * * MON-FRI",
            "0 26 * * MON-FRI",
            "12:9: schedule.entries[0].start, hour is 26, must be 0 … 23, *, a-b, */n, or a list \
             of these",
        ),
        (
            SHIFTS,
            "\"3h\"",
            "\"0s\"",
            "19:19: schedule.entries[1].until.after is 0s, must be above 0, at most 366d",
        ),
        (
            SHIFTS,
            "Europe/Berlin",
            "Europe/Berlni",
            "14:13: schedule.entries[0].time_zone is Europe/Berlni, must be a name of the IANA \
             time zone database, such as Europe/Berlin",
        ),
        (
            SHIFTS,
            "[[schedule.entries]]",
            "[schedule]\norigin_unix = 5\n[[schedule.entries]]",
            "12:1: schedule.origin_unix is not given in a file: the trace's start, or --now, says \
             the time",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        assert_eq!(
            error_of("x.toml", text.replacen(from, to, 1)),
            format!("x.toml:{message}"),
            "{to}"
        );
    }
}

#[test]
fn a_schedule_has_no_more_replicas_than_a_fleet() {
    let of = |sizes: &str| {
        let text = format!(
            "kind = \"fixed\"\nreplicas = 1\n[[schedule.entries]]\nstart = \"0 6 * * *\"\n\
             until = {{ after = \"1h\" }}\n{sizes}\n"
        );
        load_as("x.toml", text)
    };
    assert!(of("min = 1000000\nmax = 1000000").is_ok());
    for (sizes, error) in [
        ("min = 1000001", "6:7: schedule.entries[0].min is 1000001"),
        (
            "max = 4294967295",
            "6:7: schedule.entries[0].max is 4294967295",
        ),
        (
            "min = 2\nmax = 1000001",
            "7:7: schedule.entries[0].max is 1000001",
        ),
    ] {
        let expected = format!("x.toml:{error}, must be at most 1000000");
        assert_eq!(of(sizes).unwrap_err(), expected);
    }
}
