//! Beside a plain breaker: lists of all calls, no bits, one thread. The dialect Plimsoll, no jitter.

use std::time::Duration;

use circuit_breaker::{
    Config, HalfOpen, LatencyLimit, OnDrop, OpenReason, OpenWait, Outcome, Recorded, RejectReason,
    State, TimeWindow,
};
use proptest::prelude::*;

use crate::given::{Driver, Op, Told, anything, breaker, cases, config, ms};

type Refusal = (RejectReason, Option<Duration>, Option<OpenReason>);

/// A call that was counted.
#[derive(Clone, Copy)]
struct Call {
    epoch: u128,
    failed: bool,
    slow: bool,
    late: bool,
}

#[derive(Clone, Copy)]
struct Admitted {
    generation: u32,
    at: Duration,
}

struct Plain {
    config: Config,
    now: Duration,
    state: State,
    generation: u32,
    since: Duration,
    until: Duration,
    reason: Option<OpenReason>,
    openings: u32,
    calls: Vec<Call>,
    streak: u32,
    watched: bool,
    issued: u32,
    done: Vec<(bool, bool)>,
    newest: Duration,
    tokens: Vec<Admitted>,
}

/// In whole microseconds, none of it lost.
fn up(span: Duration) -> Duration {
    Duration::from_micros(u64::try_from(span.as_nanos().div_ceil(1000)).unwrap())
}

fn reaches(part: usize, whole: usize, share: f64) -> bool {
    whole > 0 && part as f64 / whole as f64 >= share - 1e-9
}

fn exceeds(part: usize, whole: usize, share: f64) -> bool {
    whole > 0 && part as f64 / whole as f64 > share + 1e-9
}

impl Plain {
    fn new(config: Config, now: Duration) -> Self {
        Self {
            config,
            now,
            state: State::Closed,
            generation: 0,
            since: Duration::ZERO,
            until: Duration::ZERO,
            reason: None,
            openings: 0,
            calls: Vec::new(),
            streak: 0,
            watched: false,
            issued: 0,
            done: Vec::new(),
            newest: Duration::ZERO,
            tokens: Vec::new(),
        }
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.generation += 1;
        self.since = self.now;
        self.calls.clear();
        self.streak = 0;
        self.watched = false;
        self.issued = 0;
        self.done.clear();
        if !matches!(state, State::Open | State::HalfOpen) {
            self.openings = 0;
        }
    }

    fn open(&mut self, reason: OpenReason) {
        self.enter(State::Open);
        self.openings += 1;
        self.reason = Some(reason);
        self.until = self.now + self.wait();
    }

    fn wait(&self) -> Duration {
        let wait = self.config.open_wait;
        let grown = wait.base.as_secs_f64() * wait.multiplier.powi(self.openings as i32 - 1);
        up(Duration::from_secs_f64(grown.min(wait.cap.as_secs_f64())))
    }

    fn admit(&mut self) -> Admitted {
        Admitted {
            generation: self.generation,
            at: self.now,
        }
    }

    fn acquire(&mut self) -> Result<Admitted, Refusal> {
        let half = self.config.half_open;
        let base = self.config.open_wait.base;
        match self.state {
            State::ForcedOpen => Err((RejectReason::ForcedOpen, None, None)),
            State::Open if self.now < self.until => {
                Err((RejectReason::Open, Some(self.until - self.now), self.reason))
            }
            State::Open => {
                self.enter(State::HalfOpen);
                self.issued = 1;
                self.newest = self.now;
                Ok(self.admit())
            }
            State::HalfOpen => {
                let age = self.now - self.newest;
                let whole = self.now - self.since;
                let lost = self.issued as usize - self.done.len();
                let full = self.issued >= half.permits;
                let lease = half.lease.map(up);
                if half
                    .max_wait
                    .is_some_and(|wait| self.now - self.since >= up(wait))
                {
                    self.open(OpenReason::ProbeTimeout);
                } else if !full {
                    self.issued += 1;
                    self.newest = self.now;
                    return Ok(self.admit());
                } else if lease.is_none_or(|lease| age < lease && whole < 2 * lease) {
                    let retry =
                        lease.map_or(base, |lease| (lease - age).min(2 * lease - whole).min(base));
                    return Err((RejectReason::HalfOpenFull, Some(retry), None));
                } else if self.failed_probes() + lost >= self.needed(self.failure_rate())
                    || self
                        .needed_slow()
                        .is_some_and(|n| self.slow_probes() + lost >= n)
                {
                    self.open(OpenReason::ProbeTimeout);
                } else {
                    self.enter(State::Closed);
                    return Ok(self.admit());
                }
                Err((RejectReason::Open, Some(self.until - self.now), self.reason))
            }
            _ => Ok(self.admit()),
        }
    }

