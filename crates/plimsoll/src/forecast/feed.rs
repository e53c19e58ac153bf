//! Samples of one metric into its series, without holding them.

use std::time::Duration;

use capacity_forecast::{ForecastError, PlannerConfig, Series, SeriesConfig, SeriesError};

/// Samples that the step is inferred from; they may come in any order. What follows is streamed.
const HEAD: usize = 2048;
/// Steps of the horizon from which on a longer step is taken, unless one is asked for.
const MOST_STEPS: u128 = 400;
/// Values that a longer step must leave of a short file.
const FEWEST: usize = 24;
const MINUTE: u64 = 60;
const HOUR: u64 = 3600;
/// Steps that divide the day.
const STEPS: [u64; 18] = [
    1,
    5,
    15,
    30,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    20 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    4 * HOUR,
    6 * HOUR,
    12 * HOUR,
    24 * HOUR,
];

/// A metric's samples on their way into its series.
pub(super) struct Feed {
    pub(super) name: String,
    config: SeriesConfig,
    horizon: Duration,
    state: State,
}

enum State {
    Head(Vec<(Duration, f64)>),
    Flowing(Box<Series>),
}

impl Feed {
    /// A metric without a sample; where `config` has no step, the horizon decides which is short
    /// enough.
    pub(super) const fn new(name: String, config: SeriesConfig, horizon: Duration) -> Self {
        Self {
            name,
            config,
            horizon,
            state: State::Head(Vec::new()),
        }
    }

    /// Takes a sample.
    pub(super) fn push(&mut self, at: Duration, value: f64) -> Result<(), SeriesError> {
        match &mut self.state {
            State::Flowing(series) => series.push(at, value),
            State::Head(samples) => {
                samples.push((at, value));
                if samples.len() >= HEAD {
                    let series = self.begin(0)?;
                    self.state = State::Flowing(Box::new(series));
                }
                Ok(())
            }
        }
    }

    /// The series of all samples.
    pub(super) fn finish(self) -> Result<Series, ForecastError> {
        let series = match self.state {
            State::Flowing(series) => return Ok(*series),
            State::Head(_) => self.begin(FEWEST),
        };
        series.map_err(refusal)
    }

    /// A coarser step is not taken where it leaves fewer than so many values.
    fn begin(&self, fewest: usize) -> Result<Series, SeriesError> {
        let State::Head(samples) = &self.state else {
            return Err(SeriesError::AllMissing { count: 0 });
        };
        let samples = || samples.iter().copied();
        let series = Series::from_samples(samples(), &self.config)?;
        let step = coarser(series.step(), self.horizon).filter(|_| self.config.step.is_none());
        let Some(step) = step else {
            return Ok(series);
        };
        let config = self.config.clone().with_step(Some(step));
        match Series::from_samples(samples(), &config) {
            Ok(coarse) if coarse.observed() >= fewest => Ok(coarse),
            Err(error) if fewest == 0 => Err(error),
            _ => Ok(series),
        }
    }
}

/// The shortest step that makes few enough of the horizon, where the data's own does not.
fn coarser(step: Duration, horizon: Duration) -> Option<Duration> {
    let few = |step: Duration| horizon.as_nanos() <= MOST_STEPS * step.as_nanos().max(1);
    if few(step) {
        return None;
    }
    let steps = STEPS.into_iter().map(Duration::from_secs);
    let mut longer = steps.filter(|round| *round > step);
    let longest = Duration::from_secs(24 * HOUR);
    longer
        .find(|round| few(*round))
        .or_else(|| (step < longest).then_some(longest))
}

/// Why there is no series, as a reason for there being no forecast.
fn refusal(error: SeriesError) -> ForecastError {
    match error {
        SeriesError::TooFew { have, .. } => ForecastError::TooShort {
            have,
            need: PlannerConfig::default().min_observed,
        },
        SeriesError::AllMissing { count } => ForecastError::AllMissing { count },
        SeriesError::NoStep { .. } => ForecastError::OutOfRange {
            what: "the number of different times".to_owned(),
            value: "1".to_owned(),
            bound: "at least 2, or --step be given".to_owned(),
        },
        SeriesError::TooLong { values, step, max } => ForecastError::OutOfRange {
            what: "the time from the first sample to the last".to_owned(),
            value: format!("{values} steps of {step:?}"),
            bound: format!("at most {max}: is one of the times wrong?"),
        },
        // No step of a counter was seen enough.
        SeriesError::NoIncrease { .. } => ForecastError::TooShort {
            have: 0,
            need: PlannerConfig::default().min_observed,
        },
        other => ForecastError::OutOfRange {
            what: "the series".to_owned(),
            value: other.to_string(),
            bound: "one that can be put on a grid".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn steps_get_longer_with_the_horizon() {
        let week = seconds(7 * 24 * HOUR);
        assert_eq!(coarser(seconds(HOUR), week), None);
        assert_eq!(coarser(seconds(300), week), Some(seconds(1800)));
        assert_eq!(coarser(seconds(60), week / 7), Some(seconds(300)));
        assert_eq!(coarser(seconds(15), 60 * week), Some(seconds(24 * HOUR)));
        assert_eq!(coarser(seconds(24 * HOUR), 600 * week), None);
    }

    #[test]
    fn what_is_beyond_the_head_is_streamed() {
        let config = SeriesConfig::default().with_keep(Some(100));
        let mut feed = Feed::new("a".to_owned(), config, seconds(3600));
        for minute in 0..5000 {
            feed.push(seconds(60 * minute), minute as f64).unwrap();
        }
        let series = feed.finish().unwrap();
        assert_eq!((series.len(), series.step()), (100, seconds(60)));
        assert_eq!(series.last_observed(), Some((seconds(60 * 4999), 4999.0)));
        assert_eq!(series.repairs().given, 5000);
    }

    #[test]
    fn a_wrong_time_is_told() {
        let mut feed = Feed::new("a".to_owned(), SeriesConfig::default(), seconds(3600));
        for at in [0, 1_400_000_000, 1_400_000_060, 1_400_000_120] {
            feed.push(seconds(at), 1.0).unwrap();
        }
        let said = feed.finish().unwrap_err().to_string();
        assert!(
            said.ends_with("at most 1048576: is one of the times wrong?"),
            "{said}"
        );
    }
}
