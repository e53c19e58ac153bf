//! AWS target tracking: a figure is kept at or just below a value.
//!
//! Each target stands for two alarms. Scale out: the newest `scale_out_periods` datapoints lie above
//! the target; capacity = ⌈n × metric ÷ target⌉, with the newest datapoint and the n replicas that
//! it speaks for, never fewer than are asked for already: replicas that still warm up are in neither
//! n nor the metric, but count as added. Scale in: the newest `scale_in_periods` datapoints lie
//! below `scale_in_threshold` × the target; the same formula with the largest load of them. Of
//! several targets the largest capacity wins, and all that may scale in must agree to it. Once a
//! change was carried out the windows start anew.
//!
//! Source: Amazon EC2 Auto Scaling User Guide (`docs.aws.amazon.com/autoscaling/ec2/userguide`),
//! "Target tracking scaling policies" (`as-scaling-target-tracking`) and "Set the default instance
//! warmup" (`ec2-auto-scaling-default-instance-warmup`); AWS creates the alarms itself, with 3 and 15
//! periods of a minute. Cost: O(targets × periods) a decision. Edge cases: a missing newest datapoint
//! changes nothing; an older one is passed over for scaling out, for two periods at most, and forbids
//! scaling in until it has left the window; so does any target's reading that fails now; a figure
//! that speaks for no replica never scales in. Periods and gaps: [`PeriodWindow`]. Tests:
//! `tests/it/aws`.

mod config;

use core::time::Duration;

pub use config::{TargetTrackingConfig, TrackedTarget};

use crate::alarm::LOOK_BACK;
use crate::policy::direction;
use crate::snapshot::snapshot;
use crate::{
    ConfigError, Datapoint, Decision, GroupActivity, Observation, PeriodStatistic, PeriodWindow,
    Policy, Reason, StageKind, ThresholdStage, numeric,
};

/// AWS's target tracking.
///
/// Bounds are not part of it: see [`Bounded`](crate::Bounded). Decided on about once a period or
/// oftener.
///
/// ```
/// use autoscale_core::{Gauge, MetricReading, Milli, Observation, PodGroup, Policy, Sample};
/// use autoscale_core::{TargetTracking, TargetTrackingConfig, TrackedTarget};
/// use std::time::Duration;
/// let half = TrackedTarget::new(Gauge::cpu_utilization(), 50.0);
/// let mut policy = TargetTracking::new(TargetTrackingConfig::new([half]))?;
/// let busy = Observation::new(4)
///     .with_pods([PodGroup::running(4).with_request("app", "cpu", Milli(1000))])
///     .with_readings([MetricReading::Pods(vec![Sample::of_group(0, 4, Milli(800))])]);
/// let minutes = [0, 60, 120, 180].map(Duration::from_secs);
/// let counts = minutes.map(|now| policy.decide(now, &busy).replicas);
/// assert_eq!(counts, [4, 4, 4, 7]); // ⌈4 × 80 ÷ 50⌉ after three minutes
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(try_from = "TargetTrackingSnapshot", into = "TargetTrackingSnapshot")
)]
pub struct TargetTracking {
    config: TargetTrackingConfig,
    state: TargetTrackingState,
}

/// What target tracking remembers between decisions.
///
/// ```
/// use autoscale_core::{Gauge, TargetTracking, TargetTrackingConfig, TrackedTarget};
/// let half = TrackedTarget::new(Gauge::cpu_utilization(), 50.0);
/// let policy = TargetTracking::new(TargetTrackingConfig::new([half]))?;
/// assert_eq!(policy.state().targets.len(), 1);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct TargetTrackingState {
    /// The latest `now`.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub now: Duration,
    /// Changes and warm-up.
    pub group: GroupActivity,
    /// Each target's datapoints, in the configuration's order.
    pub targets: Vec<PeriodWindow>,
}

/// Target tracking's configuration and state, as it is written to disk.
///
/// ```
/// use autoscale_core::{Gauge, TargetTracking, TargetTrackingConfig, TargetTrackingSnapshot};
/// # use autoscale_core::TrackedTarget;
/// let half = TrackedTarget::new(Gauge::cpu_utilization(), 50.0);
/// let policy = TargetTracking::new(TargetTrackingConfig::new([half]))?;
/// let restored = TargetTracking::try_from(TargetTrackingSnapshot::from(policy.clone()))?;
/// assert_eq!(restored.state(), policy.state());
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct TargetTrackingSnapshot {
    /// The configuration.
    pub config: TargetTrackingConfig,
    /// The state.
    #[cfg_attr(feature = "serde", serde(default))]
    pub state: TargetTrackingState,
}

