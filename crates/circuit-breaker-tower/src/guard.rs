//! One admitted call, until its outcome is recorded.

use std::ops::Deref;

use circuit_breaker::{CircuitBreaker as Breaker, Clock, Outcome, Token};

use crate::observer::Observer;

/// An admitted call. Dropped without an outcome (its future was dropped, the service panicked), it is
/// cancelled.
#[derive(Debug)]
pub(crate) struct Guard<H: Deref<Target = Breaker>, K: Clock> {
    handle: H,
    clock: K,
    token: Option<Token>,
    observer: Observer,
}

impl<H: Deref<Target = Breaker>, K: Clock> Guard<H, K> {
    #[inline]
    pub(crate) fn new(handle: H, clock: K, token: Token, observer: Observer) -> Self {
        Self {
            handle,
            clock,
            token: Some(token),
            observer,
        }
    }

    #[inline]
    pub(crate) fn finish(&mut self, outcome: Outcome) {
        if let Some(token) = self.token.take() {
            let now = self.clock.now();
            let recorded = self.handle.record(token, outcome, now);
            self.observer.finished(recorded, || {
                let config = self.handle.settings().config();
                let took = now.saturating_sub(token.admitted_at());
                let slow = config.slow_call_rate.is_some() && took > config.slow_call_duration;
                if slow && outcome == Outcome::Success {
                    Outcome::Slow
                } else {
                    outcome
                }
            });
        }
    }
}

impl<H: Deref<Target = Breaker>, K: Clock> Drop for Guard<H, K> {
    #[inline]
    fn drop(&mut self) {
        if let Some(token) = self.token.take() {
            self.handle.cancel(token, self.clock.now());
            self.observer.cancelled();
        }
    }
}
