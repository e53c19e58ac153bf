//! A connection that comes back after Redis does.

use std::time::Duration;

use circuit_breaker::fleet::FleetSettings;
use redis::aio::ConnectionManagerConfig;

/// How a [`ConnectionManager`](crate::ConnectionManager) keeps pace with the ticks of a fleet.
///
/// The client's own defaults do not: they wait longer for an answer than a tick lasts, so that a
/// connection whose other end has vanished would never be found out, and they try again after
/// seconds. By this, an answer may take three quarters of a period, a connection attempt a second or
/// a period, and each tick that fails begins one new attempt, which the next tick finds.
///
/// ```no_run
/// use circuit_breaker::fleet::{FleetConfig, FleetSettings};
/// use circuit_breaker::{Config, Settings};
/// use circuit_breaker_redis::{SharedBreaker, connection_config};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let fleet = FleetSettings::new(FleetConfig::default(), &Settings::new(Config::default())?)?;
/// let client = redis::Client::open("redis://127.0.0.1/")?;
/// let connection = client.get_connection_manager_lazy(connection_config(&fleet))?;
/// let shared = SharedBreaker::new(connection, "orders", "pod-7", &fleet, 7)?;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn connection_config(settings: &FleetSettings) -> ConnectionManagerConfig {
    let period = settings.config().period;
    ConnectionManagerConfig::new()
        .set_response_timeout(Some(period * 3 / 4))
        .set_connection_timeout(Some(period.max(Duration::from_secs(1))))
        .set_number_of_retries(0)
}
