//! When a limit is reached: whole paths of the backtest, levels and cycles' remainders, and the
//! structural model, mixed. Every part is a sum, none a draw.

use super::climatology::Climatology;
use super::structure::Structure;
use super::task::Task;
use super::teeth::Teeth;
use crate::numeric::{at, count_f64, part};

/// Share of the blocks in the pool's own probability; the rest are whole paths.
const BLOCKS_SHARE: f64 = 0.9;
/// Paths that were not seen: so many, half of them over the limit.
const UNSEEN: f64 = 0.25;
/// Remainders of cycles at most.
const REMAINDERS: usize = 60;
/// Share of the structural model where it is adequate, and steps until it has all of it.
const STRUCTURE_SHARE: f64 = 0.8;
const STRUCTURE_FROM: f64 = 48.0;
/// Share of a saw-tooth's paths where there is one.
const TEETH_SHARE: f64 = 0.9;
/// Mean size of a normal number to its standard deviation.
const DEVIATION_OF_SIZE: f64 = 1.2533;
/// Middles of nine equal parts of the standard normal distribution.
const NODES: [f64; 9] = [
    -1.593_218_818_023_05,
    -0.967_421_566_101_701,
    -0.589_455_797_849_779,
    -0.282_216_147_062_508,
    0.0,
    0.282_216_147_062_508,
    0.589_455_797_849_779,
    0.967_421_566_101_701,
    1.593_218_818_023_05,
];

/// Forecast and residuals, as what limits are held against.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Paths {
    /// Steps of a block.
    block: usize,
    /// Residuals of each judged origin, NaN where nothing was seen.
    #[cfg_attr(feature = "serde", serde(with = "crate::gaps"))]
    residuals: Vec<f64>,
    /// What each origin counts.
    weights: Vec<f64>,
    /// Remainders of blocks less their mean, by phase; NaN where nothing was seen.
    #[cfg_attr(feature = "serde", serde(with = "crate::gaps"))]
    remainders: Vec<f64>,
    /// Phase of the first step ahead.
    phase: usize,
    /// Standard deviation of a block's level, one a block ahead, never falling.
    deviation: Vec<f64>,
    structure: Option<Structure>,
    /// Phase of the first step ahead among the structural model's residuals.
    structure_phase: usize,
    teeth: Option<Teeth>,
    /// Steps that the teeth were to have ahead and that have passed.
    passed: usize,
}

/// How many values in a run must lie beyond a limit, and which of those before the first step do: as
/// many as a run looks back to, fewer where there are not as many.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) needed: usize,
    /// Values of a run.
    pub(crate) length: usize,
    pub(crate) before: Vec<bool>,
}

impl Run {
    /// First step, from `from` on, at which enough of the run lie beyond; `steps` begin at step 0
    /// where `whole`, and are preceded by nothing otherwise.
    pub(super) fn first(
        &self,
        steps: impl Iterator<Item = bool>,
        from: usize,
        whole: bool,
    ) -> Option<usize> {
        let length = self.length;
        let before: &[bool] = if whole { &self.before } else { &[] };
        let mut window: std::collections::VecDeque<bool> = before.iter().copied().collect();
        let mut count = before.iter().filter(|beyond| **beyond).count();
        for (step, beyond) in steps.enumerate() {
            window.push_back(beyond);
            count += usize::from(beyond);
            if window.len() > length && window.pop_front() == Some(true) {
                count -= 1;
            }
            if count >= self.needed && step >= from {
                return Some(step - from);
            }
        }
        None
    }

    const fn is_single(&self) -> bool {
        self.length == 1
    }
}

