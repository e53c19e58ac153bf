//! When the fleet opens an instance, and how it comes back together.

use std::time::Duration;

use crate::breaker::draw;
use crate::duration::format;
use crate::error::ConfigError;
use crate::setters::setters;
use crate::settings::Settings;

/// How a fleet of instances shares what each of them sees. The same in every instance.
///
/// ```
/// use circuit_breaker::fleet::{FleetConfig, FleetSettings};
/// use circuit_breaker::{Config, Settings};
/// use std::time::Duration;
///
/// let config = FleetConfig::default().with_period(Duration::from_millis(200)).with_quorum(0.6);
/// let settings = FleetSettings::new(config, &Settings::new(Config::default())?)?;
/// assert_eq!(settings.needed(20), 12);
/// # Ok::<(), circuit_breaker::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct FleetConfig {
    /// How often an instance reports and reads. Default 250 ms; 10 ms to 60 s, and at most half of
    /// the shortest open wait, so that a wait does not end before the fleet has heard of it.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub period: Duration,
    /// The share of the live reporters that must say "bad" before the fleet opens an instance.
    /// Default 0.5; above 0, at most 1.
    pub quorum: f64,
    /// And at least this many of them. Default 2; 2 to 65 535: one instance alone never opens
    /// another.
    pub min_voters: u32,
    /// And failures ÷ calls of all instances together, unless as many as a quorum say "bad" and are
    /// open: their own rules may look at more than rates. Default `None`: the breaker's own failure
    /// rate, 0.5 if that has none. From 0.000001 to 1.
    pub failure_rate: Option<f64>,
    /// Calls of all instances together from which on their rates are judged. Default 20; at least
    /// 1.
    pub min_calls: u32,
    /// How many standard errors make a share of few calls significant (Wilson's bounds). Default 2:
    /// four failures of four calls are bad, five successes of five are good. Above 0, at most 10.
    pub significance: f64,
    /// How far back an instance looks to say that its own calls are good, which keeps it closed
    /// whatever the others say. Default 3 s; at least one period, at most 24 h. To a bucket of the
    /// breaker's time window.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub recent: Duration,
    /// A report older than this many periods is not counted, neither for nor against. Default 3;
    /// 2 to 1000.
    pub missed_periods: u32,
    /// An instance's calls beyond this are scaled down to it, so that none outvotes the others by
    /// its traffic. Default 1000; at least 1.
    pub max_weight: u32,
    /// How long the right to probe stays with an instance that is not heard of. Default 2 s; at
    /// least three periods, at most 1 h.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub lease: Duration,
    /// How long an instance may probe for the fleet without a verdict, for want of calls for
    /// example; then it counts as failed. Default 10 s; at least one period, at most 1 h.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub max_probing: Duration,
}

impl Default for FleetConfig {
    fn default() -> Self {
        Self {
            period: Duration::from_millis(250),
            quorum: 0.5,
            min_voters: 2,
            failure_rate: None,
            min_calls: 20,
            significance: 2.0,
            recent: Duration::from_secs(3),
            missed_periods: 3,
            max_weight: 1000,
            lease: Duration::from_secs(2),
            max_probing: Duration::from_secs(10),
        }
    }
}

impl FleetConfig {
    setters! { "fleet::FleetConfig::default()";
        with_period: period, Duration, "Duration::from_millis(200)";
        with_quorum: quorum, f64, "0.6";
        with_min_voters: min_voters, u32, "3";
        with_failure_rate: failure_rate, Option<f64>, "Some(0.3)";
        with_min_calls: min_calls, u32, "50";
        with_significance: significance, f64, "3.0";
        with_recent: recent, Duration, "Duration::from_secs(2)";
        with_missed_periods: missed_periods, u32, "4";
        with_max_weight: max_weight, u32, "500";
        with_lease: lease, Duration, "Duration::from_secs(4)";
        with_max_probing: max_probing, Duration, "Duration::from_secs(5)";
    }
}

