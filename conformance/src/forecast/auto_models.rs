//! Kind `auto_models_statsforecast_2_1_1`: models that choose themselves.

use capacity_forecast::{
    AutoEts, Drift, EtsFit, EtsSeason, EtsTrend, Forecaster, History, SeasonalNaive, Theta,
    ThetaMethod,
};
use serde::Deserialize;

use super::near::{Near, all_near};
use crate::fields::given;
use crate::report::Comparison;
use crate::suite::{Question, Refused};

/// Closed formulas, of values with six digits.
const EXACT: Near = Near {
    relative: 1e-6,
    absolute: 1e-6,
};
/// Theta's answers stand where the reference's search ended, some digits before the best.
const SEARCHED: Near = Near {
    relative: 1e-4,
    absolute: 0.0,
};
/// By how much the criterion of the selected model may be above the reference's. Below it is better.
const AICC: f64 = 1e-3;
/// By how much a forecast of the reference's own model may differ, in halves of its interval. A better
/// model's may differ by one; so may a damped one's, as the reference's second step repeats the
/// first's damping.
const LIKE: f64 = 0.1;
/// Of the same form, half an interval's width may differ by this share: a better fit has less
/// variance left.
const WIDTH: f64 = 0.25;
/// The 97.5th percentile of the standard normal distribution.
const NORMAL_95: f64 = 1.959_963_984_540_054;

/// A series, and what each model makes of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AutoModels {
    values: Vec<f64>,
    season: usize,
    expect: Expect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    #[serde(default, deserialize_with = "given")]
    auto_ets: Option<ExpectEts>,
    #[serde(default, deserialize_with = "given")]
    theta: Option<Vec<f64>>,
    #[serde(default, deserialize_with = "given")]
    optimized_theta: Option<Vec<f64>>,
    #[serde(default, deserialize_with = "given")]
    dynamic_optimized_theta: Option<Vec<f64>>,
    #[serde(default, deserialize_with = "given")]
    seasonal_naive: Option<Interval>,
    #[serde(default, deserialize_with = "given")]
    drift: Option<Interval>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectEts {
    components: String,
    aicc: f64,
    log_likelihood: f64,
    mean: Vec<f64>,
    lo95: Vec<f64>,
    hi95: Vec<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Interval {
    mean: Vec<f64>,
    #[serde(rename = "lo-95")]
    low: Vec<f64>,
    #[serde(rename = "hi-95")]
    high: Vec<f64>,
}

impl Question for AutoModels {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let observed = vec![true; self.values.len()];
        let seasons: Vec<usize> = (self.season > 1)
            .then_some(self.season)
            .into_iter()
            .collect();
        let history =
            History::new(&self.values, &observed, &seasons).map_err(|e| Refused(e.to_string()))?;
        if let Some(expected) = &self.expect.auto_ets {
            match AutoEts::new().fit(&self.values, self.season) {
                Ok(fit) => selected(answers, expected, &fit),
                Err(error) => answers.refused(format!("auto_ets: {error}")),
            }
        }
        let methods = [
            ("theta", ThetaMethod::Standard, &self.expect.theta),
            (
                "optimized_theta",
                ThetaMethod::Optimized,
                &self.expect.optimized_theta,
            ),
            (
                "dynamic_optimized_theta",
                ThetaMethod::DynamicOptimized,
                &self.expect.dynamic_optimized_theta,
            ),
        ];
        for (field, method, expected) in methods {
            if let Some(expected) = expected {
                mean(
                    answers,
                    field,
                    SEARCHED,
                    &Theta::new(method),
                    &history,
                    expected,
                );
            }
        }
        if let Some(expected) = &self.expect.seasonal_naive {
            let deviations = SeasonalNaive.deviations(&history, expected.mean.len());
            interval(
                answers,
                "seasonal_naive",
                &SeasonalNaive,
                &history,
                expected,
                deviations,
            );
        }
        if let Some(expected) = &self.expect.drift {
            let deviations = Drift.deviations(&history, expected.mean.len());
            interval(answers, "drift", &Drift, &history, expected, deviations);
        }
        Ok(())
    }
}

