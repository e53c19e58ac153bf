use std::time::Duration;

use circuit_breaker::{Settings, Token};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::backend::STEPS_A_SECOND;
use super::defence::{Budget, Defence, Tries};
use super::gate::{Gate, Seen};
use super::{BudgetConfig, OutageConfig, RetryBudget};

const MOST_LAYERS: usize = 4;
/// Full jitter: up to 0.1 s doubled with every try that was made (0.2 s before the first retry), at
/// most 10 s.
const FIRST_DELAY_S: f64 = 0.1;
const LONGEST_DELAY_S: f64 = 10.0;

/// An attempt at the backend: of which request, and its how manieth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attempt {
    pub(super) request: u32,
    number: u32,
}

/// What a client does next.
#[derive(Clone, Copy, Debug)]
pub(super) enum Next {
    /// It calls the backend.
    Send(Attempt),
    /// It tries again later.
    Retry(Retry),
    /// It gives up.
    Lost,
}

/// A try that a layer makes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Retry {
    pub(super) step: u64,
    /// Keeps those of a step in the order in which they came up.
    number: u64,
    pub(super) request: u32,
    layer: usize,
}

/// One arrival.
#[derive(Clone, Copy, Debug, Default)]
struct Request {
    arrived: u64,
    /// Tries of all layers together: what the delay grows with.
    made: u32,
    sent: u32,
    /// The attempt that is waited for.
    waits_for: Option<u32>,
    at: [Level; MOST_LAYERS],
}

/// A request at one layer.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    client: usize,
    tries: u32,
    token: Option<Token>,
}

struct Client {
    budget: Option<RetryBudget>,
    gate: Option<Gate>,
}

/// The clients of all layers, outermost first.
pub(super) struct Clients {
    layers: Vec<Vec<Client>>,
    requests: Vec<Request>,
    attempts: u32,
    backs_off: bool,
    /// What a time-out is to the breaker that let the attempt out.
    time_out: Seen,
    rng: ChaCha8Rng,
    retries: u64,
    /// Tries that a breaker refused.
    pub(super) rejected: u64,
}

/// Why a call failed, as the layer above sees it.
#[derive(Clone, Copy, Debug)]
struct Cause {
    seen: Seen,
    /// Earliest retry that the refusing breaker asks for.
    after: Duration,
    may_retry: bool,
}

/// The time of a step.
pub(super) fn time(step: u64) -> Duration {
    Duration::from_millis(step * 1000 / STEPS_A_SECOND)
}

/// Steps that cover a length of time.
pub(super) fn steps(time: Duration) -> u64 {
    let steps = (time.as_nanos() * u128::from(STEPS_A_SECOND)).div_ceil(1_000_000_000);
    u64::try_from(steps).unwrap_or(u64::MAX)
}

