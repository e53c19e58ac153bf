//! What holds for every accepted configuration and every observation.

use std::time::Duration;

use autoscale_core::{
    Decision, Fallback, FallbackMode, Hpa, HpaConfig, Kpa, MaxOf, MetricReading, MetricSpec, Milli,
    Observation, Policy, PolicyExt, Reason, ResourceTarget,
};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::test_runner::TestCaseError;

use crate::cases;
use crate::decode::Bytes;
use crate::given::{pod, samples, secs, with_pods};

/// What an HPA may answer, whatever it sees.
fn check_hpa(config: &HpaConfig, seen: &Observation, out: &Decision) -> Result<(), TestCaseError> {
    let bounds = config.min_replicas..=config.max_replicas;
    let at_zero = out.replicas == 0 && seen.spec_replicas == 0;
    prop_assert!(
        bounds.contains(&out.replicas) || at_zero,
        "{} of {bounds:?}",
        out.replicas
    );
    prop_assert_eq!(out.current_replicas, seen.spec_replicas);
    prop_assert!(!out.blind || out.replicas == seen.spec_replicas);
    prop_assert!(out.reason != Reason::Steady || !out.is_change());
    Ok(())
}

fn stack(bytes: &mut Bytes<'_>, first: HpaConfig) -> (impl Policy + Clone + use<>, [u32; 2]) {
    let hpa = || Hpa::new(HpaConfig::new(9, [MetricSpec::cpu_utilization(50)])).unwrap();
    let mode = match bytes.byte() % 4 {
        0 => FallbackMode::Current,
        1 => FallbackMode::Static(bytes.u32()),
        2 => FallbackMode::HigherOf(bytes.u32()),
        _ => FallbackMode::LowerOf(bytes.u32()),
    };
    let fallback = Fallback {
        failure_threshold: bytes.u32().max(1),
        mode,
    };
    let (a, b) = (bytes.u32(), bytes.u32());
    let bounds = [a.min(b), a.max(b)];
    let first = Hpa::new(first).unwrap();
    let policy = MaxOf::new([first, hpa()])
        .unwrap()
        .stabilized(secs(60), secs(300))
        .unwrap()
        .rate_limited(bytes.behavior())
        .unwrap()
        .with_fallback(fallback)
        .unwrap()
        .bounded(bounds[0]..=bounds[1])
        .unwrap();
    (policy, bounds)
}

proptest! {
    #![proptest_config(cases(2_000, 340_000))] // × 10 decisions × 3 policies

    #[test]
    fn nothing_panics_and_bounds_hold(bytes in vec(any::<u8>(), 100..3500)) {
        let mut bytes = Bytes::new(&bytes);
        let mut hpa = Hpa::new(bytes.hpa_config()).unwrap();
        let mut kpa = Kpa::new(bytes.kpa_config()).unwrap();
        let (mut stack, [min, max]) = stack(&mut bytes, hpa.config().clone());
        let mut out = Decision::default();
        let mut spec = bytes.u32();
        for _ in 0..10 {
            let now = bytes.duration();
            let seen = bytes.observation(spec);
            let copy = (hpa.clone(), kpa.clone(), stack.clone());
            kpa.decide_into(now, &seen, &mut out);
            prop_assert!(!out.blind || out.replicas == spec);
            prop_assert_eq!(&copy.1.clone().decide(now, &seen), &out);
            stack.decide_into(now, &seen, &mut out);
            prop_assert!((min..=max).contains(&out.replicas));
            prop_assert_eq!(&copy.2.clone().decide(now, &seen), &out);
            hpa.decide_into(now, &seen, &mut out);
            check_hpa(hpa.config(), &seen, &out)?;
            prop_assert_eq!(&copy.0.clone().decide(now, &seen), &out);
            spec = if bytes.byte().is_multiple_of(8) { bytes.u32() } else { out.replicas.max(1) };
        }
    }

    #[test]
    fn an_earlier_now_is_the_last_one(
        bytes in vec(any::<u8>(), 0..2000),
        times in vec(prop_oneof![4 => 0_u64..600, 1 => any::<u64>()], 12),
    ) {
        let mut bytes = Bytes::new(&bytes);
        let mut hpa = [(); 2].map({ let h = Hpa::new(bytes.hpa_config()).unwrap(); move |()| h.clone() });
        let mut kpa = [(); 2].map({ let k = Kpa::new(bytes.kpa_config()).unwrap(); move |()| k.clone() });
        let (policy, _) = stack(&mut bytes, hpa[0].config().clone());
        let mut stack = [policy.clone(), policy];
        let mut latest = Duration::ZERO;
        let mut spec = bytes.u32();
        for now in times.into_iter().map(Duration::from_secs) {
            latest = latest.max(now);
            let seen = bytes.observation(spec);
            let straight = hpa[0].decide(latest, &seen);
            prop_assert_eq!(&straight, &hpa[1].decide(now, &seen));
            prop_assert_eq!(kpa[0].decide(latest, &seen), kpa[1].decide(now, &seen));
            prop_assert_eq!(stack[0].decide(latest, &seen), stack[1].decide(now, &seen));
            spec = straight.replicas;
        }
        prop_assert_eq!(hpa[0].state(), hpa[1].state());
        prop_assert_eq!(kpa[0].state(), kpa[1].state());
    }
}

