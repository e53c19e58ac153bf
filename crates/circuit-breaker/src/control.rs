//! What an operator, or the shared view over all instances, does to a breaker.

use std::time::Duration;

use crate::breaker::{CircuitBreaker, OpenFor};
use crate::state::{OpenReason, State};
use crate::time::{micros, micros_up};

impl CircuitBreaker {
    /// The state. An open breaker whose wait is over is open until a call asks.
    ///
    /// ```
    /// use circuit_breaker::{CircuitBreaker, Config, State};
    ///
    /// assert_eq!(CircuitBreaker::with_config(Config::default(), 1)?.state(), State::Closed);
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    #[must_use]
    pub fn state(&self) -> State {
        self.load().state()
    }

    /// When the breaker's answer changes by itself: the end of the open wait, of the longest half-open
    /// time, of the lease where every probe is out. `None` while nothing is due. Nothing needs to be
    /// called then: the next call finds it.
    ///
    /// ```
    /// use circuit_breaker::{CircuitBreaker, Config};
    /// use std::time::Duration;
    ///
    /// let breaker = CircuitBreaker::with_config(Config::default(), 1)?;
    /// breaker.trip(Duration::from_secs(1), Some(Duration::from_secs(4)));
    /// assert_eq!(breaker.next_wakeup(), Some(Duration::from_secs(5)));
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    #[must_use]
    pub fn next_wakeup(&self) -> Option<Duration> {
        let settings = self.compiled();
        let word = self.load();
        let generation = word.generation();
        let micros = match word.state() {
            State::Open => self.until.get(generation).map(|end| self.first_after(end)),
            State::HalfOpen => {
                let over = settings
                    .max_wait
                    .and_then(|wait| Some(self.since.get(generation)?.saturating_add(wait)));
                let lease = settings
                    .lease
                    .filter(|_| word.issued() >= settings.permits)
                    .and_then(|lease| {
                        let newest = self.until.get(generation)?.saturating_add(lease);
                        let whole = self.since.get(generation)?.saturating_add(2 * lease);
                        Some(newest.min(whole))
                    });
                over.into_iter().chain(lease).min()
            }
            State::Closed if word.is_ramping() => settings
                .ramp_up
                .and_then(|length| Some(self.since.get(generation)?.saturating_add(length))),
            _ => None,
        };
        micros.map(Duration::from_micros)
    }

    /// Opens now, for `wait` or as long as the configuration says, whatever the windows hold. An open
    /// breaker stays open for `wait` from now, or at least as long as the configuration says. Has no
    /// effect on a forced-open, disabled or metrics-only one: false.
    ///
    /// ```
    /// use circuit_breaker::{CircuitBreaker, Config, State};
    /// use std::time::Duration;
    ///
    /// let breaker = CircuitBreaker::with_config(Config::default(), 1)?;
    /// assert!(breaker.trip(Duration::ZERO, None));
    /// assert_eq!(breaker.state(), State::Open);
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    pub fn trip(&self, now: Duration, wait: Option<Duration>) -> bool {
        let mut word = self.load();
        loop {
            let to = match word.state() {
                State::Open => {
                    let span = wait.unwrap_or_else(|| self.wait_of(word));
                    let end = micros_up(now.saturating_add(span));
                    let later = |there: u64| if wait.is_some() { end } else { there.max(end) };
                    let live = || self.is_live(word.era());
                    self.until.update(word.generation(), end, later, live);
                    return true;
                }
                State::Closed | State::HalfOpen => word.opened(OpenReason::Tripped),
                State::ForcedOpen | State::Disabled | State::MetricsOnly => return false,
            };
            match self.swap(word, to) {
                Ok(()) => {
                    let wait =
                        wait.map_or_else(|| OpenFor::Computed(self.wait_of(to)), OpenFor::Given);
                    self.entered(word, to, now, Some(wait));
                    return true;
                }
                Err(changed) => word = changed,
            }
        }
    }

    /// Refuses everything until [`reset`](Self::reset) or another state is set.
    ///
    /// ```
    /// use circuit_breaker::{CircuitBreaker, Config};
    /// use std::time::Duration;
    ///
    /// let breaker = CircuitBreaker::with_config(Config::default(), 1)?;
    /// breaker.force_open(Duration::ZERO);
    /// assert_eq!(breaker.try_acquire(Duration::from_secs(3600)).unwrap_err().retry_after, None);
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    pub fn force_open(&self, now: Duration) {
        self.set_state(State::ForcedOpen, now);
    }

