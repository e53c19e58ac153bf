//! The command's part of the command line.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `plimsoll forecast`.
#[derive(Debug, Args)]
pub(crate) struct ForecastArgs {
    /// Answer the tasks of a file instead, one JSON object a line, each with one line on standard
    /// output: key, h (steps ahead), m (season lengths in steps), y (history, gaps filled in), raw
    /// (history, null where nothing was observed), and limit where P(reached) is asked for.
    #[arg(long, value_name = "FILE")]
    pub(crate) tasks: PathBuf,
}
