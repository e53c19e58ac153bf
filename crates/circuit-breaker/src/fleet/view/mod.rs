//! One instance's side: what it tells.

mod decide;

use std::time::Duration;

use crate::breaker::CircuitBreaker;
use crate::error::ConfigError;
use crate::fleet::config::FleetSettings;
use crate::fleet::evidence::{Own, Vote};
use crate::fleet::ledger::{Act, Request, is_id};
use crate::fleet::report::Report;
use crate::metrics::{Counts, Metrics};
use crate::state::{OpenReason, State};

/// The breaker's generation repeats after 2²¹ transitions.
const GENERATIONS: u32 = (1 << 21) - 1;

/// One instance's side of the shared view: beside its breaker, never on the call path.
///
/// Once a [`FleetConfig::period`](super::FleetConfig::period): [`prepare`](Self::prepare) what to
/// send, exchange it with the store, [`decide`](Self::decide) by what it answers, and
/// [`FleetDecision::apply`](super::FleetDecision::apply) that. Where the store does not answer, do
/// nothing: what was held ends within two periods, and the breaker is on its own.
///
/// ```
/// use circuit_breaker::fleet::{Board, FleetConfig, FleetReason, FleetSettings, FleetView};
/// use circuit_breaker::{CircuitBreaker, Config, Settings};
/// use std::time::Duration;
///
/// let breaker = CircuitBreaker::new(&Settings::new(Config::default())?, 1);
/// let fleet = FleetSettings::new(FleetConfig::default(), breaker.settings())?;
/// let (mut view, mut store) = (FleetView::new(&fleet, "pod-7", 1)?, Board::default());
///
/// let now = Duration::from_secs(1);
/// let reply = store.exchange(&view.prepare(&breaker, now), 1_764_000_000_000);
/// let decision = view.decide(&breaker, now, &reply);
/// decision.apply(&breaker);
/// assert_eq!(decision.reason, FleetReason::NoQuorum);
/// # Ok::<(), circuit_breaker::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct FleetView {
    settings: FleetSettings,
    id: String,
    seed: u64,
    /// The fleet's generation, and when it was seen to begin.
    generation: u64,
    generation_since: Option<Duration>,
    round: u64,
    /// Rounds in a row that failed, as last heard.
    failed: u64,
    opening: Option<Opening>,
    lease: Option<Lease>,
    /// Whether so many are open that they probe one for all, as last heard.
    together: bool,
    /// When the right to probe is given again, as last heard.
    next_probe: Duration,
    top_demand: u64,
    rejected: u64,
    demand: u64,
    /// Periods since anybody asked here.
    unasked: u32,
    /// The last round of ours that failed: another one goes first then.
    failed_round: Option<u64>,
    closed_by_probes: Option<Duration>,
    /// The opening whose wait we have lengthened.
    held: Option<u32>,
}

/// For how many periods an instance that was asked is one with calls to probe with.
const ASKED_LATELY: u32 = 8;

/// What is known of an open or half-open breaker from when it opened.
#[derive(Clone, Copy, Debug)]
struct Opening {
    breaker_generation: u32,
    fleet_generation: u64,
    own: Own,
    /// When its own wait ends.
    due: Duration,
}

/// The right to probe for the fleet.
#[derive(Clone, Copy, Debug)]
struct Lease {
    round: u64,
    /// The generation of the open breaker that got it.
    breaker_generation: u32,
    since: Duration,
    giving_back: bool,
}

