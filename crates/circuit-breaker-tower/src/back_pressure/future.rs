//! A call's future that wakes who waits when it ends.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use circuit_breaker::{CircuitBreaker as Breaker, Classifier, Clock};
use pin_project_lite::pin_project;

use super::waiters::Waiters;
use crate::future::ResponseFuture;
use crate::rejection::OnRejection;

pin_project! {
    /// The future of a call through a [`BackPressure`](super::BackPressure) service: as
    /// [`ResponseFuture`], and it wakes the services that wait for the breaker when it ends.
    ///
    /// ```
    /// use circuit_breaker_tower::{AsError, BackPressureFuture, ErrorsAreFailures, SystemClock};
    ///
    /// type Call<F> = BackPressureFuture<F, ErrorsAreFailures, AsError, SystemClock>;
    /// ```
    #[derive(Debug)]
    pub struct BackPressureFuture<F, C, R, K: Clock> {
        // Dropped before the waker: the call is cancelled before anybody asks for its place.
        #[pin]
        inner: ResponseFuture<F, Arc<Breaker>, C, R, K>,
        waker: WakeOnDrop,
    }
}

/// Wakes who waits, once, if there is anything to wake for.
#[derive(Debug)]
pub(super) struct WakeOnDrop(Option<Arc<Waiters>>);

impl WakeOnDrop {
    pub(super) fn new(waiters: Option<Arc<Waiters>>) -> Self {
        Self(waiters)
    }

    fn wake(&mut self) {
        if let Some(waiters) = self.0.take() {
            waiters.wake();
        }
    }
}

impl Drop for WakeOnDrop {
    fn drop(&mut self) {
        self.wake();
    }
}

impl<F, C, R, K: Clock> BackPressureFuture<F, C, R, K> {
    pub(super) fn new(inner: ResponseFuture<F, Arc<Breaker>, C, R, K>, waker: WakeOnDrop) -> Self {
        Self { inner, waker }
    }
}

impl<F, T, E, C, R, K> Future for BackPressureFuture<F, C, R, K>
where
    F: Future<Output = Result<T, E>>,
    C: Classifier<T, E>,
    R: OnRejection<T, E>,
    K: Clock,
{
    type Output = Result<T, R::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(this.inner.poll(cx));
        // Not only in the drop: a finished future can be kept.
        this.waker.wake();
        Poll::Ready(result)
    }
}
