//! What holds for every configuration, whatever it sees and whenever it is asked.

use std::time::Duration;

use autoscale_core::{Decision, Policy, Predictive, PredictiveConfig, StageKind};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::service::{REPLICA_MILLI, steady};
use crate::cases;
use crate::decode::Bytes;
use crate::given::secs;

pub(super) fn any_config() -> impl Strategy<Value = PredictiveConfig> {
    let share = prop_oneof![Just(1e-6), Just(0.5), 1e-4..0.2];
    let target = prop_oneof![4 => 0.1..200.0, 1 => Just(f64::MIN_POSITIVE), 1 => Just(f64::MAX)];
    let interval = prop_oneof![3 => Just(15_000), 1 => Just(1_000), 1 => 1_000..600_000_u64];
    let max = prop_oneof![4 => 1..60_u32, 1 => Just(700)];
    let origin = prop_oneof![
        Just(Duration::ZERO),
        Just(Duration::MAX),
        Just(secs(1_800_000_450))
    ];
    let times = (interval, 0..40_u32, 0..8_u32);
    (share, target, times, max, any::<u32>(), origin).prop_map(
        |(share, target, (interval, start_up, lag), max, min, origin)| {
            let interval = Duration::from_millis(interval);
            PredictiveConfig::new(share, target)
                .with_interval(interval)
                .with_start_up(interval * start_up)
                .with_metric_lag((interval * lag).min(secs(3600)))
                .with_max_replicas(max)
                .with_min_replicas(1 + min % max)
                .with_unix_origin(origin)
        },
    )
}

proptest! {
    #![proptest_config(cases(100, 5_000))]

    #[test]
    fn nothing_panics_and_bounds_hold(
        config in any_config(),
        other in any_config(),
        bytes in vec(any::<u8>(), 100..3500),
    ) {
        let mut bytes = Bytes::new(&bytes);
        let mut policy = Predictive::new(config.clone()).unwrap();
        let mut config = config;
        let mut out = Decision::default();
        let mut spec = bytes.u32();
        let mut now = Duration::ZERO;
        for _ in 0..24 {
            match bytes.byte() % 16 {
                0 => now = bytes.duration(),
                1 => {
                    policy.reconfigure(other.clone()).unwrap();
                    config = other.clone();
                }
                _ => now = now.saturating_add(config.interval),
            }
            let seen = bytes.observation(spec);
            let mut twin = policy.clone();
            policy.decide_into(now, &seen, &mut out);
            prop_assert_eq!(&twin.decide(now, &seen), &out);
            let bounds = config.min_replicas..=config.max_replicas;
            if out.blind {
                let kept = spec.clamp(config.min_replicas, config.max_replicas);
                prop_assert_eq!(out.replicas, kept);
            } else {
                prop_assert!(bounds.contains(&out.replicas));
                prop_assert!(out.ladder.rungs.iter().all(|r| bounds.contains(&r.replicas)));
                prop_assert!(out.ladder.rungs.iter().all(|r| r.bad_share.is_finite()));
                let followed = out.ladder.rungs[out.ladder.followed.unwrap()];
                prop_assert_eq!(Some(followed.replicas), out.after(StageKind::Bounded));
            }
            let reading = policy.config().gauge.read(&seen);
            if reading.is_err() || reading.is_ok_and(|r| !r.complete) {
                prop_assert!(out.replicas >= spec.min(config.max_replicas));
            }
            spec = if bytes.byte().is_multiple_of(8) { bytes.u32() } else { out.replicas };
        }
    }

    #[test]
    fn a_larger_load_never_runs_less_than_it_needs_for_long(
        loads in vec(0.0..40.0_f64, 1..6),
        start_up in 0..20_u64,
    ) {
        let config = PredictiveConfig::new(0.01, REPLICA_MILLI / 1000.0)
            .with_start_up(secs(15 * start_up))
            .with_max_replicas(50);
        let mut policy = Predictive::new(config).unwrap();
        let (mut now, mut replicas) = (Duration::ZERO, 1);
        for load in loads {
            for _ in 0..40 {
                now += secs(15);
                replicas = policy.decide(now, &steady(replicas, load)).replicas;
            }
            // Ten minutes on, at the latest.
            prop_assert!(f64::from(replicas) >= load - 1e-4, "{replicas} for {load}");
        }
    }
}
