//! Intervals from the backtest's residuals: conformal quantiles at a few horizons, scaled by the
//! hour's and the present's unrest.

use super::task::Task;
use crate::numeric::{at, count_f64, mean, part, tail, trunc_count};

/// Steps ahead at which quantiles are taken; linear in between.
const KNOTS: [usize; 15] = [0, 1, 2, 3, 5, 8, 12, 18, 24, 36, 48, 72, 96, 132, 168];
/// Residuals of this many steps around a knot are pooled: 2, and this share of its distance.
const POOLED: f64 = 0.35;
/// And thinned to so many.
const POOLED_MOST: f64 = 300.0;
/// How much of the quantile is that of the signed residual; the rest is symmetric.
const SIGNED: f64 = 0.4;
/// Residuals come from few windows that the weights were chosen on.
const WIDEN_80: f64 = 1.07;
const WIDEN_95: f64 = 1.05;
const WIDEN_95_A_WINDOW: f64 = 0.9;
/// The phase's share of unrest: exponent, and residuals that count for no difference.
const PHASE_POWER: f64 = 0.6;
const PHASE_PRIOR: f64 = 6.0;
/// Fewer origins say nothing.
const FEWEST_ORIGINS: usize = 3;
/// Bounds of a scale.
const SCALES: (f64, f64) = (0.2, 5.0);
/// The present's unrest is that of so many steps, and fades over so many.
const RECENT: usize = 24;
const RECENT_FADE: f64 = 72.0;

/// How unrestful a step is, relative to others.
#[derive(Clone, Debug, PartialEq)]
struct Scale {
    /// By step of the season, counted from the first value of the history.
    phases: Vec<f64>,
    /// Half the logarithm of the unrest before each origin.
    recent: Vec<f64>,
    /// How much of it is left at each step ahead.
    fade: Vec<f64>,
}

impl Scale {
    pub(super) fn new(task: &Task<'_>, residuals: &[f64]) -> Self {
        let recent = match task.season {
            1 => vec![0.0; task.origins.len()],
            _ => recent_unrest(task),
        };
        let faded = |step: usize| (-count_f64(step) / RECENT_FADE).exp();
        Self {
            phases: phase_unrest(task, residuals),
            recent,
            fade: (0..task.horizon).map(faded).collect(),
        }
    }

    /// Of a step ahead of an origin: its number and its place in the history.
    fn at(&self, index: usize, origin: usize, step: usize) -> f64 {
        let phase = at(&self.phases, (origin + step) % self.phases.len().max(1));
        let recent = at(&self.recent, index);
        phase * (recent * at(&self.fade, step)).exp()
    }
}

/// Half the logarithm of the mean change of the last day over that of the whole history.
fn recent_unrest(task: &Task<'_>) -> Vec<f64> {
    let changes: Vec<f64> = task
        .values
        .windows(2)
        .map(|pair| match pair {
            [before, after] => (after - before).abs(),
            _ => 0.0,
        })
        .collect();
    let usual = mean(&changes);
    let window = RECENT.min(task.values.len() / 4).max(2);
    let of_origin = |origin: &usize| {
        let recent = mean(tail(part(&changes, 0, origin - 1), window));
        let ratio = (recent + 0.1 * usual) / (1.1 * usual + 1e-300);
        0.5 * ratio.clamp(SCALES.0, SCALES.1).ln()
    };
    task.origins.iter().map(of_origin).collect()
}

