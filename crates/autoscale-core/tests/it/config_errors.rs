//! Every refused configuration names the field, the value and the bound.

use std::time::Duration;

use autoscale_core::{
    Behavior, Change, ConfigError, Factor, FactorKind, Fallback, FallbackMode, Fixed, Hpa,
    HpaConfig, Kpa, KpaConfig, LoadTrend, MaxOf, Milli, PolicyExt, Predictive, PredictiveConfig,
    ResourceTarget, ScalingPolicy, TriggerAdjustment, TriggerRule, Triggers, TriggersConfig,
    WeightedConfig, WeightedFactors,
};

use crate::given::{average, cpu, external, memory, object, pods_metric, secs, value};

fn message<T>(result: Result<T, ConfigError>) -> String {
    match result {
        Ok(_) => "accepted".into(),
        Err(error) => error.to_string(),
    }
}

const HOUR_AND_MORE: Duration = Duration::from_millis(3_600_001);

#[test]
fn hpa() {
    let base = || HpaConfig::new(10, [cpu(50)]);
    let metric = |metric| HpaConfig::new(10, [cpu(50), metric]);
    let container = |target| autoscale_core::MetricSpec::ContainerResource {
        name: "cpu".into(),
        container: "app".into(),
        target,
    };
    let max = |max| HpaConfig::new(max, [cpu(50)]);
    for (config, expected) in [
        (max(0), "max_replicas is 0, must be 1 … 2147483647"),
        (
            max(1 << 31),
            "max_replicas is 2147483648, must be 1 … 2147483647",
        ),
        (
            base().with_min_replicas(11),
            "min_replicas is 11, must be at most max_replicas (10)",
        ),
        (HpaConfig::new(10, []), "metrics is missing: at least one"),
        (
            metric(cpu(0)),
            "metrics[1].resource.target.utilization is 0, must be at least 1",
        ),
        (
            metric(container(ResourceTarget::Utilization(0))),
            "metrics[1].container_resource.target.utilization is 0, must be at least 1",
        ),
        (
            metric(memory(0)),
            "metrics[1].resource.target.average_value is 0m, must be greater than 0",
        ),
        (
            metric(container(ResourceTarget::AverageValue(Milli(-5)))),
            "metrics[1].container_resource.target.average_value is -5m, must be greater than 0",
        ),
        (
            metric(pods_metric(0)),
            "metrics[1].pods.average_value is 0m, must be greater than 0",
        ),
        (
            metric(object(value(i64::MIN))),
            "metrics[1].object.target.value is -9223372036854775808m, must be greater than 0",
        ),
        (
            metric(object(average(0))),
            "metrics[1].object.target.average_value is 0m, must be greater than 0",
        ),
        (
            metric(external(value(0))),
            "metrics[1].external.target.value is 0m, must be greater than 0",
        ),
        (
            metric(external(average(-1))),
            "metrics[1].external.target.average_value is -1m, must be greater than 0",
        ),
        (
            base().with_tolerance(-0.1),
            "tolerance is -0.1, must be a finite number ≥ 0",
        ),
        (
            base().with_tolerance(f64::NAN),
            "tolerance is NaN, must be a finite number ≥ 0",
        ),
        (
            base().with_legacy_scale_up_factor(0.5),
            "legacy_scale_up_factor is 0.5, must be a finite number ≥ 1",
        ),
        (
            base().with_legacy_scale_up_factor(f64::INFINITY),
            "legacy_scale_up_factor is inf, must be a finite number ≥ 1",
        ),
        (
            base().with_downscale_stabilization(HOUR_AND_MORE),
            "downscale_stabilization is 3600001ms, must be 0 … 1h",
        ),
    ] {
        assert_eq!(message(Hpa::new(config)), expected);
    }
}

/// What is a nanosecond too long must not read as what is allowed.
#[test]
fn a_nanosecond_too_long() {
    let nano = secs(3600) + Duration::from_nanos(1);
    let config = HpaConfig::new(10, [cpu(50)]).with_downscale_stabilization(nano);
    let text = message(Hpa::new(config));
    assert_ne!(text, "downscale_stabilization is 1h, must be 0 … 1h");
}

fn rules_with(change: impl Fn(&mut Behavior)) -> Behavior {
    let mut behavior = Behavior::default();
    change(&mut behavior);
    behavior
}

