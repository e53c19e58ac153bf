//! Change points of the mean: the exact optimal partition under squared error.
//!
//! Minimises Σ over segments of Σ (y − segment mean)² + penalty · (segments − 1), by dynamic
//! programming with the pruning of PELT (Killick, Fearnhead and Eckley 2012): a start s that is worse
//! at t than a change at t can never be best again, once a whole segment fits after t. The pruning
//! loses nothing: the optimum is exact.
//!
//! Default penalty: 2 σ² ln n with σ = 1.4826 MAD of the first differences / √2, which a level shift
//! hardly moves. Segments of fewer than 2 values are not looked for.
//!
//! Cost: between O(n) with many changes and O(n²) with none (n = 2016: 2 million additions); O(n)
//! memory. Vectors: `forecast/change_points_l2.json`.
//!
//! Edge cases: missing values (NaN, infinities) belong to no segment, and a change is reported at the
//! observed value that opens the new one; a series too short for two segments has no change; a constant
//! one has none even without a penalty.

use crate::error::ConfigError;
use crate::numeric::{at, count_f64, finite, magnitude, mean, median, part};
use crate::outliers::deviation;
use crate::setters::setters;

/// How readily a change is seen.
///
/// ```
/// use capacity_forecast::ChangePointConfig;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let values = [1.0, 1.2, 0.9, 1.1, 5.0, 5.2, 4.9, 5.1];
/// let found = ChangePointConfig::default().segment(&values)?;
/// assert_eq!(found.change_indices, [4]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct ChangePointConfig {
    /// What a change costs, in the values' unit squared. Default `None`: [`default_penalty`]; at least
    /// 0, and the larger the fewer changes.
    pub penalty: Option<f64>,
    /// Fewest values between two changes. Default 2, at least 1.
    pub min_segment: usize,
}

impl Default for ChangePointConfig {
    fn default() -> Self {
        Self {
            penalty: None,
            min_segment: 2,
        }
    }
}

/// Values cut where their mean changes.
///
/// ```
/// use capacity_forecast::ChangePointConfig;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let found = ChangePointConfig::default().with_penalty(Some(1.0)).segment(&[0.0, 0.0, 9.0, 9.0])?;
/// assert_eq!((found.total_cost, found.penalty), (1.0, 1.0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Segmentation {
    /// First value of each segment but the first, ascending.
    pub change_indices: Vec<usize>,
    /// Squared errors around the segments' means, plus the penalty of each change.
    pub total_cost: f64,
    /// The penalty that was applied.
    pub penalty: f64,
}

/// 2 σ² ln n, with σ from the median absolute deviation of the first differences: at this penalty
/// noise alone seldom makes a change. 0 where the observed values never differ, or are fewer than 2.
///
/// ```
/// use capacity_forecast::default_penalty;
/// assert_eq!(default_penalty(&[3.0, 3.0, 3.0]), 0.0);
/// assert!(default_penalty(&[1.0, 2.0, 1.5, 9.0, 9.5]) > 0.0);
/// ```
#[must_use]
pub fn default_penalty(values: &[f64]) -> f64 {
    let observed = Observed::new(values);
    finite(observed.default_penalty() * observed.unit * observed.unit)
}

impl ChangePointConfig {
    setters! {
        "ChangePointConfig::default()";
        with_penalty: penalty, Option<f64>, "Some(2.5)";
        with_min_segment: min_segment, usize, "5";
    }

    /// Finds the changes.
    ///
    /// ```
    /// use capacity_forecast::ChangePointConfig;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let found = ChangePointConfig::default().segment(&[2.0; 40])?;
    /// assert!(found.change_indices.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The penalty is below 0 or not finite, or the shortest segment is 0.
    pub fn segment(&self, values: &[f64]) -> Result<Segmentation, ConfigError> {
        if self.min_segment == 0 {
            return Err(ConfigError::range("min_segment", 0, "at least 1"));
        }
        if let Some(penalty) = self.penalty.filter(|p| !(*p >= 0.0 && p.is_finite())) {
            return Err(ConfigError::range(
                "penalty",
                penalty,
                "at least 0 and finite",
            ));
        }
        let observed = Observed::new(values);
        let unit = observed.unit;
        let penalty = self
            .penalty
            .map_or_else(|| observed.default_penalty(), |p| p / unit / unit);
        let starts = observed.partition(penalty, self.min_segment);
        let changes = count_f64(starts.len());
        let paid = if starts.is_empty() {
            0.0
        } else {
            penalty * changes
        };
        let cost = observed.squared_errors(&starts) + paid;
        Ok(Segmentation {
            change_indices: starts
                .iter()
                .filter_map(|start| observed.indices.get(*start).copied())
                .collect(),
            total_cost: finite(cost * unit * unit),
            penalty: self
                .penalty
                .unwrap_or_else(|| finite(penalty * unit * unit)),
        })
    }
}

