//! The linear program behind the bound: dual simplex over columns with a least and a most.
//!
//! A row is kept as a variable of its own, its activity, with bounds like those of a column, so that
//! every equation has zero on its right side and bounds may change between two runs without making
//! the prices of the rows invalid. Dense, in floating point: what it says is a guess at good prices
//! and a good mix; [`Program`](super::program::Program) turns prices into a bound that holds.

/// How far a value may be from its bound, or a count from a whole number.
pub(super) const NEAR: f64 = 1e-7;

/// A pivot smaller than this is no pivot.
const SMALL: f64 = 1e-9;

/// Pivots after which the equations are made anew from the columns.
const FRESH: u32 = 60;

/// Pivots that placing the values and reading the bound off a run are about as much work as.
const ASIDE: u64 = 6;

/// Most pivots of one run.
const PIVOTS: u32 = 300;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// At the best point, or where more pivots would not help.
    Done,
    /// Above the limit.
    Above,
    /// This equation can't be met.
    Infeasible(usize),
}

#[derive(Clone, Debug)]
pub(super) struct Simplex {
    /// Equations `Σ row × value = 0`, over the columns and then the activities.
    rows: Vec<Vec<f64>>,
    /// What each variable costs beyond what its rows are worth.
    reduced: Vec<f64>,
    lower: Vec<f64>,
    upper: Vec<f64>,
    value: Vec<f64>,
    /// The variable that each equation determines.
    basis: Vec<usize>,
    columns: usize,
    pivots: u32,
    /// Of the last run.
    passes: u64,
    /// The equations to begin with, and the weights.
    origin: (Vec<Vec<f64>>, Vec<f64>),
    row: Vec<f64>,
    /// Variables that may enter: place, ratio, size of the coefficient, range.
    able: Vec<(usize, f64, f64, f64)>,
}

fn at(values: &[f64], place: usize) -> f64 {
    values.get(place).copied().unwrap_or(0.0)
}

fn put(values: &mut [f64], place: usize, value: f64) {
    if let Some(slot) = values.get_mut(place) {
        *slot = value;
    }
}

impl Simplex {
    /// These weights, none negative, and the columns' coefficients row by row.
    pub(super) fn new(weights: &[f64], coefficients: &[Vec<f64>]) -> Self {
        let (columns, activities) = (weights.len(), coefficients.len());
        let equation = |(place, row): (usize, &Vec<f64>)| {
            let mut equation: Vec<f64> = row.iter().map(|a| -a).collect();
            equation.resize(columns + activities, 0.0);
            put(&mut equation, columns + place, 1.0);
            equation
        };
        let rows: Vec<Vec<f64>> = coefficients.iter().enumerate().map(equation).collect();
        let mut reduced = weights.to_vec();
        reduced.resize(columns + activities, 0.0);
        Self {
            origin: (rows.clone(), reduced.clone()),
            rows,
            lower: vec![0.0; reduced.len()],
            upper: vec![0.0; reduced.len()],
            value: vec![0.0; reduced.len()],
            row: reduced.clone(),
            able: Vec::new(),
            reduced,
            basis: (columns..columns + activities).collect(),
            columns,
            pivots: 0,
            passes: 0,
        }
    }

    pub(super) fn bound_column(&mut self, column: usize, lower: f64, upper: f64) {
        put(&mut self.lower, column, lower);
        put(&mut self.upper, column, upper);
    }

    pub(super) fn bound_row(&mut self, row: usize, lower: f64, upper: f64) {
        self.bound_column(self.columns + row, lower, upper);
    }

    /// The counts.
    pub(super) fn counts(&self) -> &[f64] {
        self.value.get(..self.columns).unwrap_or_default()
    }

    /// The prices of the rows.
    pub(super) fn prices(&self) -> &[f64] {
        self.reduced.get(self.columns..).unwrap_or_default()
    }

    /// What an equation says of the rows: an equation that can't be met has prices that show it.
    pub(super) fn certificate(&self, equation: usize) -> &[f64] {
        let row = self.rows.get(equation).map(Vec::as_slice);
        row.and_then(|row| row.get(self.columns..))
            .unwrap_or_default()
    }

