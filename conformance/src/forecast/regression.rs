//! Kind `regression`: trends of values at irregular times.

use capacity_forecast::{LeastSquares, MannKendall, Points, Siegel, TheilSen};
use serde::{Deserialize, Deserializer};

use super::{near_all, near_result};
use crate::fields::given;
use crate::report::Comparison;
use crate::suite::{Question, Refused};

/// Hours of a week, which is how far naive planners look.
const HORIZON_H: usize = 168;

/// Values at times, and a limit.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Regression {
    hours: Vec<f64>,
    values: Vec<f64>,
    limit: f64,
    expect: Expect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    #[serde(default, deserialize_with = "given")]
    quadratic_c0_c1_c2: Option<[f64; 3]>,
    #[serde(default, deserialize_with = "given")]
    linear_c0_c1: Option<[f64; 2]>,
    #[serde(default, deserialize_with = "given")]
    r_squared_quadratic: Option<f64>,
    #[serde(default, deserialize_with = "given")]
    seeds_confidence: Option<f64>,
    #[serde(default, deserialize_with = "given")]
    theil_sen_slope_intercept: Option<[f64; 2]>,
    #[serde(default, deserialize_with = "given")]
    theil_sen_slope_ci95: Option<[f64; 2]>,
    #[serde(default, deserialize_with = "given")]
    siegel_slope_intercept: Option<[f64; 2]>,
    #[serde(default, deserialize_with = "given")]
    #[serde(rename = "mann_kendall_S")]
    mann_kendall_s: Option<i64>,
    /// `null` is an answer here: none within the horizon.
    #[serde(default, deserialize_with = "present")]
    seeds_first_step_at_or_over_limit: Option<Option<usize>>,
}

fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<usize>>, D::Error> {
    Option::deserialize(from).map(Some)
}

impl Question for Regression {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let points =
            Points::new(&self.hours, &self.values).map_err(|e| Refused(format!("hours: {e}")))?;
        let expect = self.expect;
        let quadratic = LeastSquares::quadratic(&points);
        if let Some(expected) = expect.quadratic_c0_c1_c2 {
            match &quadratic {
                Ok(fit) => near_all(
                    answers,
                    "quadratic_c0_c1_c2",
                    &expected,
                    &fit.coefficients(),
                ),
                Err(reason) => answers.refused(reason),
            }
        }
        if let Some(expected) = expect.linear_c0_c1 {
            match LeastSquares::line(&points).map(|fit| fit.coefficients()) {
                Ok([c0, c1, _]) => near_all(answers, "linear_c0_c1", &expected, &[c0, c1]),
                Err(reason) => answers.refused(reason),
            }
        }
        if let Some(expected) = expect.r_squared_quadratic {
            let got = quadratic.as_ref().map(LeastSquares::r_squared);
            near_result(answers, "r_squared_quadratic", expected, got);
        }
        if let Some(expected) = expect.seeds_confidence {
            let got = quadratic.as_ref().map(LeastSquares::naive_confidence);
            near_result(answers, "seeds_confidence", expected, got);
        }
        if let Some(expected) = expect.seeds_first_step_at_or_over_limit {
            let last = points.times().last().copied().unwrap_or_default();
            let got = quadratic.map(|fit| fit.first_step_reaching(self.limit, last, HORIZON_H));
            answers.same("seeds_first_step_at_or_over_limit", &Ok(expected), &got);
        }
        let line = TheilSen::fit(&points);
        let pairs = [
            (
                "theil_sen_slope_intercept",
                expect.theil_sen_slope_intercept,
                line.clone().map(|l| [l.slope, l.intercept]),
            ),
            (
                "theil_sen_slope_ci95",
                expect.theil_sen_slope_ci95,
                line.map(|l| [l.slope_low, l.slope_high]),
            ),
            (
                "siegel_slope_intercept",
                expect.siegel_slope_intercept,
                Siegel::fit(&points).map(|l| [l.slope, l.intercept]),
            ),
        ];
        for (field, expected, got) in pairs {
            match (expected, got) {
                (None, _) => {}
                (Some(expected), Ok(got)) => near_all(answers, field, &expected, &got),
                (Some(_), Err(reason)) => answers.refused(format!("{field}: {reason}")),
            }
        }
        if let Some(expected) = expect.mann_kendall_s {
            let got = MannKendall::test(&points).map(|test| test.s);
            answers.same("mann_kendall_S", &Ok(expected), &got);
        }
        Ok(())
    }
}
