//! Models of augurs, fitted anew for each forecast as its users do.

use augurs::ets::AutoETS;
use augurs::mstl::MSTLModel;
use augurs::{Fit, Predict};

use super::task::Forecast;

/// Exponential smoothing chosen by AICc, without seasons: augurs has none yet.
#[derive(Clone, Copy, Debug, Default)]
pub struct AutoEts;

/// Seasonal-trend decomposition by Loess with [`AutoEts`] for the trend.
#[derive(Clone, Debug)]
pub struct Mstl {
    /// Lengths of the seasons in steps, shortest first.
    pub seasons: Vec<usize>,
}

impl AutoEts {
    /// Fit, forecast and both intervals.
    ///
    /// # Errors
    /// What augurs says.
    pub fn forecast(&self, values: &[f64], horizon: usize) -> Result<Forecast, String> {
        let model = AutoETS::non_seasonal();
        predict(&model.fit(values).map_err(|e| e.to_string())?, horizon)
    }
}

impl Mstl {
    /// Fit, forecast and both intervals.
    ///
    /// # Errors
    /// What augurs says.
    pub fn forecast(&self, values: &[f64], horizon: usize) -> Result<Forecast, String> {
        let trend = AutoETS::non_seasonal().into_trend_model();
        let model = MSTLModel::new(self.seasons.clone(), trend);
        predict(&model.fit(values).map_err(|e| e.to_string())?, horizon)
    }
}

/// One call a level: that is how augurs gives intervals.
fn predict<M: Predict>(fitted: &M, horizon: usize) -> Result<Forecast, String> {
    let level = |level: f64| fitted.predict(horizon, level).map_err(|e| e.to_string());
    let (narrow, wide) = (level(0.80)?, level(0.95)?);
    let (Some(inner), Some(outer)) = (narrow.intervals, wide.intervals) else {
        return Err("no intervals".to_owned());
    };
    Ok(Forecast {
        point: narrow.point,
        lo80: inner.lower,
        hi80: inner.upper,
        lo95: outer.lower,
        hi95: outer.upper,
        reached: Vec::new(),
    })
}
