//! What is wrong with a user's file, in one line.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A file that cannot be used: `file:line:column: message`, always one line.
#[derive(Debug, thiserror::Error)]
pub(crate) struct InputError {
    file: PathBuf,
    line: Option<usize>,
    column: Option<usize>,
    message: String,
}

impl InputError {
    /// `at` is the line and the column, both counted from 1 (columns in characters).
    pub(crate) fn new(
        file: impl AsRef<Path>,
        at: Option<(usize, usize)>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            file: file.as_ref().to_owned(),
            line: at.map(|(line, _)| line),
            column: at.map(|(_, column)| column),
            message: message.into(),
        }
    }

    /// For files whose errors have a line, but no column worth naming.
    pub(crate) fn in_line(file: impl AsRef<Path>, line: usize, message: impl Into<String>) -> Self {
        Self {
            line: Some(line),
            ..Self::new(file, None, message)
        }
    }

    /// For a file that is not text: names the line of the first byte that is not.
    pub(crate) fn not_utf8(file: impl AsRef<Path>, error: &std::string::FromUtf8Error) -> Self {
        let valid = error.utf8_error().valid_up_to();
        let breaks = error.as_bytes()[..valid].iter().filter(|b| **b == b'\n');
        Self::in_line(file, breaks.count() + 1, "not valid UTF-8")
    }

    /// Whether it names a place within its file.
    pub(crate) const fn has_place(&self) -> bool {
        self.line.is_some()
    }

    /// For a file that could not be read.
    pub(crate) fn unreadable(file: impl AsRef<Path>, error: &io::Error) -> Self {
        Self::new(file, None, format!("cannot be read: {error}"))
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_line(f, &self.file.to_string_lossy())?;
        for place in [self.line, self.column].into_iter().flatten() {
            write!(f, ":{place}")?;
        }
        f.write_str(": ")?;
        write_line(f, &self.message)
    }
}

/// Control characters come from the file and would break the line or the terminal.
fn write_line(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    text.chars().try_for_each(|c| {
        if c.is_control() {
            write!(f, "{}", c.escape_default())
        } else {
            fmt::Write::write_char(f, c)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_one_line() {
        for (error, line) in [
            (
                InputError::new("a.yaml", Some((3, 5)), "bad"),
                "a.yaml:3:5: bad",
            ),
            (InputError::in_line("a.csv", 7, "bad"), "a.csv:7: bad"),
            (InputError::new("a", None, "x\n\u{1b}y"), "a: x\\n\\u{1b}y"),
        ] {
            assert_eq!(error.to_string(), line);
        }
    }
}
