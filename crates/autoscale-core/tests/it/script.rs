//! What holds for every policy that reads figures, over any script of ticks: decisions repeat, an
//! earlier `now` is the last one, snapshots continue, and missing data makes nothing smaller.

use std::time::Duration;

use autoscale_core::{
    ActivationBurst, ActivationConfig, Decision, Fixed, Gauge, LoadTrend, MetricReading, Milli,
    Observation, PodGroup, Policy, PolicyExt, Sample, Scoring, Statistic, Triggers, TriggersConfig,
    WeightedConfig, WeightedFactors,
};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::test_runner::TestCaseError;

use crate::cases;
use crate::given::{pod, secs};

/// One tick of a service whose readings are CPU and memory of its pods and values of the whole.
#[derive(Clone, Debug)]
pub(crate) struct Tick {
    wait: Duration,
    figures: [i64; 6],
    lost: [Option<u8>; 6],
    short: bool,
    spec: Option<u32>,
}

pub(crate) fn ticks() -> impl Strategy<Value = Vec<Tick>> {
    let wait = prop_oneof![
        6 => (0_u64..120_000).prop_map(Duration::from_millis),
        1 => (0_u64..7200).prop_map(Duration::from_secs),
    ];
    let figure = prop_oneof![
        4 => 0_i64..1500,
        2 => 0_i64..200_000,
        1 => any::<i64>().prop_map(|v| v.saturating_abs()),
    ];
    let lost = proptest::option::weighted(0.3, any::<u8>());
    let spec = proptest::option::weighted(0.1, 0_u32..50);
    let figures = proptest::array::uniform6(figure);
    let lost = proptest::array::uniform6(lost);
    let tick = (wait, figures, lost, proptest::bool::weighted(0.1), spec);
    let tick = tick.prop_map(|(wait, figures, lost, short, spec)| Tick {
        wait,
        figures,
        lost,
        short,
        spec,
    });
    vec(tick, 1..40)
}

impl Tick {
    /// Everything in place, or not.
    fn seen(&self, spec: u32, whole: bool) -> Observation {
        let readings = self.figures.iter().zip(self.lost).enumerate();
        let readings = readings.map(|(i, (figure, lost))| {
            let lost = lost.filter(|_| !whole);
            let samples =
                |count: u32| MetricReading::Pods(vec![Sample::of_group(0, count, Milli(*figure))]);
            match (lost, i) {
                (None, 0 | 1) => samples(spec),
                (None, _) => MetricReading::value(Milli(*figure)),
                (Some(how), 0 | 1) if how % 4 == 0 && spec > 1 => samples(spec - 1),
                (Some(how), _) if how % 4 == 1 => MetricReading::value(Milli(-1)),
                (Some(how), _) if how % 4 == 2 => MetricReading::Pods(vec![]),
                (Some(_), _) => MetricReading::Failed,
            }
        });
        let listed = if self.short && !whole { spec / 2 } else { spec };
        Observation::new(spec)
            .with_pods([PodGroup {
                count: listed,
                ..pod()
            }])
            .with_readings(readings)
    }
}

/// Plays the script on a policy.
pub(crate) fn play<P>(policy: P, script: &[Tick]) -> Result<Vec<Decision>, TestCaseError>
where
    P: Policy + Clone + Restored,
{
    let (mut policy, mut log) = (policy, Vec::new());
    let (mut now, mut spec) = (Duration::ZERO, 5);
    for tick in script {
        now += tick.wait;
        spec = tick.spec.unwrap_or(spec);
        let seen = tick.seen(spec, false);
        let whole = policy.clone().decide(now, &tick.seen(spec, true));
        let mut again = match log.len() % 8 {
            0 => policy.restored(),
            _ => policy.clone(),
        };
        let mut early = policy.clone();
        let decision = policy.decide(now, &seen);
        prop_assert_eq!(decision.current_replicas, spec);
        prop_assert!(
            decision.replicas >= spec.min(whole.replicas),
            "{} of {spec} with everything, {decision:#?} without",
            whole.replicas
        );
        prop_assert_eq!(&again.decide(now, &seen), &decision);
        // Seen once more a moment earlier: as at the same moment.
        early.decide(now, &seen);
        let (mut same, earlier) = (early.clone(), now.saturating_sub(secs(1)));
        prop_assert_eq!(same.decide(now, &seen), early.decide(earlier, &seen));
        if let Some(at) = policy.next_wakeup() {
            prop_assert!(at > now, "{at:?} at {now:?}");
        }
        spec = decision.replicas.min(1000);
        log.push(decision);
    }
    Ok(log)
}

