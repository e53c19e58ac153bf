//! Read replicas of a database.
//!
//! With R reads a second and a replica's capacity c: needed for reads = ⌈R ÷ (c × target)⌉, needed for
//! loss = ⌈R ÷ (c × loss utilization)⌉ + losses. Of the reads a share needs fresh data and counts only
//! on replicas whose lag is within its limit. Lag asks for more replicas only where reads cause it
//! ([`LagCause`]): each replica replays all writes, however many there are. A replica is taken away
//! only where all are healthy and none lags, every figure is there, and the rest, less what may be
//! lost, carries R at the target — and has been able to for `scale_in_after`.
//!
//! Source: own rule; utilization law U = R ÷ (n·c), N+1 redundancy. Cost: O(replicas) a decision. Edge
//! cases: without a read rate the replicas' own are summed up if each healthy one has one; otherwise
//! the count stays and only what does not work is replaced; a lag that is not known is no fresh
//! replica and no reason to start one; the upper bound takes nothing away that runs.

use core::time::Duration;

use super::replicas_config::ReadReplicasConfig;
use super::replicas_decision::{LagCause, ReplicaDecision, ReplicaReason};
use super::{MissingFigure, NodeAction, NodeFigure, count, figure};
use crate::numeric::replicas_for;
use crate::snapshot::snapshot;
use crate::{ConfigError, Sizer};

/// How many read replicas a database needs.
///
/// ```
/// use autoscale_core::{LagCause, NodeAction, ReadReplicas, ReadReplicasConfig, ReplicaNode};
/// use autoscale_core::{ReplicaObservation, ReplicaReason, Sizer};
/// use std::time::Duration;
/// let mut rule = ReadReplicas::new(ReadReplicasConfig::new(1000.0))?;
/// // All lag by a minute though they have few reads: the writes are too many for each of them.
/// let seen = ReplicaObservation::new(600.0, [ReplicaNode::running(300.0, 60.0); 2]);
/// let decision = rule.decide(Duration::ZERO, &seen);
/// assert_eq!(decision.action, NodeAction::Hold);
/// assert_eq!(decision.reason, ReplicaReason::LagFromWrites);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(try_from = "ReadReplicasSnapshot", into = "ReadReplicasSnapshot")
)]
pub struct ReadReplicas {
    config: ReadReplicasConfig,
    state: ReadReplicasState,
}

/// What the rule remembers between decisions.
///
/// ```
/// use autoscale_core::{ReadReplicas, ReadReplicasConfig, ReplicaNode, ReplicaObservation, Sizer};
/// use std::time::Duration;
/// let mut rule = ReadReplicas::new(ReadReplicasConfig::new(1000.0))?;
/// let seen = ReplicaObservation::new(100.0, [ReplicaNode::running(25.0, 0.1); 4]);
/// rule.decide(Duration::from_secs(5), &seen);
/// assert_eq!(rule.state().spare_since, Some(Duration::from_secs(5)));
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct ReadReplicasState {
    /// The latest `now`.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub now: Duration,
    /// Since when one has been too many, without a break and with the same number of replicas.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration::option"))]
    pub spare_since: Option<Duration>,
    /// Replicas at the latest decision.
    pub replicas: Option<u32>,
}

/// A configuration and a state, as they are written to disk.
///
/// ```
/// use autoscale_core::{ReadReplicas, ReadReplicasConfig, ReadReplicasSnapshot};
/// let rule = ReadReplicas::new(ReadReplicasConfig::new(1000.0))?;
/// let restored = ReadReplicas::try_from(ReadReplicasSnapshot::from(rule.clone()))?;
/// assert_eq!(restored.state(), rule.state());
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct ReadReplicasSnapshot {
    /// The configuration.
    pub config: ReadReplicasConfig,
    /// The state.
    #[cfg_attr(feature = "serde", serde(default))]
    pub state: ReadReplicasState,
}

snapshot!(ReadReplicas, ReadReplicasSnapshot);

