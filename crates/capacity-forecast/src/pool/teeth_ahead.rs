//! A saw-tooth's futures: paths on an even sequence of drops, bottoms and slopes, none drawn; and the
//! member of the pool, whose teeth are all usual.
//!
//! A future tooth is one of the past with its length and bottom moved by half their standard
//! deviation (a normal kernel); the present one ends as those that lasted as long. Path j takes the
//! fractions of j√p for the primes p as its uniform numbers (Kronecker's sequence), so that a hundred
//! paths are as even as many more drawn ones. O(paths × steps).

use super::breach::Run;
use super::forecasts::{Forecasts, Member};
use super::task::Task;
use super::teeth::{Drops, Teeth, Tooth, moments, present};
use crate::normal::normal_quantile;
use crate::numeric::{at, count_f64, median, part, tail, trunc_count};

const PATHS: usize = 128;
/// Kernel's width in standard deviations; of a length at least so many steps.
const KERNEL: f64 = 0.5;
const LEAST_KERNEL: f64 = 0.3;
/// Where none lasted as long as the present one, the drop comes within this share of the mean length.
const SOON: f64 = 0.1;
/// Teeth that the member's usual one is the median of, and the fewest.
const USUAL_OF: usize = 10;
const FEWEST: usize = 2;
const PRIMES: [f64; 12] = [
    2.0, 3.0, 5.0, 7.0, 11.0, 13.0, 17.0, 19.0, 23.0, 29.0, 31.0, 37.0,
];

/// A tooth that was chosen; `end` is when it drops.
#[derive(Clone, Copy)]
struct Chosen {
    bottom: f64,
    slope: f64,
    end: f64,
}

impl Teeth {
    /// P(limit reached by step i + 1), as [`Paths::probability`](super::breach::Paths::probability);
    /// `levels`: the limit at each step. `skipped`: steps ahead that lie in the past by now.
    pub(super) fn reached(&self, levels: &[f64], sign: f64, run: &Run, skipped: usize) -> Vec<f64> {
        let mut reached = vec![0.0; levels.len()];
        let mut path = vec![0.0; skipped + levels.len()];
        let lengths = moments(&self.of(|tooth| tooth.steps));
        let bottoms = moments(&self.of(|tooth| tooth.bottom)).1.sqrt();
        let tops = moments(&self.of(Tooth::top)).1.sqrt();
        let kernels = Kernels {
            length: lengths.0,
            lengths: (KERNEL * lengths.1.sqrt()).max(LEAST_KERNEL),
            bottoms: KERNEL * bottoms,
            tops: KERNEL * tops,
        };
        for number in 0..PATHS {
            self.draw(number, &kernels, &mut path);
            let beyond = part(&path, skipped, path.len())
                .iter()
                .zip(levels)
                .map(|(value, level)| sign * (value - level) >= 0.0);
            let first = run.first(beyond, 0, true);
            if let Some(hits) = first.and_then(|first| reached.get_mut(first)) {
                *hits += 1.0;
            }
        }
        let mut hits = 0.0;
        for p in &mut reached {
            hits += *p;
            *p = hits / count_f64(PATHS);
        }
        reached
    }

    fn of(&self, what: impl Fn(&Tooth) -> f64) -> Vec<f64> {
        self.teeth.iter().map(what).collect()
    }

    fn draw(&self, number: usize, kernels: &Kernels, path: &mut [f64]) {
        let place = count_f64(number) + 0.5;
        let mut primes = PRIMES.iter().cycle();
        let mut even = || (place * primes.next().copied().unwrap_or(2.0).sqrt()).fract();
        let offset = trunc_count(even() * count_f64(self.noise.len()));
        let mut tooth = self.finish(kernels, even(), even());
        let mut age = self.present.steps;
        let mut number = 0.0;
        let noise = self.noise.iter().cycle().skip(offset);
        let season = self.profile.iter().cycle();
        for (out, (noise, usual)) in path.iter_mut().zip(noise.zip(season)) {
            while age >= tooth.end {
                age = (age - tooth.end).clamp(0.0, 1.0);
                number += 1.0;
                tooth = self.next(kernels, number, even(), even());
            }
            *out = self.sign() * (tooth.bottom + tooth.slope * age + usual + noise);
            age += 1.0;
        }
    }

    /// How the present tooth ends.
    fn finish(&self, kernels: &Kernels, which: f64, how: f64) -> Chosen {
        let Tooth {
            steps: age,
            bottom,
            slope,
        } = self.present;
        let level = bottom + slope * (age - 1.0);
        let lasts = |tooth: &&Tooth| {
            if self.by_level {
                tooth.top() > level
            } else {
                tooth.steps >= age
            }
        };
        let count = self.teeth.iter().filter(lasts).count();
        let moved = moved(how);
        let mut chosen = self.teeth.iter().filter(lasts);
        let end = match chosen.nth(trunc_count(which * count_f64(count))) {
            Some(tooth) if self.by_level => {
                let left = tooth.top() + kernels.tops * moved - level;
                age - 1.0 + left / slope.max(1e-300)
            }
            Some(tooth) => tooth.steps + kernels.lengths * moved,
            None => age + SOON * which * kernels.length,
        };
        Chosen {
            bottom,
            slope,
            end: end.max(age),
        }
    }

