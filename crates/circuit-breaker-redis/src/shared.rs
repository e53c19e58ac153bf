//! A breaker's side of the fleet: its view, its store, and one tick of both.

use std::time::Duration;

use circuit_breaker::fleet::{Act, FleetDecision, FleetSettings, FleetView};
use circuit_breaker::{CircuitBreaker, Clock};
use redis::aio::ConnectionLike;
use tokio::time::timeout;

use crate::error::Error;
use crate::store::RedisStore;
use crate::telemetry::Telemetry;

/// One instance's part in a fleet of breakers: what its breaker sees goes to Redis once a period,
/// what the others see comes back, and is applied to the breaker. Calls never wait for any of it.
///
/// ```no_run
/// use circuit_breaker::fleet::{FleetConfig, FleetSettings};
/// use circuit_breaker::{CircuitBreaker, Config, Settings};
/// use circuit_breaker_redis::SharedBreaker;
/// use std::time::Instant;
///
/// # type Any = Box<dyn std::error::Error>;
/// # async fn example(connection: impl redis::aio::ConnectionLike) -> Result<(), Any> {
/// let breaker = CircuitBreaker::new(&Settings::new(Config::default())?, 7);
/// let fleet = FleetSettings::new(FleetConfig::default(), breaker.settings())?;
/// let origin = Instant::now();
/// let clock = || origin.elapsed();
/// let mut shared = SharedBreaker::new(connection, "orders", "pod-7", &fleet, 7)?;
/// let tick = shared.tick(&breaker, &clock).await?;
/// println!("{}", tick.decision.reason.as_str());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SharedBreaker<C> {
    view: FleetView,
    store: RedisStore<C>,
    dry_run: bool,
    telemetry: Telemetry,
}

/// What a tick came to.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Tick {
    /// What the fleet says, why, and by what numbers.
    pub decision: FleetDecision,
    /// Whether that changed the breaker.
    pub applied: bool,
}

impl<C> SharedBreaker<C> {
    /// The part of the instance `id` in the fleet of the breaker `name`. The id is another one in
    /// every instance and stays over restarts: a pod's name.
    ///
    /// # Errors
    /// Where one of the names can't be one.
    ///
    /// ```
    /// use circuit_breaker::fleet::{FleetConfig, FleetSettings};
    /// use circuit_breaker::{Config, Settings};
    /// use circuit_breaker_redis::SharedBreaker;
    ///
    /// let settings = Settings::new(Config::default())?;
    /// let fleet = FleetSettings::new(FleetConfig::default(), &settings)?;
    /// let shared = SharedBreaker::new((), "orders", "pod-7", &fleet, 7)?;
    /// assert_eq!(shared.view().id(), "pod-7");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(
        connection: C,
        name: &str,
        id: &str,
        settings: &FleetSettings,
        seed: u64,
    ) -> Result<Self, Error> {
        Ok(Self {
            view: FleetView::new(settings, id, seed)?,
            store: RedisStore::new(connection, name)?,
            dry_run: false,
            telemetry: Telemetry::new(name, id),
        })
    }

    /// Reports and decides without changing the breaker, and never asks to probe for the others.
    ///
    /// ```
    /// # use circuit_breaker::fleet::{FleetConfig, FleetSettings};
    /// # use circuit_breaker::{Config, Settings};
    /// # use circuit_breaker_redis::SharedBreaker;
    /// # let settings = Settings::new(Config::default())?;
    /// # let fleet = FleetSettings::new(FleetConfig::default(), &settings)?;
    /// let shared = SharedBreaker::new((), "orders", "pod-7", &fleet, 7)?.with_dry_run(true);
    /// assert!(shared.is_dry_run());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }

    /// Whether it only watches.
    ///
    /// ```
    /// # use circuit_breaker::fleet::{FleetConfig, FleetSettings};
    /// # use circuit_breaker::{Config, Settings};
    /// # use circuit_breaker_redis::SharedBreaker;
    /// # let settings = Settings::new(Config::default())?;
    /// # let fleet = FleetSettings::new(FleetConfig::default(), &settings)?;
    /// assert!(!SharedBreaker::new((), "orders", "pod-7", &fleet, 7)?.is_dry_run());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// The view.
    ///
    /// ```
    /// # use circuit_breaker::fleet::{FleetConfig, FleetSettings};
    /// # use circuit_breaker::{Config, Settings};
    /// # use circuit_breaker_redis::SharedBreaker;
    /// # let settings = Settings::new(Config::default())?;
    /// # let fleet = FleetSettings::new(FleetConfig::default(), &settings)?;
    /// let shared = SharedBreaker::new((), "orders", "pod-7", &fleet, 7)?;
    /// assert_eq!(shared.view().settings().needed(20), 10);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn view(&self) -> &FleetView {
        &self.view
    }

    /// The store: its key, another connection.
    ///
    /// ```
    /// # use circuit_breaker::fleet::{FleetConfig, FleetSettings};
    /// # use circuit_breaker::{Config, Settings};
    /// # use circuit_breaker_redis::SharedBreaker;
    /// # let settings = Settings::new(Config::default())?;
    /// # let fleet = FleetSettings::new(FleetConfig::default(), &settings)?;
    /// let mut shared = SharedBreaker::new((), "orders", "pod-7", &fleet, 7)?;
    /// assert_eq!(shared.store().key(), "{orders}:circuit-breaker");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn store(&mut self) -> &mut RedisStore<C> {
        &mut self.store
    }
}

