//! Events and counters of the breakers of one name.

use std::fmt;
use std::sync::Arc;

#[cfg(feature = "metrics")]
use circuit_breaker::State;
use circuit_breaker::{Listener, Outcome, Recorded, Rejected, Transition};

/// Emits what happens to the breakers of one name; with the features `tracing` and `metrics`.
///
/// Give it to a layer with [`with_telemetry`](crate::CircuitBreakerLayer::with_telemetry). Breakers
/// that you make yourself tell their transitions to it as their settings' listener.
///
/// Events (`tracing`), target `circuit_breaker`: a transition at `WARN` where a breaker opens, else
/// at `INFO`, with `breaker`, `seed`, `from`, `to`, `generation`, `reason`, `open_wait_ms`; a refusal
/// at `DEBUG`, with `breaker`, `reason`, `retry_after_ms`.
///
/// Counters and gauges (`metrics`), each with the label `breaker`. They are registered with the
/// recorder that is installed when the first call or transition comes, not before:
///
/// | name | labels | |
/// |---|---|---|
/// | `circuit_breaker_calls_total` | `outcome`: `success`, `slow`, `failure`, `ignored`, `cancelled`, `stale` | calls that were let out, by what came of them |
/// | `circuit_breaker_rejected_total` | `reason`: `open`, `half_open_full`, `forced_open`, `ramp_up` | calls that were refused |
/// | `circuit_breaker_transitions_total` | `to`: `closed`, `open`, … | changes of state |
/// | `circuit_breaker_state` | `state`: all but `closed` | gauge: breakers of this name that are in this state now |
///
/// `slow` are calls that the classifier calls slow, and, where
/// [`Config::slow_call_rate`](circuit_breaker::Config::slow_call_rate) is set, successes that took
/// longer than `slow_call_duration`.
///
/// A breaker that is dropped while it is not closed stays in the gauge.
///
/// ```
/// use circuit_breaker_tower::{CircuitBreakerLayer, Config, Telemetry};
///
/// let layer = CircuitBreakerLayer::new(Config::default())?.with_telemetry(Telemetry::new("orders"));
/// # Ok::<(), circuit_breaker_tower::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Telemetry(Arc<Named>);

struct Named {
    name: Arc<str>,
    #[cfg(feature = "metrics")]
    meters: std::sync::OnceLock<meters::Meters>,
}

impl Telemetry {
    /// Everything is emitted under `name`.
    ///
    /// ```
    /// assert_eq!(circuit_breaker_tower::Telemetry::new("orders").name(), "orders");
    /// ```
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(Arc::new(Named {
            name: name.into(),
            #[cfg(feature = "metrics")]
            meters: std::sync::OnceLock::new(),
        }))
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    #[cfg(feature = "metrics")]
    #[inline]
    fn meters(&self) -> &meters::Meters {
        let Named { name, meters } = &*self.0;
        meters.get_or_init(|| meters::Meters::new(name))
    }

    #[cfg_attr(
        not(feature = "metrics"),
        allow(clippy::unused_self, reason = "what it counts is a feature")
    )]
    #[inline]
    pub(crate) fn finished(&self, outcome: Outcome, recorded: Recorded) {
        #[cfg(feature = "metrics")]
        self.meters().finished(outcome, recorded);
        #[cfg(not(feature = "metrics"))]
        let _ = (outcome, recorded);
    }

    #[cfg_attr(
        not(feature = "metrics"),
        allow(clippy::unused_self, reason = "what it counts is a feature")
    )]
    #[inline]
    pub(crate) fn cancelled(&self) {
        #[cfg(feature = "metrics")]
        self.meters().cancelled.increment(1);
    }

    pub(crate) fn rejected(&self, rejected: &Rejected) {
        #[cfg(feature = "metrics")]
        self.meters().rejected(rejected.reason);
        #[cfg(feature = "tracing")]
        tracing::debug!(
            target: "circuit_breaker",
            breaker = self.name(),
            reason = %rejected.reason,
            retry_after_ms = rejected.retry_after.map(millis),
            "call refused"
        );
        #[cfg(not(any(feature = "metrics", feature = "tracing")))]
        let _ = rejected;
    }
}

