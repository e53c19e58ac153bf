//! Autoregression on near and seasonal lags: ridge least squares with Huber weights, the
//! coefficients of every origin from one pass over the history.

use super::forecasts::{Forecasts, Member};
use super::task::Task;
use crate::numeric::{at, count_f64, dot, mean, median, part};

/// Ridge penalty a row, in squared standard deviations.
const RIDGE: f64 = 3e-5;
/// Errors beyond 1.345 standard deviations, those by the median, weigh less: 95 % efficient on
/// normal errors (Huber 1964).
const HUBER: f64 = 1.345 * 1.4826;
/// Rows needed a coefficient.
const ROWS: usize = 3;
/// Most coefficients a set has.
const WIDEST: usize = 20;
/// A year of weeks is looked back to where there are three of them.
const YEARLY_FROM: usize = 160;
const YEARLY_HORIZON: usize = 8;

/// The lag sets of a task.
fn lag_sets(task: &Task<'_>) -> Vec<Vec<usize>> {
    let (m, l, count) = (task.season, task.long, task.values.len());
    if m == 1 {
        let mut sets = vec![vec![1, 2, 3], vec![1], vec![1, 2, 3, 4, 5, 6, 8, 13]];
        if count >= YEARLY_FROM && task.horizon >= YEARLY_HORIZON {
            sets.push(vec![1, 2, 3, 51, 52, 53, 104]);
        }
        return sets;
    }
    let mut near = vec![1, 2, 3];
    if count > 4 * m {
        near.extend([m - 1, m, m + 1, 2 * m]);
    }
    let mut sets = vec![near];
    if l > 0 {
        let around = [
            [1, 2, 3, 4, 5, 6],
            [m.saturating_sub(2), m - 1, m, m + 1, m + 2, 2 * m - 1],
            [2 * m, 2 * m + 1, l - 1, l, l + 1, l + 2],
        ];
        sets.push(around.concat());
    }
    for lags in &mut sets {
        lags.retain(|lag| *lag > 0);
        lags.sort_unstable();
        lags.dedup();
    }
    sets
}

/// Rows that are added to the normal equations at once: each sum is then read and written once.
const AT_ONCE: usize = 4;

/// Regressors of a value and their products with the row's weight; the last one is 1.
#[derive(Clone, Copy)]
struct Row {
    regressors: [f64; WIDEST],
    weight: f64,
    value: f64,
}

/// Normal equations of a weighted regression; the last coefficient is the intercept.
struct Equations {
    width: usize,
    /// Lower triangle, row by row.
    gram: Vec<f64>,
    right: [f64; WIDEST],
    rows: [Row; AT_ONCE],
    waiting: usize,
}

impl Equations {
    fn new(width: usize) -> Self {
        let row = Row {
            regressors: [0.0; WIDEST],
            weight: 0.0,
            value: 0.0,
        };
        Self {
            width,
            gram: vec![0.0; width * width],
            right: [0.0; WIDEST],
            rows: [row; AT_ONCE],
            waiting: 0,
        }
    }

    /// Adds the row of the value after `past`.
    fn add(&mut self, past: &[f64], lags: &[usize], value: f64, weight: f64) {
        let Some(row) = self.rows.get_mut(self.waiting) else {
            return;
        };
        for (out, lag) in row.regressors.iter_mut().zip(lags) {
            *out = at(past, past.len() - lag);
        }
        if let Some(out) = row.regressors.get_mut(lags.len()) {
            *out = 1.0;
        }
        (row.value, row.weight) = (value, weight);
        self.waiting += 1;
        if self.waiting == AT_ONCE {
            self.flush();
        }
    }

    /// Adds the rows that wait.
    fn flush(&mut self) {
        for row in self.rows.iter_mut().skip(self.waiting) {
            row.weight = 0.0;
        }
        self.waiting = 0;
        let [a, b, c, d] = &self.rows;
        let weigh = |row: &Row, index: usize| row.weight * at(&row.regressors, index);
        let lines = self.gram.chunks_exact_mut(self.width).zip(&mut self.right);
        for (index, (line, right)) in lines.enumerate() {
            let (p, q, r, s) = (
                weigh(a, index),
                weigh(b, index),
                weigh(c, index),
                weigh(d, index),
            );
            let regressors = a.regressors.iter().zip(&b.regressors);
            let regressors = regressors.zip(c.regressors.iter().zip(&d.regressors));
            for (sum, ((a, b), (c, d))) in line.iter_mut().zip(regressors).take(index + 1) {
                *sum += (p * a + q * b) + (r * c + s * d);
            }
            *right += (p * a.value + q * b.value) + (r * c.value + s * d.value);
        }
    }

