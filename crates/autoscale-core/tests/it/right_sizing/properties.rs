use autoscale_core::{
    ContainerObservation, OomKill, Resource, Resources, RightSizingConfig, Sizer, SizingEntry,
    VerticalDecision, replay_sizing,
};
use proptest::prelude::*;

use super::{config, minute, sizer};
use crate::cases;

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => 0.0..1e10_f64,
        4 => 0.0..8.0_f64,
        1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(-1.0), Just(f64::MAX), Just(0.0)],
    ]
}

fn observation() -> impl Strategy<Value = ContainerObservation> {
    let request = prop::option::weighted(0.9, 0_u64..10_000_000_000);
    let kill = prop::option::weighted(0.1, (any::<u64>(), number()));
    let sample = || prop::option::weighted(0.8, number());
    (sample(), sample(), request.clone(), request, kill).prop_map(
        |(cpu_cores, memory_bytes, cpu_milli, bytes, kill)| {
            let request = Resources {
                cpu_milli,
                memory_bytes: bytes,
            };
            let mut seen = ContainerObservation::new(request);
            (seen.cpu_cores, seen.memory_bytes) = (cpu_cores, memory_bytes);
            seen.oom = kill.map(|(request_bytes, lived_s)| OomKill {
                request_bytes,
                lived_s,
            });
            seen
        },
    )
}

fn configs() -> impl Strategy<Value = RightSizingConfig> {
    (
        1e-6..0.5_f64,
        1e-6..0.5_f64,
        0.01..100.0_f64,
        0_u64..5000,
        0_u64..5000,
    )
        .prop_map(|(cpu, memory, restarts, least, more)| {
            config()
                .with_cpu_violations(cpu)
                .with_memory_violations(memory)
                .with_max_restarts_per_day(restarts)
                .with_min_allowed(Resources::new(least, least << 20))
                .with_max_allowed(Resources::new(least + more, (least + more) << 20))
        })
}

/// Observations with the minute of each; the clock may go backwards.
fn script() -> impl Strategy<Value = Vec<(u64, ContainerObservation)>> {
    prop::collection::vec((0_u64..100_000, observation()), 1..60)
}

proptest! {
    #![proptest_config(cases(96, 20_000))]

    #[test]
    fn bounds_hold_missing_is_never_smaller_and_a_log_replays(
        config in configs(),
        script in script(),
    ) {
        let mut running = sizer(config.clone());
        let mut log = Vec::new();
        for (at, seen) in &script {
            let now = minute(*at);
            let decision: VerticalDecision = running.decide(now, seen);
            for resource in Resource::ALL {
                let sample = match resource {
                    Resource::Cpu => seen.cpu_cores,
                    Resource::Memory => seen.memory_bytes,
                };
                let known = sample.is_some_and(|v| v.is_finite() && v >= 0.0);
                let (target, held) = (decision.target.get(resource), seen.request.get(resource));
                if let (Some(target), Some(held), false) = (target, held, known) {
                    prop_assert!(target >= held, "{resource:?} {target} < {held}");
                }
                if let (Some(target), true) = (target, known) {
                    let most = config.max_allowed.get(resource).unwrap_or(0);
                    prop_assert!(most == 0 || target <= most);
                    prop_assert!(target >= config.min_allowed.get(resource).unwrap_or(0));
                }
            }
            let differs = Resource::ALL.iter().any(|&resource| {
                decision.target.get(resource).is_some_and(|t| Some(t) != seen.request.get(resource))
            });
            prop_assert_eq!(decision.update, differs);
            log.push(SizingEntry { now, observation: *seen, decision });
        }
        prop_assert_eq!(replay_sizing(&mut sizer(config), &log), Ok(script.len()));
    }
}