impl Paths {
    pub(super) fn new(
        task: &Task<'_>,
        residuals: Vec<f64>,
        weights: Vec<f64>,
        structure: Option<Structure>,
        teeth: Option<Teeth>,
    ) -> Self {
        let horizon = task.horizon;
        let block = if task.season > 1 {
            task.season
        } else {
            horizon.clamp(1, 4)
        };
        let mut remainders = Vec::new();
        let ahead = horizon.div_ceil(block);
        let mut sizes = vec![(0.0, 0.0, 0_usize); ahead];
        for ((origin, row), weight) in task
            .judged()
            .iter()
            .zip(residuals.chunks_exact(horizon))
            .zip(&weights)
        {
            for (number, cycle) in row.chunks(block).enumerate() {
                let seen = cycle.iter().filter(|value| value.is_finite());
                let (sum, count) = seen.fold((0.0, 0.0), |(s, c), value| (s + value, c + 1.0));
                if count < 0.5 * count_f64(block) {
                    continue;
                }
                let level = sum / count;
                if let Some((size, total, count)) = sizes.get_mut(number) {
                    *size += weight * level.abs();
                    *total += weight;
                    *count += 1;
                }
                let start = remainders.len();
                remainders.resize(start + block, f64::NAN);
                let phases = (0..block).cycle().skip((origin + number * block) % block);
                for (value, phase) in cycle.iter().zip(phases) {
                    if let Some(out) = remainders.get_mut(start + phase) {
                        *out = value - level;
                    }
                }
            }
        }
        let windows = task.effective_windows();
        let (mut before, mut deviation) = (0.0_f64, Vec::with_capacity(ahead));
        for (size, total, count) in sizes {
            if count >= 2 {
                let own = size / total * DEVIATION_OF_SIZE * (1.0 + 1.0 / windows);
                before = before.max(own);
            }
            deviation.push(before);
        }
        Self {
            block,
            residuals,
            weights,
            remainders,
            phase: task.values.len() % block,
            deviation,
            structure,
            structure_phase: 0,
            teeth,
            passed: 0,
        }
    }

    #[cfg(feature = "serde")]
    pub(super) fn is_sound(&self, horizon: usize) -> bool {
        let finite = |values: &[f64]| values.iter().all(|value| value.is_finite());
        let structure = |structure: &Structure| {
            structure.point.len() == horizon
                && structure.block > 0
                && !structure.residuals.is_empty()
                && structure.residuals.len().is_multiple_of(structure.block)
                && finite(&structure.point)
                && finite(&structure.level_deviation)
                && (0.0..=1.0).contains(&structure.adequacy)
        };
        self.block > 0
            && self.residuals.len() == self.weights.len() * horizon
            && finite(&self.weights)
            && self.weights.iter().all(|weight| *weight >= 0.0)
            && self.passed == 0
            && self.remainders.len().is_multiple_of(self.block)
            && self.phase < self.block
            && self
                .structure
                .as_ref()
                .is_none_or(|structure| self.structure_phase < structure.block)
            && finite(&self.deviation)
            && self.structure.as_ref().is_none_or(structure)
            && self.teeth.as_ref().is_none_or(Teeth::is_sound)
    }

    /// The same seen from so many steps later, for fewer steps ahead: a forecast made then errs at each
    /// distance as this one does.
    pub(crate) fn later(&self, steps: usize, horizon: usize, ahead: usize) -> Self {
        let rows = self.residuals.chunks_exact(horizon.max(1));
        let structure = self.structure.as_ref().map(|structure| Structure {
            point: part(&structure.point, steps, steps + ahead).to_vec(),
            ..structure.clone()
        });
        Self {
            residuals: rows.flat_map(|row| part(row, 0, ahead)).copied().collect(),
            phase: (self.phase + steps) % self.block,
            structure_phase: self.structure.as_ref().map_or(0, |structure| {
                (self.structure_phase + steps) % structure.block.max(1)
            }),
            structure,
            weights: self.weights.clone(),
            remainders: self.remainders.clone(),
            deviation: self.deviation.clone(),
            block: self.block,
            teeth: self.teeth.clone(),
            passed: self.passed + steps,
        }
    }

