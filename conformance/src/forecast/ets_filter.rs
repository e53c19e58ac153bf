//! Kind `ets_filter`: exponential smoothing with known parameters.

use capacity_forecast::{Ets, EtsForm, EtsParameters, EtsState, SeasonUpdate};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::near::{Near, all_near};
use crate::fields::given;
use crate::report::Comparison;
use crate::suite::{Question, Refused};

/// The answers have nine to ten digits, of values with six to eight.
const NEAR: Near = Near {
    relative: 1e-6,
    absolute: 1e-6,
};

/// A model, its start and a series.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EtsFilter {
    model: String,
    season: usize,
    values: Vec<f64>,
    parameters: Parameters,
    #[serde(default, rename = "note")]
    _note: IgnoredAny,
    initial_level: f64,
    initial_trend: Option<f64>,
    initial_seasonal: Option<Vec<f64>>,
    expect: Expect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    smoothing_level: f64,
    #[serde(default)]
    smoothing_trend: f64,
    #[serde(default)]
    smoothing_seasonal: f64,
    #[serde(default = "undamped")]
    damping_trend: f64,
}

const fn undamped() -> f64 {
    1.0
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    #[serde(default, deserialize_with = "given")]
    fitted: Option<Vec<f64>>,
    #[serde(default, deserialize_with = "given")]
    forecast: Option<Vec<f64>>,
    #[serde(default, deserialize_with = "given")]
    log_likelihood: Option<f64>,
    #[serde(default, deserialize_with = "given")]
    sse_of_residuals: Option<f64>,
}

impl Question for EtsFilter {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        // The cases write the damping as D, the crate as d.
        let form: EtsForm = self
            .model
            .replace('D', "d")
            .parse()
            .map_err(|e| Refused(format!("model: {e}")))?;
        let start = EtsState {
            level: self.initial_level,
            trend: self.initial_trend.unwrap_or(0.0),
            season: self.initial_seasonal.unwrap_or_default(),
        };
        let parameters = EtsParameters {
            level: self.parameters.smoothing_level,
            trend: self.parameters.smoothing_trend,
            season: self.parameters.smoothing_seasonal,
            damping: self.parameters.damping_trend,
        };
        // The reference, statsmodels, tells a multiplicative season by the new level.
        let model = Ets::new(form, parameters, start)
            .map_err(|e| Refused(e.to_string()))?
            .with_season_update(SeasonUpdate::NewLevel);
        if model.period() != self.season {
            return Err(Refused(format!(
                "season is {}, must be {}, the length of initial_seasonal",
                self.season,
                model.period()
            )));
        }
        let fit = match model.filter(&self.values) {
            Ok(fit) => fit,
            Err(error) => {
                answers.refused(error);
                return Ok(());
            }
        };
        if let Some(fitted) = &self.expect.fitted {
            all_near(answers, "fitted", NEAR, fitted, fit.fitted());
        }
        if let Some(forecast) = &self.expect.forecast {
            let mut got = vec![0.0; forecast.len()];
            if fit.forecast(&mut got) {
                all_near(answers, "forecast", NEAR, forecast, &got);
            } else {
                answers.refused("forecast: not finite");
            }
        }
        if let Some(expected) = self.expect.log_likelihood {
            let got = fit.log_likelihood();
            answers.check("log_likelihood", NEAR.agree(expected, got), expected, got);
        }
        if let Some(expected) = self.expect.sse_of_residuals {
            let got = fit.sum_of_squares();
            answers.check("sse_of_residuals", NEAR.agree(expected, got), expected, got);
        }
        Ok(())
    }
}
