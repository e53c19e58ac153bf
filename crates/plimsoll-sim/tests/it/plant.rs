//! The closed loop, tick by tick, on loads small enough to follow by hand.

mod figures;
mod properties;
mod signals;

use std::time::Duration;

use autoscale_core::{Fixed, Observation, Policy, Reason, from_fn};
use plimsoll_sim::{
    Crash, Plant, PlantConfig, Recorder, RollingUpdate, Signal, StartUp, Summary, Tick,
};

use crate::{TICK, demand, start_up};

/// What a tick showed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) serving: u32,
    pub(crate) billed: u32,
    /// Asked for before and after the tick's decision.
    pub(crate) spec: (u32, u32),
    pub(crate) reason: Reason,
}

#[derive(Debug, Default)]
pub(crate) struct Log(pub(crate) Vec<Row>);

impl Recorder for Log {
    fn record(&mut self, tick: &Tick<'_>) {
        assert_eq!(tick.index, self.0.len());
        let (serving, billed, spec) =
            (tick.serving, u32::try_from(tick.billed).unwrap(), tick.spec);
        self.0.push(Row {
            serving,
            billed,
            spec,
            reason: tick.decision.reason,
        });
    }
}

/// Runs a policy; gives each tick.
pub(crate) fn play<P: Policy>(
    load: &[f64],
    config: &PlantConfig,
    signals: &[Signal],
    policy: &mut P,
) -> Vec<Row> {
    let load = demand(load);
    let plant = Plant::new(&load, config.clone()).unwrap();
    let mut log = Log::default();
    plant.run(policy, signals, &mut log);
    log.0
}

/// A policy that orders what a list says, tick by tick; the last one stays.
pub(crate) fn script(orders: &[u32]) -> impl Policy {
    from_fn(move |now: Duration, _: &Observation| {
        let tick = (now.as_secs() / TICK.as_secs()) as usize - 1;
        orders[tick.min(orders.len() - 1)]
    })
}

/// Serving and billed replicas of each tick, for a load of one replica and what is ordered at the
/// end of each tick.
fn follow(ticks: usize, config: &PlantConfig, orders: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let rows = play(&vec![1.0; ticks], config, &[], &mut script(orders));
    (
        rows.iter().map(|r| r.serving).collect(),
        rows.iter().map(|r| r.billed).collect(),
    )
}

#[test]
fn an_order_is_billed_from_the_next_tick_and_serves_a_start_up_later() {
    let billed = vec![1, 1, 3, 3, 3, 3, 3];
    for (seconds, serving) in [
        (0, [1, 1, 3, 3, 3, 3, 3]),
        (15, [1, 1, 1, 3, 3, 3, 3]),
        (30, [1, 1, 1, 1, 3, 3, 3]),
        (31, [1, 1, 1, 1, 1, 3, 3]), // begun ticks count
        (600, [1; 7]),
    ] {
        let shown = follow(7, &start_up(seconds), &[1, 3]);
        assert_eq!(shown, (serving.to_vec(), billed.clone()), "{seconds} s");
    }
}

#[test]
fn the_fleet_begins_with_what_the_first_start_up_needs() {
    for (seconds, first) in [(0, 1), (15, 2), (30, 5), (600, 5)] {
        let rows = play(
            &[1.0, 2.0, 5.0, 1.0],
            &start_up(seconds),
            &[],
            &mut Fixed(1),
        );
        assert_eq!(
            (rows[0].serving, rows[0].billed),
            (first, first),
            "{seconds} s"
        );
    }
}

#[test]
fn the_fleet_may_go_down_to_nothing_but_does_not_begin_there() {
    let mut config = PlantConfig::default();
    config.min = 0;
    let rows = play(&[0.0; 4], &config, &[], &mut script(&[1, 0, 0, 1]));
    let serving: Vec<u32> = rows.iter().map(|row| row.serving).collect();
    assert_eq!(serving, [1, 1, 0, 0]);
    assert_eq!(rows[3].billed, 0);
}

#[test]
fn what_is_released_is_gone_from_the_next_tick() {
    let (serving, billed) = follow(7, &start_up(0), &[4, 4, 1]);
    assert_eq!(serving, [1, 4, 4, 1, 1, 1, 1]);
    assert_eq!(billed, serving);
}

#[test]
fn draining_is_billed_and_does_not_serve() {
    let mut config = start_up(0);
    for (seconds, billed) in [
        (0, [1, 4, 4, 1, 1, 1, 1]),
        (15, [1, 4, 4, 4, 1, 1, 1]),
        (20, [1, 4, 4, 4, 4, 1, 1]), // begun ticks count
        (45, [1, 4, 4, 4, 4, 4, 1]),
    ] {
        config.drain = Duration::from_secs(seconds);
        let shown = follow(7, &config, &[4, 4, 1]);
        assert_eq!(
            shown,
            (vec![1, 4, 4, 1, 1, 1, 1], billed.to_vec()),
            "{seconds} s"
        );
    }
}

