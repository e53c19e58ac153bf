use core::time::Duration;

use crate::ConfigError;

/// Why samples did not become a series, or a series could not answer.
///
/// ```
/// use capacity_forecast::{Series, SeriesConfig, SeriesError};
/// let refused = Series::from_samples([], &SeriesConfig::default());
/// assert_eq!(refused, Err(SeriesError::TooFew { have: 0, rejected: 0, need: 2 }));
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SeriesError {
    /// The configuration is refused.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Too few usable samples: two to infer a step or a counter's increase, otherwise one.
    #[error("{have} samples are usable ({rejected} rejected), must be at least {need}")]
    TooFew {
        /// Usable samples.
        have: usize,
        /// Samples that are not finite, or negative for a counter.
        rejected: usize,
        /// Samples needed.
        need: usize,
    },
    /// The step cannot be inferred: every sample has the same time.
    #[error("step is not given and every sample has the time {at:?} since the epoch")]
    NoStep {
        /// The one time.
        at: Duration,
    },
    /// The samples' times span more steps than allowed.
    #[error("the grid has {values} values of {step:?}, must be at most max_values ({max})")]
    TooLong {
        /// Values that the grid would have.
        values: u128,
        /// Its step.
        step: Duration,
        /// The configured bound.
        max: usize,
    },
    /// A grid time is beyond what a [`Duration`] holds.
    #[error("a grid from {start:?} of {values} values of {step:?} ends beyond any time")]
    BeyondTime {
        /// First grid time.
        start: Duration,
        /// Step.
        step: Duration,
        /// Number of values.
        values: u128,
    },
    /// No two samples of a counter lie close enough to know its increase in any step.
    #[error("no two of the counter's {samples} samples are within {reach:?}")]
    NoIncrease {
        /// Usable samples.
        samples: usize,
        /// Longest distance over which an increase is spread.
        reach: Duration,
    },
    /// The newest sample is later than the moment asked for.
    #[error("the newest sample is {ahead:?} after now")]
    FromTheFuture {
        /// By how much.
        ahead: Duration,
    },
    /// Every value is missing.
    #[error("every one of the series' {count} values is missing")]
    AllMissing {
        /// Values of the grid.
        count: usize,
    },
    /// Stored data contradict themselves.
    #[error("{field} is {value}, must be {bound}")]
    Inconsistent {
        /// Path of the field.
        field: &'static str,
        /// The value given.
        value: String,
        /// The range it must lie in.
        bound: &'static str,
    },
}
