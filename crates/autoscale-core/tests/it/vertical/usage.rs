use autoscale_core::{ContainerUsage, Resource, UsageConfig};

use crate::given::secs;

const DAY_S: u64 = 86_400;

fn usage() -> ContainerUsage {
    ContainerUsage::new(UsageConfig::default()).unwrap()
}

fn peaks(usage: &ContainerUsage) -> f64 {
    usage.histogram(Resource::Memory).total_weight()
}

#[test]
fn one_peak_an_interval() {
    let mut usage = usage();
    for (time_s, bytes) in [(0, 4e8), (60, 6e8), (120, 5e8)] {
        assert!(usage.add_memory(secs(time_s), bytes));
    }
    let one = peaks(&usage);
    assert!((6e8..6.4e8).contains(&usage.percentile(Resource::Memory, 0.5)));
    // The next interval, a day after the first sample, adds one that weighs twice as much.
    usage.add_memory(secs(DAY_S), 1e8);
    assert!((peaks(&usage) / one - 3.0).abs() < 1e-9);
    // An interval that was slept through is none.
    usage.add_memory(secs(4 * DAY_S + 10), 1e8);
    assert!((peaks(&usage) / one - 19.0).abs() < 1e-9);
}

#[test]
fn a_kill_counts_as_more_than_was_used() {
    for (request, expected) in [
        (1_000_000_000, 1.2e9),               // 1.2 times
        (100_000_000, 100e6 + 104_857_600.0), // 100 MiB more
        (0, 3e8 + 104_857_600.0),             // of the peak where that is larger
    ] {
        let mut usage = usage();
        if request == 0 {
            usage.add_memory(secs(0), 3e8);
        }
        assert!(usage.add_oom(secs(10), request));
        let got = usage.percentile(Resource::Memory, 1.0);
        assert!(
            (expected..expected * 1.05 + 1e7).contains(&got),
            "{request}: {got}"
        );
    }
}

#[test]
fn a_second_kill_does_not_build_on_the_first() {
    let mut usage = usage();
    usage.add_memory(secs(0), 3e8);
    usage.add_oom(secs(10), 500_000_000);
    let first = usage.percentile(Resource::Memory, 1.0);
    usage.add_oom(secs(20), 500_000_000);
    assert!((usage.percentile(Resource::Memory, 1.0) - first).abs() < 1e-6);
}

#[test]
fn an_old_kill_is_dropped() {
    let mut usage = usage();
    usage.add_memory(secs(3 * DAY_S), 3e8);
    assert!(!usage.add_oom(secs(2 * DAY_S - 1), 900_000_000));
    assert!(usage.add_oom(secs(2 * DAY_S), 900_000_000));
}

#[test]
fn checkpoints_bring_it_back() {
    let mut usage = usage();
    for hour in 0..100 {
        usage.add_cpu(
            secs(3600 * hour),
            0.1 + f64::from(u32::try_from(hour % 24).unwrap()) / 10.0,
        );
        usage.add_memory(
            secs(3600 * hour),
            4e8 + 1e6 * f64::from(u32::try_from(hour).unwrap()),
        );
    }
    let mut loaded = self::usage();
    loaded.load(&usage.checkpoint()).unwrap();
    assert_eq!(loaded.sample_count(), 100);
    for resource in Resource::ALL {
        for percentile in [0.5, 0.9, 0.95] {
            let (kept, had) = (
                loaded.percentile(resource, percentile),
                usage.percentile(resource, percentile),
            );
            assert!((kept - had).abs() < 1e-9 * had, "{resource:?} {percentile}");
        }
    }
    let day = secs(DAY_S);
    assert!((loaded.confidence(day) - usage.confidence(day)).abs() < 1e-12);
}

#[test]
fn a_refused_checkpoint_changes_nothing() {
    let mut usage = usage();
    usage.add_cpu(secs(60), 0.5);
    usage.add_memory(secs(60), 5e8);
    let before = usage.clone();
    let mut wrong = before.checkpoint();
    wrong.cpu_histogram.bucket_weights.insert(400, 3);
    assert!(usage.load(&wrong).is_err());
    assert_eq!(usage, before);
}

#[test]
fn without_any_cpu_sample_memory_samples_make_the_confidence() {
    let mut usage = usage();
    for minute in 0..=720 {
        usage.add_memory(secs(60 * minute), 4e8);
    }
    assert!((usage.confidence(secs(DAY_S)) - 0.5).abs() < 1e-12);
    usage.add_cpu(secs(43_260), 0.1);
    assert!(usage.confidence(secs(DAY_S)).abs() < 1e-12);
}
