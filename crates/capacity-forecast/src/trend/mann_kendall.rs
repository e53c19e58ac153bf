//! Mann–Kendall's test for a monotone trend.
//!
//! S = number of pairs in which the later value is larger, minus those in which it is smaller;
//! Var S = [n(n−1)(2n+5) − Σ t(t−1)(2t+5) − Σ u(u−1)(2u+5)] / 18 +
//! Σ t(t−1) Σ u(u−1) / (2n(n−1)) + Σ t(t−1)(t−2) Σ u(u−1)(u−2) / (9n(n−1)(n−2)),
//! with groups of t equal values and u equal times; z = (S − sign S) / √Var S; p = 2 Φ(−|z|)
//! (Mann 1945; Kendall 1975).
//!
//! Cost: O(n log n), counting by merges (Knight 1966). Vectors: `forecast/regression.json`.
//!
//! Edge cases: at equal times neither value is the later one; all values equal: S = 0, p = 1; values
//! that follow each other closely make p too small, so test cycle medians rather than raw samples.

use crate::error::ForecastError;
use crate::normal::normal_cdf;
use crate::numeric::count_f64;

use super::points::Points;

/// Result of the Mann–Kendall test.
///
/// ```
/// use capacity_forecast::{MannKendall, Points};
/// # fn main() -> Result<(), capacity_forecast::ForecastError> {
/// let test = MannKendall::test(&Points::grid(&[1.0, 2.0, 4.0, 3.0, 5.0, 6.0]))?;
/// assert_eq!(test.s, 13);
/// assert!(test.p < 0.05);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct MannKendall {
    /// Rising pairs minus falling pairs.
    pub s: i64,
    /// Variance of `s` if there is no trend, with ties.
    pub variance: f64,
    /// `s`, one nearer to 0, over its standard deviation; 0 where the variance is.
    pub z: f64,
    /// Probability of an `s` at least as far from 0 if there is no trend.
    pub p: f64,
}

impl MannKendall {
    /// Tests for a trend.
    ///
    /// ```
    /// use capacity_forecast::{MannKendall, Points};
    /// # fn main() -> Result<(), capacity_forecast::ForecastError> {
    /// assert_eq!(MannKendall::test(&Points::grid(&[7.0; 12]))?.p, 1.0);
    /// assert!(MannKendall::test(&Points::grid(&[7.0])).is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Fewer than 3 values.
    pub fn test(points: &Points) -> Result<Self, ForecastError> {
        let count = points.len();
        if count < 3 {
            return Err(ForecastError::TooShort {
                have: count,
                need: 3,
            });
        }
        let mut ordered: Vec<f64> = points.values().to_vec();
        let falling = inversions(&mut ordered, &mut vec![0.0; count]);
        let times = Ties::new(points.times(), |a, b| a >= b);
        let values = Ties::new(&ordered, |a, b| a >= b);
        let mut pairs = points.times().iter().zip(points.values());
        let mut previous = pairs.next();
        let mut both = Ties::default();
        let mut run = 1;
        for pair in pairs {
            if previous.is_some_and(|previous| previous == pair) {
                run += 1;
            } else {
                both.add(run);
                run = 1;
            }
            previous = Some(pair);
        }
        both.add(run);
        // Points of one time stand in order of value, so that none of their pairs is falling.
        let all = i64::try_from(count.saturating_mul(count - 1) / 2).unwrap_or(i64::MAX);
        let s = all - times.pairs - values.pairs + both.pairs - 2 * falling;
        let variance = variance(count_f64(count), &times, &values);
        let z = if variance > 0.0 {
            (s - s.signum()) as f64 / variance.sqrt()
        } else {
            0.0
        };
        Ok(Self {
            s,
            variance,
            z,
            p: (2.0 * normal_cdf(-z.abs())).min(1.0),
        })
    }
}

fn variance(n: f64, times: &Ties, values: &Ties) -> f64 {
    let untied = n * (n - 1.0) * (2.0 * n + 5.0);
    let first = (untied - times.weighted - values.weighted) / 18.0;
    let second = times.doubles * values.doubles / (2.0 * n * (n - 1.0));
    let third = times.triples * values.triples / (9.0 * n * (n - 1.0) * (n - 2.0));
    (first + second + third).max(0.0)
}

/// Sums over groups of t equal numbers.
#[derive(Default)]
pub(super) struct Ties {
    /// t(t−1)/2.
    pairs: i64,
    /// t(t−1).
    doubles: f64,
    /// t(t−1)(t−2).
    triples: f64,
    /// t(t−1)(2t+5).
    pub(super) weighted: f64,
}

impl Ties {
    /// Of ascending numbers; `same` says whether one equals its successor.
    pub(super) fn new(ascending: &[f64], same: impl Fn(f64, f64) -> bool) -> Self {
        let mut ties = Self::default();
        for group in ascending.chunk_by(|a, b| same(*a, *b)) {
            ties.add(group.len());
        }
        ties
    }

    fn add(&mut self, group: usize) {
        let size = count_f64(group);
        let pairs = size * (size - 1.0);
        self.pairs = self
            .pairs
            .saturating_add(i64::try_from(group * (group - 1) / 2).unwrap_or(i64::MAX));
        self.doubles += pairs;
        self.triples += pairs * (size - 2.0);
        self.weighted += pairs * (2.0 * size + 5.0);
    }
}

/// Sorts, and counts the pairs that stood in falling order.
fn inversions(values: &mut [f64], scratch: &mut [f64]) -> i64 {
    let half = values.len() / 2;
    if half == 0 {
        return 0;
    }
    let mut falling = {
        let (left, right) = values.split_at_mut(half);
        let (left_scratch, right_scratch) = scratch.split_at_mut(half);
        inversions(left, left_scratch) + inversions(right, right_scratch)
    };
    let (left, right) = values.split_at(half);
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    let mut waiting = half;
    for slot in scratch.iter_mut() {
        let next = match (left.peek(), right.peek()) {
            (Some(a), Some(b)) if b < a => {
                falling += i64::try_from(waiting).unwrap_or(i64::MAX);
                right.next()
            }
            (Some(_), _) => {
                waiting -= 1;
                left.next()
            }
            (None, _) => right.next(),
        };
        if let Some(next) = next {
            *slot = *next;
        }
    }
    values.copy_from_slice(scratch);
    falling
}