snapshot!(TargetTracking, TargetTrackingSnapshot, Self::fit);

impl TargetTracking {
    /// Checks a configuration and makes the policy.
    ///
    /// # Errors
    /// [`ConfigError`] names the field, the value and the bound.
    ///
    /// ```
    /// use autoscale_core::{Gauge, TargetTracking, TargetTrackingConfig, TrackedTarget};
    /// let at = |value| TargetTrackingConfig::new([TrackedTarget::new(Gauge::cpu_utilization(), value)]);
    /// assert!(TargetTracking::new(at(50.0)).is_ok() && TargetTracking::new(at(0.0)).is_err());
    /// ```
    pub fn new(config: TargetTrackingConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let mut policy = Self {
            config,
            state: TargetTrackingState::default(),
        };
        policy.fit();
        Ok(policy)
    }

    /// Takes another configuration. A target with the gauge and the period of an old one keeps its
    /// datapoints.
    ///
    /// # Errors
    /// [`ConfigError`]; the old configuration stays.
    ///
    /// ```
    /// use autoscale_core::{Gauge, TargetTracking, TargetTrackingConfig, TrackedTarget};
    /// let at = |value| TargetTrackingConfig::new([TrackedTarget::new(Gauge::cpu_utilization(), value)]);
    /// let mut policy = TargetTracking::new(at(50.0))?;
    /// policy.reconfigure(at(60.0))?;
    /// assert!(policy.reconfigure(at(-1.0)).is_err());
    /// assert_eq!(policy.config().targets[0].target_value, 60.0);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    pub fn reconfigure(&mut self, config: TargetTrackingConfig) -> Result<(), ConfigError> {
        config.validate()?;
        let old = self.config.targets.iter().zip(&self.state.targets);
        let kept = |new: &TrackedTarget| {
            let mut same = old
                .clone()
                .filter(|(t, _)| t.gauge == new.gauge && t.period == new.period);
            same.next().map(|(_, w)| w.clone()).unwrap_or_default()
        };
        self.state.targets = config.targets.iter().map(kept).collect();
        self.config = config;
        self.fit();
        Ok(())
    }

    /// The configuration.
    ///
    /// ```
    /// use autoscale_core::{Gauge, TargetTracking, TargetTrackingConfig, TrackedTarget};
    /// let half = TrackedTarget::new(Gauge::cpu_utilization(), 50.0);
    /// let policy = TargetTracking::new(TargetTrackingConfig::new([half]))?;
    /// assert_eq!(policy.config().warm_up.as_secs(), 300);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn config(&self) -> &TargetTrackingConfig {
        &self.config
    }

    /// What it remembers; see [`TargetTrackingSnapshot`] for restoring it.
    ///
    /// ```
    /// use autoscale_core::{Gauge, TargetTracking, TargetTrackingConfig, TrackedTarget};
    /// let half = TrackedTarget::new(Gauge::cpu_utilization(), 50.0);
    /// let policy = TargetTracking::new(TargetTrackingConfig::new([half]))?;
    /// assert!(policy.state().targets[0].closed.is_empty());
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn state(&self) -> &TargetTrackingState {
        &self.state
    }

    /// One window of the right size a target.
    fn fit(&mut self) {
        let windows = &mut self.state.targets;
        windows.resize_with(self.config.targets.len(), PeriodWindow::default);
        for (target, window) in self.config.targets.iter().zip(windows) {
            window.resize(target.capacity());
        }
    }
}

impl TrackedTarget {
    /// How many closed periods it needs to remember.
    fn capacity(&self) -> usize {
        places(
            self.scale_in_periods
                .max(self.scale_out_periods + LOOK_BACK),
        )
    }

    /// The load of a datapoint, in replicas at the target.
    fn replicas(&self, point: Datapoint) -> f64 {
        f64::from(point.replicas.max(1)) * point.value / self.target_value
    }

