//! Every field of the VPA's configuration flips a decision.

use autoscale_core::{
    ChangeRequirement, ContainerObservation, EvictionRequirement, HistogramOptions, OomKill,
    Resource, Resources, Sizer, UpdateMode, UsageConfig, VerticalDecision, VpaConfig,
};

use super::assert_covers;
use crate::given::secs;
use crate::vertical::{minutes, vpa};

/// Two days with a daily wave, spikes and one kill: every decision's numbers.
fn decisions(config: &VpaConfig) -> Vec<VerticalDecision> {
    let mut sizer = vpa(config.clone());
    let request = Resources::new(420, 1_400_000_000);
    let sample = |step: u64| {
        let now = minutes(10 * step);
        let wave = (step % 144).abs_diff(72) as f64 / 72.0;
        let spike = if step.is_multiple_of(17) { 0.4 } else { 0.0 };
        let seen = ContainerObservation::new(request)
            .with_cpu(0.1 + 0.3 * wave + spike)
            .with_memory(4e8 + 4e8 * wave + 4e8 * spike + 3e6 * step as f64)
            .with_running(now);
        let kill = OomKill {
            request_bytes: 900_000_000,
            lived_s: 300.0,
        };
        let quick = OomKill {
            request_bytes: 100_000_000,
            ..kill
        };
        match step {
            200 => (now, seen.with_oom(kill)),
            7 => (now, seen.with_oom(quick)),
            _ => (now, seen),
        }
    };
    let each = (0..288).map(sample);
    each.map(|(now, seen)| sizer.decide(now, &seen)).collect()
}

#[test]
fn vpa_config() {
    let base = VpaConfig::default();
    let require = EvictionRequirement {
        resources: vec![Resource::Cpu, Resource::Memory],
        change: ChangeRequirement::TargetLowerThanRequests,
    };
    let hour = secs(3600);
    let other = |change: fn(VpaConfig) -> VpaConfig| change(VpaConfig::default());
    let cases = [
        (
            "usage",
            other(|c| c.with_usage(UsageConfig::default().with_cpu_half_life(secs(3600)))),
        ),
        (
            "target_cpu_percentile",
            other(|c| c.with_target_cpu_percentile(0.5)),
        ),
        (
            "lower_bound_cpu_percentile",
            other(|c| c.with_lower_bound_cpu_percentile(0.1)),
        ),
        (
            "upper_bound_cpu_percentile",
            other(|c| c.with_upper_bound_cpu_percentile(0.2)),
        ),
        (
            "target_memory_percentile",
            other(|c| c.with_target_memory_percentile(0.1)),
        ),
        (
            "lower_bound_memory_percentile",
            other(|c| c.with_lower_bound_memory_percentile(0.1)),
        ),
        (
            "upper_bound_memory_percentile",
            other(|c| c.with_upper_bound_memory_percentile(0.2)),
        ),
        ("safety_margin", other(|c| c.with_safety_margin(0.5))),
        (
            "confidence_interval",
            base.clone().with_confidence_interval(hour),
        ),
        (
            "pod_minimum",
            other(|c| c.with_pod_minimum(Resources::new(900, 0))),
        ),
        (
            "containers",
            VpaConfig::default()
                .with_pod_minimum(Resources::new(900, 0))
                .with_containers(2),
        ),
        (
            "min_allowed",
            other(|c| c.with_min_allowed(Resources::new(900, 0))),
        ),
        (
            "max_allowed",
            other(|c| c.with_max_allowed(Resources::new(100, 0))),
        ),
        ("control_cpu", other(|c| c.with_control_cpu(false))),
        ("control_memory", other(|c| c.with_control_memory(false))),
        (
            "update_mode",
            other(|c| c.with_update_mode(UpdateMode::Off)),
        ),
        ("min_change", other(|c| c.with_min_change(5.0))),
        ("min_lifetime", base.clone().with_min_lifetime(hour)),
        (
            "evict_after_oom",
            base.clone().with_evict_after_oom(secs(1)),
        ),
        (
            "eviction_requirements",
            base.clone().with_eviction_requirements(vec![require]),
        ),
    ];
    let plain = decisions(&base);
    let shared = decisions(&base.clone().with_pod_minimum(Resources::new(900, 0)));
    for (field, config) in &cases {
        let against = if *field == "containers" {
            &shared
        } else {
            &plain
        };
        assert!(&decisions(config) != against, "{field} changes nothing");
    }
    assert_covers(&base, cases.map(|(field, _)| field));
}

#[test]
fn usage_config() {
    let hour = secs(3600);
    let base = UsageConfig::default;
    let coarse = HistogramOptions::exponential(1e12, 1e7, 1.5, 1e-4).unwrap();
    let cases = [
        (
            "cpu_buckets",
            base().with_cpu_buckets(HistogramOptions::linear(9.0, 1.0, 1e-4).unwrap()),
        ),
        ("cpu_half_life", base().with_cpu_half_life(hour)),
        ("memory_buckets", base().with_memory_buckets(coarse)),
        ("memory_half_life", base().with_memory_half_life(hour)),
        ("memory_interval", base().with_memory_interval(hour)),
        ("oom_bump_up_ratio", base().with_oom_bump_up_ratio(2.0)),
        (
            "oom_min_bump_up_bytes",
            base().with_oom_min_bump_up_bytes(900 << 20),
        ),
    ];
    let plain = decisions(&VpaConfig::default());
    for (field, usage) in cases.clone() {
        let config = VpaConfig::default().with_usage(usage);
        assert!(decisions(&config) != plain, "{field} changes nothing");
    }
    assert_covers(&base(), cases.map(|(field, _)| field));
}
