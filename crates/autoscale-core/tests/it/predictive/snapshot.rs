//! Snapshots continue where they were taken.

use autoscale_core::{Decision, Policy, Predictive, PredictiveConfig};
use proptest::collection::vec;
use proptest::prelude::{any, prop_assert_eq, proptest};
use serde_json::{Value, json};

use super::properties::any_config;
use super::service::{HOUR, Noise, Service, config, hourly_burst, steady};
use crate::cases;
use crate::decode::Bytes;
use crate::given::secs;

fn through_json(policy: &Predictive) -> Predictive {
    serde_json::from_str(&serde_json::to_string(policy).unwrap()).unwrap()
}

#[test]
fn a_run_continues_bit_for_bit() {
    // Anywhere among the ticks at which something is only now and then rebuilt.
    for stop in [0, 1, 9, 30, 31, 247, 1003, 1010, 1019, 2 * HOUR * 6 + 11] {
        let (mut service, mut noise) = (Service::new(config()), Noise(stop));
        let mut load = |tick| hourly_burst(tick) * (0.1 * noise.normal()).exp();
        for tick in 0..stop {
            service.step(load(tick));
        }
        let mut restored = service.clone();
        restored.policy = through_json(&service.policy);
        for tick in stop..stop + HOUR {
            let demand = load(tick);
            service.step(demand);
            restored.step(demand);
            assert_eq!(restored.out, service.out, "{stop} {tick}");
        }
    }
}

proptest! {
    #![proptest_config(cases(20, 500))]

    #[test]
    fn whatever_was_seen(
        config in any_config(),
        bytes in vec(any::<u8>(), 0..1500),
        stop in 0_u64..60,
    ) {
        let mut bytes = Bytes::plain(&bytes);
        // What is written to a file has whole milliseconds and an end.
        let config = config.with_unix_origin(secs(1_800_000_450));
        let mut policy = Predictive::new(config).unwrap();
        let mut restored = policy.clone();
        let mut spec = 4;
        for tick in 0..80 {
            if tick == stop {
                restored = through_json(&policy);
            }
            let now = policy.config().interval * u32::try_from(tick).unwrap();
            let seen = if tick % 3 == 0 {
                bytes.observation(spec)
            } else {
                steady(spec % 50, f64::from(bytes.byte()) / 8.0)
            };
            let decision = policy.decide(now, &seen);
            prop_assert_eq!(&decision, &restored.decide(now, &seen));
            spec = decision.replicas;
        }
    }
}

fn written() -> Value {
    let mut service = Service::new(config());
    service.run(2 * HOUR, hourly_burst);
    serde_json::to_value(&service.policy).unwrap()
}

#[test]
fn another_bound_in_the_file_starts_the_records_anew() {
    for max in [1, 2, 99, 101, 700, 1_000_000] {
        let mut file = written();
        file["config"]["max_replicas"] = json!(max);
        let mut policy: Predictive = serde_json::from_value(file).unwrap();
        let mut out = Decision::default();
        policy.decide_into(secs(15 * 480), &steady(4, 4.0), &mut out);
        let kept = (4.min(max), true);
        assert_eq!((out.replicas, out.blind), kept, "nothing to repeat");
        policy.decide_into(secs(15 * 499), &steady(4, 14.0), &mut out);
        assert!(
            out.ladder.rungs[7].cost <= 4.0,
            "one interval of a fleet of 4"
        );
        for tick in 0..HOUR {
            policy.decide_into(secs(15 * (500 + tick)), &steady(4, 14.0), &mut out);
            assert!((1..=max).contains(&out.replicas), "{max}");
        }
        assert!(out.replicas >= max.min(14), "{max}");
    }
}

#[test]
fn another_bound_in_the_file_holds_at_once() {
    let mut file = written();
    file["config"]["min_replicas"] = json!(90);
    let mut policy: Predictive = serde_json::from_value(file).unwrap();
    let out = policy.decide(secs(15 * 480), &steady(4, 4.0));
    assert_eq!((out.replicas, out.blind), (90, false));
}

