//! Kind `adaptive_conformal`: how α follows misses.

use capacity_forecast::{AdaptiveConformal, AdaptiveConformalConfig};
use serde::Deserialize;

use super::near_all;
use crate::report::Comparison;
use crate::suite::{Question, Refused};

/// Plenty for any target; the path does not depend on it.
const WINDOW: usize = 10_000;

/// Misses in order; 1 is one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Adaptive {
    gamma: f64,
    target_alpha: f64,
    misses: Vec<u8>,
    expect: Expect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    /// Before the first miss or hit, and after each.
    alpha_path: Vec<f64>,
}

impl Question for Adaptive {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let config = AdaptiveConformalConfig::default()
            .with_alpha(self.target_alpha)
            .with_gamma(self.gamma)
            .with_window(WINDOW);
        let mut interval = match AdaptiveConformal::new(config) {
            Ok(interval) => interval,
            Err(reason) => {
                answers.refused(reason);
                return Ok(());
            }
        };
        let mut path = vec![interval.alpha()];
        for (index, miss) in self.misses.into_iter().enumerate() {
            if miss > 1 {
                return Err(Refused(format!(
                    "misses[{index}]: {miss} is neither 0 nor 1"
                )));
            }
            interval.record(miss == 1);
            path.push(interval.alpha());
        }
        near_all(answers, "alpha_path", &self.expect.alpha_path, &path);
        Ok(())
    }
}
