//! `plimsoll diagnose`.

mod page;
mod show;

use std::path::Path;

use autoscale_core::{Diagnosis, DiagnosisConfig, SystemFigures, diagnose};
use serde::Serialize;

use crate::cli::DiagnoseArgs;
use crate::input_error::InputError;
use crate::output;
use crate::policy_file::Document;
use crate::replay::{absolute, to_json};

/// Field of the file that holds the limits, beside the figures.
const LIMITS: &str = "limits";

/// A diagnosis, and what it was made from.
#[derive(Debug, Serialize)]
struct Report {
    figures: String,
    summary: String,
    #[serde(flatten)]
    diagnosis: Diagnosis,
}

/// Runs the command; gives what to print.
pub(crate) fn run(args: &DiagnoseArgs) -> Result<String, InputError> {
    let (json, html) = (args.output.json.as_deref(), args.output.html.as_deref());
    let written: Vec<(&str, &Path)> = [("--json", json), ("--html", html)]
        .into_iter()
        .filter_map(|(flag, path)| Some((flag, path?)))
        .collect();
    let read = [("FILE", args.figures.as_path())];
    let read = if output::is_stdout(&args.figures) {
        &[]
    } else {
        read.as_slice()
    };
    output::check_apart(&written, read)?;
    let mut document = Document::open(&args.figures)?;
    let limits = document.split(LIMITS);
    let config = match &limits {
        Some(limits) => {
            let config: DiagnosisConfig = limits.read(&[])?;
            config.validate().map_err(|error| limits.refuse(&error))?;
            config
        }
        None => DiagnosisConfig::default(),
    };
    let figures: SystemFigures = document.read(&[LIMITS])?;
    figures.check().map_err(|error| document.refuse(&error))?;
    let diagnosis = diagnose(&config, &figures).map_err(|error| document.refuse(&error))?;
    let report = Report {
        figures: args.figures.display().to_string(),
        summary: diagnosis.summary(),
        diagnosis,
    };
    let mut texts = Vec::new();
    if let Some(path) = json {
        texts.push((path, to_json(&report)?));
    }
    if let Some(path) = html {
        texts.push((path, page::page(&report)));
    }
    let borrowed: Vec<(&Path, &str)> = texts.iter().map(|(p, t)| (*p, t.as_str())).collect();
    output::write_all(&borrowed)?;
    if texts.iter().any(|(path, _)| output::is_stdout(path)) {
        return Ok(String::new());
    }
    let mut text = show::tables(&report);
    for (label, path) in [("figures", json), ("report", html)] {
        if let Some(path) = path {
            text.push_str(&format!("\n{label}: {}\n", absolute(path)));
        }
    }
    Ok(text)
}
