//! Past changes of a count, as far as rate policies look back.
//!
//! A change enters its log when the next observation shows that it was carried out, with the moment
//! at which it was decided.
//!
//! Source: Kubernetes `storeScaleEvent`, `getReplicasChangePerPeriod`. Cost: O(events in the longest
//! period). Edge cases: an event exactly one period old no longer counts; changes at one
//! instant are added up; the place of an event older than every period is used again, so that the log does
//! not grow. Vectors: `scale_event_log`.

use core::time::Duration;

use super::stabilize::Start;

/// Past changes of the count in one direction.
///
/// ```
/// use autoscale_core::ScaleEventLog;
/// use std::time::Duration;
/// let (second, mut log) = (Duration::from_secs(1), ScaleEventLog::default());
/// log.record(second * 10, 3, second * 60);
/// log.record(second * 40, 2, second * 60);
/// assert_eq!(log.change_within(second * 50, second * 60), 5);
/// assert_eq!(log.change_within(second * 70, second * 60), 2); // the first is a period old
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ScaleEventLog {
    events: Vec<ScaleEvent>,
}

/// One past change of the count.
///
/// ```
/// use autoscale_core::{ScaleEvent, ScaleEventLog};
/// use std::time::Duration;
/// let mut log = ScaleEventLog::default();
/// log.record(Duration::from_secs(10), 3, Duration::from_secs(60));
/// let event = ScaleEvent { replica_change: 3, at: Duration::from_secs(10), outdated: false };
/// assert_eq!(log.events(), [event]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ScaleEvent {
    /// By how many replicas, whatever the direction.
    pub replica_change: u32,
    /// When.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub at: Duration,
    /// Whether it is older than any policy's period, so that its place may be used again.
    pub outdated: bool,
}

impl ScaleEventLog {
    /// A log with these events.
    ///
    /// ```
    /// use autoscale_core::{ScaleEvent, ScaleEventLog};
    /// use std::time::Duration;
    /// let event = ScaleEvent { replica_change: 3, at: Duration::from_secs(10), outdated: false };
    /// let log = ScaleEventLog::from_events([event]);
    /// assert_eq!(log.change_within(Duration::from_secs(20), Duration::from_secs(60)), 3);
    /// ```
    #[must_use]
    pub fn from_events(events: impl IntoIterator<Item = ScaleEvent>) -> Self {
        Self {
            events: events.into_iter().collect(),
        }
    }

    /// The events, in no particular order.
    ///
    /// ```
    /// # use autoscale_core::ScaleEventLog;
    /// assert!(ScaleEventLog::default().events().is_empty());
    /// ```
    #[must_use]
    pub fn events(&self) -> &[ScaleEvent] {
        &self.events
    }

    /// Sum of the changes less than `period` ago.
    ///
    /// ```
    /// use autoscale_core::ScaleEventLog;
    /// use std::time::Duration;
    /// let (second, mut log) = (Duration::from_secs(1), ScaleEventLog::default());
    /// log.record(second, 3, second * 60);
    /// assert_eq!(log.change_within(second * 60, second * 60), 3);
    /// assert_eq!(log.change_within(second * 61, second * 60), 0);
    /// ```
    #[must_use]
    pub fn change_within(&self, now: Duration, period: Duration) -> u32 {
        let start = Start::of(now, period);
        self.events
            .iter()
            .filter(|e| start.is_before(e.at))
            .fold(0, |sum, e| sum.saturating_add(e.replica_change))
    }

    /// When the next event of `period` leaves it.
    pub(crate) fn next_expiry(&self, now: Duration, period: Duration) -> Option<Duration> {
        let ends = self
            .events
            .iter()
            .map(|event| event.at.saturating_add(period));
        ends.filter(|end| *end > now).min()
    }

