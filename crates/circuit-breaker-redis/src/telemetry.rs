//! What an instance's ticks emit; nothing without the features `tracing` and `metrics`.

use crate::error::Error;
use crate::shared::Tick;

/// Of one instance's part in a fleet.
#[derive(Debug)]
pub(crate) struct Telemetry {
    #[cfg(any(feature = "tracing", feature = "metrics"))]
    breaker: String,
    #[cfg(feature = "tracing")]
    id: String,
    /// The last tick failed, and whether the next one may do better by itself.
    #[cfg(feature = "tracing")]
    alone: Option<bool>,
    #[cfg(feature = "metrics")]
    meters: Option<meters::Meters>,
}

#[cfg_attr(
    not(any(feature = "tracing", feature = "metrics")),
    allow(clippy::unused_self, clippy::needless_pass_by_ref_mut)
)]
impl Telemetry {
    pub(crate) fn new(breaker: &str, id: &str) -> Self {
        #[cfg(not(feature = "tracing"))]
        let _ = id;
        #[cfg(not(any(feature = "tracing", feature = "metrics")))]
        let _ = breaker;
        Self {
            #[cfg(any(feature = "tracing", feature = "metrics"))]
            breaker: breaker.to_owned(),
            #[cfg(feature = "tracing")]
            id: id.to_owned(),
            #[cfg(feature = "tracing")]
            alone: None,
            #[cfg(feature = "metrics")]
            meters: None,
        }
    }

    /// The span of a tick: nothing is allocated or formatted where nobody listens.
    #[cfg(feature = "tracing")]
    pub(crate) fn span(&self) -> tracing::Span {
        tracing::debug_span!(
            target: "circuit_breaker_redis",
            "tick",
            breaker = self.breaker,
            id = self.id
        )
    }

    /// What a tick came to.
    pub(crate) fn ticked(&mut self, tick: &Result<Tick, Error>) {
        #[cfg(feature = "metrics")]
        self.meters
            .get_or_insert_with(|| meters::Meters::new(&self.breaker))
            .ticked(tick);
        #[cfg(feature = "tracing")]
        match tick {
            Ok(tick) => self.decided(tick),
            Err(error) => self.failed(error),
        }
        #[cfg(not(any(feature = "tracing", feature = "metrics")))]
        let _ = tick;
    }

    /// Loud once: an outage of Redis has as many failed ticks as periods, in every instance.
    #[cfg(feature = "tracing")]
    fn failed(&mut self, error: &Error) {
        macro_rules! emit {
            ($level:ident, $message:literal) => {
                tracing::event!(
                    target: "circuit_breaker_redis",
                    tracing::Level::$level,
                    breaker = self.breaker,
                    id = self.id,
                    retryable = error.is_retryable(),
                    %error,
                    $message
                )
            };
        }
        if self.alone.replace(error.is_retryable()) == Some(error.is_retryable()) {
            emit!(DEBUG, "the breaker is still on its own");
        } else {
            emit!(WARN, "the breaker is on its own");
        }
    }

    #[cfg(feature = "tracing")]
    fn decided(&mut self, tick: &Tick) {
        use circuit_breaker::fleet::FleetAction;
        let decision = &tick.decision;
        if self.alone.take().is_some() {
            tracing::info!(
                target: "circuit_breaker_redis",
                breaker = self.breaker,
                id = self.id,
                live = decision.merged.live,
                "the breaker hears of the others again"
            );
        }
        let opens = matches!(decision.action, FleetAction::Open | FleetAction::Reopen);
        if opens && tick.applied {
            tracing::info!(
                target: "circuit_breaker_redis",
                breaker = self.breaker,
                id = self.id,
                reason = decision.reason.as_str(),
                bad = decision.merged.bad,
                needed = decision.needed,
                live = decision.merged.live,
                failure_rate = decision.failure_rate,
                "opened by the fleet"
            );
        } else {
            tracing::debug!(
                target: "circuit_breaker_redis",
                breaker = self.breaker,
                id = self.id,
                action = decision.action.as_str(),
                reason = decision.reason.as_str(),
                applied = tick.applied,
                "tick"
            );
        }
    }
}

#[cfg(feature = "metrics")]
mod meters {
    use metrics::{Counter, Gauge, counter, gauge};

    use super::{Error, Tick};

    const ACTIONS: [&str; 5] = ["nothing", "open", "hold", "probe", "reopen"];

    /// Handles, so that a tick looks nothing up.
    pub(super) struct Meters {
        ticks: Counter,
        retryable: Counter,
        lasting: Counter,
        decisions: [(&'static str, Counter); 5],
        live: Gauge,
    }

    impl std::fmt::Debug for Meters {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_struct("Meters").finish_non_exhaustive()
        }
    }

    impl Meters {
        pub(super) fn new(breaker: &str) -> Self {
            let breaker = || breaker.to_owned();
            let failures = |retryable: &'static str| counter!("circuit_breaker_fleet_failures_total", "breaker" => breaker(), "retryable" => retryable);
            let decisions = |action: &'static str| {
                let counter = counter!(
                    "circuit_breaker_fleet_decisions_total", "breaker" => breaker(), "action" => action
                );
                (action, counter)
            };
            Self {
                ticks: counter!("circuit_breaker_fleet_ticks_total", "breaker" => breaker()),
                retryable: failures("true"),
                lasting: failures("false"),
                decisions: ACTIONS.map(decisions),
                live: gauge!("circuit_breaker_fleet_live_reporters", "breaker" => breaker()),
            }
        }

        pub(super) fn ticked(&self, tick: &Result<Tick, Error>) {
            self.ticks.increment(1);
            match tick {
                Ok(Tick { decision, .. }) => {
                    self.live.set(f64::from(decision.merged.live));
                    let action = decision.action.as_str();
                    for (_, counter) in self.decisions.iter().filter(|(of, _)| *of == action) {
                        counter.increment(1);
                    }
                }
                Err(error) => {
                    self.live.set(0.0);
                    let counter = if error.is_retryable() {
                        &self.retryable
                    } else {
                        &self.lasting
                    };
                    counter.increment(1);
                }
            }
        }
    }
}
