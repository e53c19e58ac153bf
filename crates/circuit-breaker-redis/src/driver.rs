//! The loop: a tick a period, as long as the future is polled.

use std::convert::Infallible;

use circuit_breaker::{CircuitBreaker, Clock};
use redis::aio::ConnectionLike;
use tokio::time::{MissedTickBehavior, interval};

use crate::error::Error;
use crate::shared::{SharedBreaker, Tick};

impl<C: ConnectionLike> SharedBreaker<C> {
    /// Ticks once a period for ever, each for a period at most, and tells `told` what each came to.
    /// Drop the future to stop. Errors do not end it: the breaker is on its own until Redis answers
    /// again, which takes a connection that reconnects: a
    /// [`ConnectionManager`](crate::ConnectionManager) with
    /// [`connection_config`](crate::connection_config), or a cluster's.
    ///
    /// ```no_run
    /// use circuit_breaker::fleet::{FleetConfig, FleetSettings};
    /// use circuit_breaker::{CircuitBreaker, Config, Settings};
    /// use circuit_breaker_redis::{SharedBreaker, connection_config};
    /// use std::sync::Arc;
    /// use std::time::Instant;
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let settings = Settings::new(Config::default())?;
    /// let breaker = Arc::new(CircuitBreaker::new(&settings, 7));
    /// let origin = Instant::now();
    /// let fleet = FleetSettings::new(FleetConfig::default(), &settings)?;
    /// let client = redis::Client::open("redis://127.0.0.1/")?;
    /// let connection = client.get_connection_manager_lazy(connection_config(&fleet))?;
    /// let mut shared = SharedBreaker::new(connection, "orders", "pod-7", &fleet, 7)?;
    /// let task = tokio::spawn({
    ///     let breaker = breaker.clone();
    ///     async move { shared.run(&breaker, &|| origin.elapsed(), |_| {}).await }
    /// });
    /// // Calls go on through `breaker`, with the same clock.
    /// task.abort();
    /// # Ok(())
    /// # }
    /// ```
    pub async fn run<K: Clock>(
        &mut self,
        breaker: &CircuitBreaker,
        clock: &K,
        mut told: impl FnMut(Result<Tick, Error>),
    ) -> Infallible {
        let period = self.view().settings().config().period;
        let mut due = interval(period);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            due.tick().await;
            told(self.tick_within(period, breaker, clock).await);
        }
    }
}