/// A copy that went through a file, where files can be written.
pub(crate) trait Restored {
    fn restored(&self) -> Self;
}

#[cfg(feature = "serde")]
impl<P: serde::Serialize + serde::de::DeserializeOwned> Restored for P {
    fn restored(&self) -> Self {
        serde_json::from_str(&serde_json::to_string(self).unwrap()).unwrap()
    }
}

#[cfg(not(feature = "serde"))]
impl<P: Clone> Restored for P {
    fn restored(&self) -> Self {
        self.clone()
    }
}

proptest! {
    #![proptest_config(cases(100, 20_000))]

    #[test]
    fn triggers(script in ticks(), requests in 0.0_f64..200.0) {
        let triggers = Triggers::new(TriggersConfig::web_service(requests)).unwrap();
        play(triggers, &script)?;
    }

    #[test]
    fn weighted_factors(script in ticks(), plain in any::<bool>(), minutes in 0_u64..10, least in 0.0_f64..1.0) {
        let rate = LoadTrend::new(Gauge::new(Statistic::Total).with_reading(5));
        let config = WeightedConfig::default()
            .with_scoring(if plain { Scoring::Plain } else { Scoring::Demand })
            .with_trend(Some(rate.with_window(secs(150))))
            .with_dampening(secs(minutes * 60))
            .with_min_confidence(least);
        let policy = WeightedFactors::new(config).unwrap();
        for decision in play(policy, &script)? {
            let sure = decision.confidence.unwrap_or(0.0);
            prop_assert!((0.0..=1.0).contains(&sure), "{sure}");
            let shares: f64 = decision.factors.iter().map(|f| f.weight).sum();
            let none = plain || decision.factors.iter().any(|f| f.weight > 0.0);
            prop_assert!((shares - f64::from(u8::from(none))).abs() < 1e-9 || decision.current_replicas == 0, "{shares}");
        }
    }

    #[test]
    fn activation(
        script in ticks(), threshold in 0_u32..500, gradual in any::<bool>(), idle in 0_u32..4,
        cooldown in 0_u64..600, burst in proptest::option::of(1_u32..5), inner in 0_u32..12, triggers in any::<bool>(),
    ) {
        let config = ActivationConfig::new(Gauge::new(Statistic::Value).with_reading(2))
            .with_activation_threshold(f64::from(threshold) / 1000.0)
            .with_cooldown(secs(cooldown))
            .with_idle_replicas(idle)
            .with_min_active(idle + 2)
            .with_gradual(gradual)
            .with_capacity(Some(0.2))
            .with_burst(burst.map(ActivationBurst::Replicas));
        if triggers {
            let inner = Triggers::new(TriggersConfig::web_service(50.0)).unwrap();
            // What an inner policy does not see, it cannot object to: the gauge alone decides.
            play(inner.activated(config.with_gradual(false)).unwrap(), &script)?;
        } else {
            play(Fixed(inner).activated(config).unwrap(), &script)?;
        }
    }
}

#[cfg(feature = "schedule")]
proptest! {
    #![proptest_config(cases(50, 10_000))]

    #[test]
    fn schedules(script in ticks(), min in 0_u32..8, most in 8_u32..12, origin in -4_000_000_000_i64..8_000_000_000) {
        use autoscale_core::{Schedule, ScheduleEntry, ScheduleUntil};
        let end = ScheduleUntil::After(secs(180));
        let often = ScheduleEntry::new("*/5 * * * *", end, "Europe/Berlin").with_min(Some(min));
        let end = ScheduleUntil::Cron("20,50 * * * *".into());
        let half = ScheduleEntry::new("0,30 * * * *", end, "Australia/Lord_Howe").with_max(Some(most));
        let schedule = Schedule::new([often, half]).with_origin_unix(origin);
        let inner = Triggers::new(TriggersConfig::web_service(50.0)).unwrap();
        play(inner.scheduled(schedule).unwrap(), &script)?;
    }
}
