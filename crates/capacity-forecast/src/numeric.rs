//! Small numeric tools: conversions that saturate, medians, scaling by powers of two.
#![allow(clippy::cast_possible_truncation)] // float-to-int `as` saturates; that is the point here

/// Exact for every count that occurs.
pub(crate) const fn count_f64(value: usize) -> f64 {
    value as f64
}

/// `value` cut to a count; negative and NaN give 0.
pub(crate) const fn trunc_count(value: f64) -> usize {
    value as usize
}

/// The value at `index`, 0 outside.
pub(crate) fn at(values: &[f64], index: usize) -> f64 {
    values.get(index).copied().unwrap_or(0.0)
}

/// `values[from..to]`, empty where that is not within.
pub(crate) fn part<T>(values: &[T], from: usize, to: usize) -> &[T] {
    values.get(from..to).unwrap_or_default()
}

/// The last `count` values; all where there are fewer.
pub(crate) fn tail<T>(values: &[T], count: usize) -> &[T] {
    part(values, values.len().saturating_sub(count), values.len())
}

/// Median, 0 of nothing. Reorders its argument; O(n).
pub(crate) fn median(values: &mut [f64]) -> f64 {
    let count = values.len();
    if count < 24 {
        insertion_sort(values);
        let half = count / 2;
        return if count % 2 == 1 {
            at(values, half)
        } else if count == 0 {
            0.0
        } else {
            0.5 * (at(values, half - 1) + at(values, half))
        };
    }
    let half = count / 2;
    let (below, middle, _) = values.select_nth_unstable_by(half, f64::total_cmp);
    let middle = *middle;
    if count % 2 == 1 {
        return middle;
    }
    0.5 * (below.iter().copied().fold(f64::MIN, f64::max) + middle)
}

/// For a handful of values faster than the general sort.
fn insertion_sort(values: &mut [f64]) {
    for end in 1..values.len() {
        let mut index = end;
        while index > 0 && at(values, index - 1) > at(values, index) {
            values.swap(index - 1, index);
            index -= 1;
        }
    }
}

/// The smaller and the larger; neither is NaN.
fn order(a: f64, b: f64) -> (f64, f64) {
    if b < a { (b, a) } else { (a, b) }
}

/// Values that a network orders side by side.
const LANES: usize = 4;

/// [`order`] in each lane.
fn order_lanes(mut a: [f64; LANES], mut b: [f64; LANES]) -> ([f64; LANES], [f64; LANES]) {
    for (a, b) in a.iter_mut().zip(&mut b) {
        (*a, *b) = order(*a, *b);
    }
    (a, b)
}

/// Median of seven by a network without branches.
fn median7<T: Copy>(order: impl Fn(T, T) -> (T, T), [a, b, c, d, e, f, g]: [T; 7]) -> T {
    let (a, b) = order(a, b);
    let (c, d) = order(c, d);
    let (e, f) = order(e, f);
    // The least of the pairs' lows and the greatest of their highs are out.
    let (a, c) = order(a, c);
    let (_, e) = order(a, e);
    let (b, d) = order(b, d);
    let (f, _) = order(d, f);
    // Median of the other five: b, c, e, f, g.
    let (b, c) = order(b, c);
    let (e, f) = order(e, f);
    let (_, e) = order(b, e);
    let (c, _) = order(c, f);
    let (c, e) = order(c, e);
    let (_, g) = order(c, g);
    order(g, e).0
}

/// Fewest and most rows of [`medians`].
pub(crate) const MEDIAN_ROWS: core::ops::RangeInclusive<usize> = 5..=7;

