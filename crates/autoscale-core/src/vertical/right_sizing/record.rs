//! What a shadow would have delivered, and the restarts that it may still spend.

/// Hours until half of a record is forgotten: 30 days, so that a record outlives several weeks.
const RECORD_HALF_LIFE_H: f64 = 30.0 * 24.0;
/// Restarts that can be saved up: an outage's worth of ups and downs.
const SAVED: f64 = 4.0;

/// Decayed sums, in hours.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) struct Record {
    /// Time above the request.
    pub(super) violated: f64,
    /// Amount × time in vain.
    pub(super) slack: f64,
    pub(super) restarts: f64,
}

impl Record {
    pub(super) fn fade(&mut self, factor: f64) {
        self.violated *= factor;
        self.slack *= factor;
        self.restarts *= factor;
    }

    /// Adds a sample; gives whether it was above the request.
    pub(super) fn add(&mut self, usage: f64, request: f64, hours: f64) -> bool {
        if usage > request {
            self.violated += hours;
            return true;
        }
        self.slack += (request - usage) * hours;
        false
    }

    pub(super) fn is_sound(&self) -> bool {
        [self.violated, self.slack, self.restarts].iter().all(sound)
    }
}

/// The time and the use that records are relative to, decayed as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) struct Whole {
    /// Sampled hours, not decayed.
    pub(super) age: f64,
    pub(super) hours: f64,
    usage: f64,
}

impl Whole {
    /// Adds a sample; gives what is left of older ones.
    pub(super) fn add(&mut self, usage: f64, hours: f64) -> f64 {
        let left = (-hours / RECORD_HALF_LIFE_H).exp2();
        self.age += hours;
        self.hours = self.hours * left + hours;
        self.usage = self.usage * left + usage * hours;
        left
    }

    /// Mean use; never 0, so that it can be divided by.
    pub(super) fn mean(&self) -> f64 {
        (self.usage / self.hours.max(1e-9)).max(1e-9)
    }

    pub(super) fn is_sound(&self) -> bool {
        [self.age, self.hours, self.usage].iter().all(sound)
    }
}

/// Restarts that may be spent.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) struct Budget {
    left: f64,
}

impl Budget {
    pub(super) const fn new() -> Self {
        Self { left: SAVED }
    }

    pub(super) fn earn(&mut self, hours: f64, per_day: f64) {
        self.left = (self.left + hours / 24.0 * per_day).min(SAVED);
    }

    pub(super) fn spend(&mut self) {
        self.left = (self.left - 1.0).max(-SAVED);
    }

    /// How much more than usual a restart must be worth; `None` where there is none left. The square
    /// keeps the last ones for what is worth sixteen times as much.
    pub(super) fn scarcity(&self) -> Option<f64> {
        (self.left >= 1.0).then(|| (SAVED / self.left).powi(2))
    }

    pub(super) fn is_sound(&self) -> bool {
        (-SAVED..=SAVED).contains(&self.left)
    }
}

/// Whether a number can be a sum.
pub(super) fn sound(value: &f64) -> bool {
    value.is_finite() && *value >= 0.0
}
