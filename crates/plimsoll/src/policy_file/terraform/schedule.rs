//! Scheduled actions as bounds that hold from one to the next.
//!
//! An action sets the group's sizes, and they stay until another action sets them. The core's
//! schedules know an end instead: the next start of any other action that sets the same size. Where
//! these have no common expression, but every week is the same, each start of the week is an entry.

use std::time::Duration;

use autoscale_core::{
    Fixed, Observation, Policy as _, PolicyExt as _, Schedule, ScheduleEntry, ScheduleUntil,
};

use super::resource::Resource;
use super::schema;
use crate::policy_file::Bounds;
use crate::policy_file::fault::{Fault, quote};
use crate::policy_file::reader::read;

/// The longest that an entry may be on; a start within that time begins it anew.
const ALWAYS: Duration = Duration::from_secs(366 * 86_400);
/// A Monday, 00:00 UTC.
const MONDAY_UNIX: i64 = 4 * 86_400;
/// Minutes of a week.
const WEEK: u32 = 7 * 24 * 60;
/// The most starts a week that become entries.
const MOST_STARTS: usize = 200;

/// An action that recurs.
pub(super) struct ScheduledAction {
    resource: Resource,
    start: String,
    zone: String,
    min: Option<u32>,
    max: Option<u32>,
}

/// A size that an action sets.
#[derive(Clone, Copy)]
enum Size {
    Least,
    Most,
}

impl ScheduledAction {
    /// Whether it can add replicas, and whether it can take some away.
    pub(super) const fn directions(&self) -> [bool; 2] {
        [self.min.is_some(), self.max.is_some()]
    }

    const fn size(&self, which: Size) -> Option<u32> {
        match which {
            Size::Least => self.min,
            Size::Most => self.max,
        }
    }
}

/// Reads a schedule; gives the action, where it recurs and sets a size, and what to know about it.
pub(super) fn read_action(
    resource: Resource,
) -> Result<(Option<ScheduledAction>, Option<String>), Fault> {
    let body: schema::Schedule = read(&resource.node)?;
    let name = quote(resource.name());
    let sized = |field: &str, size: Option<schema::Whole<i64>>| match size {
        Some(schema::Whole(-1)) => Ok(None),
        // What the file does not give is a 0 for the provider.
        None => Ok(Some(0)),
        Some(schema::Whole(size)) => match u32::try_from(size) {
            Ok(size) => Ok(Some(size)),
            Err(_) => {
                let message = format!("{field} is {size}, must be -1 (unchanged) or more");
                Err(resource.fault(field, message))
            }
        },
    };
    let (min, max) = (
        sized("min_size", body.min_size)?,
        sized("max_size", body.max_size)?,
    );
    let Some(start) = body.recurrence else {
        let note = format!("schedule {name} is not replayed: it does not recur");
        return Ok((None, Some(note)));
    };
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        let message = format!(
            "min_size is {min}, must be at most max_size ({max}); a size that is absent is 0, and \
             -1 is unchanged"
        );
        return Err(resource.fault("min_size", message));
    }
    if (min, max) == (None, None) {
        let note =
            format!("schedule {name} is not replayed: it sets neither min_size nor max_size");
        return Ok((None, Some(note)));
    }
    let zone = body.time_zone.unwrap_or_else(|| "UTC".to_owned());
    let alone = ScheduleEntry::new(&start, ScheduleUntil::After(ALWAYS), &zone).with_min(Some(0));
    Fixed(0)
        .scheduled(Schedule::new([alone]))
        .map_err(|error| {
            let message = error.to_string();
            let field = match message.starts_with("entries[0].time_zone") {
                true => "time_zone",
                false => "recurrence",
            };
            let rest = message.trim_start_matches(|c| !matches!(c, ' ' | ','));
            resource.fault(field, format!("{field}{rest}"))
        })?;
    let mut not_replayed = Vec::new();
    let fixed = min.is_some() && min == max;
    if body.desired_capacity.is_some_and(|n| n.0 != -1) && !fixed {
        not_replayed.push("desired_capacity");
    }
    for field in ["start_time", "end_time"] {
        if resource.node.entry(field).is_some() {
            not_replayed.push(field);
        }
    }
    let note = (!not_replayed.is_empty()).then(|| {
        let fields = not_replayed.join(", ");
        format!("schedule {name}: not replayed: {fields}")
    });
    let action = ScheduledAction {
        start,
        zone,
        min,
        max,
        resource,
    };
    Ok((Some(action), note))
}

