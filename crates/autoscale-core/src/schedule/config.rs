use core::time::Duration;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::cron::Cron;
use crate::setters::setters;
use crate::{ConfigError, format_duration};

const YEAR: Duration = Duration::from_secs(366 * 86_400);

/// When an entry of a schedule ends.
///
/// ```
/// use autoscale_core::{ScheduleEntry, ScheduleUntil};
/// use std::time::Duration;
/// let evening = ScheduleUntil::Cron("0 20 * * MON-FRI".into());
/// let fourteen_hours = ScheduleUntil::After(Duration::from_secs(14 * 3600));
/// assert_ne!(evening, fourteen_hours);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum ScheduleUntil {
    /// At the next time that this cron expression names.
    Cron(String),
    /// So long after its start, in elapsed time; above 0, at most 366 days. A new start within that
    /// time begins it anew.
    After(#[cfg_attr(feature = "serde", serde(with = "crate::duration"))] Duration),
}

/// A recurring time in which a count is kept between bounds.
///
/// Cron expressions have the five fields `minute hour day month weekday` of Vixie cron, as in KEDA:
/// numbers, `*`, ranges `a-b`, steps `*/n`, `a/n`, `a-b/n`, lists with commas, names such as `JAN`
/// and `MON`, 0 and 7 for Sunday, `?` for `*` in the day fields, `L` for the last day of the month.
/// Where both day fields are restricted, a day that fits either is meant.
///
/// ```
/// use autoscale_core::{ScheduleEntry, ScheduleUntil};
/// let end = ScheduleUntil::Cron("0 20 * * MON-FRI".into());
/// let office = ScheduleEntry::new("0 6 * * MON-FRI", end, "Europe/Berlin").with_min(Some(10));
/// assert_eq!((office.min, office.max), (Some(10), None));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct ScheduleEntry {
    /// When it starts: a cron expression.
    pub start: String,
    /// When it ends.
    pub until: ScheduleUntil,
    /// Name of the IANA time zone that the expressions are local to; default `UTC`.
    #[cfg_attr(feature = "serde", serde(default = "utc"))]
    pub time_zone: String,
    /// Fewest replicas during it; no such bound unless set.
    #[cfg_attr(feature = "serde", serde(default))]
    pub min: Option<u32>,
    /// Most replicas during it; no such bound unless set. One of the two must be.
    #[cfg_attr(feature = "serde", serde(default))]
    pub max: Option<u32>,
}

#[cfg(feature = "serde")]
fn utc() -> String {
    "UTC".to_owned()
}

impl ScheduleEntry {
    /// This time, without bounds yet.
    ///
    /// ```
    /// use autoscale_core::{ScheduleEntry, ScheduleUntil};
    /// use std::time::Duration;
    /// let hour = ScheduleUntil::After(Duration::from_secs(3600));
    /// let lunch = ScheduleEntry::new("0 12 * * *", hour, "Asia/Kolkata").with_max(Some(4));
    /// assert_eq!(lunch.start, "0 12 * * *");
    /// ```
    #[must_use]
    pub fn new(
        start: impl Into<String>,
        until: ScheduleUntil,
        time_zone: impl Into<String>,
    ) -> Self {
        Self {
            start: start.into(),
            until,
            time_zone: time_zone.into(),
            min: None,
            max: None,
        }
    }

    setters! {
        with_min: min, Option<u32>;
        with_max: max, Option<u32>;
    }

    fn compile(&self, index: usize, zones: &TimeZoneDatabase) -> Result<Entry, ConfigError> {
        let path = |name: &str| format!("entries[{index}].{name}");
        let Ok(zone) = zones.get(&self.time_zone) else {
            let bound = "a name of the IANA time zone database, such as Europe/Berlin";
            return Err(ConfigError::range(
                path("time_zone"),
                &self.time_zone,
                bound,
            ));
        };
        let start = Cron::parse(&path("start"), &self.start)?;
        let until = match &self.until {
            ScheduleUntil::Cron(end) => {
                let path = path("until.cron");
                let cron = Cron::parse(&path, end)?;
                if end
                    .split_ascii_whitespace()
                    .eq(self.start.split_ascii_whitespace())
                {
                    return Err(ConfigError::range(path, end, "another time than start"));
                }
                Until::Cron(cron)
            }
            ScheduleUntil::After(time) if time.is_zero() || *time > YEAR => {
                let time = format_duration(*time);
                return Err(ConfigError::range(
                    path("until.after"),
                    time,
                    "above 0, at most 366d",
                ));
            }
            ScheduleUntil::After(time) => Until::After(*time),
        };
        match (self.min, self.max) {
            (None, None) => {
                return Err(ConfigError::Missing {
                    field: path("min"),
                    need: "min, max or both",
                });
            }
            (Some(min), Some(max)) if min > max => {
                return Err(ConfigError::range(
                    path("min"),
                    min,
                    "at most the entry's max",
                ));
            }
            _ => {}
        }
        Ok(Entry {
            start,
            until,
            zone,
            min: self.min,
            max: self.max,
        })
    }
}