    fn failure_rate(&self) -> f64 {
        let half = self.config.half_open.failure_rate;
        half.or(self.config.failure_rate).unwrap_or(0.5)
    }

    fn failed_probes(&self) -> usize {
        self.done.iter().filter(|(failed, _)| *failed).count()
    }

    fn slow_probes(&self) -> usize {
        self.done.iter().filter(|(_, slow)| *slow).count()
    }

    /// The fewest probes that reach a share of all.
    fn needed(&self, share: f64) -> usize {
        let permits = self.config.half_open.permits as usize;
        (1..=permits)
            .find(|n| reaches(*n, permits, share))
            .unwrap_or(permits)
    }

    /// The fewest slow or late probes that open.
    fn needed_slow(&self) -> Option<usize> {
        let permits = self.config.half_open.permits as usize;
        let slow = self.config.slow_call_rate.map(|share| self.needed(share));
        let late = self.config.latency.and_then(|latency| {
            (1..=permits).find(|n| exceeds(*n, permits, 1.0 - latency.quantile))
        });
        slow.into_iter().chain(late).min()
    }

    fn record(&mut self, token: Admitted, outcome: Outcome, took: Duration) -> Recorded {
        if token.generation != self.generation {
            return Recorded::Stale;
        }
        let failed = outcome == Outcome::Failure;
        let counts_slow = self.config.slow_call_rate.is_some();
        let slow =
            counts_slow && (outcome == Outcome::Slow || took > self.config.slow_call_duration);
        let late = self
            .config
            .latency
            .is_some_and(|latency| took > latency.limit);
        match self.state {
            State::HalfOpen if self.done.len() >= self.issued as usize => Recorded::Stale,
            State::HalfOpen if outcome == Outcome::Ignored => {
                self.issued -= 1;
                Recorded::Ignored
            }
            State::HalfOpen => {
                self.done.push((failed, slow || late));
                self.judge_probes();
                Recorded::Counted
            }
            State::Closed | State::MetricsOnly if outcome != Outcome::Ignored => {
                let epoch = self.epoch();
                self.calls.push(Call {
                    epoch,
                    failed,
                    slow,
                    late,
                });
                if self.state == State::Closed {
                    self.judge(failed, failed || slow || late);
                }
                Recorded::Counted
            }
            _ => Recorded::Ignored,
        }
    }

    fn cancel(&mut self, token: Admitted) -> Recorded {
        let age = self.now - token.at;
        let failed = match self.config.on_drop {
            OnDrop::Ignore => false,
            OnDrop::Failure => true,
            OnDrop::FailureIfSlow => age >= self.config.slow_call_duration,
            OnDrop::FailureIfOlderThan(limit) => age >= limit,
        };
        let outcome = if failed {
            Outcome::Failure
        } else {
            Outcome::Ignored
        };
        self.record(token, outcome, age)
    }

    fn epoch(&self) -> u128 {
        self.config.time_window.map_or(0, |window| {
            self.now.as_nanos() / (window.length.as_nanos() / u128::from(window.buckets))
        })
    }

