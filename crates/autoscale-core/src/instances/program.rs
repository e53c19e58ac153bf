//! The choice as a linear program in integers, and lower bounds of it that hold.
//!
//! For any prices y of the rows, a mix weighs at least Σ y × (the row's bound) + Σ min over a
//! column's counts of (its weight − Σ y × its coefficients) × count. The prices come from
//! [`Simplex`], which rounds; the bound is right for whichever prices it is given, and is rounded
//! down itself. Where that margin decides, it is computed in integers.
//!
//! The load row depends on the load of the largest spot pool: with at least `low` in it, all must
//! carry the survivors' load and `low`; with at most `high` in it, no pool has more nodes than
//! ⌊high ÷ load⌋.

use super::PurchaseOption;
use super::model::{Item, Model, NODES, ROWS, SPLIT};
use super::simplex::{Run, Simplex};

/// Bits of a price of a row below a weight.
const FRACTION: u32 = 20;

/// Bits of a weight below one of floating point.
const WEIGHT_SHIFT: i32 = 47;

/// A little more than half of the distance between 1 and the next number, twice over.
const ROUNDING: f64 = 4.0 * f64::EPSILON;

#[derive(Clone, Debug)]
pub(super) struct Column {
    /// Place among the model's items.
    pub(super) item: usize,
    pub(super) activity: [i64; ROWS],
    weight: i128,
    /// Load of a spot node; 0 for a steady one.
    pub(super) pool: i64,
    /// Most of it at all.
    cap: i64,
    pub(super) lower: i64,
    pub(super) upper: i64,
}

impl Column {
    /// Whether a count is between the bounds, so that dividing there makes both parts smaller.
    pub(super) fn contains(&self, count: f64) -> bool {
        let [lower, upper] = [self.lower, self.upper].map(crate::numeric::to_f64);
        lower < count && count < upper
    }
}

#[derive(Clone, Copy, Debug)]
struct Row {
    /// Which of the activities.
    activity: usize,
    lower: i64,
    /// `i64::MAX` where there is none.
    upper: i64,
    /// A power of two that brings the coefficients near 1.
    scale: f64,
}

/// The bounds of a program.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    columns: Vec<(i64, i64)>,
    rows: Vec<(i64, i64)>,
    largest: (i64, i64),
}

/// A program with the counts that are settled taken out.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) columns: Vec<Column>,
    rows: Vec<Row>,
    /// Of the scaled rows, row by row.
    coefficients: Vec<Vec<f64>>,
    weights: Vec<f64>,
    /// Settled counts by item, their weight, and what they add to the rows.
    pub(super) settled: Vec<(usize, u32)>,
    pub(super) offset: i128,
    shift: [i64; ROWS],
    /// Least and most load of the largest spot pool.
    pub(super) low: i64,
    pub(super) high: i64,
}

fn wide(weight: i128) -> f64 {
    weight as f64 * f64::from(-WEIGHT_SHIFT).exp2()
}

impl Program {
    pub(super) fn new(model: &Model, with_spot: bool) -> Self {
        let column = |(item, of): (usize, &Item)| Column {
            item,
            activity: model.activity(of),
            weight: of.weight,
            pool: if of.option == PurchaseOption::Spot {
                of.load()
            } else {
                0
            },
            cap: i64::from(of.limit.min(model.rules.max_size)),
            lower: 0,
            upper: 0,
        };
        let columns = model.items().enumerate().map(column);
        let columns: Vec<Column> = columns
            .filter(|column| with_spot || column.pool == 0)
            .collect();
        let mut program = Self {
            columns,
            rows: Vec::new(),
            coefficients: Vec::new(),
            weights: Vec::new(),
            settled: Vec::new(),
            offset: 0,
            shift: [0; ROWS],
            low: 0,
            high: 0,
        };
        for (activity, (lower, upper)) in model.bounds(0, true).into_iter().enumerate() {
            if lower > 0 || upper < i64::MAX {
                program.rows.push(Row {
                    activity,
                    lower,
                    upper,
                    scale: 1.0,
                });
            }
        }
        program.convert();
        program
    }

