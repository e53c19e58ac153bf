//! Snapshots continue where they were taken; logs replay; files are what people write.

use std::time::Duration;

use autoscale_core::{
    Bounded, Decision, Fallback, FallbackMode, Fixed, Hpa, HpaConfig, Kpa, KpaConfig, LogEntry,
    MaxOf, MetricReading, Milli, Observation, PodGroup, Policy, PolicyExt, RateLimited, Readiness,
    Sample, Stabilized, WithFallback, replay,
};
use proptest::collection::vec;
use proptest::prelude::{any, prop_assert_eq, proptest};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::cases;
use crate::decode::Bytes;
use crate::given::{cpu, secs, seen, seen_value};

fn through_json<T: Serialize + DeserializeOwned>(value: &T) -> T {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}

type Stack = Bounded<WithFallback<RateLimited<Stabilized<MaxOf<Hpa>>>>>;

fn stack(bytes: &mut Bytes<'_>, first: Hpa) -> Stack {
    let fallback = Fallback {
        failure_threshold: 2,
        mode: FallbackMode::HigherOf(4),
    };
    MaxOf::new([first, Hpa::new(HpaConfig::new(9, [cpu(50)])).unwrap()])
        .unwrap()
        .stabilized(secs(30), secs(60))
        .unwrap()
        .rate_limited(bytes.behavior())
        .unwrap()
        .with_fallback(fallback)
        .unwrap()
        .bounded(1..=40)
        .unwrap()
}

proptest! {
    #![proptest_config(cases(500, 50_000))]

    #[test]
    fn policies_continue(bytes in vec(any::<u8>(), 0..1500), stop in 0_usize..12) {
        let mut bytes = Bytes::plain(&bytes);
        let mut hpa = Hpa::new(bytes.hpa_config()).unwrap();
        let mut kpa = Kpa::new(bytes.kpa_config()).unwrap();
        let mut stack = stack(&mut bytes, hpa.clone());
        let mut restored = None;
        let mut spec = 5;
        let mut now = Duration::ZERO;
        for tick in 0..16 {
            if tick == stop {
                restored = Some((through_json(&hpa), through_json(&kpa), through_json(&stack)));
            }
            now += Duration::from_secs(u64::from(bytes.byte()));
            let seen = bytes.observation(spec);
            let decision = stack.decide(now, &seen);
            let others = (hpa.decide(now, &seen), kpa.decide(now, &seen));
            if let Some((hpa, kpa, stack)) = &mut restored {
                prop_assert_eq!(&decision, &stack.decide(now, &seen));
                prop_assert_eq!(&others, &(hpa.decide(now, &seen), kpa.decide(now, &seen)));
            }
            spec = decision.replicas;
        }
    }

    #[test]
    fn logs_replay(bytes in vec(any::<u8>(), 0..1500)) {
        let mut bytes = Bytes::plain(&bytes);
        let mut hpa = Hpa::new(bytes.hpa_config()).unwrap();
        let mut kpa = Kpa::new(bytes.kpa_config()).unwrap();
        let mut stack = stack(&mut bytes, hpa.clone());
        check_log(&mut hpa, &mut bytes.clone())?;
        check_log(&mut kpa, &mut bytes.clone())?;
        check_log(&mut stack, &mut bytes)?;
    }
}

fn check_log(
    policy: &mut (impl Policy + Clone),
    bytes: &mut Bytes<'_>,
) -> Result<(), proptest::test_runner::TestCaseError> {
    let mut again = policy.clone();
    let mut observation = bytes.observation(5);
    let mut now = Duration::ZERO;
    let mut log = Vec::new();
    for _ in 0..8 {
        let decision = policy.decide(now, &observation);
        let next = bytes.observation(decision.replicas);
        log.push(LogEntry {
            now,
            observation: std::mem::replace(&mut observation, next),
            decision,
        });
        now += Duration::from_nanos(u64::from(bytes.byte()) * 300_000_001);
    }
    let read: Vec<LogEntry> = through_json(&log);
    prop_assert_eq!(&read, &log);
    prop_assert_eq!(replay(&mut again, &read), Ok(8));
    Ok(())
}

