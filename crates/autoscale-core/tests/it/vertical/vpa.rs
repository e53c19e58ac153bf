use autoscale_core::{
    ChangeRequirement, ContainerObservation, EvictionRequirement, OomKill, Resource, Resources,
    Sizer, UpdateMode, UsageConfig, VerticalReason, Vpa, VpaConfig,
};

use super::{GIB, after, minutes, seen, vpa};
use crate::given::secs;

const DAY: u64 = 1440;

#[test]
fn the_stages_follow_from_the_use() {
    let mut sizer = vpa(VpaConfig::default());
    let decision = after(&mut sizer, DAY, Resources::new(460, 1_200_000_000));
    // 0.4 cores end in the bucket up to 0.412…, whole millicores; then 15 %, cut.
    let cpu = decision.stages[0];
    let bucket_end = sizer.state().usage.percentile(Resource::Cpu, 0.9);
    assert!((0.4..0.42).contains(&bucket_end));
    assert_eq!(cpu.estimated, (bucket_end * 1000.0) as u64);
    assert_eq!(
        cpu.with_margin,
        cpu.estimated + (cpu.estimated as f64 * 0.15) as u64
    );
    assert_eq!(cpu.with_minimum, cpu.with_margin);
    assert_eq!(decision.target.cpu_milli, Some(cpu.capped));
    assert_eq!(decision.uncapped_target, decision.target);
    assert!((decision.confidence - 1.0).abs() < 1e-9);
    // One day: the upper bound is twice the 95th percentile with its margin.
    assert_eq!(decision.upper_bound.cpu_milli, Some(2 * cpu.with_margin));
    let lower = (cpu.with_margin as f64 / 1.001_f64.powi(2)) as u64;
    assert_eq!(decision.lower_bound.cpu_milli, Some(lower));
    assert_eq!(decision.stages[1].resource, Resource::Memory);
}

#[test]
fn the_minimum_is_shared_by_the_containers() {
    let of = |containers| {
        let mut sizer = vpa(VpaConfig::default().with_containers(containers));
        let idle = ContainerObservation::default()
            .with_cpu(0.0)
            .with_memory(1.0);
        sizer.decide(minutes(1), &idle).target
    };
    assert_eq!(of(1), Resources::new(25, 250 << 20));
    // Upstream divides with a factor and cuts.
    assert_eq!(of(2), Resources::new(12, 125 << 20));
}

#[test]
fn bounds_cap_target_and_bounds() {
    let config = VpaConfig::default()
        .with_min_allowed(Resources::new(500, GIB / 2))
        .with_max_allowed(Resources::new(4000, GIB));
    let mut sizer = vpa(config);
    let decision = after(&mut sizer, 60, Resources::new(500, GIB));
    assert_eq!(decision.target, Resources::new(500, GIB));
    assert_eq!(decision.lower_bound.cpu_milli, Some(500));
    assert_eq!(decision.upper_bound, Resources::new(4000, GIB));
    assert!(decision.uncapped_target.cpu_milli < Some(500));
    assert!(decision.uncapped_target.memory_bytes > Some(GIB));
    assert_eq!(decision.stages[0].capped, 500);
}

#[test]
fn when_it_resizes() {
    let fits = Resources::new(480, 1_250_000_000);
    let cases = [
        // Request, minutes, expected.
        (Resources::default(), 1, VerticalReason::NoRequest),
        (Resources::new(480, 0), 10, VerticalReason::BelowLowerBound),
        (
            Resources::new(100, 1_250_000_000),
            60,
            VerticalReason::BelowLowerBound,
        ),
        (
            Resources::new(2000, 1_250_000_000),
            DAY,
            VerticalReason::AboveUpperBound,
        ),
        // Half a day of history: the upper bound is three times the target.
        (
            Resources::new(1200, 1_250_000_000),
            DAY / 2 - 1,
            VerticalReason::ShortLived,
        ),
        (
            Resources::new(1200, 1_250_000_000),
            DAY / 2,
            VerticalReason::LargeChange,
        ),
        (fits, DAY / 2 - 1, VerticalReason::ShortLived),
        (fits, DAY, VerticalReason::SmallChange),
    ];
    for (request, count, expected) in cases {
        let decision = after(&mut vpa(VpaConfig::default()), count, request);
        assert_eq!(decision.reason, expected, "{request:?} after {count} min");
        let no = [VerticalReason::ShortLived, VerticalReason::SmallChange];
        assert_eq!(decision.update, !no.contains(&expected), "{expected:?}");
    }
}

#[test]
fn an_unknown_start_is_not_long_ago() {
    let mut sizer = vpa(VpaConfig::default());
    after(&mut sizer, DAY, Resources::new(600, 1_250_000_000));
    let now = minutes(DAY + 1);
    let mut unknown = seen(now, Resources::new(600, 1_250_000_000), 0.4, 1e9);
    for start in [None, Some(f64::NAN)] {
        unknown.running_s = start;
        let decision = sizer.clone().decide(now, &unknown);
        assert_eq!(decision.reason, VerticalReason::StartUnknown);
        assert!(!decision.update);
    }
}

#[test]
fn a_quick_kill_resizes_at_once() {
    let request = Resources::new(480, 1_500_000_000);
    for (lived_s, expected) in [
        (599.0, VerticalReason::QuickOom),
        (600.0, VerticalReason::ShortLived),
    ] {
        let mut sizer = vpa(VpaConfig::default());
        after(&mut sizer, 60, request);
        let now = minutes(61);
        let kill = OomKill {
            request_bytes: 1_000_000,
            lived_s,
        };
        let decision = sizer.decide(now, &seen(now, request, 0.4, 1e9).with_oom(kill));
        assert_eq!(decision.reason, expected, "{lived_s}");
        // max(1.05 GB + 100 MiB, 1.2 × 1.05 GB) and the margin
        assert!(
            decision.target.memory_bytes > Some(1_260_000_000),
            "{decision:?}"
        );
    }
}