/// A fleet's configuration that has been accepted, for breakers of one [`Settings`].
///
/// ```
/// use circuit_breaker::fleet::{FleetConfig, FleetSettings};
/// use circuit_breaker::{Config, OpenWait, Settings};
/// use std::time::Duration;
///
/// let config = FleetConfig::default().with_period(Duration::from_millis(400));
/// let refused = FleetSettings::new(config, &Settings::new(Config::default())?).unwrap_err();
/// assert_eq!(
///     refused.to_string(),
///     "period is 400ms, must be at most half of the shortest open wait (500ms)"
/// );
/// # Ok::<(), circuit_breaker::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct FleetSettings {
    config: FleetConfig,
    breaker: Settings,
    failure_rate: f64,
    slow_rate: Option<f64>,
    late_share: Option<f64>,
}

impl FleetSettings {
    /// Checks `config`, also against the settings of the breakers that share.
    ///
    /// # Errors
    /// Names the first field out of its range, with the value and the bound.
    ///
    /// ```
    /// use circuit_breaker::fleet::{FleetConfig, FleetSettings};
    /// use circuit_breaker::{Config, Settings};
    ///
    /// let breaker = Settings::new(Config::default())?;
    /// let refused = FleetSettings::new(FleetConfig::default().with_min_voters(1), &breaker);
    /// assert_eq!(
    ///     refused.unwrap_err().to_string(),
    ///     "min_voters is 1, must be from 2 to 65535"
    /// );
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    pub fn new(config: FleetConfig, breaker: &Settings) -> Result<Self, ConfigError> {
        check(&config)?;
        let wait = breaker.compiled().open_wait(1, 1.0);
        if config.period.saturating_mul(2) > wait {
            return Err(ConfigError::Inconsistent {
                field: "period",
                value: format(config.period),
                relation: "at most half of",
                other: "the shortest open wait",
                other_value: format(wait),
            });
        }
        let own = breaker.config();
        Ok(Self {
            failure_rate: config.failure_rate.or(own.failure_rate).unwrap_or(0.5),
            slow_rate: own.slow_call_rate,
            late_share: own.latency.map(|latency| 1.0 - latency.quantile),
            breaker: breaker.clone(),
            config,
        })
    }

    /// The configuration.
    ///
    /// ```
    /// use circuit_breaker::fleet::{FleetConfig, FleetSettings};
    /// use circuit_breaker::{Config, Settings};
    ///
    /// let breaker = Settings::new(Config::default())?;
    /// let settings = FleetSettings::new(FleetConfig::default(), &breaker)?;
    /// assert_eq!(settings.config().min_voters, 2);
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    #[must_use]
    pub fn config(&self) -> &FleetConfig {
        &self.config
    }

