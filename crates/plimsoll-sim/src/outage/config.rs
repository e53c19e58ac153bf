use std::time::Duration;

use circuit_breaker::{Config, ConfigError};

use super::{BudgetConfig, Tokens};

/// A backend, its clients, and the outage.
///
/// ```
/// use std::time::Duration;
/// use plimsoll_sim::outage::{OutageConfig, OutageModel};
/// let config = OutageConfig::default()
///     .with_load(0.9)
///     .with_outage(Duration::from_secs(60));
/// assert_eq!(config.attempts_in_all(), 27);
/// OutageModel::new(config)?;
/// # Ok::<(), plimsoll_sim::outage::OutageError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OutageConfig {
    /// Arrivals, as a share of the capacity; 0.01 … 1, default 0.8.
    pub load: f64,
    /// Requests a second that the backend serves; 10 … 2000, default 500.
    pub capacity_rps: f64,
    /// How long a client waits for an attempt; 100 ms … 60 s, default 1 s.
    pub time_out: Duration,
    /// How long the backend stands still, from 20 s on; 100 ms … 300 s, default 8 s.
    pub outage: Duration,
    /// How much is watched after it; 10 … 1000 s, default 72 s.
    pub after: Duration,
    /// Tries that each layer makes of a call; 1 … 125, default 3.
    pub attempts: u32,
    /// Layers that try again, one calling the next; 1 … 4, default 3. Tries to the power of layers
    /// are at most 125.
    pub layers: u32,
    /// Instances of each layer; 1 … 1000, default 10.
    pub clients: u32,
    /// Longest queue of a bounded one, as the share of the time-out that serving it takes; 0.01 …
    /// 1, default 0.5.
    pub queue: f64,
    /// The retry budget of an instance; default 20 % in windows of 1 s.
    pub budget: BudgetConfig,
    /// The breaker of an instance; default its own defaults.
    pub breaker: Config,
    /// Whether time-outs stand around the breakers, so that a breaker sees a dropped call and its
    /// `on_drop` decides; default: they stand inside, and it sees a failure.
    pub drops: bool,
    /// Seed of jitter, of the choice of instances and of the breakers; default 1.
    pub seed: u64,
}

/// Why a configuration is refused.
///
/// ```
/// use plimsoll_sim::outage::{OutageConfig, OutageModel};
/// let refused = OutageModel::new(OutageConfig::default().with_load(1.2)).unwrap_err();
/// assert_eq!(refused.to_string(), "load is 1.2, must be from 0.01 to 1");
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OutageError {
    /// A value lies outside its range.
    #[error("{field} is {value}, must be {bound}")]
    OutOfRange {
        /// The field.
        field: &'static str,
        /// Its value.
        value: String,
        /// What it must be.
        bound: &'static str,
    },
    /// The breaker's configuration is refused.
    #[error("breaker: {0}")]
    Breaker(#[from] ConfigError),
}

impl Default for OutageConfig {
    fn default() -> Self {
        Self {
            load: 0.8,
            capacity_rps: 500.0,
            time_out: Duration::from_secs(1),
            outage: Duration::from_secs(8),
            after: Duration::from_secs(72),
            attempts: 3,
            layers: 3,
            clients: 10,
            queue: 0.5,
            budget: BudgetConfig::default(),
            breaker: Config::default(),
            drops: false,
            seed: 1,
        }
    }
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident, $field:ident: $type:ty, $value:expr;)*) => {
        impl OutageConfig {
            $(
                $(#[$doc])*
                ///
                /// ```
                /// use plimsoll_sim::outage::{BudgetConfig, OutageConfig};
                /// use std::time::Duration;
                #[doc = concat!("let value = ", stringify!($value), ";")]
                /// let config = OutageConfig::default();
                #[doc = concat!("let config = config.", stringify!($name), "(value.clone());")]
                #[doc = concat!("assert_eq!(config.", stringify!($field), ", value);")]
                /// ```
                #[must_use]
                pub fn $name(mut self, value: $type) -> Self {
                    self.$field = value;
                    self
                }
            )*
        }
    };
}

