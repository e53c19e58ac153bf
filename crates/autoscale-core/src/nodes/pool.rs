//! Cache and worker pools.
//!
//! With the totals of the healthy nodes: needed by memory = ⌈Σ memory ÷ (a node's memory × target)⌉
//! and by operations = ⌈Σ operations ÷ (a node's operations × target)⌉. When any healthy node is over
//! its limit of memory, operations or latency, the target is the largest of these and one more than
//! are healthy. A node is taken away only where every node is healthy, at least ⌈idle share × nodes⌉
//! are idle, and those that stay carry the totals at the target.
//!
//! Source: the recorded decisions `cache/cluster_sizing`, which the defaults give exactly. Cost: O(nodes)
//! a decision. Edge cases: without a healthy node nothing is measured and nothing changed; a node
//! without a figure is taken to carry as much as the others do on average, and nothing is taken away;
//! nodes of differing memory are counted in memory, and the largest are taken to be the ones that go.

use core::time::Duration;

use super::pool_config::NodePoolConfig;
use super::pool_decision::{PoolDecision, PoolHealth, PoolReason, PoolSurvivors};
use super::{MissingFigure, NodeAction, NodeFigure, count, figure};
use crate::numeric::ceil_replicas;
use crate::snapshot::snapshot;
use crate::{ConfigError, Sizer};

/// How many nodes a cache or a pool of workers needs.
///
/// ```
/// use autoscale_core::{NodeAction, NodePool, NodePoolConfig, PoolNode, PoolObservation, Sizer};
/// use std::time::Duration;
/// let mut pool = NodePool::new(NodePoolConfig::new(1_073_741_824.0))?;
/// let slow = PoolNode::cache(200e6, 10.0, 25.0);
/// let decision = pool.decide(Duration::ZERO, &PoolObservation::new([slow; 3]));
/// assert_eq!((decision.action, decision.target_nodes), (NodeAction::ScaleOut, 4));
/// assert_eq!(decision.explain(), "latency");
///
/// let idle = PoolNode::cache(200e6, 10.0, 1.0);
/// let decision = pool.decide(Duration::ZERO, &PoolObservation::new([idle; 4]));
/// assert_eq!((decision.action, decision.target_nodes), (NodeAction::ScaleIn, 3));
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(try_from = "NodePoolSnapshot", into = "NodePoolSnapshot")
)]
pub struct NodePool {
    config: NodePoolConfig,
    state: NodePoolState,
}

/// What a pool's rule remembers between decisions.
///
/// ```
/// use autoscale_core::{NodePool, NodePoolConfig, PoolNode, PoolObservation, Sizer};
/// use std::time::Duration;
/// let config = NodePoolConfig::new(1000.0).with_scale_in_after(Duration::from_secs(600));
/// let mut pool = NodePool::new(config)?;
/// let idle = PoolNode::cache(200.0, 10.0, 1.0);
/// pool.decide(Duration::from_secs(5), &PoolObservation::new([idle; 4]));
/// assert_eq!(pool.state().idle_since, Some(Duration::from_secs(5)));
/// assert_eq!(pool.next_wakeup(), Some(Duration::from_secs(605)));
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct NodePoolState {
    /// The latest `now`.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub now: Duration,
    /// Nodes at the latest decision.
    pub nodes: Option<u32>,
    /// When their number last changed or a scale-out was last asked for.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration::option"))]
    pub changed_at: Option<Duration>,
    /// Since when nodes could have been taken away, without a break and with as many nodes.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration::option"))]
    pub idle_since: Option<Duration>,
}

/// A pool's configuration and state, as it is written to disk.
///
/// ```
/// use autoscale_core::{NodePool, NodePoolConfig, NodePoolSnapshot};
/// let pool = NodePool::new(NodePoolConfig::new(1000.0))?;
/// let restored = NodePool::try_from(NodePoolSnapshot::from(pool.clone()))?;
/// assert_eq!(restored.state(), pool.state());
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct NodePoolSnapshot {
    /// The configuration.
    pub config: NodePoolConfig,
    /// The state.
    #[cfg_attr(feature = "serde", serde(default))]
    pub state: NodePoolState,
}

