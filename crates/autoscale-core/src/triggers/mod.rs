//! Scale triggers: "CPU above 70 % for four minutes: two more".
//!
//! A rule is met when its figure has been on the far side of its threshold, in every decision, for
//! `sustained`. Of the rules that add, the largest count wins. Only where none of them is even
//! crossed, every figure is there and complete, and no rule's cooldown runs, do the rules that
//! remove speak, and the largest (gentlest) count wins again. A change that was not carried out —
//! the next observation asks for as many as before — starts no cooldown.
//!
//! A figure that is missing for a while does not stop the clock of a rule that adds: crossed before
//! and after counts as crossed throughout. The clock of a rule that removes starts anew. A figure of
//! only some of the ready pods may meet a rule that adds, and is missing for one that removes.
//!
//! Source: the trigger lists of scaling guides ([`TriggersConfig::web_service`]); a cooldown after
//! which the rule may speak again as in AWS simple scaling policies. Cost: O(rules × pods) a
//! decision. Edge cases: at 0 replicas only rules whose figure needs no pods can speak; a rule never
//! removes the last replica; a value on the threshold crosses nothing.

mod config;

use core::time::Duration;

pub use config::{TriggerAdjustment, TriggerComparison, TriggerRule, TriggersConfig};

use crate::policy::direction;
use crate::snapshot::snapshot;
use crate::{
    ConfigError, Decision, Observation, PendingRescale, Policy, Reason, StageKind, ThresholdStage,
};

/// Scales by rules: a threshold crossed for a time changes the count by a step.
///
/// Bounds are not part of it: see [`Bounded`](crate::Bounded).
///
/// ```
/// use autoscale_core::{
///     Gauge, MetricReading, Milli, Observation, PodGroup, Policy, Statistic, TriggerAdjustment,
///     TriggerRule, Triggers, TriggersConfig,
/// };
/// use std::time::Duration;
/// let p95 = Gauge::new(Statistic::Value);
/// let slow = TriggerRule::above("p95", p95, 2.0, TriggerAdjustment::Percent(50))
///     .with_sustained(Duration::from_secs(60));
/// let mut triggers = Triggers::new(TriggersConfig::new([slow]))?;
/// let seen = Observation::new(4)
///     .with_pods([PodGroup::running(4)])
///     .with_readings([MetricReading::value(Milli(2_500))]);
/// assert_eq!(triggers.decide(Duration::ZERO, &seen).replicas, 4);
/// let decision = triggers.decide(Duration::from_secs(60), &seen);
/// assert_eq!((decision.replicas, decision.thresholds[0].proposal), (6, Some(6)));
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(try_from = "TriggersSnapshot", into = "TriggersSnapshot")
)]
pub struct Triggers {
    config: TriggersConfig,
    state: TriggersState,
}

/// What triggers remember between decisions.
///
/// ```
/// use autoscale_core::{Observation, Policy, Triggers, TriggersConfig};
/// use std::time::Duration;
/// let mut triggers = Triggers::new(TriggersConfig::web_service(1000.0))?;
/// triggers.decide(Duration::from_secs(15), &Observation::new(3));
/// assert_eq!(triggers.state().now, Duration::from_secs(15));
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct TriggersState {
    /// The latest `now`.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub now: Duration,
    /// One for each rule, in their order.
    pub rules: Vec<TriggerRuleState>,
    /// A change that the next observation will confirm.
    pub pending: Option<PendingRescale>,
}

/// What is remembered of one rule.
///
/// ```
/// let fresh = autoscale_core::TriggerRuleState::default();
/// assert_eq!((fresh.crossed_since, fresh.changed_at), (None, None));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct TriggerRuleState {
    /// Since when its threshold has been crossed without a break.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration::option"))]
    pub crossed_since: Option<Duration>,
    /// When it last changed the count.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration::option"))]
    pub changed_at: Option<Duration>,
}

