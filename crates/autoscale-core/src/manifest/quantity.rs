//! Kubernetes resource quantities.
//!
//! `<number><suffix>`, where the number is `[+-]digits[.digits]` and the suffix is one of `n u m`
//! (10⁻⁹ … 10⁻³), nothing, `k M G T P E` (10³ … 10¹⁸), `Ki Mi Gi Ti Pi Ei` (2¹⁰ … 2⁶⁰), or a decimal
//! exponent such as `e3`, `E-2`. Kept in billionths of the unit: what lies between two of them is
//! rounded away from zero, what lies beyond ±(2⁶³ − 1) units becomes that. Numbers with more than
//! 20 significant digits are rounded away from zero at the 20th.
//!
//! Source: `k8s.io/apimachinery/pkg/api/resource`. Cost: O(length). Edge cases: `1E` is 10¹⁸ and
//! `1E3` is 1000; `1n` is one thousandth in [`Quantity::milli`]; `1e-400` is a billionth.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Milli, numeric};

const NANOS: i128 = 1_000_000_000;
const LIMIT: i128 = (i64::MAX as i128) * NANOS;
/// 10²⁰ × 2⁶⁰ still fits in 127 bits.
const DIGITS: usize = 20;

/// A Kubernetes resource quantity, exact to a billionth.
///
/// Equality and order are those of the amount: `1` equals `1000m`. Printed and serialized as it
/// was written.
///
/// ```
/// use autoscale_core::Milli;
/// use autoscale_core::manifest::Quantity;
/// assert_eq!("500m".parse::<Quantity>()?.milli(), Milli(500));
/// assert_eq!("2Gi".parse::<Quantity>()?.milli(), Milli(2 * 1024 * 1024 * 1024 * 1000));
/// assert_eq!("1e3".parse::<Quantity>()?, "1k".parse()?);
/// assert_eq!("0.0001".parse::<Quantity>()?.milli(), Milli(1)); // rounded up
/// assert!("10 m".parse::<Quantity>().is_err());
/// # Ok::<(), autoscale_core::manifest::ParseQuantityError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Quantity {
    text: String,
    nanos: i128,
}

/// A text that is not a quantity.
///
/// ```
/// use autoscale_core::manifest::{ParseQuantityError, Quantity};
/// let refused = "500 m".parse::<Quantity>();
/// assert_eq!(refused, Err(ParseQuantityError { text: "500 m".into() }));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{text}\" is not a quantity: write a number with one of the suffixes n, u, m, k, M, G, T, P, \
     E, Ki, Mi, Gi, Ti, Pi, Ei, an exponent such as e3, or none"
)]
pub struct ParseQuantityError {
    /// The text given.
    pub text: String,
}

impl Quantity {
    /// The amount in thousandths, rounded away from zero, between −2⁶³ and 2⁶³ − 1.
    ///
    /// ```
    /// use autoscale_core::{Milli, manifest::Quantity};
    /// assert_eq!("-1.0001".parse::<Quantity>()?.milli(), Milli(-1001));
    /// assert_eq!("9E".parse::<Quantity>()?.milli(), Milli(i64::MAX));
    /// # Ok::<(), autoscale_core::manifest::ParseQuantityError>(())
    /// ```
    #[must_use]
    pub fn milli(&self) -> Milli {
        Milli(numeric::saturate_i64(divide(self.nanos, 1_000_000)))
    }

    /// The nearest `f64` of the amount, in whole units.
    ///
    /// ```
    /// use autoscale_core::manifest::Quantity;
    /// assert!(("37500u".parse::<Quantity>()?.to_units() - 0.0375).abs() < 1e-12);
    /// # Ok::<(), autoscale_core::manifest::ParseQuantityError>(())
    /// ```
    #[must_use]
    pub const fn to_units(&self) -> f64 {
        self.nanos as f64 / 1e9
    }

    /// The quantity as it was written.
    ///
    /// ```
    /// use autoscale_core::manifest::Quantity;
    /// assert_eq!("0.50".parse::<Quantity>()?.as_str(), "0.50");
    /// # Ok::<(), autoscale_core::manifest::ParseQuantityError>(())
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// −1, 0 or 1, as for an integer.
    ///
    /// ```
    /// use autoscale_core::manifest::Quantity;
    /// assert_eq!("-3Mi".parse::<Quantity>()?.signum(), -1);
    /// # Ok::<(), autoscale_core::manifest::ParseQuantityError>(())
    /// ```
    #[must_use]
    pub const fn signum(&self) -> i32 {
        match self.nanos {
            0 => 0,
            n if n < 0 => -1,
            _ => 1,
        }
    }
}

