//! Kind `stl_statsmodels`: seasonal-trend decomposition by Loess.

use capacity_forecast::{Stl, StlConfig};
use serde::Deserialize;

use super::near::{Near, all_near};
use crate::fields::given;
use crate::report::Comparison;
use crate::suite::{Question, Refused};

/// The answers have nine digits.
const NEAR: Near = Near {
    relative: 1e-6,
    absolute: 1e-6,
};

/// A series, and how to take it apart.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StlStatsmodels {
    values: Vec<f64>,
    period: usize,
    seasonal_window: usize,
    trend_window: Option<usize>,
    robust: bool,
    inner: usize,
    outer: usize,
    expect: Expect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    #[serde(default, deserialize_with = "given")]
    trend: Option<Vec<f64>>,
    #[serde(default, deserialize_with = "given")]
    seasonal: Option<Vec<f64>>,
    #[serde(default, deserialize_with = "given")]
    remainder: Option<Vec<f64>>,
}

impl Question for StlStatsmodels {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let config = StlConfig::default()
            .with_period(self.period)
            .with_seasonal_window(Some(self.seasonal_window))
            .with_trend_window(self.trend_window)
            .with_robust(self.robust)
            .with_inner_loops(Some(self.inner))
            .with_outer_loops(Some(self.outer));
        let stl = Stl::new(config).map_err(|e| Refused(e.to_string()))?;
        let parts = match stl.decompose(&self.values) {
            Ok(parts) => parts,
            Err(error) => {
                answers.refused(error);
                return Ok(());
            }
        };
        let seasonal = parts.seasonal.first().cloned().unwrap_or_default();
        for (field, expected, got) in [
            ("trend", &self.expect.trend, &parts.trend),
            ("seasonal", &self.expect.seasonal, &seasonal),
            ("remainder", &self.expect.remainder, &parts.remainder),
        ] {
            if let Some(expected) = expected {
                all_near(answers, field, NEAR, expected, got);
            }
        }
        Ok(())
    }
}