#[test]
fn starting_replicas_are_cancelled_first_and_do_not_drain() {
    let mut config = start_up(60);
    config.drain = Duration::from_secs(60);
    // Four are ordered, three of them cancelled two ticks later; one serves after all.
    let (serving, billed) = follow(9, &config, &[5, 5, 2]);
    assert_eq!(serving, [1, 1, 1, 1, 1, 2, 2, 2, 2]);
    assert_eq!(billed, [1, 5, 5, 2, 2, 2, 2, 2, 2]);
    // Cancelled beyond what is starting: the serving ones drain, the starting ones do not.
    let (serving, billed) = follow(9, &config, &[3, 3, 3, 3, 3, 5, 5, 1]);
    assert_eq!(serving, [1, 1, 1, 1, 1, 3, 3, 3, 1]);
    assert_eq!(billed, [1, 3, 3, 3, 3, 3, 5, 5, 3]);
}

#[test]
fn the_youngest_replicas_go_first() {
    let mut ages = Vec::new();
    let orders = [3, 3, 6, 6, 6, 4, 2];
    let mut policy = from_fn(|now: Duration, seen: &Observation| {
        let tick = now.as_secs() as usize / 15 - 1;
        let age = |a: Option<Duration>| a.map_or(0, |a| a.as_secs()).min(999);
        ages.push(
            seen.pods
                .iter()
                .map(|p| (p.count, age(p.started_age)))
                .collect::<Vec<_>>(),
        );
        orders[tick.min(6)]
    });
    play(&[1.0; 8], &start_up(0), &[], &mut policy);
    let old = (1, 999);
    assert_eq!(
        ages,
        [
            vec![old],
            vec![old, (2, 15)],
            vec![old, (2, 30)],
            vec![old, (2, 45), (3, 15)],
            vec![old, (2, 60), (3, 30)],
            vec![old, (2, 75), (3, 45)],
            vec![old, (2, 90), (1, 60)],
            vec![old, (1, 105)],
        ]
    );
}

#[test]
fn a_decision_is_kept_within_the_bounds_of_the_plant() {
    let mut config = start_up(0);
    (config.min, config.max) = (2, 5);
    let rows = play(&[1.0; 4], &config, &[], &mut script(&[9, 0, 3]));
    let specs: Vec<(u32, u32)> = rows.iter().map(|r| r.spec).collect();
    assert_eq!(specs, [(2, 5), (5, 2), (2, 3), (3, 3)]);
}

#[test]
fn a_crash_takes_a_share_out_until_it_has_started_again() {
    let mut config = start_up(30);
    config.crashes = vec![Crash { at: 2, share: 0.5 }];
    let rows = play(&[4.0; 6], &config, &[], &mut Fixed(4));
    assert_eq!(
        rows.iter().map(|r| r.serving).collect::<Vec<_>>(),
        [4, 4, 2, 2, 4, 4]
    );
    assert_eq!(rows.iter().map(|r| r.billed).collect::<Vec<_>>(), [4; 6]);
    for (share, left) in [(0.0, 4), (0.1, 4), (0.2, 3), (1.0, 0)] {
        config.crashes = vec![Crash { at: 2, share }];
        let rows = play(&[4.0; 6], &config, &[], &mut Fixed(4));
        assert_eq!(rows[2].serving, left, "{share}");
        assert_eq!(rows[4].serving, 4, "{share}");
    }
}

fn update(seconds: u64, at: usize, surge: f64) -> PlantConfig {
    let mut config = start_up(seconds);
    config.rolling_updates = vec![RollingUpdate { at, surge }];
    config
}

#[test]
fn a_rolling_update_surges_and_replaces_every_pod() {
    for (spec, surge, seconds) in [
        (8, 0.25, 30),
        (10, 0.25, 60),
        (10, 0.25, 0),
        (1, 0.25, 60),
        (7, 1.0, 45),
        (41, 0.25, 60),
    ] {
        let mut oldest = Vec::new();
        let mut policy = from_fn(|_, seen: &Observation| {
            oldest.push(seen.pods.iter().filter_map(|p| p.started_age).max());
            spec
        });
        let rows = play(
            &[f64::from(spec); 80],
            &update(seconds, 3, surge),
            &[],
            &mut policy,
        );
        let most = spec + (f64::from(spec) * surge).ceil() as u32;
        let case = format!("{spec} pods, surge {surge}, start-up {seconds} s");
        assert!(rows[..3].iter().all(|r| r.billed == spec), "{case}");
        assert!(
            rows.iter().all(|r| r.serving >= spec),
            "{case}: fewer than asked for"
        );
        let peak = rows.iter().map(|r| r.billed).max();
        assert_eq!(peak, Some(most), "{case}");
        // It ends, with as many pods as are asked for, all of them new.
        let end = rows[70..].iter().map(|r| (r.serving, r.billed));
        assert!(
            end.clone().all(|end| end == (spec, spec)),
            "{case}: ends with {:?}",
            end.clone().next_back()
        );
        assert!(
            oldest[79] < Some(TICK * 79),
            "{case}: {:?} is old",
            oldest[79]
        );
    }
}

