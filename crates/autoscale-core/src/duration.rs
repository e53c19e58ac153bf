//! Durations as people write them: `15s`, `5m`, `1h30m`, `3d`, `250ms` or plain seconds.

use core::time::Duration;

/// A text that is not a duration.
///
/// ```
/// use autoscale_core::{parse_duration, ParseDurationError};
/// let refused = parse_duration("5 minutes");
/// assert_eq!(refused, Err(ParseDurationError { text: "5 minutes".into() }));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is not a duration: write 15s, 5m, 1h30m, 3d, 250ms or plain seconds")]
pub struct ParseDurationError {
    /// The text given.
    pub text: String,
}

const NANOS: u128 = 1_000_000_000;
const UNITS: [(&str, u128); 6] = [
    ("ms", NANOS / 1000),
    ("d", 86_400 * NANOS),
    ("h", 3600 * NANOS),
    ("m", 60 * NANOS),
    ("s", NANOS),
    ("w", 604_800 * NANOS),
];

/// Parses `15s`, `5m`, `1h30m`, `3d`, `2w`, `250ms`, `1.5h` or plain seconds (`90`, `0.5`), exactly,
/// to the nanosecond.
///
/// # Errors
/// [`ParseDurationError`] for anything else, negative values, and more than a [`Duration`] holds.
///
/// ```
/// use std::time::Duration;
/// assert_eq!(autoscale_core::parse_duration("1h30m")?, Duration::from_secs(5400));
/// assert_eq!(autoscale_core::parse_duration("90")?, Duration::from_secs(90));
/// # Ok::<(), autoscale_core::ParseDurationError>(())
/// ```
pub fn parse_duration(text: &str) -> Result<Duration, ParseDurationError> {
    total_nanos(text.trim())
        .and_then(|nanos| {
            let seconds = u64::try_from(nanos / NANOS).ok()?;
            Some(Duration::new(seconds, u32::try_from(nanos % NANOS).ok()?))
        })
        .ok_or_else(|| ParseDurationError {
            text: text.to_owned(),
        })
}

fn total_nanos(mut rest: &str) -> Option<u128> {
    if rest.is_empty() {
        return None;
    }
    let (mut total, mut first) = (0_u128, true);
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let (scale, tail) = match UNITS.iter().find(|(unit, _)| tail.starts_with(unit)) {
            Some((unit, nanos)) => (*nanos, tail.get(unit.len()..)?),
            None if tail.is_empty() && first => (NANOS, ""),
            None => return None,
        };
        total = total.checked_add(scaled(number, scale)?)?;
        rest = tail;
        first = false;
    }
    Some(total)
}

/// `number` (digits with an optional fraction) times `scale`, cut to a whole number.
fn scaled(number: &str, scale: u128) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let parse = |digits: &str| {
        if digits.is_empty() {
            Some(0)
        } else {
            digits.parse().ok()
        }
    };
    // Digits beyond a nanosecond's worth of the longest unit change nothing.
    let fraction = fraction.get(..fraction.len().min(18))?;
    let divisor = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let whole: u128 = parse(whole)?;
    whole
        .checked_mul(scale)?
        .checked_add(parse(fraction)?.checked_mul(scale)? / divisor)
}

/// Writes a duration in the shortest of the forms that [`parse_duration`] reads back exactly.
///
/// ```
/// use std::time::Duration;
/// assert_eq!(autoscale_core::format_duration(Duration::from_secs(5400)), "90m");
/// assert_eq!(autoscale_core::format_duration(Duration::from_millis(1500)), "1500ms");
/// assert_eq!(autoscale_core::format_duration(Duration::from_micros(1500)), "0.0015s");
/// ```
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    if !duration.subsec_nanos().is_multiple_of(1_000_000) {
        let text = format!("{}.{:09}", duration.as_secs(), duration.subsec_nanos());
        return format!("{}s", text.trim_end_matches('0'));
    }
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
