//! Kind `change_points_l2`: where the mean changes.

use capacity_forecast::ChangePointConfig;
use serde::Deserialize;

use super::near;
use crate::fields::given;
use crate::report::Comparison;
use crate::suite::{Question, Refused};

/// Values, and what a change costs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangePoints {
    values: Vec<f64>,
    penalty: f64,
    min_segment: usize,
    expect: Expect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    #[serde(default, deserialize_with = "given")]
    change_indices: Option<Vec<usize>>,
    /// Penalties included.
    #[serde(default, deserialize_with = "given")]
    total_cost: Option<f64>,
}

impl Question for ChangePoints {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let config = ChangePointConfig::default()
            .with_penalty(Some(self.penalty))
            .with_min_segment(self.min_segment);
        match config.segment(&self.values) {
            Ok(found) => {
                let expect = self.expect;
                let changes = expect.change_indices.as_ref();
                answers.same_if_given("change_indices", changes, &found.change_indices);
                if let Some(cost) = expect.total_cost {
                    near(answers, "total_cost", cost, found.total_cost);
                }
            }
            Err(reason) => answers.refused(reason),
        }
        Ok(())
    }
}
