//! A container's requests through three weeks: what the Kubernetes VPA asks for, and what is enough.

use std::error::Error;

use autoscale_core::{ContainerObservation, Sizer, VerticalDecision};
use autoscale_core::{RightSizing, RightSizingConfig, Vpa, VpaConfig};
use plimsoll_sim::vertical::{ContainerConfig, ContainerPlant, MemoryPattern, SizingOutcome};

type AnySizer = dyn Sizer<Observation = ContainerObservation, Decision = VerticalDecision>;

fn main() -> Result<(), Box<dyn Error>> {
    println!("memory         sizer         slack  violations  restarts  kills");
    for pattern in MemoryPattern::ALL {
        let series = pattern.series(1, 21);
        let plant = ContainerPlant::new(&series, ContainerConfig::default())?;
        let mut vpa = Vpa::new(VpaConfig::default())?;
        let mut ours = RightSizing::new(RightSizingConfig::default())?;
        let sizers: [(&str, &mut AnySizer); 2] = [("vpa", &mut vpa), ("right-sizing", &mut ours)];
        for (name, sizer) in sizers {
            let mut outcome = SizingOutcome::default();
            plant.run(sizer, &mut outcome);
            println!(
                "{:<13}  {name:<12}  {:>4.0}%  {:>9.3}%  {:>8}  {:>5}",
                pattern.name(),
                outcome.memory.slack() * 100.0,
                outcome.memory.violation_share() * 100.0,
                outcome.restarts,
                outcome.oom_kills,
            );
        }
    }
    Ok(())
}
