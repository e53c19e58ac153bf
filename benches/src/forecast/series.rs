//! The recorded series that are shipped, see `data/README.md`.

use std::time::Duration;

use capacity_forecast::Series;
use serde::Deserialize;

const HOURLY: &str = include_str!("../../data/ops-hourly.json");
const FIVE_MINUTES: &str = include_str!("../../data/ops-5min.json");

/// Series of one kind.
#[derive(Clone, Debug, Deserialize)]
pub struct Track {
    /// What they are.
    pub track: String,
    /// The series.
    pub series: Vec<Recorded>,
}

/// A recorded series.
#[derive(Clone, Debug, Deserialize)]
pub struct Recorded {
    /// Source and name.
    pub id: String,
    /// Seconds from value to value.
    pub step_seconds: u64,
    /// Seasons in steps, shortest first.
    pub season_lengths: Vec<usize>,
    /// Values, `None` = missing.
    pub values: Vec<Option<f64>>,
}

impl Track {
    /// Means of hours.
    ///
    /// # Panics
    /// If what is shipped was spoilt.
    #[must_use]
    pub fn hourly() -> Self {
        serde_json::from_str(HOURLY).expect("the shipped series")
    }

    /// Means of five minutes.
    ///
    /// # Panics
    /// If what is shipped was spoilt.
    #[must_use]
    pub fn five_minutes() -> Self {
        serde_json::from_str(FIVE_MINUTES).expect("the shipped series")
    }

    /// The series that are long enough for `count` values and `after` more.
    pub fn longer(&self, count: usize, after: usize) -> impl Iterator<Item = &Recorded> {
        let long = move |series: &&Recorded| series.values.len() >= count + after;
        self.series.iter().filter(long)
    }
}

impl Recorded {
    /// Time from value to value.
    #[must_use]
    pub const fn step(&self) -> Duration {
        Duration::from_secs(self.step_seconds)
    }

    /// Its seasons.
    #[must_use]
    pub fn seasons(&self) -> Vec<Duration> {
        let steps = self.season_lengths.iter();
        steps.map(|steps| self.step() * *steps as u32).collect()
    }

    /// `count` values, `after` before the end.
    ///
    /// # Panics
    /// If there are fewer.
    #[must_use]
    pub fn window(&self, count: usize, after: usize) -> Series {
        let end = self.values.len() - after;
        let values = self.values[end - count..end].iter().copied();
        Series::from_grid(Duration::ZERO, self.step(), values).expect("finite values")
    }

    /// The largest value.
    #[must_use]
    pub fn most(&self) -> f64 {
        let values = self.values.iter().flatten().copied();
        values.fold(f64::NEG_INFINITY, f64::max)
    }
}
