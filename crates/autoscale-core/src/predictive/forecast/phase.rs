//! What the minute of the hour says: load that comes by the clock.

use super::histogram::{Grid, Histogram, Tails};

pub(super) const MINUTES: usize = 60;
/// Visits until half of what was seen is forgotten.
const HALF_LIFE_VISITS: f64 = 30.0;
/// Visits at which the memory weighs as much as the common shape.
const HALF_WEIGHT_VISITS: f64 = 3.0;

/// An error histogram a minute of the hour and state.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Phases {
    histograms: Vec<Histogram>,
    decay: f64,
    samples_a_visit: f64,
    /// Tails of the phase that was asked for last; none after it learned.
    #[cfg_attr(feature = "serde", serde(skip, default = "Tails::new"))]
    tails: Tails,
    #[cfg_attr(feature = "serde", serde(skip))]
    filled: Option<usize>,
}

impl Phases {
    pub(super) fn new(ticks_a_minute: f64) -> Self {
        let samples_a_visit = ticks_a_minute.max(1.0);
        Self {
            histograms: vec![Histogram::new(); MINUTES * 2],
            decay: 0.5_f64.powf(1.0 / (HALF_LIFE_VISITS * samples_a_visit)),
            samples_a_visit,
            tails: Tails::new(),
            filled: None,
        }
    }

    pub(super) fn learn(&mut self, phase: usize, bin: usize) {
        if let Some(histogram) = self.histograms.get_mut(phase) {
            histogram.decay(self.decay);
            histogram.add(bin);
        }
        if self.filled == Some(phase) {
            self.filled = None;
        }
    }

    /// The phase's tails and their weight against the common shape's.
    pub(super) fn tails(&mut self, phase: usize, grid: &Grid) -> (&Tails, f64) {
        let Some(histogram) = self.histograms.get(phase) else {
            return (&self.tails, 0.0);
        };
        let visits = histogram.total / self.samples_a_visit;
        if visits > 0.0 && self.filled != Some(phase) {
            self.tails.fill(histogram, grid);
            self.filled = Some(phase);
        }
        (&self.tails, visits / (visits + HALF_WEIGHT_VISITS))
    }
}
