//! Cases that contradict the source that they name.

use std::collections::BTreeSet;
use std::path::Path;
use std::{fs, io};

use crate::load::BadInput;

/// The package's own list, found where the runner was compiled.
const DEFAULT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/DISPUTED.md");

/// Ids, or `file-stem/id` where an id occurs in several files.
#[derive(Debug, Default)]
pub(crate) struct Disputed(BTreeSet<String>);

impl Disputed {
    /// Reads a list. Without a name it is the package's own, which need not be there.
    pub(crate) fn read(named: Option<&Path>) -> Result<Self, BadInput> {
        let path = named.unwrap_or(Path::new(DEFAULT));
        match fs::read_to_string(path) {
            Ok(text) => Ok(Self::parse(&text)),
            Err(e) if named.is_none() && e.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(e) => Err(BadInput::new(path, e)),
        }
    }

    /// The first cell of each table row and the first word of each list item, with or without
    /// back-ticks. Other text is for people.
    fn parse(text: &str) -> Self {
        let entry = |line: &str| {
            let line = line.trim();
            let first = if let Some(row) = line.strip_prefix('|') {
                row.split('|').next()
            } else {
                let item = line.strip_prefix("- ").or_else(|| line.strip_prefix("* "));
                item.and_then(|item| item.split_whitespace().next())
            };
            let id = first?.trim().trim_end_matches(':').trim_matches('`');
            (!id.is_empty()).then(|| id.to_owned())
        };
        Self(text.lines().filter_map(entry).collect())
    }

    pub(crate) fn contains(&self, stem: &str, id: &str) -> bool {
        self.0.contains(id) || self.0.contains(&format!("{stem}/{id}"))
    }
}

#[cfg(test)]
mod tests {
    use super::Disputed;

    #[test]
    fn reads_tables_and_lists() {
        let text = "# Disputed\na-1 is only prose\n\n| case | reason |\n|---|---|\n\
                    | `a-2` | wrong |\n| file/a-3 | wrong |\n- `a-4`: wrong\n* a-5 wrong\n";
        let disputed = Disputed::parse(text);
        assert!(!disputed.contains("file", "a-1"));
        assert!(disputed.contains("any", "a-2"));
        assert!(disputed.contains("file", "a-3") && !disputed.contains("other", "a-3"));
        assert!(disputed.contains("any", "a-4") && disputed.contains("any", "a-5"));
    }
}