/// Mean residual of a step of the season over that of all, smoothed over neighbours.
fn phase_unrest(task: &Task<'_>, residuals: &[f64]) -> Vec<f64> {
    let season = task.season;
    let mut sums = vec![(0.0, 0.0); season];
    for (origin, row) in task
        .judged()
        .iter()
        .zip(residuals.chunks_exact(task.horizon))
    {
        let phases = (0..season).cycle().skip(origin % season);
        for (value, phase) in row.iter().zip(phases) {
            if let Some((sum, count)) = sums.get_mut(phase).filter(|_| value.is_finite()) {
                *sum += value.abs();
                *count += 1.0;
            }
        }
    }
    let total: f64 = sums.iter().map(|(sum, _)| sum).sum();
    let count: f64 = sums.iter().map(|(_, count)| count).sum();
    if season < 2 || count <= 0.0 || total <= 0.0 {
        return vec![1.0; season];
    }
    let usual = total / count;
    let reach = (season / 24).max(1);
    let of_phase = |phase: usize| {
        let around = sums
            .iter()
            .cycle()
            .skip((phase + season - reach % season) % season);
        let (sum, count) = around
            .take(2 * reach + 1)
            .fold((0.0, 0.0), |(a, b), (sum, count)| (a + sum, b + count));
        let ratio = (sum + PHASE_PRIOR * usual) / (count + PHASE_PRIOR) / usual;
        ratio.powf(PHASE_POWER).clamp(SCALES.0, SCALES.1)
    };
    (0..season).map(of_phase).collect()
}

/// Quantiles of the scaled residuals at the knots.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Residuals {
    knots: Vec<usize>,
    /// Residuals over their scale, one row an origin; NaN where nothing was seen.
    #[cfg_attr(feature = "serde", serde(with = "crate::gaps"))]
    scaled: Vec<f64>,
    pooled: Vec<Ranked>,
    /// Steps of a row.
    horizon: usize,
    /// Scale of each step ahead of the end.
    scales: Vec<f64>,
    windows: f64,
    /// What an interval is wide where no residual was seen.
    unknown: f64,
}

/// Scaled residuals around a knot, ascending, and their sizes, ascending.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Ranked {
    values: Vec<f64>,
    sizes: Vec<f64>,
}

impl Residuals {
    pub(super) fn new(task: &Task<'_>, residuals: &[f64]) -> Self {
        let scale = Scale::new(task, residuals);
        let horizon = task.horizon;
        let mut knots: Vec<usize> = KNOTS.into_iter().filter(|knot| *knot < horizon).collect();
        if knots.last().is_some_and(|knot| knot + 1 != horizon) {
            knots.push(horizon - 1);
        }
        let judged = task.judged();
        let rows = judged
            .iter()
            .zip(residuals.chunks_exact(horizon))
            .enumerate();
        let scaled: Vec<f64> = rows
            .flat_map(|(index, (origin, row))| {
                let scale = &scale;
                let of_step = move |step: usize| scale.at(index, *origin, step);
                row.iter()
                    .enumerate()
                    .map(move |(step, value)| value / of_step(step))
            })
            .collect();
        let end = task.values.len();
        let scales = (0..horizon).map(|step| scale.at(judged.len(), end, step));
        let unknown = task.most - task.least;
        Self {
            pooled: pool(&scaled, &knots, horizon, unknown),
            knots,
            scaled,
            horizon,
            scales: scales.collect(),
            windows: task.effective_windows().min(count_f64(judged.len())),
            unknown,
        }
    }

    /// Independent windows that the residuals are from; at least 1.
    pub(crate) const fn windows(&self) -> f64 {
        self.windows
    }

    /// Origins that the residuals are from.
    pub(crate) fn origins(&self) -> usize {
        self.scaled.len() / self.horizon.max(1)
    }

    #[cfg(feature = "serde")]
    pub(super) fn is_sound(&self, horizon: usize) -> bool {
        let finite = |values: &[f64]| values.iter().all(|value| value.is_finite());
        let ranked = |ranked: &Ranked| {
            !ranked.values.is_empty()
                && ranked.values.len() == ranked.sizes.len()
                && finite(&ranked.values)
                && finite(&ranked.sizes)
        };
        self.horizon == horizon
            && self.scaled.len().is_multiple_of(horizon.max(1))
            && self.scales.len() == horizon
            && finite(&self.scales)
            && self.knots.len() == self.pooled.len()
            && self.knots.is_sorted_by(|a, b| a < b)
            && self.pooled.iter().all(ranked)
            && self.windows >= 1.0
            && self.windows.is_finite()
            && self.unknown.is_finite()
    }

