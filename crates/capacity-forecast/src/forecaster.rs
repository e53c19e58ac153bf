//! What a member of the pool is: a history goes in, one value a step comes out.

use core::fmt::Debug;

use crate::error::ForecastError;
use crate::numeric::part;

/// What a member sees: an evenly spaced history up to an origin, without gaps.
///
/// Every value is finite; where nothing was measured the value was filled in and `observed` is
/// `false`. Seasons are in steps, ascending, each at least 2; none where the series has none.
///
/// ```
/// use capacity_forecast::History;
/// let values = [1.0, 2.0, 3.0, 4.0];
/// let history = History::new(&values, &[true, true, false, true], &[2])?;
/// assert_eq!(history.up_to(3).values(), &[1.0, 2.0, 3.0]);
/// # Ok::<(), capacity_forecast::ForecastError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct History<'a> {
    values: &'a [f64],
    observed: &'a [bool],
    seasons: &'a [usize],
}

impl<'a> History<'a> {
    /// Takes a history as it is; O(n).
    ///
    /// # Errors
    /// [`ForecastError::OutOfRange`] unless `observed` is as long as `values` and the seasons ascend
    /// from 2; [`ForecastError::NotFinite`] with the first value that is not a finite number.
    ///
    /// ```
    /// use capacity_forecast::{ForecastError, History};
    /// let refused = History::new(&[1.0, f64::NAN], &[true, true], &[]);
    /// assert!(matches!(refused, Err(ForecastError::NotFinite { index: 1, .. })));
    /// ```
    pub fn new(
        values: &'a [f64],
        observed: &'a [bool],
        seasons: &'a [usize],
    ) -> Result<Self, ForecastError> {
        if observed.len() != values.len() {
            return Err(ForecastError::OutOfRange {
                what: "the number of observed flags".to_owned(),
                value: observed.len().to_string(),
                bound: format!("that of the values, {}", values.len()),
            });
        }
        let mut least = 2;
        for season in seasons {
            if *season < least {
                return Err(ForecastError::OutOfRange {
                    what: "a season".to_owned(),
                    value: season.to_string(),
                    bound: format!("at least {least} steps"),
                });
            }
            least = season + 1;
        }
        check_finite(values)?;
        Ok(Self {
            values,
            observed,
            seasons,
        })
    }

    /// The values, oldest first.
    ///
    /// ```
    /// # use capacity_forecast::History;
    /// assert_eq!(History::new(&[1.0], &[true], &[])?.values(), &[1.0]);
    /// # Ok::<(), capacity_forecast::ForecastError>(())
    /// ```
    #[must_use]
    pub const fn values(&self) -> &'a [f64] {
        self.values
    }

    /// Whether each value was measured (`true`) or filled in.
    ///
    /// ```
    /// # use capacity_forecast::History;
    /// assert_eq!(History::new(&[1.0], &[true], &[])?.observed(), &[true]);
    /// # Ok::<(), capacity_forecast::ForecastError>(())
    /// ```
    #[must_use]
    pub const fn observed(&self) -> &'a [bool] {
        self.observed
    }

    /// Season lengths, in steps, ascending.
    ///
    /// ```
    /// # use capacity_forecast::History;
    /// assert_eq!(History::new(&[1.0], &[true], &[24, 168])?.seasons(), &[24, 168]);
    /// # Ok::<(), capacity_forecast::ForecastError>(())
    /// ```
    #[must_use]
    pub const fn seasons(&self) -> &'a [usize] {
        self.seasons
    }

    /// The shortest season in steps; 1 where there is none.
    ///
    /// ```
    /// # use capacity_forecast::History;
    /// assert_eq!(History::new(&[1.0], &[true], &[24, 168])?.season(), 24);
    /// assert_eq!(History::new(&[1.0], &[true], &[])?.season(), 1);
    /// # Ok::<(), capacity_forecast::ForecastError>(())
    /// ```
    #[must_use]
    pub fn season(&self) -> usize {
        self.seasons.first().copied().unwrap_or(1)
    }

    /// Number of values.
    ///
    /// ```
    /// # use capacity_forecast::History;
    /// assert_eq!(History::new(&[1.0], &[true], &[])?.len(), 1);
    /// # Ok::<(), capacity_forecast::ForecastError>(())
    /// ```
    #[must_use]
    pub const fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is no value.
    ///
    /// ```
    /// # use capacity_forecast::History;
    /// assert!(History::new(&[], &[], &[])?.is_empty());
    /// # Ok::<(), capacity_forecast::ForecastError>(())
    /// ```
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The first `origin` values; all of them where there are fewer. O(1).
    ///
    /// ```
    /// # use capacity_forecast::History;
    /// let history = History::new(&[1.0, 2.0], &[true, true], &[])?;
    /// assert_eq!(history.up_to(1).values(), &[1.0]);
    /// assert_eq!(history.up_to(9).len(), 2);
    /// # Ok::<(), capacity_forecast::ForecastError>(())
    /// ```
    #[must_use]
    pub fn up_to(&self, origin: usize) -> Self {
        let origin = origin.min(self.len());
        Self {
            values: part(self.values, 0, origin),
            observed: part(self.observed, 0, origin),
            seasons: self.seasons,
        }
    }
}