impl Clients {
    pub(super) fn new(config: &OutageConfig, breaker: &Settings, defence: Defence) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
        let (layers, attempts) = match defence.tries {
            Tries::One => (1, 1),
            Tries::Three => (1, 3),
            Tries::Layers => (config.layers as usize, config.attempts),
        };
        let budget = defence.budget.map(|budget| match budget {
            Budget::Model => config.budget,
            Budget::Tower => BudgetConfig::tower(),
        });
        let mut client = || Client {
            budget: budget.as_ref().map(RetryBudget::new),
            gate: defence.breaker.then(|| Gate::new(breaker, rng.random())),
        };
        let layers = (0..layers.min(MOST_LAYERS))
            .map(|_| (0..config.clients).map(|_| client()).collect())
            .collect();
        Self {
            layers,
            requests: Vec::new(),
            attempts,
            backs_off: defence.backs_off(),
            time_out: match config.drops {
                true => Seen::Dropped,
                false => Seen::Failure,
            },
            rng,
            retries: 0,
            rejected: 0,
        }
    }

    /// When a request arrived.
    pub(super) fn arrived(&self, request: u32) -> u64 {
        self.requests[request as usize].arrived
    }

    /// A request arrives.
    pub(super) fn arrive(&mut self, step: u64) -> Next {
        let request = self.requests.len() as u32;
        self.requests.push(Request {
            arrived: step,
            ..Request::default()
        });
        self.enter(request, 0, step);
        self.descend(request, 0, step)
    }

    /// A retry is due.
    pub(super) fn again(&mut self, retry: Retry) -> Next {
        self.requests[retry.request as usize].at[retry.layer].tries += 1;
        self.descend(retry.request, retry.layer, retry.step)
    }

    /// The backend was done with an attempt; says whether anybody had waited for it.
    pub(super) fn served(&mut self, attempt: Attempt, step: u64) -> bool {
        let request = &mut self.requests[attempt.request as usize];
        let in_time = request.waits_for == Some(attempt.number);
        if in_time {
            request.waits_for = None;
            for layer in 0..self.layers.len() {
                self.record(attempt.request, layer, Seen::Success, step);
            }
        }
        in_time
    }

    /// The time-out of an attempt has passed; `None` where it had been answered.
    pub(super) fn timed_out(&mut self, attempt: Attempt, step: u64) -> Option<Next> {
        let waits_for = &mut self.requests[attempt.request as usize].waits_for;
        if *waits_for != Some(attempt.number) {
            return None;
        }
        *waits_for = None;
        Some(self.failed(attempt.request, self.time_out, step))
    }

    /// The backend refused an attempt.
    pub(super) fn refused(&mut self, attempt: Attempt, step: u64) -> Next {
        self.requests[attempt.request as usize].waits_for = None;
        self.failed(attempt.request, Seen::Failure, step)
    }

    /// An attempt failed: each layer from the innermost on tries again or hands the failure up.
    fn failed(&mut self, request: u32, seen: Seen, step: u64) -> Next {
        let cause = Cause {
            seen,
            after: Duration::ZERO,
            may_retry: true,
        };
        self.ascend(request, self.layers.len(), cause, step)
    }

    /// A new call of a layer, made by any of its instances.
    fn enter(&mut self, request: u32, layer: usize, step: u64) {
        let client = match self.layers[layer].len() {
            1 => 0,
            several => self.rng.random_range(0..several),
        };
        if let Some(budget) = &mut self.layers[layer][client].budget {
            budget.deposit(time(step));
        }
        self.requests[request as usize].at[layer] = Level {
            client,
            tries: 1,
            token: None,
        };
    }

    /// A try of a layer, through all layers below it.
    fn descend(&mut self, request: u32, from: usize, step: u64) -> Next {
        self.requests[request as usize].made += 1;
        for layer in from..self.layers.len() {
            if layer > from {
                self.enter(request, layer, step);
            }
            let level = &mut self.requests[request as usize].at[layer];
            let Some(gate) = &self.layers[layer][level.client].gate else {
                continue;
            };
            match gate.ask(time(step)) {
                Ok(token) => level.token = Some(token),
                Err(after) => {
                    self.rejected += 1;
                    let cause = Cause {
                        seen: Seen::Refusal,
                        after,
                        may_retry: true,
                    };
                    return self.ascend(request, layer + 1, cause, step);
                }
            }
        }
        let request_state = &mut self.requests[request as usize];
        request_state.sent += 1;
        request_state.waits_for = Some(request_state.sent);
        Next::Send(Attempt {
            request,
            number: request_state.sent,
        })
    }

    /// A failure below `below`.
    fn ascend(&mut self, request: u32, below: usize, mut cause: Cause, step: u64) -> Next {
        for layer in (0..below).rev() {
            self.record(request, layer, cause.seen, step);
            if cause.seen == Seen::Dropped {
                // The layers above are handed the time-out as an error.
                cause.seen = Seen::Failure;
            }
            let level = self.requests[request as usize].at[layer];
            if !cause.may_retry || level.tries >= self.attempts {
                continue;
            }
            let budget = &mut self.layers[layer][level.client].budget;
            if budget
                .as_mut()
                .is_none_or(|budget| budget.withdraw(time(step)))
            {
                self.retries += 1;
                let delay = self.delay(request);
                return Next::Retry(Retry {
                    step: step + steps(cause.after) + delay,
                    number: self.retries,
                    request,
                    layer,
                });
            }
            cause.may_retry = false;
        }
        Next::Lost
    }

    /// Steps until the next try, at least one.
    fn delay(&mut self, request: u32) -> u64 {
        if !self.backs_off {
            return 1;
        }
        let made = self.requests[request as usize].made;
        let most = (FIRST_DELAY_S * f64::from(1_u32 << made.min(16))).min(LONGEST_DELAY_S);
        let delay_s = self.rng.random::<f64>() * most;
        ((delay_s * STEPS_A_SECOND as f64).ceil() as u64).max(1)
    }

    fn record(&mut self, request: u32, layer: usize, seen: Seen, step: u64) {
        let level = &mut self.requests[request as usize].at[layer];
        if let (Some(token), Some(gate)) =
            (level.token.take(), &self.layers[layer][level.client].gate)
        {
            gate.record(token, seen, time(step));
        }
    }
}