/// The values that were observed, around their median and in a unit that makes squares harmless.
struct Observed {
    values: Vec<f64>,
    indices: Vec<usize>,
    unit: f64,
}

/// A possible start of the last segment.
struct Start {
    at: usize,
    /// Best cost of everything before it.
    before: f64,
    /// From this end on it cannot be the best any more.
    useless_from: usize,
}

impl Observed {
    fn new(values: &[f64]) -> Self {
        let (indices, mut values): (Vec<usize>, Vec<f64>) = values
            .iter()
            .enumerate()
            .filter(|(_, value)| value.is_finite())
            .unzip();
        let coarse = magnitude(&values);
        for value in &mut values {
            *value /= coarse;
        }
        let middle = median(&mut values.clone());
        for value in &mut values {
            *value -= middle;
        }
        let fine = magnitude(&values);
        for value in &mut values {
            *value /= fine;
        }
        Self {
            values,
            indices,
            // Both are powers of two; only their product can vanish.
            unit: (coarse * fine).max(f64::MIN_POSITIVE),
        }
    }

    fn default_penalty(&self) -> f64 {
        let mut differences: Vec<f64> = self
            .values
            .iter()
            .skip(1)
            .zip(&self.values)
            .map(|(later, earlier)| later - earlier)
            .collect();
        if differences.is_empty() {
            return 0.0;
        }
        let middle = median(&mut differences);
        let variance = deviation(&mut differences, middle).powi(2) / 2.0;
        2.0 * variance * count_f64(self.values.len()).ln()
    }

    /// First value of each segment but the first.
    fn partition(&self, penalty: f64, min_segment: usize) -> Vec<usize> {
        let count = self.values.len();
        let (sums, squares) = self.sums();
        let cost = |from: usize, to: usize| {
            let sum = at(&sums, to) - at(&sums, from);
            let square = at(&squares, to) - at(&squares, from);
            (square - sum * sum / count_f64(to - from)).max(0.0)
        };
        // Rounding must not look like a gain.
        let margin = f64::EPSILON * at(&squares, count);
        // No change can gain more than all there is; a larger penalty would only drown the costs.
        let penalty = penalty.min(1.0 + 2.0 * at(&squares, count));
        let mut previous = vec![0; count + 1];
        let mut starts = vec![Start {
            at: 0,
            before: -penalty,
            useless_from: usize::MAX,
        }];
        for end in min_segment..=count {
            starts.retain(|start| start.useless_from > end);
            let (mut least, mut from) = (f64::INFINITY, 0);
            for start in starts.iter().filter(|s| s.at + min_segment <= end) {
                let total = start.before + cost(start.at, end) + penalty;
                if total + margin < least {
                    (least, from) = (total, start.at);
                }
            }
            for start in starts.iter_mut().filter(|s| s.at + min_segment <= end) {
                if start.before + cost(start.at, end) > least + margin {
                    start.useless_from = start.useless_from.min(end + min_segment);
                }
            }
            if let Some(previous) = previous.get_mut(end) {
                *previous = from;
            }
            // A segment ends here only if it is long enough, and so is what follows.
            if least.is_finite() && end + min_segment <= count {
                starts.push(Start {
                    at: end,
                    before: least,
                    useless_from: usize::MAX,
                });
            }
        }
        let mut changes = Vec::new();
        let mut end = count;
        while let Some(from) = previous.get(end).copied().filter(|from| *from > 0) {
            changes.push(from);
            end = from;
        }
        changes.reverse();
        changes
    }

    /// Running sums of the values and their squares, from 0.
    fn sums(&self) -> (Vec<f64>, Vec<f64>) {
        let (mut sum, mut square) = (0.0, 0.0);
        let running = self.values.iter().map(|value| {
            sum += value;
            square += value * value;
            (sum, square)
        });
        core::iter::once((0.0, 0.0)).chain(running).unzip()
    }

    fn squared_errors(&self, starts: &[usize]) -> f64 {
        let ends = starts.iter().copied().chain([self.values.len()]);
        core::iter::once(0)
            .chain(starts.iter().copied())
            .zip(ends)
            .map(|(from, to)| {
                let segment = part(&self.values, from, to);
                let mean = mean(segment);
                segment.iter().map(|v| (v - mean).powi(2)).sum::<f64>()
            })
            .sum()
    }
}
