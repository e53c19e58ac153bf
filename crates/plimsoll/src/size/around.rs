//! What stands beside the application: a database's read replicas and a cache.

use std::time::Duration;

use autoscale_core::{
    NodePool, PoolNode, PoolObservation, PoolReason, ReadReplicas, ReplicaNode, ReplicaObservation,
    ReplicaReason, Sizer as _,
};

use super::plan::PlanFile;
use super::report::{Bar, CacheReport, ReadReplicasReport, Report};
use crate::input_error::InputError;

const GIB: f64 = 1_073_741_824.0;
/// Most nodes in use that are taken.
const MOST: u32 = 65_535;

pub(super) fn read_replicas(file: &PlanFile) -> Result<Option<ReadReplicasReport>, InputError> {
    let Some((reads, config)) = file.read_replicas()? else {
        return Ok(None);
    };
    let mut rule =
        ReadReplicas::new(config).map_err(|error| file.refused("read_replicas", &error))?;
    let section = "read_replicas";
    figure(file, section, "reads_per_s", Some(reads.reads_per_s))?;
    figure(file, section, "lag_s", reads.lag_s)?;
    figure(file, section, "writes_per_s", reads.writes_per_s)?;
    count(file, section, "replicas", reads.replicas)?;
    let each = ReplicaNode {
        healthy: true,
        reads_per_s: Some(reads.reads_per_s / f64::from(reads.replicas.max(1))),
        lag_s: reads.lag_s,
    };
    let nodes = vec![each; reads.replicas as usize];
    let mut seen = ReplicaObservation::new(reads.reads_per_s, nodes);
    seen.writes_per_s = reads.writes_per_s;
    let decision = rule.decide(Duration::ZERO, &seen);
    let mut missing: Vec<String> = decision
        .missing
        .iter()
        .map(|m| m.figure.field().to_owned())
        .collect();
    missing.dedup();
    Ok(Some(ReadReplicasReport {
        target_replicas: decision.target_replicas,
        needed_for_reads: decision.needed_for_reads,
        needed_for_loss: decision.needed_for_loss,
        needed_fresh: decision.needed_fresh,
        action: decision.action,
        reason: decision.reason,
        lag_cause: decision.lag_cause,
        missing,
    }))
}

pub(super) fn cache(file: &PlanFile) -> Result<Option<CacheReport>, InputError> {
    let Some((cache, mut config)) = file.cache()? else {
        return Ok(None);
    };
    let section = "cache";
    for (field, value) in [
        ("memory_gib", cache.memory_gib),
        ("node_memory_gib", cache.node_memory_gib),
        ("ops_per_s", cache.ops_per_s),
        ("latency_ms", cache.latency_ms),
    ] {
        figure(file, section, field, value)?;
    }
    count(file, section, "nodes", cache.nodes)?;
    let mut missing = Vec::new();
    if let Some(memory) = cache.node_memory_gib {
        config.memory_per_node = Some(memory * GIB);
    }
    // What is not given is not looked at, and said.
    for (limit, value, name) in [
        (&mut config.memory_per_node, cache.memory_gib, "memory_gib"),
        (&mut config.ops_per_node, cache.ops_per_s, "ops_per_s"),
        (&mut config.latency_limit_ms, cache.latency_ms, "latency_ms"),
    ] {
        if value.is_none() {
            *limit = None;
            missing.push(name.to_owned());
        } else if limit.is_none() && name == "memory_gib" {
            let message = "cache.node_memory_gib is missing: memory of a node";
            return Err(file.refuse("cache.memory_gib", message));
        }
    }
    if missing.len() == 3 {
        let message = "cache.memory_gib is missing: that, ops_per_s or latency_ms";
        return Err(file.refuse(section, message));
    }
    let (least, most) = (config.min_nodes, config.max_nodes);
    let mut rule = NodePool::new(config).map_err(|error| file.refused(section, &error))?;
    // Of a cache that is yet to be built there are the fewest nodes, with all of it on them.
    let nodes = if cache.nodes > 0 {
        cache.nodes
    } else {
        least.min(MOST)
    };
    let part = |whole: Option<f64>| whole.map(|whole| whole / f64::from(nodes));
    let mut each = PoolNode::running();
    each.memory_used = part(cache.memory_gib.map(|memory| memory * GIB));
    each.ops_per_s = part(cache.ops_per_s);
    each.latency_ms = cache.latency_ms;
    let decision = rule.decide(
        Duration::ZERO,
        &PoolObservation::new(vec![each; nodes as usize]),
    );
    let needed = decision.needed;
    let (target_nodes, reason) = if cache.nodes > 0 && decision.target_nodes < least {
        // The pool's own rule only keeps a scale-in from going below it.
        (least, PoolReason::AtMinimum.to_string())
    } else if cache.nodes > 0 {
        (decision.target_nodes, decision.explain())
    } else {
        let all = [needed.memory, needed.ops, needed.latency, Some(least)];
        let wanted = all.into_iter().flatten().max().unwrap_or(least);
        let target = most.map_or(wanted, |most| wanted.min(most));
        let reason = if target < wanted {
            PoolReason::AtMaximum.to_string()
        } else if Some(wanted) == needed.memory {
            "memory".to_owned()
        } else if Some(wanted) == needed.ops {
            "operations".to_owned()
        } else if wanted == least {
            PoolReason::AtMinimum.to_string()
        } else {
            "latency".to_owned()
        };
        (target, reason)
    };
    Ok(Some(CacheReport {
        target_nodes,
        needed_for_memory: needed.memory,
        needed_for_ops: needed.ops,
        needed_for_latency: needed.latency,
        reason,
        missing,
    }))
}

/// What of these may not be more, though it should be.
pub(super) fn bars(report: &mut Report) {
    if let Some(replicas) = &report.read_replicas {
        let wanted = [
            replicas.needed_for_reads,
            replicas.needed_for_loss,
            replicas.needed_fresh,
        ];
        let wanted = wanted.into_iter().flatten().max().unwrap_or(0);
        report.bars.push(Bar {
            bar: "read replicas".to_owned(),
            met: replicas.reason != ReplicaReason::AtMaximum && replicas.target_replicas >= wanted,
            message: format!("needs {wanted}, gets {}", replicas.target_replicas),
        });
    }
    if let Some(cache) = &report.cache {
        let wanted = [
            cache.needed_for_memory,
            cache.needed_for_ops,
            cache.needed_for_latency,
        ];
        let wanted = wanted.into_iter().flatten().max().unwrap_or(0);
        report.bars.push(Bar {
            bar: "cache".to_owned(),
            met: cache.reason != PoolReason::AtMaximum.to_string(),
            message: format!("needs {wanted}, gets {}", cache.target_nodes),
        });
    }
}

fn figure(
    file: &PlanFile,
    section: &str,
    field: &str,
    value: Option<f64>,
) -> Result<(), InputError> {
    match value {
        Some(value) if !(0.0..=1e12).contains(&value) => {
            let path = format!("{section}.{field}");
            let message = format!("{path} is {value}, must be 0 … 1000000000000");
            Err(file.refuse(&path, message))
        }
        _ => Ok(()),
    }
}

fn count(file: &PlanFile, section: &str, field: &str, value: u32) -> Result<(), InputError> {
    if value <= MOST {
        return Ok(());
    }
    let path = format!("{section}.{field}");
    let message = format!("{path} is {value}, must be at most {MOST}");
    Err(file.refuse(&path, message))
}
