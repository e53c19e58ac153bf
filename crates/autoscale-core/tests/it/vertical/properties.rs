use std::time::Duration;

use autoscale_core::{
    ContainerObservation, OomKill, Resource, Resources, Sizer, SizingEntry, VerticalDecision,
    VpaConfig, replay_sizing,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::vpa;
use crate::cases;

/// Numbers as a broken source gives them, and sound ones.
fn number(most: f64) -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => 0.0..most,
        1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(-1.0), Just(f64::MAX), Just(0.0)],
    ]
}

fn amounts() -> impl Strategy<Value = Resources> {
    (option::of(0..20_000_u64), option::of(0..20_000_000_000_u64)).prop_map(|(cpu, memory)| {
        Resources {
            cpu_milli: cpu,
            memory_bytes: memory,
        }
    })
}

fn observation() -> impl Strategy<Value = ContainerObservation> {
    let kill = (any::<u64>(), number(2000.0)).prop_map(|(request_bytes, lived_s)| OomKill {
        request_bytes,
        lived_s,
    });
    (
        option::of(number(40.0)),
        option::of(number(1e11)),
        amounts(),
        option::of(number(2e5)),
        option::weighted(0.1, kill),
    )
        .prop_map(|(cpu, memory, request, running, oom)| {
            let mut seen = ContainerObservation::new(request);
            seen.cpu_cores = cpu;
            seen.memory_bytes = memory;
            seen.running_s = running;
            seen.oom = oom;
            seen
        })
}

fn config() -> impl Strategy<Value = VpaConfig> {
    (
        (0.0..=1.0, 0.0..=1.0, 0.0..=1.0),
        0.0..3.0,
        1..5_u32,
        amounts(),
        option::of(1.0..3.0),
    )
        .prop_map(
            |((target, lower, upper), margin, containers, least, most)| {
                let most = most.map_or_else(Resources::default, |times: f64| Resources {
                    cpu_milli: least.cpu_milli.map(|n| (n as f64 * times) as u64),
                    memory_bytes: least.memory_bytes.map(|n| (n as f64 * times) as u64),
                });
                VpaConfig::default()
                    .with_target_cpu_percentile(target)
                    .with_lower_bound_cpu_percentile(lower)
                    .with_upper_bound_cpu_percentile(upper)
                    .with_safety_margin(margin)
                    .with_containers(containers)
                    .with_min_allowed(least)
                    .with_max_allowed(most)
            },
        )
}

fn steps() -> impl Strategy<Value = Vec<(u32, ContainerObservation)>> {
    vec((0..200_000_u32, observation()), 1..60)
}

proptest! {
    #![proptest_config(cases(300, 20_000))]

    #[test]
    fn nothing_panics_and_bounds_hold(config in config(), steps in steps(), back in any::<bool>()) {
        let (least, most) = (config.min_allowed, config.max_allowed);
        let mut sizer = vpa(config);
        let mut now = Duration::ZERO;
        let mut log = Vec::new();
        let start = sizer.clone();
        for (index, (wait_s, seen)) in steps.into_iter().enumerate() {
            now += Duration::from_secs(u64::from(wait_s));
            let asked = if back && index % 5 == 4 { now / 2 } else { now };
            let decision = sizer.decide(asked, &seen);
            for resource in Resource::ALL {
                let at_least = least.get(resource).unwrap_or(0);
                let at_most = most.get(resource).filter(|&n| n > 0).unwrap_or(u64::MAX);
                for amount in [decision.target, decision.lower_bound, decision.upper_bound] {
                    let Some(amount) = amount.get(resource) else { continue };
                    prop_assert!(amount >= at_least.min(at_most) && amount <= at_most);
                }
                prop_assert_eq!(
                    decision.target.get(resource).is_some(),
                    decision.stages.iter().any(|stage| stage.resource == resource)
                );
            }
            prop_assert!(decision.change >= 0.0 && decision.confidence >= 0.0);
            if !seen.cpu_cores.is_some_and(f64::is_finite)
                && !seen.memory_bytes.is_some_and(f64::is_finite) && log.is_empty() && seen.oom.is_none()
            {
                prop_assert!(!decision.update);
            }
            log.push(SizingEntry { now: asked, observation: seen, decision });
        }
        // NaN is not equal to itself, so that only logs without one can be compared.
        let sound = |seen: &ContainerObservation| {
            [seen.cpu_cores, seen.memory_bytes, seen.running_s].iter().flatten().all(|n| !n.is_nan())
        };
        if log.iter().all(|entry| sound(&entry.observation)) {
            let mut again = start;
            prop_assert_eq!(replay_sizing(&mut again, &log).unwrap(), log.len());
        }
    }

    #[test]
    fn more_use_never_asks_for_less(
        levels in vec(0.01..8.0, 1..40),
        factor in 1.0..4.0,
    ) {
        let run = |factor: f64| {
            let mut sizer = vpa(VpaConfig::default());
            let mut decision = VerticalDecision::default();
            for (minute, level) in levels.iter().enumerate() {
                let now = Duration::from_secs(60 * minute as u64);
                let seen = ContainerObservation::default()
                    .with_cpu(level * factor)
                    .with_memory(level * factor * 1e9);
                sizer.decide_into(now, &seen, &mut decision);
            }
            decision.target
        };
        let (less, more) = (run(1.0), run(factor));
        prop_assert!(less.cpu_milli <= more.cpu_milli && less.memory_bytes <= more.memory_bytes);
    }

    #[test]
    fn a_lost_sample_never_asks_for_less(steps in vec((0.01..8.0, any::<bool>()), 1..40)) {
        let mut sizer = vpa(VpaConfig::default());
        let mut last: Option<VerticalDecision> = None;
        for (minute, (level, lost)) in steps.into_iter().enumerate() {
            let now = Duration::from_secs(60 * minute as u64);
            let seen = ContainerObservation::default();
            let seen = if lost { seen } else { seen.with_cpu(level).with_memory(level * 1e9) };
            let decision = sizer.decide(now, &seen);
            if let Some(last) = last.filter(|_| lost) {
                prop_assert_eq!(decision.target, last.target);
            }
            last = Some(decision);
        }
    }
}

#[cfg(feature = "serde")]
proptest! {
    #![proptest_config(cases(100, 10_000))]

    #[test]
    fn snapshots_continue(config in config(), steps in steps(), stop in 0_usize..60) {
        let mut sizer = vpa(config);
        let mut restored: Option<autoscale_core::Vpa> = None;
        let mut now = Duration::ZERO;
        for (index, (wait_s, seen)) in steps.into_iter().enumerate() {
            if index == stop {
                let text = serde_json::to_string(&sizer).unwrap();
                restored = Some(serde_json::from_str(&text).unwrap());
            }
            now += Duration::from_secs(u64::from(wait_s));
            let decision = sizer.decide(now, &seen);
            if let Some(restored) = &mut restored {
                prop_assert_eq!(restored.decide(now, &seen), decision);
            }
        }
    }
}
