//! Kind `split_conformal`: a radius from scores.

use capacity_forecast::{ForecastError, SplitConformal};
use serde::{Deserialize, Deserializer};

use super::near_result;
use crate::fields::given;
use crate::report::Comparison;
use crate::suite::{Question, Refused};

/// Scores and the share that may lie outside.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Split {
    scores: Vec<f64>,
    alpha: f64,
    expect: Expect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    #[serde(default, deserialize_with = "given")]
    rank: Option<usize>,
    #[serde(default, deserialize_with = "radius")]
    radius: Option<Radius>,
}

/// An infinite radius is `null` or a word.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Radius {
    Finite(f64),
    Infinite(Infinite),
}

#[derive(Debug, Deserialize)]
enum Infinite {
    #[serde(alias = "inf", alias = "Infinity", alias = "infinite")]
    Infinity,
}

fn radius<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Radius>, D::Error> {
    let radius = Option::deserialize(from)?;
    Ok(Some(radius.unwrap_or(Radius::Infinite(Infinite::Infinity))))
}

impl Question for Split {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let calibrated = SplitConformal::new(self.scores);
        if let Some(expected) = self.expect.rank {
            answers.same("rank", &Ok(expected), &calibrated.rank(self.alpha));
        }
        let got = calibrated.radius(self.alpha);
        match self.expect.radius {
            None => {}
            Some(Radius::Finite(expected)) => near_result(answers, "radius", expected, got),
            Some(Radius::Infinite(Infinite::Infinity)) => {
                let refused = matches!(got, Err(ForecastError::NotCalibrated { .. }));
                answers.check("radius", refused, "infinite", got);
            }
        }
        Ok(())
    }
}
