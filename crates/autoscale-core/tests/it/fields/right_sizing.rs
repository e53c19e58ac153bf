use autoscale_core::{Resources, RightSizingConfig, UpdateMode, VerticalDecision};

use super::assert_covers;
use crate::right_sizing::{Container, MIB, config, noise};

/// Three days of level memory that ends with a rise that only the largest margin covers, then noise, a
/// shift, a leak beyond the request and a sudden need; all decisions.
fn week(config: RightSizingConfig) -> Vec<VerticalDecision> {
    let mut container = Container::new(config, Resources::new(3000, 1000 * MIB));
    (0..7 * 1440_u64)
        .map(|minute| {
            let shift = if minute % 4000 > 3000 { 2.0 } else { 1.0 };
            let cores = 0.5 * noise(minute) * shift;
            let memory = match minute {
                0..4300 => 500.0,
                4300 => 520.0,
                _ if minute % 1111 == 1110 => 2300.0,
                _ => 500.0 + 0.2 * (minute % 1500) as f64,
            };
            container
                .see(Some(cores), Some(memory * MIB as f64))
                .clone()
        })
        .collect()
}

#[test]
fn right_sizing() {
    let c = config;
    let flips = [
        ("cpu_violations", c().with_cpu_violations(0.2)),
        ("memory_violations", c().with_memory_violations(1e-6)),
        ("max_restarts_per_day", c().with_max_restarts_per_day(0.1)),
        ("minimum", c().with_minimum(Resources::new(900, 1))),
        (
            "min_allowed",
            c().with_min_allowed(Resources::new(1, 2500 * MIB)),
        ),
        ("max_allowed", c().with_max_allowed(Resources::new(700, 0))),
        ("control_cpu", c().with_control_cpu(false)),
        ("control_memory", c().with_control_memory(false)),
        ("update_mode", c().with_update_mode(UpdateMode::Off)),
        ("oom_bump_up_ratio", c().with_oom_bump_up_ratio(1.6)),
        (
            "oom_min_bump_up_bytes",
            c().with_oom_min_bump_up_bytes(800 * MIB),
        ),
    ];
    assert_covers(&config(), flips.iter().map(|(name, _)| *name));
    let plain = week(config());
    for (name, config) in flips {
        assert!(week(config) != plain, "{name} changes nothing");
    }
}