snapshot!(NodePool, NodePoolSnapshot);

/// What a [`NodePool`] is shown. The nodes' order means nothing.
///
/// ```
/// use autoscale_core::{PoolNode, PoolObservation};
/// let seen = PoolObservation::new([PoolNode::cache(1e9, 4000.0, 0.8)]);
/// assert_eq!(seen.jobs_waiting, None);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct PoolObservation {
    /// All nodes that there are, working or not.
    pub nodes: Vec<PoolNode>,
    /// Jobs that wait, where the pool works off a queue.
    pub jobs_waiting: Option<f64>,
    /// Jobs that arrive a second, where the pool works off a queue; 0 if only what waits shall count.
    pub arrivals_per_s: Option<f64>,
}

impl PoolObservation {
    /// These nodes, without a queue.
    ///
    /// ```
    /// use autoscale_core::{PoolNode, PoolObservation};
    /// assert_eq!(PoolObservation::new([PoolNode::running(); 2]).nodes.len(), 2);
    /// ```
    #[must_use]
    pub fn new(nodes: impl Into<Vec<PoolNode>>) -> Self {
        Self {
            nodes: nodes.into(),
            ..Self::default()
        }
    }
}

/// A node and its newest figures; what is not known is `None`.
///
/// ```
/// use autoscale_core::PoolNode;
/// let small = PoolNode { memory_limit: Some(512e6), ..PoolNode::cache(200e6, 900.0, 0.7) };
/// assert!(small.healthy && small.ops_per_s == Some(900.0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct PoolNode {
    /// Whether it serves.
    pub healthy: bool,
    /// Memory in use, in bytes.
    #[cfg_attr(feature = "serde", serde(default))]
    pub memory_used: Option<f64>,
    /// Operations a second.
    #[cfg_attr(feature = "serde", serde(default))]
    pub ops_per_s: Option<f64>,
    /// Mean latency, in milliseconds.
    #[cfg_attr(feature = "serde", serde(default))]
    pub latency_ms: Option<f64>,
    /// Its memory, in bytes, where it is another than the configuration's.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub memory_limit: Option<f64>,
}

impl PoolNode {
    /// A healthy node without figures, as workers are.
    ///
    /// ```
    /// assert!(autoscale_core::PoolNode::running().healthy);
    /// ```
    #[must_use]
    pub const fn running() -> Self {
        Self {
            healthy: true,
            memory_used: None,
            ops_per_s: None,
            latency_ms: None,
            memory_limit: None,
        }
    }

    /// A healthy cache node: bytes in use, operations a second, milliseconds.
    ///
    /// ```
    /// assert_eq!(autoscale_core::PoolNode::cache(1e9, 10.0, 0.5).latency_ms, Some(0.5));
    /// ```
    #[must_use]
    pub const fn cache(memory_used: f64, ops_per_s: f64, latency_ms: f64) -> Self {
        Self {
            healthy: true,
            memory_used: Some(memory_used),
            ops_per_s: Some(ops_per_s),
            latency_ms: Some(latency_ms),
            memory_limit: None,
        }
    }
}

/// A figure's sum over the healthy nodes that have it.
#[derive(Clone, Copy, Debug, Default)]
struct Total {
    sum: f64,
    known: u32,
}

impl Total {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.known += 1;
    }

    /// Nodes without the figure carry what the others do on average.
    fn of(self, nodes: u32) -> Option<f64> {
        (self.known > 0).then(|| self.sum * (f64::from(nodes) / f64::from(self.known)))
    }
}

/// What the healthy nodes add up to.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    memory: Total,
    ops: Total,
    latency: Total,
    /// Σ (1 − limit ÷ a new node's memory): 0 where all nodes have that much.
    short_of_new: f64,
    memory_limits: f64,
    largest_limit: f64,
}