/// Triggers' configuration and state, as they are written to disk.
///
/// ```
/// use autoscale_core::{Triggers, TriggersConfig, TriggersSnapshot};
/// let triggers = Triggers::new(TriggersConfig::web_service(1000.0))?;
/// let restored = Triggers::try_from(TriggersSnapshot::from(triggers.clone()))?;
/// assert_eq!(restored.state(), triggers.state());
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct TriggersSnapshot {
    /// The configuration.
    pub config: TriggersConfig,
    /// The state.
    #[cfg_attr(feature = "serde", serde(default))]
    pub state: TriggersState,
}

snapshot!(Triggers, TriggersSnapshot, |policy| {
    let rules = policy.config.rules.len();
    policy
        .state
        .rules
        .resize(rules, TriggerRuleState::default());
});

impl Triggers {
    /// Checks a configuration and makes the policy.
    ///
    /// # Errors
    /// [`ConfigError`] names the rule's field, the value and the bound.
    ///
    /// ```
    /// use autoscale_core::{Triggers, TriggersConfig};
    /// let error = Triggers::new(TriggersConfig::web_service(-1.0)).err().map(|e| e.to_string());
    /// let expected = "rules[3].threshold is -1, must be a finite number ≥ 0";
    /// assert_eq!(error.as_deref(), Some(expected));
    /// ```
    pub fn new(config: TriggersConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let state = TriggersState {
            rules: vec![TriggerRuleState::default(); config.rules.len()],
            ..TriggersState::default()
        };
        Ok(Self { config, state })
    }

    /// Takes another configuration; a rule of the same name keeps what is remembered of it.
    ///
    /// # Errors
    /// [`ConfigError`]; the old configuration stays.
    ///
    /// ```
    /// use autoscale_core::{Triggers, TriggersConfig};
    /// let mut triggers = Triggers::new(TriggersConfig::web_service(1000.0))?;
    /// triggers.reconfigure(TriggersConfig::web_service(500.0))?;
    /// assert!(triggers.reconfigure(TriggersConfig::new([])).is_err());
    /// assert_eq!(triggers.config().rules[3].threshold, 500.0);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    pub fn reconfigure(&mut self, config: TriggersConfig) -> Result<(), ConfigError> {
        config.validate()?;
        let old = |name: &str| {
            let known = self.config.rules.iter().zip(&self.state.rules);
            known.into_iter().find(|(rule, _)| rule.name == name)
        };
        let states = config.rules.iter().map(|rule| old(&rule.name));
        self.state.rules = states
            .map(|found| found.map(|(_, state)| *state).unwrap_or_default())
            .collect();
        self.config = config;
        Ok(())
    }

    /// The configuration.
    ///
    /// ```
    /// use autoscale_core::{Triggers, TriggersConfig};
    /// let triggers = Triggers::new(TriggersConfig::web_service(1000.0))?;
    /// assert_eq!(triggers.config(), &TriggersConfig::web_service(1000.0));
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn config(&self) -> &TriggersConfig {
        &self.config
    }

    /// What is remembered.
    ///
    /// ```
    /// use autoscale_core::{Triggers, TriggersConfig};
    /// let triggers = Triggers::new(TriggersConfig::web_service(1000.0))?;
    /// assert_eq!(triggers.state().rules.len(), 6);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn state(&self) -> &TriggersState {
        &self.state
    }

    /// Takes back the cooldowns of a change that was not carried out.
    fn confirm(&mut self, spec_replicas: u32) {
        let pending = self.state.pending.take();
        if let Some(pending) = pending.filter(|p| !p.is_carried_out(spec_replicas)) {
            for state in &mut self.state.rules {
                state.changed_at = state.changed_at.filter(|at| *at != pending.at);
            }
        }
    }

    /// Reads every figure, moves the clocks, and shows each rule.
    fn examine(&mut self, now: Duration, seen: &Observation, out: &mut Decision) -> Verdict {
        let current = seen.spec_replicas;
        let shortened = seen.is_shortened();
        let mut verdict = Verdict::default();
        for (rule, state) in self.config.rules.iter().zip(&mut self.state.rules) {
            let adds = rule.adjustment.adds();
            let read = rule.gauge.read(seen).ok();
            let complete = read.is_some_and(|r| r.complete && !shortened);
            let crossed = read.is_some_and(|r| rule.comparison.is_crossed(r.value, rule.threshold));
            if crossed && (adds || complete) {
                state.crossed_since.get_or_insert(now);
            } else if complete || !adds {
                state.crossed_since = None;
            }
            let since = state.crossed_since.filter(|_| crossed);
            let lasted = since.map(|since| now.saturating_sub(since));
            let met = lasted.is_some_and(|lasted| lasted >= rule.sustained);
            let proposal = met.then(|| rule.adjustment.apply(current));
            let cooling = is_cooling(rule, state, now);
            verdict.failed += usize::from(read.is_none());
            verdict.incomplete |= !complete;
            verdict.removal_lost |= !adds && !complete && (crossed || read.is_none());
            verdict.cooling |= cooling;
            verdict.out_crossed |= adds && crossed;
            let best = match (adds, cooling) {
                (true, false) => &mut verdict.out,
                (true, true) => &mut verdict.out_cooling,
                (false, _) => &mut verdict.removed,
            };
            *best = (*best).max(proposal);
            out.thresholds.push(ThresholdStage {
                value: read.map(|r| r.value),
                threshold: rule.threshold,
                crossed: millis(lasted.unwrap_or_default()),
                needed: millis(rule.sustained),
                met,
                proposal,
            });
        }
        verdict
    }

    /// Starts the cooldown of the rules that asked for this change.
    fn change(&mut self, now: Duration, out: &Decision) {
        let (from, to) = (out.current_replicas, out.replicas);
        self.state.pending = Some(PendingRescale { from, to, at: now });
        let rules = self.config.rules.iter().zip(&mut self.state.rules);
        for ((rule, state), stage) in rules.zip(&out.thresholds) {
            if stage.met && rule.adjustment.adds() == (to > from) && !is_cooling(rule, state, now) {
                state.changed_at = Some(now);
            }
        }
    }
}