impl<C: ConnectionLike> SharedBreaker<C> {
    /// One tick: report, read, decide, apply; one round trip. Dropped on the way, it has changed
    /// nothing of the breaker.
    ///
    /// # Errors
    /// Where Redis does not answer; the breaker is on its own then. What was held for the fleet
    /// ends two periods after the last tick that went well.
    ///
    /// ```no_run
    /// # use circuit_breaker::{CircuitBreaker, Clock};
    /// # use circuit_breaker_redis::{Error, SharedBreaker};
    /// # async fn example<C: redis::aio::ConnectionLike>(
    /// #     shared: &mut SharedBreaker<C>, breaker: &CircuitBreaker, clock: &impl Clock,
    /// # ) -> Result<(), Error> {
    /// match shared.tick(breaker, clock).await {
    ///     Ok(tick) if tick.applied => println!("{}", tick.decision.reason.as_str()),
    ///     Ok(_) => {}
    ///     Err(error) if error.is_retryable() => println!("on its own: {error}"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn tick<K: Clock>(
        &mut self,
        breaker: &CircuitBreaker,
        clock: &K,
    ) -> Result<Tick, Error> {
        #[cfg(feature = "tracing")]
        let span = self.telemetry.span();
        let ticking = self.exchange(breaker, clock);
        #[cfg(feature = "tracing")]
        let ticking = tracing::Instrument::instrument(ticking, span);
        let tick = ticking.await;
        self.telemetry.ticked(&tick);
        tick
    }

    /// As [`tick`](Self::tick), for `limit` at most.
    pub(crate) async fn tick_within<K: Clock>(
        &mut self,
        limit: Duration,
        breaker: &CircuitBreaker,
        clock: &K,
    ) -> Result<Tick, Error> {
        #[cfg(feature = "tracing")]
        let span = self.telemetry.span();
        let ticking = self.exchange(breaker, clock);
        #[cfg(feature = "tracing")]
        let ticking = tracing::Instrument::instrument(ticking, span);
        let tick = timeout(limit, ticking).await.unwrap_or_else(|_| {
            Err(Error::TimedOut {
                key: self.store.key().to_owned(),
                after: limit,
            })
        });
        self.telemetry.ticked(&tick);
        tick
    }

    async fn exchange<K: Clock>(
        &mut self,
        breaker: &CircuitBreaker,
        clock: &K,
    ) -> Result<Tick, Error> {
        let mut request = self.view.prepare(breaker, clock.now());
        if self.dry_run {
            request.act = Act::Nothing;
        }
        let reply = self.store.exchange(&request).await?;
        let decision = self.view.decide(breaker, clock.now(), &reply);
        let applied = !self.dry_run && decision.apply(breaker);
        Ok(Tick { decision, applied })
    }
}