#[test]
fn a_rolling_update_never_has_fewer_than_asked_for_nor_more_than_the_surge() {
    let orders: Vec<u32> = (0..80)
        .map(|t| [8, 12, 12, 5, 9, 9, 9][(t / 3) % 7])
        .collect();
    let load = vec![1.0; 80];
    let config = update(30, 3, 0.25);
    let calm = play(&load, &start_up(30), &[], &mut script(&orders));
    let rows = play(&load, &config, &[], &mut script(&orders));
    for (t, (row, calm)) in rows.iter().zip(&calm).enumerate() {
        let spec = row.spec.0;
        assert!(
            row.serving >= calm.serving,
            "tick {t}: {row:?} serves less than {calm:?}"
        );
        assert!(row.billed >= spec, "tick {t}: {row:?}");
        assert!(
            row.billed <= spec + (f64::from(spec) * 0.25).ceil() as u32,
            "tick {t}: {row:?}"
        );
    }
}

#[test]
fn drawn_start_ups_stay_between_their_bounds() {
    let mut config = PlantConfig::default();
    let seconds = Duration::from_secs;
    config.start_up = StartUp::Uniform {
        from: seconds(30),
        to: seconds(90),
    };
    assert_eq!(config.start_up.mean(), seconds(60));
    let serving = |seed| {
        let mut config = config.clone();
        config.seed = seed;
        follow(12, &config, &[301])
    };
    let (counts, billed) = serving(1);
    assert_eq!(billed[1..], [301; 11]);
    // Ordered at the end of tick 0, so from tick 1 on; two to six ticks later.
    assert_eq!(counts[..3], [1; 3]);
    assert_eq!(counts[7..], [301; 5]);
    let drawn: Vec<u32> = counts[2..8].windows(2).map(|w| w[1] - w[0]).collect();
    assert!(
        drawn.iter().all(|n| (30..=95).contains(n)),
        "not even: {drawn:?}"
    );
    assert_eq!(serving(1), serving(1));
    assert_ne!(serving(1), serving(2));
}

#[test]
fn configurations_out_of_range_name_the_field() {
    let load = demand(&[1.0; 4]);
    let day = Duration::from_secs(86_401);
    let minute = Duration::from_secs(60);
    let refused = |edit: &dyn Fn(&mut PlantConfig)| {
        let mut config = PlantConfig::default();
        edit(&mut config);
        Plant::new(&load, config).unwrap_err().field
    };
    assert_eq!(refused(&|c| c.max = 0), "max");
    assert_eq!(refused(&|c| c.max = 1_000_001), "max");
    assert_eq!(refused(&|c| c.min = 401), "min");
    assert_eq!(refused(&|c| c.start_up = StartUp::Fixed(day)), "start_up");
    let inverted = StartUp::Uniform {
        from: minute,
        to: Duration::ZERO,
    };
    assert_eq!(refused(&|c| c.start_up = inverted), "start_up");
    assert_eq!(refused(&|c| c.metric_lag = day), "lag");
    assert_eq!(refused(&|c| c.scrape_interval = day), "scrape_interval");
    assert_eq!(refused(&|c| c.drain = day), "drain");
    assert_eq!(refused(&|c| c.settle = day), "settle");
    for share in [-0.1, 1.1, f64::NAN] {
        assert_eq!(
            refused(&|c| c.crashes = vec![Crash { at: 0, share }]),
            "crash share"
        );
    }
    for surge in [0.0, 1.1, f64::NAN] {
        let update = RollingUpdate { at: 0, surge };
        assert_eq!(refused(&|c| c.rolling_updates = vec![update]), "surge");
    }
}

/// A million pods, released every other tick and draining for a day, are more than 32 bits count.
#[test]
fn any_number_of_draining_pods_is_billed() {
    let load = demand(&[1.0; 10_000]);
    let mut config = start_up(0);
    config.max = 1_000_000;
    config.drain = Duration::from_secs(86_400);
    let plant = Plant::new(&load, config).unwrap();
    let mut nervous = from_fn(|_, seen: &Observation| match seen.spec_replicas {
        1 => 1_000_000,
        _ => 1,
    });
    let mut figures = Summary::default();
    plant.run(&mut nervous, &[], &mut figures);
    // Every other tick a million more, each billed for 5760 ticks or to the end.
    assert!(
        figures.replica_ticks > 10_000_000_000,
        "{}",
        figures.replica_ticks
    );
}
