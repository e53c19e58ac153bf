//! Plain data: when to open, how long, how to come back.

use std::time::Duration;

use crate::setters::setters;

/// When a breaker opens, how long it stays open, and how it comes back.
///
/// Any of the trip policies opens it: [`failure_rate`](Self::failure_rate),
/// [`slow_call_rate`](Self::slow_call_rate), [`consecutive_failures`](Self::consecutive_failures),
/// [`latency`](Self::latency). The rates are judged over each window that is set.
///
/// ```
/// use circuit_breaker::{CircuitBreaker, Config, Settings};
/// use std::time::Duration;
///
/// let config = Config::default()
///     .with_failure_rate(Some(0.3))
///     .with_slow_call_duration(Duration::from_millis(800))
///     .with_slow_call_rate(Some(0.8));
/// let breaker = CircuitBreaker::new(&Settings::new(config)?, 1);
/// # Ok::<(), circuit_breaker::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct Config {
    /// Opens when failures ÷ calls of a window reach this share. Default 0.5; from 0.000001 to 1,
    /// to a millionth; `None`: never by this rule.
    pub failure_rate: Option<f64>,
    /// A call that takes longer is slow. Default 1 s; above 0, at most [`HalfOpen::lease`]. Also the age
    /// from which a cancelled call counts as a failure, see [`OnDrop::FailureIfSlow`].
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub slow_call_duration: Duration,
    /// Opens when slow calls ÷ calls of a window reach this share. Default `None`: slow calls are not
    /// counted. From 0.000001 to 1.
    pub slow_call_rate: Option<f64>,
    /// Opens after this many failures in a row, whatever the rates. Default `None`; 1 to 65 535.
    pub consecutive_failures: Option<u32>,
    /// Opens when a quantile of the call durations lies beyond a limit. Default `None`.
    pub latency: Option<LatencyLimit>,
    /// Rates and the latency quantile are judged from this many calls in the window on. Default 20;
    /// 1 to 100 000, at most the size of the count window where that is set (in resilience4j's dialect
    /// more than that counts as that).
    pub min_calls: u32,
    /// Calls of the last seconds. Default 10 s in 10 buckets; `None`: no time window.
    pub time_window: Option<TimeWindow>,
    /// The last so many calls, exactly. Default `None`; 1 to 32 767.
    pub count_window: Option<u32>,
    /// How long the breaker stays open.
    pub open_wait: OpenWait,
    /// How it tries whether the dependency is back.
    pub half_open: HalfOpen,
    /// After closing, the admitted share of calls rises from a tenth to all within this time.
    /// Default `None`: all at once. Above 0 where set.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration::option"))]
    pub ramp_up: Option<Duration>,
    /// What a call counts as whose permit is dropped or cancelled. Default [`OnDrop::FailureIfSlow`].
    pub on_drop: OnDrop,
    /// Whose fine print holds where implementations differ. Default [`Dialect::Plimsoll`].
    pub dialect: Dialect,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            failure_rate: Some(0.5),
            slow_call_duration: Duration::from_secs(1),
            slow_call_rate: None,
            consecutive_failures: None,
            latency: None,
            min_calls: 20,
            time_window: Some(TimeWindow::default()),
            count_window: None,
            open_wait: OpenWait::default(),
            half_open: HalfOpen::default(),
            ramp_up: None,
            on_drop: OnDrop::FailureIfSlow,
            dialect: Dialect::Plimsoll,
        }
    }
}

impl Config {
    setters! { "Config::default()";
        with_failure_rate: failure_rate, Option<f64>, "Some(0.3)";
        with_slow_call_duration: slow_call_duration, Duration, "Duration::from_millis(800)";
        with_slow_call_rate: slow_call_rate, Option<f64>, "Some(0.8)";
        with_consecutive_failures: consecutive_failures, Option<u32>, "Some(5)";
        with_latency: latency, Option<LatencyLimit>, "Some(LatencyLimit::new(0.99, Duration::from_secs(2)))";
        with_min_calls: min_calls, u32, "50";
        with_time_window: time_window, Option<TimeWindow>, "Some(TimeWindow::new(Duration::from_secs(30), 15))";
        with_count_window: count_window, Option<u32>, "Some(100)";
        with_open_wait: open_wait, OpenWait, "OpenWait::fixed(Duration::from_secs(5))";
        with_half_open: half_open, HalfOpen, "HalfOpen::default().with_permits(3)";
        with_ramp_up: ramp_up, Option<Duration>, "Some(Duration::from_secs(10))";
        with_on_drop: on_drop, OnDrop, "OnDrop::Failure";
        with_dialect: dialect, Dialect, "Dialect::Resilience4j";
    }
}

