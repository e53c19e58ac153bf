//! Bytes of a file into lines and columns.

use super::tree::Position;

/// Finds the line and column of a byte.
pub(super) struct Places<'a> {
    source: &'a str,
    line_starts: Vec<usize>,
}

impl<'a> Places<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        let breaks = source.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            source,
            line_starts: std::iter::once(0).chain(breaks).collect(),
        }
    }

    /// A part of the source.
    pub(super) fn text(&self, part: std::ops::Range<usize>) -> &str {
        self.source.get(part).unwrap_or_default()
    }

    /// Where a byte is.
    pub(super) fn of(&self, byte: usize) -> Position {
        let line = self
            .line_starts
            .partition_point(|start| *start <= byte)
            .max(1);
        let start = self.line_starts[line - 1];
        let before = self.source.get(start..byte).unwrap_or("");
        (line, before.chars().count() + 1)
    }
}
