//! The service that waits for its breaker.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use circuit_breaker::{
    CircuitBreaker as Breaker, Classifier, Clock, ErrorsAreFailures, RejectReason, State,
};
use tower_service::Service;

use super::future::{BackPressureFuture, WakeOnDrop};
use super::reservation::Reservation;
use super::timer::Timer;
use super::waiters::{Place, Waiters};
use crate::clock::SystemClock;
use crate::future::ResponseFuture;
use crate::guard::Guard;
use crate::observer::Observer;
use crate::rejection::{AsError, OnRejection};

/// A waiting service looks again no more often than this by itself.
const SHORTEST_SLICE: Duration = Duration::from_millis(10);

/// The breaker rounds the rest of a wait up to the microsecond: a base's wait is one slice all the same.
const ROUNDING: Duration = Duration::from_micros(1);

/// A service that is ready only while its breaker admits calls: balancers pass it over, queues in
/// front of it fill.
///
/// - Open, `poll_ready` is pending until the open wait is over, and leaves the wrapped service alone;
///   half-open with all probes out, until a probe comes back, at the latest until the breaker says
///   to ask again. Forced open by an operator, until the state changes.
/// - However long that is, it looks again every [`OpenWait::base`](circuit_breaker::OpenWait::base),
///   at most every 10 ms: an end of the wait that is moved, and what others do to a shared breaker, is
///   seen that late at the latest.
/// - A poll that the breaker refuses asks it, and counts in its metrics' `rejected`, in all states
///   alike: that is how a [fleet](circuit_breaker::fleet) sees demand. `Telemetry` counts calls only.
/// - Ready in a half-open state, it holds a probe until [`call`](Service::call). Dropped unused, the
///   probe's place goes to the next one. A probe that is held, but not called, for longer than
///   [`HalfOpen::lease`](circuit_breaker::HalfOpen::lease) counts as lost.
/// - If the breaker opens between `poll_ready` and `call`, the call is refused like in a
///   [`CircuitBreaker`](crate::CircuitBreaker).
/// - Waiting allocates the timer's future once a wait; a call allocates nothing.
///
/// All waiting clones are woken when a place may have become free, and ask again.
///
/// ```
/// use circuit_breaker_tower::{CircuitBreakerLayer, Clock, Config};
/// use tower::{Layer, ServiceExt, service_fn};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let layer = CircuitBreakerLayer::new(Config::default())?.with_back_pressure(tokio::time::sleep);
/// let service = layer.layer(service_fn(async |n: u32| Ok::<_, std::io::Error>(n + 1)));
/// service.breaker().trip(service.clock().now(), Some(Duration::from_millis(20)));
/// assert_eq!(service.oneshot(41).await?, 42); // after 20 ms
/// # Ok(())
/// # }
/// ```
pub struct BackPressure<S, T: Timer, C = ErrorsAreFailures, R = AsError, K: Clock = SystemClock> {
    pub(super) inner: S,
    pub(super) breaker: Arc<Breaker>,
    pub(super) waiters: Arc<Waiters>,
    pub(super) timer: T,
    pub(super) classifier: C,
    pub(super) rejection: R,
    pub(super) clock: K,
    pub(super) observer: Observer,
    pub(super) waiting: Option<Waiting<T::Sleep>>,
    pub(super) reserved: Option<Reservation<K>>,
}

/// A wait for the breaker, through as many polls as it takes.
pub(super) struct Waiting<F> {
    place: Place,
    /// The sleep, and when it ends by the breaker's clock.
    sleep: Option<(Duration, Pin<Box<F>>)>,
}

impl<F: Future> Waiting<F> {
    /// Sleeps until `end` at the latest.
    fn poll_sleep(
        &mut self,
        end: Duration,
        start: impl FnOnce() -> F,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let sleep = match &mut self.sleep {
            Some((sooner, sleep)) if *sooner <= end => sleep,
            Some((later, sleep)) => {
                *later = end;
                sleep.set(start());
                sleep
            }
            none => &mut none.insert((end, Box::pin(start()))).1,
        };
        let done = sleep.as_mut().poll(cx).map(drop);
        if done.is_ready() {
            self.sleep = None;
        }
        done
    }
}

impl<S, T: Timer, C, R, K: Clock> BackPressure<S, T, C, R, K> {
    /// The breaker: its state, its metrics, and what an operator does to it.
    #[must_use]
    pub const fn breaker(&self) -> &Arc<Breaker> {
        &self.breaker
    }

    /// The clock by which the breaker is asked.
    #[must_use]
    pub const fn clock(&self) -> &K {
        &self.clock
    }

    /// The wrapped service.
    #[must_use]
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The wrapped service.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Puts this service among those that are woken. The breaker is asked after it.
    fn enter(&mut self, cx: &Context<'_>) -> &mut Waiting<T::Sleep> {
        let waiters = &self.waiters;
        let waiting = self.waiting.get_or_insert_with(|| Waiting {
            place: Place::new(waiters),
            sleep: None,
        });
        waiting.place.enter(cx.waker());
        waiting
    }

