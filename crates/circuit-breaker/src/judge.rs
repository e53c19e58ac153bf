//! What an outcome changes: the windows, the failures in a row, the verdict on the probes.

use std::time::Duration;

use crate::admit::open_again;
use crate::breaker::{CircuitBreaker, FAILED_CALL, OpenFor};
use crate::config::Dialect;
use crate::outcome::{Outcome, Recorded};
use crate::settings::Compiled;
use crate::state::{OpenReason, State};
use crate::sync::{Ordering, fence};
use crate::time::nanos;
use crate::time_window::{Added, CALL};
use crate::word::{GENERATION_SHIFT, Word};

/// Generations, less one.
const GENERATIONS: u64 = (1 << (64 - GENERATION_SHIFT)) - 1;

/// What a window held when an outcome was judged.
#[derive(Clone, Copy, Default, Debug)]
struct Held {
    /// From how many calls on it is judged.
    least: u64,
    calls: u64,
    failures: u64,
    slow: u64,
    late: u64,
}

/// What the rules say of a window.
enum Verdict {
    Fine,
    /// A share is reached, the calls are not enough.
    Early,
    Open(OpenReason),
}

impl CircuitBreaker {
    /// Counts an outcome of a closed or metrics-only breaker, and judges.
    pub(crate) fn count(
        &self,
        word: Word,
        outcome: Outcome,
        duration: u64,
        now: Duration,
    ) -> Recorded {
        let settings = self.compiled();
        let failed = match outcome {
            Outcome::Ignored => return Recorded::Ignored,
            Outcome::Failure => true,
            Outcome::Success | Outcome::Slow => false,
        };
        let slow =
            settings.counts_slow && (duration > settings.slow_nanos || outcome == Outcome::Slow);
        let late = duration > settings.late_nanos;
        let era = word.era();
        let epoch = settings.epochs.of(now);
        let live = || self.is_live(era);

        let mut by_time = None;
        if let Some(ring) = self.ring() {
            let added = if failed {
                ring.add(epoch, era, FAILED_CALL, live)
            } else {
                ring.count(epoch, era, live)
            };
            match added {
                Added::Counted => {}
                Added::Halved => self.halve_beside(epoch, era),
                Added::Late => return self.count_stale(),
            }
            if slow && let Some(ring) = self.slow_ring() {
                ring.add(epoch, era, if failed { FAILED_CALL } else { CALL }, live);
            }
            if late && let Some(ring) = self.late_ring() {
                ring.add(epoch, era, CALL, live);
            }
        }
        let mut by_count = None;
        if let Some(extras) = self.extras.as_deref() {
            if let Some(window) = &extras.anchored {
                let Some(sum) = window.add(nanos(now), era, failed, live) else {
                    return self.count_stale();
                };
                by_time = Some(Held {
                    least: settings.min_calls,
                    calls: sum.calls,
                    failures: sum.failures,
                    ..Held::default()
                });
            }
            if let Some(window) = &extras.count {
                let Some(sums) = window.push(era, failed, slow, live) else {
                    return self.count_stale();
                };
                by_count = Some(Held {
                    least: settings.min_count,
                    calls: u64::from(sums.calls),
                    failures: u64::from(sums.failures),
                    slow: u64::from(sums.slow),
                    late: 0,
                });
            }
        }
        if word.state() == State::MetricsOnly {
            return Recorded::Counted;
        }
        let streak = self.streak(word, failed);
        if streak >= settings.streak {
            self.open(self.load_in(word), OpenReason::ConsecutiveFailures, now);
            return Recorded::Counted;
        }
        let judged = match settings.dialect {
            Dialect::Plimsoll => failed || slow || late || word.is_watched(),
            Dialect::Resilience4j => true,
            Dialect::Polly => failed,
        };
        if judged {
            let windows = [by_count, by_time.or_else(|| self.held_by_time(epoch, era))];
            self.judge(word, windows, now);
        }
        Recorded::Counted
    }

