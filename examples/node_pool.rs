//! A cache cluster through a day: out at once, in one node at a time and only while it is safe.

use std::error::Error;
use std::time::Duration;

use autoscale_core::{NodePool, NodePoolConfig, PoolNode, PoolObservation, Sizer, SizingEntry};

const GIBIBYTE: f64 = 1_073_741_824.0;

fn main() -> Result<(), Box<dyn Error>> {
    let config = NodePoolConfig::new(4.0 * GIBIBYTE)
        .with_max_nodes(Some(12))
        .with_scale_in_after(Duration::from_secs(1800))
        .with_cooldown(Duration::from_secs(600));
    let mut pool = NodePool::new(config.clone())?;
    let (mut count, mut log) = (4, Vec::new());
    for quarter in 0..96_u32 {
        let hour = f64::from(quarter) / 4.0;
        // Quiet at night, busiest at eight in the evening; what is cached follows.
        let busy = (1.0 + ((hour - 20.0) / 24.0 * std::f64::consts::TAU).cos()) / 2.0;
        let share = 1.0 / f64::from(count);
        let node = PoolNode::cache(
            (1.5 + 9.0 * busy * busy) * GIBIBYTE * share,
            48_000.0 * busy.powi(3) * share,
            0.8,
        );
        let mut nodes = vec![node; count as usize];
        // Between two and four at night one node does not answer.
        if (8..16).contains(&quarter) {
            nodes[0].healthy = false;
        }
        let observation = PoolObservation::new(nodes);
        let now = Duration::from_secs(900) * quarter;
        let decision = pool.decide(now, &observation);
        let (add, remove) = (decision.nodes_to_add(), decision.nodes_to_remove());
        if add + remove > 0 {
            println!(
                "{:02}:{:02}  {:?} to {:2} ({}), needed {:?} by memory, {:?} by operations",
                quarter / 4,
                quarter % 4 * 15,
                decision.action,
                decision.target_nodes,
                decision.explain(),
                decision.needed.memory,
                decision.needed.ops,
            );
        }
        count = count + add - remove;
        log.push(SizingEntry {
            now,
            observation,
            decision,
        });
    }
    let replayed = autoscale_core::replay_sizing(&mut NodePool::new(config)?, &log)?;
    println!("{replayed} decisions replay bit for bit");
    Ok(())
}
