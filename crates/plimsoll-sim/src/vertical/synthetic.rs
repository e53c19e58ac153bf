use std::f64::consts::TAU;
use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::series::UsageSeries;

const STEP: Duration = Duration::from_secs(300);
const STEPS_A_DAY: usize = 288;
/// A Monday.
const START: Duration = Duration::from_secs(1_767_571_200);
const MIB: f64 = 1_048_576.0;

/// How a container's memory moves. Sizes, periods and noise are drawn from the seed.
///
/// ```
/// use plimsoll_sim::vertical::MemoryPattern;
/// let series = MemoryPattern::Leak.series(3, 28);
/// assert_eq!(series.len(), 28 * 288); // every five minutes
/// assert_eq!(series, MemoryPattern::Leak.series(3, 28));
/// assert_ne!(series, MemoryPattern::Leak.series(4, 28));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MemoryPattern {
    /// It grows evenly and is released: a sawtooth whose teeth last 4 to 72 hours.
    Leak,
    /// It grows towards a full cache and is released every 1 to 6 days.
    CacheFill,
    /// It follows the time of day, less at weekends.
    Daily,
    /// It is level, with peaks of 5 minutes to 2 hours once or a few times a day.
    Spikes,
}

impl MemoryPattern {
    /// All of them.
    ///
    /// ```
    /// assert_eq!(plimsoll_sim::vertical::MemoryPattern::ALL.len(), 4);
    /// ```
    pub const ALL: [Self; 4] = [Self::Leak, Self::CacheFill, Self::Daily, Self::Spikes];

    /// Its name.
    ///
    /// ```
    /// assert_eq!(plimsoll_sim::vertical::MemoryPattern::CacheFill.name(), "cache-fill");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Leak => "leak",
            Self::CacheFill => "cache-fill",
            Self::Daily => "daily",
            Self::Spikes => "spikes",
        }
    }

    /// So many days at 5 min.
    ///
    /// ```
    /// use plimsoll_sim::vertical::MemoryPattern;
    /// let bytes = MemoryPattern::Spikes.series(1, 21).memory_bytes;
    /// assert!(bytes.iter().flatten().all(|bytes| *bytes > 300e6));
    /// ```
    #[must_use]
    pub fn series(self, seed: u64, days: usize) -> UsageSeries {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut pattern = Pattern::new(self, &mut rng);
        let values = (0..days * STEPS_A_DAY).map(|step| {
            let noise = 1.0 + pattern.noise * (rng.random::<f64>() + rng.random::<f64>() - 1.0);
            Some((pattern.next(step, &mut rng) * noise).round())
        });
        UsageSeries {
            start: START,
            step: STEP,
            memory_bytes: values.collect(),
            cpu_cores: Vec::new(),
        }
    }
}

struct Pattern {
    kind: MemoryPattern,
    base: f64,
    /// What comes on top of the base at most.
    swing: f64,
    /// Mean steps of a tooth or between spikes.
    period: f64,
    noise: f64,
    /// Hour of the daily peak.
    hour: f64,
    weekend: f64,
    /// Steps since the last release; of the present tooth; and what the present tooth or spike adds.
    since: f64,
    length: f64,
    height: f64,
}

impl Pattern {
    fn new(kind: MemoryPattern, rng: &mut ChaCha8Rng) -> Self {
        let between = |rng: &mut ChaCha8Rng, low: f64, high: f64| {
            low * (high / low).powf(rng.random::<f64>())
        };
        let base = between(rng, 512.0, 8192.0) * MIB;
        let hours = match kind {
            MemoryPattern::Leak => between(rng, 4.0, 72.0),
            MemoryPattern::CacheFill => between(rng, 24.0, 144.0),
            MemoryPattern::Daily => 24.0,
            MemoryPattern::Spikes => between(rng, 6.0, 24.0),
        };
        let mut pattern = Self {
            kind,
            base,
            swing: base * between(rng, 0.3, 2.0),
            period: hours * 12.0,
            noise: between(rng, 0.005, 0.05),
            hour: 24.0 * rng.random::<f64>(),
            weekend: 0.3 + 0.7 * rng.random::<f64>(),
            since: 0.0,
            length: 0.0,
            height: 0.0,
        };
        pattern.release(rng);
        // Somewhere in its first tooth.
        pattern.since = (pattern.length * rng.random::<f64>()).floor();
        pattern
    }

    /// A new tooth, or the wait for a new spike.
    fn release(&mut self, rng: &mut ChaCha8Rng) {
        self.since = 0.0;
        self.length = self.period * (0.7 + 0.6 * rng.random::<f64>());
        self.height = self.swing * (0.85 + 0.3 * rng.random::<f64>());
    }

    fn next(&mut self, step: usize, rng: &mut ChaCha8Rng) -> f64 {
        self.since += 1.0;
        let spike = self.kind == MemoryPattern::Spikes;
        // A spike lasts 1 to 24 steps beyond its wait.
        let lasts = if spike {
            1.0 + (self.height / self.swing - 0.85) / 0.3 * 23.0
        } else {
            0.0
        };
        if self.since > self.length + lasts {
            self.release(rng);
        }
        let part = match self.kind {
            MemoryPattern::Leak => self.height * self.since / self.length,
            MemoryPattern::CacheFill => {
                self.height * (1.0 - (-4.0 * self.since / self.length).exp())
            }
            MemoryPattern::Daily => {
                let hour = (step % STEPS_A_DAY) as f64 / 12.0;
                let weekend = (step / STEPS_A_DAY) % 7 >= 5;
                let height = self.swing * if weekend { self.weekend } else { 1.0 };
                height * (0.5 + 0.5 * (TAU * (hour - self.hour) / 24.0).cos())
            }
            MemoryPattern::Spikes if self.since > self.length => self.height,
            MemoryPattern::Spikes => 0.0,
        };
        self.base + part
    }
}
