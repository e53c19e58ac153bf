//! `plimsoll simulate outage`: what is left of an outage once it is over.

mod args;
mod bounds;
mod show;

use plimsoll_sim::outage::{Defence, OutageModel, OutageReport, html};

use args::Named;
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
    no_two_are_the_same(&args.defence)?;
    let defences = match args.defence.as_slice() {
        [] => Defence::usual(),
        given => given.iter().map(|named| named.defence).collect(),
    };
    for defence in defences {
        report.add(model.run(defence));
    }
    files.write(&report, html, show::tables)
}

fn no_two_are_the_same(given: &[Named]) -> Result<(), InputError> {
    for (i, named) in given.iter().enumerate() {
        let same = |other: &&Named| other.defence == named.defence;
        let Some(other) = given[..i].iter().find(same) else {
            continue;
        };
        let said = match other.given == named.given {
            true => format!("--defence {} is given twice", named.given),
            false => format!(
                "--defence {} and --defence {} are the same defence",
                other.given, named.given
            ),
        };
        return Err(flag_error(&said));
    }
    Ok(())
}