#[test]
fn nonsense_in_the_file_is_refused_or_survived() {
    let mut file = written();
    file["config"]["accepted_bad_share"] = json!(0.9);
    let refused = serde_json::from_value::<Predictive>(file).unwrap_err();
    let message = "accepted_bad_share is 0.9, must be 1e-6 … 0.5";
    assert_eq!(refused.to_string(), message);

    for (at, value) in [
        ("/forecast/horizon", json!(u64::MAX)),
        ("/forecast/horizon", json!(0)),
        ("/forecast/ticks_a_minute", json!(0.0)),
        ("/forecast/pending/0/naive_error", json!(-1.0)),
        ("/forecast/pending/0/level", json!(0.0)),
    ] {
        let mut file = written();
        *file.pointer_mut(at).unwrap() = value;
        let refused = serde_json::from_value::<Predictive>(file).unwrap_err();
        assert!(
            refused.to_string().starts_with("forecast is not sound"),
            "{at}"
        );
    }
    for (at, value) in [
        ("/forecast/learnt", json!(u64::MAX)),
        ("/forecast/smooth/seen", json!(u64::MAX)),
        ("/ladder/seen", json!(u64::MAX)),
        ("/ladder/followed", json!(28)),
        ("/ladder/candidates", json!([])),
        ("/ladder/candidates/3/held/top", json!(4000)),
        ("/ladder/candidates/3/held/idle", json!([])),
        (
            "/ladder/floor_plant/orders",
            json!([[1, 4_294_967_295_u32]]),
        ),
        ("/ladder/candidates/0/plant/past", json!([])),
        ("/ladder/last_minute", json!([])),
        ("/forecast/phases/histograms", json!([])),
        ("/forecast/clock/quarters", json!([])),
        ("/forecast/errors/levels", json!([])),
        ("/forecast/shapes/0/mass", json!([])),
        ("/forecast/pending", json!([])),
        ("/clock/count", json!(u64::MAX)),
        ("/ready", json!([])),
        ("/wanted", Value::Null),
    ] {
        let mut file = written();
        *file.pointer_mut(at).unwrap_or_else(|| panic!("{at}")) = value;
        let mut policy: Predictive = serde_json::from_value(file).unwrap();
        for tick in 480..600 {
            let out = policy.decide(secs(15 * tick), &steady(4, 6.0));
            assert!((1..=100).contains(&out.replicas), "{at}");
            let index = out.ladder.followed;
            assert!(out.blind || index.unwrap() < out.ladder.rungs.len(), "{at}");
        }
    }
}

#[test]
fn another_start_up_is_another_horizon() {
    let mut policy = Predictive::new(config()).unwrap();
    let slow = config().with_start_up(secs(600));
    policy.reconfigure(slow.clone()).unwrap();
    let file = serde_json::to_value(&policy).unwrap();
    assert_eq!(file["forecast"]["horizon"], json!(slow.horizon()));
    assert_eq!(slow.horizon(), 43);
}

#[test]
fn a_configuration_is_what_people_write() {
    let text = r#"{"accepted_bad_share": 0.02, "target_value": 50.0, "start_up": "2m"}"#;
    let read: PredictiveConfig = serde_json::from_str(text).unwrap();
    let expected = PredictiveConfig::new(0.02, 50.0).with_start_up(secs(120));
    assert_eq!(read, expected);
    let written = serde_json::to_string(&expected).unwrap();
    assert_eq!(
        serde_json::from_str::<PredictiveConfig>(&written).unwrap(),
        expected
    );
    let typo = r#"{"accepted_bad_share": 0.02, "target_value": 50.0, "startup": "2m"}"#;
    assert!(serde_json::from_str::<PredictiveConfig>(typo).is_err());
}