/// A quantile of the call durations, and how long it may be.
///
/// A quantile q lies beyond a limit exactly if more than 1 − q of the calls took longer than the
/// limit; that share is what is counted, so that no histogram rounds the answer. It is judged over
/// the time window.
///
/// ```
/// use circuit_breaker::{CircuitBreaker, Config, LatencyLimit, Outcome, Settings, State};
/// use std::time::Duration;
///
/// let limit = LatencyLimit::new(0.9, Duration::from_millis(300));
/// let breaker = CircuitBreaker::new(&Settings::new(Config::default().with_latency(Some(limit)))?, 1);
/// for call in 0..20 {
///     let took = Duration::from_millis(if call < 17 { 20 } else { 400 });
///     let token = breaker.try_acquire(Duration::ZERO)?;
///     breaker.record_timed(token, Outcome::Success, took, Duration::ZERO);
/// }
/// // 3 of 20 are slower than the limit: so is the 90th percentile.
/// assert_eq!(breaker.state(), State::Open);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct LatencyLimit {
    /// The quantile, for example 0.99. Above 0 and below 1.
    pub quantile: f64,
    /// The longest that it may be. Above 0.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub limit: Duration,
}

impl LatencyLimit {
    /// The `quantile` of the durations may be `limit` at most.
    ///
    /// ```
    /// use circuit_breaker::LatencyLimit;
    /// use std::time::Duration;
    ///
    /// assert_eq!(LatencyLimit::new(0.99, Duration::from_secs(2)).quantile, 0.99);
    /// ```
    #[must_use]
    pub const fn new(quantile: f64, limit: Duration) -> Self {
        Self { quantile, limit }
    }
}

/// The calls of the last seconds, counted in buckets: outcomes older than the length are forgotten a
/// bucket at a time, so that the window errs by at most one bucket.
///
/// ```
/// use circuit_breaker::TimeWindow;
/// use std::time::Duration;
///
/// let minute = TimeWindow::new(Duration::from_secs(60), 12);
/// assert_eq!(minute.length / minute.buckets, Duration::from_secs(5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct TimeWindow {
    /// How far back it reaches. Default 10 s; at least a millisecond a bucket, at most 24 h.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub length: Duration,
    /// In how many buckets. Default 10; 1 to 4096. Up to 16 take no memory of their own.
    pub buckets: u32,
}

impl Default for TimeWindow {
    fn default() -> Self {
        Self::new(Duration::from_secs(10), 10)
    }
}

impl TimeWindow {
    /// The last `length`, in so many `buckets`.
    ///
    /// ```
    /// use circuit_breaker::TimeWindow;
    /// use std::time::Duration;
    ///
    /// assert_eq!(TimeWindow::new(Duration::from_secs(10), 10), TimeWindow::default());
    /// ```
    #[must_use]
    pub const fn new(length: Duration, buckets: u32) -> Self {
        Self { length, buckets }
    }
}

/// How long a breaker stays open: base × multiplierⁿ⁻¹ for the n-th opening in a row (n up to 127), at
/// most the cap, shortened by up to the jitter's share.
///
/// With the default multiplier of 1.1 a wait is about a tenth of the time since the first opening, and
/// at most 5 s: no more than that is added to an outage.
///
/// ```
/// use circuit_breaker::OpenWait;
/// use std::time::Duration;
///
/// let doubling = OpenWait::default().with_base(Duration::from_secs(2)).with_multiplier(2.0);
/// assert_eq!(doubling.cap, Duration::from_secs(5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct OpenWait {
    /// The first wait. Default 1 s; a millisecond to 365 days.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub base: Duration,
    /// The factor from one opening to the next. Default 1.1; 1 to 100.
    pub multiplier: f64,
    /// The longest wait. Default 5 s; at least the base, at most 365 days.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub cap: Duration,
    /// The share of a wait that the draw may take away: the wait is w × (1 − jitter × u) with u drawn
    /// evenly from 0 to 1. Default 0.5; from 0 (none) to 1. The draw comes from the breaker's seed.
    pub jitter: f64,
}

impl Default for OpenWait {
    fn default() -> Self {
        Self {
            base: Duration::from_secs(1),
            multiplier: 1.1,
            cap: Duration::from_secs(5),
            jitter: 0.5,
        }
    }
}

impl OpenWait {
    /// The same wait every time, exactly.
    ///
    /// ```
    /// use circuit_breaker::OpenWait;
    /// use std::time::Duration;
    ///
    /// assert_eq!(OpenWait::fixed(Duration::from_secs(5)).jitter, 0.0);
    /// ```
    #[must_use]
    pub const fn fixed(wait: Duration) -> Self {
        Self {
            base: wait,
            multiplier: 1.0,
            cap: wait,
            jitter: 0.0,
        }
    }

    /// Sets [`base`](Self::base), and [`cap`](Self::cap) to the same where it is less.
    ///
    /// ```
    /// use circuit_breaker::OpenWait;
    /// use std::time::Duration;
    ///
    /// let half_a_minute = OpenWait::default().with_base(Duration::from_secs(30));
    /// assert_eq!(half_a_minute.cap, Duration::from_secs(30));
    /// ```
    #[must_use]
    pub fn with_base(mut self, base: Duration) -> Self {
        self.base = base;
        self.cap = self.cap.max(base);
        self
    }