#[test]
fn scaling_rules() {
    let second = |policy: ScalingPolicy| rules_with(|b| b.scale_up.policies[1] = policy);
    let policy = |change, ms| ScalingPolicy {
        change,
        period: Duration::from_millis(ms),
    };
    for (rules, expected) in [
        (
            rules_with(|b| b.scale_up.stabilization_window = Some(HOUR_AND_MORE)),
            "scale_up.stabilization_window is 3600001ms, must be 0 … 1h",
        ),
        (
            rules_with(|b| b.scale_down.stabilization_window = Some(Duration::MAX)),
            "scale_down.stabilization_window is 18446744073709551615.999999999s, must be 0 … 1h",
        ),
        (
            rules_with(|b| b.scale_up.tolerance = Some(f64::NEG_INFINITY)),
            "scale_up.tolerance is -inf, must be a finite number ≥ 0",
        ),
        (
            rules_with(|b| b.scale_down.tolerance = Some(-1.0)),
            "scale_down.tolerance is -1, must be a finite number ≥ 0",
        ),
        (
            rules_with(|b| b.scale_down.policies.clear()),
            "scale_down.policies is missing: at least one policy",
        ),
        (
            second(policy(Change::Pods(0), 1000)),
            "scale_up.policies[1].change is 0, must be 1 … 2147483647",
        ),
        (
            second(policy(Change::Percent(1 << 31), 1000)),
            "scale_up.policies[1].change is 2147483648, must be 1 … 2147483647",
        ),
        (
            second(policy(Change::Pods(1), 999)),
            "scale_up.policies[1].period is 999ms, must be 1s … 30m",
        ),
        (
            second(policy(Change::Pods(1), 1_800_001)),
            "scale_up.policies[1].period is 1800001ms, must be 1s … 30m",
        ),
    ] {
        assert_eq!(message(Fixed(1).rate_limited(rules.clone())), expected);
        let config = HpaConfig::new(10, [cpu(50)]).with_behavior(Some(rules));
        assert_eq!(message(Hpa::new(config)), format!("behavior.{expected}"));
    }
}

#[test]
fn kpa() {
    let base = || KpaConfig::new(1.0);
    for (config, expected) in [
        (
            KpaConfig::new(0.0),
            "target_value is 0, must be a finite number > 0",
        ),
        (
            KpaConfig::new(f64::NAN),
            "target_value is NaN, must be a finite number > 0",
        ),
        (
            base().with_total_value(Some(-1.0)),
            "total_value is -1, must be a finite number ≥ 0",
        ),
        (
            base().with_target_burst_capacity(-2.0),
            "target_burst_capacity is -2, must be -1 or ≥ 0",
        ),
        (
            base().with_target_burst_capacity(f64::INFINITY),
            "target_burst_capacity is inf, must be -1 or ≥ 0",
        ),
        (
            base().with_panic_threshold(0.9),
            "panic_threshold is 0.9, must be a finite number ≥ 1",
        ),
        (
            base().with_max_scale_up_rate(0.0),
            "max_scale_up_rate is 0, must be a finite number ≥ 1",
        ),
        (
            base().with_max_scale_down_rate(f64::NAN),
            "max_scale_down_rate is NaN, must be a finite number ≥ 1",
        ),
        (
            base().with_stable_window(HOUR_AND_MORE),
            "stable_window is 3600001ms, must be 0 … 1h",
        ),
        (
            base().with_scale_down_delay(HOUR_AND_MORE),
            "scale_down_delay is 3600001ms, must be 0 … 1h",
        ),
        (
            base().with_panic_window(secs(61)),
            "panic_window is 61s, must be at most 6s or stable_window (1m)",
        ),
        (
            base()
                .with_stable_window(secs(2))
                .with_panic_window(secs(7)),
            "panic_window is 7s, must be at most 6s or stable_window (2s)",
        ),
        (
            base().with_activation_scale(0),
            "activation_scale is 0, must be 1 … 2147483647",
        ),
    ] {
        assert_eq!(message(Kpa::new(config.clone())), expected);
        let mut kpa = Kpa::new(base()).unwrap();
        assert_eq!(message(kpa.reconfigure(config)), expected);
        assert_eq!(kpa.config(), &base());
    }
}

