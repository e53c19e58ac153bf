//! How much the cycles of a series agree: Kendall's coefficient of concordance, as the mean rank
//! correlation of every two cycles.
//!
//! The newest K cycles (at most 32) are cut into P blocks each (at most 28; a block is the mean of
//! its observed values), every cycle's trend is taken off (the median of the up to four differences
//! of successive cycle means around it, so that one level shift does not count), and the blocks are
//! ranked within their cycle. With R the sums of ranks by phase and T the sum of all squared
//! deviations of ranks, `(Σ(R - R̄)² - T) / ((K - 1) T)` is 1 for cycles of one shape and about 0
//! without any.
//!
//! Source: M. G. Kendall and B. Babington Smith, "The Problem of m Rankings", 1939; the test of
//! Friedman (1937) that X-13ARIMA-SEATS runs for stable seasonality uses the same ranks. Its χ²
//! assumes independent noise; the bars of [`super`] are what random walks reach.
//! Cost: O(n + K P log P). Edge cases: cycles less than half observed are left out; a constant
//! cycle agrees with none; a single outlier moves the ranks of one cycle only.

use crate::numeric::{at, count_f64, median, part, tail};

const MOST_CYCLES: usize = 32;
const MOST_BLOCKS: usize = 28;
const FEWEST_BLOCKS: usize = 5;
/// Within one of K cycles a power, a logarithm or an exponential that grows e²-fold leaves about
/// 0.26 / K of the size of its rise.
const CURVED: f64 = 0.5;
/// Values closer than this part of the largest are equal: what a trend leaves of itself by rounding
/// has no order.
const TIE: f64 = 1e-9;

/// What the cycles of one length have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Agreement {
    pub(super) cycles: usize,
    /// Mean rank correlation of every two cycles.
    pub(super) strength: f64,
    /// Mean size of the shape that they share, and of the trend within a cycle.
    pub(super) shape: f64,
    pub(super) rise: f64,
}

impl Agreement {
    /// Whether the shape is more than what a curved trend leaves after its slope is taken off.
    pub(super) fn is_material(&self) -> bool {
        self.shape * count_f64(self.cycles) > CURVED * self.rise
    }
}

/// `values` with `NaN` = missing; `cycle` in steps.
pub(super) fn agreement(values: &[f64], cycle: usize) -> Agreement {
    let length = cycle;
    let blocks = block_count(cycle);
    let whole = (values.len() / cycle.max(1)).min(MOST_CYCLES);
    let mut means: Vec<Vec<f64>> = tail(values, whole * cycle)
        .chunks(cycle.max(1))
        .map(|cycle| block_means(cycle, blocks))
        .filter(|means| 2 * means.iter().filter(|m| !m.is_nan()).count() >= means.len())
        .collect();
    let cycles = means.len();
    if cycles < 2 || blocks < 2 {
        return Agreement::default();
    }
    let levels: Vec<f64> = means.iter().map(|blocks| observed_mean(blocks)).collect();
    let (mut sums, mut total, mut rises) = (vec![0.0; blocks], 0.0, 0.0);
    let middle = (count_f64(blocks) + 1.0) / 2.0;
    for (index, cycle) in means.iter_mut().enumerate() {
        let rise = rise_around(&levels, index);
        rises += rise.abs();
        let level = levels.get(index).copied().unwrap_or(0.0);
        for (block, value) in cycle.iter_mut().enumerate() {
            *value -= level + rise * centre(length, blocks, block);
        }
        let largest = levels.get(index).map_or(0.0, |level| level.abs());
        for (sum, rank) in sums.iter_mut().zip(ranks(cycle, TIE * largest)) {
            *sum += rank - middle;
            total += (rank - middle) * (rank - middle);
        }
    }
    let between: f64 = sums.iter().map(|sum| sum * sum).sum();
    let strength = if total > 0.0 {
        (between - total) / (count_f64(cycles - 1) * total)
    } else {
        0.0
    };
    Agreement {
        cycles,
        strength,
        shape: common_shape(&means, blocks),
        // A line's mean distance from its middle is a quarter of its rise.
        rise: rises / count_f64(cycles) / 4.0,
    }
}

/// The largest divisor of the cycle that is at most 28, or 28 where that is below 5.
fn block_count(cycle: usize) -> usize {
    let divides = |count: &usize| cycle.is_multiple_of(*count);
    let most = cycle.min(MOST_BLOCKS);
    (FEWEST_BLOCKS..=most).rev().find(divides).unwrap_or(most)
}

