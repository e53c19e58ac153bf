//! What the shared view says, why, and by what numbers.

use std::time::Duration;

use super::evidence::Own;
use super::merge::Merged;
use crate::breaker::CircuitBreaker;
use crate::state::State;

/// What an instance's breaker is to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum FleetAction {
    /// Nothing: its own rules hold.
    Nothing,
    /// Open, for as long as its configuration says.
    Open,
    /// Stay open until then, unless told otherwise before.
    Hold {
        /// In the caller's time.
        #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
        until: Duration,
    },
    /// Probe from then on.
    Probe {
        /// In the caller's time.
        #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
        at: Duration,
    },
    /// Stop probing and open again: another instance probes for all.
    Reopen,
}

impl FleetAction {
    /// The action's name as it stands in logs and labels.
    ///
    /// ```
    /// assert_eq!(circuit_breaker::fleet::FleetAction::Reopen.as_str(), "reopen");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Open => "open",
            Self::Hold { .. } => "hold",
            Self::Probe { .. } => "probe",
            Self::Reopen => "reopen",
        }
    }
}

/// Why.
///
/// ```
/// use circuit_breaker::fleet::FleetReason;
///
/// assert_eq!(FleetReason::OwnCallsGood.as_str(), "own_calls_good");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum FleetReason {
    /// The breaker is in a state that an operator set, or has only just opened.
    NotItsTurn,
    /// Closed: not enough live instances say "bad".
    NoQuorum,
    /// Closed: all instances together have made too few calls.
    TooFewCalls,
    /// Closed: their calls fail less often than the threshold.
    RateBelowThreshold,
    /// Closed: the fleet fails, this instance's own calls do not.
    OwnCallsGood,
    /// The fleet fails, and nothing of its own says otherwise: opens.
    FleetFails,
    /// Open: too few others are; it probes when its own wait is over.
    FewAreOpen,
    /// Open: the fleet waits until someone may probe.
    FleetWaits,
    /// Open: another instance probes for all.
    AnotherProbes,
    /// This instance probes for all.
    ProbesForAll,
    /// It had the right to probe and no calls: another one may.
    NoCallsToProbeWith,
    /// It has probed for too long without a verdict: that counts as failed.
    ProbedTooLong,
    /// Another instance's probes came back well: this one probes at once.
    FleetRecovered,
}

impl FleetReason {
    /// The reason's name as it stands in logs and labels.
    ///
    /// ```
    /// assert_eq!(circuit_breaker::fleet::FleetReason::NoQuorum.as_str(), "no_quorum");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotItsTurn => "not_its_turn",
            Self::NoQuorum => "no_quorum",
            Self::TooFewCalls => "too_few_calls",
            Self::RateBelowThreshold => "rate_below_threshold",
            Self::OwnCallsGood => "own_calls_good",
            Self::FleetFails => "fleet_fails",
            Self::FewAreOpen => "few_are_open",
            Self::FleetWaits => "fleet_waits",
            Self::AnotherProbes => "another_probes",
            Self::ProbesForAll => "probes_for_all",
            Self::NoCallsToProbeWith => "no_calls_to_probe_with",
            Self::ProbedTooLong => "probed_too_long",
            Self::FleetRecovered => "fleet_recovered",
        }
    }
}

/// What the shared view says, why, and the numbers of each stage.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct FleetDecision {
    /// What to do.
    pub action: FleetAction,
    /// Why.
    pub reason: FleetReason,
    /// When it was decided, in the caller's time.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub at: Duration,
    /// The breaker's state then.
    pub state: State,
    /// And its generation ([`Metrics::generation`](crate::Metrics::generation)): the decision is
    /// about no other.
    pub breaker_generation: u32,
    /// What its own calls say.
    pub own: Own,
    /// What all of them say.
    pub merged: Merged,
    /// How many of the live instances are a quorum.
    pub needed: u32,
    /// Failures ÷ calls of all together; `None` without calls.
    pub failure_rate: Option<f64>,
    /// Slow calls ÷ calls of all together; `None` without calls.
    pub slow_rate: Option<f64>,
    /// How often the fleet has recovered.
    pub generation: u64,
    /// How often someone got the right to probe.
    pub round: u64,
    /// Whether this instance has it.
    pub has_lease: bool,
    /// How long nobody gets it.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration::option"))]
    pub fleet_waits: Option<Duration>,
}

impl FleetDecision {
    /// Carries it out. False if there was nothing to do, or the breaker has changed its state since
    /// the decision, even if it has come back to the same one: then it changes nothing. Check and
    /// change are one step: no transition of another thread comes between them. Carrying it out twice
    /// changes nothing more, whatever came in between.
    ///
    /// ```
    /// use circuit_breaker::fleet::{Board, FleetConfig, FleetSettings, FleetView};
    /// use circuit_breaker::{CircuitBreaker, Config, Settings};
    /// use std::time::Duration;
    ///
    /// let breaker = CircuitBreaker::new(&Settings::new(Config::default())?, 1);
    /// let fleet = FleetSettings::new(FleetConfig::default(), breaker.settings())?;
    /// let mut view = FleetView::new(&fleet, "pod-1", 1)?;
    /// let reply = Board::default().exchange(&view.prepare(&breaker, Duration::ZERO), 0);
    /// assert!(!view.decide(&breaker, Duration::ZERO, &reply).apply(&breaker));
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    pub fn apply(&self, breaker: &CircuitBreaker) -> bool {
        let generation = self.breaker_generation;
        match self.action {
            FleetAction::Nothing => false,
            FleetAction::Open => breaker.trip_if(generation, State::Closed, self.at),
            FleetAction::Reopen => breaker.trip_if(generation, State::HalfOpen, self.at),
            FleetAction::Hold { until } => breaker.hold_if(generation, until),
            FleetAction::Probe { at } => breaker.probe_if(generation, at),
        }
    }
}
