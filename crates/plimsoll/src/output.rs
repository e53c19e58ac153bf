//! Writing results: whole or not at all.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::input_error::InputError;

/// Where a result goes.
pub(crate) fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Writes a text to standard output (`-`) or, through a file beside it that is then renamed, to a
/// file: a reader never sees half of it.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), InputError> {
    if is_stdout(path) {
        return print(text);
    }
    let fail = |e: std::io::Error| InputError::new(path.display().to_string(), None, e.to_string());
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part: PathBuf = directory.join(name);
    let written = std::fs::write(&part, text).and_then(|()| std::fs::rename(&part, path));
    written.map_err(|e| {
        // Best effort: the part may not exist.
        let _ = std::fs::remove_file(&part);
        fail(e)
    })
}

/// Prints to standard output; a closed pipe is not an error of ours.
pub(crate) fn print(text: &str) -> Result<(), InputError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(InputError::new("standard output", None, e.to_string()))
        }
        _ => Ok(()),
    }
}
