//! The layer, and what can be set on it.

use std::sync::Arc;

use circuit_breaker::{
    CircuitBreaker as Breaker, Config, ConfigError, ErrorsAreFailures, Listener, Settings,
};
use tower_layer::Layer;

use crate::clock::SystemClock;
use crate::observer::Observer;
use crate::placement::{Given, MakesBreakers, PerService, Placement};
use crate::rejection::{AsBoxError, AsError};
use crate::service::CircuitBreaker;
use crate::source::Shared;

/// Puts services behind breakers.
///
/// [`new`](Self::new) makes a breaker for each service that it wraps, such as each endpoint of a
/// balancer; `http` and `grpc` (feature `http`) make one for all of them, [`shared`](Self::shared)
/// takes yours; [`per_key`](Self::per_key) keeps one for each key of the requests;
/// [`from_source`](Self::from_source) finds the breaker any other way.
///
/// ```
/// use circuit_breaker_tower::{CircuitBreakerLayer, Config, Outcome};
/// use std::io;
///
/// let layer = CircuitBreakerLayer::new(Config::default())?.with_classifier(
///     |result: &Result<String, io::Error>| match result {
///         Err(error) if error.kind() == io::ErrorKind::InvalidInput => Outcome::Ignored,
///         Err(_) => Outcome::Failure,
///         Ok(_) => Outcome::Success,
///     },
/// );
/// # Ok::<(), circuit_breaker_tower::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it wraps a service"]
pub struct CircuitBreakerLayer<P = PerService, C = ErrorsAreFailures, R = AsError, K = SystemClock>
{
    pub(crate) placement: P,
    pub(crate) classifier: C,
    pub(crate) rejection: R,
    pub(crate) clock: K,
    pub(crate) observer: Observer,
}

impl CircuitBreakerLayer {
    /// A breaker for each service that the layer wraps; the service's clones share it. Every error is
    /// a failure.
    ///
    /// Not for an axum `Router`, which wraps each route and method anew for each connection: its
    /// breakers would not outlive a connection. `http` has one breaker for all of them, as
    /// [`shared`](Self::shared) does.
    ///
    /// # Errors
    /// Names the first field of `config` that is out of its range.
    ///
    /// ```
    /// use circuit_breaker_tower::{CircuitBreakerLayer, Config};
    ///
    /// let none = Config::default().with_min_calls(0);
    /// let error = CircuitBreakerLayer::new(none).unwrap_err();
    /// assert_eq!(error.to_string(), "min_calls is 0, must be from 1 to 100000");
    /// ```
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        let clock = SystemClock::for_config(&config);
        let placement = PerService::new(Settings::new(config)?);
        Ok(Self::placed(placement, clock))
    }

    /// As [`new`](Self::new), with [`AsBoxError`]: for services whose errors are boxed, such as
    /// `tower::timeout`, and for layers around it that need errors which box themselves, such as
    /// `tower::buffer`.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    ///
    /// ```
    /// use circuit_breaker_tower::{CircuitBreakerLayer, Config, Layer, Rejected};
    /// use tower::{BoxError, ServiceExt, service_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let layer = CircuitBreakerLayer::boxed(Config::default())?;
    /// let service = layer.layer(service_fn(async |n: u32| Ok::<_, BoxError>(n + 1)));
    /// assert_eq!(service.oneshot(41).await?, 42);
    /// # Ok(())
    /// # }
    /// ```
    pub fn boxed(
        config: Config,
    ) -> Result<CircuitBreakerLayer<PerService, ErrorsAreFailures, AsBoxError>, ConfigError> {
        Ok(Self::new(config)?.with_rejection(AsBoxError))
    }
}

