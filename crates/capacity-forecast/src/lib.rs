#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::float_cmp,
    clippy::cast_possible_truncation
)]
//! Draft.

pub mod accuracy;
mod change_points;
mod conformal;
mod error;
mod first_passage;
pub mod normal;
mod numeric;
mod outliers;
mod pool;
mod setters;
mod trend;

pub use accuracy::Score;
pub use change_points::{ChangePointConfig, Segmentation, default_penalty};
pub use conformal::{
    AdaptiveConformal, AdaptiveConformalConfig, AdaptiveConformalSnapshot, SplitConformal,
};
pub use error::{ConfigError, ForecastError};
pub use first_passage::FirstPassage;
pub use outliers::{HampelConfig, Winsorized};
pub use pool::Member;
pub use trend::{
    LeastSquares, MAX_PAIRWISE_POINTS, MannKendall, Points, Siegel, TheilSen, Trend, TrendDirection,
};

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
