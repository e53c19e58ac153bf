//! The shape of a level over the cycles: constant, line, exponential, step, bend or saturation,
//! whichever the Bayesian information criterion prefers.

use crate::numeric::{count_f64, line, mean};

/// Cycles needed for anything but a constant, for a bend, for a saturation.
pub(super) const FEWEST: usize = 6;
const FEWEST_BEND: usize = 10;
const FEWEST_SATURATION: usize = 14;
/// An exponential must be this much better than a line, and grow no faster than e in a week of days.
const EXPONENTIAL_MARGIN: f64 = 2.0;
const FASTEST_GROWTH: f64 = 1.0 / 7.0;
/// Odds against a known cap grow no faster than this a cycle, as those of the quickest saturation.
const FASTEST_ODDS: f64 = 1.0 / 1.5;
/// Time constants of a saturation, in cycles.
const TIME_CONSTANTS: [f64; 5] = [1.5, 2.5, 3.5, 5.0, 7.0];

/// A level as a function of the cycle's number.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) enum Shape {
    Constant {
        level: f64,
    },
    Line {
        level: f64,
        slope: f64,
    },
    Exponential {
        log_level: f64,
        rate: f64,
    },
    Step {
        level: f64,
        at: f64,
        by: f64,
    },
    Bend {
        level: f64,
        slope: f64,
        at: f64,
        by: f64,
    },
    Saturation {
        level: f64,
        height: f64,
        middle: f64,
        scale: f64,
    },
    /// Logistic growth to a known cap.
    Logistic {
        cap: f64,
        middle: f64,
        rate: f64,
        /// Of its least squares: mean time, weights, and weighted squares of times around their mean.
        time: f64,
        weight: f64,
        across: f64,
    },
}

/// A shape, and by how much a break in it was better than none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fitted {
    pub(crate) shape: Shape,
    pub(crate) margin: f64,
}

impl Shape {
    pub(crate) fn at(&self, cycle: f64) -> f64 {
        match *self {
            Self::Constant { level } => level,
            Self::Line { level, slope } => level + slope * cycle,
            Self::Exponential { log_level, rate } => (log_level + rate * cycle).min(600.0).exp(),
            Self::Step { level, at, by } => level + if cycle >= at { by } else { 0.0 },
            Self::Bend {
                level,
                slope,
                at,
                by,
            } => level + slope * cycle + by * (cycle - at).max(0.0),
            Self::Saturation {
                level,
                height,
                middle,
                scale,
            } => level + height / (1.0 + ((middle - cycle) / scale).clamp(-500.0, 500.0).exp()),
            Self::Logistic {
                cap, middle, rate, ..
            } => cap / (1.0 + (rate * (middle - cycle)).clamp(-500.0, 500.0).exp()),
        }
    }

    /// Standard error of the level at a cycle, in standard deviations of a level's residual, where
    /// the shape has its own: the odds' error times how far they move the level.
    pub(crate) fn error_at(&self, cycle: f64) -> Option<f64> {
        let Self::Logistic {
            cap,
            time,
            weight,
            across,
            ..
        } = *self
        else {
            return None;
        };
        let value = self.at(cycle);
        let moved = value * (1.0 - value / cap);
        let distance = cycle - time;
        Some(moved * (1.0 / weight + distance * distance / across).sqrt())
    }

    /// Where it breaks.
    pub(crate) fn broke_at(&self) -> Option<f64> {
        match *self {
            Self::Step { at, .. } | Self::Bend { at, .. } => Some(at),
            _ => None,
        }
    }

    /// Whether it grows or falls from end to end.
    pub(crate) fn is_trend(&self) -> bool {
        matches!(
            self,
            Self::Line { .. }
                | Self::Exponential { .. }
                | Self::Saturation { .. }
                | Self::Logistic { .. }
        )
    }

    /// Whether its uncertainty grows with the distance.
    pub(crate) fn has_slope(&self) -> bool {
        matches!(
            self,
            Self::Line { .. } | Self::Exponential { .. } | Self::Bend { .. }
        )
    }
}