    setters! { "OpenWait::default()";
        with_multiplier: multiplier, f64, "2.0";
        with_cap: cap, Duration, "Duration::from_secs(300)";
        with_jitter: jitter, f64, "0.0";
    }
}

/// How a breaker tries whether the dependency is back.
///
/// ```
/// use circuit_breaker::HalfOpen;
/// use std::time::Duration;
///
/// let patient = HalfOpen::default().with_permits(3).with_lease(Some(Duration::from_secs(90)));
/// assert_eq!(patient.max_wait, None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct HalfOpen {
    /// Probes that a half-open period admits in all. Default 5; 1 to 255. It is judged by the failure
    /// and slow-call rates and the latency limit over them, as soon as those that are still out can't
    /// change the answer. (Where both are set, a probe beyond the latency limit counts as slow.)
    pub permits: u32,
    /// Opens again when failed probes ÷ probes reach this share. Default `None`: the failure rate of
    /// the closed state, 0.5 if that has none. From 0.000001 to 1.
    pub failure_rate: Option<f64>,
    /// When every probe is out and the newest was admitted this long ago, those that have not come
    /// back count as failed, and as slow; also when every probe is out and the half-open period has
    /// lasted for two leases. Default 30 s; at least [`Config::slow_call_duration`]; `None`: a probe
    /// that never returns keeps the breaker half-open for ever.
    ///
    /// **A healthy call must not last longer than this**: its probes would be given up before they
    /// return, and the breaker would not close again.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration::option"))]
    pub lease: Option<Duration>,
    /// Opens again when a half-open period has lasted this long without a verdict, judged at the next
    /// call. Default `None`: as long as it takes. Above 0.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration::option"))]
    pub max_wait: Option<Duration>,
}

impl Default for HalfOpen {
    fn default() -> Self {
        Self {
            permits: 5,
            failure_rate: None,
            lease: Some(Duration::from_secs(30)),
            max_wait: None,
        }
    }
}

impl HalfOpen {
    setters! { "HalfOpen::default()";
        with_permits: permits, u32, "3";
        with_failure_rate: failure_rate, Option<f64>, "Some(0.2)";
        with_lease: lease, Option<Duration>, "Some(Duration::from_secs(60))";
        with_max_wait: max_wait, Option<Duration>, "Some(Duration::from_secs(60))";
    }
}

/// What a call counts as whose caller gave up: its permit was dropped, or its token cancelled.
///
/// A dropped future is how most Rust time-outs end a call. Counted as nothing, a dependency that hangs
/// would never open the breaker. A probe's place is free again whenever the call counts as nothing.
///
/// **The time-out around the breaker must be at least as long as this age.** With the default of 1 s and
/// callers that give up after 900 ms, no cancelled call ever counts: set
/// [`Config::slow_call_duration`] below the shortest time-out, or say [`OnDrop::Failure`].
///
/// ```
/// use circuit_breaker::{CircuitBreaker, Config, Settings};
/// use std::time::Duration;
///
/// let breaker = CircuitBreaker::new(&Settings::new(Config::default())?, 1);
/// let quick = breaker.try_acquire(Duration::ZERO)?;
/// let hung = breaker.try_acquire(Duration::ZERO)?;
/// breaker.cancel(quick, Duration::from_millis(3));
/// breaker.cancel(hung, Duration::from_secs(2));
/// assert_eq!(breaker.metrics(Duration::from_secs(2)).window.failures, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum OnDrop {
    /// Nothing.
    Ignore,
    /// A failure.
    Failure,
    /// A failure if it had lasted for [`Config::slow_call_duration`], nothing before that.
    FailureIfSlow,
    /// A failure if it had lasted this long, nothing before that.
    FailureIfOlderThan(#[cfg_attr(feature = "serde", serde(with = "crate::duration"))] Duration),
}

/// Whose fine print holds where implementations differ.
///
/// | | Plimsoll | Resilience4j | Polly |
/// |---|---|---|---|
/// | judged | on harm, and when `min_calls` is reached | on every outcome | on failures |
/// | half-open | decided once the rest can't change it | after min(`min_calls`, permits) | one probe |
/// | open wait ends | at its end | strictly after it | at its end |
/// | the n-th wait | exact | cut to milliseconds at each step | exact |
/// | buckets begin | at multiples of their width | same | with the first call after the last bucket |
/// | while open | the window that tripped it is kept | same | same, probes are not counted in it |
///
/// ```
/// use circuit_breaker::{Config, Dialect};
///
/// assert_eq!(Config::resilience4j().dialect, Dialect::Resilience4j);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Dialect {
    /// This crate's own rules.
    #[default]
    Plimsoll,
    /// As resilience4j 2 does, its windows with synchronized access.
    Resilience4j,
    /// As Polly 8 does. It knows no slow calls: [`Config::slow_call_rate`] and [`Config::latency`] must
    /// be unset.
    Polly,
}
