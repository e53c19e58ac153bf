//! Counters: the increase per second.
//!
//! Two neighbouring samples `(t₀, v₀)`, `(t₁, v₁)` give the increase `v₁ - v₀`, or `v₁` where the
//! counter went down, because it restarted at 0 (the rule of Prometheus' `rate`, without its
//! extrapolation to the edges of a range). The increase is spread evenly over `t₀..t₁` and so over the
//! steps that this touches; a step's value is its increase per second over the part that was seen,
//! once that is a quarter of it. Samples further apart than 1½ times the step, or 1½ times their
//! usual distance where that is longer, are a gap: what happened between them is not known.

use core::time::Duration;

use super::{Series, SeriesError, State};

/// Least part of a step that gives it a value.
const LEAST_SEEN: f64 = 0.25;

/// A counter's newest reading and the step that it is in.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) struct Reading {
    pub(super) value: f64,
    /// Increase within the step of the newest sample, and the seconds of it that were seen.
    pub(super) increase: f64,
    pub(super) seen: f64,
    /// Start of that step.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub(super) step: Duration,
}

/// The longest distance of two samples over which an increase is spread.
pub(super) fn reach(step: Duration, spacing: Duration) -> Duration {
    let longer = step.max(spacing);
    longer.saturating_add(longer / 2)
}

/// What a counter grew by.
fn increase(from: f64, to: f64) -> f64 {
    if to < from { to } else { to - from }
}

impl Series {
    /// Takes a later reading of a counter.
    pub(super) fn push_reading(&mut self, at: Duration, value: f64) -> Result<(), SeriesError> {
        let State::Counter(mut reading) = self.state else {
            return Ok(());
        };
        let from = self.newest;
        if at == from {
            self.counts.duplicates += 1;
            if value > reading.value {
                reading.increase += value - reading.value;
                reading.value = value;
                self.state = State::Counter(reading);
                self.publish(reading)?;
            }
            return Ok(());
        }
        self.checked_cell(at)?;
        self.counts.resets += usize::from(value < reading.value);
        let span = at.saturating_sub(from);
        if span <= self.reach {
            let rate = increase(reading.value, value) / span.as_secs_f64();
            let mut step = self.step_start(from);
            while step < at {
                let end = step.saturating_add(self.step);
                let seen = at.min(end).saturating_sub(from.max(step)).as_secs_f64();
                if step != reading.step {
                    (reading.step, reading.increase, reading.seen) = (step, 0.0, 0.0);
                }
                reading.increase = (reading.increase + rate * seen).min(f64::MAX);
                reading.seen += seen;
                self.publish(reading)?;
                step = end;
            }
        }
        reading.value = value;
        self.newest = at;
        self.state = State::Counter(reading);
        Ok(())
    }

    /// Start of the step that a time is in; the first one's for what is before it.
    fn step_start(&self, at: Duration) -> Duration {
        let cell = self.cell(at).and_then(|cell| usize::try_from(cell).ok());
        cell.and_then(|cell| self.time_of(cell))
            .unwrap_or(self.origin)
    }

    /// Sets the value of the reading's step once enough of it was seen.
    fn publish(&mut self, reading: Reading) -> Result<(), SeriesError> {
        if reading.seen >= LEAST_SEEN * self.step.as_secs_f64() {
            let Some(cell) = self.cell(reading.step) else {
                return Ok(());
            };
            self.advance(cell)?;
            self.set_last((reading.increase / reading.seen).min(f64::MAX));
        }
        Ok(())
    }
}