impl CircuitBreakerLayer<Given<Shared>> {
    /// One breaker for all services that the layer wraps.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use circuit_breaker_tower::circuit_breaker::CircuitBreaker;
    /// use circuit_breaker_tower::{CircuitBreakerLayer, Config};
    /// use tower::Layer;
    ///
    /// let breaker = Arc::new(CircuitBreaker::with_config(Config::default(), 1)?);
    /// let layer = CircuitBreakerLayer::shared(Arc::clone(&breaker));
    /// assert!(Arc::ptr_eq(layer.layer(()).breaker(), &breaker));
    /// # Ok::<(), circuit_breaker_tower::ConfigError>(())
    /// ```
    pub fn shared(breaker: Arc<Breaker>) -> Self {
        let clock = SystemClock::for_config(breaker.settings().config());
        Self::placed(Given(Shared::new(breaker)), clock)
    }
}

impl<B> CircuitBreakerLayer<Given<B>> {
    /// Breakers found by the request: see [`BreakerSource`](crate::BreakerSource).
    ///
    /// By the coarse [`SystemClock`]: give the precise one with [`with_clock`](Self::with_clock) where
    /// the breakers judge durations below 100 ms.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use circuit_breaker_tower::circuit_breaker::CircuitBreaker;
    /// use circuit_breaker_tower::{CircuitBreakerLayer, Config, Settings};
    ///
    /// let settings = Settings::new(Config::default())?;
    /// let [reads, writes] = [1, 2].map(|seed| Arc::new(CircuitBreaker::new(&settings, seed)));
    /// let layer = CircuitBreakerLayer::from_source(move |statement: &String| {
    ///     let breaker = if statement.starts_with("SELECT") { &reads } else { &writes };
    ///     Arc::clone(breaker)
    /// });
    /// # Ok::<(), circuit_breaker_tower::ConfigError>(())
    /// ```
    pub fn from_source(source: B) -> Self {
        Self::placed(Given(source), SystemClock::coarse())
    }
}

impl<P> CircuitBreakerLayer<P> {
    pub(crate) fn placed(placement: P, clock: SystemClock) -> Self {
        Self {
            placement,
            classifier: ErrorsAreFailures,
            rejection: AsError,
            clock,
            observer: Observer::default(),
        }
    }
}

impl<P: MakesBreakers, C, R, K> CircuitBreakerLayer<P, C, R, K> {
    /// Draws the jitter of the open waits from `seed`: for tests that shall see the same every time.
    /// The first service's breaker has this seed, each further one another. By default it is the
    /// system's entropy.
    ///
    /// ```
    /// use circuit_breaker_tower::{CircuitBreakerLayer, Config};
    ///
    /// let layer = CircuitBreakerLayer::new(Config::default())?.with_seed(7);
    /// # Ok::<(), circuit_breaker_tower::ConfigError>(())
    /// ```
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.placement.seed(seed);
        self
    }

    /// Tells `listener`, too, of every transition of every breaker that the layer makes.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use circuit_breaker_tower::{CircuitBreakerLayer, Config, Transition};
    ///
    /// let layer = CircuitBreakerLayer::new(Config::default())?
    ///     .with_listener(Arc::new(|change: &Transition| eprintln!("now {}", change.to.as_str())));
    /// # Ok::<(), circuit_breaker_tower::ConfigError>(())
    /// ```
    pub fn with_listener(mut self, listener: Arc<dyn Listener>) -> Self {
        self.placement.listen(listener);
        self
    }

    /// Emits the transitions of the breakers that the layer makes, and the calls through it, under
    /// the telemetry's name.
    ///
    /// ```
    /// use circuit_breaker_tower::{CircuitBreakerLayer, Config, Telemetry};
    ///
    /// let orders = Telemetry::new("orders");
    /// let layer = CircuitBreakerLayer::new(Config::default())?.with_telemetry(orders);
    /// # Ok::<(), circuit_breaker_tower::ConfigError>(())
    /// ```
    #[cfg(any(feature = "tracing", feature = "metrics"))]
    pub fn with_telemetry(mut self, telemetry: crate::Telemetry) -> Self {
        self.placement.listen(Arc::new(telemetry.clone()));
        self.observer = Observer::new(telemetry);
        self
    }
}

