//! Snapshots continue where they were taken; files are what people write.

use autoscale_core::{
    NodeAction, NodePool, NodePoolConfig, PoolObservation, ReadReplicas, ReadReplicasConfig, Sizer,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::{MEMORY, calm, even, idle, pool, rule};
use crate::given::secs;

fn through_json<T: Serialize + DeserializeOwned>(value: &T) -> T {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}

#[test]
fn a_pool_continues() {
    let config = NodePoolConfig::new(MEMORY)
        .with_scale_in_after(secs(60))
        .with_cooldown(secs(45));
    let (mut pool, mut went) = (pool(config), 0);
    for tick in 0..40 {
        let node = if tick % 13 == 0 { calm() } else { idle() };
        let seen = through_json(&PoolObservation::new([node; 5]));
        let mut copy: NodePool = through_json(&pool);
        let decision = pool.decide(secs(tick * 15), &seen);
        assert_eq!(copy.decide(secs(tick * 15), &seen), decision, "{tick}");
        assert_eq!(through_json(&decision), decision);
        went += u32::from(decision.action == NodeAction::ScaleIn);
    }
    assert!((5..38).contains(&went), "{went}");
}

#[test]
fn replicas_continue() {
    let mut rule = rule(ReadReplicasConfig::new(1000.0).with_scale_in_after(secs(60)));
    let mut went = 0;
    for tick in 0..40 {
        let seen = through_json(&even(if tick % 13 == 0 { 9000.0 } else { 100.0 }, 5));
        let mut copy: ReadReplicas = through_json(&rule);
        let decision = rule.decide(secs(tick * 15), &seen);
        assert_eq!(copy.decide(secs(tick * 15), &seen), decision, "{tick}");
        assert_eq!(through_json(&decision), decision);
        went += u32::from(decision.action == NodeAction::ScaleIn);
    }
    assert!((5..38).contains(&went), "{went}");
}

#[test]
fn configurations_are_what_people_write() {
    let written = json!({"memory_per_node": 1000.0, "scale_in_after": "10m", "queue": {"jobs_per_node_s": 2.0, "drain_time": "5m"}});
    let config: NodePoolConfig = serde_json::from_value(written).unwrap();
    assert_eq!(config.scale_in_after, secs(600));
    assert_eq!(
        config.target_utilization,
        NodePoolConfig::new(1.0).target_utilization
    );
    assert_eq!(config.queue.unwrap().drain_time, secs(300));
    let replicas: ReadReplicasConfig =
        serde_json::from_value(json!({"reads_per_replica": 1000.0})).unwrap();
    assert_eq!(replicas, ReadReplicasConfig::new(1000.0));
    for wrong in [json!({"reads_per_replica": 1000.0, "colour": 1}), json!({})] {
        assert!(serde_json::from_value::<ReadReplicasConfig>(wrong).is_err());
    }
    assert!(serde_json::from_value::<NodePoolConfig>(json!({"colour": 1})).is_err());
}

#[test]
fn a_snapshot_is_checked() {
    let refused = json!({"config": {"reads_per_replica": 0.0}});
    let message = serde_json::from_value::<ReadReplicas>(refused).unwrap_err();
    assert!(message.to_string().contains("reads_per_replica is 0"));
    let refused = json!({"config": {"memory_per_node": 1000.0, "idle_share": 0.0}});
    let message = serde_json::from_value::<NodePool>(refused).unwrap_err();
    assert!(message.to_string().contains("idle_share is 0"));
}
