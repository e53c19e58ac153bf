//! Services that are not ready while their breaker refuses.

mod future;
mod reservation;
mod service;
mod timer;
mod waiters;

use std::sync::Arc;

use circuit_breaker::{CircuitBreaker as Breaker, ErrorsAreFailures};
use tower_layer::Layer;

pub use future::BackPressureFuture;
pub use service::BackPressure;
pub use timer::Timer;
#[cfg(feature = "tokio")]
pub use timer::TokioTimer;

use crate::clock::SystemClock;
use crate::layer::CircuitBreakerLayer;
use crate::placement::{Given, PerLayer, PerService};
use crate::rejection::AsError;
use crate::source::Shared;
use waiters::Waiters;

/// Wraps services as [`BackPressure`]. Made by
/// [`with_back_pressure`](CircuitBreakerLayer::with_back_pressure).
///
/// ```
/// use circuit_breaker_tower::{BackPressureLayer, CircuitBreakerLayer, Config};
/// use std::time::Duration;
/// use tower::Layer;
///
/// let layer: BackPressureLayer<fn(Duration) -> tokio::time::Sleep> =
///     CircuitBreakerLayer::new(Config::default())?.with_back_pressure(tokio::time::sleep);
/// let endpoints = ["10.0.0.1", "10.0.0.2"].map(|address| layer.layer(address));
/// # Ok::<(), circuit_breaker_tower::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it wraps a service"]
pub struct BackPressureLayer<T, P = PerService, C = ErrorsAreFailures, R = AsError, K = SystemClock>
{
    layer: CircuitBreakerLayer<P, C, R, K>,
    timer: T,
    /// Of a breaker that all services share.
    waiters: Arc<Waiters>,
}

impl<P, C, R, K> CircuitBreakerLayer<P, C, R, K>
where
    P: OneBreaker,
{
    /// Makes services that are ready only while their breaker admits, instead of services that refuse:
    /// a balancer sends nothing to them, a queue in front of them fills. See [`BackPressure`].
    ///
    /// ```
    /// use circuit_breaker_tower::{CircuitBreakerLayer, Config};
    ///
    /// let layer = CircuitBreakerLayer::new(Config::default())?.with_back_pressure(tokio::time::sleep);
    /// # Ok::<(), circuit_breaker_tower::ConfigError>(())
    /// ```
    pub fn with_back_pressure<T>(self, timer: T) -> BackPressureLayer<T, P, C, R, K> {
        BackPressureLayer {
            layer: self,
            timer,
            waiters: Arc::default(),
        }
    }
}

/// A placement with one breaker a service, known before the request: [`PerService`],
/// [`PerLayer`] and [`Given<Shared>`](Given).
///
/// ```
/// use circuit_breaker_tower::{Given, OneBreaker, PerService, Shared};
///
/// fn one_breaker<P: OneBreaker>() {}
/// one_breaker::<PerService>();
/// one_breaker::<Given<Shared>>();
/// ```
pub trait OneBreaker: sealed::Sealed {}

impl OneBreaker for PerService {}
impl OneBreaker for PerLayer {}
impl OneBreaker for Given<Shared> {}

pub(crate) mod sealed {
    use super::{Arc, Breaker, Given, PerLayer, PerService, Shared, Waiters};

    pub trait Sealed {
        /// One more service's breaker, and who waits for it.
        #[allow(private_interfaces, reason = "nobody else can call it")]
        fn one(&self, shared: &Arc<Waiters>) -> (Arc<Breaker>, Arc<Waiters>);
    }

    impl Sealed for PerService {
        #[allow(private_interfaces, reason = "nobody else can call it")]
        fn one(&self, _: &Arc<Waiters>) -> (Arc<Breaker>, Arc<Waiters>) {
            let waiters = Arc::<Waiters>::default();
            let breaker = self.make(Some(Arc::clone(&waiters) as _));
            (breaker, waiters)
        }
    }

    impl Sealed for PerLayer {
        #[allow(private_interfaces, reason = "nobody else can call it")]
        fn one(&self, shared: &Arc<Waiters>) -> (Arc<Breaker>, Arc<Waiters>) {
            let breaker = self.breaker(Some(Arc::clone(shared) as _));
            (breaker, Arc::clone(shared))
        }
    }

    impl Sealed for Given<Shared> {
        #[allow(private_interfaces, reason = "nobody else can call it")]
        fn one(&self, shared: &Arc<Waiters>) -> (Arc<Breaker>, Arc<Waiters>) {
            (Arc::clone(self.0.breaker()), Arc::clone(shared))
        }
    }
}

impl<S, T, P, C, R, K> Layer<S> for BackPressureLayer<T, P, C, R, K>
where
    T: Timer + Clone,
    P: OneBreaker,
    C: Clone,
    R: Clone,
    K: circuit_breaker::Clock + Clone,
{
    type Service = BackPressure<S, T, C, R, K>;

    fn layer(&self, inner: S) -> Self::Service {
        let (breaker, waiters) = self.layer.placement.one(&self.waiters);
        BackPressure {
            inner,
            breaker,
            waiters,
            timer: self.timer.clone(),
            classifier: self.layer.classifier.clone(),
            rejection: self.layer.rejection.clone(),
            clock: self.layer.clock.clone(),
            observer: self.layer.observer.clone(),
            waiting: None,
            reserved: None,
        }
    }
}
