//! One instance's side: what it makes of what the others tell.

use std::time::Duration;

use super::{ASKED_LATELY, FleetView, GENERATIONS, Lease};
use crate::breaker::CircuitBreaker;
use crate::fleet::decision::{FleetAction, FleetDecision, FleetReason};
use crate::fleet::evidence::Vote;
use crate::fleet::merge::{Merged, Reply};
use crate::metrics::Metrics;
use crate::state::State;

impl FleetView {
    /// What to do at `now`, by what the store answered to what was prepared. Changes nothing of the
    /// breaker: [`FleetDecision::apply`] does. O(reports).
    ///
    /// ```
    /// use circuit_breaker::fleet::{Board, FleetAction, FleetConfig, FleetSettings, FleetView};
    /// use circuit_breaker::{CircuitBreaker, Config, Settings, State};
    /// use std::time::Duration;
    ///
    /// let breaker = CircuitBreaker::new(&Settings::new(Config::default())?, 1);
    /// let fleet = FleetSettings::new(FleetConfig::default(), breaker.settings())?;
    /// let (mut view, mut store) = (FleetView::new(&fleet, "pod-3", 1)?, Board::default());
    /// store.write("pod-1", "9900 1 open 0 bad 40 30 0 12");
    /// store.write("pod-2", "9800 1 open 0 bad 30 25 0 9");
    ///
    /// let now = Duration::from_secs(5);
    /// let reply = store.exchange(&view.prepare(&breaker, now), 10_000);
    /// let decision = view.decide(&breaker, now, &reply);
    /// assert_eq!(decision.action, FleetAction::Open);
    /// decision.apply(&breaker);
    /// assert_eq!(breaker.state(), State::Open);
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    pub fn decide(
        &mut self,
        breaker: &CircuitBreaker,
        now: Duration,
        reply: &Reply,
    ) -> FleetDecision {
        let metrics = breaker.metrics(now);
        self.hear(&metrics, now, reply);
        self.follow(&metrics, now);
        let merged = Merged::new(&self.settings, reply);
        let needed = self.settings.needed(merged.live);
        self.together = merged.open >= needed;
        self.top_demand = merged.top_demand;
        let own = self.own(breaker, &metrics, now);
        let rate = |part: u64| (merged.calls > 0).then(|| part as f64 / merged.calls as f64);
        let mut decision = FleetDecision {
            action: FleetAction::Nothing,
            reason: FleetReason::NotItsTurn,
            at: now,
            state: metrics.state,
            breaker_generation: metrics.generation,
            own,
            merged,
            needed,
            failure_rate: rate(merged.failures),
            slow_rate: rate(merged.slow),
            generation: reply.ledger.generation,
            round: reply.ledger.round,
            has_lease: self.lease.is_some(),
            fleet_waits: self
                .next_probe
                .checked_sub(now)
                .filter(|left| !left.is_zero()),
        };
        let (action, reason) = match metrics.state {
            State::Closed => self.decide_closed(&decision),
            State::Open => self.decide_open(&metrics, now, &reply.ledger.holder),
            State::HalfOpen => self.decide_half_open(now),
            State::ForcedOpen | State::Disabled | State::MetricsOnly => {
                (FleetAction::Nothing, FleetReason::NotItsTurn)
            }
        };
        decision.action = action;
        decision.reason = reason;
        decision
    }

    /// Takes over what the fleet agrees on.
    fn hear(&mut self, metrics: &Metrics, now: Duration, reply: &Reply) {
        let ledger = &reply.ledger;
        if !reply.ledger_is_sound {
            self.lease = None;
            return;
        }
        if ledger.generation != self.generation {
            self.generation = ledger.generation;
            self.generation_since = Some(now);
        }
        self.round = ledger.round;
        self.failed = ledger.failed;
        let left = ledger.next_probe.saturating_sub(reply.now);
        self.next_probe = now.saturating_add(Duration::from_millis(left));
        if ledger.holder != self.id {
            self.lease = None;
        } else if self.lease.is_none_or(|lease| lease.round != ledger.round) {
            let open = metrics.state == State::Open;
            let half_open = metrics.state == State::HalfOpen;
            let before = metrics.generation.wrapping_sub(u32::from(!open)) & GENERATIONS;
            self.lease = Some(Lease {
                round: ledger.round,
                breaker_generation: before,
                since: now,
                giving_back: !open && !half_open,
            });
        }
    }

