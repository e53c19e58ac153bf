//! Figures as people write them: shares as `0.85` or `"85%"`, times as seconds or `"250ms"`.

use core::fmt;

use serde::de::{Error, Visitor};

/// A number, or text that stands for one.
struct Number {
    what: &'static str,
    parse: fn(&str) -> Option<f64>,
}

impl Visitor<'_> for Number {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<f64, E> {
        Ok(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<f64, E> {
        Ok(crate::numeric::to_f64(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<f64, E> {
        Ok(i64::try_from(value).map_or(f64::MAX, crate::numeric::to_f64))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<f64, E> {
        (self.parse)(text).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }
}

/// A visitor of what may be absent.
struct Given(Number);

impl<'de> Visitor<'de> for Given {
    type Value = Option<f64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_none<E: Error>(self) -> Result<Option<f64>, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Option<f64>, E> {
        Ok(None)
    }

    fn visit_some<D: serde::Deserializer<'de>>(self, from: D) -> Result<Option<f64>, D::Error> {
        from.deserialize_any(self.0).map(Some)
    }
}

fn percent(text: &str) -> Option<f64> {
    let number = text.trim().strip_suffix('%')?;
    number.trim().parse::<f64>().ok().map(|p| p / 100.0)
}

fn duration(text: &str) -> Option<f64> {
    crate::parse_duration(text).ok().map(|d| d.as_secs_f64())
}

macro_rules! written {
    ($($name:ident: $what:literal, $parse:expr;)*) => {$(
        pub(super) mod $name {
            use super::{Given, Number};
            use serde::{Deserializer, Serialize as _, Serializer};

            const NUMBER: Number = Number { what: $what, parse: $parse };

            #[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
            pub(crate) fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
                value.serialize(to)
            }

            pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
                from.deserialize_any(NUMBER)
            }

            pub(crate) mod option {
                use super::{Deserializer, Given, NUMBER, Serializer};
                use serde::Serialize as _;

                pub(crate) fn serialize<S: Serializer>(
                    value: &Option<f64>,
                    to: S,
                ) -> Result<S::Ok, S::Error> {
                    value.serialize(to)
                }

                pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
                    from: D,
                ) -> Result<Option<f64>, D::Error> {
                    from.deserialize_option(Given(NUMBER))
                }
            }
        }
    )*};
}
written! {
    share: "a share such as 0.85 or \"85%\"", super::percent;
    seconds: "a number of seconds or a duration such as \"250ms\"", super::duration;
}
