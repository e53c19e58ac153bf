use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use circuit_breaker::Settings;

use super::backend::{Backend, REQUEST, STEPS_A_SECOND, a_step};
use super::clients::{Attempt, Clients, Next, Retry, steps};
use super::{Defence, OutageConfig};

/// When the backend stops, in steps: long enough for any window of a client to be full.
const CALM: u64 = 20 * STEPS_A_SECOND;
/// How long after the end the last arrivals are waited for.
const LAST: u64 = 5 * STEPS_A_SECOND;
/// From when on after the outage service counts.
const GRACE: u64 = 2 * STEPS_A_SECOND;
/// Share of arrivals from which on service is as it should be.
const SERVED: f64 = 0.99;

/// What became of one second's arrivals, and what reached the backend in it.
///
/// ```
/// use plimsoll_sim::outage::{OutageConfig, OutageModel};
/// let model = OutageModel::new(OutageConfig::default())?;
/// let run = model.run("no-retries".parse()?);
/// let calm = run.seconds[0];
/// assert_eq!((calm.from_s, calm.arrivals, calm.served), (-28, 400, 400));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Second {
    /// Its start, in seconds since the end of the outage.
    pub from_s: i64,
    /// Requests that arrived.
    pub arrivals: u64,
    /// Those among them that were answered in time, whenever that was.
    pub served: u64,
    /// Attempts that reached the backend, those included that its bounded queue refused.
    pub attempts: u64,
    /// Answers in time in this second, whenever the request arrived.
    pub answers: u64,
    /// Tries that a breaker refused.
    pub rejected: u64,
}

/// What one defence came to.
///
/// ```
/// use plimsoll_sim::outage::{OutageConfig, OutageModel};
/// let model = OutageModel::new(OutageConfig::default())?;
/// let run = model.run("no-retries".parse()?);
/// assert_eq!(run.attempts_per_arrival, 1.0);
/// assert!(run.recovery_s() > Some(20)); // the backlog
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OutageRun {
    /// The defence.
    pub defence: Defence,
    /// Attempts that reached the backend during the outage, for each arrival in it.
    pub attempts_per_arrival: f64,
    /// Tries that a breaker refused during the outage, for each arrival in it.
    pub rejected_per_arrival: f64,
    /// Attempts for each arrival from 2 s after the outage on.
    pub attempts_after_2s: f64,
    /// Share of the arrivals from 2 s after the outage on that were answered in time.
    pub goodput_after_2s: f64,
    /// Time in which 99 % of the same arrivals were answered, in seconds; `None` where fewer were.
    pub p99_s: Option<f64>,
    /// Second by second, from the start of the run.
    pub seconds: Vec<Second>,
}

impl OutageRun {
    /// Whole seconds after the outage's end from which on at least 99 % of every second's arrivals
    /// were answered in time; `None` where that never came, or too late to be seen for 5 s.
    ///
    /// ```
    /// use plimsoll_sim::outage::{Defence, OutageConfig, OutageModel};
    /// let model = OutageModel::new(OutageConfig::default())?;
    /// assert_eq!(model.run("retries".parse()?).recovery_s(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn recovery_s(&self) -> Option<u64> {
        let fine = |second: &&Second| second.served as f64 >= SERVED * second.arrivals as f64;
        let after = || self.seconds.iter().filter(|second| second.from_s >= 0);
        let last_bad = after().rfind(|second| !fine(second));
        let from = last_bad.map_or(0, |second| second.from_s + 1);
        let end = after().next_back().map_or(0, |second| second.from_s + 1);
        u64::try_from(from).ok().filter(|_| from + 5 <= end)
    }
}

struct Run {
    clients: Clients,
    backend: Backend,
    retries: BinaryHeap<Reverse<Retry>>,
    time_outs: VecDeque<(u64, Attempt)>,
    time_out: u64,
    /// Steps by which the seconds' grid is before the run's start: the outage ends on it.
    shift: u64,
    seconds: Vec<Second>,
    sent: u64,
    /// Steps between arrival and answer, of those that count, and how many those are.
    answered: Vec<u64>,
    counted: std::ops::Range<u64>,
}