impl FromStr for Quantity {
    type Err = ParseQuantityError;

    fn from_str(text: &str) -> Result<Self, ParseQuantityError> {
        let nanos = parse(text).ok_or_else(|| ParseQuantityError {
            text: text.to_owned(),
        })?;
        Ok(Self {
            text: text.to_owned(),
            nanos,
        })
    }
}

impl From<Milli> for Quantity {
    /// Whole units without a suffix, anything else in thousandths.
    ///
    /// ```
    /// use autoscale_core::{Milli, manifest::Quantity};
    /// assert_eq!(Quantity::from(Milli(2000)).as_str(), "2");
    /// assert_eq!(Quantity::from(Milli(2500)).as_str(), "2500m");
    /// ```
    fn from(Milli(milli): Milli) -> Self {
        let text = if milli % 1000 == 0 {
            (milli / 1000).to_string()
        } else {
            format!("{milli}m")
        };
        Self {
            text,
            nanos: i128::from(milli) * 1_000_000,
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

/// The amount in billionths.
fn parse(text: &str) -> Option<i128> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
    let (number, suffix) = rest.split_at(end.unwrap_or(rest.len()));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let (two, ten) = suffix_exponents(suffix)?;
    let (mantissa, exponent) = significant(whole, fraction);
    let exponent = exponent.saturating_add(ten);
    if mantissa == 0 {
        return Some(0);
    }
    let scaled = if exponent >= -9 {
        power(exponent.saturating_add(9))
            .and_then(|p| p.checked_mul(mantissa << two))
            .unwrap_or(LIMIT)
    } else {
        let size = power(exponent.saturating_add(9).saturating_neg());
        size.map_or(1, |size| divide(mantissa << two, size))
    };
    let nanos = scaled.min(LIMIT);
    Some(if negative { -nanos } else { nanos })
}

/// Power of two and power of ten that a suffix stands for.
fn suffix_exponents(suffix: &str) -> Option<(u32, i64)> {
    Some(match suffix {
        "n" => (0, -9),
        "u" => (0, -6),
        "m" => (0, -3),
        "" => (0, 0),
        "k" => (0, 3),
        "M" => (0, 6),
        "G" => (0, 9),
        "T" => (0, 12),
        "P" => (0, 15),
        "E" => (0, 18),
        "Ki" => (10, 0),
        "Mi" => (20, 0),
        "Gi" => (30, 0),
        "Ti" => (40, 0),
        "Pi" => (50, 0),
        "Ei" => (60, 0),
        _ => {
            let exponent = suffix.strip_prefix(['e', 'E'])?;
            (0, exponent.parse().ok()?)
        }
    })
}

/// Up to 20 significant digits as an integer, rounded up, and the power of ten that it counts.
fn significant(whole: &str, fraction: &str) -> (i128, i64) {
    let digits = || whole.bytes().chain(fraction.bytes()).map(|b| b - b'0');
    let leading = digits().take_while(|d| *d == 0).count();
    let total = whole.len() + fraction.len();
    let kept = total.saturating_sub(leading).min(DIGITS);
    let mantissa = digits()
        .skip(leading)
        .take(kept)
        .fold(0_i128, |sum, d| sum * 10 + i128::from(d));
    let dropped = digits().skip(leading + kept).any(|d| d != 0);
    let last = i64::try_from(leading + kept).unwrap_or(i64::MAX);
    let point = i64::try_from(whole.len()).unwrap_or(i64::MAX);
    (mantissa + i128::from(dropped), point.saturating_sub(last))
}

/// 10 to the `exponent`, where it fits.
fn power(exponent: i64) -> Option<i128> {
    10_i128.checked_pow(u32::try_from(exponent).ok()?)
}

/// Division rounded away from zero; `size` is positive.
const fn divide(value: i128, size: i128) -> i128 {
    let whole = value / size;
    if value % size == 0 {
        whole
    } else if value < 0 {
        whole - 1
    } else {
        whole + 1
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Visitor)
    }
}

struct Visitor;

impl de::Visitor<'_> for Visitor {
    type Value = Quantity;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a quantity such as 500m, 2Gi or 100")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Quantity, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Quantity, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Quantity, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Quantity, E> {
        self.visit_str(&value.to_string())
    }
}
