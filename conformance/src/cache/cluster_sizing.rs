//! Kind `cluster_sizing`: what to do with a cache cluster.

use core::time::Duration;

use autoscale_core::{
    NodeAction, NodePool, NodePoolConfig, PoolHealth, PoolNode, PoolObservation, Sizer as _,
};
use serde::Deserialize;

use crate::fields::given;
use crate::report::Comparison;
use crate::suite::{Question, Refused};

const NO_HEALTHY_NODE: &str = "no healthy node";

/// A cluster, and what is to be done with it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClusterSizing {
    nodes: Vec<NodeInput>,
    max_memory: f64,
    expect: Expect,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NodeInput {
    healthy: bool,
    memory_used: f64,
    ops_per_s: f64,
    latency_ms: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    #[serde(default, deserialize_with = "given")]
    action: Option<Action>,
    #[serde(default, deserialize_with = "given")]
    reason: Option<String>,
    #[serde(default, deserialize_with = "given")]
    target_nodes: Option<u32>,
    #[serde(default, deserialize_with = "given")]
    health: Option<Health>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    ScaleOut,
    ScaleIn,
    Hold,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Health {
    Healthy,
    Degraded,
    Critical,
}

impl Question for ClusterSizing {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let mut pool = match NodePool::new(NodePoolConfig::new(self.max_memory)) {
            Ok(pool) => pool,
            Err(e) => {
                answers.refused(e);
                return Ok(());
            }
        };
        let nodes: Vec<PoolNode> = self.nodes.into_iter().map(PoolNode::from).collect();
        let decision = pool.decide(Duration::ZERO, &PoolObservation::new(nodes));
        let expect = self.expect;
        let action = expect.action.map(|action| match action {
            Action::ScaleOut => NodeAction::ScaleOut,
            Action::ScaleIn => NodeAction::ScaleIn,
            Action::Hold => NodeAction::Hold,
        });
        answers.same_if_given("action", action.as_ref(), &decision.action);
        let target = expect.target_nodes.as_ref();
        answers.same_if_given("target_nodes", target, &decision.target_nodes);
        if let Some(expected) = expect.reason {
            let got = decision.explain();
            let agrees = if decision.action == NodeAction::Hold {
                // The words for other holds are each implementation's own.
                (expected == NO_HEALTHY_NODE) == (got == NO_HEALTHY_NODE)
            } else {
                expected == got
            };
            answers.check("reason", agrees, expected, got);
        }
        let health = expect.health.map(|health| match health {
            Health::Healthy => PoolHealth::Healthy,
            Health::Degraded => PoolHealth::Degraded,
            Health::Critical => PoolHealth::Critical,
        });
        answers.same_if_given("health", health.as_ref(), &decision.health);
        Ok(())
    }
}

impl From<NodeInput> for PoolNode {
    fn from(node: NodeInput) -> Self {
        Self {
            healthy: node.healthy,
            ..Self::cache(node.memory_used, node.ops_per_s, node.latency_ms)
        }
    }
}