    /// The columns that equations determine, and which.
    pub(super) fn determined(&self) -> impl Iterator<Item = (usize, usize)> {
        let basis = self.basis.iter().copied().enumerate();
        basis.filter(|(_, column)| *column < self.columns)
    }

    /// The rows whose activities equations determine.
    pub(super) fn loose_rows(&self) -> impl Iterator<Item = usize> {
        let columns = self.columns;
        let basis = self.basis.iter();
        basis.filter_map(move |variable| variable.checked_sub(columns))
    }

    /// Numbers that the last run went over, and those that are asked of its outcome.
    pub(super) fn work(&self) -> u64 {
        let numbers = self.reduced.len() * (self.basis.len() + 1);
        crate::numeric::count_u64(numbers) * (self.passes + ASIDE)
    }

    /// What the weight grows by at least, for each unit that this equation's variable is moved down
    /// and up.
    pub(super) fn penalties(&self, equation: usize) -> (f64, f64) {
        let row = self.rows.get(equation).map_or(&[][..], Vec::as_slice);
        let own = self.basis.get(equation).copied();
        let (mut down, mut up) = (f64::INFINITY, f64::INFINITY);
        let bounds = self.lower.iter().zip(&self.upper);
        let all = row.iter().zip(&self.reduced).zip(bounds).enumerate();
        for (place, ((a, d), (lower, upper))) in all {
            if a.abs() < SMALL || upper - lower < NEAR || own == Some(place) {
                continue;
            }
            let ratio = d.abs() / a.abs();
            if (*a > 0.0) == (*d >= 0.0) {
                down = down.min(ratio);
            } else {
                up = up.min(ratio);
            }
        }
        (down, up)
    }

    /// Moves to the best point within the bounds, or until the weight is above the limit.
    pub(super) fn run(&mut self, limit: f64) -> Run {
        if self.pivots >= FRESH {
            self.refresh();
        }
        let mut weight = self.place();
        self.passes = 0;
        for _ in 0..PIVOTS {
            let mut worst = (NEAR, 0, 0.0);
            for (equation, variable) in self.basis.iter().enumerate() {
                let value = at(&self.value, *variable);
                let (lower, upper) = (at(&self.lower, *variable), at(&self.upper, *variable));
                let scale = 1.0_f64.max(value.abs());
                if lower - value > worst.0 * scale {
                    worst = ((lower - value) / scale, equation, lower);
                } else if value - upper > worst.0 * scale {
                    worst = ((value - upper) / scale, equation, upper);
                }
            }
            let (off, equation, bound) = worst;
            if off <= NEAR {
                return Run::Done;
            }
            self.passes += 1;
            match self.step(equation, bound) {
                Some(more) => weight += more,
                None => return Run::Infeasible(equation),
            }
            if weight >= limit {
                return Run::Above;
            }
        }
        Run::Done
    }

    /// Puts what no equation determines at the bound that suits its cost; the weight.
    fn place(&mut self) -> f64 {
        let bounds = self.lower.iter().zip(&self.upper);
        for ((value, d), (lower, upper)) in self.value.iter_mut().zip(&self.reduced).zip(bounds) {
            *value = if *d >= 0.0 || !upper.is_finite() {
                *lower
            } else {
                *upper
            };
        }
        for variable in &self.basis {
            put(&mut self.value, *variable, 0.0);
        }
        let weight = dot(&self.reduced, &self.value);
        for equation in 0..self.basis.len() {
            let value = self.determine(equation);
            put(&mut self.row, equation, value);
        }
        for (variable, value) in self.basis.iter().zip(&self.row) {
            put(&mut self.value, *variable, *value);
        }
        weight
    }

    fn determine(&self, equation: usize) -> f64 {
        self.rows
            .get(equation)
            .map_or(0.0, |row| -dot(row, &self.value))
    }

