//! What would an HPA have done with a week of real load, and how far is that from the best possible?

use std::error::Error;
use std::time::Duration;

use autoscale_core::{Hpa, HpaConfig, MetricSpec};
use plimsoll_sim::{
    CsvSource, Demand, Outcome, Plant, PlantConfig, ServiceModel, Signal, TraceSource,
};

fn main() -> Result<(), Box<dyn Error>> {
    let day = 86_400;
    let trace = CsvSource::new(examples::WORLD_CUP).load()?;
    let week = trace.between(trace.start_s + 8 * day, trace.start_s + 15 * day)?;

    // A replica may be loaded to 80 %; the 99.9 % quantile of the rate needs 40 of them.
    let model = ServiceModel::fitted(&week, 0.8, 40.0);
    let demand = Demand::new(&week, model, Duration::from_secs(15), Duration::ZERO)?;
    let plant = Plant::new(&demand, PlantConfig::default())?;
    let best = plant.optimum();

    println!("target  cost/optimum  bad requests  bad minutes");
    for percent in [50, 60, 70, 75] {
        let mut hpa = Hpa::new(HpaConfig::new(400, [MetricSpec::cpu_utilization(percent)]))?;
        let mut outcome = Outcome::new(model.utilization);
        plant.run(&mut hpa, &[Signal::Cpu], &mut outcome);
        println!(
            "{percent:5} %  {:12.3}  {:10.3} %  {:11.0}",
            outcome.summary.replica_ticks as f64 / best.replica_ticks as f64,
            outcome.summary.bad_share() * 100.0,
            outcome.bad_ticks as f64 / 4.0,
        );
    }
    Ok(())
}
