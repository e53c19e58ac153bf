//! What would this autoscaler have done with last week's load, what would it have cost, and how far
//! is that from the best possible?

mod candidate;
mod cli;
mod command;
mod decide;
mod diagnose;
mod forecast;
mod input_error;
mod output;
mod policy_file;
mod progress;
mod recorded;
mod replay;
mod report_files;
mod scaling_group;
mod seasonal;
mod simulate;
mod size;
mod table;
mod timestamp;
mod tune;
mod vertical;

use std::process::ExitCode;

/// A stated limit or bar was not kept.
const NOT_KEPT: u8 = 1;
/// Bad input.
const BAD_INPUT: u8 = 2;

fn main() -> ExitCode {
    let cli = cli::Cli::of_process();
    let result = match &cli.command {
        cli::Command::Replay(args) => replay::run(args).map(|text| (text, true)),
        cli::Command::Decide(args) => decide::run(args).map(|text| (text, true)),
        cli::Command::Tune(args) => tune::run(args),
        cli::Command::Size(args) => size::run(args),
        cli::Command::Diagnose(args) => diagnose::run(args).map(|text| (text, true)),
        cli::Command::Forecast(args) => forecast::run(args),
        cli::Command::Simulate(args) => simulate::run(args).map(|text| (text, true)),
    };
    match result.and_then(|(text, kept)| output::print(&text).map(|()| kept)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(NOT_KEPT),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(BAD_INPUT)
        }
    }
}
