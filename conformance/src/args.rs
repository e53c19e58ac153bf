//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::suite::Suite;

pub(crate) const USAGE: &str = "\
usage: conformance SUITE PATH... [--traces DIR] [--disputed FILE]

  SUITE            autoscale, forecast, sharding, replicas, resilience or cache
  PATH             a file, or a folder that is searched for *.json
  --traces DIR     where recorded key streams are that cases name
  --disputed FILE  cases whose source contradicts them; default DISPUTED.md of this package

exit: 0 all passed or disputed, 1 a case failed, 2 input that cannot be read or checked
";

/// What to run.
#[derive(Debug)]
pub(crate) struct Args {
    pub(crate) suite: Suite,
    pub(crate) paths: Vec<PathBuf>,
    /// `None`: the package's own file.
    pub(crate) disputed: Option<PathBuf>,
}

/// A command line that makes sense.
#[derive(Debug)]
pub(crate) enum Parsed {
    Run(Args),
    Help,
}

impl Args {
    pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Parsed, String> {
        let mut words = words.into_iter();
        let mut plain = Vec::new();
        let mut disputed = None;
        let mut only_plain = false;
        while let Some(word) = words.next() {
            let text = word.to_string_lossy();
            if only_plain || !text.starts_with('-') {
                plain.push(word);
                continue;
            }
            let (name, inline) = match text.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(OsString::from(value))),
                None => (text.into_owned(), None),
            };
            let mut value = || {
                inline
                    .clone()
                    .or_else(|| words.next())
                    .map(PathBuf::from)
                    .ok_or_else(|| format!("{name} needs a value"))
            };
            match name.as_str() {
                // Only kinds that replay a key stream need it, and none is built yet.
                "--traces" => drop(value()?),
                "--disputed" => disputed = Some(value()?),
                "--help" | "-h" => return Ok(Parsed::Help),
                "--" => only_plain = true,
                other => return Err(format!("unknown option {other}")),
            }
        }
        let mut plain = plain.into_iter();
        let suite = plain.next().ok_or("SUITE is missing")?;
        let suite = Suite::from_name(&suite.to_string_lossy())
            .ok_or_else(|| format!("unknown suite {}", suite.to_string_lossy()))?;
        let paths: Vec<_> = plain.map(PathBuf::from).collect();
        if paths.is_empty() {
            return Err("PATH is missing".to_owned());
        }
        Ok(Parsed::Run(Self {
            suite,
            paths,
            disputed,
        }))
    }
}
