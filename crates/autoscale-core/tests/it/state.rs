//! What a policy remembers stays as long as its windows need it, and no longer.

use std::time::Duration;

use autoscale_core::{
    Behavior, Hpa, HpaConfig, Kpa, KpaConfig, Policy, TriggerAdjustment, TriggerRule,
    TriggerRuleState, Triggers, TriggersConfig, TriggersState,
};

use crate::given::{cpu, secs, seen, seen_value};

const TICKS: u64 = 100_000;

/// A load that goes up and down at several speeds, in thousandths.
fn load(tick: u64) -> i64 {
    let wave = |period: u64| (tick % period).abs_diff(period / 2) * 1000 / period;
    i64::try_from(100 + wave(40) + wave(333) + wave(5760) / 2).unwrap()
}

#[test]
fn hpa_of_five_minute_windows() {
    for behavior in [None, Some(Behavior::default())] {
        let config = HpaConfig::new(50, [cpu(50)]).with_behavior(behavior);
        let mut hpa = Hpa::new(config).unwrap();
        let mut replicas: u32 = 10;
        let (mut most, mut changes) = ((0, 0, 0), 0);
        for tick in 0..TICKS {
            let pods = usize::try_from(replicas).unwrap();
            let each = load(tick) * 10 / i64::from(replicas);
            let decision = hpa.decide(secs(tick * 15), &seen(&vec![each; pods]));
            replicas = decision.replicas;
            changes += u32::from(decision.is_change());
            let state = hpa.state();
            let kept = state.recommendations.as_ref().unwrap().entries().len();
            most.0 = most.0.max(kept);
            most.1 = most.1.max(state.history.up.events().len());
            most.2 = most.2.max(state.history.down.events().len());
        }
        assert!(changes > 100, "{changes}");
        // 300 s ÷ 15 s, both ends, and one stale place.
        assert!(most.0 <= 22 && most.1 <= 3 && most.2 <= 3, "{most:?}");
    }
}

#[test]
fn kpa_of_one_minute() {
    let config = KpaConfig::new(1.0).with_scale_down_delay(secs(30));
    let mut kpa = Kpa::new(config).unwrap();
    let mut replicas = 10;
    let mut most = (0, 0);
    for tick in 0..TICKS {
        let seen = seen_value(replicas, load(tick) * 10);
        replicas = kpa.decide(secs(tick * 2), &seen).replicas.clamp(1, 100);
        most.0 = most.0.max(kpa.state().samples.len());
        most.1 = most.1.max(kpa.state().delayed.len());
    }
    assert!(most.0 <= 31 && most.1 <= 16, "{most:?}");
}

/// What triggers remember is as large as their list of rules, whatever they see.
#[test]
fn triggers_of_sixteen_rules() {
    let rule = |i: usize| {
        let gauge = autoscale_core::Gauge::cpu_utilization();
        TriggerRule::above(i.to_string(), gauge, 50.0, TriggerAdjustment::Count(1))
    };
    let mut triggers = Triggers::new(TriggersConfig::new((0..16).map(rule))).unwrap();
    let mut changes = 0;
    for tick in 0..TICKS / 10 {
        let decision = triggers.decide(secs(tick * 15), &seen(&[load(tick); 3]));
        changes += u32::from(decision.is_change());
    }
    assert!(changes > 10, "{changes}");
    let rules = triggers.state().rules.capacity() * size_of::<TriggerRuleState>();
    assert!(rules + size_of::<TriggersState>() <= 1024, "{rules}");
}

/// A clock that once leapt far ahead stands still from then on; what is remembered must not grow.
#[test]
fn a_clock_that_stands_still() {
    let behavior = Some(Behavior::default());
    let mut hpa = Hpa::new(HpaConfig::new(50, [cpu(50)]).with_behavior(behavior)).unwrap();
    let mut kpa = Kpa::new(KpaConfig::new(1.0)).unwrap();
    hpa.decide(Duration::from_secs(1 << 40), &seen(&[500; 3]));
    kpa.decide(Duration::from_secs(1 << 40), &seen_value(3, 3000));
    for tick in 0..2000 {
        hpa.decide(secs(tick * 15), &seen(&[500; 3]));
        kpa.decide(secs(tick * 2), &seen_value(3, 3000));
    }
    let log = hpa
        .state()
        .recommendations
        .as_ref()
        .unwrap()
        .entries()
        .len();
    assert!(log <= 50, "{log} recommendations");
    let samples = kpa.state().samples.len();
    assert!(samples <= 50, "{samples} samples");
}

/// Asked again on the same observation just before it says so, a policy answers the same; just then
/// it may answer otherwise.
#[test]
fn a_wakeup_is_when_a_window_ends() {
    let mut hpa = Hpa::new(HpaConfig::new(50, [cpu(50)])).unwrap();
    hpa.decide(secs(0), &seen(&[500; 10]));
    assert_eq!(hpa.next_wakeup(), None);
    let idle = seen(&[50; 10]);
    assert_eq!(hpa.decide(secs(15), &idle).replicas, 10);
    let at = hpa.next_wakeup().unwrap();
    assert_eq!(
        hpa.clone()
            .decide(at - Duration::from_nanos(1), &idle)
            .replicas,
        10
    );
    assert_eq!(hpa.decide(at, &idle).replicas, 1);

    let mut kpa = Kpa::new(KpaConfig::new(1.0)).unwrap();
    assert_eq!(kpa.decide(secs(0), &seen_value(3, 1000)).replicas, 3); // born in panic
    let at = kpa.next_wakeup().unwrap();
    let calm = seen_value(3, 1000);
    assert_eq!(
        kpa.clone()
            .decide(at - Duration::from_nanos(1), &calm)
            .replicas,
        3
    );
    assert_eq!(kpa.decide(at, &calm).replicas, 1);
    assert_eq!(kpa.next_wakeup(), None);
}