/// What [`scheduled`](crate::PolicyExt::scheduled) is configured with.
///
/// ```
/// use autoscale_core::{Fixed, PolicyExt, Schedule, ScheduleEntry, ScheduleUntil};
/// let until = |text: &str| ScheduleUntil::Cron(text.into());
/// let entry = |start: &str| ScheduleEntry::new(start, until("0 20 * * *"), "UTC");
/// let office = Schedule::new([entry("0 6 * * *").with_min(Some(10))]);
/// assert!(Fixed(2).scheduled(office).is_ok());
/// let slip = Schedule::new([entry("0 25 * * *").with_min(Some(10))]);
/// let error = Fixed(2).scheduled(slip).err().map(|e| e.to_string());
/// let expected = "entries[0].start, hour is 25, must be 0 … 23, *, a-b, */n, or a list of these";
/// assert_eq!(error.as_deref(), Some(expected));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Schedule {
    /// The entries, at least one; their order does not matter.
    pub entries: Vec<ScheduleEntry>,
    /// The Unix time, in seconds, of a `now` of 0; default 0: `now` is the Unix time itself. Of the
    /// years −9999 … 9999.
    #[cfg_attr(feature = "serde", serde(default))]
    pub origin_unix: i64,
}

impl Schedule {
    /// These entries, for a `now` that is the Unix time.
    ///
    /// ```
    /// use autoscale_core::Schedule;
    /// assert_eq!(Schedule::new([]).with_origin_unix(1_780_000_000).origin_unix, 1_780_000_000);
    /// ```
    #[must_use]
    pub fn new(entries: impl IntoIterator<Item = ScheduleEntry>) -> Self {
        Self {
            entries: entries.into_iter().collect(),
            origin_unix: 0,
        }
    }

    setters! {
        with_origin_unix: origin_unix, i64;
    }

    pub(super) fn compile(&self) -> Result<Vec<Entry>, ConfigError> {
        if self.entries.is_empty() {
            return Err(ConfigError::Missing {
                field: "entries".into(),
                need: "at least one entry",
            });
        }
        if Timestamp::from_second(self.origin_unix).is_err() {
            let bound = "a Unix time of the years -9999 … 9999";
            return Err(ConfigError::range("origin_unix", self.origin_unix, bound));
        }
        // The copy that was compiled in: no file and no variable of the machine decides anything.
        let zones = TimeZoneDatabase::bundled();
        let entries = self.entries.iter().enumerate();
        entries
            .map(|(index, entry)| entry.compile(index, &zones))
            .collect()
    }
}

/// An entry, ready to be asked.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    start: Cron,
    until: Until,
    zone: TimeZone,
    pub(super) min: Option<u32>,
    pub(super) max: Option<u32>,
}

#[derive(Clone, Debug)]
enum Until {
    Cron(Cron),
    After(Duration),
}

impl Entry {
    /// Whether it is on at this instant, and when that may next change.
    pub(super) fn at(&self, now: Timestamp) -> (bool, Option<Timestamp>) {
        let started = self.start.last(&self.zone, now);
        let end = started.and_then(|started| match &self.until {
            // The end after the latest start, or at it: then the start counts.
            Until::Cron(end) => end.next(&self.zone, started),
            Until::After(time) => started.checked_add(*time).ok(),
        });
        let on = started.is_some() && end.is_none_or(|end| now < end);
        let change = if on {
            end
        } else {
            self.start.next(&self.zone, now)
        };
        (on, change)
    }
}