    /// Pending for `retry_after` at the latest, or until woken; never for longer than the base of the
    /// open waits, since others can move their end without a word.
    fn poll_wait(&mut self, now: Duration, retry_after: Option<Duration>, cx: &mut Context<'_>) {
        let base = self.breaker.settings().config().open_wait.base;
        let slice = base.max(SHORTEST_SLICE) + ROUNDING;
        let end = now.saturating_add(retry_after.map_or(slice, |wait| wait.min(slice)));
        let Self { waiting, timer, .. } = self;
        if let Some(waiting) = waiting
            && waiting
                .poll_sleep(end, || timer.sleep(end.saturating_sub(now)), cx)
                .is_ready()
        {
            // Another turn, not a loop: a timer that ends at once must not block its thread.
            cx.waker().wake_by_ref();
        }
    }
}

impl<S, Request, T, C, R, K> Service<Request> for BackPressure<S, T, C, R, K>
where
    S: Service<Request>,
    T: Timer,
    C: Classifier<S::Response, S::Error> + Clone,
    R: OnRejection<S::Response, S::Error> + Clone,
    K: Clock + Clone,
{
    type Response = S::Response;
    type Error = R::Error;
    type Future = BackPressureFuture<S::Future, C, R, K>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), R::Error>> {
        if self.waiting.is_some() || self.breaker.state() != State::Closed {
            self.enter(cx);
        }
        loop {
            let now = self.clock.now();
            if self.breaker.state() == State::Open {
                self.reserved = None;
                if self.waiting.is_none() {
                    self.enter(cx);
                    continue;
                }
                // Asked, so that the breaker counts who waits for it; the wrapped service is left alone.
                match Reservation::new(&self.breaker, &self.waiters, &self.clock) {
                    Ok(reservation) => self.reserved = Some(reservation),
                    Err(rejected) => {
                        self.poll_wait(now, rejected.retry_after, cx);
                        return Poll::Pending;
                    }
                }
            }
            match self.inner.poll_ready(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => {
                    return Poll::Ready(Err(self.rejection.inner(error)));
                }
                Poll::Pending => {
                    // A probe's place is not held for a service that is not ready for it.
                    self.reserved = None;
                    return Poll::Pending;
                }
            }
            if let Some(reservation) = &self.reserved
                && reservation.holds(&self.breaker, now)
            {
                self.waiting = None;
                return Poll::Ready(Ok(()));
            }
            self.reserved = None;
            match Reservation::new(&self.breaker, &self.waiters, &self.clock) {
                Ok(reservation) => {
                    self.reserved = Some(reservation);
                    self.waiting = None;
                    return Poll::Ready(Ok(()));
                }
                // Nothing but time ends a ramp's refusal: no need to ask, and count, a second time.
                Err(rejected)
                    if self.waiting.is_none() && rejected.reason != RejectReason::RampUp =>
                {
                    self.enter(cx);
                }
                Err(rejected) => {
                    self.enter(cx);
                    self.poll_wait(now, rejected.retry_after, cx);
                    return Poll::Pending;
                }
            }
        }
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let now = self.clock.now();
        let asked = match self.reserved.take() {
            Some(reservation) => reservation.redeem(&self.breaker, now),
            None => self.breaker.try_acquire(now),
        };
        // Only a probe's end frees a place. Made first, so that it is dropped last if the service
        // panics: the place is freed, then asked for.
        let probe = asked.is_ok() && self.breaker.state() != State::Closed;
        let waker = WakeOnDrop::new(probe.then(|| Arc::clone(&self.waiters)));
        let rejection = self.rejection.clone();
        let future = match asked {
            Ok(token) => {
                let breaker = Arc::clone(&self.breaker);
                let guard = Guard::new(breaker, self.clock.clone(), token, self.observer.clone());
                let inner = self.inner.call(request);
                ResponseFuture::called(inner, self.classifier.clone(), guard, rejection)
            }
            Err(rejected) => {
                self.observer.rejected(&rejected);
                ResponseFuture::refused(rejected, rejection)
            }
        };
        BackPressureFuture::new(future, waker)
    }
}

/// A clone waits and reserves for itself.
impl<S: Clone, T: Timer + Clone, C: Clone, R: Clone, K: Clock + Clone> Clone
    for BackPressure<S, T, C, R, K>
{
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            breaker: Arc::clone(&self.breaker),
            waiters: Arc::clone(&self.waiters),
            timer: self.timer.clone(),
            classifier: self.classifier.clone(),
            rejection: self.rejection.clone(),
            clock: self.clock.clone(),
            observer: self.observer.clone(),
            waiting: None,
            reserved: None,
        }
    }
}

impl<S: fmt::Debug, T: Timer, C, R, K: Clock> fmt::Debug for BackPressure<S, T, C, R, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackPressure")
            .field("inner", &self.inner)
            .field("breaker", &self.breaker)
            .field("waits", &self.waiting.is_some())
            .field("reserved", &self.reserved.is_some())
            .finish_non_exhaustive()
    }
}