    /// Solves with the ridge of so many rows. Cholesky; `None` where it is not positive definite.
    fn solve(&self, rows: usize, factor: &mut Vec<f64>) -> Option<[f64; WIDEST]> {
        let width = self.width;
        factor.clear();
        factor.extend_from_slice(&self.gram);
        let ridge = RIDGE * count_f64(rows);
        for (index, line) in factor.chunks_exact_mut(width).enumerate() {
            if let Some(diagonal) = line.get_mut(index) {
                *diagonal += if index + 1 == width { 1e-9 } else { ridge };
            }
        }
        for row in 0..width {
            let (above, rest) = factor.split_at_mut_checked(row * width)?;
            let line = rest.get_mut(..width)?;
            for column in 0..=row {
                let (done, open) = line.split_at_mut_checked(column)?;
                let entry = open.first_mut()?;
                if column == row {
                    let square = *entry - dot(done, done);
                    if !(square > 0.0 && square.is_finite()) {
                        return None;
                    }
                    *entry = square.sqrt();
                } else {
                    let other = part(above, column * width, column * width + column + 1);
                    let (pivot, other) = other.split_last()?;
                    *entry = (*entry - dot(done, other)) / pivot;
                }
            }
        }
        let mut solution = self.right;
        for (row, line) in factor.chunks_exact(width).enumerate() {
            let (known, open) = solution.split_at_mut_checked(row)?;
            let sum: f64 = known.iter().zip(line).map(|(a, b)| a * b).sum();
            let entry = open.first_mut()?;
            *entry = (*entry - sum) / line.get(row)?;
        }
        for (row, line) in factor.chunks_exact(width).enumerate().rev() {
            let value = solution.get(row)? / line.get(row)?;
            let (open, _) = solution.split_at_mut_checked(row)?;
            for (entry, factor) in open.iter_mut().zip(line) {
                *entry -= factor * value;
            }
            *solution.get_mut(row)? = value;
        }
        Some(solution)
    }
}

/// Coefficients at every origin, for values as they are; `None` where there are too few rows.
fn fit(task: &Task<'_>, standard: &Standard, lags: &[usize]) -> Vec<Option<[f64; WIDEST]>> {
    let values = &standard.values;
    let count = values.len();
    let longest = lags.iter().copied().max().unwrap_or(1);
    let width = lags.len() + 1;
    let least = longest + ROWS * width;
    if count < least {
        return vec![None; task.origins.len()];
    }
    let mut factor = Vec::with_capacity(width * width);
    let mut equations = Equations::new(width);
    for (index, value) in values.iter().enumerate().skip(longest) {
        equations.add(part(values, 0, index), lags, *value, 1.0);
    }
    equations.flush();
    let weights = equations
        .solve(count - longest, &mut factor)
        .map(|plain| huber(values, lags, longest, &plain));
    let mut equations = Equations::new(width);
    let mut weights = weights.iter().flatten();
    let mut from = longest;
    let mut all = Vec::with_capacity(task.origins.len());
    for origin in &task.origins {
        for index in from..*origin {
            let weight = weights.next().copied().unwrap_or(1.0);
            equations.add(part(values, 0, index), lags, at(values, index), weight);
        }
        equations.flush();
        from = from.max(*origin);
        let enough = *origin >= least;
        let solved = enough.then(|| equations.solve(origin - longest, &mut factor));
        all.push(solved.flatten().map(|c| standard.back(c, lags.len())));
    }
    all
}

/// Weights of the rows, by how far a plain fit misses them.
fn huber(values: &[f64], lags: &[usize], longest: usize, plain: &[f64; WIDEST]) -> Vec<f64> {
    let intercept = at(plain, lags.len());
    let miss = |index: usize| {
        let lagged = lags.iter().zip(plain);
        let sum: f64 = lagged.map(|(lag, c)| c * at(values, index - lag)).sum();
        (at(values, index) - intercept - sum).abs()
    };
    let mut misses: Vec<f64> = (longest..values.len()).map(miss).collect();
    let bound = HUBER * (median(&mut misses.clone()) + 1e-12);
    for miss in &mut misses {
        *miss = if *miss <= bound { 1.0 } else { bound / *miss };
    }
    misses
}

