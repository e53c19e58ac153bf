//! A team's own rule, made safe with combinators and judged beside an HPA on the same load.

use std::error::Error;
use std::time::Duration;

use autoscale_core::{
    Behavior, Hpa, HpaConfig, MetricReading, MetricSpec, Observation, Policy, PolicyExt, from_fn,
};
use plimsoll_sim::{
    CsvSource, Demand, Plant, PlantConfig, ServiceModel, Signal, Summary, TraceSource,
};

fn main() -> Result<(), Box<dyn Error>> {
    let trace = CsvSource::new(examples::WORLD_CUP).load()?;
    let model = ServiceModel::fitted(&trace, 0.8, 40.0);
    let demand = Demand::new(&trace, model, Duration::from_secs(15), Duration::ZERO)?;
    let plant = Plant::new(&demand, PlantConfig::default())?;

    // Room for the newest rate and a tenth more; what it can't see, it doesn't change.
    let rate_a_replica = model.capacity_rps * 0.8;
    let rule = from_fn(
        move |_now, seen: &Observation| match seen.readings.first() {
            Some(MetricReading::Values { values_milli, .. }) => {
                let rate: f64 = values_milli.iter().map(|v| v.to_units()).sum();
                (rate * 1.1 / rate_a_replica).ceil() as u32
            }
            _ => seen.spec_replicas,
        },
    );
    let own = rule
        .stabilized(Duration::ZERO, Duration::from_secs(180))?
        .rate_limited(Behavior::default())?
        .bounded(1..=400)?;
    let hpa = Hpa::new(HpaConfig::new(400, [MetricSpec::cpu_utilization(70)]))?;

    let judge = |name: &str, mut policy: Box<dyn Policy>, signals: &[Signal]| {
        let mut figures = Summary::default();
        plant.run(&mut *policy, signals, &mut figures);
        println!(
            "{name:9} cost {:.3} × optimum, {:.3} % bad, {:.0} reversals a day",
            figures.replica_ticks as f64 / plant.optimum().replica_ticks as f64,
            figures.bad_share() * 100.0,
            figures.reversals as f64 * demand.ticks_a_day() / figures.ticks as f64,
        );
    };
    judge("own rule", Box::new(own), &[Signal::TotalRate]);
    judge("hpa 70 %", Box::new(hpa), &[Signal::Cpu]);
    Ok(())
}
