//! Every field of a trigger rule.

use autoscale_core::{
    Gauge, MetricReading, Milli, Observation, PodGroup, Policy, Statistic, TriggerAdjustment,
    TriggerComparison, TriggerRule, Triggers, TriggersConfig,
};

use super::assert_covers;
use crate::given::{pod, secs};

/// Counts every 30 s under two readings, each change carried out.
fn play(rules: Vec<TriggerRule>) -> Vec<u32> {
    let mut triggers = Triggers::new(TriggersConfig::new(rules)).unwrap();
    let mut spec = 4;
    let tick = |tick: u64| {
        let seen = Observation::new(spec)
            .with_pods([PodGroup {
                count: spec,
                ..pod()
            }])
            .with_readings([75_000, 5_000].map(|v| MetricReading::value(Milli(v))));
        spec = triggers.decide(secs(tick * 30), &seen).replicas;
        spec
    };
    (0..6).map(tick).collect()
}

#[test]
fn trigger_rule() {
    let base = || {
        let gauge = Gauge::new(Statistic::Value);
        TriggerRule::above("a", gauge, 70.0, TriggerAdjustment::Count(2))
            .with_sustained(secs(60))
            .with_cooldown(secs(90))
    };
    let changed = |change: fn(&mut TriggerRule)| {
        let mut rule = base();
        change(&mut rule);
        rule
    };
    let before = vec![4, 4, 6, 6, 6, 8];
    assert_eq!(play(vec![base()]), before);
    let cases = [
        ("gauge", changed(|r| r.gauge.reading = 1), vec![4; 6]),
        (
            "comparison",
            changed(|r| r.comparison = TriggerComparison::Below),
            vec![4; 6],
        ),
        ("threshold", changed(|r| r.threshold = 75.0), vec![4; 6]),
        (
            "sustained",
            base().with_sustained(secs(0)),
            vec![6, 6, 6, 8, 8, 8],
        ),
        (
            "adjustment",
            changed(|r| r.adjustment = TriggerAdjustment::Percent(25)),
            vec![4, 4, 5, 5, 5, 7],
        ),
        (
            "cooldown",
            base().with_cooldown(secs(30)),
            vec![4, 4, 6, 8, 10, 12],
        ),
    ];
    // The name decides what a reconfigured policy remembers: `a_reconfigured_rule_is_known_by_its_name`.
    assert_covers(&base(), cases.iter().map(|c| c.0).chain(["name"]));
    for (field, rule, expected) in cases {
        assert_eq!(play(vec![rule]), expected, "{field}");
    }
    assert_covers(&TriggersConfig::new([]), ["rules"]);
    let more = changed(|r| (r.name, r.adjustment) = ("b".into(), TriggerAdjustment::Count(5)));
    assert_ne!(play(vec![base(), more]), before);
}