/// Where in its cycle a block lies, -½ to ½.
fn centre(cycle: usize, blocks: usize, block: usize) -> f64 {
    let (from, to) = bounds(cycle, blocks, block);
    count_f64(from + to) / 2.0 / count_f64(cycle) - 0.5
}

fn bounds(cycle: usize, blocks: usize, block: usize) -> (usize, usize) {
    (block * cycle / blocks, (block + 1) * cycle / blocks)
}

/// Mean size of the median of each block over the cycles.
fn common_shape(cycles: &[Vec<f64>], blocks: usize) -> f64 {
    let mut column = Vec::with_capacity(cycles.len());
    let mut sum = 0.0;
    for block in 0..blocks {
        column.clear();
        let present = cycles.iter().map(|cycle| at(cycle, block));
        column.extend(present.filter(|value| !value.is_nan()));
        sum += median(&mut column).abs();
    }
    sum / count_f64(blocks)
}

/// What is left of `values` without the usual shape of their cycles: the median over the newest
/// cycles of what each phase differs from its cycle's mean. O(n).
pub(super) fn without_shape(values: &[f64], cycle: usize) -> Vec<f64> {
    let mut rest = values.to_vec();
    let first = values.len() % cycle.max(1);
    let cycles: Vec<(f64, &[f64])> = part(values, first, values.len())
        .chunks(cycle.max(1))
        .map(|values| (observed_mean(values), values))
        .collect();
    let newest = tail(&cycles, MOST_CYCLES);
    let mut column = Vec::with_capacity(newest.len());
    let mut shape = Vec::with_capacity(cycle);
    for phase in 0..cycle {
        column.clear();
        column.extend(
            newest
                .iter()
                .map(|(level, values)| at(values, phase) - level)
                .filter(|difference| !difference.is_nan()),
        );
        shape.push(median(&mut column));
    }
    let skipped = (cycle - first) % cycle.max(1);
    let phases = shape.iter().cycle().skip(skipped);
    for (value, usual) in rest.iter_mut().zip(phases) {
        *value -= usual;
    }
    rest
}

fn block_means(cycle: &[f64], blocks: usize) -> Vec<f64> {
    let count = cycle.len();
    (0..blocks)
        .map(|block| {
            let (from, to) = bounds(count, blocks, block);
            observed_mean(part(cycle, from, to))
        })
        .collect()
}

/// Mean of the observed values, `NaN` without one.
pub(super) fn observed_mean(values: &[f64]) -> f64 {
    let (mut sum, mut count) = (0.0, 0_usize);
    for value in values.iter().filter(|value| !value.is_nan()) {
        sum += value;
        count += 1;
    }
    if count == 0 {
        f64::NAN
    } else {
        sum / count_f64(count)
    }
}

/// Usual rise from one cycle to the next around a cycle.
fn rise_around(levels: &[f64], index: usize) -> f64 {
    let around = part(
        levels,
        index.saturating_sub(2),
        (index + 3).min(levels.len()),
    );
    let mut rises: Vec<f64> = around
        .iter()
        .zip(around.iter().skip(1))
        .map(|(before, after)| after - before)
        .collect();
    median(&mut rises)
}

/// Ranks from 1, the mean rank for equal values, the middle one for missing values.
fn ranks(values: &[f64], tie: f64) -> Vec<f64> {
    let mut order: Vec<(f64, usize)> = values
        .iter()
        .enumerate()
        .filter(|(_, value)| !value.is_nan())
        .map(|(phase, value)| (*value, phase))
        .collect();
    order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let middle = (count_f64(values.len()) + 1.0) / 2.0;
    let mut ranks = vec![middle; values.len()];
    // Ranks of fewer values stay centred on the middle.
    let shift = middle - (count_f64(order.len()) + 1.0) / 2.0;
    let mut from = 0;
    while let Some((lowest, _)) = order.get(from) {
        let equal = part(&order, from, order.len());
        let count = equal
            .iter()
            .take_while(|(value, _)| value - lowest <= tie)
            .count()
            .max(1);
        let rank = count_f64(from) + (count_f64(count) + 1.0) / 2.0 + shift;
        for (_, phase) in part(&order, from, from + count) {
            if let Some(slot) = ranks.get_mut(*phase) {
                *slot = rank;
            }
        }
        from += count;
    }
    ranks
}
