//! A configuration that has been accepted, in the form that the call path reads.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::config::{Config, Dialect, HalfOpen, OnDrop, OpenWait, TimeWindow};
use crate::count_window::MAX_COUNT;
use crate::error::ConfigError;
use crate::state::Listener;
use crate::time::{micros_up, nanos};
use crate::time_window::{Epochs, INLINE_LOG2};

const MILLION: u64 = 1_000_000;
const YEAR: Duration = Duration::from_secs(365 * 86_400);
const RATE_BOUND: &str = "from 0.000001 to 1";

/// A configuration that has been accepted. The only door to a [`CircuitBreaker`](crate::CircuitBreaker);
/// cheap to clone, shared by all breakers made of it.
///
/// ```
/// use circuit_breaker::{Config, HalfOpen, Settings};
///
/// let settings = Settings::new(Config::default())?;
/// assert_eq!(settings.config().min_calls, 20);
///
/// let none = Config::default().with_half_open(HalfOpen::default().with_permits(0));
/// assert_eq!(
///     Settings::new(none).unwrap_err().to_string(),
///     "half_open.permits is 0, must be from 1 to 255"
/// );
/// # Ok::<(), circuit_breaker::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Settings(Arc<Compiled>);

/// A share in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share(u64);

impl Share {
    /// Whether `part` of `whole` has reached the share.
    pub(crate) const fn is_reached(self, part: u64, whole: u64) -> bool {
        whole > 0 && part.saturating_mul(MILLION) >= self.0.saturating_mul(whole)
    }

    /// Whether `part` of `whole` is more than the share.
    pub(crate) const fn is_exceeded(self, part: u64, whole: u64) -> bool {
        part.saturating_mul(MILLION) > self.0.saturating_mul(whole)
    }

    /// The fewest of `whole` that are more than the share.
    fn fewest_beyond(self, whole: u8) -> u8 {
        let most = self.0 * u64::from(whole) / MILLION;
        u8::try_from(most + 1).unwrap_or(u8::MAX)
    }

    /// The fewest of `whole` that reach the share.
    fn fewest(self, whole: u8) -> u8 {
        let fewest = (self.0 * u64::from(whole)).div_ceil(MILLION);
        u8::try_from(fewest).unwrap_or(u8::MAX).max(1)
    }
}

#[derive(Clone)]
pub(crate) struct Compiled {
    /// The call path may take the shortest way: one inline time window and nothing else.
    pub(crate) plain: bool,
    pub(crate) counts_slow: bool,
    /// Slow beyond this.
    pub(crate) slow_nanos: u64,
    /// Late beyond this: the latency limit, or never.
    pub(crate) late_nanos: u64,
    /// A success that took no longer than `harm_nanos` has nothing to be judged by, and its time
    /// window, if there is one, is inline.
    pub(crate) short: bool,
    pub(crate) harm_nanos: u64,
    pub(crate) epochs: Epochs,
    pub(crate) log2: u32,
    pub(crate) buckets: u32,
    /// From how many calls on the time window, and the count window, are judged.
    pub(crate) min_calls: u64,
    pub(crate) min_count: u64,
    pub(crate) failure_rate: Option<Share>,
    pub(crate) slow_rate: Option<Share>,
    /// The share of calls that may be late.
    pub(crate) late_share: Option<Share>,
    pub(crate) streak: u32,
    pub(crate) permits: u8,
    pub(crate) need_failed: u8,
    pub(crate) need_slow: Option<u8>,
    /// How many probes the verdict looks at.
    pub(crate) probes: u8,
    pub(crate) lease: Option<u64>,
    pub(crate) max_wait: Option<u64>,
    pub(crate) ramp_up: Option<u64>,
    pub(crate) dialect: Dialect,
    pub(crate) config: Config,
    pub(crate) listener: Option<Arc<dyn Listener>>,
}

