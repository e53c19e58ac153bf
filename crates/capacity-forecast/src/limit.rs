//! What must not be reached, from which side, and for how long.

use crate::error::ForecastError;

/// From which side a limit is reached.
///
/// ```
/// use capacity_forecast::{Direction, Limit};
/// assert_eq!(Limit::at_most(10.0).direction, Direction::Falling);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Direction {
    /// Values at or above the limit reach it: use, queue length, response time.
    #[default]
    Rising,
    /// Values at or below it do: free bytes, cache hits.
    Falling,
}

/// A limit's value.
///
/// ```
/// use capacity_forecast::{Limit, LimitValue};
/// assert_eq!(Limit::at_least(0.9).value, LimitValue::Constant(0.9));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum LimitValue {
    /// The same at all times.
    Constant(f64),
    /// One value a step ahead, at least as many as the plan has: capacity that is ordered already.
    Steps(Vec<f64>),
}

/// How many of the newest values must lie beyond a limit; both at least 1, at most 1000.
///
/// ```
/// use capacity_forecast::Sustained;
/// assert_eq!(Sustained::default(), Sustained { hits: 1, of: 1 });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Sustained {
    /// So many …
    pub hits: usize,
    /// … of so many values in a row.
    pub of: usize,
}

impl Default for Sustained {
    fn default() -> Self {
        Self { hits: 1, of: 1 }
    }
}

/// A limit to be held against a plan.
///
/// ```
/// use capacity_forecast::Limit;
/// // Free space below 10 GiB, three values in a row.
/// let limit = Limit::at_most(10.0 * 1024.0_f64.powi(3)).with_sustained(3, 3);
/// assert_eq!(limit.sustained.hits, 3);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Limit {
    /// Where it lies, in the series' unit.
    pub value: LimitValue,
    /// From which side it is reached.
    #[cfg_attr(feature = "serde", serde(default))]
    pub direction: Direction,
    /// For how long.
    #[cfg_attr(feature = "serde", serde(default))]
    pub sustained: Sustained,
}

impl Limit {
    /// Reached by a value at or above `value`.
    ///
    /// ```
    /// use capacity_forecast::{Direction, Limit};
    /// assert_eq!(Limit::at_least(0.9).direction, Direction::Rising);
    /// ```
    #[must_use]
    pub const fn at_least(value: f64) -> Self {
        Self {
            value: LimitValue::Constant(value),
            direction: Direction::Rising,
            sustained: Sustained { hits: 1, of: 1 },
        }
    }

    /// Reached by a value at or below `value`.
    ///
    /// ```
    /// use capacity_forecast::{Direction, Limit};
    /// assert_eq!(Limit::at_most(0.1).direction, Direction::Falling);
    /// ```
    #[must_use]
    pub const fn at_most(value: f64) -> Self {
        Self {
            value: LimitValue::Constant(value),
            direction: Direction::Falling,
            sustained: Sustained { hits: 1, of: 1 },
        }
    }

    /// The same with a value for every step ahead.
    ///
    /// ```
    /// use capacity_forecast::{Limit, LimitValue};
    /// let grown = Limit::at_least(0.0).with_steps(vec![80.0, 80.0, 120.0]);
    /// assert!(matches!(grown.value, LimitValue::Steps(_)));
    /// ```
    #[must_use]
    pub fn with_steps(mut self, values: Vec<f64>) -> Self {
        self.value = LimitValue::Steps(values);
        self
    }

    /// The same, reached only by `hits` of `of` values in a row.
    ///
    /// ```
    /// use capacity_forecast::{Limit, Sustained};
    /// let limit = Limit::at_least(0.9).with_sustained(2, 5);
    /// assert_eq!(limit.sustained, Sustained { hits: 2, of: 5 });
    /// ```
    #[must_use]
    pub const fn with_sustained(mut self, hits: usize, of: usize) -> Self {
        self.sustained = Sustained { hits, of };
        self
    }

    /// 1 where it is reached from below, -1 from above.
    pub(crate) const fn sign(&self) -> f64 {
        match self.direction {
            Direction::Rising => 1.0,
            Direction::Falling => -1.0,
        }
    }

    /// The value at a step ahead.
    pub(crate) fn at(&self, step: usize) -> f64 {
        match &self.value {
            LimitValue::Constant(value) => *value,
            LimitValue::Steps(values) => values
                .get(step)
                .or(values.last())
                .copied()
                .unwrap_or(f64::NAN),
        }
    }

    /// Checks it against a plan of so many steps.
    pub(crate) fn check(&self, steps: usize) -> Result<(), ForecastError> {
        let refuse = |what: String, value: String, bound: &str| {
            let bound = bound.to_owned();
            Err(ForecastError::OutOfRange { what, value, bound })
        };
        match &self.value {
            LimitValue::Constant(value) if !value.is_finite() => {
                return refuse("limit".to_owned(), value.to_string(), "a finite number");
            }
            LimitValue::Constant(_) => {}
            LimitValue::Steps(values) => {
                if values.len() < steps {
                    let have = values.len().to_string();
                    let need = format!("at least {steps} values, one a step ahead");
                    return refuse("limit.steps".to_owned(), have, &need);
                }
                if let Some(step) = values.iter().position(|value| !value.is_finite()) {
                    let value = self.at(step).to_string();
                    return refuse(format!("limit.steps[{step}]"), value, "a finite number");
                }
            }
        }
        let Sustained { hits, of } = self.sustained;
        if !(1..=1000).contains(&of) {
            return refuse(
                "limit.sustained.of".to_owned(),
                of.to_string(),
                "between 1 and 1000",
            );
        }
        if !(1..=of).contains(&hits) {
            let bound = format!("between 1 and of ({of})");
            return refuse("limit.sustained.hits".to_owned(), hits.to_string(), &bound);
        }
        Ok(())
    }
}