    /// Makes the coefficients of floating point.
    fn convert(&mut self) {
        self.coefficients.clear();
        for row in &mut self.rows {
            let coefficients = self.columns.iter().map(|column| {
                let a = column.activity.get(row.activity);
                crate::numeric::to_f64(a.copied().unwrap_or(0))
            });
            let mut coefficients: Vec<f64> = coefficients.collect();
            let largest = coefficients
                .iter()
                .fold(1.0_f64, |most, a| most.max(a.abs()));
            row.scale = (-largest.log2().floor()).exp2();
            coefficients.iter_mut().for_each(|a| *a *= row.scale);
            self.coefficients.push(coefficients);
        }
        self.weights = self.columns.iter().map(|c| wide(c.weight)).collect();
    }

    /// Every count again, with the largest pool between these loads; 0 and 0 without spot nodes.
    pub(super) fn open(&mut self, model: &Model, low: i64, high: i64) {
        for column in &mut self.columns {
            (column.lower, column.upper) = (0, column.cap);
        }
        self.ask(&model.bounds(low, high > 0));
        self.limit_largest(model, low, high);
    }

    /// Sets the bounds of the rows, less what is settled.
    fn ask(&mut self, bounds: &[(i64, i64); ROWS]) {
        for row in &mut self.rows {
            let shift = self.shift.get(row.activity).copied().unwrap_or(0);
            if let Some((lower, upper)) = bounds.get(row.activity) {
                row.lower = lower - shift;
                row.upper = if *upper < i64::MAX {
                    upper - shift
                } else {
                    *upper
                };
            }
        }
    }

    /// Sets the load of the largest pool.
    pub(super) fn limit_largest(&mut self, model: &Model, low: i64, high: i64) {
        (self.low, self.high) = (low, high);
        let [(load, _), ..] = model.bounds(low, high > 0);
        for row in self.rows.iter_mut().filter(|row| row.activity == 0) {
            row.lower = load - self.shift[0];
        }
        for column in &mut self.columns {
            if column.pool > 0 {
                let most = high.checked_div(column.pool).unwrap_or(0);
                column.upper = column.upper.min(most);
            }
        }
    }

    /// Sets the number of nodes, and with it how many of them are spot nodes where the rules say so.
    pub(super) fn limit_nodes(&mut self, model: &Model, lower: i64, upper: i64) {
        let settled = self.shift[NODES];
        let split = (lower == upper && self.high > 0)
            .then(|| model.split(lower))
            .flatten();
        for row in &mut self.rows {
            match (row.activity, split) {
                (NODES, _) => (row.lower, row.upper) = (lower - settled, upper - settled),
                (SPLIT, Some(split)) => {
                    row.lower = row.lower.max(split - self.shift[SPLIT]);
                    row.upper = row.upper.min(split - self.shift[SPLIT]).max(row.lower);
                }
                _ => {}
            }
        }
    }

    /// How many nodes there are in all at this point, at least and at most; `None` without a row.
    pub(super) fn nodes(&self, counts: &[f64]) -> Option<(f64, i64, i64)> {
        let row = self.rows.iter().find(|row| row.activity == NODES)?;
        let settled = self.shift[NODES];
        let nodes: f64 = counts.iter().sum();
        let all = nodes + crate::numeric::to_f64(settled);
        Some((all, row.lower + settled, row.upper.saturating_add(settled)))
    }

    /// All bounds, to be restored.
    pub(super) fn limits(&self) -> Limits {
        Limits {
            columns: self.columns.iter().map(|c| (c.lower, c.upper)).collect(),
            rows: self.rows.iter().map(|r| (r.lower, r.upper)).collect(),
            largest: (self.low, self.high),
        }
    }

    pub(super) fn restore(&mut self, limits: &Limits) {
        for (column, before) in self.columns.iter_mut().zip(&limits.columns) {
            (column.lower, column.upper) = *before;
        }
        for (row, before) in self.rows.iter_mut().zip(&limits.rows) {
            (row.lower, row.upper) = *before;
        }
        (self.low, self.high) = limits.largest;
    }

