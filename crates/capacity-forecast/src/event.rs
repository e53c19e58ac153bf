//! Planned changes: launches, growth, holidays. What is known to come is not left to statistics.
//!
//! An event changes what the load would be without it: `y = base × factors + amounts` over all
//! events at that time, factors first. History is forecast without its events' effects
//! (`base = (y - amounts) / factors`), the forecast gets those of its own time. A step that an event
//! covers in part gets that share of the change, so several short events need no alignment with the
//! grid.
//! Cost: O(steps that events cover).

use core::time::Duration;

use crate::duration;
use crate::error::ConfigError;
use crate::series::Series;

const LEAST_FACTOR: f64 = 1e-6;
const MOST_FACTOR: f64 = 1e6;

/// What an event does to the load.
///
/// ```
/// use capacity_forecast::EventChange;
/// let half_as_much_again = EventChange::Multiplicative(1.5);
/// assert_ne!(half_as_much_again, EventChange::Additive(0.5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum EventChange {
    /// So much more, in the series' unit; negative for less. Finite.
    Additive(f64),
    /// So many times as much, 10⁻⁶ to 10⁶.
    Multiplicative(f64),
}

/// A change of the load that is known in advance, over one interval or several of the same length.
///
/// ```
/// use capacity_forecast::{EventChange, PlannedEvent};
/// use std::time::Duration;
/// let day = Duration::from_secs(86_400);
/// let holidays = PlannedEvent::new("holidays", 100 * day, EventChange::Multiplicative(0.4))
///     .with_end(Some(101 * day))
///     .with_repeats(vec![140 * day, 170 * day]);
/// let launch = PlannedEvent::new("launch", 120 * day, EventChange::Additive(250.0));
/// assert_eq!((holidays.repeats.len(), launch.end), (2, None));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct PlannedEvent {
    /// For the report.
    pub name: String,
    /// When it begins, since the Unix epoch.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub start: Duration,
    /// When it is over, later than `start`; `None` (default): it stays.
    #[cfg_attr(feature = "serde", serde(default, with = "crate::duration::option"))]
    pub end: Option<Duration>,
    /// What it does.
    pub change: EventChange,
    /// When it begins again, each time as long as the first; needs an `end`. Default: never.
    #[cfg_attr(feature = "serde", serde(default, with = "crate::duration::list"))]
    pub repeats: Vec<Duration>,
}

impl PlannedEvent {
    /// A change from `start` on.
    ///
    /// ```
    /// use capacity_forecast::{EventChange, PlannedEvent};
    /// use std::time::Duration;
    /// let start = Duration::from_secs(1_800_000_000);
    /// let launch = PlannedEvent::new("launch", start, EventChange::Multiplicative(1.2));
    /// assert_eq!((launch.start, launch.end), (start, None));
    /// ```
    #[must_use]
    pub fn new(name: impl Into<String>, start: Duration, change: EventChange) -> Self {
        Self {
            name: name.into(),
            start,
            end: None,
            change,
            repeats: Vec::new(),
        }
    }

    /// Sets [`end`](Self::end).
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// # use std::time::Duration;
    /// let sale = PlannedEvent::new("sale", Duration::ZERO, EventChange::Multiplicative(1.2))
    ///     .with_end(Some(Duration::from_secs(3600)));
    /// assert_eq!(sale.end, Some(Duration::from_secs(3600)));
    /// ```
    #[must_use]
    pub fn with_end(mut self, end: Option<Duration>) -> Self {
        self.end = end;
        self
    }

    /// Sets [`repeats`](Self::repeats).
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// # use std::time::Duration;
    /// let hour = Duration::from_secs(3600);
    /// let batch = PlannedEvent::new("batch", Duration::ZERO, EventChange::Additive(9.0))
    ///     .with_end(Some(hour))
    ///     .with_repeats(vec![24 * hour]);
    /// assert_eq!(batch.repeats, [24 * hour]);
    /// ```
    #[must_use]
    pub fn with_repeats(mut self, repeats: Vec<Duration>) -> Self {
        self.repeats = repeats;
        self
    }

