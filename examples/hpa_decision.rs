//! One HPA decision from plain data, with every number that led to it.

use std::error::Error;
use std::time::Duration;

use autoscale_core::{
    Hpa, HpaConfig, MetricReading, MetricSpec, Milli, Observation, PodGroup, Policy, Sample,
};

fn main() -> Result<(), Box<dyn Error>> {
    let config = HpaConfig::new(20, [MetricSpec::cpu_utilization(70)]).with_min_replicas(3);
    let mut hpa = Hpa::new(config)?;

    // Ten pods run; eight report 950 millicores of the 1000 they request, two have just started.
    let young = PodGroup {
        count: 2,
        started_age: Some(Duration::from_secs(20)),
        ready_transition_age: Some(Duration::from_secs(5)),
        ..PodGroup::running(0)
    };
    let observation = Observation::new(10)
        .with_pods([
            PodGroup::running(8).with_request("app", "cpu", Milli(1000)),
            young.with_request("app", "cpu", Milli(1000)),
        ])
        .with_readings([MetricReading::Pods(vec![Sample::of_group(
            0,
            8,
            Milli(950),
        )])]);

    let decision = hpa.decide(Duration::ZERO, &observation);
    println!(
        "{} -> {} ({:?})",
        decision.current_replicas, decision.replicas, decision.reason
    );
    for metric in &decision.metrics {
        println!(
            "  cpu: {:?} % of the request, ratio {:?}, with missing pods taken as idle {:?}; {:?}",
            metric.utilization_percent, metric.ratio, metric.adjusted_ratio, metric.pods,
        );
    }
    for stage in &decision.stages {
        println!("  after {:?}: {}", stage.kind, stage.replicas);
    }
    Ok(())
}
