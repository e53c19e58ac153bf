//! Forecasts: models, decompositions, and what is told from them.

mod auto_models;
mod ets_filter;
mod near;
mod stl;

use crate::suite::{Checker, check};

pub(crate) fn checker(kind: &str) -> Option<Checker> {
    match kind {
        "ets_filter" => Some(check::<ets_filter::EtsFilter>),
        "auto_models_statsforecast_2_1_1" => Some(check::<auto_models::AutoModels>),
        "stl_statsmodels" => Some(check::<stl::StlStatsmodels>),
        _ => None,
    }
}
