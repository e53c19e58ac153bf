use std::collections::VecDeque;

use super::OutageConfig;
use super::clients::Attempt;

/// Steps a second.
pub(super) const STEPS_A_SECOND: u64 = 100;
/// Requests are counted in millionths.
pub(super) const REQUEST: u64 = 1_000_000;

/// A rate in millionths of a request a step.
pub(super) fn a_step(rate_rps: f64) -> u64 {
    (rate_rps * REQUEST as f64 / STEPS_A_SECOND as f64).round() as u64
}

/// One queue, first in, first out.
pub(super) struct Backend {
    queue: VecDeque<Attempt>,
    bound: Option<usize>,
    a_step: u64,
    /// What it could have served but for an empty queue; never more than two steps' worth.
    ready: u64,
}

impl Backend {
    pub(super) fn new(config: &OutageConfig, bounded: bool) -> Self {
        let longest = config.capacity_rps * config.time_out.as_secs_f64() * config.queue;
        Self {
            queue: VecDeque::new(),
            bound: bounded.then_some((longest.ceil() as usize).max(1)),
            a_step: a_step(config.capacity_rps),
            ready: 0,
        }
    }

    /// Takes an attempt, unless the queue is full.
    pub(super) fn offer(&mut self, attempt: Attempt) -> bool {
        let takes = self.bound.is_none_or(|bound| self.queue.len() < bound);
        if takes {
            self.queue.push_back(attempt);
        }
        takes
    }

    /// A step's work; gives each attempt that was served.
    pub(super) fn serve(&mut self, stopped: bool, mut served: impl FnMut(Attempt)) {
        if !stopped {
            let most = (2 * self.a_step).max(REQUEST);
            self.ready = (self.ready + self.a_step).min(most);
        }
        while self.ready >= REQUEST
            && let Some(attempt) = self.queue.pop_front()
        {
            self.ready -= REQUEST;
            served(attempt);
        }
    }
}
