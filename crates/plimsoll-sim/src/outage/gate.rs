use std::time::Duration;

use circuit_breaker::{CircuitBreaker, Outcome, Settings, Token};

/// What a layer sees of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// An answer in time.
    Success,
    /// A time-out, a refusal of the backend, or a layer below that gave up on one.
    Failure,
    /// A time-out that stands around the breaker: the call is dropped, and the breaker's own rule
    /// says what that means.
    Dropped,
    /// A breaker further in refused the call: that says nothing of its own about what it calls.
    Refusal,
}

/// An instance's breaker: the very one that runs in production, told the time.
pub(super) struct Gate(CircuitBreaker);

impl Gate {
    pub(super) fn new(settings: &Settings, seed: u64) -> Self {
        Self(CircuitBreaker::new(settings, seed))
    }

    /// Whether a call may go out, or how long to wait at least.
    pub(super) fn ask(&self, now: Duration) -> Result<Token, Duration> {
        self.0
            .try_acquire(now)
            .map_err(|rejected| rejected.retry_after.unwrap_or_default())
    }

    pub(super) fn record(&self, token: Token, seen: Seen, now: Duration) {
        match seen {
            Seen::Success => self.0.record(token, Outcome::Success, now),
            Seen::Failure => self.0.record(token, Outcome::Failure, now),
            Seen::Refusal => self.0.record(token, Outcome::Ignored, now),
            Seen::Dropped => self.0.cancel(token, now),
        };
    }
}