/// Values less their mean, over their standard deviation.
struct Standard {
    values: Vec<f64>,
    mean: f64,
    deviation: f64,
}

impl Standard {
    fn new(values: &[f64]) -> Self {
        let mean = mean(values);
        let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
        let deviation = (squares / count_f64(values.len()) + 1e-300).sqrt();
        let values = values.iter().map(|v| (v - mean) / deviation).collect();
        Self {
            values,
            mean,
            deviation,
        }
    }

    /// The intercept for values as they are.
    fn back(&self, mut coefficients: [f64; WIDEST], lags: usize) -> [f64; WIDEST] {
        let sum: f64 = part(&coefficients, 0, lags).iter().sum();
        if let Some(intercept) = coefficients.get_mut(lags) {
            *intercept = self.mean - sum * self.mean + *intercept * self.deviation;
        }
        coefficients
    }
}

/// Forecasts that are made side by side: each waits for its own last step only.
const LANES: usize = 4;

/// A forecast to be made: where from, with which coefficients, and where to.
struct Open<'a> {
    past: &'a [f64],
    coefficients: &'a [f64; WIDEST],
    row: &'a mut [f64],
}

/// Autoregressions; one without enough rows at an origin repeats the one before it, or the season.
pub(super) fn members(task: &Task<'_>, forecasts: &mut Forecasts) {
    let standard = Standard::new(task.values);
    let sets = lag_sets(task);
    let mut steps = Vec::with_capacity(task.horizon);
    for (number, lags) in (0..).zip(&sets) {
        let coefficients = fit(task, &standard, lags);
        let earlier = (number > 0).then(|| forecasts.rows(forecasts.len() - 1).to_vec());
        forecasts.add([Member::Autoregression(number)], |[rows]| {
            let mut open = Vec::with_capacity(task.origins.len());
            for (index, (row, origin)) in rows.zip(&task.origins).enumerate() {
                let past = part(task.values, 0, *origin);
                match coefficients.get(index) {
                    Some(Some(coefficients)) => open.push(Open {
                        past,
                        coefficients,
                        row,
                    }),
                    _ => {
                        let start = index * task.horizon;
                        match &earlier {
                            Some(rows) => {
                                let same = part(rows, start, start + task.horizon);
                                row.copy_from_slice(same);
                            }
                            None => repeat(task, past, row),
                        }
                    }
                }
            }
            for group in open.chunks_mut(LANES) {
                recur(task, lags, group, &mut steps);
            }
        });
    }
}

/// Makes forecasts that feed on themselves, at most `LANES`.
fn recur(task: &Task<'_>, lags: &[usize], open: &mut [Open<'_>], steps: &mut Vec<[f64; LANES]>) {
    let mut pasts = [&[] as &[f64]; LANES];
    let mut coefficients = [[0.0; LANES]; WIDEST];
    for (lane, open) in open.iter().enumerate() {
        if let Some(past) = pasts.get_mut(lane) {
            *past = open.past;
        }
        for (out, value) in coefficients.iter_mut().zip(open.coefficients) {
            if let Some(out) = out.get_mut(lane) {
                *out = *value;
            }
        }
    }
    let intercepts = coefficients.get(lags.len()).copied().unwrap_or_default();
    steps.clear();
    for step in 0..task.horizon {
        // What a sum of nothing is.
        let mut sums = [-0.0; LANES];
        for (lag, coefficients) in lags.iter().zip(&coefficients) {
            let lagged = match step.checked_sub(*lag) {
                Some(earlier) => steps.get(earlier).copied().unwrap_or_default(),
                None => pasts.map(|past| at(past, (past.len() + step).wrapping_sub(*lag))),
            };
            for (sum, (c, value)) in sums.iter_mut().zip(coefficients.iter().zip(lagged)) {
                *sum += c * value;
            }
        }
        for (sum, intercept) in sums.iter_mut().zip(intercepts) {
            *sum = task.tame(intercept + *sum);
        }
        steps.push(sums);
    }
    for (lane, open) in open.iter_mut().enumerate() {
        for (out, values) in open.row.iter_mut().zip(steps.iter()) {
            *out = at(values, lane);
        }
    }
}

/// The last cycle again, or the last value.
fn repeat(task: &Task<'_>, past: &[f64], row: &mut [f64]) {
    let cycle = crate::numeric::tail(past, task.season);
    for (out, value) in row.iter_mut().zip(cycle.iter().cycle()) {
        *out = *value;
    }
}