#[cfg(any(feature = "tracing", feature = "metrics"))]
impl<B, C, R, K> CircuitBreakerLayer<Given<B>, C, R, K> {
    /// Emits the calls through the layer under the telemetry's name. For the transitions, make the
    /// breakers with a clone of it as their settings' listener.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use circuit_breaker_tower::circuit_breaker::CircuitBreaker;
    /// use circuit_breaker_tower::{CircuitBreakerLayer, Config, Settings, Telemetry};
    ///
    /// let orders = Telemetry::new("orders");
    /// let settings = Settings::new(Config::default())?.with_listener(Arc::new(orders.clone()));
    /// let breaker = Arc::new(CircuitBreaker::new(&settings, 7));
    /// let layer = CircuitBreakerLayer::shared(breaker).with_telemetry(orders);
    /// # Ok::<(), circuit_breaker_tower::ConfigError>(())
    /// ```
    pub fn with_telemetry(mut self, telemetry: crate::Telemetry) -> Self {
        self.observer = Observer::new(telemetry);
        self
    }
}

impl<P, C, R, K> CircuitBreakerLayer<P, C, R, K> {
    /// Says with `classifier` what a result means for the breaker. It is cloned into each call: keep
    /// it small, or in an `Arc` that a closure captures.
    ///
    /// ```
    /// use circuit_breaker_tower::{CircuitBreakerLayer, Config, Outcome};
    ///
    /// let layer = CircuitBreakerLayer::new(Config::default())?.with_classifier(
    ///     |result: &Result<u16, std::io::Error>| match result {
    ///         Ok(..500) => Outcome::Success,
    ///         Ok(500..) | Err(_) => Outcome::Failure,
    ///     },
    /// );
    /// # Ok::<(), circuit_breaker_tower::ConfigError>(())
    /// ```
    pub fn with_classifier<D>(self, classifier: D) -> CircuitBreakerLayer<P, D, R, K> {
        CircuitBreakerLayer {
            placement: self.placement,
            classifier,
            rejection: self.rejection,
            clock: self.clock,
            observer: self.observer,
        }
    }

    /// Answers refused calls with `rejection`.
    ///
    /// ```
    /// use circuit_breaker_tower::{AsBoxError, CircuitBreakerLayer, Config};
    ///
    /// let layer = CircuitBreakerLayer::new(Config::default())?.with_rejection(AsBoxError);
    /// # Ok::<(), circuit_breaker_tower::ConfigError>(())
    /// ```
    pub fn with_rejection<Q>(self, rejection: Q) -> CircuitBreakerLayer<P, C, Q, K> {
        CircuitBreakerLayer {
            placement: self.placement,
            classifier: self.classifier,
            rejection,
            clock: self.clock,
            observer: self.observer,
        }
    }

    /// Takes the time from `clock`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use circuit_breaker_tower::{CircuitBreakerLayer, Config, ManualClock};
    ///
    /// let clock = Arc::new(ManualClock::default());
    /// let layer = CircuitBreakerLayer::new(Config::default())?.with_clock(clock);
    /// # Ok::<(), circuit_breaker_tower::ConfigError>(())
    /// ```
    pub fn with_clock<L>(self, clock: L) -> CircuitBreakerLayer<P, C, R, L> {
        CircuitBreakerLayer {
            placement: self.placement,
            classifier: self.classifier,
            rejection: self.rejection,
            clock,
            observer: self.observer,
        }
    }
}

impl<S, P, C, R, K> Layer<S> for CircuitBreakerLayer<P, C, R, K>
where
    P: Placement,
    C: Clone,
    R: Clone,
    K: Clone,
{
    type Service = CircuitBreaker<S, P::Source, C, R, K>;

    fn layer(&self, inner: S) -> Self::Service {
        CircuitBreaker {
            inner,
            source: self.placement.place(),
            classifier: self.classifier.clone(),
            rejection: self.rejection.clone(),
            clock: self.clock.clone(),
            observer: self.observer.clone(),
        }
    }
}
