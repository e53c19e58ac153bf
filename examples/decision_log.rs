//! A decision log, written and read back, reproduces every decision bit for bit; a snapshot taken in
//! between goes on as if nothing had happened.

use std::error::Error;
use std::time::Duration;

use autoscale_core::{
    Hpa, HpaConfig, LogEntry, MetricReading, MetricSpec, Milli, Observation, PodGroup, Policy,
    Sample, replay,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut fresh = Hpa::new(HpaConfig::new(50, [MetricSpec::cpu_utilization(60)]))?;

    let mut hpa = fresh.clone();
    let (mut log, mut replicas) = (Vec::new(), 4);
    for tick in 0..200_u32 {
        // A busy spell in the middle.
        let load = if (60..100).contains(&tick) {
            9_000
        } else {
            2_000
        };
        let observation = Observation::new(replicas)
            .with_pods([PodGroup::running(replicas).with_request("app", "cpu", Milli(500))])
            .with_readings([MetricReading::Pods(vec![Sample::of_group(
                0,
                replicas,
                Milli(load / i64::from(replicas)),
            )])]);
        let now = Duration::from_secs(15) * tick;
        let decision = hpa.decide(now, &observation);
        replicas = decision.replicas;
        log.push(LogEntry {
            now,
            observation,
            decision,
        });
        if tick == 80 {
            // As after a restart of the controller.
            hpa = serde_json::from_str(&serde_json::to_string(&hpa)?)?;
        }
    }

    let written = log
        .iter()
        .map(serde_json::to_string)
        .collect::<Result<Vec<_>, _>>()?;
    let read: Vec<LogEntry> = written
        .iter()
        .map(|line| serde_json::from_str(line))
        .collect::<Result<_, _>>()?;
    let reproduced = replay(&mut fresh, &read)?;
    let changes = read
        .iter()
        .filter(|entry| entry.decision.is_change())
        .count();
    println!("{reproduced} decisions reproduced bit for bit, {changes} of them changes");
    Ok(())
}
