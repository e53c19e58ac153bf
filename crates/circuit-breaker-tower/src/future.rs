//! The future of a call through the breaker.

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use circuit_breaker::{CircuitBreaker as Breaker, Classifier, Clock, Rejected};
use pin_project_lite::pin_project;

use crate::guard::Guard;
use crate::rejection::OnRejection;

pin_project! {
    /// The future of a call through the breaker: the service's own, or a refusal.
    ///
    /// Dropped before it is done, even before it was ever polled, the call counts as cancelled:
    /// [`Config::on_drop`](circuit_breaker::Config::on_drop) decides. So does a call whose service
    /// panics, once the future is dropped.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use circuit_breaker_tower::circuit_breaker::CircuitBreaker;
    /// use circuit_breaker_tower::{AsError, ErrorsAreFailures, ResponseFuture, SystemClock};
    ///
    /// type Call<F> =
    ///     ResponseFuture<F, Arc<CircuitBreaker>, ErrorsAreFailures, AsError, SystemClock>;
    /// ```
    pub struct ResponseFuture<F, H, C, R, K>
    where
        H: Deref<Target = Breaker>,
        K: Clock,
    {
        #[pin]
        state: State<F, H, C, K>,
        rejection: R,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, H, C, K>
    where
        H: Deref<Target = Breaker>,
        K: Clock,
    {
        Called {
            #[pin]
            inner: F,
            classifier: C,
            guard: Guard<H, K>,
        },
        Refused { rejected: Rejected },
    }
}

impl<F, H: Deref<Target = Breaker>, C, R, K: Clock> ResponseFuture<F, H, C, R, K> {
    #[inline]
    pub(crate) fn called(inner: F, classifier: C, guard: Guard<H, K>, rejection: R) -> Self {
        Self {
            state: State::Called {
                inner,
                classifier,
                guard,
            },
            rejection,
        }
    }

    pub(crate) fn refused(rejected: Rejected, rejection: R) -> Self {
        Self {
            state: State::Refused { rejected },
            rejection,
        }
    }
}

impl<F, T, E, H, C, R, K> Future for ResponseFuture<F, H, C, R, K>
where
    F: Future<Output = Result<T, E>>,
    H: Deref<Target = Breaker>,
    C: Classifier<T, E>,
    R: OnRejection<T, E>,
    K: Clock,
{
    type Output = Result<T, R::Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        Poll::Ready(match this.state.project() {
            StateProjection::Called {
                inner,
                classifier,
                guard,
            } => {
                let result = ready!(inner.poll(cx));
                guard.finish(classifier.classify(&result));
                result.map_err(|error| this.rejection.inner(error))
            }
            StateProjection::Refused { rejected } => this.rejection.reject(*rejected),
        })
    }
}

impl<F, H: Deref<Target = Breaker>, C, R, K: Clock> fmt::Debug for ResponseFuture<F, H, C, R, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state: &dyn fmt::Debug = match &self.state {
            State::Called { .. } => &"called",
            State::Refused { rejected } => rejected,
        };
        f.debug_struct("ResponseFuture")
            .field("state", state)
            .finish_non_exhaustive()
    }
}