    /// What it asks for beside `current` replicas; `proposal` is `None` where it has no say.
    fn judge(&self, window: &PeriodWindow, current: u32) -> ThresholdStage {
        let newest = window.newest();
        let value = newest.map(|d| d.value);
        if let Some(newest) = newest.filter(|d| d.value <= self.target_value)
            && !self.disable_scale_in
        {
            let threshold = self.scale_in_threshold * self.target_value;
            let low = window.closed.iter().rev().map_while(|point| *point);
            let low = low
                .take(places(self.scale_in_periods))
                .take_while(|d| d.complete && d.value < threshold);
            let (crossed, load) = low.fold((0, self.replicas(newest)), |(count, load), d| {
                (count + 1, self.replicas(d).max(load))
            });
            let needed = u64::from(self.scale_in_periods);
            let met = crossed >= needed;
            return ThresholdStage {
                value,
                threshold,
                crossed,
                needed,
                met,
                proposal: met.then(|| ceil(load).min(current)),
            };
        }
        let needed = u64::from(self.scale_out_periods);
        let range = window.closed.iter().rev();
        let range = range.take(places(self.scale_out_periods + LOOK_BACK));
        let high = range
            .flatten()
            .take(places(self.scale_out_periods))
            .take_while(|d| d.value > self.target_value);
        let crossed = newest.map_or(0, |_| high.fold(0, |count, _| count + 1));
        let met = crossed >= needed;
        let load = newest.filter(|_| met).map(|d| self.replicas(d));
        ThresholdStage {
            value,
            threshold: self.target_value,
            crossed,
            needed,
            met,
            proposal: load.map(|load| ceil(load).max(current)),
        }
    }
}

fn places(periods: u32) -> usize {
    usize::try_from(periods).unwrap_or(usize::MAX)
}

/// Rounded up, but for what binary fractions add to a whole number.
fn ceil(load: f64) -> u32 {
    numeric::ceil_replicas(load * (1.0 - 1e-12))
}

impl Policy for TargetTracking {
    fn decide_into(&mut self, now: Duration, seen: &Observation, out: &mut Decision) {
        let current = seen.spec_replicas;
        out.reset(current);
        let Self { config, state } = self;
        let now = now.max(state.now);
        state.now = now;
        let carried_out = state.group.observe(now, seen, config.warm_up);
        let (mut failed, mut incomplete) = (0, seen.is_shortened());
        let (mut more, mut fewer) = (current, Some(0));
        for (target, window) in config.targets.iter().zip(&mut state.targets) {
            if carried_out {
                window.restart();
            }
            window.advance(now, target.period, target.capacity());
            let reading = target.gauge.read_settled(seen, config.warm_up);
            failed += usize::from(reading.is_err());
            incomplete |= reading.is_ok_and(|r| !r.complete);
            window.observe(now, PeriodStatistic::Average, reading);
            let stage = target.judge(window, current);
            out.thresholds.push(stage);
            let least = stage.proposal.filter(|_| !target.disable_scale_in);
            match stage.proposal {
                Some(proposal) if proposal > current => more = more.max(proposal),
                _ if target.disable_scale_in => {}
                _ => fewer = fewer.zip(least).map(|(a, b)| a.max(b)),
            }
        }
        let may_shrink = config.targets.iter().any(|t| !t.disable_scale_in);
        let fewer = fewer.filter(|_| may_shrink && more == current);
        let wanted = fewer.unwrap_or(more);
        out.push(StageKind::Recommended, wanted);
        out.reason = direction(current, wanted);
        if wanted < current {
            let (kind, reason) = if failed > 0 {
                out.blind = true;
                (StageKind::Guarded, Reason::MetricsFailed)
            } else if incomplete {
                (StageKind::Guarded, Reason::SamplesLost)
            } else if now < state.group.warm_until {
                (StageKind::Cooled, Reason::WarmingUp)
            } else {
                return state.group.propose(wanted);
            };
            out.push(kind, current);
            out.reason = reason;
        } else if wanted == current {
            out.blind = failed == config.targets.len();
            if out.blind || state.targets.iter().all(|w| w.newest().is_none()) {
                out.reason = Reason::NoData;
            }
        }
        state.group.propose(out.replicas);
    }

    fn next_wakeup(&self) -> Option<Duration> {
        let ends = self.state.targets.iter().filter_map(|w| w.ends);
        ends.chain([self.state.group.warm_until])
            .filter(|at| *at > self.state.now)
            .min()
    }
}
