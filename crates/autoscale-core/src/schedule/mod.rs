//! Schedules: bounds that hold at recurring local times, around any policy.
//!
//! An entry is on from each time that its start names until its end: the next time that the end's
//! expression names, or a duration later. Among the entries that are on, the largest `min` and the
//! largest `max` count, and `max` gives way to `min`: as with several cron triggers in KEDA, whoever
//! asks for more gets it. An entry without a `max` (or `min`) says nothing about it. Outside all
//! entries the inner policy is on its own.
//!
//! Local times follow the IANA time zone database that is compiled in. A start or end that the clocks
//! skip happens when they do; one that comes twice happens the first time. A `*/30` therefore pauses
//! for the hour that the clocks go back.
//!
//! Source: KEDA's cron scaler. It is on unless its next start comes before its next end; here the
//! latest start is what counts, which differs where the two do not take turns: `0 9 * * MON` until
//! `0 17 * * *` is on at weekends there. Cost: a comparison a decision, and a search of at most eight
//! years of days (some 10 µs a year) when an entry changes; [`Policy::next_wakeup`] says when that
//! is. Edge cases: at the very instant of a start or an end the new state holds; a start and an end at
//! the same instant start; dates beyond the year 9999 change nothing.

mod config;
mod cron;

use core::time::Duration;

pub use config::{Schedule, ScheduleEntry, ScheduleUntil};
use jiff::Timestamp;

use crate::{ConfigError, Decision, Observation, Policy, Reason, StageKind};

/// The policy that [`PolicyExt::scheduled`](crate::PolicyExt::scheduled) makes.
///
/// ```
/// use autoscale_core::{
///     Fixed, Observation, Policy, PolicyExt, Reason, Schedule, ScheduleEntry, ScheduleUntil,
/// };
/// use std::time::Duration;
/// let end = ScheduleUntil::Cron("0 20 * * MON-FRI".into());
/// let office = ScheduleEntry::new("0 6 * * MON-FRI", end, "Europe/Berlin").with_min(Some(10));
/// let mut policy = Fixed(2).scheduled(Schedule::new([office]))?;
///
/// let monday = Duration::from_secs(1_782_684_000); // 2026-06-29, 00:00 in Berlin
/// let hours = |hours: u64| monday + Duration::from_secs(hours * 3600);
/// let night = policy.decide(monday, &Observation::new(2));
/// assert_eq!((night.replicas, night.reason), (2, Reason::Fixed));
/// assert_eq!(policy.next_wakeup(), Some(hours(6)));
/// let morning = policy.decide(hours(6), &Observation::new(2));
/// assert_eq!((morning.replicas, morning.reason), (10, Reason::Scheduled));
/// assert_eq!(policy.next_wakeup(), Some(hours(20)));
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(
        try_from = "ScheduledData<P>",
        bound(deserialize = "P: Policy + serde::Deserialize<'de>")
    )
)]
pub struct Scheduled<P> {
    inner: P,
    schedule: Schedule,
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    now: Duration,
    #[cfg_attr(feature = "serde", serde(skip))]
    entries: Vec<config::Entry>,
    #[cfg_attr(feature = "serde", serde(skip))]
    current: Option<Current>,
}

/// What holds until the next change.
#[derive(Clone, Copy, Debug)]
struct Current {
    min: Option<u32>,
    max: Option<u32>,
    until: Option<Duration>,
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct ScheduledData<P> {
    inner: P,
    schedule: Schedule,
    #[serde(default, with = "crate::duration")]
    now: Duration,
}

#[cfg(feature = "serde")]
impl<P: Policy> TryFrom<ScheduledData<P>> for Scheduled<P> {
    type Error = ConfigError;

    fn try_from(data: ScheduledData<P>) -> Result<Self, ConfigError> {
        let now = data.now;
        Ok(Self {
            now,
            ..Self::new(data.inner, data.schedule)?
        })
    }
}

impl<P: Policy> Scheduled<P> {
    pub(crate) fn new(inner: P, schedule: Schedule) -> Result<Self, ConfigError> {
        Ok(Self {
            inner,
            entries: schedule.compile()?,
            schedule,
            now: Duration::ZERO,
            current: None,
        })
    }

    /// What holds now, looked up where it may have changed.
    fn current(&mut self) -> Current {
        let now = self.now;
        let known = self
            .current
            .filter(|c| c.until.is_none_or(|until| now < until));
        let current = known.unwrap_or_else(|| self.look_up());
        self.current = Some(current);
        current
    }

    fn look_up(&self) -> Current {
        let origin = Timestamp::from_second(self.schedule.origin_unix).unwrap_or_default();
        let unix = origin.checked_add(self.now).unwrap_or(Timestamp::MAX);
        let mut current = Current {
            min: None,
            max: None,
            until: None,
        };
        for entry in &self.entries {
            let (on, change) = entry.at(unix);
            if on {
                current.min = current.min.max(entry.min);
                current.max = current.max.max(entry.max);
            }
            let until =
                change.map(|at| Duration::try_from(at.duration_since(origin)).unwrap_or_default());
            current.until = current.until.into_iter().chain(until).min();
        }
        current
    }
}

impl<P: Policy> Policy for Scheduled<P> {
    fn decide_into(&mut self, now: Duration, seen: &Observation, out: &mut Decision) {
        self.inner.decide_into(now, seen, out);
        self.now = now.max(self.now);
        let Current { min, max, .. } = self.current();
        let wanted = out.replicas;
        let bounded = wanted.min(max.unwrap_or(u32::MAX)).max(min.unwrap_or(0));
        out.push(StageKind::Scheduled, bounded);
        if bounded != wanted {
            out.reason = Reason::Scheduled;
        }
    }

    fn next_wakeup(&self) -> Option<Duration> {
        let change = self.current.and_then(|current| current.until);
        change.into_iter().chain(self.inner.next_wakeup()).min()
    }
}
