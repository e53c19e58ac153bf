//! What the shared view does to a breaker, only as long as it is as it was when that was decided.

use std::time::Duration;

use crate::breaker::{CircuitBreaker, OpenFor};
use crate::state::{OpenReason, State};
use crate::time::micros;

impl CircuitBreaker {
    /// Opens from `from` in that generation; false if another transition came first.
    pub(crate) fn trip_if(&self, generation: u32, from: State, now: Duration) -> bool {
        let mut word = self.load();
        // What is counted within a generation changes the word too.
        while word.generation() == generation && word.state() == from {
            let (State::Closed | State::HalfOpen) = from else {
                return false;
            };
            let to = word.opened(OpenReason::Shared);
            match self.swap(word, to) {
                Ok(()) => {
                    let wait = OpenFor::Computed(self.wait_of(to));
                    self.entered(word, to, now, Some(wait));
                    return true;
                }
                Err(changed) => word = changed,
            }
        }
        false
    }

    /// Does not probe before `until`, open in that generation.
    pub(crate) fn hold_if(&self, generation: u32, until: Duration) -> bool {
        self.move_end_if(generation, |end| end.max(micros(until)))
    }

    /// Probes from `at` on at the latest, open in that generation.
    pub(crate) fn probe_if(&self, generation: u32, at: Duration) -> bool {
        self.move_end_if(generation, |end| end.min(micros(at)))
    }

    fn move_end_if(&self, generation: u32, change: impl Fn(u64) -> u64) -> bool {
        let word = self.load();
        // The time carries its generation: if the word has moved on since, so has the time, or it is
        // one that nobody reads any more. Without a time, the thread that opens is still to say it.
        word.generation() == generation
            && word.state() == State::Open
            && self.until.get(generation).is_some()
            && self
                .until
                .update(generation, change(0), &change, || false)
                .is_some()
    }
}