/// Averages and ratios that do not end in binary come back as the same bits.
#[test]
fn floats_come_back() {
    let mut log = Vec::new();
    let mut kpa = Kpa::new(KpaConfig::new(0.3)).unwrap();
    let mut hpa = Hpa::new(HpaConfig::new(90, [crate::given::memory(617)])).unwrap();
    for tick in 0..2000_u32 {
        let now = Duration::from_secs(u64::from(tick) * 7);
        let observation = seen_value(3, i64::from(tick * 7919 % 3001));
        let decision = kpa.decide(now, &observation);
        log.push(LogEntry {
            now,
            observation,
            decision,
        });
        let observation = seen(&[i64::from(tick * 104_729 % 5003); 3]);
        let decision = hpa.decide(now, &observation);
        log.push(LogEntry {
            now,
            observation,
            decision,
        });
    }
    let read: Vec<LogEntry> = through_json(&log);
    let different = read.iter().zip(&log).filter(|(a, b)| a != b).count();
    assert_eq!(different, 0, "of {}", log.len());
}

/// Half a millisecond decides whether the sample's window began before the pod was ready.
#[test]
fn log_of_fractions_of_a_millisecond() {
    let us = Duration::from_micros;
    let pod = PodGroup {
        started_age: Some(secs(200)),
        ready_transition_age: Some(us(90_000_200)),
        ready: Some(Readiness::True),
        ..crate::given::pod()
    };
    let sample = Sample {
        age: us(30_000_500),
        ..Sample::of_group(0, 1, Milli(900))
    };
    let observation = Observation {
        readings: vec![MetricReading::Pods(vec![sample])],
        ..Observation::new(1).with_pods([pod])
    };
    check_single(observation);
}

/// A pod that has run for two centuries, a sample of unknown age.
#[test]
fn log_of_very_long_durations() {
    let pod = PodGroup {
        started_age: Some(Duration::MAX),
        ..crate::given::pod()
    };
    let mut observation = seen(&[900]);
    observation.pods = vec![pod];
    check_single(observation);
}

fn check_single(observation: Observation) {
    let hpa = || Hpa::new(HpaConfig::new(9, [cpu(50)])).unwrap();
    let decision = hpa().decide(secs(0), &observation);
    let entry = LogEntry {
        now: secs(0),
        observation,
        decision,
    };
    let text = serde_json::to_string(&[entry]).unwrap();
    let read: Vec<LogEntry> = serde_json::from_str(&text).unwrap();
    assert_eq!(replay(&mut hpa(), &read), Ok(1));
}

/// What the constructor accepts can be written and read back as it was.
#[test]
fn accepted_configurations_come_back() {
    let base = || HpaConfig::new(9, [cpu(50)]);
    for config in [
        base(),
        base().with_max_sample_age(None),
        base().with_downscale_stabilization(Duration::from_micros(1500)),
        base().with_max_sample_age(Some(Duration::MAX)),
        base().with_cpu_initialization_period(Duration::MAX),
        base().with_tolerance(0.1 + 0.2),
    ] {
        let Ok(hpa) = Hpa::new(config) else {
            continue; // refused at the door
        };
        let text = serde_json::to_string(&hpa).unwrap();
        let read = serde_json::from_str::<Hpa>(&text).map(|h| h.config().clone());
        assert_eq!(
            read.map_err(|e| e.to_string()).as_ref(),
            Ok(hpa.config()),
            "{text}"
        );
    }
}