#[test]
fn triggers() {
    let gauge = autoscale_core::Gauge::cpu_utilization;
    let by =
        |adjustment| TriggersConfig::new([TriggerRule::above("cpu", gauge(), 70.0, adjustment)]);
    let config = |threshold| TriggersConfig::web_service(threshold);
    let rule = || TriggerRule::above("cpu", gauge(), 70.0, TriggerAdjustment::Count(1));
    let many = |count: usize| {
        let named = |i: usize| {
            TriggerRule::above(i.to_string(), gauge(), 70.0, TriggerAdjustment::Count(1))
        };
        TriggersConfig::new((0..count).map(named))
    };
    for (config, expected) in [
        (many(0), "rules is 0 long, must be 1 … 16 long"),
        (many(17), "rules is 17 long, must be 1 … 16 long"),
        (
            config(-1.0),
            "rules[3].threshold is -1, must be a finite number ≥ 0",
        ),
        (
            config(f64::NAN),
            "rules[3].threshold is NaN, must be a finite number ≥ 0",
        ),
        (
            by(TriggerAdjustment::Count(0)),
            "rules[0].adjustment is 0, must be other than 0",
        ),
        (
            by(TriggerAdjustment::Percent(-100)),
            "rules[0].adjustment is -100, must be above -100 and other than 0",
        ),
        (
            TriggersConfig::new([rule().with_cooldown(secs(0))]),
            "rules[0].cooldown is 0s, must be greater than 0",
        ),
        (
            TriggersConfig::new([rule(), rule()]),
            "rules[1].name is cpu, must be unique",
        ),
    ] {
        assert_eq!(message(Triggers::new(config.clone())), expected);
        let mut triggers = Triggers::new(many(16)).unwrap();
        assert_eq!(message(triggers.reconfigure(config)), expected);
        assert_eq!(triggers.config(), &many(16));
    }
}

#[test]
fn weighted_factors() {
    let gauge = autoscale_core::Gauge::cpu_utilization;
    let factor = |kind, target, weight| Factor::new(kind, gauge(), target, weight);
    let one = |kind, target, weight| WeightedConfig::new([factor(kind, target, weight)]);
    let base = WeightedConfig::default;
    let trend = |window| base().with_trend(Some(LoadTrend::new(gauge()).with_window(window)));
    let twice = [
        factor(FactorKind::Cpu, 1.0, 1.0),
        factor(FactorKind::Cpu, 2.0, 1.0),
    ];
    let kinds = "must be cpu, memory, response_time, queue or errors, each once";
    let doubled = format!("factors[1].kind is Cpu, {kinds}");
    let refused = format!("factors[0].kind is Trend, {kinds}");
    for (config, expected) in [
        (
            WeightedConfig::new([]),
            "factors is missing: at least one factor",
        ),
        (
            one(FactorKind::Cpu, 0.0, 1.0),
            "factors[0].target is 0, must be a finite number > 0",
        ),
        (
            one(FactorKind::Cpu, f64::INFINITY, 1.0),
            "factors[0].target is inf, must be a finite number > 0",
        ),
        (
            one(FactorKind::Cpu, 1.0, 0.0),
            "factors[0].weight is 0, must be 0.001 … 1000",
        ),
        (
            one(FactorKind::Cpu, 1.0, f64::NAN),
            "factors[0].weight is NaN, must be 0.001 … 1000",
        ),
        (one(FactorKind::Trend, 1.0, 1.0), &refused),
        (WeightedConfig::new(twice), &doubled),
        (
            trend(Duration::from_millis(4999)),
            "trend.window is 4999ms, must be 5s … 30m",
        ),
        (trend(secs(1801)), "trend.window is 1801s, must be 5s … 30m"),
        (
            base().with_low_ratio(0.0),
            "low_ratio is 0, must be above 0 and at most 1",
        ),
        (
            base().with_low_ratio(1.5),
            "low_ratio is 1.5, must be above 0 and at most 1",
        ),
        (
            base().with_saturation(0.9),
            "saturation is 0.9, must be a finite number ≥ 1",
        ),
        (
            base().with_min_confidence(1.1),
            "min_confidence is 1.1, must be 0 … 1",
        ),
        (
            base().with_min_confidence(f64::NAN),
            "min_confidence is NaN, must be 0 … 1",
        ),
    ] {
        assert_eq!(message(WeightedFactors::new(config.clone())), expected);
        let mut policy = WeightedFactors::new(base()).unwrap();
        assert_eq!(message(policy.reconfigure(config)), expected);
        assert_eq!(policy.config(), &base());
    }
}

