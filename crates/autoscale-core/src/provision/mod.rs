//! How many replicas a load needs, before anything runs.
//!
//! | stage | replicas |
//! |---|---|
//! | load | `⌈requests a minute ÷ (requests a minute of one replica × utilization)⌉` |
//! | endpoints | `⌈Σ offered ÷ (benchmarked × utilization)⌉`: an endpoint uses up that share of a replica |
//! | spare | the fewest n such that P(Binomial(n, availability of a replica) < needed) ≤ 1 − availability |
//! | bounds | not fewer than `min_replicas` |
//!
//! Load may be given as a rate, as users, or as both; the larger of what the two need counts. Users
//! become a rate by how many requests a minute each makes, or by the interactive response time law
//! X = N ÷ (R + Z) (Lazowska et al., *Quantitative System Performance*, 1984): N users who wait R
//! for an answer and think for Z.
//!
//! Cost: the tail is a sum of logarithms, O(needed) a candidate and O(log) candidates. Edge cases: no
//! load needs no replica beyond `min_replicas`; a replica availability of 1 needs no spare; one so low
//! that 1 000 000 replicas do not meet the budget is refused.

mod config;
mod load;
mod result;
mod spare;

pub use config::{Endpoint, LoadPhase, ProvisionConfig, UserLoad};
pub use result::{PhaseCheck, Provision, ProvisionReason, ProvisionStage};
pub use spare::binomial_below;

use crate::ConfigError;

/// Most replicas that anything is worked out for.
const MOST: u32 = 1_000_000;

/// How many replicas carry the load that `config` states, and why.
///
/// # Errors
/// [`ConfigError`] naming the field, the value and the bound.
///
/// ```
/// use autoscale_core::{ProvisionConfig, ProvisionReason, provision};
/// let config = ProvisionConfig::new()
///     .with_requests_per_minute(Some(10_000.0))
///     .with_replica_requests_per_minute(Some(1000.0))
///     .with_utilization(0.7);
/// let answer = provision(&config)?;
/// assert_eq!((answer.replicas, answer.reason), (15, ProvisionReason::Load));
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
pub fn provision(config: &ProvisionConfig) -> Result<Provision, ConfigError> {
    config.validate()?;
    load::provision(config)
}