#[test]
fn modes() {
    let too_small = Resources::new(10, 10);
    for (mode, update, reason) in [
        (UpdateMode::Off, false, VerticalReason::Off),
        (UpdateMode::Initial, false, VerticalReason::InitialOnly),
        (UpdateMode::Recreate, true, VerticalReason::BelowLowerBound),
        (
            UpdateMode::InPlaceOrRecreate,
            true,
            VerticalReason::BelowLowerBound,
        ),
        (UpdateMode::InPlace, true, VerticalReason::BelowLowerBound),
    ] {
        let mut sizer = vpa(VpaConfig::default().with_update_mode(mode));
        let decision = after(&mut sizer, 60, too_small);
        assert_eq!(
            (decision.update, decision.reason),
            (update, reason),
            "{mode:?}"
        );
        assert!(
            decision.target.cpu_milli > Some(400),
            "a target is said in any mode"
        );
    }
}

#[test]
fn every_eviction_requirement_must_be_met() {
    let only = |resources: &[Resource], change| EvictionRequirement {
        resources: resources.to_vec(),
        change,
    };
    let up = ChangeRequirement::TargetHigherThanRequests;
    let down = ChangeRequirement::TargetLowerThanRequests;
    // CPU too small, memory too large.
    let request = Resources::new(100, 16 * GIB);
    for (requirements, update) in [
        (vec![only(&[Resource::Cpu], up)], true),
        (vec![only(&[Resource::Cpu], down)], false),
        (vec![only(&[Resource::Cpu, Resource::Memory], down)], true),
        (
            vec![only(&[Resource::Cpu], up), only(&[Resource::Memory], up)],
            false,
        ),
        (vec![only(&[], up)], false),
    ] {
        let config = VpaConfig::default().with_eviction_requirements(requirements.clone());
        let decision = after(&mut vpa(config), 60, request);
        assert_eq!(decision.update, update, "{requirements:?}");
        let unwanted = decision.reason == VerticalReason::Unwanted;
        assert_eq!(unwanted, !update, "{requirements:?}");
    }
}

#[test]
fn without_samples_nothing_is_recommended() {
    let request = Resources::new(465, GIB);
    let mut sizer = vpa(VpaConfig::default());
    let nothing = ContainerObservation::new(request).with_running(secs(90_000));
    let decision = sizer.decide(secs(90_000), &nothing);
    assert_eq!(decision.reason, VerticalReason::NoSamples);
    assert_eq!(
        (decision.target, decision.update),
        (Resources::default(), false)
    );
    // One resource with samples: the other one is left alone.
    let decision = sizer.decide(secs(90_060), &nothing.with_cpu(0.4));
    assert_eq!(decision.target.memory_bytes, None);
    assert!(decision.target.cpu_milli.is_some());
}

#[test]
fn samples_that_make_no_sense_are_counted_and_change_nothing() {
    let request = Resources::new(480, 1_250_000_000);
    let mut sizer = vpa(VpaConfig::default());
    let before = after(&mut sizer, 60, request);
    for (cores, bytes) in [(f64::NAN, -1.0), (-0.1, f64::INFINITY)] {
        let now = minutes(61);
        let decision = sizer.decide(now, &seen(now, request, cores, bytes));
        assert_eq!(decision.rejected_samples, 2);
        assert_eq!(decision.target, before.target);
    }
}

#[test]
fn time_that_goes_back_counts_as_the_latest() {
    let request = Resources::new(480, 1_250_000_000);
    let mut sizer = vpa(VpaConfig::default());
    after(&mut sizer, 60, request);
    let back = sizer.decide(minutes(5), &seen(minutes(5), request, 9.0, 9e9));
    assert_eq!(sizer.state().now, minutes(60));
    assert_eq!(back.rejected_samples, 1); // the CPU sample is no newer than the last one
}

#[test]
fn refused_configurations() {
    let base = VpaConfig::default;
    let usage = |usage| base().with_usage(usage);
    for (config, expected) in [
        (
            base().with_target_cpu_percentile(1.5),
            "target_cpu_percentile is 1.5, must be between 0 and 1",
        ),
        (
            base().with_lower_bound_memory_percentile(f64::NAN),
            "lower_bound_memory_percentile is NaN, must be between 0 and 1",
        ),
        (
            base().with_safety_margin(-0.1),
            "safety_margin is -0.1, must be between 0 and 100",
        ),
        (
            base().with_min_change(f64::INFINITY),
            "min_change is inf, must be between 0 and 100",
        ),
        (
            base().with_confidence_interval(secs(0)),
            "confidence_interval is 0s, must be longer than zero",
        ),
        (
            base().with_containers(0),
            "containers is 0, must be at least 1",
        ),
        (
            base()
                .with_min_allowed(Resources::new(0, 2 * GIB))
                .with_max_allowed(Resources::new(0, GIB)),
            "max_allowed.memory_bytes is 1073741824, must be at least min_allowed.memory_bytes \
             (2147483648)",
        ),
        (
            usage(UsageConfig::default().with_cpu_half_life(secs(0))),
            "cpu_half_life is 0s, must be longer than zero",
        ),
        (
            usage(UsageConfig::default().with_memory_interval(secs(0))),
            "memory_interval is 0s, must be longer than zero",
        ),
        (
            usage(UsageConfig::default().with_oom_bump_up_ratio(0.9)),
            "oom_bump_up_ratio is 0.9, must be between 1 and 100",
        ),
    ] {
        let refused = Vpa::new(config).err().map(|error| error.to_string());
        assert_eq!(refused.as_deref(), Some(expected));
    }
}