    /// How many of so many live reporters are a quorum: the share rounded up,
    /// [`FleetConfig::min_voters`] at least.
    ///
    /// ```
    /// use circuit_breaker::fleet::{FleetConfig, FleetSettings};
    /// use circuit_breaker::{Config, Settings};
    ///
    /// let breaker = Settings::new(Config::default())?;
    /// let settings = FleetSettings::new(FleetConfig::default(), &breaker)?;
    /// assert_eq!([1, 3, 20].map(|live| settings.needed(live)), [2, 2, 10]);
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    #[must_use]
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share from 0 to 1 of a u32"
    )]
    pub fn needed(&self, live: u32) -> u32 {
        // A share such as 0.1 is a little more than a tenth: 2 of 20 must be enough.
        let share = (self.config.quorum * f64::from(live) - 1e-9).ceil() as u32;
        share.max(self.config.min_voters)
    }

    /// How long a store must keep what was written last: two windows, and longer than any report or
    /// lease counts.
    ///
    /// ```
    /// use circuit_breaker::fleet::{FleetConfig, FleetSettings};
    /// use circuit_breaker::{Config, Settings};
    /// use std::time::Duration;
    ///
    /// let breaker = Settings::new(Config::default())?;
    /// let settings = FleetSettings::new(FleetConfig::default(), &breaker)?;
    /// assert_eq!(settings.keep(), Duration::from_secs(20));
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    #[must_use]
    pub fn keep(&self) -> Duration {
        let window = self.breaker.config().time_window;
        let window = window.map_or(Duration::from_secs(10), |w| w.length);
        let counted = self
            .config
            .period
            .saturating_mul(self.config.missed_periods);
        window.max(counted).max(self.config.lease).saturating_mul(2)
    }

    pub(crate) fn failure_rate(&self) -> f64 {
        self.failure_rate
    }

    pub(crate) fn slow_rate(&self) -> Option<f64> {
        self.slow_rate
    }

    /// The share of calls that may take longer than the latency limit.
    pub(crate) fn late_share(&self) -> Option<f64> {
        self.late_share
    }

    pub(crate) fn breaker(&self) -> &Settings {
        &self.breaker
    }

    /// How long the fleet waits after so many failed rounds of probes.
    pub(crate) fn wait_after(&self, failed: u32, seed: u64, round: u64) -> Duration {
        let attempt = u8::try_from(failed).unwrap_or(u8::MAX).max(1);
        let folded = u32::try_from(round & 0xffff_ffff).unwrap_or(0);
        let wait = self
            .breaker
            .compiled()
            .open_wait(attempt, draw(seed, folded));
        wait.max(self.config.period.saturating_mul(2))
    }

    pub(crate) fn longest_wait(&self) -> Duration {
        let cap = self.breaker.config().open_wait.cap;
        cap.max(self.config.period.saturating_mul(2))
    }
}

fn check(config: &FleetConfig) -> Result<(), ConfigError> {
    let hour = Duration::from_secs(3600);
    let period = config.period;
    let minute = Duration::from_secs(60);
    span(
        "period",
        period,
        Duration::from_millis(10)..=minute,
        "from 10ms to 1m",
    )?;
    if !(config.quorum > 0.0 && config.quorum <= 1.0) {
        return Err(range("quorum", config.quorum, "above 0 and at most 1"));
    }
    if !(2..=65_535).contains(&config.min_voters) {
        return Err(range("min_voters", config.min_voters, "from 2 to 65535"));
    }
    if let Some(rate) = config.failure_rate
        && !(1e-6..=1.0).contains(&rate)
    {
        return Err(range("failure_rate", rate, "from 0.000001 to 1"));
    }
    if config.min_calls == 0 {
        return Err(range("min_calls", 0, "at least 1"));
    }
    if !(config.significance > 0.0 && config.significance <= 10.0) {
        return Err(range(
            "significance",
            config.significance,
            "above 0 and at most 10",
        ));
    }
    if !(2..=1000).contains(&config.missed_periods) {
        return Err(range(
            "missed_periods",
            config.missed_periods,
            "from 2 to 1000",
        ));
    }
    if config.max_weight == 0 {
        return Err(range("max_weight", 0, "at least 1"));
    }
    let day = 24 * hour;
    span(
        "recent",
        config.recent,
        period..=day,
        "from one period to 24h",
    )?;
    span(
        "lease",
        config.lease,
        3 * period..=hour,
        "from three periods to 1h",
    )?;
    span(
        "max_probing",
        config.max_probing,
        period..=hour,
        "from one period to 1h",
    )
}

fn span(
    field: &'static str,
    value: Duration,
    bounds: std::ops::RangeInclusive<Duration>,
    bound: &'static str,
) -> Result<(), ConfigError> {
    if bounds.contains(&value) {
        Ok(())
    } else {
        Err(range(field, format(value), bound))
    }
}

fn range(field: &'static str, value: impl ToString, bound: &'static str) -> ConfigError {
    ConfigError::OutOfRange {
        field,
        value: value.to_string(),
        bound,
    }
}