#[cfg(feature = "tracing")]
fn millis(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

impl Listener for Telemetry {
    fn on_transition(&self, change: &Transition) {
        #[cfg(feature = "metrics")]
        self.meters().changed(change);
        #[cfg(feature = "tracing")]
        {
            macro_rules! emit {
                ($level:ident, $message:literal) => {
                    tracing::event!(
                        target: "circuit_breaker",
                        tracing::Level::$level,
                        breaker = self.name(),
                        seed = change.breaker,
                        from = change.from.as_str(),
                        to = change.to.as_str(),
                        generation = change.generation,
                        reason = change.reason.map(|reason| reason.as_str()),
                        open_wait_ms = change.open_wait.map(millis),
                        $message
                    )
                };
            }
            if change.reason.is_some() {
                emit!(WARN, "circuit breaker opened");
            } else {
                emit!(INFO, "circuit breaker changed");
            }
        }
    }
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Telemetry").field(&self.name()).finish()
    }
}

#[cfg(feature = "metrics")]
mod meters {
    use std::sync::Arc;

    use circuit_breaker::{Outcome, Recorded, RejectReason, Transition};
    use metrics::{Counter, Gauge, counter, gauge};

    use super::State;

    const STATES: [State; 6] = [
        State::Closed,
        State::Open,
        State::HalfOpen,
        State::ForcedOpen,
        State::Disabled,
        State::MetricsOnly,
    ];

    pub(super) struct Meters {
        success: Counter,
        slow: Counter,
        failure: Counter,
        ignored: Counter,
        pub(super) cancelled: Counter,
        stale: Counter,
        rejected: [Counter; 5],
        states: [(State, Counter, Option<Gauge>); 6],
    }

    impl Meters {
        pub(super) fn new(name: &Arc<str>) -> Self {
            let calls = |outcome: &'static str| counter!("circuit_breaker_calls_total", "breaker" => Arc::clone(name), "outcome" => outcome);
            let rejected = |reason: &'static str| counter!("circuit_breaker_rejected_total", "breaker" => Arc::clone(name), "reason" => reason);
            let state = |state: State| {
                let changes = counter!(
                    "circuit_breaker_transitions_total", "breaker" => Arc::clone(name), "to" => state.as_str()
                );
                let gauge = (state != State::Closed).then(|| {
                    gauge!("circuit_breaker_state", "breaker" => Arc::clone(name), "state" => state.as_str())
                });
                (state, changes, gauge)
            };
            Self {
                success: calls("success"),
                slow: calls("slow"),
                failure: calls("failure"),
                ignored: calls("ignored"),
                cancelled: calls("cancelled"),
                stale: calls("stale"),
                rejected: ["open", "half_open_full", "forced_open", "ramp_up", "other"]
                    .map(rejected),
                states: STATES.map(state),
            }
        }

        #[inline]
        pub(super) fn finished(&self, outcome: Outcome, recorded: Recorded) {
            let counter = match (recorded, outcome) {
                (Recorded::Stale, _) => &self.stale,
                (_, Outcome::Success) => &self.success,
                (_, Outcome::Slow) => &self.slow,
                (_, Outcome::Failure) => &self.failure,
                (_, Outcome::Ignored) => &self.ignored,
            };
            counter.increment(1);
        }

        pub(super) fn rejected(&self, reason: RejectReason) {
            let [open, full, forced, ramp_up, other] = &self.rejected;
            let counter = match reason {
                RejectReason::Open => open,
                RejectReason::HalfOpenFull => full,
                RejectReason::ForcedOpen => forced,
                RejectReason::RampUp => ramp_up,
                _ => other,
            };
            counter.increment(1);
        }

        pub(super) fn changed(&self, change: &Transition) {
            for (state, changes, gauge) in &self.states {
                if *state == change.to {
                    changes.increment(1);
                }
                let Some(gauge) = gauge else { continue };
                if *state == change.to {
                    gauge.increment(1.0);
                }
                if *state == change.from {
                    gauge.decrement(1.0);
                }
            }
        }
    }
}
