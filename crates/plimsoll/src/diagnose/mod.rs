//! `plimsoll diagnose`.

mod page;
mod show;

use autoscale_core::{Diagnosis, DiagnosisConfig, SystemFigures, diagnose};
use serde::Serialize;

use crate::cli::DiagnoseArgs;
use crate::input_error::InputError;
use crate::output;
use crate::policy_file::Document;
use crate::report_files::ReportFiles;

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
    let read = [("FILE", args.figures.as_path())];
    let read = if output::is_stdout(&args.figures) {
        &[]
    } else {
        read.as_slice()
    };
    let files = ReportFiles::of(&args.output, None, read)?;
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
    files.write(&report, page::page, show::tables)
}