    /// P(limit reached by step i + 1) for each step ahead, never falling. `gaps`: how much is left
    /// to the limit at each step of the forecast `point`, negative where it is over; `sign`: 1 for a
    /// limit that is reached from below, -1 from above; `past`: how often it was reached.
    pub(crate) fn probability(
        &self,
        gaps: &[f64],
        point: &[f64],
        sign: f64,
        run: &Run,
        past: &Climatology,
    ) -> Vec<f64> {
        let mut whole = self.whole_paths(gaps, sign, run);
        if !self.remainders.is_empty() {
            let cycles = Cycles {
                block: self.block,
                phase: self.phase,
                remainders: &self.remainders,
                stride: (self.remainders.len() / self.block).div_ceil(REMAINDERS),
                deviation: &self.deviation,
                sign,
                run,
            };
            let blocks = cycles.reached(gaps);
            for (p, by_block) in whole.iter_mut().zip(&blocks) {
                *p = BLOCKS_SHARE * by_block + (1.0 - BLOCKS_SHARE) * *p;
            }
        }
        // Share of what a model of the whole history says.
        let mut known = vec![0.0; whole.len()];
        if let Some(teeth) = &self.teeth {
            let levels: Vec<f64> = gaps
                .iter()
                .zip(point)
                .map(|(gap, point)| point + sign * gap)
                .collect();
            let own = teeth.reached(&levels, sign, run, self.passed);
            for (p, own) in whole.iter_mut().zip(own) {
                *p += TEETH_SHARE * (own - *p);
            }
            known.fill(TEETH_SHARE);
        } else if let Some(structure) = self.structure.as_ref().filter(|s| s.adequacy > 0.0) {
            let own: Vec<f64> = gaps
                .iter()
                .zip(point.iter().zip(&structure.point))
                .map(|(gap, (point, own))| gap + sign * (point - own))
                .collect();
            let cycles = Cycles {
                block: structure.block,
                phase: self.structure_phase,
                remainders: &structure.residuals,
                stride: 1,
                deviation: &structure.level_deviation,
                sign,
                run,
            };
            let share = STRUCTURE_SHARE * structure.adequacy;
            let steps = (1..).zip(&mut whole).zip(&mut known);
            for (((step, p), known), own) in steps.zip(cycles.reached(&own)) {
                *known = share * (f64::from(step) / STRUCTURE_FROM).min(1.0);
                *p = (1.0 - *known) * *p + *known * own;
            }
        }
        let structure = self.structure.as_ref();
        let is_usual = structure.is_some_and(|structure| !structure.is_trend);
        let mut before = 0.0_f64;
        // Beyond the bounds nothing is: not even what was never seen.
        let impossible = gaps.iter().take_while(|gap| gap.is_infinite()).count();
        for ((step, p), known) in whole.iter_mut().enumerate().zip(&known).skip(impossible) {
            if is_usual {
                *p = past.draw(*p, step, *known);
            }
            before = before.max(p.clamp(0.0, 1.0));
            *p = before;
        }
        whole.iter_mut().take(impossible).for_each(|p| *p = 0.0);
        whole
    }

    /// Share of the backtest's residual paths that reach it.
    fn whole_paths(&self, gaps: &[f64], sign: f64, run: &Run) -> Vec<f64> {
        let mut hits = vec![0.0; gaps.len()];
        let mut paths = vec![0.0; gaps.len()];
        for (row, weight) in self.residuals.chunks_exact(gaps.len()).zip(&self.weights) {
            let seen = row
                .iter()
                .rposition(|value| value.is_finite())
                .map_or(0, |last| last + 1);
            let beyond = || {
                row.iter()
                    .zip(gaps)
                    .take(seen)
                    .map(|(value, gap)| sign * value >= *gap)
            };
            let first = if run.is_single() {
                beyond().position(|beyond| beyond)
            } else {
                run.first(beyond(), 0, true)
            };
            for hits in hits.iter_mut().take(seen).skip(first.unwrap_or(seen)) {
                *hits += weight;
            }
            for paths in paths.iter_mut().take(seen) {
                *paths += weight;
            }
        }
        // Where no error was seen, a single path follows the forecast itself.
        let alone = || gaps.iter().map(|gap| *gap <= 0.0);
        let alone = if run.is_single() {
            alone().position(|beyond| beyond)
        } else {
            run.first(alone(), 0, true)
        };
        let mut before = 0.0_f64;
        for (step, (hits, paths)) in hits.iter_mut().zip(&paths).enumerate() {
            let (hit, all) = if *paths > 0.0 {
                (*hits, *paths)
            } else {
                (
                    f64::from(u8::from(alone.is_some_and(|first| first <= step))),
                    1.0,
                )
            };
            // One path alone says little of what was not seen, in either direction.
            let unseen = UNSEEN * (0.5 * all).min(1.0);
            before = before.max((hit + 0.5 * unseen) / (all + unseen));
            *hits = before;
        }
        hits
    }
}

