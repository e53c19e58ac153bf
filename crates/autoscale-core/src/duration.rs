//! Durations as people write them: `15s`, `5m`, `1h30m`, `3d`, `250ms` or plain seconds.

use core::time::Duration;

/// A text that is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{text}\" is not a duration: write 15s, 5m, 1h30m, 3d, 250ms or plain seconds, at most 36500d"
)]
pub struct ParseDurationError {
    /// The text given.
    pub text: String,
}

const UNITS: [(&str, u64); 6] = [
    ("ms", 1_000_000),
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("w", 604_800_000_000_000),
];
const LIMIT: Duration = Duration::from_secs(36_500 * 86_400);

/// Parses `15s`, `5m`, `1h30m`, `3d`, `2w`, `250ms`, `1.5h` or plain seconds (`90`, `0.5`).
///
/// # Errors
/// [`ParseDurationError`] for anything else, negative values and more than 36 500 days.
///
/// ```
/// use std::time::Duration;
/// assert_eq!(autoscale_core::parse_duration("1h30m")?, Duration::from_secs(5400));
/// assert_eq!(autoscale_core::parse_duration("90")?, Duration::from_secs(90));
/// # Ok::<(), autoscale_core::ParseDurationError>(())
/// ```
pub fn parse_duration(text: &str) -> Result<Duration, ParseDurationError> {
    let fail = || ParseDurationError {
        text: text.to_owned(),
    };
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(fail());
    }
    let mut total = Duration::ZERO;
    let mut first = true;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let (scale, tail) = match UNITS.iter().find(|(unit, _)| tail.starts_with(unit)) {
            Some((unit, nanos)) => (*nanos, tail.get(unit.len()..).unwrap_or("")),
            None if tail.is_empty() && first => (1_000_000_000, ""),
            None => return Err(fail()),
        };
        total = total
            .checked_add(scaled(number, scale).ok_or_else(fail)?)
            .ok_or_else(fail)?;
        rest = tail;
        first = false;
    }
    if total > LIMIT {
        Err(fail())
    } else {
        Ok(total)
    }
}

/// `number` (digits with an optional fraction) times `nanos`, exactly where it is whole.
fn scaled(number: &str, nanos: u64) -> Option<Duration> {
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(nanos).map(Duration::from_nanos);
    }
    if number.is_empty() || number == "." {
        return None;
    }
    let value: f64 = number.parse().ok()?;
    Duration::try_from_secs_f64(value * (Duration::from_nanos(nanos).as_secs_f64())).ok()
}

/// Writes a duration in the shortest of the forms that [`parse_duration`] reads back exactly (to
/// the millisecond).
///
/// ```
/// use std::time::Duration;
/// assert_eq!(autoscale_core::format_duration(Duration::from_secs(5400)), "90m");
/// assert_eq!(autoscale_core::format_duration(Duration::from_millis(1500)), "1500ms");
/// ```
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    let ms = duration.as_millis();
    for (unit, size) in [
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1000),
    ] {
        if ms > 0 && ms.is_multiple_of(size) {
            return format!("{}{unit}", ms / size);
        }
    }
    if ms == 0 {
        "0s".to_owned()
    } else {
        format!("{ms}ms")
    }
}

#[cfg(feature = "serde")]
mod with_serde {
    use super::{Duration, format_duration, parse_duration};
    use serde::{Deserializer, Serializer, de};

    pub(super) struct Visitor;

    impl de::Visitor<'_> for Visitor {
        type Value = Duration;

        fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            f.write_str("a duration such as \"5m\", or seconds")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
            parse_duration(text).map_err(E::custom)
        }

        fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Duration, E> {
            parse_duration(&seconds.to_string()).map_err(E::custom)
        }

        fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Duration, E> {
            parse_duration(&seconds.to_string()).map_err(E::custom)
        }

        fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<Duration, E> {
            parse_duration(&seconds.to_string()).map_err(E::custom)
        }
    }

    pub(crate) fn serialize<S: Serializer>(value: &Duration, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&format_duration(*value))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        from.deserialize_any(Visitor)
    }
}

#[cfg(feature = "serde")]
pub(crate) use with_serde::{deserialize, serialize};

/// The same for durations that may be absent: `null`, or `"any"` where a format has no null.
#[cfg(feature = "serde")]
pub(crate) mod option {
    use super::{Duration, with_serde};
    use serde::{Deserializer, Serializer, de};

    struct Visitor;

    impl<'de> de::Visitor<'de> for Visitor {
        type Value = Option<Duration>;

        fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            f.write_str("a duration such as \"5m\", seconds, or \"any\" for no limit")
        }

        fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
            from.deserialize_any(self)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            if text == "any" {
                return Ok(None);
            }
            with_serde::Visitor.visit_str(text).map(Some)
        }

        fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Self::Value, E> {
            with_serde::Visitor.visit_u64(seconds).map(Some)
        }

        fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Self::Value, E> {
            with_serde::Visitor.visit_i64(seconds).map(Some)
        }

        fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<Self::Value, E> {
            with_serde::Visitor.visit_f64(seconds).map(Some)
        }
    }

    pub(crate) fn serialize<S: Serializer>(
        value: &Option<Duration>,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => super::serialize(value, out),
            None => out.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Duration>, D::Error> {
        from.deserialize_option(Visitor)
    }
}
