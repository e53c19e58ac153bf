//! Permits that record themselves, and calls made through a breaker.

use std::ops::Deref;
use std::sync::Arc;

use crate::breaker::CircuitBreaker;
use crate::clock::Clock;
use crate::error::{CallError, Rejected};
use crate::outcome::{Classifier, ErrorsAreFailures, Outcome, Recorded};
use crate::token::Token;

/// The right to make one call, which records what came of it. Dropped without an outcome, the call
/// counts as cancelled: [`Config::on_drop`](crate::Config::on_drop) decides.
///
/// ```
/// use circuit_breaker::{CircuitBreaker, Config, ManualClock};
/// use std::time::Duration;
///
/// let breaker = CircuitBreaker::with_config(Config::default(), 1)?;
/// let clock = ManualClock::default();
/// let permit = breaker.permit(&clock)?;
/// clock.advance(Duration::from_secs(2));
/// drop(permit); // given up after two seconds: the dependency hangs
/// assert_eq!(breaker.metrics(Duration::from_secs(2)).window.failures, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "dropped at once, the permit counts as cancelled"]
pub struct Permit<B: Deref<Target = CircuitBreaker>, C: Clock> {
    breaker: B,
    clock: C,
    token: Token,
    done: bool,
}

impl<B: Deref<Target = CircuitBreaker>, C: Clock> Permit<B, C> {
    /// Records `outcome` at the clock's time.
    ///
    /// ```
    /// # use circuit_breaker::{CircuitBreaker, Config, ManualClock};
    /// use circuit_breaker::{Outcome, Recorded};
    /// # let breaker = CircuitBreaker::with_config(Config::default(), 1)?;
    /// # let clock = ManualClock::default();
    /// assert_eq!(breaker.permit(&clock)?.complete(Outcome::Slow), Recorded::Counted);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn complete(mut self, outcome: Outcome) -> Recorded {
        self.done = true;
        self.breaker.record(self.token, outcome, self.clock.now())
    }

    /// The call succeeded.
    ///
    /// ```
    /// # use circuit_breaker::{CircuitBreaker, Config, ManualClock, Recorded};
    /// # let breaker = CircuitBreaker::with_config(Config::default(), 1)?;
    /// # let clock = ManualClock::default();
    /// assert_eq!(breaker.permit(&clock)?.success(), Recorded::Counted);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn success(self) -> Recorded {
        self.complete(Outcome::Success)
    }

    /// The call failed.
    ///
    /// ```
    /// # use circuit_breaker::{CircuitBreaker, Config, ManualClock, State};
    /// # use std::time::Duration;
    /// # let clock = ManualClock::default();
    /// let breaker = CircuitBreaker::with_config(Config::consecutive(1, Duration::from_secs(9)), 1)?;
    /// breaker.permit(&clock)?.failure();
    /// assert_eq!(breaker.state(), State::Open);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn failure(self) -> Recorded {
        self.complete(Outcome::Failure)
    }

    /// The call says nothing about the dependency.
    ///
    /// ```
    /// # use circuit_breaker::{CircuitBreaker, Config, ManualClock, Recorded};
    /// # let breaker = CircuitBreaker::with_config(Config::default(), 1)?;
    /// # let clock = ManualClock::default();
    /// assert_eq!(breaker.permit(&clock)?.ignore(), Recorded::Ignored);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ignore(self) -> Recorded {
        self.complete(Outcome::Ignored)
    }

    /// The permit's token; the permit records nothing any more.
    ///
    /// ```
    /// # use circuit_breaker::{CircuitBreaker, Config, ManualClock, Outcome, Recorded};
    /// # use std::time::Duration;
    /// # let breaker = CircuitBreaker::with_config(Config::default(), 1)?;
    /// # let clock = ManualClock::default();
    /// let token = breaker.permit(&clock)?.into_token();
    /// assert_eq!(breaker.record(token, Outcome::Success, Duration::ZERO), Recorded::Counted);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn into_token(mut self) -> Token {
        self.done = true;
        self.token
    }
}

impl<B: Deref<Target = CircuitBreaker>, C: Clock> Drop for Permit<B, C> {
    #[inline]
    fn drop(&mut self) {
        if !self.done {
            self.breaker.cancel(self.token, self.clock.now());
        }
    }
}

