//! How large relative errors are, by the level of the load.

use crate::numeric;

const HALF_OCTAVES: usize = 40;
/// Weight of the global figure in a level's own.
const SHRINKAGE: f64 = 40.0;
/// A level forgets this much faster, counted in its own hits.
const LEVEL_SPEED: f64 = 8.0;
const SMALLEST: f64 = 0.004;

/// Decayed mean absolute relative error, in half-octave bins of the level, interpolated.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct LevelScale {
    /// (sum, weight) a level.
    levels: Vec<(f64, f64)>,
    global: (f64, f64),
    decay: f64,
}

impl LevelScale {
    pub(super) fn new(decay: f64) -> Self {
        Self {
            levels: vec![(0.0, 0.0); HALF_OCTAVES],
            global: (0.3, 1.0),
            decay,
        }
    }

    /// Bin and the share that belongs to the next one.
    fn place(level: f64) -> (usize, f64) {
        let position = (level.max(1e-3).log2() * 2.0 + 20.0).clamp(0.0, 38.0);
        (numeric::index(position, HALF_OCTAVES - 1), position.fract())
    }

    pub(super) fn get(&self, level: f64) -> f64 {
        let global = self.global.0 / self.global.1;
        let (bin, next) = Self::place(level);
        let at = |bin: usize| {
            let (sum, weight) = self.levels.get(bin).copied().unwrap_or_default();
            (sum + SHRINKAGE * global) / (weight + SHRINKAGE)
        };
        (at(bin) * (1.0 - next) + at(bin + 1) * next).max(SMALLEST)
    }

    pub(super) fn add(&mut self, level: f64, error: f64) {
        self.global.0 = self.global.0 * self.decay + error;
        self.global.1 = self.global.1 * self.decay + 1.0;
        let (bin, next) = Self::place(level);
        for (bin, share) in [(bin, 1.0 - next), (bin + 1, next)] {
            if let Some((sum, weight)) = self.levels.get_mut(bin) {
                let keep = 1.0 - (1.0 - self.decay) * LEVEL_SPEED * share;
                *sum = *sum * keep + share * error;
                *weight = *weight * keep + share;
            }
        }
    }
}
