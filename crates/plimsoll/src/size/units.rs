//! Figures as plan files and flags have them: shares as percent, loads and times with their units.

use std::fmt;

use autoscale_core::{Offer, parse_duration};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A share, `0.01` or `"1%"`; finite, not below 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Share(pub(crate) f64);

/// Milliseconds, a number or a duration such as `"200ms"`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Millis(pub(crate) f64);

/// A price an hour, or all that an offer says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Price(pub(crate) Offer);

/// Reads a share; says what is wrong without naming it.
pub(crate) fn share(text: &str) -> Result<Share, String> {
    let value = match text.strip_suffix('%') {
        // Read as a decimal, so that 99.9% is 0.999 and not a neighbour of it.
        Some(percent) => format!("{}e-2", percent.trim()).parse::<f64>(),
        None => text.parse(),
    };
    value
        .ok()
        .filter(|v| v.is_finite() && *v >= 0.0)
        .map(Share)
        .ok_or_else(|| "must be a share such as 0.2 or 20%".to_owned())
}

/// Reads a load such as `12000/m` or `200/s`, in requests a minute.
pub(crate) fn per_minute(text: &str) -> Result<f64, String> {
    let units = [("/s", 60.0), ("/m", 1.0), ("/min", 1.0), ("/h", 1.0 / 60.0)];
    units
        .iter()
        .find_map(|(unit, minute)| {
            Some(text.strip_suffix(unit)?.trim().parse::<f64>().ok()? * minute)
        })
        .filter(|rate| (0.0..=1e9).contains(rate))
        .ok_or_else(|| "must be a rate such as 12000/m or 200/s, at most 1000000000/m".to_owned())
}

/// Anything that may be a number or a text.
struct NumberOr<F>(&'static str, F);

impl<'de, T, F: Fn(Written<'_>) -> Option<T>> Visitor<'de> for NumberOr<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<T, E> {
        let wrong = || E::invalid_value(serde::de::Unexpected::Float(value), &self.0);
        (self.1)(Written::Number(value)).ok_or_else(wrong)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<T, E> {
        let wrong = || E::invalid_value(serde::de::Unexpected::Signed(value), &self.0);
        (self.1)(Written::Number(value as f64)).ok_or_else(wrong)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        let wrong = || E::invalid_value(serde::de::Unexpected::Str(text), &self.0);
        (self.1)(Written::Text(text)).ok_or_else(wrong)
    }
}

enum Written<'a> {
    Number(f64),
    Text(&'a str),
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = |written: Written<'_>| match written {
            Written::Number(value) => (value.is_finite() && value >= 0.0).then_some(Self(value)),
            Written::Text(text) => share(text).ok(),
        };
        deserializer.deserialize_any(NumberOr("a share such as 0.2 or \"20%\"", read))
    }
}

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = |written: Written<'_>| match written {
            Written::Number(value) => Some(Self(value)),
            Written::Text(text) => parse_duration(text)
                .ok()
                .map(|time| Self(time.as_secs_f64() * 1000.0)),
        };
        let expected = "milliseconds or a duration such as \"200ms\"";
        deserializer.deserialize_any(NumberOr(expected, read))
    }
}

impl<'de> Deserialize<'de> for Price {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PriceVisitor)
    }
}

struct PriceVisitor;

impl<'de> Visitor<'de> for PriceVisitor {
    type Value = Price;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a price an hour, or a mapping with price_per_hour")
    }

    fn visit_f64<E: Error>(self, price: f64) -> Result<Price, E> {
        Ok(Price(Offer::at(price)))
    }

    fn visit_i64<E: Error>(self, price: i64) -> Result<Price, E> {
        Ok(Price(Offer::at(price as f64)))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Price, A::Error> {
        Offer::deserialize(MapAccessDeserializer::new(map)).map(Price)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_have_their_unit() {
        for (text, rate) in [
            ("200/s", 12_000.0),
            ("12000/m", 12_000.0),
            ("60/h", 1.0),
            ("5 /min", 5.0),
        ] {
            assert_eq!(per_minute(text), Ok(rate), "{text}");
        }
        for text in ["12000", "x/s", "-1/s", "NaN/s", "1e9/s", ""] {
            assert!(per_minute(text).is_err(), "{text}");
        }
    }

    #[test]
    fn shares_are_numbers_or_percent() {
        assert_eq!(share("99.9%"), Ok(Share(0.999)));
        assert_eq!(share("0.2"), Ok(Share(0.2)));
        assert!(
            ["", "x", "-1%", "inf", "NaN"]
                .iter()
                .all(|s| share(s).is_err())
        );
    }
}
