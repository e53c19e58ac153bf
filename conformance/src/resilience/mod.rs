//! Circuit breakers: resilience4j and Polly, step by step.

mod breaker;
mod polly;
mod resilience4j;

use crate::suite::{Checker, check};

pub(crate) fn checker(kind: &str) -> Option<Checker> {
    match kind {
        "breaker_resilience4j" => Some(check::<resilience4j::Case>),
        "breaker_polly" => Some(check::<polly::Case>),
        _ => None,
    }
}

/// The fine print that the files state and the dialects hold to.
pub(crate) fn stated(kind: &str) -> &'static [(&'static str, &'static str)] {
    match kind {
        "breaker_resilience4j" => &[
            ("dialect", "resilience4j"),
            ("open_wait_boundary", "exclusive"),
            ("slow_boundary", "exclusive"),
            ("failure_boundary", "inclusive"),
        ],
        "breaker_polly" => &[
            ("dialect", "polly-v8"),
            ("open_wait_boundary", "inclusive"),
            ("failure_boundary", "inclusive"),
            ("half_open_permits", "1"),
            ("windows", "10"),
        ],
        _ => &[],
    }
}