/// What [`ReadReplicas`] is shown. The replicas' order means nothing.
///
/// ```
/// use autoscale_core::{ReplicaNode, ReplicaObservation};
/// let seen = ReplicaObservation::new(900.0, [ReplicaNode::running(450.0, 0.1); 2]);
/// assert_eq!(seen.writes_per_s, None);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct ReplicaObservation {
    /// All replicas that there are, working or not; the primary is none of them.
    pub replicas: Vec<ReplicaNode>,
    /// Reads a second that go to replicas, or would if there were enough.
    pub reads_per_s: Option<f64>,
    /// Writes a second on the primary.
    pub writes_per_s: Option<f64>,
}

impl ReplicaObservation {
    /// Reads a second, and the replicas that share them.
    ///
    /// ```
    /// use autoscale_core::ReplicaObservation;
    /// assert_eq!(ReplicaObservation::new(900.0, []).reads_per_s, Some(900.0));
    /// ```
    #[must_use]
    pub fn new(reads_per_s: f64, replicas: impl Into<Vec<ReplicaNode>>) -> Self {
        Self {
            replicas: replicas.into(),
            reads_per_s: Some(reads_per_s),
            writes_per_s: None,
        }
    }

    /// Sets the writes a second on the primary.
    ///
    /// ```
    /// use autoscale_core::ReplicaObservation;
    /// let seen = ReplicaObservation::new(900.0, []).with_writes_per_s(50.0);
    /// assert_eq!(seen.writes_per_s, Some(50.0));
    /// ```
    #[must_use]
    pub const fn with_writes_per_s(mut self, writes_per_s: f64) -> Self {
        self.writes_per_s = Some(writes_per_s);
        self
    }
}

/// A replica and its newest figures; what is not known is `None`.
///
/// ```
/// use autoscale_core::ReplicaNode;
/// let down = ReplicaNode { healthy: false, ..ReplicaNode::default() };
/// assert_eq!(down.lag_s, None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct ReplicaNode {
    /// Whether it answers.
    pub healthy: bool,
    /// Reads a second that it serves.
    #[cfg_attr(feature = "serde", serde(default))]
    pub reads_per_s: Option<f64>,
    /// How far its data is behind the primary's, in seconds.
    #[cfg_attr(feature = "serde", serde(default))]
    pub lag_s: Option<f64>,
}

impl ReplicaNode {
    /// A healthy replica: reads a second, and seconds of lag.
    ///
    /// ```
    /// assert!(autoscale_core::ReplicaNode::running(400.0, 0.2).healthy);
    /// ```
    #[must_use]
    pub const fn running(reads_per_s: f64, lag_s: f64) -> Self {
        Self {
            healthy: true,
            reads_per_s: Some(reads_per_s),
            lag_s: Some(lag_s),
        }
    }
}

/// The replicas that lag, by how much they read.
#[derive(Clone, Copy, Debug, Default)]
struct Laggards {
    busy: u32,
    light: u32,
    unknown: u32,
}