impl Settings {
    /// Checks `config`.
    ///
    /// # Errors
    /// Names the first field out of its range, or in contradiction with another, with the value and
    /// the bound.
    ///
    /// ```
    /// use circuit_breaker::{Config, Settings};
    ///
    /// let config = Config::default().with_count_window(Some(10)).with_min_calls(20);
    /// assert_eq!(
    ///     Settings::new(config).unwrap_err().to_string(),
    ///     "min_calls is 20, must be at most count_window (10)"
    /// );
    /// ```
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        check(&config).map(|()| Self(Arc::new(Compiled::new(config))))
    }

    /// With a listener that is told of every change of state of every breaker made of these settings.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use circuit_breaker::{Config, Settings, Transition};
    ///
    /// let settings = Settings::new(Config::default())?
    ///     .with_listener(Arc::new(|change: &Transition| drop(change.to)));
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    #[must_use]
    pub fn with_listener(self, listener: Arc<dyn Listener>) -> Self {
        let mut compiled = Arc::unwrap_or_clone(self.0);
        compiled.listener = Some(listener);
        Self(Arc::new(compiled))
    }

    /// The configuration.
    ///
    /// ```
    /// use circuit_breaker::{Config, Settings};
    ///
    /// assert_eq!(Settings::new(Config::polly())?.config(), &Config::polly());
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    #[inline]
    pub(crate) fn compiled(&self) -> &Compiled {
        &self.0
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Settings").field(&self.0.config).finish()
    }
}

impl Compiled {
    fn new(config: Config) -> Self {
        let window = config.time_window;
        let (length, buckets) = window.map_or((MILLION, 1), |w| (nanos(w.length), w.buckets));
        let log2 = buckets
            .next_power_of_two()
            .trailing_zeros()
            .max(INLINE_LOG2);
        let permits = u8::try_from(config.half_open.permits).unwrap_or(u8::MAX);
        let probes = match config.dialect {
            Dialect::Resilience4j => u8::try_from(config.min_calls)
                .unwrap_or(u8::MAX)
                .min(permits),
            _ => permits,
        };
        let failure_rate = config.failure_rate.map(share);
        let slow_rate = config.slow_call_rate.map(share);
        let late_share = config.latency.map(|l| share_kept(1.0 - l.quantile));
        let harm_nanos = config
            .slow_call_rate
            .map_or(u64::MAX, |_| nanos(config.slow_call_duration))
            .min(config.latency.map_or(u64::MAX, |l| nanos(l.limit)));
        let probe_rate = config
            .half_open
            .failure_rate
            .or(config.failure_rate)
            .unwrap_or(0.5);
        Self {
            plain: window.is_some()
                && config.count_window.is_none()
                && config.slow_call_rate.is_none()
                && config.latency.is_none()
                && log2 == INLINE_LOG2
                && config.dialect == Dialect::Plimsoll,
            counts_slow: slow_rate.is_some(),
            slow_nanos: nanos(config.slow_call_duration),
            short: log2 == INLINE_LOG2 && config.dialect == Dialect::Plimsoll,
            harm_nanos,
            late_nanos: config.latency.map_or(u64::MAX, |l| nanos(l.limit)),
            epochs: Epochs::new(
                length / u64::from(buckets),
                config.dialect != Dialect::Plimsoll,
            ),
            log2,
            buckets,
            min_calls: u64::from(config.min_calls),
            min_count: u64::from(
                config
                    .min_calls
                    .min(config.count_window.unwrap_or(u32::MAX)),
            ),
            failure_rate,
            slow_rate,
            late_share,
            streak: config.consecutive_failures.unwrap_or(u32::MAX),
            permits,
            need_failed: share(probe_rate).fewest(probes),
            need_slow: slow_rate
                .map(|s| s.fewest(probes))
                .into_iter()
                .chain(late_share.map(|s| s.fewest_beyond(probes)))
                .min(),
            probes,
            lease: config.half_open.lease.map(micros_up),
            max_wait: config.half_open.max_wait.map(micros_up),
            ramp_up: config.ramp_up.map(micros_up),
            dialect: config.dialect,
            config,
            listener: None,
        }
    }

