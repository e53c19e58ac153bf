//! What holds for any load and any policy.

use std::time::Duration;

use autoscale_core::{Fixed, Hpa, HpaConfig, MetricSpec};
use plimsoll_sim::{
    Crash, Outage, Plant, PlantConfig, RollingUpdate, Scenario, Signal, StartUp, Summary,
};
use proptest::prelude::*;

use super::{Log, play, script};
use crate::{demand, start_up};

/// A load and what is ordered at the end of each tick.
fn loads() -> impl Strategy<Value = Vec<(f64, u32)>> {
    prop::collection::vec((0.0..12.0_f64, 0_u32..15), 1..120)
}

fn config() -> impl Strategy<Value = PlantConfig> {
    (
        0_u64..120,
        0_u64..120,
        0_u64..60,
        0_u32..5,
        5_u32..20,
        any::<u64>(),
    )
        .prop_map(|(start_up, more, lag, min, max, seed)| {
            let seconds = Duration::from_secs;
            let mut config = PlantConfig::default();
            config.start_up = StartUp::Uniform {
                from: seconds(start_up),
                to: seconds(start_up + if seed % 2 == 0 { more } else { 0 }),
            };
            config.metric_lag = seconds(lag);
            (config.min, config.max, config.seed) = (min, max, seed);
            config
        })
}

fn crashes() -> impl Strategy<Value = Vec<Crash>> {
    prop::collection::vec((0_usize..100, 0.0..=1.0_f64), 0..4).prop_map(|all| {
        all.into_iter()
            .map(|(at, share)| Crash { at, share })
            .collect()
    })
}

