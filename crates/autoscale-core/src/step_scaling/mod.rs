//! AWS step and simple scaling: alarms that change the capacity by set amounts.
//!
//! An alarm that is in `Alarm` when a period of its own ends asks for a count, and keeps asking
//! until a change is seen; if it is still in `Alarm` at the end of the next period it asks again. A
//! step policy takes the adjustment whose bounds hold the newest datapoint's distance from the
//! threshold and applies it to the replicas that have warmed up; those that still do count as added
//! already, so that the same step acts once and a larger one adds the difference. Scaling in,
//! replicas on their way out count as present for the same purpose. A simple policy applies its one
//! adjustment to what is asked for; after it was carried out, and the replicas have started or
//! ended, no simple policy acts for its cooldown. Of several alarms the largest capacity wins, and
//! none takes anything away while replicas warm up.
//!
//! Source: Amazon EC2 Auto Scaling User Guide (`docs.aws.amazon.com/autoscaling/ec2/userguide`),
//! "Step and simple scaling policies" (`as-scaling-simple-step`), "Scaling cooldowns" (`Cooldown`),
//! "Set the default instance warmup" (`ec2-auto-scaling-default-instance-warmup`) and "Multiple
//! dynamic scaling policies" (`as-scale-based-on-demand`); the alarms are [`Alarm`]s. Cost:
//! O(alarms × periods) a decision. Edge cases: an alarm raised by absent data alone breaches by 0; a
//! breach that no step holds does nothing; replicas that take longer than the warm-up to start hold
//! back neither cooldown nor scaling in any longer; absent or incomplete data never scales in, even
//! treated as breaching, and an alarm without data forbids the others to, unless it treats missing
//! data as not breaching. Tests: `tests/it/aws`.

mod config;

use core::time::Duration;

pub use config::{
    AdjustmentType, PolicyType, ScalingAction, ScalingAlarm, StepAdjustment, StepScalingConfig,
};

use crate::activity::{is_in_progress, settled, terminating};
use crate::policy::direction;
use crate::snapshot::snapshot;
use crate::{
    Alarm, AlarmState, ConfigError, Decision, GroupActivity, Observation, PeriodWindow, Policy,
    Reason, StageKind, ThresholdStage, TreatMissingData,
};

/// AWS's step and simple scaling.
///
/// Bounds are not part of it: see [`Bounded`](crate::Bounded). Decided on about once a period or
/// oftener.
///
/// ```
/// use autoscale_core::{AdjustmentType, Alarm, Comparison, Gauge, ScalingAction, ScalingAlarm};
/// use autoscale_core::{MetricReading, Milli, Observation, PodGroup, Policy, Sample};
/// use autoscale_core::{StepAdjustment, StepScaling, StepScalingConfig};
/// use std::time::Duration;
/// let high = Comparison::GreaterThanOrEqualToThreshold;
/// let steps = [
///     StepAdjustment::new(Some(0.0), Some(10.0), 10), // 60 % to 70 %: a tenth more
///     StepAdjustment::new(Some(10.0), None, 30),
/// ];
/// let mut policy = StepScaling::new(StepScalingConfig::new([ScalingAlarm::new(
///     Alarm::new("cpu-high", Gauge::cpu_utilization(), high, 60.0),
///     ScalingAction::step(AdjustmentType::PercentChangeInCapacity, steps),
/// )]))?;
/// let busy = Observation::new(10)
///     .with_pods([PodGroup::running(10).with_request("app", "cpu", Milli(1000))])
///     .with_readings([MetricReading::Pods(vec![Sample::of_group(0, 10, Milli(650))])]);
/// let counts = [0, 60].map(|s| policy.decide(Duration::from_secs(s), &busy).replicas);
/// assert_eq!(counts, [10, 11]);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(try_from = "StepScalingSnapshot", into = "StepScalingSnapshot")
)]
pub struct StepScaling {
    config: StepScalingConfig,
    state: StepScalingState,
}

/// What step scaling remembers between decisions.
///
/// ```
/// use autoscale_core::StepScalingState;
/// assert_eq!(StepScalingState::default().cooldown, None);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct StepScalingState {
    /// The latest `now`.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub now: Duration,
    /// Changes and warm-up.
    pub group: GroupActivity,
    /// The cooldown that follows if what was proposed is carried out.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration::option"))]
    pub proposed_cooldown: Option<Duration>,
    /// The cooldown in force.
    pub cooldown: Option<ScalingCooldown>,
    /// Each alarm's memory, in the configuration's order.
    pub alarms: Vec<AlarmMemory>,
}

