//! Which snapshots no breaker gives.

use std::time::Duration;

use super::Snapshot;
use crate::count_window::MAX_COUNT;
use crate::state::State;
use crate::word::{MAX_GENERATION, MAX_STREAK, MAX_TURN};

/// The most calls of a bucket: sums over a window must not overflow.
const MOST_CALLS: u64 = 1 << 48;
const DAY: Duration = Duration::from_secs(86_400);

/// Why a snapshot was refused. The message names the field, the value and the bound.
///
/// ```
/// use circuit_breaker::{CircuitBreaker, Config, Settings};
/// use std::time::Duration;
///
/// let settings = Settings::new(Config::default())?;
/// let mut snapshot = CircuitBreaker::new(&settings, 7).snapshot(Duration::ZERO);
/// snapshot.generation = 1 << 21;
/// let error = CircuitBreaker::restore(&settings, 7, &snapshot, Duration::ZERO).unwrap_err();
/// assert_eq!(error.to_string(), "generation is 2097152, must be at most 2097151");
/// # Ok::<(), circuit_breaker::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// A value is outside its range.
    #[error("{field} is {value}, must be {bound}")]
    OutOfRange {
        /// Path of the field, for example `window[3].calls`.
        field: String,
        /// The value given.
        value: String,
        /// The range it must lie in.
        bound: String,
    },
    /// A value that breakers in this state do not have, or do not lack.
    #[error("{field} is {value}, must be {bound} in the state {state}")]
    NotInState {
        /// Path of the field.
        field: &'static str,
        /// The value given.
        value: String,
        /// What it must be.
        bound: &'static str,
        /// The snapshot's state.
        state: &'static str,
    },
}

impl Snapshot {
    pub(super) fn check(&self) -> Result<(), SnapshotError> {
        let streak = self.consecutive_failures;
        at_most("generation", self.generation, MAX_GENERATION)?;
        at_most("consecutive_failures", streak, MAX_STREAK)?;
        at_most("ramp_up_calls", self.ramp_up_calls.unwrap_or(0), MAX_TURN)?;
        self.check_state()?;
        self.check_probes()?;
        self.check_window()?;
        self.check_count_window()
    }

    fn check_state(&self) -> Result<(), SnapshotError> {
        let open = self.state == State::Open;
        let closed = self.state == State::Closed;
        let open_for = self.open_for.map(|span| format!("{span:?}"));
        self.present("open_for", open_for, open, false)?;
        let by = self.opened_by.map(|by| by.as_str().to_owned());
        self.present("opened_by", by, open, false)?;
        let probed = self.state == State::HalfOpen;
        let done = self.probes.map(|probes| probes.done.to_string());
        self.present("probes", done, probed, open)?;
        let turn = self.ramp_up_calls.map(|turn| turn.to_string());
        self.present("ramp_up_calls", turn, false, closed)?;
        if self.openings == 0 && (open || probed) {
            return Err(self.not_in_state("openings", 0.to_string(), "at least 1"));
        }
        if self.openings > 0 && !open && !probed {
            return Err(self.not_in_state("openings", self.openings.to_string(), "0"));
        }
        let streak = self.consecutive_failures;
        if streak > 0 && !closed {
            return Err(self.not_in_state("consecutive_failures", streak.to_string(), "0"));
        }
        if self.judge_next && !closed {
            return Err(self.not_in_state("judge_next", true.to_string(), "false"));
        }
        Ok(())
    }

    /// Refuses a value that is missing though `must`, or there though neither `must` nor `may`.
    fn present(
        &self,
        field: &'static str,
        value: Option<String>,
        must: bool,
        may: bool,
    ) -> Result<(), SnapshotError> {
        match value {
            None if must => Err(self.not_in_state(field, "absent".to_owned(), "present")),
            Some(value) if !must && !may => Err(self.not_in_state(field, value, "absent")),
            _ => Ok(()),
        }
    }

    fn not_in_state(
        &self,
        field: &'static str,
        value: String,
        bound: &'static str,
    ) -> SnapshotError {
        SnapshotError::NotInState {
            field,
            value,
            bound,
            state: self.state.as_str(),
        }
    }

    fn check_probes(&self) -> Result<(), SnapshotError> {
        let Some(probes) = self.probes else {
            return Ok(());
        };
        let both = probes.failed.min(probes.slow);
        at_most("probes.failed", probes.failed, probes.done)?;
        at_most("probes.slow", probes.slow, probes.done)?;
        at_most("probes.slow_failures", probes.slow_failures, both)
    }

    fn check_window(&self) -> Result<(), SnapshotError> {
        at_most("window's length", self.window.len(), 4096)?;
        let mut before = None;
        for (at, bucket) in self.window.iter().enumerate() {
            let field = |name: &str| format!("window[{at}].{name}");
            if bucket.age > DAY || before.is_some_and(|age| bucket.age <= age) {
                let bound = match before {
                    Some(age) if bucket.age <= DAY => {
                        format!("above {age:?}, that of the one before")
                    }
                    _ => format!("at most {DAY:?}"),
                };
                return Err(SnapshotError::OutOfRange {
                    field: field("age"),
                    value: format!("{:?}", bucket.age),
                    bound,
                });
            }
            before = Some(bucket.age);
            let both = bucket.failures.min(bucket.slow);
            at_most(field("calls"), bucket.calls, MOST_CALLS)?;
            at_most(field("failures"), bucket.failures, bucket.calls)?;
            at_most(field("slow"), bucket.slow, bucket.calls)?;
            at_most(field("slow_failures"), bucket.slow_failures, both)?;
            at_most(field("late"), bucket.late, bucket.calls)?;
        }
        Ok(())
    }

    fn check_count_window(&self) -> Result<(), SnapshotError> {
        at_most(
            "count_window's length",
            self.count_window.len(),
            MAX_COUNT as usize,
        )?;
        let other = self
            .count_window
            .char_indices()
            .find(|(_, letter)| !matches!(letter, '.' | 'f' | 's' | 'b'));
        match other {
            None => Ok(()),
            Some((at, letter)) => Err(SnapshotError::OutOfRange {
                field: format!("count_window[{at}]"),
                value: format!("{letter:?}"),
                bound: "one of . f s b".to_owned(),
            }),
        }
    }
}

fn at_most<T: PartialOrd + ToString>(
    field: impl Into<String>,
    value: T,
    most: T,
) -> Result<(), SnapshotError> {
    if value > most {
        return Err(SnapshotError::OutOfRange {
            field: field.into(),
            value: value.to_string(),
            bound: format!("at most {}", most.to_string()),
        });
    }
    Ok(())
}
