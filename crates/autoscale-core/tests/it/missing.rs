//! Missing data never scales in: whatever is taken away from an observation, the decision does not
//! fall below both the current count and the decision with everything in place.

use std::time::Duration;

use autoscale_core::{
    Decision, Fallback, FallbackMode, Hpa, HpaConfig, Kpa, KpaConfig, MaxOf, MetricReading,
    MetricSpec, Milli, Observation, PodGroup, Policy, PolicyExt, Reason,
};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use crate::cases;
use crate::decode::Bytes;
use crate::given::{average, cpu, external, memory, object, pod, pods_metric, secs, value};

/// One thing that is missing.
#[derive(Clone, Debug)]
enum Loss {
    Sample(usize, usize),
    Stale(usize, usize),
    Negative(usize, usize),
    Failed(usize),
    Empty(usize),
    Pod,
}

fn loss(with_pods: bool) -> impl Strategy<Value = Loss> {
    let place = || (0_usize..4, 0_usize..12);
    prop_oneof![
        3 => place().prop_map(|(m, s)| Loss::Sample(m, s)),
        2 => place().prop_map(|(m, s)| Loss::Stale(m, s)),
        2 => place().prop_map(|(m, s)| Loss::Negative(m, s)),
        1 => (0_usize..4).prop_map(Loss::Failed),
        1 => (0_usize..4).prop_map(Loss::Empty),
        2 => Just(if with_pods { Loss::Pod } else { Loss::Failed(0) }),
    ]
}

fn lose(seen: &mut Observation, loss: &Loss, limit: Duration) {
    let count = seen.readings.len();
    let mut sample =
        |m: usize, s: usize, change: &dyn Fn(&mut Vec<autoscale_core::Sample>, usize)| {
            match &mut seen.readings[m % count] {
                MetricReading::Pods(samples) if !samples.is_empty() => {
                    let at = s % samples.len();
                    change(samples, at);
                }
                MetricReading::Values { values_milli, age } => match loss {
                    Loss::Stale(..) => *age = limit + secs(1),
                    Loss::Negative(..) => values_milli.push(Milli(-1)),
                    _ => values_milli.clear(),
                },
                _ => {}
            }
        };
    match *loss {
        Loss::Sample(m, s) => sample(m, s, &|all, at| drop(all.remove(at))),
        Loss::Stale(m, s) => sample(m, s, &|all, at| all[at].age = limit + secs(1)),
        Loss::Negative(m, s) => sample(m, s, &|all, at| {
            all[at].value = autoscale_core::SampleValue::Total(Milli(-7));
        }),
        Loss::Failed(m) => seen.readings[m % count] = MetricReading::Failed,
        Loss::Empty(m) => seen.readings[m % count] = MetricReading::Pods(Vec::new()),
        Loss::Pod => drop(seen.pods.pop()),
    }
}

fn per_pod() -> impl Strategy<Value = MetricSpec> {
    prop_oneof![
        (20_u32..200).prop_map(cpu),
        (50_i64..2000).prop_map(memory),
        (50_i64..2000).prop_map(pods_metric),
    ]
}

fn whole() -> impl Strategy<Value = MetricSpec> {
    let target =
        || (10_i64..3000, any::<bool>()).prop_map(|(t, a)| if a { average(t) } else { value(t) });
    prop_oneof![target().prop_map(object), target().prop_map(external)]
}

/// Everything in place: grown-up ready pods and, where `young`, ones that only just started.
fn full(metrics: &[MetricSpec], usages: &[i64], young: usize, spec: u32) -> Observation {
    let mut pods: Vec<_> = vec![crate::given::young(); young];
    // Every other one is grown up, or just past the time that its first sample may take.
    let adolescent = PodGroup {
        started_age: Some(secs(120)),
        ready_transition_age: Some(secs(91)),
        ..pod()
    };
    pods.extend((0..usages.len()).map(|i| [pod(), adolescent.clone()][i % 2].clone()));
    let reading = |(i, metric): (usize, &MetricSpec)| match metric {
        MetricSpec::Object { .. } | MetricSpec::External { .. } => {
            MetricReading::value(Milli(usages.iter().sum::<i64>() * (i as i64 + 1) / 2))
        }
        _ => MetricReading::Pods(
            usages
                .iter()
                .enumerate()
                .map(|(p, usage)| {
                    let usage = Milli((usage * (i as i64 + 2)) / 2);
                    autoscale_core::Sample::of_group(young + p, 1, usage)
                })
                .collect(),
        ),
    };
    Observation {
        spec_replicas: spec,
        ..Observation::new(u32::try_from(pods.len()).unwrap())
            .with_pods(pods)
            .with_readings(metrics.iter().enumerate().map(reading))
    }
}

/// The two decisions of a policy in the same state.
fn both(
    policy: &(impl Policy + Clone),
    now: Duration,
    full: &Observation,
    losses: &[Loss],
) -> [Decision; 2] {
    let mut holed = full.clone();
    for loss in losses {
        lose(&mut holed, loss, secs(300));
    }
    [full, &holed].map(|seen| policy.clone().decide(now, seen))
}

fn config(metrics: Vec<MetricSpec>, rules: &[u8], tolerance: f64) -> HpaConfig {
    let behavior = (rules[0] < 128).then(|| Bytes::new(rules).behavior());
    HpaConfig::new(60, metrics)
        .with_behavior(behavior)
        .with_tolerance(tolerance)
        .with_downscale_stabilization(secs(u64::from(rules[1])))
}

