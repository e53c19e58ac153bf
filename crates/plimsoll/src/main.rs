//! What would this autoscaler have done with last week's load, what would it have cost, and how far
//! is that from the best possible?

mod candidate;
mod cli;
mod command;
mod decide;
mod input_error;
mod output;
mod policy_file;
mod progress;
mod recorded;
mod replay;
mod scaling_group;
mod size;
mod table;
mod tune;

use std::process::ExitCode;

use clap::Parser as _;

/// A stated bar or check failed.
const FAILED: u8 = 1;
/// Bad input.
const BAD_INPUT: u8 = 2;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let done = |text| (text, true);
    let result = match &cli.command {
        cli::Command::Replay(args) => replay::run(args).map(done),
        cli::Command::Decide(args) => decide::run(args).map(done),
        cli::Command::Tune(args) => tune::run(args).map(done),
        cli::Command::Size(args) => size::run(args),
    };
    match result.and_then(|(text, met)| output::print(&text).map(|()| met)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(FAILED),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(BAD_INPUT)
        }
    }
}
