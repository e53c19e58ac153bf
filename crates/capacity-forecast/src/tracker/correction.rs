//! What the errors since a plan was made say about those to come, learnt from the backtest's own
//! residual paths.
//!
//! Kept are exponentially weighted means of the errors so far, over the scale of their step, with a short,
//! a middle and a long memory. The error ℓ steps later is taken to be β(ℓ) times the mean of one of the
//! memories: at a few distances the pair with the least mean absolute error on the residual paths, linear
//! in between, and none where that is hardly better than no correction. Absolute errors, because a
//! few paths with large errors would otherwise decide for all.

use crate::numeric::{at, count_f64, median};

/// Distances at which a share is chosen.
const DISTANCES: [usize; 13] = [1, 2, 3, 5, 8, 12, 18, 24, 36, 48, 72, 96, 132];
/// What an error counts after each further one.
const MEMORIES: [f64; 3] = [0.3, 0.8, 0.95];
/// Shares that are tried.
const SHARES: [f64; 5] = [0.15, 0.3, 0.5, 0.7, 0.9];
/// The first errors say little: as if a plan began with so many that were nothing.
const PRIOR: f64 = 3.0;
/// A correction must lower the mean absolute error by this part at least.
const WORTH: f64 = 0.02;
/// Errors are cut at so many times the median size of those that are not 0.
const CUT: f64 = 6.0;

/// Weighted means of the errors so far, over the scales of their steps.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Errors {
    sums: [f64; MEMORIES.len()],
    weights: [f64; MEMORIES.len()],
    /// Step of the newest error, counted from the plan's first one.
    pub(super) step: usize,
    pub(super) count: u64,
}

impl Default for Errors {
    fn default() -> Self {
        Self {
            sums: [0.0; MEMORIES.len()],
            weights: [PRIOR; MEMORIES.len()],
            step: 0,
            count: 0,
        }
    }
}

impl Errors {
    pub(super) fn observe(&mut self, step: usize, error: f64) {
        self.step = step;
        self.count += 1;
        for ((sum, weight), memory) in self.sums.iter_mut().zip(&mut self.weights).zip(MEMORIES) {
            *sum = memory * *sum + error;
            *weight = memory * *weight + 1.0;
        }
    }

    /// Mean with a memory, 0 of no error.
    pub(super) fn level(&self, memory: usize) -> f64 {
        let weight = at(&self.weights, memory);
        if weight > 0.0 {
            at(&self.sums, memory) / weight
        } else {
            0.0
        }
    }

    #[cfg(feature = "serde")]
    pub(super) fn is_sound(&self) -> bool {
        let weights = self
            .weights
            .iter()
            .all(|weight| (0.0..=20.1).contains(weight));
        weights && self.sums.iter().all(|sum| sum.is_finite())
    }
}

/// What is chosen at each distance: a memory and the share of its mean.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Correction {
    distances: Vec<usize>,
    shares: Vec<(usize, f64)>,
    /// Errors beyond this are cut.
    pub(super) cut: f64,
    /// Mean size of the middle memory's mean in the backtest; 0 where there was no error.
    pub(super) usual: f64,
}

impl Correction {
    /// Learns it from paths of scaled residuals, NaN where nothing was seen. O(residuals × distances).
    pub(super) fn fit(residuals: &[f64], horizon: usize) -> Self {
        let sizes = residuals.iter().map(|residual| residual.abs());
        let mut sizes: Vec<f64> = sizes
            .filter(|size| size.is_finite() && *size > 0.0)
            .collect();
        // Without an error there is none to be cut at.
        let cut = match sizes.as_slice() {
            [] => f64::MAX,
            _ => CUT * median(&mut sizes),
        };
        let distances = DISTANCES.into_iter().filter(|d| *d < horizon);
        let distances: Vec<usize> = distances.collect();
        let tries = MEMORIES.len() * SHARES.len();
        // Sums of absolute errors: without a correction, then with each one, by distance.
        let mut sums = vec![0.0; distances.len() * (tries + 1)];
        let (mut sizes, mut count) = (0.0, 0_usize);
        for path in residuals.chunks_exact(horizon.max(1)) {
            let mut errors = Errors::default();
            for (step, error) in path.iter().enumerate().filter(|(_, e)| e.is_finite()) {
                errors.observe(step, error.clamp(-cut, cut));
                let levels: [f64; MEMORIES.len()] = core::array::from_fn(|m| errors.level(m));
                sizes += at(&levels, 1).abs();
                count += 1;
                for (sums, distance) in sums.chunks_exact_mut(tries + 1).zip(&distances) {
                    let Some(later) = path.get(step + distance).filter(|l| l.is_finite()) else {
                        continue;
                    };
                    let Some((without, with)) = sums.split_first_mut() else {
                        continue;
                    };
                    *without += later.abs();
                    for (sums, level) in with.chunks_exact_mut(SHARES.len()).zip(levels) {
                        for (sum, share) in sums.iter_mut().zip(SHARES) {
                            *sum += (later - share * level).abs();
                        }
                    }
                }
            }
        }
        let choose = |sums: &[f64]| {
            let (without, with) = sums.split_first()?;
            let best = with.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1))?;
            (*best.1 < (1.0 - WORTH) * without).then(|| {
                let (memory, share) = (best.0 / SHARES.len(), best.0 % SHARES.len());
                (memory, at(&SHARES, share))
            })
        };
        Self {
            shares: sums
                .chunks_exact(tries + 1)
                .map(|sums| choose(sums).unwrap_or_default())
                .collect(),
            distances,
            cut,
            usual: sizes / count_f64(count.max(1)),
        }
    }

    /// What is added, over its scale, so many steps after the newest error.
    pub(super) fn at(&self, distance: usize, errors: &Errors) -> f64 {
        let after = self.distances.partition_point(|known| *known <= distance);
        let before = after.saturating_sub(1);
        let of = |index: usize| {
            let (memory, share) = self.shares.get(index).copied().unwrap_or_default();
            share * errors.level(memory)
        };
        match (self.distances.get(before), self.distances.get(after)) {
            (Some(from), Some(next)) if distance > *from => {
                let part = count_f64(distance - from) / count_f64(next - from);
                (1.0 - part) * of(before) + part * of(after)
            }
            _ => of(before),
        }
    }

    #[cfg(feature = "serde")]
    pub(super) fn is_sound(&self) -> bool {
        let share = |(memory, share): &(usize, f64)| {
            *memory < MEMORIES.len() && (0.0..=1.0).contains(share)
        };
        self.shares.len() == self.distances.len()
            && self.distances.is_sorted_by(|a, b| a < b)
            && self.shares.iter().all(share)
            && [self.cut, self.usual]
                .iter()
                .all(|v| *v >= 0.0 && v.is_finite())
    }
}