/// Runs a policy over its history, then compares.
macro_rules! never_below {
    ($policy:expr, $metrics:expr, $history:expr, $usages:expr, $young:expr, $losses:expr) => {{
        let mut policy = $policy;
        let mut spec = u32::try_from($usages.len() + $young).unwrap();
        let mut now = secs(0);
        for (step, usage) in &$history {
            now += secs(*step);
            let pods = usize::try_from(spec).unwrap();
            let seen = full($metrics, &vec![*usage; pods], 0, spec);
            spec = policy.decide(now, &seen).replicas.clamp(1, 60);
        }
        let seen = full($metrics, &$usages, $young, spec);
        let [full, holed] = both(&policy, now + secs(15), &seen, &$losses);
        prop_assert!(
            holed.replicas >= full.replicas.min(spec),
            "{} of {spec} with everything, {} without: {full:#?} {holed:#?}",
            full.replicas,
            holed.replicas
        );
    }};
}

fn history() -> impl Strategy<Value = Vec<(u64, i64)>> {
    vec((0_u64..90, 0_i64..3000), 0..8)
}

proptest! {
    #![proptest_config(cases(1_500, 300_000))]

    #[test]
    fn hpa_per_pod_metrics(
        metrics in vec(per_pod(), 1..4), rules in vec(any::<u8>(), 60), tolerance in 0.0_f64..0.4,
        usages in vec(0_i64..3000, 1..12), young in 0_usize..3, history in history(),
        losses in vec(loss(true), 1..6),
    ) {
        let hpa = Hpa::new(config(metrics.clone(), &rules, tolerance)).unwrap();
        never_below!(hpa, &metrics, history, usages, young, losses);
    }

    #[test]
    fn hpa_whole_target_metrics(
        metrics in vec(whole(), 1..4), rules in vec(any::<u8>(), 60), tolerance in 0.0_f64..0.4,
        usages in vec(0_i64..3000, 1..12), history in history(), losses in vec(loss(true), 1..6),
    ) {
        let hpa = Hpa::new(config(metrics.clone(), &rules, tolerance)).unwrap();
        never_below!(hpa, &metrics, history, usages, 0_usize, losses);
    }

    #[test]
    fn kpa(
        target in 10.0_f64..2000.0, usages in vec(0_i64..3000, 1..12), history in history(),
        delay in 0_u64..20, up in 1.0_f64..20.0, losses in vec(loss(true), 1..4),
    ) {
        let config = KpaConfig::new(target / 1000.0)
            .with_max_scale_up_rate(up)
            .with_scale_down_delay(secs(delay));
        let metrics = [pods_metric(1)];
        never_below!(Kpa::new(config).unwrap(), &metrics, history, usages, 0_usize, losses);
    }

    #[test]
    fn combinators(
        metrics in vec(per_pod(), 2..4), rules in vec(any::<u8>(), 60), windows in (0_u64..200, 0_u64..400),
        usages in vec(0_i64..3000, 1..12), young in 0_usize..3, history in history(),
        losses in vec(loss(true), 1..6), higher in proptest::option::of(0_u32..30), threshold in 1_u32..3,
    ) {
        let one = |i: usize| {
            let config = config(vec![metrics[i].clone()], &rules, 0.1).with_first_reading(i);
            Hpa::new(config).unwrap()
        };
        let mode = higher.map_or(FallbackMode::Current, FallbackMode::HigherOf);
        let policy = MaxOf::new([one(0), one(1)])
            .unwrap()
            .stabilized(secs(windows.0), secs(windows.1))
            .unwrap()
            .rate_limited(Bytes::new(&rules).behavior())
            .unwrap()
            .with_fallback(Fallback { failure_threshold: threshold, mode })
            .unwrap()
            .bounded(1..=70)
            .unwrap();
        never_below!(policy, &metrics, history, usages, young, losses);
    }

    #[test]
    fn all_failed_keeps_the_count(
        metrics in vec(prop_oneof![per_pod(), whole()], 1..4), rules in vec(any::<u8>(), 60),
        spec in 1_u32..60, history in history(), ready in 0_u32..80, fails in vec(0_u8..3, 4),
    ) {
        let mut hpa = Hpa::new(config(metrics.clone(), &rules, 0.1)).unwrap();
        let mut kpa = Kpa::new(KpaConfig::new(1.0)).unwrap();
        let mut now = secs(0);
        for (step, usage) in history {
            now += secs(step);
            let seen = full(&metrics, &[usage; 10], 0, 10);
            hpa.decide(now, &seen);
            kpa.decide(now, &seen);
        }
        let seen = Observation {
            spec_replicas: spec,
            ..Observation::new(ready)
                .with_pods([PodGroup { count: ready, ..pod() }])
                .with_readings(fails.iter().map(|f| match f {
                    0 => MetricReading::Failed,
                    1 => MetricReading::Pods(vec![]),
                    _ => MetricReading::Values { values_milli: vec![], age: secs(0) },
                }))
        };
        let decision = hpa.decide(now, &seen);
        prop_assert_eq!((decision.replicas, decision.reason), (spec, Reason::MetricsFailed));
        let decision = kpa.decide(now, &seen);
        prop_assert_eq!((decision.replicas, decision.reason), (spec, Reason::NoData));
    }
}
