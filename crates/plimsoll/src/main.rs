//! What would this autoscaler have done with last week's load, what would it have cost, and how far
//! is that from the best possible?

mod candidate;
mod cli;
mod command;
mod decide;
mod diagnose;
mod input_error;
mod output;
mod policy_file;
mod progress;
mod recorded;
mod replay;
mod scaling_group;
mod table;
mod tune;

use std::process::ExitCode;

use clap::Parser as _;

/// Bad input.
const BAD_INPUT: u8 = 2;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let result = match &cli.command {
        cli::Command::Replay(args) => replay::run(args),
        cli::Command::Decide(args) => decide::run(args),
        cli::Command::Tune(args) => tune::run(args),
        cli::Command::Diagnose(args) => diagnose::run(args),
    };
    match result.and_then(|text| output::print(&text)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(BAD_INPUT)
        }
    }
}
