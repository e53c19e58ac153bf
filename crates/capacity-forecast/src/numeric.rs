//! Small numeric tools: conversions that saturate, medians, the normal distribution.
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

/// Median of seven by a network without branches.
pub(crate) fn median7([a, b, c, d, e, f, g]: [f64; 7]) -> f64 {
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

/// The `q`-quantile of ascending values, linear between ranks (type 7); 0 of nothing.
pub(crate) fn quantile_sorted(sorted: &[f64], q: f64) -> f64 {
    let rank = q.clamp(0.0, 1.0) * count_f64(sorted.len().saturating_sub(1));
    let below = trunc_count(rank);
    let above = (below + 1).min(sorted.len().saturating_sub(1));
    let lower = at(sorted, below);
    lower + (rank - count_f64(below)) * (at(sorted, above) - lower)
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

/// Standard normal distribution function, absolute error below 1.2e-7 (Numerical Recipes' `erfcc`).
pub(crate) fn normal_cdf(x: f64) -> f64 {
    let z = x.abs() / core::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.5 * z);
    let series = [
        0.170_872_77,
        -0.822_152_23,
        1.488_515_87,
        -1.135_203_98,
        0.278_868_07,
        -0.186_288_06,
        0.096_784_18,
        0.374_091_96,
        1.000_023_68,
        -1.265_512_23,
    ];
    let sum = series.into_iter().fold(0.0, |sum, c| sum * t + c);
    let tail = 0.5 * t * (sum - z * z).exp();
    if x > 0.0 { 1.0 - tail } else { tail }
}

/// Inverse of the standard normal distribution function (bisection; only for constants).
pub(crate) fn normal_quantile(p: f64) -> f64 {
    let (mut low, mut high) = (-8.0, 8.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if normal_cdf(middle) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}