impl ReadReplicas {
    /// Checks a configuration and makes the rule.
    ///
    /// # Errors
    /// [`ConfigError`] names the field, the value and the bound.
    ///
    /// ```
    /// use autoscale_core::{ReadReplicas, ReadReplicasConfig};
    /// let refused = ReadReplicas::new(ReadReplicasConfig::new(1e3).with_fresh_share(1.5));
    /// let message = refused.map(|_| ()).map_err(|e| e.to_string());
    /// assert_eq!(message, Err("fresh_share is 1.5, must be 0 … 1".to_owned()));
    /// ```
    pub fn new(config: ReadReplicasConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self {
            config,
            state: ReadReplicasState::default(),
        })
    }

    /// The configuration.
    ///
    /// ```
    /// use autoscale_core::{ReadReplicas, ReadReplicasConfig};
    /// assert_eq!(ReadReplicas::new(ReadReplicasConfig::new(1e3))?.config().losses, 1);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn config(&self) -> &ReadReplicasConfig {
        &self.config
    }

    /// What it remembers.
    ///
    /// ```
    /// use autoscale_core::{ReadReplicas, ReadReplicasConfig};
    /// assert_eq!(ReadReplicas::new(ReadReplicasConfig::new(1e3))?.state().spare_since, None);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn state(&self) -> &ReadReplicasState {
        &self.state
    }

    /// When one has been too many for long enough; `None` where only a new observation can change the
    /// answer.
    ///
    /// ```
    /// use autoscale_core::{ReadReplicas, ReadReplicasConfig};
    /// assert_eq!(ReadReplicas::new(ReadReplicasConfig::new(1e3))?.next_wakeup(), None);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub fn next_wakeup(&self) -> Option<Duration> {
        let since = self.state.spare_since?;
        let at = since.saturating_add(self.config.scale_in_after);
        (at > self.state.now).then_some(at)
    }

    /// Replicas that carry these reads at the target, and those of which some may be lost.
    fn needed(&self, reads: f64) -> (u32, u32) {
        let config = &self.config;
        let at = |share: f64| replicas_for(reads / (config.reads_per_replica * share));
        let loss = at(config.loss_utilization).saturating_add(config.losses);
        (at(config.target_utilization), loss)
    }

    /// Counts the replicas; gives those that lag and the sum of the healthy ones' reads, if each has
    /// one.
    fn take_in(
        &self,
        seen: &ReplicaObservation,
        out: &mut ReplicaDecision,
    ) -> (Laggards, Option<f64>) {
        let config = &self.config;
        let (mut laggards, mut sum) = (Laggards::default(), Some(0.0));
        for (index, replica) in seen.replicas.iter().enumerate().filter(|(_, r)| r.healthy) {
            out.healthy_replicas += 1;
            let reads = figure(replica.reads_per_s);
            sum = sum.zip(reads).map(|(sum, reads)| sum + reads);
            match figure(replica.lag_s) {
                Some(lag) if lag <= config.lag_limit_s => out.fresh_replicas += 1,
                Some(_) => {
                    out.lagging_replicas += 1;
                    let busy = config.reads_per_replica * config.target_utilization;
                    match reads {
                        Some(reads) if reads > busy => laggards.busy += 1,
                        Some(_) => laggards.light += 1,
                        None => {
                            laggards.unknown += 1;
                            out.missing.push(MissingFigure {
                                node: Some(index),
                                figure: NodeFigure::Reads,
                            });
                        }
                    }
                }
                None => out.missing.push(MissingFigure {
                    node: Some(index),
                    figure: NodeFigure::Lag,
                }),
            }
        }
        (laggards, sum)
    }

    fn lag_cause(
        &self,
        laggards: Laggards,
        writes: Option<f64>,
        out: &mut ReplicaDecision,
    ) -> Option<LagCause> {
        if out.lagging_replicas == 0 {
            return None;
        }
        let unknown_writes = match (self.config.replay_per_s, writes) {
            (Some(replay), Some(writes)) if writes > replay => return Some(LagCause::Writes),
            (Some(_), None) => {
                out.missing.push(MissingFigure {
                    node: None,
                    figure: NodeFigure::Writes,
                });
                true
            }
            _ => false,
        };
        Some(if laggards.unknown > 0 {
            LagCause::Unknown
        } else if laggards.light == 0 {
            if unknown_writes {
                LagCause::Unknown
            } else {
                LagCause::Reads
            }
        } else if out.fresh_replicas > 0 {
            LagCause::Replica
        } else if out.lagging_replicas < out.healthy_replicas {
            // Whether the others keep up is not known.
            LagCause::Unknown
        } else {
            LagCause::Writes
        })
    }

    /// The count that the figures ask for, and why.
    fn wanted(&self, reads: Option<f64>, out: &mut ReplicaDecision) -> (u32, ReplicaReason) {
        let config = &self.config;
        let mut wanted = (out.replicas, ReplicaReason::Steady);
        let mut raise = |count: u32, reason: ReplicaReason| {
            if count > wanted.0 {
                wanted = (count, reason);
            }
        };
        raise(config.min_replicas, ReplicaReason::BelowMinimum);
        let Some(reads) = reads else {
            return wanted;
        };
        let (for_reads, for_loss) = self.needed(reads);
        out.needed_for_reads = Some(for_reads);
        out.needed_for_loss = Some(for_loss);
        raise(for_reads, ReplicaReason::Reads);
        raise(for_loss, ReplicaReason::Loss);
        if config.fresh_share > 0.0 {
            let (at_target, with_losses) = self.needed(reads * config.fresh_share);
            let fresh = at_target.max(with_losses);
            out.needed_fresh = Some(fresh);
            if out.lag_cause == Some(LagCause::Reads) {
                let stale = out.healthy_replicas.saturating_sub(out.fresh_replicas);
                raise(stale.saturating_add(fresh), ReplicaReason::LagFromReads);
            }
        }
        wanted
    }

    /// Why nothing more is started though something is amiss.
    fn held(&self, out: &ReplicaDecision) -> ReplicaReason {
        let short = out
            .needed_fresh
            .is_some_and(|fresh| fresh > out.fresh_replicas);
        match out.lag_cause {
            Some(LagCause::Writes) if short => ReplicaReason::LagFromWrites,
            Some(LagCause::Unknown) if short => ReplicaReason::LagUnexplained,
            _ if !out.missing.is_empty() => ReplicaReason::MissingData,
            _ => ReplicaReason::Steady,
        }
    }

    /// Whether one less would do, and some of the rest could be lost.
    fn is_one_spare(&self, reads: Option<f64>, out: &ReplicaDecision) -> bool {
        let config = &self.config;
        let Some(left) = out.replicas.checked_sub(1) else {
            return false;
        };
        let carriers = f64::from(left.saturating_sub(config.losses));
        let carried = carriers * config.reads_per_replica * config.target_utilization;
        left >= config.min_replicas
            && out.missing.is_empty()
            && out.lagging_replicas == 0
            && reads.is_some_and(|reads| reads <= carried)
    }
}