impl CircuitBreaker {
    /// Asks whether a call may go out now, by `clock`; the permit records what came of it.
    ///
    /// # Errors
    /// As [`try_acquire`](Self::try_acquire).
    ///
    /// ```
    /// use circuit_breaker::{CircuitBreaker, Config, ManualClock};
    ///
    /// let breaker = CircuitBreaker::with_config(Config::default(), 1)?;
    /// let clock = ManualClock::default();
    /// let permit = breaker.permit(&clock)?;
    /// permit.success();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn permit<C: Clock>(&self, clock: C) -> Result<Permit<&Self, C>, Rejected> {
        let token = self.try_acquire(clock.now())?;
        Ok(Permit {
            breaker: self,
            clock,
            token,
            done: false,
        })
    }

    /// As [`permit`](Self::permit), for permits that outlive a borrow: in tasks, in queues.
    ///
    /// # Errors
    /// As [`try_acquire`](Self::try_acquire).
    ///
    /// ```
    /// use circuit_breaker::{CircuitBreaker, Config, ManualClock};
    /// use std::sync::Arc;
    ///
    /// let breaker = Arc::new(CircuitBreaker::with_config(Config::default(), 1)?);
    /// let clock = Arc::new(ManualClock::default());
    /// let permit = breaker.permit_owned(clock)?;
    /// std::thread::spawn(move || permit.success());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn permit_owned<C: Clock>(
        self: &Arc<Self>,
        clock: C,
    ) -> Result<Permit<Arc<Self>, C>, Rejected> {
        let token = self.try_acquire(clock.now())?;
        Ok(Permit {
            breaker: Arc::clone(self),
            clock,
            token,
            done: false,
        })
    }

    /// Makes a call through the breaker: every error is a failure. A panic counts as cancelled.
    ///
    /// # Errors
    /// [`CallError::Rejected`] if the breaker did not admit it, otherwise the call's own.
    ///
    /// ```
    /// use circuit_breaker::{CircuitBreaker, Config, ManualClock};
    ///
    /// let breaker = CircuitBreaker::with_config(Config::default(), 1)?;
    /// let clock = ManualClock::default();
    /// let answer = breaker.call(&clock, || Ok::<_, std::io::Error>(42))?;
    /// assert_eq!(answer, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn call<T, E, C: Clock>(
        &self,
        clock: C,
        call: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, CallError<E>> {
        self.call_with(clock, &ErrorsAreFailures, call)
    }

    /// As [`call`](Self::call), with a classifier that says what a result means.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    ///
    /// ```
    /// use circuit_breaker::{CircuitBreaker, Config, ManualClock, Outcome};
    ///
    /// let breaker = CircuitBreaker::with_config(Config::default(), 1)?;
    /// let server_errors = |result: &Result<u16, ()>| match result {
    ///     Ok(500..) | Err(()) => Outcome::Failure,
    ///     Ok(400..) => Outcome::Ignored,
    ///     Ok(_) => Outcome::Success,
    /// };
    /// let status = breaker.call_with(&ManualClock::default(), &server_errors, || Ok(503));
    /// assert_eq!(status, Ok(503));
    /// assert_eq!(breaker.metrics(std::time::Duration::ZERO).window.failures, 1);
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    pub fn call_with<T, E, C: Clock>(
        &self,
        clock: C,
        classifier: &impl Classifier<T, E>,
        call: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, CallError<E>> {
        let permit = self.permit(clock)?;
        let result = call();
        permit.complete(classifier.classify(&result));
        result.map_err(CallError::Inner)
    }

    /// Awaits a call through the breaker: every error is a failure. Dropped before it is done, the
    /// call counts as cancelled. Any executor; nothing is allocated.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    ///
    /// ```
    /// # use std::future::Future;
    /// # use std::pin::pin;
    /// # use std::task::{Context, Poll, Waker};
    /// # use std::time::Duration;
    /// use circuit_breaker::{CircuitBreaker, Config, ManualClock};
    ///
    /// let breaker = CircuitBreaker::with_config(Config::default(), 1)?;
    /// let clock = ManualClock::default();
    /// let call = breaker.call_async(&clock, async { Ok::<_, std::io::Error>("pong") });
    /// # let mut call = pin!(call);
    /// # let Poll::Ready(answer) = call.as_mut().poll(&mut Context::from_waker(Waker::noop())) else { panic!() };
    /// # assert_eq!(answer?, "pong");
    /// # assert_eq!(breaker.metrics(Duration::ZERO).window.calls, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn call_async<T, E, C: Clock>(
        &self,
        clock: C,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, CallError<E>> {
        self.call_async_with(clock, &ErrorsAreFailures, call).await
    }

    /// As [`call_async`](Self::call_async), with a classifier that says what a result means.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    ///
    /// ```
    /// # use std::pin::pin;
    /// # use std::task::{Context, Poll, Waker};
    /// use circuit_breaker::{CircuitBreaker, Config, ManualClock, Outcome};
    ///
    /// let breaker = CircuitBreaker::with_config(Config::default(), 1)?;
    /// let clock = ManualClock::default();
    /// let not_found = |result: &Result<(), &str>| match result {
    ///     Ok(()) => Outcome::Success,
    ///     Err("not found") => Outcome::Ignored,
    ///     Err(_) => Outcome::Failure,
    /// };
    /// let call = breaker.call_async_with(&clock, &not_found, async { Err("not found") });
    /// # let mut call = pin!(call);
    /// # let poll = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    /// # assert!(matches!(poll, Poll::Ready(Err(_))));
    /// # assert_eq!(breaker.metrics(std::time::Duration::ZERO).window.calls, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn call_async_with<T, E, C: Clock>(
        &self,
        clock: C,
        classifier: &impl Classifier<T, E>,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, CallError<E>> {
        let permit = self.permit(clock)?;
        let result = call.await;
        permit.complete(classifier.classify(&result));
        result.map_err(CallError::Inner)
    }
}
