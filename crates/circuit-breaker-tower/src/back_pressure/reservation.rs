//! What `poll_ready` holds for the next call.

use std::sync::Arc;
use std::time::Duration;

use circuit_breaker::{CircuitBreaker as Breaker, Clock, Outcome, Rejected, State, Token};

use super::waiters::Waiters;

/// An admission that waits for its call.
#[derive(Debug)]
pub(crate) struct Reservation<K: Clock> {
    token: Token,
    probe: Option<Probe<K>>,
}

/// A probe's place. Dropped unused it is free again, and those that wait for one are woken.
#[derive(Debug)]
struct Probe<K: Clock> {
    breaker: Arc<Breaker>,
    waiters: Arc<Waiters>,
    clock: K,
    /// The half-open generation that it belongs to.
    generation: u32,
    unused: Option<Token>,
}

impl<K: Clock> Reservation<K> {
    /// Asks the breaker.
    pub(crate) fn new(
        breaker: &Arc<Breaker>,
        waiters: &Arc<Waiters>,
        clock: &K,
    ) -> Result<Self, Rejected>
    where
        K: Clone,
    {
        let (token, generation) = acquire(breaker, clock.now())?;
        let probe = generation.map(|generation| Probe {
            breaker: Arc::clone(breaker),
            waiters: Arc::clone(waiters),
            clock: clock.clone(),
            generation,
            unused: Some(token),
        });
        Ok(Self { token, probe })
    }

    /// Whether the state of `breaker` is still the one that admitted.
    pub(crate) fn holds(&self, breaker: &Breaker, now: Duration) -> bool {
        match &self.probe {
            None => breaker.state() == State::Closed,
            Some(probe) => half_open(breaker, now) == Some(probe.generation),
        }
    }

    /// The token of the call that goes out at `now`, which is when its time begins; asked for again if
    /// the breaker has changed since.
    pub(crate) fn redeem(mut self, breaker: &Breaker, now: Duration) -> Result<Token, Rejected> {
        let holds = self.holds(breaker, now);
        if let Some(probe) = &mut self.probe {
            probe.unused = None;
        }
        if !holds {
            return breaker.try_acquire(now);
        }
        let [era, _] = self.token.to_bits();
        Ok(Token::from_bits([era, nanos(now)]))
    }
}

impl<K: Clock> Drop for Probe<K> {
    fn drop(&mut self) {
        if let Some(token) = self.unused.take() {
            // The call was never made: that says nothing about the dependency, however long ago.
            give_back(&self.breaker, token, self.clock.now());
            self.waiters.wake();
        }
    }
}

/// A token and, where it is a probe, the generation that it belongs to for certain.
fn acquire(breaker: &Breaker, now: Duration) -> Result<(Token, Option<u32>), Rejected> {
    loop {
        if breaker.state() != State::Open && breaker.state() != State::HalfOpen {
            let token = breaker.try_acquire(now)?;
            // Opened and half-open again within these two lines, it may be a probe after all.
            match half_open(breaker, now) {
                None => return Ok((token, None)),
                Some(_) => give_back(breaker, token, now),
            }
            continue;
        }
        let before = breaker.metrics(now);
        let token = breaker.try_acquire(now)?;
        let after = half_open(breaker, now);
        let certain = match before.state {
            State::HalfOpen => after == Some(before.generation),
            State::Open => after == Some(next(before.generation)),
            _ => false,
        };
        if certain {
            return Ok((token, after));
        }
        give_back(breaker, token, now);
    }
}

fn give_back(breaker: &Breaker, token: Token, now: Duration) {
    let _ = breaker.record(token, Outcome::Ignored, now);
}

/// The generation, if the breaker is half-open.
fn half_open(breaker: &Breaker, now: Duration) -> Option<u32> {
    if breaker.state() != State::HalfOpen {
        return None;
    }
    let metrics = breaker.metrics(now);
    (metrics.state == State::HalfOpen).then_some(metrics.generation)
}

/// Generations count modulo 2²¹.
const fn next(generation: u32) -> u32 {
    generation.wrapping_add(1) & (u32::MAX >> 11)
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
