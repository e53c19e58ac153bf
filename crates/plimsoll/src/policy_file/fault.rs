//! What is wrong with a value of a file, with its place and its path.

use std::fmt;
use std::path::Path;

use serde::de::{self, Expected, Unexpected};

use super::nearest::suggestion;
use super::tree::Position;
use crate::input_error::InputError;

/// Longest piece of a file that a message quotes.
const QUOTE_LIMIT: usize = 60;

/// An error of reading a tree; its place and path fill in while it travels up to the root.
#[derive(Debug)]
pub(super) struct Fault {
    at: Option<Position>,
    path: String,
    kind: Kind,
}

type Names = &'static [&'static str];

#[derive(Debug)]
enum Kind {
    UnknownField(String, Names),
    UnknownVariant(String, Names),
    Missing(&'static str),
    Wrong(String, String),
    Other(String),
}

impl Fault {
    const fn of(kind: Kind) -> Self {
        Self {
            at: None,
            path: String::new(),
            kind,
        }
    }

    pub(super) fn new(at: Position, message: impl Into<String>) -> Self {
        Self::of(Kind::Other(message.into())).at(at)
    }

    /// About the file as a whole.
    pub(super) fn of_file(message: impl Into<String>) -> Self {
        Self::of(Kind::Other(message.into()))
    }

    /// Sets the place, where none is known yet.
    pub(super) fn at(mut self, at: Position) -> Self {
        self.at = self.at.or(Some(at));
        self
    }

    /// One level up: the error was found in field `key`.
    pub(super) fn within(mut self, key: &str, at: Position) -> Self {
        let glue = if self.path.is_empty() || self.path.starts_with('[') {
            ""
        } else {
            "."
        };
        self.path = format!("{key}{glue}{}", self.path);
        self.at(at)
    }

    /// One level up: the error was found in item `index` of a list.
    pub(super) fn within_item(self, index: usize, at: Position) -> Self {
        self.within(&format!("[{index}]"), at)
    }

    /// One level up into a section whose own fields the caller knows: a field that nobody knows is
    /// told with those, which [`in_file`](Self::in_file) takes.
    pub(super) fn in_section(self, key: &str, at: Position) -> Self {
        match self.kind {
            Kind::UnknownField(..) if self.path.is_empty() => self.at(at),
            _ => self.within(key, at),
        }
    }

    /// As an error of `file`; `more` are fields that its root has beside those that serde knows.
    pub(super) fn in_file(self, file: &Path, more: &[&str]) -> InputError {
        InputError::new(file, self.at, self.message(more))
    }

    fn message(&self, more: &[&str]) -> String {
        let Self { path, kind, .. } = self;
        let what = if path.is_empty() { "the file" } else { path };
        match kind {
            Kind::UnknownField(field, known) => {
                let mut names = known.to_vec();
                let place = if path.is_empty() {
                    names.extend(more);
                    String::new()
                } else {
                    format!(" in {path}")
                };
                let hint = suggestion(field, "valid fields", &names);
                format!("unknown field {}{place}{hint}", quote(field))
            }
            Kind::UnknownVariant(name, known) => {
                let hint = suggestion(name, "valid values", known);
                format!("{what} has the unknown value {}{hint}", quote(name))
            }
            Kind::Missing(field) if path.is_empty() => format!("{field} is missing"),
            Kind::Missing(field) => format!("{path}.{field} is missing"),
            Kind::Wrong(found, expected) => format!("{what} is {found}, must be {expected}"),
            Kind::Other(message) if path.is_empty() => message.clone(),
            Kind::Other(message) => format!("{path}: {message}"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message(&[]))
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::of(Kind::Other(message.to_string()))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let scalar = matches!(
            found,
            Unexpected::Bool(_)
                | Unexpected::Signed(_)
                | Unexpected::Unsigned(_)
                | Unexpected::Float(_)
        );
        let mut wanted = plain(&expected.to_string());
        if scalar && wanted == "a string" {
            wanted.push_str(" in quotes");
        }
        Self::of(Kind::Wrong(describe(found), wanted))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let range = match expected.to_string().as_str() {
            "i32" => " from -2147483648 to 2147483647",
            "u32" => " from 0 to 4294967295",
            "u64" | "usize" => " of at least 0",
            _ => "",
        };
        let wanted = plain(&expected.to_string());
        Self::of(Kind::Wrong(describe(found), wanted + range))
    }

    fn unknown_variant(variant: &str, expected: Names) -> Self {
        Self::of(Kind::UnknownVariant(variant.to_owned(), expected))
    }

    fn unknown_field(field: &str, expected: Names) -> Self {
        Self::of(Kind::UnknownField(field.to_owned(), expected))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::of(Kind::Missing(field))
    }
}

/// Text from the file, quoted and not too long.
pub(crate) fn quote(text: &str) -> String {
    match text.char_indices().nth(QUOTE_LIMIT) {
        Some((end, _)) => format!("\"{}…\"", &text[..end]),
        None => format!("\"{text}\""),
    }
}

fn describe(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => value.to_string(),
        Unexpected::Unsigned(value) => value.to_string(),
        Unexpected::Signed(value) => value.to_string(),
        Unexpected::Float(value) => value.to_string(),
        Unexpected::Str(text) => quote(text),
        Unexpected::Unit | Unexpected::Option => "empty".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a mapping".to_owned(),
        other => other.to_string(),
    }
}

/// What serde expects, in words of the file.
fn plain(expected: &str) -> String {
    match expected {
        "i32" | "i64" | "u32" | "u64" | "usize" => "a whole number",
        "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "a mapping",
        other if other.starts_with("struct ") => "a mapping",
        other if other.starts_with("enum ") => "a name",
        other => other,
    }
    .to_owned()
}
