//! Tables, properties and snapshots of the forecasts, through the public API.

mod accuracy;
mod any_series;
#[cfg(feature = "linfa")]
mod baseline;
mod breach;
mod change_points;
mod conformal;
mod event;
mod first_passage;
mod members;
mod normal;
mod outliers;
mod planner;
mod report;
mod report_properties;
mod season;
mod series;
mod shapes;
mod statistics;
mod tracker;
mod trend;
mod urgency;

use proptest::test_runner::Config;

/// Cases of a cheap property; the feature `full` runs more.
pub(crate) const CASES: u32 = if cfg!(feature = "full") { 100_000 } else { 400 };

/// `quick` cases, or `full` ones with the feature of that name.
fn cases(quick: u32, full: u32) -> Config {
    Config {
        cases: if cfg!(feature = "full") { full } else { quick },
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    }
}

/// Asserts that two numbers agree within a share of the second.
#[track_caller]
pub(crate) fn close(got: f64, expected: f64, relative: f64) {
    let bound = relative * expected.abs();
    assert!(
        (got - expected).abs() <= bound,
        "{got:e} is not within {bound:e} of {expected:e}"
    );
}

/// Numbers of every size, and some that are none.
pub(crate) fn wild() -> impl proptest::strategy::Strategy<Value = f64> {
    use proptest::prelude::*;
    prop_oneof![
        4 => -10.0..10.0_f64,
        2 => (-3..3_i32).prop_map(f64::from),
        1 => prop_oneof![Just(1e300), Just(-1e300), Just(1e-300), Just(-1e-300), Just(0.0)],
        1 => prop_oneof![Just(f64::MAX), Just(f64::MIN), Just(f64::MIN_POSITIVE), Just(5e-324)],
        1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY)],
    ]
}
