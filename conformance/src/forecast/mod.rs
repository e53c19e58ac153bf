//! Forecasts: models, decompositions, statistics, intervals and first passages.

mod adaptive_conformal;
mod auto_models;
mod change_points;
mod ets_filter;
mod first_passage;
mod metrics;
mod near;
mod regression;
mod split_conformal;
mod stl;

use crate::report::Comparison;
use crate::suite::{Checker, check};

pub(crate) fn checker(kind: &str) -> Option<Checker> {
    Some(match kind {
        "metrics" => check::<metrics::Metrics>,
        "regression" => check::<regression::Regression>,
        "split_conformal" => check::<split_conformal::Split>,
        "adaptive_conformal" => check::<adaptive_conformal::Adaptive>,
        "change_points_l2" => check::<change_points::ChangePoints>,
        "first_passage_brownian" => check::<first_passage::Brownian>,
        "ets_filter" => check::<ets_filter::EtsFilter>,
        "auto_models_statsforecast_2_1_1" => check::<auto_models::AutoModels>,
        "stl_statsmodels" => check::<stl::StlStatsmodels>,
        _ => return None,
    })
}

/// Answers are written with ten digits: half a unit of the last is 5e-10 of the first.
const RELATIVE: f64 = 1e-9;
/// What a sum that should be 0 may be off by.
const ABSOLUTE: f64 = 1e-12;

/// Compares numbers within the digits that the answers are written with.
fn near(answers: &mut Comparison, field: &str, expected: f64, got: f64) {
    near_within(answers, field, expected, got, 0.0);
}

/// The same, where the reference itself may be off by `allowance`.
fn near_within(answers: &mut Comparison, field: &str, expected: f64, got: f64, allowance: f64) {
    let bound = RELATIVE * expected.abs() + ABSOLUTE + allowance;
    answers.check(field, (expected - got).abs() <= bound, expected, got);
}

/// Compares lists of numbers, of which a missing one is a difference too.
fn near_all(answers: &mut Comparison, field: &str, expected: &[f64], got: &[f64]) {
    answers.same(&format!("{field}'s length"), &expected.len(), &got.len());
    for (index, (expected, got)) in expected.iter().zip(got).enumerate() {
        near(answers, &format!("{field}[{index}]"), *expected, *got);
    }
}

/// Compares a result; a refusal of the crate is a difference.
fn near_result<E: core::fmt::Display>(
    answers: &mut Comparison,
    field: &str,
    expected: f64,
    got: Result<f64, E>,
) {
    match got {
        Ok(got) => near(answers, field, expected, got),
        Err(reason) => answers.refused(format!("{field}: {reason}")),
    }
}