    /// Sets the bounds of the rows beside these settled counts.
    pub(super) fn settle(&mut self, model: &Model, bounds: &[(i64, i64); ROWS], spot: &[u32]) {
        self.settled.clear();
        self.offset = 0;
        for (at, (item, count)) in model.spot.iter().zip(spot).enumerate() {
            if *count > 0 {
                self.settled.push((at, *count));
                self.offset += item.weight * i128::from(*count);
            }
        }
        for row in &mut self.rows {
            if let Some((lower, upper)) = bounds.get(row.activity) {
                (row.lower, row.upper) = (*lower, *upper);
            }
        }
    }

    pub(super) fn simplex(&self) -> Simplex {
        Simplex::new(&self.weights, &self.coefficients)
    }

    /// Takes the bounds over and runs; the limit is for the whole weight.
    pub(super) fn run(&self, simplex: &mut Simplex, limit: i128) -> Run {
        for (place, column) in self.columns.iter().enumerate() {
            let (lower, upper) = (column.lower, column.upper);
            let bounds = [lower, upper].map(crate::numeric::to_f64);
            simplex.bound_column(place, bounds[0], bounds[1]);
        }
        for (place, row) in self.rows.iter().enumerate() {
            let upper = if row.upper == i64::MAX {
                f64::INFINITY
            } else {
                crate::numeric::to_f64(row.upper) * row.scale
            };
            let lower = crate::numeric::to_f64(row.lower) * row.scale;
            simplex.bound_row(place, lower, upper);
        }
        simplex.run(self.above(limit))
    }

    /// What is left of a weight beside the settled counts, not rounded down.
    fn above(&self, limit: i128) -> f64 {
        if limit == i128::MAX {
            return f64::INFINITY;
        }
        let left = wide(limit - self.offset);
        left + left.abs() * ROUNDING
    }

    /// Whether no mix within the bounds can weigh less than the limit, by these prices.
    pub(super) fn rules_out(&self, simplex: &Simplex, limit: i128) -> bool {
        let (least, above) = (self.bound(simplex.prices(), true).0, self.above(limit));
        if least >= above {
            return true;
        }
        // So near that only integers can tell.
        least + least.abs() * 1e-9 >= above
            && self
                .exact(simplex)
                .is_some_and(|least| self.offset + least >= limit)
    }

    /// Whether an equation shows that nothing within the bounds will do.
    pub(super) fn contradicts(&self, certificate: &[f64]) -> bool {
        let other: Vec<f64> = certificate.iter().map(|y| -y).collect();
        self.bound(certificate, false).0 > 0.0 || self.bound(&other, false).0 > 0.0
    }

    /// A lower bound of the weight of what is not settled, and for each column at least how much it
    /// costs beyond these prices (where negative, at most).
    pub(super) fn bound(&self, prices: &[f64], weighed: bool) -> (f64, Vec<f64>) {
        let (mut sum, mut size) = (0.0, 0.0);
        let mut take = |term: f64| {
            sum += term;
            size += term.abs();
        };
        let mut reduced: Vec<f64> = if weighed {
            self.weights.clone()
        } else {
            vec![0.0; self.weights.len()]
        };
        let mut terms: Vec<f64> = reduced.clone();
        for ((row, coefficients), price) in self.rows.iter().zip(&self.coefficients).zip(prices) {
            if *price < 0.0 && row.upper == i64::MAX {
                continue;
            }
            let bound = if *price < 0.0 { row.upper } else { row.lower };
            take(price * (crate::numeric::to_f64(bound) * row.scale));
            for ((d, term), a) in reduced.iter_mut().zip(&mut terms).zip(coefficients) {
                *d -= price * a;
                *term += (price * a).abs();
            }
        }
        for ((d, term), column) in reduced.iter_mut().zip(&terms).zip(&self.columns) {
            let error = term * 8.0 * ROUNDING;
            *d = if *d > error {
                *d - error
            } else if *d < -error {
                *d + error
            } else {
                0.0
            };
            let [lower, upper] = [column.lower, column.upper].map(crate::numeric::to_f64);
            let beyond = if *d > 0.0 {
                *d * lower
            } else if *d < 0.0 {
                (*d - 2.0 * error) * upper
            } else {
                -2.0 * error * upper
            };
            take(beyond);
        }
        let terms = crate::numeric::count_f64(self.columns.len() + self.rows.len());
        (sum - size * terms * f64::EPSILON, reduced)
    }

