//! The service: asks the breaker, calls, records.

use std::task::{Context, Poll};

use circuit_breaker::{Classifier, Clock, ErrorsAreFailures};
use tower_service::Service;

use crate::clock::SystemClock;
use crate::future::ResponseFuture;
use crate::guard::Guard;
use crate::observer::Observer;
use crate::rejection::{AsError, OnRejection};
use crate::source::{BreakerSource, Shared};

/// A service whose calls go through a breaker. Made by a
/// [`CircuitBreakerLayer`](crate::CircuitBreakerLayer); its clones are under the same breaker.
///
/// - `poll_ready` is the wrapped service's. Nothing is taken from the breaker before
///   [`call`](Service::call), so that a service that is ready and never called holds no probe. Its
///   errors count nothing: by tower's contract they say that the service is finished.
/// - `call` asks the breaker, which is right at that moment: a refusal does not reach the wrapped
///   service.
/// - A service that shall not be ready while its breaker refuses, for balancers:
///   [`BackPressure`](crate::BackPressure).
///
/// ```
/// use circuit_breaker_tower::{CircuitBreakerLayer, Config, State};
/// use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let layer = CircuitBreakerLayer::new(Config::default())?;
/// let service = layer.layer(service_fn(async |n: u32| Ok::<_, std::io::Error>(n + 1)));
/// assert_eq!(service.breaker().state(), State::Closed);
/// assert_eq!(service.oneshot(41).await?, 42);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct CircuitBreaker<S, B = Shared, C = ErrorsAreFailures, R = AsError, K = SystemClock> {
    pub(crate) inner: S,
    pub(crate) source: B,
    pub(crate) classifier: C,
    pub(crate) rejection: R,
    pub(crate) clock: K,
    pub(crate) observer: Observer,
}

impl<S, B, C, R, K> CircuitBreaker<S, B, C, R, K> {
    /// The wrapped service.
    ///
    /// ```
    /// use circuit_breaker_tower::{CircuitBreakerLayer, Config, Layer};
    ///
    /// let mut service = CircuitBreakerLayer::new(Config::default())?.layer(vec![1]);
    /// service.get_mut().push(2);
    /// assert_eq!(service.get_ref(), &[1, 2]);
    /// assert_eq!(service.into_inner(), [1, 2]);
    /// # Ok::<(), circuit_breaker_tower::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The wrapped service.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The wrapped service, without the breaker.
    #[must_use]
    pub fn into_inner(self) -> S {
        self.inner
    }

    /// Where its breakers come from.
    #[must_use]
    pub const fn source(&self) -> &B {
        &self.source
    }

    /// The clock by which the breakers are asked: what an operator does needs its time.
    ///
    /// ```
    /// use circuit_breaker_tower::{CircuitBreakerLayer, Clock, Config, State};
    /// use tower::Layer;
    ///
    /// let service = CircuitBreakerLayer::new(Config::default())?.layer(());
    /// service.breaker().force_open(service.clock().now());
    /// assert_eq!(service.breaker().state(), State::ForcedOpen);
    /// # Ok::<(), circuit_breaker_tower::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn clock(&self) -> &K {
        &self.clock
    }
}

impl<S, C, R, K> CircuitBreaker<S, Shared, C, R, K> {
    /// The breaker: its state, its metrics, and what an operator does to it.
    ///
    /// ```
    /// use circuit_breaker_tower::{CircuitBreakerLayer, Clock, Config, Layer};
    ///
    /// let service = CircuitBreakerLayer::new(Config::default())?.layer(());
    /// let metrics = service.breaker().metrics(service.clock().now());
    /// assert_eq!((metrics.window.calls, metrics.rejected), (0, 0));
    /// # Ok::<(), circuit_breaker_tower::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn breaker(&self) -> &std::sync::Arc<circuit_breaker::CircuitBreaker> {
        self.source.breaker()
    }
}

impl<S, Request, B, C, R, K> Service<Request> for CircuitBreaker<S, B, C, R, K>
where
    S: Service<Request>,
    B: BreakerSource<Request>,
    C: Classifier<S::Response, S::Error> + Clone,
    R: OnRejection<S::Response, S::Error> + Clone,
    K: Clock + Clone,
{
    type Response = S::Response;
    type Error = R::Error;
    type Future = ResponseFuture<S::Future, B::Handle, C, R, K>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), R::Error>> {
        self.inner
            .poll_ready(cx)
            .map_err(|error| self.rejection.inner(error))
    }

    #[inline]
    fn call(&mut self, request: Request) -> Self::Future {
        let now = self.clock.now();
        let handle = self.source.source(&request, now);
        let rejection = self.rejection.clone();
        match handle.try_acquire(now) {
            Ok(token) => {
                // Made before the call, so that a service that panics in it cancels.
                let guard = Guard::new(handle, self.clock.clone(), token, self.observer.clone());
                let inner = self.inner.call(request);
                ResponseFuture::called(inner, self.classifier.clone(), guard, rejection)
            }
            Err(rejected) => {
                self.observer.rejected(&rejected);
                ResponseFuture::refused(rejected, rejection)
            }
        }
    }
}
