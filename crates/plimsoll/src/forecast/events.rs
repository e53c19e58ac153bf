//! Planned events from a file.

use std::path::Path;
use std::time::Duration;

use capacity_forecast::{ConfigError, EventChange, Events, PlannedEvent};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use crate::input_error::InputError;
use crate::policy_file::Document;
use crate::timestamp;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventsFile {
    events: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    start: When,
    #[serde(default)]
    end: Option<When>,
    change: EventChange,
    #[serde(default)]
    repeats: Vec<When>,
    /// The only metric that it is about.
    #[serde(default)]
    metric: Option<String>,
}

/// A moment: a date and time, or seconds since the epoch.
#[derive(Clone, Copy, Debug)]
struct When(Duration);

/// An event, and the only metric that it is about.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub(super) event: PlannedEvent,
    pub(super) metric: Option<String>,
}

/// Reads and checks a file.
pub(super) fn read(path: &Path) -> Result<Vec<Planned>, InputError> {
    let document = Document::open(path)?;
    let file: EventsFile = document.read(&[])?;
    for (index, event) in file.events.iter().enumerate() {
        if let Some(When(end)) = event.end.filter(|end| end.0 <= event.start.0) {
            let path = format!("events[{index}].end");
            let (end, start) = (timestamp::shown(end), timestamp::shown(event.start.0));
            let message = format!("{path} is {end}, must be after start, {start}");
            return Err(document.refuse_at(&path, message));
        }
    }
    let planned: Vec<Planned> = file.events.into_iter().map(Entry::planned).collect();
    let events = planned.iter().map(|planned| planned.event.clone());
    Events::new(events.collect()).map_err(|error| {
        let path = match &error {
            ConfigError::OutOfRange { field, .. } => field.as_str(),
            _ => "events",
        };
        document.refuse_at(path, error.to_string())
    })?;
    Ok(planned)
}

impl Entry {
    fn planned(self) -> Planned {
        let event = PlannedEvent::new(self.name, self.start.0, self.change)
            .with_end(self.end.map(|end| end.0))
            .with_repeats(self.repeats.into_iter().map(|when| when.0).collect());
        Planned {
            event,
            metric: self.metric,
        }
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(WhenVisitor)
    }
}

struct WhenVisitor;

impl Visitor<'_> for WhenVisitor {
    type Value = When;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a date and time such as 2026-11-27T00:00:00Z, or seconds since the epoch")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<When, E> {
        let wrong = || E::invalid_value(serde::de::Unexpected::Str(text), &self);
        timestamp::since_epoch(text).map(When).ok_or_else(wrong)
    }

    fn visit_i64<E: Error>(self, seconds: i64) -> Result<When, E> {
        let wrong = || E::invalid_value(serde::de::Unexpected::Signed(seconds), &self);
        let seconds = u64::try_from(seconds).map_err(|_| wrong())?;
        Ok(When(Duration::from_secs(seconds)))
    }
}