proptest! {
    #[test]
    fn every_pod_asked_for_is_paid_and_no_other(
        load in loads(),
        mut config in config(),
        crashes in crashes(),
    ) {
        config.crashes = crashes;
        let (load, orders): (Vec<f64>, Vec<u32>) = load.into_iter().unzip();
        let rows = play(&load, &config, &[], &mut script(&orders));
        prop_assert_eq!(rows.len(), load.len());
        for (t, row) in rows.iter().enumerate() {
            // Serving and starting ones together are what was asked for.
            prop_assert_eq!(row.billed, row.spec.0, "tick {}", t);
            prop_assert!(row.serving <= row.billed, "tick {}", t);
            prop_assert_eq!(row.spec.1, orders[t].clamp(config.min, config.max), "tick {}", t);
            if let Some(next) = rows.get(t + 1) {
                prop_assert_eq!(next.spec.0, row.spec.1, "tick {}", t);
            }
        }
    }

    #[test]
    fn draining_ones_are_paid_on_top(
        load in loads(),
        mut config in config(),
        crashes in crashes(),
        drain in 0_u64..200,
    ) {
        config.crashes = crashes;
        let (load, orders): (Vec<f64>, Vec<u32>) = load.into_iter().unzip();
        let calm = play(&load, &config, &[], &mut script(&orders));
        config.drain = Duration::from_secs(drain);
        let rows = play(&load, &config, &[], &mut script(&orders));
        let ticks = drain.div_ceil(15) as usize;
        for (t, row) in rows.iter().enumerate() {
            let same = (calm[t].serving, calm[t].spec);
            prop_assert_eq!((row.serving, row.spec), same, "tick {}", t);
            // At most what was released within the last drain time.
            let released = |r: &super::Row| r.spec.0.saturating_sub(r.spec.1);
            let recent: u32 = calm[t.saturating_sub(ticks)..t].iter().map(released).sum();
            prop_assert!((row.spec.0..=row.spec.0 + recent).contains(&row.billed), "tick {}", t);
        }
    }

    #[test]
    fn a_rolling_update_keeps_the_count_asked_for_and_ends(
        replicas in 1_u32..60,
        surge in 0.01..=1.0_f64,
        seconds in 0_u64..100,
        at in 0_usize..20,
    ) {
        let mut config = start_up(seconds);
        config.rolling_updates = vec![RollingUpdate { at, surge }];
        let extra = (f64::from(replicas) * surge).ceil() as u32;
        let rounds = replicas.div_ceil(extra) as usize;
        let ticks = at + (rounds + 1) * (seconds.div_ceil(15) as usize + 2);
        let rows = play(&vec![f64::from(replicas); ticks + 5], &config, &[], &mut Fixed(replicas));
        for (t, row) in rows.iter().enumerate() {
            prop_assert!(row.serving >= replicas, "tick {}: {:?}", t, row);
            prop_assert!(row.billed <= replicas + extra, "tick {}: {:?}", t, row);
        }
        let last = rows[ticks + 4];
        prop_assert_eq!((last.serving, last.billed), (replicas, replicas));
    }

    #[test]
    fn a_rolling_update_ends_where_the_count_changes_meanwhile(
        orders in prop::collection::vec(1_u32..30, 1..40),
        surge in 0.01..=1.0_f64,
        seconds in 0_u64..100,
    ) {
        let mut config = start_up(seconds);
        config.rolling_updates = vec![RollingUpdate { at: 5, surge }];
        let ticks = orders.len() + 500;
        let rows = play(&vec![1.0; ticks], &config, &[], &mut script(&orders));
        let last = rows[ticks - 1];
        prop_assert_eq!((last.serving, last.billed), (last.spec.0, last.spec.0));
        for (t, row) in rows.iter().enumerate() {
            let extra = (f64::from(row.spec.0) * surge).ceil() as u32;
            let within = row.spec.0..=row.spec.0 + extra;
            prop_assert!(within.contains(&row.billed), "tick {}: {:?}", t, row);
        }
    }

    #[test]
    fn a_fixed_fleet_costs_its_size_times_the_ticks(
        load in prop::collection::vec(0.0..12.0_f64, 1..120),
        replicas in 1_u32..20,
        seconds in 0_u64..200,
    ) {
        let mut config = start_up(seconds);
        (config.min, config.max) = (replicas, replicas);
        let load = demand(&load);
        let plant = Plant::new(&load, config).unwrap();
        let mut figures = Summary::default();
        plant.run(&mut Fixed(replicas), &[], &mut figures);
        let ticks = load.load.len() as u64;
        prop_assert_eq!((figures.ticks, figures.replica_ticks), (ticks, ticks * u64::from(replicas)));
        prop_assert_eq!(figures.replica_ticks, plant.optimum().replica_ticks);
        prop_assert_eq!((figures.changes, figures.reversals), (0, 0));
        let short = load.load.iter().filter(|x| **x > f64::from(replicas) + 1e-9).sum::<f64>();
        prop_assert!((figures.bad_load - short).abs() < 1e-6);
    }

    #[test]
    fn an_hpa_stays_within_every_bound_in_every_scenario(
        load in prop::collection::vec(0.0..12.0_f64, 2..150),
        mut config in config(),
        scenario in prop::sample::select(Scenario::ALL.to_vec()),
        target in 1_u32..150,
        least in 1_u32..5,
        scored_from in 0.0..1.0_f64,
    ) {
        let mut load = demand(&load);
        load.scored_from = (scored_from * load.load.len() as f64) as usize;
        scenario.apply(&mut load, &mut config);
        let (min, max) = (config.min, config.max);
        let plant = Plant::new(&load, config).unwrap();
        let hpa = HpaConfig::new(12, [MetricSpec::cpu_utilization(target)]).with_min_replicas(least);
        let mut log = Log::default();
        plant.run(&mut Hpa::new(hpa).unwrap(), &[Signal::Cpu], &mut log);
        prop_assert_eq!(log.0.len(), load.load.len());
        let first = log.0[0].spec.0;
        for (t, row) in log.0.iter().enumerate() {
            prop_assert!((min..=max).contains(&row.spec.1), "tick {}: {:?}", t, row);
            // Zero disables an HPA; else its own bounds hold, as far as the plant's allow.
            if first > 0 {
                let own = least.clamp(min, max)..=12.clamp(min, max);
                prop_assert!(own.contains(&row.spec.1), "tick {}: {:?}", t, row);
            }
            prop_assert!(row.serving <= row.billed, "tick {}: {:?}", t, row);
        }
    }

    #[test]
    fn scenarios_lie_within_the_part_that_counts(
        ticks in 1_usize..20_000,
        scored_from in 0.0..1.0_f64,
        scenario in prop::sample::select(Scenario::ALL.to_vec()),
    ) {
        let mut load = demand(&vec![1.0; ticks]);
        load.scored_from = (scored_from * ticks as f64) as usize;
        let mut config = PlantConfig::default();
        scenario.apply(&mut load, &mut config);
        let stepped = |t: &usize| load.load[*t] > 1.0 && (*t == 0 || load.load[*t - 1] <= 1.0);
        let mut at: Vec<usize> = (0..ticks).filter(stepped).collect();
        at.extend(config.outages.iter().map(|o: &Outage| o.from));
        at.extend(config.crashes.iter().map(|c| c.at));
        at.extend(config.rolling_updates.iter().map(|u| u.at));
        let days = (ticks - load.scored_from).div_ceil(5760);
        let times = if scenario == Scenario::Healthy { 0..=0 } else { 1..=days };
        prop_assert!(times.contains(&at.len()), "{:?}", at);
        prop_assert!(at.iter().all(|t| (load.scored_from..ticks).contains(t)), "{:?}", at);
    }
}
