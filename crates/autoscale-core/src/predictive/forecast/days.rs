//! What the minute of the day says: load that comes once a day.

use crate::numeric;

use super::histogram::{Grid, Histogram, Tails};

/// Days that are remembered: a week and the day that is under way.
const DAYS: usize = 8;
const MINUTES: usize = 1440;
/// Days at which the memory weighs as much as everything else: what came yesterday at this minute is
/// as likely to come again as not.
const HALF_WEIGHT_DAYS: f64 = 1.0;
/// No error seen; no bin has this number.
const UNSEEN: u8 = u8::MAX;

/// The bin of the largest error in each minute of the last days. A minute is asked for together with
/// its neighbours.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Days {
    /// By minute of the day, then by day.
    bins: Vec<u8>,
    /// The minute that learned last, since the epoch.
    newest: Option<u64>,
    /// The minute that was asked for last, its tails and their weight.
    asked: Option<u64>,
    tails: Tails,
    weight: f64,
    #[cfg_attr(feature = "serde", serde(skip, default = "Histogram::new"))]
    work: Histogram,
}

impl Days {
    pub(super) fn new() -> Self {
        Self {
            bins: vec![UNSEEN; DAYS * MINUTES],
            newest: None,
            asked: None,
            tails: Tails::new(),
            weight: 0.0,
            work: Histogram::new(),
        }
    }

    /// Remembers an error of a minute since the epoch.
    pub(super) fn learn(&mut self, minute: u64, bin: usize) {
        let bin = u8::try_from(bin).unwrap_or(UNSEEN - 1);
        let day = place(minute / numeric::count_u64(MINUTES), DAYS);
        let slot = self.bins.get_mut(place(minute, MINUTES) * DAYS + day);
        if let Some(slot) = slot {
            let same = self.newest == Some(minute);
            *slot = if same { bin.max(*slot) } else { bin };
        }
        self.newest = Some(minute);
    }

    /// The tails of a minute since the epoch, and their weight against everything else's.
    pub(super) fn tails(&mut self, minute: u64, grid: &Grid) -> (&Tails, f64) {
        if self.asked != Some(minute) {
            self.asked = Some(minute);
            self.fill(place(minute, MINUTES), grid);
        }
        (&self.tails, self.weight)
    }

    fn fill(&mut self, minute: usize, grid: &Grid) {
        self.work.decay(0.0);
        let near = [MINUTES - 1, 0, 1];
        for offset in near {
            let from = (minute + offset) % MINUTES * DAYS;
            let seen = self.bins.get(from..from + DAYS).unwrap_or_default();
            for bin in seen.iter().filter(|bin| **bin != UNSEEN) {
                self.work.add(usize::from(*bin));
            }
        }
        let days = self.work.total / numeric::count_f64(near.len());
        self.weight = days / (days + HALF_WEIGHT_DAYS);
        self.tails.fill(&self.work, grid);
    }
}

/// Where a running number lies in a ring.
fn place(number: u64, len: usize) -> usize {
    usize::try_from(number % numeric::count_u64(len)).unwrap_or(0)
}
