use core::time::Duration;

use crate::duration::about;

/// Why a configuration was refused. Each message names the field, the value and the bound.
///
/// ```
/// use capacity_forecast::ConfigError;
/// let error = ConfigError::OutOfRange {
///     field: "horizon".to_owned(),
///     value: "0".to_owned(),
///     bound: "at least one step",
/// };
/// assert_eq!(error.to_string(), "horizon is 0, must be at least one step");
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A number is outside its range.
    #[error("{field} is {value}, must be {bound}")]
    OutOfRange {
        /// Path of the field, for example `events[0].factor`.
        field: String,
        /// The value given.
        value: String,
        /// The range it must lie in.
        bound: &'static str,
    },
    /// Two fields contradict each other.
    #[error("{field} is {value}, must be {relation} {other} ({other_value})")]
    Inconsistent {
        /// Path of the field.
        field: &'static str,
        /// The value given.
        value: String,
        /// The relation that must hold, such as "at least".
        relation: &'static str,
        /// Path of the other field.
        other: &'static str,
        /// The other field's value.
        other_value: String,
    },
}

impl ConfigError {
    pub(crate) fn range(
        field: impl Into<String>,
        value: impl ToString,
        bound: &'static str,
    ) -> Self {
        Self::OutOfRange {
            field: field.into(),
            value: value.to_string(),
            bound,
        }
    }

    /// The same, said of a field within another configuration.
    pub(crate) fn within(self, path: &str) -> Self {
        match self {
            Self::OutOfRange {
                field,
                value,
                bound,
            } => Self::OutOfRange {
                field: format!("{path}.{field}"),
                value,
                bound,
            },
            other => other,
        }
    }
}

/// Why there is no forecast. Never a silent `None`: each says what is missing, and how much.
///
/// ```
/// use capacity_forecast::ForecastError;
/// let error = ForecastError::TooShort { have: 3, need: 8 };
/// assert_eq!(error.to_string(), "the series has 3 observed values, must be at least 8");
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ForecastError {
    /// Too few values were observed.
    #[error("the series has {have} observed values, must be at least {need}")]
    TooShort {
        /// Observed values.
        have: usize,
        /// Values needed.
        need: usize,
    },
    /// No series was given.
    #[error("no series was given")]
    NoSeries,
    /// No value was observed at all.
    #[error("every one of the series' {count} values is missing")]
    AllMissing {
        /// Values of the grid.
        count: usize,
    },
    /// A value is NaN or infinite.
    #[error("{what}[{index}] is not finite")]
    NotFinite {
        /// Which series.
        what: String,
        /// Where it stands; the oldest value is 0.
        index: usize,
    },
    /// All values are the same, so that nothing can be estimated.
    #[error("each of the series' {count} values is {value}: nothing can be estimated")]
    Constant {
        /// Number of values.
        count: usize,
        /// The one value.
        value: f64,
    },
    /// A model cannot follow the series with finite, positive numbers where it needs them.
    #[error("{model} does not fit the series")]
    NoFit {
        /// The model, or the family of which none fits.
        model: String,
    },
    /// The newest value is too old to go on from.
    #[error("the newest value is {} old, must be at most {}", about(*age), about(*limit))]
    Stale {
        /// Age of the newest observed value.
        #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
        age: Duration,
        /// What is accepted.
        #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
        limit: Duration,
    },
    /// The series ends after the moment that is asked for.
    #[error("the series ends {} after now", about(*ahead))]
    FromTheFuture {
        /// How far it reaches beyond `now`.
        #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
        ahead: Duration,
    },
    /// What was asked for lies outside what the plan covers.
    #[error("{what} is {value}, must be {bound}")]
    OutOfRange {
        /// What was asked for.
        what: String,
        /// The value given.
        value: String,
        /// The range it must lie in.
        bound: String,
    },
    /// A part of a state that was read back contradicts another.
    #[error("{what} does not belong to the rest of the state")]
    Inconsistent {
        /// Path of the part.
        what: String,
    },
    /// Two series that belong together differ in length.
    #[error("{what} has {have} values, must have {need}")]
    LengthMismatch {
        /// Which series.
        what: String,
        /// Its length.
        have: usize,
        /// The length of the series that it belongs to.
        need: usize,
    },
    /// Too few scores for an interval of this level: it would have to be infinite.
    #[error("not calibrated: {have} scores, must be at least {need}")]
    NotCalibrated {
        /// Scores that there are.
        have: usize,
        /// Scores that the level needs.
        need: usize,
    },
}

impl ForecastError {
    pub(crate) fn range(
        what: impl Into<String>,
        value: impl ToString,
        bound: impl Into<String>,
    ) -> Self {
        Self::OutOfRange {
            what: what.into(),
            value: value.to_string(),
            bound: bound.into(),
        }
    }
}
