//! What a policy is shown, and what it does where it is shown nothing.

use std::time::Duration;

use autoscale_core::{
    Hpa, HpaConfig, Kpa, KpaConfig, MetricReading, MetricSpec, Milli, Observation, Policy, Reason,
    SampleValue, from_fn,
};
use plimsoll_sim::{Outage, PlantConfig, Signal};

use super::{Row, play};
use crate::{demand, start_up};

/// A value of a reading, its age in seconds and the pods that it is of.
type Shown = Option<(i64, u64, u32)>;

fn shown(reading: &MetricReading) -> Shown {
    match reading {
        MetricReading::Failed => None,
        MetricReading::Values { values_milli, age } => {
            assert_eq!(values_milli.len(), 1);
            Some((values_milli[0].0, age.as_secs(), 0))
        }
        MetricReading::Pods(samples) => {
            let value = |v: &SampleValue| match v {
                SampleValue::Total(Milli(milli)) => *milli,
                SampleValue::Containers(parts) => {
                    assert_eq!((parts.len(), parts[0].name.as_str()), (1, "app"));
                    parts[0].value.unwrap().0
                }
            };
            let first = &samples[0];
            let same = |s: &autoscale_core::Sample| s.value == first.value && s.age == first.age;
            assert!(samples.iter().all(same), "pods of one service differ");
            let pods = samples.iter().map(|s| s.count).sum();
            Some((value(&first.value), first.age.as_secs(), pods))
        }
    }
}

/// What each tick's observation holds for each signal; the orders are `orders`.
fn observe(
    load: &[f64],
    config: &PlantConfig,
    signals: &[Signal],
    orders: &[u32],
) -> Vec<Vec<Shown>> {
    let mut all = Vec::new();
    let mut policy = from_fn(|_, seen: &Observation| {
        assert_eq!(seen.readings.len(), signals.len());
        all.push(seen.readings.iter().map(shown).collect());
        orders[(all.len() - 1).min(orders.len() - 1)]
    });
    play(load, config, signals, &mut policy);
    all
}

/// Loads of 1, 2, 3 … replicas, which are 80, 160, 240 … requests a second.
const RISING: [f64; 8] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];

#[test]
fn the_newest_sample_is_one_lag_old() {
    let seconds = Duration::from_secs;
    for (lag, scrape, sampled) in [
        (
            0,
            0,
            [
                Some(0),
                Some(1),
                Some(2),
                Some(3),
                Some(4),
                Some(5),
                Some(6),
                Some(7),
            ],
        ),
        (
            15,
            15,
            [
                None,
                Some(0),
                Some(1),
                Some(2),
                Some(3),
                Some(4),
                Some(5),
                Some(6),
            ],
        ),
        (
            30,
            0,
            [
                None,
                None,
                Some(0),
                Some(1),
                Some(2),
                Some(3),
                Some(4),
                Some(5),
            ],
        ),
        (
            16,
            0,
            [
                None,
                None,
                Some(0),
                Some(1),
                Some(2),
                Some(3),
                Some(4),
                Some(5),
            ],
        ),
        (
            0,
            45,
            [
                Some(0),
                Some(0),
                Some(0),
                Some(3),
                Some(3),
                Some(3),
                Some(6),
                Some(6),
            ],
        ),
        (
            30,
            45,
            [
                None,
                None,
                Some(0),
                Some(0),
                Some(0),
                Some(3),
                Some(3),
                Some(3),
            ],
        ),
        (900, 0, [None; 8]),
    ] {
        let mut config = start_up(0);
        config.metric_lag = seconds(lag);
        config.scrape_interval = seconds(scrape);
        let expected: Vec<Vec<Shown>> = (0..8_u64)
            .zip(sampled)
            .map(|(t, s)| vec![s.map(|s| (80_000 * (s as i64 + 1), 15 * (t - s), 0))])
            .collect();
        let seen = observe(&RISING, &config, &[Signal::TotalRate], &[1]);
        assert_eq!(seen, expected, "lag {lag} s, scrape {scrape} s");
    }
}

#[test]
fn each_signal_shows_the_load_of_the_pods_that_served_it() {
    let mut config = start_up(15);
    config.metric_lag = Duration::ZERO;
    let signals = [
        Signal::TotalRate,
        Signal::PodRate,
        Signal::Cpu,
        Signal::ContainerCpu,
    ];
    // Two replicas' load of 100 requests a second each at most; a third and fourth are ordered at
    // the end of tick 1, start in tick 2 and serve from tick 3 on.
    let seen = observe(&[2.0; 5], &config, &signals, &[2, 4]);
    let of = |pods: u32| {
        let each = 160_000 / i64::from(pods);
        vec![
            Some((160_000, 0, 0)),
            Some((each, 0, pods)),
            Some((each / 100, 0, pods)),
            Some((each / 100, 0, pods)),
        ]
    };
    assert_eq!(seen, [of(2), of(2), of(2), of(4), of(4)]);
}