    /// Admits everything and counts nothing until [`reset`](Self::reset) or another state is set.
    ///
    /// ```
    /// use circuit_breaker::{CircuitBreaker, Config, Outcome, Recorded};
    /// use std::time::Duration;
    ///
    /// let breaker = CircuitBreaker::with_config(Config::default(), 1)?;
    /// breaker.disable(Duration::ZERO);
    /// let token = breaker.try_acquire(Duration::ZERO)?;
    /// assert_eq!(breaker.record(token, Outcome::Failure, Duration::ZERO), Recorded::Ignored);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn disable(&self, now: Duration) {
        self.set_state(State::Disabled, now);
    }

    /// Admits everything and counts, without ever opening, until [`reset`](Self::reset) or another
    /// state is set.
    ///
    /// ```
    /// use circuit_breaker::{CircuitBreaker, Config, Outcome, State};
    /// use std::time::Duration;
    ///
    /// let breaker = CircuitBreaker::with_config(Config::consecutive(1, Duration::from_secs(1)), 1)?;
    /// breaker.metrics_only(Duration::ZERO);
    /// let token = breaker.try_acquire(Duration::ZERO)?;
    /// breaker.record(token, Outcome::Failure, Duration::ZERO);
    /// assert_eq!(breaker.state(), State::MetricsOnly);
    /// assert_eq!(breaker.metrics(Duration::ZERO).window.failures, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn metrics_only(&self, now: Duration) {
        self.set_state(State::MetricsOnly, now);
    }

    /// Closes, with empty windows, from any state. Outcomes of calls that are out are stale then.
    ///
    /// ```
    /// use circuit_breaker::{CircuitBreaker, Config, State};
    /// use std::time::Duration;
    ///
    /// let breaker = CircuitBreaker::with_config(Config::default(), 1)?;
    /// breaker.force_open(Duration::ZERO);
    /// breaker.reset(Duration::from_secs(1));
    /// assert_eq!(breaker.state(), State::Closed);
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    pub fn reset(&self, now: Duration) {
        self.set_state(State::Closed, now);
    }

    fn set_state(&self, state: State, now: Duration) {
        let mut word = self.load();
        loop {
            if word.state() == state && state != State::Closed {
                return;
            }
            let to = word.next(state);
            match self.swap(word, to) {
                Ok(()) => return self.entered(word, to, now, None),
                Err(changed) => word = changed,
            }
        }
    }

    /// An open breaker does not probe before `until`: another instance does. False if it is not open,
    /// or another thread is just opening it.
    ///
    /// ```
    /// use circuit_breaker::{CircuitBreaker, Config};
    /// use std::time::Duration;
    ///
    /// let breaker = CircuitBreaker::with_config(Config::default(), 1)?;
    /// breaker.trip(Duration::ZERO, Some(Duration::from_secs(1)));
    /// assert!(breaker.hold_open(Duration::from_secs(3)));
    /// assert!(breaker.try_acquire(Duration::from_secs(2)).is_err());
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    pub fn hold_open(&self, until: Duration) -> bool {
        self.move_end(|end| end.max(micros(until)))
    }

    /// An open breaker probes from `at` on at the latest. False if it is not open, or another thread is
    /// just opening it.
    ///
    /// ```
    /// use circuit_breaker::{CircuitBreaker, Config};
    /// use std::time::Duration;
    ///
    /// let breaker = CircuitBreaker::with_config(Config::default(), 1)?;
    /// breaker.trip(Duration::ZERO, Some(Duration::from_secs(60)));
    /// assert!(breaker.probe_at(Duration::from_secs(2)));
    /// assert!(breaker.try_acquire(Duration::from_secs(2)).is_ok());
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    pub fn probe_at(&self, at: Duration) -> bool {
        // Where the wait ends strictly after its end, the microsecond before it.
        let end = micros(at).saturating_sub(self.first_after(0));
        self.move_end(|there| there.min(end))
    }

    fn move_end(&self, change: impl Fn(u64) -> u64) -> bool {
        let word = self.load();
        let generation = word.generation();
        // Without a time to move, the thread that opens it is still to say it.
        word.state() == State::Open
            && self.until.get(generation).is_some()
            && self
                .until
                .update(generation, change(0), &change, || false)
                .is_some()
    }
}
