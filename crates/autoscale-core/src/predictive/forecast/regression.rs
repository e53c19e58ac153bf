//! Weighted least squares by decayed normal equations.

/// Six smoothers relative to the reference one, and a constant.
pub(super) const FEATURES: usize = 7;
pub(super) type Features = [f64; FEATURES];

/// Pull towards the prior, in units of the weighted squares.
const RIDGE: f64 = 64.0;
/// The prior: most of what the last minute shows above the reference stays.
const PRIOR: Features = [0.0, 0.6, 0.0, 0.0, 0.0, 0.0, 0.0];

/// One regression.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Regression {
    /// Lower triangle of Σ w·φφᵀ.
    squares: [Features; FEATURES],
    /// Σ w·φy.
    products: Features,
    weights: Features,
}

impl Regression {
    pub(super) const fn new() -> Self {
        Self {
            squares: [[0.0; FEATURES]; FEATURES],
            products: [0.0; FEATURES],
            weights: PRIOR,
        }
    }

    pub(super) fn predict(&self, features: &Features) -> f64 {
        let terms = self.weights.iter().zip(features);
        terms.map(|(w, x)| w * x).sum()
    }

    pub(super) fn add(&mut self, features: &Features, target: f64, weight: f64, decay: f64) {
        let rows = self.squares.iter_mut().zip(&mut self.products);
        for (i, ((row, product), x)) in rows.zip(features).enumerate() {
            for (square, y) in row.iter_mut().zip(features).take(i + 1) {
                *square = *square * decay + weight * x * y;
            }
            *product = *product * decay + weight * x * target;
        }
    }

    /// Solves for the weights: Cholesky, O(features³).
    pub(super) fn solve(&mut self) {
        let mut factor = [[0.0; FEATURES]; FEATURES];
        let mut forward: Features = [0.0; FEATURES];
        for i in 0..FEATURES {
            let (done, rest) = factor.split_at_mut(i);
            let (Some(row), Some(square)) = (rest.first_mut(), self.squares.get(i)) else {
                return;
            };
            for (j, above) in done.iter().enumerate() {
                let dot: f64 = row.iter().zip(above).take(j).map(|(a, b)| a * b).sum();
                let (Some(entry), Some(pivot)) = (square.get(j), above.get(j)) else {
                    return;
                };
                if let Some(slot) = row.get_mut(j) {
                    *slot = (entry - dot) / pivot;
                }
            }
            let dot: f64 = row.iter().take(i).map(|a| a * a).sum();
            let diagonal = square.get(i).copied().unwrap_or(0.0);
            let pivot = (diagonal * 1.001 + RIDGE - dot).max(1e-9).sqrt();
            let known: f64 = row.iter().zip(&forward).take(i).map(|(a, b)| a * b).sum();
            let right = self.products.get(i).copied().unwrap_or(0.0)
                + RIDGE * PRIOR.get(i).copied().unwrap_or(0.0);
            if let (Some(slot), Some(value)) = (row.get_mut(i), forward.get_mut(i)) {
                *slot = pivot;
                *value = (right - known) / pivot;
            }
        }
        let mut solved: Features = [0.0; FEATURES];
        for i in (0..FEATURES).rev() {
            let below: f64 = (factor.iter().zip(&solved).skip(i + 1))
                .map(|(row, w)| row.get(i).copied().unwrap_or(0.0) * w)
                .sum();
            let pivot = factor.get(i).and_then(|row| row.get(i)).copied();
            let known = forward.get(i).copied().unwrap_or(0.0);
            if let (Some(slot), Some(pivot)) = (solved.get_mut(i), pivot) {
                *slot = (known - below) / pivot;
            }
        }
        self.weights = solved;
    }
}

#[cfg(test)]
mod tests {
    use super::{FEATURES, PRIOR, RIDGE, Regression};

    /// Gauss–Jordan on a copy, no pivoting: the matrix is positive definite.
    fn naive(mut rows: Vec<Vec<f64>>) -> Vec<f64> {
        for pivot in 0..FEATURES {
            let mut row = rows.remove(pivot);
            let scale = row.get(pivot).copied().unwrap_or(0.0);
            row.iter_mut().for_each(|x| *x /= scale);
            for other in &mut rows {
                let factor = other.get(pivot).copied().unwrap_or(0.0);
                other
                    .iter_mut()
                    .zip(&row)
                    .for_each(|(x, y)| *x -= factor * y);
            }
            rows.insert(pivot, row);
        }
        rows.iter().filter_map(|row| row.last().copied()).collect()
    }

    #[test]
    fn solves_the_ridge_equations() {
        let (mut regression, mut seed, decay) = (Regression::new(), 1_u32, 0.995);
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(seed >> 8) / f64::from(1 << 24) - 0.5
        };
        let mut samples = Vec::new();
        for _ in 0..500 {
            let features = std::array::from_fn(|_| next());
            let target = features.iter().sum::<f64>() + 0.1 * next();
            samples.push((features, target, 1.0 + next()));
        }
        regression.solve();
        for (found, prior) in regression.weights.iter().zip(PRIOR) {
            assert!(
                (found - prior).abs() < 1e-12,
                "without samples the prior: {found} {prior}"
            );
        }
        let mut rows = vec![vec![0.0; FEATURES + 1]; FEATURES];
        for (age, (features, target, weight)) in samples.iter().rev().enumerate() {
            let weight = weight * decay_of(decay, age);
            for (row, x) in rows.iter_mut().zip(features) {
                let right = features.iter().chain([target]);
                row.iter_mut()
                    .zip(right)
                    .for_each(|(sum, y)| *sum += weight * x * y);
            }
        }
        for (i, row) in rows.iter_mut().enumerate() {
            let prior = PRIOR.get(i).copied().unwrap_or(0.0);
            row.iter_mut()
                .skip(i)
                .take(1)
                .for_each(|x| *x = *x * 1.001 + RIDGE);
            row.iter_mut()
                .skip(FEATURES)
                .for_each(|x| *x += RIDGE * prior);
        }
        for (features, target, weight) in &samples {
            regression.add(features, *target, *weight, decay);
        }
        regression.solve();
        for (found, expected) in regression.weights.iter().zip(naive(rows)) {
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
        let known = regression.predict(&regression.weights);
        let squares: f64 = regression.weights.iter().map(|w| w * w).sum();
        assert!((known - squares).abs() < 1e-12);
    }

    fn decay_of(decay: f64, age: usize) -> f64 {
        (0..age).fold(1.0, |product, _| product * decay)
    }
}