/// Refuses the first value that is not a finite number.
pub(crate) fn check_finite(values: &[f64]) -> Result<(), ForecastError> {
    values
        .iter()
        .position(|v| !v.is_finite())
        .map_or(Ok(()), |index| {
            let what = "values".to_owned();
            Err(ForecastError::NotFinite { what, index })
        })
}

/// A way to forecast: a member of the pool, or a user's own.
///
/// The same history gives the same values, bit for bit.
///
/// ```
/// use capacity_forecast::{Forecaster, History};
///
/// #[derive(Debug)]
/// struct Mean;
/// impl Forecaster for Mean {
///     fn name(&self) -> &str {
///         "mean"
///     }
///     fn forecast(&self, history: &History<'_>, out: &mut [f64]) -> bool {
///         out.fill(history.values().iter().sum::<f64>() / history.len() as f64);
///         !history.is_empty()
///     }
/// }
///
/// let members: Vec<Box<dyn Forecaster>> = vec![Box::new(Mean)];
/// let history = History::new(&[1.0, 3.0], &[true, true], &[])?;
/// let mut out = [0.0; 2];
/// for member in &members {
///     assert!(member.forecast(&history, &mut out));
/// }
/// assert_eq!(out, [2.0, 2.0]);
/// # Ok::<(), capacity_forecast::ForecastError>(())
/// ```
pub trait Forecaster: Debug + Send + Sync {
    /// A short name, for reports.
    fn name(&self) -> &str;

    /// Writes one value a step ahead, `out.len()` of them. `false` where this history is not enough;
    /// then nothing in `out` may be relied on.
    fn forecast(&self, history: &History<'_>, out: &mut [f64]) -> bool;

    /// The same from several origins, each a length of the history, ascending: one row of `horizon`
    /// values an origin in `rows`, one success an origin in `done`. Override it where one pass
    /// over the history serves all of them.
    fn forecast_each(
        &self,
        history: &History<'_>,
        origins: &[usize],
        horizon: usize,
        rows: &mut [f64],
        done: &mut [bool],
    ) {
        let rows = rows.chunks_exact_mut(horizon.max(1));
        for ((origin, row), done) in origins.iter().zip(rows).zip(done) {
            *done = self.forecast(&history.up_to(*origin), row);
        }
    }
}

impl<T: Forecaster + ?Sized> Forecaster for &T {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn forecast(&self, history: &History<'_>, out: &mut [f64]) -> bool {
        (**self).forecast(history, out)
    }

    fn forecast_each(
        &self,
        history: &History<'_>,
        origins: &[usize],
        horizon: usize,
        rows: &mut [f64],
        done: &mut [bool],
    ) {
        (**self).forecast_each(history, origins, horizon, rows, done);
    }
}

impl<T: Forecaster + ?Sized> Forecaster for Box<T> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn forecast(&self, history: &History<'_>, out: &mut [f64]) -> bool {
        (**self).forecast(history, out)
    }

    fn forecast_each(
        &self,
        history: &History<'_>,
        origins: &[usize],
        horizon: usize,
        rows: &mut [f64],
        done: &mut [bool],
    ) {
        (**self).forecast_each(history, origins, horizon, rows, done);
    }
}