impl Sizer for ReadReplicas {
    type Observation = ReplicaObservation;
    type Decision = ReplicaDecision;

    fn decide_into(&mut self, now: Duration, seen: &ReplicaObservation, out: &mut ReplicaDecision) {
        out.reset();
        let now = now.max(self.state.now);
        self.state.now = now;
        out.replicas = count(seen.replicas.len());
        let (laggards, sum) = self.take_in(seen, out);
        let sum = sum.filter(|_| out.healthy_replicas == out.replicas && out.replicas > 0);
        let reads = figure(seen.reads_per_s).or(sum.filter(|sum| sum.is_finite()));
        if reads.is_none() {
            out.blind = true;
            out.missing.push(MissingFigure {
                node: None,
                figure: NodeFigure::Reads,
            });
        }
        out.reads_per_s = reads;
        out.lag_cause = self.lag_cause(laggards, figure(seen.writes_per_s), out);
        let unhealthy = out.replicas.saturating_sub(out.healthy_replicas);
        let slow = match out.lag_cause {
            Some(LagCause::Replica) => laggards.light,
            _ => 0,
        };
        out.replace = unhealthy.saturating_add(slow);
        let (wanted, reason) = self.wanted(reads, out);
        let allowed = self
            .config
            .max_replicas
            .map_or(wanted, |max| wanted.min(max));
        out.target_replicas = allowed.max(out.replicas);
        if out.target_replicas > out.replicas {
            out.action = NodeAction::ScaleOut;
            out.reason = reason;
        } else if out.replace > 0 {
            out.action = NodeAction::Replace;
            out.reason = if unhealthy > 0 {
                ReplicaReason::Unhealthy
            } else {
                ReplicaReason::LaggingReplica
            };
        } else if wanted > out.replicas {
            out.reason = ReplicaReason::AtMaximum;
        } else {
            out.reason = self.held(out);
        }
        let changed = self.state.replicas.replace(out.replicas) != Some(out.replicas);
        let spare = out.action == NodeAction::Hold && self.is_one_spare(reads, out);
        if !spare {
            self.state.spare_since = None;
            return;
        }
        if changed {
            self.state.spare_since = Some(now);
        }
        let since = *self.state.spare_since.get_or_insert(now);
        if now.saturating_sub(since) < self.config.scale_in_after {
            out.reason = ReplicaReason::WaitingToScaleIn;
        } else {
            out.action = NodeAction::ScaleIn;
            out.target_replicas = out.replicas.saturating_sub(1);
            out.reason = ReplicaReason::Underutilised;
        }
    }
}