fn spec() -> impl Strategy<Value = MetricSpec> {
    let name = prop_oneof![Just("cpu".to_owned()), Just("memory".to_owned())];
    let target = prop_oneof![
        (1_u32..300).prop_map(ResourceTarget::Utilization),
        (1_i64..3000).prop_map(|t| ResourceTarget::AverageValue(Milli(t))),
    ];
    (name, target).prop_map(|(name, target)| MetricSpec::Resource { name, target })
}

/// Splits a byte string's groups into pods of one, with the samples that belong to them.
fn apart(seen: &Observation) -> Observation {
    let mut starts = Vec::new();
    let mut pods = Vec::new();
    for group in &seen.pods {
        starts.push(pods.len());
        pods.extend((0..group.count).map(|_| autoscale_core::PodGroup {
            count: 1,
            ..group.clone()
        }));
    }
    let mut taken = vec![0; seen.pods.len()];
    let readings = seen
        .readings
        .iter()
        .map(|reading| {
            let MetricReading::Pods(samples) = reading else {
                return reading.clone();
            };
            taken.fill(0);
            MetricReading::Pods(
                samples
                    .iter()
                    .flat_map(|sample| {
                        let (starts, taken) = (&starts, &mut taken);
                        (0..sample.count)
                            .map(move |_| {
                                let group = sample.group.filter(|g| *g < starts.len()).map(|g| {
                                    taken[g] += 1;
                                    starts[g] + taken[g] - 1
                                });
                                autoscale_core::Sample {
                                    group,
                                    count: 1,
                                    ..sample.clone()
                                }
                            })
                            .collect::<Vec<_>>()
                    })
                    .collect(),
            )
        })
        .collect();
    Observation {
        pods,
        readings,
        ..seen.clone()
    }
}

/// Small counts, and no group with more samples than pods.
fn modest(mut seen: Observation) -> Observation {
    for pod in &mut seen.pods {
        pod.count %= 7;
    }
    for reading in &mut seen.readings {
        let MetricReading::Pods(samples) = reading else {
            continue;
        };
        let mut left: Vec<_> = seen.pods.iter().map(|p| p.count).collect();
        for sample in &mut *samples {
            sample.count %= 4;
            if let Some(left) = sample.group.and_then(|g| left.get_mut(g)) {
                sample.count = sample.count.min(*left);
                *left -= sample.count;
            }
        }
        samples.retain(|sample| sample.count > 0);
    }
    seen
}

