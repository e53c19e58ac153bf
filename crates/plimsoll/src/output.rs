//! Writing results: whole or not at all.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::input_error::InputError;

/// Where a result goes.
pub(crate) fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Writes texts, each to standard output (`-`) or to a file. Files are written beside their place
/// first and renamed when all of them stand: a reader never sees half of one, and if one cannot be
/// written the others are left alone. What is no regular file (a pipe, a device) is written into.
pub(crate) fn write_all(texts: &[(&Path, &str)]) -> Result<(), InputError> {
    let mut parts = Vec::new();
    let outcome = stage(texts, &mut parts).and_then(|()| rename(&parts));
    for (part, _) in &parts {
        // Best effort: those that were renamed are gone.
        let _ = std::fs::remove_file(part);
    }
    outcome?;
    for (path, text) in texts {
        if is_stdout(path) {
            print(text)?;
        } else if is_special(path) {
            std::fs::write(path, text).map_err(|e| unwritable(path, &e))?;
        }
    }
    Ok(())
}

/// Writes every file beside its place; `parts` tells which stand, as (part, place).
fn stage(texts: &[(&Path, &str)], parts: &mut Vec<(PathBuf, PathBuf)>) -> Result<(), InputError> {
    for (path, text) in texts
        .iter()
        .filter(|(path, _)| !is_stdout(path) && !is_special(path))
    {
        let place = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        if place.is_dir() {
            let error = std::io::Error::from(std::io::ErrorKind::IsADirectory);
            return Err(unwritable(path, &error));
        }
        let mut name = place.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let part = place.with_file_name(name);
        parts.push((part.clone(), place));
        std::fs::write(&part, text).map_err(|e| unwritable(path, &e))?;
    }
    Ok(())
}

fn rename(parts: &[(PathBuf, PathBuf)]) -> Result<(), InputError> {
    parts.iter().try_for_each(|(part, place)| {
        std::fs::rename(part, place).map_err(|e| unwritable(place, &e))
    })
}

/// Whether something stands there that is neither a file nor a folder.
fn is_special(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|m| !m.is_file() && !m.is_dir())
}

fn unwritable(path: &Path, error: &std::io::Error) -> InputError {
    InputError::new(path, None, format!("cannot be written: {error}"))
}

/// Refuses two results for one file, and a result in the place of something that is read. Each
/// path comes with the flag that gave it.
pub(crate) fn check_apart(
    written: &[(&str, &Path)],
    read: &[(&str, &Path)],
) -> Result<(), InputError> {
    let same = |a: &Path, b: &Path| {
        let real = |p: &Path| std::fs::canonicalize(p).or_else(|_| std::path::absolute(p));
        a == b || matches!((real(a), real(b)), (Ok(a), Ok(b)) if a == b)
    };
    for (i, (flag, path)) in written.iter().enumerate() {
        let others = written[..i].iter().chain(read);
        if let Some((other, _)) = others.into_iter().find(|(_, other)| same(other, path)) {
            let message = format!("{other} and {flag} are the same file, must be different ones");
            return Err(InputError::new(path, None, message));
        }
    }
    Ok(())
}

/// Text from files as a terminal may show it: control characters would act on it.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
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