    /// The tooth after it, `number` on.
    fn next(&self, kernels: &Kernels, number: f64, which: f64, how: f64) -> Chosen {
        let place = which * count_f64(self.teeth.len());
        let tooth = self.teeth.get(trunc_count(place)).unwrap_or(&self.present);
        let raise = self.growth * number;
        let bottom = tooth.bottom + raise + kernels.bottoms * moved(place.fract());
        let end = if self.by_level {
            let top = tooth.top() + raise + kernels.tops * moved(how);
            (top - bottom) / tooth.slope.max(1e-300)
        } else {
            tooth.steps + kernels.lengths * moved(how)
        };
        Chosen {
            bottom,
            slope: tooth.slope,
            end: end.max(1.0),
        }
    }

    #[cfg(feature = "serde")]
    pub(super) fn is_sound(&self) -> bool {
        let numbers = |tooth: &Tooth| {
            tooth.steps >= 1.0
                && tooth.steps.is_finite()
                && tooth.bottom.is_finite()
                && tooth.slope.is_finite()
        };
        !self.teeth.is_empty()
            && self.teeth.iter().chain([&self.present]).all(numbers)
            && self.growth.is_finite()
            && !self.noise.is_empty()
            && !self.profile.is_empty()
            && self
                .noise
                .iter()
                .chain(&self.profile)
                .all(|v| v.is_finite())
    }
}

/// Standard normal deviate of an even number.
fn moved(even: f64) -> f64 {
    normal_quantile(even.clamp(0.001, 0.999))
}

struct Kernels {
    length: f64,
    lengths: f64,
    bottoms: f64,
    tops: f64,
}

/// Adds the member: from each origin the present tooth, and usual ones after it.
pub(super) fn member(task: &Task<'_>, drops: &Drops, whole: &Teeth, forecasts: &mut Forecasts) {
    let noise = moments(&whole.noise).1;
    let count = task.values.len();
    let season = whole.profile.len();
    let values: Vec<f64> = task
        .values
        .iter()
        .zip(whole.profile.iter().cycle().skip(season - count % season))
        .map(|(value, usual)| whole.sign() * value - usual)
        .collect();
    forecasts.add([Member::Teeth], |[rows]| {
        for (origin, row) in task.origins.iter().zip(rows) {
            let known = drops.steps.partition_point(|step| step < origin);
            let steps = tail(part(&drops.steps, 0, known), USUAL_OF + 1);
            let teeth: Vec<Tooth> = steps
                .windows(2)
                .map(|pair| {
                    let (from, to) = (pair.first().copied(), pair.last().copied());
                    Tooth::of(part(&values, from.unwrap_or(0), to.unwrap_or(0)))
                })
                .collect();
            let (Some(last), true) = (steps.last(), teeth.len() >= FEWEST) else {
                row.fill(at(task.values, origin - 1));
                continue;
            };
            let own = present(part(&values, *last, *origin), &teeth, whole.growth, noise);
            let middle =
                |what: fn(&Tooth) -> f64| median(&mut teeth.iter().map(what).collect::<Vec<f64>>());
            let usual = Tooth {
                steps: middle(|tooth| tooth.steps),
                bottom: middle(|tooth| tooth.bottom),
                slope: middle(|tooth| tooth.slope),
            };
            let top = middle(Tooth::top);
            let mut age = own.steps;
            let mut longer: Vec<f64> = teeth
                .iter()
                .map(|tooth| tooth.steps)
                .filter(|steps| *steps >= age)
                .collect();
            let mut end = if whole.by_level {
                (top - own.bottom) / own.slope.max(1e-300)
            } else if longer.is_empty() {
                age
            } else {
                median(&mut longer)
            };
            let mut tooth = own;
            let seasonal = whole.profile.iter().cycle();
            let phase = (origin + season - count % season) % season;
            for (out, adds) in row.iter_mut().zip(seasonal.skip(phase)) {
                while age >= end {
                    age = (age - end).clamp(0.0, 1.0);
                    tooth = usual;
                    end = if whole.by_level {
                        (top - usual.bottom) / usual.slope.max(1e-300)
                    } else {
                        usual.steps
                    };
                    end = end.max(1.0 + age);
                }
                *out = whole.sign() * (tooth.bottom + tooth.slope * age + adds);
                age += 1.0;
            }
        }
    });
}
