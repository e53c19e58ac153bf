//! Triggers and weighted factors, as far as a load trace drives them, and their knobs.

use autoscale_core::{
    Factor, FactorKind, TriggerComparison, TriggerRule, TriggersConfig, WeightedConfig,
};
use plimsoll_sim::Signal;

use crate::scaling_group::{OUT, drive, unit};

/// What a load drives, its signals, and the names of the rest.
pub(super) type Driven<C> = (C, Vec<Signal>, Vec<String>);

/// The rules that a load drives.
pub(super) fn triggers(mut config: TriggersConfig) -> Driven<TriggersConfig> {
    let (mut signals, mut left_out) = (Vec::new(), Vec::new());
    config.rules.retain_mut(|rule| {
        let driven = drive(&mut rule.gauge, &mut signals);
        if !driven {
            left_out.push(rule.name.clone());
        }
        driven
    });
    (config, signals, left_out)
}

/// The lowest threshold above which replicas are added, as a share of what a replica carries.
fn lowest_out(config: &TriggersConfig, capacity_rps: f64) -> Option<f64> {
    let adds = |rule: &&TriggerRule| {
        rule.comparison == TriggerComparison::Above && rule.adjustment.apply(100) > 100
    };
    let shares = config.rules.iter().filter(adds);
    let shares = shares.filter_map(|r| Some(r.threshold / unit(&r.gauge, capacity_rps)?));
    shares.filter(|share| *share > 0.0).reduce(f64::min)
}

/// The utilization that triggers aim at: as for steps, the lowest threshold lies above it.
pub(super) fn triggers_setting(config: &TriggersConfig, capacity_rps: f64) -> Option<f64> {
    lowest_out(config, capacity_rps).map(|lowest| lowest / OUT)
}

/// Aims at another utilization: thresholds move in proportion.
pub(super) fn triggers_at(
    config: &TriggersConfig,
    share: f64,
    capacity_rps: f64,
) -> TriggersConfig {
    let mut config = config.clone();
    if let Some(lowest) = lowest_out(&config, capacity_rps) {
        for rule in &mut config.rules {
            if unit(&rule.gauge, capacity_rps).is_some() {
                rule.threshold *= OUT * share / lowest;
            }
        }
    }
    config
}

/// The factors that a load drives: CPU, and the load's trend.
pub(super) fn weighted(mut config: WeightedConfig) -> Driven<WeightedConfig> {
    let (mut signals, mut left_out) = (Vec::new(), Vec::new());
    config.factors.retain_mut(|factor| {
        // A queue may be a total, too, but not of requests.
        let driven = factor.kind == FactorKind::Cpu && drive(&mut factor.gauge, &mut signals);
        if !driven {
            left_out.push(name(factor.kind).to_owned());
        }
        driven
    });
    config.trend.take_if(|trend| {
        let driven = drive(&mut trend.gauge, &mut signals);
        if !driven {
            left_out.push(name(FactorKind::Trend).to_owned());
        }
        !driven
    });
    if config.factors.is_empty() {
        // A trend alone asks for nothing.
        signals.clear();
    }
    (config, signals, left_out)
}

const fn name(kind: FactorKind) -> &'static str {
    match kind {
        FactorKind::Cpu => "cpu",
        FactorKind::Memory => "memory",
        FactorKind::ResponseTime => "response time",
        FactorKind::Queue => "queue",
        FactorKind::Errors => "errors",
        FactorKind::Trend => "trend",
    }
}

fn is_cpu(factor: &&Factor) -> bool {
    factor.kind == FactorKind::Cpu
}

/// The CPU factor's target, as a share of what a replica carries.
pub(super) fn weighted_setting(config: &WeightedConfig, capacity_rps: f64) -> Option<f64> {
    let cpu = config.factors.iter().find(is_cpu)?;
    Some(cpu.target / unit(&cpu.gauge, capacity_rps)?)
}

/// With another target of the CPU factor.
pub(super) fn weighted_at(
    config: &WeightedConfig,
    share: f64,
    capacity_rps: f64,
) -> WeightedConfig {
    let mut config = config.clone();
    for factor in &mut config.factors {
        if let Some(unit) = unit(&factor.gauge, capacity_rps).filter(|_| is_cpu(&&*factor)) {
            factor.target = share * unit;
        }
    }
    config
}

#[cfg(test)]
mod tests {
    use autoscale_core::{Gauge, LoadTrend, Statistic, TriggerAdjustment};

    use super::*;

    #[test]
    fn the_knob_moves_every_threshold_of_a_replicas_load() {
        let (config, signals, left_out) = triggers(TriggersConfig::web_service(60.0));
        assert_eq!(signals, [Signal::Cpu, Signal::TotalRate]);
        assert_eq!(left_out, ["memory", "response-time", "connections"]);
        let names: Vec<&str> = config.rules.iter().map(|r| r.name.as_str()).collect();
        assert_eq!(names, ["cpu", "requests", "idle"]);
        let readings: Vec<usize> = config.rules.iter().map(|r| r.gauge.reading).collect();
        assert_eq!(readings, [0, 1, 0]);
        // 70 % of the CPU are less than 60 of 80 requests a second.
        let setting = triggers_setting(&config, 80.0).unwrap();
        assert!((setting * 1.1 - 0.7).abs() < 1e-9);
        let half = triggers_at(&config, setting / 2.0, 80.0);
        for (before, after) in config.rules.iter().zip(&half.rules) {
            assert!((after.threshold * 2.0 - before.threshold).abs() < 1e-9);
        }
        let same = triggers_at(&config, setting, 80.0);
        assert!((same.rules[0].threshold - 70.0).abs() < 1e-9);
    }

    #[test]
    fn rules_that_only_remove_have_no_knob() {
        let idle = |adjustment| {
            TriggersConfig::new([TriggerRule::above(
                "odd",
                Gauge::cpu_utilization(),
                90.0,
                adjustment,
            )])
        };
        let removes = idle(TriggerAdjustment::Percent(-10));
        assert_eq!(triggers_setting(&removes, 50.0), None);
        let adds = idle(TriggerAdjustment::Percent(10));
        assert!(triggers_setting(&adds, 50.0).is_some());
        let total = Gauge::new(Statistic::Total);
        let rule = TriggerRule::above("all", total, 500.0, TriggerAdjustment::Count(1));
        assert_eq!(triggers_setting(&TriggersConfig::new([rule]), 50.0), None);
    }

    #[test]
    fn weighted_factors_keep_cpu_and_the_trend() {
        let trend = LoadTrend::new(Gauge::new(Statistic::Total).with_reading(5));
        let config = WeightedConfig::default().with_trend(Some(trend));
        let (config, signals, left_out) = weighted(config);
        assert_eq!(signals, [Signal::Cpu, Signal::TotalRate]);
        assert_eq!(left_out, ["memory", "response time", "queue", "errors"]);
        assert_eq!(config.trend.as_ref().unwrap().gauge.reading, 1);
        assert_eq!(weighted_setting(&config, 50.0), Some(0.7));
        let turned = weighted_at(&config, 0.5, 50.0);
        assert_eq!(turned.factors[0].target, 50.0);

        let mut blind = WeightedConfig::default().with_trend(config.trend);
        blind.factors.retain(|f| f.kind != FactorKind::Cpu);
        let (_, signals, left_out) = weighted(blind);
        assert!(signals.is_empty() && left_out.len() == 4);
    }
}
