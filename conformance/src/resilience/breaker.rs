//! What both dialects' cases have in common: the steps, and the calls that are out.

use std::collections::BTreeMap;
use std::time::Duration;

use circuit_breaker::{CircuitBreaker, OpenWait, Outcome, Recorded, Token};
use serde::Deserialize;

use crate::suite::Refused;

/// One step of a case; `E` is what is expected after it.
#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Step<E> {
    Advance {
        ms: u64,
        expect: E,
    },
    Acquire {
        id: u64,
        expect: E,
    },
    Complete {
        id: u64,
        outcome: Ending,
        #[serde(default)]
        duration_ms: u64,
        #[serde(default)]
        stale: bool,
        expect: E,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ending {
    Success,
    Failure,
    Ignored,
    Cancelled,
}

/// The factor of a wait that does not grow.
pub(super) fn one() -> f64 {
    1.0
}

/// A wait as both dialects state it; without a cap it grows for ever.
pub(super) fn open_wait(base_ms: u64, multiplier: f64, cap_ms: Option<u64>) -> OpenWait {
    let base = Duration::from_millis(base_ms);
    let cap = cap_ms.map_or(Duration::from_secs(365 * 86_400), Duration::from_millis);
    OpenWait::fixed(base)
        .with_multiplier(multiplier)
        .with_cap(cap.max(base))
}

/// A breaker under virtual time.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) breaker: CircuitBreaker,
    pub(super) now: Duration,
    out: BTreeMap<u64, Token>,
}

/// What a step did.
pub(super) struct Done<'a, E> {
    pub(super) expect: &'a E,
    pub(super) permitted: Option<bool>,
    /// Whether the outcome was stale, beside what the case says.
    pub(super) stale: Option<(bool, bool)>,
}

impl Run {
    pub(super) fn new(breaker: CircuitBreaker) -> Self {
        Self {
            breaker,
            now: Duration::ZERO,
            out: BTreeMap::new(),
        }
    }

    pub(super) fn step<'a, E>(&mut self, step: &'a Step<E>) -> Result<Done<'a, E>, Refused> {
        match step {
            Step::Advance { ms, expect } => {
                let later = self.now.checked_add(Duration::from_millis(*ms));
                self.now = later.ok_or_else(|| Refused(format!("ms: {ms} overflows")))?;
                Ok(Done {
                    expect,
                    permitted: None,
                    stale: None,
                })
            }
            Step::Acquire { id, expect } => {
                let token = self.breaker.try_acquire(self.now);
                let permitted = Some(token.is_ok());
                if let Ok(token) = token {
                    self.out.insert(*id, token);
                }
                Ok(Done {
                    expect,
                    permitted,
                    stale: None,
                })
            }
            Step::Complete {
                id,
                outcome,
                duration_ms,
                stale,
                expect,
            } => {
                // What was refused here and admitted there differed a step ago already.
                let Some(token) = self.out.remove(id) else {
                    return Ok(Done {
                        expect,
                        permitted: None,
                        stale: None,
                    });
                };
                let took = Duration::from_millis(*duration_ms);
                let record = |outcome| self.breaker.record_timed(token, outcome, took, self.now);
                let recorded = match outcome {
                    Ending::Success => record(Outcome::Success),
                    Ending::Failure => record(Outcome::Failure),
                    Ending::Ignored => record(Outcome::Ignored),
                    Ending::Cancelled => self.breaker.cancel(token, self.now),
                };
                let stale = Some((*stale, recorded == Recorded::Stale));
                Ok(Done {
                    expect,
                    permitted: None,
                    stale,
                })
            }
        }
    }
}
