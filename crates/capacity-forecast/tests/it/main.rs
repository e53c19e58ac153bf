//! Tables, properties and snapshots of the forecasts, through the public API.

mod event;
mod season;
mod series;
mod members;

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
