//! Kind `metrics`: scores of a forecast.

use capacity_forecast::accuracy::{
    coverage, mae, mase, msis, pinball, rmse, seasonal_naive_scale, smape,
};
use capacity_forecast::{ForecastError, Score};
use serde::Deserialize;

use super::near_result;
use crate::fields::given;
use crate::report::Comparison;
use crate::suite::{Question, Refused};

/// A training window, what was forecast after it and what came.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Metrics {
    train: Vec<Option<f64>>,
    season: usize,
    actual: Vec<Option<f64>>,
    point: Vec<f64>,
    lower95: Vec<f64>,
    upper95: Vec<f64>,
    expect: Expect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    #[serde(default, deserialize_with = "given")]
    mae: Option<f64>,
    #[serde(default, deserialize_with = "given")]
    rmse: Option<f64>,
    #[serde(default, deserialize_with = "given")]
    scale: Option<f64>,
    #[serde(default, deserialize_with = "given")]
    mase: Option<f64>,
    #[serde(default, deserialize_with = "given")]
    smape_percent: Option<f64>,
    #[serde(default, deserialize_with = "given")]
    pinball_q10_of_point: Option<f64>,
    #[serde(default, deserialize_with = "given")]
    pinball_q90_of_point: Option<f64>,
    #[serde(default, deserialize_with = "given")]
    coverage95: Option<f64>,
    #[serde(default, deserialize_with = "given")]
    msis95: Option<f64>,
}

/// A missing value is `null`.
fn with_gaps(values: Vec<Option<f64>>) -> Vec<f64> {
    values.into_iter().map(|v| v.unwrap_or(f64::NAN)).collect()
}

impl Question for Metrics {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let (train, actual) = (with_gaps(self.train), with_gaps(self.actual));
        let (point, lower, upper) = (&self.point, &self.lower95, &self.upper95);
        let scale = seasonal_naive_scale(&train, self.season);
        let scaled = |score: &dyn Fn(f64) -> Result<Score, ForecastError>| {
            scale.clone().and_then(|scale| score(scale.value))
        };
        let expect = &self.expect;
        let scores = [
            ("mae", expect.mae, mae(&actual, point)),
            ("rmse", expect.rmse, rmse(&actual, point)),
            ("scale", expect.scale, scale.clone()),
            ("mase", expect.mase, scaled(&|s| mase(&actual, point, s))),
            ("smape_percent", expect.smape_percent, smape(&actual, point)),
            (
                "pinball_q10_of_point",
                expect.pinball_q10_of_point,
                pinball(&actual, point, 0.1),
            ),
            (
                "pinball_q90_of_point",
                expect.pinball_q90_of_point,
                pinball(&actual, point, 0.9),
            ),
            (
                "coverage95",
                expect.coverage95,
                coverage(&actual, lower, upper),
            ),
            (
                "msis95",
                expect.msis95,
                scaled(&|s| msis(&actual, lower, upper, 0.95, s)),
            ),
        ];
        for (field, expected, score) in scores {
            if let Some(expected) = expected {
                near_result(answers, field, expected, score.map(|s| s.value));
            }
        }
        Ok(())
    }
}