    /// The weight that the limit leaves beyond this bound.
    pub(super) fn gap(&self, bound: f64, limit: i128) -> f64 {
        self.above(limit) - bound
    }

    /// In whole prices, with what is settled: no mix within the bounds weighs less.
    pub(super) fn least(&self, bound: f64) -> i128 {
        let price = crate::numeric::round_i64(bound.max(0.0).floor()).unwrap_or(0);
        (i128::from(price) << WEIGHT_SHIFT) + self.offset
    }

    /// The bound in integers, at prices that fit the simplex' equations as closely as integers can;
    /// `None` where a number is too large.
    fn exact(&self, simplex: &Simplex) -> Option<i128> {
        let unit = f64::from(WEIGHT_SHIFT).exp2() * (1_u64 << FRACTION) as f64;
        let mut prices: Vec<i128> = Vec::with_capacity(self.rows.len());
        for (row, price) in self.rows.iter().zip(simplex.prices()) {
            prices.push(integer(price * row.scale * unit)?);
        }
        let determined: Vec<usize> = simplex.determined().map(|(_, column)| column).collect();
        // Rows that an equation determines are not at a bound and have the price zero.
        let loose: Vec<usize> = simplex.loose_rows().collect();
        for (row, price) in prices.iter_mut().enumerate() {
            if loose.contains(&row) {
                *price = 0;
            }
        }
        let priced = (0..prices.len()).filter(|row| !loose.contains(row));
        let priced: Vec<usize> = priced.collect();
        for _ in 0..2 {
            if priced.len() != determined.len() {
                break;
            }
            let mut system = Vec::with_capacity(determined.len());
            for column in &determined {
                let column = self.columns.get(*column)?;
                let mut equation: Vec<f64> = priced
                    .iter()
                    .map(|row| {
                        let row = self.rows.get(*row);
                        let a = row.and_then(|row| column.activity.get(row.activity));
                        crate::numeric::to_f64(a.copied().unwrap_or(0))
                    })
                    .collect();
                equation.push(self.beyond(column, &prices)? as f64);
                system.push(equation);
            }
            let Some(more) = solve(system) else { break };
            for (row, more) in priced.iter().zip(more) {
                if let Some(price) = prices.get_mut(*row) {
                    *price = price.checked_add(integer(more)?)?;
                }
            }
        }
        let mut sum = 0_i128;
        for (row, price) in self.rows.iter().zip(&mut prices) {
            if *price < 0 && row.upper == i64::MAX {
                *price = 0;
            }
            let bound = if *price < 0 { row.upper } else { row.lower };
            sum = sum.checked_add(price.checked_mul(i128::from(bound))?)?;
        }
        for column in &self.columns {
            let beyond = self.beyond(column, &prices)?;
            let count = if beyond < 0 {
                column.upper
            } else {
                column.lower
            };
            sum = sum.checked_add(beyond.checked_mul(i128::from(count))?)?;
        }
        // A weight is whole: it may be rounded up.
        Some(sum.checked_add((1 << FRACTION) - 1)? >> FRACTION)
    }

    fn beyond(&self, column: &Column, prices: &[i128]) -> Option<i128> {
        let mut beyond = column.weight.checked_mul(1 << FRACTION)?;
        for (row, price) in self.rows.iter().zip(prices) {
            let a = i128::from(*column.activity.get(row.activity)?);
            beyond = beyond.checked_sub(price.checked_mul(a)?)?;
        }
        Some(beyond)
    }