    /// Residuals over their scale, one row of [`horizon`](Self::horizon) steps an origin.
    pub(crate) fn scaled(&self) -> &[f64] {
        &self.scaled
    }

    /// Steps of a row.
    pub(crate) const fn horizon(&self) -> usize {
        self.horizon
    }

    /// Scale of a step ahead.
    pub(crate) fn scale(&self, step: usize) -> f64 {
        at(&self.scales, step)
    }

    /// How far below and above its forecast a step lies with this probability when it is `lead` steps
    /// ahead, from 0.
    pub(crate) fn around(&self, step: usize, lead: usize, level: f64) -> (f64, f64) {
        let quantiles = |index: usize| {
            let ranked = self.pooled.get(index);
            ranked.map(|ranked| ranked.quantiles(level, widening(level, self.windows)))
        };
        let (low, high) = between(&self.knots, lead, quantiles);
        let scale = self.scale(step);
        (scale * low, scale * high)
    }

    /// The same, for `ahead` steps that begin so many later.
    pub(crate) fn later(&self, steps: usize, ahead: usize) -> Self {
        Self {
            scales: part(&self.scales, steps, steps + ahead).to_vec(),
            ..self.clone()
        }
    }

    /// Whether enough residuals were seen for a rank at this level at every step ahead.
    pub(crate) fn is_calibrated(&self, level: f64) -> bool {
        let enough = |ranked: &Ranked| (count_f64(ranked.sizes.len()) + 1.0) * (1.0 - level) >= 1.0;
        self.origins() >= FEWEST_ORIGINS && self.pooled.iter().all(enough)
    }

    /// How far below and above the forecast each step lies with this probability.
    pub(crate) fn band(&self, level: f64) -> Vec<(f64, f64)> {
        let between = Between::new(&self.knots, &self.pooled, level, self.windows);
        let scaled = |(step, scale): (usize, &f64)| {
            let (low, high) = between.at(step);
            (scale * low, scale * high)
        };
        self.scales.iter().enumerate().map(scaled).collect()
    }

    /// Share of the newer half's residuals within the older half's intervals, for each level; `None`
    /// where either half has too few origins.
    pub(crate) fn newer_within_older(&self, levels: &[f64]) -> Vec<Option<f64>> {
        let horizon = self.horizon;
        let older = self.origins() / 2;
        let halves = self.scaled.split_at_checked(older * horizon);
        let Some((older, newer)) = halves.filter(|_| older >= FEWEST_ORIGINS) else {
            return vec![None; levels.len()];
        };
        let pooled = pool(older, &self.knots, horizon, self.unknown);
        let within = |level: &f64| {
            let between = Between::new(&self.knots, &pooled, *level, self.windows / 2.0);
            let (mut within, mut all) = (0.0, 0.0);
            for row in newer.chunks_exact(horizon) {
                for (step, value) in row
                    .iter()
                    .enumerate()
                    .filter(|(_, value)| value.is_finite())
                {
                    let (low, high) = between.at(step);
                    within += f64::from(u8::from((low..=high).contains(value)));
                    all += 1.0;
                }
            }
            (all > 0.0).then(|| within / all)
        };
        levels.iter().map(within).collect()
    }
}

/// Scaled residuals around each knot.
fn pool(scaled: &[f64], knots: &[usize], horizon: usize, unknown: f64) -> Vec<Ranked> {
    let around = |knot: &usize| {
        let reach = trunc_count(count_f64(*knot) * POOLED) + 2;
        let (from, to) = (knot.saturating_sub(reach), (knot + reach + 1).min(horizon));
        let all = count_f64((to - from) * (scaled.len() / horizon));
        let stride = trunc_count((all / POOLED_MOST).ceil()).max(1);
        let mut values = Vec::with_capacity(trunc_count(all) / stride + scaled.len() / horizon);
        for (index, row) in scaled.chunks_exact(horizon).enumerate() {
            let thinned = part(row, from, to).iter().skip((index * 7) % stride);
            let thinned = thinned.step_by(stride).copied();
            values.extend(thinned.filter(|value| value.is_finite()));
        }
        if values.is_empty() {
            values.extend(scaled.iter().copied().filter(|value| value.is_finite()));
        }
        if values.is_empty() {
            values.push(unknown);
        }
        values.sort_unstable_by(f64::total_cmp);
        let sizes = sizes(&values);
        Ranked { values, sizes }
    };
    knots.iter().map(around).collect()
}

