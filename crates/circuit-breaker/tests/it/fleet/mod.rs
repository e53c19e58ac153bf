//! A fleet in virtual time: real breakers and views, a store in memory, seeded calls.

use std::time::Duration;

use circuit_breaker::fleet::{
    Board, FleetAction, FleetConfig, FleetDecision, FleetSettings, FleetView, Reply,
};
use circuit_breaker::{CircuitBreaker, Config, Counts, Outcome, Settings, State, Token};

/// How far time goes at once, in milliseconds.
pub(crate) const STEP: u64 = 5;
pub(crate) const PERIOD: u64 = 250;
/// The store's clock is another one.
const STORE_ORIGIN: u64 = 1_764_000_000_000;

/// splitmix64.
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (z >> 11) as f64 / (1_u64 << 53) as f64
    }
}

pub(crate) struct Instance {
    pub(crate) breaker: CircuitBreaker,
    pub(crate) view: FleetView,
    /// Calls a second.
    pub(crate) rate: f64,
    pub(crate) connected: bool,
    /// First time that it was not closed, in milliseconds.
    pub(crate) opened: Option<u64>,
    pub(crate) decisions: Vec<FleetDecision>,
    /// What its window held when it opened, until it closes.
    pub(crate) at_opening: Option<Counts>,
    phase: u64,
    rng: Rng,
    out: Vec<(u64, Token, Outcome)>,
}

/// One probe: when, by which instance, the ledger's round and holder then.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Probe {
    pub(crate) at: u64,
    pub(crate) instance: usize,
    pub(crate) round: u64,
    pub(crate) holder: String,
    pub(crate) generation: u64,
}

pub(crate) struct Fleet {
    pub(crate) instances: Vec<Instance>,
    pub(crate) board: Board,
    pub(crate) now: u64,
    pub(crate) probes: Vec<Probe>,
    /// Calls that went out to a dependency that failed them.
    pub(crate) failed_calls: u64,
    /// What is bad of a bad call: it fails, or it takes so long.
    pub(crate) bad_takes: Option<Duration>,
}

pub(crate) fn settings() -> (Settings, FleetSettings) {
    let settings = Settings::new(Config::default()).unwrap();
    let fleet = FleetSettings::new(FleetConfig::default(), &settings).unwrap();
    (settings, fleet)
}

impl Fleet {
    /// So many instances with traffic from `rate` of their index and a draw.
    pub(crate) fn new(size: usize, seed: u64, rate: impl Fn(usize, f64) -> f64) -> Self {
        Self::with(Config::default(), size, seed, rate)
    }

    /// As `new`, with breakers of another configuration.
    pub(crate) fn with(
        config: Config,
        size: usize,
        seed: u64,
        rate: impl Fn(usize, f64) -> f64,
    ) -> Self {
        let settings = Settings::new(config).unwrap();
        let fleet = FleetSettings::new(FleetConfig::default(), &settings).unwrap();
        let mut rng = Rng(seed);
        let instances = (0..size)
            .map(|i| {
                let seed = seed.wrapping_mul(1000) + i as u64;
                Instance {
                    breaker: CircuitBreaker::new(&settings, seed),
                    view: FleetView::new(&fleet, &format!("pod-{i}"), seed).unwrap(),
                    rate: rate(i, rng.next()),
                    connected: true,
                    opened: None,
                    decisions: Vec::new(),
                    at_opening: None,
                    phase: (rng.next() * PERIOD as f64) as u64 / STEP * STEP,
                    rng: Rng(seed ^ 0x5555),
                    out: Vec::new(),
                }
            })
            .collect();
        Self {
            instances,
            board: Board::default(),
            now: 0,
            probes: Vec::new(),
            failed_calls: 0,
            bad_takes: None,
        }
    }

    /// Runs up to `end`; `fails` says the share of an instance's calls that fail at a time, and
    /// `each` looks on after every step.
    pub(crate) fn run(
        &mut self,
        end: u64,
        fails: impl Fn(usize, u64) -> f64,
        mut each: impl FnMut(&mut Self),
    ) {
        while self.now < end {
            self.now += STEP;
            for i in 0..self.instances.len() {
                self.calls(i, fails(i, self.now));
                self.tick(i);
                let now = self.now;
                let instance = &mut self.instances[i];
                if instance.breaker.state() == State::Closed {
                    instance.at_opening = None;
                } else {
                    instance.opened.get_or_insert(now);
                    let breaker = &instance.breaker;
                    instance
                        .at_opening
                        .get_or_insert_with(|| breaker.metrics(Duration::from_millis(now)).window);
                }
            }
            each(self);
        }
    }

    fn calls(&mut self, i: usize, fails: f64) {
        let now = Duration::from_millis(self.now);
        let instance = &mut self.instances[i];
        let (done, out) = std::mem::take(&mut instance.out)
            .into_iter()
            .partition::<Vec<_>, _>(|(due, ..)| *due <= self.now);
        instance.out = out;
        for (_, token, outcome) in done {
            match self.bad_takes.filter(|_| outcome == Outcome::Failure) {
                Some(took) => {
                    instance
                        .breaker
                        .record_timed(token, Outcome::Success, took, now);
                }
                None => {
                    instance.breaker.record(token, outcome, now);
                }
            }
        }
        let mut expected = instance.rate * STEP as f64 / 1000.0;
        while expected > 0.0 {
            let call = instance.rng.next() < expected;
            expected -= 1.0;
            if !call {
                continue;
            }
            let (fate, long) = (instance.rng.next(), instance.rng.next());
            let Ok(token) = instance.breaker.try_acquire(now) else {
                continue;
            };
            let outcome = if fate < fails {
                self.failed_calls += 1;
                Outcome::Failure
            } else {
                Outcome::Success
            };
            if instance.breaker.state() == State::HalfOpen {
                let ledger = self.board.read(STORE_ORIGIN + self.now).ledger;
                self.probes.push(Probe {
                    at: self.now,
                    instance: i,
                    round: ledger.round,
                    holder: ledger.holder,
                    generation: ledger.generation,
                });
            }
            let due = self.now + STEP + (long * 40.0) as u64;
            instance.out.push((due, token, outcome));
        }
    }

    fn tick(&mut self, i: usize) {
        let instance = &mut self.instances[i];
        if self.now % PERIOD != instance.phase || !instance.connected {
            return;
        }
        let now = Duration::from_millis(self.now);
        let request = instance.view.prepare(&instance.breaker, now);
        let reply = self.board.exchange(&request, STORE_ORIGIN + self.now);
        let decision = instance.view.decide(&instance.breaker, now, &reply);
        decision.apply(&instance.breaker);
        instance.decisions.push(decision);
    }

    pub(crate) fn states(&self) -> Vec<State> {
        self.instances.iter().map(|i| i.breaker.state()).collect()
    }

    /// What the store holds.
    pub(crate) fn read(&self) -> Reply {
        self.board.read(STORE_ORIGIN + self.now)
    }

    pub(crate) fn all(&self, state: State) -> bool {
        self.states().into_iter().all(|s| s == state)
    }

    /// Whether the shared view has opened anybody.
    pub(crate) fn shared_openings(&self) -> usize {
        let decisions = self.instances.iter().flat_map(|i| &i.decisions);
        decisions.filter(|d| d.action == FleetAction::Open).count()
    }
}
