//! Surge pods of a rolling update never raise the count.

use autoscale_core::{Compat, HpaConfig, MetricSpec, Observation, PodGroup};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_assert, prop_oneof, proptest};

use crate::cases;
use crate::given::{
    average, config, cpu, decide, external, memory, object, pod, pods_metric, seen, seen_value,
    value, with_pods,
};

/// `asked` pods asked for, and these that exist, each with its usage.
fn rolling(asked: u32, usages: &[i64]) -> Observation {
    Observation {
        spec_replicas: asked,
        ..seen(usages)
    }
}

fn rolling_value(asked: u32, existing: u32, total: i64) -> Observation {
    Observation {
        spec_replicas: asked,
        ..seen_value(existing, total)
    }
}

fn answer(metric: &MetricSpec, compat: Compat, seen: &Observation) -> u32 {
    let config = config(metric.clone()).with_legacy_scale_up_minimum(100);
    decide(config.with_compat(compat), seen).replicas
}

/// kubernetes#138505: within the tolerance of an average-value target, 10 replicas asked for, 13
/// existing; the load fits 10.
#[test]
fn average_value_within_tolerance() {
    for metric in [external(average(100)), object(average(100))] {
        // Upstream divides by the 13 that exist: 1340 ÷ 1300 is within tolerance, so 13.
        for (compat, asked) in [(Compat::Upstream, 13), (Compat::Repaired, 14)] {
            assert_eq!(answer(&metric, compat, &rolling_value(10, 13, 1340)), asked);
        }
        // 1000 is on target for 10; upstream falls to it only since 13 are too many.
        assert_eq!(
            answer(&metric, Compat::Repaired, &rolling_value(10, 13, 1000)),
            10
        );
        // Load for 9.6 pods, 10 asked for, 10.5 ≈ 11 exist: upstream raises the count.
        assert_eq!(
            answer(&metric, Compat::Upstream, &rolling_value(10, 11, 1000)),
            11
        );
        assert_eq!(
            answer(&metric, Compat::Repaired, &rolling_value(10, 11, 1000)),
            10
        );
    }
}

#[test]
fn value_target_does_not_multiply_by_surge_pods() {
    for metric in [object(value(100)), external(value(100))] {
        let seen = rolling_value(10, 15, 150);
        assert_eq!(answer(&metric, Compat::Upstream, &seen), 23); // ⌈1.5 × 15⌉
        assert_eq!(answer(&metric, Compat::Repaired, &seen), 15);
    }
}

/// Load that all pods share: 15 pods carry what 10 did.
#[test]
fn shared_load() {
    for (metric, of_ten, of_fifteen, without) in [
        (cpu(50), 900, 600, 18),
        (cpu(50), 510, 340, 10), // 34 % of 50 % of 15 is 10.2
        (cpu(50), 540, 360, 10), // 10.8
        (cpu(50), 300, 200, 6),
        (memory(500), 510, 340, 10),
        (pods_metric(500), 510, 340, 10),
        (pods_metric(500), 900, 600, 18),
    ] {
        let repaired = |seen: &Observation| answer(&metric, Compat::Repaired, seen);
        let case = format!("{metric:?} {of_ten}");
        assert_eq!(repaired(&seen(&[of_ten; 10])), without, "{case}");
        // Not more, and not fewer than are asked for if all of them are needed.
        let with = repaired(&rolling(10, &[of_fifteen; 15]));
        assert!(
            (without.min(10)..=without).contains(&with),
            "{with}, {case}"
        );
    }
    // Upstream answers 15 pods at 34 % of a target of 50 % with ⌈10.2⌉.
    assert_eq!(
        answer(&cpu(50), Compat::Upstream, &rolling(10, &[340; 15])),
        11
    );
}

/// Load of which each pod has its own, such as memory: the surge pods bring 75 % each as well.
#[test]
fn load_of_their_own() {
    for metric in [memory(500), pods_metric(500), cpu(50)] {
        let repaired = |seen: &Observation| answer(&metric, Compat::Repaired, seen);
        assert_eq!(repaired(&seen(&[750; 10])), 15, "{metric:?}");
        let surge = repaired(&rolling(10, &[750; 15]));
        assert!(
            surge <= 15,
            "{metric:?}: {surge} replicas with 5 surge pods, 15 without"
        );
    }
}

/// Whole percents are cut: 100.5 % of 10 pods count as 100 %, 67 % of 15 as 100.5 %.
#[test]
fn cut_percents() {
    let repaired = |seen: &Observation| answer(&cpu(50), Compat::Repaired, seen);
    let without = repaired(&seen(&[1005; 10]));
    let surge = repaired(&rolling(10, &[670; 15]));
    assert!(
        surge <= without,
        "{surge} replicas with 5 surge pods, {without} without"
    );
}

/// A rolling update of `asked` pods with `surge` more that are ready, all sharing `load`.
fn shared(asked: u32, surge: u32, load: i64) -> [Observation; 2] {
    [asked, asked + surge].map(|count| {
        let each = load / i64::from(count);
        let rest = usize::try_from(load % i64::from(count)).unwrap();
        let usages: Vec<_> = (0..usize::try_from(count).unwrap())
            .map(|i| Some(each + i64::from(i < rest)))
            .collect();
        let pods = vec![pod(); usages.len()];
        Observation {
            spec_replicas: asked,
            ..with_pods(pods, &usages)
        }
    })
}

fn whole() -> impl Strategy<Value = MetricSpec> {
    let target = prop_oneof![
        (1_i64..5000).prop_map(value),
        (1_i64..5000).prop_map(average)
    ];
    (target, proptest::bool::ANY).prop_map(|(target, inside)| {
        if inside {
            object(target)
        } else {
            external(target)
        }
    })
}

proptest! {
    #![proptest_config(cases(1_000, 200_000))]

    #[test]
    fn never_more_with_surge_pods_for_shared_load(
        asked in 1_u32..40,
        surge in 1_u32..20,
        load in 0_i64..40_000,
        target in 1_i64..2000,
        metric in prop_oneof![Just(0), Just(1)],
    ) {
        let metric = if metric == 0 { memory(target) } else { pods_metric(target) };
        let [without, with] = shared(asked, surge, load).map(|seen| {
            answer(&metric, Compat::Repaired, &seen)
        });
        prop_assert!(with <= without.max(asked), "{with} with, {without} without");
    }

    #[test]
    fn never_more_with_surge_pods_for_values(
        metric in whole(),
        asked in 1_u32..40,
        surge in 1_u32..20,
        total in 0_i64..400_000,
        unready in vec(0_u32..3, 1),
    ) {
        // Of the old pods a few may be unready meanwhile.
        let unready = unready[0].min(asked - 1);
        let seen = |surge: u32| {
            let mut seen = rolling_value(asked, asked - unready + surge, total);
            let mut idle = PodGroup { count: unready, ..pod() };
            idle.ready = Some(autoscale_core::Readiness::False);
            seen.pods.push(idle);
            seen.status_replicas = asked + surge;
            seen
        };
        let config = || HpaConfig::new(1_000_000, [metric.clone()]).with_legacy_scale_up_minimum(1_000_000);
        let [without, with] = [0, surge].map(|surge| decide(config(), &seen(surge)).replicas);
        if unready == 0 {
            prop_assert!(with <= without, "{with} with, {without} without");
        } else {
            // Ready surge pods may only stand in for old pods that are not ready.
            let whole = decide(config(), &rolling_value(asked, asked, total)).replicas;
            prop_assert!(with <= whole.max(without), "{with} with, {whole} and {without} without");
        }
    }
}