impl FleetView {
    /// The view of the instance `id`: a name that no other one has and that it keeps over restarts,
    /// such as a pod's. The `seed` draws the jitter of the fleet's waits.
    ///
    /// # Errors
    /// The name must be 1 to 128 visible ASCII characters.
    ///
    /// ```
    /// use circuit_breaker::fleet::{FleetConfig, FleetSettings, FleetView};
    /// use circuit_breaker::{Config, Settings};
    ///
    /// let settings = Settings::new(Config::default())?;
    /// let fleet = FleetSettings::new(FleetConfig::default(), &settings)?;
    /// let refused = FleetView::new(&fleet, "two words", 1).unwrap_err();
    /// assert_eq!(refused.to_string(), "id is two words, must be 1 to 128 visible ASCII characters");
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    pub fn new(settings: &FleetSettings, id: &str, seed: u64) -> Result<Self, ConfigError> {
        if !is_id(id) {
            return Err(ConfigError::OutOfRange {
                field: "id",
                value: id.chars().take(200).collect(),
                bound: "1 to 128 visible ASCII characters",
            });
        }
        Ok(Self {
            settings: settings.clone(),
            id: id.to_owned(),
            seed,
            generation: 0,
            generation_since: None,
            round: 0,
            failed: 0,
            opening: None,
            lease: None,
            together: false,
            next_probe: Duration::ZERO,
            top_demand: 0,
            rejected: 0,
            demand: 0,
            unasked: u32::MAX,
            failed_round: None,
            closed_by_probes: None,
            held: None,
        })
    }

    /// The instance's name.
    ///
    /// ```
    /// use circuit_breaker::fleet::{FleetConfig, FleetSettings, FleetView};
    /// use circuit_breaker::{Config, Settings};
    ///
    /// let settings = Settings::new(Config::default())?;
    /// let fleet = FleetSettings::new(FleetConfig::default(), &settings)?;
    /// assert_eq!(FleetView::new(&fleet, "pod-7", 1)?.id(), "pod-7");
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The settings.
    ///
    /// ```
    /// use circuit_breaker::fleet::{FleetConfig, FleetSettings, FleetView};
    /// use circuit_breaker::{Config, Settings};
    ///
    /// let settings = Settings::new(Config::default())?;
    /// let fleet = FleetSettings::new(FleetConfig::default(), &settings)?;
    /// let view = FleetView::new(&fleet, "pod-7", 1)?;
    /// assert_eq!(view.settings().config(), fleet.config());
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    #[must_use]
    pub fn settings(&self) -> &FleetSettings {
        &self.settings
    }