/// Fits all of them; `cap`: what levels cannot exceed, where that is known. O(n²) for n cycles.
pub(crate) fn fit(levels: &[f64], cap: Option<f64>) -> Fitted {
    let count = levels.len();
    let n = count_f64(count);
    let middle = mean(levels);
    let total: f64 = levels.iter().map(|v| (v - middle) * (v - middle)).sum();
    let least = 1e-12 * (total + middle * middle) + 1e-300;
    let mut search = Search {
        n,
        least,
        best: Shape::Constant { level: middle },
        score: f64::INFINITY,
    };
    search.offer(total, 1.0, 0.0, search.best);
    if count < FEWEST {
        return Fitted {
            shape: search.best,
            margin: 0.0,
        };
    }
    let (level, slope) = line(levels);
    search.offer_shape(levels, 2.0, 0.0, Shape::Line { level, slope });
    if levels.iter().all(|value| *value > 0.0) {
        let logs: Vec<f64> = levels.iter().map(|value| value.ln()).collect();
        let (log_level, rate) = line(&logs);
        if rate.abs() < FASTEST_GROWTH {
            let shape = Shape::Exponential { log_level, rate };
            search.offer_shape(levels, 2.0, EXPONENTIAL_MARGIN, shape);
        }
    }
    if let Some(shape) = cap.and_then(|cap| logistic(levels, cap)) {
        search.offer_shape(levels, 2.0, EXPONENTIAL_MARGIN, shape);
    }
    let unbroken = search.score;
    let squares: f64 = levels.iter().map(|v| v * v).sum();
    let sum: f64 = levels.iter().sum();
    let moment: f64 = (0..).zip(levels).map(|(i, v)| f64::from(i) * v).sum();
    search.steps(levels, squares, sum);
    if count >= FEWEST_BEND {
        search.bends(levels, squares, sum, moment);
    }
    if count >= FEWEST_SATURATION {
        search.saturations(levels, squares, sum);
    }
    Fitted {
        shape: search.best,
        margin: unbroken - search.score,
    }
}

/// Logistic growth from 0 to a known cap: `ln(y / (cap - y))` is a line in time, by least squares
/// that weigh each level by how little its logarithm moves with it, `(y (cap - y))²`.
pub(super) fn logistic(levels: &[f64], cap: f64) -> Option<Shape> {
    let points = || {
        let within = (0..).zip(levels);
        let within = within.filter(|(_, value)| **value > 0.0 && **value < cap);
        within.map(|(cycle, value)| {
            let share = value / cap;
            let weight = (value * (1.0 - share)).powi(2);
            (f64::from(cycle), (share / (1.0 - share)).ln(), weight)
        })
    };
    if points().count() < FEWEST {
        return None;
    }
    let total: f64 = points().map(|(.., weight)| weight).sum();
    let middle = |of: fn((f64, f64, f64)) -> f64| points().map(of).sum::<f64>() / total;
    let (time, odds) = (middle(|(t, _, w)| t * w), middle(|(_, o, w)| o * w));
    let (mut across, mut along) = (0.0, 0.0);
    for (t, o, weight) in points() {
        across += weight * (t - time) * (t - time);
        along += weight * (t - time) * (o - odds);
    }
    let rate = along / across;
    let usual = rate.is_finite() && rate.abs() > 1e-9 && rate.abs() < FASTEST_ODDS;
    usual.then(|| Shape::Logistic {
        cap,
        middle: time - odds / rate,
        rate,
        time,
        weight: total,
        across,
    })
}

struct Search {
    n: f64,
    least: f64,
    best: Shape,
    score: f64,
}

impl Search {
    /// Takes a shape that is better by more than `margin`.
    fn offer(&mut self, squares: f64, parameters: f64, margin: f64, shape: Shape) {
        let squares = (squares.max(0.0) + self.least) / self.n;
        let score = self.n * squares.ln() + parameters * self.n.ln();
        if score < self.score - margin {
            (self.best, self.score) = (shape, score);
        }
    }

    fn offer_shape(&mut self, levels: &[f64], parameters: f64, margin: f64, shape: Shape) {
        let misses = (0..).zip(levels).map(|(i, v)| v - shape.at(f64::from(i)));
        self.offer(misses.map(|m| m * m).sum(), parameters, margin, shape);
    }

    fn steps(&mut self, levels: &[f64], squares: f64, sum: f64) {
        let count = levels.len();
        let mut before = 0.0;
        for (index, value) in levels.iter().enumerate() {
            if (3..count.saturating_sub(2)).contains(&index) {
                let (k, rest) = (count_f64(index), count_f64(count - index));
                let (low, high) = (before / k, (sum - before) / rest);
                let squares = squares - k * low * low - rest * high * high;
                let shape = Shape::Step {
                    level: low,
                    at: k - 0.5,
                    by: high - low,
                };
                self.offer(squares, 3.0, 0.0, shape);
            }
            before += value;
        }
    }