pub(super) fn run(config: &OutageConfig, breaker: &Settings, defence: Defence) -> OutageRun {
    let outage = CALM..CALM + steps(config.outage);
    let end = outage.end + steps(config.after);
    let shift = (STEPS_A_SECOND - outage.end % STEPS_A_SECOND) % STEPS_A_SECOND;
    let before = (outage.end + shift) / STEPS_A_SECOND;
    let seconds = (end + LAST + shift).div_ceil(STEPS_A_SECOND);
    let mut run = Run {
        clients: Clients::new(config, breaker, defence),
        backend: Backend::new(config, defence.bounded_queue),
        retries: BinaryHeap::new(),
        time_outs: VecDeque::new(),
        time_out: steps(config.time_out),
        shift,
        seconds: (0..seconds)
            .map(|second| Second {
                from_s: second as i64 - before as i64,
                ..Second::default()
            })
            .collect(),
        sent: 0,
        answered: Vec::new(),
        counted: outage.end + GRACE..end,
    };
    let (mut due, a_step) = (0, a_step(config.load * config.capacity_rps));
    let (mut during, mut after) = (Tally::default(), Tally::default());
    for step in 0..end + LAST {
        let before = (run.sent, run.clients.rejected);
        due += a_step;
        let arrivals = due / REQUEST;
        due %= REQUEST;
        run.step(step, arrivals, outage.contains(&step));
        let (attempts, rejected) = (run.sent - before.0, run.clients.rejected - before.1);
        let second = run.second(step);
        second.arrivals += arrivals;
        second.attempts += attempts;
        second.rejected += rejected;
        for (within, tally) in [(&outage, &mut during), (&run.counted, &mut after)] {
            if within.contains(&step) {
                tally.arrivals += arrivals;
                tally.attempts += attempts;
                tally.rejected += rejected;
            }
        }
    }
    // A second that the run's end cuts, and those after it.
    let whole = (end + shift) / STEPS_A_SECOND;
    run.seconds.truncate(whole as usize);
    OutageRun {
        defence,
        attempts_per_arrival: during.share(during.attempts),
        rejected_per_arrival: during.share(during.rejected),
        attempts_after_2s: after.share(after.attempts),
        goodput_after_2s: after.share(run.answered.len() as u64),
        p99_s: run.quantile(after.arrivals),
        seconds: run.seconds,
    }
}

#[derive(Default)]
struct Tally {
    arrivals: u64,
    attempts: u64,
    rejected: u64,
}

impl Tally {
    fn share(&self, of: u64) -> f64 {
        of as f64 / self.arrivals.max(1) as f64
    }
}

impl Run {
    fn step(&mut self, step: u64, arrivals: u64, stopped: bool) {
        for _ in 0..arrivals {
            let next = self.clients.arrive(step);
            self.follow(next, step);
        }
        while let Some(Reverse(retry)) = self.retries.peek()
            && retry.step <= step
        {
            let retry = *retry;
            self.retries.pop();
            let next = self.clients.again(retry);
            self.follow(next, step);
        }
        let mut served = Vec::new();
        self.backend.serve(stopped, |attempt| served.push(attempt));
        for attempt in served {
            if self.clients.served(attempt, step) {
                self.answered(attempt, step);
            }
        }
        while let Some((at, attempt)) = self.time_outs.front().copied()
            && at <= step
        {
            self.time_outs.pop_front();
            if let Some(next) = self.clients.timed_out(attempt, step) {
                self.follow(next, step);
            }
        }
    }

    fn follow(&mut self, next: Next, step: u64) {
        match next {
            Next::Lost => {}
            Next::Retry(retry) => self.retries.push(Reverse(retry)),
            Next::Send(attempt) => {
                self.sent += 1;
                if self.backend.offer(attempt) {
                    self.time_outs.push_back((step + self.time_out, attempt));
                } else {
                    // A refusal is no attempt: whatever comes of it comes later.
                    let next = self.clients.refused(attempt, step);
                    self.follow(next, step);
                }
            }
        }
    }

    fn answered(&mut self, attempt: Attempt, step: u64) {
        let arrived = self.clients.arrived(attempt.request);
        self.second(step).answers += 1;
        self.second(arrived).served += 1;
        if self.counted.contains(&arrived) {
            self.answered.push(step - arrived);
        }
    }

    fn second(&mut self, step: u64) -> &mut Second {
        &mut self.seconds[((step + self.shift) / STEPS_A_SECOND) as usize]
    }

    /// The time within which 99 % of so many arrivals were answered.
    fn quantile(&mut self, arrivals: u64) -> Option<f64> {
        self.answered.sort_unstable();
        let rank = (arrivals as f64 * SERVED).ceil() as usize;
        let steps = self.answered.get(rank.max(1) - 1)?;
        // The step of the answer counts whole.
        Some((steps + 1) as f64 / STEPS_A_SECOND as f64)
    }
}