    /// What to send at `now`: O(buckets). Reads the breaker and changes nothing of it.
    ///
    /// ```
    /// use circuit_breaker::fleet::{Act, FleetConfig, FleetSettings, FleetView, Vote};
    /// use circuit_breaker::{CircuitBreaker, Config, Outcome, Settings};
    /// use std::time::Duration;
    ///
    /// let breaker = CircuitBreaker::new(&Settings::new(Config::default())?, 1);
    /// let fleet = FleetSettings::new(FleetConfig::default(), breaker.settings())?;
    /// let now = Duration::from_secs(1);
    /// for _ in 0..20 {
    ///     let token = breaker.try_acquire(now)?;
    ///     breaker.record(token, Outcome::Failure, now);
    /// }
    /// let request = FleetView::new(&fleet, "pod-7", 1)?.prepare(&breaker, now);
    /// assert_eq!((request.report.vote, request.act), (Vote::Bad, Act::Nothing));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn prepare(&mut self, breaker: &CircuitBreaker, now: Duration) -> Request {
        let metrics = breaker.metrics(now);
        self.demand = metrics.rejected.saturating_sub(self.rejected);
        self.rejected = metrics.rejected;
        self.unasked = match self.demand {
            0 => self.unasked.saturating_add(1),
            _ => 0,
        };
        self.follow(&metrics, now);
        let own = self.own(breaker, &metrics, now);
        let report = Report {
            state: metrics.state,
            generation: self.opening.map_or(self.generation, |o| o.fleet_generation),
            vote: own.vote,
            calls: own.calls,
            failures: own.failures,
            slow: own.slow,
            demand: self.demand,
        };
        let act = self.act(&metrics, now);
        let failed = u32::try_from(self.failed).unwrap_or(u32::MAX);
        Request {
            id: self.id.clone(),
            report,
            generation: self.generation,
            round: self.round,
            act,
            wait: self
                .settings
                .wait_after(failed.saturating_add(1), self.seed, self.round),
            longest_wait: self.settings.longest_wait(),
            lease: self.settings.config().lease,
            keep: self.settings.keep(),
        }
    }

    /// Notices what the breaker has done since the last time.
    fn follow(&mut self, metrics: &Metrics, now: Duration) {
        match metrics.state {
            State::Open => {
                let seen = self.opening;
                if seen.is_some_and(|o| o.breaker_generation == metrics.generation) {
                    return;
                }
                let mut own = self.of_opening(metrics);
                // Its probes failed, or the fleet stopped them: what it saw before still holds.
                if let Some(before) = seen.filter(|o| o.fleet_generation == self.generation)
                    && before.own.vote == Vote::Bad
                {
                    own = before.own;
                }
                self.opening = Some(Opening {
                    breaker_generation: metrics.generation,
                    fleet_generation: self.generation,
                    own,
                    due: now.saturating_add(metrics.retry_after.unwrap_or_default()),
                });
            }
            State::HalfOpen => {
                self.opening.get_or_insert(Opening {
                    breaker_generation: metrics.generation.wrapping_sub(1) & GENERATIONS,
                    fleet_generation: self.generation,
                    own: Own::default(),
                    due: now,
                });
            }
            State::Closed => {
                if self.opening.take().is_some() {
                    self.closed_by_probes = Some(now.saturating_sub(metrics.for_how_long));
                }
            }
            State::ForcedOpen | State::Disabled | State::MetricsOnly => self.opening = None,
        }
    }

    /// What a breaker that has opened saw.
    fn of_opening(&self, metrics: &Metrics) -> Own {
        let mut own = Own::of_counts(&self.settings, metrics.window);
        match metrics.opened_by {
            Some(OpenReason::Shared) => {}
            // An operator's opening says nothing of the calls.
            Some(OpenReason::Tripped) | None => {
                own = Own::of_counts(&self.settings, Counts::default());
            }
            Some(_) => own.vote = Vote::Bad,
        }
        own
    }

    fn own(&self, breaker: &CircuitBreaker, metrics: &Metrics, now: Duration) -> Own {
        match (metrics.state, self.opening) {
            (State::Open | State::HalfOpen, Some(opening)) => opening.own,
            (State::Closed | State::MetricsOnly, _) => {
                let mut own = Own::read_after(&self.settings, breaker, now, self.generation_since);
                let recent = self.settings.config().recent;
                let probed = self.closed_by_probes;
                // Its own probes came back well just now: that too is evidence of its own.
                if probed.is_some_and(|at| now.saturating_sub(at) <= recent)
                    && own.vote == Vote::Unknown
                    && !own.newest_failing
                {
                    own.vote = Vote::Good;
                }
                own
            }
            _ => Own::of_counts(&self.settings, Counts::default()),
        }
    }

    fn act(&mut self, metrics: &Metrics, now: Duration) -> Act {
        if let Some(lease) = self.lease {
            let round = lease.round;
            let since = metrics.generation.wrapping_sub(lease.breaker_generation) & GENERATIONS;
            return match (metrics.state, since) {
                (State::Open, 0) if lease.giving_back => Act::Release { round },
                (State::Open, 0) | (State::HalfOpen, 1) => Act::Renew { round },
                (State::Closed, 2) => Act::Succeeded { round },
                (State::Open | State::HalfOpen, _) => {
                    self.failed_round = Some(round);
                    Act::Failed { round }
                }
                _ => Act::Release { round },
            };
        }
        let Some(opening) = self.opening else {
            return Act::Nothing;
        };
        if !self.together || opening.fleet_generation != self.generation {
            return Act::Nothing;
        }
        if metrics.state == State::HalfOpen {
            return Act::Ask;
        }
        // Whose probes failed last lets another one go first.
        let mut from = self.next_probe;
        if self.failed_round == Some(self.round) {
            from = from.saturating_add(self.settings.config().period);
        }
        let permits = u64::from(self.settings.breaker().compiled().permits);
        // Where nobody has more, callers that come back once in a while are enough: back-pressure asks
        // once an open wait's base.
        let busy = if self.top_demand <= 1 {
            self.unasked <= ASKED_LATELY
        } else {
            self.demand > 0 && self.demand >= permits.min(self.top_demand)
        };
        if now >= opening.due && now >= from && busy {
            Act::Ask
        } else {
            Act::Nothing
        }
    }
}