    /// Every bend by its 3 × 3 normal equations, their sums kept from the end on.
    fn bends(&mut self, levels: &[f64], squares: f64, sum: f64, moment: f64) {
        let count = levels.len();
        let n = self.n;
        let (t, tt) = (n * (n - 1.0) / 2.0, (n - 1.0) * n * (2.0 * n - 1.0) / 6.0);
        let (mut later, mut later_moment) = (0.0, 0.0);
        for (index, value) in levels.iter().enumerate().rev() {
            let k = count_f64(index);
            later += value;
            later_moment += k * value;
            if index < 4 {
                break;
            }
            if index + 4 >= count {
                continue;
            }
            let rest = n - k;
            let u = rest * (rest - 1.0) / 2.0;
            let uu = (rest - 1.0) * rest * (2.0 * rest - 1.0) / 6.0;
            let right = [sum, moment, later_moment - k * later];
            let solved = solve3([n + 1e-12, t, tt, u, uu + k * u, uu], right);
            if let Some([level, slope, by]) = solved {
                let [a, b, c] = right;
                let squares = squares - level * a - slope * b - by * c;
                let shape = Shape::Bend {
                    level,
                    slope,
                    at: k,
                    by,
                };
                self.offer(squares, 4.0, 0.0, shape);
            }
        }
    }

    fn saturations(&mut self, levels: &[f64], squares: f64, sum: f64) {
        let count = levels.len();
        for scale in TIME_CONSTANTS {
            let curve: Vec<f64> = (0..2 * count)
                .map(|index| 1.0 / (1.0 + (-(count_f64(index) - self.n) / scale).exp()))
                .collect();
            for middle in 3..count - 4 {
                let (mut s, mut ss, mut sv) = (0.0, 0.0, 0.0);
                for (u, value) in curve.iter().skip(count - middle).zip(levels) {
                    s += u;
                    ss += u * u;
                    sv += u * value;
                }
                let determinant = self.n * ss - s * s;
                if determinant <= 1e-9 {
                    continue;
                }
                let height = (self.n * sv - s * sum) / determinant;
                let level = (sum - height * s) / self.n;
                let shape = Shape::Saturation {
                    level,
                    height,
                    middle: count_f64(middle),
                    scale,
                };
                self.offer(squares - level * sum - height * sv, 5.0, 0.0, shape);
            }
        }
    }
}

/// Solves a symmetric 3 × 3 system by Cholesky; the matrix as a, b, c, d, e, f of
/// `[[a, b, d], [b, c, e], [d, e, f]]`.
fn solve3([a, b, c, d, e, f]: [f64; 6], [x, y, z]: [f64; 3]) -> Option<[f64; 3]> {
    let l0 = a.sqrt();
    let l1 = b / l0;
    let square = c - l1 * l1;
    if square.is_nan() || square <= 0.0 {
        return None;
    }
    let l2 = square.sqrt();
    let l3 = d / l0;
    let l4 = (e - l3 * l1) / l2;
    let square = f - l3 * l3 - l4 * l4;
    if square.is_nan() || square <= 0.0 {
        return None;
    }
    let l5 = square.sqrt();
    let y0 = x / l0;
    let y1 = (y - l1 * y0) / l2;
    let y2 = (z - l3 * y0 - l4 * y1) / l5;
    let third = y2 / l5;
    let second = (y1 - l4 * third) / l2;
    Some([(y0 - l1 * second - l3 * third) / l0, second, third])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(shape: Shape) -> Vec<f64> {
        (0..20).map(|index| shape.at(f64::from(index))).collect()
    }

    #[test]
    fn an_exact_shape_is_found_again() {
        let shapes = [
            Shape::Constant { level: 3.0 },
            Shape::Line {
                level: 1.0,
                slope: 0.25,
            },
            Shape::Step {
                level: 1.0,
                at: 11.5,
                by: 2.0,
            },
            Shape::Bend {
                level: 1.0,
                slope: 0.1,
                at: 9.0,
                by: 0.7,
            },
            Shape::Saturation {
                level: 1.0,
                height: 4.0,
                middle: 8.0,
                scale: 2.5,
            },
        ];
        for shape in shapes {
            let fitted = fit(&levels(shape), None).shape;
            for index in 0..40 {
                let cycle = f64::from(index);
                assert!(
                    (fitted.at(cycle) - shape.at(cycle)).abs() < 1e-5,
                    "{shape:?} {fitted:?}"
                );
            }
        }
    }

    #[test]
    fn exponential_growth_is_told_from_a_line() {
        let shape = Shape::Exponential {
            log_level: 0.0,
            rate: 0.1,
        };
        assert!(matches!(
            fit(&levels(shape), None).shape,
            Shape::Exponential { .. }
        ));
    }
}