impl NodePool {
    /// Checks a configuration and makes the rule.
    ///
    /// # Errors
    /// [`ConfigError`] names the field, the value and the bound.
    ///
    /// ```
    /// use autoscale_core::{NodePool, NodePoolConfig};
    /// let refused = NodePool::new(NodePoolConfig::new(1e9).with_target_utilization(0.9));
    /// let message = refused.map(|_| ()).map_err(|e| e.to_string());
    /// let wrong = "target_utilization is 0.9, must be at most memory_scale_out (0.8)";
    /// assert_eq!(message, Err(wrong.to_owned()));
    /// ```
    pub fn new(config: NodePoolConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self {
            config,
            state: NodePoolState::default(),
        })
    }

    /// The configuration.
    ///
    /// ```
    /// use autoscale_core::{NodePool, NodePoolConfig};
    /// assert_eq!(NodePool::new(NodePoolConfig::new(1e9))?.config().min_nodes, 3);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn config(&self) -> &NodePoolConfig {
        &self.config
    }

    /// What it remembers.
    ///
    /// ```
    /// use autoscale_core::{NodePool, NodePoolConfig};
    /// assert_eq!(NodePool::new(NodePoolConfig::new(1e9))?.state().nodes, None);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn state(&self) -> &NodePoolState {
        &self.state
    }

    /// When the same observation would next be answered otherwise: when an idle pool has been so for
    /// long enough; `None` where only a new observation can change the answer.
    ///
    /// ```
    /// use autoscale_core::{NodePool, NodePoolConfig};
    /// assert_eq!(NodePool::new(NodePoolConfig::new(1e9))?.next_wakeup(), None);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub fn next_wakeup(&self) -> Option<Duration> {
        let idle = self.state.idle_since?;
        let idle = idle.saturating_add(self.config.scale_in_after);
        let cooled = self.state.changed_at.unwrap_or_default();
        let cooled = match self.state.changed_at {
            Some(_) => cooled.saturating_add(self.config.cooldown),
            None => Duration::ZERO,
        };
        Some(idle.max(cooled)).filter(|at| *at > self.state.now)
    }

    /// Sums up the healthy nodes; fills in pressures, idle and missing figures.
    fn take_in(&self, nodes: &[PoolNode], out: &mut PoolDecision) -> Totals {
        let config = &self.config;
        let mut totals = Totals::default();
        for (index, node) in nodes.iter().enumerate().filter(|(_, n)| n.healthy) {
            let mut lacks = |figure| {
                out.missing.push(MissingFigure {
                    node: Some(index),
                    figure,
                });
            };
            let mut idle = true;
            if let Some(new) = config.memory_per_node {
                let limit = match node.memory_limit {
                    None => new,
                    Some(limit) if limit.is_finite() && limit > 0.0 => limit,
                    Some(_) => {
                        lacks(NodeFigure::MemoryLimit);
                        new
                    }
                };
                totals.memory_limits += limit;
                totals.largest_limit = totals.largest_limit.max(limit);
                totals.short_of_new += 1.0 - limit / new;
                if let Some(used) = figure(node.memory_used) {
                    totals.memory.add(used);
                    out.pressures.memory |= used / limit > config.memory_scale_out;
                    idle &= used / limit < config.idle_memory;
                } else {
                    lacks(NodeFigure::Memory);
                    idle = false;
                }
            }
            if let Some(carries) = config.ops_per_node {
                if let Some(ops) = figure(node.ops_per_s) {
                    totals.ops.add(ops);
                    out.pressures.ops |= ops > carries * config.ops_scale_out;
                    idle &= ops < config.idle_ops_per_s;
                } else {
                    lacks(NodeFigure::Ops);
                    idle = false;
                }
            }
            if let Some(limit) = config.latency_limit_ms {
                if let Some(latency) = figure(node.latency_ms) {
                    totals.latency.add(latency);
                    out.pressures.latency |= latency > limit;
                } else {
                    lacks(NodeFigure::Latency);
                }
            }
            out.idle_nodes += u32::from(idle);
        }
        totals
    }

    /// Nodes that each figure asks for.
    fn need(&self, totals: &Totals, seen: &PoolObservation, out: &mut PoolDecision) {
        let (config, healthy) = (&self.config, out.healthy_nodes);
        let target = config.target_utilization;
        out.needed.memory = config.memory_per_node.and_then(|new| {
            let used = totals.memory.of(healthy)?;
            Some(ceil_replicas(used / (new * target) + totals.short_of_new))
        });
        out.needed.ops = config
            .ops_per_node
            .and_then(|carries| Some(ceil_replicas(totals.ops.of(healthy)? / (carries * target))));
        out.needed.latency = out.pressures.latency.then(|| healthy.saturating_add(1));
        let unseen = |watched: bool, total: Total| watched && total.known == 0;
        out.blind = unseen(config.memory_per_node.is_some(), totals.memory)
            || unseen(config.ops_per_node.is_some(), totals.ops)
            || unseen(config.latency_limit_ms.is_some(), totals.latency);
        if let Some(queue) = config.queue {
            let (waiting, arrivals) = (figure(seen.jobs_waiting), figure(seen.arrivals_per_s));
            for (value, figure) in [
                (waiting, NodeFigure::JobsWaiting),
                (arrivals, NodeFigure::Arrivals),
            ] {
                if value.is_none() {
                    out.missing.push(MissingFigure { node: None, figure });
                    out.blind = true;
                }
            }
            if waiting.is_some() || arrivals.is_some() {
                let rate = arrivals.unwrap_or(0.0)
                    + waiting.unwrap_or(0.0) / queue.drain_time.as_secs_f64();
                let needed = ceil_replicas(rate / queue.jobs_per_node_s);
                out.needed.queue = Some(needed);
                out.pressures.queue = needed > healthy;
            }
        }
    }

    /// What the rest would carry without `removed` nodes, the largest ones, and whether it is at or
    /// under the target.
    fn survivors(
        &self,
        totals: &Totals,
        out: &PoolDecision,
        removed: u32,
    ) -> (PoolSurvivors, bool) {
        let config = &self.config;
        let left = out.healthy_nodes.saturating_sub(removed);
        let memory = totals
            .memory
            .of(out.healthy_nodes)
            .map(|used| used / (totals.memory_limits - f64::from(removed) * totals.largest_limit));
        let ops = config.ops_per_node.and_then(|carries| {
            Some(totals.ops.of(out.healthy_nodes)? / (carries * f64::from(left)))
        });
        let fits = |share: Option<f64>| {
            share.is_none_or(|share| (0.0..=config.target_utilization).contains(&share))
        };
        let safe = left >= 1
            && fits(memory)
            && fits(ops)
            && out.needed.queue.is_none_or(|needed| needed <= left);
        let finite = |share: Option<f64>| share.filter(|share| share.is_finite());
        let survivors = PoolSurvivors {
            nodes: left,
            memory: finite(memory),
            ops: finite(ops),
        };
        (survivors, safe)
    }

    /// How many nodes may go, or why none may.
    fn removable(&mut self, totals: &Totals, out: &mut PoolDecision) -> Result<u32, PoolReason> {
        let config = &self.config;
        if !out.missing.is_empty() {
            return Err(PoolReason::MissingData);
        }
        if out.healthy_nodes < out.nodes {
            return Err(PoolReason::UnhealthyNodes);
        }
        if out.nodes <= config.min_nodes {
            return Err(PoolReason::AtMinimum);
        }
        if out.idle_nodes < ceil_replicas(config.idle_share * f64::from(out.nodes)) {
            return Err(PoolReason::Steady);
        }
        let most = config.scale_in_step.min(out.nodes - config.min_nodes);
        let (one, _) = self.survivors(totals, out, 1);
        out.survivors = Some(one);
        for removed in (1..=most).rev() {
            let (survivors, safe) = self.survivors(totals, out, removed);
            if safe {
                out.survivors = Some(survivors);
                return Ok(removed);
            }
        }
        Err(PoolReason::SurvivorsOverTarget)
    }

    /// Whether those nodes may go now.
    fn wait(&mut self, now: Duration) -> Result<(), PoolReason> {
        let since = *self.state.idle_since.get_or_insert(now);
        if now.saturating_sub(since) < self.config.scale_in_after {
            return Err(PoolReason::IdleNotLongEnough);
        }
        match self.state.changed_at {
            Some(at) if now.saturating_sub(at) < self.config.cooldown => {
                Err(PoolReason::CoolingDown)
            }
            _ => Ok(()),
        }
    }

    fn health(&self, healthy: u32, nodes: u32) -> PoolHealth {
        let share = f64::from(healthy) / f64::from(nodes.max(1));
        if share >= self.config.healthy_share {
            PoolHealth::Healthy
        } else if share >= self.config.degraded_share {
            PoolHealth::Degraded
        } else {
            PoolHealth::Critical
        }
    }

    /// More nodes, if there is a reason for them.
    fn grow(&self, out: &mut PoolDecision) -> bool {
        let config = &self.config;
        let floor = if config.replace_unhealthy {
            out.nodes.max(config.min_nodes)
        } else {
            0
        };
        let (reason, wanted) = if out.healthy_nodes == 0 {
            (PoolReason::NoHealthyNode, floor)
        } else if out.pressures.any() {
            let one_more = out.healthy_nodes.saturating_add(1);
            let wanted = out.needed.largest().max(one_more).max(floor);
            (PoolReason::Pressure, wanted)
        } else {
            (PoolReason::Replacement, floor)
        };
        let allowed = config.max_nodes.map_or(wanted, |max| wanted.min(max));
        if allowed > out.healthy_nodes {
            out.action = if reason == PoolReason::Pressure || allowed > out.nodes {
                NodeAction::ScaleOut
            } else {
                NodeAction::Replace
            };
            out.target_nodes = allowed;
            out.reason = reason;
            return true;
        }
        match reason {
            PoolReason::Replacement => false,
            PoolReason::Pressure => {
                out.reason = PoolReason::AtMaximum;
                true
            }
            _ => {
                out.reason = reason;
                true
            }
        }
    }
}