    fn decide_closed(&self, seen: &FleetDecision) -> (FleetAction, FleetReason) {
        let merged = &seen.merged;
        let high = |rate: Option<f64>, limit: f64| rate.is_some_and(|rate| rate >= limit);
        let slow = self.settings.slow_rate();
        // Their rules may have looked at what the rates don't show, and may count no calls at all.
        let opened = merged.open_bad >= seen.needed;
        let reason = if merged.bad < seen.needed {
            FleetReason::NoQuorum
        } else if !opened && merged.calls < u64::from(self.settings.config().min_calls) {
            FleetReason::TooFewCalls
        } else if !opened
            && !high(seen.failure_rate, self.settings.failure_rate())
            && !slow.is_some_and(|limit| high(seen.slow_rate, limit))
        {
            FleetReason::RateBelowThreshold
        } else if seen.own.vote == Vote::Good {
            FleetReason::OwnCallsGood
        } else {
            return (FleetAction::Open, FleetReason::FleetFails);
        };
        (FleetAction::Nothing, reason)
    }

    fn decide_open(
        &mut self,
        metrics: &Metrics,
        now: Duration,
        holder: &str,
    ) -> (FleetAction, FleetReason) {
        let period = self.settings.config().period;
        let Some(opening) = self.opening else {
            return (FleetAction::Nothing, FleetReason::NotItsTurn);
        };
        if opening.fleet_generation != self.generation {
            return (FleetAction::Probe { at: now }, FleetReason::FleetRecovered);
        }
        if !self.together {
            // What was held for the fleet ends as the breaker itself would have had it.
            let held = self.held.take() == Some(metrics.generation);
            let at = opening.due.max(now);
            let action = if held {
                FleetAction::Probe { at }
            } else {
                FleetAction::Nothing
            };
            return (action, FleetReason::FewAreOpen);
        }
        // Long enough for a call to come, where nobody has more than one in a while.
        let grace = period.saturating_mul(if self.top_demand <= 1 {
            ASKED_LATELY
        } else {
            2
        });
        let reason = match &mut self.lease {
            Some(lease) if now.saturating_sub(lease.since) < grace && !lease.giving_back => {
                return (FleetAction::Probe { at: now }, FleetReason::ProbesForAll);
            }
            Some(lease) => {
                lease.giving_back = true;
                FleetReason::NoCallsToProbeWith
            }
            None if holder.is_empty() => FleetReason::FleetWaits,
            None => FleetReason::AnotherProbes,
        };
        self.held = Some(metrics.generation);
        let until = now.saturating_add(period.saturating_mul(2));
        (FleetAction::Hold { until }, reason)
    }

    fn decide_half_open(&self, now: Duration) -> (FleetAction, FleetReason) {
        let recovering = self
            .opening
            .is_none_or(|o| o.fleet_generation != self.generation);
        if recovering {
            return (FleetAction::Nothing, FleetReason::FleetRecovered);
        }
        if !self.together {
            return (FleetAction::Nothing, FleetReason::FewAreOpen);
        }
        match self.lease {
            None => (FleetAction::Reopen, FleetReason::AnotherProbes),
            Some(lease)
                if now.saturating_sub(lease.since) >= self.settings.config().max_probing =>
            {
                (FleetAction::Reopen, FleetReason::ProbedTooLong)
            }
            Some(_) => (FleetAction::Nothing, FleetReason::ProbesForAll),
        }
    }
}