    fn judge_probes(&mut self) {
        let left = self.config.half_open.permits as usize - self.done.len();
        let slow = self.slow_probes();
        let rule = |bad: usize, needed: usize| (bad >= needed, bad + left < needed);
        let (open, close) = rule(self.failed_probes(), self.needed(self.failure_rate()));
        let (open_slow, close_slow) = match self.needed_slow() {
            Some(needed) => rule(slow, needed),
            None => (false, true),
        };
        if open || open_slow {
            self.open(OpenReason::ProbesFailed);
        } else if close && close_slow {
            self.enter(State::Closed);
        }
    }

    /// The calls in the last buckets.
    fn by_time(&self) -> Option<Vec<Call>> {
        let window = self.config.time_window?;
        let oldest = (self.epoch() + 1).saturating_sub(u128::from(window.buckets));
        Some(
            self.calls
                .iter()
                .filter(|call| call.epoch >= oldest)
                .copied()
                .collect(),
        )
    }

    /// The last calls, none of them late: the latency quantile is judged over the time window.
    fn by_count(&self) -> Option<Vec<Call>> {
        let size = self.config.count_window? as usize;
        let last = self.calls.iter().rev().take(size);
        Some(
            last.map(|call| Call {
                late: false,
                ..*call
            })
            .collect(),
        )
    }

    fn judge(&mut self, failed: bool, harm: bool) {
        if let Some(limit) = self.config.consecutive_failures {
            self.streak = if failed { self.streak + 1 } else { 0 };
            if self.streak >= limit {
                return self.open(OpenReason::ConsecutiveFailures);
            }
        }
        if !harm && !self.watched {
            return;
        }
        let mut early = false;
        for held in [self.by_count(), self.by_time()].into_iter().flatten() {
            let count = |of: fn(&Call) -> bool| held.iter().filter(|call| of(call)).count();
            let over =
                |rate: Option<f64>, part| rate.is_some_and(|rate| reaches(part, held.len(), rate));
            let late = self.config.latency.is_some_and(|latency| {
                exceeds(count(|call| call.late), held.len(), 1.0 - latency.quantile)
            });
            let reason = if over(self.config.failure_rate, count(|call| call.failed)) {
                OpenReason::FailureRate
            } else if over(self.config.slow_call_rate, count(|call| call.slow)) {
                OpenReason::SlowCallRate
            } else if late {
                OpenReason::Latency
            } else {
                continue;
            };
            if held.len() >= self.config.min_calls as usize {
                return self.open(reason);
            }
            early = true;
        }
        self.watched = early;
    }

    fn trip(&mut self, wait: Option<Duration>) -> bool {
        match self.state {
            State::Open => {
                self.until = self.until.max(self.now + self.wait());
            }
            State::Closed | State::HalfOpen => self.open(OpenReason::Tripped),
            _ => return false,
        }
        if let Some(wait) = wait {
            self.until = self.now + wait;
        }
        true
    }

    fn take(&mut self, place: usize) -> Option<Admitted> {
        let count = self.tokens.len();
        (count > 0).then(|| self.tokens.swap_remove(place % count))
    }

    /// Compared with what the driver was told.
    fn step(&mut self, op: Op) -> PlainTold {
        let told = match op {
            Op::Acquire => {
                let answer = self.acquire();
                self.tokens.extend(answer);
                return PlainTold::Acquired(answer.map(|_| ()));
            }
            Op::Record(place, outcome) => self.take(place).map(|token| {
                let took = self.now - token.at;
                self.record(token, outcome, took)
            }),
            Op::RecordTimed(place, outcome, took) => self
                .take(place)
                .map(|token| self.record(token, outcome, ms(took))),
            Op::Cancel(place) => self.take(place).map(|token| self.cancel(token)),
            Op::Lose(place) => {
                self.take(place);
                None
            }
            Op::Wait(span) => {
                self.now += ms(span);
                None
            }
            Op::Back(_) => unreachable!("clocks that go back are tested elsewhere"),
            Op::Trip(wait) => return PlainTold::Changed(self.trip(wait.map(ms))),
            Op::HoldOpen(span) => return self.move_end(span, Duration::max),
            Op::ProbeAt(span) => return self.move_end(span, Duration::min),
            Op::Set(state) => {
                // Set again, a state is what it was; closed, it begins anew.
                if state != self.state || state == State::Closed {
                    self.enter(state);
                }
                None
            }
        };
        told.map_or(PlainTold::Nothing, PlainTold::Recorded)
    }

