//! How much of the time use is at which level, as three half-lives remember it.

use crate::numeric;

/// Hours until half is forgotten: an hour or two of a shift is enough for the first one, a few days
/// of weekday and weekend fit into the last one.
pub(super) const HALF_LIVES_H: [f64; 3] = [2.0, 10.0, 50.0];
/// Each bucket is 4 % wider than the one below.
const RATIO: f64 = 1.04;
/// Buckets: the largest use is 60 times the smallest that is told apart.
const BUCKETS: usize = 104;
const LAST: i32 = 103;
/// Use below this is told apart no more, in cores.
const SMALLEST: f64 = 1e-4;
/// Weights below this are none, in hours.
const NEGLIGIBLE: f32 = 1e-7;

/// Hours spent in each bucket, decayed.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) struct Levels {
    /// Number of the first bucket's ratio step above the smallest.
    first: i32,
    weights: Vec<[f32; 3]>,
}

/// What a request would bring, as shares of the time or of cores.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outlook {
    pub(super) slack: f64,
    pub(super) violated: f64,
}

impl Outlook {
    pub(super) fn cost(&self, price: f64) -> f64 {
        self.slack + price * self.violated
    }
}

impl Levels {
    pub(super) fn new() -> Self {
        Self {
            first: 0,
            weights: vec![[0.0; 3]; BUCKETS],
        }
    }

    fn step(usage: f64) -> i32 {
        numeric::floor_i32((usage.max(SMALLEST) / SMALLEST).ln() / RATIO.ln())
    }

    /// Adds a sample.
    pub(super) fn add(&mut self, usage: f64, hours: f64) {
        let step = Self::step(usage);
        if self.is_empty() {
            self.first = step - LAST / 2;
        }
        let above = step.saturating_sub(self.first.saturating_add(LAST));
        if above > 0 {
            self.raise(usize::try_from(above).unwrap_or(0));
        }
        let at = usize::try_from(step.saturating_sub(self.first)).unwrap_or(0);
        if let Some(bucket) = self.weights.get_mut(at) {
            for weight in bucket {
                *weight += numeric::to_f32(hours);
            }
        }
    }

    /// Moves the range up; what falls out below is put into the first bucket.
    fn raise(&mut self, by: usize) {
        let out = by.min(BUCKETS);
        let mut lost = [0.0; 3];
        for bucket in self.weights.drain(..out) {
            for (sum, weight) in lost.iter_mut().zip(bucket) {
                *sum += weight;
            }
        }
        self.weights.resize(BUCKETS, [0.0; 3]);
        for (weight, lost) in self.weights.iter_mut().flatten().zip(lost) {
            *weight += lost;
        }
        self.first += i32::try_from(by).unwrap_or(0);
    }

    /// Forgets, and moves the range down where its upper half is empty.
    pub(super) fn fade(&mut self, hours: f64) {
        let left = HALF_LIVES_H.map(|half| numeric::to_f32((-hours / half).exp2()));
        for bucket in &mut self.weights {
            for (weight, left) in bucket.iter_mut().zip(left) {
                *weight *= left;
                if *weight < NEGLIGIBLE {
                    *weight = 0.0;
                }
            }
        }
        let half = BUCKETS / 2;
        let upper = self.weights.get(half..).unwrap_or_default();
        if !self.is_empty() && upper.iter().flatten().all(|weight| *weight <= 0.0) {
            self.weights.rotate_right(half);
            self.first -= i32::try_from(half).unwrap_or(0);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.weights.iter().flatten().all(|weight| *weight <= 0.0)
    }

    /// What every level would bring, from the lowest in use to the highest: the upper end of each
    /// bucket.
    fn outlooks(&self, half_life: usize) -> impl Iterator<Item = (f64, Outlook)> {
        let of = move |bucket: &[f32; 3]| f64::from(bucket.get(half_life).copied().unwrap_or(0.0));
        let total: f64 = self.weights.iter().map(of).sum();
        let mut end = SMALLEST * RATIO.powi(self.first);
        let (mut below, mut slack) = (0.0, 0.0);
        self.weights.iter().filter_map(move |bucket| {
            let width = end * (RATIO - 1.0);
            end += width;
            let share = of(bucket) / total;
            if share.is_nan() || (below <= 0.0 && share <= 0.0) {
                return None;
            }
            // What was below is as much further away as the bucket is wide, its own half as much.
            slack += (below + 0.5 * share) * width;
            below += share;
            let violated = (1.0 - below).max(0.0);
            Some((end, Outlook { slack, violated }))
        })
    }

    /// The level at which slack and violations cost least.
    pub(super) fn cheapest(&self, half_life: usize, price: f64) -> Option<f64> {
        self.outlooks(half_life)
            .map(|(level, outlook)| (level, outlook.cost(price)))
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(level, _)| level)
    }

    /// What a request would bring, interpolated within its bucket.
    pub(super) fn outlook(&self, half_life: usize, request: f64) -> Outlook {
        let mut lower = (
            0.0,
            Outlook {
                slack: 0.0,
                violated: 1.0,
            },
        );
        for (level, outlook) in self.outlooks(half_life) {
            if lower.0 <= 0.0 {
                lower.0 = level / RATIO;
            }
            if request <= level {
                let part = ((request - lower.0) / (level - lower.0)).clamp(0.0, 1.0);
                let between = |a: f64, b: f64| a + part * (b - a);
                return Outlook {
                    slack: between(lower.1.slack, outlook.slack),
                    violated: between(lower.1.violated, outlook.violated),
                };
            }
            lower = (level, outlook);
        }
        Outlook {
            slack: lower.1.slack + request - lower.0,
            violated: 0.0,
        }
    }

    pub(super) fn is_sound(&self) -> bool {
        let weights = self.weights.iter().flatten();
        self.weights.len() == BUCKETS
            && self.first.abs() < 1 << 16
            && weights
                .copied()
                .all(|weight| weight.is_finite() && weight >= 0.0)
    }
}
