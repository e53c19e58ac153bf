//! A file of many sections, of which some are read apart and any may be absent, the file itself too.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::document::one;
use super::fault::Fault;
use super::reader::read;
use super::toml;
use super::tree::{Entry, Node, Value};
use crate::input_error::InputError;

/// A file as a tree, or no file at all: then errors are the command line's.
#[derive(Debug)]
pub(crate) struct Sections {
    pub(super) file: PathBuf,
    pub(super) root: Option<Node>,
}

impl Sections {
    /// What stands in for a file that was not given.
    pub(crate) fn none() -> Self {
        Self {
            file: "command line".into(),
            root: None,
        }
    }

    /// Reads a file: TOML, YAML or JSON, by its ending.
    pub(crate) fn load(path: &Path) -> Result<Self, InputError> {
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        let extension = extension.to_ascii_lowercase();
        if !["toml", "yaml", "yml", "json"].contains(&extension.as_str()) {
            let message = "must end in .toml, .yaml, .yml or .json";
            return Err(InputError::new(path, None, message));
        }
        Self::parse(path, &extension, &super::read(path)?)
    }

    /// Reads a text; `extension` says in which language.
    pub(crate) fn parse(file: &Path, extension: &str, text: &str) -> Result<Self, InputError> {
        let root = if extension == "toml" {
            toml::parse(text).map_err(|fault| fault.in_file(file, &[]))?
        } else {
            one(file, text)?
        };
        Ok(Self {
            file: file.to_owned(),
            root: Some(root),
        })
    }

    /// The file's folder, which paths in it start from.
    pub(crate) fn folder(&self) -> &Path {
        self.file.parent().unwrap_or_else(|| Path::new(""))
    }

    /// Whether something stands at exactly this path.
    pub(crate) fn has_path(&self, path: &str) -> bool {
        let mut node = self.root.as_ref();
        for step in path.split('.') {
            node = node.and_then(|node| node.entry(step)).map(|e| &e.node);
        }
        node.is_some()
    }

    /// Moves the entries of `section.inner` up into `section`, under any of the inner names.
    pub(crate) fn lift(&mut self, section: &str, inner: &[&str]) -> Result<(), InputError> {
        let Some(root) = &mut self.root else {
            return Ok(());
        };
        let Some(outer) = root.entry_mut(section) else {
            return Ok(());
        };
        for key in inner {
            let Some(entry) = outer.node.take(key) else {
                continue;
            };
            let Value::Table(entries) = entry.node.value else {
                let message = format!("{section}.{key} must be a mapping");
                return Err(InputError::new(&self.file, Some(entry.node.at), message));
            };
            for entry in entries {
                if outer.node.entry(&entry.key).is_some() {
                    let message = format!("{section}.{} is given twice", entry.key);
                    return Err(InputError::new(&self.file, Some(entry.key_at), message));
                }
                outer.node.put(entry);
            }
        }
        Ok(())
    }

    /// Reads the whole of it; of no file, what nothing gives.
    pub(crate) fn read<T: DeserializeOwned + Default>(&self) -> Result<T, InputError> {
        match &self.root {
            Some(root) => read(root).map_err(|fault: Fault| fault.in_file(&self.file, &[])),
            None => Ok(T::default()),
        }
    }

    /// Reads a section that holds the fields of a configuration and, beside them, others of ours.
    pub(crate) fn section<O, C>(
        &self,
        key: &str,
        ours: &[&str],
    ) -> Result<Option<(O, C)>, InputError>
    where
        O: DeserializeOwned,
        C: DeserializeOwned,
    {
        let Some(entry) = self.root.as_ref().and_then(|root| root.entry(key)) else {
            return Ok(None);
        };
        let table = |of_ours: bool| {
            let entries = entry.node.entries().iter();
            let entries = entries.filter(|e| ours.contains(&e.key.as_str()) == of_ours);
            Node {
                at: entry.node.at,
                value: Value::Table(entries.cloned().collect()),
            }
        };
        let fault = |fault: Fault| {
            let fault = fault.in_section(key, entry.at());
            fault.in_file(&self.file, ours)
        };
        if !matches!(entry.node.value, Value::Table(_)) {
            let message = format!("{key} must be a mapping");
            return Err(InputError::new(&self.file, Some(entry.at()), message));
        }
        let config = read(&table(false)).map_err(fault)?;
        let own = read(&table(true)).map_err(fault)?;
        Ok(Some((own, config)))
    }

    /// An error about what stands at a path.
    pub(crate) fn refuse(&self, path: &str, message: impl Into<String>) -> InputError {
        let at = self.root.as_ref().map(|root| root.find(path));
        InputError::new(&self.file, at, message)
    }
}

impl Node {
    fn entry_mut(&mut self, key: &str) -> Option<&mut Entry> {
        match &mut self.value {
            Value::Table(entries) => entries.iter_mut().find(|e| e.key == key),
            _ => None,
        }
    }
}
