//! `plimsoll simulate`: what a model does, without any record of a real one.

mod outage;

use clap::{Args, Subcommand};

pub(crate) use outage::OutageArgs;

use crate::input_error::InputError;

/// Arguments of `plimsoll simulate`.
#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    #[command(subcommand)]
    model: Model,
}

#[derive(Debug, Subcommand)]
enum Model {
    /// An outage of some seconds, and what retries, budgets, bounded queues and breakers make of
    /// it.
    Outage(OutageArgs),
}

/// Runs the command; gives what to print.
pub(crate) fn run(args: &SimulateArgs) -> Result<String, InputError> {
    match &args.model {
        Model::Outage(args) => outage::run(args),
    }
}
