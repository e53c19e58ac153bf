//! The shape of the forecast's error: mass over bins of asinh(z), and its tails.

use crate::numeric;

/// Bins of z = (demand − forecast) ÷ scale: `asinh(z)` × 16, from z = −16.5 to 333.
pub(super) const BINS: usize = 160;
const PER_UNIT: f64 = 16.0;
const ZERO_BIN: f64 = 56.0;

/// Where the bins lie; the same for every histogram.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    centers: Vec<f64>,
    edges: Vec<f64>,
    /// Student's t with 3 degrees of freedom, of mass 1.
    prior: Vec<f64>,
}

impl Grid {
    pub(super) fn new() -> Self {
        let z = |bin: f64| ((bin - ZERO_BIN) / PER_UNIT).sinh();
        let centers: Vec<f64> = (0..BINS).map(|b| z(numeric::count_f64(b) + 0.5)).collect();
        let density = |z: f64| (1.0 + z * z / 3.0).powi(-2) * (1.0 + z * z).sqrt();
        let sum: f64 = centers.iter().map(|z| density(*z)).sum();
        Self {
            prior: centers.iter().map(|z| density(*z) / sum).collect(),
            edges: (0..=BINS).map(|b| z(numeric::count_f64(b))).collect(),
            centers,
        }
    }

    pub(super) fn bin(z: f64) -> usize {
        numeric::index(z.asinh() * PER_UNIT + ZERO_BIN, BINS)
    }
}

/// Decayed mass a bin.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Histogram {
    mass: Vec<f32>,
    pub(super) total: f64,
}

impl Histogram {
    pub(super) fn new() -> Self {
        Self {
            mass: vec![0.0; BINS],
            total: 0.0,
        }
    }

    pub(super) fn with_prior(grid: &Grid, weight: f64) -> Self {
        let mut made = Self::new();
        made.add_prior(grid, weight);
        made
    }

    pub(super) fn add_prior(&mut self, grid: &Grid, weight: f64) {
        for (mass, share) in self.mass.iter_mut().zip(&grid.prior) {
            *mass += numeric::to_f32(weight * share);
        }
        self.total += weight;
    }

    pub(super) fn add(&mut self, bin: usize) {
        if let Some(mass) = self.mass.get_mut(bin) {
            *mass += 1.0;
        }
        self.total += 1.0;
    }

    pub(super) fn decay(&mut self, factor: f64) {
        let narrow = numeric::to_f32(factor);
        for mass in &mut self.mass {
            *mass *= narrow;
        }
        self.total *= factor;
    }
}

/// P(Z > z) and E[Z; Z > z] at the bins' edges.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Tails {
    at_edges: Vec<(f64, f64)>,
}

impl Tails {
    pub(super) fn new() -> Self {
        Self {
            at_edges: vec![(0.0, 0.0); BINS + 1],
        }
    }

    pub(super) fn fill(&mut self, histogram: &Histogram, grid: &Grid) {
        let scale = 1.0 / histogram.total.max(1e-300);
        let (mut mass, mut moment) = (0.0, 0.0);
        let bins = histogram.mass.iter().zip(&grid.centers);
        for (edge, (weight, z)) in self.at_edges.iter_mut().zip(bins).rev() {
            mass += f64::from(*weight) * scale;
            moment += f64::from(*weight) * scale * z;
            *edge = (mass, moment);
        }
    }

    /// The z beyond which less than `share` of the mass lies.
    pub(super) fn reach(&self, share: f64, grid: &Grid) -> f64 {
        let bin = self.at_edges.partition_point(|t| t.0 >= share);
        grid.edges.get(bin).copied().unwrap_or(0.0)
    }

    /// E[y; y > n] where y = level + scale·Z, for the n of a place.
    pub(super) fn expectation(&self, (level, scale): (f64, f64), place: Place) -> f64 {
        let Some((bin, part)) = place else {
            return 0.0;
        };
        let Some([from, to]) = self.at_edges.get(bin..bin + 2) else {
            return 0.0;
        };
        let mass = from.0 + (to.0 - from.0) * part;
        let moment = from.1 + (to.1 - from.1) * part;
        (level * mass + scale * moment).max(0.0)
    }
}

/// Where a z lies: its bin and how far into it, at least 0 (below all bins the whole mass lies
/// above it); `None` beyond all.
pub(super) type Place = Option<(usize, f64)>;

impl Grid {
    /// The places of ascending z: O(z + bins), a walk without transcendentals.
    pub(super) fn places(&self) -> impl FnMut(f64) -> Place {
        let mut bins = self.edges.windows(2).enumerate();
        let mut bin = bins.next();
        move |z| {
            while let Some((_, [_, high])) = bin
                && *high < z
            {
                bin = bins.next();
            }
            let (index, edges) = bin?;
            let [low, high] = edges else {
                return None;
            };
            Some((index, ((z - low) / (high - low)).max(0.0)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BINS, Grid, Histogram, Tails};

    /// E[y; y > count], the mass of each bin spread evenly over it: integrated in 200 steps a bin.
    fn brute(grid: &Grid, histogram: &Histogram, level: f64, scale: f64, count: f64) -> f64 {
        let bins = histogram.mass.iter().zip(grid.edges.windows(2));
        bins.flat_map(|(mass, edges)| {
            let [low, high] = edges else { return vec![] };
            let steps = (0..200).map(|i| low + (high - low) * (f64::from(i) + 0.5) / 200.0);
            let share = f64::from(*mass) / histogram.total / 200.0;
            let at = steps.map(|z| level + scale * z).filter(|y| *y > count);
            at.map(|y| share * y).collect()
        })
        .sum()
    }

    #[test]
    fn partial_expectations_are_those_of_the_binned_density() {
        let grid = Grid::new();
        let mut histogram = Histogram::with_prior(&grid, 5.0);
        for z in [-1.2, -0.4, 0.1, 0.3, 0.7, 2.5, 4.0, 8.0] {
            histogram.add(Grid::bin(z));
        }
        histogram.decay(0.9);
        let mut tails = Tails::new();
        tails.fill(&histogram, &grid);
        // From where all of it lies above the counts to where none of it does.
        for (level, scale) in [(20.0, 4.0), (20.0, 0.4), (300.0, 5.0), (0.5, 0.1)] {
            let counts: Vec<f64> = (1..=400).map(f64::from).collect();
            let mut place_of = grid.places();
            for count in counts {
                let found = tails.expectation((level, scale), place_of((count - level) / scale));
                let expected = brute(&grid, &histogram, level, scale, count);
                // The mean of a bin is taken for its middle in asinh, and cut where a count is.
                let error = (found - expected).abs();
                assert!(
                    error < 0.01 * (level + scale),
                    "{level} {scale} {count}: {found} {expected}"
                );
            }
        }
    }

    #[test]
    fn reach_leaves_less_than_its_share_beyond() {
        let grid = Grid::new();
        let histogram = Histogram::with_prior(&grid, 1.0);
        let mut tails = Tails::new();
        tails.fill(&histogram, &grid);
        for share in [0.3, 1e-2, 1e-4] {
            let reach = tails.reach(share, &grid);
            let mass = |bins: usize| -> f64 {
                let beyond = histogram.mass.iter().skip(bins);
                beyond.map(|m| f64::from(*m)).sum()
            };
            let bin = grid.edges.iter().position(|z| *z >= reach).unwrap_or(BINS);
            assert!(
                mass(bin) < share && mass(bin - 1) >= share,
                "{share}: {reach}"
            );
        }
    }
}