    /// What the aligned time window holds.
    fn held_by_time(&self, epoch: u64, era: u64) -> Option<Held> {
        let ring = self.ring()?;
        let buckets = self.compiled().buckets;
        // Two threads that each add to another bucket must not both miss the other's outcome.
        fence(Ordering::SeqCst);
        let newest = ring.newest(epoch, era);
        let sum = ring.held(epoch, newest, buckets, era);
        let beside = |ring: Option<crate::time_window::Ring<'_>>| {
            // More only if another thread is between the two.
            ring.map_or(0, |r| {
                r.held(epoch, newest, buckets, era).calls.min(sum.calls)
            })
        };
        Some(Held {
            least: self.compiled().min_calls,
            calls: sum.calls,
            failures: sum.failures,
            slow: beside(self.slow_ring()),
            late: beside(self.late_ring()),
        })
    }

    fn judge(&self, word: Word, windows: [Option<Held>; 2], now: Duration) {
        let mut early = false;
        for held in windows.into_iter().flatten() {
            match self.compiled().verdict(held) {
                Verdict::Open(reason) => {
                    self.open(self.load_in(word), reason, now);
                    return;
                }
                Verdict::Early => early = true,
                Verdict::Fine => {}
            }
        }
        // Where only calls are missing, the outcome that brings them is judged, whatever it is; where
        // that one was on its way already, the next.
        if self.compiled().dialect == Dialect::Plimsoll && early != word.is_watched() {
            self.change_within(word, |w| w.with_watch(early));
        }
    }

    /// The failures in a row with this outcome; 0 where they are not counted.
    fn streak(&self, word: Word, failed: bool) -> u32 {
        if self.compiled().config.consecutive_failures.is_none() || !failed && word.streak() == 0 {
            return 0;
        }
        self.change_within(word, |w| {
            w.with_streak(if failed { w.streak() + 1 } else { 0 })
        })
        .map_or(0, Word::streak)
    }

    /// Changes a closed word within its generation; `None` if a transition came first.
    fn change_within(&self, mut word: Word, change: impl Fn(Word) -> Word) -> Option<Word> {
        let era = word.era();
        loop {
            let to = change(word);
            if to == word {
                return Some(to);
            }
            match self.swap(word, to) {
                Ok(()) => return Some(to),
                Err(now) if now.era() == era => word = now,
                Err(_) => return None,
            }
        }
    }

    /// The word as it is now if it is of `word`'s generation, `word` otherwise.
    fn load_in(&self, word: Word) -> Word {
        let now = self.load();
        if now.era() == word.era() { now } else { word }
    }

    /// Counts what came of a probe, and decides once the others can't change the verdict.
    pub(crate) fn probe(
        &self,
        mut word: Word,
        outcome: Outcome,
        duration: u64,
        now: Duration,
    ) -> Recorded {
        let settings = self.compiled();
        let era = word.era();
        let failed = outcome == Outcome::Failure;
        let slow =
            duration > settings.harm_nanos || settings.counts_slow && outcome == Outcome::Slow;
        loop {
            if word.era() != era || word.done() >= word.issued() {
                return self.count_stale();
            }
            if outcome == Outcome::Ignored {
                match self.swap(word, word.with_issued(word.issued() - 1)) {
                    Ok(()) => return Recorded::Ignored,
                    Err(now) => word = now,
                }
                continue;
            }
            let counted = word.with_probes(
                word.done() + 1,
                word.failed() + u8::from(failed),
                word.slow() + u8::from(slow),
            );
            let (to, wait) = match settings.probes_say(counted) {
                None => (counted, None),
                Some(false) => (self.closed_after(word), None),
                Some(true) => {
                    let to = open_again(counted, OpenReason::ProbesFailed);
                    (to, Some(OpenFor::Computed(self.wait_of(to))))
                }
            };
            if let Err(now) = self.swap(word, to) {
                word = now;
                continue;
            }
            if slow && failed {
                self.count_slow_failed_probe(word.generation());
            }
            if to.era() != era {
                self.entered(word, to, now, wait);
            }
            return Recorded::Counted;
        }
    }

    fn count_slow_failed_probe(&self, generation: u32) {
        let Some(count) = self
            .extras
            .as_deref()
            .and_then(|e| e.slow_failed_probes.as_ref())
        else {
            return;
        };
        let tag = u64::from(generation) << 32;
        let mut value = count.load(Ordering::Relaxed);
        loop {
            let ahead = (value >> 32).wrapping_sub(tag >> 32) & GENERATIONS;
            let next = match ahead {
                0 => value + 1,
                ahead if ahead <= GENERATIONS / 2 => return,
                _ => tag + 1,
            };
            match count.compare_exchange(value, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return,
                Err(newer) => value = newer,
            }
        }
    }
}

impl Compiled {
    fn verdict(&self, held: Held) -> Verdict {
        let reached = |share: Option<crate::settings::Share>, part| {
            share.is_some_and(|s| s.is_reached(part, held.calls))
        };
        let reason = if reached(self.failure_rate, held.failures) {
            OpenReason::FailureRate
        } else if reached(self.slow_rate, held.slow) {
            OpenReason::SlowCallRate
        } else if self
            .late_share
            .is_some_and(|s| s.is_exceeded(held.late, held.calls))
        {
            OpenReason::Latency
        } else {
            return Verdict::Fine;
        };
        if held.calls >= held.least {
            Verdict::Open(reason)
        } else {
            Verdict::Early
        }
    }

    /// Whether the probes that are done say to open.
    pub(crate) fn probes_open(&self, word: Word) -> bool {
        word.failed() >= self.need_failed || self.need_slow.is_some_and(|need| word.slow() >= need)
    }

    /// What the probes that are done say: to open, to close, or nothing yet.
    pub(crate) fn probes_say(&self, word: Word) -> Option<bool> {
        let left = self.probes.saturating_sub(word.done());
        if self.dialect != Dialect::Plimsoll && left > 0 {
            return None;
        }
        let rule = |bad: u8, need: u8| {
            if bad >= need {
                Some(true)
            } else if bad.saturating_add(left) < need {
                Some(false)
            } else {
                None
            }
        };
        let failures = rule(word.failed(), self.need_failed);
        let slow = self
            .need_slow
            .map_or(Some(false), |need| rule(word.slow(), need));
        match (failures, slow) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        }
    }
}