/// The cooldown after a simple policy's activity.
///
/// ```
/// # use autoscale_core::ScalingCooldown;
/// # use std::time::Duration;
/// let [length, until] = [300, 315].map(Duration::from_secs);
/// let cooldown = ScalingCooldown { length, until, latest_start: until };
/// assert!(cooldown.until > cooldown.length);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct ScalingCooldown {
    /// How long it lasts once replicas have started or ended.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub length: Duration,
    /// When it ends, as far as is known.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub until: Duration,
    /// When replicas that have not started or ended are no longer waited for.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub latest_start: Duration,
}

/// What is remembered of an alarm.
///
/// ```
/// use autoscale_core::{AlarmMemory, AlarmState};
/// assert_eq!(AlarmMemory::default().state, AlarmState::InsufficientData);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct AlarmMemory {
    /// Its datapoints.
    pub window: PeriodWindow,
    /// Its state after the newest of them.
    pub state: AlarmState,
    /// The replicas that it asked for then, until a change is seen.
    pub proposal: Option<u32>,
}

/// Step scaling's configuration and state, as it is written to disk.
///
/// ```
/// use autoscale_core::{AdjustmentType, Alarm, Comparison, Gauge, ScalingAction, ScalingAlarm};
/// use autoscale_core::{StepScaling, StepScalingConfig, StepScalingSnapshot};
/// let low = Alarm::new("cpu-low", Gauge::cpu_utilization(), Comparison::LessThanThreshold, 30.0);
/// let remove_one = ScalingAction::simple(AdjustmentType::ChangeInCapacity, -1);
/// let policy = StepScaling::new(StepScalingConfig::new([ScalingAlarm::new(low, remove_one)]))?;
/// let restored = StepScaling::try_from(StepScalingSnapshot::from(policy.clone()))?;
/// assert_eq!(restored.state(), policy.state());
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct StepScalingSnapshot {
    /// The configuration.
    pub config: StepScalingConfig,
    /// The state.
    #[cfg_attr(feature = "serde", serde(default))]
    pub state: StepScalingState,
}

snapshot!(StepScaling, StepScalingSnapshot, Self::fit);

impl StepScaling {
    /// Checks a configuration and makes the policy.
    ///
    /// # Errors
    /// [`ConfigError`] names the field, the value and the bound.
    ///
    /// ```
    /// use autoscale_core::{AdjustmentType, Alarm, Comparison, Gauge, ScalingAction, ScalingAlarm};
    /// use autoscale_core::{StepScaling, StepScalingConfig};
    /// let low = Alarm::new("cpu-low", Gauge::cpu_utilization(), Comparison::LessThanThreshold, 30.0);
    /// let to_nowhere = ScalingAction::simple(AdjustmentType::ExactCapacity, -1);
    /// assert!(StepScaling::new(StepScalingConfig::new([ScalingAlarm::new(low, to_nowhere)])).is_err());
    /// ```
    pub fn new(config: StepScalingConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let mut policy = Self {
            config,
            state: StepScalingState::default(),
        };
        policy.fit();
        Ok(policy)
    }

    /// Takes another configuration. An alarm with the name, the gauge, the period and the statistic
    /// of an old one keeps its datapoints and its state, and acts when its period ends.
    ///
    /// # Errors
    /// [`ConfigError`]; the old configuration stays.
    ///
    /// ```
    /// use autoscale_core::{AdjustmentType, Alarm, Comparison, Gauge, ScalingAction, ScalingAlarm};
    /// use autoscale_core::{StepScaling, StepScalingConfig};
    /// let below = |percent| {
    ///     let low = Comparison::LessThanThreshold;
    ///     let low = Alarm::new("cpu-low", Gauge::cpu_utilization(), low, percent);
    ///     let remove_one = ScalingAction::simple(AdjustmentType::ChangeInCapacity, -1);
    ///     StepScalingConfig::new([ScalingAlarm::new(low, remove_one)])
    /// };
    /// let mut policy = StepScaling::new(below(30.0))?;
    /// policy.reconfigure(below(25.0))?;
    /// assert!(policy.reconfigure(below(f64::NAN)).is_err());
    /// assert_eq!(policy.config().alarms[0].alarm.threshold, 25.0);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    pub fn reconfigure(&mut self, config: StepScalingConfig) -> Result<(), ConfigError> {
        config.validate()?;
        let old = self.config.alarms.iter().zip(&self.state.alarms);
        let kept = |new: &ScalingAlarm| {
            let mut same = old
                .clone()
                .filter(|(a, _)| a.alarm.is_same_series(&new.alarm));
            let memory = same.next().map(|(_, m)| m.clone()).unwrap_or_default();
            AlarmMemory {
                proposal: None,
                ..memory
            }
        };
        self.state.alarms = config.alarms.iter().map(kept).collect();
        self.config = config;
        self.fit();
        Ok(())
    }

    /// The configuration.
    ///
    /// ```
    /// # use autoscale_core::{AdjustmentType, Alarm, Comparison, Gauge, ScalingAction, ScalingAlarm};
    /// # use autoscale_core::{StepScaling, StepScalingConfig};
    /// # let low = Alarm::new("cpu-low", Gauge::cpu_utilization(), Comparison::LessThanThreshold, 30.0);
    /// # let remove_one = ScalingAction::simple(AdjustmentType::ChangeInCapacity, -1);
    /// let policy = StepScaling::new(StepScalingConfig::new([ScalingAlarm::new(low, remove_one)]))?;
    /// assert_eq!(policy.config().warm_up.as_secs(), 300);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn config(&self) -> &StepScalingConfig {
        &self.config
    }

    /// What it remembers; see [`StepScalingSnapshot`] for restoring it.
    ///
    /// ```
    /// # use autoscale_core::{AdjustmentType, Alarm, Comparison, Gauge, ScalingAction, ScalingAlarm};
    /// # use autoscale_core::{AlarmState, StepScaling, StepScalingConfig};
    /// # let low = Alarm::new("cpu-low", Gauge::cpu_utilization(), Comparison::LessThanThreshold, 30.0);
    /// # let remove_one = ScalingAction::simple(AdjustmentType::ChangeInCapacity, -1);
    /// let policy = StepScaling::new(StepScalingConfig::new([ScalingAlarm::new(low, remove_one)]))?;
    /// assert_eq!(policy.state().alarms[0].state, AlarmState::InsufficientData);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn state(&self) -> &StepScalingState {
        &self.state
    }

    /// One memory of the right size an alarm.
    fn fit(&mut self) {
        let memories = &mut self.state.alarms;
        memories.resize_with(self.config.alarms.len(), AlarmMemory::default);
        for (ScalingAlarm { alarm, .. }, memory) in self.config.alarms.iter().zip(memories) {
            memory.window.resize(alarm.capacity());
        }
    }
}

