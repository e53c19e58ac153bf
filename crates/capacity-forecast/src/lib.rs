#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::float_cmp,
    clippy::cast_possible_truncation
)]
//! Draft.

mod descent;
mod error;
mod ets;
mod forecaster;
mod naive;
mod numeric;
#[cfg(feature = "linfa")]
mod polynomial;
mod pool;
mod seasonal;
mod simplex;
#[cfg(feature = "stl")]
mod stl;
mod theta;
mod trend;

pub use error::{ConfigError, ForecastError};
pub use ets::{
    AutoEts, Ets, EtsError, EtsFit, EtsForm, EtsParameters, EtsSeason, EtsState, EtsTrend,
    SeasonUpdate,
};
pub use forecaster::{Forecaster, History};
pub use naive::{Drift, Naive, SeasonalNaive};
#[cfg(feature = "linfa")]
pub use polynomial::{PolynomialFit, PolynomialTrend};
pub use pool::Member;
#[cfg(feature = "stl")]
pub use stl::{Decomposition, Mstl, Stl, StlConfig};
pub use theta::{Theta, ThetaFit, ThetaMethod};

/// Draft of the pool's result for the experiments.
#[derive(Debug)]
pub struct Draft {
    /// Point.
    pub point: Vec<f64>,
    /// 80 % band.
    pub band80: Vec<(f64, f64)>,
    /// 95 % band.
    pub band95: Vec<(f64, f64)>,
    /// Breach, one a limit.
    pub breach: Vec<Vec<f64>>,
    /// Weights.
    pub members: Vec<(Member, f64)>,
}

/// Draft.
#[must_use]
pub fn draft(
    values: &[f64],
    observed: &[bool],
    seasons: &[usize],
    horizon: usize,
    limits: &[f64],
) -> Draft {
    let pooled = pool::forecast(values, observed, seasons, horizon);
    let positive = values.iter().all(|v| *v >= 0.0);
    let floor = if positive { 0.0 } else { f64::NEG_INFINITY };
    let band = |level: f64| -> Vec<(f64, f64)> {
        let band = pooled.residuals.band(level);
        pooled
            .point
            .iter()
            .zip(band)
            .map(|(p, (lo, hi))| ((p + lo).max(floor), p + hi))
            .collect()
    };
    let (band80, band95) = (band(0.8), band(0.95));
    let band80: Vec<(f64, f64)> = band80
        .iter()
        .zip(&pooled.point)
        .map(|((l, h), p)| (l.min(*p), h.max(*p)))
        .collect();
    let band95 = band95
        .iter()
        .zip(&band80)
        .map(|((l, h), (l8, h8))| (l.min(*l8), h.max(*h8)))
        .collect();
    let breach = limits
        .iter()
        .map(|limit| {
            let gaps: Vec<f64> = pooled.point.iter().map(|p| limit - p).collect();
            pooled.paths.probability(&gaps, &pooled.point, 1.0)
        })
        .collect();
    Draft {
        point: pooled.point.clone(),
        band80,
        band95,
        breach,
        members: pooled.members.clone(),
    }
}
