//! Any configuration, any operations, and a breaker that they are carried out on.

use std::time::Duration;

use circuit_breaker::{
    CircuitBreaker, Config, Dialect, HalfOpen, LatencyLimit, Metrics, OnDrop, OpenWait, Outcome,
    Recorded, Rejected, Settings, State, TimeWindow, Token,
};
use proptest::prelude::*;

/// How many cases a property tries.
pub(crate) fn cases(few: u32, full: u32) -> ProptestConfig {
    ProptestConfig::with_cases(if cfg!(feature = "full") { full } else { few })
}

pub(crate) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub(crate) fn breaker(config: Config) -> CircuitBreaker {
    CircuitBreaker::new(&Settings::new(config).unwrap(), 7)
}

/// Records `outcome` of a call that took no time.
pub(crate) fn call(breaker: &CircuitBreaker, outcome: Outcome, now: Duration) {
    let token = breaker.try_acquire(now).unwrap();
    assert_eq!(breaker.record(token, outcome, now), Recorded::Counted);
}

fn rate() -> impl Strategy<Value = f64> {
    prop::sample::select(vec![0.000_001, 0.1, 0.3, 0.5, 0.8, 1.0])
}

fn span() -> impl Strategy<Value = Duration> {
    prop_oneof![
        (1..5000_u64).prop_map(ms),
        Just(Duration::from_nanos(1_234_567))
    ]
}

/// Any configuration that is accepted.
pub(crate) fn config() -> impl Strategy<Value = Config> {
    let maybe = prop::option::of::<BoxedStrategy<f64>>;
    let trips = (
        maybe(rate().boxed()),
        maybe(rate().boxed()),
        prop::option::of(1..6_u32),
        prop::option::of((0..100_u32, span())),
        span(),
        1..8_u32,
    );
    let windows = (
        prop::option::of((
            10..10_000_u64,
            prop::sample::select(vec![1, 2, 3, 10, 16, 17, 40]),
        )),
        prop::option::of(prop::sample::select(vec![8, 9, 31, 32, 33, 100])),
    );
    let waits = (1..3000_u64, 1.0..3.0_f64, 0..5000_u64, 0.0..=1.0_f64);
    let half_open = (
        prop::sample::select(vec![1, 2, 3, 5, 255]),
        maybe(rate().boxed()),
        prop::option::of(span()),
        prop::option::of(span()),
    );
    let rest = (
        prop::option::of(span()),
        prop_oneof![
            Just(OnDrop::Ignore),
            Just(OnDrop::Failure),
            Just(OnDrop::FailureIfSlow),
            span().prop_map(OnDrop::FailureIfOlderThan),
        ],
        prop_oneof![
            3 => Just(Dialect::Plimsoll),
            1 => Just(Dialect::Resilience4j),
            1 => Just(Dialect::Polly),
        ],
    );
    (trips, windows, waits, half_open, rest).prop_map(|(trips, windows, waits, half, rest)| {
        let (failure_rate, slow_rate, streak, latency, slow, min_calls) = trips;
        let (time, count) = windows;
        let (base, multiplier, more, jitter) = waits;
        let (ramp_up, on_drop, dialect) = rest;
        let time = time
            .map(|(length, buckets)| TimeWindow::new(ms(length.max(u64::from(buckets))), buckets));
        let windows = time.is_some() || count.is_some();
        let slow_known = dialect != Dialect::Polly;
        let latency = latency.filter(|_| time.is_some() && slow_known);
        let permits = if dialect == Dialect::Polly { 1 } else { half.0 };
        Config::default()
            .with_failure_rate(failure_rate.filter(|_| windows))
            .with_slow_call_rate(slow_rate.filter(|_| windows && slow_known))
            .with_consecutive_failures(streak)
            .with_latency(
                latency.map(|(q, limit)| LatencyLimit::new(f64::from(q.max(1)) / 100.0, limit)),
            )
            .with_slow_call_duration(slow)
            .with_min_calls(min_calls)
            .with_time_window(time)
            .with_count_window(count)
            .with_open_wait(
                OpenWait::default()
                    .with_base(ms(base))
                    .with_multiplier(multiplier)
                    .with_cap(ms(base + more))
                    .with_jitter(jitter),
            )
            .with_half_open(
                HalfOpen::default()
                    .with_permits(permits)
                    .with_failure_rate(half.1)
                    .with_lease(half.2.map(|lease| lease.max(slow)))
                    .with_max_wait(half.3),
            )
            .with_ramp_up(ramp_up)
            .with_on_drop(on_drop)
            .with_dialect(dialect)
    })
}

/// What a caller or an operator does. Tokens are named by their place, modulo how many there are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Acquire,
    Record(usize, Outcome),
    RecordTimed(usize, Outcome, u64),
    Cancel(usize),
    Lose(usize),
    Wait(u64),
    Back(u64),
    Trip(Option<u64>),
    HoldOpen(u64),
    ProbeAt(u64),
    Set(State),
}

