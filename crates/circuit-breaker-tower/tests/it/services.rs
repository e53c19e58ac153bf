//! What the tests put behind breakers, and how they poll it.

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use circuit_breaker_tower::{Clock, Config, HalfOpen, OpenWait};
use tower::Service;

/// Opens at the first failure, for exactly this long; `permits` probes.
pub(crate) fn touchy(wait: Duration, permits: u32) -> Config {
    Config::consecutive(1, wait)
        .with_open_wait(OpenWait::fixed(wait))
        .with_half_open(HalfOpen::default().with_permits(permits))
}

/// Answers at once with what the request says, and counts its calls.
#[derive(Clone, Default)]
pub(crate) struct Echo(pub(crate) Arc<AtomicU32>);

impl Echo {
    pub(crate) fn calls(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Service<Result<u32, &'static str>> for Echo {
    type Response = u32;
    type Error = &'static str;
    type Future = Ready<Result<u32, &'static str>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Result<u32, &'static str>) -> Self::Future {
        self.0.fetch_add(1, Ordering::Relaxed);
        ready(request)
    }
}

/// Answers when the future of its request is done.
#[derive(Clone, Default)]
pub(crate) struct Run(pub(crate) Arc<AtomicU32>);

impl<F: Future<Output = Result<u32, &'static str>>> Service<F> for Run {
    type Response = u32;
    type Error = &'static str;
    type Future = F;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: F) -> F {
        self.0.fetch_add(1, Ordering::Relaxed);
        request
    }
}

/// A future of a call that the test ends when it likes.
pub(crate) type Pending = Pin<Box<dyn Future<Output = Result<u32, &'static str>> + Send>>;

pub(crate) fn says(answer: Result<u32, &'static str>) -> Pending {
    Box::pin(ready(answer))
}

pub(crate) fn never() -> Pending {
    Box::pin(std::future::pending())
}

/// Polls once.
pub(crate) fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// The answer of a future that is ready.
pub(crate) fn answer<F: Future>(future: F) -> F::Output {
    match poll(&mut Box::pin(future)) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("the call is still pending"),
    }
}

/// Asks for readiness once.
pub(crate) fn ready_now<R, S: Service<R>>(service: &mut S) -> bool {
    service
        .poll_ready(&mut Context::from_waker(Waker::noop()))
        .is_ready()
}

/// tokio's time as the breaker's, so that a paused runtime moves both.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokioClock(tokio::time::Instant);

impl TokioClock {
    pub(crate) fn new() -> Self {
        Self(tokio::time::Instant::now())
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}
