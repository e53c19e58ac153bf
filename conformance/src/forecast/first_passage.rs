//! Kind `first_passage_brownian`: the probability that a limit is reached by a step.

use std::collections::BTreeMap;

use capacity_forecast::FirstPassage;
use serde::Deserialize;

use super::near_within;
use crate::report::Comparison;
use crate::suite::{Question, Refused};

/// A Brownian motion with drift, below a limit.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Brownian {
    distance: f64,
    drift_per_step: f64,
    sigma_per_sqrt_step: f64,
    /// Probability by number of steps.
    expect: BTreeMap<String, f64>,
}

const TELLS_NOTHING: f64 = 0.01;

/// The reference takes the closed form literally: Φ as (1 + erf) / 2, which in a double is off by up to
/// 2⁻⁵⁴ where it is small, and the second one times exp(2 distance × drift / sigma²). Where that is large
/// its answers hold fewer digits than they are written with (at 2e14 two); past [`TELLS_NOTHING`] a case
/// is no answer but a dispute.
fn rounding_of_reference(distance: f64, drift: f64, sigma: f64) -> f64 {
    let reflection = (2.0 * distance * drift / (sigma * sigma)).exp();
    ((1.0 + reflection) * 2.0_f64.powi(-54)).min(TELLS_NOTHING)
}

impl Question for Brownian {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let Self {
            distance,
            drift_per_step: drift,
            sigma_per_sqrt_step: sigma,
            expect,
        } = self;
        let passage = match FirstPassage::new(distance, drift, sigma) {
            Ok(passage) => passage,
            Err(reason) => {
                answers.refused(reason);
                return Ok(());
            }
        };
        let allowance = rounding_of_reference(distance, drift, sigma);
        for (step, expected) in expect {
            let steps: f64 = step
                .parse()
                .map_err(|e| Refused(format!("expect.{step}: {e}")))?;
            let got = passage.probability_by(steps);
            near_within(answers, &step, expected, got, allowance);
        }
        Ok(())
    }
}
