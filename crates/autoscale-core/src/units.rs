use core::fmt;

use crate::numeric;

/// Thousandths of a metric's unit, as Kubernetes counts them: millicores for CPU, thousandths of a
/// byte for memory, thousandths of a request per second for a rate.
///
/// ```
/// use autoscale_core::Milli;
/// # fn main() -> Result<(), autoscale_core::ValueError> {
/// assert_eq!(Milli::try_from_units(0.25)?, Milli(250));
/// assert!(Milli::try_from_units(f64::NAN).is_err());
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(transparent)
)]
pub struct Milli(pub i64);

impl Milli {
    /// Converts a value in whole units, rounding to the nearest thousandth.
    ///
    /// # Errors
    /// [`ValueError`] where `units` is NaN, infinite or beyond ±9.2 × 10¹⁵.
    ///
    /// ```
    /// use autoscale_core::Milli;
    /// assert_eq!(Milli::try_from_units(1.2346)?, Milli(1235));
    /// assert!(Milli::try_from_units(1e16).is_err());
    /// # Ok::<(), autoscale_core::ValueError>(())
    /// ```
    pub fn try_from_units(units: f64) -> Result<Self, ValueError> {
        numeric::round_i64(units * 1000.0)
            .map(Self)
            .ok_or(ValueError { value: units })
    }

    /// The value in whole units.
    ///
    /// ```
    /// assert!((autoscale_core::Milli(1500).to_units() - 1.5).abs() < 1e-12);
    /// ```
    #[must_use]
    pub fn to_units(self) -> f64 {
        numeric::to_f64(self.0) / 1000.0
    }
}

impl fmt::Display for Milli {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}m", self.0)
    }
}

/// A number that cannot be a metric's value.
///
/// ```
/// use autoscale_core::{Milli, ValueError};
/// let refused = Milli::try_from_units(f64::INFINITY);
/// assert_eq!(refused, Err(ValueError { value: f64::INFINITY }));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("value {value} is not a finite number within ±9.2e15")]
pub struct ValueError {
    /// What was given.
    pub value: f64,
}
