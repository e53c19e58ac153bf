//! Figures of reference policies on the shipped trace.

use autoscale_core::{Hpa, HpaConfig, MetricSpec};
use plimsoll_sim::{Plant, Signal, Summary};

use crate::{start_up, world_cup};

/// Cost over the optimum and the share of bad requests of an HPA.
fn hpa(percent: u32, seconds: u64) -> (f64, f64) {
    let load = world_cup();
    let plant = Plant::new(&load, start_up(seconds)).unwrap();
    let config = HpaConfig::new(400, [MetricSpec::cpu_utilization(percent)]);
    let mut figures = Summary::default();
    plant.run(&mut Hpa::new(config).unwrap(), &[Signal::Cpu], &mut figures);
    let cost = figures.replica_ticks as f64 / plant.optimum().replica_ticks as f64;
    (cost, figures.bad_share())
}

/// A rough program, written apart from this one, gave 1.108 × the optimum and 1.14 % bad.
#[test]
fn hpa_at_70_percent_is_where_an_independent_program_puts_it() {
    let (cost, bad) = hpa(70, 60);
    assert!((cost / 1.108 - 1.0).abs() < 0.02, "cost {cost}");
    assert!((bad / 0.0114 - 1.0).abs() < 0.15, "bad {bad}");
}

#[test]
fn a_lower_target_costs_more_and_serves_better() {
    let (cheap, careful) = (hpa(75, 60), hpa(50, 60));
    assert!(careful.0 > cheap.0 && careful.1 < cheap.1);
}
