//! Replica counts that are worth telling apart, and what each further one saves.

use crate::numeric;

/// Up to here every count is a layer of its own; beyond, a layer is 1/64 of the count: measured, finer
/// ones cost time and save nothing.
const SINGLE: u32 = 64;

/// The upper counts of the layers, ascending: 1, 2, 3, … at first, the upper bound at last.
#[derive(Clone, Debug)]
pub(super) struct Layers {
    /// In what a forecast counts demand in.
    counts: Vec<f64>,
    replicas: Vec<u32>,
    /// E[y; y > n] at each layer's count.
    pub(super) beyond: Vec<f64>,
    hull: Vec<(f64, f64)>,
    /// Demand saved a replica by each layer, never rising.
    savings: Vec<f64>,
}

impl Layers {
    /// Up to `max` replicas, a forecast counting `unit` for each.
    pub(super) fn new(max: u32, unit: f64) -> Self {
        let mut replicas = Vec::new();
        let mut next = 1;
        while next < max {
            replicas.push(next);
            next += (next / SINGLE).max(1);
        }
        replicas.push(max);
        let len = replicas.len();
        Self {
            counts: replicas.iter().map(|n| f64::from(*n) * unit).collect(),
            replicas,
            beyond: vec![0.0; len],
            hull: Vec::with_capacity(len),
            savings: Vec::with_capacity(len),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.replicas.len()
    }

    /// The counts, and where a forecast writes.
    pub(super) fn parts(&mut self) -> (&[f64], &mut [f64]) {
        (&self.counts, &mut self.beyond)
    }

    /// Replicas of a layer, by its index from 0.
    pub(super) fn replicas(&self, layer: usize) -> u32 {
        let last = self.replicas.last().copied().unwrap_or(1);
        self.replicas.get(layer).copied().unwrap_or(last)
    }

    /// The lowest layer that holds so many replicas.
    pub(super) fn holding(&self, replicas: u32) -> usize {
        let at = self.replicas.partition_point(|n| *n < replicas);
        at.min(self.len().saturating_sub(1))
    }

    /// Puts the savings on the lower convex hull of what the forecast wrote for the first `useful`
    /// counts: where a load has two humps, the valley between them is not a reason to stop.
    pub(super) fn price(&mut self, useful: usize) {
        let useful = useful.min(self.len());
        self.hull.clear();
        for (x, beyond) in self.counts.iter().zip(&self.beyond).take(useful) {
            // A forecast that gives no number expects nothing.
            let y = &if beyond.is_finite() { *beyond } else { 0.0 };
            while let [.., (x1, y1), (x2, y2)] = self.hull.as_slice() {
                if (y2 - y1) * (x - x1) < (y - y1) * (x2 - x1) {
                    break;
                }
                self.hull.pop();
            }
            self.hull.push((*x, *y));
        }
        self.savings.clear();
        let mut counts = self.counts.get(1..useful).unwrap_or_default().iter();
        self.savings.push(f64::INFINITY);
        for pair in self.hull.windows(2) {
            let [(x1, y1), (x2, y2)] = pair else {
                continue;
            };
            let slope = (y1 - y2) / (x2 - x1);
            while counts.as_slice().first().is_some_and(|n| n <= x2) {
                counts.next();
                self.savings.push(slope);
            }
        }
    }

    /// What each layer saves a replica; layers beyond these save nothing. The first is always kept.
    pub(super) fn savings(&self) -> &[f64] {
        &self.savings
    }
}

/// One price's layers: which it has, and for how long each was not worth its cost.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Held {
    /// Index of the highest layer held.
    pub(super) top: usize,
    /// Layers below this one have no idle time.
    clean: usize,
    /// Idle time a layer, in intervals.
    idle: Vec<f32>,
}

impl Held {
    pub(super) fn new(layers: usize, top: usize) -> Self {
        Self {
            top,
            clean: top + 1,
            idle: vec![0.0; layers],
        }
    }

    /// One interval at a price: orders at once what is worth it, releases from the top what was
    /// worthless for `patience` intervals. `keep` multiplies the price of what is held.
    pub(super) fn step(&mut self, savings: &[f64], price: f64, keep: f64, patience: f32) {
        // Layers that are worth it are the first ones: savings never rise. What is kept changes little
        // from one interval to the next, and what is wanted is less by a few.
        let worth = |near: usize, factor: f64| {
            let is = |layer: usize| savings.get(layer).is_some_and(|s| s * price * factor > 1.0);
            let mut count = near;
            while count > 0 && !is(count - 1) {
                count -= 1;
            }
            while is(count) {
                count += 1;
            }
            count
        };
        let kept = worth(self.clean.min(savings.len()), keep).max(1);
        let wanted = worth(kept, 1.0).max(1) - 1;
        for idle in self.idle.iter_mut().take(kept).skip(self.clean) {
            *idle = 0.0;
        }
        let held = self.idle.iter_mut().take(self.top + 1).skip(kept);
        let saved = savings.iter().skip(kept).map(|s| s * price * keep);
        for (idle, saved) in held.zip(saved.chain(core::iter::repeat(0.0))) {
            *idle += numeric::to_f32(1.0 - saved);
        }
        self.clean = kept;
        if wanted > self.top {
            self.top = wanted;
            return;
        }
        while self.top > 0
            && let Some(idle) = self.idle.get_mut(self.top)
            && *idle > patience
        {
            *idle = 0.0;
            self.top -= 1;
        }
    }

