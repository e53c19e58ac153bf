//! Where a command's figures and page go.

use std::path::{Path, PathBuf};

use crate::cli::OutputArgs;
use crate::input_error::InputError;
use crate::output;

/// The files of a report, checked before any work is done.
pub(crate) struct ReportFiles {
    json: Option<PathBuf>,
    html: Option<PathBuf>,
}

impl ReportFiles {
    /// The files that are asked for; where none is, both under `name`, if there is one. `read` are those that are
    /// read, each with the flag that gave it: none of them may be written over.
    pub(crate) fn of(
        args: &OutputArgs,
        name: Option<&str>,
        read: &[(&str, &Path)],
    ) -> Result<Self, InputError> {
        let mut files = Self {
            json: args.json.clone(),
            html: args.html.clone(),
        };
        if let (None, None, Some(name)) = (&files.json, &files.html, name) {
            files.json = Some(PathBuf::from(format!("{name}.json")));
            files.html = Some(PathBuf::from(format!("{name}.html")));
        }
        let json = files.json.iter().map(|path| ("--json", path.as_path()));
        let html = files.html.iter().map(|path| ("--html", path.as_path()));
        let written: Vec<(&str, &Path)> = json.chain(html).collect();
        output::check_apart(&written, read)?;
        Ok(files)
    }

    /// Writes the files and gives what to print: the summary and the files' places, or nothing where
    /// a file is standard output.
    pub(crate) fn write<R: serde::Serialize>(
        &self,
        report: &R,
        html: impl FnOnce(&R) -> String,
        summary: impl FnOnce(&R) -> String,
    ) -> Result<String, InputError> {
        let json = self
            .json
            .as_deref()
            .map(|path| Ok((path, to_json(report)?)))
            .transpose()?;
        let page = self.html.as_deref().map(|path| (path, html(report)));
        let texts: Vec<(&Path, &str)> = json
            .iter()
            .chain(&page)
            .map(|(path, text)| (*path, text.as_str()))
            .collect();
        output::write_all(&texts)?;
        if texts.iter().any(|(path, _)| output::is_stdout(path)) {
            return Ok(String::new());
        }
        let mut text = summary(report);
        for (label, path) in [("figures", &self.json), ("report", &self.html)] {
            if let Some(path) = path {
                text.push_str(&format!("{label}: {}\n", absolute(path)));
            }
        }
        Ok(text)
    }
}

pub(crate) fn to_json<T: serde::Serialize>(report: &T) -> Result<String, InputError> {
    serde_json::to_string_pretty(report)
        .map(|text| text + "\n")
        .map_err(|e| InputError::new("report", None, e.to_string()))
}

pub(crate) fn absolute(path: &Path) -> String {
    std::path::absolute(path)
        .unwrap_or_else(|_| path.to_owned())
        .display()
        .to_string()
}