/// What the rules said together; the largest of each kind of proposal.
#[derive(Default)]
struct Verdict {
    out: Option<u32>,
    out_cooling: Option<u32>,
    removed: Option<u32>,
    out_crossed: bool,
    cooling: bool,
    failed: usize,
    incomplete: bool,
    removal_lost: bool,
}

fn is_cooling(rule: &TriggerRule, state: &TriggerRuleState, now: Duration) -> bool {
    let changed = state.changed_at;
    changed.is_some_and(|at| now < at.saturating_add(rule.cooldown))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Policy for Triggers {
    fn decide_into(&mut self, now: Duration, seen: &Observation, out: &mut Decision) {
        let current = seen.spec_replicas;
        out.reset(current);
        let now = now.max(self.state.now);
        self.state.now = now;
        self.confirm(current);
        let verdict = self.examine(now, seen, out);
        let removed = verdict.removed.filter(|_| !verdict.out_crossed);
        let wanted = verdict.out.or(verdict.out_cooling).or(removed);
        let wanted = wanted.unwrap_or(current);
        out.push(StageKind::Recommended, wanted);
        out.reason = direction(current, wanted);
        let removal = wanted < current && verdict.incomplete;
        if removal {
            out.push(StageKind::Guarded, current);
        }
        if verdict.failed == self.config.rules.len() {
            (out.blind, out.reason) = (true, Reason::NoData);
        } else if removal || wanted == current && verdict.removal_lost {
            out.blind = verdict.failed > 0;
            out.reason = if out.blind {
                Reason::MetricsFailed
            } else {
                Reason::SamplesLost
            };
        } else if wanted != current && verdict.out.is_none() && verdict.cooling {
            out.push(StageKind::Cooled, current);
            out.reason = Reason::CoolingDown;
        } else if wanted != current {
            self.change(now, out);
        }
    }

    fn next_wakeup(&self) -> Option<Duration> {
        let rules = self.config.rules.iter().zip(&self.state.rules);
        let ends = rules.flat_map(|(rule, state)| {
            let met = state
                .crossed_since
                .map(|at| at.saturating_add(rule.sustained));
            let free = state.changed_at.map(|at| at.saturating_add(rule.cooldown));
            [met, free].into_iter().flatten()
        });
        ends.filter(|at| *at > self.state.now).min()
    }
}
