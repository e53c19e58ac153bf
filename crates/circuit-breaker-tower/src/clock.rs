//! The clock that a layer reads unless it is given another one.

use std::time::Duration;

use circuit_breaker::{Clock, Config, OnDrop};

/// Below this, a limit or a wait needs a finer clock than the coarse one.
const FINE: Duration = Duration::from_millis(100);

/// Below this, the buckets of a time window do: ten of the usual ticks.
const FINE_BUCKET: Duration = Duration::from_millis(40);

/// The monotonic clock of the machine.
///
/// On Linux the coarse one by default: `CLOCK_MONOTONIC_COARSE`, which costs about a tenth of
/// [`Instant::now`](std::time::Instant::now) and moves in ticks of 1 to 10 ms (4 ms on most
/// kernels). Windows and waits of seconds don't notice; a measured duration errs by a tick. The
/// precise one is taken where a configuration has a limit on durations, an open wait, a lease or a ramp
/// below 100 ms, or buckets of a time window below 40 ms. Elsewhere both are `Instant`.
///
/// ```
/// use circuit_breaker_tower::{Clock, SystemClock};
///
/// let clock = SystemClock::precise();
/// let earlier = clock.now();
/// assert!(clock.now() >= earlier);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SystemClock {
    precise: bool,
}

impl SystemClock {
    /// The cheap one.
    ///
    /// ```
    /// use circuit_breaker_tower::SystemClock;
    ///
    /// assert_eq!(SystemClock::coarse(), SystemClock::default());
    /// ```
    #[must_use]
    pub const fn coarse() -> Self {
        Self { precise: false }
    }

    /// To the nanosecond.
    ///
    /// ```
    /// use circuit_breaker_tower::SystemClock;
    ///
    /// assert_ne!(SystemClock::precise(), SystemClock::coarse());
    /// ```
    #[must_use]
    pub const fn precise() -> Self {
        Self { precise: true }
    }

    /// The cheapest clock that the configuration's durations bear.
    ///
    /// ```
    /// use circuit_breaker_tower::{Config, LatencyLimit, SystemClock};
    /// use std::time::Duration;
    ///
    /// let fast = LatencyLimit::new(0.99, Duration::from_millis(20));
    /// let config = Config::default().with_latency(Some(fast));
    /// assert_eq!(SystemClock::for_config(&config), SystemClock::precise());
    /// assert_eq!(SystemClock::for_config(&Config::default()), SystemClock::coarse());
    /// ```
    #[must_use]
    pub fn for_config(config: &Config) -> Self {
        let slow = config.slow_call_duration;
        let bucket = config.time_window.map(|w| w.length / w.buckets.max(1));
        let limits = [
            config.slow_call_rate.map(|_| slow),
            config.latency.map(|l| l.limit),
            match config.on_drop {
                OnDrop::FailureIfSlow => Some(slow),
                OnDrop::FailureIfOlderThan(age) => Some(age),
                OnDrop::Ignore | OnDrop::Failure => None,
            },
            Some(config.open_wait.base),
            config.half_open.lease,
            config.half_open.max_wait,
            config.ramp_up,
        ];
        Self {
            precise: limits.into_iter().flatten().any(|limit| limit < FINE)
                || bucket.is_some_and(|width| width < FINE_BUCKET),
        }
    }
}

#[cfg(target_os = "linux")]
impl Clock for SystemClock {
    #[inline]
    fn now(&self) -> Duration {
        use nix::time::{ClockId, clock_gettime};
        // Through libc, which valgrind and sanitizers know how to follow.
        let time = clock_gettime(if self.precise {
            ClockId::CLOCK_MONOTONIC
        } else {
            ClockId::CLOCK_MONOTONIC_COARSE
        });
        // Both clocks are there on every Linux since 2.6.32; neither part is ever negative.
        let Ok(time) = time else {
            return Duration::ZERO;
        };
        Duration::new(
            u64::try_from(time.tv_sec()).unwrap_or(0),
            u32::try_from(time.tv_nsec()).unwrap_or(0),
        )
    }
}

#[cfg(not(target_os = "linux"))]
impl Clock for SystemClock {
    fn now(&self) -> Duration {
        use std::sync::OnceLock;
        use std::time::Instant;
        static ORIGIN: OnceLock<Instant> = OnceLock::new();
        ORIGIN.get_or_init(Instant::now).elapsed()
    }
}