impl StepScalingState {
    /// Begins, prolongs or ends the cooldown.
    fn cool(&mut self, seen: &Observation, carried_out: bool, warm_up: Duration) {
        let proposed = self.proposed_cooldown.take().filter(|_| carried_out);
        if let Some(length) = proposed {
            self.cooldown = Some(ScalingCooldown {
                length,
                until: self.now.saturating_add(length),
                latest_start: self.now.saturating_add(warm_up),
            });
        }
        if let Some(cooldown) = &mut self.cooldown {
            if self.now < cooldown.latest_start && is_in_progress(seen) {
                cooldown.until = self.now.saturating_add(cooldown.length);
            } else if self.now >= cooldown.until {
                self.cooldown = None;
            }
        }
    }
}

impl AlarmMemory {
    /// Evaluates the alarm, and what it asks for, where a period has ended.
    fn evaluate(&mut self, to_do: &ScalingAlarm, now: Duration, capacity: &Capacity) {
        let ScalingAlarm { alarm, action } = to_do;
        if self.window.advance(now, alarm.period, alarm.capacity()) {
            let newest_first = self.window.closed.iter().rev();
            self.state = alarm.evaluate(newest_first.map(|p| p.map(|d| d.value)), self.state);
            self.proposal = if self.state == AlarmState::Alarm {
                action.propose(self.breach(alarm), alarm.comparison.is_upwards(), capacity)
            } else {
                None
            };
        }
    }

    fn stage(&self, alarm: &Alarm) -> ThresholdStage {
        let newest_first = self.window.closed.iter().rev();
        let count = alarm.count(newest_first.map(|p| p.map(|d| d.value)));
        ThresholdStage {
            value: self.window.newest().map(|d| d.value),
            threshold: alarm.threshold,
            crossed: u64::from(count.breaching),
            needed: u64::from(alarm.needed()),
            met: self.state == AlarmState::Alarm,
            proposal: self.proposal,
        }
    }

    /// How far the newest datapoint that there is lies from the threshold.
    fn breach(&self, alarm: &Alarm) -> f64 {
        let mut newest_first = self.window.closed.iter().rev().flatten();
        newest_first
            .next()
            .map_or(0.0, |d| d.value - alarm.threshold)
    }
}

/// The replicas that adjustments are applied to.
struct Capacity {
    current: u32,
    settled: u32,
    terminating: u32,
}

impl ScalingAction {
    /// The count that it asks for; `None` where no step holds the breach.
    fn propose(&self, breach: f64, upwards: bool, capacity: &Capacity) -> Option<u32> {
        let current = capacity.current;
        let (step, settled, present) = match self.policy_type {
            PolicyType::Simple => (self.steps.first()?, current, i64::from(current)),
            PolicyType::Step => {
                let step = self.steps.iter().find(|s| s.contains(breach, upwards))?;
                let present = i64::from(current) + i64::from(capacity.terminating);
                (step, capacity.settled, present)
            }
        };
        let adjustment = i64::from(step.adjustment);
        if self.adjustment_type == AdjustmentType::ExactCapacity {
            return Some(count(adjustment));
        }
        Some(if adjustment > 0 {
            let settled = i64::from(settled);
            count(settled + self.change(settled, adjustment)).max(current)
        } else {
            count(present + self.change(present, adjustment)).min(current)
        })
    }