    fn move_end(&mut self, span: u64, of: fn(Duration, Duration) -> Duration) -> PlainTold {
        if self.state == State::Open {
            self.until = of(self.until, self.now + ms(span));
        }
        PlainTold::Changed(self.state == State::Open)
    }
}

#[derive(PartialEq, Debug)]
enum PlainTold {
    Nothing,
    Acquired(Result<(), Refusal>),
    Recorded(Recorded),
    Changed(bool),
}

impl From<Told> for PlainTold {
    fn from(told: Told) -> Self {
        match told {
            Told::Nothing => Self::Nothing,
            Told::Acquired(answer) => Self::Acquired(
                answer
                    .map(|_| ())
                    .map_err(|r| (r.reason, r.retry_after, r.opened_by)),
            ),
            Told::Recorded(recorded) => Self::Recorded(recorded),
            Told::Changed(changed) => Self::Changed(changed),
        }
    }
}

/// Products that a float holds exactly, so that the order of multiplying is nobody's concern.
fn exact() -> impl Strategy<Value = Config> {
    let multiplier = prop::sample::select(vec![1.0, 1.5, 2.0]);
    (config(), multiplier, 1..5000_u64).prop_map(|(config, multiplier, cap)| {
        let wait = config.open_wait;
        let base = wait.base.max(ms(1));
        let window = config.time_window.map(|window| {
            // A whole number of nanoseconds a bucket.
            let width = (window.length / window.buckets).max(ms(1));
            TimeWindow::new(width * window.buckets, window.buckets)
        });
        let half_open = HalfOpen::default()
            .with_permits(config.half_open.permits)
            .with_failure_rate(config.half_open.failure_rate)
            .with_lease(config.half_open.lease)
            .with_max_wait(config.half_open.max_wait);
        let wait = OpenWait::fixed(base)
            .with_multiplier(multiplier)
            .with_cap(base + ms(cap));
        let latency = config
            .latency
            .map(|l| LatencyLimit::new(l.quantile, l.limit));
        config
            .with_open_wait(wait)
            .with_half_open(half_open)
            .with_latency(latency)
            .with_time_window(window)
            .with_ramp_up(None)
            .with_dialect(circuit_breaker::Dialect::Plimsoll)
    })
}

proptest! {
    #![proptest_config(cases(600, 50_000))]

    #[test]
    fn it_answers_as_the_plain_one(
        config in exact(),
        start in 0..100_000_u64,
        ops in prop::collection::vec(anything(), 0..400),
    ) {
        let mut plain = Plain::new(config.clone(), ms(start));
        let mut driver = Driver::new(breaker(config), ms(start));
        for op in ops {
            prop_assert_eq!(PlainTold::from(driver.step(op)), plain.step(op), "{:?}", op);
            let metrics = driver.metrics();
            prop_assert_eq!((metrics.state, metrics.generation), (plain.state, plain.generation));
            if matches!(metrics.state, State::Closed | State::MetricsOnly) {
                let held = plain.by_time().or_else(|| plain.by_count()).unwrap_or_default();
                let count = |of: fn(&Call) -> bool| held.iter().filter(|call| of(call)).count();
                let wanted = [held.len(), count(|c| c.failed), count(|c| c.slow), count(|c| c.slow && c.failed)];
                let window = metrics.window;
                let counts = [window.calls, window.failures, window.slow, window.slow_failures];
                prop_assert_eq!(counts, wanted.map(|n| n as u64), "{:?}", op);
            }
        }
    }
}