    /// Notes a change; the place of an event older than `longest_period` is used again.
    ///
    /// ```
    /// use autoscale_core::ScaleEventLog;
    /// use std::time::Duration;
    /// let mut log = ScaleEventLog::default();
    /// log.record(Duration::from_secs(10), 3, Duration::from_secs(60));
    /// assert_eq!(log.change_within(Duration::from_secs(20), Duration::from_secs(60)), 3);
    /// ```
    pub fn record(&mut self, now: Duration, replica_change: u32, longest_period: Duration) {
        let mut reuse = None;
        let start = Start::of(now, longest_period);
        for event in &mut self.events {
            event.outdated |= start.is_after(event.at);
            if event.outdated {
                reuse = Some(event);
            }
        }
        let event = ScaleEvent {
            replica_change,
            at: now,
            outdated: false,
        };
        if let Some(place) = reuse {
            *place = event;
        } else if let Some(same) = self.events.iter_mut().find(|e| e.at == now) {
            same.replica_change = same.replica_change.saturating_add(replica_change);
        } else {
            // Few are kept: no room ahead.
            self.events.reserve_exact(1);
            self.events.push(event);
        }
    }
}

/// Past changes of a count in both directions, and one that was decided but not seen yet.
///
/// ```
/// use autoscale_core::{Behavior, Hpa, HpaConfig, MetricSpec, Observation, Policy};
/// use std::time::Duration;
/// let config = HpaConfig::new(10, [MetricSpec::cpu_utilization(70)]);
/// let mut hpa = Hpa::new(config.with_behavior(Some(Behavior::default())))?;
/// hpa.decide(Duration::ZERO, &Observation::new(12)); // back to the maximum
/// assert!(hpa.state().history.down.events().is_empty()); // not carried out yet
/// hpa.decide(Duration::from_secs(15), &Observation::new(10));
/// assert_eq!(hpa.state().history.down.events()[0].replica_change, 2);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct ScaleHistory {
    /// Past scale-ups.
    pub up: ScaleEventLog,
    /// Past scale-downs.
    pub down: ScaleEventLog,
    /// A change that the next observation will confirm.
    pub pending: Option<PendingRescale>,
}

/// A change that was decided but not yet seen to be carried out.
///
/// ```
/// use autoscale_core::{Behavior, Hpa, HpaConfig, MetricSpec, Observation, PendingRescale, Policy};
/// use std::time::Duration;
/// let config = HpaConfig::new(10, [MetricSpec::cpu_utilization(70)]);
/// let mut hpa = Hpa::new(config.with_behavior(Some(Behavior::default())))?;
/// hpa.decide(Duration::ZERO, &Observation::new(12));
/// let pending = PendingRescale { from: 12, to: 10, at: Duration::ZERO };
/// assert_eq!(hpa.state().history.pending, Some(pending));
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PendingRescale {
    /// Count before.
    pub from: u32,
    /// Count asked for.
    pub to: u32,
    /// When.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub at: Duration,
}

impl PendingRescale {
    /// Whether the count that is now asked for shows that something of the change was carried out.
    pub(crate) const fn is_carried_out(&self, spec_replicas: u32) -> bool {
        if self.to > self.from {
            spec_replicas > self.from
        } else {
            spec_replicas < self.from
        }
    }
}

impl ScaleHistory {
    /// Notes that a change was decided.
    pub(crate) fn expect(&mut self, at: Duration, from: u32, to: u32) {
        self.pending = (from != to).then_some(PendingRescale { from, to, at });
    }

    /// Takes as much of the pending change into its log as the count that is now asked for shows to
    /// have been carried out.
    pub(crate) fn confirm(&mut self, spec_replicas: u32, behavior: &super::Behavior) {
        let Some(PendingRescale { from, to, at }) = self.pending.take() else {
            return;
        };
        let (log, rules, done) = if to > from {
            let added = spec_replicas.min(to).saturating_sub(from);
            (&mut self.up, &behavior.scale_up, added)
        } else {
            let removed = from.saturating_sub(spec_replicas.max(to));
            (&mut self.down, &behavior.scale_down, removed)
        };
        if done > 0 {
            log.record(at, done, rules.longest_period());
        }
    }
}