    /// The replicas that an adjustment adds; fewer than 0 where it removes.
    fn change(&self, base: i64, adjustment: i64) -> i64 {
        if self.adjustment_type != AdjustmentType::PercentChangeInCapacity || adjustment == 0 {
            return adjustment;
        }
        let percent = base.saturating_mul(adjustment).saturating_abs();
        let size = (percent / 100).max(i64::from(percent > 0));
        let least = self.min_adjustment_magnitude.map_or(0, i64::from);
        size.max(least) * adjustment.signum()
    }
}

/// Within what a replica count can be.
fn count(replicas: i64) -> u32 {
    let most = i32::MAX.unsigned_abs();
    u32::try_from(replicas.max(0)).map_or(most, |n| n.min(most))
}

impl Policy for StepScaling {
    fn decide_into(&mut self, now: Duration, seen: &Observation, out: &mut Decision) {
        let current = seen.spec_replicas;
        out.reset(current);
        let Self { config, state } = self;
        let now = now.max(state.now);
        state.now = now;
        let changed = state.group.replicas.is_some_and(|last| last != current);
        let carried_out = state.group.observe(now, seen, config.warm_up);
        state.cool(seen, carried_out, config.warm_up);
        let capacity = Capacity {
            current,
            settled: settled(seen, config.warm_up),
            terminating: terminating(seen),
        };

        let (mut failed, mut relied_on, mut incomplete) = (0_usize, 0, seen.is_shortened());
        for (to_do, memory) in config.alarms.iter().zip(&mut state.alarms) {
            let alarm = &to_do.alarm;
            memory.proposal = memory.proposal.filter(|_| !changed);
            memory.evaluate(to_do, now, &capacity);
            let reading = alarm.gauge.read_settled(seen, config.warm_up);
            let quiet = alarm.treat_missing_data == TreatMissingData::NotBreaching;
            if !quiet || memory.state == AlarmState::Alarm {
                relied_on += 1;
                failed += usize::from(reading.is_err());
            }
            incomplete |= reading.is_ok_and(|r| !r.complete);
            memory.window.observe(now, alarm.statistic, reading);
        }

        let mut wanted: Option<u32> = None;
        let mut allowed: Option<(u32, Option<Duration>)> = None;
        let mut held = None;
        for (ScalingAlarm { alarm, action }, memory) in config.alarms.iter().zip(&state.alarms) {
            out.thresholds.push(memory.stage(alarm));
            let Some(proposal) = memory.proposal else {
                continue;
            };
            wanted = wanted.max(Some(proposal));
            let simple = action.policy_type == PolicyType::Simple;
            let hold = if simple && state.cooldown.is_some() {
                Some(Reason::CoolingDown)
            } else if proposal >= current {
                None
            } else if failed > 0 {
                Some(Reason::MetricsFailed)
            } else if incomplete || !alarm.is_certain(&memory.window) {
                Some(Reason::SamplesLost)
            } else if now < state.group.warm_until {
                Some(Reason::WarmingUp)
            } else {
                None
            };
            if hold.is_some() {
                held = held.or(hold);
            } else if allowed.is_none_or(|(most, _)| proposal > most) {
                allowed = Some((proposal, simple.then_some(action.cooldown)));
            }
        }

        let wanted = wanted.unwrap_or(current);
        let (replicas, cooldown) = allowed.unwrap_or((current, None));
        out.push(StageKind::Recommended, wanted);
        if replicas != wanted {
            let data = matches!(held, Some(Reason::MetricsFailed | Reason::SamplesLost));
            let kind = if data {
                StageKind::Guarded
            } else {
                StageKind::Cooled
            };
            out.push(kind, replicas);
        }
        out.reason = direction(current, replicas);
        if replicas == current {
            let blind = relied_on > 0 && failed == relied_on;
            out.blind = blind || held == Some(Reason::MetricsFailed);
            let unknown = |m: &AlarmMemory| m.state == AlarmState::InsufficientData;
            if let Some(held) = held {
                out.reason = held;
            } else if out.blind || state.alarms.iter().all(unknown) {
                out.reason = Reason::NoData;
            }
        }
        state.group.propose(replicas);
        state.proposed_cooldown = cooldown;
    }

    fn next_wakeup(&self) -> Option<Duration> {
        let state = &self.state;
        let ends = state.alarms.iter().filter_map(|m| m.window.ends);
        ends.chain([state.group.warm_until])
            .chain(state.cooldown.map(|c| c.until))
            .filter(|at| *at > state.now)
            .min()
    }
}