impl Sizer for NodePool {
    type Observation = PoolObservation;
    type Decision = PoolDecision;

    fn decide_into(&mut self, now: Duration, seen: &PoolObservation, out: &mut PoolDecision) {
        out.reset();
        let now = now.max(self.state.now);
        self.state.now = now;
        out.nodes = count(seen.nodes.len());
        out.healthy_nodes = count(seen.nodes.iter().filter(|node| node.healthy).count());
        out.target_nodes = out.nodes;
        out.health = self.health(out.healthy_nodes, out.nodes);
        let before = self.state.nodes.replace(out.nodes);
        if before.is_some_and(|before| before != out.nodes) {
            self.state.changed_at = Some(now);
            self.state.idle_since = None;
        }
        let totals = self.take_in(&seen.nodes, out);
        self.need(&totals, seen, out);
        if self.grow(out) {
            self.state.idle_since = None;
            if out.action == NodeAction::ScaleOut {
                self.state.changed_at = Some(now);
            }
            return;
        }
        let removable = self.removable(&totals, out);
        if removable.is_err() {
            self.state.idle_since = None;
        }
        match removable.and_then(|removed| self.wait(now).map(|()| removed)) {
            Ok(removed) => {
                out.action = NodeAction::ScaleIn;
                out.target_nodes = out.nodes.saturating_sub(removed);
                out.reason = PoolReason::Underutilised;
            }
            Err(reason) => out.reason = reason,
        }
    }
}