    /// The n-th wait in a row of a breaker with this draw, u from 0 to 1.
    pub(crate) fn open_wait(&self, attempt: u8, draw: f64) -> Duration {
        let OpenWait {
            base,
            multiplier,
            cap,
            jitter,
        } = self.config.open_wait;
        let millis = self.dialect == Dialect::Resilience4j;
        // In milliseconds, as resilience4j cuts them.
        let (mut wait, most) = (base.as_secs_f64() * 1e3, cap.as_secs_f64() * 1e3);
        for _ in 1..attempt {
            if wait >= most || multiplier <= 1.0 {
                break;
            }
            wait *= multiplier;
            if millis {
                wait = wait.floor();
            }
        }
        let wait = wait.min(most) * (1.0 - jitter * draw);
        Duration::try_from_secs_f64(wait / 1e3).unwrap_or(cap)
    }

    /// By how many microseconds a wait lasts beyond its end: resilience4j's ends strictly after it.
    pub(crate) fn strictly(&self) -> u64 {
        u64::from(self.dialect == Dialect::Resilience4j)
    }

    /// The age in nanoseconds from which a cancelled call is a failure; `None`: it never is.
    pub(crate) const fn drop_age(&self) -> Option<u64> {
        match self.config.on_drop {
            OnDrop::Ignore => None,
            OnDrop::Failure => Some(0),
            OnDrop::FailureIfSlow => Some(self.slow_nanos),
            OnDrop::FailureIfOlderThan(age) => Some(nanos(age)),
        }
    }
}

/// The share that is reached by no less than `value`: in whole millionths where it was written so, else
/// the millionth below, so that two of three reach two thirds.
fn share(value: f64) -> Share {
    millionths(value, f64::floor)
}

/// The share that no more than `value` keeps, likewise with the millionth above.
fn share_kept(value: f64) -> Share {
    millionths(value, f64::ceil)
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share from 0 to 1 was checked"
)]
fn millionths(value: f64, otherwise: fn(f64) -> f64) -> Share {
    let (exact, whole) = (value * 1e6, (value * 1e6).round());
    let written = (exact - whole).abs() < 1e-4;
    Share(if written { whole } else { otherwise(exact) } as u64)
}

fn check(config: &Config) -> Result<(), ConfigError> {
    check_rates(config)?;
    check_span("slow_call_duration", config.slow_call_duration)?;
    check_windows(config)?;
    check_open_wait(&config.open_wait)?;
    check_half_open(config)?;
    if let Some(ramp_up) = config.ramp_up {
        check_span("ramp_up", ramp_up)?;
    }
    if let OnDrop::FailureIfOlderThan(age) = config.on_drop {
        check_span("on_drop.failure_if_older_than", age)?;
    }
    Ok(())
}

fn check_rates(config: &Config) -> Result<(), ConfigError> {
    check_rate("failure_rate", config.failure_rate)?;
    check_rate("slow_call_rate", config.slow_call_rate)?;
    check_rate("half_open.failure_rate", config.half_open.failure_rate)?;
    if let Some(n) = config.consecutive_failures
        && !(1..=65_535).contains(&n)
    {
        return Err(range("consecutive_failures", n, "from 1 to 65535"));
    }
    if let Some(latency) = config.latency {
        if !(latency.quantile > 0.0 && latency.quantile < 1.0) {
            return Err(range(
                "latency.quantile",
                latency.quantile,
                "above 0 and below 1",
            ));
        }
        check_span("latency.limit", latency.limit)?;
        if config.time_window.is_none() {
            return Err(missing("latency.quantile", latency.quantile, "time_window"));
        }
    }
    Ok(())
}

fn check_rate(field: &'static str, rate: Option<f64>) -> Result<(), ConfigError> {
    match rate {
        Some(rate) if !(1e-6..=1.0).contains(&rate) => Err(range(field, rate, RATE_BOUND)),
        _ => Ok(()),
    }
}