    /// The price of the load in these prices of the rows.
    pub(super) fn price_of_load(&self, prices: &[f64]) -> f64 {
        let priced = self.rows.iter().zip(prices);
        let mut load = priced.filter(|(row, _)| row.activity == 0);
        load.next().map_or(0.0, |(row, price)| price * row.scale)
    }

    /// Without the columns that this bound settles below the limit, and with tighter bounds of the
    /// others.
    pub(super) fn core(&self, model: &Model, bound: f64, reduced: &[f64], limit: i128) -> Self {
        let gap = self.gap(bound, limit);
        let mut core = self.clone();
        core.columns.clear();
        for (column, d) in self.columns.iter().zip(reduced) {
            let mut column = column.clone();
            if d.abs() > 0.0 && gap.is_finite() {
                let moves = crate::numeric::round_i64((gap / d.abs()).floor()).unwrap_or(i64::MAX);
                if *d > 0.0 {
                    column.upper = column.upper.min(column.lower.saturating_add(moves.max(0)));
                } else {
                    column.lower = column.lower.max(column.upper.saturating_sub(moves.max(0)));
                }
            }
            if column.lower < column.upper {
                core.columns.push(column);
                continue;
            }
            if let Ok(count @ 1..) = u32::try_from(column.lower) {
                core.settled.push((column.item, count));
                core.offset += column.weight * i128::from(count);
                for (shift, a) in core.shift.iter_mut().zip(column.activity) {
                    *shift += a * i64::from(count);
                }
            }
        }
        let [(least, _), ..] = model.bounds(self.low, self.high > 0);
        let [(most, _), ..] = model.bounds(self.high, self.high > 0);
        let mut need = [i64::MAX; ROWS];
        for row in &mut core.rows {
            let of = |all: [i64; ROWS]| all.get(row.activity).copied().unwrap_or(0);
            let more = of(core.shift) - of(self.shift);
            row.lower -= more;
            if row.upper < i64::MAX {
                row.upper -= more;
            }
            if let Some(need) = need.get_mut(row.activity) {
                *need = row.lower;
            }
        }
        // The largest pool may turn out to be as large as it may be.
        need[0] = need[0].saturating_add(most - least);
        // A node that has more than is missing is worth no more than one that has it.
        for column in &mut core.columns {
            for (size, (a, need)) in column.activity.iter_mut().zip(need).enumerate().take(4) {
                if column.pool == 0 || size > 0 {
                    *a = (*a).min(need.max(0));
                }
            }
        }
        core.convert();
        core
    }
}

fn integer(value: f64) -> Option<i128> {
    // Two parts of 2^60 each.
    let high = (value * (-60.0_f64).exp2()).trunc();
    let low = value - high * 60.0_f64.exp2();
    let part = |value| crate::numeric::round_i64(value).map(i128::from);
    Some((part(high)? << 60) + part(low)?)
}

/// Solves linear equations, right side last; `None` where they have no one solution.
fn solve(mut system: Vec<Vec<f64>>) -> Option<Vec<f64>> {
    let size = system.len();
    for at in 0..size {
        let largest = (at..size).max_by(|a, b| {
            let of = |row: &usize| {
                system
                    .get(*row)
                    .and_then(|r| r.get(at))
                    .map_or(0.0, |v| v.abs())
            };
            of(a).total_cmp(&of(b))
        })?;
        system.swap(at, largest);
        let row = system.get(at)?.clone();
        let pivot = *row.get(at)?;
        if pivot.abs() < 1e-12 {
            return None;
        }
        for (other, values) in system.iter_mut().enumerate() {
            if other != at {
                let factor = *values.get(at)? / pivot;
                for (a, b) in values.iter_mut().zip(&row) {
                    *a -= factor * b;
                }
            }
        }
    }
    let solution = system.iter().enumerate().map(|(at, row)| {
        let (pivot, right) = (row.get(at)?, row.last()?);
        Some(right / pivot)
    });
    solution.collect()
}