#[test]
fn activation() {
    use autoscale_core::{ActivationBurst, ActivationConfig, Gauge, Statistic};
    let base = || ActivationConfig::new(Gauge::new(Statistic::Total));
    let of = |gauge| ActivationConfig::new(gauge);
    let burst = |burst| base().with_capacity(Some(1.0)).with_burst(Some(burst));
    let missing = "capacity is missing: what one replica carries, where room for a burst is kept";
    for (config, expected) in [
        (
            of(Gauge::new(Statistic::PerReplica)),
            "gauge.statistic is PerReplica, must be Total or Value, which exist without replicas",
        ),
        (
            base().with_activation_threshold(-1.0),
            "activation_threshold is -1, must be a finite number ≥ 0",
        ),
        (
            base().with_min_active(0),
            "min_active is 0, must be 1 … 2147483647",
        ),
        (
            base().with_idle_replicas(1),
            "idle_replicas is 1, must be below min_active (1)",
        ),
        (
            base().with_capacity(Some(0.0)),
            "capacity is 0, must be a finite number > 0",
        ),
        (
            burst(ActivationBurst::Replicas(0)),
            "burst is 0, must be 1 … 2147483647",
        ),
        (
            burst(ActivationBurst::Load(f64::NAN)),
            "burst is NaN, must be a finite number > 0",
        ),
        (
            base().with_burst(Some(ActivationBurst::Replicas(1))),
            missing,
        ),
    ] {
        assert_eq!(message(Fixed(1).activated(config)), expected);
    }
}

#[cfg(feature = "schedule")]
#[test]
fn schedules() {
    use autoscale_core::{Schedule, ScheduleEntry, ScheduleUntil};
    let hour = || ScheduleUntil::After(secs(3600));
    let entry = |start: &str, until, zone: &str| ScheduleEntry::new(start, until, zone);
    let good = || entry("0 6 * * *", hour(), "UTC").with_min(Some(1));
    let second = |entry| Schedule::new([good(), entry]);
    let start = |text: &str| second(entry(text, hour(), "UTC").with_min(Some(1)));
    let until = |until| second(entry("0 6 * * *", until, "UTC").with_min(Some(1)));
    let list = |item| format!("{item}, *, a-b, */n, or a list of these");
    for (schedule, expected) in [
        (
            Schedule::new([]),
            "entries is missing: at least one entry".to_owned(),
        ),
        (
            second(entry("0 6 * * *", hour(), "Europe/Berln").with_min(Some(1))),
            "entries[1].time_zone is Europe/Berln, must be a name of the IANA time zone database, \
             such as Europe/Berlin"
                .into(),
        ),
        (
            second(entry("0 6 * * *", hour(), "UTC")),
            "entries[1].min is missing: min, max or both".into(),
        ),
        (
            second(good().with_min(Some(3)).with_max(Some(2))),
            "entries[1].min is 3, must be at most the entry's max".into(),
        ),
        (
            until(ScheduleUntil::After(secs(0))),
            "entries[1].until.after is 0s, must be above 0, at most 366d".into(),
        ),
        (
            until(ScheduleUntil::After(secs(367 * 86_400))),
            "entries[1].until.after is 367d, must be above 0, at most 366d".into(),
        ),
        (
            until(ScheduleUntil::Cron("0  6 * * *".into())),
            "entries[1].until.cron is 0  6 * * *, must be another time than start".into(),
        ),
        (
            until(ScheduleUntil::Cron("0 6 * * FOO".into())),
            "entries[1].until.cron, weekday is FOO, must be ".to_owned()
                + &list("0 … 7, SUN … SAT, ?"),
        ),
        (
            start("0 6 * *"),
            "entries[1].start is 0 6 * *, must be five fields: minute hour day month weekday"
                .into(),
        ),
        (
            start("60 6 * * *"),
            "entries[1].start, minute is 60, must be ".to_owned() + &list("0 … 59"),
        ),
        (
            start("5,+6 6 * * *"),
            "entries[1].start, minute is +6, must be ".to_owned() + &list("0 … 59"),
        ),
        (
            start("0 1-24 * * *"),
            "entries[1].start, hour is 1-24, must be ".to_owned() + &list("0 … 23"),
        ),
        (
            start("0 20-6 * * *"),
            "entries[1].start, hour is 20-6, must be a range that goes up".into(),
        ),
        (
            start("*/0 6 * * *"),
            "entries[1].start, minute is */0, must be a step of 1 … 255".into(),
        ),
        (
            start("? 6 * * *"),
            "entries[1].start, minute is ?, must be ".to_owned() + &list("0 … 59"),
        ),
        (
            start("0 6 0 * *"),
            "entries[1].start, day is 0, must be ".to_owned() + &list("1 … 31, L, ?"),
        ),
        (
            start("0 6 * 13 *"),
            "entries[1].start, month is 13, must be ".to_owned() + &list("1 … 12, JAN … DEC"),
        ),
        (
            start("0 6 * * 8"),
            "entries[1].start, weekday is 8, must be ".to_owned() + &list("0 … 7, SUN … SAT, ?"),
        ),
        (
            start("0 6 30 2 *"),
            "entries[1].start is 0 6 30 2 *, must be a day that exists".into(),
        ),
        (
            Schedule::new([good()]).with_origin_unix(i64::MAX),
            "origin_unix is 9223372036854775807, must be a Unix time of the years -9999 … 9999"
                .into(),
        ),
    ] {
        assert_eq!(message(Fixed(1).scheduled(schedule)), expected);
    }
}