/// Levels that err as a whole, and remainders of cycles around them.
struct Cycles<'a> {
    block: usize,
    phase: usize,
    remainders: &'a [f64],
    /// Every so many are used.
    stride: usize,
    deviation: &'a [f64],
    sign: f64,
    run: &'a Run,
}

impl Cycles<'_> {
    fn reached(&self, gaps: &[f64]) -> Vec<f64> {
        let block = self.block;
        let used: Vec<&[f64]> = self
            .remainders
            .chunks_exact(block)
            .step_by(self.stride.max(1))
            .collect();
        let count = count_f64(used.len());
        let mut reached = vec![0.0; gaps.len()];
        let mut survived = NODES.map(|_| 1.0);
        let mut highest = Vec::with_capacity(used.len());
        let mut first = vec![0.0; block];
        let all = gaps;
        let blocks = gaps.chunks(block).zip(reached.chunks_mut(block));
        for (number, (gaps, out)) in blocks.enumerate() {
            highest.clear();
            highest.extend(used.iter().map(|cycle| {
                let beyond = self.beyond(cycle, gaps);
                beyond.fold(f64::NEG_INFINITY, f64::max)
            }));
            let deviation = at(self.deviation, number);
            for (survived, node) in survived.iter_mut().zip(NODES) {
                let level = node * deviation;
                first.fill(0.0);
                for (cycle, highest) in used.iter().zip(&highest) {
                    if highest + level < 0.0 {
                        continue;
                    }
                    let at = if self.run.is_single() {
                        self.beyond(cycle, gaps)
                            .position(|beyond| beyond + level >= 0.0)
                    } else {
                        self.run_ends(
                            cycle,
                            all,
                            number * block..number * block + gaps.len(),
                            level,
                        )
                    };
                    if let Some(hits) = at.and_then(|at| first.get_mut(at)) {
                        *hits += 1.0;
                    }
                }
                let mut hits = 0.0;
                for (out, first) in out.iter_mut().zip(&first) {
                    hits += first;
                    *out += 1.0 - *survived * (1.0 - hits / count);
                }
                *survived *= 1.0 - hits / count;
            }
        }
        for p in &mut reached {
            *p /= count_f64(NODES.len());
        }
        reached
    }

    /// Step of a block at which a run ends that may have begun in the blocks before it.
    fn run_ends(
        &self,
        cycle: &[f64],
        gaps: &[f64],
        block: core::ops::Range<usize>,
        level: f64,
    ) -> Option<usize> {
        let from = block.start.saturating_sub(self.run.length - 1);
        let phases = cycle.iter().cycle().skip((self.phase + from) % self.block);
        let steps = part(gaps, from, block.end).iter().zip(phases);
        let beyond = steps.map(|(gap, value)| self.sign * value - gap + level >= 0.0);
        self.run.first(beyond, block.start - from, from == 0)
    }

    /// How far each step of a cycle lies beyond the limit.
    fn beyond<'c>(&self, cycle: &'c [f64], gaps: &'c [f64]) -> impl Iterator<Item = f64> + 'c {
        let sign = self.sign;
        let turned = part(cycle, self.phase, cycle.len())
            .iter()
            .chain(part(cycle, 0, self.phase));
        turned.zip(gaps).map(move |(value, gap)| {
            let beyond = sign * value - gap;
            if beyond.is_nan() {
                f64::NEG_INFINITY
            } else {
                beyond
            }
        })
    }
}
