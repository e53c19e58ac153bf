//! `plimsoll simulate outage`: what is left of an outage once it is over.

mod args;
mod show;

use plimsoll_sim::outage::{Defence, OutageModel, OutageReport, html};

pub(crate) use args::OutageArgs;

use crate::command;
use crate::input_error::InputError;
use crate::recorded::flag_error;
use crate::report_files::ReportFiles;

/// Runs the command; gives what to print.
pub(super) fn run(args: &OutageArgs) -> Result<String, InputError> {
    let files = ReportFiles::of(&args.output, None, &[])?;
    let model = OutageModel::new(args.config()).map_err(|error| flag_error(&error))?;
    let mut report = OutageReport::new(model.config(), &command::outage(args));
    let defences = match args.defence.as_slice() {
        [] => Defence::usual(),
        given => given.to_vec(),
    };
    for (i, defence) in defences.iter().enumerate() {
        if defences[..i].contains(defence) {
            return Err(flag_error(&format!("--defence {defence} is given twice")));
        }
        report.add(model.run(*defence));
    }
    files.write(&report, html, show::tables)
}
