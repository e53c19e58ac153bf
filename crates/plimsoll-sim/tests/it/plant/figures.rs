//! The figures of a run, by hand.

use std::time::Duration;

use autoscale_core::{Fixed, Observation, Policy, from_fn};
use plimsoll_sim::{
    Demand, Outcome, Plant, PlantConfig, PolicyReport, ServiceModel, Summary, SweepPoint, Timeline,
};
use proptest::prelude::*;

use super::script;
use crate::{TICK, demand, start_up};

fn run<P: Policy>(demand: &Demand, config: PlantConfig, policy: &mut P) -> PolicyReport {
    let plant = Plant::new(demand, config).unwrap();
    let mut notes = (
        Outcome::new(demand.model.utilization),
        Timeline::new(demand, 4),
    );
    plant.run(policy, &[], &mut notes);
    let (outcome, timeline) = notes;
    PolicyReport::new(
        "p".to_owned(),
        "test",
        &plant,
        &plant.optimum(),
        &outcome,
        timeline,
    )
}

#[track_caller]
fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-9, "{a} instead of {b}");
}

/// Two replicas under a need of 1, 3, 3, 2, 1, 4; the first tick still has one.
fn two_replicas() -> PolicyReport {
    run(
        &demand(&[1.0, 3.0, 3.0, 2.0, 1.0, 4.0]),
        start_up(0),
        &mut Fixed(2),
    )
}

#[test]
fn cost_and_bad_requests() {
    let report = two_replicas();
    close(report.cost_ratio, 11.0 / 14.0);
    close(report.static_peak_ratio, 11.0 / (6.0 * 4.0));
    // Ticks 1, 2 and 5 are short.
    close(report.bad_share, 10.0 / 14.0);
    close(report.bad_minutes, 0.75);
    close(report.longest_bad_run_s, 30.0);
    // Two replicas carry 2 ÷ 0.8 = 2.5 at most.
    close(report.overload_share, (0.5 + 0.5 + 1.5) / 14.0);
}

/// Without a need whatever serves is a surplus, and nothing is the right number.
#[test]
fn a_need_of_nothing_is_no_need_of_one() {
    let load = demand(&[1.0, 0.0, 0.0, 1.0]);
    let mut config = start_up(0);
    config.min = 0;
    let none = run(&load, config.clone(), &mut Fixed(0)).elasticity;
    close(none.over_time_share, 0.0);
    close(none.under_time_share, 0.25);
    close(none.under_accuracy, 0.25);
    let one = run(&demand(&[1.0, 0.0, 0.0, 0.0]), config, &mut Fixed(1)).elasticity;
    close(one.over_time_share, 0.75);
    close(one.over_accuracy, 0.75);
    close(one.under_time_share, 0.0);
}

#[test]
fn elasticity_after_spec() {
    let elasticity = two_replicas().elasticity;
    close(
        elasticity.under_accuracy,
        (1.0 / 3.0 + 1.0 / 3.0 + 0.5) / 6.0,
    );
    close(elasticity.over_accuracy, 1.0 / 6.0);
    close(elasticity.under_time_share, 0.5);
    close(elasticity.over_time_share, 1.0 / 6.0);
    close(elasticity.instability, 0.0);
    // One change of supply, four of need, in 90 s.
    close(elasticity.jitter_per_hour, (1.0 - 4.0) * 40.0);
    // Supply 3, 1, 2, 2 against need 3, 4, 1, 1: opposite in ticks 1 and 2.
    let load = demand(&[3.0, 4.0, 1.0, 1.0]);
    let report = run(&load, start_up(0), &mut script(&[1, 2]));
    close(report.elasticity.instability, 0.5);
}

#[test]
fn changes_and_reversals() {
    // From 1: up, up, down, none, up, down.
    let load = demand(&[1.0; 6]);
    let report = run(&load, start_up(0), &mut script(&[2, 3, 2, 2, 3, 1]));
    close(report.changes_per_day, 5.0 / (6.0 / 5760.0));
    close(report.reversals_per_day, 3.0 / (6.0 / 5760.0));
}

#[test]
fn the_longest_run_is_of_ticks_in_a_row() {
    let short = |ticks: &[f64]| {
        let report = run(&demand(ticks), start_up(0), &mut Fixed(1));
        (report.longest_bad_run_s, report.bad_minutes)
    };
    assert_eq!(short(&[1.0, 2.0, 2.0, 1.0, 2.0, 2.0, 2.0]), (45.0, 1.25));
    assert_eq!(short(&[1.0, 1.0]), (0.0, 0.0));
    assert_eq!(short(&[1.0, 1.0, 1.001]), (15.0, 0.25));
}

