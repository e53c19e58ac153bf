//! How often windows of the past reached a limit: what is known without any model.
//!
//! `c(t)` is the share of the windows of t observed values that reach the limit. In the probability of
//! a breach it weighs `(1 - λ) f a / (a + N)`: λ is what a model of the whole history already has of
//! it, N = n / t how many windows of t steps the n values hold, a = 4 as many as the past is worth
//! beside them, and f = (N - 2) / 2, within 0 and 1: two windows tell nothing. The fewer windows there
//! were to try the forecast on, the more it is worth to know what is usual. No part of the weight knows
//! the limit, so that a higher one is never likelier.
//!
//! It has no part where the level keeps growing or falling: what was usual is not what is to come then.
//!
//! Source: own; a mean of two judgements by how much each has seen. Cost: O(n + t). Edge cases: missing
//! values are left out, which makes a window longer, never likelier to be safe; where a limit changes,
//! and with planned events, there is no past to compare with.

use crate::numeric::{at, count_f64};

/// What the past is worth, in windows.
const WORTH: f64 = 4.0;
/// Windows that tell nothing.
const NOTHING: f64 = 2.0;

/// Share of past windows of 1, 2, … steps that reach a limit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Climatology {
    shares: Vec<f64>,
    /// Values that they are from.
    count: f64,
}

impl Climatology {
    /// `beyond`: whether each observed value of the past, oldest first, reached the limit, which stays
    /// the same for `until` steps ahead.
    pub(crate) fn new(beyond: &[bool], until: usize) -> Self {
        let count = beyond.len();
        let longest = until.min(count / 2);
        // Changes of the number of windows that reach it, from one length to the next.
        let mut changes = vec![0.0; count + 2];
        let mut next: Option<usize> = None;
        for (start, beyond) in beyond.iter().enumerate().rev() {
            if *beyond {
                next = Some(start);
            }
            if let Some(next) = next {
                for (length, change) in [(next - start + 1, 1.0), (count - start + 1, -1.0)] {
                    if let Some(out) = changes.get_mut(length) {
                        *out += change;
                    }
                }
            }
        }
        let mut reached = 0.0;
        let shares = (1..=longest).map(|length| {
            reached += at(&changes, length);
            reached / count_f64(count - length + 1)
        });
        Self {
            shares: shares.collect(),
            count: count_f64(count),
        }
    }

    /// A probability with the past's part in it; `step` from 0, `known`: share of it that has one.
    pub(crate) fn draw(&self, p: f64, step: usize, known: f64) -> f64 {
        let Some(share) = self.shares.get(step) else {
            return p;
        };
        let windows = self.count / (count_f64(step) + 1.0);
        let seen = ((windows - NOTHING) / NOTHING).clamp(0.0, 1.0);
        p + (1.0 - known) * seen * WORTH / (WORTH + windows) * (share - p)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counted window by window.
    #[test]
    fn shares_are_those_of_the_windows() {
        let beyond: Vec<bool> = (0..50_u32).map(|i| i * i % 23 == 4 || i == 31).collect();
        let climatology = Climatology::new(&beyond, 40);
        assert_eq!(climatology.shares.len(), 25);
        for (length, share) in (1..).zip(&climatology.shares) {
            let hit = |window: &&[bool]| window.contains(&true);
            let hits = beyond.windows(length).filter(hit).count();
            let expected = count_f64(hits) / count_f64(51 - length);
            assert!(
                (share - expected).abs() < 1e-12,
                "{length}: {share} {expected}"
            );
        }
    }

    #[test]
    fn a_model_that_knows_all_leaves_it_nothing() {
        let climatology = Climatology::new(&[true; 20], 5);
        assert!((climatology.draw(0.25, 4, 1.0) - 0.25).abs() < 1e-12);
        assert!(climatology.draw(0.25, 4, 0.0) > 0.25);
        assert!((Climatology::default().draw(0.25, 4, 0.0) - 0.25).abs() < 1e-12);
    }
}