proptest! {
    #![proptest_config(cases(1_000, 200_000))]

    #[test]
    fn a_group_counts_as_much_as_its_pods(bytes in vec(any::<u8>(), 0..800), current in 0_u32..30) {
        let mut bytes = Bytes::new(&bytes);
        let mut hpa = Hpa::new(bytes.hpa_config()).unwrap();
        let seen = modest(bytes.observation(current));
        let grouped = hpa.clone().decide(secs(0), &seen);
        prop_assert_eq!(grouped, hpa.decide(secs(0), &apart(&seen)));
    }

    #[test]
    fn no_order_matters(
        bytes in vec(any::<u8>(), 0..800),
        current in 0_u32..30,
        turn in 0_usize..5,
        flip in any::<bool>(),
    ) {
        let mut bytes = Bytes::new(&bytes);
        let mut hpa = Hpa::new(bytes.hpa_config()).unwrap();
        let seen = modest(bytes.observation(current));
        let mut moved = seen.clone();
        for reading in &mut moved.readings {
            match reading {
                MetricReading::Pods(samples) => samples.reverse(),
                MetricReading::Values { values_milli, .. } => values_milli.reverse(),
                MetricReading::Failed => {}
            }
        }
        let count = seen.pods.len();
        let place = |i: usize| {
            let i = (i + turn) % count;
            if flip { count - 1 - i } else { i }
        };
        for (i, pod) in seen.pods.iter().enumerate() {
            moved.pods[place(i)] = pod.clone();
        }
        for sample in moved.readings.iter_mut().filter_map(|r| match r {
            MetricReading::Pods(samples) => Some(samples),
            _ => None,
        }).flatten() {
            sample.group = sample.group.map(|g| if g < count { place(g) } else { g });
        }
        let (mut a, mut b) = (hpa.clone().decide(secs(0), &seen), hpa.decide(secs(0), &moved));
        // Which of several failures is named, and what was counted before it, may differ.
        for stage in a.metrics.iter_mut().chain(&mut b.metrics) {
            if stage.error().is_some() {
                *stage = autoscale_core::MetricStage::default();
            }
        }
        prop_assert_eq!(a, b);
    }

    #[test]
    fn more_load_never_asks_for_less(
        metric in spec(),
        usages in vec(0_i64..4000, 1..20),
        more in vec(0_i64..2000, 20),
        current in 1_u32..25,
        history in vec((0_u64..40, 0_i64..4000), 0..8),
        behavior in vec(any::<u8>(), 60),
        bounds in (0_u32..10, 10_u32..60),
    ) {
        let behavior = (behavior[0] < 128).then(|| Bytes::new(&behavior).behavior());
        let config = HpaConfig::new(bounds.1, [metric])
            .with_min_replicas(bounds.0.max(1))
            .with_behavior(behavior);
        let mut hpa = Hpa::new(config).unwrap();
        let mut now = secs(0);
        let mut spec = current;
        let seen = |spec, usages: Vec<i64>| {
            let values: Vec<_> = usages.into_iter().map(Some).collect();
            let mut seen = with_pods(vec![pod(); values.len()], &values);
            seen.spec_replicas = spec;
            seen
        };
        for (step, usage) in history {
            now += secs(step);
            let all = usize::try_from(spec).unwrap();
            spec = hpa.decide(now, &seen(spec, vec![usage; all])).replicas;
        }
        let raised = usages.iter().zip(&more).map(|(a, b)| a + b).collect();
        let low = hpa.clone().decide(now + secs(15), &seen(spec, usages));
        let high = hpa.decide(now + secs(15), &seen(spec, raised));
        prop_assert!(high.replicas >= low.replicas, "{low:#?} {high:#?}");
        let proposal = |d: &Decision| d.metrics.first().map(|m| m.proposal.unwrap());
        prop_assert!(proposal(&high) >= proposal(&low));
    }
}

/// i128 sums hold what 150 groups of the largest counts, requests and targets add up to.
#[test]
fn sums_of_extremes() {
    let percent = MetricSpec::cpu_utilization(u32::MAX);
    let huge = autoscale_core::PodGroup {
        count: u32::MAX,
        ready_transition_age: Some(secs(30)),
        ..autoscale_core::PodGroup::running(0).with_request("app", "cpu", Milli(i64::MAX))
    };
    let mut seen = Observation::new(5).with_pods(vec![huge; 150]);
    seen.readings = vec![samples(&[Some(1)])];
    let mut hpa = Hpa::new(HpaConfig::new(10, [percent])).unwrap();
    assert!(hpa.decide(secs(0), &seen).replicas <= 10);
}