    #[cfg(feature = "serde")]
    pub(super) fn is_sound(&self, layers: usize) -> bool {
        self.idle.len() == layers && self.top < layers
    }
}

#[cfg(test)]
mod tests {
    use super::{Held, Layers, SINGLE};

    /// The lower hull at point `k`: the lowest of all chords over it.
    fn hull(points: &[(f64, f64)], k: usize) -> f64 {
        let x = points.get(k).map_or(f64::NAN, |p| p.0);
        let (left, right) = (points.iter().take(k + 1), points.iter().skip(k));
        let chords = left.flat_map(|a| right.clone().map(move |b| (a, b)));
        let at = chords.map(|((x1, y1), (x2, y2))| {
            if x2 > x1 {
                y1 + (y2 - y1) * (x - x1) / (x2 - x1)
            } else {
                *y1
            }
        });
        at.fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn savings_are_slopes_of_the_lower_hull() {
        // Two humps, a stretch that rises, one that is level, and an end that is not zero.
        let beyond = |n: f64| {
            let hump = |at: f64| 1.0 / (1.0 + ((n - at) * 1.5).exp());
            6.0 * hump(4.0) + 30.0 * hump(25.0) + 0.3 * (n * 0.9).sin() + 0.2
        };
        for (max, useful) in [(40, 40), (40, 33), (700, 183), (2, 2), (1, 1), (40, 0)] {
            let mut layers = Layers::new(max, 1.0);
            let (counts, out) = layers.parts();
            for (out, count) in out.iter_mut().zip(counts) {
                *out = beyond(*count);
            }
            let points = layers.counts.iter().copied().zip(layers.beyond.clone());
            let points: Vec<_> = points.take(useful).collect();
            layers.price(useful);
            let savings = layers.savings();
            assert_eq!(savings.len(), useful.max(1), "{max} {useful}");
            assert!(savings.is_sorted_by(|a, b| a >= b));
            for (k, pair) in points.windows(2).enumerate() {
                let [(x1, _), (x2, _)] = pair else { continue };
                let slope = (hull(&points, k) - hull(&points, k + 1)) / (x2 - x1);
                let found = savings.get(k + 1).copied().unwrap_or(f64::NAN);
                assert!(
                    (found - slope).abs() < 1e-9,
                    "{max} {useful} {k}: {found} {slope}"
                );
            }
        }
    }

    #[test]
    fn layers_reach_the_bound_in_small_steps() {
        for max in [1, 2, 63, 64, 65, 128, 129, 10_000, 1_000_000] {
            let layers = Layers::new(max, 1.0);
            assert_eq!(layers.replicas.last(), Some(&max));
            for pair in layers.replicas.windows(2) {
                let [low, high] = pair else { continue };
                assert!(
                    low < high && high - low <= (low / SINGLE).max(1),
                    "{low} {high}"
                );
            }
            for replicas in [1, max / 2 + 1, max] {
                let at = layers.holding(replicas);
                assert!(layers.replicas(at) >= replicas);
                assert!(at == 0 || layers.replicas(at - 1) < replicas);
            }
        }
    }

    #[test]
    fn layers_are_ordered_at_once_and_released_after_their_patience() {
        let (mut held, rich) = (Held::new(6, 0), [f64::INFINITY, 0.9, 0.6, 0.3]);
        held.step(&rich, 2.0, 1.5, 3.0); // worth 1.8, 1.2, 0.6
        assert_eq!(held.top, 2);
        // Held layers count for half as much again: 0.45 × 2 × 1.5 > 1 stays, 0.3 does not.
        let poor = [f64::INFINITY, 0.45, 0.3];
        let tops: Vec<_> = (0..60)
            .map(|_| (held.step(&poor, 2.0, 1.5, 3.0), held.top).1)
            .collect();
        assert_eq!(
            tops.iter().filter(|top| **top == 2).count(),
            30,
            "idle 0.1 each"
        );
        assert_eq!(tops.last(), Some(&1));
        // Worthless: patience and one more.
        let tops: Vec<_> = (0..5)
            .map(|_| (held.step(&[f64::INFINITY], 2.0, 1.5, 3.0), held.top).1)
            .collect();
        assert_eq!(tops, [1, 1, 1, 0, 0]);
    }
}
