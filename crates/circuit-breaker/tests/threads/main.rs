//! The breaker under real threads, its clock gone astray, its tokens misused, its generations wrapped.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(not(any(loom, shuttle)))]

mod misuse;
mod races;
mod times;
mod wrap;

use std::time::Duration;

use circuit_breaker::{CircuitBreaker, Config, OpenWait, Outcome, Recorded};

/// A default window, a wait of exactly a second.
fn config() -> Config {
    Config::default().with_open_wait(OpenWait::fixed(secs(1)))
}

fn breaker(config: Config) -> CircuitBreaker {
    CircuitBreaker::with_config(config, 1).unwrap()
}

fn tell(breaker: &CircuitBreaker, outcome: Outcome, at: Duration) -> Recorded {
    breaker.record(breaker.try_acquire(at).unwrap(), outcome, at)
}

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}