#[test]
fn predictive() {
    let base = || PredictiveConfig::new(0.01, 50.0);
    let day_and_more = Duration::from_millis(86_400_001);
    for (config, expected) in [
        (
            base().with_accepted_bad_share(0.0),
            "accepted_bad_share is 0, must be 1e-6 … 0.5",
        ),
        (
            base().with_accepted_bad_share(0.6),
            "accepted_bad_share is 0.6, must be 1e-6 … 0.5",
        ),
        (
            base().with_accepted_bad_share(f64::NAN),
            "accepted_bad_share is NaN, must be 1e-6 … 0.5",
        ),
        (
            base().with_target_value(0.0),
            "target_value is 0, must be finite and more than 0",
        ),
        (
            base().with_target_value(f64::INFINITY),
            "target_value is inf, must be finite and more than 0",
        ),
        (
            base().with_target_value(f64::NAN),
            "target_value is NaN, must be finite and more than 0",
        ),
        (
            base().with_interval(Duration::from_millis(999)),
            "interval is 999ms, must be 1 s … 10 min",
        ),
        (
            base().with_interval(Duration::from_millis(600_001)),
            "interval is 600001ms, must be 1 s … 10 min",
        ),
        (
            base().with_metric_lag(HOUR_AND_MORE),
            "metric_lag is 3600001ms, must be at most 1 h",
        ),
        (
            base().with_start_up(day_and_more),
            "start_up is 86400001ms, must be at most a day",
        ),
        (
            base().with_start_up(Duration::MAX),
            "start_up is 18446744073709551615.999999999s, must be at most a day",
        ),
        (
            base().with_start_up(secs(14_971)).with_metric_lag(secs(30)),
            "start_up + metric_lag is 14971s + 30s, must be at most 1000 intervals",
        ),
        (
            base().with_min_replicas(0),
            "min_replicas is 0, must be at least 1",
        ),
        (
            base().with_max_replicas(0),
            "max_replicas is 0, must be 1 … 1000000",
        ),
        (
            base().with_max_replicas(1_000_001),
            "max_replicas is 1000001, must be 1 … 1000000",
        ),
        (
            base().with_min_replicas(101),
            "min_replicas is 101, must be at most max_replicas (100)",
        ),
    ] {
        assert_eq!(message(Predictive::new(config.clone())), expected);
        let mut policy = Predictive::new(base()).unwrap();
        assert_eq!(message(policy.reconfigure(config)), expected);
        assert_eq!(policy.config(), &base());
    }
    for (start_up, interval) in [(14_970, 15), (86_400, 87), (0, 1), (0, 600)] {
        let config = base()
            .with_start_up(secs(start_up))
            .with_interval(secs(interval));
        assert_eq!(message(Predictive::new(config)), "accepted", "{interval}");
    }
}

#[test]
fn combinators() {
    let fallback = Fallback {
        failure_threshold: 0,
        mode: FallbackMode::Current,
    };
    #[allow(clippy::reversed_empty_ranges)] // the case
    let empty = Fixed(1).bounded(5..=4);
    for (text, expected) in [
        (message(empty), "min is 5, must be at most max (4)"),
        (
            message(Fixed(1).stabilized(HOUR_AND_MORE, secs(0))),
            "up is 3600001ms, must be 0 … 1h",
        ),
        (
            message(Fixed(1).stabilized(secs(0), HOUR_AND_MORE)),
            "down is 3600001ms, must be 0 … 1h",
        ),
        (
            message(Fixed(1).with_fallback(fallback)),
            "failure_threshold is 0, must be at least 1",
        ),
        (
            message(MaxOf::<Fixed>::new([])),
            "policies is missing: at least one policy",
        ),
    ] {
        assert_eq!(text, expected);
    }
    // At the bounds all is well.
    assert!(Fixed(1).bounded(4..=4).is_ok());
    assert!(Fixed(1).stabilized(secs(3600), secs(3600)).is_ok());
    let widest = HpaConfig::new(i32::MAX.unsigned_abs(), [cpu(1)])
        .with_downscale_stabilization(secs(3600))
        .with_legacy_scale_up_factor(1.0)
        .with_tolerance(0.0);
    assert!(Hpa::new(widest).is_ok());
}
