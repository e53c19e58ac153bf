use core::time::Duration;
use std::collections::VecDeque;

use crate::{GaugeReading, MetricError, PeriodStatistic};

/// What a period's readings amount to.
///
/// ```
/// use autoscale_core::{Gauge, MetricReading, Milli, Observation, PodGroup, Policy, Statistic};
/// use autoscale_core::{Datapoint, TargetTracking, TargetTrackingConfig, TrackedTarget};
/// # use std::time::Duration;
/// let target = TrackedTarget::new(Gauge::new(Statistic::PerReplica), 50.0);
/// let mut policy = TargetTracking::new(TargetTrackingConfig::new([target]))?;
/// for (now, load) in [(0, 80_000), (30, 100_000), (60, 0)] {
///     let seen = Observation::new(2)
///         .with_pods([PodGroup::running(2)])
///         .with_readings([MetricReading::value(Milli(load))]);
///     policy.decide(Duration::from_secs(now), &seen);
/// }
/// let first_minute = Datapoint { value: 45.0, replicas: 2, complete: true };
/// assert_eq!(policy.state().targets[0].closed, [Some(first_minute)]);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Datapoint {
    /// The statistic of the readings, in the gauge's unit.
    pub value: f64,
    /// How many replicas the newest reading spoke for.
    pub replicas: u32,
    /// Whether every ready pod was in each of them.
    pub complete: bool,
}

/// The datapoints of the latest periods: a ring of fixed size.
///
/// A period in which the gauge was asked and gave nothing is a missing datapoint. A period in which
/// it was not asked is one only where asking has become rarer: of the periods passed over since the
/// last call, as many as twice those passed over before it, and one, are not counted at all (the
/// first time, none is). So a tick longer than the period gives one datapoint a call, which stands
/// for its own period, and a caller that was away leaves a gap.
///
/// ```
/// use autoscale_core::{Gauge, Observation, Policy, TargetTracking, TargetTrackingConfig};
/// use autoscale_core::TrackedTarget;
/// # use std::time::Duration;
/// let target = TrackedTarget::new(Gauge::cpu_utilization(), 50.0);
/// let mut policy = TargetTracking::new(TargetTrackingConfig::new([target]))?;
/// for now in [0, 60] {
///     policy.decide(Duration::from_secs(now), &Observation::new(2)); // without a reading
/// }
/// assert_eq!(policy.state().targets[0].closed, [None]);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct PeriodWindow {
    /// When the current period ends.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration::option"))]
    pub ends: Option<Duration>,
    /// What its readings amount to so far.
    pub open: Option<Datapoint>,
    /// How many they are.
    pub readings: u32,
    /// When the newest of them was taken: of two at the same time the first one counts.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration::option"))]
    pub read_at: Option<Duration>,
    /// How many periods passed without a call before the current one; `None` before the second call.
    pub passed_over: Option<u64>,
    /// The periods before, oldest first; `None` where data was missing.
    pub closed: VecDeque<Option<Datapoint>>,
}

impl PeriodWindow {
    /// Makes room for so many periods and forgets older ones.
    pub(crate) fn resize(&mut self, capacity: usize) {
        let excess = self.closed.len().saturating_sub(capacity);
        self.closed.drain(..excess);
        self.closed.reserve_exact(capacity - self.closed.len());
    }

    /// Forgets every datapoint.
    pub(crate) fn restart(&mut self) {
        let mut closed = core::mem::take(&mut self.closed);
        closed.clear();
        *self = Self {
            closed,
            ..Self::default()
        };
    }

    /// Ends the period that `now` has left behind; whether there was one.
    pub(crate) fn advance(&mut self, now: Duration, period: Duration, capacity: usize) -> bool {
        if self.ends.is_some_and(|ends| now < ends) {
            return false;
        }
        let start = start(now, period);
        let ends = self.ends.replace(start.saturating_add(period));
        let Some(ends) = ends else {
            return false;
        };
        let open = self.open.take();
        self.readings = 0;
        self.push(open, capacity);
        let passed_over = start.saturating_sub(ends).as_nanos() / period.as_nanos().max(1);
        let passed_over = u64::try_from(passed_over).unwrap_or(u64::MAX);
        let usual = self.passed_over.unwrap_or(u64::MAX);
        let usual = usual.saturating_mul(2).saturating_add(1);
        let missing = usize::try_from(passed_over.saturating_sub(usual)).unwrap_or(usize::MAX);
        for _ in 0..missing.min(capacity) {
            self.push(None, capacity);
        }
        self.passed_over = Some(passed_over);
        true
    }

    fn push(&mut self, datapoint: Option<Datapoint>, capacity: usize) {
        if self.closed.len() >= capacity {
            self.closed.pop_front();
        }
        self.closed.push_back(datapoint);
    }

    /// Takes a reading into the current period.
    pub(crate) fn observe(
        &mut self,
        now: Duration,
        statistic: PeriodStatistic,
        reading: Result<GaugeReading, MetricError>,
    ) {
        let Ok(reading) = reading else {
            return;
        };
        if self.read_at.replace(now) == Some(now) {
            return;
        }
        self.readings = self.readings.saturating_add(1);
        let (value, mut complete) = (reading.value, reading.complete && reading.replicas > 0);
        let value = self.open.map_or(value, |open| {
            complete &= open.complete;
            match statistic {
                // Equal readings have that very mean.
                PeriodStatistic::Average => {
                    open.value + (value - open.value) / f64::from(self.readings)
                }
                PeriodStatistic::Minimum => open.value.min(value),
                PeriodStatistic::Maximum => open.value.max(value),
                PeriodStatistic::Sum => open.value + value,
            }
        });
        self.open = Some(Datapoint {
            value,
            replicas: reading.replicas,
            complete,
        });
    }

    /// The newest period's, where it has one.
    pub(crate) fn newest(&self) -> Option<Datapoint> {
        self.closed.back().copied().flatten()
    }
}

/// The start of the period that `now` lies in: a multiple of its length.
fn start(now: Duration, period: Duration) -> Duration {
    let into = now.as_nanos() % period.as_nanos().max(1);
    now.saturating_sub(Duration::from_nanos(
        u64::try_from(into).unwrap_or(u64::MAX),
    ))
}
