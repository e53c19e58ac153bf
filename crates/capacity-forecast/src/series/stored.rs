//! A series as stored data; read back, it is validated like any other.

use core::time::Duration;

use super::{
    Counts, Kind, Sampling, Series, SeriesConfig, SeriesError, State, Tally, check_step, counter,
};
use crate::{ConfigError, duration};

/// Only `start`, `step` and `values` (`null` = missing) are needed.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stored {
    #[serde(with = "duration")]
    start: Duration,
    #[serde(with = "duration")]
    step: Duration,
    values: Vec<Option<f64>>,
    #[serde(default)]
    sampling: Sampling,
    #[serde(default)]
    config: SeriesConfig,
    #[serde(default)]
    counts: Counts,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<State>,
    #[serde(default, with = "duration::option")]
    newest: Option<Duration>,
    #[serde(default, with = "duration::option")]
    reach: Option<Duration>,
}

impl From<Series> for Stored {
    fn from(series: Series) -> Self {
        let value = |value: &f64| Some(*value).filter(|value| !value.is_nan());
        Self {
            start: series.start(),
            step: series.step,
            values: series.values().iter().map(value).collect(),
            sampling: series.sampling,
            counts: series.counts,
            state: Some(series.state),
            newest: Some(series.newest),
            reach: Some(series.reach),
            config: series.config,
        }
    }
}

impl TryFrom<Stored> for Series {
    type Error = SeriesError;

    fn try_from(stored: Stored) -> Result<Self, SeriesError> {
        let refuse = |field, value: String, bound| SeriesError::Inconsistent {
            field,
            value,
            bound,
        };
        stored.config.check()?;
        check_step(stored.step)?;
        let count = stored.values.len();
        if count == 0 {
            return Err(SeriesError::TooFew {
                have: 0,
                rejected: 0,
                need: 1,
            });
        }
        if count > stored.config.kept() {
            return Err(SeriesError::TooLong {
                values: count as u128,
                step: stored.step,
                max: stored.config.kept(),
            });
        }
        if let Some(value) = stored.values.iter().flatten().find(|v| !v.is_finite()) {
            return Err(refuse("values", value.to_string(), "finite or null"));
        }
        let empty = State::Gauge {
            bin: Tally::default(),
            instant: Tally::default(),
        };
        let mut series = Self::empty(
            stored.start,
            stored.step,
            stored.sampling,
            empty,
            stored.config,
        );
        series.cells = stored
            .values
            .iter()
            .map(|v| v.unwrap_or(f64::NAN))
            .collect();
        series.observed = stored.values.iter().flatten().count();
        series.settle()?;
        series.counts = stored.counts;
        if stored.counts == Counts::default() {
            series.counts.given = series.observed;
        }
        let counter = matches!(stored.state, Some(State::Counter(_)));
        if counter != (series.config.kind == Kind::Counter) {
            let bound = "a counter's where config.kind is counter, else a gauge's";
            return Err(refuse("state", format!("{:?}", stored.state), bound));
        }
        if let Some(state) = stored.state {
            let fits = match state {
                State::Gauge { bin, instant } => {
                    let empty = bin.count + instant.count == 0;
                    bin.is_finite()
                        && instant.is_finite()
                        && empty == series.cells.last().is_none_or(|value| value.is_nan())
                }
                State::Counter(reading) => {
                    let seen = 0.0..=series.step.as_secs_f64() * 1.001;
                    [reading.value, reading.increase]
                        .iter()
                        .all(|v| v.is_finite() && *v >= 0.0)
                        && seen.contains(&reading.seen)
                }
            };
            if !fits {
                let bound = "finite numbers of the newest step";
                return Err(refuse("state", format!("{state:?}"), bound));
            }
            series.state = state;
        }
        if let Some(newest) = stored.newest {
            let latest = series.end().saturating_add(series.step);
            if newest.saturating_add(series.step) < series.newest || (newest > latest && !counter) {
                let bound = "within the newest step that was observed";
                return Err(refuse("newest", duration::format(newest), bound));
            }
            series.newest = newest;
        }
        series.reach = match stored.reach {
            Some(reach) if reach < series.step => {
                return Err(ConfigError::range(
                    "reach",
                    duration::format(reach),
                    "at least the step",
                )
                .into());
            }
            Some(reach) => reach,
            None => counter::reach(series.step, series.step),
        };
        Ok(series)
    }
}