    fn check(&self, index: usize) -> Result<(), ConfigError> {
        let refuse = |field: &str, value: String, bound| {
            Err(ConfigError::range(
                format!("events[{index}].{field}"),
                value,
                bound,
            ))
        };
        match self.change {
            EventChange::Additive(amount) if !amount.is_finite() => {
                return refuse("change.additive", amount.to_string(), "finite");
            }
            EventChange::Multiplicative(factor)
                if !(LEAST_FACTOR..=MOST_FACTOR).contains(&factor) =>
            {
                let field = "change.multiplicative";
                return refuse(field, factor.to_string(), "0.000001 to 1000000");
            }
            _ => {}
        }
        let Some(end) = self.end else {
            return match self.repeats.first() {
                Some(again) => {
                    let bound = "absent from an event without an end";
                    refuse("repeats[0]", duration::format(*again), bound)
                }
                None => Ok(()),
            };
        };
        if end <= self.start {
            return refuse("end", duration::format(end), "after start");
        }
        let length = end.saturating_sub(self.start);
        let mut starts = self.repeats.clone();
        starts.push(self.start);
        starts.sort_unstable();
        let mut pairs = starts.iter().zip(starts.iter().skip(1));
        match pairs.find(|(before, after)| after.saturating_sub(**before) < length) {
            Some((_, again)) => {
                let bound = "not within another of the event's intervals";
                refuse("repeats", duration::format(*again), bound)
            }
            None => Ok(()),
        }
    }

    fn intervals(&self) -> impl Iterator<Item = (Duration, Duration)> {
        let length = self.end.map(|end| end.saturating_sub(self.start));
        let starts = core::iter::once(self.start).chain(self.repeats.iter().copied());
        starts.map(move |start| {
            let end = length.map_or(Duration::MAX, |length| start.saturating_add(length));
            (start, end)
        })
    }
}

/// What the events of one step do to a value.
///
/// ```
/// use capacity_forecast::Effect;
/// assert_eq!(Effect::NONE.apply(3.0), 3.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Effect {
    /// The value is multiplied by this, above 0;
    pub factor: f64,
    /// and this is added.
    pub amount: f64,
}

impl Effect {
    /// No event.
    pub const NONE: Self = Self {
        factor: 1.0,
        amount: 0.0,
    };

    /// The value with the events; finite if `value` is.
    ///
    /// ```
    /// use capacity_forecast::{EventChange, Events, PlannedEvent, Series};
    /// use std::time::Duration;
    /// let hour = Duration::from_secs(3600);
    /// let launch = PlannedEvent::new("launch", 2 * hour, EventChange::Multiplicative(1.5));
    /// let events = Events::new(vec![launch])?;
    /// let series = Series::from_grid(Duration::ZERO, hour, [1.0])?;
    /// // The value at 2 h stands for half an hour before and half an hour after.
    /// let effects = events.effects(&series, 1..4);
    /// let with: Vec<f64> = effects.iter().map(|effect| effect.apply(2.0)).collect();
    /// assert_eq!(with, [2.0, 2.5, 3.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn apply(&self, value: f64) -> f64 {
        // Clamping passes NaN, a missing value, on.
        let scaled = (value * self.factor).clamp(f64::MIN, f64::MAX);
        (scaled + self.amount).clamp(f64::MIN, f64::MAX)
    }

    /// The value as it would be without the events: undoes [`apply`](Self::apply).
    ///
    /// ```
    /// use capacity_forecast::Effect;
    /// let mut effect = Effect::NONE;
    /// effect.factor = 2.0;
    /// effect.amount = 1.0;
    /// assert_eq!(effect.remove(7.0), 3.0);
    /// ```
    #[must_use]
    pub fn remove(&self, value: f64) -> f64 {
        let rest = (value - self.amount).clamp(f64::MIN, f64::MAX);
        (rest / self.factor).clamp(f64::MIN, f64::MAX)
    }

    fn add(&mut self, change: EventChange, share: f64) {
        match change {
            EventChange::Additive(amount) => {
                self.amount = (self.amount + amount * share).clamp(f64::MIN, f64::MAX);
            }
            EventChange::Multiplicative(factor) => {
                let factor = self.factor * (1.0 + (factor - 1.0) * share);
                // Many overlapping events must not reach 0 or infinity.
                self.factor = factor.clamp(f64::MIN_POSITIVE, f64::MAX);
            }
        }
    }
}