    /// Takes this equation's variable to its bound; what the weight grows by. Variables whose whole
    /// range does not suffice go to their other bound on the way.
    fn step(&mut self, equation: usize, bound: f64) -> Option<f64> {
        let leaving = *self.basis.get(equation)?;
        let missing = bound - at(&self.value, leaving);
        let row = self.rows.get(equation)?;
        let mut able = core::mem::take(&mut self.able);
        able.clear();
        let bounds = self.lower.iter().zip(&self.upper).zip(&self.value);
        let all = row.iter().zip(&self.reduced).zip(bounds).enumerate();
        for (place, ((a, d), ((lower, upper), value))) in all {
            if a.abs() < SMALL || upper - lower < NEAR || place == leaving {
                continue;
            }
            // A variable may only leave the bound that it is at.
            let rises = (*a < 0.0) == (missing > 0.0);
            if rises == (upper - value > value - lower) {
                let ratio = d.abs() / a.abs();
                able.push((place, ratio, a.abs(), upper - lower));
            }
        }
        let (mut left, mut before, mut more) = (missing.abs(), 0.0, 0.0);
        let mut entering = None;
        while let Some(next) = able
            .iter()
            .enumerate()
            .min_by(|(_, a), (_, b)| a.1.total_cmp(&b.1).then(b.2.total_cmp(&a.2)))
            .map(|(next, _)| next)
        {
            let (place, ratio, a, span) = able.swap_remove(next);
            more += (ratio - before) * left;
            before = ratio;
            left -= a * span;
            // One whose other bound is just enough stays where it gets to: there may be no further one.
            if left <= NEAR * missing.abs().max(1.0) {
                entering = Some(place);
                break;
            }
            self.flip(place);
        }
        self.able = able;
        let entering = entering?;
        self.pivot(equation, leaving, entering, bound);
        Some(more)
    }

    /// Takes a variable that no equation determines to its other bound.
    fn flip(&mut self, place: usize) {
        let (lower, upper) = (at(&self.lower, place), at(&self.upper, place));
        let value = at(&self.value, place);
        let other = if upper - value > value - lower {
            upper
        } else {
            lower
        };
        put(&mut self.value, place, other);
        for (values, variable) in self.rows.iter().zip(&self.basis) {
            let moved = at(&self.value, *variable) - at(values, place) * (other - value);
            put(&mut self.value, *variable, moved);
        }
    }

    fn pivot(&mut self, equation: usize, leaving: usize, entering: usize, bound: f64) {
        let Some(slot) = self.rows.get_mut(equation) else {
            return;
        };
        let mut row = core::mem::take(slot);
        let pivot = at(&row, entering);
        let change = (at(&self.value, leaving) - bound) / pivot;
        for (other, variable) in self.basis.iter().enumerate() {
            if let Some(values) = self.rows.get(other).filter(|_| other != equation) {
                let moved = at(&self.value, *variable) - at(values, entering) * change;
                put(&mut self.value, *variable, moved);
            }
        }
        let entered = at(&self.value, entering) + change;
        put(&mut self.value, entering, entered);
        put(&mut self.value, leaving, bound);
        row.iter_mut().for_each(|a| *a /= pivot);
        let reduced = core::iter::once(&mut self.reduced);
        for other in self.rows.iter_mut().chain(reduced) {
            let factor = at(other, entering);
            if factor.abs() > 0.0 {
                for (a, b) in other.iter_mut().zip(&row) {
                    *a -= factor * b;
                }
                put(other, entering, 0.0);
            }
        }
        if let (Some(slot), Some(variable)) =
            (self.rows.get_mut(equation), self.basis.get_mut(equation))
        {
            (*slot, *variable) = (row, entering);
        }
        self.pivots += 1;
    }

    /// The equations anew: rounding adds up.
    fn refresh(&mut self) {
        let wanted = core::mem::take(&mut self.basis);
        self.rows.clone_from(&self.origin.0);
        self.reduced.clone_from(&self.origin.1);
        let columns = self.columns;
        let activities = columns..self.reduced.len();
        self.basis = activities.collect();
        self.value.fill(0.0);
        // Activities that stay in the basis have the coefficient of their own equation.
        for variable in wanted.iter().filter(|v| **v < columns) {
            let free = self.basis.iter().enumerate();
            let largest = free
                .filter(|(_, held)| **held >= columns && !wanted.contains(held))
                .map(|(equation, held)| {
                    let a = self
                        .rows
                        .get(equation)
                        .map_or(0.0, |row| at(row, *variable));
                    (equation, *held, a.abs())
                })
                .max_by(|a, b| a.2.total_cmp(&b.2));
            if let Some((equation, held, size)) = largest
                && size > SMALL
            {
                self.pivot(equation, held, *variable, 0.0);
            }
        }
        self.pivots = 0;
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
