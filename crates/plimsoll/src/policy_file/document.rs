//! A file of one table that is no policy, such as figures of a system.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use autoscale_core::ConfigError;
use serde::de::DeserializeOwned;

use super::fault::Fault;
use super::tree::{Node, Position, Value};
use super::{SIZE_LIMIT, reader, toml, yaml};
use crate::input_error::InputError;
use crate::output;

/// A table and the file that it stands in.
#[derive(Debug)]
pub(crate) struct Document {
    file: PathBuf,
    /// Key of the table in the file, and where that is, unless it is the whole file.
    within: Option<(&'static str, Position)>,
    root: Node,
}

impl Document {
    /// Reads `.toml`, `.yaml`, `.yml` or `.json`; `-` is JSON or YAML on standard input.
    pub(crate) fn open(path: &Path) -> Result<Self, InputError> {
        let stdin = output::is_stdout(path);
        let file = if stdin {
            PathBuf::from("standard input")
        } else {
            path.to_owned()
        };
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        let root = match extension.to_ascii_lowercase().as_str() {
            "toml" => toml::parse(&super::read(path)?).map_err(|f| f.in_file(&file, &[]))?,
            "yaml" | "yml" | "json" => one(&file, &super::read(path)?)?,
            _ if stdin => one(&file, &read_stdin(&file)?)?,
            _ => {
                let message =
                    "must end in .toml, .yaml, .yml or .json (- is JSON or YAML on standard input)";
                return Err(InputError::new(path, None, message));
            }
        };
        Ok(Self {
            file,
            within: None,
            root,
        })
    }

    /// Takes a table out of it.
    pub(crate) fn split(&mut self, key: &'static str) -> Option<Self> {
        let entry = self.root.take(key)?;
        Some(Self {
            file: self.file.clone(),
            within: Some((key, entry.at())),
            root: entry.node,
        })
    }

    /// The table's value; `more` are fields that it has beside those that serde knows.
    pub(crate) fn read<T: DeserializeOwned>(&self, more: &[&str]) -> Result<T, InputError> {
        reader::read(&self.root).map_err(|fault| self.in_file(fault, more))
    }

    /// A refusal of a field, at its place.
    pub(crate) fn refuse(&self, error: &ConfigError) -> InputError {
        let at = toml::place_of(&self.root, error);
        self.in_file(Fault::new(at, error.to_string()), &[])
    }

    fn in_file(&self, fault: Fault, more: &[&str]) -> InputError {
        let fault = match self.within {
            Some((key, at)) => fault.within(key, at),
            None => fault,
        };
        fault.in_file(&self.file, more)
    }
}

/// The one document of a YAML or JSON file.
pub(super) fn one(file: &Path, source: &str) -> Result<Node, InputError> {
    let mut documents = yaml::documents(file, source)?;
    documents.retain(|document| !matches!(document.value, Value::Null));
    match (documents.pop(), documents.len()) {
        (Some(document), 0) => Ok(document),
        (_, more) => {
            let message = format!(
                "holds {} documents, must hold 1",
                more + usize::from(more > 0)
            );
            Err(InputError::new(file, None, message))
        }
    }
}

fn read_stdin(file: &Path) -> Result<String, InputError> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .take(SIZE_LIMIT + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| InputError::unreadable(file, &error))?;
    if bytes.len() as u64 > SIZE_LIMIT {
        return Err(InputError::new(file, None, "larger than 1 MiB"));
    }
    String::from_utf8(bytes).map_err(|error| InputError::not_utf8(file, &error))
}
