//! Tests of the simulator.

mod figures;
mod optimum;
mod outage;
mod plant;
mod trace;
mod vertical;

use std::time::Duration;

use plimsoll_sim::{CsvSource, Demand, PlantConfig, ServiceModel, StartUp, TraceSource};

pub(crate) const TICK: Duration = Duration::from_secs(15);

/// The load trace that the tool ships.
pub(crate) fn world_cup() -> Demand {
    let text = include_str!("../../../plimsoll/data/worldcup98_part1_1m.csv");
    let trace = CsvSource::new(text).load().unwrap();
    let model = ServiceModel::fitted(&trace, 0.8, 40.0);
    Demand::new(&trace, model, TICK, Duration::ZERO).unwrap()
}

/// A plant with a fixed start-up time.
pub(crate) fn start_up(seconds: u64) -> PlantConfig {
    let mut config = PlantConfig::default();
    config.start_up = StartUp::Fixed(Duration::from_secs(seconds));
    config
}

/// A load given in replicas, one value a tick.
pub(crate) fn demand(load: &[f64]) -> Demand {
    Demand {
        start_s: 0,
        tick: TICK,
        model: ServiceModel {
            capacity_rps: 100.0,
            utilization: 0.8,
        },
        load: load.to_vec(),
        scored_from: 0,
    }
}