fn check_windows(config: &Config) -> Result<(), ConfigError> {
    // Below half of a full bucket, so that a halved one holds enough.
    if !(1..=100_000).contains(&config.min_calls) {
        return Err(range("min_calls", config.min_calls, "from 1 to 100000"));
    }
    if let Some(size) = config.count_window {
        if !(1..=MAX_COUNT).contains(&size) {
            return Err(range("count_window", size, "from 1 to 32767"));
        }
        // resilience4j takes the smaller of the two.
        if config.min_calls > size && config.dialect != Dialect::Resilience4j {
            return Err(ConfigError::Inconsistent {
                field: "min_calls",
                value: config.min_calls.to_string(),
                relation: "at most",
                other: "count_window",
                other_value: size.to_string(),
            });
        }
    }
    if let Some(TimeWindow { length, buckets }) = config.time_window {
        if !(1..=4096).contains(&buckets) {
            return Err(range("time_window.buckets", buckets, "from 1 to 4096"));
        }
        let shortest = Duration::from_millis(1) * buckets;
        if length < shortest || length > Duration::from_secs(86_400) {
            let bound = "at least a millisecond a bucket and at most 24h";
            return Err(range("time_window.length", format!("{length:?}"), bound));
        }
    }
    if config.time_window.is_none() && config.count_window.is_none() {
        let field = [
            ("failure_rate", config.failure_rate),
            ("slow_call_rate", config.slow_call_rate),
        ];
        if let Some((field, Some(rate))) = field.into_iter().find(|(_, rate)| rate.is_some()) {
            return Err(missing(field, rate, "time_window or count_window"));
        }
    }
    Ok(())
}

fn check_open_wait(wait: &OpenWait) -> Result<(), ConfigError> {
    let bounds = Duration::from_millis(1)..=YEAR;
    if !bounds.contains(&wait.base) {
        return Err(range(
            "open_wait.base",
            format!("{:?}", wait.base),
            "from 1ms to 365 days",
        ));
    }
    if !(1.0..=100.0).contains(&wait.multiplier) {
        return Err(range(
            "open_wait.multiplier",
            wait.multiplier,
            "from 1 to 100",
        ));
    }
    if wait.cap > YEAR {
        return Err(range(
            "open_wait.cap",
            format!("{:?}", wait.cap),
            "at most 365 days",
        ));
    }
    if wait.cap < wait.base {
        return Err(ConfigError::Inconsistent {
            field: "open_wait.cap",
            value: format!("{:?}", wait.cap),
            relation: "at least",
            other: "open_wait.base",
            other_value: format!("{:?}", wait.base),
        });
    }
    if !(0.0..=1.0).contains(&wait.jitter) {
        return Err(range("open_wait.jitter", wait.jitter, "from 0 to 1"));
    }
    Ok(())
}

fn check_half_open(config: &Config) -> Result<(), ConfigError> {
    let HalfOpen {
        permits,
        lease,
        max_wait,
        ..
    } = config.half_open;
    if !(1..=255).contains(&permits) {
        return Err(range("half_open.permits", permits, "from 1 to 255"));
    }
    if config.dialect == Dialect::Polly && permits != 1 {
        return Err(range(
            "half_open.permits",
            permits,
            "1 in the dialect polly",
        ));
    }
    if config.dialect == Dialect::Polly {
        if let Some(rate) = config.slow_call_rate {
            return Err(range("slow_call_rate", rate, "unset in the dialect polly"));
        }
        if let Some(latency) = config.latency {
            return Err(range(
                "latency.quantile",
                latency.quantile,
                "unset in the dialect polly",
            ));
        }
    }
    if let Some(lease) = lease {
        check_span("half_open.lease", lease)?;
        if lease < config.slow_call_duration {
            return Err(ConfigError::Inconsistent {
                field: "half_open.lease",
                value: format!("{lease:?}"),
                relation: "at least",
                other: "slow_call_duration",
                other_value: format!("{:?}", config.slow_call_duration),
            });
        }
    }
    if let Some(max_wait) = max_wait {
        check_span("half_open.max_wait", max_wait)?;
    }
    Ok(())
}

fn check_span(field: &'static str, span: Duration) -> Result<(), ConfigError> {
    if span.is_zero() || span > YEAR {
        return Err(range(
            field,
            format!("{span:?}"),
            "above 0 and at most 365 days",
        ));
    }
    Ok(())
}

fn range(field: &'static str, value: impl ToString, bound: &'static str) -> ConfigError {
    ConfigError::OutOfRange {
        field,
        value: value.to_string(),
        bound,
    }
}

fn missing(field: &'static str, value: impl ToString, other: &'static str) -> ConfigError {
    ConfigError::Missing {
        field,
        value: value.to_string(),
        other,
    }
}