/// The criterion must be as good. Where it is the reference's own, so must be form and likelihood;
/// a better model need not look alike, but must stay near.
fn selected(answers: &mut Comparison, expected: &ExpectEts, fit: &EtsFit) {
    let aicc = fit.aicc();
    let bound = format!("at most {} + {AICC}", expected.aicc);
    answers.check("auto_ets.aicc", aicc <= expected.aicc + AICC, bound, aicc);
    let form = fit.model().form();
    // The cases write the damping last, as D or N.
    let damped = form.trend == EtsTrend::Damped;
    let plain = form.to_string().replace('d', "");
    let components = format!("{plain}{}", if damped { 'D' } else { 'N' });
    if aicc >= expected.aicc - AICC {
        answers.same("auto_ets.components", &expected.components, &components);
        let likelihood = fit.relative_log_likelihood();
        let agree = (likelihood - expected.log_likelihood).abs() <= AICC;
        let field = "auto_ets.log_likelihood";
        answers.check(field, agree, expected.log_likelihood, likelihood);
    }
    let horizon = expected.mean.len();
    let mut means = vec![0.0; horizon];
    if !fit.forecast(&mut means) {
        answers.refused("auto_ets.mean: not finite");
        return;
    }
    answers.same("auto_ets.lo95.len()", &horizon, &expected.lo95.len());
    answers.same("auto_ets.hi95.len()", &horizon, &expected.hi95.len());
    let bounds = expected.lo95.iter().zip(&expected.hi95);
    let like = aicc >= expected.aicc - AICC && !damped;
    let share = if like { LIKE } else { 1.0 };
    let steps = expected.mean.iter().zip(&means).zip(bounds.clone());
    for (step, ((mean, got), (low, high))) in steps.enumerate() {
        let agree = (got - mean).abs() <= share * 0.5 * (high - low);
        answers.check(&format!("auto_ets.mean[{step}]"), agree, mean, got);
    }
    if components != expected.components {
        return;
    }
    // Beyond the first step the reference's widths are comparable without a season only: additive
    // seasons count in full from the first step on, multiplicative ones repeat the first width.
    let steps = if form.season == EtsSeason::None {
        horizon
    } else {
        horizon.min(1)
    };
    let widths = fit.deviations(steps).into_iter().map(|d| d * NORMAL_95);
    for (step, (got, (low, high))) in widths.zip(bounds).enumerate() {
        let half = 0.5 * (high - low);
        let agree = (got - half).abs() <= WIDTH * half;
        answers.check(&format!("auto_ets.half_width[{step}]"), agree, half, got);
    }
}

fn mean(
    answers: &mut Comparison,
    field: &str,
    near: Near,
    model: &impl Forecaster,
    history: &History<'_>,
    expected: &[f64],
) {
    let mut got = vec![0.0; expected.len()];
    if model.forecast(history, &mut got) {
        all_near(answers, field, near, expected, &got);
    } else {
        answers.refused(format!("{field}: no forecast"));
    }
}

fn interval(
    answers: &mut Comparison,
    field: &str,
    model: &impl Forecaster,
    history: &History<'_>,
    expected: &Interval,
    deviations: Option<Vec<f64>>,
) {
    mean(
        answers,
        &format!("{field}.mean"),
        EXACT,
        model,
        history,
        &expected.mean,
    );
    let Some(deviations) = deviations else {
        answers.refused(format!("{field}: no deviations"));
        return;
    };
    for (name, side, bound) in [
        ("lo-95", -1.0, &expected.low),
        ("hi-95", 1.0, &expected.high),
    ] {
        let steps = expected.mean.iter().zip(&deviations);
        let got: Vec<f64> = steps.map(|(mean, d)| mean + side * NORMAL_95 * d).collect();
        all_near(answers, &format!("{field}.{name}"), EXACT, bound, &got);
    }
}