/// Median of five to seven rows at each step; `change` gets a row's number and its value.
pub(crate) fn medians(rows: &[&[f64]], change: impl Fn(usize, f64) -> f64, out: &mut [f64]) {
    // Rows that are not there lie below or above all; of six, each way gives one of the two middles.
    let (low, high) = (f64::NEG_INFINITY, f64::INFINITY);
    let pads = match rows.len() {
        5 => [(low, high), (low, high)],
        _ => [(high, high), (high, low)],
    };
    let even = rows.len() == 6;
    let mut wide = [&[] as &[[f64; LANES]]; 7];
    for (wide, row) in wide.iter_mut().zip(rows) {
        *wide = row.as_chunks().0;
    }
    let (lanes, rest) = out.as_chunks_mut::<LANES>();
    for (index, out) in lanes.iter_mut().enumerate() {
        let load = |number: usize, (first, second): (f64, f64)| {
            let pad = if number == 5 { first } else { second };
            let values = wide.get(number).and_then(|row| row.get(index));
            values.map_or([pad; LANES], |values| {
                values.map(|value| change(number, value))
            })
        };
        let middle = |pads| median7(order_lanes, [0, 1, 2, 3, 4, 5, 6].map(|n| load(n, pads)));
        let [one, two] = pads;
        *out = middle(one);
        if even {
            let below = middle(two);
            for (out, below) in out.iter_mut().zip(below) {
                *out = 0.5 * (below + *out);
            }
        }
    }
    let done = lanes.len() * LANES;
    for (step, out) in (done..).zip(rest) {
        let mut column = [0.0; 7];
        for ((number, place), row) in column.iter_mut().enumerate().zip(rows) {
            *place = change(number, at(row, step));
        }
        *out = median(column.get_mut(..rows.len()).unwrap_or_default());
    }
}

/// Median of four.
pub(crate) fn median4([a, b, c, d]: [f64; 4]) -> f64 {
    let (a, b) = order(a, b);
    let (c, d) = order(c, d);
    0.5 * (order(a, c).1 + order(b, d).0)
}

/// Sum of products, in four interleaved sums: a sum in order waits for each addition.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let count = a.len().min(b.len());
    let (a4, a_rest) = part(a, 0, count).as_chunks::<4>();
    let (b4, b_rest) = part(b, 0, count).as_chunks::<4>();
    let mut sums = [0.0; 4];
    for (a, b) in a4.iter().zip(b4) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    let [a, b, c, d] = sums;
    (a + c) + (b + d) + rest
}

/// Mean, 0 of nothing.
pub(crate) fn mean(values: &[f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    values.iter().sum::<f64>() / count_f64(values.len())
}

/// Least-squares line through `(0, y₀), (1, y₁), …`: intercept and slope.
pub(crate) fn line(values: &[f64]) -> (f64, f64) {
    let count = count_f64(values.len().max(1));
    let middle = (count - 1.0) / 2.0;
    let mean = mean(values);
    let (mut across, mut along) = (0.0, 0.0);
    for (index, value) in values.iter().enumerate() {
        let from_middle = count_f64(index) - middle;
        across += from_middle * from_middle;
        along += from_middle * (value - mean);
    }
    let slope = if across > 0.0 { along / across } else { 0.0 };
    (mean - slope * middle, slope)
}

/// `value` within the finite numbers: an overflow becomes the largest number of its sign.
pub(crate) const fn finite(value: f64) -> f64 {
    value.clamp(f64::MIN, f64::MAX)
}

/// The power of two at or below the largest magnitude, 1 of nothing or zeros. Dividing by it is exact
/// and keeps squares and products of the quotients from overflowing.
pub(crate) fn magnitude<'a>(values: impl IntoIterator<Item = &'a f64>) -> f64 {
    let largest = values.into_iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    if largest > 0.0 {
        f64::from_bits(largest.to_bits() & f64::INFINITY.to_bits()).max(f64::MIN_POSITIVE)
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test fails by panicking"
    )]
    use super::{MEDIAN_ROWS, median, medians};

    #[test]
    fn medians_side_by_side_are_the_medians_to_the_bit() {
        let mut seed = 1_u64;
        let mut next = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // Few different values, so that many are equal.
            f64::from(u32::try_from(seed >> 58).unwrap()) / 3.0 - 9.0
        };
        for count in MEDIAN_ROWS {
            let rows: Vec<Vec<f64>> = (0..count)
                .map(|_| (0..1003).map(|_| next()).collect())
                .collect();
            let parts: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
            let change = |number: usize, value: f64| value + 0.1 * super::count_f64(number);
            let mut out = vec![0.0; 1003];
            medians(&parts, change, &mut out);
            for (step, found) in out.iter().enumerate() {
                let column = rows.iter().enumerate();
                let mut column: Vec<f64> = column.map(|(n, row)| change(n, row[step])).collect();
                assert_eq!(
                    found.to_bits(),
                    median(&mut column).to_bits(),
                    "{count} rows"
                );
            }
        }
    }
}