/// A snapshot is no way around the constructor.
#[test]
fn broken_snapshots_are_refused() {
    fn accepts<T: Serialize + DeserializeOwned>(good: T, path: &[&str], bad: Value) -> bool {
        let mut value = serde_json::to_value(good).unwrap();
        let mut at = &mut value;
        for key in path {
            at = &mut at[*key];
        }
        *at = bad;
        serde_json::from_value::<T>(value).is_ok()
    }
    let fixed = Fixed(1);
    let hpa = Hpa::new(HpaConfig::new(9, [cpu(50)])).unwrap();
    let kpa = Kpa::new(KpaConfig::new(1.0)).unwrap();
    let calm = fixed.stabilized(secs(0), secs(1)).unwrap();
    let slow = fixed
        .rate_limited(autoscale_core::Behavior::default())
        .unwrap();
    let fallback = Fallback {
        failure_threshold: 1,
        mode: FallbackMode::Current,
    };
    let guarded = fixed.with_fallback(fallback).unwrap();
    let bounded = fixed.bounded(1..=5).unwrap();
    let many = MaxOf::new([fixed]).unwrap();
    let accepted: Vec<_> = [
        ("hpa", accepts(hpa, &["config", "max_replicas"], json!(0))),
        ("kpa", accepts(kpa, &["config", "target_value"], json!(0.0))),
        ("bounded: min > max", accepts(bounded, &["min"], json!(6))),
        ("stabilized: 2 h", accepts(calm, &["down"], json!("2h"))),
        (
            "rate limited: no policies",
            accepts(slow, &["rules", "scale_up", "policies"], json!([])),
        ),
        ("max of none", accepts(many, &["policies"], json!([]))),
        (
            "fallback: 0",
            accepts(guarded, &["fallback", "failure_threshold"], json!(0)),
        ),
    ]
    .into_iter()
    .filter_map(|(name, accepted)| accepted.then_some(name))
    .collect();
    assert!(accepted.is_empty(), "{accepted:?}");
}

#[test]
fn an_observation_written_by_hand() {
    let text = r#"{
        "spec_replicas": 3,
        "status_replicas": 4,
        "pods": [
            {
                "count": 3, "ready": "true", "started_age": "1h", "ready_transition_age": "59m",
                "containers": [
                    {"name": "app", "requests": [{"resource": "cpu", "amount_milli": 1000}]}
                ]
            },
            {"count": 1, "phase": "pending", "containers": [
                {"name": "app", "requests": [{"resource": "cpu", "amount_milli": 1000}]}
            ]}
        ],
        "readings": [
            {"pods": [
                {"group": 0, "count": 2, "value": {"milli": 900}, "age": "20s", "window": "1m"},
                {"group": 0, "value": {"containers": [{"name": "app", "value_milli": 600}]}}
            ]},
            {"values": {"values_milli": [25000, 15000], "age": 30}},
            "failed"
        ]
    }"#;
    let seen: Observation = serde_json::from_str(text).unwrap();
    assert_eq!(seen.ready_replicas(), 3);
    assert_eq!(seen.pods[1].phase, autoscale_core::Phase::Pending);
    let MetricReading::Pods(samples) = &seen.readings[0] else {
        panic!("{seen:?}")
    };
    assert_eq!(
        (samples[0].age, samples[1].count, samples[1].age),
        (secs(20), 1, secs(0))
    );
    let values_milli = vec![Milli(25_000), Milli(15_000)];
    let age = secs(30);
    assert_eq!(
        seen.readings[1..],
        [
            MetricReading::Values { values_milli, age },
            MetricReading::Failed
        ]
    );
    let decision: Decision = Hpa::new(HpaConfig::new(9, [cpu(50)]))
        .unwrap()
        .decide(secs(0), &seen);
    // 80 % of 3, 60 % of 4: ⌈1.2 × 4⌉
    assert_eq!(
        (decision.replicas, decision.metrics[0].utilization_percent),
        (5, Some(80))
    );
}

/// A slip of the pen is not taken for a fresh value.
#[test]
fn unknown_names_are_refused() {
    for slip in [
        r#"{"spec_replicas": 1, "status_replicas": 1, "pod": []}"#,
        r#"{"spec_replicas": 1, "status_replicas": 1, "pods": [{"count": 1, "redy": "true"}]}"#,
        r#"{"spec_replicas": 1, "status_replicas": 1,
            "readings": [{"values": {"values_milli": [1], "agee": "9h"}}]}"#,
    ] {
        assert!(serde_json::from_str::<Observation>(slip).is_err(), "{slip}");
    }
}
