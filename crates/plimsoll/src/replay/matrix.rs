//! The scenario matrix: every policy as given, at every start-up and lag, under every disturbance.

use std::sync::OnceLock;
use std::time::Duration;

use plimsoll_sim::{
    Demand, MATRIX_LAGS, MATRIX_START_UPS, Outcome, Plant, PlantConfig, PolicyReport, Scenario,
    ScenarioReport, SweepPoint, peak,
};

use super::{disturbed, flag_error, plant_config};
use crate::candidate::{Candidate, Fleet};
use crate::cli::LoadArgs;
use crate::input_error::InputError;

/// One start-up and lag under one scenario.
pub(super) struct Cell {
    scenario: Scenario,
    fleet: Fleet,
    config: PlantConfig,
    settle: Duration,
    /// Replica-ticks of the optimum: the same for every policy, computed by the first.
    optimum: OnceLock<u64>,
}

/// Every cell: by scenario, then by start-up, then by lag.
pub(super) fn cells(args: &LoadArgs, fleet: Fleet, settle: Duration) -> Vec<Cell> {
    let mut cells = Vec::new();
    for scenario in Scenario::ALL {
        for start_up in MATRIX_START_UPS {
            for lag in MATRIX_LAGS {
                let fleet = Fleet {
                    start_up,
                    lag,
                    ..fleet
                };
                cells.push(Cell {
                    scenario,
                    fleet,
                    config: plant_config(args, fleet),
                    settle,
                    optimum: OnceLock::new(),
                });
            }
        }
    }
    cells
}

impl Cell {
    /// What a policy comes to here; what it lost to the disturbance is not known yet.
    pub(super) fn run(
        &self,
        load: &Demand,
        candidate: &Candidate,
    ) -> Result<ScenarioReport, InputError> {
        let (demand, config) = disturbed(load, self.scenario, self.config.clone(), self.settle);
        let plant = Plant::new(&demand, config).map_err(|e| flag_error(&e))?;
        let mut runnable = candidate
            .build(None, self.fleet)
            .map_err(|e| flag_error(&e))?;
        let mut outcome = Outcome::new(demand.model.utilization);
        plant.run(&mut *runnable.policy, &runnable.signals, &mut outcome);
        let best = *self.optimum.get_or_init(|| plant.optimum().replica_ticks);
        let point = SweepPoint::new(0.0, &outcome.summary, best, demand.ticks_a_day());
        Ok(ScenarioReport {
            scenario: self.scenario.name(),
            start_up_s: self.fleet.start_up.as_secs_f64(),
            lag_s: self.fleet.lag.as_secs_f64(),
            policy: candidate.name.clone(),
            cost_ratio: point.cost_ratio,
            bad_share: point.bad_share,
            extra_bad_share: 0.0,
            longest_bad_run_s: outcome.longest_bad_run_ticks as f64 * demand.tick.as_secs_f64(),
            reversals_per_day: point.reversals_per_day,
        })
    }
}

/// Sets every row against the same policy's row without a disturbance; rows come cell by cell.
pub(super) fn compare_with_healthy(rows: &mut [ScenarioReport]) {
    let a_scenario = rows.len() / Scenario::ALL.len();
    let healthy: Vec<f64> = rows[..a_scenario].iter().map(|row| row.bad_share).collect();
    for (row, healthy) in rows.iter_mut().zip(healthy.iter().cycle()) {
        row.extra_bad_share = row.bad_share - healthy;
    }
}

/// Says which policies may not run as many replicas as the step needs.
pub(super) fn note_short_bounds(
    reports: &mut [PolicyReport],
    candidates: &[Candidate],
    fleet: Fleet,
    load: &Demand,
    config: PlantConfig,
) -> Result<(), InputError> {
    let healthy = Plant::new(load, config.clone()).map_err(|e| flag_error(&e))?;
    let (demand, config) = disturbed(load, Scenario::Step, config, Duration::ZERO);
    let stepped = Plant::new(&demand, config).map_err(|e| flag_error(&e))?;
    let (usual, needed) = (peak(&healthy), peak(&stepped));
    for (report, candidate) in reports.iter_mut().zip(candidates) {
        let most = candidate.most(fleet);
        if (usual..needed).contains(&most) {
            report.notes.push(format!(
                "in the scenario matrix's step the load needs up to {needed} replicas, but it may \
                 run {most} at most (by its own bounds or --max)"
            ));
        }
    }
    Ok(())
}
