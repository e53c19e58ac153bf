use autoscale_core::{TriggerAdjustment, TriggerRule, Triggers, TriggersConfig};

use super::message;
use crate::given::secs;

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
