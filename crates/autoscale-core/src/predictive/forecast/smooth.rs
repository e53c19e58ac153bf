//! Exponentially weighted means of the demand over several times, and the guard before them.

/// Minutes: the last sample, and six time constants.
const MINUTES: [f64; 7] = [0.0, 1.0, 2.5, 6.0, 15.0, 40.0, 120.0];

/// A source that falls below this share of the two-hour mean is taken for dead …
const DEAD_SHARE: f64 = 0.2;
/// … for at most this long, in minutes.
const DEAD_MINUTES: f64 = 30.0;

/// The smoothers.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Smoothers {
    gains: [f64; 7],
    /// The last sample, and the means over 1, 2.5, 6, 15, 40 and 120 minutes.
    pub(super) means: [f64; 7],
    /// Samples seen.
    pub(super) seen: u64,
    /// Intervals in a row that looked dead.
    dead: u64,
    ticks_a_minute: f64,
    /// Slowly decaying maximum.
    pub(super) maximum: f64,
    maximum_decay: f64,
}

impl Smoothers {
    pub(super) fn new(ticks_a_minute: f64) -> Self {
        let gain = |minutes: f64| {
            if minutes > 0.0 {
                1.0 - (-1.0 / (minutes * ticks_a_minute)).exp()
            } else {
                1.0
            }
        };
        Self {
            gains: MINUTES.map(gain),
            means: [0.0; 7],
            seen: 0,
            dead: 0,
            ticks_a_minute,
            maximum: 0.0,
            // About 11 % a day.
            maximum_decay: 0.99998_f64.powf(4.0 / ticks_a_minute),
        }
    }

    /// Takes a sample; gives what it counts as.
    pub(super) fn add(&mut self, sample: f64) -> f64 {
        let [.., long] = self.means;
        let settled = f64_of(self.seen) > 120.0 * self.ticks_a_minute;
        self.dead = if settled && long > 1.0 && sample < DEAD_SHARE * long {
            self.dead.saturating_add(1)
        } else {
            0
        };
        let believed = if self.dead > 0 && f64_of(self.dead) < DEAD_MINUTES * self.ticks_a_minute {
            let [_, _, _, six, ..] = self.means;
            six.min(long)
        } else {
            sample
        };
        self.seen = self.seen.saturating_add(1);
        let floor = 1.0 / f64_of(self.seen);
        for (mean, gain) in self.means.iter_mut().zip(&self.gains) {
            *mean += gain.max(floor) * (believed - *mean);
        }
        self.maximum = (self.maximum * self.maximum_decay).max(believed);
        believed
    }
}

fn f64_of(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
