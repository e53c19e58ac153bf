//! Every refused configuration names the field, the value and the bound.

mod combinators;
mod hpa;
mod kpa;
mod predictive;
#[cfg(feature = "schedule")]
mod schedules;
mod triggers;
mod weighted;

use std::time::Duration;

use autoscale_core::ConfigError;

fn message<T>(result: Result<T, ConfigError>) -> String {
    match result {
        Ok(_) => "accepted".into(),
        Err(error) => error.to_string(),
    }
}

const HOUR_AND_MORE: Duration = Duration::from_millis(3_600_001);