pub(crate) fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        3 => Just(Outcome::Success),
        3 => Just(Outcome::Failure),
        1 => Just(Outcome::Slow),
        1 => Just(Outcome::Ignored),
    ]
}

/// Calls and time: no operator, no clock that goes back.
pub(crate) fn caller() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => Just(Op::Acquire),
        5 => (0..9_usize, outcome()).prop_map(|(i, o)| Op::Record(i, o)),
        2 => (0..9_usize, outcome(), 0..6000_u64).prop_map(|(i, o, t)| Op::RecordTimed(i, o, t)),
        1 => (0..9_usize).prop_map(Op::Cancel),
        1 => (0..9_usize).prop_map(Op::Lose),
        3 => prop_oneof![0..50_u64, 0..3000_u64].prop_map(Op::Wait),
    ]
}

/// Anything, but for a clock that goes back.
pub(crate) fn anything() -> impl Strategy<Value = Op> {
    prop_oneof![
        20 => caller(),
        1 => prop::option::of(0..4000_u64).prop_map(Op::Trip),
        1 => (0..4000_u64).prop_map(Op::HoldOpen),
        1 => (0..4000_u64).prop_map(Op::ProbeAt),
        1 => prop_oneof![
            3 => Just(State::Closed),
            1 => Just(State::ForcedOpen),
            1 => Just(State::Disabled),
            1 => Just(State::MetricsOnly),
        ].prop_map(Op::Set),
    ]
}

/// Anything, and a clock that jumps in both directions, to both ends.
pub(crate) fn chaos() -> impl Strategy<Value = Op> {
    prop_oneof![
        12 => anything(),
        1 => prop_oneof![0..5000_u64, Just(u64::MAX)].prop_map(Op::Back),
        1 => prop::sample::select(vec![1 << 33, 1 << 50, u64::MAX]).prop_map(Op::Wait),
        1 => Just(Op::HoldOpen(u64::MAX)),
        1 => Just(Op::Trip(Some(u64::MAX))),
        1 => (0..9_usize).prop_map(|i| Op::RecordTimed(i, Outcome::Success, u64::MAX)),
    ]
}

/// What was answered to an operation.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Told {
    Nothing,
    Acquired(Result<Token, Rejected>),
    Recorded(Recorded),
    Changed(bool),
}

/// A breaker, its time, and the tokens that are out.
pub(crate) struct Driver {
    pub(crate) breaker: CircuitBreaker,
    pub(crate) now: Duration,
    pub(crate) tokens: Vec<Token>,
    pub(crate) lost: Vec<Token>,
}

impl Driver {
    pub(crate) fn new(breaker: CircuitBreaker, now: Duration) -> Self {
        let (tokens, lost) = (Vec::new(), Vec::new());
        Self {
            breaker,
            now,
            tokens,
            lost,
        }
    }

    fn take(&mut self, place: usize) -> Option<Token> {
        let count = self.tokens.len();
        (count > 0).then(|| self.tokens.swap_remove(place % count))
    }

    pub(crate) fn step(&mut self, op: Op) -> Told {
        let now = self.now;
        match op {
            Op::Acquire => {
                let answer = self.breaker.try_acquire(now);
                self.tokens.extend(answer);
                return Told::Acquired(answer);
            }
            Op::Record(place, outcome) => {
                if let Some(token) = self.take(place) {
                    return Told::Recorded(self.breaker.record(token, outcome, now));
                }
            }
            Op::RecordTimed(place, outcome, took) => {
                if let Some(token) = self.take(place) {
                    let told = self.breaker.record_timed(token, outcome, ms(took), now);
                    return Told::Recorded(told);
                }
            }
            Op::Cancel(place) => {
                if let Some(token) = self.take(place) {
                    return Told::Recorded(self.breaker.cancel(token, now));
                }
            }
            Op::Lose(place) => {
                let lost = self.take(place);
                self.lost.extend(lost);
            }
            Op::Wait(span) => self.now = now.saturating_add(ms(span)),
            Op::Back(span) => self.now = now.saturating_sub(ms(span)),
            Op::Trip(wait) => return Told::Changed(self.breaker.trip(now, wait.map(ms))),
            Op::HoldOpen(span) => {
                return Told::Changed(self.breaker.hold_open(now.saturating_add(ms(span))));
            }
            Op::ProbeAt(span) => {
                return Told::Changed(self.breaker.probe_at(now.saturating_add(ms(span))));
            }
            Op::Set(state) => match state {
                State::ForcedOpen => self.breaker.force_open(now),
                State::Disabled => self.breaker.disable(now),
                State::MetricsOnly => self.breaker.metrics_only(now),
                _ => self.breaker.reset(now),
            },
        }
        Told::Nothing
    }

    pub(crate) fn metrics(&self) -> Metrics {
        self.breaker.metrics(self.now)
    }
}
