//! Durations in files and messages: `15s`, `5m`, `1h30m`, `3d`, `250ms` or plain seconds.

use core::time::Duration;

/// The shortest form that is read back exactly.
pub(crate) fn format(duration: Duration) -> String {
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
    use super::{Duration, format};
    use serde::{Deserializer, Serializer, de};

    const NANOS: u128 = 1_000_000_000;
    const UNITS: [(&str, u128); 6] = [
        ("ms", NANOS / 1000),
        ("d", 86_400 * NANOS),
        ("h", 3600 * NANOS),
        ("m", 60 * NANOS),
        ("s", NANOS),
        ("w", 604_800 * NANOS),
    ];

    fn parse(text: &str) -> Option<Duration> {
        let mut rest = text.trim();
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
        let seconds = u64::try_from(total / NANOS).ok()?;
        Some(Duration::new(seconds, u32::try_from(total % NANOS).ok()?))
    }

    /// `number` (digits with an optional fraction) times `scale`, cut to a whole number.
    fn scaled(number: &str, scale: u128) -> Option<u128> {
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let digits = |text: &str| {
            if text.is_empty() {
                Some(0)
            } else {
                text.parse::<u128>().ok()
            }
        };
        // Digits beyond a nanosecond's worth of the longest unit change nothing.
        let fraction = fraction.get(..fraction.len().min(18))?;
        let divisor = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
        digits(whole)?
            .checked_mul(scale)?
            .checked_add(digits(fraction)?.checked_mul(scale)? / divisor)
    }

    struct Visitor;

    impl de::Visitor<'_> for Visitor {
        type Value = Duration;

        fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            f.write_str("a duration such as \"5m\", \"1h30m\" or \"3d\", or seconds")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
            parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
        }

        fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Duration, E> {
            Ok(Duration::from_secs(seconds))
        }

        fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Duration, E> {
            u64::try_from(seconds)
                .map(Duration::from_secs)
                .map_err(|_| E::invalid_value(de::Unexpected::Signed(seconds), &self))
        }

        fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<Duration, E> {
            Duration::try_from_secs_f64(seconds)
                .map_err(|_| E::invalid_value(de::Unexpected::Float(seconds), &self))
        }
    }

    pub(crate) fn serialize<S: Serializer>(value: &Duration, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&format(*value))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        from.deserialize_any(Visitor)
    }

    /// A duration inside a list or an option.
    #[derive(serde::Serialize, serde::Deserialize)]
    #[serde(transparent)]
    pub(super) struct Wrapped(#[serde(with = "crate::duration")] pub(super) Duration);
}

#[cfg(feature = "serde")]
pub(crate) use with_serde::{deserialize, serialize};

/// The same for durations that may be absent.
#[cfg(feature = "serde")]
pub(crate) mod option {
    use super::{Duration, with_serde::Wrapped};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        value: &Option<Duration>,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        value.map(Wrapped).serialize(out)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<Wrapped>::deserialize(from)?.map(|wrapped| wrapped.0))
    }
}
