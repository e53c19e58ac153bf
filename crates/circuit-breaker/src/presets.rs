//! Configurations that users of other breakers know.

use std::time::Duration;

use crate::config::{Config, Dialect, HalfOpen, OnDrop, OpenWait, TimeWindow};

/// Presets. The two dialects reproduce their programs exactly, what is missing there included: no
/// probe is reclaimed, and a cancelled call counts as nothing. Set
/// [`HalfOpen::lease`] and [`Config::on_drop`] to have both.
impl Config {
    /// The defaults of resilience4j 2: half of the last 100 calls failing, or all slower than 60 s;
    /// open for 60 s, then 10 probes.
    ///
    /// ```
    /// use circuit_breaker::Config;
    ///
    /// assert_eq!(Config::resilience4j().count_window, Some(100));
    /// ```
    #[must_use]
    pub fn resilience4j() -> Self {
        Self {
            failure_rate: Some(0.5),
            slow_call_duration: Duration::from_secs(60),
            slow_call_rate: Some(1.0),
            min_calls: 100,
            time_window: None,
            count_window: Some(100),
            open_wait: OpenWait::fixed(Duration::from_secs(60)),
            half_open: HalfOpen::default().with_permits(10).with_lease(None),
            on_drop: OnDrop::Ignore,
            dialect: Dialect::Resilience4j,
            ..Self::default()
        }
    }

    /// The defaults of Polly 8: a tenth of at least 100 calls within 30 s failing; open for 5 s, then
    /// one probe.
    ///
    /// ```
    /// use circuit_breaker::Config;
    ///
    /// assert_eq!(Config::polly().half_open.permits, 1);
    /// ```
    #[must_use]
    pub fn polly() -> Self {
        Self {
            failure_rate: Some(0.1),
            min_calls: 100,
            time_window: Some(TimeWindow::new(Duration::from_secs(30), 10)),
            open_wait: OpenWait::fixed(Duration::from_secs(5)),
            half_open: HalfOpen::default().with_permits(1).with_lease(None),
            on_drop: OnDrop::Ignore,
            dialect: Dialect::Polly,
            ..Self::default()
        }
    }

    /// The defaults of Hystrix: half of at least 20 calls within 10 s failing; open for 5 s, then one
    /// probe. Judged at once, not every 500 ms; the probe is reclaimed after 30 s.
    ///
    /// ```
    /// use circuit_breaker::Config;
    ///
    /// assert_eq!(Config::hystrix().min_calls, 20);
    /// ```
    #[must_use]
    pub fn hystrix() -> Self {
        Self {
            open_wait: OpenWait::fixed(Duration::from_secs(5)),
            half_open: HalfOpen::default().with_permits(1),
            ..Self::default()
        }
    }

    /// The breaker of many tutorials: opens after `failures` in a row, for `wait`, then one probe.
    /// Without what is usually wrong with it: other callers wait for the probe's answer, a late
    /// success closes nothing, a hung probe is reclaimed.
    ///
    /// ```
    /// use circuit_breaker::{CircuitBreaker, Config, Outcome, Settings, State};
    /// use std::time::Duration;
    ///
    /// let config = Config::consecutive(5, Duration::from_secs(60));
    /// let breaker = CircuitBreaker::new(&Settings::new(config)?, 1);
    /// for _ in 0..5 {
    ///     let token = breaker.try_acquire(Duration::ZERO)?;
    ///     breaker.record(token, Outcome::Failure, Duration::ZERO);
    /// }
    /// assert_eq!(breaker.state(), State::Open);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn consecutive(failures: u32, wait: Duration) -> Self {
        Self {
            failure_rate: None,
            consecutive_failures: Some(failures),
            open_wait: OpenWait::fixed(wait),
            half_open: HalfOpen::default().with_permits(1),
            ..Self::default()
        }
    }
}
