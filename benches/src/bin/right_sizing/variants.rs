//! Kinds of memory use that the rule was not made for: leaks released several times a day and with
//! normal noise, a collector's sawtooth every few minutes, weeks, a random walk, fills, spikes that
//! come once in days, and a level with slow noise.

use std::f64::consts::TAU;
use std::time::Duration;

use plimsoll_sim::vertical::UsageSeries;

const STEP: Duration = Duration::from_secs(300);
const STEPS_A_DAY: usize = 288;
const GIB: f64 = 1_073_741_824.0;

/// All of them.
pub(crate) const NAMES: [&str; 8] = [
    "fast-leak",
    "gauss-leak",
    "gc-saw",
    "weekly",
    "random-walk",
    "log-fill",
    "rare-spikes",
    "level",
];

/// Small numbers from a seed: splitmix64, so that a figure does not hang on a crate's generator.
struct Draw(u64);

impl Draw {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low * (high / low).powf(self.uniform())
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// So many days at 5 min.
pub(crate) fn series(name: &str, seed: u64, days: usize) -> UsageSeries {
    let mut draw = Draw(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
    let base = draw.between(0.5, 8.0) * GIB;
    let swing = draw.between(0.2, 3.0);
    let noise = draw.between(0.002, 0.03);
    let (mut at, mut length, mut height) = (0.0_f64, 1.0_f64, 0.0_f64);
    let (mut walk, mut slow) = (0.0_f64, 0.0_f64);
    let period = match name {
        "fast-leak" => draw.between(24.0, 120.0),
        "gc-saw" => draw.between(2.0, 8.0),
        "rare-spikes" => draw.between(288.0, 2000.0),
        _ => draw.between(60.0, 1000.0),
    };
    let values = (0..days * STEPS_A_DAY).map(|step| {
        at += 1.0;
        if at > length {
            (at, length) = (0.0, period * draw.between(0.5, 2.0));
            height = swing * draw.between(0.7, 1.4);
        }
        let day = step as f64 / STEPS_A_DAY as f64;
        slow = 0.95 * slow + 0.3 * noise * draw.normal();
        let part = match name {
            "fast-leak" | "gc-saw" => height * at / length,
            "gauss-leak" => height * (at / length).powf(1.5),
            "log-fill" => height * (1.0 + 20.0 * at / length).ln() / 3.0,
            "weekly" => {
                let week = (0.5 + 0.5 * (TAU * day / 7.0).cos()) * swing;
                week * (0.7 + 0.3 * (TAU * day).cos())
            }
            "random-walk" => {
                walk = (walk + 0.01 * draw.normal()).clamp(0.0, swing);
                walk
            }
            "rare-spikes" if at < 6.0 => height,
            _ => 0.0,
        };
        let wild = match name {
            "gauss-leak" => noise * draw.normal(),
            "level" | "log-fill" => slow,
            _ => noise * (2.0 * draw.uniform() - 1.0),
        };
        Some((base * (1.0 + part) * (1.0 + wild).max(0.1)).round())
    });
    UsageSeries {
        start: Duration::from_secs(1_767_571_200),
        step: STEP,
        memory_bytes: values.collect(),
        cpu_cores: Vec::new(),
    }
}