/// How much wider than the residuals' quantiles an interval is.
fn widening(level: f64, windows: f64) -> f64 {
    let wide = WIDEN_95 * (1.0 + WIDEN_95_A_WINDOW / windows);
    let share = ((level - 0.8) / 0.15).clamp(0.0, 1.0);
    WIDEN_80 + share * (wide - WIDEN_80)
}

impl Ranked {
    /// Lower and upper quantile of a level, widened.
    fn quantiles(&self, level: f64, widen: f64) -> (f64, f64) {
        let side = (1.0 - level) / 2.0;
        let count = count_f64(self.sizes.len());
        let rank = trunc_count(((count + 1.0) * level).ceil()).clamp(1, self.sizes.len().max(1));
        let radius = at(&self.sizes, rank - 1);
        let signed = |q: f64| at_rank(&self.values, q);
        let low = (1.0 - SIGNED) * -radius + SIGNED * signed(side);
        let high = (1.0 - SIGNED) * radius + SIGNED * signed(1.0 - side);
        (widen * low, widen * high)
    }
}

/// A level's quantiles at the knots.
struct Between<'a> {
    knots: &'a [usize],
    quantiles: Vec<(f64, f64)>,
}

impl<'a> Between<'a> {
    fn new(knots: &'a [usize], pooled: &[Ranked], level: f64, windows: f64) -> Self {
        let widen = widening(level, windows);
        let of_knot = |ranked: &Ranked| ranked.quantiles(level, widen);
        Self {
            knots,
            quantiles: pooled.iter().map(of_knot).collect(),
        }
    }

    fn at(&self, step: usize) -> (f64, f64) {
        between(self.knots, step, |index| self.quantiles.get(index).copied())
    }
}

/// What knots have, linear between them.
fn between(
    knots: &[usize],
    step: usize,
    of_knot: impl Fn(usize) -> Option<(f64, f64)>,
) -> (f64, f64) {
    let after = knots.partition_point(|knot| *knot <= step);
    let before = after.saturating_sub(1);
    let (low, high) = of_knot(before).unwrap_or_default();
    let (Some(from), Some(next)) = (knots.get(before), knots.get(after)) else {
        return (low, high);
    };
    let (low2, high2) = of_knot(after).unwrap_or_default();
    let share = count_f64(step.saturating_sub(*from)) / count_f64(next - from);
    (low + share * (low2 - low), high + share * (high2 - high))
}

/// Sizes of ascending values, ascending.
fn sizes(values: &[f64]) -> Vec<f64> {
    let negative = values.partition_point(|value| *value < 0.0);
    let (below, above) = values.split_at_checked(negative).unwrap_or_default();
    let mut below = below.iter().rev().map(|value| -value).peekable();
    let mut sizes = Vec::with_capacity(values.len());
    for value in above {
        while let Some(size) = below.next_if(|size| size < value) {
            sizes.push(size);
        }
        sizes.push(*value);
    }
    sizes.extend(below);
    sizes
}

/// The value at rank `(n + 1) q` of ascending values, linear in between.
fn at_rank(values: &[f64], q: f64) -> f64 {
    let last = count_f64(values.len().saturating_sub(1));
    let rank = ((last + 2.0) * q - 1.0).clamp(0.0, last);
    let below = trunc_count(rank);
    let low = at(values, below);
    let high = values.get(below + 1).copied().unwrap_or(low);
    low + (rank - count_f64(below)) * (high - low)
}
