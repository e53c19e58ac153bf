//! Lines of a file of any size, one at a time.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use crate::input_error::InputError;
use crate::output;

/// Bytes that are read at once.
const BUFFER: usize = 1 << 16;

/// Reads lines; never holds more than one of them.
pub(super) struct Lines {
    source: Box<dyn BufRead>,
    file: PathBuf,
    /// Size of the file, where it has one.
    size: Option<u64>,
    limit: u64,
    line: Vec<u8>,
    number: usize,
    read: u64,
}

impl Lines {
    /// Opens a file, or standard input (`-`); no line may be longer than `limit` bytes.
    pub(super) fn open(path: &Path, limit: u64) -> Result<Self, InputError> {
        let unreadable = |error| InputError::unreadable(path, &error);
        let (source, file, size): (Box<dyn BufRead>, _, _) = if output::is_stdout(path) {
            let stdin = BufReader::with_capacity(BUFFER, std::io::stdin());
            (Box::new(stdin), PathBuf::from("standard input"), None)
        } else {
            let file = File::open(path).map_err(unreadable)?;
            let metadata = file.metadata().map_err(unreadable)?;
            let size = metadata.is_file().then_some(metadata.len());
            let source = BufReader::with_capacity(BUFFER, file);
            (Box::new(source), path.to_owned(), size)
        };
        Ok(Self {
            source,
            file,
            size,
            limit,
            line: Vec::new(),
            number: 0,
            read: 0,
        })
    }

    /// Size of the file; `None` for a pipe.
    pub(super) const fn size(&self) -> Option<u64> {
        self.size
    }

    /// Bytes read.
    pub(super) const fn read(&self) -> u64 {
        self.read
    }

    /// The next line that is not blank, without its end, and its number.
    pub(super) fn next(&mut self) -> Result<Option<(usize, &str)>, InputError> {
        loop {
            self.line.clear();
            let mut source = self.source.by_ref().take(self.limit + 1);
            let read = source.read_until(b'\n', &mut self.line);
            let read = read.map_err(|error| InputError::unreadable(&self.file, &error))? as u64;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            self.read += read;
            if read > self.limit {
                let message = format!("longer than {} bytes", self.limit);
                return Err(self.fault(message));
            }
            if std::str::from_utf8(&self.line).is_err() {
                return Err(self.fault("not valid UTF-8"));
            }
            if !self.line.trim_ascii().is_empty() {
                break;
            }
        }
        let text = std::str::from_utf8(&self.line).unwrap_or_default();
        let text = match self.number {
            1 => text.strip_prefix('\u{feff}').unwrap_or(text),
            _ => text,
        };
        Ok(Some((self.number, text.trim_end_matches(['\r', '\n']))))
    }

    /// What is wrong with the line that was read last.
    pub(super) fn fault(&self, message: impl Into<String>) -> InputError {
        InputError::in_line(&self.file, self.number, message)
    }

    /// The name that errors give it.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &'static [u8], limit: u64) -> Lines {
        Lines {
            source: Box::new(bytes),
            file: PathBuf::from("a.csv"),
            size: None,
            limit,
            line: Vec::new(),
            number: 0,
            read: 0,
        }
    }

    #[test]
    fn blank_lines_count_and_ends_are_cut() {
        let mut lines = of("\u{feff}a,b\r\n\n  \nc".as_bytes(), 9);
        assert_eq!(lines.next().unwrap(), Some((1, "a,b")));
        assert_eq!(lines.next().unwrap(), Some((4, "c")));
        assert_eq!(lines.next().unwrap(), None);
        assert_eq!(lines.read(), 13);
    }

    #[test]
    fn faults_have_their_line() {
        let mut long = of(b"abc\nabcdefgh\n", 5);
        assert!(long.next().is_ok());
        let said = long.next().unwrap_err().to_string();
        assert_eq!(said, "a.csv:2: longer than 5 bytes");
        let said = of(b"\xff\n", 5).next().unwrap_err().to_string();
        assert_eq!(said, "a.csv:1: not valid UTF-8");
    }
}
