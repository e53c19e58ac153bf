//! Tables, properties and snapshots of the decisions, through the public API.

mod aws;
mod config_errors;
mod decode;
mod diagnosis;
#[cfg(feature = "serde")]
mod fields;
mod gaps;
mod given;
mod instances;
mod missing;
mod nodes;
mod predictive;
mod properties;
mod provision;
mod script;
#[cfg(feature = "serde")]
mod snapshot;
mod state;
mod surge;
mod tables;
mod vertical;

use proptest::test_runner::Config;

/// `quick` cases, or `full` ones with the feature of that name.
fn cases(quick: u32, full: u32) -> Config {
    Config {
        cases: if cfg!(feature = "full") { full } else { quick },
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    }
}