/// Accepted events.
///
/// ```
/// use capacity_forecast::{EventChange, Events, PlannedEvent};
/// use std::time::Duration;
/// let start = Duration::from_secs(60);
/// let event = PlannedEvent::new("sale", start, EventChange::Multiplicative(0.0));
/// let message = "events[0].change.multiplicative is 0, must be 0.000001 to 1000000";
/// assert_eq!(Events::new(vec![event]).map_err(|e| e.to_string()), Err(message.to_owned()));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Events {
    events: Vec<PlannedEvent>,
}

impl Events {
    /// Accepts events; they may overlap.
    ///
    /// # Errors
    /// [`ConfigError::OutOfRange`] for an end that is not after its start, a factor or amount outside
    /// its range, and repeats that overlap one another or never end.
    ///
    /// ```
    /// # use capacity_forecast::*;
    /// # use std::time::Duration;
    /// let launch = PlannedEvent::new("launch", Duration::ZERO, EventChange::Additive(250.0));
    /// assert_eq!(Events::new(vec![launch])?.planned().len(), 1);
    /// # Ok::<(), ConfigError>(())
    /// ```
    pub fn new(events: Vec<PlannedEvent>) -> Result<Self, ConfigError> {
        for (index, event) in events.iter().enumerate() {
            event.check(index)?;
        }
        Ok(Self { events })
    }

    /// The events as given.
    ///
    /// ```
    /// assert!(capacity_forecast::Events::default().planned().is_empty());
    /// ```
    #[must_use]
    pub fn planned(&self) -> &[PlannedEvent] {
        &self.events
    }

    /// What the events do to the steps of a range of indices of the series, those after its end
    /// included (`series.len()` is the first step ahead). O(steps that events cover + range).
    ///
    /// ```
    /// use capacity_forecast::{EventChange, Events, PlannedEvent, Series, SeriesConfig};
    /// use std::time::Duration;
    /// let minute = |m: u64| Duration::from_secs(60 * m);
    /// // Half an hour of a batch job in hourly means: half of it.
    /// let job = PlannedEvent::new("batch", minute(90), EventChange::Additive(10.0))
    ///     .with_end(Some(minute(120)));
    /// let samples = (0..12).map(|k| (minute(5 * k), 1.0));
    /// let hourly = SeriesConfig::default().with_step(Some(minute(60)));
    /// let series = Series::from_samples(samples, &hourly)?;
    /// let ahead = Events::new(vec![job])?.effects(&series, 1..3);
    /// assert_eq!(ahead.iter().map(|e| e.amount).collect::<Vec<_>>(), [5.0, 0.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn effects(&self, series: &Series, steps: core::ops::Range<usize>) -> Vec<Effect> {
        let mut effects = vec![Effect::NONE; steps.len()];
        let width = series.step().as_secs_f64();
        for event in &self.events {
            for (from, to) in event.intervals() {
                // The first step that ends after the interval's start.
                let first = series.steps_before(from).max(steps.start);
                let touched = effects.iter_mut().enumerate().skip(first - steps.start);
                for (offset, effect) in touched {
                    let Some((start, end)) = series.span(steps.start + offset) else {
                        break;
                    };
                    if start >= to {
                        break;
                    }
                    let covered = end.min(to).saturating_sub(start.max(from));
                    effect.add(event.change, (covered.as_secs_f64() / width).min(1.0));
                }
            }
        }
        effects
    }

    /// The series as it would be without the events. O(n).
    ///
    /// ```
    /// use capacity_forecast::{EventChange, Events, PlannedEvent, Series};
    /// use std::time::Duration;
    /// let day = Duration::from_secs(86_400);
    /// let holiday = PlannedEvent::new("holiday", day, EventChange::Multiplicative(0.5))
    ///     .with_end(Some(2 * day));
    /// // Daily means: from_grid's values stand for half a step to both sides of their time.
    /// let series = Series::from_grid(day / 2, day, [8.0, 4.0, 8.0])?;
    /// let usual = Events::new(vec![holiday])?.removed_from(&series);
    /// assert_eq!(usual.values(), [8.0, 8.0, 8.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn removed_from(&self, series: &Series) -> Series {
        let effects = self.effects(series, 0..series.len());
        series.map_values(|index, value| {
            effects
                .get(index)
                .map_or(value, |effect| effect.remove(value))
        })
    }
}