/// The actions of a group as a schedule, the bounds of what is inside it, and what to know. Nothing
/// is scheduled where the actions' times have no common expression.
pub(super) fn schedule(
    actions: &[ScheduledAction],
    own: Bounds,
) -> Result<(Option<Schedule>, Bounds, Option<String>), Fault> {
    if actions.is_empty() {
        return Ok((None, own, None));
    }
    let mut entries: Vec<ScheduleEntry> = Vec::new();
    for (place, action) in actions.iter().enumerate() {
        for which in [Size::Least, Size::Most] {
            let Some(size) = action.size(which) else {
                continue;
            };
            let others = actions.iter().enumerate();
            let others = others.filter(|(i, a)| *i != place && a.size(which).is_some());
            let others: Vec<&ScheduledAction> = others.map(|(_, other)| other).collect();
            let Some(times) = times(action, &others) else {
                let names = actions.iter().map(|a| quote(a.resource.name()));
                let note = format!(
                    "schedules {} are not replayed: their recurrences must be in one time zone, \
                     and be the same every week or differ in one field only",
                    names.collect::<Vec<_>>().join(", ")
                );
                return Ok((None, own, Some(note)));
            };
            for (start, until) in times {
                let entry = ScheduleEntry::new(start, until, &action.zone);
                let entry = match which {
                    Size::Least => entry.with_min(Some(size)),
                    Size::Most => entry.with_max(Some(size)),
                };
                let pair = Schedule::new([entry.clone()]);
                Fixed(0).scheduled(pair).map_err(|_| {
                    let message = format!(
                        "recurrence is {}, must be another one than those of other schedules",
                        quote(&action.start)
                    );
                    action.resource.fault("recurrence", message)
                })?;
                entries.push(entry);
            }
        }
    }
    // One of the actions has run before, so that the group's own sizes count only where none of
    // them says anything.
    let inside = Bounds {
        min: actions.iter().filter_map(|a| a.min).min().or(own.min),
        max: actions.iter().filter_map(|a| a.max).max().or(own.max),
    };
    Ok((Some(Schedule::new(entries)), inside, None))
}

/// From when to when an action holds.
fn times(
    action: &ScheduledAction,
    others: &[&ScheduledAction],
) -> Option<Vec<(String, ScheduleUntil)>> {
    if others.iter().any(|other| other.zone != action.zone) {
        return None;
    }
    let mut fields = others.iter().map(|other| {
        let fields = other.start.split_ascii_whitespace();
        fields.map(str::to_owned).collect::<Vec<_>>()
    });
    let Some(first) = fields.next() else {
        return Some(vec![(action.start.clone(), ScheduleUntil::After(ALWAYS))]);
    };
    if let Some(common) = fields.try_fold(first, |known, more| union(known, &more)) {
        let until = ScheduleUntil::Cron(common.join(" "));
        return Some(vec![(action.start.clone(), until)]);
    }
    let others = others.iter().map(|other| starts(&other.start));
    let others: Vec<u32> = others.collect::<Option<Vec<_>>>()?.concat();
    let own = starts(&action.start)?;
    let next = |start: u32| {
        let wait = |other: &u32| (other + WEEK - start - 1) % WEEK;
        others.iter().copied().min_by_key(wait)
    };
    let times = own
        .iter()
        .map(|start| Some((weekly(*start), ScheduleUntil::Cron(weekly(next(*start)?)))));
    (own.len() <= MOST_STARTS)
        .then(|| times.collect())
        .flatten()
}

/// The expression of a minute of the week, counted from Monday.
fn weekly(minute: u32) -> String {
    let (day, minute) = (minute / 1440, minute % 1440);
    format!("{} {} * * {}", minute % 60, minute / 60, (day + 1) % 7)
}

/// The minutes of a week at which a recurrence starts, where every week is the same.
fn starts(recurrence: &str) -> Option<Vec<u32>> {
    let fields: Vec<&str> = recurrence.split_ascii_whitespace().collect();
    let [_, _, "*" | "?", "*", _] = fields[..] else {
        return None;
    };
    let minute = Duration::from_secs(60);
    let entry = ScheduleEntry::new(recurrence, ScheduleUntil::After(minute), "UTC");
    let schedule = Schedule::new([entry.with_min(Some(1))]).with_origin_unix(MONDAY_UNIX);
    let mut policy = Fixed(0).scheduled(schedule).ok()?;
    let nothing = Observation::new(0);
    let starts = (0..WEEK).filter(|at| policy.decide(minute * *at, &nothing).replicas > 0);
    Some(starts.collect())
}

/// The expression that names the times of two, where they differ in one field at most.
fn union(mut known: Vec<String>, more: &[String]) -> Option<Vec<String>> {
    if known.len() != more.len() {
        return None;
    }
    let mut differing = known.iter_mut().zip(more).filter(|(a, b)| *a != *b);
    if let Some((field, other)) = differing.next() {
        *field = format!("{field},{other}");
        if differing.next().is_some() {
            return None;
        }
    }
    Some(known)
}