#[test]
fn a_late_sample_is_of_the_pods_that_served_then() {
    let mut config = start_up(0);
    config.metric_lag = Duration::from_secs(30);
    // Two serve in ticks 0 and 1, four in ticks 2 and 3, one from tick 4 on.
    let seen = observe(&[2.0; 7], &config, &[Signal::PodRate], &[2, 4, 4, 1]);
    let shown: Vec<Shown> = seen.into_iter().map(|s| s[0]).collect();
    // Pods that are gone have no sample; the rest show what they carried then.
    let expected = [
        None,
        None,
        Some((80_000, 30, 2)),
        Some((80_000, 30, 2)),
        Some((40_000, 30, 1)),
        Some((40_000, 30, 1)),
        Some((160_000, 30, 1)),
    ];
    assert_eq!(shown, expected);
}

#[test]
fn pods_show_their_readiness_and_age() {
    let mut all = Vec::new();
    let mut policy = from_fn(|_, seen: &Observation| {
        let pods = seen.pods.iter().map(|p| {
            let seconds = |age: Option<Duration>| age.map(|a| a.as_secs().min(999));
            let ready = p.ready == Some(autoscale_core::Readiness::True);
            (
                p.count,
                ready,
                seconds(p.started_age),
                seconds(p.ready_transition_age),
            )
        });
        all.push((
            seen.spec_replicas,
            seen.status_replicas,
            pods.collect::<Vec<_>>(),
        ));
        3
    });
    play(&[1.0; 5], &start_up(30), &[Signal::Cpu], &mut policy);
    let old = (1, true, Some(999), Some(999));
    let expected = [
        (1, 1, vec![old]),
        (3, 3, vec![old, (2, false, Some(15), Some(15))]),
        (3, 3, vec![old, (2, false, Some(30), Some(30))]),
        (3, 3, vec![old, (2, true, Some(45), Some(15))]),
        (3, 3, vec![old, (2, true, Some(60), Some(30))]),
    ];
    assert_eq!(all, expected);
}

#[test]
fn an_outage_fails_every_reading() {
    let mut config = start_up(0);
    config.metric_lag = Duration::ZERO;
    config.outages = vec![Outage { from: 2, to: 4 }, Outage { from: 6, to: 7 }];
    let seen = observe(&RISING, &config, &[Signal::TotalRate, Signal::Cpu], &[1]);
    let failed: Vec<bool> = seen.iter().map(|s| s.iter().all(Option::is_none)).collect();
    assert_eq!(
        failed,
        [false, false, true, true, false, false, true, false]
    );
    let whole = seen.iter().zip(failed).filter(|(_, failed)| !failed);
    assert!(whole.clone().count() == 5);
    whole.for_each(|(s, _)| assert!(s.iter().all(Option::is_some), "{s:?}"));
}

/// Load that halves at tick 40, with and without metrics from then on until tick 80.
fn through_an_outage<P: Policy>(signal: Signal, policy: impl Fn() -> P) -> (Vec<Row>, Vec<Row>) {
    let load: Vec<f64> = (0..120).map(|t| if t < 40 { 20.0 } else { 5.0 }).collect();
    let healthy = start_up(15);
    let mut blind = healthy.clone();
    blind.outages = vec![Outage { from: 40, to: 80 }];
    (
        play(&load, &healthy, &[signal], &mut policy()),
        play(&load, &blind, &[signal], &mut policy()),
    )
}

#[test]
fn without_metrics_nothing_is_scaled_in() {
    let hpa = || {
        let mut config = HpaConfig::new(400, [MetricSpec::cpu_utilization(70)]);
        config.downscale_stabilization = Duration::ZERO;
        Hpa::new(config).unwrap()
    };
    let kpa = || Kpa::new(KpaConfig::new(70.0).with_panic_threshold(1000.0)).unwrap();
    for (name, (healthy, blind)) in [
        ("hpa", through_an_outage(Signal::Cpu, hpa)),
        ("kpa", through_an_outage(Signal::TotalRate, kpa)),
    ] {
        assert_eq!(healthy[..40], blind[..40], "{name}");
        let before = blind[40].spec.0;
        assert!(
            healthy[79].spec.1 < before,
            "{name} would have scaled in: {:?}",
            healthy[79]
        );
        for (t, row) in blind.iter().enumerate().take(80).skip(40) {
            assert_eq!(row.spec, (before, before), "{name}, tick {t}");
            let missing = matches!(row.reason, Reason::MetricsFailed | Reason::NoData);
            assert!(missing, "{name}, tick {t}: {:?}", row.reason);
        }
        // It goes on where it would be without the outage.
        assert_eq!(blind[119].spec.1, healthy[119].spec.1, "{name}");
    }
}

#[test]
fn surge_pods_are_existing_but_not_asked_for() {
    let mut config = start_up(60);
    config.rolling_updates = vec![plimsoll_sim::RollingUpdate { at: 2, surge: 0.5 }];
    let mut most = 0;
    let load = demand(&[4.0; 40]);
    let plant = plimsoll_sim::Plant::new(&load, config).unwrap();
    let mut policy = from_fn(|_, seen: &Observation| {
        assert_eq!(seen.spec_replicas, 4);
        assert_eq!(
            seen.status_replicas,
            seen.pods.iter().map(|p| p.count).sum::<u32>()
        );
        most = most.max(seen.status_replicas);
        4
    });
    plant.run(&mut policy, &[Signal::Cpu], &mut super::Log::default());
    assert_eq!(most, 6);
}