setters! {
    /// Sets the arrivals, as a share of the capacity.
    with_load, load: f64, 0.9;
    /// Sets the requests a second that the backend serves.
    with_capacity_rps, capacity_rps: f64, 100.0;
    /// Sets how long a client waits for an attempt.
    with_time_out, time_out: Duration, Duration::from_secs(2);
    /// Sets how long the backend stands still.
    with_outage, outage: Duration, Duration::from_secs(60);
    /// Sets how much is watched after the outage.
    with_after, after: Duration, Duration::from_secs(300);
    /// Sets the tries that each layer makes of a call.
    with_attempts, attempts: u32, 5;
    /// Sets the layers that try again.
    with_layers, layers: u32, 1;
    /// Sets the instances of each layer.
    with_clients, clients: u32, 3;
    /// Sets the longest queue, as the share of the time-out that serving it takes.
    with_queue, queue: f64, 0.25;
    /// Sets the retry budget of an instance.
    with_budget, budget: BudgetConfig, BudgetConfig::tower();
    /// Sets the breaker of an instance.
    with_breaker, breaker: Config, circuit_breaker::Config::hystrix();
    /// Sets whether a breaker sees a time-out as a dropped call.
    with_drops, drops: bool, true;
    /// Sets the seed.
    with_seed, seed: u64, 7;
}

impl OutageConfig {
    /// Attempts at the backend that one arrival can come to: tries to the power of layers.
    ///
    /// ```
    /// use plimsoll_sim::outage::OutageConfig;
    /// assert_eq!(OutageConfig::default().with_layers(2).attempts_in_all(), 9);
    /// ```
    #[must_use]
    pub const fn attempts_in_all(&self) -> u32 {
        self.attempts.saturating_pow(self.layers)
    }

    pub(super) fn check(&self) -> Result<(), OutageError> {
        let seconds = |time: Duration| time.as_secs_f64();
        let (ttl, floor) = match self.budget.tokens {
            Tokens::Window { ttl, floor_per_s } => (seconds(ttl), floor_per_s),
            Tokens::Reserve { ttl, reserve_per_s } => (seconds(ttl), reserve_per_s),
            Tokens::Bucket { most } => (0.01, most / 1000.0),
        };
        let span = |time| (time, " s");
        let number = |value| (value, "");
        let whole = |value: u32| (f64::from(value), "");
        let fields = [
            ("load", number(self.load), 0.01..=1.0, "from 0.01 to 1"),
            (
                "capacity",
                number(self.capacity_rps),
                10.0..=2000.0,
                "from 10 to 2000 requests a second",
            ),
            (
                "time-out",
                span(seconds(self.time_out)),
                0.1..=60.0,
                "from 100ms to 60s",
            ),
            (
                "outage",
                span(seconds(self.outage)),
                0.1..=300.0,
                "from 100ms to 300s",
            ),
            (
                "after",
                span(seconds(self.after)),
                10.0..=1000.0,
                "from 10s to 1000s",
            ),
            (
                "attempts",
                whole(self.attempts),
                1.0..=125.0,
                "from 1 to 125",
            ),
            ("layers", whole(self.layers), 1.0..=4.0, "from 1 to 4"),
            (
                "attempts to the power of layers",
                whole(self.attempts_in_all()),
                1.0..=125.0,
                "at most 125",
            ),
            (
                "clients",
                whole(self.clients),
                1.0..=1000.0,
                "from 1 to 1000",
            ),
            ("queue", number(self.queue), 0.01..=1.0, "from 0.01 to 1"),
            (
                "budget",
                number(self.budget.ratio),
                0.0..=10.0,
                "from 0 to 10",
            ),
            ("budget-ttl", span(ttl), 0.01..=600.0, "from 10ms to 10m"),
            (
                "budget-floor",
                number(floor),
                0.0..=1000.0,
                "from 0 to 1000 retries a second",
            ),
        ];
        for (field, (value, unit), range, bound) in fields {
            if !range.contains(&value) {
                return Err(OutageError::OutOfRange {
                    field,
                    value: format!("{}{unit}", written(value)),
                    bound,
                });
            }
        }
        Ok(())
    }
}

/// A number in no more digits than it takes.
fn written(value: f64) -> String {
    match value.abs() {
        0.0 | 1e-6..1e12 => value.to_string(),
        size if size.is_finite() => format!("{value:e}"),
        _ => value.to_string(),
    }
}