#[test]
fn only_ticks_that_count_count() {
    let mut load = demand(&[1.0, 9.0, 9.0, 1.0, 1.0, 1.0]);
    load.scored_from = 3;
    let report = run(&load, start_up(0), &mut Fixed(2));
    close(report.cost_ratio, 2.0);
    close(report.bad_share, 0.0);
    close(report.static_peak_ratio, 2.0);
    close(report.changes_per_day, 0.0);
    let ticks: Vec<usize> = report
        .timeline
        .columns
        .iter()
        .map(|c| c.first_tick)
        .collect();
    assert_eq!(ticks, [3, 4, 5]);
}

#[test]
fn a_load_of_nothing_has_figures() {
    let mut config = start_up(0);
    config.min = 0;
    let mut load = demand(&[0.0; 8]);
    load.scored_from = 1; // the fleet begins with one replica
    let report = run(&load, config, &mut Fixed(0));
    for figure in [
        report.cost_ratio,
        report.static_peak_ratio,
        report.bad_share,
        report.overload_share,
        report.elasticity.under_accuracy,
        report.elasticity.over_accuracy,
        report.changes_per_day,
    ] {
        close(figure, 0.0);
    }
}

#[test]
fn a_sweep_point_has_the_figures_of_its_run() {
    let load = demand(&[1.0, 3.0, 3.0, 2.0, 1.0, 4.0]);
    let plant = Plant::new(&load, start_up(0)).unwrap();
    let mut figures = Summary::default();
    plant.run(&mut script(&[2, 3, 2]), &[], &mut figures);
    let best = plant.optimum().replica_ticks;
    let point = SweepPoint::new(0.5, &figures, best, load.ticks_a_day());
    let whole = run(&load, start_up(0), &mut script(&[2, 3, 2]));
    close(point.cost_ratio, whole.cost_ratio);
    close(point.bad_share, whole.bad_share);
    close(point.reversals_per_day, whole.reversals_per_day);
    close(point.setting, 0.5);
}

proptest! {
    #[test]
    fn the_columns_cover_every_tick_that_counts(
        load in prop::collection::vec((0.0..12.0_f64, 0_u32..15), 1..300),
        columns in 1_usize..40,
        scored_from in 0.0..1.0_f64,
    ) {
        let (load, orders): (Vec<f64>, Vec<u32>) = load.into_iter().unzip();
        let mut load = demand(&load);
        load.scored_from = (scored_from * load.load.len() as f64) as usize;
        let scored = load.load.len() - load.scored_from;
        let plant = Plant::new(&load, start_up(30)).unwrap();
        let mut notes = (Outcome::new(0.8), Timeline::new(&load, columns));
        plant.run(&mut script(&orders), &[], &mut notes);
        let (outcome, timeline) = notes;
        let all = &timeline.columns;
        prop_assert!((1..=columns).contains(&all.len()));
        let mut next = load.scored_from;
        for column in all {
            prop_assert_eq!(column.first_tick, next);
            prop_assert!(column.ticks > 0 && column.ticks <= all[0].ticks);
            next += column.ticks as usize;
            for (low, mean, high) in [column.needed, column.serving] {
                prop_assert!(f64::from(low) <= mean + 1e-9 && mean <= f64::from(high) + 1e-9);
            }
            let reasons: u32 = column.reasons.iter().map(|(_, ticks)| ticks).sum();
            prop_assert_eq!(reasons, column.ticks);
        }
        prop_assert_eq!(next, load.load.len());
        prop_assert_eq!(outcome.summary.ticks, scored as u64);
        let bad: u64 = all.iter().map(|c| u64::from(c.bad_ticks)).sum();
        prop_assert_eq!(bad, outcome.bad_ticks);
        let paid: f64 = all.iter().map(|c| c.billed * f64::from(c.ticks)).sum();
        prop_assert!((paid - outcome.summary.replica_ticks as f64).abs() < 1e-6);
        let peak = all.iter().map(|c| c.needed.2).max();
        prop_assert_eq!(peak, Some(outcome.peak_needed));
    }
}

#[test]
fn a_day_is_a_day_whatever_the_tick() {
    let load = Demand {
        start_s: 0,
        tick: Duration::from_secs(60),
        model: ServiceModel {
            capacity_rps: 1.0,
            utilization: 1.0,
        },
        load: vec![1.0; 1440],
        scored_from: 0,
    };
    let mut ticks = 0;
    let mut policy = from_fn(|_, _: &Observation| {
        ticks += 1;
        if ticks == 1 { 2 } else { 1 }
    });
    let report = run(&load, start_up(0), &mut policy);
    close(report.changes_per_day, 2.0);
    close(report.reversals_per_day, 1.0);
    assert_eq!(Demand::ticks(Duration::from_secs(60), TICK), 4);
}
