//! `plimsoll forecast`: when a metric reaches its limit, how sure that is, and whether to act now.

mod args;
mod cpu;
mod lines;
mod tasks;

pub(crate) use args::ForecastArgs;

use crate::input_error::InputError;

/// Runs the command; gives what to print, and whether everything could be answered.
pub(crate) fn run(args: &ForecastArgs) -> Result<(String, bool), InputError> {
    tasks::run(&args.tasks)?;
    Ok((String::new(), true))
}
