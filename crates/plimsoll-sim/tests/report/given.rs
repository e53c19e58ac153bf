//! Loads, and reports of replays over them.

use std::time::Duration;

use autoscale_core::{Fixed, Hpa, HpaConfig, MetricSpec, Policy};
use plimsoll_sim::{
    Column, Demand, Outcome, Plant, PlantConfig, PolicyReport, Repairs, ReplayReport, ServiceModel,
    Signal, Summary, SweepPoint, Timeline, frontier, peak,
};

const TICK: Duration = Duration::from_secs(15);

pub(crate) fn demand(load: Vec<f64>) -> Demand {
    let model = ServiceModel {
        capacity_rps: 100.0,
        utilization: 0.8,
    };
    Demand {
        start_s: 897_350_400,
        tick: TICK,
        model,
        load,
        scored_from: 0,
    }
}

/// Two days with two humps a day.
pub(crate) fn waves() -> Demand {
    demand(
        (0..11_520)
            .map(|t| 6.0 + 5.0 * (f64::from(t) / 458.0).sin())
            .collect(),
    )
}

pub(crate) fn empty(demand: &Demand) -> ReplayReport {
    ReplayReport {
        trace: "waves".to_owned(),
        from_s: demand.start_s,
        to_s: demand.start_s + demand.load.len() as i64 * 15,
        repairs: Repairs::default(),
        start_up_s: 60.0,
        lag_s: 30.0,
        tick_s: 15.0,
        capacity_rps: 100.0,
        utilization: 0.8,
        scenario: "healthy",
        seed: 1,
        optimum_replica_seconds: 0.0,
        peak_replicas: 0,
        policies: Vec::new(),
        command: "plimsoll replay".to_owned(),
        scenarios: Vec::new(),
    }
}

/// A replay of a fixed number of replicas for each entry of `fixed`, and of an HPA with a sweep.
pub(crate) fn replay(
    demand: &Demand,
    fixed: &[u32],
    with_hpa: bool,
    columns: usize,
) -> ReplayReport {
    let plant = Plant::new(demand, PlantConfig::default()).unwrap();
    let best = plant.optimum();
    let mut report = empty(demand);
    report.optimum_replica_seconds = best.replica_ticks as f64 * 15.0;
    report.peak_replicas = peak(&plant);
    let run = |name: String, kind, policy: &mut dyn Policy, signals: &[Signal]| {
        let mut notes = (Outcome::new(0.8), Timeline::new(demand, columns));
        plant.run(policy, signals, &mut notes);
        PolicyReport::new(name, kind, &plant, &best, &notes.0, notes.1)
    };
    let hpa = |percent| {
        let config = HpaConfig::new(400, [MetricSpec::cpu_utilization(percent)]);
        Hpa::new(config).unwrap()
    };
    if with_hpa {
        let mut policy = run("hpa".to_owned(), "hpa", &mut hpa(70), &[Signal::Cpu]);
        policy.setting = Some(0.7);
        for percent in (40..=80).step_by(10) {
            let mut figures = Summary::default();
            plant.run(&mut hpa(percent), &[Signal::Cpu], &mut figures);
            let setting = f64::from(percent) / 100.0;
            let day = demand.ticks_a_day();
            policy
                .sweep
                .push(SweepPoint::new(setting, &figures, best.replica_ticks, day));
        }
        policy.frontier = frontier(&policy.sweep).to_vec();
        report.policies.push(policy);
    }
    for replicas in fixed {
        report.policies.push(run(
            format!("fixed-{replicas}"),
            "fixed",
            &mut Fixed(*replicas),
            &[],
        ));
    }
    report
}

/// A timeline of these columns.
pub(crate) fn timeline(columns: Vec<Column>) -> Timeline {
    let mut timeline = Timeline::new(&demand(vec![1.0]), 1);
    timeline.columns = columns;
    timeline
}
